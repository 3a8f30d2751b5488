/* SPDX-License-Identifier: Apache-2.0 */
/* src/manifest/daemon.c: any bytes as daemon.json. Cutting what a setting's edit says leaves a JSON
 * object that lacks that member alone. */
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "manifest/manifest.h"

#define INPUT_MAX 65536
#define MEMORY ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
        struct cf_arena *arena;
        const struct cf_source *source;
        const struct cf_json *root;
};

static void check(bool holds)
{
        if (!holds)
                abort();
}

static void check_edit(const struct reading *reading, const struct cf_edit *edit)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_edit_request request = {.edit = edit};
        struct cf_replacement *made = NULL;
        struct cf_source *source = NULL;
        struct cf_json *root = NULL;
        size_t count = 0;
        check(cf_edits_resolve(reading->arena, reading->source->text, &request, 1, &made, &count) ==
              0);
        check(!request.refusal && count == 1);
        cf_edits_apply(reading->source->text, made, count, &text);
        check(cf_source_from(reading->arena, "daemon.json", cf_text_span(&text), &source, NULL) ==
              0);
        check(cf_json_parse(reading->arena, source, &root, NULL) == 0);
        check(root->type == CF_JSON_OBJECT && root->count == reading->root->count - 1);
        const struct cf_json *left = root->first;
        size_t part = 0;
        for (const struct cf_json *member = reading->root->first; member; member = member->next) {
                if (part++ == edit->part)
                        continue;
                check(cf_span_equal(member->key, left->key) && member->length == left->length);
                check(memcmp(reading->source->text.data + member->offset,
                             source->text.data + left->offset, left->length) == 0);
                left = left->next;
        }
}

static int take_subject(const struct cf_subject *subject, void *context)
{
        const struct reading *reading = context;
        if (strcmp(subject->format, "daemon") != 0)
                return 0;
        check(subject->setting_count > 0);
        /* Each edit is read again: few are enough. */
        for (size_t i = 0; i < subject->setting_count && i < 8; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                check(setting->value && setting->place.line > 0);
                check_edit(reading, &setting->edit);
        }
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct reading reading = {.arena = arena};
        struct cf_source *source = NULL;
        struct cf_json *root = NULL;
        /* UTF-16 and the mark are for the source's own target; text offsets are all the same. */
        if (size > INPUT_MAX || !arena || (size && data[0] >= 0xef) ||
            cf_source_from(arena, "daemon.json", (struct cf_span){(const char *)data, size},
                           &source, NULL) < 0)
                return 0;
        if (cf_json_parse(arena, source, &root, NULL) == 0)
                reading.root = root;
        reading.source = source;
        struct cf_reader reader = {.arena = arena, .subject = take_subject, .context = &reading};
        for (const struct cf_format *const *row = cf_formats; *row; row++) {
                struct cf_error err = {0};
                if (strcmp((*row)->name, "daemon") != 0)
                        continue;
                check((*row)->claim(source) == CF_CLAIM_NAME);
                int r = (*row)->read(&reader, source, &err);
                check(r == err.code || r == -ENOMEM);
        }
        return 0;
}
