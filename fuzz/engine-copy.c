/* SPDX-License-Identifier: Apache-2.0 */
/* engine/copy.c: from what an engine says of a container to the request that makes one like it. The
 * request is JSON, names the profile that was asked for and no other, and publishes no port. */
#include <assert.h>

#include "base/json.h"
#include "engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_body(struct cf_arena *arena, struct cf_span body)
{
        struct cf_source *source;
        struct cf_json *root;
        size_t seccomp = 0;
        assert(cf_source_from(arena, "body", body, &source, NULL) == 0);
        assert(cf_json_parse(arena, source, &root, NULL) == 0);
        const struct cf_json *host = cf_json_get(root, "HostConfig");
        assert(host && host->type == CF_JSON_OBJECT && !cf_json_get(host, "PortBindings") &&
               !cf_json_get(host, "RestartPolicy"));
        const struct cf_json *options = cf_json_get(host, "SecurityOpt");
        for (const struct cf_json *one = options->first; one; one = one->next) {
                const char *text = cf_json_string(one);
                assert(text);
                seccomp += cf_span_starts(one->text, "seccomp=") ||
                           cf_span_starts(one->text, "seccomp:");
        }
        assert(seccomp == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)128 << 20);
        CF_TEXT struct cf_text body = {0};
        const struct cf_engine_copy wanted = {
                .profile = "{}", .label = "a=b", .unprivileged = size & 1};
        struct cf_engine_copied copied;
        if (!arena)
                return 0;
        if (cf_engine_copy(arena, (struct cf_span){(const char *)data, size}, &wanted, &body,
                           &copied, NULL) < 0) {
                assert(!body.size);
                return 0;
        }
        assert(copied.id && copied.name);
        check_body(arena, cf_text_span(&body));
        return 0;
}
