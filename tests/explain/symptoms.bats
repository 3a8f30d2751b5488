#!/usr/bin/env bats
# The calls of symptoms.tsv, made in real containers: what the table says was measured is so, and
# what is said to be asked for by the kernel is what a container without a filter is refused for.

load ../lib/common
load ../lib/engine

setup_file() {
        if [ "$(uname -m)" != x86_64 ]; then
                export ENGINE_SKIP="the table is of x86_64"
                return
        fi
        docker_for_file || return 0
        local rootfs=$BATS_FILE_TMPDIR/rootfs
        busybox_rootfs "$rootfs"
        cc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o "$rootfs/probe" \
                "$BATS_TEST_DIRNAME/probe.c"
        make_image docker
        python3 - "$BATS_TEST_DIRNAME/symptoms.tsv" \
                "$BATS_TEST_DIRNAME/../../data/syscalls/numbers.tsv" >"$BATS_FILE_TMPDIR/calls" <<'EOP'
import shlex, sys
rows = lambda p: [l.rstrip("\n").split("\t") for l in open(p) if not l.startswith("#")]
head, *table = rows(sys.argv[2])
numbers = {r[0]: r[head.index("x86_64")] for r in table}
for name, call, arguments, *_ in rows(sys.argv[1])[1:]:
    words = " ".join(shlex.quote(w) for w in arguments.split(" "))
    print(f'echo "{name} $(/probe {numbers[call]} {words} 2>&1)"')
EOP
        docker run --rm -i --network none box:1 sh <"$BATS_FILE_TMPDIR/calls" \
                >"$BATS_FILE_TMPDIR/filtered"
        docker run --rm -i --network none --security-opt seccomp=unconfined box:1 sh \
                <"$BATS_FILE_TMPDIR/calls" >"$BATS_FILE_TMPDIR/bare"
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
}

# column NUMBER: id and that column of the table, what calls return left out.
column() {
        grep -v -e '^#' -e '^id' "$BATS_TEST_DIRNAME/symptoms.tsv" | cut -f "1,$1" | tr '\t' ' '
}

measured() {
        sed 's/ ok .*/ ok/' "$BATS_FILE_TMPDIR/$1"
}

@test "what the default profile answers is what the table says" {
        case $(docker version --format '{{.Server.Version}}') in
        20.10.24*) ;;
        *) skip "the table is of Docker 20.10.24" ;;
        esac
        diff <(column 4) <(measured filtered)
}

@test "what the kernel answers without a filter is what the table says" {
        local setting
        for setting in kernel/dmesg_restrict=1 kernel/unprivileged_bpf_disabled=2 \
                kernel/perf_event_paranoid=2 vm/unprivileged_userfaultfd=0; do
                [ "$(cat "/proc/sys/${setting%=*}")" = "${setting#*=}" ] ||
                        skip "the table is of a machine with $setting"
        done
        diff <(column 5) <(measured bare)
}

@test "nothing is asked for where the kernel consents" {
        # EINVAL and EBADF: the question comes behind a look at the arguments, or it consents.
        paste -d ' ' <(measured bare) <(column 6 | cut -d ' ' -f 2-) |
                awk '$2 == "ok" && $NF != "-" && !/ perhaps / { print; bad = 1 } END { exit bad }'
        paste -d ' ' <(measured bare) <(column 6 | cut -d ' ' -f 2-) |
                awk '$2 == "EPERM" && $3 == "-" { print; bad = 1 } END { exit bad }'
}
