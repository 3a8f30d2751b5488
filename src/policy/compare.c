/* SPDX-License-Identifier: Apache-2.0 */
/* Every difference of two policies. */
#include <stdlib.h>

#include "base/vec.h"
#include "policy/diagram.h"

/* A leaf of the product of two policies stands for a pair of their leaves. The pairs found so far,
 * by number, and a table from pair to number. */
struct product {
        struct cf_policies *all;
        struct cf_arena *arena;
        uint32_t op;
        CF_VEC(uint64_t) pairs;
};

/* Pairs are few (the actions of two policies), and found again through the cache: a search will do
 * until somebody makes policies of very many values, and then the limit stops it. */
#define PAIRS_MAX 4096u

static cf_policy pair_of(struct product *product, uint32_t a, uint32_t b)
{
        uint64_t pair = (uint64_t)a << 32 | b;
        size_t i = 0;
        while (i < product->pairs.count && product->pairs.items[i] != pair)
                i++;
        if (i == PAIRS_MAX)
                return cf_fail(product->all, FAILED_STEPS);
        if (i == product->pairs.count && cf_vec_push(product->arena, &product->pairs, pair) < 0)
                return cf_fail(product->all, FAILED_MEMORY);
        return cf_policy_constant(product->all, (uint32_t)i);
}

static cf_policy multiply(struct product *product, cf_policy a, cf_policy b)
{
        struct cf_policies *all = product->all;
        uint32_t var_a = cf_var(all, a), var_b = cf_var(all, b);
        uint32_t var = var_a < var_b ? var_a : var_b;
        if (a == b) /* pair number 0: equal */
                return CF_POLICY_FALSE;
        const struct cached *known = cf_cached(all, product->op, a, b, 0);
        if (known)
                return known->result;
        if (!cf_step(all))
                return CF_POLICY_NONE;
        cf_policy result;
        if (var == LEAF) {
                result = pair_of(product, all->nodes[a].low, all->nodes[b].low);
        } else {
                cf_policy low = multiply(product, cf_child(all, a, var, false),
                                         cf_child(all, b, var, false));
                if (!low)
                        return CF_POLICY_NONE;
                result = cf_node(all, var, low,
                                 multiply(product, cf_child(all, a, var, true),
                                          cf_child(all, b, var, true)));
        }
        if (result)
                cf_remember(all, product->op, a, b, 0, result);
        return result;
}

struct comparison {
        struct product product;
        struct cf_error *err;
        struct cf_difference range; /* the architectures and numbers under way */
        CF_VEC(struct cf_difference) list;
};

static int by_pair(const void *a, const void *b, void *context)
{
        const uint64_t *pairs = context;
        uint64_t x = pairs[*(const uint32_t *)a], y = pairs[*(const uint32_t *)b];
        return x < y ? -1 : x > y;
}

/* One pair of values under the present architectures and numbers. */
static int add_difference(struct comparison *c, cf_policy product, uint32_t number)
{
        struct cf_policies *all = c->product.all;
        struct cf_difference found = c->range;
        found.value_a = (uint32_t)(c->product.pairs.items[number] >> 32);
        found.value_b = (uint32_t)c->product.pairs.items[number];
        found.condition = cf_policy_where_value(all, product, number);
        int r = cf_policies_check(all, found.condition, c->err);
        if (r < 0)
                return r;
        cf_policy_find(all, found.condition, &found.witness);
        found.witness.arch = found.arch_first;
        found.witness.nr = found.nr_first;
        if (c->list.count >= CF_POLICY_REGIONS_MAX)
                return cf_error_set(c->err, -E2BIG, NULL,
                                    "the policies differ in more than %u places",
                                    CF_POLICY_REGIONS_MAX);
        if (cf_vec_push(c->product.arena, &c->list, found) < 0)
                return cf_error_set(c->err, -ENOMEM, NULL, "no memory for differences");
        return 0;
}

static int compare_call(struct comparison *c, cf_policy product)
{
        uint32_t *numbers;
        size_t count;
        int r = cf_policy_values(c->product.all, product, c->product.arena, &numbers, &count,
                                 c->err);
        if (r < 0)
                return r;
        /* numbers tell what was met first; the list is to be ascending by values */
        qsort_r(numbers, count, sizeof(*numbers), by_pair, c->product.pairs.items);
        for (size_t i = 0; i < count && r == 0; i++)
                if (numbers[i] != 0)
                        r = add_difference(c, product, numbers[i]);
        return r;
}

static int compare_arch(struct comparison *c, cf_policy product)
{
        struct cf_piece *numbers = NULL;
        size_t count = 0;
        int r = cf_policy_pieces(c->product.all, product, CF_SLICE_NR, c->product.arena, &numbers,
                                 &count, c->err);
        for (size_t i = 0; i < count && r == 0; i++) {
                if (numbers[i].policy == CF_POLICY_FALSE)
                        continue;
                c->range.nr_first = (uint32_t)numbers[i].first;
                c->range.nr_last = (uint32_t)numbers[i].last;
                r = compare_call(c, numbers[i].policy);
        }
        return r;
}

int cf_policy_compare(struct cf_policies *all, cf_policy a, cf_policy b, struct cf_arena *arena,
                      struct cf_difference **ret_differences, size_t *ret_count,
                      struct cf_error *err)
{
        struct comparison c = {.product = {.all = all, .arena = arena, .op = cf_name_op(all)},
                               .err = err};
        if (!a || !b)
                return cf_failed(all, err);
        if (cf_vec_push(arena, &c.product.pairs, 0) < 0) /* number 0: equal */
                return cf_error_set(err, -ENOMEM, NULL, "no memory for differences");
        cf_begin(all);
        cf_policy product = multiply(&c.product, a, b);
        int r = cf_policies_check(all, product, err);
        struct cf_piece *arches = NULL;
        size_t count = 0;
        if (r == 0)
                r = cf_policy_pieces(all, product, CF_SLICE_ARCH, arena, &arches, &count, err);
        for (size_t i = 0; i < count && r == 0; i++) {
                if (arches[i].policy == CF_POLICY_FALSE)
                        continue;
                c.range.arch_first = (uint32_t)arches[i].first;
                c.range.arch_last = (uint32_t)arches[i].last;
                r = compare_arch(&c, arches[i].policy);
        }
        if (r < 0)
                return r;
        *ret_differences = c.list.items;
        *ret_count = c.list.count;
        return 0;
}
