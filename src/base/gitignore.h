/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of one .gitignore file, read and asked exactly as git does. */
#pragma once

#include <stdbool.h>

#include "base/span.h"

#define CF_GITIGNORE_MAX ((size_t)1 << 20) /* bytes of the longest file of rules */
/* Bytes of all its patterns together that take time to match: those with wildcards, but for '*' and
 * an ending. A name is held against each of them, and rules may come from a hostile tree. */
#define CF_GITIGNORE_WILD_MAX ((size_t)64 << 10)

struct cf_gitignore;

enum cf_gitignore_answer {
        CF_GITIGNORE_SILENT,   /* no rule is about it */
        CF_GITIGNORE_EXCLUDES, /* the last rule about it leaves it out */
        CF_GITIGNORE_INCLUDES, /* the last rule about it starts with '!' */
};

/* Reads rules. *ret_rules is NULL when there are none. 0; -EFBIG: over one of the limits; -ENOMEM.
 * The text is copied. */
int cf_gitignore_parse(struct cf_span text, struct cf_gitignore **ret_rules);

/* The same from a regular file `name` of the folder `dirfd` (as in openat(2)). A symbolic link is
 * not followed unless `follow`. Errors as above and those of openat(2) and read(2). */
int cf_gitignore_read(int dirfd, const char *name, bool follow, struct cf_gitignore **ret_rules);

/* What the rules say of `path`, which is relative to the folder that they stand in and has no
 * slash at either end. `rules` may be NULL. Thread-safe. */
enum cf_gitignore_answer cf_gitignore_ask(const struct cf_gitignore *rules, struct cf_span path,
                                          bool is_folder);

/* Bytes of memory that the rules take; 0 for NULL. */
size_t cf_gitignore_memory(const struct cf_gitignore *rules);

struct cf_gitignore *cf_gitignore_free(struct cf_gitignore *rules);
