#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""keys.py KEYS COMMAND [ARGUMENT…]: runs a command at a terminal of its own and presses one key
at each of confined's questions. Prints what the terminal shows; ends with the command's status.
"^C" in KEYS is Ctrl-C, "^K" kills the process that is held (by the number in the question)."""
import os
import re
import signal
import sys
import termios

import ptys

PROMPT = b"? help: "


def keys_of(text):
    return re.findall(r"\^.|.", text)


def main():
    keys = keys_of(sys.argv[1])
    pid, terminal, modes = ptys.start(sys.argv[2:])
    shown = b""
    at = 0
    for more in ptys.shown(terminal):
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
