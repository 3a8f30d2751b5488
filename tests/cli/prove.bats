#!/usr/bin/env bats
# confined prove: what live processes and containers really have.
load ../lib/common
load ../lib/engine

setup() {
        needs_root
        cd "$BATS_TEST_TMPDIR"
        pids=()
        # Nothing of this machine's own engines.
        export DOCKER_CONFIG=$PWD/client XDG_RUNTIME_DIR=$PWD
}

teardown() {
        local pid
        for pid in "${pids[@]}"; do
                kill "$pid" 2>/dev/null || true
        done
        stop_engines
}

# filter NAME JSON-RULES…: NAME.bpf, which allows all but what the rules say.
filter() {
        printf '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],"syscalls":[%s]}' \
                "$2" >"$1.json"
        "$CONFINED" profile compile "$1.json" -o "$1.bpf"
}

# under [FILE…] [--thread FILE…]: $pid sleeps under these filters, its second thread is $tid.
under() {
        local word
        rm -f ready # of the one before
        "$BATS_TEST_DIRNAME/under-filter.py" "$@" >ready 2>&1 3>&- &
        pids+=($!)
        wait_for grep -q ready ready
        read -r word pid tid <ready
}

# json EXPRESSION: what a Python expression on the output `j` gives; `against` lists the comparisons.
json() {
        python3 -c 'import json, sys
j = json.loads(sys.argv[1])
against = [p["against"] for s in j["subjects"] for p in s["policies"]]
print(eval(sys.argv[2]))' "$output" "$1"
}

@test "no filter, a filter, a filter that allows everything" {
        under
        confined prove "$pid"
        expect_status 1
        [ "$output" = "PID $pid (python3): no filter: every call is allowed" ]
        filter acct '{"names":["acct"],"action":"SCMP_ACT_ERRNO"}'
        under acct.bpf
        confined prove "$pid"
        expect_status 0
        expect_in "$output" "PID $pid (python3): 1 filter, "
        expect_in "$output" ", 1 refused (1 EPERM)"
        # 1: a return, as a program may load it; every call on every architecture.
        printf '\006\000\000\000\000\000\377\177' >all.bpf
        under all.bpf
        confined prove "$pid"
        expect_status 1
        expect_in "$output" "PID $pid (python3): 1 filter, 1 instruction: allows every call of"
        [ -z "$errors" ]
}

@test "stacked filters are one policy: the stricter answer counts" {
        filter acct '{"names":["acct","keyctl"],"action":"SCMP_ACT_ERRNO"}'
        filter swap '{"names":["swapon","keyctl"],"action":"SCMP_ACT_KILL"}'
        filter both '{"names":["acct"],"action":"SCMP_ACT_ERRNO"},{"names":["swapon","keyctl"],"action":"SCMP_ACT_KILL"}'
        under acct.bpf swap.bpf
        confined prove "$pid" --against both.json
        expect_status 0
        expect_in "$output" "2 filters"
        expect_in "$output" "3 refused (2 thread killed, 1 EPERM)"
        expect_in "$output" "equal to both.json (for the capabilities here): every call gets the same answer (proved)"
        first=$pid
        under both.bpf
        confined prove "$pid" --against "$first"
        expect_status 0
        expect_in "$output" "equal to $first: every call"
        confined prove "$pid" "$first" --against docker
        expect_in "$output" "PID $first (python3): 2 filters, "
        expect_in "$output" "the same policy as that of PID $pid, above"
}

@test "weaker, stricter, different, as strict" {
        filter one '{"names":["acct"],"action":"SCMP_ACT_ERRNO"}'
        filter two '{"names":["acct","swapon"],"action":"SCMP_ACT_ERRNO"}'
        filter other '{"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":40,"op":"SCMP_CMP_EQ"}]}'
        filter nosys '{"names":["acct"],"action":"SCMP_ACT_ERRNO","errnoRet":38}'
        under one.bpf
        confined prove "$pid" --against ./two.bpf
        expect_status 1
        expect_in "$output" "weaker than ./two.bpf in 1 call; everything else is equal (proved)"
        # No 32-bit call has anything in the upper halves of its arguments: nothing is said of them.
        expect_in "$output" "+ swapon(specialfile, swap_flags): allowed here, EPERM there    e.g. swapon(0, 0)    on x86_64, i386, x32"
        expect_not_in "$output" "<= 0xffffffff"
        confined prove "$pid" --against other.json
        expect_status 1
        expect_in "$output" "weaker than other.json (for the capabilities here) in 1 call, stricter in 1; everything"
        expect_in "$output" "+ socket(family, type, protocol) if family == 40 (AF_VSOCK): allowed here, EPERM there    e.g. socket(40, 0, 0)"
        expect_in "$output" "- acct(name): EPERM here, allowed there"
        confined prove "$pid" --against nosys.json
        expect_status 0
        expect_in "$output" "as strict as nosys.json (for the capabilities here), 1 refused with another answer"
        expect_in "$output" "~ acct(name): EPERM here, ENOSYS there"
        confined prove --format json "$pid" --against two.json
        expect_status 1
        [ "$(json 'against[0]["verdict"], against[0]["atLeastAsStrict"]')" = "('weaker', False)" ]
        [ "$(json 'against[0]["differences"][0]["call"]')" = swapon ]
        under two.bpf
        confined prove --against one.bpf "$pid" --format json
        expect_status 0
        [ "$(json 'against[0]["verdict"]')" = stricter ]
        [ "$(json 'j["schema"]')" = confined-prove-1 ]
}

@test "threads with policies of their own are told apart" {
        filter one '{"names":["acct"],"action":"SCMP_ACT_ERRNO"}'
        filter two '{"names":["swapon"],"action":"SCMP_ACT_ERRNO"}'
        under one.bpf --thread two.bpf
        confined prove "$pid"
        expect_status 0
        expect_in "$output" "PID $pid (python3): 2 threads, 2 different policies"
        expect_in "$output" "thread $pid of PID $pid (python3): 1 filter"
        expect_in "$output" "thread $tid of PID $pid (python3): 2 filters"
        confined prove "$pid" --against one.bpf --format json
        expect_status 0
        [ "$(json '[a["verdict"] for a in against]')" = "['equal', 'stricter']" ]
        under --thread one.bpf
        confined prove "$pid"
        expect_status 1
        expect_in "$output" "thread $pid of PID $pid (python3): no filter"
        first=$pid
        under one.bpf
        confined prove "$pid" --against "$first"
        expect_status 2
        expect_in "$errors" "its threads have 2 different policies"
}

# A 32-bit program of this machine that sleeps: pause() by int 0x80, again and again.
program32() {
        python3 -c 'import struct, sys
code = b"\xb8\x1d\0\0\0\xcd\x80\xeb\xf7"
at = 0x8048000
head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, at + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
load = struct.pack("<8I", 1, 0, at, at, 84 + len(code), 84 + len(code), 5, 4096)
open(sys.argv[1], "wb").write(head + load + code)' "$1"
        chmod +x "$1"
}

@test "a 32-bit process" {
        [ "$(uname -m)" = x86_64 ] || skip "the program is one of i386"
        program32 sleep32
        filter acct '{"names":["acct","socketcall"],"action":"SCMP_ACT_ERRNO"}'
        "$BATS_TEST_DIRNAME/under-filter.py" acct.bpf --exec "$PWD/sleep32" 3>&- &
        pid=$!
        pids+=("$pid")
        sleep_name() { [ "$(<"/proc/$pid/comm")" = sleep32 ]; }
        wait_for sleep_name || skip "this kernel runs no 32-bit programs"
        confined prove "$pid" --against acct.bpf
        expect_status 0
        expect_in "$output" "PID $pid (sleep32): 1 filter, "
        expect_in "$output" "equal to acct.bpf"
        grep -qE '^  i386 .*, 2 refused' <<<"$output"
        kill -0 "$pid"
}

@test "what could not be done is said and changes the status" {
        confined prove
        expect_status 2
        expect_in "$errors" "'prove' needs a PID or container"
        confined prove 0
        expect_status 2
        confined prove 4194999
        expect_status 2
        expect_in "$errors" "there is no process 4194999"
        [ -z "$output" ]
        confined prove $$ --against ./none.json
        expect_status 2
        expect_in "$errors" "./none.json: cannot be opened"
        confined prove $$ --format yaml
        expect_status 2
        under
        confined prove "$pid" 4194999
        expect_status 2
        expect_in "$output" "PID $pid (python3): no filter"
}

@test "containers of a real engine" {
        start_docker || skip "dockerd does not run here"
        make_image docker
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >all.json
        for name in plain off all; do
                options=()
                [ $name != off ] || options=(--security-opt seccomp=unconfined)
                [ $name != all ] || options=(--security-opt seccomp=all.json)
                docker run -d --network none --name $name "${options[@]}" box:1 /bin/sleep 3600
        done
        # "Seccomp: 2" is all that /proc tells of both.
        grep -q '^Seccomp:.2$' "/proc/$(pid_of plain)/status"
        grep -q '^Seccomp:.2$' "/proc/$(pid_of all)/status"
        confined prove plain
        expect_status 0
        expect_in "$output" "plain (box:1): 1 process, 1 filter, "
        confined prove off
        expect_status 1
        [ "$output" = "off (box:1): 1 process, no filter: every call is allowed" ]
        confined prove all
        expect_status 1
        expect_in "$output" "all (box:1): 1 process, 1 filter, 7 instructions: allows every call of"
        expect_in "$output" ", 0 refused"
        confined prove all --against plain
        expect_status 1
        expect_in "$output" "weaker than plain in "
        expect_in "$output" "+ keyctl(option, arg2, arg3, arg4, arg5): allowed here, EPERM there"
        confined prove plain --against "$(pid_of plain)"
        expect_status 0
        expect_in "$output" ": every call gets the same answer (proved)"
        # The default of this engine's version, as its runtime loads it: not one call differs.
        confined prove plain --against default
        expect_status 0
        expect_in "$output" "equal to the default of Docker $(docker version --format '{{ .Server.Version }}') as runc "
        expect_in "$output" " loads it (for the capabilities here): every call gets the same answer (proved)"
        # As it is written: runc's ENOSYS and what libseccomp lost show up.
        confined prove plain --against default@written
        expect_in "$output" "than the default of Docker $(docker version --format '{{ .Server.Version }}') (for"
        expect_in "$output" "on x32"
        [ -z "$(grep '^  *+ ' <<<"$output" | grep -v 'on x32$')" ]
        confined prove plain --against all@runc
        expect_status 2
        expect_in "$errors" "of what lives no runtime makes something else"
        confined prove plain --against default --format json
        [[ $(json 'against[0]["profile"]') == docker-* ]]
        [ "$(json 'against[0]["loaded"]["runtime"], against[0]["loaded"]["obtained"]')" = "('runc', True)" ]
        confined prove all --against default
        expect_status 1
        expect_in "$output" "weaker than the default of Docker "
        # A process that came in without the filter.
        docker exec -d plain /bin/sleep 3600
        nsenter -t "$(pid_of plain)" -p -m /bin/sleep 3600 3>&- &
        pids+=($!)
        wait_for eval '"$CONFINED" prove plain | grep -q ": no filter"'
        confined prove plain
        expect_status 1
        expect_in "$output" "2 different policies"
        expect_in "$output" "(sleep): no filter: every call is allowed"
        docker stop -t 0 off
        confined prove off none
        expect_status 2
        expect_in "$errors" "container 'off' is not running"
        expect_in "$errors" "knows a container 'none'"
}
