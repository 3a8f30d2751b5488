#!/usr/bin/env bats
# confined record -- ENGINE run …: a container is known by its filter, wherever its control group is.
load ../lib/common
load ../lib/engine

setup() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: the kernel is watched"
        [ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
        cd "$BATS_TEST_TMPDIR"
        # Nothing of this machine's own engines.
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD
}

teardown() {
        stop_engines
}

# of CALL: how often seen.json says that the workload, and the runtime, made it.
of() {
        python3 - "$1" <<'EOP'
import json, sys
calls = [c for c in json.load(open("seen.json"))["calls"] if c.get("call") == sys.argv[1]]
print(sum(c["count"] for c in calls), sum(c["runtime"] for c in calls))
EOP
}

# A Podman as a user has it, in bin: without options of its own in front. False: none that runs here.
ready_podman() {
        local in_front= always="--ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
        export podman_runtime
        command -v "$podman_runtime" >/dev/null || return
        start_podman || { echo "# no podman: $podman_runtime" >&3; return 1; }
        make_image private_podman
        if [ "$podman_runtime" = crun ]; then # it refuses some machines' control groups
                in_front="unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec \"\$@\"' sh"
                always="$always --cgroups=disabled"
        fi
        {
                echo '#!/bin/sh'
                echo 'command=$1; shift'
                echo "exec $in_front $(command -v podman) --root $podman_dir/root --runroot $podman_dir/run" \
                        "--tmpdir $podman_dir/tmp --cgroup-manager cgroupfs" \
                        "--events-backend file --runtime $podman_runtime \$command $always \"\$@\""
        } >bin/podman
        chmod +x bin/podman
        bin/podman run --rm --network none box:1 /bin/true && return
        echo "# podman with $podman_runtime does not run here" >&3
        return 1
}

@test "what is started in it later belongs to it, its neighbour does not" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        docker run -d --name other --network none box:1 /bin/sh -c \
                'while :; do ls -l / >/dev/null; sleep 0.05; done' >/dev/null
        "$CONFINED" record --no-verify --save seen.json -o p.json -- docker run --rm --network none \
                --name watched --cgroup-parent /elsewhere box:1 /bin/sh -c \
                'while [ ! -e /tmp/end ]; do sleep 0.05; done' >out 2>&1 3>&- &
        local pid=$!
        wait_for docker exec watched /bin/true
        docker exec watched /bin/busybox chmod 700 /tmp
        docker exec watched /bin/busybox touch /tmp/end
        wait $pid
        docker kill other >/dev/null
        [ "$(of chmod)" = "1 0" ]
        [ "$(of getdents64 | cut -d' ' -f1)" = 0 ]
        [ "$(of capset | cut -d' ' -f1)" = 0 ]
}

@test "Podman with crun and runc: under its profile it starts, and nothing else is open" {
        local tried=0
        mkdir bin
        unset DOCKER_CONFIG # Podman insists that it is there
        for podman_runtime in crun runc; do
                ready_podman || continue
                confined record --force --save seen.json -o p.json -- "$PWD/bin/podman" run --rm \
                        --network none box:1 /bin/sh -c 'echo it ran; exit 3'
                expect_status 0
                expect_in "$output" "it ran"
                expect_in "$errors" "verified: nothing was refused"
                [ "$(of capset | cut -d' ' -f1)" = 0 ]
                run bin/podman run --rm --network none --security-opt seccomp="$PWD/p.json" box:1 \
                        /bin/sh -c 'exit 3'
                [ "$status" -eq 3 ]
                run bin/podman run --rm --network none --security-opt seccomp="$PWD/p.json" box:1 \
                        /bin/busybox mkdir /tmp/a
                [ "$status" -ne 0 ]
                tried=$((tried + 1))
        done
        [ "$tried" -gt 0 ] || skip "podman does not run here"
}

# Where the filter begins depends on who starts the container and how: with no-new-privileges it is
# installed last, without it before the user is changed. `run` is `docker run --rm …` or Podman's.
every_start() {
        local user privileges words
        for user in "" "--user 1000:1000"; do
                for privileges in "" "--security-opt no-new-privileges"; do
                        words="$* $user $privileges"
                        # shellcheck disable=SC2086
                        confined record --force --save seen.json -o p.json -- $words box:1 /bin/sh -c 'cat /proc/self/status; exit 3'
                        echo "# $words: $errors"
                        expect_status 0
                        expect_in "$errors" "verified: nothing was refused, exit status as before"
                        expect_in "$errors" "of the start-up alone ($started_by "
                        # What it says of itself, twice: it was started as it was asked for.
                        [ "$(grep -c "^NoNewPrivs:[[:space:]]*$([ -z "$privileges" ]; echo $?)" <<<"$output")" -eq 2 ] || { echo "$output"; return 1; }
                        [ "$(grep -c "^Uid:[[:space:]]*$([ -z "$user" ] && echo 0 || echo 1000)[[:space:]]" <<<"$output")" -eq 2 ]
                        # The shell sets no capabilities and no user.
                        [ "$(of capset | cut -d' ' -f1)" = 0 ]
                        [ "$(of setgroups | cut -d' ' -f1)" = 0 ]
                        # Without no-new-privileges the runtime does, under the filter.
                        [ -n "$privileges" ] || [ "$(of capset | cut -d' ' -f2)" -gt 0 ]
                        # shellcheck disable=SC2086
                        run $words --security-opt seccomp="$PWD/p.json" box:1 /bin/sh -c 'cat /proc/self/status; exit 3'
                        [ "$status" -eq 3 ]
                        # shellcheck disable=SC2086
                        run $words --security-opt seccomp="$PWD/p.json" box:1 /bin/busybox mkdir /tmp/a
                        [ "$status" -ne 0 ]
                done
        done
}

@test "Docker with runc: root and another user, with and without no-new-privileges" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        started_by=runc every_start docker run --rm --network none
}

@test "Docker with crun: the same" {
        command -v crun >/dev/null || skip "crun is not installed"
        start_docker --add-runtime "other=$(command -v crun)" || skip "dockerd does not run here"
        make_image docker
        docker run --rm --network none --runtime other box:1 /bin/true || skip "crun does not run here"
        started_by=crun every_start docker run --rm --network none --runtime other
}

@test "Podman with runc and crun: the same" {
        local tried=0
        mkdir bin
        unset DOCKER_CONFIG # Podman insists that it is there
        for podman_runtime in runc crun; do
                ready_podman || continue
                started_by=$podman_runtime every_start "$PWD/bin/podman" run --rm --network none
                tried=$((tried + 1))
        done
        [ "$tried" -gt 0 ] || skip "podman does not run here"
}

@test "Podman as a service: the container is started by another process" {
        export podman_runtime=runc
        unset DOCKER_CONFIG
        start_podman || skip "podman does not run here"
        make_image private_podman
        local words="podman --remote --url $podman_url run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
        # shellcheck disable=SC2086
        $words box:1 /bin/true || skip "podman runs no container here"
        # shellcheck disable=SC2086
        confined record -o p.json -- $words box:1 /bin/sh -c 'echo it ran; exit 3'
        expect_status 0
        expect_in "$output" "it ran"
        expect_in "$errors" "verified: nothing was refused, exit status as before"
}

@test "what a container's own filter refuses is told apart, and allowed when that is wanted" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        docker run -d --name watched --network none box:1 /bin/sh -c \
                'while :; do unshare -m true 2>/dev/null; sleep 0.1; done' >/dev/null
        docker exec watched /bin/sh -c 'ls -l /bin >/dev/null'
        confined record --container watched --for 1s --save seen.json -o p.json
        expect_status 0
        expect_in "$errors" "1 refused meanwhile, not allowed (--allow-refused): unshare"
        [ "$(python3 -c 'import json; print([c["count"] for c in json.load(open("seen.json"))["calls"] if c["call"] == "unshare"])')" = "[0]" ]
        confined profile explain p.json unshare --format json
        expect_in "$output" '"EPERM"'
        confined record --force --container watched --for 1s --allow-refused --annotate -o p.json
        expect_status 0
        confined profile explain p.json 'unshare(CLONE_NEWNS)' --format json
        expect_in "$output" '"allowed"'
        grep -q 'tried, and refused until now' p.json
        # A container that does not start is no recording.
        confined record -o none.json -- docker run --rm --network none box:1 /bin/nosuchprogram
        expect_status 2
        expect_in "$errors" "no call was seen: the container did not start, see above"
        [ ! -e none.json ]
}

@test "killed in the middle: nothing is left in the kernel, and no profile" {
        start_docker || skip "dockerd does not run here"
        bpftool=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool) || skip "bpftool is not installed"
        make_image docker
        "$CONFINED" record -o p.json -- docker run --rm --network none --name watched box:1 \
                /bin/sleep 100 >/dev/null 2>&1 3>&- &
        local pid=$!
        wait_for docker exec watched /bin/true
        local programs one
        programs=$(sed -n 's/^prog_id:[[:space:]]*//p' /proc/$pid/fdinfo/* 2>/dev/null | sort -u)
        [ -n "$programs" ]
        for one in $programs; do
                "$bpftool" prog show id "$one" >/dev/null
        done
        kill -9 $pid
        wait $pid || true
        gone() {
                for one in $programs; do
                        ! "$bpftool" prog show id "$one" >/dev/null 2>&1 || return 1
                done
        }
        wait_for gone
        [ ! -e p.json ]
        docker kill watched >/dev/null 2>&1 || true
}

@test "the runtime's version is that of the one that ran" {
        local own=$BATS_TEST_TMPDIR/runc-other
        # A real one that only says another version of itself.
        python3 - "$(command -v runc)" "$own" <<'EOP' || skip "this runc's version cannot be changed"
import re, subprocess, sys
text = open(sys.argv[1], "rb").read()
said = subprocess.run([sys.argv[1], "--version"], stdout=subprocess.PIPE).stdout.split()[2]
number = re.match(rb"\d+\.\d+\.\d+", said).group()
other = number[:-1] + (b"8" if number[-1:] != b"8" else b"7")
open(sys.argv[2], "wb").write(text.replace(said, said.replace(number, other)))
EOP
        chmod 755 "$own"
        local version
        version=$("$own" --version | sed -nE 's/^runc version ([0-9.]+).*/\1/p')
        [ "$version" != "$(runc --version | sed -nE 's/^runc version ([0-9.]+).*/\1/p')" ]
        start_docker --add-runtime "other=$own" || skip "dockerd does not run here"
        make_image docker
        confined record --no-verify --force -o p.json -- docker run --rm --network none --runtime other \
                box:1 /bin/true
        echo "$errors"
        expect_status 0
        expect_in "$errors" "(runc $version)"
}
