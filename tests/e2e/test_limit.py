#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Token buckets: what is asked for is what is delivered, whatever is offered."""
import itertools
import signal
import textwrap
import threading
import time

from case import OPEN_WAIT, LabCase, main, shop
from core_cases import policy

PORT = 9000
SECONDS = 5.0
WARM_UP = 0.5  # drains the bucket, so that the burst is spent before the measurement
TOLERANCE = 0.02
BURST_SECONDS = 0.1  # the default burst
HEADERS4 = 14 + 20 + 8  # Ethernet, IPv4, UDP: a limit in bytes counts whole frames


rule_numbers = itertools.count()


def limited(limit, direction="Ingress", rule=None):
    """A policy with this limit in a rule of its own, unless one is named: a rule's bucket outlives the test."""
    subject, side = ("backend", "from") if direction == "Ingress" else ("frontend", "to")
    peer = "frontend" if subject == "backend" else "backend"
    return policy(f"""
        podSelector: {{matchLabels: {{app: {subject}}}}}
        policyTypes: [{direction}]
        {direction.lower()}:
        - name: {rule or f'paced-{next(rule_numbers)}'}
          {side}: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}]
          limits: [{limit}]
        """, kind="TrafficPolicy", name="limited")


class Meter(LabCase):
    """Sends from frontend, and notes what arrives at backend."""

    def deliver(self, rate, size=64, seconds=SECONDS, warm_up_rate=None):
        """Offers datagrams at a rate for some seconds; arrivals per second once the bucket is drained.

        A bucket forgives a pause of its burst's length at most, so a measurement
        in which the machine kept the sender waiting for longer is made again.
        """
        for _ in range(3):
            self.backend.do("sink", port=PORT)
            try:
                self.flood(warm_up_rate or rate, size, WARM_UP)
                sent = self.flood(rate, size, seconds)
            finally:
                arrivals = self.backend.do("arrivals", port=PORT)
            if sent["late"] < BURST_SECONDS / 2:
                break
        self.assertTrue(arrivals, "nothing arrived")
        end = arrivals[-1][0]
        stamps = [stamp for stamp, _ in arrivals if stamp > end - seconds + 0.1]
        return (len(stamps) - 1) / (stamps[-1] - stamps[0])

    def flood(self, rate, size, seconds):
        return self.frontend.do("flood", host=self.backend.addr4, port=PORT, size=size, rate=rate, seconds=seconds)

    def assert_rate(self, delivered, asked):
        self.assertAlmostEqual(delivered, asked, delta=asked * TOLERANCE)


class Limit(Meter):
    def test_far_over(self):
        """1,000 packets/s asked and 5,000/s offered delivers 1,000/s"""
        self.lab.enforce(limited("{packetsPerSecond: 1000}"))
        self.assert_rate(self.deliver(5000), 1000)

    def test_slightly_over(self):
        """1,000 packets/s asked and 1,100/s offered delivers 1,000/s"""
        self.lab.enforce(limited("{packetsPerSecond: 1000}"))
        self.assert_rate(self.deliver(1100, warm_up_rate=5000), 1000)

    def test_under(self):
        """what stays under the limit is delivered whole"""
        self.lab.enforce(limited("{packetsPerSecond: 1000}"))
        self.backend.do("sink", port=PORT)
        sent = self.flood(900, 64, 2)
        self.assertEqual(len(self.backend.do("arrivals", port=PORT)), sent["sent"])

    def test_bytes(self):
        """1 MB/s asked and 3 MB/s offered delivers 1 MB/s of frames"""
        self.lab.enforce(limited("{bytesPerSecond: 1M}"))
        size = 1000 - HEADERS4
        self.assert_rate(self.deliver(3000, size, seconds=3) * 1000, 1e6)

    def test_egress(self):
        """a limit on what a pod sends holds alike"""
        self.lab.enforce(limited("{packetsPerSecond: 1000}", "Egress"))
        self.assert_rate(self.deliver(5000, seconds=2), 1000)

    def test_burst(self):
        """a full bucket lets exactly its burst through at once"""
        self.lab.enforce(limited("{packetsPerSecond: 10, burst: 40}"))
        self.backend.do("sink", port=PORT)
        self.flood(20000, 64, 0.02)
        self.assertAlmostEqual(len(self.backend.do("arrivals", port=PORT)), 40, delta=1)

    def test_changed(self):
        """a limit that is raised delivers its new rate at once, whatever the old one had refused"""
        self.lab.enforce(limited("{packetsPerSecond: 1, burst: 100}", rule="raised"))
        self.flood(20000, 64, 0.05)
        self.lab.enforce(limited("{packetsPerSecond: 1000}", rule="raised"))
        self.assert_rate(self.deliver(5000, seconds=1), 1000)

    def test_kept_across_restart(self):
        """a limit holds while the agent is away, and a restart refills no bucket"""
        self.lab.enforce(limited("{packetsPerSecond: 20, burst: 100}"))
        self.backend.do("sink", port=PORT)
        self.flood(20000, 64, 0.05)
        self.lab.end_agent()
        self.flood(20000, 64, 0.05)
        self.lab.start_agent()
        self.flood(20000, 64, 0.05)
        arrivals = self.backend.do("arrivals", port=PORT)
        allowed = 100 + 20 * (arrivals[-1][0] - arrivals[0][0])
        self.assertLessEqual(len(arrivals), allowed + 2)
        self.assertGreaterEqual(len(arrivals), 100)

    def test_open_connections(self):
        """of five connections at a time the sixth waits until one is closed, also across kill -9 of the agent"""
        port = 8080
        self.lab.enforce(limited("{maxConnections: 5}"))

        def count():
            return next(i["open"] for i in self.lab.weir_json("get", "limits")["items"]
                        if i["unit"] == "maxConnections")

        def connect(wait=OPEN_WAIT):
            return self.frontend.do("open", host=self.backend.addr4, port=port, protocol="TCP", wait=wait)
        connections = [connect() for _ in range(5)]
        self.assertEqual(count(), 5)
        with self.assertRaises(Exception):
            connect(wait=0.5)
        self.assertEqual(self.lab.end_agent(signal.SIGKILL), -signal.SIGKILL)
        with self.assertRaises(Exception):
            connect(wait=0.5)
        self.frontend.do("close", connection=connections.pop())
        connections.append(connect())
        self.lab.start_agent()
        self.assertEqual(count(), 5)
        self.assertEqual(self.lab.metric("weir_limit_open", limit="maxConnections"), 5)
        for connection in connections:
            self.assertTrue(self.frontend.do("talk", connection=connection, wait=OPEN_WAIT))
            self.frontend.do("close", connection=connection)
        self.lab.until(lambda: count() == 0, "all connections are closed")

    def test_drops_are_counted(self):
        """what a limit drops is counted at the limit"""
        self.lab.enforce(limited("{packetsPerSecond: 10, burst: 1}"))

        def dropped():
            return sum(i["droppedPackets"] for i in self.lab.weir_json("get", "limits")["items"])
        before = dropped()
        self.backend.do("sink", port=PORT)
        sent = self.flood(2000, 64, 0.1)
        arrived = len(self.backend.do("arrivals", port=PORT))
        self.assertEqual(dropped() - before, sent["sent"] - arrived)

    def test_others_unlimited(self):
        """traffic that the limited rule does not match is not slowed"""
        self.lab.enforce(limited("{packetsPerSecond: 10, burst: 1}"))
        self.intruder.do("sink", port=PORT)
        sent = self.frontend.do("flood", host=self.intruder.addr4, port=PORT, size=64, rate=2000, seconds=0.5)
        self.assertEqual(len(self.intruder.do("arrivals", port=PORT)), sent["sent"])


class Goodput(LabCase):
    """TCP under limits in bytes, all at the same time.

    A sender whose whole window is dropped is silent for 200 ms (RTO_MIN), and longer when it happens again: a bucket
    that holds less than that is full before it goes on. So these hold half a second's worth.
    """

    RATES = {7001: 125_000, 7002: 12_500_000, 7003: 125_000_000}  # bytes per second, by port
    SECONDS = 10
    FRAME, PAYLOAD = 1514, 1448  # of a full segment: IPv4, and TCP with timestamps

    def limits(self):
        """The items of get limits by port; the rules are named so."""
        return {int(i["rule"].removeprefix("port-")): i for i in self.lab.weir_json("get", "limits")["items"]
                if i["rule"].startswith("port-")}

    def has_bitten(self):
        return all(item["droppedPackets"] > 0 for item in self.limits().values())

    def test_goodput(self):
        """TCP gets 1 Mbit/s, 100 Mbit/s and 1 Gbit/s of frames to 5 %, and is charged for the segments that arrive"""
        rules = "".join(f"""
            - name: port-{port}
              ports: [{{protocol: TCP, port: {port}}}]
              limits: [{{bytesPerSecond: {rate}, burst: {rate // 2}}}]""" for port, rate in self.RATES.items())
        self.lab.enforce(policy(f"podSelector: {{matchLabels: {{app: backend}}}}\ningress:{textwrap.dedent(rules)}",
                                kind="TrafficPolicy", name="limited"))
        for port in self.RATES:
            self.backend.do("drain", port=port)
            self.frontend.do("pour", host=self.backend.addr4, port=port, congestion="cubic")
        try:
            self.lab.until(self.has_bitten, "all buckets have been emptied once", 30)
            charged, before = self.limits(), self.backend.do("drained")
            time.sleep(self.SECONDS)
            after, charged_after = self.backend.do("drained"), self.limits()
        finally:
            for port in self.RATES:
                self.frontend.do("pour_end", port=port)
        seconds = after["at"] - before["at"]
        for port, rate in self.RATES.items():
            payload, segments = (a - b for a, b in zip(after["came"][str(port)], before["came"][str(port)]))
            self.assertAlmostEqual(payload / self.PAYLOAD * self.FRAME / seconds / rate, 1, delta=0.05, msg=rate)
            passed = charged_after[port]["passedBytes"] - charged[port]["passedBytes"]
            self.assertAlmostEqual(passed / (segments * self.FRAME), 1, delta=0.03, msg=rate)


class Table(Meter):
    def dropped(self):
        rates = self.lab.weir_json("get", "limits")["items"][0]["rates"]
        return rates["dropped"] if rates else 0

    def bites(self):
        return self.lab.status()["limits"]

    def test_level(self):
        """the level of a limit that nobody uses is the whole burst"""
        self.lab.enforce(limited("{packetsPerSecond: 100}"))
        self.assertEqual(self.lab.weir_json("get", "limits")["items"][0]["level"], 100)

    def test_bites(self):
        """status and the log tell when a limit begins to drop, once, and when it is lifted"""
        self.lab.enforce(limited("{packetsPerSecond: 10, burst: 1}"))
        self.lab.until(lambda: self.lab.weir_json("get", "limits")["items"][0]["rates"], "the limit is looked at")
        self.assertEqual(self.bites(), [])
        for _ in range(3):
            self.flood(2000, 64, 0.5)
        bite = self.lab.until(self.bites, "the limit bites")[0]
        self.assertIn("limit 10 packetsPerSecond of TrafficPolicy shop/limited rule paced-", bite["limit"])
        self.assertGreater(bite["bites"]["packets"], 0)
        self.assertIn(" drops since ", self.assert_done(self.lab.weir("status")))
        self.lab.enforce("")
        self.lab.until(lambda: not self.bites(), "the limit is lifted")
        log = self.lab.log_tail(1000)
        for words in (" began to drop: ", " is no longer in force, after "):
            self.assertEqual(log.count(bite["limit"] + words), 1, log)
        told = self.lab.events("--type", "limit-began,limit-calmed", "--since", "60s")
        self.assertEqual([e["type"] for e in told if bite["limit"] in e["message"]], ["limit-began", "limit-calmed"])

    def test_rates(self):
        """get limits measures what is offered, delivered and dropped a second, in 80 columns"""
        self.lab.enforce(limited("{packetsPerSecond: 100}"))
        noise = threading.Thread(target=self.flood, args=(2000, 64, 5))
        noise.start()
        try:
            self.lab.until(lambda: self.dropped() > 1000, "a whole second of the flood was measured")
            lines = self.assert_done(self.lab.weir("get", "limits")).splitlines()
        finally:
            noise.join()
        self.assertLessEqual(max(map(len, lines)), 80, lines)
        self.assertEqual(lines[0].split()[3:9], ["UNIT/S", "ASKED", "OFFERED", "DELIVERED", "DROPPED", "FREE"])
        unit, asked, *rates = lines[1].split()[3:8]
        offered, delivered, dropped = (int(r.replace(",", "")) for r in rates)
        self.assertEqual((unit, asked), ("packets", "100"))
        self.assertLess(int(lines[1].split()[8]), 20, "the bucket of a limit that is exceeded is not full")
        self.assertAlmostEqual(offered, delivered + dropped, delta=2)
        self.assertAlmostEqual(delivered, 100, delta=20)
        self.assertGreater(dropped, delivered)


class Fairness(Meter):
    """Two senders under one rule, told apart by the sizes of what they send."""

    NOISY, QUIET = 64, 65

    def share(self, limit):
        """How much of each one's datagrams arrives, while one sends 50 times what the other does."""
        self.lab.enforce(policy(f"""
            podSelector: {{matchLabels: {{app: backend}}}}
            ingress:
            - name: shared-{next(rule_numbers)}
              limits: [{limit}]
            """, kind="TrafficPolicy", name="limited"))
        self.backend.do("sink", port=PORT)
        noise = threading.Thread(target=self.flood, args=(5000, self.NOISY, 3))
        noise.start()
        try:
            sent = self.intruder.do("flood", host=self.backend.addr4, port=PORT, size=self.QUIET, rate=100, seconds=2)
        finally:
            noise.join()
        sizes = [size for _, size in self.backend.do("arrivals", port=PORT)]
        return sent["sent"], sizes.count(self.QUIET), sizes.count(self.NOISY)

    def test_address(self):
        """per Address, who keeps to the share loses nothing to one who sends 50 times as much"""
        sent, quiet, noisy = self.share("{packetsPerSecond: 150, burst: 100, per: Address}")
        self.assertEqual(quiet, sent)
        self.assertAlmostEqual(noisy, 100 + 3 * 150, delta=50)

    def test_identity(self):
        """per Identity, pods of other labels lose nothing either"""
        sent, quiet, _ = self.share("{packetsPerSecond: 150, burst: 100, per: Identity}")
        self.assertEqual(quiet, sent)

    def test_rule(self):
        """per Rule, the noisy one does take from the other"""
        sent, quiet, _ = self.share("{packetsPerSecond: 150, burst: 100}")
        self.assertLess(quiet, sent / 2)


class Connections(LabCase):
    """A token takes four minutes to come back, so that the time a test takes does not matter."""

    def limit(self, on_deny="Drop"):
        self.lab.enforce(policy(f"""
            podSelector: {{matchLabels: {{app: backend}}}}
            onDeny: {on_deny}
            ingress:
            - name: opened-{next(rule_numbers)}
              limits: [{{connectionsPerSecond: 4m, burst: 3, per: Address}}]
            """, kind="TrafficPolicy", name="limited"))

    def test_burst(self):
        """new connections stop at the limit, for one address; open ones go on"""
        self.limit()
        connections = [self.connect(self.frontend, self.backend) for _ in range(3)]
        self.assert_shut(self.frontend, self.backend)
        for connection in connections:
            for _ in range(20):
                self.assert_talks(self.frontend, connection)
        self.assert_open(self.intruder, self.backend)

    def test_visible(self):
        """get limits tells what passed, what did not, and whose it was"""
        self.limit()
        for _ in range(3):
            self.connect(self.frontend, self.backend)
        self.assert_open(self.intruder, self.backend)
        self.assert_shut(self.frontend, self.backend)
        item = self.lab.weir_json("get", "limits")["items"][0]
        self.assertEqual((item["unit"], item["per"]), ("connectionsPerSecond", "Address"))
        self.assertEqual(item["passedPackets"], 4)
        self.assertGreater(item["droppedPackets"], 0)
        self.assertEqual(item["topSources"], [{"address": self.frontend.addr4, "name": "shop/frontend",
                                               "droppedPackets": item["droppedPackets"],
                                               "droppedBytes": item["droppedBytes"], "open": 0}])
        self.assertIn(f"shop/frontend {self.frontend.addr4}: ", self.assert_done(self.lab.weir("get", "limits", "-o", "wide")))
        metrics = self.assert_done(self.lab.weir("metrics"))
        self.assertIn(f'limit="connectionsPerSecond"}} {item["droppedPackets"]}', metrics)

    def test_rejected(self):
        """with onDeny: Reject a connection over the limit is refused at once"""
        self.limit("Reject")
        for _ in range(3):
            self.connect(self.frontend, self.backend)
        self.assertEqual(self.attempts(self.frontend, [(self.backend, 8080, "TCP", 4)], OPEN_WAIT),
                         ["Connection refused"])


class LimitInXdp(Meter):
    @classmethod
    def build(cls):
        shop(cls.lab, xdp=["frontend", "backend"])

    def test_charged_once(self):
        """where XDP and tc both see a packet, it is charged once"""
        for direction in ("Egress", "Ingress"):
            self.lab.enforce(limited("{packetsPerSecond: 1000}", direction))
            self.assert_rate(self.deliver(3000, seconds=2), 1000)


if __name__ == "__main__":
    main()
