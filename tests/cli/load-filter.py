#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads a raw filter into itself and makes calls: load-filter.py FILE NUMBER[,ARGUMENT…]…
Prints for each call `ok` or the error's name. (x86_64 numbers; no library knows of the filter.)"""
import ctypes
import errno
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
data = open(sys.argv[1], "rb").read()
calls = [[int(n, 0) for n in word.split(",")] for word in sys.argv[2:]]
code = ctypes.create_string_buffer(data, len(data))
program = Program(len(data) // 8, ctypes.addressof(code))
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
    sys.exit(f"the filter cannot be loaded: {errno.errorcode[ctypes.get_errno()]}")
for call in calls:
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_ulong(n) for n in call])
    print("ok" if result != -1 else errno.errorcode[ctypes.get_errno()], flush=True)
