/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined run` share. Private to cli/. */
#pragma once

#include "cli/profile.h"
#include "kernel/kernel.h"

/* Exit statuses of env(1), nice(1) and their kind, which are out of the way of the command's. */
enum cf_run_exit {
        CF_RUN_TROUBLE = 125,
        CF_RUN_NOT_EXECUTABLE = 126,
        CF_RUN_NOT_FOUND = 127,
        CF_RUN_BY_SIGNAL = 128, /* and the signal's number */
};

struct cf_run {
        struct cf_profile_job job;
        const char *profile; /* as it was named */
        struct cf_profile_input input;
        struct cf_kernel_command command;
};

/* The command as a child, whose refused calls are shown: an exit status. */
int cf_run_trace(struct cf_run *run, struct cf_error *err);

/* The status for a command that could not be started for this reason. */
int cf_run_not_started(int error);

/* "sh[4711]": a thread that waits. */
void cf_run_say_caller(struct cf_text *line, pid_t tid);

/* Whether an argument points to a name or a path. */
bool cf_run_is_string(const struct cf_syscall *call, unsigned arg);

/* The filter of a policy with everything that refuses handed to a listener, but for traps, which
 * are left to the kernel; *ret_trapped: there are some. 0 or negative. */
int cf_run_handed_filter(struct cf_profile_job *job, cf_policy policy, struct cf_filter *ret_filter,
                         bool *ret_trapped, struct cf_error *err);

/* argv as exec wants it, in the arena; NULL: no memory. */
char **cf_run_words(const struct cf_invocation *invocation, struct cf_arena *arena);
