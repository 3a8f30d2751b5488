# What the bats files share. CONFINED is the program under test, CONFINED_RELEASE the same without
# sanitizers (run.py sets them).
CONFINED=${CONFINED:-$BATS_TEST_DIRNAME/../../build/confined}
CONFINED_RELEASE=${CONFINED_RELEASE:-$BATS_TEST_DIRNAME/../../build/confined}

# Runs confined with its standard output in $output and its standard error in $errors.
confined() {
        local errors_file=$BATS_TEST_TMPDIR/errors
        status=0
        output=$("$CONFINED" "$@" 2>"$errors_file") || status=$?
        errors=$(<"$errors_file")
}

expect_status() {
        [ "$status" -eq "$1" ] && return
        echo "exit status $status, not $1; output: $output; errors: $errors"
        return 1
}

# expect_in TEXT WORDS: TEXT holds WORDS.
expect_in() {
        [[ $1 == *"$2"* ]] && return
        echo "'$2' is not in: $1"
        return 1
}

expect_not_in() {
        [[ $1 != *"$2"* ]] && return
        echo "'$2' is in: $1"
        return 1
}

# wait_for COMMAND…: until it succeeds. Half a minute at most: other files' tests run meanwhile.
wait_for() {
        local until=$((SECONDS + 30))
        until "$@"; do
                [ $SECONDS -lt $until ] || { echo "never true: $*"; return 1; }
                sleep 0.05
        done
}

# built_probe FILE: the program that makes any call (tests/explain/probe.c), static.
built_probe() {
        cc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o "$1" "$BATS_TEST_DIRNAME/../explain/probe.c"
}

# sleeper_below PID SECONDS: the number of the `sleep SECONDS` that PID has become, or started.
sleeper_below() {
        local child
        if tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qE "^(/bin/)?sleep $2 \$"; then
                echo "$1"
                return
        fi
        for child in $(pgrep -P "$1"); do
                sleeper_below "$child" "$2" && return
        done
        return 1
}
