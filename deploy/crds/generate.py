#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the CustomResourceDefinitions of weir's own kinds beside itself.

What `weir check` refuses, the API server shall refuse with the same reason. The two kinds differ in little, and
ingress from egress in less, so they are put together from the same parts here (parts.py). tests/check/crds holds
that the files are what this writes; `generate.py DIRECTORY` writes them elsewhere.
"""
import os
import sys

import yaml

import parts

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = "# SPDX-License-Identifier: BSD-2-Clause\n# Written by generate.py beside it.\n"
COLUMNS = [
    ("Mode", "string", ".spec.mode", "Enforce, the default, or Audit", 0),
    ("Enforced", "string", '.status.conditions[?(@.type=="Enforced")].status', "whether the nodes enforce it", 0),
    ("Reason", "string", '.status.conditions[?(@.type=="Enforced")].reason', "why it is so", 0),
    ("Message", "string", '.status.conditions[?(@.type=="Enforced")].message', "the same in words", 1),
    ("Pods", "string", ".spec.podSelector", "the pods that it is about", 1),
    ("Types", "string", ".spec.policyTypes", "the directions that it isolates", 1),
    ("Age", "date", ".metadata.creationTimestamp", "", 0),
]


class Dumper(yaml.SafeDumper):
    """Every part in full, wherever it stands."""

    def ignore_aliases(self, data):
        return True


def column(name, kind, path, description, priority):
    written = {"name": name, "type": kind, "jsonPath": path}
    if description:
        written["description"] = description
    if priority:
        written["priority"] = priority
    return written


def definition(kind, plural, short, is_cluster):
    names = {"kind": kind, "listKind": kind + "List", "plural": plural, "singular": kind.lower(), "shortNames": [short],
             "categories": ["weir", "network-policies"]}
    version = {
        "name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
        "additionalPrinterColumns": [column(*row) for row in COLUMNS],
        "schema": {"openAPIV3Schema": parts.policy(kind, is_cluster)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.weir.dev", "labels": {"app.kubernetes.io/name": "weir"}},
        "spec": {"group": "weir.dev", "names": names, "scope": "Cluster" if is_cluster else "Namespaced",
                 "versions": [version]},
    }


def rules(part, path=""):
    """JSON pointers of all rules in CEL."""
    for name, below in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if name == "x-kubernetes-validations":
            yield f"{path}/{name}"
        else:
            yield from rules(below, f"{path}/{name}")


def main():
    crds, no_rules = sys.argv[1:3] if len(sys.argv) > 2 else (HERE, os.path.join(HERE, "../overlays/no-rules"))
    for row in (("TrafficPolicy", "trafficpolicies", "tp", False),
                ("ClusterTrafficPolicy", "clustertrafficpolicies", "ctp", True)):
        made = definition(*row)
        with open(os.path.join(crds, f"weir.dev_{row[1]}.yaml"), "w", encoding="utf-8") as file:
            file.write(HEADER)
            yaml.dump(made, file, Dumper=Dumper, sort_keys=False, width=100)
        with open(os.path.join(no_rules, f"{row[1]}.yaml"), "w", encoding="utf-8") as file:
            file.write(HEADER.replace("beside it", "of deploy/crds"))
            yaml.dump([{"op": "remove", "path": path} for path in rules(made)], file, width=200)


if __name__ == "__main__":
    main()
