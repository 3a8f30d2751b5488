#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes calls.tsv as rows of C, in order of names: {"bpf", "cmd:4 …", {321, -1, …}}.
usage: generate.py OUTPUT"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ARCHES = ["x86_64", "i386", "aarch64", "arm", "riscv64"]  # as in convert/kafel-calls.c


def main():
    out, seen, last = [], set(), ""
    lines = [line for line in (HERE / "calls.tsv").read_text().splitlines()
             if not line.startswith("#")]
    for line in lines[1:]:
        name, numbers, arguments = line.split("\t")
        arguments = "" if arguments == "-" else arguments
        if not re.fullmatch(r"\w+", name) or name < last or not re.fullmatch(
                r"(\w+:[1248]( |$)){0,6}", arguments):
            raise SystemExit(f"calls.tsv: '{line}' is out of order or no row")
        last, columns = name, ["-1"] * len(ARCHES)
        for pair in numbers.split(" "):
            arch, number = pair.split("=")
            if (arch, name) in seen:
                raise SystemExit(f"calls.tsv: '{name}' stands twice for {arch}")
            seen.add((arch, name))
            columns[ARCHES.index(arch)] = str(int(number))
        out.append(f'{{"{name}", "{arguments}", {{{", ".join(columns)}}}}},\n')
    pathlib.Path(sys.argv[1]).write_text("".join(out))


main()
