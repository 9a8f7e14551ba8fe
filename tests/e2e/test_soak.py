#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent is as large after a long time of everything as it was before.

$SOAK_MINUTES is how long (0.5; `make soak` has an hour). Rounds of pods that come and go, policies, readers, captures
and strangers at the hooks; ten times in between the agent is measured. From the second tenth on nothing may grow."""
import contextlib
import os
import re
import subprocess
import time

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from kernel import BPFTOOL, held_by
from lab import FORGETFUL, WEIR, die_with_parent

MINUTES = float(os.environ.get("SOAK_MINUTES", "0.5"))
TENTHS = 10
# What is kept within bounds and not full after a tenth of a short run: the agent's 1,024 events of its own (300 bytes
# each), interned names, and what malloc keeps of its arenas. Not of a size that grows with the run: in an hour (3,000
# rounds or so) 350 bytes a round would be seen.
RSS_TOLERANCE_KIB = 1024
POLICIES = 16  # names that are used in turn, as the numbers of a name that is gone are kept for ten minutes


class Soak(LabCase):
    env = FORGETFUL
    settings = {"eventHistory": 256, "sweepSeconds": 1}

    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.lab.add_pod("guest")

    def setUp(self):
        self.lab.enforce(None)
        self.followers, self.fewest = [], None
        self.addCleanup(self.end_followers)

    # --- rounds --------------------------------------------------------------

    def end_followers(self):
        while self.followers:
            follower = self.followers.pop()
            follower.kill()
            follower.wait(5)

    def follow(self):
        """One reader of events goes, and another comes."""
        if len(self.followers) > 1:
            follower = self.followers.pop(0)
            follower.kill()
            follower.wait(5)
        # pylint: disable=consider-using-with
        self.followers.append(subprocess.Popen(
            [*self.lab.node.enter(), WEIR, "--socket", self.lab.socket, "observe", "-f", "-o", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent))

    def churn_pod(self, n):
        self.guest.withdraw()
        self.guest.unplug()
        self.guest.labels = {"app": "guest", "turn": str(n % 4)}
        self.guest.plug_again()
        self.guest.announce()

    def churn_policy(self, n):
        self.lab.write("policy.yaml", ALLOW_FRONTEND if n % 2 else ISOLATE_BACKEND)
        applied = policy("podSelector: {matchLabels: {app: monitor}}", name=f"soak-{n % POLICIES}")
        self.assert_done(self.lab.weir("apply", "-f", "-", stdin=applied))
        if n % 4 == 0:
            self.assertEqual(self.lab.weir("apply", "-f", "-", stdin="kind: NetworkPolicy\nspec: [").returncode, 1)
        self.assert_done(self.lab.weir("delete", "-f", "-", stdin=applied))

    def read(self, n):
        self.assert_done(self.lab.weir("metrics"))
        for words in (["status"], ["get", "flows"], ["get", "endpoints"], ["explain", "shop/frontend",
                                                                          "shop/backend:8080"])[n % 4:n % 4 + 1]:
            self.assertLess(self.lab.weir(*words).returncode, 2)
        if n % 3 == 0:
            path = os.path.join(self.lab.dir, "soak.pcapng")
            self.assertLess(self.lab.weir("capture", "--seconds", "1", "--count", "1", "-w", path).returncode, 2)
        if n % 2 == 0:
            self.follow()

    def disturb(self):
        """Somebody detaches a link, and the agent puts it back."""
        before = self.lab.metric("weir_agent_events_total", type="hook-restored")
        ifindex = self.lab.interface(self.monitor.interface)["ifindex"]
        subprocess.run([*self.lab.node.enter(), BPFTOOL, "link", "detach", "pinned",
                        f"{self.lab.bpffs}/links/{ifindex}-egress"], check=True, capture_output=True)
        self.lab.until(lambda: self.lab.metric("weir_agent_events_total", type="hook-restored") > before,
                       "the link is put back", 15)

    def round(self, n):
        self.churn_pod(n)
        self.churn_policy(n)
        self.read(n)
        self.lab.settle()
        self.assert_open(self.guest, self.frontend)
        if n % 2:
            self.assert_open(self.frontend, self.backend)
        else:
            self.assert_shut(self.frontend, self.backend)
        if n % 20 == 10:
            self.disturb()

    # --- figures -------------------------------------------------------------

    def figures(self):
        """What the agent holds, with no reader and after a sweep."""
        self.end_followers()
        self.lab.settle()
        pid = self.lab.agent.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            rss = int(re.search(r"RssAnon:\s+(\d+)", f.read())[1])
        descriptors = self.at_rest(pid)
        held = {kind: len(ids) for kind, ids in held_by(pid).items()}
        return {"rss": rss, "descriptors": descriptors, **held, "pins": len(self.lab.pins())}

    def at_rest(self, pid):
        """Open descriptors. A reader that has gone is noticed within a second or two: by then they are as few as ever."""
        def count():
            return len(os.listdir(f"/proc/{pid}/fd"))
        with contextlib.suppress(AssertionError):
            self.lab.until(lambda: self.fewest and count() <= self.fewest, "", 3)
        self.fewest = min(self.fewest or count(), count())
        return count()

    def test_flat(self):
        """memory, descriptors, BPF objects and pins do not grow while everything comes and goes"""
        begun, n, seen = time.monotonic(), 0, []
        while len(seen) < TENTHS:
            self.round(n)
            n += 1
            if time.monotonic() - begun >= MINUTES * 60 * (len(seen) + 1) / TENTHS:
                seen.append(self.figures())
                print(f"# {time.monotonic() - begun:.0f} s, {n} rounds: {seen[-1]}", flush=True)
        first = seen[1]
        for figure in first:
            most, tolerance = max(s[figure] for s in seen[2:]), RSS_TOLERANCE_KIB if figure == "rss" else 0
            self.assertLessEqual(most, first[figure] + tolerance, f"{figure} grows: {[s[figure] for s in seen]}")


if __name__ == "__main__":
    main()
