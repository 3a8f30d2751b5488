/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the walker share: folders, how their descriptors are kept few, their rules. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/gitignore.h"
#include "base/walk.h"

/* The rules that stand in one folder. */
struct folder_rules {
        struct cf_gitignore *ignore;    /* .ignore */
        struct cf_gitignore *gitignore; /* .gitignore */
        struct cf_gitignore *excludes;  /* .git/info/exclude */
        size_t memory;                  /* bytes that these take */
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
        atomic_size_t rules_memory;     /* bytes that the rules of all folders take */
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

/* Reads the rules that stand in a folder and makes them its own, unless those of all folders would
 * take too much memory together. 0 or -ENOMEM. */
int cf_folder_read_rules(struct folder_set *set, struct folder *folder, int fd,
                         struct rule_names names);

/* A folder for a given path, with one reference. Unless `alone`, it stands below folders for those
 * above it in the repository that it is a part of, with their rules. 0 or -ENOMEM. */
int cf_folder_given(struct folder_set *set, const char *path, bool alone,
                    struct folder **ret_folder);

/* What the rules say of an entry of `folder`. `path` is its path from the topmost folder on. */
enum cf_gitignore_answer cf_folder_ask(const struct folder *folder, const struct cf_gitignore *user,
                                       struct cf_span path, bool is_folder);

void cf_folder_rules_free(struct folder_set *set, struct folder_rules *rules);

/* ---- the walk -------------------------------------------------------------------------------- */

#define CF_WALK_LISTING \
        ((size_t)32 << 10) /* bytes of entries that are read before any is visited */

struct job {
        struct folder *folder; /* with a reference; NULL: the given path `given` */
        size_t given;
        bool goes_on; /* pinned, and its first entries were read */
};

/* Tells files apart, to visit none twice. */
struct identity {
        dev_t device;
        ino_t inode;
        size_t given; /* index of the path */
};

struct walk {
        const struct cf_walk_options *options;
        cf_walk_visit visit;
        cf_walk_trouble trouble;
        void *context;
        const char *const *given;
        size_t given_count;
        struct identity *identities; /* of the given ones, sorted; NULL when there is only one */
        size_t identity_count;
        struct cf_gitignore *user;     /* the user's excludes for all repositories */
        struct cf_gitignore *excludes; /* options->exclude */
        struct folder_set folders;
        atomic_int result; /* negative: stop */

        pthread_mutex_t lock; /* guards what follows */
        pthread_cond_t wake;
        struct job *stack;
        size_t stack_count, stack_capacity;
        size_t next_given;
        unsigned busy, waiting;
};

struct worker {
        struct walk *walk;
        unsigned id;
        pthread_t thread;
        struct cf_walk_stats stats;
        char *path; /* of the folder at work from the topmost folder on, then of its entry */
        size_t path_capacity;
        char *shown; /* the same as it is shown */
        size_t shown_capacity, shown_size;
        size_t listed; /* bytes of `listing` in use */
        bool complete; /* the listing reaches the folder's end */
        char listing[CF_WALK_LISTING] __attribute__((aligned(16)));
};

/* Puts jobs on the stack, the last to be taken first. All or none; 0 or -ENOMEM. */
int cf_walk_push(struct walk *walk, const struct job *jobs, size_t count);
/* Gives back what jobs hold that nobody will work on. */
void cf_walk_drop_jobs(struct walk *walk, const struct job *jobs, size_t count);

bool cf_walk_stopped(struct walk *walk);
void cf_walk_report(struct walk *walk, int code, const char *path, const char *what);

/* Hands a file to the walk's user; what that said. */
int cf_walk_hand_over(struct worker *worker, int fd, const char *name, const char *path,
                      bool given);

/* Is this file one of the given paths, which are visited for themselves? */
bool cf_walk_is_given(const struct walk *walk, int fd, const char *name, ino_t inode);

/* Works on a folder (walk-read.c): 0, -ENOMEM, or what a visit said. */
int cf_walk_folder(struct worker *worker, struct folder *folder, bool goes_on);
