#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir's limit beside what a user would pick instead: limit_rivals.py [ROUNDS [KIND]].

Each has a lab of its own, as in path.py: a pod that sends through a node to another, which a limit stands before. Prints
one JSON object a line and round.

limit.kept: what came, over what an exact bucket would have let through of what was sent, when it was sent; 1 is exact.
limit.kept_tcp: what a stream gets of a limit in bytes with half a second's burst (hashlimit takes no less than a
second's), after the first second; all of them at the same time.
limit.cost: datagrams a second that come through a limit which none of them reaches, over those where there is nothing;
with two senders on two cores for limit.cost_2; bytes of a stream for limit.cost_tcp.
All of it over IPv4, and with a 6 in its name over IPv6.
"""
import collections
import itertools
import json
import subprocess
import sys

import path_rivals as rivals
from lib.standing import run
from path_rivals import ALLOWED, TRAFFIC, labs

ROUNDS_USUAL = 3
SECONDS = 0.3
PATIENCE = 30
NEVER = 1000000  # packets a second, more than go; iptables hashlimit takes no more
NEVER_BYTES = 4 * 10**9  # a second
IPERF = 5201
STREAM_RATE, STREAM_SECONDS, STREAM_OMITTED = 12500000, 2, 1
FRAME, PAYLOAD = 1514, {4: 1448, 6: 1428}  # of a full segment, with timestamps
# Packets a second asked for, burst, offered. The last is more than this way takes: as many as go.
SETTINGS = [(rate, burst, offered) for rate, offered in ((1000, 3000), (10000, 30000), (100000, 1000000))
            for burst in (5, rate // 10)]
SETTINGS6 = [setting for setting in SETTINGS if setting[:2] == (10000, 1000)]

# A limit in packets of datagrams or in bytes of a stream, over IPv4 or IPv6.
Way = collections.namedtuple("Way", "family protocol unit port")
UDP = {family: Way(family, "udp", "packets", ALLOWED) for family in (4, 6)}
TCP = {family: Way(family, "tcp", "bytes", IPERF) for family in (4, 6)}

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
    units = ("packets", "bytes")

    def prepare(self):
        self.hold([*self.server.enter(), TRAFFIC, "serve", "-a", "::", "-p", str(ALLOWED)])

    def address(self, way):
        return self.server.addr6 if way.family == 6 else self.server.addr4

    def limit(self, way, rate, burst):
        raise NotImplementedError

    def stand_aside(self):
        """No limit; what else there is stays."""


class Nothing(Limiter):
    def limit(self, way, rate, burst):
        pass


class Weir(Limiter):
    name = "weir"

    def prepare(self):
        super().prepare()
        self.lab.start_agent()

    def limit(self, way, rate, burst):
        self.enforce(f"limits: [{{{way.unit}PerSecond: {rate}, burst: {burst}}}]")

    def stand_aside(self):
        self.enforce("action: Allow")

    def enforce(self, words):
        self.lab.enforce(WEIR_POLICY.format(number=next(self.numbers), limits=words))


class Bare(Limiter):
    """A program on the server's interface that does nothing but limit."""

    units = ("packets",)

    def limit(self, way, rate, burst):
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
    sets, rule = "", "limit rate over {rate}/second burst {burst} drop"

    def limit(self, way, rate, burst):
        ip = "ip6" if way.family == 6 else "ip"
        rule = self.rule.format(rate=f"{rate} bytes" if way.unit == "bytes" else rate, burst=f"{burst} {way.unit}", ip=ip)
        sets = self.sets.format(family=way.family)
        self.lab.node.run("nft", "-f", "-", text="table inet t {}\ndelete table inet t\ntable inet t {\n" + sets +
                          "chain forward {\ntype filter hook forward priority 0; policy accept;\n"
                          f"{ip} daddr {self.address(way)} {way.protocol} dport {way.port} {rule}\n}}\n}}\n")


class NftMeter(Nft):
    name = "nft_meter"
    sets = "set m {{\ntype ipv{family}_addr\nsize 65536\nflags dynamic\n}}\n"
    rule = "add @m {{ {ip} saddr limit rate over {rate}/second burst {burst} }} drop"


class Iptables(Limiter):
    name = "ipt_limit"
    fastest = 10000  # it takes no more
    units = ("packets",)
    rules = ["-m limit --limit {rate}/sec --limit-burst {burst} -j ACCEPT", "-j DROP"]

    def limit(self, way, rate, burst):
        number = next(self.numbers)
        if way.unit == "bytes":
            rate, burst = f"{rate}b", f"{max(burst, rate + rate // 50)}b"
        lines = [f"-A FORWARD -d {self.address(way)} -p {way.protocol} --dport {way.port} " +
                 rule.format(rate=rate, burst=burst, number=number) for rule in self.rules]
        self.lab.node.run("ip6tables-restore" if way.family == 6 else "iptables-restore", text="\n".join(
            ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", *lines, "COMMIT", ""]))


class IptablesHash(Iptables):
    name = "ipt_hashlimit"
    fastest = NEVER
    units = ("packets", "bytes")
    rules = ["-m hashlimit --hashlimit-above {rate}/sec --hashlimit-burst {burst} --hashlimit-mode srcip "
             "--hashlimit-name h{number} -j DROP"]


ALL = [Nothing, Weir, BareSwap, BareLock, Nft, NftMeter, IptablesHash, Iptables]


def report(name, unit, value, base_name, base, measured):
    print(json.dumps({"name": name, "unit": unit, "value": round(value, 4), "baseline": base_name, "base": base,
                      "with": measured}), flush=True)


def received(rival, way):
    """Packets of its family that have come to the server; nobody else sends it any but for neighbours' questions."""
    if way.family == 6:
        lines = rival.server.run("cat", "/proc/net/snmp6").splitlines()
        return int(dict(line.split() for line in lines)["Ip6InReceives"])
    lines = rival.server.run("cat", "/proc/net/snmp").splitlines()
    names, values = [line.split() for line in lines if line.startswith("Ip:")]
    return int(values[names.index("InReceives")])


def start(rival, way, kind, *options, cpu=0):
    words = [TRAFFIC, kind, "-a", rival.address(way), "-p", str(way.port), "-t", str(SECONDS), "-c", str(cpu), *options]
    return subprocess.Popen([*rival.client.enter(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=labs.die_with_parent)


def start_stream(rival, way, seconds, omitted=0):
    return subprocess.Popen([*rival.client.enter(), "iperf3", "-c", rival.address(way), "-p", str(way.port), "-t",
                             str(seconds), "-O", str(omitted), "-J"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=labs.die_with_parent)


def told(process):
    out, errors = process.communicate(timeout=PATIENCE)
    if process.returncode != 0:
        raise RuntimeError(f"traffic: {errors.strip() or out[-300:]}")
    return json.loads(out)


def bytes_told(process):
    """A second, of payload."""
    return told(process)["end"]["sum_received"]["bits_per_second"] / 8


def keep(rival, way, rate, burst, offered):
    """What came, and what should have."""
    rival.limit(way, rate, burst)
    before = received(rival, way)
    said = told(start(rival, way, "paced", "-r", str(offered), "-l", str(rate), "-b", str(burst)))
    return received(rival, way) - before, said["ideal"]


def flood(rival, way, senders):
    """Delivered a second."""
    before = received(rival, way)
    processes = [start(rival, way, "datagrams", cpu=cpu) for cpu in range(senders)]
    seconds = max(told(process)["seconds"] for process in processes)
    return (received(rival, way) - before) / seconds


def stream(rival, way, _):
    return bytes_told(start_stream(rival, way, 1))


def accuracy(standing, failures, only, way):
    six = "6" if way.family == 6 else ""
    for rate, burst, offered in SETTINGS6 if six else SETTINGS:
        what = f"limit.kept{six}_{rate}_burst_{burst}"
        for rival in standing:
            if only not in what or rival.name == "nothing" or rate > rival.fastest:
                continue
            found = failures.attempt(what, rival.name, keep, rival, way, rate, burst, offered)
            if found:
                report(f"{what}.{rival.name}", "ratio", found[0] / found[1], "an exact bucket", found[1], found[0])


def begin_stream(rival, way):
    rival.limit(way, STREAM_RATE, STREAM_RATE // 2)
    return start_stream(rival, way, STREAM_SECONDS, STREAM_OMITTED)


def goodput(standing, failures, only, way):
    what = "limit.kept_tcp" + ("6" if way.family == 6 else "")
    streams = [(rival, failures.attempt(what, rival.name, begin_stream, rival, way)) for rival in standing
               if only in what and rival.name != "nothing" and way.unit in rival.units]
    for rival, process in streams:
        got = process and failures.attempt(what, rival.name, bytes_told, process)
        if got:
            got *= FRAME / PAYLOAD[way.family]
            report(f"{what}.{rival.name}", "ratio", got / STREAM_RATE, "what is asked for", STREAM_RATE, got)


def cost(standing, failures, only, what, way, measure, senders):
    what += "6" if way.family == 6 else ""
    never = NEVER_BYTES if way.unit == "bytes" else NEVER
    values = {}
    for rival in standing:
        if only not in what or rival.fastest < NEVER or way.unit not in rival.units:
            continue
        if rival.name == "weir":
            rival.stand_aside()
            values["weir_no_limit"] = failures.attempt(what, rival.name, measure, rival, way, senders)
        if failures.attempt(what, rival.name, lambda r=rival: r.limit(way, never, never // 10) or True):
            values[rival.name] = failures.attempt(what, rival.name, measure, rival, way, senders)
    base = values.pop("nothing", None)
    for name, value in values.items():
        if base and value:
            report(f"{what}.{name}", "ratio", value / base, "nothing", base, value)


def round_of(standing, failures, only):
    for family in (4, 6):
        accuracy(standing, failures, only, UDP[family])
        goodput(standing, failures, only, TCP[family])
        for rival in standing:
            rival.stand_aside()
        cost(standing, failures, only, "limit.cost", UDP[family], flood, 1)
        cost(standing, failures, only, "limit.cost_tcp", TCP[family], stream, 1)
    cost(standing, failures, only, "limit.cost_2", UDP[4], flood, 2)


if __name__ == "__main__":
    sys.exit(run("bench limit_rivals", ALL, ROUNDS_USUAL, round_of))
