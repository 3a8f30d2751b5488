/* SPDX-License-Identifier: Apache-2.0 */
/* Docker/OCI seccomp profiles: JSON → what it says.
 *
 * Source of the format: Moby's profiles/seccomp (types and loader), runc's libcontainer/seccomp
 * and the OCI runtime specification, config-linux.md, section Seccomp. */
#pragma once

#include "base/error.h"
#include "base/source.h"

enum cf_profile_kind {
        CF_PROFILE_FILTERS,    /* the default action refuses: a usual profile */
        CF_PROFILE_DENYLIST,   /* the default action lets calls through, some rule refuses */
        CF_PROFILE_ALLOWS_ALL, /* the default action lets calls through and no rule refuses, under
                                * whatever capabilities, architecture and kernel */
};
const char *cf_profile_kind_name(enum cf_profile_kind kind); /* "filters", "denylist", … */

struct cf_profile_summary {
        enum cf_profile_kind kind;
        /* "SCMP_ACT_ERRNO". "": the profile names neither a default action nor calls (`{}` and
         * `null` do), for which engines load no filter at all; the kind is then ALLOWS_ALL. */
        const char *default_action;
        struct cf_place default_place; /* of the value of defaultAction; "": of the whole value */
        size_t rules;                  /* entries of "syscalls" */
        size_t names;                  /* calls named, with repetitions */
};

#define CF_PROFILE_MAX ((size_t)4 << 20)     /* bytes; larger is refused with -EFBIG */
#define CF_PROFILE_MEMORY ((size_t)64 << 20) /* what reading one may take; more: -EFBIG */

/* Reads a profile as Docker and Podman do (Go's encoding/json: keys without regard to case, the
 * last of two counts, unknown ones are passed over, null is "not given"). Refused with the place,
 * as an engine would refuse it or read something else than is written: not JSON, a byte order
 * mark, not an object, unknown action, operator, architecture or flag, wrong type, no action,
 * `architectures` beside `archMap`, `name` beside `names`, an empty name, a list or object given
 * twice, an argument index above 5, an error number above 4094, a kernel version other than
 * "MAJOR.MINOR", SCMP_ACT_NOTIFY as default, for write or without listenerPath.
 *
 * Strings of *ret_summary live in `arena`, places point to source->path. -EINVAL, -EFBIG, -E2BIG
 * (nested too deep), -ENOMEM. Thread-safe for distinct arenas. */
int cf_profile_summarize(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_profile_summary *ret_summary, struct cf_error *err);
