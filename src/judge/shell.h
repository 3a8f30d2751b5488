/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/arena.h"

/* A word as it must be typed in a shell so that it stays one word and no option: names in hostile
 * folders end up in commands that people copy. "" when there is no memory. */
const char *cf_shell_word(struct cf_arena *arena, const char *word);
