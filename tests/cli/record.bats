#!/usr/bin/env bats
# confined record: real workloads, the profiles that they get, and that they live under them.
load ../lib/common
load ../lib/engine

setup_file() {
        built_probe "$BATS_FILE_TMPDIR/probe"
}

setup() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: the kernel is watched"
        [ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
        [ "$(uname -m)" = x86_64 ] || skip "numbers of calls are those of x86_64"
        cd "$BATS_TEST_TMPDIR"
        probe=$BATS_FILE_TMPDIR/probe
        # Nothing of this machine's own engines.
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD
}

teardown() {
        stop_engines
}

# seen CALL [ARCH]: how often seen.json says that the workload made it.
seen() {
        python3 - "$1" "${2:-x86_64}" <<'EOP'
import json, sys
calls = [c for c in json.load(open("seen.json"))["calls"]
         if c.get("call") == sys.argv[1] and c["arch"] == sys.argv[2]]
print(sum(c["count"] for c in calls))
EOP
}

answers() {
        confined profile explain p.json "$1" --format json
        python3 -c 'import json,sys; print(json.load(sys.stdin)["answer"])' <<<"$output"
}

@test "a command gets the calls that it makes, and runs under them" {
        confined record -o p.json -- ls /
        expect_status 0
        expect_in "$errors" "verified: nothing was refused"
        expect_in "$errors" "use it: --security-opt seccomp=p.json"
        [ "$(answers 'getdents64')" = allowed ]
        [ "$(answers 'mount')" = EPERM ]
        [ "$(answers 'clone3')" = ENOSYS ]
        "$CONFINED" run -p p.json -- ls / >/dev/null
        # Something that it never did.
        ! "$CONFINED" run -p p.json -- mkdir there 2>/dev/null
}

@test "counters are exact, whatever the number of threads" {
        confined record --no-verify --save seen.json -o p.json -- "$probe" -t 8 -r 20000 186
        expect_status 0
        [ "$(seen gettid)" -eq 160000 ]
        expect_not_in "$errors" incomplete
}

@test "forks belong to the workload" {
        confined record --no-verify --save seen.json -o p.json -- "$probe" -f 200 -r 10 186
        expect_status 0
        [ "$(seen gettid)" -eq 2000 ]
}

@test "calls of 32 bits are calls of 32 bits" {
        "$probe" -3 20 || skip "this kernel runs no 32-bit calls"
        confined record --save seen.json -o p.json -- "$probe" -3 -r 7 20
        expect_status 0
        [ "$(seen getpid i386)" -eq 7 ]
        grep -q SCMP_ARCH_X86\" p.json
        expect_in "$errors" "verified"
}

@test "nothing that strace sees is missing" {
        confined record --no-verify --save seen.json -o p.json -- \
                sh -c 'ls -l /etc >/dev/null; date; sleep 0.01; echo a | cat; test -w /'
        strace -f -o trace sh -c 'ls -l /etc >/dev/null; date; sleep 0.01; echo a | cat; test -w /' >/dev/null
        sed -E 's/^[0-9]+ +//; s/^<\.\.\. ([a-z0-9_]+) resumed.*/\1(/' trace | grep -oE '^[a-z0-9_]+\(' |
                tr -d '(' | sort -u >traced
        for call in $(cat traced); do
                case $(answers "$call") in
                EPERM | ENOSYS)
                        # What strace's own start-up differs in.
                        [ "$call" = execve ] || { echo "$call is missing"; return 1; }
                        ;;
                esac
        done
}

@test "arguments that decide are part of the profile" {
        confined record -o p.json -- "$probe" 41 1 1 0
        expect_status 0
        [ "$(answers 'socket(AF_UNIX, 1, 0)')" = allowed ]
        [ "$(answers 'socket(AF_VSOCK, 1, 0)')" = EPERM ]
        # The kernel looks at 32 bits of it.
        [ "$(answers 'socket(0x100000001, 1, 0)')" = EPERM ]
        confined record --force --no-arguments --no-verify -o p.json -- "$probe" 41 1 1 0
        [ "$(answers 'socket(AF_VSOCK, 1, 0)')" = allowed ]
        # More values than a rule would list.
        confined record --force --no-verify -o p.json -- sh -c \
                'for i in $(seq 1 40); do "$0" 41 "$i" 1 0; done' "$probe"
        [ "$(answers 'socket(AF_VSOCK, 1, 0)')" = allowed ]
}

@test "on top of a profile, and within one" {
        confined record --base docker-20.10.24 -o p.json -- "$probe" 135 0x40000
        expect_status 0
        expect_in "$errors" "1 that docker-20.10.24 refuses: personality"
        [ "$(answers 'personality(0x40000)')" = allowed ]
        [ "$(answers 'personality(0x40001)')" = EPERM ]
        [ "$(answers 'chown')" = allowed ]
        confined record --force --base docker-20.10.24 --tighten --no-verify -o p.json -- \
                "$probe" 135 0x40000
        [ "$(answers 'personality(0x40000)')" = EPERM ]
        [ "$(answers 'chown')" = EPERM ]
        [ "$(answers 'getpid')" = allowed ]
}

@test "several runs together, and a check for CI" {
        confined record --no-verify --save one.json -o p.json -- "$probe" 186
        confined record --force --no-verify --merge one.json --save seen.json -o p.json -- "$probe" 135 0
        [ "$(answers gettid)" = allowed ]
        [ "$(answers 'personality(0)')" = allowed ]
        [ "$(python3 -c 'import json; print(json.load(open("seen.json"))["runs"])')" = 2 ]
        confined record --check p.json -- "$probe" 186
        expect_status 0
        confined record --check p.json -- "$probe" 157 23 0
        expect_status 1
        expect_in "$errors" "1 call is missing in p.json: prctl"
}

@test "a container: its start-up apart, and it starts under its profile" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        confined record --save seen.json -o p.json -- \
                docker run --rm --network none box:1 /bin/sh -c 'echo it ran; exit 3'
        expect_status 0
        expect_in "$output" "it ran"
        expect_in "$errors" "of the start-up alone (runc "
        expect_in "$errors" "verified: nothing was refused"
        # What runc does for itself is not what the shell does.
        [ "$(seen capset)" -eq 0 ]
        [ "$(answers capset)" = allowed ]
        run docker run --rm --network none --security-opt seccomp=p.json box:1 /bin/sh -c 'exit 3'
        [ "$status" -eq 3 ]
        # The group is gone.
        ! ls -d /sys/fs/cgroup/*/confined-* 2>/dev/null
        # Another user, and no-new-privileges: the filter is installed at another moment.
        confined record --force -o p.json -- docker run --rm --network none --user 1000 \
                --security-opt no-new-privileges box:1 /bin/sh -c 'echo a'
        expect_status 0
        expect_in "$errors" "verified: nothing was refused"
}

@test "a container that runs already" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        docker run -d --name watched --network none box:1 /bin/sh -c \
                'while :; do cat /bin/sh >/dev/null; sleep 0.1; done' >/dev/null
        docker run -d --name other --network none box:1 /bin/sh -c \
                'while :; do ls -l / >/dev/null; sleep 0.1; done' >/dev/null
        confined record --container watched --for 2s --save seen.json -o p.json
        expect_status 0
        expect_in "$errors" "its start was not seen"
        [ "$(seen execve)" -gt 0 ]
        [ "$(seen getdents64)" -eq 0 ] # the other one's
        docker kill watched other >/dev/null
}

@test "ended in the middle: nothing half written, nothing left behind" {
        "$CONFINED" record -o p.json -- sh -c 'echo $$ >child; exec sleep 100' 2>errors 3>&- &
        local pid=$!
        wait_for [ -s child ]
        kill -9 $pid
        wait $pid || true
        [ ! -e p.json ]
        kill "$(<child)" || true
        # Asked to stop, it stops the command and tells what it saw.
        "$CONFINED" record --force --for 1s --no-verify -o p.json -- sh -c 'echo $$ >child; exec sleep 100' 2>errors
        [ -s p.json ]
        ! kill -0 "$(<child)"
}

@test "a container that shares its control group with others is its first process" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        docker run -d --network none --name shares box:1 /bin/sh -c 'while :; do sleep 0.1; done' >/dev/null
        local hierarchy folder pid
        pid=$(pid_of shares)
        grep -q "^[0-9]*:pids:" "/proc/$pid/cgroup" || skip "control groups of version 1 are moved about here"
        for hierarchy in pids memory; do
                folder=$(grep ":$hierarchy:" /proc/self/cgroup | cut -d: -f3)
                echo "$pid" >"/sys/fs/cgroup/$hierarchy$folder/cgroup.procs" || skip "it cannot be moved"
        done
        # Of this group, too, and not the container's.
        "$CONFINED" run --profile docker -- sh -c 'while :; do mkdir -p here; rmdir here; sleep 0.1; done' 3>&- &
        local other=$!
        confined record --container shares --for 2s --save seen.json -o p.json
        kill "$other"
        expect_status 0
        expect_in "$errors" "it has no control group of its own"
        [ "$(answers 'mkdir')" = EPERM ]
}

@test "bad input is one error" {
        confined record
        expect_status 2
        expect_in "$errors" "needs a workload"
        confined record -- nosuchprogram
        expect_status 2
        expect_in "$errors" "cannot be started"
        confined record --for soon -- ls
        expect_status 2
        expect_in "$errors" "no time such as"
        local time
        for time in 0 -1 1x 1.2.3 nan 0x10 1e3 10mm 9999999h; do
                confined record --for "$time" -- ls
                expect_status 2
        done
        confined record --pid web
        expect_in "$errors" "--pid: 'web' is no PID; a container is recorded by --container"
        confined record --host unix:///none --container 1 # a container's name, and no PID
        expect_status 2
        expect_in "$errors" "container '1'"
        expect_not_in "$errors" "nothing to record"
        confined record -- docker run -d box:1
        expect_status 2
        expect_in "$errors" "with --detach the command ends"
        confined record -- docker --host unix:///none run --rm -itd box:1 true
        expect_in "$errors" "with --detach the command ends"
        echo '{}' >old.json
        confined record --merge old.json --no-verify -- ls
        expect_status 2
        expect_in "$errors" "old.json:1:1: no observation"
}

@test "what would be wrong in the end is said before anything runs" {
        confined record --base dokcer -- touch ran
        expect_status 2
        expect_in "$errors" "'dokcer' is neither a file here nor an engine's own profile; see: confined profile default --list"
        confined record --check nowhere -- touch ran
        expect_status 2
        confined record --merge nowhere -- touch ran
        expect_status 2
        confined record -o none/p.json -- touch ran
        expect_status 2
        expect_in "$errors" "--output: none/p.json cannot be written in its folder"
        mkdir folder
        confined record -o folder -- touch ran
        expect_status 2
        expect_in "$errors" "--output: folder is a folder: name a file in it"
        confined record --save folder -- touch ran
        expect_status 2
        confined record --base none --tighten -- touch ran
        expect_status 2
        expect_in "$errors" "--tighten needs --base PROFILE"
        confined record --check docker -o p.json -- touch ran
        expect_status 2
        expect_in "$errors" "not with --output"
        confined record --host unix:///none -- touch ran
        expect_status 2
        expect_in "$errors" "--host is of use with --container alone"
        local words
        for words in "docker exec web touch" "docker start" "podman start" "docker-compose up" "/usr/bin/docker compose up"; do
                # shellcheck disable=SC2086
                confined record -- $words ran
                expect_status 2
                expect_in "$errors" "its own calls would be recorded"
        done
        [ ! -e ran ]
}

@test "a container's own words are its own, and ours is the last option" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        confined record -o p.json -- docker --host "$DOCKER_HOST" run --rm --network none \
                --security-opt seccomp=unconfined box:1 /bin/sh -c 'echo "$@"' x -d seccomp=no
        expect_status 0
        expect_in "$output" "-d seccomp=no"
        expect_in "$errors" "verified: nothing was refused"
        [ "$(answers mount)" = EPERM ]
}

@test "a file is replaced when that is asked for, and not before" {
        echo mine >p.json
        confined record -o p.json -- sh -c 'echo ran >ran'
        expect_status 2
        expect_in "$errors" "p.json: is there already"
        expect_in "$errors" "--force"
        expect_in "$errors" "--check p.json"
        [ "$(<p.json)" = mine ] && [ ! -e ran ]
        # A recording is kept as well, but one that is merged is in what replaces it.
        "$CONFINED" record --no-verify --save seen.json -o q.json -- true
        confined record --no-verify --save seen.json -o r.json -- sh -c 'echo ran >ran'
        expect_status 2
        expect_in "$errors" "seen.json: is there already"
        [ ! -e ran ] && [ ! -e r.json ]
        confined record --no-verify --save ./seen.json --merge seen.json -o r.json -- "$probe" 135 0
        expect_status 0
        grep -q '"runs": 2' seen.json
        confined record --no-verify --force -o p.json -- true
        expect_status 0
        cmp p.json q.json
        # Somebody else's file that comes meanwhile stays, and the profile is not lost.
        confined record --no-verify -o late.json -- sh -c 'echo theirs >late.json'
        expect_status 2
        expect_in "$errors" "late.json: is there already"
        [ "$(<late.json)" = theirs ]
        python3 -c 'import json, sys; json.load(sys.stdin)["syscalls"]' <<<"$output"
}
