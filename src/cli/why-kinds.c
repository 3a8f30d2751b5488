/* SPDX-License-Identifier: Apache-2.0 */
/* Events that are told of together: kinds of refused calls. */
#include <errno.h>
#include <string.h>

#include "cli/why-live.h"
#include "syscalls/syscalls.h"

#define KINDS_MAX ((size_t)1 << 14) /* kinds that are told apart */
#define MEMBERS_MAX 16u /* of those: of a call by its arguments, besides one for all others */

static const struct cf_syscall *known_call(const struct cf_observed *event)
{
        const struct cf_arch *arch = cf_arch_of_call(event->arch, event->nr);
        return arch ? cf_syscall_by_number(arch, event->nr) : NULL;
}

bool cf_why_tells(const struct cf_syscall *call, unsigned arg, uint64_t value)
{
        return !call || call->argument_count < 0 ||
               ((int)arg < call->argument_count &&
                (call->arguments[arg].kind != CF_ARGUMENT_PTR || value == 0));
}

struct key {
        uint64_t group;
        uint64_t args[CF_POLICY_ARGS];
        uint64_t clone_flags;
        uint32_t arch, nr, kind, filters;
        int32_t error;
        uint32_t crowd; /* of all arguments: the first kind, the one for what is left */
};

enum { CROWD_NOT, CROWD_FIRST, CROWD_REST };

static const char *outcome_of(const struct cf_observed *event)
{
        switch (event->kind) {
        case CF_OBSERVED_TRAPPED:
                return "SIGSYS";
        case CF_OBSERVED_KILLED:
                return "killed";
        default:
                return event->result < 0 ? NULL : "answered by a listener";
        }
}

static struct cf_span span_of(const struct key *key)
{
        return (struct cf_span){(const char *)key, sizeof(*key)};
}

static int keep_key(struct cf_why_live *live, const struct key *key, struct cf_why_kind *kind)
{
        const char *copy = cf_arena_copy(live->why->job.arena, span_of(key));
        return copy ? cf_map_put(live->kinds, (struct cf_span){copy, sizeof(*key)}, kind) : -ENOMEM;
}

static struct key key_of(const struct cf_observed *event)
{
        const struct cf_syscall *call = known_call(event);
        struct key key;
        memset(&key, 0, sizeof(key));
        key.group = event->group;
        key.filters = event->filters;
        key.arch = event->arch;
        key.nr = event->nr;
        key.kind = event->kind;
        key.clone_flags = event->clone_flags;
        key.error = outcome_of(event) ? 0 : (int32_t)-event->result;
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                key.args[i] = cf_why_tells(call, i, event->args[i]) ? event->args[i] : 0;
        return key;
}

static struct cf_why_kind *make_kind(struct cf_why_live *live, const struct cf_observed *event,
                                     const struct cf_why_filters *filters, const struct key *key)
{
        struct cf_arena *arena = live->why->job.arena;
        struct cf_why_kind *kind = cf_arena_one(arena, struct cf_why_kind);
        const char *program = cf_arena_printf(arena, "%s[%ld]", event->name, (long)event->pid);
        if (!kind || !program)
                return NULL;
        *kind = (struct cf_why_kind){
                .failure = {.call = cf_why_call_of(event),
                            .error = key->error,
                            .by_filter = event->kind != CF_OBSERVED_FAILED,
                            .program = program,
                            .container = live->name,
                            .behind = {.path = *event->path
                                                       ? cf_arena_printf(arena, "%s", event->path)
                                                       : NULL,
                                       .clone_flags = event->clone_flags},
                            .label = event->kind == CF_OBSERVED_FAILED
                                             ? cf_why_label_of(arena, event->pid)
                                             : NULL,
                            .told_apart = live->shows_name,
                            .pid = event->pid,
                            .outcome = outcome_of(event)},
                .kind = event->kind,
                .filters = filters,
                .caller = {.capabilities = event->capabilities,
                           .initial = event->initial,
                           .setting = cf_why_setting},
        };
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                kind->failure.known[i] = key->crowd != CROWD_REST;
        return keep_key(live, key, kind) < 0 || cf_vec_push(arena, &live->order, kind) < 0 ? NULL
                                                                                           : kind;
}

struct cf_why_kind *cf_why_kind_for(struct cf_why_live *live, const struct cf_observed *event,
                                    const struct cf_why_filters *filters)
{
        struct key key = key_of(event), crowd = key;
        struct cf_why_kind *kind = cf_map_get(live->kinds, span_of(&key)), *first = NULL;
        if (!kind) {
                memset(crowd.args, 0, sizeof(crowd.args));
                crowd.clone_flags = 0;
                crowd.crowd = CROWD_FIRST;
                first = cf_map_get(live->kinds, span_of(&crowd));
        }
        if (first && first->members + 1 >= MEMBERS_MAX) {
                crowd.crowd = CROWD_REST;
                key = crowd;
                kind = cf_map_get(live->kinds, span_of(&key));
        }
        if (kind && kind->filters->guessed) {
                kind->filters = filters; /* they explain this call; of the first nobody knows */
                kind->failure.call = cf_why_call_of(event);
        }
        if (kind || live->order.count >= KINDS_MAX)
                return kind;
        kind = make_kind(live, event, filters, &key);
        if (kind && first)
                first->members++;
        else if (kind && keep_key(live, &crowd, kind) < 0)
                return NULL;
        return kind;
}
