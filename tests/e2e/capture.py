# SPDX-License-Identifier: BSD-2-Clause
"""`weir capture` beside a test's own traffic, and what Wireshark's tools read out of its file."""
import contextlib
import os
import signal
import struct
import subprocess

from kernel import bpftool
from lab import WEIR, die_with_parent

FIELDS = ("frame.comment", "frame.interface_name", "frame.interface_description", "frame.packet_flags_direction",
          "frame.time_epoch", "frame.len", "frame.cap_len", "frame.verdict.ebpf_tc", "frame.verdict.ebpf_xdp",
          "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
          "tcp.flags.reset")
INBOUND, OUTBOUND = "0x00000001", "0x00000002"
WATCH_CAPTURE = 0x04


def read_packets(path):
    """Each packet's fields by name, as tshark reads them."""
    done = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *(w for f in FIELDS for w in ("-e", f))],
                          capture_output=True, text=True, timeout=30, check=True)
    return [dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines()]


def info(path):
    """What capinfos says of the file, by its own names; it must have nothing to complain about."""
    done = subprocess.run(["capinfos", "-M", path], capture_output=True, text=True, timeout=30, check=True)
    if done.stderr:
        raise AssertionError(done.stderr)
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in done.stdout.splitlines())}


def is_watched(lab):
    """Whether the programs are told to hand over packets."""
    path = next(p for p in lab.pins() if p.endswith("/control"))
    value = bpftool("map", "lookup", "pinned", path, "key", "0", "0", "0", "0")["value"]
    return bool(struct.unpack_from("<I", bytes(int(byte, 16) for byte in value), 4)[0] & WATCH_CAPTURE)


class Capture:
    """A running `weir capture` in the lab's node."""

    def __init__(self, lab, *words, path=None):
        self.lab, self.path = lab, path or os.path.join(lab.dir, "packets.pcapng")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.process = subprocess.Popen(
            [*lab.node.enter(), WEIR, "--socket", lab.socket, "capture", *words, "-w", self.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent)
        try:
            lab.until(self._has_begun, "the capture has begun")
        except BaseException:
            self.kill()
            raise

    def _has_begun(self):
        if self.process.poll() is not None and not os.path.exists(self.path):
            raise AssertionError(f"weir capture: exit {self.process.returncode}: {self.process.stderr.read()}")
        return os.path.exists(self.path) and os.path.getsize(self.path) > 0

    def end(self, timeout=20):
        """Waits for its own end: exit code, and what it said last."""
        _, said = self.process.communicate(timeout=timeout)
        return self.process.returncode, said

    def interrupt(self):
        """Ctrl-C; what it said last."""
        self.process.send_signal(signal.SIGINT)
        code, said = self.end()
        if code != 0:
            raise AssertionError(f"weir capture: exit {code}: {said}{self.lab.log_tail()}")
        return said

    def kill(self):
        self.process.kill()
        self.end()

    def packets(self):
        return read_packets(self.path)
