#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole path, pod to pod through a node: path.py [ROUNDS [KIND]].

Each rival (path_rivals.py) has a lab of its own, and all labs stand at the same time; in each round
every kind of traffic goes through all of them in turn. Prints one JSON object a line and round, as the other benchmarks
do, beside what nothing at all did in that round or, for what is denied, nftables' verdict map.

Of floods what counts is what was consumed: delivered to the server, or taken off the node's interface and dropped. What
a full queue lost before is not.
"""
import collections
import contextlib
import json
import signal
import statistics
import subprocess
import sys

import path_rivals as rivals
from path_rivals import ALLOWED, DENIED, TRAFFIC, labs

ROUNDS_USUAL, ROUNDS_MAX = 7, 100
SECONDS = 0.2
TURNS = 3  # of each rival in a round; the median of these counts
PATIENCE = 30
MANY = 60000  # ports, or addresses, that a flood comes from in turn
WORDS_MAX = 300


def traffic(host, kind, *options):
    done = subprocess.run([*host.enter(), TRAFFIC, kind, "-t", str(SECONDS), *options], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{host.netns}: {kind}: {done.stderr.strip()}")
    told = json.loads(done.stdout)
    return told["n"], told["seconds"]


def received(rival):
    """Packets that have come to the server."""
    link = rival.server.ip_json("-s", "link", "show", "eth0")[0]
    return link["stats64"]["rx"]["packets"]


def stream(rival, streams):
    done = subprocess.run([*rival.client.enter(), "iperf3", "-c", rival.server.addr4, "-p", "5201", "-t", "1", "-P",
                           str(streams), "-J", "-A", f"0,{rivals.SERVER_CPU}"], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{rival.name}: iperf3: {done.stdout[-300:]}{done.stderr}")
    return json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9


def ask(rival):
    n, seconds = traffic(rival.client, "ask", "-a", rival.server.addr4, "-p", str(ALLOWED))
    return seconds / n * 1e6


def connect(rival):
    n, seconds = traffic(rival.client, "connect", "-a", rival.server.addr4, "-p", str(ALLOWED))
    return n / seconds


def permitted(rival):
    """Delivered a second: what was lost on the way is none of it."""
    before = received(rival)
    _, seconds = traffic(rival.client, "datagrams", "-a", rival.server.addr4, "-p", str(ALLOWED))
    return (received(rival) - before) / seconds


def none_came(rival, before, n):
    if received(rival) - before > n / 1000:
        raise RuntimeError(f"{rival.name}: {received(rival) - before} of {n} packets that are denied came to the pod")


def sent(rival):
    """Packets of the client's that the node has accepted."""
    return rival.client.ip_json("-s", "link", "show", "eth0")[0]["stats64"]["tx"]["packets"]


def denied_packets(rival, ports):
    """What a pod sends, as skbs."""
    gateway = rival.lab.node.ip_json("link", "show", rival.client.interface)[0]["address"]
    before, sent_before = received(rival), sent(rival)
    n, seconds = traffic(rival.client, "packets", "-a", rival.server.addr4, "-p", str(DENIED), "-m", gateway, "-s",
                         rival.client.addr4, "-o", rival.client.mac, "-k", str(ports))
    none_came(rival, before, n)
    return (sent(rival) - sent_before) / seconds


def taken(rival):
    """Frames that the node has taken off its uplink."""
    return rival.lab.node.ip_json("-s", "link", "show", "up0")[0]["stats64"]["rx"]["packets"]


def denied_frames(rival, ports, sources):
    """What comes to the node by its uplink, as frames from a driver."""
    node = rival.lab.node.ip_json("link", "show", "up0")[0]["address"]
    own = rival.lab.outside.ip_json("link", "show", "eth0")[0]["address"]
    options = ("-i", "eth0", "-a", rival.server.addr4, "-p", str(DENIED), "-m", node, "-o", own, "-n", str(sources),
               "-k", str(ports))
    traffic(rival.lab.outside, "frames", *options)  # until the shield is up, and tables are as full as they get
    before, taken_before = received(rival), taken(rival)
    n, seconds = traffic(rival.lab.outside, "frames", *options)
    none_came(rival, before, n)
    return (taken(rival) - taken_before) / seconds


# Name, unit, how it is measured, who it is beside; whether it needs somebody who denies.
KINDS = [
    ("path.tcp", "Gbit/s", lambda rival: stream(rival, 1), "nothing", False),
    ("path.tcp_4", "Gbit/s", lambda rival: stream(rival, 4), "nothing", False),
    ("path.latency", "us", ask, "nothing", False),
    ("path.connections", "1/s", connect, "nothing", False),
    ("path.flood_permitted", "1/s", permitted, "nothing", False),
    ("path.flood_denied.tc", "1/s", lambda rival: denied_packets(rival, 1), "nft_map", True),
    ("path.flood_denied.tc_ports", "1/s", lambda rival: denied_packets(rival, MANY), "nft_map", True),
    ("path.flood_denied.frames", "1/s", lambda rival: denied_frames(rival, 1, 1), "nft_map", True),
    ("path.flood_denied.frames_ports", "1/s", lambda rival: denied_frames(rival, MANY, 1), "nft_map", True),
    ("path.flood_denied.frames_sources", "1/s", lambda rival: denied_frames(rival, MANY, MANY), "nft_map", True),
]


def report(kind, unit, rival, base_name, base, value):
    name = kind
    if rival == "weir_xdp":
        name = kind.replace("frames", "xdp") if "frames" in kind else f"{kind}.weir_xdp"
    elif rival != "weir":
        name = f"{kind}.{rival}"
    print(json.dumps({"name": name, "unit": "ratio", "value": round(value / base, 4), "baseline": base_name,
                      "base": base, "with": value, "raw_unit": unit}), flush=True)


def round_of(all_rivals, kinds, failed):
    for kind, unit, measure, base_name, needs_denial in kinds:
        values = collections.defaultdict(list)
        for rival in all_rivals * TURNS:
            if not (rival.denies if needs_denial else rival.permits) or (kind, rival.name) in failed:
                continue
            try:
                values[rival.name].append(measure(rival))
            except (RuntimeError, OSError, KeyError, ValueError, ZeroDivisionError, subprocess.TimeoutExpired) as error:
                failed.add((kind, rival.name))
                print(f"bench path: {kind} {rival.name}: {error}", file=sys.stderr)
        medians = {name: statistics.median(several) for name, several in values.items()}
        for name, value in medians.items():
            if base_name in medians and name != base_name:
                report(kind, unit, name, base_name, medians[base_name], value)


def main():
    rounds = min(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS_USUAL, ROUNDS_MAX)
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    failed = set()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is set up is taken away
    with contextlib.ExitStack() as stack:
        stack.callback(labs.close_all)
        standing = []
        for rival in rivals.ALL:
            try:
                standing.append(rival())
                stack.callback(standing[-1].close)
            except (RuntimeError, AssertionError, OSError, labs.netns.CommandFailed) as error:
                failed.add(("all", rival.name))
                print(f"bench path: {rival.name}: {str(error)[:WORDS_MAX]}", file=sys.stderr)
        for _ in range(rounds):
            round_of(standing, [kind for kind in KINDS if only in kind[0]], failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
