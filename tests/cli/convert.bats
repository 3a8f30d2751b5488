#!/usr/bin/env bats
# confined profile convert: what the command line adds to the formats, which have tests of their own
# in tests/convert.
load ../lib/common

setup() {
        cd "$BATS_TEST_TMPDIR"
}

formats() { # that the option takes
        confined profile convert docker "--$1" no-such-format
        expect_status 2
        echo "${errors##*none of: }"
}

@test "every format is in the man page and in the completions" {
        local name bash_completion
        bash_completion=$("$CONFINED" completion bash)
        for name in $(formats to); do
                grep -q "^\*$name\*$" "$BATS_TEST_DIRNAME/../../man/confined-profile.1.scd"
                expect_in " ${bash_completion//[\'()]/ } " " $name "
        done
}

@test "Docker's default through every format and back is the same" {
        local name
        for name in docker oci kubernetes raw; do
                "$CONFINED" profile convert --force --arch x86_64 docker --to $name -o there
                "$CONFINED" profile convert --force --arch x86_64 there --from $name --to docker -o back.json
                confined profile diff --arch x86_64 docker back.json
                expect_status 0
        done
        # LXC has no rules for socket and its like on i386.
        confined profile convert --arch x86_64 docker --to lxc
        expect_status 2
        expect_in "$errors" "i386:"
        "$CONFINED" profile convert --arch x86_64 docker --within x86_64,x32 --to lxc -o there.lxc
        "$CONFINED" profile convert --force --arch x86_64 there.lxc --within x86_64,x32 --to docker -o back.json
        "$CONFINED" profile convert --arch x86_64 back.json --within x86_64,x32 --to lxc -o again.lxc
        cmp there.lxc again.lxc
}

@test "to a format for people: C compiles, and is the raw filter" {
        "$CONFINED" profile convert docker --to raw -o raw.bpf
        "$CONFINED" profile convert docker --to c --name my-filter -o filter.c
        cat >main.c <<'C'
#include <stdio.h>
#include "filter.c"
int main(void)
{
        return fwrite(my_filter_code, sizeof(my_filter_code), 1, stdout) != 1;
}
C
        ${CC:-cc} -Wall -Werror -o main main.c
        ./main >compiled.bpf
        cmp raw.bpf compiled.bpf
        confined profile convert docker --to text
        expect_status 0
        expect_in "$output" "return ALLOW"
}

@test "the text of a profile's filter names the lines that decide" {
        printf '%s\n' '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [' \
                '{"names": ["read"], "action": "SCMP_ACT_ALLOW"},' \
                '{"names": ["personality"], "action": "SCMP_ACT_ALLOW",' \
                ' "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 0}]},' \
                '{"names": ["personality"], "action": "SCMP_ACT_ALLOW",' \
                ' "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 8}]},' \
                '{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}' >lines.json
        confined profile convert lines.json --to text
        expect_status 0
        expect_in "$output" "return ALLOW  /* lines 2, 3, 5 */"
        expect_in "$output" "return ERRNO(38)  /* line 7 */"
        expect_in "$output" "return ERRNO(1)  /* line 1 */"
        # A filter has no lines.
        confined profile compile lines.json -o lines.bpf
        confined profile convert lines.bpf --to text
        expect_not_in "$output" "/* line"
}

@test "the other subcommands read the formats too" {
        printf '2\ndenylist\nkeyctl errno 1\n' >deny.lxc
        confined profile explain deny.lxc 'keyctl(1)'
        expect_status 0
        expect_in "$output" "EPERM"
        expect_in "$output" "deny.lxc:3:1"
        "$CONFINED" profile convert docker --to oci -o plain.json
        confined profile diff --from oci docker plain.json
        expect_status 0
}

@test "what a format cannot say is refused by name, and --within leaves other architectures to it" {
        printf '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],
                 "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}' >one.json
        confined profile convert --arch x86_64 one.json --to lxc
        expect_status 2
        [ -z "$output" ]
        expect_in "$errors" "i386:"
        expect_in "$errors" "--within x86_64"
        # All that it is for, not the first alone.
        sed 's/"SCMP_ARCH_X86_64"/"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"/' one.json >two.json
        confined profile convert --arch x86_64 two.json --to lxc
        expect_status 2
        expect_in "$errors" "--within x86_64,i386"
        confined profile convert --arch x86_64 one.json --to lxc --within x86_64
        expect_status 0
        expect_in "$output" "read allow"
        confined profile convert --arch x86_64 one.json --to lxc --within arm
        expect_status 2
        expect_in "$errors" "says nothing of arm"
}

@test "one architecture, one of several policies" {
        printf '{"vcpu": {"mismatch_action": "trap", "match_action": "allow", "filter": [{"syscall": "read"}]},
                 "api": {"mismatch_action": "log", "match_action": "trap", "filter": []}}' >f.json
        confined profile explain --arch x86_64 f.json read
        expect_status 2
        expect_in "$errors" "--part: vcpu, api"
        confined profile explain --arch x86_64 f.json --part vcpu read
        expect_status 0
        expect_in "$output" "allowed"
        confined profile convert --arch x86_64 f.json --part vcpu --to firecracker --name again -o g.json
        expect_status 0
        confined profile convert --arch x86_64 docker --to firecracker
        expect_status 2
        expect_in "$errors" "--within ARCHITECTURE (x86_64, i386, x32)"
}

@test "one group per reason: calls stay together by what the profile says of them" {
        cat >why.json <<'J'
{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
  {"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": "everything reads"},
  {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "comment": "never", "includes": {"minKernel": "99.0"}},
  {"names": ["mount", "read"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
  {"names": ["ptrace", "kcmp"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
  {"names": ["write"], "action": "SCMP_ACT_ALLOW"}]}
J
        confined profile convert --arch x86_64 --kernel 6.1 --cap-add CAP_SYS_ADMIN why.json --to docker --annotate -o by.json
        expect_status 0
        run python3 -c 'import json; print(*sorted((e.get("comment", "-"), *e["names"]) for e in json.load(open("by.json"))["syscalls"]), sep="\n")'
        [ "$output" = "('-', 'write')
('everything reads', 'read')
('from Linux 4.8 on', 'kcmp', 'ptrace')
('with CAP_SYS_ADMIN', 'mount')" ]
        confined profile diff --arch x86_64 --kernel 6.1 --cap-add CAP_SYS_ADMIN why.json by.json
        expect_status 0
        confined profile convert why.json --to lxc --annotate
        expect_status 2
        expect_in "$errors" "no place"
        confined profile compile why.json -o why.bpf
        confined profile convert why.bpf --to docker --annotate
        expect_status 2
        expect_in "$errors" "no entries"
}

@test "kafel: known by its text, and written so that it reads back" {
        printf '#define UNIX 1\nPOLICY p { ALLOW { socket { family == UNIX } } } USE p DEFAULT ERRNO(1)\n' >p.kafel
        confined profile explain --arch x86_64 p.kafel 'socket(0x100000001)'
        expect_status 0
        expect_in "$output" "allowed"
        confined profile convert --arch x86_64 docker --within x86_64 --to kafel --name my-own -o d.kafel
        expect_status 0
        expect_in "$(cat d.kafel)" "POLICY my_own {"
        confined profile convert --arch x86_64 d.kafel --to raw -o one.bpf
        expect_status 0
        confined profile convert --arch x86_64 one.bpf --to kafel --name my-own -o again.kafel
        expect_status 0
        cmp d.kafel again.kafel
        # x32 has calls of its own in it, which kafel would have to be told one by one.
        confined profile convert --arch x86_64 docker --within x86_64,x32 --to kafel
        expect_status 2
        expect_in "$errors" "--within ARCHITECTURE (x86_64, x32)"
        confined profile convert docker --within x86_64 --to kafel --name define
        expect_status 2
        expect_in "$errors" "'define' is no name"
}

@test "nothing is written on failure, and mistakes are named" {
        confined profile convert podman --to kubernetes -o out.yaml
        expect_status 2
        expect_in "$errors" "error 38"
        [ ! -e out.yaml ]
        confined profile convert docker
        expect_in "$errors" "--to FORMAT"
        confined profile convert docker --to c --name 'x;y'
        expect_status 2
        expect_in "$errors" "--name"
        printf '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"],
                 "syscalls":[{"names":["bpf"],"action":"SCMP_ACT_ERRNO"}]}' >flags.json
        confined profile convert flags.json --to raw -o raw
        expect_status 0
        expect_in "$errors" "'flags'"
}
