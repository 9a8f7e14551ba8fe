#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What real stacks do with connections, through pods that are closed but for it."""
import os
import signal
from concurrent.futures import ThreadPoolExecutor

from case import OPEN_WAIT, SHUT_WAIT, LabCase, main
from core_cases import policy
from lab import OUTSIDE4
from netns import Host
from packets import IPV4, RST, TCP, ether, ipv4, tcp

LIBRARY = 7000
MEGABYTES = 4 << 20
TRANSFER_WAIT = 20
BIG = 180000  # bytes of a packet before it is segmented
LONGEST_HEADERS = 100
BIG_TRIES = 5  # a slow machine's TCP takes a while to make them so long
NARROW = 1300  # the MTU of the link to the far host
FAR4, FAR6 = "10.201.220.2", "fd00:201:dc::2"

# Nothing gets in, and out only to the far host.
CLOSED_FRONTEND = policy(f"""
    podSelector: {{matchLabels: {{app: frontend}}}}
    policyTypes: [Ingress, Egress]
    egress:
    - to: [{{ipBlock: {{cidr: {FAR4}/32}}}}, {{ipBlock: {{cidr: "{FAR6}/128"}}}}]
      ports: [{{protocol: TCP, port: {LIBRARY}}}, {{protocol: UDP, port: 53}}, {{protocol: UDP, port: 33434}}]
    """)
# Nothing gets out, and in only to one port.
CLOSED_BACKEND = policy(f"""
    podSelector: {{matchLabels: {{app: backend}}}}
    policyTypes: [Ingress, Egress]
    ingress:
    - ports: [{{protocol: TCP, port: {LIBRARY}}}, {{protocol: UDP, port: 53}}]
    """, name="backend")
ALLOW_FRONTEND = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress, Egress]
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
      ports: [{protocol: TCP, port: 8080, endPort: 8089}]
    """, name="backend")


class Path(LabCase):
    """A far host, two routers away, behind a link that takes less than the others."""

    @classmethod
    def build(cls):
        super().build()
        lab, out = cls.lab, cls.lab.outside
        cls.far = Host(f"{lab.label}-far")
        cls.addClassCleanup(cls.far.close)
        out.do("sysctl", values={"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1})
        out.ip(
            f"link add far0 type veth peer name eth0 netns {cls.far.netns}", "link set far0 up",
            "addr add 10.201.220.1/24 dev far0", "addr add fd00:201:dc::1/64 dev far0 nodad",
            f"route add {FAR4} dev far0 mtu lock {NARROW}", f"route add {FAR6} dev far0 mtu lock {NARROW}")
        cls.far.ip(
            f"addr add {FAR4}/24 dev eth0", f"addr add {FAR6}/64 dev eth0 nodad", "link set eth0 up",
            "route add default via 10.201.220.1", "route add default via fd00:201:dc::1")
        lab.node.ip("route add default via fd00:201:c8::2")
        cls.far.do("library", port=LIBRARY)
        cls.far.do("serve", protocol="UDP", ports=[53])
        lab.pods["backend"].do("library", port=LIBRARY)

    def setUp(self):
        super().setUp()
        for pod in (self.frontend, self.backend):
            for family in ("-4", "-6"):
                pod.run("ip", family, "route", "flush", "cache")

    def mtu(self, pod, to):
        route = pod.ip_json("route", "get", to)[0]
        return next((m["mtu"] for m in route.get("metrics", []) if "mtu" in m), None)

    def assert_transfer(self, sender, to, send, receive):
        done = sender.do("exchange", timeout=TRANSFER_WAIT + 5, host=to, port=LIBRARY, send=send, receive=receive,
                         wait=TRANSFER_WAIT)
        self.assertEqual(done, {"whole": True, "received": receive})

    def test_path_mtu(self):
        """a closed pod's transfer learns of a narrow link by ICMP "too big", and completes"""
        self.lab.enforce(CLOSED_FRONTEND)
        for far in (FAR4, FAR6):
            before = self.lab.packets("icmp-error", "ingress")
            self.assert_transfer(self.frontend, far, MEGABYTES, 0)
            self.assertEqual(self.mtu(self.frontend, far), NARROW)
            self.assertGreater(self.lab.packets("icmp-error", "ingress"), before)

    def test_path_mtu_of_server(self):
        """so does the answer of a pod that lets in one port and nothing out"""
        self.lab.enforce(CLOSED_BACKEND)
        for to, far in ((self.backend.addr4, FAR4), (self.backend.addr6, FAR6)):
            self.assert_transfer(self.far, to, 0, MEGABYTES)
            self.assertEqual(self.mtu(self.backend, far), NARROW)

    def test_fragments(self):
        """datagrams of many fragments go both ways between closed pods, on the ports that policy names"""
        self.lab.enforce(CLOSED_BACKEND)
        for to in (self.backend.addr4, self.backend.addr6):
            for size in (1473, 3000, 60000):
                self.assertTrue(self.datagram(self.frontend, to, 53, size, OPEN_WAIT), f"{size} bytes to {to}")
            self.assertFalse(self.datagram(self.frontend, to, 54, 3000, 0.35), f"the other port of {to}")

    def test_fragments_on_the_way(self):
        """datagrams that a router or the pod cuts for a narrow link arrive, and so do their echoes"""
        self.lab.enforce(CLOSED_FRONTEND)
        for far in (FAR4, FAR6):
            # The first may be lost to path MTU discovery.
            self.lab.until(lambda far=far: self.datagram(self.frontend, far, 53, 4000, 0.5), f"an echo from {far}")

    @staticmethod
    def datagram(sender, to, port, size, wait):
        return sender.do("datagram", host=to, port=port, size=size, wait=wait)

    def test_ping(self):
        """a pod that lets nothing in can ping, and can't be pinged"""
        self.lab.enforce(policy("podSelector: {matchLabels: {app: frontend}}\npolicyTypes: [Ingress]"))
        for family in (4, 6):
            self.assert_open(self.frontend, self.backend, 0, "ICMP", family)
            self.assert_shut(self.backend, self.frontend, 0, "ICMP", family)
        self.assert_open(self.frontend, FAR4, 0, "ICMP")
        self.assert_open(self.frontend, FAR6, 0, "ICMP", 6)
        for to in (self.backend.addr4, self.backend.addr6):
            self.assertTrue(self.datagram(self.frontend, to, 0, 5000, OPEN_WAIT), f"5000 bytes to {to}")
        for to in (self.frontend.addr4, self.frontend.addr6):
            self.assertFalse(self.datagram(self.backend, to, 0, 5000, SHUT_WAIT), f"5000 bytes to {to}")

    def test_traceroute(self):
        """every router on the way answers a closed pod's traceroute, and the end says that nobody listens"""
        self.lab.enforce(CLOSED_FRONTEND)
        for far, node, router, ends in ((FAR4, "10.201.0.254", OUTSIDE4, ([11, 0], [3, 3])),
                                        (FAR6, "fd00:201::fe", "fd00:201:c8::2", ([3, 0], [1, 4]))):
            found = self.frontend.do("hops", host=far, port=33434, most=3, wait=OPEN_WAIT)
            exceeded, refused = ends
            self.assertEqual(found, [[node, *exceeded], [router, *exceeded], [far, *refused]])

    def test_half_close(self):
        """a client that has ended its own direction is sent all of a long answer"""
        self.lab.enforce(CLOSED_BACKEND)
        for to in (self.backend.addr4, self.backend.addr6):
            self.assert_transfer(self.frontend, to, 100000, 4 * MEGABYTES)


class Big(LabCase):
    """Packets beyond 64 KiB, which no length field can tell, between pods on a bridge.

    Where the node routes, the kernel takes the header that such a packet has over IPv6 for a part of its segments, and
    refuses them as too big where the MTU leaves no room for it.
    """

    bridged = True

    @classmethod
    def build(cls):
        super().build()
        cls.lab.pods["backend"].do("library", port=LIBRARY)

    def setUp(self):
        super().setUp()
        for host, interface in ((self.frontend, "eth0"), (self.lab.node, self.frontend.interface),
                                (self.lab.node, self.backend.interface), (self.backend, "eth0")):
            host.do("enlarge", interface=interface, size=BIG)

    def assert_big(self, family):
        """A transfer, on the only port that policy names: what leaves the node is looked at behind the programs."""
        self.lab.enforce(CLOSED_BACKEND)
        to = self.backend.addr6 if family == 6 else self.backend.addr4
        longest = 0
        for _ in range(BIG_TRIES):
            self.lab.node.do("measure", interface=self.backend.interface)
            done = self.frontend.do("exchange", timeout=TRANSFER_WAIT + 5, host=to, port=LIBRARY, send=8 * MEGABYTES,
                                    receive=0, wait=TRANSFER_WAIT)
            longest = max(longest, self.lab.node.do("measured", interface=self.backend.interface))
            self.assertEqual(done, {"whole": True, "received": 0})
            if longest > 65536 + LONGEST_HEADERS:
                break
        self.assertGreater(longest, 65536 + LONGEST_HEADERS)
        self.assert_shut(self.frontend, self.backend, 8080, family=family)

    def test_ipv6(self):
        """packets of 180,000 bytes ("BIG TCP") pass to the port that policy names, and no other, over IPv6"""
        self.assert_big(6)

    def test_ipv4(self):
        """packets of 180,000 bytes pass over IPv4 likewise"""
        if tuple(int(n) for n in os.uname().release.split(".")[:2]) < (6, 3):
            self.skipTest("before Linux 6.3 there are none over IPv4")
        self.assert_big(4)


class Connections(LabCase):
    """The life of one connection; flow state is short-lived here."""

    settings = {"timeouts": {"established": 2, "synSent": 2, "synReceived": 2, "finWait": 2, "closeWait": 2},
                "sweepSeconds": 1}

    def flows(self, *words):
        """What backend's side knows of the connections to it."""
        return self.lab.flows("--to", "shop/backend", "--pod", "shop/backend", *words)

    def flow(self, port):
        found = self.flows("--port", str(port))
        self.assertEqual(len(found), 1, found)
        return found[0]

    def pair(self, client, port, family=4, source_port=0):
        """A connection of client to backend: its two ends, both to be moved by hand."""
        self.backend.do("listen", port=port)
        try:
            host = self.backend.addr6 if family == 6 else self.backend.addr4
            opened = client.do("open_from", source_port=source_port, host=host, port=port, wait=OPEN_WAIT)
            return opened, self.backend.do("accept", port=port, wait=OPEN_WAIT)
        finally:
            self.backend.do("unlisten", port=port)

    def assert_hears(self, host, connection, text):
        self.assertTrue(host.do("hears", connection=connection, text=text, wait=OPEN_WAIT),
                        f"{text} does not come{self.lab.log_tail()}")

    def test_idle(self):
        """what idles beyond its time is forgotten: only who may open it can go on, and then it is whole again"""
        self.lab.enforce(ALLOW_FRONTEND)
        for family, port in ((4, 8088), (6, 8089)):
            client, server = self.pair(self.frontend, port, family)
            self.lab.until(lambda port=port: not self.flows("--port", str(port)), "the flow is forgotten", 10)
            refused = self.lab.packets("policy-default", "egress")
            self.backend.do("say", connection=server, text="answer")
            self.assertFalse(self.frontend.do("hears", connection=client, text="answer", wait=SHUT_WAIT))
            self.assertGreater(self.lab.packets("policy-default", "egress"), refused)
            self.frontend.do("say", connection=client, text="question")
            self.assert_hears(self.backend, server, "question")
            self.assert_hears(self.frontend, client, "answer")
            flow = self.flow(port)
            self.assertEqual((flow["state"], flow["table"]), ("ESTABLISHED", "connections"))
            self.frontend.do("close", connection=client)
            self.backend.do("close", connection=server)

    def test_life(self):
        """the state of a connection follows its two ends, and what ends first may be sent more"""
        client, server = self.pair(self.frontend, 8087)
        self.assertEqual(self.flow(8087)["state"], "ESTABLISHED")
        self.frontend.do("finish", connection=client)
        self.assertTrue(self.backend.do("wait_closed", connection=server, wait=OPEN_WAIT))
        self.assertEqual(self.flow(8087)["state"], "FIN_WAIT")
        self.backend.do("say", connection=server, text="more")
        self.assert_hears(self.frontend, client, "more")
        self.backend.do("close", connection=server)
        self.assertTrue(self.frontend.do("wait_closed", connection=client, wait=OPEN_WAIT))
        self.assertEqual(self.flow(8087)["state"], "TIME_WAIT")
        self.frontend.do("close", connection=client)

    def test_port_reuse(self):
        """the same ports again are another connection: decided anew, counted anew, however the last one ended"""
        self.lab.enforce(ALLOW_FRONTEND)
        for ending in ("close", "abort"):
            for _ in range(3):
                allowed = self.lab.packets("policy-allow", "ingress")
                client, server = self.pair(self.frontend, 8086, source_port=40000)
                self.frontend.do("say", connection=client, text="question")
                self.assert_hears(self.backend, server, "question")
                flow = self.flow(8086)
                self.assertEqual(self.lab.packets("policy-allow", "ingress"), allowed + 1)
                self.assertEqual((flow["from"]["port"], flow["state"]), (40000, "ESTABLISHED"))
                self.assertLess(flow["sent"]["packets"], 5)
                # Who ends first has to wait before it uses the ports again: the server.
                self.backend.do(ending, connection=server)
                self.assertTrue(self.frontend.do("wait_closed", connection=client, wait=OPEN_WAIT))
                self.frontend.do("close", connection=client)
                self.assertIn(self.flow(8086)["state"], {"close": ["TIME_WAIT"], "abort": ["CLOSED"]}[ending])

    def test_port_reuse_denied(self):
        """the same ports again are not let in by what the last connection on them was allowed"""
        self.lab.enforce(ALLOW_FRONTEND)
        self.backend.do("listen", port=8085)
        self.addCleanup(self.backend.do, "unlisten", port=8085)
        client = self.frontend.do("open_from", source_port=40001, host=self.backend.addr4, port=8085, wait=OPEN_WAIT)
        self.frontend.do("abort", connection=client)
        self.lab.enforce(ALLOW_FRONTEND.replace(", endPort: 8089", ""))
        with self.assertRaises(OSError):
            self.frontend.do("open_from", source_port=40001, host=self.backend.addr4, port=8085, wait=SHUT_WAIT)

    def test_simultaneous_open(self):
        """two ends whose SYNs cross have one connection"""
        self.cross(self.frontend, self.backend)

    def test_simultaneous_open_closed(self):
        """so have two of which one lets nobody in"""
        self.lab.enforce(policy("podSelector: {matchLabels: {app: frontend}}\npolicyTypes: [Ingress]"))
        self.cross(self.frontend, self.backend)

    def cross(self, a, b):
        """The node holds both SYNs back, as it may not know yet where to send them."""
        pods = ((a, 9001, b, 9002), (b, 9002, a, 9001))
        node = self.lab.node
        for pod, *_ in pods:
            pod.do("sysctl", values={"ipv4/conf/eth0/arp_ignore": 8})
            node.run("ip", "neigh", "flush", "dev", pod.interface)
        try:
            with ThreadPoolExecutor() as threads:
                opened = [threads.submit(pod.do, "open_from", source_port=port, host=to.addr4, port=other,
                                         wait=OPEN_WAIT) for pod, port, to, other in pods]
                self.lab.until(lambda: len(self.unresolved()) == 2, "both SYNs wait at the node")
                for pod, *_ in pods:
                    node.ip(f"neigh replace {pod.addr4} lladdr {pod.mac} nud reachable dev {pod.interface}")
                ends = [o.result() for o in opened]
        finally:
            for pod, *_ in pods:
                pod.do("sysctl", values={"ipv4/conf/eth0/arp_ignore": 0})
        a.do("say", connection=ends[0], text="across")
        self.assert_hears(b, ends[1], "across")
        b.do("say", connection=ends[1], text="back")
        self.assert_hears(a, ends[0], "back")
        flows = self.lab.flows("--port", "9001") + self.lab.flows("--port", "9002")
        self.assertEqual([f["table"] for f in flows], ["connections"] * 2, flows)
        for pod, end in zip((a, b), ends):
            pod.do("abort", connection=end)

    def unresolved(self):
        return [n for n in self.lab.node.ip_json("neigh", "show", "nud", "incomplete") if "." in n["dst"]]

    def test_stray_reset(self):
        """a reset that its receiver does not believe ends neither the connection nor its entry"""
        outside = self.lab.outside
        client, server = self.pair(outside, 8083, source_port=40002)
        gateway = outside.ip_json("neigh", "show", "10.201.200.1")[0]["lladdr"]
        mac = outside.ip_json("link", "show", "eth0")[0]["address"]
        frames = [ether(gateway, mac, IPV4, ipv4(OUTSIDE4, self.backend.addr4, TCP, tcp(
            OUTSIDE4, self.backend.addr4, (40002, 8083), RST, seq=seq))).hex() for seq in range(0, 1 << 32, 1 << 28)]
        before = self.lab.metric("weir_packets_total", direction="ingress")
        outside.do("emit", interface="eth0", frames=frames)
        self.lab.until(lambda: self.lab.metric("weir_packets_total", direction="ingress") >= before + len(frames),
                       "the resets are seen")
        self.assertEqual(self.flow(8083)["state"], "ESTABLISHED")
        outside.do("say", connection=client, text="still here")
        self.assert_hears(self.backend, server, "still here")


class Restart(LabCase):
    """Connections and the life of the agent."""

    COUNT = 20

    def flows(self):
        return [f for f in self.lab.flows("--pod", "shop/backend", "--port", "8080") if f["table"] == "connections"]

    def talks(self):
        self.lab.enforce(ALLOW_FRONTEND)
        talks = self.frontend.do("talks_begin", host=self.backend.addr4, port=8080, count=self.COUNT, wait=OPEN_WAIT)
        self.lab.until(lambda: self.frontend.do("talks_now", number=talks)["fewest"] > 2, "all of them talk")
        return talks

    def assert_all_talk(self, talks):
        rounds = self.frontend.do("talks_now", number=talks)["fewest"]
        self.lab.until(lambda: self.frontend.do("talks_now", number=talks)["fewest"] > rounds + 2, "all talk on", 10)

    def test_killed(self):
        """transfers go on while the agent is killed and started again, under the entries that they had"""
        talks = self.talks()
        opened = self.lab.metric("weir_flows_entered_total", table="connections")
        self.lab.end_agent(signal.SIGKILL)
        self.assert_all_talk(talks)
        self.lab.start_agent()
        self.assert_all_talk(talks)
        self.assertEqual(self.frontend.do("talks_end", number=talks)["errors"], [])
        self.assertEqual(self.lab.metric("weir_flows_entered_total", table="connections"), opened)

    def test_lost(self):
        """transfers go on after everything that was known of them is lost"""
        talks = self.talks()
        self.lab.end_agent()
        self.assert_done(self.lab.detach())
        self.lab.start_agent()
        self.assert_all_talk(talks)
        self.assertEqual(len(self.flows()), self.COUNT)
        self.assertEqual(self.frontend.do("talks_end", number=talks)["errors"], [])


if __name__ == "__main__":
    main()
