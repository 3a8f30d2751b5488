#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What convert makes of a text, against the filter that the format's own program loads for it: random
units, profiles and policies are given to systemd, LXC and minijail0, and the filters of the processes
that they start are read from the kernel and proved equal. Programs that are not there are skipped.

systemd runs as the first process of a namespace of its own, so nobody else's manager is asked.
CF_ORACLE_SEED=S starts from another seed, CF_ORACLE_TIMES=N tries N times as many.
"""
import contextlib
import ctypes
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CONFINED = os.environ["CONFINED"]
TOP = pathlib.Path(__file__).resolve().parent.parent.parent
TIMES = int(os.environ.get("CF_ORACLE_TIMES", "1"))
SEED = int(os.environ.get("CF_ORACLE_SEED", "1"))
SYSTEMD = "/lib/systemd/systemd"
PATIENCE = 20  # seconds until what was started must be there

# What starting and sleeping takes.
NEEDED = """access arch_prctl brk capget capset chdir clock_nanosleep close dup2 dup3 execve exit_group
    fadvise64 fcntl fstat futex getegid geteuid getgid getpid getppid getrandom getuid ioctl lseek mmap
    mprotect munmap nanosleep newfstatat openat prctl pread64 prlimit64 read restart_syscall rseq
    rt_sigaction rt_sigprocmask sendmsg set_robust_list set_tid_address setgid setgroups setsid setuid statfs uname
    write""".split()


def calls():
    rows = [line.split("\t") for line in (TOP / "data/syscalls/numbers.tsv").read_text().splitlines()
            if not line.startswith("#")]
    column = rows[0].index("x86_64")
    return [row[0] for row in rows[1:] if row[column] != "-" and row[0] not in NEEDED
            and row[0] not in ("uprobe", "uretprobe")  # newer than their numbers
            and int(row[column]) <= 435]  # what every libseccomp of today knows


CALLS = calls()
ERRORS = ["EPERM", "ENOSYS", "EACCES", "38", "1"]


def wait_for(what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    return None


def processes(*words):
    """Of this command line, by a process's last word."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if line[:len(words)] == list(words) and "Seccomp:\t2" in (folder / "status").read_text():
                found[line[-1]] = int(folder.name)
    return found


def check(pid, text, format):
    """None: the process's filters are what confined makes of the text; without a process, confined
    refuses it too."""
    raw = text.with_suffix(".bpf")
    made = subprocess.run([CONFINED, "profile", "convert", "--arch", "x86_64", "--from", format, text,
                           "--to", "raw", "--force", "-o", raw], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if pid is None:
        log = text.with_suffix(".log")
        return None if made.returncode == 2 else "no process of it is there: " + (
            log.read_text() if log.exists() else "")
    if made.returncode:
        return made.stdout
    done = subprocess.run([CONFINED, "prove", str(pid), "--against", raw], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode == 0 and "equal to" in done.stdout:
        return None
    different = [line for line in done.stdout.splitlines() if line.startswith(("    - ", "    + "))]
    return None if different and all(map(is_libseccomps, different)) else done.stdout


def is_libseccomps(line):
    """Whether libseccomp alone makes this difference: it passes over calls that are newer than it is,
    and looks at the lower halves of arguments alone on x32."""
    name = re.match(r"    [-+] (\w+)\(", line).group(1)
    return (ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name(name.encode()) == -1
            or line.endswith("    on x32"))


# ---- systemd ------------------------------------------------------------------------------------

SETS = """@clock @cpu-emulation @debug @keyring @module @mount @obsolete @raw-io @reboot @swap @aio @chown
    @memlock @timer""".split()


def unit(dice):
    word = lambda: dice.choice(SETS if dice.random() < 0.4 else CALLS)
    words = lambda most: [word() for _ in range(dice.randint(1, most))]
    error = lambda w: w + ":" + dice.choice(ERRORS + ["kill"]) if dice.random() < 0.3 else w
    lines = []
    if dice.random() < 0.5:
        lines.append("SystemCallFilter=~" + " ".join(map(error, words(8))))
        if dice.random() < 0.3:
            lines.append("SystemCallFilter=" + " ".join(words(3)))
    else:
        lines.append("SystemCallFilter=@system-service " + " ".join(words(8)))
        if dice.random() < 0.5:
            lines.append("SystemCallFilter=~" + " ".join(map(error, words(4))))
    if dice.random() < 0.2:
        lines.insert(0, "SystemCallFilter=~read write\nSystemCallFilter=")
    if dice.random() < 0.5:
        lines.append("SystemCallErrorNumber=" + dice.choice(ERRORS + ["kill"]))
    if dice.random() < 0.4:
        lines.append("SystemCallArchitectures=" + dice.choice(
            ["native", "native x86", "x86-64 x32", "native x86 x32"]))
    return "[Service]\n" + "\n".join(lines) + "\n"


def systemd(folder):
    if not os.path.exists(SYSTEMD):
        return f"{SYSTEMD} is not there (Debian: systemd)"
    dice, count, mark = random.Random(SEED), 40 * TIMES, str(os.getpid())
    units = folder / "units"
    units.mkdir()
    for i in range(count):
        (folder / f"u{i}.service").write_text(unit(dice))
        (units / f"u{i}.service").write_text(
            "[Unit]\nDefaultDependencies=no\n" + (folder / f"u{i}.service").read_text()
            + f"Type=exec\nExecStart=/bin/sleep 900 0.{mark}{i:04}\n")
    (units / "oracle.target").write_text("[Unit]\nDefaultDependencies=no\nWants="
                                         + " ".join(f"u{i}.service" for i in range(count)) + "\n")
    log = folder / "systemd.log"
    script = ("mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs tmpfs /run && "
              'mkdir -p /run/systemd/system && cp "$1"/* /run/systemd/system/ && '
              "exec env -i PATH=/usr/bin:/bin container=oracle SYSTEMD_UNIT_PATH=/run/systemd/system "
              f'{SYSTEMD} --system --unit=oracle.target --show-status=no --log-target=console')
    manager = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup",
         "sh", "-c", script, "sh", units], stdout=log.open("w"), stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL)
    names = [f"0.{mark}{i:04}" for i in range(count)]
    sleeping = lambda: {k: v for k, v in processes("/bin/sleep", "900").items() if k in names}
    try:
        # Some do not start: none more does when the number stays the same.
        numbers = []
        wait_for(lambda: numbers.append(len(sleeping())) or numbers[-1] == count
                 or (numbers[-1] and numbers[-20:] == [numbers[-1]] * 20) or manager.poll() is not None)
        live = sleeping()
        if not live:
            return "systemd does not start in a namespace here: " + log.read_text()[-300:]
        return results(live, names, folder, "u{}.service", "systemd")
    finally:
        manager.kill()  # unshare dies, and with it all that it started
        manager.wait()


def results(live, names, folder, pattern, format):
    """One a text: None when it is right."""
    found = []
    for i, name in enumerate(names):
        text = folder / pattern.format(i)
        wrong = check(live.get(name), text, format)
        found.append(wrong and f"{text.name}:\n{text.read_text()}{wrong}")
    return found


# ---- LXC ----------------------------------------------------------------------------------------

def lxc_profile(dice):
    number = lambda: dice.choice(["0", "1", "40", "0x7fffffff"])
    action = lambda: dice.choice(["errno 1", "errno 38", "trap", "kill"])
    lines = ["2"]
    if dice.random() < 0.5:
        lines.append("denylist")
        for name in dice.sample(CALLS, dice.randint(1, 12)):
            rule = f"{name} {action()}"
            if dice.random() < 0.5:
                compare = dice.choice(["SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_GT", "SCMP_CMP_LE"])
                rule += f" [{dice.randint(0, 5)},{number()},{compare}]"
            lines.append(rule)
    else:
        lines.append("allowlist " + dice.choice(["errno 1", "errno 38"]))
        lines += NEEDED + dice.sample(CALLS, 200)
    return "\n".join(lines) + "\n"


def lxc(folder):
    if not shutil.which("lxc-start") or not os.path.exists("/bin/busybox"):
        return "lxc-start or /bin/busybox is not there (Debian: lxc, busybox-static)"
    dice, found = random.Random(SEED), []
    root = folder / "root"
    for name in ("bin", "proc", "dev", "sys"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    os.mknod(root / "dev/null", 0o666 | 0o020000, os.makedev(1, 3))
    for i in range(6 * TIMES):
        text, name, mark = folder / f"l{i}.lxc", f"confined-oracle-{os.getpid()}-{i}", f"0.{os.getpid()}{i:04}"
        text.write_text(lxc_profile(dice))
        config = folder / f"l{i}.conf"
        config.write_text(f"lxc.seccomp.profile = {text}\nlxc.net.0.type = none\nlxc.uts.name = oracle\n"
                          f"lxc.rootfs.path = dir:{root}\nlxc.console.path = none\nlxc.tty.max = 0\n"
                          "lxc.pty.max = 1\nlxc.autodev = 0\n"
                          f"lxc.init.cmd = /bin/busybox sleep 900 {mark}\n")
        log = folder / f"l{i}.log"
        start = subprocess.Popen(["lxc-start", "-F", "-n", name, "-P", folder, "-f", config, "-o", log],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            pid = wait_for(lambda: processes("/bin/busybox", "sleep", "900").get(mark)
                           or (start.poll() is not None and -1))
            if pid in (None, -1):
                if not found:
                    return "LXC starts no container here: " + log.read_text()[-300:]
                found.append(f"{text.read_text()}no container: {log.read_text()[-300:]}")
            else:
                found += results({mark: pid}, [mark], folder, f"l{i}.lxc", "lxc")
        finally:
            subprocess.run(["lxc-stop", "-k", "-n", name, "-P", folder], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                start.wait(10)
            start.kill()
    return found


# ---- minijail -----------------------------------------------------------------------------------

def minijail_policy(dice):
    def number():
        return dice.choice(["0", "1", "017", "0x28", "0xffffffff", "0x100000000", "~0x7", "1|4",
                            "0xffffffffffffffff", "~(2|0x10)"])

    def atom():
        operator = dice.choice(["==", "!=", "<", "<=", ">", ">=", "&", "in"])
        return f"arg{dice.randint(0, 5)} {operator} {number()}"

    def answer():
        if dice.random() < 0.3:
            return dice.choice(["1", "return EPERM", "return 38", "return"])
        groups = [" && ".join(atom() for _ in range(dice.randint(1, 2)))
                  for _ in range(dice.randint(1, 2))]
        return " || ".join(groups) + dice.choice(["", "; return ENOSYS", "; return 13"])
    return "".join(f"{name}: 1\n" for name in NEEDED) + "".join(
        f"{name}: {answer()}\n" for name in dice.sample(CALLS, dice.randint(1, 30)))


def minijail(folder):
    program = os.environ.get("MINIJAIL0") or shutil.which("minijail0")
    if not program:
        return "minijail0 is not there (MINIJAIL0 may name one)"
    dice, started, names = random.Random(SEED), [], []
    try:
        for i in range(30 * TIMES):
            text, mark = folder / f"m{i}.minijail", f"0.{os.getpid()}{i:04}"
            text.write_text(minijail_policy(dice))
            names.append(mark)
            started.append(subprocess.Popen(
                [program, "--logging=stderr", "-n", "-T", "static", "-S", text, "--", "/bin/sleep", "901", mark],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=(folder / f"m{i}.log").open("w")))
        sleeping = lambda: {k: v for k, v in processes("/bin/sleep", "901").items() if k in names}
        wait_for(lambda: len(sleeping()) + sum(p.poll() is not None for p in started) >= len(names))
        return results(sleeping(), names, folder, "m{}.minijail", "minijail")
    finally:
        for pid in (v for k, v in processes("/bin/sleep", "901").items() if k in names):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def main():
    passed = failed = skipped = 0
    for oracle in (systemd, lxc, minijail):
        with tempfile.TemporaryDirectory(prefix="confined-oracle-") as name:
            found = "it takes root" if os.geteuid() else oracle(pathlib.Path(name))
        if isinstance(found, str):
            print(f"SKIPPED {oracle.__name__}: {found}")
            skipped += 1
            continue
        wrong = [one for one in found if one]
        print(f"{oracle.__name__}, seed {SEED}: {len(found)} filters, {len(wrong)} are something else")
        for one in wrong[:5]:
            print(one)
        passed += len(found) - len(wrong)
        failed += len(wrong)
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
