#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A policy in audit mode stops nothing, and is heard everywhere."""
import re

from case import LabCase, main
from core_cases import ISOLATE_BACKEND, policy

AUDITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    mode: Audit
    onDeny: Reject
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
    """, kind="TrafficPolicy", name="trial")


class Audit(LabCase):
    def audited(self):
        """Packets that the policy would have dropped, as the metrics have it."""
        text = self.assert_done(self.lab.weir("metrics"))
        counts = re.findall(r'^weir_policy_packets_total\{kind="TrafficPolicy",namespace="shop",policy="trial",'
                            r'rule="",verdict="audit"\} (\d+)$', text, re.MULTILINE)
        return sum(map(int, counts))

    def test_passes_and_counts(self):
        """what it would deny passes, is counted as audited, and what it allows is not"""
        self.lab.enforce(AUDITED)
        before = self.audited()
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.audited(), before)
        self.assert_open(self.intruder, self.backend)
        self.assertGreater(self.audited(), before)

    def test_others_stand(self):
        """beside a policy that is enforced it makes no difference"""
        self.lab.enforce(ISOLATE_BACKEND + AUDITED)
        self.assert_shut(self.frontend, self.backend)

    def test_is_named(self):
        """get policies and explain say what it is"""
        self.lab.enforce(AUDITED)
        item, = self.lab.weir_json("get", "policies")["items"]
        self.assertEqual((item["mode"], item["onDeny"]), ("Audit", "Reject"))
        backend, = (e for e in self.lab.weir_json("get", "endpoints")["items"] if e["pod"] == "backend")
        self.assertEqual((backend["ingress"], backend["egress"]), ("audited", "open"))
        done = self.lab.weir("explain", "shop/intruder", "shop/backend:8080", "-o", "json")
        said = re.sub(r"\s+", " ", self.assert_done(self.lab.weir("explain", "shop/intruder", "shop/backend:8080")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"audited": true', done.stdout)
        self.assertIn("TrafficPolicy shop/trial isolates it in this direction and no rule allows this; that is only "
                      "audited, so it passes", said)

    def test_begins_to_hold(self):
        """once it is enforced it denies, and says that it would answer"""
        self.lab.enforce(AUDITED)
        connection = self.connect(self.intruder, self.backend)
        self.lab.enforce(AUDITED.replace("Audit", "Enforce"))
        self.assert_silent(self.intruder, connection)
        said = self.lab.weir("explain", "shop/intruder", "shop/backend:8080").stdout
        self.assertIn("ingress of shop/backend: denied, and told so (onDeny: Reject)", said)


if __name__ == "__main__":
    main()
