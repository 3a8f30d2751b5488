/* SPDX-License-Identifier: Apache-2.0 */
#include "explain/explain.h"

#include <string.h>

#include "base/cleanup.h"

bool cf_explain_suffices(const char *held, const char *asked)
{
        static const char *const parts[] = {"CAP_BPF", "CAP_PERFMON", "CAP_CHECKPOINT_RESTORE"};
        if (strcmp(held, asked) == 0)
                return true;
        for (size_t i = 0; strcmp(held, "CAP_SYS_ADMIN") == 0 && i < CF_COUNT(parts); i++)
                if (strcmp(asked, parts[i]) == 0)
                        return true;
        return false;
}

static bool has_capability(const struct cf_requirement *requirement, const struct cf_caller *caller)
{
        if (!requirement->capability || (requirement->initial && !caller->initial))
                return false;
        for (unsigned i = 0; i < CF_CAPABILITIES; i++)
                if (caller->capabilities >> i & 1 &&
                    cf_explain_suffices(cf_capability_name(i), requirement->capability))
                        return true;
        return false;
}

/* A setting that the kernel does not have asks for nothing. */
static bool has_setting(const struct cf_requirement *requirement, const struct cf_caller *caller)
{
        long number;
        if (!requirement->setting)
                return false;
        if (!caller->setting)
                return !requirement->capability;
        return !caller->setting(caller->context, requirement->setting, &number) ||
               cf_requirement_is_met_by(requirement, number);
}

static void sort_out(const struct cf_call *call, const struct cf_caller *caller,
                     struct cf_cause *cause)
{
        const struct cf_requirement *all[CF_REQUIREMENTS_MAX];
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        size_t count = arch ? cf_call_requirements(arch, call->nr, call->args, all) : 0;
        for (size_t i = 0; i < count; i++) {
                if (has_capability(all[i], caller) || has_setting(all[i], caller))
                        continue;
                if (all[i]->perhaps)
                        cause->perhaps[cause->perhaps_count++] = all[i];
                else
                        cause->unmet[cause->unmet_count++] = all[i];
        }
}

static bool gives(const struct cf_requirement *const *requirements, size_t count, int error)
{
        for (size_t i = 0; i < count; i++)
                if (requirements[i]->error == error)
                        return true;
        return false;
}

void cf_explain_cause(const struct cf_policies *all, cf_policy policy, const struct cf_call *call,
                      int error, const struct cf_caller *caller, struct cf_cause *ret_cause)
{
        uint32_t answer = CF_ALLOW;
        if (policy != CF_POLICY_NONE)
                answer = cf_action_normal(cf_policy_value(all, policy, call));
        *ret_cause = (struct cf_cause){.answer = answer};
        sort_out(call, caller, ret_cause);
        if (cf_action_rank(answer) < cf_action_rank(CF_LOG))
                ret_cause->blame = ret_cause->unmet_count ? CF_BLAME_BOTH : CF_BLAME_FILTER;
        else if (gives(ret_cause->unmet, ret_cause->unmet_count, error) ||
                 gives(ret_cause->perhaps, ret_cause->perhaps_count, error))
                ret_cause->blame = CF_BLAME_KERNEL;
}
