/* SPDX-License-Identifier: Apache-2.0 */
/* Filters as bytes (filter/check.c, run.c, lift.c, value.c, cuts.c, and policy/ below them): what
 * is taken and can be lifted answers as the interpreter does, at every constant of the program and
 * on one call for every value that the policy gives. */
#include <stdlib.h>

#include "filter/filter.h"

#define SIZE_LIMIT (64 * sizeof(struct sock_filter))
#define NODES 20000u

static void expect(bool holds)
{
        if (!holds)
                abort();
}

static void check_call(struct cf_policies *all, cf_policy policy, struct cf_filter filter,
                       const struct cf_call *call)
{
        expect(cf_policy_value(all, policy, call) == cf_filter_run(filter, call, NULL, NULL, NULL));
}

/* All words around one constant, and one word at a time. */
static void check_around(struct cf_policies *all, cf_policy policy, struct cf_filter filter,
                         uint32_t constant)
{
        for (int off = -1; off <= 1; off++) {
                uint32_t k = constant + (uint32_t)off;
                uint64_t both = (uint64_t)k << 32 | k;
                struct cf_call call = {k, k, both, {both, both, both, both, both, both}};
                check_call(all, policy, filter, &call);
                for (unsigned word = 0; word < CF_WORDS; word++) {
                        struct cf_call one = {0};
                        memcpy((char *)&one + 4 * word, &k, sizeof(k));
                        check_call(all, policy, filter, &one);
                }
        }
}

static void check_values(struct cf_policies *all, cf_policy policy, struct cf_filter filter,
                         struct cf_arena *arena)
{
        uint32_t *values;
        size_t count;
        if (cf_policy_values(all, policy, arena, &values, &count, NULL) < 0)
                return;
        for (size_t i = 0; i < count && i < 32; i++) {
                cf_policy where = cf_policy_where_value(all, policy, values[i]);
                struct cf_call call;
                if (!where)
                        return; /* no nodes left */
                expect(cf_policy_find(all, where, &call));
                expect(cf_policy_value(all, policy, &call) == values[i]);
                check_call(all, policy, filter, &call);
        }
}

static void check_emitted(struct cf_policies *all, cf_policy policy, struct cf_arena *arena)
{
        struct cf_filter ours;
        struct cf_error err = {0};
        int r = cf_filter_emit(all, policy, NULL, arena, &ours, &err);
        expect(r == 0 || r == -E2BIG || r == -ENOMEM);
        if (r < 0)
                return;
        expect(cf_filter_check(ours, NULL) == 0);
        for (uint32_t nr = 0; nr < 64; nr++) {
                uint32_t value;
                cf_policy call = cf_policy_of_call(all, policy, 0xc000003e, nr);
                bool allowed = cf_policy_is_constant(all, call, &value) && value == CF_ALLOW;
                expect(cf_filter_is_known_allowed(ours, 0xc000003e, nr) == allowed);
        }
}

/* A line an instruction. */
static void check_printed(struct cf_filter filter)
{
        CF_TEXT struct cf_text text = {0};
        size_t lines = 0;
        cf_filter_print(&text, filter);
        for (size_t i = 0; i < text.size; i++)
                lines += text.data[i] == '\n';
        expect(lines == filter.count);
}

/* A line for every instruction that is run. */
static void check_run(struct cf_filter filter)
{
        const struct cf_call call = {.nr = filter.code[filter.count - 1].k, .arch = 0xc000003e};
        CF_TEXT struct cf_text text = {0};
        uint32_t steps;
        size_t lines = 0;
        uint32_t value = cf_filter_print_run(&text, filter, &call, &steps);
        for (size_t i = 0; i < text.size; i++)
                lines += text.data[i] == '\n';
        expect(lines == steps && value == cf_filter_run(filter, &call, NULL, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)8 << 20);
        struct cf_filter filter;
        cf_policy policy;
        if (!arena || size > SIZE_LIMIT ||
            cf_filter_from_bytes(arena, (struct cf_span){(const char *)data, size}, &filter, NULL) <
                    0)
                return 0;
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        struct cf_error err = {0};
        if (!all)
                return 0;
        int r = cf_filter_lift(all, filter, &policy, &err);
        expect((r == -EINVAL) == (cf_filter_check(filter, NULL) == -EINVAL));
        expect(r == 0 ? err.count == 0 : err.count > 0);
        if (r < 0) {
                check_printed(filter);
                return 0;
        }
        for (size_t i = 0; i < filter.count; i++)
                check_around(all, policy, filter, filter.code[i].k);
        check_values(all, policy, filter, arena);
        check_emitted(all, policy, arena);
        check_printed(filter);
        check_run(filter);
        return 0;
}
