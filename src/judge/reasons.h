/* SPDX-License-Identifier: Apache-2.0 */
/* What the table of known reasons says about one that was found. */
#pragma once

#include "base/arena.h"
#include "judge/judge.h"
#include "judge/version.h"

/* A sentence for the note of a finding, for this engine and kernel (unknown versions: the
 * conditions are named). NULL when there is no memory. */
const char *cf_reason_note(struct cf_arena *arena, const struct cf_reason *reason,
                           struct cf_version docker, struct cf_version kernel);
