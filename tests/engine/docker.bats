#!/usr/bin/env bats
# A real Docker Engine with containers in every state, and the kernel that runs them.
load ../lib/common
load ../lib/engine

setup_file() {
        docker_for_file || return 0
        make_image docker
        cd "$BATS_FILE_TMPDIR"
        echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}' >own.json
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >all.json
        run_box default
        run_box quiet
        run_box colon --security-opt seccomp:unconfined
        run_box equals --security-opt seccomp=unconfined --security-opt no-new-privileges
        run_box own --security-opt seccomp=own.json
        run_box all --security-opt seccomp=all.json
        run_box last --security-opt seccomp=unconfined --security-opt seccomp=own.json
        run_box shop --security-opt seccomp=unconfined \
                --label com.docker.compose.project=shop --label com.docker.compose.service=db \
                --label "com.docker.compose.project.working_dir=/srv/a shop" \
                --label com.docker.compose.project.config_files=/srv/shop/compose.yaml
        run_box host --pid host
        docker run --network none --name stopped --security-opt seccomp=unconfined box:1 /bin/true
        docker create --network none --name privileged --privileged box:1 /bin/true >/dev/null
        docker create --network none --name named:odd box:1 2>/dev/null || true
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
        guests=
}

teardown() {
        local pid
        for pid in ${guests:-}; do
                kill "$pid" 2>/dev/null || true
                wait "$pid" 2>/dev/null || true
        done
}

# The line of the table for one container.
row() {
        grep -E "^$1 " <<<"$output"
}

# The command-line clients of this machine.
clients() {
        type -ap docker | sort -u | while read -r client; do readlink -f "$client"; done | sort -u
}

@test "--format cis prints what docker inspect prints" {
        confined audit --format cis
        expect_status 1
        [ -z "$errors" ]
        ours=$(sed -E 's/^(PASS|FAIL) +//' <<<"$output")
        for client in $(clients); do
                theirs=$("$client" ps --quiet --all --no-trunc | xargs "$client" inspect \
                        --format '{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}')
                [ "$ours" = "$theirs" ] || { diff <(echo "$theirs") <(echo "$ours"); return 1; }
        done
        # The benchmark's own judgement: unconfined or not.
        while read -r word line; do
                case $line in
                *seccomp[=:]unconfined*) [ "$word" = FAIL ] || [[ $line == *own.json* || $line == *acct* ]] ;;
                *) [ "$word" = PASS ] ;;
                esac || { echo "$word $line"; return 1; }
        done <<<"$output"
}

@test "the engine's own files are a shortcut: where they tell nothing the engine is asked" {
        confined audit --format cis
        first=$output
        dir=$(docker info --format '{{ .DockerRootDir }}')/containers/$(docker inspect -f '{{ .Id }}' stopped)
        for name in hostconfig.json config.v2.json; do
                cp -a "$dir/$name" saved
                # Broken, of another container, gone, a link, a folder, a FIFO.
                for way in 'echo "{" >' 'echo "{\"ID\":\"0\"}" >' 'rm' 'rm -f FILE; ln -s /etc/passwd' \
                        'rm -f FILE; mkdir' 'rm -rf FILE; mkfifo'; do
                        eval "${way//FILE/$dir/$name} $dir/$name"
                        confined audit --format cis
                        rm -rf "${dir:?}/$name"
                        cp -a saved "$dir/$name"
                        [ "$output" = "$first" ] || { echo "$way: $(diff <(echo "$first") <(echo "$output"))"; return 1; }
                        [ -z "$errors" ]
                done
        done
        # And it is used: a change behind the engine's back is seen.
        cp -a "$dir/hostconfig.json" saved
        sed -i 's/seccomp=unconfined/seccomp=unconfimed/' "$dir/hostconfig.json"
        confined audit --format cis stopped
        cp -a saved "$dir/hostconfig.json"
        expect_in "$output" "SecurityOpt=[seccomp=unconfimed]"
}

@test "declared, enforced and verdict of every state" {
        confined audit
        expect_status 1
        [ -z "$errors" ]
        expect_in "$(head -n 1 <<<"$output")" "Docker 20.10"
        expect_in "$(row default)" "–"
        [[ $(row default) =~ Docker\ 20\.10\ default\ +pass ]]
        [[ $(row colon) =~ unconfined\ +no\ filter\ \(1\ process\)\ +fail\ seccomp-unconfined ]]
        [[ $(row equals) =~ unconfined\ +no\ filter\ \(1\ process\)\ +fail\ seccomp-unconfined ]]
        [[ $(row own) =~ own\ profile\ +custom:\ [0-9]+\ calls,\ weaker\ than\ default\ in\ [0-9]+\ +warn\ profile-default-allow ]]
        [[ $(row all) =~ own\ profile\ +allows\ every\ call\ \([0-9]+\ instructions\)\ +fail\ profile-allows-everything ]]
        [[ $(row last) =~ own\ profile\ +custom:\ [0-9]+\ calls,\ weaker\ than\ default\ in\ [0-9]+\ +warn\ profile-default-allow ]]
        [[ $(row stopped) =~ unconfined\ +not\ running\ +fail\ seccomp-unconfined ]]
        [[ $(row privileged) =~ privileged\ +not\ running\ +fail\ privileged ]]
        [[ $(row host) =~ Docker\ 20\.10\ default\ +pass ]]
        expect_in "$output" "shop: started by Compose project 'shop' (/srv/shop/compose.yaml, service 'db'): confined scan '/srv/a shop'"
}

@test "nothing wrong: exit status 0" {
        confined audit default quiet host
        expect_status 0
        [ -z "$errors" ]
}

@test "docker exec keeps the filter" {
        docker exec -d default /bin/sh -c '/bin/sleep 3599 & /bin/sleep 3598'
        wait_for sh -c 'docker top default | grep -q 3599'
        confined audit default
        expect_status 0
        [[ $(row default) =~ Docker\ 20\.10\ default\ +pass ]]
}

@test "docker exec --privileged keeps the filter, too" {
        docker exec -d --privileged quiet /bin/sleep 3597 ||
                skip "this machine may not give a process all capabilities"
        wait_for sh -c 'docker top quiet | grep -q 3597'
        confined audit quiet
        expect_status 0
}

@test "a process that entered by nsenter has no filter" {
        pid=$(pid_of quiet)
        nsenter -t "$pid" -a /bin/sleep 3596 3>&- &
        guests=$!
        wait_for sleeper_below "$guests" 3596 >/dev/null
        confined audit quiet
        expect_status 1
        [[ $(row quiet) =~ Docker\ 20\.10\ default,\ but\ .*\ fail\ process-unfiltered ]]
        guest=$(sleeper_below "$guests" 3596)
        expect_in "$output" "PID $guest (/bin/sleep 3596), entered from outside"
        # Without the engine, too: by the PID namespace that it lives in.
        confined audit --no-engine --format lines
        expect_status 1
        expect_in "$output" "process $guest (sleep) of docker container $(docker inspect -f '{{ slice .Id 0 12 }}' quiet)"
        kill "$guest"
}

@test "a process that entered the mount namespace alone" {
        nsenter -t "$(pid_of quiet)" -m /bin/sleep 3595 3>&- &
        guests=$!
        wait_for sleeper_below "$guests" 3595 >/dev/null
        confined audit quiet
        expect_status 1
        expect_in "$output" "PID $guests (/bin/sleep 3595), entered from outside"
}

@test "a process that was moved into the cgroup" {
        line=$(grep -m 1 -E '^[0-9]+:(pids|):' "/proc/$(pid_of own)/cgroup")
        case $line in
        0::*) procs=/sys/fs/cgroup${line#0::}/cgroup.procs ;;
        *) procs=/sys/fs/cgroup/pids${line#*:*:}/cgroup.procs ;;
        esac
        sleep 3594 3>&- &
        guests=$!
        echo "$guests" >"$procs" || skip "this machine's cgroups cannot be written ($procs)"
        confined audit own
        expect_status 1
        [[ $(row own) =~ custom:\ .*,\ but\ PID\ $guests\ none\ +fail\ process-unfiltered ]]
}

@test "the kernel's view alone" {
        confined audit --no-engine
        expect_status 1
        for name in colon equals shop; do
                pid=$(pid_of $name)
                id=$(docker inspect -f '{{ slice .Id 0 12 }}' $name)
                line=$(grep -E "^$pid " <<<"$output")
                expect_in "$line" "/bin/sleep 3600"
                expect_in "$line" "docker $id"
                expect_in "$line" "fail process-unfiltered"
        done
        pid=$(pid_of all)
        line=$(grep -E "^$pid " <<<"$output")
        [[ $line =~ allows\ every\ call\ \([0-9]+\ instructions\)\ +fail\ profile-allows-everything ]]
        for name in default own host; do
                [ -z "$(grep -E "^$(pid_of $name) " <<<"$output")" ]
        done
        # Nothing of this machine itself is accused: neither the engine nor its shims.
        expect_not_in "$output" "containerd"
        expect_not_in "$output" "dockerd"
}

@test "as another user: the engine is refused, the cgroups still tell" {
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        chmod 711 "$docker_dir" "${docker_dir%/*}"
        setpriv --reuid 65534 --clear-groups test -x "$CONFINED" ||
                skip "the program's own folder is not open to other users"
        run setpriv --reuid 65534 --clear-groups "$CONFINED" audit --format lines
        [ "$status" -eq 2 ]
        expect_in "$output" "permission denied; run as root or join the group 'docker'"
        expect_in "$output" "process $(pid_of colon)"
        expect_not_in "$output" "process $(pid_of default)"
}

@test "a paused container" {
        docker pause all || skip "this machine's cgroups cannot freeze"
        confined audit all
        docker unpause all
        [[ $(row all) =~ own\ profile\ +.*\ fail\ profile-allows-everything ]]
}

@test "containers that start and stop while it looks" {
        confined audit --format lines
        before=$(grep process-unfiltered <<<"$output" || true)
        for i in 1 2 3 4 5 6; do
                docker run --rm --network none box:1 /bin/true 3>&- &
                guests="$guests $!"
        done
        for i in 1 2 3; do
                confined audit --format lines
                [ "$status" -le 1 ] || { echo "$errors"; return 1; }
                # Processes on their way into a container are not accused.
                [ "$(grep process-unfiltered <<<"$output" || true)" = "$before" ] || { echo "$output"; return 1; }
        done
        wait
}
