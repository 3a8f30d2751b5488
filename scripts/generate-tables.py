#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns plain text into C tables when the program is built.

    generate-tables.py pages C_FILE HEADER PAGE.md...
    generate-tables.py reasons C_FILE REASONS.tsv
    generate-tables.py profiles C_FILE PROFILES.tsv

Refuses what a reader of the result would stumble over: a page without one of its headings, a row
with a column too few, a word that is not lower case.
"""
import json
import pathlib
import sys

HEADINGS = ["What it says", "Why it matters", "Bad", "Good", "How to fix", "When to suppress",
            "References"]
COLUMNS = ["id", "name", "program", "symptom", "calls", "need", "docker", "kernel", "remedy",
           "evidence", "match"]
NEEDS = {"nothing": "CF_NEED_NOTHING", "capability": "CF_NEED_CAPABILITY",
         "argument-rule": "CF_NEED_ARGUMENT_RULE", "call": "CF_NEED_CALL"}
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by scripts/generate-tables.py from %s. */\n"


def die(path, line, message):
    sys.exit(f"{path}:{line}: {message}")


def literal(text):
    """A C string; other bytes than printable ASCII as octal, which cannot swallow what follows."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "?":
            out.append("\\?")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def check_page(path, text):
    lines = text.split("\n")
    if lines[0] != f"# {path.stem}":
        die(path, 1, f"the title must be '# {path.stem}'")
    found, fenced = [], False
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced = not fenced
        elif line.startswith("## ") and not fenced:
            found.append(line[3:])
    if fenced:
        die(path, len(lines), "a code block is not closed")
    if found != HEADINGS:
        die(path, 1, f"the headings must be {', '.join(HEADINGS)}; they are {', '.join(found)}")


def pages(c_file, header, paths):
    paths = sorted(pathlib.Path(p) for p in paths)
    source = [HEAD % "docs/rules", '#include "judge/pages.h"\n']
    names = [HEAD % "docs/rules", "#pragma once\n"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        check_page(path, text)
        symbol = "cf_page_" + path.stem.replace("-", "_")
        names.append(f"extern const char {symbol}[];")
        source.append(f"\nconst char {symbol}[] =")
        body = [f"        {literal(line)}" for line in text.splitlines(keepends=True)]
        source.append("\n".join(body) + ";")
    pathlib.Path(c_file).write_text("\n".join(source) + "\n", encoding="utf-8")
    pathlib.Path(header).write_text("\n".join(names) + "\n", encoding="utf-8")


def read_reasons(path):
    rows, ids = [], set()
    lines = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    head = False
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if not head:
            if cells != COLUMNS:
                die(path, number, f"the columns must be {', '.join(COLUMNS)}")
            head = True
            continue
        if len(cells) != len(COLUMNS):
            die(path, number, f"{len(cells)} columns where there must be {len(COLUMNS)}")
        row = dict(zip(COLUMNS, cells))
        if row["need"] not in NEEDS:
            die(path, number, f"need must be one of {', '.join(NEEDS)}")
        if row["id"] in ids:
            die(path, number, f"the id '{row['id']}' is there already")
        if row["match"] != row["match"].lower():
            die(path, number, "match must be lower case")
        for column in ("id", "name", "program", "remedy", "evidence"):
            if not row[column]:
                die(path, number, f"{column} is empty")
        ids.add(row["id"])
        rows.append(row)
    if not rows:
        die(path, len(lines), "no rows")
    return rows


def reasons(c_file, path):
    out = [HEAD % "data/reasons.tsv", '#include "judge/judge.h"\n',
           "const struct cf_reason cf_reasons[] = {"]
    rows = read_reasons(path)
    for row in rows:
        out.append("        {")
        for column in COLUMNS:
            value = NEEDS[row["need"]] if column == "need" else literal(row[column])
            out.append(f"                .{column} = {value},")
        out.append("        },")
    out.append("};")
    out.append(f"const size_t cf_reason_count = {len(rows)};")
    pathlib.Path(c_file).write_text("\n".join(out) + "\n", encoding="utf-8")


def profiles(c_file, path):
    """The table, and the text of NAME.json beside it for each row."""
    path, names = pathlib.Path(path), set()
    texts = [HEAD % "data/profiles", '#include "profile/profile.h"\n']
    table = ["\nconst struct cf_profile_default cf_profile_defaults[] = {"]
    lines = [(n, l.split("\t")) for n, l in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
             if l and not l.startswith("#")]
    for number, cells in lines[1:]:
        if len(cells) != 4 or not all(cells):
            die(path, number, "needs a name, short names, a title and a source")
        name, short, title, source = cells
        shorts = [] if short == "-" else short.split(",")
        for word in [name, *shorts]:
            if word in names:
                die(path, number, f"'{word}' is there already")
            names.add(word)
        file = path.parent / f"{name}.json"
        text = file.read_text(encoding="utf-8")
        try:
            json.loads(text)
        except ValueError as problem:
            die(file, 1, problem)
        symbol = "text_" + name.replace("-", "_")
        texts.append(f"static const char {symbol}[] =")
        texts.append("\n".join(f"        {literal(line)}" for line in text.splitlines(keepends=True)) + ";")
        words = ", ".join(literal(word) for word in shorts)
        table.append(f"        {{{literal(name)}, {{{words or 'NULL'}}}, {literal(title)}, {literal(source)},\n"
                     f"         {{{symbol}, sizeof({symbol}) - 1}}}},")
    table += ["};", f"const size_t cf_profile_default_count = {len(lines) - 1};"]
    pathlib.Path(c_file).write_text("\n".join(texts + table) + "\n", encoding="utf-8")


def main(arguments):
    if len(arguments) >= 4 and arguments[0] == "pages":
        pages(arguments[1], arguments[2], arguments[3:])
    elif len(arguments) == 3 and arguments[0] == "reasons":
        reasons(arguments[1], arguments[2])
    elif len(arguments) == 3 and arguments[0] == "profiles":
        profiles(arguments[1], arguments[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
