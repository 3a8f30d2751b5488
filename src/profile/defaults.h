/* SPDX-License-Identifier: Apache-2.0 */
/* How the engines' defaults are kept. Private to profile/; scripts/generate-tables.py fills it from
 * data/profiles. */
#pragma once

#include "profile/profile.h"

/* A rule, or those of its names that the same profiles of the engine have. */
struct cf_profile_part_of {
        uint64_t in;       /* bit i: the engine's profile i has it */
        const char *rule;  /* the members behind `names`, as JSON */
        const char *calls; /* names with blanks between, sorted */
};

/* All profiles of an engine; parts of one rule stand together. */
struct cf_profile_history {
        const struct cf_profile_part_of *parts;
        size_t part_count;
};

/* From this version on, up to the next row's, releases have this profile. The last row of an engine
 * has none: its version is the newest that was looked at. */
struct cf_profile_release {
        const char *engine;
        unsigned version[3];
        const struct cf_profile_default *profile;
};
extern const struct cf_profile_release cf_profile_releases[];
extern const size_t cf_profile_release_count;
