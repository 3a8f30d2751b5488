/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: workers take folders from one stack, list them, put what is below back on the stack
 * and visit the files (walk-read.c). The last folder met is the first taken, so that what waits is
 * bounded by the depth of the tree and not by its size: a folder too large for one listing goes
 * back on the stack below its own subfolders, to be read on when these are done (or when a worker
 * idles). */
#include "base/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/git.h"
#include "base/text.h"
#include "base/walk-private.h"

#define THREADS_DEFAULT 8
#define THREADS_MAX 64

static void stop(struct walk *walk, int result)
{
        int none = 0;
        atomic_compare_exchange_strong(&walk->result, &none, result);
}

bool cf_walk_stopped(struct walk *walk)
{
        return atomic_load_explicit(&walk->result, memory_order_relaxed) < 0;
}

void cf_walk_report(struct walk *walk, int code, const char *path, const char *what)
{
        struct cf_error err;
        struct cf_place place = {.path = path};
        cf_error_set(&err, code, &place, "%s: %s", what, strerrordesc_np(-code));
        if (walk->trouble)
                walk->trouble(&err, walk->context);
}

/* ---- the stack ------------------------------------------------------------------------------- */

/* Puts jobs on the stack, the last to be taken first. All or none. */
int cf_walk_push(struct walk *walk, const struct job *jobs, size_t count)
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
                if (cf_walk_stopped(walk))
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

void cf_walk_drop_jobs(struct walk *walk, const struct job *jobs, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (jobs[i].goes_on)
                        cf_folder_unpin(&walk->folders, jobs[i].folder);
                cf_folder_drop(&walk->folders, jobs[i].folder);
        }
}

/* ---- the given paths ------------------------------------------------------------------------- */

static int compare_identities(const void *a, const void *b)
{
        const struct identity *one = a, *other = b;
        if (one->inode != other->inode)
                return one->inode < other->inode ? -1 : 1;
        if (one->device != other->device)
                return one->device < other->device ? -1 : 1;
        return 0;
}

bool cf_walk_is_given(const struct walk *walk, int fd, const char *name, ino_t inode)
{
        struct stat st;
        size_t low = 0, high = walk->identity_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (walk->identities[middle].inode < inode)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < walk->identity_count && walk->identities[low].inode == inode; low++)
                if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    st.st_dev == walk->identities[low].device &&
                    st.st_ino == walk->identities[low].inode)
                        return true;
        return false;
}

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

int cf_walk_hand_over(struct worker *worker, int fd, const char *name, const char *path, bool given)
{
        struct walk *walk = worker->walk;
        struct cf_walk_file file = {fd, name, path, given, worker->id};
        worker->stats.files++;
        return walk->visit(&file, walk->context);
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
                cf_walk_report(worker->walk, -errno, path, "cannot be opened");
                return 0;
        }
        return cf_walk_hand_over(worker, fd, name, path, true);
}

static int work_on_given_folder(struct worker *worker, const char *path)
{
        struct walk *walk = worker->walk;
        CF_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
                cf_walk_report(walk, -errno, path, "cannot be opened");
                return 0;
        }
        struct folder *folder;
        int r = cf_folder_given(&walk->folders, path, walk->options->no_ignore, &folder);
        if (r < 0)
                return r;
        cf_folder_give(&walk->folders, folder, cf_steal_fd(&fd));
        r = cf_walk_folder(worker, folder, false);
        cf_folder_drop(&walk->folders, folder);
        return r;
}

static int work_on_given(struct worker *worker, size_t given)
{
        struct walk *walk = worker->walk;
        const char *path = walk->given[given];
        struct stat st;
        if (stat(path, &st) < 0) {
                cf_walk_report(walk, -errno, path, "cannot be opened");
                return 0;
        }
        if (is_repeated(walk, given, &st))
                return 0;
        if (S_ISDIR(st.st_mode))
                return work_on_given_folder(worker, path);
        if (S_ISREG(st.st_mode))
                return visit_given_file(worker, path);
        cf_walk_report(walk, -ENOTSUP, path, "neither a regular file nor a folder");
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
                        r = cf_walk_folder(worker, job.folder, job.goes_on);
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

static int read_excludes(struct walk *walk, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {.max = CF_GITIGNORE_MAX};
        for (size_t i = 0; i < walk->options->exclude_count; i++) {
                cf_text_puts(&text, walk->options->exclude[i]);
                cf_text_putc(&text, '\n');
        }
        int r = text.failed ? -EFBIG : cf_gitignore_parse(cf_text_span(&text), &walk->excludes);
        if (r == -EFBIG)
                return cf_error_set(err, r, NULL,
                                    "the patterns to exclude are too many or too long: at most "
                                    "%zu KiB of them may hold wildcards",
                                    CF_GITIGNORE_WILD_MAX >> 10);
        return r == 0 && !walk->options->no_ignore ? cf_git_user_excludes(&walk->user) : r;
}

static void end_walk(struct walk *walk, struct worker *workers, unsigned count)
{
        cf_walk_drop_jobs(walk, walk->stack, walk->stack_count);
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
        int r = workers ? read_excludes(&walk, err) : -ENOMEM;
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
