/* SPDX-License-Identifier: Apache-2.0 */
/* Text → pointer, in an arena. Hashing is seeded at random: keys come from hostile files. */
#pragma once

#include "base/arena.h"
#include "base/span.h"

struct cf_map;

/* An empty map whose memory lives in `arena`; NULL when there is none. */
struct cf_map *cf_map_new(struct cf_arena *arena);

/* The value stored under `key`, or NULL. `map` may be NULL. */
void *cf_map_get(const struct cf_map *map, struct cf_span key);

/* Stores (or replaces) a value that is not NULL. The key's bytes must live as long as the map.
 * 0 or -ENOMEM. */
int cf_map_put(struct cf_map *map, struct cf_span key, void *value);

size_t cf_map_count(const struct cf_map *map);

/* The i-th pair in order of first insertion. */
void *cf_map_at(const struct cf_map *map, size_t i, struct cf_span *ret_key);
