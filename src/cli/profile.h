/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of `confined profile` share. Private to cli/. */
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "cli/session.h"
#include "filter/filter.h"
#include "profile/profile.h"

/* One run of a subcommand. */
struct cf_profile_job {
        const struct cf_invocation *invocation;
        const char *const *arguments; /* behind the subcommand's name */
        struct cf_arena *arena;
        struct cf_files *files;
        struct cf_policies *all;
        struct cf_circumstances circumstances;
        bool json;
        struct cf_text out;
};

/* A profile or filter that was named on the command line. */
struct cf_profile_input {
        const char *name;                 /* as it is shown */
        const struct cf_profile *profile; /* NULL: a raw filter */
        struct cf_filter filter;          /* of a raw filter */
        cf_policy policy;                 /* normalised: values of the same effect are the same */
};

/* Reads and works out one. Prints its warnings to standard error. 0 or negative. */
int cf_profile_job_input(struct cf_profile_job *job, const char *name,
                         struct cf_profile_input *ret_input, struct cf_error *err);

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

/* Writes what was collected to --output, if that is given; else it is printed in the end. */
int cf_profile_job_write(struct cf_profile_job *job, struct cf_error *err);

/* The subcommands: an exit status, or negative and err. */
int cf_profile_show(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_diff(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_explain(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_merge(struct cf_profile_job *job, struct cf_error *err);
int cf_profile_compile(struct cf_profile_job *job, struct cf_error *err);
