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
    "bin/weir": 0o755,
    "lib/systemd/system/weir.service": 0o644,
    "lib/sysusers.d/weir.conf": 0o644,
    "share/man/man8/weir.8": 0o644,
    "share/man/man8/weir-agent.8": 0o644,
    "share/man/man8/weir-cni.8": 0o644,
    "share/man/man5/weir-policy.5": 0o644,
    "share/bash-completion/completions/weir": 0o644,
    "share/zsh/site-functions/_weir": 0o644,
    **{f"share/doc/weir/{name}": 0o644 for name in ("LICENSE", *os.listdir(os.path.join(TOP, "LICENSES")))},
}
if os.path.exists(os.path.join(TOP, "userspace/cni/main.c")):
    FILES["libexec/weir/weir-cni"] = 0o755


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="weir-install-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        cls.make("install")
        cls.prefix = os.path.join(directory.name, "usr")

    @classmethod
    def make(cls, goal, prefix="/usr", directory=None):
        subprocess.run(["make", "-C", TOP, f"B={os.path.dirname(WEIR)}", f"DESTDIR={directory or cls.directory}",
                        f"PREFIX={prefix}", goal], capture_output=True, text=True, timeout=300, check=True)

    @staticmethod
    def files(top):
        found = {}
        for parent, _, names in os.walk(top):
            for name in names:
                path = os.path.join(parent, name)
                found[os.path.relpath(path, top)] = stat.S_IMODE(os.stat(path).st_mode)
        return found

    def test_files(self):
        """these files, with these modes, and no others"""
        self.assertEqual(self.files(self.prefix), FILES)
        self.assertEqual(self.files(os.path.join(self.directory, "etc")), {"weir/config.yaml": 0o644})
        self.assertTrue(os.path.isdir(os.path.join(self.directory, "etc/weir/policy.d")))

    def test_again(self):
        """another prefix; settings stay as they are, the unit names that program, and uninstall leaves only settings"""
        with tempfile.TemporaryDirectory(prefix="weir-install-") as top:
            config = os.path.join(top, "etc/weir/config.yaml")
            os.makedirs(os.path.dirname(config))
            with open(config, "w", encoding="utf-8") as f:
                f.write("sources: []\n")
            self.make("install", "/usr/local", top)
            with open(config, encoding="utf-8") as f:
                self.assertEqual(f.read(), "sources: []\n")
            with open(os.path.join(top, "usr/local/lib/systemd/system/weir.service"), encoding="utf-8") as f:
                self.assertIn("ExecStart=/usr/local/bin/weir agent", f.read())
            self.make("uninstall", "/usr/local", top)
            self.assertEqual(self.files(top), {"etc/weir/config.yaml": 0o644})

    def test_program(self):
        """the program runs from there"""
        done = subprocess.run([os.path.join(self.prefix, "bin/weir"), "version"], capture_output=True, text=True,
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
            done = subprocess.run([os.path.join(self.prefix, "bin/weir"), "completion", shell], capture_output=True,
                                  text=True, timeout=20, check=True)
            with open(os.path.join(self.prefix, path), encoding="utf-8") as f:
                self.assertEqual(f.read(), done.stdout)


if __name__ == "__main__":
    main()
