/* SPDX-License-Identifier: Apache-2.0 */
/* The filters of one thread. */
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/reader.h"
#include "kernel/task.h"

#define PROGRAM_MAX 4096u /* instructions of one filter, the kernel's BPF_MAXINSNS */
#define READ_AGAIN 8      /* how often filters are read again that were added to meanwhile */
#define SEIZE_TRIES 4
#define SEIZE_NAP_NS 200000L
#define NAP_FIRST_NS 5000L      /* between two looks whether a thread has stopped … */
#define NAP_LONGEST_NS 1000000L /* … doubling up to this */

/* ---- errors --------------------------------------------------------------------------------- */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

/* Why PTRACE_SEIZE was refused. `task` is as it was before. */
static int explain_attach(int code, int dir, pid_t pid, pid_t tid, struct cf_error *err)
{
        struct cf_task task;
        if (code == ESRCH || cf_task_read(dir, &task) == -ESRCH || cf_task_ended(&task))
                return 1;
        if (task.tracer) {
                char path[32], name[CF_TASK_NAME] = "";
                struct cf_task tracer;
                snprintf(path, sizeof(path), "/proc/%d", (int)task.tracer);
                CF_CLOSE int tracer_dir = cf_task_open(-1, path);
                if (tracer_dir >= 0 && cf_task_read(tracer_dir, &tracer) == 0)
                        snprintf(name, sizeof(name), "%s", tracer.name);
                return cf_error_set(err, -EBUSY, NULL,
                                    "thread %d of PID %d is traced by PID %d%s%s%s, and a thread "
                                    "can have one tracer: end that one and try again",
                                    (int)tid, (int)pid, (int)task.tracer, name[0] ? " (" : "", name,
                                    name[0] ? ")" : "");
        }
        if (code == EPERM || code == EACCES)
                return cf_error_set(err, -EPERM, NULL,
                                    "PID %d may not be attached to: reading the filters of other "
                                    "processes needs CAP_SYS_PTRACE and CAP_SYS_ADMIN: run with "
                                    "sudo",
                                    (int)pid);
        return cf_error_set(err, -code, NULL, "PID %d cannot be attached to: %s", (int)pid,
                            strerror(code));
}

/* Why the kernel did not give a filter, though there is one: ptrace(2) and kernel/seccomp.c. What
 * holds for this reader holds for every other thread as well. */
static int explain_refusal(struct cf_kernel_reader *reader, int code, struct cf_error *err)
{
        struct cf_task self = {.seccomp = -1};
        CF_CLOSE int dir = cf_task_open(-1, "/proc/thread-self");
        struct cf_error *refusal = &reader->refusal;
        if (dir >= 0)
                cf_task_read(dir, &self);
        if ((code == EACCES || code == EPERM) && self.seccomp > 0)
                cf_error_set(refusal, -EACCES, NULL,
                             "the kernel shows filters only to a process without one, and confined "
                             "itself runs under a filter: run it outside of the container or "
                             "service that sets it");
        else if (code == EACCES || code == EPERM)
                cf_error_set(refusal, -EACCES, NULL,
                             "reading other processes' filters needs CAP_SYS_ADMIN in the first "
                             "user namespace: run with sudo, outside of containers");
        else if (code == EINVAL || code == EIO || code == ENODATA || code == ENOSYS)
                cf_error_set(refusal, -ENOSYS, NULL,
                             "this kernel cannot show filters (it is built without "
                             "CONFIG_CHECKPOINT_RESTORE): take one that can, as distributions' "
                             "kernels do");
        else if (code == EMEDIUMTYPE)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "a filter is no classic BPF program, so the kernel cannot "
                                    "show it");
        else
                return cf_error_set(err, -code, NULL, "the kernel does not show a filter: %s",
                                    strerror(code));
        if (err)
                cf_error_copy(err, refusal);
        return refusal->code;
}

/* ---- stopping ------------------------------------------------------------------------------- */

struct stop {
        int dir;             /* its folder in /proc */
        pid_t tid;           /* that is attached */
        int signal;          /* to hand on when it goes on */
        uint64_t running_at; /* when it was last seen running */
};

static uint64_t now_ns(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Whether the kernel still shows a tracer. Without one there is nothing to wait for. */
static bool is_traced(const struct stop *stop)
{
        struct cf_task task;
        return cf_task_read(stop->dir, &task) < 0 || task.tracer != 0;
}

/* Waits until it stops. 0; 1: it ended instead; 2: it is not attached (any more); -ETIMEDOUT.
 * By looking again and again, with naps: a blocking wait could not be bounded without signals, and
 * those belong to the program. */
static int wait_for_stop(struct stop *stop)
{
        uint64_t start = now_ns();
        struct timespec nap = {.tv_nsec = NAP_FIRST_NS};
        for (;;) {
                int status;
                uint64_t before = now_ns();
                pid_t r = waitpid(stop->tid, &status, __WALL | WNOHANG);
                if (r < 0 && errno != EINTR)
                        return 2;
                if (r > 0 && WIFSTOPPED(status)) {
                        bool event = status >> 16;
                        stop->signal = event ? 0 : WSTOPSIG(status);
                        return 0;
                }
                if (r > 0)
                        return 1;
                stop->running_at = before;
                if (before - start > CF_KERNEL_STOP_MS * UINT64_C(1000000))
                        return -ETIMEDOUT;
                /* A child of ours could be waited for without being attached. */
                if (nap.tv_nsec >= NAP_LONGEST_NS && !is_traced(stop))
                        return 2;
                nanosleep(&nap, NULL);
                if (nap.tv_nsec < NAP_LONGEST_NS)
                        nap.tv_nsec *= 2;
        }
}

/* Lets it go on (or stay in its group-stop). 0; 1: it was killed meanwhile; -ETIMEDOUT: it was, but
 * does not end. */
static int let_go(struct stop *stop)
{
        int r;
        if (ptrace(PTRACE_DETACH, stop->tid, NULL, (void *)(intptr_t)stop->signal) == 0)
                return 0;
        /* Only SIGKILL ends a stop that a tracer holds. Its end is ours to see, or its process
         * would wait for it. */
        while ((r = wait_for_stop(stop)) == 0)
                if (ptrace(PTRACE_DETACH, stop->tid, NULL, (void *)(intptr_t)stop->signal) == 0)
                        return 0;
        return r < 0 ? r : 1;
}

/* A thread called execve: it has the number of its process now, and of the others none is left.
 * When it was the one that is attached, it still is. */
static int after_execve(struct stop *stop, int proc_dir, pid_t pid, struct cf_error *err)
{
        if (stop->tid != pid) {
                stop->tid = pid;
                stop->dir = proc_dir;
                int r = wait_for_stop(stop);
                if (r == 0)
                        r = let_go(stop);
                if (r < 0)
                        return r;
        }
        return cf_error_set(err, -EAGAIN, NULL,
                            "PID %d starts one program after another: try again", (int)pid);
}

/* A number that changes hands by execve cannot be attached to for a moment, as if it were
 * forbidden. */
static int seize(pid_t tid)
{
        struct timespec nap = {.tv_nsec = SEIZE_NAP_NS};
        for (unsigned tries = 0; tries < SEIZE_TRIES; tries++) {
                if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0)
                        return 0;
                if (errno != EPERM)
                        return -1;
                nanosleep(&nap, NULL);
        }
        errno = EPERM;
        return -1;
}

/* Attaches and waits. 0; 1: it ended; or negative. */
static int stop_thread(int proc_dir, int dir, pid_t pid, pid_t tid, struct stop *stop,
                       struct cf_error *err)
{
        *stop = (struct stop){.dir = dir, .tid = tid, .running_at = now_ns()};
        if (seize(tid) < 0)
                return explain_attach(errno, dir, pid, tid, err);
        ptrace(PTRACE_INTERRUPT, tid, NULL, NULL); /* fails when it is ending: then wait tells */
        int r = wait_for_stop(stop);
        if (r == 2)
                r = after_execve(stop, proc_dir, pid, err);
        if (r == -ETIMEDOUT)
                return cf_error_set(err, r, NULL,
                                    "thread %d of PID %d did not stop within %u ms (it waits in "
                                    "the kernel): try again",
                                    (int)tid, (int)pid, CF_KERNEL_STOP_MS);
        return r;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void read_flags(pid_t tid, size_t index, struct cf_raw_filter *filter)
{
        struct __ptrace_seccomp_metadata metadata = {.filter_off = index};
        filter->log_known =
                ptrace(PTRACE_SECCOMP_GET_METADATA, tid, (void *)(uintptr_t)sizeof(metadata),
                       &metadata) >= (long)sizeof(metadata);
        filter->log = filter->log_known && (metadata.flags & SECCOMP_FILTER_FLAG_LOG);
}

/* All filters of a stopped thread into the scratch, in the kernel's order. The code of ptrace's
 * failure, or 0. -E2BIG is a limit of ours. */
static int read_raw(struct cf_kernel_reader *reader, pid_t tid, size_t *ret_count)
{
        size_t used = 0, count = 0;
        for (;; count++) {
                if (count == CF_KERNEL_FILTERS_MAX || used > CF_KERNEL_INSTRUCTIONS_MAX)
                        return -E2BIG;
                long got = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)(uintptr_t)count,
                                  reader->scratch + used);
                if (got < 0 && errno == ENOENT && count)
                        break;
                if (got < 0)
                        return errno;
                if (got == 0 || got > (long)PROGRAM_MAX)
                        return -E2BIG;
                reader->raw[count] = (struct cf_raw_filter){.at = used, .count = (size_t)got};
                read_flags(tid, count, &reader->raw[count]);
                used += (size_t)got;
        }
        *ret_count = count;
        return 0;
}

/* The same, but again when another thread (SECCOMP_FILTER_FLAG_TSYNC) added to them meanwhile. */
static int read_steady(struct cf_kernel_reader *reader, int dir, pid_t pid, pid_t tid,
                       size_t *ret_count, struct cf_error *err)
{
        for (unsigned tries = 0; tries < READ_AGAIN; tries++) {
                struct cf_task task;
                int r = read_raw(reader, tid, ret_count);
                if (r == -E2BIG)
                        return cf_error_set(err, r, NULL,
                                            "PID %d has more filters than can be: %zu filters or "
                                            "%zu instructions are the most",
                                            (int)pid, CF_KERNEL_FILTERS_MAX,
                                            CF_KERNEL_INSTRUCTIONS_MAX);
                if (r == ESRCH)
                        return 1;
                if (r)
                        return explain_refusal(reader, r, err);
                r = cf_task_read(dir, &task);
                if (r < 0) /* the folder's task has ended: this one is another */
                        return 1;
                if (task.filters < 0 || (size_t)task.filters == *ret_count)
                        return 0;
        }
        return cf_error_set(err, -EAGAIN, NULL, "PID %d adds filters faster than they can be read",
                            (int)pid);
}

/* The only copy of a program. */
static const struct sock_filter *keep_program(struct cf_kernel_reader *reader,
                                              const struct sock_filter *code, size_t count)
{
        struct cf_span bytes = {(const char *)code, count * sizeof(*code)};
        struct sock_filter *kept = cf_map_get(reader->programs, bytes);
        if (kept)
                return kept;
        kept = cf_arena_many(reader->arena, count, struct sock_filter);
        if (!kept)
                return NULL;
        memcpy(kept, code, bytes.size);
        bytes.data = (const char *)kept;
        return cf_map_put(reader->programs, bytes, kept) < 0 ? NULL : kept;
}

/* From the scratch into the arena, newest first: the kernel counts from the oldest, whatever
 * ptrace(2) says (get_nth_filter in kernel/seccomp.c; a test holds it to that). */
static int keep_filters(struct cf_kernel_reader *reader, size_t count,
                        struct cf_kernel_thread *thread)
{
        struct cf_kernel_filter *filters =
                cf_arena_many(reader->arena, count, struct cf_kernel_filter);
        if (!filters)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct cf_raw_filter *raw = &reader->raw[count - 1 - i];
                filters[i] = (struct cf_kernel_filter){
                        .code = keep_program(reader, reader->scratch + raw->at, raw->count),
                        .count = raw->count,
                        .log = raw->log,
                        .log_known = raw->log_known,
                };
                if (!filters[i].code)
                        return -ENOMEM;
        }
        thread->filters = filters;
        thread->filter_count = count;
        return 0;
}

static int read_filters(struct cf_kernel_reader *reader, int proc_dir, int dir, pid_t pid,
                        pid_t tid, struct cf_kernel_thread *thread, struct cf_error *err)
{
        struct stop stop;
        size_t count = 0;
        if (reader->refusal.code < 0) {
                if (err)
                        cf_error_copy(err, &reader->refusal);
                return reader->refusal.code;
        }
        int r = stop_thread(proc_dir, dir, pid, tid, &stop, err);
        if (r)
                return r;
        r = read_steady(reader, dir, pid, tid, &count, err);
        if (r == 0)
                cf_kernel_spare_restart(reader, tid, count);
        int ended = let_go(&stop);
        thread->stopped_ns = now_ns() - stop.running_at;
        if (r == 0 && ended < 0)
                return cf_error_set(err, -ETIMEDOUT, NULL,
                                    "thread %d of PID %d was killed but does not end", (int)tid,
                                    (int)pid);
        if (r || ended)
                return r ? r : 1;
        return keep_filters(reader, count, thread) < 0 ? no_memory(err) : 0;
}

int cf_kernel_thread_read(struct cf_kernel_reader *reader, int proc_dir, pid_t pid, pid_t tid,
                          struct cf_kernel_thread *ret_thread, struct cf_error *err)
{
        char path[32];
        struct cf_task task;
        struct cf_kernel_thread thread = {.tid = tid};
        snprintf(path, sizeof(path), "task/%d", (int)tid);
        CF_CLOSE int dir = cf_task_open(proc_dir, path);
        if (dir < 0 && errno != ENOENT && errno != ESRCH)
                return cf_error_set(err, -errno, NULL, "/proc/%d/%s cannot be opened: %s", (int)pid,
                                    path, strerror(errno));
        int r = dir < 0 ? -ESRCH : cf_task_read(dir, &task);
        if (r == -ESRCH || (r == 0 && cf_task_ended(&task)))
                return 1;
        if (r < 0)
                return cf_error_set(err, r, NULL, "/proc/%d/%s cannot be read: %s", (int)pid, path,
                                    strerror(-r));
        if (task.kernel_thread)
                return cf_error_set(err, -EINVAL, NULL,
                                    "PID %d (%s) is a kernel thread: it makes no system calls, "
                                    "name a process",
                                    (int)pid, task.name);
        if (task.seccomp == -1)
                return cf_error_set(err, -ENOSYS, NULL,
                                    "the kernel does not tell whether PID %d has a filter (it is "
                                    "built without CONFIG_SECCOMP)",
                                    (int)pid);
        thread.mode = (enum cf_kernel_mode)task.seccomp;
        if (thread.mode == CF_KERNEL_FILTER && pid == getpid())
                r = explain_refusal(reader, EACCES, err); /* nobody can attach to himself */
        else if (thread.mode == CF_KERNEL_FILTER)
                r = read_filters(reader, proc_dir, dir, pid, tid, &thread, err);
        if (r == 0)
                *ret_thread = thread;
        return r;
}
