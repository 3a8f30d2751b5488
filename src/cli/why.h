/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined why` share. Private to cli/. */
#pragma once

#include "base/vec.h"
#include "cli/profile.h"
#include "explain/explain.h"

/* Who told of a failure. */
enum cf_why_source {
        CF_WHY_SEEN,   /* it was seen live: there is nothing to be unsure of */
        CF_WHY_TRACED, /* strace, by its error */
        CF_WHY_LOGGED, /* the kernel, auditd, or strace of a trap: that a filter answered */
        CF_WHY_TOLD,   /* an error message */
};

/* Calls that failed alike: same call, same arguments as far as they are known, same error. */
struct cf_why_failure {
        struct cf_call call;
        enum cf_why_source source;
        bool known[CF_POLICY_ARGS]; /* arguments that are known */
        int error;                  /* 0: killed, or not known */
        bool untold;                /* nobody told how it failed: error is 0, and it need not have
                                     * been killed */
        bool by_filter;             /* it was seen that a filter answered it */
        bool by_own; /* by one that the program loaded itself, on top of a profile that
                      * lets the call through */
        size_t count;
        const char *program;   /* of the first; NULL: not known */
        const char *container; /* it is in; NULL: in none, or not known */
        bool told_apart;       /* there are several containers */
        long pid;              /* of the first; -1: not known */
        const char *outcome;   /* "killed", "SIGSYS": what came of it in place of an error; NULL */
        struct cf_behind behind; /* path NULL: several, or not known */
        const char *label; /* that a security module has on the first; NULL: none, or not known */
        const char *where; /* of the first: "FILE:LINE"; NULL: it was seen live */
};

#define CF_WHY_DANGERS_MAX 8u

enum cf_why_verdict {
        CF_WHY_REFUSED, /* by the profile */
        CF_WHY_PERHAPS, /* by the profile, with some values of arguments that are not known */
        CF_WHY_OTHER,   /* by a filter, but not by this profile */
        CF_WHY_NOT,     /* not by a filter */
};

/* A refused call and what would let it through, kept until it is known what else was refused. */
struct cf_why_remedy {
        struct cf_why_failure failure;
        enum cf_why_verdict verdict;
        struct cf_way ways[CF_WAYS_MAX]; /* the least first */
        size_t way_count;
        struct cf_profile_input input; /* what refused it */
        bool guessed;                  /* that filter could not be read */
        bool kernel_too;               /* the kernel would refuse it as well */
        const char *unknown_to;        /* as cf_why_unknown_to */
};

enum cf_why_left_kind {
        CF_WHY_LEFT_FALLBACK, /* the program is known to do without it */
        CF_WHY_LEFT_KERNEL,   /* the kernel would refuse it as well */
        CF_WHY_LEFT_FILTER,   /* another filter than the profile's refused it */
        CF_WHY_LEFT_NO_RULE,  /* no profile can name it */
};

/* A refused call for which nothing is written, and why. */
struct cf_why_left {
        enum cf_why_left_kind kind;
        const struct cf_why_failure *failure;
        const char *why;
        const char *option; /* what would help instead: "--cap-add SYS_ADMIN"; NULL: nothing */
};

/* --write: the profile in use with the least that lets through what was refused. */
struct cf_why_write {
        bool wanted;      /* gather what it takes */
        const char *path; /* NULL: written nowhere */
        CF_VEC(struct cf_why_remedy *) remedies;
        CF_VEC(struct cf_profile_addition) additions;
        CF_VEC(struct cf_why_left) left;
        /* Filled in by cf_why_write_make. */
        struct cf_profile_input base, made; /* made.profile NULL: there is nothing to write */
        struct cf_text text;                /* the profile; freed by the caller */
        struct cf_profile_item *items;      /* on which the two differ */
        size_t item_count;
        enum { CF_WHY_UNVERIFIED, CF_WHY_VERIFIED, CF_WHY_DENIED } verified; /* --verify */
};

enum {
        CF_WHY_COUNT_REFUSED,
        CF_WHY_COUNT_SKIPPED,
        CF_WHY_COUNT_LOST,
        CF_WHY_COUNT_OTHERS,
        CF_WHY_COUNTS
};

struct cf_why {
        struct cf_profile_job job;
        struct cf_profile_input input; /* the profile in use */
        bool guessed; /* it is made up from the one call: the filter could not be read */
        struct cf_caller caller;
        struct cf_json_writer json;
        uint64_t grantable; /* capabilities that the engine can give */
        bool instead_said;  /* the member of the JSON document is there */
        bool counted;       /* live; what was counted: */
        uint64_t counts[CF_WHY_COUNTS];
        bool all_errors; /* say it of what is not seccomp's, too */
        size_t refused;  /* failures that were said to be REFUSED, PERHAPS or OTHER */
        struct cf_why_write write;
        CF_VEC(const struct cf_danger *) told; /* in words, by now */
        size_t rules; /* kinds of refused calls that a rule of a profile would let through */
};

/* What the profile has to do with a failure. *ret_answer: what it answers, if that is one value
 * (CF_WHY_REFUSED), else CF_ALLOW. 0 or negative. */
int cf_why_judge(struct cf_why *why, const struct cf_why_failure *failure,
                 enum cf_why_verdict *ret_verdict, uint32_t *ret_answer, struct cf_error *err);

/* Says of one kind of failure who refused it and the least that unblocks it: text, or a JSON
 * object. 0 or negative. */
int cf_why_say(struct cf_why *why, const struct cf_why_failure *failure, struct cf_error *err);

/* Reads --write: before anything is watched, so that nothing is watched in vain. 0 or negative. */
int cf_why_write_options(struct cf_why *why, struct cf_error *err);

/* Keeps a failure that was said, with its ways, where a profile is to be written. 0 or -ENOMEM. */
int cf_why_write_keep(struct cf_why *why, const struct cf_why_remedy *remedy);

/* Adds rules as they are listed in data/reasons.tsv: "allow RULE;errno NAME RULE". `what` stands in
 * front of errors. 0 or negative. */
int cf_why_write_rules(struct cf_why *why, const char *what, const char *rules,
                       struct cf_error *err);

/* Whether a call has the error that was written for it: that is as it is meant to be. */
bool cf_why_write_answers(const struct cf_why *why, const struct cf_why_failure *failure);

/* Makes the profile from what was kept: of `base`, the profile in use; without one (base->profile
 * NULL) of the filter that refused it all. 0 or negative: -EINVAL when several filters refused. */
int cf_why_write_make(struct cf_why *why, const struct cf_profile_input *base,
                      struct cf_error *err);

/* Whether a rule alone would let it through, or give it another error. */
bool cf_why_write_helps(const struct cf_why_remedy *remedy);

/* Where several calls need rules and no --write was given: a line that says so. */
void cf_why_write_advise(struct cf_why *why);

/* Writes the file, whole or not at all. */
int cf_why_write_file(struct cf_why *why, struct cf_error *err);

/* Lines of what was left out, and of what the profile lets through besides the base. */
void cf_why_write_say_left(struct cf_why *why);
int cf_why_write_say_differences(struct cf_why *why, struct cf_error *err);

/* What was written and what was left out: as text, as the member "written" of the JSON document. */
int cf_why_write_say(struct cf_why *why, struct cf_error *err);
int cf_why_write_json(struct cf_why *why, struct cf_error *err);

/* Adds of an error that is nobody's whom confined asks whose it may be, and why. */
void cf_why_put_ordinary(struct cf_text *out, const struct cf_why_failure *failure);

/* Adds what the kernel asks for, joined by "and", with what settings are now. */
void cf_why_put_requirements(struct cf_text *out, const struct cf_why *why,
                             const struct cf_requirement *const *all, size_t count);

/* A process's parent; 0: it is gone. */
pid_t cf_why_parent_of(pid_t pid);

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

/* --step: an exit status or negative. */
int cf_why_step(struct cf_why *why, struct cf_error *err);

/* How sure it is that the verdict is so: "sure", "likely" or "perhaps", and why. No word for what
 * was seen live. */
struct cf_why_sureness {
        const char *word, *because;
};
struct cf_why_sureness cf_why_sureness(const struct cf_why_failure *failure,
                                       enum cf_why_verdict verdict);

/* The library by which this machine's runtimes load profiles ("libseccomp 2.5.4"), where it does
 * not know the call: rules for it are dropped. NULL: it does, or nobody can tell, or --as written.
 */
const char *cf_why_unknown_to(struct cf_why *why, const struct cf_call *call);
