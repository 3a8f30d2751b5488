/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Private to kernel/: the kernel's types and numbers as far as observe.bpf.c reads them. Where the
 * members really are is worked out when the programs are loaded, from the running kernel's BTF. */
#pragma once

#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
        int counter;
} atomic_t;

struct thread_info {
        unsigned long flags;
        unsigned long syscall_work;
        __u32 status; /* x86 */
};

struct seccomp {
        int mode;
        atomic_t filter_count;
};

struct kernfs_node {
        __u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
        struct cgroup *cgroup;
        struct cgroup_subsys_state *parent;
};

struct cgroup_root {
        int hierarchy_id;
};

struct cgroup {
        struct cgroup_subsys_state self;
        int level;
        struct kernfs_node *kn;
        struct cgroup_root *root;
};

struct css_set {
        struct cgroup_subsys_state *subsys[1];
        struct cgroup *dfl_cgrp;
};

struct user_namespace {
        int level;
};

struct capabilities {
        __u32 words[2];
};

struct cred {
        struct capabilities cap_effective; /* the kernel's type has changed, its bytes have not */
        struct user_namespace *user_ns;
};

struct k_sigaction {
        struct {
                void *sa_handler;
                unsigned long sa_flags;
        } sa;
};

struct sighand_struct {
        struct k_sigaction action[64];
};

struct signal_struct {
        unsigned int flags;
};

struct task_struct {
        struct thread_info thread_info;
        int pid, tgid;
        unsigned int ptrace;
        int exit_code;
        struct task_struct *real_parent;
        const struct cred *cred;
        char comm[16];
        struct signal_struct *signal;
        struct sighand_struct *sighand;
        struct seccomp seccomp;
        struct css_set *cgroups;
};

struct kernel_siginfo {
        int si_signo;
        int si_errno;
        int si_code;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
        unsigned long r10, r9, r8, bp, bx, cx, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
        __u64 regs[31];
        __u64 orig_x0;
        int syscallno;
};
#endif

struct bpf_iter_meta;

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

enum cgroup_subsys_id {
        memory_cgrp_id,
        pids_cgrp_id,
};

#pragma clang attribute pop

#define SIGSYS 31
#define SIGKILL 9
#define SYS_SECCOMP 1
#define SECCOMP_MODE_DEAD 3        /* kernel/seccomp.c */
#define SIGNAL_GROUP_EXIT 4        /* linux/sched/signal.h */
#define WORK_SYSCALL_EMU (1u << 3) /* linux/thread_info.h, SYSCALL_WORK_BIT_SYSCALL_EMU */
#define TS_COMPAT 2
#define TIF_32BIT 22 /* arm64 */
#define X32_BIT 0x40000000u
#define EPERM 1
#define E2BIG 7
#define ENOMEM 12
#define EACCES 13
#define EROFS 30
#define ENOSYS 38
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516
#define MAX_ERRNO 4095
#define SECCOMP_SET_MODE_FILTER 1 /* linux/seccomp.h */
#define SECCOMP_MODE_FILTER 2
#define NR_CLONE3 435     /* everywhere */
#define PR_SET_SECCOMP 22 /* linux/prctl.h */
#if defined(__TARGET_ARCH_x86)
#define NR_PRCTL 157
#define NR_SECCOMP 317
#define NR_NARROW_PRCTL 172
#define NR_NARROW_SECCOMP 354
#elif defined(__TARGET_ARCH_arm64)
#define NR_PRCTL 167
#define NR_SECCOMP 277
#define NR_NARROW_PRCTL 172
#define NR_NARROW_SECCOMP 383
#endif
