/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of `confined profile` share. Private to cli/. */
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "cli/session.h"
#include "convert/convert.h"
#include "filter/filter.h"
#include "profile/profile.h"
#include "runtime/runtime.h"

/* What is made of a profile: its plain meaning, or what a runtime loads for it. */
enum cf_profile_as {
        CF_PROFILE_WRITTEN,
        CF_PROFILE_LOADED, /* by the runtime that its engine usually has */
        CF_PROFILE_RUNC,
        CF_PROFILE_CRUN,
};

/* One run of a subcommand. */
struct cf_profile_job {
        const struct cf_invocation *invocation;
        const char *const *arguments; /* behind the subcommand's name */
        struct cf_arena *arena;
        struct cf_files *files;
        struct cf_policies *all;
        struct cf_circumstances circumstances;
        enum cf_profile_as as; /* of names that do not say it themselves */
        struct cf_profile_runtime {
                bool known; /* it was looked for */
                struct cf_runtime_found found;
        } runtimes[CF_RUNTIME_CRUN + 1];
        bool json;
        bool reports;     /* --format is one of the reporting commands */
        bool draws;       /* --format has svg, too */
        bool no_warnings; /* of reading a profile: lint says them itself */
        struct cf_text out;
};

/* Rows of a table of options: what a profile's meaning depends on; see cf_profile_job_options. */
#define CF_CIRCUMSTANCE_OPTIONS                                                                     \
        {"cap-add",        0,                                                                       \
         "CAPABILITY",     "the container has this capability too; ALL: every one",                 \
         CF_COMPLETE_NONE, NULL},                                                                   \
                {"cap-drop",       0,                                                               \
                 "CAPABILITY",     "the container lacks this capability; ALL: every one",           \
                 CF_COMPLETE_NONE, NULL},                                                           \
                {"arch",           0,   "ARCHITECTURE", "the engine's machine (default: this one)", \
                 CF_COMPLETE_NONE, NULL},                                                           \
        {                                                                                           \
                "kernel", 0, "VERSION",                                                             \
                        "the engine's kernel, MAJOR.MINOR (default: the running one)",              \
                        CF_COMPLETE_NONE, NULL                                                      \
        }

/* A profile or filter that was named on the command line. */
struct cf_profile_input {
        const char *name; /* as it is shown */
        const char *base; /* without "@runc" */
        const struct cf_source *source;
        const struct cf_conversion *format;
        const struct cf_profile *profile; /* NULL: of a format with another logic */
        struct cf_filter filter;          /* of a raw filter; else no code */
        cf_policy policy;                 /* normalised: values of the same effect are the same */
        const struct cf_arch *const *arches; /* that it knows, the machine's own first */
        size_t arch_count;
        const struct cf_runtime_loaded *loaded; /* NULL: as written */
};

/* The word for a meaning ("loaded"); false when there is no such word. */
bool cf_profile_as_by_name(const char *word, enum cf_profile_as *ret_as);

/* Takes "@written", "@loaded", "@runc" or "@crun" from the end of a name (base is in the arena);
 * else base is the name and *ret_as is untouched. 0 or -ENOMEM. */
int cf_profile_split(struct cf_arena *arena, const char *name, const char **ret_base,
                     enum cf_profile_as *ret_as);

/* Reads --cap-add, --cap-drop, --arch, --kernel, --as and --format, those that there are. 0 or
 * negative. */
int cf_profile_job_options(struct cf_profile_job *job, struct cf_error *err);

/* Reads one, without such an end, as it is written. */
int cf_profile_job_read(struct cf_profile_job *job, const char *name,
                        struct cf_profile_input *ret_input, struct cf_error *err);

/* Reads what input->source means, by input->format, as it is written. *ret_converted may be NULL.
 */
int cf_profile_job_meaning(struct cf_profile_job *job, struct cf_profile_input *input,
                           struct cf_converted *ret_converted, struct cf_error *err);

/* Works out what was read, for the circumstances of now: policy and loaded. */
int cf_profile_job_work_out(struct cf_profile_job *job, struct cf_profile_input *input,
                            enum cf_profile_as as, struct cf_error *err);

/* How to load as this runtime does, in the version that is installed; it is asked once. */
int cf_profile_job_runtime(struct cf_profile_job *job, enum cf_runtime_kind kind,
                           struct cf_runtime_options *ret_options, struct cf_error *err);

/* Reads and works out one. Prints its warnings to standard error. 0 or negative. */
int cf_profile_job_input(struct cf_profile_job *job, const char *name,
                         struct cf_profile_input *ret_input, struct cf_error *err);

/* " as runc 1.1.5 loads it"; nothing for one as written. */
void cf_profile_say_as(struct cf_text *out, const struct cf_profile_input *input);

/* Adds a line that tells how the input, if it is loaded, was obtained. */
void cf_profile_job_say_loaded(struct cf_profile_job *job, const struct cf_profile_input *input);

/* The same as a JSON value; null for one as written. */
void cf_profile_job_json_loaded(struct cf_profile_job *job, struct cf_json_writer *json,
                                const struct cf_profile_input *input);

/* Adds why a call is answered otherwise than the profile says, and where it says it, and returns 1;
 * 0 when it is answered alike; or negative. */
int cf_profile_job_say_causes(struct cf_profile_job *job, const struct cf_runtime_loaded *loaded,
                              const struct cf_call *call, struct cf_error *err);

/* The architectures that an input knows, in the arena. */
int cf_profile_job_arches(struct cf_profile_job *job, const struct cf_profile_input *input,
                          const struct cf_arch *const **ret_arches, size_t *ret_count,
                          struct cf_error *err);

/* Adds a place as "FILE:LINE:COLUMN". */
void cf_profile_job_place(struct cf_profile_job *job, const struct cf_profile *profile,
                          struct cf_profile_part part);

/* Adds a condition on a call's arguments: exact, or in place of it that it is too long to list. */
int cf_profile_job_condition(struct cf_profile_job *job, struct cf_text *out,
                             const struct cf_syscall *call, cf_policy condition,
                             struct cf_error *err);

/* Adds what a call gets that depends on arguments (or not): "EPERM if …, else allowed". */
int cf_profile_job_answer(struct cf_profile_job *job, struct cf_text *out,
                          const struct cf_syscall *call, cf_policy policy, struct cf_error *err);

/* One difference of two policies, on one architecture. Several that differ alike, on several
 * architectures, stand together and are shown as one. */
struct cf_profile_item {
        const char *label; /* "socket", "numbers 470 to 1023", "calls of other architectures" */
        const struct cf_syscall *call; /* NULL: numbers without a name */
        const struct cf_arch *arch;    /* NULL: none that is known */
        const struct cf_difference *difference;
        struct cf_call witness;
        bool met; /* false: no process can make such a call: something is in upper halves */
};

/* Every difference, by name: named ones first. In the arena. */
int cf_profile_job_differences(struct cf_profile_job *job, cf_policy a, cf_policy b,
                               struct cf_profile_item **ret_items, size_t *ret_count,
                               struct cf_error *err);

/* Behind the last item that is shown as one with item `first`. */
size_t cf_profile_items_end(const struct cf_profile_item *items, size_t count, size_t first);

/* "socket(family, type, protocol)" */
void cf_profile_say_label(struct cf_text *out, const struct cf_profile_item *item);

/* Items that are shown as one, as a JSON object. */
int cf_profile_job_json_item(struct cf_profile_job *job, struct cf_json_writer *json,
                             const struct cf_profile_item *items, size_t count,
                             struct cf_error *err);

/* The first lines of a JSON document. */
void cf_profile_job_json_open(struct cf_profile_job *job, struct cf_json_writer *json,
                              const char *subcommand);

/* Adds every difference of two inputs. CF_EXIT_CLEAN when they are equal, CF_EXIT_FINDINGS when
 * not, or negative. */
int cf_profile_job_diff(struct cf_profile_job *job, const struct cf_profile_input *a,
                        const struct cf_profile_input *b, struct cf_error *err);

/* Adds the instructions that a call runs: of the filter itself, or of the one that the runtime or
 * confined makes of the profile. */
int cf_profile_job_trace(struct cf_profile_job *job, const struct cf_profile_input *input,
                         const struct cf_call *call, struct cf_error *err);

/* Adds the filter of a profile as text, at each return the lines of the profile that decide there.
 */
int cf_profile_job_text(struct cf_profile_job *job, const struct cf_profile_input *input,
                        struct cf_error *err);

/* Adds what a profile was made from, if it says so, in a few lines. */
int cf_profile_job_show_base(struct cf_profile_job *job, const char *name, struct cf_error *err);

/* Lays additions over a profile that was read (cf_profile_extend), called `name`. What that was
 * itself made from, where it says so and it is there, is the base of the new one. ret_changes: some
 * addition makes a difference. Warns where this machine's runtime makes something else of them. */
int cf_profile_job_extend(struct cf_profile_job *job, const struct cf_profile_input *base,
                          const char *name, const struct cf_profile_addition *additions,
                          size_t count, bool *ret_changes, struct cf_text *out,
                          struct cf_error *err);

/* Writes what was collected to --output, if that is given; else it is printed in the end. What is
 * no report does not replace other things (cf_output_write). */
int cf_profile_job_write(struct cf_profile_job *job, bool report, struct cf_error *err);

/* --from or --to names no format; err lists those that there are. -EINVAL. */
int cf_profile_job_no_format(const char *option, const char *name, struct cf_error *err);

/* The subcommands: an exit status, or negative and err. */
int cf_profile_show(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_diff(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_explain(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_run_extend(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_run_rebase(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_lint_run(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_merge(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_compile(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_surface(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_convert(struct cf_profile_job *job, struct cf_error *err);
