/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that must be exact under load, kinds of answers that others give, what lies behind
 * pointers, and what a killed watcher leaves. On the running kernel. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observed.h"

#define ANSWERED __NR_acct /* the filters of these tests answer it, */
#define THREADS 8
#define TIMES 300000
#define FORKS 400
#define EACH 50 /* calls of each forked process */

#if defined(__x86_64__)
#define CF_TEST_ARCH AUDIT_ARCH_X86_64
#define CF_TEST_NUMBER offsetof(struct user_regs_struct, orig_rax)
#else
#define CF_TEST_ARCH AUDIT_ARCH_AARCH64
#endif

static uint32_t also = ANSWERED; /* and this one */

static int load_filter(uint32_t answer, unsigned flags)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ANSWERED, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, also, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, answer),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        int r = (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        if (r < 0)
                _exit(100);
        return r;
}

static void assert_no_loss(struct cf_observer *observer)
{
        struct cf_observed_losses losses = cf_observer_losses(observer);
        assert_int_equal(losses.uncounted + losses.unmarked, 0);
}

static uint64_t calls_of(struct cf_observer *observer, uint32_t nr)
{
        struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
        struct cf_observed_call *calls;
        struct cf_error err = {0};
        size_t count;
        uint64_t found = 0;
        assert_int_equal(cf_observer_calls(observer, arena, &calls, &count, &err), 0);
        for (size_t i = 0; i < count; i++)
                if (calls[i].nr == nr)
                        found += calls[i].count + calls[i].before;
        cf_arena_free(arena);
        return found;
}

static uint64_t refused(struct cf_observer *observer)
{
        struct cf_arena *arena = cf_arena_new((size_t)16 << 20);
        struct cf_observed_total *totals;
        struct cf_error err = {0};
        size_t count;
        uint64_t sum = 0;
        assert_int_equal(cf_observer_totals(observer, arena, &totals, &count, &err), 0);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(totals[i].kind, CF_OBSERVED_REFUSED);
                sum += totals[i].count;
        }
        cf_arena_free(arena);
        return sum;
}

static struct seen watched(void (*work)(void), struct cf_observe_wanted wanted)
{
        struct seen seen = {0};
        struct cf_error err = {0};
        struct child child = begin(work);
        wanted.scope = CF_OBSERVE_TREE;
        wanted.pid = child.pid;
        struct cf_observer *observer = watch(wanted);
        assert_int_equal(end(child), 0);
        assert_int_equal(cf_observer_read(observer, keep, &seen, &err), 0);
        assert_no_loss(observer);
        cf_observer_close(observer);
        return seen;
}

/* ---- exact ------------------------------------------------------------------------------------
 */

/* Every tenth call is answered, the others run; some wait, so that threads change processors. */
static void *call_often(void *unused)
{
        for (int i = 0; i < TIMES; i++) {
                syscall(i % 10 ? __NR_getppid : ANSWERED);
                if (i % 1000 == 0)
                        sched_yield();
        }
        return unused;
}

static void call_in_threads(void)
{
        pthread_t threads[THREADS];
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        for (int i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, call_often, NULL) != 0)
                        _exit(101);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
}

static void test_millions_of_calls_of_many_threads(void **state)
{
        (void)state;
        struct child child = begin(call_in_threads);
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .count = true, .ring_kib = 64});
        assert_int_equal(end(child), 0);
        assert_int_equal(calls_of(observer, __NR_getppid), (uint64_t)THREADS * TIMES / 10 * 9);
        assert_int_equal(calls_of(observer, ANSWERED), (uint64_t)THREADS * TIMES / 10);
        assert_int_equal(calls_of(observer, __NR_sched_yield), THREADS * TIMES / 1000);
        assert_no_loss(observer);
        cf_observer_close(observer);
}

/* Threads that run execve while others call go on under another number. */
static void *run_true(void *unused)
{
        execl("/bin/true", "true", NULL);
        return unused;
}

static void storm(void)
{
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        for (int i = 0; i < FORKS; i++) {
                pid_t pid = i % 4 == 3 ? vfork() : fork();
                if (pid == 0 && i % 4 == 3)
                        _exit(0);
                if (pid == 0) {
                        pthread_t thread;
                        for (int k = 0; k < EACH; k++)
                                syscall(k % 2 ? __NR_getppid : ANSWERED);
                        if (i % 4 == 2 && pthread_create(&thread, NULL, run_true, NULL) == 0)
                                pthread_join(thread, NULL);
                        _exit(0);
                }
                if (pid < 0 || (i % 8 == 7 && waitpid(pid, NULL, 0) != pid))
                        _exit(101);
        }
        while (wait(NULL) > 0)
                ;
}

static void test_a_storm_of_forks(void **state)
{
        (void)state;
        struct child child = begin(storm);
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .count = true});
        assert_int_equal(end(child), 0);
        uint64_t forked = FORKS / 4 * 3;
        assert_int_equal(calls_of(observer, __NR_getppid), forked * EACH / 2);
        assert_int_equal(refused(observer), forked * EACH / 2);
        assert_no_loss(observer);
        cf_observer_close(observer);
}

/* ---- answers of others ------------------------------------------------------------------------
 */

/* The listener is another process: a filter holds for who has loaded it. */
static void answer_once(int listener, int error, int64_t value, uint32_t flags)
{
        struct seccomp_notif request = {0};
        struct seccomp_notif_resp response = {.error = error, .val = value, .flags = flags};
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        if (poll(&wait, 1, 10000) != 1 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
                _exit(102);
        response.id = request.id;
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0)
                _exit(103);
}

static void be_answered(int error, int64_t value, uint32_t flags, long expected)
{
        int ends[2], status;
        if (pipe(ends) < 0)
                _exit(104);
        /* One table of descriptors: the listener's number is the same in both. */
        pid_t pid = (pid_t)syscall(__NR_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) {
                int listener =
                        load_filter(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
                if (write(ends[1], &listener, sizeof(listener)) != sizeof(listener))
                        _exit(105);
                long r = syscall(ANSWERED, 0);
                _exit((r < 0 ? -errno : r) == expected ? 0 : 106);
        }
        int listener;
        if (read(ends[0], &listener, sizeof(listener)) != sizeof(listener))
                _exit(107);
        answer_once(listener, error, value, flags);
        if (waitpid(pid, &status, 0) != pid || status != 0)
                _exit(108);
}

static void be_refused_by_a_listener(void)
{
        be_answered(-EXDEV, 0, 0, -EXDEV);
}

static void be_served_by_a_listener(void)
{
        be_answered(0, 7, 0, 7);
}

static void be_let_through(void)
{
        be_answered(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE, 0); /* acct(NULL): off, as it was */
}

/* A tracer that is asked by the filter, or that stops at every call; either takes the call away. */
static void be_traced(bool asked)
{
        pid_t pid = fork();
        int status;
        if (pid == 0) {
                ptrace(PTRACE_TRACEME, 0, 0, 0);
                raise(SIGSTOP);
                load_filter(asked ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW, 0);
                syscall(ANSWERED, 7);
                _exit(0);
        }
        waitpid(pid, &status, 0);
        ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
        ptrace(PTRACE_CONT, pid, 0, 0);
        while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
                if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8)))
                        ptrace(PTRACE_POKEUSER, pid, CF_TEST_NUMBER, -1);
                ptrace(PTRACE_CONT, pid, 0, 0);
        }
}

static void be_skipped_by_a_tracer(void)
{
        be_traced(true);
}

static void be_let_run_by_a_tracer(void)
{
        be_traced(false);
}

static void test_answers_of_others(void **state)
{
        static const struct {
                void (*work)(void);
                int kind; /* -1: nothing is told */
                int64_t result;
        } all[] = {
                {be_refused_by_a_listener, CF_OBSERVED_REFUSED, -EXDEV},
                {be_served_by_a_listener, CF_OBSERVED_REFUSED, 7},
                {be_let_through, -1, 0},
                {be_skipped_by_a_tracer, CF_OBSERVED_SKIPPED, -ENOSYS},
                {be_let_run_by_a_tracer, -1, 0},
        };
        (void)state;
        for (size_t i = 0; i < CF_COUNT(all); i++) {
                struct seen seen = watched(all[i].work, (struct cf_observe_wanted){0});
                for (int kind = 0; kind <= CF_OBSERVED_FAILED; kind++)
                        assert_int_equal(seen.of_kind[kind], kind == all[i].kind);
                if (all[i].kind >= 0)
                        assert_int_equal(seen.last.result, all[i].result);
        }
}

/* ---- what is let through alone ------------------------------------------------------------------
 */

#define OWN 77

static int looks[2]; /* a byte, when the observer has read what there was */

static void wait_for_a_look(void)
{
        char byte;
        if (read(looks[0], &byte, 1) != 1)
                _exit(101);
}

static void be_refused_often(void)
{
        for (int i = 0; i < OWN; i++)
                if (syscall(ANSWERED) != -1 || errno != EXDEV)
                        _exit(1);
}

static void call_and_load_another(void)
{
        load_filter(SECCOMP_RET_ALLOW, 0);
        for (int i = 0; i < TIMES; i++)
                syscall(__NR_getppid);
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        wait_for_a_look();
        be_refused_often();
        pid_t pid = fork();
        if (pid == 0) {
                be_refused_often();
                _exit(0);
        }
        waitpid(pid, NULL, 0);
        for (int i = 0; i < TIMES; i++)
                syscall(__NR_getppid);
}

#if defined(__x86_64__)
/* As a 32-bit program does, but that there is no filter where it says. */
static void call_and_load_narrow(void)
{
        long result = 172; /* i386: prctl */
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        be_refused_often(); /* nobody looks */
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(result), "b"((long)PR_SET_SECCOMP), "c"((long)SECCOMP_MODE_FILTER),
                           "d"(0L)
                         : "memory", "r8", "r9", "r10", "r11");
        wait_for_a_look();
        be_refused_often();
}
#endif

static void assert_own_refusals(void (*work)(void), uint64_t permitted, uint64_t answered)
{
        struct seen seen = {0};
        struct cf_error err = {0};
        assert_int_equal(pipe(looks), 0);
        struct child child = begin(work);
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .count = true, .permitted = true});
        assert_int_equal(write(child.go, "", 1), 1);
        struct pollfd wait = {cf_observer_fd(observer), POLLIN, 0};
        assert_int_equal(poll(&wait, 1, 60000), 1);
        assert_int_equal(cf_observer_read(observer, keep, &seen, &err), 0);
        assert_int_equal(write(looks[1], "", 1), 1);
        int status;
        assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
        assert_int_equal(status, 0);
        assert_int_equal(cf_observer_read(observer, keep, &seen, &err), 0);
        assert_no_loss(observer);
        assert_int_equal(calls_of(observer, __NR_getppid), permitted);
        assert_int_equal(calls_of(observer, ANSWERED), answered);
        assert_int_equal(refused(observer), answered);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], answered);
        cf_observer_close(observer);
        close(child.go);
        close(looks[0]);
        close(looks[1]);
}

static void test_what_a_further_filter_refuses(void **state)
{
        (void)state;
        assert_own_refusals(call_and_load_another, 2 * TIMES, 2 * OWN);
#if defined(__x86_64__)
        assert_own_refusals(call_and_load_narrow, 0, OWN);
#endif
}

/* ---- behind pointers --------------------------------------------------------------------------
 */

static void call_clone3(void)
{
        struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
        also = __NR_clone3;
        load_filter(SECCOMP_RET_ERRNO | EPERM, 0);
        if (syscall(__NR_clone3, &args, sizeof(args)) != -1 || errno != EPERM)
                _exit(101);
}

static void call_clone3_unreadable(void)
{
        also = __NR_clone3;
        load_filter(SECCOMP_RET_ERRNO | EPERM, 0);
        if (syscall(__NR_clone3, (void *)16, 64) != -1 || errno != EPERM)
                _exit(101);
}

static void test_flags_of_clone3(void **state)
{
        (void)state;
        struct seen seen = watched(call_clone3, (struct cf_observe_wanted){0});
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 1);
        assert_int_equal(seen.last.clone_flags, CLONE_NEWUSER | CLONE_NEWNS);
        seen = watched(call_clone3_unreadable, (struct cf_observe_wanted){0});
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 1);
        assert_int_equal(seen.last.clone_flags, 0);
}

static void test_flags_of_clone3_are_kept(void **state)
{
        (void)state;
        const struct cf_observe_argument wanted = {CF_TEST_ARCH, __NR_clone3, 0, false};
        struct cf_arena *arena = cf_arena_new((size_t)16 << 20);
        struct cf_observed_value *values;
        struct cf_error err = {0};
        size_t count, found = 0;
        struct child child = begin(call_clone3);
        struct cf_observer *observer = watch((struct cf_observe_wanted){.scope = CF_OBSERVE_TREE,
                                                                        .pid = child.pid,
                                                                        .count = true,
                                                                        .arguments = &wanted,
                                                                        .argument_count = 1});
        assert_int_equal(end(child), 0);
        assert_int_equal(cf_observer_values(observer, arena, &values, &count, &err), 0);
        for (size_t i = 0; i < count; i++)
                if (values[i].behind) {
                        found++;
                        assert_int_equal(values[i].nr, __NR_clone3);
                        assert_int_equal(values[i].value, CLONE_NEWUSER | CLONE_NEWNS);
                        assert_int_equal(values[i].count, 1);
                }
        assert_int_equal(found, 1);
        cf_observer_close(observer);
        cf_arena_free(arena);
}

static char path[] = "/var/log/account/pacct";

static void call_with_path(void)
{
        load_filter(SECCOMP_RET_ERRNO | EPERM, 0);
        syscall(ANSWERED, path);
}

static char long_path[300];

static void call_with_long_path(void)
{
        memset(long_path, 'x', sizeof(long_path) - 1);
        load_filter(SECCOMP_RET_ERRNO | EPERM, 0);
        syscall(ANSWERED, long_path);
}

static void call_with_no_path(void)
{
        load_filter(SECCOMP_RET_ERRNO | EPERM, 0);
        syscall(ANSWERED, 8);
}

static void test_paths(void **state)
{
        (void)state;
        const struct cf_observe_argument argument = {CF_TEST_ARCH, ANSWERED, 0, false};
        const struct cf_observe_wanted wanted = {.paths = &argument, .path_count = 1};
        assert_string_equal(watched(call_with_path, wanted).last.path, path);
        assert_int_equal(strlen(watched(call_with_long_path, wanted).last.path), 127);
        struct seen seen = watched(call_with_no_path, wanted);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 1);
        assert_string_equal(seen.last.path, "");
        assert_string_equal(watched(call_with_path, (struct cf_observe_wanted){0}).last.path, "");
}

/* ---- a killed watcher -------------------------------------------------------------------------
 */

#define PROGRAMS_MAX 64

static bool is_there(uint32_t id)
{
        union bpf_attr attr = {.prog_id = id};
        int fd = (int)syscall(__NR_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static void test_a_killed_watcher_leaves_nothing(void **state)
{
        (void)state;
        int ends[2];
        struct {
                uint32_t ids[PROGRAMS_MAX];
                uint32_t count;
        } own = {0};
        cf_observer_close(watch((struct cf_observe_wanted){.scope = CF_OBSERVE_ALL})); /* or skip */
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                struct cf_observe_wanted wanted = {.scope = CF_OBSERVE_ALL};
                struct cf_observer *observer;
                struct cf_error err = {0};
                if (cf_observer_open(&wanted, &observer, &err) < 0)
                        _exit(1);
                /* Its own programs: by its own descriptors, others may watch at the same time. */
                for (int fd = 0; fd < 256 && own.count < PROGRAMS_MAX; fd++) {
                        struct bpf_prog_info info = {0};
                        union bpf_attr attr = {.info = {.bpf_fd = (uint32_t)fd,
                                                        .info_len = sizeof(info),
                                                        .info = (uintptr_t)&info}};
                        char link[64], name[64];
                        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                        ssize_t size = readlink(link, name, sizeof(name) - 1);
                        if (size < 0)
                                continue;
                        name[size] = '\0';
                        if (strstr(name, "bpf-prog") &&
                            syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0)
                                own.ids[own.count++] = info.id;
                }
                if (write(ends[1], &own, sizeof(own)) != sizeof(own))
                        _exit(1);
                for (;;)
                        pause();
        }
        assert_int_equal(read(ends[0], &own, sizeof(own)), sizeof(own));
        assert_true(own.count >= 5);
        for (uint32_t i = 0; i < own.count; i++)
                assert_true(is_there(own.ids[i]));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        /* The kernel frees them a moment later. */
        for (uint32_t i = 0, tries = 0; i < own.count && tries < 500; tries++)
                if (is_there(own.ids[i]))
                        usleep(10000);
                else
                        i++;
        for (uint32_t i = 0; i < own.count; i++)
                assert_false(is_there(own.ids[i]));
        close(ends[0]);
        close(ends[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_millions_of_calls_of_many_threads),
                cmocka_unit_test(test_a_storm_of_forks),
                cmocka_unit_test(test_answers_of_others),
                cmocka_unit_test(test_flags_of_clone3),
                cmocka_unit_test(test_flags_of_clone3_are_kept),
                cmocka_unit_test(test_what_a_further_filter_refuses),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_a_killed_watcher_leaves_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
