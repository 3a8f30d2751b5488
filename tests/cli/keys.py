#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""keys.py KEYS COMMAND [ARGUMENT…]: runs a command at a terminal of its own and presses one key
at each of confined's questions. Prints what the terminal shows; ends with the command's status.
"^C" in KEYS is Ctrl-C, "^K" kills the process that is held (by the number in the question)."""
import fcntl
import os
import re
import signal
import sys
import termios

PROMPT = b"? help: "


def keys_of(text):
    return re.findall(r"\^.|.", text)


def main():
    keys = keys_of(sys.argv[1])
    terminal, theirs = os.openpty()
    modes = termios.tcgetattr(terminal)
    pid = os.fork()
    if pid == 0:
        os.close(terminal)
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        for file in range(3):
            os.dup2(theirs, file)
        os.closerange(3, theirs + 1)
        os.execvp(sys.argv[2], sys.argv[2:])
    os.close(theirs)
    signal.alarm(60)
    shown = b""
    at = 0
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
        while PROMPT in shown[at:] and keys:
            at = shown.index(PROMPT, at) + len(PROMPT)
            key = keys.pop(0)
            if key == "^K":
                held = re.findall(rb"held: \S+?\[(\d+)\]", shown[:at])
                os.kill(int(held[-1]), signal.SIGKILL)
            else:
                os.write(terminal, b"\x03" if key == "^C" else key.encode())
    if termios.tcgetattr(terminal) != modes:
        print("the terminal's modes were not put back")
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
    if keys:
        print("keys left:", "".join(keys))
    sys.exit(os.waitstatus_to_exitcode(status))


main()
