# SPDX-License-Identifier: Apache-2.0
"""A private dockerd, and an image of this machine's own programs: their binaries, what these are
linked with, their data. Nothing is fetched. Everything is ended by its process id, unmounted and
removed by Machine.end."""
import glob
import io
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
import time

IMAGE = "programs:1"
PASSWD = "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\n" \
         "nobody:x:65534:65534::/:/bin/sh\n"
GROUP = "root:x:0:\nwww-data:x:33:\npostgres:x:70:\nnogroup:x:65534:\n"


class CannotRun(Exception):
    """Why something is skipped."""


class Root:
    """A root file system as a tar, put together from files of this machine."""

    def __init__(self, file):
        self.tar = tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT)
        self.there = set()
        for folder, mode in (("proc", 0o755), ("sys", 0o755), ("dev", 0o755), ("etc", 0o755),
                             ("tmp", 0o1777), ("run", 0o777), ("usr/bin", 0o755), ("var/tmp", 0o1777),
                             ("srv", 0o777)):
            self.folder(folder, mode)
        for name in ("bin", "sbin", "lib", "lib64"):
            if os.path.islink("/" + name):
                self.file("/" + name)
        self.text("etc/passwd", PASSWD)
        self.text("etc/group", GROUP)
        self.text("etc/hosts", "127.0.0.1 localhost\n")
        self.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")

    def member(self, name, kind, mode):
        info = tarfile.TarInfo(name)
        info.type, info.mode = kind, mode
        return info

    def folder(self, name, mode):
        parent = os.path.dirname(name)
        if parent and parent not in self.there:
            self.folder(parent, 0o755)
        self.there.add(name)
        self.tar.addfile(self.member(name, tarfile.DIRTYPE, mode))

    def text(self, name, text, mode=0o644):
        data = text.encode()
        info = self.member(name, tarfile.REGTYPE, mode)
        info.size = len(data)
        self.there.add(name)
        self.tar.addfile(info, io.BytesIO(data))

    def file(self, path, name=None):
        """A file or link, and what the link leads to; folders on the way as they are here."""
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        name = name or path.lstrip("/")
        if name in self.there:
            return
        parent = os.path.dirname(name)
        if parent and parent not in self.there:
            self.folder(parent, 0o755)
        self.there.add(name)
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            link = self.member(name, tarfile.SYMTYPE, 0o777)
            link.linkname = os.readlink(path)
            self.tar.addfile(link)
            if not os.path.isdir(path):
                self.file(os.path.join(os.path.dirname(path), link.linkname))
        elif stat.S_ISREG(found.st_mode):
            info = self.member(name, tarfile.REGTYPE, stat.S_IMODE(found.st_mode) & 0o755)
            info.size = found.st_size
            with open(path, "rb") as file:
                self.tar.addfile(info, file)

    def link(self, name, to):
        self.there.add(name)
        info = self.member(name, tarfile.SYMTYPE, 0o777)
        info.linkname = to
        self.tar.addfile(info)

    def program(self, path, name=None):
        """A program or library, and what it is linked with."""
        self.file(path, name)
        done = subprocess.run(["ldd", path], capture_output=True, text=True)
        for library in re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout):
            self.file(library)

    def tree(self, folder, leave=()):
        for at, folders, files in os.walk(folder):
            folders[:] = [f for f in folders if f not in leave]
            for name in files:
                path = os.path.join(at, name)
                if os.path.exists(path):
                    self.file(path)
                if ".so" in name and not os.path.islink(path):
                    self.program(path)


def newest(pattern):
    found = sorted(glob.glob(pattern), key=lambda p: [int(n) for n in re.findall(r"\d+", p)])
    return found[-1] if found else None


def need(program, package):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise CannotRun(f"{program} is not installed (Debian's {package})")
    return path


def compiled(source, folder, *flags):
    """A static program of ours."""
    path = pathlib.Path(folder) / source.stem
    done = subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-static", "-pthread", *flags, "-o", str(path),
                           str(source)], capture_output=True, text=True)
    if done.returncode:
        raise CannotRun(f"{source.name} cannot be built: {done.stderr.strip().splitlines()[-1]}")
    return path


class Machine:
    """A dockerd of our own. `runtimes`: name → program."""

    def __init__(self, runtimes=None):
        if os.geteuid() != 0:
            raise CannotRun("needs root: a real engine starts containers")
        self.folder = tempfile.mkdtemp(prefix="p.", dir="/tmp")
        self.socket = f"{self.folder}/docker.sock"
        self.log = f"{self.folder}/log"
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{self.socket}",
                    "DOCKER_CONFIG": f"{self.folder}/client"}
        for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            self.env.pop(name, None)
        self.daemon = None
        need("dockerd", "docker.io")
        need("docker", "docker.io")
        for driver in ("overlay2", "vfs"):
            if self.start(driver, runtimes or {}):
                return
        why = pathlib.Path(self.log).read_text(errors="replace").strip().splitlines()[-1:]
        self.end()
        raise CannotRun(f"dockerd does not run here: {''.join(why)}")

    def start(self, driver, runtimes):
        pathlib.Path(self.folder, "none.json").write_text("{}")
        command = ["dockerd", "--host", f"unix://{self.socket}", "--data-root", f"{self.folder}/data",
                   "--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid",
                   "--config-file", f"{self.folder}/none.json", "--bridge=none", "--iptables=false",
                   "--ip6tables=false", "--storage-driver", driver, "--shutdown-timeout", "2"]
        command += [f"--add-runtime={name}={path}" for name, path in runtimes.items()]
        with open(self.log, "wb") as log:
            self.daemon = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(150):
            if self.docker("version").returncode == 0:
                return True
            if self.daemon.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def docker(self, *words, **more):
        return subprocess.run(["docker", *words], env=self.env, text=True, capture_output=True,
                              stdin=more.pop("stdin", subprocess.DEVNULL), **more)

    def image(self, fill):
        """fill(root) puts files in; the image is IMAGE."""
        with tempfile.TemporaryFile(dir=self.folder) as file:
            root = Root(file)
            fill(root)
            root.tar.close()
            file.seek(0)
            done = self.docker("import", "-", IMAGE, stdin=file)
        if done.returncode:
            raise CannotRun(f"docker import: {done.stderr.strip()}")

    def pid_of(self, name):
        done = self.docker("inspect", "--format", "{{ .State.Pid }}", name)
        return int(done.stdout) if done.returncode == 0 else 0

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            running = self.docker("ps", "-aq").stdout.split()
            if running:
                self.docker("rm", "-f", *running)
            self.daemon.terminate()
            try:
                self.daemon.wait(15)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        self.end_leftovers()
        for line in reversed(open("/proc/mounts", encoding="utf-8").read().splitlines()):
            if line.split()[1].startswith(self.folder + "/"):
                subprocess.run(["umount", "-l", line.split()[1]], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def end_leftovers(self):
        """What a killed daemon leaves (containerd, shims) has a folder of ours in its command."""
        for pid in (int(p) for p in os.listdir("/proc") if p.isdigit()):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if pid != os.getpid() and (self.folder + "/").encode() in words:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
