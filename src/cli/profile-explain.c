/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile explain P 'CALL(ARGUMENT…)': what a call gets, and which entry says so. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "cli/profile.h"

/* A call as it was typed: arguments that were left out may be anything. */
struct asked {
        const struct cf_arch *arch;
        const struct cf_syscall *syscall;
        struct cf_call call;
        bool given[CF_POLICY_ARGS];
        bool whole; /* every argument that the call has is given */
};

static int parse_name(struct cf_profile_job *job, struct cf_span name, struct asked *asked,
                      struct cf_error *err)
{
        size_t colon = cf_span_find_byte(name, ':');
        char *arch = NULL;
        asked->arch = job->circumstances.machine;
        if (colon != SIZE_MAX) {
                arch = cf_arena_copy(job->arena, cf_span_part(name, 0, colon));
                name = cf_span_part(name, colon + 1, SIZE_MAX);
        }
        char *call = cf_arena_copy(job->arena, name);
        if (!call || (colon != SIZE_MAX && !arch))
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (arch && !(asked->arch = cf_arch_by_name(arch)))
                return cf_error_set(err, -EINVAL, NULL, "there is no architecture '%s'", arch);
        asked->syscall = cf_syscall_by_name(call);
        if (!asked->syscall)
                return cf_error_set(err, -EINVAL, NULL, "there is no system call '%s'", call);
        asked->call.arch = asked->arch->token;
        if (!cf_syscall_number(asked->arch, call, &asked->call.nr))
                return cf_error_set(err, -EINVAL, NULL, "%s has no call '%s'", asked->arch->name,
                                    call);
        return 0;
}

/* One word between '|': a number in any base of C, or a constant of this argument. */
static int parse_word(struct cf_profile_job *job, struct asked *asked, unsigned at,
                      struct cf_span word, struct cf_error *err)
{
        uint64_t value = 0;
        char *end = NULL, *text = cf_arena_copy(job->arena, word);
        if (!text)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!cf_constant_value(asked->syscall, at, word, &value)) {
                errno = 0;
                value = strtoull(text, &end, 0);
                if (!word.size || *end || errno)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "'%s' is no number and no constant that is known "
                                            "here; write '_' for any value",
                                            text);
        }
        asked->call.args[at] |= value;
        return 0;
}

static struct cf_span trim(struct cf_span text)
{
        while (text.size && text.data[0] == ' ')
                text = cf_span_part(text, 1, SIZE_MAX);
        while (text.size && text.data[text.size - 1] == ' ')
                text.size--;
        return text;
}

/* "A, B|C, _, …" */
static int parse_arguments(struct cf_profile_job *job, struct cf_span list, struct asked *asked,
                           struct cf_error *err)
{
        int r = 0;
        for (unsigned at = 0; r == 0 && trim(list).size; at++) {
                size_t comma = cf_span_find_byte(list, ',');
                struct cf_span argument =
                        trim(cf_span_part(list, 0, comma == SIZE_MAX ? list.size : comma));
                list = comma == SIZE_MAX ? CF_SPAN("") : cf_span_part(list, comma + 1, SIZE_MAX);
                if (cf_span_is(argument, "…") || cf_span_is(argument, "..."))
                        return 0;
                if (at >= CF_POLICY_ARGS)
                        return cf_error_set(err, -EINVAL, NULL, "a call has six arguments at most");
                if (cf_span_is(argument, "_"))
                        continue;
                asked->given[at] = true;
                while (r == 0) {
                        size_t bar = cf_span_find_byte(argument, '|');
                        size_t size = bar == SIZE_MAX ? argument.size : bar;
                        r = parse_word(job, asked, at, trim(cf_span_part(argument, 0, size)), err);
                        if (bar == SIZE_MAX)
                                break;
                        argument = cf_span_part(argument, bar + 1, SIZE_MAX);
                }
        }
        return r;
}

static int parse_call(struct cf_profile_job *job, const char *text, struct asked *asked,
                      struct cf_error *err)
{
        struct cf_span all = trim(cf_span_of(text));
        size_t brace = cf_span_find_byte(all, '(');
        *asked = (struct asked){0};
        int r = parse_name(job, trim(cf_span_part(all, 0, brace == SIZE_MAX ? all.size : brace)),
                           asked, err);
        if (r < 0 || brace == SIZE_MAX)
                return r;
        if (all.data[all.size - 1] != ')')
                return cf_error_set(err, -EINVAL, NULL, "'%s' is no call: write NAME(ARGUMENT, …)",
                                    text);
        return parse_arguments(job, cf_span_part(all, brace + 1, all.size - brace - 2), asked, err);
}

/* What is left to decide by the arguments that were not given. */
static int answer_of(struct cf_profile_job *job, const struct cf_profile_input *input,
                     const struct asked *asked, cf_policy *ret_answer, struct cf_error *err)
{
        cf_policy answer =
                cf_policy_of_call(job->all, input->policy, asked->call.arch, asked->call.nr);
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                if (asked->given[i])
                        answer = cf_policy_fix(job->all, answer, cf_slice_arg(i), UINT64_MAX,
                                               asked->call.args[i]);
        *ret_answer = answer;
        return cf_policies_check(job->all, answer, err);
}

static void say_decision(struct cf_profile_job *job, const struct cf_profile *profile,
                         const struct cf_profile_decision *decision)
{
        struct cf_text *out = &job->out;
        switch (decision->reason) {
        case CF_PROFILE_BY_RULE:
                cf_profile_job_place(job, profile, decision->name->part);
                cf_text_puts(out, ": this entry names it");
                break;
        case CF_PROFILE_BY_DEFAULT:
                cf_profile_job_place(job, profile, profile->default_part);
                cf_text_puts(out, ": the default action, no entry matches");
                break;
        case CF_PROFILE_NOT_COVERED:
                cf_text_puts(out, "the profile does not cover this architecture");
                break;
        case CF_PROFILE_NO_FILTER:
                cf_text_puts(out, "engines load no filter for this profile");
                break;
        }
}

static void remember_step(void *context, const struct cf_step *step)
{
        *(uint32_t *)context = step->at;
}

/* When the runtime answers otherwise than the line that decides as written: why. */
static int say_lost(struct cf_profile_job *job, const struct cf_profile_input *input,
                    const struct cf_call *call, const struct cf_profile_decision *decision,
                    struct cf_error *err)
{
        uint32_t now = cf_policy_value(job->all, input->policy, call);
        if (cf_action_normal(decision->value) == now)
                return 0;
        cf_text_puts(&job->out, ", as written: ");
        cf_say_value(&job->out, cf_action_normal(decision->value));
        cf_text_puts(&job->out, "; as loaded: ");
        cf_say_value(&job->out, now);
        cf_text_putc(&job->out, '\n');
        int r = cf_profile_job_say_causes(job, input->loaded, call, err);
        return r < 0 ? r : 0;
}

/* For each answer that is possible, a call that gets it and what decides it. */
static int say_reasons(struct cf_profile_job *job, const struct cf_profile_input *input,
                       const struct asked *asked, cf_policy answer, struct cf_error *err)
{
        uint32_t *values;
        size_t count;
        int r = cf_policy_values(job->all, answer, job->arena, &values, &count, err);
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_call call;
                cf_policy where = cf_policy_where_value(job->all, answer, values[i]);
                r = cf_policies_check(job->all, where, err);
                if (r < 0 || !cf_policy_find(job->all, where, &call))
                        continue;
                call.arch = asked->call.arch;
                call.nr = asked->call.nr;
                for (unsigned k = 0; k < CF_POLICY_ARGS; k++)
                        call.args[k] |= asked->call.args[k];
                cf_text_puts(&job->out, "  ");
                if (count > 1) {
                        cf_say_value(&job->out, values[i]);
                        cf_text_puts(&job->out, ", e.g. ");
                        cf_say_call(&job->out, &call);
                        cf_text_puts(&job->out, ": ");
                }
                if (input->profile) {
                        struct cf_profile_decision decision;
                        r = cf_profile_decide(input->profile, &job->circumstances, &call, &decision,
                                              err);
                        if (r == 0)
                                say_decision(job, input->profile, &decision);
                        if (r == 0 && input->loaded)
                                r = say_lost(job, input, &call, &decision, err);
                } else if (!input->filter.count) {
                        cf_text_puts(&job->out, "which line decides is not told for this format");
                } else {
                        uint32_t at = 0;
                        cf_filter_run(input->filter, &call, remember_step, &at, NULL);
                        cf_text_printf(&job->out, "instruction %u returns it", at);
                }
                cf_text_putc(&job->out, '\n');
        }
        return r;
}

static int print_json(struct cf_profile_job *job, const struct cf_profile_input *input,
                      const struct asked *asked, cf_policy answer, struct cf_error *err)
{
        struct cf_json_writer json;
        CF_TEXT struct cf_text words = {0}, action = {0};
        struct cf_profile_decision decision = {.reason = CF_PROFILE_NO_FILTER};
        uint32_t value;
        int r = cf_profile_job_answer(job, &words, asked->syscall, answer, err);
        bool constant = cf_policy_is_constant(job->all, answer, &value);
        if (r == 0 && input->profile && constant)
                r = cf_profile_decide(input->profile, &job->circumstances, &asked->call, &decision,
                                      err);
        if (r < 0)
                return r;
        cf_profile_job_json_open(job, &json, "explain");
        cf_json_key(&json, "loaded");
        cf_profile_job_json_loaded(job, &json, input);
        cf_json_key(&json, "call");
        cf_json_put_string(&json, asked->syscall->name);
        cf_json_key(&json, "architecture");
        cf_json_put_string(&json, asked->arch->name);
        cf_json_key(&json, "answer");
        cf_json_put_span(&json, cf_text_span(&words));
        cf_json_key(&json, "action"); /* null: arguments decide */
        if (constant) {
                cf_action_print(&action, value);
                cf_json_put_span(&json, cf_text_span(&action));
        } else {
                cf_json_put_null(&json);
        }
        cf_json_key(&json, "line"); /* null: no line decides alone */
        if (constant && decision.reason <= CF_PROFILE_BY_DEFAULT && input->profile)
                cf_json_put_uint(&json,
                                 cf_profile_place(input->profile,
                                                  decision.rule ? decision.name->part
                                                                : input->profile->default_part)
                                         .line);
        else
                cf_json_put_null(&json);
        cf_json_close(&json, '}');
        cf_text_putc(&job->out, '\n');
        job->out.failed |= words.failed || action.failed;
        return 0;
}

int cf_profile_explain(struct cf_profile_job *job, struct cf_error *err)
{
        struct cf_profile_input input;
        struct asked asked;
        cf_policy answer = CF_POLICY_NONE;
        int r = parse_call(job, job->arguments[1], &asked, err);
        if (r == 0)
                r = cf_profile_job_input(job, job->arguments[0], &input, err);
        if (r == 0)
                r = answer_of(job, &input, &asked, &answer, err);
        if (r < 0)
                return r;
        if (job->json && cf_given(job->invocation, "trace"))
                return cf_error_set(err, -EINVAL, NULL,
                                    "--trace is for people: leave out --format json");
        if (job->json)
                return print_json(job, &input, &asked, answer, err);
        cf_profile_job_say_loaded(job, &input);
        cf_text_printf(&job->out, "%s on %s: ", asked.syscall->name, asked.arch->name);
        r = cf_profile_job_answer(job, &job->out, asked.syscall, answer, err);
        cf_text_putc(&job->out, '\n');
        if (r == 0)
                r = say_reasons(job, &input, &asked, answer, err);
        if (r == 0 && cf_given(job->invocation, "trace"))
                r = cf_profile_job_trace(job, &input, &asked.call, err);
        return r;
}
