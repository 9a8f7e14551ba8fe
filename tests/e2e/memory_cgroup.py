# SPDX-License-Identifier: BSD-2-Clause
"""A cgroup of a test's own with a limit of memory, of version 1 or 2, whichever has the controller on this machine."""
import os
import re
import signal

# What a cgroup gives an agent that is running, and what has no room there.
ROOM = 6 << 20
HUGE = "kind: Namespace\napiVersion: v1\nmetadata:\n  name: huge\n  annotations:\n" + "".join(
    f"    n{i}: {'x' * 40}\n" for i in range(100000))

V1 = "/sys/fs/cgroup/memory"
V2 = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")


def write(path, words):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(words))


def parent():
    """Where groups can be made whose memory is limited, or None."""
    if os.path.exists(f"{V1}/memory.limit_in_bytes"):
        return V1
    for path in V2:
        try:
            with open(f"{path}/cgroup.controllers", encoding="ascii") as f:
                if "memory" not in f.read().split():
                    continue
            write(f"{path}/cgroup.subtree_control", "+memory")
            return path
        except OSError:
            pass
    return None


def make(name):
    path = os.path.join(parent(), name)
    os.mkdir(path)
    return path


def remove(group):
    os.rmdir(group)


def enter(group, pid):
    write(f"{group}/cgroup.procs", pid)


def limit(group, size):
    """All of it: no page of the group goes to swap space."""
    if os.path.exists(f"{group}/memory.max"):
        write(f"{group}/memory.max", size)
        if os.path.exists(f"{group}/memory.swap.max"):
            write(f"{group}/memory.swap.max", 0)
    else:
        write(f"{group}/memory.swappiness", 0)
        write(f"{group}/memory.limit_in_bytes", size)


def kills(group):
    """How many processes the kernel has killed for want of memory."""
    events = f"{group}/memory.events"
    with open(events if os.path.exists(events) else f"{group}/memory.oom_control", encoding="ascii") as f:
        return int(re.search(r"^oom_kill (\d+)", f.read(), re.M)[1])


def starve(case):
    """The agent of a case asks for more than it may have, and the kernel kills it."""
    lab, agent = case.lab, case.lab.agent
    group = make(f"weir-starved-{os.getpid()}")
    case.addCleanup(remove, group)
    enter(group, agent.pid)
    limit(group, ROOM)
    lab.weir("apply", "-f", "-", stdin=HUGE)
    lab.until(lambda: agent.poll() is not None, "it is killed", 20)
    case.assertEqual(agent.returncode, -signal.SIGKILL, lab.log_tail())
    case.assertEqual(kills(group), 1)
