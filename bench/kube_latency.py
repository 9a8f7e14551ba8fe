#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""From kubectl apply of a NetworkPolicy in a real API server to the packets of a live veth.

A pod sends numbered datagrams to another, which a policy admits and refuses by
turns. The moment of a change is the sending of the first datagram whose fate is
the new one. It is told from four starts: when kubectl's request reached the API
(told by a proxy between the two), when the API's answer was there, when kubectl
ended, which may be after the moment, and when another watcher of the API had the
event.

    kube_latency.py [TRIES]     default 100, half of them closing
"""
import http.client
import json
import math
import os
import ssl
import statistics
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
import lab  # noqa: E402  # pylint: disable=wrong-import-position
from kube_case import NETWORK_POLICIES, KubeCase, server  # noqa: E402  # pylint: disable=wrong-import-position
from kube_change import PORT, RATE, Kubectl, guard, moments  # noqa: E402  # pylint: disable=wrong-import-position

REST = 0.3  # between changes: each is the first one after quiet


class Watcher(threading.Thread):
    """Watches the policies too, and notes when each version came."""

    def __init__(self, api, netns):
        super().__init__(daemon=True)
        self.api, self.netns = api, netns
        self.seen = []

    def run(self):
        server.enter_netns(self.netns)
        context = ssl.create_default_context(cafile=self.api.path("ca.crt"))
        context.load_cert_chain(self.api.path("admin.crt"), self.api.path("admin.key"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.api.port, context=context)
        connection.request("GET", NETWORK_POLICIES + "?watch=1&timeoutSeconds=3600")
        for line in connection.getresponse():
            now = time.monotonic()
            if json.loads(line)["type"] == "MODIFIED":
                self.seen.append(now)

    def after(self, change):
        """The first event after a change was asked for."""
        return next((at for at in self.seen if at >= change["sent"]), change["answered"])


class Bench(KubeCase):
    """The lab of the tests, without being one."""

    pods = ("frontend", "backend")

    def runTest(self):
        pass

    def measure(self, tries):
        kubectl = Kubectl(self.api, self.lab.node)
        kubectl.apply(guard(True))
        self.lab.until(lambda: "backend" in self.policies(), "the policy is known")
        self.lab.settle()
        watcher = Watcher(self.api, f"/run/netns/{self.lab.node.netns}")
        watcher.start()
        self.backend.do("ear", port=PORT)
        self.frontend.do("pulse", number=1, host=self.backend.addr4, port=PORT, rate=RATE)
        changes = []
        for i in range(tries):
            time.sleep(REST)
            changes.append(kubectl.apply(guard(i % 2 == 1)) | {"is_open": i % 2 == 1})
        time.sleep(REST * 4)
        sent = self.frontend.do("pulse_end", number=1)
        heard = set(self.backend.do("ear_end", port=PORT)["1"])
        kubectl.close()
        return moments(changes, sent, heard), watcher


def percentile(values, share):
    return sorted(values)[math.ceil(len(values) * share) - 1]


def tell(name, values):
    print(f"kube_latency: {name:28} p50 {statistics.median(values):6.1f} ms   p99 {percentile(values, 0.99):6.1f} ms   "
          f"longest {max(values):6.1f} ms   of {len(values)}")


def report(rows, watcher):
    lost = sum(1 for _, at in rows if at is None)
    rows = [(c, at) for c, at in rows if at is not None]
    for name, start in (("from kubectl's request", lambda c: c["sent"]), ("from the API's answer", lambda c: c["answered"]),
                        ("from kubectl's end", lambda c: c["ended"]), ("from the event at a watcher", watcher.after)):
        tell(name, [(at - start(c)) * 1e3 for c, at in rows])
    for name, is_open in (("closing, from the answer", False), ("opening, from the answer", True)):
        tell(name, [(at - c["answered"]) * 1e3 for c, at in rows if c["is_open"] == is_open])
    tell("of that the API itself", [(c["answered"] - c["sent"]) * 1e3 for c, _ in rows])
    tell("kubectl, from start to end", [(c["ended"] - c["started"]) * 1e3 for c, _ in rows])
    if lost:
        sys.exit(f"kube_latency: {lost} changes were not met by any datagram in time")


def main():
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    Bench.setUpClass()
    try:
        bench = Bench()
        bench.setUp()
        results = bench.measure(tries)
    finally:
        Bench.doClassCleanups()
        lab.close_all()
    report(*results)


if __name__ == "__main__":
    main()
