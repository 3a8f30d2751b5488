/* SPDX-License-Identifier: Apache-2.0 */
/* manifest/compose*.c: a Compose file by itself. Places lie in the text; an edit that is offered
 * can be made, leaves YAML, and takes its setting away. */
#include <assert.h>

#include "manifest/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Extended and included files are looked for where there are none. */
#define PATH "/nonexistent/compose.yaml"

struct run {
        const struct cf_source *source;
        const struct cf_place *gone; /* this place must not come up; NULL: first reading */
        const char *gone_value;
        size_t settings;
};

static int read_text(struct cf_arena *arena, struct cf_span text, struct run *run);

/* The text after one edit. */
static int apply(struct cf_arena *arena, const struct cf_source *source, const struct cf_edit *edit,
                 struct cf_text *out)
{
        struct cf_edit_request request = {.edit = edit};
        struct cf_replacement *replacements;
        size_t count;
        if (cf_edits_resolve(arena, source->text, &request, 1, &replacements, &count) < 0)
                return -ENOMEM;
        assert(!request.refusal && count > 0);
        cf_edits_apply(source->text, replacements, count, out);
        return out->failed ? -ENOMEM : 0;
}

static int take_subject(const struct cf_subject *subject, void *context)
{
        struct run *run = context;
        assert(subject->name && subject->place.path);
        for (size_t i = 0; i < subject->setting_count; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                assert(setting->place.line > 0 && setting->place.length > 0);
                assert(setting->certainty != CF_CERTAIN || setting->value || setting->problem);
                assert(setting->certainty == CF_CERTAIN || setting->because || setting->problem);
                run->settings++;
                if (run->gone || setting->edit.refusal || run->settings > 8)
                        continue;
                assert(setting->edit.group || setting->edit.replaces);
                if (strcmp(setting->place.path, PATH) != 0)
                        continue;
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
                CF_TEXT struct cf_text text = {0};
                struct run again = {.gone = &setting->place, .gone_value = setting->value};
                if (!arena || apply(arena, run->source, &setting->edit, &text) < 0)
                        continue;
                assert(read_text(arena, cf_text_span(&text), &again) == 0);
        }
        return 0;
}

static void take_trouble(const struct cf_error *err, void *context)
{
        (void)context;
        assert(err->code < 0 && err->count > 0 && err->frames[0].message[0]);
}

/* 0; -EINVAL: it cannot be read. */
static int read_text(struct cf_arena *arena, struct cf_span text, struct run *run)
{
        static const char *const environment[] = {"A=unconfined", "EMPTY=", NULL};
        struct cf_source *source;
        struct cf_error err = {0};
        if (cf_source_from(arena, PATH, text, &source, &err) < 0)
                return -EINVAL;
        run->source = source;
        struct cf_reader reader = {.arena = arena,
                                   .environment = environment,
                                   .subject = take_subject,
                                   .trouble = take_trouble,
                                   .context = run};
        assert(cf_format_compose.claim(source) == CF_CLAIM_NAME);
        int r = cf_format_compose.read(&reader, source, &err);
        assert(r == 0 || r == -ENOMEM || (err.code == r && err.frames[0].message[0]));
        return r == -ENOMEM ? 0 : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)256 << 20);
        struct run run = {0};
        if (arena)
                read_text(arena, (struct cf_span){(const char *)data, size}, &run);
        return 0;
}
