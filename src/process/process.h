/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of processes, from /proc alone. Needs no privilege for most of it; what
 * cannot be read is marked so, never guessed.
 *
 * Foreign processes. A process is `foreign` when it lives in another mount namespace than the
 * first process of the system and, besides, in another PID namespace, or under another root
 * directory, or in a cgroup that is named after a container. A private mount namespace alone is
 * what systemd gives to services (PrivateTmp=, ProtectSystem= and others), a PID or user
 * namespace alone is what browsers and sandboxes give to their helpers and what rootless engines
 * live in: neither is a container. Where the mount namespace may not be read (another user's
 * process, and the reader is not root), the cgroup decides; a process in an inner PID namespace
 * whose cgroup says nothing is counted in `unplaced`.
 *
 * Entering later. Processes that share a container (or a foreign PID namespace) form a tree
 * below its first process. One whose ancestors lead out of the container without passing that
 * process came in from outside: `docker exec` (its parent is the container's shim) or nsenter
 * (its parent is any process). `container` and `engine` of a process that is in a container's PID
 * or mount namespace are that container's, whatever its own cgroup says. A process that lost its
 * parent is handed to the first process of its PID namespace and cannot be told apart any more. */
#pragma once

#include "base/error.h"
#include "model/model.h"

struct cf_process_list {
        struct cf_process *items; /* sorted by pid */
        size_t count;
        size_t unreadable;       /* processes whose status could not be read for lack of right */
        size_t unplaced;         /* in an inner PID namespace; whether foreign is not known */
        bool hidden;             /* the first process is not shown: /proc hides other users' */
        uint64_t pid_ns, mnt_ns; /* of the first process of the system; 0: not readable */
};

#define CF_PROCESS_MAX ((size_t)4 << 20)      /* processes looked at: the kernel's own limit */
#define CF_PROCESS_FILE_MAX ((size_t)1 << 20) /* bytes read of a status or cgroup file */
#define CF_PROCESS_COMMAND_MAX ((size_t)4096) /* bytes kept of a command line */

/* Looks at every process under `proc` (NULL: "/proc"; tests give a folder of their own).
 * Processes that end meanwhile are left out, as are zombies and kernel threads. The command line
 * and the start time are read of foreign processes and of those in a container's cgroup alone;
 * of these, `mode` and `filters` are those of the least filtered thread. Runs on several threads
 * when there are many processes. -ENOENT, -EACCES: no such folder; -ENOMEM. */
int cf_process_scan(struct cf_arena *arena, const char *proc, struct cf_process_list *ret_list,
                    struct cf_error *err);

/* Gives each container its processes (`processes`, `process_count`, `processes_known`): those
 * whose cgroup names it; else those in the PID or mount namespace of its first process; else the
 * tree below that process. A container whose first process is not in the list, or is another
 * container's, keeps processes_known false. `ret_owners`, one for each process of the list, is
 * the container's index or SIZE_MAX. Containers hold copies. 0 or -ENOMEM. */
int cf_process_attribute(struct cf_arena *arena, const struct cf_process_list *list,
                         struct cf_container *containers, size_t container_count,
                         size_t **ret_owners);

/* Path, container id and engine from the text of /proc/PID/cgroup, each NULL when it is not told.
 * 0 or -ENOMEM. */
int cf_process_cgroup(struct cf_arena *arena, struct cf_span cgroup_file, const char **ret_path,
                      const char **ret_container, const char **ret_engine);
