#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sets.tsv as rows of C: {"@aio", "io_cancel io_destroy"}. A set stands behind those that it
holds. usage: generate.py OUTPUT"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent


def read():
    sets = {}
    lines = [line for line in (HERE / "sets.tsv").read_text().splitlines()
             if not line.startswith("#")]
    for line in lines[1:]:
        name, members = line.split("\t")
        if name in sets or not re.fullmatch(r"@[a-z-]+", name):
            raise SystemExit(f"sets.tsv: '{name}' is no name of a set, or stands there twice")
        sets[name] = members.split(" ")
    return sets


def main():
    sets, done = read(), {}
    while len(done) < len(sets):
        ready = [name for name in sets if name not in done and
                 all(member in done for member in sets[name] if member[0] == "@")]
        if not ready:
            raise SystemExit("sets.tsv: sets that hold each other, or that do not exist")
        done.update((name, sets[name]) for name in ready)
    pathlib.Path(sys.argv[1]).write_text("".join(
        f'{{"{name}", "{" ".join(members)}"}},\n' for name, members in done.items()))


main()
