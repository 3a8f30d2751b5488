# SPDX-License-Identifier: Apache-2.0
"""How others list a container's calls, done on the same run as ours, and what really happened.

A runtime of our own stands in front of runc: it adds a prestart hook to the bundle, as the OCI
seccomp BPF hook is installed, and runs runc under strace. From that:

  strace  every name in the output of `strace -f` of the runtime and what it starts, which is how
          recorders on strace do it;
  hook    the method of containers/oci-seccomp-bpf-hook (its ebpf.go): from the hook on, calls in the
          mount namespace of the container's first process, once a prctl was seen there. Done with
          bpftrace. The hook takes numbers for those of 64-bit programs; so does this.
  truth   of the strace output, what threads called while the container's filter was on them:
          after the call that loads it, by that thread (its process, with TSYNC) and all that it
          starts.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]

WRAPPER = r"""#!/usr/bin/python3 -I
import json, os, sys
words = sys.argv[1:]
if "create" in words:
    bundle = words[words.index("--bundle") + 1] if "--bundle" in words else "."
    path = os.path.join(bundle, "config.json")
    with open(path) as file:
        config = json.load(file)
    config.setdefault("hooks", {}).setdefault("prestart", []).append({"path": "@HOOK@"})
    with open(path, "w") as file:
        json.dump(config, file)
    if os.path.exists("@TRACE@.wanted"):
        os.execv("@STRACE@", ["strace", "-DD", "-f", "-n", "-q", "-s", "0", "--decode-pids=pidns", "-o", "@TRACE@",
                              "@RUNC@"] + words)
os.execv("@RUNC@", ["runc"] + words)
"""
# Says to bpftrace which process it is, and to us.
HOOK = r"""#!/usr/bin/python3 -I
import json, os, sys
pid = json.load(sys.stdin)["pid"]
with open("@TRACE@.pid", "w") as file:
    file.write(str(pid))
os.kill(pid, 0)
"""
BPFTRACE = r"""
tracepoint:syscalls:sys_enter_kill /args->sig == 0/ { @asked[(uint64)args->pid] = 1; }
tracepoint:raw_syscalls:sys_enter {
        $ns = (uint64)((struct task_struct *)curtask)->nsproxy->mnt_ns;
        $tid = (uint64)tid;
        if (@asked[$tid] == 1) { @asked[$tid] = 0; @of[$ns] = $tid; @on[$ns] = 0; @ns[$tid] = $ns; }
        if (@of[$ns] != 0) {
                if (@on[$ns] == 1) { @calls[@of[$ns], (uint64)args->id] = count(); }
                else { if (args->id == 157) { @on[$ns] = 1; } }
        }
}
tracepoint:sched:sched_process_exit {
        $tid = (uint64)tid;
        if (@ns[$tid] != 0) { @of[@ns[$tid]] = 0; @ns[$tid] = 0; }
}
interval:ms:500 { print(@calls); }
"""


def numbers():
    """(architecture, number) → name, of data/syscalls/numbers.tsv."""
    table, names = {}, None
    for line in (TOP / "data/syscalls/numbers.tsv").read_text().splitlines():
        cells = line.split("\t")
        if line.startswith("#") or not line:
            continue
        if names is None:
            names = cells
            continue
        for column in ("x86_64", "i386"):
            number = cells[names.index(column)]
            if number != "-":
                table[column, int(number)] = cells[0]
    return table


NUMBERS = numbers()


class Peers:
    """`folder` holds the runtime (`runtime`) and what it leaves."""

    def __init__(self, folder, runc):
        self.folder = pathlib.Path(folder)
        self.trace = self.folder / "trace"
        self.runtime = self.folder / "runtime"
        hook = self.folder / "hook"
        for path, text in ((self.runtime, WRAPPER), (hook, HOOK)):
            for word, value in (("@HOOK@", hook), ("@TRACE@", self.trace), ("@RUNC@", runc),
                                ("@STRACE@", shutil.which("strace"))):
                text = text.replace(word, str(value))
            path.write_text(text)
            path.chmod(0o755)
        self.bpftrace = None
        self.output = self.folder / "bpftrace"

    def watch(self):
        """From here on the hook counts. Without bpftrace there is no such column."""
        if not shutil.which("bpftrace"):
            return False
        with open(self.output, "wb") as output, open(f"{self.output}.errors", "wb") as errors:
            self.bpftrace = subprocess.Popen(
                ["bpftrace", "-f", "json", "-e", BPFTRACE], stdout=output, stderr=errors,
                stdin=subprocess.DEVNULL, env={**os.environ, "BPFTRACE_MAP_KEYS_MAX": "65536"})
        for _ in range(200):
            if b"attached_probes" in self.output.read_bytes():
                return True
            if self.bpftrace.poll() is not None:
                break
            time.sleep(0.05)
        self.end()
        return False

    def end(self):
        if self.bpftrace and self.bpftrace.poll() is None:
            self.bpftrace.send_signal(signal.SIGINT)
            try:
                self.bpftrace.wait(10)
            except subprocess.TimeoutExpired:
                self.bpftrace.kill()
                self.bpftrace.wait()
        self.bpftrace = None

    def prepare(self, trace=True):
        """For the next container; without a trace it starts as fast as it does elsewhere."""
        for name in ("trace", "trace.pid", "trace.wanted"):
            self.folder.joinpath(name).unlink(missing_ok=True)
        if trace:
            self.folder.joinpath("trace.wanted").touch()

    def is_tracing(self):
        """Whether strace still writes."""
        for fds in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                if fds.read_text() == "strace\n" and \
                        str(self.trace).encode() in (fds.parent / "cmdline").read_bytes():
                    return True
            except OSError:
                pass
        return False

    def hooked(self):
        """Names of the hook, of the last container; None: bpftrace does not run here."""
        if not self.bpftrace:
            return None
        pid = int((self.folder / "trace.pid").read_text())
        time.sleep(1.1) # it prints twice a second
        calls = {}
        for line in self.output.read_text(errors="replace").splitlines():
            if '"map"' in line and "@calls" in line:
                try:
                    calls = json.loads(line)["data"]["@calls"]
                except ValueError:
                    continue # half of a line
        found = {int(key.split(",")[1]) for key in calls if int(key.split(",")[0]) == pid}
        return {NUMBERS.get(("x86_64", number), str(number)) for number in found}


LINE = re.compile(r"^(\d+) +(?:\[ *(\d+)\] )?(.*)$")
BEGUN = re.compile(r"^([a-z_0-9]+|syscall_0x[0-9a-f]+)\((.*)$", re.S)
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.S)
RESULT = re.compile(r"= (-?\d+|\?|0x[0-9a-f]+)(?: .*)?$")
CHILD = re.compile(r"= \d+ /\* (\d+) in strace's PID NS \*/$")


def name_of(number, said):
    """strace tells the number as it is and the name as it means it: of i386's socketcall and ipc it
    prints what they do. A name that is not the number's on x86_64 is that of a 32-bit call."""
    if number is None or NUMBERS.get(("x86_64", int(number))) == said:
        return said
    return NUMBERS.get(("i386", int(number)), said)


class Truth:
    """What a trace says: `everything` the names of all calls, `filtered` of those made under the
    filter of the container (how often each), `filters` how many loads of filters were seen."""

    def __init__(self, path):
        self.everything, self.filtered, self.filters = set(), {}, 0
        self.origin, self.open = {}, {}
        self.since, self.group_since = {}, {}
        lines = pathlib.Path(path).read_text(errors="replace").splitlines()
        # A child may be seen before its parent's clone returns, so children come first.
        for handle in (self.note_child, self.note_call):
            self.open.clear()
            for at, line in enumerate(lines):
                self.line(at, line, handle)

    def line(self, at, line, handle):
        match = LINE.match(line)
        if not match:
            return
        tid, number, text = int(match[1]), match[2], match[3]
        resumed, begun = RESUMED.match(text), BEGUN.match(text)
        if resumed:
            started, name, arguments = self.open.pop(tid, (at, resumed[1], ""))
            handle(started, at, tid, name, arguments + resumed[2])
        elif begun:
            name = name_of(number, begun[1])
            if text.endswith("<unfinished ...>"):
                self.open[tid] = (at, name, begun[2])
                if handle == self.note_call:
                    self.count(at, tid, name)
            else:
                if handle == self.note_call:
                    self.count(at, tid, name)
                handle(at, at, tid, name, begun[2])

    def note_child(self, started, _ended, tid, name, text):
        value = CHILD.search(text) or RESULT.search(text)
        if name in ("clone", "clone3", "fork", "vfork") and value and value[1].isdigit():
            self.origin.setdefault(int(value[1]), (tid, "CLONE_THREAD" in text, started))

    def group(self, tid):
        while tid in self.origin and self.origin[tid][1]:
            tid = self.origin[tid][0]
        return tid

    def under(self, at, tid):
        """Whether the filter was on the thread at that line: its own, its process's, or that of
        the thread which made it, at that time."""
        while True:
            if self.since.get(tid, at) < at or self.group_since.get(self.group(tid), at) < at:
                return True
            if tid not in self.origin:
                return False
            tid, _, at = self.origin[tid]

    def count(self, at, tid, name):
        self.everything.add(name)
        if self.under(at, tid):
            self.filtered[name] = self.filtered.get(name, 0) + 1

    def note_call(self, started, ended, tid, name, text):
        value = RESULT.search(text)
        loads = name == "seccomp" and "SECCOMP_SET_MODE_FILTER" in text or \
            name == "prctl" and "PR_SET_SECCOMP" in text
        if loads and value and value[1] == "0" and not self.under(started, tid):
            self.filters += 1
            if "FILTER_FLAG_TSYNC" in text:
                self.group_since[self.group(tid)] = ended
            else:
                self.since[tid] = ended
