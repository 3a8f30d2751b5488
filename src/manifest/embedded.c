/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/embedded.h"

#include <errno.h>
#include <string.h>

#include "manifest/formats.h"
#include "manifest/ignore.h"
#include "manifest/words.h"

const char *cf_embedded_name(struct cf_span language)
{
        static const struct {
                const char *language, *name;
        } table[] = {
                {"yaml", "block.yaml"},
                {"yml", "block.yaml"},
                {"compose", "block.yaml"},
                {"docker-compose", "block.yaml"},
                {"dockercompose", "block.yaml"},
                {"json", "block.json"},
                {"jsonc", "block.json"},
                {"dockerfile", "Dockerfile"},
                {"docker", "Dockerfile"},
                {"containerfile", "Containerfile"},
                {"make", "Makefile"},
                {"makefile", "Makefile"},
                {"systemd", "block.service"},
                {"unit", "block.service"},
                {"ini", "block.service"},
        };
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (cf_span_equal_nocase(language, cf_span_of(table[i].language)))
                        return table[i].name;
        return NULL;
}

/* ---- what the part's reader hands over ------------------------------------------------------ */

struct handing {
        const struct cf_embedded *embedded;
        struct cf_ignores ignores; /* what stands above the part counts for all of it */
        int failed;
};

static int add_ignores(struct handing *handing, struct cf_setting *setting)
{
        struct cf_arena *arena = handing->embedded->reader->arena;
        struct cf_ignores all = {0};
        for (size_t i = 0; i < setting->ignore_count; i++)
                if (cf_vec_push(arena, &all, setting->ignores[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < handing->ignores.count; i++)
                if (cf_vec_push(arena, &all, handing->ignores.items[i]) < 0)
                        return -ENOMEM;
        setting->ignores = all.items;
        setting->ignore_count = all.count;
        return 0;
}

/* The part's settings, shown as they stand in the file around. */
static int place_settings(struct handing *handing, struct cf_subject *subject)
{
        struct cf_arena *arena = handing->embedded->reader->arena;
        const struct cf_source *source = handing->embedded->source;
        size_t count = subject->setting_count;
        struct cf_setting *settings = cf_arena_alloc(arena, (count + 1) * sizeof(*settings));
        if (!settings)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                settings[i] = subject->settings[i];
                if (!settings[i].place.path || strcmp(settings[i].place.path, source->path) != 0)
                        continue;
                if (cf_excerpt_take(arena, source, &settings[i].place, &settings[i].excerpt) < 0 ||
                    add_ignores(handing, &settings[i]) < 0)
                        return -ENOMEM;
        }
        subject->settings = settings;
        return 0;
}

static int hand_on(const struct cf_subject *subject, void *context)
{
        struct handing *handing = context;
        const struct cf_reader *reader = handing->embedded->reader;
        struct cf_subject copy = *subject;
        copy.documentation |= handing->embedded->documentation;
        int r = place_settings(handing, &copy);
        if (r == 0)
                r = reader->subject(&copy, reader->context);
        if (r < 0)
                handing->failed = r;
        return r;
}

static void keep_silent(const struct cf_error *err, void *context)
{
        (void)err;
        (void)context;
}

/* What a part says to its own readers is two steps from anybody who types it. */
static bool is_document(const struct cf_format *format)
{
        return format == &cf_format_text || format == &cf_format_markdown ||
               format == &cf_format_rest;
}

/* ---- the part ---------------------------------------------------------------------------------
 */

static bool may_hold(struct cf_span text, const struct cf_range *lines, size_t count)
{
        size_t start = lines[0].offset, end = lines[count - 1].offset + lines[count - 1].length;
        return cf_words_found(cf_span_part(text, start, end - start));
}

/* The text up to the last line's end with everything around the lines blank, line ends apart. */
static char *blank_around(struct cf_arena *arena, struct cf_span text, const char *name,
                          const struct cf_range *lines, size_t count, size_t *ret_size)
{
        size_t end = lines[count - 1].offset + lines[count - 1].length, at = 0;
        char *copy = cf_arena_alloc(arena, end + 2);
        bool tabs = strcmp(name, "Makefile") == 0; /* where they mean something */
        if (!copy)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                for (; at < lines[i].offset; at++) {
                        char c = text.data[at];
                        copy[at] = c == '\n' || c == '\r' || (tabs && c == '\t') ? c : ' ';
                }
                memcpy(copy + at, text.data + at, lines[i].length);
                at += lines[i].length;
        }
        copy[end] = end < text.size ? text.data[end] : '\n';
        copy[end + 1] = '\0';
        *ret_size = end < text.size ? end + 1 : end;
        return copy;
}

int cf_embedded_read(struct cf_embedded *embedded, const char *name, const struct cf_range *lines,
                     size_t count)
{
        struct cf_arena *arena = embedded->reader->arena;
        struct cf_span text = embedded->source->text;
        if (count == 0 || !may_hold(text, lines, count))
                return 0;
        size_t end = lines[count - 1].offset + lines[count - 1].length, size;
        if (end > CF_EMBEDDED_COPIES - embedded->copied)
                return -E2BIG;
        embedded->copied += end;
        struct handing handing = {.embedded = embedded};
        if (embedded->documentation &&
            cf_ignores_above(arena, embedded->source, lines[0].offset, true, &handing.ignores) < 0)
                return -ENOMEM;
        struct cf_reader reader = *embedded->reader;
        reader.subject = hand_on;
        reader.trouble = keep_silent;
        reader.context = &handing;
        struct cf_source part = *embedded->source, named;
        part.text.data = blank_around(arena, text, name, lines, count, &size);
        if (!part.text.data)
                return -ENOMEM;
        part.text.size = size;
        named = part;
        named.path = name;
        for (const struct cf_format *const *row = cf_formats; *row; row++) {
                if (is_document(*row) || (*row)->claim(&named) == CF_CLAIM_NONE)
                        continue;
                struct cf_error err = {0};
                int r = (*row)->read(&reader, &part, &err);
                if (handing.failed < 0 || r == -ENOMEM)
                        return handing.failed < 0 ? handing.failed : r;
        }
        return 0;
}
