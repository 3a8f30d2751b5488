/* SPDX-License-Identifier: Apache-2.0 */
/* Writing files so that nothing is ever half written. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "base/span.h"

/* Puts `bytes` in place of the file's content, atomically: a temporary file in the same folder,
 * synced, with mode, owner, group, ACL and other extended attributes of the old one, changes names
 * with it. A symbolic link stays and what it leads to is replaced. Where the file system can, the
 * temporary file has no name until it is whole, and signals wait while it has one.
 *
 * Refused, with the reason and nothing changed: -ESTALE when the file is no longer the one that
 * `id` describes, also when it is replaced in the very moment; -EMLINK when it has several hard
 * links (they would part); -EPERM when its owner or attributes cannot be kept; others as open(2)
 * and rename(2). */
int cf_file_replace(const char *path, struct cf_span bytes, const struct cf_file_id *id,
                    struct cf_error *err);

/* Writes a new or existing file the same way (mode 0644 less umask when new). What is there and is
 * no regular file, such as /dev/stdout or a pipe, is written to. */
int cf_file_write(const char *path, struct cf_span bytes, struct cf_error *err);

/* A file in memory that nobody can change, to be opened by others as /proc/PID/fd/N. A descriptor,
 * or negative. */
int cf_file_in_memory(const char *name, struct cf_span bytes);

/* The same, but a regular file that is there and holds anything else stays as it is: -EEXIST, also
 * when it comes in the very moment (where the file system can tell). An empty one may be replaced;
 * where the content is equal nothing is done. */
int cf_file_write_new(const char *path, struct cf_span bytes, struct cf_error *err);
