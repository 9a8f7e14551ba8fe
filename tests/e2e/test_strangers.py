#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Others at the same hooks: what they do is told, and what they take off is put back."""
import os

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from kernel import BPFTOOL
from netns import CommandFailed
from strangers import Strangers

SOON = 2  # seconds: a look every half, and a busy machine


class StrangerCase(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strangers = Strangers(cls.lab)
        cls.addClassCleanup(cls.strangers.close)

    def told(self, *types):
        return [e for e in self.lab.events("--type", ",".join(types), "--since", "600s")]

    def count(self, event_type):
        return int(self.lab.metric("weir_agent_events_total", type=event_type))

    def take(self, how, *words):
        """Does it, and waits until it is made good; the two events that tell of it."""
        lost, restored = self.count("hook-lost"), self.count("hook-restored")
        how()
        self.lab.until(lambda: self.count("hook-restored") > restored, f"{words}: it is put back", SOON)
        self.assertEqual(self.count("hook-lost"), lost + 1)
        told = self.told("hook-lost", "hook-restored")[-2:]
        self.assertEqual([e["type"] for e in told], ["hook-lost", "hook-restored"])
        for word in words:
            self.assertIn(word, told[0]["message"])
        self.assert_done(self.lab.weir("status"))
        self.assertEqual(self.lab.metric("weir_hooks_missing"), 0)
        return told

    def assert_enforced(self):
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def assert_nobody_told(self, act):
        """What somebody does is no event: what is taken off another interface afterwards is, and nothing before it."""
        self.lab.until(lambda: not self.lab.weir("status").returncode, "all is well")
        before = len(self.told("hook-lost", "hook-preceded"))
        act()
        self.take(lambda: self.take_one(self.frontend.interface))
        told = self.told("hook-lost", "hook-preceded")[before:]
        self.assertEqual([e["interface"] for e in told], [self.frontend.interface])

    def ahead(self, words, act, undo):
        """Somebody goes before weir's program, is told of while he is, and leaves."""
        preceded, cleared = self.count("hook-preceded"), self.count("hook-cleared")
        act()
        self.lab.until(lambda: self.count("hook-preceded") > preceded, "who is first is told", SOON)
        event = self.told("hook-preceded")[-1]
        self.assertIn(words, event["message"])
        self.assertIn("may pass packets by it", event["message"])
        self.assertEqual((event["severity"], event["interface"]), ("warning", self.intruder.interface))
        done = self.lab.weir("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertIn(words, self.lab.interface(self.intruder.interface)["ahead"])
        self.assertEqual(self.lab.metric("weir_hooks_preceded"), 1)
        undo()
        self.lab.until(lambda: self.count("hook-cleared") > cleared, "that he left is told", SOON)
        self.assert_done(self.lab.weir("status"))
        self.assertIsNone(self.lab.interface(self.intruder.interface)["ahead"])


class Tcx(StrangerCase):
    def take_one(self, interface):
        self.strangers.detach_link(interface, "egress")

    def test_taken(self):
        """whatever takes a tcx program off, it is put back within a second, is two events, and enforces again"""
        interface = self.backend.interface
        ingress, egress = (self.strangers.link(interface, which) for which in ("ingress", "egress"))
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        for case, how, words in (
                ("the egress link is detached", lambda: self.strangers.detach_link(interface, "egress"),
                 ("tcx egress", "what is sent to it is not checked")),
                ("the ingress link is detached", lambda: self.strangers.detach_link(interface, "ingress"),
                 ("tcx ingress", "what is sent from behind it is not checked")),
                ("the pin is deleted", lambda: os.unlink(egress), ("tcx egress",)),
                ("both pins are", lambda: (os.unlink(egress), os.unlink(ingress)), ("tcx",)),
                ("the link is given another program",
                 lambda: self.strangers.call("update", egress, self.strangers.pin("passer")), ("tcx egress",))):
            with self.subTest(case):
                lost, _ = self.take(how, *words, interface)
                self.assertEqual((lost["severity"], lost["endpoint"]), ("warning", "shop/backend"))
                self.assert_enforced()
                self.assert_talks(self.frontend, connection)

    def test_ahead(self):
        """a program before weir's is told of with its name, in status and metrics, as long as it is there"""
        interface = self.intruder.interface
        self.ahead('program "passer"', lambda: self.strangers.attach("passer", interface, "ingress", first=True),
                   lambda: self.strangers.detach("passer", interface, "ingress"))

    def test_behind(self):
        """a program behind weir's is nobody's concern, and what weir drops stays dropped"""
        self.lab.enforce(ISOLATE_BACKEND)
        interface = self.backend.interface
        self.assert_nobody_told(lambda: self.strangers.attach("passer", interface, "egress"))
        self.addCleanup(self.strangers.detach, "passer", interface, "egress")
        self.assert_shut(self.frontend, self.backend)

    def test_first_again(self):
        """weir's program that is put back goes first, before a stranger that came meanwhile"""
        interface = self.intruder.interface
        self.lab.enforce(policy("podSelector: {matchLabels: {app: intruder}}"))
        self.strangers.attach("passer", interface, "egress")
        self.addCleanup(self.strangers.detach, "passer", interface, "egress")
        self.take(lambda: self.strangers.detach_link(interface, "egress"))
        self.assert_shut(self.frontend, self.intruder)

    def test_interface_goes(self):
        """an interface that is deleted is nobody's doing at its hooks"""
        self.lab.add_pod("guest")
        self.lab.settle()
        self.assert_nobody_told(lambda: self.lab.remove_pod("guest"))

    def test_fight(self):
        """who takes it off again and again is told of, and the agent does not join in faster than once in 10 s"""
        interface, before = self.monitor.interface, self.count("hook-restored")
        for _ in range(5):
            self.take(lambda: self.strangers.detach_link(interface, "ingress"))
        self.strangers.detach_link(interface, "ingress")
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "status is degraded")
        self.assertIn("again and again: what is sent from behind it is not checked", done.stderr)
        self.assertEqual(self.lab.interface(interface)["state"], "missing")
        self.assertEqual(self.lab.metric("weir_hooks_missing"), 1)
        self.assertEqual(self.count("hook-restored"), before + 5)
        self.lab.until(lambda: self.count("hook-restored") == before + 6, "it is put back all the same", 12)
        self.assert_done(self.lab.weir("status"))


class Clsact(StrangerCase):
    env = {"WEIR_HOOK": "clsact"}

    def take_one(self, interface):
        self.tc("filter", "del", interface, "egress")

    def tc(self, kind, verb, interface, *words):
        return self.strangers.run("tc", kind, verb, "dev", interface, *words)

    def handle(self, interface):
        """Of weir's filter."""
        shown = self.tc("filter", "show", interface, "ingress").split()
        return shown[shown.index("handle") + 1]

    def test_taken(self):
        """whatever takes a clsact filter off, it is put back at once, is two events, and enforces again"""
        interface = self.backend.interface
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        for case, how, words in (
                ("the qdisc is deleted", lambda: self.tc("qdisc", "del", interface, "clsact"),
                 ("clsact ingress and clsact egress", "nothing that passes it is checked")),
                ("the filters of a direction are", lambda: self.tc("filter", "del", interface, "egress"),
                 ("clsact egress", "what is sent to it is not checked")),
                ("the filter is replaced",
                 lambda: self.tc("filter", "replace", interface, "egress", "pref", "1", "handle",
                                 self.handle(interface), "bpf", "da", "pinned", self.strangers.pin("passer")),
                 ("clsact egress",))):
            with self.subTest(case):
                self.take(how, *words, interface)
                self.assert_enforced()
                self.assert_talks(self.frontend, connection)

    def test_ahead(self):
        """a filter before weir's is told of in tc's own words, in status and metrics, as long as it is there"""
        interface, pin = self.intruder.interface, self.strangers.pin("passer")
        self.ahead("filter of kind bpf, pref 1, handle 0x1 ",
                   lambda: self.tc("filter", "add", interface, "ingress", "pref", "1", "handle", "1", "bpf", "da",
                                   "pinned", pin),
                   lambda: self.tc("filter", "del", interface, "ingress", "pref", "1", "handle", "1", "bpf"))

    def test_behind(self):
        """a filter behind weir's is nobody's concern, and what weir drops stays dropped"""
        interface, pin = self.backend.interface, self.strangers.pin("passer")
        self.lab.enforce(ISOLATE_BACKEND)
        self.assert_nobody_told(lambda: self.tc("filter", "add", interface, "egress", "pref", "2", "bpf", "da",
                                                "pinned", pin))
        self.addCleanup(self.tc, "filter", "del", interface, "egress", "pref", "2")
        self.assert_shut(self.frontend, self.backend)

    def test_interface_goes(self):
        """an interface that is deleted is nobody's doing at its hooks"""
        self.lab.add_pod("guest")
        self.lab.settle()
        self.assert_nobody_told(lambda: self.lab.remove_pod("guest"))


class Xdp(StrangerCase):
    @classmethod
    def build(cls):
        cls.lab.options += ["--uplink", "up0"]
        shop(cls.lab, xdp=["backend"])

    def take_one(self, interface):
        self.strangers.detach_link(interface, "egress")

    def xdp_of(self, pod):
        return self.lab.interface(pod.interface)["xdp"]

    def uplink(self):
        return self.lab.status()["uplinks"][0]

    def test_taken(self):
        """XDP that is detached from a pod's interface or the uplink is put back; meanwhile tc enforces"""
        self.lab.enforce(ALLOW_FRONTEND)
        for interface, which in ((self.backend.interface, "xdp"), ("up0", "uplink")):
            with self.subTest(interface):
                self.take(lambda: self.strangers.detach_link(interface, which), "off XDP: what it would drop, tc drops",
                          interface)
                self.assert_enforced()
        self.assertEqual((self.xdp_of(self.backend), self.uplink()["state"]), ("native", "enforced"))

    def test_not_by_ip(self):
        """ip link can't take weir's XDP off, nor put another beside it: the kernel refuses"""
        rival = self.strangers.pin("rival")
        for words in (["xdp", "off"], ["xdpdrv", "pinned", rival], ["xdpgeneric", "pinned", rival]):
            with self.subTest(" ".join(words[:2])):
                def attempt():
                    with self.assertRaises(CommandFailed):
                        self.strangers.run("ip", "link", "set", "dev", self.backend.interface, *words)
                self.assert_nobody_told(attempt)
                self.assertEqual(self.xdp_of(self.backend), "native")

    def test_in_the_way(self):
        """another XDP program, or libxdp's dispatcher, is named, tc enforces, and XDP comes when it has left"""
        interface = self.intruder.interface
        self.lab.enforce(ALLOW_FRONTEND)
        self.addCleanup(self.intruder.announce)
        self.addCleanup(self.intruder.annotations.clear)
        for program, words in (("rival", 'another XDP program "rival" (id '),
                               ("xdp_dispatcher", "libxdp's dispatcher (id ")):
            with self.subTest(program):
                self.strangers.run("ip", "link", "set", "dev", interface, "xdpdrv", "pinned",
                                   self.strangers.pin(program))
                self.intruder.annotations["weir.dev/xdp"] = "on"
                self.intruder.announce()
                done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "it is degraded")
                self.assertIn(f"interface {interface}: attach native XDP: {words}", done.stderr)
                self.assertEqual(self.xdp_of(self.intruder), "off")
                self.assert_enforced()
                self.strangers.run("ip", "link", "set", "dev", interface, "xdpdrv", "off")
                self.lab.until(lambda: self.xdp_of(self.intruder) == "native", "XDP is attached", 8)
                self.assert_done(self.lab.weir("status"))
                del self.intruder.annotations["weir.dev/xdp"]
                self.intruder.announce()
                self.lab.settle()

    def test_taken_and_kept(self):
        """XDP whose place somebody takes is degraded with his name, and back when he has left"""
        interface, restored = self.backend.interface, self.count("hook-restored")
        self.lab.enforce(ALLOW_FRONTEND)
        self.strangers.run("sh", "-c", f"{BPFTOOL} link detach pinned {self.strangers.link(interface, 'xdp')} && "
                           f"ip link set dev {interface} xdpdrv pinned {self.strangers.pin('rival')}")
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "it is degraded")
        self.lab.until(lambda: 'another XDP program "rival"' in self.lab.weir("status").stderr, "he is named")
        self.assertIn("off XDP", done.stderr)
        self.assert_enforced()
        self.strangers.run("ip", "link", "set", "dev", interface, "xdpdrv", "off")
        self.lab.until(lambda: self.count("hook-restored") > restored, "it is put back", 12)
        self.lab.until(lambda: self.lab.weir("status").returncode == 0, "all is well")
        self.assertEqual(self.xdp_of(self.backend), "native")


if __name__ == "__main__":
    main()
