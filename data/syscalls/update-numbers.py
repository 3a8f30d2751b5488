#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints numbers.tsv anew from the table that libseccomp keeps of the kernel's own tables
(src/syscalls.csv in its source; the first line names the kernel), comments as they were.

usage: update-numbers.py syscalls.csv numbers.tsv > new.tsv"""
import csv
import pathlib
import sys

COLUMNS = {"x86_64": "x86_64", "i386": "x86", "x32": "x32", "aarch64": "aarch64", "arm": "arm",
           "loongarch64": "loongarch64", "mips": "mips", "mips64": "mips64",
           "mips64n32": "mips64n32", "ppc": "ppc", "ppc64": "ppc64", "riscv64": "riscv64",
           "s390": "s390", "s390x": "s390x"}


def main():
    rows = list(csv.reader(open(sys.argv[1])))
    kernel = rows[0][0].split("(")[1].rstrip(")")
    where = {name: rows[0].index(column) for name, column in COLUMNS.items()}
    for line in pathlib.Path(sys.argv[2]).read_text().splitlines():
        if line.startswith("# Kernel:"):
            print(f"# Kernel: {kernel}")
        elif line.startswith("#"):
            print(line)
    print("\t".join(["call", *COLUMNS]))
    for row in sorted(rows[1:]):
        numbers = [row[i] if row[i] != "PNR" else "-" for i in where.values()]
        if any(n != "-" for n in numbers):
            print("\t".join([row[0], *numbers]))


main()
