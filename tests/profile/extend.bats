#!/usr/bin/env bats
# confined profile extend, rebase and show --base: the JSON, its proof, and what real engines make of
# it.
load ../lib/common
load ../lib/engine

setup() {
        cd "$BATS_TEST_TMPDIR"
}

teardown() {
        stop_engines
}

# differs A B: "CALL BEFORE AFTER" of each difference, on x86_64.
differs() {
        "$CONFINED" profile diff --arch x86_64 --format json "$@" | python3 -c '
import json, sys
for d in json.load(sys.stdin)["differences"]:
    print(d["call"], d["condition"], d["a"], d["b"])'
}

@test "extend: nothing but the calls named" {
        confined profile extend docker --allow 'personality(arg0 == 0x40000)' --errno ENOSYS statx \
                --deny 'ioctl(cmd == TIOCSTI), keyctl' -o e.json
        expect_status 0
        [ -z "$output" ]
        [ "$errors" = "confined: deny keyctl: docker-2026-06 answers so already" ]
        differs docker e.json >out || true
        diff - out <<'EOF'
ioctl low 32 bits of cmd == 0x5412 (TIOCSTI) ALLOW ERRNO(1)
personality personality == 0x40000 (ADDR_NO_RANDOMIZE) ERRNO(1) ALLOW
statx always ALLOW ERRNO(38)
EOF
        # the same under every circumstance, and no other entry is another
        differs docker e.json --cap-add ALL --kernel 4.4 | grep -c . | grep -x 3
        "$CONFINED" profile default >docker.json
        python3 - <<'PY'
import json
base, made = json.load(open("docker.json")), json.load(open("e.json"))
assert list(made)[0] == "confined"
for key in base:
    if key != "syscalls":
        assert base[key] == made[key], key
taken = {"ioctl", "statx", "keyctl"}
left = [e for e in made["syscalls"] if e in base["syscalls"]]
changed = [e for e in base["syscalls"] if e not in left]
assert len(changed) == 1 and taken & set(changed[0]["names"]), changed
kept = dict(changed[0], names=[n for n in changed[0]["names"] if n not in taken])
assert kept in made["syscalls"]
assert not any("keyctl" in e["names"] for e in made["syscalls"])  # the default refuses it already
PY
}

@test "extend: an entry that answers otherwise gives way, with its capabilities" {
        confined profile extend docker --allow clone3 -o e.json
        expect_status 0
        [ "$(differs docker e.json)" = 'clone3 always ERRNO(38) ALLOW' ]
        [ -z "$(differs docker e.json --cap-add SYS_ADMIN)" ]
        confined profile extend --force docker --errno ENOSYS clone3 -o e.json
        expect_status 0
        [ -z "$(differs docker e.json)" ]
        [ "$(differs docker e.json --cap-add SYS_ADMIN)" = 'clone3 always ALLOW ERRNO(38)' ]
}

@test "extend: of an extended profile, of a file, of Podman's" {
        "$CONFINED" profile extend docker --allow 'personality(arg0 == 0x40000)' >one.json
        "$CONFINED" profile extend one.json --allow clone3 >two.json
        "$CONFINED" profile extend docker --allow 'personality(arg0 == 0x40000)' --allow clone3 >both.json
        cmp two.json both.json
        echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": null, "x": [1.5, null, "\u00e9"]}' >file.json
        confined profile extend file.json --deny 'socket(family == AF_ALG)' -o e.json
        expect_status 0
        differs file.json e.json | grep -x 'socket low 32 bits of family == 38 (AF_ALG) ALLOW ERRNO(1)'
        python3 -c 'import json; assert json.load(open("e.json"))["x"] == [1.5, None, "é"]'
        confined profile extend podman --allow 'userfaultfd(flags & UFFD_USER_MODE_ONLY)' \
                --errno EPERM fsopen --force -o e.json
        expect_status 0
}

@test "extend: clone has its arguments in another order on s390" {
        confined profile extend docker --allow 'clone(flags & CLONE_NEWUSER), unshare(flags & CLONE_NEWUSER)' -o e.json
        expect_status 0
        [ "$(differs docker e.json | grep -c .)" = 2 ]
        confined profile diff docker e.json --arch s390x
        expect_in "$output" "unshare("
        expect_not_in "$output" "clone("
}

@test "extend: what is wrong with a rule, and where" {
        confined profile extend docker --allow 'socket(famly == 1)'
        expect_status 2
        expect_in "$errors" "--allow 'socket(famly == 1)': column 8: socket has no argument 'famly' (did you mean family?)"
        confined profile extend docker --errno ENOSIS clone3
        expect_status 2
        expect_in "$errors" "there is no error 'ENOSIS' (did you mean ENOSYS?)"
        confined profile extend docker --errno ENOSYS
        expect_status 2
        expect_in "$errors" "needs two words"
        confined profile extend docker
        expect_status 2
        expect_in "$errors" "needs something to add"
        confined profile extend docker --allow clone3 --errno ENOSYS clone3
        expect_status 2
        expect_in "$errors" "'allow clone3' and 'errno ENOSYS clone3' contradict each other"
        confined profile extend docker --allow 'socket(family == 1 && family == 2)'
        expect_status 2
        expect_in "$errors" "never hold together"
        confined profile extend docker --allow read -o none.json
        expect_status 1
        expect_in "$errors" "allow read: docker-2026-06 answers so already"
        [ ! -e none.json ]
}

@test "extend --for: rules, or that none is needed" {
        confined profile extend docker --for gdb-aslr -o e.json
        expect_status 0
        confined profile show --base e.json
        expect_status 0
        expect_in "$output" "allow personality(personality == ADDR_NO_RANDOMIZE)"
        for name in vsock bwrap chrome io-uring newfd-mount-api unshare-threads kcmp-mesa keyring; do
                confined profile extend --force docker --for "$name" -o e.json
                expect_status 0
        done
        confined profile extend docker --for gdb -o none.json
        expect_status 1
        expect_in "$errors" "nothing is needed since Docker 19.03"
        confined profile extend --force docker --for perf -o none.json
        expect_status 1
        expect_in "$errors" "a capability is enough"
        [ ! -e none.json ]
        confined profile extend docker --for gdb-aslt
        expect_status 2
        expect_in "$errors" "did you mean gdb-aslr?"
}

@test "show --base and rebase" {
        "$CONFINED" profile extend docker-20.10.0 --allow 'personality(arg0 == 0x40000)' -o old.json
        confined profile show --base old.json
        expect_status 0
        expect_in "$output" "base   docker-"
        expect_in "$output" "allow personality(arg0 == 0x40000)"
        confined profile rebase old.json -o new.json
        expect_status 0
        expect_in "$output" "from docker-"
        expect_in "$output" "io_uring_setup(entries, params)"
        expect_in "$output" "everything else is equal (proved)"
        "$CONFINED" profile extend docker --allow 'personality(arg0 == 0x40000)' >fresh.json
        cmp new.json fresh.json
        confined profile rebase old.json
        [ "$output" = "$(<new.json)" ]
        expect_in "$errors" "io_uring_setup"
        # laid out anew it is still the same; with another word it is not
        python3 -c 'import json; json.dump(json.load(open("new.json")), open("laid.json", "w"))'
        confined profile show --base laid.json
        expect_status 0
        sed 's/"mbind"/"reboot"/' new.json >edited.json
        confined profile show --base edited.json
        expect_status 1
        expect_in "$output" "edited by hand"
        confined profile rebase edited.json
        expect_status 2
        expect_in "$errors" "edited by hand"
        confined profile show --base docker
        expect_status 2
        expect_in "$errors" "does not say what it was made from"
        # a base that is a file, and has changed
        cp fresh.json base.json
        echo '{"defaultAction": "SCMP_ACT_ALLOW"}' >base.json
        "$CONFINED" profile extend base.json --deny keyctl -o on-file.json
        echo '{"defaultAction": "SCMP_ACT_LOG"}' >base.json
        confined profile show --base on-file.json
        expect_in "$output" "it is no longer what it was"
        confined profile rebase on-file.json -o newer.json
        expect_status 0
        expect_in "$output" "always: allowed → allowed and logged"
}

# asked PROFILE RUN…: what a container under the profile gets for the calls in question:
# personality(0x40000), personality(0x400000), clone3, keyctl, ioctl(TIOCSTI), ioctl(TIOCGWINSZ) with
# and without an upper bit.
asked() {
        local profile=$1
        shift
        local option=(--security-opt "seccomp=$profile")
        [ "$profile" != default ] || option=()
        "$@" run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
                "${option[@]}" box:1 /bin/sh -c '
                for call in "135 0x40000" "135 0x400000" "435 0 0" "250 0 0" "16 0 0x5412 0" \
                        "16 0 0x100005412 0" "16 0 0x5413 0"; do
                        /bin/probe $call
                done' </dev/null | tr '\n' ' '
}

check_engine() {
        "$CONFINED" profile extend "$1" --allow 'personality(arg0 == 0x40000)' \
                --errno ENOSYS clone3 --deny 'ioctl(cmd == TIOCSTI)' -o e.json
        shift
        local got
        got=$(asked "$PWD/e.json" "$@")
        # personality(0x400000) and keyctl get what the engine's default gives them
        [[ $got =~ ^'ok 0 '(EPERM|ENOSYS)' ENOSYS '(EPERM|EINVAL)' EPERM EPERM ENOTTY '$ ]] || {
                echo "extended: $got"
                return 1
        }
}

make_probe() {
        busybox_rootfs "$BATS_FILE_TMPDIR/rootfs"
        cc -O1 -D_GNU_SOURCE -static -no-pie -pthread -o "$BATS_FILE_TMPDIR/rootfs/bin/probe" \
                "$BATS_TEST_DIRNAME/../explain/probe.c"
}

@test "a real Docker takes it: the call passes, others are still refused" {
        needs_root
        [ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86_64"
        start_docker >"$BATS_TEST_TMPDIR/why" || skip "$(<"$BATS_TEST_TMPDIR/why")"
        make_probe
        make_image docker
        check_engine docker-20.10 docker
        # without the rule it is refused: what is seen is the rule
        [[ $(asked default docker) == 'EPERM EPERM '* ]]
}

@test "a real Podman takes it" {
        needs_root
        [ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86_64"
        command -v podman >/dev/null || skip "needs podman"
        make_probe
        for podman_runtime in crun runc; do
                start_podman >"$BATS_TEST_TMPDIR/why" || continue
                make_image private_podman
                asked unconfined private_podman >out 2>why
                if [[ $(<out) == 'ok '* ]]; then
                        echo "# podman with $podman_runtime" >&3
                        check_engine podman private_podman
                        return
                fi
                stop_engines
        done
        skip "podman starts no container here: $(tail -n 1 why)"
}
