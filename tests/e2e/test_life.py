#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent comes and goes; enforcement stays until it is told to go."""
import os
import signal
import subprocess

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from kernel import all_ids, interface_state, owned, pinned
from lab import Lab


ALLOW_FRONTEND_ALL = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
    """)


class Life(LabCase):
    """Each test starts with an agent that lets frontend into backend, and one open connection."""

    def setUp(self):
        if self.lab.agent is None:
            self.lab.start_agent()
        self.lab.enforce(ALLOW_FRONTEND_ALL)
        self.explains_drops()
        self.connection = self.connect(self.frontend, self.backend)
        self.datagrams = self.connect(self.frontend, self.backend, 53, "UDP", 6)

    def assert_enforced(self):
        self.assert_talks(self.frontend, self.connection)
        self.assert_talks(self.frontend, self.datagrams)
        self.assert_open(self.frontend, self.backend)
        self.assert_each(self.intruder, [(self.frontend, 80, "TCP", 4)],
                         [(self.backend, 8080, "TCP", 4), (self.backend, 8080, "TCP", 6)])

    def kept_maps(self):
        return {path: number for path, (kind, number) in pinned(self.lab.bpffs).items()
                if kind == "map" and "/image-" not in path}

    def test_stopped(self):
        """SIGTERM ends the agent in order, and what was enforced goes on being enforced"""
        self.assertEqual(self.lab.end_agent(), 0)
        self.assert_enforced()
        self.assertFalse(os.path.exists(self.lab.socket), "the control socket is left")

    def test_restarted(self):
        """a restarted agent takes over the maps, and open connections never notice"""
        before = self.kept_maps()
        self.assertTrue(before, "nothing is pinned")
        self.lab.end_agent()
        self.assert_enforced()
        self.lab.start_agent()
        self.assert_enforced()
        self.assertEqual(self.kept_maps(), before)

    def test_killed(self):
        """kill -9 changes nothing for packets, and the next agent starts over it"""
        before = self.kept_maps()
        self.assertEqual(self.lab.end_agent(signal.SIGKILL), -signal.SIGKILL)
        self.assert_enforced()
        self.lab.start_agent()
        self.assert_enforced()
        self.assertEqual(self.kept_maps(), before)

    def test_changed_while_away(self):
        """what changed while the agent was away is enforced when it is back, also on open connections"""
        self.lab.end_agent()
        self.lab.write("policy.yaml", ISOLATE_BACKEND)
        self.lab.start_agent()
        self.assert_silent(self.frontend, self.connection)
        self.assert_shut(self.frontend, self.backend)

    def test_pod_gone_while_away(self):
        """a pod that went while the agent was away is forgotten when it is back"""
        guest = self.lab.add_pod("guest")
        self.lab.settle()
        self.lab.end_agent()
        self.lab.remove_pod("guest")
        self.lab.start_agent()
        self.assertIsNone(self.lab.interface(guest.interface))
        self.assertNotIn(f"/{guest.interface}", " ".join(self.lab.pins()))

    def test_pod_new_while_away(self):
        """a pod that came while the agent was away is enforced when it is back"""
        self.lab.end_agent()
        vault = self.lab.add_pod("vault")
        self.addCleanup(self.lab.remove_pod, "vault")
        self.lab.write("vault.yaml", policy("podSelector: {matchLabels: {app: vault}}", name="vault"))
        self.addCleanup(self.lab.remove, "vault.yaml")
        self.lab.start_agent()
        self.assert_shut(self.frontend, vault)
        self.assert_open(vault, self.frontend)

    def test_store_survives(self):
        """what weir apply brought is still in force after a restart"""
        applied = policy("podSelector: {matchLabels: {app: monitor}}", name="applied", namespace="ops")
        self.assert_done(self.lab.weir("apply", "-f", "-", stdin=applied))
        self.assert_shut(self.frontend, self.monitor)
        self.lab.end_agent()
        self.assert_shut(self.frontend, self.monitor)
        self.lab.start_agent()
        self.assert_shut(self.frontend, self.monitor)
        self.assert_done(self.lab.weir("delete", "-f", "-", stdin=applied))
        self.assert_open(self.frontend, self.monitor)

    def test_counters_go_on(self):
        """counters go on from where they were across a restart"""
        self.assert_shut(self.intruder, self.backend, 53, "UDP")
        before = self.drops()
        self.assertGreater(before, 0)
        self.lab.end_agent()
        self.assert_shut(self.intruder, self.backend, 53, "UDP")
        self.lab.start_agent()
        self.assertEqual(self.drops(), before + 1)

    def drops(self):
        text = self.assert_done(self.lab.weir("metrics"))
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("weir_packets_total{") and 'reason="policy-default"' in line)

    def test_second_agent(self):
        """a second agent on the same directories is refused in one line and harms nothing"""
        done = subprocess.run([*self.lab.node.enter(), *self.lab.agent_words()], capture_output=True, text=True,
                              timeout=20, check=False)
        self.assert_fails(done, 1)
        self.assert_enforced()
        self.assert_done(self.lab.weir("status"))

    def test_hangup(self):
        """SIGHUP has the agent read its sources again, and nothing else happens"""
        self.lab.agent.send_signal(signal.SIGHUP)
        self.lab.settle()
        self.assert_enforced()
        self.assertIsNone(self.lab.agent.poll())


class Detach(LabCase):
    starts_agent = False

    @classmethod
    def build(cls):
        shop(cls.lab, xdp=["frontend"])
        cls.states = cls.interface_states()

    @classmethod
    def interface_states(cls):
        names = [p.interface for p in cls.lab.pods.values()] + ["up0", "lo"]
        return {name: interface_state(cls.lab.node, name) for name in names}

    def setUp(self):
        self.addCleanup(self.lab.end_agent)
        self.lab.start_agent()
        self.explains_drops()

    def round(self):
        """Enforce, end the agent, detach; what had been ours is gone."""
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        ours = owned(self.lab)
        for kind, numbers in ours.items():
            if kind != "link" or "clsact" not in self.lab.env.values():
                self.assertTrue(numbers, f"no {kind} of ours was found")
        self.lab.end_agent()
        self.assert_done(self.lab.detach())
        self.lab.until(lambda: not any(all_ids()[k] & ours[k] for k in ours),
                       f"the BPF objects {ours} are gone", 10)
        self.assertEqual(self.interface_states(), self.states)
        self.assertFalse(os.path.exists(self.lab.bpffs), "the bpffs directory is left")
        self.assert_open(self.intruder, self.backend)

    def test_nothing_left(self):
        """detach leaves no program, map, link, pin, qdisc, filter or changed offload behind"""
        self.round()

    def test_nothing_left_clsact(self):
        """detach leaves nothing behind with clsact either"""
        self.lab.end_agent()
        self.assert_done(self.lab.detach())
        self.lab.env["WEIR_HOOK"] = "clsact"
        self.addCleanup(self.lab.env.clear)
        self.lab.start_agent()
        self.round()

    def test_nothing_there(self):
        """detaching where nothing is attached is done at once"""
        self.lab.end_agent()
        self.assert_done(self.lab.detach())
        self.assert_done(self.lab.detach())


class TwoAgents(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = shop(Lab("other"))
        cls.addClassCleanup(cls.other.close)
        cls.other.start_agent()

    def test_side_by_side(self):
        """two agents with directories of their own enforce different policies side by side"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.other.enforce(ALLOW_FRONTEND)
        self.assert_shut(self.frontend, self.backend)
        self.assert_open(self.other.pods["frontend"], self.other.pods["backend"])
        self.assert_shut(self.other.pods["intruder"], self.other.pods["backend"])

    def test_one_goes(self):
        """ending and detaching one agent leaves the other as it was"""
        self.lab.enforce(ISOLATE_BACKEND)
        self.other.end_agent()
        self.assert_done(self.other.detach())
        self.assert_open(self.other.pods["intruder"], self.other.pods["backend"])
        self.assert_shut(self.frontend, self.backend)
        self.other.start_agent()


if __name__ == "__main__":
    main()
