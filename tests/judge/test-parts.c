/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts: spelling distance, hash, words for a shell. */
#include "unit.h"

#include "base/sha256.h"
#include "base/spelling.h"
#include "judge/fingerprint.h"
#include "judge/secopt.h"
#include "judge/shell.h"

static void spelling(void **state)
{
        (void)state;
        static const struct {
                const char *a, *b;
                unsigned max, want;
        } rows[] = {
                {"", "", 2, 0},
                {"a", "", 2, 1},
                {"", "abc", 2, 3},
                {"abc", "abc", 0, 0},
                {"abc", "ABC", 2, 0},
                {"abc", "acb", 2, 1},
                {"abc", "abd", 2, 1},
                {"abc", "xabc", 2, 1},
                {"kitten", "sitting", 5, 3},
                {"ab", "ba", 5, 1},
                {"abcdef", "badcfe", 5, 3},
                {"abc", "xyz", 1, 2},
                {"unconfined", "unconfiend", 2, 1},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                unsigned there = cf_spelling_distance(cf_span_of(rows[i].a), cf_span_of(rows[i].b),
                                                      rows[i].max);
                unsigned back = cf_spelling_distance(cf_span_of(rows[i].b), cf_span_of(rows[i].a),
                                                     rows[i].max);
                assert_int_equal(there, rows[i].want);
                assert_int_equal(back, rows[i].want);
        }
        char longest[65], longer[66];
        memset(longest, 'a', sizeof(longest));
        memset(longer, 'a', sizeof(longer));
        struct cf_span at = {longest, 64}, over = {longer, 65};
        assert_int_equal(cf_spelling_distance(at, at, 2), 0);
        assert_int_equal(cf_spelling_distance(at, over, 2), 3);
}

/* FIPS 180-4's own examples, and the sizes around a block's end. */
static void sha256(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want;
        } rows[] = {
                {"", "e3b0c44298fc1c149afbf4c8996fb924"},
                {"abc", "ba7816bf8f01cfea414140de5dae2223"},
                {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039"},
        };
        char digits[CF_FINGERPRINT_SIZE];
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                cf_fingerprint_of_text(cf_span_of(rows[i].text), digits);
                assert_string_equal(digits, rows[i].want);
        }
        struct cf_sha256 hash;
        unsigned char digest[CF_SHA256_SIZE];
        cf_sha256_begin(&hash);
        for (int i = 0; i < 1000000; i++)
                cf_sha256_add(&hash, CF_SPAN("a"));
        cf_sha256_end(&hash, digest);
        static const unsigned char million[] = {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92};
        assert_memory_equal(digest, million, sizeof(million));
        char text[130], previous[CF_FINGERPRINT_SIZE] = "";
        memset(text, 'x', sizeof(text));
        for (size_t size = 54; size < sizeof(text); size++) {
                cf_fingerprint_of_text((struct cf_span){text, size}, digits);
                assert_string_not_equal(digits, previous);
                memcpy(previous, digits, sizeof(previous));
        }
}

static void shell(void **state)
{
        (void)state;
        static const struct {
                const char *word, *want;
        } rows[] = {
                {"compose.yaml", "compose.yaml"},
                {"/srv/a b/c.yaml", "'/srv/a b/c.yaml'"},
                {"it's", "'it'\\''s'"},
                {"$(reboot).yaml", "'$(reboot).yaml'"},
                {"", "''"},
                {"-rf", "./-rf"},
                {"-r f", "./'-r f'"},
                {"a\nb", "'a\nb'"},
                {"\xc3\xa9.yaml", "'\xc3\xa9.yaml'"},
                {"~/x", "'~/x'"},
        };
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_string_equal(cf_shell_word(arena, rows[i].word), rows[i].want);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spelling),
                cmocka_unit_test(sha256),
                cmocka_unit_test(shell),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
