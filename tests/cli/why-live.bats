#!/usr/bin/env bats
# confined why, live: calls that real filters of the running kernel refuse, seen from outside.
# alone: it watches the whole machine
load ../lib/common
load ../lib/engine

setup_file() {
        if [ "$(id -u)" -ne 0 ]; then
                export LIVE_SKIP="needs root: the kernel is watched"
                return
        fi
        if [ "$(uname -m)" != x86_64 ]; then
                export LIVE_SKIP="numbers of calls are those of x86_64"
                return
        fi
        if [ ! -e /sys/kernel/btf/vmlinux ]; then
                export LIVE_SKIP="this kernel has no BTF"
                return
        fi
        export PROBE=$BATS_FILE_TMPDIR/probe
        built_probe "$PROBE"
        if ! start_docker; then
                export ENGINE_SKIP="dockerd does not run here: $(tail -n 1 "$docker_dir/log")"
                return
        fi
        export docker_pid docker_pids docker_dir docker_dirs
        busybox_rootfs "$BATS_FILE_TMPDIR/rootfs"
        cp "$PROBE" "$BATS_FILE_TMPDIR/rootfs/probe"
        make_image docker
}

teardown_file() {
        stop_engines
}

setup() {
        [ -z "${LIVE_SKIP:-}" ] || skip "$LIVE_SKIP"
        cd "$BATS_TEST_TMPDIR"
}

teardown() {
        [ -z "${watcher:-}" ] || kill -9 "$watcher" 2>/dev/null || true
        [ -z "${box:-}" ] || docker rm -f "$box" >/dev/null 2>&1 || true
        [ -z "${podman_dirs:-}" ] || docker_pids= docker_dirs= stop_engines # the test's own alone
}

# profile ACTION CALL…: a file `profile` that answers these calls so, and allows the others.
profile() {
        local action=$1 names
        shift
        names=$(printf '"%s",' "$@")
        echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"]," \
                "\"syscalls\": [{\"names\": [${names%,}], \"action\": \"$action\"}]}" >profile
}

# watched PROBE-ARGUMENT…: the probe under `profile`, watched.
watched() {
        confined why --format json -- "$CONFINED" run --profile profile -- "$PROBE" "$@"
}

# json EXPRESSION: what a Python expression on the output `j` gives.
json() {
        python3 -c 'import json,sys; j=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1" <<<"$output"
}

# watch ARGUMENT…: confined why in the background; its output is in `seen` after unwatch.
watch() {
        "$CONFINED" why --format json "$@" >seen 2>errors 3>&- &
        watcher=$!
        wait_for grep -q watching errors
}

unwatch() {
        kill -TERM "$watcher"
        status=0
        wait "$watcher" || status=$?
        watcher=
        output=$(<seen)
}

@test "a refused call, told when it happens, and in the end" {
        profile SCMP_ACT_ERRNO personality
        confined why -- "$CONFINED" run --profile profile -- "$PROBE" 135 0x40000
        expect_status 1
        expect_in "$errors" "] personality(ADDR_NO_RANDOMIZE) = EPERM  refused by seccomp"
        expect_in "$output" "personality(ADDR_NO_RANDOMIZE) = EPERM (probe["
        # Whose filter it was, or that the process was gone before its filter could be read.
        expect_in "$output" "refused by seccomp: by "
        expect_in "$output" "1  --allow 'personality(personality == ADDR_NO_RANDOMIZE)'"
        expect_in "$output" "1 call refused by seccomp"
}

@test "what is not refused is not told" {
        profile SCMP_ACT_ERRNO personality
        watched 39
        expect_status 0
        [ "$(json 'j["calls"], j["refused"]')" = "([], 0)" ]
}

@test "every call of many threads is counted" {
        profile SCMP_ACT_ERRNO personality
        watched -t 8 -r 20000 135 7
        expect_status 1
        [ "$(json 'j["refused"]')" = 160000 ]
        [ "$(json 'sum(c["count"] for c in j["calls"]) + j["lost"]')" = 160000 ]
}

@test "many children: each one's call, and none of their first returns" {
        profile SCMP_ACT_ERRNO personality
        watched -f 400 -r 3 135 0x40000
        [ "$(json 'j["refused"], [(c["call"], c["count"]) for c in j["calls"]]')" = \
                "(1200, [('personality(ADDR_NO_RANDOMIZE)', 1200)])" ]
        watched -f 400 39
        [ "$(json 'j["refused"], j["calls"]')" = "(0, [])" ]
}

@test "a call of a 32-bit program" {
        profile SCMP_ACT_ERRNO personality
        watched -3 136 0x40000
        [ "$(json '[c["call"] for c in j["calls"]]')" = "['i386:personality(ADDR_NO_RANDOMIZE)']" ]
}

@test "every action that refuses, and LOG, which does not" {
        local row
        for row in ERRNO:EPERM:None:1 TRACE:ENOSYS:None:1 TRAP:None:killed:1 KILL:None:killed:1 \
                KILL_PROCESS:None:killed:1 LOG:None:None:0; do
                IFS=: read -r action error outcome count <<<"$row"
                profile "SCMP_ACT_$action" personality
                watched 135 7
                [ "$(json 'j["refused"]')" = "$count" ]
                [ "$count" = 0 ] || [ "$(json 'j["calls"][0]["error"], j["calls"][0]["outcome"]')" = \
                        "$(python3 -c 'import sys; print(tuple(None if w == "None" else w for w in sys.argv[1:]))' "$error" "$outcome")" ]
        done
}

@test "NOTIFY: what a listener answers is told, what it lets the kernel do is not" {
        confined why --format json -- "$PROBE" -n 13 135 0x40000
        expect_status 1
        [ "$(json '[(c["call"], c["error"], c["outcome"]) for c in j["calls"]]')" = \
                "[('personality(ADDR_NO_RANDOMIZE)', 'EACCES', None)]" ]
        confined why --format json -- "$PROBE" -n value 135 0x40000
        [ "$(json '[(c["call"], c["error"], c["outcome"]) for c in j["calls"]]')" = \
                "[('personality(ADDR_NO_RANDOMIZE)', None, 'answered by a listener')]" ]
        confined why --format json -- "$PROBE" -n continue 135 0x40000
        expect_status 0
        [ "$(json 'j["calls"], j["refused"]')" = "([], 0)" ]
}

@test "TRACE: a call that a tracer takes away is counted, and not called seccomp's" {
        confined why --format json -- "$PROBE" -k -r 3 135 0x40000
        expect_status 0
        [ "$(json 'j["calls"], j["refused"], j["skipped"]')" = "([], 0, 3)" ]
        confined why -- "$PROBE" -k 135 0x40000
        expect_in "$output" "1 more were taken away by a tracer"
}

@test "one thread of many is under a filter" {
        confined why --format json -- "$PROBE" -t 8 -r 500 -o 135 0x40000
        expect_status 1
        [ "$(json 'j["refused"], [(c["call"], c["count"]) for c in j["calls"]]')" = \
                "(500, [('personality(ADDR_NO_RANDOMIZE)', 500)])" ]
}

@test "what the kernel refuses is not seccomp's, and is told when asked for" {
        confined why --format json -- setpriv --reuid 1 --clear-groups "$PROBE" 92 s:/etc/passwd 0 0
        expect_status 0
        [ "$(json 'j["calls"]')" = "[]" ]
        confined why --format json --all-errors -- setpriv --reuid 1 --clear-groups "$PROBE" 92 s:/etc/passwd 0 0
        expect_status 0
        [ "$(json '[(c["verdict"], c["error"]) for c in j["calls"] if c["call"].startswith("chown(")]')" = \
                "[('not-seccomp', 'EPERM')]" ]
        [ "$(json 'any("CAP_CHOWN" in a for c in j["calls"] for a in c["asked"] + c["perhapsAsked"])')" = True ]
}

# errors_of LABEL PROBE-ARGUMENT…: what is said of a call that fails in a process with this label.
errors_of() {
        local label=$1
        shift
        rm -f go errors seen
        "$PROBE" -w "$PWD/go" -u 1 -s "$@" >/dev/null 3>&- &
        local inside=$!
        echo "$label" >label
        # This machine's modules give no labels: what they would give is put in the place.
        unshare -m sh -c 'mount --bind label "/proc/$1/attr/current"; exec "$2" why --all-errors "$1"' \
                sh "$inside" "$CONFINED" >seen 2>errors 3>&- &
        watcher=$!
        wait_for grep -q watching errors
        touch go
        wait_for grep -q "not seccomp" seen
        kill "$inside"
        wait "$inside" || true
        wait "$watcher" # it ends with the process
        watcher=
        output=$(<seen)
}

@test "what is said in the end: nothing refused, no filter at all, several rules as one profile" {
        confined why -- true
        expect_status 0
        expect_in "$output" "no call was refused by seccomp: nothing in it has a filter"
        profile SCMP_ACT_ERRNO personality keyctl
        confined why -- "$CONFINED" run --profile profile -- true
        expect_in "$output" "no call was refused by seccomp (--all-errors tells"
        expect_not_in "$output" "nothing in it has a filter"
        confined why --profile profile --as written -- "$CONFINED" run --profile profile -- \
                sh -c "$PROBE 135 0x40000; $PROBE 250 0 0xfffffffd 0; $PROBE 250 0 0xfffffffd 0"
        expect_in "$output" "all of it as one profile: the same command with --write FILE"
        # What letting a call through is known for is told once.
        [ "$(grep -c "danger of keyctl" <<<"$output")" = 1 ]
        [ "$(awk 'length > 140' <<<"$output" | grep -vc danger)" = 0 ]
}

@test "what speaks for a security module, and what for an ordinary error" {
        local attr=/proc/self/attr/current
        [ -e "$attr" ] || skip "this kernel has no $attr"
        errors_of "docker-default (enforce)" 59 s:/etc/passwd 0 0
        expect_in "$output" "an ordinary error: the file may not be executed"
        expect_in "$output" "AppArmor's profile 'docker-default (enforce)' is on the process; see: dmesg"
        errors_of "system_u:system_r:container_t:s0:c1,c2" 59 s:/etc/passwd 0 0
        expect_in "$output" "SELinux's context 'system_u:system_r:container_t:s0:c1,c2'"
        errors_of "unconfined" 59 s:/etc/passwd 0 0
        expect_in "$output" "an ordinary error: the file may not be executed"
        expect_not_in "$output" "security module"
}

@test "a setting that the kernel asks for is told with its value" {
        [ "$(cat /proc/sys/kernel/dmesg_restrict)" = 1 ] || skip "kernel.dmesg_restrict is not 1"
        confined why --all-errors -- setpriv --reuid 1 --clear-groups "$PROBE" 103 3 z 0
        expect_in "$output" "CAP_SYSLOG or kernel.dmesg_restrict == 0 (it is 1)"
}

@test "a process and its descendants, and no others" {
        profile SCMP_ACT_ERRNO personality
        "$CONFINED" run --profile profile -- "$PROBE" -w go -f 5 135 0x40000 >/dev/null 3>&- &
        local inside=$!
        "$CONFINED" run --profile profile -- "$PROBE" -w go -f 9 135 0x400000 >/dev/null 3>&- &
        local outside=$!
        watch "$inside"
        touch go
        wait "$inside" "$outside"
        status=0
        wait "$watcher" || status=$? # it ends with the process
        watcher=
        output=$(<seen)
        expect_status 1
        [ "$(json '[(c["call"], c["count"]) for c in j["calls"]]')" = "[('personality(ADDR_NO_RANDOMIZE)', 5)]" ]
}

@test "killed in the middle, nothing stays attached" {
        command -v bpftool >/dev/null || skip "needs bpftool"
        watch --all
        local pid=$watcher ids id
        ids=$(grep -h '^prog_id:' /proc/"$pid"/fdinfo/* | cut -f 2 | sort -u)
        [ "$(wc -w <<<"$ids")" -ge 5 ]
        for id in $ids; do
                bpftool prog show id "$id" >/dev/null
        done
        kill -9 "$pid"
        wait "$pid" || true
        watcher=
        gone() {
                ! bpftool prog show id "$1" >/dev/null 2>&1
        }
        for id in $ids; do
                wait_for gone "$id"
        done
}

@test "what it cannot do is said" {
        confined why
        expect_status 2
        expect_in "$errors" "takes containers and PIDs"
        confined why --all 1
        expect_status 2
        confined why --for soon --all
        expect_status 2
        expect_in "$errors" "--for: 'soon' is no time such as 90s, 10m or 2h"
        confined why -- ./nothing
        expect_status 2
        expect_in "$errors" "'./nothing' cannot be started: No such file or directory"
        confined why 4194303
        expect_status 2
        status=0
        errors=$(setpriv --reuid 65534 --clear-groups "$CONFINED" why --all 2>&1) || status=$?
        expect_status 2
        expect_in "$errors" "run as root"
}

# ---- containers (more of them: tests/explain/symptoms.bats) ------------------------------------------------------------------------------------

@test "a process of many threads is read once, and not for each of them" {
        local threads=40
        profile SCMP_ACT_ERRNO personality
        "$CONFINED" run --profile profile -- python3 -c '
import sys, threading
def wait():
    while True:
        threading.Event().wait(0.3)  # times out: an error of a call that was under way
for _ in range(int(sys.argv[1]) - 1):
    threading.Thread(target=wait, daemon=True).start()
print("ready", flush=True)
wait()' "$threads" >ready 3>&- &
        local waiters=$!
        wait_for grep -q ready ready
        strace -f -o trace -e trace=ptrace "$CONFINED" why --all --for 3s >/dev/null 2>&1 || true # others of this machine are seen, too
        kill "$waiters"
        # One look for each thread is 40 times 40 stops.
        [ "$(grep -c "PTRACE_SEIZE" trace)" -lt $((threads * threads / 2)) ]
        grep -q PTRACE_SEIZE trace
}

@test "a call with ever other arguments is told of some times, and together" {
        profile SCMP_ACT_ERRNO keyctl
        confined why --format json -- "$CONFINED" run --profile profile -- python3 -c '
import ctypes
libc = ctypes.CDLL(None)
for i in range(500):
    libc.syscall(250, i, i, i, i, i)'
        expect_status 1
        [ "$(json 'len(j["calls"])')" -eq 17 ]
        [ "$(json 'sum(c["count"] for c in j["calls"])')" -eq 500 ]
        [ "$(json 'j["calls"][0]["call"]')" = "keyctl(_, _, _, _, _)" ]
}

@test "whoever reads has seen enough" {
        profile SCMP_ACT_ERRNO personality
        "$CONFINED" run --profile profile -- sh -c "sleep 2; $PROBE -r 5 135; exec sleep 60" >/dev/null 2>&1 3>&- &
        local pid=$!
        timeout 40 "$CONFINED" why "$pid" 2>/dev/null 3>&- | head -n 1 >line
        [ "${PIPESTATUS[0]}" -ne 124 ]
        kill "$pid"
        grep -q personality line
}

@test "a command that is watched for a while runs on, which is told" {
        confined why --for 1s -- sleep 3
        expect_status 0
        expect_in "$errors" "confined: the command (PID "
        confined why --for 1s -- true
        expect_not_in "$errors" "runs on"
}

@test "a container from its first instruction" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        confined why --format json -- docker run --rm --network none box:1 /probe -r 3 135 0x40000
        expect_status 1
        [ "$(json '[(c["call"], c["error"], c["count"]) for c in j["calls"] if c["call"].startswith("personality")]')" = \
                "[('personality(ADDR_NO_RANDOMIZE)', 'EPERM', 3)]" ]
}

# beside COMMAND…: runs it while another container starts again and again and is refused calls.
beside() {
        local others
        while :; do
                docker run --rm --network none box:1 /probe -r 7 135 0x400000 >/dev/null 2>&1 || break
        done 3>&- &
        others=$!
        "$@"
        kill "$others"
        wait "$others" || true
}

@test "a container among others that start meanwhile: its own calls alone" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        local ours="[('personality(ADDR_NO_RANDOMIZE)', 5)]" run=(docker run --network none)
        local inside='sleep 2; /probe -r 5 135 0x40000'
        beside confined why --format json -- "${run[@]}" --rm box:1 sh -c "$inside"
        expect_status 1
        [ "$(json '[(c["call"], c["count"]) for c in j["calls"]]')" = "$ours" ]
        [ "$(json 'j["refused"], j["lost"], j["others"] > 0')" = "(5, 0, True)" ]
        # Its file for the id, if the words name one.
        beside confined why -- "${run[@]}" --rm --cidfile id box:1 sh -c "$inside"
        expect_in "$output" "5 calls refused by seccomp"
        expect_in "$output" "more were of other containers that started meanwhile: confined why --all tells"
        expect_not_in "$output$errors" READ_IMPLIES_EXEC
        grep -qx '[0-9a-f]*' id
        # And when the command ends before the container does.
        beside confined why --for 4s --format json -- "${run[@]}" -d --name later box:1 sh -c "$inside"
        box=later
        [ "$(json '[(c["call"], c["count"]) for c in j["calls"]]')" = "$ours" ]
        # What it is started with is as it was.
        expect_not_in "$(docker inspect later)" confined
        # Nothing of ours in no container is told either, but for the command's own.
        profile SCMP_ACT_ERRNO personality
        confined why --format json -- "${run[@]}" --rm box:1 /probe -r 2 135 0x40000
        [ "$(json 'j["refused"]')" = 2 ]
}

@test "Podman: a container among others that start meanwhile" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        command -v podman >/dev/null || skip "needs podman"
        unset DOCKER_CONFIG # Podman insists that it is there
        export podman_runtime=runc
        podman_dir=$(engine_folder)
        podman_dirs=$podman_dir
        mkdir bin
        printf '%s\n' '#!/bin/sh' "exec $(command -v podman) --root $podman_dir/root --runroot $podman_dir/run \\" \
                "--tmpdir $podman_dir/tmp --cgroup-manager cgroupfs --events-backend file --runtime runc \"\$@\"" >bin/podman
        chmod +x bin/podman
        tar -C "$BATS_FILE_TMPDIR/rootfs" -c . | bin/podman import - box:1 >/dev/null 2>&1 || true
        local run=("$PWD/bin/podman" run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 box:1)
        "${run[@]}" /bin/true || skip "podman does not run here"
        beside confined why --format json -- "${run[@]}" /bin/sh -c 'sleep 2; /probe -r 5 135 0x40000'
        [ "$(json '[(c["call"], c["count"]) for c in j["calls"]]')" = "[('personality(ADDR_NO_RANDOMIZE)', 5)]" ]
        [ "$(json 'j["refused"], j["lost"]')" = "(5, 0)" ]
}

@test "what a program's own filter refuses, on top of its container's, no profile lets through" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        confined why -- docker run --rm --network none box:1 /probe -t 1 -o -r 300 110
        expect_in "$output" "refused by a filter that the program loaded itself: no profile lets it through"
        expect_in "$output" "(the default of Docker"
        expect_not_in "$output" "--allow getppid"
        confined why --instead -- docker run --rm --network none --security-opt seccomp=unconfined box:1 \
                /probe -t 1 -o -r 300 110
        expect_in "$output" "not needed"
}

@test "several containers at once, each under its own profile" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        "$CONFINED" profile default docker-2026-06 >newest.json
        box=$(docker run -d --network none --name first box:1 sleep 1000)
        docker run -d --network none --name second --security-opt seccomp=newest.json box:1 sleep 1000
        watch first second
        docker exec first /probe 135 0x40000
        docker exec second /probe -r 2 135 0x400000
        unwatch
        docker rm -f second
        expect_status 1
        [ "$(json 'sorted((c["container"], c["call"], c["count"]) for c in j["calls"])')" = \
                "[('first', 'personality(ADDR_NO_RANDOMIZE)', 1), ('second', 'personality(READ_IMPLIES_EXEC)', 2)]" ]
        [ "$(json 'j["refused"], j["lost"]')" = "(3, 0)" ]
        confined why first --write x.json --for 1s second
        expect_status 2
        expect_in "$errors" "name one container"
        confined why --for 1s first nobody
        expect_status 2
        expect_in "$errors" "'nobody'"
}

@test "everything: containers have their names and profiles, also those that come and go" {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
        box=$(docker run -d --network none --name stays box:1 sleep 1000)
        "$CONFINED" why --all >seen 2>errors 3>&- &
        watcher=$!
        wait_for grep -q watching errors
        docker exec stays /probe 135 0x40000
        docker run --rm --network none --name comes box:1 /probe 135 0x440000
        unwatch
        expect_in "$output" "stays: probe["
        expect_in "$output" "comes: probe["
        expect_in "$output" "in stays)"
        expect_in "$output" "in comes)"
        expect_in "$output" "by the default of Docker"
}

@test "everything: of a container that is gone before it was looked at, its monitor tells" {
        local root=/sys/fs/cgroup/pids group id monitor
        [ -d "$root" ] || root=/sys/fs/cgroup
        group=$root/confined-test-$$
        mkdir "$group" 2>/dev/null || skip "no control group can be made here"
        id=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
        profile SCMP_ACT_ERRNO personality
        "$CONFINED" why --all >seen 2>errors 3>&- &
        watcher=$!
        wait_for grep -q watching errors
        kill -STOP "$watcher"
        # What conmon looks like: the id in its words. The call's own process ends while nobody looks.
        (
                echo "$BASHPID" >"$group/cgroup.procs"
                exec -a conmon bash -c "'$CONFINED' run --profile profile -- '$PROBE' 135 0x40000 >done; sleep 30; true" x -c "$id"
        ) 3>&- &
        monitor=$!
        wait_for grep -q EPERM done
        kill -CONT "$watcher"
        wait_for grep -q refused seen
        wait_for grep -q "${id:0:12}: probe\[" seen
        kill -9 "$watcher" "$monitor"
        wait "$watcher" "$monitor" || true
        watcher=
        empty() {
                rmdir "$group"
        }
        kill -9 $(<"$group/cgroup.procs") 2>/dev/null || true
        wait_for empty
}
