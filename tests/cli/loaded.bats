#!/usr/bin/env bats
# Profiles as runtimes load them: spelling, facts, causes.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
        [ -n "$(ldconfig -p | grep 'libseccomp\.so\.2')" ] || skip "libseccomp is not installed"
}

# profile DEFAULT ENTRIES: on standard output.
profile() {
        printf '{"defaultAction": "%s", "architectures": ["SCMP_ARCH_X86_64"],\n"syscalls": [\n%s]}\n' "$1" "$2"
}

# entry ACTION NAME [INDEX OP VALUE…]
entry() {
        printf '{"names": ["%s"], "action": "SCMP_ACT_%s", "args": [' "$2" "$1"
        local comma=
        shift 2
        while [ $# -gt 0 ]; do
                printf '%s{"index": %s, "op": "SCMP_CMP_%s", "value": %s}' "$comma" "$1" "$2" "$3"
                comma=,
                shift 3
        done
        printf ']}'
}

@test "how it was obtained is told, and nothing without being asked" {
        confined profile show docker
        expect_not_in "$output" "loads it"
        for way in "show docker@runc" "show docker --as runc" "show --as loaded docker" "explain docker@loaded read"; do
                confined profile $way
                expect_status 0
                grep -qE '^docker as runc( [0-9.]+)? loads it, built by libseccomp 2\.[0-9.]+' <<<"$output"
        done
        confined profile show podman@loaded
        expect_in "$output" "podman as crun"
        confined profile show docker@written --as crun
        expect_not_in "$output" "loads it"
        confined profile show --format json docker@crun
        python3 -c 'import json, sys
loaded = json.loads(sys.argv[1])["loaded"]
assert loaded["runtime"] == "crun" and loaded["obtained"] and loaded["libseccomp"], loaded' "$output"
        confined profile show docker --as docker
        expect_status 2
        expect_in "$errors" "--as: 'docker' is none of: written loaded runc crun"
}

@test "diff of a profile with itself as loaded tells why, and by which line" {
        profile SCMP_ACT_ERRNO "$(entry ALLOW read),
$(entry ALLOW frobnicate),
$(entry ALLOW getppid 0 GE 5 0 LE 9)" >mine.json
        confined profile diff mine.json mine.json@runc
        expect_status 1
        expect_in "$output" "getppid()"
        expect_in "$output" "EPERM → allowed"
        expect_in "$output" "mine.json:5:12: conditions on one argument twice become a rule each"
        expect_in "$output" "ENOSYS above the largest number that is named:"
        expect_in "$output" ", splice, "
        expect_not_in "$output" "getuid"
        expect_in "$output" "runc answers ENOSYS above the largest number that is named"
        confined profile diff mine.json@crun mine.json
        expect_status 1
        expect_in "$output" "allowed → EPERM"
        expect_not_in "$output" "ENOSYS"
        # what is loaded for a filter is the filter
        confined profile compile mine.json@runc -o mine.bpf
        confined profile diff mine.json@runc mine.bpf
        expect_status 0
        confined profile diff --as runc mine.json mine.bpf
        expect_status 0
        confined profile diff mine.json mine.bpf@runc
        expect_status 2
        expect_in "$errors" "'mine.bpf' is a filter"
        cp mine.json ./odd@runc
        confined profile diff ./odd@runc@written mine.json
        expect_status 0
}

@test "a profile on which libseccomp does not come to an end" {
        profile SCMP_ACT_ERRNO "$(entry ALLOW getppid 0 NE 1 1 GT 8),
$(entry ALLOW getppid 0 NE 1 1 NE 2)" >endless.json
        confined profile show endless.json
        expect_status 0
        confined profile show endless.json@runc
        [ "$status" -ne 0 ] || skip "this libseccomp comes to an end"
        expect_status 2
        expect_in "$errors" "endless.json:4:12: libseccomp had not finished after 5 s (adding a rule for 'getppid')"
        [ -z "$output" ]
}

@test "what crun refuses and runc passes over" {
        profile SCMP_ACT_ERRNO '{"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 5}' >numbered.json
        confined profile show numbered.json@runc
        expect_status 0
        confined profile show numbered.json@crun
        expect_status 2
        expect_in "$errors" "numbered.json:3:31: crun would refuse this profile and start no container"
}
