#!/usr/bin/env bats
# `docker run …` that confined starts itself, once and again: names, leftovers, signals, and what is
# left when either side is killed.
load ../lib/common
load ../lib/engine

setup_file() {
        [ -e /sys/kernel/btf/vmlinux ] || export ENGINE_SKIP="this kernel has no BTF"
        docker_for_file || return 0
        make_image docker
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
}

teardown_file() {
        stop_engines
}

teardown() {
        docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
}

containers() {
        docker ps -aq | wc -l
}

is_running() {
        [ -n "$(docker ps -q --filter "name=$1")" ]
}

is_not_running() {
        ! is_running "$1"
}

@test "a container that is to stay stays once, with its name" {
        confined record -o p.json -- docker run --network none --name web --cidfile id \
                --restart on-failure:1 box:1 /bin/true
        expect_status 0
        expect_in "$errors" "verified: nothing was refused"
        [ "$(docker inspect --format '{{ .Name }}' "$(cat id)")" = /web ]
        [ "$(containers)" -eq 1 ]
}

@test "options may end by --" {
        confined record --no-verify -o p.json -- docker run --rm --network none -- box:1 /bin/true
        expect_status 0
}

@test "no file holds the profile, however it ends" {
        mkdir tmp
        TMPDIR=$PWD/tmp "$CONFINED" record --no-verify -o p.json -- docker run --rm --network none \
                --name web box:1 /bin/sleep 100 >/dev/null 2>&1 3>&- &
        local pid=$!
        wait_for is_running web
        docker inspect web --format '{{ json .HostConfig.SecurityOpt }}' | grep -q SCMP_ACT_ALLOW
        kill -9 $pid
        wait $pid || true
        [ -z "$(ls tmp)" ]
        ! ls /tmp/confined-profile-* 2>/dev/null
        [ ! -e p.json ]
}

@test "what handles SIGTERM ends when confined is killed" {
        "$CONFINED" record --no-verify -o p.json -- docker run --rm --network none --name web \
                box:1 /bin/sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' \
                >/dev/null 2>&1 3>&- &
        local pid=$!
        wait_for is_running web
        kill -9 $pid
        wait $pid || true
        wait_for is_not_running web
}

@test "what takes no notice of SIGTERM ends as well, and others do not" {
        docker run -d --rm --network none --name other box:1 /bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null
        "$CONFINED" record --no-verify -o k.json -- docker run --rm --network none --name web \
                box:1 /bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1 3>&- &
        local pid=$! i
        wait_for is_running web
        kill -9 $pid
        wait $pid || true
        # It is asked first: the command line passes SIGTERM on.
        is_running web
        for ((i = 0; i < 300; i++)); do
                is_not_running web && break
                sleep 0.1
        done
        is_not_running web
        is_running other
        docker kill other >/dev/null
        # Nothing that looks on stays.
        children() { pgrep -f -- "-o k.json" >/dev/null; }
        for ((i = 0; i < 100; i++)); do
                children || break
                sleep 0.1
        done
        ! children
        [ ! -e k.json ]
}

@test "a signal to confined reaches the container, once" {
        "$CONFINED" record --no-verify -o p.json -- docker run --rm --network none --name web \
                box:1 /bin/sh -c 'trap "echo told; n=1" TERM; echo ready; n=; until [ "$n" ]; do sleep 0.1; done; sleep 1' \
                >out 2>errors 3>&- &
        local pid=$!
        wait_for grep -q ready out
        kill -TERM $pid
        wait $pid
        [ "$(grep -c told out)" -eq 1 ]
        [ -s p.json ]
}

@test "a container that does not want to end is ended" {
        confined record --for 1s --no-verify -o p.json -- docker run --rm --network none --name web \
                box:1 /bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done'
        expect_status 0
        [ -s p.json ]
        is_not_running web
}
