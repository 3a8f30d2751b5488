/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: inline suppressions in the source text,
 *
 *     # confined: ignore RULE[,RULE…] -- reason
 *     <!-- confined: ignore RULE -- reason -->
 *     .. confined: ignore RULE -- reason
 *
 * Whether the rules exist and a reason is given is for judge/ to say: all are collected. */
#pragma once

#include "base/source.h"
#include "base/vec.h"
#include "model/model.h"

struct cf_ignores {
        struct cf_ignore *items;
        size_t count, capacity;
};

/* Adds those that stand behind the setting on the line where it ends, and on comment lines
 * directly above the line where it starts. 0 or -ENOMEM. */
int cf_ignores_beside(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_range setting, struct cf_ignores *ignores);

/* Adds those on comment lines directly above the line of text offset `offset`: a subject's first
 * line. In a document (`fenced`) the fence or directive that opens a code block, and blank lines
 * around it, may stand between. An ignore that is in the list already is not added again. */
int cf_ignores_above(struct cf_arena *arena, const struct cf_source *source, size_t offset,
                     bool fenced, struct cf_ignores *ignores);
