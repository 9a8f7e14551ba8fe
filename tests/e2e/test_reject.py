#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""onDeny: Reject tells a client at once, in both directions and families; mode: Audit lets pass and tells only us."""
import statistics

import packets
from case import OPEN_WAIT, LabCase, main, shop
from core_cases import policy
from netns import PATIENCE
from packets import ACK, IPV4, IPV6, PSH, RST, SYN, TCP, UDP, Frame

MILLISECONDS = 50
ROUNDS = 7
PORT, DATAGRAM_PORT = 8080, 53
ANSWERS = 200  # a second, and as many at once

UNREACHABLE = {4: "EHOSTUNREACH", 6: "EACCES"}


def reject(direction, subject, mode="Enforce"):
    return policy(f"""
        podSelector: {{matchLabels: {{app: {subject}}}}}
        policyTypes: [{direction}]
        onDeny: Reject
        mode: {mode}
        """, kind="TrafficPolicy", name="reject")


class Reject:
    """A mixin. Egress is denied at the client's own pod, ingress at the server's."""

    settings = {"answersPerSecond": ANSWERS, "sweepSeconds": 1}

    @classmethod
    def build(cls):
        shop(cls.lab)

    def setUp(self):
        super().setUp()
        for family in (4, 6):  # neighbours are found
            self.assert_open(self.frontend, self.backend, family=family)

    def each(self):
        for direction, subject in (("Egress", "frontend"), ("Ingress", "backend")):
            self.lab.enforce(reject(direction, subject))
            for family, to in ((4, self.backend.addr4), (6, self.backend.addr6)):
                yield direction, family, to

    def refusal(self, to, port, protocol, size=1):
        return self.frontend.do("refusal", host=to, port=port, protocol=protocol, wait=OPEN_WAIT, size=size)

    def test_connect(self):
        """connect() to a rejected port fails with ECONNREFUSED within 50 ms"""
        for direction, family, to in self.each():
            found = [self.refusal(to, PORT, "TCP") for _ in range(ROUNDS)]
            self.assertEqual({f["error"] for f in found}, {"ECONNREFUSED"}, f"{direction} IPv{family}")
            median = statistics.median(f["ms"] for f in found)
            print(f"# connect() is refused after {median:.3f} ms ({direction} IPv{family}, median of {ROUNDS})")
            self.assertLess(median, MILLISECONDS * PATIENCE)

    def test_datagram(self):
        """a connected UDP socket learns that its datagram was prohibited, whatever its size"""
        for direction, family, to in self.each():
            for size in (0, 1, 1000, 1472, 5000):
                self.assertEqual(self.refusal(to, DATAGRAM_PORT, "UDP", size)["error"], UNREACHABLE[family],
                                 f"{direction}, {size} bytes")

    def test_ping(self):
        """so does a ping"""
        for direction, family, _ in self.each():
            result = self.attempts(self.frontend, [(self.backend, 0, "ICMP", family)], OPEN_WAIT)
            self.assertNotIn(result[0], ("open", "timeout"), f"{direction} IPv{family}")

    def test_open_connection(self):
        """a connection that loses its permission is reset at its next packet, also by one of many segments"""
        for direction, subject in (("Egress", "frontend"), ("Ingress", "backend")):
            for family, length in ((4, 4), (6, 4), (4, 14000), (6, 14000)):
                self.lab.enforce(None)
                client = self.connect(self.frontend, self.backend, family=family)
                self.lab.enforce(reject(direction, subject))
                self.frontend.do("say", connection=client, text="x" * length)
                self.assertTrue(self.frontend.do("wait_closed", connection=client, wait=OPEN_WAIT),
                                f"{direction} IPv{family}, {length} bytes")

    def test_checksums(self):
        """answers to packets that carry their own checksums carry right ones"""
        self.frontend.run("ethtool", "-K", "eth0", "tx", "off")
        self.addCleanup(self.frontend.run, "ethtool", "-K", "eth0", "tx", "on")
        for direction, family, to in self.each():
            self.frontend.do("watch", interface="eth0")
            self.assertEqual(self.refusal(to, PORT, "TCP")["error"], "ECONNREFUSED")
            self.assertEqual(self.refusal(to, DATAGRAM_PORT, "UDP")["error"], UNREACHABLE[family])
            self.assert_right(self.frontend, f"{direction} IPv{family}")

    def assert_right(self, host, what):
        """It has been sent a reset and an ICMP error, both without fault."""
        found = [f for f in map(Frame, host.do("unwatch", interface="eth0")) if f.protocol is not None]
        self.assertTrue(any(f.is_reset() for f in found) and any(f.is_prohibited() for f in found), what)
        wrong = [f.bytes.hex() for f in found if (f.is_reset() or f.is_prohibited()) and not f.is_right()]
        self.assertEqual(wrong, [], what)

    def frame(self, source, destination, protocol, payload):
        device = "br0" if self.bridged else self.frontend.interface
        mac = self.backend.mac if self.bridged else self.lab.node.ip_json("link", "show", device)[0]["address"]
        return packets.ether(mac, self.frontend.mac, IPV6 if ":" in source else IPV4,
                             packets.ip(source, destination, protocol, payload)).hex()

    def answers(self, frames, results=("answered", "unanswered")):
        """The frames that come back; returns once each was answered, or was not."""
        def handled():
            return sum(self.lab.metric("weir_answers_total", result=r) for r in results)
        before = handled()
        self.frontend.do("watch", interface="eth0")
        self.frontend.do("emit", interface="eth0", frames=frames)
        self.lab.until(lambda: handled() >= before + len(frames), "all are handled")
        return [f for f in map(Frame, self.frontend.do("unwatch", interface="eth0"))
                if f.protocol is not None and (f.is_reset() or f.is_prohibited())]

    def test_reset(self):
        """the reset is the one that RFC 9293 asks for, to a SYN and to a segment in mid-stream"""
        for direction, _, to in self.each():
            own = self.frontend.addr6 if ":" in to else self.frontend.addr4
            for flags, ack, expected in ((SYN, 0, (0, 1003, RST | ACK)), (PSH | ACK, 77, (77, 0, RST))):
                segment = packets.tcp(own, to, (5001, PORT), flags, b"hi" if ack else b"ab", seq=1000, ack=ack)
                found = self.answers([self.frame(own, to, TCP, segment)])
                self.assertEqual(len(found), 1, direction)
                self.assertTrue(found[0].is_right(), direction)
                header = found[0].payload
                self.assertEqual((int.from_bytes(header[4:8]), int.from_bytes(header[8:12]), header[13]), expected)
                self.assertEqual((found[0].source, found[0].destination), (to, own))

    def test_never_in_answer(self):
        """neither a reset nor an ICMP error is answered, nor what goes to many"""
        for direction, _, to in self.each():
            if ":" in to:
                own = self.frontend.addr6
                error = packets.icmpv6(own, to, 1, 4, payload=packets.ipv6(
                    to, own, UDP, packets.udp(to, own, (1, 2))))
                frames = [self.frame(own, to, packets.ICMPV6, error)]
            else:
                own = self.frontend.addr4
                error = packets.icmp(3, 3, payload=packets.ipv4(to, own, UDP, packets.udp(to, own, (1, 2))))
                frames = [self.frame(own, to, packets.ICMP, error)]
            for flags in (RST, RST | ACK):
                frames.append(self.frame(own, to, TCP, packets.tcp(own, to, (5002, PORT), flags)))
            if direction == "Egress":
                group = "ff02::99" if ":" in to else "239.1.1.1"
                frames.append(self.frame(own, group, UDP, packets.udp(own, group, (5003, 53), b"?")))
            self.assertEqual(self.answers(frames, ("unanswered",)), [], direction)

    def test_rate(self):
        """no more answers are sent than a set rate, whatever is asked"""
        own, to = self.frontend.addr4, self.backend.addr4
        frames = [self.frame(own, to, UDP, packets.udp(own, to, (6000 + n, 54), b"?")) for n in range(4 * ANSWERS)]
        for direction, family, _ in self.each():
            if family == 4:
                unanswered = self.lab.metric("weir_answers_total", result="unanswered")
                found = self.answers(frames)
                self.assertGreaterEqual(len(found), ANSWERS // 2, direction)
                self.assertLess(len(found), 3 * ANSWERS, direction)
                self.assertGreaterEqual(self.lab.metric("weir_answers_total", result="unanswered"),
                                        unanswered + len(frames) - len(found))


class Routed(Reject, LabCase):
    def test_from_outside(self):
        """a client outside of the node is told as well"""
        self.lab.enforce(reject("Ingress", "backend"))
        for family, to in ((4, self.backend.addr4), (6, self.backend.addr6)):
            for protocol, port, error in (("TCP", PORT, "ECONNREFUSED"), ("UDP", DATAGRAM_PORT, UNREACHABLE[family])):
                found = self.lab.outside.do("refusal", host=to, port=port, protocol=protocol, wait=OPEN_WAIT)
                self.assertEqual(found["error"], error)

    def test_offload(self):
        """answers to packets whose checksums were left to a device leave the node with right ones"""
        self.lab.node.run("ethtool", "-K", "up0", "tx", "off")
        self.addCleanup(self.lab.node.run, "ethtool", "-K", "up0", "tx", "on")
        outside = self.lab.outside
        self.lab.enforce(reject("Ingress", "backend"))
        for family, to in ((4, self.backend.addr4), (6, self.backend.addr6)):
            for size in (0, 1, 2, 7, 600, 1471):
                outside.do("watch", interface="eth0")
                for protocol, port in (("TCP", PORT), ("UDP", DATAGRAM_PORT)):
                    outside.do("refusal", host=to, port=port, protocol=protocol, wait=OPEN_WAIT, size=size)
                self.assert_right(outside, f"IPv{family}, {size} bytes")

    def test_isolated_both_ways(self):
        """the answer comes out of a pod that may itself send nothing"""
        self.lab.enforce(reject("Ingress", "backend") + policy(
            "podSelector: {matchLabels: {app: backend}}\npolicyTypes: [Egress]", name="silent"))
        for to in (self.backend.addr4, self.backend.addr6):
            self.assertEqual(self.refusal(to, PORT, "TCP")["error"], "ECONNREFUSED")


class Bridged(Reject, LabCase):
    bridged = True


class Clsact(Reject, LabCase):
    env = {"WEIR_HOOK": "clsact"}


class Audit(LabCase):
    def verdicts(self, verdict):
        return self.lab.metric("weir_policy_packets_total", verdict=verdict)

    def test_audit(self):
        """what an audit policy would deny works, and is counted as audit, packet by packet"""
        for direction, subject in (("Ingress", "backend"), ("Egress", "frontend")):
            self.lab.enforce(reject(direction, subject, "Audit"))
            for family in (4, 6):
                counted, audited = self.lab.packets("audit", direction.lower()), self.verdicts("audit")
                connection = self.connect(self.frontend, self.backend, family=family)
                first = self.lab.packets("audit", direction.lower())
                self.assertGreater(first, counted)
                self.assertGreater(self.verdicts("audit"), audited)
                self.assert_talks(self.frontend, connection)
                self.assertGreater(self.lab.packets("audit", direction.lower()), first)
                self.assert_open(self.frontend, self.backend, 53, "UDP", family)
                self.assert_open(self.frontend, self.backend, 0, "ICMP", family)

    def test_audit_beside_enforced(self):
        """what another policy denies stays denied, and is not counted as audit"""
        self.lab.enforce(reject("Ingress", "backend", "Audit")
                         + policy("podSelector: {matchLabels: {app: backend}}", name="enforced"))
        before = self.lab.packets("audit", "ingress")
        self.assert_shut(self.frontend, self.backend)
        self.assertEqual(self.lab.packets("audit", "ingress"), before)

    def test_audit_limit(self):
        """what an audit policy's limit would drop arrives, and is counted"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            mode: Audit
            policyTypes: [Ingress]
            ingress: [{name: slow, from: [{podSelector: {}}], limits: [{packetsPerSecond: 1, burst: 1}]}]
            """, kind="TrafficPolicy", name="slow"))
        before = self.lab.metric("weir_limit_audited_total")
        for _ in range(5):
            self.assert_open(self.frontend, self.backend, 53, "UDP")
        self.assertGreaterEqual(self.lab.metric("weir_limit_audited_total"), before + 3)


if __name__ == "__main__":
    main()
