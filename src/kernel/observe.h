/* SPDX-License-Identifier: Apache-2.0 */
/* Sees calls that a filter answered, on a running machine, from the side: by programs on the
 * kernel's tracepoints (eBPF, BTF; no kprobes). What is watched is not stopped, not traced and not
 * changed; a thread without a filter costs one look at its mode.
 *
 * Every refused call is an event, with its arguments, and a count in a table of the kernel. The
 * events go through a ring of 8 MiB; when that is full, events are lost and counted as lost, and
 * the table stays exact. How a refusal is told from other returns: see observe.bpf.c.
 *
 * Needs Linux 5.15, its BTF (/sys/kernel/btf/vmlinux), and CAP_BPF with CAP_PERFMON or
 * CAP_SYS_ADMIN in the first user namespace; libbpf. When the observer ends, however it does, the
 * kernel takes the programs away.
 *
 * For recording, calls are counted by (architecture, number) as well, from the moment when a filter
 * is on the thread, or without any: see `count`, `bare` and cf_observer_calls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* Everything that is kept of the table of counters; the kernel's own limit. */
#define CF_OBSERVE_TOTALS_MAX ((size_t)1 << 15)

enum cf_observe_scope {
        CF_OBSERVE_ALL,
        CF_OBSERVE_GROUP, /* the control group of a process and those below it: a container, also
                           * what is later started in it from outside (exec) */
        CF_OBSERVE_TREE,  /* a process and its descendants, those that it has and those to come */
        CF_OBSERVE_MARK,  /* processes that load a filter with a mark, from then on, and what they
                           * start: a container, whoever starts it and wherever, also what is later
                           * started in it from outside. The mark is a 64-bit number of which both
                           * halves are constants in the filter, as a comparison of an argument
                           * leaves them. */
        CF_OBSERVE_NEW, /* TREE, and whoever is in a control group that nobody is in now: containers
                         * to come, which an engine's daemon starts */
};

/* An argument whose values are kept. */
struct cf_observe_argument {
        uint32_t arch, nr;
        uint8_t arg;
        bool narrow; /* its low 32 bits alone */
};

struct cf_observe_wanted {
        enum cf_observe_scope scope;
        uint64_t mark;  /* MARK */
        pid_t pid;      /* GROUP, TREE, NEW */
        uint64_t group; /* GROUP, in place of pid: as cf_observed.group has it; 0: pid's */
        bool failed;    /* events for calls that ran and gave EPERM, EACCES, EROFS or ENOMEM, too */
        bool count;     /* count all calls, see cf_observer_calls */
        bool bare;    /* with `count`: of threads without a filter, too, from their first execve on
                       * while they are watched, and of what they start */
        bool present; /* TREE, and GROUP by `group`: as `bare`, and those that are there already
                         from now on */
        bool permitted; /* with `count`: only calls that were let through, as where the filters
                         * refuse nothing; that costs about half. Once a watched thread loads a
                         * further filter, what is refused is seen, too, from a moment after that.
                         */
        /* With `count`: keep the values of these arguments, see cf_observer_values. */
        const struct cf_observe_argument *arguments;
        size_t argument_count;
        /* Arguments that are paths: what they point to is told with events (cf_observed.path); one
         * of each call, `narrow` is not used. */
        const struct cf_observe_argument *paths;
        size_t path_count;
        unsigned ring_kib; /* room for events, a power of two; 0: 8192 */
};

enum cf_observed_kind {
        CF_OBSERVED_REFUSED, /* not run; `result` is the filter's error, or what a listener or a
                              * tracer answered */
        CF_OBSERVED_UNSURE,  /* as REFUSED, or an ordinary error: the thread was in the kernel when
                              * the watch began, or a tracer held it. The filter can tell. */
        CF_OBSERVED_TRAPPED, /* not run; the program's handler of SIGSYS runs */
        CF_OBSERVED_KILLED,  /* not run; the thread or process is ended */
        CF_OBSERVED_SKIPPED, /* not run; a tracer took it away */
        CF_OBSERVED_FAILED,  /* ran; EPERM, EACCES, EROFS or ENOMEM is the kernel's */
        CF_OBSERVED_BEGUN, /* no call of note: a thread was seen under a filter for the first time,
                            * which is the moment to read it; not in the totals */
};

struct cf_observed {
        enum cf_observed_kind kind;
        uint64_t time_ns;      /* CLOCK_MONOTONIC */
        uint64_t group;        /* of its control group: an inode's number, and the hierarchy's
                                * number in the upper 8 bits */
        uint32_t arch, nr;     /* AUDIT_ARCH_…; x32 by bit 30 of the number */
        uint64_t args[6];      /* as the filter saw them: 32 bits of a 32-bit program */
        int64_t result;        /* what the call returned; without meaning when TRAPPED, KILLED */
        pid_t pid, tid;        /* in the first PID namespace */
        pid_t parent;          /* the process's */
        uint64_t capabilities; /* effective, in its user namespace */
        bool initial;          /* that is the first user namespace */
        unsigned mode;         /* seccomp's: 0 off, 1 strict, 2 filter, 3 the thread is dead */
        unsigned filters;
        char name[17]; /* of the thread */
        /* What was behind pointers when the call returned, as far as it was in memory; the program
         * may have changed it meanwhile: to be shown, not to be relied on. */
        uint64_t clone_flags; /* clone3: what it asks for; 0: nothing, or not readable */
        char path[128];       /* of an argument in `paths`, cut off behind 127; "": not readable */
};

struct cf_observed_total {
        uint64_t group;
        uint32_t arch, nr;
        int error; /* errno; 0: the result was none */
        enum cf_observed_kind kind;
        uint64_t count;
};

struct cf_observed_call {
        uint32_t arch, nr;
        uint64_t count;
        uint64_t before; /* besides: by threads before they, or what they descend from, called
                          * execve under a filter: a container's runtime */
};

/* Values of one argument that are kept at most. */
#define CF_OBSERVE_VALUES_MAX 64u

struct cf_observed_value {
        uint32_t arch, nr;
        uint8_t arg;
        bool open; /* not all values of this argument are here; value and count are 0 then */
        uint64_t value, count;
        bool behind; /* not of the argument itself, but of the 64 bits that it points to: the flags
                      * of clone3 (argument 0). Not readable, it is counted nowhere. */
};

/* All 0: nothing was missed. */
struct cf_observed_losses {
        uint64_t events;    /* not told: the ring was full */
        uint64_t uncounted; /* refusals not in the totals either: more kinds than the table holds */
        uint64_t unmarked;  /* threads that the kernel had no memory for: their refusals are lost;
                             * and times that the kernel did not run a program since it ran already
                             * on that processor (no kernel is known to) */
};

struct cf_observer;

/* Begins. -ENOENT: no libbpf; -ENOTSUP: the kernel has no BTF, or is too old; -EPERM: no right to;
 * -ESRCH: no such process, or it is not seen from the first PID namespace; -ENOMEM. err says what
 * to do. */
int cf_observer_open(const struct cf_observe_wanted *wanted, struct cf_observer **ret_observer,
                     struct cf_error *err);
void cf_observer_close(struct cf_observer *observer); /* NULL is fine */

/* Readable when there are events. */
int cf_observer_fd(const struct cf_observer *observer);

/* Hands over all events that wait. `seen` returns 0, or negative to stop with that. */
int cf_observer_read(struct cf_observer *observer,
                     int (*seen)(void *context, const struct cf_observed *event), void *context,
                     struct cf_error *err);

/* Exact, whatever was lost of the events. */
int cf_observer_totals(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_total **ret_totals, size_t *ret_count,
                       struct cf_error *err);

struct cf_observed_losses cf_observer_losses(const struct cf_observer *observer);

/* With `count`: every call, refused or not, that a thread made since a filter is on it, by
 * (arch, nr), ascending; numbers above 1,022 of an architecture are counted as 1,023. */
int cf_observer_calls(struct cf_observer *observer, struct cf_arena *arena,
                      struct cf_observed_call **ret_calls, size_t *ret_count, struct cf_error *err);

/* The values of the arguments that were wanted, of all calls that are counted, in no order; one row
 * that is `open` for each argument of which there are more. Whoever wants argument 0 of clone3 gets
 * rows of what is behind it as well, last. */
int cf_observer_values(struct cf_observer *observer, struct cf_arena *arena,
                       struct cf_observed_value **ret_values, size_t *ret_count,
                       struct cf_error *err);
