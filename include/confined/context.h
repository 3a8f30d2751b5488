/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, errors, the version. See confined.h for ownership and threads. */
#ifndef CONFINED_CONTEXT_H
#define CONFINED_CONTEXT_H

#ifdef __cplusplus
extern "C" {
#endif

struct confined_context;

/* A new context; NULL when there is no memory. */
struct confined_context *confined_context_new(void);

/* Frees it and everything that was made from it. NULL is fine. Returns NULL. */
struct confined_context *confined_context_free(struct confined_context *context);

/* Why the last failing function failed: one or more lines, the cause last, with file, line and
 * column where there are ("p.json:4:19: unknown action 'SCMP_ACT_ALOW' …"), made safe for a
 * terminal. Never NULL; "" when nothing has failed. Valid until the next failure. */
const char *confined_error(const struct confined_context *context);

/* The version of the library that is running, "0.1.0"; compare with CONFINED_VERSION_*. */
const char *confined_version(void);

#ifdef __cplusplus
}
#endif
#endif
