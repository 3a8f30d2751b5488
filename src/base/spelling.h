/* SPDX-License-Identifier: Apache-2.0 */
/* How far two words are apart, for "did you mean". */
#pragma once

#include "base/span.h"

#define CF_SPELLING_MAX 64 /* bytes of the longest word that is compared */

/* Edit distance (insert, delete, replace, swap of neighbours); more than `max` is max + 1.
 * ASCII letters compare without case. Longer texts than CF_SPELLING_MAX are max + 1 apart. */
unsigned cf_spelling_distance(struct cf_span a, struct cf_span b, unsigned max);
