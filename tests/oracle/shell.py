#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Container commands in generated scripts, with bash as the oracle of what a script runs.

Each script writes its commands in ways that people use: quotes of all kinds, continued lines,
compound commands, nested shells, variables, arrays, functions. bash runs it with functions in place
of docker, podman, nerdctl, sudo and ssh that print the words they get, before and after
`confined scan --fix`. What must hold: afterwards each command gets the words it got before without
the options that switch the filter off, and nothing else; and a scan finds nothing.

Usage: shell.py [CONFINED] [--count N] [--seed N]"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
PRELUDE = """show() { printf '%s\\0' "$@"; printf '\\n\\0'; }
docker() { show docker "$@"; }; podman() { show podman "$@"; }; nerdctl() { show nerdctl "$@"; }
sudo() { while [[ $1 == -* || $1 == *=* ]]; do [[ $1 == -u ]] && shift; shift; done; "$@"; }
export -f show docker podman nerdctl sudo
"""
BAD = [["--privileged"], ["--privileged=true"], ["--privileged=1"],
       ["--security-opt", "seccomp=unconfined"], ["--security-opt=seccomp=unconfined"],
       ["--security-opt", "seccomp:unconfined"], ["--security-opt=seccomp:unconfined"]]
GOOD = [["--rm"], ["-it"], ["-d"], ["-p", "80:80"], ["-p80:80"], ["-itv", "/a:/b"], ["--init"],
        ["-e", "A=b c"], ["--name", "web one"], ["--name=--privileged"], ["-e", "X=--privileged"],
        ["--label", 'a="b"'], ["--entrypoint", "sh -c 'x'"],
        ["--security-opt", "no-new-privileges"], ["--security-opt", "apparmor=unconfined"],
        ["--cpus", "2"], ["-m", "1g"], ["--network=host"], ["--tmpfs", "/x:size=1$"]]
PLAIN = [o for o in GOOD if all(all(c.isalnum() or c in "-=:/." for c in w) for w in o)]
TAIL = [["sh"], ["sh", "-c", "echo $HOME"], ["--privileged"], ["--security-opt", "seccomp=unconfined"],
        ["a b", "*"]]


class Script:
    """Lines of bash, and the words that each command run by it must get after the fix."""

    def __init__(self, rng):
        self.rng, self.lines, self.wanted, self.names = rng, [], [], 0

    def name(self):
        self.names += 1
        return f"v{self.names}"

    def quote(self, word, levels=3):
        """One way to write a word. The words that every reader looks for first stay in one piece."""
        rng, out = self.rng, ""
        while word:
            size = rng.randint(1, len(word))
            if any(key in word for key in ("privileged", "seccomp", "security")):
                size = len(word)
            part, word = word[:size], word[size:]
            way = rng.randrange(levels + 1)
            plain = all(c.isalnum() or c in "-_./:=" for c in part)
            if plain and way != 1 and way != 2:
                out += part
            elif way == 1 and "'" not in part:
                out += f"'{part}'"
            elif way == 3:
                out += "".join(c if c.isalnum() or c in "-_./:=" else "\\" + c for c in part)
            else:
                out += '"' + "".join("\\" + c if c in '"$`\\' else c for c in part) + '"'
        return out or "''"

    def join(self, words, indent):
        """Words with blanks or continued lines between, options and values mostly together."""
        out = words[0]
        for word in words[1:]:
            out += self.rng.choice([" ", " ", " ", "  ", "\t", f" \\\n{indent}    "]) + word
        return out

    def options(self, plain=False):
        """[(words, bad)]: a bad one or two among others."""
        rng = self.rng
        chosen = [(o, False) for o in rng.sample(PLAIN if plain else GOOD, rng.randint(0, 4))]
        for _ in range(rng.randint(1, 2)):
            chosen.insert(rng.randint(0, len(chosen)), (rng.choice(BAD), True))
        return chosen

    def command(self, options, before=(), indent="", levels=3):
        """A command line with `options`, and after `before` raw words; notes what it must get."""
        rng = self.rng
        program = [rng.choice(["docker", "podman", "nerdctl"])]
        action = rng.choice([["run"], ["run"], ["create"], ["container", "run"]])
        image = [rng.choice(["nginx", "registry.example/a/b:1.2@sha256:00"])]
        tail = rng.choice(TAIL) if rng.random() < 0.5 else []
        flat = [w for words, _ in options for w in words]
        prefix = rng.choice([[], [], ["sudo"], ["sudo", "-u", "bob"], ["command"], ["A=b"]])
        if prefix == ["command"]:
            prefix = []  # would not find the functions
        raw = prefix + program + action + list(before)
        raw += [self.quote(w, levels) for w in flat + image + tail]
        return self.join(raw, indent), program + action, image + tail

    def want(self, head, kept, rest):
        self.wanted.append(head + kept + rest)

    # ---- ways to run a command

    def direct(self, wrap):
        options = self.options()
        line, head, rest = self.command(options)
        self.want(head, [w for words, bad in options if not bad for w in words], rest)
        self.lines += wrap(line).split("\n")

    def nested(self, shell):
        """In a string that another shell gets."""
        options = self.options(plain=True)
        line, head, rest = self.command(options, levels=0 if shell.count("'") else 1)
        if "'" in line or '"' in line or "$" in line:
            return self.direct(lambda text: text)
        self.want(head, [w for words, bad in options if not bad for w in words], rest)
        self.lines += shell.replace("LINE", line).split("\n")

    def variable(self):
        name, options = self.name(), self.options(plain=True)
        text = " ".join(w for words, _ in options for w in words)
        quote = self.rng.choice(['"', "'"])
        if self.rng.random() < 0.3 and quote == '"':
            text = text.replace(" -", " \\\n     -")
        self.lines += f"{name}={quote}{text}{quote}".split("\n")
        if self.rng.random() < 0.4:
            more = self.options(plain=True)
            added = " ".join(w for words, _ in more for w in words)
            self.lines.append(self.rng.choice([f'{name}+=" {added}"', f'{name}="${name} {added}"']))
            options = options + more
        line, head, rest = self.command([], before=[self.rng.choice([f"${name}", f"${{{name}}}"])])
        self.want(head, [w for words, bad in options if not bad for w in words], rest)
        self.lines += line.split("\n")

    def array(self):
        name, options = self.name(), self.options()
        items = [" ".join(self.quote(w) for w in words) for words, _ in options]
        if self.rng.random() < 0.5:
            self.lines += [f"{name}=(", *("  " + i for i in items), ")"]
        else:
            self.lines.append(f"{name}=({' '.join(items)})")
        if self.rng.random() < 0.5:
            more = self.options()
            self.lines.append(f"{name}+=({' '.join(self.quote(w) for words, _ in more for w in words)})")
            options = options + more
        line, head, rest = self.command([], before=[f'"${{{name}[@]}}"'])
        self.want(head, [w for words, bad in options if not bad for w in words], rest)
        self.lines += line.split("\n")

    def function(self):
        name, options = self.name(), self.options()
        line, head, rest = self.command([], before=['"$@"'])
        self.lines += [f"{name}() {{", *("  " + l for l in line.split("\n")), "}"]
        words = [self.quote(w) for words, _ in options for w in words]
        self.want(head, [w for words, bad in options if not bad for w in words], rest)
        self.lines += self.join([name, *words], "").split("\n")


WRAPS = [lambda c: c, lambda c: f"if true; then\n  {c}\nfi", lambda c: f"true && {c}",
         lambda c: f"false || {c} # --privileged", lambda c: f"for i in 1; do {c}; done",
         lambda c: f"({c})", lambda c: f"{{ {c}; }}", lambda c: f"case x in\nx) {c} ;;\nesac",
         lambda c: f"! {c}", lambda c: f"{c} 2>&1 | cat", lambda c: f'printf "%s" "$({c} | tr "\\0" "\\1")" | tr "\\1" "\\0"',
         lambda c: f"f() {{\n  {c}\n}}; f", lambda c: f"while {c}; false; do :; done",
         lambda c: f"echo --privileged >/dev/null; {c}", lambda c: f"x=$((1 << 2)); {c}"]
SHELLS = ["bash -c 'LINE'", 'bash -c "LINE"', "eval 'LINE'", 'eval "LINE"', "bash <<EOF\nLINE\nEOF",
          "bash <<'EOF'\nLINE\nEOF", "cat <<EOF >/dev/null\ndocker run --privileged x\nEOF\nLINE"]


def generate(rng):
    script = Script(rng)
    for _ in range(rng.randint(1, 5)):
        way = rng.randrange(6)
        if way <= 1:
            script.direct(rng.choice(WRAPS))
        elif way == 2:
            script.nested(rng.choice(SHELLS))
        else:
            [script.variable, script.array, script.function][way - 3]()
    return "\n".join(script.lines) + "\n", script.wanted


def run_bash(text):
    done = subprocess.run(["bash", "-c", PRELUDE + text], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    return [[w.decode() for w in c.split(b"\0")[:-1]] for c in done.stdout.split(b"\n\0")][:-1]


def check(confined, seed):
    text, wanted = generate(random.Random(seed))
    with tempfile.TemporaryDirectory(prefix="confined-shell-") as folder:
        path = pathlib.Path(folder) / "run.sh"
        path.write_text(text)
        before = run_bash(text)
        if len(before) != len(wanted):
            return [f"the generated script does not run its commands: {before}\n{text}"]

        def scan(*args):
            return subprocess.run([confined, "scan", "--no-config", *args, "."], cwd=folder,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

        scan("--fix", "--format", "lines")
        fixed, left = path.read_text(), scan("--format", "json")
        problems = []
        got = run_bash(fixed)
        if got != wanted:
            problems.append(f"bash runs {got}\nand should run {wanted}")
        findings = [f for f in json.loads(left.stdout)["findings"] if f["verdict"] in ("fail", "unknown")]
        if findings:
            problems.append(f"left: {[(f['place']['line'], f['message']) for f in findings]}")
        return [p + f"\n--- before\n{text}--- after\n{fixed}" for p in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("confined", nargs="?",
                        default=os.environ.get("CONFINED", str(TOP / "build" / "confined")))
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    confined = str(pathlib.Path(options.confined).resolve())
    passed = failed = 0
    for seed in range(options.seed, options.seed + options.count):
        problems = check(confined, seed)
        passed, failed = passed + (not problems), failed + bool(problems)
        for problem in problems:
            print(f"FAIL script {seed}\n    " + problem.replace("\n", "\n    "))
    print(f"{passed} passed, {failed} failed")
    return bool(failed)


sys.exit(main())
