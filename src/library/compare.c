/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of the public API: by architecture and call. */
#include "library/library.h"

#include <string.h>

struct confined_differences {
        struct confined_context *context;
        const struct cf_named_difference *items;
        size_t count;
};

int confined_policy_compare(const struct confined_policy *a, const struct confined_policy *b,
                            const struct confined_differences **ret_differences)
{
        struct confined_context *context = a->context;
        struct confined_differences *made =
                cf_arena_one(context->arena, struct confined_differences);
        struct cf_difference *differences = NULL;
        struct cf_error err = {0};
        size_t count = 0;
        int r = cf_policy_compare(context->all, a->normal, b->normal, context->arena, &differences,
                                  &count, &err);
        if (r < 0)
                return cf_library_failed(context, r, &err);
        if (!made ||
            cf_differences_name(context->arena, differences, count, &made->items, &made->count) < 0)
                return cf_library_fails(context, -ENOMEM, "not enough memory");
        made->context = context;
        *ret_differences = made;
        return 0;
}

size_t confined_differences_count(const struct confined_differences *differences)
{
        return differences->count;
}

static const char *say_condition(struct confined_context *context,
                                 const struct cf_named_difference *item)
{
        struct cf_text words = {0};
        struct cf_clauses clauses;
        struct cf_error err = {0};
        int r = cf_policy_describe(context->all, item->difference->condition, CF_STYLE_WORDS,
                                   context->arena, &clauses, &err);
        if (r < 0 && r != -E2BIG) {
                cf_library_failed(context, r, &err);
                return NULL;
        }
        if (r < 0)
                cf_text_puts(&words, "more conditions than can be listed");
        else
                cf_say_clauses(&words, item->call, &clauses);
        return cf_library_text(context, &words);
}

int confined_differences_get(const struct confined_differences *differences, size_t i,
                             struct confined_difference *difference)
{
        struct confined_context *context = differences->context;
        if (difference->size < sizeof(*difference))
                return cf_library_fails(context, -EINVAL, "confined_difference: size is not set");
        if (i >= differences->count)
                return cf_library_fails(context, -ERANGE, "there are %zu differences",
                                        differences->count);
        const struct cf_named_difference *item = &differences->items[i];
        const struct cf_call *shown = &item->difference->witness;
        const char *condition = say_condition(context, item);
        if (!condition)
                return -ENOMEM;
        *difference = (struct confined_difference){
                .size = difference->size,
                .architecture = item->arch ? item->arch->name : NULL,
                .call = item->call ? item->call->name : NULL,
                .nr_first = item->nr_first,
                .nr_last = item->nr_last,
                .condition = condition,
                .value_a = item->difference->value_a,
                .value_b = item->difference->value_b,
                .witness = {.nr = item->nr_first, .arch = item->token, .ip = shown->ip},
        };
        memcpy(difference->witness.args, shown->args, sizeof(shown->args));
        return 0;
}
