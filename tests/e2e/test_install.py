#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make install puts the program, its manual and its completion where shells and man look for them."""
import os
import stat
import subprocess
import tempfile
import unittest

from case import main
from lab import TOP, WEIR

FILES = {
    "sbin/weir": 0o755,
    "share/man/man8/weir.8": 0o644,
    "share/man/man8/weir-agent.8": 0o644,
    "share/man/man5/weir-policy.5": 0o644,
    "share/bash-completion/completions/weir": 0o644,
    "share/zsh/site-functions/_weir": 0o644,
}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="weir-install-")
        cls.addClassCleanup(directory.cleanup)
        subprocess.run(["make", "-C", TOP, f"B={os.path.dirname(WEIR)}", f"DESTDIR={directory.name}", "PREFIX=/usr",
                        "install"], capture_output=True, text=True, timeout=300, check=True)
        cls.prefix = os.path.join(directory.name, "usr")

    def test_files(self):
        """these files, with these modes, and no others"""
        found = {}
        for parent, _, names in os.walk(self.prefix):
            for name in names:
                path = os.path.join(parent, name)
                found[os.path.relpath(path, self.prefix)] = stat.S_IMODE(os.stat(path).st_mode)
        self.assertEqual(found, FILES)

    def test_program(self):
        """the program runs from there"""
        done = subprocess.run([os.path.join(self.prefix, "sbin/weir"), "version"], capture_output=True, text=True,
                              timeout=20, check=True)
        self.assertIn("weir", done.stdout)

    def test_manual(self):
        """man finds each page"""
        for section, name in (("8", "weir"), ("8", "weir-agent"), ("5", "weir-policy")):
            done = subprocess.run(["man", "-M", os.path.join(self.prefix, "share/man"), section, name],
                                  capture_output=True, text=True, timeout=20, check=True,
                                  env=os.environ | {"MANPAGER": "cat", "LC_ALL": "C"})
            self.assertIn(f"{name.upper()}({section})", done.stdout)

    def test_completion(self):
        """what is installed is what the program prints"""
        for shell, path in (("bash", "share/bash-completion/completions/weir"), ("zsh", "share/zsh/site-functions/_weir")):
            done = subprocess.run([os.path.join(self.prefix, "sbin/weir"), "completion", shell], capture_output=True,
                                  text=True, timeout=20, check=True)
            with open(os.path.join(self.prefix, path), encoding="utf-8") as f:
                self.assertEqual(f.read(), done.stdout)


if __name__ == "__main__":
    main()
