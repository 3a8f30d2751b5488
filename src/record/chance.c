/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "record/chance.h"

/* ---- which
 * ---------------------------------------------------------------------------------------- */

struct row {
        const char *call;
        unsigned chances; /* any of them */
};

/* Sources, and what was measured (docs/recording.md has the figures):
 *
 * The kernel. A handler's return is rt_sigreturn, or sigreturn, and nobody has a handler without
 * having asked for it (rt_sigaction, sigaction, signal; execve takes them away). restart_syscall
 * goes on with a wait that a stop, a freezer or a tracer broke off: set_restart_fn() in
 * kernel/time/hrtimer.c, alarmtimer.c, posix-cpu-timers.c, kernel/futex/waitwake.c, fs/select.c;
 * that is nanosleep, clock_nanosleep, futex and poll.
 *
 * Threads. A thread ends by exit; glibc's asks again for ever when it is refused. It waits by futex
 * when it finds a lock taken, and by sched_yield (V8's and others', now and then): refused, that
 * does no harm to most, but it is no call of an attacker's either, and a verified profile refuses
 * none.
 *
 * runc (1.0 to 1.5) does without TSYNC, so its filter is on the one thread that loads it, to which
 * its goroutine is locked (libcontainer/init_linux.go), with GOMAXPROCS(1). Of Go's runtime (1.19
 * to 1.26) that thread may come to
 *   futex         to hand over to another thread: the program ends when it is refused;
 *   rt_sigreturn  when it is preempted by SIGURG: ends (in one start of five to ten);
 *   epoll_pwait   when its allocation begins a collection (startTheWorldWithSema): ends;
 *   mmap          when the heap or the runtime's own tables grow: ends.
 * Not to clone, gettid, sigaltstack, rt_sigprocmask, rt_sigaction: locked threads leave it to the
 * template thread to make others; not to munmap. And what may be refused, since Go ignores the
 * error: sched_yield, nanosleep, madvise, tgkill.
 *
 * crun (1.8) is one thread and calls the same each time; but its `exec` looks for the groups, which
 * it has behind it at a start when the filter comes. With no-new-privileges the filter is on late.
 *
 * A workload in Go has all of its threads under the filter: its runtime yields, sleeps, preempts
 * (tgkill, without which a loop that never ends holds up the collector), takes memory and gives it
 * back, now and then. It is known by its handlers for every signal, on a stack of their own.
 *
 * What both call when a start was not seen: the rest. */
static const struct row rows[] = {
        {"capget", CF_CHANCE_UNSEEN},
        {"capset", CF_CHANCE_UNSEEN},
        {"chdir", CF_CHANCE_UNSEEN},
        {"close", CF_CHANCE_UNSEEN},
        {"epoll_ctl", CF_CHANCE_UNSEEN},
        {"epoll_pwait", CF_CHANCE_GO | CF_CHANCE_LANGUAGE},
        {"execve", CF_CHANCE_UNSEEN},
        {"exit", CF_CHANCE_THREAD},
        {"exit_group", CF_CHANCE_END},
        {"faccessat2", CF_CHANCE_UNSEEN},
        {"fchown", CF_CHANCE_UNSEEN},
        {"fcntl", CF_CHANCE_UNSEEN},
        {"fstat", CF_CHANCE_UNSEEN},
        {"fstatfs", CF_CHANCE_UNSEEN},
        {"futex", CF_CHANCE_THREAD | CF_CHANCE_GO},
        {"getcwd", CF_CHANCE_UNSEEN},
        {"getdents64", CF_CHANCE_UNSEEN},
        {"getpid", CF_CHANCE_UNSEEN | CF_CHANCE_LANGUAGE},
        {"getppid", CF_CHANCE_UNSEEN},
        {"madvise", CF_CHANCE_LANGUAGE},
        {"mmap", CF_CHANCE_GO | CF_CHANCE_LANGUAGE},
        {"munmap", CF_CHANCE_LANGUAGE},
        {"nanosleep", CF_CHANCE_LANGUAGE},
        {"newfstatat", CF_CHANCE_UNSEEN | CF_CHANCE_CRUN},
        {"openat", CF_CHANCE_UNSEEN | CF_CHANCE_CRUN},
        {"prctl", CF_CHANCE_UNSEEN},
        {"pselect6", CF_CHANCE_UNSEEN},
        {"read", CF_CHANCE_UNSEEN},
        {"restart_syscall", CF_CHANCE_WAIT},
        {"rt_sigaction", CF_CHANCE_UNSEEN},
        {"rt_sigprocmask", CF_CHANCE_UNSEEN},
        {"rt_sigreturn", CF_CHANCE_HANDLER | CF_CHANCE_GO},
        {"sched_yield", CF_CHANCE_THREAD | CF_CHANCE_LANGUAGE},
        {"setgid", CF_CHANCE_UNSEEN},
        {"setgroups", CF_CHANCE_UNSEEN | CF_CHANCE_CRUN},
        {"setresgid", CF_CHANCE_UNSEEN},
        {"setresuid", CF_CHANCE_UNSEEN},
        {"setuid", CF_CHANCE_UNSEEN},
        {"sigreturn", CF_CHANCE_OLD},
        {"tgkill", CF_CHANCE_UNSEEN | CF_CHANCE_LANGUAGE},
        {"write", CF_CHANCE_UNSEEN},
};

/* In the order in which they are told: what the workload itself may come to first. */
static const struct {
        enum cf_chance chance;
        const char *reason;
} reasons[] = {
        {CF_CHANCE_END, "every process may come to it"},
        {CF_CHANCE_HANDLER, "the handler of a signal returns by it"},
        {CF_CHANCE_OLD, "the handler of a signal returns by it"},
        {CF_CHANCE_WAIT, "a wait that was broken off goes on by it"},
        {CF_CHANCE_THREAD, "threads may come to it"},
        {CF_CHANCE_LANGUAGE, "the runtime of Go may come to it"},
        {CF_CHANCE_GO, "start-up of a container, now and then"},
        {CF_CHANCE_CRUN, "crun's exec in the container"},
        {CF_CHANCE_UNSEEN, "start-up of a container, which was not seen"},
};

const char *cf_chance_call(unsigned chances, size_t i)
{
        for (size_t row = 0; row < CF_COUNT(rows); row++)
                if (rows[row].chances & chances && i-- == 0)
                        return rows[row].call;
        return NULL;
}

const char *cf_chance_reason(unsigned chances, const char *call)
{
        unsigned found = 0;
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                if (strcmp(rows[i].call, call) == 0)
                        found = rows[i].chances & chances;
        for (size_t i = 0; i < CF_COUNT(reasons); i++)
                if (found & reasons[i].chance)
                        return reasons[i].reason;
        return NULL;
}

/* ---- when
 * ----------------------------------------------------------------------------------------- */

#define CLONE_THREAD UINT64_C(0x10000) /* linux/sched.h */

static bool may_be_thread(const struct cf_seen_call *seen)
{
        if (seen->open & 1)
                return true;
        for (size_t i = 0; i < seen->value_count; i++)
                if (seen->values[i].arg == 0 && seen->values[i].value & CLONE_THREAD)
                        return true;
        return false;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

static bool has_old(const struct cf_arch *arch)
{
        uint32_t nr;
        return cf_syscall_number(arch, "sigreturn", &nr);
}

/* Of a call that the workload made. What clone3 made is not known when it was let through. */
static unsigned of_call(const struct cf_syscall *call, const struct cf_seen_call *seen)
{
        static const char *const handlers[] = {"rt_sigaction", "sigaction", "signal"};
        static const char *const waits[] = {"clock_nanosleep", "clock_nanosleep_time64",
                                            "futex",           "futex_time64",
                                            "nanosleep",       "poll"};
        if (is_one_of(call->name, handlers, CF_COUNT(handlers)))
                return CF_CHANCE_HANDLER | (has_old(seen->arch) ? CF_CHANCE_OLD : 0u);
        if (is_one_of(call->name, waits, CF_COUNT(waits)))
                return CF_CHANCE_WAIT;
        if (strcmp(call->name, "clone3") == 0 ||
            (strcmp(call->name, "clone") == 0 && may_be_thread(seen)))
                return CF_CHANCE_THREAD | CF_CHANCE_WAIT;
        return 0;
}

#define SIGNALS 64u /* Go asks for each */

/* Whether the workload is a Go program. */
static bool is_go(const struct cf_observation *observation, unsigned chances)
{
        uint64_t handlers = 0;
        bool stack = false;
        for (size_t i = 0; i < observation->call_count; i++) {
                const struct cf_seen_call *seen = &observation->calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                if (!call || !seen->count[CF_SEEN_WORKLOAD])
                        continue;
                if (strcmp(call->name, "rt_sigaction") == 0)
                        handlers = seen->count[CF_SEEN_WORKLOAD];
                stack = stack || strcmp(call->name, "sigaltstack") == 0;
        }
        return chances & CF_CHANCE_THREAD && stack && handlers >= SIGNALS;
}

/* Of the runtime. crun sets capabilities under a filter that is on early, and not under one that
 * no-new-privileges has it load late. */
static unsigned of_start(const struct cf_observation *observation, bool seen, bool capabilities)
{
        static const char crun[] = "crun";
        bool known = observation->runtime && strncmp(observation->runtime, crun, strlen(crun)) == 0;
        if (!seen)
                return CF_CHANCE_UNSEEN | CF_CHANCE_GO;
        return !known ? CF_CHANCE_GO : capabilities ? CF_CHANCE_CRUN : 0u;
}

unsigned cf_chances(const struct cf_observation *observation, bool started, bool refused)
{
        unsigned chances = CF_CHANCE_END;
        bool start_seen = false, capabilities = false;
        if (observation->late) /* what came before is not known */
                chances |= CF_CHANCE_HANDLER | CF_CHANCE_WAIT | CF_CHANCE_THREAD;
        for (size_t i = 0; i < observation->call_count; i++) {
                const struct cf_seen_call *seen = &observation->calls[i];
                const struct cf_syscall *call = cf_syscall_by_number(seen->arch, seen->nr);
                bool made = seen->count[CF_SEEN_WORKLOAD] || (refused && seen->refused);
                if (observation->late && has_old(seen->arch))
                        chances |= CF_CHANCE_OLD;
                if (call && made)
                        chances |= of_call(call, seen);
                if (!seen->count[CF_SEEN_RUNTIME])
                        continue;
                start_seen = true;
                capabilities = capabilities || (call && strcmp(call->name, "capset") == 0);
        }
        if (is_go(observation, chances))
                chances |= CF_CHANCE_LANGUAGE;
        return chances |
               (started || start_seen ? of_start(observation, start_seen, capabilities) : 0);
}
