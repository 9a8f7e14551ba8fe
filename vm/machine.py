# SPDX-License-Identifier: BSD-2-Clause
"""A machine in software: QEMU without acceleration, two disks that it may scribble on, two channels that are kept."""
import ctypes
import os
import signal
import subprocess

PROCESSORS, MEMORY_MB = 2, 2048
COMMAND_LINE = ("console=ttyS0 quiet loglevel=4 panic=-1 oops=panic nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
                "mitigations=off clearcpuid=rep_good")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def boot(kernel_directory, root_image, out, seconds):
    """Runs the machine until it switches itself off; whether it did. Leaves out/console.log and out/test.log."""
    console, test = (os.path.join(out, name) for name in ("console.log", "test.log"))
    for path in (console, test):
        with open(path, "w", encoding="utf-8"):
            pass
    kernel = {name: os.path.join(kernel_directory, name) for name in ("vmlinuz", "initramfs", "modules.img")}
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,-cx16,-erms,-fsrm", "-smp", str(PROCESSORS),
        "-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", kernel["vmlinuz"], "-initrd", kernel["initramfs"], "-append", COMMAND_LINE,
        "-drive", f"if=virtio,format=raw,snapshot=on,file={root_image}",
        "-drive", f"if=virtio,format=raw,snapshot=on,file={kernel['modules.img']}",
        "-serial", f"file:{console}",
        "-device", "virtio-serial,max_ports=2", "-chardev", f"file,id=test,path={test}",
        "-device", "virtserialport,chardev=test,nr=1",
    ]
    with open(os.path.join(out, "qemu.log"), "wb") as log:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              preexec_fn=die_with_parent) as qemu:
            try:
                return qemu.wait(seconds) == 0
            except subprocess.TimeoutExpired:
                return False
            finally:
                if qemu.poll() is None:
                    qemu.kill()
