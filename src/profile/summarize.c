/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "profile/profile.h"

/* A call goes through under these; SCMP_ACT_TRACE fails with ENOSYS when no tracer is there. */
static bool lets_through(uint32_t value)
{
        return value == CF_ALLOW || value == CF_LOG;
}

static bool can_hold(const struct cf_condition *condition)
{
        switch (condition->op) {
        case CF_LT:
                return condition->value > 0;
        case CF_GT:
                return condition->value < UINT64_MAX;
        case CF_EQ:
        case CF_MASKED_EQ:
                return (condition->value & ~condition->mask) == 0;
        default:
                return true;
        }
}

/* Whether there is a call, a container and a machine for which the rule counts. Names that no
 * architecture has, capabilities that do not exist and conditions that never hold make a rule of
 * words alone. */
static bool has_effect(const struct cf_profile_rule *rule)
{
        bool named = false;
        for (size_t i = 0; i < rule->names.count; i++)
                named |= cf_syscall_by_name(rule->names.items[i].text.data) != NULL;
        for (size_t i = 0; i < rule->condition_count; i++)
                if (!can_hold(&rule->conditions[i]))
                        return false;
        for (size_t i = 0; i < rule->includes.caps.count; i++) {
                unsigned number;
                if (!cf_capability_number(rule->includes.caps.items[i].text, &number))
                        return false;
        }
        return named;
}

static enum cf_profile_kind kind_of(const struct cf_profile *profile)
{
        if (!lets_through(profile->default_value))
                return CF_PROFILE_FILTERS;
        for (size_t i = 0; i < profile->rule_count; i++)
                if (!lets_through(profile->rules[i].value) && has_effect(&profile->rules[i]))
                        return CF_PROFILE_DENYLIST;
        return CF_PROFILE_ALLOWS_ALL;
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
        if (!name)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the profile");
        size_t names = 0;
        for (size_t i = 0; i < profile->rule_count; i++)
                names += profile->rules[i].names.count;
        *ret_summary = (struct cf_profile_summary){
                .kind = kind_of(profile),
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
