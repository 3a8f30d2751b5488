# What the bats files share. CONFINED is the program under test (run.py sets it).
CONFINED=${CONFINED:-$BATS_TEST_DIRNAME/../../build/confined}

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
