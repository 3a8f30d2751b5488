/* SPDX-License-Identifier: Apache-2.0 */
/* Findings → edits → files or unified diffs. Every byte outside an edit stays. */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "base/text.h"
#include "model/model.h"

struct cf_fix_options {
        const char *profile; /* --with: path to put in place of `unconfined`; NULL: remove */
        bool notes;          /* edit documentation too: findings that are notes */
        /* Files and folders that may be edited; what a file in them only refers to (extends,
         * include) is left alone elsewhere and reported. None: any file. */
        const char *const *roots;
        size_t root_count;
};

/* What the edits of one file make of it. */
struct cf_fix_file {
        const char *path;
        struct cf_file_id id;  /* of the file when it was first read */
        struct cf_span before; /* the file's bytes */
        struct cf_span after;
        size_t edits;
        bool changed;             /* by the last cf_fix_apply */
        const char *const *roots; /* files to read again to see what is left (cf_finding.root) */
        size_t root_count;
};

struct cf_fix;
/* Collects edits over several rounds; `files` gets an overlay for each edited file. */
struct cf_fix *cf_fix_new(struct cf_files *files, const struct cf_fix_options *options);
struct cf_fix *cf_fix_free(struct cf_fix *fix);

/* Applies the edits of these findings (those that are not suppressed, not in the baseline and
 * editable) to the overlay. *ret_applied counts them. A file that changed since it was read is
 * left alone and reported to `trouble`. 0 or -ENOMEM. */
int cf_fix_apply(struct cf_fix *fix, struct cf_finding *const *findings, size_t count,
                 size_t *ret_applied, void (*trouble)(const struct cf_error *err, void *context),
                 void *context);

/* The files changed so far, by path. */
const struct cf_fix_file *cf_fix_files(const struct cf_fix *fix, size_t *ret_count);

/* One unified diff (3 lines of context, `a/` and `b/` before relative paths) of all changed files,
 * as git apply and patch take it; right for CRLF and for a missing newline at the end. */
int cf_fix_diff(const struct cf_fix *fix, struct cf_text *out);

/* Writes the changed files (cf_file_replace). *ret_written counts files; what could not be
 * written goes to `trouble` and the rest goes on. */
int cf_fix_write(const struct cf_fix *fix, size_t *ret_written,
                 void (*trouble)(const struct cf_error *err, void *context), void *context);

/* A unified diff of two texts under one name; the algorithm behind cf_fix_diff. */
int cf_diff_unified(const char *name, struct cf_span before, struct cf_span after,
                    struct cf_text *out);
