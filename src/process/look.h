/* SPDX-License-Identifier: Apache-2.0 */
/* Private to process/: looking at one process. */
#pragma once

#include <pthread.h>

#include "base/text.h"
#include "process/process.h"

/* The namespaces and the root directory that foreign processes are told apart from. */
struct cf_home {
        uint64_t pid_ns, mnt_ns; /* 0: not readable */
        dev_t root_device;
        ino_t root_inode; /* 0: not readable */
};

enum cf_look_result {
        CF_LOOK_DONE,
        CF_LOOK_GONE,       /* ended, a zombie or a kernel thread: not to be listed */
        CF_LOOK_UNREADABLE, /* is there, but may not be read */
};

/* What is known of one process while the scan runs. */
struct cf_look {
        struct cf_process process;
        enum cf_look_result result;
        pid_t inner_pid;    /* its number in its own PID namespace; 0: not shown */
        unsigned pid_depth; /* see cf_status */
        bool unplaced;
};

/* One worker's view of /proc and its buffer. The arena is shared, under `lock`. */
struct cf_looker {
        int proc; /* the folder */
        const struct cf_home *home;
        struct cf_arena *arena;
        pthread_mutex_t *lock;
        char *buffer; /* private; free with cf_looker_done */
        size_t capacity;
};

/* Looks at process `look->process.pid` and fills the rest of `look`. 0 or -ENOMEM. */
int cf_look_at(struct cf_looker *looker, struct cf_look *look);

/* Reads the seccomp state again; false when the process is gone. */
bool cf_look_again(struct cf_looker *looker, struct cf_look *look);

/* Finds out what the first process of the system lives in. */
void cf_look_home(struct cf_looker *looker, const pid_t *pids, size_t count,
                  struct cf_home *ret_home);

void cf_looker_done(struct cf_looker *looker);

/* Sets by_exec of `looks` (sorted by pid, gone ones included). 0 or -ENOMEM. */
int cf_process_tree(struct cf_arena *arena, struct cf_look *looks, size_t count,
                    const struct cf_home *home);
