#!/usr/bin/env bats
# help, version, explain, completion.
load ../lib/common

@test "help of the program and of each command" {
        confined --help
        expect_status 0
        for command in scan audit prove explain profile completion help version; do
                expect_in "$output" "  $command "
        done
        for command in scan audit prove explain profile completion help version; do
                confined "$command" --help
                expect_status 0
                expect_in "$output" "Usage: confined $command"
                first=$output
                confined help "$command"
                [ "$output" = "$first" ]
        done
        confined
        expect_status 2
        expect_in "$errors" "Usage: confined COMMAND"
}

@test "version" {
        confined --version
        expect_status 0
        [[ $output =~ ^confined\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "explain prints a rule's page" {
        confined explain
        expect_status 0
        expect_in "$output" "seccomp-unconfined"
        confined explain seccomp-unconfined
        expect_status 0
        expect_in "$output" "5.22"
        confined explain seccomp-unconfind
        expect_status 2
        expect_in "$errors" "did you mean seccomp-unconfined?"
}

@test "completions work in bash" {
        source <("$CONFINED" completion bash)
        COMP_WORDS=(confined sc) COMP_CWORD=1
        _confined
        [ "${COMPREPLY[*]}" = scan ]
        COMP_WORDS=(confined scan --format s) COMP_CWORD=3
        _confined
        [ "${COMPREPLY[*]}" = sarif ]
        COMP_WORDS=(confined explain daemon) COMP_CWORD=2
        _confined
        [ "${COMPREPLY[*]}" = daemon-unconfined ]
        confined completion tcsh
        expect_status 2
}

@test "an audit that looked at nothing does not say that all is well" {
        DOCKER_HOST=unix://$BATS_TEST_TMPDIR/none confined audit some-container
        expect_status 2
        expect_not_in "$output" "lacks a filter"
}

@test "a closed standard stream is no place for what is opened later" {
        local stream
        for stream in 0 1 2; do
                # Nor in what is started.
                (eval "exec $stream>&-"
                        "$CONFINED" run --profile docker -- sh -c "test /dev/null -ef /proc/self/fd/$stream")
        done
        status=0
        "$CONFINED" version >&- 2>errors || status=$?
        expect_status 2
        grep -q "standard output cannot be written" errors
}
