#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The directory source: watched, and a broken file never disturbs what is enforced."""
import json
import os
import signal

from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy


class Directory(LabCase):
    def tearDown(self):
        for name in os.listdir(self.lab.source):
            if not name.startswith(("pod-", "namespace-")):
                self.lab.remove(name)

    def source(self):
        return next(s for s in self.lab.status()["sources"] if s["name"].startswith("dir:"))

    def until_shut(self):
        self.lab.until(lambda: self.attempts(self.frontend, [(self.backend, 8080, "TCP", 4)], 0.2) != ["open"],
                       "the pod is shut")

    def until_open(self):
        self.lab.until(lambda: self.attempts(self.frontend, [(self.backend, 8080, "TCP", 4)], 0.2) == ["open"],
                       "the pod is open")

    def test_watched(self):
        """a file that is written, changed, renamed or deleted takes effect by itself"""
        path = self.lab.write("watched.yaml", ISOLATE_BACKEND)
        self.until_shut()
        with open(path, "w", encoding="utf-8") as f:  # in place, not by rename
            f.write(ALLOW_FRONTEND)
        self.until_open()
        with open(path, "w", encoding="utf-8") as f:
            f.write(ISOLATE_BACKEND)
        self.until_shut()
        os.rename(path, path + ".off")
        self.until_open()
        os.rename(path + ".off", path)
        self.until_shut()
        os.unlink(path)
        self.until_open()

    def test_several_documents(self):
        """a file can hold several documents, and a kind List counts as its items"""
        documents = json.dumps({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
             "metadata": {"name": "listed", "namespace": "ops"}, "spec": {"podSelector": {}}}]})
        self.lab.write("list.json", documents)
        self.lab.enforce("---\n" + ISOLATE_BACKEND + policy("podSelector: {matchLabels: {app: intruder}}", name="b"))
        self.assert_each(self.frontend, [], [(p, 8080, "TCP", 4) for p in (self.backend, self.intruder, self.monitor)])

    def test_broken_file(self):
        """a broken file is reported with its place, and its last good version stays in force"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.lab.write("policy.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: [oops\n")
        self.lab.until(lambda: self.source()["errors"], "status names the broken file")
        self.assertIn("policy.yaml:", " ".join(map(str, self.source()["errors"])))
        self.assert_shut(self.frontend, self.backend)
        status = self.lab.weir("status")
        self.assertEqual(status.returncode, 1, status.stdout)
        self.assertIn("policy.yaml", status.stdout + status.stderr)
        self.lab.enforce(ALLOW_FRONTEND)
        self.assertEqual(self.source()["errors"], [])
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.lab.weir("status").returncode, 0)

    def test_broken_at_start(self):
        """a file that is broken when an agent starts over another changes nothing that is in force until it is mended"""
        self.lab.enforce(ISOLATE_BACKEND)
        for how, mend in (("mended", lambda: self.lab.write("other.yaml", "---\n")),
                          ("taken away", lambda: self.lab.remove("other.yaml"))):
            with self.subTest(how):
                self.lab.end_agent(signal.SIGKILL)
                for name in ("other.yaml", "policy.yaml"):
                    self.lab.write(name, "metadata: [oops\n")
                self.lab.spawn_agent()
                self.assertIn("nobody knows what it held, so what is in force stays as it is",
                              self.lab.weir("status").stderr)
                done = self.lab.weir("apply", "-f", "-", stdin=policy("podSelector: {}", name="more"))
                self.assert_fails(done, 1, "nothing was changed: a source has not been read yet")
                self.assert_shut(self.frontend, self.backend)
                self.lab.write("policy.yaml", ALLOW_FRONTEND)
                self.assert_shut(self.frontend, self.backend)
                mend()
                self.until_open()
                self.lab.enforce(ISOLATE_BACKEND)
                self.lab.drops_before = self.lab.drops()  # meanwhile nobody knows the names of what denies

    def test_wrong_field(self):
        """an unknown field of a policy is refused with line, column and path, and the other files count"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.lab.write("wrong.yaml", policy("podSelector: {}\ningres: []", name="wrong"))
        self.lab.until(lambda: self.source()["errors"], "status names the wrong file")
        self.assertRegex(" ".join(map(str, self.source()["errors"])), r"wrong\.yaml:\d+:\d+: spec\.ingres: ")
        self.assert_shut(self.frontend, self.backend)
        self.assert_open(self.frontend, self.intruder)

    def test_broken_file_beside_a_change(self):
        """a change in one file is enforced while another is broken"""
        self.lab.write("broken.yaml", "a: [")
        self.lab.write("policy.yaml", ISOLATE_BACKEND)
        self.until_shut()

    def test_unreadable_file(self):
        """something that can't be read as a file is reported, and enforcement goes on"""
        self.lab.enforce(ISOLATE_BACKEND)
        os.symlink("loop.yaml", os.path.join(self.lab.source, "loop.yaml"))
        self.lab.until(lambda: self.source()["errors"], "status names the unreadable file")
        self.assertIn("loop.yaml", " ".join(map(str, self.source()["errors"])))
        self.assert_shut(self.frontend, self.backend)

    def test_unknown_kind(self):
        """an object of a kind that weir does not know is skipped, and the rest of its file counts"""
        self.lab.enforce("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n" + ISOLATE_BACKEND)
        self.assert_shut(self.frontend, self.backend)
        self.assertEqual(self.lab.weir("status").returncode, 0)

    def test_other_files_ignored(self):
        """hidden files and other file names are not read"""
        self.lab.write("notes.txt", "a: [")
        self.lab.write("policy.yaml.swp", "a: [")
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertEqual(self.source()["errors"], [])
        self.assert_shut(self.frontend, self.backend)

    def test_missing_interface(self):
        """a pod whose interface does not exist is shown as missing and disturbs nobody"""
        ghost = {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "ghost", "namespace": "shop", "annotations": {"weir.dev/interface": "nowhere0"}},
                 "spec": {"containers": []}, "status": {"podIPs": [{"ip": "10.201.0.99"}]}}
        self.lab.write("ghost.json", ghost)
        self.lab.enforce(ALLOW_FRONTEND)
        endpoint = next(e for e in self.lab.weir_json("get", "endpoints")["items"] if e["pod"] == "ghost")
        self.assertEqual(endpoint["state"], "missing")
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)


if __name__ == "__main__":
    main()
