#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Traffic while pods come and go in the API, while the API goes away, and while the agent is replaced.

WEIR_TEST_LONG=1 has pods come and go for a minute instead of ten seconds.
"""
import signal
import statistics
import time

import case
from kube_case import IS_LONG, PODS, KubeCase, isolate, make_pod
from kube_churn import Churn
from kube_crowd import Crowd, cold_start, memory

PORT = 9000
RATE = 500
PODS_PER_SECOND = 100
CROWD_PODS, CROWD_POLICIES = 500, 50  # bench/kube_scale.py has ten times as many
CHURN_SECONDS = 60 if IS_LONG else 10
TURN_SECONDS = 0.4  # between changes of the pods that are watched
CONVERGED_SECONDS = 2.0  # beyond this a wrong verdict is one, on the busiest machine; what it took is printed


class Story:
    """What a sender may do, as the API was told: from when on, at the latest and at the earliest."""

    def __init__(self, allowed):
        self.turns = [(float("-inf"), float("-inf"), allowed)]

    def change(self, allowed, request):
        asked = time.monotonic()
        request()
        self.turns.append((asked, time.monotonic(), allowed))

    def judge(self, sent, heard):
        """Wrong verdicts after convergence, and how many ms each change took to hold for good."""
        wrong, took = [], []
        for i, (_, answered, allowed) in enumerate(self.turns):
            until = self.turns[i + 1][0] if i + 1 < len(self.turns) else float("inf")
            bad = [at for number, at in enumerate(sent) if answered <= at < until and (number in heard) != allowed]
            wrong += [at - answered for at in bad if at - answered > CONVERGED_SECONDS]
            if i and until - answered > TURN_SECONDS / 2:
                took.append((max(bad) - answered) * 1e3 if bad else 0.0)
        return wrong, took


class Traffic(KubeCase):
    """frontend may reach backend; intruder may not; turncoat is one and the other; guest comes and goes."""

    pods = ("frontend", "backend", "intruder", "turncoat", "guest")
    senders = ("frontend", "intruder", "turncoat", "guest")

    def setUp(self):
        super().setUp()
        self.put(isolate("backend", "backend", ["frontend", "guest"], [{"port": PORT, "protocol": "UDP"}, {"port": 8080}]))
        self.until_policies(1)
        self.lab.settle()
        self.stories = {name: Story(name in ("frontend", "guest")) for name in self.senders}
        self.netns = f"/run/netns/{self.lab.node.netns}"
        self.is_there = True

    def begin_probes(self):
        self.addCleanup(self.backend.do, "hush")
        self.backend.do("ear", port=PORT)
        for number, name in enumerate(self.senders):
            self.addCleanup(self.lab.pods[name].do, "hush")
            self.lab.pods[name].do("pulse", number=number, host=self.backend.addr4, port=PORT, rate=RATE)

    def end_probes(self):
        """No verdict was wrong; what the changes took."""
        sent = [self.lab.pods[name].do("pulse_end", number=n) for n, name in enumerate(self.senders)]
        time.sleep(0.1)  # the last ones are under way
        heard = self.backend.do("ear_end", port=PORT)
        took = []
        for number, name in enumerate(self.senders):
            self.assertGreater(len(sent[number]), 0)
            wrong, times = self.stories[name].judge(sent[number], set(heard.get(str(number), [])))
            self.assertEqual(wrong, [], f"{name}: wrong verdicts so many seconds after the API's word"
                             f"{self.lab.log_tail()}")
            took += times
        # What never changed has no time in which it may be wrong.
        self.assertEqual(len(sent[0]) - len(set(heard["0"])), 0, f"permitted datagrams were lost{self.lab.log_tail()}")
        self.assertEqual(heard.get("1", []), [], f"denied datagrams came{self.lab.log_tail()}")
        return took

    def turn(self, i):
        """One of the pods that are watched changes."""
        if i % 2:
            name = ("frontend", "intruder")[i // 2 % 2]
            self.stories["turncoat"].change(name == "frontend", lambda: self.relabel("turncoat", name))
        elif self.is_there:
            self.stories["guest"].change(False, lambda: self.api.request(
                "DELETE", f"{PODS}/guest?gracePeriodSeconds=0"))
            self.is_there = False
        else:
            self.stories["guest"].change(True, lambda: make_pod(self.api, self.guest.manifest()))
            self.is_there = True

    def calm_down(self):
        """As it was in the beginning."""
        if not self.is_there:
            make_pod(self.api, self.guest.manifest())
        self.relabel("turncoat", "turncoat")
        self.api.request("DELETE", f"{PODS}?labelSelector=app%20in%20(frontend,intruder,other)"
                         "&fieldSelector=spec.nodeName%3Dnode-2&gracePeriodSeconds=0")

    def tell(self, what, took):
        took = sorted(took)
        print(f"# {what}: {len(took)} changes held after a median of {statistics.median(took):.0f} ms, "
              f"p99 {took[int(len(took) * 0.99)]:.0f} ms, longest {took[-1]:.0f} ms")

    def test_churn(self):
        """pods that come, change and go are judged by what they are, among many that do the same"""
        self.addCleanup(self.calm_down)
        self.begin_probes()
        churn = Churn(self.api, self.netns, PODS_PER_SECOND).start()
        i = 0
        while time.monotonic() < churn.begun + CHURN_SECONDS:
            time.sleep(TURN_SECONDS)
            self.turn(i)
            i += 1
        done = churn.stop()
        took = self.end_probes()
        self.assertEqual(done["failures"], [])
        self.tell(f"{done['pods'] / done['seconds']:.0f} pods/s for {done['seconds']:.0f} s", took)

    def test_killed_server(self):
        """a server that is killed and started again amid it costs nothing but time"""
        self.addCleanup(self.calm_down)
        self.begin_probes()
        churn = Churn(self.api, self.netns, PODS_PER_SECOND / 5).start()
        time.sleep(1)
        self.api.restart_api()
        time.sleep(1)
        done = churn.stop()
        self.assertGreater(done["pods"], 0)
        self.until_well()
        self.stories["turncoat"].change(True, lambda: self.relabel("turncoat", "frontend"))
        self.lab.until(lambda: self.is_open(self.turncoat, self.backend), "what changes then is enforced", 35)
        self.end_probes()

    def test_restarts(self):
        """an agent that is replaced during traffic loses no permitted packet and passes no denied one"""
        self.begin_probes()
        talks = self.frontend.do("talks_begin", host=self.backend.addr4, port=8080, count=5, wait=case.OPEN_WAIT)
        for i in range(8 if IS_LONG else 4):
            self.lab.end_agent(signal.SIGKILL if i % 2 else signal.SIGTERM)
            self.lab.start_agent()
            self.until_well()
        said = self.frontend.do("talks_end", number=talks)
        self.end_probes()
        self.assertEqual(said["errors"], [])
        self.assertGreater(said["fewest"], 10)
        print(f"# the longest of {said['fewest']} echoes took {said['longest'] * 1e3:.0f} ms")

    def test_zz_crowd(self):
        """hundreds of pods and policies are all taken in, by an agent that finds nothing of itself"""
        Crowd(self.api, self.netns, CROWD_PODS, CROWD_POLICIES).fill()
        seconds = cold_start(self.lab)
        self.assertEqual(self.lab.status()["policy"]["pods"], CROWD_PODS + len(self.pods))
        self.assertEqual(len(self.policies()), CROWD_POLICIES + 1)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        print(f"# in force {seconds * 1e3:.0f} ms after the start, {memory(self.lab.agent.pid)[0]:.0f} MiB")


if __name__ == "__main__":
    case.main()
