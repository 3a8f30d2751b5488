/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of a walk. However deep the tree, few are open at a time: one that was closed is opened
 * again from the nearest open one above it, and those passed on the way stay open for the next. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/walk-private.h"

#define FOLDERS_OPEN 256      /* most descriptors that waiting folders hold */
#define FOLDERS_OPEN_LEAST 16 /* so many even when the process may have few */

void cf_folders_start(struct folder_set *set, unsigned threads)
{
        struct rlimit limit;
        *set = (struct folder_set){.open_max = FOLDERS_OPEN};
        pthread_mutex_init(&set->lock, NULL);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 < FOLDERS_OPEN)
                set->open_max = (unsigned)(limit.rlim_cur / 4);
        if (set->open_max < FOLDERS_OPEN_LEAST + threads)
                set->open_max = FOLDERS_OPEN_LEAST + threads;
}

void cf_folders_end(struct folder_set *set)
{
        pthread_mutex_destroy(&set->lock);
}

struct folder *cf_folder_new(struct folder_set *set, struct folder *parent, struct cf_span name)
{
        struct folder *folder = calloc(1, sizeof(*folder) + name.size + 1);
        if (!folder)
                return NULL;
        folder->fd = -1;
        folder->references = 1;
        folder->name_size = (unsigned)name.size;
        if (name.size)
                memcpy(folder->name, name.data, name.size);
        if (!parent)
                return folder;
        folder->parent = parent;
        folder->root = parent->root;
        folder->scope = parent->scope;
        folder->repository = parent->repository;
        folder->depth = parent->depth + 1;
        folder->start = parent->start + name.size + 1;
        pthread_mutex_lock(&set->lock);
        parent->references++;
        pthread_mutex_unlock(&set->lock);
        return folder;
}

/* ---- the list of open folders that nobody uses; the lock is held ------------------------------
 */

static void unlink_idle(struct folder_set *set, struct folder *folder)
{
        *(folder->newer ? &folder->newer->older : &set->newest) = folder->older;
        *(folder->older ? &folder->older->newer : &set->oldest) = folder->newer;
        folder->newer = folder->older = NULL;
}

static void link_idle(struct folder_set *set, struct folder *folder)
{
        folder->older = set->newest;
        *(set->newest ? &set->newest->newer : &set->oldest) = folder;
        set->newest = folder;
}

static void add_pin(struct folder_set *set, struct folder *folder)
{
        if (folder->pins++ == 0)
                unlink_idle(set, folder);
}

static void remove_pin(struct folder_set *set, struct folder *folder)
{
        if (--folder->pins == 0)
                link_idle(set, folder);
}

/* Takes one descriptor away from a folder that nobody uses; -1: there is none. */
static int take_oldest(struct folder_set *set)
{
        struct folder *folder = set->oldest;
        if (!folder)
                return -1;
        unlink_idle(set, folder);
        set->open--;
        return cf_steal_fd(&folder->fd);
}

/* ---- ends -------------------------------------------------------------------------------------
 */

static void free_folder(struct folder_set *set, struct folder *folder)
{
        if (folder->fd >= 0)
                close(folder->fd);
        cf_folder_rules_free(set, folder->rules);
        free(folder->shown);
        free(folder);
}

void cf_folder_drop(struct folder_set *set, struct folder *folder)
{
        struct folder *ended = NULL; /* a list by `newer`: closed and freed without the lock */
        pthread_mutex_lock(&set->lock);
        while (folder && --folder->references == 0) {
                struct folder *parent = folder->parent;
                if (folder->fd >= 0) {
                        if (folder->pins == 0)
                                unlink_idle(set, folder);
                        set->open--;
                }
                folder->newer = ended;
                ended = folder;
                folder = parent;
        }
        pthread_mutex_unlock(&set->lock);
        while (ended) {
                struct folder *next = ended->newer;
                free_folder(set, ended);
                ended = next;
        }
}

/* ---- opening --------------------------------------------------------------------------------- */

static int open_below(struct folder_set *set, int dirfd, const char *name)
{
        for (;;) {
                int fd = openat(dirfd, name,
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
                if (fd >= 0)
                        return fd;
                if (errno != EMFILE && errno != ENFILE)
                        return -errno;
                pthread_mutex_lock(&set->lock);
                int r = -errno, spare = take_oldest(set);
                pthread_mutex_unlock(&set->lock);
                if (spare < 0)
                        return r;
                close(spare);
        }
}

void cf_folder_give(struct folder_set *set, struct folder *folder, int fd)
{
        int spare = -1;
        pthread_mutex_lock(&set->lock);
        if (folder->fd >= 0) { /* another thread was faster */
                spare = fd;
                add_pin(set, folder);
        } else {
                folder->fd = fd;
                folder->pins++;
                if (++set->open > set->open_max)
                        spare = take_oldest(set);
        }
        pthread_mutex_unlock(&set->lock);
        if (spare >= 0)
                close(spare);
}

void cf_folder_hold(struct folder_set *set, struct folder *folder)
{
        pthread_mutex_lock(&set->lock);
        folder->references++;
        folder->pins++;
        pthread_mutex_unlock(&set->lock);
}

/* Pins the nearest open folder at or above this one. The given folders are always open. */
static struct folder *pin_nearest(struct folder_set *set, struct folder *folder)
{
        pthread_mutex_lock(&set->lock);
        while (folder->fd < 0)
                folder = folder->parent;
        add_pin(set, folder);
        pthread_mutex_unlock(&set->lock);
        return folder;
}

/* Opens the `count` folders of a way down, each in the one before; the first is in `at`, which is
 * pinned and is let go. The last stays pinned. */
static int open_way(struct folder_set *set, struct folder *at, struct folder *const *way,
                    size_t count)
{
        for (size_t i = 0; i < count; i++) {
                int fd = open_below(set, at->fd, way[i]->name);
                if (fd >= 0)
                        cf_folder_give(set, way[i], fd);
                cf_folder_unpin(set, at);
                if (fd < 0)
                        return fd;
                at = way[i];
        }
        return 0;
}

int cf_folder_pin(struct folder_set *set, struct folder *folder)
{
        struct folder *at = pin_nearest(set, folder);
        size_t count = folder->depth - at->depth;
        if (count <= 1)
                return open_way(set, at, &folder, count);
        CF_FREE struct folder **way = calloc(count, sizeof(*way));
        if (!way) {
                cf_folder_unpin(set, at);
                return -ENOMEM;
        }
        for (size_t i = count; i > 0; i--, folder = folder->parent)
                way[i - 1] = folder;
        return open_way(set, at, way, count);
}

void cf_folder_unpin(struct folder_set *set, struct folder *folder)
{
        int spare = -1;
        pthread_mutex_lock(&set->lock);
        remove_pin(set, folder);
        if (set->open > set->open_max)
                spare = take_oldest(set);
        pthread_mutex_unlock(&set->lock);
        if (spare >= 0)
                close(spare);
}

bool cf_folders_roomy(struct folder_set *set)
{
        pthread_mutex_lock(&set->lock);
        bool roomy = set->open < set->open_max;
        pthread_mutex_unlock(&set->lock);
        return roomy;
}
