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
        local tried=0 in_front always
        mkdir bin
        unset DOCKER_CONFIG # Podman insists that it is there
        for podman_runtime in crun runc; do
                command -v "$podman_runtime" >/dev/null || continue
                export podman_runtime
                start_podman || { echo "# no podman: $podman_runtime" >&3; continue; }
                make_image private_podman
                in_front= always="--ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
                if [ "$podman_runtime" = crun ]; then # it refuses some machines' control groups
                        in_front="unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec \"\$@\"' sh"
                        always="$always --cgroups=disabled"
                fi
                # As a user has it: without options of its own in front.
                {
                        echo '#!/bin/sh'
                        echo 'command=$1; shift'
                        echo "exec $in_front $(command -v podman) --root $podman_dir/root --runroot $podman_dir/run" \
                                "--tmpdir $podman_dir/tmp --cgroup-manager cgroupfs" \
                                "--events-backend file --runtime $podman_runtime \$command $always \"\$@\""
                } >bin/podman
                chmod +x bin/podman
                bin/podman run --rm --network none box:1 /bin/true || { echo "# podman with $podman_runtime does not run here" >&3; continue; }
                confined record --save seen.json -o p.json -- "$PWD/bin/podman" run --rm \
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
        docker kill watched >/dev/null
}
