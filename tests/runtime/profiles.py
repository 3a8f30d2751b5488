#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""profiles.py DEFAULT FOLDER: writes profiles under which a shell still runs, one for each way in
which rules get lost, and some at random (the same ones every time). DEFAULT is an engine's own
profile: what it allows without capabilities is what the strict ones are made of."""
import json
import pathlib
import random
import sys

X86 = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
# Calls that no shell that only sleeps makes.
SPARE = ["acct", "swapon", "swapoff", "sethostname", "setdomainname", "reboot", "kexec_load",
         "add_key", "keyctl", "request_key", "io_cancel", "mq_unlink", "lookup_dcookie", "vhangup"]
OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]
VALUES = [0, 1, 2, 7, 8, 0x27, 0x28, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000028,
          0x8000000000000000, 0xffffffffffffffff]


def entry(names, action=ERRNO, args=(), **more):
    return {"names": names, "action": action,
            "args": [{"index": index, "op": "SCMP_CMP_" + op, "value": value,
                      **({"valueTwo": second[0]} if second else {})}
                     for index, op, value, *second in args], **more}


def denying(*entries, arches=X86, action=ALLOW):
    return {"defaultAction": action, "architectures": arches, "syscalls": list(entries)}


def allowing(names, *entries, arches=X86, action=ERRNO, **more):
    return {"defaultAction": action, "architectures": arches, **more,
            "syscalls": [entry(names, ALLOW), *entries]}


def random_entry(pick):
    # One action: with several, what libseccomp does depends on the order, and so does whether it
    # takes them at all.
    args = []
    for index in pick.sample(range(6), pick.randint(0, 2)):
        op, value = pick.choice(OPERATORS), pick.choice(VALUES)
        args.append((index, op, value, pick.choice(VALUES) & value) if op == "MASKED_EQ"
                    else (index, op, value))
    return entry([pick.choice(SPARE[:4])], ERRNO, args, errnoRet=5)


def main(default, folder):
    names = [name for one in json.load(open(default))["syscalls"]
             if one["action"] == ALLOW and not one.get("args")
             and not one.get("includes", {}).get("caps")
             for name in one["names"]]
    old = [name for name in names if name not in
           ("mseal", "statmount", "listmount", "setxattrat", "getxattrat", "removexattrat",
            "listxattrat", "cachestat", "fchmodat2", "futex_waitv", "landlock_create_ruleset")]
    profiles = {
        "denylist": denying(entry(SPARE)),
        "unknown": denying(entry(["acct", "frobnicate", "statmount", "mseal"])),
        "repeated": denying(entry(["acct"], args=[(0, "GE", 5), (0, "LE", 9), (1, "EQ", 3)])),
        "masked": denying(entry(["swapon"], args=[(1, "MASKED_EQ", 0xff00000000f0, 0x1000000010)])),
        "halves": denying(entry(["swapon"], args=[(0, "GT", 0x100000028)])),
        "wrong": denying(entry(["swapon"], args=[(0, "GT", 0x28)]),
                         entry(["swapon"], args=[(0, "GE", 2), (1, "LT", 0x27)])),
        "skipped": denying(entry(["acct"]), entry(["acct"], ALLOW, [(0, "EQ", 1)])),
        "multiplexed": denying(entry(["semop", "getpeername"])),
        "logs": denying(entry(["acct"]), action="SCMP_ACT_LOG"),
        "strict": allowing(names),
        "strict-old": allowing(old, arches=["SCMP_ARCH_X86_64"]),
        "strict-unnamed": allowing(old, arches=[]),
        "strict-foreign": allowing(old, arches=["SCMP_ARCH_X86"]),
        "strict-enosys": allowing(names, entry(SPARE), defaultErrnoRet=38),
        "strict-trap": allowing(old, action="SCMP_ACT_TRAP"),
        "strict-empty": allowing(names, entry([], "SCMP_ACT_KILL_PROCESS")),
    }
    pick = random.Random(4)
    for i in range(10):
        profiles[f"random-{i}"] = denying(*(random_entry(pick) for _ in range(pick.randint(2, 5))))
    for name, profile in profiles.items():
        pathlib.Path(folder, name + ".json").write_text(json.dumps(profile, indent=1))


main(*sys.argv[1:])
