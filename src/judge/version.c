/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/version.h"

#include <stddef.h>

#define PART_MAX 1000000u /* no engine or kernel has a larger number in its version */

static const char *read_part(const char *text, unsigned *ret_part)
{
        unsigned part = 0;
        if (*text < '0' || *text > '9')
                return NULL;
        for (; *text >= '0' && *text <= '9'; text++)
                part = part < PART_MAX ? part * 10 + (unsigned)(*text - '0') : PART_MAX;
        *ret_part = part;
        return text;
}

struct cf_version cf_version_of(const char *text)
{
        struct cf_version version = {0};
        unsigned *const parts[] = {&version.major, &version.minor, &version.patch};
        for (int i = 0; text && i < 3; i++) {
                text = read_part(text, parts[i]);
                text = text && *text == '.' ? text + 1 : NULL;
        }
        return version;
}

bool cf_version_known(struct cf_version version)
{
        return version.major || version.minor || version.patch;
}

static int order(unsigned a, unsigned b)
{
        return (a > b) - (a < b);
}

int cf_version_compare(struct cf_version a, struct cf_version b)
{
        if (a.major != b.major)
                return order(a.major, b.major);
        if (a.minor != b.minor)
                return order(a.minor, b.minor);
        return order(a.patch, b.patch);
}

/* Docker's versions were year and month once: two digits behind the point, up to 20.10. */
const char *cf_version_text(struct cf_arena *arena, struct cf_version version)
{
        int digits = version.major >= 17 && version.major < 20 ? 2 : 1;
        const char *text = cf_arena_printf(arena, "%u.%0*u.%u", version.major, digits,
                                           version.minor, version.patch);
        return text ? text : "";
}
