#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir capture: a file that Wireshark reads, with what became of each packet and by which rule."""
import json
import os
import re
import signal
import stat
import subprocess
import time

from capture import INBOUND, OUTBOUND, Capture, info, is_watched, read_packets
from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from lab import OUTSIDE4, WEIR

SHOT, XDP_DROP = "2", "1"
REJECT = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress]
    onDeny: Reject
    """, kind="TrafficPolicy", name="reject")

LIMIT = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress]
    ingress:
    - name: all
      limits: [{packetsPerSecond: 1, burst: 1}]
    """, kind="TrafficPolicy", name="limit")


def of(packets, **wanted):
    """Those whose fields are so; an underscore stands for the dot in a name."""
    return [p for p in packets if all(p[name.replace("_", ".")] == str(value) for name, value in wanted.items())]


class CaptureCase(LabCase):
    settings = {"shieldPacketsPerSecond": 0}  # uplinks decide all, always

    @classmethod
    def build(cls):
        cls.lab.options += ["--uplink", "up0"]
        shop(cls.lab)

    def setUp(self):
        super().setUp()
        self.assertFalse(is_watched(self.lab))

    def start(self, *words):
        capture = Capture(self.lab, *words)
        self.addCleanup(lambda: capture.process.poll() is None and capture.kill())
        return capture

    def until_not_watched(self):
        self.lab.until(lambda: not is_watched(self.lab), "nothing is captured any more")


class Words(CaptureCase):
    """What the file says."""

    def test_denied(self):
        """a denied packet says so, and by which policy, of which pod, under which revision"""
        self.lab.enforce(ISOLATE_BACKEND)
        capture = self.start("--pod", "shop/backend")
        self.assert_shut(self.intruder, self.backend)
        capture.interrupt()
        revision = self.lab.status()["revision"]
        packets = of(capture.packets(), ip_src=self.intruder.addr4, tcp_dstport=8080)
        self.assertTrue(packets)
        self.assertEqual({p["frame.comment"] for p in packets},
                         {"drop policy-default: NetworkPolicy shop/policy isolates; "
                          f"ingress of shop/backend; revision {revision}"})
        self.assertEqual({p["frame.verdict.ebpf_tc"] for p in packets}, {SHOT})

    def test_allowed(self):
        """an allowed packet names its rule, and so does each later one of its connection"""
        self.lab.enforce(ALLOW_FRONTEND)
        capture = self.start("--pod", "shop/backend", "--protocol", "TCP")
        self.assert_open(self.frontend, self.backend)
        capture.interrupt()
        comments = [re.sub("; revision [0-9]+$", "", p["frame.comment"]) for p in capture.packets()]
        self.assertGreater(len(comments), 4)
        self.assertEqual(comments[0], "pass policy-allow: NetworkPolicy shop/policy rule 0; ingress of shop/backend")
        self.assertEqual(set(comments[1:]), {f"pass flow: NetworkPolicy shop/policy rule 0; {way} of shop/backend"
                                             for way in ("ingress", "egress")})

    def test_reasons_without_rules(self):
        """where no rule had a say the reason is told in words"""
        capture = self.start("--pod", "shop/frontend")
        self.frontend.do("emit", interface="eth0",
                         frames=["ff" * 6 + self.frontend.mac.replace(":", "") + "88cc" + "00" * 46])
        self.lab.until(lambda: os.path.getsize(capture.path) > 200, "the packet is there")
        capture.interrupt()
        self.assertIn("drop not-ip: neither IPv4, IPv6 nor ARP; egress of shop/frontend",
                      {re.sub("; revision [0-9]+$", "", p["frame.comment"]) for p in capture.packets()})

    def test_interface_and_direction(self):
        """each packet has the interface it was seen at, whose that is, and whether it came in or went out there"""
        capture = self.start("--host", self.backend.addr4, "--protocol", "TCP")
        self.assert_open(self.frontend, self.backend)
        capture.interrupt()
        packets = of(capture.packets(), ip_src=self.frontend.addr4)
        seen = {(p["frame.interface_name"], p["frame.interface_description"], p["frame.packet_flags_direction"])
                for p in packets}
        self.assertEqual(seen, {(self.frontend.interface, "pod shop/frontend", INBOUND),
                                (self.backend.interface, "pod shop/backend", OUTBOUND)})

    def test_times(self):
        """times are the wall clock's, to the nanosecond, and go forward"""
        before = time.time()
        capture = self.start("--protocol", "TCP")
        for port in range(8080, 8082):
            self.assert_open(self.frontend, self.backend, port)
        capture.interrupt()
        times = [float(p["frame.time_epoch"]) for p in capture.packets()]
        self.assertTrue(all(before - 0.1 <= t <= time.time() + 0.1 for t in times), times)
        self.assertEqual(times, sorted(times))
        self.assertEqual(info(capture.path)["File timestamp precision"], "nanoseconds (9)")
        self.assertEqual(info(capture.path)["Strict time order"], "True")

    def test_file(self):
        """capinfos finds the file clean: who wrote it, on what, how many packets of which interface"""
        capture = self.start("--pod", "shop/backend")
        self.assert_open(self.frontend, self.backend)
        said = capture.interrupt()
        about = info(capture.path)
        version = json.loads(self.lab.weir("version", "-o", "json").stdout)["version"]
        self.assertEqual(about["Capture application"], f"weir {version}")
        self.assertEqual(about["Capture oper-sys"], f"{os.uname().sysname} {os.uname().release}")
        self.assertEqual(about["Capture hardware"], os.uname().machine)
        self.assertEqual(about["Number of interfaces in file"], "1")
        n = len(capture.packets())
        self.assertEqual(about["Number of packets"], str(n))
        self.assertEqual(said, f"{n} packets, 0 lost, to {capture.path}\n")
        self.assertEqual(stat.S_IMODE(os.stat(capture.path).st_mode), 0o600)

    def test_rejected(self):
        """of a rejected connection the packet itself is there, not the answer that is made of it"""
        self.lab.enforce(REJECT)
        capture = self.start("--drops", "--pod", "shop/backend", "--protocol", "TCP")
        self.intruder.do("refusal", host=self.backend.addr4, port=8080, protocol="TCP", wait=3)
        capture.interrupt()
        packets = capture.packets()
        self.assertEqual(len(packets), 1)
        self.assertTrue(packets[0]["frame.comment"].startswith(
            "reject policy-default: TrafficPolicy shop/reject isolates; ingress of shop/backend"))
        self.assertEqual((packets[0]["ip.src"], packets[0]["tcp.flags.reset"]), (self.intruder.addr4, "0"))

    def test_limit(self):
        """what is over a limit names it"""
        self.lab.enforce(LIMIT)
        capture = self.start("--drops", "--pod", "shop/backend", "--protocol", "UDP")
        self.frontend.do("flood", host=self.backend.addr4, port=53, size=10, rate=100, seconds=0.1)
        capture.interrupt()
        self.assertEqual({re.sub("; revision [0-9]+$", "", p["frame.comment"]) for p in capture.packets()},
                         {"drop limit: packetsPerSecond of TrafficPolicy shop/limit rule all; ingress of shop/backend"})

    def test_uplink(self):
        """what ends at the uplink, before an skb is made, is there, once, and says whose it was"""
        self.lab.until(lambda: self.lab.status()["uplinks"][0]["state"] == "enforced", "the uplink is attached")
        self.lab.enforce(ISOLATE_BACKEND)
        capture = self.start("--drops", "--pod", "shop/backend")
        self.assert_shut(self.lab.outside, self.backend, 53, "UDP")
        capture.interrupt()
        packets = of(capture.packets(), ip_src=OUTSIDE4, udp_dstport=53)
        self.assertTrue(packets)
        for packet in packets:
            self.assertIn("; ingress of shop/backend, by XDP; revision", packet["frame.comment"])
            self.assertEqual((packet["frame.interface_name"], packet["frame.interface_description"],
                              packet["frame.packet_flags_direction"], packet["frame.verdict.ebpf_xdp"]),
                             ("up0", "uplink", INBOUND, XDP_DROP))
        self.assertNotIn(self.backend.interface, {p["frame.interface_name"] for p in packets})

    def test_policy_changes_meanwhile(self):
        """packets of before and after a change of policy each tell by what they were judged"""
        self.lab.enforce(ISOLATE_BACKEND)
        capture = self.start("--pod", "shop/backend", "--protocol", "TCP")
        self.assert_shut(self.frontend, self.backend)
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_open(self.frontend, self.backend)
        capture.interrupt()
        verdicts = [p["frame.comment"].split(":")[0] for p in capture.packets()]
        self.assertEqual(verdicts[0], "drop policy-default")
        self.assertIn("pass policy-allow", verdicts)
        self.assertEqual(len({p["frame.comment"].rsplit("revision ", 1)[1] for p in capture.packets()}), 2)


class Bounds(CaptureCase):
    """Which packets, and how much."""

    def test_drops(self):
        """--drops leaves out what passes"""
        self.lab.enforce(ALLOW_FRONTEND)
        capture = self.start("--drops", "--pod", "shop/backend")
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        capture.interrupt()
        packets = capture.packets()
        self.assertTrue(packets)
        self.assertEqual({p["ip.src"] for p in packets if p["ip.src"]}, {self.intruder.addr4})

    def test_filters(self):
        """--host, --port and --protocol leave out the others"""
        for words, family, port, protocol in ((("--port", "53", "--protocol", "UDP"), 4, 53, "UDP"),
                                              (("--host", self.backend.addr6), 6, 8080, "TCP")):
            capture = self.start(*words)
            for target_family, target_port, target_protocol in ((4, 53, "UDP"), (4, 8080, "TCP"), (6, 8080, "TCP")):
                self.assert_open(self.frontend, self.backend, target_port, target_protocol, target_family)
            capture.interrupt()
            packets = capture.packets()
            self.assertTrue(packets)
            for packet in packets:
                self.assertEqual(bool(packet["ipv6.src"]), family == 6)
                if protocol.lower() in packet["frame.protocols"]:  # else neighbours that look for each other
                    self.assertIn(str(port), (packet[f"{protocol.lower()}.{end}port"] for end in ("src", "dst")))
                else:
                    self.assertIn("icmpv6", packet["frame.protocols"])

    def test_headers_only(self):
        """--headers-only has every header and no payload"""
        capture = self.start("--headers-only", "--pod", "shop/backend", "--protocol", "UDP")
        self.assert_open(self.frontend, self.backend, 53, "UDP")
        self.assert_open(self.frontend, self.backend, 53, "UDP", 6)
        capture.interrupt()
        packets = capture.packets()
        self.assertTrue(packets)
        for packet in packets:
            self.assertEqual(packet["frame.cap_len"], "62" if packet["ipv6.src"] else "42")
            self.assertGreater(int(packet["frame.len"]), int(packet["frame.cap_len"]))

    def test_snaplen(self):
        """--snaplen keeps so many bytes and tells how many there were"""
        capture = self.start("--snaplen", "40", "--pod", "shop/backend", "--protocol", "TCP")
        self.assert_open(self.frontend, self.backend)
        capture.interrupt()
        self.assertEqual({p["frame.cap_len"] for p in capture.packets()}, {"40"})
        self.assertTrue(all(int(p["frame.len"]) > 40 for p in capture.packets()))

    def test_count(self):
        """--count ends it by itself"""
        capture = self.start("--count", "3")
        self.assert_open(self.frontend, self.backend)
        code, said = capture.end()
        self.assertEqual((code, said), (0, f"3 packets, 0 lost, to {capture.path}\n"))
        self.assertEqual(len(capture.packets()), 3)
        self.assertFalse(is_watched(self.lab))

    def test_seconds(self):
        """--seconds ends it by itself"""
        capture = self.start("--seconds", "1", "--host", "192.0.2.1")
        self.assertTrue(is_watched(self.lab))
        self.assertEqual(capture.end(), (0, f"0 packets, 0 lost, to {capture.path}\n"))
        self.assertEqual(capture.packets(), [])
        self.assertFalse(is_watched(self.lab))

    def test_size(self):
        """--size ends it by itself, with a file that is no larger and whole"""
        self.backend.do("sink", port=9000)
        capture = self.start("--size", "50k", "--protocol", "UDP", "--pod", "shop/backend")
        self.frontend.do("flood", host=self.backend.addr4, port=9000, size=1000, rate=500, seconds=0.5)
        code, _ = capture.end()
        self.assertEqual(code, 0)
        self.assertLessEqual(os.path.getsize(capture.path), 50000)
        self.assertGreater(len(capture.packets()), 30)
        self.assertEqual(info(capture.path)["Number of packets"], str(len(capture.packets())))

    def test_large_packets(self):
        """packets that are yet to be cut into segments are there whole"""
        self.backend.do("library", port=9001)
        capture = self.start("--pod", "shop/frontend", "--protocol", "TCP")
        self.frontend.do("exchange", host=self.backend.addr4, port=9001, send=1 << 20, receive=0, wait=10)
        capture.interrupt()
        longest = max(capture.packets(), key=lambda p: int(p["frame.len"]))
        self.assertGreater(int(longest["frame.len"]), 9000)
        self.assertEqual(int(longest["frame.cap_len"]), min(int(longest["frame.len"]), 0xff00))


class Life(CaptureCase):
    """Its beginning and its end."""

    def test_pipe(self):
        """-w - is read by tshark as it comes"""
        writer = subprocess.Popen([*self.lab.node.enter(), WEIR, "--socket", self.lab.socket, "capture", "-w", "-"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        reader = subprocess.Popen(["tshark", "-n", "-l", "-c", "2", "-r", "-", "-T", "fields", "-e", "frame.comment"],
                                  stdin=writer.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        writer.stdout.close()
        self.lab.until(lambda: is_watched(self.lab), "the capture has begun")

        def talks():
            self.assert_open(self.frontend, self.backend)
            return reader.poll() is not None

        self.lab.until(talks, "tshark has read two packets", 20)
        self.assertEqual(len(reader.communicate()[0].splitlines()), 2)
        self.lab.until(lambda: talks() and writer.poll() is not None, "the capture ends with its reader", 20)
        self.assertEqual(writer.returncode, 0, writer.stderr.read())
        writer.stderr.close()
        self.until_not_watched()

    def test_killed(self):
        """a client that is killed leaves nothing captured, and a file that is read to where it ends"""
        capture = self.start()
        self.assert_open(self.frontend, self.backend)
        self.lab.until(lambda: os.path.getsize(capture.path) > 2000, "packets are there")
        capture.kill()
        self.until_not_watched()
        self.assertTrue(capture.packets())
        self.start().interrupt()

    def test_agent_killed(self):
        """an agent that is killed meanwhile ends the capture by its next start, and the file keeps what was there"""
        capture = self.start()
        self.assert_open(self.frontend, self.backend)
        self.lab.until(lambda: os.path.getsize(capture.path) > 2000, "packets are there")
        self.lab.end_agent(signal.SIGKILL)
        code, said = capture.end()
        self.assertEqual(code, 1)
        self.assertIn("breaks off", said)
        self.assertTrue(capture.packets())
        self.assertTrue(is_watched(self.lab))
        self.assert_open(self.frontend, self.backend)
        self.lab.start_agent()
        self.assertFalse(is_watched(self.lab))

    def test_agent_ends(self):
        """an agent that is told to end ends the file as it should end"""
        capture = self.start()
        self.assert_open(self.frontend, self.backend)
        self.lab.end_agent()
        code, said = capture.end()
        self.assertEqual(code, 0, said)
        self.assertFalse(is_watched(self.lab))
        self.assertEqual(info(capture.path)["Number of packets"], str(len(capture.packets())))
        self.lab.start_agent()

    def test_one_at_a_time(self):
        """a second capture is refused while one runs"""
        first = self.start()
        self.assert_fails(self.lab.weir("capture", "-w", os.path.join(self.lab.dir, "second")), 1,
                          "somebody is capturing already")
        self.assertFalse(os.path.exists(os.path.join(self.lab.dir, "second")))
        first.interrupt()

    def test_slow_reader(self):
        """a reader that doesn't read loses packets, which are counted, and the agent goes on"""
        self.backend.do("sink", port=9000)
        path = os.path.join(self.lab.dir, "stopped.pcapng")
        capture = Capture(self.lab, "--pod", "shop/backend", path=path)
        capture.process.send_signal(signal.SIGSTOP)
        try:
            self.frontend.do("flood", host=self.backend.addr4, port=9000, size=1400, rate=8000, seconds=1)
            self.assert_open(self.frontend, self.backend)
            self.assertEqual(self.lab.status()["degraded"], [])
        finally:
            capture.process.send_signal(signal.SIGCONT)
        said = capture.interrupt()
        lost = int(re.search(r"([0-9,]+) lost", said)[1].replace(",", ""))
        self.assertGreater(lost, 0)
        self.assertEqual(len(read_packets(path)), int(re.match(r"([0-9,]+) packets", said)[1].replace(",", "")))

    def test_overwrites(self):
        """a file that is there is overwritten, and from then on its owner's alone; when refused it stays as it is"""
        path = os.path.join(self.lab.dir, "old")
        with open(path, "w", encoding="utf-8") as f:
            f.write("x" * 100000)
        os.chmod(path, 0o644)
        self.assert_fails(self.lab.weir("capture", "--pod", "shop/nobody", "-w", path), 1, "no interface on this node")
        self.assertEqual(os.path.getsize(path), 100000)
        self.lab.weir("capture", "--seconds", "1", "--host", "192.0.2.1", "-w", path)
        self.assertEqual(read_packets(path), [])
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_bad_words(self):
        """what is asked for wrongly is told in one line"""
        path = os.path.join(self.lab.dir, "none")
        for code, words, says in ((2, [], "say where to"), (1, ["--port", "0"], "port: must be a number from 1 to"),
                                  (1, ["--host", "x"], "host: \"x\" is not an address"),
                                  (1, ["--protocol", "TPC"], "protocol: \"TPC\" is not"),
                                  (1, ["--pod", "backend"], "is not NAMESPACE/POD"),
                                  (1, ["--count", "0"], "count: must be"), (2, ["--size", "much"], "--size much"),
                                  (1, ["--size", "1"], "bytes: must be"),
                                  (2, ["--snaplen", "60", "--headers-only"], "not both")):
            self.assert_fails(self.lab.weir("capture", *words, *(["-w", path] if says != "say where to" else [])),
                              code, says)
        self.assertFalse(os.path.exists(path))
        self.assert_fails(self.lab.weir("capture", "-w", "/nowhere/file"), 1, "/nowhere/file", "No such file")
        self.until_not_watched()

    def test_no_agent(self):
        """without an agent the exit code is 3"""
        self.assert_fails(self.lab.weir("capture", "-w", os.path.join(self.lab.dir, "none"),
                                        socket=os.path.join(self.lab.dir, "no.sock")), 3, "can't reach the agent")


if __name__ == "__main__":
    main()
