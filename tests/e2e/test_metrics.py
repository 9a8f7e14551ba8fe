#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What /metrics says is true, bounded, and never goes backwards; a real Prometheus reads it."""
import json
import os
import re
import signal
import subprocess
import tempfile
import textwrap
import urllib.parse

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from lab import TOP, die_with_parent

DENIED = 'weir_packets_total{verdict="drop",reason="policy-default"}'
PROMETHEUS = "127.0.0.1:19090"
NOBODY_LISTENS = "http://127.0.0.1:9"
LIMITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - name: few
      from: [{podSelector: {matchLabels: {app: frontend}}}]
      limits: [{packetsPerSecond: 1, burst: 2}]
    """, kind="TrafficPolicy", name="few")


def families(text):
    """The metrics that there are, by type."""
    return dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))


def read_series(text):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines() if line and not line.startswith("#")}


def page(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def metric_names(text):
    return {re.sub(r"_(bucket|sum|count)$", "", name)
            for name in re.findall(r"\b(?:weir|process)_[a-z_]+[a-z]\b", text)}


class MetricsCase(LabCase):
    def metrics(self):
        return self.assert_done(self.lab.weir("metrics"))

    def counters(self):
        text = self.metrics()
        kinds = families(text)
        return {s: v for s, v in read_series(text).items() if not s.startswith("process_") and (
            kinds.get(s.split("{")[0]) == "counter"
            or kinds.get(re.sub(r"_(bucket|sum|count)($|{.*)", "", s)) == "histogram")}

    def datagrams(self, sender, to, n):
        sender.do("flood", host=to.addr4, port=9000, size=64, rate=1000, seconds=n / 1000)


class Metrics(MetricsCase):
    settings = {"otlp": {"endpoint": NOBODY_LISTENS}, "sweepSeconds": 1}

    def exercise(self):
        """A bit of everything."""
        self.lab.write("broken.yaml", "kind: [")
        self.lab.weir("apply", "-f", "-", stdin=policy("podSelector: {matchLabels: 7}"))
        self.lab.until(lambda: self.lab.metric("weir_policy_errors_total"), "the broken file is counted")
        self.lab.remove("broken.yaml")
        self.lab.enforce(ALLOW_FRONTEND + LIMITED)
        self.connect(self.frontend, self.backend)
        self.datagrams(self.intruder, self.backend, 20)
        self.datagrams(self.frontend, self.backend, 20)

    def test_promtool(self):
        """promtool check metrics has nothing to say"""
        self.exercise()
        done = subprocess.run(["promtool", "check", "metrics"], input=self.metrics(), capture_output=True, text=True,
                              check=False, timeout=20)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_known(self):
        """the metrics of the manual are those that there are, and rules and dashboard ask for no others"""
        there = set(families(self.metrics()))
        table = "\n".join(line for line in page("docs/operations.md").splitlines() if line.startswith("| `"))
        self.assertEqual({n for n in metric_names(table) if n.startswith("weir_")},
                         {n for n in there if n.startswith("weir_")})
        asked = "\n".join(p["expr"] for panel in json.loads(page("deploy/grafana/weir.json"))["panels"]
                          for p in panel.get("targets", []))
        rules = "\n".join(re.findall(r"expr: (.*(?:\n {6}.*)*)", page("deploy/prometheus/alerts.yaml")))
        self.assertTrue(metric_names(rules) and metric_names(asked))
        self.assertEqual(metric_names(asked + rules) - there, set())

    def assert_forward(self, before, what):
        after = self.counters()
        self.assertEqual({s: (v, after[s]) for s, v in before.items() if s in after and after[s] < v}, {}, what)
        gone = {s for s in before if s not in after and before[s]}
        self.assertEqual(gone, set(), f"{what}: series that are gone")
        return after

    def test_forward(self):
        """no counter goes backwards, and none is lost, across policy changes, pods that go, and kill -9"""
        self.exercise()
        self.lab.until(lambda: all(self.lab.metric(m) for m in (
            "weir_policy_errors_total", "weir_policy_apply_seconds_count", "weir_limit_bites_total",
            "weir_agent_events_total", "weir_otlp_retries_total")), "all that only an agent counts is counted")
        seen = self.counters()
        for what, do in (
                ("another policy", lambda: self.lab.enforce(ISOLATE_BACKEND)),
                ("no policy", lambda: self.lab.enforce(None)),
                ("the first policy again", lambda: self.lab.enforce(ALLOW_FRONTEND + LIMITED)),
                ("killed", lambda: (self.lab.end_agent(signal.SIGKILL), self.lab.start_agent())),
                ("no policy after that", lambda: self.lab.enforce(None)),
                ("stopped without a policy", lambda: (self.lab.end_agent(), self.lab.start_agent())),
                ("a pod that came and went", self.a_pod_comes_and_goes),
                ("killed after that", lambda: (self.lab.end_agent(signal.SIGKILL), self.lab.start_agent()))):
            do()
            self.datagrams(self.intruder, self.backend, 5)
            seen = self.assert_forward(seen, what)

    def a_pod_comes_and_goes(self):
        guest = self.lab.add_pod("guest")
        self.lab.settle()
        self.datagrams(guest, self.backend, 5)
        self.lab.remove_pod("guest")
        self.lab.settle()


class Bounded(MetricsCase):
    settings = {"pairSeries": 5, "pairs": 16}

    def test_bounded(self):
        """however many workloads there are, so many pairs have a name, and every packet is in some sum"""
        def workload(i):
            self.lab.write("many.json", {"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "namespace": "many",
                                                                 "labels": {"app": f"p{n}"}},
                 "status": {"podIPs": [{"ip": f"10.201.210.{n}"}]}} for n in range(1, i)]})
        workload(60)
        self.lab.settle()

        def sums():
            return (self.lab.metric("weir_pair_packets_total", verdict="pass"),
                    sum(self.lab.metric("weir_packets_total", reason=r) for r in ("no-policy", "flow", "icmp-error")))
        before = sums()
        for n in range(1, 60):
            self.frontend.do("flood", host=f"10.201.210.{n}", port=9000, size=64, rate=1000, seconds=0.003)
        after = sums()
        self.assertGreater(after[1] - before[1], 100)
        self.assertEqual(after[0] - before[0], after[1] - before[1])
        pairs = {re.sub(r',verdict=.*', "", s) for s in self.counters() if s.startswith("weir_pair_packets_total")}
        named = {p for p in pairs if 'source="other"' not in p}
        self.assertLessEqual(len(named), 5)
        self.assertGreater(self.lab.metric("weir_pair_packets_total", source="other"), 0)


class Prometheus(MetricsCase):
    """Debian's prometheus, on the node, beside the agent."""

    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.directory = tempfile.mkdtemp(dir=cls.lab.dir)
        config = os.path.join(cls.directory, "prometheus.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(textwrap.dedent(f"""
                global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
                rule_files: [{TOP}/deploy/prometheus/alerts.yaml]
                scrape_configs:
                - job_name: weir
                  static_configs: [{{targets: ["127.0.0.1:9964"]}}]
                """))
        cls.prometheus = subprocess.Popen(
            [*cls.lab.node.enter(), "prometheus", f"--config.file={config}", f"--web.listen-address={PROMETHEUS}",
             f"--storage.tsdb.path={cls.directory}/data", "--storage.tsdb.retention.size=32MB"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        cls.prometheus.terminate()
        try:
            cls.prometheus.wait(10)
        except subprocess.TimeoutExpired:
            cls.prometheus.kill()
            cls.prometheus.wait(5)

    def ask(self, query):
        """The value of the one series that the query leads to, or None."""
        url = f"http://{PROMETHEUS}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        done = subprocess.run([*self.lab.node.enter(), "curl", "-s", url], capture_output=True, text=True,
                              check=False, timeout=10)
        answer = json.loads(done.stdout) if done.stdout else {}
        if answer.get("status") != "success":
            return None
        return float(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else None

    def test_scraped(self):
        """a Prometheus that scrapes the agent answers: up, denied packets a second, and by pair; no rule fails"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.lab.until(lambda: self.ask('up{job="weir"}') == 1, "the agent is scraped", 20)

        def denied(query):
            self.datagrams(self.intruder, self.backend, 50)
            return self.ask(query)
        self.lab.until(lambda: denied(f"sum(rate({DENIED}[10s])) > 0"), "denied packets have a rate", 20)
        self.lab.until(lambda: denied('rate(weir_pair_packets_total{source="shop/intruder",'
                                      'destination="shop/backend",verdict="drop"}[10s]) > 0'), "so has the pair", 20)
        self.assertEqual(self.ask("sum(prometheus_rule_evaluation_failures_total) or vector(0)"), 0)
        self.assertIsNone(self.ask('ALERTS{alertstate="firing",severity="critical"}'))


if __name__ == "__main__":
    main()
