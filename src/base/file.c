/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/arena.h"

#define TRIES 64          /* random names that may be taken already */
#define XATTR_MAX 65536   /* bytes of a value, and of all names: the kernel's limits */
#define NAME_SIZE 32      /* of a temporary name, with its NUL */
#define MODE_NEW 0644     /* less umask */
#define MODE_PRIVATE 0600 /* until owner and mode of the old file are known to be kept */

/* What a failure was about; the words of its message. */
enum stage { STAGE_FOLDER, STAGE_CONTENT, STAGE_ATTRIBUTES, STAGE_NAME };

/* One file that is being put in its place. */
struct writing {
        int dirfd; /* its folder: from here on no path is walked again */
        const char *name;
        int old;               /* the file that is there; -1: a new one */
        const struct stat *st; /* of `old` */
        const struct cf_file_id *id;
        bool keeps; /* what comes to be there meanwhile */
        struct cf_span bytes;
        char temporary[NAME_SIZE]; /* "": has no name */
        enum stage stage;
};

/* ---- the temporary file --------------------------------------------------------------------- */

static int random_name(char name[static NAME_SIZE])
{
        uint64_t random;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
                return -EIO;
        snprintf(name, NAME_SIZE, ".confined-%016llx", (unsigned long long)random);
        return 0;
}

static mode_t first_mode(const struct writing *writing)
{
        return writing->old < 0 ? MODE_NEW : MODE_PRIVATE;
}

/* O_EXCL: whatever somebody has put at that name, link or file, is not opened. */
static int open_named(struct writing *writing)
{
        for (int i = 0; i < TRIES; i++) {
                int r = random_name(writing->temporary);
                if (r < 0)
                        return r;
                int fd = openat(writing->dirfd, writing->temporary,
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                first_mode(writing));
                if (fd >= 0)
                        return fd;
                writing->temporary[0] = '\0';
                if (errno != EEXIST)
                        return -errno;
        }
        return -EEXIST;
}

/* A file without a name ends with its descriptor, whatever happens. */
static int open_unnamed(struct writing *writing)
{
        int fd = openat(writing->dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, first_mode(writing));
        return fd < 0 ? -errno : fd;
}

/* Gives such a file its name. */
static int name_it(struct writing *writing, int fd)
{
        char link[32];
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        for (int i = 0; i < TRIES; i++) {
                int r = random_name(writing->temporary);
                if (r < 0)
                        return r;
                if (linkat(AT_FDCWD, link, writing->dirfd, writing->temporary, AT_SYMLINK_FOLLOW) ==
                    0)
                        return 0;
                writing->temporary[0] = '\0';
                if (errno != EEXIST)
                        return -errno;
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

/* ---- attributes --------------------------------------------------------------------------------
 */

/* Signatures of the old content, which the kernel makes anew. */
static bool is_of_content(const char *name)
{
        return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

/* Copies one attribute; `value` and `there` have XATTR_MAX bytes. */
static int copy_xattr(int from, int to, const char *name, char *value, char *there)
{
        ssize_t n = fgetxattr(from, name, value, XATTR_MAX);
        if (n < 0)
                return errno == ENODATA ? 0 : -errno;
        /* Labels that a new file gets by itself may be there without a right to set them. */
        if (fgetxattr(to, name, there, XATTR_MAX) == n && memcmp(value, there, (size_t)n) == 0)
                return 0;
        return fsetxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

/* All of them, ACLs and labels among them. A file system without any loses none. */
static int copy_xattrs(int from, int to)
{
        CF_FREE char *names = malloc(XATTR_MAX);
        CF_FREE char *value = malloc(XATTR_MAX);
        CF_FREE char *there = malloc(XATTR_MAX);
        if (!names || !value || !there)
                return -ENOMEM;
        ssize_t size = flistxattr(from, names, XATTR_MAX);
        if (size < 0)
                return errno == ENOTSUP ? 0 : -errno;
        for (char *name = names; name < names + size; name += strlen(name) + 1) {
                int r = is_of_content(name) ? 0 : copy_xattr(from, to, name, value, there);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The owner first: changing it takes set-user-id bits away. */
static int copy_attributes(const struct writing *writing, int fd)
{
        if (fchown(fd, writing->st->st_uid, writing->st->st_gid) < 0)
                return -errno;
        int r = copy_xattrs(writing->old, fd);
        if (r < 0)
                return r;
        return fchmod(fd, writing->st->st_mode & 07777) < 0 ? -errno : 0;
}

/* ---- changing names -----------------------------------------------------------------------------
 */

/* Renaming changes the ctime, so it does not count here. */
static bool is_same_file(const struct stat *st, const struct cf_file_id *id)
{
        struct cf_file_id now = cf_file_id_of(st);
        now.ctime_ns = id->ctime_ns;
        return cf_file_id_equal(&now, id);
}

/* A last look: still the file that was read, and no other name of it. */
static int look_again(const struct writing *writing)
{
        struct stat st;
        if (fstatat(writing->dirfd, writing->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -ESTALE;
        struct cf_file_id now = cf_file_id_of(&st);
        if (!cf_file_id_equal(&now, writing->id))
                return -ESTALE;
        return st.st_nlink > 1 ? -EMLINK : 0;
}

static int exchange(const struct writing *writing)
{
        return renameat2(writing->dirfd, writing->temporary, writing->dirfd, writing->name,
                         RENAME_EXCHANGE) < 0
                       ? -errno
                       : 0;
}

/* Swaps both names and looks at what came out: if somebody replaced the file after the last look,
 * theirs is put back. File systems that cannot swap get the plain rename. */
static int replace(struct writing *writing, int fd)
{
        struct stat out, made;
        int r = look_again(writing);
        if (r < 0)
                return r;
        r = exchange(writing);
        if (r == -EINVAL || r == -ENOSYS || r == -ENOTSUP) {
                if (renameat(writing->dirfd, writing->temporary, writing->dirfd, writing->name) < 0)
                        return -errno;
                writing->temporary[0] = '\0';
                return 0;
        }
        if (r < 0)
                return r;
        if (fstatat(writing->dirfd, writing->temporary, &out, AT_SYMLINK_NOFOLLOW) == 0 &&
            is_same_file(&out, writing->id))
                return 0; /* what is left under the temporary name is the old content */
        r = exchange(writing);
        /* Only our own file may be removed. */
        if (r < 0 || fstat(fd, &made) < 0 ||
            fstatat(writing->dirfd, writing->temporary, &out, AT_SYMLINK_NOFOLLOW) < 0 ||
            out.st_ino != made.st_ino || out.st_dev != made.st_dev)
                writing->temporary[0] = '\0';
        return -ESTALE;
}

static int put_in_place(struct writing *writing, int fd)
{
        if (writing->old >= 0)
                return replace(writing, fd);
        int r = -EINVAL;
        if (writing->keeps)
                r = renameat2(writing->dirfd, writing->temporary, writing->dirfd, writing->name,
                              RENAME_NOREPLACE) < 0
                            ? -errno
                            : 0;
        if (r == -EINVAL || r == -ENOSYS || r == -ENOTSUP)
                r = renameat(writing->dirfd, writing->temporary, writing->dirfd, writing->name) < 0
                            ? -errno
                            : 0;
        if (r == 0)
                writing->temporary[0] = '\0';
        return r;
}

/* Fills, syncs and renames a temporary file that is open already. */
static int finish(struct writing *writing, int fd)
{
        writing->stage = STAGE_CONTENT;
        int r = write_all(fd, writing->bytes);
        if (r == 0 && writing->old >= 0) {
                writing->stage = STAGE_ATTRIBUTES;
                r = copy_attributes(writing, fd);
        }
        if (r < 0)
                return r;
        writing->stage = STAGE_CONTENT;
        if (fsync(fd) < 0)
                return -errno;
        writing->stage = STAGE_NAME;
        return 0;
}

static int put_unnamed(struct writing *writing)
{
        CF_CLOSE int fd = open_unnamed(writing);
        int r = fd < 0 ? -ENOTSUP : finish(writing, fd);
        if (r == 0 && name_it(writing, fd) < 0)
                return -ENOTSUP; /* no /proc, say */
        return r < 0 ? r : put_in_place(writing, fd);
}

static int put_named(struct writing *writing)
{
        writing->stage = STAGE_FOLDER;
        CF_CLOSE int fd = open_named(writing);
        int r = fd < 0 ? cf_steal_fd(&fd) : finish(writing, fd);
        return r < 0 ? r : put_in_place(writing, fd);
}

static int put(struct writing *writing)
{
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int r = put_unnamed(writing);
        if (r == -ENOTSUP)
                r = put_named(writing);
        if (writing->temporary[0])
                unlinkat(writing->dirfd, writing->temporary, 0);
        if (r == 0)
                fsync(writing->dirfd);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

/* ---- messages -----------------------------------------------------------------------------------
 */

static int explain(struct cf_error *err, int r, enum stage stage, const char *path)
{
        static const char *const stages[] = {
                [STAGE_FOLDER] = "cannot be written: no file can be made in its folder",
                [STAGE_CONTENT] = "cannot be written",
                [STAGE_ATTRIBUTES] = "is not written, its owner or attributes cannot be kept",
                [STAGE_NAME] = "cannot be replaced",
        };
        static const struct {
                int code;
                const char *text;
        } known[] = {
                {-ESTALE, "changed while it was looked at: not written; run again"},
                {-EMLINK, "has several hard links, which would part: not written; edit it by hand"},
                {-EBUSY, "is a mount of its own, which cannot be replaced; edit it by hand"},
                {-EISDIR, "is a folder where a file is expected"},
                {-EEXIST, "is there already and holds something else"},
        };
        struct cf_place whole = {.path = path};
        for (size_t i = 0; i < CF_COUNT(known); i++)
                if (r == known[i].code)
                        return cf_error_set(err, r, &whole, "%s", known[i].text);
        return cf_error_set(err, r, &whole, "%s: %s", stages[stage], strerror(-r));
}

/* ---- the doors ----------------------------------------------------------------------------------
 */

/* Opens the folder that holds the file itself, links followed; *ret_name (to be freed) is the
 * file's name there. */
static int open_folder(const char *path, int *ret_dirfd, char **ret_name)
{
        CF_FREE char *resolved = realpath(path, NULL);
        if (!resolved)
                return -errno;
        char *slash = strrchr(resolved, '/');
        char *name = strdup(slash + 1);
        if (!name)
                return -ENOMEM;
        *(slash == resolved ? slash + 1 : slash) = '\0';
        int dirfd = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0) {
                free(name);
                return -errno;
        }
        *ret_dirfd = dirfd;
        *ret_name = name;
        return 0;
}

int cf_file_replace(const char *path, struct cf_span bytes, const struct cf_file_id *id,
                    struct cf_error *err)
{
        CF_CLOSE int dirfd = -1;
        CF_FREE char *name = NULL;
        int r = open_folder(path, &dirfd, &name);
        if (r < 0)
                return explain(err, r == -ENOENT ? -ESTALE : r, STAGE_CONTENT, path);
        CF_CLOSE int old =
                openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;
        if (old < 0 || fstat(old, &st) < 0)
                return explain(err, errno == ENOENT || errno == ELOOP ? -ESTALE : -errno,
                               STAGE_CONTENT, path);
        struct cf_file_id now = cf_file_id_of(&st);
        if (!S_ISREG(st.st_mode) || !cf_file_id_equal(&now, id))
                return explain(err, -ESTALE, STAGE_CONTENT, path);
        if (st.st_nlink > 1)
                return explain(err, -EMLINK, STAGE_CONTENT, path);
        struct writing writing = {
                .dirfd = dirfd, .name = name, .old = old, .st = &st, .id = id, .bytes = bytes};
        r = put(&writing);
        return r < 0 ? explain(err, r, writing.stage, path) : 0;
}

/* A device or a pipe is no file to be replaced. */
static int write_through(const char *path, struct cf_span bytes)
{
        CF_CLOSE int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? -errno : write_all(fd, bytes);
}

static int write_new(const char *path, struct cf_span bytes, bool keeps, enum stage *ret_stage)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *folder = arena ? cf_path_dir(arena, path) : NULL;
        if (!folder)
                return -ENOMEM;
        *ret_stage = STAGE_FOLDER;
        CF_CLOSE int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0)
                return -errno;
        struct writing writing = {.dirfd = dirfd,
                                  .name = cf_path_base(path),
                                  .old = -1,
                                  .keeps = keeps,
                                  .bytes = bytes};
        int r = put(&writing);
        *ret_stage = writing.stage;
        return r;
}

int cf_file_write(const char *path, struct cf_span bytes, struct cf_error *err)
{
        struct stat st;
        enum stage stage = STAGE_CONTENT;
        int r;
        if (stat(path, &st) < 0) {
                r = errno == ENOENT ? write_new(path, bytes, false, &stage) : -errno;
        } else if (S_ISREG(st.st_mode)) {
                struct cf_file_id id = cf_file_id_of(&st);
                return cf_file_replace(path, bytes, &id, err);
        } else {
                r = S_ISDIR(st.st_mode) ? -EISDIR : write_through(path, bytes);
        }
        return r < 0 ? explain(err, r, stage, path) : 0;
}

int cf_file_in_memory(const char *name, struct cf_span bytes)
{
        CF_CLOSE int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r = fd < 0 ? -errno : write_all(fd, bytes);
        if (r == 0 &&
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                r = -errno;
        return r < 0 ? r : cf_steal_fd(&fd);
}

/* Whether an open file holds just that. */
static bool holds(int fd, struct cf_span bytes)
{
        char buffer[4096];
        ssize_t size;
        while ((size = read(fd, buffer, sizeof(buffer))) != 0) {
                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0 || (size_t)size > bytes.size ||
                    memcmp(buffer, bytes.data, (size_t)size) != 0)
                        return false;
                bytes = cf_span_part(bytes, (size_t)size, SIZE_MAX);
        }
        return bytes.size == 0;
}

int cf_file_write_new(const char *path, struct cf_span bytes, struct cf_error *err)
{
        struct stat st;
        enum stage stage = STAGE_CONTENT;
        if (stat(path, &st) < 0) {
                int r = errno == ENOENT ? write_new(path, bytes, true, &stage) : -errno;
                return r < 0 ? explain(err, r, stage, path) : 0;
        }
        if (!S_ISREG(st.st_mode) || st.st_size == 0)
                return cf_file_write(path, bytes, err);
        CF_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return fd >= 0 && holds(fd, bytes) ? 0 : explain(err, -EEXIST, stage, path);
}
