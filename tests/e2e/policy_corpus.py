# SPDX-License-Identifier: BSD-2-Clause
"""Specs of TrafficPolicies, good and bad, each with a name that says what is in it."""
import ast
import os
import re

from lab import TOP

TABLE = "tests/unit/object/test_bad_policies.c"
ROW = re.compile(r'\{ "(?P<name>[^"]+)",\s+(?:NETWORK|TRAFFIC)_POLICY(?P<text>(?:\s*"(?:[^"\\]|\\.)*")+),')
PAGES = ["docs/policy.md"]


def limit(text):
    return f"ingress: [{{limits: [{{{text}}}]}}]"


def egress_limit(text):
    return f"egress: [{{limits: [{{{text}}}]}}]"


def port(text):
    return f"ingress: [{{ports: [{{{text}}}]}}]"


def block(text):
    return f"egress: [{{to: [{{ipBlock: {{{text}}}}}]}}]"


def demand(text):
    return f"podSelector: {{matchExpressions: [{{{text}}}]}}"


def labels(text):
    return f"podSelector: {{matchLabels: {{{text}}}}}"


# (what is in it, the spec); which of them are good, weir check says.
SPECS = [
    ("a spec is empty", "{}"),
    ("everything is empty", "{podSelector: {}, policyTypes: [], ingress: [], egress: []}"),
    ("a rule is empty", "ingress: [{}]"),
    ("a selector is null", "podSelector: ~"),
    ("a list of rules is null", "ingress: ~"),
    ("a rule's peers are null", "ingress: [{from: ~}]"),
    ("peers, ports and limits are empty", "ingress: [{from: [], ports: [], limits: []}]"),
    ("both directions are named", "policyTypes: [Ingress, Egress]"),
    ("a direction is named twice", "policyTypes: [Ingress, Ingress]"),
    ("mode and onDeny are said", "{mode: Audit, onDeny: Reject}"),
    ("mode and onDeny are the defaults", "{mode: Enforce, onDeny: Drop}"),
    ("two rules of different directions have one name", "{ingress: [{name: a}], egress: [{name: a}]}"),
    ("three rules, the last two of one name", "ingress: [{name: a}, {name: b}, {name: b}]"),
    ("a rule's name has 63 characters", f"ingress: [{{name: {'a' * 63}}}]"),
    ("a rule's name has 64 characters", f"ingress: [{{name: {'a' * 64}}}]"),
    ("a rule's name begins with a dash", "ingress: [{name: -a}]"),
    ("a rule's name has a dot", "ingress: [{name: a.b}]"),
    ("a rule's name is empty", 'ingress: [{name: ""}]'),
    ("a rule allows and limits", "ingress: [{action: Allow, limits: [{packetsPerSecond: 1}]}]"),
    ("a rule limits", "ingress: [{action: Limit, limits: [{packetsPerSecond: 1}]}]"),
    ("a rule denies with an empty list of limits", "ingress: [{action: Deny, limits: []}]"),
    ("an egress rule denies and limits", "egress: [{action: Deny, limits: [{packetsPerSecond: 1}]}]"),
    # selectors
    ("a label is matched", labels("app: web")),
    ("a label's value is empty", labels('app: ""')),
    ("a label's value has 63 characters", labels(f"app: {'a' * 63}")),
    ("a label's value has 64 characters", labels(f"app: {'a' * 64}")),
    ("a label's value ends with a dash", labels("app: a-")),
    ("a label's key has a domain", labels("app.kubernetes.io/name: web")),
    ("a label's key has an empty domain", labels('"/name": web')),
    ("a label's key has an empty name", labels('"example.com/": web')),
    ("a label's key has two slashes", labels('"a/b/c": web')),
    ("a label's key has a domain in capitals", labels('"A/b": web')),
    ("a label's key has 64 characters", labels(f"{'a' * 64}: web")),
    ("a label's key has 63 characters", labels(f"{'a' * 63}: web")),
    ("an operator needs values and has them", demand("key: a, operator: In, values: [b, c]")),
    ("an operator needs no values and has an empty list", demand("key: a, operator: Exists, values: []")),
    ("an operator needs no values and has none", demand("key: a, operator: DoesNotExist")),
    ("an operator is missing", demand("key: a, values: [b]")),
    ("a key is missing", demand("operator: Exists")),
    ("a key is empty", demand('key: "", operator: Exists')),
    ("a key has a domain", demand("key: a.b/c, operator: NotIn, values: [x]")),
    ("a value is empty", demand('key: a, operator: In, values: [""]')),
    ("a peer has both selectors", "ingress: [{from: [{podSelector: {}, namespaceSelector: {}}]}]"),
    ("a peer selects namespaces and has a block",
     "ingress: [{from: [{namespaceSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]"),
    # blocks
    ("a block is of IPv4", block("cidr: 10.0.0.0/8")),
    ("a block is of IPv6", block('cidr: "fd00::/8"')),
    ("a block is everything", block("cidr: 0.0.0.0/0")),
    ("a block is one address", block('cidr: "2001:db8::1/128"')),
    ("a block is IPv6 with IPv4 in it", block('cidr: "64:ff9b::192.0.2.1/128"')),
    ("a block has bits behind its prefix", block("cidr: 10.0.0.1/8")),
    ("a block's length has a leading zero", block("cidr: 10.0.0.0/08")),
    ("a block's length is empty", block("cidr: 10.0.0.0/")),
    ("a block's length is negative", block("cidr: 10.0.0.0/-1")),
    ("a block's address has a leading zero", block("cidr: 010.0.0.0/8")),
    ("a block's address is short", block("cidr: 10.0/8")),
    ("a block's address has a zone", block('cidr: "fe80::1%eth0/64"')),
    ("a block of IPv6 is too long", block('cidr: "fd00::/129"')),
    ("a block's address is IPv4 written as IPv6", block('cidr: "::ffff:10.0.0.0/104"')),
    ("a block has a blank", block('cidr: " 10.0.0.0/8"')),
    ("a block is missing", block("except: []")),
    ("a block has exceptions", block("cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]")),
    ("a block of IPv6 has an exception", block('cidr: "fd00::/8", except: ["fd01::/16"]')),
    ("an exception of IPv4 is in a block of IPv6", block('cidr: "::/0", except: [10.0.0.0/8]')),
    ("the second exception lies outside", block("cidr: 10.0.0.0/8, except: [10.1.0.0/16, 192.168.0.0/16]")),
    ("an exception has bits behind its prefix", block("cidr: 10.0.0.0/8, except: [10.1.0.1/16]")),
    ("an exception and its block have bits behind their prefixes", block("cidr: 10.9.9.9/8, except: [10.1.0.1/16]")),
    # ports
    ("a port is a number", port("port: 80")),
    ("a port is the last one", port("port: 65535")),
    ("a port is a name", port("port: http-alt")),
    ("a port's name has digits before its letter", port("port: 8080-tcp")),
    ("a port's name has two dashes", port("port: a--b")),
    ("a port's name ends with a dash", port("port: a-")),
    ("a port's name is in capitals", port("port: HTTP")),
    ("a port's name has 15 characters", port("port: a23456789012345")),
    ("a port's name has no letter", port('port: "1-2"')),
    ("a port is a protocol alone", port("protocol: SCTP")),
    ("a range is one port", port("port: 80, endPort: 80")),
    ("a range ends with the last port", port("port: 1, endPort: 65535")),
    ("a range ends with zero", port("port: 1, endPort: 0")),
    ("a range ends with a name", port("port: 1, endPort: web")),
    ("a port is true", port("port: true")),
    # limits
    *((f"a rate is {text}", limit(f"bytesPerSecond: {text}")) for text in (
        "100", "10k", "5Mi", "1.5k", "17m", "500000u", "999n", "1e3", "'1e3'", "'1E3'", "'1e+3'", "'1e-3'", "'+5'", "'.5'", "'5.'",
        "'.'", "'5 k'", "''", "k", "1Mib", "1ki", "1m5", "'-1'", "'0k'", "'0.0'", "'1e'", "'1e-'", "1E", "17P", "18P",
        "19P", "'18446744073709551.615'", "'18446744073709551.616'", "18446744073709551", "18446744073709552",
        "'1e16'", "'1e17'", "'1e99'", "'1e-99'", "'0.00000000000000000001'", "16Pi", "17Pi", "1Ei", "0x10", "'0x10'",
        "0b1", "1_000", "NaN", ".inf", "0.5", "{a: 1}")),
    *((f"a burst is {text}", limit(f"packetsPerSecond: 5, burst: {text}")) for text in (
        "1", "1k", "1.5k", "1500m", "1000m", "'2.0'", "'1.0001'", "1m", "'-3'", "9007199254740993", "18446744073709551",
        "18446744073709552")),
    *((f"maxConnections is {text}", limit(f"maxConnections: {text}")) for text in ("1", "1k", "2000m", "2500m", "0")),
    ("a limit of connections has a burst", limit("connectionsPerSecond: 5, burst: 2")),
    ("a limit names all four", limit("packetsPerSecond: 1, bytesPerSecond: 1, connectionsPerSecond: 1, "
                                     "maxConnections: 1")),
    ("a limit is per identity", limit("packetsPerSecond: 1, per: Identity")),
    ("a limit is per address", limit("maxConnections: 1, per: Address")),
    *((f"{unit} is over and {what} follows", egress_limit(f"{unit}: 10, onExceed: {what}"))
      for unit in ("packetsPerSecond", "bytesPerSecond", "connectionsPerSecond", "maxConnections")
      for what in ("Drop", "Mark", "Pace")),
    ("the second limit is a bad one", "ingress: [{limits: [{packetsPerSecond: 1}, {burst: 1}]}]"),
    ("a limit is null", "ingress: [{limits: [~]}]"),
    ("what is over an ingress limit is marked", limit("bytesPerSecond: 5, onExceed: Mark")),
    # more than there is room for
    ("a rule has 129 peers", "ingress: [{from: [" + "{podSelector: {}}," * 129 + "]}]"),
    ("a rule has 128 peers", "ingress: [{from: [" + "{podSelector: {}}," * 128 + "]}]"),
    ("there are 65 rules", "ingress: [" + "{}," * 65 + "]"),
    ("there are 64 rules", "ingress: [" + "{}," * 64 + "]"),
]


def from_unit_tests():
    """The table of what weir's parser must refuse in policies: (name, spec)."""
    with open(os.path.join(TOP, TABLE), encoding="utf-8") as file:
        source = file.read()
    for row in ROW.finditer(source):
        text = "".join(ast.literal_eval(word) for word in re.findall(r'"(?:[^"\\]|\\.)*"', row["text"]))
        yield row["name"], text


def manifests():
    """(name, kind, text): every spec as one of each kind."""
    for kind, place in (("TrafficPolicy", ", namespace: shop"), ("ClusterTrafficPolicy", "")):
        head = f"apiVersion: weir.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: p{place}}}\nspec:"
        for name, spec in SPECS:
            yield name, kind, f"{head}\n  {spec}\n"
        for name, spec in from_unit_tests():
            yield name, kind, f"{head}\n{spec}"


def from_pages():
    """(place, kind, text) of the examples."""
    for page in PAGES:
        with open(os.path.join(TOP, page), encoding="utf-8") as file:
            text = file.read()
        for found in re.finditer(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            for document in found[1].split("\n---\n"):
                kind = re.search(r"^kind: (\w*TrafficPolicy)$", document, re.MULTILINE)
                if kind:
                    yield f"{page}:{text.count(chr(10), 0, found.start()) + 1}", kind[1], document
