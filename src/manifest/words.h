/* SPDX-License-Identifier: Apache-2.0 */
/* The words without which no format finds anything, whatever the file is. ASCII letters are taken
 * without case:
 *
 *     seccomp  unconfined  privileged  security-opt  security_opt  securityopt  --security=
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

#define CF_WORDS_LONGEST 12 /* bytes */

/* Is one of the words there? Uses what the processor is best at. */
bool cf_words_found(struct cf_span bytes);

/* The ways to search, for tests: each gives the same answer. */
struct cf_words_way {
        const char *name;
        bool (*usable)(void); /* on this processor */
        bool (*found)(struct cf_span bytes);
};
extern const struct cf_words_way cf_words_ways[];
extern const size_t cf_words_way_count;
