/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles and filters as the command line names them. */
#include "base/json.h"
#include "cli/profile.h"

static void print_warnings(const struct cf_source *source, const struct cf_converted *converted)
{
        for (size_t i = 0; i < converted->warning_count; i++) {
                const struct cf_profile_warning *warning = &converted->warnings[i];
                struct cf_error err = {0};
                struct cf_place place =
                        cf_source_place(source, warning->part.offset, warning->part.length);
                cf_error_set(&err, -EINVAL, &place, "warning: %s", warning->message);
                cf_complain(&err);
        }
        if (converted->more_warnings)
                fprintf(stderr, "confined: %zu more warnings are not shown\n",
                        converted->more_warnings);
}

/* What a file is, where its content tells; else what --from says; else Docker's. */
static int choose_format(struct cf_profile_job *job, struct cf_profile_input *input,
                         struct cf_error *err)
{
        const char *from = cf_given_value(job->invocation, "from");
        const struct cf_conversion *given = from ? cf_conversion_by_name(from) : NULL;
        input->format = cf_conversion_of(input->source);
        if (from && (!given || !given->read))
                return cf_profile_job_no_format("from", from, err);
        if (given && !input->format->claim)
                input->format = given;
        return 0;
}

int cf_profile_job_meaning(struct cf_profile_job *job, struct cf_profile_input *input,
                           struct cf_converted *ret_converted, struct cf_error *err)
{
        struct cf_converted converted;
        struct cf_reading reading = {
                .all = job->all,
                .arena = job->arena,
                .files = job->files,
                .source = input->source,
                .circumstances = &job->circumstances,
                .part = cf_given_value(job->invocation, "part"),
        };
        int r = cf_convert_read(&reading, input->format, &converted, err);
        if (r < 0)
                return r;
        input->profile = converted.profile;
        input->filter = converted.filter;
        input->policy = converted.policy;
        input->arches = converted.arches;
        input->arch_count = converted.arch_count;
        if (ret_converted)
                *ret_converted = converted;
        return 0;
}

int cf_profile_job_read(struct cf_profile_job *job, const char *name,
                        struct cf_profile_input *ret_input, struct cf_error *err)
{
        const struct cf_profile_default *built_in = cf_profile_default(name);
        struct cf_profile_input input = {.name = name, .base = name};
        struct cf_source *source = NULL;
        struct cf_converted converted;
        int r;
        if (built_in) {
                const char *path = cf_arena_printf(job->arena, "built-in %s", built_in->name);
                struct cf_span text;
                if (!path || cf_profile_default_text(job->arena, built_in, &text) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                r = cf_source_from(job->arena, path, text, &source, err);
        } else {
                r = cf_files_read(job->files, job->arena, name, &source, err);
                if (r == -ENOENT && !strchr(name, '/')) {
                        if (err)
                                *err = (struct cf_error){0};
                        r = cf_error_set(err, r, NULL,
                                         "'%s' is neither a file here nor an engine's own profile; "
                                         "see: confined profile default --list",
                                         name);
                }
        }
        if (r < 0)
                return r;
        input.source = source;
        input.format = cf_conversion_by_name("docker");
        r = built_in ? 0 : choose_format(job, &input, err);
        if (r == 0)
                r = cf_profile_job_meaning(job, &input, &converted, err);
        if (r < 0)
                return r;
        /* What an engine's own profile has that is to be warned of, nobody here can change. */
        if (!built_in && !job->no_warnings)
                print_warnings(source, &converted);
        *ret_input = input;
        return 0;
}

int cf_profile_job_arches(struct cf_profile_job *job, const struct cf_profile_input *input,
                          const struct cf_arch *const **ret_arches, size_t *ret_count,
                          struct cf_error *err)
{
        if (!input->arches) /* a policy that was not read from a text */
                return cf_convert_arches(job->all, input->policy, job->circumstances.machine,
                                         job->arena, ret_arches, ret_count, err);
        *ret_arches = input->arches;
        *ret_count = input->arch_count;
        return 0;
}

void cf_profile_job_place(struct cf_profile_job *job, const struct cf_profile *profile,
                          struct cf_profile_part part)
{
        struct cf_place place = cf_profile_place(profile, part);
        cf_text_add_visible(&job->out, cf_span_of(place.path));
        cf_text_printf(&job->out, ":%u:%u", place.line, place.column);
}

static bool is_larger(const struct cf_count *a, const struct cf_count *b)
{
        for (size_t i = CF_COUNT(a->digits); i-- > 0;)
                if (a->digits[i] != b->digits[i])
                        return a->digits[i] > b->digits[i];
        return false;
}

/* The answer that most calls get: it is the one after "else". */
static int most_common(struct cf_profile_job *job, cf_policy policy, const uint32_t *values,
                       size_t count, size_t *ret_at, struct cf_error *err)
{
        struct cf_count most = {0}, now;
        *ret_at = 0;
        for (size_t i = 0; i < count; i++) {
                cf_policy where = cf_policy_where_value(job->all, policy, values[i]);
                int r = cf_policies_check(job->all, where, err);
                if (r == 0)
                        r = cf_policy_count(job->all, where, &now, err);
                if (r < 0)
                        return r;
                if (is_larger(&now, &most)) {
                        most = now;
                        *ret_at = i;
                }
        }
        return 0;
}

/* One of two parts that are joined by "and". */
static void say_part(struct cf_text *out, const struct cf_syscall *call,
                     const struct cf_clauses *clauses)
{
        cf_text_puts(out, clauses->count > 1 ? "(" : "");
        cf_say_clauses(out, call, clauses);
        cf_text_puts(out, clauses->count > 1 ? ")" : "");
}

/* What asks something of both halves of one argument, each for itself, is said half by half. True
 * when it is of that kind and was said so. */
static bool say_halves(struct cf_profile_job *job, struct cf_text *out,
                       const struct cf_syscall *call, cf_policy condition, size_t clauses)
{
        for (unsigned arg = 0; arg < CF_POLICY_ARGS; arg++) {
                struct cf_clauses low_words, high_words;
                cf_policy low = cf_policy_exists(job->all, condition, cf_slice_word(2 + 2 * arg));
                cf_policy high = cf_policy_exists(job->all, condition, cf_slice_word(3 + 2 * arg));
                if (low == CF_POLICY_TRUE || high == CF_POLICY_TRUE ||
                    cf_policy_and(job->all, low, high) != condition)
                        continue;
                if (cf_policy_describe(job->all, low, CF_STYLE_WORDS, job->arena, &low_words,
                                       NULL) < 0 ||
                    cf_policy_describe(job->all, high, CF_STYLE_WORDS, job->arena, &high_words,
                                       NULL) < 0 ||
                    low_words.count + high_words.count >= clauses)
                        continue;
                say_part(out, call, &low_words);
                cf_text_puts(out, " and ");
                say_part(out, call, &high_words);
                return true;
        }
        return false;
}

#define CLAUSES_FEW 2 /* more are looked at for a shorter way to say them */

int cf_profile_job_condition(struct cf_profile_job *job, struct cf_text *out,
                             const struct cf_syscall *call, cf_policy condition,
                             struct cf_error *err)
{
        struct cf_clauses clauses;
        int r = cf_policy_describe(job->all, condition, CF_STYLE_WORDS, job->arena, &clauses, err);
        if (r < 0 && r != -E2BIG)
                return r;
        size_t count = r < 0 ? CF_POLICY_RULES_MAX : clauses.count;
        if (count > CLAUSES_FEW && say_halves(job, out, call, condition, count))
                return 0;
        if (r < 0)
                cf_text_puts(out, "more conditions than can be listed");
        else
                cf_say_clauses(out, call, &clauses);
        return 0;
}

int cf_profile_job_answer(struct cf_profile_job *job, struct cf_text *out,
                          const struct cf_syscall *call, cf_policy policy, struct cf_error *err)
{
        uint32_t *values;
        size_t count, common = 0;
        int r = cf_policy_values(job->all, policy, job->arena, &values, &count, err);
        if (r == 0)
                r = most_common(job, policy, values, count, &common, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++) {
                if (i == common)
                        continue;
                cf_policy where = cf_policy_where_value(job->all, policy, values[i]);
                cf_say_value(out, values[i]);
                cf_text_puts(out, " if ");
                r = cf_profile_job_condition(job, out, call, where, err);
                if (r < 0)
                        return r;
                cf_text_puts(out, ", ");
        }
        cf_text_puts(out, count > 1 ? "else " : "");
        cf_say_value(out, values[common]);
        return 0;
}

void cf_profile_job_json_open(struct cf_profile_job *job, struct cf_json_writer *json,
                              const char *subcommand)
{
        *json = (struct cf_json_writer){.out = &job->out, .indent = 2};
        cf_json_open(json, '{');
        cf_json_key(json, "schema");
        cf_json_put_string(json, "confined-profile-1");
        cf_json_key(json, "command");
        cf_json_put_string(json, subcommand);
}
