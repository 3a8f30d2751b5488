#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""data/cli-options.tsv → a C table: generate-cli-options.py TSV OUTPUT.c

Rows of one program and scope become one array, sorted by name for a binary search."""
import re
import sys


def fail(number, why):
    sys.exit(f"cli-options.tsv:{number}: {why}")


def read(path):
    tables = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            row = line.rstrip("\n").split("\t")
            if len(row) != 5:
                fail(number, "not five columns")
            program, scope, letter, name, takes = row
            if not re.fullmatch(r"[A-Za-z]|-", letter) or not re.fullmatch(r"[a-z0-9-]+", name):
                fail(number, "no option name")
            if takes not in ("value", "flag"):
                fail(number, "neither 'value' nor 'flag'")
            table = tables.setdefault((program, scope), {})
            if name in table:
                fail(number, f"'{name}' stands twice")
            if letter != "-" and letter in [l for l, _ in table.values()]:
                fail(number, f"the letter '{letter}' stands twice")
            table[name] = (letter, takes == "value")
    return tables


def main():
    tables = read(sys.argv[1])
    out = ["/* Made from data/cli-options.tsv: change that. */", '#include "manifest/command.h"', ""]
    for (program, scope), rows in sorted(tables.items()):
        out.append(f"static const struct cf_cli_option {program}_{scope}[] = {{")
        for name in sorted(rows):
            letter, value = rows[name]
            shown = f"'{letter}'" if letter != "-" else "0"
            out.append(f'        {{"{name}", {shown}, {"true" if value else "false"}}},')
        out += ["};", ""]
    out.append("const struct cf_cli_table cf_cli_tables[] = {")
    for (program, scope), rows in sorted(tables.items()):
        out.append(f'        {{"{program}", "{scope}", {program}_{scope}, {len(rows)}}},')
    out += ["};", "const size_t cf_cli_table_count = sizeof(cf_cli_tables) / sizeof(cf_cli_tables[0]);", ""]
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("\n".join(out))


main()
