/* SPDX-License-Identifier: Apache-2.0 */
/* Which of what a scan finds is told of and edited: --service, --at. Private to cli/. */
#pragma once

#include <stdatomic.h>

#include "cli/command.h"
#include "model/model.h"

struct cf_scan_service {
        const char *name;
        atomic_bool met; /* there is one */
};

/* As findings are shown: FILE:LINE, or FILE:LINE:COLUMN. */
struct cf_scan_at {
        const char *given, *path;
        unsigned line, column; /* column 0: any */
        bool met;              /* something is found there */
};

struct cf_scan_select {
        struct cf_arena *arena;
        struct cf_scan_service *services; /* none: all, and what is no service */
        size_t service_count;
        struct cf_scan_at *places; /* none: everywhere */
        size_t place_count;
        struct cf_error shared; /* the first place that cannot be edited for a selected service */
};

/* Reads the options; all in the invocation's arena. -EINVAL, -ENOMEM. */
int cf_scan_select_read(const struct cf_invocation *invocation, struct cf_scan_select *ret_select,
                        struct cf_error *err);

/* Notes a subject that was read. Thread-safe. */
void cf_scan_select_meet(struct cf_scan_select *select, const struct cf_subject *subject);

/* Takes out of the list what is not asked for. What a selected service shares with another one is
 * no longer editable, and its remedy says so. 0 or -ENOMEM. */
int cf_scan_select_findings(struct cf_scan_select *select, struct cf_finding **findings,
                            size_t *count);

/* Whether all that was asked for is there: a misspelled name is no clean service; and, when it is
 * to be edited, can be without the others. -ENOENT, -EBUSY. */
int cf_scan_select_check(const struct cf_scan_select *select, bool edits, struct cf_error *err);

/* Adds the options as typed in a shell. */
void cf_scan_select_type(const struct cf_scan_select *select, struct cf_text *out);
