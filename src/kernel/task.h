/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kernel/: what /proc says of one thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CF_TASK_NAME 64 /* bytes kept of a name; the kernel's are shorter, escapes included */

struct cf_task {
        char name[CF_TASK_NAME];
        char state;   /* 'R', 'S', 'Z', … */
        pid_t tracer; /* 0: none */
        int seccomp;  /* 0 off, 1 strict, 2 filter; -1: not shown */
        long filters; /* installed; -1: not shown (before Linux 5.9) */
        bool kernel_thread;
        uint64_t start_time;
        uint64_t bounding; /* the capability bounding set */
};

/* Reads status and stat in the folder `dir` (of a process or thread). The folder stands for one
 * task: when that has ended, a later one of the same number is not taken for it. -ESRCH: ended;
 * -EACCES, …: as open(2); -EPROTO: the kernel shows something else than proc(5) says. */
int cf_task_read(int dir, struct cf_task *ret_task);

/* The folder /proc/PATH, or -1 and errno (ENOENT: no such process, or not shown). */
int cf_task_open(int proc, const char *path);

/* The ended and those that are ending have no filters to read. */
static inline bool cf_task_ended(const struct cf_task *task)
{
        return task->state == 'Z' || task->state == 'X' || task->state == 'x';
}
