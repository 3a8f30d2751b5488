/* SPDX-License-Identifier: Apache-2.0 */
/* From live processes to policies. */
#include <string.h>

#include "cli/prove.h"

#define MEMBERS_MAX 1000 /* threads of a group that are kept by name; all are counted */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- policies ---------------------------------------------------------------------------------
 */

/* SECCOMP_MODE_STRICT, kernel/seccomp.c: four calls of the caller's own architecture; x32 has
 * none. */
static cf_policy strict_policy(struct cf_policies *all)
{
        static const char *const names[][4] = {{"read", "write", "exit", "rt_sigreturn"},
                                               {"read", "write", "exit", "sigreturn"}};
        cf_policy policy = cf_policy_constant(all, CF_KILL_THREAD);
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++) {
                const char *const *allowed = names[arch->bits == 64 ? 0 : 1];
                for (size_t k = 0; k < 4 && arch->base < CF_X32_BIT; k++) {
                        uint32_t nr;
                        if (!cf_syscall_number(arch, allowed[k], &nr))
                                continue;
                        cf_policy here =
                                cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, arch->token),
                                              cf_policy_equal(all, CF_SLICE_NR, nr));
                        policy = cf_policy_choose(all, here, cf_policy_constant(all, CF_ALLOW),
                                                  policy);
                }
        }
        return policy;
}

/* The kernel runs all filters of a thread: the stricter action wins. */
static int stack(struct cf_policies *all, const struct cf_kernel_thread *thread,
                 cf_policy *ret_policy, struct cf_error *err)
{
        cf_policy policy = CF_POLICY_NONE;
        for (size_t i = thread->filter_count; i > 0; i--) {
                const struct cf_kernel_filter *filter = &thread->filters[i - 1];
                cf_policy one;
                int r = cf_filter_lift(all, (struct cf_filter){filter->code, filter->count}, &one,
                                       err);
                if (r < 0)
                        return cf_error_doing(err, r, NULL, "lifting filter %zu of %zu",
                                              thread->filter_count - i + 1, thread->filter_count);
                policy = i == thread->filter_count ? one : cf_policy_stack(all, one, policy);
        }
        policy = cf_policy_normal(all, policy);
        *ret_policy = policy;
        return cf_policies_check(all, policy, err);
}

/* The programs of a thread by their addresses: the reader keeps one copy of each. */
static int stack_key(struct cf_arena *arena, const struct cf_kernel_thread *thread,
                     struct cf_span *ret_key)
{
        const void **key = cf_arena_many(arena, thread->filter_count, const void *);
        if (!key)
                return -ENOMEM;
        for (size_t i = 0; i < thread->filter_count; i++)
                key[i] = thread->filters[i].code;
        *ret_key = (struct cf_span){(const char *)key, thread->filter_count * sizeof(*key)};
        return 0;
}

int cf_prove_policy(struct cf_prove *prove, const struct cf_kernel_thread *thread,
                    cf_policy *ret_policy, struct cf_error *err)
{
        struct cf_policies *all = prove->job.all;
        struct cf_span key;
        if (thread->mode != CF_KERNEL_FILTER) {
                *ret_policy = thread->mode == CF_KERNEL_STRICT ? strict_policy(all)
                                                               : cf_policy_constant(all, CF_ALLOW);
                return cf_policies_check(all, *ret_policy, err);
        }
        if (!prove->stacks)
                prove->stacks = cf_map_new(prove->job.arena);
        if (!prove->stacks || stack_key(prove->job.arena, thread, &key) < 0)
                return no_memory(err);
        cf_policy *kept = cf_map_get(prove->stacks, key);
        if (!kept) {
                kept = cf_arena_one(prove->job.arena, cf_policy);
                int r = kept ? stack(all, thread, kept, err) : no_memory(err);
                if (r < 0)
                        return r;
                if (cf_map_put(prove->stacks, key, kept) < 0)
                        return no_memory(err);
        }
        *ret_policy = *kept;
        return 0;
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static struct cf_prove_group *group_of(struct cf_prove *prove, struct cf_prove_subject *subject,
                                       enum cf_kernel_mode mode, cf_policy policy)
{
        for (size_t i = 0; i < subject->groups.count; i++) {
                struct cf_prove_group *group = &subject->groups.items[i];
                if (group->policy == policy && group->mode == mode)
                        return group;
        }
        struct cf_prove_group group = {.mode = mode,
                                       .policy = policy,
                                       .least_filters = SIZE_MAX,
                                       .least_instructions = SIZE_MAX};
        if (cf_vec_push(prove->job.arena, &subject->groups, group) < 0)
                return NULL;
        return &subject->groups.items[subject->groups.count - 1];
}

static void widen(size_t value, size_t *least, size_t *most)
{
        if (value < *least)
                *least = value;
        if (value > *most)
                *most = value;
}

static int add_thread(struct cf_prove *prove, struct cf_prove_subject *subject,
                      const struct cf_kernel_process *process,
                      const struct cf_kernel_thread *thread, struct cf_error *err)
{
        cf_policy policy;
        size_t instructions = 0;
        int r = cf_prove_policy(prove, thread, &policy, err);
        if (r < 0)
                return r;
        struct cf_prove_group *group = group_of(prove, subject, thread->mode, policy);
        if (!group)
                return no_memory(err);
        for (size_t i = 0; i < thread->filter_count; i++)
                instructions += thread->filters[i].count;
        widen(thread->filter_count, &group->least_filters, &group->most_filters);
        widen(instructions, &group->least_instructions, &group->most_instructions);
        group->threads++;
        subject->threads++;
        if (thread->stopped_ns > subject->stopped_ns)
                subject->stopped_ns = thread->stopped_ns;
        group->processes += group->last_pid != process->pid;
        group->last_pid = process->pid;
        if (group->members.count < MEMBERS_MAX) {
                struct cf_prove_member member = {process->pid, thread->tid, process->name, false};
                if (cf_vec_push(prove->job.arena, &group->members, member) < 0)
                        return no_memory(err);
        }
        return 0;
}

/* A process whose threads are all in one group is one member. */
static void join_members(struct cf_prove_subject *subject, const struct cf_kernel_process *process)
{
        for (size_t i = 0; i < subject->groups.count; i++) {
                struct cf_prove_group *group = &subject->groups.items[i];
                size_t first = group->members.count;
                while (first > 0 && group->members.items[first - 1].pid == process->pid)
                        first--;
                if (group->members.count - first != process->thread_count)
                        continue;
                group->members.items[first].whole = true;
                group->members.count = first + 1;
        }
}

static int compare_groups(const void *left, const void *right)
{
        const struct cf_prove_group *a = left, *b = right;
        if (a->threads != b->threads)
                return a->threads < b->threads ? 1 : -1;
        const struct cf_prove_member *x = &a->members.items[0], *y = &b->members.items[0];
        if (x->pid != y->pid)
                return x->pid < y->pid ? -1 : 1;
        return (x->tid > y->tid) - (x->tid < y->tid);
}

int cf_prove_read(struct cf_prove *prove, const struct cf_prove_target *target,
                  struct cf_prove_subject *ret_subject, struct cf_error *err)
{
        struct cf_prove_subject subject = {.target = target};
        for (size_t i = 0; i < target->process_count; i++) {
                struct cf_kernel_process process;
                struct cf_error gone = {0};
                int r = cf_kernel_process_read(prove->reader, target->processes[i].pid,
                                               target->processes[i].start_time, &process, &gone);
                /* Of a container's processes some may end meanwhile. */
                if (r == -ESRCH && target->image)
                        continue;
                if (r < 0 && err)
                        cf_error_copy(err, &gone);
                for (size_t k = 0; r == 0 && k < process.thread_count; k++)
                        r = add_thread(prove, &subject, &process, &process.threads[k], err);
                if (r < 0)
                        return r;
                join_members(&subject, &process);
                if (!subject.processes++) {
                        subject.name = process.name;
                        subject.capabilities = process.capabilities;
                }
        }
        if (!subject.processes)
                return cf_error_set(err, -ESRCH, NULL, "no process of it is left to look at");
        qsort(subject.groups.items, subject.groups.count, sizeof(*subject.groups.items),
              compare_groups);
        *ret_subject = subject;
        return 0;
}
