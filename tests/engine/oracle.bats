#!/usr/bin/env bats
# The docker command line as oracle for odd answers: what it prints we print, what it refuses we
# refuse.
load ../lib/common
load ../lib/engine

setup() {
        cd "$BATS_TEST_TMPDIR"
}

teardown() {
        stop_fake
}

@test "HostConfig.SecurityOpt of every shape" {
        command -v docker >/dev/null || skip "needs the docker command line"
        export DOCKER_CONFIG=$BATS_TEST_TMPDIR
        fake oracle
        confined audit --format cis --host "$fake_url"
        expect_status 2
        sed -E 's/^(PASS|FAIL) +//' <<<"$output" >ours
        refused=0 printed=0
        for i in $(seq 0 23); do
                id=$(printf '%064x' "$i")
                if theirs=$(docker --host "$fake_url" inspect --type container --format \
                        '{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}' "$id" 2>/dev/null); then
                        printed=$((printed + 1))
                        # One that holds line feeds and escapes is shown with them made visible.
                        case $theirs in
                        *[[:cntrl:]]*) grep -q "^$id: SecurityOpt=\[" ours ;;
                        *) grep -qxF "$theirs" ours ;;
                        esac || { echo "docker prints: $theirs; ours: $(grep "$id" ours)"; return 1; }
                else
                        refused=$((refused + 1))
                        ! grep -q "$id" ours || { echo "docker refuses $id"; return 1; }
                fi
        done
        [ "$printed" -eq 16 ] && [ "$refused" -eq 8 ] || { echo "$printed, $refused"; return 1; }
        [ "$(grep -c '^confined: ' <<<"$errors")" -eq 8 ]
}
