/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `confined profile surface` share. Private to cli/. */
#pragma once

#include "cli/profile.h"

#define CF_SURFACES_MAX 8u /* profiles that are set side by side */

/* One profile, measured. */
struct cf_surface_column {
        const char *name; /* as it is shown: no control characters, not long */
        struct cf_surface surface;
};

struct cf_surfaces {
        struct cf_profile_job *job;
        const struct cf_arch *arches[CF_SURFACE_ARCHES_MAX];
        size_t arch_count;
        struct cf_surface_column columns[CF_SURFACES_MAX];
        size_t count;
};

/* The danger that an architecture's call is within reach for; NULL: none. */
const struct cf_danger *cf_surface_danger(const struct cf_surface_arch *arch,
                                          const struct cf_syscall *call);

/* Adds the picture: an SVG image. */
void cf_surface_draw(struct cf_text *out, const struct cf_surfaces *all);
