#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an agent finds when it starts, and what is taken from it while it runs: damaged files, a full disk, a read-only
bpffs, a taken socket, no memory. Meanwhile probes note every verdict: what was in force stays.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import unittest
import zlib

import calls
import memory_cgroup
import netns
from case import main
from crash import LARGE, POLICIES, SIDES
from crash_case import CrashCase

NO_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def rewrite(change):
    def damage(path):
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(change(data))
    return damage


def directory(path):
    os.unlink(path)
    os.mkdir(path)


# What happens to a file, what is said of it, and what the agent is started by.
DAMAGES = [
    ("cut short in its first line", rewrite(lambda data: data[:20]), "cut short", ()),
    ("cut short in the middle", rewrite(lambda data: data[:len(data) * 2 // 3]), "cut short", ()),
    ("cut short by its last byte", rewrite(lambda data: data[:-1]), "cut short", ()),
    ("empty", rewrite(lambda data: b""), "cut short", ()),
    ("random bytes", rewrite(lambda data: random.Random(1).randbytes(len(data))), "can't be used", ()),
    ("a flipped bit", rewrite(lambda data: data[:-4] + bytes([data[-4] ^ 1]) + data[-3:]), "checksum", ()),
    ("another checksum", rewrite(lambda data: data.replace(b'"crc32": "', b'"crc32": "f', 1)), "checksum", ()),
    ("a later version", rewrite(lambda data: data.replace(b'"version": 1', b'"version": 9', 1)), "version", ()),
    ("a directory in its place", directory, "Is a directory", ()),
    ("unreadable", lambda path: os.chmod(path, 0), "Permission denied", NO_OVERRIDE),
]
FILES = ("numbers.json", "counters.json", "attachments.json", "store.jsonl")
# Of a container that is gone.
ATTACHMENT = json.dumps({"container": "c", "ifname": "eth0", "netns": "/none", "namespace": "shop", "pod": "none",
                         "uid": None, "interface": "veth-none", "ifindex": 99999, "addresses": []}) + "\n"
ATTACHMENTS = ('{"format": "weir attachments", "version": 1, "lines": 1, '
               f'"crc32": "{zlib.crc32(ATTACHMENT.encode()):08x}"}}\n{ATTACHMENT}')


KEPT_TWICE = ("numbers.json", "store.jsonl")


class Found(CrashCase):
    """What is there when it starts. Each test ends with an agent that has nothing to complain of."""

    def path(self, name):
        return os.path.join(self.lab.state, name)

    def end(self):
        self.kill()
        self.start_well()
        self.assert_tidy()
        self.tell(1, self.end_probes())

    def start_degraded(self, launcher=()):
        self.lab.launch_agent(launcher)
        self.lab.until(lambda: os.path.exists(self.lab.socket) and self.lab.weir("status").returncode == 1,
                       "the agent is degraded", 20)

    def warnings(self):
        return self.lab.status()["warnings"]

    def wait_for_copies(self):
        def read(name):
            with open(self.path(name), "rb") as f:
                return f.read()
        for name in KEPT_TWICE:
            self.lab.until(lambda: os.path.exists(self.path(f"{name}.copy")) and read(name) == read(f"{name}.copy"),
                           f"{name} has its copy")

    def take_bad(self):
        """The names of what was put aside, which goes."""
        found = sorted(n for n in os.listdir(self.lab.state) if n.endswith(".bad"))
        for name in found:
            bad = self.path(name)
            shutil.rmtree(bad) if os.path.isdir(bad) else os.unlink(bad)
        return found

    def test_damaged_files(self):
        """every file of the state directory, damaged in any way, is named and put aside, and no packet notices"""
        for name, damage, words, launcher in DAMAGES:
            with self.subTest(damage=name):
                self.assert_done(self.lab.weir("metrics"))  # which writes the counters
                self.wait_for_copies()
                self.kill()
                with open(self.path("attachments.json"), "w", encoding="utf-8") as f:
                    f.write(ATTACHMENTS)
                for file in FILES:
                    damage(self.path(file))
                self.start_well(launcher)
                found = self.lab.status()["warnings"]
                for file in FILES:
                    said = [w for w in found if self.path(file) in w]
                    self.assertEqual(len(said), 1, found)
                    self.assertIn(words, said[0])
                    self.assertIn(f"kept as {self.path(file)}.bad", said[0])
                    self.assertEqual("its copy is used" in said[0], file in KEPT_TWICE, said[0])
                self.assertEqual(self.take_bad(), sorted(f"{file}.bad" for file in FILES))
        self.end()

    def test_lost_numbers(self):
        """without the numbers of the kernel's tables nothing is open that shall not be, and connections go on"""
        self.wait_for_copies()
        self.kill()
        for name in ("numbers.json", "numbers.json.copy"):
            rewrite(lambda data: data[:-1])(self.path(name))
        self.start_well()
        self.assertTrue(any("numbers begin afresh" in w for w in self.lab.status()["warnings"]))
        self.assert_side(SIDES[0])
        self.take_bad()
        self.kill()
        self.start_well()
        self.assert_tidy()
        sent = self.probes.end(self.flips)
        wrong = [w for w in sent[0] if "was lost" not in w]  # for a moment what nobody knows is closed
        self.assertEqual(wrong, [])

    def test_lost_store(self):
        """when nobody knows what had been applied, it stays in force until something is applied"""
        self.wait_for_copies()
        for i in range(2):  # the second agent finds what the first has found
            self.kill()
            for name in ("store.jsonl", "store.jsonl.copy"):
                rewrite(lambda data: data[:-1])(self.path(name))
            self.start_degraded()
            self.assertIn("what weir apply brought is lost", self.lab.weir("status").stderr)
            self.assert_side(SIDES[0])
            if i == 0:
                self.lab.add_pod("guest")
        self.assert_each(self.left, [], [(self.lab.pods["guest"], 8080, "TCP", 4)])  # what nobody knows is closed
        self.assertTrue(self.flips.apply(SIDES[1]))
        self.lab.settle()
        self.assert_side(SIDES[1])
        self.assert_each(self.left, [(self.lab.pods["guest"], 8080, "TCP", 4)], [])
        self.lab.remove_pod("guest")
        self.assertEqual(self.take_bad(), ["store.jsonl.bad", "store.jsonl.copy.bad"])
        self.end()

    # --- the socket ---

    def taken(self, take, give_back, *says):
        self.kill()
        os.unlink(self.lab.socket)
        thing = take(self.lab.socket)
        done = subprocess.run([*self.lab.node.enter(), *self.lab.agent_words()], capture_output=True, text=True,
                              timeout=30, check=False)
        give_back(thing)
        self.lab.agent = None
        self.assertEqual(done.returncode, 1, done.stderr)
        last = done.stderr.splitlines()[-1]
        for words in (self.lab.socket, *says):
            self.assertIn(words, last)
        self.start_well()

    def test_socket_taken(self):
        """a socket path that is taken is named, by whom too; one that nobody serves any more is taken over"""
        def listen(path):
            server = socket.socket(socket.AF_UNIX)
            server.bind(path)
            server.listen()
            return server

        def touch(path):
            with open(path, "w", encoding="utf-8"):
                return path

        def mkdir(path):
            os.mkdir(path)
            return path
        self.taken(listen, socket.socket.close, f"process {os.getpid()}", "--run-dir")
        self.taken(touch, os.unlink, "move it away")
        self.taken(mkdir, os.rmdir, "move it away")
        self.kill()
        os.unlink(self.lab.socket)
        listen(self.lab.socket).close()
        self.start_well()
        self.end()


# (a call of an apply, which one, what it answers): the store, the image and its pin, the copy of the store.
REFUSALS = [
    ("write", 1, "ENOSPC"), ("fsync", 1, "EIO"), ("rename", 1, "ENOSPC"), ("fsync", 2, "EIO"),
    ("bpf", 1, "ENOMEM"), ("bpf", 2, "EPERM"), ("bpf", 4, "ENOSPC"), ("bpf", 5, "EBUSY"), ("rename", 2, "EROFS"),
]


class Taken(CrashCase):
    """What fails while it runs."""

    @classmethod
    def build(cls):
        super().build()
        mounted = os.path.join(cls.lab.dir, "bpf")
        os.mkdir(mounted)
        cls.lab.mount_tiny_state()
        netns.run("mount", "-t", "bpf", "bpf", mounted)
        cls.addClassCleanup(subprocess.run, ["umount", "-l", mounted], check=False)
        cls.lab.bpffs = os.path.join(mounted, "weir")
        cls.mounted = mounted

    def remount(self, how):
        netns.run("mount", "-o", f"remount,{how}", self.mounted)

    def until_in_force(self, side):
        self.lab.until(lambda: self.lab.weir("wait", "--settled", "--timeout", "1").returncode == 0, "it is in force", 30)
        self.assert_side(side)

    def test_refusals(self):
        """whichever call of an apply is refused, either nothing has changed or it is in force, at once or soon"""
        side = 0
        for call, number, code in REFUSALS:
            with self.subTest(call=call, number=number, code=code):
                side ^= 1
                tracer = calls.on(self.lab.agent.pid, call, number, self.lab.until, f"error={code}")
                done = self.lab.weir("apply", "-f", "-", stdin=POLICIES[SIDES[side]])
                tracer.end()
                self.flips.turns.append((0, None, None))  # judged by connections here
                if "nothing was changed" in done.stderr:
                    side ^= 1
                else:
                    self.assertIn(done.returncode, (0, 1), done.stderr)
                    self.assertTrue(done.returncode == 0 or "the old policy stays" in done.stderr, done.stderr)
                self.until_in_force(SIDES[side])
        self.tell(0, self.end_probes())

    def test_read_only_bpffs(self):
        """on a read-only bpffs what is in force stays, an apply and a start say so, and writable again all goes on"""
        self.remount("ro")
        self.addCleanup(self.remount, "rw")
        done = self.lab.weir("apply", "-f", "-", stdin=POLICIES[SIDES[1]])
        self.assert_fails(done, 1, "Read-only file system", "the old policy stays")
        self.assert_side(SIDES[0])
        self.kill()
        done = subprocess.run([*self.lab.node.enter(), *self.lab.agent_words()], capture_output=True, text=True,
                              timeout=30, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Read-only file system", done.stderr.splitlines()[-1])
        self.assertIn("mount -o remount,rw", done.stderr.splitlines()[-1])
        self.assert_side(SIDES[0])
        self.remount("rw")
        self.flips.turns.append((0, None, None))
        self.start_well()
        self.assert_side(SIDES[1])
        self.tell(0, self.end_probes())

    def test_out_of_memory(self):
        """an agent that gets no memory any more ends or refuses, and neither changes what is in force"""
        with open(f"/proc/{self.lab.agent.pid}/statm", encoding="ascii") as f:
            pages = int(f.read().split()[0])
        netns.run("prlimit", "--pid", str(self.lab.agent.pid), f"--as={pages * 4096}")
        done = self.lab.weir("apply", "-f", "-", stdin=LARGE)
        self.assertNotEqual(done.returncode, 0)
        self.assert_side(SIDES[0])
        self.lab.end_agent(signal.SIGKILL)
        self.start_well()
        self.assert_side(SIDES[0])
        self.tell(1, self.end_probes())

    @unittest.skipUnless(memory_cgroup.parent(), "needs cgroups with a memory controller")
    def test_killed_for_memory(self):
        """an agent that the kernel kills as its cgroup is out of memory leaves what is in force, and the next has it all"""
        memory_cgroup.starve(self)
        self.assert_side(SIDES[0])
        self.lab.end_agent()
        self.start_well()
        self.assertIn("took over from an earlier agent", self.lab.log_tail())
        self.assert_side(SIDES[0])
        self.assert_tidy()
        self.tell(1, self.end_probes())

    def test_full_disk(self):
        """with a full disk pods are enforced and starts are in order, what isn't kept is said, and kept once there is room"""
        ballast = os.path.join(self.lab.state, "ballast")
        self.addCleanup(lambda: os.path.exists(ballast) and os.unlink(ballast))
        self.fill(ballast)
        self.lab.add_pod("guest", labels={"app": "newcomer"})
        self.addCleanup(self.lab.remove_pod, "guest")
        guest = self.lab.pods["guest"]
        for _ in range(2):
            self.lab.until(lambda: "No space left" in self.lab.weir("status").stderr, "status says so", 20)
            self.assert_each(guest, [(self.left, 8080, "TCP", 4)], [(self.backend, 8080, "TCP", 4)])
            self.assert_side(SIDES[0])
            self.kill()
            self.lab.launch_agent()
            self.lab.until(lambda: os.path.exists(self.lab.socket) and self.lab.weir("status").returncode == 1,
                           "the agent is degraded", 20)
        os.unlink(ballast)
        self.lab.until(lambda: self.lab.weir("wait", "--settled", "--timeout", "1").returncode == 0, "it settles", 30)
        self.kill()
        self.start_well()
        self.assert_tidy()
        self.tell(3, self.end_probes())

    @staticmethod
    def fill(path):
        with open(path, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass


if __name__ == "__main__":
    main()
