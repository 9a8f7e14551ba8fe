# SPDX-License-Identifier: BSD-2-Clause
"""Numbered datagrams at a steady rate, and who hears which of them: what a path let through, and when."""
import array
import collections
import socket
import struct
import threading
import time

NUMBER = struct.Struct("!IQ")  # of the pulse, of the datagram
BUFFER = 8 << 20
SO_RCVBUFFORCE = 33


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Pulse(threading.Thread):
    """Sends a datagram every so often until it is ended, and notes when (CLOCK_MONOTONIC).

    fresh: each from a port of its own, so that each is decided and none is of a flow that is known.
    """

    def __init__(self, number, host, port, rate, fresh=False):
        super().__init__(daemon=True)
        self.number, self.pause, self.fresh = number, 1 / rate, fresh
        self.to = host, port
        self.ended = False
        self.sent = array.array("d")
        self.refused = 0
        self.open()

    def open(self):
        self.socket = socket.socket(family(self.to[0]), socket.SOCK_DGRAM)
        self.socket.connect(self.to)

    def run(self):
        due = time.monotonic()
        while not self.ended:
            if self.fresh:
                self.socket.close()
                self.open()
            self.sent.append(time.monotonic())
            try:
                self.socket.send(NUMBER.pack(self.number, len(self.sent) - 1))
            except OSError:
                self.refused += 1
            due = max(due + self.pause, time.monotonic() - self.pause)
            time.sleep(max(0.0, due - time.monotonic()))
        self.socket.close()


class Ear(threading.Thread):
    """Notes the numbers of what arrives at a port, by pulse."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.ended = False
        self.heard = collections.defaultdict(lambda: array.array("Q"))
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.socket.bind(("::", port))
        self.socket.settimeout(0.1)

    def run(self):
        while not self.ended:
            try:
                pulse, number = NUMBER.unpack(self.socket.recv(64))
            except TimeoutError:
                continue
            self.heard[pulse].append(number)
        self.socket.close()


class Pulses:
    """Commands."""

    def __init__(self):
        self.pulses = {}
        self.ears = {}

    def pulse(self, number, host, port, rate, fresh=False):
        """Begins to send; number is the pulse's name at all ears."""
        self.pulses[number] = Pulse(number, host, port, rate, fresh)
        self.pulses[number].start()

    def pulse_end(self, number):
        """When each of its datagrams was sent."""
        pulse = self.pulses.pop(number)
        pulse.ended = True
        pulse.join(5)
        return pulse.sent.tolist()

    def ear(self, port):
        self.ears[port] = Ear(port)
        self.ears[port].start()

    def heard(self, port):
        """By pulse, the numbers that have come so far."""
        return {pulse: numbers.tolist() for pulse, numbers in self.ears[port].heard.copy().items()}

    def ear_end(self, port):
        heard = self.heard(port)
        ear = self.ears.pop(port)
        ear.ended = True
        ear.join(2)
        return heard

    def hush(self):
        """Ends all that is left of them."""
        for number in list(self.pulses):
            self.pulse_end(number)
        for port in list(self.ears):
            self.ear_end(port)
