#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the agent tells a real Kubernetes API of its policies: Events, and the status of weir's own kinds."""
import os
import re
import sys
import time
import unittest
import urllib.error

import yaml

import case
from case import LabCase

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../kube"))
import server  # noqa: E402

POLICIES = "/apis/weir.dev/v1alpha1/namespaces/shop/trafficpolicies"
EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"
# What the schema lets through and only the rules of CEL refuse, which this server has not.
REFUSED = {"spec": {"ingress": [{"action": "Deny", "limits": [{"packetsPerSecond": 1}]}]}}
GOOD = {"spec": {"ingress": []}}
N_REFUSED = 200
BURST, PER_SECOND = 20, 5


def policy(name, app="backend", ingress=()):
    return {"apiVersion": "weir.dev/v1alpha1", "kind": "TrafficPolicy", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": list(ingress)}}


def allow(app):
    return {"from": [{"podSelector": {"matchLabels": {"app": app}}}]}


def traffic_policy_crd():
    with open(os.path.join(HERE, "../../deploy/crds/weir.dev_trafficpolicies.yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


@unittest.skipUnless(server.find(), "no API server (tests/kube/fetch builds one)")
class Feedback(LabCase):
    starts_agent = False

    @classmethod
    def build(cls):
        cls.api = server.ApiServer(f"/run/netns/{cls.lab.node.netns}")
        cls.api.__enter__()
        cls.addClassCleanup(cls.api.__exit__)
        cls.api.request("POST", CRDS, traffic_policy_crd())
        cls.api.request("POST", "/api/v1/namespaces",
                        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        cls.api.request("POST", "/api/v1/nodes",
                        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}})
        cls.lab.until(cls.serves_policies, "the kind is served", 20)
        for name in ("frontend", "backend", "intruder"):
            setattr(cls, name, cls.lab.add_pod(name))
        cls.options = list(cls.lab.options)
        cls.start(server.TOKEN)

    @classmethod
    def start(cls, token):
        cls.lab.options = [*cls.options, "--source", "kube", "--kubeconfig", cls.api.kubeconfig({"token": token})]
        cls.lab.start_agent()

    @classmethod
    def serves_policies(cls):
        try:
            return cls.api.request("GET", POLICIES)
        except urllib.error.HTTPError:
            return None

    def setUp(self):
        self.api.request("DELETE", POLICIES)
        self.until_known(0)
        self.api.request("DELETE", EVENTS)

    def until_known(self, n):
        self.lab.until(lambda: len(self.lab.weir_json("get", "policies")["items"]) == n, f"{n} policies are known", 20)
        self.lab.until(lambda: self.lab.status()["settled"] or self.lab.status()["degraded"], "they are in force")

    def events(self, name, reason):
        return [e for e in self.api.request("GET", EVENTS)["items"]
                if e["regarding"]["name"] == name and e["reason"] == reason]

    def of(self, name):
        return self.api.request("GET", f"{POLICIES}/{name}")

    def condition(self, name):
        found = self.of(name).get("status", {}).get("conditions", [])
        return found[0] if found else {"status": "", "observedGeneration": 0}

    def until_condition(self, name, status, generation, seconds=20):
        def holds():
            condition = self.condition(name)
            return (condition["status"], condition["observedGeneration"]) == (status, generation)
        self.lab.until(holds, f"{name} is said to be enforced: {status}, generation {generation}", seconds)
        return self.condition(name)

    def feedback(self):
        return next(s["feedback"] for s in self.lab.status()["sources"] if s["name"] == "kube")

    def writes(self):
        return sum(n for results in self.feedback()["writes"].values() for n in results.values())

    # --- what is told --------------------------------------------------------

    def test_a_policy_in_force_says_so_once_with_its_generation_and_revision(self):
        """a policy in force has a condition with its generation, and the revision; another generation another one"""
        self.api.request("POST", POLICIES, policy("guard"))
        condition = self.until_condition("guard", "True", 1)
        status = self.of("guard")["status"]
        self.assertEqual((condition["type"], condition["reason"]), ("Enforced", "Enforced"))
        self.assertEqual((status["revision"], status["node"]), (self.lab.status()["revision"], "node-1"))
        self.assertNotIn("nodes", status)
        self.api.request("PATCH", f"{POLICIES}/guard", {"spec": {"ingress": [allow("frontend")]}}, content=MERGE)
        later = self.until_condition("guard", "True", 2)
        self.assertEqual(later["lastTransitionTime"], condition["lastTransitionTime"])
        self.assertEqual(self.events("guard", "Refused"), [])

    def test_what_is_told_of_a_policy_is_no_change_of_it(self):
        """a status that somebody takes away comes back, and is no change of the policy"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_condition("guard", "True", 1)
        revision, version = self.lab.status()["revision"], self.of("guard")["metadata"]["resourceVersion"]
        self.api.request("PATCH", f"{POLICIES}/guard/status", {"status": {"conditions": None}}, content=MERGE)
        self.until_condition("guard", "True", 1)
        self.assertEqual(self.lab.status()["revision"], revision)
        self.assertNotEqual(self.of("guard")["metadata"]["resourceVersion"], version)

    def test_a_refused_policy_is_told_with_the_reason_and_a_good_one_again(self):
        """a refused policy has an Event and a status with the reason, and another when it is good again"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_condition("guard", "True", 1)
        self.api.request("PATCH", f"{POLICIES}/guard", REFUSED, content=MERGE)
        self.lab.until(lambda: self.events("guard", "Refused"), "an Event says that it is refused")
        event = self.events("guard", "Refused")[0]
        self.assertEqual((event["type"], event["reportingController"], event["reportingInstance"]),
                         ("Warning", "weir.dev/agent", "node-1"))
        self.assertIn("spec.ingress[0].limits", event["note"])
        self.assertEqual(event["regarding"]["uid"], self.of("guard")["metadata"]["uid"])
        condition = self.until_condition("guard", "False", 2)
        self.assertEqual(condition["reason"], "Refused")
        node, = self.of("guard")["status"]["nodes"]
        self.assertEqual((node["name"], node["observedGeneration"], node["state"]), ("node-1", 2, "Refused"))
        self.assertIn("spec.ingress[0].limits", node["message"])
        self.assert_shut(self.frontend, self.backend)
        self.api.request("PATCH", f"{POLICIES}/guard", GOOD, content=MERGE)
        self.until_condition("guard", "True", 3)
        self.assertFalse(self.of("guard")["status"].get("nodes"))
        self.lab.until(lambda: self.events("guard", "Accepted"), "an Event says that it is good again")
        self.assertEqual(self.events("guard", "Accepted")[0]["type"], "Normal")

    def test_a_policy_that_only_the_compiler_refuses_is_named(self):
        """a policy that only the compiler refuses is told of, and no other"""
        limits = [{"action": "Limit", "limits": [{"packetsPerSecond": n}], **allow("frontend")}
                  for n in range(1000, 1009)]
        self.api.request("POST", POLICIES, policy("innocent", "frontend"))
        self.until_condition("innocent", "True", 1)
        self.api.request("POST", POLICIES, policy("guilty", "backend", [allow("frontend"), *limits]))
        condition = self.until_condition("guilty", "False", 1)
        self.assertEqual(condition["reason"], "Refused")
        self.lab.until(lambda: self.events("guilty", "Refused"), "an Event says why")
        self.assertIn("more than", self.events("guilty", "Refused")[0]["note"])
        self.assertEqual(self.condition("innocent")["status"], "True")
        self.assertEqual(self.events("innocent", "Refused"), [])

    def test_an_entry_of_a_node_that_is_no_more_is_removed(self):
        """what a node said that is no more is taken out of the status"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_condition("guard", "True", 1)
        entry = {"apiVersion": "weir.dev/v1alpha1", "kind": "TrafficPolicy", "metadata": {"name": "guard"},
                 "status": {"nodes": [{"name": "gone", "observedGeneration": 1, "state": "Refused"}]}}
        self.api.request("PATCH", f"{POLICIES}/guard/status?fieldManager=weir-gone", entry,
                         content="application/apply-patch+yaml")
        self.lab.until(lambda: not self.of("guard")["status"].get("nodes"), "it is removed", 20)
        self.assertEqual(self.condition("guard")["status"], "True")

    # --- what it costs -------------------------------------------------------

    def test_many_refused_policies_are_told_a_few_at_a_time(self):
        """200 refused policies are told of by no more writes than the rate allows, and what is gone by none"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_condition("guard", "True", 1)
        before, begun = self.writes(), time.monotonic()
        for i in range(N_REFUSED):
            self.api.request("POST", POLICIES, policy(f"bad-{i}", "frontend", REFUSED["spec"]["ingress"]))
        self.lab.until(lambda: len(self.lab.status()["degraded"]) >= N_REFUSED, "the agent knows that they are refused")
        self.lab.until(lambda: self.writes() >= before + BURST + PER_SECOND, "some of them are told", 20)
        made, seconds = self.writes() - before, time.monotonic() - begun
        self.assertLessEqual(made, BURST + PER_SECOND * seconds + 1)
        self.assertGreater(self.feedback()["waiting"], 0)
        self.assert_shut(self.frontend, self.backend)
        self.api.request("DELETE", POLICIES)
        self.until_known(0)
        self.lab.until(lambda: not self.feedback()["waiting"], "what is gone is not told", 20)

    # --- what goes wrong -----------------------------------------------------

    def test_what_the_api_forbids_is_said_and_changes_nothing(self):
        """what the API forbids is said in status, tried once, and changes nothing of what is enforced"""
        self.lab.end_agent()
        self.grant_reading()
        self.start(server.READER_TOKEN)
        try:
            self.api.request("POST", POLICIES, policy("guard", ingress=[allow("frontend")]))
            self.until_known(1)
            self.api.request("POST", POLICIES, policy("bad", "frontend", REFUSED["spec"]["ingress"]))
            self.lab.until(lambda: "Events are not written" in self.warnings() and
                           "status of trafficpolicies is not written" in self.warnings(),
                           "status says what is forbidden", 20)
            self.assert_open(self.frontend, self.backend)
            self.assert_shut(self.intruder, self.backend)
            forbidden = self.lab.metric("weir_kube_writes_total", kind="status", result="forbidden")
            self.assertEqual(forbidden, 1)
        finally:
            self.lab.end_agent()
            self.api.request("DELETE", f"{POLICIES}/bad")
            self.start(server.TOKEN)
        self.until_condition("guard", "True", 1)

    def warnings(self):
        return " ".join(self.lab.status()["warnings"])

    def grant_reading(self):
        kinds = "/apis/rbac.authorization.k8s.io/v1/clusterrole"
        rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
        self.api.request("POST", f"{kinds}s", {"metadata": {"name": "reader"}, "rules": [rule]})
        self.api.request("POST", f"{kinds}bindings", {
            "metadata": {"name": "reader"}, "subjects": [{"kind": "User", "name": "reader"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}})

    def test_what_happens_while_the_api_is_away_is_told_later(self):
        """what happens while the API is away is told when it is back; status says since when it is"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_condition("guard", "True", 1)
        self.api.stop_api()
        self.addCleanup(self.lab.remove, "guard.json")
        try:
            self.lab.write("guard.json", policy("guard"))
            self.lab.until(lambda: self.lab.metric("weir_kube_writes_total", kind="status", result="retried"),
                           "it is tried", 20)
            self.lab.until(lambda: re.search(r"kube: away since \d+ s, last state stays enforced",
                                             self.lab.weir("status").stderr), "status says that it is away", 20)
            self.assertEqual(self.lab.metric("weir_source_synced", source="kube"), 0)
            self.assert_shut(self.frontend, self.backend)
        finally:
            self.api.start_api()
            self.api.wait()
        condition = self.until_condition("guard", "False", 1, 60)
        self.assertEqual(condition["reason"], "Degraded")
        self.assertIn("source dir:", condition["message"])
        self.lab.remove("guard.json")
        self.until_condition("guard", "True", 1)


if __name__ == "__main__":
    case.main()
