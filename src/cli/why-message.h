/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined why --message` share. Private to cli/. */
#pragma once

#include "base/vec.h"
#include "cli/why.h"
#include "judge/judge.h"

#define CF_WHY_ANSWERS_MAX 4u /* different answers of one call that are listed */

/* A call that a reason is about, and what the profile answers to it. */
struct cf_why_asked {
        const struct cf_call_rule *rule;
        uint32_t answers[CF_WHY_ANSWERS_MAX];
        size_t count;
        bool refused; /* some of it */
};

enum cf_why_state {
        CF_WHY_NOT_NEEDED, /* no filter refuses what it needs */
        CF_WHY_NEEDED,
        CF_WHY_NEEDED_UNTIL, /* with a newer engine or kernel it is not */
};

/* A reason that the message may be of, with what is known of it here. */
struct cf_why_known {
        const struct cf_reason_hit *hit;
        const struct cf_reason *reason;
        struct cf_why_asked *calls;
        size_t call_count;
        enum cf_why_state state;
        bool capability_opens; /* with the reason's capabilities the profile lets it through */
        struct cf_why_dangers dangers;
        CF_VEC(const char *) commands;
};

struct cf_why_message {
        struct cf_why *why;
        struct cf_span text;
        const char *program;
        const char *engine; /* its name and version: "Docker", "20.10.24"; NULL: not known */
        const char *version;
        const char *kernel;
        struct cf_reason_hit hits[CF_REASON_HITS_MAX];
        size_t hit_count;
        struct cf_told told[CF_TOLD_MAX];
        size_t told_count;
        size_t needs; /* reasons that need something, those that may be meant apart */
        struct cf_error *err;
};

/* Says what is known of one reason: text, or a JSON object. 0 or -ENOMEM. */
int cf_why_say_known(struct cf_why_message *message, const struct cf_why_known *known);
