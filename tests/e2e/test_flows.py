#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir get flows: what is open, between whom, how much it carried."""
import json
import subprocess

from case import LabCase, main
from core_cases import policy
from lab import OUTSIDE4

ALLOW_FRONTEND = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
    """)


class Flows(LabCase):
    """Each test looks at connections that it makes itself, by the ends and ports that it asks for."""

    def flows(self, *words):
        return self.lab.weir_json("get", "flows", *words)["items"]

    def flow(self, *words):
        """The only one."""
        found = self.flows(*words)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_listed(self):
        """a connection is listed at both of its ends, with names, addresses, ports and state"""
        self.connect(self.frontend, self.backend, 8080)
        found = self.flows("--from", "shop/frontend", "--to", "shop/backend", "--port", "8080", "--state", "established")
        self.assertEqual({f["direction"] for f in found}, {"egress", "ingress"})
        for flow in found:
            self.assertEqual(flow["from"]["pod"], "shop/frontend")
            self.assertEqual(flow["from"]["address"], self.frontend.addr4)
            self.assertEqual(flow["to"], {"pod": "shop/backend", "workload": "shop/backend",
                                      "address": self.backend.addr4, "port": 8080})
            self.assertEqual((flow["protocol"], flow["verdict"], flow["table"]), ("TCP", "allow", "connections"))
            self.assertTrue(flow["current"])
        self.assertEqual({f["interface"] for f in found}, {self.frontend.interface, self.backend.interface})

    def test_counted(self):
        """packets and bytes of both directions are counted, and the clock of a flow goes on"""
        connection = self.connect(self.frontend, self.backend, 8081)
        question = ("--pod", "shop/backend", "--port", "8081", "--state", "ESTABLISHED")
        before = self.flow(*question)
        self.assert_talks(self.frontend, connection)
        after = self.flow(*question)
        for counter in ("sent", "answered"):
            self.assertGreater(before[counter]["packets"], 0)
            self.assertGreater(after[counter]["packets"], before[counter]["packets"])
            self.assertGreater(after[counter]["bytes"], before[counter]["bytes"])
        self.assertEqual(after["packets"], after["sent"]["packets"] + after["answered"]["packets"])
        self.lab.until(lambda: self.flow(*question)["idleSeconds"] > 0.4, "it is idle for two ticks")
        flow = self.flow(*question)
        self.assertGreaterEqual(flow["ageSeconds"], flow["idleSeconds"])

    def test_rule(self):
        """a flow names the rule that lets it in, and is revoked with the rule"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend, 8090)
        question = ("--pod", "shop/backend", "--port", "8090", "--state", "ESTABLISHED")
        self.assertEqual(self.flow(*question)["rules"], ["NetworkPolicy shop/policy rule 0"])
        self.lab.enforce(ALLOW_FRONTEND.replace("frontend", "nobody"))
        self.assert_silent(self.frontend, connection)
        flow = self.flow(*question)
        self.assertEqual((flow["verdict"], flow["reason"]), ("deny", "policy-default"))
        self.assertIn("REVOKED", self.assert_done(self.lab.weir("get", "flows", *question)))

    def test_udp(self):
        """an exchange over IPv6 and one with the outside world are listed like connections"""
        self.connect(self.frontend, self.backend, 53, "UDP", 6)
        flow = self.flow("--pod", "shop/backend", "--protocol", "udp", "--from", self.frontend.addr6)
        self.assertEqual((flow["state"], flow["table"]), ("ANSWERED", "exchanges"))
        self.connect(self.frontend, OUTSIDE4, 54, "UDP")
        flow = self.flow("--pod", "shop/frontend", "--to", "10.201.200.0/24", "--protocol", "UDP")
        self.assertEqual(flow["to"], {"pod": None, "workload": None, "address": OUTSIDE4, "port": 54})

    def test_namespace(self):
        """-n lists the flows of a namespace's own pods"""
        self.connect(self.monitor, self.backend, 8091)
        self.assertEqual(self.flow("-n", "ops", "--port", "8091", "--state", "ESTABLISHED")["direction"], "egress")
        self.assertEqual(self.flow("-n", "shop", "--port", "8091", "--state", "ESTABLISHED")["direction"], "ingress")

    def test_limit(self):
        """a list is bounded by the most bytes, says how many more there are, and --limit 0 lists all"""
        for port in (80, 81, 8080):
            self.connect(self.intruder, self.backend, port)
        question = ("--pod", "shop/intruder", "--state", "ESTABLISHED", "--protocol", "TCP")
        everything = sorted((f["bytes"] for f in self.flows(*question, "--limit", "0")), reverse=True)
        self.assertGreaterEqual(len(everything), 3)
        self.assertEqual([f["bytes"] for f in self.flows(*question, "--limit", "2")], everything[:2])
        done = self.lab.weir("get", "flows", *question, "--limit", "2")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(done.stdout.splitlines()), 3, done.stdout)
        self.assertIn(f"and {len(everything) - 2} more", done.stderr)

    def test_table(self):
        """the table has a line per flow, by workload; -o wide names the pods and adds the rest"""
        self.connect(self.frontend, self.backend, 80)
        out = self.assert_done(self.lab.weir("get", "flows", "--pod", "shop/frontend", "--port", "80"))
        self.assertEqual(out.splitlines()[0].split(), ["FROM", "TO", "SIDE", "STATE", "BYTES", "IDLE"])
        self.assertIn("shop/backend:80/TCP", out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
        wide = self.assert_done(self.lab.weir("get", "flows", "-o", "wide"))
        self.assertIn(self.frontend.interface, wide)

    def test_wrong(self):
        """what can't be asked is said in a line: a pod that isn't there, a state that is none, another kind"""
        self.assert_fails(self.lab.weir("get", "flows", "--pod", "shop/nobody"), 1, "shop/nobody: no such pod")
        self.assert_fails(self.lab.weir("get", "flows", "--state", "open"), 1, "state", "ESTABLISHED")
        self.assert_fails(self.lab.weir("get", "flows", "--limit", "many"), 1, "limit", "many")
        self.assert_fails(self.lab.weir("get", "policies", "--port", "80"), 2, "--port is for flows only")
        self.assert_fails(self.lab.weir("get", "flows", "shop/frontend"), 2, "--pod NAMESPACE/POD")

    def test_curl(self):
        """the API streams the list whole, as JSON, to any client"""
        self.connect(self.frontend, self.backend, 8080)
        done = subprocess.run(["curl", "-sS", "--unix-socket", self.lab.socket, "http://weir/v1/flows"],
                              capture_output=True, text=True, timeout=20, check=True)
        answer = json.loads(done.stdout)
        self.assertGreaterEqual(len(answer["items"]), 2)
        self.assertEqual(answer["more"], 0)

    def test_status(self):
        """status and metrics count flows by table and family"""
        self.connect(self.frontend, self.backend, 8080, family=6)
        counts = {(f["table"], f["family"]): f for f in self.lab.status()["flows"]}
        self.assertGreaterEqual(counts["connections", "IPv6"]["flows"], 2)
        self.assertEqual(counts["connections", "IPv6"]["evicted"], 0)
        self.assertIn("connections", self.lab.weir("status").stdout)
        metrics = self.assert_done(self.lab.weir("metrics"))
        self.assertRegex(metrics, r'weir_flows_present\{table="connections",family="IPv6"\} [1-9]')
        self.assertRegex(metrics, r"(?m)^weir_flows [1-9]")


if __name__ == "__main__":
    main()
