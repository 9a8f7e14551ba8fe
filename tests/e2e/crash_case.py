# SPDX-License-Identifier: BSD-2-Clause
"""A lab under traffic whose agent is killed and started again."""
import os
import signal
import statistics
import time

from case import OPEN_WAIT, LabCase
from crash import SIDES, Flips, Ghosts, Probes

PODS = ("backend", "steady", "left", "right", "intruder")
IS_LONG = os.environ.get("WEIR_TEST_LONG") == "1"


class CrashCase(LabCase):
    """Each test starts with an agent, with the left side's policy in force, and with everything under way."""

    starts_agent = False

    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop")
        for name in PODS:
            cls.lab.add_pod(name)

    def setUp(self):
        self.took = []
        self.ghosts = Ghosts(self.lab)
        for name in PODS:
            self.addCleanup(self.lab.pods[name].do, "hush")
        self.addCleanup(self.lab.end_agent, signal.SIGKILL)
        self.begin()

    def begin(self):
        self.lab.start_agent()
        self.flips = Flips(self.lab)
        self.assertTrue(self.flips.apply(SIDES[0]))
        self.probes = Probes(self.lab, OPEN_WAIT)

    def kill(self):
        """It may have been killed already; nothing else ends it."""
        self.assertIn(self.lab.agent.poll(), (None, -signal.SIGKILL), f"it ended by itself{self.lab.log_tail()}")
        self.lab.end_agent(signal.SIGKILL)

    def start_well(self, launcher=()):
        """The next start needs nobody's help."""
        begun = time.monotonic()
        self.lab.launch_agent(launcher)
        self.lab.until(self.is_settled, "the agent settles", 20)
        self.took.append(time.monotonic() - begun)

    def is_settled(self):
        self.assertIsNone(self.lab.agent.poll(), f"the agent ended{self.lab.log_tail()}")
        return os.path.exists(self.lab.socket) and self.lab.weir("wait", "--settled", "--timeout", "5").returncode == 0

    def end_probes(self):
        """All verdicts of all the time were right."""
        wrong, figures = self.probes.end(self.flips)
        self.assertEqual(wrong[:20], [], f"{len(wrong)} wrong in all, of {figures}{self.lab.log_tail()}")
        self.assertGreater(figures["fewest"], 0)
        return figures

    def assert_side(self, side):
        """New connections say who is let in."""
        for name in SIDES:
            opened, shut = ([(self.backend, 8080, "TCP", 4)], [])[::1 if name == side else -1]
            self.assert_each(self.lab.pods[name], opened, shut)

    def assert_tidy(self):
        """Nothing is damaged, and what is on disk and pinned is what one agent leaves."""
        status = self.lab.status()
        self.assertEqual(status["degraded"], [])
        self.assertEqual([w for w in status["warnings"] if "kept as" in w], [])
        odd = [n for n in os.listdir(self.lab.state) if n.endswith(".bad")]
        self.assertEqual(odd, [])
        self.assertLessEqual(sum(n.startswith(".") for n in os.listdir(self.lab.state)), 5)
        images = [p for p in self.lab.pins() if "/image-" in p]
        self.assertEqual(len(images), 1, images)

    def tell(self, kills, figures):
        took = sorted(self.took) or [0]
        print(f"# {kills} kills, {figures['probes']} verdicts and {figures['connections']} connections without a fault; "
              f"the longest echo took {figures['longest'] * 1e3:.0f} ms; in order again after a median of "
              f"{statistics.median(took) * 1e3:.0f} ms, at most {took[-1] * 1e3:.0f} ms")
