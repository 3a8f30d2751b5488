#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What data/reasons.tsv and data/program-options.tsv say helps, tried with the programs themselves.

tried.tsv has a row for every try; its head says what the columns mean. A try runs the program in a real
container under Docker's newest default profile, where it must fail with its message; then with what the
row says (its rules by `profile extend --for`, its capabilities, or the program's option), where it must
do its work; and a call that is none of its business is refused all the same. What it printed must lead
`confined why --message` to the row.

Before that, without a container: every reason and every option has a row here, and one that says that
something is needed is tried, or says why not; the tests that rows name are there; and what programs
printed before (messages/REASON~N.txt) leads to its reason.

CONFINED_REMEDIES=long: the tries of larger programs, too (`make test-remedies`). `remedies.py WORD…`:
those tries of which a column holds a word. `--keep`: writes messages/ anew. `--table`: the table of
docs/remedies.md, to the standard output.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "programs"))
import machine # noqa: E402
from machine import IMAGE, CannotRun, Machine, need # noqa: E402

CONFINED = os.environ.get("CONFINED_RELEASE", str(TOP / "build" / "confined"))
LONG = os.environ.get("CONFINED_REMEDIES") == "long"
PATIENCE = 120
MESSAGES = HERE / "messages"
USERS = "user:x:1000:1000::/tmp:/bin/sh\n_chrony:x:102:102::/tmp:/bin/sh\n"
GROUPS = "user:x:1000:\n_chrony:x:102:\n"
CHRONY = "local stratum 10\npidfile /tmp/c.pid\nbindcmdaddress /\ndriftfile /tmp/drift\n"
# The machine's own settings that programs of the table do not start without.
ETC = ["bazel", "java-17-openjdk", "chromium.d", "fonts", "openmpi", "ld.so.cache"]


def rows_of(path):
    rows, columns = [], None
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if columns is None:
            columns = cells
            continue
        if len(cells) != len(columns):
            raise SystemExit(f"{path}: {len(cells)} columns, not {len(columns)}: {line}")
        rows.append(dict(zip(columns, cells)))
    return rows


REASONS = {row["id"]: row for row in rows_of(TOP / "data" / "reasons.tsv")}
OPTIONS = {f"{row['program']}/{row['call']}": row for row in rows_of(TOP / "data" / "program-options.tsv")}
TRIES = rows_of(HERE / "tried.tsv")
RUNS = ("short", "long", "file", "bare", "none")


class Failed(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Failed(what)


# ---- what needs no container ----------------------------------------------------------------------------


def complete():
    """Every reason and option has its row; what needs something is tried, or it is said why not."""
    tried = {}
    for row in TRIES:
        expect(row["of"] in REASONS or row["of"] in OPTIONS, f"{row['of']}: no such reason or option")
        expect(row["run"] in RUNS, f"{row['of']}: run is '{row['run']}'")
        tried.setdefault(row["of"], []).append(row)
        if row["run"] == "file":
            name, _, test = row["command"].partition(": ")
            expect(f'@test "{test}"' in (HERE.parent / "explain" / name).read_text(),
                   f"{row['of']}: there is no test '{test}' in {name}")
        if row["run"] in ("bare", "none"):
            expect(row["why"] != "-", f"{row['of']}: not run, and no reason is given")
        if row["run"] in ("short", "long"):
            expect(row["command"] != "-" and row["passes"] != "-", f"{row['of']}: nothing to run or to see")
            if row["of"] in OPTIONS or REASONS[row["of"]]["need"] != "nothing":
                expect(row["refused"] != "-", f"{row['of']}: what is seen when it is refused?")
    missing = [of for of in [*REASONS, *OPTIONS] if of not in tried]
    expect(not missing, f"not in tried.tsv: {', '.join(missing)}")
    for of, reason in REASONS.items():
        real = any(row["run"] in ("short", "long", "file") for row in tried[of])
        expect(not real or reason["need"] == "nothing" or "measured" in reason["evidence"],
               f"{of}: tried, and its evidence does not say so")
        expect(real or "program measured" not in reason["evidence"],
               f"{of}: its evidence says 'program measured', and no program of it is run")


def leads_to(text, reason, surely=True):
    done = subprocess.run([CONFINED, "why", "--profile", "docker", "--as", "written", "--message", text],
                          capture_output=True, text=True)
    first = re.search(r"^\S.* \(([\w-]+)\): (?:likely|perhaps|this is its message)", done.stdout, re.M)
    expect(f"({reason}): this is its message" in done.stdout or
           (not surely and first and first[1] == reason), f"what it prints does not lead to {reason}: {text}\n{done.stdout}{done.stderr}")


def recorded_messages():
    files = sorted(MESSAGES.glob("*.txt"))
    expect(len(files) > 15, f"{len(files)} messages in {MESSAGES}")
    for file in files:
        of = file.name.split("~")[0]
        surely = not any(row["of"] == of and row["told"] == "first" for row in TRIES)
        leads_to(file.read_text(), of, surely)


# ---- programs that are built for it ------------------------------------------------------------------------

MPI = """#include <mpi.h>
#include <stdio.h>
static char buffer[4 << 20]; /* long enough for the receiver to read it out of the sender */
int main(int argc, char **argv)
{
        int rank;
        MPI_Init(&argc, &argv);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        if (rank == 0)
                MPI_Send(buffer, sizeof buffer, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
        else
                MPI_Recv(buffer, sizeof buffer, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rank == 1)
                puts("received");
        return MPI_Finalize();
}
"""
RUNTIME = "/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.{}-x86_64.a"


def compile_with(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{words[0]}: {done.stderr.strip().splitlines()[-1]}")


def sanitized(name, folder):
    """tsan-14, tsan-gcc, tsan-19, msan-19: an empty program. Of LLVM 19 it has the runtime alone, which is
    what asks for its address space."""
    kind, version = name.split("-")
    word = {"tsan": "thread", "msan": "memory"}[kind]
    source, out = folder / "empty.c", str(folder / name)
    source.write_text("int main(void)\n{\n        return 0;\n}\n")
    if version != "19":
        compile_with(need("gcc" if version == "gcc" else "clang", "clang"), f"-fsanitize={word}", "-o", out, str(source))
        return
    runtime = RUNTIME.format(kind)
    if not os.path.exists(runtime):
        raise CannotRun("there is no runtime of LLVM 19 (Debian's libclang-rt-19-dev)")
    compile_with(need("clang", "clang"), f"-fsanitize={word}", "-c", "-o", out + ".o", str(source))
    compile_with("clang", "-o", out, out + ".o", "-Wl,--whole-archive", runtime, "-Wl,--no-whole-archive",
                 "-Wl,--export-dynamic", "-lpthread", "-lrt", "-lm", "-ldl", "-lresolv")


def mpi(name, folder):
    source = folder / "mpi.c"
    source.write_text(MPI)
    compile_with(need("mpicc", "libopenmpi-dev"), "-o", str(folder / name), str(source))


def leaking(name, folder):
    source = folder / "leak.c"
    source.write_text("#include <stdlib.h>\nchar *kept;\nint main(void)\n{\n        kept = malloc(7);\n"
                      "        kept = NULL;\n        return 0;\n}\n")
    compile_with(need("clang", "clang"), "-fsanitize=leak", "-o", str(folder / name), str(source))


def plain(name, folder):
    source = folder / "plain.c"
    source.write_text("int main(void)\n{\n        return 0;\n}\n")
    compile_with("cc", "-g", "-o", str(folder / name), str(source))


def bundle(name, folder):
    """A bundle for a runtime inside: nothing but a busybox."""
    root = folder / name
    (root / "rootfs" / "bin").mkdir(parents=True)
    shutil.copy(need("busybox", "busybox-static"), root / "rootfs" / "bin")
    subprocess.run([need("runc", "runc"), "spec"], cwd=root, check=True)
    config = json.loads((root / "config.json").read_text())
    config["process"].update(terminal=False, args=["/bin/busybox", "true"])
    (root / "config.json").write_text(json.dumps(config))


BUILT = {"tsan-14": sanitized, "tsan-gcc": sanitized, "tsan-19": sanitized, "msan-19": sanitized,
         "mpi": mpi, "leak": leaking, "plain": plain, "bundle": bundle}


# ---- running ----------------------------------------------------------------------------------------------


class Bench:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="remedies.", dir="/tmp"))
        self.tools = self.folder / "t"
        self.tools.mkdir()
        self.machine = None
        self.tight = set()

    def start(self):
        if os.uname().machine != "x86_64":
            raise CannotRun("numbers of calls are those of x86_64")
        machine.PASSWD, machine.GROUP = machine.PASSWD + USERS, machine.GROUP + GROUPS
        self.machine = Machine()
        self.machine.image(self.fill)
        compile_with("cc", "-D_GNU_SOURCE", "-O1", "-static", "-no-pie", "-pthread", "-o",
                     str(self.tools / "probe"), str(HERE.parent / "explain" / "probe.c"))
        self.numbers = {row["call"]: row["x86_64"] for row in rows_of(TOP / "data" / "syscalls" / "numbers.tsv")}
        self.default = self.folder / "default.json"
        self.default.write_text(self.confined("profile", "default", "docker"))

    def end(self):
        if self.machine:
            self.machine.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(self, root):
        """The machine's own programs come by a mount of /usr: an image is nothing but the rest."""
        root.text("etc/chrony/chrony.conf", CHRONY)
        root.text("etc/krb5.conf", "[libdefaults]\n")
        for name in os.listdir("/etc/alternatives"):
            if os.path.islink(f"/etc/alternatives/{name}"):
                root.link(f"etc/alternatives/{name}", os.readlink(f"/etc/alternatives/{name}"))
        for name in ETC:
            if os.path.isdir(f"/etc/{name}"):
                root.tree(f"/etc/{name}")
            elif os.path.exists(f"/etc/{name}"):
                root.file(f"/etc/{name}")

    def confined(self, *words):
        done = subprocess.run([CONFINED, *words], capture_output=True, text=True)
        expect(done.returncode == 0, f"confined {' '.join(words)}: {done.stderr}")
        return done.stdout

    def extended(self, name, *words):
        file = self.folder / f"{name}.json"
        if not file.exists():
            self.confined("profile", "extend", "docker", *words, "-o", str(file))
        return file

    def command(self, profile, options, command):
        return ["docker", "run", "--rm", "--network", "none", "-v", "/usr:/usr:ro", "-v", f"{self.tools}:/t:ro",
                "-e", "HOME=/tmp", "--security-opt", f"seccomp={profile}", *options, IMAGE, "sh", "-c", command]

    def run(self, profile, options, command):
        """What it prints; no answer when the engine itself fails."""
        done = self.machine.docker(*self.command(profile, options, command)[1:], timeout=PATIENCE)
        expect(done.returncode != 125, done.stderr)
        return done.stdout + done.stderr + f"\nexit status {done.returncode}\n"

    def offered(self, row, profile, options):
        """What the program prints under `confined why`, which must tell of the option where it tells of the
        call: the process that makes it has a name of its own."""
        option = OPTIONS[row["of"]]
        said = self.folder / "why.json"
        with open(said, "w") as file:
            done = subprocess.run([CONFINED, "why", "--format", "json", "--",
                                   *self.command(profile, options, row["command"])], env=self.machine.env,
                                  stdout=file, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                  timeout=PATIENCE)
        expect(done.returncode in (0, 1), f"confined why: exit status {done.returncode}: {done.stderr}")
        calls = [call for call in json.loads(said.read_text())["calls"]
                 if call["call"].startswith(f"{option['call']}(")]
        expect(calls, f"confined why saw no {option['call']}: {done.stderr}")
        expect(all(any(way["option"] == option["option"] for way in call["ways"]) for call in calls),
               f"the option is not offered to {', '.join(call['program'] for call in calls)}")
        return done.stderr

    def still_refuses(self, profile, options):
        key = (str(profile), *options)
        if key not in self.tight:
            said = self.run(profile, options, f"/t/probe {self.numbers['kcmp']} self self 0 0 0")
            expect("EPERM" in said, f"kcmp is not refused with what the row says: {said}")
            self.tight.add(key)

    def prepare(self, row):
        for package in row["packages"].split():
            done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                                  capture_output=True, text=True)
            if done.stdout != "installed":
                raise CannotRun(f"Debian's {package} is not installed")
        for name, build in BUILT.items():
            if f"/t/{name}" in row["command"] and not (self.tools / name).exists():
                build(name, self.tools)

    def attempt(self, row, keep):
        self.prepare(row)
        reason, options = REASONS.get(row["of"]), row["options"].split() if row["options"] != "-" else []
        profile = self.default
        if row["profile"].startswith("docker-"):
            profile = self.folder / f"{row['profile']}.json"
            profile.write_text(self.confined("profile", "default", row["profile"]))
        elif row["profile"] != "-":
            profile = self.extended(re.sub(r"\W+", "-", row["of"]), *row["profile"].split())
        if row["refused"] != "-":
            if reason or not os.path.exists("/sys/kernel/btf/vmlinux"):
                said = self.run(profile, options, row["command"])
            else:
                said = self.offered(row, profile, options)
            expect(row["refused"] in said, f"it does not say '{row['refused']}' under the default: {said}")
            if row["told"] != "no":
                leads_to(said, row["of"], row["told"] == "yes")
                if keep:
                    count = len(list(MESSAGES.glob(f"{row['of']}~*.txt")))
                    (MESSAGES / f"{row['of']}~{count + 1}.txt").write_text(
                        said.rsplit("\nexit status", 1)[0].strip() + "\n")
        command = row["instead"] if row["instead"] != "-" else row["command"]
        if reason and reason["rules"]:
            profile = self.extended(row["of"], "--for", row["of"])
        elif reason and reason["need"] == "capability":
            for capability in reason["capabilities"].split():
                options += ["--cap-add", capability]
        elif reason:
            profile = self.default
        said = self.run(profile, options, command)
        word = row["passes"].lstrip("!")
        expect((word not in said) if row["passes"].startswith("!") else (word in said),
               f"with what the row says '{word}' is {'still there' if row['passes'][0] == '!' else 'not there'}: {said}")
        self.still_refuses(profile, options)


def table():
    """What was tried, as docs/remedies.md has it."""
    out = ["| reason or option | needs | run by | with, and what was seen; or why not |", "| --- | --- | --- | --- |"]
    words = {"short": "`make test`", "long": "`make test-remedies`", "file": "`make test`",
             "bare": "the call alone", "none": "–"}
    for of in [*REASONS, *OPTIONS]:
        for row in (r for r in TRIES if r["of"] == of):
            needs = REASONS[of]["need"] if of in REASONS else f"`{OPTIONS[of]['option']}`"
            what = row["why"] if row["why"] != "-" else ""
            if row["run"] == "file":
                what = f"{row['command']}{'; ' + what if what else ''}"
            elif row["run"] in ("short", "long"):
                what = f"{row['packages']}{': ' + what if what else ''}"
            out.append(f"| {of} | {needs} | {words[row['run']]} | {what.replace('|', chr(92) + '|')} |")
    return "\n".join(out) + "\n"


def documented():
    expect(table() in (TOP / "docs" / "remedies.md").read_text(),
           "docs/remedies.md has another table than `remedies.py --table` prints")


def main():
    arguments = sys.argv[1:]
    if "--table" in arguments:
        print(table(), end="")
        return 0
    keep = "--keep" in arguments
    wanted = [a for a in arguments if not a.startswith("--")]
    passed = failed = skipped = 0
    todo = [("every reason and option is tried, or it is said why not", complete),
            ("what was tried is documented", documented)]
    if not keep:
        todo.append(("what programs printed leads to its reason", recorded_messages))
    for name, check in todo:
        try:
            check()
            passed += 1
        except Failed as problem:
            print(f"FAIL {name}: {problem}")
            failed += 1
    tries = [row for row in TRIES if row["run"] == "short" or (row["run"] == "long" and LONG)]
    tries = [row for row in tries if not wanted or any(w in cell for w in wanted for cell in row.values())]
    if keep:
        for of in {row["of"] for row in tries}:
            for file in MESSAGES.glob(f"{of}~*.txt"):
                file.unlink()
    bench = Bench()
    try:
        bench.start()
        for row in tries:
            name = f"{row['of']} ({row['packages']})"
            try:
                bench.attempt(row, keep)
                passed += 1
                print(f"ok {name}")
            except CannotRun as why:
                skipped += 1
                print(f"SKIPPED {name}: {why}")
            except (Failed, subprocess.TimeoutExpired) as problem:
                failed += 1
                print(f"FAIL {name}: {problem}")
    except CannotRun as why:
        skipped += len(tries)
        print(f"SKIPPED {len(tries)} programs: {why}")
    finally:
        bench.end()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
