/* SPDX-License-Identifier: Apache-2.0 */
/* Private to policy/: the table of nodes and the cache of operations. */
#pragma once

#include "policy/policy.h"

#define BITS 512u
#define LEAF BITS /* the variable of leaves */

/* A node asks for variable `var`, whose children have larger ones: `low` when the bit is 0. A leaf
 * has var LEAF, its value in `low`. Ids are indexes into `nodes`; 0 is no node. */
struct node {
        uint32_t var;
        uint32_t low;
        uint32_t high;
};

enum failure {
        FAILED_NOT,
        FAILED_MEMORY,
        FAILED_NODES,
        FAILED_STEPS,
        FAILED_BUDGET,
        FAILED_ARGUMENT,
};

/* Names of operations in the cache. Those from OP_NAMED_FIRST on are single uses of an operation
 * with parameters that do not fit the key: each use takes a fresh number. */
enum op {
        OP_CHOOSE = 1,
        OP_AND,
        OP_OR,
        OP_XOR,
        OP_STACK,
        OP_INTERSECTION,
        OP_UNION,
        OP_DIFFERS,
        OP_LOOSER,
        OP_NORMAL,
        OP_VALUE,  /* second key: the value */
        OP_ACTION, /* second key: the set of actions */
        OP_NAMED_FIRST,
};

struct cached {
        uint32_t op; /* 0: empty */
        uint32_t a, b, c;
        uint32_t result;
};

struct cf_policies {
        struct node *nodes;
        uint32_t count;    /* ids in use, 0 included */
        uint32_t capacity; /* of nodes */
        uint32_t limit;    /* most nodes */
        uint32_t *slots;   /* ids by hash, 0: empty; linear probing, at most half full */
        uint32_t slot_mask;
        struct cached *cache; /* direct mapped */
        uint32_t cache_mask;
        uint32_t next_op; /* the next name of a single use */
        uint32_t steps;   /* of the operation under way */
        uint64_t budget;  /* steps left for all operations */
        uint32_t *marks;  /* a stamp a node, `capacity` many */
        uint32_t stamp;
        enum failure failure;
};

static inline cf_policy cf_fail(struct cf_policies *all, enum failure why)
{
        all->failure = why;
        return CF_POLICY_NONE;
}

static inline uint32_t cf_hash(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
        uint64_t h = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= ((uint64_t)c << 32 | d) * UINT64_C(0xc2b2ae3d27d4eb4f);
        h ^= h >> 32;
        h *= UINT64_C(0xd6e8feb86659fd93);
        return (uint32_t)(h >> 32);
}

/* The node (var, low, high), made when there is none yet; `low` itself when both are the same. */
cf_policy cf_node(struct cf_policies *all, uint32_t var, cf_policy low, cf_policy high);

static inline uint32_t cf_var(const struct cf_policies *all, cf_policy p)
{
        return all->nodes[p].var;
}

static inline bool cf_is_leaf(const struct cf_policies *all, cf_policy p)
{
        return all->nodes[p].var == LEAF;
}

/* The child of p for a bit of a variable that is not behind p's own. */
static inline cf_policy cf_child(const struct cf_policies *all, cf_policy p, uint32_t var, bool bit)
{
        const struct node *node = &all->nodes[p];
        if (node->var != var)
                return p;
        return bit ? node->high : node->low;
}

/* The cached result of an operation, or NULL; and where to put it. */
static inline struct cached *cf_cached(const struct cf_policies *all, uint32_t op, uint32_t a,
                                       uint32_t b, uint32_t c)
{
        struct cached *entry = &all->cache[cf_hash(a, b, c, op) & all->cache_mask];
        return entry->op == op && entry->a == a && entry->b == b && entry->c == c ? entry : NULL;
}

static inline void cf_remember(struct cf_policies *all, uint32_t op, uint32_t a, uint32_t b,
                               uint32_t c, cf_policy result)
{
        all->cache[cf_hash(a, b, c, op) & all->cache_mask] = (struct cached){op, a, b, c, result};
}

/* Starts an operation: counts its steps anew. */
static inline void cf_begin(struct cf_policies *all)
{
        all->steps = 0;
}

/* Counts a step; false (and failed) when there were too many. */
static inline bool cf_step(struct cf_policies *all)
{
        if (++all->steps <= CF_POLICY_STEPS_MAX && all->budget > 0) {
                all->budget--;
                return true;
        }
        all->failure = all->budget ? FAILED_STEPS : FAILED_BUDGET;
        return false;
}

/* A fresh name for an operation that is cached for one use only. */
uint32_t cf_name_op(struct cf_policies *all);

/* A fresh stamp for marks: no node bears it. */
uint32_t cf_new_stamp(struct cf_policies *all);

/* Tells the last failure as an error. */
int cf_failed(const struct cf_policies *all, struct cf_error *err);

/* All nodes below p that lie in front of `end` only, and the first ones at or behind it: calls
 * visit for each of the latter once, low side first. 0 or what visit returned. */
int cf_exits(struct cf_policies *all, cf_policy p, uint32_t end,
             int (*visit)(void *context, cf_policy exit), void *context);
