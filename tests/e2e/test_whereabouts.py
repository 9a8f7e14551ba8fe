#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pods that nobody names an interface of: it is found, in whichever way their network is made."""
import netns
from case import LabCase, main
from lab import GATEWAY4, GATEWAY6, Pod

LINK_LOCAL_GATEWAY = "169.254.1.1"
CALICO_MAC, CALICO_GATEWAY6 = "ee:ee:ee:ee:ee:ee", "fe80::ecee:eeff:feee:eeee"
ALLOW_FRONTEND = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: sought, namespace: shop}
spec:
  podSelector: {matchLabels: {role: sought}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}]}]
"""
LATE = 20  # seconds until the status must complain; it does after 5 to 10


# --- layouts: how a network plugin connects a pod ----------------------------

def ptp(pod):
    """the ptp plugin's"""
    pod.be_routed()


def ptp4(pod):
    """an IPv4-only pod's"""
    pod.lab.node.ip(f"addr add {GATEWAY4}/32 dev {pod.interface}", f"route add {pod.addr4} dev {pod.interface} scope host")
    pod.ip(f"addr add {pod.addr4}/32 dev eth0", "link set eth0 up", f"route add {GATEWAY4} dev eth0",
           f"route add default via {GATEWAY4}")


def ptp6(pod):
    """an IPv6-only pod's"""
    pod.lab.node.ip(f"addr add {GATEWAY6}/128 dev {pod.interface} nodad", f"route add {pod.addr6} dev {pod.interface}")
    pod.ip(f"addr add {pod.addr6}/128 dev eth0 nodad", "link set eth0 up", f"route add {GATEWAY6} dev eth0",
           f"route add default via {GATEWAY6}")


def calico(pod):
    """Calico's: one MAC address for all, a gateway that nobody has, proxy ARP"""
    name = pod.interface
    pod.lab.node.do("sysctl", values={f"ipv4/conf/{name}/proxy_arp": 1, f"ipv4/neigh/{name}/proxy_delay": 0})
    pod.lab.node.ip(f"link set {name} down", f"link set {name} address {CALICO_MAC}", f"link set {name} up",
                    f"route add {pod.addr4} dev {name} scope link", f"route add {pod.addr6} dev {name}")
    pod.ip(f"addr add {pod.addr4}/32 dev eth0", f"addr add {pod.addr6}/128 dev eth0 nodad", "link set eth0 up",
           f"route add {LINK_LOCAL_GATEWAY} dev eth0 scope link", f"route add default via {LINK_LOCAL_GATEWAY}",
           f"route add default via {CALICO_GATEWAY6} dev eth0")


def aws(pod):
    """the AWS VPC CNI's: rules for each pod, a static neighbour in it"""
    _vpc(pod, "main")


def tabled(pod):
    """one whose route is in a table of its own, which a rule leads to"""
    _vpc(pod, "77")


def _vpc(pod, table):
    node, name = pod.lab.node, pod.interface
    mac = node.ip_json("link", "show", name)[0]["address"]
    node.ip(f"route add {pod.addr4} dev {name} scope link table {table}",
            f"rule add to {pod.addr4} lookup {table} priority 512",
            f"rule add from {pod.addr4} lookup main priority 1536")
    pod.ip(f"addr add {pod.addr4}/32 dev eth0", "link set eth0 up",
           f"route add {LINK_LOCAL_GATEWAY} dev eth0 scope link", f"route add default via {LINK_LOCAL_GATEWAY}",
           f"neigh add {LINK_LOCAL_GATEWAY} lladdr {mac} dev eth0 nud permanent")


def plain(pod):
    """a bare pair that no route of the node leads to until the pod is found"""
    pod.ip(f"addr add {pod.addr4}/32 dev eth0", f"addr add {pod.addr6}/128 dev eth0 nodad", "link set eth0 up",
           f"route add {GATEWAY4} dev eth0", f"route add default via {GATEWAY4}",
           f"route add {GATEWAY6} dev eth0", f"route add default via {GATEWAY6}")


def plain_after(pod):
    pod.lab.node.ip(f"addr add {GATEWAY4}/32 dev {pod.interface}", f"route add {pod.addr4} dev {pod.interface}",
                    f"addr add {GATEWAY6}/128 dev {pod.interface} nodad", f"route add {pod.addr6} dev {pod.interface}")


def bridged(pod):
    """a bridge's port"""
    pod.join_bridge()


def unconnected(_):
    """nothing's"""


class Sought(Pod):
    """A pod whose object doesn't say which interface is its."""

    def __init__(self, lab, name, layout, **about):
        self.layout, self.addresses = layout, None
        super().__init__(lab, name, labels={"app": name, "role": "sought"}, **about)
        self.addresses = [self.addr4, self.addr6]
        lab.pods[name] = self
        self.plug()

    def connect(self):
        self.layout(self)

    def manifest(self):
        manifest = super().manifest()
        del manifest["metadata"]["annotations"]["weir.dev/interface"]
        manifest["spec"]["nodeName"] = "node-1"
        manifest["status"]["podIPs"] = [{"ip": a} for a in self.addresses]
        return manifest


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
            pod.close()
            self.lab.until(lambda: not self.lab.node.has(pod.interface), f"{pod.interface} is gone")

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


if __name__ == "__main__":
    main()
