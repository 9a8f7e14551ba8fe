# SPDX-License-Identifier: BSD-2-Clause
"""What Kubernetes' own code says of definitions and of objects of their kinds: schema/main.go, built by fetch-schema."""
import hashlib
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def find():
    """The program; None when it isn't built."""
    with open(os.path.join(HERE, "schema/main.go"), "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:12]
    cache = os.environ.get("WEIR_SCHEMA_CACHE", f"/var/cache/weir-tests/kube-schema-{version}")
    path = os.path.join(cache, "schema")
    return path if os.access(path, os.X_OK) else None


def ask(definitions, objects):
    """Two lists of findings, {"errors": [...], "unknown": [...]}: of the definitions, and of the objects in order."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, definition in enumerate(definitions):
            paths.append(os.path.join(directory, str(number)))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(definition, file)
        done = subprocess.run([find(), *paths], input="".join(json.dumps(o) + "\n" for o in objects), check=False,
                              capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return found[:len(definitions)], found[len(definitions):]
