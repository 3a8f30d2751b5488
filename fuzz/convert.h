/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target of a format in src/convert/ does: any bytes are read or refused with a
 * place; what was read is written in the same format, or refused with a reason, and comes back the
 * same; and it becomes a filter that means the same. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"

#define INPUT_MAX 16384
#define NODES 60000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
        if (!holds)
                abort();
}

static void expect_error(int r, const struct cf_error *err)
{
        expect(r == 0 ? err->count == 0 : err->code == r && err->count > 0);
        expect(r == 0 || r == -EINVAL || r == -ENOTSUP || r == -E2BIG || r == -EFBIG ||
               r == -ENOMEM);
}

static void check_writing(struct cf_arena *arena, struct cf_policies *all,
                          const struct cf_conversion *format, const struct cf_converted *converted)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_error err = {0};
        struct cf_source *source = NULL;
        struct cf_converted again;
        const struct cf_circumstances circumstances = {.machine = converted->arches[0]};
        struct cf_writing writing = {
                .all = all,
                .arena = arena,
                .policy = converted->policy,
                .arches = converted->arches,
                .arch_count = converted->arch_count,
                .listener = "/run/l",
        };
        struct cf_reading reading = {.all = all, .arena = arena, .circumstances = &circumstances};
        int r = cf_convert_write(&writing, format, &text, &err);
        expect_error(r, &err);
        expect(r == 0 || text.size == 0);
        if (r < 0 || cf_source_from(arena, "again", cf_text_span(&text), &source, NULL) < 0)
                return;
        reading.source = source;
        r = cf_convert_read(&reading, format, &again, NULL);
        expect(r == -E2BIG || r == -ENOMEM || (r == 0 && again.policy == converted->policy));
}

static int run(const char *name, const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_CONVERT_MEMORY);
        CF_POLICIES struct cf_policies *all = cf_policies_new(NODES);
        const struct cf_conversion *format = cf_conversion_by_name(name);
        struct cf_source *source = NULL;
        struct cf_converted converted;
        struct cf_error err = {0};
        const struct cf_circumstances circumstances = {.machine = cf_arch_by_name("x86_64")};
        if (size > INPUT_MAX || !arena || !all ||
            cf_source_from(arena, "input", (struct cf_span){(const char *)data, size}, &source,
                           NULL) < 0)
                return 0;
        struct cf_reading reading = {
                .all = all, .arena = arena, .source = source, .circumstances = &circumstances};
        if (format->claim)
                format->claim(source);
        int r = cf_convert_read(&reading, format, &converted, &err);
        expect_error(r, &err);
        if (r == 0) {
                expect(converted.arch_count > 0 && converted.arches[0] == circumstances.machine);
                check_writing(arena, all, format, &converted);
        }
        return 0;
}
