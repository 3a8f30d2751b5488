/* SPDX-License-Identifier: Apache-2.0 */
/* Entries out of single answers. Private to profile/. */
#pragma once

#include "profile/profile.h"

/* One answer in one case, of one call. */
struct entry_use {
        struct cf_profile_entry entry; /* its calls are not looked at */
        const struct cf_syscall *call;
};

/* Puts calls that get the same in the same case into one entry; sorts. `uses` is sorted, too. 0 or
 * -ENOMEM. */
int join_uses(struct cf_arena *arena, struct entry_use *uses, size_t count,
              const struct cf_profile_entry **ret_entries, size_t *ret_count);
