/* SPDX-License-Identifier: Apache-2.0 */
/* src/cli/compose-change.c: what is written is JSON, and has our option as the only one about
 * seccomp. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/compose-run.h"

#define MEMORY ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct cf_arena *arena, const struct cf_text *out)
{
        struct cf_source *source;
        struct cf_json *json;
        unsigned ours = 0;
        if (cf_source_from(arena, "out", cf_text_span(out), &source, NULL) < 0 ||
            cf_json_parse(arena, source, &json, NULL) < 0)
                abort();
        const struct cf_json *service = cf_json_get(cf_json_get(json, "services"), "web");
        const struct cf_json *options = cf_json_get(service, "security_opt");
        if (!options || cf_json_get(service, "privileged") ||
            cf_json_get(service, "container_name"))
                abort();
        for (const struct cf_json *option = options->first; option; option = option->next) {
                const char *text = cf_json_string(option);
                if (text && strcmp(text, "seccomp:/p") == 0)
                        ours++;
                else if (!text || strncmp(text, "seccomp=", 8) == 0 ||
                         (strncmp(text, "seccomp:", 8) == 0 && !strchr(text, '=')))
                        abort();
        }
        if (ours != 1)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        CF_TEXT struct cf_text out = {0};
        struct cf_service_change change = {
                .project = "ours", .service = "web", .seccomp = "/p", .hide_ports = size % 2};
        struct cf_source *source;
        struct cf_yaml_file *file;
        struct cf_error err = {0};
        const char *const *names;
        size_t count;
        if (!arena ||
            cf_source_from(arena, "compose.yaml", (struct cf_span){(const char *)data, size},
                           &source, &err) < 0 ||
            cf_yaml_parse(arena, source, &file, &err) < 0)
                return 0;
        int r = cf_service_change(file, &change, &out, &err);
        if (r < 0 && (err.code != r || err.count == 0 || out.size))
                abort();
        if (r < 0)
                return 0;
        check(arena, &out);
        if (cf_service_needed(arena, file, "web", &names, &count) == 0 &&
            (count == 0 || strcmp(names[0], "web") != 0))
                abort();
        for (size_t i = 0; i < count; i++)
                (void)cf_service_shared(arena, file, names[i]);
        return 0;
}
