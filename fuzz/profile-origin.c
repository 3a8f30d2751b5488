/* SPDX-License-Identifier: Apache-2.0 */
/* src/profile/origin.c: what a profile says it was made from. What was read can be written, and is
 * read as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

#define INPUT_MAX 65536
#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct cf_arena *arena, const struct cf_profile_addition *addition)
{
        CF_TEXT struct cf_text first = {0}, second = {0};
        struct cf_profile_addition again;
        cf_profile_addition_print(&first, addition);
        if (cf_profile_addition_read(arena, "added", cf_text_span(&first), &again, NULL) < 0)
                abort();
        cf_profile_addition_print(&second, &again);
        if (strcmp(first.data, second.data) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_source *source = NULL;
        struct cf_profile_origin origin;
        struct cf_error err = {0};
        if (size > INPUT_MAX || !arena ||
            cf_source_from(arena, "p.json", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0)
                return 0;
        int r = cf_profile_origin_read(arena, source, &origin, &err);
        if (r < 0) {
                if (r != -ENOENT && (err.code != r || err.count == 0))
                        abort();
                return 0;
        }
        if (!origin.base || !origin.base_hash)
                abort();
        for (size_t i = 0; i < origin.count; i++)
                check(arena, &origin.additions[i]);
        return 0;
}
