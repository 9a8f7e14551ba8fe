#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Somebody else at the hooks of a lab's interfaces: loads programs, attaches them, and takes others' off.

As a program of its own it makes one bpf() call in the namespace that it is run in: strangers.py CALL WORDS..."""
import ctypes
import os
import platform
import shutil
import subprocess
import sys

import netns
from kernel import BPFTOOL

HERE = os.path.dirname(os.path.abspath(__file__))
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
OBJ_GET, PROG_ATTACH, PROG_DETACH, LINK_UPDATE = 7, 8, 9, 29
HOOKS = {"ingress": 46, "egress": 47}  # of tcx
BEFORE = 1 << 3


def bpf(command, *words):
    """One call with these 32-bit words as its argument; its answer, or OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    attr = (ctypes.c_uint32 * 32)(*words)
    answer = libc.syscall(SYS_BPF, command, ctypes.byref(attr), ctypes.sizeof(attr))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def obj_get(path):
    text = ctypes.create_string_buffer(path.encode())
    address = ctypes.addressof(text)
    return bpf(OBJ_GET, address & 0xffffffff, address >> 32)


def attach(pin, ifindex, hook, first):
    bpf(PROG_ATTACH, int(ifindex), obj_get(pin), HOOKS[hook], BEFORE if first == "first" else 0)


def detach(pin, ifindex, hook):
    bpf(PROG_DETACH, int(ifindex), obj_get(pin), HOOKS[hook])


def update(link, pin):
    bpf(LINK_UPDATE, obj_get(link), obj_get(pin))


class Strangers:
    """The programs, loaded and pinned for one lab."""

    def __init__(self, lab):
        self.lab = lab
        self.pins = f"{lab.bpffs}-strangers"
        compiled = os.path.join(lab.dir, "strangers.bpf.o")
        subprocess.run(["clang", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror", "-idirafter",
                        f"/usr/include/{platform.machine()}-linux-gnu", "-c", os.path.join(HERE, "strangers.bpf.c"),
                        "-o", compiled], check=True)
        netns.run(BPFTOOL, "prog", "loadall", compiled, self.pins)

    def close(self):
        shutil.rmtree(self.pins, ignore_errors=True)

    def pin(self, program):
        return f"{self.pins}/{program}"

    def run(self, *words):
        """A command on the node."""
        return netns.run(*self.lab.node.enter(), *words)

    def call(self, *words):
        return self.run(sys.executable, os.path.abspath(__file__), *words)

    def ifindex(self, interface):
        return str(self.lab.node.ip_json("link", "show", "dev", interface)[0]["ifindex"])

    def link(self, interface, which):
        """Where weir has pinned its link."""
        return f"{self.lab.bpffs}/links/{self.ifindex(interface)}-{which}"

    def attach(self, program, interface, hook, *, first=False):
        self.call("attach", self.pin(program), self.ifindex(interface), hook, "first" if first else "last")

    def detach(self, program, interface, hook):
        self.call("detach", self.pin(program), self.ifindex(interface), hook)

    def detach_link(self, interface, which):
        self.run(BPFTOOL, "link", "detach", "pinned", self.link(interface, which))


if __name__ == "__main__":
    {"attach": attach, "detach": detach, "update": update}[sys.argv[1]](*sys.argv[2:])
