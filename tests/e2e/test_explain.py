#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir explain: what the loaded program says, and that asking leaves nothing behind."""
import itertools
import json
import os
import re

from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from lab import OUTSIDE4, OUTSIDE_HIGH4, OUTSIDE_LOW4, OUTSIDE_NET4

TRAFFIC = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress]
    ingress:
    - name: slow
      from: [{podSelector: {matchLabels: {app: frontend}}}]
      ports: [{protocol: TCP, port: 8080}]
      limits: [{packetsPerSecond: 1k, burst: 50}]
    - name: never
      action: Deny
      from: [{podSelector: {matchLabels: {app: intruder}}}]
    """, kind="TrafficPolicy", name="traffic")
EGRESS = policy(f"""
    podSelector: {{matchLabels: {{app: frontend}}}}
    policyTypes: [Egress]
    egress:
    - to: [{{ipBlock: {{cidr: {OUTSIDE_NET4}, except: [{OUTSIDE_HIGH4}/32]}}}}]
    - to: [{{podSelector: {{matchLabels: {{app: backend}}}}}}]
    """, name="egress")


class Explain(LabCase):
    def explain(self, source, target, code):
        """The answer as JSON; and the exit code is this."""
        done = self.lab.weir("explain", source, target, "-o", "json")
        self.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}{self.lab.log_tail()}")
        return json.loads(done.stdout)

    def sides(self, source, target, code):
        return {side["direction"]: side for side in self.explain(source, target, code)["sides"]}

    def say(self, source, target, code):
        """The answer as people read it, in 80 columns; line breaks as blanks."""
        done = self.lab.weir("explain", source, target)
        self.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}{self.lab.log_tail()}")
        self.assertEqual(done.stderr, "")
        self.assertLess(max(map(len, done.stdout.splitlines())), 80, done.stdout)
        return re.sub(r"\s+", " ", done.stdout)

    def counters(self):
        """All that packets leave behind, as the metrics and the limits have it, but for neighbours that ask by themselves."""
        text = self.assert_done(self.lab.weir("metrics"))
        kept = [line for line in text.splitlines()
                if re.match(r"weir_(packets|bytes|policy_packets|policy_bytes|limit)", line)
                and not re.search(r'reason="(arp|neighbour)"', line)]
        flows = [m for m in self.lab.status()["maps"] if m["name"].startswith("flows")]
        limits = self.lab.weir_json("get", "limits")["items"]
        for limit in limits:
            del limit["rates"]  # of the last second, which passes
        return kept, flows, limits

    def test_no_policy(self):
        """without a policy both sides say so, each by the program on its own interface"""
        sides = self.sides("shop/frontend", "shop/backend:8080", 0)
        for name, direction in (("frontend", "egress"), ("backend", "ingress")):
            side = sides[direction]
            self.assertEqual((side["pod"], side["judgedBy"], side["verdict"], side["reason"]),
                             (f"shop/{name}", "kernel", "allow", "no-policy"))
            self.assertEqual(side["interface"], self.lab.pods[name].interface)
            self.assertEqual(side["revision"], self.lab.status()["revision"])

    def test_default_denial(self):
        """a default denial names the policy that isolates and the rule that came nearest"""
        self.lab.enforce(ALLOW_FRONTEND)
        said = self.say("shop/intruder", "shop/backend:8080", 1)
        self.assertIn("denied: shop/intruder -> shop/backend TCP 8080", said)
        self.assertIn("egress of shop/intruder: allowed why: no policy isolates", said)
        self.assertIn("ingress of shop/backend: denied why: NetworkPolicy shop/policy isolates it in this "
                      "direction and no rule allows this", said)
        self.assertIn("nearest: NetworkPolicy shop/policy rule 0: allows TCP 8080", said)
        self.assertIn("the peer is app=intruder", said)
        self.assertIn("; the connection is TCP 81", self.say("shop/frontend", "shop/backend:81", 1))

    def test_allowed_by_rule(self):
        """an allowed connection names the rule and its limits"""
        self.lab.enforce(TRAFFIC)
        said = self.say("shop/frontend", "shop/backend:8080/TCP", 0)
        self.assertIn("allowed: shop/frontend -> shop/backend TCP 8080", said)
        self.assertIn("by TrafficPolicy shop/traffic rule slow", said)
        self.assertIn("limit: TrafficPolicy shop/traffic rule slow: at most 1000 packetsPerSecond, burst 50", said)

    def test_denied_by_rule(self):
        """a denial by a rule names that rule, and no nearest one"""
        self.lab.enforce(TRAFFIC)
        side = self.sides("shop/intruder", "shop/backend:8080", 1)["ingress"]
        self.assertEqual(side["reason"], "policy-deny")
        self.assertEqual([r["rule"] for r in side["rules"]], ["never"])
        self.assertIsNone(side["nearest"])

    def test_service(self):
        """of a service the egress is what all backends come to, and each backend is asked for its ingress"""
        service = f"""
apiVersion: v1
kind: Service
metadata: {{name: both, namespace: shop}}
spec: {{clusterIP: 10.96.0.1, ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: both, namespace: shop, labels: {{kubernetes.io/service-name: both}}}}
addressType: IPv4
ports: [{{port: 8080}}]
endpoints: [{{addresses: [{self.backend.addr4}]}}, {{addresses: [{self.intruder.addr4}]}}]
---
"""
        self.lab.enforce(service + ALLOW_FRONTEND)
        answer = self.explain("shop/frontend", "10.96.0.1:80", 0)
        self.assertEqual([(s["direction"], s["pod"], s["port"], s["verdict"], s["judgedBy"]) for s in answer["sides"]],
                         [("egress", "shop/frontend", 80, "allow", "kernel"),
                          ("ingress", "shop/backend", 8080, "allow", "kernel"),
                          ("ingress", "shop/intruder", 8080, "allow", "kernel")])
        said = self.say("ops/monitor", "10.96.0.1:80", 1)
        self.assertIn("ingress of shop/backend:8080: denied", said)
        self.assertIn("ingress of shop/intruder:8080: allowed", said)
        self.lab.enforce(service + EGRESS)
        egress = self.explain("shop/frontend", "10.96.0.1:80", 1)["sides"][0]
        self.assertEqual(egress["verdict"], "deny")
        self.assertIn("the peer is app=intruder", egress["nearest"])

    def test_tier(self):
        """a denial by a tier names the rule, and the one before it that came nearest"""
        self.lab.enforce("""
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: cluster}
spec:
  tier: Admin
  priority: 1
  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: backend}}}}
  ingress:
  - action: Accept
    from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: frontend}}}}]
    protocols: [{tcp: {destinationPort: {number: 8080}}}]
  - {name: none-else, action: Deny, from: [{namespaces: {}}]}
""")
        self.say("shop/frontend", "shop/backend:8080", 0)
        said = self.say("shop/frontend", "shop/backend:81", 1)
        self.assertIn("why: by ClusterNetworkPolicy cluster rule none-else", said)
        self.assertIn("nearest: ClusterNetworkPolicy cluster rule 0: allows TCP 8080 from app=frontend in any "
                      "namespace; the connection is TCP 81", said)

    def test_both_sides(self):
        """each side is judged for itself, also when the other denies"""
        self.lab.enforce(EGRESS + ISOLATE_BACKEND)
        sides = self.sides("shop/frontend", "shop/backend:8080", 1)
        self.assertEqual([sides[d]["verdict"] for d in ("egress", "ingress")], ["allow", "deny"])
        sides = self.sides("shop/frontend", "ops/monitor:8080", 1)
        self.assertEqual([sides[d]["verdict"] for d in ("egress", "ingress")], ["deny", "allow"])
        self.assertIn("the peer is app=monitor in namespace ops", sides["egress"]["nearest"])

    def test_addresses(self):
        """an end may be an address: of a pod, of somebody outside, of the node"""
        self.lab.enforce(EGRESS + ISOLATE_BACKEND)
        self.assertEqual(list(self.sides("shop/frontend", f"{OUTSIDE_LOW4}:80", 0)), ["egress"])
        self.assertEqual(list(self.sides("shop/frontend", f"{OUTSIDE_HIGH4}:80", 1)), ["egress"])
        self.assertEqual(list(self.sides(OUTSIDE4, f"{self.backend.addr4}:80", 1)), ["ingress"])
        self.assertEqual(self.sides("10.201.0.254", "shop/backend:80", 0)["ingress"]["reason"], "node")
        self.assertEqual(self.sides("shop/intruder", f"[{self.backend.addr6}]:80", 1)["ingress"]["verdict"], "deny")
        self.assertIn("nothing judges it", self.say(OUTSIDE4, f"{OUTSIDE_LOW4}:80", 0))

    def test_itself(self):
        """a pod always reaches itself"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertIn("always reaches itself", self.say("shop/backend", "shop/backend:80", 0))

    def test_other_node(self):
        """a pod of another node is judged there: here it is evaluated, and labelled so"""
        manifest = self.intruder.manifest()
        manifest["spec"]["nodeName"] = "node-2"
        manifest["metadata"] |= {"name": "far", "labels": {"app": "backend"}}
        manifest["status"]["podIPs"] = [{"ip": "10.201.9.9"}]
        self.lab.write("pod-far.json", manifest)
        self.addCleanup(self.lab.remove, "pod-far.json")
        self.lab.enforce(ALLOW_FRONTEND)
        side = self.sides("shop/intruder", "shop/far:8080", 1)["ingress"]
        self.assertEqual((side["judgedBy"], side["interface"]), ("image", None))
        self.assertIn("node-2", side["note"])
        self.assertIn("the peer is app=intruder", side["nearest"])
        self.assertEqual(self.sides("shop/frontend", "shop/far:8080", 0)["egress"]["judgedBy"], "kernel")

    def test_agrees_with_packets(self):
        """what explain says of a connection is what becomes of it"""
        self.lab.enforce(ALLOW_FRONTEND + EGRESS + TRAFFIC)
        pods = [self.frontend, self.backend, self.intruder, self.monitor]
        for sender, to in itertools.permutations(pods, 2):
            for port, protocol in ((8080, "TCP"), (81, "TCP"), (53, "UDP")):
                target = f"{to.namespace}/{to.name}:{port}/{protocol}"
                done = self.lab.weir("explain", f"{sender.namespace}/{sender.name}", target)
                check = self.assert_shut if done.returncode else self.assert_open
                check(sender, to, port, protocol)

    def test_leaves_nothing(self):
        """asking counts nothing, takes no token and leaves no flow, nor does it touch open connections"""
        self.lab.enforce(TRAFFIC)
        connection = self.connect(self.frontend, self.backend)
        self.explain("shop/frontend", "shop/backend:8080", 0)
        before = self.counters()
        for source, target in itertools.product(
                ("shop/frontend", "shop/intruder", OUTSIDE4),
                ("shop/backend:8080", "shop/backend:81", "shop/backend:53/UDP", "shop/backend/ICMP",
                 "shop/backend:9/SCTP", "shop/backend/47", f"[{self.backend.addr6}]:8080")):
            self.lab.weir("explain", source, target)
        self.assertEqual(self.counters(), before)
        self.assert_talks(self.frontend, connection)

    def test_withdrawn(self):
        """an open connection whose permission is gone is explained as a new one would be"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertEqual(self.sides("shop/frontend", "shop/backend:8080", 1)["ingress"]["reason"], "policy-default")
        self.assert_silent(self.frontend, connection)

    def test_wrong_questions(self):
        """a wrong question ends with one line that says what is wrong"""
        for words, code, says in (
                (["shop/frontend", "shop/backend"], 2, "needs a port"),
                (["shop/frontend", "fd00::1:80"], 2, "brackets"),
                (["shop/frontend"], 2, ""),
                (["shop/frontend", "shop/nobody:80"], 1, "no such pod"),
                (["nobody", "shop/backend:80"], 1, "neither"),
                (["shop/frontend", "shop/backend:0"], 1, "port"),
                (["shop/frontend", "shop/backend:80/XTP"], 1, "protocol"),
                ([OUTSIDE4, "[fd00:201::99]:80"], 1, "same family")):
            self.assert_fails(self.lab.weir("explain", *words), code, says)

    def test_no_agent(self):
        """without an agent it ends with 3"""
        socket = os.path.join(self.lab.dir, "nobody.sock")
        self.assert_fails(self.lab.weir("explain", "shop/a", "shop/b:80", socket=socket), 3, "can't reach the agent")


if __name__ == "__main__":
    main()
