#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir-cni behind the bridge, ptp and host-local plugins of Debian, called as a container runtime calls them."""
import os

from case import LabCase, main, skip_all
from cni import PLUGINS, CniPod, Refused, conflist
from core_cases import ALLOW_FRONTEND


class Plugins:
    """The life of pods whose network is made by plugins; the class says which."""

    plugin = None

    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop", team="web")

    def setUp(self):
        super().setUp()
        self.config = conflist(self.lab, self.plugin)

    def pod(self, name, *, config=None, **about):
        """A pod that is known, has its network, and is taken away after the test."""
        pod = CniPod(self.lab, name, **about)
        self.addCleanup(self.remove, pod)
        pod.announce()
        self.lab.settle()
        pod.add(config or self.config)
        return pod

    def remove(self, pod):
        pod.withdraw()
        pod.delete(self.config)
        pod.close()
        self.lab.settle()

    def attachments(self):
        return self.lab.weir_json("get", "endpoints")["items"]

    def test_enforced(self):
        """when ADD returns the pod is enforced, with the addresses that the plugins gave it"""
        self.lab.enforce(ALLOW_FRONTEND)
        backend, frontend, intruder = (self.pod(n) for n in ("backend", "frontend", "intruder"))
        items = {e["pod"]: e for e in self.attachments()}
        for pod in (backend, frontend, intruder):
            found = items[pod.name]
            self.assertEqual((found["interface"], found["found"], found["state"]),
                             (pod.interface, "plugin", "enforced"))
            self.assertEqual(sorted(found["addresses"]), sorted([pod.addr4, pod.addr6]))
            self.assertEqual(found["checks"], ["mac", "address"])
        self.assert_open(frontend, backend)
        self.assert_open(frontend, backend, family=6)
        self.assert_shut(intruder, backend)
        self.assert_shut(intruder, backend, family=6)

    def test_forgotten(self):
        """DEL takes the attachment back, again and again"""
        backend = self.pod("backend")
        backend.delete(self.config)
        self.assertEqual(self.attachments(), [])
        backend.delete(self.config)


class Bridge(Plugins, LabCase):
    plugin = "bridge"


class PointToPoint(Plugins, LabCase):
    plugin = "ptp"


if __name__ == "__main__":
    if not os.access(os.path.join(PLUGINS, "bridge"), os.X_OK):
        skip_all("needs the package containernetworking-plugins")
    main()
