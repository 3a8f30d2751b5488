/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files for tests, made from the current folder of the process, and what a walk says of
 * them. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/walk.h"
#include "unit.h"

static char tree_home[] = "/tmp/confined-test-XXXXXX"; /* holds all, and is the user's home */

/* Enters a fresh folder "work" in a fresh home. */
static inline void tree_enter(void)
{
        memcpy(tree_home + sizeof(tree_home) - 7, "XXXXXX", 6);
        assert_non_null(mkdtemp(tree_home));
        assert_int_equal(chdir(tree_home), 0);
        assert_int_equal(mkdir("work", 0755), 0);
        assert_int_equal(chdir("work"), 0);
        setenv("HOME", tree_home, 1);
        setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
        unsetenv("GIT_CONFIG_GLOBAL");
        unsetenv("XDG_CONFIG_HOME");
}

/* Leaves and removes it, however deep it is. */
static inline void tree_leave(void)
{
        char *arguments[] = {(char[]){"rm"}, (char[]){"-rf"}, (char[]){"--"}, tree_home, NULL};
        char *environment[] = {NULL};
        pid_t pid;
        int status;
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(posix_spawnp(&pid, "rm", NULL, NULL, arguments, environment), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* Makes a file, and the folders that it is in. A path that ends in '/' is a folder. */
static inline void tree_put(const char *path, const char *content)
{
        char part[4096];
        for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
                snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
                if (mkdir(part, 0755) < 0)
                        assert_int_equal(errno, EEXIST);
        }
        if (path[strlen(path) - 1] == '/')
                return;
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0)
                fail_msg("cannot make '%s'", path);
        assert_int_equal(write(fd, content, strlen(content)), strlen(content));
        close(fd);
}

static inline void tree_put_all(const char *const *paths)
{
        for (; *paths; paths++)
                tree_put(*paths, "");
}

/* ---- what was visited ------------------------------------------------------------------------ */

struct seen {
        pthread_mutex_t lock;
        char **paths; /* sorted by tree_walk */
        size_t count, capacity;
        size_t troubles;
        char trouble[CF_ERROR_PATH + CF_ERROR_TEXT + 2]; /* the last: "PATH: MESSAGE" */
        int trouble_code;
        size_t given;
        size_t stop_after; /* 0: never */
        struct cf_walk_stats stats;
};

static inline int tree_visit(const struct cf_walk_file *file, void *context)
{
        struct seen *seen = context;
        struct stat by_path, by_name;
        int r = 0;
        /* The descriptor and the path must lead to the same file. */
        int flags = file->given ? 0 : AT_SYMLINK_NOFOLLOW;
        bool same = fstatat(file->dirfd, file->name, &by_name, flags) == 0 &&
                    S_ISREG(by_name.st_mode) &&
                    (strlen(file->path) >= PATH_MAX ||
                     (fstatat(AT_FDCWD, file->path, &by_path, flags) == 0 &&
                      by_name.st_ino == by_path.st_ino));
        pthread_mutex_lock(&seen->lock);
        if (seen->count == seen->capacity) {
                seen->capacity = seen->capacity * 2 + 64;
                seen->paths = reallocarray(seen->paths, seen->capacity, sizeof(char *));
        }
        seen->paths[seen->count] = malloc(strlen(file->path) + 2);
        sprintf(seen->paths[seen->count++], "%s%s", same ? "" : "!", file->path);
        seen->given += file->given;
        if (seen->stop_after && seen->count >= seen->stop_after)
                r = -ECANCELED;
        pthread_mutex_unlock(&seen->lock);
        return r;
}

static inline void tree_trouble(const struct cf_error *err, void *context)
{
        struct seen *seen = context;
        pthread_mutex_lock(&seen->lock);
        seen->troubles++;
        seen->trouble_code = err->code;
        snprintf(seen->trouble, sizeof(seen->trouble), "%s: %s", err->frames[0].path,
                 err->frames[0].message);
        pthread_mutex_unlock(&seen->lock);
}

static inline int tree_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline int tree_walk(struct seen *seen, const char *const *roots, size_t root_count,
                            const struct cf_walk_options *options)
{
        *seen = (struct seen){.lock = PTHREAD_MUTEX_INITIALIZER, .stop_after = seen->stop_after};
        int r = cf_walk(roots, root_count, options, tree_visit, tree_trouble, seen, &seen->stats,
                        NULL);
        if (seen->count)
                qsort(seen->paths, seen->count, sizeof(char *), tree_compare);
        return r;
}

static inline void tree_forget(struct seen *seen)
{
        for (size_t i = 0; i < seen->count; i++)
                free(seen->paths[i]);
        free(seen->paths);
}

/* The visited paths must be these, which are sorted and end with NULL. */
static inline void tree_expect(const struct seen *seen, const char *const *paths)
{
        size_t i = 0;
        for (; i < seen->count && paths[i]; i++)
                if (strcmp(seen->paths[i], paths[i]) != 0)
                        fail_msg("visited '%s' where '%s' is expected", seen->paths[i], paths[i]);
        if (i < seen->count)
                fail_msg("visited '%s' too", seen->paths[i]);
        if (paths[i])
                fail_msg("did not visit '%s'", paths[i]);
        assert_int_equal(seen->stats.files, seen->count);
}

/* Walks one root and compares. */
static inline void tree_check(const char *root, const struct cf_walk_options *options,
                              const char *const *paths)
{
        struct seen seen = {0};
        assert_int_equal(tree_walk(&seen, &root, 1, options), 0);
        tree_expect(&seen, paths);
        assert_int_equal(seen.troubles, 0);
        tree_forget(&seen);
}
