#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rights that deploy/ gives the agent's container are enough, and none of them is one too many."""
import os
import subprocess
import tempfile

import yaml

import case
from case import LabCase, main
from core_cases import ALLOW_FRONTEND

DAEMONSET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/base/daemonset.yaml")
UPLINK = "up0"
LIMITED = """apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: limited, namespace: shop}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: frontend}}}]
    limits: [{connectionsPerSecond: 1000, per: Address}]
"""


def granted():
    """What the container of the agent has, as the kernel calls it."""
    with open(DAEMONSET, encoding="utf-8") as file:
        container = yaml.safe_load(file)["spec"]["template"]["spec"]["containers"][0]
    rights = container["securityContext"]["capabilities"]
    assert rights["drop"] == ["ALL"], rights
    return [name.lower() for name in rights["add"]]


def confine(rights):
    """The words that leave root these rights of its own, as a container runtime does."""
    return ["setpriv", "--bounding-set=" + ",".join(["-all", *(f"+{name}" for name in rights)]), "--inh-caps=-all",
            "--no-new-privs"]


class Enough(LabCase):
    """With exactly those rights the agent does all that it does."""

    starts_agent = False

    @classmethod
    def build(cls):
        case.shop(cls.lab, xdp=["monitor"])
        cls.lab.launcher = confine(granted())
        cls.lab.options += ["--uplink", UPLINK]
        cls.lab.start_agent()

    def test_attached(self):
        """every pod is enforced, by tc and XDP, with its MAC address read from the container's namespace"""
        self.assertEqual(self.lab.status()["degraded"], [])
        for interface in self.lab.status()["interfaces"]:
            self.assertEqual(interface["state"], "enforced", interface)
        self.assertEqual(self.lab.interface(self.monitor.interface)["xdp"], "native")
        for endpoint in self.lab.weir_json("get", "endpoints")["items"]:
            self.assertTrue(endpoint["mac"], endpoint)

    def test_judged(self):
        """policy is enforced, and explained by the loaded program"""
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        said = self.lab.weir("explain", "shop/intruder", "shop/backend:8080")
        self.assertEqual(said.returncode, 1, said.stderr)
        self.assertIn("the loaded program", said.stdout)

    def test_limits(self):
        """limits, their buckets and those of single addresses"""
        self.lab.enforce(LIMITED)
        self.assert_open(self.frontend, self.backend)
        self.assertEqual(self.lab.status()["degraded"], [])

    def test_capture(self):
        """packets are captured"""
        self.lab.enforce(ALLOW_FRONTEND)
        with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
            with subprocess.Popen([*self.lab.node.enter(), case.WEIR, "--socket", self.lab.socket, "capture", "-w",
                                   file.name, "--count", "1", "--seconds", "20"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as capture:
                self.lab.until(lambda: self.attempts(self.intruder, [(self.backend, 8080, "TCP", 4)], 0.1)
                               and capture.poll() is not None, "a packet is captured", 20)
                self.assertEqual(capture.returncode, 0, capture.stdout.read())
            self.assertGreater(os.path.getsize(file.name), 0)

    def test_restart(self):
        """what is pinned is found again, by an agent that was killed too"""
        self.lab.enforce(ALLOW_FRONTEND)
        self.lab.end_agent(9)
        self.assert_shut(self.intruder, self.backend)
        self.lab.start_agent()
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def test_pods(self):
        """pods come and go"""
        self.lab.enforce(ALLOW_FRONTEND)
        guest = self.lab.add_pod("guest")
        self.lab.settle()
        self.assert_shut(guest, self.backend)
        self.lab.remove_pod("guest")
        self.lab.settle()


class Detach(LabCase):
    """The uninstalling container has the same rights."""

    starts_agent = False

    def setUp(self):
        self.lab.launcher = confine(granted())

    def test_stays(self):
        """enforcement is taken out with them, and the container stays until it is ended"""
        self.lab.start_agent()
        self.lab.enforce(ALLOW_FRONTEND)
        self.lab.end_agent()
        self.assert_shut(self.intruder, self.backend)
        words = [*self.lab.node.enter(), *self.lab.launcher, case.WEIR, "detach", "--bpffs", self.lab.bpffs, "--stay"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as detach:
            self.assertIn("nothing of weir is left", detach.stdout.readline())
            self.assert_open(self.intruder, self.backend)
            self.assertIsNone(detach.poll())
            detach.terminate()
            self.assertEqual(detach.wait(10), 0)


class NotLess(LabCase):
    """Without one of them the agent says at once that it is not permitted."""

    starts_agent = False

    def setUp(self):
        pass

    def test_each(self):
        """each right is needed"""
        for name in granted():
            with self.subTest(right=name):
                self.refused_without(name)

    def refused_without(self, name):
        words = [*self.lab.node.enter(), *confine([right for right in granted() if right != name]),
                 *self.lab.agent_words()]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as agent:
            try:
                _, log = agent.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                agent.terminate()
                _, log = agent.communicate(timeout=10)
                self.fail(f"the agent runs without {name}: {log}")
        print(f"# without {name}: {log.strip().splitlines()[-1]}")
        self.assertEqual(agent.returncode, 1)
        self.assertRegex(log, "not permitted")


if __name__ == "__main__":
    main()
