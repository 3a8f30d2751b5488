#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test and closes with one line: N passed, N failed (, N skipped).

  unit      cmocka programs of each room, under the sanitizers
  rooms     each room links with nothing but what it may call (built with the release tree)
  cases     folders under tests/manifest: input files and the findings and fixes expected
  fuzz      the fuzz corpora replayed under the sanitizers
  property  generated documents: what --fix must hold for any input
  rules     the examples on the rule pages are what the pages say
  oracle    Compose and the shell against the real ones; policies and filters against their plain
            meaning, the kernel and libseccomp
  lint      format, file and function sizes, tables against man pages and docs
  remedies  what the table of known reasons says helps: with the programs, refused and then not
  programs  nginx, PostgreSQL, Python, … in containers: recorded, run under their profiles, compared
  bats      the command line, real engines

From property on, as many scripts and bats files run at a time as there are cores, three at most; a
bats file with a line `# alone: REASON` when nothing else runs. Each has a keeper (lib/keeper.py).
`tests/run.py --only cases,unit` runs some; `--case WORD` those cases whose path holds WORD, `--file
WORD` those bats files.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
sys.path.insert(0, str(HERE / "lib"))

ALONE = re.compile(r"^# alone: \S", re.M)
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(command, **more):
    return subprocess.run(command, cwd=TOP, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, errors="replace", **more)


def say(text):
    print(text, flush=True)


def unit(options, tally):
    """meson's own list of unit tests; each cmocka test function counts."""
    done = run(["meson", "test", "-C", options.sanitized, "--print-errorlogs", "--no-rebuild",
                "--verbose"], env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    passed = len(re.findall(r"^ok \d+", done.stdout, re.M))
    failed = len(re.findall(r"^not ok \d+(?!.*# SKIP)", done.stdout, re.M))
    skipped = len(re.findall(r"^(?:not )?ok \d+.*# SKIP", done.stdout, re.M))
    passed -= len(re.findall(r"^ok \d+.*# SKIP", done.stdout, re.M))
    if done.returncode and not failed:
        failed = 1  # a crash, a sanitizer's report, a build that is stale
    if failed or not passed:
        say(done.stdout)
        failed = failed or 1
    tally.add(passed, failed, skipped)


def counted(done, tally, name):
    """What a program of ours said: details, and the summary line in the end."""
    lines = done.stdout.rstrip().splitlines()
    match = SUMMARY.match(lines[-1]) if lines else None
    if not match:
        say(done.stdout)
        say(f"{name}: no summary line (exit status {done.returncode})")
        tally.add(0, 1)
        return
    passed, failed, skipped = (int(n or 0) for n in match.groups())
    if done.returncode and not failed:
        failed = 1
    if failed or skipped:
        say("\n".join(lines[:-1]))
    tally.add(passed, failed, skipped)


def rooms(options, tally):
    for room in sorted(path.parent.name for path in (TOP / "src").glob("*/meson.build")):
        done = run(["ninja", "-C", options.release, "--quiet", f"src/libroom-{room}.so"])
        if done.returncode:
            say(f"FAIL rooms: {room}\n{done.stdout}{done.stderr}")
        tally.add(done.returncode == 0, done.returncode != 0)


def cases(options, tally):
    import cases as case_runner
    found = case_runner.find(HERE / "manifest", options.case)
    if not found:
        say("cases: none found")
        tally.add(0, 1)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for case, problems in zip(found, pool.map(
                lambda c: case_runner.run_case(options.confined, c), found)):
            if problems:
                say(f"FAIL {case.relative_to(TOP)}")
                for problem in problems:
                    say("    " + problem.replace("\n", "\n    "))
            tally.add(not problems, bool(problems))


def fuzz(options, tally):
    targets = sorted((TOP / "fuzz" / "corpus").iterdir()) if (TOP / "fuzz" / "corpus").is_dir() else []
    for corpus in targets:
        program = options.sanitized / "fuzz" / f"fuzz-{corpus.name}"
        done = run([str(program), str(corpus)]) if program.exists() else None
        good = done is not None and done.returncode == 0
        if not good:
            say(f"FAIL fuzz {corpus.name}: " + (done.stdout[-4000:] if done else "no such target"))
        tally.add(good, not good)


class Pool:
    """Runs commands side by side, each with a keeper; when this program is interrupted, those that
    run are ended, and what they started with them."""

    def __init__(self, workers, env):
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=workers)
        self.env, self.jobs = env, {}
        self.running, self.lock, self.ended = set(), threading.Lock(), False

    def work(self, command):
        with self.lock:
            if self.ended:
                return None
            process = subprocess.Popen([sys.executable, str(HERE / "lib" / "keeper.py"), *command], cwd=TOP,
                                       env=self.env, text=True, errors="replace", stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
            self.running.add(process)
        output = process.communicate()[0]
        with self.lock:
            self.running.discard(process)
        return subprocess.CompletedProcess(command, process.returncode, output)

    def begin(self, commands):
        for command in commands:
            if command[-1] not in self.jobs:
                self.jobs[command[-1]] = self.pool.submit(self.work, command)

    def take(self, file):
        return self.jobs[file].result()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            with self.lock:
                self.ended = True
                for process in self.running:
                    process.terminate()
        self.pool.shutdown()


class Scripts:
    """Programs of ours."""

    def __init__(self, folder, pattern):
        self.files = sorted(str(f) for f in (HERE / folder).glob(pattern))

    def commands(self, _):
        return [[sys.executable, file] for file in self.files]

    def __call__(self, options, tally):
        for file in self.files:
            counted(options.pool.take(file), tally, os.path.basename(file))


class Bats:
    """As many files at a time as there are workers; then those with a line `# alone: REASON`."""

    def files(self, options, alone):
        files = [f for f in HERE.glob("**/*.bats") if options.file in str(f.relative_to(TOP))]
        return sorted(str(f) for f in files if bool(ALONE.search(f.read_text())) == alone)

    def commands(self, options):
        def expected(file): # those with engines take longest, and begin first
            text = pathlib.Path(file).read_text()
            return "lib/engine" not in text, -len(text)
        return [["bats", "--tap", file] for file in sorted(self.files(options, False), key=expected)]

    def __call__(self, options, tally):
        for file in self.files(options, False): # what is told does not depend on who ends first
            self.told(file, options.pool.take(file), tally)
        for file in self.files(options, True):
            options.pool.begin([["bats", "--tap", file]])
            self.told(file, options.pool.take(file), tally)

    def told(self, file, done, tally):
        lines = done.stdout.splitlines()
        skipped = [l for l in lines if re.match(r"^ok \d+.*# skip", l)]
        passed = sum(1 for l in lines if re.match(r"^ok \d+", l)) - len(skipped)
        failed = sum(1 for l in lines if re.match(r"^not ok \d+", l))
        if done.returncode and not failed:
            failed = 1
        if failed:
            say(f"FAIL {os.path.relpath(file, TOP)}")
            say(done.stdout)
        for line in skipped:
            say("SKIPPED " + line)
        tally.add(passed, failed, len(skipped))


STAGES = {
    "unit": unit,
    "rooms": rooms,
    "cases": cases,
    "fuzz": fuzz,
    "property": Scripts("property", "*.py"),
    "profiles": Scripts("profile", "*.py"),
    "rules": Scripts("docs", "*.py"),
    "oracle": Scripts("oracle", "*.py"),
    "report": Scripts("report", "*.py"),
    "lint": Scripts("lint", "*.py"),
    "remedies": Scripts("remedies", "remedies.py"),
    "programs": Scripts("programs", "programs.py"), # the longest: in front of the bats files
    "bats": Bats(),
}


def together(names):
    """The stages whose commands may run side by side with the first one's."""
    for name in names:
        if not hasattr(STAGES[name], "commands"):
            return
        yield name
        if name == "bats": # in the end some of its files run alone
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--release", type=pathlib.Path, default=TOP / "build")
    parser.add_argument("--sanitized", type=pathlib.Path, default=TOP / "build-sanitized")
    parser.add_argument("--only", default="", help="stages, comma separated: " + ", ".join(STAGES))
    parser.add_argument("--case", default="")
    parser.add_argument("--file", default="", help="bats files whose path holds this")
    parser.add_argument("--jobs", type=int, default=max(1, min(3, len(os.sched_getaffinity(0)))),
                        help="scripts and bats files at a time (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options.release = options.release.resolve()
    options.sanitized = options.sanitized.resolve()
    options.confined = options.sanitized / "confined"
    options.confined_release = options.release / "confined"
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1")
    os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    os.environ["LC_ALL"] = "C.UTF-8"
    for name in ("NO_COLOR", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        os.environ.pop(name, None)
    env = {**os.environ, "CONFINED": str(options.confined), "CONFINED_RELEASE": str(options.confined_release)}
    wanted = [s for s in options.only.split(",") if s] or list(STAGES)
    for name in wanted:
        if name not in STAGES:
            parser.error(f"no stage '{name}'")
    total = Tally()
    with Pool(options.jobs, env) as options.pool:
        for at, name in enumerate(wanted):
            stage, start = Tally(), time.monotonic()
            for other in together(wanted[at:]):
                options.pool.begin(STAGES[other].commands(options))
            STAGES[name](options, stage)
            say(f"{name}: {stage.passed} passed, {stage.failed} failed, {stage.skipped} skipped "
                f"({time.monotonic() - start:.1f} s)")
            total.add(stage.passed, stage.failed, stage.skipped)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    say(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
