#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir apply, delete, diff and get where objects come from a Kubernetes API."""
import json
import os
import sys
import unittest

import case
from case import LabCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kube"))
import server  # noqa: E402

POLICIES = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"


def policy(name, app="backend", source=None):
    rules = [{"from": [{"podSelector": {"matchLabels": {"app": source}}}]}] if source else []
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": rules}}


@unittest.skipUnless(server.find(), "no API server (tests/kube/fetch builds one)")
class Apply(LabCase):
    starts_agent = False

    @classmethod
    def build(cls):
        cls.api = server.ApiServer(f"/run/netns/{cls.lab.node.netns}")
        cls.api.__enter__()
        cls.addClassCleanup(cls.api.__exit__)
        cls.api.request("POST", "/api/v1/namespaces",
                        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for name in ("frontend", "backend", "intruder"):
            setattr(cls, name, cls.lab.add_pod(name))
        cls.lab.options += ["--source", "kube", "--kubeconfig", cls.api.kubeconfig()]
        cls.lab.start_agent()
        cls.path = os.path.join(cls.lab.dir, "policy.json")

    def setUp(self):
        self.api.request("DELETE", POLICIES)
        self.lab.weir("delete", "networkpolicy", "guard", "-n", "shop")
        self.until_sources({})

    def sources(self):
        return {p["name"]: (p["source"], p["otherSources"]) for p in self.lab.weir_json("get", "policies")["items"]}

    def until_sources(self, expected):
        self.lab.until(lambda: self.sources() == expected and self.lab.status()["settled"],
                       f"the sources are {expected}")

    def file(self, content):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(content, file)
        return self.path

    # --- apply ---------------------------------------------------------------

    def test_apply_says_where_the_object_belongs_and_changes_nothing(self):
        """apply says kubectl apply with the same files, ends with 1 and changes nothing"""
        done = self.lab.weir("apply", "-f", self.file(policy("guard")))
        self.assert_fails(done, 1, f"kubectl apply -f {self.path}", "--local", self.api.url(), "nothing was changed")
        self.assertEqual(self.sources(), {})
        self.assert_open(self.intruder, self.backend)

    def test_apply_local_keeps_it_on_this_node(self):
        """apply --local enforces it on this node, and delete takes it back without a flag"""
        self.assert_done(self.lab.weir("apply", "--local", "-f", self.file(policy("guard"))))
        self.until_sources({"guard": ("store", [])})
        self.assert_shut(self.intruder, self.backend)
        self.assert_done(self.lab.weir("delete", "-f", self.path))
        self.until_sources({})
        self.assert_open(self.intruder, self.backend)

    def test_a_dry_run_judges_what_kubectl_would_apply(self):
        """apply --dry-run and diff compare with what the API holds"""
        path = self.file(policy("guard"))
        self.assertIn("guard created (dry run)", self.assert_done(self.lab.weir("apply", "--dry-run", "-f", path)))
        done = self.lab.weir("diff", "-f", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("deny by NetworkPolicy shop/guard", done.stdout)
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_sources({"guard": ("kube", [])})
        self.assertIn("no connection would change", self.assert_done(self.lab.weir("diff", "-f", path)))
        self.assertIn("guard configured (dry run)", self.assert_done(self.lab.weir("apply", "--dry-run", "-f", path)))
        opened = self.lab.weir("diff", "-f", self.file(policy("guard", source="frontend")))
        self.assertEqual(opened.returncode, 1, opened.stderr)
        self.assertRegex(opened.stdout, r"shop/frontend +shop/backend +everything +deny")
        self.assertNotIn("shop/intruder", opened.stdout)
        deleted = self.lab.weir("diff", "--delete", "-f", path)
        self.assertEqual(deleted.returncode, 1, deleted.stderr)
        self.assertEqual(self.sources(), {"guard": ("kube", [])})
        self.assert_shut(self.frontend, self.backend)

    # --- delete --------------------------------------------------------------

    def test_delete_says_where_the_object_is(self):
        """delete of what the API or a directory holds says how to do it there, and ends with 1"""
        self.api.request("POST", POLICIES, policy("guard"))
        self.until_sources({"guard": ("kube", [])})
        done = self.lab.weir("delete", "networkpolicy", "guard", "-n", "shop")
        self.assert_fails(done, 1, "kubectl delete networkpolicies guard -n shop")
        path = self.lab.write("guard.json", policy("other"))
        self.addCleanup(self.lab.remove, "guard.json")
        self.lab.settle()
        done = self.lab.weir("delete", "networkpolicy", "other", "-n", "shop")
        self.assert_fails(done, 1, f"{path} (delete it there)")
        self.assert_fails(self.lab.weir("delete", "networkpolicy", "none", "-n", "shop"), 1, "is in the store")

    # --- sources -------------------------------------------------------------

    def test_an_object_of_two_sources_is_shown_with_both(self):
        """get shows the source in force and the others; status names both"""
        self.api.request("POST", POLICIES, policy("guard", source="frontend"))
        self.until_sources({"guard": ("kube", [])})
        self.assert_shut(self.intruder, self.backend)
        done = self.lab.weir("apply", "--local", "-f", self.file(policy("guard")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the one in kube counts", done.stderr)
        self.until_sources({"guard": ("kube", ["store"])})
        self.assertIn("the one in kube counts", " ".join(self.lab.status()["warnings"]))
        path = self.lab.write("guard.json", policy("guard", source="intruder"))
        self.addCleanup(self.lab.remove, "guard.json")
        directory = f"dir:{self.lab.source}"
        self.until_sources({"guard": (directory, ["kube", "store"])})
        self.assert_open(self.intruder, self.backend)
        wide = self.assert_done(self.lab.weir("get", "policies", "-o", "wide"))
        self.assertIn(f"{directory} (also in kube,store)", wide)
        self.assertIn(f"the one in {path} counts", " ".join(self.lab.status()["warnings"]))
        self.lab.remove("guard.json")
        self.until_sources({"guard": ("kube", ["store"])})
        self.assert_open(self.frontend, self.backend)

    def test_services_and_endpoints_have_sources_too(self):
        """services and endpoints say where they are from"""
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                   "spec": {"ports": [{"port": 80}], "selector": {"app": "backend"}}}
        self.api.request("POST", "/api/v1/namespaces/shop/services", service)
        self.lab.until(lambda: [s["source"] for s in self.lab.weir_json("get", "services", "-n", "shop")["items"]] ==
                       ["kube"], "the service is of the API")
        endpoints = self.lab.weir_json("get", "endpoints")["items"]
        self.assertEqual({e["source"] for e in endpoints}, {f"dir:{self.lab.source}"})


if __name__ == "__main__":
    case.main()
