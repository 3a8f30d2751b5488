/* SPDX-License-Identifier: Apache-2.0 */
/* From events of the kernel to kinds of refused calls, each told when it happens. */
#include <string.h>
#include <time.h>

#include "cli/why-live.h"
#include "syscalls/syscalls.h"

#define FILTERS_MAX ((size_t)1 << 12) /* different filters that are kept */
#define TOLD_EACH 3u                  /* of a kind; then those at 10, 100, 1000, … */
/* Until a process is looked at again that had no filters which explain an event, or that could not
 * be looked at. */
#define LOOK_AGAIN_NS UINT64_C(5000000000)
#define TRY_AGAIN_NS UINT64_C(200000000)

/* ---- filters ------------------------------------------------------------------------------------
 */

struct cf_call cf_why_call_of(const struct cf_observed *event)
{
        struct cf_call call = {.arch = event->arch, .nr = event->nr};
        memcpy(call.args, event->args, sizeof(call.args));
        return call;
}

static bool is_action(uint32_t value, uint32_t action)
{
        return cf_action_rank(value) == cf_action_rank(action);
}

/* Whether these filters answer such a call so. */
static bool fits(const struct cf_policies *all, cf_policy policy, const struct cf_observed *event)
{
        struct cf_call call = cf_why_call_of(event);
        uint32_t value = cf_action_normal(cf_policy_value(all, policy, &call));
        bool refuses = cf_action_rank(value) < cf_action_rank(CF_LOG);
        switch (event->kind) {
        case CF_OBSERVED_REFUSED:
        case CF_OBSERVED_UNSURE:
                if (is_action(value, CF_ERRNO))
                        return event->result == -(int64_t)cf_action_data(value);
                return refuses && (event->kind == CF_OBSERVED_REFUSED || event->result == -ENOSYS);
        case CF_OBSERVED_TRAPPED:
                return is_action(value, CF_TRAP);
        case CF_OBSERVED_KILLED:
                return refuses && !is_action(value, CF_ERRNO);
        default:
                return !refuses;
        }
}

static struct cf_why_filters *keep(struct cf_why_live *live, struct cf_why_filters filters)
{
        struct cf_why_filters *kept = cf_arena_one(live->why->job.arena, struct cf_why_filters);
        if (!kept || cf_vec_push(live->why->job.arena, &live->filters, kept) < 0)
                return NULL;
        *kept = filters;
        return kept;
}

static struct cf_why_filters *read_filters(struct cf_why_live *live, pid_t pid, pid_t tid,
                                           uint64_t group)
{
        struct cf_arena *arena = live->why->job.arena;
        struct cf_kernel_process process;
        struct cf_error err = {0};
        if (cf_kernel_process_read(live->live.reader, pid, 0, &process, &err) < 0)
                return NULL;
        const struct cf_kernel_thread *thread = &process.threads[0];
        for (size_t i = 0; i < process.thread_count; i++)
                if (process.threads[i].tid == tid)
                        thread = &process.threads[i];
        struct cf_why_filters filters = {
                .group = group, .count = (unsigned)thread->filter_count, .pid = pid};
        if (cf_live_policy(&live->live, thread, &filters.policy, &err) < 0)
                return NULL;
        for (size_t i = 0; i < live->filters.count; i++) {
                struct cf_why_filters *known = live->filters.items[i];
                if (known->policy == filters.policy && known->group == group &&
                    known->count == filters.count)
                        return known;
        }
        if (cf_why_is_known(live, filters.policy)) {
                filters.name = live->known_words;
                filters.base = live->known.base;
                filters.profile = live->known.profile;
        } else {
                filters.name = cf_arena_printf(arena, "the filter of process %ld", (long)pid);
                if (!filters.name)
                        return NULL;
        }
        if (!thread->filter_count)
                filters.name = NULL;
        return keep(live, filters);
}

int cf_why_learn(struct cf_why_live *live, pid_t pid)
{
        return read_filters(live, pid, pid, 0) ? 0 : -ESRCH;
}

/* Filters of a process that has ended: they answered this call so; nothing else is known. */
static struct cf_why_filters *guess(struct cf_why_live *live, const struct cf_observed *event)
{
        struct cf_policies *all = live->why->job.all;
        struct cf_why_filters filters = {
                .group = event->group,
                .count = event->filters,
                .name = event->mode
                                ? "a filter that cannot be read any more (its process has ended)"
                                : NULL,
                .guessed = true,
        };
        if (live->known.profile && fits(all, live->known.policy, event)) {
                filters.name = live->known_words;
                filters.base = live->known.base;
                filters.profile = live->known.profile;
                filters.policy = live->known.policy;
                return keep(live, filters);
        }
        uint32_t value = event->kind == CF_OBSERVED_FAILED    ? CF_ALLOW
                         : event->kind == CF_OBSERVED_KILLED  ? CF_KILL_PROCESS
                         : event->kind == CF_OBSERVED_TRAPPED ? CF_TRAP
                         : event->result < 0                  ? CF_ERRNO | (uint32_t)-event->result
                                                              : CF_USER_NOTIF;
        cf_policy here = cf_policy_and(all, cf_policy_equal(all, CF_SLICE_ARCH, event->arch),
                                       cf_policy_equal(all, CF_SLICE_NR, event->nr));
        filters.policy =
                cf_policy_normal(all, cf_policy_choose(all, here, cf_policy_constant(all, value),
                                                       cf_policy_constant(all, CF_ALLOW)));
        return filters.policy == CF_POLICY_NONE ? NULL : keep(live, filters);
}

/* Whether it is too early to look at a process again. Each look stops all of its threads for a
 * moment, and takes memory: one with many threads that begin to be seen has as many events. */
static bool is_looked_at(struct cf_why_live *live, pid_t pid, const struct cf_observed *event)
{
        const struct cf_why_look *look = &live->looks[(unsigned)pid % CF_WHY_LOOKS];
        return look->pid == pid && look->filters == event->filters && look->group == event->group &&
               event->time_ns < look->until_ns;
}

static const struct cf_why_filters *look_at(struct cf_why_live *live, pid_t pid,
                                            const struct cf_observed *event)
{
        if (pid <= 1 || (live->looks && is_looked_at(live, pid, event)))
                return NULL;
        const struct cf_why_filters *read = read_filters(live, pid, event->tid, event->group);
        if (!live->looks)
                live->looks = cf_arena_many(live->why->job.arena, CF_WHY_LOOKS, struct cf_why_look);
        if (live->looks)
                live->looks[(unsigned)pid % CF_WHY_LOOKS] = (struct cf_why_look){
                        .pid = pid,
                        .filters = event->filters,
                        .group = event->group,
                        .until_ns = event->time_ns + (read ? LOOK_AGAIN_NS : TRY_AGAIN_NS),
                };
        return read;
}

/* Those of the process, while it lives, or of its parent, from which it mostly has them. */
static const struct cf_why_filters *read_fitting(struct cf_why_live *live,
                                                 const struct cf_observed *event)
{
        const pid_t from[] = {event->pid, event->parent};
        for (size_t i = 0; i < CF_COUNT(from) && event->mode; i++) {
                const struct cf_why_filters *read = look_at(live, from[i], event);
                if (read && read->count == event->filters &&
                    fits(live->why->job.all, read->policy, event))
                        return read;
        }
        return NULL;
}

/* Filters that explain the event. NULL: none can be kept, or (UNSURE) none does. */
static const struct cf_why_filters *filters_for(struct cf_why_live *live,
                                                const struct cf_observed *event)
{
        const struct cf_policies *all = live->why->job.all;
        const struct cf_why_filters *distant = NULL, *made = NULL, *read = NULL;
        for (size_t i = live->filters.count; i > 0; i--) {
                const struct cf_why_filters *one = live->filters.items[i - 1];
                bool near = one->group == event->group;
                if (one->count != event->filters || !fits(all, one->policy, event))
                        continue;
                if (near && !one->guessed)
                        return one;
                if (!one->guessed)
                        distant = one;
                else if (near)
                        made = one;
        }
        if (live->filters.count < FILTERS_MAX)
                read = read_fitting(live, event);
        if (read || distant || made)
                return read ? read : distant ? distant : made;
        return event->kind == CF_OBSERVED_UNSURE || live->filters.count >= FILTERS_MAX
                       ? NULL
                       : guess(live, event);
}

/* ---- telling ------------------------------------------------------------------------------------
 */

static bool is_told_now(size_t count)
{
        if (count <= TOLD_EACH)
                return true;
        while (count % 10 == 0)
                count /= 10;
        return count == 1;
}

static const char *error_name(int error)
{
        const char *name = strerrorname_np(error);
        return name ? name : "an error without a name";
}

static void tell(struct cf_why_live *live, const struct cf_observed *event,
                 const struct cf_why_kind *kind)
{
        size_t count = kind->failure.count;
        if (!live->stream || !is_told_now(count))
                return;
        CF_TEXT struct cf_text line = {0};
        uint64_t wall = cf_why_wall_time(event->time_ns);
        time_t seconds = (time_t)(wall / 1000000000);
        struct tm local;
        localtime_r(&seconds, &local);
        cf_text_printf(&line, "%02d:%02d:%02d.%03u ", local.tm_hour, local.tm_min, local.tm_sec,
                       (unsigned)(wall / 1000000 % 1000));
        if (live->shows_name && live->name) {
                cf_text_add_visible(&line, cf_span_of(live->name));
                cf_text_puts(&line, ": ");
        }
        cf_text_add_visible(&line, cf_span_of(event->name));
        cf_text_printf(&line, "[%ld] ", (long)event->tid);
        struct cf_call call = cf_why_call_of(event);
        const struct cf_behind behind = {.path = *event->path ? event->path : NULL,
                                         .clone_flags = event->clone_flags};
        cf_explain_call_on(&line, &call, NULL, &behind);
        cf_text_printf(&line, " = %s  %s",
                       kind->failure.outcome ? kind->failure.outcome
                                             : error_name(kind->failure.error),
                       kind->failure.by_filter ? "refused by seccomp" : "not seccomp");
        if (count > TOLD_EACH)
                cf_text_printf(&line, " (%zu times so far)", count);
        cf_text_putc(&line, '\n');
        if (line.data)
                fwrite(line.data, 1, line.size, live->stream);
        fflush(live->stream);
}

/* Reads filters before they are needed: later the process may be gone. */
static void learn(struct cf_why_live *live, const struct cf_observed *event)
{
        for (size_t i = 0; i < live->filters.count; i++)
                if (live->filters.items[i]->group == event->group &&
                    live->filters.items[i]->count == event->filters)
                        return;
        if (live->filters.count < FILTERS_MAX)
                read_filters(live, event->pid, event->tid, event->group);
}

int cf_why_seen(void *context, const struct cf_observed *event)
{
        struct cf_why_live *live = context;
        struct cf_observed seen = *event;
        if (seen.kind == CF_OBSERVED_SKIPPED)
                return 0;
        if (seen.kind == CF_OBSERVED_BEGUN) {
                learn(live, &seen);
                return 0;
        }
        const struct cf_why_filters *filters = filters_for(live, &seen);
        if (seen.kind == CF_OBSERVED_UNSURE) {
                /* The filters can tell, if they can be read. */
                bool refused = filters && fits(live->why->job.all, filters->policy, &seen);
                bool failed = seen.result == -EPERM || seen.result == -EACCES ||
                              seen.result == -EROFS || seen.result == -ENOMEM;
                if (!refused && (!failed || !live->why->all_errors || !filters))
                        return 0;
                seen.kind = refused ? CF_OBSERVED_REFUSED : CF_OBSERVED_FAILED;
        }
        if (seen.kind == CF_OBSERVED_FAILED)
                live->failed++;
        else
                live->refused++;
        struct cf_why_kind *kind = filters ? cf_why_kind_for(live, &seen, filters) : NULL;
        if (!kind) {
                live->more_kinds++;
                return 0;
        }
        if (kind->failure.behind.path && strcmp(kind->failure.behind.path, seen.path) != 0)
                kind->failure.behind.path = NULL; /* of several */
        kind->failure.count++;
        tell(live, &seen, kind);
        return 0;
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static int compare_counts(const void *a, const void *b)
{
        const struct cf_why_kind *one = *(const struct cf_why_kind *const *)a,
                                 *other = *(const struct cf_why_kind *const *)b;
        bool refused = one->failure.by_filter;
        if (refused != other->failure.by_filter)
                return refused ? -1 : 1;
        if (one->failure.count != other->failure.count)
                return one->failure.count > other->failure.count ? -1 : 1;
        return one->failure.call.nr < other->failure.call.nr
                       ? -1
                       : one->failure.call.nr > other->failure.call.nr;
}

/* Of all subjects together. */
struct summed {
        uint64_t refused, failed, skipped; /* as the kernel counted, the lost events as well */
        size_t more_kinds;
        size_t others; /* of containers that are not ours */
        struct cf_observed_losses losses;
};

static int add_counts(struct cf_why_live *live, struct summed *sum, struct cf_error *err)
{
        struct cf_observed_total *totals;
        uint64_t refused = 0;
        size_t count;
        sum->more_kinds += live->more_kinds;
        sum->failed += live->failed;
        if (!live->observer)
                return 0;
        int r = cf_observer_totals(live->observer, live->why->job.arena, &totals, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++)
                if (cf_why_is_foreign(live, totals[i].group))
                        continue;
                else if (totals[i].kind == CF_OBSERVED_SKIPPED)
                        sum->skipped += totals[i].count;
                else if (totals[i].kind != CF_OBSERVED_FAILED &&
                         totals[i].kind != CF_OBSERVED_UNSURE)
                        refused += totals[i].count;
        struct cf_observed_losses losses = cf_observer_losses(live->observer);
        sum->refused += refused;
        sum->losses.events += losses.events;
        sum->losses.uncounted += losses.uncounted;
        sum->losses.unmarked += losses.unmarked;
        return r;
}

static int sum_all(struct cf_why_live *live, struct summed *sum, struct cf_error *err)
{
        size_t seen = live->refused;
        *sum = (struct summed){.others = live->own ? live->own->others : 0};
        int r = add_counts(live, sum, err);
        for (size_t i = 0; r == 0 && i < live->others.count; i++) {
                r = add_counts(live->others.items[i], sum, err);
                seen += live->others.items[i]->refused;
        }
        /* UNSURE that were refusals after all are in the events alone. */
        sum->refused = sum->refused > seen ? sum->refused : seen;
        return r;
}

static void put_losses(struct cf_why *why, const struct summed *sum)
{
        struct cf_text *out = &why->job.out;
        const struct cf_observed_losses *losses = &sum->losses;
        if (why->job.json) {
                why->counts[CF_WHY_COUNT_REFUSED] = sum->refused;
                why->counts[CF_WHY_COUNT_SKIPPED] = sum->skipped;
                why->counts[CF_WHY_COUNT_LOST] = losses->events + sum->more_kinds;
                why->counts[CF_WHY_COUNT_OTHERS] = sum->others;
                why->counted = true;
                cf_json_close(&why->json, ']');
                cf_why_json_close(why);
                return;
        }
        if (out->size)
                cf_text_putc(out, '\n');
        cf_text_printf(out, "%llu %s refused by seccomp", (unsigned long long)sum->refused,
                       sum->refused == 1 ? "call" : "calls");
        if (why->all_errors)
                cf_text_printf(out, ", %llu refused otherwise", (unsigned long long)sum->failed);
        cf_text_putc(out, '\n');
        if (sum->skipped)
                cf_text_printf(out,
                               "%llu more were taken away by a tracer, which is all that is known "
                               "of them: not seccomp's doing\n",
                               (unsigned long long)sum->skipped);
        if (losses->events)
                cf_text_printf(out,
                               "%llu of them came too fast to be kept with their arguments: they "
                               "are in this number, and may be missing above\n",
                               (unsigned long long)losses->events);
        if (sum->more_kinds)
                cf_text_printf(out, "%zu of them are of more kinds than are told apart\n",
                               sum->more_kinds);
        if (sum->others)
                cf_text_printf(out,
                               "%zu more were of other containers that started meanwhile: confined "
                               "why --all tells of every one\n",
                               sum->others);
        if (losses->uncounted || losses->unmarked)
                cf_text_printf(out, "the number is too low: the kernel's tables were full\n");
}

/* Arguments that say something are alike; pointers are not looked at. */
static bool is_alike(const struct cf_why_failure *a, const struct cf_why_failure *b)
{
        const struct cf_arch *arch = cf_arch_of_call(a->call.arch, a->call.nr);
        const struct cf_syscall *call = arch ? cf_syscall_by_number(arch, a->call.nr) : NULL;
        bool alike = a->call.arch == b->call.arch && a->call.nr == b->call.nr &&
                     a->error == b->error && a->by_filter == b->by_filter &&
                     a->behind.clone_flags == b->behind.clone_flags;
        for (unsigned i = 0; alike && i < CF_POLICY_ARGS; i++)
                if (cf_why_tells(call, i, a->call.args[i]) &&
                    cf_why_tells(call, i, b->call.args[i]))
                        alike = a->call.args[i] == b->call.args[i];
        return alike;
}

static bool is_said(const struct cf_why_live *before, const struct cf_why_kind *kind)
{
        for (; before; before = before->before)
                for (size_t i = 0; i < before->order.count; i++)
                        if (is_alike(&before->order.items[i]->failure, &kind->failure))
                                return true;
        return false;
}

/* Whether the process asked clone for what it had asked clone3 for. */
static bool went_on(const struct cf_why_live *live, const struct cf_why_failure *failure)
{
        struct cf_call clone;
        if (!cf_explain_clone_instead(&failure->call, failure->behind.clone_flags, &clone))
                return false;
        for (size_t i = 0; i < live->order.count; i++)
                if (live->order.items[i]->failure.pid == failure->pid &&
                    cf_explain_is_instead(&live->order.items[i]->failure.call, &clone))
                        return true;
        return false;
}

int cf_why_say_kinds(struct cf_why_live *live, struct cf_error *err)
{
        struct cf_why *why = live->why;
        int r = 0;
        if (live->order.count)
                qsort(live->order.items, live->order.count, sizeof(*live->order.items),
                      compare_counts);
        why->job.circumstances.capabilities = live->capabilities;
        why->grantable = live->grantable;
        for (size_t i = 0; r == 0 && i < live->order.count; i++) {
                struct cf_why_kind *kind = live->order.items[i];
                if (is_said(live->before, kind) || cf_why_write_answers(why, &kind->failure))
                        continue;
                kind->failure.behind.went_on = went_on(live, &kind->failure);
                why->caller = kind->caller;
                why->guessed = kind->filters->guessed && !kind->filters->profile;
                why->input = (struct cf_profile_input){
                        .name = kind->filters->name,
                        .base = kind->filters->base,
                        .profile = kind->filters->profile,
                        .policy = kind->filters->policy,
                };
                r = cf_why_say(why, &kind->failure, err);
        }
        return r;
}

int cf_why_sum_up(struct cf_why_live *live, struct cf_error *err)
{
        struct cf_why *why = live->why;
        struct summed sum;
        cf_why_settle_boxes(live);
        int r = sum_all(live, &sum, err);
        why->input.name = live->known_words;
        if (r == 0 && why->job.json)
                cf_why_json_calls(why);
        if (r == 0)
                r = cf_why_say_kinds(live, err);
        for (size_t i = 0; r == 0 && i < live->others.count; i++) {
                r = cf_why_say_kinds(live->others.items[i], err);
                live->refused += live->others.items[i]->refused;
        }
        struct cf_profile_input base = live->known;
        base.name = base.name ? base.name : live->known_words;
        if (r == 0)
                r = cf_why_write_make(why, &base, err);
        if (r == 0)
                r = cf_why_write_file(why, err);
        /* UNSURE that were refusals after all are in the events alone. */
        if (r == 0)
                put_losses(why, &sum);
        if (r == 0 && !why->job.json)
                r = cf_why_write_say(why, err);
        return r;
}
