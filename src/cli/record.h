/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined record` share. Private to cli/. */
#pragma once

#include "cli/profile.h"
#include "cli/workload.h"
#include "kernel/kernel.h"
#include "record/record.h"

#define CF_RECORD_MEMORY ((size_t)512 << 20)

/* A container that a runtime's hook has recorded. */
struct cf_record_hook {
        pid_t pid;                   /* of its first process, which has not run yet */
        enum cf_observe_scope scope; /* GROUP or TREE */
        bool bare;                   /* it has no filter */
        int ready;                   /* a byte of 1 is written here when it is watched, and it is
                                      * closed */
};

/* One time that a workload ran, or was looked at. */
struct cf_record_run {
        struct cf_observed_call *calls; /* that it made since a filter is on it */
        size_t call_count;
        struct cf_observed_total *totals; /* of them: refused */
        size_t total_count;
        struct cf_observed_value *values;
        size_t value_count;
        struct cf_observed_losses losses;
        enum cf_watch_end end;
        bool ended; /* the workload did; else it was looked away from */
        int status; /* as wait(2) gives it, of a command */
        double seconds;
};

struct cf_record {
        struct cf_profile_job job;
        char *const *words; /* the command; NULL: something that runs already */
        size_t word_count;
        const char *target; /* --container or --pid */
        pid_t pid;
        const struct cf_record_hook *hook; /* what runs is a container that starts now */
        double seconds;                    /* --for; 0: until it ends */
        bool engine; /* the command is `docker run …`: its container is the workload */
        struct cf_workload workload; /* engine */
        const char *runtime;
        struct cf_record_run run;
        struct cf_observation observation;
        const struct cf_observation *earlier; /* --merge */
        size_t earlier_count;
        const char *check; /* --check; NULL: not given */
        struct cf_profile_input old;
        bool alone;                   /* there is no --base */
        struct cf_profile_input base; /* of --base, of the report otherwise */
        cf_policy policy;
        struct cf_text profile; /* the profile's JSON */
        size_t *missing;        /* calls that the base does not let through */
        size_t missing_count;
};

/* Runs the command, or watches what runs, until it ends, is told to or the time is over (see
 * cf_watch_wait). `profile`: JSON that the workload runs under once more; NULL: the first run,
 * under one that lets every call through. 0 or negative. */
int cf_record_watch(struct cf_record *record, const char *profile, struct cf_record_run *ret_run,
                    struct cf_error *err);

/* What is watched of a workload: its calls, and the arguments that decide. */
int cf_record_wanted(struct cf_record *record, struct cf_observe_wanted *ret_wanted,
                     struct cf_error *err);

/* Records a container for a hook, as options of `confined record` in `words` have it, and writes
 * the report to standard error. An exit status or negative. */
int cf_record_hooked(struct cf_arena *arena, char **words, size_t count,
                     const struct cf_record_hook *hook, struct cf_error *err);
