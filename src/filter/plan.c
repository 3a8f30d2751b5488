/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/plan.h"

#include <errno.h>

#define CHAIN_MAX CF_COUNT(((struct cf_chain *)NULL)->singles)

static uint64_t weight_of(const struct cf_plan *plan, size_t i, size_t j)
{
        return plan->before[j + 1] - plan->before[i];
}

static bool is_single(const struct cf_piece *piece)
{
        return piece->first == piece->last;
}

/* The pieces as a chain: all but single values must lead to the same. False when they do not, or
 * when the chain would be too long. */
static bool find_chain(const struct cf_plan *plan, size_t i, size_t j, struct cf_chain *chain)
{
        size_t rest = SIZE_MAX;
        if (j - i > 2 * CHAIN_MAX)
                return false;
        for (size_t k = i; k <= j; k++) {
                if (is_single(&plan->pieces[k]))
                        continue;
                if (rest != SIZE_MAX && plan->pieces[k].policy != plan->pieces[rest].policy)
                        return false;
                rest = k;
        }
        chain->rest = rest == SIZE_MAX ? j : rest;
        chain->count = 0;
        for (size_t k = i; k <= j; k++) {
                if (plan->pieces[k].policy == plan->pieces[chain->rest].policy)
                        continue;
                if (chain->count == CHAIN_MAX)
                        return false;
                size_t at = chain->count++; /* kept in order, the most frequent first */
                for (; at > 0 && weight_of(plan, chain->singles[at - 1], chain->singles[at - 1]) <
                                         weight_of(plan, k, k);
                     at--)
                        chain->singles[at] = chain->singles[at - 1];
                chain->singles[at] = k;
        }
        return true;
}

static uint64_t chain_cost(const struct cf_plan *plan, size_t i, size_t j,
                           const struct cf_chain *chain)
{
        uint64_t cost = 0, left = weight_of(plan, i, j);
        for (size_t k = 0; k < chain->count; k++) {
                cost += left;
                left -= weight_of(plan, chain->singles[k], chain->singles[k]);
        }
        return cost;
}

/* The best way to tell pieces i … j apart, those of all shorter runs being known. */
static void choose(struct cf_plan *plan, size_t i, size_t j)
{
        size_t n = plan->count;
        /* The best split lies between those of the runs that lack one end (Knuth); chains can move
         * it a little. */
        size_t from = j == i + 1 ? i : plan->split[i * n + j - 1];
        size_t to = j == i + 1 ? i : plan->split[(i + 1) * n + j];
        from = from > i + 2 ? from - 2 : i;
        to = to + 2 < j ? to + 2 : j - 1;
        uint64_t best = UINT64_MAX;
        for (size_t k = from; k <= to; k++) {
                uint64_t cost = plan->cost[i * n + k] + plan->cost[(k + 1) * n + j];
                if (cost < best) {
                        best = cost;
                        plan->split[i * n + j] = (uint16_t)k;
                }
        }
        best += weight_of(plan, i, j);
        struct cf_chain chain;
        if (find_chain(plan, i, j, &chain)) {
                uint64_t cost = chain_cost(plan, i, j, &chain);
                if (cost <= best) { /* at the same cost it is shorter */
                        best = cost;
                        plan->chain[i * n + j] = true;
                }
        }
        plan->cost[i * n + j] = best;
}

int cf_plan_make(struct cf_arena *arena, const struct cf_piece *pieces, const uint64_t *weights,
                 size_t count, struct cf_plan *ret_plan)
{
        struct cf_plan plan = {.pieces = pieces, .count = count};
        plan.before = cf_arena_many(arena, count + 1, uint64_t);
        if (!plan.before)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                plan.before[i + 1] = plan.before[i] + weights[i];
        if (count <= CF_PLAN_SEARCHED) {
                plan.cost = cf_arena_many(arena, count * count, uint64_t);
                plan.split = cf_arena_many(arena, count * count, uint16_t);
                plan.chain = cf_arena_many(arena, count * count, bool);
                if (!plan.cost || !plan.split || !plan.chain)
                        return -ENOMEM;
                for (size_t length = 2; length <= count; length++)
                        for (size_t i = 0; i + length <= count; i++)
                                choose(&plan, i, i + length - 1);
        }
        *ret_plan = plan;
        return 0;
}

size_t cf_plan_split(const struct cf_plan *plan, size_t i, size_t j)
{
        if (plan->cost)
                return plan->split[i * plan->count + j];
        uint64_t half = plan->before[i] + weight_of(plan, i, j) / 2;
        size_t k = i;
        while (k + 1 < j && plan->before[k + 1] < half)
                k++;
        return k;
}

bool cf_plan_is_chain(const struct cf_plan *plan, size_t i, size_t j, struct cf_chain *ret_chain)
{
        if (plan->cost)
                return plan->chain[i * plan->count + j] && find_chain(plan, i, j, ret_chain);
        return j - i == 2 && find_chain(plan, i, j, ret_chain) && ret_chain->count == 1;
}

uint64_t cf_plan_cost(const struct cf_plan *plan)
{
        return plan->cost ? plan->cost[plan->count - 1] : UINT64_MAX;
}
