#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sets.tsv: the sets of system calls that SystemCallFilter= knows, as this machine's
systemd-analyze tells them.

    update-sets.py [--check]     --check: only compare with what is there
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEAD = """# SPDX-License-Identifier: Apache-2.0
# What the sets of SystemCallFilter= hold: calls and other sets. Written by update-sets.py from
# 'systemd-analyze syscall-filter' of systemd {version}, as Debian builds it for x86_64.
set\tholds
"""


def ask(*arguments):
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "cat"}
    return subprocess.run(["systemd-analyze", *arguments], check=True, text=True, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def sets():
    found = {}
    for line in ask("syscall-filter").splitlines():
        if re.fullmatch(r"@[a-z-]+", line):
            members = found[line] = []
        elif re.fullmatch(r" +@?[a-z0-9_-]+", line):
            members.append(line.strip())
        elif line.strip() and not line.lstrip().startswith("#"):
            raise SystemExit(f"systemd-analyze says '{line}': not understood")
    return found


def main():
    version = ask("--version").splitlines()[0].split()[1]
    text = HEAD.format(version=version) + "".join(
        f"{name}\t{' '.join(members)}\n" for name, members in sorted(sets().items()))
    if sys.argv[1:] == ["--check"]:
        raise SystemExit(0 if (HERE / "sets.tsv").read_text() == text else "sets.tsv differs")
    (HERE / "sets.tsv").write_text(text)


main()
