/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/diagram.h"

#include <stdlib.h>
#include <string.h>

/* Small enough that making a manager costs nothing, large enough for one engine's default. */
#define NODES_FIRST 2048u

static uint32_t hash_node(const struct node *node)
{
        return cf_hash(node->low, node->high, node->var, 0);
}

static void place(struct cf_policies *all, uint32_t id)
{
        uint32_t at = hash_node(&all->nodes[id]) & all->slot_mask;
        while (all->slots[at])
                at = (at + 1) & all->slot_mask;
        all->slots[at] = id;
}

/* Twice the room for nodes, slots and cache. The cache starts empty: results are the same. */
static bool grow(struct cf_policies *all)
{
        uint32_t capacity = all->capacity ? all->capacity * 2 : NODES_FIRST;
        uint32_t *slots = calloc(2 * (size_t)capacity, sizeof(*slots));
        struct cached *cache = calloc(capacity, sizeof(*cache));
        struct node *nodes = realloc(all->nodes, capacity * sizeof(*nodes));
        if (nodes)
                all->nodes = nodes;
        uint32_t *marks = realloc(all->marks, capacity * sizeof(*marks));
        if (marks)
                all->marks = marks;
        if (!slots || !cache || !nodes || !marks) {
                free(slots);
                free(cache);
                return false;
        }
        memset(marks + all->capacity, 0, (capacity - all->capacity) * sizeof(*marks));
        free(all->slots);
        free(all->cache);
        all->slots = slots;
        all->slot_mask = 2 * capacity - 1;
        all->cache = cache;
        all->cache_mask = capacity - 1;
        all->capacity = capacity;
        for (uint32_t id = 1; id < all->count; id++)
                place(all, id);
        return true;
}

static cf_policy intern(struct cf_policies *all, struct node node)
{
        uint32_t at = hash_node(&node) & all->slot_mask;
        for (; all->slots[at]; at = (at + 1) & all->slot_mask) {
                const struct node *other = &all->nodes[all->slots[at]];
                if (other->low == node.low && other->high == node.high && other->var == node.var)
                        return all->slots[at];
        }
        if (all->count > all->limit)
                return cf_fail(all, FAILED_NODES);
        if (all->count == all->capacity) {
                if (!grow(all))
                        return cf_fail(all, FAILED_MEMORY);
                at = hash_node(&node) & all->slot_mask;
                while (all->slots[at])
                        at = (at + 1) & all->slot_mask;
        }
        all->nodes[all->count] = node;
        all->slots[at] = all->count;
        return all->count++;
}

cf_policy cf_node(struct cf_policies *all, uint32_t var, cf_policy low, cf_policy high)
{
        if (low == high || !low || !high)
                return low && high ? low : CF_POLICY_NONE;
        return intern(all, (struct node){var, low, high});
}

cf_policy cf_policy_constant(struct cf_policies *all, uint32_t value)
{
        return intern(all, (struct node){LEAF, value, 0});
}

struct cf_policies *cf_policies_new(uint32_t node_limit)
{
        struct cf_policies *all = calloc(1, sizeof(*all));
        if (!all)
                return NULL;
        all->limit =
                node_limit && node_limit < CF_POLICY_NODES_MAX ? node_limit : CF_POLICY_NODES_MAX;
        all->limit = all->limit < 2 ? 2 : all->limit; /* the two conditions that always exist */
        all->count = 1;
        all->next_op = OP_NAMED_FIRST;
        all->budget = UINT64_MAX;
        if (!grow(all))
                return cf_policies_free(all);
        cf_policy_constant(all, 0); /* CF_POLICY_FALSE */
        cf_policy_constant(all, 1); /* CF_POLICY_TRUE */
        return all;
}

struct cf_policies *cf_policies_free(struct cf_policies *all)
{
        if (all) {
                free(all->nodes);
                free(all->slots);
                free(all->cache);
                free(all->marks);
                free(all);
        }
        return NULL;
}

uint64_t cf_policies_budget(struct cf_policies *all, uint64_t steps)
{
        uint64_t before = all->budget;
        all->budget = steps;
        return before;
}

uint32_t cf_policies_count(const struct cf_policies *all)
{
        return all->count - 1;
}

int cf_failed(const struct cf_policies *all, struct cf_error *err)
{
        switch (all->failure) {
        case FAILED_NODES:
                return cf_error_set(err, -E2BIG, NULL,
                                    "the policy is too complex: it needs more than %u nodes",
                                    all->limit);
        case FAILED_STEPS:
                return cf_error_set(err, -E2BIG, NULL,
                                    "the policy is too complex: one operation needs more than "
                                    "%u steps",
                                    CF_POLICY_STEPS_MAX);
        case FAILED_BUDGET:
                return cf_error_set(err, -E2BIG, NULL,
                                    "the policy is too complex: it takes too many steps");
        case FAILED_ARGUMENT:
                return cf_error_set(err, -EINVAL, NULL,
                                    "a value does not fit in the part of a call it is for");
        case FAILED_NOT:
        case FAILED_MEMORY:
                break;
        }
        return cf_error_set(err, -ENOMEM, NULL, "no memory for the policy");
}

int cf_policies_check(const struct cf_policies *all, cf_policy result, struct cf_error *err)
{
        return result ? 0 : cf_failed(all, err);
}

uint32_t cf_name_op(struct cf_policies *all)
{
        if (all->next_op == UINT32_MAX) { /* names run out: forget all results */
                memset(all->cache, 0, ((size_t)all->cache_mask + 1) * sizeof(*all->cache));
                all->next_op = OP_NAMED_FIRST;
        }
        return all->next_op++;
}

uint32_t cf_new_stamp(struct cf_policies *all)
{
        if (all->stamp == UINT32_MAX) {
                memset(all->marks, 0, all->capacity * sizeof(*all->marks));
                all->stamp = 0;
        }
        return ++all->stamp;
}

static int visit_exits(struct cf_policies *all, cf_policy p, uint32_t end,
                       int (*visit)(void *context, cf_policy exit), void *context)
{
        if (all->marks[p] == all->stamp)
                return 0;
        all->marks[p] = all->stamp;
        if (cf_var(all, p) >= end)
                return visit(context, p);
        struct node node = all->nodes[p];
        int r = visit_exits(all, node.low, end, visit, context);
        return r ? r : visit_exits(all, node.high, end, visit, context);
}

int cf_exits(struct cf_policies *all, cf_policy p, uint32_t end,
             int (*visit)(void *context, cf_policy exit), void *context)
{
        cf_new_stamp(all);
        return visit_exits(all, p, end, visit, context);
}
