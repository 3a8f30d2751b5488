#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples on the rule pages are what the pages say.

A fenced block whose info string names a file (```yaml compose.yaml) is that file. All blocks of
`## Bad` make one folder: each of its files but the profiles below `profiles/` must have a finding of
the page's rule there. All blocks of `## Good` make another: nothing may be found in it, but what it
suppresses. A page whose example is a terminal's (```console) has no file and is checked for that.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFINED = os.environ.get("CONFINED", str(TOP / "build" / "confined"))
FENCE = re.compile(r"^```(\w*)[ ]?(\S*)$")
# Rules about engines and processes, which no file can show.
LIVE = {"filter-differs", "process-unfiltered", "profile-rule-lost", "seccomp-unsupported"}
# Rules of `confined profile lint`: their files are profiles, and looked at by that rule alone.
LINT = {f"profile-{name}" for name in (
    "name-unknown", "name-foreign", "rule-never", "condition-never", "rule-contradicted", "rule-redundant",
    "upper-half", "gone-around", "dangerous-call", "new-call-refused", "architecture-missing")}


def blocks(page, section):
    """(language, file name, text) of each fenced block of a section."""
    found, current, inside = [], None, False
    for line in page.read_text().split("\n"):
        fence = FENCE.match(line)
        if current is not None:
            if line == "```":
                if inside:
                    found.append((current[0], current[1], "\n".join(current[2]) + "\n"))
                current = None
            else:
                current[2].append(line)
        elif line.startswith("## "):
            inside = line == f"## {section}"
        elif fence:
            current = (fence[1], fence[2], [])
    return found


def scan(files, rule):
    """Open findings and errors of a folder that holds these files."""
    command = ["scan", "."]
    if rule in LINT:
        command = ["profile", "lint", "--rule", rule, "--arch", "x86_64", "--kernel", "6.12", *files]
    with tempfile.TemporaryDirectory(prefix="confined-page-") as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([CONFINED, *command, "--no-config", "--format", "json"], cwd=folder,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode not in (0, 1):
            return None, done.stderr.strip() or f"exit status {done.returncode}"
        return [f for f in json.loads(done.stdout)["findings"] if f["state"] == "open"], None


def row(finding):
    place = finding["place"]
    return f"{place['path']}:{place['line']}: {finding['verdict']} {finding['rule']}: {finding['message']}"


def check(page, section):
    rule, problems = page.stem, []
    found = blocks(page, section)
    files = {name: text for _, name, text in found if name}
    if not found:
        return [f"'{section}' shows nothing"]
    if rule in LIVE:
        return [f"'{section}' has a file, and no file can show it"] if files else []
    if not files:
        return [f"'{section}' names no file"]
    findings, error = scan(files, rule)
    if error:
        return [f"'{section}': {error}"]
    if section == "Good":
        return [f"'Good' has a finding: {row(f)}" for f in findings]
    for name in files:
        if name.startswith("profiles/"):
            continue
        if not any(f["rule"] == rule and f["place"]["path"] == name for f in findings):
            others = "; ".join(row(f) for f in findings) or "nothing"
            problems.append(f"'Bad': no finding of {rule} in {name}, but {others}")
    return problems


def main():
    passed = failed = 0
    pages = sorted(p for p in (TOP / "docs" / "rules").glob("*.md") if p.stem != "README")
    for page in pages:
        for section in ("Bad", "Good"):
            problems = check(page, section)
            for problem in problems:
                print(f"FAIL docs/rules/{page.name}: {problem}")
            passed += not problems
            failed += bool(problems)
    if not pages:
        print("FAIL docs/rules: no pages")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
