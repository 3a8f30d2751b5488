/* SPDX-License-Identifier: Apache-2.0 */
/* Random filters and calls. */
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "filter/filter.h"
#include "random.h"

/* Numbers that filters compare with, so that comparisons meet. */
static inline uint32_t interesting(void)
{
        static const uint32_t numbers[] = {0,
                                           1,
                                           2,
                                           5,
                                           31,
                                           40,
                                           59,
                                           0x1ff,
                                           0x20000,
                                           0x40000000,
                                           0x7fffffff,
                                           0x80000000,
                                           0xfffffffe,
                                           0xffffffff,
                                           AUDIT_ARCH_X86_64,
                                           AUDIT_ARCH_I386};
        uint32_t n = numbers[random_below(CF_COUNT(numbers))];
        switch (random_below(8)) {
        case 0:
                return n + 1;
        case 1:
                return n - 1;
        case 2:
                return (uint32_t)random_next();
        default:
                return n;
        }
}

static inline struct cf_call random_call(void)
{
        static const uint32_t arches[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64};
        struct cf_call call = {.arch = random_below(8) ? arches[random_below(CF_COUNT(arches))]
                                                       : interesting(),
                               .nr = interesting(),
                               .ip = (uint64_t)interesting() << 32 | interesting()};
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                call.args[i] =
                        (uint64_t)(random_below(2) ? 0 : interesting()) << 32 | interesting();
        return call;
}

/* Which instructions a random program is made of. */
enum flavour {
        FLAVOUR_TESTS,   /* as real filters: loads, masks, comparisons with constants */
        FLAVOUR_COMPUTE, /* everything, constants preferred */
        FLAVOURS,
};

/* An instruction other than a return; `left` follow it in the program. */
static inline struct sock_filter random_instruction(enum flavour flavour, uint32_t left)
{
        static const uint16_t compute[] = {
                BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
                BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG,
        };
        static const uint16_t compare[] = {BPF_JEQ, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET};
        struct sock_filter i = {.k = interesting()};
        uint16_t source = flavour == FLAVOUR_COMPUTE && random_below(4) == 0 ? BPF_X : BPF_K;
        uint32_t reach = left > 1 ? (left < 250 ? left : 250) : 1;
        switch (random_below(flavour == FLAVOUR_COMPUTE ? 16 : 9)) {
        case 0:
        case 1:
        case 2:
                i.code = BPF_LD | BPF_W | BPF_ABS;
                i.k = 4 * (random_below(2) ? random_below(2) : random_below(16));
                break;
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
                if (left == 0)
                        return (struct sock_filter){.code = BPF_LD | BPF_IMM, .k = i.k};
                i.code = (uint16_t)(BPF_JMP | compare[random_below(CF_COUNT(compare))] | source);
                i.jt = (uint8_t)random_below(reach);
                i.jf = (uint8_t)random_below(reach);
                if (random_below(3))
                        *(random_below(2) ? &i.jt : &i.jf) = 0;
                break;
        case 8:
                i.code = BPF_ALU | BPF_AND | BPF_K;
                break;
        case 9:
                i.code = random_below(2) ? BPF_ST : BPF_STX;
                i.k = random_below(3);
                break;
        case 10:
                i.code = (random_below(2) ? BPF_LD : BPF_LDX) | BPF_MEM;
                i.k = random_below(3);
                break;
        case 11:
                i.code = (uint16_t)((random_below(2) ? BPF_LD : BPF_LDX) |
                                    (random_below(4) ? BPF_IMM : BPF_W | BPF_LEN));
                break;
        case 12:
                i.code = BPF_MISC | (random_below(2) ? BPF_TAX : BPF_TXA);
                break;
        case 13:
                i.code = BPF_JMP | BPF_JA;
                i.k = random_below(reach);
                if (left == 0)
                        i.code = BPF_MISC | BPF_TAX;
                break;
        default:
                i.code = (uint16_t)(BPF_ALU | compute[random_below(CF_COUNT(compute))] | source);
                if (BPF_OP(i.code) == BPF_NEG)
                        i.code = BPF_ALU | BPF_NEG;
                if (random_below(2))
                        i.k &= 15;
                if (BPF_OP(i.code) == BPF_LSH || BPF_OP(i.code) == BPF_RSH)
                        i.k &= 31;
                else if (i.k == 0)
                        i.k = 3;
                break;
        }
        return i;
}

static inline struct sock_filter random_return(void)
{
        static const uint32_t values[] = {SECCOMP_RET_ALLOW,       SECCOMP_RET_ERRNO | 1,
                                          SECCOMP_RET_ERRNO | 38,  SECCOMP_RET_KILL_PROCESS,
                                          SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP | 4,
                                          SECCOMP_RET_LOG,         SECCOMP_RET_TRACE | 2};
        return (struct sock_filter){.code = BPF_RET | BPF_K,
                                    .k = random_below(4) ? values[random_below(CF_COUNT(values))]
                                                         : interesting()};
}

/* A program that the kernel takes, of up to `max` instructions, in `code`; its length. */
static inline size_t random_program(struct sock_filter *code, uint32_t max, enum flavour flavour)
{
        for (;;) {
                uint32_t count = 1 + random_below(max);
                for (uint32_t i = 0; i < count; i++) {
                        bool last = i == count - 1;
                        code[i] = last || random_below(6) == 0
                                          ? random_return()
                                          : random_instruction(flavour, count - i - 1);
                        if (last && flavour == FLAVOUR_COMPUTE && random_below(2))
                                code[i] = (struct sock_filter){.code = BPF_RET | BPF_A};
                }
                if (cf_filter_check((struct cf_filter){code, count}, NULL) == 0)
                        return count;
        }
}
