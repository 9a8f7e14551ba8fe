#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir observe: what happened, kept and as it happens; GET /v1/events; the agent's log."""
import json
import re
import signal
import subprocess
import threading
import time

from case import LabCase, main
from core_cases import policy
from lab import WEIR
from packets import UDP, ether, ipv4, udp

FRONTEND_ONLY = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
    """)
NOBODY_TO_OPS = policy("podSelector: {matchLabels: {app: monitor}}\ningress: []", namespace="ops", name="closed")
BROKEN = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelectr: {}}\n"


class Follower:
    """weir observe -f, and the lines that it has printed."""

    def __init__(self, lab, *words):
        self.lab, self.lines = lab, []
        self.process = subprocess.Popen([*lab.node.enter(), WEIR, "--socket", lab.socket, "observe", "-f", *words],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def until(self, pattern):
        """The first line that matches, when there is one."""
        return self.lab.until(lambda: next((line for line in self.lines if re.search(pattern, line)), None),
                              f"weir observe -f prints {pattern}: {self.lines}")

    def end(self, number=signal.SIGINT):
        """What it said on stderr, and how it ended."""
        if self.process.poll() is None and number:
            self.process.send_signal(number)
        code = self.process.wait(5)
        self._reader.join(5)
        with self.process.stderr as stderr:
            said = stderr.read()
        self.process.stdout.close()
        return said, code


class ObserveCase(LabCase):
    def events(self, *words):
        done = self.lab.weir("observe", "--last", "1000", "-o", "json", *words)
        return [json.loads(line) for line in self.assert_done(done).splitlines()]

    def until_event(self, *words):
        """The last one that these words ask for."""
        return self.lab.until(lambda: self.events(*words), f"an event for {words}")[-1]

    def follow(self, *words):
        follower = Follower(self.lab, *words)
        self.addCleanup(lambda: follower.process.returncode is None and follower.end(signal.SIGKILL))
        return follower

    def stream(self, query):
        """The lines of GET /v1/events."""
        done = subprocess.run(["curl", "-sS", "--max-time", "10", "--unix-socket", self.lab.socket,
                               f"http://weir/v1/events?{query}"], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()


class Agents(ObserveCase):
    """Events that the agent makes."""

    def test_story(self):
        """the history tells of the start, the pods that were attached and the policies, in order"""
        self.lab.enforce(FRONTEND_ONLY)
        events = [e for e in self.events() if "verdict" not in e]
        types = [e["type"] for e in events]
        self.assertEqual(types[0], "agent-started")
        attached = {e["endpoint"]: e["interface"] for e in events if e["type"] == "endpoint-attached"}
        for pod in (self.frontend, self.backend, self.intruder, self.monitor):
            self.assertEqual(attached[f"{pod.namespace}/{pod.name}"], pod.interface)
        applied = [e for e in events if e["type"] == "policy-applied"]
        self.assertEqual(applied[-1]["revision"], self.lab.status()["revision"])
        self.assertEqual([e["time"] for e in events], sorted(e["time"] for e in events))
        self.assertRegex(events[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_source(self):
        """a source that breaks and is mended, with the line that is wrong"""
        self.addCleanup(self.lab.remove, "broken.yaml")
        self.lab.write("broken.yaml", BROKEN)
        lost = self.until_event("--type", "source-lost")
        self.assertIn("spec.podSelectr", lost["message"])
        self.assertEqual((lost["severity"], lost["subject"]), ("warning", f"dir:{self.lab.source}"))
        self.lab.remove("broken.yaml")
        self.assertEqual(self.until_event("--type", "source-regained")["severity"], "info")
        self.lab.settle()

    def test_pod_that_goes(self):
        """a pod that goes is told with its interface"""
        self.lab.add_pod("passer")
        self.until_event("--type", "endpoint-attached", "--pod", "shop/passer")
        self.lab.remove_pod("passer")
        gone = self.until_event("--type", "endpoint-removed", "--pod", "shop/passer")
        self.assertEqual(gone["interface"], "veth-passer")
        self.assertIn("shop/passer", gone["message"])

    def test_follow(self):
        """a follower sees what happens, at once, and Ctrl-C ends it without a word"""
        follower = self.follow("-o", "compact", "--last", "1")
        follower.until(".")
        self.addCleanup(self.lab.remove, "broken.yaml")
        self.lab.write("broken.yaml", BROKEN)
        follower.until("source-lost .*podSelectr")
        self.lab.remove("broken.yaml")
        follower.until("source-regained")
        self.assertEqual(follower.end(), ("", -signal.SIGINT))
        self.lab.settle()

    def test_closed_pipe(self):
        """whoever reads may stop: a closed pipe ends it without a word, also when nothing happens"""
        command = f"{WEIR} --socket {self.lab.socket} observe -f -o json | head -n 1"
        done = subprocess.run([*self.lab.node.enter(), "sh", "-c", command], capture_output=True, text=True,
                              timeout=15, check=True)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertEqual(done.stderr, "")

    def test_gone_follower(self):
        """a follower that is killed is forgotten"""
        for _ in range(70):  # more than may follow at a time
            follower = self.lab.until(self.try_to_follow, "there is room for one more")
            follower.end(signal.SIGKILL)

    def try_to_follow(self):
        """A follower, unless it is refused."""
        follower = self.follow("--last", "1")
        self.lab.until(lambda: follower.lines or follower.process.poll() is not None, "it answers")
        if follower.lines:
            return follower
        follower.end(0)
        return None

    def test_too_many(self):
        """the 65th follower is told why it can't follow"""
        followers = [self.follow("--last", "1") for _ in range(64)]
        for follower in followers:
            follower.until("TIME")
        self.assert_fails(self.lab.weir("observe", "-f"), 1, "64 streams are followed already")
        for follower in followers:
            follower.end(signal.SIGKILL)

    def test_filters(self):
        """filters hold for what is kept"""
        self.assertEqual({e["type"] for e in self.events("--type", "agent-started,policy-applied")},
                         {"agent-started", "policy-applied"})
        self.assertEqual(len(self.events("--type", "endpoint-attached", "--pod", "ops/monitor")), 1)
        self.assertTrue(all(e["endpoint"].startswith("ops/") for e in self.events("-n", "ops")))
        self.assertEqual(self.events("--since", "2100-01-01T00:00:00Z"), [])
        self.assertEqual(len(self.events("--since", "1h", "--type", "agent-started")), 1)
        none = self.lab.weir("observe", "--type", "syn-flood")
        self.assertEqual((none.returncode, none.stdout, none.stderr), (0, "", "no such event is kept\n"))
        done = self.lab.weir("observe", "--last", "2", "-o", "json")
        self.assertEqual(len(self.assert_done(done).splitlines()), 2)

    def test_bad_words(self):
        """what can't be asked for is said in one line"""
        refused = ((["--since", "yesterday"], 'since: "yesterday"'),
                   (["--type", "denid"], 'type: there is none called "denid"'),
                   (["--verdict", "no"], "verdict: there is none"), (["--port", "0"], "port:"),
                   (["--reason", "because"], "reason:"), (["--protocol", "TLS"], "protocol:"),
                   (["--label", "app"], "label:"), (["--pod", "backend"], "pod:"),
                   (["--from", "a/b/c"], "from:"), (["--last", "some"], "last:"))
        for words, says in refused:
            self.assert_fails(self.lab.weir("observe", *words), 1, says)
        self.assert_fails(self.lab.weir("observe", "-o", "tap"), 2, "compact")
        self.assert_fails(self.lab.weir("observe", socket="/nowhere/weir.sock"), 3, "is weir agent running?")

    def test_stream(self):
        """GET /v1/events answers with JSON lines, and refuses what it doesn't know"""
        self.assertEqual(json.loads(self.stream("last=1&type=agent-started")[0])["type"], "agent-started")
        self.assertIn("neither true nor false", json.loads(self.stream("follow=perhaps")[0])["error"])

    def test_log(self):
        """the log has the same records under the same names, each line a JSON object"""
        with open(self.lab.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log]
        for line in lines:
            self.assertLessEqual({"time", "severity", "message"}, line.keys())
        logged = [line for line in lines if line.get("type") == "endpoint-attached"]
        self.assertTrue(logged)
        self.assertEqual(logged[0], next(e for e in self.events() if e["type"] == "endpoint-attached"))


class Packets(ObserveCase):
    """Events of packets, on real traffic."""

    settings = {"logEvents": "denied"}

    def test_denied(self):
        """a denied connection is told with both ends, the reason and the policy"""
        self.lab.enforce(FRONTEND_ONLY)
        self.assert_shut(self.intruder, self.backend, 8080)
        event = self.until_event("--type", "denied", "--from", "shop/intruder", "--port", "8080")
        self.assertEqual((event["verdict"], event["reason"], event["direction"]), ("drop", "policy-default", "ingress"))
        self.assertEqual((event["endpoint"], event["interface"]), ("shop/backend", self.backend.interface))
        for field, pod in (("source", self.intruder), ("destination", self.backend)):
            end = event[field]
            self.assertEqual((end["address"], end["namespace"], end["pod"]), (pod.addr4, pod.namespace, pod.name))
            self.assertEqual(end["labels"], {"app": pod.name})
        self.assertEqual(event["destination"]["port"], 8080)
        self.assertEqual((event["protocol"], event["flags"]), ("TCP", "SYN"))
        self.assertEqual(event["policies"], [{"kind": "NetworkPolicy", "namespace": "shop", "policy": "policy",
                                              "rule": None}])
        self.assertEqual(event["revision"], self.lab.status()["revision"])

    def test_withdrawn(self):
        """a connection whose permission ends is told of once, by the end that sends first, and both ends' are counted"""
        self.lab.enforce(FRONTEND_ONLY)
        self.say(self.frontend, self.backend, (4000, 4001))
        self.say(self.backend, self.frontend, (4001, 4000))
        self.lab.enforce(FRONTEND_ONLY.replace("frontend", "nobody"))
        before = {d: self.lab.packets("policy-default", d) for d in ("ingress", "egress")}
        for sender, to, ports, direction in ((self.backend, self.frontend, (4001, 4000), "egress"),
                                             (self.frontend, self.backend, (4000, 4001), "ingress")):
            self.say(sender, to, ports)
            self.lab.until(lambda d=direction: self.lab.packets("policy-default", d) > before[d], "it is dropped")
        told = self.until_event("--type", "withdrawn")
        self.assertEqual((told["endpoint"], told["direction"]), ("shop/backend", "egress"))
        self.assertEqual(len(self.events("--type", "withdrawn,denied", "--port", "4001")), 1)

    def say(self, sender, to, ports):
        gateway = self.lab.node.ip_json("link", "show", sender.interface)[0]["address"]
        packet = ipv4(sender.addr4, to.addr4, UDP, udp(sender.addr4, to.addr4, ports))
        sender.do("emit", interface="eth0", frames=[ether(gateway, sender.mac, 0x0800, packet).hex()])

    def test_opened(self):
        """an admitted connection is told once, and a follower sees it at once, in a row"""
        self.lab.enforce(FRONTEND_ONLY)
        follower = self.follow("--type", "opened", "--to", "shop/backend", "--port", "8081", "--last", "0")
        self.lab.until(lambda: self.followed(follower, 8081), "it is followed")
        row = follower.until("shop/frontend -> shop/backend:8081 ")
        self.assertRegex(row, r"^\d\d:\d\d:\d\d open    shop/frontend -> shop/backend:8081 +(policy-allow|no-policy)")
        follower.end()

    def test_established(self):
        """packets of established connections write no record, also when policy is decided anew and still allows them"""
        def told():
            return [self.lab.metric(f"weir_events_{what}total") for what in ("", "held_back_", "lost_")]
        self.lab.enforce(FRONTEND_ONLY)
        connections = [self.connect(self.frontend, self.backend, *how) for how in (
            (8080,), (8081, "TCP", 6), (53, "UDP"), (54, "UDP", 6))]
        before, passed = told(), self.lab.packets("flow", "ingress")
        for again in (FRONTEND_ONLY, FRONTEND_ONLY + "---\n" + NOBODY_TO_OPS):
            self.lab.enforce(again)
            for connection in connections * 50:
                self.assert_talks(self.frontend, connection)
        self.assertGreater(self.lab.packets("flow", "ingress") - passed, 390)
        self.assertEqual(told(), before)

    def followed(self, follower, port):
        """Connects until the follower has said something, as it may not have begun to follow yet."""
        self.assert_open(self.frontend, self.backend, port)
        return follower.lines

    def test_questions(self):
        """filters answer who was denied what, after the fact"""
        self.lab.enforce(FRONTEND_ONLY)
        self.assert_each(self.intruder, [], [(self.backend, 54, "UDP", 4), (self.backend, 8090, "TCP", 6),
                                             (self.backend, 0, "ICMP", 4)])
        asked = ("--from", "shop/intruder", "--verdict", "drop")
        for words in (("--protocol", "UDP", "--port", "54"), ("--to", self.backend.addr6, "--port", "8090"),
                      ("--to", "fd00:201::/64", "--protocol", "TCP"), ("--protocol", "ICMP", "-n", "shop"),
                      ("--label", "app=backend", "--reason", "policy-default"), ("--pod", "shop/backend"),
                      ("--to", "backend", "--since", "1m")):
            self.until_event(*asked, *words)
        for words in (("--from", "shop/backend", "--verdict", "drop"), ("--verdict", "pass", "--type", "denied"),
                      ("--label", "app=nobody"), ("--from", "shop/intruder", "-n", "ops")):
            self.assertEqual(self.events(*words), [])

    def test_log(self):
        """what is denied is in the log when that is asked for, and what is opened is not"""
        self.lab.enforce(FRONTEND_ONLY)
        self.assert_open(self.frontend, self.backend, 8091)
        self.assert_shut(self.intruder, self.backend, 8091)
        event = self.until_event("--type", "denied", "--port", "8091")
        self.until_event("--type", "opened", "--port", "8091")
        with open(self.lab.log_path, encoding="utf-8") as log:
            lines = [json.loads(line) for line in log]
        self.assertIn(event, lines)
        self.assertFalse([line for line in lines if line.get("type") == "opened"])

    def test_scan(self):
        """one sender that is denied on twenty ports is a port scan, told once"""
        self.lab.enforce(NOBODY_TO_OPS)
        self.assert_each(self.frontend, [], [(self.monitor, port, "UDP", 4) for port in range(2000, 2030)])
        event = self.until_event("--type", "port-scan", "--from", "shop/frontend")
        self.assertEqual((event["source"]["address"], event["severity"]), (self.frontend.addr4, "warning"))
        self.assertIn("20 ports or addresses", event["message"])
        self.assertEqual(len(self.events("--type", "port-scan", "--from", "shop/frontend")), 1)

    def test_spoofing(self):
        """a pod that sends with another's address is told, and the other is not blamed"""
        self.assertFalse(self.send_as("10.201.0.99"))
        event = self.until_event("--type", "spoofing")
        self.assertEqual((event["endpoint"], event["reason"]), ("ops/monitor", "spoofed-address"))
        self.assertEqual(event["source"]["address"], "10.201.0.99")
        denied = self.until_event("--type", "denied", "--reason", "spoofed-address")
        self.assertEqual(denied["endpoint"], "ops/monitor")

    def send_as(self, address):
        """Whether an answer comes to what monitor sends with an address that it gives itself."""
        self.monitor.ip(f"addr add {address} dev eth0")
        try:
            return self.monitor.do("datagram", source=address, host=self.backend.addr4, port=53, size=9, wait=0.35)
        finally:
            self.monitor.ip(f"addr del {address} dev eth0")


class Rest(ObserveCase):
    """What an agent does for records while there are none."""

    def wake_ups(self):
        """Of a second."""
        def count():
            with open(f"/proc/{self.lab.agent.pid}/status", encoding="ascii") as status:
                return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)$", status.read(), re.MULTILINE)[1])
        before = count()
        time.sleep(1)
        return count() - before

    def test_quiet(self):
        """an agent at rest wakes up a few times a second, and more often while somebody follows"""
        self.lab.until(lambda: self.wake_ups() <= 5, "few wake-ups at rest", seconds=20)
        follower = self.follow("--type", "denied")
        self.lab.until(lambda: self.wake_ups() >= 8, "wake-ups for a follower", seconds=20)
        follower.end()
        self.lab.until(lambda: self.wake_ups() <= 5, "few wake-ups again", seconds=20)


class Tables(ObserveCase):
    settings = {"exchanges": 256, "sweepSeconds": 1, "timeouts": {"unanswered": 1, "answered": 1}}

    def test_full(self):
        """a table of the kernel's that fills is told of, and that it has room again"""
        targets = [[self.backend.addr4, port, "UDP"] for port in range(2000, 2300)]
        self.frontend.do("probe", targets=targets, wait=0.1)
        full = self.until_event("--type", "map-full,map-nearly-full")
        self.assertEqual((full["subject"], full["severity"]), ("exchanges4", "warning"))
        calm = self.until_event("--type", "map-calmed")
        self.assertEqual(calm["subject"], "exchanges4")
        self.assertLess(calm.get("count", 0), 256 * 0.7)


class Ends(ObserveCase):
    def test_agent_ends(self):
        """a follower of an agent that ends has its last words, then one line that says so"""
        follower = self.follow("-o", "compact")
        follower.until("policy-applied")
        self.lab.end_agent()
        said, code = follower.end(0)
        self.assertEqual(code, 3)
        self.assertIn("agent-stopping", follower.lines[-1])
        self.assertEqual(len(said.splitlines()), 1, said)
        self.assertIn(f"the agent at {self.lab.socket} has gone", said)


if __name__ == "__main__":
    main()
