/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that refuse nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "profile/lint.h"

cf_policy lint_where_let_through(struct cf_policies *all, cf_policy policy)
{
        return cf_policy_where_action(all, policy, cf_action_bit(CF_ALLOW) | cf_action_bit(CF_LOG));
}

static cf_policy bit_of(struct cf_policies *all, struct cf_span capability)
{
        unsigned number;
        if (!cf_capability_number(capability, &number))
                return CF_POLICY_FALSE;
        return cf_policy_equal(all, (struct cf_slice){(uint16_t)(CF_SLICE_IP.first + number), 1},
                               1);
}

#define KERNEL_BITS (64u - CF_CAPABILITIES)
#define MINOR_BITS 12u

/* Kernels from a version on. */
static cf_policy from_kernel(struct cf_policies *all, const struct cf_profile_when *when)
{
        struct cf_slice slice = {(uint16_t)(CF_SLICE_IP.first + CF_CAPABILITIES), KERNEL_BITS};
        uint64_t major = when->kernel_major, minor = when->kernel_minor;
        uint64_t most = (UINT64_C(1) << (KERNEL_BITS - MINOR_BITS)) - 1;
        if (major > most)
                return CF_POLICY_FALSE;
        if (minor >> MINOR_BITS)
                minor = (1u << MINOR_BITS) - 1;
        return cf_policy_range(all, slice, major << MINOR_BITS | minor, cf_slice_max(slice));
}

static bool names_machine(const struct cf_profile_words *list, const struct cf_arch *machine)
{
        for (size_t i = 0; i < list->count; i++)
                if (machine->go && cf_span_is(list->items[i].text, machine->go))
                        return true;
        return false;
}

cf_policy lint_when(struct cf_policies *all, const struct cf_profile_rule *rule,
                    const struct cf_arch *machine)
{
        const struct cf_profile_when *out = &rule->excludes, *in = &rule->includes;
        cf_policy when = CF_POLICY_TRUE;
        if (names_machine(&out->arches, machine) ||
            (in->arches.count && !names_machine(&in->arches, machine)))
                return CF_POLICY_FALSE;
        for (size_t i = 0; i < out->caps.count; i++)
                when = cf_policy_and(all, when,
                                     cf_policy_not(all, bit_of(all, out->caps.items[i].text)));
        for (size_t i = 0; i < in->caps.count; i++)
                when = cf_policy_and(all, when, bit_of(all, in->caps.items[i].text));
        if (out->has_kernel)
                when = cf_policy_and(all, when, cf_policy_not(all, from_kernel(all, out)));
        if (in->has_kernel)
                when = cf_policy_and(all, when, from_kernel(all, in));
        return when;
}

cf_policy lint_conditions(struct cf_policies *all, const struct cf_profile_rule *rule)
{
        cf_policy both = CF_POLICY_TRUE;
        for (size_t i = 0; i < rule->condition_count && both != CF_POLICY_NONE; i++)
                both = cf_policy_and(all, both, cf_policy_condition(all, &rule->conditions[i]));
        return both;
}

static int compare_uses(const void *left, const void *right)
{
        const struct lint_use *a = left, *b = right;
        if (a->nr != b->nr)
                return a->nr < b->nr ? -1 : 1;
        if (a->rank != b->rank)
                return a->rank > b->rank ? -1 : 1;
        if (a->rule != b->rule)
                return a->rule > b->rule ? -1 : 1;
        return a->name > b->name ? -1 : a->name < b->name;
}

int lint_uses(struct cf_arena *arena, const struct cf_profile *profile, const struct cf_arch *arch,
              struct lint_use **ret_uses, size_t *ret_count)
{
        CF_VEC(struct lint_use) uses = {0};
        for (size_t i = 0; i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                for (size_t k = 0; k < rule->names.count; k++) {
                        struct cf_span name = rule->names.items[k].text;
                        struct lint_use use = {0, cf_action_rank(rule->value), i, k};
                        if (strlen(name.data) == name.size &&
                            cf_syscall_number(arch, name.data, &use.nr) &&
                            cf_vec_push(arena, &uses, use) < 0)
                                return -ENOMEM;
                }
        }
        if (uses.count > 1)
                qsort(uses.items, uses.count, sizeof(*uses.items), compare_uses);
        *ret_uses = uses.items;
        *ret_count = uses.count;
        return 0;
}

/* ---- everything ------------------------------------------------------------------------------ */

/* Where a number is refused. */
static cf_policy where_refused(struct cf_policies *all, const struct cf_profile *profile,
                               const struct cf_circumstances *circumstances, bool whatever,
                               const struct lint_use *uses, size_t count)
{
        bool through = lint_lets_through(profile->default_value);
        cf_policy refused = through ? CF_POLICY_FALSE : CF_POLICY_TRUE;
        for (size_t i = 0; i < count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[uses[i].rule];
                cf_policy when = CF_POLICY_TRUE;
                if (whatever)
                        when = lint_when(all, rule, circumstances->machine);
                else if (!cf_profile_rule_applies(rule, circumstances))
                        continue;
                when = cf_policy_and(all, when, lint_conditions(all, rule));
                refused = cf_policy_choose(
                        all, when,
                        lint_lets_through(rule->value) ? CF_POLICY_FALSE : CF_POLICY_TRUE, refused);
        }
        return refused;
}

/* 1: no call of the architecture is refused. */
static int arch_is_open(struct cf_policies *all, struct cf_arena *scratch,
                        const struct cf_profile *profile,
                        const struct cf_circumstances *circumstances, bool whatever,
                        const struct cf_arch *arch, struct cf_call *ret_witness,
                        struct cf_error *err)
{
        struct lint_use *uses;
        size_t count, at = 0;
        uint32_t nr;
        if (lint_uses(scratch, profile, arch, &uses, &count) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        for (size_t i = 0; cf_syscall_of_arch(arch, i, &nr); i++) {
                size_t end;
                while (at < count && uses[at].nr < nr)
                        at++;
                for (end = at; end < count && uses[end].nr == nr;)
                        end++;
                cf_policy refused =
                        where_refused(all, profile, circumstances, whatever, uses + at, end - at);
                struct cf_call call = {0};
                int r = cf_policies_check(all, refused, err);
                if (r < 0)
                        return r;
                if (!cf_policy_find(all, refused, &call))
                        continue;
                call.arch = arch->token;
                call.nr = nr;
                call.ip = 0;
                if (ret_witness)
                        *ret_witness = call;
                return 0;
        }
        return 1;
}

int cf_profile_allows_everything(struct cf_policies *all, const struct cf_profile *profile,
                                 const struct cf_circumstances *circumstances, bool whatever,
                                 struct cf_call *ret_witness, struct cf_error *err)
{
        struct cf_place whole = {.path = profile->source->path};
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        const struct cf_arch *const *arches;
        size_t count;
        if (profile->no_filter)
                return 1;
        if (!scratch)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory");
        int r = cf_profile_architectures(scratch, profile, circumstances, &arches, &count, err);
        if (r < 0)
                return r;
        uint64_t steps = cf_policies_budget(all, CF_PROFILE_STEPS_MAX);
        if (steps < CF_PROFILE_STEPS_MAX)
                cf_policies_budget(all, steps);
        r = 1;
        for (size_t i = 0; r == 1 && i < count; i++)
                r = arch_is_open(all, scratch, profile, circumstances, whatever, arches[i],
                                 ret_witness, err);
        cf_policies_budget(all, steps);
        return r;
}

int lint_allow(struct lint *lint, struct cf_error *err)
{
        const struct cf_profile *profile = lint->profile;
        struct cf_lint_finding *finding;
        int r = cf_profile_allows_everything(lint->all, profile, lint->circumstances, false, NULL,
                                             err);
        if (r < 0)
                return r;
        lint->open = r == 1;
        if (r == 1) {
                finding = lint_add(lint, CF_LINT_ALLOWS_EVERYTHING, CF_LINT_FAIL,
                                   profile->default_part);
                finding->message = "this profile refuses no call at all";
                if (profile->no_filter)
                        lint_note(finding, "it names neither a default action nor calls: engines "
                                           "load no filter for it");
                else if (!lint_lets_through(profile->default_value))
                        lint_note(finding, "every call that is known is named and allowed");
                finding->remedy = "start from the engine's own: confined profile default";
        } else if (lint_lets_through(profile->default_value)) {
                finding =
                        lint_add(lint, CF_LINT_DEFAULT_ALLOW, CF_LINT_WARN, profile->default_part);
                finding->message = "what is not named is allowed, calls of newer kernels too";
                finding->remedy = "refuse by default (SCMP_ACT_ERRNO) and name what is needed";
        }
        return 0;
}
