/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: what a file's name says. */
#pragma once

#include "base/span.h"

/* The last part of a path, without the endings of templates and copies (.in, .j2, .tmpl, …). */
struct cf_span cf_name_plain(const char *path);
/* The last part of a path's folder; empty: none. */
struct cf_span cf_name_folder(const char *path);
/* The last part of a path in a span. */
struct cf_span cf_span_of_path(struct cf_span path);

/* Lists end with NULL. ASCII letters compare without case for endings, with case for names. */
bool cf_name_is_one(struct cf_span name, const char *const *names);
bool cf_name_ends_in_one(struct cf_span name, const char *const *endings);
bool cf_name_starts_with_one(struct cf_span name, const char *const *starts);
