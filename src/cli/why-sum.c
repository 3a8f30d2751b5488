/* SPDX-License-Identifier: Apache-2.0 */
/* confined why, live: what is said in the end. */
#include <stdlib.h>
#include <string.h>

#include "cli/why-live.h"
#include "cli/words.h"
#include "syscalls/syscalls.h"

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
        bool bare;     /* a command that runs here: no thread of it was seen with a filter */
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
        const struct cf_invocation *invocation = live->why->job.invocation;
        *sum = (struct summed){.others = live->own ? live->own->others : 0};
        sum->bare = invocation->separated && !cf_word_asks_an_engine(invocation->arguments[0]) &&
                    !live->filtered && !live->others.count;
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
        if (sum->refused)
                cf_text_printf(out, "%llu %s refused by seccomp", (unsigned long long)sum->refused,
                               sum->refused == 1 ? "call" : "calls");
        else
                cf_text_puts(out, "no call was refused by seccomp");
        if (why->all_errors)
                cf_text_printf(out, ", %llu refused otherwise", (unsigned long long)sum->failed);
        else if (sum->bare)
                cf_text_puts(out, ": nothing in it has a filter; what Docker's default would "
                                  "refuse: confined why --step -- COMMAND");
        else if (!sum->refused)
                cf_text_puts(out, " (--all-errors tells of calls that failed otherwise)");
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

/* Whether the profile lets a refused call through: then a further filter refused it. */
static bool is_by_own(const struct cf_policies *all, const struct cf_why_kind *kind)
{
        cf_policy outer = kind->filters->outer;
        if (!kind->failure.by_filter || outer == CF_POLICY_NONE)
                return false;
        uint32_t value = cf_action_normal(cf_policy_value(all, outer, &kind->failure.call));
        return cf_action_rank(value) >= cf_action_rank(CF_LOG);
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
                kind->failure.by_own = is_by_own(why->job.all, kind);
                why->input = (struct cf_profile_input){
                        .name = kind->filters->name,
                        .base = kind->filters->base,
                        .profile = kind->filters->profile,
                        .policy =
                                kind->failure.by_own ? kind->filters->outer : kind->filters->policy,
                };
                r = cf_why_say(why, &kind->failure, err);
        }
        return r;
}

/* Whether lines stand on the standard output already. */
static bool has_told(const struct cf_why_live *live)
{
        bool told = live->told && live->stream == stdout;
        for (size_t i = 0; i < live->others.count; i++)
                told |= live->others.items[i]->told && live->others.items[i]->stream == stdout;
        return told;
}

int cf_why_sum_up(struct cf_why_live *live, struct cf_error *err)
{
        struct cf_why *why = live->why;
        struct summed sum;
        cf_why_settle_boxes(live);
        if (has_told(live)) /* on the same screen, above */
                putchar('\n');
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
        if (r == 0 && !why->job.json && live->others.count + (live->order.count > 0) <= 1)
                cf_why_write_advise(why); /* one subject has one profile */
        if (r == 0 && !why->job.json)
                r = cf_why_write_say(why, err);
        return r;
}
