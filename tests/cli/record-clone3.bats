#!/usr/bin/env bats
# confined record: what clone3 was asked for is what clone may do in its place.
load ../lib/common

setup_file() {
        cc -D_GNU_SOURCE -O1 -static -o "$BATS_FILE_TMPDIR/clone3" "$BATS_TEST_DIRNAME/clone3.c"
}

setup() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: the kernel is watched"
        [ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
        cd "$BATS_TEST_TMPDIR"
        clone3=$BATS_FILE_TMPDIR/clone3
        [ "$("$clone3" 100000000)" = clone3 ] || skip "this kernel has no CLONE_CLEAR_SIGHAND"
}

# watched FLAGS: records a program that runs already, under no filter, so that clone3 is what it uses.
watched() {
        "$clone3" "$1" wait >out 3>&- &
        local pid=$! recorder
        wait_for test -e wait
        "$CONFINED" record --pid "$pid" --save seen.json -o part.json 2>errors 3>&- &
        recorder=$!
        # It is watched when the recorder holds its programs.
        wait_for grep -rqs prog_id "/proc/$recorder/fdinfo"
        sleep 0.3
        rm wait
        wait "$pid"
        wait "$recorder"
        [ "$(<out)" = clone3 ]
        python3 - "$1" <<'EOP'
import json, sys
calls = {c["call"]: c for c in json.load(open("seen.json"))["calls"]}
assert "clone" not in calls, calls["clone"]
assert [v["value"] for v in calls["clone3"]["values"]] == [int(sys.argv[1], 16)], calls["clone3"]
EOP
        # Its start is another run's.
        "$CONFINED" record --no-verify --merge seen.json -o p.json -- "$clone3" 0
}

@test "unusual flags of clone3 alone: clone may have them under the profile, and no others" {
        # CLONE_CLEAR_SIGHAND, CLONE_NEWUTS, CLONE_FS
        watched 104000200
        confined run -p p.json -- "$clone3" 104000200
        expect_status 0
        [ "$output" = clone ]
        # CLONE_NEWUSER and CLONE_NEWIPC were not asked for.
        confined run -p p.json -- "$clone3" 10000000
        expect_status 1
        expect_in "$errors" "clone: Operation not permitted"
        confined run -p p.json -- "$clone3" 8000000
        expect_status 1
}

@test "what a profile lacks of it, and why a rule is there" {
        watched 4000000
        confined record --no-verify --annotate --force --merge seen.json -o p.json -- true
        expect_status 0
        expect_in "$errors" "refuses: clone3"
        grep -q 'in place of clone3, whose flags no filter sees.*CLONE_NEWUTS' p.json
}
