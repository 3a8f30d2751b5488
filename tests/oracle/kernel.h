/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel as oracle: a child loads a filter and makes calls, none of which is carried out.
 *
 * In front of the filter in question the child installs one that refuses every call with an errno
 * of its own. The kernel takes the strictest answer of the two, and of two refusals the newer
 * filter's number: so what the filter in question lets pass is seen as that errno, and all else as
 * itself. Calls of 32 bits go through int 0x80; numbers of x32 through the same instruction as
 * those of x86_64.
 *
 * No call of the child's own gets through: not a sanitizer's either. siglongjmp, which they
 * intercept to look at the stack by calls, would trap or be refused until something gives up or
 * never does. What runs below the filter is therefore not instrumented and jumps by the compiler's
 * own means; and a child that takes a minute is ended by the kernel. */
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "filter/filter.h"

#define KERNEL_PASSED CF_ALLOW        /* any answer that lets the call go on, or to a tracer */
#define KERNEL_KILLED CF_KILL_PROCESS /* the thread or the process */
/* It never came to the filter: uretprobe and uprobe, which kernels from 6.14 on keep from filters
 * and end with SIGILL when no probe made them. */
#define KERNEL_BESIDE UINT32_MAX
#define KERNEL_CALLS_MAX 65536u /* of one use */
#define KERNEL_ERRNO 4000u      /* what the filter in front refuses with */
#define KERNEL_SECONDS 60u      /* that a child may take */
#define KERNEL_BARE __attribute__((no_sanitize("address"), no_sanitize("undefined")))
#define KERNEL_PASS UINT64_C(0x5eccc0de) /* in the sixth argument: this call loads the filter */

struct kernel_report {
        uint32_t next; /* the call that is made */
        int loaded;    /* 0, or the errno of loading; -1: not yet */
        uint32_t answers[KERNEL_CALLS_MAX];
};
static struct kernel_report *kernel_report;
static void *kernel_trapped[5];
static volatile uint32_t kernel_trap_data;

/* Registers from an array: the number, then six arguments. */
long kernel_call64(const uint64_t *words);
int kernel_call32(const uint32_t *words);
__asm__(".text\n"
        ".type kernel_call64, @function\n"
        "kernel_call64:\n"
        "        mov 0(%rdi), %rax\n"
        "        mov 16(%rdi), %rsi\n"
        "        mov 24(%rdi), %rdx\n"
        "        mov 32(%rdi), %r10\n"
        "        mov 40(%rdi), %r8\n"
        "        mov 48(%rdi), %r9\n"
        "        mov 8(%rdi), %rdi\n"
        "        syscall\n"
        "        ret\n"
        ".type kernel_call32, @function\n"
        "kernel_call32:\n"
        "        push %rbx\n"
        "        push %rbp\n"
        "        mov 0(%rdi), %eax\n"
        "        mov 4(%rdi), %ebx\n"
        "        mov 8(%rdi), %ecx\n"
        "        mov 12(%rdi), %edx\n"
        "        mov 16(%rdi), %esi\n"
        "        mov 24(%rdi), %ebp\n"
        "        mov 20(%rdi), %edi\n"
        "        int $0x80\n"
        "        pop %rbp\n"
        "        pop %rbx\n"
        "        ret\n");

KERNEL_BARE static void kernel_on_trap(int signal, siginfo_t *info, void *context)
{
        (void)signal;
        (void)context;
        kernel_trap_data = (uint32_t)info->si_errno;
        __builtin_longjmp(kernel_trapped, 1);
}

KERNEL_BARE static bool kernel_load(const struct sock_filter *code, size_t count, uint64_t pass)
{
        struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)(uintptr_t)code};
        const uint64_t words[] = {
                SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (uint64_t)(uintptr_t)&program, 0, 0, pass};
        long r = kernel_call64(words);
        kernel_report->loaded = (int)-r;
        return r == 0;
}

KERNEL_BARE static bool kernel_load_front(void)
{
        static const struct sock_filter front[] = {
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct cf_call, arch)},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, AUDIT_ARCH_X86_64},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct cf_call, nr)},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_seccomp},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct cf_call, args[5])},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, KERNEL_PASS},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO | KERNEL_ERRNO},
        };
        return kernel_load(front, CF_COUNT(front), 0);
}

/* Whoever comes back from a trap comes back here. */
KERNEL_BARE static uint32_t kernel_make(const struct cf_call *call)
{
        uint64_t words[7] = {call->nr};
        uint32_t halves[7] = {call->nr};
        for (unsigned i = 0; i < 6; i++) {
                words[i + 1] = call->args[i];
                halves[i + 1] = (uint32_t)call->args[i];
        }
        if (__builtin_setjmp(kernel_trapped))
                return CF_TRAP | kernel_trap_data;
        long r = call->arch == AUDIT_ARCH_I386 ? kernel_call32(halves) : kernel_call64(words);
        return r == -(long)KERNEL_ERRNO ? KERNEL_PASSED : CF_ERRNO | (uint32_t)-r;
}

KERNEL_BARE _Noreturn static void kernel_child(struct cf_filter filter, const struct cf_call *calls,
                                               uint32_t count)
{
        const struct sigaction trap = {.sa_sigaction = kernel_on_trap,
                                       .sa_flags = SA_SIGINFO | SA_NODEFER};
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        signal(SIGILL, SIG_DFL); /* no handler (of a sanitizer) shall run under the filter */
        signal(SIGSEGV, SIG_DFL);
        sigaction(SIGSYS, &trap, NULL);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        alarm(KERNEL_SECONDS);
        if (kernel_load_front() && kernel_load(filter.code, filter.count, KERNEL_PASS)) {
                while (kernel_report->next < count) {
                        uint32_t i = kernel_report->next;
                        kernel_report->answers[i] = kernel_make(&calls[i]);
                        kernel_report->next = i + 1;
                }
        }
        __builtin_trap(); /* no call can end it */
}

/* A child that neither a filter nor its own end ended. */
_Noreturn static void kernel_fail(int status)
{
        printf("not ok: the child that makes the calls %s %d at call %u, loading: %d\n",
               WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), kernel_report->next,
               kernel_report->loaded);
        exit(1);
}

/* What the kernel answers to each call under the filter: KERNEL_PASSED, KERNEL_KILLED, a TRAP or
 * ERRNO with its number, or KERNEL_BESIDE. The result is valid until the next use. NULL: it did not
 * take the filter.
 */
static const uint32_t *kernel_answers(struct cf_filter filter, const struct cf_call *calls,
                                      uint32_t count)
{
        if (!kernel_report) {
                kernel_report = mmap(NULL, sizeof(*kernel_report), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
                if (kernel_report == MAP_FAILED || count > KERNEL_CALLS_MAX)
                        abort();
        }
        kernel_report->next = 0;
        kernel_report->loaded = -1;
        do {
                int status;
                fflush(stdout);
                pid_t child = fork();
                if (child == 0)
                        kernel_child(filter, calls, count);
                if (child < 0 || waitpid(child, &status, 0) != child)
                        abort();
                if (!WIFSIGNALED(status))
                        kernel_fail(status);
                if (kernel_report->loaded != 0)
                        return NULL;
                if (WTERMSIG(status) == SIGSYS && kernel_report->next < count)
                        kernel_report->answers[kernel_report->next++] = KERNEL_KILLED;
                else if (WTERMSIG(status) != SIGILL)
                        kernel_fail(status);
                else if (kernel_report->next < count)
                        kernel_report->answers[kernel_report->next++] = KERNEL_BESIDE;
        } while (kernel_report->next < count);
        return kernel_report->answers;
}

/* What should be seen of an answer. */
static inline uint32_t kernel_view(uint32_t value)
{
        switch (value & CF_ACTION_MASK) {
        case CF_ERRNO: {
                uint32_t number = cf_action_data(value);
                return CF_ERRNO | (number > 4095 ? 4095 : number);
        }
        case CF_TRAP:
                return value;
        case CF_ALLOW:
        case CF_LOG:
        case CF_TRACE:
        case CF_USER_NOTIF:
                return KERNEL_PASSED;
        default:
                return KERNEL_KILLED;
        }
}

/* Whether this kernel takes calls of 32 bits. */
static inline bool kernel_has_32(void)
{
        int status;
        pid_t child = fork();
        if (child == 0) {
                const uint32_t words[7] = {20}; /* getpid */
                signal(SIGSEGV, SIG_DFL);
                prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
                _exit(kernel_call32(words) > 0 ? 0 : 1);
        }
        return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
