/* SPDX-License-Identifier: Apache-2.0 */
/* src/policy/: bytes are a program over a stack of policies. What comes out keeps the laws: a
 * comparison is symmetric and its witnesses are true, union and intersection are bounds. */
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

#define INPUT_MAX 512u
#define NODES 20000u
#define STACK 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

struct input {
        const uint8_t *data;
        size_t size;
};

static uint8_t take(struct input *in)
{
        if (in->size == 0)
                return 0;
        in->size--;
        return *in->data++;
}

static uint64_t take_number(struct input *in)
{
        uint8_t kind = take(in);
        uint64_t value = take(in);
        value = value << (kind & 63);
        return kind & 64 ? ~value : value;
}

static struct cf_slice take_slice(struct input *in)
{
        uint8_t which = take(in) % (CF_WORDS + CF_POLICY_ARGS + 1);
        if (which < CF_WORDS)
                return cf_slice_word(which);
        return which == CF_WORDS ? CF_SLICE_IP : cf_slice_arg(which - CF_WORDS - 1);
}

static cf_policy take_condition(struct cf_policies *all, struct input *in)
{
        struct cf_slice slice = take_slice(in);
        uint64_t a = take_number(in) & cf_slice_max(slice);
        uint64_t b = take_number(in) & cf_slice_max(slice);
        return take(in) % 2 ? cf_policy_range(all, slice, a, b)
                            : cf_policy_masked(all, slice, a, b & a);
}

/* The stack's two topmost policies joined. */
static cf_policy join(struct cf_policies *all, uint8_t op, cf_policy a, cf_policy b)
{
        switch (op % 4) {
        case 0:
                return cf_policy_union(all, a, b);
        case 1:
                return cf_policy_intersection(all, a, b);
        case 2:
                return cf_policy_stack(all, a, b);
        default:
                return cf_policy_normal(all, a);
        }
}

static void check_pair(struct cf_policies *all, cf_policy a, cf_policy b, struct cf_arena *arena)
{
        struct cf_difference *there, *back;
        size_t count, back_count;
        struct cf_call witness;
        cf_policy up = cf_policy_union(all, a, b), low = cf_policy_intersection(all, a, b);
        if (up && low) {
                expect(cf_policy_union(all, b, a) == up);
                expect(cf_policy_union(all, a, low) == a);
                expect(cf_policy_intersection(all, a, up) == a);
        }
        int strict = cf_policy_is_as_strict(all, a, b, &witness, NULL);
        if (strict == 0)
                expect(cf_action_rank(cf_policy_value(all, a, &witness)) >
                       cf_action_rank(cf_policy_value(all, b, &witness)));
        if (strict == 1 && up)
                expect(cf_policy_is_as_strict(all, b, a, NULL, NULL) != 1 ||
                       cf_policy_where_looser(all, a, b) == CF_POLICY_FALSE);
        if (cf_policy_compare(all, a, b, arena, &there, &count, NULL) < 0 ||
            cf_policy_compare(all, b, a, arena, &back, &back_count, NULL) < 0)
                return;
        expect(count == back_count && (count == 0) == (a == b));
        for (size_t i = 0; i < count; i++) {
                expect(there[i].value_a != there[i].value_b);
                expect(cf_policy_value(all, a, &there[i].witness) == there[i].value_a);
                expect(cf_policy_value(all, b, &there[i].witness) == there[i].value_b);
                expect(cf_policy_value(all, b, &back[i].witness) == back[i].value_a);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint32_t values[] = {CF_ALLOW,        CF_ERRNO | 1,   CF_ERRNO | 38,
                                          CF_KILL_PROCESS, CF_KILL_THREAD, CF_TRAP | 4,
                                          CF_LOG,          CF_TRACE | 2};
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)8 << 20);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        struct input in = {data, size};
        cf_policy stack[STACK];
        if (!arena || !all || size > INPUT_MAX)
                return 0;
        for (unsigned i = 0; i < STACK; i++)
                stack[i] = cf_policy_constant(all, values[i]);
        while (in.size) {
                uint8_t op = take(&in);
                cf_policy *a = &stack[op % STACK], *b = &stack[op / STACK % STACK], made;
                if (op & 128)
                        made = join(all, take(&in), *a, *b);
                else
                        made = cf_policy_choose(all, take_condition(all, &in), *a, *b);
                if (!made)
                        return 0; /* over a limit */
                *a = made;
        }
        for (unsigned i = 0; i + 1 < STACK; i++)
                check_pair(all, stack[i], stack[i + 1], arena);
        return 0;
}
