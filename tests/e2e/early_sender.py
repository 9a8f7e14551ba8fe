#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends frames by an interface from the instant in which that is possible, until standard input ends.

    early_sender.py INTERFACE FRAME [PAUSE]   the frame in hexadecimal; prints how many the interface took

With a pause, in seconds, it sends no faster than that, and the last eight bytes
of each frame are the time before it was sent, in nanoseconds since 1970.
"""
import select
import socket
import sys
import time

MOST = 2_000_000  # frames, so that it ends in any case


def main():
    interface, frame = sys.argv[1], bytes.fromhex(sys.argv[2])
    pause = float(sys.argv[3]) if len(sys.argv) > 3 else None
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    print("ready", flush=True)
    sent = attempts = 0
    while sent < MOST:
        if pause is not None:
            frame = frame[:-8] + time.time_ns().to_bytes(8, "big")
        try:
            s.sendto(frame, (interface, 0))
            sent += 1
        except OSError:
            pass  # it isn't there, it isn't up, its queue is full
        attempts += 1
        if (pause is not None or attempts % 64 == 0) and select.select([sys.stdin], [], [], pause or 0)[0]:
            break
    print(sent, flush=True)


main()
