/* SPDX-License-Identifier: Apache-2.0 */
/* confined hook: what a runtime says of a container that is about to start. Private to cli/. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/source.h"

/* All of it is chosen by whoever starts the container, but for the process's number. */
#define CF_HOOK_STATE_MAX ((size_t)1 << 20) /* bytes of the state */
#define CF_HOOK_NAME_MAX 64                 /* characters of the name that a recording is given */
#define CF_HOOK_ID_MAX 1024                 /* characters of a container's id */
#define CF_HOOK_ID_SHOWN 12                 /* of those: in the names of files */

struct cf_hook_state {
        const char *id;
        pid_t pid;          /* of its first process; the runtime's own code still */
        const char *bundle; /* the folder of its config.json: an absolute path */
        /* The annotations. */
        const char *name; /* io.confined.record: a safe file name; NULL: not to be recorded */
        const char *base; /* NULL: none; else the name of an engine's default */
        bool tighten;
        bool allow_refused;
        bool no_arguments;
};

/* Reads the state that the OCI runtime specification has runtimes write to a hook's standard input.
 * What else it says is passed over; an annotation below io.confined.record that is not known, or
 * whose value is none that it may have, is an error. -EINVAL and the place, -ENOMEM. */
int cf_hook_read(struct cf_arena *arena, const struct cf_source *source,
                 struct cf_hook_state *ret_state, struct cf_error *err);

/* Whether the configuration in config.json, as read, puts a filter on the container. -EINVAL and
 * the place, -ENOMEM. */
int cf_hook_has_filter(struct cf_arena *arena, const struct cf_source *source, bool *ret_filter,
                       struct cf_error *err);

/* Whether the control group of a process holds that process's container alone: `theirs` and `ours`
 * are the texts of its /proc/PID/cgroup and of our own. Ours must be neither that group nor one
 * below it. */
bool cf_hook_own_group(struct cf_span theirs, struct cf_span ours);

/* The same of a process that runs; false also where it cannot be looked at. */
bool cf_hook_has_own_group(pid_t pid);
