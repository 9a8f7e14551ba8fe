# SPDX-License-Identifier: BSD-2-Clause
"""The schema of a policy, from the inside out.

A rule in CEL is charged by the API server with the most that it could ever cost, so every list and every text has
a largest size (MAX): what is beyond is refused here and not by `weir check`. docs/kubernetes.md has the list of
what else the two see differently; tests/kube/test_crds.py holds them to it.
"""

MAX = {"rules": 64, "peers": 128, "except": 16, "ports": 64, "limits": 8, "labels": 32, "expressions": 32,
       "values": 64, "nodes": 128}

ALNUM = "[A-Za-z0-9]"
SUBDOMAIN = "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
LABEL_NAME = f"{ALNUM}([A-Za-z0-9_.-]{{0,61}}{ALNUM})?"
LABEL_KEY = f"^({SUBDOMAIN}/)?{LABEL_NAME}$"
LABEL_VALUE = f"^({ALNUM}([A-Za-z0-9_.-]*{ALNUM})?)?$"
RULE_NAME = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
PORT_NAME = "^([0-9]+-)*[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$"  # single '-', and a letter in it
QUANTITY = "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$"
LARGEST = "18446744073709551615m"  # 64 bits of thousandths

RATES = ("packetsPerSecond", "bytesPerSecond", "connectionsPerSecond")
UNITS = (*RATES, "maxConnections")


def holds(rule, message, path=None):
    """A rule in CEL, and what is said of who breaks it."""
    return {"rule": rule, "message": message, **({"fieldPath": path} if path else {})}


def text(description, **limits):
    return {"type": "string", "description": description, **limits}


def words(description, *known, default=None):
    return {"type": "string", "description": description + (f" Default: {default}." if default else ""),
            "enum": list(known)}


def listed(description, size, items):
    return {"type": "array", "description": description, "maxItems": size, "x-kubernetes-list-type": "atomic",
            "items": items}


def mapping(description, properties, rules=(), required=()):
    schema = {"type": "object", "description": description}
    if required:
        schema["required"] = list(required)
    schema["properties"] = properties
    if rules:
        schema["x-kubernetes-validations"] = list(rules)
    return schema


# --- selectors ----------------------------------------------------------------

def selector(description):
    values = listed("What the label's value must be one of, or none of.", MAX["values"],
                    {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE})
    expression = mapping("One demand on the labels.", {
        "key": text("The label's key.", maxLength=317, pattern=LABEL_KEY),
        "operator": words("How the label is compared.", "In", "NotIn", "Exists", "DoesNotExist"),
        "values": values,
    }, [
        holds("self.operator in ['In', 'NotIn'] == (has(self.values) && self.values.size() > 0)",
              "values must name at least one value with the operators In and NotIn, and must be absent with "
              "Exists and DoesNotExist"),
    ], ["key", "operator"])
    labels = {"type": "object", "description": "Labels, each with exactly this value.", "maxProperties": MAX["labels"],
              "x-kubernetes-map-type": "atomic",
              "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
              "x-kubernetes-validations": [
                  holds(f"self.all(key, key.matches(r'{LABEL_KEY}'))",
                        "each key must be a name of 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit "
                        "first and last, behind an optional DNS name and '/'")]}
    schema = mapping(description + " All that it names must hold; an empty one selects everything.", {
        "matchLabels": labels,
        "matchExpressions": listed("Demands on the labels.", MAX["expressions"], expression),
    })
    schema["x-kubernetes-map-type"] = "atomic"
    return schema


# --- peers and ports -------------------------------------------------------------

def block():
    cidr = {"type": "string", "format": "cidr", "minLength": 3, "maxLength": 49}
    return mapping("Addresses, whoever has them.", {
        "cidr": {**cidr, "description": "Such as 10.0.0.0/8 or fd00::/8; IPv4 is written as IPv4."},
        "except": listed("Parts of cidr that are not meant.", MAX["except"], cidr),
    }, [
        holds("isCIDR(self.cidr)", "must be a CIDR such as 10.0.0.0/8 or fd00::/8 (IPv4 written as IPv4)", ".cidr"),
        holds("!has(self.except) || !isCIDR(self.cidr) || [cidr(self.cidr)].all(block, self.except.all(e, "
              "block.containsCIDR(e) && block.prefixLength() < cidr(e).prefixLength()))",
              "each must lie within cidr and be smaller", ".except"),
    ], ["cidr"])


def peers(description):
    peer = mapping("Who: either an ipBlock, or one selector or both.", {
        "podSelector": selector("Pods, by their labels."),
        "namespaceSelector": selector("Namespaces, by their labels."),
        "ipBlock": block(),
    }, [
        holds("!has(self.ipBlock) || (!has(self.podSelector) && !has(self.namespaceSelector))",
              "must stand alone: write the selectors as a peer of their own", ".ipBlock"),
        holds("has(self.ipBlock) || has(self.podSelector) || has(self.namespaceSelector)",
              "an empty peer: must have podSelector, namespaceSelector or ipBlock (leave the list out to mean "
              "everybody)"),
    ])
    return listed(description + " Absent or empty: everybody.", MAX["peers"], peer)


def ports():
    number = {"minimum": 1, "maximum": 65535}
    port = mapping("Ports of one protocol.", {
        "protocol": words("The protocol.", "TCP", "UDP", "SCTP", default="TCP"),
        "port": {"description": "A number from 1 to 65535, or the name of a container port of the pod that is "
                                "connected to. Absent: all ports.",
                 "x-kubernetes-int-or-string": True, **number, "maxLength": 15, "pattern": PORT_NAME},
        "endPort": {"type": "integer", "format": "int32", **number,
                    "description": "With a numeric port: the last port of a range."},
    }, [
        holds("!has(self.endPort) || (has(self.port) && type(self.port) == int)",
              "must have a numeric port to begin with", ".endPort"),
        holds("!has(self.endPort) || !has(self.port) || type(self.port) != int || self.endPort >= int(self.port)",
              "must not be below port", ".endPort"),
    ])
    return listed("Ports. Absent or empty: every protocol and port.", MAX["ports"], port)


# --- limits -----------------------------------------------------------------------

def quantity(name, description, is_whole=False):
    """A number, or a Kubernetes quantity; the API server charges for texts of any length, so rules are few."""
    return {"description": description, "x-kubernetes-int-or-string": True, "minimum": 1, "maxLength": 32,
            "pattern": QUANTITY}


def quantity_rule(name, is_whole=False):
    value = f"quantity(string(self.{name}))"
    rule = f"{value}.isGreaterThan(quantity('0')) && !{value}.isGreaterThan(quantity('{LARGEST}'))"
    said = "must be above 0 and below 18P"
    if is_whole:
        number = f"{value}.asApproximateFloat()"
        rule += f" && double(int({number})) == {number}"
        said += ", and a whole number"
    return holds(f"!has(self.{name}) || ({rule})", said, f".{name}")


def limits(is_egress):
    on_exceed = ("Drop", "Mark", "Pace") if is_egress else ("Drop", "Mark")
    what = " Mark goes with packetsPerSecond and bytesPerSecond."
    if is_egress:
        what += " Pace goes with bytesPerSecond."
    rules = [holds("[" + ", ".join(f"has(self.{unit})" for unit in UNITS) + "].filter(named, named).size() == 1",
                   "must have exactly one of packetsPerSecond, bytesPerSecond, connectionsPerSecond and "
                   "maxConnections")]
    rules += [quantity_rule(name) for name in RATES] + [quantity_rule(name, True) for name in ("maxConnections", "burst")]
    rules += [
        holds("!has(self.burst) || !has(self.maxConnections)",
              "must be absent with maxConnections, which is no rate", ".burst"),
        holds("!has(self.onExceed) || self.onExceed != 'Mark' || has(self.packetsPerSecond) || "
              "has(self.bytesPerSecond)", "Mark goes with packetsPerSecond and bytesPerSecond", ".onExceed"),
    ]
    if is_egress:
        rules.append(holds("!has(self.onExceed) || self.onExceed != 'Pace' || has(self.bytesPerSecond)",
                           "Pace goes with bytesPerSecond", ".onExceed"))
    limit = mapping("Exactly one of the first four.", {
        "packetsPerSecond": quantity("packetsPerSecond", "Packets, such as 100 or 10k."),
        "bytesPerSecond": quantity("bytesPerSecond", "Bytes of whole frames, such as 5Mi."),
        "connectionsPerSecond": quantity("connectionsPerSecond", "Connections that are opened."),
        "maxConnections": quantity("maxConnections", "Connections that are open at a time; no burst goes with it."),
        "burst": quantity("burst", "How much may come at once after a pause, in the same unit. Default: a tenth of a "
                                   "second's worth, at least 1."),
        "per": words("What has a bucket of its own: the rule on each node, each set of labels, or each address that "
                     "opens connections.", "Rule", "Identity", "Address", default="Rule"),
        "onExceed": words("What becomes of what is over the limit." + what, *on_exceed, default="Drop"),
    }, rules)
    return listed("Limits; a packet must be within all of them.", MAX["limits"], limit)


# --- rules and the whole -----------------------------------------------------------

def rules_of(is_egress):
    direction, peer_list = ("egress", "to") if is_egress else ("ingress", "from")
    rule = mapping("What matches peer and port.", {
        "name": text("A name, which limits and counters keep across changes; no two of one list are the same.",
                     maxLength=63, pattern=RULE_NAME),
        "action": words("Allow it, deny it whatever else allows it, or only limit it.", "Allow", "Deny", "Limit",
                        default="Allow"),
        peer_list: peers("Whom the pods talk to." if is_egress else "Who talks to the pods."),
        "ports": ports(),
        "limits": limits(is_egress),
    }, [
        holds("!has(self.action) || self.action != 'Limit' || (has(self.limits) && self.limits.size() > 0)",
              "is missing: a rule with action Limit needs at least one", ".limits"),
        holds("!has(self.action) || self.action != 'Deny' || !has(self.limits) || self.limits.size() == 0",
              "must be absent from a rule with action Deny: nothing passes it", ".limits"),
    ])
    schema = listed(f"Rules of {direction}; a connection is allowed if one of them matches.", MAX["rules"], rule)
    schema["x-kubernetes-validations"] = [
        holds("self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && b.name == a.name))",
              "two rules have one name")]
    return schema


def spec(is_cluster):
    properties = {}
    if is_cluster:
        properties["namespaceSelector"] = selector("The namespaces whose pods it is about.")
    where = "of those namespaces" if is_cluster else "of the policy's namespace"
    return mapping("What it says.", {
        **properties,
        "podSelector": selector(f"The pods {where} that it is about."),
        "mode": words("Enforce it, or only count what it would deny.", "Enforce", "Audit", default="Enforce"),
        "onDeny": words("Drop what is denied, or answer it.", "Drop", "Reject", default="Drop"),
        "policyTypes": listed("The directions that it isolates. Default: Ingress, and Egress if there is an egress.", 16,
                              {"type": "string", "enum": ["Ingress", "Egress"]}),
        "ingress": rules_of(False),
        "egress": rules_of(True),
    })


def status():
    number = {"type": "integer", "format": "int64", "minimum": 0}
    generation = {**number, "description": "The metadata.generation that this is about."}
    condition = mapping("What is known of it.", {
        "type": text("Enforced.", maxLength=316),
        "status": words("Whether it is so.", "True", "False", "Unknown"),
        "reason": text("Why, in a word.", maxLength=1024),
        "message": text("Why.", maxLength=32768),
        "lastTransitionTime": {"type": "string", "format": "date-time", "description": "Since when."},
        "observedGeneration": generation,
    }, required=["type", "status"])
    node = mapping("A node where it is not enforced.", {
        "name": text("The node.", maxLength=253),
        "state": text("Refused or Degraded.", maxLength=64),
        "message": text("Why.", maxLength=32768),
        "revision": {**number, "description": "The policy revision that is in force there instead."},
        "observedGeneration": generation,
    }, required=["name"])
    keyed = {"type": "array", "x-kubernetes-list-type": "map"}
    return mapping("Written by weir's agents.", {
        "revision": {**number, "description": "The policy revision of node in which it came into force."},
        "node": text("The node that said so first.", maxLength=253),
        "conditions": {**keyed, "description": "One of type Enforced, for the whole cluster.", "maxItems": 16,
                       "x-kubernetes-list-map-keys": ["type"], "items": condition},
        # A server of 1.20 makes null of a list whose last item nobody applies any more, and then refuses that.
        "nodes": {**keyed, "description": "Some of the nodes where it is not enforced, and why.",
                  "maxItems": MAX["nodes"], "nullable": True, "x-kubernetes-list-map-keys": ["name"], "items": node},
    })


def policy(kind, is_cluster):
    what = "Who may talk to pods of any namespace, and how fast" if is_cluster else \
        "Who may talk to pods of one namespace, and how fast"
    return mapping(f"{kind}: {what}. See docs/policy.md of weir.", {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"},
        "spec": spec(is_cluster), "status": status(),
    }, required=["spec"])
