# SPDX-License-Identifier: BSD-2-Clause
"""A machine in software: QEMU without acceleration, two disks that it may scribble on, two channels that are kept."""
import ctypes
import os
import signal
import subprocess

PROCESSORS, MEMORY_MB = 2, 2048
# Without what QEMU 7.2 gets wrong (cx16, with more than one processor), and what costs time when it is emulated.
PROCESSOR = "max,-cx16,-erms,-fsrm,-la57,-smap,-smep"
COMMAND_LINE = ("console=ttyS0 quiet loglevel=4 panic=-1 oops=panic nowatchdog rcupdate.rcu_cpu_stall_suppress=1 "
                "mitigations=off clearcpuid=rep_good init_on_alloc=0 apparmor=0 audit=0")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def boot(kernel_directory, root_image, out):
    """Starts a machine, which leaves out/console.log, out/test.log and out/qemu.log."""
    console, test = (os.path.join(out, name) for name in ("console.log", "test.log"))
    for path in (console, test):
        with open(path, "w", encoding="utf-8"):
            pass
    kernel = {name: os.path.join(kernel_directory, name) for name in ("vmlinuz", "initramfs", "modules.img")}
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", PROCESSOR, "-smp", str(PROCESSORS),
        "-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", kernel["vmlinuz"], "-initrd", kernel["initramfs"], "-append", COMMAND_LINE,
        "-drive", f"if=virtio,format=raw,snapshot=on,file={root_image}",
        "-drive", f"if=virtio,format=raw,snapshot=on,file={kernel['modules.img']}",
        "-serial", f"file:{console}",
        "-device", "virtio-serial,max_ports=2", "-chardev", f"file,id=test,path={test}",
        "-device", "virtserialport,chardev=test,nr=1",
    ]
    with open(os.path.join(out, "qemu.log"), "wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                preexec_fn=die_with_parent)


def wait(qemu, seconds):
    """Until it switches itself off; whether it did, in that time."""
    try:
        return qemu.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        end(qemu)
        return False


def end(qemu):
    if qemu.poll() is None:
        qemu.kill()
        qemu.wait()
