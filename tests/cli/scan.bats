#!/usr/bin/env bats
# The command line of scan, and input that is broken or hostile.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
        mkdir tree
        printf 'services:\n  web:\n    image: nginx\n    security_opt:\n      - seccomp:unconfined\n' >bad.yaml
        printf 'services:\n  web:\n    image: nginx\n' >good.yaml
}

@test "a finding: exit status 1, place and rule in one line" {
        cp bad.yaml tree/compose.yaml
        confined scan --format lines tree
        expect_status 1
        expect_in "$output" "tree/compose.yaml:5:9: fail seccomp-unconfined: "
        [ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "nothing found: exit status 0 and one line" {
        cp good.yaml tree/compose.yaml
        confined scan tree
        expect_status 0
        expect_in "$output" "no finding in 1 file"
        [ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "standard input, by name and by shape" {
        confined scan --format lines - <bad.yaml
        expect_status 1
        expect_in "$output" "<stdin>:5:9: fail seccomp-unconfined"
        confined scan --format lines --stdin-name x.sh - <<<'docker run --privileged alpine'
        expect_status 1
        expect_in "$output" "x.sh:1:12: fail privileged"
}

@test "--fail-on decides the exit status" {
        cp bad.yaml tree/compose.yaml
        confined scan --fail-on never tree
        expect_status 0
        confined scan --fail-on sometimes tree
        expect_status 2
        expect_in "$errors" "'sometimes' is none of: fail unknown warn note never"
}

@test "documentation is a note and fails no gate" {
        printf 'Run:\n\n```sh\ndocker run --privileged alpine\n```\n' >tree/README.md
        confined scan --format lines tree
        expect_status 0
        expect_in "$output" "tree/README.md:4:12: note privileged"
        confined scan --fail-on note tree
        expect_status 1
}

@test "wrong use: one line with the next step, exit status 2" {
        confined scan --fixx
        expect_status 2
        expect_in "$errors" "'scan' has no option '--fixx' (did you mean --fix?)"
        [ "$(wc -l <<<"$errors")" -eq 1 ]
        confined scna
        expect_status 2
        expect_in "$errors" "did you mean scan?"
        confined scan --format xml
        expect_status 2
        expect_in "$errors" "'xml' is none of: terminal"
        confined scan --rule seccomp-unconfind
        expect_status 2
        expect_in "$errors" "did you mean seccomp-unconfined?"
        confined scan --threads 0
        expect_status 2
        confined scan --output
        expect_status 2
        expect_in "$errors" "needs a value"
        confined scan --fix --diff
        expect_status 2
}

@test "a path that is not there" {
        confined scan nowhere
        expect_status 2
        expect_in "$errors" "confined: nowhere: "
        expect_in "$errors" "No such file"
}

@test "broken YAML under a Compose name: place and cause, the rest goes on" {
        cp bad.yaml tree/docker-compose.yml
        mkdir tree/sub
        printf 'services:\n  web:\n\timage: nginx\n    privileged: true\n' >tree/sub/compose.yaml
        confined scan --format lines tree
        expect_status 2
        expect_in "$errors" "tree/sub/compose.yaml:3:1: "
        expect_in "$output" "tree/docker-compose.yml:5:9: fail"
}

@test "pipes, devices, sockets and link loops are no trouble" {
        mkfifo tree/compose.yaml
        ln -s loop tree/loop
        ln -s .. tree/up
        python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('tree/socket')"
        cp bad.yaml tree/docker-compose.yml
        confined scan --format lines tree
        expect_status 1
        [ "$(wc -l <<<"$output")" -eq 1 ]
        confined scan tree/compose.yaml
        expect_status 2
        expect_in "$errors" "regular file"
}

@test "an unreadable file is told apart from a clean one" {
        [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "needs setpriv to drop root's rights"
        cp bad.yaml tree/compose.yaml
        chmod 000 tree/compose.yaml
        chmod 755 "$BATS_TEST_TMPDIR" tree
        drop=()
        [ "$(id -u)" -ne 0 ] || drop=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
        run "${drop[@]}" "$CONFINED" scan tree
        [[ $output != *"Permission denied to execute"* ]]
        if [ "$status" -eq 126 ] || [ "$status" -eq 127 ]; then
                skip "the program cannot be reached without root's rights"
        fi
        [ "$status" -eq 2 ]
        expect_in "$output" "Permission denied"
}

@test "NUL bytes, wrong UTF-8 and control characters never reach the terminal" {
        printf 'services:\n  "a\\e[31mb":\n    privileged: true\n' >tree/compose.yaml
        printf 'services:\n  web:\n    privileged: true # \033]0;x\007\n' >tree/docker-compose.yml
        confined scan --color never tree
        [ "$status" -ge 1 ]
        ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$output$errors"
}

@test "UTF-16, as Compose reads it: found and fixed in its own encoding" {
        iconv -f UTF-8 -t UTF-16LE bad.yaml | (printf '\xff\xfe'; cat) >tree/compose.yaml
        confined scan --format lines tree
        expect_status 1
        expect_in "$output" "tree/compose.yaml:5:9: fail seccomp-unconfined"
        confined scan --fix tree
        expect_status 0
        [ "$(head -c2 tree/compose.yaml | od -An -tx1 | tr -d ' ')" = fffe ]
        iconv -f UTF-16 -t UTF-8 tree/compose.yaml | grep -q 'image: nginx'
        ! iconv -f UTF-16 -t UTF-8 tree/compose.yaml | grep -q unconfined
}

@test "alias bombs and deep nesting: bounded, said, over" {
        {
                echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
                for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
                        p=$((i - 1))
                        echo "a$i: &a$i [*a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p, *a$p]"
                done
                printf 'services:\n  web: {image: x, privileged: true, labels: *a12}\n'
        } >tree/compose.yaml
        confined scan --format lines tree
        expect_status 1
        expect_in "$output" "fail privileged"
        python3 -c "print('services: {web: {security_opt: ' + '[' * 100000 + ']' * 100000 + '}}')" >tree/compose.yaml
        confined scan tree
        expect_status 2
        expect_in "$errors" "tree/compose.yaml:1:"
}

@test "a file of 100 MB: not read whole, and said" {
        { cat bad.yaml; head -c 100000000 /dev/zero | tr '\0' '#'; } >tree/compose.yaml
        confined scan tree
        expect_status 2
        expect_in "$errors" "is larger than 32 MiB"
}

@test "--output writes the report, whole or not at all" {
        cp bad.yaml tree/compose.yaml
        confined scan --format json -o report.json tree
        expect_status 1
        [ -z "$output" ]
        python3 -c "import json; assert len(json.load(open('report.json'))['findings']) == 1"
        confined scan --format json -o nowhere/report.json tree
        expect_status 2
        expect_in "$errors" "nowhere/report.json"
}

@test "the command that a note names edits it" {
        printf '```sh\ndocker run --privileged nginx\n```\n' >tree/README.md
        confined scan --no-config tree/README.md
        expect_status 0
        expect_in "$output" "confined scan --fail-on note --fix tree/README.md"
        confined scan --no-config --fail-on note --fix tree/README.md
        expect_status 0
        printf '```sh\ndocker run nginx\n```\n' | cmp - tree/README.md
}

@test "--fix keeps mode, owner and links; a second run changes nothing" {
        cp bad.yaml tree/real.yaml
        chmod 640 tree/real.yaml
        ln -s real.yaml tree/compose.yaml
        confined scan --fix tree/compose.yaml
        expect_status 0
        [ -L tree/compose.yaml ]
        [ "$(stat -c %a tree/real.yaml)" = 640 ]
        printf 'services:\n  web:\n    image: nginx\n' | cmp - tree/real.yaml
        confined scan --fix tree/compose.yaml
        expect_status 0
        printf 'services:\n  web:\n    image: nginx\n' | cmp - tree/real.yaml
        [ -z "$(ls -A tree | grep -v -e real.yaml -e compose.yaml)" ]
}

@test "a file with several hard links is left alone, and said" {
        cp bad.yaml tree/compose.yaml
        ln tree/compose.yaml tree/other.txt
        confined scan --fix tree/compose.yaml
        expect_status 2
        expect_in "$errors" "hard links"
        cmp bad.yaml tree/compose.yaml
}

@test "--diff is what git apply takes" {
        cp bad.yaml tree/compose.yaml
        cd tree
        git init -q . && git add -A
        confined scan --diff .
        expect_status 1
        git apply --check - <<<"$output"
        git apply - <<<"$output"
        printf 'services:\n  web:\n    image: nginx\n' | cmp - compose.yaml
}

@test "--with puts a profile in place, and must be one" {
        cp bad.yaml tree/compose.yaml
        echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >all.json
        echo '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}' >tree/some.json
        confined scan --fix --with all.json tree
        expect_status 2
        expect_in "$errors" "refuses no call"
        cmp bad.yaml tree/compose.yaml
        confined scan --fix --with tree/some.json tree
        expect_status 0
        expect_in "$(cat tree/compose.yaml)" "- seccomp:./some.json"
}

@test "configuration: rules off, exclude, fail-on; errors have a place" {
        cp bad.yaml tree/compose.yaml
        mkdir -p tree/vendor && cp bad.yaml tree/vendor/compose.yaml
        cd tree
        printf 'exclude:\n  - vendor/\n' >.confined.yaml
        confined scan --format lines
        expect_status 1
        [ "$(wc -l <<<"$output")" -eq 1 ]
        printf 'rules:\n  seccomp-unconfined: off\n' >.confined.yaml
        confined scan
        expect_status 0
        printf 'rules:\n  seccomp-unconfind: off\n' >.confined.yaml
        confined scan
        expect_status 2
        expect_in "$errors" ".confined.yaml:2:3: "
        confined scan --no-config
        expect_status 1
}

@test "baseline: today's findings do not count, new ones do, moved ones neither" {
        cp bad.yaml tree/compose.yaml
        confined scan --write-baseline base.json tree
        expect_status 1
        confined scan --baseline base.json tree
        expect_status 0
        sed -i '1i # a comment that moves every line' tree/compose.yaml
        confined scan --baseline base.json tree
        expect_status 0
        printf '  two:\n    image: x\n    privileged: true\n' >>tree/compose.yaml
        confined scan --format lines --baseline base.json tree
        expect_status 1
        [ "$(wc -l <<<"$output")" -eq 1 ]
        expect_in "$output" "privileged"
}

@test "suppression needs a reason" {
        sed 's/unconfined/unconfined # confined: ignore seccomp-unconfined -- measured, see #12/' bad.yaml >tree/compose.yaml
        confined scan tree
        expect_status 0
        sed 's/unconfined/unconfined # confined: ignore seccomp-unconfined/' bad.yaml >tree/compose.yaml
        confined scan --format lines tree
        expect_status 1
        expect_in "$output" "suppression-invalid"
        expect_in "$output" "fail seccomp-unconfined"
}

@test "a reader that has seen enough is no trouble: the exit status stays that of the findings" {
        cp bad.yaml tree/compose.yaml
        status=0
        python3 - "$CONFINED" 2>errors <<'EOP' || status=$?
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.run([sys.argv[1], "scan", "tree"], stdout=w).returncode)
EOP
        [ "$status" -eq 1 ]
        [ ! -s errors ]
}

@test "a full disk is an error, not a crash" {
        cp bad.yaml tree/compose.yaml
        status=0
        "$CONFINED" scan tree >/dev/full 2>errors || status=$?
        [ "$status" -eq 2 ]
        grep -q "cannot be written" errors
}

@test "notes that repeat themselves in one file are told by their first line" {
        printf '```sh\ndocker run --privileged a\ndocker run --privileged b\n```\n' >tree/README.md
        confined scan tree
        expect_status 0
        expect_in "$output" "README.md:3:12: note privileged: 'docker run' of image 'b'"
        [ "$(grep -c 'fix:' <<<"$output")" -eq 1 ]
        confined scan --all tree
        [ "$(grep -c 'fix:' <<<"$output")" -eq 2 ]
}

# A file with services that have a place of their own, or share one.
services() {
        cat >compose.yaml <<'EOC'
x-off: &off
  security_opt: ["seccomp:unconfined"]
services:
  web:
    image: a
    security_opt: [no-new-privileges:true, seccomp:unconfined]
  db:
    image: b
    security_opt: ["seccomp=unconfined"]
  one:
    <<: *off
    image: c
  two:
    <<: *off
    image: c
EOC
        echo 'docker run --name web --security-opt seccomp=unconfined a' >run.sh
        echo '{"defaultAction": "SCMP_ACT_ERRNO"}' >small.json
}

@test "--service: one service alone is told of and edited" {
        cd "$BATS_TEST_TMPDIR"
        services
        confined scan --service web .
        expect_status 1
        expect_in "$output" "service 'web'"
        expect_not_in "$output" "'db'"
        expect_not_in "$output" run.sh
        expect_in "$output" "confined scan --fix --service web compose.yaml"
        sed 's/seccomp:unconfined\]/seccomp:.\/small.json]/' compose.yaml >wanted.yaml
        confined scan --fix --with small.json --service web compose.yaml
        expect_status 0
        cmp compose.yaml wanted.yaml
        # A service that nothing is wrong with, and one that there is not.
        confined scan --service web compose.yaml
        expect_status 0
        confined scan --service wbe compose.yaml
        expect_status 2
        expect_in "$errors" "has a service 'wbe'"
        [ -z "$output" ]
}

@test "--service: what others share is not edited for one" {
        cd "$BATS_TEST_TMPDIR"
        services
        cp compose.yaml before.yaml
        confined scan --service one compose.yaml
        expect_status 1
        expect_in "$output" "also that of 'two'"
        local how
        for how in --fix --diff; do
                confined scan $how --with small.json --service one compose.yaml
                expect_status 2
                expect_in "$errors" "compose.yaml:2:18: what stands here is also that of 'two'"
                [ -z "$output" ]
                cmp compose.yaml before.yaml
        done
        confined scan --fix --with small.json --service one --service two compose.yaml
        expect_status 0
        sed '2s/seccomp:unconfined/seccomp:.\/small.json/' before.yaml | cmp - compose.yaml
}

@test "--at: one place alone, as findings are shown" {
        cd "$BATS_TEST_TMPDIR"
        services
        cp compose.yaml before.yaml
        confined scan --diff --at ./compose.yaml:9 --at run.sh:1 .
        expect_status 1
        [ "$(grep -c '^-[^-]' <<<"$output")" -eq 2 ]
        confined scan --diff --at compose.yaml:9:1 .
        expect_status 2
        expect_in "$errors" "nothing is found at compose.yaml:9:1"
        confined scan --at compose.yaml .
        expect_status 2
        expect_in "$errors" "no place such as"
        confined scan --fix --at compose.yaml:9:20 .
        expect_status 0
        diff before.yaml compose.yaml | grep '^<'
        [ "$(diff before.yaml compose.yaml | grep '^<' | tr -d ' ')" = '<security_opt:["seccomp=unconfined"]' ]
        confined scan --service web --write-baseline all.json .
        expect_status 2
        [ ! -e all.json ]
}
