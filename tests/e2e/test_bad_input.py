#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bad input gets one clear line and the right exit code; enforcement stays as it was."""
import json
import os
import socket
import subprocess

from case import LabCase, main, shop
from core_cases import ALLOW_FRONTEND, ISOLATE_BACKEND, policy


class BadInput(LabCase):
    def setUp(self):
        super().setUp()
        self.lab.enforce(ALLOW_FRONTEND)
        self.connection = self.connect(self.frontend, self.backend)
        self.revision = self.lab.status()["revision"]

    def tearDown(self):
        self.assertEqual(self.lab.status()["revision"], self.revision)
        self.assert_talks(self.frontend, self.connection)
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)

    def apply(self, text):
        return self.lab.weir("apply", "-f", "-", stdin=text)

    def test_unreadable_file(self):
        """a file that can't be read is named, exit 1"""
        self.assert_fails(self.lab.weir("apply", "-f", "/nowhere/x.yaml"), 1, "/nowhere/x.yaml", "No such file")
        self.assert_fails(self.lab.weir("check", "-f", "/nowhere/x.yaml"), 1, "/nowhere/x.yaml", "No such file")

    def test_wrong_yaml(self):
        """text that is no YAML is refused with its line, exit 1"""
        line = self.assert_fails(self.apply("apiVersion: v1\nkind: [Pod\nmetadata: }\n"), 1)
        self.assertRegex(line, r"^-:\d+:\d+: ")

    def test_wrong_field(self):
        """an unknown field is refused with its path, exit 1"""
        line = self.assert_fails(self.apply(policy("podSelector: {matchlabels: {a: b}}", name="wrong")), 1)
        self.assertRegex(line, r"^-:5:\d+: spec\.podSelector\.matchlabels: ")

    def test_wrong_value(self):
        """a value of the wrong type is refused with its path, exit 1"""
        line = self.assert_fails(self.apply(policy("podSelector: {}\npolicyTypes: [Sideways]", name="wrong")), 1)
        self.assertRegex(line, r"^-:6:\d+: spec\.policyTypes\[0\]: ")

    def test_binary(self):
        """bytes that are no text are refused, exit 1"""
        done = subprocess.run([*self.lab.node.enter(), *self.words("apply", "-f", "-")], input=bytes(range(256)) * 40,
                              capture_output=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def words(self, *words):
        return [self.lab.agent_words()[0], "--socket", self.lab.socket, *words]

    def test_empty(self):
        """nothing to apply is an error, not a success"""
        self.assert_fails(self.apply(""), 1)

    def test_unknown_command(self):
        """an unknown command, option or kind is wrong usage, exit 2"""
        self.assert_fails(self.lab.weir("enforce"), 2, "enforce")
        self.assert_fails(self.lab.weir("status", "--frobnicate"), 2, "frobnicate")
        self.assert_fails(self.lab.weir("get", "unicorns"), 2, "unicorns")
        self.assert_fails(self.lab.weir("apply"), 2, "-f")
        self.assert_fails(self.lab.weir("wait", "--settled", "--timeout", "soon"), 2, "soon")

    def test_no_agent(self):
        """without an agent at the socket every command that needs one exits 3 and says where it looked"""
        for words in (("status",), ("get", "policies"), ("metrics",), ("wait", "--settled", "--timeout", "1"),
                      ("delete", "networkpolicy", "x")):
            self.assert_fails(self.lab.weir(*words, socket="/nowhere/weir.sock"), 3, "/nowhere/weir.sock")
        done = self.lab.weir("apply", "-f", "-", stdin=ISOLATE_BACKEND, socket="/nowhere/weir.sock")
        self.assert_fails(done, 3, "/nowhere/weir.sock")

    def raw(self, data):
        """What the control socket answers to these bytes."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(1)
            s.connect(self.lab.socket)
            answer = b""
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                while chunk := s.recv(65536):
                    answer += chunk
            except (TimeoutError, ConnectionError, BrokenPipeError):
                pass
            return answer

    def request(self, method, path, body=b""):
        head = f"{method} {path} HTTP/1.1\r\nHost: weir\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        answer = self.raw(head.encode() + body)
        status = int(answer.split(b" ", 2)[1])
        return status, answer.split(b"\r\n\r\n", 1)[1]

    def test_garbage_on_the_socket(self):
        """garbage on the control socket disturbs nothing"""
        for data in (b"\0" * 4096, os.urandom(65536), b"GET", b"GET / HTTP/9.9\r\n\r\n",
                     b"PUT /v1/objects HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx",
                     b"PUT /v1/objects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
                     b"GET /v1/status HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", b""):
            self.raw(data)
        self.assert_done(self.lab.weir("status"))

    def test_wrong_calls(self):
        """a wrong call of the API is answered with a 4xx status and an error in JSON"""
        for method, path, body in (("GET", "/v1/nonsense", b""), ("GET", "/", b""), ("POST", "/v1/status", b""),
                                   ("PUT", "/v1/objects", b"{"), ("PUT", "/v1/objects", b"\xff\xfe"),
                                   ("DELETE", "/v1/objects?kind=NetworkPolicy&namespace=shop&name=none", b""),
                                   ("DELETE", "/v1/objects?kind=Nothing&name=none", b"")):
            status, answer = self.request(method, path, body)
            self.assertIn(status // 100, (4,), f"{method} {path}: {status} {answer}")
            self.assertTrue(json.loads(answer)["error"], f"{method} {path}")

    def test_abandoned_request(self):
        """a request that is never finished holds nobody up"""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.lab.socket)
            s.sendall(b"PUT /v1/objects HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nkind:")
            self.assert_done(self.lab.weir("status"))
            self.assert_done(self.lab.weir("wait", "--settled", "--timeout", "5"))


class AgentRefuses(LabCase):
    """An agent that can't start says so in one line and ends with 1; pods stay as they were."""

    starts_agent = False

    @classmethod
    def build(cls):
        pass

    def setUp(self):
        pass

    def start(self, *changed):
        words = self.lab.agent_words()
        for name, value in zip(changed[::2], changed[1::2]):
            words[words.index(name) + 1] = value
        return subprocess.run([*self.lab.node.enter(), *words], capture_output=True, text=True, timeout=20, check=False)

    def test_no_source_directory(self):
        """a source directory that isn't there is named"""
        self.assert_fails(self.start("--source", "dir:/nowhere/at/all"), 1, "/nowhere/at/all")

    def test_wrong_source(self):
        """a source that is neither dir: nor anything else known is wrong usage"""
        self.assert_fails(self.start("--source", "carrier-pigeon:"), 2, "carrier-pigeon")

    def test_no_bpffs(self):
        """a pin directory outside bpffs is refused"""
        self.assert_fails(self.start("--bpffs", os.path.join(self.lab.dir, "pins")), 1, "pins")

    def test_metrics_address(self):
        """a metrics address that can't be used is named in the log and keeps no policy from being enforced"""
        self.lab.options = ["--metrics", "nonsense"]
        self.addCleanup(self.lab.options.clear)
        self.lab.start_agent()
        self.assertTrue(self.lab.status()["enforcing"])
        self.lab.end_agent()
        self.assertIn("nonsense", self.lab.log_tail())

    def test_config_file(self):
        """an unknown key of the configuration file is refused with file, line and column"""
        path = os.path.join(self.lab.dir, "weir.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("node: n\nflavour: vanilla\n")
        done = subprocess.run([*self.lab.node.enter(), *self.lab.agent_words(), "--config", path],
                              capture_output=True, text=True, timeout=20, check=False)
        line = self.assert_fails(done, 1, "flavour")
        self.assertRegex(line, r"weir\.yaml:2:\d+: ")


class FullDisk(LabCase):
    @classmethod
    def build(cls):
        shop(cls.lab)
        cls.lab.mount_tiny_state()

    def test_full_disk(self):
        """when the store can't be written apply fails in one line and nothing has changed"""
        self.assert_done(self.lab.weir("apply", "-f", "-", stdin=ALLOW_FRONTEND))
        ballast = os.path.join(self.lab.state, "ballast")
        with open(ballast, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        done = self.lab.weir("apply", "-f", "-", stdin=policy("podSelector: {}\npolicyTypes: [Egress]", name="more"))
        self.assert_fails(done, 1, "No space left")
        self.assertEqual([i["name"] for i in self.lab.weir_json("get", "policies")["items"]], ["policy"])
        self.assert_open(self.frontend, self.backend)
        self.assert_shut(self.intruder, self.backend)
        os.unlink(ballast)
        self.assert_done(self.lab.weir("apply", "-f", "-",
                                       stdin=policy("podSelector: {}\npolicyTypes: [Egress]", name="more")))
        self.assert_shut(self.frontend, self.backend)


if __name__ == "__main__":
    main()
