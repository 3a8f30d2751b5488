#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compose semantics against docker-compose 1.29, the version that Debian packages.

For each case folder that version 1.29 can read, `docker-compose config` says what every service's
security_opt and privileged are after merging, extending and interpolating; our reader must say the
same (without order: 1.29 sorts what it merges). Where 1.29 refuses the files, our reader must have
something to say against them, too. A case that 1.29 is too old for, or where it differs from
Compose 2 and later, is skipped by name with the reason. Closes with the summary line.
"""
import ast
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases  # noqa: E402

CASES = HERE.parent / "manifest" / "compose"
MAINS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OTHER_KEYS = ("label", "apparmor", "no-new-privileges", "systempaths")

# What 1.29 does not know, by what stands in the files. PyYAML's refusals count as "1.29 refuses".
TOO_OLD = {
    "include:": "include came with Compose 2.20",
    "!reset": "!reset came with Compose 2.18",
    "!override": "!override came with Compose 2.24",
    "pre_start:": "pre_start came with Compose 5",
    "jobs:": "jobs came with Compose 5",
    "post_start:": "hooks came with Compose 2.30",
    "\n---": "1.29 reads one document a file",
}

# Cases in which 1.29 differs from what Compose does now.
DIFFERS = {
    "env-file-later-wins": "1.29 puts no $NAME without braces into a .env file",
    "extends-through-merge-key": "1.29 validates before it resolves merge keys in extends",
    "override-null-keeps": "1.29 lets null replace the value",
    "override-repeat-does-not-win": "1.29 sorts the merged list",
    "variable-escaped": "1.29 cuts the value at its second colon",
}


def find_program():
    for folder in os.environ.get("PATH", "").split(":"):
        program = pathlib.Path(folder) / "docker-compose"
        if program.exists():
            return program
    return None


def key_of(option):
    return option.split("=", 1)[0] if "=" in option else option.split(":", 1)[0]


def about_seccomp(options):
    """Pairs of key and value: 1.29 prints `seccomp:FILE` for `seccomp=FILE`."""
    kept = [o for o in options or [] if isinstance(o, str) and key_of(o) not in OTHER_KEYS]
    return sorted((key_of(o), o[len(key_of(o)) + 1:]) for o in kept)


def texts(folder):
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".yml", ".yaml", ".json"):
            yield path.read_bytes()


def too_old(folder):
    for data in texts(folder):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "1.29 reads UTF-8 alone"
        text = data.decode("utf-8", errors="replace")
        for mark, reason in TOO_OLD.items():
            if mark in text:
                return reason
    return None


def environment(case):
    env = cases.environment(case)
    if not (case / "args").exists() or "--environment" not in (case / "args").read_text():
        env = {k: v for k, v in env.items() if k in ("PATH", "HOME", "LC_ALL")}
    return env


def run_config(program, folder, env):
    """1.29 wants to read each profile: one that is missing is made, which changes nothing else."""
    for _ in range(20):
        done = subprocess.run([str(program), "config"], cwd=folder, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        missing = re.search(r"reading seccomp profile: .*No such file or directory: (['\"].*['\"])$",
                            done.stderr.strip())
        path = ast.literal_eval(missing.group(1)) if missing else ""
        if not path or path.startswith(("/", "..", "~")):
            break
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("{}")
    return done


def theirs(program, folder, env):
    """What 1.29 says: {service: (security_opt, privileged)}, or the reason why it says nothing."""
    done = run_config(program, folder, env)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else "refused"
    import yaml
    document = yaml.safe_load(done.stdout) or {}
    services = document.get("services") or {}
    return {name: (about_seccomp(s.get("security_opt")), bool(s.get("privileged", False)))
            for name, s in services.items()}, None


def ours(dump, folder, main, env):
    command = [str(dump)]
    for name, value in env.items():
        if name not in ("PATH", "HOME", "LC_ALL"):
            command += ["-e", f"{name}={value}"]
    done = subprocess.run([*command, main], cwd=folder, stdout=subprocess.PIPE, timeout=60, check=True)
    dumped = json.loads(done.stdout)
    result, unknown, refused = {}, None, bool(dumped["troubles"])
    for subject in dumped["subjects"]:
        if subject["kind"] != "service":
            continue
        options, privileged = [], False
        for setting in subject["settings"]:
            refused |= setting["problem"] is not None
            if setting["certainty"] == "unknown":
                unknown = setting["because"]
            if setting["kind"] == "privileged":
                privileged = setting["value"] == "true"
            elif setting["value"] is not None:
                options.append(setting["value"])
        result[subject["name"]] = (about_seccomp(options), privileged)
    return result, unknown, refused


def compare(program, dump, case):
    """None: the same. Otherwise ("skipped" or "failed", why)."""
    if case.name in DIFFERS:
        return "skipped", DIFFERS[case.name]
    with tempfile.TemporaryDirectory(prefix="confined-oracle-") as base:
        folder = pathlib.Path(base) / "project"
        folder.mkdir()
        cases.copy_inputs(case, folder)
        main = next((m for m in MAINS if (folder / m).exists()), None)
        if not main:
            return "skipped", "no file of a name that 1.29 looks for"
        reason = too_old(folder)
        if reason:
            return "skipped", reason
        env = environment(case)
        we_say, unknown, refused = ours(dump, folder, main, env)
        they_say, refusal = theirs(program, folder, env)
        if they_say is None:
            return None if refused or unknown else ("skipped", f"1.29 refuses it: {refusal}")
        if unknown:
            return "skipped", f"not known to us, nothing to 1.29: {unknown}"
        if we_say != they_say:
            rows = [f"{name}: ours {we_say.get(name)}, theirs {they_say.get(name)}"
                    for name in sorted(set(we_say) | set(they_say))
                    if we_say.get(name) != they_say.get(name)]
            return "failed", "; ".join(rows)
    return None


def main():
    program = find_program()
    build = pathlib.Path(os.environ.get("CONFINED", TOP / "build-dev" / "confined")).parent
    dump = build / "tests" / "manifest" / "dump-subjects"
    if not program or not dump.exists():
        print(f"SKIPPED all: {'docker-compose is not installed' if not program else f'{dump} is not built'}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    found = sorted(c for c in CASES.iterdir() if (c / "findings").exists())
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        outcomes = list(pool.map(lambda c: compare(program, dump, c), found))
    for case, outcome in zip(found, outcomes):
        kind, why = outcome or ("passed", None)
        counts[kind] += 1
        if why:
            print(f"{kind.upper()} {case.name}: {why}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
