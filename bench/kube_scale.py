#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a large cluster in a real API server asks of one agent: time to enforced, memory, processor at rest, latency.

    kube_scale.py [PODS [POLICIES]]     default 5000, 500
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kube_latency  # noqa: E402  # pylint: disable=wrong-import-position
import kube_crowd  # noqa: E402  # pylint: disable=wrong-import-position,import-error
import lab  # noqa: E402  # pylint: disable=wrong-import-position,import-error

REST_SECONDS = 30
TRIES = 40


def measure(bench, pods, policies):
    kube_crowd.Crowd(bench.api, f"/run/netns/{bench.lab.node.netns}", pods, policies).fill()
    bench.lab.until(lambda: bench.lab.status()["policy"]["pods"] >= pods, "all pods are known", 120)
    bench.lab.until(lambda: bench.lab.status()["settled"], "all is in force", 120)
    start = kube_crowd.cold_start(bench.lab)
    status = bench.lab.status()["policy"]
    pid = bench.lab.agent.pid
    print(f"kube_scale: {status['pods']} pods, {len(bench.policies())} policies, {status['identities']} identities")
    print(f"kube_scale: from the agent's start to policy in force {start * 1e3:.0f} ms")
    print(f"kube_scale: at rest {kube_crowd.processor(pid, REST_SECONDS):.1f} % of a core")
    print("kube_scale: memory {:.0f} MiB, at most {:.0f} MiB".format(*kube_crowd.memory(pid)))
    kube_latency.report(*bench.measure(TRIES))
    print("kube_scale: memory after that {:.0f} MiB, at most {:.0f} MiB".format(*kube_crowd.memory(pid)))


def main():
    pods, policies = [int(word) for word in sys.argv[1:3]] + [5000, 500][len(sys.argv) - 1:]
    kube_latency.Bench.setUpClass()
    try:
        bench = kube_latency.Bench()
        bench.setUp()
        measure(bench, pods, policies)
    finally:
        kube_latency.Bench.doClassCleanups()
        lab.close_all()


if __name__ == "__main__":
    main()
