#!/usr/bin/env bats
# confined profile: show, diff, explain, compile, default.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
}

# allow_but ENTRY…: a profile that allows all but what the entries say.
allow_but() {
        local IFS=,
        printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n%s]}\n' "$*"
}

@test "default prints the engine's file, byte for byte" {
        "$CONFINED" profile default >docker.json
        cmp docker.json "$BATS_TEST_DIRNAME/../../data/profiles/docker-2026-06.json"
        "$CONFINED" profile default podman >podman.json
        cmp podman.json "$BATS_TEST_DIRNAME/../../data/profiles/podman-debian12.json"
        confined profile default nobody
        expect_status 2
        expect_in "$errors" "confined profile default --list"
}

@test "default has the engines' versions" {
        confined profile default --list
        expect_status 0
        expect_in "$output" "docker-20.10.18"
        expect_in "$output" "containerd-1.7.13"
        expect_in "$output" "podman-4.2.0"
        confined profile diff docker-20.10.24 docker-20.10.18
        expect_status 0
        confined profile diff docker-29 docker
        expect_status 0
        confined profile diff docker-24.0 docker-25.0
        expect_status 1
        expect_in "$output" "io_uring_setup"
        confined profile default docker-99.0
        expect_status 2
}

@test "diff: equal, under every circumstance, and through a file" {
        confined profile diff docker docker
        expect_status 0
        expect_in "$output" "equal"
        "$CONFINED" profile default >copy.json
        confined profile diff docker copy.json --cap-add ALL --arch arm64 --kernel 4.4
        expect_status 0
}

@test "diff: a call, its condition and a witness" {
        allow_but >a.json
        allow_but '{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
                    "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 262144}]}' >b.json
        confined profile diff --arch x86_64 a.json b.json
        expect_status 1
        expect_in "$output" "personality == 0x40000 (ADDR_NO_RANDOMIZE): allowed → EPERM"
        expect_in "$output" "personality(0x40000)"
        expect_in "$output" "1 call differs; everything else is equal (proved)"
        confined profile diff --format json a.json b.json
        expect_status 1
        python3 -c '
import json, sys
d = json.loads(sys.argv[1])
assert d["schema"] == "confined-profile-1" and d["equal"] is False
assert [x["call"] for x in d["differences"]] == ["personality"]
assert d["differences"][0]["a"] == "ALLOW" and d["differences"][0]["b"] == "ERRNO(1)"' "$output"
}

@test "diff: an upper half that goes around a test is shown by a masked one" {
        "$CONFINED" profile default >docker.json
        python3 - <<'PY'
import json
profile = json.load(open("docker.json"))
profile["syscalls"].append({"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [
    {"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 0xffffffff, "valueTwo": 40}]})
json.dump(profile, open("masked.json", "w"))
PY
        confined profile diff --arch x86_64 docker masked.json
        expect_status 1
        expect_in "$output" "low 32 bits of family == 40 (AF_VSOCK)"
        expect_in "$output" "allowed → EPERM"
        expect_in "$output" "socket(0x100000028, 0, 0)"
        expect_in "$output" "1 call differs"
}

@test "explain names the line that decides" {
        "$CONFINED" profile default >docker.json
        confined profile explain --arch x86_64 docker.json 'personality(0x40000)'
        expect_status 0
        expect_in "$output" "EPERM"
        expect_in "$output" "docker.json:2:19: the default action"
        confined profile explain --arch x86_64 docker.json 'personality(8)'
        expect_in "$output" "allowed"
        line=$(sed -n 's/^  docker.json:\([0-9]*\):.*/\1/p' <<<"$output")
        expect_in "$(sed -n "${line}p" docker.json)" '"personality"'
        # It depends: a call for each answer.
        confined profile explain --arch x86_64 docker.json personality
        expect_in "$output" "else EPERM"
        expect_in "$output" "allowed, e.g. personality(0)"
        # Capabilities decide which entries count.
        confined profile explain --arch x86_64 docker mount
        expect_in "$output" "EPERM"
        confined profile explain --arch x86_64 docker mount --cap-add sys_admin
        expect_in "$output" "allowed"
        confined profile explain --arch x86_64 docker chroot --cap-drop CAP_SYS_CHROOT
        expect_in "$output" "EPERM"
        confined profile explain --arch x86_64 docker ptrace --kernel 4.7
        expect_in "$output" "EPERM"
        confined profile explain --arch x86_64 docker 'i386:socket(AF_VSOCK)' --format json
        expect_in "$output" '"action": "ERRNO(1)"'
}

@test "show: allowed, refused, by arguments" {
        confined profile show --arch x86_64 docker
        expect_status 0
        [[ $output =~ read\ +allowed ]]
        [[ $output =~ keyctl\ +EPERM ]]
        [[ $output =~ clone3\ +ENOSYS ]]
        [[ $output =~ personality\ +allowed\ if\ .*else\ EPERM ]]
        confined profile show --format json podman
        python3 -c '
import json, sys
calls = {c["call"]: c for c in json.loads(sys.argv[1])["calls"]}
assert calls["read"]["action"] == "ALLOW"
assert calls["personality"]["action"] is None' "$output"
}

@test "explain --trace shows what a call runs" {
        "$CONFINED" profile default >docker.json
        confined profile explain --arch x86_64 docker.json 'personality(0x40000)' --trace
        expect_status 0
        expect_in "$output" "docker.json:2:19: the default action"
        expect_in "$output" "instructions of the filter that confined compiles:"
        expect_in "$output" "a = 0x87 (personality)"
        expect_in "$output" "a = arg0.low"
        expect_in "$output" "a = 0x40000"
        expect_in "$(tail -n 1 <<<"$output")" "return ERRNO(1)"
        # As many lines as it says, and the same of the compiled filter.
        steps=$(sed -n 's/.* runs \([0-9]*\) of .*/\1/p' <<<"$output")
        [ "$(grep -c '^ *[0-9][0-9]*  ' <<<"$output")" = "$steps" ]
        traced=$(sed -n '/ runs /,$p' <<<"$output" | tail -n +2)
        confined profile compile --arch x86_64 docker.json -o docker.bpf
        confined profile explain --arch x86_64 docker.bpf 'personality(0x40000)' --trace
        expect_in "$output" "instructions of the filter:"
        [ "$(sed -n '/ runs /,$p' <<<"$output" | tail -n +2)" = "$traced" ]
        # What the kernel remembers is told.
        confined profile explain --arch x86_64 docker.json read --trace
        expect_in "$output" "the call is always allowed"
        confined profile explain docker read --trace --format json
        expect_status 2
        expect_in "$errors" "--trace is for people"
}

@test "a compiled filter is the profile again, and the kernel does what it says" {
        [ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86_64"
        for profile in docker podman; do
                confined profile compile --force $profile -o out.bpf
                expect_status 0
                confined profile diff $profile out.bpf
                expect_status 0
        done
        allow_but '{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}' \
                '{"names": ["dup"], "action": "SCMP_ACT_ERRNO",
                  "args": [{"index": 0, "op": "SCMP_CMP_GT", "value": 1099511627776}]}' >p.json
        confined profile compile p.json -o p.bpf
        expect_status 0
        # getpid; getppid; dup(1), dup just at the boundary and above it (no such descriptor below:
        # the kernel takes 32 bits, so 1 << 40 is descriptor 0).
        run python3 "$BATS_TEST_DIRNAME/load-filter.py" p.bpf 39 110 32,1 32,0x10000000000 \
                32,0x10000000001
        [ "$output" = $'ok\nENOMSG\nok\nok\nEPERM' ]
        confined profile explain p.bpf getppid
        expect_in "$output" "ENOMSG"
        expect_in "$output" "instruction"
}

@test "names that do not exist are warned of, with their place" {
        allow_but '{"names": ["raed"], "action": "SCMP_ACT_ERRNO"}' >p.json
        confined profile show p.json
        expect_status 0
        expect_in "$errors" "p.json:2:12: warning: there is no system call 'raed'"
}

@test "wrong use is told in one line" {
        confined profile
        expect_status 2
        expect_in "$errors" "needs a subcommand"
        confined profile dif a b
        expect_in "$errors" "did you mean diff?"
        confined profile diff docker
        expect_in "$errors" "usage: confined profile diff A B"
        confined profile compile docker
        expect_in "$errors" "-o FILE"
        confined profile default --arch arm
        expect_in "$errors" "no option '--arch'"
        confined profile show docker --cap-add FLY
        expect_in "$errors" "there is no capability 'FLY'"
        confined profile show docker --kernel six
        expect_in "$errors" "no version"
        confined profile explain docker 'nocall(1)'
        expect_in "$errors" "there is no system call 'nocall'"
        confined profile show missing.json
        expect_status 2
        expect_in "$errors" "missing.json"
        printf '\6\0\0\0\0\0\377' >bad.bpf
        confined profile show bad.bpf
        expect_status 2
        expect_in "$errors" "raw filter"
}

@test "merge: the loosest answers, the strictest, and to a file" {
        confined profile merge docker docker -o same.json
        expect_status 0
        [ -z "$output" ]
        confined profile diff docker same.json
        expect_status 0
        allow_but '{"names": ["mount", "reboot"], "action": "SCMP_ACT_ERRNO"}' >a.json
        allow_but '{"names": ["mount"], "action": "SCMP_ACT_KILL"},
                   {"names": ["keyctl"], "action": "SCMP_ACT_ERRNO"}' >b.json
        "$CONFINED" profile merge a.json b.json >loose.json
        "$CONFINED" profile merge --intersection a.json b.json >strict.json
        python3 - <<'PY'
import json
def said(name):
    return {(call, entry["action"]) for entry in json.load(open(name))["syscalls"]
            for call in entry["names"]}
assert said("loose.json") == {("mount", "SCMP_ACT_ERRNO")}, said("loose.json")
assert said("strict.json") == {("mount", "SCMP_ACT_KILL_THREAD"), ("reboot", "SCMP_ACT_ERRNO"),
                               ("keyctl", "SCMP_ACT_ERRNO")}, said("strict.json")
PY
        # engines that default to different errors on different architectures cannot be one profile
        echo '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]}' >x.json
        echo '{"defaultAction": "SCMP_ACT_LOG"}' >y.json
        confined profile merge --intersection --arch x86_64 x.json y.json
        expect_status 0
        confined profile merge --arch x86_64 x.json y.json
        expect_status 0
        echo '{"defaultAction": "SCMP_ACT_LOG", "architectures": ["SCMP_ARCH_X86"]}' >x.json
        echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >y.json
        confined profile merge --arch x86_64 x.json y.json
        expect_status 2
        expect_in "$errors" "which has no name, gets another answer"
}

@test "profile compile --weights: another order, the same meaning; a bad table is refused by line" {
        cd "$BATS_TEST_TMPDIR"
        confined profile compile docker -o plain.bpf
        expect_status 0
        confined profile compile docker --weights server -o server.bpf
        expect_status 0
        ! cmp -s plain.bpf server.bpf
        confined profile diff plain.bpf server.bpf
        expect_status 0
        printf '# mine\nread\t9\nraed\t9\n' >table.tsv
        confined profile compile docker --weights table.tsv -o no.bpf
        expect_status 2
        [ "$errors" = "confined: table.tsv:3:1: there is no such system call" ]
        for line in 'read' $'read\t' $'read\t-1' $'read\t1000001' $'read\t1x'; do
                printf '%s\n' "$line" >table.tsv
                confined profile compile --force docker --weights table.tsv -o no.bpf
                expect_status 2
                [[ $errors = "confined: table.tsv:1:"* ]]
        done
        [ ! -e no.bpf ]
}

@test "a file that holds something else is replaced with --force alone" {
        cd "$BATS_TEST_TMPDIR"
        local command
        for command in "merge docker docker" "extend docker --allow keyctl" "compile docker" \
                "convert docker --to oci"; do
                echo mine >out
                confined profile $command -o out
                expect_status 2
                expect_in "$errors" "out: is there already and holds something else"
                [ "$(<out)" = mine ]
                confined profile $command -o out --force
                expect_status 0
                cp out before
                # The same again is no loss.
                confined profile $command -o out
                expect_status 0
                cmp out before
        done
        # A report is written anew, a profile that rebase has read is what it writes.
        confined profile surface docker -o out
        expect_status 0
        "$CONFINED" profile extend docker-20.10.0 --allow keyctl -o old.json
        confined profile rebase old.json --onto docker-25.0 -o old.json
        expect_status 0
        "$CONFINED" profile extend docker-20.10.0 --allow keyctl -o other.json
        confined profile rebase other.json --onto docker-25.0 -o out
        expect_status 2
}
