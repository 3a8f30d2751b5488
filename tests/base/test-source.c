/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/source.h"
#include "base/text.h"
#include "unit.h"

static struct cf_source *source_of(struct cf_arena *arena, struct cf_span bytes)
{
        struct cf_source *source = NULL;
        assert_int_equal(cf_source_from(arena, "f", bytes, &source, NULL), 0);
        return source;
}

static void places(void **state)
{
        (void)state;
        static const struct {
                const char *bytes;
                size_t offset, length;
                size_t file_offset;
                unsigned line, column, end_line, end_column;
        } rows[] = {
                {"abc", 0, 3, 0, 1, 1, 1, 4},
                {"a\nbc\n", 2, 2, 2, 2, 1, 2, 3},
                {"a\r\nbc\r\nd", 3, 2, 3, 2, 1, 2, 3},
                {"a\rb", 2, 1, 2, 2, 1, 2, 2},
                {"\xc3\xa9x", 2, 1, 2, 1, 2, 1, 3},
                {"\xff\xffx", 2, 1, 2, 1, 3, 1, 4},
                {"\xef\xbb\xbf"
                 "ab",
                 1, 1, 4, 1, 2, 1, 3},
                {"abc", 99, 9, 3, 1, 4, 1, 4},
                {"a\nb\n", 4, 0, 4, 3, 1, 3, 1},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_source *source = source_of(arena, cf_span_of(rows[i].bytes));
                struct cf_place place = cf_source_place(source, rows[i].offset, rows[i].length);
                assert_int_equal(place.offset, rows[i].file_offset);
                assert_int_equal(place.line, rows[i].line);
                assert_int_equal(place.column, rows[i].column);
                assert_int_equal(place.end_line, rows[i].end_line);
                assert_int_equal(place.end_column, rows[i].end_column);
        }
}

static void utf16_both_ways(void **state)
{
        (void)state;
        /* "é", a character outside the first plane, LF, "x" */
        static const char bytes[] = "\xff\xfe\xe9\x00\x3d\xd8\x00\xde\x0a\x00x\x00";
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source = source_of(arena, (struct cf_span){bytes, sizeof(bytes) - 1});
        assert_int_equal(source->encoding, CF_UTF16LE);
        assert_true(cf_span_is(source->text, "\xc3\xa9\xf0\x9f\x98\x80\nx"));
        struct cf_place place = cf_source_place(source, 7, 1);
        assert_int_equal(place.offset, 10);
        assert_int_equal(place.length, 2);
        assert_int_equal(place.line, 2);
        CF_TEXT struct cf_text out = {0};
        assert_int_equal(cf_source_encode(source, source->text, &out), 0);
        assert_true(cf_span_equal(cf_text_span(&out), (struct cf_span){bytes, sizeof(bytes) - 1}));
        assert_int_equal(cf_source_from(arena, "f", CF_SPAN("\xff\xfe\x00"), &source, NULL),
                         -EILSEQ);
        assert_int_equal(
                cf_source_from(arena, "f", CF_SPAN("\xff\xfe\x3d\xd8x\x00"), &source, NULL),
                -EILSEQ);
}

/* Marks every few thousand bytes must not show: the same places as counting from the start. */
static void long_files(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        uint32_t random = 7;
        for (size_t i = 0; i < 20000; i++) {
                static const char *const pieces[] = {
                        "a", "\n", "\r\n", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xff", "\r", "bcd"};
                random = random * 1664525 + 1013904223;
                cf_text_puts(&text, pieces[random >> 29]);
        }
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source = source_of(arena, cf_text_span(&text));
        unsigned line = 1, column = 1;
        for (size_t at = 0; at < text.size;) {
                struct cf_place place = cf_source_place(source, at, 0);
                assert_int_equal(place.line, line);
                assert_int_equal(place.column, column);
                if (column == 1)
                        assert_int_equal(cf_source_line_start(source, line), at);
                uint32_t c;
                size_t size = cf_utf8_next(cf_span_part(source->text, at, 4), &c);
                bool ends = c == '\n' || (c == '\r' && source->text.data[at + 1] != '\n');
                line += ends;
                column = ends ? 1 : column + 1;
                at += size;
        }
}

static void lines(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source = source_of(arena, CF_SPAN("one\r\n\nthree"));
        assert_true(cf_span_is(cf_source_line(source, 1), "one"));
        assert_true(cf_span_is(cf_source_line(source, 2), ""));
        assert_true(cf_span_is(cf_source_line(source, 3), "three"));
        assert_int_equal(cf_source_line(source, 4).size, 0);
        assert_int_equal(cf_source_line_of(source, 6), 3);
}

static void paths(void **state)
{
        (void)state;
        static const char *const rows[][3] = {
                {"a/b", "../c", "a/c"},    {NULL, "./x", "x"},        {"/a", "b/./c", "/a/b/c"},
                {"/", "..", "/"},          {"a", "../../b", "../b"},  {".", ".", "."},
                {"a", "/etc/x", "/etc/x"}, {"..", "../x", "../../x"}, {"/a/b", "../../../c", "/c"},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_string_equal(cf_path_join(arena, rows[i][0], rows[i][1]), rows[i][2]);
        assert_string_equal(cf_path_dir(arena, "a/b"), "a");
        assert_string_equal(cf_path_dir(arena, "b"), ".");
        assert_string_equal(cf_path_dir(arena, "/b"), "/");
        assert_string_equal(cf_path_base("/a/b"), "b");
}

static void not_regular(void **state)
{
        (void)state;
        char dir[] = "/tmp/confined-test-XXXXXX";
        assert_non_null(mkdtemp(dir));
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *fifo = cf_path_join(arena, dir, "fifo");
        assert_int_equal(mkfifo(fifo, 0600), 0);
        struct cf_source *source;
        struct cf_error err = {0};
        assert_int_equal(cf_files_read(NULL, arena, fifo, &source, &err), -ENOTSUP);
        assert_non_null(strstr(err.frames[0].message, "not a regular file"));
        assert_string_equal(err.frames[0].path, fifo);
        assert_int_equal(cf_files_read(NULL, arena, dir, &source, &err), -EISDIR);
        unlink(fifo);
        assert_int_equal(cf_files_read(NULL, arena, fifo, &source, &err), -ENOENT);
        rmdir(dir);
}

static void overlays(void **state)
{
        (void)state;
        char dir[] = "/tmp/confined-test-XXXXXX";
        assert_non_null(mkdtemp(dir));
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *path = cf_path_join(arena, dir, "f");
        assert_int_equal(cf_file_write(path, CF_SPAN("old"), NULL), 0);
        struct cf_files *files = cf_files_new();
        struct cf_source *source;
        assert_int_equal(cf_files_read(files, arena, path, &source, NULL), 0);
        assert_true(cf_span_is(source->text, "old"));
        struct cf_file_id id = source->id;
        assert_int_equal(cf_files_overlay(files, path, CF_SPAN("new"), &id), 0);
        assert_int_equal(
                cf_files_read(files, arena, cf_arena_printf(arena, "%s/./f", dir), &source, NULL),
                0);
        assert_true(cf_span_is(source->text, "new"));
        assert_true(cf_file_id_equal(&source->id, &id));
        assert_int_equal(cf_file_replace(path, CF_SPAN("newer"), &id, NULL), 0);
        assert_int_equal(cf_file_replace(path, CF_SPAN("again"), &id, NULL), -ESTALE);
        cf_files_free(files);
        unlink(path);
        assert_int_equal(rmdir(dir), 0); /* and no temporary file was left */
}

static void columns(void **state)
{
        (void)state;
        static const struct {
                unsigned line, column;
                size_t most;
                const char *text; /* NULL: no such position */
        } rows[] = {
                {1, 1, 99, "abc"},  {1, 2, 99, "bc"},  {1, 2, 1, "b"},   {1, 4, 99, ""},
                {2, 1, 99, "dé€f"}, {2, 2, 99, "é€f"}, {2, 2, 4, "é"},   {2, 3, 2, ""},
                {3, 1, 99, ""},     {4, 1, 99, "gh"},  {4, 3, 99, ""},   {4, 4, 99, NULL},
                {3, 2, 99, NULL},   {5, 1, 99, NULL},  {9, 9, 99, NULL},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_source *source;
        assert_int_equal(
                cf_source_from(arena, "f", CF_SPAN("abc\r\nd\u00e9\u20acf\n\ngh"), &source, NULL),
                0);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_span part =
                        cf_source_from_column(source, rows[i].line, rows[i].column, rows[i].most);
                if (!part.data != !rows[i].text || (part.data && !cf_span_is(part, rows[i].text)))
                        fail_msg("row %zu: '%.*s'", i, (int)part.size, part.data ? part.data : "");
        }
        /* On both sides of a mark within one long line. */
        CF_TEXT struct cf_text text = {0};
        for (size_t i = 0; i < 3000; i++)
                cf_text_printf(&text, "%04zu ", i);
        assert_int_equal(cf_source_from(arena, "f", cf_text_span(&text), &source, NULL), 0);
        for (unsigned i = 0; i < 3000; i++) {
                char expected[8];
                snprintf(expected, sizeof(expected), "%04u", i);
                assert_true(cf_span_is(cf_source_from_column(source, 1, 5 * i + 1, 4), expected));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(places),     cmocka_unit_test(utf16_both_ways),
                cmocka_unit_test(long_files), cmocka_unit_test(lines),
                cmocka_unit_test(paths),      cmocka_unit_test(not_regular),
                cmocka_unit_test(overlays),   cmocka_unit_test(columns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
