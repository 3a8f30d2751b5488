#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""data/cli-options.tsv against what installed programs say in --help: every option that a program
has is in the table, and takes a value or not as it says. Prints TAP; a program that is missing is
a visible skip."""
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = [
    ("docker", "global", ["docker", "--help"]),
    ("docker", "run", ["docker", "run", "--help"]),
    ("docker", "run", ["docker", "create", "--help"]),
    ("docker", "exec", ["docker", "exec", "--help"]),
    ("docker", "run", ["/usr/bin/docker", "run", "--help"]),
    ("dockerd", "daemon", ["dockerd", "--help"]),
    ("podman", "global", ["podman", "--help"]),
    ("podman", "run", ["podman", "run", "--help"]),
    ("podman", "run", ["podman", "create", "--help"]),
    ("podman", "exec", ["podman", "exec", "--help"]),
    ("nerdctl", "run", ["nerdctl", "run", "--help"]),
]
# pflag's usage: "  -e, --env list   Set …"; a boolean has no word for its value.
LINE = re.compile(r"^ {2,6}(?:-(\w), )?--([a-z0-9-]+)(?: (\S.*?))?(?: {2,}|\s*$)", re.M)


def table():
    rows = {}
    for line in (TOP / "data" / "cli-options.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            program, scope, letter, name, takes = line.split("\t")
            rows[program, scope, name] = (letter, takes)
    return rows


def main():
    rows, failed = table(), False
    print(f"1..{len(PROGRAMS)}")
    for number, (program, scope, command) in enumerate(PROGRAMS, 1):
        title = " ".join(command)
        if not shutil.which(command[0]):
            print(f"ok {number} - {title} # SKIP not installed")
            continue
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60).stdout
        found = LINE.findall(text)
        problems = [] if found else ["no option in its help"]
        for letter, name, value in found:
            want = (letter or "-", "value" if value else "flag")
            if rows.get((program, scope, name)) != want:
                problems.append(f"--{name}: {want}, the table has {rows.get((program, scope, name))}")
        failed |= bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {title}: {len(found)} options")
        for problem in problems:
            print(f"# {problem}")
    return failed


sys.exit(main())
