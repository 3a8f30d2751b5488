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
        size_t more_troubles; /* counted, but not kept */
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
        /* All rules of the program, ended by NULL, for formats that list them; NULL: those that
         * the findings name. */
        const struct cf_rule_info *const *rules;
        bool baseline; /* findings were compared with a baseline */
        /* Where findings' files are read again, for formats that give the bytes of an edit; NULL:
         * such formats give none. */
        struct cf_files *sources;
        const char
                *fix_command; /* shows the edits; NULL: "confined scan --diff"; "": nothing does */
};

/* What a report comes to. */
struct cf_report_counts {
        size_t verdicts[CF_FAIL + 1];   /* findings that count, by verdict */
        size_t counted;                 /* all of those but pass */
        size_t gated;                   /* of those, at least as heavy as fail_on */
        size_t suppressed, baseline;    /* findings that do not count, and why */
        size_t editable;                /* counted findings whose edit can be applied */
        size_t files;                   /* files that hold a counted finding */
        size_t containers[CF_FAIL + 1]; /* rows, by verdict */
        size_t processes[CF_FAIL + 1];
        bool all_troubles_in_files;
};
void cf_report_count(const struct cf_report *report, struct cf_report_counts *ret_counts);

/* The exit status that the report stands for: 2 when something could not be done or read, 1 when
 * a finding reaches fail_on, else 0. */
int cf_report_status(const struct cf_report *report);

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

/* The terminal columns of text that holds no control characters. */
size_t cf_report_width(struct cf_span text);

/* The finding counts: not suppressed, not in the baseline. */
bool cf_finding_counts(const struct cf_finding *finding);

/* An error as it is printed to a person, ended by a newline: the chain, outermost first, safe to
 * show. What was being done stands on a line of its own, the cause indented below it. */
void cf_error_render(const struct cf_error *err, struct cf_text *out);
