/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Private to kernel/: what the programs in the kernel (observe.bpf.c) and the reader (observe.c)
 * share. Fixed sizes, no padding that is not named. */
#pragma once

#include <linux/types.h>

#define CF_SEEN_COMM 16
#define CF_SEEN_ARGS 6
#define CF_SEEN_PATH 128

/* Kinds of events. */
enum {
        CF_SEEN_REFUSED = 1, /* answered by a filter, not run */
        CF_SEEN_UNSURE,      /* as REFUSED, or it began before the thread was watched */
        CF_SEEN_TRAPPED,     /* SIGSYS was sent, and the program handles it */
        CF_SEEN_KILLED,      /* the thread or its process is ended for it */
        CF_SEEN_SKIPPED,     /* a tracer took the call away (number -1) */
        CF_SEEN_FAILED,      /* ran, and gave EPERM, EACCES, EROFS or ENOMEM */
        CF_SEEN_BEGUN,       /* the first return of a thread that has a filter now */
        CF_SEEN_LOADS,       /* a thread under a filter is about to load a further one */
};

struct cf_seen_event {
        __u64 time_ns; /* CLOCK_MONOTONIC */
        __u64 group;   /* see cf_observed.group */
        __u64 args[CF_SEEN_ARGS];
        __s64 result;
        __u64 capabilities; /* effective */
        __u32 pid, tid;     /* in the first PID namespace */
        __u32 arch, nr;
        __u32 kind;
        __u32 user_level; /* of its user namespace; 0: the first */
        __u32 filters;    /* seccomp.filter_count */
        __u32 mode;       /* seccomp.mode */
        __u32 parent;     /* tgid */
        __u32 padding;
        char comm[CF_SEEN_COMM];
        __u64 clone_flags;       /* clone3: behind its pointer; 0: not readable */
        char path[CF_SEEN_PATH]; /* the event may end in front of it */
};

struct cf_seen_key {
        __u64 group;
        __u32 arch, nr;
        __s32 result; /* 0 for what is not negative */
        __u32 kind;
};

/* What is watched; written before the programs are switched on. */
enum {
        CF_SCOPE_ALL,
        CF_SCOPE_GROUP, /* `group` and those below it */
        CF_SCOPE_TREE,  /* tasks that are marked: `root` and its descendants */
        CF_SCOPE_MARK,  /* who loads a filter with `mark` in it, and all that it starts */
        CF_SCOPE_NEW,   /* TREE, and groups that nobody was in at the beginning */
};

enum {
        CF_BARE_NOT,
        CF_BARE_STARTED, /* from an execve on */
        CF_BARE_PRESENT, /* those that are there at the beginning, at once */
};

/* Does not change any more when the programs are loaded: the verifier takes out what is not asked
 * for. */
struct cf_seen_asked {
        __u64 mark;      /* MARK */
        __u32 scope;     /* CF_SCOPE_… */
        __u32 failed;    /* FAILED is wanted */
        __u32 count;     /* calls are counted */
        __u32 ignored;   /* tgid that is never told of: the observer itself */
        __u32 bare;      /* CF_BARE_…: calls of threads without a filter are counted, too */
        __u32 permitted; /* sys_exit is not watched at first */
};

struct cf_seen_settings {
        __u32 on;        /* 0: no event yet */
        __u32 root;      /* TREE: tgid; GROUP: a tgid in the group, from which it is learnt */
        __u64 group;     /* GROUP */
        __u32 exits;     /* sys_exit is watched */
        __u32 found;     /* tasks of `root` that were found */
        __u64 dropped;   /* events that the ring had no room for */
        __u64 uncounted; /* refusals that the table of counters had no room for */
        __u64 unmarked;  /* tasks whose state could not be kept */
};

/* Counters of calls: CF_CALLS numbers for each of three slots: the machine's own architecture, its
 * 32-bit companion, x32. A number above goes to the last of its slot. */
#define CF_CALLS 1024
#define CF_CALL_SLOTS 3
#define CF_CALL_KINDS (CF_CALLS * CF_CALL_SLOTS)

/* Arguments whose values are kept: of each call, a bit for each argument, and from bit 8 on one for
 * each of those of which 32 bits count. */
#define CF_NARROW_SHIFT 8
#define CF_VALUES_BEHIND (1u << 31)      /* the 64 bits that argument 0 points to (clone3) … */
#define CF_VALUE_ARGS (CF_SEEN_ARGS + 1) /* … are kept as those of one more argument */
#define CF_VALUES_EACH 64                /* different values that are kept of one argument */
#define CF_VALUES_MAX (1 << 15)

struct cf_value_key {
        __u32 call; /* slot * CF_CALLS + number */
        __u32 arg;
        __u64 value;
};
