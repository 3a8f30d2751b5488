/* SPDX-License-Identifier: Apache-2.0 */
/* Private to library/: what is behind the public types of include/confined. */
#pragma once

#include <confined/confined.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/source.h"
#include "base/text.h"
#include "base/vec.h"
#include "filter/filter.h"
#include "policy/policy.h"
#include "profile/profile.h"

#define CF_LIBRARY_MEMORY ((size_t)512 << 20) /* of one context, beside its policies */

struct confined_context {
        struct cf_arena *arena;
        struct cf_policies *all;
        struct cf_files *files;
        CF_VEC(struct cf_arena *) profiles; /* the arena of each */
        struct cf_text error;
};

struct confined_policy {
        struct confined_context *context;
        cf_policy exact;
        cf_policy normal; /* values of the same effect are the same */
};

struct confined_profile {
        struct confined_context *context;
        const struct cf_profile *profile;
};

struct confined_filter {
        struct confined_context *context;
        struct cf_filter filter;
};

/* Keeps the reason of a failure; returns `code`. */
int cf_library_failed(struct confined_context *context, int code, const struct cf_error *err);
int cf_library_fails(struct confined_context *context, int code, const char *format, ...)
        CF_PRINTF(3, 4);

/* A text of the context's, which empties `text`; NULL: no memory. */
const char *cf_library_text(struct confined_context *context, struct cf_text *text);

/* Hands out a policy, if it is one. */
int cf_library_policy(struct confined_context *context, cf_policy policy,
                      const struct confined_policy **ret_policy);

static inline struct cf_call cf_library_call(const struct confined_call *call)
{
        return (struct cf_call){.nr = call->nr,
                                .arch = call->arch,
                                .ip = call->ip,
                                .args = {call->args[0], call->args[1], call->args[2], call->args[3],
                                         call->args[4], call->args[5]}};
}
