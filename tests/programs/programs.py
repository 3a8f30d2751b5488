#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real programs in real containers: recorded, run under what was written, and compared.

For each program of workloads.py:
  recorded   `confined record -- docker run …` under its own load writes a profile and verifies it
  true       strace of the same run, from the filter on, names the very calls that confined names
  fewer      the profile allows fewer calls than a recorder on strace, and holds none that the OCI
             seccomp BPF hook would not have seen (peers.py), but of PROVEN
  enough     under the profile and load `confined why` sees no refusal
  tight      then an unrelated call is refused in that container, which Docker's default lets through,
             and `confined why` tells of it
And with some of them: --base, --tighten, --merge, --check; a Go program again and again; starts, many,
that all succeed, and fail without a call of PROVEN.

CONFINED_PROGRAMS=long: longer loads. `programs.py WORD…`: those whose name holds a word. `--table`: a
table of the sizes, as docs/recording.md has it.
"""
import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import workloads
from machine import CannotRun, Machine, need
from peers import NUMBERS, Peers, Truth
from starts import CAPABILITIES, Starts, crun_runtime, load, without

HERE = pathlib.Path(__file__).resolve().parent
CONFINED = os.environ.get("CONFINED_RELEASE", str(HERE.parents[1] / "build" / "confined"))
PATIENCE = 600 if workloads.LONG else 120
BY_NAME = {name: number for (arch, number), name in NUMBERS.items() if arch == "x86_64"}
# Harmless, let through by Docker's default, and seldom made: (call, its first argument).
REFUSALS = (errno.EPERM, errno.ENOSYS)
# What a profile may hold that nobody called that time: without it a start, or the program, fails, as
# the steps "by chance" and "starts" show.
BY_RUNC = ("futex", "rt_sigreturn", "epoll_pwait", "mmap")
BY_PROGRAM = {"thread": "exit", "wait": "restart_syscall", "handler": "rt_sigreturn"}
PROVEN = {*BY_RUNC, *BY_PROGRAM.values(),
          "sched_yield"} # of threads: node comes to it in some runs, and was not verified without
BY_GO = {"getpid", "madvise", "munmap", "nanosleep", "tgkill"} # "again and again" comes to them
UNRELATED = [("memfd_create", None), ("ptrace", "0"), ("inotify_init1", "0"), ("timerfd_create", "0")]


class Failed(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Failed(what)


def allowed(profile, whatever=False):
    """Names that a written profile lets through; `whatever` their arguments."""
    if isinstance(profile, (str, os.PathLike)):
        profile = json.loads(pathlib.Path(profile).read_text())
    return {name for entry in profile["syscalls"] if entry["action"] == "SCMP_ACT_ALLOW"
            and not (whatever and entry.get("args")) for name in entry["names"]}


class Bench:
    """One machine for all programs, and what is done with one."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="programs.", dir="/tmp")
        self.peers = self.machine = None
        if not os.path.exists("/sys/kernel/btf/vmlinux"):
            raise CannotRun("this kernel has no BTF")
        if os.uname().machine != "x86_64":
            raise CannotRun("the probe and the numbers of calls are those of x86_64")
        need("strace", "strace")
        self.peers = Peers(self.folder, need("runc", "runc"))
        runtimes = {"watched": self.peers.runtime}
        if shutil.which("crun"):
            runtimes["crun"] = crun_runtime(self.folder)
        self.machine = Machine(runtimes)
        self.count = 0

    def end(self):
        if self.peers:
            self.peers.end()
        if self.machine:
            self.machine.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self, kinds):
        """The image; those of the programs that are here, and why the others are not."""
        here, skipped = [], []

        def fill(root):
            workloads.common(root, self.folder)
            for kind in kinds:
                work = kind(self.folder)
                work.socket = self.machine.socket
                try:
                    work.fill(root)
                    here.append(work)
                except CannotRun as why:
                    skipped.append((kind.name, why))
        self.machine.image(fill)
        return here, skipped

    # ---- running -------------------------------------------------------------------------------

    def new_name(self):
        self.count += 1
        return f"work{self.count}"

    def serve(self, work, name, over, problems):
        """Puts each server that comes up under load and ends it, until that is over."""
        while not over.is_set():
            if not work.is_up():
                time.sleep(0.02)
                continue
            try:
                work.load()
            except Exception as problem: # whatever it is, the server must end
                problems.append(str(problem))
            self.machine.docker("kill", "-s", work.signal, name)
            for _ in range(500):
                if not work.is_up():
                    break
                time.sleep(0.02)

    def run(self, work, command, name):
        """A command that starts the workload, under load."""
        over, problems = threading.Event(), []
        server = isinstance(work, workloads.Server)
        if server:
            thread = threading.Thread(target=self.serve, args=(work, name, over, problems))
            thread.start()
        try:
            done = subprocess.run(command, env=self.machine.env, text=True, capture_output=True,
                                  timeout=PATIENCE, stdin=subprocess.DEVNULL)
        finally:
            over.set()
            if server:
                thread.join()
        expect(not problems, f"under load: {'; '.join(problems)}")
        return done

    def record(self, work, *options, runtime=None, check=0):
        name = self.new_name()
        done = self.run(work, [CONFINED, "record", "--force", *options, "--",
                               *work.inside(name=name, runtime=runtime)], name)
        expect(done.returncode == check,
               f"confined record {' '.join(options)}: exit status {done.returncode}: {done.stderr}")
        return done

    def path(self, name):
        return os.path.join(self.folder, name)

    # ---- what is checked of each -----------------------------------------------------------------

    def recorded(self, work):
        """Writes p.json and its observation, verified."""
        done = self.record(work, "-o", self.path("p.json"), "--save", self.path("seen.json"))
        expect(re.search(r"^verified: nothing was refused", done.stderr, re.M), done.stderr)
        expect("incomplete" not in done.stderr, done.stderr)
        for call in work.refused:
            line = re.search(r"^\d+ that .* refuses.*$", done.stderr, re.M)
            expect(line and re.search(rf"\b{call}\b", line[0]),
                   f"{call} is not among what Docker's default refuses: {done.stderr}")
        return done

    def true(self, work, row):
        """Against strace, and the peers, of one run."""
        self.peers.prepare()
        self.record(work, "--no-verify", "-o", self.path("traced.json"), "--save",
                    self.path("traced.seen"), runtime="watched")
        for _ in range(100): # strace ends after its last tracee
            if not self.peers.is_tracing():
                break
            time.sleep(0.05)
        truth = Truth(self.peers.trace)
        expect(truth.filters == 1, f"strace saw {truth.filters} filters loaded")
        seen = json.loads(pathlib.Path(self.path("traced.seen")).read_text())["calls"]
        names = {call.get("call") for call in seen}
        needed = {call.get("call") for call in seen if call.get("count") or call.get("runtime")}
        # clone3 gets ENOSYS while recording, which is no call to allow; nothing else is missing.
        made = set(truth.filtered) - {"clone3"}
        expect(needed == made, f"only confined saw {sorted(needed - made)}, "
                               f"only strace saw {sorted(made - needed)}")
        expect(names - needed <= {"clone3"}, f"refused while recording: {sorted(names - needed)}")
        profile = allowed(self.path("traced.json"))
        expect(needed <= profile, f"not allowed: {sorted(needed - profile)}")
        proven = PROVEN | BY_GO if isinstance(work, workloads.Go) else PROVEN
        beside = profile - needed - proven - {"exit_group", "sigreturn"} # what every process may come to
        expect(not beside, f"allowed, and not seen: {sorted(beside)}")
        hook = self.peers.hooked()
        row.update(confined=len(profile), seen=len(truth.filtered), strace=len(truth.everything),
                   hook=len(hook) if hook else None,
                   asked=len(profile - allowed(self.path("traced.json"), whatever=True)))
        expect(len(profile) < len(truth.everything), f"{row}")
        if hook and work.name not in ("a 32-bit program", "int 0x80"): # it takes their numbers for others
            expect(needed <= hook, f"the hook did not see {sorted(needed - hook)}")
            expect(profile - hook <= proven, f"more than the hook: {sorted(profile - hook - proven)}")

    def replayed(self, work):
        """Enough and tight: the container under its profile, watched by confined why."""
        name, profile = self.new_name(), self.path("p.json")
        call, first = next(u for u in UNRELATED if u[0] not in allowed(profile))
        one = ["/srv/one", str(BY_NAME[call])] + ([first] if first else [])
        open_to_all = self.machine.docker("run", "--rm", "--network", "none", workloads.IMAGE, *one)
        expect(open_to_all.returncode == 0, f"Docker's default refuses {call}")
        if not isinstance(work, workloads.Server):
            done = self.run(work, work.inside(seccomp=profile), name)
            expect(done.returncode == work.status, f"under its profile: {done.stdout}{done.stderr}")
            done = self.machine.docker("run", "--rm", "--network", "none", "--security-opt",
                                       f"seccomp={profile}", workloads.IMAGE, *one)
            expect(done.returncode in REFUSALS, f"{call} is not refused: {done.returncode} {done.stderr}")
            return
        self.machine.docker(*work.inside(seccomp=profile, name=name, detach=True)[1:])
        for _ in range(500):
            if work.is_up():
                break
            time.sleep(0.02)
        with open(self.path("why"), "w") as output, open(self.path("why.errors"), "w") as errors:
            why = subprocess.Popen([CONFINED, "why", name, "--format", "json"], env=self.machine.env,
                                   stdout=output, stderr=errors, stdin=subprocess.DEVNULL)
        try:
            for _ in range(100):
                if "watching" in pathlib.Path(self.path("why.errors")).read_text():
                    break
                time.sleep(0.05)
            work.load()
            done = self.machine.docker("exec", name, "/srv/one", str(BY_NAME["getpid"]))
            expect(done.returncode == 0, f"docker exec under the profile: {done.stdout}{done.stderr}")
            done = self.machine.docker("exec", name, *one)
            expect(done.returncode in REFUSALS, f"{call} is not refused: {done.returncode} {done.stderr}")
            self.machine.docker("kill", "-s", work.signal, name)
            code = self.machine.docker("wait", name).stdout.strip()
        finally:
            why.send_signal(signal.SIGTERM)
            why.wait(20)
            self.machine.docker("rm", "-f", name)
        expect(code == str(work.status), f"under its profile: exit status {code}")
        expect(why.returncode in (0, 1), f"confined why: {why.returncode}: {pathlib.Path(self.path('why.errors')).read_text()}")
        found = json.loads(pathlib.Path(self.path("why")).read_text())
        # To clone3 the profile answers ENOSYS: programs make threads by clone then.
        calls = sorted((c["call"].split("(")[0], c["count"]) for c in found["calls"]
                       if not c["call"].startswith("clone3("))
        expect(calls == [(call, 1)], f"why saw {calls} refused, not {call} alone")


    # ---- what is checked of some -----------------------------------------------------------------

    def bases(self, work):
        """p.json is on no base. Every run is verified, but where the base refuses what it needs."""
        base, tight = self.path("base.json"), self.path("tight.json")
        self.record(work, "--base", "docker", "-o", base)
        refused = bool(work.refused)
        self.record(work, "--base", "docker", "--tighten", "-o", tight, check=1 if refused else 0)
        plain, docker = allowed(self.path("p.json")), docker_calls()
        expect(allowed(tight) <= plain, f"beside what was seen: {sorted(allowed(tight) - plain)}")
        expect(len(allowed(base)) > len(allowed(tight)), "the base is no larger than what is used of it")
        expect(set(work.refused) <= allowed(base), f"not added: {sorted(set(work.refused) - allowed(base))}")
        expect(docker - allowed(base) <= {"clone3"}, f"lost: {sorted(docker - allowed(base))}")
        open_to = set(work.refused) & allowed(tight, whatever=True)
        expect(not open_to, f"let through against the base: {sorted(open_to)}")

    def merged(self, work):
        """Two loads: of one alone a check fails for the other; of both it does not."""
        light, both = self.path("light.json"), self.path("both.json")
        work.light = True
        self.record(work, "-o", light, "--save", self.path("light.seen"))
        work.light = False
        done = self.record(work, "--check", light, check=1)
        missing = re.search(r"^\d+ calls? (?:is|are) missing.*?: (.*)$", done.stderr, re.M)
        expect(missing and "wait4" in missing[1].split(", "), f"{done.stderr}")
        self.record(work, "--merge", self.path("light.seen"), "-o", both)
        expect(allowed(light) <= allowed(both), f"lost: {sorted(allowed(light) - allowed(both))}")
        self.record(work, "--check", both)
        work.light = True
        self.record(work, "--check", both)
        work.light = False

    def again(self, work):
        """What its language's runtime calls by chance: no run needs what the first one's profile lacks."""
        for _ in range(40 if workloads.LONG else 8):
            self.record(work, "--check", self.path("p.json"))


    def by_chance(self, work):
        """What a program did not come to while it was recorded, and what becomes of it without."""
        chance = workloads.Chance(self.folder)
        for chance.what, call in BY_PROGRAM.items():
            chance.now = False
            profile = self.path("chance.json")
            self.record(chance, "--no-verify", "-o", profile, "--save", self.path("chance.seen"))
            seen = {c.get("call"): c for c in json.loads(pathlib.Path(self.path("chance.seen")).read_text())["calls"]}
            expect(not seen.get(call, {}).get("count"), f"{chance.what}: {call} was made")
            chance.now = True
            for _ in range(3):
                done = self.run(chance, chance.inside(seccomp=profile), "")
                expect(done.returncode == 0, f"{chance.what}: {done.returncode} {done.stdout}{done.stderr}")
            pathlib.Path(self.path("less.json")).write_text(json.dumps(
                without(json.loads(pathlib.Path(profile).read_text()), call)))
            less = chance.inside(seccomp=self.path("less.json"))
            expect(any(self.run(chance, less, "").returncode for _ in range(10)),
                   f"{chance.what}: does as well without {call}")

    def starts(self, work):
        """It starts every time, whatever the runtime comes to; without a call of BY_RUNC it does not."""
        profile = json.loads(pathlib.Path(self.path("p.json")).read_text())
        runc = Starts(self.folder, need("runc", "runc"), self.path(work.command[0].split("/")[-1]))
        with load():
            times = 300 if workloads.LONG else 20
            expect(runc.failures(times, profile) == 0, "a start by runc failed")
            expect(runc.preempted(), "a start by runc failed that was preempted")
            expect(runc.failures(times, profile, labels=lambda i: 30 * i) == 0,
                   "a start by runc failed that had more to read")
            runc.configure(without(json.loads(json.dumps(profile)), "rt_sigreturn"))
            expect(not runc.preempted(), "runc does without rt_sigreturn")
            for call in BY_RUNC if workloads.LONG else ():
                less = without(json.loads(json.dumps(profile)), call)
                # Each time the heap of the runtime is full at another place.
                failed = runc.failures(times, less, labels=lambda i: 30 * i)
                print(f"without {call} {failed} of {times} starts by runc failed")
                expect(failed, f"runc does without {call}")
            if workloads.LONG and self.peers.bpftrace:
                self.starts_of_the_hook(work, runc, allowed(profile))

    def starts_of_the_hook(self, work, runc, seen):
        """How often a start fails under what the hook saw of BY_RUNC; that it needs the rest is granted."""
        lacked, failed = {}, 0
        for _ in range(10):
            self.peers.prepare(trace=False)
            self.run(work, work.inside(runtime="watched"), "")
            hook = self.peers.hooked()
            for call in set(BY_RUNC) - hook:
                lacked[call] = lacked.get(call, 0) + 1
            failed += runc.failures(30, {
                "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                "syscalls": [{"names": sorted(hook | seen - set(BY_RUNC)), "action": "SCMP_ACT_ALLOW"}]},
                labels=lambda i: 300 * i)
        print(f"under 10 profiles of the hook {failed} of 300 starts failed; they lacked {lacked}")

    def starts_by_crun(self, work):
        """The same by crun, which comes to nothing by chance."""
        profile = self.path("crun.json")
        self.record(work, "--no-verify", "-o", profile, runtime="crun")
        runc = allowed(self.path("p.json"))
        expect(not {"futex", "epoll_pwait", "capget"} & allowed(profile), f"{sorted(allowed(profile))}")
        expect(len(allowed(profile)) < len(runc), "crun needs no less than runc")
        crun = Starts(self.folder, crun_runtime(self.folder), self.path(work.command[0].split("/")[-1]))
        with load():
            expect(crun.failures(300 if workloads.LONG else 20, json.loads(pathlib.Path(profile).read_text())) == 0,
                   "a start by crun failed")


def docker_calls():
    """Names that Docker's default lets through with Docker's capabilities, here, perhaps with conditions."""
    done = subprocess.run([CONFINED, "profile", "default", "docker"], capture_output=True, text=True)
    entries = json.loads(done.stdout)["syscalls"]
    names = set()
    for entry in entries:
        includes, excludes = entry.get("includes") or {}, entry.get("excludes") or {}
        if entry["action"] != "SCMP_ACT_ALLOW" or \
                not set(includes.get("caps", [])) <= set(CAPABILITIES) or \
                set(excludes.get("caps", [])) & set(CAPABILITIES) or \
                includes.get("arches") and "amd64" not in includes["arches"] or \
                "amd64" in excludes.get("arches", []):
            continue
        names |= set(entry["names"]) & set(BY_NAME)
    return names


def steps(bench, work, row):
    yield from some_steps(bench, work, row)
    if work.name in ("redis-server", "nginx", "io_uring, keyctl, …"):
        yield "on a base, and of a base", lambda: bench.bases(work)
    if isinstance(work, workloads.Redis):
        yield "two loads", lambda: bench.merged(work)
    if isinstance(work, workloads.Shell):
        yield "what comes by chance", lambda: bench.by_chance(work)
    if isinstance(work, workloads.Gate):
        yield "starts every time", lambda: bench.starts(work)
        if shutil.which("crun"):
            yield "starts every time by crun", lambda: bench.starts_by_crun(work)
    if isinstance(work, workloads.Go):
        yield "again and again", lambda: bench.again(work)


def some_steps(bench, work, row):
    return (("recorded", lambda: bench.recorded(work)),
            ("true, and fewer than the peers", lambda: bench.true(work, row)),
            ("enough and tight", lambda: bench.replayed(work)))


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def step(self, name, what):
        start = time.monotonic()
        try:
            what()
            self.passed += 1
            print(f"ok   {name} ({time.monotonic() - start:.1f} s)", flush=True)
        except (Failed, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as problem:
            self.failed += 1
            print(f"FAIL {name}: {problem}", flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"SKIPPED {name}: {why}", flush=True)


def table(rows):
    print("| program | in use | confined | of these, by argument | strace | eBPF hook | Docker's default |\n"
          "|---|---|---|---|---|---|---|")
    for row in rows:
        if "confined" in row:
            print(f"| {row['name']} | {row['seen']} | {row['confined']} | {row['asked']} | {row['strace']} | "
                  f"{row['hook'] or '–'} | {len(docker_calls())} |")


def main():
    words = [w for w in sys.argv[1:] if w != "--table"]
    tally, bench, rows = Tally(), None, []
    kinds = [k for k in workloads.ALL if not words or any(w in k.name for w in words)]
    try:
        bench = Bench()
        works, skipped = bench.prepare(kinds)
        for name, why in skipped:
            tally.skip(name, why)
        if not bench.peers.watch():
            print("no column of the eBPF hook: bpftrace does not run here (Debian's bpftrace)")
        for work in works:
            row = {"name": work.name}
            rows.append(row)
            for name, what in steps(bench, work, row):
                tally.step(f"{work.name}: {name}", what)
    except CannotRun as why:
        tally.skip("programs", why)
    finally:
        if bench:
            bench.end()
    if "--table" in sys.argv or not tally.failed:
        table(rows)
    more = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {tally.failed} failed{more}")
    return 1 if tally.failed or not tally.passed + tally.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
