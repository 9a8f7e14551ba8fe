# SPDX-License-Identifier: BSD-2-Clause
"""What a worker does with whole streams: long transfers, many at once, and the odd ways to open and to end one."""
import errno
import hashlib
import os
import select
import socket
import struct
import threading
import time

CHUNK = 1 << 16
IP_RECVERR, IPV6_RECVERR = 11, 25


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def error_name(number):
    return errno.errorcode.get(number, str(number)) if number else "none"


def read_exactly(s, size):
    parts = []
    while size > 0:
        data = s.recv(min(size, CHUNK))
        if not data:
            raise ConnectionError("closed before its end")
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


class Library(threading.Thread):
    """Takes what it is sent up to the end of that direction, and only then answers: its digest, and as much as asked.

    The asked length is in the first eight bytes.
    """

    def __init__(self, port):
        super().__init__(daemon=True)
        self.server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def run(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection:
            try:
                wanted = struct.unpack("!Q", read_exactly(connection, 8))[0]
                digest = hashlib.sha256()
                while data := connection.recv(CHUNK):
                    digest.update(data)
                connection.sendall(digest.digest())
                while wanted > 0:
                    wanted -= connection.send(bytes(min(wanted, CHUNK)))
            except OSError:
                pass


class Talks(threading.Thread):
    """Connections that each send something small again and again, and note how long its echo takes."""

    PAUSE = 0.02

    def __init__(self, host, port, count, wait):
        super().__init__(daemon=True)
        self.ended = False
        self.errors = []
        self.sockets = {}
        for _ in range(count):
            s = socket.create_connection((host, port), timeout=wait)
            s.setblocking(False)
            self.sockets[s.fileno()] = {"socket": s, "sent": None, "due": 0.0, "seen": b"", "rounds": 0, "longest": 0.0}

    def run(self):
        poll = select.poll()
        for fd in self.sockets:
            poll.register(fd, select.POLLIN)
        while not self.ended:
            now = time.monotonic()
            for fd, talk in self.sockets.items():
                if talk["sent"] is None and talk["due"] <= now:
                    self.attempt(poll, fd, self.send)
            for fd, _ in poll.poll(5):
                self.attempt(poll, fd, self.receive)

    def attempt(self, poll, fd, action):
        try:
            action(self.sockets[fd])
        except BlockingIOError:
            pass
        except OSError as e:
            self.errors.append(error_name(e.errno))
            self.sockets[fd]["due"] = float("inf")
            self.sockets[fd]["sent"] = None
            poll.unregister(fd)

    @staticmethod
    def send(talk):
        talk["token"] = b"<%d>" % talk["rounds"]
        talk["socket"].send(talk["token"])
        talk["sent"] = time.monotonic()

    def receive(self, talk):
        data = talk["socket"].recv(CHUNK)
        if not data:
            raise ConnectionResetError(errno.EPIPE, "closed")
        talk["seen"] += data
        if talk["sent"] is not None and talk["seen"].endswith(talk["token"]):
            now = time.monotonic()
            talk["longest"] = max(talk["longest"], now - talk["sent"])
            talk.update(sent=None, due=now + self.PAUSE, seen=b"", rounds=talk["rounds"] + 1)

    def tell(self):
        now = time.monotonic()
        talks = self.sockets.values()
        return {"errors": self.errors, "fewest": min(t["rounds"] for t in talks),
                "longest": max(max(t["longest"], now - t["sent"] if t["sent"] else 0) for t in talks)}

    def end(self):
        self.ended = True
        self.join(5)
        told = self.tell()
        for talk in self.sockets.values():
            talk["socket"].close()
        return told


class Drain(threading.Thread):
    """Reads what one connection brings, and counts it."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.received = 0
        self.connection = None
        self.server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def run(self):
        self.connection, _ = self.server.accept()
        with self.server, self.connection:
            try:
                while data := self.connection.recv(1 << 20):
                    self.received += len(data)
            except OSError:
                pass

    def segments(self):
        """That came, as they were on the wire: tcpi_segs_in."""
        return struct.unpack_from("=I", self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), 140)[0]


class Pour(threading.Thread):
    """Sends as fast as a connection takes it."""

    def __init__(self, host, port, congestion):
        super().__init__(daemon=True)
        self.ended = False
        self.socket = socket.socket(family(host), socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        self.socket.settimeout(5)
        self.socket.connect((host, port))
        self.socket.settimeout(0.1)

    def run(self):
        data = bytes(CHUNK)
        while not self.ended:
            try:
                self.socket.send(data)
            except TimeoutError:
                pass
            except OSError:
                break

    def end(self):
        self.ended = True
        self.join(5)
        # What is still to be sent would keep the connection open.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Streams:
    """Commands."""

    def __init__(self):
        self.talks = {}
        self.drains = {}
        self.pours = {}

    def library(self, port):
        Library(port).start()

    def exchange(self, host, port, send, receive, wait):
        """Sends so many bytes, ends its own direction, and reads so many: what arrived there and here."""
        deadline = time.monotonic() + wait
        with socket.create_connection((host, port), timeout=wait) as s:
            data = os.urandom(CHUNK)
            digest = hashlib.sha256()
            s.sendall(struct.pack("!Q", receive))
            while send > 0:
                part = data[:min(send, CHUNK)]
                s.settimeout(max(0.001, deadline - time.monotonic()))
                s.sendall(part)
                digest.update(part)
                send -= len(part)
            s.shutdown(socket.SHUT_WR)
            whole = read_exactly(s, 32) == digest.digest()
            received = 0
            while data := s.recv(CHUNK):
                received += len(data)
                s.settimeout(max(0.001, deadline - time.monotonic()))
        return {"whole": whole, "received": received}

    def drain(self, port):
        """Waits for one connection, and takes what it brings."""
        self.drains[port] = Drain(port)
        self.drains[port].start()

    def drained(self):
        """When it is, and by port the bytes and segments that have come so far."""
        return {"at": time.monotonic(),
                "came": {port: [drain.received, drain.segments()] for port, drain in self.drains.items()}}

    def pour(self, host, port, congestion):
        self.pours[port] = Pour(host, port, congestion)
        self.pours[port].start()

    def pour_end(self, port):
        self.pours.pop(port).end()

    def talks_begin(self, host, port, count, wait):
        """Opens so many connections that go on talking until talks_end."""
        talks = Talks(host, port, count, wait)
        number = len(self.talks) + 1
        self.talks[number] = talks
        talks.start()
        return number

    def talks_now(self, number):
        return self.talks[number].tell()

    def talks_end(self, number):
        return self.talks.pop(number).end()

    def open_from(self, source_port, host, port, wait):
        """Opens a connection from a port of choice; kept like those of open."""
        s = socket.socket(family(host), socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.settimeout(wait)
        try:
            s.bind(("", source_port))
            s.connect((host, port))
        except OSError:
            s.close()
            raise
        return self.keep(s)

    def wait_closed(self, connection, wait):
        """True once the other end has closed, or reset."""
        s = self.connections[connection]
        s.settimeout(wait)
        try:
            return s.recv(1) == b""
        except ConnectionResetError:
            return True

    def finish(self, connection):
        """Sends no more, and still reads."""
        self.connections[connection].shutdown(socket.SHUT_WR)

    def abort(self, connection):
        """Ends with a reset."""
        s = self.connections.pop(connection)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()

    def say(self, connection, text):
        """Sends without waiting for anything."""
        self.connections[connection].send(text.encode())

    def hears(self, connection, text, wait):
        """True once this has come."""
        s = self.connections[connection]
        s.settimeout(wait)
        seen = b""
        while text.encode() not in seen:
            try:
                data = s.recv(CHUNK)
            except TimeoutError:
                return False
            if not data:
                return False
            seen += data
        return True

    def listen(self, port):
        """Waits for a connection by hand; accept takes it."""
        self.servers[port] = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def accept(self, port, wait):
        self.servers[port].settimeout(wait)
        return self.keep(self.servers[port].accept()[0])

    def unlisten(self, port):
        self.servers.pop(port).close()

    def refusal(self, host, port, protocol, wait, size=1):
        """What an attempt ends with, and after how many milliseconds."""
        kind = socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM
        with socket.socket(family(host), kind) as s:
            s.setblocking(False)
            start = time.monotonic()
            number = s.connect_ex((host, port))
            if protocol == "UDP":
                s.send(bytes(size))
            events = select.POLLOUT if protocol == "TCP" else select.POLLIN
            poll = select.poll()
            poll.register(s, events)
            if not poll.poll(wait * 1000):
                return {"error": "ETIMEDOUT", "ms": wait * 1000}
            number = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return {"error": error_name(number), "ms": (time.monotonic() - start) * 1000}

    def datagram(self, host, port, size, wait, source=None):
        """True when a datagram of this size comes back; a ping's, if there is no port."""
        v6 = ":" in host
        protocol = 0 if port else socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
        header = b"" if port else struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 0, 1)
        with socket.socket(family(host), socket.SOCK_DGRAM, protocol) as s:
            s.settimeout(wait)
            if source:
                s.bind((source, 0))
            data = os.urandom(size)
            s.sendto(header + data, (host, port))
            try:
                return s.recv(1 << 16)[len(header):] == data
            except OSError:
                return False

    def hops(self, host, port, most, wait):
        """Who answers to a datagram that may go one hop, two hops, ...: [address, ICMP type, code] of each."""
        v6 = ":" in host
        level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
        found = []
        with socket.socket(family(host), socket.SOCK_DGRAM) as s:
            s.setsockopt(level, IPV6_RECVERR if v6 else IP_RECVERR, 1)
            for hop in range(1, most + 1):
                s.setsockopt(level, socket.IPV6_UNICAST_HOPS if v6 else socket.IP_TTL, hop)
                s.sendto(b"?", (host, port))
                poll = select.poll()
                poll.register(s, 0)  # errors
                if not poll.poll(wait * 1000):
                    found.append(None)
                    continue
                _, ancillary, _, _ = s.recvmsg(512, 512, socket.MSG_ERRQUEUE)
                data = next(d for _, kind, d in ancillary if kind in (IP_RECVERR, IPV6_RECVERR))
                address = data[24:40] if v6 else data[20:24]  # behind sock_extended_err, in a sockaddr
                found.append([socket.inet_ntop(family(host), address), data[5], data[6]])
        return found
