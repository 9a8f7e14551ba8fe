# SPDX-License-Identifier: BSD-2-Clause
"""The cases that must hold whatever the hook: a mixin for a LabCase with the shop."""
import textwrap

from lab import OUTSIDE_HIGH4, OUTSIDE_LOW4


API = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "TrafficPolicy": "weir.dev/v1alpha1",
    "ClusterTrafficPolicy": "weir.dev/v1alpha1",
    "AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "BaselineAdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1",
    "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
}
NAMESPACED = ("NetworkPolicy", "TrafficPolicy")


def policy(text, *, kind="NetworkPolicy", name="policy", namespace="shop"):
    """A manifest with this spec, written as YAML."""
    where = f", namespace: {namespace}" if kind in NAMESPACED else ""
    return (f"apiVersion: {API[kind]}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\nspec:\n"
            + textwrap.indent(textwrap.dedent(text).strip(), "  ") + "\n---\n")


ISOLATE_BACKEND = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress]
    """)

ALLOW_FRONTEND = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
      ports: [{protocol: TCP, port: 8080}]
    """)


class CoreCases:
    def test_default_allow(self):
        """without a policy everybody reaches everybody, by TCP, UDP and ping, IPv4 and IPv6"""
        for family in (4, 6):
            for protocol, port in (("TCP", 8080), ("UDP", 53), ("ICMP", 0)):
                self.assert_open(self.intruder, self.backend, port, protocol, family)
        self.assert_open(self.backend, OUTSIDE_LOW4)
        self.assert_open(self.lab.outside, self.backend)

    def test_default_deny(self):
        """a pod that a policy selects is closed to everything that no rule allows"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.assert_each(self.frontend, [(self.intruder, 8080, "TCP", 4)], [
            (self.backend, port, protocol, family)
            for family in (4, 6) for protocol, port in (("TCP", 8080), ("UDP", 53), ("ICMP", 0))])
        self.assert_shut(self.lab.outside, self.backend)

    def test_allow_by_label(self):
        """a rule lets in the pods with the label, on the port it names, and an intruder not"""
        self.lab.enforce(ALLOW_FRONTEND)
        for family in (4, 6):
            self.assert_each(self.frontend, [(self.backend, 8080, "TCP", family)],
                             [(self.backend, 8081, "TCP", family), (self.backend, 53, "UDP", family)])
            self.assert_shut(self.intruder, self.backend, family=family)

    def test_egress(self):
        """an egress policy keeps a pod to the destinations that its rules name"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress:
            - to: [{podSelector: {matchLabels: {app: backend}}}]
              ports: [{protocol: TCP, port: 8080}]
            """))
        self.assert_each(self.frontend, [(self.backend, 8080, "TCP", 4), (self.backend, 8080, "TCP", 6)], [
            (self.backend, 8081, "TCP", 4), (self.intruder, 8080, "TCP", 4), (OUTSIDE_LOW4, 8080, "TCP", 4),
            (self.backend, 53, "UDP", 6)])
        self.assert_open(self.intruder, self.frontend)

    def test_replies(self):
        """replies to an admitted connection pass into an isolated pod, and nothing else does"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Ingress]
            """))
        for family in (4, 6):
            connection = self.connect(self.frontend, self.backend, family=family)
            datagrams = self.connect(self.frontend, self.backend, 53, "UDP", family)
            self.assert_shut(self.backend, self.frontend, family=family)
            self.assert_talks(self.frontend, connection)
            self.assert_talks(self.frontend, datagrams)

    def test_cidr_with_except(self):
        """an ipBlock lets its addresses in and out, and its exceptions not"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress:
            - to: [{ipBlock: {cidr: 10.201.210.0/24, except: [10.201.210.64/26]}}]
            """))
        self.assert_each(self.frontend, [(OUTSIDE_LOW4, 8080, "TCP", 4)],
                         [(OUTSIDE_HIGH4, 8080, "TCP", 4), ("10.201.200.2", 8080, "TCP", 4)])

    def test_revoked(self):
        """a revoked permission ends an open connection at its next packet"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        self.lab.enforce(ISOLATE_BACKEND)
        self.assert_silent(self.frontend, connection)
        self.assert_shut(self.frontend, self.backend)
