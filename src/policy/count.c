/* SPDX-License-Identifier: Apache-2.0 */
/* How many calls: exact numbers. */
#include <stdlib.h>
#include <string.h>

#include "policy/diagram.h"

#define DIGITS (sizeof(((struct cf_count *)NULL)->digits) / sizeof(uint32_t))

static void shift_left(struct cf_count *n, uint32_t bits)
{
        uint32_t whole = bits / 32, rest = bits % 32;
        for (size_t i = DIGITS; i-- > 0;) {
                uint64_t upper = i >= whole ? n->digits[i - whole] : 0;
                uint64_t lower = i >= whole + 1 ? n->digits[i - whole - 1] : 0;
                n->digits[i] = (uint32_t)((upper << 32 | lower) << rest >> 32);
        }
}

static void add(struct cf_count *n, const struct cf_count *more)
{
        uint64_t carry = 0;
        for (size_t i = 0; i < DIGITS; i++) {
                carry += (uint64_t)n->digits[i] + more->digits[i];
                n->digits[i] = (uint32_t)carry;
                carry >>= 32;
        }
}

/* Of the nodes seen, in the order in which they were finished. */
struct counts {
        struct cf_policies *all;
        struct cf_count *items;
        uint32_t *index; /* by node id: where its count is */
        uint32_t count;
};

/* The count of a node: values of the variables from its own on. */
static const struct cf_count *count_node(struct counts *counts, cf_policy p)
{
        if (counts->all->marks[p] == counts->all->stamp)
                return &counts->items[counts->index[p]];
        struct node node = counts->all->nodes[p];
        struct cf_count sum = {{0}};
        if (node.var == LEAF) {
                sum.digits[0] = node.low != 0;
        } else {
                struct cf_count low = *count_node(counts, node.low);
                sum = *count_node(counts, node.high);
                shift_left(&low, cf_var(counts->all, node.low) - node.var - 1);
                shift_left(&sum, cf_var(counts->all, node.high) - node.var - 1);
                add(&sum, &low);
        }
        counts->all->marks[p] = counts->all->stamp;
        counts->index[p] = counts->count;
        counts->items[counts->count] = sum;
        return &counts->items[counts->count++];
}

int cf_policy_count(struct cf_policies *all, cf_policy condition, struct cf_count *ret_count,
                    struct cf_error *err)
{
        uint32_t nodes = cf_policy_size(all, condition);
        CF_FREE struct cf_count *items = calloc(nodes ? nodes : 1, sizeof(*items));
        CF_FREE uint32_t *index = calloc(all->count, sizeof(*index));
        if (!items || !index)
                return cf_error_set(err, -ENOMEM, NULL, "no memory to count calls");
        struct counts counts = {all, items, index, 0};
        cf_new_stamp(all);
        struct cf_count result = *count_node(&counts, condition);
        shift_left(&result, cf_var(all, condition));
        *ret_count = result;
        return 0;
}

void cf_count_print(struct cf_text *text, const struct cf_count *count)
{
        struct cf_count n = *count;
        uint32_t groups[20]; /* of nine decimal digits, the least first: 2^544 has 164 */
        size_t used = 0;
        bool more = true;
        while (more && used < CF_COUNT(groups)) {
                uint64_t rest = 0;
                more = false;
                for (size_t i = DIGITS; i-- > 0;) {
                        rest = rest << 32 | n.digits[i];
                        n.digits[i] = (uint32_t)(rest / 1000000000);
                        rest %= 1000000000;
                        more |= n.digits[i] != 0;
                }
                groups[used++] = (uint32_t)rest;
        }
        cf_text_printf(text, "%u", groups[--used]);
        while (used-- > 0)
                cf_text_printf(text, "%09u", groups[used]);
}

/* Whether some and whether all leaves of a part name an action of the set. */
struct leaves {
        const struct cf_policies *all;
        unsigned actions;
        bool some, all_of_them;
};

static int look_at_leaf(void *context, cf_policy leaf)
{
        struct leaves *leaves = context;
        bool named = cf_action_bit(leaves->all->nodes[leaf].low) & leaves->actions;
        leaves->some |= named;
        leaves->all_of_them &= named;
        return leaves->some && !leaves->all_of_them; /* nothing more to learn */
}

int cf_policy_summary(struct cf_policies *all, cf_policy policy, uint32_t arch, uint32_t nr_first,
                      uint32_t nr_last, unsigned actions, struct cf_summary *ret_summary,
                      struct cf_error *err)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        if (!arena)
                return cf_error_set(err, -ENOMEM, NULL, "no memory to count calls");
        cf_policy of_arch = cf_policy_fix(all, policy, CF_SLICE_ARCH, UINT32_MAX, arch);
        int r = cf_policies_check(all, of_arch, err);
        if (r < 0)
                return r;
        struct cf_piece *pieces;
        size_t count;
        r = cf_policy_pieces(all, of_arch, CF_SLICE_NR, arena, &pieces, &count, err);
        if (r < 0)
                return r;
        struct cf_summary summary = {0};
        for (size_t i = 0; i < count; i++) {
                uint64_t first = pieces[i].first > nr_first ? pieces[i].first : nr_first;
                uint64_t last = pieces[i].last < nr_last ? pieces[i].last : nr_last;
                if (first > last)
                        continue;
                struct leaves leaves = {all, actions, false, true};
                cf_exits(all, pieces[i].policy, LEAF, look_at_leaf, &leaves);
                *(leaves.all_of_them ? &summary.always
                  : leaves.some      ? &summary.sometimes
                                     : &summary.never) += last - first + 1;
        }
        *ret_summary = summary;
        return 0;
}
