#!/usr/bin/env bats
# Engines that answer badly, slowly, without end or not at all: one message each with the next
# step, what was answered is kept, the rest of the work goes on.
load ../lib/common
load ../lib/engine

setup() {
        cd "$BATS_TEST_TMPDIR"
        unset DOCKER_HOST DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
        export DOCKER_CONFIG=$BATS_TEST_TMPDIR/client XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
}

teardown() {
        [ -z "${guest:-}" ] || kill -9 "$guest" 2>/dev/null || true # the first of a PID namespace
        stop_fake
}

audit() {
        confined audit --format lines --host "$fake_url" --timeout "${patience:-10}" "$@"
}

# The whole audit of fake containers: c2 and c3 of five are unconfined.
expect_all_five() {
        expect_status 1
        [ -z "$errors" ] || { echo "$errors"; return 1; }
        expect_in "$output" "fail seccomp-unconfined: the system call filter of container 'c2' is off"
        expect_in "$output" "fail seccomp-unconfined: the system call filter of container 'c3' is off"
        expect_not_in "$output" "'c0'"
        expect_not_in "$output" "'c1'"
}

# refusal BEHAVIOUR WORDS…: exit status 2, one error that holds the words, within a few seconds.
refusal() {
        local start=$SECONDS word
        fake "$1"
        audit
        stop_fake
        expect_status 2
        # Without --timeout it would wait for 30.
        [ $((SECONDS - start)) -le 25 ] || { echo "took too long"; return 1; }
        [ "$(grep -c '^confined: ' <<<"$errors")" -eq 1 ] || { echo "$errors"; return 1; }
        shift
        for word in "$@"; do
                expect_in "$errors" "$word"
        done
}

@test "a good engine, and every version it may speak" {
        for behaviour in plain api-1.24 api-min-1.44 api-far-future no-ping chunked podman; do
                fake $behaviour
                audit
                expect_all_five || { echo "in $behaviour"; return 1; }
                stop_fake
        done
}

@test "an engine older than 1.24" {
        refusal api-1.23 "its API version 1.23 is older than 1.24" "update the engine"
}

@test "many containers over connections that stay open, or do not" {
        for behaviour in plain one-request; do
                fake $behaviour 500
                confined audit --format cis --host "$fake_url"
                expect_status 1
                [ -z "$errors" ]
                [ "$(wc -l <<<"$output")" -eq 500 ]
                stop_fake
        done
}

@test "a socket that speaks something else" {
        refusal garbage "does not speak HTTP" "is this the engine's API socket?"
        refusal ssh "does not speak HTTP"
        refusal no-version "no container engine" "is this the engine's API socket?"
}

@test "a socket that says nothing" {
        patience=1
        refusal mute "GET /_ping" "no whole answer in time" "--timeout"
        refusal silent "GET /v1.41/info" "no whole answer in time"
        refusal hangs-up "the connection ended without an answer" "look at its log"
}

@test "answers without end" {
        refusal endless-body "the answer has no end: over 33554432 bytes"
        refusal endless-headers "the answer has no end: over 65536 bytes"
        refusal endless-100 "the answer has no end: over 65536 bytes"
        patience=1
        refusal too-long "no whole answer in time"
        refusal drip "no whole answer in time"
}

@test "answers cut short or broken" {
        refusal truncated "ended in the middle of the answer" "try again"
        refusal bad-chunks "the connection broke"
        refusal list-garbage "container 1 of the list has no id" "is this the engine's API socket?"
        refusal list-deep "nested deeper"
        refusal list-swells "needs more memory than there is (or than the 256 MiB"
        refusal list-huge "100001 containers are more than the 100000"
        refusal list-forbidden "status 403" "a proxy in front"
        expect_not_in "$errors" $'\x1b'
}

@test "redirects are not followed" {
        fake redirect
        audit
        expect_status 2
        expect_in "$errors" "it refused with status 302"
        expect_not_in "$errors$output" "root:"
}

@test "an engine that tells nothing about itself: its containers are judged all the same" {
        for behaviour in info-forbidden info-garbage; do
                fake $behaviour
                audit
                expect_status 2
                expect_in "$errors" "tells nothing about itself"
                expect_in "$output" "container 'c2' is off"
                expect_in "$output" "container 'c3' is off"
                expect_not_in "$output" "seccomp-unsupported"
                stop_fake
        done
}

@test "an engine without seccomp" {
        fake no-seccomp
        audit
        expect_status 1
        expect_in "$output" "seccomp-unsupported"
}

@test "an engine whose default profile is off" {
        fake daemon-unconfined
        audit
        expect_status 1
        expect_in "$output" "fail daemon-unconfined"
}

@test "an engine that stops in the middle: what it answered is kept" {
        fake stops 200
        confined audit --format cis --host "$fake_url" --timeout 10
        expect_status 2
        expect_in "$errors" "answered for "
        expect_in "$errors" " of 200 containers"
        expect_in "$errors" "start the engine"
        [ "$(grep -c '^confined: ' <<<"$errors")" -eq 1 ]
        [ "$(wc -l <<<"$output")" -ge 90 ]
}

@test "a container that is gone is left out, one that cannot be inspected is told" {
        fake gone
        confined audit --format cis --host "$fake_url"
        expect_status 1
        [ -z "$errors" ]
        [ "$(wc -l <<<"$output")" -eq 4 ]
        stop_fake
        for behaviour in one-fails one-lies one-odd; do
                fake $behaviour
                audit
                expect_status 2
                expect_in "$errors" "container 'c1'"
                [ "$(grep -c '^confined: ' <<<"$errors")" -eq 1 ]
                expect_in "$output" "container 'c2' is off"
                stop_fake
        done
}

@test "names in answers cannot write to the terminal" {
        fake hostile-names
        for format in lines terminal github cis; do
                confined audit --format $format --host "$fake_url" --color never
                expect_status 1
                expect_not_in "$output$errors" $'\x1b'
                expect_not_in "$output$errors" $'\u202e'
                expect_not_in "$output$errors" $'\tOK'
        done
        confined audit --format lines --host "$fake_url"
        [ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "several engines: one that fails does not hide the other" {
        fake plain
        confined audit --format lines --host unix:///nonexistent.sock --host "$fake_url"
        expect_status 2
        expect_in "$errors" "cannot ask Docker at unix:///nonexistent.sock"
        expect_in "$errors" "there is no such socket; start the engine (systemctl start docker)"
        expect_in "$output" "container 'c2' is off"
}

@test "no connection: what to do" {
        confined audit --format lines --host tcp://127.0.0.1:1
        expect_status 2
        expect_in "$errors" "nothing listens there; start the engine"
        confined audit --host ssh://me@server
        expect_status 2
        expect_in "$errors" "ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock"
        confined audit --host npipe:////./pipe/docker_engine
        expect_status 2
        expect_in "$errors" "use unix:///PATH or tcp://HOST:PORT"
        confined audit --host "unix:///$(printf 'x%.0s' {1..120})"
        expect_status 2
        expect_in "$errors" "the path of a socket has at most 107 bytes"
        confined audit --timeout 0
        expect_status 2
        expect_in "$errors" "--timeout takes seconds from 1 to 3600"
        touch plain-file
        confined audit --format lines --host "unix://$PWD/plain-file"
        expect_status 2
        expect_in "$errors" "cannot ask Docker"
}

@test "a socket that may not be opened" {
        [ "$(id -u)" -eq 0 ] || skip "needs root: drops its rights by setpriv"
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        fake plain
        chmod 700 "$BATS_TEST_TMPDIR"
        [ -r "$CONFINED" ] && setpriv --reuid 65534 --clear-groups test -x "$CONFINED" ||
                skip "the program's own folder is not open to other users"
        run setpriv --reuid 65534 --clear-groups "$CONFINED" audit --format lines --host "$fake_url"
        [ "$status" -eq 2 ]
        expect_in "$output" "permission denied; run as root or join the group 'docker'"
}

@test "containers by name and by beginning of the id" {
        fake plain
        confined audit --format cis --host "$fake_url" c2
        expect_status 1
        [ "$(wc -l <<<"$output")" -eq 1 ]
        expect_in "$output" "SecurityOpt=[seccomp=unconfined]"
        confined audit --format cis --host "$fake_url" c0 /c1
        expect_status 0
        [ "$(wc -l <<<"$output")" -eq 2 ]
        confined audit --format cis --host "$fake_url" 0000
        [ "$(wc -l <<<"$output")" -eq 5 ]
        confined audit --format cis --host "$fake_url" c2 c7
        expect_status 2
        expect_in "$errors" "knows a container 'c7'; see docker ps -a"
        [ "$(wc -l <<<"$output")" -eq 1 ]
        confined audit --no-engine c2
        expect_status 2
        expect_in "$errors" "without an engine containers have no names"
        confined audit --no-engine --host "$fake_url"
        expect_status 2
}

@test "DOCKER_HOST, contexts and their order" {
        fake plain
        DOCKER_HOST=$fake_url confined audit --format cis
        expect_status 1
        [ "$(wc -l <<<"$output")" -eq 5 ]
        mkdir -p client/contexts/meta/aa
        echo '{"currentContext": "lab"}' >client/config.json
        echo "{\"Name\": \"lab\", \"Endpoints\": {\"docker\": {\"Host\": \"$fake_url\"}}}" \
                >client/contexts/meta/aa/meta.json
        confined audit --format lines
        expect_in "$output" "container 'c2' is off"
        DOCKER_CONTEXT=gone confined audit --format lines
        expect_status 2
        expect_in "$errors" "Docker context 'gone' is in use but not found"
        DOCKER_HOST=ssh://server confined audit
        expect_status 2
        expect_in "$errors" "DOCKER_HOST"
}

# A certificate authority, an engine's certificate and a client's, in certs/.
make_certificates() {
        mkdir -p certs other
        (
                cd certs
                openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 2 \
                        -subj /CN=test-ca
                for name in server client; do
                        openssl req -newkey rsa:2048 -nodes -keyout $name-key.pem -out $name.csr \
                                -subj /CN=$name
                        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
                                -days 2 -out $name.pem -extfile <(echo "subjectAltName=IP:127.0.0.1")
                done
                cp client.pem cert.pem
                cp client-key.pem key.pem
        ) >/dev/null 2>&1
}

@test "tcp with TLS: the engine is checked, the client shows its certificate" {
        make_certificates
        : >out
        "$FAKE" tcp:0 plain 5 certs >out 2>&1 3>&- &
        echo "$!" >>"$BATS_TEST_TMPDIR/fakes"
        wait_for grep -q ready out
        port=$(head -n 1 out)
        export DOCKER_HOST=tcp://127.0.0.1:$port DOCKER_CERT_PATH=$PWD/certs DOCKER_TLS_VERIFY=1
        confined audit --format lines
        expect_status 1
        expect_in "$output" "container 'c2' is off"
        # A certificate of somebody else, none of our own, no TLS.
        openssl req -x509 -newkey rsa:2048 -nodes -keyout other/ca-key.pem -out other/ca.pem \
                -days 2 -subj /CN=other-ca >/dev/null 2>&1
        DOCKER_CERT_PATH=$PWD/other confined audit --format lines
        expect_status 2
        expect_in "$errors" "the engine's certificate is not the one expected; check ca.pem"
        cp certs/ca.pem other/ca.pem
        DOCKER_CERT_PATH=$PWD/other confined audit --format lines --timeout 5
        expect_status 2
        expect_in "$errors" "cannot ask Docker"
        unset DOCKER_TLS_VERIFY
        confined audit --format lines --timeout 5
        expect_status 2
        expect_in "$errors" "does the engine want TLS"
}

@test "an engine elsewhere: its processes are not looked for here" {
        fake plain
        confined audit --format json --host "$fake_url"
        expect_status 1
        expect_not_in "$output" '"rule": "process-unfiltered"'
        confined audit --host "$fake_url"
        expect_not_in "$output" "could not be looked at"
        stop_fake
        fake running
        confined audit --host "$fake_url"
        expect_in "$output" "the processes of 5 running containers could not be looked at"
}

# versioned VERSION: the row of a container of an engine of this version; its process is $guest.
versioned() {
        stop_fake
        FAKE_VERSION=$1 FAKE_PID=$guest fake here 1
        confined audit --host "$fake_url"
        grep '^c0 ' <<<"$output" | sed -E 's/ {2,}/  /g'
}

@test "a filter is measured by the default of its engine's version" {
        needs_root
        command -v unshare >/dev/null || skip "needs unshare (util-linux)"
        "$CONFINED" profile compile docker-25.0 -o filter.bpf
        unshare -p -f unshare -m python3 "$BATS_TEST_DIRNAME/../cli/under-filter.py" filter.bpf >ready 3>&- &
        target=$!
        wait_for grep -q ready ready
        guest=$(pgrep -P "$target")
        for version in 25.0.3 26.1.4+dfsg1 25.0.5-rc.1; do
                row=$(versioned $version)
                [ "$row" = "c0  box:1  –  Docker ${version%%.*}.${version:3:1} default  pass" ] || { echo "$version: $row"; return 1; }
        done
        strict=$(versioned 28.3.0)
        loose=$(versioned 24.0.1)
        newer=$(versioned 99.9)
        none=$(versioned dev)
        echo "$strict | $loose | $newer | $none"
        [ "$strict" = "c0  box:1  –  as strict as Docker 28.3 default  pass" ]
        [[ $loose =~ "weaker than Docker 24.0 default in "[0-9]+"  warn filter-differs" ]]
        [[ $newer =~ "weaker than Docker 29.4 default in 1  pass" ]]
        [[ $none =~ "filter: "[0-9]+" calls  pass" ]]
}
