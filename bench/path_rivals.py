# SPDX-License-Identifier: BSD-2-Clause
"""What a node may have between its pods, each on a lab of its own: nothing, weir, and what a user would pick instead.

All but nothing let the client in to the server at ports 5001 to 5999 and refuse it the others.
"""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("B") or os.path.join(TOP, "build"))
os.environ.setdefault("WEIR", os.path.join(BUILD, "weir"))
sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
# pylint: disable=wrong-import-position
import lab as labs  # noqa: E402

TRAFFIC = os.path.join(BUILD, "bench/tools/traffic")
PAIRS, RULES = 10000, 1000
ALLOWED, DENIED = 5001, 6001
SERVER_CPU = 1  # who sends is on the first, as a scheduler's moods are no part of what is measured

# Both pods are isolated both ways; what else is in the image is there to be searched, were it searched.
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: shop}
spec:
  podSelector: {matchLabels: {app: server}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: client}}}]
    ports: [{protocol: TCP, port: 5001, endPort: 5999}, {protocol: UDP, port: 5001, endPort: 5999}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: shop}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Ingress, Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: server}}}]
    ports: [{protocol: TCP, port: 5001, endPort: 5999}, {protocol: UDP, port: 5001, endPort: 5999}]
"""


def other_addresses(n):
    """Of pods that are elsewhere."""
    return [f"10.{202 + i // 65536}.{i // 256 % 256}.{i % 256}" for i in range(n)]


class Rival:
    """A lab with a client and a server, and what is between them."""

    name = "nothing"
    permits, denies = True, False

    def __init__(self):
        self.held = []
        self.lab = labs.Lab(self.name.replace("_", "")[:9], settings=self.settings())
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def build(self):
        self.client = self.lab.add_pod("client")
        self.server = self.lab.add_pod("server")
        # Frames that reach an interface as XDP's own are taken only where the other end has GRO or a program.
        self.lab.node.run("ethtool", "-K", "up0", "gro", "on")
        self.prepare()
        self.hold([*self.server.enter(), TRAFFIC, "serve", "-p", str(ALLOWED), "-c", str(SERVER_CPU)])
        self.iperf = subprocess.Popen([*self.server.enter(), "iperf3", "-s", "-p", "5201"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, preexec_fn=labs.die_with_parent)

    def settings(self):
        return None

    def prepare(self):
        pass

    def hold(self, command):
        """A process that is ready when it says so, and ends when its input does."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   preexec_fn=labs.die_with_parent)
        self.held.append(process)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{' '.join(command)}: not ready")

    def addresses(self):
        return self.client.addr4, self.server.addr4

    def close(self):
        if hasattr(self, "iperf"):
            self.iperf.terminate()
            self.iperf.wait(5)
        for process in self.held:
            process.stdin.close()
            process.wait(5)
            process.stdout.close()
        self.lab.close()


class Tcx(Rival):
    name = "tcx"

    def prepare(self):
        self.hold([*self.lab.node.enter(), TRAFFIC, "attach", "-i", "veth-client,veth-server"])


class Shut(Rival):
    """Programs that drop whatever comes, without a look: what is left is sending and receiving."""

    name = "shut"
    permits, denies = False, True

    def prepare(self):
        self.hold([*self.lab.node.enter(), TRAFFIC, "shut_tc", "-i", "veth-client"])
        self.hold([*self.lab.node.enter(), TRAFFIC, "shut_xdp", "-i", "up0"])


class Weir(Rival):
    name = "weir"
    denies = True

    def prepare(self):
        self.lab.write("policy.yaml", POLICY)
        self.lab.start_agent()


class WeirUplink(Weir):
    name = "weir_xdp"

    def settings(self):
        return {"uplinks": ["up0"]}


class Nft(Rival):
    denies = True
    rules = ""

    def prepare(self):
        self.lab.node.run("nft", "-f", "-", text=self.rules.format(client=self.client.addr4, server=self.server.addr4))


class NftMap(Nft):
    """Connection tracking, and a verdict map of pairs."""

    name = "nft_map"

    @property
    def rules(self):
        pairs = ", ".join(f"{a} . 10.201.0.9 : accept" for a in other_addresses(PAIRS - 1))
        return ("table ip t {{\nchain ports {{\nth dport 5001-5999 accept\ndrop\n}}\n"
                "map pairs {{\ntype ipv4_addr . ipv4_addr : verdict\nelements = {{ "
                "{client} . {server} : jump ports, " + pairs + " }}\n}}\n"
                "chain forward {{\ntype filter hook forward priority 0; policy drop;\n"
                "ct state established,related accept\nip saddr . ip daddr vmap @pairs\n}}\n}}\n")


class NftLinear(Nft):
    """A rule for each pair, one after the other, on each packet."""

    name = "nft_linear"

    @property
    def rules(self):
        lines = "\n".join(f"ip saddr {a} ip daddr 10.201.0.9 accept" for a in other_addresses(RULES))
        return ("table ip t {{\nchain forward {{\ntype filter hook forward priority 0; policy drop;\n" + lines +
                "\nip saddr {client} ip daddr {server} th dport 5001-5999 accept\n"
                "ip saddr {server} ip daddr {client} th sport 5001-5999 accept\n}}\n}}\n")


class Iptables(Rival):
    denies = True

    def lines(self):
        raise NotImplementedError

    def prepare(self):
        client, server = self.addresses()
        text = "\n".join(["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
                          *self.lines(), "COMMIT", ""])
        self.lab.node.run("iptables-restore", text=text.format(client=client, server=server))


class IptablesLinear(Iptables):
    name = "ipt_linear"

    def lines(self):
        rules = [f"-A FORWARD -s {a} -d 10.201.0.9 -j ACCEPT" for a in other_addresses(RULES)]
        for protocol in ("tcp", "udp"):
            rules += [f"-A FORWARD -s {{client}} -d {{server}} -p {protocol} --dport 5001:5999 -j ACCEPT",
                      f"-A FORWARD -s {{server}} -d {{client}} -p {protocol} --sport 5001:5999 -j ACCEPT"]
        return rules


class IptablesIpset(Iptables):
    """Connection tracking, and a set of pairs and ports."""

    name = "ipt_ipset"

    def prepare(self):
        client, server = self.addresses()
        lines = ["create sources hash:ip maxelem 65536", "create pairs hash:ip,port,ip maxelem 65536"]
        lines += [f"add sources {a}" for a in other_addresses(PAIRS)]
        lines += [f"add sources {client}", *(f"add pairs {client},{p}:5001-5999,{server}" for p in ("tcp", "udp"))]
        self.lab.node.run("ipset", "restore", text="\n".join(lines) + "\n")
        super().prepare()

    def lines(self):
        return ["-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                "-A FORWARD -m set --match-set sources src -m set --match-set pairs src,dst,dst -j ACCEPT"]


ALL = [Rival, Tcx, Shut, Weir, WeirUplink, NftMap, NftLinear, IptablesLinear, IptablesIpset]
