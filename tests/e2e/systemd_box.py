# SPDX-License-Identifier: BSD-2-Clause
"""A Debian whose first process is systemd, in namespaces of its own but for the network, which is a lab's node's."""
import json
import os
import signal
import subprocess
import tempfile

import netns
from container import debootstrap
from lab import die_with_parent

# Its /run is a directory of the root, so that sockets there can be reached from outside.
BOOT = """
mount -t cgroup2 cgroup2 "$1/mnt"
mkdir "$1/mnt/$2"
echo $$ > "$1/mnt/$2/cgroup.procs"
umount "$1/mnt"
exec unshare --cgroup --pid --uts --ipc --fork --kill-child --mount-proc="$1/proc" sh -eu -c '
    mount --rbind "$1" "$1"
    cd "$1"
    mount -t sysfs sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t bpf bpf sys/fs/bpf
    mount -t tmpfs -o mode=755 dev dev
    for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do mknod -m 666 dev/${node% *} c 1 ${node#* }; done
    mknod -m 666 dev/tty c 5 0
    ln -s /proc/self/fd dev/fd
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    mount --rbind run run
    pivot_root . mnt
    cd /
    umount -l mnt
    exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target \\
        --log-target=journal' sh "$1"
"""
FORGET = """
mount -t cgroup2 cgroup2 "$1"
[ ! -d "$1/$2" ] || find "$1/$2" -depth -type d -exec rmdir {} +
umount "$1"
"""


class Box:
    def __init__(self, lab, deb):
        self.name = f"{netns.PREFIX}-box"
        self.directory = tempfile.TemporaryDirectory(prefix=f"{self.name}-", dir="/var/tmp")
        self.root = self.directory.name
        self.node = lab.node
        self.process = None
        debootstrap(self.root, "--format=directory", "--skip=cleanup/apt/lists", "--include=systemd",
                    f"--customize-hook=copy-in {deb} /tmp",
                    "--customize-hook=chroot \"$1\" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
                    "--no-install-recommends /tmp/*.deb && rm /tmp/*.deb'")

    def boot(self):
        with open(os.path.join(self.root, "boot.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.node.enter(), "unshare", "--mount", "--propagation", "private",
                                             "sh", "-eu", "-c", BOOT, "sh", self.root, self.name],
                                            stdin=subprocess.DEVNULL, stderr=log, preexec_fn=die_with_parent)

    def first(self):
        """The process id of its systemd, if there is one."""
        if self.process.poll() is not None:
            with open(os.path.join(self.root, "boot.log"), encoding="utf-8") as log:
                raise AssertionError(f"it doesn't boot: {log.read()}")
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as f:
            return f.read().split()[0:1]

    def run(self, *command, timeout=60):
        """A command inside."""
        return subprocess.run(["nsenter", f"--target={self.first()[0]}", "--mount", "--pid", "--uts", "--ipc",
                               "--cgroup", "--net", "--root", "--wd", *command], capture_output=True, text=True,
                              timeout=timeout * netns.PATIENCE, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def is_up(self):
        """Whether it has booted."""
        return self.first() and self.run("systemctl", "is-active", "basic.target").stdout == "active\n"

    def control(self, *words):
        """systemctl; what it says, which must be well."""
        done = self.run("systemctl", *words)
        if done.returncode != 0:
            raise AssertionError(f"systemctl {' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}"
                                 f"{self.run('journalctl', '--no-pager', '-n', '30').stdout}")
        return done.stdout

    def property(self, unit, name):
        return self.control("show", "--value", "--property", name, unit).strip()

    def journal(self, unit):
        """The entries of a unit, as objects."""
        return [json.loads(line) for line in
                self.run("journalctl", "--no-pager", "--output=json", f"--unit={unit}").stdout.splitlines()]

    def close(self):
        if self.process and self.process.poll() is None:
            for pid in self.first():  # all that is in its namespace goes with it
                os.kill(int(pid), signal.SIGKILL)
            self.process.wait(10)
        if self.process:
            netns.run("unshare", "--mount", "--propagation", "private", "sh", "-eu", "-c", FORGET, "sh",
                      os.path.join(self.root, "mnt"), self.name)
        self.directory.cleanup()
