#!/usr/bin/env bats
# confined record --compose FILE SERVICE, with the real Compose and Docker.
load ../lib/common
load ../lib/engine

setup_file() {
        [ -e /sys/kernel/btf/vmlinux ] || export ENGINE_SKIP="this kernel has no BTF"
        docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null ||
                export ENGINE_SKIP="needs docker compose or docker-compose"
        [ -z "${ENGINE_SKIP:-}" ] || return 0
        docker_for_file || return 0
        make_image docker
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        mkdir "$BATS_TEST_TMPDIR/shop"
        cd "$BATS_TEST_TMPDIR/shop"
        cat >compose.yaml <<'EOC'
services:
  web:
    image: box:1
    container_name: shop-web
    restart: always
    network_mode: none
    security_opt:
      - no-new-privileges:true
      - seccomp:unconfined
    env_file: [web.env]
    command: ["/bin/sh", "-c", "busybox chmod 700 /tmp; echo \"$$A $$B\" >/data/out; cat /inner/file; exit 7"]
    volumes: ["./data:/data", "own:/own", "./inner:/inner:ro"]
    depends_on: [db]
  db:
    image: box:1
    container_name: shop-db
    network_mode: none
    command: /bin/sleep 1000
    stop_signal: SIGKILL
volumes:
  own:
    name: shop-fixed
EOC
        echo 'A=fr$om' >web.env
        # Found as Compose finds it; a list is merged, and the last entry counts.
        cat >compose.override.yaml <<'EOC'
services:
  web:
    environment: {B: over}
    security_opt: ["seccomp:unconfined"]
EOC
        mkdir data inner
        echo inner >inner/file
}

teardown() {
        [ -z "${ENGINE_SKIP:-}" ] || return 0
        docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1 || true
        docker volume ls -q | xargs -r docker volume rm >/dev/null 2>&1 || true
}

# As a user runs it, with whichever there is.
compose() {
        if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

nothing_of_ours() {
        local left
        left=$(docker ps -a --format '{{ .Names }}' | grep confined-
                docker volume ls -q | grep confined-
                docker network ls --format '{{ .Name }}' | grep confined- || true)
        [ -z "$left" ] || { echo "left: $left"; return 1; }
}

# allows FILE CALL
allows() {
        python3 - "$@" <<'EOP'
import json, sys
profile = json.load(open(sys.argv[1]))
sys.exit(not any(sys.argv[2] in s["names"] and s["action"] == "SCMP_ACT_ALLOW" for s in profile["syscalls"]))
EOP
}

@test "recorded, put in by scan --fix, run again: the new filter is in force" {
        rm compose.override.yaml
        sed -i 's/echo \\"$$A $$B\\" >/echo >/' compose.yaml
        # Another service without a filter is not this one's.
        sed -i 's/container_name: shop-db/&\n    security_opt: ["seccomp=unconfined"]/' compose.yaml
        confined record --compose compose.yaml --save seen.json web
        echo "$errors"
        expect_status 0
        expect_in "$output" "inner"
        expect_in "$errors" "verified: nothing was refused"
        expect_in "$errors" "put it in: confined scan --fix --with ./web.seccomp.json --service web compose.yaml"
        [ -e web.seccomp.json ]
        allows web.seccomp.json chmod
        ! allows web.seccomp.json mkdir
        nothing_of_ours
        [ -z "$(docker ps -aq)" ]
        [ -z "$(docker volume ls -q)" ]
        # The next step, as it was said.
        $CONFINED ${errors##*put it in: confined }
        grep -q 'seccomp:./web.seccomp.json' compose.yaml
        [ "$(grep -c unconfined compose.yaml)" -eq 1 ]
        grep -qx '    security_opt: \["seccomp=unconfined"\]' compose.yaml
        # What was not recorded is refused, what was is not.
        sed -i 's/exit 7/busybox mkdir \/data\/made; exit 7/' compose.yaml
        compose up --exit-code-from web web >/dev/null 2>&1 || true
        [ ! -e data/made ]
        [ -e data/out ]
        rm data/out
        compose down -v >/dev/null 2>&1
        sed -i 's/busybox mkdir \/data\/made; //' compose.yaml
        status=0
        compose up --exit-code-from web web >/dev/null 2>&1 || status=$?
        [ "$status" -eq 7 ]
        [ -e data/out ]
}

@test "the next step edits the override file, too, and asks before a profile is replaced" {
        confined record --no-verify --compose compose.yaml web
        echo "$errors"
        expect_status 0
        expect_in "$errors" "--service web compose.yaml compose.override.yaml"
        $CONFINED ${errors##*put it in: confined }
        ! grep -q unconfined compose.yaml compose.override.yaml
        compose config >config
        grep -q 'seccomp:./web.seccomp.json' config
        # Again: what was written may have been worked on.
        echo '{"mine": 1}' >web.seccomp.json
        rm data/out
        confined record --no-verify --compose compose.yaml web
        expect_status 2
        expect_in "$errors" "web.seccomp.json: is there already"
        expect_in "$errors" "--check ./web.seccomp.json"
        [ "$(<web.seccomp.json)" = '{"mine": 1}' ]
        [ ! -e data/out ]
        confined record --force --no-verify --compose compose.yaml web
        expect_status 0
        allows web.seccomp.json chmod
}

@test "what runs is what Compose would run: override, env file, relative paths, a dependency" {
        confined record --no-verify --compose "$PWD/compose.yaml" -o p.json web
        echo "$errors"
        expect_status 0
        [ "$(<data/out)" = 'fr$om over' ]
        expect_in "$output" "inner"
        nothing_of_ours
        [ -z "$(docker volume ls -q)" ]
        # Another command, and another file than the one that Compose finds.
        cp compose.yaml other.yaml
        confined record --no-verify --compose other.yaml -o q.json web /bin/sh -c 'busybox mkdir /tmp/d; echo "$A$B."'
        expect_status 0
        expect_in "$output" 'fr$om.'
        allows q.json mkdir
        ! allows q.json chmod
}

@test "the user's own project is left alone" {
        sed -i 's/exit 7/exec sleep 1000/' compose.yaml
        compose up -d >/dev/null 2>&1
        before=$(docker ps -a --no-trunc --format '{{ .ID }} {{ .Names }} {{ .Status }}' | cut -d' ' -f1-3 | sort)
        [ "$(wc -l <<<"$before")" -eq 2 ]
        # It writes where the other one writes.
        confined record --no-verify --compose compose.yaml web
        expect_status 2
        expect_in "$errors" "service 'web' runs and writes to $PWD/data"
        expect_in "$errors" "stop it first"
        [ ! -e web.seccomp.json ]
        sed -i 's|./data:/data|./data:/data:ro|' compose.yaml
        confined record --no-verify --compose compose.yaml web /bin/sh -c 'echo beside'
        echo "$errors"
        expect_status 0
        expect_in "$output" "beside"
        nothing_of_ours
        after=$(docker ps -a --no-trunc --format '{{ .ID }} {{ .Names }} {{ .Status }}' | cut -d' ' -f1-3 | sort)
        [ "$before" = "$after" ]
        docker volume inspect shop-fixed >/dev/null
}

@test "killed, by a signal or outright: nothing of it stays" {
        local signal pid
        for signal in TERM KILL; do
                "$CONFINED" record --force --no-verify --compose compose.yaml -o p.json web \
                        /bin/sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' >out 2>&1 3>&- &
                pid=$!
                running() {
                        docker ps --format '{{ .Names }}' | grep -q 'web.run' # confined-…_web_run_…
                }
                wait_for running
                kill -"$signal" "$pid"
                wait "$pid" || true
                wait_for nothing_of_ours
                [ -z "$(docker ps -aq)" ]
        done
        [ "$(docker network ls --format '{{ .Name }}' | sort | xargs)" = "host none" ]
}

@test "what cannot be run, and why" {
        confined record --compose compose.yaml
        expect_status 2
        expect_in "$errors" "--compose FILE SERVICE"
        confined record --compose compose.yaml nginx
        expect_status 2
        expect_in "$errors" "compose.yaml has no service 'nginx'"
        confined record --compose missing.yaml web
        expect_status 2
        expect_in "$errors" "missing.yaml"
        confined record --compose compose.yaml --pid 1
        expect_status 2
        expect_in "$errors" "not with"
        echo 'services: [' >broken.yaml
        confined record --compose broken.yaml web
        expect_status 2
        expect_in "$errors" "broken.yaml cannot be read by Compose"
        # One that does not start is no recording.
        confined record --compose compose.yaml -o p.json web /bin/no-such-program
        expect_status 2
        expect_in "$errors" "no call was seen"
        [ ! -e p.json ]
        nothing_of_ours
}

@test "why --instead --compose: whether a service needs its filter off" {
        confined why --instead --compose compose.yaml -- web
        echo "$output$errors"
        expect_status 0
        expect_in "$output" "not needed"
        nothing_of_ours
        confined why --instead --write p.json --compose compose.yaml -- web \
                /bin/sh -c 'busybox unshare -U true && sleep 0.5'
        echo "$output$errors"
        expect_status 1
        expect_in "$output" "unshare(CLONE_NEWUSER) = EPERM"
        expect_in "$output" "needed instead"
        expect_in "$output" "verified"
        [ -e p.json ]
        nothing_of_ours
        confined why --compose compose.yaml -- web
        expect_status 2
        expect_in "$errors" "--compose is of use with --instead alone"
}
