#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes results of rounds.

Reads one JSON object a line: {"name", "unit", "value", "baseline", "base",
"with"}, each the outcome of one round. Writes the list of medians to the file
given, and a table to standard output.
"""
import json
import statistics
import sys


def rounds_by_name(lines):
    rounds = {}
    for line in lines:
        one = json.loads(line)
        rounds.setdefault(one["name"], []).append(one)
    return rounds


def result(name, rounds):
    values = [one["value"] for one in rounds]
    return {
        "name": name,
        "unit": rounds[0]["unit"],
        "value": statistics.median(values),
        "baseline": rounds[0]["baseline"],
        "ratio": round(statistics.median(one["with"] / one["base"] if one["base"] else 0 for one in rounds), 3),
        "min": min(values),
        "max": max(values),
        "rounds": len(rounds),
    }


def main(path):
    results = [result(name, rounds) for name, rounds in rounds_by_name(sys.stdin).items()]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
        f.write("\n")
    if not results:
        print("bench: no results", file=sys.stderr)
        return 1
    width = max(len(r["name"]) for r in results)
    print(f"{'name':<{width}}{'value':>10}{'min':>10}{'max':>10} {'unit':<8}{'ratio':>7}  over")
    for r in results:
        print(f"{r['name']:<{width}}{r['value']:>10.5g}{r['min']:>10.5g}{r['max']:>10.5g} {r['unit']:<8}"
              f"{r['ratio']:>7.2f}  {r['baseline']}")
    return 0


sys.exit(main(sys.argv[1]))
