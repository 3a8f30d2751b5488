# SPDX-License-Identifier: Apache-2.0
"""The programs, what their container needs, and the load that they are put under."""
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

from machine import IMAGE, CannotRun, compiled, need, newest

HERE = pathlib.Path(__file__).resolve().parent
LONG = os.environ.get("CONFINED_PROGRAMS", "") == "long"

REDIS_CONF = """bind 127.0.0.1
dir /tmp
appendonly yes
save ""
"""
NGINX_CONF = """worker_processes 2;
error_log stderr;
pid /tmp/nginx.pid;
events { worker_connections 256; }
http {
        access_log /tmp/access.log;
        client_body_temp_path /tmp/body;
        proxy_temp_path /tmp/proxy;
        fastcgi_temp_path /tmp/fastcgi;
        uwsgi_temp_path /tmp/uwsgi;
        scgi_temp_path /tmp/scgi;
        sendfile on;
        server { listen 127.0.0.1:%d; location / { root /srv; autoindex on; gzip on; gzip_types *; } }
}
"""


class Workload:
    """One program. `command`: what runs in the container; `options`: docker's besides; `until`: with
    a server, called with the container's name whenever one is up, puts it under load and ends it."""

    refused = () # calls of it that Docker's default refuses
    options = ()
    status = 0

    def __init__(self, tools):
        self.tools = tools

    def fill(self, root):
        """Its files."""

    def inside(self, seccomp=None, name=None, detach=False, runtime=None):
        words = ["docker", "run", *(["-d"] if detach else ["--rm"]), "--network", "host"]
        if name:
            words += ["--name", name]
        if runtime:
            words += ["--runtime", runtime]
        if seccomp:
            words += ["--security-opt", f"seccomp={seccomp}"]
        return words + [*self.options, IMAGE, *self.command]


class Server(Workload):
    """Listens on `port`; ended by `signal`."""
    signal = "TERM"

    def __init__(self, tools):
        super().__init__(tools)
        # Below those that the kernel gives to clients: one that asks again and again whether
        # somebody listens there would meet itself at last.
        for self.port in random.sample(range(20000, 32000), 100):
            with socket.socket() as one:
                try:
                    one.bind(("127.0.0.1", self.port))
                    return
                except OSError:
                    continue
        raise CannotRun("no port is free")

    def is_up(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def load(self):
        """Raises when the server does not do its work."""
        raise NotImplementedError


def check(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, **more)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: exit status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Redis(Server):
    name = "redis-server"
    light = False # neither forks nor files

    def fill(self, root):
        root.program(need("redis-server", "redis-server"))
        need("redis-benchmark", "redis-tools")
        root.text("etc/redis.conf", REDIS_CONF)

    @property
    def command(self):
        return ["/usr/bin/redis-server", "/etc/redis.conf", "--port", str(self.port)]

    def load(self):
        port = ["-p", str(self.port)]
        if self.light:
            check("redis-cli", *port, "set", "a", "b")
            return
        check("redis-benchmark", *port, "-q", "-n", "200000" if LONG else "1000", "-P", "4")
        check("redis-cli", *port, "bgsave")
        check("redis-cli", *port, "bgrewriteaof")
        for _ in range(100):
            said = check("redis-cli", *port, "info", "persistence")
            if all(f"{work}:0" in said for work in ("rdb_bgsave_in_progress", "aof_rewrite_in_progress",
                                                    "aof_rewrite_scheduled")):
                break
            time.sleep(0.05)


class Nginx(Server):
    name = "nginx"
    signal = "QUIT"

    def fill(self, root):
        root.program(need("nginx", "nginx-light"))
        need("wrk", "wrk")
        root.text("etc/nginx.conf", NGINX_CONF % self.port)
        root.text("srv/page.html", "<html>" + "words " * 5000)
        root.text("srv/small", "words")

    command = ["/usr/sbin/nginx", "-c", "/etc/nginx.conf", "-g", "daemon off;"]

    def load(self):
        url = f"http://127.0.0.1:{self.port}/"
        said = check("wrk", "-t", "2", "-c", "32", "-d", "20s" if LONG else "1s", url + "page.html")
        if "requests in" not in said or "Socket errors" in said or "Non-2xx" in said:
            raise RuntimeError(said)
        for path, more in (("", []), ("small", []), ("page.html", ["-H", "Accept-Encoding: gzip"]),
                           ("page.html", ["-r", "5-100"]), ("page.html", ["-I"])):
            check("curl", "-sSf", "-o", "/dev/null", *more, url + path)
        subprocess.run(["curl", "-s", url + "none"], capture_output=True)


class Postgres(Server):
    name = "PostgreSQL"
    signal = "INT"
    options = ("--user", "70:70", "--env", "LC_ALL=C")

    def fill(self, root):
        self.bin = newest("/usr/lib/postgresql/*/bin")
        if not self.bin or not os.path.exists(f"{self.bin}/postgres"):
            raise CannotRun("postgres is not installed (Debian's postgresql-15)")
        version = self.bin.split("/")[-2]
        for program in ("postgres", "initdb"):
            root.program(f"{self.bin}/{program}")
        root.tree(f"/usr/lib/postgresql/{version}/lib", leave=("bitcode", "pgxs"))
        root.tree(f"/usr/share/postgresql/{version}", leave=("man", "extension"))
        for extension in ("plpgsql.control", "plpgsql--1.0.sql"):
            root.file(f"/usr/share/postgresql/{version}/extension/{extension}")
        root.tree("/usr/share/zoneinfo", leave=("right", "posix"))

    @property
    def command(self):
        return ["/usr/bin/busybox", "sh", "-c",
                f"{self.bin}/initdb -A trust -D /tmp/data >/dev/null && exec {self.bin}/postgres -D /tmp/data "
                f"-c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp -p {self.port} "
                "-c log_min_messages=fatal"]

    def load(self):
        at = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        for _ in range(100):
            if subprocess.run([f"{self.bin}/pg_isready", *at], capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        check(f"{self.bin}/pgbench", *at, "-i", "-s", "10" if LONG else "1", "-q", "postgres")
        check(f"{self.bin}/pgbench", *at, "-c", "4", "-j", "2", "-T", "20" if LONG else "1", "postgres")
        check(f"{self.bin}/psql", *at, "-c", "vacuum full analyze", "-c", "checkpoint", "postgres")


class Python(Workload):
    name = "Python"
    command = ["/usr/bin/python3", "/srv/work.py"]

    def fill(self, root):
        if not os.path.exists("/usr/bin/python3"):
            raise CannotRun("/usr/bin/python3 is not there (Debian's python3)")
        root.program(os.path.realpath("/usr/bin/python3"))
        root.file("/usr/bin/python3")
        folder = check("/usr/bin/python3", "-c", "import os; print(os.path.dirname(os.__file__))").strip()
        root.tree(folder, leave=("__pycache__", "test", "tests", "idlelib", "tkinter", "ensurepip",
                                 "lib2to3", "dist-packages", "site-packages", "distutils"))
        root.text("srv/work.py", (HERE / "src/work.py").read_text())


class Node(Workload):
    name = "node"
    command = ["/usr/bin/node", "/srv/work.js"]

    def fill(self, root):
        root.program(os.path.realpath(need("node", "nodejs")), "usr/bin/node")
        for part in ("acorn", "cjs-module-lexer", "undici"):
            root.tree(f"/usr/share/nodejs/{part}")
        if os.path.isdir("/usr/share/nodejs"):
            root.file("/etc/ssl/openssl.cnf")
        root.text("srv/work.js", (HERE / "src/work.js").read_text())


class Shell(Workload):
    name = "busybox sh"
    command = ["/bin/sh", "/srv/work.sh"]

    def fill(self, root):
        applets = "awk cat chmod cp cut date dd df echo find grep gunzip gzip id ln ls md5sum mkdir mv " \
                  "rm sed sh sleep sort tar true wc xargs"
        for applet in applets.split():
            if f"usr/bin/{applet}" not in root.there:
                root.link(f"usr/bin/{applet}", "busybox")
        root.text("srv/work.sh", (HERE / "src/work.sh").read_text())


class Storm(Workload):
    name = "forks and threads"
    command = ["/srv/storm", "20000" if LONG else "128", "8"]

    def fill(self, root):
        root.program(str(compiled(HERE / "src/storm.c", self.tools)), "srv/storm")


class Narrow(Workload):
    name = "a 32-bit program"
    command = ["/srv/narrow"]

    def fill(self, root):
        root.program(str(compiled(HERE / "src/narrow.c", self.tools, "-m32", "-idirafter",
                                  f"/usr/include/{os.uname().machine}-linux-gnu")), "srv/narrow")


class Gate(Workload):
    name = "int 0x80"
    command = ["/srv/gate"]

    def fill(self, root):
        root.program(str(compiled(HERE / "src/gate.c", self.tools)), "srv/gate")


class Refused(Workload):
    name = "io_uring, keyctl, …"
    command = ["/srv/refused"]
    refused = ("io_uring_enter", "io_uring_setup", "keyctl", "personality", "unshare")

    def fill(self, root):
        try:
            if pathlib.Path("/proc/sys/kernel/io_uring_disabled").read_text().strip() == "2":
                raise CannotRun("io_uring is switched off here (kernel.io_uring_disabled)")
        except FileNotFoundError:
            pass
        root.program(str(compiled(HERE / "src/refused.c", self.tools)), "srv/refused")


class Go(Workload):
    name = "docker, a Go program"
    command = ["/srv/docker", "version"]

    def fill(self, root):
        root.program(os.path.realpath(need("docker", "docker.io")), "srv/docker")

    @property
    def options(self):
        return ("--volume", f"{self.socket}:/var/run/docker.sock")


class Chance(Workload):
    """chance.c; of no row of its own."""
    what, now = "thread", False

    @property
    def command(self):
        return ["/srv/chance", self.what, *(["now"] if self.now else [])]


ALL = [Redis, Nginx, Postgres, Python, Node, Shell, Storm, Narrow, Gate, Refused, Go]


def common(root, tools):
    """What every container has: busybox, the probe, and the program of Chance."""
    root.program(need("busybox", "busybox-static"), "usr/bin/busybox")
    root.link("usr/bin/sh", "busybox")
    root.program(str(compiled(HERE / "src/one.c", tools, "-nostdlib")), "srv/one")
    root.program(str(compiled(HERE / "src/chance.c", tools)), "srv/chance")
    if not shutil.which("curl"):
        raise CannotRun("curl is not installed (Debian's curl)")
