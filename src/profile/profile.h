/* SPDX-License-Identifier: Apache-2.0 */
/* Docker/OCI seccomp profiles: JSON → what it says.
 *
 * Source of the format: Moby's profiles/seccomp (types and loader) and the OCI runtime
 * specification, config-linux.md, section Seccomp. */
#pragma once

#include "base/error.h"
#include "base/source.h"

enum cf_profile_kind {
        CF_PROFILE_FILTERS,    /* the default action refuses: a usual profile */
        CF_PROFILE_DENYLIST,   /* the default action lets calls through, some rule refuses */
        CF_PROFILE_ALLOWS_ALL, /* the default action lets calls through and no rule refuses */
};

struct cf_profile_summary {
        enum cf_profile_kind kind;
        const char *default_action;    /* "SCMP_ACT_ERRNO" */
        struct cf_place default_place; /* of the value of defaultAction */
        size_t rules;                  /* entries of "syscalls" */
        size_t names;                  /* calls named, with repetitions */
};

#define CF_PROFILE_MAX ((size_t)4 << 20) /* bytes; larger is refused with -EFBIG */

/* Reads a profile. Refused with the place, as an engine would refuse it or worse: not JSON, not
 * an object, unknown action, operator, architecture or flag, wrong type, `architectures` beside
 * `archMap`, `name` beside `names`, an argument index above 5. -EINVAL, -EFBIG, -ENOMEM. */
int cf_profile_summarize(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_profile_summary *ret_summary, struct cf_error *err);
