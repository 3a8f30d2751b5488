#!/usr/bin/env bats
# confined record: what is missing is added, every rule has its reason, and what ends in the middle
# leaves nothing half done.
load ../lib/common
load ../lib/engine

setup_file() {
        [ "$(uname -m)" = x86_64 ] && [ -e /sys/kernel/btf/vmlinux ] ||
                export ENGINE_SKIP="needs x86_64 and a kernel with BTF"
        [ "$(id -u)" -eq 0 ] || export ENGINE_SKIP="needs root: the kernel is watched"
        [ -z "${ENGINE_SKIP:-}" ] || return 0
        built_probe "$BATS_FILE_TMPDIR/probe"
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
        probe=$BATS_FILE_TMPDIR/probe
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD
        bpftool=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool) || bpftool=
}

teardown() {
        local tmpfs=$BATS_TEST_TMPDIR/small
        mountpoint -q "$tmpfs" && umount "$tmpfs"
        stop_engines
}

answers() {
        confined profile explain p.json "$1" --format json
        python3 -c 'import json,sys; print(json.load(sys.stdin)["answer"])' <<<"$output"
}

field() {
        python3 -c 'import json,sys; print(eval(sys.argv[1], {"d": json.load(open("report.json"))}))' "$1"
}

# The eBPF programs that a confined holds.
programs_of() {
        sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$1"/fdinfo/* 2>/dev/null | sort -u
}

none_left() {
        local one
        for one in $1; do
                ! "$bpftool" prog show id "$one" >/dev/null 2>&1 || return 1
        done
}

# ---- what is missing ----------------------------------------------------------------------------

@test "calls that the second run alone makes are found, and added until it is stable" {
        # Each run makes one call more than the one before: 0, 1, 2, 3, 3, …
        cat >more <<'EOF'
read -r n <count
echo $((n + 1)) >count
"$probe" 186 >/dev/null
[ "$n" -lt 1 ] || "$probe" 135 0 >/dev/null
[ "$n" -lt 2 ] || "$probe" 103 10 0 0 >/dev/null
[ "$n" -lt 3 ] || "$probe" 41 16 3 0 >/dev/null
EOF
        export probe
        echo 0 >count
        confined record -o p.json -- sh more
        expect_status 1
        expect_in "$errors" "not verified: 1 refused that the recording did not see: personality"
        expect_in "$errors" "--until-stable"
        [ "$(answers 'personality(0)')" = EPERM ]
        echo 0 >count
        confined record --force --until-stable --save seen.json -o p.json -- sh more
        expect_status 0
        expect_in "$errors" "1 refused, added: personality"
        expect_in "$errors" "again, under the profile (round 4)"
        expect_in "$errors" "verified: nothing was refused, exit status as before; stable after 4 rounds"
        [ "$(answers 'personality(0)')" = allowed ]
        [ "$(answers 'syslog(10, 0, 0)')" = allowed ]
        [ "$(answers 'socket(16, 3, 0)')" = allowed ]
        [ "$(answers 'socket(AF_VSOCK, 3, 0)')" = EPERM ]
        # What was saved has them, too.
        grep -q personality seen.json
}

@test "it does not go on for ever" {
        cat >more <<'EOF'
n=$(cat count 2>/dev/null || echo 0)
echo $((n + 1)) >count
i=0
while [ $i -lt "$n" ]; do
        i=$((i + 1))
        "$probe" 41 $((15 + i)) 3 0 >/dev/null
done
EOF
        export probe
        confined record --until-stable -o p.json -- sh more
        expect_status 1
        expect_in "$errors" "(round 8)"
        expect_not_in "$errors" "(round 9)"
        expect_in "$errors" "not verified"
        [ -s p.json ]
}

@test "another end than before is told" {
        echo 0 >count
        confined record -o p.json -- sh -c 'read -r n <count; echo $((n + 1)) >count; exit "$n"'
        expect_status 1
        expect_in "$errors" "not verified: nothing was refused, but its exit status is 1, and before its exit status is 0"
}

@test "what had to be stopped is verified for a while, and must not end before" {
        confined record --for 1s -o p.json -- sh -c 'while :; do sleep 0.1; done'
        expect_status 0
        expect_in "$errors" "again, under the profile, for 1 s"
        expect_in "$errors" "until it was told to end"
        confined record --force --for 1s -o p.json -- sh -c '[ -e ran ] && exit 7; touch ran; while :; do sleep 0.1; done'
        expect_status 1
        expect_in "$errors" "its exit status is 7 after 0 s, and it had to be stopped before"
}

@test "what a command leaves running is told, and what ends with it is not" {
        confined record --no-verify -o p.json -- sh -c 'setsid sleep 5 & sleep 0.1'
        expect_status 0
        expect_in "$errors" "left 1 process running (PID "
        expect_in "$errors" ", sleep), whose calls from then on were not seen"
        # Orphans that have ended are not kept.
        confined record --force --no-verify -o p.json -- sh -c '
                for i in 1 2 3 4 5 6 7 8 9; do (true &); done; sleep 1
                cat "/proc/$PPID/task/$PPID/children"; (sleep 0.1 &)'
        expect_status 0
        expect_not_in "$errors" "running"
        [ "$(wc -w <<<"$output")" -eq 1 ]
}

@test "what ended by itself must do so again, and Ctrl-C is no proof" {
        confined record -o p.json -- sh -c 'sleep 0.1; [ -e hung ] && exec sleep 60; touch hung'
        expect_status 1
        expect_in "$errors" "not verified: nothing was refused, but it did not end within 1"
        expect_not_in "$errors" "verified: nothing was refused in"
        "$CONFINED" record --force -o p.json -- sh -c 'sleep 0.1; touch some; [ -e two ] && touch three && sleep 9; touch two' 2>errors 3>&- &
        local recorder=$! status=0
        wait_for test -e three
        kill -INT "$recorder"
        wait "$recorder" || status=$?
        expect_status 1
        expect_in "$(<errors)" "not verified: nothing was refused, but it was stopped after"
}

# ---- the profile ---------------------------------------------------------------------------------

@test "threads: clone3 is not let through, and clone not with new namespaces" {
        confined record --save seen.json -o p.json -- "$probe" -t 4 -r 10 186
        expect_status 0
        expect_in "$errors" "verified: nothing was refused"
        [ "$(answers 'clone3')" = ENOSYS ]
        [ "$(answers 'clone(0x3d0f00)')" = allowed ]
        [ "$(answers 'clone(CLONE_NEWUSER)')" = EPERM ]
        expect_not_in "$errors" "refused meanwhile"
        # An earlier recording in which clone3 was let through, and clone was not needed.
        python3 - <<'EOP'
import json
seen = json.load(open("seen.json"))
for call in seen["calls"]:
    if call.get("call") == "clone":
        call["call"] = "clone3"
        call["values"] = []
json.dump(seen, open("old.json", "w"))
EOP
        grep -q '"clone3"' old.json
        confined record --force --no-verify --merge old.json -o p.json -- true
        expect_status 0
        [ "$(answers 'clone3')" = ENOSYS ]
        [ "$(answers 'clone(0x3d0f00)')" = allowed ]
        [ "$(answers 'clone(0x10000011)')" = EPERM ]
        confined record --check p.json -- "$probe" -t 4 -r 10 186
        expect_in "$errors" "p.json has every call" || expect_not_in "$errors" clone3
}

@test "every rule has its reason, and Docker takes the profile" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        confined record --annotate -o p.json -- docker run --rm --network none box:1 /bin/sh -c 'echo a'
        expect_status 0
        python3 - <<'EOP'
import json
entries = json.load(open("p.json"))["syscalls"]
assert all(entry.get("comment") for entry in entries), [e for e in entries if not e.get("comment")]
reasons = {name: entry["comment"] for entry in entries for name in entry["names"]}
assert reasons["capset"].startswith("start-up of the container by runc 1."), reasons["capset"]
assert reasons["write"] == "made by the workload", reasons["write"]
assert "clone" in reasons["clone3"], reasons["clone3"]
EOP
        docker run --rm --network none --security-opt seccomp=p.json box:1 /bin/true
}

@test "of several runs each rule says in how many it was seen" {
        confined record --no-verify --save one.json -o p.json -- "$probe" 186
        confined record --force --no-verify --annotate --merge one.json -o p.json -- "$probe" 135 0
        grep -q 'made by the workload in 1 of 2 runs' p.json
        grep -q 'made by the workload in 2 of 2 runs' p.json
        expect_in "$errors" "made in one run alone: personality, gettid" ||
                expect_in "$errors" "made in one run alone: gettid, personality"
        expect_in "$errors" "a further run may need"
}

@test "what attackers use is told with what they gain, where the profile leaves it open" {
        confined record --no-verify -o p.json -- "$probe" 248 0 0 0
        expect_in "$errors" "dangerous: add_key: by it an attacker reads and changes keyrings"
        # AF_ALG alone of the families is known.
        confined record --force --no-verify -o p.json -- "$probe" 41 1 1 0
        expect_not_in "$errors" "dangerous"
        confined record --force --no-verify -o p.json -- "$probe" 41 38 5 0
        expect_in "$errors" "dangerous: socket"
        expect_in "$errors" "AF_ALG"
}

@test "as JSON: the report and the profile, and the workload's own output elsewhere" {
        "$CONFINED" record --format json -- sh -c 'echo out; exit 3' >report.json 2>errors
        grep -q '^out' errors
        [ "$(field 'd["schema"], d["status"], d["end"]')" = "('confined-record-1', 3, 'ended')" ]
        [ "$(field 'd["verification"]["verdict"]')" = verified ]
        [ "$(field '"write" in [c["name"] for c in d["calls"]]')" = True ]
        [ "$(field 'd["profile"]["defaultAction"]')" = SCMP_ACT_ERRNO ]
}

# ---- what runs already ----------------------------------------------------------------------------

@test "what the workload's own filter refuses is not the profile's fault" {
        confined record -o p.json -- "$probe" -t 1 -o -r 300 110
        expect_status 0
        expect_in "$errors" "verified: nothing was refused but by filters of its own, exit status as before"
        [ "$(answers getppid)" = EPERM ]
}

@test "a call that was under way and fails is not one that was refused" {
        "$CONFINED" run --profile docker -- python3 -c 'import threading
while True: threading.Event().wait(0.7)' 3>&- &
        local pid=$!
        wait_for grep -q '^Seccomp:[[:space:]]*2' /proc/$pid/status
        sleep 0.5
        confined record --for 2s --pid $pid -o p.json
        kill $pid
        expect_status 0
        [ "$(answers futex)" = allowed ]
        expect_not_in "$errors" "refused meanwhile"
}

@test "a process and a control group, without a filter" {
        sh -c 'while :; do ls / >/dev/null; sleep 0.1; done' 3>&- &
        local pid=$! group
        confined record --force --for 1s --pid $pid -o p.json
        expect_status 0
        [ "$(answers getdents64)" = allowed ]
        for group in /sys/fs/cgroup/pids /sys/fs/cgroup/memory /sys/fs/cgroup; do
                [ -e $group/cgroup.procs ] && break
        done
        group=$group/confined-test-$$
        mkdir "$group" || { kill $pid; skip "no control group can be made"; }
        echo $pid >"$group/cgroup.procs"
        rm p.json
        # It ends when the group is empty.
        "$CONFINED" record --cgroup "confined-test-$$" --format json -o p.json >/dev/null 2>errors 3>&- &
        local recorder=$! result=0
        watches() { [ -n "$(programs_of "$recorder")" ]; }
        wait_for watches
        sleep 1 # so long it looks on
        kill $pid
        wait "$recorder" || result=$?
        wait
        rmdir "$group"
        [ "$result" -eq 0 ]
        [ "$(answers getdents64)" = allowed ]
        [ "$(answers mkdir)" = EPERM ]
        confined record --cgroup /nowhere
        expect_status 2
        confined record --cgroup /sys/fs/cgroup/../x
        expect_status 2
        confined record --pid 1 --container web
        expect_status 2
        expect_in "$errors" "--merge"
}

# ---- ended in the middle ----------------------------------------------------------------------------

@test "recordings are put together, with nothing run" {
        "$CONFINED" record --no-verify --save a.seen -o a.json -- "$probe" 41 1 1 0
        "$CONFINED" record --no-verify --save b.seen -o b.json -- mkdir made
        confined record --merge a.seen --merge b.seen --save both.seen --annotate -o p.json
        expect_status 0
        expect_in "$errors" "times in 2 runs"
        expect_not_in "$errors" "again"
        expect_not_in "$errors" "start was not seen"
        [ "$(answers 'socket(AF_UNIX, 1, 0)')" = allowed ]
        [ "$(answers 'socket(AF_VSOCK, 1, 0)')" = EPERM ]
        [ "$(answers mkdir)" = allowed ]
        [ "$(answers rmdir)" = EPERM ]
        grep -q 'made by the workload in 1 of 2 runs' p.json
        grep -q 'made by the workload in 2 of 2 runs' p.json
        "$CONFINED" run -p p.json -- mkdir made2
        # As if the second had been run with the first one merged.
        grep -q '"runs": 2' both.seen
        confined record --merge both.seen --check a.json
        expect_status 1
        expect_in "$errors" "mkdir"
        confined record --merge a.seen --check a.json --format json
        expect_status 0
        expect_in "$output" '"merged"'
        confined record --merge a.seen --until-stable -o q.json
        expect_status 2
        # What several containers need.
        confined record --container a --container b -o q.json
        expect_status 2
        expect_in "$errors" "confined record --merge A.seen --merge B.seen -o FILE"
}

@test "a control group of version 2, wherever it is mounted" {
        local mount=$PWD/groups pid recorder other=/sys/fs/cgroup/pids result=0
        mkdir "$mount"
        mount -t cgroup2 none "$mount" || skip "no hierarchy of version 2 can be mounted"
        local group=$mount/confined-test-$$ old
        mkdir "$group" || { umount "$mount"; skip "no control group can be made"; }
        sh -c 'while :; do ls / >/dev/null; sleep 0.1; done' 3>&- &
        pid=$!
        # In no group of version 1, as on a machine that has version 2 alone.
        for old in pids memory; do
                [ ! -e /sys/fs/cgroup/$old/cgroup.procs ] || echo $pid >/sys/fs/cgroup/$old/cgroup.procs
        done
        echo $pid >"$group/cgroup.procs"
        # A neighbour that is not in it.
        sh -c 'while :; do mkdir there; rmdir there; sleep 0.1; done' 3>&- &
        local neighbour=$!
        "$CONFINED" record --cgroup "$group" -o p.json 2>errors 3>&- &
        recorder=$!
        watches() { [ -n "$(programs_of "$recorder")" ]; }
        wait_for watches || result=3
        sleep 1 # so long it looks on
        # Somebody who is in a group of version 1, too, would not be seen: that is said.
        if [ -e $other/cgroup.procs ]; then
                mkdir "$other/confined-test-$$"
                echo $neighbour >"$other/confined-test-$$/cgroup.procs"
                mkdir "$group-other"
                echo $neighbour >"$group-other/cgroup.procs"
                confined record --cgroup "$group-other" -o none.json --for 1s
                [ "$status" -eq 2 ] && [[ $errors == *"process $neighbour of "*" is in a group below $other"* ]] || result=4
        fi
        kill $pid $neighbour
        wait "$recorder" || result=$?
        wait
        rmdir "$group" "$group-other" "$other/confined-test-$$" 2>/dev/null || true
        umount "$mount"
        cat errors
        [ "$result" -eq 0 ]
        [ "$(answers getdents64)" = allowed ]
        [ "$(answers mkdir)" = EPERM ]
}

@test "killed: no profile, no programs in the kernel" {
        [ -n "$bpftool" ] || skip "bpftool is not installed"
        "$CONFINED" record -o p.json -- sh -c 'echo a >there; exec sleep 100' >/dev/null 2>&1 3>&- &
        local pid=$! programs child
        wait_for [ -e there ]
        programs=$(programs_of $pid)
        [ -n "$programs" ]
        "$bpftool" prog show id "${programs%%$'\n'*}" >/dev/null
        child=$(pgrep -P $pid)
        kill -9 $pid
        wait $pid || true
        kill $child || true
        wait_for none_left "$programs"
        [ ! -e p.json ]
        [ -z "$(find . -name '.*' -type f)" ]
}

@test "Ctrl-C: the workload ends, what was seen is a profile" {
        # In a session of its own, whose terminal's interrupt reaches all of it.
        cat >run <<'EOF'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
sent = 0
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if b"begun" in said and not sent:
        sent = 1
        time.sleep(1.5)
        os.write(fd, b"\x03")
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
        TERM=xterm python3 run "$CONFINED" record -o p.json -- \
                sh -c 'echo begun; while :; do sleep 0.1; done' >out || { cat out; return 1; }
        grep -q 'verified: nothing was refused' out
        [ -s p.json ]
        # On a terminal it says how far it is.
        grep -q 'recording: [0-9]* calls.* last new .*[0-9]* s ago' out
        # On none, or on one that is dumb, it does not.
        TERM=dumb python3 run "$CONFINED" record --force --no-verify -o p.json -- \
                sh -c 'echo begun; while :; do sleep 0.1; done' >out || { cat out; return 1; }
        ! grep -q 'recording: ' out
}

@test "the container is killed: what was seen until then, and how it ended" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        "$CONFINED" record --no-verify -o p.json -- docker run --rm --network none --name web box:1 \
                /bin/sh -c 'while :; do sleep 0.1; done' >out 2>&1 3>&- &
        local pid=$!
        wait_for docker exec web /bin/true
        docker kill web >/dev/null
        wait $pid
        grep -q 'its exit status is 137: ended by SIGKILL' out
        [ -s p.json ]
}

@test "the daemon is killed: an honest error, no profile, nothing left" {
        [ -n "$bpftool" ] || skip "bpftool is not installed"
        start_docker || skip "dockerd does not run here"
        make_image docker
        "$CONFINED" record -o p.json -- docker run --rm --network none --name web box:1 \
                /bin/sh -c 'while :; do sleep 0.1; done' >out 2>&1 3>&- &
        local pid=$! programs result=0
        wait_for docker exec web /bin/true
        programs=$(programs_of $pid)
        [ -n "$programs" ]
        kill -9 "$docker_pid"
        wait $pid || result=$?
        [ "$result" -eq 2 ]
        grep -q 'docker failed, and its engine does not answer: .*may run on: docker ps' out
        [ ! -e p.json ]
        wait_for none_left "$programs"
}

@test "a file that cannot be written, and a disk that is full" {
        mkdir small
        mount -t tmpfs -o size=64k none small || skip "no tmpfs can be mounted"
        echo '{"old": true}' >small/p.json
        head -c 1m /dev/zero >small/full 2>/dev/null || true
        confined record --force --no-verify -o small/p.json -- "$probe" 186
        expect_status 2
        expect_in "$errors" "No space left"
        [ "$(cat small/p.json)" = '{"old": true}' ]
        [ "$(ls -A small | tr '\n' ' ')" = "full p.json " ]
        confined record --no-verify --save small/seen.json -o p.json -- "$probe" 186
        expect_status 2
        [ ! -e small/seen.json ]
        grep -q SCMP_ACT_ALLOW p.json # which is not lost with it
        mkdir dir
        confined record --no-verify -o dir -- "$probe" 186
        expect_status 2
}
