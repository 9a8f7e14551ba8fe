#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What policies mean, on real packets."""
from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, CoreCases, policy
from lab import GATEWAY4, OUTSIDE4, OUTSIDE_HIGH4, OUTSIDE_HIGH6, OUTSIDE_LOW4, OUTSIDE_LOW6


class Core(CoreCases, LabCase):
    pass


class Semantics(LabCase):
    def test_namespace_selector(self):
        """a namespaceSelector lets in every pod of the namespaces with the label"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{namespaceSelector: {matchLabels: {team: ops}}}]
            """))
        self.assert_open(self.monitor, self.backend)
        self.assert_shut(self.frontend, self.backend)

    def test_namespace_and_pod_selector(self):
        """namespaceSelector and podSelector in one peer must both match"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from:
              - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}
                podSelector: {matchLabels: {app: frontend}}
            """))
        self.assert_shut(self.monitor, self.backend)
        self.assert_shut(self.frontend, self.backend)

    def test_pod_selector_is_of_its_namespace(self):
        """a podSelector alone means pods of the policy's own namespace"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{podSelector: {}}]
            """))
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.monitor, self.backend)

    def test_other_namespaces_untouched(self):
        """a policy selects no pod of another namespace"""
        self.lab.enforce(policy("podSelector: {}", namespace="ops"))
        self.assert_shut(self.frontend, self.monitor)
        self.assert_open(self.frontend, self.backend)

    def test_match_expressions(self):
        """matchExpressions select by set"""
        self.lab.enforce(policy("""
            podSelector: {matchExpressions: [{key: app, operator: In, values: [backend, database]}]}
            ingress:
            - from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [intruder]}]}}]
            """))
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_union(self):
        """what any of several policies allows is allowed"""
        other = policy("""
            podSelector: {}
            ingress:
            - from: [{namespaceSelector: {matchLabels: {team: ops}}}]
            """, name="other")
        self.lab.enforce(ALLOW_FRONTEND + other)
        self.assert_open(self.frontend, self.backend)
        self.assert_open(self.monitor, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_port_range(self):
        """endPort opens the whole range and not one port beside it"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - ports: [{protocol: TCP, port: 8080, endPort: 8090}]
            """))
        self.assert_each(self.frontend, [(self.backend, p, "TCP", 4) for p in (8080, 8081, 8090)],
                         [(self.backend, p, "TCP", 4) for p in (80, 81, 8091)])

    def test_udp(self):
        """a port of one protocol does not open the same port of another"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - ports: [{protocol: UDP, port: 53}]
            """))
        for family in (4, 6):
            self.assert_each(self.frontend, [(self.backend, 53, "UDP", family)],
                             [(self.backend, 54, "UDP", family), (self.backend, 8080, "TCP", family)])

    def test_ingress_cidr(self):
        """an ipBlock of ingress judges the source address, IPv4 and IPv6"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from:
              - ipBlock: {cidr: 10.201.200.0/24}
              - ipBlock: {cidr: "fd00:201:c8::/64", except: ["fd00:201:c8::2/128"]}
            """))
        self.assert_each(self.lab.outside, [(self.backend, 8080, "TCP", 4)], [(self.backend, 8080, "TCP", 6)])
        self.assert_shut(self.frontend, self.backend)

    def test_ipv6_cidr(self):
        """an IPv6 ipBlock with an exception holds"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress:
            - to: [{ipBlock: {cidr: "fd00:201:d2::/64", except: ["fd00:201:d2:0:8000::/65"]}}]
            """))
        self.assert_each(self.frontend, [(OUTSIDE_LOW6, 8080, "TCP", 6)],
                         [(OUTSIDE_HIGH6, 8080, "TCP", 6), (OUTSIDE_LOW4, 8080, "TCP", 4)])

    def test_cidr_matches_pods(self):
        """an ipBlock that covers a pod's address lets the pod in"""
        self.lab.enforce(policy(f"""
            podSelector: {{matchLabels: {{app: backend}}}}
            ingress:
            - from: [{{ipBlock: {{cidr: {self.frontend.addr4}/32}}}}]
            """))
        self.assert_each(self.frontend, [(self.backend, 8080, "TCP", 4)], [(self.backend, 8080, "TCP", 6)])
        self.assert_shut(self.intruder, self.backend)

    def test_empty_rule(self):
        """an empty rule allows everything in its direction"""
        self.lab.enforce(policy("podSelector: {}\ningress: [{}]"))
        self.assert_open(self.intruder, self.backend)
        self.assert_open(self.lab.outside, self.backend, 53, "UDP")

    def test_both_sides(self):
        """a connection needs the egress of its source and the ingress of its destination"""
        egress = policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress:
            - to: [{podSelector: {}}]
            """, name="egress")
        self.lab.enforce(ALLOW_FRONTEND + egress)
        self.assert_each(self.frontend, [(self.backend, 8080, "TCP", 4), (self.intruder, 80, "TCP", 4)],
                         [(self.backend, 80, "TCP", 4), (self.monitor, 8080, "TCP", 4)])

    def test_traffic_policy(self):
        """a TrafficPolicy isolates and allows like a NetworkPolicy, and the two add up"""
        traffic = policy("""
            podSelector: {matchLabels: {app: backend}}
            policyTypes: [Ingress]
            ingress:
            - name: from-ops
              from: [{namespaceSelector: {matchLabels: {team: ops}}}]
              ports: [{protocol: TCP, port: 81}]
            """, kind="TrafficPolicy", name="traffic")
        self.lab.enforce(traffic)
        self.assert_open(self.monitor, self.backend, 81)
        self.assert_shut(self.frontend, self.backend)
        self.lab.enforce(traffic + ALLOW_FRONTEND)
        self.assert_open(self.monitor, self.backend, 81)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_node(self):
        """the node reaches the pods that it runs, whatever policy says"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.assert_open(self.lab.node, self.backend)
        self.assert_open(self.lab.node, self.backend, family=6)

    def test_egress_to_nowhere(self):
        """a pod with an egress policy and no rule reaches nobody, its own gateway included"""
        self.lab.enforce(policy("podSelector: {matchLabels: {app: frontend}}\npolicyTypes: [Egress]"))
        self.assert_each(self.frontend, [], [(self.backend, 8080, "TCP", 4), (OUTSIDE4, 8080, "TCP", 4),
                                             (GATEWAY4, 0, "ICMP", 4), (OUTSIDE_HIGH4, 53, "UDP", 4)])
        self.assert_open(self.backend, self.frontend)

    def test_drops_are_counted(self):
        """a refused attempt is counted as a drop with its reason"""
        self.lab.enforce(ISOLATE_BACKEND)

        def dropped():
            text = self.assert_done(self.lab.weir("metrics"))
            return sum(float(line.split()[-1]) for line in text.splitlines()
                       if line.startswith("weir_packets_total{") and 'reason="policy-default"' in line)
        before = dropped()
        self.assert_shut(self.intruder, self.backend, 53, "UDP")
        self.assertEqual(dropped() - before, 1)


if __name__ == "__main__":
    main()
