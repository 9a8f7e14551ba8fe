# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces with a worker in each: the hosts of a lab."""
import json
import os
import select
import subprocess
import sys
import time

PREFIX = f"we{os.getpid()}"
# How many times longer everything may take; an emulated machine (vm/) is slow.
PATIENCE = float(os.environ.get("WEIR_PATIENCE") or 1)
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")

# Duplicate address detection would hold IPv6 back for a second; pings need no privilege here. A new namespace has
# some settings of the machine, and hosts that forward would send packets for nobody to and fro.
HOST_SYSCTLS = {
    "ipv4/ip_forward": 0,
    "ipv6/conf/all/forwarding": 0,
    "ipv6/conf/all/accept_dad": 0,
    "ipv6/conf/default/accept_dad": 0,
    "ipv6/conf/default/router_solicitations": 0,
    "ipv4/ping_group_range": "0 0",
}
ROUTER_SYSCTLS = {
    "ipv4/ip_forward": 1,
    "ipv6/conf/all/forwarding": 1,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
}


class CommandFailed(Exception):
    """A command of the harness itself, or a worker, did not do what it must."""


def run(*command, text=None, timeout=20):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout * PATIENCE, check=False)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: {done.stderr.strip()}\n{text or ''}")
    return done.stdout


def namespaces():
    """Those of this process that exist now."""
    try:
        return sorted(n for n in os.listdir("/run/netns") if n.startswith(PREFIX + "-"))
    except FileNotFoundError:
        return []


def delete_all():
    for name in namespaces():
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=20)


class Host:
    """A network namespace and the worker inside it."""

    def __init__(self, label, router=False):
        self.netns = f"{PREFIX}-{label}"
        run("ip", "netns", "add", self.netns)
        sysctls = HOST_SYSCTLS | (ROUTER_SYSCTLS if router else {})
        self.worker = subprocess.Popen([*self.enter(), sys.executable, WORKER, json.dumps(sysctls)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.do("serve", protocol="TCP", ports=[])
        self.ip("link set lo up")

    def enter(self):
        """The words that put a command into this namespace and leave its mounts alone."""
        return ["nsenter", f"--net=/run/netns/{self.netns}"]

    def run(self, *command, text=None):
        return run(*self.enter(), *command, text=text)

    def ip(self, *lines):
        run("ip", "-n", self.netns, "-batch", "-", text="\n".join(lines) + "\n")

    def has(self, interface):
        """Whether there is such an interface."""
        return any(link["ifname"] == interface for link in self.ip_json("link", "show"))

    def ip_json(self, *words):
        return json.loads(run("ip", "-n", self.netns, "-j", "-d", *words) or "[]")

    def do(self, name, timeout=30, **arguments):
        """Has the worker do something; its answer, or OSError with the worker's word."""
        self.worker.stdin.write(json.dumps({"do": name, **arguments}) + "\n")
        self.worker.stdin.flush()
        deadline = time.monotonic() + timeout * PATIENCE
        if not select.select([self.worker.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            self.worker.kill()
            raise CommandFailed(f"{self.netns}: no answer to {name} in {timeout} s")
        line = self.worker.stdout.readline()
        if not line:
            raise CommandFailed(f"{self.netns}: the worker ended at {name}")
        answer = json.loads(line)
        if "error" in answer:
            raise OSError(answer["error"])
        return answer["result"]

    def close(self):
        self.worker.stdin.close()
        try:
            self.worker.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.worker.kill()
            self.worker.wait(2)
        self.worker.stdout.close()
        if os.path.exists(f"/run/netns/{self.netns}"):
            run("ip", "netns", "delete", self.netns)
