# SPDX-License-Identifier: BSD-2-Clause
"""What a machine left behind: prove's log, what the verifier counted, what the kernel said; and whether it is as expected."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
COUNTS = os.path.join(HERE, "verifier.counts")
BUDGET = os.path.join(TOP, "tests/check/verifier.budget")
DRIFT = 0.10  # of what is recorded
FAULTS = re.compile(r"BUG:|WARNING:|Oops|general protection fault|Kernel panic|initramfs: ")


class Result:
    """Of one kernel."""

    def __init__(self):
        self.release, self.tests, self.seconds = "", 0, 0
        self.failed, self.skipped, self.faults, self.ended = [], [], [], False
        self.counts = {}  # (compiler, program): instructions


def read(out):
    result = Result()
    with open(os.path.join(out, "test.log"), encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith(("not ok", "Bail out")):
                result.failed.append(line.strip())
            elif line.startswith("ok") and "# SKIP" in line or line.startswith("1..0"):
                result.skipped.append(line.strip())
            elif found := re.match(r"# verifier (\S+) (\S+) (\d+) (\d+) ", line):
                result.counts[found[1], found[2]] = int(found[3])
            elif found := re.match(r"# kernel (\S+),", line):
                result.release = found[1]
            elif found := re.match(r"Files=\d+, Tests=(\d+),\s+(\d+) wallclock", line):
                result.tests, result.seconds = int(found[1]), int(found[2])
            elif line.startswith("# prove ended with "):
                result.ended = line.split()[-1] == "0"
    with open(os.path.join(out, "console.log"), encoding="utf-8", errors="replace") as f:
        result.faults = [line.strip() for line in f if FAULTS.search(line)]
    return result


def table(path):
    """Rows of words of a file, without its comments."""
    try:
        with open(path, encoding="utf-8") as f:
            return [line.split() for line in f if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        return []


def recorded_counts(name):
    return {(compiler, program): int(n) for kernel, compiler, program, n in table(COUNTS) if kernel == name}


def judge_counts(result, name):
    budgets = {program: int(n) for program, n in table(BUDGET)}
    for (compiler, program), n in sorted(result.counts.items()):
        if n > budgets.get(program, 0):
            yield (f"{program} of {compiler}: the verifier walks {n} instructions, and the budget is "
                   f"{budgets.get(program, 0)} (tests/check/verifier.budget)")
    for compiler, program in sorted(recorded_counts(name).keys() - result.counts.keys()):
        yield f"{program} of {compiler}: recorded, and not loaded"


def drift(result, name):
    """What is far from what is recorded, a line each: nothing wrong, but a reason to look why."""
    for key, n in sorted(result.counts.items()):
        before = recorded_counts(name).get(key)
        if before is None or abs(n - before) > DRIFT * before:
            yield f"{key[1]} of {key[0]}: {n} instructions, {before or 'none'} are recorded (vm/run --record)"


def judge(result, kernel, ended):
    """What is not as expected, a line each."""
    expected = kernel.get("skips", [])
    wrong = list(result.failed)
    wrong += [f"skipped, and not expected to be: {s}" for s in result.skipped
              if not any(e["test"] in s for e in expected)]
    wrong += [f"expected to be skipped, and was not: {e['test']}" for e in expected
              if not any(e["test"] in s for s in result.skipped)]
    wrong += [f"the kernel says: {line}" for line in result.faults[:5]]
    if not ended:
        wrong.append("the machine did not switch itself off in time")
    elif not result.ended:
        wrong.append("prove did not end with success")
    return wrong + list(judge_counts(result, kernel["name"]))


def record(runs):
    """Writes what was counted, and keeps what is known of kernels that did not run now."""
    names = {run.kernel["name"] for run in runs}
    rows = [row for row in table(COUNTS) if row[0] not in names]
    for run in runs:
        rows += [[run.kernel["name"], *key, str(n)] for key, n in run.result.counts.items()]
    with open(COUNTS, "w", encoding="utf-8") as f:
        f.write("# Instructions that each kernel's verifier walked, by who compiled the programs; vm/run --record writes it.\n"
                "# The budget is tests/check/verifier.budget.\n")
        f.writelines(" ".join(row) + "\n" for row in sorted(rows))
