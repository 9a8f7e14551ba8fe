# SPDX-License-Identifier: BSD-2-Clause
"""Policies that kubectl changes, and when packets first met each change."""
import json
import os
import re
import subprocess
import time

from kube_case import isolate, proxy, server

PORT = 9000
RATE = 2000  # datagrams a second: what a moment is told to


def guard(is_open):
    """A policy that admits frontend's datagrams to backend, or nobody's."""
    return isolate("backend", "backend", ["frontend"] if is_open else ["nobody"], [{"port": PORT, "protocol": "UDP"}])


class Kubectl:
    """kubectl, and a proxy between it and the API that notes when the change was asked for and answered."""

    def __init__(self, api, node):
        self.api, self.node = api, node
        self.proxy = proxy.Proxy(api, f"/run/netns/{node.netns}")
        self.proxy.__enter__()
        self.proxy.play(self.note, lambda exchange: re.match(rb"(POST|PATCH|PUT) ", exchange.head))
        self.config = api.kubeconfig({"token": server.TOKEN}, self.proxy.url())
        self.asked = self.answered = None

    def close(self):
        self.proxy.__exit__()

    def note(self, exchange):
        asked = time.monotonic()
        head = exchange.ask()
        answered = time.monotonic()
        exchange.client.sendall(head)
        for data in exchange.body():
            exchange.client.sendall(data)
        self.asked, self.answered = asked, answered

    def apply(self, manifest):
        """When it was started, when the API was asked and when it answered, and when kubectl ended."""
        started = time.monotonic()
        done = subprocess.run([*self.node.enter(), "kubectl", "--kubeconfig", self.config, "apply", "-f", "-"],
                              input=json.dumps(manifest), capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | {"HOME": self.api.directory})
        if done.returncode:
            raise AssertionError(f"kubectl apply: {done.stderr}")
        return {"started": started, "sent": self.asked, "answered": self.answered, "ended": time.monotonic()}


def moment(change, until, sent, heard):
    """When the first datagram was sent that met the change; None: none did."""
    met = [at for number, at in enumerate(sent)
           if change["sent"] <= at < until and (number in heard) == change["is_open"]]
    return met[0] if met else None


def moments(changes, sent, heard):
    """The changes, each with the moment in which it was met."""
    ends = [change["sent"] for change in changes[1:]] + [float("inf")]
    return [(change, moment(change, until, sent, heard)) for change, until in zip(changes, ends)]
