/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles and filters as the command line names them. */
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/profile.h"

static void print_warnings(const struct cf_profile *profile)
{
        for (size_t i = 0; i < profile->warning_count; i++) {
                struct cf_error err = {0};
                struct cf_place place = cf_profile_place(profile, profile->warnings[i].part);
                cf_error_set(&err, -EINVAL, &place, "warning: %s", profile->warnings[i].message);
                cf_complain(&err);
        }
        if (profile->more_warnings)
                fprintf(stderr, "confined: %zu more warnings are not shown\n",
                        profile->more_warnings);
}

/* Every instruction of a filter holds a zero byte, and no JSON text does. */
static bool is_raw_filter(const struct cf_source *source)
{
        return source->encoding == CF_UTF8 && source->text.size > 0 &&
               memchr(source->text.data, 0, source->text.size) != NULL;
}

static int read_filter(struct cf_profile_job *job, const struct cf_source *source,
                       struct cf_profile_input *input, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        int r = cf_filter_from_bytes(job->arena, source->text, &input->filter, err);
        if (r == 0)
                r = cf_filter_lift(job->all, input->filter, &input->policy, err);
        return r < 0 ? cf_error_doing(err, r, &whole, "reading it as a raw filter") : 0;
}

/* What an engine's own profile has that is to be warned of, nobody here can change. */
static int read_profile(struct cf_profile_job *job, const struct cf_source *source, bool built_in,
                        struct cf_profile_input *input, struct cf_error *err)
{
        int r = cf_profile_read(job->arena, source, &input->profile, err);
        if (r < 0)
                return r;
        if (!built_in)
                print_warnings(input->profile);
        return cf_profile_policy(job->all, input->profile, &job->circumstances, &input->policy,
                                 err);
}

int cf_profile_job_read(struct cf_profile_job *job, const char *name,
                        struct cf_profile_input *ret_input, struct cf_error *err)
{
        const struct cf_profile_default *built_in = cf_profile_default(name);
        struct cf_profile_input input = {.name = name, .base = name};
        struct cf_source *source = NULL;
        int r;
        if (built_in) {
                const char *path = cf_arena_printf(job->arena, "built-in %s", built_in->name);
                struct cf_span text;
                if (!path || cf_profile_default_text(job->arena, built_in, &text) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                r = cf_source_from(job->arena, path, text, &source, err);
        } else {
                r = cf_files_read(job->files, job->arena, name, &source, err);
        }
        if (r < 0)
                return r;
        r = is_raw_filter(source) ? read_filter(job, source, &input, err)
                                  : read_profile(job, source, built_in, &input, err);
        if (r < 0)
                return r;
        input.policy = cf_policy_normal(job->all, input.policy);
        *ret_input = input;
        return cf_policies_check(job->all, input.policy, err);
}

/* A raw filter knows an architecture when it does not treat all of its calls alike. */
static bool filter_knows(struct cf_profile_job *job, cf_policy policy, const struct cf_arch *arch)
{
        const struct cf_syscall *call;
        cf_policy first = CF_POLICY_NONE;
        uint32_t nr;
        for (size_t i = 0; (call = cf_syscall_of_arch(arch, i, &nr)); i++) {
                cf_policy answer = cf_policy_of_call(job->all, policy, arch->token, nr);
                if (first != CF_POLICY_NONE && answer != first)
                        return true;
                first = answer;
        }
        return false;
}

int cf_profile_job_arches(struct cf_profile_job *job, const struct cf_profile_input *input,
                          const struct cf_arch *const **ret_arches, size_t *ret_count,
                          struct cf_error *err)
{
        CF_VEC(const struct cf_arch *) arches = {0};
        const struct cf_arch *arch;
        if (input->profile)
                return cf_profile_architectures(job->arena, input->profile, &job->circumstances,
                                                ret_arches, ret_count, err);
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if ((arch == job->circumstances.machine ||
                     filter_knows(job, input->policy, arch)) &&
                    cf_vec_push(job->arena, &arches, arch) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_arches = arches.items;
        *ret_count = arches.count;
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
