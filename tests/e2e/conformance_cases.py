# SPDX-License-Identifier: BSD-2-Clause
"""What NetworkPolicies and TrafficPolicies mean, as rows: policies, what they open and what they shut.

A probe is "SENDER > TARGET", with "PORT" (TCP 8080 unless given), "UDP PORT" or
"ping"; it is made by IPv4 and by IPv6 unless it says which. The pods:
frontend, backend, store and intruder of namespace shop (team: web), monitor
of ops (team: ops); each has the label app with its name. The container port
web is 8080, the store's is 81; the backend also has dns, which is UDP 53.
outside is a host beyond the node's uplink, low and high are two more of its
addresses, which answer TCP and ping.
"""
from typing import NamedTuple

from core_cases import ISOLATE_BACKEND, policy


class Row(NamedTuple):
    says: str
    manifests: str
    opened: list
    shut: list


DENY_ALL = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]", name="deny-all")
ALLOW_ALL = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]\ningress: [{}]\negress: [{}]", name="allow-all")

NAMED_PORT_IN = policy("""
    podSelector: {matchExpressions: [{key: app, operator: In, values: [backend, store]}]}
    ingress: [{ports: [{port: web}]}]
    """)

ROWS = [
    Row("deny-all closes every pod of its namespace in both directions, and no other namespace", DENY_ALL,
        ["outside > monitor", "monitor > low", "node > backend"],
        ["frontend > backend", "frontend > low", "frontend > monitor ping", "monitor > backend",
         "outside > store UDP 53"]),
    Row("allow-all beside deny-all opens everything again", DENY_ALL + ALLOW_ALL,
        ["frontend > backend", "frontend > outside UDP 53", "monitor > store 81", "outside > backend ping"], []),
    Row("allow-all of ingress leaves egress denied",
        DENY_ALL + policy("podSelector: {}\ningress: [{}]", name="in"),
        ["monitor > backend", "outside > store"], ["frontend > backend", "backend > monitor", "store > low"]),
    Row("a policy of egress alone leaves ingress open",
        policy("podSelector: {matchLabels: {app: backend}}\npolicyTypes: [Egress]"),
        ["frontend > backend", "outside > backend UDP 53"], ["backend > frontend", "backend > low ping"]),
    Row("a named port is the number that the destination pod gives it", NAMED_PORT_IN,
        ["frontend > backend", "monitor > backend", "frontend > store 81"],
        ["frontend > backend 81", "frontend > store 8080", "monitor > store 8080"]),
    Row("a named port brings no other protocol, and means nothing for a pod without it",
        policy("""
            podSelector: {matchExpressions: [{key: app, operator: In, values: [backend, store]}]}
            ingress: [{ports: [{protocol: UDP, port: dns}]}]
            """),
        ["frontend > backend UDP 53"], ["frontend > store UDP 53", "frontend > backend UDP 54", "frontend > backend"]),
    Row("a named port of egress is each destination's own, and nobody's outside the cluster",
        policy("podSelector: {matchLabels: {app: frontend}}\npolicyTypes: [Egress]\negress: [{ports: [{port: web}]}]"),
        ["frontend > backend", "frontend > store 81", "frontend > monitor"],
        ["frontend > backend 81", "frontend > store 8080", "frontend > low"]),
    Row("endPort of egress opens the range, both ends included, of its protocol",
        policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress: [{ports: [{port: 81, endPort: 8081}, {protocol: UDP, port: 53, endPort: 53}]}]
            """),
        ["frontend > backend 81", "frontend > backend 8080", "frontend > low 8081", "frontend > backend UDP 53"],
        ["frontend > backend 80", "frontend > backend 8090", "frontend > outside UDP 54"]),
    Row("an ipBlock means pods by their addresses, and its exceptions mean pods too",
        policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from:
              - ipBlock: {cidr: 10.201.0.0/24, except: [10.201.0.3/32, 10.201.0.4/31]}
              - ipBlock: {cidr: "fd00:201::/64", except: ["fd00:201::1/128"]}
            """),
        ["frontend > backend IPv4", "intruder > backend IPv6", "monitor > backend IPv6"],
        ["frontend > backend IPv6", "intruder > backend IPv4", "monitor > backend IPv4", "store > backend IPv4",
         "outside > backend"]),
    Row("an exception of one ipBlock takes nothing from another",
        policy("""
            podSelector: {matchLabels: {app: frontend}}
            policyTypes: [Egress]
            egress:
            - to:
              - ipBlock: {cidr: 10.201.0.0/16, except: [10.201.210.0/24, 10.201.0.2/32]}
              - ipBlock: {cidr: 10.201.210.64/26}
              - ipBlock: {cidr: "fd00:201:d2:0:8000::/65"}
            """),
        ["frontend > high", "frontend > outside IPv4", "frontend > store IPv4"],
        ["frontend > low", "frontend > outside IPv6", "frontend > backend", "frontend > store IPv6"]),
    Row("namespaces are selected by expressions too, those without the key included",
        policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [web]}]}}]
              ports: [{port: 8080}]
            - from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]
            """),
        ["monitor > backend"], ["monitor > backend 81", "frontend > backend", "outside > backend"]),
    Row("an empty namespaceSelector is every pod, and nobody outside the cluster",
        policy("podSelector: {matchLabels: {app: backend}}\ningress: [{from: [{namespaceSelector: {}}]}]"),
        ["monitor > backend", "frontend > backend ping"], ["outside > backend", "outside > backend ping"]),
    Row("two peers in one rule add up, and each needs its own selectors",
        policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from:
              - podSelector: {matchLabels: {app: frontend}}
              - namespaceSelector: {matchLabels: {team: ops}}
                podSelector: {matchLabels: {app: monitor}}
            """),
        ["frontend > backend", "monitor > backend"], ["store > backend", "intruder > backend"]),
    Row("a rule of UDP alone opens neither TCP nor ping",
        policy("podSelector: {matchLabels: {app: backend}}\ningress: [{ports: [{protocol: UDP}]}]"),
        ["frontend > backend UDP 53", "outside > backend UDP 54"], ["frontend > backend", "frontend > backend ping"]),
    Row("a TrafficPolicy's Deny takes away what a NetworkPolicy allows, on its ports alone",
        ALLOW_ALL + policy("""
            podSelector: {matchLabels: {app: backend}}
            policyTypes: [Ingress]
            ingress:
            - action: Deny
              from: [{podSelector: {matchLabels: {app: intruder}}}]
              ports: [{port: 8080}, {protocol: UDP, port: 53}]
            """, kind="TrafficPolicy"),
        ["frontend > backend", "intruder > backend 8081", "intruder > backend UDP 54", "intruder > store"],
        ["intruder > backend", "intruder > backend UDP 53"]),
    Row("a ClusterTrafficPolicy is about the pods of the namespaces that it selects",
        policy("""
            namespaceSelector: {matchLabels: {team: web}}
            policyTypes: [Ingress]
            ingress:
            - from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [monitor, frontend]}]}}]
            - action: Deny
              ports: [{port: 81}]
            """, kind="ClusterTrafficPolicy"),
        ["monitor > backend", "frontend > store", "intruder > monitor 81"],
        ["monitor > backend 81", "frontend > store 81", "intruder > backend", "outside > backend"]),
    Row("a ClusterTrafficPolicy's Deny takes away what policies of namespaces allow",
        ALLOW_ALL + policy("""
            podSelector: {matchLabels: {app: backend}}
            policyTypes: [Egress]
            egress:
            - action: Deny
              to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.201.0.0/16]}}, {ipBlock: {cidr: 10.201.210.64/26}}]
            """, kind="ClusterTrafficPolicy"),
        ["backend > frontend", "backend > low", "frontend > high"], ["backend > high IPv4"]),
]


class Cut(NamedTuple):
    """Who loses, and who keeps, an open connection to the backend when one policy takes the place of the other."""
    says: str
    before: str
    after: str
    loser: str
    keeper: str = None


def to_backend(sender):
    return policy(f"""
        podSelector: {{matchLabels: {{app: backend}}}}
        ingress: [{{from: [{{podSelector: {sender}}}], ports: [{{port: web}}, {{protocol: UDP, port: dns}}]}}]
        """)


CUTS = [
    Cut("a rule that is narrowed ends what it allows no more", to_backend("{}"),
        to_backend("{matchLabels: {app: frontend}}"), "store", "frontend"),
    Cut("isolation without a rule ends what was open", "", ISOLATE_BACKEND, "frontend"),
    Cut("the sender's isolation ends its connections and nobody else's", "",
        policy("podSelector: {matchLabels: {app: store}}\npolicyTypes: [Egress]"), "store", "frontend"),
    Cut("a TrafficPolicy's Deny ends what a NetworkPolicy still allows", ALLOW_ALL, ALLOW_ALL + policy("""
        podSelector: {matchLabels: {app: backend}}
        ingress: [{action: Deny, from: [{podSelector: {matchLabels: {app: intruder}}}]}]
        """, kind="TrafficPolicy"), "intruder", "frontend"),
    Cut("an admin's Deny ends what a NetworkPolicy still allows", ALLOW_ALL, ALLOW_ALL + policy("""
        tier: Admin
        priority: 1
        subject: {namespaces: {}}
        ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: ops}}}]}]
        """, kind="ClusterNetworkPolicy"), "monitor", "frontend"),
    Cut("a baseline's Deny ends what nobody isolates", "", policy("""
        subject: {namespaces: {}}
        egress: [{action: Deny, to: [{networks: [10.201.0.2/32, "fd00:201::2/128"]}]}]
        """, kind="BaselineAdminNetworkPolicy", name="default"), "frontend"),
]
