/* SPDX-License-Identifier: Apache-2.0 */
/* Private to filter/: in which order to compare a word with constants.
 *
 * Given the ranges of a word's values, what follows each, and how often each is met, finds the
 * tree of comparisons that runs the fewest of them on average. */
#pragma once

#include "base/arena.h"
#include "policy/policy.h"

struct cf_plan {
        const struct cf_piece *pieces;
        size_t count;
        int32_t *before; /* weights of all pieces in front of i; count + 1 of them */
        /* Of the pieces i … j, at [i * count + j] and at [j * count + i]: what is read together
         * lies together, either way. NULL: too many pieces. */
        int32_t *cost;
        size_t *chain; /* [j]: pieces i … j may be a chain when i is at least this */
};

/* Ranges above this many are halved by weight instead of searched for the best order. */
#define CF_PLAN_SEARCHED 512u

/* At least two pieces. Of weights only the ratios count. 0 or -ENOMEM. */
int cf_plan_make(struct cf_arena *arena, const struct cf_piece *pieces, const uint64_t *weights,
                 size_t count, struct cf_plan *ret_plan);

/* The best split of pieces i … j, i < j: pieces up to the result are in the lower part. */
size_t cf_plan_split(const struct cf_plan *plan, size_t i, size_t j);

/* A chain: single values to be compared in this order; what is none of them goes to `rest`. */
struct cf_chain {
        size_t singles[8];
        size_t count;
        size_t rest;
};

/* Whether pieces i … j are best compared as a chain, and which. */
bool cf_plan_is_chain(const struct cf_plan *plan, size_t i, size_t j, struct cf_chain *ret_chain);
