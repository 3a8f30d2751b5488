#!/usr/bin/env bats
# The calls of symptoms.tsv, older.tsv and not-seccomp.tsv, made in real containers that 'confined why'
# watches: what they return, what is said of each, and that what is said to help does, and nothing else.

load ../lib/common
load ../lib/engine

setup_file() {
        probes_for_file || return 0
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        case $(docker version --format '{{.Server.Version}}') in
        20.10.24*) ;;
        *) skip "the tables are of Docker 20.10.24" ;;
        esac
        local setting
        for setting in kernel/dmesg_restrict=1 kernel/unprivileged_bpf_disabled=2 \
                kernel/perf_event_paranoid=2 vm/unprivileged_userfaultfd=0; do
                [ "$(cat "/proc/sys/${setting%=*}")" = "${setting#*=}" ] ||
                        skip "the tables are of a machine with $setting"
        done
}

# tables COMMAND TABLE [COLUMN PROFILE]
tables() {
        local command=$1 table=$2
        shift 2
        CONFINED=$CONFINED TMPDIR=$BATS_TEST_TMPDIR \
                "$BATS_TEST_DIRNAME/symptoms.py" "$command" "$BATS_TEST_DIRNAME/$table.tsv" "$@"
}

@test "the engine's own default: what each call gets, and what is said of it" {
        tables check symptoms docker-20.10.24 engine
}

@test "the newest default: what each call gets, and what is said of it" {
        tables check symptoms docker-2026-06 docker-2026-06
}

@test "what the kernel answers without a filter" {
        tables bare symptoms
}

@test "the engine's own default: the least remedy of each helps, and nothing else is opened" {
        tables remedies symptoms docker-20.10.24 engine
}

@test "the newest default: the least remedy of each helps, and nothing else is opened" {
        tables remedies symptoms docker-2026-06 docker-2026-06
}

@test "calls that are newer than the profile: ENOSYS, or EPERM" {
        tables older older
}

@test "what no filter refuses is not seccomp's" {
        tables negatives not-seccomp
}
