#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a session and a temporary folder of its own, and ends whatever it leaves.

  keeper.py COMMAND…

Everything that the command starts stays below this process, also what a daemon starts in the
background: orphans are given to it and not to the machine's first process. When the command has
ended, what still runs is told on the standard output ("left behind: …"), killed, and makes the exit
status LEFT; mounts below the folder are undone. SIGINT, SIGTERM and the end of the caller interrupt
the command, which may put its things in order first.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LEFT = 70
END_SECONDS = 15      # what ends by itself when the command has ended
TEARDOWN_SECONDS = 90 # an interrupted command
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


def below(root):
    """Processes that descend from this one, with zombies."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found, at = [], [root]
    while at:
        for child in children.get(at.pop(), ()):
            found.append(child)
            at.append(child)
    return found


def reap():
    """Takes every child that has ended; false: there is none left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def words(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(2000).replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def sweep(seconds):
    """Ends what is left; what had to be killed."""
    until, left = time.monotonic() + seconds, {}
    while reap():
        if time.monotonic() > until:
            for pid in below(os.getpid()):
                if words(pid):
                    left.setdefault(pid, words(pid))
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(0.02)
    return left


def clear(folder):
    with open("/proc/mounts") as file:
        mounts = [line.split(" ")[1] for line in file]
    for mount in reversed(mounts):
        if mount.startswith(folder + "/"):
            libc.umount2(os.fsencode(mount), MNT_DETACH)
    shutil.rmtree(folder, ignore_errors=True)


def main():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    folder = tempfile.mkdtemp(prefix="ct.", dir="/tmp") # short: sockets are below it
    os.chmod(folder, 0o1777) # tests become other users
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heard = [each for each in signals if signal.getsignal(each) != signal.SIG_IGN]
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def as_usual():
        # What a shell's background job ignores a test's commands would ignore, too.
        for each in signals + (signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    child = subprocess.Popen(sys.argv[1:], start_new_session=True, stdin=subprocess.DEVNULL,
                             env={**os.environ, "TMPDIR": folder}, preexec_fn=as_usual)
    interrupted = []

    def end(how):
        try:
            os.killpg(child.pid, how)
        except ProcessLookupError:
            pass

    def interrupt(*_):
        if not interrupted:
            interrupted.append(True)
            signal.alarm(TEARDOWN_SECONDS)
            end(signal.SIGINT)

    for each in heard:
        signal.signal(each, interrupt)
    signal.signal(signal.SIGALRM, lambda *_: end(signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    status = None
    while status is None:
        pid, result = os.waitpid(-1, 0) # orphans, too: a zombie looks alive to a test
        if pid == child.pid:
            status = os.waitstatus_to_exitcode(result)
    signal.alarm(0)
    for each in signals:
        signal.signal(each, signal.SIG_IGN)
    left = sweep(1 if interrupted else END_SECONDS)
    clear(folder)
    for pid, what in left.items():
        print(f"left behind: {pid} {what}", flush=True)
    if interrupted:
        return 130
    return LEFT if left else status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
