/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that error messages name, as programs of several languages write them. */
#include <stdio.h>
#include <string.h>

#include "explain/explain.h"
#include "unit.h"

static const struct {
        const char *text, *told; /* "": no call */
} table[] = {
        {"unshare: Operation not permitted", "unshare(_) EPERM"},
        {"unshare: unshare failed: Operation not permitted", "unshare(_) EPERM"},
        {"unshare: clone(CLONE_NEWUSER|SIGCHLD) failed: Operation not permitted",
         "clone(CLONE_NEWUSER|SIGCHLD, _, _, _, _) EPERM"},
        {"bwrap: pivot_root: Operation not permitted", "pivot_root(_, _) EPERM"},
        {"bwrap: pivot_root failed (errno 1)", "pivot_root(_, _) EPERM"},
        {"Error during unshare(CLONE_NEWUSER): Operation not permitted",
         "unshare(CLONE_NEWUSER) EPERM"},
        {"2026-01-02 E socket(40, 1, 0): Operation not permitted",
         "socket(AF_VSOCK, SOCK_STREAM, 0) EPERM"},
        {"socket(AF_ALG) => OPERATION NOT PERMITTED", "socket(AF_ALG, _, _) EPERM"},
        {"personality(2) failed with EPERM", "personality(_) EPERM"},
        {"Error: EPERM: operation not permitted, mount '/a' -> '/b'", "mount(_, _, _, _, _) EPERM"},
        {"SYS_keyctl: permission denied", "keyctl(_, _, _, _, _) EACCES"},
        {"__NR_io_uring_setup returned ENOSYS", "io_uring_setup(_, _) ENOSYS"},
        {"io_uring_setup: function not implemented (os error 38)", "io_uring_setup(_, _) ENOSYS"},
        {"perf_event_open failed.", "perf_event_open(_, _, _, _, _) ?"},
        {"mount: /mnt: permission denied.", "mount(_, _, _, _, _) EPERM"},
        {"mount: permission denied (are you root?)", "mount(_, _, _, _, _) EPERM"},
        {"mount: /mnt: Permission denied", "mount(_, _, _, _, _) EACCES"},
        {"chown: changing ownership of 'x': Operation not permitted", "chown(_, _, _) EPERM"},
        {"the call to clone() failed: [Errno 1] x", "clone(_, _, _, _, _) EPERM"},
        {"keyctl(\"a, b(\", 1) failed: Bad system call", "keyctl(_, 1, _, _, _) killed"},
        {"first line\nunshare: Operation not permitted\nbpf(): Operation not permitted\nunshare: "
         "Operation not permitted",
         "unshare(_) EPERM; bpf(_, _, _) EPERM"},
        {"[pid 4] unshare(CLONE_NEWNS) = -1 EPERM (Operation not permitted)",
         "unshare(CLONE_NEWNS) EPERM"},
        {"audit: type=1326 audit(1.0:1): pid=7 comm=\"x\" sig=31 arch=c000003e syscall=165 "
         "compat=0 "
         "code=0x80000000",
         "mount(_, _, _, _, _) killed"},
        /* nothing that failed */
        {"Operation not permitted", ""},
        {"unshare", ""},
        {"to mount the image, open the file and read it: done", ""},
        {"cannot open /x: Permission denied", ""},
        {"bash: ./clone: Permission denied", ""},
        {"bash: /usr/bin/mount: Operation not permitted", ""},
        {"at Object.open (fs.js:1) Operation not permitted", ""},
        {"fs.open(x) failed: Operation not permitted", ""},
        {"std::bind(f) failed", ""},
        {"mount(", ""},
        {"", ""},
};

static void say(struct cf_text *out, const struct cf_told *told)
{
        const struct cf_arch *arch = cf_arch_by_name("x86_64");
        const struct cf_syscall *call = cf_syscall_by_number(arch, told->logged.call.nr);
        cf_text_printf(out, "%s%s(", out->size ? "; " : "", call->name);
        for (unsigned i = 0; (int)i < call->argument_count; i++) {
                cf_text_puts(out, i ? ", " : "");
                if (told->logged.known[i])
                        cf_explain_argument(out, arch, call, i, told->logged.call.args[i]);
                else
                        cf_text_puts(out, "_");
        }
        cf_text_printf(out, ") %s",
                       told->logged.error       ? strerrorname_np(told->logged.error)
                       : told->logged.by_filter ? "killed"
                                                : "?");
}

static void messages(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(table); i++) {
                struct cf_told told[CF_TOLD_MAX];
                CF_TEXT struct cf_text out = {0};
                size_t count = cf_explain_message(cf_span_of(table[i].text),
                                                  cf_arch_by_name("x86_64"), told);
                for (size_t k = 0; k < count; k++)
                        say(&out, &told[k]);
                if (strcmp(out.size ? out.data : "", table[i].told) != 0)
                        fail_msg("%s\n  %s, not %s", table[i].text, out.data, table[i].told);
        }
}

/* No more than there is room for. */
static void many(void **state)
{
        (void)state;
        struct cf_told told[CF_TOLD_MAX];
        CF_TEXT struct cf_text text = {0};
        for (unsigned i = 0; i < 100; i++)
                cf_text_printf(&text, "socket(%u, 1, 0): Operation not permitted\n", i);
        assert_int_equal(cf_explain_message(cf_text_span(&text), cf_arch_by_name("x86_64"), told),
                         CF_TOLD_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(messages), cmocka_unit_test(many)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
