# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside one network namespace and does there what it is told, one JSON object a line.

It serves TCP, UDP and, where the kernel has it, SCTP echo from a thread, and opens, uses and closes real
sockets on command. It ends when its standard input does.
"""
import ctypes
import json
import os
import select
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import urllib.request

from worker_pulse import Pulses
from worker_slow import Slow
from worker_streams import Streams
from worker_wire import Wire

SO_TIMESTAMPNS = 35
# Socket types and protocols of what is served and opened.
SOCKETS = {"TCP": (socket.SOCK_STREAM, 0), "SCTP": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
           "UDP": (socket.SOCK_DGRAM, 0)}
ICMP_ECHO = {socket.AF_INET: (socket.IPPROTO_ICMP, 8), socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128)}


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def sysctl(values):
    for name, value in values.items():
        with open("/proc/sys/net/" + name, "w", encoding="ascii") as f:
            f.write(str(value))


class Echo(threading.Thread):
    """Answers every byte of a stream and every datagram with itself, on any number of ports."""

    def __init__(self):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()

    def serve(self, protocol, port):
        server = socket.socket(socket.AF_INET6, *SOCKETS[protocol])
        is_stream = server.type == socket.SOCK_STREAM
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("::", port))
        server.setblocking(False)
        if is_stream:
            server.listen(64)
        self.selector.register(server, selectors.EVENT_READ, self.accept if is_stream else self.datagram)

    def accept(self, server):
        connection, _ = server.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, self.stream)

    @staticmethod
    def datagram(server):
        data, sender = server.recvfrom(65536)
        server.sendto(data, sender)

    def stream(self, connection):
        data = connection.recv(65536)
        if data:
            connection.sendall(data)
        else:
            self.selector.unregister(connection)
            connection.close()

    def run(self):
        while True:
            for key, _ in self.selector.select(0.05):
                try:
                    key.data(key.fileobj)
                except ConnectionError:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()
                except OSError:
                    continue


class Sink(threading.Thread):
    """Notes when, by the kernel's clock, and with how many bytes each datagram arrived."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.arrivals = []
        self.ended = False
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE if hasattr(socket, "SO_RCVBUFFORCE") else 33,
                               8 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("::", port))
        self.socket.settimeout(0.1)

    def run(self):
        while not self.ended:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(65536, 256)
            except TimeoutError:
                continue
            for level, kind, stamp in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("qq", stamp[:16])
                    self.arrivals.append((seconds + nanoseconds / 1e9, len(data)))
        self.socket.close()


class Probe:
    """One attempt to get one echo: a connection, a datagram or a ping."""

    def __init__(self, host, port, protocol):
        self.host, self.port, self.protocol = host, port, protocol
        self.result = "timeout"
        self.events = select.POLLOUT
        self.icmp_type = None
        kind, number = SOCKETS.get(protocol, (socket.SOCK_DGRAM, 0))
        if protocol == "ICMP":
            number, self.icmp_type = ICMP_ECHO[family(host)]
        self.socket = socket.socket(family(host), kind, number)
        self.socket.setblocking(False)

    def start(self):
        try:
            self.socket.connect((self.host, 0 if self.protocol == "ICMP" else self.port))
        except BlockingIOError:
            pass

    def advance(self):
        """True when the result is known."""
        if self.events == select.POLLOUT:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
            data = struct.pack("!BBHHH", self.icmp_type, 0, 0, 0, 1) if self.icmp_type is not None else b"?"
            self.socket.send(data)
            self.events = select.POLLIN
            return False
        self.result = "open" if self.socket.recv(64) else "closed"
        return True


def probe(targets, wait):
    """Tries all targets at once; the result of each by position."""
    probes = [Probe(*target) for target in targets]
    poll = select.poll()
    pending = {}
    for p in probes:
        try:
            p.start()
            poll.register(p.socket, p.events)
            pending[p.socket.fileno()] = p
        except OSError as e:
            p.result = e.strerror
    deadline = time.monotonic() + wait
    while pending and (left := deadline - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            p = pending[fd]
            try:
                done = p.advance()
            except OSError as e:
                p.result, done = e.strerror, True
            if done:
                poll.unregister(fd)
                del pending[fd]
            else:
                poll.modify(fd, p.events)
    for p in probes:
        p.socket.close()
    return [p.result for p in probes]


class Worker(Streams, Slow, Wire, Pulses):
    def __init__(self):
        Streams.__init__(self)
        Slow.__init__(self)
        Wire.__init__(self)
        Pulses.__init__(self)
        self.echo = Echo()
        self.echo.start()
        self.connections = {}
        self.servers = {}
        self.sinks = {}
        self.next_id = 0
        self.next_token = 0

    def serve(self, protocol, ports):
        for port in ports:
            self.echo.serve(protocol, port)

    def open(self, host, port, protocol, wait):
        s = socket.socket(family(host), *SOCKETS[protocol])
        s.settimeout(wait)
        s.connect((host, port))
        return self.keep(s)

    def keep(self, s):
        self.next_id += 1
        self.connections[self.next_id] = s
        return self.next_id

    def talk(self, connection, wait):
        """Sends a token that was never sent before and waits for its echo."""
        s = self.connections[connection]
        self.next_token += 1
        token = b"<%d>" % self.next_token
        deadline = time.monotonic() + wait
        seen = b""
        try:
            s.send(token)
            while token not in seen and (left := deadline - time.monotonic()) > 0:
                s.settimeout(left)
                data = s.recv(65536)
                if not data:
                    return False
                seen += data
        except OSError:
            return False
        return token in seen

    def close(self, connection):
        self.connections.pop(connection).close()

    def probe(self, targets, wait):
        return probe(targets, wait)

    def flood(self, host, port, size, rate, seconds):
        """Sends UDP paced by absolute deadlines: after t seconds, rate * t datagrams are out.

        late is the longest that one had to wait beyond its time, on a machine with other work.
        """
        s = socket.socket(family(host), socket.SOCK_DGRAM)
        s.connect((host, port))
        payload = bytes(size)
        start = time.monotonic()
        sent = refused = 0
        late = 0.0
        total = int(rate * seconds)
        while sent < total:
            elapsed = time.monotonic() - start
            if elapsed > seconds + 5:
                break
            late = max(late, elapsed - sent / rate)
            while sent < min(total, int(elapsed * rate) + 1):
                try:
                    s.send(payload)
                except OSError:
                    refused += 1
                sent += 1
            time.sleep(0.0005)
        s.close()
        return {"sent": sent, "refused": refused, "late": late}

    def churn(self, host, port, seconds):
        """Sends datagrams, each a flow of its own; how many."""
        deadline = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < deadline:
            with socket.socket(family(host), socket.SOCK_DGRAM) as s:
                s.sendto(b"?", (host, port))
            sent += 1
        return sent

    def sink(self, port):
        self.sinks[port] = Sink(port)
        self.sinks[port].start()

    def arrivals(self, port):
        sink = self.sinks.pop(port)
        sink.ended = True
        sink.join(2)
        return sink.arrivals

    def sysctl(self, values):
        sysctl(values)

    def http(self, url):
        with urllib.request.urlopen(url, timeout=5) as answer:
            return {"status": answer.status, "type": answer.headers.get("Content-Type"),
                    "body": answer.read().decode()}


def main():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the test
    sysctl(json.loads(sys.argv[1]))
    worker = Worker()
    for line in sys.stdin:
        command = json.loads(line)
        name = command.pop("do")
        try:
            answer = {"result": getattr(worker, name)(**command)}
        except OSError as e:
            answer = {"error": e.strerror or str(e)}
        print(json.dumps(answer), flush=True)


main()
