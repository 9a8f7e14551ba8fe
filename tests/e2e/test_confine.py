#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the agent can't do: somebody is inside it (intruder.c), and tries."""
import errno
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from case import LabCase, main
from core_cases import ALLOW_FRONTEND
from lab import TOP

EACCES, EPERM, ENOSYS = errno.EACCES, errno.EPERM, errno.ENOSYS
CAPABILITIES = {"net_admin": 12, "perfmon": 38, "bpf": 39}

# What is tried, and how it is answered. Each row's other half is that without confinement the answer is another.
REFUSED = [
    ("read-shadow", EACCES, "the users' passwords"),
    ("read-passwd", EACCES, "other files of /etc"),
    ("write-shadow", EACCES, "writing there"),
    ("list-home", EACCES, "somebody's home"),
    ("make-in-tmp", EACCES, "a file in /tmp"),
    ("make-in-source", EACCES, "a file in its source, which it only reads"),
    ("make-pins", EACCES, "a directory beside its own in bpffs"),
    ("pin-elsewhere", EACCES, "a pin outside of its own directory"),
    ("connect", EACCES, "a TCP connection to anybody"),
    ("bind", EACCES, "a TCP port"),
    ("listen", EPERM, "another socket to be talked to by"),
    ("packet-socket", EPERM, "all packets of the node"),
    ("raw-socket", EPERM, "packets of its own making"),
    ("netfilter-socket", EPERM, "netfilter's rules"),
    ("fork", EPERM, "another process"),
    ("signal", EPERM, "another process's end"),
    ("writable-code", EPERM, "memory that is written and run"),
    ("run-data", EPERM, "data as code"),
    ("limit", EPERM, "limits of its own"),
    ("user", EPERM, "another user"),
    ("give-away", EPERM, "another owner of its files"),
    ("perf", EPERM, "a process's events"),
]
NEEDED = [
    ("read-source", "its source"),
    ("make-in-state", "a file in its state directory"),
    ("pin-own", "a pin in its own directory"),
    ("stream-socket", "a socket"),
    ("thread", "a thread"),
]
DEADLY = [("exec", "another program"), ("mount", "a mount")]


class Inside(LabCase):
    """A lab with an agent that obeys."""

    starts_agent = False
    words = []
    landlock = None  # the ABI that the kernel is said to have

    @classmethod
    def build(cls):
        super().build()
        library = os.path.join(cls.lab.dir, "intruder.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "intruder.c")
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-O2", "-shared",
                        "-fPIC", "-D_GNU_SOURCE", "-o", library, source], check=True)
        cls.order = os.path.join(cls.lab.dir, "order")
        with open(cls.order, "w", encoding="ascii"):
            pass
        settings = {"LD_PRELOAD": library, "INTRUDER": cls.order, "INTRUDER_STATE": cls.lab.state,
                    "INTRUDER_SOURCE": cls.lab.source, "INTRUDER_BPFFS": cls.lab.bpffs,
                    "ASAN_OPTIONS": "verify_asan_link_order=0"}
        if cls.landlock is not None:
            settings["INTRUDER_LANDLOCK"] = str(cls.landlock)
        cls.lab.launcher = ["env", *(f"{name}={value}" for name, value in settings.items())]
        cls.lab.options += cls.words
        cls.lab.start_agent()
        if any("sanitizers" in row for row in cls.lab.status()["confinement"]["missing"]):
            raise unittest.SkipTest("a build with sanitizers is not confined")

    def give_order(self, name):
        with open(self.order, "w", encoding="ascii") as file:
            file.write(name)
        self.lab.agent.send_signal(signal.SIGUSR2)

    def answer(self, name):
        """0, or the errno."""
        self.give_order(name)

        def answered():
            with open(self.order, encoding="ascii") as file:
                return re.fullmatch(rf"{name} (\d+)\n", file.read())
        return int(self.lab.until(answered, f"{name} is answered")[1])

    def confinement(self):
        return self.lab.status()["confinement"]

    def proc(self):
        """What the kernel says of the process."""
        with open(f"/proc/{self.lab.agent.pid}/status", encoding="ascii") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file)


class Confined(Inside):
    """As it is by itself."""

    settings = {"imageWords": 1024}

    def test_kernel(self):
        """the kernel says which rights are left, and that there are no more to be had"""
        status, rights = self.proc(), sum(1 << number for number in CAPABILITIES.values())
        kept = rights | (1 << 21 if os.environ.get("WEIR_HOOK") == "clsact" else 0)
        for name, value in (("CapPrm", kept), ("CapEff", kept), ("CapBnd", kept), ("CapInh", 0), ("CapAmb", 0)):
            self.assertEqual(int(status[name], 16), value, name)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_growth(self):
        """programs are loaded again for a larger image"""
        self.assertGreater(self.lab.status()["policy"]["imageCapacity"], 1024)

    def test_threads(self):
        """every thread of it is confined alike"""
        for task in os.listdir(f"/proc/{self.lab.agent.pid}/task"):
            with open(f"/proc/{self.lab.agent.pid}/task/{task}/status", encoding="ascii") as file:
                self.assertRegex(file.read(), r"(?s)NoNewPrivs:\t1\n.*Seccomp:\t2\n")

    def test_status(self):
        """status says what holds"""
        confinement = self.confinement()
        self.assertLessEqual(set(CAPABILITIES), set(confinement["capabilities"].split()))
        self.assertTrue(confinement["files"] and confinement["ports"] and confinement["systemCalls"], confinement)
        self.assertEqual(confinement["missing"], [])
        self.assertRegex(self.lab.weir("status").stdout, r"(?m)^confined   capabilities .*bpf.*; files and ports; system")

    def test_refused(self):
        """what it has no business with is refused"""
        for name, answer, what in REFUSED:
            with self.subTest(what):
                self.assertEqual(errno.errorcode.get(self.answer(name)), errno.errorcode[answer])

    def test_needed(self):
        """what it does itself is not"""
        for name, what in NEEDED:
            with self.subTest(what):
                self.assertEqual(self.answer(name), 0)

    def test_link(self):
        """a link in its source that leads out of it is not followed, and the policy stays"""
        self.lab.enforce(ALLOW_FRONTEND)
        with tempfile.TemporaryDirectory() as elsewhere:
            path, link = os.path.join(elsewhere, "secret.yaml"), os.path.join(self.lab.source, "z-link.yaml")
            with open(path, "w", encoding="ascii") as file:
                file.write("secret: words\n")
            os.symlink(path, link)
            try:
                self.lab.weir("wait", "--settled", "--timeout", "1")
                degraded = " ".join(self.lab.status()["degraded"])
            finally:
                os.unlink(link)
        self.assertIn("Permission denied", degraded)
        self.assertNotIn("secret: words", degraded)
        self.assert_open(self.frontend, self.backend)

    def test_deadly(self):
        """what nobody but an intruder asks for is its end, and enforcement goes on"""
        for name, what in DEADLY:
            with self.subTest(what):
                self.lab.enforce(ALLOW_FRONTEND)
                self.give_order(name)
                self.assertEqual(self.lab.agent.wait(10), -signal.SIGSYS)
                self.assert_shut(self.intruder, self.backend)
                self.lab.start_agent()


class Unconfined(Inside):
    """The same attempts when the settings leave everything out: so it is confinement that refuses them."""

    words = ["--unconfined", "all"]

    def test_allowed(self):
        """each that is refused else is answered differently"""
        for name, answer, what in REFUSED:
            with self.subTest(what):
                self.assertNotEqual(self.answer(name), answer)

    def test_said(self):
        """status and log say that it isn't confined"""
        confinement = self.confinement()
        self.assertEqual([row.split(":")[0] for row in confinement["missing"]], ["capabilities", "files", "syscalls"])
        self.assertIsNone(confinement["capabilities"])
        self.assertIn("not confined: files: left out by the settings", self.lab.log_tail(100))
        self.assertIn("confined   NO", self.lab.weir("status").stdout)


class Capabilities(Inside):
    """They are given up for good without Landlock and system call filter, which would see to that too."""

    words = ["--unconfined", "files", "--unconfined", "syscalls"]

    def test_for_good(self):
        """without the rest of it capabilities are still given up for good"""
        status = self.proc()
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "0"))
        self.assertEqual(int(status["CapBnd"], 16), int(status["CapPrm"], 16))
        self.assertEqual([row.split(":")[0] for row in self.confinement()["missing"]], ["files", "syscalls"])


class OldKernel(Inside):
    """Where the kernel's Landlock is the first one, it does what that can."""

    landlock = 1

    def test_files(self):
        """files are shut, ports can't be"""
        self.assertEqual(errno.errorcode.get(self.answer("read-shadow")), "EACCES")
        self.assertEqual(errno.errorcode.get(self.answer("make-in-tmp")), "EACCES")
        self.assertNotEqual(self.answer("bind"), EACCES)
        self.assertEqual(self.answer("make-in-state"), 0)
        self.assertEqual(self.confinement()["landlockABI"], 1)
        self.assertIn("ports: this kernel's Landlock has no rules for them", self.confinement()["missing"][0])


class NoLandlock(Inside):
    """Where the kernel has no Landlock, the rest holds."""

    landlock = 0

    def test_rest(self):
        """system calls and capabilities are given up all the same, and one line says what is missing"""
        self.assertEqual(errno.errorcode.get(self.answer("packet-socket")), "EPERM")
        self.assertEqual(self.answer("read-passwd"), 0)
        self.assertEqual(self.confinement()["missing"],
                         ["files: this kernel has no Landlock, or it is not among its lsm="])
        self.assertEqual(self.lab.log_tail(100).count("not confined: "), 1)


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
class Unit(unittest.TestCase):
    """The service's own filter, which holds from the start, is no narrower than the agent's."""

    # To confine itself, to give the socket to its group, and of the C library's start.
    BEFORE = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prctl", "capset",
              "chown", "execve", "arch_prctl", "listen"}

    def test_filter(self):
        """every system call that the agent has use for passes the unit's filter"""
        def members(name):
            if not name.startswith("@"):
                return {name}
            listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True,
                                    check=True).stdout.split("\n")[1:]
            return set().union(*(members(row.strip()) for row in listed if row.strip() and "#" not in row))

        passes = members("@default")
        for row in self.rows("SystemCallFilter"):
            change = passes.difference_update if row.startswith("~") else passes.update
            change(set().union(*(members(name) for name in row.lstrip("~").split())))
        with open(os.path.join(TOP, "userspace/agent/syscalls.c"), encoding="ascii") as file:
            source = file.read()
        listed = re.search(r"(?s) allowed\[\] = \{(.*?)\n\};", source)[1]
        used = set(re.findall(r'"(\w+)"', listed)) | set(re.findall(r'(?m)^\t\{ "(\w+)", \d', source)) | {"bpf"}
        self.assertGreater(len(used), 100)
        self.assertEqual((used | self.BEFORE) - passes, set())

    def test_capabilities(self):
        """it has the rights that the agent keeps, and no others"""
        self.assertEqual(set(self.rows("CapabilityBoundingSet")[0].split()),
                         {f"CAP_{name.upper()}" for name in CAPABILITIES})

    @staticmethod
    def rows(key):
        with open(os.path.join(TOP, "deploy/systemd/weir.service"), encoding="ascii") as file:
            return re.findall(rf"(?m)^{key}=(.*)$", file.read())


class Words(LabCase):
    """The setting."""

    starts_agent = False

    def setUp(self):
        pass

    def test_unknown(self):
        """a part that there isn't is wrong usage"""
        done = self.lab.weir("agent", "--unconfined", "everything")
        self.assert_fails(done, 2, "--unconfined everything: no such part (use capabilities, files, syscalls or all)")


if __name__ == "__main__":
    main()
