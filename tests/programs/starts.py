# SPDX-License-Identifier: Apache-2.0
"""Starts of one small container by the runtimes themselves, without an engine: quick, so that there
can be hundreds, while as many processes as there are processors do nothing else than run."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

from machine import need

# As Docker has them.
CAPABILITIES = ["CAP_" + name for name in
                "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP "
                "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split()]
# crun refuses some machines' control groups; it needs none for this.
CRUN = r"""#!/bin/sh
exec unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh @CRUN@ --cgroup-manager=disabled "$@"
"""


def crun_runtime(folder):
    """A program that starts crun as it runs everywhere."""
    path = pathlib.Path(folder) / "crun-runtime"
    path.write_text(CRUN.replace("@CRUN@", need("crun", "crun")))
    path.chmod(0o755)
    return str(path)


@contextlib.contextmanager
def load():
    """No processor is idle."""
    busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def without(profile, name):
    """A written profile that lets one call less through."""
    for entry in profile["syscalls"]:
        if entry["action"] == "SCMP_ACT_ALLOW":
            entry["names"] = [n for n in entry["names"] if n != name]
    profile["syscalls"] = [entry for entry in profile["syscalls"] if entry["names"]]
    return profile


class Starts:
    """`runtime`: the program; `program`: what the container runs, a static one."""

    def __init__(self, folder, runtime, program):
        self.runtime = runtime
        self.bundle = pathlib.Path(folder) / "bundle"
        self.state = pathlib.Path(folder) / "state"
        self.error = pathlib.Path(folder) / "error"
        shutil.rmtree(self.bundle, ignore_errors=True)
        for name in ("dev", "proc", "sys"):
            (self.bundle / "rootfs" / name).mkdir(parents=True)
        shutil.copy(program, self.bundle / "rootfs/program")
        subprocess.run([need("runc", "runc"), "spec"], cwd=self.bundle, check=True)
        self.count = 0

    def configure(self, profile, labels=0):
        """`labels`: how much more there is for the runtime to read, so that it allocates more."""
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        process = config["process"]
        process.update(terminal=False, args=["/program"], noNewPrivileges=False,
                       capabilities={key: CAPABILITIES for key in ("bounding", "effective", "permitted")})
        config["linux"]["seccomp"] = profile
        config["annotations"] = {f"label{i}": "x" * 20 for i in range(labels)}
        path.write_text(json.dumps(config))

    def act(self, *words):
        """Its exit status; 124: it hangs."""
        with open(self.error, "wb") as error: # no pipe: the container keeps it
            try:
                return subprocess.run([self.runtime, "--root", str(self.state), *words], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=error, timeout=20).returncode
            except subprocess.TimeoutExpired:
                return 124

    def start(self):
        """Whether it ran to its end."""
        self.count += 1
        name = f"start{self.count}"
        if self.act("run", "--bundle", str(self.bundle), name) == 0:
            return True
        self.act("delete", "--force", name)
        return False

    def preempted(self):
        """Whether it runs when the runtime's thread is sent, under the filter, what Go's runtime
        sends to threads that run for long."""
        self.count += 1
        name, pid = f"start{self.count}", self.bundle / "pid"
        status = self.act("create", "--bundle", str(self.bundle), "--pid-file", str(pid), name)
        if status == 0:
            os.kill(int(pid.read_text()), signal.SIGURG)
            status = self.act("start", name)
        self.act("delete", "--force", name)
        return status == 0

    def failures(self, times, profile, labels=None):
        """How many of so many starts failed; `labels(i)` for the i-th."""
        self.configure(profile)
        failed = 0
        for i in range(times):
            if labels:
                self.configure(profile, labels(i))
            failed += not self.start()
        return failed
