/* SPDX-License-Identifier: Apache-2.0 */
/* Emitted filters: exact, short, fast, and known to the kernel's bitmap. */
#include <string.h>

#include "filter/plan.h"
#include "programs.h"
#include "unit.h"

static cf_policy lift(struct cf_policies *all, struct cf_filter filter)
{
        cf_policy policy = CF_POLICY_NONE;
        assert_int_equal(cf_filter_lift(all, filter, &policy, NULL), 0);
        return policy;
}

/* What cf_filter_emit promises, checked once more from outside. */
static void check_emitted(struct cf_policies *all, cf_policy policy, struct cf_filter filter)
{
        assert_int_equal(cf_filter_check(filter, NULL), 0);
        assert_int_equal(lift(all, filter), policy);
        static const uint32_t tokens[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
                                          0};
        for (size_t i = 0; i < CF_COUNT(tokens); i++) {
                for (uint32_t k = 0; k < 1200; k++) {
                        uint32_t value, nr = k < 600 ? k : k - 600 + CF_X32_BIT;
                        cf_policy call = cf_policy_of_call(all, policy, tokens[i], nr);
                        bool allowed =
                                cf_policy_is_constant(all, call, &value) && value == CF_ALLOW;
                        assert_int_equal(cf_filter_is_known_allowed(filter, tokens[i], nr),
                                         allowed);
                }
        }
}

static void of_random_programs(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        unsigned emitted = 0, refused = 0;
        for (int round = 0; round < 1500; round++) {
                struct sock_filter code[64];
                CF_POLICIES struct cf_policies *all = cf_policies_new(1u << 16);
                enum flavour flavour = (enum flavour)(round % FLAVOURS);
                struct cf_filter filter = {code, random_program(code, 64, flavour)}, ours;
                struct cf_error err = {0};
                cf_policy policy;
                if (cf_filter_lift(all, filter, &policy, NULL) < 0)
                        continue;
                int r = cf_filter_emit(all, policy, NULL, arena, &ours, &err);
                if (r == -E2BIG) { /* many words mixed: no tree says it in 4,096 instructions */
                        refused++;
                        continue;
                }
                assert_int_equal(r, 0);
                check_emitted(all, policy, ours);
                emitted++;
                cf_arena_clear(arena);
        }
        assert_true(refused * 20 < emitted);
}

/* Every n-th number is allowed: trees larger than what a jump reaches. */
static void large(void **state)
{
        (void)state;
        static const unsigned sizes[] = {2, 3, 120, 255, 256, 257, 300, 600, 700, 1500};
        for (size_t s = 0; s < CF_COUNT(sizes); s++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct cf_piece pieces[1501];
                struct cf_filter filter;
                for (unsigned i = 0; i < sizes[s]; i++) {
                        uint32_t value = i % 2 ? CF_ERRNO | (i % 7) : CF_ALLOW;
                        pieces[i] = (struct cf_piece){i * 10, i * 10 + 9,
                                                      cf_policy_constant(all, value)};
                }
                pieces[sizes[s] - 1].last = UINT32_MAX;
                cf_policy policy = cf_policy_cases(all, CF_SLICE_NR, pieces, sizes[s]);
                assert_int_equal(cf_filter_emit(all, policy, NULL, arena, &filter, NULL), 0);
                check_emitted(all, policy, filter);
        }
}

/* Too long for the kernel: refused, with the reason. */
static void too_large(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        static struct cf_piece pieces[5000];
        struct cf_filter filter = {0};
        struct cf_error err = {0};
        for (unsigned i = 0; i < CF_COUNT(pieces); i++)
                pieces[i] = (struct cf_piece){
                        i * 37, i * 37 + 36,
                        cf_policy_constant(all, CF_ERRNO | (uint32_t)random_below(4000))};
        pieces[CF_COUNT(pieces) - 1].last = UINT32_MAX;
        cf_policy policy = cf_policy_cases(all, CF_SLICE_NR, pieces, CF_COUNT(pieces));
        assert_int_equal(cf_filter_emit(all, policy, NULL, arena, &filter, &err), -E2BIG);
        assert_string_equal(err.frames[0].message,
                            "the filter would need more than 4096 instructions");
        assert_null(filter.code);
}

/* Arguments: the shortest known way to ask. */
static void arguments(void **state)
{
        (void)state;
        static const struct {
                struct cf_condition condition;
                size_t count; /* instructions, returns included */
        } rows[] = {
                {{0, CF_EQ, UINT64_MAX, 40}, 6}, /* two loads, two tests, two returns */
                {{0, CF_NE, UINT64_MAX, 40}, 6},
                {{3, CF_LE, UINT64_MAX, 40}, 6},
                {{0, CF_EQ, UINT32_MAX, 40}, 4},
                {{0, CF_EQ, 0x7e020000, 0}, 4},       /* one "any of these bits" */
                {{0, CF_EQ, 0x7e020000, 0x20000}, 5}, /* masked and compared */
                {{0, CF_GE, UINT64_MAX, 0x80000000}, 6},
                {{0, CF_EQ, 0x8000000000000001, 0x8000000000000001}, 6},
                {{6, CF_GE, UINT64_MAX, UINT64_C(1) << 32}, 4},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct cf_filter filter;
                cf_policy policy = cf_policy_choose(
                        all, cf_policy_condition(all, &rows[i].condition),
                        cf_policy_constant(all, CF_ALLOW), cf_policy_constant(all, CF_ERRNO | 1));
                assert_int_equal(cf_filter_emit(all, policy, NULL, arena, &filter, NULL), 0);
                assert_int_equal(filter.count, rows[i].count);
        }
}

/* The cost of the best tree of "at least" comparisons alone, by trying all. */
static uint64_t best_tree(const uint64_t *weights, size_t i, size_t j)
{
        uint64_t sum = 0, best = UINT64_MAX;
        if (i == j)
                return 0;
        for (size_t k = i; k <= j; k++)
                sum += weights[k];
        for (size_t k = i; k < j; k++) {
                uint64_t cost = best_tree(weights, i, k) + best_tree(weights, k + 1, j);
                best = cost < best ? cost : best;
        }
        return sum + best;
}

/* The weighted comparisons of a plan, followed value by value. */
static uint64_t followed(const struct cf_plan *plan, const uint64_t *weights)
{
        uint64_t cost = 0;
        for (size_t piece = 0; piece < plan->count; piece++) {
                size_t i = 0, j = plan->count - 1;
                while (i < j) {
                        struct cf_chain chain;
                        if (cf_plan_is_chain(plan, i, j, &chain)) {
                                size_t at = 0;
                                while (at < chain.count && chain.singles[at] != piece)
                                        at++;
                                cost += weights[piece] * (at < chain.count ? at + 1 : chain.count);
                                if (at == chain.count)
                                        assert_int_equal(plan->pieces[piece].policy,
                                                         plan->pieces[chain.rest].policy);
                                break;
                        }
                        size_t k = cf_plan_split(plan, i, j);
                        assert_true(i <= k && k < j);
                        cost += weights[piece];
                        if (piece <= k)
                                j = k;
                        else
                                i = k + 1;
                }
        }
        return cost;
}

static void plans(void **state)
{
        (void)state;
        for (int round = 0; round < 400; round++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_piece pieces[10];
                uint64_t weights[10];
                size_t count = 2 + random_below(9);
                uint32_t first = 0;
                bool singles = random_below(2);
                for (size_t i = 0; i < count; i++) {
                        bool single = singles && random_below(2);
                        uint32_t last = i + 1 == count ? UINT32_MAX : single ? first : first + 5;
                        pieces[i] = (struct cf_piece){first, last, (cf_policy)(1 + i % 2)};
                        weights[i] = 1 + (random_below(3) ? random_below(10) : random_below(1000));
                        first = last + 1;
                }
                struct cf_plan plan;
                assert_int_equal(cf_plan_make(arena, pieces, weights, count, &plan), 0);
                uint64_t best = best_tree(weights, 0, count - 1), cost = followed(&plan, weights);
                assert_true(cost <= best);
                if (!singles)
                        assert_int_equal(cost, best);
        }
}

static void print(void **state)
{
        (void)state;
        const struct sock_filter code[] = {
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, AUDIT_ARCH_X86_64},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 41},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 20},
                {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xff},
                {BPF_JMP | BPF_JSET | BPF_K, 1, 0, 3},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_K, 0, 0, CF_ERRNO | 38},
                {BPF_LD | BPF_H | BPF_ABS, 0, 0, 0},
        };
        CF_TEXT struct cf_text text = {0};
        cf_filter_print(&text, (struct cf_filter){code, CF_COUNT(code)});
        assert_string_equal(
                text.data,
                "   0  a = architecture\n"
                "   1  if (a == 0xc000003e) go on, else goto 8 (ERRNO(38))  /* x86_64 */\n"
                "   2  a = number\n"
                "   3  if (a == 0x29) go on, else goto 7 (ALLOW)  /* socket */\n"
                "   4  a = arg0.high\n"
                "   5  a &= 0xff\n"
                "   6  if (a & 0x3) goto 8 (ERRNO(38)), else go on\n"
                "   7  return ALLOW\n"
                "   8  return ERRNO(38)\n"
                "   9  code 0x0028, jt 0, jf 0, k 0  /* refused: seccomp has no such "
                "instruction */\n");
}

static void print_run(void **state)
{
        (void)state;
        const struct sock_filter code[] = {
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4},
                {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64},
                {BPF_RET | BPF_K, 0, 0, CF_KILL_THREAD},
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                {BPF_STX, 0, 0, 3},
                {BPF_ST, 0, 0, 4},
                {BPF_LDX | BPF_MEM, 0, 0, 4},
                {BPF_JMP | BPF_JA, 0, 0, 1},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_ALU | BPF_ADD | BPF_K, 0, 0, CF_ERRNO},
                {BPF_RET | BPF_A, 0, 0, 0},
        };
        static const struct {
                const char *line, *effect;
        } lines[] = {
                {"   0  a = architecture", "a = 0xc000003e (x86_64)"},
                {"   1  if (a == 0xc000003e) goto 3, else go on  /* x86_64 */", "yes"},
                {"   3  a = number", "a = 0x29 (socket)"},
                {"   4  memory[3] = x", "memory[3] = 0"},
                {"   5  memory[4] = a", "memory[4] = 0x29"},
                {"   6  x = memory[4]", "x = 0x29"},
                {"   7  goto 9", ""},
                {"   9  if (a > x) go on, else goto 11", "no"},
                {"  11  a += 0x50000", "a = 0x50029"},
                {"  12  return a", "ERRNO(41)"},
        };
        CF_TEXT struct cf_text text = {0}, expected = {0};
        struct cf_filter filter = {code, CF_COUNT(code)};
        struct cf_call call = {.nr = 41, .arch = AUDIT_ARCH_X86_64};
        uint32_t run;
        for (size_t i = 0; i < CF_COUNT(lines); i++)
                cf_text_printf(&expected, lines[i].effect[0] ? "%-72s  %s\n" : "%s%s\n",
                               lines[i].line, lines[i].effect);
        assert_int_equal(cf_filter_check(filter, NULL), 0);
        assert_int_equal(cf_filter_print_run(&text, filter, &call, &run), CF_ERRNO | 41);
        assert_int_equal(run, CF_COUNT(lines));
        assert_string_equal(text.data, expected.data);
}

struct seen {
        uint32_t at[8];
        uint32_t count;
};

static void see(void *context, const struct cf_step *step)
{
        struct seen *seen = context;
        assert_true(seen->count < CF_COUNT(seen->at));
        seen->at[seen->count++] = step->at;
}

static void steps(void **state)
{
        (void)state;
        const struct sock_filter code[] = {
                {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                {BPF_JMP | BPF_JGT | BPF_K, 1, 0, 5},
                {BPF_RET | BPF_K, 0, 0, CF_ALLOW},
                {BPF_RET | BPF_A, 0, 0, 0},
        };
        struct seen seen = {.count = 0};
        struct cf_call call = {.nr = 9};
        uint32_t run;
        struct cf_filter filter = {code, CF_COUNT(code)};
        assert_int_equal(cf_filter_run(filter, &call, see, &seen, &run), 9);
        assert_int_equal(run, 3);
        assert_int_equal(seen.count, 3);
        assert_int_equal(seen.at[2], 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(of_random_programs),
                cmocka_unit_test(large),
                cmocka_unit_test(too_large),
                cmocka_unit_test(arguments),
                cmocka_unit_test(plans),
                cmocka_unit_test(print),
                cmocka_unit_test(print_run),
                cmocka_unit_test(steps),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
