/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of numbers, tables of ranges, conditions in words, limits. */
#include <inttypes.h>
#include <string.h>

#include "policy/policy.h"
#include "random.h"
#include "unit.h"

/* The meaning of a comparison, said once more and in another way. */
static bool holds(const struct cf_condition *c, const struct cf_call *call)
{
        uint64_t x = (c->arg == CF_POLICY_ARGS ? call->ip : call->args[c->arg]) & c->mask;
        switch (c->op) {
        case CF_NE:
                return x != c->value;
        case CF_LT:
                return x < c->value;
        case CF_LE:
                return x <= c->value;
        case CF_EQ:
        case CF_MASKED_EQ:
                return x == c->value;
        case CF_GE:
                return x >= c->value;
        case CF_GT:
                return x > c->value;
        }
        abort();
}

/* Numbers at which comparisons turn. */
static uint64_t turning_point(void)
{
        static const uint64_t bases[] = {0,
                                         1,
                                         8,
                                         40,
                                         0x20000,
                                         0x7fffffff,
                                         0x80000000,
                                         0xffffffff,
                                         0x100000000,
                                         0x100000028,
                                         0x7fffffffffffffff,
                                         0x8000000000000000,
                                         0xffffffff00000000,
                                         0xffffffffffffffff};
        return bases[random_below(CF_COUNT(bases))] + random_below(3) - 1;
}

static uint64_t any_mask(void)
{
        switch (random_below(4)) {
        case 0:
                return UINT32_MAX;
        case 1:
                return random_next() & random_next();
        default:
                return UINT64_MAX;
        }
}

static struct cf_condition any_condition(unsigned args)
{
        struct cf_condition c = {.arg = (uint8_t)random_below(args),
                                 .op = (enum cf_operator)(1 + random_below(7)),
                                 .mask = any_mask(),
                                 .value = turning_point()};
        if (random_below(4))
                c.value &= c.mask;
        return c;
}

static struct cf_call any_call(void)
{
        struct cf_call call = {.ip = turning_point()};
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                call.args[i] = random_below(4) ? turning_point() : random_next();
        return call;
}

static void comparisons(void **state)
{
        (void)state;
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        for (int round = 0; round < 3000; round++) {
                struct cf_condition c = any_condition(7);
                cf_policy p = cf_policy_condition(all, &c);
                assert_int_not_equal(p, CF_POLICY_NONE);
                for (int i = 0; i < 40; i++) {
                        struct cf_call call = any_call();
                        if (i < 3 && c.arg < CF_POLICY_ARGS)
                                call.args[c.arg] = c.value + (uint64_t)i - 1;
                        assert_int_equal(cf_policy_value(all, p, &call), holds(&c, &call));
                }
        }
}

static void ranges_and_cases(void **state)
{
        (void)state;
        for (int round = 0; round < 300; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_piece pieces[10], *again;
                struct cf_slice slice = round % 2 ? CF_SLICE_NR : cf_slice_arg(2);
                uint64_t max = cf_slice_max(slice), first = 0;
                size_t count = 0, count_again;
                cf_policy by_ranges = CF_POLICY_FALSE;
                while (count < 9 && first < max) {
                        uint64_t last = first + (turning_point() & (round % 3 ? 0xff : max));
                        if (count == 8 || last >= max || last < first)
                                last = max;
                        /* now and then a policy that looks at bits in front of the slice */
                        cf_policy p = round % 5 == 0 ? cf_policy_equal(all, CF_SLICE_ARCH, count)
                                                     : cf_policy_constant(all, (uint32_t)count);
                        pieces[count++] = (struct cf_piece){first, last, p};
                        by_ranges = cf_policy_choose(all, cf_policy_range(all, slice, first, last),
                                                     p, by_ranges);
                        if (last == max)
                                break;
                        first = last + 1;
                }
                if (pieces[count - 1].last != max)
                        pieces[count - 1].last = max;
                cf_policy p = cf_policy_cases(all, slice, pieces, count);
                if (by_ranges != p) { /* the last piece may have been widened */
                        by_ranges = cf_policy_choose(
                                all, cf_policy_range(all, slice, pieces[count - 1].first, max),
                                pieces[count - 1].policy, by_ranges);
                }
                assert_int_equal(p, by_ranges);
                if (round % 5 == 0)
                        continue;
                assert_int_equal(cf_policy_pieces(all, p, slice, arena, &again, &count_again, NULL),
                                 0);
                assert_int_equal(count, count_again);
                for (size_t i = 0; i < count; i++) {
                        assert_int_equal(again[i].first, pieces[i].first);
                        assert_int_equal(again[i].last, pieces[i].last);
                        assert_int_equal(again[i].policy, pieces[i].policy);
                }
        }
}

static void refused(void **state)
{
        (void)state;
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_error err = {0};
        struct cf_piece gap[] = {{0, 3, CF_POLICY_TRUE}, {5, UINT32_MAX, CF_POLICY_FALSE}};
        struct cf_piece *pieces;
        size_t count;
        assert_int_equal(cf_policy_equal(all, CF_SLICE_NR, UINT64_C(1) << 32), CF_POLICY_NONE);
        assert_int_equal(cf_policies_check(all, CF_POLICY_NONE, &err), -EINVAL);
        assert_int_equal(cf_policy_cases(all, CF_SLICE_NR, gap, 2), CF_POLICY_NONE);
        assert_int_equal(cf_policy_equal(all, (struct cf_slice){500, 20}, 1), CF_POLICY_NONE);
        assert_int_equal(cf_policy_not(all, CF_POLICY_NONE), CF_POLICY_NONE);
        assert_int_equal(cf_policy_masked(all, CF_SLICE_NR, 0xf0, 0x1), CF_POLICY_FALSE);
        cf_policy arch = cf_policy_equal(all, CF_SLICE_ARCH, 3);
        assert_int_equal(cf_policy_pieces(all, arch, CF_SLICE_NR, arena, &pieces, &count, &err),
                         -EINVAL);
        struct cf_clauses rules;
        assert_int_equal(cf_policy_describe(all, arch, CF_STYLE_WORDS, arena, &rules, &err),
                         -EINVAL);
        /* every second number: more pieces than anybody would list */
        cf_policy odd = cf_policy_masked(all, CF_SLICE_NR, 1, 1);
        assert_int_equal(cf_policy_pieces(all, odd, CF_SLICE_NR, arena, &pieces, &count, &err),
                         -E2BIG);
        assert_non_null(strstr(err.frames[0].message, "131072"));
}

/* The sum of two arguments equal to a third: exponential in this order of bits. */
static cf_policy sum_policy(struct cf_policies *all, unsigned bits)
{
        cf_policy equal = CF_POLICY_TRUE, carry = CF_POLICY_FALSE;
        for (unsigned i = 0; i < bits; i++) {
                cf_policy x[3];
                for (unsigned k = 0; k < 3; k++)
                        x[k] = cf_policy_masked(all, cf_slice_arg(k), UINT64_C(1) << i,
                                                UINT64_C(1) << i);
                cf_policy half = cf_policy_xor(all, x[0], x[1]);
                cf_policy sum = cf_policy_xor(all, half, carry);
                equal = cf_policy_and(all, equal,
                                      cf_policy_not(all, cf_policy_xor(all, sum, x[2])));
                carry = cf_policy_or(all, cf_policy_and(all, x[0], x[1]),
                                     cf_policy_and(all, half, carry));
        }
        return equal;
}

static void node_limit(void **state)
{
        (void)state;
        struct cf_error err = {0};
        CF_POLICIES struct cf_policies *all = cf_policies_new(5000);
        assert_int_not_equal(sum_policy(all, 5), CF_POLICY_NONE);
        cf_policy small = cf_policy_equal(all, CF_SLICE_NR, 77);
        assert_int_equal(sum_policy(all, 32), CF_POLICY_NONE);
        assert_int_equal(cf_policies_check(all, CF_POLICY_NONE, &err), -E2BIG);
        assert_string_equal(err.frames[0].message,
                            "the policy is too complex: it needs more than 5000 nodes");
        assert_int_equal(cf_policies_count(all), 5000);
        /* what was there still answers */
        struct cf_call call = {.nr = 77};
        assert_int_equal(cf_policy_value(all, small, &call), 1);
        assert_int_equal(cf_policy_equal(all, CF_SLICE_NR, 77), small);
        /* exactly at the limit: two exist from the start, three more are needed */
        CF_POLICIES struct cf_policies *few = cf_policies_new(5);
        assert_int_not_equal(cf_policy_equal(few, (struct cf_slice){0, 3}, 7), CF_POLICY_NONE);
        CF_POLICIES struct cf_policies *fewer = cf_policies_new(4);
        assert_int_equal(cf_policy_equal(fewer, (struct cf_slice){0, 3}, 7), CF_POLICY_NONE);
}

static void summary(void **state)
{
        (void)state;
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        cf_policy allow = cf_policy_constant(all, CF_ALLOW),
                  refuse = cf_policy_constant(all, CF_ERRNO);
        cf_policy some =
                cf_policy_choose(all, cf_policy_equal(all, cf_slice_arg(0), 3), allow, refuse);
        struct cf_piece pieces[] = {
                {0, 9, allow}, {10, 12, some}, {13, 99, refuse}, {100, UINT32_MAX, allow}};
        cf_policy p = cf_policy_cases(all, CF_SLICE_NR, pieces, 4);
        p = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_ARCH, 5), p, refuse);
        struct cf_summary s;
        assert_int_equal(cf_policy_summary(all, p, 5, 0, 109, cf_action_bit(CF_ALLOW), &s, NULL),
                         0);
        assert_int_equal(s.always, 20);
        assert_int_equal(s.sometimes, 3);
        assert_int_equal(s.never, 87);
        assert_int_equal(
                cf_policy_summary(all, p, 6, 0, UINT32_MAX, cf_action_bit(CF_ALLOW), &s, NULL), 0);
        assert_int_equal(s.never, UINT64_C(1) << 32);
        struct cf_count count;
        CF_TEXT struct cf_text text = {0};
        assert_int_equal(cf_policy_count(all, CF_POLICY_TRUE, &count, NULL), 0);
        cf_count_print(&text, &count); /* 2^512 */
        assert_string_equal(
                text.data,
                "134078079299425970995740249982058461274793658205923933777235614437217640300"
                "735469768018742981669034276900318581864860508537538828119465699464336490060"
                "84096");
        cf_text_clear(&text);
        cf_policy_count(all, CF_POLICY_FALSE, &count, NULL);
        cf_count_print(&text, &count);
        assert_string_equal(text.data, "0");
}

static void actions(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        uint32_t value;
        for (unsigned i = 0; i < CF_ACTION_COUNT; i++) {
                assert_true(cf_action_by_name(cf_action_name(cf_action_at(i)), &value));
                assert_int_equal(value, cf_action_at(i));
                assert_int_equal(cf_action_bit(value | 9), 1u << i);
                if (i)
                        assert_true(cf_action_rank(cf_action_at(i - 1)) < cf_action_rank(value));
        }
        assert_false(cf_action_by_name("KILL", &value));
        cf_action_print(&text, CF_ERRNO | 38);
        cf_text_putc(&text, ' ');
        cf_action_print(&text, CF_ALLOW);
        cf_text_putc(&text, ' ');
        cf_action_print(&text, CF_ERRNO);
        cf_text_putc(&text, ' ');
        cf_action_print(&text, 0x12345678);
        assert_string_equal(text.data, "ERRNO(38) ALLOW ERRNO(0) 0x12345678");
        assert_int_equal(cf_action_normal(CF_ERRNO | 4096), CF_ERRNO | 4095);
        assert_int_equal(cf_action_normal(CF_TRAP | 4096), CF_TRAP | 4096);
        assert_int_equal(cf_action_normal(CF_ALLOW | 1), CF_ALLOW);
        assert_int_equal(cf_action_normal(0x12340000), CF_KILL_PROCESS);
        assert_int_equal(cf_action_bit(0x12340000), CF_ACTIONS_OTHER);
}

static void print_rules(struct cf_text *text, const struct cf_clauses *rules)
{
        static const char *const operators[] = {"?", "!=", "<", "<=", "==", ">=", ">", "&=="};
        for (size_t i = 0; i < rules->count; i++) {
                if (i)
                        cf_text_puts(text, " or ");
                for (size_t k = 0; k < rules->clauses[i].count; k++) {
                        const struct cf_condition *c = &rules->clauses[i].conditions[k];
                        cf_text_printf(text, "%sa%u", k ? " and " : "", c->arg);
                        if (c->mask != UINT64_MAX)
                                cf_text_printf(text, "&%#" PRIx64, c->mask);
                        cf_text_printf(text, " %s %#" PRIx64, operators[c->op], c->value);
                }
                if (!rules->clauses[i].count)
                        cf_text_puts(text, "always");
        }
        if (!rules->count)
                cf_text_puts(text, "never");
}

/* Any of the rows' rules (those that share `rule`) holds. */
struct row {
        unsigned rule;
        struct cf_condition condition;
};

#define ALL UINT64_MAX
#define LOW UINT64_C(0xffffffff)

static void in_words(void **state)
{
        (void)state;
        static const struct {
                struct row rows[8];
                const char *words, *profile;
        } cases[] = {
                {{{0}}, "never", "never"},
                {{{1, {0, CF_GE, ALL, 0}}}, "always", "always"},
                {{{1, {0, CF_EQ, ALL, 0x40000}}}, "a0 == 0x40000", "a0 == 0x40000"},
                {{{1, {0, CF_NE, ALL, 40}}}, "a0 != 0x28", "a0 != 0x28"},
                {{{1, {0, CF_EQ, LOW, 40}}}, "a0&0xffffffff == 0x28", "a0&0xffffffff &== 0x28"},
                {{{1, {0, CF_NE, LOW, 40}}}, "a0&0xffffffff != 0x28", NULL},
                {{{1, {0, CF_EQ, 0x7e020000, 0}}}, "a0&0x7e020000 == 0", "a0&0x7e020000 &== 0"},
                {{{1, {0, CF_NE, 0x7e020000, 0}}}, "a0&0x7e020000 != 0", NULL},
                {{{1, {1, CF_GE, ALL, 5}}, {1, {1, CF_LE, ALL, 1000}}},
                 "a1 >= 0x5 and a1 <= 0x3e8",
                 NULL},
                {{{1, {1, CF_LT, ALL, 5}}, {2, {1, CF_GT, ALL, 1000}}},
                 "a1 <= 0x4 or a1 >= 0x3e9",
                 "a1 <= 0x4 or a1 >= 0x3e9"},
                {{{1, {1, CF_NE, ALL, 40}}, {1, {1, CF_NE, ALL, 38}}},
                 "a1 != 0x26 and a1 != 0x28",
                 NULL},
                /* not disjoint: each rule as short as it was written */
                {{{1, {0, CF_EQ, ALL, 1}}, {2, {1, CF_EQ, ALL, 2}}},
                 "a0 == 0x1 or a1 == 0x2",
                 "a0 == 0x1 or a1 == 0x2"},
                {{{1, {0, CF_EQ, ALL, 1}}, {1, {1, CF_EQ, ALL, 2}}, {2, {2, CF_NE, ALL, 0}}},
                 "a0 == 0x1 and a1 == 0x2 or a2 != 0",
                 "a0 == 0x1 and a1 == 0x2 or a2 != 0"},
                /* one implies the other */
                {{{1, {0, CF_GT, ALL, 9}}, {2, {0, CF_EQ, ALL, 12}}, {2, {1, CF_EQ, ALL, 12}}},
                 "a0 >= 0xa",
                 "a0 >= 0xa"},
        };
        for (size_t i = 0; i < CF_COUNT(cases); i++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                cf_policy any = CF_POLICY_FALSE;
                for (const struct row *row = cases[i].rows; row->rule;) {
                        cf_policy rule = CF_POLICY_TRUE;
                        for (unsigned id = row->rule; row->rule == id; row++)
                                rule = cf_policy_and(all, rule,
                                                     cf_policy_condition(all, &row->condition));
                        any = cf_policy_or(all, any, rule);
                }
                for (enum cf_style style = CF_STYLE_PROFILE; style <= CF_STYLE_WORDS; style++) {
                        const char *expected =
                                style == CF_STYLE_WORDS ? cases[i].words : cases[i].profile;
                        CF_TEXT struct cf_text text = {0};
                        struct cf_clauses rules;
                        assert_int_equal(cf_policy_describe(all, any, style, arena, &rules, NULL),
                                         0);
                        print_rules(&text, &rules);
                        if (expected)
                                assert_string_equal(text.data, expected);
                }
        }
}

static cf_policy policy_of(struct cf_policies *all, const struct cf_clauses *rules, size_t without,
                           size_t without_condition)
{
        cf_policy any = CF_POLICY_FALSE;
        for (size_t i = 0; i < rules->count; i++) {
                cf_policy rule = CF_POLICY_TRUE;
                if (i == without && without_condition == SIZE_MAX)
                        continue;
                for (size_t k = 0; k < rules->clauses[i].count; k++)
                        if (i != without || k != without_condition)
                                rule = cf_policy_and(
                                        all, rule,
                                        cf_policy_condition(all, &rules->clauses[i].conditions[k]));
                any = cf_policy_or(all, any, rule);
        }
        return any;
}

/* Random conditions: the words mean the same, and nothing in them can be left out. */
static void words_are_exact(void **state)
{
        (void)state;
        int refused_count = 0;
        for (int round = 0; round < 200; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                enum cf_style style = round % 2 ? CF_STYLE_PROFILE : CF_STYLE_WORDS;
                cf_policy any = CF_POLICY_FALSE;
                for (unsigned rules = 1 + random_below(3); rules > 0; rules--) {
                        cf_policy rule = CF_POLICY_TRUE;
                        for (unsigned n = 1 + random_below(3); n > 0; n--) {
                                struct cf_condition c = any_condition(3);
                                if (c.mask == LOW && style == CF_STYLE_PROFILE)
                                        c.mask = ALL;
                                rule = cf_policy_and(all, rule, cf_policy_condition(all, &c));
                        }
                        any = cf_policy_or(all, any, rule);
                }
                struct cf_clauses rules;
                struct cf_error err = {0};
                int r = cf_policy_describe(all, any, style, arena, &rules, &err);
                if (r == -E2BIG && ++refused_count)
                        continue;
                assert_int_equal(r, 0);
                assert_int_equal(policy_of(all, &rules, SIZE_MAX, SIZE_MAX), any);
                for (size_t i = 0; i < rules.count && rules.count < 50; i++) {
                        assert_int_not_equal(policy_of(all, &rules, i, SIZE_MAX), any);
                        unsigned seen = 0;
                        for (size_t k = 0; k < rules.clauses[i].count; k++) {
                                const struct cf_condition *c = &rules.clauses[i].conditions[k];
                                assert_int_not_equal(policy_of(all, &rules, i, k), any);
                                if (style != CF_STYLE_PROFILE)
                                        continue;
                                assert_false(seen & 1u << c->arg);
                                seen |= 1u << c->arg;
                                assert_true(c->mask == ALL || c->op == CF_MASKED_EQ);
                        }
                }
        }
        assert_true(refused_count < 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(comparisons), cmocka_unit_test(ranges_and_cases),
                cmocka_unit_test(refused),     cmocka_unit_test(node_limit),
                cmocka_unit_test(summary),     cmocka_unit_test(actions),
                cmocka_unit_test(in_words),    cmocka_unit_test(words_are_exact),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
