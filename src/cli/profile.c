/* SPDX-License-Identifier: Apache-2.0 */
/* confined profile SUBCOMMAND: what profiles and filters mean, exactly. */
#include <string.h>

#include "cli/output.h"
#include "cli/profile-surface.h"
#include "cli/weights.h"

#define INPUTS_MAX 64                    /* profiles that are merged */
#define INPUT_MEMORY ((size_t)512 << 20) /* of all inputs, and of what is said of them */

/* Those of all reporting commands, and what the meaning depends on. */
#define LINT_OPTIONS                                                                             \
        " as cap-add cap-drop arch kernel format output rule config no-config fail-on baseline " \
        "write-baseline color quiet all "

static int print_default(struct cf_profile_job *job, struct cf_error *err);

static const struct subcommand {
        struct cf_subcommand shown;
        size_t least, most;  /* arguments */
        const char *options; /* that it takes, each between blanks */
        int (*run)(struct cf_profile_job *job, struct cf_error *err);
} subcommands[] = {
        {{"show", "PROFILE", "every call and what it gets"},
         1,
         1,
         " as base cap-add cap-drop arch kernel from part format ",
         cf_profile_show},
        {{"diff", "A B", "every difference of two, with a call that shows it"},
         2,
         2,
         " as cap-add cap-drop arch kernel from part format ",
         cf_profile_diff},
        {{"explain", "PROFILE CALL", "what one call gets, and the line that decides it"},
         2,
         2,
         " as cap-add cap-drop arch kernel from part trace format ",
         cf_profile_explain},
        {{"lint", "PROFILE…", "what is wrong with profiles, by rules"},
         1,
         INPUTS_MAX,
         LINT_OPTIONS,
         cf_profile_lint_run},
        {{"merge", "A B…", "one profile that allows what any of them allows, or what all do"},
         2,
         INPUTS_MAX,
         " intersection cap-add cap-drop arch kernel from part output force ",
         cf_profile_merge},
        {{"extend", "BASE RULES…", "the base with a few calls allowed or refused, proved"},
         1,
         1,
         " allow deny errno for cap-add cap-drop arch kernel output force ",
         cf_profile_run_extend},
        {{"rebase", "PROFILE", "what extend added, on a newer base, and what changes"},
         1,
         1,
         " onto cap-add cap-drop arch kernel output force ",
         cf_profile_run_rebase},
        {{"compile", "PROFILE -o FILE", "write it as a raw filter, proved equal"},
         1,
         1,
         " as cap-add cap-drop arch kernel from part output force weights ",
         cf_profile_compile},
        {{"convert", "PROFILE --to FORMAT", "write it in another tool's format, proved equal"},
         1,
         1,
         " annotate cap-add cap-drop arch kernel from part to within name output force ",
         cf_profile_convert},
        {{"surface", "[PROFILE…]", "how much of the kernel is within reach, beside the default"},
         0,
         CF_SURFACES_MAX - 2,
         " as cap-add cap-drop arch kernel from part format output ",
         cf_profile_surface},
        {{"default", "[NAME]", "print an engine's own profile"}, 0, 1, " list ", print_default},
};

/* The same rows, for help and completions. */
static const struct cf_subcommand *subcommand_at(size_t i)
{
        return i < CF_COUNT(subcommands) ? &subcommands[i].shown : NULL;
}

static const char *subcommand_name_at(size_t i, const void *context)
{
        (void)context;
        return i < CF_COUNT(subcommands) ? subcommands[i].shown.name : NULL;
}

/* ---- default and compile ------------------------------------------------------------------ */

/* Every one by its name, what it is and the short names that mean it. */
static void list_defaults(struct cf_profile_job *job)
{
        for (size_t i = 0; i < cf_profile_default_count; i++) {
                const struct cf_profile_default *profile = &cf_profile_defaults[i];
                cf_text_printf(&job->out, "%-20s %s (%s)", profile->name, profile->title,
                               profile->source);
                for (size_t k = 0; k < CF_PROFILE_SHORT_NAMES && profile->short_names[k]; k++)
                        cf_text_printf(&job->out, "%s%s",
                                       k ? ", " : "; also: ", profile->short_names[k]);
                cf_text_putc(&job->out, '\n');
        }
}

static int print_default(struct cf_profile_job *job, struct cf_error *err)
{
        const char *name = job->arguments[0] ? job->arguments[0] : "docker";
        const struct cf_profile_default *profile = cf_profile_default(name);
        struct cf_span text;
        if (cf_given(job->invocation, "list")) {
                list_defaults(job);
                return 0;
        }
        if (!profile)
                return cf_error_set(err, -EINVAL, NULL,
                                    "there is no built-in profile '%s'; names are docker, podman, "
                                    "containerd, and versions of them such as docker-20.10: "
                                    "confined profile default --list",
                                    name);
        if (cf_profile_default_text(job->arena, profile, &text) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        cf_text_add(&job->out, text);
        return 0;
}

int cf_profile_compile(struct cf_profile_job *job, struct cf_error *err)
{
        const char *path = cf_given_value(job->invocation, "output");
        struct cf_profile_input input;
        const char *table = cf_given_value(job->invocation, "weights");
        struct cf_weights weights = {0};
        struct cf_filter filter;
        if (!path)
                return cf_error_set(err, -EINVAL, NULL,
                                    "'profile compile' needs a file to write: -o FILE");
        int r = table ? cf_weights_read(job->arena, job->files, table, &weights, err) : 0;
        if (r == 0)
                r = cf_profile_job_input(job, job->arguments[0], &input, err);
        if (r == 0)
                r = cf_filter_emit(job->all, input.policy, table ? &weights : NULL, job->arena,
                                   &filter, err);
        if (r < 0)
                return r;
        struct cf_span bytes = {(const char *)filter.code, filter.count * sizeof(*filter.code)};
        return cf_output_write(job->invocation, path, NULL, bytes, err);
}

/* ---- options ------------------------------------------------------------------------------ */

static const struct cf_option profile_options[] = {
        CF_CIRCUMSTANCE_OPTIONS,
        {"as", 0, "MEANING",
         "written (default), or what a runtime loads: loaded (by the usual one), runc or crun",
         CF_COMPLETE_WORDS, "written loaded runc crun"},
        {"list", 0, NULL, "list the engines' own profiles that there are", CF_COMPLETE_NONE, NULL},
        {"intersection", 0, NULL, "merge: allow only what all of them allow", CF_COMPLETE_NONE,
         NULL},
        {"from", 0, "FORMAT", "how to read a file whose content does not tell (default: docker)",
         CF_COMPLETE_READ, NULL},
        {"part", 0, "NAME", "which of several policies in a file", CF_COMPLETE_NONE, NULL},
        {"to", 0, "FORMAT", "what convert writes", CF_COMPLETE_WRITTEN, NULL},
        {"within", 0, "ARCHITECTURES",
         "convert for these alone; what others' calls get is left to the format", CF_COMPLETE_NONE,
         NULL},
        {"annotate", 0, NULL, "convert: calls stay together by what the profile says of them",
         CF_COMPLETE_NONE, NULL},
        {"name", 0, "NAME", "what convert calls the policy, where the format names it",
         CF_COMPLETE_NONE, NULL},
        {"allow", 0, "RULE", "extend: allow these calls: 'personality(arg0 == 0x40000)'",
         CF_COMPLETE_NONE, NULL},
        {"deny", 0, "RULE", "extend: refuse these calls with EPERM", CF_COMPLETE_NONE, NULL},
        {"errno", 0, "NAME RULE", "extend: refuse these calls with this error, such as ENOSYS",
         CF_COMPLETE_NONE, NULL},
        {"for", 0, "NAME", "extend: what a program is known to need: gdb-aslr, chrome, …",
         CF_COMPLETE_NONE, NULL},
        {"base", 0, NULL, "show: what the profile was made from, and what was added",
         CF_COMPLETE_NONE, NULL},
        {"onto", 0, "PROFILE", "rebase: the new base (default: the newest of the same)",
         CF_COMPLETE_FILE, NULL},
        {"weights", 0, "FILE", "compile: how often calls are made, or: server", CF_COMPLETE_FILE,
         NULL},
        CF_FORCE_OPTION,
        {"trace", 0, NULL, "explain: also the filter's instructions that the call runs",
         CF_COMPLETE_NONE, NULL},
        {0},
};

/* ---- the command -------------------------------------------------------------------------- */

static const struct subcommand *find(const struct cf_invocation *invocation, struct cf_error *err)
{
        const char *word = invocation->argument_count ? invocation->arguments[0] : NULL;
        for (size_t i = 0; word && i < CF_COUNT(subcommands); i++)
                if (strcmp(subcommands[i].shown.name, word) == 0)
                        return &subcommands[i];
        const char *near = word ? cf_nearest(word, subcommand_name_at, NULL) : NULL;
        if (near)
                cf_error_set(err, -EINVAL, NULL,
                             "'profile' has no subcommand '%s' (did you mean %s?)", word, near);
        else
                cf_error_set(err, -EINVAL, NULL,
                             "'profile' needs a subcommand; see: confined profile --help");
        return NULL;
}

static int check(const struct subcommand *sub, const struct cf_invocation *invocation,
                 struct cf_error *err)
{
        size_t count = invocation->argument_count - 1;
        for (size_t i = 0; i < invocation->given_count; i++) {
                char name[32];
                snprintf(name, sizeof(name), " %s ", invocation->given[i].option->name);
                if (!strstr(sub->options, name))
                        return cf_error_set(err, -EINVAL, NULL, "'profile %s' has no option '--%s'",
                                            sub->shown.name, invocation->given[i].option->name);
        }
        if (count < sub->least || count > sub->most)
                return cf_error_set(err, -EINVAL, NULL, "usage: confined profile %s %s",
                                    sub->shown.name, sub->shown.usage);
        return 0;
}

static int run_job(const struct subcommand *sub, const struct cf_invocation *invocation,
                   struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(INPUT_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        const char *none[] = {NULL};
        bool any = invocation->argument_count > 1;
        struct cf_profile_job job = {
                .invocation = invocation,
                .arguments = any ? invocation->arguments + 1 : none,
                .arena = arena,
                .all = all,
                .files = cf_files_new(),
                .reports = sub->run == cf_profile_lint_run,
                .draws = sub->run == cf_profile_surface,
        };
        int r = arena && all && job.files ? cf_profile_job_options(&job, err)
                                          : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r == 0)
                r = sub->run(&job, err);
        if (r >= 0 && cf_print(&job.out) != CF_EXIT_CLEAN)
                r = CF_EXIT_TROUBLE;
        cf_text_done(&job.out);
        cf_files_free(job.files);
        return r;
}

static int run_profile(const struct cf_invocation *invocation)
{
        struct cf_error err = {0};
        const struct subcommand *sub = find(invocation, &err);
        int r = sub ? check(sub, invocation, &err) : -EINVAL;
        if (r == 0)
                r = run_job(sub, invocation, &err);
        return r < 0 ? cf_complain(&err) : r;
}

const struct cf_command cf_command_profile = {
        .name = "profile",
        .summary =
                "show, lint, compare, explain, measure, merge, extend, compile and convert seccomp "
                "profiles, "
                "exactly",
        .usage = "SUBCOMMAND [ARGUMENT…]",
        .details = "A profile is a JSON file as Docker and Podman take it, a raw filter (struct "
                   "sock_filter[]), or the name of an engine's own, such as docker, podman or "
                   "docker-20.10. What entries "
                   "count depends on the container's capabilities, the machine and the kernel.",
        .options = profile_options,
        .reports = true,
        .most_arguments = 1 + INPUTS_MAX,
        .complete = CF_COMPLETE_FILE,
        .subcommand_at = subcommand_at,
        .run = run_profile,
};
