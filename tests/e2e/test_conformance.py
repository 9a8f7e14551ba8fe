#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What every kind of policy means, by hand-derived rows, on real sockets and by weir eval."""
import concurrent.futures
import json

import conformance_cases
import tier_cases
from case import OPEN_WAIT, SHUT_WAIT, LabCase, main, shop
from core_cases import policy
from lab import OUTSIDE4, OUTSIDE6, OUTSIDE_HIGH4, OUTSIDE_HIGH6, OUTSIDE_LOW4, OUTSIDE_LOW6

CLUSTER_IPS = ("10.96.0.10", "fd00:96::10")
ADDRESSES = {
    "outside": (OUTSIDE4, OUTSIDE6),
    "low": (OUTSIDE_LOW4, OUTSIDE_LOW6),
    "high": (OUTSIDE_HIGH4, OUTSIDE_HIGH6),
    "service": CLUSTER_IPS,
}


class Rows(LabCase):
    """The shop with one pod more, whose container port web has another number."""

    agrees_offline = True

    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.lab.pods["backend"].ports = [{"name": "web", "containerPort": 8080},
                                         {"name": "dns", "containerPort": 53, "protocol": "UDP"}]
        cls.lab.pods["backend"].announce()
        cls.lab.add_pod("store", ports=[{"name": "web", "containerPort": 81}])

    def host(self, name):
        return self.lab.pods.get(name) or {"outside": self.lab.outside, "node": self.lab.node}[name]

    def parse(self, probe):
        """The sender, and the targets in all families, of "SENDER > TARGET [UDP] [PORT] [ping] [IPv4|IPv6]"."""
        sender, _, target, *words = probe.split()
        families = [int(w[-1]) for w in words if w.startswith("IPv")] or [4, 6]
        protocol = "ICMP" if "ping" in words else "UDP" if "UDP" in words else "TCP"
        port = next((int(w) for w in words if w.isdigit()), 0 if protocol == "ICMP" else 8080)
        return sender, [(self.address(target, f), port, protocol, f) for f in families]

    def address(self, name, family):
        if name in self.lab.pods:
            return self.lab.pods[name].addr6 if family == 6 else self.lab.pods[name].addr4
        return ADDRESSES[name][family == 6]

    def results(self, probes, wait):
        """What became of all probes, by sender at the same time: (probe, target, result)."""
        by_sender = {}
        for probe in probes:
            sender, targets = self.parse(probe)
            by_sender.setdefault(sender, []).extend((probe, t) for t in targets)
        if not by_sender:
            return []
        with concurrent.futures.ThreadPoolExecutor(len(by_sender)) as pool:
            answers = pool.map(lambda item: self.attempts(self.host(item[0]), [t for _, t in item[1]], wait),
                               by_sender.items())
        return [(probe, target, result) for group, group_results in zip(by_sender.values(), answers)
                for (probe, target), result in zip(group, group_results)]

    def assert_eval(self, opened, shut):
        """weir eval says of the source what the sockets saw. It doesn't know the node's addresses."""
        questions = [({"from": self.address(sender, target[3]), "to": target[0], "port": target[1],
                       "protocol": target[2]}, verdict)
                     for probes, verdict in ((opened, "allow"), (shut, "deny"))
                     for sender, targets in map(self.parse, probes) if sender != "node" for target in targets]
        done = self.lab.weir("eval", "-f", self.lab.source, "--probes", "-",
                             stdin="".join(json.dumps(question) + "\n" for question, _ in questions))
        said = [json.loads(line) for line in self.assert_done(done).splitlines()]
        self.assertEqual([f"{q} {a['verdict']}" for (q, _), a in zip(questions, said, strict=True)],
                         [f"{q} {v}" for q, v in questions])
        self.assert_told([answer for answer in said if answer["verdict"] == "deny"])

    def assert_told(self, denials):
        """weir observe has an event of each, with the policies that eval names."""
        revision = self.lab.status()["revision"]
        wanted = {(d["from"], d["to"], d["protocol"], d["direction"], d["port"], *sorted(d["policies"]))
                  for d in denials}

        def untold():
            return wanted - {self.summary(event) for event in self.lab.events("--type", "denied")
                             if event["revision"] == revision or event["protocol"].startswith("ICMP")}
        try:
            self.lab.until(lambda: not untold(), "", 3)
        except AssertionError:
            self.fail(f"not told: {untold()}{self.lab.log_tail()}")

    @staticmethod
    def summary(event):
        protocol = "ICMP" if event["protocol"].startswith("ICMP") else event["protocol"]
        policies = {f"{p['kind']} {p['namespace'] + '/' if p['namespace'] else ''}{p['policy']}"
                    for p in event["policies"]}
        return (event["source"]["address"], event["destination"]["address"], protocol, event["direction"],
                event["destination"]["port"] or 0, *sorted(policies))

    def assert_probes(self, opened, shut):
        wrong = [f"{probe} ({target[0]}) is {result}, not {expected}"
                 for probes, wait, expected in ((opened, OPEN_WAIT, "open"), (shut, SHUT_WAIT, "timeout"))
                 for probe, target, result in self.results(probes, wait) if result != expected]
        if wrong:
            self.fail("; ".join(wrong) + self.lab.log_tail())


def rows(table):
    """One test for each row, and one that finds rows that prove nothing."""
    def decorate(cls):
        for number, row in enumerate(table):
            def test(self, row=row):
                self.lab.enforce(row.manifests)
                self.assert_probes(row.opened, row.shut)
                if self.agrees_offline:
                    self.assert_eval(row.opened, row.shut)
            test.__doc__ = row.says
            setattr(cls, f"test_row_{number:02}", test)

        def test_rows(self):
            """without a policy every probe of every row is open"""
            self.assert_probes({probe for row in table for probe in row.opened + row.shut}, [])
        cls.test_rows = test_rows
        return cls
    return decorate


def cuts(table):
    """One test for each: open connections end at their next packet, and others go on."""
    def decorate(cls):
        for number, cut in enumerate(table):
            def test(self, cut=cut):
                self.lab.enforce(cut.before)
                lost, kept = (self.connections(name) for name in (cut.loser, cut.keeper))
                self.lab.enforce(cut.after)
                for connection in lost:
                    self.assert_silent(self.host(cut.loser), connection)
                for connection in kept:
                    self.assert_talks(self.host(cut.keeper), connection)
            test.__doc__ = "open connections: " + cut.says
            setattr(cls, f"test_cut_{number}", test)
        return cls
    return decorate


@rows(conformance_cases.ROWS + tier_cases.ROWS)
@cuts(conformance_cases.CUTS)
class Conformance(Rows):
    def connections(self, sender):
        """To the backend, by TCP and UDP and both families."""
        if not sender:
            return []
        return [self.connect(self.host(sender), self.backend, port, protocol, family)
                for port, protocol, family in ((8080, "TCP", 4), (8080, "TCP", 6), (53, "UDP", 4))]


def endpoint_slice(family, backends):
    """Of one family, as each has slices of its own: pod numbers, and whether each is ready."""
    prefix, kind = (("10.201.0.", "IPv4"), ("fd00:201::", "IPv6"))[family == 6]
    endpoints = ", ".join(f"{{addresses: ['{prefix}{number}'], conditions: {{ready: {str(ready).lower()}}}}}"
                          for number, ready in backends.items())
    return f"""
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: backend-{kind.lower()}, namespace: shop, labels: {{kubernetes.io/service-name: backend}}}}
addressType: {kind}
ports: [{{name: http, port: 8080, protocol: TCP}}]
endpoints: [{endpoints}]
---
"""


def service(backends):
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: backend, namespace: shop}}
spec:
  clusterIP: {CLUSTER_IPS[0]}
  clusterIPs: {json.dumps(CLUSTER_IPS)}
  ipFamilies: [IPv4, IPv6]
  ports: [{{name: http, port: 80}}]
---
""" + endpoint_slice(4, backends) + endpoint_slice(6, backends)


def egress_to_backend(port):
    return policy(f"""
        podSelector: {{matchLabels: {{app: frontend}}}}
        policyTypes: [Egress]
        egress: [{{to: [{{podSelector: {{matchLabels: {{app: backend}}}}}}], ports: [{{port: {port}}}]}}]
        """)


BACKEND, INTRUDER = 2, 3  # the last number of their addresses


@rows([
    conformance_cases.Row(
        "a cluster IP is open where its backend is allowed at the backend's own port",
        service({BACKEND: True}) + egress_to_backend(8080),
        ["frontend > service 80", "frontend > backend 8080"], ["frontend > backend 80"]),
    conformance_cases.Row(
        "the port of the service itself opens nothing",
        service({BACKEND: True}) + egress_to_backend(80),
        ["frontend > backend 80"], ["frontend > service 80", "frontend > backend 8080"]),
    conformance_cases.Row(
        "a cluster IP is shut when one ready backend is not allowed",
        service({BACKEND: True, INTRUDER: True}) + egress_to_backend(8080),
        ["frontend > backend 8080"], ["frontend > service 80"]),
    conformance_cases.Row(
        "a backend that is not ready has no say",
        service({BACKEND: True, INTRUDER: False}) + egress_to_backend(8080),
        ["frontend > service 80"], ["frontend > intruder 8080"]),
    conformance_cases.Row(
        "without a ready backend a cluster IP is shut",
        service({BACKEND: False}) + egress_to_backend(8080), ["frontend > backend 8080"], ["frontend > service 80"]),
    conformance_cases.Row(
        "the backend's ingress judges who comes by the cluster IP",
        service({BACKEND: True}) + policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}], ports: [{port: 8080}]}]
            """),
        ["frontend > service 80"], ["intruder > service 80", "monitor > service 80"]),
])
class Services(Rows):
    """The cluster IPs are translated on the node by nftables, as a service proxy does it."""

    agrees_offline = False  # to a cluster IP, eval answers for egress alone

    @classmethod
    def build(cls):
        super().build()
        backend = cls.lab.pods["backend"]
        cls.lab.node.run("nft", "-f", "-", text=f"""
            table inet services {{
                chain prerouting {{
                    type nat hook prerouting priority dstnat
                    ip daddr {CLUSTER_IPS[0]} tcp dport 80 dnat ip to {backend.addr4}:8080
                    ip6 daddr {CLUSTER_IPS[1]} tcp dport 80 dnat ip6 to [{backend.addr6}]:8080
                }}
            }}
            """)


if __name__ == "__main__":
    main()
