/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of engines and kernels, as far as rules ask for them. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

struct cf_version {
        unsigned major, minor, patch; /* all 0: unknown */
};

/* Reads the leading numbers of "28.5.2", "20.10.24+dfsg1", "6.12.1-amd64". Text without a leading
 * number, and NULL, is unknown. */
struct cf_version cf_version_of(const char *text);
bool cf_version_known(struct cf_version version);
/* Negative, 0 or positive, as strcmp. */
int cf_version_compare(struct cf_version a, struct cf_version b);
/* "28.5.2", "19.03.9"; "" when there is no memory. */
const char *cf_version_text(struct cf_arena *arena, struct cf_version version);
