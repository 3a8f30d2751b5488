/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/arena.h"

#define TRIES 64
#define XATTR_MAX 65536

/* A new file of a random name in the folder `dirfd`, mode 0600; its descriptor. */
static int open_temporary(int dirfd, char name[static 32])
{
        for (int i = 0; i < TRIES; i++) {
                uint64_t random;
                if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
                        return -EIO;
                snprintf(name, 32, ".confined-%016llx", (unsigned long long)random);
                int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                0600);
                if (fd >= 0 || errno != EEXIST)
                        return fd >= 0 ? fd : -errno;
        }
        return -EEXIST;
}

static int write_all(int fd, struct cf_span bytes)
{
        while (bytes.size) {
                ssize_t n = write(fd, bytes.data, bytes.size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes = cf_span_part(bytes, (size_t)n, SIZE_MAX);
        }
        return 0;
}

/* Extended attributes (ACLs and labels among them) of the old file; what the file system does
 * not know is no loss. */
static int copy_xattrs(int from, int to)
{
        CF_FREE char *names = malloc(XATTR_MAX);
        CF_FREE char *value = malloc(XATTR_MAX);
        if (!names || !value)
                return -ENOMEM;
        ssize_t size = flistxattr(from, names, XATTR_MAX);
        if (size < 0)
                return errno == ENOTSUP ? 0 : -errno;
        for (char *name = names; name < names + size; name += strlen(name) + 1) {
                ssize_t n = fgetxattr(from, name, value, XATTR_MAX);
                if (n < 0 && errno == ENODATA)
                        continue;
                if (n < 0 || fsetxattr(to, name, value, (size_t)n, 0) < 0)
                        return -errno;
        }
        return 0;
}

static int copy_owner(int old, int new, const struct stat *st)
{
        if (fchown(new, st->st_uid, st->st_gid) < 0)
                return -errno;
        int r = copy_xattrs(old, new);
        if (r < 0)
                return r;
        return fchmod(new, st->st_mode & 07777) < 0 ? -errno : 0;
}

struct target {
        char *folder;
        const char *name;
        char *resolved;
};

static void target_done(struct target *target)
{
        free(target->folder);
        free(target->resolved);
}

/* Links are followed to the file itself: the link stays, what it leads to is replaced. */
static int resolve(const char *path, struct target *ret_target, struct cf_error *err)
{
        struct cf_place whole = {.path = path};
        char *resolved = realpath(path, NULL);
        if (!resolved)
                return cf_error_set(err, -errno, &whole, "cannot be found: %s", strerror(errno));
        char *slash = strrchr(resolved, '/');
        char *folder = strndup(resolved, slash == resolved ? 1 : (size_t)(slash - resolved));
        if (!folder) {
                free(resolved);
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to write the file");
        }
        *ret_target = (struct target){folder, slash + 1, resolved};
        return 0;
}

/* Fills, syncs and renames a temporary file over `name`. `old` < 0: there is no old file. */
static int put(int dirfd, const char *name, int old, const struct stat *st, struct cf_span bytes,
               const struct cf_file_id *id)
{
        char temporary[32];
        CF_CLOSE int fd = open_temporary(dirfd, temporary);
        if (fd < 0)
                return cf_steal_fd(&fd);
        int r = write_all(fd, bytes);
        if (r == 0 && old >= 0)
                r = copy_owner(old, fd, st);
        if (r == 0 && old < 0) {
                mode_t mask = umask(0);
                umask(mask);
                r = fchmod(fd, 0644 & ~mask) < 0 ? -errno : 0;
        }
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r == 0 &&
            id) { /* the last look before the rename: is it still the file that was read? */
                struct stat now;
                struct cf_file_id current;
                if (fstatat(dirfd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
                        r = -ESTALE;
                else if (current = cf_file_id_of(&now), !cf_file_id_equal(&current, id))
                        r = -ESTALE;
        }
        if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
                r = -errno;
        if (r < 0)
                unlinkat(dirfd, temporary, 0);
        else
                fsync(dirfd);
        return r;
}

static int explain(struct cf_error *err, int r, const char *path)
{
        struct cf_place whole = {.path = path};
        switch (r) {
        case -ESTALE:
                return cf_error_set(err, r, &whole,
                                    "changed while it was looked at: not written; run again");
        case -EMLINK:
                return cf_error_set(err, r, &whole,
                                    "has several hard links: replacing it would part them; "
                                    "use --diff and apply the patch by hand");
        case -EPERM:
                return cf_error_set(
                        err, r, &whole,
                        "its owner or attributes cannot be kept: not written; run as its owner");
        default:
                return cf_error_set(err, r, &whole, "cannot be written: %s", strerror(-r));
        }
}

int cf_file_replace(const char *path, struct cf_span bytes, const struct cf_file_id *id,
                    struct cf_error *err)
{
        CF_CLEANUP(target_done) struct target target = {0};
        int r = resolve(path, &target, err);
        if (r < 0)
                return r;
        CF_CLOSE int dirfd = open(target.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0)
                return explain(err, -errno, path);
        CF_CLOSE int old = openat(dirfd, target.name,
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;
        if (old < 0 || fstat(old, &st) < 0)
                return explain(err, -errno, path);
        struct cf_file_id current = cf_file_id_of(&st);
        if (!S_ISREG(st.st_mode) || !cf_file_id_equal(&current, id))
                return explain(err, -ESTALE, path);
        if (st.st_nlink > 1)
                return explain(err, -EMLINK, path);
        r = put(dirfd, target.name, old, &st, bytes, id);
        return r < 0 ? explain(err, r, path) : 0;
}

int cf_file_write(const char *path, struct cf_span bytes, struct cf_error *err)
{
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
                struct cf_file_id id = cf_file_id_of(&st);
                return cf_file_replace(path, bytes, &id, err);
        }
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *folder = arena ? cf_path_dir(arena, path) : NULL;
        if (!folder)
                return explain(err, -ENOMEM, path);
        CF_CLOSE int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0)
                return explain(err, -errno, path);
        int r = put(dirfd, cf_path_base(path), -1, NULL, bytes, NULL);
        return r < 0 ? explain(err, r, path) : 0;
}
