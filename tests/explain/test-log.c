/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of strace 6.1 and 4.x, of the kernel and of auditd, and what they tell. */
#include <stdio.h>
#include <string.h>

#include "explain/explain.h"
#include "unit.h"

static const struct {
        const char *line, *told; /* "": no failed call */
} table[] = {
        {"personality(ADDR_NO_RANDOMIZE)          = -1 EPERM (Operation not permitted)",
         "personality(ADDR_NO_RANDOMIZE) EPERM"},
        {"personality(PER_LINUX|ADDR_NO_RANDOMIZE) = -1 EPERM (Operation not permitted)",
         "personality(ADDR_NO_RANDOMIZE) EPERM"},
        {"[pid  4711] unshare(CLONE_NEWNS|CLONE_NEWUSER) = -1 EPERM (Operation not permitted)",
         "4711: unshare(CLONE_NEWUSER|CLONE_NEWNS) EPERM"},
        {"4711  10:42:01.318123 unshare(CLONE_NEWNS) = -1 EPERM (Operation not permitted) "
         "<0.000011>",
         "4711: unshare(CLONE_NEWNS) EPERM"},
        {"10:42:01 socket(AF_VSOCK, SOCK_STREAM|SOCK_CLOEXEC, 0) = -1 EPERM (Operation not "
         "permitted)",
         "socket(AF_VSOCK, SOCK_CLOEXEC|SOCK_STREAM, 0) EPERM"},
        {"clone(child_stack=NULL, flags=CLONE_NEWPID|SIGCHLD) = -1 EPERM (Operation not permitted)",
         "clone(CLONE_NEWPID|SIGCHLD, _, _, _, _) EPERM"},
        {"mount(\"none, with (comma\", \"/mnt\", \"tmpfs\", MS_RDONLY|MS_NOSUID, \"size=1,x\\\"\") "
         "= -1 "
         "EPERM (Operation not permitted)",
         "mount(_, _, _, MS_NOSUID|MS_RDONLY, _) EPERM"},
        {"io_uring_setup(8, {flags=0, sq_thread_cpu=0, sq_thread_idle=0}) = -1 ENOSYS (Function "
         "not "
         "implemented)",
         "io_uring_setup(8, _) ENOSYS"},
        {"keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) = -1 EPERM (Operation not "
         "permitted)",
         "keyctl(KEYCTL_GET_KEYRING_ID, _, 0, _, _) EPERM"},
        {"prctl(0x59616d62 /* PR_??? */, 0x1) = -1 EINVAL (Invalid argument)",
         "prctl(0x59616d62, 1, _, _, _) EINVAL"},
        {"openat(AT_FDCWD, \"/etc/x\", O_RDONLY|O_CLOEXEC) = -1 EACCES (Permission denied)",
         "openat(AT_FDCWD, _, O_CLOEXEC, _) EACCES"},
        {"[pid 12] <... mount resumed>) = -1 EPERM (Operation not permitted)",
         "12: mount(_, _, _, _, _) EPERM"},
        {"<... clone3 resumed>, 88)    = -1 ENOSYS (Function not implemented)",
         "clone3(_, _) ENOSYS"},
        {"clone3({flags=CLONE_VM|CLONE_NEWUSER|CLONE_INTO_CGROUP, exit_signal=SIGCHLD, "
         "stack=NULL, cgroup=3}, 88) = -1 EPERM (Operation not permitted)",
         "clone3({flags=CLONE_NEWUSER|CLONE_VM|CLONE_INTO_CGROUP}, 88) EPERM"},
        {"clone3({flags=CLONE_NO_SUCH, exit_signal=SIGCHLD}, 88) = -1 EPERM (Operation not "
         "permitted)",
         "clone3(_, 88) EPERM"},
        {"--- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x7f00, "
         "si_syscall=__NR_mount, "
         "si_arch=AUDIT_ARCH_X86_64} ---",
         "mount(_, _, _, _, _) by filter: TRAP"},
        {"audit: type=1326 audit(1612345.123:45): auid=1 uid=0 gid=0 ses=1 subj=x pid=99 "
         "comm=\"nginx\" "
         "exe=\"/usr/sbin/nginx\" sig=31 arch=c000003e syscall=165 compat=0 ip=0x7f "
         "code=0x80000000",
         "99: nginx: mount(_, _, _, _, _) by filter: KILL_PROCESS"},
        {"type=SECCOMP msg=audit(1612345.123:45): auid=unset uid=root pid=99 comm=a exe=/a "
         "sig=SIGSYS "
         "arch=i386 syscall=mount compat=1 ip=0x7f code=kill",
         "99: a: i386:mount(_, _, _, _, _) by filter: KILL_THREAD"},
        {"type=1326 audit(1:2): pid=3 comm=\"a\" arch=c000003e syscall=135 code=0x50001",
         "3: a: personality(_) EPERM by filter: ERRNO(1)"},
        {"type=1326 audit(1:2): pid=3 comm=\"a\" arch=c000003e syscall=none code=0x50001", ""},
        {"personality(0xffffffff) = 0", ""},
        {"+++ exited with 0 +++", ""},
        {"strace: Process 12 attached", ""},
        {"nosuchcall(1) = -1 EPERM (Operation not permitted)", ""},
        {"mount(\"never closed", ""},
        {"", ""},
};

static void say(struct cf_text *text, const struct cf_logged *logged)
{
        if (logged->pid >= 0)
                cf_text_printf(text, "%ld: ", logged->pid);
        if (logged->program.size)
                cf_text_printf(text, "%.*s: ", (int)logged->program.size, logged->program.data);
        const struct cf_behind behind = {.clone_flags = logged->clone_flags};
        cf_explain_call_on(text, &logged->call, logged->known, &behind);
        if (logged->error)
                cf_text_printf(text, " %s", strerrorname_np(logged->error));
        if (logged->by_filter) {
                cf_text_puts(text, " by filter: ");
                cf_action_print(text, logged->answer);
        }
}

static void lines_tell(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(table); i++) {
                CF_TEXT struct cf_text told = {0};
                struct cf_logged logged;
                if (cf_explain_log_line(cf_span_of(table[i].line), cf_arch_by_name("x86_64"),
                                        &logged))
                        say(&told, &logged);
                assert_string_equal(told.data ? told.data : "", table[i].told);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_tell),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
