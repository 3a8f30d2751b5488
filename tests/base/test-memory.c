/* SPDX-License-Identifier: Apache-2.0 */
/* arena, vec, map, text, error */
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "unit.h"

static void arena_limit(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(1000);
        assert_non_null(cf_arena_alloc(arena, 900));
        assert_false(cf_arena_is_full(arena));
        assert_null(cf_arena_alloc(arena, 200));
        assert_true(cf_arena_is_full(arena));
        assert_null(cf_arena_array(arena, SIZE_MAX / 2, 3));
        assert_null(cf_arena_alloc(arena, SIZE_MAX));
        cf_arena_clear(arena);
        assert_false(cf_arena_is_full(arena));
        char *zero = cf_arena_alloc(arena, 900);
        assert_non_null(zero);
        for (size_t i = 0; i < 900; i++)
                assert_int_equal(zero[i], 0);
}

static void vec_and_map(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_VEC(int) numbers = {0};
        struct cf_map *map = cf_map_new(arena);
        for (int i = 0; i < 5000; i++) {
                assert_int_equal(cf_vec_push(arena, &numbers, i), 0);
                char *key = cf_arena_printf(arena, "key %d", i);
                assert_int_equal(cf_map_put(map, cf_span_of(key), key), 0);
        }
        assert_int_equal(numbers.count, 5000);
        assert_int_equal(numbers.items[4999], 4999);
        assert_int_equal(cf_map_count(map), 5000);
        assert_string_equal(cf_map_get(map, CF_SPAN("key 77")), "key 77");
        assert_null(cf_map_get(map, CF_SPAN("key 5000")));
        assert_int_equal(cf_map_put(map, CF_SPAN("key 77"), map), 0);
        assert_ptr_equal(cf_map_get(map, CF_SPAN("key 77")), map);
        assert_int_equal(cf_map_count(map), 5000);
        assert_null(cf_map_get(NULL, CF_SPAN("x")));
}

static void text_limits(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {.max = 10};
        cf_text_puts(&text, "12345");
        cf_text_printf(&text, "%d", 678);
        assert_string_equal(text.data, "12345678");
        cf_text_puts(&text, "9abc");
        assert_true(text.failed);
        assert_string_equal(text.data, "12345678");
        cf_text_clear(&text);
        cf_text_add_visible(&text, CF_SPAN("\x1b"));
        assert_string_equal(text.data, "\\x1b");
}

static void visible(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        cf_text_add_visible(&text, CF_SPAN("a\x1b[31m\xc2\x9b\xe2\x80\xae\xff\n\xc3\xa9"));
        assert_string_equal(text.data, "a\\x1b[31m\\u{9b}\\u{202e}\\xff\\n\xc3\xa9");
}

static void error_chain(void **state)
{
        (void)state;
        struct cf_error err = {0}, copy;
        struct cf_place place = {.path = "a.json", .line = 3, .column = 4};
        assert_int_equal(cf_error_set(&err, -EINVAL, &place, "cause %d", 1), -EINVAL);
        for (int i = 0; i < 9; i++)
                cf_error_doing(&err, -EINVAL, NULL, "doing %d", i);
        assert_int_equal(err.count, CF_ERROR_FRAMES);
        cf_error_copy(&copy, &err);
        assert_string_equal(copy.frames[0].message, "cause 1");
        assert_ptr_equal(copy.frames[0].place.path, copy.frames[0].path);
        char long_text[2 * CF_ERROR_TEXT];
        for (size_t i = 0; i + 2 < sizeof(long_text); i += 2)
                memcpy(long_text + i, "\xc3\xa9", 2);
        long_text[sizeof(long_text) - 2] = '\0';
        cf_error_set(&err, -EINVAL, NULL, "x%s", long_text);
        size_t length = strlen(err.frames[0].message);
        assert_true(length < CF_ERROR_TEXT && length % 2 == 1); /* cut between characters */
        assert_int_equal(cf_error_set(NULL, -EIO, NULL, "nobody cares"), -EIO);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(arena_limit), cmocka_unit_test(vec_and_map),
                cmocka_unit_test(text_limits), cmocka_unit_test(visible),
                cmocka_unit_test(error_chain),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
