/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/glob.h"
#include "slow-glob.h"
#include "unit.h"

static const struct {
        const char *pattern, *path;
        bool matches;
} rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "abd", false},
        {"*", "", true},
        {"*", "abc", true},
        {"*", "a/c", false},
        {"*.yaml", ".yaml", true},
        {"a*c", "abbbc", true},
        {"a*c", "ab/bc", false},
        {"a*b*c", "axbxbxc", true},
        {"?", "a", true},
        {"?", "/", false},
        {"?", "", false},
        /* folders */
        {"**", "a/b/c", true},
        {"**", "", true},
        {"**/c", "c", true},
        {"**/c", "a/b/c", true},
        {"**/c", "a/bc", false},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"a/**", "b/a", false},
        {"a/**/c", "a/c", true},
        {"a/**/c", "a/b/b/c", true},
        {"a/**/c", "ac", false},
        {"a/**/c", "a/bc", false},
        {"a/**/**/c", "a/c", true},
        {"a/***/c", "a/x/y/c", true},
        {"**/**/**", "a", true},
        {"a/*/c", "a/b/c", true},
        {"a/*/c", "a/c", false},
        {"a/*/c", "a/b/b/c", false},
        /* two stars that are no folders */
        {"a**", "abc", true},
        {"a**", "a/c", false},
        {"a**/c", "ab/c", true},
        {"a**/c", "a/b/c", false},
        {"a/b**/c", "a/bx/c", true},
        {"**a", "x/a", false},
        {"**a", "xa", true},
        {"**\\/c", "a/b/c", true},
        {"**\\/c", "c", false},
        /* escapes */
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\**", "*abc", true},
        {"\\**", "abc", false},
        {"\\***/a", "*x/a", true},
        {"\\a", "a", true},
        {"\\\\", "\\", true},
        {"a\\", "a", false},
        {"a\\", "a\\", false},
        {"\\[a]", "[a]", true},
        /* sets */
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]", "d", true},
        {"[^a-c]", "b", false},
        {"[!a]", "/", false},
        {"[/]", "/", false},
        {"[]]", "]", true},
        {"[]a]", "a", true},
        {"[!]a]", "b", true},
        {"[!]a]", "]", false},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a-c-e]", "d", false},
        {"[a-c-e]", "-", true},
        {"[c-a]", "b", false},
        {"[\\]]", "]", true},
        {"[\\a-c]", "b", true},
        {"[a-\\c]", "b", true},
        {"[a", "a", false},
        {"[", "[", false},
        {"[a\\", "a", false},
        {"[[:digit:]]", "7", true},
        {"[[:digit:]]", "a", false},
        {"[![:digit:]]", "a", true},
        {"[[:digit:]-z]", "-", true},
        {"[[:digit:]-z]", "q", false},
        {"[[:nothing:]]", "a", false},
        {"[[:alpha:][:digit:]_]", "_", true},
        {"[[:space:]]", "\t", true},
        {"[[:space:]]", "\v", false},
        {"[[:cntrl:]]", "\v", true},
        {"[[:punct:]]", "_", true},
        {"[[:alpha]", ":", true},
        {"[[:]", "[", true},
        {"[[:]", ":", true},
        {"[[::]]", ":", false},
        {"[[:digit:]", "1", false},
        {"[[:alnum:]", "[", false},
        /* bytes, not characters */
        {"?", "\xc3\xa9", false},
        {"??", "\xc3\xa9", true},
        {"\xff*", "\xff\xfe", true},
        {"[\x80-\xff]", "\xc3", true},
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_span pattern = cf_span_of(rows[i].pattern);
                struct cf_span path = cf_span_of(rows[i].path);
                if (cf_glob_match(pattern, path) != rows[i].matches)
                        fail_msg("'%s' and '%s' should%s match", rows[i].pattern, rows[i].path,
                                 rows[i].matches ? "" : " not");
                if (slow_glob_match(pattern, path) != rows[i].matches)
                        fail_msg("the slow matcher is wrong about '%s' and '%s'", rows[i].pattern,
                                 rows[i].path);
        }
}

static size_t invent(const char *alphabet, unsigned *seed, size_t most, char *out)
{
        size_t size = (size_t)rand_r(seed) % (most + 1), letters = strlen(alphabet);
        for (size_t i = 0; i < size; i++)
                out[i] = alphabet[(size_t)rand_r(seed) % letters];
        return size;
}

/* Short texts over few letters, so that a good part of them match. */
static void test_against_slow_matcher(void **state)
{
        (void)state;
        static const char *const alphabets[] = {"ab/*", "a/**?", "ab*[]!-", "a\\*/[]", "a[:digt]1"};
        unsigned seed = 1, matches = 0;
        for (unsigned i = 0; i < 400000; i++) {
                char pattern[16], path[12];
                struct cf_span p = {pattern, invent(alphabets[i % CF_COUNT(alphabets)], &seed,
                                                    sizeof(pattern), pattern)};
                struct cf_span t = {path, invent("ab/1", &seed, sizeof(path) / 2, path)};
                bool slow = slow_glob_match(p, t);
                matches += slow;
                if (cf_glob_match(p, t) != slow)
                        fail_msg("'%.*s' and '%.*s' should%s match", (int)p.size, p.data,
                                 (int)t.size, t.data, slow ? "" : " not");
        }
        assert_true(matches > 10000);
}

static double seconds(void)
{
        struct timespec at;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
        return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void test_limits(void **state)
{
        (void)state;
        static char pattern[CF_GLOB_MAX + 1], path[CF_GLOB_MAX];
        memset(pattern, 'a', sizeof(pattern));
        memset(path, 'a', sizeof(path));
        assert_true(cf_glob_match((struct cf_span){pattern, CF_GLOB_MAX},
                                  (struct cf_span){path, CF_GLOB_MAX}));
        assert_true(cf_glob_valid((struct cf_span){pattern, CF_GLOB_MAX}));
        assert_false(cf_glob_valid((struct cf_span){pattern, CF_GLOB_MAX + 1}));
        memset(pattern, '*', sizeof(pattern));
        assert_false(cf_glob_match((struct cf_span){pattern, CF_GLOB_MAX + 1}, CF_SPAN("a")));
}

/* A pattern that drives matchers that try again mad. */
static void test_no_pattern_is_slow(void **state)
{
        (void)state;
        char pattern[500], path[256];
        for (size_t i = 0; i < sizeof(pattern); i++)
                pattern[i] = "*a"[i % 2];
        pattern[sizeof(pattern) - 1] = 'b';
        memset(path, 'a', sizeof(path));
        double before = seconds();
        assert_false(cf_glob_match((struct cf_span){pattern, sizeof(pattern)},
                                   (struct cf_span){path, sizeof(path)}));
        assert_true(cf_glob_match((struct cf_span){pattern, sizeof(path)},
                                  (struct cf_span){path, sizeof(path)}));
        assert_true(seconds() - before < 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_against_slow_matcher),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_no_pattern_is_slow),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
