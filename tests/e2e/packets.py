# SPDX-License-Identifier: BSD-2-Clause
"""Frames as bytes, right in every field that the caller does not make wrong."""
import socket
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
TCP, UDP, ICMP, ICMPV6, FRAGMENT, ROUTING, SCTP = 6, 17, 1, 58, 44, 43, 132
HOP_BY_HOP, DESTINATION = 0, 60
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
BROADCAST = "ff:ff:ff:ff:ff:ff"


def pton(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(source, destination, protocol, length):
    return pton(source) + pton(destination) + struct.pack("!II", length, protocol)


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def ether(destination, source, kind, payload):
    return mac_bytes(destination) + mac_bytes(source) + struct.pack("!H", kind) + payload


def ipv4(source, destination, protocol, payload, *, options=b"", **wrong):
    """wrong: ihl, total, fragment (flags and offset in 8 bytes), number, ttl, version."""
    ihl = wrong.get("ihl", 5 + len(options) // 4)
    total = wrong.get("total", 20 + len(options) + len(payload))
    header = struct.pack("!BBHHHBBH4s4s", wrong.get("version", 4) << 4 | ihl, 0, total, wrong.get("number", 1),
                         wrong.get("fragment", 0), wrong.get("ttl", 64), protocol, 0, pton(source), pton(destination))
    header += options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, destination, protocol, payload, *, length=None, hops=64):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload) if length is None else length, protocol, hops,
                       pton(source), pton(destination)) + payload


def ip(source, destination, protocol, payload, **how):
    return (ipv6 if ":" in source else ipv4)(source, destination, protocol, payload, **how)


def ipv6_fragment(protocol, offset, more, payload, number=1):
    """offset: in units of eight bytes."""
    return struct.pack("!BBHI", protocol, 0, offset << 3 | more, number) + payload


def transport(source, destination, protocol, header, at):
    """Puts the checksum of the pseudo header and this into place."""
    value = checksum(pseudo(source, destination, protocol, len(header)) + header) or 0xFFFF
    return header[:at] + struct.pack("!H", value) + header[at + 2:]


def tcp(source, destination, ports, flags, payload=b"", *, seq=1, ack=0, doff=5):
    header = struct.pack("!HHIIBBHHH", *ports, seq, ack, doff << 4, flags, 65535, 0, 0)
    return transport(source, destination, TCP, header + payload, 16)


def udp(source, destination, ports, payload=b"", *, length=None):
    header = struct.pack("!HHHH", *ports, 8 + len(payload) if length is None else length, 0)
    return transport(source, destination, UDP, header + payload, 6)


def icmp(kind, code=0, rest=b"\0\0\0\0", payload=b""):
    header = struct.pack("!BBH", kind, code, 0) + rest + payload
    return header[:2] + struct.pack("!H", checksum(header)) + header[4:]


def icmpv6(source, destination, kind, code=0, rest=b"\0\0\0\0", payload=b""):
    return transport(source, destination, ICMPV6, struct.pack("!BBH", kind, code, 0) + rest + payload, 2)


def neighbour_advertisement(source, destination, target, mac):
    rest = b"\x60\0\0\0"  # solicited, override
    return ipv6(source, destination, ICMPV6,
                icmpv6(source, destination, 136, 0, rest, pton(target) + b"\x02\x01" + mac_bytes(mac)), hops=255)


def router_advertisement(source, prefix, lifetime=1800):
    """To everybody on the link: hosts make themselves addresses of this prefix of 64 bits."""
    information = struct.pack("!BBBBIII16s", 3, 4, 64, 0xC0, lifetime, lifetime, 0, pton(prefix))
    rest = struct.pack("!BBH", 64, 0, lifetime)
    body = icmpv6(source, "ff02::1", 134, 0, rest, bytes(8) + information)
    return ipv6(source, "ff02::1", ICMPV6, body, hops=255)


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack("!HHBBH", 1, IPV4, 6, 4, operation) + mac_bytes(sender_mac) + pton(sender) + \
        mac_bytes(target_mac) + pton(target)


def link_local(mac):
    """The address that the kernel makes of a MAC address, in a network of 64 bits."""
    return in_network("fe80::", mac)


def in_network(prefix, mac):
    raw = mac_bytes(mac)
    return socket.inet_ntop(socket.AF_INET6, pton(prefix)[:8] + bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:])


class Frame:
    """A frame that was caught: what tests ask of one."""

    def __init__(self, text):
        self.bytes = bytes.fromhex(text)
        self.kind = struct.unpack("!H", self.bytes[12:14])[0]
        packet = self.bytes[14:]
        self.protocol = None
        if self.kind == IPV4:
            length = struct.unpack("!H", packet[2:4])[0]
            self.protocol, self.header = packet[9], packet[:(packet[0] & 15) * 4]
            self.source, self.destination = (socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
            self.payload = packet[len(self.header):length]
        elif self.kind == IPV6:
            length = struct.unpack("!H", packet[4:6])[0]
            self.protocol, self.header = packet[6], b""
            self.source, self.destination = (socket.inet_ntop(socket.AF_INET6, packet[at:at + 16]) for at in (8, 24))
            self.payload = packet[40:40 + length]

    def is_right(self):
        """Every checksum is."""
        if self.header and checksum(self.header):
            return False
        # Without use. Where a device puts a checksum, it never puts 0, but the other zero of that sum.
        if self.is_prohibited() and self.payload[4:8] not in (b"\0\0\0\0", b"\0\0\xff\xff"):
            return False
        if self.protocol == ICMP:
            return checksum(self.payload) == 0
        # In IPv4 the pseudo header has the same sum.
        return checksum(pseudo(self.source, self.destination, self.protocol, len(self.payload)) + self.payload) == 0

    def is_reset(self):
        return self.protocol == TCP and self.payload[13] & RST != 0

    def is_prohibited(self):
        """ICMP "administratively prohibited"."""
        return (self.protocol, *self.payload[:2]) in ((ICMP, 3, 13), (ICMPV6, 1, 1))
