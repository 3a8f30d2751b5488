#!/usr/bin/env bats
# As loaded, against the real thing: what runc, crun, Docker and Podman put on their containers is to
# the last call what confined says that they load.
load ../lib/common
load ../lib/engine

setup() {
        needs_root
        cd "$BATS_TEST_TMPDIR"
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD
        mkdir client # nothing of this machine's own engines
        echo '{}' >client/config.json
        started=()
}

teardown() {
        local one
        for one in "${started[@]}"; do
                "${one%% *}" --root "$PWD/state" delete -f "${one#* }" >/dev/null 2>&1 || true
        done
        stop_engines
}

# bundle NAME PROFILE: a bundle that sleeps under the profile.
bundle() {
        mkdir -p "$1"
        [ -d rootfs ] || busybox_rootfs "$PWD/rootfs"
        python3 - "$PWD/rootfs" "$2" >"$1/config.json" <<'PY'
import json, sys
capabilities = ["CAP_CHOWN"]
print(json.dumps({
    "ociVersion": "1.0.0",
    "root": {"path": sys.argv[1]},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "process": {"args": ["/bin/sleep", "600"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                "env": ["PATH=/bin"],
                "capabilities": {set: capabilities for set in
                                 ("bounding", "effective", "permitted")}},
    "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}],
              "seccomp": json.load(open(sys.argv[2]))},
}))
PY
}

# run_by RUNTIME NAME: starts the bundle; its first process is $pid.
run_by() {
        rm -f pid
        case $1 in
        runc) runc --root "$PWD/state" run -d --pid-file "$PWD/pid" --bundle "$2" "$2" ;;
        # crun refuses some machines' control groups; it needs none for this.
        crun) unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec crun --root "$1/state" --cgroup-manager=disabled run -d --pid-file "$1/pid" --bundle "$2" "$2"' sh "$PWD" "$2" ;;
        esac </dev/null >started 2>&1 3>&- || return
        started+=("$1 $2")
        pid=$(<pid)
}

# same_calls PROFILE RUNTIME: what prove finds to differ from as written is what diff lists, by name
# (but for what only a 64-bit register could hold on i386). What both work out is the same for the
# release's program, and eight times as fast.
same_calls() {
        "$CONFINED_RELEASE" profile diff --format json "$1" "$1@$2" >listed || [ $? -eq 1 ]
        "$CONFINED_RELEASE" prove --format json "$pid" --against "$1@written" >found || [ $? -eq 1 ]
        python3 - <<'PY'
import json
def key(one):
    return one["call"], one["a"], one["b"]
listed = {key(one): one for one in json.load(open("listed"))["differences"]}
found = {(one["call"], one["b"], one["a"])
         for one in json.load(open("found"))["subjects"][0]["policies"][0]["against"]["differences"]}
assert found <= set(listed), found - set(listed)
for left in set(listed) - found:
    assert listed[left]["architectures"] == ["i386"], listed[left]
PY
}

all_equal() {
        local file name unasked=0
        mkdir profiles
        "$CONFINED" profile default docker >docker.json
        "$BATS_TEST_DIRNAME/profiles.py" docker.json profiles
        for file in profiles/*.json; do
                name=$(basename "$file" .json)-$1
                # What the runtime would not come to an end with is not tried.
                if ! "$CONFINED" profile compile --force "$file@$1" -o filter.bpf 2>errors; then
                        grep -q "had not finished" errors || { cat errors; return 1; }
                        unasked=$((unasked + 1))
                        continue
                fi
                bundle "$name" "$file"
                run_by "$1" "$name" || { echo "$file: $(<started)"; return 1; }
                confined prove "$pid" --against "$file@$1"
                [[ $output == *": every call gets the same answer (proved)"* ]] || { echo "$file"; echo "$output $errors"; return 1; }
                same_calls "$file" "$1" || { echo "$file"; return 1; }
        done
        [ $unasked -le 3 ]
}

@test "runc: live filters are as loaded" {
        command -v runc >/dev/null || skip "runc is not installed"
        bundle probe <(echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}')
        run_by runc probe || skip "runc runs no container here: $(tail -n 1 started)"
        all_equal runc
}

@test "crun: live filters are as loaded" {
        command -v crun >/dev/null || skip "crun is not installed"
        bundle probe <(echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO"}]}')
        run_by crun probe || skip "crun runs no container here: $(tail -n 1 started)"
        all_equal crun
}

# What the engine stored for the container, for its runtime: linux.seccomp of the bundle.
configured() {
        python3 -c 'import json, sys
json.dump(json.load(open(sys.argv[1]))["linux"]["seccomp"], open(sys.argv[2], "w"))' "$1" "$2"
}

@test "Docker: the default, other capabilities, profiles of one's own" {
        local name options bundle
        start_docker || skip "dockerd does not run here"
        make_image docker
        mkdir profiles
        "$CONFINED" profile default docker >docker.json
        "$BATS_TEST_DIRNAME/profiles.py" docker.json profiles
        for name in default admin strict wrong; do
                options=()
                [ $name != admin ] || options=(--cap-add SYS_ADMIN --cap-drop NET_RAW)
                [ ! -e profiles/$name.json ] || options=(--security-opt "seccomp=profiles/$name.json")
                docker run -d --network none --name $name "${options[@]}" box:1 /bin/sleep 3600
                bundle=$(find "$docker_dir/exec" -path "*/$(docker inspect --format '{{.Id}}' $name)/config.json" | head -n 1)
                [ -n "$bundle" ]
                configured "$bundle" configured.json
                confined prove $name --against ./configured.json
                expect_status 0
                expect_in "$output" "equal to ./configured.json as runc"
                [ -e profiles/$name.json ] || continue
                confined prove $name --against ./profiles/$name.json
                expect_status 0
                expect_in "$output" "equal to ./profiles/$name.json as runc"
        done
        confined prove default admin --against default
        expect_status 0
        [ "$(grep -c ' as runc .* loads it (for the capabilities here): every call gets the same answer' <<<"$output")" = 2 ]
}

# podman_by RUNTIME: containers under the default and under a profile of one's own are equal to what
# the runtime loads for what Podman stored.
podman_by() {
        local name options in_front=() always=()
        command -v podman >/dev/null || skip "podman is not installed"
        export podman_runtime=$1
        start_podman || skip "podman does not run here"
        make_image private_podman
        if [ "$1" = crun ]; then # it refuses some machines' control groups, as in run_by
                in_front=(unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh)
                always=(--cgroups=disabled)
        fi
        mkdir profiles
        "$CONFINED" profile default docker >docker.json
        "$BATS_TEST_DIRNAME/profiles.py" docker.json profiles
        for name in default strict repeated; do
                options=("${always[@]}")
                [ ! -e profiles/$name.json ] || options+=(--security-opt "seccomp=profiles/$name.json")
                "${in_front[@]}" podman --root "$podman_dir/root" --runroot "$podman_dir/run" \
                        --tmpdir "$podman_dir/tmp" --cgroup-manager cgroupfs --events-backend file \
                        --runtime "$1" run -d --network none --ulimit nofile=1024:1024 \
                        --ulimit nproc=1024:1024 --name $name "${options[@]}" box:1 /bin/sleep 3600 \
                        </dev/null >out 2>&1 3>&- || skip "podman runs no container here: $(tail -n 1 out)"
                configured "$(private_podman inspect --format '{{.OCIConfigPath}}' $name)" configured.json
                confined prove --host "$podman_url" $name --against ./configured.json@$1
                expect_status 0
                expect_in "$output" "equal to ./configured.json as $1"
                [ -e profiles/$name.json ] || continue
                confined prove --host "$podman_url" $name --against ./profiles/$name.json
                expect_status 0
                expect_in "$output" "equal to ./profiles/$name.json as "
        done
        confined prove --host "$podman_url" default --against default
        expect_status 0
        expect_in "$output" "equal to the default of Podman"
        # runc's ENOSYS tells whose filter it is.
        confined prove --host "$podman_url" strict --against ./profiles/strict.json
        expect_in "$output" "equal to ./profiles/strict.json as $1"
}

@test "Podman: the default and profiles of one's own, by runc" {
        podman_by runc
}

@test "Podman: the default and profiles of one's own, by crun" {
        podman_by crun
}
