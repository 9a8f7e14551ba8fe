#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The commands as scripts use them: what they print, and how they end."""
import json
import os
import re
import tempfile
import time

from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy

LIMITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    policyTypes: [Ingress]
    ingress:
    - name: slow
      from: [{podSelector: {matchLabels: {app: frontend}}}]
      limits: [{packetsPerSecond: 1k, burst: 50}]
    """, kind="TrafficPolicy", name="limited")


class Commands(LabCase):
    def apply(self, text, *words):
        return self.lab.weir("apply", "-f", "-", *words, stdin=text)

    def delete(self, text):
        return self.lab.weir("delete", "-f", "-", stdin=text)

    def file(self, text, name="file.yaml"):
        directory = tempfile.mkdtemp(dir=self.lab.dir)
        path = os.path.join(directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def names(self, kind, *words):
        return [i["name"] for i in self.lab.weir_json("get", kind, *words)["items"]]

    def test_apply(self):
        """apply returns once the kernel enforces, and says created, unchanged or configured"""
        self.addCleanup(self.delete, ISOLATE_BACKEND)
        out = self.assert_done(self.apply(ISOLATE_BACKEND))
        self.assert_shut(self.frontend, self.backend)
        self.assertRegex(out, r"(?i)networkpolicy.*policy.*created")
        self.assertRegex(out, r"revision \d+")
        self.assertIn("unchanged", self.assert_done(self.apply(ISOLATE_BACKEND)))
        self.assertIn("configured", self.assert_done(self.apply(ALLOW_FRONTEND)))
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_apply_file_and_directory(self):
        """apply takes a file, or a directory of files"""
        path = self.file(ISOLATE_BACKEND)
        self.assert_done(self.lab.weir("apply", "-f", path))
        self.assert_shut(self.frontend, self.backend)
        self.assert_done(self.lab.weir("delete", "-f", path))
        self.assert_open(self.frontend, self.backend)
        self.assert_done(self.lab.weir("apply", "-f", os.path.dirname(path)))
        self.assert_shut(self.frontend, self.backend)
        self.assert_done(self.lab.weir("delete", "-f", os.path.dirname(path)))

    def test_delete_by_name(self):
        """delete takes kind and name, is synchronous, and says when there was nothing"""
        self.assert_done(self.apply(ISOLATE_BACKEND))
        self.assert_shut(self.frontend, self.backend)
        out = self.assert_done(self.lab.weir("delete", "networkpolicy", "policy", "-n", "shop"))
        self.assertIn("deleted", out)
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.lab.weir("delete", "networkpolicy", "policy", "-n", "shop").returncode, 1)

    def test_dry_run(self):
        """apply --dry-run validates and changes nothing"""
        before = self.lab.status()["revision"]
        self.assert_done(self.apply(ISOLATE_BACKEND, "--dry-run"))
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.names("policies"), [])
        self.assertEqual(self.lab.status()["revision"], before)
        self.assertEqual(self.apply("kind: NetworkPolicy", "--dry-run").returncode, 1)

    def test_apply_is_whole(self):
        """when one of several documents is wrong, none is applied"""
        done = self.apply(ISOLATE_BACKEND + policy("podSelector: 7", name="wrong"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"-:\d+:\d+: spec\.podSelector: ")
        self.assertEqual(self.names("policies"), [])
        self.assert_open(self.frontend, self.backend)

    def test_get_policies(self):
        """get policies lists each with its source, and -n and a name narrow it"""
        self.lab.enforce(ISOLATE_BACKEND + policy("podSelector: {}\ningress: [{}]", name="other", namespace="ops"))
        self.assertEqual(sorted(self.names("policies")), ["other", "policy"])
        self.assertEqual(self.names("policies", "-n", "ops"), ["other"])
        self.assertEqual(self.names("policies", "policy"), ["policy"])
        item = self.lab.weir_json("get", "policies", "policy")["items"][0]
        self.assertEqual((item["kind"], item["namespace"], item["pods"]), ("NetworkPolicy", "shop", 1))
        self.assertIn("dir:", item["source"])
        self.assertIn("policy", self.assert_done(self.lab.weir("get", "policies")))

    def test_get_endpoints(self):
        """get endpoints lists each pod with interface, addresses and whether it is isolated"""
        self.lab.enforce(ISOLATE_BACKEND)
        items = {i["pod"]: i for i in self.lab.weir_json("get", "endpoints")["items"]}
        self.assertEqual(sorted(items), ["backend", "frontend", "intruder", "monitor"])
        backend = items["backend"]
        self.assertEqual(backend["interface"], self.backend.interface)
        self.assertEqual(sorted(backend["addresses"]), sorted([self.backend.addr4, self.backend.addr6]))
        self.assertEqual((backend["ingress"], backend["egress"], backend["state"]), ("isolated", "open", "enforced"))
        self.assertEqual(backend["found"], "annotation")
        table = self.assert_done(self.lab.weir("get", "endpoints", "-o", "wide"))
        self.assertIn(self.backend.interface, table)

    def test_get_identities(self):
        """get identities lists one identity per label set"""
        items = self.lab.weir_json("get", "identities")["items"]
        labels = [i.get("labels") for i in items]
        self.assertTrue(any(l and "backend" in l.values() for l in labels), items)
        self.assertTrue({"world", "node"} <= {i.get("name") for i in items}, items)

    def test_get_limits(self):
        """get limits lists each limit with its rate and burst"""
        self.lab.enforce(LIMITED)
        item = self.lab.weir_json("get", "limits")["items"][0]
        self.assertEqual((item["policy"], item["rule"], item["rate"], item["burst"]), ("limited", "slow", 1000, 50))

    def test_output_formats(self):
        """a list can be had as table, wide, JSON and YAML"""
        self.lab.enforce(ISOLATE_BACKEND)
        for fmt in ("table", "wide", "json", "yaml"):
            self.assertIn("backend", self.assert_done(self.lab.weir("get", "endpoints", "-o", fmt)), fmt)
        self.assertEqual(self.lab.weir("get", "endpoints", "-o", "xml").returncode, 2)

    def test_status(self):
        """status is 0 when all is well and tells what is enforced where"""
        self.lab.enforce(ISOLATE_BACKEND)
        out = self.assert_done(self.lab.weir("status"))
        self.assertIn(self.backend.interface, out)
        status = self.lab.status()
        self.assertTrue(status["enforcing"])
        self.assertTrue(status["settled"])
        self.assertEqual(status["degraded"], [])
        self.assertEqual(status["policy"]["policies"], 1)
        states = {i["interface"]: i["state"] for i in status["interfaces"]}
        self.assertEqual(states[self.backend.interface], "enforced")
        flows = next(m for m in status["maps"] if m["name"] == "connections4")
        self.assertGreater(flows["capacity"], 1000)

    def test_wait(self):
        """wait --settled returns at once when all is enforced"""
        start = time.monotonic()
        self.assert_done(self.lab.weir("wait", "--settled"))
        self.assertLess(time.monotonic() - start, 3)

    def test_check(self):
        """check accepts what is right, and names every error of a file with its place"""
        self.assert_done(self.lab.weir("check", "-f", self.file(ISOLATE_BACKEND)))
        path = self.file(policy("podSelector: {}\ningress:\n- ports: [{protocol: TCP, port: 70000}]\n"
                                "  form: []"))
        done = self.lab.weir("check", "-f", path)
        self.assertEqual(done.returncode, 1)
        lines = done.stderr.splitlines()
        for field in (r"spec\.ingress\[0\]\.ports\[0\]\.port", r"spec\.ingress\[0\]\.form"):
            self.assertTrue([l for l in lines if re.match(re.escape(path) + rf":\d+:\d+: {field}: ", l)], done.stderr)

    def test_check_needs_no_agent(self):
        """check and eval need neither agent nor privileges"""
        path = self.file(ISOLATE_BACKEND)
        for parent in (os.path.dirname(path), self.lab.dir):
            os.chmod(parent, 0o755)
        done = self.lab.weir("check", "-f", path, socket="/nowhere/weir.sock")
        self.assert_done(done)

    def test_eval(self):
        """eval answers each probe with the verdict, the side that denied and the policies that decided"""
        self.lab.enforce(None)
        path = self.file(ALLOW_FRONTEND)
        probes = [{"from": "shop/frontend", "to": "shop/backend", "protocol": "TCP", "port": 8080},
                  {"from": "shop/intruder", "to": "shop/backend", "protocol": "TCP", "port": 8080},
                  {"from": "fd00:201:c8::2", "to": self.backend.addr6, "protocol": "UDP", "port": 53}]
        done = self.lab.weir("eval", "-f", path, "-f", self.lab.source, "--probes", "-",
                             stdin="\n".join(map(json.dumps, probes)) + "\n", socket="/nowhere/weir.sock")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([a["verdict"] for a in answers], ["allow", "deny", "deny"], done.stderr)
        self.assertEqual([a["direction"] for a in answers], [None, "ingress", "ingress"])
        for probe, answer in zip(probes, answers):
            self.assertEqual({k: answer[k] for k in probe}, probe)
        self.assertEqual(answers[0]["policies"], ["NetworkPolicy shop/policy"])
        self.assertEqual(answers[1]["policies"], ["NetworkPolicy shop/policy"])

    def test_eval_agrees_with_the_kernel(self):
        """eval and the kernel give the same answer for every pair of pods and a choice of ports"""
        self.lab.enforce(ALLOW_FRONTEND + policy("""
            podSelector: {}
            policyTypes: [Egress]
            egress:
            - to: [{podSelector: {matchLabels: {app: backend}}}]
              ports: [{protocol: TCP, port: 8080, endPort: 8090}, {protocol: UDP, port: 53}]
            """, name="egress"))
        pods = [self.frontend, self.backend, self.intruder, self.monitor]
        ports = [("TCP", 80), ("TCP", 8080), ("TCP", 8081), ("UDP", 53), ("UDP", 54)]
        for source in pods:
            tried = [(to, port, protocol, 4) for to in pods if to is not source for protocol, port in ports]
            real = ["allow" if r == "open" else "deny" for r in self.attempts(source, tried, 0.6)]
            probes = [{"from": f"{source.namespace}/{source.name}", "to": f"{t.namespace}/{t.name}",
                       "protocol": protocol, "port": port} for t, port, protocol, _ in tried]
            done = self.lab.weir("eval", "-f", self.lab.source, "--probes", "-",
                                 stdin="".join(json.dumps(p) + "\n" for p in probes))
            said = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
            self.assertEqual([f"{p} {v}" for p, v in zip(probes, said)], [f"{p} {v}" for p, v in zip(probes, real)])

    def test_eval_one(self):
        """eval answers one question given as options, and exits 1 for a denial"""
        path = self.file(ALLOW_FRONTEND)
        question = ["eval", "-f", path, "-f", self.lab.source, "--to", "shop/backend", "--port", "8080"]
        self.assertEqual(self.lab.weir(*question, "--from", "shop/frontend").returncode, 0)
        self.assertEqual(self.lab.weir(*question, "--from", "shop/intruder").returncode, 1)

    def test_metrics(self):
        """metrics are in Prometheus' text format, by the CLI and over HTTP alike"""
        self.lab.enforce(LIMITED)
        self.assert_open(self.frontend, self.backend)
        text = self.assert_done(self.lab.weir("metrics"))
        names = set()
        for line in text.splitlines():
            if line.startswith("#"):
                self.assertRegex(line, r"^# (HELP|TYPE) weir_|^# (HELP|TYPE) process_")
                continue
            self.assertRegex(line, r'^[a-z_]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)*\})? [-+0-9.eE]+$|\+Inf|NaN')
            names.add(re.match("[a-z_]+", line).group())
        for name in ("weir_build_info", "weir_packets_total", "weir_bytes_total", "weir_policy_packets_total",
                     "weir_limit_dropped_total", "weir_policy_revision", "weir_policy_apply_seconds_bucket",
                     "weir_policy_errors_total", "weir_endpoints", "weir_identities", "weir_map_entries",
                     "weir_map_capacity", "weir_source_synced", "process_resident_memory_bytes"):
            self.assertIn(name, names)
        answer = self.lab.node.do("http", url="http://127.0.0.1:9964/metrics")
        self.assertEqual(answer["status"], 200)
        self.assertIn("text/plain", answer["type"])
        self.assertIn("weir_build_info", answer["body"])

    def test_version(self):
        """version names version, ABI, libbpf and commit"""
        out = self.assert_done(self.lab.weir("version"))
        self.assertRegex(out, r"\d+\.\d+\.\d+")
        for word in ("libbpf", "ABI"):
            self.assertIn(word.lower(), out.lower())

    def test_help(self):
        """every command has a help, and help lists every command"""
        listed = self.assert_done(self.lab.weir("--help"))
        for command in ("agent", "apply", "delete", "get", "status", "wait", "check", "eval", "metrics", "detach",
                        "demo", "version"):
            self.assertIn(command, listed)
            for flag in ("-h", "--help"):
                self.assertIn(command, self.assert_done(self.lab.weir(command, flag)))


if __name__ == "__main__":
    main()
