/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a profile's path where a value is written. Private to model/. */
#pragma once

#include "model/model.h"

#define PROFILE_PATH_MAX 4096 /* bytes of a path that is put into a file */

/* The replacement that puts `path` at edit->value of `text`, quoted as that place needs it.
 * 0 and *ret_refusal NULL; 0 and *ret_refusal set: it cannot be written there; -ENOMEM. */
int quote_path(struct cf_arena *arena, struct cf_span text, const struct cf_edit *edit,
               const char *path, struct cf_replacement *ret_replacement, const char **ret_refusal);
