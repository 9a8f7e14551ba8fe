#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The manifests of deploy/ in a real API server, and the agent with the rights that they give it."""
import os
import re
import unittest
import urllib.error

import deployment
from case import main
from kube_case import CRDS, NAMESPACES, TRAFFIC_POLICIES, KubeCase, isolate, namespace, server
from lab import TOP

ACCOUNT = f"{NAMESPACES}/{deployment.NAMESPACE}/serviceaccounts/weir/token"
ADMIN_KINDS = (("AdminNetworkPolicy", "adminnetworkpolicies", "v1alpha1"),
               ("BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", "v1alpha1"),
               ("ClusterNetworkPolicy", "clusternetworkpolicies", "v1alpha2"))
POLICY = {"apiVersion": "weir.dev/v1alpha1", "kind": "TrafficPolicy", "metadata": {"name": "p", "namespace": "shop"},
          "spec": {"podSelector": {"matchLabels": {"app": "backend"}}, "mode": "Audit", "ingress": []}}
BROKEN = {**POLICY, "spec": {"ingress": [{"name": "twice"}, {"name": "twice"}]}}  # only CEL knows, and not this server
NOT_HIS = (("GET", "/api/v1/secrets"), ("GET", "/api/v1/configmaps"), ("DELETE", "/api/v1/namespaces/shop/pods/backend"),
           ("GET", "/api/v1/namespaces/shop/pods/backend"), ("DELETE", f"{TRAFFIC_POLICIES}/p"),
           ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles"))


def admin_definition(kind, plural, version):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.policy.networking.k8s.io",
                         "annotations": {"api-approved.kubernetes.io": "https://example.com/none"}},
            "spec": {"group": "policy.networking.k8s.io", "scope": "Cluster",
                     "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": schema}]}}


class Images(unittest.TestCase):
    def test_version(self):
        """the manifests name the image that make image builds"""
        with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as file:
            version = re.search(r"^VERSION := (\S+)$", file.read(), re.MULTILINE)[1]
        texts = "".join(str(deployment.read(path)) for path in ("base/daemonset.yaml", "overlays/uninstall/daemonset.yaml"))
        self.assertEqual(set(re.findall(r"'image': '([^']+)'", texts)), {f"weir:{version}"})


@unittest.skipUnless(server.find() and deployment.has_kubectl(), "no API server or no kubectl (tests/kube/fetch)")
class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = server.ApiServer()
        cls.api.__enter__()
        cls.addClassCleanup(cls.api.__exit__)
        for name in (deployment.NAMESPACE, "shop"):
            cls.api.request("POST", NAMESPACES, namespace(name))
        for definition in deployment.definitions():
            cls.api.request("POST", CRDS, definition)

    @unittest.skipUnless(deployment.has_kustomize(), "kubectl's kustomize is from before 1.21")
    def test_overlays(self):
        """base and overlays build, and the API server takes every object of them"""
        for overlay in deployment.OVERLAYS:
            for thing in deployment.build(overlay):
                if thing["kind"] in ("Namespace", "CustomResourceDefinition"):
                    continue  # they are there
                with self.subTest(overlay=overlay, kind=thing["kind"]):
                    try:
                        self.api.request("POST", deployment.path_of(thing) + "?dryRun=All", thing)
                    except urllib.error.HTTPError as error:
                        self.fail(error.read().decode()[:2000])

    def test_columns(self):
        """kubectl get shows mode and what became of a policy, by its short name"""
        config = self.api.kubeconfig()
        for _ in range(100):
            if deployment.kubectl("--kubeconfig", config, "get", "tp,ctp", "-A").returncode == 0:
                break
        status = {"status": {"conditions": [{"type": "Enforced", "status": "True", "reason": "Enforced"}]}}
        self.api.request("POST", TRAFFIC_POLICIES, POLICY)
        self.api.request("PATCH", f"{TRAFFIC_POLICIES}/p/status", status, content="application/merge-patch+json")
        done = deployment.kubectl("--kubeconfig", config, "get", "tp", "-n", "shop")
        self.assertRegex(done.stdout, r"^NAME +MODE +ENFORCED +REASON +AGE\np +Audit +True +Enforced +\d+s\n$", done.stderr)


class Rights(KubeCase):
    """The agent has the rights of the ServiceAccount, and no other identity."""

    @classmethod
    def kubeconfig(cls):
        for definition in (*deployment.definitions(), *(admin_definition(*row) for row in ADMIN_KINDS)):
            cls.api.request("POST", CRDS, definition)
        cls.api.request("POST", NAMESPACES, namespace(deployment.NAMESPACE))
        for thing in deployment.read("base/rbac.yaml"):
            cls.api.request("POST", deployment.path_of(thing), thing)
        cls.role = next(t for t in deployment.read("base/rbac.yaml") if t["kind"] == "ClusterRole")
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        cls.token = cls.api.request("POST", ACCOUNT, request)["status"]["token"]
        cls.write_token(cls.token)
        return super().kubeconfig()

    def restart(self):
        self.lab.end_agent()
        self.lab.spawn_agent()

    def set_rules(self, rules):
        role = {**self.role, "rules": rules}
        self.api.request("PUT", f"{deployment.PATHS['ClusterRole']}/weir", role)

    def without(self, resource, verb=None):
        """The rules without one resource, or without one verb on it."""
        for rule in self.role["rules"]:
            if resource not in rule["resources"]:
                yield rule
                continue
            if len(rule["resources"]) > 1:
                yield {**rule, "resources": [r for r in rule["resources"] if r != resource]}
            if verb:
                yield {**rule, "resources": [resource], "verbs": [v for v in rule["verbs"] if v != verb]}

    def test_enough(self):
        """with them all sources are read, and policy is enforced"""
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.assertEqual(self.lab.status()["degraded"], [])
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_not_less(self):
        """without one of those to read, the agent says which it lacks"""
        self.addCleanup(self.restart)
        self.addCleanup(self.set_rules, self.role["rules"])
        read = [(resource, verb) for rule in self.role["rules"] if "watch" in rule["verbs"]
                for resource in rule["resources"] for verb in (None, *(rule["verbs"] if resource == "pods" else []))]
        self.assertGreater(len(read), 10)
        for resource, verb in read:
            with self.subTest(resource=resource, verb=verb):
                self.set_rules(list(self.without(resource, verb)))
                self.restart()
                self.lab.until(lambda: "403" in self.degraded() and resource in self.degraded(),
                               f"the lack of {verb or 'any right'} on {resource} is told", 20)

    def writes(self, kind, result):
        return self.lab.metric("weir_kube_writes_total", kind=kind, result=result)

    def assert_told(self, kind, result):
        """A policy that is wrong makes the agent write both an Event and the status; that is what comes of it."""
        self.api.request("POST", TRAFFIC_POLICIES, BROKEN)
        try:
            self.lab.until(lambda: self.writes(kind, result), f"the {kind} is {result}", 20)
        finally:
            self.api.request("DELETE", f"{TRAFFIC_POLICIES}/p")

    def test_written(self):
        """with them what is wrong with a policy is told the cluster"""
        self.restart()
        for kind in ("event", "status"):
            self.assert_told(kind, "written")
            self.assertEqual(self.writes(kind, "forbidden"), 0)

    def test_not_written(self):
        """without one of those to write, just that is not told"""
        self.addCleanup(self.restart)
        self.addCleanup(self.set_rules, self.role["rules"])
        for resource, kind in (("events", "event"), ("trafficpolicies/status", "status")):
            with self.subTest(resource=resource):
                self.set_rules(list(self.without(resource)))
                self.restart()
                self.assert_told(kind, "forbidden")

    def test_not_more(self):
        """they don't reach what is none of an agent's business"""
        self.api.request("POST", TRAFFIC_POLICIES, POLICY)
        self.addCleanup(self.api.request, "DELETE", f"{TRAFFIC_POLICIES}/p")
        for method, path in NOT_HIS:
            with self.subTest(method=method, path=path):
                done = self.lab.node.run("curl", "-s", "-m", "10", "-o", os.devnull, "-w", "%{http_code}", "--cacert",
                                         self.api.path("ca.crt"), "-H", f"Authorization: Bearer {self.token}", "-X",
                                         method, self.api.url() + path)
                self.assertEqual(done, "403")


if __name__ == "__main__":
    main()
