#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""XDP where the node is reached: what is denied from outside ends there, and nothing else changes."""
import signal

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, CoreCases
from kernel import interface_state, pinned
from lab import OUTSIDE4, OUTSIDE6, Lab
from netns import run

UPLINK = "up0"


class UplinkCase(LabCase):
    @classmethod
    def build(cls):
        cls.lab.options += ["--uplink", UPLINK]
        shop(cls.lab)

    def uplinks(self):
        return {u["interface"]: u for u in self.lab.status()["uplinks"]}

    def attached(self):
        """The uplink, once it is what it should be."""
        return self.lab.until(lambda: next((u for u in self.uplinks().values() if u["state"] == "enforced"), None),
                              "the uplink is attached")

    def received(self):
        """How many IPv4 packets have come to the node's stack."""
        lines = run(*self.lab.node.enter(), "cat", "/proc/net/snmp").splitlines()
        names, values = (line.split()[1:] for line in lines if line.startswith("Ip:"))
        return int(dict(zip(names, values))["InReceives"])


class Uplink(CoreCases, UplinkCase):
    """All that holds without uplinks holds with one that decides everything."""

    settings = {"shieldPacketsPerSecond": 0}

    def test_attached(self):
        """status lists the uplink and how it is attached, and the kernel agrees"""
        uplink = self.attached()
        self.assertEqual((uplink["interface"], uplink["xdp"], uplink["note"]), (UPLINK, "native", None))
        self.assertIn("UPLINK", self.lab.weir("status").stdout)
        self.assertTrue(interface_state(self.lab.node, UPLINK)["xdp"])
        self.assertNotIn(UPLINK, [i["interface"] for i in self.lab.status()["interfaces"]])

    def test_dropped_there(self):
        """what is denied from outside never gets to the node's stack, and is counted"""
        self.attached()
        self.lab.enforce(ISOLATE_BACKEND)
        before = self.received()
        self.assert_shut(self.lab.outside, self.backend, 53, "UDP")
        self.assertEqual(self.received(), before)
        self.assertRegex(self.lab.weir("metrics").stdout,
                         r'weir_packets_total\{direction="ingress",verdict="drop",reason="policy-default"\} [1-9]')

    def test_passed(self):
        """what is let in from outside comes in, and so do answers from there"""
        self.attached()
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_open(self.lab.outside, self.intruder)
        for address in (OUTSIDE4, OUTSIDE6):
            self.assert_talks(self.backend, self.connect(self.backend, address))

    def test_restart(self):
        """the uplink outlives the agent, and the next one updates it in place"""
        self.attached()
        self.lab.enforce(ISOLATE_BACKEND)
        links = self.links()
        self.assertEqual(len(links), 1)
        self.lab.end_agent(signal.SIGKILL)
        before = self.received()
        self.assert_shut(self.lab.outside, self.backend, 53, "UDP")
        self.assertEqual(self.received(), before)
        self.lab.start_agent()
        self.attached()
        self.assertEqual(self.links(), links)

    def links(self):
        return {path: number for path, (kind, number) in pinned(self.lab.bpffs).items()
                if kind == "link" and "uplink" in path}

    def test_stopped_without(self):
        """an agent that starts without the uplink takes it off, and detach leaves nothing of it"""
        self.attached()
        self.lab.end_agent()
        words, self.lab.options = self.lab.options, []
        try:
            self.lab.start_agent()
            self.lab.until(lambda: not interface_state(self.lab.node, UPLINK)["xdp"], "the uplink is free")
        finally:
            self.lab.end_agent()
            self.lab.options = words
            self.lab.start_agent()
        self.attached()


class Shield(UplinkCase):
    """An uplink that is only called in a flood."""

    settings = {"shieldPacketsPerSecond": 50, "shieldSeconds": 2}

    def knock(self):
        """A few packets that are denied; how many of them came to the node's stack."""
        before = self.received()
        self.assert_shut(self.lab.outside, self.backend, 53, "UDP")
        return self.received() - before

    def test_flood(self):
        """in calm denied packets come to the stack, in a flood they end at the uplink, and afterwards come again"""
        self.attached()
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertGreater(self.knock(), 0)
        self.lab.outside.do("flood", host=self.backend.addr4, port=53, size=64, rate=2000, seconds=0.5)
        self.assertEqual(self.knock(), 0)
        self.lab.until(lambda: self.backend.addr4 in self.lab.status()["shields"], "the shield is told of", 5)
        self.assert_open(self.lab.outside, self.intruder)
        self.lab.until(lambda: self.knock() > 0, "the shield is down again", 20)
        self.lab.until(lambda: not self.lab.status()["shields"], "the calm is told of", 5)
        told = self.lab.events("--type", "shield-up,shield-down", "--since", "60s")
        self.assertEqual([e["type"] for e in told if self.backend.addr4 in e["message"]], ["shield-up", "shield-down"])
        log = self.lab.log_tail(200)
        self.assertIn(f"dropped at the uplink now for {self.backend.addr4}", log)
        self.assertIn(f"calm again for {self.backend.addr4}", log)


class Auto(LabCase):
    """--uplink auto"""

    @classmethod
    def build(cls):
        cls.lab.options += ["--uplink", "auto"]
        shop(cls.lab)

    def test_default_route(self):
        """the interface of the default route is found, and left when the route goes elsewhere"""
        lab = self.lab

        def uplinks():
            return [u["interface"] for u in lab.status()["uplinks"] if u["state"] == "enforced"]
        lab.until(lambda: uplinks() == [UPLINK], "the default route's interface is an uplink")
        lab.node.ip("link add up1 type veth peer name up2", "addr add 10.201.222.1/24 dev up1", "link set up2 up",
                    "link set up1 up", "route replace default via 10.201.222.2")
        try:
            lab.node.ip("link set up2 mtu 1400")  # a change that the agent hears of
            lab.until(lambda: uplinks() == ["up1"], "the new default route's interface is the uplink")
            self.assertFalse(interface_state(lab.node, UPLINK)["xdp"])
        finally:
            lab.node.ip("route replace default via 10.201.200.2", "link delete up1")
        lab.until(lambda: uplinks() == [UPLINK], "the first one is the uplink again")


class Missing(LabCase):
    """An uplink that isn't there."""

    @classmethod
    def build(cls):
        cls.lab.options += ["--uplink", "up9"]
        shop(cls.lab)

    def test_appears(self):
        """an uplink that isn't there is named in status, attached when it appears, and never closed"""
        done = self.lab.until(lambda: (d := self.lab.weir("status")).returncode == 1 and d, "status is degraded")
        self.assertIn("uplink up9: the interface isn't there", done.stderr)
        self.assert_open(self.frontend, self.backend)
        self.lab.node.ip(f"link add up9 type veth peer name eth9 netns {self.lab.outside.netns}", "link set up9 up")
        try:
            self.lab.until(lambda: self.lab.weir("status").returncode == 0, "all is well")
            self.assertEqual(self.lab.status()["uplinks"][0]["state"], "enforced")
            self.assertIsNone(self.lab.interface("up9"))
        finally:
            self.lab.node.ip("link delete up9")
        self.lab.until(lambda: self.lab.weir("status").returncode == 1, "it is missing again")

    def test_container(self):
        """a container's interface is refused as an uplink"""
        lab = Lab("b", options=["--uplink", "veth-solo"])
        self.addCleanup(lab.close)
        lab.add_namespace("shop")
        lab.add_pod("solo")
        lab.start_agent()
        done = lab.until(lambda: (d := lab.weir("status")).returncode == 1 and d, "status is degraded")
        self.assertIn("uplink veth-solo: it is a container's interface", done.stderr)


if __name__ == "__main__":
    main()
