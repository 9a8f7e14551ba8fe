#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What people read: tables on a terminal of 80 columns, and the same in JSON and YAML."""
import datetime
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

from case import LabCase, main
from lab import WEIR

OBJECTS = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: backend-from-frontend, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}], ports: [{protocol: TCP, port: 8080}]}]
---
apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: backend, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - {name: paced, action: Limit, limits: [{packetsPerSecond: 1000, burst: 100}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: payments}}}
  ingress: [{name: deny-all, action: Deny, from: [{namespaces: {}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: ops}
spec: {clusterIP: None, ports: [{port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [ADDRESS], conditions: {ready: true}}]
"""
LISTS = ["policies", "endpoints", "identities", "services", "limits", "flows"]
POD = "checkout-6c9f7d8b5-x2x7p"


class Output(LabCase):
    @classmethod
    def build(cls):
        lab = cls.lab
        lab.add_namespace("shop", team="web")
        lab.add_pod("frontend")
        lab.add_pod("backend")
        labels = {"app": "checkout", "app.kubernetes.io/part-of": "shop", "pod-template-hash": "6c9f7d8b5"}
        lab.add_pod(POD, namespace="payments", labels=labels)

    def setUp(self):
        self.lab.enforce(OBJECTS.replace("ADDRESS", self.backend.addr4))
        self.connect(self.frontend, self.backend)
        self.connect(self.lab.pods[POD], self.frontend)

    def on_terminal(self, *words, columns=80):
        """What the program writes to a terminal of that width, and its exit code."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([*self.lab.node.enter(), WEIR, "--socket", self.lab.socket, "--no-color", *words],
                              stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 65536):
                    text += part
            except OSError:  # the other end is closed
                pass
            os.close(ours)
        return text.decode().replace("\r\n", "\n"), process.returncode

    def api(self, path):
        done = subprocess.run(["curl", "-sSf", "--unix-socket", self.lab.socket, f"http://weir{path}"],
                              capture_output=True, text=True, timeout=20, check=True)
        return json.loads(done.stdout)

    def test_fits(self):
        """no line of any table is longer than 80 columns, nor of status, explain and help"""
        commands = [["get", what] for what in LISTS]
        commands += [["status"], ["status", "-o", "wide"], ["explain", f"payments/{POD}", "shop/backend:8080"],
                     ["explain", "shop/frontend", "shop/backend:8080"], ["--help"], ["get", "--help"],
                     ["agent", "--help"], ["top", "--help"], ["diff", "-f", "/dev/null"]]
        for words in commands:
            text, _ = self.on_terminal(*words)
            long = [line for line in text.splitlines() if len(line) > 80 and self.lab.dir not in line]
            self.assertEqual(long, [], words)

    def test_whole_names(self):
        """names of ordinary length stand on one line"""
        for what, name in (("policies", "backend-from-frontend"), ("endpoints", POD), ("services", "10.96.0.10"),
                           ("flows", "payments/checkout shop/frontend:8080/TCP egress ")):
            self.assertIn(name, self.on_terminal("get", what)[0])
        self.assertIn(f"payments/{POD}", self.on_terminal("get", "flows", "-o", "wide")[0])

    def test_formats(self):
        """every list is there as wide table, JSON and YAML, with the same fields and values"""
        for what in LISTS:
            items = self.lab.weir_json("get", what)["items"]
            self.assertTrue(items, what)
            self.assertEqual(len({tuple(sorted(item)) for item in items if "labels" not in item}) <= 1, True, what)
            text = self.assert_done(self.lab.weir("get", what, "-o", "yaml"))
            for field in items[0]:
                self.assertRegex(text, rf'(?m)^\s*(- )?"?{field}"?:', what)
            wide = self.assert_done(self.lab.weir("get", what, "-o", "wide")).splitlines()
            narrow = self.assert_done(self.lab.weir("get", what)).splitlines()
            self.assertGreaterEqual(len(wide[0]), len(narrow[0]), what)
            self.assertEqual(len(wide), len(items) + 1, what)

    def test_services(self):
        """services are listed with their addresses, ports and ready backends"""
        headless, web = self.lab.weir_json("get", "services")["items"]
        self.assertEqual((headless["namespace"], headless["name"], headless["addresses"]), ("ops", "headless", []))
        self.assertEqual((web["namespace"], web["name"], web["addresses"]), ("shop", "web", ["10.96.0.10"]))
        http, dns = web["ports"]
        self.assertEqual((http["name"], http["protocol"], http["port"], http["backends"]),
                         ("http", "TCP", 80, [{"pod": "shop/backend", "address": self.backend.addr4, "port": 8080}]))
        self.assertEqual((dns["protocol"], dns["port"], dns["backends"]), ("UDP", 53, []))
        lines = self.assert_done(self.lab.weir("get", "services", "-o", "wide")).splitlines()
        self.assertRegex(lines[1], r"^ops +headless +- +5432/TCP +0 +\d+s +-")
        self.assertRegex(lines[2], r"^shop +web +10.96.0.10 +80/TCP,53/UDP +1,0 +\d+s +80/TCP: shop/backend:8080")

    def test_age(self):
        """ages are since the file was written, an object applied, or an endpoint known"""
        os.utime(os.path.join(self.lab.source, "policy.yaml"), (0, 1767323045))
        self.lab.remove("policy.yaml")
        path = self.lab.write("old.yaml", OBJECTS.replace("ADDRESS", self.backend.addr4))
        os.utime(path, (1767323045, 1767323045))
        self.addCleanup(self.lab.remove, "old.yaml")
        self.lab.weir("apply", "-f", "-", stdin=OBJECTS.split("---")[0].replace("backend-from-frontend", "applied"))
        self.addCleanup(self.lab.weir, "delete", "networkpolicy", "applied", "-n", "shop")
        os.rename(path, os.path.join(self.lab.source, "old2.yaml"))
        self.addCleanup(self.lab.remove, "old2.yaml")
        self.lab.settle()
        since = {item["name"]: item["since"] for item in self.lab.weir_json("get", "policies")["items"]}
        self.assertEqual(since["backend"], "2026-01-02T03:04:05Z")
        ages = [since["applied"], *(item["since"] for item in self.lab.weir_json("get", "endpoints")["items"])]
        for text in ages:
            then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()), 120)
        self.assertRegex(self.lab.weir("get", "policies", "backend").stdout, r"Enforce +\d+d")

    def test_sorted(self):
        """lists are sorted by namespace and name, interfaces by name"""
        for what, name in (("endpoints", "pod"), ("services", "name")):
            names = [(item["namespace"], item[name]) for item in self.lab.weir_json("get", what)["items"]]
            self.assertEqual(names, sorted(names))
        names = [interface["interface"] for interface in self.lab.status()["interfaces"]]
        self.assertEqual(names, sorted(names))

    def test_names(self):
        """a name narrows a list, with -n or as NAMESPACE/NAME, and one that isn't there is said"""
        for words in (["endpoints", "backend"], ["endpoints", "shop/backend"], ["ep", "backend", "-n", "shop"],
                      ["svc", "shop/web"], ["tp", "backend"], ["networkpolicies", "shop/backend-from-frontend"]):
            self.assertEqual(len(self.lab.weir_json("get", *words)["items"]), 1, words)
        self.assert_fails(self.lab.weir("get", "endpoints", "payments/backend"), 1, 'no endpoint "backend"')
        self.assert_fails(self.lab.weir("get", "endpoints", "shop/backend", "-n", "shop"), 2, "not both")
        self.assert_fails(self.lab.weir("get", "pods"), 2, "services")

    def test_empty(self):
        """nothing to list is said on stderr, and is an empty list for programs"""
        for words, says in ((["services", "-n", "void"], "no services in namespace void"),
                            (["tp", "-n", "void"], "no policies of kind TrafficPolicy in namespace void"),
                            (["flows", "-n", "void"], "no flows in namespace void")):
            done = self.lab.weir("get", *words)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", says + "\n"))
            self.assertEqual(json.loads(self.lab.weir("get", *words, "-o", "json").stdout)["items"], [])

    def test_status(self):
        """status says in its first line that it is degraded, and at the end why and what holds meanwhile"""
        brief, whole = (self.api(f"/v1/status{query}") for query in ("?brief=true", ""))
        self.assertEqual(set(brief), {"version", "node", "enforcing", "since", "revision", "settled", "degraded",
                                      "warnings", "shields", "flows"})
        self.assertEqual({n: brief[n] for n in brief if n != "flows"}, {n: whole[n] for n in brief if n != "flows"})
        text, code = self.on_terminal("status")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"(?m)^enforcing  yes, since \S+ \(.*\)$")
        self.assertRegex(text, r"(?m)^maps: \d+, the fullest \w+ with \d+\.\d %$")
        self.assertNotIn("CAPACITY", text)
        self.assertIn("CAPACITY", self.on_terminal("status", "-o", "wide")[0])
        self.lab.write("bad.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: Not_A_Name}\n")
        self.addCleanup(self.lab.remove, "bad.yaml")
        self.lab.until(lambda: self.lab.status()["degraded"], "the agent has seen the file")
        text, code = self.on_terminal("status")
        self.assertEqual(code, 1)
        self.assertIn("enforcing  yes, but degraded (1 reason below)", text.splitlines()[0])
        last = text.splitlines()[-1]
        self.assertRegex(last, r"^weir: degraded: .*/bad\.yaml:3:\d+: .*; its last good version stays in force$")
        self.assertTrue(re.search("Not_A_Name", last), last)


if __name__ == "__main__":
    main()
