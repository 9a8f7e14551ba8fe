#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A limit holds while versions of weir take over from each other, and what it has counted goes on."""
import os
import threading
import time

from case import main, shop, skip_all
from core_cases import policy
from lab import WEIR
from netns import PATIENCE
from test_upgrade import PausedUpgrade

NEXT = os.path.join(os.path.dirname(WEIR), "next/maps/weir")
PORT = 9000
RATE, BURST = 400, 2000
BRIEF = 320  # less than a second's worth: what is owed beyond a burst and that is forgiven
QUICK = 10 * RATE
SETTLING = 0.2  # seconds
# What passes is stamped where it arrives, and may have waited on its way there. And while links are moved, either
# version gives what the limit allows.
LATE = 0.05 * PATIENCE


def limited(burst=BURST, per="Rule"):
    return policy(f"""
        podSelector: {{matchExpressions: [{{key: app, operator: In, values: [backend, other]}}]}}
        policyTypes: [Ingress]
        ingress:
        - name: paced
          from: [{{podSelector: {{matchLabels: {{app: frontend}}}}}}]
          limits: [{{packetsPerSecond: {RATE}, burst: {burst}, per: {per}}}]
        """, kind="TrafficPolicy", name="limited")


def flood(sender, to, rate, seconds):
    return sender.do("flood", host=to.addr4, port=PORT, size=64, rate=rate, seconds=seconds)


class Sending(threading.Thread):
    """From one pod to another, until it is ended."""

    def __init__(self, sender, to, rate):
        super().__init__()
        self.sender, self.to, self.rate, self.sent = sender, to, rate, 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.sent += flood(self.sender, self.to, self.rate, 0.1)["sent"]

    def end(self):
        self.ended.set()
        self.join()


class Limit(PausedUpgrade):
    starts_agent = False

    def setUp(self):
        self.addCleanup(self.detach)
        self.lab.program = WEIR
        self.lab.start_agent()
        self.lab.enforce(limited())

    def limit(self):
        return self.lab.weir_json("get", "limits")["items"][0]

    def change_to(self, program):
        before = self.limit()
        self.lab.end_agent()
        self.lab.program = program
        self.lab.start_agent()
        now = self.limit()
        for count in ("passedPackets", "passedBytes", "droppedPackets", "droppedBytes"):
            self.assertGreaterEqual(now[count], before[count], f"{count}{self.lab.log_tail()}")

    def assert_within(self, stamps):
        """In no window, of whatever length, are there more than the rate and a burst allow."""
        least, most = 0.0, 0.0
        for i, stamp in enumerate(stamps):
            ahead = i - RATE * (stamp - stamps[0])
            least = min(least, ahead)
            most = max(most, ahead + 1 - least)
        self.assertLessEqual(most, BURST + RATE * LATE)
        self.assertGreater(most, BURST * 0.9, "the burst was not used up")

    def test_there_and_back(self):
        """over an upgrade and a downgrade a limit lets through its rate and one burst, neither more nor less"""
        self.backend.do("sink", port=PORT)
        warm_up = flood(self.frontend, self.backend, 20 * RATE, 0.5)  # uses up the burst
        sending = Sending(self.frontend, self.backend, 2 * RATE)
        sending.start()
        self.addCleanup(sending.end)
        for program in (NEXT, WEIR):
            self.change_to(program)
        sending.end()
        stamps = [stamp for stamp, _ in self.backend.do("arrivals", port=PORT)]
        self.assert_within(stamps)
        steady = [stamp for stamp in stamps if stamp > stamps[0] + 1]
        self.assertAlmostEqual((len(steady) - 1) / (steady[-1] - steady[0]), RATE, delta=0.02 * RATE)
        limit, sent = self.limit(), warm_up["sent"] + sending.sent
        self.assertEqual(limit["passedPackets"], len(stamps))
        self.assertEqual(limit["passedPackets"] + limit["droppedPackets"], sent)


class Parted(PausedUpgrade):
    """A limit on two interfaces, whose burst is used up at both while one has been moved and the other has not."""

    starts_agent = False

    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.lab.add_pod("other")
        cls.lab.add_pod("twin", labels={"app": "frontend"})  # the same identity

    def setUp(self):
        self.addCleanup(self.detach)
        self.lab.program = WEIR
        self.pods = [self.lab.pods[name] for name in ("backend", "other")]
        self.sending = [Sending(sender, pod, QUICK) for sender, pod in zip((self.frontend, self.lab.pods["twin"]), self.pods)]
        self.addCleanup(self.end_sending)
        self.lab.start_agent()

    def end_sending(self):
        for thread in self.sending:
            if thread.is_alive():
                thread.end()

    def sent(self):
        return sum(thread.sent for thread in self.sending)

    def send_on(self, n):
        enough = self.sent() + n
        self.lab.until(lambda: self.sent() > enough, "so much is sent", 20)

    def begin(self, per, faults):
        self.lab.enforce(limited(BRIEF, per))
        for pod in self.pods:
            pod.do("sink", port=PORT)
        self.lab.end_agent()
        self.lab.program = NEXT
        self.start_stopped(faults)
        begin = time.monotonic()
        for thread in self.sending:
            thread.start()
        self.send_on(4 * BRIEF)
        self.go_on()
        self.await_stop()
        self.send_on(4 * BRIEF)
        self.go_on()
        self.meanwhile = time.monotonic() - begin

    def assert_paid_back(self):
        """But for what either has earned meanwhile."""
        self.send_on(4 * QUICK)  # two seconds
        self.end_sending()
        stamps = sorted(stamp for pod in self.pods for stamp, _ in pod.do("arrivals", port=PORT))
        beyond = len(stamps) - BRIEF - RATE * (stamps[-1] - stamps[0])
        self.assertLess(beyond, RATE * (self.meanwhile + SETTLING), self.lab.log_tail())
        self.assertGreater(beyond, -BRIEF / 2)

    def test_upgrade(self):
        """a burst that a source gets once more while links are moved is paid back"""
        self.begin("Identity", "move:stop,settle:stop")
        self.lab.until(lambda: self.lab.weir("wait", "--settled").returncode == 0, "the agent settles", 30)
        self.assert_paid_back()

    def test_rollback(self):
        """so is one that a limit gives once more where links go back"""
        self.begin("Rule", "move:stop,settle:stop,commit")
        self.assertEqual(self.lab.agent.wait(30), 1)
        self.lab.agent = None
        self.lab.program = WEIR
        self.lab.start_agent()
        self.assert_paid_back()


if __name__ == "__main__":
    if not os.access(NEXT, os.X_OK):
        skip_all("needs the other versions: make tests")
    main()
