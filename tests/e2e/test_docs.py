#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples of docs/policy.md are right: they pass `weir check`, and `weir eval` answers as the page says."""
import json
import os
import re
import subprocess
import tempfile
import unittest

from case import main
from lab import TOP, WEIR

PAGE = os.path.join(TOP, "docs/policy.md")
LINE = re.compile(r"^(\S+)\s+->\s+(\S+)\s+(\w+)\s+(\d+)\s+(allow|deny)$")


def blocks():
    """The fenced blocks of the page: (language, line, text)."""
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], text.count("\n", 0, found.start()) + 1, found[2]


class PolicyPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.blocks = []
        for kind, line, text in blocks():
            path = os.path.join(directory.name, f"policy.md-{line}.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            cls.blocks.append((kind, line, text, path))
        cls.world = cls.blocks[0][3]

    def test_examples_are_valid(self):
        """every manifest on the page passes weir check"""
        manifests = [b for b in self.blocks if b[0] == "yaml"]
        self.assertGreater(len(manifests), 5)
        for _, line, _, path in manifests:
            done = subprocess.run([WEIR, "check", "-f", path], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 0, f"docs/policy.md:{line}: {done.stderr}")

    def test_examples_do_what_is_said(self):
        """every expectation on the page is what weir eval answers"""
        manifest = self.world
        asked = 0
        for kind, line, text, path in self.blocks:
            if kind == "yaml":
                manifest = path
                continue
            self.assertEqual(kind, "expect", f"docs/policy.md:{line}: unknown kind of block")
            expected = [LINE.match(l) for l in text.splitlines()]
            self.assertTrue(all(expected), f"docs/policy.md:{line}: not 'FROM -> TO PROTOCOL PORT VERDICT'")
            probes = [{"from": m[1], "to": m[2], "protocol": m[3], "port": int(m[4])} for m in expected]
            files = [self.world] if manifest == self.world else [self.world, manifest]
            done = subprocess.run([WEIR, "eval", *(w for f in files for w in ("-f", f)), "--probes", "-"],
                                  input="".join(json.dumps(p) + "\n" for p in probes), capture_output=True, text=True,
                                  timeout=20, check=False)
            said = [json.loads(answer)["verdict"] for answer in done.stdout.splitlines()]
            self.assertEqual(said, [m[5] for m in expected], f"docs/policy.md:{line}: {done.stderr}")
            asked += len(probes)
        self.assertGreater(asked, 20)


if __name__ == "__main__":
    main()
