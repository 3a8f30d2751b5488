/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined why --step` share. Private to cli/.
 *
 * What may be decided. A call is told as numbers: architecture, call and six arguments. These stand
 * in registers, and what is let go on is made with exactly them. What a pointer points to is read
 * by the kernel afterwards, and another thread (or whoever shares that memory) may change it in
 * between. So nothing is ever decided by it; it is shown, as it was, for people to understand the
 * call. Two decisions let a call through:
 *
 *   always   what a profile can say: a rule on the call and the numbers of its arguments. The
 *            profile that results decides the same, so nothing is let through here that it would
 *            not let through.
 *   once     this very call. Only where all of it is seen: with no argument that is or may be a
 *            pointer (but NULL). Else it would look like a decision about what was shown, a path
 *            say, and be one about whatever is there when the kernel looks. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "cli/why.h"
#include "kernel/kernel.h"

#define CF_STEPPING_LINES_MAX ((size_t)4096)  /* rules of a policy file */
#define CF_STEPPING_KINDS_MAX ((size_t)16384) /* decisions that are told apart in the end */

enum cf_stepping_act {
        CF_STEPPING_ASK,
        CF_STEPPING_ALLOW, /* always */
        CF_STEPPING_ONCE,
        CF_STEPPING_REFUSE, /* with what the profile answers */
        CF_STEPPING_KILL,
};

/* One rule of a policy file, or one that was made by a key. The first that fits decides. */
struct cf_stepping_rule {
        enum cf_stepping_act act;
        bool all; /* "*": every call, and no `rule`. ALLOW: by the least rule for it */
        struct cf_call_rule rule;
        cf_policy when; /* on its arguments */
        unsigned line;  /* of the file; 0: made by a key */
        unsigned column;
        size_t met; /* calls that it decided */
};

struct cf_stepping_rules {
        CF_VEC(struct cf_stepping_rule *) rows;
};

/* Reads a policy file:
 *
 *     # a comment, at the begin of a line or behind a blank
 *     allow  RULE { "," RULE }      as `profile extend --allow` takes them
 *     once   …                      only calls without pointers
 *     refuse …
 *     kill   …
 *     ask    …
 *     refuse *                      every call that no line before it decides
 *
 * A line that decides nothing, since lines before it decide it all, and one that allows what a line
 * before it does not are errors: no profile could say it. Everything lives in the arena. -EINVAL:
 * err tells the place; -E2BIG, -ENOMEM. */
int cf_stepping_policy_read(struct cf_policies *all, struct cf_arena *arena,
                            const struct cf_source *source, struct cf_stepping_rules *ret_rules,
                            struct cf_error *err);

/* "allow", "once", … */
const char *cf_stepping_act_name(enum cf_stepping_act act);

/* The argument of a call that may point to memory, by the table alone: of none of its uses is it
 * known that it does not. -1: none; -2: nothing is known of the call. */
int cf_stepping_pointer_of(const struct cf_syscall *call);

/* Whether some call to which the first rule is not to be applied is one that the second allows. */
bool cf_stepping_overlap(struct cf_policies *all, const struct cf_stepping_rule *one,
                         const struct cf_stepping_rule *other);

/* ---- one call -------------------------------------------------------------------------------- */

/* A call that waits for a decision. */
struct cf_stepping_held {
        struct cf_kernel_call kernel;
        struct cf_call call;
        const struct cf_arch *arch;
        const struct cf_syscall *known; /* NULL: its number has no name */
        uint32_t value;                 /* what the profile answers, normalised */
        /* What can be decided; set when it is looked at. */
        const char *pointer;            /* an argument that may be one: "dev_name"; NULL: none */
        struct cf_stepping_rule *least; /* always, with these arguments; NULL: cannot be */
        struct cf_stepping_rule *whole; /* always, whatever its arguments; NULL: cannot be */
        struct cf_cause cause;
};

/* Who decided. */
enum cf_stepping_by {
        CF_STEPPING_BY_NOBODY, /* no line does, and nobody was asked */
        CF_STEPPING_BY_LINE,
        CF_STEPPING_BY_KEY,
        CF_STEPPING_BY_SIGNAL, /* Ctrl-C and its kind while it was asked */
};

/* Calls that were decided alike. */
struct cf_stepping_kind {
        struct cf_why_failure failure;
        uint32_t value;
        enum cf_stepping_act act;
        enum cf_stepping_by by;
        unsigned line;
        size_t count;
};

/* ---- the terminal ---------------------------------------------------------------------------- */

struct cf_stepping_desk;

struct cf_stepping {
        struct cf_why *why;
        struct cf_stepping_rules rules; /* of the file, then those made by keys */
        const char *policy;             /* the file; NULL: none */
        bool asks;                      /* what no rule decides is asked */
        bool quit;                      /* it was said that nothing more is to be asked */
        struct cf_stepping_desk *desk;
        CF_VEC(struct cf_stepping_held *) held; /* the first is in question */
        bool shown;                             /* the first was shown */
        struct cf_map *kinds;
        CF_VEC(struct cf_stepping_kind *) order;
        size_t calls;   /* refused by the profile */
        size_t dropped; /* whose caller was gone before they were answered */
        size_t undecided;
        size_t more_kinds; /* calls of kinds that were too many to keep */
        struct cf_text line;
};

/* The keyboard, or the lines of the standard input. Replaces the standard input of this process
 * (and of what it starts) by /dev/null where lines are read from it. 0 or negative. */
int cf_stepping_desk_open(struct cf_stepping *step, struct cf_error *err);
void cf_stepping_desk_close(struct cf_stepping *step);

/* What is read from while calls are held; -1: nothing. */
int cf_stepping_desk_input(const struct cf_stepping *step);

/* Makes the terminal ours: keys are read one by one. False: it is not ours now (we run in the
 * background); try again later. */
bool cf_stepping_desk_take(struct cf_stepping *step);
/* Gives it back. */
void cf_stepping_desk_give(struct cf_stepping *step);

/* The next key; a line of the standard input is one key, too ("yes", "always"). 0: not yet; -1: no
 * more will come. */
int cf_stepping_desk_key(struct cf_stepping *step);

/* Writes step->line where questions are asked, and empties it. It is given up rather than waited
 * for. */
void cf_stepping_put(struct cf_stepping *step);

/* ---- deciding -------------------------------------------------------------------------------- */

/* The callbacks of cf_kernel_watch; `context` is the cf_stepping. */
struct cf_kernel_answer cf_stepping_called(void *context, const struct cf_kernel_call *call);
void cf_stepping_attend(void *context, bool readable);
void cf_stepping_interrupted(void *context, int signal);

/* Shows a call and what can be decided, and asks. */
void cf_stepping_ask(struct cf_stepping *step, const struct cf_stepping_held *held);
/* What the keys mean. */
void cf_stepping_help(struct cf_stepping *step, const struct cf_stepping_held *held);
/* Tells that it was decided; it is the count-th of its kind. `note` may be NULL. */
void cf_stepping_told(struct cf_stepping *step, const struct cf_stepping_held *held,
                      enum cf_stepping_act act, enum cf_stepping_by by,
                      const struct cf_stepping_rule *rule, size_t count, const char *note);

/* ---- the end --------------------------------------------------------------------------------- */

/* Adds what was decided, and the profile that results; writes it where that was asked for. */
int cf_stepping_sum_up(struct cf_stepping *step, const struct cf_kernel_end *end,
                       struct cf_error *err);
