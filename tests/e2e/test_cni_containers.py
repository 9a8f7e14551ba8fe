#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real containers: podman runs the bridge plugin and weir-cni. Their root file system is this machine's /usr."""
import contextlib
import json
import os
import shutil
import subprocess

from case import LabCase, main, skip_all
from cni import PLUGINS, WEIR_CNI, attachments, conflist
from container import write_podman
from core_cases import policy

TOOLS = ("podman", "crun", "unshare")
PLACES = ("usr", "proc", "sys", "dev", "etc", "tmp", "run")
SERVE = """
import socket, sys, threading
def answer():
    while True:
        server.accept()[0].sendall(b"hello")
server = socket.create_server(("", 8080))
threading.Thread(target=answer, daemon=True).start()
print("up", flush=True)
sys.stdin.read()
"""
ASK = """
import socket
try:
    print(socket.create_connection(("{address}", 8080), timeout=1).recv(5).decode())
except OSError as error:
    print(error)
"""
CONF = """[network]
network_backend = "cni"
cni_plugin_dirs = ["{plugins}", "{ours}"]
network_config_dir = "{dir}/net.d"
"""
ALLOW_CLIENT = policy("""
    podSelector: {matchLabels: {app: web}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: client}}}]
    """, namespace="default")


class Containers(LabCase):
    @classmethod
    def build(cls):
        lab = cls.lab
        lab.add_namespace("default")
        for name in ("web", "client", "intruder"):
            lab.write(f"pod-{name}.json", {
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
                "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "none"}]}})
        cls.podman = write_podman(lab.dir)
        os.mkdir(os.path.join(lab.dir, "net.d"))
        files = {"containers.conf": CONF.format(plugins=PLUGINS, ours=os.path.dirname(WEIR_CNI), dir=lab.dir),
                 "net.d/10-podnet.conflist": json.dumps(conflist(lab, version="0.4.0", timeoutSeconds=1))}
        for name, text in files.items():
            with open(os.path.join(lab.dir, name), "w", encoding="utf-8") as f:
                f.write(text)

    def root(self, name):
        """A root file system of a container's own; /usr is put into it."""
        root = os.path.join(self.lab.dir, f"root-{name}")
        for place in PLACES:
            os.makedirs(os.path.join(root, place))
        for link in ("bin", "sbin", "lib", "lib64"):
            os.symlink(f"usr/{link}", os.path.join(root, link))
        self.addCleanup(shutil.rmtree, root, ignore_errors=True)
        return root

    @contextlib.contextmanager
    def container(self, name, script):
        """A container that runs a script, which ends with its standard input; gives what it prints first."""
        words = [*self.lab.node.enter(), self.podman, "run", "-i", "--rm", "--cgroups=disabled",
                 "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--name", name, "--network", "podnet",
                 "--volume", "/usr:/usr:ro", "--rootfs", self.root(name), "/usr/bin/python3", "-c", script]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as process:
            try:
                yield process.stdout.readline().strip()
            finally:
                process.communicate("", 60)

    def address(self, name):
        found = next(a for a in attachments(self.lab) if a["pod"] == name)
        return found["state"], found["addresses"][0]

    def fetch(self, name, address):
        """What a container says whose first act is to ask the other."""
        with self.container(name, ASK.format(address=address)) as said:
            return said

    def test_enforced(self):
        """a container's first packets are judged by policy, and nothing of it is left when it has ended"""
        self.lab.enforce(ALLOW_CLIENT)
        with self.container("web", SERVE) as said:
            self.assertEqual(said, "up")
            state, address = self.address("web")
            self.assertEqual(state, "enforced")
            self.assertEqual(self.fetch("client", address), "hello")
            self.assertIn("timed out", self.fetch("intruder", address))
        self.assertEqual(attachments(self.lab), [])
        self.lab.until(lambda: not [i for i in self.lab.status()["interfaces"]], "its interface is forgotten")

    def test_unknown(self):
        """a container that no object speaks of starts, and is closed"""
        with self.container("web", SERVE):
            _, address = self.address("web")
            self.assertEqual(self.fetch("client", address), "hello")
            self.assertIn("timed out", self.fetch("stranger", address))


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or not os.access(os.path.join(PLUGINS, "bridge"), os.X_OK):
        skip_all(f"needs {', '.join(missing) or 'containernetworking-plugins'}")
    main()
