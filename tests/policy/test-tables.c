/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies over a few bits against tables of all their answers. */
#include <string.h>

#include "policy/policy.h"
#include "random.h"
#include "unit.h"

#define BITS 9u
#define CALLS (1u << BITS)

/* Bits from every part of a call, ascending as variables: the others are 0. */
static const uint16_t variables[BITS] = {0, 31, 33, 62, 63, 64, 127, 300, 511};
static const uint32_t answers[] = {CF_ALLOW,        CF_ALLOW | 7,    CF_ERRNO | 1,   CF_ERRNO | 38,
                                   CF_ERRNO | 5000, CF_KILL_PROCESS, CF_KILL_THREAD, CF_TRAP | 3,
                                   CF_LOG,          CF_TRACE | 2,    CF_USER_NOTIF,  0x12345678,
                                   0x80010000,      0x7ffe0001};

struct table {
        uint32_t answer[CALLS]; /* by number: variables[0] is the highest bit */
};

static bool bit_of(unsigned number, unsigned bit)
{
        return number >> (BITS - 1 - bit) & 1;
}

static struct cf_call call_of(unsigned number)
{
        uint32_t words[CF_WORDS] = {0};
        for (unsigned i = 0; i < BITS; i++)
                if (bit_of(number, i))
                        words[variables[i] / 32] |= 0x80000000u >> variables[i] % 32;
        struct cf_call call = {.arch = words[0], .nr = words[1]};
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                call.args[i] = (uint64_t)words[2 + 2 * i] << 32 | words[3 + 2 * i];
        call.ip = (uint64_t)words[14] << 32 | words[15];
        return call;
}

/* A policy of the table, put together in an order of bits that depends on `salt`. */
static cf_policy build(struct cf_policies *all, const struct table *table, unsigned salt,
                       unsigned done, unsigned number)
{
        if (done == CALLS - 1)
                return cf_policy_constant(all, table->answer[number]);
        unsigned bit = salt % BITS;
        while (done & 1u << (BITS - 1 - bit))
                bit = (bit + 1) % BITS;
        unsigned value = 1u << (BITS - 1 - bit);
        cf_policy c = cf_policy_equal(all, (struct cf_slice){variables[bit], 1}, 1);
        return cf_policy_choose(all, c, build(all, table, salt, done | value, number | value),
                                build(all, table, salt, done | value, number));
}

/* Few different answers in blocks, or many anywhere. */
static void fill(struct table *table, bool is_condition)
{
        unsigned kinds = 1 + random_below(CF_COUNT(answers)), block = 1u << random_below(BITS);
        unsigned mask = random_below(CALLS);
        uint32_t kept[CALLS];
        for (unsigned i = 0; i < CALLS; i++)
                kept[i] = is_condition ? random_below(2) : answers[random_below(kinds)];
        for (unsigned i = 0; i < CALLS; i++)
                table->answer[i] = kept[(i & mask) / block];
}

static int32_t rank(uint32_t value)
{
        return (int32_t)(value & 0xffff0000);
}

static void check(struct cf_policies *all, cf_policy p, const struct table *table)
{
        assert_int_not_equal(p, CF_POLICY_NONE);
        for (unsigned i = 0; i < CALLS; i++) {
                struct cf_call call = call_of(i);
                assert_int_equal(cf_policy_value(all, p, &call), table->answer[i]);
        }
        assert_int_equal(p, build(all, table, 4, 0, 0));
}

/* Expected by the definition, one call at a time. */
static uint32_t stacked(uint32_t newer, uint32_t older)
{
        return rank(older) < rank(newer) ? older : newer;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
        if (rank(a) != rank(b))
                return rank(a) < rank(b) ? a : b;
        return a < b ? a : b;
}

static uint32_t upper(uint32_t a, uint32_t b)
{
        return lower(a, b) == a ? b : a;
}

static uint32_t differs(uint32_t a, uint32_t b)
{
        return a != b;
}

static uint32_t looser(uint32_t a, uint32_t b)
{
        return rank(a) > rank(b);
}

static void canonical(void **state)
{
        (void)state;
        for (int round = 0; round < 40; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table table;
                fill(&table, false);
                cf_policy p = build(all, &table, 0, 0, 0);
                check(all, p, &table);
                for (unsigned salt = 1; salt < BITS; salt++)
                        assert_int_equal(p, build(all, &table, salt, 0, 0));
                table.answer[random_below(CALLS)] ^= 0x100;
                assert_int_not_equal(p, build(all, &table, 0, 0, 0));
        }
}

static void joins(void **state)
{
        (void)state;
        static const struct {
                cf_policy (*join)(struct cf_policies *all, cf_policy a, cf_policy b);
                uint32_t (*expected)(uint32_t a, uint32_t b);
        } rows[] = {
                {cf_policy_stack, stacked},       {cf_policy_intersection, lower},
                {cf_policy_union, upper},         {cf_policy_where_differs, differs},
                {cf_policy_where_looser, looser},
        };
        for (int round = 0; round < 60; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table a, b, result;
                fill(&a, false);
                fill(&b, false);
                cf_policy pa = build(all, &a, 1, 0, 0), pb = build(all, &b, 2, 0, 0);
                for (unsigned row = 0; row < CF_COUNT(rows); row++) {
                        for (unsigned i = 0; i < CALLS; i++)
                                result.answer[i] = rows[row].expected(a.answer[i], b.answer[i]);
                        check(all, rows[row].join(all, pa, pb), &result);
                }
                assert_int_equal(cf_policy_union(all, pa, pb), cf_policy_union(all, pb, pa));
                assert_int_equal(cf_policy_intersection(all, pa, cf_policy_union(all, pa, pb)), pa);
                assert_int_equal(cf_policy_stack(all, pa, pa), pa);
        }
}

static void conditions(void **state)
{
        (void)state;
        for (int round = 0; round < 60; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table a, b, c, result;
                fill(&a, true);
                fill(&b, true);
                fill(&c, false);
                cf_policy pa = build(all, &a, 1, 0, 0), pb = build(all, &b, 2, 0, 0);
                cf_policy pc = build(all, &c, 3, 0, 0);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[i] && b.answer[i];
                check(all, cf_policy_and(all, pa, pb), &result);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[i] || b.answer[i];
                check(all, cf_policy_or(all, pa, pb), &result);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[i] != b.answer[i];
                check(all, cf_policy_xor(all, pa, pb), &result);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = !a.answer[i];
                check(all, cf_policy_not(all, pa), &result);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[i] ? b.answer[i] : c.answer[i];
                check(all, cf_policy_choose(all, pa, pb, pc), &result);
        }
}

static void leaves(void **state)
{
        (void)state;
        for (int round = 0; round < 40; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct table a, result;
                fill(&a, false);
                cf_policy pa = build(all, &a, 1, 0, 0);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = cf_action_normal(a.answer[i]);
                check(all, cf_policy_normal(all, pa), &result);
                uint32_t value = answers[random_below(CF_COUNT(answers))];
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[i] == value;
                check(all, cf_policy_where_value(all, pa, value), &result);
                unsigned set = random_below(512);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = (cf_action_bit(a.answer[i]) & set) != 0;
                check(all, cf_policy_where_action(all, pa, set), &result);
                uint32_t *values;
                size_t count, found = 0;
                assert_int_equal(cf_policy_values(all, pa, arena, &values, &count, NULL), 0);
                for (size_t i = 0; i < count; i++) {
                        assert_true(i == 0 || values[i - 1] < values[i]);
                        for (unsigned k = 0; k < CALLS; k++)
                                if (a.answer[k] == values[i]) {
                                        found++;
                                        break;
                                }
                }
                assert_int_equal(found, count);
                for (unsigned k = 0; k < CALLS; k++) {
                        size_t i = 0;
                        while (i < count && values[i] != a.answer[k])
                                i++;
                        assert_true(i < count);
                }
        }
}

/* Bits of `number` that lie in the slice. */
static unsigned bits_in(struct cf_slice slice, uint64_t mask)
{
        unsigned bits = 0;
        for (unsigned i = 0; i < BITS; i++) {
                if (variables[i] < slice.first || variables[i] >= slice.first + slice.width)
                        continue;
                if (mask >> (slice.first + slice.width - 1 - variables[i]) & 1)
                        bits |= 1u << (BITS - 1 - i);
        }
        return bits;
}

static void parts(void **state)
{
        (void)state;
        static const struct cf_slice slices[] = {{0, 32}, {32, 32}, {64, 64}, {448, 64}, {30, 5}};
        for (int round = 0; round < 60; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table a, result;
                struct cf_slice slice = slices[random_below(CF_COUNT(slices))];
                uint64_t mask = random_next() | random_next();
                uint64_t value = random_next();
                mask &= cf_slice_max(slice);
                value &= cf_slice_max(slice);
                fill(&a, false);
                cf_policy pa = build(all, &a, 1, 0, 0);
                unsigned fixed = bits_in(slice, mask), to = bits_in(slice, mask & value);
                for (unsigned i = 0; i < CALLS; i++)
                        result.answer[i] = a.answer[(i & ~fixed) | to];
                check(all, cf_policy_fix(all, pa, slice, mask, value), &result);
                fill(&a, true);
                pa = build(all, &a, 1, 0, 0);
                unsigned free_bits = bits_in(slice, UINT64_MAX);
                for (unsigned i = 0; i < CALLS; i++) {
                        result.answer[i] = 0;
                        for (unsigned k = 0; k < CALLS; k++)
                                result.answer[i] |= ((i ^ k) & ~free_bits) == 0 && a.answer[k];
                }
                check(all, cf_policy_exists(all, pa, slice), &result);
        }
}

static void questions(void **state)
{
        (void)state;
        for (int round = 0; round < 60; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table a, b;
                fill(&a, round % 2);
                fill(&b, round % 2);
                cf_policy pa = build(all, &a, 1, 0, 0), pb = build(all, &b, 2, 0, 0);
                struct cf_call call, witness;
                unsigned first = 0, first_looser = 0, count = 0;
                while (first < CALLS && !a.answer[first])
                        first++;
                for (unsigned i = 0; i < CALLS; i++)
                        count += a.answer[i] != 0;
                assert_int_equal(cf_policy_find(all, pa, &call), first < CALLS);
                if (first < CALLS) {
                        struct cf_call expected = call_of(first);
                        assert_memory_equal(&call, &expected, sizeof(call));
                }
                while (first_looser < CALLS &&
                       rank(a.answer[first_looser]) <= rank(b.answer[first_looser]))
                        first_looser++;
                assert_int_equal(cf_policy_is_as_strict(all, pa, pb, &witness, NULL),
                                 first_looser == CALLS);
                if (first_looser < CALLS) {
                        struct cf_call expected = call_of(first_looser);
                        assert_memory_equal(&witness, &expected, sizeof(call));
                }
                /* each of our calls stands for 2^(512-9) real ones: shift back and compare */
                struct cf_count counted, expected = {{0}};
                assert_int_equal(cf_policy_count(all, pa, &counted, NULL), 0);
                expected.digits[(512 - BITS) / 32] = count << (512 - BITS) % 32;
                expected.digits[(512 - BITS) / 32 + 1] =
                        (uint32_t)((uint64_t)count << (512 - BITS) % 32 >> 32);
                assert_memory_equal(&counted, &expected, sizeof(counted));
                for (unsigned i = 0; i < CALLS; i++) {
                        call = call_of(i);
                        cf_policy rest = cf_policy_of_call(all, pa, call.arch, call.nr);
                        call.arch = call.nr = 0;
                        assert_int_equal(cf_policy_value(all, rest, &call), a.answer[i]);
                        assert_int_equal(cf_policy_words(all, rest) & 3, 0);
                }
        }
}

struct cubes {
        struct cf_policies *all;
        cf_policy sum, covered;
};

static int add_cube(void *context, const struct cf_cube *cube)
{
        struct cubes *cubes = context;
        cf_policy c = CF_POLICY_TRUE;
        for (unsigned w = CF_WORDS; w-- > 0;)
                c = cf_policy_and(cubes->all,
                                  cf_policy_masked(cubes->all, cf_slice_word(w), cube->mask[w],
                                                   cube->value[w]),
                                  c);
        assert_int_equal(cf_policy_and(cubes->all, c, cubes->covered), CF_POLICY_FALSE);
        cubes->covered = cf_policy_or(cubes->all, cubes->covered, c);
        cubes->sum = cf_policy_choose(cubes->all, c, cf_policy_constant(cubes->all, cube->result),
                                      cubes->sum);
        return 0;
}

static void paths(void **state)
{
        (void)state;
        for (int round = 0; round < 20; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                struct table a;
                fill(&a, false);
                cf_policy pa = build(all, &a, 1, 0, 0);
                struct cubes cubes = {all, CF_POLICY_FALSE, CF_POLICY_FALSE};
                assert_int_equal(cf_policy_cubes(all, pa, add_cube, &cubes), 0);
                assert_int_equal(cubes.covered, CF_POLICY_TRUE);
                assert_int_equal(cubes.sum, pa);
        }
}

/* The differences, put back together, turn one policy into the other; each witness is one. */
static void differences(void **state)
{
        (void)state;
        for (int round = 0; round < 60; round++) {
                CF_POLICIES struct cf_policies *all = cf_policies_new(0);
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct table a, b;
                fill(&a, false);
                b = a;
                for (unsigned i = random_below(6); i > 0; i--)
                        b.answer[random_below(CALLS)] = answers[random_below(CF_COUNT(answers))];
                if (round % 3 == 0)
                        fill(&b, false);
                cf_policy pa = build(all, &a, 1, 0, 0), pb = build(all, &b, 2, 0, 0);
                struct cf_difference *list;
                size_t count;
                /* Bits that variables[] leaves out are free, so that a difference would come
                 * back in millions of ranges: let there be only one of them. */
                cf_policy one =
                        cf_policy_and(all, cf_policy_masked(all, CF_SLICE_ARCH, 0x7ffffffe, 0),
                                      cf_policy_masked(all, CF_SLICE_NR, 0xbffffffc, 0));
                cf_policy fa = cf_policy_choose(all, one, pa, pb);
                assert_int_equal(cf_policy_compare(all, fa, pb, arena, &list, &count, NULL), 0);
                cf_policy patched = fa;
                for (size_t i = 0; i < count; i++) {
                        const struct cf_difference *d = &list[i];
                        assert_int_equal(cf_policy_value(all, fa, &d->witness), d->value_a);
                        assert_int_equal(cf_policy_value(all, pb, &d->witness), d->value_b);
                        assert_int_not_equal(d->value_a, d->value_b);
                        cf_policy c = cf_policy_range(all, CF_SLICE_NR, d->nr_first, d->nr_last);
                        c = cf_policy_and(
                                all,
                                cf_policy_range(all, CF_SLICE_ARCH, d->arch_first, d->arch_last),
                                c);
                        c = cf_policy_and(all, c, d->condition);
                        assert_int_equal(
                                cf_policy_choose(all, c, cf_policy_constant(all, d->value_a), fa),
                                fa);
                        patched = cf_policy_choose(all, c, cf_policy_constant(all, d->value_b),
                                                   patched);
                }
                assert_int_equal(patched, pb);
                assert_int_equal(count == 0, fa == pb);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(canonical),  cmocka_unit_test(joins),
                cmocka_unit_test(conditions), cmocka_unit_test(leaves),
                cmocka_unit_test(parts),      cmocka_unit_test(questions),
                cmocka_unit_test(paths),      cmocka_unit_test(differences),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
