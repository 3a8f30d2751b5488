/* SPDX-License-Identifier: Apache-2.0 */
/* manifest/compose-env.c, compose-value.c: .env files, and the same text as a template. */
#include <assert.h>
#include <stdint.h>

#include "manifest/compose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const environment[] = {"A=unconfined", "EMPTY=", "B=$A", NULL};
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)256 << 20);
        struct cf_source *source;
        struct cf_error err = {0};
        struct cf_variables outer;
        if (!arena ||
            cf_source_from(arena, ".env", (struct cf_span){(const char *)data, size}, &source,
                           &err) < 0 ||
            cf_variables_from(arena, environment, &outer) < 0)
                return 0;
        struct cf_variables variables = {.outer = &outer, .own = cf_map_new(arena)};
        int r = cf_variables_read(arena, source, &variables, &err);
        assert(r == 0 || (err.code == r && err.frames[0].message[0]));
        for (size_t i = 0; i < cf_map_count(variables.own); i++) {
                const struct cf_variable *variable = cf_map_at(variables.own, i, NULL);
                assert(cf_value_has_hole(variable->value) == (variable->because != NULL) ||
                       !cf_value_has_hole(variable->value));
        }
        struct cf_value value;
        if (memchr(source->text.data, '\0', source->text.size) ||
            cf_interpolate(arena, source->text, &variables, &value) < 0)
                return 0;
        assert(value.text.size <= CF_COMPOSE_VALUE || !value.variable);
        assert(!cf_value_has_hole(value.text) || value.certainty == CF_UNKNOWN);
        assert((value.certainty == CF_CERTAIN) == (value.because == NULL));
        return 0;
}
