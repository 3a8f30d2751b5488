#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An engine that misbehaves on purpose: fake-engine.py SOCKET BEHAVIOUR [COUNT].

SOCKET is a path, or tcp:PORT for a loopback port (0: any; the port is printed). It listens once
the line "ready" is printed. Without a special BEHAVIOUR (`plain`) it is a small Docker Engine with
COUNT containers, whose SecurityOpt is null, unconfined in both spellings, an own profile in turn.
`here` says that each runs, with the process FAKE_PID, and that the engine is of FAKE_VERSION.
"""
import json
import os
import socket
import sys
import threading
import time

OPTIONS = [None, [], ["seccomp=unconfined"], ["seccomp:unconfined"],
           ['seccomp={"defaultAction":"SCMP_ACT_ERRNO"}']]


def identity(i):
    return f"{i:064x}"


class Engine:
    def __init__(self, behaviour, count):
        self.behaviour, self.count = behaviour, count
        self.api, self.oldest = "1.41", "1.12"
        if behaviour == "api-1.24":
            self.api = self.oldest = "1.24"
        if behaviour == "api-1.23":
            self.api = self.oldest = "1.23"
        if behaviour == "api-min-1.44":
            self.api, self.oldest = "1.52", "1.44"
        if behaviour == "api-far-future":
            self.api, self.oldest = "1.90", "1.80"
        self.inspected = 0
        self.lock = threading.Lock()

    # -- what a well-behaved engine answers: status, headers, body -------------------------------

    def versioned(self, path):
        """Splits /vX.Y/rest; refuses versions as Docker does."""
        if not path.startswith("/v1."):
            return path, None
        version, rest = path[2:].split("/", 1)
        number = int(version.split(".")[1])
        if number > int(self.api.split(".")[1]):
            return None, f"client version {version} is too new. Maximum supported API version is {self.api}"
        if number < int(self.oldest.split(".")[1]):
            return None, f"client version {version} is too old. Minimum supported API version is {self.oldest}, please upgrade your client to a newer version"
        return "/" + rest, None

    def answer(self, path):
        path, refusal = self.versioned(path)
        if refusal:
            return 400, json.dumps({"message": refusal})
        if path == "/_ping":
            return (404, '{"message":"page not found"}') if self.behaviour == "no-ping" else (200, "OK")
        if path == "/version":
            if self.behaviour == "no-version":
                return 200, '{"hello": "world"}'
            return 200, json.dumps({"ApiVersion": self.api, "MinAPIVersion": self.oldest, "Version": "99.9"})
        if path == "/info":
            return self.info()
        if path == "/containers/json?all=1":
            return self.list()
        if path.startswith("/containers/") and path.endswith("/json"):
            return self.inspect(path.split("/")[2])
        return 404, '{"message":"page not found"}'

    def info(self):
        if self.behaviour == "info-forbidden":
            return 403, "<html>Forbidden</html>"
        options = ["name=seccomp,profile=builtin"]
        if self.behaviour == "api-1.24":
            options = ["seccomp"]
        if self.behaviour == "no-seccomp":
            options = ["name=apparmor"]
        if self.behaviour == "daemon-unconfined":
            options = ["name=seccomp,profile=unconfined"]
        if self.behaviour == "info-garbage":
            return 200, '{"SecurityOptions": 7}'
        version, kernel = "99.9", "0.0-elsewhere"
        if self.behaviour == "here":
            version, kernel = os.environ["FAKE_VERSION"], os.uname().release
        return 200, json.dumps({"ServerVersion": version, "KernelVersion": kernel,
                                "SecurityOptions": options})

    def list(self):
        if self.behaviour == "list-forbidden":
            return 403, '{"message":"not for you\\u001b[31m"}'
        if self.behaviour == "list-garbage":
            return 200, '[{"Id":"../../info"}]'
        if self.behaviour == "list-deep":
            return 200, "[" * 100000
        if self.behaviour == "list-swells":
            return 200, "[" + "0," * 15000000 + "0]"
        if self.behaviour == "list-huge":
            return 200, "[" + ",".join('{"Id":"a"}' for _ in range(100001)) + "]"
        return 200, json.dumps([{"Id": identity(i), "Names": [f"/c{i}"]} for i in range(self.count)])

    def inspect(self, wanted):
        i = int(wanted, 16)
        with self.lock:
            self.inspected += 1
            if self.behaviour == "stops" and self.inspected > self.count // 2:
                os._exit(0)
        if self.behaviour == "gone" and i == 1:
            return 404, '{"message":"No such container"}'
        if self.behaviour == "one-fails" and i == 1:
            return 500, '{"message":"layer does not exist"}'
        if self.behaviour == "one-lies" and i == 1:
            wanted = identity(2)
        name = f"/c{i}"
        if self.behaviour == "hostile-names":
            name = "/\x1b[2J\u202ec" + str(i) + "\n\tOK"
        config = {"SecurityOpt": OPTIONS[i % len(OPTIONS)], "Privileged": False}
        if self.behaviour == "one-odd" and i == 1:
            config["SecurityOpt"] = "seccomp=unconfined"
        if self.behaviour == "oracle":
            return 200, '{"Id":"%s","HostConfig":{"SecurityOpt":%s}}' % (wanted, ODD[i])
        running = self.behaviour in ("running", "here")
        pid = int(os.environ["FAKE_PID"]) if self.behaviour == "here" else 1
        return 200, json.dumps({
            "Id": wanted, "Name": name, "Path": "/bin/sh", "Args": [], "Config": {"Image": "box:1"},
            "State": {"Status": "running" if running else "exited", "Running": running,
                                            "Pid": pid if running else 0}, "HostConfig": config})

    # -- how it is sent ----------------------------------------------------------------------------

    def head(self, status, length):
        return (f"HTTP/1.1 {status} X\r\n"
                + (f"Api-Version: {self.api}\r\n" if self.behaviour != "no-version" else "")
                + ("Libpod-Api-Version: 9.9.9\r\n" if self.behaviour == "podman" else "")
                + f"Content-Type: application/json\r\n{length}\r\n").encode()

    def send(self, file, path):
        status, body = self.answer(path)
        data = body.encode("latin1" if self.behaviour == "oracle" else "utf-8")
        late = path != "/_ping"
        plain = self.head(status, f"Content-Length: {len(data)}\r\n") + data
        if self.behaviour == "endless-body" and late:
            file.write(self.head(200, ""))
            while True:
                file.write(b" " * 65536)
        if self.behaviour == "endless-headers":
            file.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                file.write(b"X-Filler: " + b"y" * 1000 + b"\r\n")
        if self.behaviour == "endless-100":
            while True:
                file.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        if self.behaviour == "too-long" and late:
            file.write(self.head(200, "Content-Length: 99999999999\r\n") + b"[")
            file.flush()
            time.sleep(60)
        if self.behaviour == "truncated" and late:
            file.write(self.head(200, f"Content-Length: {len(data) + 100}\r\n") + data)
            return False
        if self.behaviour == "bad-chunks" and late:
            file.write(self.head(200, "Transfer-Encoding: chunked\r\n") + b"zz\r\n[]\r\n")
            return False
        if self.behaviour == "chunked":
            parts = b"".join(b"%x\r\n%s\r\n" % (1, data[i:i + 1]) for i in range(len(data)))
            plain = self.head(status, "Transfer-Encoding: chunked\r\n") + parts + b"0\r\n\r\n"
        if self.behaviour == "silent" and late:
            time.sleep(60)
        if self.behaviour == "drip" and late:
            for byte in plain:
                file.write(bytes([byte]))
                file.flush()
                time.sleep(0.3)
        if self.behaviour == "redirect" and late:
            plain = b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"
        if self.behaviour == "one-request":
            file.write(plain)
            return False
        file.write(plain)
        return True

    def serve(self, connection):
        file = connection.makefile("rwb", buffering=65536)
        try:
            if self.behaviour in ("garbage", "ssh"):
                file.readline()
            if self.behaviour == "garbage":
                file.write(bytes(range(256)) * 10)
                return
            if self.behaviour == "ssh":
                file.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
                return
            if self.behaviour == "hangs-up":
                return
            if self.behaviour == "mute":
                time.sleep(60)
                return
            while line := file.readline():
                while file.readline() not in (b"\r\n", b"\n", b""):
                    pass
                method, path = line.decode("latin1").split()[:2]
                if method == "HEAD":  # what the docker command line pings with
                    file.write(self.head(200, "Content-Length: 0\r\n"))
                    file.flush()
                    continue
                go_on = self.send(file, path)
                file.flush()
                if not go_on:
                    return
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            try:
                file.close()
            except OSError:
                pass
            connection.close()


# For `oracle`: values of HostConfig.SecurityOpt as JSON text (latin-1, so that bytes can be bad).
ODD = ['null', '[]', '["a"]', '["a b","c"]', '["a",null]', '[null]', '[""]', '["<&>\\u003c"]',
       '["a\\nb\\tc"]', '["\\u001b[31m"]', '["\\ud800x"]', '["\\ud83d\\ude00"]', '["a\xff"]',
       '["seccomp={\\"defaultAction\\":\\"SCMP_ACT_ALLOW\\"}"]', '["\\u00e4"]', '["a\\\\b\\"c"]',
       # and what the CLI refuses
       '[1]', '[true]', '[["a"]]', '[{}]', '"x"', '{"a":1}', '7', 'true']


def main():
    where, behaviour = sys.argv[1], sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else (len(ODD) if behaviour == "oracle" else 5)
    if where.startswith("tcp:"):
        listener = socket.create_server(("127.0.0.1", int(where[4:])))
        print(listener.getsockname()[1], flush=True)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(where)
        listener.listen(64)
    if len(sys.argv) > 4:  # a certificate's folder: TLS, and clients must show one too
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4] + "/server.pem", sys.argv[4] + "/server-key.pem")
        context.load_verify_locations(sys.argv[4] + "/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        listener = context.wrap_socket(listener, server_side=True)
    print("ready", flush=True)
    engine = Engine(behaviour, count)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # a failed TLS handshake
            continue
        threading.Thread(target=engine.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
