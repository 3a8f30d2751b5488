/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "profile/lint.h"

/* Summaries are made of profiles that files name: some are written to take long. */
#define NODES_MAX (1u << 18)
#define STEPS_MAX (UINT64_C(1) << 22)
#define KERNEL_MAJOR 6

static bool some_rule_refuses(const struct cf_profile *profile)
{
        for (size_t i = 0; i < profile->rule_count; i++)
                if (!lint_lets_through(profile->rules[i].value))
                        return true;
        return false;
}

/* 1: it refuses no call on this machine and on those that it speaks of. */
static int is_open(struct cf_arena *scratch, const struct cf_profile *profile)
{
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES_MAX);
        struct cf_circumstances here = {.machine = cf_arch_native() ? cf_arch_native()
                                                                    : cf_arch_by_name("x86_64"),
                                        .capabilities = cf_capabilities_docker(),
                                        .kernel_major = KERNEL_MAJOR};
        struct lint lint = {.scratch = scratch, .profile = profile, .circumstances = &here};
        int r = all && lint_machines(&lint) == 0 ? 1 : -ENOMEM;
        if (r == 1)
                cf_policies_budget(all, STEPS_MAX);
        for (size_t i = 0; r == 1 && i < lint.machine_count; i++) {
                struct cf_circumstances there = here;
                there.machine = lint.machines[i];
                r = cf_profile_allows_everything(all, profile, &there, true, NULL, NULL);
        }
        return r;
}

/* What cannot be worked out is not called open. -ENOMEM. */
static int find_kind(struct cf_arena *scratch, const struct cf_profile *profile,
                     enum cf_profile_kind *ret_kind)
{
        bool through = lint_lets_through(profile->default_value);
        int r = through && !some_rule_refuses(profile) ? 1
                : !through && profile->rule_count == 0 ? 0
                                                       : is_open(scratch, profile);
        *ret_kind = r == 1    ? CF_PROFILE_ALLOWS_ALL
                    : through ? CF_PROFILE_DENYLIST
                              : CF_PROFILE_FILTERS;
        return r == -ENOMEM ? r : 0;
}

int cf_profile_summarize(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_profile_summary *ret_summary, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        const struct cf_profile *profile = NULL;
        if (!scratch)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the profile");
        int r = cf_profile_read(scratch, source, &profile, err);
        if (r < 0)
                return r;
        char *name = cf_arena_string(arena, profile->default_action);
        enum cf_profile_kind kind;
        if (!name || find_kind(scratch, profile, &kind) < 0)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the profile");
        size_t names = 0;
        for (size_t i = 0; i < profile->rule_count; i++)
                names += profile->rules[i].names.count;
        *ret_summary = (struct cf_profile_summary){
                .kind = kind,
                .default_lets_through = lint_lets_through(profile->default_value),
                .default_action = name,
                .default_place = cf_profile_place(profile, profile->default_part),
                .rules = profile->rule_count,
                .names = names,
        };
        return 0;
}

const char *cf_profile_kind_name(enum cf_profile_kind kind)
{
        static const char *const names[] = {
                [CF_PROFILE_FILTERS] = "filters",
                [CF_PROFILE_DENYLIST] = "denylist",
                [CF_PROFILE_ALLOWS_ALL] = "allows-all",
        };
        return names[kind];
}
