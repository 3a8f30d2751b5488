/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of the public API: by architecture and call. */
#include "library/library.h"

#include <string.h>

struct item {
        const struct cf_difference *difference;
        const struct cf_arch *arch;    /* NULL: none with a name */
        const struct cf_syscall *call; /* NULL: numbers without a name */
        uint32_t token, nr_first, nr_last;
};

struct confined_differences {
        struct confined_context *context;
        CF_VEC(struct item) items;
};

static int add(struct confined_differences *to, const struct cf_difference *difference,
               const struct cf_arch *arch, const struct cf_syscall *call, uint64_t first,
               uint64_t last)
{
        struct item item = {difference, arch, call, arch->token, (uint32_t)first, (uint32_t)last};
        return first > last ? 0 : cf_vec_push(to->context->arena, &to->items, item);
}

/* The part of a difference that is about one architecture: each call with a name by itself. */
static int add_arch(struct confined_differences *to, const struct cf_difference *difference,
                    const struct cf_arch *arch)
{
        const struct cf_syscall *call;
        uint64_t first = difference->nr_first, last = difference->nr_last;
        uint32_t nr;
        int r = 0;
        /* Of two architectures with one token, the x32 bit tells. */
        if (cf_arch_of_call(arch->token, 0) != cf_arch_of_call(arch->token, CF_X32_BIT)) {
                bool x32 = arch->base >= CF_X32_BIT;
                if (x32 && first < CF_X32_BIT)
                        first = CF_X32_BIT;
                if (!x32 && last >= CF_X32_BIT)
                        last = CF_X32_BIT - 1;
        }
        for (size_t i = 0; r == 0 && (call = cf_syscall_of_arch(arch, i, &nr)); i++) {
                if (nr < first || nr > last)
                        continue;
                r = nr > first ? add(to, difference, arch, NULL, first, (uint64_t)nr - 1) : 0;
                if (r == 0)
                        r = add(to, difference, arch, call, nr, nr);
                first = (uint64_t)nr + 1;
        }
        return r < 0 ? r : add(to, difference, arch, NULL, first, last);
}

/* A token in the range that has no name; false: all have. There are few that have. */
static bool nameless(const struct cf_difference *difference, uint32_t *ret_token)
{
        for (uint64_t token = difference->arch_first; token <= difference->arch_last; token++)
                if (!cf_arch_of_call((uint32_t)token, 0)) {
                        *ret_token = (uint32_t)token;
                        return true;
                }
        return false;
}

static int add_difference(struct confined_differences *to, const struct cf_difference *difference)
{
        const struct cf_arch *arch;
        struct item rest = {.difference = difference,
                            .nr_first = difference->nr_first,
                            .nr_last = difference->nr_last};
        int r = 0;
        for (size_t i = 0; r == 0 && (arch = cf_arch_at(i)); i++)
                if (arch->token >= difference->arch_first && arch->token <= difference->arch_last)
                        r = add_arch(to, difference, arch);
        if (r == 0 && nameless(difference, &rest.token))
                r = cf_vec_push(to->context->arena, &to->items, rest);
        return r;
}

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
        if (made)
                made->context = context;
        for (size_t i = 0; made && r == 0 && i < count; i++)
                r = add_difference(made, &differences[i]);
        if (!made || r < 0)
                return cf_library_fails(context, -ENOMEM, "not enough memory");
        *ret_differences = made;
        return 0;
}

size_t confined_differences_count(const struct confined_differences *differences)
{
        return differences->items.count;
}

static const char *say_condition(struct confined_context *context, const struct item *item)
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
        if (i >= differences->items.count)
                return cf_library_fails(context, -ERANGE, "there are %zu differences",
                                        differences->items.count);
        const struct item *item = &differences->items.items[i];
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
