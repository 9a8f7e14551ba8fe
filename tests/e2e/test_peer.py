#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may use the control socket: the kernel says who connects, whatever the socket's mode."""
import json
import os
import socket
import subprocess

from case import LabCase, main
from core_cases import ALLOW_FRONTEND

STRANGER = 65534
GROUP = 64999  # the lab's agent takes it for the group weir
OF_USER, OF_STRANGERS = 32, 8  # connections, as guests.h has them


class Peer(LabCase):
    """The socket's mode lets everybody in."""

    starts_agent = False

    @classmethod
    def build(cls):
        super().build()
        groups = os.path.join(cls.lab.dir, "group")
        with open(groups, "w", encoding="ascii") as file:
            file.write(f"root:x:0:\nweir:x:{GROUP}:\n")
        cls.lab.launcher = ["unshare", "--mount", "sh", "-c", f'mount --bind {groups} /etc/group && exec "$@"', "sh"]
        cls.lab.start_agent()
        cls.owner = os.stat(cls.lab.socket).st_gid
        for path, mode in ((cls.lab.dir, 0o755), (cls.lab.rundir, 0o755), (cls.lab.socket, 0o666)):
            os.chmod(path, mode)

    def ask(self, path="/v1/status?brief=true", user=0, group=0, groups=(), more=()):
        """HTTP's status code and the answer."""
        done = subprocess.run(["curl", "-s", "-m", "20", "-w", "\n%{http_code}", *more, "--unix-socket",
                               self.lab.socket, f"http://weir{path}"], user=user, group=group,
                              extra_groups=groups, capture_output=True, text=True, check=False)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), body

    def test_mode(self):
        """the socket belongs to the group"""
        self.assertEqual(self.owner, GROUP)

    def test_root(self):
        """root is admitted"""
        self.assertEqual(self.ask()[0], 200)

    def test_members(self):
        """members of the group are admitted, be it their first group or another"""
        self.assertEqual(self.ask(user=STRANGER, group=GROUP)[0], 200)
        self.assertEqual(self.ask(user=STRANGER, group=STRANGER, groups=[1, GROUP, 7])[0], 200)

    def test_strangers(self):
        """anybody else is told who is admitted, even where the socket's mode would let them in"""
        for groups in ([], [1, 7], [GROUP + 1]):
            code, body = self.ask(user=STRANGER, group=STRANGER, groups=groups)
            self.assertEqual(code, 403, body)
            self.assertIn(f"uid {STRANGER}: neither root nor in the group weir", json.loads(body)["error"])
        self.assertIn(f"refused uid {STRANGER}, pid ", self.lab.log_tail())

    def test_no_change(self):
        """a stranger changes nothing, however large the body"""
        for body in (ALLOW_FRONTEND, "#" * 100000):
            code, _ = self.ask("/v1/objects", STRANGER, STRANGER, more=["-X", "PUT", "--data-binary", body])
            self.assertEqual(code, 403)
        self.assertEqual(self.lab.weir_json("get", "policies", "-A")["items"], [])

    def test_passed_on(self):
        """a socket that root opened and passed on stays root's: it says who connected, not who writes"""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.lab.socket)
            done = subprocess.run(["sh", "-c", "printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3"],
                                  pass_fds=(), stdin=subprocess.DEVNULL, user=STRANGER, group=STRANGER,
                                  extra_groups=[], check=False, capture_output=True, text=True,
                                  preexec_fn=lambda: os.dup2(client.fileno(), 3), close_fds=False)
        self.assertRegex(done.stdout, "^HTTP/1.. 200", done.stderr)

    def test_crowds(self):
        """no user but root can take all the connections, and root gets through"""
        for user, group, most in ((STRANGER, GROUP, OF_USER), (STRANGER, STRANGER, OF_STRANGERS)):
            with self.subTest(group=group), Crowd(self.lab.socket, 140, user, group) as crowd:
                self.lab.until(lambda c=crowd, m=most: c.left() == m, f"{most} connections are left")
                self.assertEqual(self.ask()[0], 200)

    def test_who(self):
        """who changed something is an event, with uid and pid"""
        self.ask("/v1/objects", STRANGER, GROUP, more=["-X", "PUT", "--data-binary", ALLOW_FRONTEND])
        self.addCleanup(self.lab.weir, "delete", "-f", "-", stdin=ALLOW_FRONTEND)
        told = self.lab.events("--type", "objects-changed", "--since", "20s")
        self.assertRegex(told[-1]["message"], rf"^uid {STRANGER}, pid \d+ applied 1 object of the store$")

    def test_dry_run(self):
        """who only tries something has changed nothing"""
        before = len(self.lab.events("--type", "objects-changed"))
        code, _ = self.ask("/v1/objects?dryRun=true", more=["-X", "PUT", "--data-binary", ALLOW_FRONTEND])
        self.assertEqual((code, len(self.lab.events("--type", "objects-changed"))), (200, before))


class Crowd:
    """Connections of a user, held open by a process of his."""

    SOURCE = """
import select, socket, sys
path, n = sys.argv[1], int(sys.argv[2])
clients = []
for _ in range(n):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    clients.append(client)
for line in sys.stdin:
    gone = select.select(clients, [], [], 0)[0]
    print(n - len(gone), flush=True)
"""

    def __init__(self, path, n, user, group):
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", self.SOURCE, path, str(n)], user=user, group=group,
                                        extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def left(self):
        """How many the agent has not closed."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


if __name__ == "__main__":
    main()
