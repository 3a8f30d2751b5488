#!/usr/bin/env bats
# confined why --instead and --verify: real containers under the engine's default in place of no
# filter, and again under the profile that they need.
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
        cd "$BATS_TEST_TMPDIR"
}

teardown() {
        [ -z "${background:-}" ] || kill -9 "$background" 2>/dev/null || true
        [ -z "${podman_dirs:-}" ] || docker_pids= docker_dirs= stop_engines # the test's own alone
}

RUN=(docker run --rm --network none)
OFF=(--security-opt seccomp=unconfined)
ASLR='/probe 135 0x40000'
KEYRING='/probe 250 0 0xfffffffd 0'
WAIT='sleep 0.3' # so that its filter can be read
ENDS="trap 'exit 5' TERM INT" # when it is told to, as a container's first process
STAYS='while :; do sleep 0.1; done'

# json EXPRESSION: what a Python expression on the output `j` gives; no key stands twice in it.
json() {
        python3 -c "
import json, sys
def once(pairs):
    assert len({k for k, _ in pairs}) == len(pairs), pairs
    return dict(pairs)
j = json.load(sys.stdin, object_pairs_hook=once); i = j.get('instead'); print(($1))" <<<"$output"
}

# differs FILE CALL…: the file differs from the default in these calls and no other.
differs() {
        local file=$1 base
        shift
        base=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["confined"]["base"])' "$file")
        confined profile diff --format json "$base" "$file"
        [ "$(json 'sorted({d["call"] for d in j["differences"]})')" = \
                "[$(printf "'%s', " "$@" | sed 's/, $//')]" ]
}

# no_containers: nothing of a run is left.
no_containers() {
        [ -z "$(docker ps -aq)" ]
}

@test "nothing is needed: remove it, with the command line that is left" {
        confined why --instead -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c "ls / >/dev/null; $WAIT; exit 3"
        expect_status 0
        expect_in "$output" "under the default of Docker"
        expect_in "$output" "instead of --security-opt seccomp=unconfined, exit status 3"
        expect_in "$output" "nothing was refused"
        expect_in "$output" "not needed: remove --security-opt seccomp=unconfined"
        expect_in "$output" "docker run --rm --network none box:1 /bin/sh -c 'ls / >/dev/null; $WAIT; exit 3'"
        expect_in "$output" "is not the filter's doing"
        expect_in "$output" "was this profile (proved)"
        expect_in "$output" "exercised: this run alone"
        confined why --instead --write new.json --format json -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c "$WAIT"
        expect_status 0
        [ "$(json 'j["refused"], j["skipped"], j["lost"]')" = "(0, 0, 0)" ]
        [ "$(json 'i["verdict"], i["verified"], len(i["runs"]), i["runs"][0]["filterIsProfile"]')" = \
                "('not-needed', None, 1, True)" ]
        [ "$(json 'i["runs"][0]["differentCalls"] > 5 and i["runs"][0]["calls"] >= i["runs"][0]["differentCalls"]')" = True ]
        [ ! -e new.json ]
        no_containers
}

@test "one call is needed: the least profile, verified, and nothing else is open" {
        confined why --instead --write new.json -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c "$ASLR; $WAIT"
        expect_status 1
        expect_in "$output" "needed instead: the default of Docker"
        expect_in "$output" "verified: ran again under it"
        expect_in "$output" "is this profile (proved): as before it refuses keyctl, by EPERM"
        expect_in "$output" "docker run --rm --network none --security-opt seccomp=new.json box:1"
        expect_not_in "$output" "seccomp=unconfined box:1"
        differs new.json personality
        expect_in "$("${RUN[@]}" --security-opt seccomp=new.json box:1 /bin/sh -c "$ASLR")" ok
        expect_in "$("${RUN[@]}" --security-opt seccomp=new.json box:1 /bin/sh -c "$KEYRING")" EPERM
        no_containers
}

@test "what is refused only once something else is not refused, too" {
        confined why --instead --write new.json --format json -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c \
                "$KEYRING | grep -q ok && $ASLR | grep -q ok && $WAIT"
        expect_status 1
        [ "$(json '[r["exitStatus"] for r in i["runs"]], i["verified"], j["written"]["verified"]')" = "([1, 1, 0], True, True)" ]
        differs new.json keyctl personality
}

@test "what the kernel refuses all the same is no reason to switch the filter off" {
        confined why --instead --format json -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c \
                "/probe 165 s:none s:/ s:tmpfs 0 0; $WAIT"
        expect_status 0
        [ "$(json 'i["verdict"], [c["option"] for c in j["written"]["leftOut"]]')" = "('not-needed', ['--cap-add SYS_ADMIN'])" ]
        # With the capability the default lets it through: the words count.
        confined why --instead --format json -- "${RUN[@]}" "${OFF[@]}" --cap-add SYS_ADMIN \
                --security-opt apparmor=unconfined box:1 /bin/sh -c "/probe 165 s:none s:/tmp s:tmpfs 0 0; $WAIT"
        if [ "$(json 'i["runs"][0]["exitStatus"]')" = 0 ]; then
                [ "$(json 'i["verdict"], i["runs"][0]["refused"], i["runs"][0]["filterIsProfile"]')" = "('not-needed', 0, True)" ]
        fi
}

@test "health checks and docker exec count" {
        # A run ends when it has happened.
        local id run happened="until [ -e /tmp/happened ]; do sleep 0.1; done; $WAIT"
        confined why --instead --format json -- "${RUN[@]}" "${OFF[@]}" --name checked \
                --health-cmd "$ASLR; >/tmp/happened" --health-interval 1s box:1 /bin/sh -c "$happened"
        expect_status 1
        [ "$(json 'j["written"]["rules"]')" = "['allow personality(personality == ADDR_NO_RANDOMIZE)']" ]
        [ "$(json 'i["verified"]')" = True ]
        no_containers
        (
                exec 3>&-
                is_gone() {
                        ! docker inspect "$id"
                }
                for run in first verified; do
                        wait_for docker exec entered /bin/true
                        id=$(docker inspect --format '{{.Id}}' entered)
                        docker exec entered /bin/sh -c "$KEYRING; >/tmp/happened"
                        wait_for is_gone
                done
        ) >/dev/null 2>&1 &
        confined why --instead --format json -- "${RUN[@]}" "${OFF[@]}" --name entered box:1 /bin/sh -c "$happened"
        wait
        [ "$(json 'j["written"]["rules"]')" = "['allow keyctl(option == KEYCTL_GET_KEYRING_ID)']" ]
        [ "$(json 'i["verified"]')" = True ]
        no_containers
}

@test "--for ends a run" {
        confined why --instead --format json --for 1s -- "${RUN[@]}" "${OFF[@]}" box:1 /bin/sh -c "$ENDS; $STAYS"
        expect_status 0
        [ "$(json 'i["runs"][0]["end"]')" = time ]
        no_containers
}

@test "Ctrl-C ends the run and not the answer" {
        "$CONFINED" why --instead --write new.json -- "${RUN[@]}" "${OFF[@]}" --name stopped box:1 /bin/sh -c \
                "$ENDS; $ASLR; $STAYS" >out 2>err 3>&- &
        background=$!
        wait_for grep -q personality err
        kill -INT "$background"
        status=0
        wait "$background" || status=$?
        background=
        output=$(cat out err)
        expect_status 1
        expect_in "$output" "then it was stopped"
        expect_in "$output" "needed instead"
        expect_in "$output" "verified: ran again under it"
        differs new.json personality
        no_containers
}

@test "killed in the middle: no half-written file, and the container ends" {
        "$CONFINED" why --instead --write new.json -- "${RUN[@]}" "${OFF[@]}" --name killed box:1 /bin/sh -c \
                "$ENDS; $ASLR; $STAYS" >/dev/null 2>err 3>&- &
        background=$!
        wait_for grep -q personality err
        kill -9 "$background"
        wait "$background" || true
        background=
        wait_for no_containers
        [ -z "$(ls -A | grep -v -e '^err$')" ]
}

@test "a profile of one's own: the default is enough, or not" {
        "$CONFINED" profile extend docker-20.10 --allow keyctl -o own.json
        confined why --instead -- "${RUN[@]}" --security-opt seccomp=own.json box:1 /bin/sh -c "$WAIT"
        expect_status 0
        expect_in "$output" "not needed: remove --security-opt seccomp=own.json"
        expect_in "$output" "docker run --rm --network none box:1"
}

@test "a profile that is made is verified by a second run" {
        confined why --write new.json --verify --format json -- "${RUN[@]}" box:1 /bin/sh -c "$ASLR; $WAIT"
        expect_status 1
        [ "$(json 'j["written"]["verified"]')" = True ]
        confined why --write newer.json --verify -- "${RUN[@]}" --security-opt seccomp=new.json box:1 \
                /bin/sh -c "$ASLR; $KEYRING; $WAIT"
        expect_in "$output" "verified: ran again under it"
        expect_in "$output" "as before it refuses add_key, by EPERM"
        differs newer.json keyctl personality
        no_containers
}

@test "what cannot be asked is told, and nothing runs" {
        confined why --instead -- "${RUN[@]}" box:1 /bin/true
        expect_status 2
        expect_in "$errors" "already: nothing stands in its place"
        confined why --instead -- docker run -d "${OFF[@]}" box:1 /bin/true
        expect_status 2
        expect_in "$errors" "--detach"
        confined why --instead -- /bin/true
        expect_status 2
        expect_in "$errors" "--instead takes a command that runs a container"
        confined why --verify 1
        expect_status 2
        confined why --instead -- "${RUN[@]}" "${OFF[@]}" none:1 /bin/true
        expect_status 2
        expect_in "$errors" "started no container"
        no_containers
}

# told FILE WORDS: the words are in it.
told() {
        grep -qF "$2" "$1"
}

@test "a container that is there is made again, and is left alone" {
        docker run -d --name there --network none -v /anonymous -v named:/named -v "$PWD:/here:ro" "${OFF[@]}" \
                --label com.docker.compose.service=x --restart always --health-cmd "$ASLR" --health-interval 1s \
                box:1 /bin/sh -c "$ENDS; $STAYS" >/dev/null
        local id
        id=$(docker inspect --format '{{.Id}} {{.State.StartedAt}}' there)
        # Both would write to /named.
        confined why --instead there
        expect_status 2
        expect_in "$errors" "a second one would write to the same /named"
        confined why --instead --shared --for 4s --write new.json there
        expect_status 1
        expect_in "$output" "instead of --security-opt seccomp=unconfined, then it was told to end"
        expect_in "$output" "a container of its own, removed afterwards; anonymous volumes were new ones; shared with it: /named"
        expect_in "$output" "verified: ran again under it"
        differs new.json personality
        [ "$(docker inspect --format '{{.Id}} {{.State.StartedAt}}' there)" = "$id" ]
        [ "$(docker ps -aq | wc -l)" -eq 1 ]
        [ "$(docker volume ls -q | wc -l)" -eq 2 ]
        docker rm -fv there >/dev/null
        docker volume rm named >/dev/null
}

@test "a container that has ended; one that has the default; none" {
        docker run --name ended --network none "${OFF[@]}" box:1 /bin/sh -c "$WAIT; exit 4" || [ $? -eq 4 ]
        confined why --instead --format json ended
        expect_status 0
        [ "$(json 'i["verdict"], i["runs"][0]["exitStatus"], i["runs"][0]["filterIsProfile"]')" = "('not-needed', 4, True)" ]
        docker rm ended >/dev/null
        run_box default
        confined why --instead default
        expect_status 2
        expect_in "$errors" "has the engine's default already"
        docker rm -f default >/dev/null
        confined why --instead nobody
        expect_status 2
        expect_in "$errors" "knows a container 'nobody'"
        no_containers
}

@test "killed in the middle, the copy is removed; Ctrl-C ends it" {
        docker run -d --name there --network none "${OFF[@]}" box:1 /bin/sh -c "$ENDS; $STAYS" >/dev/null
        "$CONFINED" why --instead there >/dev/null 2>err 3>&- &
        background=$!
        wait_for told err "watching 'there-confined-"
        kill -9 "$background"
        wait "$background" || true
        background=
        is_alone() { [ "$(docker ps -aq | wc -l)" -eq 1 ]; }
        wait_for is_alone
        "$CONFINED" why --instead there >out 2>err 3>&- &
        background=$!
        wait_for told err "watching 'there-confined-"
        is_up() { [ -n "$(docker ps -q --filter name=there-confined-)" ]; }
        wait_for is_up
        sleep 1 # its filter is read
        kill -INT "$background"
        wait "$background"
        background=
        expect_in "$(<out)" "then it was stopped"
        expect_in "$(<out)" "not needed"
        is_alone
        docker rm -f there >/dev/null
}

@test "Podman with crun and runc" {
        local tried=0 in_front always
        mkdir bin
        unset DOCKER_CONFIG # Podman insists that it is there
        for podman_runtime in crun runc; do
                command -v "$podman_runtime" >/dev/null || continue
                export podman_runtime
                start_podman || { echo "# no podman: $podman_runtime" >&3; continue; }
                tar -C "$BATS_FILE_TMPDIR/rootfs" -c . | private_podman import - box:1 >/dev/null 2>&1
                in_front= always="--ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
                if [ "$podman_runtime" = crun ]; then # it refuses some machines' control groups
                        in_front="unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec \"\$@\"' sh"
                        always="$always --cgroups=disabled"
                fi
                {
                        echo '#!/bin/sh'
                        echo 'command=$1; shift'
                        echo "[ \$command = run ] && set -- $always \"\$@\""
                        echo "exec $in_front $(command -v podman) --root $podman_dir/root --runroot $podman_dir/run" \
                                "--tmpdir $podman_dir/tmp --cgroup-manager cgroupfs" \
                                "--events-backend file --runtime $podman_runtime \$command \"\$@\""
                } >bin/podman
                chmod +x bin/podman
                bin/podman run --rm --network none box:1 /bin/true || { echo "# podman with $podman_runtime does not run here" >&3; continue; }
                local run=("$PWD/bin/podman" run --rm --network none "${OFF[@]}" box:1 /bin/sh -c)
                confined why --instead --format json -- "${run[@]}" "$WAIT"
                expect_status 0
                [ "$(json 'i["verdict"], i["runs"][0]["refused"], i["runs"][0]["filterIsProfile"]')" = "('not-needed', 0, True)" ]
                confined why --force --instead --write new.json --format json -- "${run[@]}" "$ASLR; $WAIT"
                expect_status 1
                [ "$(json 'i["verdict"], i["verified"], j["written"]["rules"]')" = \
                        "('profile', True, ['allow personality(personality == ADDR_NO_RANDOMIZE)'])" ]
                expect_in "$(bin/podman run --rm --network none --security-opt seccomp="$PWD/new.json" box:1 /bin/sh -c "$ASLR")" ok
                tried=$((tried + 1))
        done
        [ "$tried" -gt 0 ] || skip "podman does not run here"
}

@test "a call that the runtime's libseccomp does not know, answered as an old kernel does, is no need" {
        confined why --instead --format json -- "${RUN[@]}" "${OFF[@]}" box:1 sh -c "/probe 462 0 0 0; $WAIT"
        if [ "$(json '[c["unknownTo"] is None for c in j["calls"] if c["call"].startswith("mseal")] != [False]')" = True ]; then
                skip "this machine's libseccomp knows mseal"
        fi
        expect_status 0
        [ "$(json '(i["verdict"], [c["error"] for c in j["calls"]])')" = "('not-needed', ['ENOSYS'])" ]
        [ "$(json '[(c["needed"], "kernel without it" in c["because"]) for c in j["written"]["leftOut"]]')" = "[(False, True)]" ]
}

@test "a container of Podman's: its own command is told, fit to be run beside it" {
        unset DOCKER_CONFIG # Podman insists that it is there
        export podman_runtime=runc
        command -v podman >/dev/null || skip "needs podman"
        start_podman || skip "podman does not run here"
        tar -C "$BATS_FILE_TMPDIR/rootfs" -c . | private_podman import - box:1 >/dev/null 2>&1 || true
        local limits=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024) line
        private_podman run -dt --name web -p 8080:80 --restart=no --network none "${limits[@]}" -e 'WORDS=a b' \
                --security-opt seccomp=unconfined box:1 sleep 1000 >/dev/null || skip "podman does not run here"
        confined why --instead --host "$podman_url" web
        expect_status 2
        expect_in "$errors" "'web' is Podman's, and is not made again: that is its own command"
        line=$(grep '^confined why --instead -- podman' <<<"$errors")
        expect_in "$line" "run --rm -t --network none ${limits[*]} -e 'WORDS=a b' --security-opt seccomp=unconfined box:1 sleep 1000"
        expect_not_in "$line" web
        expect_not_in "$line" 8080
        # It is the answer to the question.
        line=${line/sleep 1000/sh -c "$WAIT"}
        eval "confined ${line#confined } </dev/null"
        expect_in "$output" "not needed: remove --security-opt seccomp=unconfined"
}
