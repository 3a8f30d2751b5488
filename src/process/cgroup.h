/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers a cgroup path names. */
#pragma once

#include "base/span.h"

struct cf_cgroup_container {
        struct cf_span id;  /* 64 hex digits, or the name that LXC, nspawn and builders use */
        const char *engine; /* NULL: a bare id that any engine could have made */
};

/* Walks a path from the root: true and the next container that a component of it names; false
 * when there is none left. `*at` starts at 0. Inner containers come after outer ones. */
bool cf_cgroup_next(struct cf_span path, size_t *at, struct cf_cgroup_container *ret_container);

/* The one line of /proc/PID/cgroup that says most: the first that names a container, else the
 * unified hierarchy's, else any that is not the root. The span is empty when the text is. */
struct cf_span cf_cgroup_path(struct cf_span cgroup_file);
