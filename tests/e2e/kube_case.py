# SPDX-License-Identifier: BSD-2-Clause
"""What tests with the Kubernetes API as the source share: a server of their own, and pods that are objects in it."""
import os
import sys
import time
import unittest

from case import SHUT_WAIT, LabCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kube"))
import proxy  # noqa: E402, F401  # pylint: disable=wrong-import-position
import server  # noqa: E402  # pylint: disable=wrong-import-position

NAMESPACES = "/api/v1/namespaces"
PODS = "/api/v1/namespaces/shop/pods"
NETWORK_POLICIES = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TRAFFIC_POLICIES = "/apis/weir.dev/v1alpha1/namespaces/shop/trafficpolicies"
MERGE = "application/merge-patch+json"
IS_LONG = os.environ.get("WEIR_TEST_LONG") == "1"


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def isolate(name, app, sources=(), ports=({"port": 8080},)):
    """A NetworkPolicy that lets only these apps reach these ports of an app."""
    peers = [{"podSelector": {"matchLabels": {"app": source}}} for source in sources]
    rules = [{"from": peers, "ports": list(ports)}] if peers else []
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": rules}}


def traffic_policy_crd():
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "trafficpolicies.weir.dev"},
            "spec": {"group": "weir.dev", "scope": "Namespaced",
                     "names": {"plural": "trafficpolicies", "singular": "trafficpolicy", "kind": "TrafficPolicy"},
                     "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": schema}]}}


def make_pod(api, manifest):
    """Has the API know the pod, which runs on this node; its status can only be given when it is there."""
    pods = f"{NAMESPACES}/{manifest['metadata']['namespace']}/pods"
    manifest["spec"]["nodeName"] = "node-1"
    api.request("POST", pods, manifest)
    api.request("PUT", f"{pods}/{manifest['metadata']['name']}/status", manifest)


@unittest.skipUnless(server.find(), "no API server (tests/kube/fetch builds one)")
class KubeCase(LabCase):
    """Pods are of the API; each test begins without policies."""

    starts_agent = False
    pods = ("frontend", "backend", "intruder")

    @classmethod
    def build(cls):
        cls.api = server.ApiServer(f"/run/netns/{cls.lab.node.netns}")
        cls.api.__enter__()
        cls.addClassCleanup(cls.api.__exit__)
        cls.tokens = os.path.join(cls.api.directory, "token")
        cls.write_token(server.TOKEN)
        cls.lab.options += ["--source", "kube", "--kubeconfig", cls.kubeconfig()]
        cls.api.request("POST", NAMESPACES, namespace("shop"))
        for name in cls.pods:
            cls.add_pod(name)
        cls.lab.start_agent()

    @classmethod
    def kubeconfig(cls):
        """The agent's."""
        return cls.api.kubeconfig({"tokenFile": cls.tokens})

    @classmethod
    def write_token(cls, token):
        with open(cls.tokens + ".new", "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.rename(cls.tokens + ".new", cls.tokens)

    @classmethod
    def add_pod(cls, name, **about):
        pod = cls.lab.add_pod(name, announce=False, **about)
        make_pod(cls.api, pod.manifest())
        return pod

    def setUp(self):
        for policy in self.api.request("GET", NETWORK_POLICIES)["items"]:
            self.api.request("DELETE", f"{NETWORK_POLICIES}/{policy['metadata']['name']}")
        self.until_policies(0)

    def put(self, policy):
        self.api.request("POST", NETWORK_POLICIES, policy)

    def policies(self):
        return [p["name"] for p in self.lab.weir_json("get", "policies")["items"]]

    def until_policies(self, n):
        self.lab.until(lambda: len(self.policies()) == n, f"{n} policies are known")
        self.lab.until(lambda: self.lab.status()["settled"] or self.degraded(), "they are in force")

    def degraded(self):
        return " ".join(self.lab.status()["degraded"])

    def until_well(self, seconds=45):
        """The longest pause between two attempts is 30 s."""
        end = time.monotonic() + seconds
        while said := self.degraded():
            if time.monotonic() > end:
                self.fail(f"not well after {seconds} s: {said}{self.lab.log_tail()}")
            time.sleep(0.05)

    def relabel(self, pod, app):
        self.api.request("PATCH", f"{PODS}/{pod}", {"metadata": {"labels": {"app": app}}}, content=MERGE)

    def is_open(self, sender, to):
        return self.attempts(sender, [(to, 8080, "TCP", 4)], 1) == ["open"]

    def is_shut(self, sender, to):
        return self.attempts(sender, [(to, 8080, "TCP", 4)], SHUT_WAIT) == ["timeout"]
