/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined why` share. Private to cli/. */
#pragma once

#include "cli/profile.h"
#include "explain/explain.h"

/* Calls that failed alike: same call, same arguments as far as they are known, same error. */
struct cf_why_failure {
        struct cf_call call;
        bool known[CF_POLICY_ARGS]; /* arguments that are known */
        int error;                  /* 0: killed, or not known */
        bool untold;                /* nobody told how it failed: error is 0, and it need not have
                                     * been killed */
        bool by_filter;             /* it was seen that a filter answered it */
        size_t count;
        const char *program; /* of the first; NULL: not known */
        long pid;            /* of the first; -1: not known */
        const char *outcome; /* "killed", "SIGSYS": what came of it in place of an error; NULL */
        const char *where;   /* of the first: "FILE:LINE"; NULL: it was seen live */
};

#define CF_WHY_DANGERS_MAX 8u

enum cf_why_verdict {
        CF_WHY_REFUSED, /* by the profile */
        CF_WHY_PERHAPS, /* by the profile, with some values of arguments that are not known */
        CF_WHY_OTHER,   /* by a filter, but not by this profile */
        CF_WHY_NOT,     /* not by a filter */
};

struct cf_why {
        struct cf_profile_job job;
        struct cf_profile_input input; /* the profile in use */
        struct cf_caller caller;
        struct cf_json_writer json;
        uint64_t grantable; /* capabilities that the engine can give */
        bool all_errors;    /* say it of what is not seccomp's, too */
        size_t refused;     /* failures that were said to be REFUSED, PERHAPS or OTHER */
};

/* What the profile has to do with a failure. *ret_answer: what it answers, if that is one value
 * (CF_WHY_REFUSED), else CF_ALLOW. 0 or negative. */
int cf_why_judge(struct cf_why *why, const struct cf_why_failure *failure,
                 enum cf_why_verdict *ret_verdict, uint32_t *ret_answer, struct cf_error *err);

/* Says of one kind of failure who refused it and the least that unblocks it: text, or a JSON
 * object. 0 or negative. */
int cf_why_say(struct cf_why *why, const struct cf_why_failure *failure, struct cf_error *err);

/* `setting` of a caller on this machine: reads /proc/sys. */
bool cf_why_setting(void *context, const char *name, long *ret_number);

/* Ways in which a call helps an attacker. */
struct cf_why_dangers {
        const struct cf_danger *items[CF_WHY_DANGERS_MAX];
        size_t count;
};

/* Adds those of a call that it has with these arguments; of all, when `known` is NULL. */
void cf_why_dangers_of_call(struct cf_why_dangers *dangers, const struct cf_syscall *known,
                            const struct cf_why_failure *failure);
/* Adds those that some call has which the condition on arguments lets through. */
void cf_why_dangers_of_rule(struct cf_why_dangers *dangers, struct cf_policies *all,
                            const struct cf_syscall *call, cf_policy condition);
/* A line each, with this in front; or the array of the member "dangers". */
void cf_why_put_dangers(struct cf_text *out, const char *indent,
                        const struct cf_why_dangers *dangers);
void cf_why_json_dangers(struct cf_json_writer *json, const struct cf_why_dangers *dangers);

/* The members of the JSON document in front of "engine", and its end. */
void cf_why_json_open(struct cf_why *why);
void cf_why_json_close(struct cf_why *why);

/* The same, and what is told of no log, up to the calls; the caller closes their array, too. */
void cf_why_json_calls(struct cf_why *why);

/* --message: an exit status or negative. */
int cf_why_message(struct cf_why *why, struct cf_error *err);

/* --log: an exit status or negative. */
int cf_why_log(struct cf_why *why, const char *path, struct cf_error *err);
