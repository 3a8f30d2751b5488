#!/usr/bin/env bats
# Daemons whose default profile is not the built-in one.
load ../lib/common
load ../lib/engine

setup() {
        needs_root
        cd "$BATS_TEST_TMPDIR"
}

teardown() {
        stop_engines
}

@test "dockerd --seccomp-profile unconfined" {
        start_docker --seccomp-profile unconfined ||
                skip "this dockerd takes no word as its default profile (Docker before 23.0)"
        make_image docker
        docker run -d --network none --name plain box:1 /bin/sleep 3600
        docker run -d --network none --name asked --security-opt seccomp=builtin box:1 \
                /bin/sleep 3600 || docker rm -f asked # engines before 23.0 know no builtin
        confined audit
        expect_status 1
        [ -z "$errors" ]
        expect_in "$output" "default profile: unconfined"
        expect_in "$output" "daemon-unconfined"
        grep -qE '^plain .*no filter \(1 process\)' <<<"$output"
        confined audit --format cis
        expect_in "$output" "SecurityOpt=<no value>"
}

@test "dockerd --seccomp-profile FILE" {
        # The default profile of an engine of 20.10, nearly: enough to start busybox.
        echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}' >p.json
        start_docker --seccomp-profile "$PWD/p.json" || skip "dockerd does not run here"
        make_image docker
        docker run -d --network none --name plain box:1 /bin/sleep 3600
        confined audit
        expect_in "$output" "default profile: $PWD/p.json"
        expect_in "$output" "profile-default-allow"
        grep -qE '^plain .* weaker than Docker .* default in [0-9]+' <<<"$output"
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >p.json
        confined audit --format lines
        expect_status 1
        expect_in "$output" "fail profile-allows-everything"
        rm p.json
        confined audit --format lines
        expect_status 1
        expect_in "$output" "fail profile-missing"
}

@test "no engine at all" {
        unset DOCKER_HOST
        export DOCKER_CONFIG=$PWD XDG_RUNTIME_DIR=$PWD
        [ ! -S /var/run/docker.sock ] && [ ! -S /run/podman/podman.sock ] ||
                skip "this machine has an engine of its own"
        confined audit
        [ "$status" -le 1 ]
        expect_in "$output" "no engine was found: this is the kernel's view alone"
}
