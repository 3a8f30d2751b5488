/* SPDX-License-Identifier: Apache-2.0 */
/* A filter in user space, one instruction at a time. */
#include <linux/seccomp.h>

#include "filter/filter.h"
#include "filter/machine.h"

uint32_t cf_compute(unsigned op, uint32_t a, uint32_t b)
{
        switch (op) {
        case BPF_ADD:
                return a + b;
        case BPF_SUB:
                return a - b;
        case BPF_MUL:
                return a * b;
        case BPF_DIV:
                return a / b;
        case BPF_AND:
                return a & b;
        case BPF_OR:
                return a | b;
        case BPF_XOR:
                return a ^ b;
        case BPF_LSH:
                return a << (b & 31);
        case BPF_RSH:
                return a >> (b & 31);
        default: /* BPF_NEG */
                return 0u - a;
        }
}

bool cf_compare(unsigned op, uint32_t a, uint32_t b)
{
        switch (op) {
        case BPF_JEQ:
                return a == b;
        case BPF_JGT:
                return a > b;
        case BPF_JGE:
                return a >= b;
        default: /* BPF_JSET */
                return (a & b) != 0;
        }
}

struct machine {
        const struct cf_call *call;
        uint32_t a, x;
        uint32_t memory[BPF_MEMWORDS];
};

static uint32_t load(const struct machine *m, const struct sock_filter *i)
{
        uint32_t word;
        switch (BPF_MODE(i->code)) {
        case BPF_ABS:
                memcpy(&word, (const char *)m->call + i->k, sizeof(word));
                return word;
        case BPF_MEM:
                return m->memory[i->k];
        case BPF_LEN:
                return sizeof(struct seccomp_data);
        default: /* BPF_IMM */
                return i->k;
        }
}

/* Runs one instruction that is no return; returns how many to skip. */
static uint32_t step(struct machine *m, const struct sock_filter *i)
{
        uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
                m->a = load(m, i);
                break;
        case BPF_LDX:
                m->x = load(m, i);
                break;
        case BPF_ST:
                m->memory[i->k] = m->a;
                break;
        case BPF_STX:
                m->memory[i->k] = m->x;
                break;
        case BPF_ALU:
                m->a = cf_compute(BPF_OP(i->code), m->a, operand);
                break;
        case BPF_JMP:
                if (BPF_OP(i->code) == BPF_JA)
                        return i->k;
                return cf_compare(BPF_OP(i->code), m->a, operand) ? i->jt : i->jf;
        default: /* BPF_MISC */
                if (BPF_MISCOP(i->code) == BPF_TAX)
                        m->x = m->a;
                else
                        m->a = m->x;
                break;
        }
        return 0;
}

uint32_t cf_filter_run(struct cf_filter filter, const struct cf_call *call,
                       void (*trace)(void *context, const struct cf_step *step), void *context,
                       uint32_t *ret_steps)
{
        struct machine m = {.call = call};
        uint32_t pc = 0, steps = 0, result = 0;
        bool done = false;
        while (!done) {
                const struct sock_filter *i = &filter.code[pc];
                uint32_t next = pc;
                steps++;
                if (BPF_CLASS(i->code) == BPF_RET) {
                        result = BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
                        done = true;
                } else if (i->code == (BPF_ALU | BPF_DIV | BPF_X) && m.x == 0) {
                        result = 0; /* the kernel ends the program: KILL_THREAD */
                        done = true;
                } else {
                        next = pc + 1 + step(&m, i);
                }
                if (trace)
                        trace(context, &(struct cf_step){pc, next, m.a, m.x, m.memory});
                pc = next;
        }
        if (ret_steps)
                *ret_steps = steps;
        return result;
}

/* As seccomp_is_const_allow in kernel/seccomp.c: it gives up at whatever it does not know. */
bool cf_filter_is_known_allowed(struct cf_filter filter, uint32_t arch, uint32_t nr)
{
        uint32_t a = 0;
        for (size_t pc = 0; pc < filter.count; pc++) {
                const struct sock_filter *i = &filter.code[pc];
                switch (i->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        if (i->k == offsetof(struct seccomp_data, nr))
                                a = nr;
                        else if (i->k == offsetof(struct seccomp_data, arch))
                                a = arch;
                        else
                                return false;
                        break;
                case BPF_RET | BPF_K:
                        return i->k == SECCOMP_RET_ALLOW;
                case BPF_JMP | BPF_JA:
                        pc += i->k;
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                case BPF_JMP | BPF_JGE | BPF_K:
                case BPF_JMP | BPF_JGT | BPF_K:
                case BPF_JMP | BPF_JSET | BPF_K:
                        pc += cf_compare(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        a &= i->k;
                        break;
                default:
                        return false;
                }
        }
        return false;
}
