/* SPDX-License-Identifier: Apache-2.0 */
/* engine/answer.c: what an engine says of itself, its list of containers, its version. An id is
 * fit for the path of a request. */
#include <assert.h>

#include "engine/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_id(const char *id)
{
        static const char fit[] =
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
        size_t length = strlen(id);
        assert(length > 0 && length <= 128 && strspn(id, fit) == length);
        assert(strcmp(id, ".") != 0 && strcmp(id, "..") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)32 << 20);
        CF_ARENA struct cf_arena *scratch = cf_arena_new((size_t)128 << 20);
        struct cf_span body = {(const char *)data, size};
        struct cf_engine engine = {.name = "Docker"};
        struct cf_version_answer version;
        struct cf_listed *listed;
        const char *root = NULL;
        size_t count = 0;
        if (!arena || !scratch)
                return 0;
        if (cf_answer_info(arena, scratch, body, &engine, &root, NULL) == 0) {
                assert(engine.seccomp || !engine.default_profile);
                assert(!engine.version || cf_utf8_valid(cf_span_of(engine.version), NULL));
        } else {
                assert(!engine.seccomp && !engine.version && !root);
        }
        cf_arena_clear(scratch);
        if (cf_answer_list(arena, scratch, body, &listed, &count, NULL) < 0)
                assert(count == 0);
        for (size_t i = 0; i < count; i++)
                check_id(listed[i].id);
        cf_arena_clear(scratch);
        (void)cf_answer_version(arena, scratch, body, &version, NULL);
        cf_arena_clear(scratch);
        (void)cf_answer_message(scratch, body);
        return 0;
}
