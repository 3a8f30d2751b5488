#!/usr/bin/env bats
# confined profile surface: words, JSON, a picture.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
        cat >small.json <<'END'
{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
  {"names": ["read", "write", "exit_group", "clone3"], "action": "SCMP_ACT_ALLOW"},
  {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
   "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]}
END
}

@test "a profile stands beside Docker's default and no filter" {
        confined profile surface small.json --arch x86_64
        expect_status 0
        [[ "$output" =~ small.json\ +docker\ +unconfined ]]
        [[ "$output" =~ calls\ on\ x86_64\ +5\ +[0-9]+\ +[0-9]+ ]]
        [[ "$output" =~ user\ namespaces\ +yes\ +no\ +yes ]]
        expect_in "$output" "  ● · ●  clone3: it gets every capability"
        expect_in "$output" "  · · ●  io_uring: CVE-2021-41073"
}

@test "what is given is not set beside itself" {
        confined profile surface unconfined docker --arch x86_64
        expect_status 0
        [[ "${output%%$'\n'*}" =~ ^\ +unconfined\ +docker$ ]]
        [[ "$output" =~ known\ kernel\ holes\ +[0-9]+\ +[0-9]+\ +of ]]
}

@test "JSON tells of every danger and hole how far it is within reach" {
        confined profile surface small.json --arch x86_64 --format json
        expect_status 0
        python3 - <(printf '%s' "$output") <<'END'
import json, sys
profiles = json.load(open(sys.argv[1]))["profiles"]
assert [p["name"] for p in profiles] == ["small.json", "docker", "unconfined"]
small, docker, none = profiles
assert small["architectures"][0] == {"name": "x86_64", "calls": none["architectures"][0]["calls"],
                                     "allowed": 4, "byArguments": 1}, small["architectures"]
assert none["holesReached"] == len(none["holes"]) > docker["holesReached"] > small["holesReached"]
for p in profiles:
    reached = sum(h["reach"] in ("open", "namespace") for h in p["holes"])
    assert reached == p["holesReached"]
clone3 = [d for d in small["dangers"] if d["call"] == "clone3"][0]
assert clone3["reach"] == "open" and clone3["architectures"] == ["x86_64"]
END
}

@test "the picture is well-formed and has a square for each call" {
        cp small.json 'a<b>&"c.json'
        confined profile surface 'a<b>&"c.json' --arch x86_64 -o picture.svg
        expect_status 0
        [ -z "$output" ]
        confined profile surface 'a<b>&"c.json' --arch x86_64 --format svg
        [ "$output" = "$(cat picture.svg)" ]
        confined profile surface unconfined --arch x86_64 --format json
        python3 - picture.svg <(printf '%s' "$output") <<'END'
import json, sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
space = "{http://www.w3.org/2000/svg}"
calls = json.load(open(sys.argv[2]))["profiles"][0]["architectures"][0]["calls"]
squares = [r for r in root.iter(space + "rect") if r.find(space + "title") is not None]
assert len(squares) == 3 * calls, (len(squares), calls)
texts = [t.text for t in root.iter(space + "text")]
assert 'a<b>&"c.json' in texts and "5" in texts, texts
bad = [r.find(space + "title").text for r in squares[:calls] if r.get("class") == "bad"]
assert len(bad) == 1 and bad[0].startswith("clone3: "), bad
END
}

@test "a name of any letters is cut between them, and keeps the columns" {
        local name=ÄÖÜäöüßéèêëïîôûùçñÄÖÜäöü.json
        "$CONFINED" profile default docker >"$name"
        confined profile surface "$name"
        expect_status 0
        python3 -c '
import sys
lines = sys.stdin.buffer.read().decode().splitlines()
assert lines[0].split()[0].startswith("…") and len(lines[0]) == len(lines[2])
assert lines[1].index("  of ") == len(lines[0])' <<<"$output"
}

@test "what cannot be measured is refused" {
        confined profile surface nowhere.json
        expect_status 2
        expect_in "$errors" "nowhere.json"
        confined profile surface small.json --format xml
        expect_status 2
        expect_in "$errors" "terminal json svg"
        confined profile show small.json --format svg
        expect_status 2
}
