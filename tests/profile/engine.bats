#!/usr/bin/env bats
# The profiles of tests/profile/cases/ given to a real Docker Engine: what is refused here is
# refused there, and what lets everything through starts. A second line of NAME.expected says where
# they differ on purpose:
#     docker: takes it (REASON)      this engine takes what is refused here
#     docker: not tried (REASON)
# Profiles with a filter that hardly any program survives are not tried.
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
}

# outcome PROFILE: "refused: WHY", "Seccomp: N" of the process, or what else came out.
outcome() {
        local out
        out=$(timeout -k 1 20 docker run --rm --network none --security-opt "seccomp=$1" box:1 \
                /bin/grep Seccomp: /proc/self/status 2>&1 | tr '\n\t' '  ')
        case $out in
        *'Decoding seccomp profile failed'* | *'compacting json for seccomp profile'* | \
                *'were specified in the seccomp profile'* | *'runc create failed'*)
                echo "refused: $out"
                ;;
        *) echo "$out" ;;
        esac
}

@test "profiles are refused and taken as by a real engine" {
        local file name ours theirs difference tried=0 wrong=0
        for file in "$BATS_TEST_DIRNAME"/cases/*.json; do
                name=$(basename "$file" .json)
                { read -r ours && read -r difference || true; } <"${file%.json}.expected"
                case "$ours $difference" in *'docker: not tried'*) continue ;; esac
                case $ours in
                filters*) [[ $name == moby-* || $name == podman-* ]] || continue ;;
                esac
                theirs=$(outcome "$file")
                tried=$((tried + 1))
                case "$ours $difference" in
                *'docker: takes it'*) [[ $theirs != refused:* ]] && continue ;;
                error*) [[ $theirs == refused:* ]] && continue ;;
                'allows-all '*' - '*) [[ $theirs == 'Seccomp: 0'* ]] && continue ;;
                *) [[ $theirs == 'Seccomp: 2'* ]] && continue ;;
                esac
                echo "$name: expected '$ours', Docker says '$theirs'"
                wrong=$((wrong + 1))
        done
        echo "$tried tried"
        [ "$tried" -ge 50 ]
        [ "$wrong" -eq 0 ]
}
