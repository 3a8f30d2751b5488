/* SPDX-License-Identifier: Apache-2.0 */
/* Globs as in gitignore(5): '*' and '?' do not cross '/', '**' between slashes (or at an end) does,
 * [a-z] and [!a-z] are sets with [:class:] names, '\' takes the next byte as it is. Matching takes
 * time linear in pattern × text, whatever the pattern, and no memory. */
#pragma once

#include <stdbool.h>

#include "base/span.h"

#define CF_GLOB_MAX 4096 /* bytes of the longest pattern; a longer one matches nothing */

/* False for what can match nothing: too long, a set that is not closed or names an unknown class,
 * a '\' at the end. */
bool cf_glob_valid(struct cf_span pattern);

/* One glob against one whole path ('/'-separated), no gitignore rules around it. Thread-safe. */
bool cf_glob_match(struct cf_span pattern, struct cf_span path);
