/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns as in gitignore(5): '*' and '?' do not cross '/', '**' does, [a-z] sets, '!' negates,
 * a slash at the end means folders only, one elsewhere anchors. Matching takes time linear in
 * pattern × text, whatever the pattern. */
#pragma once

#include <stdbool.h>

#include "base/span.h"

/* One glob against one whole path ('/'-separated), no gitignore rules around it. */
bool cf_glob_match(struct cf_span pattern, struct cf_span path);
