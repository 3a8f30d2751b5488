/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of calls that filters refuse, on the running kernel: exact numbers, and nothing that
 * was not refused. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observed.h"

#define REFUSED __NR_acct /* the filters of these tests refuse it */
#define THREADS 8
#define TIMES 20000

static const struct sock_filter *filter_of(uint32_t answer)
{
        static struct sock_filter code[4];
        code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, nr));
        code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED, 0, 1);
        code[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
        code[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        return code;
}

static void load_filter(uint32_t answer, unsigned flags)
{
        struct sock_fprog program = {4, (struct sock_filter *)(uintptr_t)filter_of(answer)};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0)
                _exit(100);
}

/* Watches one child for its whole life; what it did wrong by itself ends the test. */
static struct seen watched(void (*work)(void), bool failed, int *ret_status)
{
        struct seen seen = {0};
        struct cf_error err = {0};
        struct child child = begin(work);
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .failed = failed});
        int status = end(child);
        assert_int_equal(cf_observer_read(observer, keep, &seen, &err), 0);
        struct cf_observed_losses losses = cf_observer_losses(observer);
        assert_int_equal(losses.events + losses.uncounted + losses.unmarked, 0);
        for (int kind = 0; kind <= CF_OBSERVED_FAILED; kind++)
                assert_int_equal(seen.of_kind[kind], counted(observer, kind));
        cf_observer_close(observer);
        if (ret_status)
                *ret_status = status;
        else
                assert_int_equal(status, 0);
        return seen;
}

/* ---- one call ---------------------------------------------------------------------------------
 */

static void call_once(void)
{
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        if (syscall(REFUSED, 11, 22, 33, 44, 55, 0x100000066) != -1 || errno != EXDEV)
                _exit(1);
}

static void test_one_call_with_all_that_is_known(void **state)
{
        (void)state;
        struct seen seen = watched(call_once, false, NULL);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 1);
        assert_int_equal(seen.of_kind[CF_OBSERVED_UNSURE], 0);
        assert_int_equal(seen.begun, 1);
        assert_int_equal(seen.last.nr, REFUSED);
        assert_int_equal(seen.last.result, -EXDEV);
        assert_int_equal(seen.last.args[0], 11);
        assert_int_equal(seen.last.args[3], 44);
        assert_int_equal(seen.last.args[5], 0x100000066);
        assert_int_equal(seen.last.mode, 2);
        assert_true(seen.last.filters >= 1);
        assert_int_equal(seen.last.pid, seen.last.tid);
        assert_true(seen.last.initial);
        assert_true(seen.last.capabilities != 0);
        assert_true(seen.last.group != 0);
}

#if defined(__x86_64__)
static void call_narrow(void)
{
        long result = 169; /* i386: nfsservctl; the filter looks at numbers alone */
        _Static_assert(REFUSED == 163, "x86_64");
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(REFUSED), "b"(0x1ffffffffL), "c"(2L), "d"(3L), "S"(4L), "D"(5L)
                         : "memory", "r8", "r9", "r10", "r11");
        if ((int)result != -EXDEV)
                _exit(1);
}

static void test_a_call_of_32_bits(void **state)
{
        (void)state;
        struct seen seen = watched(call_narrow, false, NULL);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 1);
        assert_int_equal(seen.last.arch, AUDIT_ARCH_I386);
        assert_int_equal(seen.last.args[0], 0xffffffff);
        assert_int_equal(seen.last.args[4], 5);
}
#endif

/* ---- many -------------------------------------------------------------------------------------
 */

static void *call_often(void *unused)
{
        for (int i = 0; i < TIMES; i++)
                if (syscall(REFUSED, i) != -1 || errno != EXDEV)
                        _exit(1);
        return unused;
}

static void call_in_threads(void)
{
        pthread_t threads[THREADS];
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        for (int i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, call_often, NULL) != 0)
                        _exit(2);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
}

static void test_every_call_of_many_threads(void **state)
{
        (void)state;
        struct seen seen = {0};
        struct cf_error err = {0};
        struct child child = begin(call_in_threads);
        /* A ring that cannot hold them: totals are exact all the same, and losses are told. */
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .ring_kib = 64});
        assert_int_equal(end(child), 0);
        assert_int_equal(cf_observer_read(observer, keep, &seen, &err), 0);
        struct cf_observed_losses losses = cf_observer_losses(observer);
        assert_true(losses.events > 0);
        assert_int_equal(losses.uncounted + losses.unmarked, 0);
        assert_int_equal(counted(observer, CF_OBSERVED_REFUSED), THREADS * TIMES);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED] + losses.events, THREADS * TIMES);
        cf_observer_close(observer);
}

/* ---- what is no refusal -----------------------------------------------------------------------
 */

static void handle(int signal)
{
        (void)signal;
}

static void make_noise(void)
{
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
        sigaction(SIGALRM, &action, NULL);
        for (int i = 0; i < 300; i++) {
                int status;
                pid_t pid = i % 2 ? fork() : vfork();
                if (pid == 0 && i % 3 == 0)
                        execl("/bin/true", "true", NULL);
                if (pid == 0)
                        _exit(0);
                if (pid < 0 || waitpid(pid, &status, 0) != pid)
                        _exit(1);
        }
        /* Interrupted, and begun again by restart_syscall or by itself. */
        pid_t parent = getpid(), pid = fork();
        if (pid == 0) {
                for (int i = 0; i < 20; i++) {
                        usleep(1000);
                        kill(parent, i % 2 ? SIGALRM : SIGCONT);
                }
                _exit(0);
        }
        usleep(30000);
        waitpid(pid, NULL, 0);
        if (close(-1) == 0 || chdir("/does/not/exist") == 0)
                _exit(1);
}

static void test_nothing_where_nothing_is_refused(void **state)
{
        (void)state;
        struct seen seen = watched(make_noise, false, NULL);
        for (int kind = 0; kind <= CF_OBSERVED_FAILED; kind++)
                assert_int_equal(seen.of_kind[kind], 0);
}

static void be_refused(void)
{
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        if (setuid(1) < 0 || chown("/", 0, 0) == 0)
                _exit(1);
}

static void test_what_the_kernel_refuses(void **state)
{
        (void)state;
        struct seen seen = watched(be_refused, true, NULL);
        assert_int_equal(seen.of_kind[CF_OBSERVED_REFUSED], 0);
        assert_int_equal(seen.of_kind[CF_OBSERVED_FAILED], 1);
        assert_int_equal(seen.last.result, -EPERM);
        assert_int_equal(seen.last.nr, __NR_chown);
        assert_int_equal(seen.last.capabilities, 0);
}

/* ---- other answers ----------------------------------------------------------------------------
 */

static void call_and_die(void)
{
        load_filter(SECCOMP_RET_KILL_PROCESS, 0);
        syscall(REFUSED, 7);
}

static void *call_one(void *unused)
{
        syscall(REFUSED, 7);
        return unused;
}

static void call_and_end_thread(void)
{
        pthread_t thread;
        load_filter(SECCOMP_RET_KILL_THREAD, 0);
        pthread_create(&thread, NULL, call_one, NULL);
        usleep(50000);
}

static void call_and_be_trapped(void)
{
        signal(SIGSYS, handle);
        load_filter(SECCOMP_RET_TRAP, 0);
        syscall(REFUSED, 7);
}

static void call_without_tracer(void)
{
        load_filter(SECCOMP_RET_TRACE, 0);
        syscall(REFUSED, 7);
}

static void call_and_be_logged(void)
{
        load_filter(SECCOMP_RET_LOG, 0);
        syscall(REFUSED, 0);
}

static void test_other_answers(void **state)
{
        static const struct {
                void (*work)(void);
                enum cf_observed_kind kind;
                size_t count;
                int signal;
        } all[] = {
                {call_and_die, CF_OBSERVED_KILLED, 1, SIGSYS},
                {call_and_end_thread, CF_OBSERVED_KILLED, 1, 0},
                {call_and_be_trapped, CF_OBSERVED_TRAPPED, 1, 0},
                {call_without_tracer, CF_OBSERVED_REFUSED, 1, 0},
                {call_and_be_logged, CF_OBSERVED_REFUSED, 0, 0},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
                int status;
                struct seen seen = watched(all[i].work, false, &status);
                for (int kind = 0; kind <= CF_OBSERVED_FAILED; kind++)
                        assert_int_equal(seen.of_kind[kind],
                                         kind == (int)all[i].kind ? all[i].count : 0);
                assert_int_equal(status & 0x7f, all[i].signal);
                if (all[i].count) {
                        assert_int_equal(seen.last.nr, REFUSED);
                        assert_int_equal(seen.last.args[0], 7);
                }
        }
}

/* ---- counters ---------------------------------------------------------------------------------
 */

static void call_known_numbers(void)
{
        load_filter(SECCOMP_RET_ERRNO | EXDEV, 0);
        for (int i = 0; i < 1234; i++)
                syscall(__NR_getppid);
        for (int i = 0; i < 99; i++)
                syscall(REFUSED);
}

static void test_calls_are_counted(void **state)
{
        (void)state;
        struct cf_error err = {0};
        struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
        struct cf_observed_call *calls;
        size_t count, found = 0;
        struct child child = begin(call_known_numbers);
        struct cf_observer *observer = watch((struct cf_observe_wanted){
                .scope = CF_OBSERVE_TREE, .pid = child.pid, .count = true});
        assert_int_equal(end(child), 0);
        assert_int_equal(cf_observer_calls(observer, arena, &calls, &count, &err), 0);
        for (size_t i = 0; i < count; i++) {
                if (calls[i].nr == __NR_getppid || calls[i].nr == REFUSED) {
                        found++;
                        assert_int_equal(calls[i].before, calls[i].nr == REFUSED ? 99 : 1234);
                        assert_int_equal(calls[i].count, 0); /* it never called execve */
                }
                assert_true(calls[i].nr != __NR_read); /* before the filter */
        }
        assert_int_equal(found, 2);
        cf_observer_close(observer);
        cf_arena_free(arena);
}

/* ---- a mark ------------------------------------------------------------------------------------
 */

#define MARK UINT64_C(0x5a5a1234c3c39876)
#define LONG_FILTER 4000

/* A filter that compares an argument with a number, behind `before` instructions that do nothing.
 */
static void load_marked(uint64_t number, size_t before)
{
        static struct sock_filter code[LONG_FILTER + 4];
        size_t count = 0;
        while (count < before)
                code[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
        code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                     (uint32_t)(number >> 32), 0, 1);
        code[count++] =
                (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0);
        code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        struct sock_fprog program = {(unsigned short)count, code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                _exit(100);
}

static void *call_in_thread(void *unused)
{
        for (int i = 0; i < 10; i++)
                syscall(__NR_getppid);
        return unused;
}

static void call_by_all(void)
{
        pthread_t thread;
        call_in_thread(NULL);
        if (pthread_create(&thread, NULL, call_in_thread, NULL) != 0 ||
            pthread_join(thread, NULL) != 0)
                _exit(101);
        pid_t child = fork();
        if (child == 0) {
                call_in_thread(NULL);
                _exit(0);
        }
        waitpid(child, NULL, 0);
}

static void call_marked(void)
{
        call_in_thread(NULL); /* before: not counted */
        load_marked(MARK, 0);
        call_by_all();
}

static void call_marked_far_behind(void)
{
        load_marked(MARK, LONG_FILTER);
        call_by_all();
}

static void call_nearly_marked(void)
{
        load_marked(MARK + 1, 0);
        call_by_all();
}

static void test_who_has_the_mark(void **state)
{
        (void)state;
        static const struct {
                void (*work)(void);
                uint64_t calls;
        } all[] = {{call_marked, 30}, {call_marked_far_behind, 30}, {call_nearly_marked, 0}};
        for (size_t i = 0; i < CF_COUNT(all); i++) {
                struct cf_error err = {0};
                struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
                struct cf_observed_call *calls;
                size_t count;
                uint64_t found = 0;
                struct child child = begin(all[i].work);
                struct cf_observer *observer = watch((struct cf_observe_wanted){
                        .scope = CF_OBSERVE_MARK, .mark = MARK, .count = true});
                assert_int_equal(end(child), 0);
                assert_int_equal(cf_observer_calls(observer, arena, &calls, &count, &err), 0);
                for (size_t k = 0; k < count; k++)
                        if (calls[k].nr == __NR_getppid)
                                found = calls[k].count + calls[k].before;
                assert_int_equal(found, all[i].calls);
                cf_observer_close(observer);
                cf_arena_free(arena);
        }
}

static void test_no_such_process(void **state)
{
        (void)state;
        struct cf_observe_wanted wanted = {.scope = CF_OBSERVE_TREE, .pid = 0x7ffffff0};
        struct cf_observer *observer = NULL;
        struct cf_error err = {0};
        cf_observer_close(watch((struct cf_observe_wanted){.scope = CF_OBSERVE_ALL}));
        assert_int_equal(cf_observer_open(&wanted, &observer, &err), -ESRCH);
        assert_null(observer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_call_with_all_that_is_known),
#if defined(__x86_64__)
                cmocka_unit_test(test_a_call_of_32_bits),
#endif
                cmocka_unit_test(test_every_call_of_many_threads),
                cmocka_unit_test(test_nothing_where_nothing_is_refused),
                cmocka_unit_test(test_what_the_kernel_refuses),
                cmocka_unit_test(test_other_answers),
                cmocka_unit_test(test_calls_are_counted),
                cmocka_unit_test(test_who_has_the_mark),
                cmocka_unit_test(test_no_such_process),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
