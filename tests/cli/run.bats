#!/usr/bin/env bats
# confined run: commands under a profile.
load ../lib/common
load ../lib/engine

setup_file() {
        command -v cc >/dev/null || skip "needs a C compiler"
        cc -o "$BATS_FILE_TMPDIR/probe" -pthread "$BATS_TEST_DIRNAME/probe-run.c"
        chmod 755 "$BATS_FILE_TMPDIR"
}

setup() {
        cd "$BATS_TEST_TMPDIR"
        probe=$BATS_FILE_TMPDIR/probe
        started=()
        # keyctl gets an error number that nothing else gives.
        profile '{"names":["keyctl"],"action":"SCMP_ACT_ERRNO","errnoRet":99},{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}'
}

teardown() {
        local pid
        for pid in "${started[@]}"; do
                kill -KILL "$pid" 2>/dev/null || true
        done
        rm -rf "${folder:-}"
}

# profile RULES: p.json allows all but what the rules say.
profile() {
        printf '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],"syscalls":[%s]}' \
                "$1" >p.json
}

# status_of ARGUMENT…: confined run with them gives this status, with and without --trace.
expect_both() {
        local wanted=$1
        shift
        confined run -p p.json "$@"
        expect_status "$wanted"
        confined run -p p.json --trace "$@"
        expect_status "$wanted"
}

@test "a refused call fails as the profile says, others work" {
        confined run --profile p.json -- "$probe"
        expect_status 0
        [ "$output" = "-1 99" ]
        [ -z "$errors" ]
        confined run -p p.json mkdir x
        expect_status 1
        expect_in "$errors" "Operation not permitted"
        [ ! -e x ]
        confined run -p p.json -- grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
        [ "$output" = $'NoNewPrivs:\t1\nSeccomp:\t2' ]
}

@test "exit statuses are the command's, or those of env(1)" {
        expect_both 0 -- true
        expect_both 7 -- sh -c 'exit 7'
        expect_both 127 -- ./none
        expect_in "$errors" "'./none' cannot be run: No such file or directory"
        : >plain
        expect_both 126 -- ./plain
        expect_in "$errors" "'./plain' cannot be run: Permission denied"
        expect_both 143 -- sh -c 'kill -TERM $$'
        expect_both 125
        expect_in "$errors" "'run' needs a command"
        expect_both 125 --as nobody true
        expect_both 125 --capabilities nobody true
        expect_both 125 --bogus true
        confined run -p none.json true
        expect_status 125
        confined run -o log true
        expect_status 125
}

@test "options behind the command are the command's" {
        confined run -p p.json echo -p --trace -- x
        expect_status 0
        [ "$output" = "-p --trace -- x" ]
        confined run -p p.json -- -x
        expect_status 127
}

@test "it becomes the command: same process, signals as they were" {
        "$CONFINED" run -p p.json -- sh -c 'echo $$; sed -n "s/^Sig\(Ign\|Blk\)://p" /proc/self/status' >seen &
        wait $!
        [ "$(head -1 seen)" = $! ]
        sh -c 'sed -n "s/^Sig\(Ign\|Blk\)://p" /proc/self/status' >usual &
        wait $!
        [ "$(tail -n +2 seen)" = "$(<usual)" ]
        "$CONFINED" run -p p.json --trace -- sed -n "s/^Sig\(Ign\|Blk\)://p" /proc/self/status 2>/dev/null >traced &
        wait $!
        [ "$(<traced)" = "$(<usual)" ]
}

@test "what refuses execve can start nothing, and says so" {
        profile '{"names":["execve"],"action":"SCMP_ACT_ERRNO"}'
        expect_both 125 true
        expect_in "$errors" "no command can be started under 'p.json': execve gets EPERM; see: confined profile explain p.json execve"
}

@test "the default is Docker's, for the capabilities of the process or of a container" {
        confined run --trace --capabilities container -- unshare -U true
        expect_status 1
        expect_in "$errors" "unshare(unshare_flags=0x10000000 (CLONE_NEWUSER)) = EPERM"
        expect_in "$errors" "confined: 'docker' refused 1 call: unshare; what decides: confined profile explain docker unshare"
        [ "$(id -u)" = 0 ] || skip "the rest needs root"
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        # Root may keep CAP_SYS_ADMIN, for which the profile allows it; without it, it does not.
        confined run --trace -- unshare -m true
        expect_in "$errors" "refused no call"
        setpriv --bounding-set -sys_admin "$CONFINED" run --trace -- unshare -m true 2>errors || true
        expect_in "$(<errors)" "unshare(unshare_flags=0x20000 (CLONE_NEWNS)) = EPERM"
}

@test "a profile as a runtime loads it" {
        printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["keyctl"],"action":"SCMP_ACT_ERRNO","errnoRet":99}]}' >p.json
        confined run --as runc -p p.json -- "$probe"
        expect_status 0
        [ "$output" = "-1 99" ]
        confined run -p docker@runc --capabilities container --trace -- unshare -U true
        expect_in "$errors" "unshare(unshare_flags=0x10000000 (CLONE_NEWUSER)) = EPERM"
        expect_in "$errors" "confined: 'docker@runc' refused 1 call"
}

@test "--trace shows each call with its arguments, and the sum" {
        confined run -t -p p.json -- sh -c "$probe; $probe; mkdir x"
        expect_status 1
        [ "$output" = $'-1 99\n-1 99' ]
        expect_in "$errors" "] keyctl(option=5 (KEYCTL_SETPERM), arg2=6, arg3=7, arg4=8, arg5=9) = EADDRNOTAVAIL"
        [[ $errors =~ mkdir\[[0-9]+\]\ mkdir\(pathname=\"x\",\ mode=511\)\ =\ EPERM ]]
        expect_in "$errors" "confined: 'p.json' refused 3 calls: keyctl (2 times), mkdir; what decides: confined profile explain p.json keyctl"
        # A name is a stranger's text; one that cannot be read is a number.
        confined run -t -p p.json -- mkdir "$(printf 'a\033[2Jb')"
        expect_in "$errors" 'pathname="a\x1b[2Jb"'
        confined run -t -p p.json -- python3 -c 'import ctypes; ctypes.CDLL(None).mkdir(ctypes.c_void_p(5), 0)'
        expect_in "$errors" 'mkdir(pathname=0x5, mode=0) = EPERM'
        confined run -t -o log -p p.json -- "$probe"
        expect_status 0
        [ -z "$errors" ]
        [ "$(wc -l <log)" = 2 ]
        confined run -t -p p.json -- true
        [ "$errors" = "confined: 'p.json' refused no call" ]
}

@test "--trace answers many threads that fork: not a call is lost or told twice" {
        confined run -t -p p.json -- "$probe" crowd
        expect_status 0
        [ "$(grep -c '= EADDRNOTAVAIL$' <<<"$errors")" = 400 ]
        expect_in "$errors" "refused 400 calls: keyctl (400 times)"
}

@test "--trace tells 32-bit calls" {
        [ "$(uname -m)" = x86_64 ] || skip "needs x86_64"
        confined run -p p.json -- "$probe" old-entry
        [ "$status" != 139 ] || skip "this kernel has no 32-bit calls"
        expect_status 0
        confined run -t -p p.json -- "$probe" old-entry
        expect_status 0
        [ "$output" = -99 ]
        [[ $errors =~ probe\[[0-9]+\]\ i386:keyctl\([a-z]+=5[^,]*,\ arg2=6 ]]
}

@test "what kills, kills under --trace too, and is shown" {
        local action
        for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL; do
                profile '{"names":["acct"],"action":"'$action'"}'
                confined run -t -p p.json -- "$probe" killed
                expect_status 159 # SIGSYS
                [ -z "$output" ]
                [[ $errors =~ probe\[[0-9]+\]\ acct\(name=0\)\ =\ (process|thread)\ killed ]]
        done
        # The first process of a PID namespace is not saved either.
        if [ "$(id -u)" = 0 ]; then
                confined run -t -p p.json -- unshare --pid --fork "$probe" killed
                [ "$status" -ne 4 ] # its own; unshare(1) tells its end in its own way
                [ -z "$output" ]
                expect_in "$errors" "acct(name=0) = thread killed"
        fi
        # A handler for SIGSYS must not save it.
        profile '{"names":["acct"],"action":"SCMP_ACT_KILL_PROCESS"}'
        confined run -p p.json -- "$probe" handler
        expect_status 159
        confined run -t -p p.json -- "$probe" handler
        expect_status 137
        [ -z "$output" ]
}

@test "a trap is the program's own, with --trace as without" {
        profile '{"names":["acct"],"action":"SCMP_ACT_TRAP"}'
        expect_both 0 -- "$probe" handler
        [[ $output == "signal 31 code 1 call "* ]]
        expect_in "$errors" "(SCMP_ACT_TRAP) are left to the kernel and not shown"
}

@test "what waits for a tracer or listener finds none" {
        profile '{"names":["keyctl"],"action":"SCMP_ACT_TRACE","errnoRet":5}'
        expect_both 0 -- "$probe"
        [ "$output" = "-1 38" ]
        expect_in "$errors" "= ENOSYS: handed to a tracer (5), and there is none"
}

@test "descendants that outlive the command are answered" {
        confined run -t -p p.json -- sh -c "(sleep 0.3; $probe >late) & exit 3"
        expect_status 3
        [ "$(<late)" = "-1 99" ]
        expect_in "$errors" "refused 1 call: keyctl"
}

@test "killed, it takes nobody with it: calls get ENOSYS" {
        mkfifo go
        "$CONFINED" run -t -p p.json -- sh -c "echo \$\$ >pid; read x <go; $probe >seen; echo done >end" 2>/dev/null 3>&- &
        local watcher=$!
        wait_for test -s pid
        started+=("$(<pid)")
        kill -KILL "$watcher"
        wait "$watcher" || true
        echo >go
        wait_for test -s end
        [ "$(<seen)" = "-1 38" ]
}

@test "signals reach the command" {
        "$CONFINED" run -t -p p.json -- sh -c 'trap "exit 9" TERM; echo >ready; while :; do sleep 0.05; done' 2>/dev/null 3>&- &
        local watcher=$!
        started+=("$watcher")
        wait_for test -s ready
        kill -TERM "$watcher"
        status=0
        wait "$watcher" || status=$?
        expect_status 9
}

@test "it stops and goes on with the command, as the terminal has it" {
        mkfifo go
        python3 - "$CONFINED" <<'EOF'
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.argv[1], "run", "-t", "-p", "p.json", "--", "sh", "-c", "echo $$ >pid; read x <go; exit 6"],
                         preexec_fn=os.setpgrp, stderr=subprocess.DEVNULL)

def state(pid):
    return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]

def wait_for(what):
    end = time.monotonic() + 20
    while not what():
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {state(command)} {state(child.pid)}")
        time.sleep(0.01)

wait_for(lambda: os.path.exists("pid") and open("pid").read().strip())
command = int(open("pid").read())
os.killpg(child.pid, signal.SIGTSTP)
wait_for(lambda: state(command) == "T" and state(child.pid) == "T")
os.killpg(child.pid, signal.SIGCONT)
wait_for(lambda: state(command) == "S" and state(child.pid) == "S")
open("go", "w").write("\n")
sys.exit(0 if child.wait(20) == 6 else f"status {child.returncode}")
EOF
}

@test "a reader that does not read cannot hold the command up" {
        timeout 30 python3 - "$CONFINED" "$probe" <<'EOF'
import fcntl, os, subprocess, sys
read, write = os.pipe()
os.set_blocking(write, False)
try:
    while True:
        os.write(write, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(write, True)
done = subprocess.run([sys.argv[1], "run", "-t", "-p", "p.json", "--", sys.argv[2]],
                      stderr=write, stdout=subprocess.PIPE, text=True)
sys.exit(0 if (done.returncode, done.stdout) == (0, "-1 99\n") else str(done))
EOF
}

@test "one trace inside of another is refused, with the reason" {
        confined run -t -p p.json -- "$CONFINED" run -t -p p.json true
        expect_status 125
        expect_in "$errors" "already has a filter with a listener"
}

@test "nested runs: the stricter answer counts" {
        cp p.json outer.json
        profile '{"names":["keyctl"],"action":"SCMP_ACT_ERRNO","errnoRet":77},{"names":["acct"],"action":"SCMP_ACT_ERRNO","errnoRet":55}'
        confined run -p outer.json -- "$CONFINED" run -p p.json -- "$probe"
        expect_status 0
        [ "$output" = "-1 77" ]
}

@test "an ordinary user may use it" {
        [ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        setpriv --reuid 65534 --clear-groups test -x "$CONFINED" ||
                skip "the program is where only root may look"
        # Where others may look.
        folder=$(mktemp -d)
        chmod 755 "$folder"
        cp p.json "$probe" "$folder"
        cd "$folder"
        probe=$folder/probe
        local user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        [ "$("${user[@]}" "$CONFINED" run -p p.json -- "$probe")" = "-1 99" ]
        "${user[@]}" "$CONFINED" run -t -p p.json -- "$probe" 2>errors >seen
        [ "$(<seen)" = "-1 99" ]
        expect_in "$(<errors)" "= EADDRNOTAVAIL"
        # Without capabilities the default refuses what asks for one.
        "${user[@]}" "$CONFINED" run -t -- unshare -U true 2>errors || true
        expect_in "$(<errors)" "unshare(unshare_flags=0x10000000 (CLONE_NEWUSER)) = EPERM"
}

@test "the kernel has exactly the profile" {
        [ "$(id -u)" = 0 ] || skip "needs root: filters are shown to root alone"
        "$CONFINED" run -p p.json -- sleep 60 3>&- &
        local pid=$!
        wait_for grep -q sleep "/proc/$pid/comm"
        confined prove "$pid" --against p.json
        kill "$pid"
        expect_status 0
        expect_in "$output" "equal to p.json"
}
