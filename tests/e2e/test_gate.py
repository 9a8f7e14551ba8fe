#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The gate: newcomers that the kernel itself closes from their first instant, while an ADD is under way."""
import json
import os
import signal
import subprocess
import sys

import packets
from case import LabCase, main, skip_all
from cni import PLUGINS, CniPod, Refused, conflist
from core_cases import policy
from lab import OUTSIDE4
from netns import Host, run

FLOOD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "early_flood.py")
MARK = b"early-flood"
POD4 = "10.202.77.77"  # of the plugins' network, and nobody's
BROADCAST = "ff:ff:ff:ff:ff:ff"
OUTWARD, INWARD = "02:00:00:00:00:01", "02:00:00:00:00:02"  # who sends
ADDS = 13  # of each plugin
ISOLATED = policy("""
    podSelector: {matchLabels: {app: early}}
    policyTypes: [Ingress, Egress]
    """)


def frame(sender):
    return packets.ether(BROADCAST, sender, packets.IPV4, packets.ipv4(
        POD4, OUTSIDE4, packets.UDP, packets.udp(POD4, OUTSIDE4, (1, 9999), MARK))).hex()


class Flood:
    """A process that sends whatever it can, from now on."""

    def __init__(self, host, prefix, sender, *address):
        self.process = subprocess.Popen([*host.enter(), sys.executable, FLOOD, prefix, frame(sender), *address],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        """How many it has sent of each kind."""
        return [int(n) for n in self.process.communicate("", 20)[0].split()]


class GateCase(LabCase):
    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop", team="web")
        cls.lab.write("isolate.yaml", ISOLATED)

    def gate(self):
        return self.lab.status()["newcomers"]

    def require_gate(self):
        if self.gate()["closedBy"] != "kernel":
            self.skipTest("this kernel can't bind a chain to interfaces that are to come")

    def new_pod(self, name):
        pod = CniPod(self.lab, name)
        self.addCleanup(pod.close)
        return pod

    def expect(self, container="somebody", seconds=0):
        """What the first plugin of a list says."""
        return json.loads(run("curl", "-sf", "--unix-socket", self.lab.socket, "--data", json.dumps(
            {"containerId": container, "ifname": "eth0", "timeoutSeconds": seconds}),
            "http://weir/v1/attachments/expect"))

    def give_up(self, container="somebody"):
        """What DEL says after an ADD that has failed."""
        run("curl", "-sf", "--unix-socket", self.lab.socket, "-X", "DELETE", "--data",
            json.dumps({"containerId": container, "ifname": "eth0"}), "http://weir/v1/attachments")

    def passed(self):
        """The interfaces that may pass by the gate, or None: there is none. Nothing else of it can be listed by an
        nft that doesn't know such chains."""
        table = 2166136261
        for byte in os.path.realpath(self.lab.bpffs).encode():
            table = (table ^ byte) * 16777619 % 2**32
        done = subprocess.run([*self.lab.node.enter(), "nft", "-j", "list", "set", "netdev", f"weir-gate-{table:08x}",
                               "passed"], capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            return None
        sets = [s["set"] for s in json.loads(done.stdout)["nftables"] if "set" in s]
        return [element["concat"][1] for element in sets[0].get("elem", [])]


class FirstInstant(GateCase):
    """Pods that send, and are sent to, in every way from before they have a network."""

    def one(self, pod, config, name):
        """One ADD under fire; what was sent, what got out and what got in."""
        lab = self.lab
        out_before = self.got_out()
        pod.do("watch", interface="")
        # Past the queue of the node's end the node's own processes, which may do so, get past every filter.
        floods = [Flood(pod, "eth", OUTWARD, OUTSIDE4), Flood(lab.node, "veth", INWARD)]
        try:
            pod.container.add(config)
            before = self.sent(pod)
            lab.until(lambda: self.sent(pod) > before + 200, f"{name}: the pod goes on sending", 10)
        finally:
            sent = [flood.end() for flood in floods]
        came_in = [f for f in pod.do("unwatch", interface="") if MARK.hex() in f]
        pod.container.delete(config)
        return sent, self.got_out() - out_before, len(came_in)

    @classmethod
    def build(cls):
        super().build()
        cls.lab.node.run("nft", "add table ip early; add counter ip early out; "
                                "add chain ip early arrive { type filter hook prerouting priority -300; }; "
                                f"add rule ip early arrive ip daddr {OUTSIDE4} udp dport 9999 counter name out")

    def got_out(self):
        """Packets that the node's network layer has taken in."""
        said = json.loads(self.lab.node.run("nft", "-j", "list", "counter", "ip", "early", "out"))
        return next(c["counter"]["packets"] for c in said["nftables"] if "counter" in c)

    def sent(self, pod):
        """How many packets have gone out by its eth0."""
        return pod.ip_json("-s", "link", "show", "eth0")[0]["stats64"]["tx"]["packets"]

    def under_fire(self, plugin, config, adds):
        pod = self.new_pod("early" if self.lab.agent else "alone")
        pod.announce()
        if self.lab.agent:
            self.lab.settle()
        sent, out, into = [], 0, 0
        for number in range(adds):
            s, o, i = self.one(pod, config, f"{plugin} {number}")
            sent.append(s)
            out, into = out + o, into + i
        print(f"# {plugin}: {adds} ADDs, {sum(sum(kinds) for s in sent for kinds in s)} sent; "
              f"{out} got out and {into} got in")
        return sent, out, into

    def nothing_passes(self, plugin):
        sent, out, into = self.under_fire(plugin, conflist(self.lab, plugin), ADDS)
        for kind, numbers in zip(("frames", "frames past the queue", "datagrams"), zip(*(pod for pod, _ in sent))):
            self.assertTrue(all(numbers), f"{kind}: {numbers}")
        self.assertEqual((out, into), (0, 0))
        self.lab.until(lambda: self.passed() is None, "the gate is lifted")
        self.lab.end_agent()
        try:
            _, out, into = self.under_fire(f"{plugin} alone", conflist(self.lab, plugin, with_weir=False), 1)
        finally:
            self.lab.start_agent()
        self.assertTrue(out and into, "the test can't see what passes")

    def test_bridge(self):
        """of all that a pod of the bridge plugin sends and is sent before ADD returns, and after, nothing passes"""
        self.require_gate()
        self.nothing_passes("bridge")

    def test_ptp(self):
        """of all that a pod of the ptp plugin sends and is sent before ADD returns, and after, nothing passes"""
        self.require_gate()
        self.nothing_passes("ptp")


class Gate(GateCase):
    """When it is shut, and for whom."""

    @classmethod
    def build(cls):
        super().build()
        cls.old, cls.other = cls.lab.add_pod("old"), cls.lab.add_pod("other")

    def setUp(self):
        super().setUp()
        self.require_gate()

    def test_life(self):
        """it is shut by the first of those who are expected and lifted by the last, each counted once"""
        self.assertIsNone(self.passed())
        self.assertEqual(self.expect("a"), {"closedBy": "kernel", "why": None, "shut": True, "expected": 1})
        self.assertEqual(self.expect("b")["expected"], 2)
        self.assertEqual(self.expect("a")["expected"], 2)
        self.give_up("a")
        self.assertIsNotNone(self.passed())
        self.assertIn("1 on their way", self.lab.weir("status").stdout)
        self.give_up("a")
        self.give_up("b")
        self.assertIsNone(self.passed())
        self.assertEqual(self.gate(), {"closedBy": "kernel", "why": None, "shut": False, "expected": 0})

    def test_flushed(self):
        """nobody can flush it away while its agent runs"""
        self.expect()
        self.lab.node.run("nft", "flush", "ruleset")
        self.assertIsNotNone(self.passed())
        self.give_up()

    def test_old(self):
        """interfaces that were there before notice nothing of it"""
        connection = self.connect(self.old, self.other)
        self.expect()
        for _ in range(20):
            self.assert_talks(self.old, connection)
        self.assert_open(self.old, self.other)
        self.assert_open(self.other, self.old, protocol="UDP", port=53)
        self.assertTrue({self.old.interface, self.other.interface} <= set(self.passed()))
        self.give_up()
        self.assert_talks(self.old, connection)

    def test_others(self):
        """a newcomer that is no container's may pass at once, a pod's as soon as it has its programs"""
        self.expect()
        self.addCleanup(self.give_up)
        self.lab.node.ip("link add pair0 up type veth peer name pair1", "link set pair1 up")
        self.addCleanup(self.lab.node.ip, "link delete pair0")
        self.lab.until(lambda: {"pair0", "pair1"} <= set(self.passed()), "a pair of the node's own may pass")
        late = self.lab.add_pod("late")
        self.addCleanup(self.lab.remove_pod, "late")
        self.lab.settle()
        self.assert_open(self.old, late)
        self.assertIn(late.interface, self.passed())

    def test_killed(self):
        """it stays shut when the agent is killed; the next one closes what came meanwhile, and detach takes it away"""
        self.expect()
        self.lab.end_agent(signal.SIGKILL)
        stranger = Host(f"{self.lab.label}-stranger")
        self.addCleanup(stranger.close)
        try:
            self.lab.node.ip(f"link add veth-late up type veth peer name eth0 netns {stranger.netns}")
            self.assertNotIn("veth-late", self.passed())
        finally:
            self.lab.start_agent()
        self.assertEqual(self.lab.interface("veth-late")["state"], "closed")
        self.assertIn("veth-late", self.passed())
        self.assertEqual(self.gate()["expected"], 1, "whose ADD was under way")
        self.assert_open(self.old, self.other)
        self.lab.end_agent()
        self.assertIsNotNone(self.passed(), "an ADD may still be under way")
        self.lab.detach()
        self.assertIsNone(self.passed())
        self.lab.start_agent()

    def test_refused(self):
        """without an agent the first plugin fails, and no interface is ever made; or passes where configured so"""
        pod = self.new_pod("web")
        pod.announce()
        self.lab.settle()
        self.lab.end_agent()
        try:
            with self.assertRaises(Refused) as caught:
                pod.container.add(conflist(self.lab))
            self.assertEqual(caught.exception.error["code"], 11)
            self.assertFalse(pod.has("eth0"))
            pod.container.add(conflist(self.lab, agentDown="pass"))
            pod.container.delete(conflist(self.lab))
        finally:
            self.lab.start_agent()


class LeftOpen(GateCase):
    settings = {"newInterfaces": "open"}

    def test_never_shut(self):
        """it is never shut where newcomers are to be left open"""
        self.assertEqual(self.expect()["closedBy"], "nobody")
        self.assertIsNone(self.passed())
        self.assertIn("left open, as configured", self.lab.weir("status").stdout)


if __name__ == "__main__":
    if not os.access(os.path.join(PLUGINS, "bridge"), os.X_OK):
        skip_all("needs the package containernetworking-plugins")
    main()
