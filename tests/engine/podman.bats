#!/usr/bin/env bats
# A real Podman through its API service.
load ../lib/common
load ../lib/engine

# run_box NAME [OPTION…]: a container that sleeps. The limits are those that an ordinary process
# may set.
run_box() {
        local name=$1
        shift
        private_podman run -d --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
                --name "$name" "$@" box:1 /bin/sleep 3600
}

setup_file() {
        for_root || return 0
        command -v podman >/dev/null || {
                export ENGINE_SKIP="needs podman"
                return
        }
        # crun refuses the hybrid cgroup layout of some machines, runc takes it.
        for podman_runtime in crun runc; do
                export podman_runtime
                start_podman || continue
                export podman_dir podman_dirs podman_pids podman_url
                make_image private_podman
                run_box default >"$podman_dir/out" 2>&1 && break
                failure=$(tail -n 1 "$podman_dir/out")
                stop_engines
        done
        if [ -z "${podman_dirs:-}" ]; then
                export ENGINE_SKIP="podman starts no container here: $failure"
                return
        fi
        echo "# podman with $podman_runtime" >&3
        cd "$BATS_FILE_TMPDIR"
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >all.json
        run_box equals --security-opt seccomp=unconfined
        run_box all --security-opt "seccomp=$PWD/all.json"
        private_podman create --network none --name privileged --privileged box:1 /bin/true
        private_podman create --network none --name created --security-opt seccomp=unconfined box:1 /bin/true
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        unset DOCKER_HOST
}

row() {
        grep -E "^$1 " <<<"$output"
}

@test "every state" {
        confined audit --host "$podman_url"
        expect_status 1
        [ -z "$errors" ]
        expect_in "$(head -n 1 <<<"$output")" "Podman "
        echo "$output"
        [[ $(row default) =~ Podman\ [0-9.]+\ default\ +pass ]]
        [[ $(row equals) =~ unconfined\ +no\ filter\ \(1\ process\)\ +fail\ seccomp-unconfined ]]
        [[ $(row all) =~ all.json\ +allows\ every\ call\ .*\ fail\ profile-allows-everything ]]
        [[ $(row privileged) =~ privileged\ +not\ running\ +fail\ privileged ]]
        [[ $(row created) =~ unconfined\ +not\ running\ +fail\ seccomp-unconfined ]]
}

@test "--format cis prints what podman inspect prints" {
        confined audit --host "$podman_url" --format cis
        expect_status 1
        ours=$(sed -E 's/^(PASS|FAIL) +//' <<<"$output" | sort)
        theirs=$(private_podman ps --quiet --all --no-trunc | while read -r id; do
                private_podman inspect --format '{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}' "$id"
        done | sort)
        [ "$ours" = "$theirs" ] || { diff <(echo "$theirs") <(echo "$ours"); return 1; }
}

@test "the kernel's view alone" {
        confined audit --no-engine
        expect_status 1
        pid=$(private_podman inspect --format '{{ .State.Pid }}' equals)
        id=$(private_podman inspect --format '{{ .Id }}' equals)
        line=$(grep -E "^$pid " <<<"$output")
        expect_in "$line" "podman ${id:0:12}"
        expect_in "$line" "fail process-unfiltered"
        expect_not_in "$output" "conmon"
        pid=$(private_podman inspect --format '{{ .State.Pid }}' default)
        [ -z "$(grep -E "^$pid " <<<"$output")" ]
}
