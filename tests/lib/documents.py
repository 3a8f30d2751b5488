# SPDX-License-Identifier: Apache-2.0
"""Random documents as people write them, for the property tests: Compose files, shell scripts,
daemon.json. Each is a function of a random.Random alone, so that a seed is a document."""
import json

OFF = ("seccomp:unconfined", "seccomp=unconfined")
OTHER_OPTIONS = ("no-new-privileges:true", "apparmor=docker-default", "label=type:svirt_t")
TRAPS = ("seccomp:unconfined", "--security-opt seccomp=unconfined", "privileged: true",
         "a # b", "x: y", "{z}")


class Compose:
    """One Compose file. Text that must survive carries a number of its own."""

    def __init__(self, rng, names=None, image=85):
        self.rng = rng
        self.names = names  # None: each service has a name of its own
        self.image = image  # chance in percent that a service has one
        self.lines = []
        self.counter = 0
        self.step = rng.choice((2, 2, 2, 4, 3))
        self.list_step = rng.choice((0, self.step))
        self.anchors = {"options": [], "blocks": []}

    def token(self, word="t"):
        self.counter += 1
        return f"{word}{self.counter}"

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def comment(self):
        return f"  # {self.token('c')} seccomp" if self.chance(12) else ""

    def put(self, depth, text):
        if self.chance(6):
            self.lines.append(self.rng.choice(("", " " * depth + f"# {self.token('c')}")))
        self.lines.append(" " * depth + text + self.comment())

    def quoted(self, text):
        style = self.rng.randrange(4)
        if style == 0:
            return f"'{text}'"
        if style == 1:
            return f'"{text}"'
        return text

    def option(self):
        roll = self.rng.random()
        if roll < 0.5:
            return self.quoted(self.rng.choice(OFF))
        if roll < 0.62:
            return self.quoted("seccomp:./profiles/good.json")
        return self.quoted(self.rng.choice(OTHER_OPTIONS))

    def unique_options(self, count):
        """Compose refuses a list with equal items."""
        found, plain = [], set()
        for _ in range(count):
            option = self.option()
            if option.strip("'\"") not in plain:
                plain.add(option.strip("'\""))
                found.append(option)
        return found

    def flow_list(self, items):
        style = self.rng.randrange(4)
        if style == 0:
            return "[" + ", ".join(items) + "]"
        if style == 1:
            return "[ " + " , ".join(items) + " ]"
        if style == 2:
            return "[" + ",".join(items) + (", ]" if items else "]")
        return "[" + ", ".join(items) + "]"

    def options_value(self, depth, key):
        """`security_opt:` (or an x- block that holds the list) in one of its styles."""
        if self.anchors["options"] and self.chance(25):
            return self.put(depth, f"{key}: *{self.rng.choice(self.anchors['options'])}")
        items = self.unique_options(self.rng.choice((1, 1, 2, 3)))
        anchor = ""
        if self.chance(20):
            name = self.token("o")
            anchor = f" &{name}"
        if self.chance(30):
            self.put(depth, f"{key}:{anchor} {self.flow_list(items)}")
        elif self.chance(12) and len(items) > 1:
            self.put(depth, f"{key}:{anchor} [")
            for i, item in enumerate(items):
                last = i == len(items) - 1
                self.put(depth + self.step, item + ("" if last and self.chance(60) else ","))
            self.put(depth, "]")
        else:
            self.put(depth, f"{key}:{anchor}")
            for item in items:
                self.put(depth + self.list_step, f"- {item}")
        if anchor:
            self.anchors["options"].append(anchor[2:])

    def trap(self, depth):
        """Text that looks like a setting and is none."""
        kind = self.rng.randrange(5)
        text = self.rng.choice(TRAPS)
        if kind == 0:
            self.put(depth, f"command: ['sh', '-c', '{text} {self.token()}']")
        elif kind == 1:
            self.put(depth, "environment:")
            self.put(depth + self.step, f"NOTE: '{text} {self.token()}'")
        elif kind == 2:
            self.put(depth, "labels:")
            self.put(depth + self.list_step, f"- \"note={text} {self.token()}\"")
        elif kind == 3:
            self.lines.append(" " * depth + "entrypoint: |")
            self.lines.append(" " * (depth + self.step) + f"{text} {self.token()}")
            self.lines.append(" " * (depth + self.step) + "- seccomp:unconfined")
        else:
            self.put(depth, f"hostname: {self.token('h')}")

    def privileged(self):
        return self.rng.choice(("true", "true", "true", "True", "'true'", '"yes"', "false"))

    def settings(self, depth):
        parts = []
        if self.chance(65):
            parts.append(lambda: self.options_value(depth, "security_opt"))
        if self.chance(30):
            parts.append(lambda: self.put(depth, f"privileged: {self.privileged()}"))
        return parts

    def flow_service(self, depth, name):
        parts = [f"image: {self.token('i')}"]
        if self.chance(70):
            parts.append(f"security_opt: {self.flow_list(self.unique_options(2))}")
        if self.chance(40):
            parts.append(f"privileged: {self.privileged()}")
        self.rng.shuffle(parts)
        self.put(depth, f"{name}: {{" + ", ".join(parts) + "}")

    def service(self, depth, name):
        if self.chance(12):
            return self.flow_service(depth, name)
        self.put(depth, f"{name}:")
        inner = depth + self.step
        parts = self.settings(inner)
        if self.anchors["blocks"] and self.chance(40):
            block = self.rng.choice(self.anchors["blocks"])
            parts.append(lambda: self.put(inner, f"<<: *{block}"))
        if not parts or self.chance(self.image):
            parts.append(lambda: self.put(inner, f"image: {self.token('i')}"))
        if self.chance(50):
            parts.append(lambda: self.trap(inner))
        self.rng.shuffle(parts)
        for part in parts:
            part()
        return None

    def block(self):
        """x-NAME: &anchor with settings that services merge."""
        name = self.token("x")
        self.put(0, f"x-{name}: &{name}")
        parts = self.settings(self.step)
        parts.append(lambda: self.put(self.step, f"restart: {self.quoted('always')}"))
        self.rng.shuffle(parts)
        for part in parts:
            part()
        self.anchors["blocks"].append(name)

    def text(self):
        if self.chance(15):
            self.lines.append("---")
        if self.chance(30):
            self.put(0, "version: '3.8'")
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            self.block()
        self.put(0, "services:")
        names = self.names or [self.token("s") for _ in range(self.rng.choice((1, 2, 3, 5)))]
        for name in names:
            self.service(self.step, name)
        if self.chance(20):
            self.put(0, "networks:")
            self.put(self.step, f"{self.token('n')}: {{}}")
        return self.lines


def finish(rng, lines):
    """Lines → bytes: line ends, last line, encoding."""
    end = "\r\n" if rng.random() < 0.2 else "\n"
    text = end.join(lines) + ("" if rng.random() < 0.2 else end)
    roll = rng.random()
    if roll < 0.06:
        return b"\xef\xbb\xbf" + text.encode()
    if roll < 0.10:
        return b"\xff\xfe" + text.encode("utf-16-le")
    if roll < 0.13:
        return b"\xfe\xff" + text.encode("utf-16-be")
    return text.encode()


def compose(rng):
    return finish(rng, Compose(rng).text())


def project(rng):
    """compose.yaml and the override file that Compose lays over it."""
    names = ["web", "db", "job"]
    over = rng.sample(names, rng.choice((1, 2, 3)))
    return {"compose.yaml": finish(rng, Compose(rng, names, 100).text()),
            "compose.override.yaml": finish(rng, Compose(rng, over, 20).text())}


# ---- daemon.json ------------------------------------------------------------------------------------

def daemon(rng):
    members = []
    known = [("log-driver", "journald"), ("debug", True), ("live-restore", False), ("mtu", 1400),
             ("labels", ["seccomp-profile=unconfined", "a,b"]), ("log-opts", {"tag": "unconfined"}),
             ("dns", []), ("features", {}), ("data-root", "/srv/\u00e9")]
    for pair in rng.sample(known, rng.randrange(0, 5)):
        members.append(pair)
    for _ in range(rng.choice((1, 1, 1, 2))):
        value = rng.choice(("unconfined", "unconfined", "unconfined", "builtin", ""))
        members.insert(rng.randrange(len(members) + 1), ("seccomp-profile", value))
    indent = rng.choice(("", "  ", "    ", "\t"))
    line = "\n" if indent else rng.choice(("", " "))
    colon = rng.choice((": ", ":", " : "))
    comma = rng.choice((",", ",", " ,"))
    ascii_only = rng.random() < 0.5
    text = [json.dumps(key) + colon + json.dumps(value, ensure_ascii=ascii_only)
            for key, value in members]
    body = "{" + line + (comma + (line or " ")).join(indent + t for t in text) + line + "}"
    return finish(rng, body.split("\n"))


# ---- shell scripts ----------------------------------------------------------------------------------

class Script:
    """Scripts that run with a stub for docker, so that what a command gets can be compared."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = ["#!/bin/bash"]
        self.counter = 0

    def token(self, word="t"):
        self.counter += 1
        return f"{word}{self.counter}"

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def off(self):
        spelling = self.rng.choice(OFF)
        return self.rng.choice((
            f"--security-opt {spelling}", f"--security-opt={spelling}",
            f"--security-opt '{spelling}'", f'--security-opt "{spelling}"',
            f"--security-opt='{spelling}'", f"'--security-opt={spelling}'"))

    def option(self):
        roll = self.rng.random()
        if roll < 0.4:
            return self.off()
        if roll < 0.55:
            return "--privileged"
        return self.rng.choice((
            "--rm", "-it", f"--name {self.token('n')}", f"-e A='{self.rng.choice(TRAPS)}'",
            f"--label=note={self.token()}", "--security-opt no-new-privileges",
            "-v \"$PWD\":/src", "--cap-add SYS_PTRACE", "--network=host",
            "--env-file \"$(echo env)\""))

    def join(self, words):
        """One line, or several with backslashes."""
        if self.chance(40):
            indent = self.rng.choice(("    ", "\t", "  "))
            return (" \\\n" + indent).join(words)
        return self.rng.choice((" ", " ", "  ")).join(words)

    def command(self, options):
        engine = self.rng.choice(("docker", "docker", "podman"))
        words = [f"{engine} run", *options, self.token("image")]
        if self.chance(40):
            words.append(self.rng.choice(("sh -c 'echo --privileged'", "--security-opt seccomp=unconfined",
                                          "--privileged true")))
        text = self.join(words)
        wrapped = self.rng.randrange(8)
        if wrapped == 0:
            return f"if true; then\n  {text}\nfi"
        if wrapped == 1:
            return f"{text} || echo failed # {self.token('c')}"
        if wrapped == 2:
            return f"FOO={self.token()} {text} >/dev/null 2>&1"
        if wrapped == 3:
            return f"{text} && true; echo {self.token()}"
        return text

    def with_variable(self):
        name = self.token("OPTS")
        options = [self.rng.choice((f"--security-opt {OFF[1]}", f"--security-opt={OFF[0]}",
                                    "--privileged", "--rm")) for _ in range(self.rng.choice((1, 2)))]
        quote = self.rng.choice(('"', "'"))
        self.lines.append(f"{name}={quote}{' '.join(options)}{quote}")
        self.lines.append(f"docker run ${name} {self.token('image')}")

    def with_array(self):
        name = self.token("args")
        self.lines.append(f"{name}=({self.off()} --rm)")
        if self.chance(50):
            self.lines.append(f"{name}+=({self.rng.choice((self.off(), '--privileged'))})")
        self.lines.append(f"docker run \"${{{name}[@]}}\" {self.token('image')}")

    def text(self):
        for _ in range(self.rng.choice((1, 2, 3))):
            roll = self.rng.random()
            if roll < 0.15:
                self.with_variable()
            elif roll < 0.3:
                self.with_array()
            elif roll < 0.4:
                self.lines.append(f"# docker run --privileged {self.token('c')}")
                self.lines.append(f"echo 'docker run --privileged' {self.token()}")
            else:
                self.lines.append(self.command([self.option() for _ in range(self.rng.choice((1, 2, 3, 5)))]))
        return "\n".join(self.lines).split("\n")


def script(rng):
    lines = Script(rng).text()
    return ("\n".join(lines) + ("" if rng.random() < 0.2 else "\n")).encode()
