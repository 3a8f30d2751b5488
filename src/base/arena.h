/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that belongs to one document or one result and is freed whole.
 *
 * Every arena is born with a limit: hostile input makes an allocation fail, not the machine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/span.h"

struct cf_arena;

/* An arena that hands out at most `limit` bytes (0: no limit of its own).
 * NULL when there is no memory. Not thread-safe: one thread at a time. */
struct cf_arena *cf_arena_new(size_t limit);

/* Frees everything; NULL is fine. Returns NULL. */
struct cf_arena *cf_arena_free(struct cf_arena *arena);

/* Forgets what was allocated but keeps one block for the next use. */
void cf_arena_clear(struct cf_arena *arena);

/* Zeroed memory, aligned for any type; NULL when memory or the limit is used up
 * (size 0 gives a valid pointer). */
void *cf_arena_alloc(struct cf_arena *arena, size_t size);

/* The same for `count` items of `size` bytes; checks the product. */
void *cf_arena_array(struct cf_arena *arena, size_t count, size_t size);

/* NUL-ended copies and formatted text; NULL as above. */
char *cf_arena_copy(struct cf_arena *arena, struct cf_span text);
char *cf_arena_string(struct cf_arena *arena, const char *text);
char *cf_arena_printf(struct cf_arena *arena, const char *format, ...) CF_PRINTF(2, 3);

/* Bytes handed out so far. */
size_t cf_arena_used(const struct cf_arena *arena);

/* Whether the arena's own limit has refused an allocation since it was made or cleared: then what
 * failed was too large, and there is memory. */
bool cf_arena_is_full(const struct cf_arena *arena);

#define cf_arena_one(arena, type) ((type *)cf_arena_alloc((arena), sizeof(type)))
#define cf_arena_many(arena, count, type) ((type *)cf_arena_array((arena), (count), sizeof(type)))

static inline void cf_arena_freep(struct cf_arena **arena)
{
        *arena = cf_arena_free(*arena);
}
#define CF_ARENA CF_CLEANUP(cf_arena_freep)
