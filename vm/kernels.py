# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernels: fetched once, into a cache outside the tree, as what a machine boots from."""
import os
import re
import shutil
import subprocess
import tempfile
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("WEIR_KERNEL_CACHE") or "/var/cache/weir-tests/kernels"
# What must be there before the root file system is; all other modules are on a file system of their own.
BOOT_MODULES = ("virtio_pci", "virtio_blk", "virtio_console")
LAYOUT = "2"  # of a directory of the cache; another number makes it anew


class Unavailable(Exception):
    """A kernel can't be had here."""


def matrix():
    with open(os.path.join(HERE, "matrix.toml"), "rb") as f:
        return tomllib.load(f)


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def newest(package, name):
    """The package that holds the kernel, and its version: package itself only depends on it."""
    for line in run("apt-cache", "madison", package).splitlines():  # newest first
        version = line.split("|")[1].strip()
        if version.startswith(name + "."):
            about = run("apt-cache", "show", f"{package}={version}")
            found = re.search(r"^Depends:.*?(linux-image-[^ ,]+)(?: \(= ([^)]+)\))?", about, re.MULTILINE)
            if found:
                return found[1], found[2] or version
    raise Unavailable(f"apt knows no version of {package} that begins with {name}. (is its suite among the sources?)")


def download_newest(package, name, directory):
    found, version = newest(package, name)
    run("apt-get", "download", "-qq", f"{found}={version}", cwd=directory)
    return version


def download(package, name, directory):
    """The newest version of a kernel; what apt remembers of its archive may be of yesterday."""
    try:
        return download_newest(package, name, directory)
    except Unavailable:
        run("apt-get", "update", "-qq")
        return download_newest(package, name, directory)


def unpack_modules(tree):
    """Uncompressed, so that any insmod reads them; and indexed."""
    release = os.listdir(os.path.join(tree, "lib/modules"))[0]
    packed = [os.path.join(parent, name) for parent, _, names in os.walk(tree) for name in names
              if name.endswith(".ko.xz")]
    if packed:
        run("xz", "--decompress", *packed)
    run("depmod", "--basedir", tree, release)
    return release


def make_file_system(image, tree, spare_mb=16):
    used = int(run("du", "--summarize", "--block-size=1M", tree).split()[0])
    files = sum(len(names) + len(dirs) for _, dirs, names in os.walk(tree))
    run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-N", str(files + 4096),
        "-d", tree, image, f"{used + used // 8 + spare_mb}M")


def make_initramfs(path, tree, release):
    """busybox, the modules that lead to the root file system in the order of insmod, and guest/initramfs."""
    with tempfile.TemporaryDirectory() as top:
        for directory in ("bin", "dev", "proc", "root", "modules"):
            os.mkdir(os.path.join(top, directory))
        shutil.copy("/bin/busybox", os.path.join(top, "bin/busybox"))
        shutil.copy(os.path.join(HERE, "guest/initramfs"), os.path.join(top, "init"))
        sources = []  # in the order of insmod, each once
        for module in BOOT_MODULES:
            for line in run("modprobe", "--dirname", tree, "--set-version", release, "--show-depends",
                            module).splitlines():
                source = line.split()[-1]
                if line.startswith("insmod ") and source not in sources:  # "builtin NAME" otherwise
                    sources.append(source)
        for number, source in enumerate(sources):
            shutil.copy(source, os.path.join(top, "modules", f"{number:02}-{os.path.basename(source)}"))
        names = "\0".join(os.path.relpath(os.path.join(parent, name), top)
                          for parent, dirs, files in os.walk(top) for name in dirs + files)
        with open(path, "wb") as out:
            subprocess.run(["cpio", "--quiet", "--null", "--create", "--format=newc", "--owner=0:0"], cwd=top,
                           input=names.encode(), stdout=out, check=True, timeout=60)


def fetch(kernel):
    """The directory with vmlinuz, initramfs, modules.img and version of a kernel."""
    directory = os.path.join(CACHE, kernel["name"])
    stamp = os.path.join(directory, "layout")
    if os.path.exists(stamp) and open(stamp, encoding="ascii").read() == LAYOUT:
        return directory
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        version = download(kernel["package"], kernel["name"], work)
        tree, made = os.path.join(work, "tree"), os.path.join(work, "made")
        os.mkdir(made)
        archive = next(name for name in os.listdir(work) if name.endswith(".deb"))
        run("dpkg-deb", "--extract", os.path.join(work, archive), tree)
        release = unpack_modules(tree)
        shutil.copy(os.path.join(tree, f"boot/vmlinuz-{release}"), os.path.join(made, "vmlinuz"))
        make_file_system(os.path.join(made, "modules.img"), os.path.join(tree, "lib/modules"))
        make_initramfs(os.path.join(made, "initramfs"), tree, release)
        for name, text in (("version", version), ("layout", LAYOUT)):
            with open(os.path.join(made, name), "w", encoding="ascii") as f:
                f.write(text)
        shutil.rmtree(directory, ignore_errors=True)
        os.rename(made, directory)
    return directory
