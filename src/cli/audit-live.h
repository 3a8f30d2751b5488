/* SPDX-License-Identifier: Apache-2.0 */
/* How audit works out what the filters of containers do. Private to audit-live.c, which asks the
 * kernel, and audit-compare.c, which knows what engines would have loaded. */
#pragma once

#include "cli/audit.h"
#include "cli/live.h"
#include "cli/profile.h"
#include "runtime/runtime.h"

/* The kernel's filter of a container, worked out once for all that have the same. */
struct cf_audit_own {
        const struct sock_filter *code;
        cf_policy policy;
        bool allows_all;
        size_t calls;
};

/* What a profile makes a runtime load. Calls that are let through as written or as loaded are no
 * surprise: `loosest` lets through both. */
struct cf_audit_reference {
        const char *json; /* of a profile of its own; else `profile` */
        const struct cf_profile_default *profile;
        enum cf_runtime_kind runtime;
        uint64_t capabilities;
        bool known; /* false: the profile cannot be worked out */
        cf_policy written;
        bool has_ruled, has_loaded;
        cf_policy ruled;           /* by the runtime's own rules, without libseccomp */
        cf_policy loaded, loosest; /* NONE: the runtime's part cannot be told */
        const struct cf_profile *read;
};

struct cf_audit_comparison {
        cf_policy policy, reference;
        uint64_t capabilities;
        struct cf_loose_calls calls;
};

struct cf_audit_work {
        struct cf_live live;
        struct cf_profile_job job;
        cf_policy possible;
        CF_VEC(struct cf_audit_own *) owns;
        CF_VEC(struct cf_audit_reference *) references;
        CF_VEC(struct cf_audit_comparison *) comparisons;
};

/* What the engine gave the container. Its first process may have given some up since, and what a
 * profile allows then does not change: rules were chosen when the container was made. */
uint64_t cf_audit_capabilities(const struct cf_container *container);

/* Against a profile under the capabilities that the first process has, and those that the engine
 * gave it. `ret_same` NULL: it does not matter whether it is the same. What is let through
 * by the profile as written, or as a runtime loads it, is not among *ret_calls. What cannot be
 * worked out leaves *ret_known as it is. */
int cf_audit_compare(struct cf_audit_work *work, const struct cf_audit_own *own,
                     struct cf_audit_reference wanted, uint64_t given, bool *ret_known,
                     bool *ret_same, struct cf_loose_calls *ret_calls, struct cf_error *err);
