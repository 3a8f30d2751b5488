/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined prove` share. Private to cli/. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "cli/live.h"
#include "cli/profile.h"
#include "model/model.h"

/* ---- what is looked at ------------------------------------------------------------------------
 */

struct cf_prove_target {
        const char *name;               /* as it was given */
        const char *image;              /* of a container; NULL: a process */
        const struct cf_engine *engine; /* the container's; NULL: a process */
        struct cf_live_default
                by_default; /* what its engine has; of a process: the newest Docker's */
        const struct cf_process *processes; /* pid and start_time count */
        size_t process_count;
        const struct cf_container *container; /* NULL: a process */
        const struct cf_setting *settings;    /* of the container */
        size_t setting_count;
};

/* A thread that is under a policy; of a process whose threads are all under the same, the first. */
struct cf_prove_member {
        pid_t pid, tid;
        const char *name;
        bool whole; /* all threads of the process */
};

enum cf_prove_verdict {
        CF_PROVE_NO_FILTER,
        CF_PROVE_ALLOWS_ALL, /* every call of the machine's architecture */
        CF_PROVE_FILTERS,
};

enum cf_prove_relation { CF_PROVE_EQUAL, CF_PROVE_STRICTER, CF_PROVE_WEAKER, CF_PROVE_DIFFERENT };

/* What is known of a policy beside a reference. Many processes share one: it is worked out, and
 * told to people, once. */
struct cf_prove_known {
        cf_policy policy, reference; /* CF_POLICY_NONE: no reference */
        bool allows_all;             /* every call of the machine's architecture, always */
        enum cf_prove_relation relation;
        bool as_strict; /* no call gets a looser action */
        struct cf_profile_item *items;
        size_t item_count;
        const struct cf_prove_target *told; /* where; NULL: not yet */
};

/* Threads of one subject that are under one and the same policy, whatever filters make it. */
struct cf_prove_group {
        enum cf_kernel_mode mode;
        cf_policy policy; /* normalised; without a filter: every call is allowed */
        size_t least_filters, most_filters, least_instructions, most_instructions;
        size_t processes, threads;
        pid_t last_pid;                         /* that was counted */
        CF_VEC(struct cf_prove_member) members; /* the first of them */
        enum cf_prove_verdict verdict;
        struct cf_prove_known *known;
};

struct cf_prove_subject {
        const struct cf_prove_target *target;
        const char *name; /* of a process: its comm */
        uint64_t capabilities;
        size_t processes, threads;
        uint64_t stopped_ns;                  /* the longest that one thread stood still */
        CF_VEC(struct cf_prove_group) groups; /* most threads first */
};

/* What a profile is under some capabilities. */
struct cf_prove_meaning {
        const char *base; /* the profile's name */
        uint64_t capabilities;
        enum cf_profile_as as;
        cf_policy policy;
        const struct cf_runtime_loaded *loaded;
        const struct cf_error *broken; /* why it could not be worked out; NULL: it could */
};

/* ---- the run ----------------------------------------------------------------------------------
 */

struct cf_prove {
        struct cf_profile_job job; /* arena, policies, circumstances, output */
        struct cf_live live;
        bool names; /* a number on the command line is a container's name, too, and no PID */
        CF_VEC(struct cf_prove_known *) known;
        CF_VEC(struct cf_prove_target) targets;
        /* The reference: a built-in profile or file, or what a live one has. */
        const char *against;      /* as given; NULL: none */
        const char *against_base; /* without "@runc" */
        bool against_as_given;    /* such an end was there: what is meant is said */
        enum cf_profile_as against_as;
        struct cf_profile_input input; /* what was read of it last, as it was compared with */
        CF_VEC(struct cf_prove_meaning) meanings; /* of profiles, for these policies */
        struct cf_prove_target *against_live;
        const struct cf_kernel_thread *against_thread;
        struct cf_json_writer json;
        int status;
};

/* Finds the processes behind the names on the command line. Names that nobody knows are complained
 * of and left out. 0 or negative. */
int cf_prove_find(struct cf_prove *prove, struct cf_error *err);

/* Reads all filters of a target and groups its threads. */
int cf_prove_read(struct cf_prove *prove, const struct cf_prove_target *target,
                  struct cf_prove_subject *ret_subject, struct cf_error *err);

/* Reads the reference, to say once what is wrong with it. */
int cf_prove_reference_read(struct cf_prove *prove, struct cf_error *err);

/* What the subject is compared with: prove->input says what it is. */
int cf_prove_reference(struct cf_prove *prove, const struct cf_prove_subject *subject,
                       cf_policy *ret_policy, struct cf_error *err);

/* Adds a subject that was judged to the output. */
int cf_prove_print(struct cf_prove *prove, const struct cf_prove_subject *subject,
                   struct cf_error *err);
void cf_prove_print_open(struct cf_prove *prove);
void cf_prove_print_close(struct cf_prove *prove);
