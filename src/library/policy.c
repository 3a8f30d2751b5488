/* SPDX-License-Identifier: Apache-2.0 */
/* Policies and calls of the public API. */
#include "library/library.h"

bool confined_call_by_name(const char *architecture, const char *name,
                           struct confined_call *ret_call)
{
        const struct cf_arch *arch =
                architecture ? cf_arch_by_name(architecture) : cf_arch_native();
        uint32_t nr;
        if (!arch || !cf_syscall_number(arch, name, &nr))
                return false;
        *ret_call = (struct confined_call){.nr = nr, .arch = arch->token};
        return true;
}

const char *confined_call_name(const struct confined_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        const struct cf_syscall *known = arch ? cf_syscall_by_number(arch, call->nr) : NULL;
        return known ? known->name : NULL;
}

const char *confined_call_architecture(const struct confined_call *call)
{
        const struct cf_arch *arch = cf_arch_of_call(call->arch, call->nr);
        return arch ? arch->name : NULL;
}

const char *confined_syscalls_kernel(void)
{
        return cf_syscalls_kernel();
}

const char *confined_call_text(struct confined_context *context, const struct confined_call *call)
{
        struct cf_call made = cf_library_call(call);
        struct cf_text text = {0};
        cf_say_call(&text, &made);
        return cf_library_text(context, &text);
}

const char *confined_value_text(struct confined_context *context, uint32_t value)
{
        struct cf_text text = {0};
        cf_say_value(&text, value);
        return cf_library_text(context, &text);
}

uint32_t confined_policy_value(const struct confined_policy *policy,
                               const struct confined_call *call)
{
        struct cf_call made = cf_library_call(call);
        return cf_policy_value(policy->context->all, policy->exact, &made);
}

bool confined_policy_equal(const struct confined_policy *a, const struct confined_policy *b)
{
        return a->normal == b->normal;
}

int confined_policy_as_strict(const struct confined_policy *a, const struct confined_policy *b,
                              struct confined_call *ret_witness)
{
        struct cf_error err = {0};
        struct cf_call found = {0};
        int r = cf_policy_is_as_strict(a->context->all, a->normal, b->normal, &found, &err);
        if (r < 0)
                return cf_library_failed(a->context, r, &err);
        if (r == 0 && ret_witness)
                *ret_witness = (struct confined_call){.nr = found.nr,
                                                      .arch = found.arch,
                                                      .ip = found.ip,
                                                      .args = {found.args[0], found.args[1],
                                                               found.args[2], found.args[3],
                                                               found.args[4], found.args[5]}};
        return r;
}

/* Filters are stacked by the numbers that they return, unchanged. */
int confined_policy_stack(const struct confined_policy *newer, const struct confined_policy *older,
                          const struct confined_policy **ret_policy)
{
        cf_policy both = cf_policy_stack(newer->context->all, newer->exact, older->exact);
        return cf_library_policy(newer->context, both, ret_policy);
}

int confined_policy_intersection(const struct confined_policy *a, const struct confined_policy *b,
                                 const struct confined_policy **ret_policy)
{
        cf_policy both = cf_policy_intersection(a->context->all, a->exact, b->exact);
        return cf_library_policy(a->context, both, ret_policy);
}

int confined_policy_union(const struct confined_policy *a, const struct confined_policy *b,
                          const struct confined_policy **ret_policy)
{
        cf_policy both = cf_policy_union(a->context->all, a->exact, b->exact);
        return cf_library_policy(a->context, both, ret_policy);
}
