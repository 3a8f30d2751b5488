#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""step-shell.py CONFINED PROBE UNSHARE: a shell with jobs of its own under `why --step`, at a
terminal: a question is asked though the terminal is the job's, and the job has it again when it is
answered. Ctrl-Z at a question stops confined; it asks again when it goes on."""
import os
import pty
import select
import signal
import sys
import time

confined, probe, unshare = sys.argv[1:]
signal.alarm(90)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(confined, ["confined", "why", "--step", "--", "bash", "--norc", "-i"])


def until(text):
    shown = b""
    while text not in shown:
        if select.select([terminal], [], [], 30)[0]:
            shown += os.read(terminal, 65536)
        else:
            sys.exit(f"{text!r} is not in {shown!r}")
    return shown


def type_in(text):
    os.write(terminal, text)


# The shell's prompt is told apart from what was typed by what it works out.
type_in(b'PS1="ready$((1 + 1))> "\n')
until(b"ready2> ")
type_in(f"{probe} {unshare} 0x400\n".encode())
until(b"? help: ")
type_in(b"y")
assert b"ok 0" in until(b"ready2> ")
# What is typed must be for cat: between two jobs the shell sets the terminal's modes.
type_in(f"{probe} {unshare} 0x200; sh -c 'echo going$((1 + 1)); exec cat'\n".encode())
until(b"? help: ")
type_in(b"\x1a")
while not os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]):
    time.sleep(0.1)
os.kill(pid, signal.SIGCONT)
until(b"? help: ")
type_in(b"n")
assert b"EPERM" in until(b"going2")
type_in(b"read by the job\n\x04")
assert until(b"ready2> ").count(b"read by the job") == 2
type_in(b"exit\n")
assert b"2 calls were held" in until(b"stays as it is")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
