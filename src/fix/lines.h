/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines differ between two texts. Private to fix/. */
#pragma once

#include "base/arena.h"
#include "base/span.h"

/* Lines that stand in one text and not in the other: whole lines of each side, either may be none.
 * Line numbers count from 0, offsets are bytes. */
struct change {
        size_t before_line, before_count;
        size_t after_line, after_count;
        struct cf_span before, after; /* the lines themselves */
};

/* The changes in order, with at least one common line between two. Memory grows with the size of
 * the texts; time is bounded: texts that are large and much unlike get fewer, larger changes.
 * 0 or -ENOMEM. */
int find_changes(struct cf_arena *arena, struct cf_span before, struct cf_span after,
                 struct change **ret_changes, size_t *ret_count);
