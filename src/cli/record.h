/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined record` share. Private to cli/. */
#pragma once

#include "cli/profile.h"
#include "cli/workload.h"
#include "kernel/kernel.h"
#include "record/record.h"

#define CF_RECORD_MEMORY ((size_t)512 << 20)
#define CF_RECORD_ROUNDS_MAX 8u /* verifications of --until-stable */

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
        /* Filters of the first thread that was seen under one: the profile's is the newest of them.
         * Calls that were refused to threads without further ones, each once. */
        unsigned filters;
        struct cf_record_refused {
                uint32_t arch, nr;
        } * refused;
        size_t refused_count, refused_room;
        char starter[17];       /* name of the thread that loaded the marked filter; "": none */
        char starter_path[256]; /* the program that it runs; "": not known */
        enum cf_watch_end end;  /* why it was looked away from */
        bool ended;             /* the command did */
        int status;             /* as wait(2) gives it, of a command */
        double seconds;
        size_t left;    /* processes that the command started and that run on … */
        pid_t left_pid; /* … such as this one */
        char left_name[17];
};

/* What came of running it again under its profile. */
enum cf_record_verdict {
        CF_VERDICT_NONE,    /* it was not */
        CF_VERDICT_HOLDS,   /* nothing was refused, and it ended as before */
        CF_VERDICT_REFUSED, /* calls that the first run did not make were */
        CF_VERDICT_STATUS,  /* it ended in another way than before */
        CF_VERDICT_TROUBLE, /* it could not be found out */
};

struct cf_record_proof {
        enum cf_record_verdict verdict;
        unsigned rounds;
        struct cf_record_run run;      /* the last one */
        struct cf_observation refused; /* calls refused in it that count */
        size_t own;                    /* calls that filters of its own refused */
        struct cf_observation added;   /* by --until-stable, in all rounds */
};

struct cf_record {
        struct cf_profile_job job;
        char *const *words; /* the command; NULL: something that runs already */
        size_t word_count;
        const char *target; /* --container, --pid or --cgroup */
        bool puts_together; /* earlier runs alone (--merge), nothing is run or watched */
        pid_t pid;
        uint64_t group;                    /* --cgroup */
        const char *group_path;            /* of its folder */
        const struct cf_record_hook *hook; /* what runs is a container that starts now */
        double seconds;                    /* --for; 0: until it ends */
        bool engine;                       /* the command is `docker run …` */
        struct cf_workload workload;       /* engine */
        const char *runtime; /* "runc 1.1.5": that started the container; NULL: nobody */
        struct cf_record_run run;
        struct cf_observation observation;
        const struct cf_observation *earlier; /* --merge */
        size_t earlier_count;
        const char *output; /* --output; NULL: standard output */
        bool saved;         /* --save's file is ours */
        const char *check;  /* --check; NULL: not given */
        struct cf_profile_input old;
        bool alone;                   /* there is no --base */
        struct cf_profile_input base; /* of --base, of the report otherwise */
        cf_policy policy;
        struct cf_text profile; /* the profile's JSON */
        size_t *missing;        /* calls that the base does not let through */
        size_t missing_count;
        size_t *lacking; /* calls that --check's profile lacks */
        size_t lacking_count;
        struct cf_record_proof proof;
};

/* Runs the command, or watches what runs, until it ends, is told to or the time is over (see
 * cf_watch_wait). `profile`: JSON that the workload runs under once more, for `seconds` at most (0:
 * no limit); NULL: the first run, under one that lets every call through. 0 or negative. */
int cf_record_watch(struct cf_record *record, const char *profile, double seconds,
                    struct cf_record_run *ret_run, struct cf_error *err);

/* What is watched of a workload: its calls, and the arguments that decide. */
int cf_record_wanted(struct cf_record *record, bool first, struct cf_observe_wanted *ret_wanted,
                     struct cf_error *err);

/* Finds what --container, --pid or --cgroup name. 0, negative, or CF_EXIT_TROUBLE: nothing was
 * found, and that was said. */
int cf_record_find(struct cf_record *record, struct cf_error *err);
/* Whether nobody is in the control group any more. */
bool cf_record_is_empty(const struct cf_record *record);

/* Finds what loaded the marked filter, while it is there: run->starter_path. */
void cf_record_find_starter(struct cf_record_run *run, const struct cf_observed *event);

/* What was counted of a run, or is so far: an observation, in the arena. */
int cf_record_seen(struct cf_arena *arena, const struct cf_record_run *run,
                   struct cf_observation *ret_observation, struct cf_error *err);
/* The same in the job's arena, with the runtime's name. */
int cf_record_observe(struct cf_record *record, const struct cf_record_run *run,
                      struct cf_observation *ret_observation, struct cf_error *err);

/* Makes the policy and the profile of record->observation. */
int cf_record_make(struct cf_record *record, struct cf_error *err);

/* Runs it again under its profile: record->proof. Says on standard error what it does. 0 or
 * negative. */
int cf_record_verify(struct cf_record *record, struct cf_error *err);

/* Adds a call as people name it: "i386:socket". */
void cf_record_say_call(struct cf_text *out, const struct cf_seen_call *seen);
/* Adds ": a, b, c" of all calls of an observation; at most so many names. */
void cf_record_say_calls(struct cf_text *out, const struct cf_observation *observation,
                         size_t most);
/* The i-th danger that the profile leaves open and that has to do with a call that was made; NULL
 * from the last on. */
const struct cf_danger *cf_record_danger(const struct cf_record *record, size_t i);
/* Whether a filter refused it and that is of note. */
bool cf_record_is_refused(const struct cf_seen_call *seen);
/* Whether the run tells that it was refused by what the run was started under. */
bool cf_record_was_refused(const struct cf_record_run *run, uint32_t arch, uint32_t nr);
/* Whether the profile refused it and that is a loss: programs do without some calls. */
bool cf_record_is_missed(const struct cf_record *record, const struct cf_seen_call *seen);
/* Whether the base does not let through what was seen. */
bool cf_record_is_new(const struct cf_record *record, const struct cf_seen_call *seen);

/* Standard error: what was seen, and what came of the verification. */
void cf_record_report(struct cf_record *record);
void cf_record_say_proof(const struct cf_record *record);
void cf_record_say_check(const struct cf_record *record);
/* Adds all of it as JSON to job.out. 0 or -ENOMEM. */
int cf_record_json(struct cf_record *record);

/* Records a container for a hook, as options of `confined record` in `words` have it, and writes
 * the report to standard error. An exit status or negative. */
int cf_record_hooked(struct cf_arena *arena, char **words, size_t count,
                     const struct cf_record_hook *hook, struct cf_error *err);

/* How far it is, on a terminal; NULL where there is none. `again`: it runs under its own profile.
 */
struct cf_record_line;
struct cf_record_line *cf_record_line_new(struct cf_record *record, bool again);
int cf_record_line_tick(struct cf_record_line *line, struct cf_observer *observer, double seconds,
                        struct cf_error *err);
void cf_record_line_wipe(struct cf_record_line *line);
