/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that go on by restart_syscall.
 *
 * A thread that is stopped in a sleep or in a wait with a time limit goes on by another call,
 * restart_syscall, and its filters are asked about that one. Where they refuse it, having been
 * looked at would kill the process: then the sleep ends as by a signal that is handled (EINTR),
 * which every caller of such calls has to expect. Sources: kernel/seccomp.c,
 * arch/x86/kernel/signal.c (arch_do_signal_or_restart), restart_syscall(2). */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "filter/filter.h"
#include "kernel/reader.h"

#ifdef __x86_64__

#define RESTART_BLOCK 516 /* ERESTART_RESTARTBLOCK of include/linux/errno.h */

/* The call by which the thread would go on. */
static struct cf_call restart_of(const struct user_regs_struct *regs, uint32_t arch)
{
        struct cf_call call = {.arch = arch, .ip = regs->rip - 2};
        if (arch == AUDIT_ARCH_I386) {
                const uint64_t args[6] = {regs->rbx, regs->rcx, regs->rdx,
                                          regs->rsi, regs->rdi, regs->rbp};
                for (size_t i = 0; i < 6; i++)
                        call.args[i] = (uint32_t)args[i];
                return call; /* its number is 0 */
        }
        const uint64_t args[6] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
        memcpy(call.args, args, sizeof(args));
        call.nr = 219u | (regs->orig_rax & 0x40000000u);
        return call;
}

/* The kernel took the filter; our own check is what running it asks for. */
static bool lets_through(struct cf_filter filter, const struct cf_call *call)
{
        struct cf_error err = {0};
        if (cf_filter_check(filter, &err) < 0)
                return false;
        uint32_t action = cf_filter_run(filter, call, NULL, NULL, NULL) & SECCOMP_RET_ACTION_FULL;
        return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

void cf_kernel_spare_restart(const struct cf_kernel_reader *reader, pid_t tid, size_t count)
{
        struct user_regs_struct regs;
        struct __ptrace_syscall_info info = {0};
        if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) != 0 || (int)regs.rax != -RESTART_BLOCK ||
            (long)regs.orig_rax < 0 ||
            ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) <= 0)
                return;
        struct cf_call call = restart_of(&regs, info.arch);
        bool refused = false;
        for (size_t i = 0; i < count; i++) {
                const struct cf_raw_filter *raw = &reader->raw[i];
                const struct cf_filter filter = {reader->scratch + raw->at, raw->count};
                refused |= !lets_through(filter, &call);
        }
        if (refused)
                ptrace(PTRACE_POKEUSER, tid, (void *)offsetof(struct user, regs.rax),
                       (void *)(intptr_t)-EINTR);
}

#else

void cf_kernel_spare_restart(const struct cf_kernel_reader *reader, pid_t tid, size_t count)
{
        (void)reader, (void)tid, (void)count;
}

#endif
