#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent under valgrind's memcheck: it uses no memory that isn't its own, and leaves nothing behind when it ends.

$WEIR_ROUNDS times (1) all that it is asked for; `make valgrind` takes more.
"""
import os

from case import LabCase, main
from core_cases import ALLOW_FRONTEND, policy

ROUNDS = int(os.environ.get("WEIR_ROUNDS") or 1)
SLOWER = 10  # than without, about
FAILED = 99
SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "valgrind.supp")
# valgrind 3.19 doesn't know bpf(2)'s batches (it says "unhandled eBPF command 24"): what the kernel fills in counts as
# never written, and so does all that is made of it. So whether values are is not asked; the sanitizers' runs see to it
# that memory is one's own as well, and the compilers' analyzers that locals are set.
VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--undef-value-errors=no", "--track-fds=yes", f"--suppressions={SUPPRESSIONS}",
            f"--error-exitcode={FAILED}"]
LIMITED = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
      limits: [{packetsPerSecond: 1000}]
    """, kind="TrafficPolicy", name="few")
QUESTIONS = (["status"], ["get", "endpoints"], ["get", "policies"], ["get", "flows"], ["get", "limits"],
             ["get", "services"], ["observe", "--last", "50"], ["metrics"], ["top", "--once"],
             ["explain", "shop/frontend", "shop/backend:8080"], ["explain", "shop/nobody", "shop/backend:8080"],
             ["capture", "--count", "2", "--seconds", "1", "-w", "/dev/null"])


class Valgrind(LabCase):
    starts_agent = False

    def setUp(self):
        """No agent runs yet, so there is no policy to take back and there are no events to look at."""

    def ask(self, *words, stdin=None):
        return self.lab.weir(*words, stdin=stdin, timeout=20 * SLOWER)

    def exercise(self):
        """What an agent is asked for, good and bad."""
        for text in (ALLOW_FRONTEND + LIMITED, "kind: [", policy("podSelector: {matchLabels: 7}")):
            self.ask("apply", "-f", "-", stdin=text)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        for words in QUESTIONS:
            self.assertLess(self.ask(*words).returncode, 3, words)
        self.backend.withdraw()
        self.ask("wait", "--settled", "--timeout", "60")
        self.backend.announce()
        self.ask("delete", "-f", "-", stdin=LIMITED)
        self.ask("wait", "--settled", "--timeout", "60")

    def test_memory(self):
        """a life of the agent has no error of memory, no leak and no descriptor left at its end"""
        self.lab.launcher = VALGRIND
        self.lab.launch_agent()
        self.lab.until(lambda: self.ask("wait", "--settled", "--timeout", "5").returncode == 0, "the agent settles",
                       20 * SLOWER)
        for _ in range(ROUNDS):
            self.exercise()
        code = self.lab.end_agent()
        self.assertEqual(code, 0, self.lab.log_tail())
        self.assertNotIn("Open file descriptor", self.lab.log_tail())


if __name__ == "__main__":
    main()
