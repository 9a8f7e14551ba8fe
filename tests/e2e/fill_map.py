#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""fill_map.py PIN fill|drain: fills a pinned hash of 32-bit keys with keys that nobody has, or takes them out."""
import ctypes
import sys

from kernel import bpftool
from strangers import bpf, obj_get

UPDATE, DELETE = 2, 3
FIRST = 0x70000000


def words(pointer):
    return pointer & 0xffffffff, pointer >> 32


def main(pin, what):
    about = bpftool("map", "show", "pinned", pin)
    fd = obj_get(pin)
    value = ctypes.create_string_buffer(about["bytes_value"])
    for i in range(about["max_entries"]):
        key = ctypes.c_uint32(FIRST + i)
        at = words(ctypes.addressof(key))
        try:
            if what == "fill":
                bpf(UPDATE, fd, 0, *at, *words(ctypes.addressof(value)), 0, 0)
            else:
                bpf(DELETE, fd, 0, *at)
        except OSError:
            break


main(*sys.argv[1:])
