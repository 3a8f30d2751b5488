/* SPDX-License-Identifier: Apache-2.0 */
/* engine/answer.c: an inspect. What is read is UTF-8, the profile lies inside its entry, and the
 * benchmark's line has its form. */
#include <assert.h>

#include "engine/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char id[] = "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3";

static void check_text(const char *text)
{
        assert(!text || cf_utf8_valid(cf_span_of(text), NULL));
}

static void check_setting(const struct cf_setting *setting)
{
        assert(setting->value);
        check_text(setting->value);
        if (setting->profile_json) {
                assert(setting->profile_json > setting->value);
                assert(setting->profile_json <= setting->value + strlen(setting->value));
                assert(strchr(setting->profile_json, '{'));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)32 << 20);
        CF_ARENA struct cf_arena *scratch = cf_arena_new((size_t)64 << 20);
        struct cf_span body = {(const char *)data, size};
        struct cf_inspected got;
        struct cf_error err = {0};
        if (!arena || !scratch)
                return 0;
        if (cf_answer_inspect(arena, scratch, body, id, &got, &err) < 0) {
                assert(err.code < 0 && err.count > 0);
                return 0;
        }
        const struct cf_container *container = &got.container;
        assert(strcmp(container->id, id) == 0 && container->name && container->cis_line);
        assert(container->pid >= 0 && (container->running || container->pid == 0));
        size_t length = strlen(container->cis_line);
        assert(strcmp(container->cis_line, "<no value>") == 0 ||
               (length >= 2 && container->cis_line[0] == '[' &&
                container->cis_line[length - 1] == ']'));
        const char *const texts[] = {container->name,          container->image,
                                     container->command,       container->status,
                                     container->cis_line,      container->compose_project,
                                     container->compose_files, container->compose_dir};
        for (size_t i = 0; i < CF_COUNT(texts); i++)
                check_text(texts[i]);
        for (size_t i = 0; i < got.setting_count; i++)
                check_setting(&got.settings[i]);
        return 0;
}
