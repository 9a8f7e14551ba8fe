#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes tables and plots of results: report.py RESULTS-DIR DOCS-DIR.

In DOCS-DIR/performance.md what stands between <!-- bench:NAME --> and <!-- /bench --> is replaced by the table NAME,
where there are results for it.
"""
import json
import os
import re
import shutil
import subprocess
import sys

OVER = (1, 1000, 16000, 100000)
FEATURES = (("_bare", "bare"), ("", "with counters"), ("_limited", "one limit"), ("_all", "everything"))
RIVALS = ("", "tcx", "nft_map", "nft_linear", "ipt_ipset", "ipt_linear")
RIVAL_NAMES = ("weir", "bare tcx program", "nftables, verdict map", "nftables, 1,000 rules", "iptables, ipset",
               "iptables, 1,000 rules")
HOOKS = (("tc", "tc, to the pod"), ("tc_out", "tc, from the pod"), ("xdp", "XDP of the pod"), ("uplink", "XDP of an uplink"))
KINDS = (("established", "established"), ("new_flow", "new connection, decided"), ("denied", "denied"))

LIMITERS = (("weir", "weir"), ("weir_no_limit", "weir, no limit"), ("tcx_swap", "bare tcx, GCRA"),
            ("tcx_lock", "bare tcx, spin lock"), ("nft_limit", "nftables limit"), ("nft_meter", "nftables meter"),
            ("ipt_hashlimit", "iptables hashlimit"), ("ipt_limit", "iptables limit"))
AGENTS = (("0", "0", "100"), ("1k", "1,000", "100"), ("1k_10k_policies", "1,000", "10,000"), ("100k", "100,000", "100"),
          ("0_100_interfaces", "0, 100 interfaces", "100"),
          ("1m", "1,000,000", "100"))
AGENT_FIGURES = (("control.start_{}_pods", "start, s"), ("control.rss_{}_pods", "memory, MiB"),
                 ("control.peak_rss_{}_pods", "at most"), ("control.maps_{}_pods", "maps but for flows, MiB"),
                 ("control.pod_added_{}", "a pod added, ms"), ("control.pod_removed_of_{}_pods", "removed, ms"),
                 ("control.policy_changed_{}_pods", "a policy changed, ms"),
                 ("control.churn_of_{}_pods", "pods that come and go a second"),
                 ("control.rest_{}_pods", "processor at rest, ms a second"))
LIMIT_RIVALS = ("limit.kept", "limit.cost")
MATRIX = ("compile", "verify", "swap", "enforced", "words")
TABLES = ("packet", "over", "path", "floods", "limit", "kept", "cost", "matrix", "agents", "control", "walks", "programs")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


class Report:
    def __init__(self, directory):
        with open(os.path.join(directory, "results.json"), encoding="utf-8") as f:
            self.results = {result["name"]: result for result in json.load(f)}
        self.directory = directory

    def ns(self, name):
        return number(self.results[name]["value"]) if name in self.results else ""

    def ratio(self, name):
        result = self.results.get(name)
        return f"{result['value']:.2f} ({result['min']:.2f} to {result['max']:.2f})" if result else ""

    def packet(self):
        rows = []
        for hook, hook_name in HOOKS:
            for kind, kind_name in KINDS:
                for family, family_name in (("", "IPv4"), ("_ipv6", "IPv6")):
                    cells = [self.ns(f"packet.{hook}.{kind}{family}{suffix}") for suffix, _ in FEATURES]
                    if any(cells):
                        rows.append([f"{hook_name}: {kind_name}, {family_name}", *cells])
        return rows and table(["ns over an empty program", *(name for _, name in FEATURES)], rows)

    def over(self):
        rows = []
        for hook, hook_name in HOOKS:
            for kind, kind_name in KINDS:
                cells = [self.ns(f"packet.{hook}.{kind}" + (f"_{n}" if n > 1 else "")) for n in OVER]
                if cells[-1]:
                    rows.append([f"{hook_name}: {kind_name}", *cells])
        return rows and table(["ns over an empty program, by flows or addresses", *(f"{n:,}" for n in OVER)], rows)

    def path(self):
        kinds = (("path.tcp", "TCP, one stream"), ("path.tcp_4", "TCP, four streams"),
                 ("path.latency", "time of a question and its answer"), ("path.connections", "connections a second"),
                 ("path.flood_permitted", "permitted datagrams"))
        rows = [[name, *(self.ratio(kind + (f".{rival}" if rival else "")) for rival in RIVALS)] for kind, name in kinds]
        return any(any(row[1:]) for row in rows) and table(["times nothing", *RIVAL_NAMES], rows)

    def floods(self):
        """What drops all without a look, weir in tc and in XDP, and the others."""
        rows = []
        for kind, name in (("tc", "from a pod, one connection"), ("tc_ports", "from a pod, 60,000 ports"),
                           ("frames", "from the uplink, one connection"), ("frames_ports", "from the uplink, 60,000 ports"),
                           ("frames_sources", "from the uplink, 60,000 sources")):
            xdp = kind.replace("frames", "xdp")
            names = (f"{kind}.shut", kind, xdp if xdp != kind else "", *(f"{kind}.{rival}" for rival in RIVALS[3:]))
            rows.append([name, *(self.ratio(f"path.flood_denied.{name}") for name in names)])
        return any(any(row[1:]) for row in rows) and table(
            ["times the verdict map", "all dropped, without a look", "weir", "weir, XDP at the uplink", *RIVAL_NAMES[3:]], rows)

    def of(self, prefixes, others=()):
        """What begins so and is not shown elsewhere, but for single cases and cells: these have a colon in their names."""
        rows = [[name, number(r["value"]), number(r["min"]), number(r["max"]), r["unit"], r["baseline"], f"{r['ratio']:.2f}"]
                for name, r in self.results.items()
                if name.startswith(prefixes) and not name.startswith(others) and ":" not in name]
        return rows and table(["", "median", "min", "max", "unit", "beside", "ratio"], rows)

    def limit(self):
        return self.of("limit.", LIMIT_RIVALS)

    def control(self):
        shown = tuple(figure.format(size) for figure, _ in AGENT_FIGURES for size, _, _ in AGENTS)
        return self.of(("control.", "policy.", "agent."), shown)

    def agents(self):
        """Real ones, of several sizes."""
        rows = [[pods, policies, *(self.ns(figure.format(size)) for figure, _ in AGENT_FIGURES)]
                for size, pods, policies in AGENTS if f"control.start_{size}_pods" in self.results]
        return rows and table(["pods", "policies", *(title for _, title in AGENT_FIGURES)], rows)

    def matrix(self):
        """What a change of policy waits for, by number of policies and of pods."""
        cells = sorted({tuple(map(int, name.split(":")[1:])) for name in self.results if name.startswith("control.enforced:")},
                       key=lambda cell: (cell[1], cell[0]))
        rows = []
        for policies, pods in cells:
            results = [self.results[f"control.{what}:{policies}:{pods}"] for what in MATRIX]
            whole = results[3]
            rows.append([f"{pods:,}", f"{policies:,}", *(number(r["value"]) for r in results[:3]),
                         f"{number(whole['value'])} ({number(whole['min'])} to {number(whole['max'])})",
                         f"{results[4]['value']:,.0f}"])
        return rows and table(["pods", "policies", "compile", "verify", "swap", "in force after, ms", "words of image"], rows)

    def by_limiter(self, kinds):
        """A row for each (name, title), a column for each limiter that any of them has."""
        limiters = [(name, title) for name, title in LIMITERS if any(f"{kind}.{name}" in self.results for kind, _ in kinds)]
        rows = [[title, *(self.figure(f"{kind}.{name}") for name, _ in limiters)] for kind, title in kinds
                if any(f"{kind}.{name}" in self.results for name, _ in limiters)]
        return rows and table(["", *(title for _, title in limiters)], rows)

    def figure(self, name):
        """What is exact says so once."""
        result = self.results.get(name)
        if not result or not name.startswith("limit.kept"):
            return self.ratio(name)
        least, most = f"{result['min']:.3f}", f"{result['max']:.3f}"
        return f"{result['value']:.3f}" + (f" ({least} to {most})" if least != most else "")

    def kept(self):
        datagrams = [(f"limit.kept_{rate}_burst_{burst}", f"{rate:,}/s, burst {burst:,}")
                     for rate in (1000, 10000, 100000) for burst in (5, rate // 10)]
        return self.by_limiter(datagrams + [
            ("limit.kept6_10000_burst_1000", "10,000/s, burst 1,000, IPv6"),
            ("limit.kept_tcp", "TCP, 12.5 MB/s"), ("limit.kept_tcp6", "TCP, 12.5 MB/s, IPv6")])

    def cost(self):
        return self.by_limiter([("limit.cost", "one sender"), ("limit.cost6", "one sender, IPv6"),
                                ("limit.cost_2", "two senders, on two cores"), ("limit.cost_tcp", "TCP, bytes"),
                                ("limit.cost_tcp6", "TCP, bytes, IPv6")])

    def programs(self):
        """Of what this kernel's verifier has walked, and what has come of it."""
        rows = []
        for line in self.lines("programs.txt"):
            name, walked, _, _, written, rewritten, machine, took = line.split()
            rows.append([name, *(f"{int(n):,}" for n in (walked, written, rewritten, machine)), f"{int(took) / 1e6:.2f}"])
        return rows and table(["program", "walked by the verifier", "instructions", "as the verifier leaves them",
                               "bytes of machine code", "verified in, s"], rows)

    def lines(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as f:
            return f.read().splitlines()

    def walks(self):
        walks = [json.loads(line) for line in self.lines("walks.json")]
        steps = {row["packet"]: row for row in map(json.loads, self.lines("steps.json"))}
        rows = [[*walk.values(), *(f"{steps[walk['packet']][family]:,}" if walk["packet"] in steps else ""
                                   for family in ("ipv4", "ipv6"))] for walk in walks]
        return table(["packet", "looked up in hash tables", "in arrays", "changes of tables", "clock reads",
                      "atomic operations", "events", "instructions, IPv4", "IPv6"], rows)

    def tables(self):
        return {name: getattr(self, name)() for name in TABLES}

    # --- plots ---------------------------------------------------------------------

    def plot_over(self):
        lines = [(f"packet.{hook}.{kind}", f"{hook_name}: {kind_name}") for hook, hook_name in HOOKS
                 for kind, kind_name in KINDS if f"packet.{hook}.{kind}_{OVER[-1]}" in self.results]
        data = "".join(f"$d{i} << E\n" + "".join(
            f"{n} {self.results[name + (f'_{n}' if n > 1 else '')]['value']}\n" for n in OVER
            if name + (f"_{n}" if n > 1 else "") in self.results) + "E\n" for i, (name, _) in enumerate(lines))
        drawn = ", ".join(f"$d{i} using 1:2 with linespoints lw 2 title '{title}'" for i, (_, title) in enumerate(lines))
        return lines and (data + "set logscale x\nset xlabel 'flows or addresses in turn'\n"
                          "set ylabel 'ns over an empty program'\nset yrange [0:*]\nset key left top\n" + f"plot {drawn}\n")

    def plot_path(self):
        kinds = {kind: title for kind, title in (
            ("path.tcp", "TCP, one stream"), ("path.latency", "question and answer"),
            ("path.connections", "connections"), ("path.flood_permitted", "permitted datagrams")) if kind in self.results}
        data = "$d << E\n" + "".join(
            f'"{title}" ' + " ".join(
                str(self.results.get(kind + (f".{r}" if r else ""), {"value": "?"})["value"]) for r in RIVALS) + "\n"
            for kind, title in kinds.items()) + "E\n"
        drawn = ", ".join(f"$d using {i + 2}:xtic(1) title '{name}'" for i, name in enumerate(RIVAL_NAMES))
        return kinds and (data + "set style data histograms\nset style fill solid 0.8 border -1\n"
                          "set ylabel 'times nothing attached'\nset logscale y\nset key outside top center horizontal noenhanced\n"
                          "set xtics noenhanced\n" + f"plot {drawn}\n")


def draw(script, path):
    text = f"set terminal svg size 800,440 font 'sans-serif,12' background 'white'\nset output '{path}'\nset grid ytics\n"
    subprocess.run(["gnuplot"], input=text + script, text=True, check=True, timeout=30)


def draw_all(report, docs):
    """The names of those that there are results for."""
    if not shutil.which("gnuplot"):
        print("bench: gnuplot is not here, no plots (scripts/install-deps.sh bench)", file=sys.stderr)
        return []
    os.makedirs(os.path.join(docs, "plots"), exist_ok=True)
    scripts = {"over": report.plot_over(), "path": report.plot_path()}
    for name, script in scripts.items():
        if script:
            draw(script, os.path.join(docs, "plots", f"{name}.svg"))
    return [name for name, script in scripts.items() if script]


def main(directory, docs):
    report = Report(directory)
    path = os.path.join(docs, "performance.md")
    drawn = draw_all(report, docs)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for name, made in report.tables().items():
        if not made:
            continue
        if name in drawn:
            made += f"\n\n![{name}](plots/{name}.svg)"
        text = re.sub(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", lambda m, made=made: m[1] + made + "\n" + m[2],
                      text, flags=re.DOTALL)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


main(*sys.argv[1:3])
