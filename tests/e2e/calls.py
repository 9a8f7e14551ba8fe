# SPDX-License-Identifier: BSD-2-Clause
"""The system calls of an agent by which it changes something outside itself, and a kill -9 before any of them (strace)."""
import os
import re
import subprocess

CALLS = ("bpf", "sendmsg", "sendto", "rename", "fsync", "unlink", "write", "mkdir", "rmdir")
# Of bpf(2), what only looks.
LOOKS = re.compile(r"bpf\(BPF_(OBJ_GET|MAP_LOOKUP|MAP_GET|PROG_GET|LINK_GET|PROG_QUERY|BTF_|PROG_BIND|PROG_TEST_RUN)"
                   r"|bpf\(0x|mkdir\(.*EEXIST")
TRACE = ["strace", "-f", "-qq", "-e", "trace=" + ",".join(CALLS)]


def killer(call, number):
    """The words that have the program behind them killed when it is about to make its number-th call of this kind."""
    return ["strace", "-D", "-f", "-qq", "-e", f"trace={call}", "-e", "signal=none", "-e", f"inject={call}:signal=KILL:when={number}", "-o", "/dev/null"]


def recorder(path):
    """The words that have the calls of the program behind them written to a file."""
    return [TRACE[0], "-D", "--seccomp-bpf", *TRACE[1:], "-o", path]


class Tracer:
    """strace on a running process, until it is told to end or the process does."""

    def __init__(self, pid, words, until):
        self.process = subprocess.Popen([*words, "-p", str(pid)], stdin=subprocess.DEVNULL)
        until(lambda: self.is_traced(pid), "strace has taken hold")

    @staticmethod
    def is_traced(pid):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return re.search(r"^TracerPid:\t[1-9]", f.read(), re.M)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def on(pid, call, number, until, what="signal=KILL"):
    """Has this befall the process when it is about to make its number-th call of this kind from now on.

    A kill in any of its threads, anything else in the first alone: what threads tell each other by is never refused.
    """
    return Tracer(pid, ["strace", *(["-f"] if "KILL" in what else []), "-qq", "-e", f"trace={call}", "-e", "signal=none",
                        "-e", f"inject={call}:{what}:when={number}", "-o", "/dev/null"], until)


def record(pid, path, until):
    return Tracer(pid, [*TRACE, "-o", path], until)


def changing(path):
    """(call, its number in its thread, the call as it was) of each call that changes something."""
    counts, found = {}, []
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            match = re.match(r"(\d+) +((\w+)\(.*)", line)
            if not match:
                continue
            who = match[1], match[3]
            counts[who] = counts.get(who, 0) + 1
            if not LOOKS.search(match[2]):
                found.append((match[3], counts[who], match[2].strip()))
    os.unlink(path)
    return found


def spread(found, count):
    """So many of them, from the first to the last; None: all."""
    if count is None or len(found) <= count:
        return found
    return [found[i * (len(found) - 1) // max(1, count - 1)] for i in range(count)]
