/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as they must be written somewhere else. Private to fix/. */
#pragma once

#include "base/arena.h"

/* The path of the profile (as the user typed it, from the current folder) as it must be written
 * where relative paths start from `base_dir`: "./profiles/web.json". What was typed as absolute
 * stays so, and so does everything when `base_dir` is NULL (unknown). Absolute, too, when the two
 * share no folder, or when links make the relative path lead elsewhere. NULL: no memory. */
char *path_from(struct cf_arena *arena, const char *base_dir, const char *profile);

/* `resolved` (absolute, without links) from the current folder when it lies in it or below; else
 * as it is without its leading slash: what a patch applied in / needs. NULL: no memory. */
char *path_in_patch(struct cf_arena *arena, const char *resolved);
