# SPDX-License-Identifier: BSD-2-Clause
"""What a worker does with frames, below every protocol: it sends any, and notes those that arrive."""
import os
import select
import socket
import struct
import threading

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
RTM_NEWLINK, NLM_F_REQUEST, NLM_F_ACK = 16, 1, 4
# What a packet may be before it is segmented, and after segments are joined; ip of Debian 12 knows IPv6's alone.
IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE, IFLA_GSO_IPV4_MAX_SIZE, IFLA_GRO_IPV4_MAX_SIZE = 41, 58, 63, 64


class Watch(threading.Thread):
    """Keeps every frame that arrives at an interface; at any, also such as come later, where none is named."""

    def __init__(self, interface):
        super().__init__(daemon=True)
        self.frames = []
        self.ended = False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0 if interface else socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        if interface:
            self.socket.bind((interface, ETH_P_ALL))
        self.socket.setblocking(False)

    def run(self):
        while True:
            ended = self.ended  # what had arrived by then is read first
            while True:
                try:
                    self.frames.append(self.socket.recv(1 << 17).hex())
                except OSError:
                    break
            if ended:
                break
            select.select([self.socket], [], [], 0.02)
        self.socket.close()


class Measure(threading.Thread):
    """Keeps the length of the longest frame that leaves or arrives at an interface."""

    def __init__(self, interface):
        super().__init__(daemon=True)
        self.longest = 0
        self.ended = False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.settimeout(0.02)

    def run(self):
        while not self.ended:
            try:
                self.longest = max(self.longest, self.socket.recv_into(bytearray(1), 1, socket.MSG_TRUNC))
            except TimeoutError:
                pass
        self.socket.close()


class Wire:
    """Commands."""

    def __init__(self):
        self.watches = {}
        self.measures = {}

    def emit(self, interface, frames):
        """Puts frames, in hexadecimal, on the wire as they are."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
            s.bind((interface, 0))
            for frame in frames:
                s.send(bytes.fromhex(frame))

    def enlarge(self, interface, size):
        """Lets packets that are yet to be segmented be so long ("BIG TCP"), of both families."""
        body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(interface), 0, 0)
        for kind in (IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE, IFLA_GSO_IPV4_MAX_SIZE, IFLA_GRO_IPV4_MAX_SIZE):
            body += struct.pack("=HHI", 8, kind, size)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
            s.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
            error = struct.unpack_from("=i", s.recv(4096), 16)[0]
        if error:
            raise OSError(-error, os.strerror(-error))

    def watch(self, interface):
        self.watches[interface] = Watch(interface)
        self.watches[interface].start()

    def watched(self, interface):
        """The frames so far; goes on."""
        return list(self.watches[interface].frames)

    def unwatch(self, interface):
        """The frames since watch."""
        watch = self.watches.pop(interface)
        watch.ended = True
        watch.join(5)
        return watch.frames

    def measure(self, interface):
        self.measures[interface] = Measure(interface)
        self.measures[interface].start()

    def measured(self, interface):
        """The longest frame's length since measure, which ends."""
        measure = self.measures.pop(interface)
        measure.ended = True
        measure.join(5)
        return measure.longest
