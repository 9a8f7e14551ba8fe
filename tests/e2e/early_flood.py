#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends in every way that there is, from the instant in which it is possible, until standard input ends.

    early_flood.py PREFIX FRAME [ADDRESS]

A frame, in hexadecimal, goes by every interface whose name begins with PREFIX;
with an ADDRESS also past its queue (PACKET_QDISC_BYPASS), and datagrams to port
9999 there, a thread each. Prints how many were taken of each.
"""
import socket
import sys
import threading

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
MOST = 1_000_000  # of each, so that it ends in any case
MARK = b"early-flood"


class Flood(threading.Thread):
    def __init__(self, ended):
        super().__init__(daemon=True)
        self.ended, self.sent = ended, 0

    def run(self):
        for _ in range(MOST):
            if self.ended.is_set():
                break
            self.once()

    def send(self, s, what, where):
        try:
            s.sendto(what, where)
            self.sent += 1
        except OSError:
            self.ended.wait(0.0005)  # it isn't there, it isn't up, there is no way, its queue is full


class Frames(Flood):
    def __init__(self, ended, prefix, frame, bypass):
        super().__init__(ended)
        self.prefix, self.frame = prefix, frame
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, int(bypass))

    def once(self):
        names = [name for _, name in socket.if_nameindex() if name.startswith(self.prefix)]
        for name in names:
            self.send(self.socket, self.frame, (name, 0))
        if not names:
            self.ended.wait(0.0005)


class Datagrams(Flood):
    def __init__(self, ended, address):
        super().__init__(ended)
        self.address = address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def once(self):
        self.send(self.socket, MARK, (self.address, 9999))


def main():
    prefix, frame, *address = sys.argv[1:]
    frame, ended = bytes.fromhex(frame), threading.Event()
    floods = [Frames(ended, prefix, frame, False)]
    if address:
        floods += [Frames(ended, prefix, frame, True), Datagrams(ended, *address)]
    for flood in floods:
        flood.start()
    print("ready", flush=True)
    sys.stdin.read()
    ended.set()
    for flood in floods:
        flood.join(5)
    print(*(flood.sent for flood in floods), flush=True)


main()
