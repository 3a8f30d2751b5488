/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kernel/: the reader, and reading one thread. */
#pragma once

#include "base/map.h"
#include "kernel/kernel.h"

struct cf_kernel_reader {
        struct cf_arena *arena;
        struct cf_map *programs;     /* the bytes of a program → its only copy */
        struct sock_filter *scratch; /* room for all filters of a thread and one more */
        struct cf_raw_filter *raw;   /* CF_KERNEL_FILTERS_MAX of them */
        struct cf_error refusal;     /* the kernel gives filters to nobody like us: its code */
};

/* A filter in the scratch. */
struct cf_raw_filter {
        size_t at, count;
        bool log, log_known;
};

/* Reads one thread; `proc_dir` is the folder of its process. Must be called from a thread that ends
 * soon: when this returns -ETIMEDOUT the traced thread stays attached until then. 1: it has ended,
 * *ret_thread is untouched; 0; or as cf_kernel_process_read. */
int cf_kernel_thread_read(struct cf_kernel_reader *reader, int proc_dir, pid_t pid, pid_t tid,
                          struct cf_kernel_thread *ret_thread, struct cf_error *err);

/* The thread is stopped, and the scratch holds its filters. When it would go on by restart_syscall
 * and they refuse that, what it waits in ends with EINTR instead. On x86_64; elsewhere nothing is
 * done. */
void cf_kernel_spare_restart(const struct cf_kernel_reader *reader, pid_t tid, size_t count);
