#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes history.tsv, versions.tsv and rules.tsv anew: what the engines' default profiles say, by
version, taken from git clones of the engines.

usage: update-history.py MOBY MOBY-PROFILES CONTAINERD PODMAN

Docker keeps its default as profiles/seccomp/default.json (from 28.4 on in a repository of its own,
whose version go.mod names), Podman as a JSON file among what it vendors, containerd as Go code, of
which the few forms that it uses are read here; any other is an error."""
import hashlib
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
OPERATORS = {"OpNotEqual": "NE", "OpLessThan": "LT", "OpLessEqual": "LE", "OpEqualTo": "EQ",
             "OpGreaterEqual": "GE", "OpGreaterThan": "GT", "OpMaskedEqual": "MASKED_EQ"}
# linux/sched.h, linux/socket.h, asm-generic/errno.h, as golang.org/x/sys/unix names them.
CONSTANTS = {"CLONE_NEWNS": 0x20000, "CLONE_NEWUTS": 0x4000000, "CLONE_NEWIPC": 0x8000000,
             "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000, "CLONE_NEWNET": 0x40000000,
             "CLONE_NEWCGROUP": 0x2000000, "AF_ALG": 38, "AF_VSOCK": 40, "ENOSYS": 38}
# GOARCH: the architecture's own name in profiles.
NATIVE = {"amd64": "X86_64", "arm64": "AARCH64", "mips64": "MIPS64", "mips64n32": "MIPS64N32",
          "mipsel64": "MIPSEL64", "mipsel64n32": "MIPSEL64N32", "s390x": "S390X",
          "riscv64": "RISCV64", "loong64": "LOONGARCH64"}


def git(repository, *arguments):
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True,
                          text=True).stdout


def show(repository, tag, *paths):
    """The first of these files that the tag has: (path, text)."""
    for path in paths:
        found = subprocess.run(["git", "-C", repository, "show", f"{tag}:{path}"],
                               capture_output=True, text=True)
        if found.returncode == 0:
            return path, found.stdout
    return None, None


def numbers(version):
    return tuple(int(n) for n in version.split("."))


def releases(repository, pattern, first):
    """(version, tag) of each release from `first` on, ascending."""
    found = {}
    for tag in git(repository, "tag").split():
        match = re.fullmatch(pattern, tag)
        if match and numbers(match.group(1)) >= first:
            found.setdefault(match.group(1), tag)
    return sorted(found.items(), key=lambda release: numbers(release[0]))


# ---- JSON -------------------------------------------------------------------------------------


def condition_words(args):
    words = []
    for arg in args or []:
        operator = arg["op"].removeprefix("SCMP_CMP_")
        two = arg.get("valueTwo", 0)
        words.append(f"{arg['index']} {operator} {arg['value']}" + (f" {two}" if two else ""))
    return ", ".join(words) or "-"


def when_words(when):
    when = when or {}
    words = [f"{key}={','.join(when[key])}" for key in ("caps", "arches") if when.get(key)]
    if when.get("minKernel"):
        words.append(f"kernel={when['minKernel']}")
    assert not set(when) - {"caps", "arches", "minKernel"}, when
    return " ".join(words) or "-"


def answer_word(action, errno):
    return action.removeprefix("SCMP_ACT_") + ("" if errno is None else f" {errno}")


def read_json(text):
    """(default, arches, [(group, names)])"""
    profile = json.loads(text)
    assert not set(profile) - {"defaultAction", "defaultErrnoRet", "defaultErrno", "archMap",
                               "syscalls"}, profile.keys()
    arches = [f"{m['architecture']}:{','.join(m['subArchitectures'] or [])}".replace("SCMP_ARCH_", "")
              for m in profile["archMap"]]
    rules = []
    for rule in profile["syscalls"]:
        assert not set(rule) - {"names", "action", "args", "includes", "excludes", "errnoRet", "errno",
                                "comment"}, rule
        group = (answer_word(rule["action"], rule.get("errnoRet")), condition_words(rule.get("args")),
                 when_words(rule.get("includes")), when_words(rule.get("excludes")))
        rules.append((group, rule["names"]))
    return answer_word(profile["defaultAction"], profile.get("defaultErrnoRet")), arches, rules


# ---- Go ---------------------------------------------------------------------------------------


def number(expression):
    """A number, or names of constants joined by | and +."""
    value = 0
    for part in re.split(r"[|+]", expression):
        part = part.strip().removeprefix("unix.").removeprefix("syscall.")
        value = value + (CONSTANTS[part] if part in CONSTANTS else int(part, 0))
    return value


class GoReader:
    """The code of containerd's DefaultProfile, which gofmt has laid out: a line at a time."""

    def __init__(self, text):
        self.frames = []  # (indent, kind, words of the current case, words of all cases)
        self.rules, self.arches, self.kernel, self.rule = [], [], None, None
        self.listing = False
        for line in text.splitlines():
            bare = line.split("//")[0].rstrip()
            if bare.strip():
                self.read(len(bare) - len(bare.lstrip("\t")), bare.strip())
        assert not self.frames and not self.listing
        self.finish()

    def read(self, indent, line):
        if self.listing:
            self.rule["names"] += re.findall(r'"(\w+)"', line)
            self.listing = "}" not in line
            return
        assert line != "fallthrough", "a form that is not read"
        if line == "}" and self.frames and self.frames[-1][0] == indent:
            self.frames.pop()
        elif line.startswith("switch "):
            kind = {"switch runtime.GOARCH {": "arches", "switch c {": "caps"}[line]
            self.frames.append((indent, kind, [], []))
        elif line == "if !admin {":
            self.frames.append((indent, "not-admin", [], []))
        elif line == "if ok {":
            assert self.kernel
            self.frames.append((indent, "kernel", [self.kernel], []))
        elif match := re.search(r"Kernel: (\d+), Major: (\d+)\}", line):
            self.kernel = ".".join(match.groups())
        elif match := re.match(r"(case (.*)|default):$", line):
            frame = self.frames[-1]
            words = re.findall(r'"(\w+)"', match.group(2) or "")
            self.frames[-1] = (frame[0], frame[1], words, frame[3] + words)
        elif match := re.match(r"return \[\]specs\.Arch\{(.*)\}", line):
            self.add_arches(match.group(1))
        elif line.startswith("Names:"):
            self.finish()
            self.rule = {"names": re.findall(r'"(\w+)"', line), "args": [], "errno": None,
                         "when": self.when()}
            self.listing = "}" not in line
        elif match := re.match(r"Action:\s+specs\.Act(\w+),", line):
            self.rule["action"] = match.group(1).upper()
        elif match := re.match(r"(Index|Value|ValueTwo|Op):\s+(.*),$", line):
            self.argument(*match.groups())
        elif match := re.match(r"ErrnoRet:\s+&(\w+),", line):
            self.rule["errno"] = {"nosys": CONSTANTS["ENOSYS"]}[match.group(1)]
        else:
            assert not re.match(r"(if|for|switch|case|ErrnoRet)\b", line) or re.match(
                r"for _, c := range sp\.Process\.Capabilities\.Bounding \{|"
                r"if ok, err := kernelversion\.GreaterEqualThan\(", line), line

    def argument(self, key, value):
        if key == "Index":
            self.rule["args"].append({"index": int(value)})
        elif key == "Op":
            self.rule["args"][-1]["op"] = OPERATORS[value.removeprefix("specs.")]
        else:
            self.rule["args"][-1][key[0].lower() + key[1:]] = number(value)

    def add_arches(self, words):
        own = self.frames[-1][2]
        names = [w.strip().removeprefix("specs.Arch") for w in words.split(",") if w.strip()]
        if own:
            native = NATIVE[own[0]]
            assert native in names
            self.arches.append(f"{native}:{','.join(n for n in names if n != native)}")

    def when(self):
        includes, excludes = {}, {}
        for _, kind, words, every in self.frames:
            if kind == "kernel":
                includes["minKernel"] = words[0]
            elif kind == "not-admin":
                excludes["caps"] = ["CAP_SYS_ADMIN"]
            elif words:
                includes[kind] = [{"386": "x86"}.get(w, w) for w in words]
            else:
                excludes[kind] = every
        return when_words(includes), when_words(excludes)

    def finish(self):
        if self.rule:
            group = (answer_word(self.rule["action"], self.rule["errno"]),
                     condition_words(self.rule["args"]), *self.rule["when"])
            self.rules.append((group, self.rule["names"]))
        self.rule = None


def read_go(text):
    reader = GoReader(text)
    assert "DefaultAction: specs.ActErrno," in text
    return "ERRNO", reader.arches, reader.rules


# ---- engines ----------------------------------------------------------------------------------


def docker_file(moby, profiles, tag):
    path, text = show(moby, tag, "profiles/seccomp/default.json")
    if text:
        return "moby/moby", tag, path, text
    _, modules = show(moby, tag, "go.mod", "vendor.mod")
    own = "seccomp/" + re.search(r"github\.com/moby/profiles/seccomp (v\S+)", modules).group(1)
    path, text = show(profiles, own, "seccomp/default.json")
    return "moby/profiles", own, path, text


def collect(engine, repository, pattern, first, read_file, read):
    """[(version, profile)] of each release, profiles that say the same being the same."""
    profiles, versions = {}, []
    for version, tag in releases(repository, pattern, first):
        where = read_file(tag)
        default, arches, rules = read(where[3])
        names = frozenset((group, name) for group, listed in rules for name in listed)
        key = (default, tuple(sorted(arches)), names)
        if key not in profiles:
            profiles[key] = {"name": f"{engine}-{version}", "engine": engine, "default": default,
                             "arches": arches, "rules": rules, "names": names, "from": where[:3],
                             "sha256": hashlib.sha256(where[3].encode()).hexdigest()}
        versions.append((version, profiles[key]))
    return list(profiles.values()), versions


def presence(profiles, having):
    """Which profiles, as ranges of their versions in the order of history.tsv: "a..b c .."."""
    words, start = [], None
    short = [p["name"].split("-", 1)[1] for p in profiles]
    for i in range(len(profiles) + 1):
        inside = i < len(profiles) and i in having
        if inside and start is None:
            start = i
        elif not inside and start is not None:
            last = "" if i == len(profiles) else short[i - 1]
            words.append(short[start] if i - 1 == start and last else f"{short[start]}..{last}")
            start = None
    return " ".join(words)


def rule_rows(profiles):
    """Names of one group that the same profiles have share a row; groups in their first order."""
    groups = {}
    for i, profile in enumerate(profiles):
        for group, name in sorted(profile["names"], key=lambda p: (p[0], p[1])):
            groups.setdefault(group, {}).setdefault(name, set()).add(i)
    order = []
    for profile in reversed(profiles):
        for group, _ in profile["rules"]:
            if group not in order:
                order.append(group)
    for group in order:
        rows = {}
        for name, having in sorted(groups[group].items()):
            rows.setdefault(frozenset(having), []).append(name)
        for having, names in sorted(rows.items(), key=lambda row: (sorted(row[0]), row[1])):
            yield presence(profiles, having), group, names


def version_rows(versions):
    """A row where the profile changes; the last one tells the newest release that was looked at."""
    last = None
    for version, profile in versions:
        if profile is not last:
            yield version, profile["name"]
        last = profile
    yield versions[-1][0], "-"


def write(path, columns, rows):
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    lines = head + ["\t".join(columns)] + ["\t".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    moby, moby_profiles, containerd, podman = sys.argv[1:]
    engines = [
        collect("docker", moby, r"(?:docker-)?v(\d+\.\d+\.\d+)(?:-ce)?", (17, 9, 0),
                lambda tag: docker_file(moby, moby_profiles, tag), read_json),
        collect("containerd", containerd, r"v(\d+\.\d+\.\d+)", (1, 4, 0),
                lambda tag: ("containerd/containerd", tag,
                             *show(containerd, tag, "contrib/seccomp/seccomp_default.go")), read_go),
        collect("podman", podman, r"v(\d+\.\d+\.\d+)", (3, 0, 0),
                lambda tag: ("containers/podman", tag,
                             *show(podman, tag, "vendor/github.com/containers/common/pkg/seccomp/seccomp.json",
                                   "vendor/go.podman.io/common/pkg/seccomp/seccomp.json")), read_json),
    ]
    write(HERE / "history.tsv", ["profile", "default", "arches", "repository", "commit", "path", "sha256"],
          [(p["name"], p["default"], " ".join(p["arches"]), *p["from"], p["sha256"])
           for profiles, _ in engines for p in profiles])
    write(HERE / "versions.tsv", ["engine", "version", "profile"],
          [(profiles[0]["engine"], version, name)
           for profiles, versions in engines for version, name in version_rows(versions)])
    write(HERE / "rules.tsv", ["engine", "in", "answer", "arguments", "includes", "excludes", "calls"],
          [(profiles[0]["engine"], having, *group, " ".join(names))
           for profiles, _ in engines for having, group, names in rule_rows(profiles)])


main()
