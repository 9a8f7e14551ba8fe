# SPDX-License-Identifier: BSD-2-Clause
"""What tests of crashes share: probes that note every verdict with its time, and policies that exclude each other."""
import http.client
import random
import socket
import threading
import time

from core_cases import policy

PORT = 9000
RATE = 100  # datagrams a second of each probe
# Between the moment that a sender notes and the one at which its packet is judged, on a busy machine.
LATE = 0.25

# One of the two is in force. The backend is open to the steady pod and never to the intruder.
SIDES = ("left", "right")
POLICIES = {side: policy(f"""
    podSelector: {{matchLabels: {{app: backend}}}}
    ingress:
    - from: [{{podSelector: {{matchLabels: {{app: {side}}}}}}}, {{podSelector: {{matchLabels: {{app: steady}}}}}}]
    """, name="flip") for side in SIDES}

# More cells than images of 1024 words have room for.
LARGE = "".join(policy(f"""
    podSelector: {{matchLabels: {{app: backend}}}}
    ingress:
    - from: [{{ipBlock: {{cidr: 172.{16 + i}.0.0/16, except: [172.{16 + i}.{i}.0/24]}}}}]
      ports: [{{protocol: TCP, port: {1000 + 7 * i}}}]
    """, name=f"large-{i}") for i in range(12))

# Number of the pulse: who sends it, and whether each datagram is a flow of its own.
PULSES = {1: ("steady", False), 2: ("steady", True), 3: ("intruder", True), 4: ("left", True), 5: ("right", True),
          6: ("intruder", False)}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("weir", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Flips:
    """What was asked for and answered: at any time one side is in force, or nobody can say which."""

    def __init__(self, lab):
        self.lab = lab
        self.turns = []  # (asked, answered or None, side)

    def apply(self, side):
        """True if the agent says that it is in force."""
        asked = time.monotonic()
        connection = UnixConnection(self.lab.socket, 20)
        try:
            connection.request("PUT", "/v1/objects", POLICIES[side])
            done = connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            done = False
        finally:
            connection.close()
        self.turns.append((asked, time.monotonic() if done else None, side))
        return done

    def certain(self):
        """The (begin, end, side) in which there is no doubt about it."""
        for (_, answered, side), (asked, _, _) in zip(self.turns, [*self.turns[1:], (time.monotonic(), None, None)]):
            if answered is not None and asked - LATE > answered:
                yield answered, asked - LATE, side


class Flipper(threading.Thread):
    """Applies the one and the other as fast as they are taken, with pauses, whatever becomes of the agent."""

    def __init__(self, flips, seed, pause):
        super().__init__(daemon=True)
        self.flips, self.random, self.pause = flips, random.Random(seed), pause
        self.ended = threading.Event()

    def run(self):
        i = 0
        while not self.ended.wait(self.random.choice((0.0, 0.0, self.random.random() * self.pause))):
            if self.flips.apply(SIDES[i % 2]):
                i += 1
            else:
                self.ended.wait(0.01)

    def end(self):
        self.ended.set()
        self.join(30)


class Probes:
    """Datagrams of all kinds to the backend, and connections that stay open."""

    def __init__(self, lab, wait):
        self.lab, self.pods = lab, lab.pods
        backend = self.pods["backend"]
        backend.do("ear", port=PORT)
        self.talks = [(self.pods[name], self.pods[name].do("talks_begin", host=to.addr4, port=8080, count=3, wait=wait))
                      for name, to in (("steady", backend), ("backend", self.pods["steady"]))]
        for number, (name, fresh) in PULSES.items():
            self.pods[name].do("pulse", number=number, host=backend.addr6 if number == 2 else backend.addr4, port=PORT,
                               rate=RATE, fresh=fresh)

    def end(self, flips):
        """Ends them all: what was wrong, in words, and figures."""
        sent = {number: self.pods[name].do("pulse_end", number=number) for number, (name, _) in PULSES.items()}
        time.sleep(0.1)  # the last ones are under way
        heard = self.pods["backend"].do("ear_end", port=PORT)
        told = [pod.do("talks_end", number=number) for pod, number in self.talks]
        wrong = list(judge(sent, {number: set(heard.get(str(number), [])) for number in PULSES}, flips))
        wrong += [f"an open connection ended: {error}" for talks in told for error in talks["errors"]]
        return wrong, {"probes": sum(map(len, sent.values())), "connections": 6,
                       "fewest": min(talks["fewest"] for talks in told),
                       "longest": max(talks["longest"] for talks in told)}


def judge(sent, heard, flips):
    """Each verdict that could not be."""
    turns = list(flips.certain())
    for number, (name, fresh) in PULSES.items():
        what = f"{name}, {'each a flow of its own' if fresh else 'one flow'}"
        for i, at in enumerate(sent[number]):
            came = i in heard[number]
            if name in SIDES:
                side = next((side for begin, end, side in turns if begin <= at < end), None)
                allowed = came if side is None else side == name
            else:
                allowed = name == "steady"
            if came != allowed:
                yield f"{what}: datagram {i} {'came' if came else 'was lost'} at {at:.3f}"


class Ghosts:
    """Pods elsewhere that come and go: files in the directory, addresses in the kernel, nothing to be attached to."""

    def __init__(self, lab):
        self.lab, self.n = lab, 0

    def change(self):
        self.n += 1
        name = f"ghost-{self.n % 8}"
        if self.n % 3 == 0:
            self.lab.remove(f"pod-{name}.json")
        else:
            self.lab.write(f"pod-{name}.json", {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": "shop", "labels": {"app": "ghost", "turn": str(self.n % 5)}},
                "spec": {"nodeName": "node-2", "containers": [{"name": "main", "image": "none"}]},
                "status": {"phase": "Running", "podIPs": [{"ip": f"10.202.0.{1 + self.n % 200}"}]},
            })
