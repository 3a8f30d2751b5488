/* SPDX-License-Identifier: Apache-2.0 */
/* What kafel's expressions are worth, see kafel.h. */
#include "convert/kafel.h"

/* A constant as bits of no argument. */
static void bits_of(const struct cf_kafel_value *value, uint64_t *ret_mask, uint64_t *ret_set)
{
        *ret_mask = value->number ? 0 : value->mask;
        *ret_set = value->number ? value->constant : value->set;
}

/* Whether kafel takes 64 bits of it, were it compared as it is. */
static bool is_wide(const struct cf_kafel_value *value)
{
        return value->number ? value->constant > UINT32_MAX : value->wide;
}

struct cf_kafel_value cf_kafel_bits(const struct cf_kafel_value *left,
                                    const struct cf_kafel_value *right, bool either)
{
        const uint64_t same = either ? 0 : UINT64_MAX, drowns = ~same;
        const struct cf_kafel_value *number = left->number ? left : right;
        const struct cf_kafel_value *other = left->number ? right : left;
        struct cf_kafel_value result = *left;
        uint64_t m1, s1, m2, s2;
        bits_of(left, &m1, &s1);
        bits_of(right, &m2, &s2);
        /* kafel works these out before it looks how wide they are. */
        if (left->number && right->number) {
                result.constant = either ? s1 | s2 : s1 & s2;
        } else if (number->number && number->constant == drowns) {
                result = *number;
        } else if (number->number && number->constant == same) {
                result = *other;
        } else {
                result = (struct cf_kafel_value){
                        .arg = other->arg,
                        .mixed = left->mixed || right->mixed ||
                                 (!number->number && left->arg != right->arg),
                        .wide = is_wide(left) || is_wide(right),
                        .set = either ? s1 | s2 : s1 & s2,
                        /* A bit of the argument is left where one side has it and the other has it,
                         * or what changes nothing. */
                        .mask = either ? (m1 | m2) & ~(s1 | s2) : (m1 & m2) | (m1 & s2) | (s1 & m2),
                };
        }
        if (!left->number && !right->number) {
                unsigned first = left->depth == 0 ? 0 : left->stack + 1;
                result.stack = first > right->stack ? first : right->stack;
        } else {
                result.stack = left->stack > right->stack ? left->stack : right->stack;
        }
        result.depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
        return result;
}

/* What a comparison says when the first bits that differ are these; `rest`: none differs yet. */
static cf_policy outcome(int op, bool left, bool right, cf_policy rest)
{
        bool holds = op == KAFEL_NE;
        if (left == right)
                return rest;
        if (op == '<' || op == KAFEL_LE)
                holds = right;
        if (op == '>' || op == KAFEL_GE)
                holds = left;
        return holds ? CF_POLICY_TRUE : CF_POLICY_FALSE;
}

cf_policy cf_kafel_compare(struct cf_policies *all, const struct cf_kafel_value *left, int op,
                           const struct cf_kafel_value *right)
{
        const unsigned bits = is_wide(left) || is_wide(right) ? 64 : 32;
        const unsigned arg = left->number ? right->arg : left->arg;
        cf_policy holds = op == KAFEL_EQ || op == KAFEL_LE || op == KAFEL_GE ? CF_POLICY_TRUE
                                                                             : CF_POLICY_FALSE;
        uint64_t m1, s1, m2, s2;
        bits_of(left, &m1, &s1);
        bits_of(right, &m2, &s2);
        for (unsigned bit = 0; bit < bits; bit++) {
                bool set1 = s1 >> bit & 1, set2 = s2 >> bit & 1;
                bool any1 = m1 >> bit & 1, any2 = m2 >> bit & 1;
                cf_policy low = outcome(op, set1, set2, holds);
                cf_policy high = outcome(op, set1 || any1, set2 || any2, holds);
                struct cf_slice slice = cf_slice_arg(arg);
                slice.first = (uint16_t)(slice.first + 63 - bit);
                slice.width = 1;
                holds = low == high
                                ? low
                                : cf_policy_choose(all, cf_policy_equal(all, slice, 1), high, low);
        }
        return holds;
}
