# SPDX-License-Identifier: BSD-2-Clause
"""How network plugins connect a pod to its node, and a pod whose object doesn't say which interface is its."""
from lab import GATEWAY4, GATEWAY6, Pod

LINK_LOCAL_GATEWAY = "169.254.1.1"
CALICO_MAC, CALICO_GATEWAY6 = "ee:ee:ee:ee:ee:ee", "fe80::ecee:eeff:feee:eeee"


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


def machine(pod):
    """a virtual machine's: a bridge in the pod's namespace, so that the interface itself has no address"""
    pod.lab.node.ip(f"link set {pod.interface} master br0")
    pod.ip("link add inner type bridge", f"link set inner address {pod.mac}", "link set eth0 master inner",
           "link set eth0 up", "link set inner up", f"addr add {pod.addr4}/24 dev inner",
           f"route add default via {GATEWAY4}")


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
