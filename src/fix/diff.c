/* SPDX-License-Identifier: Apache-2.0 */
/* Unified diffs as git apply and patch read them. */
#include <stdint.h>

#include "fix/fix.h"
#include "fix/lines.h"

#define CONTEXT 3

/* ---- names ------------------------------------------------------------------------------------
 */

/* git's quoting: a name that holds one of these stands in double quotes with C escapes. A blank at
 * the end is no matter for git, but patch would lose it. */
static bool needs_quotes(struct cf_span name)
{
        if (cf_span_ends(name, " "))
                return true;
        for (size_t i = 0; i < name.size; i++) {
                unsigned char c = (unsigned char)name.data[i];
                if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
                        return true;
        }
        return !cf_utf8_valid(name, NULL);
}

static void put_quoted(struct cf_text *out, struct cf_span name)
{
        while (name.size) {
                uint32_t c;
                size_t size = cf_utf8_next(name, &c);
                unsigned char byte = (unsigned char)name.data[0];
                if (byte == '"' || byte == '\\')
                        cf_text_printf(out, "\\%c", byte);
                else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && size == 1))
                        cf_text_printf(out, "\\%03o", byte);
                else
                        cf_text_add(out, cf_span_part(name, 0, size));
                name = cf_span_part(name, size, SIZE_MAX);
        }
}

/* A line such as "--- a/NAME". A blank in a name needs the tab that ends it for patch. */
static void put_name(struct cf_text *out, const char *sign, char side, struct cf_span name)
{
        bool quoted = needs_quotes(name);
        cf_text_printf(out, quoted ? "%s \"%c/" : "%s %c/", sign, side);
        if (quoted)
                put_quoted(out, name);
        else
                cf_text_add(out, name);
        if (quoted)
                cf_text_putc(out, '"');
        else if (cf_span_find_byte(name, ' ') != SIZE_MAX)
                cf_text_putc(out, '\t');
        cf_text_putc(out, '\n');
}

/* ---- hunks ------------------------------------------------------------------------------------
 */

static void put_lines(struct cf_text *out, char sign, struct cf_span lines)
{
        while (lines.size) {
                size_t end = cf_span_find_byte(lines, '\n');
                size_t size = end == SIZE_MAX ? lines.size : end + 1;
                cf_text_putc(out, sign);
                cf_text_add(out, cf_span_part(lines, 0, size));
                if (end == SIZE_MAX)
                        cf_text_puts(out, "\n\\ No newline at end of file\n");
                lines = cf_span_part(lines, size, SIZE_MAX);
        }
}

/* The last `most` lines before `end`, as far back as `start`. */
static struct cf_span lines_before(const char *start, const char *end, size_t most,
                                   size_t *ret_count)
{
        const char *at = end;
        size_t count = 0;
        for (; count < most && at > start; count++) {
                at--; /* the line end of this line, or its last byte */
                while (at > start && at[-1] != '\n')
                        at--;
        }
        *ret_count = count;
        return (struct cf_span){at, (size_t)(end - at)};
}

/* The first `most` lines from `start`. */
static struct cf_span lines_after(const char *start, const char *end, size_t most,
                                  size_t *ret_count)
{
        const char *at = start;
        size_t count = 0;
        for (; count < most && at < end; count++) {
                const char *line_end = memchr(at, '\n', (size_t)(end - at));
                at = line_end ? line_end + 1 : end;
        }
        *ret_count = count;
        return (struct cf_span){start, (size_t)(at - start)};
}

/* One side of a hunk's head: the first line, or the one before when there is none. */
static void put_range(struct cf_text *out, char sign, size_t line, size_t count)
{
        cf_text_printf(out, "%c%zu", sign, count ? line + 1 : line);
        if (count != 1)
                cf_text_printf(out, ",%zu", count);
}

static void put_hunk(struct cf_text *out, struct cf_span before, const struct change *changes,
                     size_t count)
{
        const struct change *first = changes, *last = &changes[count - 1];
        const char *end = before.data + before.size;
        size_t lead = 0, trail = 0;
        struct cf_span head = lines_before(before.data, first->before.data, CONTEXT, &lead);
        struct cf_span tail =
                lines_after(last->before.data + last->before.size, end, CONTEXT, &trail);
        size_t before_count = last->before_line + last->before_count - first->before_line;
        size_t after_count = last->after_line + last->after_count - first->after_line;
        cf_text_puts(out, "@@ ");
        put_range(out, '-', first->before_line - lead, before_count + lead + trail);
        cf_text_putc(out, ' ');
        put_range(out, '+', first->after_line - lead, after_count + lead + trail);
        cf_text_puts(out, " @@\n");
        put_lines(out, ' ', head);
        for (size_t i = 0; i < count; i++) {
                put_lines(out, '-', changes[i].before);
                put_lines(out, '+', changes[i].after);
                const char *from = changes[i].before.data + changes[i].before.size;
                if (i + 1 < count)
                        put_lines(out, ' ',
                                  (struct cf_span){from,
                                                   (size_t)(changes[i + 1].before.data - from)});
        }
        put_lines(out, ' ', tail);
}

/* Changes so near to one another that their contexts would touch belong to one hunk. */
static bool near(const struct change *a, const struct change *b)
{
        return b->before_line - (a->before_line + a->before_count) <= (size_t)2 * CONTEXT;
}

int cf_diff_unified(const char *name, struct cf_span before, struct cf_span after,
                    struct cf_text *out)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct change *changes = NULL;
        size_t count = 0;
        if (!before.data)
                before.data = "";
        if (!after.data)
                after.data = "";
        if (!arena || find_changes(arena, before, after, &changes, &count) < 0)
                return -ENOMEM;
        if (count == 0)
                return 0;
        put_name(out, "---", 'a', cf_span_of(name));
        put_name(out, "+++", 'b', cf_span_of(name));
        for (size_t i = 0, next; i < count; i = next) {
                for (next = i + 1; next < count && near(&changes[next - 1], &changes[next]);)
                        next++;
                put_hunk(out, before, &changes[i], next - i);
        }
        return out->failed ? -ENOMEM : 0;
}
