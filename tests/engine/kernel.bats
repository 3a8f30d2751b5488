#!/usr/bin/env bats
# The kernel's view alone: what is accused, and what is not.
load ../lib/common
load ../lib/engine

setup() {
        needs_root
        command -v unshare >/dev/null || skip "needs unshare (util-linux)"
        cd "$BATS_TEST_TMPDIR"
        guests=
}

teardown() {
        local pid child
        for pid in ${guests:-}; do
                # unshare and the first process of a PID namespace do not listen to less.
                for child in $(pgrep -P "$pid") "$pid"; do
                        kill -9 "$child" 2>/dev/null || true
                done
                wait "$pid" 2>/dev/null || true
        done
}

# start SECONDS COMMAND…: a process that sleeps that long; its number is in $sleeper.
start() {
        local seconds=$1
        shift
        "$@" sleep "$seconds" 3>&- &
        guests="$guests $!"
        wait_for sleeper_below $! "$seconds" >/dev/null
        sleeper=$(sleeper_below $! "$seconds")
}

view() {
        confined audit --no-engine --format lines
        [ "$status" -le 1 ] || { echo "$errors"; return 1; }
}

# is_listed PID: not one whose number begins alike.
is_listed() {
        grep -qE "process $1\b" <<<"$output"
}

@test "a service with private mounts, a program with its own PID or user namespace: not listed" {
        start 3501 unshare -m
        mounts=$sleeper
        start 3502 unshare -p -f
        numbers=$sleeper
        start 3503 unshare -U -r || skip "this kernel lets nobody make user namespaces"
        users=$sleeper
        view
        ! is_listed "$mounts" || return 1
        ! is_listed "$numbers" || return 1
        ! is_listed "$users" || return 1
}

@test "own mounts and own process numbers: a container by hand, a note" {
        start 3504 unshare -m -p -f --mount-proc
        view
        is_listed "$sleeper"
        expect_in "$(grep -E "process $sleeper\b" <<<"$output")" "note process-unfiltered"
}

@test "own mounts and another root directory: a container by hand, a note" {
        busybox_rootfs root
        start 3505 unshare -m chroot root
        view
        expect_in "$(grep -E "process $sleeper\b" <<<"$output")" "note process-unfiltered"
}

@test "a process with a filter is not accused" {
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        command -v python3 >/dev/null || skip "needs python3"
        # One instruction: let everything through. The mode is what counts here.
        cat >filtered.py <<'PY'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(code)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
PY
        start 3506 unshare -m -p -f --mount-proc python3 filtered.py
        view
        ! is_listed "$sleeper" || return 1
}

@test "one thread without a filter is enough" {
        cat >threads.py <<'PY'
import ctypes, struct, threading, time, sys
libc = ctypes.CDLL(None, use_errno=True)
threading.Thread(target=time.sleep, args=(3507,), daemon=True).start()
code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(code)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
open("ready", "w").close()
time.sleep(3507)
PY
        unshare -m -p -f --mount-proc python3 threads.py 3>&- &
        guests=$!
        wait_for test -e ready
        sleeper=$(pgrep -P "$guests")
        [ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$sleeper/status")" -eq 2 ]
        view
        is_listed "$sleeper"
}
