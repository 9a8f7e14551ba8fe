# SPDX-License-Identifier: BSD-2-Clause
"""A node with pods, an outside world behind its uplink, and a real agent on it.

The node routes between its pods, each of which knows it as the only neighbour,
or it has them as neighbours of each other on a bridge.

Everything is made for one lab and taken away with it: network namespaces,
the directories of the agent, its pins in bpffs.
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import netns
from netns import PATIENCE, Host

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# AddressSanitizer would keep 256 MiB of what was freed; for agents whose memory is measured.
FORGETFUL = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
WEIR = os.path.abspath(os.environ.get("WEIR") or os.path.join(TOP, "build/weir"))
BPFFS = "/sys/fs/bpf"

GATEWAY4, GATEWAY6 = "10.201.0.254", "fd00:201::fe"
OUTSIDE4, OUTSIDE6 = "10.201.200.2", "fd00:201:c8::2"
# Addresses of the outside host that policies by CIDR tell apart.
OUTSIDE_NET4, OUTSIDE_NET6 = "10.201.210.0/24", "fd00:201:d2::/64"
OUTSIDE_LOW4, OUTSIDE_HIGH4 = "10.201.210.10", "10.201.210.70"
OUTSIDE_LOW6, OUTSIDE_HIGH6 = "fd00:201:d2::10", "fd00:201:d2:0:8000::70"

TCP_PORTS = [80, 81, 8080, 8081, 8090, 8091]
UDP_PORTS = [53, 54]

_labs = []


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def mount_bpffs():
    if not os.path.ismount(BPFFS):
        netns.run("mount", "-t", "bpf", "bpf", BPFFS)


class Pod(Host):
    """A pod: a host behind a veth whose other end is on the node."""

    def __init__(self, lab, name, *, namespace="shop", labels=None, annotations=None, ports=None):
        self.lab, self.name, self.namespace = lab, name, namespace
        self.labels = labels if labels is not None else {"app": name}
        self.ports = ports or [{"name": "web", "containerPort": 8080}]
        self.annotations = annotations or {}
        self.number = lab.take_number()
        self.interface = f"veth-{name}"[:15]
        self.addr4, self.addr6 = f"10.201.0.{self.number}", f"fd00:201::{self.number:x}"
        self.mac = f"02:00:0a:c9:00:{self.number:02x}"
        super().__init__(f"{lab.label}-{name}")

    def plug(self):
        """Makes the veth pair and serves on it."""
        self.plug_again()
        self.do("serve", protocol="TCP", ports=TCP_PORTS)
        self.do("serve", protocol="UDP", ports=UDP_PORTS)

    def plug_again(self):
        self.lab.node.ip(f"link add {self.interface} type veth peer name eth0 address {self.mac} netns {self.netns}",
                         f"link set {self.interface} up")
        self.connect()

    def connect(self):
        """Makes node and pod reach each other over the pair."""
        if self.lab.bridged:
            self.join_bridge()
        else:
            self.be_routed()

    def be_routed(self):
        self.lab.node.ip(
            f"addr add {GATEWAY4}/32 dev {self.interface}",
            f"addr add {GATEWAY6}/128 dev {self.interface} nodad",
            *(f"route replace {addr} dev {self.interface}" for addr in (self.addr4, self.addr6)))
        self.ip(
            f"addr add {self.addr4}/32 dev eth0",
            f"addr add {self.addr6}/128 dev eth0 nodad",
            "link set eth0 up",
            f"route add {GATEWAY4} dev eth0", f"route add default via {GATEWAY4}",
            f"route add {GATEWAY6} dev eth0", f"route add default via {GATEWAY6}")

    def join_bridge(self):
        self.lab.node.ip(f"link set {self.interface} master br0")
        self.ip(
            f"addr add {self.addr4}/24 dev eth0", f"addr add {self.addr6}/64 dev eth0 nodad", "link set eth0 up",
            f"route add default via {GATEWAY4}", f"route add default via {GATEWAY6}")

    def unplug(self):
        self.lab.node.ip(f"link delete {self.interface}")

    def manifest(self):
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": self.labels,
                         "annotations": {"weir.dev/interface": self.interface} | self.annotations},
            "spec": {"containers": [{"name": "main", "image": "none", "ports": self.ports}]},
            "status": {"phase": "Running", "podIPs": [{"ip": self.addr4}, {"ip": self.addr6}]},
        }

    def announce(self):
        """Says in the directory source what is behind the interface."""
        self.lab.write(f"pod-{self.name}.json", self.manifest())

    def withdraw(self):
        self.lab.remove(f"pod-{self.name}.json")


class Lab:
    def __init__(self, label="a", *, env=None, options=(), settings=None, bridged=False):
        self.label, self.env, self.options = label, dict(env or {}), list(options)
        self.program = WEIR
        self.launcher = []  # words in front of the program, such as those that take rights from it
        self.settings, self.bridged = settings, bridged
        self.agent = None
        self.drops_before = {}  # before this agent, whose events begin with it
        self.pods = {}
        self._number = 0
        self._mounts = []
        self._log = None
        self.dir = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{label}-")
        self.source, self.state, self.rundir = (os.path.join(self.dir, d) for d in ("source", "state", "run"))
        self.bpffs = f"{BPFFS}/weir-test-{os.getpid()}-{label}"
        self.socket = os.path.join(self.rundir, "weir.sock")
        self.log_path = os.path.join(self.dir, "agent.log")
        _labs.append(self)
        try:
            for directory in (self.source, self.state, self.rundir):
                os.mkdir(directory)
            mount_bpffs()
            self.node = Host(f"{label}-node", router=True)
            self.outside = Host(f"{label}-out")
            self._plug_outside()
            if bridged:
                self._make_bridge()
        except BaseException:
            self.close()
            raise

    def _plug_outside(self):
        out = self.outside
        self.node.ip(
            f"link add up0 type veth peer name eth0 netns {out.netns}",
            "addr add 10.201.200.1/24 dev up0", "addr add fd00:201:c8::1/64 dev up0 nodad", "link set up0 up",
            f"route add {OUTSIDE_NET4} via {OUTSIDE4}", f"route add default via {OUTSIDE4}")
        out.ip(
            f"addr add {OUTSIDE4}/24 dev eth0", f"addr add {OUTSIDE6}/64 dev eth0 nodad",
            *(f"addr add {a}/32 dev lo" for a in (OUTSIDE_LOW4, OUTSIDE_HIGH4)),
            *(f"addr add {a}/128 dev lo nodad" for a in (OUTSIDE_LOW6, OUTSIDE_HIGH6)),
            "link set eth0 up", "route add default via 10.201.200.1", "route add default via fd00:201:c8::1")
        self.node.ip(f"route add {OUTSIDE_NET6} via {OUTSIDE6}")
        out.do("serve", protocol="TCP", ports=TCP_PORTS)
        out.do("serve", protocol="UDP", ports=UDP_PORTS)

    def _make_bridge(self):
        self.node.ip(
            "link add br0 type bridge mcast_snooping 0",
            f"addr add {GATEWAY4}/24 dev br0", f"addr add {GATEWAY6}/64 dev br0 nodad", "link set br0 up")
        if os.path.isdir("/proc/sys/net/bridge"):  # netfilter would look at what the bridge passes on
            self.node.do("sysctl", values={f"bridge/bridge-nf-call-{t}tables": 0 for t in ("ip", "ip6")})

    def take_number(self):
        self._number += 1
        return self._number

    # --- pods and the directory source --------------------------------------

    def add_pod(self, name, *, announce=True, **about):
        pod = Pod(self, name, **about)
        self.pods[name] = pod
        pod.plug()
        if announce:
            pod.announce()
        return pod

    def remove_pod(self, name):
        pod = self.pods.pop(name)
        pod.withdraw()
        pod.unplug()
        pod.close()

    def add_namespace(self, name, **labels):
        self.write(f"namespace-{name}.json",
                   {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def write(self, name, content):
        """Puts a file into the source directory, whole or not at all."""
        text = content if isinstance(content, str) else json.dumps(content)
        path = os.path.join(self.source, name)
        with open(os.path.join(self.source, f".{name}.new"), "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(f.name, path)
        return path

    def remove(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.source, name))

    def enforce(self, policies):
        """Makes these the only policies of the directory and returns once the kernel enforces them."""
        self.write("policy.yaml", policies) if policies else self.remove("policy.yaml")
        self.settle()

    def settle(self):
        done = self.weir("wait", "--settled", "--timeout", f"{10 * PATIENCE:.0f}")
        if done.returncode != 0:
            raise AssertionError(f"weir wait --settled: exit {done.returncode}: {done.stderr}{self.log_tail()}")

    # --- the program ---------------------------------------------------------

    def agent_words(self):
        words = [self.program, "agent", "--source", f"dir:{self.source}", "--node", "node-1", "--state-dir", self.state,
                "--run-dir", self.rundir, "--bpffs", self.bpffs, "--metrics", "127.0.0.1:9964", *self.options]
        if self.settings:
            path = os.path.join(self.dir, "agent.json")
            with open(path, "w", encoding="utf-8") as f:
                json.dump(self.settings, f)
            words += ["--config", path]
        return words

    def launch_agent(self, launcher=()):
        """Starts the agent and waits for nothing; launcher: words in front of the program, this time."""
        with open(self.log_path, "ab") as log:
            self.agent = subprocess.Popen([*self.node.enter(), *self.launcher, *launcher, *self.agent_words()],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=os.environ | self.env, preexec_fn=die_with_parent)

    def spawn_agent(self):
        """Starts the agent and waits until it answers, whatever it says."""
        self.launch_agent()
        self.until(self._answers, "the agent answers on its socket", 20)
        self.drops_before = self.drops()

    def start_agent(self):
        self.spawn_agent()
        self.until(lambda: self.weir("wait", "--settled", "--timeout", "5").returncode == 0, "the agent settles", 20)
        self.settle()
        return self

    def _answers(self):
        if self.agent.poll() is not None:
            raise AssertionError(f"the agent ended with {self.agent.returncode}{self.log_tail()}")
        return os.path.exists(self.socket) and self.weir("status").returncode < 2

    def end_agent(self, signal_number=signal.SIGTERM):
        """Ends the agent; what it answers."""
        if self.agent is None:
            return None
        if self.agent.poll() is None:
            self.agent.send_signal(signal_number)
        try:
            self.agent.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.agent.kill()
            self.agent.wait(5)
            raise AssertionError(f"the agent did not end on signal {signal_number}{self.log_tail()}") from None
        code, self.agent = self.agent.returncode, None
        return code

    def weir(self, *words, stdin=None, timeout=20, socket=None, env=None):
        """Runs the program with this lab's socket, in the node's namespace."""
        return subprocess.run([*self.node.enter(), self.program, "--socket", socket or self.socket, *words], input=stdin,
                              capture_output=True, text=True, timeout=timeout * PATIENCE, check=False,
                              env=os.environ | self.env | (env or {}))

    def weir_json(self, *words):
        done = self.weir(*words, "-o", "json")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError(f"weir {' '.join(words)} -o json: exit {done.returncode}: "
                                 f"{done.stdout}{done.stderr}{self.log_tail()}") from None

    def status(self):
        return self.weir_json("status")

    def interface(self, name):
        """What status says of an interface, or None."""
        return next((i for i in self.status()["interfaces"] if i["interface"] == name), None)

    def metric(self, name, **labels):
        """The sum of a metric's series that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        text = self.weir("metrics").stdout
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith((name + "{", name + " ")) and all(w in line for w in wanted))

    def drops(self):
        """How many packets were dropped, by (reason, direction), by rule (kind, namespace, policy, rule), and by rule
        and limit."""
        found = {}
        for name, labels, n in re.findall(r"(?m)^(\w+)\{(.*)\} (\d+)$", self.weir("metrics").stdout):
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
            rule = tuple(labels.get(n) for n in ("kind", "namespace", "policy", "rule"))
            if name == "weir_packets_total" and labels["verdict"] == "drop":
                found[labels["reason"], labels["direction"]] = float(n)
            elif name == "weir_policy_packets_total" and labels["verdict"] in ("drop", "reject"):
                found[rule] = found.get(rule, 0) + float(n)
            elif name == "weir_limit_dropped_total":
                found[*rule, labels["limit"]] = float(n)
        return found

    def told_drops(self, seconds):
        """The same of the events of the last so many seconds: those that were told; and those that these speak for,
        as a connection whose permission has ended is told of once, whichever side has sent first."""
        told, spoken_for = set(), set()
        for event in self.events("--type", "denied,withdrawn", "--since", f"{seconds}s"):
            limit = event["limit"].split()[-1:] if event["limit"] else []
            told.add((event["reason"], event["direction"]))
            told.update((p["kind"], p["namespace"] or "", p["policy"], p["rule"] or "", *limit)
                        for p in event["policies"])
            if event["type"] == "withdrawn":
                spoken_for.update((event["reason"], direction) for direction in ("ingress", "egress"))
        return told, told | spoken_for

    def events(self, *words):
        """What weir observe has kept."""
        done = self.weir("observe", "--last", "16384", "-o", "json", *words)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def packets(self, reason, direction):
        """How many packets of endpoints this has happened to."""
        return self.metric("weir_packets_total", reason=reason, direction=direction)

    def flows(self, *words):
        return self.weir_json("get", "flows", "--limit", "0", *words)["items"]

    def pins(self):
        """The paths of everything pinned."""
        return sorted(os.path.join(parent, name) for parent, _, names in os.walk(self.bpffs) for name in names)

    def detach(self):
        return self.weir("detach", "--bpffs", self.bpffs)

    def log_tail(self, lines=25):
        with contextlib.suppress(FileNotFoundError), open(self.log_path, encoding="utf-8", errors="replace") as f:
            return "\nthe agent's log ends:\n" + "".join(f.readlines()[-lines:])
        return ""

    def sanitizers_word(self):
        """Of a program with sanitizers: what they have found in any agent of this lab, from there on; None if nothing."""
        with contextlib.suppress(FileNotFoundError), open(self.log_path, encoding="utf-8", errors="replace") as f:
            return re.search(r"(ERROR: \w+Sanitizer: |[^\n]*: runtime error: )[^\0]{,8000}", f.read())

    @staticmethod
    def until(condition, what, seconds=5):
        """Waits for a condition; the first true value of it."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.01)
        return value

    def mount_tiny_state(self, size="64k"):
        """Puts the state directory on a file system that is easily full."""
        netns.run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.state)
        self._mounts.append(self.state)

    def unmount(self):
        while self._mounts:
            subprocess.run(["umount", "-l", self._mounts.pop()], check=False, capture_output=True)

    def close(self):
        """Takes everything of this lab away, in any state that it is in."""
        if self not in _labs:
            return
        _labs.remove(self)
        try:
            with contextlib.suppress(AssertionError):
                self.end_agent()
            if hasattr(self, "node") and os.path.isdir(self.bpffs):
                self.detach()
        finally:
            shutil.rmtree(self.bpffs, ignore_errors=True)
            self.unmount()
            for host in [*self.pods.values(), *(getattr(self, h) for h in ("outside", "node") if hasattr(self, h))]:
                with contextlib.suppress(OSError, netns.CommandFailed):
                    host.close()
            word = self.sanitizers_word()
            shutil.rmtree(self.dir, ignore_errors=True)
        if word:
            raise AssertionError(f"a sanitizer's word in the agent's log: {word[0]}")


def close_all():
    for lab in list(_labs):
        lab.close()
    netns.delete_all()
