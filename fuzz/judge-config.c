/* SPDX-License-Identifier: Apache-2.0 */
/* judge/config.c: any bytes as .confined.yaml. What is refused has a reason and a place in the
 * text; what is taken holds rules that exist, each once. */
#include <assert.h>

#include "judge/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY ((size_t)64 << 20)

static void check_config(const struct cf_config *config)
{
        for (size_t i = 0; i < config->rule_count; i++) {
                assert(cf_rule_find(config->rules[i].rule->id) == config->rules[i].rule);
                for (size_t j = 0; j < i; j++)
                        assert(config->rules[j].rule != config->rules[i].rule);
        }
        for (size_t i = 0; i < config->exclude_count; i++)
                assert(config->exclude[i][0]);
        assert(!config->profile || config->profile[0]);
        assert(!config->baseline || config->baseline[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_source *source = NULL;
        struct cf_config *config = NULL;
        struct cf_error err = {0};
        if (!arena || cf_source_from(arena, "c.yaml", (struct cf_span){(const char *)data, size},
                                     &source, NULL) < 0)
                return 0;
        int r = cf_config_parse(arena, source, &config, &err);
        if (r == 0) {
                check_config(config);
                return 0;
        }
        assert(!config && err.code == r && err.count > 0 && err.frames[0].message[0]);
        if (r == -EINVAL) {
                const struct cf_place *place = &err.frames[0].place;
                assert(place->offset <= size && place->length <= size - place->offset);
        }
        return 0;
}
