/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "profile/profile.h"

static bool is_called(const struct cf_profile_default *profile, const char *name)
{
        if (strcmp(profile->name, name) == 0)
                return true;
        for (size_t i = 0; i < CF_PROFILE_SHORT_NAMES && profile->short_names[i]; i++)
                if (strcmp(profile->short_names[i], name) == 0)
                        return true;
        return false;
}

const struct cf_profile_default *cf_profile_default(const char *name)
{
        for (size_t i = 0; i < cf_profile_default_count; i++)
                if (is_called(&cf_profile_defaults[i], name))
                        return &cf_profile_defaults[i];
        return NULL;
}
