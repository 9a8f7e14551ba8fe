# SPDX-License-Identifier: BSD-2-Clause
"""What the admin and baseline tiers mean, as rows of the kind of conformance_cases.py."""
from conformance_cases import DENY_ALL, Row
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy

BACKEND = "{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: backend}}}}"
FRONTEND = BACKEND.replace("backend", "frontend")
INTRUDER = BACKEND.replace("backend", "intruder")
OPS = "{namespaces: {matchLabels: {team: ops}}}"
EVERYBODY = "{namespaces: {}}"


def rules(action, peer, ports="", egress=False):
    """One rule as flow YAML; ports as the kind of policy writes them, with the name of their field."""
    return f"{{action: {action}, {'to' if egress else 'from'}: [{peer}]{', ' + ports if ports else ''}}}"


def tiered(kind, name, subject, *, priority=None, tier=None, ingress=(), egress=()):
    lines = [f"subject: {subject}"]
    lines += [f"priority: {priority}"] if priority is not None else []
    lines += [f"tier: {tier}"] if tier else []
    lines += [f"ingress: [{', '.join(ingress)}]"] if ingress else []
    lines += [f"egress: [{', '.join(egress)}]"] if egress else []
    return policy("\n".join(lines), kind=kind, name=name)


def admin(priority, subject, *, name=None, **sections):
    return tiered("ClusterNetworkPolicy", name or f"admin-{priority}", subject, priority=priority, tier="Admin",
                  **sections)


def baseline(subject, **sections):
    return tiered("ClusterNetworkPolicy", "baseline", subject, priority=10, tier="Baseline", **sections)


def anp(priority, subject, *, name=None, **sections):
    return tiered("AdminNetworkPolicy", name or f"anp-{priority}", subject, priority=priority, **sections)


def banp(subject, **sections):
    return tiered("BaselineAdminNetworkPolicy", "default", subject, **sections)


OTHER_NODE = """
apiVersion: v1
kind: Node
metadata: {name: node-2, labels: {role: storage}}
status: {addresses: [{type: InternalIP, address: 10.201.200.2}, {type: InternalIP, address: "fd00:201:c8::2"}]}
---
"""

ROWS = [
    Row("an admin's Deny outweighs what a NetworkPolicy allows",
        ALLOW_FRONTEND + admin(10, BACKEND, ingress=[rules("Deny", FRONTEND)]),
        ["frontend > store"], ["frontend > backend", "intruder > backend"]),
    Row("an admin's Accept outweighs isolation, for its peers alone",
        DENY_ALL + admin(10, BACKEND, ingress=[rules("Accept", OPS)]),
        ["monitor > backend", "monitor > backend ping"], ["frontend > backend", "monitor > store", "outside > backend"]),
    Row("Pass hands over to NetworkPolicies, and skips what of the admin tier comes after it",
        ALLOW_FRONTEND + admin(10, BACKEND, ingress=[rules("Pass", FRONTEND), rules("Deny", FRONTEND)])
        + admin(20, BACKEND, ingress=[rules("Deny", EVERYBODY)]),
        ["frontend > backend"], ["frontend > backend 8081", "store > backend", "monitor > backend"]),
    Row("Pass without a NetworkPolicy hands over to the baseline",
        admin(10, BACKEND, ingress=[rules("Pass", OPS)]) + admin(20, BACKEND, ingress=[rules("Accept", EVERYBODY)])
        + baseline(EVERYBODY, ingress=[rules("Deny", EVERYBODY)]),
        ["frontend > backend", "outside > backend"], ["monitor > backend", "frontend > store"]),
    Row("the lowest priority comes first: Accept before Deny",
        admin(10, BACKEND, ingress=[rules("Accept", OPS)]) + admin(20, BACKEND, ingress=[rules("Deny", EVERYBODY)]),
        ["monitor > backend", "outside > backend"], ["frontend > backend", "store > backend UDP 53"]),
    Row("the lowest priority comes first: Deny before Accept",
        admin(20, BACKEND, ingress=[rules("Accept", OPS)]) + admin(10, BACKEND, ingress=[rules("Deny", EVERYBODY)]),
        ["outside > backend", "monitor > store"], ["frontend > backend", "monitor > backend"]),
    Row("within a policy the first rule that matches decides",
        admin(10, BACKEND, ingress=[
            rules("Deny", EVERYBODY, "protocols: [{tcp: {destinationPort: {number: 8080}}}]"),
            rules("Accept", OPS), rules("Deny", EVERYBODY)]),
        ["monitor > backend 81", "monitor > backend ping"], ["monitor > backend", "frontend > backend 81"]),
    Row("ports of a tier are numbers, ranges and names, each of its protocol",
        DENY_ALL + admin(10, "{namespaces: {matchLabels: {team: web}}}", ingress=[rules("Accept", OPS, """protocols: [
            {tcp: {destinationPort: {range: {start: 8090, end: 8091}}}}, {udp: {destinationPort: {number: 54}}},
            {destinationNamedPort: web}]""".replace("\n            ", ""))]),
        ["monitor > backend 8090", "monitor > backend 8091", "monitor > backend UDP 54", "monitor > backend",
         "monitor > store 81"],
        ["monitor > backend 81", "monitor > store 8080", "monitor > backend UDP 53", "monitor > backend ping"]),
    Row("networks of egress are addresses, with the smaller one in front as its exception",
        admin(10, FRONTEND, egress=[
            rules("Accept", '{networks: [10.201.210.64/26, "fd00:201:d2:0:8000::/65"]}', egress=True),
            rules("Deny", '{networks: [10.201.210.0/24, "fd00:201:d2::/64"]}', egress=True)]),
        ["frontend > high", "frontend > outside", "backend > low"], ["frontend > low", "frontend > low ping"]),
    Row("networks of egress mean pods by their addresses too",
        admin(10, FRONTEND, egress=[rules("Deny", "{networks: [10.201.0.2/32]}", egress=True)]),
        ["frontend > backend IPv6", "frontend > store", "backend > frontend"], ["frontend > backend IPv4"]),
    Row("nodes of egress are the addresses of the Node objects with the label",
        OTHER_NODE + admin(10, FRONTEND, egress=[
            rules("Deny", "{nodes: {matchLabels: {role: storage}}}", egress=True)]),
        ["frontend > low", "backend > outside", "outside > frontend"], ["frontend > outside", "frontend > outside ping"]),
    Row("an admin's egress and an admin's ingress must both let a connection pass",
        admin(10, FRONTEND, egress=[rules("Accept", BACKEND, egress=True), rules("Deny", EVERYBODY, egress=True)])
        + admin(11, EVERYBODY, ingress=[rules("Deny", FRONTEND, "protocols: [{tcp: {destinationPort: {number: 81}}}]")]),
        ["frontend > backend", "frontend > low"], ["frontend > backend 81", "frontend > store"]),
    Row("a baseline holds for pods that nobody isolates, until a NetworkPolicy does",
        baseline("{namespaces: {matchLabels: {team: web}}}", ingress=[rules("Deny", OPS)])
        + policy("podSelector: {matchLabels: {app: backend}}\ningress: [{from: [{namespaceSelector: {}}]}]"),
        ["monitor > backend", "frontend > store"], ["monitor > store", "monitor > frontend UDP 53", "outside > backend"]),
    Row("a pod that is isolated in one direction has its baseline in the other",
        ISOLATE_BACKEND + baseline(BACKEND, ingress=[rules("Accept", EVERYBODY)],
                                   egress=[rules("Deny", "{networks: [0.0.0.0/0]}", egress=True)]),
        ["backend > low IPv6"], ["backend > low IPv4", "backend > frontend IPv4", "frontend > backend"]),
    Row("a baseline's rules are taken in order",
        baseline(BACKEND, ingress=[rules("Accept", FRONTEND), rules("Deny", EVERYBODY)]),
        ["frontend > backend", "outside > backend"], ["store > backend", "monitor > backend"]),
    Row("an AdminNetworkPolicy allows, denies and passes by priority",
        ALLOW_FRONTEND + anp(5, BACKEND, ingress=[
            rules("Allow", OPS, "ports: [{portNumber: {protocol: TCP, port: 81}}]"), rules("Pass", FRONTEND)])
        + anp(6, BACKEND, ingress=[rules("Deny", EVERYBODY)]),
        ["monitor > backend 81", "frontend > backend"],
        ["monitor > backend", "frontend > backend 81", "store > backend"]),
    Row("an AdminNetworkPolicy's ranges and names are ports of the destination pod",
        anp(5, EVERYBODY, ingress=[rules("Deny", EVERYBODY, "ports: [{portRange: {protocol: UDP, start: 53, end: 54}}, "
                                                            "{namedPort: web}]")]),
        ["frontend > backend 81", "frontend > store 8080"],
        ["frontend > backend UDP 54", "frontend > backend", "monitor > store 81"]),
    Row("AdminNetworkPolicies and ClusterNetworkPolicies of one priority are taken by name",
        anp(7, BACKEND, name="a", ingress=[rules("Deny", OPS)])
        + admin(7, BACKEND, name="b", ingress=[rules("Accept", OPS), rules("Deny", FRONTEND)])
        + anp(7, BACKEND, name="c", ingress=[rules("Allow", FRONTEND)]),
        ["store > backend"], ["monitor > backend", "frontend > backend"]),
    Row("the BaselineAdminNetworkPolicy comes after the baselines with a priority",
        baseline(BACKEND, ingress=[rules("Accept", FRONTEND)]) + banp(BACKEND, ingress=[rules("Deny", EVERYBODY)]),
        ["frontend > backend", "frontend > store"], ["store > backend", "monitor > backend"]),
    Row("an admin's Accept outweighs a TrafficPolicy's Deny, and Pass does not",
        policy("podSelector: {matchLabels: {app: backend}}\ningress: [{action: Deny}]", kind="TrafficPolicy")
        + admin(10, BACKEND, ingress=[rules("Pass", INTRUDER), rules("Accept", "{namespaces: {matchLabels: "
                                                                              "{team: web}}}")]),
        ["frontend > backend", "store > backend UDP 53"], ["intruder > backend", "monitor > backend"]),
]
