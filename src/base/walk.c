/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: workers take folders from one stack, list them, put what is below back on the stack
 * and visit the files. The last folder met is the first taken, so that what waits is bounded by
 * the depth of the tree and not by its size: a folder too large for one listing goes back on the
 * stack below its own subfolders, to be read on when these are done (or when a worker idles). */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/git.h"
#include "base/text.h"
#include "base/walk-private.h"

#define THREADS_DEFAULT 8
#define THREADS_MAX 64
#define LISTING_SIZE ((size_t)32 << 10) /* bytes of entries that are read before any is visited */
#define ENTRY_MAX ((size_t)512)         /* room that one more entry may need */
#define DEPTH_MAX 10000u                /* deepest folder that is entered, below a given one */
#define PATH_SIZE_MAX ((size_t)1 << 20) /* longest path */

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
        char listing[LISTING_SIZE] __attribute__((aligned(16)));
};

/* What getdents64(2) writes. */
struct entry {
        uint64_t inode;
        int64_t offset;
        uint16_t size;
        uint8_t type;
        char name[];
};
#define TYPE_LEFT_OUT 255 /* set in a listing for what is not visited */

static void stop(struct walk *walk, int result)
{
        int none = 0;
        atomic_compare_exchange_strong(&walk->result, &none, result);
}

static bool stopped(struct walk *walk)
{
        return atomic_load_explicit(&walk->result, memory_order_relaxed) < 0;
}

static void report(struct walk *walk, int code, const char *path, const char *what)
{
        struct cf_error err;
        struct cf_place place = {.path = path};
        cf_error_set(&err, code, &place, "%s: %s", what, strerrordesc_np(-code));
        if (walk->trouble)
                walk->trouble(&err, walk->context);
}

/* ---- the stack ------------------------------------------------------------------------------- */

/* Puts jobs on the stack, the last to be taken first. All or none. */
static int push(struct walk *walk, const struct job *jobs, size_t count)
{
        int r = 0;
        pthread_mutex_lock(&walk->lock);
        if (count > walk->stack_capacity - walk->stack_count) {
                size_t capacity = (walk->stack_count + count) * 2;
                struct job *stack = reallocarray(walk->stack, capacity, sizeof(*stack));
                if (stack) {
                        walk->stack = stack;
                        walk->stack_capacity = capacity;
                } else {
                        r = -ENOMEM;
                }
        }
        if (r == 0) {
                memcpy(walk->stack + walk->stack_count, jobs, count * sizeof(*jobs));
                walk->stack_count += count;
        }
        if (walk->waiting)
                pthread_cond_broadcast(&walk->wake);
        pthread_mutex_unlock(&walk->lock);
        return r;
}

/* Waits for a job; false when all is done or the walk stops. */
static bool take(struct walk *walk, struct job *job)
{
        bool taken = false;
        pthread_mutex_lock(&walk->lock);
        for (;;) {
                if (stopped(walk))
                        break;
                if (walk->stack_count) {
                        *job = walk->stack[--walk->stack_count];
                        taken = true;
                        break;
                }
                if (walk->next_given < walk->given_count) {
                        *job = (struct job){.given = walk->next_given++};
                        taken = true;
                        break;
                }
                if (walk->busy == 0)
                        break;
                walk->waiting++;
                pthread_cond_wait(&walk->wake, &walk->lock);
                walk->waiting--;
        }
        walk->busy += taken;
        if (!taken)
                pthread_cond_broadcast(&walk->wake);
        pthread_mutex_unlock(&walk->lock);
        return taken;
}

static void finish(struct walk *walk)
{
        pthread_mutex_lock(&walk->lock);
        walk->busy--;
        pthread_mutex_unlock(&walk->lock);
}

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
        while (LISTING_SIZE - worker->listed >= ENTRY_MAX) {
                ssize_t n = getdents64(fd, worker->listing + worker->listed,
                                       LISTING_SIZE - worker->listed);
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

static int compare_identities(const void *a, const void *b)
{
        const struct identity *one = a, *other = b;
        if (one->inode != other->inode)
                return one->inode < other->inode ? -1 : 1;
        if (one->device != other->device)
                return one->device < other->device ? -1 : 1;
        return 0;
}

/* Is this entry one of the given paths, which are visited for themselves? */
static bool is_given(struct walk *walk, int fd, const struct entry *entry)
{
        struct stat st;
        size_t low = 0, high = walk->identity_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (walk->identities[middle].inode < entry->inode)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < walk->identity_count && walk->identities[low].inode == entry->inode; low++)
                if (fstatat(fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    st.st_dev == walk->identities[low].device &&
                    st.st_ino == walk->identities[low].inode)
                        return true;
        return false;
}

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
            (worker->walk->identities && is_given(worker->walk, folder->fd, entry)))
                return TYPE_LEFT_OUT;
        return type;
}

static int visit(struct worker *worker, int fd, const char *name, const char *path, bool given)
{
        struct walk *walk = worker->walk;
        struct cf_walk_file file = {fd, name, path, given, worker->id};
        worker->stats.files++;
        return walk->visit(&file, walk->context);
}

static int visit_files(struct worker *worker, const struct folder *folder)
{
        size_t at = 0;
        for (struct entry *entry; (entry = next_entry(worker, &at));) {
                if (entry->type != DT_REG)
                        continue;
                if (stopped(worker->walk))
                        return 0;
                const char *path = show(worker, entry->name, strlen(entry->name));
                int r = visit(worker, folder->fd, entry->name, path, false);
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
                report(walk, -ENAMETOOLONG, show(worker, name, span.size),
                       "nested too deep: not entered");
                return 0;
        }
        ret_job->folder = cf_folder_new(&walk->folders, folder, span);
        return ret_job->folder ? 0 : -ENOMEM;
}

static void drop_jobs(struct walk *walk, const struct job *jobs, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (jobs[i].goes_on)
                        cf_folder_unpin(&walk->folders, jobs[i].folder);
                cf_folder_drop(&walk->folders, jobs[i].folder);
        }
}

/* Some jobs on their way to the stack. */
struct batch {
        struct job jobs[64];
        size_t count;
};

static int flush(struct walk *walk, struct batch *batch)
{
        int r = batch->count ? push(walk, batch->jobs, batch->count) : 0;
        if (r < 0)
                drop_jobs(walk, batch->jobs, batch->count);
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
        while (r == 0 && !handed_on && !stopped(walk)) {
                r = list(worker, folder->fd);
                if (r < 0) {
                        report(walk, r, show_folder(worker), "cannot be listed");
                        return 0;
                }
                if (first && !walk->options->no_ignore)
                        r = cf_folder_read_rules(folder, folder->fd,
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

static int work_on_folder(struct worker *worker, struct folder *folder, bool goes_on)
{
        struct walk *walk = worker->walk;
        int r = goes_on ? 0 : cf_folder_pin(&walk->folders, folder);
        if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
                return 0; /* it went, or gave way to something else, since it was listed */
        if (r < 0) {
                int written = r == -ENOMEM ? r : write_paths(worker, folder);
                if (written == 0)
                        report(walk, r, show_folder(worker), "cannot be opened");
                return written;
        }
        if (goes_on || enter(folder)) {
                worker->stats.folders += !goes_on;
                r = read_folder(worker, folder, !goes_on);
        }
        cf_folder_unpin(&walk->folders, folder);
        return r;
}

/* ---- the given paths ------------------------------------------------------------------------- */

/* Is it the same file as one that is given before it? */
static bool is_repeated(const struct walk *walk, size_t given, const struct stat *st)
{
        struct identity wanted = {st->st_dev, st->st_ino, 0};
        if (!walk->identities)
                return false;
        const struct identity *found = bsearch(&wanted, walk->identities, walk->identity_count,
                                               sizeof(wanted), compare_identities);
        while (found && found > walk->identities && compare_identities(&wanted, found - 1) == 0)
                found--;
        for (; found && found < walk->identities + walk->identity_count &&
               compare_identities(&wanted, found) == 0;
             found++)
                if (found->given < given)
                        return true;
        return false;
}

static int visit_given_file(struct worker *worker, const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        CF_FREE char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        if (!folder)
                return -ENOMEM;
        CF_CLOSE int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                report(worker->walk, -errno, path, "cannot be opened");
                return 0;
        }
        return visit(worker, fd, name, path, true);
}

static int work_on_given_folder(struct worker *worker, const char *path)
{
        struct walk *walk = worker->walk;
        CF_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
                report(walk, -errno, path, "cannot be opened");
                return 0;
        }
        struct folder *folder;
        int r = cf_folder_given(&walk->folders, path, walk->options->no_ignore, &folder);
        if (r < 0)
                return r;
        cf_folder_give(&walk->folders, folder, cf_steal_fd(&fd));
        r = work_on_folder(worker, folder, false);
        cf_folder_drop(&walk->folders, folder);
        return r;
}

static int work_on_given(struct worker *worker, size_t given)
{
        struct walk *walk = worker->walk;
        const char *path = walk->given[given];
        struct stat st;
        if (stat(path, &st) < 0) {
                report(walk, -errno, path, "cannot be opened");
                return 0;
        }
        if (is_repeated(walk, given, &st))
                return 0;
        if (S_ISDIR(st.st_mode))
                return work_on_given_folder(worker, path);
        if (S_ISREG(st.st_mode))
                return visit_given_file(worker, path);
        report(walk, -ENOTSUP, path, "neither a regular file nor a folder");
        return 0;
}

/* Notes which files the given paths are, when there are several. */
static int identify_given(struct walk *walk)
{
        struct stat st;
        if (walk->given_count < 2)
                return 0;
        walk->identities = calloc(walk->given_count, sizeof(*walk->identities));
        if (!walk->identities)
                return -ENOMEM;
        for (size_t i = 0; i < walk->given_count; i++)
                if (stat(walk->given[i], &st) == 0)
                        walk->identities[walk->identity_count++] =
                                (struct identity){st.st_dev, st.st_ino, i};
        qsort(walk->identities, walk->identity_count, sizeof(*walk->identities),
              compare_identities);
        return 0;
}

/* ---- workers --------------------------------------------------------------------------------- */

static void *work(void *argument)
{
        struct worker *worker = argument;
        struct walk *walk = worker->walk;
        struct job job;
        while (take(walk, &job)) {
                int r;
                if (job.folder) {
                        r = work_on_folder(worker, job.folder, job.goes_on);
                        cf_folder_drop(&walk->folders, job.folder);
                } else {
                        r = work_on_given(worker, job.given);
                }
                if (r < 0)
                        stop(walk, r);
                finish(walk);
        }
        return NULL;
}

/* Runs the workers, this thread being the first of them. */
static void run(struct worker *workers, unsigned count)
{
        unsigned started = 1;
        while (started < count &&
               pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
                started++; /* fewer workers do as well */
        work(&workers[0]);
        for (unsigned i = 1; i < started; i++)
                pthread_join(workers[i].thread, NULL);
}

unsigned cf_walk_threads(const struct cf_walk_options *options)
{
        if (options->threads)
                return options->threads < THREADS_MAX ? options->threads : THREADS_MAX;
        cpu_set_t set;
        int count =
                sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : THREADS_DEFAULT;
        return count < 1 ? 1 : count < THREADS_DEFAULT ? (unsigned)count : THREADS_DEFAULT;
}

static int read_excludes(struct walk *walk)
{
        CF_TEXT struct cf_text text = {0};
        for (size_t i = 0; i < walk->options->exclude_count; i++) {
                cf_text_puts(&text, walk->options->exclude[i]);
                cf_text_putc(&text, '\n');
        }
        if (text.failed)
                return -ENOMEM;
        int r = cf_gitignore_parse(cf_text_span(&text), &walk->excludes);
        return r == 0 && !walk->options->no_ignore ? cf_git_user_excludes(&walk->user) : r;
}

static void end_walk(struct walk *walk, struct worker *workers, unsigned count)
{
        drop_jobs(walk, walk->stack, walk->stack_count);
        for (unsigned i = 0; i < count; i++) {
                free(workers[i].path);
                free(workers[i].shown);
        }
        free(workers);
        free(walk->stack);
        free(walk->identities);
        cf_gitignore_free(walk->user);
        cf_gitignore_free(walk->excludes);
        cf_folders_end(&walk->folders);
        pthread_cond_destroy(&walk->wake);
        pthread_mutex_destroy(&walk->lock);
}

int cf_walk(const char *const *roots, size_t root_count, const struct cf_walk_options *options,
            cf_walk_visit visit_file, cf_walk_trouble trouble, void *context,
            struct cf_walk_stats *ret_stats, struct cf_error *err)
{
        unsigned threads = cf_walk_threads(options);
        struct walk walk = {
                .options = options,
                .visit = visit_file,
                .trouble = trouble,
                .context = context,
                .given = roots,
                .given_count = root_count,
        };
        pthread_mutex_init(&walk.lock, NULL);
        pthread_cond_init(&walk.wake, NULL);
        cf_folders_start(&walk.folders, threads);
        struct worker *workers = calloc(threads, sizeof(*workers));
        int r = workers ? read_excludes(&walk) : -ENOMEM;
        if (r == 0)
                r = identify_given(&walk);
        struct cf_walk_stats stats = {0};
        if (r == 0) {
                for (unsigned i = 0; i < threads; i++) {
                        workers[i].walk = &walk;
                        workers[i].id = i;
                }
                run(workers, threads);
                r = atomic_load(&walk.result);
                for (unsigned i = 0; i < threads; i++) {
                        stats.files += workers[i].stats.files;
                        stats.folders += workers[i].stats.folders;
                }
        }
        end_walk(&walk, workers, workers ? threads : 0);
        if (r == -ENOMEM)
                cf_error_set(err, r, NULL, "not enough memory to walk the folders");
        if (r == 0 && ret_stats)
                *ret_stats = stats;
        return r;
}

int cf_walk_open(const struct cf_walk_file *file)
{
        /* O_NONBLOCK: what was a regular file may be a FIFO by now, and must not make us wait. */
        int fd = openat(file->dirfd, file->name,
                        O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
                                (file->given ? 0 : O_NOFOLLOW));
        return fd < 0 ? -errno : fd;
}
