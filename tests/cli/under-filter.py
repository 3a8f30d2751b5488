#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sleeps under filters: under-filter.py [FILE…] [--thread FILE… | --exec PROGRAM] loads the raw
filters in their order, those behind --thread in a second thread alone. Prints `ready PID TID` (of
that thread), or becomes the program."""
import ctypes
import os
import sys
import threading
import time

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)


def load(path):
    data = open(path, "rb").read()
    code = ctypes.create_string_buffer(data, len(data))
    program = Program(len(data) // 8, ctypes.addressof(code))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit(f"the filter {path} cannot be loaded")


def second(paths, ready):
    for path in paths:
        load(path)
    ready.append(threading.get_native_id())
    time.sleep(600)


words = sys.argv[1:]
split = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
for path in words[:split]:
    load(path)
tids = []
if words[split:split + 1] == ["--exec"]:
    os.execv(words[split + 1], words[split + 1:])
if split < len(words):
    threading.Thread(target=second, args=(words[split + 1:], tids), daemon=True).start()
    while not tids:
        time.sleep(0.01)
print("ready", os.getpid(), *tids, flush=True)
time.sleep(600)
