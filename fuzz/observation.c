/* SPDX-License-Identifier: Apache-2.0 */
/* src/record/file.c: an observation that can be read is written and read as the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_again(struct cf_arena *arena, struct cf_span text, struct cf_text *out)
{
        struct cf_source *source;
        struct cf_observation observation;
        struct cf_error err = {0};
        if (cf_source_from(arena, "seen.json", text, &source, &err) < 0 ||
            cf_observation_read(arena, source, &observation, &err) < 0)
                return false;
        struct cf_json_writer json = {.out = out};
        cf_observation_put(&json, &observation);
        return !out->failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        CF_TEXT struct cf_text first = {0}, second = {0};
        struct cf_span text = {(const char *)data, size};
        if (!arena || !write_again(arena, text, &first))
                return 0;
        if (!write_again(arena, cf_text_span(&first), &second) ||
            strcmp(first.data, second.data) != 0)
                abort();
        return 0;
}
