#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plain text that becomes tables, and documents that repeat what tables say.

The generator refuses bad rows and pages; docs/rules/README.md agrees with the rules; the example of
docs/configuration.md is a configuration, and the error that it shows is the program's.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFINED = os.environ.get("CONFINED", str(TOP / "build" / "confined"))
GENERATOR = TOP / "scripts" / "generate-tables.py"
COLUMNS = "id\tname\tprogram\tsymptom\tcalls\trules\tcapabilities\tneed\tdocker\tkernel\tremedy\tevidence\tmatch"
ROW = "x\tX\tan x\tEPERM\tread\t\t\tnothing\t\t\tremove it\there\tx"
RULED = ROW.replace("read\t", "read\tallow read")
PAGE = "# x\n\n" + "\n".join(f"## {h}\n\ntext\n" for h in (
    "What it says", "Why it matters", "Bad", "Good", "How to fix", "When to suppress", "References"))

passed = failed = 0


def check(name, problem):
    global passed, failed
    if problem:
        failed += 1
        print(f"FAIL {name}: {problem}")
    else:
        passed += 1


def generate(kind, name, text):
    """What the generator says of one input: (exit status, error, generated C)."""
    with tempfile.TemporaryDirectory(prefix="confined-tables-") as folder:
        path = pathlib.Path(folder, name)
        path.write_text(text)
        made = pathlib.Path(folder, "out.c")
        outputs = [str(made)] + ([str(made.with_suffix(".h"))] if kind == "pages" else [])
        done = subprocess.run([sys.executable, str(GENERATOR), kind, *outputs, str(path)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stderr, made.read_text() if made.exists() else ""


def refused(name, kind, file, text, words):
    status, error, made = generate(kind, file, text)
    check(name, None if status and words in error and not made else f"{status} {error!r}")


def the_generator():
    status, error, made = generate("reasons", "r.tsv", f"# a comment\n\n{COLUMNS}\n{ROW}\n")
    check("a row", None if status == 0 and '.id = "x"' in made and "cf_reason_count = 1" in made
          else error)
    tricky = ROW.replace("an x", 'a "quote", a \\ and é')
    _, _, made = generate("reasons", "r.tsv", f"{COLUMNS}\n{tricky}\n")
    check("quotes and letters", None if '"a \\"quote\\", a \\\\ and \\303\\251"' in made else made)
    for name, text, words in (
            ("no header", f"{ROW}\n", "the columns must be"),
            ("a column too few", f"{COLUMNS}\n{ROW[:-2]}\n", "r.tsv:2: 12 columns"),
            ("an unknown need", f"{COLUMNS}\n{ROW.replace('nothing', 'little')}\n", "need must be"),
            ("rules for nothing", f"{COLUMNS}\n{RULED}\n", "no rule is needed"),
            ("an id twice", f"{COLUMNS}\n{ROW}\n{ROW}\n", "r.tsv:3: the id 'x' is there already"),
            ("upper case", f"{COLUMNS}\n{ROW[:-1]}X\n", "match must be lower case"),
            ("an empty cell", f"{COLUMNS}\n{ROW.replace('remove it', '')}\n", "remedy is empty"),
            ("no rows", f"{COLUMNS}\n", "no rows")):
        refused(f"reasons: {name}", "reasons", "r.tsv", text, words)
    status, error, made = generate("pages", "x.md", PAGE)
    check("a page", None if status == 0 and "cf_page_x[]" in made else error)
    for name, text, words in (
            ("another title", PAGE.replace("# x", "# y"), "the title must be '# x'"),
            ("a heading less", PAGE.replace("## Bad", "### Bad"), "the headings must be"),
            ("an open block", PAGE + "```\n", "not closed")):
        refused(f"pages: {name}", "pages", "x.md", text, words)


def the_index():
    text = (TOP / "docs" / "rules" / "README.md").read_text()
    rows = dict(re.findall(r"^\| \[([\w-]+)\]\(\1\.md\) \|(.*)\|$", text, re.M))
    explained = subprocess.run([CONFINED, "explain"], text=True, stdout=subprocess.PIPE).stdout
    ids = [line.split()[0] for line in explained.split("\n\n")[0].splitlines()]
    check("the index has every rule, in order", None if list(rows) == ids else f"{list(rows)}, {ids}")
    for rule in ids:
        page = (TOP / "docs" / "rules" / f"{rule}.md").read_text()
        cells = [c.strip() for c in rows.get(rule, "| | | |").split("|")]
        severity = re.search(r"Severity:\s+(\w+)", page)
        check(f"severity of {rule}", None if severity and severity[1] == cells[2]
              else f"{severity} on the page, {cells[2]} in the index")
        shown = subprocess.run([CONFINED, "explain", rule], text=True, stdout=subprocess.PIPE).stdout
        check(f"explain {rule} prints the page", None if shown == page else "it differs")


def the_configuration():
    text = (TOP / "docs" / "configuration.md").read_text()
    example = re.search(r"```yaml\n(version: 1.*?)```", text, re.S)[1]
    with tempfile.TemporaryDirectory(prefix="confined-tables-") as folder:
        pathlib.Path(folder, ".confined.yaml").write_text(example)
        pathlib.Path(folder, "confined-baseline.json").write_text(
            re.search(r"```json\n(.*?)```", text, re.S)[1])
        pathlib.Path(folder, "profiles").mkdir()
        pathlib.Path(folder, "profiles", "web.json").write_text(
            '{"defaultAction": "SCMP_ACT_ERRNO"}')
        done = subprocess.run([CONFINED, "scan"], cwd=folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        check("the example is a configuration", None if done.returncode == 0 else done.stderr)
        pathlib.Path(folder, ".confined.yaml").write_text("rules:\n  seccomp-unconfind: off\n")
        done = subprocess.run([CONFINED, "scan"], cwd=folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        shown = re.search(r"^confined: (\.confined\.yaml:2:3: .*)$", text, re.M)[1]
        check("the error is the program's", None if shown in done.stderr else done.stderr)


def main():
    the_generator()
    the_index()
    the_configuration()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
