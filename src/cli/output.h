/* SPDX-License-Identifier: Apache-2.0 */
/* Files that people keep and change by hand, or that took long to make: profiles and recordings.
 * They are not replaced by accident: a file that is there and holds something else needs --force.
 * Reports and baselines are this program's own, and are simply written anew. Private to cli/. */
#pragma once

#include "cli/command.h"

/* For the table of a command's options. */
#define CF_FORCE_OPTION                                                                         \
        {                                                                                       \
                "force", 0, NULL, "replace a file that holds something else", CF_COMPLETE_NONE, \
                        NULL                                                                    \
        }

/* For commands that take long to find out what to write: whether they may, by then. The folder must
 * let it (cf_output_check); -EEXIST: a file is there, is not empty, not `own` (see below) and there
 * is no --force. `more` is added to what can be done then ("; --check …", or ""). */
int cf_output_check_there(const struct cf_invocation *invocation, const char *option,
                          const char *path, const char *own, const char *more,
                          struct cf_error *err);

/* Writes it (see cf_file_write_new and cf_file_write). Equal content is fine, and so is what leads
 * to the same file as `own`: what was read to be written anew; NULL: nothing was. -EEXIST. */
int cf_output_write(const struct cf_invocation *invocation, const char *path, const char *own,
                    struct cf_span bytes, struct cf_error *err);

/* Whether two names lead to one file. */
bool cf_output_is_same(const char *path, const char *other);
