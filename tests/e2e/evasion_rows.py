# SPDX-License-Identifier: BSD-2-Clause
"""What hping3, nmap and their like send to get past a filter: rows for test_evasion.py.

Each row is what it is, the reason that its packets are dropped for, those
packets, and others that come before them and pass. Of the victim's ports TCP
8080 and UDP 53 are open, and nothing else is.
"""
import itertools
import struct

from packets import (ACK, DESTINATION, FIN, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, IPV4, IPV6, PSH, ROUTING, RST, SYN, TCP,
                     UDP, URG, ether, icmp, icmpv6, ipv4, ipv6, ipv6_fragment, pton, tcp, udp)

OPEN, CLOSED = 8080, 8081
OPEN_DATAGRAMS, CLOSED_DATAGRAMS = 53, 54
MORE = 0x2000
SENDER_PORT = 6000

numbers = itertools.count(1000)


class Sender:
    """Makes frames of one host for another."""

    def __init__(self, mac, addrs, to_mac, to_addrs):
        self.mac, self.addrs, self.to_mac, self.to_addrs = mac, addrs, to_mac, to_addrs

    def frame(self, family, packet, kind=None, tags=b""):
        return ether(self.to_mac, self.mac, kind or (IPV6 if family == 6 else IPV4), packet) if not tags else \
            ether(self.to_mac, self.mac, 0, b"")[:12] + tags + struct.pack("!H", IPV4) + packet

    def ends(self, family):
        at = 0 if family == 4 else 1
        return self.addrs[at], self.to_addrs[at]

    def ip(self, family, protocol, payload, **how):
        return self.frame(family, (ipv4 if family == 4 else ipv6)(*self.ends(family), protocol, payload, **how))

    def tcp(self, family, flags, port=OPEN, **how):
        return tcp(*self.ends(family), (SENDER_PORT, port), flags, **how)

    def udp(self, family, port=OPEN_DATAGRAMS, payload=b"?", **how):
        return udp(*self.ends(family), (SENDER_PORT, port), payload, **how)


def tcp_rows(s):
    flags = [("null", 0), ("xmas", FIN | PSH | URG), ("SYN and FIN", SYN | FIN), ("SYN and RST", SYN | RST),
             ("FIN alone", FIN), ("every flag", 63)]
    for family in (4, 6):
        for what, value in flags:
            yield f"IPv{family} TCP with {what}", "bad-transport", [s.ip(family, TCP, s.tcp(family, value))]
        yield f"IPv{family} TCP with a header too short", "bad-transport", [s.ip(family, TCP, s.tcp(family, SYN, doff=4))]
        yield (f"IPv{family} TCP with a header longer than the packet", "bad-transport",
               [s.ip(family, TCP, s.tcp(family, SYN, doff=15))])
        yield f"IPv{family} TCP that is cut short", "bad-transport", [s.ip(family, TCP, s.tcp(family, SYN)[:10])]
        yield f"IPv{family} TCP ACK to a closed port", "policy-default", [s.ip(family, TCP, s.tcp(family, ACK, CLOSED))]
        yield f"IPv{family} SYN-ACK to a closed port", "policy-default", [
            s.ip(family, TCP, s.tcp(family, SYN | ACK, CLOSED))]


def other_rows(s):
    for family in (4, 6):
        for what, length in (("less than its header", 7), ("more than the packet", 99)):
            yield (f"IPv{family} UDP of a length that is {what}", "bad-transport",
                   [s.ip(family, UDP, s.udp(family, length=length))])
        yield (f"IPv{family} UDP from the port of a service to a closed port", "policy-default",
               [s.ip(family, UDP, udp(*s.ends(family), (53, CLOSED_DATAGRAMS), b"?"))])
    source, target = s.ends(4)
    quoted = ipv4(target, source, TCP, tcp(target, source, (OPEN, 1), ACK))
    yield "an ICMP error about nothing", "policy-default", [s.ip(4, ICMP, icmp(3, 4, b"\0\0\2\0", quoted))]
    yield "an ICMP timestamp request", "policy-default", [s.ip(4, ICMP, icmp(13, 0, b"\0\1\0\1", bytes(12)))]
    source, target = s.ends(6)
    quoted = ipv6(target, source, TCP, tcp(target, source, (OPEN, 1), ACK))
    yield "an ICMPv6 error about nothing", "policy-default", [
        s.ip(6, ICMPV6, icmpv6(source, target, 2, 0, struct.pack("!I", 1280), quoted))]
    yield "neighbour discovery that a router has passed on", "policy-default", [
        s.ip(6, ICMPV6, icmpv6(source, target, 135, payload=pton(target)), hops=254)]
    yield "a protocol of its own", "not-ip", [s.frame(4, ipv4(*s.ends(4), UDP, s.udp(4)), kind=0x88B5)]
    syn = ipv4(*s.ends(4), TCP, s.tcp(4, SYN, CLOSED))
    yield "a SYN to a closed port in a VLAN", "policy-default", [s.frame(4, syn, tags=b"\x81\0\0\1")]
    yield "a SYN to a closed port in QinQ", "policy-default", [s.frame(4, syn, tags=b"\x88\xa8\0\1\x81\0\0\2")]
    yield "a SYN under three VLAN tags", "bad-ethernet", [s.frame(4, syn, tags=b"\x81\0\0\1" * 3)]


def ipv4_rows(s):
    syn = s.tcp(4, SYN)
    route = struct.pack("!BBB4sB", 131, 7, 4, pton(s.to_addrs[0]), 0)
    for what, how in (("a header too short", {"ihl": 4}), ("a header longer than the packet", {"ihl": 15}),
                      ("a length less than its header", {"total": 19}), ("a length beyond its end", {"total": 1000}),
                      ("version 5", {"version": 5}), ("an option of no length", {"options": b"\x44\0\0\0"}),
                      ("an option longer than the header", {"options": b"\x44\x28\5\0"})):
        yield f"IPv4 with {what}", "bad-ipv4", [s.ip(4, TCP, syn, **how)]
    yield "IPv4 with a loose source route", "source-route", [s.ip(4, TCP, syn, options=route)]
    yield "IPv4 with a strict source route", "source-route", [s.ip(4, TCP, syn, options=b"\x89" + route[1:])]
    yield "a SYN to a closed port behind IPv4 options", "policy-default", [
        s.ip(4, TCP, s.tcp(4, SYN, CLOSED), options=b"\x94\4\0\0")]


def fragment_rows(s, family):
    """A fragment's offset is in units of eight bytes."""
    def fragment(protocol, offset, more, payload, number):
        if family == 4:
            return s.ip(4, protocol, payload, fragment=offset | (MORE if more else 0), number=number)
        return s.ip(6, FRAGMENT, ipv6_fragment(protocol, offset, more, payload, number))

    syn, closed = s.tcp(family, SYN), s.tcp(family, SYN, CLOSED)
    first = s.udp(family, payload=bytes(24))[:24]
    name = f"IPv{family}"
    yield f"{name} first fragment with 8 bytes of TCP", "fragment-tiny", [fragment(TCP, 0, 1, closed[:8], next(numbers))]
    yield (f"{name} fragment that would replace the flags of TCP", "fragment-tiny",
           [fragment(TCP, 1, 0, syn[8:], next(numbers))])
    number = next(numbers)
    yield (f"{name} fragments of which one overlaps another", "fragment-overlap",
           [fragment(UDP, 2, 0, b"\xff" * 24, number)], [fragment(UDP, 0, 1, first, number)])
    number = next(numbers)
    yield (f"{name} first fragment that replaces another", "fragment-overlap",
           [fragment(UDP, 0, 1, s.udp(family, CLOSED_DATAGRAMS, bytes(24))[:24], number)],
           [fragment(UDP, 0, 1, first, number)])
    yield f"{name} later fragment without a first", "fragment-orphan", [fragment(UDP, 9, 0, bytes(16), next(numbers))]
    number = next(numbers)
    yield (f"{name} fragments for a closed port", "policy-default",
           [fragment(UDP, 0, 1, s.udp(family, CLOSED_DATAGRAMS, bytes(24))[:24], number)])


def ipv6_rows(s):
    syn, closed = s.tcp(6, SYN), s.tcp(6, SYN, CLOSED)

    def options(after):
        return bytes([after, 0, 1, 4, 0, 0, 0, 0])
    route = bytes([TCP, 2, 0, 1, 0, 0, 0, 0]) + pton(s.to_addrs[1])
    yield "IPv6 of version 5", "bad-ipv6", [s.frame(6, b"\x50" + ipv6(*s.ends(6), TCP, syn)[1:])]
    yield "IPv6 of a length beyond its end", "bad-ipv6", [s.ip(6, TCP, syn, length=1000)]
    yield "IPv6 with an extension header that is cut short", "bad-ipv6", [s.ip(6, DESTINATION, bytes([TCP, 9]) + bytes(6))]
    yield "IPv6 with a source route", "source-route", [s.ip(6, ROUTING, route + syn)]
    yield "IPv6 with nine extension headers", "ipv6-extensions", [
        s.ip(6, DESTINATION, options(DESTINATION) * 8 + options(TCP) + syn)]
    yield "a SYN to a closed port behind hop-by-hop options", "policy-default", [
        s.ip(6, HOP_BY_HOP, options(TCP) + closed)]
    yield "a SYN to a closed port behind a fragment header of a whole packet", "policy-default", [
        s.ip(6, FRAGMENT, ipv6_fragment(TCP, 0, 0, closed, next(numbers)))]


def rows(s):
    for row in itertools.chain(tcp_rows(s), other_rows(s), ipv4_rows(s), ipv6_rows(s), fragment_rows(s, 4),
                               fragment_rows(s, 6)):
        what, reason, dropped, passed = (*row, [])[:4]
        yield what, reason, dropped, passed
