#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The package's service, run by a systemd that is the first process of a Debian."""
import os

from case import LabCase, main, shop, skip_all
from container import cannot_run
from core_cases import ALLOW_FRONTEND
from systemd_box import Box
from test_deb import make_deb

UNIT = "weir.service"
RATE = 200


class Service(LabCase):
    starts_agent = False

    @classmethod
    def build(cls):
        lab = cls.lab
        cls.box = Box(lab, make_deb())
        cls.addClassCleanup(cls.box.close)
        lab.source = os.path.join(cls.box.root, "etc/weir/policy.d")
        lab.socket = os.path.join(cls.box.root, "run/weir/weir.sock")
        shop(lab)
        cls.box.boot()
        lab.until(cls.box.is_up, "systemd is up", 30)

    def setUp(self):
        """Nothing is asked of the events, which end with each agent."""
        self.box.control("start", UNIT)
        self.lab.enforce(ALLOW_FRONTEND)

    def main_pid(self):
        return self.box.property(UNIT, "MainPID")

    def test_started(self):
        """start returns when the agent has said that it is ready, with three rights of root and a watchdog"""
        self.assertEqual(self.box.property(UNIT, "ActiveState"), "active")
        self.assertEqual(self.box.property(UNIT, "Type"), "notify")
        self.assertEqual(self.box.property(UNIT, "WatchdogUSec"), "1min")
        self.assertNotEqual(self.box.property(UNIT, "WatchdogTimestampMonotonic"), "0")
        pid = self.main_pid()
        status = self.box.run("cat", f"/proc/{pid}/status").stdout
        rights = 1 << 12 | 1 << 38 | 1 << 39  # NET_ADMIN, PERFMON, BPF
        self.assertIn(f"CapEff:\t{rights:016x}\n", status)
        self.assertIn("NoNewPrivs:\t1\n", status)
        self.assertIn("Seccomp:\t2\n", status)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_restarted(self):
        """restart under traffic loses nothing that policy allows and passes nothing that it denies"""
        self.lab.enforce(ALLOW_FRONTEND.replace("TCP, port: 8080", "UDP, port: 9000"))
        self.backend.do("ear", port=9000)
        for number, sender in enumerate((self.frontend, self.intruder)):
            sender.do("pulse", number=number, host=self.backend.addr4, port=9000, rate=RATE)
        before = self.main_pid()
        self.box.control("restart", UNIT)
        self.assertNotEqual(self.main_pid(), before)
        self.lab.settle()
        sent = [len(sender.do("pulse_end", number=n)) for n, sender in enumerate((self.frontend, self.intruder))]
        heard = self.backend.do("ear_end", port=9000)
        for host in self.frontend, self.intruder, self.backend:
            host.do("hush")
        self.assertGreater(min(sent), 0)
        self.assertEqual((sent[0] - len(set(heard.get("0", []))), heard.get("1", [])), (0, []))
        print(f"# {sent[0]} and {sent[1]} datagrams over a restart")

    def test_killed(self):
        """an agent that is killed is started again, and policy holds meanwhile"""
        before, restarts = self.main_pid(), int(self.box.property(UNIT, "NRestarts"))
        self.box.control("kill", "--signal=KILL", UNIT)
        self.assert_shut(self.intruder, self.backend)
        self.lab.until(lambda: self.main_pid() not in (before, "0") and
                       self.box.property(UNIT, "ActiveState") == "active", "it is started again", 20)
        self.assertEqual(int(self.box.property(UNIT, "NRestarts")), restarts + 1)
        self.lab.settle()
        self.assert_open(self.frontend, self.backend)

    def test_stopped(self):
        """stop leaves policy in force, and a start goes on from there"""
        connection = self.connect(self.frontend, self.backend)
        self.box.control("stop", UNIT)
        self.assertEqual(self.box.property(UNIT, "Result"), "success")
        self.assertEqual(self.lab.weir("status").returncode, 3)
        self.assert_talks(self.frontend, connection)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        self.box.control("start", UNIT)
        self.assert_talks(self.frontend, connection)

    def test_reloaded(self):
        """reload reads the sources again, in the same process"""
        before = self.main_pid()
        self.box.control("reload", UNIT)
        self.assertEqual(self.main_pid(), before)
        self.lab.until(lambda: any("reading all sources again" in e["MESSAGE"] for e in self.box.journal(UNIT)),
                       "the journal says so")

    def test_journal(self):
        """the journal has each line with the level that it has, and as a message, not as what it is made of"""
        self.lab.write("broken.yaml", "kind: [\n")
        self.addCleanup(self.lab.remove, "broken.yaml")

        def said():
            return [e for e in self.box.journal(UNIT) if e.get("SYSLOG_IDENTIFIER") == "weir"]
        self.lab.until(lambda: any(e["PRIORITY"] in "34" and "broken.yaml" in e["MESSAGE"] for e in said()),
                       "what is broken is in the journal as an error")
        started = [e for e in said() if "started on node" in e["MESSAGE"]]
        self.assertEqual({e["PRIORITY"] for e in started}, {"6"})


if __name__ == "__main__":
    if reason := cannot_run():
        skip_all(reason)
    main()
