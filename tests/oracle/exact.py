#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The oracles of the exact core at full speed: builds them in the release tree and runs each twice,
with different seeds, at the same time. CF_ORACLE_TIMES=N tries N times as many,
CF_ORACLE_SEED=S starts from other seeds.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(os.environ["CONFINED_RELEASE"]).resolve().parent
TIMES = int(os.environ.get("CF_ORACLE_TIMES", "1"))
SEED = int(os.environ.get("CF_ORACLE_SEED", "1"))

# How many random cases of each kind; CF_ORACLE_TIMES=10 makes more than a million profiles of them.
ORACLES = (("plain", 40_000), ("kernel", 50), ("laws", 1_000), ("libseccomp", 100))


def run(job):
    name, count, seed = job
    done = subprocess.run([TREE / "tests" / "oracle" / ("oracle-" + name), str(count * TIMES), str(seed)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return job, done.returncode, done.stdout


def main():
    built = subprocess.run(["ninja", "-C", TREE, "--quiet"]
                           + ["tests/oracle/oracle-" + name for name, _ in ORACLES],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        print(built.stdout)
        print("0 passed, 1 failed")
        return 1
    passed = failed = skipped = 0
    jobs = [(name, count, seed) for name, count in ORACLES for seed in (SEED, SEED + 1)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for job, status, output in pool.map(run, jobs):
            print("oracle-%s %d, seed %d:\n%s" % (job[0], job[1] * TIMES, job[2], output.rstrip()))
            lines = re.findall(r"^ok \d+.*$", output, re.M)
            skips = sum("# SKIP" in line for line in lines)
            passed += len(lines) - skips
            skipped += skips
            if status or not lines:
                failed += 1
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
