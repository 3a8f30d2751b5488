/* SPDX-License-Identifier: Apache-2.0 */
/* One result → every output format. All writers take the same tree; none computes anything that
 * another would have to compute again. */
#pragma once

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "model/model.h"

/* A row of the audit's table: one container or one process outside containers. */
struct cf_report_row {
        const struct cf_subject *subject;
        const struct cf_engine *engine; /* NULL: kernel view alone */
        const char *declared;           /* "–", "unconfined", "./all.json", "privileged" */
        const char *enforced;           /* "no filter (3 processes)", "filter (1)", "not running" */
        enum cf_verdict verdict;        /* the heaviest of its findings */
        const char *rule;               /* the rule of that finding; NULL: pass */
};

struct cf_report {
        const char *command; /* "scan", "audit" */
        const char *tool_version;
        struct cf_finding *const *findings; /* sorted */
        size_t finding_count;
        const struct cf_error *const *troubles; /* what could not be read */
        size_t trouble_count;
        /* scan */
        size_t files; /* looked at */
        double seconds;
        /* audit */
        const struct cf_engine *engines;
        size_t engine_count;
        const struct cf_report_row *rows;
        size_t row_count;
        size_t processes; /* looked at */
        bool interrupted;
        enum cf_verdict fail_on;  /* findings of at least this weight decide the exit status */
        const char *const *hints; /* closing lines: what to type next */
        size_t hint_count;
};

struct cf_report_options {
        bool color;
        bool quiet;     /* findings only: no summary, no hints */
        bool all;       /* show suppressed and baseline findings too */
        unsigned width; /* terminal columns; 0: unlimited */
};

/* One row an output format. */
struct cf_output {
        const char *name;     /* "sarif" */
        const char *summary;  /* "SARIF 2.1.0, for code scanning services" */
        const char *commands; /* space separated commands that offer it; NULL: all */
        int (*write)(const struct cf_report *report, const struct cf_report_options *options,
                     struct cf_text *out);
};
extern const struct cf_output *const cf_outputs[]; /* ended by NULL */
const struct cf_output *cf_output_find(const char *name);

/* The finding counts: not suppressed, not in the baseline. */
bool cf_finding_counts(const struct cf_finding *finding);

/* An error's chain for a person, outermost first, a line each: "confined: path:line:column: …". */
void cf_error_render(const struct cf_error *err, struct cf_text *out);
