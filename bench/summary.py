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
        "ratio": round(statistics.median(one["with"] / one["base"] for one in rounds), 3),
        "min": min(values),
        "max": max(values),
        "rounds": len(rounds),
    }


def main(path):
    results = [result(name, rounds) for name, rounds in rounds_by_name(sys.stdin).items()]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
        f.write("\n")
    print(f"{'name':<32}{'value':>9}{'min':>7}{'max':>7} {'unit':<5}{'ratio':>7}  over")
    for r in results:
        print(f"{r['name']:<32}{r['value']:>+9.5g}{r['min']:>7}{r['max']:>7} {r['unit']:<5}{r['ratio']:>7.2f}  {r['baseline']}")


main(sys.argv[1])
