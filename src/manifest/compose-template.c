/* SPDX-License-Identifier: Apache-2.0 */
/* Compose files that a template engine (Jinja, Go, ERB) makes into YAML first. */
#include <errno.h>
#include <string.h>

#include "manifest/compose.h"

/* Tags that leave nothing behind by themselves, and those that stand for a text. */
static const struct tag {
        const char *open, *close;
} silent[] = {{"{%", "%}"}, {"{#", "#}"}, {"<%", "%>"}}, speaking[] = {{"{{", "}}"}, {"<%=", "%>"}};

/* The next tag from `at` on: its range; length 0: none. */
static struct cf_range find_tag(struct cf_span text, size_t at, const struct tag *tag)
{
        size_t open = cf_span_find(cf_span_part(text, at, SIZE_MAX), cf_span_of(tag->open));
        if (open == SIZE_MAX)
                return (struct cf_range){0};
        size_t start = at + open;
        size_t close = cf_span_find(cf_span_part(text, start, SIZE_MAX), cf_span_of(tag->close));
        if (close == SIZE_MAX)
                return (struct cf_range){0};
        return (struct cf_range){start, close + strlen(tag->close)};
}

bool cf_compose_is_template(struct cf_span text)
{
        for (size_t i = 0; i < CF_COUNT(silent); i++)
                if (find_tag(text, 0, &silent[i]).length)
                        return true;
        return find_tag(text, 0, &speaking[0]).length > 0;
}

static void clear_tags(char *text, size_t size, const struct tag *tag)
{
        struct cf_range range = {0};
        while ((range = find_tag((struct cf_span){text, size}, range.offset, tag)).length) {
                bool speaks = strncmp(text + range.offset, "<%=", 3) == 0;
                for (size_t i = range.offset; i < range.offset + range.length; i++)
                        if (!speaks && text[i] != '\n' && text[i] != '\r')
                                text[i] = ' ';
                range.offset += range.length;
        }
}

/* `{{ name }}:1.2` is no YAML. Where nobody asks for the value any text will do; what decides is
 * left as it is. A line that is nothing else is one of an engine that uses these tags for all. */
static void clear_line(char *line, size_t size)
{
        struct cf_span text = {line, size}, trimmed = cf_span_trim(text);
        if (cf_span_starts(trimmed, "{{") && cf_span_ends(trimmed, "}}")) {
                line[trimmed.data - line] = '#';
                return;
        }
        if (cf_span_find(text, CF_SPAN("privileged")) != SIZE_MAX ||
            cf_span_find(text, CF_SPAN("sec")) != SIZE_MAX)
                return;
        struct cf_range range = {0};
        for (size_t i = 0; i < CF_COUNT(speaking); i++)
                for (range.offset = 0; (range = find_tag(text, range.offset, &speaking[i])).length;
                     range.offset += range.length)
                        memset(line + range.offset, '_', range.length);
}

int cf_compose_unfold(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_source **ret_unfolded)
{
        struct cf_source *unfolded = cf_arena_one(arena, struct cf_source);
        char *copy = cf_arena_copy(arena, source->text);
        if (!unfolded || !copy)
                return -ENOMEM;
        for (size_t i = 0; i < CF_COUNT(silent); i++)
                clear_tags(copy, source->text.size, &silent[i]);
        struct cf_span rest = {copy, source->text.size}, line;
        while (cf_span_next_line(&rest, &line))
                clear_line(copy + (line.data - copy), line.size);
        *unfolded = *source;
        unfolded->text.data = copy;
        *ret_unfolded = unfolded;
        return 0;
}
