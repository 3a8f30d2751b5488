/* SPDX-License-Identifier: Apache-2.0 */
/* All threads of a process. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/vec.h"
#include "kernel/reader.h"
#include "kernel/task.h"

/* One call's work, done on a thread of its own: when that ends, the kernel lets go of everything
 * that is still attached to it. */
struct work {
        struct cf_kernel_reader *reader;
        pid_t pid;
        int dir; /* of the process: stands for it alone, however soon its number is given away */
        CF_VEC(struct cf_kernel_thread) threads;
        CF_VEC(pid_t) seen; /* ascending: threads of earlier rounds, also those that ended */
        bool found;         /* the last round found one that was not seen before */
        int result;
        struct cf_error *err;
};

struct cf_kernel_reader *cf_kernel_reader_new(struct cf_arena *arena)
{
        struct cf_kernel_reader *reader = cf_arena_one(arena, struct cf_kernel_reader);
        if (!reader)
                return NULL;
        reader->arena = arena;
        reader->programs = cf_map_new(arena);
        /* One more filter than the limit: a look at the sum after each is then enough. */
        reader->scratch = cf_arena_many(arena, CF_KERNEL_INSTRUCTIONS_MAX + BPF_MAXINSNS + 1,
                                        struct sock_filter);
        reader->raw = cf_arena_many(arena, CF_KERNEL_FILTERS_MAX, struct cf_raw_filter);
        return reader->programs && reader->scratch && reader->raw ? reader : NULL;
}

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int gone(pid_t pid, struct cf_error *err)
{
        return cf_error_set(err, -ESRCH, NULL,
                            "there is no process %d (it has ended, or /proc hides it)", (int)pid);
}

/* ---- threads -------------------------------------------------------------------------------- */

/* The number that a folder of /proc/PID/task is named by; 0: none. */
static pid_t tid_of(const char *name)
{
        long tid = 0;
        for (; *name >= '0' && *name <= '9' && tid <= INT_MAX / 10 - 1; name++)
                tid = tid * 10 + (*name - '0');
        return *name ? 0 : (pid_t)tid;
}

/* Whether the number is in the ascending list. */
static bool find_tid(const pid_t *tids, size_t count, pid_t tid)
{
        size_t low = 0, high = count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (tids[middle] == tid)
                        return true;
                if (tids[middle] < tid)
                        low = middle + 1;
                else
                        high = middle;
        }
        return false;
}

static int compare_tids(const void *left, const void *right)
{
        pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;
        return a < b ? -1 : a > b;
}

static int compare_threads(const void *left, const void *right)
{
        const struct cf_kernel_thread *a = left, *b = right;
        return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static int read_thread(struct work *work, pid_t tid)
{
        struct cf_kernel_thread thread;
        int r = cf_kernel_thread_read(work->reader, work->dir, work->pid, tid, &thread, work->err);
        if (r)
                return r < 0 ? r : 0;
        return cf_vec_push(work->reader->arena, &work->threads, thread) < 0 ? no_memory(work->err)
                                                                            : 0;
}

/* Reads every thread that was not seen before. */
static int read_round(struct work *work)
{
        CF_CLOSEDIR DIR *folder = NULL;
        size_t before = work->seen.count;
        int fd = openat(work->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || !(folder = fdopendir(fd))) {
                int code = errno;
                if (fd >= 0)
                        close(fd);
                return code == ENOENT || code == ESRCH
                               ? gone(work->pid, work->err)
                               : cf_error_set(work->err, -code, NULL,
                                              "the threads of PID %d cannot be listed: %s",
                                              (int)work->pid, strerror(code));
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
                pid_t tid = tid_of(entry->d_name);
                if (!tid || find_tid(work->seen.items, before, tid))
                        continue;
                if (work->seen.count == CF_KERNEL_THREADS_MAX)
                        return cf_error_set(work->err, -E2BIG, NULL,
                                            "PID %d has more than %zu threads", (int)work->pid,
                                            CF_KERNEL_THREADS_MAX);
                if (cf_vec_push(work->reader->arena, &work->seen, tid) < 0)
                        return no_memory(work->err);
        }
        size_t after = work->seen.count;
        for (size_t i = before; i < after; i++) {
                int r = read_thread(work, work->seen.items[i]);
                if (r < 0)
                        return r;
        }
        work->found = after > before;
        if (work->found)
                qsort(work->seen.items, after, sizeof(pid_t), compare_tids);
        return 0;
}

/* Until a round finds no new thread: those that were made meanwhile are in the next. */
static int read_all(struct work *work)
{
        for (unsigned round = 0; round < CF_KERNEL_ROUNDS; round++) {
                int r = read_round(work);
                if (r < 0)
                        return r;
                if (!work->found)
                        return work->threads.count ? 0 : gone(work->pid, work->err);
        }
        return cf_error_set(work->err, -EAGAIN, NULL,
                            "PID %d makes threads faster than they can be read: try again",
                            (int)work->pid);
}

static void *work_main(void *context)
{
        struct work *work = context;
        prctl(PR_SET_TIMERSLACK, 1, 0, 0,
              0); /* short naps: threads shall not stand still for long */
        work->result = read_all(work);
        return NULL;
}

static int run_work(struct work *work)
{
        sigset_t all, old;
        pthread_t thread;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        int code = pthread_create(&thread, NULL, work_main, work);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (code)
                work->result = cf_error_set(work->err, -code, NULL, "no thread can be made: %s",
                                            strerror(code));
        else
                pthread_join(thread, NULL);
        return work->result;
}

/* ---- the process ---------------------------------------------------------------------------- */

static int open_process(pid_t pid, uint64_t start_time, int *ret_dir, struct cf_task *ret_task,
                        struct cf_error *err)
{
        char path[32];
        if (pid <= 0)
                return cf_error_set(err, -EINVAL, NULL, "%d is no PID", (int)pid);
        snprintf(path, sizeof(path), "/proc/%d", (int)pid);
        CF_CLOSE int dir = cf_task_open(-1, path);
        if (dir < 0 && errno != ENOENT)
                return cf_error_set(err, -errno, NULL, "%s cannot be opened: %s", path,
                                    strerror(errno));
        int r = dir < 0 ? -ESRCH : cf_task_read(dir, ret_task);
        if (r == -ESRCH || (r == 0 && start_time && ret_task->start_time != start_time))
                return gone(pid, err);
        if (r < 0)
                return cf_error_set(err, r, NULL, "%s cannot be read: %s", path, strerror(-r));
        *ret_dir = cf_steal_fd(&dir);
        return 0;
}

int cf_kernel_process_read(struct cf_kernel_reader *reader, pid_t pid, uint64_t start_time,
                           struct cf_kernel_process *ret_process, struct cf_error *err)
{
        CF_CLOSE int dir = -1;
        struct cf_task task;
        struct work work;
        int r = open_process(pid, start_time, &dir, &task, err);
        for (unsigned attempt = 0; r == 0 && attempt < CF_KERNEL_ATTEMPTS; attempt++) {
                work = (struct work){.reader = reader, .pid = pid, .dir = dir, .err = err};
                if (run_work(&work) != -EAGAIN)
                        break;
        }
        if (r == 0)
                r = work.result;
        /* A zombie whose threads go on is none: the first thread alone has ended. */
        if (r == -ESRCH && dir >= 0 && cf_task_read(dir, &task) == 0 && cf_task_ended(&task))
                return cf_error_set(err, r, NULL,
                                    "PID %d (%s) has ended and only waits for its parent to see "
                                    "it: there is nothing to read",
                                    (int)pid, task.name);
        const char *name = r == 0 ? cf_arena_string(reader->arena, task.name) : NULL;
        if (r == 0 && !name)
                r = no_memory(err);
        if (r < 0)
                return r;
        qsort(work.threads.items, work.threads.count, sizeof(*work.threads.items), compare_threads);
        *ret_process = (struct cf_kernel_process){
                .pid = pid,
                .start_time = task.start_time,
                .name = name,
                .capabilities = task.bounding,
                .threads = work.threads.items,
                .thread_count = work.threads.count,
        };
        return 0;
}
