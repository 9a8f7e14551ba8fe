# SPDX-License-Identifier: BSD-2-Clause
"""A large cluster in a real API server, and what the agent needs for it."""
import concurrent.futures
import datetime
import json
import os
import time

from kube_case import namespace, server

THREADS = 4
NAMESPACES = 20
APPS = 250


def pod(number):
    address = f"10.{230 + number // 60000}.{number // 250 % 240}.{number % 250 + 1}"
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"pod-{number}", "namespace": f"team-{number % NAMESPACES}",
                         "labels": {"app": f"app-{number % APPS}", "tier": ("web", "data")[number % 2]}},
            "spec": {"nodeName": f"node-{2 + number % 50}", "serviceAccountName": "default",
                     "containers": [{"name": "main", "image": "none",
                                     "ports": [{"name": "http", "containerPort": 8000 + number % 10}]}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}


def policy(number):
    """Of one app of one namespace: who may come, by pods, namespaces and addresses, and where it may go."""
    team = f"team-{number % NAMESPACES}"
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": f"policy-{number}", "namespace": team},
            "spec": {"podSelector": {"matchLabels": {"app": f"app-{number % APPS}"}},
                     "policyTypes": ["Ingress", "Egress"],
                     "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": f"app-{(number + 20) % APPS}"}}},
                                           {"namespaceSelector": {"matchLabels": {"name": f"team-{(number + 1) % NAMESPACES}"}}},
                                           {"ipBlock": {"cidr": f"192.0.{number % 250}.0/24"}}],
                                  "ports": [{"port": 8000 + number % 10}, {"port": "http"}]}],
                     "egress": [{"to": [{"podSelector": {"matchLabels": {"tier": "data"}}}]}]}}


class Crowd:
    """Puts them there."""

    def __init__(self, api, netns, pods, policies):
        self.api, self.netns, self.n_pods, self.n_policies = api, netns, pods, policies

    def fill(self):
        for number in range(NAMESPACES):
            team = namespace(f"team-{number}")
            team["metadata"]["labels"] = {"name": f"team-{number}"}
            self.api.request("POST", "/api/v1/namespaces", team)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(self.fill_part, i) for i in range(THREADS)]:
                done.result()

    def fill_part(self, first):
        server.enter_netns(self.netns)
        client = self.api.client()
        for number in range(first, self.n_pods, THREADS):
            manifest = pod(number)
            path = f"/api/v1/namespaces/{manifest['metadata']['namespace']}/pods"
            client.request("POST", path, manifest)
            client.request("PUT", f"{path}/{manifest['metadata']['name']}/status", manifest)
        for number in range(first, self.n_policies, THREADS):
            manifest = policy(number)
            client.request("POST", "/apis/networking.k8s.io/v1/namespaces/"
                           f"{manifest['metadata']['namespace']}/networkpolicies", manifest)
        client.close()


def cold_start(lab):
    """Seconds from a start with nothing in the kernel to policy in force, by the agent's own log."""
    lab.end_agent()
    lab.detach()
    size = os.path.getsize(lab.log_path)
    lab.spawn_agent()
    lab.until(lambda: lab.status()["settled"], "the agent settles", 120)
    with open(lab.log_path, encoding="utf-8") as file:
        file.seek(size)
        told = [json.loads(line) for line in file if line.startswith("{")]
    begun, applied = (next(e["time"] for e in told if e.get("type") == kind)
                      for kind in ("agent-started", "policy-applied"))
    return (datetime.datetime.fromisoformat(applied) - datetime.datetime.fromisoformat(begun)).total_seconds()


def memory(pid):
    """MiB in use, and at most."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        found = dict(line.split(":", 1) for line in file)
    return [int(found[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def processor(pid, seconds):
    """Per cent of one core."""
    def ticks():
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds * 100
