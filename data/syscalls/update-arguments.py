#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints arguments.tsv anew: what the running kernel tells of its calls' arguments (tracefs,
events/syscalls/*/format; as root), and from the old table what this kernel does not have.

usage: update-arguments.py TRACEFS arguments.tsv > new.tsv"""
import pathlib
import re
import sys

# The kernel names these calls after the functions behind them.
FUNCTIONS = {"newfstat": "fstat", "newlstat": "lstat", "newstat": "stat", "newuname": "uname"}
# Types of 32 bits on every architecture, of 16 bits, and of 64 bits; pointers, and the rest, are
# as wide as a register.
INT = {"int", "pid_t", "key_t", "key_serial_t", "enum landlock_rule_type", "mqd_t", "__s32", "clockid_t", "timer_t", "rwf_t"}
UINT = {"unsigned int", "unsigned", "u32", "__u32", "uid_t", "gid_t", "qid_t"}
SHORT = {"umode_t"}
WIDE = {"u64", "__u64", "loff_t"}


def kind(ctype):
    ctype = ctype.replace("const ", "").strip()
    if "*" in ctype or ctype in ("cap_user_header_t", "cap_user_data_t") or ctype.endswith("handler_t"):
        return "ptr"
    for types, name in ((INT, "int"), (UINT, "uint"), (SHORT, "u16"), (WIDE, "u64")):
        if ctype in types:
            return name
    if ctype in ("long", "off_t"):
        return "long"
    if ctype in ("unsigned long", "size_t", "aio_context_t", "old_sigset_t"):
        return "ulong"
    raise SystemExit(f"unknown type '{ctype}'")


def traced(root):
    for folder in sorted(pathlib.Path(root, "events", "syscalls").glob("sys_enter_*")):
        name = folder.name[len("sys_enter_"):]
        fields = re.findall(r"field:(.+?);", (folder / "format").read_text())
        arguments = []
        for field in fields:
            ctype, argument = re.fullmatch(r"(.*?)(\w+)", field).groups()
            if argument.startswith("common_") or argument == "__syscall_nr":
                continue
            arguments.append(f"{argument}:{kind(ctype)}")
        yield FUNCTIONS.get(name, name), arguments


def main():
    head, table = [], {}
    for line in pathlib.Path(sys.argv[2]).read_text().splitlines():
        if line.startswith("#") or not line:
            head.append(line)
        else:
            name, *arguments = line.split("\t")
            table[name] = arguments
    table.update(traced(sys.argv[1]))
    print("\n".join(head))
    for name in sorted(table):
        print("\t".join([name, *table[name]]))


main()
