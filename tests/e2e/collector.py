#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A collector of OTLP logs that does as it is told.

Lines on stdin say how it answers from now on: a status, "hang", or a status and
the seconds of Retry-After. Each request that comes is one line on stdout: its
path, headers, body, and the answer that it gets.
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

answer = ["200"]


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = list(answer)
        print(json.dumps({"path": self.path, "headers": dict(self.headers), "answer": now[0],
                          "at": time.monotonic(), "body": json.loads(body)}), flush=True)
        if now[0] == "hang":
            time.sleep(60)
            return
        self.send_response(int(now[0]))
        if len(now) > 1:
            self.send_header("Retry-After", now[1])
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("{}", flush=True)
    for line in sys.stdin:
        answer[:] = line.split()
    os._exit(0)


if __name__ == "__main__":
    main()
