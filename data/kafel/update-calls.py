#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes calls.tsv: the system calls that kafel knows by name, from its tables.

    update-calls.py FOLDER VERSION     FOLDER: kafel's source; VERSION: what the head is to say
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Our names of architectures, and kafel's tables.
TABLES = {"x86_64": "amd64", "i386": "i386", "aarch64": "aarch64", "arm": "arm",
          "riscv64": "riscv64"}
HEAD = """# SPDX-License-Identifier: Apache-2.0
# The calls that kafel knows by name, and the arguments that a condition may name without declaring
# them. Names and numbers are kafel's own: its 'umount' is umount2, and its 'stat' on i386 is the
# oldest one. Written by update-calls.py from the tables of kafel {version}.
#
#   call       its name
#   numbers    architecture=number, with a blank between two
#   arguments  name:bytes, with a blank between two; up to four bytes are compared as a number of 32
#              bits
call\tnumbers\targuments
"""
ENTRY = re.compile(r'\{\s*"(\w+)",\s*(\d+|0x[0-9a-fA-F]+),\s*\{(.*?)\}\s*\}\s*,', re.S)
ARGUMENT = re.compile(r'\[ARG_(\d)\]\s*=\s*\{"(\w+)",\s*(\d+)\}')


def read(folder, table):
    text = (folder / "src/syscalls" / f"{table}_syscalls.c").read_text()
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    body = text.split("_syscall_list[] = {", 1)[1].split("\n};", 1)[0]
    entries = ENTRY.findall(body)
    if body.count("[ARG_") != sum(len(ARGUMENT.findall(entry[2])) for entry in entries):
        raise SystemExit(f"{table}: a part of the table is not understood")
    for name, number, inner in entries:
        found = ARGUMENT.findall(inner)
        if [int(place) for place, _, _ in found] != list(range(len(found))):
            raise SystemExit(f"{table}: the arguments of {name} are not in order")
        yield name, int(number, 0), " ".join(f"{what}:{size}" for _, what, size in found)


def main():
    folder, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    rows = {}
    for arch, table in TABLES.items():
        seen = set()
        for name, number, arguments in read(folder, table):
            if name in seen:
                continue  # kafel takes the first
            seen.add(name)
            rows.setdefault((name, arguments), []).append(f"{arch}={number}")
    (HERE / "calls.tsv").write_text(HEAD.format(version=version) + "".join(
        f"{name}\t{' '.join(numbers)}\t{arguments or '-'}\n"
        for (name, arguments), numbers in sorted(rows.items())))


main()
