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

#include "kernel/reader.h"

#ifdef __x86_64__

#define RESTART_BLOCK 516 /* ERESTART_RESTARTBLOCK of include/linux/errno.h */
#define MEMORY 16u        /* words, the kernel's BPF_MEMWORDS */

struct machine {
        uint32_t a, x, memory[MEMORY];
};

static uint32_t calculate(uint16_t operation, uint32_t a, uint32_t b)
{
        switch (operation) {
        case BPF_ADD:
                return a + b;
        case BPF_SUB:
                return a - b;
        case BPF_MUL:
                return a * b;
        case BPF_DIV:
                return b ? a / b : 0;
        case BPF_OR:
                return a | b;
        case BPF_AND:
                return a & b;
        case BPF_XOR:
                return a ^ b;
        case BPF_LSH:
                return b < 32 ? a << b : 0;
        case BPF_RSH:
                return b < 32 ? a >> b : 0;
        default:
                return 0 - a; /* BPF_NEG */
        }
}

static bool jumps(uint16_t operation, uint32_t a, uint32_t b)
{
        switch (operation) {
        case BPF_JEQ:
                return a == b;
        case BPF_JGT:
                return a > b;
        case BPF_JGE:
                return a >= b;
        default:
                return a & b; /* BPF_JSET */
        }
}

static void load(struct machine *m, const struct sock_filter *i, const struct seccomp_data *data)
{
        uint32_t *into = BPF_CLASS(i->code) == BPF_LD ? &m->a : &m->x;
        if (BPF_MODE(i->code) == BPF_ABS && i->k <= sizeof(*data) - sizeof(uint32_t))
                memcpy(into, (const char *)data + i->k, sizeof(*into));
        else if (BPF_MODE(i->code) == BPF_MEM)
                *into = m->memory[i->k % MEMORY];
        else if (BPF_MODE(i->code) == BPF_LEN)
                *into = sizeof(*data);
        else
                *into = i->k;
}

/* What a filter that the kernel took says of a call. Jumps lead forward. */
static uint32_t run(const struct sock_filter *code, size_t count, const struct seccomp_data *data)
{
        struct machine m = {0};
        for (size_t at = 0; at < count; at++) {
                const struct sock_filter *i = &code[at];
                uint32_t b = BPF_SRC(i->code) == BPF_X ? m.x : i->k;
                switch (BPF_CLASS(i->code)) {
                case BPF_LD:
                case BPF_LDX:
                        load(&m, i, data);
                        break;
                case BPF_ST:
                        m.memory[i->k % MEMORY] = m.a;
                        break;
                case BPF_STX:
                        m.memory[i->k % MEMORY] = m.x;
                        break;
                case BPF_ALU:
                        m.a = calculate(BPF_OP(i->code), m.a, b);
                        break;
                case BPF_JMP:
                        if (BPF_OP(i->code) == BPF_JA)
                                at += i->k;
                        else
                                at += jumps(BPF_OP(i->code), m.a, b) ? i->jt : i->jf;
                        break;
                case BPF_RET:
                        return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
                default:
                        if (BPF_MISCOP(i->code) == BPF_TAX)
                                m.x = m.a;
                        else
                                m.a = m.x;
                }
        }
        return SECCOMP_RET_KILL_PROCESS;
}

/* The call by which the thread would go on. */
static struct seccomp_data restart_of(const struct user_regs_struct *regs, uint32_t arch)
{
        struct seccomp_data data = {.arch = arch, .instruction_pointer = regs->rip - 2};
        if (arch == AUDIT_ARCH_I386) {
                const uint64_t args[6] = {regs->rbx, regs->rcx, regs->rdx,
                                          regs->rsi, regs->rdi, regs->rbp};
                for (size_t i = 0; i < 6; i++)
                        data.args[i] = (uint32_t)args[i];
                return data; /* its number is 0 */
        }
        const uint64_t args[6] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
        memcpy(data.args, args, sizeof(args));
        data.nr = (int)(219u | (regs->orig_rax & 0x40000000u));
        return data;
}

void cf_kernel_spare_restart(const struct cf_kernel_reader *reader, pid_t tid, size_t count)
{
        struct user_regs_struct regs;
        struct __ptrace_syscall_info info = {0};
        if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) != 0 || (int)regs.rax != -RESTART_BLOCK ||
            (long)regs.orig_rax < 0 ||
            ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) <= 0)
                return;
        struct seccomp_data data = restart_of(&regs, info.arch);
        bool refused = false;
        for (size_t i = 0; i < count; i++) {
                const struct cf_raw_filter *raw = &reader->raw[i];
                uint32_t action =
                        run(reader->scratch + raw->at, raw->count, &data) & SECCOMP_RET_ACTION_FULL;
                refused |= action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG;
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
