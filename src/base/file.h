/* SPDX-License-Identifier: Apache-2.0 */
/* Writing files so that nothing is ever half written. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "base/span.h"

/* Puts `bytes` in place of the file's content, atomically: a temporary file in the same folder,
 * synced, with mode, owner, group and extended attributes of the old one, renamed over it. A
 * symbolic link stays and what it leads to is replaced. Refused, with the reason and nothing
 * changed: -ESTALE when the file is no longer the one that `id` describes; -EMLINK when it has
 * several hard links (renaming would part them); -EPERM when the owner cannot be kept; others as
 * open(2) and rename(2). */
int cf_file_replace(const char *path, struct cf_span bytes, const struct cf_file_id *id,
                    struct cf_error *err);

/* Writes a new or existing file the same way (mode 0644 less umask when new). */
int cf_file_write(const char *path, struct cf_span bytes, struct cf_error *err);
