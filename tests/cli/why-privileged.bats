#!/usr/bin/env bats
# confined why --instead in place of --privileged. Containers with every capability do not start
# everywhere: what a real Docker would make is read from the specification that it hands to a runtime,
# and engines of all versions are played by one that loads the profile for real (fake-cli.py).
load ../lib/common
load ../lib/engine

setup_file() {
        if [ "$(uname -m)" != x86_64 ]; then
                export ENGINE_SKIP="numbers of calls are those of x86_64"
                return
        fi
        if [ ! -e /sys/kernel/btf/vmlinux ]; then
                export ENGINE_SKIP="this kernel has no BTF"
                return
        fi
        for_root || return 0
        cc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o "$BATS_FILE_TMPDIR/probe" \
                "$BATS_TEST_DIRNAME/../explain/probe.c"
        cat >"$BATS_FILE_TMPDIR/keeps-specs" <<'END'
#!/bin/sh
# A runtime that keeps what it is told to make, and makes nothing.
folder=$(dirname "$0")/specs
while [ $# -gt 0 ]; do
        case $1 in
        --bundle) bundle=$2 ;;
        --log) log=$2 ;;
        create) create=1 ;;
        esac
        shift
done
[ -n "$create" ] || exit 0
mkdir -p "$folder"
cp "$bundle/config.json" "$folder/$(ls "$folder" | wc -l).json"
echo '{"level": "error", "msg": "nothing was made"}' >>"$log"
exit 1
END
        chmod +x "$BATS_FILE_TMPDIR/keeps-specs"
        if docker_for_file --add-runtime "specs=$BATS_FILE_TMPDIR/keeps-specs"; then
                make_image docker
        else # the others need none
                export DOCKER_SKIP=$ENGINE_SKIP
                unset ENGINE_SKIP
        fi
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
        export FAKE_WORDS=$PWD/words CONFINED
}

# played NAME VERSION WORD…: confined why --instead with an engine that is played.
played() {
        mkdir -p bin
        ln -sf "$BATS_TEST_DIRNAME/fake-cli.py" "bin/$1"
        export FAKE_VERSION=$2
        shift 2
        rm -f words
        PATH=$PWD/bin:$PATH confined why --instead "$@"
}

# ran PATTERN: of every run, the words in front of the image.
ran() {
        python3 - "$1" <<'END'
import json, re, sys
runs = [json.loads(l) for l in open("words")]
assert runs
for words in runs:
    head = " ".join(words[:words.index("box:1")])
    assert re.fullmatch(sys.argv[1], head), head
END
}

KEYRING='250 0 0xfffffffd 0'
OURS='--label=confined.run=\w+ --security-opt=seccomp=/proc/\d+/fd/\d+'

@test "Docker from 27 on: it stays privileged, and the filter is on" {
        played docker 28.0.1 -- docker run --rm --privileged box:1 sleep 0.3
        expect_status 0
        expect_in "$output" "instead of --privileged"
        expect_in "$output" "not needed: the filter can stay on, all else as it is: confined profile default"
        expect_in "$output" "docker run --rm --privileged --security-opt seccomp=default.json box:1 sleep 0.3"
        expect_in "$output" "was this profile (proved)"
        expect_not_in "$output" "not the same"
        ran "--rm --privileged $OURS"
        # shellcheck disable=SC2086
        played docker 27.0.0 --write need.json -- docker run --rm --privileged box:1 \
                sh -c "$BATS_FILE_TMPDIR/probe $KEYRING; sleep 0.3"
        expect_status 1
        expect_in "$output" "verified: ran again under it"
        expect_in "$output" "docker run --rm --privileged --security-opt seccomp=need.json box:1"
        expect_in "$(<need.json)" keyctl
        ran "--rm --privileged $OURS"
}

@test "Docker before 27: what --privileged means besides stands in its place" {
        local spelled='--cap-add=ALL --security-opt=apparmor=unconfined --security-opt=label=disable --security-opt=systempaths=unconfined'
        played docker 26.1.5 -- docker run --privileged --rm box:1 sleep 0.3
        expect_status 0
        expect_in "$errors" "Docker 26 gives --privileged no filter; in its place: docker run $spelled"
        expect_in "$output" "not needed: the filter can stay on, with this in place of --privileged"
        expect_in "$output" "docker run $spelled '--device-cgroup-rule=a *:* rwm' --device=/dev:/dev --rm box:1"
        expect_in "$output" "not the same: this Docker gives --privileged no filter"
        ran "$spelled --device-cgroup-rule=a \*:\* rwm --device=/dev:/dev --rm $OURS"
}

@test "a profile that an old Docker ignores is not said to be in use" {
        mkdir -p bin
        ln -sf "$BATS_TEST_DIRNAME/fake-cli.py" bin/docker
        "$CONFINED" profile default docker >own.json
        export FAKE_VERSION
        for FAKE_VERSION in 26.1.5 27.0.0; do
                PATH=$PWD/bin:$PATH confined why -- docker run --privileged --security-opt seccomp=own.json box:1 \
                        "$BATS_FILE_TMPDIR/probe" 250 0 0xfffffffd 0
                if [ "$FAKE_VERSION" = 26.1.5 ]; then
                        expect_status 0
                        expect_in "$errors" "--privileged switches the filter off: nothing can be refused"
                else
                        expect_status 1
                        expect_in "$output" "refused by seccomp"
                fi
        done
}

@test "Podman keeps the option, nerdctl gives no filter with it" {
        played podman 4.3.1 -- podman run --rm --privileged box:1 sleep 0.3
        expect_status 0
        expect_in "$output" "instead of --privileged"
        expect_in "$output" "podman run --rm --privileged --security-opt seccomp=default.json box:1 sleep 0.3"
        ran "--rm --privileged $OURS"
        played nerdctl 1.7 -- nerdctl run --rm --privileged box:1 sleep 0.3
        expect_status 2
        expect_in "$errors" "nerdctl gives --privileged no filter, whatever profile it is told"
        [ ! -e words ]
}

@test "a real Docker: what stands in place of --privileged makes the same container, but for what is said" {
        [ -z "${DOCKER_SKIP:-}" ] || skip "$DOCKER_SKIP"
        case $(docker version --format '{{.Server.Version}}') in
        1*.* | 20.* | 23.* | 24.* | 25.* | 26.*) ;;
        *) skip "this Docker gives --privileged a filter" ;;
        esac
        local run=(docker run --rm --network none --runtime specs --privileged box:1 true)
        "${run[@]}" && return 1
        confined why --instead -- "${run[@]}"
        expect_status 2
        expect_in "$errors" "in its place: docker run --cap-add=ALL"
        expect_in "$errors" "nothing was made"
        expect_in "$errors" "docker started no container that could be watched (exit status 125)"
        expect_in "$errors" "what does not start by itself cannot be watched either"
        python3 - "$BATS_FILE_TMPDIR/specs" <<'END'
import json, pathlib, sys
privileged, spelled = (json.loads((pathlib.Path(sys.argv[1]) / f"{i}.json").read_text()) for i in (0, 1))
one, other = privileged["linux"], spelled["linux"]
assert "seccomp" not in one and other["seccomp"]["syscalls"], "the filter"
assert privileged["process"]["capabilities"] == spelled["process"]["capabilities"]
assert len(spelled["process"]["capabilities"]["bounding"]) > 30
for key in ("maskedPaths", "readonlyPaths"):
    assert not one.get(key) and not other.get(key), key
for key in ("apparmorProfile", "selinuxLabel"):
    assert privileged["process"].get(key) == spelled["process"].get(key), key
paths = [{d["path"] for d in linux["devices"]} for linux in (one, other)]
assert paths[0] <= paths[1], paths[0] - paths[1]
rules = [r for r in other["resources"]["devices"]]
assert rules[-1]["allow"] and rules[-1].get("type", "a") == "a" and rules[-1].get("major", -1) == -1, rules[-1]
differ = []
for mount in privileged["mounts"]:
    twin = next(m for m in spelled["mounts"] if m["destination"] == mount["destination"])
    if set(twin["options"]) != set(mount["options"]):
        assert set(twin["options"]) - set(mount["options"]) == {"ro"}, twin
        differ.append(mount["destination"])
assert differ == ["/sys", "/sys/fs/cgroup"], differ  # as it is said
END
}
