# SPDX-License-Identifier: BSD-2-Clause
"""What a worker does with time: a link with a delay, streams that last, and what the kernel has counted of them."""
import collections
import fcntl
import os
import select
import socket
import struct
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CHUNK = 1 << 16
CONGESTION = b"reno"  # which every kernel has and which heeds marks; BBR does not


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class DelayLine(threading.Thread):
    """Two interfaces; what is sent by one comes out of the other after a while."""

    def __init__(self, names, seconds):
        super().__init__(daemon=True)
        self.seconds = seconds
        self.fds = [open_tun(name) for name in names]
        self.late = collections.deque()

    def run(self):
        while True:
            wait = max(0, self.late[0][0] - time.monotonic()) if self.late else 1
            for fd in select.select(self.fds, [], [], wait)[0]:
                self.take(fd, self.fds[1 - self.fds.index(fd)])
            while self.late and self.late[0][0] <= time.monotonic():
                _, to, packet = self.late.popleft()
                try:
                    os.write(to, packet)
                except OSError:  # the other end is down, or has no room
                    continue

    def take(self, fd, to):
        try:
            for _ in range(64):
                self.late.append((time.monotonic() + self.seconds, to, os.read(fd, CHUNK)))
        except OSError:
            return


class Drain(threading.Thread):
    """Takes one stream, and notes when how much of it had come."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.marks = []
        self.server = socket.create_server(("", port))

    def run(self):
        connection, _ = self.server.accept()
        total = 0
        with connection, self.server:
            while data := connection.recv(CHUNK):
                total += len(data)
                self.marks.append((time.monotonic(), total))


class Slow:
    """Commands."""

    def __init__(self):
        self.taken = {}

    def delay_line(self, names, seconds):
        DelayLine(names, seconds).start()

    def take_stream(self, port):
        self.taken[port] = Drain(port)
        self.taken[port].start()

    def taken_stream(self, port, wait):
        """All that came, and when."""
        drain = self.taken.pop(port)
        drain.join(wait)
        return drain.marks

    def stream_for(self, host, port, seconds):
        """Sends as much as the connection takes, for so long."""
        end = time.monotonic() + seconds
        data = bytes(CHUNK)
        with socket.create_connection((host, port), timeout=seconds) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION)
            while time.monotonic() < end:
                s.send(data)

    def counters(self):
        """What nstat shows, of this namespace."""
        found = {}
        for path in ("/proc/net/snmp", "/proc/net/netstat"):
            with open(path, encoding="ascii") as f:
                lines = f.read().splitlines()
            for names, values in zip(lines[::2], lines[1::2]):
                prefix = names.split(":")[0]
                found |= {prefix + n: int(v) for n, v in zip(names.split()[1:], values.split()[1:])}
        return found
