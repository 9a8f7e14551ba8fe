#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""No image is put in force that says anything else than the objects."""
from case import LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy

CELL = "shop/guest ingress shop/frontend TCP/8080"
NAMED = "subject shop/guest ingress from shop/frontend TCP/8080: image says drop (policy-default), " \
        "objects say pass (policy-allow)"

# Nobody else is in the cell's classes.
POLICIES = ALLOW_FRONTEND + ALLOW_FRONTEND.replace("name: policy", "name: guest").replace("backend", "guest")


class Verify(LabCase):
    def test_status(self):
        """status says how the image in force was verified, and small ones are verified whole"""
        self.lab.enforce(ALLOW_FRONTEND)
        verified = self.lab.status()["verified"]
        self.assertFalse(verified["sampled"])
        self.assertEqual(verified["cells"], verified["of"])
        self.assertGreater(verified["cells"], 20)
        self.assertIn(f"all {verified['of']} cells", self.lab.weir("status").stdout)


class Refused(LabCase):
    """The agent's images are made wrong in one cell as soon as there is a pod named guest."""

    env = {"WEIR_TEST_CORRUPT_CELL": CELL}

    def add_guest(self):
        self.addCleanup(self.remove_guest)
        self.lab.add_pod("guest")

    def remove_guest(self):
        self.lab.remove_pod("guest")
        self.lab.settle()

    def test_refused(self):
        """an image that is wrong in one cell is refused, the cell named, and the old policy stays enforced"""
        self.lab.enforce(POLICIES)
        revision = self.lab.status()["revision"]
        self.add_guest()
        done = self.lab.weir("wait", "--settled", "--timeout", "1")
        self.assertEqual(done.returncode, 1)
        status = self.lab.status()
        self.assertEqual(status["revision"], revision)
        self.assertFalse(status["settled"])
        self.assertTrue([line for line in status["degraded"] if NAMED in line], status["degraded"])
        self.assertEqual(self.lab.weir("status").returncode, 1)
        self.assert_each(self.frontend, [(self.backend, 8080, "TCP", 4)], [(self.backend, 8081, "TCP", 4)])
        self.assert_shut(self.intruder, self.backend)

    def test_apply_refused(self):
        """apply fails with the cell named, and keeps nothing of what it sent"""
        self.lab.enforce(POLICIES)
        self.add_guest()
        self.lab.weir("wait", "--settled", "--timeout", "1")
        done = self.lab.weir("apply", "-f", "-", stdin=policy("podSelector: {}", name="other"))
        self.assert_fails(done, 1, NAMED)
        self.assertEqual([i["name"] for i in self.lab.weir_json("get", "policies")["items"]], ["guest", "policy"])
        self.assert_open(self.frontend, self.backend)

    def test_recovers(self):
        """once an image is right again it is put in force"""
        self.add_guest()
        self.lab.weir("wait", "--settled", "--timeout", "1")
        self.remove_guest()
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertEqual(self.lab.status()["degraded"], [])
        self.assert_shut(self.frontend, self.backend)
        self.lab.add_pod("guest", announce=False)


class WrongBit(LabCase):
    """One bit of the guest's limit is turned: the lowest of what a unit costs."""

    env = {"WEIR_TEST_CORRUPT_CELL": CELL + " limit 0 bit 64"}

    def test_refused(self):
        """an image with one wrong bit in a limit is refused, and the limit is named"""
        limited = policy("""
            podSelector: {matchLabels: {app: guest}}
            ingress: [{name: slow, limits: [{packetsPerSecond: 10}]}]
            """, kind="TrafficPolicy", name="guest")
        self.lab.enforce(limited)
        revision = self.lab.status()["revision"]
        self.lab.add_pod("guest")
        self.assertEqual(self.lab.weir("wait", "--settled", "--timeout", "1").returncode, 1)
        status = self.lab.status()
        self.assertEqual(status["revision"], revision)
        self.assertIn("limits[0] of TrafficPolicy shop/guest rule slow, rate: image says ", status["degraded"][0])


if __name__ == "__main__":
    main()
