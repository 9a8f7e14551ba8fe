#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir-cni behind the bridge, ptp and host-local plugins of Debian, called as a container runtime calls them."""
import concurrent.futures
import json
import os
import subprocess
import sys
import threading
import time

import packets
from case import LabCase, main, skip_all
from cni import PLUGINS, CniPod, Container, Refused, attachments, conflist, invoke, kubernetes_args
from core_cases import ALLOW_FRONTEND, policy
from lab import OUTSIDE4
from netns import PREFIX, run

SENDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "early_sender.py")


class PodCase(LabCase):
    """Pods whose network is made by plugins."""

    plugin = "bridge"

    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop", team="web")

    def setUp(self):
        super().setUp()
        self.config = conflist(self.lab, self.plugin)

    def new_pod(self, name, **about):
        """A pod without a network, which is taken away after the test."""
        pod = CniPod(self.lab, name, **about)
        self.addCleanup(self.remove, pod)
        return pod

    def pod(self, name, *, config=None, **about):
        """A pod that is known and has its network."""
        pod = self.new_pod(name, **about)
        pod.announce()
        self.lab.settle()
        pod.add(config or self.config)
        return pod

    def remove(self, pod):
        if not os.path.exists(f"/run/netns/{pod.netns}"):
            return
        pod.withdraw()
        pod.delete(self.config)
        pod.close()
        if self.lab.agent:
            self.lab.settle()

    def endpoints(self):
        return {e["pod"]: e for e in self.lab.weir_json("get", "endpoints")["items"]}

    def attachments(self):
        return attachments(self.lab)


class Plugins:
    """What holds with each of the plugins."""

    def test_enforced(self):
        """when ADD returns the pod is enforced, with the addresses that the plugins gave it"""
        self.lab.enforce(ALLOW_FRONTEND)
        backend, frontend, intruder = (self.pod(n) for n in ("backend", "frontend", "intruder"))
        items = self.endpoints()
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


class Bridge(Plugins, PodCase):
    plugin = "bridge"


class PointToPoint(Plugins, PodCase):
    plugin = "ptp"


class Life(PodCase):
    """What becomes of an attachment."""

    def test_closed(self):
        """a pod that nobody knows yet starts closed, and opens when its object comes"""
        client, late = self.pod("client"), self.new_pod("late")
        late.add(conflist(self.lab, self.plugin, timeoutSeconds=1))
        self.assertEqual(self.lab.interface(late.interface)["state"], "closed")
        self.assert_shut(client, late)
        late.announce()
        self.lab.settle()
        self.assert_open(client, late)

    def test_waits(self):
        """ADD waits for the pod's object and returns as soon as it is enforced"""
        late = self.new_pod("late")
        thread = threading.Thread(target=late.add, args=(self.config,))
        thread.start()
        self.lab.until(lambda: self.attachments(), "the agent is told")
        self.assertEqual([a["state"] for a in self.attachments()], ["closed"])
        self.assertTrue(thread.is_alive())
        late.announce()
        thread.join(5)
        self.assertFalse(thread.is_alive())
        self.assertEqual([a["state"] for a in self.attachments()], ["enforced"])

    def test_restarted(self):
        """a restarted agent knows what it was told, and the connection never notices"""
        self.lab.enforce(ALLOW_FRONTEND)
        backend, frontend, intruder = (self.pod(n) for n in ("backend", "frontend", "intruder"))
        connection = self.connect(frontend, backend)
        self.lab.end_agent()
        self.assert_talks(frontend, connection)
        self.lab.start_agent()
        self.assert_talks(frontend, connection)
        self.assert_open(frontend, backend)
        self.assert_shut(intruder, backend)
        self.assertEqual({e["found"] for e in self.endpoints().values()}, {"plugin"})

    def test_gone(self):
        """an attachment whose interface is gone is forgotten, by a running agent and by the next"""
        first, second = self.pod("first"), self.pod("second")
        self.lab.node.ip(f"link delete {first.interface}")
        self.lab.until(lambda: [a["pod"] for a in self.attachments()] == ["second"], "the first is forgotten")
        self.lab.end_agent()
        self.lab.node.ip(f"link delete {second.interface}")
        self.lab.start_agent()
        self.assertEqual(self.attachments(), [])

    def test_damaged(self):
        """a damaged file of attachments is said to be lost, and the agent starts"""
        self.pod("first")
        self.lab.end_agent()
        path = os.path.join(self.lab.state, "attachments.json")
        with open(path, "r+", encoding="utf-8") as f:
            text = f.read()
            f.seek(len(text) // 2)
            f.write("#")
        self.lab.start_agent()
        self.assertEqual(self.attachments(), [])
        self.assertIn("what the CNI plugin said is lost", self.lab.log_tail(200))

    def test_newer_sandbox(self):
        """the newer sandbox of a pod counts, and deleting the older one later changes nothing"""
        client, old = self.pod("client"), self.pod("web")
        new = self.new_pod("web-again")
        new.container.args = old.container.args
        new.add(self.config)
        self.assertEqual(self.endpoints()["web"]["interface"], new.interface)
        self.assert_open(client, new)
        old.container.delete(self.config)
        self.assertEqual(self.endpoints()["web"]["interface"], new.interface)
        self.assert_open(client, new)

    def test_uid(self):
        """what is said of an earlier pod of the same name is not said of this one"""
        earlier = self.pod("web", uid="11111111-1111-1111-1111-111111111111")
        earlier.uid = "22222222-2222-2222-2222-222222222222"
        earlier.announce()
        self.lab.settle()
        self.assertEqual([a["state"] for a in self.attachments()], ["closed"])
        self.assertEqual(self.endpoints(), {})
        self.assertEqual(self.lab.interface(earlier.interface)["state"], "closed")

    def test_conflict(self):
        """an annotation that says another interface counts, and status names the pod"""
        pod = self.pod("web")
        pod.annotations["weir.dev/interface"] = "veth-elsewhere"
        pod.announce()
        self.lab.settle()
        self.assertEqual(self.endpoints()["web"]["found"], "annotation")
        self.assertIn(f"pod shop/web: its annotation says interface veth-elsewhere, the CNI plugin says "
                      f"{pod.interface}; the annotation counts", str(self.lab.status()["degraded"]))

    def test_explained(self):
        """explain knows what a plugin's pod is, also where only the policy can be asked"""
        self.lab.enforce(ALLOW_FRONTEND)
        backend, *_ = (self.pod(n) for n in ("backend", "frontend", "intruder"))
        for interface in (None, "veth-elsewhere"):  # where no program is that could be asked
            if interface:
                backend.annotations["weir.dev/interface"] = interface
                backend.announce()
                self.lab.settle()
            for name, code in ("frontend", 0), ("intruder", 1):
                done = self.lab.weir("explain", f"shop/{name}", "shop/backend:8080", "-o", "json")
                self.assertEqual(done.returncode, code, f"{name}: {done.stdout}{done.stderr}")
                judges = {side["direction"]: side["judgedBy"] for side in json.loads(done.stdout)["sides"]}
                self.assertEqual(judges["ingress"], "image" if interface else "kernel")

    def test_no_room(self):
        """a full disk keeps no pod from being enforced, and status says what a restart would lose"""
        pod = self.new_pod("web")
        pod.announce()
        self.lab.settle()
        self.lab.mount_tiny_state()
        try:
            with open(os.path.join(self.lab.state, "filler"), "wb") as f:
                with self.assertRaises(OSError):
                    f.write(bytes(1 << 20))
                    f.flush()
            pod.add(self.config)
            self.assertEqual(self.endpoints()["web"]["state"], "enforced")
            self.assertIn("what the CNI plugin says is not kept", str(self.lab.status()["degraded"]))
        finally:
            self.lab.unmount()
            pod.delete(self.config)
        self.assertNotIn("is not kept", str(self.lab.status()["degraded"]))


class Commands(PodCase):
    """What a runtime may ask, and the words that it gets."""

    def refused(self, command, config=None, **environment):
        """The error of weir-cni called by itself."""
        config = {"cniVersion": "1.1.0", "name": "podnet", "socket": self.lab.socket} | (config or {})
        with self.assertRaises(Refused) as caught:
            invoke(self.lab, "weir-cni", command, config, environment)
        error = caught.exception.error
        self.assertEqual(set(error), {"cniVersion", "code", "msg", "details"})
        return error

    def ask(self, command, config=None, **environment):
        return invoke(self.lab, "weir-cni", command, {"cniVersion": "1.1.0", "name": "podnet",
                                                      "socket": self.lab.socket} | (config or {}), environment)

    def test_version(self):
        """VERSION says which versions are understood"""
        self.assertEqual(self.ask("VERSION"), {
            "cniVersion": "1.1.0", "supportedVersions": ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]})

    def test_old_version(self):
        """a list of version 0.4.0 works as well"""
        config = conflist(self.lab, version="0.4.0")
        pod = self.pod("web", config=config)
        self.assertEqual(pod.container.result["cniVersion"], "0.4.0")
        pod.container.check(config)

    def test_check(self):
        """CHECK is content with an enforced pod, and names what is wrong with others"""
        pod = self.pod("web")
        pod.container.check(self.config)
        pod.withdraw()
        self.lab.settle()
        ours, result = self.config["plugins"][-1], pod.container.result
        with self.assertRaises(Refused) as caught:
            pod.container.invoke(self.config, ours, "CHECK", result)
        self.assertEqual(caught.exception.error["code"], 102)
        self.assertIn("pod shop/web isn't known yet", caught.exception.error["details"])
        pod.container.invoke(self.config, ours, "DEL", result)
        with self.assertRaises(Refused) as caught:
            pod.container.invoke(self.config, ours, "CHECK", result)
        self.assertIn("weir doesn't know this container", caught.exception.error["msg"])

    def test_status(self):
        """STATUS is content while an agent enforces, and says 50 when none does"""
        self.assertIsNone(self.ask("STATUS"))
        self.lab.end_agent()
        try:
            error = self.refused("STATUS")
        finally:
            self.lab.start_agent()
        self.assertEqual(error["code"], 50)
        self.assertIn(f"the weir agent at {self.lab.socket} can't be reached: No such file or directory",
                      error["details"])

    def test_collect(self):
        """GC forgets what is not valid any more, of its own network only"""
        kept, lost = self.pod("kept"), self.pod("lost")
        elsewhere = self.pod("elsewhere", config=self.config | {"name": "othernet"})
        self.assertIsNone(self.ask("GC", {"cni.dev/valid-attachments": [
            {"containerID": kept.container.id, "ifname": "eth0"}]}))
        self.assertEqual({a["pod"] for a in self.attachments()}, {"kept", "elsewhere"})
        self.assertEqual(self.lab.interface(lost.interface)["state"], "closed")
        self.assertEqual(self.lab.interface(elsewhere.interface)["state"], "enforced")
        self.assertIn("must be a list", self.refused("GC")["details"])

    def test_agent_down(self):
        """without an agent ADD fails and is to be tried again, or passes where that is configured; DEL succeeds"""
        pod = self.new_pod("web")
        pod.announce()
        self.lab.settle()
        self.lab.end_agent()
        try:
            with self.assertRaises(Refused) as caught:
                pod.add(self.config)
            self.assertEqual(caught.exception.error["code"], 11)
            self.assertEqual(caught.exception.error["msg"], "weir can't close this container's interface before "
                             "there is one")
            pod.delete(self.config)
            result = pod.add(conflist(self.lab, agentDown="pass"))
            self.assertEqual(len(result["ips"]), 2)
            pod.delete(self.config)
        finally:
            self.lab.start_agent()

    def test_not_ours(self):
        """a container's interface that is no veth, or isn't there, is refused with a word"""
        pod = self.new_pod("web")
        where = {"CNI_CONTAINERID": "a", "CNI_NETNS": f"/run/netns/{pod.netns}", "CNI_IFNAME": "eth0"}
        error = self.refused("ADD", {"prevResult": {}}, **where)
        self.assertEqual((error["code"], error["msg"]), (100, "the container has no such interface"))
        self.lab.node.ip(f"link add link up0 name eth0 netns {pod.netns} type macvlan")
        error = self.refused("ADD", {"prevResult": {}}, **where)
        self.assertIn("is of type macvlan", error["details"])
        error = self.refused("ADD", {"prevResult": {}}, **(where | {"CNI_NETNS": "/run/netns/nowhere"}))
        self.assertEqual(error["code"], 5)

    def test_elsewhere(self):
        """an interface whose other end is in another namespace than the plugin is refused"""
        pod, other = self.new_pod("web"), self.new_pod("other")
        pod.ip(f"link add eth0 type veth peer name up netns {other.netns}")
        error = self.refused("ADD", {"prevResult": {}}, CNI_CONTAINERID="a", CNI_IFNAME="eth0",
                             CNI_NETNS=f"/run/netns/{pod.netns}")
        self.assertIn("in another network namespace", error["details"])

    def test_bad_calls(self):
        """calls that no plugin would make are refused with a word"""
        good = {"containerId": "c", "ifname": "eth0", "network": "n", "namespace": "shop", "pod": "web",
                "interface": "nowhere", "ifindex": 77, "addresses": [], "timeoutSeconds": 1}
        rows = [
            ("POST", "", "[", 400, "must be a JSON object"),
            ("POST", "", good | {"ifindex": "7"}, 400, "ifindex: must be"),
            ("POST", "", good | {"timeoutSeconds": 61}, 400, "timeoutSeconds: must be 0 to 60"),
            ("POST", "", good, 409, "interface nowhere with number 77 isn't there"),
            ("DELETE", "", {}, 400, "containerId and ifname are needed"),
            ("POST", "/keep", {"network": "n"}, 400, "network and valid, a list, are needed"),
        ]
        for method, path, body, code, says in rows:
            said = run("curl", "-s", "-w", "\n%{http_code}", "--unix-socket", self.lab.socket, "-X", method, "--data",
                       body if isinstance(body, str) else json.dumps(body), f"http://weir/v1/attachments{path}")
            answer, status = said.rsplit("\n", 1)
            self.assertEqual(status, str(code), answer)
            self.assertIn(says, json.loads(answer)["error"])

    def test_garbage(self):
        """garbage on standard input gets an error, in JSON, and nothing else"""
        for config in ("", "{", "[" * 100000, "\0\0", '{"cniVersion": "1.1.0"}'):
            with self.assertRaises(Refused) as caught:
                invoke(self.lab, "weir-cni", "ADD", config, {})
            self.assertIn(caught.exception.error["code"], (6, 7), config[:20])


class FirstInstant(PodCase):
    """A pod that sends before anybody has given it a network."""

    EGRESS = policy("""
        podSelector: {matchLabels: {app: early}}
        policyTypes: [Egress]
        """)

    def send_early(self, config, mac):
        """How many frames the pod's interface took while the plugins ran, and how many of them left the node."""
        pod = self.new_pod("early")
        source = "10.202.77.77"
        frame = packets.ether(mac, "02:00:00:00:00:99", packets.IPV4, packets.ipv4(
            source, OUTSIDE4, packets.UDP, packets.udp(source, OUTSIDE4, (1, 9999), b"early")))
        pod.announce()
        if self.lab.agent:
            self.lab.settle()
        self.lab.outside.do("sink", port=9999)
        with subprocess.Popen([*pod.enter(), sys.executable, SENDER, "eth0", frame.hex()], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as sender:
            sender.stdout.readline()
            pod.add(config)
            sent = int(sender.communicate("", 10)[0])
        self.remove(pod)
        return sent, len(self.lab.outside.do("arrivals", port=9999))

    def test_nothing_leaves(self):
        """of the frames that a pod sends from before ADD not one gets past a policy; without weir-cni they do"""
        self.pod("first")  # makes the bridge
        mac = self.lab.node.ip_json("link", "show", "cni0")[0]["address"]
        self.lab.enforce(self.EGRESS)
        for _ in range(3):
            sent, arrived = self.send_early(self.config, mac)
            self.assertGreater(sent, 0)
            self.assertEqual(arrived, 0, f"of {sent}")
        self.lab.end_agent()
        sent, arrived = self.send_early(conflist(self.lab, with_weir=False), mac)
        self.assertGreater(arrived, 0, f"of {sent}: the test can't see what passes")
        self.lab.start_agent()


class Many(PodCase):
    PODS, AT_ONCE = 200, 16

    def one(self, number):
        """One pod's ADD; its sandbox has no process in it."""
        name = f"{self.lab.label}-{number}"
        run("ip", "netns", "add", f"{PREFIX}-{name}")
        container = Container(self.lab, f"/run/netns/{PREFIX}-{name}",
                              args=kubernetes_args("shop", f"many-{number}", "c"))
        container.add(self.config)
        return container

    def drop(self, container):
        container.delete(self.config)
        run("ip", "netns", "delete", os.path.basename(container.netns))

    def test_many(self):
        """200 pods come at once, each enforced when its ADD returns, and go at once"""
        for number in range(self.PODS):
            self.lab.write(f"pod-many-{number}.json", {
                "apiVersion": "v1", "kind": "Pod", "metadata": {
                    "name": f"many-{number}", "namespace": "shop", "labels": {"app": f"many-{number % 10}"}},
                "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "none"}]}})
        self.lab.enforce(ALLOW_FRONTEND)
        with concurrent.futures.ThreadPoolExecutor(self.AT_ONCE) as pool:
            begun = time.monotonic()
            containers = list(pool.map(self.one, range(self.PODS)))
            added = time.monotonic()
            self.assertEqual([a["state"] for a in self.attachments()], ["enforced"] * self.PODS)
            self.assertEqual(len(self.endpoints()), self.PODS)
            between = time.monotonic()
            list(pool.map(self.drop, containers))
            ended = time.monotonic()
        print(f"# {self.PODS} ADDs, {self.AT_ONCE} at a time, {added - begun:.1f} s; DELs {ended - between:.1f} s")
        self.assertEqual(self.attachments(), [])


if __name__ == "__main__":
    if not os.access(os.path.join(PLUGINS, "bridge"), os.X_OK):
        skip_all("needs the package containernetworking-plugins")
    main()
