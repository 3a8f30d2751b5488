#!/usr/bin/env bats
# What a real Docker Engine hands to its runtime is what we say that its version's default is.
load ../lib/common
load ../lib/engine

setup_file() {
        docker_for_file || return 0
        make_image docker
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
}

# bundle_of OPTION…: starts a container; its runtime's configuration is config.json then.
bundle_of() {
        local id
        id=$(docker run -d --network none "$@" box:1 /bin/sleep 600) || return
        cp "$(find "$docker_dir/exec" -path "*/$id/config.json" | head -n 1)" config.json
        docker rm -f "$id" >/dev/null
        python3 - <<'END'
import json
config = json.load(open("config.json"))
json.dump(config["linux"].get("seccomp"), open("loaded.json", "w"))
with open("capabilities", "w") as out:
    out.write("--cap-drop ALL\n")
    for name in config["process"]["capabilities"].get("bounding") or []:
        out.write(f"--cap-add {name}\n")
END
}

@test "the engine's default by its version is what the engine loads, capability by capability" {
        local version options
        version=$(docker version --format '{{ .Server.Version }}')
        for options in "" "--cap-add SYS_ADMIN" "--cap-add SYS_PTRACE" "--cap-add SYS_NICE" \
                "--cap-drop ALL" "--cap-drop ALL --cap-add SYSLOG" \
                "--cap-drop SYS_CHROOT --cap-add SYS_TIME --cap-add DAC_READ_SEARCH"; do
                # shellcheck disable=SC2086
                bundle_of $options
                [ "$(<loaded.json)" != null ]
                # shellcheck disable=SC2046
                confined profile diff loaded.json "docker-${version%%[+~-]*}" $(<capabilities)
                echo "Docker $version with '$options': $output$errors"
                expect_status 0
                expect_in "$output" "equal"
        done
        # The newest profile is another one than that of an older engine.
        case $version in
        29.*) ;;
        *)
                bundle_of
                # shellcheck disable=SC2046
                confined profile diff loaded.json docker $(<capabilities)
                expect_status 1
                ;;
        esac
}

@test "with every capability, too" {
        bundle_of --cap-add ALL || skip "this machine lets no container have every capability"
        # shellcheck disable=SC2046
        confined profile diff loaded.json "docker-$(docker version \
                --format '{{ .Server.Version }}' | sed 's/[+~-].*//')" $(<capabilities)
        expect_status 0
}

@test "a privileged container gets no filter" {
        bundle_of --privileged || skip "this machine lets no container have every capability"
        [ "$(cat loaded.json)" = null ]
}
