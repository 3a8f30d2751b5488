/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that a place is shown with. Lines may be as long as files (written by machines, or to
 * annoy): only what is shown of them is looked at. */
#include "model/model.h"

/* How much of a long line is kept before the place, in characters. */
#define LEAD_CHARACTERS 40

static const char *take_part(struct cf_arena *arena, const struct cf_source *source, unsigned line,
                             unsigned column)
{
        return cf_arena_copy(arena, cf_source_from_column(source, line, column, CF_EXCERPT_LINE));
}

/* Does a line go on behind what is shown of it, and does the place stand far to the right in it? */
static bool is_far(const struct cf_source *source, const struct cf_place *place)
{
        struct cf_span start = cf_source_from_column(source, place->line, 1, CF_EXCERPT_LINE + 4);
        struct cf_span own = cf_source_from_column(source, place->line, place->column, 1);
        return start.size > CF_EXCERPT_LINE && own.data &&
               (size_t)(own.data - start.data) > CF_EXCERPT_LINE / 2;
}

/* A place far to the right of a long line is shown alone, from a little before it on. */
static int take_far(struct cf_arena *arena, const struct cf_source *source,
                    const struct cf_place *place, struct cf_excerpt *ret_excerpt)
{
        unsigned column = place->column > LEAD_CHARACTERS ? place->column - LEAD_CHARACTERS : 1;
        const char *copy = take_part(arena, source, place->line, column);
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
        if (is_far(source, place))
                return take_far(arena, source, place, ret_excerpt);

        unsigned first = place->line > 1 ? place->line - 1 : place->line;
        unsigned last = place->end_line > place->line ? place->end_line : place->line;
        if (last > place->line && place->end_column == 1)
                last--; /* it ends with a line end: nothing of the next line belongs to it */
        excerpt.first_line = first;
        excerpt.first_column = 1;
        for (unsigned i = first; i <= last && excerpt.line_count < CF_COUNT(excerpt.lines); i++) {
                const char *copy = take_part(arena, source, i, 1);
                if (!copy)
                        return -ENOMEM;
                excerpt.lines[excerpt.line_count++] = copy;
        }
        *ret_excerpt = excerpt;
        return 0;
}
