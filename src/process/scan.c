/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#include "process/look.h"

#define MANY ((size_t)256) /* processes from which on a second thread pays */
#define WORKERS_MAX 8
#define CHUNK ((size_t)32) /* processes that a worker takes at once */

/* A runtime puts a new process into its container before it loads the filter. Young processes that
 * have none are looked at again for a while, for longer when they still bear a runtime's name:
 * under load a container takes its time to start. A container's own process that calls itself so
 * gains this time and no more. */
#define SETTLE_AGE_MS 5000 /* younger than this */
#define SETTLE_WAIT_MS 50
#define SETTLE_TRIES 12
#define SETTLE_TRIES_RUNTIME 60

static const char *const runtime_names[] = {"runc", "crun", "youki", "runsc"};

struct linux_dirent64 {
        uint64_t d_ino;
        int64_t d_off;
        unsigned short d_reclen;
        unsigned char d_type;
        char d_name[];
};

typedef CF_VEC(pid_t) pid_vec;

static int add_pid(struct cf_arena *arena, pid_vec *pids, const char *name)
{
        int64_t number = 0;
        for (const char *c = name; *c; c++) {
                if (*c < '0' || *c > '9')
                        return 0;
                number = number * 10 + (*c - '0');
                if (number > INT_MAX)
                        return 0;
        }
        if (number == 0 || pids->count >= CF_PROCESS_MAX)
                return 0;
        return cf_vec_push(arena, pids, (pid_t)number);
}

static int compare_pids(const void *a, const void *b)
{
        pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
        return x < y ? -1 : x > y;
}

static int list_pids(struct cf_arena *arena, int proc, pid_vec *pids)
{
        CF_FREE char *buffer = malloc((size_t)64 << 10);
        if (!buffer)
                return -ENOMEM;
        for (;;) {
                long n = syscall(SYS_getdents64, proc, buffer, (size_t)64 << 10);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                for (long at = 0; at < n;) {
                        struct linux_dirent64 *entry = (void *)(buffer + at);
                        if (add_pid(arena, pids, entry->d_name) < 0)
                                return -ENOMEM;
                        at += entry->d_reclen;
                }
        }
        if (pids->count) /* /proc is in order already; a folder of a test is not */
                qsort(pids->items, pids->count, sizeof(pid_t), compare_pids);
        return 0;
}

struct scan {
        int proc;
        struct cf_arena *arena;
        pthread_mutex_t lock;
        struct cf_home home;
        struct cf_look *looks;
        size_t count;
        _Atomic size_t next; /* the first process that no worker has taken */
        _Atomic int failed;
};

static struct cf_looker looker_of(struct scan *scan)
{
        return (struct cf_looker){
                .proc = scan->proc, .home = &scan->home, .arena = scan->arena, .lock = &scan->lock};
}

static void *work(void *context)
{
        struct scan *scan = context;
        struct cf_looker looker = looker_of(scan);
        while (!scan->failed) {
                size_t from = atomic_fetch_add(&scan->next, CHUNK);
                if (from >= scan->count)
                        break;
                size_t to = scan->count - from < CHUNK ? scan->count : from + CHUNK;
                for (size_t i = from; i < to; i++) {
                        int r = cf_look_at(&looker, &scan->looks[i]);
                        if (r < 0)
                                scan->failed = r;
                }
        }
        cf_looker_done(&looker);
        return NULL;
}

static int look_at_all(struct scan *scan)
{
        pthread_t threads[WORKERS_MAX];
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = scan->count < MANY || processors < 2 ? 0
                        : processors > WORKERS_MAX           ? WORKERS_MAX - 1
                                                             : (size_t)processors - 1;
        size_t started = 0;
        while (started < wanted && pthread_create(&threads[started], NULL, work, scan) == 0)
                started++;
        work(scan);
        for (size_t i = 0; i < started; i++)
                pthread_join(threads[i], NULL);
        return scan->failed;
}

static bool is_runtime(const struct cf_process *process)
{
        for (size_t i = 0; i < CF_COUNT(runtime_names); i++) {
                if (cf_span_starts(cf_span_of(process->name), runtime_names[i]))
                        return true;
        }
        return false;
}

static bool is_unsettled(const struct cf_look *look, unsigned try, uint64_t now_ticks,
                         uint64_t age_ticks)
{
        const struct cf_process *process = &look->process;
        if (try >= SETTLE_TRIES && !is_runtime(process))
                return false;
        return look->result == CF_LOOK_DONE && process->mode == CF_SECCOMP_OFF &&
               (process->foreign || process->container) && process->start_time &&
               process->start_time <= now_ticks && now_ticks - process->start_time < age_ticks;
}

/* Gives processes that are just being started the time to get their filter. */
static void settle(struct scan *scan)
{
        long hertz = sysconf(_SC_CLK_TCK);
        struct cf_looker looker = looker_of(scan);
        for (unsigned try = 0; hertz > 0 && try < SETTLE_TRIES_RUNTIME; try++) {
                struct timespec now;
                if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
                        break;
                uint64_t rate = (uint64_t)hertz;
                uint64_t ticks =
                        (uint64_t)now.tv_sec * rate + (uint64_t)now.tv_nsec * rate / 1000000000u;
                bool waited = false;
                for (size_t i = 0; i < scan->count; i++) {
                        struct cf_look *look = &scan->looks[i];
                        if (!is_unsettled(look, try, ticks, rate * SETTLE_AGE_MS / 1000))
                                continue;
                        if (!waited)
                                nanosleep(&(struct timespec){0, SETTLE_WAIT_MS * 1000000L}, NULL);
                        waited = true;
                        if (!cf_look_again(&looker, look))
                                look->result = CF_LOOK_GONE;
                }
                if (!waited)
                        break;
        }
        cf_looker_done(&looker);
}

static int collect(struct scan *scan, struct cf_process_list *ret_list)
{
        struct cf_process_list list = {.hidden = true};
        list.items = cf_arena_many(scan->arena, scan->count, struct cf_process);
        if (!list.items)
                return -ENOMEM;
        for (size_t i = 0; i < scan->count; i++) {
                const struct cf_look *look = &scan->looks[i];
                if (look->process.pid == 1)
                        list.hidden = false;
                if (look->result == CF_LOOK_UNREADABLE)
                        list.unreadable++;
                if (look->result != CF_LOOK_DONE)
                        continue;
                if (look->unplaced)
                        list.unplaced++;
                list.items[list.count++] = look->process;
        }
        list.pid_ns = scan->home.pid_ns;
        list.mnt_ns = scan->home.mnt_ns;
        *ret_list = list;
        return 0;
}

static int run(struct scan *scan, const pid_vec *pids, struct cf_process_list *ret_list)
{
        scan->count = pids->count;
        scan->looks = cf_arena_many(scan->arena, pids->count, struct cf_look);
        if (!scan->looks)
                return -ENOMEM;
        for (size_t i = 0; i < pids->count; i++)
                scan->looks[i].process.pid = pids->items[i];
        struct cf_looker looker = looker_of(scan);
        cf_look_home(&looker, pids->items, pids->count, &scan->home);
        cf_looker_done(&looker);
        int r = look_at_all(scan);
        if (r < 0)
                return r;
        settle(scan);
        r = cf_process_tree(scan->arena, scan->looks, scan->count, &scan->home);
        return r < 0 ? r : collect(scan, ret_list);
}

int cf_process_scan(struct cf_arena *arena, const char *proc, struct cf_process_list *ret_list,
                    struct cf_error *err)
{
        const char *path = proc ? proc : "/proc";
        CF_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return cf_error_set(err, -errno, NULL,
                                    "cannot look at processes in '%s': %s; is it mounted?", path,
                                    strerror(errno));
        pid_vec pids = {0};
        int r = list_pids(arena, fd, &pids);
        if (r < 0 && r != -ENOMEM)
                return cf_error_set(err, r, NULL, "cannot list processes in '%s': %s", path,
                                    strerror(-r));
        struct scan scan = {.proc = fd, .arena = arena, .lock = PTHREAD_MUTEX_INITIALIZER};
        if (r == 0)
                r = run(&scan, &pids, ret_list);
        pthread_mutex_destroy(&scan.lock);
        return r < 0 ? cf_error_set(err, r, NULL, "no memory for the list of processes") : 0;
}
