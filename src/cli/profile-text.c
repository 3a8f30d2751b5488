/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile convert --to text: a profile's filter with the lines that decide. */
#include <stdlib.h>

#include "base/vec.h"
#include "cli/profile.h"

#define LINES_SHOWN 6u /* at one return; more are counted */

/* The line decides calls that this instruction answers. */
struct decider {
        uint32_t at;
        unsigned line; /* 0: the profile does not cover the call's architecture */
};

struct deciders {
        struct cf_profile_job *job;
        const struct cf_profile_input *input;
        struct cf_filter filter;
        CF_VEC(struct decider) list;
};

static void see_return(void *context, const struct cf_step *step)
{
        *(uint32_t *)context = step->at;
}

static int add_decider(struct deciders *d, const struct cf_call *call, struct cf_error *err)
{
        const struct cf_profile *profile = d->input->profile;
        struct cf_profile_decision decision;
        struct decider found = {0};
        int r = cf_profile_decide(profile, &d->job->circumstances, call, &decision, err);
        if (r < 0)
                return r;
        cf_filter_run(d->filter, call, see_return, &found.at, NULL);
        if (decision.reason == CF_PROFILE_BY_RULE)
                found.line = cf_profile_place(profile, decision.rule->part).line;
        else if (decision.reason == CF_PROFILE_BY_DEFAULT)
                found.line = cf_profile_place(profile, profile->default_part).line;
        return cf_vec_push(d->job->arena, &d->list, found) < 0
                       ? cf_error_set(err, -ENOMEM, NULL, "not enough memory")
                       : 0;
}

/* A call for each answer that it can get under the conditions of each entry. */
static int add_answers(struct deciders *d, cf_policy answer, const struct cf_call *call,
                       cf_policy within, struct cf_error *err)
{
        struct cf_policies *all = d->job->all;
        uint32_t *values;
        size_t count;
        int r = cf_policy_values(all, answer, d->job->arena, &values, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_call witness;
                cf_policy where =
                        cf_policy_and(all, within, cf_policy_where_value(all, answer, values[i]));
                r = cf_policies_check(all, where, err);
                if (r < 0 || !cf_policy_find(all, where, &witness))
                        continue;
                witness.arch = call->arch;
                witness.nr = call->nr;
                r = add_decider(d, &witness, err);
        }
        return r;
}

static int add_call(struct deciders *d, const struct cf_syscall *syscall,
                    const struct cf_call *call, struct cf_error *err)
{
        struct cf_policies *all = d->job->all;
        const struct cf_profile *profile = d->input->profile;
        cf_policy answer = cf_policy_of_call(all, d->input->policy, call->arch, call->nr);
        int r = add_answers(d, answer, call, CF_POLICY_TRUE, err);
        for (size_t i = 0; r == 0 && i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                cf_policy when = CF_POLICY_TRUE;
                bool named = false;
                for (size_t k = 0; k < rule->names.count; k++)
                        named |= cf_span_is(rule->names.items[k].text, syscall->name);
                if (!named || !rule->condition_count)
                        continue;
                for (size_t k = 0; k < rule->condition_count; k++)
                        when = cf_policy_and(all, when,
                                             cf_policy_condition(all, &rule->conditions[k]));
                r = add_answers(d, answer, call, when, err);
        }
        return r;
}

static int compare(const void *left, const void *right)
{
        const struct decider *a = left, *b = right;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        return (a->line > b->line) - (a->line < b->line);
}

/* "lines 2, 61, 433 and 12 more": where the entries start, each once. */
static const char *note(struct deciders *d, size_t from, size_t to)
{
        CF_TEXT struct cf_text list = {0};
        unsigned lines = 0, last = 0;
        for (size_t i = from; i < to; i++) {
                unsigned line = d->list.items[i].line;
                if (line == last)
                        continue;
                last = line;
                if (lines++ < LINES_SHOWN)
                        cf_text_printf(&list, "%s%u", lines == 1 ? "" : ", ", line);
        }
        if (!lines)
                return NULL;
        if (lines > LINES_SHOWN)
                cf_text_printf(&list, " and %u more", lines - LINES_SHOWN);
        return cf_arena_printf(d->job->arena, "line%s %s", lines > 1 ? "s" : "",
                               list.data ? list.data : "");
}

int cf_profile_job_text(struct cf_profile_job *job, const struct cf_profile_input *input,
                        struct cf_error *err)
{
        struct deciders d = {.job = job, .input = input};
        const char **notes = cf_arena_many(job->arena, CF_FILTER_MAX, const char *);
        int r = notes ? cf_filter_emit(job->all, input->policy, NULL, job->arena, &d.filter, err)
                      : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t a = 0; r == 0 && a < input->arch_count; a++) {
                const struct cf_arch *arch = input->arches[a];
                struct cf_call call = {.arch = arch->token};
                for (size_t i = 0; r == 0 && cf_syscall_of_arch(arch, i, &call.nr); i++)
                        r = add_call(&d, cf_syscall_by_number(arch, call.nr), &call, err);
        }
        if (r < 0)
                return r;
        if (d.list.count)
                qsort(d.list.items, d.list.count, sizeof(*d.list.items), compare);
        for (size_t i = 0, next; i < d.list.count; i = next) {
                for (next = i; next < d.list.count && d.list.items[next].at == d.list.items[i].at;)
                        next++;
                notes[d.list.items[i].at] = note(&d, i, next);
        }
        cf_filter_print_noted(&job->out, d.filter, notes);
        return 0;
}
