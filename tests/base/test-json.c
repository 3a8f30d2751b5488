/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "unit.h"

static struct cf_json *parse(struct cf_arena *arena, struct cf_span bytes, struct cf_error *err)
{
        struct cf_source *source = NULL;
        struct cf_json *value = NULL;
        assert_int_equal(cf_source_from(arena, "f.json", bytes, &source, NULL), 0);
        return cf_json_parse(arena, source, &value, err) < 0 ? NULL : value;
}

static void refused(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                unsigned line, column;
                const char *what;
        } rows[] = {
                {"", 1, 1, "the text ends"},
                {"{\"a\": 1,}", 1, 9, "a comma before"},
                {"[1,]", 1, 4, "expected a value"},
                {"[1 2]", 1, 4, "expected ',' or ']'"},
                {"{\"a\" 1}", 1, 6, "expected ':'"},
                {"{a: 1}", 1, 2, "key in double quotes"},
                {"{'a': 1}", 1, 2, "key in double quotes"},
                {"{\n  \"a\": tru\n}", 2, 8, "expected a value"},
                {"[01]", 1, 2, "must not start with 0"},
                {"[1.]", 1, 4, "digit behind the decimal point"},
                {"[-]", 1, 2, "expected a value"},
                {"\"a", 1, 1, "does not end"},
                {"\"a\\\"", 1, 1, "does not end"},
                {"\"\\x\"", 1, 2, "unknown escape"},
                {"\"\\u12g4\"", 1, 2, "four hexadecimal digits"},
                {"\"a\nb\"", 1, 3, "control character"},
                {"{} {}", 1, 4, "more text"},
                {"[[1]", 1, 1, "not closed"},
                {"{\"a\": 1 // c\n}", 1, 9, "expected ',' or '}'"},
                {"NaN", 1, 1, "expected a value"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_error err = {0};
                assert_null(parse(arena, cf_span_of(rows[i].text), &err));
                assert_int_equal(err.code, -EINVAL);
                if (!strstr(err.frames[0].message, rows[i].what) ||
                    err.frames[0].place.line != rows[i].line ||
                    err.frames[0].place.column != rows[i].column)
                        fail_msg("%s: %u:%u %s", rows[i].text, err.frames[0].place.line,
                                 err.frames[0].place.column, err.frames[0].message);
        }
}

static void read_and_placed(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_json *root =
                parse(arena,
                      CF_SPAN(" {\"a\": [1, -2, 1e3], \"B\": \"x\\u00e9\\ud83d\\ude00\\ud800\", "
                              "\"a2\": {}, \"a2\": true}"),
                      NULL);
        assert_non_null(root);
        const struct cf_json *a = cf_json_get(root, "a");
        assert_int_equal(a->count, 3);
        int64_t number;
        assert_int_equal(cf_json_int(a->first->next, &number), 0);
        assert_int_equal(number, -2);
        assert_int_equal(cf_json_int(a->first->next->next, &number), -ERANGE);
        assert_int_equal(a->offset, 7);
        assert_int_equal(a->length, 12);
        assert_int_equal(a->key_offset, 2);
        assert_null(cf_json_get(root, "b"));
        assert_string_equal(cf_json_string(cf_json_get_nocase(root, "b")),
                            "x\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
        assert_true(cf_json_true(cf_json_get(root, "a2"))); /* the last one counts */
}

static void numbers(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_json *root = parse(arena,
                                     CF_SPAN("[18446744073709551615, 18446744073709551616, "
                                             "-9223372036854775808, -9223372036854775809]"),
                                     NULL);
        uint64_t u;
        int64_t i;
        const struct cf_json *item = root->first;
        assert_int_equal(cf_json_uint(item, &u), 0);
        assert_true(u == UINT64_MAX);
        assert_int_equal(cf_json_uint(item = item->next, &u), -ERANGE);
        assert_int_equal(cf_json_int(item = item->next, &i), 0);
        assert_true(i == INT64_MIN);
        assert_int_equal(cf_json_int(item->next, &i), -ERANGE);
}

static void deep(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        cf_text_repeat(&text, '[', 1000000);
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_error err = {0};
        assert_null(parse(arena, cf_text_span(&text), &err));
        assert_int_equal(err.code, -E2BIG);
}

static void written(void **state)
{
        (void)state;
        CF_TEXT struct cf_text out = {0};
        struct cf_json_writer w = {.out = &out};
        cf_json_open(&w, '{');
        cf_json_key(&w, "a");
        cf_json_open(&w, '[');
        cf_json_put_uint(&w, 1);
        cf_json_put_string(&w, "q\"\\\n\x01\xff\xc2\x9b");
        cf_json_put_null(&w);
        cf_json_close(&w, ']');
        cf_json_key(&w, "b");
        cf_json_open(&w, '{');
        cf_json_close(&w, '}');
        cf_json_close(&w, '}');
        assert_string_equal(out.data,
                            "{\"a\":[1,\"q\\\"\\\\\\n\\u0001\xef\xbf\xbd\\u009b\",null],\"b\":{}}");
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        assert_non_null(parse(arena, cf_text_span(&out), NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refused), cmocka_unit_test(read_and_placed),
                cmocka_unit_test(numbers), cmocka_unit_test(deep),
                cmocka_unit_test(written),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
