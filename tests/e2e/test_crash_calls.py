#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 before each system call by which the agent changes something outside itself.

A few of each scene; WEIR_TEST_LONG=1 has all of them.
"""
import os
import signal
import time

import calls
from case import main
from crash import LARGE, SIDES, Flips
from crash_case import IS_LONG, CrashCase

FEWEST_DIED = 0.5  # of those that were to: between two runs the agent's calls differ a little


class Walk(CrashCase):
    @property
    def trace(self):
        return os.path.join(self.lab.dir, "calls")

    def chosen(self, count):
        found = calls.changing(self.trace)
        self.assertGreater(len(found), 3, found)
        return calls.spread(found, None if IS_LONG else count)

    def walk(self, chosen, scene, then=lambda: None):
        """The scene for each of the calls; then the next start is well, and what is to be then."""
        died = 0
        for call, number, text in chosen:
            died += bool(scene(call, number))
            if self.lab.agent:
                self.kill()
            with self.subTest(killed_before=text[:120]):
                self.start_well()
                self.assert_tidy()
                then()
        self.assertGreaterEqual(died, len(chosen) * FEWEST_DIED, "the agent was hardly ever killed")
        return died

    def dies(self, call, number, act):
        """Whether it dies of this call of its own while this is done."""
        agent = self.lab.agent
        tracer = calls.on(agent.pid, call, number, self.lab.until)
        try:
            act()
            self.lab.until(lambda: agent.poll() is not None, "it is killed", 1)
        except AssertionError:
            pass
        finally:
            tracer.end()
        return agent.poll() == -signal.SIGKILL

    def record(self, act):
        tracer = calls.record(self.lab.agent.pid, self.trace, self.lab.until)
        act()
        time.sleep(0.3)  # what follows of itself
        tracer.end()

    def until_it_dies(self):
        """Or is in order, as it is not killed."""
        self.lab.until(lambda: self.lab.agent.poll() is not None or (
            os.path.exists(self.lab.socket) and self.lab.weir("wait", "--settled", "--timeout", "1").returncode == 0),
            "it ends", 30)


class Calls(Walk):
    def flip(self):
        self.flips.apply(SIDES[len(self.flips.turns) % 2])

    def test_start(self):
        """kills during a start over what is enforced"""
        self.kill()
        self.lab.launch_agent(calls.recorder(self.trace))
        self.lab.until(self.is_settled, "the agent settles", 30)
        self.kill()

        def scene(call, number):
            agent = self.lab.agent
            if agent:
                self.kill()
            self.lab.launch_agent(calls.killer(call, number))
            self.until_it_dies()
            return self.lab.agent.poll() == -signal.SIGKILL
        died = self.walk(self.chosen(3), scene)
        self.tell(died, self.end_probes())

    def test_apply(self):
        """kills during an apply"""
        self.record(self.flip)
        died = self.walk(self.chosen(5), lambda call, number: self.dies(call, number, self.flip))
        self.tell(died, self.end_probes())

    # --- a pod of its own, and new labels each time ---

    def guest_comes(self):
        self.lab.add_pod("guest", labels={"app": f"guest{len(self.took)}"})

    def guest_goes(self):
        self.lab.remove_pod("guest")

    def guest(self, act, opposite, count):
        is_there = act == self.guest_goes

        def prepare():
            if ("guest" in self.lab.pods) != is_there:
                opposite()
                self.lab.settle()
        prepare()
        self.record(act)

        def scene(call, number):
            prepare()
            return self.dies(call, number, act)
        died = self.walk(self.chosen(count), scene)
        self.tell(died, self.end_probes())

    def test_pod_comes(self):
        """kills while a pod comes"""
        self.guest(self.guest_comes, self.guest_goes, 2)

    def test_pod_goes(self):
        """kills while a pod goes"""
        self.guest(self.guest_goes, self.guest_comes, 2)

    def test_end(self):
        """kills while the agent ends in order"""
        def end():
            self.lab.agent.send_signal(signal.SIGTERM)
            self.lab.agent.wait(10)
        self.record(end)
        self.lab.agent = None
        self.start_well()

        def scene(call, number):
            died = self.dies(call, number, end)
            self.lab.agent = None
            return died
        died = self.walk(self.chosen(2), scene)
        self.tell(died, self.end_probes())


class Afresh(Walk):
    """What happens once in the life of pins: each time they are taken away before."""

    settings = {"imageWords": 1024}

    def begin(self):
        """Nothing runs yet."""

    def begin_afresh(self):
        if self.lab.agent:
            self.kill()
        self.lab.detach()
        super().begin()

    def test_first_start(self):
        """kills during the very first start"""
        self.lab.start_agent()
        self.flips = Flips(self.lab)
        self.flips.apply(SIDES[0])
        self.kill()
        self.lab.detach()
        self.lab.launch_agent(calls.recorder(self.trace))
        self.lab.until(self.is_settled, "the agent settles", 30)

        def scene(call, number):
            self.kill()
            self.lab.detach()
            self.lab.launch_agent(calls.killer(call, number))
            self.until_it_dies()
            return self.lab.agent.poll() == -signal.SIGKILL

        def then():
            self.assert_each(self.left, [(self.backend, 8080, "TCP", 4)], [])
            self.assert_each(self.intruder, [], [(self.backend, 8080, "TCP", 4)])
        self.walk(self.chosen(2), scene, then)

    def test_grow(self):
        """kills while larger images are made room for"""
        self.begin_afresh()
        before = self.lab.status()["policy"]["imageCapacity"]

        def grow():
            self.lab.write("large.yaml", LARGE)
            self.lab.until(lambda: self.lab.agent.poll() is not None or
                           self.lab.weir("wait", "--settled", "--timeout", "1").returncode == 0, "it is large", 10)
        self.addCleanup(self.lab.remove, "large.yaml")
        self.record(grow)
        self.assertGreater(self.lab.status()["policy"]["imageCapacity"], before)
        died = 0
        for call, number, text in self.chosen(3):
            self.end_probes()
            self.lab.remove("large.yaml")
            self.begin_afresh()
            self.assertEqual(self.lab.status()["policy"]["imageCapacity"], before)
            died += self.dies(call, number, grow)  # a thread's calls are not the same ones each time
            with self.subTest(killed_before=text[:120]):
                self.kill()
                self.start_well()
                self.assert_tidy()
                self.assertGreater(self.lab.status()["policy"]["imageCapacity"], before)
        self.assertGreater(died, 0)
        self.tell(died, self.end_probes())


if __name__ == "__main__":
    main()
