/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that settings name, read once each. */
#pragma once

#include "base/source.h"
#include "model/model.h"
#include "profile/profile.h"

enum cf_profile_state {
        CF_PROFILE_SOUND,      /* a usual profile */
        CF_PROFILE_ALLOWS,     /* refuses no call */
        CF_PROFILE_LETS_OTHER, /* refuses some calls, lets all others through */
        CF_PROFILE_ABSENT,     /* no such file, or no file that an engine can read */
        CF_PROFILE_BROKEN,     /* an engine refuses it */
        CF_PROFILE_UNREADABLE, /* it is there, but cannot be read here: nothing is known */
};

struct cf_profile_reading {
        enum cf_profile_state state;
        const char *absence;        /* ABSENT: "does not exist", "is a folder" */
        const char *problem;        /* BROKEN, UNREADABLE: why, with the place; else NULL */
        const char *default_action; /* "": engines load no filter */
        bool default_lets_through;
        struct cf_place default_place; /* ALLOWS, LETS_OTHER: of the default action */
        /* SOUND: what it lets through beyond this default of Docker, whatever
         * capabilities a container has. */
        const struct cf_profile_default *by_default;
        struct cf_loose_calls than_default;
};

struct cf_profiles;

/* `files` is borrowed. Files are compared with the default of Docker in `engine_version` (NULL: not
 * known, the newest). NULL when there is no memory. */
struct cf_profiles *cf_profiles_new(struct cf_files *files, const char *engine_version);
struct cf_profiles *cf_profiles_free(struct cf_profiles *profiles);

/* Reads a profile file, or remembers how it was read. Thread-safe; the result lives as long as
 * `profiles`. NULL when there is no memory. */
const struct cf_profile_reading *cf_profiles_read(struct cf_profiles *profiles, const char *path);

/* The same for a profile's JSON at hand, compared with the default of Docker in `engine_version`;
 * lives in `arena`. */
const struct cf_profile_reading *cf_profile_read_text(struct cf_arena *arena, const char *name,
                                                      const char *json, const char *engine_version);
