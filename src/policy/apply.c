/* SPDX-License-Identifier: Apache-2.0 */
/* Operations node by node: their depth is at most the number of variables. */
#include "policy/diagram.h"

static uint32_t leaf_value(const struct cf_policies *all, cf_policy p)
{
        return all->nodes[p].low;
}

static cf_policy condition(bool holds)
{
        return holds ? CF_POLICY_TRUE : CF_POLICY_FALSE;
}

/* Rank first, then data: a total order. */
static bool is_below(uint32_t a, uint32_t b)
{
        int32_t rank_a = cf_action_rank(a), rank_b = cf_action_rank(b);
        return rank_a != rank_b ? rank_a < rank_b : a < b;
}

/* The result for two leaves. */
static cf_policy join_leaves(struct cf_policies *all, enum op op, cf_policy a, cf_policy b)
{
        uint32_t x = leaf_value(all, a), y = leaf_value(all, b);
        switch (op) {
        case OP_AND:
                return condition(x && y);
        case OP_OR:
                return condition(x || y);
        case OP_XOR:
                return condition(!x != !y);
        case OP_STACK:
                return cf_action_rank(y) < cf_action_rank(x) ? b : a;
        case OP_INTERSECTION:
                return is_below(y, x) ? b : a;
        case OP_UNION:
                return is_below(x, y) ? b : a;
        case OP_DIFFERS:
                return condition(x != y);
        case OP_LOOSER:
                return condition(cf_action_rank(x) > cf_action_rank(y));
        default:
                return cf_fail(all, FAILED_ARGUMENT);
        }
}

/* What is known without looking further, or CF_POLICY_NONE. */
static cf_policy join_early(enum op op, cf_policy a, cf_policy b)
{
        switch (op) {
        case OP_AND:
                if (a == CF_POLICY_FALSE || b == CF_POLICY_FALSE)
                        return CF_POLICY_FALSE;
                return a == CF_POLICY_TRUE ? b : b == CF_POLICY_TRUE || a == b ? a : CF_POLICY_NONE;
        case OP_OR:
                if (a == CF_POLICY_TRUE || b == CF_POLICY_TRUE)
                        return CF_POLICY_TRUE;
                return a == CF_POLICY_FALSE             ? b
                       : b == CF_POLICY_FALSE || a == b ? a
                                                        : CF_POLICY_NONE;
        case OP_XOR:
                if (a == b)
                        return CF_POLICY_FALSE;
                return a == CF_POLICY_FALSE ? b : b == CF_POLICY_FALSE ? a : CF_POLICY_NONE;
        case OP_STACK:
        case OP_INTERSECTION:
        case OP_UNION:
                return a == b ? a : CF_POLICY_NONE;
        case OP_DIFFERS:
        case OP_LOOSER:
                return a == b ? CF_POLICY_FALSE : CF_POLICY_NONE;
        default:
                return CF_POLICY_NONE;
        }
}

static bool commutes(enum op op)
{
        return op != OP_STACK && op != OP_LOOSER;
}

static cf_policy join(struct cf_policies *all, enum op op, cf_policy a, cf_policy b)
{
        cf_policy early = join_early(op, a, b);
        if (early)
                return early;
        uint32_t var_a = cf_var(all, a), var_b = cf_var(all, b);
        uint32_t var = var_a < var_b ? var_a : var_b;
        if (var == LEAF)
                return join_leaves(all, op, a, b);
        if (a > b && commutes(op)) {
                cf_policy swap = a;
                a = b;
                b = swap;
        }
        const struct cached *known = cf_cached(all, op, a, b, 0);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy low = join(all, op, cf_child(all, a, var, false), cf_child(all, b, var, false));
        if (!low)
                return CF_POLICY_NONE;
        cf_policy high = join(all, op, cf_child(all, a, var, true), cf_child(all, b, var, true));
        cf_policy result = cf_node(all, var, low, high);
        if (result)
                cf_remember(all, op, a, b, 0, result);
        return result;
}

static cf_policy join_policies(struct cf_policies *all, enum op op, cf_policy a, cf_policy b)
{
        if (!a || !b)
                return CF_POLICY_NONE;
        cf_begin(all);
        return join(all, op, a, b);
}

cf_policy cf_policy_and(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_AND, a, b);
}

cf_policy cf_policy_or(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_OR, a, b);
}

cf_policy cf_policy_xor(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_XOR, a, b);
}

cf_policy cf_policy_not(struct cf_policies *all, cf_policy a)
{
        return join_policies(all, OP_XOR, a, CF_POLICY_TRUE);
}

cf_policy cf_policy_stack(struct cf_policies *all, cf_policy newer, cf_policy older)
{
        return join_policies(all, OP_STACK, newer, older);
}

cf_policy cf_policy_intersection(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_INTERSECTION, a, b);
}

cf_policy cf_policy_union(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_UNION, a, b);
}

cf_policy cf_policy_where_differs(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_DIFFERS, a, b);
}

cf_policy cf_policy_where_looser(struct cf_policies *all, cf_policy a, cf_policy b)
{
        return join_policies(all, OP_LOOSER, a, b);
}

static cf_policy choose(struct cf_policies *all, cf_policy c, cf_policy yes, cf_policy no)
{
        if (yes == no)
                return yes;
        uint32_t var = cf_var(all, c);
        if (var == LEAF)
                return leaf_value(all, c) ? yes : no;
        uint32_t var_yes = cf_var(all, yes), var_no = cf_var(all, no);
        var = var_yes < var ? var_yes : var;
        var = var_no < var ? var_no : var;
        const struct cached *known = cf_cached(all, OP_CHOOSE, c, yes, no);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy low = choose(all, cf_child(all, c, var, false), cf_child(all, yes, var, false),
                               cf_child(all, no, var, false));
        if (!low)
                return CF_POLICY_NONE;
        cf_policy high = choose(all, cf_child(all, c, var, true), cf_child(all, yes, var, true),
                                cf_child(all, no, var, true));
        cf_policy result = cf_node(all, var, low, high);
        if (result)
                cf_remember(all, OP_CHOOSE, c, yes, no, result);
        return result;
}

cf_policy cf_policy_choose(struct cf_policies *all, cf_policy c, cf_policy yes, cf_policy no)
{
        if (!c || !yes || !no)
                return CF_POLICY_NONE;
        cf_begin(all);
        return choose(all, c, yes, no);
}

/* Another leaf for every leaf; `param` is the operation's second operand. */
static cf_policy map_leaf(struct cf_policies *all, enum op op, uint32_t value, uint32_t param)
{
        switch (op) {
        case OP_NORMAL:
                return cf_policy_constant(all, cf_action_normal(value));
        case OP_VALUE:
                return condition(value == param);
        case OP_ACTION:
                return condition(cf_action_bit(value) & param);
        default:
                return cf_fail(all, FAILED_ARGUMENT);
        }
}

static cf_policy map(struct cf_policies *all, enum op op, cf_policy p, uint32_t param)
{
        struct node node = all->nodes[p];
        if (node.var == LEAF)
                return map_leaf(all, op, node.low, param);
        const struct cached *known = cf_cached(all, op, p, param, 0);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy low = map(all, op, node.low, param);
        if (!low)
                return CF_POLICY_NONE;
        cf_policy result = cf_node(all, node.var, low, map(all, op, node.high, param));
        if (result)
                cf_remember(all, op, p, param, 0, result);
        return result;
}

static cf_policy map_policy(struct cf_policies *all, enum op op, cf_policy p, uint32_t param)
{
        if (!p)
                return CF_POLICY_NONE;
        cf_begin(all);
        return map(all, op, p, param);
}

cf_policy cf_policy_normal(struct cf_policies *all, cf_policy policy)
{
        return map_policy(all, OP_NORMAL, policy, 0);
}

cf_policy cf_policy_where_value(struct cf_policies *all, cf_policy policy, uint32_t value)
{
        return map_policy(all, OP_VALUE, policy, value);
}

cf_policy cf_policy_where_action(struct cf_policies *all, cf_policy policy, unsigned actions)
{
        return map_policy(all, OP_ACTION, policy, actions);
}

/* Variables of a slice, and what becomes of them. */
struct bits {
        struct cf_slice slice;
        uint64_t mask, value;
        uint32_t op;
};

static uint64_t bit_of(struct cf_slice slice, uint32_t var)
{
        return UINT64_C(1) << (slice.first + slice.width - 1 - var);
}

static cf_policy fix(struct cf_policies *all, const struct bits *bits, cf_policy p)
{
        struct node node = all->nodes[p];
        if (node.var >= (uint32_t)bits->slice.first + bits->slice.width)
                return p;
        const struct cached *known = cf_cached(all, bits->op, p, 0, 0);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy result;
        uint64_t bit = node.var < bits->slice.first ? 0 : bit_of(bits->slice, node.var);
        if (bit & bits->mask) {
                result = fix(all, bits, bit & bits->value ? node.high : node.low);
        } else {
                cf_policy low = fix(all, bits, node.low);
                if (!low)
                        return CF_POLICY_NONE;
                result = cf_node(all, node.var, low, fix(all, bits, node.high));
        }
        if (result)
                cf_remember(all, bits->op, p, 0, 0, result);
        return result;
}

cf_policy cf_policy_fix(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                        uint64_t mask, uint64_t value)
{
        if (!policy)
                return CF_POLICY_NONE;
        cf_begin(all);
        struct bits bits = {slice, mask, value, cf_name_op(all)};
        return fix(all, &bits, policy);
}

static cf_policy exists(struct cf_policies *all, const struct bits *bits, cf_policy p)
{
        struct node node = all->nodes[p];
        if (node.var >= (uint32_t)bits->slice.first + bits->slice.width)
                return p;
        const struct cached *known = cf_cached(all, bits->op, p, 0, 0);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy low = exists(all, bits, node.low), high = low ? exists(all, bits, node.high) : 0;
        cf_policy result = !high                           ? CF_POLICY_NONE
                           : node.var >= bits->slice.first ? join(all, OP_OR, low, high)
                                                           : cf_node(all, node.var, low, high);
        if (result)
                cf_remember(all, bits->op, p, 0, 0, result);
        return result;
}

cf_policy cf_policy_exists(struct cf_policies *all, cf_policy condition_, struct cf_slice slice)
{
        if (!condition_)
                return CF_POLICY_NONE;
        cf_begin(all);
        struct bits bits = {.slice = slice, .op = cf_name_op(all)};
        return exists(all, &bits, condition_);
}
