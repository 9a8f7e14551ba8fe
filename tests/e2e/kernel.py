# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel holds: BPF objects by id, and the state of an interface."""
import glob
import json
import os
import re
import subprocess

import netns

KINDS = ("prog", "map", "link")
# Ubuntu's bpftool in the path is a wrapper that wants the running kernel's own package.
BPFTOOL = next(iter(glob.glob("/usr/lib/linux-tools/*/bpftool")), "bpftool")


def bpftool(*words):
    """What bpftool answers; {"error": ...} if it has none. Its exit code also minds interfaces of other namespaces."""
    done = subprocess.run([BPFTOOL, "-j", *words], capture_output=True, text=True, timeout=20, check=False)
    return json.loads(done.stdout or "[]")


def all_ids():
    """The ids of every BPF object on this machine, by kind."""
    return {kind: {o["id"] for o in bpftool(kind, "list")} for kind in KINDS}


def held_by(pid):
    """The ids of the BPF objects that a process has open, by kind."""
    ids = {kind: set() for kind in KINDS}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                found = dict(re.findall(r"^(\w+):\s+(\d+)$", f.read(), re.MULTILINE))
        except OSError:
            continue
        # A link's page names its program too.
        if "link_id" in found:
            ids["link"].add(int(found["link_id"]))
        if "map_id" in found:
            ids["map"].add(int(found["map_id"]))
        if "prog_id" in found:
            ids["prog"].add(int(found["prog_id"]))
    return ids


def pinned(directory):
    """Every path below a bpffs directory with the id of the object that is pinned there."""
    ids = {}
    for parent, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(parent, name)
            for kind in KINDS:
                found = bpftool(kind, "show", "pinned", path)
                if "id" in found:
                    ids[os.path.relpath(path, directory)] = (kind, found["id"])
                    break
    return ids


def owned(lab):
    """Everything that belongs to a lab's agent now: what it has open, what is pinned, and what these use."""
    ids = held_by(lab.agent.pid) if lab.agent else {kind: set() for kind in KINDS}
    for kind, number in pinned(lab.bpffs).values():
        ids[kind].add(number)
    for link in bpftool("link", "list"):
        if link["id"] in ids["link"]:
            ids["prog"].add(link["prog_id"])
    for program in bpftool("prog", "list"):
        if program["id"] in ids["prog"]:
            ids["map"].update(program.get("map_ids", []))
    return ids


def interface_state(host, name):
    """What hangs on an interface: qdiscs, filters, XDP, and its offload features."""
    enter = host.enter()

    def tc(*words):
        return json.loads(netns.run(*enter, "tc", "-j", *words, "dev", name) or "[]")
    link = host.ip_json("link", "show", "dev", name)[0]
    net = json.loads(netns.run(*enter, BPFTOOL, "-j", "net", "show", "dev", name))[0]
    filters = []
    for direction in ("ingress", "egress"):
        done = netns.run(*enter, "sh", "-c", f"tc -j filter show dev {name} {direction} 2>/dev/null || echo []")
        filters += json.loads(done or "[]")
    return {
        "qdiscs": tc("qdisc", "show"),
        "filters": filters,
        "xdp": link.get("xdp", {}),
        "tcx": net.get("tc", []),
        "features": netns.run(*enter, "ethtool", "-k", name).splitlines()[1:],
    }
