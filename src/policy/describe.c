/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions in words: from a diagram to few rules of few comparisons.
 *
 * Argument by argument: the values of the first argument that the condition looks at are grouped
 * by what is left to decide; each group is written as the shortest of several covers (ranges,
 * excluded values, masked comparisons), and joined with the rules for the rest. At the end every
 * comparison that is not needed is left out, and every rule that the others cover. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "policy/diagram.h"

typedef CF_VEC(struct cf_clause) rule_list;

struct description {
        struct cf_policies *all;
        struct cf_arena *arena; /* what is tried, too */
        enum cf_style style;
        struct cf_error *err;
};

static int no_memory(struct description *d)
{
        if (cf_arena_is_full(d->arena))
                return cf_error_set(d->err, -E2BIG, NULL,
                                    "the condition is too complex: to find its rules takes more "
                                    "than %zu MiB",
                                    CF_POLICY_RULES_MEMORY >> 20);
        return cf_error_set(d->err, -ENOMEM, NULL, "no memory for rules");
}

static int too_many(struct description *d)
{
        return cf_error_set(d->err, -E2BIG, NULL,
                            "the condition is too complex: it needs more than %u rules",
                            CF_POLICY_RULES_MAX);
}

static int add_rule(struct description *d, rule_list *rules, const struct cf_condition *conditions,
                    size_t count)
{
        struct cf_clause rule = {cf_arena_many(d->arena, count, struct cf_condition), count};
        if (rules->count >= CF_POLICY_RULES_MAX)
                return too_many(d);
        if (!rule.conditions)
                return no_memory(d);
        if (count)
                memcpy(rule.conditions, conditions, count * sizeof(*conditions));
        return cf_vec_push(d->arena, rules, rule) < 0 ? no_memory(d) : 0;
}

static size_t count_conditions(const rule_list *rules)
{
        size_t sum = 0;
        for (size_t i = 0; i < rules->count; i++)
                sum += rules->items[i].count;
        return sum;
}

/* ---- One set of values of one argument ------------------------------------------------------ */

/* A set of values of argument `arg`: a condition that looks at `word` only. */
struct value_set {
        uint8_t arg;
        uint64_t mask;         /* the bits that comparisons look at: all, or the lower half */
        struct cf_slice slice; /* the same bits */
        cf_policy set;
};

static struct cf_condition compare(const struct value_set *v, enum cf_operator op, uint64_t value)
{
        return (struct cf_condition){v->arg, op, v->mask, value};
}

/* The comparisons that one range needs; 0: it is everything. */
static size_t range_conditions(const struct value_set *v, uint64_t first, uint64_t last,
                               struct cf_condition conditions[2])
{
        uint64_t max = cf_slice_max(v->slice);
        size_t count = 0;
        if (first == last) {
                conditions[count++] = compare(v, CF_EQ, first);
                return count;
        }
        if (first > 0)
                conditions[count++] = first == 1 ? compare(v, CF_NE, 0) : compare(v, CF_GE, first);
        if (last < max && !(first == 0 && last == max - 1))
                conditions[count++] = compare(v, CF_LE, last);
        else if (last < max)
                conditions[count++] = compare(v, CF_NE, max);
        return count;
}

/* A rule a range. CF_STYLE_PROFILE has one comparison an argument only. -ENOTSUP: not possible. */
static int cover_ranges(struct description *d, const struct value_set *v,
                        const struct cf_piece *pieces, size_t count, rule_list *rules)
{
        for (size_t i = 0; i < count; i++) {
                struct cf_condition conditions[2];
                if (pieces[i].policy == CF_POLICY_FALSE)
                        continue;
                size_t n = range_conditions(v, pieces[i].first, pieces[i].last, conditions);
                if (d->style == CF_STYLE_PROFILE && n > 1)
                        return -ENOTSUP;
                int r = add_rule(d, rules, conditions, n);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One rule that goes from the first value to the last and excludes single ones. */
static int cover_excluded(struct description *d, const struct value_set *v,
                          const struct cf_piece *pieces, size_t count, rule_list *rules)
{
        CF_VEC(struct cf_condition) conditions = {0};
        for (size_t i = 0; i < count; i++) {
                if (pieces[i].policy == CF_POLICY_TRUE)
                        continue;
                bool single = pieces[i].first == pieces[i].last;
                bool at_start = i == 0, at_end = i == count - 1;
                struct cf_condition c;
                if (single)
                        c = compare(v, CF_NE, pieces[i].first);
                else if (at_start)
                        c = compare(v, CF_GT, pieces[i].last);
                else if (at_end)
                        c = compare(v, CF_LT, pieces[i].first);
                else
                        return -ENOTSUP;
                if (cf_vec_push(d->arena, &conditions, c) < 0)
                        return no_memory(d);
        }
        if (d->style == CF_STYLE_PROFILE && conditions.count > 1)
                return -ENOTSUP;
        return add_rule(d, rules, conditions.items, conditions.count);
}

/* A cover of a set by few masked comparisons, irredundant: the sets between `lower` and `upper`
 * are all as good (Minato's recursion). Adds rules; *ret_cover is what they cover together. */
static int cover_masked(struct description *d, const struct value_set *v, cf_policy lower,
                        cf_policy upper, struct cf_condition at, rule_list *rules,
                        cf_policy *ret_cover)
{
        struct cf_policies *all = d->all;
        if (!lower || !upper)
                return cf_failed(all, d->err);
        if (lower == CF_POLICY_FALSE || upper == CF_POLICY_TRUE) {
                *ret_cover = lower == CF_POLICY_FALSE ? CF_POLICY_FALSE : CF_POLICY_TRUE;
                return lower == CF_POLICY_FALSE ? 0 : add_rule(d, rules, &at, 1);
        }
        uint32_t var =
                cf_var(all, lower) < cf_var(all, upper) ? cf_var(all, lower) : cf_var(all, upper);
        uint64_t bit = UINT64_C(1) << (v->slice.first + v->slice.width - 1 - var);
        cf_policy low[2], up[2], covered[2], cover;
        for (unsigned side = 0; side < 2; side++) {
                low[side] = cf_child(all, lower, var, side);
                up[side] = cf_child(all, upper, var, side);
        }
        for (unsigned side = 0; side < 2; side++) {
                struct cf_condition with = at;
                with.mask |= bit;
                with.value |= side ? bit : 0;
                cf_policy only = cf_policy_and(all, low[side], cf_policy_not(all, up[!side]));
                int r = cover_masked(d, v, only, up[side], with, rules, &covered[side]);
                if (r < 0)
                        return r;
        }
        cf_policy rest =
                cf_policy_or(all, cf_policy_and(all, low[0], cf_policy_not(all, covered[0])),
                             cf_policy_and(all, low[1], cf_policy_not(all, covered[1])));
        int r = cover_masked(d, v, rest, cf_policy_and(all, up[0], up[1]), at, rules, &cover);
        if (r < 0)
                return r;
        *ret_cover = cf_policy_or(all, cover, cf_node(all, var, covered[0], covered[1]));
        return *ret_cover ? 0 : cf_failed(all, d->err);
}

/* Everything but one masked comparison: for people only, unless the mask is whole. */
static int cover_negated(struct description *d, const struct value_set *v, rule_list *rules)
{
        rule_list excluded = {0};
        struct cf_condition none = {.arg = v->arg, .op = CF_EQ};
        cf_policy cover, rest = cf_policy_not(d->all, v->set);
        if (d->style == CF_STYLE_PROFILE)
                return -ENOTSUP;
        int r = cover_masked(d, v, rest, rest, none, &excluded, &cover);
        if (r < 0)
                return r;
        if (excluded.count > 1)
                return -ENOTSUP;
        struct cf_condition c = excluded.items[0].conditions[0];
        c.op = CF_NE;
        return add_rule(d, rules, &c, 1);
}

enum cover {
        COVER_RANGES,
        COVER_EXCLUDED,
        COVER_NEGATED,
        COVER_MASKED,
        COVERS,
};

#define RANGES_MAX \
        64 /* more ranges than this are not tried: masks say it shorter, or nothing does */

static int try_cover(struct description *d, const struct value_set *v, enum cover cover,
                     const struct cf_piece *pieces, size_t count, rule_list *rules)
{
        struct cf_condition none = {.arg = v->arg, .op = CF_EQ};
        cf_policy covered;
        switch (cover) {
        case COVER_RANGES:
                return pieces ? cover_ranges(d, v, pieces, count, rules) : -ENOTSUP;
        case COVER_EXCLUDED:
                return pieces ? cover_excluded(d, v, pieces, count, rules) : -ENOTSUP;
        case COVER_NEGATED:
                return cover_negated(d, v, rules);
        case COVER_MASKED:
                return cover_masked(d, v, v->set, v->set, none, rules, &covered);
        case COVERS:
                break;
        }
        return -ENOTSUP;
}

/* The shortest of the covers: fewest rules, then fewest comparisons, then the first. One that is
 * too long is as good as none as long as another is not. */
static int cover_values(struct description *d, const struct value_set *v, rule_list *ret_rules)
{
        struct cf_piece *pieces = NULL;
        size_t count = 0;
        struct cf_error why = {0};
        struct description quiet = {d->all, d->arena, d->style, &why};
        bool found = false;
        /* profiles cannot order what is left under a mask */
        if (d->style == CF_STYLE_WORDS || v->mask == UINT64_MAX)
                cf_policy_pieces(d->all, v->set, v->slice, d->arena, &pieces, &count, NULL);
        if (count > RANGES_MAX)
                pieces = NULL;
        for (enum cover cover = 0; cover < COVERS; cover++) {
                rule_list rules = {0};
                int r = try_cover(&quiet, v, cover, pieces, count, &rules);
                if (r < 0)
                        continue;
                if (!found || rules.count < ret_rules->count ||
                    (rules.count == ret_rules->count &&
                     count_conditions(&rules) < count_conditions(ret_rules)))
                        *ret_rules = rules;
                found = true;
        }
        if (found)
                return 0;
        if (d->err)
                cf_error_copy(d->err, &why);
        return why.code ? why.code : too_many(d);
}

/* ---- Argument after argument ---------------------------------------------------------------- */

/* Where in p the given exit is reached. */
static cf_policy reaches(struct cf_policies *all, cf_policy p, uint32_t end, cf_policy exit,
                         uint32_t op)
{
        struct node node = all->nodes[p];
        if (node.var >= end)
                return p == exit ? CF_POLICY_TRUE : CF_POLICY_FALSE;
        const struct cached *known = cf_cached(all, op, p, 0, 0);
        if (known)
                return known->result;
        cf_policy low = reaches(all, node.low, end, exit, op);
        if (!low)
                return CF_POLICY_NONE;
        cf_policy result = cf_node(all, node.var, low, reaches(all, node.high, end, exit, op));
        if (result)
                cf_remember(all, op, p, 0, 0, result);
        return result;
}

struct exits {
        struct cf_arena *arena;
        CF_VEC(cf_policy) list;
};

static int add_exit(void *context, cf_policy exit)
{
        struct exits *exits = context;
        if (exit == CF_POLICY_FALSE)
                return 0;
        if (exits->list.count >= CF_POLICY_RULES_MAX)
                return -E2BIG;
        return cf_vec_push(exits->arena, &exits->list, exit);
}

static int join_rules(struct description *d, const rule_list *first, const rule_list *rest,
                      rule_list *rules)
{
        for (size_t i = 0; i < first->count; i++) {
                for (size_t j = 0; j < rest->count; j++) {
                        const struct cf_clause *a = &first->items[i], *b = &rest->items[j];
                        if (rules->count >= CF_POLICY_RULES_MAX)
                                return too_many(d);
                        struct cf_clause rule = {.count = a->count + b->count};
                        rule.conditions = cf_arena_many(d->arena, rule.count, struct cf_condition);
                        if (!rule.conditions)
                                return no_memory(d);
                        if (a->count)
                                memcpy(rule.conditions, a->conditions,
                                       a->count * sizeof(*a->conditions));
                        if (b->count)
                                memcpy(rule.conditions + a->count, b->conditions,
                                       b->count * sizeof(*b->conditions));
                        if (cf_vec_push(d->arena, rules, rule) < 0)
                                return no_memory(d);
                }
        }
        return 0;
}

static int describe(struct description *d, cf_policy p, rule_list *rules);

/* The rules for the values of an argument that lead to one exit. */
static int describe_exit(struct description *d, cf_policy p, uint8_t arg, cf_policy exit,
                         rule_list *rules)
{
        struct value_set v = {arg, UINT64_MAX, cf_slice_arg(arg), CF_POLICY_NONE};
        v.set = reaches(d->all, p, (uint32_t)v.slice.first + 64, exit, cf_name_op(d->all));
        if (!v.set)
                return cf_failed(d->all, d->err);
        if (cf_var(d->all, v.set) >= (uint32_t)v.slice.first + 32) {
                v.mask = UINT32_MAX;
                v.slice = cf_slice_word(v.slice.first / 32 + 1);
        }
        rule_list first = {0}, rest = {0};
        int r = cover_values(d, &v, &first);
        if (r == 0)
                r = describe(d, exit, &rest);
        return r < 0 ? r : join_rules(d, &first, &rest, rules);
}

/* Recurses once an argument: seven deep at most. */
static int describe(struct description *d, cf_policy p, rule_list *rules)
{
        if (p == CF_POLICY_FALSE)
                return 0;
        if (cf_is_leaf(d->all, p))
                return add_rule(d, rules, NULL, 0);
        uint8_t arg = (uint8_t)(cf_var(d->all, p) / 64 - 1);
        struct exits exits = {.arena = d->arena};
        int r = cf_exits(d->all, p, 64u * (arg + 2u), add_exit, &exits);
        if (r < 0)
                return r == -E2BIG ? too_many(d) : no_memory(d);
        for (size_t i = 0; i < exits.list.count; i++) {
                r = describe_exit(d, p, arg, exits.list.items[i], rules);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- Leaving out ---------------------------------------------------------------------------- */

/* The diagram of a rule without its `except`-th condition. */
static cf_policy rule_policy(struct cf_policies *all, const struct cf_clause *rule, size_t except)
{
        cf_policy p = CF_POLICY_TRUE;
        for (size_t i = rule->count; i-- > 0;)
                if (i != except)
                        p = cf_policy_and(all, cf_policy_condition(all, &rule->conditions[i]), p);
        return p;
}

/* Leaves out the conditions of a rule without which it still says nothing wrong. */
static int shorten_rule(struct description *d, struct cf_clause *rule, cf_policy allowed)
{
        cf_policy outside = cf_policy_not(d->all, allowed);
        for (size_t i = 0; i < rule->count;) {
                cf_policy wrong = cf_policy_and(d->all, rule_policy(d->all, rule, i), outside);
                if (!wrong)
                        return cf_failed(d->all, d->err);
                if (wrong != CF_POLICY_FALSE) {
                        i++;
                        continue;
                }
                memmove(&rule->conditions[i], &rule->conditions[i + 1],
                        (rule->count - i - 1) * sizeof(*rule->conditions));
                rule->count--;
        }
        return 0;
}

/* Leaves out rules that the others cover: `behind[i]` is what the rules from i on cover. */
static int drop_rules(struct description *d, rule_list *rules)
{
        cf_policy *behind = cf_arena_many(d->arena, rules->count + 1, cf_policy);
        if (!behind)
                return no_memory(d);
        behind[rules->count] = CF_POLICY_FALSE;
        for (size_t i = rules->count; i-- > 0;)
                behind[i] = cf_policy_or(d->all, rule_policy(d->all, &rules->items[i], SIZE_MAX),
                                         behind[i + 1]);
        cf_policy kept = CF_POLICY_FALSE;
        size_t count = 0;
        for (size_t i = 0; i < rules->count; i++) {
                cf_policy rule = rule_policy(d->all, &rules->items[i], SIZE_MAX);
                cf_policy others = cf_policy_or(d->all, kept, behind[i + 1]);
                cf_policy with = cf_policy_or(d->all, others, rule);
                if (!with)
                        return cf_failed(d->all, d->err);
                if (with == others)
                        continue;
                kept = cf_policy_or(d->all, kept, rule);
                rules->items[count++] = rules->items[i];
        }
        rules->count = count;
        return 0;
}

/* A masked comparison has its own operator in profiles. */
static void name_operators(const struct description *d, rule_list *rules)
{
        for (size_t i = 0; i < rules->count; i++) {
                struct cf_clause *rule = &rules->items[i];
                for (size_t k = 0; k < rule->count; k++) {
                        struct cf_condition *c = &rule->conditions[k];
                        if (d->style == CF_STYLE_PROFILE && c->op == CF_EQ && c->mask != UINT64_MAX)
                                c->op = CF_MASKED_EQ;
                }
        }
}

static int order(uint64_t a, uint64_t b)
{
        return a < b ? -1 : a > b;
}

static int by_conditions(const void *a, const void *b)
{
        const struct cf_clause *x = a, *y = b;
        int r = 0;
        for (size_t i = 0; i < x->count && i < y->count && r == 0; i++) {
                const struct cf_condition *c = &x->conditions[i], *d = &y->conditions[i];
                r = order(c->arg, d->arg);
                r = r ? r : order(c->value, d->value);
                r = r ? r : order(c->op, d->op);
                r = r ? r : order(c->mask, d->mask);
        }
        return r ? r : order(x->count, y->count);
}

/* What was found, out of the memory of what was tried. */
static int hand_over(const rule_list *rules, struct cf_arena *arena, struct cf_clauses *ret_rules,
                     struct cf_error *err)
{
        struct cf_clause *copy = cf_arena_many(arena, rules->count, struct cf_clause);
        for (size_t i = 0; copy && i < rules->count; i++) {
                size_t count = rules->items[i].count;
                copy[i].count = count;
                copy[i].conditions = cf_arena_many(arena, count, struct cf_condition);
                if (!copy[i].conditions)
                        copy = NULL;
                else if (count)
                        memcpy(copy[i].conditions, rules->items[i].conditions,
                               count * sizeof(struct cf_condition));
        }
        if (!copy)
                return cf_error_set(err, -ENOMEM, NULL, "no memory for rules");
        *ret_rules = (struct cf_clauses){copy, rules->count};
        return 0;
}

int cf_policy_describe(struct cf_policies *all, cf_policy condition, enum cf_style style,
                       struct cf_arena *arena, struct cf_clauses *ret_rules, struct cf_error *err)
{
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_POLICY_RULES_MEMORY);
        struct description d = {all, scratch, style, err};
        rule_list rules = {0};
        if (!scratch)
                return cf_error_set(err, -ENOMEM, NULL, "no memory for rules");
        if (!condition)
                return cf_failed(all, err);
        if (cf_var(all, condition) < CF_SLICE_NR.first + 32u)
                return cf_error_set(err, -EINVAL, NULL,
                                    "the condition depends on architecture or number");
        if (style == CF_STYLE_PROFILE && cf_policy_words(all, condition) & (3u << 14))
                return cf_error_set(err, -EINVAL, NULL,
                                    "the condition depends on the instruction pointer");
        int r = describe(&d, condition, &rules);
        for (size_t i = 0; i < rules.count && r == 0; i++)
                r = shorten_rule(&d, &rules.items[i], condition);
        if (r == 0)
                r = drop_rules(&d, &rules);
        if (r < 0)
                return r;
        name_operators(&d, &rules);
        if (rules.count)
                qsort(rules.items, rules.count, sizeof(*rules.items), by_conditions);
        return hand_over(&rules, arena, ret_rules, err);
}
