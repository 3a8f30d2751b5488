/* SPDX-License-Identifier: Apache-2.0 */
/* src/cli/hook-state.c: what a runtime tells a hook. A name that is accepted is a file name and
 * leads nowhere; the same bytes are read as a configuration and as control groups. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hook.h"

#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cf_hook_state *state)
{
        if (state->pid <= 0 || strchr(state->id, '/') || state->id[0] == '.' ||
            state->bundle[0] != '/')
                abort();
        if (state->name && (strchr(state->name, '/') || state->name[0] == '.' || !*state->name ||
                            strlen(state->name) > CF_HOOK_NAME_MAX))
                abort();
        if (state->base && strchr(state->base, '/'))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct cf_span text = {(const char *)data, size};
        struct cf_hook_state state;
        struct cf_source *source;
        struct cf_error err = {0};
        bool filter;
        if (!arena || cf_source_from(arena, "<stdin>", text, &source, &err) < 0)
                return 0;
        int r = cf_hook_read(arena, source, &state, &err);
        if (r < 0 && (err.code != r || err.count == 0))
                abort();
        if (r == 0)
                check(&state);
        if (cf_hook_has_filter(arena, source, &filter, &err) < 0 && err.count == 0)
                abort();
        /* A group is never its own. */
        size_t half = size / 2;
        cf_hook_own_group((struct cf_span){text.data, half},
                          (struct cf_span){text.data + half, size - half});
        if (cf_hook_own_group(text, text))
                abort();
        return 0;
}
