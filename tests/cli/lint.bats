#!/usr/bin/env bats
# confined profile lint: formats, status, decisions; witnesses that the kernel lets through.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
}

# profile DEFAULT ENTRIES > FILE
profile() {
        printf '{"defaultAction": "SCMP_ACT_%s", "syscalls": [\n%s]}\n' "$1" "$2"
}

# The rules of the findings that count, once each.
rules() {
        sed -nE 's/^.*:[0-9]+:[0-9]+: (fail|warn) ([a-z-]+):.*/\2/p' <<<"$output" | sort -u | tr '\n' ' '
}

# kernel FILTER CALL…: what the kernel answers under a filter of the profile p.json.
kernel() {
        "$CONFINED" profile compile --force p.json -o p.bpf
        python3 "$BATS_TEST_DIRNAME/load-filter.py" p.bpf "$@" | tr '\n' ' '
}

@test "the engines' own profiles have few findings, and true ones" {
        confined profile lint --no-config --arch x86_64 --kernel 6.12 --format lines docker-2026-06
        expect_status 1
        [ "$(rules)" = "profile-gone-around profile-upper-half " ]
        [ "$(grep -c ': warn ' <<<"$output")" -eq 2 ]
        confined profile lint --no-config --arch x86_64 --kernel 6.12 --format lines podman-debian12 \
                --rule profile-dangerous-call --rule profile-upper-half --rule profile-gone-around
        expect_status 1
        [ "$(grep -c ': warn ' <<<"$output")" -eq 6 ]
}

@test "every format reports the same finding" {
        profile ERRNO '{"names": ["read", "wirte"], "action": "SCMP_ACT_ALLOW"}' >p.json
        for format in terminal lines json sarif github junit; do
                confined profile lint --no-config --rule profile-name-unknown --format $format p.json
                expect_status 1
                expect_in "$output" "profile-name-unknown"
                expect_in "$output" "wirte"
                [ -z "$errors" ]
        done
        confined profile lint --no-config --rule profile-name-unknown p.json
        expect_in "$output" "p.json:2:20: warn profile-name-unknown: there is no system call 'wirte'"
        expect_in "$output" "did you mean write?"
}

@test "exit status, several profiles, what cannot be read" {
        profile ERRNO '{"names": ["read"], "action": "SCMP_ACT_ALLOW"}' >good.json
        profile ALLOW '' >bad.json
        confined profile lint --no-config good.json
        expect_status 0
        confined profile lint --no-config good.json bad.json
        expect_status 1
        expect_in "$output" "bad.json:1:19: fail profile-allows-everything"
        confined profile lint --no-config --fail-on never bad.json
        expect_status 0
        confined profile lint --no-config bad.json missing.json
        expect_status 2
        expect_in "$errors" "missing.json"
        expect_in "$output" "profile-allows-everything"
        confined profile compile good.json -o good.bpf
        confined profile lint --no-config good.bpf
        expect_status 2
        expect_in "$errors" "lint reads profiles"
        confined profile lint --no-config
        expect_status 2
}

@test "decisions: configuration, --rule, baseline" {
        profile ERRNO '{"names": ["read", "keyctl", "wirte"], "action": "SCMP_ACT_ALLOW"}' >p.json
        printf 'version: 1\nrules:\n  profile-name-unknown: off\n' >.confined.yaml
        confined profile lint --format lines p.json
        [ "$(rules)" = "profile-dangerous-call " ]
        confined profile lint --no-config --format lines p.json
        [ "$(rules)" = "profile-dangerous-call profile-name-unknown " ]
        confined profile lint --no-config --write-baseline base.json p.json
        sed -i '1s/^/\n\n/' p.json
        confined profile lint --no-config --baseline base.json --format lines p.json
        expect_status 0
        confined explain profile-upper-half
        expect_status 0
        expect_in "$output" "# profile-upper-half"
}

@test "capabilities count: a second lock is a note" {
        profile ERRNO '{"names": ["mount"], "action": "SCMP_ACT_ALLOW"}' >p.json
        confined profile lint --no-config --rule profile-dangerous-call --format lines p.json
        expect_status 0
        expect_in "$output" ": note profile-dangerous-call: mount"
        # with the capability Docker's default allows it, too
        confined profile lint --no-config --rule profile-dangerous-call --cap-add SYS_ADMIN --format lines p.json
        expect_not_in "$output" "mount"
}

@test "the kernel lets the witness of an upper half through" {
        [ "$(uname -m)" = x86_64 ] || skip "numbers are those of x86_64"
        # personality(0xffffffff) only asks
        profile ALLOW '{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
                "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]}' >p.json
        confined profile lint --no-config --rule profile-upper-half p.json
        expect_status 1
        witness=$(sed -nE 's/.*note: personality\((0x[0-9a-f]+)\): allowed here, .*/\1/p' <<<"$output")
        [ "$(kernel 135,0xffffffff "135,$witness")" = "EPERM ok " ]
        # what the remedy says holds
        profile ALLOW '{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
                "args": [{"index": 0, "value": 4294967295, "valueTwo": 4294967295, "op": "SCMP_CMP_MASKED_EQ"}]}' >p.json
        confined profile lint --no-config --rule profile-upper-half p.json
        expect_status 0
        [ "$(kernel 135,0xffffffff "135,$witness")" = "EPERM EPERM " ]
}

@test "the kernel lets through what goes around" {
        [ "$(uname -m)" = x86_64 ] || skip "numbers are those of x86_64"
        # clone with a new user namespace is refused; clone3 reaches the kernel, which does not like nothing
        profile ALLOW '{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 11,
                "args": [{"index": 0, "value": 268435456, "valueTwo": 268435456, "op": "SCMP_CMP_MASKED_EQ"}]}' >p.json
        confined profile lint --no-config --rule profile-gone-around p.json
        expect_status 1
        expect_in "$output" "clone3(0, 0): allowed"
        [ "$(kernel 56,0x10000000 435,0,0)" = "EAGAIN EINVAL " ]
}

@test "what libseccomp makes something else of is a finding with a call" {
        [ -n "$(ldconfig -p | grep 'libseccomp\.so\.2')" ] || skip "libseccomp is not installed"
        # two conditions on one argument: runc makes a rule of each
        profile ERRNO '{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [
                {"index": 1, "value": 2, "op": "SCMP_CMP_GT"}, {"index": 1, "value": 9, "op": "SCMP_CMP_LT"}]}' >p.json
        confined profile lint --no-config --as runc --rule profile-rule-lost p.json
        expect_status 1
        expect_in "$output" "p.json:3:"
        expect_in "$output" "EPERM is written, allowed is what runc loads"
        call=$(sed -nE 's/.*for example (kill\(.*\))$/\1/p' <<<"$output" | head -1)
        [ -n "$call" ]
        confined profile explain p.json "$call"
        expect_in "$output" "EPERM"
        confined profile explain p.json@runc "$call"
        expect_in "$output" "allowed"
}
