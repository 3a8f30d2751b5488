/* SPDX-License-Identifier: Apache-2.0 */
/* Unified diffs against their exact text, and against patch(1) and git(1). */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "fix/fix.h"
#include "unit.h"

extern char **environ;

static void exact(void **state)
{
        (void)state;
        static const struct {
                const char *name, *before, *after, *diff;
        } rows[] = {
                {"f", "a\n", "a\n", ""},
                {"f", "", "", ""},
                {"f", "a\nb\nc\n", "a\nc\n", "--- a/f\n+++ b/f\n@@ -1,3 +1,2 @@\n a\n-b\n c\n"},
                {"f", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n6\n7\n8\n",
                 "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
                {"f", "", "a\n", "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"},
                {"f", "a\n", "", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
                {"f", "a\nb", "a",
                 "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-a\n-b\n\\ No newline at end of file\n+a\n\\ No "
                 "newline at end of file\n"},
                {"f", "x\ny", "y",
                 "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-x\n y\n\\ No newline at end of file\n"},
                {"f", "a\r\nb\r\n", "b\r\n", "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-a\r\n b\r\n"},
                /* 6 common lines between: one hunk; 7: two */
                {"f", "a\n1\n2\n3\n4\n5\n6\nb\n", "1\n2\n3\n4\n5\n6\n",
                 "--- a/f\n+++ b/f\n@@ -1,8 +1,6 @@\n-a\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n"},
                {"f", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\n",
                 "--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n 7\n"
                 "-b\n"},
                {"my file", "a\n", "b\n",
                 "--- a/my file\t\n+++ b/my file\t\n@@ -1 +1 @@\n-a\n+b\n"},
                {"a\"b\\c\td\n", "a\n", "b\n",
                 "--- \"a/a\\\"b\\\\c\\011d\\012\"\n+++ \"b/a\\\"b\\\\c\\011d\\012\"\n@@ -1 +1 "
                 "@@\n-a\n+b\n"},
                {"caf\xc3\xa9", "a\n", "b\n",
                 "--- a/caf\xc3\xa9\n+++ b/caf\xc3\xa9\n@@ -1 +1 @@\n-a\n+b\n"},
                {"caf\xe9", "a\n", "b\n",
                 "--- \"a/caf\\351\"\n+++ \"b/caf\\351\"\n@@ -1 +1 @@\n-a\n+b\n"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_TEXT struct cf_text out = {0};
                cf_text_puts(&out, "");
                assert_int_equal(cf_diff_unified(rows[i].name, cf_span_of(rows[i].before),
                                                 cf_span_of(rows[i].after), &out),
                                 0);
                if (strcmp(out.data, rows[i].diff) != 0)
                        fail_msg("row %zu:\n%s\nnot:\n%s", i, out.data, rows[i].diff);
        }
}

/* ---- the tools that take it -------------------------------------------------------------------
 */

static void write_file(const char *path, struct cf_span bytes)
{
        CF_FCLOSE FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
}

static void read_file(const char *path, struct cf_text *text)
{
        char buffer[65536];
        CF_FCLOSE FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t n; (n = fread(buffer, 1, sizeof(buffer), file)) > 0;)
                cf_text_add(text, (struct cf_span){buffer, n});
}

/* Runs a program in `folder` with its standard input from a file; its exit status. */
static int run_in(const char *folder, const char *input, const char *const *arguments)
{
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int status;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addchdir_np(&actions, folder);
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        int r = posix_spawnp(&pid, arguments[0], &actions, NULL, (char *const *)(intptr_t)arguments,
                             environ);
        posix_spawn_file_actions_destroy(&actions);
        if (r)
                return -r;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static const char *const tools[][6] = {
        {"patch", "-p1", "--binary", "--quiet", NULL},
        {"git", "apply", "--whitespace=nowarn", NULL},
};

static void check_tool(const char *const *tool, const char *name, struct cf_span before,
                       struct cf_span after)
{
        char folder[] = "/tmp/confined-diff-XXXXXX";
        assert_non_null(mkdtemp(folder));
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text diff = {0}, made = {0};
        const char *file = cf_arena_printf(arena, "%s/%s", folder, name);
        const char *input = cf_arena_printf(arena, "%s.patch", folder);
        write_file(file, before);
        assert_int_equal(cf_diff_unified(name, before, after, &diff), 0);
        write_file(input, cf_text_span(&diff));
        int r = run_in(folder, input, tool);
        if (r == 0)
                read_file(file, &made);
        if (r != 0 || !cf_span_equal(cf_text_span(&made), after))
                fail_msg("%s of '%s' (exit status %d):\n%s", tool[0], name, r, diff.data);
        unlink(file);
        unlink(input);
        rmdir(folder);
}

static void taken_by_tools(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                struct cf_span before, after;
        } rows[] = {
                {"plain", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {"my file.yaml", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {" lead and trail ", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {"it's \"quoted\"", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {"back\\slash", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {"tab\there", CF_SPAN("a\nb\nc\n"), CF_SPAN("a\nc\n")},
                {"caf\xc3\xa9 na\xc3\xafve", CF_SPAN("a\nb\n"), CF_SPAN("a\n")},
                {"latin-\xe9", CF_SPAN("a\nb\n"), CF_SPAN("a\n")},
                {"crlf", CF_SPAN("a\r\nb\r\nc\r\n"), CF_SPAN("a\r\nc\r\n")},
                {"mixed", CF_SPAN("a\r\nb\nc\rd\r\n"), CF_SPAN("a\r\nc\rd\r\n")},
                {"no-newline", CF_SPAN("a\nb\nc"), CF_SPAN("a\nc")},
                {"last-line-goes", CF_SPAN("a\nb\nc"), CF_SPAN("a\nb\n")},
                {"bom",
                 CF_SPAN("\xef\xbb\xbf"
                         "a\nb\n"),
                 CF_SPAN("\xef\xbb\xbf"
                         "b\n")},
                {"utf-16",
                 CF_SPAN("\xff\xfe"
                         "a\0\n\0b\0\n\0"),
                 CF_SPAN("\xff\xfe"
                         "a\0\n\0")},
                {"like-a-diff", CF_SPAN("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No\n"),
                 CF_SPAN("--- a/x\n@@ -1 +1 @@\n\\ No\n")},
                {"blank-lines", CF_SPAN("\n\n\na\n\n\n"), CF_SPAN("\n\n\n\n\n")},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                for (size_t j = 0; j < CF_COUNT(tools); j++)
                        check_tool(tools[j], rows[i].name, rows[i].before, rows[i].after);
}

/* ---- size --------------------------------------------------------------------------------------
 */

static void large(void **state)
{
        (void)state;
        CF_TEXT struct cf_text before = {0}, after = {0}, diff = {0};
        unsigned seed = 1;
        for (unsigned i = 0; i < 200000; i++) { /* nothing in common, but by chance */
                seed = seed * 1103515245 + 12345;
                cf_text_printf(&before, "%u\n", seed >> 20);
                cf_text_printf(&after, "%u\n", (seed >> 16) % 4099);
        }
        assert_int_equal(cf_diff_unified("f", cf_text_span(&before), cf_text_span(&after), &diff),
                         0);
        cf_text_clear(&before);
        cf_text_clear(&after);
        cf_text_clear(&diff);
        for (unsigned i = 0; i < 1000000; i++) { /* few changes, far apart */
                cf_text_printf(&before, "%u\n", i % 7);
                if (i % 250000 != 1000)
                        cf_text_printf(&after, "%u\n", i % 7);
        }
        assert_int_equal(cf_diff_unified("f", cf_text_span(&before), cf_text_span(&after), &diff),
                         0);
        assert_true(diff.size < 400);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exact),
                cmocka_unit_test(taken_by_tools),
                cmocka_unit_test(large),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
