#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir top on a real terminal (tmux), of an agent that says what the test wants."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from case import LabCase, main
from core_cases import ALLOW_FRONTEND
from fake_agent import FakeAgent, pair
from lab import WEIR, Lab

PAIRS = [pair("shop/frontend", "shop/backend", packets=1000, size=800, connections=20),
         pair("shop/backend", "shop/db", packets=200, size=9000, connections=50),
         pair("shop/intruder", "shop/db", denied=300, limited=30),
         pair("payments/checkout-service-with-a-name", "payments/ledger-postgresql-primary", packets=3)]
ROW = re.compile(r"^(\S+) +(\S+)((?: +[\d.]+[kMGTPE]?){4})", re.M)


class Terminal:
    """A tmux server of its own with one window that runs a command."""

    def __init__(self, directory, command, *, width=80, height=24, env=None):
        self.tmux_words = ["tmux", "-S", os.path.join(directory, "tmux"), "-f", "/dev/null"]
        self.after = os.path.join(directory, "after")
        # What the terminal is like afterwards, and how the program ended, is read from the same window.
        script = f"stty -a >{self.after}.before; {command}; echo $? >{self.after}; stty -a >{self.after}.new; mv {self.after}.new {self.after}.after; exec cat"
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), "sh", "-c", script, env=env)

    def tmux(self, *words, env=None):
        return subprocess.run([*self.tmux_words, *words], capture_output=True, text=True, check=True, timeout=10,
                              env=os.environ | {"LANG": "C.UTF-8", "TERM": "xterm-256color"} | (env or {})).stdout

    def screen(self, *words):
        return self.tmux("capture-pane", "-p", "-t", "0", *words)

    def press(self, *keys):
        self.tmux("send-keys", "-t", "0", *keys)

    def until(self, pattern, seconds=8):
        """The screen, once the pattern is on it."""
        last = ""

        def seen():
            nonlocal last
            last = self.screen()
            return last if re.search(pattern, last) else None
        try:
            return Lab.until(seen, pattern, seconds)
        except AssertionError:
            raise AssertionError(f"not seen: {pattern}\n{last}") from None

    def exit_code(self):
        def ended():
            if not os.path.exists(self.after + ".after"):
                return None
            with open(self.after, encoding="ascii") as f:
                return f.read().strip() or None
        return int(Lab.until(ended, "the program has ended", 8))

    def settings(self):
        """What stty says, before and after."""
        texts = []
        for name in ("before", "after"):
            with open(f"{self.after}.{name}", encoding="ascii") as f:
                texts.append(re.sub(r"rows \d+; columns \d+;", "", f.read()))
        return texts

    def close(self):
        subprocess.run([*self.tmux_words, "kill-server"], capture_output=True, check=False, timeout=10)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="weir-top-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.socket = os.path.join(self.dir, "weir.sock")
        self.agent = FakeAgent(self.socket, [dict(p) for p in PAIRS])
        self.addCleanup(self.agent.close)

    def top(self, *words, **about):
        command = " ".join(["exec" if about.pop("bare", False) else "", WEIR, "--socket", self.socket, "top", *words])
        terminal = Terminal(self.dir, command, **about)
        self.addCleanup(terminal.close)
        return terminal

    def once(self, *words):
        return subprocess.run([WEIR, "--socket", self.socket, "top", *words], capture_output=True, text=True,
                              check=False, timeout=20, stdin=subprocess.DEVNULL)

    @staticmethod
    def sources(screen):
        return [row[1] for row in ROW.finditer(screen)]


class Live(Case):
    def test_screen(self):
        """top shows node, sums, and pairs with rates and a sparkline, in 80 columns and 24 rows"""
        terminal = self.top()
        screen = terminal.until(r"shop/frontend +shop/backend +(1.0k|9\d\d) +(8\d\dk|7\d\dk) +\d+ +0 +█")
        lines = screen.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertRegex(lines[0], r"^weir top node-1 +enforcing +revision 7 +flows 1,234 +shield down +\d\d:\d\d:\d\d$")
        self.assertRegex(lines[1], r"^passed 1\.\dk pkt/s .* dropped 3\d\d/s +4 pairs by packets$")
        self.assertRegex(lines[2], r"^SOURCE +DESTINATION +PKT/S +BYTE/S +CONN/S +DROP/S +LAST \d+ s")
        self.assertIn("payments/~ith-a-name", screen)
        self.assertIn("q quit", lines[23])

    def test_sort(self):
        """the keys p, b, c and d sort"""
        terminal = self.top()
        for key, first, what in (("b", "shop/backend", "bytes"), ("p", "shop/frontend", "packets"),
                                 ("c", "shop/backend", "connections"), ("d", "shop/intruder", "drops")):
            terminal.press(key)
            terminal.until(rf"(?s)pairs by {what}.*?LAST[^\n]*\n{first} ")

    def test_filter(self):
        """a filter shows the pairs with its text in a name, and Escape all again"""
        terminal = self.top()
        terminal.until("shop/frontend")
        terminal.press("/", "D", "B")
        self.assertEqual(set(self.sources(terminal.until("filter: DB_"))), {"shop/backend", "shop/intruder"})
        terminal.press("Enter", "Escape")
        self.assertEqual(len(self.sources(terminal.until("4 pairs by"))), 4)

    def test_pause(self):
        """pause holds the picture until it is lifted"""
        terminal = self.top()
        terminal.until("shop/intruder")
        terminal.press("Space")
        terminal.until("PAUSED")
        self.agent.pairs.append(pair("shop/late", "world", packets=5))
        terminal.press("d")
        self.assertNotIn("shop/late", terminal.until("PAUSED"))
        terminal.press("Space")
        terminal.until("shop/late")

    def test_help(self):
        """help says what the keys do, and any key goes back"""
        terminal = self.top()
        terminal.until("shop/frontend")
        terminal.press("?")
        self.assertLessEqual(max(map(len, terminal.until("Any key goes back").splitlines())), 80)
        terminal.press("q")
        terminal.until("shop/frontend")

    def test_resize(self):
        """a terminal of another size is filled"""
        terminal = self.top()
        terminal.until("payments/~")
        terminal.tmux("resize-window", "-t", "0", "-x", "150", "-y", "9")
        screen = terminal.until("payments/checkout-service-with-a-name +payments/ledger-postgresql-primary ")
        self.assertIn("q quit", screen.splitlines()[8])
        terminal.tmux("resize-window", "-t", "0", "-x", "20", "-y", "3")
        terminal.until("^weir top no")
        terminal.tmux("resize-window", "-t", "0", "-x", "80", "-y", "24")
        terminal.until("payments/~")

    def test_scroll(self):
        """what doesn't fit is reached by scrolling"""
        self.agent.pairs += [pair(f"load/w{i:02}", "world", packets=100 - i) for i in range(40)]
        terminal = self.top()
        terminal.until("load/w05")
        terminal.press("End")
        self.assertNotIn("load/w05", terminal.until("payments/~"))
        terminal.press("Home")
        terminal.until("load/w05")

    def test_ascii(self):
        """without UTF-8 the sparklines are ASCII"""
        screen = self.top(env={"LANG": "C", "LC_ALL": "C"}).until(r"shop/frontend .* 0 +#")
        self.assertTrue(screen.isascii(), screen)

    def test_no_color(self):
        """--no-color colours nothing, and a terminal is coloured without it"""
        for words, colors in ((["--no-color"], 0), ([], 1)):
            terminal = self.top(*words)
            terminal.until("shop/intruder .* 3")
            self.assertEqual(bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.screen("-e"))), bool(colors), words)
            terminal.close()
            os.unlink(os.path.join(self.dir, "tmux"))

    def test_degraded(self):
        """a degraded node says so and why"""
        self.agent.status |= {"degraded": ["veth-x is missing"], "shields": ["192.0.2.1"]}
        screen = self.top().until("DEGRADED")
        self.assertIn("shield up for 1", screen)
        self.assertIn("degraded: veth-x is missing", screen)


class End(Case):
    """However it ends, the terminal is as it was."""

    def check(self, terminal, code, says=""):
        self.assertEqual(terminal.exit_code(), code)
        before, after = terminal.settings()
        self.assertEqual(before, after)
        screen = terminal.until(says)
        self.assertNotIn("SOURCE", screen)
        self.assertEqual(terminal.tmux("display", "-p", "-t", "0", "#{cursor_flag}#{alternate_on}").strip(), "10")
        return screen

    def test_quit(self):
        """q ends it with 0"""
        terminal = self.top()
        terminal.until("shop/frontend")
        terminal.press("q")
        self.check(terminal, 0)

    def test_signals(self):
        """a signal ends it as q does"""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            terminal = self.top()
            terminal.until("shop/frontend")
            shell = int(terminal.tmux("display", "-p", "-t", "0", "#{pane_pid}"))
            with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as f:
                os.kill(int(f.read()), number)
            self.check(terminal, 0)
            terminal.close()
            for name in ("tmux", "after", "after.before", "after.after"):
                os.unlink(os.path.join(self.dir, name))

    def test_agent_gone(self):
        """an agent that goes away ends it with 3 and one clear line"""
        terminal = self.top()
        terminal.until("shop/frontend")
        self.agent.close()
        screen = self.check(terminal, 3, "weir: can't reach the agent")
        self.assertRegex(screen.replace("\n", ""), r"^weir: can't reach the agent at .* \(is weir agent running\?\)$")

    def test_no_agent(self):
        """without an agent the terminal is not even taken over"""
        self.agent.close()
        terminal = self.top()
        self.check(terminal, 3, "is weir agent running")

    def test_unknown_terminal(self):
        """a terminal that nobody knows is said in one line"""
        terminal = self.top(env={"LANG": "C"})
        terminal.close()
        done = subprocess.run(["script", "-qec", f"{WEIR} --socket {self.socket} top", "/dev/null"], check=False,
                              capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                              env=os.environ | {"TERM": "no-such-terminal"})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout.strip(), r'^weir: top: nothing is known of the terminal "no-such-terminal"')


class Once(Case):
    def test_table(self):
        """--once measures for one interval and prints a table"""
        done = self.once("--once")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.sources(done.stdout), [p["source"] for p in (PAIRS[0], PAIRS[1], PAIRS[3], PAIRS[2])])
        self.assertRegex(done.stdout.splitlines()[0], r"^SOURCE +DESTINATION +PKT/S +BYTE/S +CONN/S +DROP/S$")

    def test_json(self):
        """--once -o json has the rates as numbers, sorted and filtered alike"""
        answer = json.loads(self.once("--once", "-o", "json", "--sort", "drops").stdout)
        first = answer["items"][0]
        self.assertEqual((first["source"], first["destination"], len(answer["items"])),
                         ("shop/intruder", "shop/db", 4))
        self.assertAlmostEqual(first["dropsPerSecond"], 330, delta=10)
        self.assertAlmostEqual(answer["total"]["packetsPerSecond"], 1203, delta=30)
        self.assertAlmostEqual(answer["items"][1]["bytesPerSecond"], 1000 * 800, delta=30000)
        filtered = json.loads(self.once("--once", "-o", "json", "--filter", "LEDGER").stdout)
        self.assertEqual([i["source"] for i in filtered["items"]], [PAIRS[3]["source"]])

    def test_nothing(self):
        """no pairs are said to be none"""
        done = self.once("--once", "--filter", "nobody")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", "no pairs with this in a name: nobody\n"))

    def test_wrong(self):
        """what can't be is wrong usage, in one line"""
        for words, says in ((["--sort", "size"], "--sort size"), (["--interval", "0"], "--interval 0"), ([], "--once"),
                            (["-o", "json"], "-o is for --once")):
            done = self.once(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn(says, done.stderr)

    def test_no_agent(self):
        """without an agent it ends with 3"""
        self.agent.close()
        self.assertEqual(self.once("--once").returncode, 3)


class OfTheAgent(LabCase):
    def test_traffic(self):
        """top says what a real agent counted: who talks, and to whom it is denied"""
        self.lab.enforce(ALLOW_FRONTEND)
        send = self.some_pass_some_do_not()

        def measured():
            with subprocess.Popen([*self.lab.node.enter(), WEIR, "--socket", self.lab.socket, "top", "--once", "-o",
                                   "json"], stdout=subprocess.PIPE, text=True) as top:
                while top.poll() is None:
                    send()
                rates = {(i["source"], i["destination"]): i for i in json.load(top.stdout)["items"]}
            allowed = rates.get(("shop/frontend", "shop/backend"), {}).get("packetsPerSecond", 0)
            denied = rates.get(("shop/intruder", "shop/backend"), {}).get("dropsPerSecond", 0)
            return allowed > 0 and denied > 0
        self.lab.until(measured, "both pairs have rates", 15)


if __name__ == "__main__":
    main()
