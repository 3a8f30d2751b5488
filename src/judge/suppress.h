/* SPDX-License-Identifier: Apache-2.0 */
/* Inline suppressions: `confined: ignore RULE[,RULE…] -- reason`. */
#pragma once

#include "model/model.h"

/* Why a suppression is not honoured ("no reason is given"); NULL: it is. Constant text, or text
 * in `arena`; without memory a shorter one. */
const char *cf_ignore_problem(struct cf_arena *arena, const struct cf_ignore *ignore);

/* The suppression is honoured and names the rule. */
bool cf_ignore_covers(const struct cf_ignore *ignore, const char *rule);
