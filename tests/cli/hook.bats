#!/usr/bin/env bats
# confined hook: a runtime starts it, and an annotated container is recorded.
load ../lib/common
load ../lib/engine

setup() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: the kernel is watched"
        [ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
        command -v runc >/dev/null || skip "needs runc"
        cd "$BATS_TEST_TMPDIR"
        out=$PWD/out
}

teardown() {
        local id
        for id in ${containers:-}; do
                runc --root "$BATS_TEST_TMPDIR/runc" delete -f "$id" >/dev/null 2>&1 || true
        done
        stop_engines
}

# bundle SECCOMP ANNOTATIONS [WORD…]: a bundle in b/ for `runc run`, whose hook is ours.
bundle() {
        [ -d b ] || {
                mkdir b
                busybox_rootfs b/rootfs
                (cd b && runc spec)
        }
        python3 - "$CONFINED" "$out" "$@" <<'EOP'
import json, sys
confined, out, seccomp, annotations, *words = sys.argv[1:]
c = json.load(open("b/config.json"))
c["process"].update(terminal=False, args=words, rlimits=[])
c["root"]["readonly"] = False
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]
c["annotations"] = json.loads(annotations)
c["hooks"] = {"createRuntime": [{"path": confined, "args": ["confined", "hook", "--output-folder", out]}]}
c["linux"].pop("seccomp", None)
if seccomp:
    c["linux"]["seccomp"] = json.loads(seccomp)
json.dump(c, open("b/config.json", "w"))
EOP
}

# Lets everything through but one call.
FILTER='{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],"syscalls":[{"names":["sethostname"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}'

# run_bundle ID: what it prints is in $output, its status in $status.
run_bundle() {
        containers="${containers:-} $1"
        status=0
        output=$(runc --root "$PWD/runc" run -b b "$1" 2>&1 3>&-) || status=$?
}

# of FILE CALL: how often the workload and the runtime made it, and how often it was refused.
of() {
        python3 - "$@" <<'EOP'
import json, sys
calls = [c for c in json.load(open(sys.argv[1]))["calls"] if c.get("call") == sys.argv[2]]
print(*(sum(c[key] for c in calls) for key in ("count", "runtime", "refused")))
EOP
}

# allows FILE CALL
allows() {
        python3 - "$@" <<'EOP'
import json, sys
profile = json.load(open(sys.argv[1]))
sys.exit(not any(sys.argv[2] in s["names"] and s["action"] == "SCMP_ACT_ALLOW" for s in profile["syscalls"]))
EOP
}

profile_is_there() {
        [ -e "$1" ]
}

@test "runc: from the first instruction to the last, exactly, and its neighbour not" {
        while :; do busybox chmod 700 .; done 3>&- &
        local noise=$!
        bundle "$FILTER" '{"io.confined.record":"web"}' /bin/sh -c \
                'i=0; while [ $i -lt 200 ]; do busybox chmod 700 /tmp; i=$((i+1)); done; busybox hostname x; exit 3'
        run_bundle cfhook1
        kill $noise
        [ "$status" -eq 3 ]
        wait_for profile_is_there "$out/web-cfhook1.json"
        [ "$(of "$out/web-cfhook1.seen" chmod)" = "200 0 0" ]
        [ "$(of "$out/web-cfhook1.seen" sethostname)" = "0 0 1" ]
        [ "$(of "$out/web-cfhook1.seen" execve | cut -d' ' -f1)" = 201 ]
        # The runtime's own, before the workload: kept apart.
        [ "$(of "$out/web-cfhook1.seen" execve | cut -d' ' -f2)" = 1 ]
        [ "$(of "$out/web-cfhook1.seen" pivot_root)" = "0 0 0" ]
        allows "$out/web-cfhook1.json" chmod
        ! allows "$out/web-cfhook1.json" sethostname
        expect_in "$(<"$out/web-cfhook1.log")" "refused meanwhile"
        # The container starts under it, and what it did not do is refused.
        bundle "$(<"$out/web-cfhook1.json")" '{}' /bin/sh -c 'busybox chmod 700 /tmp; exit 5'
        run_bundle cfhook2
        [ "$status" -eq 5 ]
        [ -z "$output" ]
        bundle "$(<"$out/web-cfhook1.json")" '{}' /bin/sh -c 'busybox mkdir /tmp/a'
        run_bundle cfhook3
        [ "$status" -ne 0 ]
        [ "$(ls "$out")" = "$(printf 'web-cfhook1.%s\n' json log seen)" ]
}

@test "without a filter: the same calls, and the profile starts the container" {
        local words='i=0; while [ $i -lt 50 ]; do busybox chmod 700 /tmp; i=$((i+1)); done; cat /proc/self/status >/dev/null; exit 3'
        bundle "$FILTER" '{"io.confined.record":"with"}' /bin/sh -c "$words"
        run_bundle cfhook1
        bundle '' '{"io.confined.record":"without"}' /bin/sh -c "$words"
        run_bundle cfhook2
        [ "$status" -eq 3 ]
        wait_for profile_is_there "$out/with-cfhook1.json"
        wait_for profile_is_there "$out/without-cfhook2.json"
        expect_in "$(<"$out/without-cfhook2.log")" "it has no filter"
        [ "$(of "$out/without-cfhook2.seen" chmod)" = "50 0 0" ]
        [ "$(of "$out/without-cfhook2.seen" pivot_root)" = "0 0 0" ]
        python3 - "$out/with-cfhook1.seen" "$out/without-cfhook2.seen" <<'EOP'
import json, sys
# What depends on the moment (a signal that comes early, a lock that is held) may differ.
loose = {"rt_sigreturn", "wait4", "futex", "restart_syscall", "sched_yield"}
a, b = ({c["call"]: c["count"] for c in json.load(open(f))["calls"] if c["count"] and c["call"] not in loose}
        for f in sys.argv[1:])
assert a == b, {n: (a.get(n), b.get(n)) for n in a.keys() | b.keys() if a.get(n) != b.get(n)}
EOP
        bundle "$(<"$out/without-cfhook2.json")" '{}' /bin/sh -c "$words"
        run_bundle cfhook3
        [ "$status" -eq 3 ]
        [ -z "$output" ]
        # Which runtime it was is not known, so it has what crun calls, too.
        command -v crun >/dev/null || skip "crun is not installed: its start was left out"
        status=0
        # It refuses some machines' control groups.
        unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec crun --cgroup-manager=disabled --root "$1" run -b b cfhook4' \
                sh "$PWD/crun" 3>&- || status=$?
        [ "$status" -eq 3 ]
}

@test "what the annotations and the folder may not be: the container does not start" {
        local row
        for row in '{"io.confined.record":"../web"}' '{"io.confined.record":"web","io.confined.record.base":"/etc/shadow"}' \
                '{"io.confined.record":"web","io.confined.record.path":"/etc/passwd"}'; do
                bundle "$FILTER" "$row" /bin/sh -c 'echo it ran'
                run_bundle cfhook1
                [ "$status" -ne 0 ]
                expect_in "$output" "io.confined.record"
                expect_not_in "$output" "it ran"
        done
        bundle "$FILTER" '{"io.confined.record":"web"}' /bin/sh -c 'echo it ran'
        mkdir -m 0777 "$out"
        chmod 0777 "$out"
        run_bundle cfhook1
        [ "$status" -ne 0 ]
        expect_in "$output" "others can write in $out"
        expect_not_in "$output" "it ran"
        [ -z "$(ls -A "$out")" ]
        # Without an annotation it is none of ours.
        bundle "$FILTER" '{"io.example":"web"}' /bin/sh -c 'echo it ran'
        run_bundle cfhook1
        [ "$status" -eq 0 ]
        [ "$output" = "it ran" ]
        [ -z "$(ls -A "$out")" ]
}

@test "a link where a file is to be is not followed" {
        bundle "$FILTER" '{"io.confined.record":"web"}' /bin/true
        mkdir "$out"
        echo mine >victim
        ln -s "$PWD/victim" "$out/web-cfhook1.log"
        run_bundle cfhook1
        [ "$status" -ne 0 ]
        expect_in "$output" "the log cannot be written"
        [ "$(<victim)" = mine ]
}

@test "started again it adds; a base, tightened, and the options" {
        bundle "$FILTER" '{"io.confined.record":"web","io.confined.record.allow-refused":"true"}' \
                /bin/sh -c 'busybox chmod 700 /tmp; busybox hostname x'
        run_bundle cfhook1
        wait_for profile_is_there "$out/web-cfhook1.json"
        allows "$out/web-cfhook1.json" sethostname
        rm "$out/web-cfhook1.json"
        bundle "$FILTER" '{"io.confined.record":"web"}' /bin/sh -c 'busybox mkdir /tmp/d; busybox rmdir /tmp/d'
        run_bundle cfhook1
        wait_for profile_is_there "$out/web-cfhook1.json"
        allows "$out/web-cfhook1.json" chmod
        allows "$out/web-cfhook1.json" mkdir
        bundle "$FILTER" '{"io.confined.record":"base","io.confined.record.base":"docker"}' /bin/true
        run_bundle cfhook2
        wait_for profile_is_there "$out/base-cfhook2.json"
        run "$CONFINED" profile diff docker "$out/base-cfhook2.json"
        [ "$status" -eq 0 ]
}

@test "the recorder: nothing of the runtime's, gone with the container, nothing half written" {
        bundle "$FILTER" '{"io.confined.record":"web"}' /bin/sleep 100
        containers="cfhook1 cfhook2"
        runc --root "$PWD/runc" run -d -b b cfhook1 >/dev/null 2>&1 3>&-
        local recorder fds
        recorder=$(for p in /proc/[0-9]*; do
                readlink "$p"/fd/* 2>/dev/null | grep -q "$out/.recorder-0" && basename "$p" || true
        done)
        [ -n "$recorder" ]
        [ "$(readlink "/proc/$recorder/cwd")" = / ]
        fds=$(readlink "/proc/$recorder"/fd/* | grep -vE "^(/dev/null|anon_inode:|$out/)" || true)
        echo "$fds"
        [ -z "$fds" ]
        [ ! -e "$out/web-cfhook1.json" ]
        kill -9 "$recorder"
        wait_for sh -c "! kill -0 $recorder 2>/dev/null"
        runc --root "$PWD/runc" delete -f cfhook1
        [ ! -e "$out/web-cfhook1.json" ]
        [ ! -e "$out/web-cfhook1.seen" ]
        # Its place is free again, and a recorder ends with its container.
        runc --root "$PWD/runc" run -d -b b cfhook2 >/dev/null 2>&1 3>&-
        [ ! -e "$out/.recorder-1" ]
        runc --root "$PWD/runc" exec cfhook2 /bin/busybox chmod 700 /tmp
        runc --root "$PWD/runc" delete -f cfhook2
        wait_for profile_is_there "$out/web-cfhook2.json"
        [ "$(of "$out/web-cfhook2.seen" chmod)" = "1 0 0" ]
        wait_for flock -n "$out/.recorder-0" true
}

@test "Podman finds it by the installed file" {
        command -v podman >/dev/null || skip "needs podman"
        local tried=0 in_front more
        mkdir hooks
        python3 - "$BATS_TEST_DIRNAME/../../data/containers/confined-record.json.in" "$CONFINED" "$out" >hooks/confined.json <<'EOP'
import sys
print(open(sys.argv[1]).read().replace("@confined@", sys.argv[2]).replace("@folder@", sys.argv[3]))
EOP
        for podman_runtime in runc crun; do
                command -v "$podman_runtime" >/dev/null || continue
                export podman_runtime
                start_podman || continue
                make_image private_podman
                in_front= more=
                if [ "$podman_runtime" = crun ]; then # it refuses some machines' control groups
                        in_front="unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec \"\$@\"' sh"
                        more=--cgroups=disabled
                fi
                box() {
                        eval "$in_front" podman --root "$podman_dir/root" --runroot "$podman_dir/run" --tmpdir "$podman_dir/tmp" \
                                --cgroup-manager cgroupfs --events-backend file --runtime "$podman_runtime" \
                                --hooks-dir "$PWD/hooks" run --rm --network none --ulimit nofile=1024:1024 \
                                --ulimit nproc=1024:1024 "$more" '"$@"' 3>&-
                }
                box box:1 /bin/true || { echo "# podman with $podman_runtime does not run here" >&3; continue; }
                [ ! -e "$out" ] || [ -z "$(ls "$out"/*.seen 2>/dev/null | grep -v runc)" ]
                run box --annotation "io.confined.record=$podman_runtime" --cidfile "$PWD/id-$podman_runtime" box:1 \
                        /bin/sh -c 'busybox chmod 700 /tmp; exit 4'
                echo "$output"
                [ "$status" -eq 4 ]
                wait_for sh -c "ls $out/$podman_runtime-*.json"
                [ "$(of "$out/$podman_runtime"-*.seen chmod)" = "1 0 0" ]
                run box --security-opt "seccomp=$(echo "$out/$podman_runtime"-*.json)" box:1 \
                        /bin/sh -c 'busybox chmod 700 /tmp; exit 4'
                [ "$status" -eq 4 ]
                run box --security-opt "seccomp=$(echo "$out/$podman_runtime"-*.json)" box:1 /bin/busybox mkdir /tmp/a
                [ "$status" -ne 0 ]
                tried=$((tried + 1))
        done
        [ "$tried" -gt 0 ] || skip "podman does not run here"
}

@test "by hand: what it is for, and a state that is none" {
        confined hook </dev/null
        expect_status 2
        expect_in "$errors" "<stdin>:1:1"
        echo '{"id":"a/b","pid":1,"bundle":"/b"}' >state
        confined hook <state
        expect_status 2
        expect_in "$errors" 'has an "id"'
        head -c 2000000 /dev/zero >state
        confined hook <state
        expect_status 2
        expect_in "$errors" "larger than"
}
