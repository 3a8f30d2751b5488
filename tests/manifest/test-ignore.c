/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "manifest/ignore.h"

/* The setting is the word SETTING, the subject's line the one that holds SUBJECT (if any). */
static const struct row {
        const char *text;
        bool fenced;
        const char *found; /* "rules|reason;" each, '-' for no reason */
} rows[] = {
        {"SETTING # confined: ignore a -- why\n", false, "a|why;"},
        {"SETTING # confined: ignore a,b -- why not # really\n", false, "a,b|why not # really;"},
        {"SETTING  #confined:ignore a, b--why\r\nnext\n", false, "a, b|why;"},
        {"SETTING # confined: ignore a\n", false, "a|-;"},
        {"SETTING # confined: ignore a --\n", false, "a|-;"},
        {"SETTING # confined: ignore\n", false, "|-;"},
        {"SETTING # confined: ignore -- why\n", false, "|why;"},
        {"SETTING# confined: ignore a -- why\n", false, ""},
        {"SETTING \"# confined: ignore a -- why\"\n", false, ""},
        {"# confined: ignore a -- before\nx SETTING\n", false, "a|before;"},
        {"x # confined: ignore a -- before SETTING\n", false, ""},
        {"x\n  ## confined: ignore a -- why\n# more\n  SETTING\n", false, "a|why;"},
        {"# confined: ignore a -- one\n# confined: ignore b -- two\nSETTING # confined: ignore c\n",
         false, "c|-;b|two;a|one;"},
        {"# confined: ignore a -- why\n\nSETTING\n", false, ""},
        {"# confined: ignore a -- why\nother\nSETTING\n", false, ""},
        {"SETTING <!-- confined: ignore a -- why -->\n", false, "a|why;"},
        {"<!-- confined: ignore a -->\nSETTING\n", false, "a|-;"},
        {".. confined: ignore a -- why\nSETTING\n", false, "a|why;"},
        {"// confined: ignore a -- why\nSETTING\n", false, "a|why;"},
        {"# confined: a -- why\n# Confined: ignore a -- why\nSETTING\n", false, ""},
        {"# confined: ignore a -- why\nSUBJECT\nx\nSETTING\n", false, "a|why;"},
        {"<!-- confined: ignore a -- why -->\n```sh\nSUBJECT SETTING\n", true, "a|why;"},
        {"<!-- confined: ignore a -- why -->\n\n```sh\nSUBJECT SETTING\n", true, "a|why;"},
        {"<!-- confined: ignore a -- why -->\n```sh\nSUBJECT SETTING\n", false, ""},
        {".. confined: ignore a -- why\n.. code-block:: sh\n\n   SUBJECT SETTING\n", true,
         "a|why;"},
        {"<!-- confined: ignore a -- why -->\nwords\n```sh\nSUBJECT SETTING\n", true, ""},
        {"```sh\n# confined: ignore a -- why\nSUBJECT SETTING\n", true, "a|why;"},
        {"SETTING", false, ""},
};

static void collect(const struct row *row, struct cf_text *out)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source;
        struct cf_ignores ignores = {0};
        assert_int_equal(cf_source_from(arena, "f", cf_span_of(row->text), &source, NULL), 0);
        size_t setting = cf_span_find(source->text, CF_SPAN("SETTING"));
        size_t subject = cf_span_find(source->text, CF_SPAN("SUBJECT"));
        struct cf_range range = {setting, strlen("SETTING")};
        assert_int_equal(cf_ignores_beside(arena, source, range, &ignores), 0);
        if (subject != SIZE_MAX)
                assert_int_equal(cf_ignores_above(arena, source, subject, row->fenced, &ignores),
                                 0);
        for (size_t i = 0; i < ignores.count; i++) {
                const struct cf_ignore *ignore = &ignores.items[i];
                cf_text_printf(out, "%s|%s;", ignore->rules, ignore->reason ? ignore->reason : "-");
                struct cf_span comment =
                        cf_span_part(source->text, ignore->place.offset, ignore->place.length);
                assert_true(cf_span_find(comment, CF_SPAN("confined:")) < 6);
                assert_int_equal(cf_span_find_byte(comment, '\n'), SIZE_MAX);
        }
}

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                collect(&rows[i], &out);
                if (!cf_span_is(cf_text_span(&out), rows[i].found))
                        fail_msg("row %zu: %s", i, out.data ? out.data : "");
        }
}

/* Long lines are not searched to their end, however many settings stand on them. */
static void test_long_lines(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text text = {0};
        struct cf_ignores ignores = {0};
        struct cf_source *source;
        cf_text_puts(&text, "# confined: ignore a -- why\n");
        cf_text_repeat(&text, ' ', 1 << 20);
        size_t at = text.size;
        cf_text_puts(&text, "SETTING");
        cf_text_repeat(&text, ' ', 1 << 20);
        cf_text_puts(&text, "# confined: ignore a -- why\n");
        assert_int_equal(cf_source_from(arena, "f", cf_text_span(&text), &source, NULL), 0);
        for (size_t i = 0; i < 20000; i++)
                assert_int_equal(
                        cf_ignores_beside(arena, source, (struct cf_range){at, 7}, &ignores), 0);
        assert_int_equal(ignores.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_long_lines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
