/* SPDX-License-Identifier: Apache-2.0 */
/* What the table says that the kernel asks for, tried: each call in a child without the capability
 * (it must be refused with the table's error) and with that capability alone (it must not). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/syscalls.h"
#include "unit.h"

enum { WITHOUT_ONLY = 1 }; /* with the capability it would change this machine */

static char zeros[256];
static const char kind[] = "confined-none", root[] = "/", nothing[] = "";
static char handle[16] = {4}; /* handle_bytes 4, type 0 */
static const char device[] = "/tmp/confined-test-device";
static int uts = -1;

#define P(pointer) (uint64_t)(uintptr_t)(pointer)
#define NONE UINT64_MAX /* -1 */

/* Calls with arguments that get as far as the question and, where it is answered well, do nothing
 * that lasts. */
static const struct trial {
        const char *call;
        uint64_t args[6];
        int flags;
} trials[] = {
        {"acct", {0}, 0},
        {"bpf", {5, P(zeros), 128}, 0},
        {"bpf", {11, P(zeros), 128}, 0},
        {"bpf", {12, P(zeros), 128}, 0},
        {"bpf", {13, P(zeros), 128}, 0},
        {"bpf", {14, P(zeros), 128}, 0},
        {"bpf", {23, P(zeros), 128}, 0},
        {"bpf", {30, P(zeros), 128}, 0},
        {"bpf", {31, P(zeros), 128}, 0},
        {"chroot", {P(root)}, 0},
        {"settimeofday", {0, 0}, 0},
        {"clone", {CLONE_NEWUTS | 17}, 0},
        {"clone", {CLONE_NEWNS | 17}, 0},
        {"clone", {CLONE_NEWIPC | 17}, 0},
        {"clone", {CLONE_NEWNET | 17}, 0},
        {"clone", {CLONE_NEWPID | 17}, 0},
        {"clone", {CLONE_NEWCGROUP | 17}, 0},
        {"delete_module", {P(kind), 0x800}, 0},
        {"init_module", {0, 0, P(nothing)}, 0},
        {"finit_module", {NONE, P(nothing), 0}, 0},
        {"fanotify_init", {0, 0}, 0},
        {"fanotify_init", {4 | 0x200, 0}, 0},
        {"fsopen", {P(kind), 0}, 0},
        {"fsmount", {NONE, 0, 0}, 0},
        {"fspick", {NONE, P(nothing), 0}, 0},
        {"mount", {P(kind), P(root), P(kind), 0, 0}, 0},
        {"umount2", {P("/etc"), 0}, 0},
        {"pivot_root", {P(root), P(root)}, 0},
        {"move_mount", {NONE, P(nothing), NONE, P(nothing), 0}, 0},
        {"mount_setattr", {NONE, P(nothing), 0, P(zeros), 32}, 0},
        {"open_tree", {NONE, P(nothing), 1}, 0},
        {"open_tree_attr", {NONE, P(nothing), 1, P(zeros), 32}, 0},
        {"ioperm", {0x80, 1, 1}, 0},
        {"iopl", {3}, 0},
        {"kexec_load", {0, 0, 0, NONE}, 0},
        {"kexec_file_load", {NONE, NONE, 0, P(nothing), NONE}, 0},
        {"lookup_dcookie", {0, P(zeros), 16}, 0},
        {"mbind", {0, 0, 0, 0, 0, 4}, 0},
        {"move_pages", {0, 0, 0, 0, 0, 4}, 0},
        {"mknod", {P(device), S_IFCHR | 0600, 0x103}, 0},
        {"mknodat", {(uint64_t)AT_FDCWD, P(device), S_IFCHR | 0600, 0x103}, 0},
        {"open_by_handle_at", {(uint64_t)AT_FDCWD, P(handle), 0}, 0},
        {"reboot", {0, 0, 0, 0}, 0},
        {"setdomainname", {0, NONE}, 0},
        {"sethostname", {0, NONE}, 0},
        {"setgroups", {0, 0}, 0},
        {"setns", {NONE, 0}, 0}, /* the descriptor is put in: `uts` */
        {"socket", {17, 3, 0}, 0},
        {"socket", {2, 3, 1}, 0},
        {"socket", {10, 3 | 0x80000, 1}, 0},
        {"swapoff", {P(kind)}, 0},
        {"swapon", {P(kind), 0}, 0},
        {"syslog", {3, P(zeros), 0}, 0},
        {"syslog", {10, 0, 0}, 0},
        {"syslog", {8, 0, 99}, 0},
        {"unshare", {CLONE_NEWUTS}, 0},
        {"unshare", {CLONE_NEWNS}, 0},
        {"unshare", {0x80}, 0},
        {"userfaultfd", {0}, 0},
        {"vhangup", {0}, 0},
        {"perf_event_open", {P(zeros), NONE, 0, NONE, 0}, 0},
        {"clock_settime", {0, P(zeros)}, WITHOUT_ONLY},
};

/* ---- what is asked --------------------------------------------------------------------------- */

static uint64_t bit_of(const char *capability)
{
        unsigned number;
        if (!cf_capability_number(cf_span_of(capability), &number))
                fail_msg("%s is no capability", capability);
        return UINT64_C(1) << number;
}

static bool is_set(const struct cf_requirement *requirement)
{
        char path[128];
        long number = 0;
        if (!requirement->setting)
                return false;
        snprintf(path, sizeof(path), "/proc/sys/%s", requirement->setting);
        for (char *dot = path + 10; (dot = strchr(dot, '.')) != NULL;)
                *dot = '/';
        FILE *file = fopen(path, "re");
        if (!file)
                return true; /* this kernel does not have it */
        if (fscanf(file, "%ld", &number) != 1)
                number = 0;
        fclose(file);
        return cf_requirement_is_met_by(requirement, number);
}

static uint64_t held(void)
{
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2] = {{0}};
        assert_int_equal(syscall(SYS_capget, &header, data), 0);
        return data[0].effective | (uint64_t)data[1].effective << 32;
}

static void hold(uint64_t set)
{
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2] = {
                {(uint32_t)set, (uint32_t)set, 0},
                {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0},
        };
        if (syscall(SYS_capset, &header, data) != 0)
                _exit(255);
}

/* The error of the call in a child that holds these capabilities; 0: it succeeded. */
static int try(uint32_t nr, const uint64_t args[6], uint64_t set)
{
        pid_t pid = fork();
        int status;
        assert_true(pid >= 0);
        if (pid == 0) {
                setsid();
                if (unshare(CLONE_NEWNS) != 0)
                        _exit(254);
                hold(set);
                long got = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
                _exit(got < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        unlink(device);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void settle(const struct trial *trial, uint64_t args[6])
{
        memcpy(args, trial->args, sizeof(trial->args));
        if (strcmp(trial->call, "setns") == 0)
                args[0] = (uint64_t)uts;
}

/* 1: tried; 0: this machine cannot. */
static int check(const struct trial *trial)
{
        const struct cf_arch *arch = cf_arch_native();
        const struct cf_requirement *all[CF_REQUIREMENTS_MAX];
        uint64_t args[6], needed = 0;
        uint32_t nr;
        int error = 0;
        if (!cf_syscall_number(arch, trial->call, &nr))
                return 0;
        settle(trial, args);
        size_t count = cf_call_requirements(arch, nr, args, all);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
                if (all[i]->perhaps || is_set(all[i]))
                        continue;
                assert_non_null(all[i]->capability);
                needed |= bit_of(all[i]->capability);
                error = all[i]->error;
        }
        if (!needed || (needed & ~held()))
                return 0;
        int without = try(nr, args, 0);
        if (without == ENOSYS)
                return 0; /* gone from this kernel */
        if (without != error)
                fail_msg("%s without the capability: error %d, the table says %d", trial->call,
                         without, error);
        if (!(trial->flags & WITHOUT_ONLY)) {
                int with = try(nr, args, needed);
                if (with == error)
                        fail_msg("%s with the capability: still error %d", trial->call, with);
        }
        return 1;
}

static void the_kernel_asks(void **state)
{
        (void)state;
        size_t tried = 0;
        if (geteuid() != 0 || !(held() & bit_of("CAP_SYS_ADMIN"))) {
                print_message("needs root: capabilities are given and taken away\n");
                skip();
        }
        uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
        for (size_t i = 0; i < CF_COUNT(trials); i++)
                tried += (size_t)check(&trials[i]);
        close(uts);
        print_message("%zu of %zu calls tried\n", tried, CF_COUNT(trials));
        assert_true(tried >= CF_COUNT(trials) / 2);
}

/* ---- the table --------------------------------------------------------------------------------
 */

static size_t requirements(const char *call, uint64_t a, uint64_t b)
{
        const struct cf_requirement *all[CF_REQUIREMENTS_MAX];
        const uint64_t args[6] = {a, b};
        uint32_t nr;
        assert_true(cf_syscall_number(cf_arch_by_name("x86_64"), call, &nr));
        return cf_call_requirements(cf_arch_by_name("x86_64"), nr, args, all);
}

static void arguments_tell(void **state)
{
        (void)state;
        assert_int_equal(requirements("unshare", CLONE_FILES, 0), 0);
        assert_int_equal(requirements("unshare", CLONE_NEWNS, 0), 1);
        /* A new user namespace grants the rest; two settings can be in the way. */
        assert_int_equal(requirements("unshare", CLONE_NEWUSER | CLONE_NEWNS, 0), 2);
        assert_int_equal(requirements("socket", 1, 1), 0);
        assert_int_equal(requirements("socket", 2, 1), 0);
        assert_int_equal(requirements("socket", 2, 3 | UINT64_C(0x80000)), 1);
        /* The kernel drops the upper half of an int. */
        assert_int_equal(requirements("socket", UINT64_C(0x700000011), 3), 1);
        assert_int_equal(requirements("syslog", 3, 0), 1);
        assert_int_equal(requirements("syslog", 4, 0), 1);
        assert_int_equal(requirements("getpid", 0, 0), 0);
        assert_int_equal(requirements("keyctl", 0, 0), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(arguments_tell),
                cmocka_unit_test(the_kernel_asks),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
