/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that a place is shown with. */
#include "model/model.h"

/* How much of a long line is kept before the place, in characters. */
#define LEAD_CHARACTERS 40

/* The longest start of `line` of at most `max` bytes that ends between characters. */
static struct cf_span cut(struct cf_span line, size_t max)
{
        struct cf_span rest = line;
        size_t kept = 0, size;
        uint32_t character;
        if (line.size <= max)
                return line;
        while ((size = cf_utf8_next(rest, &character)) > 0 && kept + size <= max) {
                kept += size;
                rest = cf_span_part(line, kept, SIZE_MAX);
        }
        return cf_span_part(line, 0, kept);
}

/* Byte offset in the line of its character number `column` (from 1). */
static size_t column_offset(struct cf_span line, unsigned column)
{
        size_t offset = 0, size;
        uint32_t character;
        while (column-- > 1) {
                size = cf_utf8_next(cf_span_part(line, offset, SIZE_MAX), &character);
                if (size == 0)
                        break;
                offset += size;
        }
        return offset;
}

/* A place far to the right of a long line (a file written by a machine) is shown alone, from a
 * little before it on. */
static int take_far(struct cf_arena *arena, struct cf_span line, const struct cf_place *place,
                    struct cf_excerpt *ret_excerpt)
{
        unsigned column = place->column > LEAD_CHARACTERS ? place->column - LEAD_CHARACTERS : 1;
        struct cf_span part = cf_span_part(line, column_offset(line, column), SIZE_MAX);
        char *copy = cf_arena_copy(arena, cut(part, CF_EXCERPT_LINE));
        if (!copy)
                return -ENOMEM;
        *ret_excerpt = (struct cf_excerpt){.first_line = place->line,
                                           .first_column = column,
                                           .lines = {copy},
                                           .line_count = 1};
        return 0;
}

int cf_excerpt_take(struct cf_arena *arena, const struct cf_source *source,
                    const struct cf_place *place, struct cf_excerpt *ret_excerpt)
{
        struct cf_excerpt excerpt = {0};
        if (place->line == 0) {
                *ret_excerpt = excerpt;
                return 0;
        }
        struct cf_span own = cf_source_line(source, place->line);
        if (own.size > CF_EXCERPT_LINE && column_offset(own, place->column) > CF_EXCERPT_LINE / 2)
                return take_far(arena, own, place, ret_excerpt);

        unsigned first = place->line > 1 ? place->line - 1 : place->line;
        unsigned last = place->end_line > place->line ? place->end_line : place->line;
        if (last > place->line && place->end_column == 1)
                last--; /* it ends with a line end: nothing of the next line belongs to it */
        excerpt.first_line = first;
        excerpt.first_column = 1;
        for (unsigned i = first; i <= last && excerpt.line_count < CF_COUNT(excerpt.lines); i++) {
                struct cf_span line = cut(cf_source_line(source, i), CF_EXCERPT_LINE);
                char *copy = cf_arena_copy(arena, line);
                if (!copy)
                        return -ENOMEM;
                excerpt.lines[excerpt.line_count++] = copy;
        }
        *ret_excerpt = excerpt;
        return 0;
}
