#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What people and clusters do with the API: kubectl, tokens that are replaced, definitions that come later, compaction."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
import unittest
import urllib.error

import case
from case import SHUT_WAIT
from kube_case import CRDS, NETWORK_POLICIES, TRAFFIC_POLICIES, KubeCase, isolate, traffic_policy_crd
from kube_change import PORT, RATE, Kubectl, guard, moments

TRIES = 10
RBAC = "/apis/rbac.authorization.k8s.io/v1"
SHOP = "/api/v1/namespaces/shop"
READS = [("", ["pods", "namespaces", "nodes", "services"]), ("discovery.k8s.io", ["endpointslices"]),
         ("networking.k8s.io", ["networkpolicies"]), ("weir.dev", ["*"]), ("policy.networking.k8s.io", ["*"])]

APPLIED = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: backend, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
      ports: [{port: 8080}]
"""

TRAFFIC = """
apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: guard, namespace: shop}
spec:
  podSelector: {matchLabels: {app: frontend}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: backend}}}]
"""


class Users(KubeCase):
    """A server of the usual kind."""

    @classmethod
    def build(cls):
        super().build()
        cls.users_config = cls.api.kubeconfig()

    def kubectl(self, *words, stdin=None):
        done = subprocess.run([*self.lab.node.enter(), "kubectl", "--kubeconfig", self.users_config, *words],
                              input=stdin, capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | {"HOME": self.api.directory})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @unittest.skipUnless(shutil.which("kubectl"), "no kubectl (kubernetes-client)")
    def test_kubectl(self):
        """what kubectl applies is enforced, and what it deletes is not"""
        self.assertIn("created", self.kubectl("apply", "-f", "-", stdin=APPLIED))
        self.until_policies(1)
        self.assert_each(self.intruder, [], [(self.backend, 8080, "TCP", 4)])
        self.assert_open(self.frontend, self.backend)
        self.assertIn("configured", self.kubectl("apply", "-f", "-", stdin=APPLIED.replace("frontend", "intruder")))
        self.lab.until(lambda: self.is_open(self.intruder, self.backend), "the other one may now")
        self.assert_shut(self.frontend, self.backend)
        self.kubectl("delete", "networkpolicy", "-n", "shop", "backend")
        self.until_policies(0)
        self.assert_open(self.frontend, self.backend)

    @unittest.skipUnless(shutil.which("kubectl"), "no kubectl (kubernetes-client)")
    def test_kubectl_moments(self):
        """what kubectl applies meets live packets soon after the API has answered (bench/kube_latency.py says how soon)"""
        kubectl = Kubectl(self.api, self.lab.node)
        self.addCleanup(kubectl.close)
        kubectl.apply(guard(True))
        self.until_policies(1)
        for pod in self.backend, self.frontend:
            self.addCleanup(pod.do, "hush")
        self.backend.do("ear", port=PORT)
        self.frontend.do("pulse", number=1, host=self.backend.addr4, port=PORT, rate=RATE)
        changes = [kubectl.apply(guard(is_open)) | {"is_open": is_open} for is_open in [False, True] * (TRIES // 2)]
        self.lab.settle()
        time.sleep(SHUT_WAIT)  # so that datagrams meet the last one
        sent = self.frontend.do("pulse_end", number=1)
        heard = set(self.backend.do("ear_end", port=PORT)["1"])
        rows = moments(changes, sent, heard)
        self.assertTrue(all(at for _, at in rows), f"some changes were met by nothing{self.lab.log_tail()}")
        took = sorted((at - change["answered"]) * 1e3 for change, at in rows)
        print(f"# kubectl apply: from the API's answer to the packets {statistics.median(took):.0f} ms, at most "
              f"{took[-1]:.0f} ms, of {len(took)}")
        self.assertLess(statistics.median(took), 1000)

    @unittest.skipUnless(shutil.which("kubectl"), "no kubectl (kubernetes-client)")
    def test_kubectl_own_kind(self):
        """a definition that kubectl brings later is noticed, and its objects are enforced until they go"""
        self.kubectl("apply", "-f", "-", stdin=json.dumps(traffic_policy_crd()))
        self.kubectl("wait", "--for=condition=Established", "crd/trafficpolicies.weir.dev", "--timeout=20s")
        self.kubectl("apply", "-f", "-", stdin=TRAFFIC)
        self.lab.until(lambda: "guard" in self.policies(), "the kind is noticed", 40)
        self.lab.settle()
        self.assert_shut(self.intruder, self.frontend)
        self.assert_open(self.backend, self.frontend)
        self.kubectl("delete", "trafficpolicies", "-n", "shop", "guard")
        self.until_policies(0)
        self.assert_open(self.intruder, self.frontend)
        self.kubectl("delete", "crd", "trafficpolicies.weir.dev")
        self.assertRaises(urllib.error.HTTPError, self.api.request, "GET", TRAFFIC_POLICIES)
        self.assertTrue(self.api.request("GET", CRDS))

    # --- what the agent has missed ----------------------------------------------

    def test_compaction(self):
        """what changed behind a compaction is listed anew, what went meanwhile included"""
        self.put(isolate("backend", "backend", ["frontend"]))
        self.put(isolate("frontend", "frontend", ["backend"]))
        self.until_policies(2)
        self.assert_shut(self.intruder, self.frontend)
        old = self.api.request("GET", NETWORK_POLICIES)["metadata"]["resourceVersion"]
        self.lab.agent.send_signal(signal.SIGSTOP)
        try:
            self.api.request("DELETE", f"{NETWORK_POLICIES}/frontend")
            self.put(isolate("intruder", "intruder", ["frontend"]))
            self.api.compact()
            self.api.restart_api()
            self.assertEqual(self.watched_from(old), 410)
        finally:
            self.lab.agent.send_signal(signal.SIGCONT)
        self.lab.until(lambda: sorted(self.policies()) == ["backend", "intruder"], "all is listed anew", 35)
        self.until_well()
        self.assert_open(self.intruder, self.frontend)
        self.assert_shut(self.intruder, self.backend)
        self.assert_shut(self.backend, self.intruder)

    def watched_from(self, version):
        """The code with which a watch from there ends."""
        path = f"{NETWORK_POLICIES}?watch=1&timeoutSeconds=1&resourceVersion={version}"
        try:
            said = self.api.request("GET", path, raw=True)
        except urllib.error.HTTPError as e:
            return e.code
        return json.loads(said.splitlines()[0])["object"].get("code") if said else 200


class Tokens(KubeCase):
    """The agent is a service account that may read, and nothing else."""

    @classmethod
    def kubeconfig(cls):
        api = cls.api
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "weir"}})
        api.request("POST", "/api/v1/namespaces/weir/serviceaccounts", {"metadata": {"name": "weir"}})
        api.request("POST", f"{RBAC}/clusterroles", {
            "metadata": {"name": "weir"},
            "rules": [{"apiGroups": [g], "resources": r, "verbs": ["get", "list", "watch"]} for g, r in READS]})
        api.request("POST", f"{RBAC}/clusterrolebindings", {
            "metadata": {"name": "weir"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "weir"},
            "subjects": [{"kind": "ServiceAccount", "name": "weir", "namespace": "weir"}]})
        cls.first = cls.token("first")
        cls.write_token(cls.first)
        return api.kubeconfig({"tokenFile": cls.tokens})

    @classmethod
    def token(cls, name):
        """One that is valid as long as the secret of this name is there."""
        secrets = "/api/v1/namespaces/weir/secrets"
        secret = cls.api.request("POST", secrets, {"metadata": {"name": name}})
        bound = {"kind": "Secret", "apiVersion": "v1", "name": name, "uid": secret["metadata"]["uid"]}
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                 "spec": {"expirationSeconds": 3600, "audiences": ["https://kubernetes.default.svc"],
                          "boundObjectRef": bound}}
        return cls.api.request("POST", "/api/v1/namespaces/weir/serviceaccounts/weir/token", asked)["status"]["token"]

    def test_rotated(self):
        """a token that is replaced while the agent runs is used when the old one is revoked"""
        self.assertEqual(self.api.status("GET", "/api/v1/pods", token=self.first), 200)
        self.write_token(self.token("second"))
        self.api.request("DELETE", "/api/v1/namespaces/weir/secrets/first")
        self.api.restart_api()  # every watch has to begin anew
        self.assertEqual(self.api.status("GET", "/api/v1/pods", token=self.first), 401)
        self.put(isolate("backend", "backend", ["frontend"]))
        self.lab.until(lambda: self.policies() == ["backend"], "the agent reads on", 35)
        self.until_well()
        self.assert_shut(self.intruder, self.backend)
        self.assertNotIn("401", self.lab.log_tail(1000))

    def test_reads_only(self):
        """it needs no more rights than to read"""
        status = self.api.status("DELETE", f"{SHOP}/pods/frontend", token=self.token("third"))
        self.assertEqual(status, 403)
        self.assertEqual(self.degraded(), "")


if __name__ == "__main__":
    case.main()
