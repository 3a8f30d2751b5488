"""A run through the standard library: threads, children, sockets, asyncio, files, a database."""
import asyncio
import concurrent.futures
import mmap
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time


def echo(server):
    for _ in range(20):
        one, _ = server.accept()
        with one:
            one.sendall(one.recv(100))


def sockets():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=echo, args=(server,))
        thread.start()
        for number in range(20):
            with socket.create_connection(server.getsockname()) as one:
                one.sendall(b"%d" % number)
                assert one.recv(100) == b"%d" % number
        thread.join()


async def tasks():
    async def serve(reader, writer):
        writer.write(await reader.read(10))
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        assert await reader.read(10) == b"hello"
        writer.close()
    await asyncio.gather(*(ask() for _ in range(20)))
    child = await asyncio.create_subprocess_exec("/usr/bin/busybox", "true")
    assert await child.wait() == 0
    server.close()


def files():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "w+b") as file:
            file.write(b"x" * 10000)
            file.flush()
            os.fsync(file.fileno())
            with mmap.mmap(file.fileno(), 0) as view:
                view[0:1] = b"y"
        os.rename(path, path + "2")
        os.symlink("file2", path)
        assert os.stat(path).st_size == 10000
        with sqlite3.connect(os.path.join(folder, "db")) as db:
            db.execute("create table t (a)")
            db.executemany("insert into t values (?)", [(n,) for n in range(100)])
        assert db.execute("select sum(a) from t").fetchone()[0] == 4950
        db.close()


def children():
    for _ in range(5):
        assert subprocess.run(["/usr/bin/busybox", "echo", "it"], capture_output=True).stdout == b"it\n"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda n: n * n, range(100))) == 328350
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(abs, range(-10, 0))) == 55


def alarms():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.05)


for part in (files, children, sockets, alarms):
    part()
asyncio.run(tasks())
sys.stdout.write("all done\n")
