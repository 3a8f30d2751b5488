/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's conditions on a seccomp filter: seccomp_check_filter in kernel/seccomp.c and
 * bpf_check_classic, check_load_and_stores in net/core/filter.c. */
#include <linux/seccomp.h>

#include "filter/filter.h"
#include "filter/machine.h"

_Static_assert(sizeof(struct cf_call) == sizeof(struct seccomp_data), "a call is seccomp_data");
_Static_assert(offsetof(struct cf_call, arch) == offsetof(struct seccomp_data, arch), "arch");
_Static_assert(offsetof(struct cf_call, ip) == offsetof(struct seccomp_data, instruction_pointer),
               "ip");
_Static_assert(offsetof(struct cf_call, args) == offsetof(struct seccomp_data, args), "args");
_Static_assert(CF_FILTER_MAX == BPF_MAXINSNS, "length");

int cf_filter_from_bytes(struct cf_arena *arena, struct cf_span bytes, struct cf_filter *ret_filter,
                         struct cf_error *err)
{
        size_t size = sizeof(struct sock_filter);
        if (bytes.size == 0)
                return cf_error_set(err, -EINVAL, NULL, "the filter is empty");
        if (bytes.size % size)
                return cf_error_set(err, -EINVAL, NULL,
                                    "%zu bytes are not a whole number of instructions "
                                    "(of %zu bytes each)",
                                    bytes.size, size);
        if (bytes.size / size > CF_FILTER_MAX)
                return cf_error_set(err, -EINVAL, NULL,
                                    "%zu instructions: the kernel takes %u at most",
                                    bytes.size / size, CF_FILTER_MAX);
        struct sock_filter *code = cf_arena_alloc(arena, bytes.size);
        if (!code)
                return cf_error_set(err, -ENOMEM, NULL, "no memory for a filter");
        memcpy(code, bytes.data, bytes.size);
        *ret_filter = (struct cf_filter){code, bytes.size / size};
        return 0;
}

static int refuse(struct cf_error *err, size_t at, const char *why)
{
        return cf_error_set(err, -EINVAL, NULL, "instruction %zu: %s", at, why);
}

const char *cf_instruction_refused(const struct sock_filter *i, size_t left)
{
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
                if (i->k % 4)
                        return "the load is not aligned to a word";
                return i->k >= sizeof(struct seccomp_data)
                               ? "the load is outside of the call's data"
                               : NULL;
        case BPF_ALU | BPF_DIV | BPF_K:
                return i->k == 0 ? "division by 0" : NULL;
        case BPF_ALU | BPF_LSH | BPF_K:
        case BPF_ALU | BPF_RSH | BPF_K:
                return i->k > 31 ? "a shift by more than 31 bits" : NULL;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
        case BPF_ST:
        case BPF_STX:
                return i->k >= BPF_MEMWORDS ? "there is no such word of scratch memory" : NULL;
        case BPF_JMP | BPF_JA:
                return i->k >= left ? "the jump leads out of the program" : NULL;
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JEQ | BPF_X:
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_X:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_X:
        case BPF_JMP | BPF_JSET | BPF_K:
        case BPF_JMP | BPF_JSET | BPF_X:
                return i->jt >= left || i->jf >= left ? "the jump leads out of the program" : NULL;
        case BPF_LD | BPF_W | BPF_LEN:
        case BPF_LDX | BPF_W | BPF_LEN:
        case BPF_LD | BPF_IMM:
        case BPF_LDX | BPF_IMM:
        case BPF_RET | BPF_K:
        case BPF_RET | BPF_A:
        case BPF_ALU | BPF_ADD: /* BPF_K: both are 0 */
        case BPF_ALU | BPF_ADD | BPF_X:
        case BPF_ALU | BPF_SUB | BPF_K:
        case BPF_ALU | BPF_SUB | BPF_X:
        case BPF_ALU | BPF_MUL | BPF_K:
        case BPF_ALU | BPF_MUL | BPF_X:
        case BPF_ALU | BPF_DIV | BPF_X:
        case BPF_ALU | BPF_AND | BPF_K:
        case BPF_ALU | BPF_AND | BPF_X:
        case BPF_ALU | BPF_OR | BPF_K:
        case BPF_ALU | BPF_OR | BPF_X:
        case BPF_ALU | BPF_XOR | BPF_K:
        case BPF_ALU | BPF_XOR | BPF_X:
        case BPF_ALU | BPF_LSH | BPF_X:
        case BPF_ALU | BPF_RSH | BPF_X:
        case BPF_ALU | BPF_NEG:
        case BPF_MISC | BPF_TAX:
        case BPF_MISC | BPF_TXA:
                return NULL;
        default:
                return "seccomp has no such instruction";
        }
}

/* Every word of scratch memory must be stored before it is loaded, on all ways. As in the kernel,
 * what a return leaves behind flows on into the instruction after it. */
static int check_memory(struct cf_filter filter, struct cf_error *err)
{
        uint16_t stored_at[CF_FILTER_MAX], stored = 0;
        memset(stored_at, 0xff, filter.count * sizeof(*stored_at));
        for (size_t pc = 0; pc < filter.count; pc++) {
                const struct sock_filter *i = &filter.code[pc];
                stored &= stored_at[pc];
                if (i->code == BPF_ST || i->code == BPF_STX) {
                        stored |= (uint16_t)(1u << i->k);
                } else if (i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM)) {
                        if (!(stored >> i->k & 1))
                                return refuse(err, pc,
                                              "it loads scratch memory that may not have "
                                              "been stored before");
                } else if (i->code == (BPF_JMP | BPF_JA)) {
                        stored_at[pc + 1 + i->k] &= stored;
                        stored = UINT16_MAX;
                } else if (BPF_CLASS(i->code) == BPF_JMP) {
                        stored_at[pc + 1 + i->jt] &= stored;
                        stored_at[pc + 1 + i->jf] &= stored;
                        stored = UINT16_MAX;
                }
        }
        return 0;
}

int cf_filter_check(struct cf_filter filter, struct cf_error *err)
{
        if (filter.count == 0)
                return cf_error_set(err, -EINVAL, NULL, "the filter is empty");
        if (filter.count > CF_FILTER_MAX)
                return cf_error_set(err, -EINVAL, NULL,
                                    "%zu instructions: the kernel takes %u at most", filter.count,
                                    CF_FILTER_MAX);
        for (size_t pc = 0; pc < filter.count; pc++) {
                const char *why = cf_instruction_refused(&filter.code[pc], filter.count - pc - 1);
                if (why)
                        return refuse(err, pc, why);
        }
        if (BPF_CLASS(filter.code[filter.count - 1].code) != BPF_RET)
                return refuse(err, filter.count - 1, "the last instruction is not a return");
        return check_memory(filter, err);
}
