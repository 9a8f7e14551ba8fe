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
import json
import statistics
import subprocess
import sys

import path_rivals as rivals
from lib.standing import run
from path_rivals import ALLOWED, DENIED, TRAFFIC

ROUNDS_USUAL = 7
SECONDS = 0.2
TURNS = 3  # of each rival in a round; the median of these counts
PATIENCE = 30
MANY = 60000  # ports, or addresses, that a flood comes from in turn


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


def round_of(standing, failures, only):
    for kind, unit, measure, base_name, needs_denial in KINDS:
        values = collections.defaultdict(list)
        for rival in standing * TURNS:
            if only not in kind or not (rival.denies if needs_denial else rival.permits):
                continue
            value = failures.attempt(kind, rival.name, measure, rival)
            if value is not None:
                values[rival.name].append(value)
        medians = {name: statistics.median(several) for name, several in values.items()}
        for name, value in medians.items():
            if medians.get(base_name) and name != base_name:
                report(kind, unit, name, base_name, medians[base_name], value)


if __name__ == "__main__":
    sys.exit(run("bench path", rivals.ALL, ROUNDS_USUAL, round_of))
