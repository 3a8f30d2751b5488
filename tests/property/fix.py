#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `confined scan --fix` must hold for any input: over all case folders, and over generated
Compose files, shell scripts and daemon.json.

  - afterwards a scan finds nothing that could be edited, and no service or command that is off
    without saying so
  - a second --fix changes nothing
  - --diff through patch and through git apply gives the same bytes as --fix
  - the document differs in what was removed alone: the YAML or JSON tree, the words that a command
    gets; comments and all other text stay
  - mode, owner and links of the files stay; --with puts the profile where it is found

Usage: fix.py [CONFINED] [--count N] [--seed N] [--kinds compose,project,…]
The program is CONFINED, $CONFINED or build/confined. --keep FOLDER leaves what failed there.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "lib"))
import cases as case_folders  # noqa: E402
import documents  # noqa: E402

TIMEOUT = 300
PROFILE = {"defaultAction": "SCMP_ACT_ERRNO",
           "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}
COUNTS = {"compose": 100, "daemon": 60, "script": 100, "project": 60}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, problems):
        if problems:
            self.failed += 1
            print(f"FAIL {name}")
            for problem in problems[:5]:
                print("    " + str(problem).replace("\n", "\n    "))
        else:
            self.passed += 1


# ---- running ----------------------------------------------------------------------------------------

class Program:
    def __init__(self, path):
        self.path = str(pathlib.Path(path).resolve())
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "COMPOSE_"))}
        self.env.update(HOME="/nonexistent", LC_ALL="C.UTF-8", GIT_CONFIG_NOSYSTEM="1")

    def scan(self, folder, *args):
        done = subprocess.run([self.path, "scan", "--no-config", "--hidden", *args], cwd=folder,
                              env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT)
        if done.returncode not in (0, 1, 2):
            raise RuntimeError(f"confined scan {args}: exit status {done.returncode}\n"
                               + done.stderr.decode(errors="replace")[-3000:])
        return done

    def findings(self, folder, *args):
        done = self.scan(folder, "--format", "json", *args)
        try:
            return json.loads(done.stdout)["findings"]
        except ValueError:
            raise RuntimeError("no JSON:\n" + done.stderr.decode(errors="replace")[-3000:]) from None


def snapshot(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*")
            if p.is_file() and not p.is_symlink()}


def attributes(folder):
    found = {}
    for path in folder.rglob("*"):
        st = path.lstat()
        found[str(path.relative_to(folder))] = (st.st_mode, st.st_uid, st.st_gid)
    return found


def is_open(finding):
    return finding["remedy"]["editable"] and finding["state"] == "open" \
        and finding["verdict"] != "note"


def by_path(findings):
    found = {}
    for finding in findings:
        path = finding["place"]["path"] if finding.get("place") else None
        found.setdefault(case_folders.strip_dot(path or "-"), []).append(finding)
    return found


def apply_diff(tool, folder, diff):
    return subprocess.run(tool, cwd=folder, input=diff, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "GIT_CEILING_DIRECTORIES": "/"},
                          timeout=TIMEOUT)


class Tree:
    """One folder of documents and what became of it: before, after --fix, what is left to find."""

    def __init__(self, program, base, *args):
        self.program, self.base, self.args = program, base, args
        self.folder = base / "before"
        self.folder.mkdir(parents=True)

    def run(self, tally, name):
        fixed = self.base / "fixed"
        shutil.copytree(self.folder, fixed, symlinks=True)
        copy_owners(self.folder, fixed)
        self.before = snapshot(self.folder)
        kept = attributes(fixed)
        self.found = by_path(self.program.findings(self.folder, *self.args, "."))
        done = self.program.scan(fixed, *self.args, "--fix", "--format", "lines", ".")
        self.errors = done.stderr.decode(errors="replace")
        self.after = snapshot(fixed)
        self.left = by_path(self.program.findings(fixed, *self.args, "."))
        tally.check(f"{name}: mode, owner and links stay",
                    [f"{p}: {kept[p]} -> {now}" for p, now in attributes(fixed).items()
                     if kept.get(p) != now] + sorted(set(kept) ^ set(attributes(fixed))))
        self.program.scan(fixed, *self.args, "--fix", "--format", "lines", ".")
        tally.check(f"{name}: a second --fix changes nothing",
                    changed(self.after, snapshot(fixed)))
        self.check_diff(tally, name)

    def check_diff(self, tally, name):
        diff = self.program.scan(self.folder, *self.args, "--diff", ".").stdout
        for tool in (["patch", "-p1", "--binary", "--quiet", "--no-backup-if-mismatch"],
                     ["git", "apply", "--whitespace=nowarn"]):
            folder = self.base / tool[0]
            shutil.copytree(self.folder, folder, symlinks=True)
            done = apply_diff(tool, folder, diff) if diff else None
            problems = [done.stdout.decode(errors="replace")] if done and done.returncode else []
            tally.check(f"{name}: --diff through {tool[0]} is --fix",
                        problems + changed(self.after, snapshot(folder)))


def copy_owners(source, target):
    if os.geteuid() != 0:
        return
    for path in source.rglob("*"):
        st = path.lstat()
        os.chown(target / path.relative_to(source), st.st_uid, st.st_gid, follow_symlinks=False)
        if not path.is_symlink():
            os.chmod(target / path.relative_to(source), st.st_mode & 0o7777)


def changed(wanted, got):
    return [f"{n}:\n{got.get(n)!r}\nnot\n{wanted.get(n)!r}" for n in sorted(set(wanted) | set(got))
            if wanted.get(n) != got.get(n)]


# ---- what may differ --------------------------------------------------------------------------------

def decoded(data):
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"),
                           (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark):].decode(encoding)
    return data.decode()


def is_on(value):
    return value is True or (isinstance(value, str) and value.lower() in ("true", "yes", "y", "on"))


def is_off_option(item):
    return item in documents.OFF


def may_go(key, value):
    if key == "privileged":
        return is_on(value)
    if key == "security_opt":
        return all(is_off_option(item) for item in value)
    return False


def only_removed(before, after, where, swap):
    """Problems, if anything but settings was removed; `swap` is what --with puts there."""
    if isinstance(before, dict) and isinstance(after, dict):
        problems = [f"{where}.{key} is new" for key in after if key not in before]
        for key, value in before.items():
            if key not in after:
                if not may_go(key, value):
                    problems.append(f"{where}.{key} is gone")
            elif key == "privileged" and is_on(value) and after[key] in (False, "false", "no"):
                continue
            else:
                problems += only_removed(value, after[key], f"{where}.{key}", swap)
        return problems
    if isinstance(before, list) and isinstance(after, list):
        if len(before) == len(after) and not any(isinstance(i, str) for i in before):
            return [p for i, pair in enumerate(zip(before, after))
                    for p in only_removed(*pair, f"{where}[{i}]", swap)]
        rest = list(after)
        for item in before:
            if rest and (rest[0] == item or (swap and is_off_option(item) and swap(rest[0]))):
                rest.pop(0)
            elif rest and not isinstance(item, str) and not only_removed(item, rest[0], where, swap):
                rest.pop(0)
            elif not is_off_option(item):
                return [f"{where}: {item!r} is gone"]
        return [f"{where}: {rest!r} is new"] if rest else []
    if before == after:
        return []
    # a service with nothing but settings
    if isinstance(before, dict) and not after and all(may_go(k, v) for k, v in before.items()):
        return []
    return [f"{where}: {before!r} became {after!r}"]


def documents_of(data):
    return list(yaml.safe_load_all(decoded(data)))


def check_comments(before, after):
    """Comments stay, but for those on a line that goes, or between two lines that go."""
    left = set(re.findall(r"# c\d+", decoded(after)))
    lines = [line for line in re.split(r"\r?\n", decoded(before)) if line.strip()]
    problems = []
    for number, line in enumerate(lines):
        for comment in re.findall(r"# c\d+", line):
            code = line.split(comment)[0].strip()
            around = [text for text in lines[:number][::-1] if not text.strip().startswith("#")][:1] \
                + [text for text in lines[number + 1:] if not text.strip().startswith("#")][:1]
            inside = not code and len(around) == 2 \
                and re.search(r"security_opt:|seccomp|privileged", around[0]) \
                and re.match(r"\s*(- |['\"]?seccomp|\]|privileged|security_opt)", around[1])
            if comment not in left and not inside \
                    and not re.search(r"seccomp|privileged|security_opt|^\]", code):
                problems.append(f"the comment '{comment}' is gone: {line!r}")
    return problems


def is_off(service):
    """As Compose sees it: the last seccomp entry counts."""
    for item in reversed(service.get("security_opt") or []):
        if isinstance(item, str) and item.startswith("seccomp"):
            return item in documents.OFF
    return is_on(service.get("privileged"))


def check_part(before, after, left, swap=None):
    """One file of several: what a service is in the end is for check_projects."""
    return check_compose(before, after, left, swap, whole=False)


def check_compose(before, after, left, swap=None, whole=True):
    try:
        old, new = documents_of(before), documents_of(after)
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        return [f"does not parse: {e}", after]
    problems = only_removed(old, new, "", swap) + check_comments(before, after)
    problems += [f"still editable: {f['place']['line']}: {f['rule']}" for f in left if is_open(f)]
    for document in new if whole else []:
        for name, service in ((document or {}).get("services") or {}).items():
            told = any(name in f["subjects"] for f in left)
            if service and is_off(service) and not told:
                problems.append(f"service '{name}' is still off, and nothing says so")
    return problems


def services_of(data):
    found = {}
    for document in documents_of(data):
        found.update((document or {}).get("services") or {})
    return found


def check_projects(tree, tally, name):
    """No service is off once both files are laid over one another, unless something says so."""
    for path in sorted(p for p in tree.after if p.endswith("/compose.yaml")):
        other = path.replace("compose.yaml", "compose.override.yaml")
        base, over = services_of(tree.after[path]), services_of(tree.after[other])
        left = tree.left.get(path, []) + tree.left.get(other, [])
        problems = []
        for service in sorted(set(base) | set(over)):
            one, two = base.get(service) or {}, over.get(service) or {}
            options = (one.get("security_opt") or []) + (two.get("security_opt") or [])
            merged = {"security_opt": list(dict.fromkeys(options)),  # a repeated item keeps its place
                      "privileged": two.get("privileged", one.get("privileged"))}
            if is_off(merged) and not any(service in f["subjects"] for f in left):
                problems.append(f"service '{service}' is still off: {merged}")
        if problems:
            problems += [decoded(tree.after[path]), decoded(tree.after[other])]
        tally.check(f"{name} {path}: both files together", problems)


def check_daemon(before, after, left, swap=None):
    old = json.loads(decoded(before), object_pairs_hook=list)
    new = json.loads(decoded(after), object_pairs_hook=list)
    problems = [f"still editable: {f['rule']}" for f in left if is_open(f)]
    rest = list(new)
    for key, value in old:
        if rest and rest[0][0] == key and (rest[0][1] == value or (swap and value == "unconfined"
                                                                   and swap(rest[0][1]))):
            rest.pop(0)
        elif (key, value) != ("seccomp-profile", "unconfined"):
            problems.append(f"{key}: {value!r} is gone")
    if rest:
        problems.append(f"{rest!r} is new")
    if dict(new).get("seccomp-profile") == "unconfined":
        problems.append("still unconfined")
    return problems


STUB = """#!/bin/bash
printf '%s\\0' "${0##*/}" "$@" >>"$STUB_LOG"
printf '\\n' >>"$STUB_LOG"
"""


def calls_of(data, base):
    """What docker and podman would have been given by a script of ours."""
    stubs = base / "stubs"
    if not stubs.exists():
        stubs.mkdir()
        for name in ("docker", "podman"):
            (stubs / name).write_text(STUB)
            (stubs / name).chmod(0o755)
    log = base / "log"
    log.write_bytes(b"")
    done = subprocess.run(["bash", "--norc", "-s"], input=data, cwd=base, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30,
                          env={"PATH": f"{stubs}:/usr/bin:/bin", "STUB_LOG": str(log)})
    calls = [[w.decode() for w in line.split(b"\0")[:-1]] for line in log.read_bytes().split(b"\n")]
    return [c for c in calls if c], done.returncode, done.stdout, done.stderr


def options_end(call):
    """Index of the image: the first word that starts with "image"."""
    return next((i for i, w in enumerate(call) if w.startswith("image")), len(call))


def without_settings(call, swap):
    """The call without what --fix may take, and its effective setting."""
    words, image = [], options_end(call)
    i, off, privileged = 0, False, False
    while i < len(call):
        word, option = call[i], None
        if i < image and word == "--security-opt":
            option, taken = call[i + 1], 2
        elif i < image and word.startswith("--security-opt="):
            option, taken = word[len("--security-opt="):], 1
        if option is not None and option.startswith("seccomp"):
            off = is_off_option(option)
            if is_off_option(option) or (swap and swap(option)):
                i += taken
                continue
        if i < image and word == "--privileged":
            privileged = True
            i += 1
            continue
        words.append(word)
        i += 1
    return words, off or privileged


def check_script(base):
    def check(before, after, left, swap=None):
        old, new = calls_of(before, base), calls_of(after, base)
        problems = [f"still editable: {f['place']['line']}: {f['rule']}" for f in left if is_open(f)]
        if old[1:] != new[1:]:
            problems.append(f"the script does something else: {old[1:]} -> {new[1:]}")
        if [without_settings(c, swap)[0] for c in old[0]] != [without_settings(c, swap)[0] for c in new[0]]:
            problems.append(f"commands get other words: {old[0]} -> {new[0]}")
        if any(without_settings(c, swap)[1] for c in new[0]) and not left:
            problems.append(f"still off, and nothing says so: {new[0]}")
        return problems
    return check


# ---- kinds ------------------------------------------------------------------------------------------

def put_documents(folder, rng, make, name, count):
    (folder / "profiles").mkdir()
    for number in range(count):
        place = folder / f"{number:05}"
        (place / "profiles").mkdir(parents=True)
        (place / "profiles" / "good.json").write_text(json.dumps(PROFILE))
        made = make(random.Random(rng.random()))
        for path, data in (made if isinstance(made, dict) else {name: made}).items():
            file = place / path
            file.write_bytes(data)
            file.chmod(rng.choice((0o644, 0o600, 0o755, 0o640)))
            if os.geteuid() == 0:
                os.chown(file, rng.randrange(1, 60000), rng.randrange(1, 60000))


def check_documents(tree, tally, name, check, swap=None, keep=None):
    found = 0
    for path in sorted(tree.before):
        if path.endswith("good.json"):
            continue
        found += bool(tree.found.get(path))
        left = tree.left.get(path, [])
        if re.search(rf"^confined: {re.escape(path)}:.* left alone: the profile's path", tree.errors, re.M):
            left = [{**f, "remedy": {**f["remedy"], "editable": False}} for f in left]
        problems = check(tree.before[path], tree.after[path], left, swap)
        if problems:
            problems += ["before:\n" + decoded(tree.before[path]), "after:\n" + decoded(tree.after[path])]
            if keep:
                file = keep / f"{name}-{path.replace('/', '-')}"
                file.write_bytes(tree.before[path])
        tally.check(f"{name} {path}", problems)
    tally.check(f"{name}: something was found", [] if found else ["no document has a finding: "
                                                                   + tree.errors[-500:]])


KINDS = {
    "project": (documents.project, None),
    "compose": (documents.compose, "compose.yaml"),
    "daemon": (documents.daemon, "daemon.json"),
    "script": (documents.script, "run.sh"),
}


def generated(kind, program, base, tally, options):
    make, name = KINDS[kind]
    count = options.count or COUNTS[kind]
    tree = Tree(program, base)
    put_documents(tree.folder, random.Random(f"{options.seed} {kind}"), make, name, count)
    tree.run(tally, kind)
    check = {"compose": check_compose, "daemon": check_daemon, "script": check_script(base),
             "project": check_part}[kind]
    check_documents(tree, tally, f"{kind} (seed {options.seed})", check, keep=options.keep)
    if kind == "project":
        check_projects(tree, tally, f"{kind} (seed {options.seed})")


def with_profile(program, base, tally, options):
    """--with: the profile's path is right from where the engine looks for it."""
    for kind in ("compose", "daemon", "script"):
        make, name = KINDS[kind]
        tree = Tree(program, base / kind, "--with", "../used profile.json")
        put_documents(tree.folder, random.Random(f"{options.seed} with {kind}"), make, name,
                      max(10, (options.count or COUNTS[kind]) // 5))
        (base / kind / "used profile.json").write_text(json.dumps(PROFILE))
        tree.run(tally, f"with {kind}")
        wanted = {"compose": {f"seccomp{c}../../used profile.json" for c in ":="},
                  "script": {f"seccomp{c}../used profile.json" for c in ":="},
                  "daemon": {str(base / kind / "used profile.json")}}[kind]
        check = {"compose": check_compose, "daemon": check_daemon,
                 "script": check_script(base)}[kind]
        check_documents(tree, tally, f"with {kind} (seed {options.seed})", check,
                        swap=lambda text, w=wanted: text in w, keep=options.keep)


def all_cases(program, base, tally, options):
    """Every case folder at once, each below its own name; once more with what is a note."""
    cases_with(program, base / "plain", tally, "cases")
    cases_with(program, base / "notes", tally, "cases with notes", "--fail-on", "note")


def cases_with(program, base, tally, name, *args):
    tree = Tree(program, base, *args)
    for case in case_folders.find(TOP / "tests" / "manifest"):
        if (case / "args").exists() or (case / "env").exists():
            continue
        folder = tree.folder / case.parent.name / case.name
        folder.mkdir(parents=True)
        case_folders.copy_inputs(case, folder)
    tree.run(tally, name)
    for path in sorted(tree.left):
        tally.check(f"{name} {path}", [f"still editable: {f['place']['line']}: {f['rule']}"
                                       for f in tree.left[path] if is_open(f) or
                                       (args and f["remedy"]["editable"] and f["state"] == "open")])


def links(program, base, tally, options):
    """A link that the user names: what it leads to is edited, the link stays."""
    folder = base / "before"
    folder.mkdir(parents=True)
    (folder / "real").mkdir()
    text = '{\n  "debug": true,\n  "seccomp-profile": "unconfined"\n}\n'
    (folder / "real" / "my daemon.json").write_text(text)
    (folder / "daemon.json").symlink_to("real/my daemon.json")
    diff = program.scan(folder, "--diff", "daemon.json").stdout
    for tool in (["patch", "-p1", "--binary", "--quiet"], ["git", "apply"]):
        copy = base / tool[0]
        shutil.copytree(folder, copy, symlinks=True)
        done = apply_diff(tool, copy, diff)
        tally.check(f"links: --diff through {tool[0]}",
                    [done.stdout, diff] if done.returncode or
                    json.loads((copy / "daemon.json").read_text()) != {"debug": True} else [])
    program.scan(folder, "--fix", "daemon.json")
    tally.check("links: the link stays", [] if (folder / "daemon.json").is_symlink() else ["it is gone"])
    tally.check("links: its file is edited",
                [] if json.loads((folder / "real" / "my daemon.json").read_text()) == {"debug": True}
                else [(folder / "real" / "my daemon.json").read_text()])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("confined", nargs="?",
                        default=os.environ.get("CONFINED", str(TOP / "build" / "confined")))
    parser.add_argument("--count", type=int, default=0, help="documents of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="compose,project,daemon,script,with,cases,links")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    program, tally = Program(options.confined), Tally()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    runs = {"with": with_profile, "cases": all_cases, "links": links}
    for kind in options.kinds.split(","):
        with tempfile.TemporaryDirectory(prefix="confined-property-") as base:
            base = pathlib.Path(base).resolve()
            try:
                if kind in KINDS:
                    generated(kind, program, base, tally, options)
                else:
                    runs[kind](program, base, tally, options)
            except (RuntimeError, subprocess.TimeoutExpired) as e:
                tally.check(kind, [e])
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {tally.failed} failed{skipped}")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
