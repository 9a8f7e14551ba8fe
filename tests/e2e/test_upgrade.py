#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Another version of weir takes over under traffic, goes back, fails at each step, and is killed in the middle."""
import os
import signal
import subprocess
import threading

from case import OPEN_WAIT, SHUT_WAIT, LabCase, main, shop, skip_all
from core_cases import policy
from kernel import bpftool
from lab import WEIR
from test_pairs import BACK, PairsCase

NEXT = os.path.join(os.path.dirname(WEIR), "next/maps/weir")  # of other layouts of maps,
IMAGE = os.path.join(os.path.dirname(WEIR), "next/image/weir")  # or of images
FAULT = "WEIR_FAIL_UPGRADE"
MEANWHILE = 20  # exchanges on a connection that is opened in the middle
PAIRS = 256, 16384  # rows of pairs: what has one number among these has another among those

# Who opens connections to the backend is the frontend alone; what it is sent unasked would be denied.
POLICY = """
apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: backend, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: frontend}}}]
    limits: [{packetsPerSecond: 100000}]
---
""" + policy("podSelector: {matchLabels: {app: frontend}}", name="frontend")


# Both are decided on, so that either end counts.
MUTUAL = "\n---\n".join(policy(f"""
        podSelector: {{matchLabels: {{app: {name}}}}}
        policyTypes: [Ingress]
        ingress: [{{from: [{{podSelector: {{}}}}]}}]
        """, name=name) for name in ("frontend", "backend"))


class Traffic(threading.Thread):
    """Speaks on open connections, one after the other, and counts what got no answer."""

    def __init__(self, sender, connections):
        super().__init__()
        self.sender, self.connections = sender, connections
        self.ended = threading.Event()
        self.said, self.lost = 0, 0

    def run(self):
        while not self.ended.is_set():
            for connection in self.connections:
                self.said += 1
                self.lost += not self.sender.do("talk", connection=connection, wait=OPEN_WAIT)


class Intrusion(threading.Thread):
    """Tries what is denied, all the time."""

    def __init__(self, sender, targets):
        super().__init__()
        self.sender, self.targets = sender, targets
        self.ended = threading.Event()
        self.tried, self.passed = 0, 0

    def run(self):
        while not self.ended.is_set():
            results = self.sender.do("probe", targets=self.targets, wait=SHUT_WAIT)
            self.tried += len(results)
            self.passed += results.count("open")


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


class PausedUpgrade(LabCase):
    """Upgrades that wait between two steps."""

    def start_stopped(self, fault):
        """Starts the agent, which stops itself at that step; the caller continues it."""
        self.lab.env[FAULT] = fault
        self.lab.launch_agent()
        del self.lab.env[FAULT]
        self.addCleanup(self.lab.agent.send_signal, signal.SIGCONT)
        self.await_stop()

    def await_stop(self):
        self.lab.until(lambda: state_of(self.lab.agent.pid) == "T", "the agent stops", 30)

    def go_on(self):
        self.lab.agent.send_signal(signal.SIGCONT)

    def talk_on(self, sender, connection):
        for _ in range(MEANWHILE):
            self.assert_talks(sender, connection)

    def detach(self):
        self.lab.end_agent()
        self.lab.program = WEIR
        self.assert_done(self.lab.detach())


class Upgrade(PausedUpgrade):
    """Each test begins with this version, open connections, and an intruder that is denied."""

    starts_agent = False

    def setUp(self):
        self.addCleanup(self.detach)
        self.lab.program = WEIR
        self.lab.start_agent()
        self.lab.enforce(POLICY)
        self.connections = [self.connect(self.frontend, self.backend),
                            self.connect(self.frontend, self.backend, family=6),
                            self.connect(self.frontend, self.backend, 53, "UDP"),
                            self.connect(self.frontend, self.backend, 53, "UDP", 6)]
        self.threads = [Traffic(self.frontend, self.connections),
                        Intrusion(self.intruder, [self.target(self.backend, *t) for t in
                                                  ((8080, "TCP", 4), (53, "UDP", 4), (53, "UDP", 6))])]
        self.addCleanup(self.end_traffic)  # before the connections are closed
        for thread in self.threads:
            thread.start()

    def end_traffic(self):
        for thread in self.threads:
            thread.ended.set()
        for thread in self.threads:
            thread.join()

    def kept(self):
        """What must not get smaller: age and packets of the connections, by pod and protocol, and the drops."""
        flows = {}
        for flow in self.lab.flows():
            key = (flow["interface"], flow["protocol"],
                   *(flow[end][what] for end in ("from", "to") for what in ("address", "port")))
            if flow["from"]["address"] in (self.frontend.addr4, self.frontend.addr6):
                flows[key] = flow["ageSeconds"], flow["packets"]
        return flows, self.lab.packets("policy-default", "ingress")

    def assert_kept(self, before):
        now = self.kept()
        self.assertGreaterEqual(len(before[0]), 2 * len(self.connections))
        for key, was in before[0].items():
            self.assertIn(key, now[0], f"a flow is lost{self.lab.log_tail()}")
            for name, a, b in zip(("age", "packets"), was, now[0][key]):
                self.assertGreaterEqual(b, a, f"{name} of {key}")
        self.assertGreaterEqual(now[1], before[1], "drops")

    def assert_nothing_slipped(self):
        traffic, intrusion = self.threads
        said, tried = traffic.said, intrusion.tried
        self.lab.until(lambda: traffic.said > said + 8 and intrusion.tried > tried + 3, "traffic goes on", 20)
        self.assertEqual(traffic.lost, 0, f"of {traffic.said}{self.lab.log_tail()}")
        self.assertEqual(intrusion.passed, 0, f"of {intrusion.tried}{self.lab.log_tail()}")

    def sets(self):
        return sorted(n for n in os.listdir(self.lab.bpffs) if n.startswith(("maps-", "coming", "gone")))

    def assert_one_set(self):
        self.assertEqual(self.sets(), [os.readlink(os.path.join(self.lab.bpffs, "maps"))])

    def change_to(self, program):
        before = self.kept()
        self.lab.end_agent()
        self.lab.program = program
        self.lab.start_agent()
        self.assert_kept(before)
        self.assert_nothing_slipped()
        self.assert_one_set()

    def programs(self):
        """Which program each pinned link runs."""
        links = os.path.join(self.lab.bpffs, "links")
        return {name: bpftool("link", "show", "pinned", os.path.join(links, name))["prog_id"]
                for name in sorted(os.listdir(links))}

    def start_in_vain(self, fault):
        """Starts the other version, which has to fail at that step."""
        return subprocess.run([*self.lab.node.enter(), NEXT, *self.lab.agent_words()[1:]], capture_output=True, text=True,
                              timeout=60, check=False, env=os.environ | self.lab.env | {FAULT: fault})

    def test_there_and_back(self):
        """to another layout of maps and back, twice: no packet is lost or let in, flows and counters go on"""
        for program in (NEXT, WEIR, NEXT, WEIR):
            self.change_to(program)


class UpgradeClsact(Upgrade):
    """The same by filters."""

    env = {"WEIR_HOOK": "clsact"}


class UpgradeXdp(Upgrade):
    """The same with XDP on both ends."""

    @classmethod
    def build(cls):
        shop(cls.lab, xdp=["frontend", "backend"])


class UpgradeImage(Upgrade):
    """To a version that can't read the images of this one, and back."""

    def test_there_and_back(self):
        """to other images and back: programs and image change together, and no two images have one number"""
        revision = self.lab.status()["revision"]
        for program in (IMAGE, WEIR):
            self.change_to(program)
            now = self.lab.status()["revision"]
            self.assertGreater(now, revision)
            revision = now

    def test_fails(self):
        """a policy of other images that can't take the place of what runs is told, and what runs goes on"""
        before = self.kept()
        self.lab.end_agent()
        self.lab.program = IMAGE
        self.lab.env[FAULT] = "settle"
        self.addCleanup(self.lab.env.pop, FAULT, None)
        self.lab.spawn_agent()
        self.lab.until(lambda: "upgrade from" in str(self.lab.status()["degraded"]), "the failure is told")
        self.assert_nothing_slipped()
        self.lab.end_agent()
        del self.lab.env[FAULT]
        for program in (WEIR, IMAGE):
            self.lab.program = program
            self.lab.start_agent()
            self.assert_kept(before)
            self.assert_nothing_slipped()
            self.lab.end_agent()


class Failure(Upgrade):
    test_there_and_back = None

    def test_steps(self):
        """an upgrade that fails at any step says so in a line, and leaves what was running and all of its maps"""
        before = self.kept()
        self.lab.end_agent()
        sets, programs = self.sets(), self.programs()
        for step in ("load", "fill", "again", "move", "settle", "commit"):
            with self.subTest(step):
                failed = self.start_in_vain(step)
                self.assertEqual(failed.returncode, 1, failed.stderr)
                self.assertEqual(failed.stderr.count("Input/output error"), 1, failed.stderr)
                self.assertEqual(self.sets(), sets)
                self.assertEqual(self.programs(), programs)
                self.assert_nothing_slipped()
        self.lab.start_agent()
        self.assert_kept(before)
        self.assert_nothing_slipped()

    def test_meanwhile(self):
        """a connection that is opened in the middle of an upgrade is known afterwards, and all of its packets are counted"""
        self.end_traffic()  # the frontend does one thing at a time
        for first, then in (("again", "move"), ("move", None)):
            with self.subTest(first):
                (before, _), passed = self.kept(), self.passed()
                self.lab.end_agent()
                self.lab.program = NEXT if self.lab.program == WEIR else WEIR
                self.start_stopped(",".join(f"{step}:stop" for step in (first, then) if step))
                connection = self.connect(self.frontend, self.backend)
                self.talk_on(self.frontend, connection)
                self.go_on()
                if then:  # one interface has the new programs, the other has not
                    self.await_stop()
                    self.talk_on(self.frontend, connection)
                    self.go_on()
                self.lab.until(lambda: self.lab.weir("wait", "--settled").returncode == 0, "the agent settles", 30)
                now, _ = self.kept()
                new = [packets for key, (_, packets) in now.items() if key not in before]
                self.assertEqual(len(new), 2, "at either end")
                self.assertGreater(min(new), 2 * MEANWHILE * (2 if then else 1), self.lab.log_tail())
                self.assertGreaterEqual(self.passed() - passed, sum(new), self.lab.log_tail())

    def passed(self):
        return self.lab.metric("weir_packets_total", verdict="pass")

    def test_kills(self):
        """kill -9 in the middle of an upgrade leaves both versions enforcing, and either takes over what it finds"""
        for step, then in (("fill", WEIR), ("move", WEIR), ("settle", NEXT), ("move", NEXT), ("commit", WEIR)):
            with self.subTest(step):
                if self.lab.agent is None or self.lab.program != WEIR:
                    self.lab.end_agent()
                    self.lab.program = WEIR
                    self.lab.start_agent()
                before = self.kept()
                self.lab.end_agent()
                killed = self.start_in_vain(f"{step}:kill")
                self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
                self.assert_nothing_slipped()
                self.lab.program = then
                self.lab.start_agent()
                self.assert_kept(before)
                self.assert_nothing_slipped()
                self.assert_one_set()


class Rows(PausedUpgrade, PairsCase):
    """To a table of pairs of another size, where each pair has another row: flows, which know theirs by number, are shared."""

    starts_agent = False
    settings = {"pairs": PAIRS[0]}

    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop")
        for name in ("frontend", "backend"):
            cls.lab.add_pod(name)

    def setUp(self):
        self.addCleanup(self.detach)
        self.lab.start_agent()
        self.lab.enforce(MUTUAL)
        self.connections = [(self.frontend, self.connect(self.frontend, self.backend, 53, "UDP")),
                            (self.backend, self.connect(self.backend, self.frontend, 53, "UDP"))]

    def allowed(self):
        return sum(self.pair(*ends)["allowed"]["packets"] for ends in
                   (("shop/frontend", BACK), (BACK, "shop/frontend")))

    def talk(self):
        for sender, connection in self.connections:
            self.talk_on(sender, connection)

    def test_another_capacity(self):
        """to another number of pairs: what programs have decided in the middle is counted for its own pair afterwards"""
        self.lab.end_agent()
        self.lab.settings["pairs"] = PAIRS[1]
        self.start_stopped("again:stop,move:stop,settle:stop")
        self.talk()  # by the programs before, which know the old rows
        for _ in range(2):  # one interface has been moved; both have
            self.go_on()
            self.await_stop()
            self.talk()
        self.go_on()
        self.lab.until(lambda: self.lab.weir("wait", "--settled").returncode == 0, "the agent settles", 30)
        # An exchange is two packets. Rows of another size begin at zero, and an interface at being moved.
        self.assertEqual(self.allowed(), 2 * MEANWHILE * (1 + 2), self.lab.log_tail())


if __name__ == "__main__":
    if not os.access(NEXT, os.X_OK) or not os.access(IMAGE, os.X_OK):
        skip_all("needs the other versions: make tests")
    main()
