# SPDX-License-Identifier: BSD-2-Clause
"""The root file system of a machine: packages of this system, and the tree with what was built of it."""
import os
import subprocess

from kernels import make_file_system, run

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What the tests call, and the program's own libraries; with all that these depend on.
PACKAGES = ("bash", "dash", "coreutils", "util-linux", "mount", "procps", "hostname", "grep", "sed", "mawk", "findutils",
            "diffutils", "iproute2", "nftables", "ethtool", "kmod", "perl", "python3", "python3-tap", "bpftool",
            "libbpf1", "libnl-route-3-200", "libfyaml0", "libjansson4", "libuv1", "libmicrohttpd12", "libcurl4",
            "libsmartcols1", "libncursesw6", "libseccomp2", "libcap-ng0", "libcmocka0", "libc-bin", "curl",
            "bsdutils", "iputils-ping")
LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/", "/usr/include/")


def closure(packages):
    """Those that are installed, with what they depend on."""
    text = run("apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests",
               "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *packages)
    return sorted({line for line in text.splitlines() if line and line[0] not in " <|"})


def files_of(packages):
    done = subprocess.run(["dpkg-query", "--listfiles", *packages], capture_output=True, text=True, check=False)
    paths = {line for line in done.stdout.splitlines() if line.startswith("/") and line != "/."}
    return sorted(p for p in paths if os.path.lexists(p) and not p.startswith(LEFT_OUT))


def copy(names, tree, top="/"):
    """Names below a directory, with their modes."""
    with subprocess.Popen(["tar", "--create", "--no-recursion", "--null", "--files-from=-", "--file=-"], cwd=top,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as source:
        with subprocess.Popen(["tar", "--extract", "--directory", tree], stdin=source.stdout) as target:
            source.stdin.write("\0".join(names).encode())
            source.stdin.close()
    if source.returncode or target.returncode:
        raise RuntimeError(f"files for the root file system can't be copied from {top}")


def add_system(tree):
    for name in ("bin", "sbin", "lib", "lib64"):  # merged into /usr
        os.makedirs(os.path.join(tree, "usr", name), exist_ok=True)
        os.symlink(f"usr/{name}", os.path.join(tree, name))
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "var/tmp", "etc", "usr/lib/modules"):
        os.makedirs(os.path.join(tree, name), exist_ok=True)
    paths = {os.path.join(os.path.realpath(os.path.dirname(p)), os.path.basename(p))
             for p in files_of(closure(PACKAGES)) + ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"]}
    links = [os.path.join("/etc/alternatives", n) for n in os.listdir("/etc/alternatives")]
    links += [p for p in map(lambda n: os.path.join("/usr/bin", n), os.listdir("/usr/bin"))
              if os.path.islink(p) and os.readlink(p).startswith("/etc/alternatives/")]
    copy([p[1:] for p in sorted(paths) + links if not os.path.isdir(p) or os.path.islink(p)], tree)
    run("ldconfig", "-r", tree)


def add_tree(tree, build, objects, plan):
    """The repository at /weir, its build directory at /weir/build, and what to run."""
    top = os.path.join(tree, "weir")
    os.mkdir(top)
    tracked = run("git", "-C", TOP, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    copy([p for p in tracked if os.path.isfile(os.path.join(TOP, p))], top, TOP)
    built = ["weir", "tests/check/programs"]
    built += [f"tests/packet/{n}" for n in os.listdir(os.path.join(build, "tests/packet")) if "." not in n]
    os.mkdir(os.path.join(top, "build"))
    copy([n for n in built + objects], os.path.join(top, "build"), build)
    with open(os.path.join(top, "vm-plan"), "w", encoding="utf-8") as f:
        f.write("\n".join(plan) + "\n")


def make(image, work, build, objects, plan):
    tree = os.path.join(work, "root")
    os.mkdir(tree)
    add_system(tree)
    add_tree(tree, build, objects, plan)
    make_file_system(image, tree, spare_mb=256)
