#!/usr/bin/env bats
# confined audit reads the filters of a real engine's containers and proves what they do.
load ../lib/common
load ../lib/engine

# A runtime that hands another filter to runc than it was told: what the environment of the
# container says.
make_odd_runtime() {
        cat >"$BATS_FILE_TMPDIR/odd" <<'END'
#!/usr/bin/env python3
import json, os, sys
if "create" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    config = json.load(open(path))
    env = dict(e.split("=", 1) for e in config["process"]["env"])
    if env.get("ODD") == "loose":
        config["linux"]["seccomp"]["syscalls"].append({"names": ["keyctl", "acct"], "action": "SCMP_ACT_ALLOW"})
    if env.get("ODD") == "open":
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}
    if env.get("ODD") == "strict":
        for rule in config["linux"]["seccomp"]["syscalls"]:
            rule["names"] = [n for n in rule["names"] if n != "sysinfo"]
    json.dump(config, open(path, "w"))
os.execvp("runc", ["runc"] + sys.argv[1:])
END
        chmod +x "$BATS_FILE_TMPDIR/odd"
}

# own_profile PYTHON: the engine's default with a change, on standard output.
own_profile() {
        "$CONFINED" profile default "docker-$version" | python3 -c "
import json, sys
profile = json.load(sys.stdin)
$1
json.dump(profile, sys.stdout)"
}

setup_file() {
        make_odd_runtime
        docker_for_file --add-runtime "odd=$BATS_FILE_TMPDIR/odd" || return 0
        make_image docker
        cd "$BATS_FILE_TMPDIR"
        version=$(docker version --format '{{ .Server.Version }}' | sed 's/[+~-].*//')
        own_profile 'profile["syscalls"].append({"names": ["personality"], "action": "SCMP_ACT_ALLOW",
    "args": [{"index": 0, "value": 0x40000, "op": "SCMP_CMP_EQ"}]})' >note.json
        own_profile 'profile["syscalls"].append({"names": ["keyctl"], "action": "SCMP_ACT_ALLOW"})' >warn.json
        own_profile 'for rule in profile["syscalls"]: rule["names"] = [n for n in rule["names"] if n != "sysinfo"]' >strict.json
        echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["no_such_call"],"action":"SCMP_ACT_ERRNO"}]}' >hollow.json
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >all.json
        run_box plain
        run_box admin --cap-add SYS_ADMIN
        run_box few --cap-drop ALL --cap-add NET_BIND_SERVICE
        run_box off --security-opt seccomp=unconfined
        run_box all --security-opt seccomp=all.json
        run_box hollow --security-opt seccomp=hollow.json
        run_box note --security-opt seccomp=note.json
        run_box warn --security-opt seccomp=warn.json
        run_box strict --security-opt seccomp=strict.json
        run_box loose --runtime odd --env ODD=loose
        run_box open --runtime odd --env ODD=open
        run_box stricter --runtime odd --env ODD=strict
        run_box lying --runtime odd --env ODD=loose --security-opt seccomp=strict.json
        docker create --network none --name privileged --privileged box:1 /bin/true >/dev/null
}

teardown_file() {
        stop_engines
}

setup() {
        needs_engine
        cd "$BATS_TEST_TMPDIR"
        guests=
        engine="Docker $(docker version --format '{{ .Server.Version }}' | cut -d. -f1,2)"
}

teardown() {
        local pid
        for pid in ${guests:-}; do
                kill "$pid" 2>/dev/null || true
                wait "$pid" 2>/dev/null || true
        done
}

# The line of the table for one container, its columns two blanks apart.
row() {
        grep -E "^$1 " <<<"$output" | sed -E 's/ {2,}/  /g'
}

@test "what is enforced, proved for every kind of container" {
        confined audit
        expect_status 1
        [ -z "$errors" ]
        local name
        for name in plain admin few; do
                [ "$(row $name)" = "$name  box:1  –  $engine default  pass" ]
        done
        [ "$(row off)" = "off  box:1  unconfined  no filter (1 process)  fail seccomp-unconfined" ]
        [[ $(row all) =~ own\ profile\ \ allows\ every\ call\ \([0-9]+\ instructions\)\ \ fail\ profile-allows-everything ]]
        [[ $(row hollow) =~ own\ profile\ \ allows\ every\ call\ \([0-9]+\ instructions\)\ \ fail\ profile-allows-everything ]]
        [[ $(row note) =~ own\ profile\ \ custom:\ [0-9]+\ calls,\ weaker\ than\ default\ in\ 1\ \ note\ profile-weaker-than-default ]]
        [[ $(row warn) =~ own\ profile\ \ custom:\ [0-9]+\ calls,\ weaker\ than\ default\ in\ 1\ \ warn\ profile-weaker-than-default ]]
        [[ $(row strict) =~ own\ profile\ \ custom:\ [0-9]+\ calls\ \ pass ]]
        [ "$(row privileged)" = "privileged  box:1  privileged  not running  fail privileged" ]
        expect_not_in "$(row hollow)" "default-allow"
}

@test "a profile that allows more than the default: each call is told" {
        confined audit note
        expect_status 0
        expect_in "$output" "the filter of container 'note' lets 1 call through that the $engine default refuses"
        expect_in "$output" "personality if low 32 bits of persona"
        confined audit warn
        expect_status 1
        expect_in "$output" "note: keyctl: it reads and changes keyrings"
        confined prove warn --against default
        expect_in "$output" "+ keyctl("
}

@test "a filter that is not the configured one" {
        confined audit
        [ "$(row loose)" = "loose  box:1  –  weaker than $engine default in 2  warn filter-differs" ]
        [[ $(row open) =~ –\ \ allows\ every\ call\ \([0-9]+\ instructions\)\ \ fail\ profile-allows-everything ]]
        [ "$(row stricter)" = "stricter  box:1  –  as strict as $engine default  pass" ]
        [[ $(row lying) =~ own\ profile\ \ custom:\ .*\ warn\ filter-differs ]]
        expect_in "$output" "the kernel's filter of container 'loose' is not the one that it was configured with: it lets 2 calls through that the $engine default refuses"
        expect_in "$output" "note: acct, keyctl"
        expect_in "$output" "the kernel's filter of container 'open' refuses no call at all"
        expect_in "$output" "container 'lying' is not the one that it was configured with: it lets 2 calls through that its profile refuses"
        # The machine's view for others: rule and verdict.
        confined audit --format lines loose lying
        expect_in "$output" "loose: warn filter-differs"
        expect_in "$output" "lying: warn filter-differs"
}

@test "a process that entered under another filter" {
        command -v nsenter >/dev/null || skip "needs nsenter (util-linux)"
        "$CONFINED" profile compile "$BATS_FILE_TMPDIR/all.json" -o other.bpf
        python3 "$BATS_TEST_DIRNAME/../cli/under-filter.py" other.bpf --exec "$(command -v nsenter)" \
                -t "$(pid_of plain)" -m /bin/sleep 3599 3>&- &
        guests=$!
        wait_for sleeper_below "$guests" 3599 >/dev/null
        confined audit plain
        expect_status 1
        guest=$(sleeper_below "$guests" 3599)
        [ "$(row plain)" = "plain  box:1  –  $engine default, but PID $guest another  warn filter-differs" ]
        expect_in "$output" "1 process of container 'plain' is under another filter, which lets more through"
        kill "$guest"
        # One of the container's own that filters itself further is none.
        docker exec -d plain /bin/sleep 3598
        wait_for sh -c 'docker top plain | grep -q 3598'
        confined audit plain
        expect_status 0
}

@test "what a process did to its own capabilities is no difference" {
        docker run -d --network none --name dropped -v "$(command -v setpriv):/setpriv:ro" -v /lib:/lib:ro \
                -v /lib64:/lib64:ro -v /usr/lib:/usr/lib:ro --cap-add SYS_ADMIN box:1 \
                /setpriv --bounding-set -sys_admin /bin/sleep 3600 >/dev/null ||
                skip "this machine cannot start such a container"
        wait_for sh -c "docker top dropped | grep -q 'sleep 3600'"
        confined audit dropped
        docker rm -f dropped >/dev/null
        expect_status 0
        [ "$(row dropped)" = "dropped  box:1  –  $engine default  pass" ]
}

@test "without the right to read filters: not known, and no finding" {
        command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
        run setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$CONFINED" audit plain loose open warn
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $(row plain) =~ filter\ \([0-9]+\ process(es)?\)\ \ pass ]]
        [[ $(row open) =~ filter\ \(1\ process\)\ \ pass ]]
        expect_in "$output" "of 4 containers do is not known: "
        expect_in "$output" "CAP_SYS_ADMIN"
}

@test "--format cis stops no process" {
        command -v strace >/dev/null || skip "needs strace"
        strace -f -e trace=ptrace -o calls "$CONFINED" audit --format cis >/dev/null || [ $? -eq 1 ]
        [ -z "$(grep 'ptrace(' calls)" ]
}
