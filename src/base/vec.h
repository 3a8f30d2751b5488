/* SPDX-License-Identifier: Apache-2.0 */
/* Growing arrays of any type, in an arena:
 *
 *     CF_VEC(struct cf_finding *) findings = {0};
 *     if (cf_vec_push(arena, &findings, finding) < 0) return -ENOMEM;
 *     for (size_t i = 0; i < findings.count; i++) use(findings.items[i]);
 */
#pragma once

#include <errno.h>
#include <stddef.h>

#include "base/arena.h"

#define CF_VEC(type)             \
        struct {                 \
                type *items;     \
                size_t count;    \
                size_t capacity; \
        }

/* Makes room for one more item of `size` bytes. 0 or -ENOMEM. Use through cf_vec_push. */
int cf_vec_reserve(struct cf_arena *arena, void **items, size_t count, size_t *capacity,
                   size_t size);

/* Appends a value: 0 or -ENOMEM (the vector is then as before). */
#define cf_vec_push(arena, vec, ...)                                                     \
        (cf_vec_reserve((arena), (void **)&(vec)->items, (vec)->count, &(vec)->capacity, \
                        sizeof(*(vec)->items)) < 0                                       \
                 ? -ENOMEM                                                               \
                 : ((vec)->items[(vec)->count++] = (__VA_ARGS__), 0))
