# SPDX-License-Identifier: BSD-2-Clause
"""What every end-to-end test file shares: assertions, TAP, and leaving nothing behind."""
import atexit
import os
import signal
import sys
import time
import unittest

import netns
from lab import BPFFS, WEIR, Lab, close_all

OPEN_WAIT = 3.0 * netns.PATIENCE  # a permitted attempt answers in a millisecond; the rest is for a busy machine
TOLD_AGAIN = 12  # seconds after which what goes on being denied is told of again, and a little
SHUT_WAIT = 0.35 * netns.PATIENCE  # as long as a refused attempt is given to get through all the same


def shop(lab, xdp=()):
    """The pods that most tests talk between; those named in xdp ask for XDP."""
    lab.add_namespace("shop", team="web")
    lab.add_namespace("ops", team="ops")
    lab.add_pod("frontend")
    lab.add_pod("backend")
    lab.add_pod("intruder")
    lab.add_pod("monitor", namespace="ops")
    for name in xdp:
        lab.pods[name].annotations["weir.dev/xdp"] = "on"
        lab.pods[name].announce()
    return lab


class LabCase(unittest.TestCase):
    """A class of tests that share one lab; each test starts without policies."""

    env = {}
    settings = None
    bridged = False
    starts_agent = True

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(cls.__name__.lower()[:6], env=cls.env, settings=cls.settings, bridged=cls.bridged)
        cls.addClassCleanup(cls.lab.close)
        cls.build()
        for name, pod in cls.lab.pods.items():
            setattr(cls, name, pod)
        if cls.starts_agent:
            cls.lab.start_agent()

    @classmethod
    def build(cls):
        """Makes the pods; each is then an attribute of the class too."""
        shop(cls.lab)

    def setUp(self):
        self.lab.enforce(None)
        self.explains_drops()

    def explains_drops(self):
        """In the end, weir observe explains whatever was dropped in the test: every reason, rule and limit whose counter
        has grown has an event that names it or the same connection, and no event names another."""
        agent, before, begun = self.lab.agent, self.lab.drops(), time.monotonic()

        def check():
            if not self.lab.agent or self.lab.agent.poll() is not None:
                return  # what it told has gone with it
            since = before if self.lab.agent is agent else self.lab.drops_before
            seconds = int(time.monotonic() - begun) + TOLD_AGAIN
            now = self.lab.drops()
            dropped = {what for what, n in now.items() if n > since.get(what, 0)}
            told, explained = set(), set()

            def is_explained():
                now_told, now_explained = self.lab.told_drops(seconds)
                told.update(now_told)
                explained.update(now_explained)
                return dropped <= explained
            try:
                self.lab.until(is_explained, "")
            except AssertionError:
                self.fail(f"weir observe does not explain the drops of {dropped - explained}{self.lab.log_tail()}")
            self.assertEqual({what for what in told if not self.lab.drops().get(what)}, set(), "told, not dropped")
        self.addCleanup(check)

    # --- packets -------------------------------------------------------------

    @staticmethod
    def target(to, port, protocol, family):
        if isinstance(to, str):
            return [to, port, protocol]
        return [to.addr6 if family == 6 else to.addr4, port, protocol]

    def attempts(self, sender, targets, wait):
        return sender.do("probe", targets=[self.target(*t) for t in targets], wait=wait)

    def assert_open(self, sender, to, port=8080, protocol="TCP", family=4):
        self.assert_each(sender, [(to, port, protocol, family)], [])

    def assert_shut(self, sender, to, port=8080, protocol="TCP", family=4):
        self.assert_each(sender, [], [(to, port, protocol, family)])

    def assert_each(self, sender, opened, shut):
        """All of opened answer, and none of shut does."""
        for targets, wait, expected in ((opened, OPEN_WAIT, "open"), (shut, SHUT_WAIT, "timeout")):
            results = self.attempts(sender, targets, wait) if targets else []
            wrong = [f"{self.target(*t)} is {r}" for t, r in zip(targets, results) if r != expected]
            if wrong:
                self.fail(self.story(f"not {expected}", sender, wrong))

    def story(self, what, sender, wrong):
        return f"{what}: from {sender.netns}: {', '.join(wrong)}{self.lab.log_tail()}"

    def connect(self, sender, to, port=8080, protocol="TCP", family=4):
        """An open connection that has been used once."""
        host, port, protocol = self.target(to, port, protocol, family)
        connection = sender.do("open", host=host, port=port, protocol=protocol, wait=OPEN_WAIT)
        self.addCleanup(sender.do, "close", connection=connection)
        self.assert_talks(sender, connection)
        return connection

    def assert_talks(self, sender, connection):
        self.assertTrue(sender.do("talk", connection=connection, wait=OPEN_WAIT),
                        f"the connection carries nothing{self.lab.log_tail()}")

    def assert_silent(self, sender, connection):
        self.assertFalse(sender.do("talk", connection=connection, wait=SHUT_WAIT),
                         f"the connection still carries data{self.lab.log_tail()}")

    def some_pass_some_do_not(self):
        """The frontend has a connection to the backend, where a policy keeps out the intruder; both send at each call."""
        connection = self.connect(self.frontend, self.backend)

        def send():
            self.assert_talks(self.frontend, connection)
            self.attempts(self.intruder, [(self.backend, 8080, "TCP", 4)], 0.1)
        return send

    # --- the program ---------------------------------------------------------

    def assert_fails(self, done, code, *says):
        """The exit code, nothing on stdout, and one clear line that says these things."""
        self.assertEqual(done.returncode, code, f"{done.stdout}{done.stderr}{self.lab.log_tail()}")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, f"one line was expected:\n{done.stderr}")
        for words in says:
            self.assertIn(words, lines[0])
        return lines[0]

    def assert_done(self, done):
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}{self.lab.log_tail()}")
        self.assertEqual(done.stderr, "")
        return done.stdout


class NothingLeft(unittest.TestCase):
    """Last in every file."""

    def test_nothing(self):
        """nothing of this test file is left on the machine"""
        children = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
        with open(children, encoding="ascii") as f:
            self.assertEqual(f.read().strip(), "", "processes")
        self.assertEqual(netns.namespaces(), [], "network namespaces")
        pins = [n for n in os.listdir(BPFFS) if n.startswith(f"weir-test-{os.getpid()}")]
        self.assertEqual(pins, [], "pins")
        with open("/proc/mounts", encoding="utf-8") as f:
            self.assertNotIn(netns.PREFIX + "-", f.read(), "mounts")


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def main():
    """Runs the file's tests as a TAP stream for prove."""
    if os.geteuid() != 0:
        skip_all("needs root")
    if not os.access(WEIR, os.X_OK):
        sys.exit(f"{WEIR} is not there: build it first, or name it in $WEIR")
    from tap import TAPTestRunner  # pylint: disable=import-outside-toplevel

    atexit.register(close_all)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    sys.stdout.reconfigure(line_buffering=True)
    runner = TAPTestRunner()
    runner.set_stream(True)
    runner.set_format("{short_description}")

    loader = unittest.TestLoader()
    names = sys.argv[1:]
    module = sys.modules["__main__"]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    suite.addTests(loader.loadTestsFromTestCase(NothingLeft))
    sys.exit(0 if runner.run(suite).wasSuccessful() else 1)
