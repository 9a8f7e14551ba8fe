#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir diff: what an apply would change, without changing it."""
from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy


class Diff(LabCase):
    def diff(self, text, *words):
        return self.lab.weir("diff", "-f", "-", *words, stdin=text)

    def changes(self, text):
        """(from, to, ports, after) of each change."""
        answer = self.lab.weir_json("diff", "-f", self.lab.write(".draft.yaml", text))
        self.assertTrue(answer["complete"])
        return {(c["from"]["name"], c["to"]["name"], c["ports"], c["after"]) for c in answer["changes"]}

    def test_isolates(self):
        """a policy that isolates a pod closes it to everybody for everything, and nothing is enforced by asking"""
        revision = self.lab.status()["revision"]
        done = self.diff(ISOLATE_BACKEND)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertRegex(done.stdout, r"ops/monitor and 2 alike +shop/backend +everything +allow +"
                                      r"deny by NetworkPolicy shop/policy")
        changes = self.changes(ISOLATE_BACKEND)
        self.assertTrue(all(to == "shop/backend" and after == "deny" for _, to, _, after in changes), changes)
        self.assertEqual(self.lab.status()["revision"], revision)
        self.assert_open(self.frontend, self.backend)

    def test_port(self):
        """only what differs is told, by port"""
        self.lab.enforce(ALLOW_FRONTEND)
        other = policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{podSelector: {matchLabels: {app: frontend}}}]
              ports: [{protocol: TCP, port: 8081}, {protocol: UDP, port: 53, endPort: 54}]
            """, name="more")
        self.assertEqual(self.changes(other),
                         {("shop/frontend", "shop/backend", "TCP/8081, UDP/53-54", "allow")})

    def test_addresses(self):
        """addresses outside are told like pods"""
        self.lab.enforce(ISOLATE_BACKEND)
        found = self.changes(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{ipBlock: {cidr: 192.0.2.0/24}}]
            """, name="more"))
        self.assertEqual({(to, ports, after) for _, to, ports, after in found},
                         {("shop/backend", "everything", "allow")})
        self.assertEqual({address for address, *_ in found}, {"192.0.2.0"})

    def test_relabelled(self):
        """a pod's own labels count, and pods that come or go are counted"""
        self.lab.enforce(ALLOW_FRONTEND)
        manifest = self.intruder.manifest()
        self.assertEqual(self.diff(ALLOW_FRONTEND).returncode, 0)
        manifest["metadata"]["name"] = "newcomer"
        manifest["status"]["podIPs"] = [{"ip": "10.201.0.99"}]
        answer = self.lab.weir_json("diff", "-f", self.lab.write(".draft.json", manifest))
        self.assertEqual((answer["changes"], answer["pods"]), ([], {"added": 1, "removed": 0}))

    def test_nothing(self):
        """objects that change no connection end with 0"""
        done = self.diff(policy("podSelector: {matchLabels: {app: nobody}}", name="idle"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "no connection would change\n", ""))

    def test_policies(self):
        """the policies that decide before and after are named"""
        self.lab.enforce(ISOLATE_BACKEND)
        more = ALLOW_FRONTEND.replace("name: policy", "name: more")
        answer = self.lab.weir_json("diff", "-f", self.lab.write(".draft.yaml", more))
        change, = answer["changes"]
        self.assertEqual((change["policiesBefore"], change["policiesAfter"]),
                         (["NetworkPolicy shop/policy"], ["NetworkPolicy shop/more"]))

    def test_delete(self):
        """--delete says what would change if the objects were taken out of the store"""
        self.addCleanup(self.lab.weir, "delete", "-f", "-", stdin=ISOLATE_BACKEND)
        self.assert_done(self.lab.weir("apply", "-f", "-", stdin=ISOLATE_BACKEND))
        done = self.diff(ISOLATE_BACKEND, "--delete")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertRegex(done.stdout, r"shop/backend +everything +deny by NetworkPolicy shop/policy +allow")
        self.assert_shut(self.frontend, self.backend)
        other = policy("podSelector: {}", name="unknown")
        self.assert_fails(self.diff(other, "--delete"), 1, "in the store")

    def test_audited(self):
        """what would only be audited is told, and is no change"""
        trial = policy("""
            podSelector: {matchLabels: {app: backend}}
            mode: Audit
            ingress: []
            """, kind="TrafficPolicy", name="trial")
        done = self.diff(trial)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"shop/backend +everything +allow +audit by TrafficPolicy shop/trial")

    def test_refused(self):
        """what couldn't be applied is refused as apply refuses it"""
        done = self.diff(policy("podSelector: {}\nspecial: {}", name="bad"))
        self.assert_fails(done, 1, "spec.special")
        done = self.diff("", "-o", "json")
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    main()
