/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules: the order is the one in which documentation and tools list them. */
#include "base/spelling.h"
#include "judge/rule.h"

const struct cf_rule_info *const cf_rules[] = {
        &cf_rule_seccomp_unconfined.info,       &cf_rule_privileged.info,
        &cf_rule_daemon_unconfined.info,        &cf_rule_profile_missing.info,
        &cf_rule_profile_invalid.info,          &cf_rule_profile_allows_everything.info,
        &cf_rule_profile_default_allow.info,    &cf_rule_profile_weaker_than_default.info,
        &cf_rule_seccomp_misspelled.info,       &cf_rule_process_unfiltered.info,
        &cf_rule_filter_differs.info,           &cf_rule_seccomp_unsupported.info,
        &cf_rule_suppression_invalid.info,      &cf_rule_profile_name_unknown.info,
        &cf_rule_profile_name_foreign.info,     &cf_rule_profile_rule_never.info,
        &cf_rule_profile_condition_never.info,  &cf_rule_profile_rule_contradicted.info,
        &cf_rule_profile_rule_redundant.info,   &cf_rule_profile_upper_half.info,
        &cf_rule_profile_gone_around.info,      &cf_rule_profile_dangerous_call.info,
        &cf_rule_profile_new_call_refused.info, &cf_rule_profile_architecture_missing.info,
        &cf_rule_profile_rule_lost.info,        NULL,
};

const struct cf_rule *cf_rule_of(const struct cf_rule_info *info)
{
        _Static_assert(offsetof(struct cf_rule, info) == 0, "a rule starts with what is constant");
        return (const struct cf_rule *)(const void *)info;
}

const struct cf_rule_info *cf_rule_find(const char *id)
{
        for (size_t i = 0; id && cf_rules[i]; i++)
                if (strcmp(cf_rules[i]->id, id) == 0)
                        return cf_rules[i];
        return NULL;
}

/* A third of the letters may be wrong, or one of the two words left out. */
const char *cf_rule_nearest(const char *id)
{
        struct cf_span asked = cf_span_of(id);
        const char *nearest = NULL;
        unsigned best = (unsigned)(asked.size / 3 > 8 ? 8 : asked.size / 3);
        for (size_t i = 0; cf_rules[i]; i++) {
                struct cf_span known = cf_span_of(cf_rules[i]->id);
                unsigned distance = cf_spelling_distance(asked, known, best);
                if (distance < best || (distance == best && !nearest)) {
                        best = distance;
                        nearest = cf_rules[i]->id;
                }
        }
        if (nearest || asked.size < 4)
                return nearest;
        for (size_t i = 0; cf_rules[i]; i++)
                if (cf_span_find(cf_span_of(cf_rules[i]->id), asked) != SIZE_MAX)
                        return cf_rules[i]->id;
        return NULL;
}
