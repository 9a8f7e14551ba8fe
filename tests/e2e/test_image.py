#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The container image: built from the sources, small, and an enforcer with the rights that its pod gives it."""
import json
import os
import subprocess
import tarfile
import threading
import unittest

import yaml

from case import LabCase, main, shop, skip_all
from container import ContainerLab, Engine, PodSpec, cannot_run
from core_cases import policy
from lab import TOP

BASE, IMAGE = "localhost/weir-test-base", "localhost/weir-test"
MEGABYTES = 60
DATAGRAMS, RATE, SECONDS = 9000, 1000, 8  # a port; traffic that outlasts a restart

ALLOWED = policy(f"""
    podSelector: {{matchLabels: {{app: backend}}}}
    ingress:
    - from: [{{podSelector: {{matchLabels: {{app: frontend}}}}}}]
      ports: [{{port: 8080}}]
    - from: [{{namespaceSelector: {{matchLabels: {{team: ops}}}}}}]
      ports: [{{protocol: UDP, port: {DATAGRAMS}}}]
    """)

ENGINE = None


def pod_spec():
    with open(os.path.join(TOP, "deploy/base/daemonset.yaml"), encoding="utf-8") as f:
        return yaml.safe_load(f)["spec"]["template"]["spec"]


class Image(unittest.TestCase):
    def run_image(self, *words, **about):
        done = subprocess.run(ENGINE.container("--network", "none", "--read-only", *words), capture_output=True,
                              text=True, timeout=60, check=False, **about)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_size(self):
        """the image is smaller than 60 MB, not compressed"""
        size = ENGINE.inspect(IMAGE)["Size"]
        print(f"# {size / 1e6:.1f} MB")
        self.assertLess(size, MEGABYTES * 10**6)

    def test_labels(self):
        """labels say what it is, under which licence, and which version"""
        labels = {k.rsplit(".", 1)[1]: v for k, v in ENGINE.inspect(IMAGE)["Labels"].items() if "opencontainers" in k}
        self.assertEqual({"title", "description", "licenses", "version", "revision"}, set(labels))
        self.assertNotIn("unknown", labels.values())

    def test_files(self):
        """licences and package records are in it; no shell, no manual, nothing with set-user-id"""
        path = os.path.join(ENGINE.dir, "image.tar")
        name = subprocess.run(ENGINE.words("create", IMAGE), capture_output=True, text=True, timeout=60,
                              check=True).stdout.strip()
        self.assertEqual(ENGINE.run("export", "-o", path, name).returncode, 0)
        with tarfile.open(path) as tar:
            members = {m.name: m for m in tar}
        for wanted in ("usr/bin/weir", "usr/share/doc/weir/LICENSE", "usr/share/doc/libc6/copyright",
                       "var/lib/dpkg/status.d/libc6", "etc/ssl/certs/ca-certificates.crt"):
            self.assertIn(wanted, members)
        self.assertEqual([n for n, m in members.items()
                          if m.mode & 0o6000 or n.startswith("usr/share/man") or os.path.basename(n) in ("sh", "bash")],
                         [])

    def test_program(self):
        """who starts it is nobody, and can ask for what needs no rights"""
        self.assertIn("libbpf v1", self.run_image(IMAGE, "version"))
        self.assertIn("1 object in 1 file is valid", self.run_image("--interactive", IMAGE, "check", "-f", "-", input=ALLOWED))
        self.assertEqual(ENGINE.inspect(IMAGE)["Config"]["User"], "65532:65532")


class Agent(LabCase):
    """The agent in the container that the DaemonSet describes."""

    @classmethod
    def setUpClass(cls):
        cls.lab = ContainerLab(ENGINE, IMAGE, PodSpec(pod_spec(), {}, {"NODE_NAME": "node-1"}))
        cls.addClassCleanup(cls.lab.close)
        shop(cls.lab)
        for name, pod in cls.lab.pods.items():
            setattr(cls, name, pod)
        cls.lab.start_agent()

    def test_enforces(self):
        """with these rights, mounts and this seccomp profile, a policy is enforced on a live interface"""
        self.assert_open(self.intruder, self.backend)
        self.lab.enforce(ALLOWED)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        self.assertEqual(self.lab.status()["degraded"], [])

    def test_rights(self):
        """it has the capabilities that are named, and no others, and can get none"""
        with open(f"/proc/{self.agent_pid()}/status", encoding="ascii") as f:
            has = dict(line.rstrip().split(":\t", 1) for line in f if ":\t" in line)
        wanted = sum(1 << number for number in (12, 38, 39))  # NET_ADMIN, PERFMON, BPF
        self.assertEqual([int(has[f"Cap{kind}"], 16) for kind in ("Prm", "Eff", "Bnd")], [wanted] * 3)
        self.assertEqual((has["NoNewPrivs"], has["Seccomp"]), ("1", "2"))

    def agent_pid(self):
        return next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and self.is_agent(pid))

    def is_agent(self, pid):
        """The process that has weir as its program and this lab's state mounted."""
        try:
            with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as f:
                return os.readlink(f"/proc/{pid}/exe") == "/usr/bin/weir" and self.lab.state in f.read()
        except OSError:
            return False

    def test_init_container(self):
        """the init container puts the CNI plugin, and a list of plugins that ends with it, on the node"""
        directories = {path: os.path.join(self.lab.dir, name) for path, name in (
            ("/opt/cni/bin", "cni-bin"), ("/etc/cni/net.d", "cni-conf"))}
        for path in directories.values():
            os.mkdir(path)
        network = {"cniVersion": "1.0.0", "name": "lab", "plugins": [{"type": "ptp"}]}
        with open(os.path.join(directories["/etc/cni/net.d"], "10-lab.conflist"), "w", encoding="utf-8") as f:
            json.dump(network, f)
        self.lab.spec.places |= directories
        done = subprocess.run(self.lab.container_words("install-cni", "initContainers"), capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.access(os.path.join(directories["/opt/cni/bin"], "weir-cni"), os.X_OK))
        with open(os.path.join(directories["/etc/cni/net.d"], "10-lab.conflist"), encoding="utf-8") as f:
            self.assertEqual([p["type"] for p in json.load(f)["plugins"]], ["weir-cni", "ptp", "weir-cni"])

    def test_probes(self):
        """each probe of the spec is answered"""
        container = self.lab.spec.container("agent")
        probes = [container[k]["httpGet"] for k in ("livenessProbe", "readinessProbe", "startupProbe") if k in container]
        self.assertTrue(probes)
        for probe in probes:
            answer = self.lab.node.do("http", url=f"http://{probe.get('host', '127.0.0.1')}:{probe['port']}{probe['path']}")
            self.assertEqual(answer["status"], 200, probe)

    def test_rolling_restart(self):
        """one container goes and the next one comes: no permitted packet is lost, and no other gets through"""
        self.lab.enforce(ALLOWED)
        revision = self.lab.status()["revision"]
        talks = self.frontend.do("talks_begin", host=self.backend.addr4, port=8080, count=10, wait=5)
        sent = {}
        self.backend.do("sink", port=DATAGRAMS)
        self.backend.do("sink", port=DATAGRAMS + 1)
        floods = [threading.Thread(target=self.flood, args=(sent, *row)) for row in (
            ("allowed", self.monitor, DATAGRAMS), ("denied", self.intruder, DATAGRAMS + 1))]
        for flood in floods:
            flood.start()
        self.lab.until(lambda: self.frontend.do("talks_now", number=talks)["fewest"] > 5, "they talk")
        self.assertEqual(self.lab.end_agent(), 0)
        rounds = self.frontend.do("talks_now", number=talks)["fewest"]
        self.lab.until(lambda: self.frontend.do("talks_now", number=talks)["fewest"] > rounds, "they talk on")
        self.lab.start_agent()
        with open(self.lab.log_path, encoding="utf-8") as f:
            self.assertIn(f"took over from an earlier agent: policy revision {revision},", f.read())
        still = [flood.is_alive() for flood in floods]
        for flood in floods:
            flood.join()
        told = self.frontend.do("talks_end", number=talks)
        arrived = {port: len(self.backend.do("arrivals", port=port)) for port in (DATAGRAMS, DATAGRAMS + 1)}
        self.assertEqual(still, [True, True], "the traffic did not outlast the restart")
        self.assertEqual(told["errors"], [])
        self.assertEqual(arrived, {DATAGRAMS: sent["allowed"]["sent"], DATAGRAMS + 1: 0})

    def flood(self, sent, name, pod, port):
        sent[name] = pod.do("flood", host=self.backend.addr4, port=port, size=32, rate=RATE, seconds=SECONDS)


def build():
    global ENGINE  # pylint: disable=global-statement
    ENGINE = Engine()
    ENGINE.base(BASE)
    done = ENGINE.make(IMAGE, BASE)
    if done.returncode != 0:
        raise SystemExit(f"make image: exit {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


if __name__ == "__main__":
    if reason := cannot_run():
        skip_all(reason)
    try:
        build()
        main()
    finally:
        ENGINE.close()
