/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines with carets below the place. Columns of characters become columns of a terminal
 * here: tabs are spread out, wide characters count two, combining ones none, and what is not safe
 * to show is written as an escape, which is wider than what it stands for. */
#include "base/source.h"
#include "report/write.h"

#define TAB_STOP 8
#define LEAST_TEXT 24 /* columns of text that are shown however narrow the terminal is */
#define MARGIN 8      /* columns kept right and left of the place where a line is cut */

/* The part of every line that is shown, in terminal columns from the line's start. */
struct window {
        size_t from;
        size_t width; /* SIZE_MAX: to the end */
};

/* Where the carets of one line are, in terminal columns; from == to: none. */
struct carets {
        size_t from, to;
};

struct view {
        struct cf_text *out;
        const struct cf_report_options *options;
        const struct cf_finding *finding;
        const struct cf_excerpt *excerpt;
        struct cf_text glyph; /* the character at hand, safe to show */
        unsigned digits;      /* of the widest line number */
        unsigned first;       /* column of the first character of the lines */
        struct window window;
};

/* Makes view->glyph of the first character; returns its bytes (0: the end), its terminal columns
 * in *ret_width. */
static size_t next_glyph(struct view *view, struct cf_span line, size_t column, size_t *ret_width)
{
        uint32_t character;
        size_t size = cf_utf8_next(line, &character);
        cf_text_clear(&view->glyph);
        if (size == 0)
                return 0;
        if (character == '\t')
                cf_text_repeat(&view->glyph, ' ', TAB_STOP - column % TAB_STOP);
        else
                cf_text_add_visible(&view->glyph, cf_span_part(line, 0, size));
        view->out->failed |= view->glyph.failed;
        *ret_width = cf_report_width(cf_text_span(&view->glyph));
        return size;
}

/* Terminal column at which character number `index` (from 0) of the line starts; past the end:
 * the line's width. */
static size_t column_of(struct view *view, struct cf_span line, size_t index)
{
        size_t column = 0, width, size;
        while (index-- > 0 && (size = next_glyph(view, line, column, &width)) > 0) {
                column += width;
                line = cf_span_part(line, size, SIZE_MAX);
        }
        return column;
}

static size_t blank_characters(struct cf_span line)
{
        size_t count = 0;
        while (count < line.size && (line.data[count] == ' ' || line.data[count] == '\t'))
                count++;
        return count;
}

/* Which columns of line `number` belong to the place. */
static struct carets carets_of(struct view *view, unsigned number, struct cf_span line)
{
        const struct cf_place *place = &view->finding->place;
        unsigned first = view->first;
        struct carets carets;
        if (number < place->line || number > place->end_line)
                return (struct carets){0};
        if (number == place->line)
                carets.from =
                        column_of(view, line, place->column > first ? place->column - first : 0);
        else
                carets.from = column_of(view, line, blank_characters(line));
        carets.to = number == place->end_line
                            ? column_of(view, line,
                                        place->end_column > first ? place->end_column - first : 0)
                            : column_of(view, line, SIZE_MAX);
        if (carets.to <= carets.from) { /* nothing wide: one caret, on the place's own line */
                if (number != place->line)
                        return (struct carets){0};
                carets.to = carets.from + 1;
        }
        return carets;
}

/* Shifts the window when the place would lie right of it. */
static struct window window_of(struct view *view)
{
        const struct cf_excerpt *excerpt = view->excerpt;
        size_t width = view->options->width, gutter = view->digits + 3;
        struct window window = {0, SIZE_MAX};
        if (width == 0)
                return window;
        window.width = width > gutter + LEAST_TEXT ? width - gutter : LEAST_TEXT;
        for (unsigned i = 0; i < excerpt->line_count; i++) {
                if (excerpt->first_line + i != view->finding->place.line)
                        continue;
                struct cf_span line = cf_span_of(excerpt->lines[i]);
                struct carets carets = carets_of(view, excerpt->first_line + i, line);
                if (carets.to + 1 <= window.width)
                        break;
                size_t least = carets.to + MARGIN - window.width;
                size_t most = carets.from > MARGIN ? carets.from - MARGIN : 0;
                window.from = least < most ? least : most;
        }
        return window;
}

static void put_gutter(struct view *view, unsigned number, bool more)
{
        cf_style_on(view->out, view->options, CF_STYLE_DIM);
        if (number > 0)
                cf_text_printf(view->out, "%*u │", (int)view->digits, number);
        else
                cf_text_printf(view->out, "%*s │", (int)view->digits, "");
        cf_style_off(view->out, view->options, CF_STYLE_DIM);
        if (more)
                cf_text_putc(view->out, ' ');
}

/* A line's text inside the window, with an ellipsis where something is cut off. */
static void put_text(struct view *view, struct cf_span line)
{
        const struct window *window = &view->window;
        size_t column = 0, width, size;
        size_t end = column_of(view, line, SIZE_MAX), limit = SIZE_MAX;
        size_t from = window->from;
        if (window->width != SIZE_MAX && end > from + window->width)
                limit = from + window->width - 1;
        if (from > 0 && end > 0) {
                cf_text_puts(view->out, "…");
                from++;
        }
        while ((size = next_glyph(view, line, column, &width)) > 0) {
                if (column + width > limit)
                        break;
                if (column >= from)
                        cf_text_add(view->out, cf_text_span(&view->glyph));
                else if (column + width > from) /* half of a wide character or a tab is cut off */
                        cf_text_repeat(view->out, ' ', column + width - from);
                column += width;
                line = cf_span_part(line, size, SIZE_MAX);
        }
        if (size > 0)
                cf_text_puts(view->out, "…");
}

static void put_label(struct view *view, size_t from, size_t to)
{
        CF_TEXT struct cf_text label = {0};
        cf_text_add_visible(&label, cf_span_of(view->finding->label));
        view->out->failed |= label.failed;
        size_t width = cf_report_width(cf_text_span(&label)), room = view->window.width;
        if (room == SIZE_MAX || to + 1 + width <= room) {
                cf_text_putc(view->out, ' ');
        } else { /* on a line of its own, below the carets as far as it fits */
                cf_text_putc(view->out, '\n');
                put_gutter(view, 0, true);
                size_t indent = width >= room ? 0 : room - width;
                cf_text_repeat(view->out, ' ', indent < from ? indent : from);
        }
        cf_style_on(view->out, view->options, cf_style_of(view->finding->verdict));
        cf_text_add(view->out, cf_text_span(&label));
        cf_style_off(view->out, view->options, cf_style_of(view->finding->verdict));
}

static void put_carets(struct view *view, struct carets carets, bool last)
{
        const struct window *window = &view->window;
        size_t from = carets.from > window->from ? carets.from - window->from : 0;
        size_t to = carets.to > window->from ? carets.to - window->from : 0;
        if (window->width != SIZE_MAX && to > window->width)
                to = window->width;
        if (to <= from)
                from = to = 0;
        if (to == 0 && !(last && view->finding->label))
                return;
        put_gutter(view, 0, to > 0);
        cf_text_repeat(view->out, ' ', from);
        enum cf_style style = cf_style_of(view->finding->verdict);
        cf_style_on(view->out, view->options, style);
        cf_text_repeat(view->out, '^', to - from);
        cf_style_off(view->out, view->options, style);
        if (last && view->finding->label)
                put_label(view, from, to);
        cf_text_putc(view->out, '\n');
}

static unsigned digits_of(unsigned number)
{
        unsigned digits = 1;
        while (number >= 10) {
                number /= 10;
                digits++;
        }
        return digits < 4 ? 4 : digits;
}

void cf_report_excerpt(struct cf_text *out, const struct cf_report_options *options,
                       const struct cf_finding *finding)
{
        const struct cf_excerpt *excerpt = &finding->excerpt;
        const struct cf_place *place = &finding->place;
        struct view view = {.out = out, .options = options, .finding = finding, .first = 1};
        if (excerpt->first_line == 0 || excerpt->line_count == 0)
                return;
        struct cf_excerpt cut;
        CF_TEXT struct cf_text shown = {0};
        if (excerpt->first_column > 1) { /* the left of the line is missing: an ellipsis for it */
                cf_text_puts(&shown, "…");
                cf_text_puts(&shown, excerpt->lines[0]);
                out->failed |= shown.failed;
                cut = *excerpt;
                cut.lines[0] = shown.data ? shown.data : "";
                excerpt = &cut;
                view.first = excerpt->first_column - 1;
        }
        view.excerpt = excerpt;
        unsigned last_line = excerpt->first_line + excerpt->line_count - 1;
        unsigned end_line = place->end_line;
        if (end_line > place->line && place->end_column <= 1)
                end_line--;
        unsigned last_caret = end_line < last_line ? end_line : last_line;
        view.digits = digits_of(last_line);
        view.window = window_of(&view);
        for (unsigned i = 0; i < excerpt->line_count; i++) {
                struct cf_span line = cf_span_of(excerpt->lines[i]);
                unsigned number = excerpt->first_line + i;
                put_gutter(&view, number, line.size > 0);
                put_text(&view, line);
                cf_text_putc(out, '\n');
                put_carets(&view, carets_of(&view, number, line), number == last_caret);
        }
        if (end_line > last_line) {
                put_gutter(&view, 0, true);
                cf_text_printf(out, "… to line %u\n", end_line);
        }
        cf_text_done(&view.glyph);
}
