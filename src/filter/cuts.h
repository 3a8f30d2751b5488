/* SPDX-License-Identifier: Apache-2.0 */
/* Private to filter/: a policy as a function of one word of the call, cut into ranges.
 *
 * Real filters compare one word with constants, many times in a row. On the ranges of a word a
 * comparison is a splice, where on a diagram it would make a node for each bit. */
#pragma once

#include "base/arena.h"
#include "policy/policy.h"

struct cf_cut {
        uint32_t first; /* up to the next cut's first, exclusive */
        cf_policy policy;
};

struct cf_cuts {
        unsigned word;   /* policies only look at words behind it */
        cf_policy whole; /* all of it as one policy, once it was asked for */
        uint32_t count;  /* at least 1; the first cut is at 0, neighbours have different policies */
        uint32_t capacity;
        struct cf_cut *cuts;
};

/* One policy for all values of the word. NULL: no memory. */
struct cf_cuts *cf_cuts_of(struct cf_arena *arena, unsigned word, cf_policy policy);

/* `inside` for values in [first, last], `outside` elsewhere; both of the same word. May change and
 * return `outside` when that is `owned`. NULL: no memory. */
struct cf_cuts *cf_cuts_splice(struct cf_arena *arena, struct cf_cuts *outside, bool owned,
                               const struct cf_cuts *inside, uint32_t first, uint32_t last);

/* The cuts as a policy; CF_POLICY_NONE as cf_policy_cases, or when there is no memory. */
cf_policy cf_cuts_whole(struct cf_policies *all, struct cf_arena *arena, struct cf_cuts *cuts);
