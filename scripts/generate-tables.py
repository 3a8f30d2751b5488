#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns plain text into C tables when the program is built.

    generate-tables.py pages C_FILE HEADER PAGE.md...
    generate-tables.py reasons C_FILE REASONS.tsv
    generate-tables.py options C_FILE OPTIONS.tsv
    generate-tables.py weights C_FILE TABLE.tsv
    generate-tables.py profiles C_FILE PROFILES.tsv HISTORY.tsv VERSIONS.tsv RULES.tsv

Refuses what a reader of the result would stumble over: a page without one of its headings, a row
with a column too few, a word that is not lower case.
"""
import json
import pathlib
import sys

HEADINGS = ["What it says", "Why it matters", "Bad", "Good", "How to fix", "When to suppress",
            "References"]
COLUMNS = ["id", "name", "program", "symptom", "calls", "rules", "capabilities", "need", "docker", "kernel",
           "remedy", "evidence", "match"]
NEEDS = {"nothing": "CF_NEED_NOTHING", "capability": "CF_NEED_CAPABILITY",
         "argument-rule": "CF_NEED_ARGUMENT_RULE", "call": "CF_NEED_CALL"}
ENGINES = {"docker": "Docker", "containerd": "containerd", "podman": "Podman"}
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
        if row["need"] == "capability" and not row["capabilities"]:
            die(path, number, "capabilities is empty, though one is needed")
        if row["rules"] and row["need"] not in ("argument-rule", "call"):
            die(path, number, "rules, though no rule is needed")
        for column in ("id", "name", "program", "symptom", "calls", "remedy", "evidence"):
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


def read_table(path, columns):
    """(line number, cells) of each row; the columns must be these."""
    lines = [(n, l.split("\t")) for n, l in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
             if l and not l.startswith("#")]
    if not lines or lines[0][1] != columns:
        die(path, lines[0][0] if lines else 1, f"the columns must be {', '.join(columns)}")
    for number, cells in lines[1:]:
        if len(cells) != len(columns) or not all(cells):
            die(path, number, f"needs {len(columns)} columns, none of them empty")
    return lines[1:]


def options(c_file, path):
    columns = ["program", "call", "option", "loses", "source"]
    out = [HEAD % "data/program-options.tsv", '#include "explain/explain.h"\n',
           "const struct cf_program_option cf_program_options[] = {"]
    rows = read_table(path, columns)
    for number, cells in rows:
        if len(cells[0]) > 15:
            die(path, number, "the kernel keeps 15 bytes of a process's name")
        out.append("        {" + ", ".join(literal(cell) for cell in cells) + "},")
    if [cells[:2] for _, cells in rows] != sorted(cells[:2] for _, cells in rows):
        die(path, rows[0][0], "rows must stand in the order of their programs and calls")
    out += ["};", f"const size_t cf_program_option_count = {len(rows)};"]
    pathlib.Path(c_file).write_text("\n".join(out) + "\n", encoding="utf-8")


def verbatim_profiles(path, add):
    """The text of NAME.json beside the table, for each row."""
    for number, (name, short, title, source) in read_table(path, ["name", "short", "title", "source"]):
        file = path.parent / f"{name}.json"
        text = file.read_text(encoding="utf-8")
        try:
            json.loads(text)
        except ValueError as problem:
            die(file, 1, problem)
        symbol = "text_" + name.replace("-", "_")
        lines = "\n".join(f"        {literal(line)}" for line in text.splitlines(keepends=True))
        words = ", ".join(literal(word) for word in ([] if short == "-" else short.split(",")))
        yield f"static const char {symbol}[] =\n{lines};"
        add(path, number, name, f"{{{words or 'NULL'}}}", literal(title), literal(source),
            f"{{{symbol}, sizeof({symbol}) - 1}}, NULL, 0, NULL")


def answer_json(key, errno_key, answer):
    action, *errno = answer.split(" ")
    return f'"{key}": "SCMP_ACT_{action}"' + (f', "{errno_key}": {errno[0]}' if errno else "")


def head_json(default, arches):
    entries = []
    for arch in arches.split(" "):
        own, others = arch.split(":")
        subs = ", ".join(f'"SCMP_ARCH_{o}"' for o in others.split(",") if o)
        entries.append(f'\t\t{{"architecture": "SCMP_ARCH_{own}", "subArchitectures": [{subs}]}}')
    return "\t" + answer_json("defaultAction", "defaultErrnoRet", default) + \
        ',\n\t"archMap": [\n' + ",\n".join(entries) + "\n\t]"


def when_json(key, words):
    if words == "-":
        return ""
    parts = []
    for word in words.split(" "):
        name, values = word.split("=")
        listed = ", ".join(f'"{v}"' for v in values.split(","))
        parts.append(f'"minKernel": {listed}' if name == "kernel" else f'"{name}": [{listed}]')
    return f', "{key}": {{{", ".join(parts)}}}'


def rule_json(answer, arguments, includes, excludes):
    """All of a rule but its names."""
    args = []
    for words in [] if arguments == "-" else arguments.split(", "):
        index, operator, value, *two = words.split(" ")
        args.append(f'{{"index": {index}, "value": {value}, ' +
                    (f'"valueTwo": {two[0]}, ' if two else "") + f'"op": "SCMP_CMP_{operator}"}}')
    return answer_json("action", "errnoRet", answer) + \
        (f', "args": [{", ".join(args)}]' if args else "") + \
        when_json("includes", includes) + when_json("excludes", excludes)


def bits_of(path, number, words, names):
    """The set of profiles that ranges name."""
    bits = 0
    for word in words.split(" "):
        first, _, last = word.partition("..")
        if first not in names or (last and last not in names):
            die(path, number, f"'{word}' names no profile of history.tsv")
        start = names.index(first)
        end = names.index(last) if last else len(names) - 1 if ".." in word else start
        bits |= (1 << (end + 1)) - (1 << start)
    return bits


def history_profiles(history, rules, add):
    """What profiles of many versions share is kept once; src/profile/defaults.c puts it together."""
    engines = {}
    for number, cells in read_table(history, ["profile", "default", "arches", "repository", "commit",
                                              "path", "sha256"]):
        engine, version = cells[0].split("-", 1)
        engines.setdefault(engine, []).append((number, version, cells))
    rows = {engine: [] for engine in engines}
    for number, (engine, having, *rule, calls) in read_table(
            rules, ["engine", "in", "answer", "arguments", "includes", "excludes", "calls"]):
        if engine not in engines:
            die(rules, number, f"history.tsv has no profile of '{engine}'")
        bits = bits_of(rules, number, having, [version for _, version, _ in engines[engine]])
        rows[engine].append(f"        {{{bits:#x}, {literal(rule_json(*rule))}, {literal(calls)}}},")
    for engine, profiles in engines.items():
        if len(profiles) > 64:
            die(history, 1, "a set of profiles has 64 bits")
        yield f"static const struct cf_profile_part_of rules_{engine}[] = {{\n" + "\n".join(rows[engine]) + \
            f"\n}};\nstatic const struct cf_profile_history history_{engine} = {{rules_{engine}, {len(rows[engine])}}};"
        for bit, (number, version, (name, default, arches, repository, commit, path, _)) in enumerate(profiles):
            add(history, number, name, "{NULL}",
                literal(f"{ENGINES[engine]}'s default profile as of {version}"),
                literal(f"{repository} {commit}, {path}, Apache-2.0"),
                f"{{NULL, 0}}, &history_{engine}, {bit}, {literal(head_json(default, arches))}")


def profiles(c_file, path, history, versions, rules):
    names, table = [], []

    def add(path, number, name, shorts, title, source, rest):
        if name in names:
            die(path, number, f"'{name}' is there already")
        names.append(name)
        table.append(f"        {{{literal(name)}, {shorts}, {title}, {source},\n         {rest}}},")

    texts = [HEAD % "data/profiles", '#include "profile/defaults.h"\n']
    texts += verbatim_profiles(path, add)
    texts += history_profiles(history, rules, add)
    texts += ["", "const struct cf_profile_default cf_profile_defaults[] = {", *table, "};",
              f"const size_t cf_profile_default_count = {len(table)};", "",
              "const struct cf_profile_release cf_profile_releases[] = {"]
    for number, (engine, version, name) in (releases := read_table(versions, ["engine", "version", "profile"])):
        if name != "-" and name not in names:
            die(versions, number, f"history.tsv has no profile '{name}'")
        parts = ", ".join(str(int(part)) for part in version.split("."))
        profile = "NULL" if name == "-" else f"&cf_profile_defaults[{names.index(name)}]"
        texts.append(f"        {{{literal(engine)}, {{{parts}}}, {profile}}},")
    texts += ["};", f"const size_t cf_profile_release_count = {len(releases)};"]
    pathlib.Path(c_file).write_text("\n".join(texts) + "\n", encoding="utf-8")


def weights(c_file, path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    with open(c_file, "w", encoding="utf-8") as out:
        out.write(HEAD % "data/weights/server.tsv")
        out.write('#include "cli/weights.h"\n\nconst char cf_weights_server[] =\n')
        out.write("\n".join("        " + literal(line + "\n") for line in lines) + ";\n")


def main(arguments):
    if len(arguments) >= 4 and arguments[0] == "pages":
        pages(arguments[1], arguments[2], arguments[3:])
    elif len(arguments) == 3 and arguments[0] == "reasons":
        reasons(arguments[1], arguments[2])
    elif len(arguments) == 3 and arguments[0] == "options":
        options(arguments[1], pathlib.Path(arguments[2]))
    elif len(arguments) == 3 and arguments[0] == "weights":
        weights(arguments[1], arguments[2])
    elif len(arguments) == 6 and arguments[0] == "profiles":
        profiles(arguments[1], *map(pathlib.Path, arguments[2:]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
