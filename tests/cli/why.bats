#!/usr/bin/env bats
# confined why --log: what logs of real programs under a real filter tell.
load ../lib/common

setup_file() {
        cc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o "$BATS_FILE_TMPDIR/probe" \
                "$BATS_TEST_DIRNAME/../explain/probe.c"
}

setup() {
        cd "$BATS_TEST_TMPDIR"
}

# traced NUMBER ARGUMENT…: adds the trace of a call under a container's default profile to `log`.
traced() {
        [ "$(uname -m)" = x86_64 ] || skip "numbers of calls are those of x86_64"
        "$CONFINED" run --profile docker-20.10.24 --capabilities container -- \
                strace -f -o one "$BATS_FILE_TMPDIR/probe" "$@"
        cat one >>log
}

why() {
        confined why --log log --profile docker-20.10.24 "$@"
}

# json EXPRESSION: what a Python expression on the output `j` gives.
json() {
        python3 -c 'import json,sys; j=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"
}

@test "a traced program: the call, who refused it, the least remedy" {
        traced 135 0x40000
        why
        expect_status 1
        expect_in "$output" "personality(ADDR_NO_RANDOMIZE) = EPERM (first at log:"
        expect_in "$output" "refused by seccomp: by docker-20.10.24, which lets it through with other arguments alone"
        expect_in "$output" "the kernel would not refuse it: it asks for nothing"
        expect_in "$output" "1  --allow 'personality(personality == ADDR_NO_RANDOMIZE)'"
        expect_in "$output" "1 failed call of 1 kind, 1 of them seccomp's"
}

@test "a call that the kernel would refuse too is not worth a rule" {
        traced 272 0x20000
        why
        expect_status 1
        expect_in "$output" "the kernel would refuse it too: it asks for CAP_SYS_ADMIN"
        expect_in "$output" "1  --cap-add SYS_ADMIN   opens this call and: "
        ! grep -q -- "--allow" <<<"$output"
        # With the capability the profile lets it through.
        why --cap-add SYS_ADMIN
        expect_status 0
        expect_in "$output" "none of them seccomp's"
}

@test "a probe that falls back needs nothing" {
        traced 435 z 0
        why
        expect_in "$output" "1  none   nothing to do: glibc"
}

@test "what is not seccomp's is not blamed on it" {
        traced 92 s:/nonexistent 1 1
        echo 'chown("/etc/passwd", 1, 1) = -1 EPERM (Operation not permitted)' >>log
        why --cap-drop ALL
        expect_status 0
        expect_in "$output" "not seccomp: docker-20.10.24 lets it through"
        expect_in "$output" "it may lack CAP_CHOWN"
        why --cap-drop ALL --all-errors
        expect_in "$output" "chown(_, 1, 1) = ENOENT"
        expect_in "$output" "an ordinary error"
}

@test "the kernel's own lines" {
        printf '%s\n' \
                'audit: type=1326 audit(1.0:1): pid=7 comm="nginx" exe="/nginx" sig=31 arch=c000003e syscall=165 compat=0 ip=0x7f code=0x80000000' \
                'audit: type=1326 audit(1.0:2): pid=7 comm="nginx" exe="/nginx" sig=0 arch=c000003e syscall=39 compat=0 ip=0x7f code=0x50001' >log
        why
        expect_status 1
        expect_in "$output" "mount(_, _, _, _, _) = killed (nginx, first at log:1)"
        expect_in "$output" "getpid() = EPERM"
        expect_in "$output" "another profile was in use"
}

@test "as JSON" {
        traced 272 0x20000
        why --format json
        expect_status 1
        [ "$(json 'j["schema"]')" = confined-why-1 ]
        [ "$(json 'j["calls"][0]["asked"]')" = "['CAP_SYS_ADMIN']" ]
        [ "$(json 'j["calls"][0]["ways"][0]["option"]')" = "--cap-add SYS_ADMIN" ]
        [ "$(json '"mount" in j["calls"][0]["ways"][0]["opens"]')" = True ]
        [ "$(json '[w["enough"] for w in j["calls"][0]["ways"]]')" = "[True, False, False]" ]
}

@test "bad input is one error" {
        confined why
        expect_status 2
        expect_in "$errors" "'why' needs a log"
        confined why --log nowhere
        expect_status 2
        expect_in "$errors" "nowhere"
        head -c 3000 /dev/urandom >log
        why
        [ "$status" -ne 1 ]
}
