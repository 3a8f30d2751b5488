/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of processes, from /proc alone. Needs no privilege for most of it; what
 * cannot be read is marked so, never guessed. */
#pragma once

#include "base/error.h"
#include "model/model.h"

struct cf_process_list {
        struct cf_process *items; /* sorted by pid */
        size_t count;
        size_t unreadable; /* processes whose status could not be read for lack of right */
};

/* Looks at every process under `proc` (NULL: "/proc"; tests give a folder of their own).
 * Processes that end meanwhile are left out. Kernel threads are left out. Runs on several
 * threads when there are many. */
int cf_process_scan(struct cf_arena *arena, const char *proc, struct cf_process_list *ret_list,
                    struct cf_error *err);

/* Container id, engine name and nothing else from the text of /proc/PID/cgroup. */
void cf_process_cgroup(struct cf_arena *arena, struct cf_span cgroup_file, const char **ret_path,
                       const char **ret_container, const char **ret_engine);
