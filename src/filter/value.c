/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/value.h"

#include <linux/filter.h>
#include <string.h>

#include "filter/machine.h"

#define WIDTH 32u
#define F CF_POLICY_FALSE
#define T CF_POLICY_TRUE

/* ---- Ids ------------------------------------------------------------------------------------ */

int cf_values_init(struct cf_values *values, struct cf_policies *all, struct cf_arena *arena)
{
        *values = (struct cf_values){.all = all, .arena = arena, .slot_mask = 255};
        values->slots = cf_arena_many(arena, values->slot_mask + 1, uint32_t);
        if (!values->slots || cf_vec_push(arena, &values->list, (struct cf_value){0}) < 0)
                return -ENOMEM;
        return 0;
}

static uint32_t hash_of(const struct cf_value *value)
{
        uint64_t h = value->kind * UINT64_C(0x9e3779b97f4a7c15) + value->number;
        for (unsigned i = 0; value->kind == CF_VALUE_BITS && i < WIDTH; i++)
                h = (h ^ value->bits[i]) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 32;
        return (uint32_t)(h * UINT64_C(0xd6e8feb86659fd93) >> 32);
}

static bool same(const struct cf_value *a, const struct cf_value *b)
{
        return a->kind == b->kind && a->number == b->number &&
               (a->kind != CF_VALUE_BITS ||
                memcmp(a->bits, b->bits, WIDTH * sizeof(*a->bits)) == 0);
}

static bool grow(struct cf_values *values)
{
        uint32_t mask = 2 * values->slot_mask + 1;
        uint32_t *slots = cf_arena_many(values->arena, (size_t)mask + 1, uint32_t);
        if (!slots)
                return false;
        for (uint32_t id = 1; id < values->list.count; id++) {
                uint32_t at = hash_of(&values->list.items[id]) & mask;
                while (slots[at])
                        at = (at + 1) & mask;
                slots[at] = id;
        }
        values->slots = slots;
        values->slot_mask = mask;
        return true;
}

/* The id of a value; its bits are copied when it is new. */
static uint32_t intern(struct cf_values *values, struct cf_value value)
{
        uint32_t at = hash_of(&value) & values->slot_mask;
        for (; values->slots[at]; at = (at + 1) & values->slot_mask)
                if (same(&values->list.items[values->slots[at]], &value))
                        return values->slots[at];
        if (values->list.count > CF_VALUES_MAX) {
                values->full = true;
                return CF_VALUE_NONE;
        }
        if (value.kind == CF_VALUE_BITS) {
                cf_policy *bits = cf_arena_many(values->arena, WIDTH, cf_policy);
                if (!bits)
                        return CF_VALUE_NONE;
                memcpy(bits, value.bits, WIDTH * sizeof(*bits));
                value.bits = bits;
        }
        if (cf_vec_push(values->arena, &values->list, value) < 0)
                return CF_VALUE_NONE;
        uint32_t id = (uint32_t)(values->list.count - 1);
        values->slots[at] = id;
        if (values->list.count * 2 > values->slot_mask && !grow(values))
                return CF_VALUE_NONE;
        return id;
}

uint32_t cf_value_constant(struct cf_values *values, uint32_t number)
{
        return intern(values, (struct cf_value){CF_VALUE_CONSTANT, number, NULL});
}

uint32_t cf_value_word(struct cf_values *values, unsigned word)
{
        return intern(values, (struct cf_value){CF_VALUE_WORD, word, NULL});
}

/* ---- Bits ----------------------------------------------------------------------------------- */

/* The condition that bit 2^i of a word of the call is set. */
static cf_policy word_bit(struct cf_policies *all, uint32_t word, unsigned i)
{
        struct cf_slice slice = {(uint16_t)(WIDTH * word + (WIDTH - 1 - i)), 1};
        return cf_policy_equal(all, slice, 1);
}

static void get_bits(struct cf_values *values, uint32_t id, cf_policy bits[WIDTH])
{
        const struct cf_value *value = cf_value_at(values, id);
        for (unsigned i = 0; i < WIDTH; i++) {
                if (value->kind == CF_VALUE_CONSTANT)
                        bits[i] = value->number >> i & 1 ? T : F;
                else if (value->kind == CF_VALUE_WORD)
                        bits[i] = word_bit(values->all, value->number, i);
                else
                        bits[i] = value->bits[i];
        }
}

/* The value with these bits: constants and words are recognised. */
static uint32_t put_bits(struct cf_values *values, const cf_policy bits[WIDTH])
{
        uint32_t number = 0;
        bool constant = true, word = true;
        for (unsigned i = 0; i < WIDTH; i++) {
                if (!bits[i])
                        return CF_VALUE_NONE;
                constant &= bits[i] == T || bits[i] == F;
                number |= (bits[i] == T ? 1u : 0u) << i;
        }
        if (constant)
                return cf_value_constant(values, number);
        uint32_t words = cf_policy_words(values->all, bits[0]);
        uint32_t first = words ? (uint32_t)__builtin_ctz(words) : 0;
        for (unsigned i = 0; i < WIDTH && word; i++)
                word = bits[i] == word_bit(values->all, first, i);
        if (word)
                return cf_value_word(values, first);
        return intern(values, (struct cf_value){CF_VALUE_BITS, 0, bits});
}

/* out = a + b + carry over `width` bits; returns the carry out. out may be a or b. */
static cf_policy add_bits(struct cf_policies *all, unsigned width, const cf_policy *a,
                          const cf_policy *b, cf_policy carry, cf_policy *out)
{
        for (unsigned i = 0; i < width; i++) {
                cf_policy half = cf_policy_xor(all, a[i], b[i]);
                cf_policy both = cf_policy_and(all, a[i], b[i]);
                out[i] = cf_policy_xor(all, half, carry);
                carry = cf_policy_or(all, both, cf_policy_and(all, half, carry));
        }
        return carry;
}

static void invert_bits(struct cf_policies *all, unsigned width, const cf_policy *a, cf_policy *out)
{
        for (unsigned i = 0; i < width; i++)
                out[i] = cf_policy_not(all, a[i]);
}

/* a ≥ b: the carry of a + ~b + 1. */
static cf_policy at_least(struct cf_policies *all, const cf_policy *a, const cf_policy *b)
{
        cf_policy carry = T;
        for (unsigned i = 0; i < WIDTH && carry; i++)
                carry = cf_policy_choose(all, cf_policy_xor(all, a[i], b[i]), a[i], carry);
        return carry;
}

static void multiply(struct cf_policies *all, const cf_policy *a, const cf_policy *b,
                     cf_policy *out)
{
        cf_policy sum[WIDTH];
        for (unsigned i = 0; i < WIDTH; i++)
                sum[i] = F;
        for (unsigned shift = 0; shift < WIDTH; shift++) {
                if (b[shift] == F)
                        continue;
                cf_policy part[WIDTH];
                for (unsigned i = 0; i < WIDTH - shift; i++)
                        part[i] = cf_policy_and(all, b[shift], a[i]);
                add_bits(all, WIDTH - shift, sum + shift, part, F, sum + shift);
        }
        memcpy(out, sum, sizeof(sum));
}

/* Long division, a bit of the quotient a round; the remainder needs one bit more. */
static void divide(struct cf_policies *all, const cf_policy *a, const cf_policy *b, cf_policy *out)
{
        cf_policy rest[WIDTH + 1], less_b[WIDTH + 1], quotient[WIDTH];
        invert_bits(all, WIDTH, b, less_b);
        less_b[WIDTH] = T;
        for (unsigned i = 0; i <= WIDTH; i++)
                rest[i] = F;
        for (unsigned round = WIDTH; round-- > 0;) {
                cf_policy reduced[WIDTH + 1];
                memmove(rest + 1, rest, WIDTH * sizeof(*rest));
                rest[0] = a[round];
                quotient[round] = add_bits(all, WIDTH + 1, rest, less_b, T, reduced);
                for (unsigned i = 0; i <= WIDTH; i++)
                        rest[i] = cf_policy_choose(all, quotient[round], reduced[i], rest[i]);
        }
        memcpy(out, quotient, sizeof(quotient));
}

/* Shifts by the lower five bits of b, a power of two at a time. */
static void shift(struct cf_policies *all, bool left, const cf_policy *a, const cf_policy *b,
                  cf_policy *out)
{
        cf_policy now[WIDTH], next[WIDTH];
        memcpy(now, a, sizeof(now));
        for (unsigned power = 0; power < 5; power++) {
                unsigned by = 1u << power;
                for (unsigned i = 0; i < WIDTH; i++) {
                        cf_policy from = F;
                        if (left && i >= by)
                                from = now[i - by];
                        else if (!left && i + by < WIDTH)
                                from = now[i + by];
                        next[i] = cf_policy_choose(all, b[power], from, now[i]);
                }
                memcpy(now, next, sizeof(now));
        }
        memcpy(out, now, sizeof(now));
}

static void compute_bits(struct cf_policies *all, unsigned op, const cf_policy *a,
                         const cf_policy *b, cf_policy *out)
{
        static const cf_policy zero[WIDTH] = {F, F, F, F, F, F, F, F, F, F, F, F, F, F, F, F,
                                              F, F, F, F, F, F, F, F, F, F, F, F, F, F, F, F};
        cf_policy inverse[WIDTH];
        switch (op) {
        case BPF_ADD:
                add_bits(all, WIDTH, a, b, F, out);
                break;
        case BPF_SUB:
                invert_bits(all, WIDTH, b, inverse);
                add_bits(all, WIDTH, a, inverse, T, out);
                break;
        case BPF_NEG:
                invert_bits(all, WIDTH, a, inverse);
                add_bits(all, WIDTH, zero, inverse, T, out);
                break;
        case BPF_MUL:
                multiply(all, a, b, out);
                break;
        case BPF_DIV:
                divide(all, a, b, out);
                break;
        case BPF_LSH:
        case BPF_RSH:
                shift(all, op == BPF_LSH, a, b, out);
                break;
        default:
                for (unsigned i = 0; i < WIDTH; i++)
                        out[i] = op == BPF_AND  ? cf_policy_and(all, a[i], b[i])
                                 : op == BPF_OR ? cf_policy_or(all, a[i], b[i])
                                                : cf_policy_xor(all, a[i], b[i]);
                break;
        }
}

uint32_t cf_value_compute(struct cf_values *values, unsigned op, uint32_t a, uint32_t b)
{
        const struct cf_value *x = cf_value_at(values, a), *y = cf_value_at(values, b);
        if (y->kind == CF_VALUE_CONSTANT) {
                if (x->kind == CF_VALUE_CONSTANT)
                        return cf_value_constant(values, cf_compute(op, x->number, y->number));
                uint32_t k = y->number;
                if (op == BPF_DIV && (k & (k - 1)) == 0) { /* a power of two: a shift */
                        op = BPF_RSH;
                        b = cf_value_constant(values, (uint32_t)__builtin_ctz(k));
                        if (!b)
                                return CF_VALUE_NONE;
                }
        }
        cf_policy bits_a[WIDTH], bits_b[WIDTH], out[WIDTH];
        get_bits(values, a, bits_a);
        get_bits(values, b, bits_b);
        if (op == BPF_MUL && cf_value_is_constant(values, a))
                compute_bits(values->all, op, bits_b, bits_a, out);
        else
                compute_bits(values->all, op, bits_a, bits_b, out);
        return put_bits(values, out);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static cf_policy test_word(struct cf_policies *all, unsigned op, struct cf_slice word, uint32_t k)
{
        switch (op) {
        case BPF_JEQ:
                return cf_policy_equal(all, word, k);
        case BPF_JGT:
                return k == UINT32_MAX ? F : cf_policy_range(all, word, k + 1, UINT32_MAX);
        case BPF_JGE:
                return cf_policy_range(all, word, k, UINT32_MAX);
        default: /* BPF_JSET */
                return cf_policy_not(all, cf_policy_masked(all, word, k, 0));
        }
}

cf_policy cf_value_test(struct cf_values *values, unsigned op, uint32_t a, uint32_t b)
{
        struct cf_policies *all = values->all;
        const struct cf_value *x = cf_value_at(values, a), *y = cf_value_at(values, b);
        if (x->kind == CF_VALUE_CONSTANT && y->kind == CF_VALUE_CONSTANT)
                return cf_compare(op, x->number, y->number) ? T : F;
        if (x->kind == CF_VALUE_WORD && y->kind == CF_VALUE_CONSTANT)
                return test_word(all, op, cf_slice_word(x->number), y->number);
        cf_policy bits_a[WIDTH], bits_b[WIDTH];
        get_bits(values, a, bits_a);
        get_bits(values, b, bits_b);
        cf_policy result = op == BPF_JSET ? F : T;
        switch (op) {
        case BPF_JEQ:
                for (unsigned i = 0; i < WIDTH; i++)
                        result = cf_policy_and(
                                all, result,
                                cf_policy_not(all, cf_policy_xor(all, bits_a[i], bits_b[i])));
                return result;
        case BPF_JSET:
                for (unsigned i = 0; i < WIDTH; i++)
                        result =
                                cf_policy_or(all, result, cf_policy_and(all, bits_a[i], bits_b[i]));
                return result;
        case BPF_JGT:
                return cf_policy_not(all, at_least(all, bits_b, bits_a));
        default: /* BPF_JGE */
                return at_least(all, bits_a, bits_b);
        }
}

/* ---- Answers -------------------------------------------------------------------------------- */

struct answer {
        struct cf_policies *all;
        const cf_policy *bits;
        uint32_t left; /* different answers still allowed */
        bool too_many;
};

/* The answers whose bits from `bit` up are those of `number`, where `when` holds. */
static cf_policy answer_bits(struct answer *answer, unsigned bit, uint32_t number, cf_policy when,
                             cf_policy otherwise)
{
        if (!when || !otherwise || answer->too_many)
                return CF_POLICY_NONE;
        if (when == F)
                return otherwise;
        if (bit == 0) {
                if (answer->left-- == 0) {
                        answer->too_many = true;
                        return CF_POLICY_NONE;
                }
                return cf_policy_choose(answer->all, when, cf_policy_constant(answer->all, number),
                                        otherwise);
        }
        cf_policy set = answer->bits[bit - 1];
        cf_policy low = cf_policy_and(answer->all, when, cf_policy_not(answer->all, set));
        cf_policy high = cf_policy_and(answer->all, when, set);
        otherwise = answer_bits(answer, bit - 1, number, low, otherwise);
        return answer_bits(answer, bit - 1, number | 1u << (bit - 1), high, otherwise);
}

cf_policy cf_value_answer(struct cf_values *values, uint32_t value, uint32_t limit,
                          bool *ret_too_many)
{
        cf_policy bits[WIDTH];
        *ret_too_many = false;
        if (cf_value_is_constant(values, value))
                return cf_policy_constant(values->all, cf_value_at(values, value)->number);
        get_bits(values, value, bits);
        struct answer answer = {values->all, bits, limit, false};
        cf_policy result = answer_bits(&answer, WIDTH, 0, T, F);
        *ret_too_many = answer.too_many;
        return result;
}
