/* SPDX-License-Identifier: Apache-2.0 */
/* Lifted policies against the interpreter, and what is refused. */
#include <string.h>

#include "programs.h"
#include "unit.h"

static void check_call(struct cf_policies *all, cf_policy policy, struct cf_filter filter,
                       const struct cf_call *call)
{
        assert_int_equal(cf_policy_value(all, policy, call),
                         cf_filter_run(filter, call, NULL, NULL, NULL));
}

/* Random calls, and for every value that the policy gives, the first call that has it. */
static void check_lifted(struct cf_policies *all, cf_policy policy, struct cf_filter filter)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        uint32_t *values;
        size_t count;
        for (int i = 0; i < 40; i++) {
                struct cf_call call = random_call();
                check_call(all, policy, filter, &call);
        }
        assert_int_equal(cf_policy_values(all, policy, arena, &values, &count, NULL), 0);
        for (size_t i = 0; i < count && i < 50; i++) {
                struct cf_call call;
                assert_true(
                        cf_policy_find(all, cf_policy_where_value(all, policy, values[i]), &call));
                assert_int_equal(cf_filter_run(filter, &call, NULL, NULL, NULL), values[i]);
                assert_int_equal(cf_policy_value(all, policy, &call), values[i]);
        }
}

static void random_programs(void **state)
{
        (void)state;
        unsigned lifted = 0, refused = 0;
        struct cf_error err = {0};
        for (int round = 0; round < 2000; round++) {
                struct sock_filter code[64];
                CF_POLICIES struct cf_policies *all = cf_policies_new(1u << 16);
                enum flavour flavour = (enum flavour)(round % FLAVOURS);
                struct cf_filter filter = {code, random_program(code, 64, flavour)};
                cf_policy policy = CF_POLICY_NONE;
                int r = cf_filter_lift(all, filter, &policy, &err);
                if (r == -E2BIG && flavour == FLAVOUR_COMPUTE) {
                        refused++;
                        assert_non_null(strstr(err.frames[0].message, "too complex"));
                        continue;
                }
                assert_int_equal(r, 0);
                check_lifted(all, policy, filter);
                lifted++;
        }
        assert_true(refused * 20 < lifted);
}

#define WORD(n)                                         \
        {                                               \
                BPF_LD | BPF_W | BPF_ABS, 0, 0, 4 * (n) \
        } /* 0 nr, 1 arch, 2 ip, 4 argument 0 … */
#define RETA                             \
        {                                \
                BPF_RET | BPF_A, 0, 0, 0 \
        }

/* Each operation on words of which few bits are left, so that every answer can be listed. */
static void operations(void **state)
{
        (void)state;
        static const uint16_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
                                       BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
        static const uint32_t operands[] = {1, 2, 3, 7, 10, 31, 0x80000000, 0xfffffff0, 0xffffffff};
        for (unsigned op = 0; op < CF_COUNT(ops); op++) {
                for (unsigned k = 0; k <= CF_COUNT(operands); k++) {
                        bool by_x = k == CF_COUNT(operands); /* then by 3 bits of another word */
                        uint32_t operand = by_x ? 0 : operands[k];
                        if ((ops[op] == BPF_LSH || ops[op] == BPF_RSH) && operand > 31)
                                continue;
                        struct sock_filter code[] = {
                                WORD(6),
                                {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x80000003},
                                {BPF_MISC | BPF_TAX, 0, 0, 0},
                                WORD(4),
                                {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xc0000007},
                                {(uint16_t)(BPF_ALU | ops[op] | (by_x ? BPF_X : BPF_K)), 0, 0,
                                 operand},
                                RETA,
                        };
                        if (ops[op] == BPF_NEG)
                                code[5] = (struct sock_filter){.code = BPF_ALU | BPF_NEG};
                        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                        struct cf_filter filter = {code, CF_COUNT(code)};
                        cf_policy policy;
                        assert_int_equal(cf_filter_lift(all, filter, &policy, NULL), 0);
                        for (unsigned bits = 0; bits < 256; bits++) {
                                struct cf_call call = {
                                        .args = {(bits & 7) | (uint64_t)(bits >> 3 & 3) << 30,
                                                 (bits >> 5 & 3) | (uint64_t)(bits >> 7) << 31}};
                                check_call(all, policy, filter, &call);
                        }
                }
        }
}

/* Sums of constants and one word stay small; their comparisons are exact. */
static void arithmetic(void **state)
{
        (void)state;
        const struct sock_filter code[] = {
                WORD(0),
                {BPF_ALU | BPF_SUB | BPF_K, 0, 0, 100},
                {BPF_JMP | BPF_JGE | BPF_K, 0, 1, 50},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO | 1},
        };
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        cf_policy policy;
        struct cf_piece *pieces;
        size_t count;
        assert_int_equal(
                cf_filter_lift(all, (struct cf_filter){code, CF_COUNT(code)}, &policy, NULL), 0);
        cf_policy_pieces(all, policy, CF_SLICE_NR, arena, &pieces, &count, NULL);
        assert_int_equal(count, 3);
        assert_int_equal(pieces[1].first, 100);
        assert_int_equal(pieces[1].last, 149);
}

/* Different ways to the same answer: one policy. */
static void same_policy(void **state)
{
        (void)state;
        const struct sock_filter by_equal[] = {
                WORD(0),
                {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 4},
                {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 5},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO},
        };
        const struct sock_filter by_mask[] = {
                WORD(0),
                {BPF_ST, 0, 0, 7},
                {BPF_LDX | BPF_MEM, 0, 0, 7},
                {BPF_MISC | BPF_TXA, 0, 0, 0},
                {BPF_ALU | BPF_RSH | BPF_K, 0, 0, 1},
                {BPF_JMP | BPF_JGT | BPF_K, 2, 0, 2},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 2},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
        };
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        cf_policy a, b;
        assert_int_equal(
                cf_filter_lift(all, (struct cf_filter){by_equal, CF_COUNT(by_equal)}, &a, NULL), 0);
        assert_int_equal(
                cf_filter_lift(all, (struct cf_filter){by_mask, CF_COUNT(by_mask)}, &b, NULL), 0);
        assert_int_equal(a, b);
}

/* Two arguments added and compared with a third. */
static void too_complex(void **state)
{
        (void)state;
        const struct sock_filter code[] = {
                WORD(4),
                {BPF_MISC | BPF_TAX, 0, 0, 0},
                WORD(6),
                {BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0},
                {BPF_MISC | BPF_TAX, 0, 0, 0},
                WORD(8),
                {BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO},
        };
        CF_POLICIES struct cf_policies *all = cf_policies_new(100000);
        struct cf_error err = {0};
        cf_policy policy = 77;
        assert_int_equal(
                cf_filter_lift(all, (struct cf_filter){code, CF_COUNT(code)}, &policy, &err),
                -E2BIG);
        assert_int_equal(policy, 77);
        assert_string_equal(err.frames[0].message,
                            "the policy is too complex: it needs more than 100000 nodes");
        assert_string_equal(err.frames[1].message, "lifting instruction 3 of the filter");
        const struct sock_filter returns[] = {WORD(0), RETA};
        CF_POLICIES struct cf_policies *more = cf_policies_new(0);
        assert_int_equal(cf_filter_lift(more, (struct cf_filter){returns, 2}, &policy, &err),
                         -E2BIG);
        assert_string_equal(err.frames[0].message,
                            "instruction 1: the filter is too complex: different values returned "
                            "at most 16384");
}

static void refused(void **state)
{
        (void)state;
        const struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, CF_ALLOW};
        const struct {
                struct sock_filter first;
                const char *why; /* NULL: taken, with two returns behind */
        } rows[] = {
                {WORD(15), NULL},
                {WORD(16), "instruction 0: the load is outside of the call's data"},
                {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 2},
                 "instruction 0: the load is not aligned to a word"},
                {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0xfffffffc},
                 "instruction 0: the load is outside of the call's data"},
                {{BPF_LD | BPF_H | BPF_ABS, 0, 0, 0},
                 "instruction 0: seccomp has no such instruction"},
                {{BPF_LD | BPF_W | BPF_IND, 0, 0, 0},
                 "instruction 0: seccomp has no such instruction"},
                {{BPF_ALU | BPF_MOD | BPF_K, 0, 0, 3},
                 "instruction 0: seccomp has no such instruction"},
                {{BPF_RET | BPF_X, 0, 0, 0}, "instruction 0: seccomp has no such instruction"},
                {{0xffff, 0, 0, 0}, "instruction 0: seccomp has no such instruction"},
                {{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, "instruction 0: division by 0"},
                {{BPF_ALU | BPF_LSH | BPF_K, 0, 0, 31}, NULL},
                {{BPF_ALU | BPF_LSH | BPF_K, 0, 0, 32},
                 "instruction 0: a shift by more than 31 bits"},
                {{BPF_ST, 0, 0, 15}, NULL},
                {{BPF_ST, 0, 0, 16}, "instruction 0: there is no such word of scratch memory"},
                {{BPF_LD | BPF_MEM, 0, 0, 0},
                 "instruction 0: it loads scratch memory that may not have been stored before"},
                {{BPF_JMP | BPF_JA, 0, 0, 1}, NULL},
                {{BPF_JMP | BPF_JA, 0, 0, 2}, "instruction 0: the jump leads out of the program"},
                {{BPF_JMP | BPF_JA, 0, 0, 0xffffffff},
                 "instruction 0: the jump leads out of the program"},
                {{BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0}, NULL},
                {{BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 0},
                 "instruction 0: the jump leads out of the program"},
                {{BPF_JMP | BPF_JEQ | BPF_X, 0, 2, 0},
                 "instruction 0: the jump leads out of the program"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct sock_filter code[] = {rows[i].first, allow, allow};
                struct cf_error err = {0};
                int r = cf_filter_check((struct cf_filter){code, 3}, &err);
                assert_int_equal(r, rows[i].why ? -EINVAL : 0);
                if (rows[i].why)
                        assert_string_equal(err.frames[0].message, rows[i].why);
        }
        const struct sock_filter open_end[] = {allow, WORD(0)};
        struct cf_error err = {0};
        assert_int_equal(cf_filter_check((struct cf_filter){open_end, 2}, &err), -EINVAL);
        assert_string_equal(err.frames[0].message,
                            "instruction 1: the last instruction is not a return");
        assert_int_equal(cf_filter_check((struct cf_filter){open_end, 0}, &err), -EINVAL);
}

/* Longest programs, and one more. */
static void lengths(void **state)
{
        (void)state;
        static struct sock_filter code[CF_FILTER_MAX + 1];
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_filter filter;
        struct cf_error err = {0};
        cf_policy policy;
        for (size_t i = 0; i < CF_COUNT(code); i++)
                code[i] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, (uint32_t)i};
        struct cf_span bytes = {(const char *)code, sizeof(code)};
        assert_int_equal(cf_filter_from_bytes(arena, bytes, &filter, &err), -EINVAL);
        bytes.size -= sizeof(*code);
        assert_int_equal(cf_filter_from_bytes(arena, bytes, &filter, &err), 0);
        assert_int_equal(cf_filter_lift(all, filter, &policy, &err), 0);
        bytes.size -= 1;
        assert_int_equal(cf_filter_from_bytes(arena, bytes, &filter, &err), -EINVAL);
        bytes.size = 0;
        assert_int_equal(cf_filter_from_bytes(arena, bytes, &filter, &err), -EINVAL);
        /* every second instruction may add one: ever more sums to tell apart */
        code[0] = (struct sock_filter)WORD(0);
        for (size_t i = 1; i + 2 < CF_FILTER_MAX; i++) {
                code[i] = (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)i};
                if (i % 2 == 0)
                        code[i] = (struct sock_filter){BPF_ALU | BPF_ADD | BPF_K, 0, 0, 1};
        }
        code[CF_FILTER_MAX - 2] = code[CF_FILTER_MAX - 1];
        filter = (struct cf_filter){code, CF_FILTER_MAX};
        assert_int_equal(cf_filter_lift(all, filter, &policy, &err), -E2BIG);
        assert_non_null(strstr(err.frames[0].message, "machine states at most 65536"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_programs), cmocka_unit_test(operations),
                cmocka_unit_test(arithmetic),      cmocka_unit_test(same_policy),
                cmocka_unit_test(too_complex),     cmocka_unit_test(refused),
                cmocka_unit_test(lengths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
