# SPDX-License-Identifier: BSD-2-Clause
"""Pods that come, get an address, become others and go, at a steady rate, in a real API server."""
import threading
import time

from kube_case import MERGE, PODS, server

THREADS = 4
LABELS = ("frontend", "intruder", "other")


def pod(number, app):
    """On another node; its address belongs to no other of the last 60,000."""
    address = f"10.{210 + number // 60000 % 20}.{number // 250 % 240}.{number % 250 + 1}"
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"churn-{number}", "namespace": "shop", "labels": {"app": app}},
            "spec": {"nodeName": "node-2", "containers": [{"name": "main", "image": "none"}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}


class Churn:
    """Begins with start; stop says how many pods have come and gone in how many seconds."""

    def __init__(self, api, netns, rate):
        self.api, self.netns, self.rate = api, netns, rate
        self.ended = False
        self.done = 0
        self.failures = []
        self.lock = threading.Lock()
        self.begun = None
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(THREADS)]

    def start(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.ended = True
        for thread in self.threads:
            thread.join(30)
        return {"pods": self.done, "seconds": time.monotonic() - self.begun, "failures": self.failures}

    def run(self, first):
        server.enter_netns(self.netns)
        client = self.api.client()
        number = first
        while not self.ended:
            due = self.begun + number / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self.live(client, number)
            except (OSError, RuntimeError) as e:
                self.failures.append(str(e))
                client.close()
                client = self.api.client()
                time.sleep(0.2)
            number += THREADS
        client.close()

    def live(self, client, number):
        """A pod's whole life: four requests."""
        manifest = pod(number, LABELS[number % len(LABELS)])
        path = f"{PODS}/{manifest['metadata']['name']}"
        client.request("POST", PODS, manifest)
        client.request("PUT", path + "/status", manifest)
        client.request("PATCH", path, {"metadata": {"labels": {"app": LABELS[(number + 1) % len(LABELS)]}}}, MERGE)
        client.request("DELETE", path + "?gracePeriodSeconds=0")
        with self.lock:
            self.done += 1
