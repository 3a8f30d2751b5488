/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's filters of containers do, beside what their engines would have loaded. */
#include <string.h>

#include "cli/audit-live.h"

#define NODES_KEPT (CF_POLICY_NODES_MAX / 2) /* with more, the next container starts afresh */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- the kernel's side ------------------------------------------------------------------------
 */

static size_t count_calls(struct cf_audit_work *work, cf_policy policy)
{
        const unsigned open = cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG);
        const struct cf_arch *machine = work->job.circumstances.machine;
        cf_policy let = cf_policy_where_action(work->job.all, policy, open);
        size_t count = 0;
        uint32_t nr;
        for (size_t i = 0; let != CF_POLICY_NONE && cf_syscall_of_arch(machine, i, &nr); i++)
                count += cf_policy_of_call(work->job.all, let, machine->token, nr) !=
                         CF_POLICY_FALSE;
        return count;
}

/* The oldest filter of a thread: the runtime's. */
static int own_filter(struct cf_audit_work *work, const struct cf_kernel_filter *filter,
                      const struct cf_audit_own **ret_own, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        const struct cf_kernel_thread alone = {
                .mode = CF_KERNEL_FILTER, .filters = filter, .filter_count = 1};
        for (size_t i = 0; i < work->owns.count; i++)
                if (work->owns.items[i]->code == filter->code) {
                        *ret_own = work->owns.items[i];
                        return 0;
                }
        struct cf_audit_own *own = cf_arena_one(work->job.arena, struct cf_audit_own);
        if (!own)
                return no_memory(err);
        own->code = filter->code;
        int r = cf_live_policy(&work->live, &alone, &own->policy, err);
        if (r < 0)
                return r;
        own->allows_all = cf_live_allows_all(all, work->job.circumstances.machine, own->policy);
        own->calls = count_calls(work, own->policy);
        if (cf_vec_push(work->job.arena, &work->owns, own) < 0)
                return no_memory(err);
        *ret_own = own;
        return 0;
}

/* ---- the configuration ------------------------------------------------------------------------
 */

/* The profile that the container was configured with: the last entry counts, and Docker keeps a
 * profile's text. Nothing when there is none, or it is not known, or this is not Docker. */
static bool configured(const struct cf_subject *subject, const struct cf_live_default *by_default,
                       struct cf_audit_reference *reference)
{
        const struct cf_engine *engine = subject->engine;
        const struct cf_setting *last = NULL;
        for (size_t i = 0; i < subject->setting_count; i++)
                if (subject->settings[i].kind == CF_SETTING_SECURITY_OPT)
                        last = &subject->settings[i];
        if (strcmp(engine->name, "Docker") != 0 || subject->container->privileged)
                return false;
        if (last && last->profile_json) {
                reference->json = last->profile_json;
                return true;
        }
        bool usual = engine->default_profile && (strcmp(engine->default_profile, "default") == 0 ||
                                                 strcmp(engine->default_profile, "builtin") == 0);
        reference->profile = by_default->profile;
        return !last && usual && by_default->known && !by_default->newer;
}

/* ---- one container ----------------------------------------------------------------------------
 */

/* Whether the policy lets through what the container's own filter refuses. */
static bool is_looser(struct cf_audit_work *work, cf_policy policy, const struct cf_audit_own *own)
{
        struct cf_policies *all = work->job.all;
        cf_policy looser = cf_policy_and(all, work->possible,
                                         cf_policy_where_looser(all, policy, own->policy));
        return looser != CF_POLICY_NONE && looser != CF_POLICY_FALSE;
}

/* Whether some thread did not start under the container's own filter. (Programs alone do not tell:
 * a runtime's differ from run to run.) What a process of the container puts on top makes it
 * stricter, whatever it is: that is not looked at, and cannot be made to cost anything. */
static int look_for_strangers(struct cf_audit_work *work, const struct cf_kernel_process *process,
                              const struct cf_audit_own *own, struct cf_enforced *enforced)
{
        for (size_t i = 0; i < process->thread_count; i++) {
                const struct cf_kernel_thread *thread = &process->threads[i];
                const struct cf_audit_own *oldest;
                cf_policy policy;
                if (!thread->filter_count)
                        continue;
                int r = own_filter(work, &thread->filters[thread->filter_count - 1], &oldest, NULL);
                if (r == 0 &&
                    (oldest->policy == own->policy || !is_looser(work, oldest->policy, own)))
                        continue;
                if (r == 0)
                        r = cf_live_policy(&work->live, thread, &policy, NULL);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !is_looser(work, policy, own))
                        continue;
                if (!enforced->strangers++)
                        enforced->first_stranger = process->pid;
                return 0;
        }
        return 0;
}

static int read_processes(struct cf_audit_work *work, const struct cf_container *container,
                          struct cf_enforced *enforced, const struct cf_audit_own **ret_own,
                          uint64_t *ret_capabilities, struct cf_error *err)
{
        const struct cf_process *first = NULL;
        struct cf_kernel_process process;
        for (size_t i = 0; i < container->process_count; i++)
                if (container->processes[i].pid == container->pid)
                        first = &container->processes[i];
        if (!first)
                return cf_error_set(err, -ESRCH, NULL, "its first process cannot be seen");
        int r = cf_kernel_process_read(work->live.reader, first->pid, first->start_time, &process,
                                       err);
        if (r < 0)
                return r;
        const struct cf_kernel_thread *thread = &process.threads[0];
        *ret_capabilities = process.capabilities & CF_CAPABILITIES_ALL;
        if (thread->filter_count) {
                const struct cf_kernel_filter *oldest = &thread->filters[thread->filter_count - 1];
                enforced->instructions = oldest->count;
                r = own_filter(work, oldest, ret_own, err);
        }
        for (size_t i = 0; r == 0 && *ret_own && i < container->process_count; i++) {
                const struct cf_process *other = &container->processes[i];
                if (other->mode != CF_SECCOMP_FILTER || other == first)
                        continue;
                /* One that cannot be read has ended, or has a tracer. */
                if (cf_kernel_process_read(work->live.reader, other->pid, other->start_time,
                                           &process, NULL) == 0)
                        r = look_for_strangers(work, &process, *ret_own, enforced);
        }
        return r;
}

static int look(struct cf_audit_work *work, const struct cf_subject *subject,
                struct cf_enforced *enforced, struct cf_error *err)
{
        const struct cf_container *container = subject->container;
        const struct cf_audit_own *own = NULL;
        struct cf_live_default by_default;
        struct cf_audit_reference wanted = {.runtime = strcmp(subject->engine->name, "Podman") == 0
                                                               ? CF_RUNTIME_CRUN
                                                               : CF_RUNTIME_RUNC};
        uint64_t given = cf_audit_capabilities(container);
        bool known = false;
        int r = read_processes(work, container, enforced, &own, &wanted.capabilities, err);
        if (r == 0 && cf_live_default(work->job.arena, subject->engine, &by_default) < 0)
                r = no_memory(err);
        if (r < 0)
                return r;
        enforced->state = !own              ? CF_ENFORCED_NOTHING
                          : own->allows_all ? CF_ENFORCED_ALLOWS_ALL
                                            : CF_ENFORCED_FILTERS;
        if (!own || own->allows_all)
                return 0;
        enforced->calls = own->calls;
        struct cf_audit_reference settings = wanted;
        if (configured(subject, &by_default, &settings))
                r = cf_audit_compare(work, own, settings, given, &enforced->configured_known, NULL,
                                     &enforced->than_configured, err);
        if (r < 0 || !by_default.known)
                return r;
        wanted.profile = by_default.profile;
        r = cf_audit_compare(work, own, wanted, given, &known,
                             settings.json ? NULL : &enforced->is_default, &enforced->than_default,
                             err);
        if (r == 0 && known)
                enforced->by_default = by_default.short_words;
        return r;
}

/* ---- all --------------------------------------------------------------------------------------
 */

static bool is_worth_it(const struct cf_subject *subject)
{
        const struct cf_container *container = subject->container;
        return container && container->running && container->processes_known &&
               container->process_count && subject->engine && subject->engine->local;
}

/* Policies of the next containers, and what is known of them. Those that were made may have grown:
 * filters of strangers can be anything. */
static int renew(struct cf_audit_work *work)
{
        if (work->job.all && cf_policies_count(work->job.all) < NODES_KEPT)
                return 0;
        work->job.all = cf_policies_free(work->job.all);
        work->job.all = work->live.all = cf_policies_new(0);
        if (!work->job.all)
                return -ENOMEM;
        work->live.stacks = NULL;
        work->owns.count = work->references.count = work->comparisons.count = 0;
        work->possible = cf_live_possible(work->job.all, work->job.circumstances.machine);
        return 0;
}

static int begin(struct cf_audit_work *work, struct cf_audit *audit)
{
        work->job = (struct cf_profile_job){.invocation = audit->session.invocation,
                                            .arena = audit->arena};
        work->live = (struct cf_live){.arena = audit->arena,
                                      .reader = cf_kernel_reader_new(audit->arena)};
        /* Without it no machine is known, and nothing is compared. */
        cf_circumstances_here(&work->job.circumstances, NULL);
        return work->live.reader ? 0 : -ENOMEM;
}

/* 0 or -ENOMEM. */
static int look_at(struct cf_audit_work *work, struct cf_subject *subject)
{
        struct cf_arena *arena = work->job.arena;
        struct cf_enforced *enforced = cf_arena_one(arena, struct cf_enforced);
        struct cf_container *container = cf_arena_one(arena, struct cf_container);
        struct cf_error err = {0};
        if (!enforced || !container)
                return -ENOMEM;
        int r = renew(work);
        if (r == 0)
                r = look(work, subject, enforced, &err);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                *enforced = (struct cf_enforced){
                        .because = cf_arena_string(arena, err.frames[0].message)};
        *container = *subject->container;
        container->enforced = enforced;
        subject->container = container;
        return 0;
}

/* ---- processes of containers that no engine told of -------------------------------------------
 */

/* The first process of a container: its parent is not of the same. */
static bool is_first(const struct cf_process_list *list, const struct cf_process *process)
{
        size_t low = 0, high = list->count;
        while (low < high) { /* ascending by pid */
                size_t middle = low + (high - low) / 2;
                if (list->items[middle].pid < process->parent)
                        low = middle + 1;
                else
                        high = middle;
        }
        const struct cf_process *parent =
                low < list->count && list->items[low].pid == process->parent ? &list->items[low]
                                                                             : NULL;
        return !parent || !parent->container || !process->container ||
               strcmp(parent->container, process->container) != 0;
}

/* One whose filters let everything through is listed; one whose filters refuse something is as
 * confined as can be told. */
static int look_at_stray(struct cf_audit_work *work, struct cf_audit *audit,
                         const struct cf_process *process)
{
        struct cf_kernel_process read;
        cf_policy policy;
        struct cf_error err = {0};
        int r = renew(work);
        if (r == 0)
                r = cf_kernel_process_read(work->live.reader, process->pid, process->start_time,
                                           &read, &err);
        if (r == 0)
                r = cf_live_policy(&work->live, &read.threads[0], &policy, &err);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && r != -ESRCH) {
                if (!audit->unread++)
                        audit->unread_because =
                                cf_arena_string(audit->arena, err.frames[0].message);
                return 0;
        }
        if (r < 0 || read.threads[0].mode != CF_KERNEL_FILTER ||
            !cf_live_allows_all(work->job.all, work->job.circumstances.machine, policy))
                return 0;
        struct cf_enforced *enforced = cf_arena_one(audit->arena, struct cf_enforced);
        struct cf_process *found = cf_arena_one(audit->arena, struct cf_process);
        if (!enforced || !found)
                return -ENOMEM;
        enforced->state = CF_ENFORCED_ALLOWS_ALL;
        for (size_t i = 0; i < read.threads[0].filter_count; i++)
                enforced->instructions += read.threads[0].filters[i].count;
        *found = *process;
        found->enforced = enforced;
        struct cf_subject subject = {.kind = CF_SUBJECT_PROCESS,
                                     .evidence = CF_ENFORCED,
                                     .name = found->name,
                                     .engine_word = found->engine,
                                     .process = found};
        return cf_vec_push(audit->arena, &audit->subjects, subject);
}

static int look_at_strays(struct cf_audit_work *work, struct cf_audit *audit)
{
        int r = 0;
        if (audit->session.invocation->argument_count)
                return 0;
        for (size_t i = 0; r == 0 && i < audit->processes.count; i++) {
                const struct cf_process *process = &audit->processes.items[i];
                if (process->foreign && !audit->owned[i] && process->mode == CF_SECCOMP_FILTER &&
                    (process->container || process->engine) && is_first(&audit->processes, process))
                        r = look_at_stray(work, audit, process);
        }
        return r;
}

int cf_audit_enforce(struct cf_audit *audit)
{
        struct cf_audit_work work = {0};
        int r = begin(&work, audit);
        bool able = work.job.circumstances.machine != NULL;
        for (size_t i = 0; r == 0 && able && i < audit->subjects.count; i++)
                if (is_worth_it(&audit->subjects.items[i]))
                        r = look_at(&work, &audit->subjects.items[i]);
        if (r == 0 && able)
                r = look_at_strays(&work, audit);
        cf_policies_free(work.job.all);
        return r;
}
