#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What runs out is said in one line, has a stated outcome, and is made good when there is some again."""
import contextlib
import errno
import os
import socket
import struct
import subprocess
import sys
import unittest

import memory_cgroup
from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from lab import OUTSIDE4

HERE = os.path.dirname(os.path.abspath(__file__))
MAP_CREATE, MAP_UPDATE, PROG_LOAD, OBJ_PIN, PROG_QUERY, LINK_CREATE = 0, 2, 5, 6, 16, 28
COMMANDS = 64

# The kernel refuses while an agent starts: what it fails with, and says.
AT_START = (
    ("the verifier refuses a program", PROG_LOAD, errno.EACCES,
     ("load BPF programs", "weir_from_pod", "R1 is not a pointer that this kernel follows")),
    ("a program is too large", PROG_LOAD, errno.E2BIG, ("load BPF programs", "Argument list too long")),
    ("programs are not permitted", PROG_LOAD, errno.EPERM, ("not permitted (run as root, or with CAP_BPF",)),
    ("there is no memory for a map", MAP_CREATE, errno.ENOMEM, ("make a BPF map: Cannot allocate memory",)),
    ("a kind of map is missing", MAP_CREATE, errno.EINVAL, ("make a BPF map: Invalid argument",)),
    ("a map can't be written", MAP_UPDATE, errno.EBUSY, ("load BPF programs", "Device or resource busy")),
)
AT_FIRST_START = (
    ("pinning is busy", OBJ_PIN, errno.EBUSY, ("pin map", "Device or resource busy")),
    ("bpffs has no room", OBJ_PIN, errno.ENOSPC, ("pin map", "No space left on device")),
)

# It refuses while one runs, and a policy is applied.
AT_APPLY = (
    ("there is no memory for the image", MAP_CREATE, errno.ENOMEM, "make image map of 65536 words: Cannot allocate"),
    ("the image's slot is busy", MAP_UPDATE, errno.EBUSY, "swap image: Device or resource busy"),
    ("bpffs has no room for the image", OBJ_PIN, errno.ENOSPC, "pin image: No space left on device"),
)


class FailingCase(LabCase):
    """The agent's bpf() fails as the test says."""

    @classmethod
    def build(cls):
        shop(cls.lab)
        shim, cls.faults = (os.path.join(cls.lab.dir, name) for name in ("fail_calls.so", "faults"))
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-D_GNU_SOURCE", "-shared", "-fPIC",
                        "-o", shim, os.path.join(HERE, "fail_calls.c")], check=True)
        cls.lab.env |= {"LD_PRELOAD": shim, "FAIL_CALLS": cls.faults, "ASAN_OPTIONS": "verify_asan_link_order=0"}
        cls.fail()

    @classmethod
    def fail(cls, command=None, code=0):
        """From now on this command of bpf() fails; without one, none does."""
        with open(cls.faults, "r+b" if os.path.exists(cls.faults) else "wb") as f:
            words = [0] * COMMANDS
            if command is not None:
                words[command] = code
            f.write(struct.pack(f"{COMMANDS}I", *words))

    def apply(self, text):
        return self.lab.weir("apply", "-f", "-", stdin=text)

    def assert_enforced(self):
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)


class Refused(FailingCase):
    def setUp(self):
        self.fail()
        self.addCleanup(self.fail)
        if not self.lab.agent:
            self.lab.start_agent()
        self.lab.enforce(ALLOW_FRONTEND)

    def run_agent(self, *before):
        return subprocess.run([*self.lab.node.enter(), *before, *self.lab.agent_words()], capture_output=True, text=True,
                              timeout=60, check=False, env=os.environ | self.lab.env)

    def test_at_start(self):
        """an agent that the kernel refuses something says what and ends with 1; what was enforced goes on"""
        self.lab.end_agent()
        for case, command, code, words in AT_START:
            with self.subTest(case):
                pins = self.lab.pins()
                self.fail(command, code)
                self.assert_fails(self.run_agent(), 1, *words)
                self.fail()
                self.assertEqual([p for p in pins if p not in self.lab.pins()], [], "pins are gone")
        self.assert_enforced()
        self.lab.start_agent()
        self.assert_enforced()

    @contextlib.contextmanager
    def another_bpffs(self):
        """A first start, beside what an earlier one has left in force."""
        bpffs, self.lab.bpffs = self.lab.bpffs, f"{self.lab.bpffs}-first"
        try:
            yield
        finally:
            self.lab.detach()
            self.lab.bpffs = bpffs

    def test_at_first_start(self):
        """a first start that can't pin says so and ends with 1"""
        self.lab.end_agent()
        for case, command, code, words in AT_FIRST_START:
            with self.subTest(case), self.another_bpffs():
                self.fail(command, code)
                self.assert_fails(self.run_agent(), 1, *words)
                self.fail()
        self.assert_enforced()

    def test_no_tcx(self):
        """a kernel without tcx is enforced on by clsact"""
        self.lab.end_agent()
        self.fail(PROG_QUERY, errno.EINVAL)
        self.lab.start_agent()
        self.assertEqual(self.lab.status()["kernel"]["hook"], "clsact")
        self.assert_enforced()
        self.lab.end_agent()

    def test_at_apply(self):
        """a policy that the kernel refuses room is one line and exit 1; the old one stays, and it comes by itself"""
        self.addCleanup(self.lab.weir, "delete", "networkpolicy", "more", "-n", "shop")
        for case, command, code, words in AT_APPLY:
            with self.subTest(case):
                self.fail(command, code)
                done = self.apply(policy("podSelector: {matchLabels: {app: frontend}}", name="more"))
                self.assert_fails(done, 1, words, "the old policy stays; it is tried again")
                degraded = self.lab.weir("status")
                self.assertEqual(degraded.returncode, 1)
                self.assertIn(words, degraded.stderr)
                self.assert_enforced()
                self.assert_open(self.intruder, self.frontend)
                self.fail()
                self.lab.settle()
                self.assert_shut(self.intruder, self.frontend)
                self.assert_done(self.lab.weir("delete", "networkpolicy", "more", "-n", "shop"))
                self.assert_enforced()

    def test_at_attach(self):
        """an interface that the kernel refuses a link is named and missing in status, and enforced when it can be"""
        self.fail(LINK_CREATE, errno.ENOMEM)
        late = self.lab.add_pod("late", labels={"app": "backend"})
        self.addCleanup(self.lab.remove_pod, "late")
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "status is degraded")
        self.assertIn(f"degraded: interface {late.interface}: attach to tcx ingress: Cannot allocate memory; it is tried "
                      "again", done.stderr)
        self.assertEqual(self.lab.interface(late.interface)["state"], "missing")
        self.assert_enforced()
        self.fail()
        self.lab.settle()
        self.assert_shut(self.intruder, late)

    def test_limits_of_the_process(self):
        """the agent needs no locked memory and, being root, no room among processes; too few descriptors it names"""
        for words in (["--memlock=0:0"], ["--nproc=1:1"]):
            self.lab.end_agent()
            self.lab.launcher = ["prlimit", *words]
            self.addCleanup(self.lab.launcher.clear)
            self.lab.start_agent()
            self.assert_enforced()
        self.lab.end_agent()
        self.assert_fails(self.run_agent("prlimit", "--nofile=16:16"), 1, "Too many open files")
        self.assert_enforced()

    @unittest.skipUnless(memory_cgroup.parent(), "needs cgroups with a memory controller")
    def test_memory_limit(self):
        """an agent whose cgroup has no room for the kernel's tables says so and ends; what was enforced goes on"""
        group = memory_cgroup.make(f"weir-resources-{os.getpid()}")
        self.addCleanup(memory_cgroup.remove, group)
        memory_cgroup.limit(group, 48 << 20)
        self.lab.end_agent()
        words = ["sh", "-c", f"echo $$ >{group}/cgroup.procs; exec \"$@\"", "sh"]
        with self.another_bpffs():
            self.assert_fails(self.run_agent(*words), 1, "load BPF programs", "Cannot allocate memory")
        self.assert_enforced()


class Exhausted(LabCase):
    """Limits of a running agent."""

    def setUp(self):
        self.lab.enforce(ALLOW_FRONTEND)
        self.connection = self.connect(self.frontend, self.backend)

    def limit(self, descriptors):
        subprocess.run(["prlimit", "--pid", str(self.lab.agent.pid), f"--nofile={descriptors}:"], check=True)

    def spare(self, n):
        """Leaves the agent n descriptors."""
        taken = max(int(fd) for fd in os.listdir(f"/proc/{self.lab.agent.pid}/fd"))
        before = os.sysconf("SC_OPEN_MAX")
        self.addCleanup(self.limit, before)
        self.limit(taken + 1 + n)
        return before

    def busy(self):
        with open(f"/proc/{self.lab.agent.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9

    def test_no_descriptor(self):
        """without a descriptor clients wait and cost nothing, what is enforced stays, and they are served afterwards"""
        before = self.spare(0)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.lab.socket)
            client.sendall(b"GET /v1/status?brief=true HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n")
            client.settimeout(1)
            begun = self.busy()
            with self.assertRaises(TimeoutError):
                client.recv(1)
            self.assertLess(self.busy() - begun, 0.3, "the agent runs in circles")
            self.assert_talks(self.frontend, self.connection)
            self.assert_shut(self.intruder, self.backend)
            self.limit(before)
            client.settimeout(5)
            self.assertTrue(client.recv(15).startswith(b"HTTP/1.1 200"))
        self.assert_done(self.lab.weir("status"))
        self.assertIn("too many open files: clients have to wait", self.lab.log_tail())

    def test_few_descriptors(self):
        """with too few descriptors an apply fails in one line and changes nothing, and goes when there are more"""
        manifest = policy("podSelector: {matchLabels: {app: monitor}}", name="few", namespace="ops")
        before = self.spare(1)
        self.assert_fails(self.lab.weir("apply", "-f", "-", stdin=manifest), 1, "Too many open files")
        self.assert_talks(self.frontend, self.connection)
        self.limit(before)
        self.assert_done(self.lab.weir("apply", "-f", "-", stdin=manifest))
        self.assert_done(self.lab.weir("delete", "-f", "-", stdin=manifest))
        self.assert_done(self.lab.weir("status"))

    def test_crowd(self):
        """more clients than there are places for wait or are sent away, and leave no trace when they have gone"""
        crowd = []
        try:
            for _ in range(200):
                client = socket.socket(socket.AF_UNIX)
                crowd.append(client)
                client.settimeout(1)
                try:
                    client.connect(self.lab.socket)
                except OSError:
                    break
            self.lab.write("policy.yaml", ISOLATE_BACKEND)
            self.lab.until(lambda: not self.frontend.do("talk", connection=self.connection, wait=0.2),
                           "the new policy is in force")
        finally:
            for client in crowd:
                client.close()
        self.assert_done(self.lab.weir("status"))


class FullTables(LabCase):
    """Tables with room for hardly anything."""

    settings = {"exchanges": 64, "connections": 64, "openings": 64, "addresses": 12, "sweepSeconds": 1}

    def setUp(self):
        self.lab.enforce(None)

    def told(self, event_type, subject):
        return [e for e in self.lab.events("--type", event_type, "--since", "600s") if e.get("subject") == subject]

    def test_flows(self):
        """in a full flow table the oldest gives way and is decided anew: permitted goes on, denied stays out, and it
        is said"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        for _ in range(6):
            self.frontend.do("probe", targets=[[OUTSIDE4, 20000 + i, "UDP"] for i in range(100)], wait=0.01)
        self.lab.until(lambda: self.told("map-full", "exchanges4"), "the full table is an event", 10)
        self.lab.until(lambda: "the table of IPv4 exchanges is full" in self.lab.weir("status").stderr, "it is said", 5)
        self.assertGreater(self.lab.metric("weir_flows_evicted_total", table="exchanges"), 0)
        self.assert_talks(self.frontend, connection)
        self.assert_open(self.frontend, self.intruder, 53, "UDP")
        self.assert_shut(self.intruder, self.backend, 53, "UDP")

    def test_addresses(self):
        """a pod whose address finds no room counts as the world: rules that let pods in by label don't, and it is said"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress: [{from: [{podSelector: {matchLabels: {app: far}}}]}]
            """))
        for i in range(20):
            self.lab.write(f"far-{i}.json", self.far(i))
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "status is degraded", 10)
        self.assertIn("address", done.stderr)
        self.lab.until(lambda: self.told("map-full", "addresses4"), "the full table is an event", 10)
        self.assert_shut(self.intruder, self.backend)
        for i in range(20):
            self.lab.remove(f"far-{i}.json")
        self.lab.until(lambda: self.lab.weir("status").returncode == 0, "all is well", 10)

    @staticmethod
    def far(i):
        return {"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"far-{i}", "namespace": "shop", "labels": {"app": "far"}},
                "spec": {"nodeName": "node-2", "containers": [{"name": "main", "image": "none"}]},
                "status": {"phase": "Running", "podIPs": [{"ip": f"10.201.77.{i + 1}"}]}}

    def test_endpoints(self):
        """a pod for whose interface the table of endpoints has no room stays closed and is named, and opens when it has"""
        table = os.path.join(self.lab.bpffs, next(p for p in self.lab.pins() if p.endswith("/endpoints")))
        fill = [sys.executable, os.path.join(HERE, "fill_map.py"), table]
        subprocess.run([*fill, "fill"], check=True)
        late = self.lab.add_pod("late")
        self.addCleanup(self.lab.remove_pod, "late")
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "status is degraded")
        self.assertIn(f"interface {late.interface}: the kernel won't take its identity: Argument list too long",
                      done.stderr)
        self.assertEqual(self.lab.interface(late.interface)["state"], "closed")
        self.assert_shut(self.frontend, late)
        self.assert_shut(late, self.frontend)
        self.assert_open(self.frontend, self.backend)
        subprocess.run([*fill, "drain"], check=True)
        self.lab.until(lambda: self.lab.weir("status").returncode == 0, "all is well", 15)
        self.lab.until(lambda: self.attempts(self.frontend, [(late, 8080, "TCP", 4)], 1) == ["open"], "it is open")


if __name__ == "__main__":
    main()
