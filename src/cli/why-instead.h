/* SPDX-License-Identifier: Apache-2.0 */
/* Running something under a profile, watched from its first call, and again. Private to cli/.
 *
 * What can be run is a `struct cf_why_workload`: a command line of an engine (why-instead.c), a
 * container made again from its own configuration (why-instead-container.c), a service of a Compose
 * file (why-instead-compose.c). */
#pragma once

#include "cli/why-engine.h"
#include "cli/why-live.h"

struct cf_why_workload {
        const char *engine;               /* "docker" */
        const char *instead;              /* what the profile stands in place of: "--security-opt
                                           * seccomp=unconfined", "no filter" */
        struct cf_profile_input standard; /* the engine's default */
        const char *standard_words;
        const char *advice;  /* behind "not needed: ", in front of the edit; NULL: remove it */
        const char *differs; /* what else is different from what was asked for; NULL: nothing */
        /* Runs it once, under run->profile, as cf_workload_run does. */
        int (*run)(void *context, struct cf_workload_run *run, struct cf_error *err);
        /* As cf_workload_failed; NULL: it never does. */
        bool (*failed)(void *context, const struct cf_workload_run *run, struct cf_error *err);
        /* Adds how it is to be written: `profile` NULL: without what switches the filter off. */
        int (*edit)(void *context, struct cf_text *out, const char *profile);
        void *context;
};

/* One run. */
struct cf_why_trial {
        struct cf_why_live live; /* what was refused */
        struct cf_workload_run run;
        const struct cf_profile_input *profile;
        uint64_t refused;   /* calls */
        uint64_t skipped;   /* taken away by a tracer */
        uint64_t lost;      /* of them: not told */
        uint64_t calls;     /* that the workload made */
        size_t different;   /* of them */
        bool read;          /* some live filter was read … */
        bool same;          /* … and every one that was is the profile */
        cf_policy enforced; /* one of them that is */
        pid_t pid;          /* whose it is */
};

/* Runs it under a profile. `before` is an earlier run whose refusals are known; NULL: the first.
 * `seconds`: for so long at most, 0: until it ends. 0 or negative: -EIO: the engine failed, or
 * started nothing. */
int cf_why_try(struct cf_why *why, const struct cf_why_workload *workload,
               const struct cf_profile_input *profile, const char *words,
               const struct cf_why_trial *before, double seconds, struct cf_why_trial *ret_trial,
               struct cf_error *err);

/* Adds "exit status 0", "killed by SIGKILL", "stopped after 30 s". */
void cf_why_say_end(struct cf_text *out, const struct cf_why_trial *trial);

/* A call that both profiles refuse, and the filter that was read as well: what was not meant to be
 * opened is not. False: there is none, or no filter was read. */
bool cf_why_still_refused(struct cf_why *why, const struct cf_why_trial *trial,
                          const struct cf_profile_input *before,
                          const struct cf_profile_input *after, struct cf_call *ret_call,
                          uint32_t *ret_value);

/* Tells of a run under the profile that was written: whether the refusals are gone, the filter is
 * the profile, an unrelated call still refused. *ret_good: all of it. */
int cf_why_say_verified(struct cf_why *why, const struct cf_why_trial *trial,
                        const struct cf_why_trial *first, bool *ret_good, struct cf_error *err);

/* The member "runs" of one run. */
void cf_why_json_trial(struct cf_why *why, const struct cf_why_trial *trial);

/* `why --write FILE [--verify] -- docker run …`: an exit status or negative; *ret_done false: these
 * words cannot be watched so. */
int cf_why_marked(struct cf_why *why, bool *ret_done, struct cf_error *err);

/* --instead: an exit status or negative. */
int cf_why_instead(struct cf_why *why, struct cf_error *err);
/* The same of something that can be run. */
int cf_why_instead_of(struct cf_why *why, const struct cf_why_workload *workload,
                      struct cf_error *err);

/* A service of a Compose file: why-instead-compose.c. */
int cf_why_instead_compose(struct cf_why *why, const char *file, struct cf_error *err);

/* A container that is there, made again; why-instead-container.c. */
int cf_why_instead_container(struct cf_why *why, const char *name, struct cf_error *err);
/* One of Podman's, by what /libpod/containers/ID/json says of it: tells the command that makes one
 * like it; negative; why-instead-podman.c. */
int cf_why_instead_podman(struct cf_why *why, const char *name, struct cf_span inspected,
                          struct cf_error *err);
