#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""weir completion: real shells complete weir's words, and names that the agent knows."""
import os
import pty
import select
import shlex
import shutil
import subprocess
import time
import unittest

from case import LabCase, main
from core_cases import ISOLATE_BACKEND
from lab import WEIR

# Runs the completion as readline would, and prints what it offers.
BASH = """
source <("$1" completion bash)
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_weir
printf '%s\\n' "${COMPREPLY[@]}"
"""
PROMPT = "READY> "


class Terminal:
    """An interactive zsh, without anybody's settings."""

    def __init__(self, enter, env):
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen([*enter, "zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave,
                                        env=env | {"TERM": "dumb", "PS1": PROMPT}, start_new_session=True)
        os.close(slave)

    def send(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, text, seconds=20):
        """Reads on until text has come; what came before it is forgotten."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"{text!r} did not come: {self.text!r}")
            self.text += os.read(self.master, 4096).decode(errors="replace")
        self.text = self.text.partition(text)[2]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


class Shells(LabCase):
    @classmethod
    def build(cls):
        cls.lab.add_namespace("shop")
        cls.lab.add_pod("frontend")
        cls.lab.add_pod("backend")

    def setUp(self):
        self.lab.enforce(ISOLATE_BACKEND)
        self.env = os.environ | {"WEIR_SOCKET": self.lab.socket}

    def offers(self, *words, env=None):
        """What bash offers for the last word."""
        done = subprocess.run([*self.lab.node.enter(), "bash", "--norc", "-c", BASH, "bash", WEIR, WEIR, *words],
                              capture_output=True, text=True, timeout=20, check=True, env=env or self.env,
                              cwd=self.lab.dir)
        self.assertEqual(done.stderr, "")
        return [line for line in done.stdout.splitlines() if line]

    def test_bash_words(self):
        """bash completes commands, options and their values"""
        self.assertEqual(self.offers("capt"), ["capture"])
        self.assertEqual(self.offers("capture", "--head"), ["--headers-only"])
        self.assertEqual(self.offers("get", "-o", "j"), ["json"])
        self.assertEqual(self.offers("get", "--output", "=", "ya"), ["yaml"])
        self.assertIn("status", self.offers(""))

    def test_bash_names(self):
        """bash completes pods, namespaces and policies by asking the agent"""
        self.assertEqual(self.offers("explain", ""), ["shop/backend", "shop/frontend"])
        self.assertEqual(self.offers("capture", "--pod", "shop/f"), ["shop/frontend"])
        self.assertEqual(self.offers("get", "policies", "-n", ""), ["shop"])
        self.assertEqual(self.offers("get", "policies", ""), ["policy"])

    def test_bash_files(self):
        """bash completes files, also with spaces in their names"""
        with open(os.path.join(self.lab.dir, "a b.yaml"), "w", encoding="utf-8"):
            pass
        self.assertEqual(self.offers("apply", "-f", "a "), ["a b.yaml"])
        self.assertEqual(self.offers("agent", "--state-dir", "sta"), ["state"])

    def test_no_agent(self):
        """without an agent the words are completed all the same"""
        env = self.env | {"WEIR_SOCKET": os.path.join(self.lab.dir, "none")}
        self.assertEqual(self.offers("explain", "", env=env), [])
        self.assertEqual(self.offers("expl", env=env), ["explain"])

    def test_bash_registers(self):
        """the script registers itself for the program's name"""
        done = subprocess.run(["bash", "--norc", "-c", f"source <({shlex.quote(WEIR)} completion bash); complete -p weir"],
                              capture_output=True, text=True, timeout=20, check=True)
        self.assertEqual(done.stdout.strip(), "complete -F _weir weir")

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        """zsh completes them too, from its own line editor"""
        directory = os.path.dirname(WEIR)
        zsh = Terminal(self.lab.node.enter(), self.env | {"PATH": f"{directory}:{os.environ['PATH']}"})
        self.addCleanup(zsh.close)
        zsh.wait_for(PROMPT)
        zsh.send("bindkey -e; autoload -Uz compinit && compinit -u -D && source <(weir completion zsh) && print -r -- READ''Y\n")
        zsh.wait_for("READY\r\n")
        for typed, whole in (("capt", "capture"), ("capture --head", "capture --headers-only"),
                             ("get -o js", "get -o json"), ("explain shop/f", "explain shop/frontend"),
                             ("get pol", "get policies")):
            zsh.send(f"weir {typed}\t\x01print -r -- DONE \n")
            zsh.wait_for(f"\nDONE weir {whole}")
            zsh.wait_for(PROMPT)


if __name__ == "__main__":
    main()
