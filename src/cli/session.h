/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that report share: configuration, baseline, judge, troubles, output, status. */
#pragma once

#include <pthread.h>

#include "cli/command.h"
#include "judge/judge.h"
#include "report/report.h"

/* Troubles are kept up to this many; more are counted. */
#define CF_TROUBLES_MAX 1000

struct cf_session {
        const struct cf_invocation *invocation;
        struct cf_arena *arena; /* the invocation's; main thread only */
        struct cf_files *files;
        struct cf_config *config; /* NULL: none */
        const char *config_dir;   /* the folder of its file; NULL: none */
        struct cf_baseline *baseline;
        const char *const *only; /* --rule */
        size_t only_count;
        struct cf_judge *judge;
        const struct cf_output *output;
        enum cf_verdict fail_on;
        struct cf_report_options shown;
        pthread_mutex_t lock; /* guards what follows */
        struct cf_arena *trouble_arena;
        const struct cf_error **troubles;
        size_t trouble_count;
        size_t more_troubles;
};

/* Reads the shared options. `default_format` is used when --format is not given. */
int cf_session_open(struct cf_session *session, const struct cf_invocation *invocation,
                    const char *default_format, struct cf_error *err);
void cf_session_close(struct cf_session *session);

/* A fresh judge with the session's settings (the old one, if any, is freed). */
int cf_session_new_judge(struct cf_session *session, struct cf_error *err);

/* Notes what could not be done: exit status 2 at the end. Thread-safe; `session` is void for use
 * as a callback. */
void cf_session_trouble(const struct cf_error *err, void *session);

/* Prints errors to standard error and the report to standard output or --output; writes the
 * baseline when asked. Fills in the report's shared fields. The exit status. */
int cf_session_report(struct cf_session *session, struct cf_report *report);

/* Prints one error as `confined: …` to standard error and gives CF_EXIT_TROUBLE. */
int cf_complain(const struct cf_error *err);
/* Writes text to standard output; CF_EXIT_TROUBLE when that fails. */
int cf_print(const struct cf_text *text);
