#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""terminal.py COLUMNS COMMAND [ARGUMENT…]: runs a command at a terminal of that width; prints each
thing that was drawn on the terminal's last line and wiped again, one a line. Ends with the command's
status."""
import fcntl
import os
import re
import signal
import struct
import sys
import termios

terminal, theirs = os.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
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
while True:
    try:
        more = os.read(terminal, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
for drawn in re.findall(r"\r\033\[K([^\r\n]+)(?=\r\033\[K)", shown.decode()):
    print(drawn)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
