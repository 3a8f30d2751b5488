/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include <string.h>

#include "base/vec.h"

#define TREE_FROM 33u /* names: runc asks for a tree above 32 */
#define X32_TOKEN 0x4000003eu
#define CRUN_CONDITIONS 6u /* it passes over what comes behind */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int refuse(const struct plan *plan, struct cf_profile_part part, const char *reason,
                  struct cf_error *err)
{
        struct cf_place place = cf_profile_place(plan->profile, part);
        return cf_error_set(err, -ENOEXEC, &place,
                            "%s would refuse this profile and start no container: %s",
                            cf_runtime_name(plan->options->kind), reason);
}

/* ---- versions ------------------------------------------------------------------------------- */

static bool is_from(const struct cf_runtime_version *version, unsigned major, unsigned minor,
                    unsigned patch)
{
        if (version->major == 0 && version->minor == 0 && version->patch == 0)
                return true;
        if (version->major != major)
                return version->major > major;
        return version->minor != minor ? version->minor > minor : version->patch >= patch;
}

/* ---- architectures -------------------------------------------------------------------------- */

/* libseccomp tells x32 from x86_64 by a token of its own. */
static uint32_t library_token(const struct cf_arch *arch)
{
        return strcmp(arch->name, "x32") == 0 ? X32_TOKEN : arch->token;
}

static bool is_named(const struct cf_profile *profile, const struct cf_arch *machine)
{
        for (size_t i = 0; i < profile->map_count; i++)
                if (cf_span_is(profile->map[i].machine.text, machine->profile))
                        return true;
        for (size_t i = 0; i < profile->architectures.count; i++)
                if (cf_span_is(profile->architectures.items[i].text, machine->profile))
                        return true;
        return false;
}

static int plan_arches(struct plan *plan, struct cf_error *err)
{
        size_t count;
        int r = cf_profile_architectures(plan->arena, plan->profile, plan->circumstances,
                                         &plan->arches, &count, err);
        if (r < 0)
                return r;
        uint32_t *tokens = cf_arena_many(plan->arena, count, uint32_t);
        if (!tokens)
                return no_memory(err);
        for (size_t i = 0; i < count; i++)
                tokens[i] = library_token(plan->arches[i]);
        plan->request.arches = tokens;
        plan->request.arch_count = count;
        plan->request.machine = tokens[0];
        plan->request.foreign = plan->arches[0] != cf_arch_native();
        plan->machine_listed = is_named(plan->profile, plan->arches[0]);
        return 0;
}

/* ---- rules ---------------------------------------------------------------------------------- */

bool plan_is_apart(enum cf_runtime_kind kind, const struct cf_profile_rule *rule, size_t *ret_count)
{
        unsigned seen[CF_POLICY_ARGS] = {0};
        size_t count = rule->condition_count;
        bool apart = false;
        if (kind == CF_RUNTIME_CRUN && count > CRUN_CONDITIONS)
                count = CRUN_CONDITIONS;
        for (size_t i = 0; i < count; i++)
                apart |= seen[rule->conditions[i].arg]++ > 0;
        *ret_count = count;
        return apart;
}

static bool carries_number(uint32_t value)
{
        return (value & CF_ACTION_MASK) == CF_ERRNO || (value & CF_ACTION_MASK) == CF_TRACE;
}

static const char no_number[] =
        "an error number is given for an action that has none; take it away";

/* The conditions as the library takes them. */
static int hand_conditions(struct plan *plan, const struct cf_profile_rule *rule,
                           struct request_rule *request)
{
        size_t count;
        request->apart = plan_is_apart(plan->options->kind, rule, &count);
        request->count = (unsigned)count;
        struct library_condition *conditions =
                cf_arena_many(plan->arena, count, struct library_condition);
        if (!conditions)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct cf_condition *from = &rule->conditions[i];
                bool masked = from->op == CF_MASKED_EQ;
                conditions[i] = (struct library_condition){from->arg, (int)from->op,
                                                           masked ? from->mask : from->value,
                                                           rule->seconds[i]};
        }
        request->conditions = conditions;
        return 0;
}

typedef CF_VEC(struct request_rule) request_rules;
typedef CF_VEC(struct cf_runtime_use) request_uses;

static int plan_rule(struct plan *plan, const struct cf_profile_rule *rule, request_rules *rules,
                     request_uses *uses, struct cf_error *err)
{
        struct request_rule one = {
                .value = rule->value,
                .skipped = rule->value == plan->profile->default_value,
        };
        if (plan->options->kind == CF_RUNTIME_CRUN && rule->errno_given &&
            !carries_number(rule->value))
                return refuse(plan, rule->action, no_number, err);
        if (rule->condition_count > UINT16_MAX || hand_conditions(plan, rule, &one) < 0)
                return no_memory(err);
        for (size_t i = 0; i < rule->names.count; i++) {
                const struct cf_profile_word *name = &rule->names.items[i];
                one.name = name->text.data;
                if (rules->count == CF_RUNTIME_NAMES_MAX) {
                        struct cf_place place = cf_profile_place(plan->profile, name->part);
                        return cf_error_set(err, -E2BIG, &place,
                                            "more than %zu names: what a runtime makes of them is "
                                            "not looked at",
                                            CF_RUNTIME_NAMES_MAX);
                }
                if (cf_vec_push(plan->arena, rules, one) < 0 ||
                    cf_vec_push(plan->arena, uses, (struct cf_runtime_use){rule, name, NULL}) < 0)
                        return no_memory(err);
        }
        return 0;
}

int plan_make(struct plan *plan, struct cf_error *err)
{
        const struct cf_profile *profile = plan->profile;
        request_rules rules = {0};
        request_uses uses = {0};
        int r = plan_arches(plan, err);
        if (r == 0 && plan->options->kind == CF_RUNTIME_CRUN && profile->default_errno_given &&
            !carries_number(profile->default_value))
                r = refuse(plan, profile->default_part, no_number, err);
        for (size_t i = 0; r == 0 && i < profile->rule_count; i++)
                if (cf_profile_rule_applies(&profile->rules[i], plan->circumstances))
                        r = plan_rule(plan, &profile->rules[i], &rules, &uses, err);
        if (r < 0)
                return r;
        plan->uses = uses.items;
        plan->request.rules = rules.items;
        plan->request.count = rules.count;
        plan->request.default_value = profile->default_value;
        plan->request.tree = plan->options->kind == CF_RUNTIME_RUNC && rules.count >= TREE_FROM &&
                             is_from(&plan->options->version, 1, 2, 0);
        return 0;
}

/* ---- the stub ------------------------------------------------------------------------------- */

bool plan_has_stub(const struct plan *plan)
{
        uint32_t action = plan->profile->default_value & CF_ACTION_MASK;
        return plan->options->kind == CF_RUNTIME_RUNC && action != CF_ALLOW && action != CF_LOG &&
               action != CF_TRACE;
}

/* Before 1.1.15 an architecture that the profile does not name has none, be it the machine's. */
bool plan_has_stub_for(const struct plan *plan, size_t arch)
{
        return arch > 0 || plan->machine_listed || is_from(&plan->options->version, 1, 1, 15);
}
