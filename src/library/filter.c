/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of the public API. */
#include "library/library.h"

static int hand_out(struct confined_context *context, struct cf_filter filter,
                    const struct confined_filter **ret_filter)
{
        struct confined_filter *made = cf_arena_one(context->arena, struct confined_filter);
        if (!made)
                return cf_library_fails(context, -ENOMEM, "not enough memory");
        *made = (struct confined_filter){context, filter};
        *ret_filter = made;
        return 0;
}

int confined_filter_from_bytes(struct confined_context *context, const void *bytes, size_t size,
                               const struct confined_filter **ret_filter)
{
        struct cf_error err = {0};
        struct cf_filter filter;
        int r = cf_filter_from_bytes(context->arena, (struct cf_span){bytes, size}, &filter, &err);
        if (r == 0)
                r = cf_filter_check(filter, &err);
        return r < 0 ? cf_library_failed(context, r, &err) : hand_out(context, filter, ret_filter);
}

const struct sock_filter *confined_filter_code(const struct confined_filter *filter,
                                               size_t *ret_count)
{
        *ret_count = filter->filter.count;
        return filter->filter.code;
}

uint32_t confined_filter_run(const struct confined_filter *filter, const struct confined_call *call)
{
        struct cf_call made = cf_library_call(call);
        return cf_filter_run(filter->filter, &made, NULL, NULL, NULL);
}

int confined_filter_lift(const struct confined_filter *filter,
                         const struct confined_policy **ret_policy)
{
        struct confined_context *context = filter->context;
        struct cf_error err = {0};
        cf_policy policy;
        int r = cf_filter_lift(context->all, filter->filter, &policy, &err);
        return r < 0 ? cf_library_failed(context, r, &err)
                     : cf_library_policy(context, policy, ret_policy);
}

int confined_policy_emit(const struct confined_policy *policy,
                         const struct confined_filter **ret_filter)
{
        struct confined_context *context = policy->context;
        struct cf_error err = {0};
        struct cf_filter filter;
        int r = cf_filter_emit(context->all, policy->exact, NULL, context->arena, &filter, &err);
        return r < 0 ? cf_library_failed(context, r, &err) : hand_out(context, filter, ret_filter);
}

const char *confined_filter_text(const struct confined_filter *filter)
{
        struct cf_text text = {0};
        cf_filter_print(&text, filter->filter);
        return cf_library_text(filter->context, &text);
}
