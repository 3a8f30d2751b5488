/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/git.h"
#include "base/gitignore.h"
#include "unit.h"

enum { SILENT = CF_GITIGNORE_SILENT, EXCLUDES, INCLUDES };

static const struct {
        const char *rules, *path;
        bool is_folder;
        int answer;
} rows[] = {
        {"", "a", false, SILENT},
        {"\n\n#a\n", "a", false, SILENT},
        {"a\n", "a", false, EXCLUDES},
        {"a", "a", false, EXCLUDES},
        {"a", "b/c/a", false, EXCLUDES},
        {"a\r\n", "a", false, EXCLUDES},
        {"\xef\xbb\xbf"
         "a\n",
         "a", false, EXCLUDES},
        {"a/", "a", false, SILENT},
        {"a/", "a", true, EXCLUDES},
        {"a/", "b/a", true, EXCLUDES},
        {"/a", "a", false, EXCLUDES},
        {"/a", "b/a", false, SILENT},
        {"b/a", "b/a", false, EXCLUDES},
        {"b/a", "c/b/a", false, SILENT},
        {"b/a/", "b/a", true, EXCLUDES},
        {"a//", "a", true, SILENT},
        {"/", "a", true, SILENT},
        {"//", "a", true, SILENT},
        /* the last one counts */
        {"*\n!a\n", "a", false, INCLUDES},
        {"!a\n*\n", "a", false, EXCLUDES},
        {"*.c\n!main.c\nma*\n", "main.c", false, EXCLUDES},
        {"*\n!*/\n", "a", true, INCLUDES},
        {"*\n!*/\n", "a", false, EXCLUDES},
        {"!", "a", false, SILENT},
        {"!!a", "!a", false, INCLUDES},
        /* suffixes */
        {"*.o", "a.o", false, EXCLUDES},
        {"*.o", "a/b/.o", false, EXCLUDES},
        {"*.o", "a.oo", false, SILENT},
        {"*.o", "o", false, SILENT},
        {"*", "a", false, EXCLUDES},
        /* escapes and blanks */
        {"\\#a", "#a", false, EXCLUDES},
        {"\\!a", "!a", false, EXCLUDES},
        {"a   ", "a", false, EXCLUDES},
        {"a \\ ", "a  ", false, EXCLUDES},
        {"a\\ ", "a ", false, EXCLUDES},
        {"a\\", "a", false, SILENT},
        {"a  \\", "a", false, SILENT},
        {"a\t", "a", false, SILENT},
        {"a\t", "a\t", false, EXCLUDES},
        {" a", "a", false, SILENT},
        {"   \n", " ", false, SILENT},
        {"a\\*", "a*", false, EXCLUDES},
        {"a\\*", "ab", false, SILENT},
        /* folders */
        {"a/**/c", "a/c", false, EXCLUDES},
        {"a/**/c", "a/b/b/c", false, EXCLUDES},
        {"**/a", "x/y/a", false, EXCLUDES},
        {"a**//", "a", true, EXCLUDES}, /* as git has it */
        {"a**//", "b", true, SILENT},
        {"a/**", "a/x/y", false, EXCLUDES},
        {"a/**", "a", true, SILENT},
        {"a/*", "a/x", false, EXCLUDES},
        {"a/*", "a/x/y", false, SILENT},
        {"a*/c", "ab/c", false, EXCLUDES},
        {"a**/c", "ab/x/c", false, EXCLUDES}, /* git's own reading: the literal part goes first */
        {"*a**/c", "ab/x/c", false, SILENT},
        {"a**", "b/axx", false, EXCLUDES},
        /* a list by the last byte must not hide a rule */
        {"[ab]", "b", false, EXCLUDES},
        {"a[", "a[", false, SILENT},
        {"a]", "a]", false, EXCLUDES},
        {"a?", "ab", false, EXCLUDES},
        {"x\n*\n!b\n", "ab", false, EXCLUDES},
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_gitignore *rules = NULL;
                assert_int_equal(cf_gitignore_parse(cf_span_of(rows[i].rules), &rules), 0);
                int answer =
                        (int)cf_gitignore_ask(rules, cf_span_of(rows[i].path), rows[i].is_folder);
                if (answer != rows[i].answer)
                        fail_msg("'%s' says %d of '%s'", rows[i].rules, answer, rows[i].path);
                cf_gitignore_free(rules);
        }
}

static void test_limits(void **state)
{
        (void)state;
        char *text = malloc(CF_GITIGNORE_MAX + 1);
        struct cf_gitignore *rules = NULL;
        assert_non_null(text);
        memset(text, '\n', CF_GITIGNORE_MAX + 1);
        text[0] = 'a';
        assert_int_equal(cf_gitignore_parse((struct cf_span){text, CF_GITIGNORE_MAX}, &rules), 0);
        assert_int_equal(cf_gitignore_ask(rules, CF_SPAN("a"), false), EXCLUDES);
        cf_gitignore_free(rules);
        assert_int_equal(cf_gitignore_parse((struct cf_span){text, CF_GITIGNORE_MAX + 1}, &rules),
                         -EFBIG);
        free(text);
        assert_int_equal(cf_gitignore_ask(NULL, CF_SPAN("a"), false), SILENT);
}

/* Patterns that take time to match are bounded; others are not. */
static void test_limit_of_wildcards(void **state)
{
        (void)state;
        static const struct {
                const char *line;
                bool wild;
        } lines[] = {{"*a*\n", true}, {"a?b\n", true}, {"*.ab\n", false}, {"abcd\n", false}};
        for (size_t i = 0; i < CF_COUNT(lines); i++) {
                size_t size = strlen(lines[i].line), most = CF_GITIGNORE_WILD_MAX / (size - 1);
                struct cf_gitignore *rules = NULL;
                char *text = malloc((most + 1) * size);
                assert_non_null(text);
                for (size_t k = 0; k <= most; k++)
                        memcpy(text + k * size, lines[i].line, size);
                assert_int_equal(cf_gitignore_parse((struct cf_span){text, most * size}, &rules),
                                 0);
                cf_gitignore_free(rules);
                rules = NULL;
                int r = cf_gitignore_parse((struct cf_span){text, (most + 1) * size}, &rules);
                assert_int_equal(r, lines[i].wild ? -EFBIG : 0);
                cf_gitignore_free(rules);
                free(text);
        }
}

static void test_only_regular_files_are_read(void **state)
{
        (void)state;
        char folder[] = "/tmp/confined-test-XXXXXX";
        struct cf_gitignore *rules = NULL;
        assert_non_null(mkdtemp(folder));
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
        assert_int_equal(symlinkat("real", fd, "link"), 0);
        int file = openat(fd, "real", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(file, "a\n", 2), 2);
        close(file);
        assert_int_equal(cf_gitignore_read(fd, "fifo", false, &rules), -ENOTSUP);
        assert_int_equal(cf_gitignore_read(fd, ".", false, &rules), -ENOTSUP);
        assert_int_equal(cf_gitignore_read(fd, "none", false, &rules), -ENOENT);
        assert_int_equal(cf_gitignore_read(fd, "link", false, &rules), -ELOOP);
        assert_null(rules);
        assert_int_equal(cf_gitignore_read(fd, "link", true, &rules), 0);
        assert_int_equal(cf_gitignore_ask(rules, CF_SPAN("a"), false), EXCLUDES);
        cf_gitignore_free(rules);
        assert_int_equal(unlinkat(fd, "fifo", 0), 0);
        assert_int_equal(unlinkat(fd, "link", 0), 0);
        assert_int_equal(unlinkat(fd, "real", 0), 0);
        close(fd);
        assert_int_equal(rmdir(folder), 0);
}

static const struct {
        const char *text, *value; /* NULL: none */
} configurations[] = {
        {"", NULL},
        {"[core]\n\texcludesFile = /a\n", "/a"},
        {"[Core]\r\nEXCLUDESFILE=/a b  \r\n", "/a b"},
        {"[core] excludesfile = /a # comment\n", "/a"},
        {"[core]\nexcludesfile = \"/a # b\" ; comment\n", "/a # b"},
        {"[core]\nexcludesfile = /a\\\n/b\n", "/a/b"},
        {"[core]\nexcludesfile = \"/\\\"\\\\\"\n", "/\"\\"},
        {"[core]\nexcludesfile = /a\n[core]\nexcludesfile = /b\n", "/b"},
        {"[core \"x\"]\nexcludesfile = /a\n", NULL},
        {"[other]\nexcludesfile = /a\n", NULL},
        {"[core]\nexcludesfile\n", NULL},
        {"[core]\n# excludesfile = /a\n; excludesfile = /b\n", NULL},
        {"[core]\nexcludesfile =\n", ""},
        {"[core\nexcludesfile = /a", NULL},
        {"[core]\nexcludesfile = /a\\", "/a\\"},
};

static void test_configurations(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(configurations); i++) {
                char *value = NULL;
                assert_int_equal(cf_git_config_value(cf_span_of(configurations[i].text), "core",
                                                     "excludesfile", &value),
                                 0);
                if (!configurations[i].value)
                        assert_null(value);
                else if (!value)
                        fail_msg("no value in '%s'", configurations[i].text);
                else
                        assert_string_equal(value, configurations[i].value);
                free(value);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_limit_of_wildcards),
                cmocka_unit_test(test_only_regular_files_are_read),
                cmocka_unit_test(test_configurations),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
