#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Debian package installs on a plain Debian and leaves nothing; its unit takes rights away."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import netns
from case import main, skip_all
from container import cannot_run, debootstrap
from core_cases import ISOLATE_BACKEND
from lab import TOP, WEIR

EXPOSURE = 2.5  # of 10, as systemd-analyze sees it; where it ends being "OK"
# What package managers and the users' database keep for themselves. A group that was made stays, as Debian has it.
OTHERS = r"(var/(lib/(dpkg|apt|systemd)|cache|log)|etc/(group|gshadow|passwd|shadow|ld\.so\.cache)|etc/\.pwd\.lock)\b.*"


def make_deb():
    done = subprocess.run(["make", "-C", TOP, f"B={os.path.dirname(WEIR)}", "deb"], capture_output=True, text=True,
                          timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(f"make deb: exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return glob.glob(os.path.join(os.path.dirname(WEIR), "deb/weir_*.deb"))[0]


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = make_deb()

    def test_lintian(self):
        """lintian has nothing to say of it"""
        done = subprocess.run(["lintian", "--fail-on", "error,warning", self.deb], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_dependencies(self):
        """it needs no libbpf, which plain bookworm has too old"""
        depends = netns.run("dpkg-deb", "--field", self.deb, "Depends")
        self.assertIn("libfyaml0", depends)
        self.assertNotIn("libbpf", depends)

    def test_life(self):
        """on a plain Debian it installs, runs, and with a purge is gone, but for policies that somebody wrote"""
        with tempfile.TemporaryDirectory(prefix=f"{netns.PREFIX}-deb-", dir="/var/tmp") as root:
            debootstrap(root, "--format=directory", "--skip=cleanup/apt/lists")
            before = self.files(root)
            shutil.copy(self.deb, root)
            self.inside(root, "apt-get", "install", "-y", "-qq", "--no-install-recommends",
                        f"/{os.path.basename(self.deb)}")
            os.unlink(os.path.join(root, os.path.basename(self.deb)))
            needed = self.files(root) - before
            self.assertIn("weir 0", self.inside(root, "weir", "version"))
            self.assertIn("is valid", self.inside(root, "weir", "check", "-f", "-", text=ISOLATE_BACKEND))
            asked = self.inside(root, "/usr/lib/cni/weir-cni", env={"CNI_COMMAND": "VERSION"},
                                text='{"cniVersion": "1.0.0"}')
            self.assertIn("1.0.0", asked)
            self.assertRegex(self.inside(root, "getent", "group", "weir"), r"^weir:")
            self.leave_things(root)
            self.inside(root, "apt-get", "purge", "-y", "-qq", "weir")
            self.inside(root, "apt-get", "autoremove", "-y", "-qq", "--purge")
            left = self.files(root) - before
            self.assertEqual({f for f in left if "weir" in f}, {"etc/weir", "etc/weir/policy.d", "etc/weir/policy.d/mine.yaml"})
            self.assertTrue(any(f.endswith("bin/weir") for f in needed))

    @staticmethod
    def leave_things(root):
        """As if an agent had run."""
        os.makedirs(os.path.join(root, "var/lib/weir"))
        for path in ("var/lib/weir/numbers.json", "etc/weir/policy.d/mine.yaml"):
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write("\n")

    @staticmethod
    def inside(root, *command, text=None, env=None):
        done = subprocess.run(["chroot", root, *command], input=text, capture_output=True, text=True, timeout=180,
                              check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                                                "DEBIAN_FRONTEND": "noninteractive"} | (env or {}))
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    @staticmethod
    def files(root):
        found = set()
        for parent, directories, names in os.walk(root):
            found.update(os.path.relpath(os.path.join(parent, n), root) for n in (*directories, *names))
        return {f for f in found if not re.fullmatch(OTHERS, f)}


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not here")
class Unit(unittest.TestCase):
    """The unit as it is installed, with the program where it names it."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="weir-unit-")
        cls.addClassCleanup(directory.cleanup)
        cls.path = os.path.join(directory.name, "weir.service")
        with open(os.path.join(TOP, "deploy/systemd/weir.service"), encoding="utf-8") as f:
            text = f.read()
        with open(cls.path, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE).replace("/usr/bin/weir", WEIR))

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words, self.path], capture_output=True, text=True, timeout=60,
                              check=False)

    def test_verify(self):
        """systemd understands every line of the unit"""
        done = self.analyze("verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_security(self):
        """what the service is exposed to is at most a quarter"""
        done = self.analyze("security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}")
        print("#", done.stdout.strip().splitlines()[-1])
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    if reason := cannot_run():
        skip_all(reason)
    main()
