/* SPDX-License-Identifier: Apache-2.0 */
/* What was decided of held calls, and the profile that results. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/output.h"
#include "cli/why-step.h"

/* ---- the profile that results ------------------------------------------------------------------
 */

struct result {
        CF_VEC(struct cf_profile_addition) additions;
        struct cf_profile_input made; /* profile NULL: nothing was allowed always */
        struct cf_text text;
        struct cf_profile_item *items;
        size_t item_count;
        bool changes;
};

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int gather(struct cf_stepping *step, struct result *result, struct cf_error *err)
{
        struct cf_arena *arena = step->why->job.arena;
        for (size_t i = 0; i < step->rules.rows.count; i++) {
                const struct cf_stepping_rule *row = step->rules.rows.items[i];
                if (row->act == CF_STEPPING_ALLOW && !row->all && row->met &&
                    cf_vec_push(arena, &result->additions,
                                ((struct cf_profile_addition){CF_ALLOW, row->rule})) < 0)
                        return no_memory(err);
        }
        return 0;
}

/* Extends the profile and reads back what was made. */
static int make(struct cf_stepping *step, struct result *result, struct cf_error *err)
{
        struct cf_why *why = step->why;
        struct cf_profile_job *job = &why->job;
        struct cf_profile_input made = {.name = "the profile that results",
                                        .base = "the profile that results"};
        struct cf_source *source;
        int r = gather(step, result, err);
        if (r < 0 || !result->additions.count || !why->input.profile)
                return r;
        r = cf_profile_job_extend(job, &why->input, why->input.base, result->additions.items,
                                  result->additions.count, &result->changes, &result->text, err);
        if (r == 0)
                r = cf_source_from(job->arena, made.name, cf_text_span(&result->text), &source,
                                   err);
        if (r == 0)
                r = cf_profile_read(job->arena, source, &made.profile, err);
        if (r == 0)
                r = cf_profile_job_work_out(job, &made, job->as, err);
        if (r == 0)
                r = cf_profile_job_differences(job, why->input.policy, made.policy, &result->items,
                                               &result->item_count, err);
        if (r == 0)
                result->made = made;
        return r;
}

static int write_it(struct cf_stepping *step, const struct result *result, struct cf_error *err)
{
        const char *path = cf_given_value(step->why->job.invocation, "write");
        if (!path || !result->made.profile)
                return 0;
        return cf_output_write(step->why->job.invocation, path,
                               cf_given_value(step->why->job.invocation, "profile"),
                               cf_text_span(&result->text), err);
}

/* A call that was allowed always and that the profile refuses all the same: its architecture is not
 * in it, or the runtime makes something else of the rule. */
static bool is_lost(const struct cf_stepping *step, const struct result *result,
                    const struct cf_stepping_kind *kind)
{
        return kind->act == CF_STEPPING_ALLOW && result->made.profile &&
               cf_action_rank(cf_policy_value(step->why->job.all, result->made.policy,
                                              &kind->failure.call)) < cf_action_rank(CF_LOG);
}

/* ---- as text -----------------------------------------------------------------------------------
 */

static const char *phrase_of(const struct cf_stepping_kind *kind)
{
        switch (kind->act) {
        case CF_STEPPING_ALLOW:
                return "allowed, always";
        case CF_STEPPING_ONCE:
                return "allowed, once";
        case CF_STEPPING_KILL:
                return "killed";
        default:
                return kind->by == CF_STEPPING_BY_NOBODY ? "refused, undecided" : "refused";
        }
}

static void put_kind(struct cf_stepping *step, const struct result *result,
                     const struct cf_stepping_kind *kind)
{
        struct cf_text *out = &step->why->job.out;
        cf_text_printf(out, "  %-18s  ", phrase_of(kind));
        cf_explain_call(out, &kind->failure.call, kind->failure.known);
        if (kind->act == CF_STEPPING_REFUSE) {
                cf_text_puts(out, " = ");
                cf_say_value(out, kind->value);
        }
        if (kind->count > 1)
                cf_text_printf(out, ", %zu times", kind->count);
        if (kind->line)
                cf_text_printf(out, ", by line %u", kind->line);
        if (is_lost(step, result, kind))
                cf_text_puts(out, "; the profile that results still refuses it");
        cf_text_putc(out, '\n');
}

static void put_status(struct cf_text *out, const struct cf_kernel_end *end)
{
        if (WIFSIGNALED(end->status))
                cf_text_printf(out, "the command was killed by SIG%s\n",
                               sigabbrev_np(WTERMSIG(end->status))
                                       ? sigabbrev_np(WTERMSIG(end->status))
                                       : "?");
        else
                cf_text_printf(out, "the command ended with status %d\n", WEXITSTATUS(end->status));
}

static void put_use(struct cf_stepping *step, const struct result *result)
{
        struct cf_text *out = &step->why->job.out;
        const char *path = cf_given_value(step->why->job.invocation, "write");
        if (path && result->made.profile) {
                cf_text_puts(out, "written to ");
                cf_text_add_visible(out, cf_span_of(path));
                cf_text_puts(out, "; use it: docker run --security-opt seccomp=");
                cf_text_add_visible(out, cf_span_of(path));
        } else if (result->made.profile) {
                cf_text_puts(out, "write it: confined profile extend ");
                cf_text_add_visible(out, cf_span_of(step->why->input.base));
                for (size_t i = 0; i < result->additions.count; i++) {
                        cf_text_puts(out, " --allow '");
                        cf_text_add_visible(out, result->additions.items[i].rule.text);
                        cf_text_putc(out, '\'');
                }
                cf_text_puts(out, " -o profile.json");
        }
        cf_text_putc(out, '\n');
}

static int put_result(struct cf_stepping *step, const struct result *result, struct cf_error *err)
{
        struct cf_why *why = step->why;
        struct cf_text *out = &why->job.out;
        cf_text_putc(out, '\n');
        if (!result->additions.count) {
                cf_text_puts(out, "nothing was allowed always: ");
                cf_text_add_visible(out, cf_span_of(why->input.name));
                cf_text_puts(out, " stays as it is\n");
                return 0;
        }
        if (!result->made.profile) {
                cf_text_puts(out, "always allowed (a raw filter has no entries that could be "
                                  "extended):\n");
                for (size_t i = 0; i < result->additions.count; i++) {
                        cf_text_puts(out, "  ");
                        cf_text_add_visible(out, result->additions.items[i].rule.text);
                        cf_text_putc(out, '\n');
                }
                return 0;
        }
        cf_text_puts(out, "the profile that results, against ");
        cf_text_add_visible(out, cf_span_of(why->input.name));
        cf_text_puts(out, ":\n");
        int r = cf_profile_job_diff(&why->job, &why->input, &result->made, err);
        if (r >= 0)
                put_use(step, result);
        return r < 0 ? r : 0;
}

/* Lines of the file that decided nothing: of no use, or not reached. */
static void put_unused(struct cf_stepping *step)
{
        struct cf_text *out = &step->why->job.out;
        for (size_t i = 0; step->policy && i < step->rules.rows.count; i++) {
                const struct cf_stepping_rule *row = step->rules.rows.items[i];
                if (row->met || !row->line || row->all || row->act == CF_STEPPING_ASK)
                        continue;
                cf_text_add_visible(out, cf_span_of(step->policy));
                cf_text_printf(out, ":%u:%u: note: no call met '%s ", row->line, row->column,
                               cf_stepping_act_name(row->act));
                cf_text_add_visible(out, row->rule.text);
                cf_text_puts(out, "'\n");
        }
}

static int put_text(struct cf_stepping *step, const struct cf_kernel_end *end,
                    const struct result *result, struct cf_error *err)
{
        struct cf_text *out = &step->why->job.out;
        put_status(out, end);
        if (!step->calls) {
                cf_text_add_visible(out, cf_span_of(step->why->input.name));
                cf_text_puts(out, " refused no call\n");
        } else {
                cf_text_printf(out, "%zu call%s held", step->calls,
                               step->calls == 1 ? " was" : "s were");
                if (step->undecided)
                        cf_text_printf(out, ", %zu of them undecided", step->undecided);
                if (step->dropped)
                        cf_text_printf(out, ", %zu given up with their callers", step->dropped);
                cf_text_puts(out, ":\n");
        }
        for (size_t i = 0; i < step->order.count; i++)
                put_kind(step, result, step->order.items[i]);
        if (step->more_kinds)
                cf_text_printf(out, "  and %zu calls of other kinds\n", step->more_kinds);
        put_unused(step);
        return put_result(step, result, err);
}

/* ---- as JSON -----------------------------------------------------------------------------------
 */

static void put_string(struct cf_json_writer *json, const char *key, const char *text)
{
        cf_json_key(json, key);
        if (text)
                cf_json_put_string(json, text);
        else
                cf_json_put_null(json);
}

static void put_uint(struct cf_json_writer *json, const char *key, size_t number)
{
        cf_json_key(json, key);
        cf_json_put_uint(json, number);
}

static void put_json_kind(struct cf_stepping *step, const struct result *result,
                          const struct cf_stepping_kind *kind)
{
        static const char *const by[] = {"nobody", "line", "key", "signal"};
        struct cf_json_writer *json = &step->why->json;
        CF_TEXT struct cf_text call = {0}, answer = {0};
        cf_explain_call(&call, &kind->failure.call, kind->failure.known);
        cf_action_print(&answer, kind->value);
        cf_json_open(json, '{');
        put_string(json, "call", call.data);
        put_string(json, "answer", answer.data);
        put_string(json, "decision", cf_stepping_act_name(kind->act));
        put_string(json, "by", by[kind->by]);
        cf_json_key(json, "line");
        if (kind->line)
                cf_json_put_uint(json, kind->line);
        else
                cf_json_put_null(json);
        put_uint(json, "count", kind->count);
        cf_json_key(json, "stillRefused");
        cf_json_put_bool(json, is_lost(step, result, kind));
        cf_json_close(json, '}');
}

static void put_json_end(struct cf_json_writer *json, const struct cf_kernel_end *end)
{
        bool killed = WIFSIGNALED(end->status);
        cf_json_key(json, "status");
        if (killed)
                cf_json_put_null(json);
        else
                cf_json_put_uint(json, (unsigned)WEXITSTATUS(end->status));
        put_string(json, "signal", killed ? sigabbrev_np(WTERMSIG(end->status)) : NULL);
}

static int put_json(struct cf_stepping *step, const struct cf_kernel_end *end,
                    const struct result *result, struct cf_error *err)
{
        struct cf_why *why = step->why;
        struct cf_json_writer *json = &why->json;
        int r = 0;
        *json = (struct cf_json_writer){.out = &why->job.out, .indent = 2};
        cf_json_open(json, '{');
        put_string(json, "schema", "confined-why-step-1");
        put_string(json, "profile", why->input.name);
        put_json_end(json, end);
        put_uint(json, "held", step->calls);
        put_uint(json, "undecided", step->undecided);
        put_uint(json, "givenUp", step->dropped);
        cf_json_key(json, "calls");
        cf_json_open(json, '[');
        for (size_t i = 0; i < step->order.count; i++)
                put_json_kind(step, result, step->order.items[i]);
        cf_json_close(json, ']');
        cf_json_key(json, "allowed");
        cf_json_open(json, '[');
        for (size_t i = 0; i < result->additions.count; i++) {
                CF_TEXT struct cf_text rule = {0};
                cf_text_add(&rule, result->additions.items[i].rule.text);
                cf_json_put_string(json, rule.data);
        }
        cf_json_close(json, ']');
        cf_json_key(json, "differences");
        cf_json_open(json, '[');
        for (size_t i = 0, next; r == 0 && i < result->item_count; i = next) {
                next = cf_profile_items_end(result->items, result->item_count, i);
                r = cf_profile_job_json_item(&why->job, json, result->items + i, next - i, err);
        }
        cf_json_close(json, ']');
        put_string(json, "written",
                   result->made.profile ? cf_given_value(why->job.invocation, "write") : NULL);
        cf_json_close(json, '}');
        cf_text_putc(&why->job.out, '\n');
        return r;
}

int cf_stepping_sum_up(struct cf_stepping *step, const struct cf_kernel_end *end,
                       struct cf_error *err)
{
        struct result result = {0};
        int r = make(step, &result, err);
        if (r == 0)
                r = write_it(step, &result, err);
        if (r == 0)
                r = step->why->job.json ? put_json(step, end, &result, err)
                                        : put_text(step, end, &result, err);
        cf_text_done(&result.text);
        return r;
}
