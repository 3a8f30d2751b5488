#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/profile/lint/CASE/: profile.json, and findings, one a line:
    LINE:COLUMN VERDICT RULE: a part of the message
in the order in which they are found; args: more arguments. What a runtime loses depends on the
machine's libseccomp and is tested elsewhere, so profile-rule-lost is left out. `lint.py --write CASE…`
writes what is found, to be read and kept."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONFINED = os.environ.get("CONFINED", str(HERE.parents[1] / "build" / "confined"))
LEAST = 25  # fewer cases mean that the folder was not found


def lint(folder):
    args = (folder / "args").read_text().split() if (folder / "args").exists() else []
    if "--arch" not in args:
        args += ["--arch", "x86_64"]
    done = subprocess.run([CONFINED, "profile", "lint", "--no-config", "--kernel", "6.12", "--format", "json",
                           *args, "profile.json"], cwd=folder, text=True, capture_output=True)
    if done.returncode not in (0, 1):
        return None, f"exit status {done.returncode}: {done.stderr}"
    findings = [f for f in json.loads(done.stdout)["findings"] if f["rule"] != "profile-rule-lost"]
    return findings, None


def row(f):
    return f"{f['place']['line']}:{f['place']['column']} {f['verdict']} {f['rule']}: {f['message']}"


def check(folder):
    findings, error = lint(folder)
    if error:
        return [error]
    wanted = (folder / "findings").read_text().splitlines()
    found = [row(f) for f in findings]
    problems = []
    for i in range(max(len(wanted), len(found))):
        a = wanted[i] if i < len(wanted) else "nothing"
        b = found[i] if i < len(found) else "nothing"
        if a.split(": ")[0] != b.split(": ")[0] or a.partition(": ")[2] not in b:
            problems.append(f"expected {a}; found {b}")
    text = (folder / "profile.json").read_bytes()
    for f in findings:
        place = f["place"]
        before = text[:place["offset"]]
        if before.count(b"\n") + 1 != place["line"]:
            problems.append(f"offset and line differ: {place}")
    return problems


def main():
    if sys.argv[1:2] == ["--write"]:
        for name in sys.argv[2:]:
            findings, error = lint(HERE / "lint" / name)
            (HERE / "lint" / name / "findings").write_text(error or "".join(row(f) + "\n" for f in findings))
        return 0
    folders = sorted(p for p in (HERE / "lint").iterdir() if p.is_dir())
    passed = failed = 0
    for folder in folders:
        problems = check(folder)
        for problem in problems:
            print(f"FAIL {folder.name}: {problem}")
        passed += not problems
        failed += bool(problems)
    if len(folders) < LEAST:
        print(f"FAIL: {len(folders)} cases")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
