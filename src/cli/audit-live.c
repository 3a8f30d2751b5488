/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's filters of containers do, beside what their engines would have loaded. */
#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/audit.h"
#include "cli/live.h"
#include "cli/profile.h"
#include "runtime/runtime.h"

#define NODES_KEPT (CF_POLICY_NODES_MAX / 2) /* with more, the next container starts afresh */
#define LOOSE_MAX 200                        /* calls that are kept of one comparison */

/* The kernel's filter of a container, worked out once for all that have the same. */
struct own {
        const struct sock_filter *code;
        cf_policy policy;
        bool allows_all;
        size_t calls;
};

/* What a profile makes a runtime load. Calls that are let through as written or as loaded are no
 * surprise: `loosest` lets through both. */
struct reference {
        const char *json; /* of a profile of its own; else `profile` */
        const struct cf_profile_default *profile;
        enum cf_runtime_kind runtime;
        uint64_t capabilities;
        bool known; /* false: the profile cannot be worked out */
        cf_policy written;
        bool has_loaded;
        cf_policy loaded, loosest; /* NONE: the runtime's part cannot be told */
        const struct cf_profile *read;
};

struct comparison {
        cf_policy policy, reference;
        struct cf_loose_calls calls;
};

struct work {
        struct cf_live live;
        struct cf_profile_job job;
        cf_policy possible;
        CF_VEC(struct own *) owns;
        CF_VEC(struct reference *) references;
        CF_VEC(struct comparison *) comparisons;
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* ---- the kernel's side ------------------------------------------------------------------------
 */

static size_t count_calls(struct work *work, cf_policy policy)
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
static int own_filter(struct work *work, const struct cf_kernel_filter *filter,
                      const struct own **ret_own, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        const struct cf_kernel_thread alone = {
                .mode = CF_KERNEL_FILTER, .filters = filter, .filter_count = 1};
        for (size_t i = 0; i < work->owns.count; i++)
                if (work->owns.items[i]->code == filter->code) {
                        *ret_own = work->owns.items[i];
                        return 0;
                }
        struct own *own = cf_arena_one(work->job.arena, struct own);
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

/* ---- the configuration's side -----------------------------------------------------------------
 */

static int read_profile(struct work *work, struct reference *reference, struct cf_error *err)
{
        struct cf_source *source = NULL;
        struct cf_span text = cf_span_of(reference->json ? reference->json : "");
        if (!reference->json &&
            cf_profile_default_text(work->job.arena, reference->profile, &text) < 0)
                return no_memory(err);
        int r = cf_source_from(work->job.arena, "profile", text, &source, err);
        return r < 0 ? r : cf_profile_read(work->job.arena, source, &reference->read, err);
}

/* A profile that cannot be worked out is not known; only memory running out ends all. */
static int find_reference(struct work *work, struct reference wanted,
                          struct reference **ret_reference, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        for (size_t i = 0; i < work->references.count; i++) {
                struct reference *known = work->references.items[i];
                bool same = wanted.json ? known->json && strcmp(known->json, wanted.json) == 0
                                        : !known->json && known->profile == wanted.profile;
                if (same && known->runtime == wanted.runtime &&
                    known->capabilities == wanted.capabilities) {
                        *ret_reference = known;
                        return 0;
                }
        }
        struct reference *reference = cf_arena_one(work->job.arena, struct reference);
        if (!reference || cf_vec_push(work->job.arena, &work->references, reference) < 0)
                return no_memory(err);
        *reference = wanted;
        work->job.circumstances.capabilities = wanted.capabilities;
        int r = read_profile(work, reference, err);
        if (r == 0)
                r = cf_profile_policy(all, reference->read, &work->job.circumstances,
                                      &reference->written, err);
        if (r == 0)
                reference->written = cf_policy_normal(all, reference->written);
        reference->known = r == 0 && reference->written != CF_POLICY_NONE;
        *ret_reference = reference;
        return r == -ENOMEM ? r : 0;
}

/* What the runtime makes of it, asked for once and only when it matters: it starts a process. */
static void load_reference(struct work *work, struct reference *reference)
{
        struct cf_policies *all = work->job.all;
        struct cf_runtime_options options = {.kind = reference->runtime};
        struct cf_runtime_loaded loaded;
        if (reference->has_loaded || !reference->known)
                return;
        reference->has_loaded = true;
        reference->loosest = reference->written;
        work->job.circumstances.capabilities = reference->capabilities;
        if (cf_runtime_load(all, work->job.arena, reference->read, &work->job.circumstances,
                            &options, &loaded, NULL) < 0)
                return;
        if (loaded.obtained)
                reference->loaded = cf_policy_normal(all, loaded.policy);
        cf_policy both =
                cf_policy_union(all, reference->written, cf_policy_normal(all, loaded.policy));
        if (both != CF_POLICY_NONE)
                reference->loosest = both;
}

static uint64_t capability(const char *word)
{
        char name[64] = "CAP_";
        unsigned number;
        bool prefixed = strncasecmp(word, "CAP_", 4) == 0;
        if (strcasecmp(word, "ALL") == 0)
                return CF_CAPABILITIES_ALL;
        snprintf(name + (prefixed ? 0 : 4), sizeof(name) - (prefixed ? 0 : 4), "%s", word);
        for (char *c = name; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        return cf_capability_number(cf_span_of(name), &number) ? UINT64_C(1) << number : 0;
}

/* What the engine gave the container. Its first process may have given some up since, and what a
 * profile allows then does not change: rules were chosen when the container was made. */
static uint64_t given_capabilities(const struct cf_container *container)
{
        uint64_t added = 0, dropped = 0;
        for (size_t i = 0; i < container->cap_add_count; i++)
                added |= capability(container->cap_add[i]);
        for (size_t i = 0; i < container->cap_drop_count; i++)
                dropped |= capability(container->cap_drop[i]);
        if (container->privileged)
                return CF_CAPABILITIES_ALL;
        if (added == CF_CAPABILITIES_ALL)
                return added & ~dropped;
        return dropped == CF_CAPABILITIES_ALL ? added
                                              : (cf_capabilities_docker() & ~dropped) | added;
}

/* ---- side by side -----------------------------------------------------------------------------
 */

static int keep_loose(struct work *work, const struct cf_profile_item *items, size_t count,
                      struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        CF_VEC(struct cf_loose_call) calls = {0};
        for (size_t i = 0, next; i < count && calls.count < LOOSE_MAX; i = next) {
                next = cf_profile_items_end(items, count, i);
                struct cf_loose_call call = {.name = items[i].label};
                if (items[i].difference->condition != CF_POLICY_TRUE) {
                        CF_TEXT struct cf_text words = {0};
                        int r = cf_profile_job_condition(&work->job, &words, items[i].call,
                                                         items[i].difference->condition, err);
                        if (r < 0)
                                return r;
                        call.when = cf_arena_copy(work->job.arena, cf_text_span(&words));
                        if (!call.when)
                                return no_memory(err);
                }
                /* The same name on another architecture says nothing new. */
                if (calls.count && strcmp(calls.items[calls.count - 1].name, call.name) == 0)
                        continue;
                if (cf_vec_push(work->job.arena, &calls, call) < 0)
                        return no_memory(err);
        }
        *ret_calls = (struct cf_loose_calls){calls.items, calls.count};
        return 0;
}

/* The calls that the policy lets through (or answers more loosely) where the reference does not. */
static int compare(struct work *work, cf_policy policy, cf_policy reference,
                   struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        struct cf_profile_item *items;
        size_t count;
        for (size_t i = 0; i < work->comparisons.count; i++) {
                const struct comparison *known = work->comparisons.items[i];
                if (known->policy == policy && known->reference == reference) {
                        *ret_calls = known->calls;
                        return 0;
                }
        }
        struct comparison *made = cf_arena_one(work->job.arena, struct comparison);
        if (!made || cf_vec_push(work->job.arena, &work->comparisons, made) < 0)
                return no_memory(err);
        *made = (struct comparison){.policy = policy, .reference = reference};
        cf_policy loose =
                cf_policy_and(all, work->possible, cf_policy_where_looser(all, policy, reference));
        cf_policy other = cf_policy_choose(all, loose, policy, reference);
        int r = cf_policies_check(all, other, err);
        if (r == 0)
                r = cf_profile_job_differences(&work->job, other, reference, &items, &count, err);
        if (r == 0)
                r = keep_loose(work, items, count, &made->calls, err);
        *ret_calls = made->calls;
        return r;
}

/* What libseccomp makes of x32 calls: it compares the lower halves of their arguments alone. */
static cf_policy with_x32_halves(struct cf_policies *all, cf_policy written)
{
        cf_policy x32 = cf_policy_and(
                all, cf_policy_equal(all, CF_SLICE_ARCH, cf_arch_by_name("x32")->token),
                cf_policy_masked(all, CF_SLICE_NR, CF_X32_BIT, CF_X32_BIT));
        cf_policy folded = written;
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++)
                folded = cf_policy_fix(all, folded, cf_slice_word(2 + 2 * arg), UINT32_MAX, 0);
        return cf_policy_choose(all, x32, folded, written);
}

/* Whether it lets through nothing but what the profile as written does. That needs no runtime. */
static bool is_as_strict(struct work *work, cf_policy policy, const struct reference *reference)
{
        struct cf_policies *all = work->job.all;
        cf_policy written =
                cf_policy_union(all, reference->written, with_x32_halves(all, reference->written));
        return cf_policy_and(all, work->possible, cf_policy_where_looser(all, policy, written)) ==
               CF_POLICY_FALSE;
}

static bool is_same(struct work *work, cf_policy policy, struct reference *reference)
{
        struct cf_policies *all = work->job.all;
        load_reference(work, reference);
        return reference->loaded != CF_POLICY_NONE &&
               cf_policy_and(all, work->possible,
                             cf_policy_where_differs(all, policy, reference->loaded)) ==
                       CF_POLICY_FALSE;
}

/* Against a profile under the capabilities that the first process has, and those that the engine
 * gave it. `ret_same` NULL: it does not matter whether it is the same. */
static int compare_profile(struct work *work, const struct own *own, struct reference wanted,
                           uint64_t given, bool *ret_known, bool *ret_same,
                           struct cf_loose_calls *ret_calls, struct cf_error *err)
{
        struct cf_policies *all = work->job.all;
        struct reference *now, *then;
        int r = find_reference(work, wanted, &now, err);
        wanted.capabilities = given;
        if (r == 0)
                r = find_reference(work, wanted, &then, err);
        if (r < 0 || !now->known || !then->known)
                return r;
        *ret_known = true;
        if (ret_same) {
                *ret_same = is_same(work, own->policy, now) || is_same(work, own->policy, then);
                if (*ret_same)
                        return 0;
        }
        if (is_as_strict(work, own->policy, now) || is_as_strict(work, own->policy, then))
                return 0;
        load_reference(work, now);
        load_reference(work, then);
        return compare(work, own->policy, cf_policy_union(all, now->loosest, then->loosest),
                       ret_calls, err);
}

/* The profile that the container was configured with: the last entry counts, and Docker keeps a
 * profile's text. Nothing when there is none, or it is not known, or this is not Docker. */
static bool configured(const struct cf_subject *subject, const struct cf_live_default *by_default,
                       struct reference *reference)
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
static bool is_looser(struct work *work, cf_policy policy, const struct own *own)
{
        struct cf_policies *all = work->job.all;
        cf_policy looser = cf_policy_and(all, work->possible,
                                         cf_policy_where_looser(all, policy, own->policy));
        return looser != CF_POLICY_NONE && looser != CF_POLICY_FALSE;
}

/* Whether some thread did not start under the container's own filter. (Programs alone do not tell:
 * a runtime's differ from run to run.) What a process of the container puts on top makes it
 * stricter, whatever it is: that is not looked at, and cannot be made to cost anything. */
static int look_for_strangers(struct work *work, const struct cf_kernel_process *process,
                              const struct own *own, struct cf_enforced *enforced)
{
        for (size_t i = 0; i < process->thread_count; i++) {
                const struct cf_kernel_thread *thread = &process->threads[i];
                const struct own *oldest;
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

static int read_processes(struct work *work, const struct cf_container *container,
                          struct cf_enforced *enforced, const struct own **ret_own,
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

static int look(struct work *work, const struct cf_subject *subject, struct cf_enforced *enforced,
                struct cf_error *err)
{
        const struct cf_container *container = subject->container;
        const struct own *own = NULL;
        struct cf_live_default by_default;
        struct reference wanted = {.runtime = strcmp(subject->engine->name, "Podman") == 0
                                                      ? CF_RUNTIME_CRUN
                                                      : CF_RUNTIME_RUNC};
        uint64_t given = given_capabilities(container);
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
        struct reference settings = wanted;
        if (configured(subject, &by_default, &settings))
                r = compare_profile(work, own, settings, given, &enforced->configured_known, NULL,
                                    &enforced->than_configured, err);
        if (r < 0 || !by_default.known)
                return r;
        wanted.profile = by_default.profile;
        r = compare_profile(work, own, wanted, given, &known,
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
static int renew(struct work *work)
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

static int begin(struct work *work, struct cf_audit *audit)
{
        struct utsname system = {0};
        work->job = (struct cf_profile_job){.invocation = audit->session.invocation,
                                            .arena = audit->arena};
        work->live = (struct cf_live){.arena = audit->arena,
                                      .reader = cf_kernel_reader_new(audit->arena)};
        work->job.circumstances.machine = cf_arch_native();
        uname(&system);
        /* Three digits each cannot overflow. NOLINTNEXTLINE(cert-err34-c) */
        if (sscanf(system.release, "%3u.%3u", &work->job.circumstances.kernel_major,
                   &work->job.circumstances.kernel_minor) != 2)
                work->job.circumstances.machine = NULL;
        return work->live.reader ? 0 : -ENOMEM;
}

/* 0 or -ENOMEM. */
static int look_at(struct work *work, struct cf_subject *subject)
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
static int look_at_stray(struct work *work, struct cf_audit *audit,
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

static int look_at_strays(struct work *work, struct cf_audit *audit)
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
        struct work work = {0};
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
