#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Kubernetes API as a source: a real API server, and its objects enforced on live interfaces."""
import json
import signal
import urllib.error

import case
from kube_case import (CRDS, MERGE, NETWORK_POLICIES, TRAFFIC_POLICIES, KubeCase, isolate, server,
                       traffic_policy_crd)


class Kube(KubeCase):
    """One server, and an agent that follows it."""

    def test_a_policy_of_the_api_is_enforced_and_ends_with_it(self):
        """a policy of the api is enforced and ends with it"""
        self.assert_open(self.intruder, self.backend)
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        self.api.request("DELETE", f"{NETWORK_POLICIES}/backend")
        self.until_policies(0)
        self.assert_open(self.intruder, self.backend)

    def test_a_pod_whose_labels_change_is_another_one(self):
        """a pod whose labels change is another one"""
        self.put(isolate("backend", "backend", ["frontend"]))
        self.until_policies(1)
        self.assert_shut(self.intruder, self.backend)
        self.relabel("intruder", "frontend")
        self.lab.until(lambda: self.is_open(self.intruder, self.backend), "the pod is what its new labels say")
        self.relabel("intruder", "intruder")
        self.lab.until(lambda: self.is_shut(self.intruder, self.backend), "the pod is what it was")

    def test_what_is_in_force_stays_while_the_api_is_away(self):
        """what is in force stays while the api is away"""
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
        self.until_well()
        self.api.request("DELETE", f"{NETWORK_POLICIES}/backend")
        self.until_policies(0)
        self.assert_open(self.intruder, self.backend)

    def test_an_agent_that_starts_while_the_api_is_away_keeps_what_is_in_force(self):
        """an agent that starts while the api is away keeps what is in force"""
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
            self.assertIn("a source has not been read yet", refused.stderr)
        finally:
            self.api.start_api()
            self.api.wait()
        self.until_well()
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_a_token_that_is_no_longer_valid_is_said_and_a_new_one_is_taken_up(self):
        """a token that is no longer valid is said and a new one is taken up"""
        self.write_token("wrong")
        try:
            self.api.restart_api()  # every watch has to begin anew, and with it the token is read
            self.lab.until(lambda: "401" in self.degraded(), "status says that the token is refused", 60)
        finally:
            self.write_token(server.TOKEN)
        self.until_well()

    def test_a_policy_that_cannot_be_read_keeps_its_last_good_version(self):
        """a policy that cannot be read keeps its last good version"""
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
                             content=MERGE)
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


if __name__ == "__main__":
    case.main()
