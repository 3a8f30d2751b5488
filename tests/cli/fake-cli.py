#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A command line of an engine, which runs on this machine what it is told to run in a container: under
the profile of its last --security-opt seccomp=, loaded by confined. Called as docker, podman or nerdctl.

FAKE_VERSION  what it says that it is; Docker before 27 gives --privileged no filter, nerdctl none at all
FAKE_WORDS    a file to which the words of each 'run' are added, a line of JSON each
CONFINED      loads the profile
"""
import json
import os
import pathlib
import sys

NAME = os.path.basename(sys.argv[0])
VERSION = os.environ["FAKE_VERSION"]
WITH_VALUE = {"--network", "--security-opt", "--cap-add", "--cap-drop", "--name"}


def info():
    if NAME == "podman":
        print(VERSION, "")
    elif NAME == "docker":
        print(VERSION, json.dumps(["name=seccomp,profile=builtin"]))


def run(words):
    with open(os.environ["FAKE_WORDS"], "a") as out:
        print(json.dumps(words), file=out)
    profile, privileged, at = None, False, 0
    while words[at].startswith("-"):
        name, _, value = words[at].partition("=")
        if not value and name in WITH_VALUE:
            at += 1
            value = words[at]
        privileged |= name == "--privileged"
        if name == "--security-opt" and value.startswith("seccomp="):
            profile = value.partition("=")[2]
        at += 1
    command = words[at + 1:]  # behind the image
    none = NAME == "nerdctl" or (NAME == "docker" and int(VERSION.split(".")[0]) < 27)
    if profile and not (privileged and none):
        text = pathlib.Path(profile).read_text()
        kept = pathlib.Path(os.environ["FAKE_WORDS"]).with_name(f"profile.{os.getpid()}")
        kept.write_text(text)
        for_whom = [] if privileged or "--cap-add=ALL" in words else ["--capabilities", "container"]
        command = [os.environ["CONFINED"], "run", *for_whom, "--profile", str(kept), "--", *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    {"info": lambda: info(), "run": lambda: run(sys.argv[2:])}.get(sys.argv[1], lambda: None)()
