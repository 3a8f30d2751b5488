#!/usr/bin/env bats
# confined why --log: what logs of real programs under a real filter tell.
load ../lib/common

setup_file() {
        built_probe "$BATS_FILE_TMPDIR/probe"
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
        expect_in "$output" "1  --cap-add SYS_ADMIN"
        expect_in "$output" "opens this call and: "
        expect_not_in "$output" "all of it as one profile"
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

# message ARGUMENT…: what is known, with Docker 20.10.24 on kernel 6.1.
message() {
        confined why --engine-version 20.10.24 --kernel 6.1 --as written --message "$@"
}

@test "a known message: how sure, still needed, commands that work" {
        message 'warning: Error disabling address space randomization: Operation not permitted'
        expect_status 1
        expect_in "$output" "(gdb-aslr): this is its message"
        expect_in "$output" "personality(personality == ADDR_NO_RANDOMIZE): EPERM"
        expect_in "$output" "still needed: yes, a rule for these calls (Docker 20.10.24, kernel 6.1)"
        expect_in "$output" "type: confined profile extend docker-20.10.24 --for gdb-aslr -o gdb-aslr.json"
        expect_in "$output" "source: moby/moby#43011"
        confined profile extend docker-20.10.24 --for gdb-aslr -o gdb-aslr.json
        expect_status 0
        # With the rule nothing is needed.
        confined why --profile gdb-aslr.json --engine-version 20.10.24 --as written \
                --message 'warning: Error disabling address space randomization: Operation not permitted'
        expect_status 0
        expect_in "$output" "still needed: no: the profile lets all of it through"
}

@test "what needed something once: by the engine's version" {
        message "pthread_create failed: Operation not permitted"
        expect_status 0
        expect_in "$output" "clone3: ENOSYS"
        expect_in "$output" "still needed: no: for programs on glibc 2.34 and later"
        expect_in "$output" "type: remove --security-opt seccomp=unconfined"
        confined why --engine-version 20.10.9 --as written \
                --message "pthread_create failed: Operation not permitted"
        expect_status 1
        expect_in "$output" "clone3: EPERM"
        expect_in "$output" "still needed: until an update"
        expect_in "$output" "this is Docker 20.10.9"
}

@test "a capability, and an engine that does not know it" {
        message 'perf_event_open failed: Operation not permitted'
        expect_status 1
        expect_in "$output" "a rule: this profile does not know the capability"
        expect_in "$output" "danger of perf_event_open: it measures"
        confined why --engine-version 28.5.2 --as written \
                --message 'perf_event_open failed: Operation not permitted'
        expect_in "$output" "still needed: yes, a capability"
        expect_in "$output" "type: docker run --cap-add PERFMON"
}

@test "a message that names a call is answered by the call" {
        message 'unshare: clone(CLONE_NEWUSER|SIGCHLD) failed: Operation not permitted'
        expect_status 1
        expect_in "$output" "clone(CLONE_NEWUSER|SIGCHLD, _, _, _, _) = EPERM"
        expect_in "$output" "refused by seccomp: by docker-20.10.24"
        expect_in "$output" "known holes: CVE-2022-0185"
        expect_in "$output" '(online-judge): perhaps: its message is "clone(...) failed'
        # Arguments that are not told are not made up.
        message 'unshare: Operation not permitted'
        expect_in "$output" "depends on arguments"
        expect_not_in "$output" "unshare_flags == 0"
        message "chown: changing ownership of 'x': Operation not permitted"
        expect_status 0
        expect_in "$output" "not seccomp: docker-20.10.24 lets it through"
}

@test "what every program says tells nothing, and what would tell is said" {
        message 'Operation not permitted'
        expect_status 2
        expect_in "$output" "names no call that failed"
        expect_in "$output" "strace -f -o log"
        message 'Operation not permitted' --program mysqld
        expect_status 0
        expect_in "$output" "(mysql-mbind): perhaps: it is known of this program"
}

@test "a message from the standard input, of any bytes" {
        status=0
        output=$(printf '\033[31mbwrap: No permissions to\ncreate new namespace, likely because the kernel does not allow non-privileged user namespaces' |
                "$CONFINED" why --engine-version 20.10.24 --as written --message -) || status=$?
        expect_status 1
        expect_in "$output" "(bwrap-flatpak): this is its message"
        expect_in "$output" "(ai-agent-bwrap): this is its message"
        expect_not_in "$output" $'\033'
        head -c 900000 /dev/urandom | "$CONFINED" why --engine-version 20.10.24 --message - >out || true
        expect_not_in "$(tr -d '\n' <out | tr -c '[:print:]' '!')" '!'
        status=0
        head -c 1100000 /dev/zero | "$CONFINED" why --engine-version 20.10.24 --message - 2>errors || status=$?
        expect_status 2
        grep -q "more than 1048576 bytes" errors
}

@test "messages as JSON" {
        message 'mbind: Operation not permitted' --program mysqld --format json
        expect_status 1
        [ "$(json 'j["reasons"][0]["id"], j["reasons"][0]["certainty"], j["reasons"][0]["stillNeeded"]')" = \
                "('mysql-mbind', 'sure', 'yes')" ]
        [ "$(json 'j["reasons"][0]["commands"]')" = "['docker run --cap-add SYS_NICE']" ]
        [ "$(json 'j["calls"][0]["verdict"], j["next"]')" = "('refused', [])" ]
        message 'no' --format json
        expect_status 2
        [ "$(json 'len(j["next"]) > 2 and j["reasons"] == j["calls"] == []')" = True ]
}

@test "bad input is one error" {
        confined why
        expect_status 2
        expect_in "$errors" "'why' takes containers and PIDs"
        confined why --log x --message y
        expect_status 2
        confined why --engine-version 1.2 --message y
        expect_status 2
        expect_in "$errors" "no default profile of Docker '1.2' is known"
        confined why --log nowhere
        expect_status 2
        expect_in "$errors" "nowhere"
        head -c 3000 /dev/urandom >log
        why
        [ "$status" -ne 1 ]
}

@test "how sure it is, of each kind, and why" {
        cat >log <<'EOF'
7 unshare(CLONE_NEWUSER) = -1 EPERM (Operation not permitted)
7 mount("a", "/b", "c", 0, NULL) = -1 ENODEV (No such device)
7 socket(AF_VSOCK|0x7, SOCK_STREAM, 0) = -1 EPERM (Operation not permitted)
8 clone(child_stack=NULL, flags=somewhere) = -1 EPERM (Operation not permitted)
audit: type=1326 audit(1.0:2): pid=7 comm="a" exe="/a" sig=0 arch=c000003e syscall=165 compat=0 ip=0x7f code=0x50001
audit: type=1326 audit(1.0:2): pid=7 comm="a" exe="/a" sig=0 arch=c000003e syscall=39 compat=0 ip=0x7f code=0x50001
audit: type=1326 audit(1.0:2): pid=7 comm="a" exe="/a" sig=0 arch=c000003e syscall=56 compat=0 ip=0x7f code=0x50001
audit: type=1326 audit(1.0:2): pid=7 comm="a" exe="/a" sig=0 arch=c000003e syscall=246 compat=0 ip=0x7f code=0x7ffc0000
EOF
        confined why --log log --profile docker-20.10.24 --as written --arch x86_64 --all-errors --format json
        expect_status 1
        sure() {
                jq -r --arg call "$1" --arg error "$2" '.calls[] | select((.call | startswith($call)) and .error == $error) | "\(.verdict) \(.sure)"' <<<"$output"
        }
        [ "$(sure 'unshare(CLONE_NEWUSER)' EPERM)" = "refused sure" ]
        [ "$(sure 'mount(_, _, _, 0, NULL)' ENODEV)" = "not-seccomp sure" ]
        [ "$(sure 'mount(_, _, _, _, _)' EPERM)" = "refused sure" ]
        [ "$(sure getpid EPERM)" = "other-filter sure" ]
        [ "$(sure 'clone(_, _, _, _, _)' EPERM | sort)" = $'perhaps likely\nperhaps perhaps' ]
        # It was let through.
        expect_not_in "$output" kexec_load
        confined why --log log --profile docker-20.10.24 --as written --arch x86_64
        expect_in "$output" "  sure: the line says that a filter answered it, and this profile refuses it"
        confined why --message 'unshare: Operation not permitted' --program nobody-knows
        expect_in "$output" "  likely: the text names the call and the profile refuses it"
}

@test "logs of any size, in the same memory, from files, pipes and the standard input" {
        python3 - <<'EOF'
with open("log", "w") as log:
    for i in range(420000):
        log.write(f'{i % 9000 + 1} openat(AT_FDCWD, "/etc/of/a/program/that/looks/everywhere/{i}", O_RDONLY) = -1 ENOENT (No such file or directory)\n')
    log.write("77 write(1, \"" + "x" * 3000000 + "\") = -1 EPERM (none)\n")
    log.write("77 unshare(CLONE_NEWUSER) = -1 EPERM (Operation not permitted)")
EOF
        [ "$(stat -c %s log)" -gt $((34 << 20)) ]
        confined why --log log --profile docker-20.10.24 --as written --arch x86_64
        expect_status 1
        expect_in "$output" "unshare(CLONE_NEWUSER) = EPERM (first at log:420002)"
        expect_in "$output" "420001 failed calls of 2 kinds, 1 of them seccomp's"
        expect_in "$errors" "log: 1 line is longer than 1048576 bytes"
        local whole=$output
        # The same by the release's program: the sanitizers have seen it.
        output=$("$CONFINED_RELEASE" why --log - --profile docker-20.10.24 --as written --arch x86_64 <log 2>/dev/null) || true
        [ "$output" = "${whole//log:420002/-:420002}" ]
        output=$("$CONFINED_RELEASE" why --log <(cat log) --profile docker-20.10.24 --as written --arch x86_64 2>/dev/null) || true
        expect_in "$output" "420001 failed calls of 2 kinds"
        # The log is larger than all that the program has in memory.
        python3 - "$CONFINED_RELEASE" <<'EOF'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "why", "--log", "log", "--profile", "docker-20.10.24", "--as", "written"],
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(most, "KiB")
sys.exit(most > 24 << 10)
EOF
        printf '\xff\xfeu\0' | { "$CONFINED" why --log - 2>&1 || true; } | grep -q "iconv -f UTF-16"
}
