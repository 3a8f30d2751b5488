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

/* The profile, of a thread that has loaded more filters since: what those refuse no profile lets
 * through. */
static cf_policy outer_of(struct cf_why_live *live, const struct cf_kernel_thread *thread)
{
        struct cf_kernel_thread oldest = *thread;
        struct cf_error err = {0};
        cf_policy policy;
        if (thread->filter_count < 2)
                return CF_POLICY_NONE;
        oldest.filters += thread->filter_count - 1;
        oldest.filter_count = 1;
        if (cf_live_policy(&live->live, &oldest, &policy, &err) < 0 ||
            !cf_why_is_known(live, policy))
                return CF_POLICY_NONE;
        return policy;
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
                .group = group,
                .count = (unsigned)thread->filter_count,
                .pid = pid,
                .outer = CF_POLICY_NONE,
        };
        if (cf_live_policy(&live->live, thread, &filters.policy, &err) < 0)
                return NULL;
        for (size_t i = 0; i < live->filters.count; i++) {
                struct cf_why_filters *known = live->filters.items[i];
                if (known->policy == filters.policy && known->group == group &&
                    known->count == filters.count)
                        return known;
        }
        filters.outer = outer_of(live, thread);
        if (cf_why_is_known(live, filters.policy) || filters.outer != CF_POLICY_NONE) {
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
                .outer = CF_POLICY_NONE,
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
        if (live->known.profile && event->filters > 1 && event->kind != CF_OBSERVED_FAILED) {
                /* The profile would not: it was one of the others. */
                filters.name = live->known_words;
                filters.base = live->known.base;
                filters.profile = live->known.profile;
                filters.outer = live->known.policy;
        }
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
        live->told = true;
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
        live->filtered |= seen.mode != 0;
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
