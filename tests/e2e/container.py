# SPDX-License-Identifier: BSD-2-Clause
"""Images and containers by podman, with a storage of their own, and pods' specs as podman's words.

Nothing of the machine's own podman is touched. Each command has a mount
namespace of its own, so that what podman mounts goes with it.
"""
import json
import os
import shutil
import subprocess
import tempfile

import netns
from lab import BPFFS, TOP, Lab

SECCOMP = "/usr/share/containers/seccomp.json"
# crun takes cgroups of one version or the other, and some machines have both. Containers get none here.
SCRIPT = """#!/bin/sh
[ "$1" = inside ] || exec unshare --mount --propagation private "$0" inside "$@"
shift
if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
	umount -R /sys/fs/cgroup 2>/dev/null
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
[ ! -e '{dir}/containers.conf' ] || export CONTAINERS_CONF='{dir}/containers.conf'
exec podman --root '{dir}/storage' --runroot '{dir}/podman-run' --tmpdir '{dir}/podman-tmp' --events-backend none \\
	--cgroup-manager cgroupfs "$@"
"""


def write_podman(directory):
    """A command that is podman with everything in this directory; its configuration is there if there is any."""
    path = os.path.join(directory, "podman")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SCRIPT.format(dir=directory))
    os.chmod(path, 0o755)
    return path


def debian_sources():
    """The archives of Debian that this machine's own apt uses, as sources.list has them; without backports."""
    wanted = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    lines = netns.run("apt-get", "indextargets", "--format", wanted, "Created-By: Packages").splitlines()
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release", encoding="utf-8") if "=" in line)
    codename = release.get("VERSION_CODENAME", "").strip('"')
    names = (codename, f"{codename}-updates", f"{codename}-security")
    return codename, [f"deb {uri} {name} main" for name, part, uri in (line.split() for line in lines)
                      if name in names and part == "main"]


def cannot_run():
    """Why containers can't be built and run here; None when they can."""
    for tool in ("podman", "crun", "mmdebstrap", "unshare"):
        if not shutil.which(tool):
            return f"{tool} is not here"
    if not os.path.exists("/etc/debian_version") or not debian_sources()[1]:
        return "this is no Debian, or has no archive"
    return None


def debootstrap(path, *words):
    """A minimal Debian, as an archive or in a directory, from this machine's own mirror."""
    codename, sources = debian_sources()
    netns.run("mmdebstrap", "--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io",
              "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/man/*", *words, codename,
              path, "-", text="\n".join(sources) + "\n", timeout=300)


class Engine:
    """podman, and what it has built."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-podman-", dir="/var/tmp")
        self.podman = write_podman(self.dir)

    def words(self, *words):
        return [self.podman, *words]

    def run(self, *words, text=None, timeout=60):
        return subprocess.run(self.words(*words), input=text, capture_output=True, text=True, timeout=timeout,
                              check=False, cwd=self.dir)

    def container(self, *words):
        """The words of a container that has no cgroups, and asks for no more than a process without rights may."""
        limits = [f"--ulimit={name}={value}:{value}" for name, value in (("nofile", 1024), ("nproc", 1024))]
        return self.words("run", "--rm", "--cgroups=disabled", *limits, *words)

    def base(self, name):
        """A minimal Debian as an image."""
        archive = os.path.join(self.dir, "base.tar")
        debootstrap(archive)
        done = self.run("import", "--quiet", archive, name, timeout=120)
        os.unlink(archive)
        if done.returncode != 0:
            raise netns.CommandFailed(f"podman import: {done.stderr}")

    def make(self, image, base):
        """make image, from the sources."""
        build = f"{self.podman} build --isolation chroot --layers=false --quiet"
        return subprocess.run(["make", "-C", TOP, "image", f"BASE={base}", f"IMAGE={image}", f"IMAGE_BUILD={build}"],
                              capture_output=True, text=True, timeout=600, check=False)

    def inspect(self, image):
        return json.loads(self.run("image", "inspect", image).stdout)[0]

    def seccomp(self):
        """The runtime's default profile; where it is from before CAP_BPF allowed bpf(), with that rule of later ones."""
        with open(SECCOMP, encoding="utf-8") as f:
            profile = json.load(f)
        for rule in profile["syscalls"]:
            if "bpf" in rule["names"] and "CAP_BPF" not in rule.get("includes", {}).get("caps", []):
                rule["names"].remove("bpf")
        profile["syscalls"].append({"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}})
        path = os.path.join(self.dir, "seccomp.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(profile, f)
        return path

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


class PodSpec:
    """The spec of a DaemonSet's pod, of which one container at a time becomes podman's words."""

    def __init__(self, spec, places, environment):
        self.spec, self.places, self.environment = spec, places, environment

    def container(self, name, kind="containers"):
        return next(c for c in self.spec[kind] if c["name"] == name)

    def expanded(self, words):
        for name, value in self.environment.items():
            words = [w.replace(f"$({name})", value) for w in words]
        return words

    def mounts(self, container):
        volumes = {v["name"]: v for v in self.spec.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            volume = volumes[mount["name"]]
            mode = "ro" if mount.get("readOnly") else "rw"
            if "emptyDir" in volume:
                yield from ("--tmpfs", f"{mount['mountPath']}:{mode}")
            elif place := self.places.get(volume.get("hostPath", {}).get("path") or f"configMap/{mount['name']}"):
                yield from ("--volume", f"{place}:{mount['mountPath']}:{mode}")
            else:
                raise AssertionError(f"the test knows no place for volume {volume}")

    def rights(self, container, seccomp):
        context = self.spec.get("securityContext", {}) | container.get("securityContext", {})
        capabilities = context.get("capabilities", {})
        profile = context.get("seccompProfile", {}).get("type")
        yield from (word for name in capabilities.get("drop", []) for word in ("--cap-drop", name.lower()))
        yield from (word for name in capabilities.get("add", []) for word in ("--cap-add", name))
        if context.get("readOnlyRootFilesystem"):
            yield from ("--read-only", "--read-only-tmpfs=false")
        if "runAsUser" in context:
            yield from ("--user", str(context["runAsUser"]))
        if context.get("allowPrivilegeEscalation") is False:
            yield from ("--security-opt", "no-new-privileges")
        if context.get("privileged"):
            yield "--privileged"
        yield from ("--security-opt", f"seccomp={seccomp if profile == 'RuntimeDefault' else 'unconfined'}")

    def words(self, container, seccomp):
        """All that comes before the image, and what comes after it."""
        command = container.get("command", [])
        before = [*(["--network", "host"] if self.spec.get("hostNetwork") else ["--network", "none"]),
                  *self.rights(container, seccomp), *self.mounts(container),
                  *(w for n, v in self.environment.items() for w in ("--env", f"{n}={v}")),
                  *(["--entrypoint", command[0]] if command else [])]
        return before, self.expanded([*command[1:], *container.get("args", [])])


class ContainerLab(Lab):
    """A lab whose agent runs in a container, as a pod's spec has it, but that a directory is its source."""

    POLICIES = "/etc/weir/policy.d"

    def __init__(self, engine, image, spec, **about):
        super().__init__("image", **about)
        self.engine, self.image, self.spec = engine, image, spec
        self.seccomp = engine.seccomp()
        self.mounted = self.bpffs  # the container's /sys/fs/bpf
        os.mkdir(self.mounted)
        self.bpffs = os.path.join(self.mounted, "weir")
        spec.places |= {BPFFS: self.mounted, "/run/weir": self.rundir, "/var/lib/weir": self.state,
                        "configMap/config": self._settings()}

    def _settings(self):
        directory = os.path.join(self.dir, "config")
        os.makedirs(os.path.join(directory, os.path.basename(self.POLICIES)))
        with open(os.path.join(directory, "config.yaml"), "w", encoding="utf-8") as f:
            json.dump({"sources": [f"dir:{self.POLICIES}"]}, f)
        return directory

    def container_words(self, name, kind="containers"):
        before, after = self.spec.words(self.spec.container(name, kind), self.seccomp)
        return self.engine.container(*before, "--volume", f"{self.source}:{self.POLICIES}:ro", self.image, *after)

    def agent_words(self):
        return self.container_words("agent")

    def close(self):
        super().close()
        if os.path.isdir(getattr(self, "mounted", "")):
            os.rmdir(self.mounted)
