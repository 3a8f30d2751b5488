/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/cuts.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(struct cf_arena *arena, struct cf_cuts *cuts, uint32_t count)
{
        if (count <= cuts->capacity)
                return true;
        uint32_t capacity = cuts->capacity ? cuts->capacity : 8;
        while (capacity < count)
                capacity *= 2;
        struct cf_cut *grown = cf_arena_many(arena, capacity, struct cf_cut);
        if (!grown)
                return false;
        if (cuts->count)
                memcpy(grown, cuts->cuts, cuts->count * sizeof(*grown));
        cuts->cuts = grown;
        cuts->capacity = capacity;
        return true;
}

/* Appends a cut unless the policy goes on as it was. */
static uint32_t push(struct cf_cut *cuts, uint32_t count, uint32_t first, cf_policy policy)
{
        if (count && cuts[count - 1].policy == policy)
                return count;
        cuts[count] = (struct cf_cut){first, policy};
        return count + 1;
}

/* The cut that holds a value. */
static uint32_t find(const struct cf_cuts *cuts, uint32_t value)
{
        uint32_t low = 0, high = cuts->count;
        while (high - low > 1) {
                uint32_t middle = low + (high - low) / 2;
                if (cuts->cuts[middle].first <= value)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

struct cf_cuts *cf_cuts_of(struct cf_arena *arena, unsigned word, cf_policy policy)
{
        struct cf_cuts *cuts = cf_arena_one(arena, struct cf_cuts);
        if (!cuts || !reserve(arena, cuts, 1))
                return NULL;
        cuts->word = word;
        cuts->whole = policy;
        cuts->count = push(cuts->cuts, 0, 0, policy);
        return cuts;
}

/* Another policy for one value, in place: only its neighbours are looked at. */
static bool set_one(struct cf_arena *arena, struct cf_cuts *cuts, uint32_t value, cf_policy policy)
{
        uint32_t at = find(cuts, value);
        struct cf_cut old = cuts->cuts[at], some[5];
        if (old.policy == policy)
                return true;
        if (!reserve(arena, cuts, cuts->count + 2))
                return false;
        uint32_t from = at ? at - 1 : 0, to = at + 1 < cuts->count ? at + 2 : at + 1, count = 0;
        if (at)
                count = push(some, count, cuts->cuts[from].first, cuts->cuts[from].policy);
        if (old.first < value)
                count = push(some, count, old.first, old.policy);
        count = push(some, count, value, policy);
        bool next_follows = at + 1 < cuts->count && cuts->cuts[at + 1].first == value + 1;
        if (value < UINT32_MAX && !next_follows)
                count = push(some, count, value + 1, old.policy);
        if (at + 1 < cuts->count)
                count = push(some, count, cuts->cuts[at + 1].first, cuts->cuts[at + 1].policy);
        memmove(cuts->cuts + from + count, cuts->cuts + to,
                (cuts->count - to) * sizeof(*cuts->cuts));
        memcpy(cuts->cuts + from, some, count * sizeof(*some));
        cuts->count = cuts->count - (to - from) + count;
        cuts->whole = CF_POLICY_NONE;
        return true;
}

struct cf_cuts *cf_cuts_splice(struct cf_arena *arena, struct cf_cuts *outside, bool owned,
                               const struct cf_cuts *inside, uint32_t first, uint32_t last)
{
        if (owned && first == last) {
                cf_policy policy = inside->cuts[find(inside, first)].policy;
                return set_one(arena, outside, first, policy) ? outside : NULL;
        }
        struct cf_cuts *joined = cf_arena_one(arena, struct cf_cuts);
        if (!joined || !reserve(arena, joined, outside->count + inside->count + 2))
                return NULL;
        uint32_t count = 0, i = 0;
        for (; i < outside->count && outside->cuts[i].first < first; i++)
                joined->cuts[count++] = outside->cuts[i];
        i = find(inside, first);
        count = push(joined->cuts, count, first, inside->cuts[i].policy);
        for (i++; i < inside->count && inside->cuts[i].first <= last; i++)
                count = push(joined->cuts, count, inside->cuts[i].first, inside->cuts[i].policy);
        if (last < UINT32_MAX) {
                i = find(outside, last + 1);
                count = push(joined->cuts, count, last + 1, outside->cuts[i].policy);
                for (i++; i < outside->count; i++)
                        count = push(joined->cuts, count, outside->cuts[i].first,
                                     outside->cuts[i].policy);
        }
        joined->word = outside->word;
        joined->count = count;
        return joined;
}

cf_policy cf_cuts_whole(struct cf_policies *all, struct cf_arena *arena, struct cf_cuts *cuts)
{
        if (cuts->whole)
                return cuts->whole;
        struct cf_piece *pieces = cf_arena_many(arena, cuts->count, struct cf_piece);
        if (!pieces)
                return CF_POLICY_NONE;
        for (uint32_t i = 0; i < cuts->count; i++) {
                pieces[i].first = cuts->cuts[i].first;
                pieces[i].last = i + 1 < cuts->count ? cuts->cuts[i + 1].first - 1 : UINT32_MAX;
                pieces[i].policy = cuts->cuts[i].policy;
        }
        cuts->whole = cf_policy_cases(all, cf_slice_word(cuts->word), pieces, cuts->count);
        return cuts->whole;
}
