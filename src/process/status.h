/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/PID/status (proc(5)) as numbers. */
#pragma once

#include "base/span.h"
#include "model/model.h"

struct cf_status {
        struct cf_span name; /* comm, with the kernel's escapes for '\' and line feed */
        char state;          /* 'R', 'S', 'Z', …; 0: not shown */
        pid_t pid;           /* Tgid */
        pid_t parent;
        uid_t uid; /* the effective one */
        uint64_t cap_effective;
        unsigned pid_depth; /* nested PID namespaces it is seen in, counted from the reader's own
                             * (1: the reader's); 0: not shown */
        pid_t inner_pid;    /* its number in its own PID namespace; 0: not shown */
        unsigned threads;   /* 0: not shown */
        bool kernel_thread; /* the kernel says so (since Linux 6.8) */
        bool has_memory;    /* has an address space: neither kernel thread nor ended */
        int no_new_privs;   /* 0, 1; -1: not shown */
        enum cf_seccomp_mode mode; /* UNREADABLE when not shown (no CONFIG_SECCOMP) */
        unsigned filters;
        bool filters_known;
};

/* Reads the text. Never fails: what is not there, out of range or no number stays "not shown". */
void cf_status_parse(struct cf_span text, struct cf_status *ret_status);
