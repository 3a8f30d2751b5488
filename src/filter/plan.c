/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/plan.h"

#include <errno.h>

#define CHAIN_MAX CF_COUNT(((struct cf_chain *)NULL)->singles)

static int32_t weight_of(const struct cf_plan *plan, size_t i, size_t j)
{
        return plan->before[j + 1] - plan->before[i];
}

static bool is_single(const struct cf_piece *piece)
{
        return piece->first == piece->last;
}

/* Finds from where on pieces up to j lead to the same, single values aside. */
static void find_chains(struct cf_plan *plan)
{
        size_t from = 0;
        for (size_t j = 0; j < plan->count; j++) {
                if (j - from > 2 * CHAIN_MAX)
                        from++;
                for (size_t i = j; !is_single(&plan->pieces[j]) && i-- > from;) {
                        if (is_single(&plan->pieces[i]))
                                continue;
                        if (plan->pieces[i].policy != plan->pieces[j].policy)
                                from = i + 1;
                        break;
                }
                plan->chain[j] = from;
        }
}

/* The pieces as a chain: all but single values lead to the same. False when they do not, or when
 * the chain would be too long. */
static bool find_chain(const struct cf_plan *plan, size_t i, size_t j, struct cf_chain *chain)
{
        if (i < plan->chain[j])
                return false;
        chain->rest = j;
        for (size_t k = i; k < j && is_single(&plan->pieces[chain->rest]); k++)
                chain->rest = is_single(&plan->pieces[k]) ? j : k;
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

static int32_t chain_cost(const struct cf_plan *plan, size_t i, size_t j,
                          const struct cf_chain *chain)
{
        int32_t cost = 0, left = weight_of(plan, i, j);
        for (size_t k = 0; k < chain->count; k++) {
                cost += left;
                left -= weight_of(plan, chain->singles[k], chain->singles[k]);
        }
        return cost;
}

/* Up to this many pieces every split is tried. Above, those between the best splits of the two runs
 * that lack one end (for trees of splits alone Knuth proved that the best is there) and some to
 * both sides, which chains make necessary. */
#define TRIED_ALL 64u
#define MARGIN 1u

/* The cost of the best split of pieces i … j behind one of from … to, without their own weight. */
static int32_t split_cost(const struct cf_plan *plan, size_t i, size_t j, size_t from, size_t to,
                          size_t *ret_split)
{
        const int32_t *lower = plan->cost + i * plan->count;
        const int32_t *upper = plan->cost + j * plan->count;
        int32_t best = INT32_MAX;
        for (size_t k = from; k <= to; k++) {
                int32_t cost = lower[k] + upper[k + 1];
                if (cost < best) {
                        best = cost;
                        *ret_split = k;
                }
        }
        return best;
}

/* The best way to tell pieces i … j apart, those of all shorter runs being known; returns the best
 * split, those of i … j - 1 and i + 1 … j being given. */
static size_t choose(struct cf_plan *plan, size_t i, size_t j, size_t without_j, size_t without_i)
{
        size_t from = i, to = j - 1, split = i;
        if (plan->count > TRIED_ALL && j > i + 1) {
                size_t low = without_j < without_i ? without_j : without_i;
                size_t high = without_j < without_i ? without_i : without_j;
                from = low > i + MARGIN ? low - MARGIN : i;
                to = high + MARGIN < j ? high + MARGIN : j - 1;
        }
        int32_t best = split_cost(plan, i, j, from, to, &split) + weight_of(plan, i, j);
        struct cf_chain chain;
        if (find_chain(plan, i, j, &chain)) {
                int32_t cost = chain_cost(plan, i, j, &chain);
                best = cost < best ? cost : best;
        }
        plan->cost[i * plan->count + j] = plan->cost[j * plan->count + i] = best;
        return split;
}

/* No sum of weights is above this, so that no cost, which is at most the logarithm of the number of
 * pieces times it, overflows. */
#define WEIGHTS_MAX (UINT64_C(1) << 27)

static void add_weights(struct cf_plan *plan, const uint64_t *weights)
{
        uint64_t sum = 0, most = WEIGHTS_MAX - plan->count;
        unsigned shift = 0;
        for (size_t i = 0; i < plan->count; i++)
                sum += weights[i];
        while (sum >> shift > most)
                shift++;
        for (size_t i = 0; i < plan->count; i++) {
                uint64_t weight = weights[i] >> shift;
                plan->before[i + 1] = plan->before[i] + (weight ? (int32_t)weight : 1);
        }
}

int cf_plan_make(struct cf_arena *arena, const struct cf_piece *pieces, const uint64_t *weights,
                 size_t count, struct cf_plan *ret_plan)
{
        struct cf_plan plan = {.pieces = pieces, .count = count};
        plan.before = cf_arena_many(arena, count + 1, int32_t);
        plan.chain = cf_arena_many(arena, count, size_t);
        if (!plan.before || !plan.chain)
                return -ENOMEM;
        add_weights(&plan, weights);
        find_chains(&plan);
        if (count <= CF_PLAN_SEARCHED) {
                plan.cost = cf_arena_many(arena, count * count, int32_t);
                size_t *splits = cf_arena_many(arena, count + 1, size_t);
                if (!plan.cost || !splits)
                        return -ENOMEM;
                for (size_t j = 1; j < count; j++)
                        for (size_t i = j; i-- > 0;)
                                splits[i] = choose(&plan, i, j, splits[i], splits[i + 1]);
        }
        *ret_plan = plan;
        return 0;
}

size_t cf_plan_split(const struct cf_plan *plan, size_t i, size_t j)
{
        size_t k = i;
        if (plan->cost) {
                split_cost(plan, i, j, i, j - 1, &k);
                return k;
        }
        int32_t half = plan->before[i] + weight_of(plan, i, j) / 2;
        while (k + 1 < j && plan->before[k + 1] < half)
                k++;
        return k;
}

bool cf_plan_is_chain(const struct cf_plan *plan, size_t i, size_t j, struct cf_chain *ret_chain)
{
        if (!find_chain(plan, i, j, ret_chain))
                return false;
        if (!plan->cost)
                return j - i == 2 && ret_chain->count == 1;
        /* at the same cost a chain is shorter */
        return chain_cost(plan, i, j, ret_chain) == plan->cost[i * plan->count + j];
}
