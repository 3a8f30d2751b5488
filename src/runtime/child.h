/* SPDX-License-Identifier: Apache-2.0 */
/* libseccomp at work, in a process of its own. Private to runtime/. */
#pragma once

#include "runtime/library.h"

/* One name of an entry that applies. */
struct request_rule {
        const char *name;
        uint32_t value;
        const struct library_condition *conditions;
        unsigned count;
        bool apart;   /* each condition is a rule of its own */
        bool skipped; /* it is not handed to the library */
};

struct request {
        const struct library *library;
        uint32_t default_value;
        bool tree;              /* ask for a binary tree */
        bool foreign;           /* the machine is not the one that this program is built for */
        uint32_t machine;       /* its token, as libseccomp has it */
        const uint32_t *arches; /* tokens, in the order in which they are added */
        size_t arch_count;
        const struct request_rule *rules;
        size_t count;
        unsigned timeout_ms;
};

enum answer_stage {
        ANSWER_STARTED,
        ANSWER_INIT,
        ANSWER_ARCH, /* at: which */
        ANSWER_TREE,
        ANSWER_RULE, /* at: which */
        ANSWER_EXPORT,
        ANSWER_DONE,
};

/* What the child tells. It is written by code that worked on hostile input: nothing in it is more
 * than a number. */
struct answer {
        enum answer_stage stage; /* where it stands, or stood when it ended */
        int code;                /* what the library returned there, when it failed */
        size_t at;
        int32_t *native;        /* for each rule: what the library makes of the name */
        int32_t *numbers;       /* the same on each architecture: arch_count a rule */
        int signal;             /* that ended it; 0: none */
        bool late;              /* it was ended at its time limit */
        bool large;             /* what it wrote is longer than any filter */
        struct cf_span program; /* what it wrote */
};

/* Asks. 0 also when the library failed or was late; negative when no child could be asked at all.
 * The answer lives in the arena. */
int child_ask(struct cf_arena *arena, const struct request *request, struct answer *ret_answer,
              struct cf_error *err);
