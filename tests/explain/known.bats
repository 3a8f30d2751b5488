#!/usr/bin/env bats
# data/reasons.tsv, tried: what a row says is needed is run in real containers under Docker's newest
# default profile. It fails there with the row's message, passes with what the row says, and a call
# that is none of its business is refused all the same.

load ../lib/common
load ../lib/engine

setup_file() {
        if [ "$(id -u)" -ne 0 ]; then
                export ENGINE_SKIP="needs root: a real engine starts containers"
                return
        fi
        if [ "$(uname -m)" != x86_64 ]; then
                export ENGINE_SKIP="numbers of calls are those of x86_64"
                return
        fi
        if ! start_docker; then
                export ENGINE_SKIP="dockerd does not run here: $(tail -n 1 "$docker_dir/log")"
                return
        fi
        export docker_pid docker_pids docker_dir docker_dirs
        # The machine's own programs, by a mount: an image is nothing but the links to them.
        local rootfs=$BATS_FILE_TMPDIR/rootfs
        mkdir -p "$rootfs"/{usr,proc,dev,sys,tmp,etc,t}
        ln -s usr/bin "$rootfs/bin"
        ln -s usr/lib "$rootfs/lib"
        ln -s usr/lib64 "$rootfs/lib64"
        tar -C "$rootfs" -c . | docker import - machine:1 >/dev/null
        mkdir "$BATS_FILE_TMPDIR/t"
        built_probe "$BATS_FILE_TMPDIR/t/probe"
        "$CONFINED" profile default docker >"$BATS_FILE_TMPDIR/default.json"
}

teardown_file() {
        stop_engines
}

setup() {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        cd "$BATS_FILE_TMPDIR"
}

needs() {
        command -v "$1" >/dev/null || skip "needs the program $1"
}

# inside PROFILE [DOCKER-OPTION…] -- COMMAND…: what it prints, and its status.
inside() {
        local profile=$1 options=()
        shift
        while [ "$1" != -- ]; do
                options+=("$1")
                shift
        done
        shift
        status=0
        output=$(docker run --rm --network none -v /usr:/usr:ro -v "$PWD/t:/t:ro" \
                --security-opt "seccomp=$profile" "${options[@]}" machine:1 "$@" 2>&1) || status=$?
        [ "$status" -ne 125 ] || { # the engine's own failure is no answer
                echo "$output"
                return 1
        }
}

# The profile with a row's rules: its file.
with_rules() {
        [ -e "$1.json" ] || "$CONFINED" profile extend docker --for "$1" -o "$1.json"
        echo "$1.json"
}

# A probe's call: its name, as numbers.tsv has it, and arguments.
number() {
        awk -F '\t' -v name="$1" '!/^#/ && !column { for (i = 1; i <= NF; i++) if ($i == "x86_64") column = i }
                $1 == name { print $column }' "$BATS_TEST_DIRNAME/../../data/syscalls/numbers.tsv"
}

# still_refuses PROFILE [CALL ARGUMENT…]: a call that asks the kernel for nothing.
still_refuses() {
        local profile=$1 call=${2:-kcmp}
        shift 2 2>/dev/null || set -- self self 0 0 0
        inside "$profile" -- /t/probe "$(number "$call")" "$@"
        expect_in "$output" EPERM
}

# rule ID CALL ARGUMENT…: refused by default, not with the row's rules.
rule() {
        local id=$1 call=$2 profile
        shift 2
        inside default.json -- /t/probe "$(number "$call")" "$@"
        expect_in "$id $call: $output" EPERM
        profile=$(with_rules "$id")
        inside "$profile" -- /t/probe "$(number "$call")" "$@"
        expect_not_in "$id $call: $output" EPERM
}

# known ID: the output of the program is known to be of this row.
known() {
        "$CONFINED" why --profile docker --as written --message "$output" >why || true
        expect_in "$(<why)" "($1): this is its message"
}

@test "gdb and setarch: address space randomisation" {
        needs gdb
        inside default.json -- setarch -R true
        [ "$status" -ne 0 ]
        known gdb-aslr
        inside default.json -- gdb -batch -ex run /usr/bin/true
        known gdb-aslr
        inside "$(with_rules gdb-aslr)" -- gdb -batch -ex run /usr/bin/true
        expect_not_in "$output" "Error disabling"
        inside "$(with_rules gdb-aslr)" -- setarch -R true
        expect_status 0
        still_refuses "$(with_rules gdb-aslr)"
}

@test "gdb, watched: its one call, told apart from the query; its own option opens least" {
        needs gdb
        "$CONFINED" why --format json -- docker run --rm --network none -v /usr:/usr:ro \
                --security-opt seccomp=default.json machine:1 gdb -batch -ex run /usr/bin/true >seen || true
        python3 - <<'EOP'
import json
calls = [c for c in json.load(open("seen"))["calls"] if c["call"].startswith("personality")]
assert [c["call"] for c in calls] == ["personality(ADDR_NO_RANDOMIZE)"], calls
assert calls[0]["program"].startswith("gdb["), calls[0]["program"]
kinds = [(w["kind"], w["option"]) for w in calls[0]["ways"]]
assert kinds == [("option", "gdb -iex 'set disable-randomization off'"),
                 ("arguments", "--allow 'personality(personality == ADDR_NO_RANDOMIZE)'"),
                 ("call", "--allow personality")], kinds
EOP
        # And it does.
        inside default.json -- gdb -iex 'set disable-randomization off' -batch -ex run /usr/bin/true
        expect_in "$output" "exited normally"
        expect_not_in "$output" "Error disabling"
}

@test "personality, for all that ask for it" {
        local id
        for id in devcontainer-rust lldb-swift-repl tsan tarpaulin gcl-maxima msan rr; do
                rule "$id" personality 0x40000
                still_refuses "$(with_rules "$id")"
        done
        rule gdb-aslr personality 0x40008
        rule gcl-maxima personality 0x400000
        rule gcl-maxima personality 0x440000
}

@test "bubblewrap in a user namespace" {
        local id
        needs bwrap
        inside default.json --user 1000 -- bwrap --ro-bind / / true
        [ "$status" -ne 0 ]
        known bwrap-flatpak
        for id in bwrap-flatpak ai-agent-bwrap; do
                inside "$(with_rules "$id")" --user 1000 -- bwrap --ro-bind / / true
                expect_status 0
                still_refuses "$(with_rules "$id")"
        done
}

@test "user namespaces, for all that ask for them" {
        local id
        for id in chromium-sandbox ai-agent-bwrap bwrap-flatpak rootless-build online-judge; do
                inside default.json --user 1000 -- unshare --user true
                [ "$status" -ne 0 ]
                inside "$(with_rules "$id")" --user 1000 -- unshare --user true
                expect_status 0
                still_refuses "$(with_rules "$id")"
        done
        # One namespace after the other, in one of its own.
        inside "$(with_rules rootless-build)" --user 1000 -- unshare --user -r unshare --mount true
        expect_status 0
        rule chromium-sandbox clone 0x30000011 0
}

@test "single calls, narrowed by arguments" {
        rule kcmp-mesa kcmp self self 0 0 0
        still_refuses "$(with_rules kcmp-mesa)" kcmp self self 2 0 0
        rule unshare-threads unshare 0x400
        still_refuses "$(with_rules unshare-threads)" unshare 0x10000000
        rule vsock socket 40 1 0
        still_refuses "$(with_rules vsock)" socket 38 5 0
        rule af-alg socket 38 5 0
        still_refuses "$(with_rules af-alg)" socket 40 1 0
        rule userfaultfd userfaultfd 1
        rule keyring keyctl 0 0xfffffffd 0
        still_refuses "$(with_rules keyring)" add_key s:user s:confined s:x 1 0xfffffffd
}

@test "whole calls" {
        local id
        for id in io-uring tigerbeetle-ci; do
                rule "$id" io_uring_setup 8 z
                still_refuses "$(with_rules "$id")"
        done
        rule move-pages move_pages 0 0 0 0 0 0
        still_refuses "$(with_rules move-pages)"
}

@test "the new mount calls: another error" {
        local call
        for call in open_tree fsopen move_mount; do
                inside default.json -- /t/probe "$(number "$call")" -1 s: 1
                expect_in "$output" EPERM
                inside "$(with_rules newfd-mount-api)" -- /t/probe "$(number "$call")" -1 s: 1
                expect_in "$output" ENOSYS
        done
        still_refuses "$(with_rules newfd-mount-api)"
}

@test "numactl: a capability" {
        needs numactl
        inside default.json -- numactl --membind=0 true
        [ "$status" -ne 0 ]
        known numactl
        inside default.json --cap-add SYS_NICE -- numactl --membind=0 true
        expect_status 0
}

@test "dmesg and nsenter: a capability" {
        inside default.json -- dmesg
        [ "$status" -ne 0 ]
        known dmesg
        inside default.json --cap-add SYSLOG -- dmesg -n 7
        expect_status 0
        inside default.json -- nsenter -t 1 -u true
        [ "$status" -ne 0 ]
        known nsenter
        inside default.json --cap-add SYS_ADMIN -- nsenter -t 1 -u true
        expect_status 0
}

# capability ID CAPABILITY CALL ARGUMENT…
capability() {
        local id=$1 capability=$2 call=$3
        shift 3
        inside default.json -- /t/probe "$(number "$call")" "$@"
        expect_in "$id $call: $output" EPERM
        inside default.json --cap-add "$capability" -- /t/probe "$(number "$call")" "$@"
        expect_not_in "$id $call: $output" EPERM
}

@test "capabilities" {
        capability mysql-mbind SYS_NICE mbind 0 0 0 0 0 0
        capability vllm-cpu SYS_NICE get_mempolicy 0 0 0 0 0
        capability numactl SYS_NICE set_mempolicy 0 0 0
        capability chrony-set SYS_TIME settimeofday 0 0
        capability fanotify SYS_ADMIN fanotify_init 0 0
        capability fuse SYS_ADMIN mount s:none s:/tmp s:tmpfs 0 0
}

@test "capabilities that Docker knows from 24.0 on" {
        local version
        version=$(docker version --format '{{.Server.Version}}')
        [ "${version%%.*}" -ge 24 ] || skip "Docker $version does not know CAP_PERFMON and CAP_BPF"
        capability perf PERFMON perf_event_open z 0 -1 -1 0
        capability bpf-tools BPF bpf 5 z 128
}

@test "those of older engines: CAP_SYS_ADMIN" {
        capability perf SYS_ADMIN perf_event_open z 0 -1 -1 0
        capability bpf-tools SYS_ADMIN bpf 5 z 128
}

@test "keyctl: keyrings" {
        needs keyctl
        inside default.json -- keyctl id @s
        [ "$status" -ne 0 ]
        known keyring
        inside default.json -- keyctl session - true
        [ "$status" -ne 0 ]
        inside "$(with_rules keyring)" -- keyctl session - true
        expect_status 0
        inside "$(with_rules keyring)" -- keyctl id @s
        expect_status 0
        # Not by this: the keys of others.
        inside "$(with_rules keyring)" -- keyctl add user name value @s
        [ "$status" -ne 0 ]
        still_refuses "$(with_rules keyring)"
}

@test "socat: AF_VSOCK" {
        needs socat
        inside default.json -- socat - VSOCK-CONNECT:1:1
        [ "$status" -ne 0 ]
        known vsock
        inside "$(with_rules vsock)" -- socat - VSOCK-CONNECT:1:1
        expect_not_in "$output" "Operation not permitted"
        still_refuses "$(with_rules vsock)" socket 38 5 0
}

@test "kcapi: AF_ALG" {
        needs kcapi-dgst
        inside default.json -- kcapi-dgst -c sha256 -i /etc/hostname
        [ "$status" -ne 0 ]
        inside default.json --security-opt seccomp=unconfined -- /t/probe "$(number socket)" 38 5 0
        [[ $output != *EAFNOSUPPORT* ]] || skip "this kernel has no AF_ALG"
        inside "$(with_rules af-alg)" -- kcapi-dgst -c sha256 -i /etc/hostname
        expect_status 0
}

@test "migratepages: moving pages" {
        needs migratepages
        inside default.json -- migratepages 1 0 0
        [ "$status" -ne 0 ]
        "$CONFINED" why --profile docker --as written --message "$output" >why || true
        expect_in "$(<why)" "migrate_pages(_, _, _, _) = EPERM"
        expect_in "$(<why)" "(move-pages): "
        inside "$(with_rules move-pages)" -- migratepages 1 0 0
        expect_not_in "$output" "Operation not permitted"
        still_refuses "$(with_rules move-pages)"
}

@test "fatrace: fanotify" {
        needs fatrace
        inside default.json -- fatrace -s 1
        [ "$status" -ne 0 ]
        known fanotify
        inside default.json --cap-add SYS_ADMIN -- fatrace -c -s 1
        expect_not_in "$output" "Operation not permitted"
}

@test "perf and bpftool: a capability" {
        needs perf
        needs bpftool
        inside default.json -- perf stat -e task-clock true
        [ "$status" -ne 0 ]
        known perf
        inside default.json --cap-add SYS_ADMIN -- perf stat -e task-clock true
        expect_status 0
        inside default.json -- bpftool map list
        [ "$status" -ne 0 ]
        inside default.json --cap-add SYS_ADMIN -- bpftool map list
        expect_status 0
}

@test "setting the clock is refused" {
        inside default.json -- date -s 2030-01-01
        [ "$status" -ne 0 ]
        known chrony-set
}

@test "what needs nothing today" {
        needs strace
        needs gdb
        inside default.json -- strace -o /tmp/log true
        expect_status 0
        inside default.json -- gdb -batch -ex run /usr/bin/true
        expect_in "$output" "exited normally"
        ! command -v ltrace >/dev/null || {
                inside default.json -- ltrace -o /tmp/log true
                expect_status 0
        }
        inside default.json -- /t/probe "$(number clone3)" z 0
        expect_in "$output" ENOSYS
        inside default.json -- /t/probe "$(number landlock_create_ruleset)" 0 0 1
        expect_not_in "$output" EPERM
        inside default.json -- /t/probe "$(number name_to_handle_at)" -1 s:x z z 0
        expect_not_in "$output" EPERM
}
