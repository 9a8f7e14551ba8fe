#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The docs are right: examples pass `weir check`, `weir eval` answers as they say, and events have the types that they list."""
import json
import os
import re
import subprocess
import tempfile
import unittest

from case import main
from lab import TOP, WEIR

PAGES = ["docs/policy.md", "docs/tiers.md"]  # the first has the pods of all
LINE = re.compile(r"^(\S+)\s+->\s+(\S+)\s+(\w+)\s+(\d+)\s+(allow|audit|deny)$")


def blocks():
    """The fenced blocks of the pages: (language, "page:line", text)."""
    for page in PAGES:
        with open(os.path.join(TOP, page), encoding="utf-8") as f:
            text = f.read()
        for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, found.start()) + 1
            yield found[1], f"{page}:{line}", found[2]


def verdict(answer):
    """allow, audit or deny"""
    return "audit" if answer.get("audit") else answer["verdict"]


class EventsPage(unittest.TestCase):
    def test_types(self):
        """docs/events.md has every type of event, and no other"""
        with open(os.path.join(TOP, "userspace/observe/event.h"), encoding="utf-8") as f:
            types = set(re.findall(r'^\s+E\(\w+, "([\w-]+)"', f.read(), re.MULTILINE))
        with open(os.path.join(TOP, "docs/events.md"), encoding="utf-8") as f:
            section = f.read().split("\n## Types\n")[1].split("\n## ")[0]
        told = {word for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
                for word in re.findall(r"`([\w-]+)`", row)}
        self.assertEqual(told, types)


class PolicyPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.blocks = []
        for kind, place, text in blocks():
            path = os.path.join(directory.name, place.replace("/", "-") + ".yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            cls.blocks.append((kind, place, text, path))
        cls.world = cls.blocks[0][3]

    def test_examples_are_valid(self):
        """every manifest on the pages passes weir check"""
        manifests = [b for b in self.blocks if b[0] == "yaml"]
        self.assertGreater(len(manifests), 5)
        for _, place, _, path in manifests:
            done = subprocess.run([WEIR, "check", "-f", path], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 0, f"{place}: {done.stderr}")

    def test_examples_do_what_is_said(self):
        """every expectation on the pages is what weir eval answers"""
        manifest = self.world
        asked = 0
        for kind, place, text, path in self.blocks:
            if kind == "yaml":
                manifest = path
                continue
            self.assertEqual(kind, "expect", f"{place}: unknown kind of block")
            expected = [LINE.match(l) for l in text.splitlines()]
            self.assertTrue(all(expected), f"{place}: not 'FROM -> TO PROTOCOL PORT VERDICT'")
            probes = [{"from": m[1], "to": m[2], "protocol": m[3], "port": int(m[4])} for m in expected]
            files = [self.world] if manifest == self.world else [self.world, manifest]
            done = subprocess.run([WEIR, "eval", *(w for f in files for w in ("-f", f)), "--probes", "-"],
                                  input="".join(json.dumps(p) + "\n" for p in probes), capture_output=True, text=True,
                                  timeout=20, check=False)
            said = [verdict(json.loads(answer)) for answer in done.stdout.splitlines()]
            self.assertEqual(said, [m[5] for m in expected], f"{place}: {done.stderr}")
            asked += len(probes)
        self.assertGreater(asked, 20)


if __name__ == "__main__":
    main()
