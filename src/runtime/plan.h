/* SPDX-License-Identifier: Apache-2.0 */
/* How the runtimes drive libseccomp. Private to runtime/. */
#pragma once

#include "runtime/child.h"
#include "runtime/runtime.h"

struct plan {
        struct cf_arena *arena;
        const struct cf_profile *profile;
        const struct cf_circumstances *circumstances;
        const struct cf_runtime_options *options;
        struct request request;
        const struct cf_runtime_use *uses; /* of each rule of the request */
        /* Of each architecture of the request. The machine's own is always among them. */
        const struct cf_arch *const *arches;
        bool machine_listed; /* the profile names it itself */
};

/* What the runtime would do with this profile. -ENOEXEC: refuse it; -E2BIG, -ENOTSUP, -ENOMEM. */
int plan_make(struct plan *plan, struct cf_error *err);

/* Whether the runtime makes a rule of each condition, and how many conditions it looks at. */
bool plan_is_apart(enum cf_runtime_kind kind, const struct cf_profile_rule *rule,
                   size_t *ret_count);

/* Whether runc puts its ENOSYS in front, and whether also for this architecture of the request. */
bool plan_has_stub(const struct plan *plan);
bool plan_has_stub_for(const struct plan *plan, size_t arch);
