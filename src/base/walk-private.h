/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the walker share: folders, how their descriptors are kept few, their rules. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/gitignore.h"
#include "base/walk.h"

/* The rules that stand in one folder. */
struct folder_rules {
        struct cf_gitignore *ignore;    /* .ignore */
        struct cf_gitignore *gitignore; /* .gitignore */
        struct cf_gitignore *excludes;  /* .git/info/exclude */
};

/* A folder that was met and is not done with: it lives while work below it is waiting. Fields from
 * `references` on are guarded by the lock of the set, the others never change once the folder is
 * known to several threads. */
struct folder {
        struct folder *parent;     /* holds a reference; NULL: none that matters */
        struct folder *root;       /* the given folder that it is below of; NULL: above the given */
        struct folder *scope;      /* the nearest at or above it that has rules; NULL: none */
        struct folder *repository; /* the nearest at or above it that holds .git; NULL: none */
        struct folder_rules *rules; /* its own; NULL: none */
        char *shown;  /* a given folder: its path as shown, "" or ending in '/'; else NULL */
        size_t start; /* size of the path of what is in it, without the last part */
        unsigned depth;
        bool pseudo; /* on a file system that the kernel makes up */
        unsigned references;
        unsigned pins;                /* users of `fd`, which stays open meanwhile */
        int fd;                       /* -1: not open */
        struct folder *newer, *older; /* among those that are open and not pinned */
        unsigned name_size;
        char name[]; /* NUL-ended */
};

/* All folders of a walk. */
struct folder_set {
        pthread_mutex_t lock;
        struct folder *newest, *oldest; /* open and not pinned, by last use */
        unsigned open, open_max;        /* descriptors */
};

void cf_folders_start(struct folder_set *set, unsigned threads);
void cf_folders_end(struct folder_set *set);

/* A folder below `parent` (NULL: none), with one reference for the caller; NULL: no memory. Takes
 * over nothing but what it says of its place. */
struct folder *cf_folder_new(struct folder_set *set, struct folder *parent, struct cf_span name);

/* Gives a reference back; frees the folder, and those above that lived only for it. */
void cf_folder_drop(struct folder_set *set, struct folder *folder);

/* Opens the folder, if need be from those above it, and keeps it open until it is unpinned.
 * 0, or negative errno of openat(2). */
int cf_folder_pin(struct folder_set *set, struct folder *folder);
void cf_folder_unpin(struct folder_set *set, struct folder *folder);

/* One more reference, and one more pin of a folder that is pinned. */
void cf_folder_hold(struct folder_set *set, struct folder *folder);

/* Makes an open descriptor the folder's own, pinned. For the given folders, whose names alone do
 * not lead to them: they stay pinned as long as they live. */
void cf_folder_give(struct folder_set *set, struct folder *folder, int fd);

/* May one more folder be kept pinned while it waits? */
bool cf_folders_roomy(struct folder_set *set);

/* ---- rules (walk-rules.c) -------------------------------------------------------------------- */

/* Which of the names with a meaning of their own a folder holds. */
struct rule_names {
        bool git, gitignore, ignore;
};

/* Reads the rules that stand in a folder and makes them its own. 0 or -ENOMEM. */
int cf_folder_read_rules(struct folder *folder, int fd, struct rule_names names);

/* A folder for a given path, with one reference. Unless `alone`, it stands below folders for those
 * above it in the repository that it is a part of, with their rules. 0 or -ENOMEM. */
int cf_folder_given(struct folder_set *set, const char *path, bool alone,
                    struct folder **ret_folder);

/* What the rules say of an entry of `folder`. `path` is its path from the topmost folder on. */
enum cf_gitignore_answer cf_folder_ask(const struct folder *folder, const struct cf_gitignore *user,
                                       struct cf_span path, bool is_folder);

void cf_folder_rules_free(struct folder_rules *rules);
