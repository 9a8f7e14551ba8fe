# SPDX-License-Identifier: BSD-2-Clause
"""What compares rivals has in common: all of them stand at the same time, each in a lab of its own, and are measured
one after the other, as often as there are rounds."""
import contextlib
import signal
import subprocess
import sys

from path_rivals import labs

ROUNDS_MAX = 100
WORDS_MAX = 300
# What can go wrong with one of them, while the others go on.
TROUBLE = (RuntimeError, AssertionError, OSError, KeyError, ValueError, ZeroDivisionError, subprocess.TimeoutExpired,
           labs.netns.CommandFailed)


class Failures:
    """What has failed once is said, and not tried again."""

    def __init__(self, program):
        self.program, self.known = program, set()

    def attempt(self, what, name, call, *words):
        """What it gives back, or None."""
        if (what, name) in self.known:
            return None
        try:
            return call(*words)
        except TROUBLE as error:
            self.known.add((what, name))
            print(f"{self.program}: {what} {name}: {str(error)[:WORDS_MAX]}", file=sys.stderr)
            return None


def run(program, rivals, rounds, each_round):
    """program.py [ROUNDS [KIND]]: each_round(those that stand, failures, KIND), as often. Returns an exit status."""
    rounds = min(int(sys.argv[1]) if len(sys.argv) > 1 else rounds, ROUNDS_MAX)
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    failures = Failures(program)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is set up is taken away
    with contextlib.ExitStack() as stack:
        stack.callback(labs.close_all)
        standing = []
        for rival in rivals:
            stands = failures.attempt("all", rival.name, rival)
            if stands:
                standing.append(stands)
                stack.callback(stands.close)
        for _ in range(rounds):
            each_round(standing, failures, only)
    return 1 if failures.known else 0
