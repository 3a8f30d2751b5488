/* SPDX-License-Identifier: Apache-2.0 */
/* From live processes to policies. */
#include <string.h>

#include "cli/prove.h"

#define MEMBERS_MAX 1000 /* threads of a group that are kept by name; all are counted */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
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
        int r = cf_live_policy(&prove->live, thread, &policy, err);
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
                int r = cf_kernel_process_read(prove->live.reader, target->processes[i].pid,
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
