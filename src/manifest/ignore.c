/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/ignore.h"

/* How far above a line comments are looked at, lines. */
#define LINES_ABOVE 50
/* Longer lines hold no suppression. */
#define LINE_MAX_BYTES ((size_t)4 << 10)

static const struct mark {
        const char *start, *end;
} marks[] = {{"#", NULL}, {"//", NULL}, {"<!--", "-->"}, {"..", NULL}};

/* The mark of the comment that the text starts with; NULL: it starts with none. */
static const struct mark *mark_of(struct cf_span text)
{
        for (size_t i = 0; i < CF_COUNT(marks); i++)
                if (cf_span_starts(text, marks[i].start))
                        return &marks[i];
        return NULL;
}

static struct cf_span skip(struct cf_span text, size_t size)
{
        text = cf_span_part(text, size, SIZE_MAX);
        while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
                text = cf_span_part(text, 1, SIZE_MAX);
        return text;
}

/* Cuts `word` and the blanks around it off the front; false when it is not there. */
static bool cut_word(struct cf_span *text, const char *word)
{
        if (!cf_span_starts(*text, word))
                return false;
        *text = skip(*text, strlen(word));
        return true;
}

static bool known(const struct cf_ignores *ignores, const struct cf_place *place)
{
        for (size_t i = 0; i < ignores->count; i++)
                if (ignores->items[i].place.offset == place->offset &&
                    strcmp(ignores->items[i].place.path, place->path) == 0)
                        return true;
        return false;
}

/* Reads one comment (from its mark on); what is no suppression is passed over. */
static int read_comment(struct cf_arena *arena, const struct cf_source *source,
                        struct cf_span comment, struct cf_ignores *ignores)
{
        const struct mark *mark = mark_of(comment);
        comment = cf_span_trim(comment);
        struct cf_span text = comment;
        if (mark->end && cf_span_ends(text, mark->end))
                text.size -= strlen(mark->end);
        while (mark->start[0] == '#' && cf_span_starts(text, "##"))
                text = cf_span_part(text, 1, SIZE_MAX);
        text = skip(text, strlen(mark->start));
        if (!cut_word(&text, "confined:") || !cut_word(&text, "ignore"))
                return 0;
        size_t dashes = cf_span_find(text, CF_SPAN("--"));
        struct cf_span rules = cf_span_trim(cf_span_part(text, 0, dashes));
        struct cf_span reason = {0};
        if (dashes != SIZE_MAX)
                reason = cf_span_trim(cf_span_part(text, dashes + 2, SIZE_MAX));
        struct cf_ignore ignore = {
                .rules = cf_arena_copy(arena, rules),
                .reason = reason.size ? cf_arena_copy(arena, reason) : NULL,
                .place = cf_source_place(source, (size_t)(comment.data - source->text.data),
                                         comment.size),
        };
        if (!ignore.rules || (reason.size && !ignore.reason))
                return -ENOMEM;
        return known(ignores, &ignore.place) ? 0 : cf_vec_push(arena, ignores, ignore);
}

/* A line that opens a code block in Markdown or reST, or a blank one. */
static bool opens_block(struct cf_span line)
{
        return line.size == 0 || cf_span_starts(line, "```") || cf_span_starts(line, "~~~") ||
               cf_span_starts(line, ".. code") || cf_span_starts(line, ".. sourcecode") ||
               cf_span_is(line, "::");
}

static bool ends_line(char c)
{
        return c == '\n' || c == '\r';
}

/* The line that ends before text offset `end` (a line's first byte), without its line end; false:
 * there is none, or it is too long to be a comment of ours. */
static bool line_before(struct cf_span text, size_t end, struct cf_span *ret_line)
{
        if (end == 0)
                return false;
        end--;
        if (end > 0 && text.data[end] == '\n' && text.data[end - 1] == '\r')
                end--;
        size_t start = end;
        while (start > 0 && !ends_line(text.data[start - 1]) && end - start < LINE_MAX_BYTES)
                start--;
        if (start > 0 && !ends_line(text.data[start - 1]))
                return false;
        *ret_line = cf_span_part(text, start, end - start);
        return true;
}

int cf_ignores_above(struct cf_arena *arena, const struct cf_source *source, size_t offset,
                     bool fenced, struct cf_ignores *ignores)
{
        struct cf_span text = source->text, line;
        size_t at = offset < text.size ? offset : text.size;
        while (at > 0 && !ends_line(text.data[at - 1]) && offset - at < LINE_MAX_BYTES)
                at--;
        if (at > 0 && !ends_line(text.data[at - 1]))
                return 0; /* so far into its line that nobody comments on it from above */
        for (unsigned i = 0; i < LINES_ABOVE && line_before(text, at, &line); i++) {
                at = (size_t)(line.data - text.data);
                line = cf_span_trim(line);
                if (fenced && opens_block(line))
                        continue;
                if (!mark_of(line))
                        return 0;
                fenced = false;
                int r = read_comment(arena, source, line, ignores);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cf_ignores_beside(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_range setting, struct cf_ignores *ignores)
{
        struct cf_span text = source->text;
        size_t start = setting.offset + setting.length, end = start;
        while (end < text.size && !ends_line(text.data[end]) && end - start < LINE_MAX_BYTES)
                end++;
        for (size_t i = start; i < end; i++) {
                struct cf_span rest = cf_span_part(text, i, end - i);
                bool apart = i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '\t';
                if (!apart || !mark_of(rest))
                        continue;
                int r = read_comment(arena, source, rest, ignores);
                if (r < 0)
                        return r;
                break;
        }
        return cf_ignores_above(arena, source, setting.offset, false, ignores);
}
