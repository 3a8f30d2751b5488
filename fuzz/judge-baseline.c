/* SPDX-License-Identifier: Apache-2.0 */
/* judge/baseline.c: any bytes as a baseline. What is refused has a reason. */
#include <assert.h>

#include "judge/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_source *source = NULL;
        struct cf_baseline *baseline = NULL;
        struct cf_error err = {0};
        if (!arena || cf_source_from(arena, "b.json", (struct cf_span){(const char *)data, size},
                                     &source, NULL) < 0)
                return 0;
        int r = cf_baseline_parse(arena, source, &baseline, &err);
        if (r < 0) {
                assert(!baseline && err.code == r && err.count > 0 && err.frames[0].message[0]);
                return 0;
        }
        assert(cf_baseline_count(baseline, "not a fingerprint") == 0);
        cf_baseline_count(baseline, "0123456789abcdef0123456789abcdef");
        return 0;
}
