/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Private to kernel/: what observe.bpf.c keeps in the kernel. Memory of all of it:
 * docs/benchmarks.md.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel/observe-shared.h"

/* Of a thread: not seen yet, between two calls, in one, in the one that loads a marked filter. */
enum { UNKNOWN, BETWEEN, INSIDE, LOADING };

/* What is kept of a thread, a byte in all: where it is, and */
#define WHERE 0x03u
#define MEMBER 0x04u /* TREE: of the tree; MARK: of a process that has loaded such a filter */
#define RAN                                                                                  \
        0x08u /* it, or what it descends from, has called execve under a filter (or is bare) \
               */
#define TRAPPED                                                                                 \
        0x10u        /* SIGSYS is under way for the call that it is in: the program handles it, \
                      */
#define KILLED 0x20u /* or is ended by it */
#define CAUGHT (TRAPPED | KILLED)

/* By thread id, of which a kernel has no more (PID_MAX_LIMIT). Looking up a thread's own storage
 * costs more than all else that is done for a call; this costs as good as nothing. Neighbours lie
 * far apart: threads of one process run at one time on several processors, which would take each
 * other's cache line away. Only the thread itself writes its byte, and its parent before it runs;
 * what an earlier thread of that number left is written over then. */
#define THREADS (1u << 22)
__u8 threads[THREADS];

/* GROUP: whether the thread is in the group, as long as it has this set of groups. */
struct task_group {
        __u64 set;
        __u32 below;
        __u32 padding;
};

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct task_group);
} groups SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 1 << 23);
} ring SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 1 << 15);
        __type(key, struct cf_seen_key);
        __type(value, __u64);
} counters SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, CF_CALL_KINDS * 2); /* behind execve, and in front of it */
        __type(key, __u32);
        __type(value, __u64);
} calls SEC(".maps");

/* Of each call which arguments are wanted. Written before the programs are switched on. */
__u32 wanted[CF_CALL_KINDS];

/* Of each wanted argument how many values are kept; more than CF_VALUES_EACH: not all. */
struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, CF_CALL_KINDS *CF_VALUE_ARGS);
        __type(key, __u32);
        __type(value, __u32);
} kept SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, CF_VALUES_MAX);
        __type(key, struct cf_value_key);
        __type(value, __u64);
} values SEC(".maps");

#define FILTER_MAX 4096 /* linux/filter.h, BPF_MAXINSNS */

struct filter {
        struct {
                __u32 code, k;
        } of[FILTER_MAX];
};

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct filter);
} scratch SEC(".maps");

/* Of each call which argument is a path that is told: its index and 1. */
struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, CF_CALL_KINDS);
        __type(key, __u32);
        __type(value, __u32);
} paths SEC(".maps");

/* MARK: processes (tgid) that have loaded such a filter: all their threads may be under it. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 1 << 14);
        __type(key, __u32);
        __type(value, __u8);
} marked SEC(".maps");

/* NEW: groups that somebody was in at the beginning. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 1 << 16);
        __type(key, __u64);
        __type(value, __u8);
} old_groups SEC(".maps");

const volatile struct cf_seen_asked asked;
struct cf_seen_settings settings;
