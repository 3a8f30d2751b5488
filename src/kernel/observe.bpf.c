/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* In the kernel: which calls a filter answered.
 *
 * A call that a filter answers passes raw_syscalls:sys_exit without having passed sys_enter: the
 * kernel asks the filter first (kernel/entry/common.c, syscall_trace_enter). So each thread that
 * has a filter carries a mark from sys_enter to sys_exit. What else comes without a sys_enter:
 *   - the first return of a new child: its mark is set when it is made;
 *   - a call that began before the programs were switched on, or before a filter was put on the
 *     thread by another one: there is no mark yet, and the event is UNSURE; who knows the filter
 * can tell;
 *   - a call that a tracer takes away: its number is -1 (SKIPPED), or the thread is traced with
 *     PTRACE_SYSEMU;
 *   - a call that waited for a listener (user notification) or tracer and was interrupted: it
 *     returns ERESTART… and comes again.
 * A thread without a filter costs one look at its mode, and nothing is kept of it.
 *
 * Where the filter is known to refuse nothing, calls are counted by sys_enter alone, which costs
 * half; sys_exit is watched from the moment when a thread loads a further filter. */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel/observe-kernel.h"
#include "kernel/observe-maps.h"
#include "kernel/observe-shared.h"

char terms[] SEC("license") = "Dual BSD/GPL";

/* ---- who ----------------------------------------------------------------------------------------
 */

/* Its byte. */
static __always_inline __u8 *state_of_id(__u32 id)
{
        return &threads[((id & 63) << 16 | id >> 6) & (THREADS - 1)];
}

static __always_inline __u8 *state_of(struct task_struct *task)
{
        return state_of_id((__u32)task->pid);
}

/* Else nobody takes away the mark that a thread carries in a call, so it gets none. */
static __always_inline bool sees_exits(void)
{
        return !asked.permitted || settings.exits;
}

/* Containers have a group of their own in every hierarchy of version 1, and in that of version 2
 * where there is no other. */
static __always_inline struct cgroup *group_of(struct task_struct *task)
{
        struct css_set *set = BPF_CORE_READ(task, cgroups);
        int index[2] = {-1, -1};
        if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
                index[0] = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
        if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
                index[1] = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
#pragma unroll
        for (int i = 0; i < 2; i++) {
                struct cgroup_subsys_state *css = NULL;
                if (index[i] < 0)
                        continue;
                bpf_core_read(&css, sizeof(css),
                              (void *)set + bpf_core_field_offset(set->subsys) +
                                      sizeof(css) * index[i]);
                struct cgroup *group = css ? BPF_CORE_READ(css, cgroup) : NULL;
                if (group && BPF_CORE_READ(group, root, hierarchy_id) != 0 &&
                    BPF_CORE_READ(group, level) > 0)
                        return group;
        }
        return BPF_CORE_READ(set, dfl_cgrp);
}

static __always_inline __u64 group_id(struct cgroup *group)
{
        return (BPF_CORE_READ(group, kn, id) & 0xffffffffffffffULL) |
               (__u64)(__u8)BPF_CORE_READ(group, root, hierarchy_id) << 56;
}

#define GROUP_DEPTH 24

static __always_inline bool is_below(struct cgroup *group, __u64 wanted)
{
        for (int i = 0; i < GROUP_DEPTH && group; i++) {
                if (group_id(group) == wanted)
                        return true;
                struct cgroup_subsys_state *parent = BPF_CORE_READ(group, self.parent);
                group = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
        }
        return false;
}

/* A thread stays in its groups for long; walking up from them is slow. */
static __always_inline bool is_in_group(struct task_struct *task)
{
        __u64 set = (__u64)task->cgroups;
        struct task_group *known =
                bpf_task_storage_get(&groups, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
        if (!known)
                return is_below(group_of(task), settings.group);
        if (known->set != set) {
                known->below = is_below(group_of(task), settings.group);
                known->set = set;
        }
        return known->below;
}

static __always_inline bool is_marked(struct task_struct *task, __u8 *state)
{
        __u32 tgid = task->tgid;
        if (*state & MEMBER)
                return true;
        if (!bpf_map_lookup_elem(&marked, &tgid))
                return false;
        *state |= MEMBER;
        return true;
}

static __always_inline bool is_watched(struct task_struct *task, __u8 *state)
{
        if ((__u32)task->tgid == asked.ignored)
                return false;
        if (asked.scope == CF_SCOPE_TREE || (asked.scope == CF_SCOPE_NEW && *state & MEMBER))
                return *state & MEMBER;
        if (asked.scope == CF_SCOPE_MARK)
                return is_marked(task, state);
        if (asked.scope == CF_SCOPE_NEW) {
                __u64 group = group_id(group_of(task));
                return !bpf_map_lookup_elem(&old_groups, &group);
        }
        return asked.scope == CF_SCOPE_ALL || is_in_group(task);
}

/* ---- what ---------------------------------------------------------------------------------------
 */

struct made {
        __u32 arch, nr, slot;
};

static __always_inline struct made call_made(struct task_struct *task, struct pt_regs *regs)
{
        struct made made = {};
#if defined(__TARGET_ARCH_x86)
        made.nr = (__u32)regs->orig_ax;
        bool narrow = task->thread_info.status & TS_COMPAT;
        made.arch = narrow ? 0x40000003 : 0xc000003e;
        made.slot = narrow ? 1 : made.nr != (__u32)-1 && (made.nr & X32_BIT) ? 2 : 0;
#elif defined(__TARGET_ARCH_arm64)
        made.nr = (__u32)regs->syscallno;
        bool narrow = task->thread_info.flags >> TIF_32BIT & 1;
        made.arch = narrow ? 0x40000028 : 0xc00000b7;
        made.slot = narrow;
#endif
        return made;
}

static __always_inline void read_arguments(struct pt_regs *regs, const struct made *made,
                                           __u64 args[CF_SEEN_ARGS])
{
#if defined(__TARGET_ARCH_x86)
        if (made->slot == 1) {
                args[0] = (__u32)regs->bx;
                args[1] = (__u32)regs->cx;
                args[2] = (__u32)regs->dx;
                args[3] = (__u32)regs->si;
                args[4] = (__u32)regs->di;
                args[5] = (__u32)regs->bp;
                return;
        }
        args[0] = regs->di;
        args[1] = regs->si;
        args[2] = regs->dx;
        args[3] = regs->r10;
        args[4] = regs->r8;
        args[5] = regs->r9;
#elif defined(__TARGET_ARCH_arm64)
        args[0] = regs->orig_x0;
        args[1] = regs->regs[1];
        args[2] = regs->regs[2];
        args[3] = regs->regs[3];
        args[4] = regs->regs[4];
        args[5] = regs->regs[5];
        for (int i = 0; made->slot && i < CF_SEEN_ARGS; i++)
                args[i] = (__u32)args[i];
#endif
}

static __always_inline __u32 place_of(const struct made *made)
{
        __u32 nr = made->slot == 2 ? made->nr & ~X32_BIT : made->nr;
        return made->slot * CF_CALLS + (nr < CF_CALLS ? nr : CF_CALLS - 1);
}

static __always_inline void count(const struct cf_seen_event *event)
{
        struct cf_seen_key key = {
                .group = event->group,
                .arch = event->arch,
                .nr = event->nr,
                .result = event->result < 0 ? (__s32)event->result : 0,
                .kind = event->kind,
        };
        __u64 zero = 0, *counter = bpf_map_lookup_elem(&counters, &key);
        if (!counter) {
                bpf_map_update_elem(&counters, &key, &zero, BPF_NOEXIST);
                counter = bpf_map_lookup_elem(&counters, &key);
        }
        __sync_fetch_and_add(counter ? counter : &settings.uncounted, 1);
}

/* What lies behind pointers, as far as it can be read: pages that are not in memory are not.
 * Returns how much of the event there is to tell. */
static __always_inline __u32 read_behind(struct cf_seen_event *event, __u32 place)
{
        __u32 *path = bpf_map_lookup_elem(&paths, &place);
        if ((event->nr & ~X32_BIT) == NR_CLONE3)
                bpf_probe_read_user(&event->clone_flags, sizeof(event->clone_flags),
                                    (void *)event->args[0]);
        if (!path || *path == 0 || *path > CF_SEEN_ARGS)
                return __builtin_offsetof(struct cf_seen_event, path);
        __u64 at = event->args[0];
#pragma unroll
        for (__u32 i = 1; i < CF_SEEN_ARGS; i++)
                at = *path == i + 1 ? event->args[i] : at;
        bpf_probe_read_user_str(event->path, sizeof(event->path), (void *)at);
        return sizeof(*event);
}

static __noinline int tell(struct task_struct *task, struct pt_regs *regs, long result, __u32 kind)
{
        struct cf_seen_event event = {};
        struct made made = call_made(task, regs);
        const struct cred *cred = BPF_CORE_READ(task, cred);
        event.time_ns = bpf_ktime_get_ns();
        event.group = group_id(group_of(task));
        event.result = result;
        event.pid = BPF_CORE_READ(task, tgid);
        event.tid = BPF_CORE_READ(task, pid);
        event.parent = BPF_CORE_READ(task, real_parent, tgid);
        event.arch = made.arch;
        event.nr = made.nr;
        event.kind = kind == CF_SEEN_REFUSED && made.nr == (__u32)-1 ? CF_SEEN_SKIPPED : kind;
        event.filters = BPF_CORE_READ(task, seccomp.filter_count.counter);
        event.mode = BPF_CORE_READ(task, seccomp.mode);
        event.user_level = BPF_CORE_READ(cred, user_ns, level);
        bpf_core_read(&event.capabilities, sizeof(event.capabilities), &cred->cap_effective);
        bpf_core_read(event.comm, sizeof(event.comm), &task->comm);
        read_arguments(regs, &made, event.args);
        if (kind != CF_SEEN_BEGUN && kind != CF_SEEN_LOADS)
                count(&event);
        __u32 size = read_behind(&event, place_of(&made));
        if (bpf_ringbuf_output(&ring, &event, size, 0) < 0)
                __sync_fetch_and_add(&settings.dropped, 1);
        return 0;
}

/* ---- where it is seen ---------------------------------------------------------------------------
 */

/* A value that was not there before; false: it is not kept. */
static __always_inline bool keep_value(const struct cf_value_key *key)
{
        __u32 place = key->call * CF_VALUE_ARGS + key->arg;
        __u32 *count = bpf_map_lookup_elem(&kept, &place);
        __u64 zero = 0;
        if (!count || *count > CF_VALUES_EACH)
                return false;
        if (*count == CF_VALUES_EACH ||
            bpf_map_update_elem(&values, key, &zero, BPF_NOEXIST) == -E2BIG) {
                *count = CF_VALUES_EACH + 1;
                return false;
        }
        __sync_fetch_and_add(count, 1);
        return true;
}

static __always_inline void count_value(const struct cf_value_key *key)
{
        __u64 *counter = bpf_map_lookup_elem(&values, key);
        if (!counter && keep_value(key))
                counter = bpf_map_lookup_elem(&values, key);
        if (counter)
                __sync_fetch_and_add(counter, 1);
}

static __noinline int count_values(struct pt_regs *regs, __u32 slot, __u32 index, __u32 mask)
{
        struct made made = {.slot = slot};
        __u64 args[CF_SEEN_ARGS] = {};
        read_arguments(regs, &made, args);
        for (__u32 i = 0; i < CF_SEEN_ARGS; i++) {
                struct cf_value_key key = {.call = index, .arg = i, .value = args[i]};
                if (!(mask >> i & 1))
                        continue;
                if (mask >> (CF_NARROW_SHIFT + i) & 1)
                        key.value = (__u32)key.value;
                count_value(&key);
        }
        if (mask & CF_VALUES_BEHIND) {
                struct cf_value_key key = {.call = index, .arg = CF_SEEN_ARGS};
                if (bpf_probe_read_user(&key.value, sizeof(key.value), (void *)args[0]) == 0)
                        count_value(&key);
        }
        return 0;
}

static __always_inline void count_call(struct task_struct *task, __u8 state, struct pt_regs *regs)
{
        struct made made = call_made(task, regs);
        __u32 index = place_of(&made), place = index + (state & RAN ? 0 : CF_CALL_KINDS);
        __u64 *counter = bpf_map_lookup_elem(&calls, &place);
        if (counter)
                (*counter)++;
        __u32 mask = index < CF_CALL_KINDS ? wanted[index] : 0;
        if (mask)
                count_values(regs, made.slot, index, mask);
}

/* 0 when two numbers are equal, else 1; without a branch, of which the verifier would follow both
 * sides every time. */
static __always_inline __u32 differ(__u32 a, __u32 b)
{
        __u64 difference = a ^ b;
        asm volatile("" : "+r"(difference)); /* or the compiler makes it a branch after all */
        return (difference + 0xffffffffu) >> 32;
}

static __always_inline bool may_load_filter(long nr)
{
        return (nr & ~X32_BIT) == NR_SECCOMP || (nr & ~X32_BIT) == NR_PRCTL ||
               nr == NR_NARROW_SECCOMP || nr == NR_NARROW_PRCTL;
}

static __always_inline bool loads_filter(const struct made *made, const __u64 args[CF_SEEN_ARGS])
{
        __u32 nr = made->nr & ~X32_BIT;
        if (nr == (made->slot == 1 ? NR_NARROW_SECCOMP : NR_SECCOMP))
                return args[0] == SECCOMP_SET_MODE_FILTER;
        return nr == (made->slot == 1 ? NR_NARROW_PRCTL : NR_PRCTL) && args[0] == PR_SET_SECCOMP &&
               args[1] == SECCOMP_MODE_FILTER;
}

/* A call that is about to load a filter: whether that has the mark. */
static __noinline int look_for_mark(struct task_struct *task, struct pt_regs *regs)
{
        struct made made = call_made(task, regs);
        __u64 args[CF_SEEN_ARGS] = {};
        __u32 zero = 0, no_low = 1, no_high = 1, tgid = task->tgid;
        struct {
                __u16 count;
                void *code;
        } program = {};
        __u8 one = 1;
        read_arguments(regs, &made, args);
        if (made.slot || !loads_filter(&made, args))
                return 0;
        struct filter *filter = bpf_map_lookup_elem(&scratch, &zero);
        if (!filter || bpf_probe_read_user(&program, sizeof(program), (void *)args[2]) < 0)
                return 0;
        __u32 count = program.count;
        if (count > FILTER_MAX || bpf_probe_read_user(filter, count * 8, program.code) < 0)
                return 0;
        for (__u32 i = 0; i < FILTER_MAX && i < count; i++) {
                no_low &= differ(filter->of[i].k, (__u32)asked.mark);
                no_high &= differ(filter->of[i].k, (__u32)(asked.mark >> 32));
        }
        if (no_low || no_high)
                return 0;
        if (bpf_map_update_elem(&marked, &tgid, &one, BPF_ANY) < 0) {
                __sync_fetch_and_add(&settings.unmarked, 1);
                return 0;
        }
        __u8 *state = state_of(task);
        *state = (*state & ~WHERE) | MEMBER | LOADING;
        if (!sees_exits()) /* its return will not be seen */
                tell(task, regs, 0, CF_SEEN_BEGUN);
        return 0;
}

/* A filter of the workload's own: from now on something may be refused. */
static __noinline int look_for_filter(struct task_struct *task, struct pt_regs *regs)
{
        struct made made = call_made(task, regs);
        __u64 args[CF_SEEN_ARGS] = {};
        read_arguments(regs, &made, args);
        if (loads_filter(&made, args))
                tell(task, regs, 0, CF_SEEN_LOADS);
        return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long nr)
{
        if (!settings.on)
                return 0;
        struct task_struct *task = bpf_get_current_task_btf();
        if (asked.scope == CF_SCOPE_MARK && may_load_filter(nr))
                look_for_mark(task, regs);
        bool bare = task->seccomp.mode == 0;
        if (bare && !asked.bare)
                return 0;
        __u8 *state = state_of(task), now = *state;
        if (bare) {
                /* Without a filter only `bare` has set RAN, of threads that are watched. */
                if (now & RAN)
                        count_call(task, now, regs);
                return 0;
        }
        bool exits = sees_exits();
        if (exits && (now & WHERE) != LOADING)
                *state = (now & ~WHERE) | INSIDE;
        if (!asked.count || !is_watched(task, state))
                return 0;
        count_call(task, now, regs);
        if (!exits && may_load_filter(nr))
                look_for_filter(task, regs);
        return 0;
}

static __always_inline bool is_refusal_error(long result)
{
        return result < 0 && result >= -MAX_ERRNO &&
               !(result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK);
}

/* What programs tell as "not permitted" and its like: rights, read-only file systems, memory that
 * may not be locked. */
static __always_inline bool is_failure(long result)
{
        return result == -EPERM || result == -EACCES || result == -EROFS || result == -ENOMEM;
}

/* The kind of an event for a thread that returns from a call, or 0. */
static __always_inline __u32 kind_of(struct task_struct *task, struct pt_regs *regs, __u8 state,
                                     long result)
{
        __u8 where = state & WHERE;
        if (task->seccomp.mode == SECCOMP_MODE_DEAD)
                return CF_SEEN_KILLED;
        if (state & CAUGHT)
                return state & TRAPPED ? CF_SEEN_TRAPPED : CF_SEEN_KILLED;
        if (task->thread_info.syscall_work & WORK_SYSCALL_EMU)
                return 0;
        if (where == INSIDE)
                return asked.failed && is_failure(result) ? CF_SEEN_FAILED : 0;
        if ((where == UNKNOWN || where == LOADING) && result >= 0)
                return CF_SEEN_BEGUN;
        if (where == LOADING)
                return 0;
        /* A tracer that takes a call away leaves no number of it, as a rule. */
        if (where == UNKNOWN ||
            (task->ptrace && result == -ENOSYS && call_made(task, regs).nr != (__u32)-1))
                return is_refusal_error(result) ? CF_SEEN_UNSURE : 0;
        /* Results that are no error come from a listener or a tracer. */
        return result < 0 && !is_refusal_error(result) ? 0 : CF_SEEN_REFUSED;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long result)
{
        if (!settings.on)
                return 0;
        struct task_struct *task = bpf_get_current_task_btf();
        __u32 mode = task->seccomp.mode;
        if (mode == 0 && !asked.failed)
                return 0;
        __u8 *state = state_of(task), before = *state;
        if (mode == 0) {
                if (is_failure(result) && is_watched(task, state))
                        tell(task, regs, result, CF_SEEN_FAILED);
                return 0;
        }
        *state = (before & ~(WHERE | CAUGHT)) | BETWEEN;
        /* As good as every call. */
        if ((before & (WHERE | CAUGHT)) == INSIDE && mode != SECCOMP_MODE_DEAD && !asked.failed)
                return 0;
        __u32 kind = kind_of(task, regs, before, result);
        if (!kind || !is_watched(task, state))
                return 0;
        if (asked.count && kind != CF_SEEN_FAILED && kind != CF_SEEN_BEGUN)
                count_call(task, before, regs);
        return tell(task, regs, result, kind);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo *info, struct task_struct *task)
{
        if (signal != SIGSYS || !settings.on)
                return 0;
        if ((unsigned long)info <= 1 || BPF_CORE_READ(info, si_code) != SYS_SECCOMP)
                return 0;
        struct task_struct *self = bpf_get_current_task_btf();
        if (self == task)
                *state_of(self) |= BPF_CORE_READ(self, sighand, action[SIGSYS - 1].sa.sa_handler)
                                           ? TRAPPED
                                           : KILLED;
        return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
        __u8 where = child->seccomp.mode != 0 && settings.on && sees_exits() ? INSIDE : UNKNOWN;
        *state_of(child) = (*state_of(parent) & (MEMBER | RAN)) | where;
        return 0;
}

/* What a runtime calls under the filter ends with the workload's execve. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int id_before)
{
        __u8 *state = state_of(task), *before = state_of_id((__u32)id_before);
        if (state != before) { /* of several threads: it goes on under the first one's number */
                *state = *before;
                *before = 0;
        }
        if (task->seccomp.mode != 0 || (asked.bare && is_watched(task, state)))
                *state |= RAN;
        return 0;
}

/* A thread that a filter ends alone gets no signal and returns from no call. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_end, struct task_struct *task)
{
        int mode = task->seccomp.mode;
        int signal = BPF_CORE_READ(task, exit_code) & 0x7f;
        __u32 tgid = task->tgid;
        if (asked.scope == CF_SCOPE_MARK && task->pid == task->tgid)
                bpf_map_delete_elem(&marked, &tgid);
        if (!settings.on || mode == 0 ||
            !(signal == SIGSYS || (signal == SIGKILL && mode == SECCOMP_MODE_DEAD)) ||
            (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT))
                return 0;
        __u8 *state = state_of(task);
        if ((*state & WHERE) != BETWEEN || !is_watched(task, state))
                return 0;
        return tell(task, (struct pt_regs *)bpf_task_pt_regs(task), 0, CF_SEEN_KILLED);
}

#define TREE_DEPTH 64

/* Run once over all tasks: marks `root` and its descendants, or learns its group. */
SEC("iter/task")
int on_look(struct bpf_iter__task *context)
{
        struct task_struct *task = context->task, *up = task;
        if (!task)
                return 0;
        if ((__u32)task->tgid == settings.root) {
                settings.found++;
                if (asked.scope == CF_SCOPE_GROUP)
                        settings.group = group_id(group_of(task));
        }
        bool bare = asked.bare == CF_BARE_PRESENT && asked.scope == CF_SCOPE_GROUP;
        if (asked.count &&
            (task->seccomp.mode != 0 || (bare && is_below(group_of(task), settings.group))))
                *state_of(task) |= RAN; /* it has been there for longer */
        if (asked.scope == CF_SCOPE_NEW) {
                __u64 group = group_id(group_of(task));
                __u8 here = 1;
                bpf_map_update_elem(&old_groups, &group, &here, BPF_ANY);
        }
        if (asked.scope != CF_SCOPE_TREE && asked.scope != CF_SCOPE_NEW)
                return 0;
        for (int i = 0; i < TREE_DEPTH; i++) {
                if ((__u32)BPF_CORE_READ(up, tgid) == settings.root) {
                        *state_of(task) |= asked.bare == CF_BARE_PRESENT ? MEMBER | RAN : MEMBER;
                        return 0;
                }
                if (BPF_CORE_READ(up, tgid) <= 1)
                        return 0;
                up = BPF_CORE_READ(up, real_parent);
        }
        return 0;
}
