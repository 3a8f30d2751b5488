#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can hold: format, rooms, sizes, and tables against documents."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFINED = os.environ.get("CONFINED", str(TOP / "build" / "confined"))
FILE_LINES, FUNCTION_LINES = 620, 75
# Longer than the limits, each with the reason that a reader would accept.
LONG_FILES = {}
LONG_FUNCTIONS = {}
FORBIDDEN = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|system|popen|tmpnam|mktemp)\s*\(")

passed = failed = 0


def check(name, problems):
    global passed, failed
    if problems:
        failed += 1
        print(f"FAIL {name}")
        for problem in problems:
            print(f"    {problem}")
    else:
        passed += 1


def tracked(*patterns):
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=TOP,
                          text=True, stdout=subprocess.PIPE)
    if done.returncode:  # an unpacked tarball has no git
        return sorted(p for pattern in patterns for p in TOP.rglob(pattern.split("/")[-1])
                      if not p.parts[len(TOP.parts)].startswith("build"))
    return sorted(TOP / line for line in done.stdout.splitlines() if (TOP / line).is_file())


def confined(*args):
    return subprocess.run([CONFINED, *args], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def format_is_clean():
    sources = [str(f) for f in tracked("*.c", "*.h")]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=TOP, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [l for l in done.stdout.splitlines() if "error:" in l][:20]


def clang_tidy_is_quiet():
    database = next((d for d in (TOP / "build-sanitized", TOP / "build") if (d / "compile_commands.json").exists()),
                    None)
    if not database:
        return ["no build folder with compile_commands.json"]
    # Programs for the kernel are compiled by clang for another machine, with warnings as errors.
    sources = [str(f) for f in tracked("src/*.c") if not f.name.endswith(".bpf.c")]
    batches = [sources[i::8] for i in range(8)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        done = pool.map(lambda batch: subprocess.run(["clang-tidy", "-p", str(database), "--quiet", *batch],
                                                     cwd=TOP, text=True, stdout=subprocess.PIPE,
                                                     stderr=subprocess.DEVNULL).stdout, batches)
        return sorted({l for out in done for l in out.splitlines() if re.search(r" (error|warning): ", l)})


def rooms():
    """The table of rooms in src/meson.build: name → rooms it may call."""
    text = (TOP / "src" / "meson.build").read_text()
    found = re.findall(r"\['(\w+)', \[([^\]]*)\]", text)
    return {name: set(re.findall(r"'(\w+)'", called)) for name, called in found}


def includes_stay_in_their_rooms():
    table, problems = rooms(), []
    for file in tracked("src/*.c", "src/*.h"):
        room = file.relative_to(TOP / "src").parts[0]
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'#include "(\w+)/', line)
            if match and match[1] != room and match[1] not in table.get(room, set()):
                problems.append(f"{file.relative_to(TOP)}:{number}: '{room}' may not call '{match[1]}'")
            header = re.match(r'#include "(\w+)/(\w+)\.h"', line)
            if header and header[1] not in (room, "base") and header[2] != header[1]:
                problems.append(f"{file.relative_to(TOP)}:{number}: {header[1]}/{header[2]}.h is private")
    return problems


def functions(lines):
    """(name, first line, length) of each function, by the house's brace style."""
    start = name = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and number > 1:
            start = number
            back = number - 2
            while back > 0 and not re.match(r"\w", lines[back]):
                back -= 1
            match = re.search(r"(\w+)\(", lines[back])
            name = match[1] if match else "?"
        elif line.startswith("}") and start:
            yield name, start, number - start
            start = None


def sizes_and_calls():
    problems = []
    for file in tracked("src/*.c", "src/*.h", "include/*.h"):
        where = str(file.relative_to(TOP))
        lines = file.read_text().splitlines()
        if len(lines) > FILE_LINES and where not in LONG_FILES:
            problems.append(f"{where}: {len(lines)} lines, more than {FILE_LINES}")
        for name, number, length in functions(lines):
            if length > FUNCTION_LINES and f"{where}:{name}" not in LONG_FUNCTIONS:
                problems.append(f"{where}:{number}: {name} has {length} lines, more than {FUNCTION_LINES}")
        for number, line in enumerate(lines, 1):
            if FORBIDDEN.search(line) and not line.lstrip().startswith(("*", "/*", "//")):
                problems.append(f"{where}:{number}: {FORBIDDEN.search(line)[1]} is not used here")
        if "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
            problems.append(f"{where}:1: no SPDX line")
    return problems


def commands():
    return re.findall(r"^  (\w[\w-]*) ", confined("--help").split("Commands:")[1].split("\n\n")[0], re.M)


def options_of(command):
    return re.findall(r"^  (?:-\w, |    )--([\w-]+)", confined(command, "--help"), re.M)


def man_pages_match_the_tables():
    problems = []
    for command in commands():
        if command == "version":
            continue
        page = TOP / "man" / f"confined-{command}.1.scd"
        if not page.exists():
            problems.append(f"no man page of '{command}'")
            continue
        text = page.read_text()
        known = options_of(command)
        for option in known:
            if f"*--{option}*" not in text:
                problems.append(f"{page.name} lacks --{option}")
        for option in set(re.findall(r"\*--([\w-]+)\*", text.split("# EXAMPLES")[0])):
            if option not in known:
                problems.append(f"{page.name} has --{option}, which '{command}' has not")
        if f"*{command}*" not in (TOP / "man" / "confined.1.scd").read_text():
            problems.append(f"confined.1.scd lacks '{command}'")
        if page.name not in [p + ".scd" for p in
                             re.findall(r"'([\w.-]+\.\d)'", (TOP / "man" / "meson.build").read_text())]:
            problems.append(f"man/meson.build lacks {page.name}")
    return problems


def man_pages_compile():
    problems = []
    for page in tracked("man/*.scd"):
        done = subprocess.run(["scdoc"], stdin=page.open(), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            problems.append(f"{page.name}: {done.stderr.strip()}")
    return problems


def the_main_page_lists_every_command():
    page = (TOP / "man" / "confined.1.scd").read_text()
    return [f"man/confined.1.scd lacks '{c}'" for c in commands() if not re.search(rf"^\*{c}\*", page, re.M)]


def links_lead_somewhere():
    """Relative links of Markdown, outside of code."""
    problems, seen = [], 0
    for path in tracked("*.md"):
        if "tests" in path.relative_to(TOP).parts:
            continue
        text = re.sub(r"^( *)```.*?^\1```", "", path.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
            if re.match(r"[a-z]+:|#", target):
                continue
            seen += 1
            if not (path.parent / target.split("#")[0]).exists():
                problems.append(f"{path.relative_to(TOP)}: {target} is not there")
    return problems or ([] if seen > 20 else ["no links found"])


def rules_have_pages():
    problems = []
    listed = confined("explain").split("\n\n")[0].splitlines()
    ids = [line.split()[0] for line in listed if line.strip()]
    pages = {p.stem for p in tracked("docs/rules/*.md")} - {"README"}
    for rule in ids:
        if rule not in pages:
            problems.append(f"no page docs/rules/{rule}.md")
        if rule not in (TOP / "docs" / "rules" / "README.md").read_text():
            problems.append(f"docs/rules/README.md lacks {rule}")
    for page in pages - set(ids):
        problems.append(f"docs/rules/{page}.md has no rule")
    return problems or ([] if ids else ["no rules listed"])


def formats_are_documented():
    text = confined("audit", "--help").split("Formats:")[1].split("\n\n")[0]
    names = re.findall(r"^  (\w+) ", text, re.M)
    page = (TOP / "man" / "confined-output.7.scd").read_text()
    return [f"confined-output.7.scd lacks '{n}'" for n in names if f"*{n}*" not in page] + \
        ([] if names else ["no formats listed"])


def completions_know_everything():
    problems = []
    for shell in ("bash", "zsh", "fish"):
        text = confined("completion", shell)
        for command in commands():
            for option in options_of(command):
                wanted = f"-l {option}" if shell == "fish" else f"--{option}"
                if wanted not in text:
                    problems.append(f"{shell}: {command} --{option} is missing")
    done = subprocess.run(["bash", "-n"], input=confined("completion", "bash"), text=True,
                          stderr=subprocess.PIPE)
    return problems + ([done.stderr] if done.returncode else [])


def speaks_of_itself_alone():
    """No path of somebody's machine."""
    # Where everybody's files lie says nothing.
    near = [] if str(TOP.parent) in ("/", "/tmp", "/var/tmp") else [re.escape(str(TOP.parent)) + r"/\w"]
    bad = re.compile("|".join([r"/home/\w+", *near]))
    problems = []
    for file in tracked("*"):
        if file == pathlib.Path(__file__).resolve() or "corpus" in file.parts:
            continue
        try:
            text = file.read_text()
        except (UnicodeDecodeError, OSError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if bad.search(line):
                problems.append(f"{file.relative_to(TOP)}:{number}: {bad.search(line)[0]}")
    return problems


def changelog_and_version():
    version = confined("version").split()[-1]
    text = (TOP / "CHANGELOG.md").read_text()
    return [] if f"## {version}" in text else [f"CHANGELOG.md has no entry '## {version}'"]


def main():
    for rule in (format_is_clean, clang_tidy_is_quiet, includes_stay_in_their_rooms, sizes_and_calls, man_pages_match_the_tables,
                 man_pages_compile, the_main_page_lists_every_command, links_lead_somewhere, rules_have_pages, formats_are_documented, completions_know_everything,
                 speaks_of_itself_alone, changelog_and_version):
        check("lint: " + rule.__name__.replace("_", " "), rule())
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
