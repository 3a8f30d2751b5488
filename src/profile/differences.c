/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of policies by the names of what they are about. */
#include "base/vec.h"
#include "profile/profile.h"

struct named {
        struct cf_arena *arena;
        CF_VEC(struct cf_named_difference) items;
};

static int add(struct named *to, const struct cf_difference *difference, const struct cf_arch *arch,
               const struct cf_syscall *call, uint64_t first, uint64_t last)
{
        struct cf_named_difference item = {difference,      arch,          call, arch->token,
                                           (uint32_t)first, (uint32_t)last};
        return first > last ? 0 : cf_vec_push(to->arena, &to->items, item);
}

/* The part of a difference that is about one architecture: each call with a name by itself. */
static int add_arch(struct named *to, const struct cf_difference *difference,
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

static int add_difference(struct named *to, const struct cf_difference *difference)
{
        const struct cf_arch *arch;
        struct cf_named_difference rest = {.difference = difference,
                                           .nr_first = difference->nr_first,
                                           .nr_last = difference->nr_last};
        int r = 0;
        for (size_t i = 0; r == 0 && (arch = cf_arch_at(i)); i++)
                if (arch->token >= difference->arch_first && arch->token <= difference->arch_last)
                        r = add_arch(to, difference, arch);
        if (r == 0 && nameless(difference, &rest.token))
                r = cf_vec_push(to->arena, &to->items, rest);
        return r;
}

int cf_differences_name(struct cf_arena *arena, const struct cf_difference *differences,
                        size_t count, const struct cf_named_difference **ret_named,
                        size_t *ret_count)
{
        struct named named = {.arena = arena};
        for (size_t i = 0; i < count; i++)
                if (add_difference(&named, &differences[i]) < 0)
                        return -ENOMEM;
        *ret_named = named.items.items;
        *ret_count = named.items.count;
        return 0;
}
