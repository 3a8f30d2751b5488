#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables of symptoms, tried in real containers.

  symptoms.py check TABLE COLUMN PROFILE   makes the calls of a table in a container that is watched
                                           by 'confined why': what they return, and what is said
  symptoms.py bare TABLE                   the same without a filter: the kernel's own answers
  symptoms.py remedies TABLE COLUMN PROFILE
                                           does what is said to be the least remedy of each, and makes
                                           all calls again: the one passes, the others are refused as before
  symptoms.py older TABLE                  check and remedies, each under the profile of its own
  symptoms.py negatives TABLE              calls that something else than a filter refuses

PROFILE is "engine" (the engine's own default), or a NAME of 'confined profile default', or NAME+CALL:
that one with one more call, as a runtime whose filter ends with that call answers. COLUMN holds what the calls return there. Prints what is not so; exit status 1 then. DOCKER_HOST and CONFINED
say where; the image box:1 has /probe.
"""
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONFINED = os.environ.get("CONFINED", str(HERE.parents[1] / "build" / "confined"))
REFUSED = {"EPERM", "EACCES", "ENOSYS", "EROFS", "ENOMEM"}
FILES = tempfile.TemporaryDirectory()
SAID = {"PTR": r"(0x[0-9a-f]+|\"[^\"]*\")", "PID": r"[0-9]+"}


def read(path):
    lines = [l.rstrip("\n").split("\t") for l in open(path) if not l.startswith("#")]
    head, *rows = lines
    for row in rows:
        if len(row) != len(head):
            sys.exit(f"{path}: {row[0]}: {len(row)} columns, not {len(head)}")
    return [dict(zip(head, row)) for row in rows]


def numbers():
    table = [l.rstrip("\n").split("\t") for l in open(HERE.parents[1] / "data/syscalls/numbers.tsv")
             if not l.startswith("#")]
    head, *rows = table
    return {(arch, row[0]): row[head.index(arch)] for row in rows for arch in ("x86_64", "i386")}


NUMBERS = numbers()


def probe(row):
    """The words of the probe's command."""
    arch, _, call = row["call"].rpartition(":")
    options, arguments = [], row["arguments"].split(" ")
    while arguments and re.fullmatch(r"-[a-z]", arguments[0]):
        options += arguments[:2]
        arguments = arguments[2:]
    return (["/probe"] + (["-3"] if arch else []) + options + [NUMBERS[arch or "x86_64", call]] +
            [a for a in arguments if a != "-"])


def script(rows):
    return "".join(f"echo \"{row['id']} $({' '.join(map(shlex.quote, probe(row)))} 2>&1)\"\n" for row in rows)


def docker(*words, stdin=None):
    done = subprocess.run(["docker", *words], input=stdin, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"docker {' '.join(words)}: {done.stderr}")
    return done.stdout


def results(text):
    """id -> what it returned, without the value."""
    return {line.split(" ")[0]: line.split(" ")[1] for line in text.splitlines()}


def confined(*words):
    return subprocess.run([CONFINED, *words], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def file_of(profile):
    name, _, more = profile.partition("+")
    path = pathlib.Path(FILES.name) / f"{profile}.json"
    if not path.exists():
        path.write_bytes(confined("profile", "extend", name, "--allow", more) if more else
                         confined("profile", "default", name))
    return path


def with_profile(profile):
    """The options of docker run."""
    if profile == "engine":
        return []
    return ["--security-opt", f"seccomp={file_of(profile)}"]


def watched(rows, options, *why):
    """Makes the calls in a container; what they returned, and what 'confined why' says of them."""
    box = docker("run", "-d", "--network", "none", *options, "box:1", "sleep", "1000").strip()
    with tempfile.TemporaryFile("w+") as seen, tempfile.TemporaryFile("w+") as errors:
        watcher = subprocess.Popen([CONFINED, "why", "--format", "json", *why, box], text=True,
                                   stdout=seen, stderr=errors)
        try:
            for _ in range(400):
                errors.seek(0)
                if "watching" in errors.read() or watcher.poll() is not None:
                    break
                time.sleep(0.05)
            returned = results(docker("exec", "-i", box, "sh", stdin=script(rows)))
            watcher.send_signal(signal.SIGTERM)
            status = watcher.wait(60)
        finally:
            watcher.kill()
            docker("rm", "-f", box)
        errors.seek(0)
        if status not in (0, 1):
            sys.exit(f"confined why: exit status {status}: {errors.read()}")
        seen.seek(0)
        return returned, json.load(seen)


def pattern(said):
    return re.compile("".join(SAID.get(part, re.escape(part)) for part in re.split(r"\b(PTR|PID)\b", said)))


def ways(call):
    """As the table writes them."""
    return "; ".join(("" if way["enough"] else "not enough: ") + (way["option"] or "nothing") +
                     (f" and {way['also']}" if way["also"] else "") for way in call["ways"]) or "-"


def asked(call):
    return ", ".join(call["asked"] + [f"perhaps {a}" for a in call["perhapsAsked"]]) or "-"


class Problems(list):
    def unless(self, good, text):
        if not good:
            self.append(text)

    def end(self, count):
        print(*self, sep="\n")
        print(f"{count} looked at, {len(self)} not so")
        sys.exit(1 if self or not count else 0)


def compare(row, column, returned, seen, problems):
    name, expected = row["id"], row[column]
    problems.unless(returned.get(name) == expected, f"{name}: returned {returned.get(name)}, not {expected}")
    calls = [c for c in seen["calls"] if pattern(row["said"]).fullmatch(c["call"])]
    if expected == "ok" or (expected not in REFUSED and expected == row["bare"]):
        problems.unless(not calls, f"{name}: told, though nobody refused it: {calls}")
        return
    if len(calls) != 1:
        near = [c["call"] for c in seen["calls"] if c["call"].split("(")[0] == row["call"]]
        problems.append(f"{name}: told {len(calls)} times: {row['said']}; told of this call: {near}")
        return
    told = calls[0]
    words = {"call": told["call"], "error": told["error"], "who": told["who"], "asked": asked(told),
             "ways": ways(told)}
    want = {"error": expected, "who": row["who"], "asked": row["asked"], "ways": row["ways"]}
    for key, value in want.items():
        problems.unless(words[key] == value, f"{name}: {key}: {words[key]}, not {value}")


def check(table, column, profile):
    rows, problems = read(table), Problems()
    rows = [row for row in rows if row[column] != "-"]
    returned, seen = watched(rows, with_profile(profile))
    for row in rows:
        compare(row, column, returned, seen, problems)
    problems.unless(("default of Docker" if profile == "engine" else "profile of container") in seen["profile"],
                    f"the profile was not recognised: {seen['profile']}")
    problems.end(len(rows))


def bare(table):
    rows, problems = read(table), Problems()
    returned = results(docker("run", "--rm", "-i", "--network", "none", "--security-opt", "seccomp=unconfined",
                              "box:1", "sh", stdin=script(rows)))
    for row in rows:
        problems.unless(returned.get(row["id"]) == row["bare"],
                        f"{row['id']}: returned {returned.get(row['id'])}, not {row['bare']}")
        # EINVAL and EBADF: the question comes behind a look at the arguments, or it consents.
        surely = row["asked"] != "-" and not row["asked"].startswith("perhaps")
        problems.unless(row["bare"] != "ok" or not surely, f"{row['id']}: consented to, but said to be asked for something")
        problems.unless(row["bare"] != "EPERM" or row["asked"] != "-", f"{row['id']}: refused, but nothing is said to be asked for")
    problems.end(len(rows))


def least(row):
    """The first way, as (options of docker run, options of profile extend); None: nothing to do."""
    way = row["ways"].split("; ")[0]
    if way in ("-", "nothing") or way.startswith("not enough"):
        return None
    run, extend, words = [], [], [w for w in shlex.split(way) if w != "and"]
    while words:
        if words[0] == "--cap-add":
            run, words = run + words[:2], words[2:]
        elif words[0] == "--errno":
            extend, words = extend + words[:3], words[3:]
        else:
            extend, words = extend + words[:2], words[2:]
    return tuple(run), tuple(extend)


def remedied(profile, remedy, rows):
    """What calls return with a remedy on top of the profile."""
    run, extend = remedy
    options = with_profile(profile)
    if extend:
        base = profile
        if base == "engine":
            base = "docker-" + docker("version", "--format", "{{.Server.Version}}").split("+")[0]
        path = pathlib.Path(FILES.name) / "remedy.json"
        path.write_bytes(confined("profile", "extend", str(file_of(base)) if "+" in base else base, *extend))
        options = ["--security-opt", f"seccomp={path}"]
    return results(docker("run", "--rm", "-i", "--network", "none", *run, *options, "box:1", "sh",
                          stdin=script(rows)))


def remedies(table, column, profile):
    """Each remedy in a container of its own."""
    everything, problems = [row for row in read(table) if row[column] != "-"], Problems()
    refused = [row for row in everything if row["who"].startswith("seccomp") and row[column] in REFUSED and
               not (row[column] == row["bare"] and row["asked"] == "-")]
    groups = {}
    for row in refused:
        groups.setdefault(least(row), []).append(row)
    for remedy, rows in groups.items():
        if remedy is None:
            continue
        returned = remedied(profile, remedy, everything)
        for row in rows:
            problems.unless(returned.get(row["id"]) == row["after"],
                            f"{row['id']}: with {remedy}: returned {returned.get(row['id'])}, not {row['after']}")
        # What it has nothing to do with is refused as before.
        calls = {row["call"].rpartition(":")[2] for row in rows}
        others = [row for row in refused if row["call"].rpartition(":")[2] not in calls and
                  not (remedy[0] and " ".join(remedy[0]) in row["ways"])]
        problems.unless(len(others) >= 3, f"{remedy}: nothing is left that it has nothing to do with")
        for row in others:
            problems.unless(returned.get(row["id"]) == row[column],
                            f"with {remedy}, {row['id']}: returned {returned.get(row['id'])}, no longer {row[column]}")
    problems.end(len(refused))


def older(table):
    rows, problems = read(table), Problems()
    other = {"id": "other", "call": "keyctl", "arguments": "0 0xfffffffd 0"}
    for row in rows:
        returned, seen = watched([row], with_profile(row["under"]))
        compare(row, "error", returned, seen, problems)
        remedy = least(row)
        if remedy is None:
            continue
        returned = remedied(row["under"], remedy, [row, other])
        problems.unless(returned == {row["id"]: row["after"], "other": "EPERM"}, f"{row['id']}: with {remedy}: {returned}")
    problems.end(len(rows))


def negatives(table):
    rows, problems = read(table), Problems()
    for options in sorted({row["options"] for row in rows}):
        here = [row for row in rows if row["options"] == options]
        returned, seen = watched(here, shlex.split(options), "--all-errors")
        for row in here:
            compare({**row, "bare": row["error"], "ways": row["ways"]}, "error", returned, seen, problems)
    problems.end(len(rows))


if __name__ == "__main__":
    commands = {"check": check, "bare": bare, "remedies": remedies, "older": older, "negatives": negatives}
    commands[sys.argv[1]](*sys.argv[2:])
