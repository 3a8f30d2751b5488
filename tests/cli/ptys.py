# SPDX-License-Identifier: Apache-2.0
"""Commands at terminals of their own."""
import fcntl
import os
import signal
import struct
import termios

SECONDS = 60


def start(words, columns=None):
    """Starts a command; its process, the other end of its terminal and the
    terminal's modes before it ran. What hangs is ended."""
    terminal, theirs = os.openpty()
    if columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    modes = termios.tcgetattr(terminal)
    pid = os.fork()
    if pid == 0:
        os.close(terminal)
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        for file in range(3):
            os.dup2(theirs, file)
        os.closerange(3, theirs + 1)
        os.execvp(words[0], words)
    os.close(theirs)
    signal.alarm(SECONDS)
    return pid, terminal, modes


def shown(terminal):
    """What is shown, piece by piece, until the command has ended."""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            return
        if not more:
            return
        yield more
