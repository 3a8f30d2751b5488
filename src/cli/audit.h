/* SPDX-License-Identifier: Apache-2.0 */
/* Private to confined audit: what was asked, looked at and found. */
#pragma once

#include "base/vec.h"
#include "cli/session.h"
#include "engine/engine.h"
#include "process/process.h"

struct cf_audit {
        struct cf_session session;
        struct cf_arena *arena;
        struct cf_engine_host *hosts;
        size_t host_count;
        struct cf_engine_answer *answers; /* of those hosts that answered */
        size_t answer_count;
        bool looked; /* at this machine's processes */
        struct cf_process_list processes;
        bool *owned; /* of each process: a known container's */
        CF_VEC(struct cf_subject) subjects;
        size_t unread;              /* processes of unknown containers: filters that could not be */
        const char *unread_because; /* read, and why not the first */
        struct cf_finding **findings;
        size_t finding_count;
};

/* Reads the filters of running containers and works out what they do: each container of a subject
 * gets its `enforced`. Processes of other containers become subjects when they are open. What
 * cannot be read is said there. 0 or -ENOMEM. */
int cf_audit_enforce(struct cf_audit *audit);

/* The report's table: a row for each container and each stray process. 0 or -ENOMEM. */
int cf_audit_rows(struct cf_audit *audit, struct cf_report_row **ret_rows, size_t *ret_count);

/* Closing lines: what was not seen, and where the containers that fail were started from.
 * 0 or -ENOMEM. */
int cf_audit_hints(struct cf_audit *audit, const struct cf_report_row *rows, size_t row_count,
                   const char *const **ret_hints, size_t *ret_count);
