#!/usr/bin/env bats
# confined why --write: the profile in use, and the least that lets through what was refused.
load ../lib/common
load ../lib/engine

setup_file() {
        mkdir "$BATS_FILE_TMPDIR/rootfs"
        cc -D_GNU_SOURCE -O1 -static -o "$BATS_FILE_TMPDIR/rootfs/clone3-first" \
                "$BATS_TEST_DIRNAME/clone3-first.c"
        probes_for_file || return 0
}

teardown_file() {
        stop_engines
}

setup() {
        cd "$BATS_TEST_TMPDIR"
}

# json EXPRESSION: what a Python expression on the output `j` gives.
json() {
        python3 -c "import json, sys; j = json.load(sys.stdin); print($1)" <<<"$output"
}

# log LINE…: a log of strace.
log() {
        printf '%s = -1 EPERM (Operation not permitted)\n' "$@" >log
}

# differs BASE FILE CALL…: the two differ in these calls and no other.
differs() {
        local base=$1 file=$2
        shift 2
        confined profile diff --format json "$base" "$file"
        [ "$(json 'sorted({d["call"] for d in j["differences"]})')" = \
                "[$(printf "'%s', " "$@" | sed 's/, $//')]" ]
}

@test "a log: the rules that help, nothing else, and what was left out" {
        log 'keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0)' \
                'personality(ADDR_NO_RANDOMIZE)' 'mount("none", "/", "tmpfs", 0, NULL)'
        confined why --log log --write new.json
        expect_status 1
        differs docker new.json keyctl personality
        confined why --log log --format json --write new.json
        [ "$(json 'j["written"]["file"]')" = new.json ]
        [ "$(json 'sorted(j["written"]["rules"])')" = "['allow keyctl(option == KEYCTL_GET_KEYRING_ID)', 'allow personality(personality == ADDR_NO_RANDOMIZE)']" ]
        [ "$(json '[(c["option"], c["needed"]) for c in j["written"]["leftOut"]]')" = "[('--cap-add SYS_ADMIN', True)]" ]
        # With the new one, neither is refused any more.
        confined why --log log --profile new.json --write newer.json
        expect_in "$output" "newer.json: nothing to write"
        expect_in "$output" "left out: mount"
        [ ! -e newer.json ]
}

@test "what a program does without is left out, unless it is asked for" {
        echo 'clone3({flags=CLONE_VM}, 88) = -1 ENOSYS (Function not implemented)' >log
        confined why --log log --write new.json
        expect_in "$output" "nothing to do: glibc"
        [ ! -e new.json ]
        confined why --log log --write new.json --all-refused
        differs docker new.json clone3
        # EPERM breaks the program: another error opens nothing.
        echo 'statx(AT_FDCWD, "x", 0, 0, 0x0) = -1 EPERM (Operation not permitted)' >log
        "$CONFINED" profile extend docker --deny statx -o old.json
        confined why --force --log log --profile old.json --write new.json --format json
        [ "$(json 'j["written"]["rules"]')" = "['errno ENOSYS statx']" ]
}

@test "a profile that is an extension itself keeps its base" {
        log 'keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0)'
        "$CONFINED" profile extend docker --allow 'personality(personality == ADDR_NO_RANDOMIZE)' -o p.json
        confined why --log log --profile p.json --write p.json
        differs docker p.json keyctl personality
        confined profile show --base p.json
        expect_in "$output" docker
        expect_status 0
}

@test "a file that holds something else is replaced when that is asked for, or when it was read" {
        log 'keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0)'
        echo mine >new.json
        confined why --log log --write new.json
        expect_status 2
        expect_in "$errors" "new.json: is there already and holds something else"
        expect_in "$errors" "--force"
        [ "$(<new.json)" = mine ]
        # What takes long is not begun.
        confined why --write new.json -- sh -c 'echo ran >ran'
        expect_status 2
        [ "$(<new.json)" = mine ] && [ ! -e ran ]
        confined why --step --policy /dev/null --write new.json -- sh -c 'echo ran >ran'
        expect_status 2
        [ "$(<new.json)" = mine ] && [ ! -e ran ]
        confined why --log log --write new.json --force
        expect_status 1
        differs docker new.json keyctl
}

@test "a message: the rules that are known of the program" {
        confined why --profile docker --message 'warning: Error disabling address space randomization: Operation not permitted' --write gdb.json
        expect_status 1
        differs docker gdb.json personality
}

@test "a file that cannot be written is told before anything else, and nothing is half written" {
        log 'keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0)'
        confined why --log log --write none/new.json
        expect_status 2
        expect_in "$errors" "--write: none/new.json cannot be written in its folder"
        [ -z "$output" ]
}

@test "docker run: the entry that refused is named, of a file by its line" {
        needs_engine
        confined why --format json -- docker run --rm --network none box:1 /probe 135 0x40000
        expect_status 1
        expect_in "$(json 'j["profile"]')" "the default of Docker"
        "$CONFINED" profile extend docker --deny chroot -o own.json
        local line
        line=$(grep -n '"chroot"' own.json | tail -n 1 | cut -d: -f1)
        confined why -- docker run --rm --network none --security-opt seccomp=own.json box:1 /probe 161 s:/nowhere
        expect_in "$output" "refused by seccomp: by own.json"
        confined why -- docker run --rm --network none --security-opt seccomp=unconfined box:1 /probe 135 0x40000
        expect_status 0
        expect_in "$errors" "--security-opt seccomp=unconfined switches the filter off"
}

@test "docker run: capabilities of the words count" {
        needs_engine
        # syslog depends on SYSLOG there; a rule of the default counts with it.
        confined why --format json -- docker run --rm --network none --cap-add SYSLOG --cap-drop=CHOWN \
                box:1 /probe 250 0 0xfffffffd 0
        # (Other containers may start meanwhile.)
        [ "$(json '[c["verdict"] for c in j["calls"] if "keyctl(KEYCTL_GET_KEYRING_ID, 0xfffffffd" in c["call"]]')" = "['refused']" ]
        expect_in "$(json 'j["profile"]')" "the default of Docker"
        confined why --write new.json -- docker run --rm --network none --cap-add SYSLOG --cap-drop=CHOWN \
                box:1 /probe 250 0 0xfffffffd 0
        expect_in "$output" "refused by seccomp: by the default of Docker"
}

@test "docker run and a container that runs: what is written is enough" {
        needs_engine
        local run=(docker run --rm --network none)
        confined why --write new.json -- "${run[@]}" box:1 /probe 250 0 0xfffffffd 0
        expect_status 1
        [ "$("${run[@]}" --security-opt seccomp=new.json box:1 /probe 250 0 0xfffffffd 0 | cut -d' ' -f1)" = ok ]
        expect_in "$("${run[@]}" --security-opt seccomp=new.json box:1 /probe 135 0x40000)" EPERM
        run_box other
        run_box looped --security-opt seccomp=new.json
        "$CONFINED" why --write both.json looped >out 2>errors 3>&- &
        local watcher=$! result=0
        wait_for grep -q watching errors
        docker exec looped /probe 135 0x40000 >/dev/null
        kill -TERM "$watcher"
        wait "$watcher" || result=$?
        docker rm -f other looped >/dev/null
        [ "$result" -eq 1 ]
        differs new.json both.json personality
}

@test "clone3: its flags are told, and the rule is one for the clone that comes after ENOSYS" {
        needs_engine
        local run=(docker run --rm --network none) as rule='allow clone((clone_flags & ~0xff) == CLONE_NEWUSER)'
        # The engine's default answers ENOSYS: the program goes on with clone by itself.
        confined why --format json --write new.json --verify -- "${run[@]}" box:1 /clone3-first
        [ "$(json '[(c["call"], c["cloneFlags"], c["error"], [w["kind"] for w in c["ways"]][0]) for c in j["calls"] if c["cloneFlags"]]')" = \
                "[('clone3({flags=CLONE_NEWUSER}, 88)', 'CLONE_NEWUSER', 'ENOSYS', 'nothing')]" ]
        [ "$(json '(j["written"]["rules"], j["written"]["verified"])')" = "(['$rule'], True)" ]
        differs docker-20.10.24 new.json clone
        "${run[@]}" --security-opt seccomp=new.json box:1 /clone3-first
        # An old one answers EPERM, and the program gives up: both are said at once.
        "$CONFINED" profile default docker-20.10.0 >old.json
        as="${run[*]} --security-opt seccomp=old.json"
        # shellcheck disable=SC2086
        confined why --force --format json --write new.json --verify -- $as box:1 /clone3-first
        [ "$(json '[(c["call"], c["error"]) for c in j["calls"] if c["cloneFlags"]]')" = \
                "[('clone3({flags=CLONE_NEWUSER}, 88)', 'EPERM')]" ]
        [ "$(json '(j["written"]["rules"], j["written"]["verified"])')" = \
                "(['errno ENOSYS clone3', '$rule'], True)" ]
        "${run[@]}" --security-opt seccomp=new.json box:1 /clone3-first
        confined why -- "${run[@]}" --security-opt seccomp=old.json box:1 /clone3-first
        expect_in "$errors" "clone3({flags=CLONE_NEWUSER}, 88) = EPERM"
        expect_in "$output" "its flags are in memory"
}

@test "a call that the runtime's libseccomp does not know: no rule is proposed" {
        needs_engine
        local run=(docker run --rm --network none) nr knows
        nr=$(awk -F '\t' '$1 == "call" { for (i = 1; i <= NF; i++) if ($i == "x86_64") at = i } $1 == "mseal" { print $at }' \
                "$BATS_TEST_DIRNAME/../../data/syscalls/numbers.tsv")
        # What is said is what happens: a profile that names it is tried.
        "$CONFINED" profile extend docker-20.10.24 --allow mseal -o allowed.json
        knows=$("${run[@]}" --security-opt seccomp=allowed.json box:1 /probe "$nr" 0 0 0)
        confined why --write new.json -- "${run[@]}" box:1 /probe "$nr" 0 0 0
        expect_status 1
        expect_in "$output" "mseal(0, 0, 0) = "
        if [ "$knows" = "ok 0" ]; then
                expect_in "$output" "--allow mseal"
                [ -e new.json ]
                return
        fi
        expect_in "$output" "no rule helps: libseccomp"
        expect_in "$output" "left out: mseal(0, 0, 0): libseccomp"
        expect_not_in "$output" "--allow mseal"
        [ ! -e new.json ]
        confined why --format json -- "${run[@]}" --security-opt seccomp=allowed.json box:1 /probe "$nr" 0 0 0
        [ "$(json '[(c["unknownTo"][:11], [w["enough"] for w in c["ways"]]) for c in j["calls"] if c["call"].startswith("mseal")]')" = \
                "[('libseccomp ', [False])]" ]
        confined why -- "${run[@]}" --security-opt seccomp=allowed.json box:1 /probe "$nr" 0 0 0
        expect_in "$output" "although it is let through by the entry at allowed.json:"
        # A raw filter and `confined run` name it by its number.
        "$CONFINED" run --profile allowed.json -- "$BATS_FILE_TMPDIR/rootfs/probe" "$nr" 0 0 0
        echo 'mseal(0x7f0000, 4096, 0) = -1 EPERM (Operation not permitted)' >log
        confined why --log log --as written --profile docker-20.10.24
        expect_in "$output" "--allow mseal"
}
