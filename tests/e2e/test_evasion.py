#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packets whose shape is to get them past a filter: out of a pod, and from a neighbour into one."""
from case import LabCase, main, shop
from core_cases import policy
from evasion_rows import Sender, rows
from netns import Host

OPEN_PORTS = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - ports: [{protocol: TCP, port: 8080}, {protocol: UDP, port: 53}]
    """) + policy("""
    podSelector: {matchLabels: {app: intruder}}
    policyTypes: [Egress]
    egress:
    - ports: [{protocol: TCP, port: 8080}, {protocol: UDP, port: 53}]
    """, name="intruder")
STRANGER_MAC, STRANGER4, STRANGER6 = "02:00:0a:c9:01:01", "10.201.0.200", "fd00:201::c8"
TAGS = (b"\x81\0", b"\x88\xa8")


def bare(frame):
    """Without MAC addresses and VLAN tags, which captures don't show as sent."""
    frame = frame[12:]
    while frame[:2] in TAGS:
        frame = frame[4:]
    return frame


class Evasion:
    bridged = True
    xdp = ()

    @classmethod
    def build(cls):
        shop(cls.lab, xdp=cls.xdp)
        cls.stranger = Host(f"{cls.lab.label}-stray")
        cls.addClassCleanup(cls.stranger.close)
        cls.lab.node.ip(
            f"link add stray0 type veth peer name eth0 address {STRANGER_MAC} netns {cls.stranger.netns}",
            "link set stray0 up master br0")
        cls.stranger.ip("link set eth0 up", f"addr add {STRANGER4}/24 dev eth0", f"addr add {STRANGER6}/64 dev eth0 nodad")

    def setUp(self):
        self.lab.enforce(OPEN_PORTS)
        self.explains_drops()

    def assert_stopped(self, sender, mac, addrs, direction):
        victim = self.backend
        frames = Sender(mac, addrs, victim.mac, (victim.addr4, victim.addr6))
        never, wrong, known = set(), [], {}
        victim.do("watch", interface="eth0")
        for what, reason, dropped, passed in rows(frames):
            if reason not in known:
                known[reason] = self.lab.packets(reason, direction)
            sender.do("emit", interface="eth0", frames=[f.hex() for f in (*passed, *dropped)])
            never.update(bare(f) for f in dropped)
            counted = self.lab.packets(reason, direction)
            if counted != known[reason] + len(dropped):
                wrong.append(f"{what}: {reason} counts {counted - known[reason]:.0f}")
            known[reason] = counted
        seen = [f for f in victim.do("unwatch", interface="eth0") if bare(bytes.fromhex(f)) in never]
        self.assertEqual(wrong, [])
        self.assertEqual(seen, [], "these arrive")

    def test_out_of_a_pod(self):
        """none of what a pod sends in such shapes leaves it, and each is counted under its reason"""
        self.assert_stopped(self.intruder, self.intruder.mac, (self.intruder.addr4, self.intruder.addr6), "egress")

    def test_into_a_pod(self):
        """none of what a neighbour sends in such shapes reaches a pod, and each is counted under its reason"""
        self.assert_stopped(self.stranger, STRANGER_MAC, (STRANGER4, STRANGER6), "ingress")

    def test_right_ones_pass(self):
        """what is allowed and of the usual shape passes all the while"""
        for family in (4, 6):
            for sender in (self.stranger, self.intruder):
                self.assert_open(sender, self.backend, 8080, "TCP", family)
                self.assert_open(sender, self.backend, 53, "UDP", family)
                self.assert_shut(sender, self.backend, 8081, "TCP", family)


class Tc(Evasion, LabCase):
    pass


class Xdp(Evasion, LabCase):
    xdp = ("intruder", "backend")


if __name__ == "__main__":
    main()
