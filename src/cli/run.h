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
