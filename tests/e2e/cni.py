# SPDX-License-Identifier: BSD-2-Clause
"""A container runtime's side of CNI: runs the plugins of a list as libcni does, and pods that get their network so."""
import json
import os
import subprocess
import uuid

from lab import TCP_PORTS, UDP_PORTS, WEIR
from netns import Host, run

PLUGINS = "/usr/lib/cni"
WEIR_CNI = os.path.join(os.path.dirname(WEIR), "weir-cni")
IFNAME = "eth0"


def conflist(lab, plugin="bridge", *, version="1.0.0", subnet="10.202.0.0/16", with_weir=True, **weir):
    """A list of weir-cni, one of Debian's plugins, and weir-cni again; weir: keys of the two."""
    first = {
        "bridge": {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": False},
        "ptp": {"type": "ptp"},
    }[plugin]
    ipam = {"type": "host-local", "ranges": [[{"subnet": subnet}], [{"subnet": "fd00:202::/64"}]],
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}], "dataDir": os.path.join(lab.dir, "ipam")}
    ours = {"type": "weir-cni", "socket": lab.socket} | weir
    plugins = [ours | {"gate": True}, first | {"ipam": ipam}, ours] if with_weir else [first | {"ipam": ipam}]
    return {"cniVersion": version, "name": "podnet", "plugins": plugins}


class Refused(Exception):
    """A plugin failed."""

    def __init__(self, plugin, error):
        super().__init__(f"{plugin}: {error}")
        self.plugin, self.error = plugin, error


def program(name):
    return WEIR_CNI if name == "weir-cni" else os.path.join(PLUGINS, name)


def invoke(lab, plugin, command, config, environment, timeout=90):
    """Runs one plugin in the node's namespace; what it says."""
    done = subprocess.run([*lab.node.enter(), program(plugin)], input=config if isinstance(config, str)
                          else json.dumps(config), capture_output=True, text=True, timeout=timeout, check=False,
                          env={"CNI_COMMAND": command, "CNI_PATH": PLUGINS, "PATH": os.environ["PATH"]} | environment)
    try:
        said = json.loads(done.stdout) if done.stdout.strip() else None
    except json.JSONDecodeError:
        raise AssertionError(f"{plugin} {command} prints what is no JSON: {done.stdout}{done.stderr}") from None
    if done.returncode != 0:
        raise Refused(plugin, said or done.stderr)
    return said


def attachments(lab):
    """What the agent was told, and what became of it."""
    return json.loads(run("curl", "-sf", "--unix-socket", lab.socket, "http://weir/v1/attachments"))["items"]


class Container:
    """A sandbox as a runtime has it: an ID, a network namespace, and what its pod is called."""

    def __init__(self, lab, netns, *, args="", container=None):
        self.lab, self.netns = lab, netns
        self.id = container or uuid.uuid4().hex
        self.args, self.result = args, None

    def environment(self):
        return {"CNI_CONTAINERID": self.id, "CNI_NETNS": self.netns, "CNI_IFNAME": IFNAME, "CNI_ARGS": self.args}

    def invoke(self, config, plugin, command, previous, more=None):
        config = {"cniVersion": config["cniVersion"], "name": config["name"]} | plugin | (more or {})
        if previous is not None:
            config["prevResult"] = previous
        return invoke(self.lab, plugin["type"], command, config, self.environment())

    def add(self, config):
        result = None
        for plugin in config["plugins"]:
            result = self.invoke(config, plugin, "ADD", result)
        self.result = result
        return result

    def check(self, config):
        for plugin in config["plugins"]:
            self.invoke(config, plugin, "CHECK", self.result)

    def delete(self, config):
        for plugin in reversed(config["plugins"]):
            self.invoke(config, plugin, "DEL", self.result)


def kubernetes_args(namespace, pod, container, uid=None):
    words = {"IgnoreUnknown": "1", "K8S_POD_NAMESPACE": namespace, "K8S_POD_NAME": pod,
             "K8S_POD_INFRA_CONTAINER_ID": container} | ({"K8S_POD_UID": uid} if uid else {})
    return ";".join(f"{k}={v}" for k, v in words.items())


class CniPod(Host):
    """A pod whose network the plugins make. Its object has no interface, and no address unless told to."""

    def __init__(self, lab, name, *, namespace="shop", labels=None, uid=None):
        self.lab, self.name, self.namespace, self.uid = lab, name, namespace, uid
        self.labels = labels if labels is not None else {"app": name}
        self.annotations = {}
        self.addr4 = self.addr6 = self.interface = None
        super().__init__(f"{lab.label}-{name}")
        container = uuid.uuid4().hex
        self.container = Container(lab, f"/run/netns/{self.netns}", container=container,
                                   args=kubernetes_args(namespace, name, container, uid))

    def add(self, config):
        """ADD; the pod serves when it returns."""
        result = self.container.add(config)
        self.interface = next(i["name"] for i in result["interfaces"]
                              if not i.get("sandbox") and i["name"] != "cni0")
        addresses = [ip["address"].split("/")[0] for ip in result["ips"]]
        self.addr4 = next((a for a in addresses if ":" not in a), None)
        self.addr6 = next((a for a in addresses if ":" in a), None)
        self.do("serve", protocol="TCP", ports=TCP_PORTS)
        self.do("serve", protocol="UDP", ports=UDP_PORTS)
        return result

    def delete(self, config):
        self.container.delete(config)

    def announce(self, *, addresses=False):
        metadata = {"name": self.name, "namespace": self.namespace, "labels": self.labels,
                    "annotations": self.annotations} | ({"uid": self.uid} if self.uid else {})
        status = {"podIPs": [{"ip": a} for a in (self.addr4, self.addr6) if a]} if addresses else {}
        self.lab.write(f"pod-{self.name}.json", {
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "none", "ports": [
                {"name": "web", "containerPort": 8080}]}]}, "status": status})

    def withdraw(self):
        self.lab.remove(f"pod-{self.name}.json")
