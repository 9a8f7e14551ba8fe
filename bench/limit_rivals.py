#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir's limit beside what a user would pick instead: limit_rivals.py [ROUNDS [KIND]].

Each has a lab of its own, as in path.py: a pod that sends through a node to another, which a limit stands before. Prints
one JSON object a line and round.

limit.kept: what came, over what an exact bucket would have let through of what was sent, when it was sent; 1 is exact.
limit.cost: datagrams a second that come through a limit which none of them reaches, over those where there is nothing;
with two senders on two cores for limit.cost_2.
"""
import itertools
import json
import subprocess
import sys

import path_rivals as rivals
from lib.standing import run
from path_rivals import ALLOWED, TRAFFIC, labs

ROUNDS_USUAL = 3
SECONDS = 0.4
PATIENCE = 30
NEVER = 1000000  # packets a second, more than go; iptables hashlimit takes no more
# Packets a second asked for, burst, offered. The last is more than this way takes: as many as go.
SETTINGS = [(rate, burst, offered) for rate, offered in ((1000, 3000), (10000, 30000), (100000, 1000000))
            for burst in (5, rate // 10)]

WEIR_POLICY = """
apiVersion: weir.dev/v1alpha1
kind: TrafficPolicy
metadata: {{name: server, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: server}}}}
  policyTypes: [Ingress]
  ingress:
  - name: rule-{number}
    from: [{{podSelector: {{matchLabels: {{app: client}}}}}}]
    {limits}
"""


class Limiter(rivals.Rival):
    """Stands between its client and its server, and can be set anew."""

    numbers = itertools.count()
    fastest = NEVER

    def limit(self, rate, burst):
        raise NotImplementedError

    def stand_aside(self):
        """No limit; what else there is stays."""


class Nothing(Limiter):
    def limit(self, rate, burst):
        pass


class Weir(Limiter):
    name = "weir"

    def prepare(self):
        self.lab.start_agent()

    def limit(self, rate, burst):
        self.enforce(f"limits: [{{packetsPerSecond: {rate}, burst: {burst}}}]")

    def stand_aside(self):
        self.enforce("action: Allow")

    def enforce(self, words):
        self.lab.enforce(WEIR_POLICY.format(number=next(self.numbers), limits=words))


class Bare(Limiter):
    """A program on the server's interface that does nothing but limit."""

    def limit(self, rate, burst):
        self.release()
        self.hold([*self.lab.node.enter(), TRAFFIC, self.name.removeprefix("tcx_"), "-i", self.server.interface, "-l",
                   str(rate), "-b", str(burst)])
        self.holds = True

    def release(self):
        if getattr(self, "holds", False):
            process = self.held.pop()
            process.stdin.close()
            process.wait(5)
            process.stdout.close()
        self.holds = False

    def stand_aside(self):
        self.release()


class BareSwap(Bare):
    name = "tcx_swap"


class BareLock(Bare):
    name = "tcx_lock"


class Nft(Limiter):
    name = "nft_limit"
    sets, rule = "", "limit rate over {rate}/second burst {burst} packets drop"

    def limit(self, rate, burst):
        rule = self.rule.format(rate=rate, burst=burst)
        self.lab.node.run("nft", "-f", "-", text="table ip t {}\ndelete table ip t\ntable ip t {\n" + self.sets +
                          "chain forward {\ntype filter hook forward priority 0; policy accept;\n"
                          f"ip daddr {self.server.addr4} udp dport {ALLOWED} {rule}\n}}\n}}\n")


class NftMeter(Nft):
    name = "nft_meter"
    sets = "set m {\ntype ipv4_addr\nsize 65536\nflags dynamic\n}\n"
    rule = "add @m {{ ip saddr limit rate over {rate}/second burst {burst} packets }} drop"


class Iptables(Limiter):
    name = "ipt_limit"
    fastest = 10000  # it takes no more
    rules = ["-m limit --limit {rate}/sec --limit-burst {burst} -j ACCEPT", "-j DROP"]

    def limit(self, rate, burst):
        number = next(self.numbers)
        lines = [f"-A FORWARD -d {self.server.addr4} -p udp --dport {ALLOWED} " +
                 rule.format(rate=rate, burst=burst, number=number) for rule in self.rules]
        self.lab.node.run("iptables-restore", text="\n".join(
            ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", *lines, "COMMIT", ""]))


class IptablesHash(Iptables):
    name = "ipt_hashlimit"
    fastest = NEVER
    rules = ["-m hashlimit --hashlimit-above {rate}/sec --hashlimit-burst {burst} --hashlimit-mode srcip "
             "--hashlimit-name h{number} -j DROP"]


ALL = [Nothing, Weir, BareSwap, BareLock, Nft, NftMeter, IptablesHash, Iptables]


def report(name, unit, value, base_name, base, measured):
    print(json.dumps({"name": name, "unit": unit, "value": round(value, 4), "baseline": base_name, "base": base,
                      "with": measured}), flush=True)


def received(rival):
    """IPv4 packets that have come to the server; nobody else sends it any."""
    lines = rival.server.run("cat", "/proc/net/snmp").splitlines()
    names, values = [line.split() for line in lines if line.startswith("Ip:")]
    return int(values[names.index("InReceives")])


def start(rival, kind, *options, cpu=0):
    words = [TRAFFIC, kind, "-a", rival.server.addr4, "-p", str(ALLOWED), "-t", str(SECONDS), "-c", str(cpu), *options]
    return subprocess.Popen([*rival.client.enter(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=labs.die_with_parent)


def told(process):
    out, errors = process.communicate(timeout=PATIENCE)
    if process.returncode != 0:
        raise RuntimeError(f"traffic: {errors.strip()}")
    return json.loads(out)


def keep(rival, rate, burst, offered):
    """What came, and what should have."""
    rival.limit(rate, burst)
    before = received(rival)
    said = told(start(rival, "paced", "-r", str(offered), "-l", str(rate), "-b", str(burst)))
    return received(rival) - before, said["ideal"]


def flood(rival, senders):
    """Delivered a second."""
    before = received(rival)
    processes = [start(rival, "datagrams", cpu=cpu) for cpu in range(senders)]
    seconds = max(told(process)["seconds"] for process in processes)
    return (received(rival) - before) / seconds


def accuracy(standing, failures, only):
    for rate, burst, offered in SETTINGS:
        what = f"limit.kept_{rate}_burst_{burst}"
        for rival in standing:
            if only not in what or rival.name == "nothing" or rate > rival.fastest:
                continue
            found = failures.attempt(what, rival.name, keep, rival, rate, burst, offered)
            if found:
                report(f"{what}.{rival.name}", "ratio", found[0] / found[1], "an exact bucket", found[1], found[0])


def cost(standing, failures, only):
    for what, senders in (("limit.cost", 1), ("limit.cost_2", 2)):
        values = {}
        for rival in standing:
            if only not in what or rival.fastest < NEVER:
                continue
            if rival.name == "weir":
                rival.stand_aside()
                values["weir_no_limit"] = failures.attempt(what, rival.name, flood, rival, senders)
            rival.limit(NEVER, NEVER // 10)
            values[rival.name] = failures.attempt(what, rival.name, flood, rival, senders)
        base = values.pop("nothing", None)
        for name, value in values.items():
            if base and value:
                report(f"{what}.{name}", "ratio", value / base, "nothing", base, value)


def round_of(standing, failures, only):
    accuracy(standing, failures, only)
    cost(standing, failures, only)


if __name__ == "__main__":
    sys.exit(run("bench limit_rivals", ALL, ROUNDS_USUAL, round_of))
