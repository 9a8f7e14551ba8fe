#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The probes of the metrics address: what Kubernetes asks to see whether an agent lives, and whether to roll on."""
import json
import os

from case import LabCase, main
from core_cases import ALLOW_FRONTEND

METRICS = "http://127.0.0.1:9964"
NOWHERE = "https://127.0.0.1:1"
CELL = "shop/backend ingress shop/frontend TCP/8080"
BAD = "apiVersion: weir.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: bad, namespace: shop}\nspec: {mode: x}\n"


class Probes(LabCase):
    starts_agent = False

    def setUp(self):
        self.words, self.lab.env = self.lab.options, {}
        self.addCleanup(self.put_back)

    def put_back(self):
        self.lab.end_agent()
        self.lab.options, self.lab.env = self.words, {}
        self.lab.remove("bad.yaml")

    def ask(self, path):
        """The code and the text of an answer."""
        done = self.lab.node.run("curl", "-s", "-m", "5", "-w", "%{http_code}", METRICS + path)
        return int(done[-3:]), done[:-3]

    def until_ready(self):
        self.lab.until(lambda: self.ask("/readyz") == (200, "ok\n"), "the agent is ready")

    def assert_unready(self, why):
        code, text = self.ask("/readyz")
        self.assertEqual(code, 503)
        self.assertRegex(text, rf"^not ready: .*{why}.*\n$")
        self.assertEqual(self.ask("/healthz"), (200, "ok\n"))

    def dead_kubeconfig(self):
        path = os.path.join(self.lab.dir, "kubeconfig")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "t",
                       "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
                       "clusters": [{"name": "t", "cluster": {"server": NOWHERE}}],
                       "users": [{"name": "t", "user": {"token": "t"}}]}, file)
        return path

    def test_source(self):
        """an agent whose source was never read lives and is not ready"""
        self.lab.options = [*self.words, "--source", "kube", "--kubeconfig", self.dead_kubeconfig()]
        self.lab.spawn_agent()
        self.lab.until(lambda: "reached" in self.ask("/readyz")[1], "it says why")
        self.assert_unready("127.0.0.1:1")

    def test_bad_object(self):
        """an agent that enforces is ready, and stays so when a policy is wrong"""
        self.lab.start_agent()
        self.until_ready()
        self.lab.write("bad.yaml", BAD)
        self.lab.until(lambda: self.lab.status()["degraded"], "it says what is wrong")
        self.until_ready()

    def test_refused(self):
        """an agent that can't put the sources in force is not ready, though what the one before enforced stays"""
        self.lab.start_agent()
        self.lab.enforce(ALLOW_FRONTEND)
        self.until_ready()
        self.lab.end_agent()
        self.lab.env = {"WEIR_TEST_CORRUPT_CELL": CELL}
        self.lab.spawn_agent()
        self.lab.until(lambda: self.lab.status()["degraded"], "it says that the policy is refused")
        self.assert_unready("policy refused.*stays in force")
        self.assertTrue(self.lab.status()["enforcing"])
        self.assert_shut(self.intruder, self.backend)


if __name__ == "__main__":
    main()
