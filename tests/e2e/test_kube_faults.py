#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What networks, proxies and servers do to lists and watches: nothing of it changes what is enforced."""
import os
import signal
import ssl
import time

import case
from kube_case import IS_LONG, NETWORK_POLICIES, PODS, KubeCase, isolate, proxy, server
from lab import FORGETFUL

UDP = [{"port": 9000, "protocol": "UDP"}, {"port": 8080}]
RATE = 200
PAGED_PODS = 520  # a page has 500
PAUSE_SECONDS = 35  # the longest pause between two attempts is 30 s
RECOVERY_SECONDS = 45
MEMORY_SLACK_KIB = 8 << 10
GONE = proxy.answers("410 Gone")


def of_policies(exchange):
    return "/networkpolicies" in exchange.path


def of_both(exchange):
    return of_policies(exchange) or "/pods" in exchange.path


def cut_second_page(exchange):
    if exchange.is_watch:
        GONE(exchange)
    elif "continue=" in exchange.path:
        proxy.cut(exchange)
    else:
        proxy.pass_on(exchange)


def both_ways(fault):
    """The list of policies meets it, because their watch is answered with 410; and the watch of pods."""
    def meet(exchange):
        if of_policies(exchange):
            (GONE if exchange.is_watch else fault)(exchange)
        else:
            (fault if exchange.is_watch else proxy.pass_on)(exchange)
    return meet


# What status says meanwhile, of a list of policies and a watch of pods; None: nothing, for it might come yet, or
# a list in between is well.
FAULTS = [
    ("is cut", proxy.cut, "reset by peer"),
    ("is reset at once", proxy.cut_early, "can't be reached"),
    ("ends in the middle of an object", proxy.ended, "was cut off"),
    ("stalls", proxy.stall, None),
    ("is not answered", proxy.silence, None),
    ("comes in drops", proxy.slow, None),
    ("is garbage", proxy.garbage, "is not what was asked for"),
    ("has no end", proxy.endless, "sent an object of more than 8 MiB"),
    ("is answered 429", proxy.answers("429 Too Many", "Retry-After: 1"), "answers 429: as the test wants"),
    ("is answered 500", proxy.answers("500 Oops"), "answers 500: as the test wants"),
    ("is answered 404", proxy.answers("404 Not Found"), "answers 404: as the test wants"),
]
LIKE_THOSE = [
    ("is a page of a proxy", proxy.page, "is not what was asked for"),
    ("is answered 503", proxy.answers("503 Not Yet"), "answers 503: as the test wants"),
]


def crowd(number):
    """A pod of no account."""
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"crowd-{number:04}", "namespace": "shop", "labels": {"app": "crowd"}},
            "spec": {"containers": [{"name": "main", "image": "none"}]}}


class FaultCase(KubeCase):
    """The agent reaches the API through the proxy. Datagrams tell whether policy ever was another."""

    pods = ("frontend", "backend", "intruder", "visitor")
    env = FORGETFUL

    @classmethod
    def kubeconfig(cls):
        cls.proxy = proxy.Proxy(cls.api, f"/run/netns/{cls.lab.node.netns}")
        cls.proxy.__enter__()
        cls.addClassCleanup(cls.proxy.__exit__)
        return cls.api.kubeconfig({"tokenFile": cls.tokens}, cls.proxy.url())

    @classmethod
    def build(cls):
        super().build()
        cls.before = cls.descriptors(), cls.memory_kib()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.proxy.calm)
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

    @classmethod
    def descriptors(cls):
        return len(os.listdir(f"/proc/{cls.lab.agent.pid}/fd"))

    @classmethod
    def memory_kib(cls):
        with open(f"/proc/{cls.lab.agent.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def until_said(self, words):
        """Of each that meets the fault; that the server is away is said once."""
        self.lab.until(lambda: self.proxy.afflicted >= 2, "both have met the fault", PAUSE_SECONDS)
        if not words:
            return
        kinds = [""] if "reached" in words else ["networkpolicies: ", "pods: "]
        end = time.monotonic() + PAUSE_SECONDS
        while not all(any(kind in said and words in said for said in self.lab.status()["degraded"]) for kind in kinds):
            self.assertLess(time.monotonic(), end, f"status does not say {words!r}: {self.degraded()}")
            time.sleep(0.05)

    def survive(self, begin, until_said, end):
        """What changes during the fault is enforced after it, and until then nothing is another."""
        self.begin_probes()
        begin()
        self.put(isolate("late", "frontend", ["friend"]))
        self.relabel("visitor", "friend")
        try:
            until_said()
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
            self.survive(lambda: self.proxy.play(both_ways(row[1]), of_both), lambda: self.until_said(row[2]),
                         self.proxy.calm)
        test.__doc__ = f"a list or a watch that {row[0]} changes nothing, and is made good"
        return test
    return {f"test_{i:02}": make(row) for i, row in enumerate(FAULTS + (LIKE_THOSE if IS_LONG else []))}


class Faults(type("Rows", (FaultCase,), cases())):
    """The rows, and what happens to whole connections."""

    # --- the connection -------------------------------------------------------

    def test_refused(self):
        """a server that refuses connections changes nothing"""
        def refuse():
            self.proxy.refuse()
            self.proxy.reset_those()
        self.outage(refuse, "Couldn't connect", self.proxy.listen)

    def test_no_tls(self):
        """a server that speaks no TLS changes nothing"""
        def nonsense(plain):
            plain.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        self.outage(lambda: self.proxy.play_tls(nonsense), "can't be reached", self.proxy.calm)

    def test_other_authority(self):
        """a server with another authority's certificate is told nothing"""
        self.api.make_key("foreign")
        server.run("openssl", "req", "-x509", "-new", "-key", self.api.path("foreign.key"), "-subj", "/CN=127.0.0.1",
                   "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-out", self.api.path("foreign.crt"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.api.path("foreign.crt"), self.api.path("foreign.key"))
        told = []

        def impersonate(plain):
            with context.wrap_socket(plain, server_side=True) as tls:
                told.append(tls.recv(1))
        self.outage(lambda: self.proxy.play_tls(impersonate), "certificate", self.proxy.calm)
        self.assertEqual([word for word in told if word], [])

    def outage(self, begin, words, end):
        """Of the whole connection."""
        def until_said():
            self.lab.until(lambda: "can't be reached" in self.degraded() and words in self.degraded(),
                           f"status says {words!r}", 20)
        self.survive(begin, until_said, end)

    # --- half a world -----------------------------------------------------------

    def test_pages(self):
        """a list that is cut between its pages is not taken, by a running agent and by one that begins"""
        for i in range(PAGED_PODS):
            self.api.request("POST", PODS, crowd(i))
        known = PAGED_PODS + len(self.pods)
        self.lab.until(lambda: self.count_pods() == known, "all pods are known", 20)
        self.begin_probes()
        self.proxy.play(cut_second_page, lambda exchange: "/pods" in exchange.path)
        self.relabel("visitor", "friend")
        self.lab.until(lambda: "pods: " in self.degraded(), "status says that pods can't be listed", 20)
        self.assertEqual(self.count_pods(), known)
        self.lab.end_agent(signal.SIGKILL)
        self.proxy.afflicted = 0
        self.lab.spawn_agent()
        self.lab.until(lambda: self.proxy.afflicted >= 3, "pages are asked for", 20)
        # On a slow machine it has failed often enough by then that the failure is what is said.
        self.assertRegex(self.degraded(), "has not been read yet|kube: pods: ")
        self.end_probes()
        self.proxy.calm()
        self.until_well(RECOVERY_SECONDS)
        self.assertEqual(self.count_pods(), known)
        self.relabel("visitor", "visitor")
        self.assert_shut(self.intruder, self.backend)
        self.api.request("DELETE", f"{PODS}?labelSelector=app%3Dcrowd&gracePeriodSeconds=0")
        self.lab.until(lambda: self.count_pods() == len(self.pods), "they are gone", 20)

    def count_pods(self):
        return self.lab.status()["policy"]["pods"]

    # --- what is left -----------------------------------------------------------

    def test_zz_keeps_nothing(self):
        """after all this no descriptor and no memory is kept"""
        self.proxy.play(proxy.endless, of_both)
        self.lab.until(lambda: self.proxy.afflicted >= 5, "five answers without an end were begun", 60)
        self.proxy.calm()
        self.until_well(RECOVERY_SECONDS)
        self.lab.until(lambda: self.descriptors() <= self.before[0] + 2, "descriptors are as many as before", 20)
        print(f"# descriptors {self.before[0]} and {self.descriptors()}, memory {self.before[1]} and "
              f"{self.memory_kib()} KiB")
        self.assertLess(self.memory_kib(), self.before[1] + MEMORY_SLACK_KIB)


if __name__ == "__main__":
    case.main()
