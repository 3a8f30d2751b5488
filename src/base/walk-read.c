/* SPDX-License-Identifier: Apache-2.0 */
/* One folder of a walk: listing it, deciding about what is in it, and passing it on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/walk-private.h"

#define ENTRY_MAX ((size_t)512)         /* room that one more entry may need */
#define DEPTH_MAX 10000u                /* deepest folder that is entered, below a given one */
#define PATH_SIZE_MAX ((size_t)1 << 20) /* longest path */

/* What getdents64(2) writes. */
struct entry {
        uint64_t inode;
        int64_t offset;
        uint16_t size;
        uint8_t type;
        char name[];
};
#define TYPE_LEFT_OUT 255 /* set in a listing for what is not visited */

/* ---- paths ----------------------------------------------------------------------------------- */

static bool make_room(char **buffer, size_t *capacity, size_t size)
{
        if (size <= *capacity)
                return true;
        char *larger = realloc(*buffer, size * 2);
        if (!larger)
                return false;
        *buffer = larger;
        *capacity = size * 2;
        return true;
}

/* Writes the folder's two paths, with room for one more name behind each. */
static int write_paths(struct worker *worker, const struct folder *folder)
{
        const struct folder *root = folder->root;
        size_t prefix = strlen(root->shown), below = folder->start - root->start;
        if (!make_room(&worker->path, &worker->path_capacity, folder->start + NAME_MAX + 2) ||
            !make_room(&worker->shown, &worker->shown_capacity, prefix + below + NAME_MAX + 2))
                return -ENOMEM;
        for (const struct folder *at = folder; at->parent; at = at->parent) {
                char *name = worker->path + at->parent->start;
                memcpy(name, at->name, at->name_size);
                name[at->name_size] = '/';
        }
        memcpy(worker->shown, root->shown, prefix);
        memcpy(worker->shown + prefix, worker->path + root->start, below);
        worker->shown_size = prefix + below;
        worker->shown[worker->shown_size] = '\0';
        return 0;
}

/* The path that is shown for a name in the folder at work. */
static const char *show(struct worker *worker, const char *name, size_t size)
{
        memcpy(worker->shown + worker->shown_size, name, size + 1);
        return worker->shown;
}

/* The path that is shown for the folder at work itself. */
static const char *show_folder(struct worker *worker)
{
        size_t size = worker->shown_size;
        if (size == 0)
                return ".";
        worker->shown[size > 1 ? size - 1 : size] = '\0'; /* without the slash, but for "/" */
        return worker->shown;
}

/* ---- listing --------------------------------------------------------------------------------- */

/* Fills the listing as far as it has room. 0 or negative errno. */
static int list(struct worker *worker, int fd)
{
        worker->listed = 0;
        worker->complete = false;
        while (CF_WALK_LISTING - worker->listed >= ENTRY_MAX) {
                ssize_t n = getdents64(fd, worker->listing + worker->listed,
                                       CF_WALK_LISTING - worker->listed);
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        worker->complete = true;
                        break;
                }
                worker->listed += (size_t)n;
        }
        return 0;
}

static struct entry *next_entry(struct worker *worker, size_t *at)
{
        if (*at >= worker->listed)
                return NULL;
        struct entry *entry = (struct entry *)(void *)(worker->listing + *at);
        *at += entry->size;
        return entry;
}

/* Which names with a meaning of their own are there: from the listing when it is complete. */
static struct rule_names find_rule_names(struct worker *worker, int fd)
{
        struct rule_names names = {0};
        if (!worker->complete)
                return (struct rule_names){
                        .git = faccessat(fd, ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0,
                        .gitignore = true,
                        .ignore = true,
                };
        size_t at = 0;
        for (struct entry *entry; (entry = next_entry(worker, &at));) {
                if (entry->name[0] != '.')
                        continue;
                names.git |= strcmp(entry->name, ".git") == 0;
                names.gitignore |= strcmp(entry->name, ".gitignore") == 0;
                names.ignore |= strcmp(entry->name, ".ignore") == 0;
        }
        return names;
}

/* ---- what is visited ------------------------------------------------------------------------- */

static bool is_kept(const struct cf_walk_options *options, const char *name)
{
        for (size_t i = 0; i < options->keep_count; i++)
                if (strcmp(options->keep[i], name) == 0)
                        return true;
        return false;
}

static bool leaves_out(struct worker *worker, const struct folder *folder, const char *name,
                       size_t size, bool is_folder)
{
        struct walk *walk = worker->walk;
        enum cf_gitignore_answer answer = CF_GITIGNORE_SILENT;
        if (strcmp(name, ".git") == 0)
                return true;
        if (walk->excludes || folder->scope || (folder->repository && walk->user)) {
                memcpy(worker->path + folder->start, name, size);
                struct cf_span path = {worker->path, folder->start + size};
                answer = cf_gitignore_ask(walk->excludes,
                                          cf_span_part(path, folder->root->start, SIZE_MAX),
                                          is_folder);
                if (!answer)
                        answer = cf_folder_ask(folder, walk->user, path, is_folder);
        }
        if (answer == CF_GITIGNORE_SILENT)
                return name[0] == '.' && !walk->options->hidden && !is_kept(walk->options, name);
        return answer == CF_GITIGNORE_EXCLUDES;
}

static uint8_t type_of(int fd, const struct entry *entry)
{
        struct stat st;
        if (entry->type != DT_UNKNOWN)
                return entry->type;
        if (fstatat(fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return DT_UNKNOWN;
        return (uint8_t)IFTODT(st.st_mode);
}

/* Decides about one entry: *ret_type is DT_REG for a file to visit, DT_DIR for a folder to enter,
 * anything else for what is left out. */
static uint8_t decide(struct worker *worker, const struct folder *folder, const struct entry *entry)
{
        const char *name = entry->name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
                return TYPE_LEFT_OUT;
        uint8_t type = type_of(folder->fd, entry);
        if (type != DT_REG && type != DT_DIR)
                return TYPE_LEFT_OUT;
        if (leaves_out(worker, folder, name, strlen(name), type == DT_DIR) ||
            (worker->walk->identities &&
             cf_walk_is_given(worker->walk, folder->fd, name, entry->inode)))
                return TYPE_LEFT_OUT;
        return type;
}

static int visit_files(struct worker *worker, const struct folder *folder)
{
        size_t at = 0;
        for (struct entry *entry; (entry = next_entry(worker, &at));) {
                if (entry->type != DT_REG)
                        continue;
                if (cf_walk_stopped(worker->walk))
                        return 0;
                const char *path = show(worker, entry->name, strlen(entry->name));
                int r = cf_walk_hand_over(worker, folder->fd, entry->name, path, false);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- folders --------------------------------------------------------------------------------- */

static bool is_pseudo(int fd)
{
        static const unsigned long kinds[] = {
                PROC_SUPER_MAGIC,
                SYSFS_MAGIC,
                CGROUP_SUPER_MAGIC,
                CGROUP2_SUPER_MAGIC,
                DEBUGFS_MAGIC,
                TRACEFS_MAGIC,
                SECURITYFS_MAGIC,
                DEVPTS_SUPER_MAGIC,
                BPF_FS_MAGIC,
                PSTOREFS_MAGIC,
                EFIVARFS_MAGIC,
                SELINUX_MAGIC,
                BINFMTFS_MAGIC,
                NSFS_MAGIC,
                0x62656570 /* configfs */,
                0x65735543 /* fuse's connections */,
        };
        struct statfs fs;
        if (fstatfs(fd, &fs) < 0)
                return false;
        for (size_t i = 0; i < CF_COUNT(kinds); i++)
                if ((unsigned long)fs.f_type == kinds[i])
                        return true;
        return false;
}

/* Adds a job for a subfolder. 0 or -ENOMEM. */
static int add_folder(struct worker *worker, struct folder *folder, const char *name,
                      struct job *ret_job)
{
        struct walk *walk = worker->walk;
        struct cf_span span = cf_span_of(name);
        *ret_job = (struct job){0};
        if (folder->depth - folder->root->depth >= DEPTH_MAX ||
            folder->start + span.size + NAME_MAX > PATH_SIZE_MAX) {
                cf_walk_report(walk, -ENAMETOOLONG, show(worker, name, span.size),
                               "nested too deep: not entered");
                return 0;
        }
        ret_job->folder = cf_folder_new(&walk->folders, folder, span);
        return ret_job->folder ? 0 : -ENOMEM;
}

/* Some jobs on their way to the stack. */
struct batch {
        struct job jobs[64];
        size_t count;
};

static int flush(struct walk *walk, struct batch *batch)
{
        int r = batch->count ? cf_walk_push(walk, batch->jobs, batch->count) : 0;
        if (r < 0)
                cf_walk_drop_jobs(walk, batch->jobs, batch->count);
        batch->count = 0;
        return r;
}

/* Decides about all entries of the listing, and puts what is to be entered on the stack: first
 * the folder itself when it is to be read on, so that it comes last. */
static int push_folders(struct worker *worker, struct folder *folder, bool reads_on)
{
        struct walk *walk = worker->walk;
        struct batch batch = {.count = 0};
        size_t at = 0;
        int r = 0;
        if (reads_on) {
                cf_folder_hold(&walk->folders, folder);
                batch.jobs[batch.count++] = (struct job){.folder = folder, .goes_on = true};
        }
        for (struct entry *entry; r == 0 && (entry = next_entry(worker, &at));) {
                entry->type = decide(worker, folder, entry);
                if (entry->type != DT_DIR)
                        continue;
                if (batch.count == CF_COUNT(batch.jobs))
                        r = flush(walk, &batch);
                if (r == 0)
                        r = add_folder(worker, folder, entry->name, &batch.jobs[batch.count]);
                batch.count += r == 0 && batch.jobs[batch.count].folder;
        }
        int flushed = flush(walk, &batch);
        return r < 0 ? r : flushed;
}

/* Is the folder, which is open, to be entered? What the kernel makes up (/proc, /sys) holds no
 * file that anybody wrote: only when it is given. */
static bool enter(struct folder *folder)
{
        if (folder != folder->root && folder->root->pseudo)
                return true;
        folder->pseudo = is_pseudo(folder->fd);
        return folder == folder->root || !folder->pseudo;
}

/* Reads the folder, which is pinned, from where it was left; 0, -ENOMEM or what a visit said. */
static int read_folder(struct worker *worker, struct folder *folder, bool first)
{
        struct walk *walk = worker->walk;
        bool handed_on = false;
        int r = write_paths(worker, folder);
        while (r == 0 && !handed_on && !cf_walk_stopped(walk)) {
                r = list(worker, folder->fd);
                if (r < 0) {
                        cf_walk_report(walk, r, show_folder(worker), "cannot be listed");
                        return 0;
                }
                if (first && !walk->options->no_ignore)
                        r = cf_folder_read_rules(&walk->folders, folder, folder->fd,
                                                 find_rule_names(worker, folder->fd));
                first = false;
                handed_on = worker->complete || cf_folders_roomy(&walk->folders);
                if (r == 0)
                        r = push_folders(worker, folder, !worker->complete && handed_on);
                if (r == 0)
                        r = visit_files(worker, folder);
        }
        return r;
}

int cf_walk_folder(struct worker *worker, struct folder *folder, bool goes_on)
{
        struct walk *walk = worker->walk;
        int r = goes_on ? 0 : cf_folder_pin(&walk->folders, folder);
        if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
                return 0; /* it went, or gave way to something else, since it was listed */
        if (r < 0) {
                int written = r == -ENOMEM ? r : write_paths(worker, folder);
                if (written == 0)
                        cf_walk_report(walk, r, show_folder(worker), "cannot be opened");
                return written;
        }
        if (goes_on || enter(folder)) {
                worker->stats.folders += !goes_on;
                r = read_folder(worker, folder, !goes_on);
        }
        cf_folder_unpin(&walk->folders, folder);
        return r;
}
