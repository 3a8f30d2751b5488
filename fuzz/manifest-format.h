/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets of manifest/'s formats share: a file is read, what it gives is checked, and each
 * edit is made and the rest read again. The properties:
 *
 *   - places lie in the text, and an excerpt goes with them;
 *   - what is not certain has its reason, what is certain has its value;
 *   - an edit takes all of its setting away (its place lies in what goes), and a path can be put
 *     where the setting says;
 *   - what an edit leaves can be read. */
#pragma once

#include <assert.h>

#include "base/text.h"
#include "manifest/formats.h"

#define EDITS_MAX 4 /* of one input */

struct fuzz_run {
        const struct cf_format *format;
        const char *path;
        const struct cf_source *source;
        bool again; /* the text after an edit */
        size_t settings;
};

static int fuzz_read(struct fuzz_run *run, struct cf_span text);

static void fuzz_edit(struct fuzz_run *run, const struct cf_setting *setting)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        CF_TEXT struct cf_text text = {0};
        struct cf_edit_request request = {.edit = &setting->edit};
        struct cf_replacement *replacements;
        size_t count;
        if (!arena ||
            cf_edits_resolve(arena, run->source->text, &request, 1, &replacements, &count) < 0)
                return;
        assert(!request.refusal && count == 1);
        if (setting->edit.group->kind == CF_GROUP_PIECES) {
                size_t mark = run->source->encoding == CF_UTF8_BOM ? 3 : 0;
                size_t start = setting->place.offset - mark;
                assert(replacements[0].offset <= start);
                assert(replacements[0].offset + replacements[0].length >=
                       start + setting->place.length);
        }
        cf_edits_apply(run->source->text, replacements, count, &text);
        struct fuzz_run again = {.format = run->format, .path = run->path, .again = true};
        if (!text.failed)
                fuzz_read(&again, cf_text_span(&text));
}

static void fuzz_setting(struct fuzz_run *run, const struct cf_setting *setting)
{
        const struct cf_source *source = run->source;
        const struct cf_edit *edit = &setting->edit;
        assert(setting->place.line > 0 && setting->place.column > 0 && setting->place.length > 0);
        assert(setting->excerpt.first_line > 0 && setting->excerpt.line_count > 0);
        assert(setting->certainty != CF_CERTAIN || setting->value);
        assert(setting->certainty == CF_CERTAIN || setting->because);
        assert((edit->refusal != NULL) == (edit->group == NULL));
        if (edit->value.length) {
                assert(edit->group);
                assert(edit->value.offset + edit->value.length <= source->text.size);
        }
        bool wide = source->encoding == CF_UTF16LE || source->encoding == CF_UTF16BE;
        if (edit->group && !run->again && !wide && run->settings++ < EDITS_MAX)
                fuzz_edit(run, setting);
}

static int fuzz_subject(const struct cf_subject *subject, void *context)
{
        struct fuzz_run *run = context;
        assert(subject->format && subject->root && subject->place.line > 0);
        assert(subject->setting_count > 0);
        for (size_t i = 0; i < subject->setting_count; i++)
                fuzz_setting(run, &subject->settings[i]);
        return 0;
}

static int fuzz_read(struct fuzz_run *run, struct cf_span text)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)256 << 20);
        struct cf_source *source;
        struct cf_error err = {0};
        if (!arena || cf_source_from(arena, run->path, text, &source, &err) < 0)
                return 0;
        run->source = source;
        struct cf_reader reader = {.arena = arena, .subject = fuzz_subject, .context = run};
        int r = run->format->read(&reader, source, &err);
        /* What is no YAML may be given, but no edit makes such a thing. */
        assert(r == 0 || r == -E2BIG || r == -ENOMEM || (r == -EINVAL && !run->again));
        assert(r != -E2BIG || (err.count > 0 && err.frames[0].message[0]));
        return 0;
}
