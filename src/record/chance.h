/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that nobody made this time and that may come another time, by chance or because the kernel
 * asks for them. Private to record/.
 *
 * A call is here only when going without it ends badly: a start that fails or hangs, a program that
 * does not do what it did. What a runtime may call and does without (it ignores the error) is not:
 * see the table in chance.c. */
#pragma once

#include "record/record.h"

/* Why: bits. */
enum cf_chance {
        CF_CHANCE_END = 1 << 0,     /* every process ends */
        CF_CHANCE_HANDLER = 1 << 1, /* the workload asks for signals */
        CF_CHANCE_OLD = 1 << 2,     /* … on an architecture that returns from some by sigreturn */
        CF_CHANCE_WAIT = 1 << 3,    /* the workload waits for a time */
        CF_CHANCE_THREAD = 1 << 4,  /* it makes threads */
        CF_CHANCE_GO = 1 << 5,      /* a runtime starts it that is written in Go, or may be */
        CF_CHANCE_CRUN = 1 << 6,    /* crun starts it, and the filter is on early */
        CF_CHANCE_UNSEEN = 1 << 7,  /* it is started under a filter, which was not seen */
        CF_CHANCE_LANGUAGE = 1 << 8, /* the workload itself is written in Go */
};

/* `started`: by a container's runtime; `refused`: what was refused counts as made. */
unsigned cf_chances(const struct cf_observation *observation, bool started, bool refused);

/* The i-th call that one of these chances may bring; NULL from the last on. */
const char *cf_chance_call(unsigned chances, size_t i);

/* Why one of these chances may bring that call, in words; NULL: none does. */
const char *cf_chance_reason(unsigned chances, const char *call);
