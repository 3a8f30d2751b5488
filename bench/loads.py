# SPDX-License-Identifier: Apache-2.0
"""Loads that tell themselves how fast they were, for what is measured under a watcher: so neither
the start nor the end of the watching program counts."""
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from measure import row, say

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}

class Watcher:
    """words: in front of a command (or, `beside`, started before it, and ended). A slow one is given
    less to do, and fewer turns. quoted: the command is one word, behind these."""

    def __init__(self, name, words, beside=False, slow=False, target="", quoted=None):
        self.name, self.words, self.beside, self.slow = name, words, beside, slow
        self.target, self.quoted = target, quoted

    def usable(self):
        return not self.words or shutil.which(self.words[0])

    def command(self, command):
        if self.beside:
            return command
        if self.quoted is None:
            return self.words + command
        return self.words + [" ".join(self.quoted + command)]

    @contextlib.contextmanager
    def watching(self, pid=None):
        """What is beside a load: {pid} in its words is the process that is watched."""
        if not self.beside:
            yield
            return
        words = [word.replace("{pid}", str(pid)) for word in self.words]
        process = subprocess.Popen(words, **QUIET)
        time.sleep(1.5) # until it watches
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def storm(watcher):
    """Calls in a second: a byte at a time."""
    times = 4000 if watcher.slow else 400000
    command = watcher.command([shutil.which("dd"), "if=/dev/zero", "of=/dev/null", "bs=1",
                               "count=%d" % times])
    with watcher.watching(os.getpid()):
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
    seconds = re.search(r"copied, ([0-9.e-]+) s", done.stderr)
    return 2 * times / float(seconds[1]) if seconds else None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def server(words, port):
    """Runs until the load is over; then the server itself is ended, and the watcher ends with it."""
    process = subprocess.Popen(words, **QUIET)
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        yield process
    finally:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()


def redis(watcher):
    """Requests in a second of redis-server under its own benchmark."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = os.path.join(folder, "redis.conf")
        with open(settings, "w", encoding="ascii") as file:
            file.write('port %d\nbind 127.0.0.1\nsave ""\ndir %s\n' % (port, folder))
        with server(watcher.command([shutil.which("redis-server"), settings]), port) as process:
            with watcher.watching(process.pid):
                done = subprocess.run(["redis-benchmark", "-p", str(port), "-q", "-t", "get", "--csv",
                                       "-n", "1000" if watcher.slow else "40000"],
                                      capture_output=True, text=True)
            subprocess.run(["redis-cli", "-p", str(port), "shutdown", "nosave"], capture_output=True)
    rate = re.search(r'"GET","([0-9.]+)"', done.stdout)
    return float(rate[1]) if rate else None


NGINX = """daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
events {{ }}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; }} }} }}
"""


def nginx(watcher):
    """Requests in a second of nginx, one small file, under wrk."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        settings = os.path.join(folder, "nginx.conf")
        with open(settings, "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=folder, port=port))
        with open(os.path.join(folder, "index.html"), "w", encoding="ascii") as file:
            file.write("x" * 612)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        with server(watcher.command([program, "-c", settings]), port) as process:
            with watcher.watching(process.pid):
                done = subprocess.run(["wrk", "-t", "1", "-c", "20", "-d", "1s",
                                       "http://127.0.0.1:%d/index.html" % port],
                                      capture_output=True, text=True)
            with contextlib.suppress(OSError, ValueError), \
                    open(os.path.join(folder, "pid"), encoding="ascii") as file:
                os.kill(int(file.read()), 15)
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout)
    return float(rate[1]) if rate else None


def loads():
    """Those that can be run here: name, function."""
    found = [("a storm of calls", storm)]
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        found.append(("redis-server", redis))
    if shutil.which("wrk") and (shutil.which("nginx") or os.access("/usr/sbin/nginx", os.X_OK)):
        found.append(("nginx", nginx))
    return found


def compare(what, measure, watchers, target, turns, alone=Watcher("alone", [])):
    """By turns, so that whatever else the machine does meets all of them; each is compared with the
    runs alone on both sides of it."""
    ratios = {watcher.name: [] for watcher in watchers}
    rates = {watcher.name: [] for watcher in watchers}
    measure(alone) # warms up
    for turn in range(turns):
        before = measure(alone)
        for watcher in watchers if turn % 2 == 0 else watchers[::-1]:
            if watcher.slow and turn:
                continue
            rate, after = measure(watcher), measure(alone)
            say("%s, %s: %s a second; alone %s" % (what, watcher.name, rate and "%.0f" % rate,
                                                 after and "%.0f" % after))
            if rate and before and after:
                rates[watcher.name].append((rate, (before + after) / 2))
                ratios[watcher.name].append((before + after) / 2 / rate)
            before = after
    for watcher in watchers:
        if ratios[watcher.name]:
            row("%s: under %s; %s" % (what, watcher.name, alone.name),
                "%.0f/s" % statistics.median(rate for rate, _ in rates[watcher.name]),
                "%.0f/s" % statistics.median(bare for _, bare in rates[watcher.name]),
                "%.2f" % statistics.median(ratios[watcher.name]),
                watcher.target or target)
