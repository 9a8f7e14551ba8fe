#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same walk through the other hooks: clsact filters, and XDP where a pod asks for it."""
from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, CoreCases
from kernel import interface_state


class Clsact(CoreCases, LabCase):
    env = {"WEIR_HOOK": "clsact"}

    def test_hook_is_clsact(self):
        """status and tc agree that the hook is clsact"""
        self.assertEqual(self.lab.interface(self.backend.interface)["hook"], "clsact")
        self.assertIn("clsact", str(interface_state(self.lab.node, self.backend.interface)["qdiscs"]))

    def test_restart(self):
        """enforcement goes on while the agent is away, and a new one takes the filters over"""
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        self.lab.end_agent()
        self.assert_talks(self.frontend, connection)
        self.assert_shut(self.intruder, self.backend)
        self.lab.start_agent()
        self.assert_talks(self.frontend, connection)
        self.assert_shut(self.intruder, self.backend)
        filters = interface_state(self.lab.node, self.backend.interface)["filters"]
        self.assertEqual(len([f for f in filters if "options" in f and "handle" in f["options"]]), 2, filters)


class Xdp(CoreCases, LabCase):
    @classmethod
    def build(cls):
        shop(cls.lab, xdp=["frontend", "backend"])

    def test_native(self):
        """a pod with weir.dev/xdp: "on" has XDP in native mode, and its neighbour has none"""
        self.assertEqual(self.lab.interface(self.backend.interface)["xdp"], "native")
        self.assertEqual(self.lab.interface(self.intruder.interface)["xdp"], "off")
        state = interface_state(self.lab.node, self.backend.interface)
        self.assertEqual([a["mode"] for a in state["xdp"]["attached"]] if "attached" in state["xdp"]
                         else [state["xdp"]["mode"]], [1], state["xdp"])

    def test_status_and_endpoints_agree(self):
        """weir get endpoints shows the XDP mode of each pod"""
        modes = {e["pod"]: e["xdp"] for e in self.lab.weir_json("get", "endpoints")["items"]}
        self.assertEqual(modes, {"backend": "native", "frontend": "native", "intruder": "off", "monitor": "off"})

    def test_annotation_taken_away(self):
        """XDP goes from the interface with the annotation, and enforcement stays"""
        self.lab.enforce(ISOLATE_BACKEND)
        before = interface_state(self.lab.node, self.intruder.interface)
        try:
            del self.backend.annotations["weir.dev/xdp"]
            self.backend.announce()
            self.lab.settle()
            self.assertEqual(self.lab.interface(self.backend.interface)["xdp"], "off")
            self.assertEqual(interface_state(self.lab.node, self.backend.interface)["features"], before["features"])
            self.assert_shut(self.frontend, self.backend)
        finally:
            self.backend.annotations["weir.dev/xdp"] = "on"
            self.backend.announce()
            self.lab.settle()


class XdpGeneric(LabCase):
    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.lab.pods["backend"].annotations["weir.dev/xdp"] = "generic"
        cls.lab.pods["backend"].announce()

    def test_generic_by_name(self):
        """generic XDP is used when it is asked for by name"""
        self.assertEqual(self.lab.interface(self.backend.interface)["xdp"], "generic")
        self.lab.enforce(ALLOW_FRONTEND)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)


if __name__ == "__main__":
    main()
