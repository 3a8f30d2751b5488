/* SPDX-License-Identifier: Apache-2.0 */
/* src/fix/diff.c, lines.c: the input is two texts with a 0xff between. Our diff of them, applied to
 * the first by the plainest reader of unified diffs, gives the second. */
#include <stdlib.h>

#include "base/text.h"
#include "fix/fix.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct patch {
        struct cf_span rest;   /* of the diff */
        struct cf_span before; /* what no hunk has passed yet */
        struct cf_text *after;
        size_t line; /* lines of `before` passed */
};

/* Cuts the first line off, its LF included. */
static struct cf_span cut_line(struct cf_span *text)
{
        size_t end = cf_span_find_byte(*text, '\n');
        struct cf_span line = cf_span_part(*text, 0, end == SIZE_MAX ? text->size : end + 1);
        *text = cf_span_part(*text, line.size, SIZE_MAX);
        return line;
}

static void check(bool holds)
{
        if (!holds)
                abort();
}

/* One line of a hunk: its sign is cut off, its LF too when a "\ No newline" line follows. */
static char hunk_line(struct patch *patch, struct cf_span *ret_line)
{
        struct cf_span line = cut_line(&patch->rest);
        check(line.size > 1 && line.data[line.size - 1] == '\n');
        char sign = line.data[0];
        line = cf_span_part(line, 1, SIZE_MAX);
        if (cf_span_starts(patch->rest, "\\ No newline at end of file\n")) {
                cut_line(&patch->rest);
                line.size--;
        }
        *ret_line = line;
        return sign;
}

static void pass_common(struct patch *patch, size_t until_line)
{
        for (; patch->line < until_line; patch->line++)
                cf_text_add(patch->after, cut_line(&patch->before));
}

static size_t read_range(const char **at, char sign, size_t *ret_count)
{
        char *end;
        check(**at == sign);
        size_t line = strtoul(*at + 1, &end, 10);
        *ret_count = 1;
        if (*end == ',')
                *ret_count = strtoul(end + 1, &end, 10);
        *at = end + 1;
        return *ret_count ? line - 1 : line;
}

static void apply_hunk(struct patch *patch)
{
        char head[128] = "";
        struct cf_span line = cut_line(&patch->rest);
        check(line.size < sizeof(head) && cf_span_starts(line, "@@ -"));
        memcpy(head, line.data, line.size);
        const char *at = head + 3;
        size_t before_count, after_count, after_lines = 0;
        size_t before_line = read_range(&at, '-', &before_count);
        size_t after_line = read_range(&at, '+', &after_count);
        pass_common(patch, before_line);
        for (size_t i = 0; i < patch->after->size; i++)
                after_lines += patch->after->data[i] == '\n';
        check(after_line == after_lines);
        while (before_count || after_count) {
                char sign = hunk_line(patch, &line);
                check(sign == ' ' || sign == '-' || sign == '+');
                if (sign != '+') {
                        check(before_count-- > 0);
                        check(cf_span_equal(cut_line(&patch->before), line));
                        patch->line++;
                }
                if (sign != '-') {
                        check(after_count-- > 0);
                        cf_text_add(patch->after, line);
                }
        }
}

static void check_diff(struct cf_span before, struct cf_span after)
{
        CF_TEXT struct cf_text diff = {0}, made = {0};
        int r = cf_diff_unified("f", before, after, &diff);
        check(r == 0);
        if (cf_span_equal(before, after)) {
                check(diff.size == 0);
                return;
        }
        struct patch patch = {cf_text_span(&diff), before, &made, 0};
        check(cf_span_equal(cut_line(&patch.rest), CF_SPAN("--- a/f\n")));
        check(cf_span_equal(cut_line(&patch.rest), CF_SPAN("+++ b/f\n")));
        check(patch.rest.size > 0);
        while (patch.rest.size)
                apply_hunk(&patch);
        cf_text_add(&made, patch.before);
        check(cf_span_equal(cf_text_span(&made), after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cf_span whole = {(const char *)data, size};
        if (size > INPUT_MAX)
                return 0;
        size_t middle = cf_span_find_byte(whole, '\xff');
        struct cf_span before = cf_span_part(whole, 0, middle == SIZE_MAX ? size : middle);
        struct cf_span after = cf_span_part(whole, before.size + 1, SIZE_MAX);
        check_diff(before, after);
        check_diff(after, before);
        return 0;
}
