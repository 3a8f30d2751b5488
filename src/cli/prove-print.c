/* SPDX-License-Identifier: Apache-2.0 */
/* What was proved, for people and as JSON. */
#include <string.h>

#include "cli/prove.h"

#define MEMBERS_SHOWN 5      /* processes of a group that is not the largest, by name */
#define DIFFERENCES_SHOWN 40 /* for people; JSON has all */
#define ANSWERS_MAX 32       /* different answers to refused calls that are told apart */
#define ARCH_COLUMN 8

static const char *const verdict_names[] = {
        [CF_PROVE_NO_FILTER] = "no-filter",
        [CF_PROVE_ALLOWS_ALL] = "allows-everything",
        [CF_PROVE_FILTERS] = "filters",
};
static const char *const relation_names[] = {
        [CF_PROVE_EQUAL] = "equal",
        [CF_PROVE_STRICTER] = "stricter",
        [CF_PROVE_WEAKER] = "weaker",
        [CF_PROVE_DIFFERENT] = "different",
};
static const char *const mode_names[] = {
        [CF_KERNEL_OFF] = "off",
        [CF_KERNEL_STRICT] = "strict",
        [CF_KERNEL_FILTER] = "filter",
};

static const char *plural(size_t count, const char *one, const char *many)
{
        return count == 1 ? one : many;
}

/* ---- counts of one architecture ---------------------------------------------------------------
 */

struct counts {
        size_t calls, always, sometimes, refused;
        struct {
                uint32_t value;
                size_t calls;
        } answers[ANSWERS_MAX]; /* of calls that are always refused, and always alike */
        size_t answer_count;
        size_t other_answers; /* refused in several ways, or in one too many to tell apart */
};

static bool is_allowed(uint32_t value)
{
        uint32_t action = value & CF_ACTION_MASK;
        return action == CF_ALLOW || action == CF_LOG;
}

static void count_answer(struct counts *counts, uint32_t value)
{
        size_t i = 0;
        while (i < counts->answer_count && counts->answers[i].value != value)
                i++;
        if (i == ANSWERS_MAX) {
                counts->other_answers++;
                return;
        }
        if (i == counts->answer_count)
                counts->answers[counts->answer_count++].value = value;
        counts->answers[i].calls++;
}

static int count_call(struct cf_profile_job *job, struct counts *counts, cf_policy answer,
                      struct cf_error *err)
{
        uint32_t value, *values;
        size_t count, allowed = 0;
        counts->calls++;
        if (cf_policy_is_constant(job->all, answer, &value)) {
                counts->always += is_allowed(value);
                counts->refused += !is_allowed(value);
                if (!is_allowed(value))
                        count_answer(counts, value);
                return 0;
        }
        int r = cf_policy_values(job->all, answer, job->arena, &values, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++)
                allowed += is_allowed(values[i]);
        if (r < 0)
                return r;
        if (allowed == count) {
                counts->always++;
        } else if (allowed) {
                counts->sometimes++;
        } else {
                counts->refused++;
                counts->other_answers++;
        }
        return 0;
}

static int count_calls(struct cf_profile_job *job, cf_policy policy, const struct cf_arch *arch,
                       struct counts *ret_counts, struct cf_error *err)
{
        const struct cf_syscall *call;
        uint32_t nr;
        int r = 0;
        *ret_counts = (struct counts){0};
        for (size_t i = 0; r == 0 && (call = cf_syscall_of_arch(arch, i, &nr)); i++)
                r = count_call(job, ret_counts,
                               cf_policy_of_call(job->all, policy, arch->token, nr), err);
        for (size_t i = 1; i < ret_counts->answer_count; i++) /* most common first */
                for (size_t k = i;
                     k > 0 && ret_counts->answers[k].calls > ret_counts->answers[k - 1].calls;
                     k--) {
                        __typeof__(ret_counts->answers[0]) swapped = ret_counts->answers[k];
                        ret_counts->answers[k] = ret_counts->answers[k - 1];
                        ret_counts->answers[k - 1] = swapped;
                }
        return r;
}

/* ---- for people -------------------------------------------------------------------------------
 */

static void say_range(struct cf_text *out, size_t least, size_t most, const char *one,
                      const char *many)
{
        if (least == most)
                cf_text_printf(out, "%zu %s", most, plural(most, one, many));
        else
                cf_text_printf(out, "%zu to %zu %s", least, most, many);
}

/* "1 filter, 974 instructions" and what that amounts to. */
static void say_filters(struct cf_prove *prove, const struct cf_prove_group *group)
{
        struct cf_text *out = &prove->job.out;
        if (group->mode == CF_KERNEL_OFF) {
                cf_text_puts(out, "no filter: every call is allowed\n");
                return;
        }
        if (group->mode == CF_KERNEL_STRICT) {
                cf_text_puts(out, "strict mode: read, write, exit and sigreturn alone\n");
                return;
        }
        say_range(out, group->least_filters, group->most_filters, "filter", "filters");
        cf_text_puts(out, ", ");
        say_range(out, group->least_instructions, group->most_instructions, "instruction",
                  "instructions");
        if (group->verdict == CF_PROVE_ALLOWS_ALL)
                cf_text_printf(out, ": allows every call of %s",
                               prove->job.circumstances.machine->name);
        cf_text_putc(out, '\n');
}

static int say_counts(struct cf_prove *prove, const struct cf_prove_group *group,
                      const char *indent, struct cf_error *err)
{
        struct cf_text *out = &prove->job.out;
        struct cf_profile_input input = {.policy = group->policy};
        const struct cf_arch *const *arches;
        size_t count;
        int r = cf_profile_job_arches(&prove->job, &input, &arches, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct counts counts;
                size_t length = strlen(arches[i]->name);
                r = count_calls(&prove->job, group->policy, arches[i], &counts, err);
                cf_text_printf(out, "%s%s", indent, arches[i]->name);
                cf_text_repeat(out, ' ', length < ARCH_COLUMN ? ARCH_COLUMN - length : 1);
                cf_text_printf(out, "of %zu calls %zu always allowed", counts.calls, counts.always);
                if (counts.sometimes)
                        cf_text_printf(out, ", %zu by their arguments", counts.sometimes);
                cf_text_printf(out, ", %zu refused", counts.refused);
                for (size_t k = 0; k < counts.answer_count; k++) {
                        cf_text_printf(out, "%s%zu ", k ? ", " : " (", counts.answers[k].calls);
                        cf_say_value(out, counts.answers[k].value);
                }
                if (counts.other_answers)
                        cf_text_printf(out, "%s%zu in several ways",
                                       counts.answer_count ? ", " : " (", counts.other_answers);
                cf_text_puts(out, counts.answer_count || counts.other_answers ? ")\n" : "\n");
        }
        return r;
}

/* 1: looser here than there, -1: stricter, 0: the same action with other data. */
static int direction(const struct cf_profile_item *item)
{
        int32_t here = cf_action_rank(item->difference->value_a);
        int32_t there = cf_action_rank(item->difference->value_b);
        return (here > there) - (here < there);
}

/* In how many calls (as they are named) it differs, by direction. */
static void count_labels(const struct cf_prove_known *known, size_t ret_labels[3])
{
        const struct cf_profile_item *items = known->items;
        memset(ret_labels, 0, 3 * sizeof(*ret_labels));
        for (size_t i = 0, next; i < known->item_count; i = next) {
                bool seen[3] = {false};
                for (next = i;
                     next < known->item_count && strcmp(items[next].label, items[i].label) == 0;
                     next++)
                        seen[direction(&items[next]) + 1] = true;
                for (size_t k = 0; k < 3; k++)
                        ret_labels[k] += seen[k];
        }
}

/* "weaker than docker in 1 call, stricter in 2" */
static void say_relation(struct cf_prove *prove, const struct cf_prove_target *target,
                         const struct cf_prove_known *known, const char *indent)
{
        struct cf_text *out = &prove->job.out;
        size_t labels[3];
        count_labels(known, labels);
        size_t looser = labels[2], stricter = labels[0], other = labels[1];
        cf_text_puts(out, indent);
        cf_text_puts(out, known->relation == CF_PROVE_EQUAL ? "equal to "
                          : looser                          ? "weaker than "
                          : stricter                        ? "stricter than "
                                                            : "as strict as ");
        cf_text_add_visible(out, cf_span_of(strcmp(prove->against_base, "default") == 0
                                                    ? target->by_default.words
                                                    : prove->against_base));
        if (!prove->against_live)
                cf_profile_say_as(out, &prove->input);
        if (prove->input.profile && !prove->against_live)
                cf_text_puts(out, " (for the capabilities here)");
        if (known->relation == CF_PROVE_EQUAL) {
                cf_text_puts(out, ": every call gets the same answer (proved)\n");
                return;
        }
        size_t first = looser ? looser : stricter;
        if (first)
                cf_text_printf(out, " in %zu %s", first, plural(first, "call", "calls"));
        if (looser && stricter)
                cf_text_printf(out, ", stricter in %zu", stricter);
        if (other)
                cf_text_printf(out, ", %zu refused with another answer", other);
        cf_text_puts(out, "; everything else is equal (proved)\n");
}

/* One difference, on all the architectures that share it. */
static int say_item(struct cf_prove *prove, const struct cf_profile_item *items, size_t count,
                    const char *indent, struct cf_error *err)
{
        struct cf_text *out = &prove->job.out;
        int way = direction(items), r = 0;
        cf_text_printf(out, "%s  %c ", indent, way > 0 ? '+' : way < 0 ? '-' : '~');
        cf_profile_say_label(out, items);
        if (items->difference->condition != CF_POLICY_TRUE) {
                cf_text_puts(out, " if ");
                r = cf_profile_job_condition(&prove->job, out, items->call,
                                             items->difference->condition, err);
        }
        cf_text_puts(out, ": ");
        cf_say_value(out, items->difference->value_a);
        cf_text_puts(out, " here, ");
        cf_say_value(out, items->difference->value_b);
        cf_text_puts(out, " there    e.g. ");
        cf_say_call(out, &items->witness);
        for (size_t i = 0; i < count && items[i].arch; i++)
                cf_text_printf(out, "%s%s", i ? ", " : "    on ", items[i].arch->name);
        cf_text_putc(out, '\n');
        return r;
}

/* What is looser first: that is what the reader looks for. Other data of one action last. */
static int say_items(struct cf_prove *prove, const struct cf_prove_known *known, const char *indent,
                     struct cf_error *err)
{
        static const int order[] = {1, -1, 0};
        size_t shown = 0, all = 0;
        int r = 0;
        for (size_t k = 0; k < CF_COUNT(order); k++) {
                for (size_t i = 0, next; r == 0 && i < known->item_count; i = next) {
                        next = cf_profile_items_end(known->items, known->item_count, i);
                        if (direction(&known->items[i]) != order[k] || all++ >= DIFFERENCES_SHOWN)
                                continue;
                        shown++;
                        r = say_item(prove, &known->items[i], next - i, indent, err);
                }
        }
        if (all > shown)
                cf_text_printf(&prove->job.out,
                               "%s  and %zu more: confined prove --format json lists all\n", indent,
                               all - shown);
        return r;
}

static void say_members(struct cf_text *out, const struct cf_prove_group *group)
{
        size_t shown = 0;
        for (size_t i = 0; i < group->members.count && shown < MEMBERS_SHOWN; i++, shown++) {
                const struct cf_prove_member *member = &group->members.items[i];
                cf_text_puts(out, i ? ", " : "");
                if (!member->whole)
                        cf_text_printf(out, "thread %d of ", (int)member->tid);
                cf_text_printf(out, "PID %d (", (int)member->pid);
                cf_text_add_visible(out, cf_span_of(member->name));
                cf_text_putc(out, ')');
        }
        if (group->members.count > shown)
                cf_text_printf(out, ", … (%zu threads in all)", group->threads);
}

static void say_subject(struct cf_prove *prove, const struct cf_prove_subject *subject)
{
        struct cf_text *out = &prove->job.out;
        const struct cf_prove_target *target = subject->target;
        if (!target->image)
                cf_text_puts(out, "PID ");
        cf_text_add_visible(out, cf_span_of(target->name));
        const char *beside = target->image ? target->image : subject->name;
        if (*beside) {
                cf_text_puts(out, " (");
                cf_text_add_visible(out, cf_span_of(beside));
                cf_text_putc(out, ')');
        }
        cf_text_puts(out, ": ");
        if (target->image)
                cf_text_printf(out, "%zu %s, ", subject->processes,
                               plural(subject->processes, "process", "processes"));
        if (subject->threads > subject->processes)
                cf_text_printf(out, "%zu threads, ", subject->threads);
}

/* What the policy is; of one that was told before, where. */
static int say_policy(struct cf_prove *prove, const struct cf_prove_target *target,
                      const struct cf_prove_group *group, const char *indent, struct cf_error *err)
{
        struct cf_text *out = &prove->job.out;
        struct cf_prove_known *known = group->known;
        bool filtered = group->mode != CF_KERNEL_OFF;
        int r = 0;
        if (known->told && (filtered || prove->against)) {
                cf_text_printf(out, "%sthe same policy as that of ", indent);
                cf_text_puts(out, known->told->image ? "" : "PID ");
                cf_text_add_visible(out, cf_span_of(known->told->name));
                cf_text_puts(out, known->told == target ? "\n" : ", above\n");
                return 0;
        }
        if (filtered || prove->against)
                known->told = target;
        if (filtered)
                r = say_counts(prove, group, indent, err);
        if (r < 0 || !prove->against)
                return r;
        say_relation(prove, target, known, indent);
        return say_items(prove, known, indent, err);
}

static int print_terminal(struct cf_prove *prove, const struct cf_prove_subject *subject,
                          struct cf_error *err)
{
        struct cf_text *out = &prove->job.out;
        bool several = subject->groups.count > 1;
        int r = 0;
        say_subject(prove, subject);
        if (several)
                cf_text_printf(out, "%zu different policies\n", subject->groups.count);
        for (size_t i = 0; r == 0 && i < subject->groups.count; i++) {
                const struct cf_prove_group *group = &subject->groups.items[i];
                if (several) {
                        cf_text_puts(out, "  ");
                        say_members(out, group);
                        cf_text_puts(out, ": ");
                }
                say_filters(prove, group);
                r = say_policy(prove, subject->target, group, several ? "    " : "  ", err);
        }
        return r;
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void put_uint(struct cf_json_writer *json, const char *key, uint64_t number)
{
        cf_json_key(json, key);
        cf_json_put_uint(json, number);
}

static void put_string(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        cf_json_put_string(json, text);
}

static int json_counts(struct cf_prove *prove, const struct cf_prove_group *group,
                       struct cf_error *err)
{
        struct cf_json_writer *json = &prove->json;
        struct cf_profile_input input = {.policy = group->policy};
        const struct cf_arch *const *arches;
        size_t count;
        int r = cf_profile_job_arches(&prove->job, &input, &arches, &count, err);
        cf_json_key(json, "architectures");
        cf_json_open(json, '[');
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct counts counts;
                r = count_calls(&prove->job, group->policy, arches[i], &counts, err);
                cf_json_open(json, '{');
                put_string(json, "name", arches[i]->name);
                put_uint(json, "calls", counts.calls);
                put_uint(json, "always", counts.always);
                put_uint(json, "sometimes", counts.sometimes);
                put_uint(json, "refused", counts.refused);
                cf_json_key(json, "answers");
                cf_json_open(json, '{');
                for (size_t k = 0; k < counts.answer_count; k++) {
                        CF_TEXT struct cf_text answer = {0};
                        cf_action_print(&answer, counts.answers[k].value);
                        put_uint(json, answer.data ? answer.data : "", counts.answers[k].calls);
                        prove->job.out.failed |= answer.failed;
                }
                cf_json_close(json, '}');
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
        return r;
}

static int json_against(struct cf_prove *prove, const struct cf_prove_group *group,
                        struct cf_error *err)
{
        struct cf_json_writer *json = &prove->json;
        const struct cf_prove_known *known = group->known;
        int r = 0;
        cf_json_key(json, "against");
        if (!prove->against) {
                cf_json_put_null(json);
                return 0;
        }
        cf_json_open(json, '{');
        put_string(json, "profile",
                   prove->against_live || !prove->input.profile ? NULL : prove->input.name);
        cf_json_key(json, "loaded"); /* how a runtime loads it; null: as written */
        if (prove->against_live)
                cf_json_put_null(json);
        else
                cf_profile_job_json_loaded(&prove->job, json, &prove->input);
        put_string(json, "verdict", relation_names[known->relation]);
        cf_json_key(json, "atLeastAsStrict");
        cf_json_put_bool(json, known->as_strict);
        cf_json_key(json, "differences"); /* a: here, b: there */
        cf_json_open(json, '[');
        for (size_t i = 0, next; r == 0 && i < known->item_count; i = next) {
                next = cf_profile_items_end(known->items, known->item_count, i);
                r = cf_profile_job_json_item(&prove->job, json, &known->items[i], next - i, err);
        }
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        return r;
}

static int json_group(struct cf_prove *prove, const struct cf_prove_group *group,
                      struct cf_error *err)
{
        struct cf_json_writer *json = &prove->json;
        cf_json_open(json, '{');
        put_string(json, "verdict", verdict_names[group->verdict]);
        put_string(json, "mode", mode_names[group->mode]);
        put_uint(json, "filters", group->most_filters);
        put_uint(json, "instructions", group->most_instructions);
        put_uint(json, "threads", group->threads);
        cf_json_key(json, "members");
        cf_json_open(json, '[');
        for (size_t i = 0; i < group->members.count; i++) {
                const struct cf_prove_member *member = &group->members.items[i];
                cf_json_open(json, '{');
                put_uint(json, "pid", (uint64_t)member->pid);
                cf_json_key(json, "thread"); /* null: all of the process */
                if (member->whole)
                        cf_json_put_null(json);
                else
                        cf_json_put_uint(json, (uint64_t)member->tid);
                put_string(json, "name", member->name);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
        int r = json_counts(prove, group, err);
        if (r == 0)
                r = json_against(prove, group, err);
        cf_json_close(json, '}');
        return r;
}

static int print_json(struct cf_prove *prove, const struct cf_prove_subject *subject,
                      struct cf_error *err)
{
        struct cf_json_writer *json = &prove->json;
        int r = 0;
        cf_json_open(json, '{');
        put_string(json, "name", subject->target->name);
        put_string(json, "image", subject->target->image);
        put_string(json, "command", subject->name);
        put_uint(json, "processes", subject->processes);
        put_uint(json, "threads", subject->threads);
        put_uint(json, "stoppedMicroseconds", (subject->stopped_ns + 999) / 1000);
        cf_json_key(json, "policies");
        cf_json_open(json, '[');
        for (size_t i = 0; r == 0 && i < subject->groups.count; i++)
                r = json_group(prove, &subject->groups.items[i], err);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        return r;
}

/* ---- both -------------------------------------------------------------------------------------
 */

int cf_prove_print(struct cf_prove *prove, const struct cf_prove_subject *subject,
                   struct cf_error *err)
{
        return prove->job.json ? print_json(prove, subject, err)
                               : print_terminal(prove, subject, err);
}

void cf_prove_print_open(struct cf_prove *prove)
{
        struct cf_json_writer *json = &prove->json;
        if (!prove->job.json)
                return;
        *json = (struct cf_json_writer){.out = &prove->job.out, .indent = 2};
        cf_json_open(json, '{');
        put_string(json, "schema", "confined-prove-1");
        put_string(json, "against", prove->against);
        cf_json_key(json, "subjects");
        cf_json_open(json, '[');
}

void cf_prove_print_close(struct cf_prove *prove)
{
        if (!prove->job.json)
                return;
        cf_json_close(&prove->json, ']');
        cf_json_close(&prove->json, '}');
        cf_text_putc(&prove->job.out, '\n');
}
