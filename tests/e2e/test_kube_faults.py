#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What networks, proxies and servers do to lists and watches: nothing of it changes what is enforced."""
import os
import ssl
import time

import case
import lab
from kube_case import IS_LONG, NETWORK_POLICIES, KubeCase, isolate, proxy

UDP = [{"port": 9000, "protocol": "UDP"}, {"port": 8080}]
RATE = 200
RECOVERY_SECONDS = 35  # the longest pause between two attempts is 30 s
MEMORY_SLACK_KIB = 8 << 10
GONE = proxy.answers("410 Gone")


def of_policies(exchange):
    return "/networkpolicies" in exchange.path


def of_both(exchange):
    return of_policies(exchange) or "/pods" in exchange.path


def both_ways(fault):
    """The list of policies meets it, because their watch is answered with 410; and the watch of pods."""
    def meet(exchange):
        if of_policies(exchange):
            (GONE if exchange.is_watch else fault)(exchange)
        else:
            (fault if exchange.is_watch else proxy.pass_on)(exchange)
    return meet


# What status says meanwhile, of a list of policies and a watch of pods; None: nothing, for it might come yet.
FAULTS = [
    ("is cut", proxy.cut, "reset by peer"),
    ("is reset at once", proxy.cut_early, "can't be reached"),
    ("ends in the middle of an object", proxy.ended, "was cut off"),
    ("stalls", proxy.stall, None),
    ("is not answered", proxy.silence, None),
    ("comes in drops", proxy.slow, None),
    ("is garbage", proxy.garbage, "is not what was asked for"),
    ("is a page of a proxy", proxy.page, "is not what was asked for"),
    ("has no end", proxy.endless, "sent an object of more than 8 MiB"),
    ("is answered 429", proxy.answers("429 Too Many", "Retry-After: 1"), "answers 429: as the test wants"),
    ("is answered 500", proxy.answers("500 Oops"), "answers 500: as the test wants"),
    ("is answered 503", proxy.answers("503 Not Yet"), "answers 503: as the test wants"),
    ("is answered 404", proxy.answers("404 Not Found"), "answers 404: as the test wants"),
]


class FaultCase(KubeCase):
    """The agent reaches the API through the proxy. Datagrams tell whether policy ever was another."""

    pods = ("frontend", "backend", "intruder", "visitor")

    @classmethod
    def kubeconfig(cls):
        cls.proxy = proxy.Proxy(cls.api, f"/run/netns/{cls.lab.node.netns}")
        cls.proxy.__enter__()
        cls.addClassCleanup(cls.proxy.__exit__)
        return cls.api.kubeconfig({"tokenFile": cls.tokens}, cls.proxy.url())

    def setUp(self):
        super().setUp()
        self.put(isolate("backend", "backend", ["frontend"], UDP))
        self.until_policies(1)
        self.lab.settle()

    def begin_probes(self):
        for pod in (self.frontend, self.intruder, self.backend):
            self.addCleanup(pod.do, "hush")
        self.backend.do("ear", port=9000)
        for number, sender in enumerate((self.frontend, self.intruder)):
            sender.do("pulse", number=number, host=self.backend.addr4, port=9000, rate=RATE)

    def end_probes(self):
        """Every datagram of the permitted sender has come, and none of the other."""
        sent = [len(sender.do("pulse_end", number=n)) for n, sender in enumerate((self.frontend, self.intruder))]
        heard = self.backend.do("ear_end", port=9000)
        self.assertGreater(min(sent), 0)
        self.assertEqual(heard.get("1", []), [], f"denied datagrams came{self.lab.log_tail()}")
        self.assertEqual(sent[0] - len(set(heard["0"])), 0, f"permitted datagrams were lost{self.lab.log_tail()}")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.lab.agent.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.lab.agent.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def until_said(self, words):
        """Of each that meets the fault; that the server is away is said once."""
        kinds = [""] if "reached" in words else ["networkpolicies: ", "pods: "]
        end = time.monotonic() + 20
        while not all(any(kind in said and words in said for said in self.lab.status()["degraded"]) for kind in kinds):
            self.assertLess(time.monotonic(), end, f"status does not say {words!r}: {self.degraded()}")
            time.sleep(0.05)

    def survive(self, begin, words, end):
        """What changes during the fault is enforced after it, and until then nothing is another."""
        self.begin_probes()
        begin()
        self.put(isolate("late", "frontend", ["friend"]))
        self.relabel("visitor", "friend")
        try:
            self.lab.until(lambda: self.proxy.afflicted >= 2, "both have met the fault", 15)
            if words:
                self.until_said(words)
        finally:
            end()
        self.lab.until(lambda: "late" in self.policies(), "the policy that came meanwhile is known", RECOVERY_SECONDS)
        self.lab.until(lambda: self.is_open(self.visitor, self.frontend), "the pod is what it became meanwhile",
                       RECOVERY_SECONDS)
        self.until_well(RECOVERY_SECONDS)
        self.assert_shut(self.intruder, self.frontend)
        self.end_probes()
        self.relabel("visitor", "visitor")
        self.api.request("DELETE", f"{NETWORK_POLICIES}/late")
        self.until_policies(1)


def cases():
    """One test a row."""
    def make(row):
        def test(self):
            self.survive(lambda: self.proxy.play(both_ways(row[1]), of_both), row[2], self.proxy.calm)
        test.__doc__ = f"a list or a watch that {row[0]} changes nothing, and is made good"
        return test
    return {f"test_{i:02}": make(row) for i, row in enumerate(FAULTS)}


Rows = type("Rows", (FaultCase,), cases())


if __name__ == "__main__":
    case.main()
