/* SPDX-License-Identifier: Apache-2.0 */
/* Observations put together, and what they leave open. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "record/record.h"

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static size_t place_of(const struct cf_arch *arch)
{
        size_t i = 0;
        while (cf_arch_at(i) != arch)
                i++;
        return i;
}

static int compare_calls(const void *a, const void *b)
{
        const struct cf_seen_call *one = a, *other = b;
        size_t first = place_of(one->arch), second = place_of(other->arch);
        if (first != second)
                return first < second ? -1 : 1;
        return (one->nr > other->nr) - (one->nr < other->nr);
}

static int compare_values(const void *a, const void *b)
{
        const struct cf_seen_value *one = a, *other = b;
        if (one->arg != other->arg)
                return one->arg < other->arg ? -1 : 1;
        return (one->value > other->value) - (one->value < other->value);
}

static uint64_t add(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Puts the values of `more` to those of `call`, sorted and each once. */
static int join_values(struct cf_arena *arena, struct cf_seen_call *call,
                       const struct cf_seen_call *more)
{
        size_t count = call->value_count + more->value_count, kept = 0;
        struct cf_seen_value *values = cf_arena_many(arena, count + 1, struct cf_seen_value);
        if (!values)
                return -ENOMEM;
        if (call->value_count)
                memcpy(values, call->values, call->value_count * sizeof(*values));
        if (more->value_count)
                memcpy(values + call->value_count, more->values,
                       more->value_count * sizeof(*values));
        qsort(values, count, sizeof(*values), compare_values);
        for (size_t i = 0; i < count; i++) {
                if (kept && compare_values(&values[kept - 1], &values[i]) == 0)
                        values[kept - 1].count = add(values[kept - 1].count, values[i].count);
                else
                        values[kept++] = values[i];
        }
        call->values = values;
        call->value_count = kept;
        return 0;
}

static int join_call(struct cf_arena *arena, struct cf_seen_call *call,
                     const struct cf_seen_call *more)
{
        for (size_t i = 0; i < CF_COUNT(call->count); i++)
                call->count[i] = add(call->count[i], more->count[i]);
        call->refused = add(call->refused, more->refused);
        call->runs += more->runs;
        call->open |= more->open;
        return join_values(arena, call, more);
}

int cf_observation_make(struct cf_arena *arena, const struct cf_seen_call *calls, size_t count,
                        struct cf_observation *ret_observation, struct cf_error *err)
{
        struct cf_seen_call *sorted = cf_arena_many(arena, count + 1, struct cf_seen_call);
        size_t kept = 0, values = 0;
        if (count > CF_SEEN_CALLS_MAX)
                return cf_error_set(err, -E2BIG, NULL, "more than %zu calls", CF_SEEN_CALLS_MAX);
        if (!sorted)
                return no_memory(err);
        for (size_t i = 0; i < count; i++)
                if (calls[i].count[0] || calls[i].count[1] || calls[i].refused)
                        sorted[kept++] = calls[i];
        qsort(sorted, kept, sizeof(*sorted), compare_calls);
        count = kept;
        kept = 0;
        for (size_t i = 0; i < count; i++) {
                static const struct cf_seen_call nothing;
                bool same = kept && compare_calls(&sorted[kept - 1], &sorted[i]) == 0;
                values += sorted[i].value_count;
                if (values > CF_SEEN_VALUES_MAX)
                        return cf_error_set(err, -E2BIG, NULL, "more than %zu values of arguments",
                                            CF_SEEN_VALUES_MAX);
                if (!same)
                        sorted[kept++] = sorted[i];
                if (join_call(arena, &sorted[kept - 1], same ? &sorted[i] : &nothing) < 0)
                        return no_memory(err);
        }
        *ret_observation = (struct cf_observation){.calls = sorted, .call_count = kept, .runs = 1};
        return 0;
}

int cf_observation_join(struct cf_arena *arena, const struct cf_observation *all, size_t count,
                        struct cf_observation *ret_observation, struct cf_error *err)
{
        CF_VEC(struct cf_seen_call) calls = {0};
        struct cf_observation joined;
        unsigned runs = 0;
        uint64_t lost = 0;
        const char *runtime = NULL;
        bool late = false, several = false;
        for (size_t i = 0; i < count; i++) {
                for (size_t k = 0; k < all[i].call_count; k++)
                        if (cf_vec_push(arena, &calls, all[i].calls[k]) < 0)
                                return no_memory(err);
                runs += all[i].runs;
                lost = add(lost, all[i].lost);
                late = late || all[i].late;
                if (all[i].runtime && runtime && strcmp(all[i].runtime, runtime) != 0)
                        several = true;
                runtime = runtime ? runtime : all[i].runtime;
        }
        int r = cf_observation_make(arena, calls.items, calls.count, &joined, err);
        if (r < 0)
                return r;
        joined.runs = runs;
        joined.lost = lost;
        joined.late = late;
        joined.runtime = several ? NULL : runtime;
        *ret_observation = joined;
        return 0;
}

void cf_observation_estimate(const struct cf_observation *observation,
                             struct cf_estimate *ret_estimate)
{
        struct cf_estimate estimate = {0};
        size_t doubles = 0;
        for (size_t i = 0; i < observation->call_count; i++) {
                uint64_t count = observation->calls[i].count[CF_SEEN_WORKLOAD];
                estimate.total = add(estimate.total, count);
                estimate.kinds += count > 0;
                estimate.singles += count == 1;
                doubles += count == 2;
        }
        double singles = (double)estimate.singles;
        if (estimate.total)
                estimate.unseen = singles / (double)estimate.total;
        /* The form without a division by the number of doubles, which may be none. */
        estimate.all_kinds =
                (double)estimate.kinds + singles * (singles - 1) / (2 * ((double)doubles + 1));
        *ret_estimate = estimate;
}
