/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/weaker.h"

#include "base/vec.h"
#include "syscalls/syscalls.h"

/* A scan meets profiles that were written to take long. */
#define NODES_MAX (1u << 18)
#define STEPS_MAX (UINT64_C(1) << 22)
#define KERNEL_MAJOR 6

static int read_default(struct cf_arena *arena, const struct cf_profile_default *by_default,
                        const struct cf_profile **ret_profile)
{
        struct cf_source *source = NULL;
        struct cf_span text;
        if (cf_profile_default_text(arena, by_default, &text) < 0)
                return -ENOMEM;
        int r = cf_source_from(arena, by_default->name, text, &source, NULL);
        return r < 0 ? r : cf_profile_read(arena, source, ret_profile, NULL);
}

/* Where the profile is looser, under these capabilities. */
static int looser(struct cf_policies *all, const struct cf_profile *profile,
                  const struct cf_profile *usual, uint64_t capabilities, cf_policy *ret_looser)
{
        struct cf_circumstances here = {.machine = cf_arch_native() ? cf_arch_native()
                                                                    : cf_arch_by_name("x86_64"),
                                        .capabilities = capabilities,
                                        .kernel_major = KERNEL_MAJOR};
        cf_policy own, other;
        int r = cf_profile_policy(all, profile, &here, &own, NULL);
        if (r == 0)
                r = cf_profile_policy(all, usual, &here, &other, NULL);
        if (r < 0)
                return r;
        *ret_looser = cf_policy_where_looser(all, own, other);
        return cf_policies_check(all, *ret_looser, NULL);
}

static int add(struct cf_policies *all, struct cf_arena *keep, const struct cf_syscall *call,
               cf_policy condition, struct cf_loose_call *ret_call)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(CF_PROFILE_MEMORY);
        CF_TEXT struct cf_text words = {0};
        struct cf_clauses clauses;
        const struct cf_danger *danger = cf_danger_met(all, call, condition, CF_CAPABILITIES_ALL);
        *ret_call =
                (struct cf_loose_call){.name = call->name, .danger = danger ? danger->gain : NULL};
        if (condition == CF_POLICY_TRUE)
                return 0;
        int r = work ? cf_policy_describe(all, condition, CF_STYLE_WORDS, work, &clauses, NULL)
                     : -ENOMEM;
        if (r < 0)
                return r;
        cf_say_clauses(&words, call, &clauses);
        ret_call->when = cf_arena_copy(keep, cf_text_span(&words));
        return ret_call->when ? 0 : -ENOMEM;
}

static int list(struct cf_policies *all, struct cf_arena *keep, cf_policy loose,
                struct cf_loose_calls *ret_calls)
{
        const struct cf_arch *machine =
                cf_arch_native() ? cf_arch_native() : cf_arch_by_name("x86_64");
        CF_VEC(struct cf_loose_call) calls = {0};
        const struct cf_syscall *call;
        uint32_t nr;
        for (size_t i = 0; (call = cf_syscall_of_arch(machine, i, &nr)); i++) {
                struct cf_loose_call found;
                cf_policy here = cf_policy_of_call(all, loose, machine->token, nr);
                if (here == CF_POLICY_FALSE)
                        continue;
                int r = add(all, keep, call, here, &found);
                if (r == 0)
                        r = cf_vec_push(keep, &calls, found);
                if (r < 0)
                        return r;
        }
        *ret_calls = (struct cf_loose_calls){calls.items, calls.count};
        return 0;
}

int cf_weaker_calls(struct cf_arena *keep, const struct cf_profile *profile,
                    const struct cf_profile_default *by_default, struct cf_loose_calls *ret_calls)
{
        CF_ARENA struct cf_arena *work = cf_arena_new(CF_PROFILE_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES_MAX);
        const struct cf_profile *usual = NULL;
        cf_policy few, every;
        if (!work || !all)
                return -ENOMEM;
        cf_policies_budget(all, STEPS_MAX);
        int r = read_default(work, by_default, &usual);
        if (r == 0)
                r = looser(all, profile, usual, cf_capabilities_docker(), &few);
        if (r == 0)
                r = looser(all, profile, usual, CF_CAPABILITIES_ALL, &every);
        if (r < 0)
                return r;
        cf_policy both = cf_policy_and(all, few, every);
        r = cf_policies_check(all, both, NULL);
        return r < 0 ? r : list(all, keep, both, ret_calls);
}
