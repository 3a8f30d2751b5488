# SPDX-License-Identifier: Apache-2.0
"""Case folders: input files as a user wrote them, and what must be found and fixed.

  findings   PATH:LINE:COLUMN VERDICT RULE SUBJECT[,SUBJECT…] a line ('-': no subject);
             error PATH[:LINE:COLUMN] TEXT: an error whose message holds TEXT; '#' starts a comment
  fixed/     the files that `scan --fix` changes, as they must be afterwards
  args, env  more arguments of `confined scan`; NAME=value lines

Beyond that every case is held to what must hold for any input: see check_properties.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

RESERVED = {"findings", "fixed", "args", "env", "README"}
TIMEOUT = 60


def find(root, word=""):
    return sorted(p.parent for p in pathlib.Path(root).glob("*/*/findings") if word in str(p))


def copy_inputs(case, to):
    for item in case.iterdir():
        if item.name in RESERVED:
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.copytree(item, to / item.name, symlinks=True)
        else:
            shutil.copy2(item, to / item.name, follow_symlinks=False)


def environment(case):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "COMPOSE_"))}
    env["HOME"] = "/nonexistent"
    if (case / "env").exists():
        for line in (case / "env").read_text().splitlines():
            name, _, value = line.partition("=")
            env[name] = value
    return env


def scan(confined, folder, case, *more):
    args = arguments(case)
    return subprocess.run([str(confined), "scan", "--no-config" if "--config" not in args else "--all",
                           *args, *more, "."],
                          cwd=folder, env=environment(case), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT)


def strip_dot(path):
    return path[2:] if path.startswith("./") else path


def row_of(finding):
    place = finding["place"]
    where = f"{strip_dot(place['path'])}:{place['line']}:{place['column']}"
    return f"{where} {finding['verdict']} {finding['rule']} {','.join(finding['subjects']) or '-'}"


def error_lines(done):
    return [l for l in done.stderr.decode(errors="replace").splitlines() if l.startswith("confined: ")]


def expected_of(case):
    rows, errors = [], []
    for line in (case / "findings").read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("error "):
            errors.append(line[6:].split(" ", 1))
        else:
            rows.append(line)
    return rows, errors


def check_errors(done, wanted, problems):
    got = error_lines(done)
    unmatched = list(got)
    for where, text in wanted:
        hit = next((l for l in unmatched if where in l.replace("./", "") and text in l), None)
        if hit is None:
            problems.append(f"no error at {where} that says '{text}'; errors: {got}")
        else:
            unmatched.remove(hit)
    for line in unmatched:
        problems.append(f"unexpected error: {line}")


def arguments(case):
    return (case / "args").read_text().split() if (case / "args").exists() else []


def status_of(rows, errors, args):
    if errors:
        return 2
    gate = {"fail", "unknown", "warn"}
    if "--fail-on note" in " ".join(args):
        gate.add("note")
    return 1 if any(r.split()[1] in gate for r in rows) else 0


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*")
            if p.is_file() and not p.is_symlink()}


def check_place(folder, finding, problems):
    """The byte range, the line and the column of a finding say the same thing."""
    place = finding["place"]
    data = (folder / place["path"]).read_bytes()
    if place["offset"] + place["length"] > len(data):
        problems.append(f"place beyond the end of the file: {place}")
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        before = data[:place["offset"]].decode("utf-16", errors="replace")
    else:
        before = data[:place["offset"]].decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    if (line, column) != (place["line"], place["column"]):
        problems.append(f"place {place} but its offset is at {line}:{column}")


def check_fix(confined, case, base, problems, has_errors):
    """--fix, --diff with patch, and a second --fix."""
    fixed, patched = base / "fixed", base / "patched"
    for folder in (fixed, patched):
        folder.mkdir()
        copy_inputs(case, folder)
    before = snapshot(fixed)
    scan(confined, fixed, case, "--fix", "--format", "lines")
    after = snapshot(fixed)
    wanted = dict(before)
    if (case / "fixed").is_dir():
        wanted.update({str(p.relative_to(case / "fixed")): p.read_bytes()
                       for p in (case / "fixed").rglob("*") if p.is_file()})
    for name in sorted(set(wanted) | set(after)):
        if wanted.get(name) != after.get(name):
            problems.append(f"after --fix {name} is\n{after.get(name)!r}\nand should be\n{wanted.get(name)!r}")
    diff = scan(confined, patched, case, "--diff")
    if diff.stdout:
        done = subprocess.run(["patch", "-p1", "--binary", "--no-backup-if-mismatch"], cwd=patched,
                              input=diff.stdout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            problems.append(f"patch does not take the diff: {done.stdout.decode()}\n{diff.stdout.decode(errors='replace')}")
    if snapshot(patched) != after:
        problems.append(f"--diff through patch and --fix differ:\n{diff.stdout.decode(errors='replace')}")
    scan(confined, fixed, case, "--fix", "--format", "lines")
    if snapshot(fixed) != after:
        problems.append("a second --fix changes something")
    left = scan(confined, fixed, case, "--format", "json")
    try:
        for finding in json.loads(left.stdout)["findings"]:
            if finding["remedy"]["editable"] and finding["verdict"] != "note" \
                    and finding["state"] == "open":
                problems.append(f"still editable after --fix: {row_of(finding)}")
    except (ValueError, KeyError) as e:
        problems.append(f"scan after --fix gives no JSON: {e} {left.stderr.decode(errors='replace')}")


def run_case(confined, case):
    problems = []
    with tempfile.TemporaryDirectory(prefix="confined-case-") as base:
        base = pathlib.Path(base)
        folder = base / "in"
        folder.mkdir()
        copy_inputs(case, folder)
        try:
            done = scan(confined, folder, case, "--format", "json")
            rows, errors = expected_of(case)
            try:
                findings = json.loads(done.stdout)["findings"]
            except ValueError:
                return [f"no JSON (exit status {done.returncode}): {done.stderr.decode(errors='replace')[-2000:]}"]
            got = [row_of(f) for f in findings if f["state"] == "open"]
            for row in sorted(set(rows) - set(got)):
                problems.append(f"not found:  {row}")
            for row in sorted(set(got) - set(rows)):
                problems.append(f"unexpected: {row}")
            if len(got) != len(set(got)):
                problems.append(f"the same finding twice: {got}")
            check_errors(done, errors, problems)
            status = status_of(rows, errors, arguments(case))
            if done.returncode != status:
                problems.append(f"exit status {done.returncode}, not {status}")
            for finding in findings:
                check_place(folder, finding, problems)
            check_fix(confined, case, base, problems, bool(errors))
        except subprocess.TimeoutExpired:
            problems.append(f"took longer than {TIMEOUT} s")
    return problems
