/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of this room share; private to report/. Everything appends to a cf_text, whose
 * failure sticks: a writer ends with `return cf_report_done(out)`. */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "report/report.h"

/* The table's rows, one in each writer's file. */
extern const struct cf_output cf_output_terminal, cf_output_lines, cf_output_json, cf_output_sarif,
        cf_output_github, cf_output_junit, cf_output_cis;

/* 0, or -ENOMEM when the text is cut short. */
int cf_report_done(const struct cf_text *out);

/* ---- width.c: terminal columns -------------------------------------------------------- */

unsigned cf_report_char_width(uint32_t character);

/* ---- words.c: what several formats say the same way ----------------------------------- */

/* "1,204" */
void cf_report_number(struct cf_text *out, uint64_t number);
/* "1 failure", "3 failures" */
void cf_report_many(struct cf_text *out, uint64_t number, const char *one, const char *many);
/* "0.04 s", "1 min 12 s" */
void cf_report_seconds(struct cf_text *out, double seconds);

/* What a finding is about when it stands in no file: "container web", "process 4711". Raw: the
 * caller makes it safe to show. */
void cf_report_subject(struct cf_text *out, const struct cf_finding *finding);

/* A container's name, or its id when it has none. */
const char *cf_report_container_name(const struct cf_container *container);

/* Everything a finding says, raw, lines parted by '\n': the message, what it means here, notes,
 * the remedy. No place, rule or verdict. */
void cf_report_prose(struct cf_text *out, const struct cf_finding *finding);

/* "confined explain RULE"; the text after "see: " in the terminal. */
void cf_report_see(struct cf_text *out, const struct cf_finding *finding);

/* The path without "./" in front, as services that know a repository by its root want it. */
const char *cf_report_from_root(const char *path);

/* ---- counts.c ------------------------------------------------------------------------- */

/* True when the two stand in one file (or both in none). */
bool cf_report_same_file(const struct cf_finding *a, const struct cf_finding *b);

/* Position of a row's engine in the report, or SIZE_MAX. */
size_t cf_report_engine_index(const struct cf_report *report, const struct cf_report_row *row);

/* The rules that a report can speak of: its own list, or else those that findings name. */
#define CF_REPORT_RULES 64
struct cf_report_rules {
        const struct cf_rule_info *items[CF_REPORT_RULES];
        size_t count;
};
void cf_report_rules_of(const struct cf_report *report, struct cf_report_rules *ret_rules);
/* Position of a rule, or SIZE_MAX. */
size_t cf_report_rule_index(const struct cf_report_rules *rules, const struct cf_rule_info *rule);

/* ---- finding.c: a finding as a person reads it ---------------------------------------- */

enum cf_style {
        CF_STYLE_NONE,
        CF_STYLE_PATH,
        CF_STYLE_DIM,
        CF_STYLE_HEAD,
        CF_STYLE_LABEL, /* "note:", "fix:" */
        CF_STYLE_PASS,
        CF_STYLE_NOTE,
        CF_STYLE_WARN,
        CF_STYLE_UNKNOWN,
        CF_STYLE_FAIL,
};
enum cf_style cf_style_of(enum cf_verdict verdict);
void cf_style_on(struct cf_text *out, const struct cf_report_options *options, enum cf_style style);
void cf_style_off(struct cf_text *out, const struct cf_report_options *options,
                  enum cf_style style);
/* Trusted text in a style; no colour, no codes. */
void cf_style_puts(struct cf_text *out, const struct cf_report_options *options,
                   enum cf_style style, const char *text);

struct cf_finding_form {
        bool see;    /* end with the "see:" line */
        bool in_row; /* a table has said the verdict and the rule */
        bool brief;  /* the first line alone */
};
void cf_report_finding(struct cf_text *out, const struct cf_report_options *options,
                       const struct cf_finding *finding, const struct cf_finding_form *form);

/* "PATH:LINE:COLUMN" or what stands for it; safe to show. */
void cf_report_where(struct cf_text *out, const struct cf_finding *finding);

/* A path at the start of a line, safe to show. */
void cf_report_path(struct cf_text *out, const char *path);

/* ---- excerpt.c: source lines with carets ---------------------------------------------- */

void cf_report_excerpt(struct cf_text *out, const struct cf_report_options *options,
                       const struct cf_finding *finding);

/* ---- table.c: the audit's rows -------------------------------------------------------- */

void cf_report_table(struct cf_text *out, const struct cf_report_options *options,
                     const struct cf_report *report);

/* ---- edits.c: a finding's edit as plain replacements in its file ---------------------- */

struct cf_report_edits {
        const struct cf_replacement *items; /* in file offsets, in order, none overlapping */
        size_t count;
        const char *refusal; /* not NULL: there are none, and why */
};

/* Reads the files that findings are in, one at a time. */
struct cf_report_editor {
        struct cf_files *files;
        struct cf_arena *file_arena, *edit_arena;
        const char *path; /* of `source` */
        struct cf_source *source;
};

/* 0 or -ENOMEM; close it in either case. */
int cf_report_editor_open(struct cf_report_editor *editor, const struct cf_report *report);
void cf_report_editor_close(struct cf_report_editor *editor);

/* The edit of this finding alone; valid until the next call. `ret_edits` comes zeroed.
 * 0 or -ENOMEM. */
int cf_report_edits_of(struct cf_report_editor *editor, const struct cf_finding *finding,
                       struct cf_report_edits *ret_edits);

/* ---- json-parts.c: members of JSON objects -------------------------------------------- */

void cf_report_member(struct cf_json_writer *json, const char *key, const char *text);
void cf_report_member_uint(struct cf_json_writer *json, const char *key, uint64_t number);
void cf_report_member_bool(struct cf_json_writer *json, const char *key, bool value);
/* Bytes that may be no UTF-8: as text, and then, only if they are none, exactly in base64 under
 * KEY_base64. */
void cf_report_member_bytes(struct cf_json_writer *json, const char *key, struct cf_span bytes);
void cf_report_base64(struct cf_text *out, struct cf_span bytes);
