/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile lets through beyond an engine's default. */
#pragma once

#include "model/model.h"
#include "profile/profile.h"

/* Calls of this machine that the profile lets through, some by their arguments, and the default
 * does not: for a container with the capabilities that Docker gives, and for one with all of them,
 * on a kernel of today. So it holds whatever capabilities a container is given. Lives in `keep`. 0;
 * -ENOMEM; -E2BIG, -ENOTSUP: it cannot be worked out, or not within the limits of a scan. */
int cf_weaker_calls(struct cf_arena *keep, const struct cf_profile *profile,
                    const struct cf_profile_default *by_default, struct cf_loose_calls *ret_calls);
