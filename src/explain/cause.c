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

/* One that asks for the same is there: a call may answer the same lack in two ways. */
static bool is_there(const struct cf_requirement *const *all, size_t count,
                     const struct cf_requirement *one)
{
        for (size_t i = 0; i < count; i++)
                if (!all[i]->setting && !one->setting && all[i]->capability && one->capability &&
                    strcmp(all[i]->capability, one->capability) == 0)
                        return true;
        return false;
}

/* Returns whether one of what is not met gives this error. */
static bool sort_out(const struct cf_call *call, int error, const struct cf_caller *caller,
                     struct cf_cause *cause)
{
        bool gives = false;
        const struct cf_requirement *all[CF_REQUIREMENTS_MAX];
        if (cause->has_instead) /* whose requirements are those of the flags */
                call = &cause->instead;
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        size_t count = arch ? cf_call_requirements(arch, call->nr, call->args, all) : 0;
        for (size_t i = 0; i < count; i++) {
                if (has_capability(all[i], caller) || has_setting(all[i], caller))
                        continue;
                gives |= all[i]->error == error;
                if (all[i]->perhaps && !is_there(cause->perhaps, cause->perhaps_count, all[i]))
                        cause->perhaps[cause->perhaps_count++] = all[i];
                else if (!all[i]->perhaps)
                        cause->unmet[cause->unmet_count++] = all[i];
        }
        return gives;
}

void cf_explain_cause(const struct cf_policies *all, cf_policy policy, const struct cf_call *call,
                      const struct cf_behind *behind, int error, const struct cf_caller *caller,
                      struct cf_cause *ret_cause)
{
        uint32_t answer = CF_ALLOW;
        if (policy != CF_POLICY_NONE)
                answer = cf_action_normal(cf_policy_value(all, policy, call));
        *ret_cause = (struct cf_cause){.answer = answer, .instead_answer = CF_ALLOW};
        if (behind) {
                ret_cause->behind = *behind;
                ret_cause->has_instead =
                        cf_explain_clone_instead(call, behind->clone_flags, &ret_cause->instead);
        }
        if (ret_cause->has_instead && policy != CF_POLICY_NONE)
                ret_cause->instead_answer =
                        cf_action_normal(cf_policy_value(all, policy, &ret_cause->instead));
        bool gives = sort_out(call, error, caller, ret_cause);
        if (cf_action_rank(answer) < cf_action_rank(CF_LOG))
                ret_cause->blame = ret_cause->unmet_count ? CF_BLAME_BOTH : CF_BLAME_FILTER;
        else if (gives)
                ret_cause->blame = CF_BLAME_KERNEL;
}

/* What would have had to be there. */
static const char *missing(const struct cf_requirement *const *all, size_t count)
{
        bool capability = false, setting = false;
        for (size_t i = 0; i < count; i++) {
                capability |= all[i]->capability != NULL;
                setting |= all[i]->setting != NULL;
        }
        return capability && setting ? "capability or sysctl" : setting ? "sysctl" : "capability";
}

void cf_explain_who(struct cf_text *text, const struct cf_cause *cause, bool filtered)
{
        bool kernel = filtered || cause->blame == CF_BLAME_KERNEL;
        cf_text_puts(text, filtered ? "seccomp" : "");
        if (filtered && (cause->unmet_count || cause->perhaps_count))
                cf_text_puts(text, ", then ");
        if (kernel && cause->unmet_count)
                cf_text_puts(text, missing(cause->unmet, cause->unmet_count));
        else if (kernel && cause->perhaps_count)
                cf_text_printf(text, "perhaps %s", missing(cause->perhaps, cause->perhaps_count));
        else if (!filtered)
                cf_text_puts(text, "ordinary");
}
