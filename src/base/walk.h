/* SPDX-License-Identifier: Apache-2.0 */
/* Walking folders in parallel as people expect of a search tool: what .gitignore excludes and
 * hidden files are left out, links are not followed, each file is visited once.
 *
 * Rules are git's own: .gitignore files within a repository (also those above a given folder, up to
 * the repository's top), .git/info/exclude and the user's excludes; nested repositories have rules
 * of their own. .ignore files have the same form, come first, and need no repository. What cannot
 * be read of all these leaves nothing out. A name that a rule brings back ('!') is visited although
 * hidden. File systems that the kernel makes up (/proc, /sys) are entered only when given. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct cf_walk_options {
        bool no_ignore;             /* read no rules but `exclude` */
        bool hidden;                /* visit names that start with a dot too (never .git) */
        unsigned threads;           /* 0: as many as processors, at most 8 */
        const char *const *exclude; /* more rules, relative to each root; they come first of all */
        size_t exclude_count;
        /* Names that are visited although hidden (".devcontainer", ".env"): exact names. */
        const char *const *keep;
        size_t keep_count;
};

struct cf_walk_stats {
        size_t files;   /* visited */
        size_t folders; /* entered */
};

struct cf_walk_file {
        int dirfd;        /* the file's folder, open; the callback must not keep it */
        const char *name; /* last part of the path */
        const char *path; /* as shown: root as given + "/" + … (without "./" when the root is ".");
                           * valid during the call */
        bool given;       /* named by the user: visited whatever the rules say */
        unsigned worker;  /* which thread, from 0 to threads - 1 */
};

/* Opens it for reading: a descriptor or negative errno. Never waits (for a FIFO that took the
 * file's place), and follows a symbolic link only when the file was given. */
int cf_walk_open(const struct cf_walk_file *file);

/* Called once a regular file, from several threads at a time. Negative stops the walk. */
typedef int (*cf_walk_visit)(const struct cf_walk_file *file, void *context);

/* Called for what could not be read (a folder without permission, a root that is missing);
 * several threads. The walk goes on. */
typedef void (*cf_walk_trouble)(const struct cf_error *err, void *context);

unsigned cf_walk_threads(const struct cf_walk_options *options);

/* Visits every root (file or folder; links are followed here). 0, or what the callback returned, or
 * -ENOMEM, or -EFBIG: too many excludes. */
int cf_walk(const char *const *roots, size_t root_count, const struct cf_walk_options *options,
            cf_walk_visit visit, cf_walk_trouble trouble, void *context,
            struct cf_walk_stats *ret_stats, struct cf_error *err);
