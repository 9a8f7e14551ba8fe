#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir test: expectations of policies, offline."""
import json
import os
import subprocess
import tempfile
import unittest

from case import main
from core_cases import ALLOW_FRONTEND
from lab import WEIR

PODS = "---\n".join(json.dumps({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
    "status": {"podIPs": [{"ip": f"10.0.0.{number}"}]}}) + "\n"
    for number, name in enumerate(("frontend", "backend"), 1))

HEAD = """
apiVersion: weir.dev/v1alpha1
kind: PolicyTest
metadata: {name: shop}
spec:
"""

CASES = """  cases:
  - {name: web, from: shop/frontend, to: shop/backend, port: 8080, expect: allow}
  - {name: ping, from: 192.0.2.1, to: shop/backend, protocol: ICMP, expect: deny}
"""

WRONG = "  - {name: dns, from: shop/frontend, to: shop/backend, protocol: UDP, port: 53, expect: allow}\n"


class Test(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.mkdir(os.path.join(self.directory, "policies"))
        self.write("policies/pods.yaml", PODS)
        self.write("policies/policy.yaml", ALLOW_FRONTEND)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run_test(self, text, *words):
        path = self.write("shop.test.yaml", text)
        return subprocess.run([WEIR, "test", path, *words], capture_output=True, text=True, timeout=20, check=False)

    def test_passes(self):
        """expectations that hold are TAP lines that say ok, and exit 0; policies are seen from the test file"""
        done = self.run_test(HEAD + "  policies: [policies]\n" + CASES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "1..2\nok 1 - web\nok 2 - ping\n")

    def test_fails(self):
        """an expectation that doesn't hold is told with what was decided and by whom, and exit 1"""
        done = self.run_test(HEAD + "  policies: [policies]\n" + CASES + WRONG)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("\nnot ok 3 - dns\n", done.stdout)
        self.assertIn("deny: shop/frontend -> shop/backend UDP 53, denied at ingress by NetworkPolicy shop/policy",
                      done.stdout)

    def test_given_policies(self):
        """-f names the manifests as well"""
        done = self.run_test(HEAD + CASES, "-f", os.path.join(self.directory, "policies"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.run_test(HEAD + CASES)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no manifests to test", done.stderr)

    def test_formats(self):
        """a table and JSON say the same"""
        table = self.run_test(HEAD + "  policies: [policies]\n" + CASES + WRONG, "-o", "table")
        self.assertIn("3 cases, 1 failed", table.stdout)
        answers = json.loads(self.run_test(HEAD + "  policies: [policies]\n" + CASES + WRONG, "-o", "json").stdout)
        self.assertEqual([a["ok"] for a in answers], [True, True, False])
        self.assertEqual(answers[2]["direction"], "ingress")

    def test_bad_files(self):
        """what is wrong with a test file is told with file, line, column and field, all in one go"""
        done = self.run_test(HEAD + CASES.replace("expect: deny", "expect: perhaps").replace("port: 8080", "port: web"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 2, done.stderr)
        self.assertRegex(lines[0], r"shop.test.yaml:7:\d+: spec.cases\[0\].port: ")
        self.assertRegex(lines[1], r"shop.test.yaml:8:\d+: spec.cases\[1\].expect: ")

    def test_unknown_pod(self):
        """a case about a pod that isn't there is an error of the file, not a failed case"""
        done = self.run_test(HEAD + "  policies: [policies]\n" + CASES.replace("shop/frontend", "shop/nobody"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"shop.test.yaml:8:5: spec.cases\[0\]: from: shop/nobody: no such pod")

    def test_tap_is_for_tests(self):
        """-o tap is refused where there is nothing to test"""
        done = subprocess.run([WEIR, "status", "-o", "tap"], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    main()
