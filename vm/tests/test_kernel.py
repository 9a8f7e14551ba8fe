#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What must hold on every kernel, in one lab: in software an agent takes its time to start. And what needs queues and
protocols that not every kernel has: fq, SCTP, netkit."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../tests/e2e"), os.path.join(HERE, "..")]

# pylint: disable=wrong-import-position
import kernels
import memory_cgroup
import test_flows
import test_limit
import test_reject
from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, CoreCases, policy
from lab import OUTSIDE_LOW4, OUTSIDE_NET4, Pod
from netns import CommandFailed, run

DIAMETER = 3868
PACED_PORT = 9000
PACED_RATE, PACED_FRAME, PACED_COUNT = 20_000, 1000, 20  # a frame each 50 ms, the last after a second
HEADERS4 = 14 + 20 + 8

PACED = policy(f"""
    podSelector: {{matchLabels: {{app: frontend}}}}
    policyTypes: [Egress]
    egress:
    - name: paced
      to: [{{ipBlock: {{cidr: {OUTSIDE_NET4}}}}}]
      limits: [{{bytesPerSecond: {PACED_RATE}, burst: {PACED_FRAME}, onExceed: Pace}}]
    """, kind="TrafficPolicy", name="paced")

ALLOW_SCTP = policy(f"""
    podSelector: {{matchLabels: {{app: backend}}}}
    ingress:
    - from: [{{podSelector: {{matchLabels: {{app: frontend}}}}}}]
      ports: [{{protocol: SCTP, port: {DIAMETER}}}]
    """)


class NetkitPod(Pod):
    """Behind a netkit, which the machine's ip knows no options of: the kernel names the peer."""

    def plug_again(self):
        node = self.lab.node
        node.ip(f"link add {self.interface} type netkit")
        self.peer = node.ip_json("link", "show", self.interface)[0]["link"]
        node.ip(f"link set {self.peer} netns {self.netns}", f"link set {self.interface} up")
        self.ip(f"link set {self.peer} name eth0")
        self.connect()


def has_netkit():
    try:
        run("ip", "link", "add", "nk-probe", "type", "netkit")
    except CommandFailed:
        return False
    run("ip", "link", "delete", "nk-probe")
    return True


class Kernel(CoreCases, LabCase):
    """By the hook that the agent chooses, with XDP before it for two of the pods."""

    settings = test_reject.Reject.settings

    # Of the suite's cases those that lean on the kernel most.
    flows, flow, test_counted = test_flows.Flows.flows, test_flows.Flows.flow, test_flows.Flows.test_counted
    limit, test_burst = test_limit.Connections.limit, test_limit.Connections.test_burst
    each, refusal = test_reject.Reject.each, test_reject.Reject.refusal
    test_connect, test_datagram = test_reject.Reject.test_connect, test_reject.Reject.test_datagram
    test_open_connection = test_reject.Reject.test_open_connection

    @classmethod
    def build(cls):
        shop(cls.lab, xdp=["frontend"])
        monitor = cls.lab.pods["monitor"]
        monitor.annotations["weir.dev/xdp"] = "generic"
        monitor.announce()
        cls.lab.node.run("tc", "qdisc", "replace", "dev", "up0", "root", "fq")

    def test_hooks(self):
        """the hook is the one that the kernel has, and XDP is native or generic as it was asked for"""
        release = os.uname().release
        expected = next(k["hook"] for k in kernels.matrix()["kernel"] if release.startswith(k["name"] + "."))
        found = {name: self.lab.interface(pod.interface) for name, pod in self.lab.pods.items()}
        self.assertEqual({i["hook"] for i in found.values()}, {expected})
        self.assertEqual({name: i["xdp"] for name, i in found.items()},
                         {"frontend": "native", "monitor": "generic", "backend": "off", "intruder": "off"})

    def test_killed(self):
        """an agent that the kernel kills for its cgroup's memory (version 2) is not missed, and the next one takes over"""
        self.assertIn(memory_cgroup.parent(), memory_cgroup.V2)
        self.lab.enforce(ALLOW_FRONTEND)
        connection = self.connect(self.frontend, self.backend)
        memory_cgroup.starve(self)
        self.lab.end_agent()
        self.assert_talks(self.frontend, connection)
        self.assert_shut(self.intruder, self.backend)
        self.lab.start_agent()
        self.assert_talks(self.frontend, connection)
        self.assert_shut(self.intruder, self.backend)
        self.lab.enforce(ISOLATE_BACKEND)
        self.assert_silent(self.frontend, connection)

    def test_paced(self):
        """a limit that paces spreads a burst over the time that its bytes need, by a real fq, and drops nothing"""
        self.lab.enforce(PACED)
        self.lab.outside.do("sink", port=PACED_PORT)
        self.frontend.do("flood", host=OUTSIDE_LOW4, port=PACED_PORT, size=PACED_FRAME - HEADERS4,
                         rate=PACED_COUNT * 1000, seconds=0.001)
        self.lab.until(lambda: self.limit_item()["passedPackets"] == PACED_COUNT, "all have been charged")
        self.lab.until(lambda: self.queued() == 0, "the queue is empty")
        stamps = [stamp for stamp, _ in self.lab.outside.do("arrivals", port=PACED_PORT)]
        self.assertEqual(len(stamps), PACED_COUNT)
        item = self.limit_item()
        self.assertEqual(item["droppedPackets"], 0)
        self.assertGreater(item["pacedPackets"], PACED_COUNT // 2)
        apart = PACED_FRAME / PACED_RATE
        gaps = [after - before for before, after in zip(stamps, stamps[1:])]
        print(f"# {PACED_COUNT} frames of {PACED_FRAME} bytes under {PACED_RATE} bytes/s arrive in "
              f"{stamps[-1] - stamps[0]:.3f} s, gaps {min(gaps) * 1000:.1f} to {max(gaps) * 1000:.1f} ms")
        # fq lets nothing leave early, so a slow machine only makes more of it; but the first may have been late.
        self.assertGreater(stamps[-1] - stamps[0], apart * (PACED_COUNT - 1) / 2)
        self.assertGreater(sum(gap > apart / 2 for gap in gaps), PACED_COUNT // 4)

    def limit_item(self):
        return self.lab.weir_json("get", "limits")["items"][0]

    def queued(self):
        """Frames in the uplink's fq."""
        words = self.lab.node.run("tc", "-s", "qdisc", "show", "dev", "up0", "root").split()
        return int(words[words.index("backlog") + 2].rstrip("p"))

    def test_sctp(self):
        """SCTP sockets: an association that a rule lets in outlives a change of policy, and another's INIT is denied"""
        self.backend.do("serve", protocol="SCTP", ports=[DIAMETER, DIAMETER + 1])
        self.lab.enforce(ALLOW_SCTP)
        association = self.connect(self.frontend, self.backend, DIAMETER, "SCTP")
        self.assert_shut(self.intruder, self.backend, DIAMETER, "SCTP")
        self.assert_shut(self.frontend, self.backend, DIAMETER + 1, "SCTP")
        self.assertEqual(self.flow("--pod", "shop/backend", "--port", str(DIAMETER), "--state", "ESTABLISHED")["protocol"],
                         "SCTP")
        self.lab.enforce(ALLOW_SCTP + ALLOW_FRONTEND.replace("name: policy,", "name: more,"))
        self.assert_talks(self.frontend, association)

    def test_netkit(self):
        """a pod behind a netkit is enforced on like one behind a veth"""
        if not has_netkit():
            self.skipTest("the kernel has no netkit")
        kit = NetkitPod(self.lab, "kit", labels={"app": "kit"})
        self.lab.pods["kit"] = kit
        self.addCleanup(self.lab.remove_pod, "kit")
        kit.plug()
        kit.announce()
        self.lab.settle()
        for family in (4, 6):
            self.assert_open(self.frontend, kit, family=family)
            self.assert_open(kit, self.frontend, family=family)
        self.lab.enforce(ALLOW_FRONTEND.replace("app: backend", "app: kit"))
        for family in (4, 6):
            self.assert_each(self.frontend, [(kit, 8080, "TCP", family)], [(kit, 8081, "TCP", family)])
            self.assert_shut(self.intruder, kit, family=family)
        self.lab.enforce(policy("podSelector: {matchLabels: {app: kit}}\npolicyTypes: [Egress]"))
        self.assert_shut(kit, self.frontend)
        self.assert_open(self.intruder, kit)


if __name__ == "__main__":
    main()
