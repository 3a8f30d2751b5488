#!/usr/bin/env bats
# confined why --step: held calls, decided by keys, by lines and by policy files.
load ../lib/common

bats_require_minimum_version 1.5.0

setup_file() {
        command -v cc >/dev/null || skip "needs a C compiler"
        built_probe "$BATS_FILE_TMPDIR/probe"
        chmod 755 "$BATS_FILE_TMPDIR"
        # Numbers of calls differ from machine to machine.
        cat >"$BATS_FILE_TMPDIR/numbers.c" <<'EOC'
#include <stdio.h>
#include <sys/syscall.h>
int main(void) {
        printf("unshare=%d personality=%d keyctl=%d mount=%d gettid=%d\n", SYS_unshare,
               SYS_personality, SYS_keyctl, SYS_mount, SYS_gettid);
}
EOC
        cc -o "$BATS_FILE_TMPDIR/numbers" "$BATS_FILE_TMPDIR/numbers.c"
}

setup() {
        cd "$BATS_TEST_TMPDIR"
        probe=$BATS_FILE_TMPDIR/probe
        eval "$("$BATS_FILE_TMPDIR/numbers")"
}

# policy LINE…: p.txt
policy() {
        printf '%s\n' "$@" >p.txt
}

# keys KEYS ARGUMENT…: confined why with them at a terminal.
keys() {
        local pressed=$1
        shift
        run --separate-stderr timeout 90 python3 "$BATS_TEST_DIRNAME/keys.py" "$pressed" \
                "$CONFINED" why --step "$@"
        errors=$stderr
        expect_not_in "$output" "keys left"
        expect_not_in "$output" "modes were not put back"
}

@test "what a policy allows is allowed, and stands in the profile that is written" {
        policy '# decided' 'allow personality(personality == ADDR_NO_RANDOMIZE)' \
                'refuse keyctl # never'
        confined why --step --policy p.txt --write made.json -- sh -c \
                "$probe $personality 0x40000; $probe $keyctl 0 0xfffffffd 0"
        expect_status 0
        expect_in "$output" $'ok 0\nEPERM\nthe command ended with status 0\n2 calls were held:'
        expect_in "$output" "allowed, always     personality(ADDR_NO_RANDOMIZE), by line 2"
        expect_in "$output" "= EPERM, by line 3"
        expect_in "$output" "1 call differs; everything else is equal (proved)"
        confined run -p made.json --capabilities container -- "$probe" "$personality" 0x40000
        [ "$output" = "ok 0" ]
        confined run -p made.json --capabilities container -- "$probe" "$keyctl" 0 0xfffffffd 0
        [ "$output" = EPERM ]
        confined profile diff docker made.json
        expect_in "$output" "1 call differs"
}

@test "what no line decides is refused, and told by the status" {
        policy 'allow unshare(unshare_flags == CLONE_FILES)'
        confined why --step --policy p.txt -- "$probe" "$unshare" 0x10000000
        expect_status 1
        expect_in "$output" "1 call was held, 1 of them undecided"
        expect_in "$output" "refused, undecided  unshare(CLONE_NEWUSER) = EPERM"
        expect_in "$output" "p.txt:1:7: note: no call met 'allow unshare(unshare_flags == CLONE_FILES)'"
        expect_in "$output" "nothing was allowed always: docker stays as it is"
}

@test "nothing refused is said" {
        policy 'allow unshare'
        confined why --step --policy p.txt -- true
        expect_status 0
        expect_in "$output" "docker refused no call"
}

@test "kill and once by lines; 'allow *' finds the least rules" {
        policy 'kill unshare(unshare_flags == CLONE_FS)' 'once unshare(unshare_flags == CLONE_FILES)'
        confined why --step --policy p.txt -- "$probe" "$unshare" 0x200
        expect_status 0
        expect_in "$output" "the command was killed by SIGSYS"
        confined why --step --policy p.txt -- "$probe" "$unshare" 0x400
        expect_in "$output" "ok 0"
        expect_in "$output" "allowed, once"
        expect_in "$output" "nothing was allowed always"
        policy 'refuse keyctl' 'allow *'
        confined why --step --policy p.txt --write made.json -- sh -c \
                "$probe $unshare 0x400; $probe $unshare 0x400; $probe $keyctl 0 0xfffffffd 0"
        expect_status 0
        expect_in "$output" $'ok 0\nok 0\nEPERM'
        expect_in "$output" "unshare_flags == 1024 (CLONE_FILES): EPERM → allowed"
        expect_in "$output" "1 call differs"
        confined run -p made.json --capabilities container -- "$probe" "$unshare" 0x200
        [ "$output" = EPERM ]
}

# broken MESSAGE LINE…
broken() {
        local wanted=$1
        shift
        policy "$@"
        confined why --step --policy p.txt -- touch started
        expect_status 2
        expect_in "$errors" "$wanted"
        [ ! -e started ]
}

@test "policy files are read strictly, with places, before anything is started" {
        broken "p.txt:1:1: a line begins with allow, once, refuse, kill or ask (did you mean allow?)" 'alow x'
        broken "p.txt:2:9: there is no system call 'unshar' (did you mean unshare?)" '' 'refuse  unshar'
        broken "p.txt:1:6: a rule is missing here" 'allow'
        broken "p.txt:1:8: '*' stands alone" 'allow *x'
        broken "p.txt:2:7: this decides nothing: line 1" 'refuse *' 'allow unshare'
        broken "p.txt:2:8: this decides nothing: line 1" 'allow unshare' 'refuse unshare(unshare_flags == CLONE_FS)'
        broken "p.txt:2:7: this allows calls that line 1 is to refuse" \
                'refuse unshare(unshare_flags == CLONE_FS)' 'allow unshare'
        broken "p.txt:1:7: these conditions never hold together" 'allow unshare(unshare_flags == 1 && unshare_flags == 2)'
}

@test "what memory holds decides nothing: once is refused for pointers, and rules on addresses are" {
        broken "p.txt:1:6: 'dev_name' of mount may point to memory, which another thread can change" 'once mount'
        broken "p.txt:1:6: 'uargs' of clone3 may point to memory" 'once clone3'
        broken "p.txt:1:6: 'filename' of openat2 may point to memory" 'once openat2(how != 0)'
        broken "p.txt:1:6: 'arg' of ioctl may point to memory" 'once ioctl'
        broken "p.txt:1:7: 'dir_name' of mount is a pointer" 'allow mount(dir_name == 5)'
        broken "p.txt:1:6: 'once' needs calls by name" 'once *'
        keys yn -- "$probe" "$mount" s:a s:/none s:b 0 0
        expect_in "$output" 'mount("a", "/none", "b", 0, NULL)'
        expect_in "$output" "not once: 'dev_name' may point to memory, which another thread can change"
        expect_in "$output" EPERM
        expect_not_in "$output" "allowed, "
}

@test "keys: once, always, the call always, no, never" {
        keys yn -- sh -c "$probe $unshare 0x400; $probe $unshare 0x400"
        expect_status 0
        expect_in "$output" $'\nok 0\n'
        expect_in "$output" $'\nEPERM\n'
        expect_in "$output" "nothing was allowed always"
        keys a --write made.json -- "$probe" -r 3 "$unshare" 0x400
        expect_in "$output" "allowed, always     unshare(CLONE_FILES), 3 times"
        expect_in "$output" "unshare_flags == 1024 (CLONE_FILES): EPERM → allowed"
        confined run -p made.json --capabilities container -- "$probe" "$unshare" 0x400
        [ "$output" = "ok 0" ]
        keys A --force --write made.json -- sh -c "$probe $unshare 0x400; $probe $unshare 0x200"
        expect_in "$output" "always: EPERM → allowed"
        keys Nn -- sh -c "$probe $unshare 0x400; $probe $unshare 0x400; $probe $unshare 0x200"
        expect_in "$output" "refused             unshare(CLONE_FILES) = EPERM, 2 times"
        expect_status 0
}

@test "keys: kill, quit, help, Ctrl-D, what is no key" {
        keys k -- "$probe" "$unshare" 0x400
        expect_in "$output" "the command was killed by SIGSYS"
        keys q -- sh -c "$probe $unshare 0x400; $probe $unshare 0x200"
        expect_status 1
        expect_in "$output" "2 calls were held, 2 of them undecided"
        keys '?xy' -- "$probe" "$unshare" 0x400
        expect_in "$output" "allow the call always, whatever its arguments"
        expect_in "$output" "ok 0"
        keys $'\004' -- "$probe" "$unshare" 0x400
        expect_status 1
        expect_in "$output" "nobody answers any more"
}

@test "Ctrl-C at a question ends what it ends, and a program that handles it goes on" {
        keys '^C' -- "$probe" "$unshare" 0x400
        expect_in "$output" "the command was killed by SIGINT"
        keys '^C' -- python3 -c "
import ctypes, signal
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
print('result', ctypes.CDLL(None).unshare(0x400), len(got))"
        expect_in "$output" "result -1 1"
        expect_in "$output" "(interrupted)"
}

@test "a held call whose process is killed is given up" {
        keys '^K' -- sh -c "$probe $unshare 0x400; echo went on"
        expect_in "$output" "went on"
        expect_in "$output" "1 given up with their callers"
        expect_status 0
}

@test "lines of the standard input answer, and the command does not read them" {
        printf 'y\nnever\n' >answers
        run --separate-stderr timeout 60 "$CONFINED" why --step -- sh -c \
                "$probe $unshare 0x400; $probe $unshare 0x200; wc -c" <answers
        [ "$status" -eq 0 ]
        expect_in "$output" $'ok 0\nEPERM\n0\n'
        run --separate-stderr timeout 60 "$CONFINED" why --step -- "$probe" "$unshare" 0x400 </dev/null
        [ "$status" -eq 1 ]
        expect_in "$stderr" "nobody answers any more"
        expect_in "$output" EPERM
}

@test "exactly as many are held as are refused, in threads, children and both at once" {
        policy 'refuse unshare(unshare_flags == CLONE_FS)' 'allow unshare(unshare_flags == CLONE_FILES)'
        confined why --step --policy p.txt --format json -- "$probe" -t 16 -r 250 "$unshare" 0x200
        # (clone3 gets ENOSYS, and is done without.)
        [ "$(jq -c '[.calls[] | select(.call == "unshare(CLONE_FS)") | .count, .line]' <<<"$output")" = '[4000,1]' ]
        confined why --step --policy p.txt --format json -- "$probe" -f 200 -r 5 "$unshare" 0x400
        [ "$(jq -c '[.held, .undecided, .calls[0].decision]' <<<"$output")" = '[1000,0,"allow"]' ]
        # Held all at once: none is lost, and one decision is for all.
        keys a --format json -- sh -c "for i in \$(seq 40); do $probe $unshare 0x400 & done; wait"
        expect_in "$output" '"held": 40'
        expect_in "$output" '"count": 40'
}

@test "execve is held as any other call" {
        printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve"],"action":"SCMP_ACT_ERRNO"}]}' >p.json
        policy 'allow execve'
        confined why --step --profile p.json --policy p.txt -- sh -c '/bin/true && echo twice'
        expect_in "$output" twice
        expect_status 0
        policy 'refuse execve'
        confined why --step --profile p.json --policy p.txt -- true
        expect_status 2
        expect_in "$errors" "'true' cannot be run"
}

@test "calls of 32-bit programs, and of architectures that the profile does not have" {
        [ "$(uname -m)" = x86_64 ] || skip "i386 calls need x86_64"
        policy 'allow unshare(unshare_flags == CLONE_FILES)'
        confined why --step --policy p.txt -- "$probe" -3 310 0x400
        [ -n "$output" ] && case $output in *"ENOSYS"*) skip "no i386 calls here" ;; esac
        expect_in "$output" "ok 0"
        expect_in "$output" "i386:unshare(CLONE_FILES)"
}

@test "another filter of the program's own is not overruled" {
        policy 'allow unshare'
        printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["unshare"],"action":"SCMP_ACT_ERRNO","errnoRet":99}]}' >inner.json
        confined why --step --policy p.txt -- "$CONFINED" run -p inner.json -- "$probe" "$unshare" 0x400
        expect_in "$output" EADDRNOTAVAIL
        expect_in "$output" "refused no call"
}

@test "a shell with jobs of its own, and Ctrl-Z at a question" {
        timeout 100 python3 "$BATS_TEST_DIRNAME/step-shell.py" "$CONFINED" "$probe" "$unshare"
}

@test "killed while a call is held, it leaves ENOSYS" {
        mkfifo never
        sleep 100 >never &
        local feeder=$!
        "$CONFINED" why --step -- sh -c "exec $probe $unshare 0x400 >result" <never 2>shown &
        local confined=$!
        for _ in $(seq 100); do
                grep -q "held:" shown && break
                sleep 0.1
        done
        grep -q "held:" shown
        kill -KILL "$confined"
        for _ in $(seq 100); do
                [ -s result ] && break
                sleep 0.1
        done
        kill "$feeder"
        [ "$(cat result)" = ENOSYS ]
}

@test "options that do not go together" {
        confined why --step
        expect_status 2
        confined why --step --all
        expect_status 2
        confined why --policy p.txt 1
        expect_status 2
        expect_in "$errors" "--policy is of use with --step alone"
        confined why --step -- docker run x
        expect_status 2
        expect_in "$errors" "has an engine start it"
        expect_in "$errors" "confined why --write FILE -- docker run …"
}
