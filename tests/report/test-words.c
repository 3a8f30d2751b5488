/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/write.h"
#include "unit.h"

static void numbers(void **state)
{
        (void)state;
        static const struct {
                uint64_t number;
                const char *text;
        } rows[] = {{0, "0"},
                    {7, "7"},
                    {999, "999"},
                    {1000, "1,000"},
                    {12345, "12,345"},
                    {100000, "100,000"},
                    {1234567, "1,234,567"},
                    {UINT64_MAX, "18,446,744,073,709,551,615"}};
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                cf_report_number(&out, rows[i].number);
                assert_string_equal(out.data, rows[i].text);
        }
}

static void plurals(void **state)
{
        (void)state;
        static const char *const texts[] = {"0 files", "1 file", "2 files"};
        for (size_t i = 0; i < CF_COUNT(texts); i++) {
                CF_TEXT struct cf_text out = {0};
                cf_report_many(&out, i, "file", "files");
                assert_string_equal(out.data, texts[i]);
        }
}

static void seconds(void **state)
{
        (void)state;
        static const struct {
                double seconds;
                const char *text;
        } rows[] = {{0, "0.000 s"},      {0.0041, "0.004 s"},   {0.0412, "0.04 s"},
                    {0.00996, "0.01 s"}, {1.5, "1.50 s"},       {9.996, "10.0 s"},
                    {59.94, "59.9 s"},   {59.96, "1 min 0 s"},  {72.4, "1 min 12 s"},
                    {-1, "0.000 s"},     {INFINITY, "0.000 s"}, {NAN, "0.000 s"}};
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                cf_report_seconds(&out, rows[i].seconds);
                assert_string_equal(out.data, rows[i].text);
        }
}

static void widths(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                size_t width;
        } rows[] = {
                {"", 0},         {"abc", 3},
                {"\xc3\xa9", 1}, {"e\xcc\x81", 1},
                {"容器", 4},     {"│", 1},
                {"…", 1},        {"한국", 4},
                {"ｆｕｌｌ", 8}, {"ﾊﾝ", 2},
                {"😀", 2},        {"\xf0\xa0\x80\x80", 2},
                {"a\xff", 2},    {"\xe0\xa4\x95\xe0\xa5\x8d", 1},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                if (cf_report_width(cf_span_of(rows[i].text)) != rows[i].width)
                        fail_msg("'%s': %zu, expected %zu", rows[i].text,
                                 cf_report_width(cf_span_of(rows[i].text)), rows[i].width);
}

static void base64(void **state)
{
        (void)state;
        /* RFC 4648, section 10 */
        static const char *const rows[][2] = {{"f", "Zg=="},           {"fo", "Zm8="},
                                              {"foo", "Zm9v"},         {"foob", "Zm9vYg=="},
                                              {"fooba", "Zm9vYmE="},   {"foobar", "Zm9vYmFy"},
                                              {"\xff\xfe\xfd", "//79"}};
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                cf_report_base64(&out, cf_span_of(rows[i][0]));
                assert_string_equal(out.data, rows[i][1]);
        }
        CF_TEXT struct cf_text nothing = {0};
        cf_report_base64(&nothing, CF_SPAN(""));
        assert_int_equal(nothing.size, 0);
}

static void paths_from_root(void **state)
{
        (void)state;
        static const char *const rows[][2] = {
                {"./a/b", "a/b"}, {"a/b", "a/b"}, {".//a", "a"}, {"././a", "a"},
                {"../a", "../a"}, {"/a", "/a"},   {".a", ".a"},  {"<stdin>", "<stdin>"}};
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_string_equal(cf_report_from_root(rows[i][0]), rows[i][1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers), cmocka_unit_test(plurals),
                cmocka_unit_test(seconds), cmocka_unit_test(widths),
                cmocka_unit_test(base64),  cmocka_unit_test(paths_from_root),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
