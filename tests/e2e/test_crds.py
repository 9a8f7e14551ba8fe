#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The API server refuses of weir's own kinds what `weir check` refuses: asked of Kubernetes' own code."""
import glob
import os
import subprocess
import sys
import unittest

import yaml

import policy_corpus
from case import main
from lab import TOP, WEIR

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kube"))
import schema  # noqa: E402

FEW_REFUSED = 250

# What only one of the two refuses, and why: docs/kubernetes.md tells users.
ONLY_API = {
    "a rule has 129 peers": "every list has a largest size, or rules in CEL would cost too much",
    "there are 65 rules": "the same",
    "a selector is null": "null is no value there; weir takes it for absent",
    "a list of rules is null": "the same",
    "a rule's peers are null": "the same",
    "a rate is 0.5": "JSON has no quantities: a fraction is written as text, \"0.5\" or 500m",
    "a rate is '18446744073709551.616'": "weir rounds what has more than 18 digits",
}
ONLY_WEIR = {
    "a rate is 0x10": "what reads YAML for the API server takes it for the number 16",
    "a rate is 0b1": "the same",
    "a rate is 1_000": "the same",
}


def definitions():
    for path in sorted(glob.glob(os.path.join(TOP, "deploy/crds/weir.dev_*.yaml"))):
        with open(path, encoding="utf-8") as file:
            yield yaml.safe_load(file)


def check(text):
    """What weir check has against a manifest; "" if nothing."""
    done = subprocess.run([WEIR, "check", "-f", "-"], input=text, capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def remove(thing, pointer):
    """What an operation of a JSON patch does; KeyError or IndexError where there is nothing."""
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        thing = thing[int(step) if isinstance(thing, list) else step]
    del thing[last]


class WithoutRules(unittest.TestCase):
    def test_no_rules(self):
        """the overlay for older API servers takes every rule away, and nothing else"""
        for definition in definitions():
            path = os.path.join(TOP, "deploy/overlays/no-rules", f"{definition['spec']['names']['plural']}.yaml")
            with open(path, encoding="utf-8") as file:
                operations = yaml.safe_load(file)
            self.assertEqual({operation["op"] for operation in operations}, {"remove"})
            self.assertEqual({o["path"].rsplit("/", 1)[1] for o in operations}, {"x-kubernetes-validations"})
            for operation in operations:
                remove(definition, operation["path"])
            self.assertNotIn("x-kubernetes-validations", str(definition))


@unittest.skipUnless(schema.find(), "Kubernetes' code isn't built (tests/kube/fetch-schema builds it)")
class Definitions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.corpus = list(policy_corpus.manifests())
        cls.definitions, found = schema.ask(list(definitions()), [yaml.safe_load(text) for _, _, text in cls.corpus])
        cls.found = [one["errors"] + [f"unknown field {path}" for path in one["unknown"]] for one in found]
        cls.checked = [check(text) for _, _, text in cls.corpus]

    def test_definitions(self):
        """the definitions themselves are good, and their rules within what rules may cost"""
        self.assertEqual([d["errors"] for d in self.definitions], [[], []])

    def test_corpus(self):
        """whatever weir check refuses the API server refuses, and nothing else, but for what is listed"""
        differences = []
        for (name, kind, _), found, checked in zip(self.corpus, self.found, self.checked):
            expected = bool(checked) and name not in ONLY_WEIR or name in ONLY_API
            if bool(found) != expected:
                differences.append(f"{kind}: {name}: weir: {checked or 'fine'}; API: {'; '.join(found) or 'fine'}")
        self.assertEqual(differences, [])
        self.assertGreater(sum(bool(found) for found in self.found), FEW_REFUSED)

    def test_listed(self):
        """what is listed as a difference is one"""
        refused = {name: bool(found) for (name, _, _), found in zip(self.corpus, self.found)}
        self.assertEqual({n for n in ONLY_API if refused.get(n)} | {n for n in ONLY_WEIR if refused.get(n) is False},
                         set(ONLY_API) | set(ONLY_WEIR))

    def test_pages(self):
        """the examples of the policy reference are good"""
        examples = list(policy_corpus.from_pages())
        _, found = schema.ask(list(definitions()), [yaml.safe_load(text) for _, _, text in examples])
        self.assertGreater(len(examples), 4)
        self.assertEqual([(place, one["errors"], one["unknown"]) for (place, _, _), one in zip(examples, found)
                          if one["errors"] or one["unknown"]], [])


if __name__ == "__main__":
    main()
