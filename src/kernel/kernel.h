/* SPDX-License-Identifier: Apache-2.0 */
/* The narrow door to the kernel: what it enforces on a live process, byte for byte, and starting a
 * command under a filter.
 *
 * Filters are read by PTRACE_SECCOMP_GET_FILTER from threads that are stopped for that moment. A
 * thread is attached to by PTRACE_SEIZE, which sends it no signal and leaves no trace, and without
 * PTRACE_O_EXITKILL: should the reader die in the middle, the kernel lets the thread go on. Each
 * call attaches from a thread of its own, which blocks all signals and ends with the call, so that
 * nothing can stay attached when a thread does not stop in time. A thread that is in a group-stop
 * (SIGSTOP, Ctrl-Z) stays in it; a signal that arrives meanwhile is passed on.
 *
 * Threads that have no filter, as /proc tells, are not touched at all. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "kernel/observe.h"

/* Limits. The kernel's own are lower: 32,768 instructions of all filters of a thread together,
 * each filter counted as four more. */
#define CF_KERNEL_INSTRUCTIONS_MAX ((size_t)32768)
#define CF_KERNEL_FILTERS_MAX ((size_t)8192)
#define CF_KERNEL_THREADS_MAX ((size_t)1 << 16) /* threads read of one process */
#define CF_KERNEL_STOP_MS 1000u                 /* how long a thread may take to stop */
#define CF_KERNEL_ATTEMPTS 4u                   /* a process that calls execve is begun anew */
#define CF_KERNEL_ROUNDS 16u /* how often a process that makes new threads is looked at again */

enum cf_kernel_mode {
        CF_KERNEL_OFF,    /* no filter */
        CF_KERNEL_STRICT, /* SECCOMP_MODE_STRICT: read, write, _exit and sigreturn alone */
        CF_KERNEL_FILTER,
};

struct cf_kernel_filter {
        const struct sock_filter *code; /* equal programs read by one reader: equal pointers */
        size_t count;
        bool log;       /* SECCOMP_FILTER_FLAG_LOG */
        bool log_known; /* false: the kernel does not tell (before Linux 4.16) */
};

struct cf_kernel_thread {
        pid_t tid;
        enum cf_kernel_mode mode;
        const struct cf_kernel_filter *filters; /* newest first */
        size_t filter_count;
        uint64_t stopped_ns; /* it stood still for at most this long; 0: it was not stopped */
};

struct cf_kernel_process {
        pid_t pid;
        uint64_t start_time;                    /* clock ticks after boot */
        const char *name;                       /* comm */
        uint64_t capabilities;                  /* the bounding set: bit i is capability i */
        const struct cf_kernel_thread *threads; /* ascending by tid */
        size_t thread_count;                    /* at least 1 */
};

struct cf_kernel_reader;

/* A reader whose memory, and whatever it reads, lives in the arena. NULL: no memory. One thread at
 * a time. */
struct cf_kernel_reader *cf_kernel_reader_new(struct cf_arena *arena);

/* Reads all filters of all threads of a process. `start_time`, unless 0, is the process's start
 * time as it was seen before: another process that has got the same number since is -ESRCH.
 *
 * -ESRCH: there is no such process (any more), or it is a zombie; -EINVAL: a kernel thread, or no
 * valid PID; -EPERM: no right to attach; -EBUSY: another tracer is attached, and err says which;
 * -EACCES: the kernel gives filters only to a reader that has CAP_SYS_ADMIN and is not filtered
 * itself (once it has said so, no further process is stopped in vain); -ENOSYS: the kernel cannot
 * tell filters (no CONFIG_CHECKPOINT_RESTORE); -ETIMEDOUT: a thread did not stop within
 * CF_KERNEL_STOP_MS; -EAGAIN: the process changes faster than it can be read; -E2BIG: over a
 * limit; -ENOMEM. On failure *ret_process is untouched and nothing is left attached. */
int cf_kernel_process_read(struct cf_kernel_reader *reader, pid_t pid, uint64_t start_time,
                           struct cf_kernel_process *ret_process, struct cf_error *err);

/* ---- A command under a filter ----------------------------------------------------------------
 *
 * Source of what is said here: seccomp(2), seccomp_unotify(2), kernel/seccomp.c. */

struct cf_kernel_command {
        char *const *words; /* NULL-ended; the first is looked for in PATH */
        const struct sock_filter *code;
        size_t count; /* instructions, 1 … 4096 */
};

/* The capabilities that this process has and may keep: permitted, and in the bounding set. Under
 * no_new_privs it can never get others, except over a user namespace that it makes. */
uint64_t cf_kernel_capabilities(void);

/* Becomes the command: sets no_new_privs, loads the filter, calls execvp(3). Process, parent,
 * signals and open files stay what they are. Comes back only on failure: negative errno, and
 * *ret_loaded tells whether the filter is in force by then (it stays in force; what refused to
 * start is the command). */
int cf_kernel_exec(const struct cf_kernel_command *command, bool *ret_loaded, struct cf_error *err);

/* A call that the filter answered with SECCOMP_RET_USER_NOTIF: its caller waits. It may be kept (it
 * is plain data) for as long as cf_kernel_watch runs. */
struct cf_kernel_door;
struct cf_kernel_call {
        struct cf_kernel_door *door; /* private */
        uint64_t id;
        pid_t tid;                /* 0: its process is in a namespace that is not seen from here */
        struct seccomp_data data; /* arguments as numbers; cf_kernel_string follows pointers */
};

/* What happens to it; the first that is set. */
struct cf_kernel_answer {
        bool hold; /* nothing yet: cf_kernel_call_answer tells it later */
        bool kill; /* the process is ended, by SIGSYS as the kernel would, see below */
        bool run;  /* the call is made, since Linux 5.5 (before: it fails with ENOSYS), see below */
        unsigned error; /* the error that the call gives, 0 … 4095; 0: success, not run */
};

#define CF_KERNEL_HELD_MAX ((size_t)4096) /* calls held at once; more wait in the kernel unseen */
#define CF_KERNEL_ATTEND_MS 100           /* between two looks at held calls */

struct cf_kernel_watch {
        /* Called for each of them, from the thread that called cf_kernel_watch, while the caller
         * of the call waits. */
        struct cf_kernel_answer (*called)(void *context, const struct cf_kernel_call *call);
        void *context;
        /* The rest is for those that hold, and may be NULL. While any call is held, `attend` is
         * called whenever `input` (a descriptor; read only if `attend` is set) is readable, and
         * at least every CF_KERNEL_ATTEND_MS; a held call whose caller is gone is to be noticed
         * there, by cf_kernel_call_waits, and to be given up, by cf_kernel_call_answer. */
        void (*attend)(void *context, bool readable);
        int input;
        /* While any call is held: a signal that is to end or stop the command (SIGINT, SIGTERM,
         * SIGHUP, SIGQUIT, SIGTSTP) has come. It has reached the command: a caller that it kills is
         * gone at once, one that handles it or is to stop does so only once it is answered (Linux
         * 5.19 and later; before, the handler runs and the call is told anew). */
        void (*interrupted)(void *context, int signal);
};

/* Whether the caller still waits. What was read of its memory before was its memory. */
bool cf_kernel_call_waits(const struct cf_kernel_call *call);

/* Answers a held call (`hold` is not looked at), once. False: its caller was gone. */
bool cf_kernel_call_answer(const struct cf_kernel_call *call, struct cf_kernel_answer answer);

struct cf_kernel_end {
        int exec_error; /* errno: the command could not be started, status means nothing; or 0 */
        int status;     /* as wait(2) gives it */
};

/* Runs the command as a child and answers its calls (and those of all its descendants) until no
 * process has the filter any more. A signal that is sent to this process goes to the child instead;
 * one that comes from the terminal has reached it already. When the child stops at the terminal,
 * so does this process, and when it goes on, so does the child. Once the child has ended, SIGINT,
 * SIGTERM, SIGHUP and SIGQUIT end the waiting for its descendants. (Before Linux 5.9 the kernel
 * does not tell when the last one has ended: then it is not waited for them.)
 *
 * Nothing can wait for ever: when this process ends, however it does, the kernel answers ENOSYS to
 * whatever waits and to what comes later. The filter lets through what it allows and what is
 * answered with `run`, nothing else.
 *
 * A call that is `run` is made with the number and arguments that were told: they are in registers
 * and nobody can change them (but a tracer). What pointers point to is read again by the kernel,
 * and another thread, or whoever shares that memory, can have changed it after it was looked at:
 * `run` must never be decided by it. Filters that the process has beside this one are not asked
 * again: one that is stricter than SECCOMP_RET_USER_NOTIF has answered before anything was told
 * here.
 *
 * A process is killed by SIGSYS, as the kernel would, or by SIGKILL when it blocks, ignores or
 * handles SIGSYS or is the first of a PID namespace: then the status differs.
 *
 * The process must be single-threaded. Signal mask and SIGCHLD's action are as before when this
 * returns. 0, or negative: the filter could not be loaded. -EBUSY: the process has a filter with a
 * listener already, and the kernel allows one; -EINVAL or -ENOSYS: this kernel cannot (before 5.0,
 * or without CONFIG_SECCOMP_FILTER); -ENOMEM, …. */
int cf_kernel_watch(const struct cf_kernel_command *command, const struct cf_kernel_watch *watch,
                    struct cf_kernel_end *ret_end, struct cf_error *err);

/* Copies text up to its NUL out of a process, at most size - 1 bytes, NUL-ended. False: it cannot
 * be read, or has no end within them. The process may change it meanwhile: for people to read, not
 * to decide by. */
bool cf_kernel_string(pid_t tid, uint64_t address, char *text, size_t size);
