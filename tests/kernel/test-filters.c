/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that were installed come back byte for byte, from every thread. */
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>

#include "target.h"

static struct cf_kernel_process read_target(struct cf_arena *arena, pid_t pid)
{
        struct cf_kernel_reader *reader = cf_kernel_reader_new(arena);
        struct cf_kernel_process process;
        struct cf_error err = {0};
        assert_non_null(reader);
        if (cf_kernel_process_read(reader, pid, 0, &process, &err) < 0)
                fail_msg("%s", err.frames[0].message);
        assert_int_equal(err.code, 0);
        return process;
}

static void expect_numbered(const struct cf_kernel_filter *filter, uint32_t number)
{
        struct sock_filter code[4];
        numbered(code, number);
        assert_int_equal(filter->count, CF_COUNT(code));
        assert_memory_equal(filter->code, code, sizeof(code));
}

/* ---- of one thread -------------------------------------------------------------------------- */

static void prepare_one(void *context)
{
        (void)context;
        if (prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0) < 0)
                abort();
        install(1000, 0);
}

static void one(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct target target = target_start(prepare_one, NULL);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.pid, target.pid);
        assert_true(process.start_time > 0);
        assert_string_equal(process.name, "unit-kernel-fil"); /* the kernel keeps 15 bytes */
        assert_false(process.capabilities & UINT64_C(1) << CAP_SYS_BOOT);
        assert_true(process.capabilities & UINT64_C(1) << CAP_CHOWN);
        assert_int_equal(process.thread_count, 1);
        assert_int_equal(process.threads[0].tid, target.pid);
        assert_int_equal(process.threads[0].mode, CF_KERNEL_FILTER);
        assert_int_equal(process.threads[0].filter_count, 1);
        assert_true(process.threads[0].stopped_ns > 0);
        expect_numbered(&process.threads[0].filters[0], 1000);
        assert_true(process.threads[0].filters[0].log_known);
        assert_false(process.threads[0].filters[0].log);
        target_answers(&target);
        target_end(&target);
}

static void prepare_stack(void *context)
{
        for (uint32_t i = 0; i < *(uint32_t *)context; i++)
                install(1000 + i, i == 1 ? SECCOMP_FILTER_FLAG_LOG : 0);
}

/* Newest first, whatever ptrace(2) says of the kernel's order. */
static void several(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        uint32_t count = 200;
        struct target target = target_start(prepare_stack, &count);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.threads[0].filter_count, count);
        for (uint32_t i = 0; i < count; i++) {
                expect_numbered(&process.threads[0].filters[i], 1000 + count - 1 - i);
                assert_int_equal(process.threads[0].filters[i].log, i == count - 2);
        }
        target_answers(&target);
        target_end(&target);
}

static void prepare_largest(void *context)
{
        static struct sock_filter code[BPF_MAXINSNS];
        (void)context;
        for (size_t i = 0; i < BPF_MAXINSNS; i++)
                code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
                                                       (uint32_t)(SECCOMP_RET_ALLOW + i));
        struct sock_fprog program = {BPF_MAXINSNS, code};
        install_code(code, BPF_MAXINSNS, 0);
        while (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
                ;
}

/* As much as the kernel takes. */
static void largest(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct target target = target_start(prepare_largest, NULL);
        struct cf_kernel_process process = read_target(arena, target.pid);
        const struct cf_kernel_filter *filters = process.threads[0].filters;
        size_t count = process.threads[0].filter_count;
        assert_in_range(count, 2, 8);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(filters[i].count, BPF_MAXINSNS);
                assert_ptr_equal(filters[i].code, filters[0].code); /* equal programs are one */
        }
        for (size_t i = 0; i < BPF_MAXINSNS; i++)
                assert_int_equal(filters[0].code[i].k, SECCOMP_RET_ALLOW + i);
        target_end(&target);
}

static void none(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct target target = target_start(NULL, NULL);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.thread_count, 1);
        assert_int_equal(process.threads[0].mode, CF_KERNEL_OFF);
        assert_int_equal(process.threads[0].filter_count, 0);
        assert_int_equal(process.threads[0].stopped_ns, 0); /* nothing to stop it for */
        target_end(&target);
}

static void prepare_strict(void *context)
{
        (void)context;
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

static void strict(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct target target = target_start(prepare_strict, NULL);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.threads[0].mode, CF_KERNEL_STRICT);
        target_answers(&target);
        target_end(&target);
}

/* The list of groups makes the status file long: the seccomp state stands behind it. */
static void prepare_groups(void *context)
{
        static gid_t groups[65536];
        (void)context;
        for (size_t i = 0; i < CF_COUNT(groups); i++)
                groups[i] = (gid_t)(4000000000u + i);
        if (setgroups(CF_COUNT(groups), groups) < 0)
                abort();
        install(7, 0);
}

static void many_groups(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct target target = target_start(prepare_groups, NULL);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.threads[0].filter_count, 1);
        expect_numbered(&process.threads[0].filters[0], 7);
        target_end(&target);
}

/* ---- of several threads --------------------------------------------------------------------- */

struct crew {
        pthread_barrier_t ready;
        bool all; /* the last one's filter is for all */
};

static void *crew_member(void *context)
{
        struct crew *crew = context;
        static _Atomic uint32_t number = 1;
        install(number++, 0);
        pthread_barrier_wait(&crew->ready);
        for (;;)
                pause();
        return NULL;
}

static void prepare_crew(void *context)
{
        struct crew *crew = context;
        pthread_t thread;
        pthread_barrier_init(&crew->ready, NULL, 4);
        install(100, 0);
        for (int i = 0; i < 3; i++)
                if (pthread_create(&thread, NULL, crew_member, crew) != 0)
                        abort();
        pthread_barrier_wait(&crew->ready);
}

static void threads_differ(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct crew crew = {0};
        struct target target = target_start(prepare_crew, &crew);
        struct cf_kernel_process process = read_target(arena, target.pid);
        uint32_t seen = 0;
        assert_int_equal(process.thread_count, 4);
        for (size_t i = 0; i < 4; i++) {
                const struct cf_kernel_thread *thread = &process.threads[i];
                bool leader = thread->tid == target.pid;
                if (i)
                        assert_true(thread->tid > process.threads[i - 1].tid);
                assert_int_equal(thread->filter_count, leader ? 1 : 2);
                expect_numbered(&thread->filters[thread->filter_count - 1], 100);
                if (!leader)
                        seen |= 1u << thread->filters[0].code[1].k;
        }
        assert_int_equal(seen, 1u << 1 | 1u << 2 | 1u << 3);
        target_answers(&target);
        target_end(&target);
}

static void *idle(void *context)
{
        pthread_barrier_wait(context);
        for (;;)
                pause();
        return NULL;
}

static void prepare_synced(void *context)
{
        pthread_t thread;
        pthread_barrier_t *ready = context;
        pthread_barrier_init(ready, NULL, 4);
        for (int i = 0; i < 3; i++)
                if (pthread_create(&thread, NULL, idle, ready) != 0)
                        abort();
        pthread_barrier_wait(ready);
        install(5, SECCOMP_FILTER_FLAG_TSYNC);
}

static void synced(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        pthread_barrier_t ready;
        struct target target = target_start(prepare_synced, &ready);
        struct cf_kernel_process process = read_target(arena, target.pid);
        assert_int_equal(process.thread_count, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(process.threads[i].filter_count, 1);
                expect_numbered(&process.threads[i].filters[0], 5);
                assert_ptr_equal(process.threads[i].filters[0].code,
                                 process.threads[0].filters[0].code);
        }
        target_answers(&target);
        target_end(&target);
}

/* The first thread may end before the others: the process is then no zombie, though it looks so. */
static void *outlive(void *context)
{
        const struct target *ends = context;
        char byte = 'r';
        wait_state(getpid(), 'Z');
        if (write(ends->to, &byte, 1) != 1)
                abort();
        echo(ends->from, ends->to);
        return NULL;
}

static void leader_ended(void **state)
{
        (void)state;
        needs_root();
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        int to[2], from[2];
        char byte;
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                struct target ends = {.to = from[1], .from = to[0]};
                pthread_t thread;
                close(to[1]);
                close(from[0]);
                install(9, 0);
                if (pthread_create(&thread, NULL, outlive, &ends) != 0)
                        abort();
                syscall(SYS_exit, 0);
        }
        close(to[0]);
        close(from[1]);
        struct target target = {pid, to[1], from[0]};
        assert_int_equal(read(from[0], &byte, 1), 1);
        struct cf_kernel_process process = read_target(arena, pid);
        assert_int_equal(process.thread_count, 1);
        assert_int_not_equal(process.threads[0].tid, pid);
        expect_numbered(&process.threads[0].filters[0], 9);
        target_answers(&target);
        target_end(&target);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one),
                cmocka_unit_test(several),
                cmocka_unit_test(largest),
                cmocka_unit_test(none),
                cmocka_unit_test(strict),
                cmocka_unit_test(many_groups),
                cmocka_unit_test(threads_differ),
                cmocka_unit_test(synced),
                cmocka_unit_test(leader_ended),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
