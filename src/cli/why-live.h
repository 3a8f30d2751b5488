/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of live `confined why` share. Private to cli/. */
#pragma once

#include <stdio.h>

#include "base/map.h"
#include "base/vec.h"
#include "cli/prove.h"
#include "cli/why.h"
#include "engine/engine.h"
#include "kernel/kernel.h"

/* The filters of a thread, as one policy. Threads of one control group that have the same number
 * of filters mostly have the same. */
struct cf_why_filters {
        uint64_t group;
        unsigned count; /* of filters */
        pid_t pid;      /* whose they were read of */
        cf_policy policy;
        cf_policy outer;  /* of the oldest one alone, where that is the profile in use and there are
                           * more: the program's own; else CF_POLICY_NONE */
        const char *name; /* "the filter of process 1234"; NULL: there is none */
        const char *base; /* what `profile extend` takes; NULL: not known */
        const struct cf_profile *profile; /* that it is, proved; NULL: none that is known */
        bool guessed; /* the process was gone: made from what was seen of the one call */
};

/* Calls that ended alike. */
struct cf_why_kind {
        struct cf_why_failure failure;
        enum cf_observed_kind kind;
        const struct cf_why_filters *filters;
        struct cf_caller caller; /* of the first */
        size_t members; /* of the first kind of a call: further ones, with other arguments */
};

/* A process whose filters were read for an event, or could not be. */
struct cf_why_look {
        pid_t pid;
        unsigned filters;  /* of the event's thread */
        uint64_t group;    /* the event's */
        uint64_t until_ns; /* CLOCK_MONOTONIC: it is not looked at again before */
};

#define CF_WHY_LOOKS 256u       /* that are remembered, one for each rest of a PID */
#define CF_WHY_SUBJECTS_MAX 64u /* that are named on the command line */

struct cf_why_live;

#define CF_WHY_ID_SIZE 65 /* of a container's id, and its end */

/* The container that a command line of an engine starts, among others: why-own.c. */
struct cf_why_own {
        const char *option; /* to be put in front of the word `at`; NULL: none */
        size_t at;
        pid_t pid;                /* the command's */
        uint64_t group;           /* its control group */
        int folder;               /* of the file; -1: the user's own file */
        const char *file;         /* into which the engine writes the id */
        char id[CF_WHY_ID_SIZE];  /* "": not written yet */
        const char *name;         /* --name; NULL: not given */
        struct cf_why_live *live; /* what was seen of it; NULL: nothing yet */
        bool found;               /* something was */
        size_t others;            /* refused calls of other containers that were seen */
};

/* A control group, and the subject that it is. */
struct cf_why_box {
        uint64_t group;
        struct cf_why_live *live;             /* NULL: nothing was seen of it yet */
        const struct cf_prove_target *target; /* the container that it is; NULL: see live */
        bool foreign; /* somebody else's, who came to be meanwhile: see cf_why_own */
        bool pending; /* gone before it was known whose: somebody else's if ours was seen besides */
};

/* One subject that is watched: a container, a process and its descendants, or everything. */
struct cf_why_live {
        struct cf_why *why;
        struct cf_live live;
        struct cf_observer *observer;     /* NULL: the first subject's sees it */
        int process;                      /* a descriptor: of what ends it; -1: nothing */
        const char *name;                 /* of the container; NULL: it is none */
        bool shows_name;                  /* there are several subjects */
        uint64_t capabilities, grantable; /* as cf_circumstances and cf_why have them */
        bool filtered;                    /* a thread with a filter was seen */
        bool told;                        /* lines stand there by now */
        FILE *stream; /* where refusals are told as they happen; NULL: nowhere */
        struct cf_map *kinds;
        CF_VEC(struct cf_why_kind *) order; /* as they were first seen */
        CF_VEC(struct cf_why_filters *) filters;
        struct cf_why_look *looks;     /* CF_WHY_LOOKS; NULL: none yet */
        size_t refused, failed;        /* events */
        size_t more_kinds;             /* events of kinds that were too many to keep */
        struct cf_profile_input known; /* the profile in use; no profile: not known */
        const char *known_words;       /* what it is called: "the default of Docker 28.2.2" */
        bool given; /* `known` is what the container was told to have: to be compared yet */
        const struct cf_why_live *before; /* an earlier run: what it saw is not said again */
        uint64_t mark; /* the filter answers calls with this first argument otherwise; 0: none */
        /* Of the first subject: the further ones, and how they are found. */
        CF_VEC(struct cf_why_live *) others;
        CF_VEC(struct cf_why_box) boxes;
        struct cf_why_own *own; /* NULL: all that is seen is told */
        struct cf_engine_host *hosts;
        size_t host_count;
        bool hosts_known;
};

/* Begins one watch: nothing was seen, nothing is known. 0 or -ENOMEM. */
int cf_why_live_begin(struct cf_why_live *live, struct cf_why *why, struct cf_error *err);

/* confined why CONTAINER, PID, --all, -- COMMAND: an exit status or negative. */
int cf_why_live(struct cf_why *why, struct cf_error *err);

/* Whether an argument says something of a call: pointers differ from process to process, and do
 * not. `call` NULL: it has no name. */
bool cf_why_tells(const struct cf_syscall *call, unsigned arg, uint64_t value);

struct cf_call cf_why_call_of(const struct cf_observed *event);

/* The kind that an event belongs to, perhaps a new one, which these filters explain. A call that
 * comes with ever other arguments is one kind from some number of them on: nobody would read what
 * is said of each. NULL: there are too many, or there is no memory. */
struct cf_why_kind *cf_why_kind_for(struct cf_why_live *live, const struct cf_observed *event,
                                    const struct cf_why_filters *filters);

/* Takes in one event and tells of it; a callback of cf_observer_read, `context` is the cf_why_live.
 * 0 or negative. */
int cf_why_seen(void *context, const struct cf_observed *event);

/* The same for all that happens: each container is a subject of its own, one of context->others. */
int cf_why_seen_in_boxes(void *context, const struct cf_observed *event);

/* Has all paths told that calls are about. 0 or -ENOMEM. */
int cf_why_want_paths(struct cf_arena *arena, struct cf_observe_wanted *wanted);

/* Prepares to know the container that the words start. *ret_own is left alone where they start
 * none, or it cannot be known. 0 or -ENOMEM. */
int cf_why_own_open(struct cf_arena *arena, const char *const *words, size_t count,
                    struct cf_why_own **ret_own);
void cf_why_own_close(struct cf_why_own *own); /* NULL is fine */

enum cf_why_whose { CF_WHY_OURS, CF_WHY_OTHERS, CF_WHY_WHOSE_UNKNOWN };

/* Whose an event is: the container's or the command's, or another's. `there`: its process still is,
 * in the container `id` (NULL: in none). */
enum cf_why_whose cf_why_own_whose(struct cf_why_own *own, bool there, const char *id,
                                   const struct cf_observed *event);

/* The number of a process's control group, as events have it; 0: not known. */
uint64_t cf_why_group_of(pid_t pid);

/* In the end: what was pending is ours or is not. */
void cf_why_settle_boxes(struct cf_why_live *base);

/* Whether a control group is known to be somebody else's. */
bool cf_why_is_foreign(const struct cf_why_live *base, uint64_t group);

/* Learns which control groups the running containers are, so that they are known by them alone. */
void cf_why_find_boxes(struct cf_why_live *base);

/* A further subject, with the profile of the first. NULL: there is no memory. */
struct cf_why_live *cf_why_another(struct cf_why_live *base, const char *name);

/* The wall clock at a moment of CLOCK_MONOTONIC, a short while ago: watching may take days, in
 * which it is set and the machine sleeps. */
uint64_t cf_why_wall_time(uint64_t time_ns);

/* The label by which a security module confines a process; NULL: none, or not known. */
const char *cf_why_label_of(struct cf_arena *arena, pid_t pid);

/* The filters of a process that lives, to be known when it is asked for them later. */
int cf_why_learn(struct cf_why_live *live, pid_t pid);

/* Says of each kind that was seen what it is. 0 or negative. */
int cf_why_say_kinds(struct cf_why_live *live, struct cf_error *err);

/* Adds what is said in the end of the first subject and all others. 0 or negative. */
int cf_why_sum_up(struct cf_why_live *live, struct cf_error *err);

/* Takes the profile for the one in use, as the usual runtime loads it (as written where there is
 * none here), and `words` for its name. 0 or negative. */
int cf_why_use(struct cf_why_live *live, const struct cf_profile_input *profile, const char *words,
               struct cf_error *err);

/* Whether it is the known profile, as some runtime loads it. */
bool cf_why_is_known(struct cf_why_live *live, cf_policy policy);

/* What the container was made with, if that is the policy that is in force on it (CF_POLICY_NONE:
 * it is not known); its name. 0 or negative. */
int cf_why_profile_of(struct cf_why_live *live, const struct cf_prove_target *target,
                      cf_policy policy, struct cf_error *err);

/* The policy of a process's filters; CF_POLICY_NONE: it cannot be read. */
cf_policy cf_why_policy_of(struct cf_why_live *live, pid_t pid);
