#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who talks to whom: every packet is counted once for its pair of workloads, and no count is ever lost."""
import json
import signal
import subprocess

from case import LabCase, main
from core_cases import ALLOW_FRONTEND, policy
from lab import OUTSIDE4

BACK = "shop/backend"
VERDICTS = ("allowed", "denied", "limited", "audited")

LIMITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - name: few
      from: [{podSelector: {matchLabels: {app: frontend}}}]
      limits: [{packetsPerSecond: 1, burst: 2}]
    """, kind="TrafficPolicy", name="few")
AUDITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    mode: Audit
    policyTypes: [Ingress]
    """, kind="TrafficPolicy", name="tried")
NOT_OUT = policy("""
    podSelector: {matchLabels: {app: intruder}}
    policyTypes: [Egress]
    """, name="not-out")


def answer(lab):
    done = subprocess.run(
        [*lab.node.enter(), "curl", "-sf", "--unix-socket", lab.socket, "http://weir/v1/pairs"],
        capture_output=True, text=True, timeout=10, check=True)
    return json.loads(done.stdout)


class PairsCase(LabCase):
    def pair(self, source, destination):
        """What is counted of a pair, by verdict: packets, bytes, connections."""
        item = next((i for i in answer(self.lab)["items"] if (i["source"], i["destination"]) == (source, destination)),
                    {})
        return {v: {"packets": 0, "bytes": 0, "connections": 0} | item.get(v, {}) for v in VERDICTS}

    def grown(self, source, destination, act):
        """By how many packets of each verdict a pair grows."""
        before = self.pair(source, destination)
        act()
        after = self.pair(source, destination)
        return {v: after[v]["packets"] - before[v]["packets"] for v in VERDICTS if after[v] != before[v]}

    def datagrams(self, sender, to, n, port=9000):
        target = to if isinstance(to, str) else to.addr4
        sender.do("flood", host=target, port=port, size=64, rate=1000, seconds=n / 1000)


class Pairs(PairsCase):
    settings = {"pairs": 256}

    def test_allowed(self):
        """a connection between two pods of the node counts once, with all its packets and bytes"""
        before = self.pair("shop/frontend", BACK)["allowed"]
        connection = self.connect(self.frontend, self.backend, 53, "UDP")
        after = self.pair("shop/frontend", BACK)["allowed"]
        self.assertEqual(after["connections"] - before["connections"], 1)
        self.assertEqual(after["packets"] - before["packets"], 2)
        self.assert_talks(self.frontend, connection)
        more = self.pair("shop/frontend", BACK)["allowed"]
        self.assertEqual(more["packets"] - after["packets"], 2)
        self.assertEqual(more["bytes"] - after["bytes"], after["bytes"] - before["bytes"])
        self.assertEqual(more["connections"], after["connections"])

    def test_denied(self):
        """what is denied on the way in counts for the pair, as denied alone"""
        self.lab.enforce(ALLOW_FRONTEND)
        grown = self.grown("shop/intruder", BACK, lambda: self.datagrams(self.intruder, self.backend, 20))
        self.assertEqual(list(grown), ["denied"])
        self.assertGreaterEqual(grown["denied"], 20)

    def test_denied_on_the_way_out(self):
        """what is denied on the way out counts for the pair, be the other end a pod or the world"""
        self.lab.enforce(NOT_OUT)
        for to, name in ((self.backend, BACK), (OUTSIDE4, "world")):
            grown = self.grown("shop/intruder", name, lambda to=to: self.datagrams(self.intruder, to, 10))
            self.assertEqual(list(grown), ["denied"])
            self.assertGreaterEqual(grown["denied"], 10)

    def test_world(self):
        """a pod's traffic to and from outside counts for a pair with the world"""
        self.assertEqual(self.grown("shop/frontend", "world", lambda: self.connect(
            self.frontend, OUTSIDE4, 53, "UDP")), {"allowed": 2})
        self.assertEqual(self.grown("world", BACK, lambda: self.connect(
            self.lab.outside, self.backend, 53, "UDP")), {"allowed": 2})

    def test_limited(self):
        """what is over a limit counts for the pair as limited, and not as allowed"""
        self.lab.enforce(LIMITED)
        grown = self.grown("shop/frontend", BACK, lambda: self.datagrams(self.frontend, self.backend, 50))
        self.assertLessEqual(grown["allowed"], 4)
        self.assertGreaterEqual(grown["limited"], 40)
        self.assertNotIn("denied", grown)

    def test_audited(self):
        """what a policy in audit mode would deny counts as audited"""
        self.lab.enforce(AUDITED)
        grown = self.grown("shop/intruder", BACK, lambda: self.connect(self.intruder, self.backend, 53, "UDP"))
        self.assertEqual(grown, {"audited": 2})

    def test_answer(self):
        """items are sorted by name, and the clock for rates goes on"""
        first, second = answer(self.lab), answer(self.lab)
        names = [(i["source"], i["destination"]) for i in second["items"]]
        self.assertEqual(names, sorted(set(names)))
        self.assertGreater(second["uptimeSeconds"], first["uptimeSeconds"])
        self.assertEqual(set(second["other"]), set(VERDICTS))

    def test_policies_and_pairs_agree(self):
        """a rule's packets are the packets of the pairs that it decided about"""
        self.lab.enforce(ALLOW_FRONTEND)
        rule = {"policy": "policy", "verdict": "drop"}
        before, denied = self.lab.metric("weir_policy_packets_total", **rule), self.pair("shop/intruder", BACK)
        self.datagrams(self.intruder, self.backend, 30)
        self.assertEqual(self.lab.metric("weir_policy_packets_total", **rule) - before,
                         self.pair("shop/intruder", BACK)["denied"]["packets"] - denied["denied"]["packets"])


class Crowded(PairsCase):
    """More pairs one after the other than the table has rows for."""

    settings = {"pairs": 32, "sweepSeconds": 1}
    MANY = 60

    def setUp(self):
        super().setUp()
        self.lab.write("many.json", {"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "namespace": "many",
                                                             "labels": {"app": f"p{n}"}},
             "status": {"podIPs": [{"ip": f"10.201.210.{n}"}]}} for n in range(1, self.MANY + 1)]})
        self.lab.settle()

    def sums(self):
        """Packets that went out of the pod: as pairs have it, and as reasons have it."""
        return (self.lab.metric("weir_pair_packets_total", verdict="pass"),
                sum(self.lab.metric("weir_packets_total", reason=r) for r in ("no-policy", "flow", "icmp-error")))

    def test_rows_are_reclaimed(self):
        """every pair gets a row in the end, no sum loses a packet, and a pair that had a row goes on"""
        before = self.sums()

        def reached(n):
            self.datagrams(self.frontend, f"10.201.210.{n}", 3)
            return self.pair("shop/frontend", f"many/p{n}")["allowed"]["packets"]
        reached(1)
        first = self.pair("shop/frontend", "many/p1")["allowed"]["packets"]
        for n in range(2, self.MANY + 1):
            self.lab.until(lambda n=n: reached(n), f"pair {n} has a row", 20)
        after = self.sums()
        self.assertEqual(after[0] - before[0], after[1] - before[1])
        self.assertEqual(self.pair("shop/frontend", "many/p1")["allowed"]["packets"], first)
        self.assertLessEqual(self.lab.metric("weir_map_entries", map="pairs"), 32)

        self.lab.end_agent(signal.SIGKILL)
        self.lab.start_agent()
        again = self.sums()
        self.assertEqual(again[0] - before[0], again[1] - before[1])
        self.lab.until(lambda: reached(1) > first, "the first pair counts on", 20)


if __name__ == "__main__":
    main()
