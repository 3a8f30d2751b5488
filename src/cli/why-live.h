/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of live `confined why` share. Private to cli/. */
#pragma once

#include <stdio.h>

#include "base/map.h"
#include "base/vec.h"
#include "cli/prove.h"
#include "cli/why.h"
#include "kernel/kernel.h"

/* The filters of a thread, as one policy. Threads of one control group that have the same number
 * of filters mostly have the same. */
struct cf_why_filters {
        uint64_t group;
        unsigned count; /* of filters */
        cf_policy policy;
        const char *name;                 /* "the filter of process 1234"; NULL: there is none */
        const char *base;                 /* what `profile extend` takes; NULL: not known */
        const struct cf_profile *profile; /* that it is, proved; NULL: none that is known */
        bool guessed; /* the process was gone: made from what was seen of the one call */
};

/* Calls that ended alike. */
struct cf_why_kind {
        struct cf_why_failure failure;
        enum cf_observed_kind kind;
        const struct cf_why_filters *filters;
        struct cf_caller caller; /* of the first */
};

struct cf_why_live {
        struct cf_why *why;
        struct cf_live live;
        struct cf_observer *observer;
        FILE *stream;    /* where refusals are told as they happen; NULL: nowhere */
        int64_t wall_ns; /* the wall clock less the clock of events */
        struct cf_map *kinds;
        CF_VEC(struct cf_why_kind *) order; /* as they were first seen */
        CF_VEC(struct cf_why_filters *) filters;
        size_t refused, failed;        /* events */
        size_t more_kinds;             /* events of kinds that were too many to keep */
        struct cf_profile_input known; /* the profile in use; no profile: not known */
        const char *known_words;       /* what it is called: "the default of Docker 28.2.2" */
        bool given;    /* `known` is what the container was told to have: to be compared yet */
        uint64_t mark; /* the filter answers calls with this first argument otherwise; 0: none */
};

/* confined why CONTAINER, PID, --all, -- COMMAND: an exit status or negative. */
int cf_why_live(struct cf_why *why, struct cf_error *err);

/* Takes in one event and tells of it; a callback of cf_observer_read, `context` is the cf_why_live.
 * 0 or negative. */
int cf_why_seen(void *context, const struct cf_observed *event);

/* The filters of a process that lives, to be known when it is asked for them later. */
int cf_why_learn(struct cf_why_live *live, pid_t pid);

/* Adds what is said in the end. 0 or negative. */
int cf_why_sum_up(struct cf_why_live *live, struct cf_error *err);

/* Takes the profile for the one in use, as the usual runtime loads it (as written where there is
 * none here), and `words` for its name. 0 or negative. */
int cf_why_use(struct cf_why_live *live, const struct cf_profile_input *profile, const char *words,
               struct cf_error *err);

/* Whether it is the known profile, as some runtime loads it. */
bool cf_why_is_known(struct cf_why_live *live, cf_policy policy);

/* What the container was made with, as far as it is known. 0 or negative. */
int cf_why_profile_of(struct cf_why_live *live, const struct cf_prove_target *target,
                      struct cf_error *err);
