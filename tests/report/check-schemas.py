#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON of `confined profile`, `prove`, `why` and `record` against the schemas in docs/schema: real
outputs of the program, with nothing allowed but what the schema names."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFINED = os.environ.get("CONFINED", str(TOP / "build" / "confined"))
passed = failed = skipped = 0


def check(name, problems):
    global passed, failed
    problems = list(problems)
    passed, failed = passed + (not problems), failed + bool(problems)
    for problem in problems:
        print(f"FAIL {name}: {problem}")


def confined(*words):
    return subprocess.run([CONFINED, *words, "--format", "json"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def closed(schema):
    """The schema with nothing allowed but what it names."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and isinstance(schema.get("required"), list):
            schema["additionalProperties"] = False
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def unlisted(schema, where="#"):
    """Objects whose `required` is not all of `properties`."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and list(schema["properties"]) != schema.get("required"):
            yield f"{where}: required and properties differ"
        for key, value in schema.items():
            yield from unlisted(value, f"{where}/{key}")


def members(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for value in schema.values():
            yield from members(value)


def load(name):
    schema = json.loads((TOP / "docs/schema" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    check(f"schema {name} lists all members as required", unlisted(schema))
    page = (TOP / "docs/output-json.md").read_text()
    check(f"docs/output-json.md names every member of {name}",
          (f"no `{member}`" for member in sorted(set(members(schema))) if f"`{member}`" not in page))
    return jsonschema.Draft202012Validator(closed(schema))


def validate(kind, what, done, wanted_status):
    if done.returncode not in wanted_status:
        check(what, [f"exit status {done.returncode}: {done.stderr.strip()}"])
        return None
    document = json.loads(done.stdout, parse_constant=lambda word: 1 / 0)
    check(what, [f"{error.json_path}: {error.message[:200]}" for error in kind.iter_errors(document)])
    return document


# ---- profile ------------------------------------------------------------------------------

PROFILE = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
           "syscalls": [{"names": [name], "action": "SCMP_ACT_" + action, **more} for name, action, more in [
               ("acct", "ERRNO", {}), ("swapon", "ERRNO", {"errnoRet": 0}), ("swapoff", "TRACE", {"errnoRet": 7}),
               ("mount", "KILL_PROCESS", {}), ("umount2", "KILL", {}), ("reboot", "TRAP", {}), ("sync", "LOG", {}),
               ("socket", "ERRNO", {"args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]})]]}


def profiles(folder):
    kind = load("confined-profile-1")
    own = folder / "own.json"
    own.write_text(json.dumps(PROFILE))
    raw = folder / "all.bpf"
    raw.write_bytes(bytes.fromhex("060000000000ff7f"))
    on = ["--arch", "x86_64", "--kernel", "6.1"]
    for name in ["docker", "podman", str(own), str(raw), f"{own}@runc", f"{own}@crun"]:
        shown = validate(kind, f"profile show {name}", confined("profile", "show", name, *on), (0,))
        if shown and not shown["calls"]:
            check(f"profile show {name}", ["no calls"])
        for call in ["acct", "socket", "socket(40, 1, 0)", "i386:mount", "read"]:
            validate(kind, f"profile explain {name} {call}", confined("profile", "explain", name, call, *on), (0,))
    for a, b in [("docker", "docker"), ("docker", "podman"), ("docker", str(own)), (str(own), f"{own}@runc"),
                 (str(raw), str(own)), (str(raw), "podman"), ("podman@crun", "docker@runc")]:
        found = validate(kind, f"profile diff {a} {b}", confined("profile", "diff", a, b, *on), (0, 1))
        if found and found["equal"] != (not found["differences"]):
            check(f"profile diff {a} {b}", ["equal and differences do not go together"])
    for names in [[], [str(own)], [str(raw), "podman@crun"], ["unconfined"]]:
        found = validate(kind, f"profile surface {names}", confined("profile", "surface", *names, *on), (0,))
        for profile in found["profiles"] if found else []:
            if any(a["allowed"] + a["byArguments"] > a["calls"] for a in profile["architectures"]):
                check(f"profile surface {names}", ["more calls than there are"])
    shown = json.loads(confined("profile", "diff", str(raw), str(own), *on).stdout)["differences"]
    check("every action is seen", {"ERRNO(1)", "TRACE(7)", "KILL_PROCESS", "KILL_THREAD", "LOG"} - {d["b"] for d in shown})
    # A schema that takes anything would pass all of the above.
    for broken in [{}, {"schema": "confined-profile-1", "command": "show"},
                   {"schema": "confined-profile-1", "command": "diff", "aLoaded": None, "bLoaded": None, "equal": 1,
                    "differences": []},
                   {"schema": "confined-profile-1", "command": "surface", "profiles": []}]:
        check("the schema refuses what is wrong", [] if list(kind.iter_errors(broken)) else [json.dumps(broken)])


# ---- prove --------------------------------------------------------------------------------

def summed(document):
    for subject in document["subjects"]:
        if subject["threads"] != sum(policy["threads"] for policy in subject["policies"]):
            yield "threads are not the sum of the policies' threads"
        for arch in (arch for policy in subject["policies"] for arch in policy["architectures"]):
            if arch["calls"] != arch["always"] + arch["sometimes"] + arch["refused"]:
                yield f"{arch['name']}: calls are not the sum"
            if arch["refused"] != sum(arch["answers"].values()):
                yield f"{arch['name']}: refused are not the sum of the answers"


def proofs(folder):
    global skipped
    kind = load("confined-prove-1")
    if os.geteuid() != 0:
        skipped += 1
        print("SKIPPED confined prove: filters are shown to root alone")
        return
    own = folder / "own.json"
    sleepers = [subprocess.Popen([CONFINED, "run", "-p", str(own), "--", "sleep", "60"]),
                subprocess.Popen([CONFINED, "run", "-p", str(folder / "all.bpf"), "--", "sleep", "60"]),
                subprocess.Popen(["sleep", "60"])]
    try:
        for sleeper in sleepers:
            while re.sub(r"\s", "", pathlib.Path(f"/proc/{sleeper.pid}/comm").read_text()) != "sleep":
                assert sleeper.poll() is None
        pids = [str(sleeper.pid) for sleeper in sleepers]
        for against in [[], ["--against", "default"], ["--against", str(own)], ["--against", "podman@crun"],
                        ["--against", pids[0]]]:
            document = validate(kind, f"prove {' '.join(against)}", confined("prove", *pids, *against), (0, 1))
            if document:
                check(f"prove {' '.join(against)}: sums", summed(document))
                verdicts = [subject["policies"][0]["verdict"] for subject in document["subjects"]]
                check(f"prove {' '.join(against)}: verdicts",
                      [] if verdicts == ["filters", "allows-everything", "no-filter"] else [str(verdicts)])
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


# ---- why ----------------------------------------------------------------------------------

LOG = """unshare(CLONE_NEWNS) = -1 EPERM (Operation not permitted)
clone3({flags=0}, 88) = -1 ENOSYS (Function not implemented)
openat(AT_FDCWD, "/x", O_RDONLY) = -1 ENOENT (No such file or directory)
audit: type=1326 audit(1.0:1): pid=7 comm="x" sig=31 arch=c000003e syscall=165 compat=0 code=0x80000000
audit: type=1326 audit(1.0:1): pid=7 comm="x" sig=0 arch=c000003e syscall=39 compat=0 code=0x50001
perf_event_open({type=0}, 0, -1, -1, 0) = -1 EPERM (Operation not permitted)
"""


def whys(folder):
    kind = load("confined-why-1")
    log = folder / "log"
    log.write_text(LOG)
    on = ["--arch", "x86_64", "--kernel", "6.1", "--as", "written"]
    for more in [[], ["--all-errors"], ["--cap-drop", "ALL"], ["--profile", "podman"]]:
        found = validate(kind, f"why --log {' '.join(more)}", confined("why", "--log", str(log), *more, *on), (1,))
        if found and not all(call["count"] for call in found["calls"]):
            check("why --log", ["a call that was never made"])
    rows = [line.split("\t") for line in (TOP / "data/reasons.tsv").read_text().splitlines() if line[:1] not in "#"]
    column = rows[0].index("symptom")
    seen = set()
    for version in ["20.10.9", "28.5.2"]:
        for row in rows[1:]:
            message = row[column].split(";")[0].strip()
            if message.startswith("("):
                continue
            found = validate(kind, f"why --message of {row[0]}, {version}",
                             confined("why", "--message", message, "--engine-version", version, *on), (0, 1))
            seen |= {(reason["need"], reason["stillNeeded"]) for reason in found["reasons"]} if found else set()
    check("every need is seen", {("nothing", "no"), ("nothing", "until-update"), ("capability", "yes"),
                                 ("argument-rule", "yes"), ("call", "yes")} - seen)
    unknown = validate(kind, "why --message no", confined("why", "--message", "no", *on), (2,))
    check("what is not known says what to do next", [] if unknown and unknown["next"] else ["nothing"])


def watched(*words, status, kind, env=None, want=lambda document: []):
    """confined why with a command, whose words stand last."""
    done = subprocess.run([CONFINED, "why", "--format", "json", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    document = validate(kind, f"why {' '.join(words)}", done, status)
    if document:
        check(f"why {' '.join(words)}: what is in it", want(document))
    return document


def seen_live(folder):
    """What is watched: nothing is unsure of it, everything is counted."""
    global skipped
    kind = load("confined-why-1")
    if os.geteuid() != 0 or not pathlib.Path("/sys/kernel/btf/vmlinux").exists():
        print("SKIPPED confined why, live: the kernel is watched by root alone, and needs BTF")
        skipped += 1
        return
    profile, out = str(folder / "refuses.json"), str(folder / "need.json")
    (folder / "refuses.json").write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["unshare", "setns"], "action": "SCMP_ACT_ERRNO"}]}))
    inside = [CONFINED, "run", "--profile", profile, "--", "sh", "-c", "unshare -i true; sleep 0.3"]

    def live(document):
        if document["refused"] < 1 or not document["calls"]:
            yield "nothing was refused"
        for call in document["calls"]:
            if call["sure"] or call["because"] or call["where"]:
                yield f"unsure of what was seen: {call}"
    for more in [[], ["--all-errors"], ["--profile", profile], ["--force", "--write", out]]:
        watched(*more, "--", *inside, status=(1,), kind=kind, want=live)
    watched("--", "true", status=(0,), kind=kind)
    # An engine that is played (tests/cli/fake-cli.py) runs it here.
    played = folder / "bin" / "docker"
    played.parent.mkdir()
    played.symlink_to(TOP / "tests/cli/fake-cli.py")
    env = {"PATH": f"{played.parent}:{os.environ['PATH']}", "FAKE_VERSION": "28.0.1", "CONFINED": CONFINED,
           "FAKE_WORDS": str(folder / "words")}

    def verdict(wanted):
        def want(document):
            if not document["instead"] or document["instead"]["verdict"] != wanted:
                yield f"{document['instead']}"
            if document["written"] is None:
                yield "nothing is said of what was written"
        return want
    off = ["docker", "run", "--rm", "--security-opt", "seccomp=unconfined", "box:1"]
    keyring = "import ctypes, time; ctypes.CDLL(None).syscall(250, 0, -3, 0); time.sleep(0.3)"
    watched("--instead", "--", *off, "sleep", "0.3", status=(0,), kind=kind, env=env, want=verdict("not-needed"))
    if os.uname().machine == "x86_64":
        watched("--instead", "--force", "--write", out, "--", *off, sys.executable, "-c", keyring, status=(1,), kind=kind,
                env=env, want=verdict("profile"))
        watched("--force", "--write", out, "--verify", "--", "docker", "run", "box:1", sys.executable, "-c", keyring,
                status=(1,), kind=kind, env=env,
                want=lambda document: [] if document["written"]["verified"] else [f"{document['written']}"])


def steps(folder):
    kind = load("confined-why-step-1")
    policy, out = folder / "decisions.txt", str(folder / "made.json")
    policy.write_text("allow unshare(unshare_flags == CLONE_FILES)\nrefuse unshare\nkill mount\n")

    def call(name, *args):
        number = {"unshare": 272, "mount": 165, "keyctl": 250}[name]
        return [sys.executable, "-c", f"import ctypes; ctypes.CDLL(None).syscall({number}, {', '.join(args)})"]
    if os.uname().machine != "x86_64":
        return
    for words, status, wanted in [(call("unshare", "0x400"), 0, ("allow", "line", 1)),
                                  (call("unshare", "0x200"), 0, ("refuse", "line", 2)),
                                  (call("mount", "0", "0", "0", "0", "0"), 0, ("kill", "line", 3)),
                                  (call("keyctl", "0", "-3", "0"), 1, ("refuse", "nobody", None))]:
        watched("--step", "--policy", str(policy), "--force", "--write", out, "--", *words, status=(status,), kind=kind,
                want=lambda document, wanted=wanted: [] if wanted in [
                    (c["decision"], c["by"], c["line"]) for c in document["calls"]] else [f"{document['calls']}"])


# ---- record -------------------------------------------------------------------------------


def records(folder):
    global skipped
    kind = load("confined-record-1")
    if os.geteuid() != 0 or not pathlib.Path("/sys/kernel/btf/vmlinux").exists():
        print("SKIPPED confined record: the kernel is watched by root alone, and needs BTF")
        skipped += 1
        return
    out, again = str(folder / "p.json"), str(folder / "again")
    twice = f"test -e {again} && exec chmod 700 {again}; touch {again}"
    for status, words in [(0, ["--", "ls"]), (0, ["--no-verify", "--annotate", "--", "sh", "-c", "exit 3"]),
                          (0, ["-o", out, "--", "true"]), (1, ["--check", out, "--", "ls", "/"]),
                          (0, ["--check", out, "--", "true"]), (1, ["--", "sh", "-c", twice]),
                          (0, ["--until-stable", "--", "sh", "-c", f"rm -f {again}; {twice}"])]:
        document = validate(kind, f"record {' '.join(words)}", recorded(words), (status,))
        if document and not words[:1] == ["--check"]:
            check(f"record {' '.join(words)}: has a profile", [] if document["profile"] else ["none"])


def recorded(words):
    return subprocess.run([CONFINED, "record", "--format", "json", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def main():
    with tempfile.TemporaryDirectory() as folder:
        profiles(pathlib.Path(folder))
        proofs(pathlib.Path(folder))
        whys(pathlib.Path(folder))
        seen_live(pathlib.Path(folder))
        steps(pathlib.Path(folder))
        records(pathlib.Path(folder))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
