#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random moments: no packet outside the last committed policy, no connection lost, the next start is well.

WEIR_TEST_LONG=1 kills 300 times instead of 25. WEIR_SEED chooses other moments.
"""
import os
import random
import threading
import time

from case import main
from crash import Flipper
from crash_case import IS_LONG, CrashCase
from netns import PATIENCE

KILLS = 300 if IS_LONG else 25
SEED = int(os.environ.get("WEIR_SEED") or 1)
PAUSE = 1.5  # s, the longest between two applies
CHANGED_FILES = 0.05  # s, between two
STARTING, STARTED = 0.6, 0.8  # s: within these a kill comes, in the midst of a start or after it


class RandomMoments(CrashCase):
    def test_kills(self):
        """kills at random moments, while policies that exclude each other are applied and pods come and go"""
        chance = random.Random(SEED)
        self.churn()
        for i in range(KILLS):
            if i % 5 == 4:
                self.guest()
            time.sleep(chance.random() * (STARTING if i % 2 else STARTED) * PATIENCE)
            self.kill()
            if i % 2:
                self.start_well()
            else:
                self.lab.launch_agent()
        self.end_churn()
        if self.lab.agent:
            self.kill()
        self.start_well()
        self.assertTrue(any(answered is None for _, answered, _ in self.flips.turns), "no apply was cut off")
        self.assertGreater(sum(1 for _ in self.flips.certain()), KILLS / 10)
        self.assert_tidy()
        self.tell(KILLS, self.end_probes())

    def churn(self):
        self.ended = threading.Event()
        self.flipper = Flipper(self.flips, SEED, PAUSE)

        def change_files():
            while not self.ended.wait(CHANGED_FILES):
                self.ghosts.change()
        self.changer = threading.Thread(target=change_files, daemon=True)
        self.addCleanup(self.end_churn)
        self.flipper.start()
        self.changer.start()

    def end_churn(self):
        self.ended.set()
        self.changer.join(5)
        self.flipper.end()

    def guest(self):
        """A pod that comes and goes, with its interface."""
        if "guest" in self.lab.pods:
            self.lab.remove_pod("guest")
        else:
            self.lab.add_pod("guest")


if __name__ == "__main__":
    main()
