#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What happens when pods, labels, interfaces and policies change under traffic."""
import json
import threading

from case import SHUT_WAIT, LabCase, main
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy
from kernel import interface_state
from netns import PATIENCE

ALLOW_GUEST = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {role: guest}}}]
    """)


class Change(LabCase):
    def guest(self, **about):
        """A pod of this test alone."""
        self.addCleanup(lambda: "guest" in self.lab.pods and self.lab.remove_pod("guest"))
        return self.lab.add_pod("guest", **about)

    def test_relabelled(self):
        """a new label takes effect at once, on new connections and on the next packet of open ones"""
        guest = self.guest(labels={"role": "guest"})
        self.lab.enforce(ALLOW_GUEST)
        connection = self.connect(guest, self.backend)
        datagrams = self.connect(guest, self.backend, 53, "UDP")
        guest.labels = {"role": "stranger"}
        guest.announce()
        self.lab.settle()
        self.assert_silent(guest, connection)
        self.assert_silent(guest, datagrams)
        self.assert_shut(guest, self.backend)
        guest.labels = {"role": "guest"}
        guest.announce()
        self.lab.settle()
        self.assert_open(guest, self.backend)
        self.assert_talks(guest, datagrams)

    def test_relabelled_under_load(self):
        """a pod whose labels change is never a stranger in between: not one new flow of its is dropped"""
        guest = self.guest(labels={"role": "guest", "version": "0"})
        crowd = [self.crowd(version=0)]
        self.lab.enforce(ALLOW_GUEST)
        before = self.lab.drops()
        load = threading.Thread(target=guest.do, args=("churn",), kwargs={
            "host": self.backend.addr4, "port": 9000, "seconds": 4 * PATIENCE})
        load.start()
        try:
            while load.is_alive():
                crowd.append(self.crowd(version=len(crowd)))
                guest.labels = {"role": "guest", "version": str(len(crowd))}
                guest.announce()
                self.lab.settle()
        finally:
            load.join()
            self.lab.remove("crowd.json")
        self.assertGreater(len(crowd), 10 / PATIENCE)
        self.assertEqual(self.lab.drops(), before)

    def crowd(self, version):
        """Makes the update of the kernel's tables after a swap take long."""
        return self.lab.write("crowd.json", {"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": f"crowd-{n}", "namespace": "ops", "labels": {"version": str(version)}},
             "status": {"podIPs": [{"ip": f"10.100.{n // 250}.{n % 250}"}]}} for n in range(2000)]})

    def test_subject_relabelled(self):
        """a pod that comes under a policy by its label is isolated at once, open connections included"""
        guest = self.guest(labels={"role": "guest"})
        self.lab.enforce(policy("podSelector: {matchLabels: {role: vault}}"))
        connection = self.connect(self.frontend, guest)
        guest.labels = {"role": "vault"}
        guest.announce()
        self.lab.settle()
        self.assert_silent(self.frontend, connection)
        self.assert_shut(self.frontend, guest)

    def test_namespace_relabelled(self):
        """the labels of a namespace take effect when they change"""
        self.lab.enforce(policy("""
            podSelector: {matchLabels: {app: backend}}
            ingress:
            - from: [{namespaceSelector: {matchLabels: {trust: high}}}]
            """))
        self.assert_shut(self.monitor, self.backend)
        self.lab.add_namespace("ops", team="ops", trust="high")
        self.lab.settle()
        self.assert_open(self.monitor, self.backend)
        self.lab.add_namespace("ops", team="ops")
        self.lab.settle()
        self.assert_shut(self.monitor, self.backend)

    def test_pod_removed(self):
        """the address of a removed pod carries none of its permissions"""
        guest = self.guest(labels={"role": "guest"})
        self.lab.enforce(ALLOW_GUEST)
        self.assert_open(guest, self.backend)
        address = guest.addr4
        self.lab.remove_pod("guest")
        self.lab.settle()
        squatter = self.lab.outside
        squatter.ip(f"addr add {address}/32 dev lo", f"route change default via 10.201.200.1 src {address}")
        self.lab.node.ip(f"route replace {address}/32 via 10.201.200.2")
        try:
            self.assert_shut(squatter, self.backend)
        finally:
            squatter.ip("route change default via 10.201.200.1", f"addr del {address}/32 dev lo")
            self.lab.node.ip(f"route del {address}/32")

    def test_pod_object_removed(self):
        """an interface whose pod object is gone is closed"""
        guest = self.guest()
        self.lab.settle()
        self.assert_open(self.frontend, guest)
        guest.withdraw()
        self.lab.settle()
        self.assert_shut(guest, self.backend)
        self.assert_shut(self.frontend, guest)

    def test_short_way(self):
        """a pod of known labels comes and goes without a new policy, and is enforced like its twin"""
        self.lab.enforce(ALLOW_GUEST)
        self.guest(labels={"role": "guest"})
        self.lab.settle()
        revision = self.lab.status()["revision"]
        self.addCleanup(self.lab.remove_pod, "twin")
        twin = self.lab.add_pod("twin", labels={"role": "guest"})
        self.lab.settle()
        self.assertIn(f"0 pods gone and 1 come, under policy revision {revision}", self.lab.log_tail())
        self.assertEqual(self.lab.interface(twin.interface)["state"], "enforced")
        connection = self.connect(twin, self.backend)
        twin.withdraw()
        self.lab.settle()
        self.assertIn(f"1 pods gone and 0 come, under policy revision {revision}", self.lab.log_tail())
        self.assert_silent(twin, connection)
        self.assertEqual(self.lab.status()["revision"], revision)

    def test_short_way_of_apply(self):
        """so does one that weir apply brings and weir delete takes, and apply returns when it is enforced"""
        self.lab.enforce(ALLOW_GUEST)
        self.guest(labels={"role": "guest"})
        self.lab.settle()
        revision = self.lab.status()["revision"]
        self.addCleanup(self.lab.remove_pod, "twin")
        twin = self.lab.add_pod("twin", labels={"role": "guest"}, announce=False)
        manifest = json.dumps(twin.manifest())
        self.assertIn("created", self.assert_done(self.lab.weir("apply", "-f", "-", stdin=manifest)))
        self.assertIn(f"0 pods gone and 1 come, under policy revision {revision}", self.lab.log_tail())
        connection = self.connect(twin, self.backend)
        self.assertIn("unchanged", self.assert_done(self.lab.weir("apply", "-f", "-", stdin=manifest)))
        self.assertIn("deleted", self.assert_done(self.lab.weir("delete", "-f", "-", stdin=manifest)))
        self.assertIn(f"1 pods gone and 0 come, under policy revision {revision}", self.lab.log_tail())
        self.assert_silent(twin, connection)
        self.assertEqual(self.lab.status()["revision"], revision)

    def test_late_interface(self):
        """an interface that appears later is attached at once and closed until its pod is known"""
        guest = self.guest(announce=False)
        seen = self.lab.until(lambda: self.lab.interface(guest.interface), "the new interface is seen")
        self.assertEqual(seen["state"], "closed")
        self.assertIn(seen["hook"], ("tcx", "clsact"))
        self.assert_shut(guest, self.backend)
        self.assert_shut(guest, self.backend, 53, "UDP", 6)
        self.assert_shut(self.frontend, guest)
        guest.announce()
        self.lab.settle()
        self.assertEqual(self.lab.interface(guest.interface)["state"], "enforced")
        self.assert_open(guest, self.backend)
        self.assert_open(self.frontend, guest)

    def test_pod_before_interface(self):
        """a pod whose interface is not there yet is named as missing and enforced once it appears"""
        self.lab.enforce(policy("podSelector: {matchLabels: {role: vault}}"))
        guest = self.guest(labels={"role": "vault"})
        self.lab.settle()
        guest.unplug()
        self.lab.until(lambda: self.endpoint("guest")["state"] == "missing", "the pod is shown as missing")
        guest.plug_again()
        self.lab.until(lambda: self.endpoint("guest")["state"] == "enforced", "the pod is enforced again")
        self.assert_shut(self.frontend, guest)
        self.assert_open(guest, self.backend)

    def endpoint(self, pod):
        return next(e for e in self.lab.weir_json("get", "endpoints")["items"] if e["pod"] == pod)

    def test_interface_gone(self):
        """an interface that goes leaves neither an entry in status nor a pin"""
        guest = self.guest()
        self.lab.settle()
        self.assertEqual(self.lab.interface(guest.interface)["state"], "enforced")
        pins = self.lab.pins()
        self.lab.remove_pod("guest")
        self.lab.until(lambda: self.lab.interface(guest.interface) is None, "status forgets the interface")
        self.lab.settle()
        self.assertLess(len(self.lab.pins()), len(pins))
        self.assert_open(self.frontend, self.backend)

    def test_renamed_interface(self):
        """a stranger's interface with the name of a pod's former one gets the new pod's policy, not the old"""
        self.lab.enforce(ALLOW_GUEST)
        guest = self.guest(labels={"role": "guest"})
        self.lab.settle()
        self.assert_open(guest, self.backend)
        self.lab.remove_pod("guest")
        other = self.guest(labels={"role": "stranger"})
        self.lab.settle()
        self.assert_shut(other, self.backend)

    def test_policy_flips(self):
        """two policies that exclude each other, flipped many times, are each exact when settled"""
        only_backend, only_intruder = (policy(f"""
            podSelector: {{matchLabels: {{app: frontend}}}}
            policyTypes: [Egress]
            egress:
            - to: [{{podSelector: {{matchLabels: {{app: {to}}}}}}}]
            """) for to in ("backend", "intruder"))
        for _ in range(5):
            self.lab.enforce(only_backend)
            self.assert_each(self.frontend, [(self.backend, 8080, "TCP", 4)], [(self.intruder, 8080, "TCP", 4)])
            self.lab.enforce(only_intruder)
            self.assert_each(self.frontend, [(self.intruder, 8080, "TCP", 4)], [(self.backend, 8080, "TCP", 4)])

    def test_permission_comes_back(self):
        """an open connection that lost its permission goes on when it is given back in time"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        self.lab.enforce(ISOLATE_BACKEND)
        self.assertFalse(self.frontend.do("talk", connection=connection, wait=SHUT_WAIT))
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_talks(self.frontend, connection)

    def test_unrelated_objects(self):
        """adding a policy for others leaves open connections alone"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        self.lab.enforce(ALLOW_FRONTEND + policy("podSelector: {matchLabels: {app: nobody}}", name="other"))
        self.assert_talks(self.frontend, connection)

    def test_clean_qdiscs(self):
        """weir with tcx adds no qdisc to an interface"""
        state = interface_state(self.lab.node, self.backend.interface)
        if self.lab.interface(self.backend.interface)["hook"] != "tcx":
            self.skipTest("this kernel has no tcx")
        self.assertNotIn("clsact", str(state["qdiscs"]))


if __name__ == "__main__":
    main()
