# SPDX-License-Identifier: BSD-2-Clause
"""Stands between a client and the API server, and does to lists and watches what networks and proxies do.

It ends the client's TLS with the server's own certificate, so the client trusts
it, and takes one request a connection. A fault is a function that is given an
exchange; without one, all is passed on.
"""
import contextlib
import os
import re
import socket
import ssl
import struct
import threading
import time

from server import enter_netns

CHUNK = 1 << 16
HEAD_MAX = 1 << 16
PATIENCE = 0.05  # s; how often something that waits looks up
OVERSIZE = 9 << 20  # bytes; more than any object may have


def reset(s):
    """Ends a connection by a RST."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Exchange:
    """One request, and the way to its answer."""

    def __init__(self, proxy, client, head):
        self.proxy, self.client, self.head = proxy, client, head
        self.path = head.split(b" ", 2)[1].decode()
        self.is_watch = "watch=1" in self.path
        self.upstream = None
        self.fault = None  # that it met

    def ask(self):
        """Has the server answer; its headers."""
        said = self.said()
        self.upstream = self.proxy.connect()
        self.upstream.sendall(self.head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + said)
        return read_head(self.upstream)

    def said(self):
        """What the client sends besides the head."""
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self.head)
        left, said = min(int(length[1]), OVERSIZE) if length else 0, b""
        while len(said) < left:
            data = self.client.recv(left - len(said))
            if not data:
                raise ConnectionError("ended in its body")
            said += data
        return said

    def body(self):
        """The answer's bytes as they come."""
        while data := self.upstream.recv(CHUNK):
            yield data

    def say(self, status, body, *headers):
        """An answer of the proxy's own, which ends with the connection."""
        lines = [f"HTTP/1.1 {status}", "Connection: close", "Content-Type: application/json", *headers, "", ""]
        self.client.sendall("\r\n".join(lines).encode() + body)

    def wait(self):
        """Until the fault that it met is over, or the client gone."""
        while self.proxy.fault is self.fault and not self.proxy.ended:
            self.client.settimeout(PATIENCE)
            with contextlib.suppress(TimeoutError):
                if not self.client.recv(1):
                    return

    def close(self):
        for s in (self.client, self.upstream):
            if s:
                s.close()


def read_head(s):
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < HEAD_MAX:
        data = s.recv(1)
        if not data:
            raise ConnectionError("ended in its head")
        head += data
    return head


def pass_on(exchange):
    exchange.client.sendall(exchange.ask())
    for data in exchange.body():
        exchange.client.sendall(data)


# --- faults ------------------------------------------------------------------


def cut(exchange):
    """The connection is reset when the answer has begun."""
    exchange.client.sendall(exchange.ask())
    for data in exchange.body():
        exchange.client.sendall(data[:len(data) // 2])
        time.sleep(PATIENCE)  # a reset takes what has not been read with it
        break
    reset(exchange.client)


def cut_early(exchange):
    """The connection is reset when it was asked."""
    reset(exchange.client)


def ended(exchange):
    """The answer ends in order, and too early: half of it is all of it."""
    exchange.ask()
    body = b'{"kind":"List","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"na'
    exchange.say("200 OK", b'{"type":"ADDED","object":{"metadata":{"na' if exchange.is_watch else body)


def stall(exchange):
    """Half of the first bytes, and then nothing."""
    exchange.client.sendall(exchange.ask())
    exchange.upstream.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        data = exchange.upstream.recv(CHUNK)
        exchange.client.sendall(data[:len(data) // 2])
    exchange.wait()
    reset(exchange.client)


def silence(exchange):
    """Nothing at all."""
    exchange.wait()
    reset(exchange.client)


def slow(exchange):
    """A few bytes at a time."""
    exchange.client.sendall(exchange.ask())
    for data in exchange.body():
        while data and exchange.proxy.fault is exchange.fault:
            exchange.client.sendall(data[:32])
            data = data[32:]
            time.sleep(0.01)
        exchange.client.sendall(data)


def garbage(exchange):
    """Bytes that are no JSON."""
    exchange.say("200 OK", os.urandom(CHUNK))


def page(exchange):
    """A page for people, as some proxies show."""
    exchange.say("200 OK", b"<html><body>Please log in.</body></html>")


def endless(exchange):
    """One object that is larger than any."""
    begun = b'{"type":"ADDED","object":{"a":"' if exchange.is_watch else b'{"metadata":{},"items":[{"a":"'
    exchange.say("200 OK", begun)
    for _ in range(OVERSIZE // CHUNK):
        exchange.client.sendall(b"x" * CHUNK)


def answers(status, *headers):
    """A refusal."""
    def answer(exchange):
        body = b'{"kind":"Status","status":"Failure","message":"as the test wants","code":%d}' % int(status[:3])
        exchange.say(status, body, *headers)
    return answer


class Proxy:
    """Listens on loopback of a network namespace. Use as a context."""

    def __init__(self, api, netns=None):
        self.api, self.netns = api, netns
        self.listener = None
        self.fault = None
        self.afflicts = None  # whether an exchange meets the fault
        self.breaks_tls = None
        self.ended = False
        self.afflicted = 0  # exchanges, by the fault that is played
        self.exchanges = set()
        self.lock = threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.port = None

    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        self.context.load_cert_chain(self.api.path("server.crt"), self.api.path("server.key"))
        self.listen()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.refuse()
        self.reset_those()

    # --- what tests do with it ------------------------------------------------

    def play(self, fault, afflicts=lambda exchange: True):
        """From now on: what is under way is cut, and what is asked meets the fault where afflicts says so."""
        self.fault, self.afflicts, self.afflicted = fault, afflicts, 0
        self.reset_those(afflicts)

    def play_tls(self, breaks):
        """From now on breaks is called with each new connection, before anything is said on it."""
        self.breaks_tls = breaks
        self.reset_those()

    def calm(self):
        self.fault = self.afflicts = self.breaks_tls = None

    def reset_those(self, afflicts=lambda exchange: True):
        """Cuts what is under way."""
        with self.lock:
            found = [exchange for exchange in self.exchanges if afflicts(exchange)]
        for exchange in found:
            with contextlib.suppress(OSError):
                exchange.client.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError, AttributeError):
                exchange.upstream.shutdown(socket.SHUT_RDWR)

    def refuse(self):
        """Listens no longer."""
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def listen(self):
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait(10)

    # --- its threads ------------------------------------------------------------

    def run(self, ready):
        if self.netns:
            enter_netns(self.netns)  # and with it the threads of its connections
        listener = socket.create_server(("127.0.0.1", self.port or 0), backlog=64)
        self.listener, self.port = listener, listener.getsockname()[1]
        ready.set()
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def connect(self):
        context = ssl.create_default_context(cafile=self.api.path("ca.crt"))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.api.port)), server_hostname="127.0.0.1")

    def handle(self, exchange):
        fault = self.fault
        if fault and self.afflicts(exchange):
            exchange.fault = fault
            self.afflicted += 1
            fault(exchange)
        else:
            pass_on(exchange)

    def serve(self, plain):
        exchange = None
        try:
            if self.breaks_tls:
                self.breaks_tls(plain)
                return
            client = self.context.wrap_socket(plain, server_side=True)
            exchange = Exchange(self, client, read_head(client))
            with self.lock:
                self.exchanges.add(exchange)
            self.handle(exchange)
        except (OSError, ValueError, IndexError, AttributeError):
            pass  # either end is gone
        finally:
            if exchange:
                exchange.close()
                with self.lock:
                    self.exchanges.discard(exchange)
            plain.close()
