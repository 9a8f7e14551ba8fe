#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""OpenTelemetry logs: events reach a collector, and one that fails, hangs or is away changes nothing else."""
import json
import os
import subprocess
import sys
import threading

from case import LabCase, main
from core_cases import policy
from lab import TOP, Lab, die_with_parent

PORT = 4318
NOBODY = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress: []
    """)


class Collector:
    """collector.py on the node, and the requests that it has had."""

    def __init__(self, lab):
        self.lab, self.requests = lab, []
        self.process = subprocess.Popen(
            [*lab.node.enter(), sys.executable, os.path.join(TOP, "tests/e2e/collector.py"), str(PORT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        if self.process.stdout.readline() != "{}\n":
            raise AssertionError("the collector did not start")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.requests.append(json.loads(line))

    def answer(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def records(self, answer="200"):
        """Those of requests that got this answer."""
        return [record for request in list(self.requests) if request["answer"] == answer
                for record in request["body"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"]]

    def bodies(self, answer="200"):
        return [record["body"]["stringValue"] for record in self.records(answer)]

    def until(self, words, answer="200", seconds=15):
        """The first message with these words that is answered so."""
        return Lab.until(lambda: next((b for b in self.bodies(answer) if words in b), None),
                         f"a record with {words}: {self.bodies(answer)}", seconds)

    def close(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        self.process.wait(5)
        self._reader.join(5)
        self.process.stdout.close()


class Otlp(LabCase):
    settings = {"otlp": {"endpoint": f"http://127.0.0.1:{PORT}/", "headers": {"X-Scope-OrgID": "weir"}}}

    def setUp(self):
        super().setUp()
        self.collector = self.open_collector()
        self.change("greeter")  # when that has come, nothing older is on its way
        self.collector.until("enforced as pod shop/greeter", seconds=30)

    def open_collector(self):
        collector = Collector(self.lab)
        self.addCleanup(collector.close)
        return collector

    def change(self, name):
        """Something that is told of: a pod that comes and goes."""
        self.lab.add_pod(name)
        self.addCleanup(lambda: name in self.lab.pods and self.lab.remove_pod(name))
        self.lab.settle()

    def counted(self, result):
        return self.lab.metric("weir_otlp_records_total", result=result)

    def test_answers(self):
        """what the agent tells reaches the collector, with who sends it and the same names of fields"""
        self.change("comer")
        self.collector.until("enforced as pod shop/comer")
        request = self.collector.requests[-1]
        self.assertEqual(request["path"], "/v1/logs")
        self.assertEqual(request["headers"]["Content-Type"], "application/json")
        self.assertEqual(request["headers"]["X-Scope-OrgID"], "weir")
        resource = request["body"]["resourceLogs"][0]["resource"]["attributes"]
        self.assertIn({"key": "service.name", "value": {"stringValue": "weir"}}, resource)
        self.assertIn({"key": "k8s.node.name", "value": {"stringValue": "node-1"}}, resource)
        record = next(r for r in self.collector.records() if "shop/comer" in r["body"]["stringValue"])
        attributes = {a["key"]: a["value"] for a in record["attributes"]}
        self.assertEqual(attributes["type"], {"stringValue": "endpoint-attached"})
        self.assertEqual(attributes["endpoint"], {"stringValue": "shop/comer"})
        self.assertEqual((record["severityNumber"], record["severityText"]), (9, "info"))
        self.lab.until(lambda: self.counted("sent") >= len(self.collector.records()), "what is sent is counted")

    def test_fails(self):
        """what a collector can't take now is sent again when it asks for it, once, with nothing lost"""
        self.collector.answer("503", "1")
        self.change("later")
        self.collector.until("shop/later", answer="503")
        self.collector.answer("200")
        self.collector.until("shop/later")
        again = [r for r in self.collector.requests if "shop/later" in json.dumps(r["body"])]
        self.assertGreaterEqual(again[1]["at"] - again[0]["at"], 1)
        self.assertEqual(sum("enforced as pod shop/later" in b for b in self.collector.bodies()), 1)

    def test_refuses(self):
        """what a collector refuses for good is dropped and counted, and what comes later is sent"""
        before = self.counted("dropped")
        self.collector.answer("400")
        self.change("refused")
        self.collector.until("shop/refused", answer="400")
        self.lab.until(lambda: self.counted("dropped") > before, "what is dropped is counted")
        self.collector.answer("200")
        self.change("taken")
        self.collector.until("shop/taken")
        self.assertFalse([b for b in self.collector.bodies() if "enforced as pod shop/refused" in b])

    def test_hangs(self):
        """a collector that does not answer holds up neither policies nor questions"""
        self.collector.answer("hang")
        self.change("waiter")
        self.collector.until("shop/waiter", answer="hang")
        self.lab.enforce(NOBODY)
        self.assert_shut(self.frontend, self.backend)
        self.lab.enforce(None)
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.lab.weir("status").returncode, 0)
        self.collector.answer("200")
        self.collector.until("shop/waiter", seconds=30)

    def test_goes_away(self):
        """what happens while the collector is away is sent when it is back"""
        self.collector.close()
        self.change("unseen")
        self.lab.enforce(NOBODY)
        self.assert_shut(self.frontend, self.backend)
        self.collector = self.open_collector()
        self.collector.until("shop/unseen", seconds=30)
        with open(self.lab.log_path, encoding="utf-8") as log:
            self.assertIn("it is tried again", log.read())


class Away(LabCase):
    """Nobody listens; of packets only denials are to be sent, and few events are kept."""

    settings = {"eventHistory": 64, "otlp": {"endpoint": f"http://127.0.0.1:{PORT}/", "events": "denied"}}

    def open_many(self, sender, n):
        """Packets to so many ports; each is told of."""
        told = self.lab.metric("weir_events_total")
        sender.do("probe", targets=[self.target(self.backend, 10000 + i, "UDP", 4) for i in range(n)], wait=0.1)
        self.lab.until(lambda: self.lab.metric("weir_events_total") >= told + n, "all are told of")
        self.lab.until(lambda: len(self.lab.events()) >= 64, "and read")

    def dropped(self):
        return self.lab.metric("weir_otlp_records_total", result="dropped")

    def test_counts(self):
        """only what was to be sent counts as dropped, as soon as it can be sent no more"""
        self.lab.until(lambda: self.lab.metric("weir_otlp_retries_total"), "a request has failed")
        self.open_many(self.frontend, 100)
        self.assertEqual(self.dropped(), 0)
        self.lab.enforce(NOBODY)
        self.open_many(self.frontend, 100)
        self.lab.until(lambda: 30 <= self.dropped() <= 100, "what is overwritten is counted")


class Settings(LabCase):
    starts_agent = False

    def setUp(self):
        pass

    def test_bad_settings(self):
        """what is wrong with the settings is said with its line"""
        cases = (({"headers": {}}, "otlp.endpoint"), ({"endpoint": "ftp://a"}, "otlp.endpoint"),
                 ({"endpoint": "collector:4318"}, "otlp.endpoint"), ({"endpoint": "http://a/?b"}, "otlp.endpoint"),
                 ({"endpoint": "http://a", "headers": {"a b": "c"}}, "not the name of a header"),
                 ({"endpoint": "http://a", "headers": {"a": "b\r\nc: d"}}, "not the value of a header"),
                 ({"endpoint": "http://a", "events": "some"}, "otlp.events"),
                 ({"endpoint": "http://a", "timeout": 1}, "unknown field"))
        path = os.path.join(self.lab.dir, "agent.json")
        for otlp, says in cases:
            with open(path, "w", encoding="utf-8") as f:
                json.dump({"otlp": otlp}, f)
            self.assert_fails(self.lab.weir("agent", "--config", path), 1, path, says)


if __name__ == "__main__":
    main()
