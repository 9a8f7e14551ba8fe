#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Interfaces that appear while the agent compiles a large policy, and frames that wait for them on both sides."""
import calendar
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest

import kube_crowd
import packets
from case import LabCase, main
from cni import PLUGINS, CniPod, conflist
from core_cases import policy
from netns import Host

SENDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "early_sender.py")
PODS, POLICIES = 3000, 300  # that one change takes a good part of a second
PAUSE = 0.0005  # between the frames of a sender
MOST = 60  # newcomers
ENOUGH = 3  # of them, during a policy change
BEHIND_GATE = 20  # newcomers, of which few come during a change: ADD waits for the agent before there is an interface
MARK = b"newcomer"
ISOLATED = policy("""
    podSelector: {matchLabels: {app: early}}
    policyTypes: [Ingress, Egress]
    """)


def frame(source, destination):
    """One that carries the mark and room for the time."""
    return packets.ether(destination, source, packets.IPV4, packets.ipv4(
        "10.202.77.77", "10.202.88.88", packets.UDP, packets.udp("10.202.77.77", "10.202.88.88", (1, 9999),
                                                                 MARK + bytes(8)))).hex()


def moment(text):
    """ns since 1970, of RFC 3339 in UTC with microseconds."""
    whole, micros = re.fullmatch(r"(.*)\.(\d{6})Z", text).groups()
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(micros) * 1000


class Restless(threading.Thread):
    """Has the agent compile all the time: of two policies each by turns, as soon as the other is in force."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.ended = lab, threading.Event()

    def run(self):
        turn = 0
        while not self.ended.wait(0.02):
            turn += 1
            policies = [kube_crowd.policy(number) for number in range(POLICIES)]
            policies[0]["spec"]["ingress"][0]["ports"][0]["port"] = 9000 + turn % 2
            self.lab.write("policies.json", {"apiVersion": "v1", "kind": "List", "items": policies})
            self.lab.weir("wait", "--settled", "--timeout", "30")

    def end(self):
        self.ended.set()
        self.join(60)


class Sender:
    """A process that sends stamped frames by a host's eth0, whenever it has one."""

    def __init__(self, host, words):
        self.process = subprocess.Popen([*host.enter(), sys.executable, SENDER, "eth0", words, str(PAUSE)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        return int(self.process.communicate("", 10)[0])


class Stranger:
    """An interface of the pod's, and what became of it; times are ns since 1970."""

    def __init__(self, name):
        self.name, self.came = name, time.time_ns()
        self.closed = self.gone = None

    def is_past(self, stamp):
        """Whether a frame that was sent then met a closed interface."""
        return self.closed < stamp < self.gone


class NewcomersCase(LabCase):
    """A bridge with a neighbour on it that nobody enforces, and one pod that comes and goes, next to a large cluster."""

    INSIDE, NEIGHBOUR = "02:00:00:00:00:01", "02:00:00:00:00:02"

    @classmethod
    def build(cls):
        lab = cls.lab
        namespaces = [{"apiVersion": "v1", "kind": "Namespace",
                       "metadata": {"name": f"team-{n}", "labels": {"name": f"team-{n}"}}}
                      for n in range(kube_crowd.NAMESPACES)]
        lab.write("crowd.json", {"apiVersion": "v1", "kind": "List",
                                 "items": namespaces + [kube_crowd.pod(number) for number in range(PODS)]})
        cls.neighbour = Host(f"{lab.label}-near")
        cls.addClassCleanup(cls.neighbour.close)
        lab.node.ip("link add cni0 type bridge mcast_snooping 0", "link set cni0 up",
                    f"link add near master cni0 up type veth peer name eth0 netns {cls.neighbour.netns}")
        cls.neighbour.ip(f"link set eth0 address {cls.NEIGHBOUR} up")

    def setUp(self):
        """Nothing is asked of the events: what a closed interface drops is no endpoint's."""
        restless = Restless(self.lab)
        restless.start()
        self.addCleanup(restless.end)

    def log(self):
        """When what was logged, ns since 1970."""
        with open(self.lab.log_path, encoding="utf-8") as file:
            entries = [json.loads(line) for line in file if line.startswith("{") and line.endswith("}\n")]
        return [(moment(entry["time"]), entry["message"]) for entry in entries]

    def closed(self, name):
        """When an interface was closed, or None."""
        return next((when for when, said in self.log() if said.startswith(f"interface {name}: attached and closed")),
                    None)

    def in_changes(self, strangers):
        """Those that were closed while a policy was made."""
        changes = [(when - int(float(ms[1]) * 1e6), when) for when, said in self.log()
                   if (ms := re.search(r"^policy revision .* ([\d.]+) ms$", said))]
        return [s for s in strangers if any(begun < s.closed < ended for begun, ended in changes)]

    def sent(self, host):
        """How many packets have gone out by its eth0."""
        return host.ip_json("-s", "link", "show", "eth0")[0]["stats64"]["tx"]["packets"]

    def wait_for_frames(self, pod):
        """Until both sides have sent some more."""
        for host in pod, self.neighbour:
            before = self.sent(host)
            self.lab.until(lambda h=host, n=before: self.sent(h) > n + 5, f"{host.netns} sends")

    def both_ways(self, pod, strangers, one, is_gated=False):
        """Has interfaces come and go, each made by one(number), while both sides send; the frames that got through."""
        for host, interface in (pod, ""), (self.neighbour, "eth0"):
            host.do("watch", interface=interface)
        senders = [Sender(pod, frame(self.INSIDE, self.NEIGHBOUR)), Sender(self.neighbour, frame(self.NEIGHBOUR, self.INSIDE))]
        try:
            for number in range(MOST):
                strangers.append(one(number))
                if len(self.in_changes(strangers)) >= ENOUGH or (is_gated and len(strangers) == BEHIND_GATE):
                    break
        finally:
            sent = sum(sender.end() for sender in senders)
            heard = [f for host, interface in ((pod, ""), (self.neighbour, "eth0"))
                     for f in host.do("unwatch", interface=interface) if MARK.hex() in f]
        stamps = [int(f[-16:], 16) for f in heard]
        if not is_gated:
            self.assertGreaterEqual(len(self.in_changes(strangers)), ENOUGH, "none came while a policy was made")
        past = [s.name for stamp in stamps for s in strangers if s.is_past(stamp)]
        self.assertEqual(past, [], f"of {sent} frames")
        opens = [(s.closed - min((t for t in stamps if s.came < t < s.gone), default=s.closed)) / 1e6 for s in strangers]
        print(f"# {len(strangers)} newcomers, {len(self.in_changes(strangers))} of them during a policy change; "
              f"{len(stamps)} of {sent} frames passed, all sent before: from the first of them to the closing "
              f"at most {max(opens):.1f} ms")
        return len(stamps)


class Plain(NewcomersCase):
    """Interfaces that are bridged and up from their first instant; the pod's end is so a moment later."""

    @classmethod
    def build(cls):
        super().build()
        cls.pod = Host(f"{cls.lab.label}-pod")
        cls.addClassCleanup(cls.pod.close)

    def one(self, number):
        stranger = Stranger(f"new-{number}")
        self.lab.node.ip(f"link add {stranger.name} master cni0 up type veth "
                         f"peer name eth0 address {self.INSIDE} netns {self.pod.netns}")
        self.pod.ip("link set eth0 up")
        self.lab.until(lambda: self.closed(stranger.name), f"{stranger.name} is closed")
        stranger.closed = self.closed(stranger.name)
        self.wait_for_frames(self.pod)
        stranger.gone = time.time_ns()
        self.lab.node.ip(f"link delete {stranger.name}")
        return stranger

    def test_closed_at_once(self):
        """an interface that appears while a policy is compiled is closed meanwhile, and no frame gets past, either way"""
        self.both_ways(self.pod, [], self.one)


@unittest.skipUnless(os.access(os.path.join(PLUGINS, "bridge"), os.X_OK), "needs the package containernetworking-plugins")
class ByPlugins(NewcomersCase):
    """Pods that the bridge plugin and weir-cni give their network, with frames waiting from before ADD."""

    @classmethod
    def build(cls):
        super().build()
        cls.lab.write("isolate.yaml", ISOLATED)
        cls.pod = CniPod(cls.lab, "early")
        cls.addClassCleanup(cls.pod.close)
        cls.pod.announce()

    def one(self, number):
        """An ADD, whatever the agent is at, and a DEL."""
        config = conflist(self.lab, timeoutSeconds=60)
        stranger = Stranger(f"ADD {number}")
        self.pod.container.add(config)
        returned = time.time_ns()
        self.pod.interface = next(i["name"] for i in self.pod.container.result["interfaces"]
                                  if i["name"].startswith("veth"))
        stranger.closed = self.closed(self.pod.interface)
        self.assertLess(stranger.closed, returned)
        self.wait_for_frames(self.pod)
        stranger.gone = time.time_ns()
        self.pod.delete(config)
        return stranger

    def test_add(self):
        """a pod that weir-cni adds while a policy is compiled neither sends nor receives a frame against policy"""
        is_gated = self.lab.status()["newcomers"]["closedBy"] == "kernel"
        passed = self.both_ways(self.pod, [], self.one, is_gated)
        if is_gated:
            self.assertEqual(passed, 0)


if __name__ == "__main__":
    main()
