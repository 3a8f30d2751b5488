# SPDX-License-Identifier: Apache-2.0
"""What every benchmark does: run commands by turns and compare them.

A benchmark is an executable in this folder that is called with the path of `confined` and prints
rows, one a line, their fields separated by tabs: what was measured, confined's figure, the other's
figure, the ratio or other verdict, the target. What it does meanwhile goes to standard error.
"""
import statistics
import subprocess
import sys
import tempfile
import time


class Run:
    """One run of a command: seconds, most resident memory in KiB, seconds of processor time.

    GNU time starts it and takes its figures: a child of this program would begin with the memory
    of this program.
    """

    def __init__(self, command, allowed=(0,), cwd=None, stdout=subprocess.DEVNULL):
        with tempfile.NamedTemporaryFile("r") as figures:
            start = time.perf_counter()
            status = subprocess.call(["time", "-q", "-f", "%M %U %S", "-o", figures.name] + command,
                                     stdin=subprocess.DEVNULL, stdout=stdout,
                                     stderr=subprocess.DEVNULL, cwd=cwd)
            self.seconds = time.perf_counter() - start
            if status not in allowed:
                sys.exit("%s: exit status %d" % (" ".join(command), status))
            memory, user, system = figures.read().split()
        self.memory = int(memory)
        self.processor = float(user) + float(system)


class Comparison:
    """Several commands run by turns, so that whatever else the machine does meets all of them."""

    def __init__(self, turns, warm_ups, *makers):
        for _ in range(warm_ups):
            for make in makers:
                make()
        self.runs = [[] for _ in makers]
        for _ in range(turns):
            for runs, make in zip(self.runs, makers):
                runs.append(make())

    def seconds(self, which):
        return statistics.median(run.seconds for run in self.runs[which])

    def memory(self, which):
        return max(run.memory for run in self.runs[which])

    def processor(self, which):
        return statistics.median(run.processor for run in self.runs[which])

    def ratio(self, which, to, attribute="seconds"):
        """The median over the turns of one command's figure divided by the other's."""
        return statistics.median(getattr(one, attribute) / getattr(other, attribute)
                                 for one, other in zip(self.runs[which], self.runs[to]))


def time_text(seconds):
    return "%.2f s" % seconds if seconds >= 1 else "%.0f ms" % (seconds * 1e3) if seconds >= 0.01 \
        else "%.2f ms" % (seconds * 1e3)


def memory_text(kib):
    return "%.1f MiB" % (kib / 1024)


def row(*fields):
    print("\t".join(fields), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)
