#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What limits do before they drop: congestion marks that real TCP heeds, and pacing where a queue can do it."""
import itertools

from case import LabCase, main, shop
from core_cases import policy
from lab import OUTSIDE_NET4
from netns import PATIENCE, Host

PORT = 9000
FAR4 = "10.201.210.99"
DELAY = 0.005  # each way
RATE, BURST = 2_000_000, 500_000  # the burst forgives a pause of the machine of a quarter of a second
FAST = 12_500_000
SECONDS, WARM_UP = 8, 2
TOLERANCE = 0.05
FRAME, SEGMENT = 1514, 1448  # what a limit in bytes counts, and what of it is the stream's

rule_numbers = itertools.count()


def limited(limit):
    return policy(f"""
        podSelector: {{matchLabels: {{app: frontend}}}}
        policyTypes: [Egress]
        egress:
        - name: eased-{next(rule_numbers)}
          to: [{{ipBlock: {{cidr: {OUTSIDE_NET4}}}}}]
          limits: [{limit}]
        """, kind="TrafficPolicy", name="limited")


class Far(LabCase):
    """Streams to a host behind a link with a delay: without one, TCP can't send slower than two segments a round."""

    @classmethod
    def build(cls):
        shop(cls.lab)
        lab = cls.lab
        cls.far = Host(f"{lab.label}-far")
        cls.addClassCleanup(cls.far.close)
        lab.outside.do("delay_line", names=["near0", "far0"], seconds=DELAY)
        lab.outside.do("sysctl", values={"ipv4/ip_forward": 1})
        lab.outside.ip(f"link set far0 netns {cls.far.netns}", "link set near0 txqueuelen 10000 up",
                       f"route add {FAR4}/32 dev near0")
        cls.far.ip(f"addr add {FAR4}/32 dev far0", "link set far0 txqueuelen 10000 up", "route add default dev far0")
        for host in (cls.far, lab.pods["frontend"]):
            host.do("sysctl", values={"ipv4/tcp_ecn": 1})

    def stream(self, limit):
        """Frames a second once it has found its pace, in bytes; and what both ends have counted."""
        self.lab.enforce(limited(limit))
        hosts = {"sender": self.frontend, "receiver": self.far}
        before = {name: host.do("counters") for name, host in hosts.items()}
        self.far.do("take_stream", port=PORT)
        self.frontend.do("stream_for", host=FAR4, port=PORT, seconds=SECONDS)
        marks = self.far.do("taken_stream", port=PORT, wait=5)
        counted = {name: {k: v - before[name].get(k, 0) for k, v in host.do("counters").items()}
                   for name, host in hosts.items()}
        start = marks[0][0]
        window = [m for m in marks if start + WARM_UP <= m[0] <= start + SECONDS - 0.1]
        rate = (window[-1][1] - window[0][1]) / (window[-1][0] - window[0][0])
        return rate * FRAME / SEGMENT, counted

    def assert_kept(self, asked, limit):
        """That a stream gets what is asked for. A measurement in which the machine paused for longer is made again.

        Who waits for a slow machine gets no more by it, but TCP that has no processor may send less."""
        least, most = asked * (1 - TOLERANCE) / PATIENCE, asked * (1 + TOLERANCE)
        for _ in range(3):
            rate, counted = self.stream(limit)
            if least <= rate <= most:
                break
        self.assertLessEqual(rate, most)
        self.assertGreaterEqual(rate, least)
        return counted

    def item(self):
        return self.lab.weir_json("get", "limits")["items"][0]

    def test_default(self):
        """a stream gets what a limit that only drops allows, with the burst that goes without saying"""
        for asked in (RATE, FAST):
            counted = self.assert_kept(asked, f"{{bytesPerSecond: {asked}}}")
            self.assertGreater(counted["sender"]["TcpRetransSegs"], 0)

    def test_marked(self):
        """a stream under a limit that marks is slowed by the marks, and loses less than under one that drops"""
        limit = f"{{{{bytesPerSecond: {RATE}, burst: {BURST}, onExceed: {{}}}}}}"
        _, dropping = self.stream(limit.format("Drop"))
        self.assertEqual(dropping["receiver"]["IpExtInCEPkts"], 0)
        self.assertEqual(self.item()["markedPackets"], 0)
        marking = self.assert_kept(RATE, limit.format("Mark"))
        lost = {n: c["sender"]["TcpRetransSegs"] for n, c in (("drop", dropping), ("mark", marking))}
        self.assertGreater(marking["receiver"]["IpExtInCEPkts"], 0)
        self.assertGreater(marking["sender"]["TcpExtTCPDeliveredCE"], 0)
        self.assertLess(lost["mark"], lost["drop"] / 2)
        self.assertGreaterEqual(self.item()["markedPackets"], marking["receiver"]["IpExtInCEPkts"])


class Pace(LabCase):
    """The node's uplink is a veth, which has no queue, and not every kernel has fq."""

    PACED = "{bytesPerSecond: 1M, onExceed: Pace}"
    WHY = "packets leave the node by up0, whose qdisc is noqueue, and only fq keeps departure times " \
          "(tc qdisc replace dev up0 root fq)"

    @classmethod
    def build(cls):
        shop(cls.lab)

    def test_applied(self):
        """a limit that paces is refused where the uplink has no fq, saying what to do"""
        self.assert_fails(self.lab.weir("apply", "-f", "-", stdin=limited(self.PACED)), 1,
                          "TrafficPolicy shop/limited rule eased-", "limits[0].onExceed: Pace", self.WHY)
        self.assert_done(self.lab.weir("status"))

    def test_written(self):
        """in the directory it is refused too, and what was in force stays"""
        self.lab.enforce(limited("{bytesPerSecond: 1M}"))
        revision = self.lab.status()["revision"]
        self.lab.write("policy.yaml", limited(self.PACED))
        status = self.lab.until(lambda: (s := self.lab.status())["degraded"] and s, "the policy is refused")
        self.assertEqual(status["revision"], revision)
        self.assertIn(self.WHY, status["degraded"][0])
        self.assertIn(self.WHY, self.lab.events("--type", "policy-refused")[-1]["message"])
        self.lab.enforce("")
        self.assert_done(self.lab.weir("status"))

    def test_audited(self):
        """one that only watches is not"""
        self.lab.enforce(limited(self.PACED).replace("  podSelector", "  mode: Audit\n  podSelector"))
        self.assert_done(self.lab.weir("status"))

    def test_found(self):
        """an agent that finds one at its start enforces it, and says that it does not pace"""
        self.lab.enforce("")
        self.lab.end_agent()
        self.lab.write("policy.yaml", limited(self.PACED))
        self.lab.start_agent()
        status = self.lab.status()
        self.assertIn("Pace has no effect: " + self.WHY, "".join(status["degraded"]))
        self.assertEqual(self.lab.weir_json("get", "limits")["items"][0]["onExceed"], "Pace")
        self.lab.enforce("")
        self.assert_done(self.lab.weir("status"))


if __name__ == "__main__":
    main()
