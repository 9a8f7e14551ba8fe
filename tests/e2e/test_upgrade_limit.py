#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A limit holds while versions of weir take over from each other, and what it has counted goes on."""
import os
import threading

from case import LabCase, main, skip_all
from core_cases import policy
from lab import WEIR
from netns import PATIENCE

NEXT = os.path.join(os.path.dirname(WEIR), "next/maps/weir")
PORT = 9000
RATE, BURST = 400, 2000
LATE = 0.02 * PATIENCE  # what passes is stamped where it arrives, and may have waited on its way there
UNCOUNTED = 0.05  # of what is sent while links are moved
LIMITED = policy(f"""
        podSelector: {{matchLabels: {{app: backend}}}}
        policyTypes: [Ingress]
        ingress:
        - name: paced
          from: [{{podSelector: {{matchLabels: {{app: frontend}}}}}}]
          limits: [{{packetsPerSecond: {RATE}, burst: {BURST}}}]
        """, kind="TrafficPolicy", name="limited")


class Sending(threading.Thread):
    """Twice the rate, from frontend to backend, until it is ended."""

    def __init__(self, case):
        super().__init__()
        self.case, self.sent = case, 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.sent += self.case.flood(2 * RATE, 1)["sent"]

    def end(self):
        self.ended.set()
        self.join()


class Limit(LabCase):
    starts_agent = False

    def setUp(self):
        self.addCleanup(self.end)
        self.lab.program = WEIR
        self.lab.start_agent()
        self.lab.enforce(LIMITED)

    def end(self):
        self.lab.end_agent()
        self.lab.program = WEIR
        self.assert_done(self.lab.detach())

    def flood(self, rate, seconds):
        return self.frontend.do("flood", host=self.backend.addr4, port=PORT, size=64, rate=rate, seconds=seconds)

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
        warm_up = self.flood(20 * RATE, 0.5)  # uses up the burst
        sending = Sending(self)
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
        self.assertLessEqual(limit["passedPackets"], len(stamps))
        self.assertLessEqual(limit["passedPackets"] + limit["droppedPackets"], sent)
        self.assertGreater(limit["passedPackets"] + limit["droppedPackets"], (1 - UNCOUNTED) * sent)


if __name__ == "__main__":
    if not os.access(NEXT, os.X_OK):
        skip_all("needs the other versions: make tests")
    main()
