# SPDX-License-Identifier: BSD-2-Clause
"""The manifests of deploy/, as a cluster's administrator puts them into an API server."""
import json
import os
import re
import shutil
import subprocess

import yaml

from lab import TOP

DEPLOY = os.path.join(TOP, "deploy")
OVERLAYS = ("base", "overlays/no-cni-plugin", "overlays/k3s", "overlays/monitoring", "overlays/no-rules",
            "overlays/uninstall")
NAMESPACE = "weir-system"
PATHS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
}


def kubectl(*words):
    return subprocess.run(["kubectl", *words], capture_output=True, text=True, timeout=60, check=False)


def has_kubectl():
    return shutil.which("kubectl") is not None


def has_kustomize():
    """Whether kubectl's own is the present one."""
    if not has_kubectl():
        return False
    version = json.loads(kubectl("version", "--client", "-o", "json").stdout)["clientVersion"]
    return (int(version["major"]), int(re.match(r"\d+", version["minor"])[0])) >= (1, 21)


def read(path):
    """The documents of a file of deploy/."""
    with open(os.path.join(DEPLOY, path), encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def build(overlay):
    """The objects of an overlay, as kubectl puts them together."""
    done = kubectl("kustomize", os.path.join(DEPLOY, overlay))
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"kubectl kustomize {overlay}: {done.stderr}")
    return list(yaml.safe_load_all(done.stdout))


def path_of(thing):
    return PATHS[thing["kind"]].format(thing["metadata"].get("namespace", NAMESPACE))


def definitions():
    return [document for name in ("trafficpolicies", "clustertrafficpolicies")
            for document in read(f"crds/weir.dev_{name}.yaml")]
