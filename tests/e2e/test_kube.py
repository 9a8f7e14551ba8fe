#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Kubernetes API as a source: a real API server, and its objects enforced on live interfaces."""
import json
import os
import signal
import statistics
import sys
import time
import unittest
import urllib.error

import case
from case import LabCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kube"))
import server  # noqa: E402

NETWORK_POLICIES = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
PODS = "/api/v1/namespaces/shop/pods"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TRAFFIC_POLICIES = "/apis/weir.dev/v1alpha1/namespaces/shop/trafficpolicies"
TRIES = 20


def isolate(name, app, sources=()):
    """A NetworkPolicy that lets only these apps reach port 8080 of an app."""
    peers = [{"podSelector": {"matchLabels": {"app": source}}} for source in sources]
    rules = [{"from": peers, "ports": [{"port": 8080}]}] if peers else []
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": rules}}


@unittest.skipUnless(server.find(), "no API server (tests/kube/fetch builds one)")
class Kube(LabCase):
    """Pods are of the API; each test begins without policies."""

    starts_agent = False

    @classmethod
    def build(cls):
        cls.api = server.ApiServer(f"/run/netns/{cls.lab.node.netns}")
        cls.api.__enter__()
        cls.addClassCleanup(cls.api.__exit__)
        cls.tokens = os.path.join(cls.api.directory, "token")
        cls.write_token(server.TOKEN)
        cls.lab.options += ["--source", "kube", "--kubeconfig", cls.api.kubeconfig({"tokenFile": cls.tokens})]
        cls.api.request("POST", "/api/v1/namespaces",
                        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for name in ("frontend", "backend", "intruder"):
            cls.add_pod(name)
        cls.lab.start_agent()

    @classmethod
    def write_token(cls, token):
        with open(cls.tokens + ".new", "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.rename(cls.tokens + ".new", cls.tokens)

    @classmethod
    def add_pod(cls, name):
        pod = cls.lab.add_pod(name, announce=False)
        manifest = pod.manifest()
        manifest["spec"]["nodeName"] = "node-1"
        cls.api.request("POST", PODS, manifest)
        cls.api.request("PUT", f"{PODS}/{name}/status", manifest)
        return pod

    def setUp(self):
        for policy in self.api.request("GET", NETWORK_POLICIES)["items"]:
            self.api.request("DELETE", f"{NETWORK_POLICIES}/{policy['metadata']['name']}")
        self.until_policies(0)
        self.explains_drops()

    def put(self, policy):
        self.api.request("POST", NETWORK_POLICIES, policy)

    def policies(self):
        return [p["name"] for p in self.lab.weir_json("get", "policies")["items"]]

    def until_policies(self, n):
        self.lab.until(lambda: len(self.policies()) == n, f"{n} policies are known")
        self.lab.until(lambda: self.lab.status()["settled"] or self.degraded(), "they are in force")

    def degraded(self):
        return " ".join(self.lab.status()["degraded"])

    # --- the source ----------------------------------------------------------

    def test_a_policy_of_the_api_is_enforced_and_ends_with_it(self):
        self.assert_open(self.intruder, self.backend)
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        self.api.request("DELETE", f"{NETWORK_POLICIES}/backend")
        self.until_policies(0)
        self.assert_open(self.intruder, self.backend)

    def test_a_pod_whose_labels_change_is_another_one(self):
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.assert_shut(self.intruder, self.backend)
        self.relabel("intruder", "frontend")
        self.lab.until(lambda: self.attempts(self.intruder, [(self.backend, 8080, "TCP", 4)], 1) == ["open"],
                       "the pod is what its new labels say")
        self.relabel("intruder", "intruder")
        self.lab.until(lambda: self.attempts(self.intruder, [(self.backend, 8080, "TCP", 4)],
                                             case.SHUT_WAIT) == ["timeout"], "the pod is what it was")

    def relabel(self, pod, app):
        self.api.request("PATCH", f"{PODS}/{pod}", {"metadata": {"labels": {"app": app}}},
                         content="application/merge-patch+json")

    def test_what_is_in_force_stays_while_the_api_is_away(self):
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.api.stop_api()
        try:
            self.lab.until(lambda: "can't be reached" in self.degraded(), "status says that the API is away", 20)
            self.assert_open(self.frontend, self.backend)
            self.assert_shut(self.intruder, self.backend)
        finally:
            self.api.start_api()
            self.api.wait()
        self.lab.until(lambda: not self.degraded(), "all is well again", 60)
        self.api.request("DELETE", f"{NETWORK_POLICIES}/backend")
        self.until_policies(0)
        self.assert_open(self.intruder, self.backend)

    def test_an_agent_that_starts_while_the_api_is_away_keeps_what_is_in_force(self):
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.lab.end_agent(signal.SIGKILL)
        self.api.stop_api()
        try:
            self.lab.spawn_agent()
            self.lab.until(lambda: "has not been read yet" in self.degraded() or "can't be reached" in self.degraded(),
                           "the agent says what it waits for")
            self.assert_open(self.frontend, self.backend)
            self.assert_shut(self.intruder, self.backend)
            refused = self.lab.weir("apply", "-f", "-", stdin=json.dumps(isolate("other", "x")))
            self.assertEqual(refused.returncode, 1)
            self.assertIn("the Kubernetes API has not been read yet", refused.stderr)
        finally:
            self.api.start_api()
            self.api.wait()
        self.lab.until(lambda: not self.degraded(), "the agent knows all again", 60)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_a_token_that_is_no_longer_valid_is_said_and_a_new_one_is_taken_up(self):
        self.write_token("wrong")
        try:
            self.api.restart_api()  # every watch has to begin anew, and with it the token is read
            self.lab.until(lambda: "401" in self.degraded(), "status says that the token is refused", 60)
        finally:
            self.write_token(server.TOKEN)
        self.lab.until(lambda: not self.degraded(), "the new token is used", 60)

    def test_a_policy_that_cannot_be_read_keeps_its_last_good_version(self):
        self.api.request("POST", CRDS, traffic_policy_crd())
        self.lab.until(self.serves_traffic_policies, "the kind is served", 20)
        policy = {"apiVersion": "weir.dev/v1alpha1", "kind": "TrafficPolicy", "metadata": {"name": "guard"},
                  "spec": {"podSelector": {"matchLabels": {"app": "backend"}}, "ingress": []}}
        try:
            self.api.request("POST", TRAFFIC_POLICIES, policy)
            self.lab.until(lambda: "guard" in self.policies(), "the kind that was installed later is noticed", 40)
            self.until_policies(1)
            self.assert_shut(self.frontend, self.backend)
            self.api.request("PATCH", f"{TRAFFIC_POLICIES}/guard", {"spec": {"ingress": [{"form": []}]}},
                             content="application/merge-patch+json")
            self.lab.until(lambda: "TrafficPolicy shop/guard: spec.ingress[0].form" in self.degraded(),
                           "status says which field is wrong")
            self.assert_shut(self.frontend, self.backend)
        finally:
            self.api.request("DELETE", f"{CRDS}/trafficpolicies.weir.dev")
        self.until_policies(0)
        self.lab.until(lambda: not self.degraded(), "it is forgotten with its kind", 40)
        self.assert_open(self.frontend, self.backend)

    def serves_traffic_policies(self):
        try:
            return self.api.request("GET", TRAFFIC_POLICIES)
        except urllib.error.HTTPError:
            return None

    def test_the_time_from_the_api_to_the_kernel_is_printed(self):
        times = []
        for i in range(TRIES):
            before = self.lab.status()["revision"]
            begun = time.monotonic()
            self.put(isolate(f"p{i}", ("frontend", "backend", "intruder")[i % 3], [f"app{i}"]))
            self.lab.until(lambda: self.lab.status()["revision"] > before, "it is in force")
            times.append(time.monotonic() - begun)
        print(f"# from kubectl apply to the kernel, by asking for status: median {statistics.median(times) * 1e3:.0f} ms, "
              f"longest {max(times) * 1e3:.0f} ms")


def traffic_policy_crd():
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "trafficpolicies.weir.dev"},
            "spec": {"group": "weir.dev", "scope": "Namespaced",
                     "names": {"plural": "trafficpolicies", "singular": "trafficpolicy", "kind": "TrafficPolicy"},
                     "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": schema}]}}


if __name__ == "__main__":
    case.main()
