#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir-cni install and uninstall, on a directory of plugins and a directory of their lists."""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import netns
from case import main
from cni import WEIR_CNI

OTHER = {"type": "bridge", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.0.0.0/24"}]]}}
LIST = {"cniVersion": "1.0.0", "name": "podnet", "disableCheck": True, "plugins": [OTHER, {"type": "portmap"}]}
OURS, GATE = {"type": "weir-cni", "socket": "/run/elsewhere.sock"}, {"gate": True}


class Install(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.bin, self.conf = os.path.join(self.dir, "opt/cni/bin"), os.path.join(self.dir, "net.d")
        self.program = os.path.join(self.bin, "weir-cni")
        os.mkdir(self.conf)

    def run_it(self, command, *more):
        return subprocess.run([WEIR_CNI, command, "--bin-dir", self.bin, "--conf-dir", self.conf, *more],
                              capture_output=True, text=True, timeout=30, check=False)

    def done(self, command, *more):
        done = self.run_it(command, *more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def fails(self, command, *more):
        """The one line of an error."""
        done = self.run_it(command, *more)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith(f"weir-cni: {command} failed: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def write(self, name, content):
        path = os.path.join(self.conf, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def read(self, name):
        with open(os.path.join(self.conf, name), encoding="utf-8") as f:
            return json.load(f)

    def files(self):
        return sorted(os.listdir(self.conf))

    def test_round(self):
        """install puts program and list in place, once, and uninstall leaves what was there before"""
        path = self.write("10-podnet.conflist", LIST)
        os.chmod(path, 0o600)
        self.write("20-other.conflist", LIST)
        for _ in range(2):
            self.done("install", "--socket", "/run/elsewhere.sock")
            self.assertEqual(self.read("10-podnet.conflist"), LIST | {"plugins": [OURS | GATE, *LIST["plugins"], OURS]})
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(self.read("20-other.conflist"), LIST)
        self.assertEqual(os.stat(self.program).st_mode & 0o777, 0o755)
        version = subprocess.run([self.program], env={"CNI_COMMAND": "VERSION"}, input="", capture_output=True,
                                 text=True, timeout=10, check=True)
        self.assertIn("1.1.0", json.loads(version.stdout)["supportedVersions"])
        for _ in range(2):
            self.done("uninstall")
            self.assertEqual(self.read("10-podnet.conflist"), LIST)
        self.assertEqual(self.files(), ["10-podnet.conflist", "20-other.conflist"])
        self.assertEqual(os.listdir(self.bin), [])

    def test_without_gate(self):
        """a list that has weir-cni as its last plugin alone gets it as the first as well, set as the last one is"""
        ours = {"type": "weir-cni", "agentDown": "pass", "timeoutSeconds": 7}
        self.write("10-podnet.conflist", LIST | {"plugins": [OTHER, ours]})
        self.done("install")
        self.assertEqual(self.read("10-podnet.conflist")["plugins"], [ours | GATE, OTHER, ours])

    def test_single(self):
        """a configuration of one plugin becomes a list"""
        self.write("10-podnet.conf", {"cniVersion": "0.4.0", "name": "podnet"} | OTHER)
        self.done("install")
        self.assertEqual(self.files(), ["10-podnet.conflist"])
        self.assertEqual(self.read("10-podnet.conflist"), {
            "cniVersion": "0.4.0", "name": "podnet", "plugins": [{"type": "weir-cni"} | GATE, OTHER, {"type": "weir-cni"}]})

    def test_broken(self):
        """a list that can't be read is left alone, by install and by uninstall"""
        text = '{"cniVersion": "1.0.0",\n "plugins": [}'
        path = self.write("10-podnet.conflist", text)
        for command in ("install", "uninstall"):
            self.assertIn(f"{path}: line 2: ", self.fails(command))
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.read(), text)
        self.assertTrue(os.path.exists(self.program), "a list may name it")

    def test_nothing_there(self):
        """without a list install fails, or waits for one as long as it is told to"""
        self.assertIn(f"there is no network configuration in {self.conf}", self.fails("install"))
        late = threading.Timer(0.5, self.write, ("10-late.conflist", LIST))
        late.start()
        begun = time.monotonic()
        self.done("install", "--wait", "20")
        late.join()
        self.assertLess(time.monotonic() - begun, 15)
        self.assertEqual(self.read("10-late.conflist")["plugins"][-1], {"type": "weir-cni"})

    def test_wrong_usage(self):
        """wrong words get one line and exit code 2"""
        for words in ((), ("remove",), ("install", "more"), ("install", "--wait", "-1"), ("install", "--socket", "a"),
                      ("--nonsense",)):
            done = subprocess.run([WEIR_CNI, *words], capture_output=True, text=True, timeout=10, check=False,
                                  env={})
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)


if __name__ == "__main__":
    main()
