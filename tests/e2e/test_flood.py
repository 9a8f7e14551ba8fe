#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A million packets from a million forged addresses, while connections that were there before go on."""
import os
import subprocess

from case import LabCase, main, shop
from core_cases import policy
from netns import PATIENCE

COUNT = 1_000_000
TALKS = 100
STALL = 1.0 * PATIENCE
TALK_WAIT = 10 * PATIENCE

OPEN_PORTS = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - ports: [{protocol: TCP, port: 8080}, {protocol: UDP, port: 9}]
    """)


class Flood(LabCase):
    settings = {"sweepSeconds": 1}

    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.program = os.path.join(cls.lab.dir, "flood")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flood.c")
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-D_GNU_SOURCE", "-o", cls.program, source], check=True)

    def setUp(self):
        self.lab.enforce(OPEN_PORTS)

    def flood(self, kind, port):
        outside = self.lab.outside
        mac = outside.ip_json("link", "show", "eth0")[0]["address"]
        gateway = self.lab.node.ip_json("link", "show", "up0")[0]["address"]
        words = [self.program, "eth0", mac, gateway, self.backend.addr4, str(port), kind, str(COUNT)]
        done = subprocess.run([*outside.enter(), *words], capture_output=True, text=True, timeout=60 * PATIENCE,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return int(done.stdout.split()[1])

    def talking(self):
        """The connections that backend's side knows, by their ports at the other end."""
        flows = self.lab.flows("--to", "shop/backend", "--from", "shop/frontend", "--pod", "shop/backend",
                               "--state", "ESTABLISHED")
        return {f["from"]["port"] for f in flows if f["table"] == "connections"}

    def evicted(self, table):
        return self.lab.metric("weir_flows_evicted_total", table=table)

    def assert_withstood(self, kind, port, table):
        talks = self.frontend.do("talks_begin", host=self.backend.addr4, port=8080, count=TALKS, wait=TALK_WAIT)
        self.lab.until(lambda: self.frontend.do("talks_now", number=talks)["fewest"] > 1, "all of them talk", TALK_WAIT)
        known, evicted = self.talking(), {t: self.evicted(t) for t in (table, "connections")}
        self.assertEqual(len(known), TALKS)
        rounds = self.frontend.do("talks_now", number=talks)["fewest"]
        took = self.flood(kind, port)
        self.assert_open(self.frontend, self.backend)
        self.lab.until(lambda: self.evicted(table) > evicted[table], f"evictions from {table} are counted", 10)
        self.assertEqual(self.talking(), known)
        self.assertEqual(self.evicted("connections"), evicted["connections"])
        told = self.frontend.do("talks_end", number=talks)
        print(f"# {COUNT} packets in {took} ms; the longest of the others' echoes took {told['longest'] * 1000:.0f} ms; "
              f"{self.evicted(table) - evicted[table]:.0f} {table} evicted")
        self.assertEqual(told["errors"], [])
        self.assertGreater(told["fewest"], rounds)
        self.assertLess(told["longest"], STALL)

    def test_syn(self):
        """a million SYNs of forged addresses push out each other, and none of 100 connections that go on talking"""
        self.assert_withstood("syn", 8080, "openings")

    def test_ack(self):
        """nor does a million segments of connections that never were"""
        self.assert_withstood("ack", 8080, "openings")

    def test_datagrams(self):
        """nor does a million datagrams"""
        self.assert_withstood("udp", 9, "exchanges")


if __name__ == "__main__":
    main()
