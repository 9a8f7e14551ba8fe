# SPDX-License-Identifier: BSD-2-Clause
"""An agent's socket that says whatever a test wants said: /v1/pairs with traffic that goes on by itself."""
import contextlib
import http.server
import json
import os
import socketserver
import threading
import time

STATUS = {"version": "0", "node": "node-1", "enforcing": True, "revision": 7, "degraded": [], "shields": [],
          "flows": [{"table": "connections", "family": "IPv4", "flows": 1234}]}


def pair(source, destination, packets=0, size=100, connections=0, denied=0, limited=0, audited=0):
    """A pair by its rates a second."""
    return {"source": source, "destination": destination,
            "allowed": {"packets": packets, "bytes": packets * size, "connections": connections},
            "denied": {"packets": denied, "bytes": denied * size},
            "limited": {"packets": limited, "bytes": limited * size},
            "audited": {"packets": audited, "bytes": audited * size}}


def after(rates, seconds):
    """What a pair of these rates has counted after a time."""
    return rates | {what: {unit: int(rate * seconds) for unit, rate in rates[what].items()}
                    for what in ("allowed", "denied", "limited", "audited")}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        body = json.dumps(self.server.agent.answer(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class FakeAgent:
    """Serves until it is closed. pairs and status may be changed while it does."""

    def __init__(self, path, pairs):
        self.path, self.pairs, self.status, self.begun = path, pairs, dict(STATUS), time.monotonic()
        self.server = _Server(path, _Handler)
        self.server.agent = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path):
        if path.split("?")[0] == "/v1/status":
            return self.status
        seconds = time.monotonic() - self.begun
        return {"uptimeSeconds": seconds, "items": [after(p, seconds) for p in self.pairs],
                "other": after(pair("", ""), seconds)}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
