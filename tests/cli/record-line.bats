#!/usr/bin/env bats
# The line that tells how far `confined record` is.
load ../lib/common

setup_file() {
        cc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o "$BATS_FILE_TMPDIR/probe" \
                "$BATS_TEST_DIRNAME/../explain/probe.c"
}

setup() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: the kernel is watched"
        [ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
        [ "$(uname -m)" = x86_64 ] || skip "numbers of calls are those of x86_64"
        cd "$BATS_TEST_TMPDIR"
        probe=$BATS_FILE_TMPDIR/probe
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD TERM=xterm
}

# at COLUMNS [OPTION…] COMMAND: what it drew.
at() {
        local columns=$1
        shift
        "$BATS_TEST_DIRNAME/terminal.py" "$columns" "$CONFINED" record --force --save seen.json -o p.json "$@" >drawn
        cat drawn
        [ -s drawn ]
}

# How many calls the file of --save says there were: "DIFFERENT ALL".
counted() {
        python3 -c 'import json; c=[c["count"] for c in json.load(open("seen.json"))["calls"] if c["count"]]
print(len(c), sum(c))'
}

# personality, which Docker's default refuses, comes after a second; nothing new after the second.
late() {
        printf '%s' 'sleep 1.6; "$0" 135 0x40000 >/dev/null; sleep 2.4; :'
}

@test "calls of all kinds, those that Docker refuses, and how long nothing new came" {
        at 200 --no-verify -- sh -c "$(late)" "$probe"
        head -n 1 drawn | grep -E '^recording: [0-9]+ calls, made [0-9]+ times; 0 that docker[^ ]* refuses; the last new one, [a-z0-9_]+, [01] s ago   00:01$'
        tail -n 1 drawn >last
        grep -E '; 1 that docker[^ ]* refuses; the last new one, ' last
        # Just these: sleep's own end comes after the last line.
        read -r kinds all < <(sed -E 's/^recording: ([0-9]+) calls, made ([0-9]+) times.*/\1 \2/' last)
        read -r in_the_end all_in_the_end < <(counted)
        [ "$kinds" -le "$in_the_end" ] && [ "$kinds" -ge $((in_the_end - 3)) ]
        [ "$all" -le "$all_in_the_end" ] && [ "$all" -gt $((all_in_the_end / 2)) ]
        # The clock of the last new one runs, and begins anew with a new one.
        sed -E 's/.*, ([0-9]+) s ago.*/\1/' drawn >ages
        [ "$(sort -n ages | tail -n 1)" -ge 1 ]
        [ "$(sort -n ages | head -n 1)" -eq 0 ]
}

@test "the profile to compare with is the one that is asked for" {
        at 200 --no-verify --base podman -- sh -c "$(late)" "$probe"
        grep -q ' that podman[^ ]* refuses' drawn
        "$CONFINED" record --no-verify -o old.json -- sh -c 'sleep 0.1'
        "$BATS_TEST_DIRNAME/terminal.py" 200 "$CONFINED" record --check ./old.json -- sh -c "$(late)" "$probe" >drawn || true
        tail -n 1 drawn | grep -E '; [1-9][0-9]* that old.json lacks;'
}

@test "under the profile: what that refuses" {
        at 200 -- sh -c 'if [ -e once ]; then "$0" 135 0x40000 >/dev/null; fi; echo >once; sleep 2.4; :' "$probe" || true
        grep -E '^again, under the profile: [0-9]+ calls, made [0-9]+ times; [1-9] refused;' drawn
}

@test "whatever the width, it is one line, and the numbers come first" {
        local columns longest
        for columns in 100 80 60 40 12; do
                at "$columns" --no-verify -- sh -c '"$0" 135 0x40000 >/dev/null; sleep 1.4; :' "$probe"
                longest=$(tail -n 1 drawn | wc -L)
                [ "$longest" -lt "$columns" ]
                case $columns in
                100) grep -E '^recording: [0-9]+ calls, made [0-9]+ times; 1 that docker[^ ]* refuses' drawn ;;
                80) grep -E '1 that docker[^ ]* refuses.* s ago' drawn ;;
                60) grep -E '^[a-z: ]*[0-9]+ calls of [0-9]+, 1 [a-z].*, last new [0-9]+ s ago$' drawn ;;
                40) grep -E '^[0-9]+ calls, 1 lacking, last new [0-9]+ s ago$' drawn ;;
                12) grep -E '^[0-9]+ calls, ' drawn ;;
                esac
        done
}

@test "no terminal, no line" {
        confined record --no-verify -o p.json -- sh -c 'sleep 1.4'
        expect_status 0
        expect_not_in "$errors" "recording:"
        expect_not_in "$errors" $'\033'
}
