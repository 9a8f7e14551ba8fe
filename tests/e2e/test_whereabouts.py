#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pods that nobody names an interface of: it is found, in whichever way their network is made."""
import json
import os

import netns
from case import LabCase, main
from lab import GATEWAY4, Pod
from layouts import (Sought, aws, bridged, calico, machine, plain, plain_after, ptp, ptp4, ptp6, tabled,
                     unconnected)

ALLOW_FRONTEND = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: sought, namespace: shop}
spec:
  podSelector: {matchLabels: {role: sought}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}]}]
"""
DEAD_SERVER = """
apiVersion: v1
kind: Config
current-context: dead
contexts: [{name: dead, context: {cluster: dead, user: dead}}]
clusters: [{name: dead, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}]
users: [{name: dead, user: {token: none}}]
"""
LATE = 20  # seconds until the status must complain; it does after 3 to 6


class Case(LabCase):
    """Pods that are sought come and go with each test; two that are named talk to them."""

    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop")
        cls.lab.add_pod("frontend")
        cls.lab.add_pod("intruder")

    def setUp(self):
        super().setUp()
        self.lab.enforce(ALLOW_FRONTEND)

    def make(self, name, layout, addresses=None):
        pod = Sought(self.lab, name, layout)
        pod.addresses = addresses or pod.addresses
        self.addCleanup(self.remove, name)
        return pod

    def remove(self, name):
        if name in self.lab.pods:
            pod = self.lab.pods.pop(name)
            pod.withdraw()
            if self.lab.node.has(pod.interface):
                pod.unplug()
            pod.close()

    def endpoint(self, name):
        return next((e for e in self.lab.weir_json("get", "endpoints")["items"] if e["pod"] == name), None)

    def state(self, pod):
        """(how it was found, interface, state) of a pod, or None."""
        found = self.endpoint(pod.name)
        return (found["found"], found["interface"], found["state"]) if found and found["interface"] else None

    def assert_found(self, pod, how):
        expected = (how, pod.interface, "enforced")
        self.lab.until(lambda: self.state(pod) == expected,
                       f"{pod.name} is {expected}, not {self.endpoint(pod.name)}{self.lab.log_tail()}")

    def assert_judged(self, pod, families=(4, 6)):
        for family in families:
            self.assert_open(self.frontend, pod, family=family)
            self.assert_shut(self.intruder, pod, family=family)
            self.assert_open(pod, self.intruder, family=family)

    def complaint(self, pod):
        return next((line for line in self.lab.status()["degraded"] if line.startswith(f"pod shop/{pod.name}: ")), None)

    def assert_complains(self, pod, *says):
        line = self.lab.until(lambda: self.complaint(pod), f"the status names {pod.name}", LATE)
        for words in says:
            self.assertIn(words, line)
        self.assertIsNone(self.state(pod))
        return line


class Routed(Case):
    """routed pods"""

    def check(self, layout, how, families=(4, 6), after=None):
        pod = self.make(layout.__name__, layout)
        pod.addresses = [a for f, a in ((4, pod.addr4), (6, pod.addr6)) if f in families]
        self.lab.until(lambda: (self.lab.interface(pod.interface) or {}).get("state") == "closed",
                       "the interface is closed before anybody is known to be behind it")
        self.assert_each(pod, [], [(self.frontend, 8080, "TCP", f) for f in families])
        pod.announce()
        self.assert_found(pod, how)
        if after:
            after(pod)
        self.assert_judged(pod, families)
        self.assertIsNone(self.complaint(pod))

    def test_ptp(self):
        """a pod of the ptp plugin is found by its route"""
        self.check(ptp, "route")

    def test_ptp4(self):
        """an IPv4-only pod is found by its route"""
        self.check(ptp4, "route", families=(4,))

    def test_ptp6(self):
        """an IPv6-only pod is found by its route"""
        self.check(ptp6, "route", families=(6,))

    def test_calico(self):
        """a pod of Calico's is found by its route"""
        self.check(calico, "route")

    def test_aws(self):
        """a pod of the AWS VPC CNI is found by its route"""
        self.check(aws, "route", families=(4,))

    def test_tabled(self):
        """a pod is found by a route that only a rule leads to"""
        self.check(tabled, "route", families=(4,))

    def test_plain(self):
        """a pod that no route leads to is found by the address that the other end of its interface has"""
        self.check(plain, "peer", after=plain_after)


class Bridged(Case):
    """a bridge's pods"""

    bridged = True

    def test_before_first_packet(self):
        """a pod on a bridge is found before its first packet, which the bridge has to learn from"""
        pod = self.make("silent", bridged)
        pod.announce()
        self.assert_found(pod, "peer")
        self.assert_judged(pod)

    def test_families(self):
        """pods with one address family are found on a bridge"""
        pods = {family: self.make(f"only{family}", bridged) for family in (4, 6)}
        for family, pod in pods.items():
            pod.addresses = [pod.addr4 if family == 4 else pod.addr6]
            pod.announce()
        for family, pod in pods.items():
            self.assert_found(pod, "peer")
            self.assert_judged(pod, (family,))

    def test_machine(self):
        """a machine behind a bridge of its own is found by what the node's bridge learnt, and kept when that is forgotten"""
        self.lab.end_agent()
        pod = self.make("machine", machine)
        pod.do("probe", targets=[[GATEWAY4, 9, "TCP"]], wait=1)
        self.lab.start_agent()
        pod.addresses = [pod.addr4]
        pod.announce()
        self.assert_found(pod, "bridge")
        self.assert_judged(pod, (4,))
        self.lab.end_agent()
        self.lab.node.run("ip", "neigh", "flush", "dev", "br0")
        self.lab.node.run("bridge", "fdb", "del", pod.mac, "dev", pod.interface, "master")
        self.lab.start_agent()
        self.assert_found(pod, "kept")
        self.assert_judged(pod, (4,))

    def test_forged(self):
        """whoever says that it has a machine's address isn't taken for it"""
        self.lab.end_agent()
        victim, forger = self.make("victim", unconnected), self.make("forger", bridged)
        forger.ip(f"addr add {victim.addr4}/24 dev eth0", f"route replace default via {GATEWAY4} src {victim.addr4}",
                  f"route replace 10.201.0.0/24 dev eth0 src {victim.addr4}")
        forger.do("probe", targets=[[GATEWAY4, 9, "TCP"]], wait=1)
        told = self.lab.node.ip_json("neigh", "show", victim.addr4)
        self.assertEqual([t.get("lladdr") for t in told], [forger.mac], "the node believes it")
        forger.ip(f"addr del {victim.addr4}/24 dev eth0")
        self.lab.start_agent()
        victim.addresses = [victim.addr4]
        victim.announce()
        self.assert_complains(victim, victim.addr4, "weir.dev/interface")


class Doubt(Case):
    """when it isn't clear"""

    def test_ambiguous(self):
        """of two interfaces with the address neither is taken, until it is known whose one of them is"""
        pod, thief = self.make("victim", plain), self.make("thief", plain)
        thief.ip(f"addr add {pod.addr4}/32 dev eth0", f"addr add {pod.addr6}/128 dev eth0 nodad")
        pod.announce()
        self.assert_complains(pod, pod.interface, thief.interface)
        for each in (pod, thief):
            self.assertEqual(self.lab.interface(each.interface)["state"], "closed")
        thief.announce()
        self.assert_found(thief, "peer")
        self.assert_found(pod, "peer")
        self.assertIsNone(self.complaint(pod))

    def test_ambiguous_no_more(self):
        """a pod is found when who has its address as well gives it up"""
        pod, thief = self.make("victim", plain), self.make("thief", plain)
        thief.ip(f"addr add {pod.addr4}/32 dev eth0")
        pod.announce()
        self.lab.until(lambda: self.endpoint(pod.name), "the pod is known")
        self.assertIsNone(self.state(pod))
        thief.ip(f"addr del {pod.addr4}/32 dev eth0")
        self.lab.until(lambda: self.state(pod) == ("peer", pod.interface, "enforced"), "the pod is found", LATE)

    def test_routed_against_thief(self):
        """a route of the node decides, whoever else has the address"""
        pod, thief = self.make("victim", ptp), self.make("thief", plain)
        thief.ip(f"addr add {pod.addr4}/32 dev eth0")
        pod.announce()
        self.assert_found(pod, "route")

    def test_two_routes(self):
        """a pod whose addresses lead to two interfaces has none of them"""
        pod, other = self.make("victim", ptp), self.make("other", unconnected)
        self.lab.node.ip(f"route replace {pod.addr6} dev {other.interface}")
        pod.announce()
        self.assert_complains(pod, pod.interface, other.interface)

    def test_named(self):
        """an interface that a pod names isn't another's, though a route says so"""
        pod, named = self.make("victim", unconnected), self.make("named", ptp)
        named.manifest = lambda: Pod.manifest(named)
        named.announce()
        self.assert_found(named, "annotation")
        self.lab.node.ip(f"route replace {pod.addr4} dev {named.interface}")
        pod.announce()
        self.assert_complains(pod, named.interface, "pod shop/named's")
        self.assert_found(named, "annotation")

    def test_told_of(self):
        """an interface that the CNI plugin has told of isn't another pod's, though the API has not told of its own yet"""
        pod, told = self.make("victim", unconnected), self.make("told", plain)
        ifindex = self.lab.node.ip_json("link", "show", told.interface)[0]["ifindex"]
        self.ask("POST", containerId="1", ifname="eth0", network="net", namespace="shop", pod="told", uid="u1",
                 interface=told.interface, ifindex=ifindex, addresses=[], timeoutSeconds=0)
        self.addCleanup(self.ask, "DELETE", containerId="1", ifname="eth0")
        self.lab.node.ip(f"route replace {pod.addr4} dev {told.interface}")
        pod.announce()
        self.assert_complains(pod, told.interface, "as the CNI plugin said")

    def ask(self, method, **about):
        netns.run("curl", "-sSf", "--unix-socket", self.lab.socket, "-X", method, "-d", json.dumps(about),
                  "http://weir/v1/attachments")

    def test_nowhere(self):
        """a pod that can't be found is named by the status and by explain, with what to do"""
        pod = self.make("lost", unconnected)
        pod.announce()
        line = self.assert_complains(pod, pod.addr4, "no interface found", "weir.dev/interface", "CNI plugin")
        self.assertEqual(self.lab.weir("status").returncode, 1, line)
        lost = self.endpoint("lost")
        self.assertEqual((lost["interface"], lost["found"], lost["ifindex"], lost["state"]), (None, None, 0, "missing"))
        self.assertIn("lost", self.assert_done(self.lab.weir("get", "endpoints", "-o", "wide")))
        self.assertIn("isn't found", self.lab.weir("explain", "shop/frontend", "shop/lost:8080").stdout)

    def test_many(self):
        """of many that can't be found the status names some and counts the rest"""
        pod = self.make("lost", unconnected)
        for i in range(40):
            manifest = pod.manifest()
            manifest["metadata"]["name"] = f"lost-{i}"
            manifest["status"]["podIPs"] = [{"ip": f"10.201.7.{i}"}]
            self.addCleanup(self.lab.remove, self.lab.write(f"pod-lost-{i}.json", manifest))
        self.lab.until(lambda: "pods: no interface found for 24 more (weir get endpoints lists them)" in
                       self.lab.status()["degraded"], "the status counts those that it doesn't name", LATE)
        self.assertEqual(sum(line.startswith("pod shop/lost-") for line in self.lab.status()["degraded"]), 16)

    def test_nobody(self):
        """finished pods, pods on the host's network, of another node and of none are not looked for"""
        pod = self.make("away", ptp)
        for spec, status in (({"nodeName": "node-2"}, {}), ({"nodeName": None}, {}), ({"hostNetwork": True}, {}),
                             ({}, {"phase": "Succeeded"}), ({}, {"podIPs": None})):
            manifest = pod.manifest()
            for part, words in (("spec", spec), ("status", status)):
                manifest[part] = {k: v for k, v in (manifest[part] | words).items() if v is not None}
            self.lab.write("pod-away.json", manifest)
            self.lab.settle()
            self.assertIsNone(self.endpoint("away"), f"{spec} {status}")
        pod.announce()
        self.assert_found(pod, "route")


class Life(Case):
    """what becomes of it"""

    def test_later(self):
        """a pod is found whose interface comes after its object"""
        pod = self.make("late", unconnected)
        pod.announce()
        self.lab.until(lambda: self.endpoint("late"), "the pod is known")
        ptp(pod)
        self.assert_found(pod, "route")
        self.assert_judged(pod)

    def test_removed(self):
        """an interface is closed when its pod goes"""
        pod = self.make("leaving", ptp)
        pod.announce()
        self.assert_found(pod, "route")
        connection = self.connect(self.frontend, pod)
        pod.withdraw()
        self.lab.until(lambda: self.lab.interface(pod.interface)["state"] == "closed", "the interface is closed")
        self.assert_silent(self.frontend, connection)
        self.assert_shut(pod, self.intruder)

    def test_recreated(self):
        """a pod is found again when its interface is made anew"""
        pod = self.make("again", ptp)
        pod.announce()
        self.assert_found(pod, "route")
        before = self.endpoint("again")["ifindex"]
        pod.unplug()
        self.lab.until(lambda: self.state(pod) is None, "its interface is gone")
        pod.plug_again()
        self.lab.until(lambda: self.state(pod) and self.endpoint("again")["ifindex"] != before, "it is found again")
        self.assert_judged(pod)

    def test_moved(self):
        """a pod whose address is another's now isn't behind its old interface any more"""
        pod, other = self.make("mover", ptp), self.make("heir", plain)
        pod.announce()
        self.assert_found(pod, "route")
        pod.addresses, old = [other.addr4], pod.interface
        pod.announce()
        self.lab.until(lambda: self.state(pod) == ("peer", other.interface, "enforced"), "it is behind the other")
        self.assertEqual(self.lab.interface(old)["state"], "closed")

    def test_renamed(self):
        """an interface that gets another name stays its pod's"""
        pod = self.make("renamed", ptp)
        pod.announce()
        self.assert_found(pod, "route")
        pod.interface = "eni1234"
        self.lab.node.ip("link set veth-renamed down", "link set veth-renamed name eni1234", "link set eni1234 up",
                         f"route replace {pod.addr4} dev eni1234", f"route replace {pod.addr6} dev eni1234")
        self.assert_found(pod, "route")

    def test_restart(self):
        """connections stay while the agent is started again, and pods are found again"""
        pods = [self.make("routed", ptp), self.make("plain", plain)]
        for pod in pods:
            pod.announce()
        self.assert_found(pods[0], "route")
        self.assert_found(pods[1], "peer")
        plain_after(pods[1])
        connections = [self.connect(self.frontend, pod) for pod in pods]
        identities = [self.endpoint(pod.name)["identity"] for pod in pods]
        self.lab.end_agent()
        for connection in connections:
            self.assert_talks(self.frontend, connection)
        self.lab.start_agent()
        for connection in connections:
            self.assert_talks(self.frontend, connection)
        for pod in pods:
            self.assert_found(pod, "route")
            self.assert_judged(pod)
        self.assertEqual([self.endpoint(pod.name)["identity"] for pod in pods], identities)

    def test_unheard(self):
        """while a source hasn't said anything yet, what an earlier agent had found stays though links change"""
        pod, other = self.make("stays", plain), self.make("goes", ptp)
        for each in (pod, other):
            each.announce()
        self.assert_found(pod, "peer")
        self.assert_found(other, "route")
        plain_after(pod)
        self.lab.end_agent()
        path = os.path.join(self.lab.dir, "dead.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(DEAD_SERVER)
        self.lab.options = ["--source", "kube", "--kubeconfig", path]
        self.lab.spawn_agent()
        other.unplug()
        self.lab.until(lambda: not self.lab.node.has(other.interface), "it is gone")
        self.lab.weir("status")
        self.assert_judged(pod)
        self.lab.end_agent()
        self.lab.options = []
        self.lab.start_agent()
        self.assert_found(pod, "route")

    def test_short_path(self):
        """pods of a known kind come, are found and go without a new policy"""
        first = self.make("first", ptp)
        first.labels = second_labels = {"role": "sought"}
        first.announce()
        self.assert_found(first, "route")
        self.lab.settle()
        revision = self.lab.status()["revision"]
        second = self.make("second", plain)
        second.labels = second_labels
        second.announce()
        self.assert_found(second, "peer")
        second.withdraw()
        self.lab.until(lambda: self.lab.interface(second.interface)["state"] == "closed", "it is closed")
        self.assertEqual(self.lab.status()["revision"], revision)


if __name__ == "__main__":
    main()
