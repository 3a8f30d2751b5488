#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of src/syscalls as C from the .tsv files beside this script, and refuses what
does not fit together. usage: generate.py OUTPUT"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
KINDS = {"int", "uint", "u16", "u64", "long", "ulong", "ptr"}
NAME = re.compile(r"[a-z_][a-z0-9_]*")
ARGS_MAX = 6


def rows(name):
    for number, line in enumerate((HERE / name).read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            yield f"{name}:{number}", line.split("\t")


def refuse(where, why):
    raise SystemExit(f"{where}: {why}")


def keyed(name, calls):
    found, last = {}, ""
    for where, (call, *rest) in rows(name):
        if call not in calls:
            refuse(where, f"no such call '{call}'")
        if call <= last:
            refuse(where, f"'{call}' is not in order")
        found[call], last = (where, rest), call
    return found


def read_numbers():
    table = list(rows("numbers.tsv"))
    columns, numbers, last = table[0][1][1:], {}, ""
    for where, (call, *cells) in table[1:]:
        if not NAME.fullmatch(call) or call <= last or len(cells) != len(columns):
            refuse(where, f"'{call}' is no name, not in order, or lacks cells")
        numbers[call] = {c: int(n) for c, n in zip(columns, cells) if n != "-"}
        last = call
    return columns, numbers


def read_arches(columns):
    table = list(rows("arches.tsv"))
    arches = []
    for where, cells in table[1:]:
        arch = dict(zip(table[0][1], cells))
        if arch["column"] not in columns:
            refuse(where, f"no column '{arch['column']}' in numbers.tsv")
        arches.append(arch)
    return arches


def text(value):
    return "NULL" if value in (None, "-") else f'"{value}"'


TERM = re.compile(r"arg([0-5]) & (0x[0-9a-f]+)|!\(arg([0-5]) & (0x[0-9a-f]+)\)|"
                  r"arg([0-5])(?: & (0x[0-9a-f]+))? (==|!=|<|>) (0x[0-9a-f]+|\d+)")
TESTS = {"==": "EQUAL", "!=": "OTHER", "<": "LESS", ">": "MORE"}
SETTING = re.compile(r"([a-z_.]+) (==|!=|<|>) (\d+)")
CONDITIONS_MAX = 3


def condition(where, term):
    match = TERM.fullmatch(term.strip())
    if not match:
        refuse(where, f"'{term}' is no condition")
    some, some_mask, none, none_mask, arg, mask, op, value = match.groups()
    if some:
        return f"{{{some}, CF_REQUIRE_SOME, {some_mask}, 0}}"
    if none:
        return f"{{{none}, CF_REQUIRE_NONE, {none_mask}, 0}}"
    return f"{{{arg}, CF_REQUIRE_{TESTS[op]}, {mask or 'UINT64_MAX'}, {value}}}"


def read_requirements(numbers):
    """The rows of requirements.tsv as C, and what calls' own capability is: the first row's that has one."""
    order = {call: i for i, call in enumerate(numbers)}
    table, gates, last = [], {}, ""
    for where, (call, when, capability, setting, answer, scope, source) in list(rows("requirements.tsv"))[1:]:
        if call not in order or call < last:
            refuse(where, f"no such call '{call}', or it is not in order")
        terms = [] if when in ("always", "memory") else when.split("&&")
        match = SETTING.fullmatch(setting)
        if len(terms) > CONDITIONS_MAX or not re.fullmatch(r"E[A-Z]+", answer) or \
                scope not in ("initial", "own") or (setting != "-" and not match) or \
                (capability == "-" and not match) or not source:
            refuse(where, "not understood")
        if capability != "-":
            known = gates.setdefault(call, [capability, "some"])
            if when == "always" and setting == "-" and known[0] == capability:
                known[1] = "always"
        name, op, value = match.groups() if match else (None, "==", 0)
        table.append(f"        {{{order[call]}, {{{text(capability)}, {text(name)}, CF_REQUIRE_{TESTS[op]}, "
                     f"{value}, {'true' if scope == 'initial' else 'false'}, "
                     f"{'true' if when == 'memory' else 'false'}, {answer}, \"{source}\"}}, {len(terms)}, "
                     f"{{{', '.join(condition(where, t) for t in terms) or '{0}'}}}}},")
        last = call
    return table, gates


def read_fallbacks(calls):
    found, last = {}, ""
    for where, (call, fallback, source) in list(rows("fallbacks.tsv"))[1:]:
        if call not in calls or call <= last or not fallback or not source:
            refuse(where, f"no such call '{call}', not in order, or without a source")
        found[call], last = fallback, call
    return found


DANGER = re.compile(r"([0-5]) & (0x[0-9a-f]+) == (0x[0-9a-f]+|\d+)")


def read_dangers(calls):
    """The rows of dangers.tsv as C."""
    order, table, last = {call: i for i, call in enumerate(calls)}, [], ("", "")
    for where, (call, when, gain, known, capability, source) in list(rows("dangers.tsv"))[1:]:
        match = DANGER.fullmatch(when)
        if call not in order or (call, when) <= last or (when != "-" and not match) or \
                not gain or not source or (capability != "-" and not capability.startswith("CAP_")):
            refuse(where, f"no such call '{call}', not in order, or not understood")
        arg, mask, value = match.groups() if match else (0, 0, 0)
        table.append(f"        {{&calls[{order[call]}], {arg}, {mask}, {value}, {text(gain)}, "
                     f"{text(known)}, {text(capability)}, {text(source)}}},")
        last = (call, when)
    return table


HOLE_SCOPES = {"-": "false", "compat": "true"}
RELEASE = re.compile(r"-|\d+\.\d+(\.\d+)?")


def read_holes():
    """The rows of holes.tsv as C. What each needs is read when it is asked for: a test reads all."""
    table, last, parts = [], [0, 0], {}
    for where, (cve, part, needs, capability, scope, since, fixed, fix) in list(rows("holes.tsv"))[1:]:
        number = [int(n) for n in re.fullmatch(r"CVE-(\d+)-(\d+)", cve).groups()]
        if number <= last or not part or not needs or scope not in HOLE_SCOPES or \
                not (capability in ("-", "user-namespace") or capability.startswith("CAP_")) or \
                not RELEASE.fullmatch(since) or not RELEASE.fullmatch(fixed) or \
                not re.fullmatch(r"-|[0-9a-f]{12}", fix):
            refuse(where, f"'{cve}' is not in order, or not understood")
        if parts.setdefault(part, (needs, capability, scope)) != (needs, capability, scope):
            refuse(where, f"holes in '{part}' take different calls: name the parts apart")
        table.append(f"        {{{text(cve)}, {text(part)}, {text(needs)}, "
                     f"{text(capability if capability != 'user-namespace' else '-')}, "
                     f"{'true' if capability == 'user-namespace' else 'false'}, {HOLE_SCOPES[scope]}, "
                     f"{text(since)}, {text(fixed)}, {text(fix)}}},")
        last = number
    return table


def write_calls(out, numbers, arguments, since, gates, fallbacks):
    order = {call: i for i, call in enumerate(numbers)}
    out.append("static const struct cf_syscall calls[] = {")
    for call in numbers:
        where, cells = arguments.get(call, ("", None))
        args = []
        for cell in cells or []:
            name, kind = cell.split(":")
            if not NAME.fullmatch(name.lower()) or kind not in KINDS:
                refuse(where, f"'{cell}' is no argument")
            args.append(f'{{"{name}", CF_ARGUMENT_{kind.upper()}}}')
        if len(args) > ARGS_MAX:
            refuse(where, "too many arguments")
        where, release = since.get(call, ("", [None]))
        if release[0] and not re.fullmatch(r"\d+\.\d+(\.\d+)?", release[0]):
            refuse(where, f"'{release[0]}' is no release")
        gate = gates.get(call, [None, "some"])
        out.append(f'        {{"{call}", {text(release[0])}, {text(fallbacks.get(call))}, {text(gate[0])}, '
                   f'{"true" if gate[1] == "always" else "false"}, '
                   f'{len(args) if cells is not None else -1}, {{{", ".join(args)}}}}},')
    out.append("};\n")
    return order


def write_numbers(out, columns, numbers, order):
    for column in columns:
        pairs = sorted((n[column], call) for call, n in numbers.items() if column in n)
        for (a, first), (b, second) in zip(pairs, pairs[1:]):
            if a == b:
                refuse("numbers.tsv", f"{column}: {a} is both '{first}' and '{second}'")
        out.append(f"static const struct number numbers_{column}[] = {{")
        out += [f"        {{{n}, {order[call]}}}," for n, call in pairs]
        out.append("};\n")
        by_call = [str(numbers[call].get(column, -1)) for call in numbers]
        out.append(f"static const int32_t by_call_{column}[] = {{")
        for i in range(0, len(by_call), 16):
            out.append("        " + ", ".join(by_call[i:i + 16]) + ",")
        out.append("};\n")


def write_constants(out, order):
    sets = {}
    for where, (key, *cells) in list(rows("constants.tsv"))[1:]:
        if len(cells) != 2 or not re.fullmatch(r"[A-Z][A-Z0-9_]*", cells[0]):
            refuse(where, "no set, name and value")
        sets.setdefault(key, []).append((cells[0], int(cells[1], 16)))
    for key, items in sets.items():
        out.append(f"static const struct cf_constant set_{key.replace('-', '_')}[] = {{")
        out += [f'        {{"{name}", {value:#x}}},' for name, value in items]
        out.append("};\n")
    out.append("static const struct constant_use constant_uses[] = {")
    for where, cells in list(rows("constant-uses.tsv"))[1:]:
        call, argument, key, kind, decides = cells
        if call not in order or key not in sets or kind not in ("one", "flags") or \
                decides not in ("values", "flags", "-") or not 0 <= int(argument) < ARGS_MAX:
            refuse(where, "no call, argument, set, kind and decision that there are")
        key = key.replace("-", "_")
        out.append(f"        {{{order[call]}, {argument}, {'true' if kind == 'one' else 'false'}, "
                   f"CF_DECIDES_{'NOT' if decides == '-' else decides.upper()}, set_{key}, CF_COUNT(set_{key})}},")
    out.append("};\n")


def main():
    columns, numbers = read_numbers()
    arches = read_arches(columns)
    arguments, since = keyed("arguments.tsv", numbers), keyed("since.tsv", numbers)
    needs, gates = read_requirements(numbers)
    kernel = re.search(r"^# Kernel: (v[\w.-]+)", (HERE / "numbers.tsv").read_text(), re.M)
    if not kernel:
        refuse("numbers.tsv", "no line '# Kernel: v…'")
    out = ["/* Written by data/syscalls/generate.py: change the tables there. */", ""]
    out.append(f'static const char table_kernel[] = "{kernel[1]}";\n')
    order = write_calls(out, numbers, arguments, since, gates, read_fallbacks(numbers))
    write_numbers(out, columns, numbers, order)
    write_constants(out, order)
    out.append("static const struct arch_table arches[] = {")
    for a in arches:
        c = a["column"]
        out.append(f'        {{{{"{a["name"]}", "{a["profile"]}", {text(a["go"])}, {text(a["uname"])}, '
                   f'{a["token"]}u, {a["base"]}u, {a["bits"]}}}, numbers_{c}, CF_COUNT(numbers_{c}), '
                   f'by_call_{c}}},')
    out += ["};", "", "static const struct requirement_row requirements[] = {", *needs, "};"]
    out += ["", "static const struct cf_danger dangers[] = {", *read_dangers(numbers), "};"]
    out += ["", "static const struct cf_hole holes[] = {", *read_holes(), "};"]
    pathlib.Path(sys.argv[1]).write_text("\n".join(out) + "\n")


main()
