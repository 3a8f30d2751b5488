/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile convert: the same policy in another tool's format. */
#include <string.h>

#include "base/vec.h"
#include "cli/profile.h"

int cf_profile_job_no_format(const char *option, const char *name, struct cf_error *err)
{
        CF_TEXT struct cf_text names = {0};
        bool from = strcmp(option, "from") == 0;
        for (const struct cf_conversion *row = cf_conversions; row->name; row++)
                if (from ? row->read != NULL : row->write != NULL)
                        cf_text_printf(&names, " %s", row->name);
        return cf_error_set(err, -EINVAL, NULL, "--%s: '%s' is none of:%s", option, name,
                            names.data ? names.data : "");
}

typedef CF_VEC(const struct cf_arch *) cf_arch_list;

/* One word of --within: an architecture that the policy knows; the machine's own stays first. */
static int add_arch(struct cf_profile_job *job, const struct cf_profile_input *input,
                    const char *word, cf_arch_list *arches, struct cf_error *err)
{
        const struct cf_arch *arch = cf_arch_by_name(word);
        if (!arch)
                return cf_error_set(err, -EINVAL, NULL, "--within: there is no architecture '%s'",
                                    word);
        for (size_t i = 0; i < arches->count; i++)
                if (arches->items[i] == arch)
                        return 0;
        for (size_t i = 0; i < input->arch_count; i++)
                if (input->arches[i] == arch)
                        return cf_vec_push(job->arena, arches, arch) < 0
                                       ? cf_error_set(err, -ENOMEM, NULL, "not enough memory")
                                       : 0;
        return cf_error_set(err, -EINVAL, NULL, "--within: '%s' says nothing of %s", input->name,
                            arch->name);
}

/* The architectures that are written: those of --within, else all that the input knows. */
static int choose_arches(struct cf_profile_job *job, const struct cf_profile_input *input,
                         struct cf_writing *writing, struct cf_error *err)
{
        const char *within = cf_given_value(job->invocation, "within");
        cf_arch_list arches = {0};
        writing->arches = input->arches;
        writing->arch_count = input->arch_count;
        if (!within)
                return 0;
        char *words = cf_arena_string(job->arena, within), *rest = NULL;
        int r = words ? 0 : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (char *word = words ? strtok_r(words, ",", &rest) : NULL; r == 0 && word;
             word = strtok_r(NULL, ",", &rest))
                r = add_arch(job, input, word, &arches, err);
        if (r == 0 && !arches.count)
                r = cf_error_set(err, -EINVAL, NULL, "--within needs an architecture");
        for (size_t i = 1; r == 0 && i < arches.count; i++) {
                const struct cf_arch *first = arches.items[0];
                if (arches.items[i] != job->circumstances.machine)
                        continue;
                arches.items[0] = arches.items[i];
                arches.items[i] = first;
        }
        writing->arches = arches.items;
        writing->arch_count = arches.count;
        writing->within = true;
        return r;
}

struct reasons {
        struct cf_profile_job *job;
        const struct cf_profile *profile;
};

/* A name that every format takes as one word. */
static int check_name(const char *name, struct cf_error *err)
{
        const char *known = "abcdefghijklmnopqrstuvwxyz0123456789-";
        size_t size = name ? strlen(name) : 0;
        if (!name || (size > 0 && size < 64 && strspn(name, known) == size && name[0] >= 'a' &&
                      name[size - 1] != '-'))
                return 0;
        return cf_error_set(err, -EINVAL, NULL,
                            "--name: '%s' must be small letters, digits and '-', a letter first",
                            name);
}

static void add_words(struct cf_text *text, const char *before,
                      const struct cf_profile_words *words)
{
        for (size_t i = 0; i < words->count; i++)
                cf_text_printf(text, "%s%.*s", i ? ", " : before, (int)words->items[i].text.size,
                               words->items[i].text.data);
}

/* What the first entry that names a call says of it: its comment, or when it counts. */
static const char *reason(void *context, const struct cf_syscall *call)
{
        const struct reasons *reasons = context;
        CF_TEXT struct cf_text text = {0};
        for (size_t i = 0; i < reasons->profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &reasons->profile->rules[i];
                bool named = false;
                for (size_t k = 0; k < rule->names.count; k++)
                        named |= cf_span_is(rule->names.items[k].text, call->name);
                if (!named || !cf_profile_rule_applies(rule, &reasons->job->circumstances))
                        continue;
                if (rule->comment && rule->comment[0])
                        return rule->comment;
                add_words(&text, "with ", &rule->includes.caps);
                add_words(&text, text.size ? "; without " : "without ", &rule->excludes.caps);
                add_words(&text, text.size ? "; on " : "on ", &rule->includes.arches);
                if (rule->includes.has_kernel)
                        cf_text_printf(&text, "%sfrom Linux %u.%u on", text.size ? "; " : "",
                                       rule->includes.kernel_major, rule->includes.kernel_minor);
                break;
        }
        return text.size && !text.failed ? cf_arena_copy(reasons->job->arena, cf_text_span(&text))
                                         : NULL;
}

static int check_annotate(const struct cf_profile_input *input, const struct cf_conversion *format,
                          struct cf_error *err)
{
        if (strcmp(format->name, "docker") != 0)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--annotate: '%s' has no place for it, but docker has",
                                    format->name);
        if (!input->profile)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--annotate: %s has no entries that could say why",
                                    input->name);
        return 0;
}

static int write_text(struct cf_profile_job *job, const struct cf_profile_input *input,
                      const struct cf_conversion *format, struct cf_error *err)
{
        struct cf_writing writing = {
                .all = job->all,
                .arena = job->arena,
                .policy = input->policy,
                .name = cf_given_value(job->invocation, "name"),
                .listener = input->profile ? input->profile->listener : NULL,
        };
        struct reasons reasons = {job, input->profile};
        const struct cf_profile_order order = {.comment = reason, .context = &reasons};
        int r = check_name(writing.name, err);
        if (r == 0 && cf_given(job->invocation, "annotate")) {
                writing.order = &order;
                r = check_annotate(input, format, err);
        }
        if (r == 0)
                r = choose_arches(job, input, &writing, err);
        if (r == 0)
                r = strcmp(format->name, "text") == 0 && input->profile && !input->loaded
                            ? cf_profile_job_text(job, input, err)
                            : cf_convert_write(&writing, format, &job->out, err);
        if (r == 0 && input->profile && input->profile->flags.count)
                fprintf(stderr,
                        "confined: %s: note: its 'flags' are no part of the policy and were not "
                        "carried over\n",
                        input->name);
        return r < 0 ? r : cf_profile_job_write(job, false, err);
}

int cf_profile_convert(struct cf_profile_job *job, struct cf_error *err)
{
        const char *to = cf_given_value(job->invocation, "to");
        const struct cf_conversion *format = to ? cf_conversion_by_name(to) : NULL;
        struct cf_profile_input input;
        if (!to)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'profile convert' needs the format to write: --to FORMAT");
        if (!format || !format->write)
                return cf_profile_job_no_format("to", to, err);
        int r = cf_profile_job_input(job, job->arguments[0], &input, err);
        return r < 0 ? r : write_text(job, &input, format, err);
}
