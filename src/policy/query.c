/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "policy/diagram.h"

static void words_of(const struct cf_call *call, uint32_t words[CF_WORDS])
{
        words[0] = call->arch;
        words[1] = call->nr;
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++) {
                words[2 + 2 * i] = (uint32_t)(call->args[i] >> 32);
                words[3 + 2 * i] = (uint32_t)call->args[i];
        }
        words[14] = (uint32_t)(call->ip >> 32);
        words[15] = (uint32_t)call->ip;
}

static void call_of(const uint32_t words[CF_WORDS], struct cf_call *ret_call)
{
        ret_call->arch = words[0];
        ret_call->nr = words[1];
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                ret_call->args[i] = (uint64_t)words[2 + 2 * i] << 32 | words[3 + 2 * i];
        ret_call->ip = (uint64_t)words[14] << 32 | words[15];
}

static uint32_t word_bit(uint32_t var)
{
        return UINT32_C(0x80000000) >> (var & 31);
}

static bool is_set(const uint32_t words[CF_WORDS], uint32_t var)
{
        return words[var >> 5] & word_bit(var);
}

uint32_t cf_policy_value(const struct cf_policies *all, cf_policy policy,
                         const struct cf_call *call)
{
        uint32_t words[CF_WORDS];
        words_of(call, words);
        const struct node *node = &all->nodes[policy];
        while (node->var != LEAF)
                node = &all->nodes[is_set(words, node->var) ? node->high : node->low];
        return node->low;
}

cf_policy cf_policy_of_call(const struct cf_policies *all, cf_policy policy, uint32_t arch,
                            uint32_t nr)
{
        uint32_t words[CF_WORDS] = {arch, nr};
        while (cf_var(all, policy) < 64) {
                const struct node *node = &all->nodes[policy];
                policy = is_set(words, node->var) ? node->high : node->low;
        }
        return policy;
}

bool cf_policy_is_constant(const struct cf_policies *all, cf_policy policy, uint32_t *ret_value)
{
        if (!policy || !cf_is_leaf(all, policy))
                return false;
        if (ret_value)
                *ret_value = all->nodes[policy].low;
        return true;
}

/* Every node of a policy once, parents in front of children. */
static void visit_nodes(struct cf_policies *all, cf_policy p, uint32_t *count,
                        uint32_t masks[CF_WORDS])
{
        if (all->marks[p] == all->stamp)
                return;
        all->marks[p] = all->stamp;
        ++*count;
        struct node node = all->nodes[p];
        if (node.var == LEAF)
                return;
        masks[node.var >> 5] |= word_bit(node.var);
        visit_nodes(all, node.low, count, masks);
        visit_nodes(all, node.high, count, masks);
}

uint32_t cf_policy_size(struct cf_policies *all, cf_policy policy)
{
        uint32_t count = 0, masks[CF_WORDS] = {0};
        cf_new_stamp(all);
        if (policy)
                visit_nodes(all, policy, &count, masks);
        return count;
}

void cf_policy_support(struct cf_policies *all, cf_policy policy, uint32_t ret_masks[CF_WORDS])
{
        uint32_t count = 0;
        memset(ret_masks, 0, CF_WORDS * sizeof(*ret_masks));
        cf_new_stamp(all);
        if (policy)
                visit_nodes(all, policy, &count, ret_masks);
}

uint32_t cf_policy_words(struct cf_policies *all, cf_policy policy)
{
        uint32_t masks[CF_WORDS], words = 0;
        cf_policy_support(all, policy, masks);
        for (unsigned w = 0; w < CF_WORDS; w++)
                words |= (masks[w] ? 1u : 0u) << w;
        return words;
}

bool cf_policy_branch(const struct cf_policies *all, cf_policy policy, unsigned *ret_word,
                      unsigned *ret_bit, cf_policy *ret_low, cf_policy *ret_high)
{
        const struct node *node = &all->nodes[policy];
        if (node->var == LEAF)
                return false;
        *ret_word = node->var / 32;
        *ret_bit = 31 - node->var % 32;
        *ret_low = node->low;
        *ret_high = node->high;
        return true;
}

unsigned cf_policy_first_word(const struct cf_policies *all, cf_policy policy)
{
        return cf_var(all, policy) / 32;
}

/* Every inner node of a reduced diagram leads to at least two leaves, so to one that is not 0. */
bool cf_policy_find(const struct cf_policies *all, cf_policy condition, struct cf_call *ret_call)
{
        uint32_t words[CF_WORDS] = {0};
        const struct node *node = &all->nodes[condition];
        while (condition && node->var != LEAF) {
                bool high = node->low == CF_POLICY_FALSE;
                if (high)
                        words[node->var >> 5] |= word_bit(node->var);
                node = &all->nodes[high ? node->high : node->low];
        }
        if (!condition || node->low == 0)
                return false;
        call_of(words, ret_call);
        return true;
}

int cf_policy_is_as_strict(struct cf_policies *all, cf_policy a, cf_policy b,
                           struct cf_call *ret_witness, struct cf_error *err)
{
        cf_policy looser = cf_policy_where_looser(all, a, b);
        int r = cf_policies_check(all, looser, err);
        if (r < 0)
                return r;
        struct cf_call witness;
        if (!cf_policy_find(all, looser, &witness))
                return 1;
        if (ret_witness)
                *ret_witness = witness;
        return 0;
}

struct values {
        const struct cf_policies *all;
        struct cf_arena *arena;
        CF_VEC(uint32_t) list;
};

static int add_value(void *context, cf_policy leaf)
{
        struct values *values = context;
        if (values->list.count >= CF_POLICY_PIECES_MAX)
                return -E2BIG;
        return cf_vec_push(values->arena, &values->list, values->all->nodes[leaf].low);
}

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return x < y ? -1 : x > y;
}

int cf_policy_values(struct cf_policies *all, cf_policy policy, struct cf_arena *arena,
                     uint32_t **ret_values, size_t *ret_count, struct cf_error *err)
{
        struct values values = {.all = all, .arena = arena};
        int r = cf_exits(all, policy, LEAF, add_value, &values);
        if (r < 0)
                return cf_error_set(err, r, NULL,
                                    r == -ENOMEM ? "no memory for a policy's values"
                                                 : "a policy has more than %u different values",
                                    CF_POLICY_PIECES_MAX);
        qsort(values.list.items, values.list.count, sizeof(uint32_t), by_value);
        *ret_values = values.list.items;
        *ret_count = values.list.count;
        return 0;
}

struct pieces {
        const struct cf_policies *all;
        struct cf_arena *arena;
        uint64_t mask;
        size_t limit;
        uint32_t end; /* the first variable behind the slice */
        CF_VEC(struct cf_piece) list;
};

/* The values of variables from `var` on, which start at base. -EINVAL: one outside of the mask
 * matters. */
static int add_pieces(struct pieces *pieces, cf_policy p, uint32_t var, uint64_t base)
{
        if (cf_var(pieces->all, p) >= pieces->end) {
                uint64_t below = var == pieces->end ? 0 : UINT64_MAX >> (64 - (pieces->end - var));
                uint64_t last = base | (below & pieces->mask);
                struct cf_piece *before =
                        pieces->list.count ? &pieces->list.items[pieces->list.count - 1] : NULL;
                if (before && before->policy == p) {
                        before->last = last;
                        return 0;
                }
                if (pieces->list.count >= pieces->limit)
                        return -E2BIG;
                return cf_vec_push(pieces->arena, &pieces->list, (struct cf_piece){base, last, p});
        }
        uint64_t bit = UINT64_C(1) << (pieces->end - var - 1);
        if (!(pieces->mask & bit))
                return cf_var(pieces->all, p) == var ? -EINVAL
                                                     : add_pieces(pieces, p, var + 1, base);
        int r = add_pieces(pieces, cf_child(pieces->all, p, var, false), var + 1, base);
        return r ? r : add_pieces(pieces, cf_child(pieces->all, p, var, true), var + 1, base | bit);
}

int cf_policy_masked_pieces(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                            uint64_t mask, size_t limit, struct cf_arena *arena,
                            struct cf_piece **ret_pieces, size_t *ret_count, struct cf_error *err)
{
        struct pieces pieces = {.all = all,
                                .arena = arena,
                                .mask = mask,
                                .limit = limit,
                                .end = (uint32_t)slice.first + slice.width};
        int r = cf_var(all, policy) < slice.first ? -EINVAL
                                                  : add_pieces(&pieces, policy, slice.first, 0);
        if (r == -EINVAL)
                return cf_error_set(
                        err, r, NULL,
                        "the policy depends on more than the part of the call asked for");
        if (r < 0)
                return cf_error_set(err, r, NULL,
                                    r == -ENOMEM ? "no memory for the pieces of a policy"
                                                 : "the policy is too complex: it cuts a part of "
                                                   "the call into more than %zu pieces",
                                    limit);
        *ret_pieces = pieces.list.items;
        *ret_count = pieces.list.count;
        return 0;
}

int cf_policy_pieces(struct cf_policies *all, cf_policy policy, struct cf_slice slice,
                     struct cf_arena *arena, struct cf_piece **ret_pieces, size_t *ret_count,
                     struct cf_error *err)
{
        return cf_policy_masked_pieces(all, policy, slice, cf_slice_max(slice),
                                       CF_POLICY_PIECES_MAX, arena, ret_pieces, ret_count, err);
}

struct walk {
        const struct cf_policies *all;
        int (*visit)(void *context, const struct cf_cube *cube);
        void *context;
        struct cf_cube cube;
        uint32_t steps;
};

static int walk_cubes(struct walk *walk, cf_policy p)
{
        const struct node *node = &walk->all->nodes[p];
        if (++walk->steps > CF_POLICY_STEPS_MAX)
                return -E2BIG;
        if (node->var == LEAF) {
                walk->cube.result = node->low;
                return walk->visit(walk->context, &walk->cube);
        }
        uint32_t word = node->var >> 5, bit = word_bit(node->var);
        walk->cube.mask[word] |= bit;
        int r = walk_cubes(walk, node->low);
        if (!r) {
                walk->cube.value[word] |= bit;
                r = walk_cubes(walk, node->high);
                walk->cube.value[word] &= ~bit;
        }
        walk->cube.mask[word] &= ~bit;
        return r;
}

int cf_policy_cubes(struct cf_policies *all, cf_policy policy,
                    int (*visit)(void *context, const struct cf_cube *cube), void *context)
{
        struct walk walk = {.all = all, .visit = visit, .context = context};
        return walk_cubes(&walk, policy);
}
