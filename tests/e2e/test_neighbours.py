#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may say what on the link: own addresses only, in frames, packets, ARP and neighbour discovery."""
import packets
from case import LabCase, main, shop
from core_cases import policy
from lab import GATEWAY4, GATEWAY6, OUTSIDE6
from packets import ARP, BROADCAST, IPV4, IPV6, SYN, TCP, UDP

STRANGER_MAC, OTHER_MAC = "02:00:0a:c9:01:01", "02:00:0a:c9:01:02"
PREFIX = "fd00:201:77::"
ALL_NODES_MAC = "33:33:00:00:00:01"
DNS = (5000, 53)


def datagram(source, destination):
    return packets.ip(source, destination, UDP, packets.udp(source, destination, DNS, b"?"))


class Spoofing:
    """A mixin: intruder says what is not its to say, and nobody hears it."""

    @classmethod
    def build(cls):
        shop(cls.lab)

    def gateway_mac(self, pod):
        """The address by which frames of a pod leave it."""
        device = "br0" if self.bridged else pod.interface
        return self.lab.node.ip_json("link", "show", device)[0]["address"]

    def frames(self):
        """Each row: what it is, the reason that it is dropped for, the frame."""
        pod, other, gateway = self.intruder, self.backend, self.gateway_mac(self.intruder)
        syn = packets.tcp(other.addr4, self.frontend.addr4, (5000, 8080), SYN)

        def of_pod(kind, payload, destination=gateway):
            return packets.ether(destination, pod.mac, kind, payload)

        def arp(operation, mac, sender, target=GATEWAY4):
            return of_pod(ARP, packets.arp(operation, mac, sender, gateway, target), BROADCAST)

        def advertise(target, source=pod.addr6):
            return of_pod(IPV6, packets.neighbour_advertisement(source, "ff02::1", target, pod.mac), ALL_NODES_MAC)

        own_link = packets.link_local(pod.mac)
        return [
            ("a frame with another's MAC address", "spoofed-mac",
             packets.ether(gateway, other.mac, IPV4, datagram(pod.addr4, self.frontend.addr4))),
            ("an IPv6 frame with a MAC address that is nobody's", "spoofed-mac",
             packets.ether(gateway, OTHER_MAC, IPV6, datagram(pod.addr6, self.frontend.addr6))),
            ("ARP in a frame with another's MAC address", "spoofed-mac", packets.ether(
                BROADCAST, other.mac, ARP, packets.arp(1, other.mac, pod.addr4, gateway, GATEWAY4))),
            ("a datagram with another pod's IPv4 address", "spoofed-address",
             of_pod(IPV4, datagram(other.addr4, self.frontend.addr4))),
            ("a SYN with another pod's IPv4 address", "spoofed-address",
             of_pod(IPV4, packets.ipv4(other.addr4, self.frontend.addr4, TCP, syn))),
            ("a datagram with the gateway's IPv4 address", "spoofed-address",
             of_pod(IPV4, datagram(GATEWAY4, self.frontend.addr4))),
            ("a datagram with an address from far away", "spoofed-address",
             of_pod(IPV4, datagram("192.0.2.1", self.frontend.addr4))),
            ("a datagram from a loopback address", "spoofed-address",
             of_pod(IPV4, datagram("127.0.0.1", self.frontend.addr4))),
            ("a datagram with another pod's IPv6 address", "spoofed-address",
             of_pod(IPV6, datagram(other.addr6, self.frontend.addr6))),
            ("a datagram with a link-local address that its MAC address doesn't make", "spoofed-address",
             of_pod(IPV6, datagram("fe80::1", self.frontend.addr6))),
            ("an ARP reply for another pod's address", "spoofed-neighbour", arp(2, pod.mac, other.addr4)),
            ("an ARP reply for the gateway's address", "spoofed-neighbour", arp(2, pod.mac, GATEWAY4)),
            ("an ARP announcement of another pod's address", "spoofed-neighbour",
             arp(1, pod.mac, other.addr4, other.addr4)),
            ("an ARP reply that gives its own address another MAC address", "spoofed-neighbour",
             arp(2, other.mac, pod.addr4)),
            ("a neighbour advertisement for another pod's address", "spoofed-neighbour", advertise(other.addr6)),
            ("a neighbour advertisement for the gateway's address", "spoofed-neighbour",
             advertise(GATEWAY6, own_link)),
            ("a neighbour advertisement of its own address from another's", "spoofed-neighbour",
             advertise(pod.addr6, other.addr6)),
            ("a router advertisement", "spoofed-neighbour",
             of_pod(IPV6, packets.router_advertisement(own_link, PREFIX), ALL_NODES_MAC)),
        ]

    def test_frames(self):
        """no frame with a foreign MAC or IP address leaves a pod, nor a foreign word in ARP or ND; each is counted"""
        watched = [self.frontend, self.backend]
        for pod in watched:
            pod.do("watch", interface="eth0")
        rows = self.frames()
        for what, reason, frame in rows:
            before = self.lab.packets(reason, "egress")
            self.intruder.do("emit", interface="eth0", frames=[frame.hex()])
            self.lab.until(lambda r=reason, b=before: self.lab.packets(r, "egress") == b + 1, f"{reason}: {what}")
        sent = {frame[12:] for _, _, frame in rows}
        for pod in watched:
            seen = [f for f in pod.do("unwatch", interface="eth0") if bytes.fromhex(f)[12:] in sent]
            self.assertEqual(seen, [], f"{pod.name} hears it")

    def test_other_mac(self):
        """a pod that gives its interface another MAC address is cut off until it takes it back"""
        self.assert_open(self.intruder, self.backend)
        before = self.lab.packets("spoofed-mac", "egress")
        self.intruder.ip(f"link set eth0 address {OTHER_MAC}")
        try:
            self.assert_each(self.intruder, [], [(self.backend, 8080, "TCP", 4), (self.backend, 53, "UDP", 6)])
            self.assertGreater(self.lab.packets("spoofed-mac", "egress"), before)
        finally:
            self.intruder.ip(f"link set eth0 address {self.intruder.mac}")
        self.resolve_again()
        self.assert_open(self.intruder, self.backend)

    def test_other_mac_in_flow(self):
        """nor does anybody else go on with what a pod has begun, under another MAC address"""
        for family, source, to in ((4, self.intruder.addr4, self.backend.addr4),
                                   (6, self.intruder.addr6, self.backend.addr6)):
            own, other = (packets.ether(self.gateway_mac(self.intruder), mac, IPV6 if family == 6 else IPV4,
                                        datagram(source, to)).hex() for mac in (self.intruder.mac, OTHER_MAC))
            passed, spoofed = (self.lab.packets(reason, "egress") for reason in ("flow", "spoofed-mac"))
            self.intruder.do("emit", interface="eth0", frames=[own, own, other, own])
            self.lab.until(lambda n=spoofed: self.lab.packets("spoofed-mac", "egress") == n + 1, "one is dropped")
            self.assertGreaterEqual(self.lab.packets("flow", "egress"), passed + 2)

    def test_other_address(self):
        """an address that a pod gives itself does not get it out"""
        for family in (4, 6):
            self.assert_open(self.intruder, self.backend, family=family)
        for address, to in (("10.201.0.99", self.backend.addr4), ("fd00:201::99", self.backend.addr6)):
            self.intruder.ip(f"addr add {address} dev eth0" + (" nodad" if ":" in address else ""))
            try:
                before = self.lab.packets("spoofed-address", "egress")
                self.assertFalse(self.intruder.do("datagram", source=address, host=to, port=53, size=9, wait=0.35))
                self.assertEqual(self.lab.packets("spoofed-address", "egress"), before + 1)
            finally:
                self.intruder.ip(f"addr del {address} dev eth0")

    def resolve_again(self):
        for host in (self.lab.node, *self.lab.pods.values()):
            for family in ("-4", "-6"):
                host.run("ip", family, "neigh", "flush", "all")

    def test_resolution(self):
        """neighbours find each other by ARP and neighbour discovery, through policies that allow next to nothing"""
        self.lab.enforce(policy("""
            podSelector: {}
            policyTypes: [Ingress, Egress]
            ingress: [{ports: [{protocol: TCP, port: 8080}]}]
            egress: [{ports: [{protocol: TCP, port: 8080}]}]
            """))
        self.resolve_again()
        before = {(reason, way): self.lab.packets(reason, way)
                  for reason in ("arp", "neighbour") for way in ("ingress", "egress")}
        for family in (4, 6):
            self.assert_open(self.frontend, self.backend, family=family)
        for (reason, way), count in before.items():
            self.assertGreater(self.lab.packets(reason, way), count, f"{reason} {way}")

    def test_dhcp(self):
        """a pod may ask for an address before it has one, and so ask for nothing else"""
        for port, reason in ((67, "no-policy"), (53, "spoofed-address")):
            question = packets.udp("0.0.0.0", "255.255.255.255", (68, port), bytes(240))
            frame = packets.ether(BROADCAST, self.intruder.mac, IPV4,
                                  packets.ipv4("0.0.0.0", "255.255.255.255", UDP, question))
            before = self.lab.packets(reason, "egress")
            self.intruder.do("emit", interface="eth0", frames=[frame.hex()])
            self.lab.until(lambda r=reason, b=before: self.lab.packets(r, "egress") > b, reason)

    def test_router_pod(self):
        """a pod that may route for others is not held to its own addresses"""
        frame = packets.ether(self.gateway_mac(self.intruder), self.intruder.mac, IPV4,
                              datagram("192.0.2.1", self.frontend.addr4))
        self.intruder.annotations["weir.dev/anti-spoofing"] = "off"
        self.intruder.announce()
        self.lab.settle()
        try:
            self.frontend.do("watch", interface="eth0")
            self.intruder.do("emit", interface="eth0", frames=[frame.hex()])
            self.lab.until(lambda: any(bytes.fromhex(f)[26:30] == packets.pton("192.0.2.1")
                                       for f in self.frontend.do("watched", interface="eth0")), "it arrives")
            self.frontend.do("unwatch", interface="eth0")
        finally:
            del self.intruder.annotations["weir.dev/anti-spoofing"]
            self.intruder.announce()
            self.lab.settle()


class Routed(Spoofing, LabCase):
    def test_autoconfiguration(self):
        """a pod makes itself an IPv6 address by its router's advertisement, and talks by it"""
        guest = self.lab.add_pod("guest", announce=False)
        self.addCleanup(self.lab.remove_pod, "guest")
        guest.addr6 = packets.in_network(PREFIX, guest.mac)
        guest.announce()
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: guest}}
            policyTypes: [Ingress, Egress]
            egress: [{ports: [{protocol: TCP, port: 8080}]}]
            """))
        guest.ip("addr flush dev eth0 scope global", "route flush dev eth0")
        guest.do("sysctl", values={"ipv6/conf/all/accept_dad": 1, "ipv6/conf/eth0/accept_dad": 1,
                                   "ipv6/conf/eth0/dad_transmits": 1})
        node = self.lab.node
        link = node.ip_json("link", "show", guest.interface)[0]["address"]
        node.ip(f"route add {guest.addr6} dev {guest.interface}")
        frame = packets.ether(ALL_NODES_MAC, link, IPV6,
                              packets.router_advertisement(packets.link_local(link), PREFIX))
        node.do("emit", interface=guest.interface, frames=[frame.hex()])
        self.lab.until(lambda: any(a["local"] == guest.addr6 and not a.get("tentative")
                                   for a in guest.ip_json("-6", "addr", "show", "dev", "eth0")[0]["addr_info"]),
                       f"the pod has {guest.addr6}", 5)
        self.assert_open(guest, OUTSIDE6, family=6)
        self.assert_open(guest, self.backend, family=6)


class Bridged(Spoofing, LabCase):
    bridged = True

    def test_table(self):
        """pods on a bridge believe the owner of an address, and nobody who speaks for it"""
        self.assert_open(self.frontend, self.backend)
        pod, other = self.intruder, self.backend
        for operation in (1, 2):
            frame = packets.ether(self.frontend.mac, pod.mac, ARP, packets.arp(
                operation, pod.mac, other.addr4, self.frontend.mac, self.frontend.addr4))
            before = self.lab.packets("spoofed-neighbour", "egress")
            pod.do("emit", interface="eth0", frames=[frame.hex()])
            self.lab.until(lambda b=before: self.lab.packets("spoofed-neighbour", "egress") == b + 1, "it is dropped")
        known = self.frontend.ip_json("neigh", "show", other.addr4)[0]
        self.assertEqual(known["lladdr"], other.mac)


if __name__ == "__main__":
    main()
