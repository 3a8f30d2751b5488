/* SPDX-License-Identifier: Apache-2.0 */
/* From tests and tables to diagrams. */
#include "policy/diagram.h"

static bool fits(struct cf_slice slice, uint64_t value)
{
        return value <= cf_slice_max(slice);
}

static bool is_slice(struct cf_slice slice)
{
        return slice.width >= 1 && slice.width <= 64 && slice.first + slice.width <= BITS;
}

cf_policy cf_policy_masked(struct cf_policies *all, struct cf_slice slice, uint64_t mask,
                           uint64_t value)
{
        if (!is_slice(slice) || !fits(slice, mask) || !fits(slice, value))
                return cf_fail(all, FAILED_ARGUMENT);
        if (value & ~mask)
                return CF_POLICY_FALSE;
        cf_policy p = CF_POLICY_TRUE;
        uint32_t last = (uint32_t)slice.first + slice.width - 1;
        for (unsigned bit = 0; bit < slice.width && p; bit++) {
                if (!(mask >> bit & 1))
                        continue;
                p = value >> bit & 1 ? cf_node(all, last - bit, CF_POLICY_FALSE, p)
                                     : cf_node(all, last - bit, p, CF_POLICY_FALSE);
        }
        return p;
}

cf_policy cf_policy_equal(struct cf_policies *all, struct cf_slice slice, uint64_t value)
{
        return cf_policy_masked(all, slice, is_slice(slice) ? cf_slice_max(slice) : 0, value);
}

/* (slice & mask) ≥ value, from the last bit on: a 1 in value asks for a 1, at a 0 a 1 decides; bits
 * outside of the mask count as 0. */
static cf_policy masked_at_least(struct cf_policies *all, struct cf_slice slice, uint64_t mask,
                                 uint64_t value)
{
        cf_policy p = CF_POLICY_TRUE;
        uint32_t last = (uint32_t)slice.first + slice.width - 1;
        for (unsigned bit = 0; bit < slice.width && p; bit++) {
                bool wanted = value >> bit & 1;
                if (mask >> bit & 1)
                        p = wanted ? cf_node(all, last - bit, CF_POLICY_FALSE, p)
                                   : cf_node(all, last - bit, p, CF_POLICY_TRUE);
                else if (wanted)
                        p = CF_POLICY_FALSE;
        }
        return p;
}

static cf_policy at_least(struct cf_policies *all, struct cf_slice slice, uint64_t value)
{
        return masked_at_least(all, slice, UINT64_MAX, value);
}

cf_policy cf_policy_range(struct cf_policies *all, struct cf_slice slice, uint64_t first,
                          uint64_t last)
{
        if (!is_slice(slice) || !fits(slice, first) || !fits(slice, last))
                return cf_fail(all, FAILED_ARGUMENT);
        if (first > last)
                return CF_POLICY_FALSE;
        cf_policy p = at_least(all, slice, first);
        if (last == cf_slice_max(slice))
                return p;
        return cf_policy_and(all, p, cf_policy_not(all, at_least(all, slice, last + 1)));
}

cf_policy cf_policy_condition(struct cf_policies *all, const struct cf_condition *c)
{
        if (c->arg > CF_POLICY_ARGS)
                return cf_fail(all, FAILED_ARGUMENT);
        struct cf_slice slice = cf_slice_arg(c->arg); /* argument 6 is the instruction pointer */
        switch (c->op) {
        case CF_EQ:
        case CF_MASKED_EQ:
                return cf_policy_masked(all, slice, c->mask, c->value);
        case CF_NE:
                return cf_policy_not(all, cf_policy_masked(all, slice, c->mask, c->value));
        case CF_GE:
                return masked_at_least(all, slice, c->mask, c->value);
        case CF_LT:
                return cf_policy_not(all, masked_at_least(all, slice, c->mask, c->value));
        case CF_GT:
                if (c->value == UINT64_MAX)
                        return CF_POLICY_FALSE;
                return masked_at_least(all, slice, c->mask, c->value + 1);
        case CF_LE:
                if (c->value == UINT64_MAX)
                        return CF_POLICY_TRUE;
                return cf_policy_not(all, masked_at_least(all, slice, c->mask, c->value + 1));
        }
        return cf_fail(all, FAILED_ARGUMENT);
}

/* Where in a table we are: pieces are used up in order. */
struct cases {
        struct cf_slice slice;
        const struct cf_piece *piece;
};

/* The diagram of the values [base, base + 2^bits - 1]; the current piece contains base. */
static cf_policy build_cases(struct cf_policies *all, struct cases *cases, uint64_t base,
                             unsigned bits)
{
        uint64_t last = bits ? base + (UINT64_MAX >> (64 - bits)) : base;
        while (cases->piece->last < base)
                cases->piece++;
        if (cases->piece->last >= last)
                return cases->piece->policy;
        cf_policy low = build_cases(all, cases, base, bits - 1);
        cf_policy high = build_cases(all, cases, base + (UINT64_C(1) << (bits - 1)), bits - 1);
        return cf_node(all, (uint32_t)cases->slice.first + cases->slice.width - bits, low, high);
}

cf_policy cf_policy_cases(struct cf_policies *all, struct cf_slice slice,
                          const struct cf_piece *pieces, size_t count)
{
        if (!is_slice(slice) || count == 0 || pieces[0].first != 0 ||
            pieces[count - 1].last != cf_slice_max(slice))
                return cf_fail(all, FAILED_ARGUMENT);
        bool behind = true;
        for (size_t i = 0; i < count; i++) {
                if (!pieces[i].policy)
                        return CF_POLICY_NONE;
                if (pieces[i].first > pieces[i].last ||
                    (i > 0 && pieces[i].first != pieces[i - 1].last + 1))
                        return cf_fail(all, FAILED_ARGUMENT);
                behind &= cf_var(all, pieces[i].policy) >= (uint32_t)slice.first + slice.width;
        }
        if (behind) {
                struct cases cases = {slice, pieces};
                return build_cases(all, &cases, 0, slice.width);
        }
        cf_policy p = pieces[0].policy;
        for (size_t i = 1; i < count && p; i++)
                p = cf_policy_choose(all, at_least(all, slice, pieces[i].first), pieces[i].policy,
                                     p);
        return p;
}
