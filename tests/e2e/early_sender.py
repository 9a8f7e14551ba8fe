#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends frames by an interface from the instant in which that is possible, until standard input ends.

    early_sender.py INTERFACE FRAME   the frame in hexadecimal; prints how many the interface took
"""
import select
import socket
import sys

MOST = 2_000_000  # frames, so that it ends in any case


def main():
    interface, frame = sys.argv[1], bytes.fromhex(sys.argv[2])
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print("ready", flush=True)
    sent = attempts = 0
    while sent < MOST:
        try:
            s.sendto(frame, (interface, 0))
            sent += 1
        except OSError:
            pass  # it isn't there, it isn't up, its queue is full
        attempts += 1
        if attempts % 64 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            break
    print(sent, flush=True)


main()
