/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tree.h"

#define PATHS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static const struct cf_walk_options plain;
static const struct cf_walk_options hidden = {.hidden = true};

static int enter(void **state)
{
        (void)state;
        tree_enter();
        return 0;
}

static int leave(void **state)
{
        (void)state;
        tree_leave();
        return 0;
}

/* ---- which files ----------------------------------------------------------------------------- */

static void test_names_of_roots(void **state)
{
        (void)state;
        tree_put_all(PATHS("a", "b/c", "b/d/e"));
        tree_check(".", &plain, PATHS("a", "b/c", "b/d/e"));
        tree_check("./", &plain, PATHS("a", "b/c", "b/d/e"));
        tree_check("b", &plain, PATHS("b/c", "b/d/e"));
        tree_check("b/", &plain, PATHS("b/c", "b/d/e"));
        tree_check("./b", &plain, PATHS("./b/c", "./b/d/e"));
        tree_check("b/..", &plain, PATHS("b/../a", "b/../b/c", "b/../b/d/e"));
        tree_check("b/c", &plain, PATHS("b/c"));
        tree_check("./a", &plain, PATHS("./a"));
        char whole[PATH_MAX], file[PATH_MAX + 2];
        assert_non_null(realpath("b/d", whole));
        snprintf(file, sizeof(file), "%s/e", whole);
        tree_check(whole, &plain, PATHS(file));
}

static void test_hidden(void **state)
{
        (void)state;
        tree_put_all(PATHS("a", ".b", ".c/d", ".c/.e", "f/.g", ".git/h", "i/.git"));
        tree_check(".", &plain, PATHS("a"));
        tree_check(".", &hidden, PATHS(".b", ".c/.e", ".c/d", "a", "f/.g"));
        tree_check(".c", &plain, PATHS(".c/d"));
        tree_check(".c/.e", &plain, PATHS(".c/.e"));
        tree_check(".git", &plain, PATHS(".git/h"));
        struct cf_walk_options keep = {.keep = PATHS(".c", ".g", ".git"), .keep_count = 3};
        tree_check(".", &keep, PATHS(".c/d", "a", "f/.g"));
        /* What a rule brings back is visited although hidden, as other search tools have it. */
        tree_put(".ignore", "!.b\n");
        tree_check(".", &plain, PATHS(".b", "a"));
}

static void test_only_regular_files(void **state)
{
        (void)state;
        tree_put_all(PATHS("a", "d/b"));
        assert_int_equal(symlink("a", "link"), 0);
        assert_int_equal(symlink("d", "link-d"), 0);
        assert_int_equal(symlink("..", "d/loop"), 0);
        assert_int_equal(symlink("nothing", "broken"), 0);
        assert_int_equal(mkfifo("fifo", 0644), 0);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        close(fd);
        tree_check(".", &plain, PATHS("a", "d/b"));
        /* Given links are followed. */
        tree_check("link", &plain, PATHS("link"));
        tree_check("link-d", &plain, PATHS("link-d/b"));
        tree_check("d/loop", &plain, PATHS("d/loop/a", "d/loop/d/b"));
}

static void expect_trouble(const char *root, int code, const char *text)
{
        struct seen seen = {0};
        assert_int_equal(tree_walk(&seen, PATHS(root, "good"), 2, &plain), 0);
        tree_expect(&seen, PATHS("good"));
        assert_int_equal(seen.troubles, 1);
        assert_int_equal(seen.trouble_code, code);
        if (!strstr(seen.trouble, text) || strncmp(seen.trouble, root, strlen(root)) != 0)
                fail_msg("unexpected message '%s'", seen.trouble);
        tree_forget(&seen);
}

static void test_bad_roots(void **state)
{
        (void)state;
        tree_put("good", "");
        assert_int_equal(mkfifo("fifo", 0644), 0);
        assert_int_equal(symlink("loop", "loop"), 0);
        expect_trouble("missing", -ENOENT, "cannot be opened: No such file");
        expect_trouble("", -ENOENT, "cannot be opened");
        expect_trouble("good/", -ENOTDIR, "cannot be opened");
        expect_trouble("loop", -ELOOP, "cannot be opened");
        expect_trouble("fifo", -ENOTSUP, "neither a regular file nor a folder");
        expect_trouble("/dev/null", -ENOTSUP, "neither a regular file nor a folder");
}

static void test_unreadable_folder(void **state)
{
        (void)state;
        struct seen seen = {0};
        bool root = geteuid() == 0;
        tree_put_all(PATHS("a", "closed/b", "open/c"));
        assert_int_equal(chmod("closed", 0), 0);
        assert_int_equal(chmod(tree_home, 0755), 0);
        if (root)
                assert_int_equal(seteuid(65534), 0);
        int r = tree_walk(&seen, PATHS("."), 1, &plain);
        if (root)
                assert_int_equal(seteuid(0), 0);
        assert_int_equal(chmod("closed", 0755), 0);
        assert_int_equal(r, 0);
        tree_expect(&seen, PATHS("a", "open/c"));
        assert_int_equal(seen.troubles, 1);
        assert_string_equal(seen.trouble, "closed: cannot be opened: Permission denied");
        tree_forget(&seen);
}

static void test_strange_names(void **state)
{
        (void)state;
        tree_put_all(PATHS("\xff\xfe/\x80", "a\nb", "c d/e\tf", "*", "-r", "...", "..g/h"));
        tree_check(".", &plain, PATHS("*", "-r", "a\nb", "c d/e\tf", "\xff\xfe/\x80"));
        tree_check(".", &hidden,
                   PATHS("*", "-r", "...", "..g/h", "a\nb", "c d/e\tf", "\xff\xfe/\x80"));
}

static void test_each_file_once(void **state)
{
        (void)state;
        struct seen seen = {0};
        tree_put_all(PATHS("a/b/c", "a/d", "e"));
        tree_put("a/.ignore", "d\n");
        assert_int_equal(symlink("a", "link"), 0);
        assert_int_equal(
                tree_walk(&seen, PATHS("a", "a/b", "e", "./e", "link", "a/d", "a"), 7, &plain), 0);
        tree_expect(&seen, PATHS("a/b/c", "a/d", "e"));
        assert_int_equal(seen.given, 2);
        tree_forget(&seen);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void test_rules_need_a_repository(void **state)
{
        (void)state;
        tree_put_all(PATHS("a", "b", "c"));
        tree_put(".gitignore", "a\n");
        tree_put(".ignore", "b\n");
        tree_check(".", &plain, PATHS("a", "c"));
        tree_put(".git/HEAD", "");
        tree_check(".", &plain, PATHS("c"));
        struct cf_walk_options no_ignore = {.no_ignore = true};
        tree_check(".", &no_ignore, PATHS("a", "b", "c"));
}

static void test_precedence(void **state)
{
        (void)state;
        tree_put_all(PATHS(".git/HEAD", "d/a", "d/b", "d/c", "d/e", "d/f"));
        tree_put("../.config/git/ignore", "a\nb\nc\ne\nf\n");
        tree_check(".", &plain, PATHS());
        tree_put(".git/info/exclude", "!b\n!c\n!e\n!f\n");
        tree_check(".", &plain, PATHS("d/b", "d/c", "d/e", "d/f"));
        tree_put(".gitignore", "/d/c\n/d/e\nf\n");
        tree_check(".", &plain, PATHS("d/b"));
        tree_put("d/.gitignore", "!/c\nb\n");
        tree_check(".", &plain, PATHS("d/c"));
        tree_put(".ignore", "!e\nc\n");
        tree_check(".", &plain, PATHS("d/e"));
        struct cf_walk_options exclude = {.exclude = PATHS("/d/e", "!f"), .exclude_count = 2};
        tree_check(".", &exclude, PATHS("d/f"));
}

static void test_excludes_of_the_user(void **state)
{
        (void)state;
        tree_put_all(PATHS(".git/HEAD", "a", "b", "c"));
        tree_put("../.config/git/ignore", "a\n");
        tree_check(".", &plain, PATHS("b", "c"));
        tree_put("../.config/git/config", "[core]\n\texcludesFile = ~/elsewhere\n");
        tree_check(".", &plain, PATHS("a", "b", "c"));
        tree_put("../elsewhere", "/b\n");
        tree_check(".", &plain, PATHS("a", "c"));
        tree_put("../.gitconfig", "[core]\n\texcludesFile = /nothing\n");
        tree_check(".", &plain, PATHS("a", "b", "c"));
        tree_put("../xdg/git/ignore", "c\n");
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/xdg", tree_home);
        setenv("XDG_CONFIG_HOME", path, 1);
        setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        tree_check(".", &plain, PATHS("a", "b"));
}

static void test_rules_above_a_root(void **state)
{
        (void)state;
        tree_put_all(PATHS("r/.git/HEAD", "r/s/t/a", "r/s/t/b", "r/s/t/c", "r/s/t/d", "r/s/t/e/f"));
        tree_put("r/.gitignore", "/s/t/a\n");
        tree_put("r/s/.gitignore", "t/b\n");
        tree_put("r/s/.ignore", "/t/c\n");
        tree_put("r/.git/info/exclude", "/s/t/d\n");
        tree_put(".gitignore", "f\n"); /* outside of the repository */
        tree_put(".ignore", "f\n");
        tree_check("r/s/t", &plain, PATHS("r/s/t/e/f"));
        assert_int_equal(chdir("r/s/t"), 0);
        tree_check(".", &plain, PATHS("e/f"));
        tree_check("e", &plain, PATHS("e/f"));
        tree_check("../../s", &plain, PATHS("../../s/t/e/f"));
        assert_int_equal(symlink("../../s", "link"), 0);
        tree_check("link", &plain, PATHS("link/t/e/f"));
        struct cf_walk_options exclude = {.exclude = PATHS("/e/f"), .exclude_count = 1};
        tree_check(".", &exclude, PATHS());
        tree_check("e", &exclude, PATHS("e/f"));
}

/* A given folder is entered whatever the rules say, and so is a given file. */
static void test_given_whatever_the_rules(void **state)
{
        (void)state;
        tree_put_all(PATHS(".git/HEAD", "out/a", "out/b"));
        tree_put(".gitignore", "out/\nb\n");
        tree_check(".", &plain, PATHS());
        tree_check("out", &plain, PATHS("out/a"));
        tree_check("out/b", &plain, PATHS("out/b"));
}

static void test_nested_repositories(void **state)
{
        (void)state;
        tree_put_all(PATHS(".git/HEAD", "a", "n/.git/HEAD", "n/a", "n/b", "m/.git/HEAD", "m/a"));
        tree_put(".gitignore", "a\nm\n");
        tree_put("n/.gitignore", "b\n");
        tree_put(".git/info/exclude", "x\n");
        tree_put_all(PATHS("x", "n/x"));
        tree_check(".", &plain, PATHS("n/a", "n/x"));
}

static void test_linked_work_trees(void **state)
{
        (void)state;
        tree_put_all(PATHS("main/.git/worktrees/w/HEAD", "w/a", "w/b", "s/a", "s/c"));
        tree_put("main/.git/info/exclude", "a\n");
        tree_put("main/.git/worktrees/w/commondir", "../..\n");
        tree_put("w/.git", "gitdir: ../main/.git/worktrees/w\n");
        tree_put("main/.git/modules/s/info/exclude", "c\n");
        tree_put("s/.git", "gitdir: ../main/.git/modules/s\n");
        tree_check("w", &plain, PATHS("w/b"));
        tree_check("s", &plain, PATHS("s/a"));
        tree_put("w/.git", "gitdir: /nowhere\n");
        tree_check("w", &plain, PATHS("w/a", "w/b"));
        tree_put("w/.git", "nonsense");
        tree_check("w", &plain, PATHS("w/a", "w/b"));
}

static void test_rules_that_are_no_files(void **state)
{
        (void)state;
        tree_put_all(PATHS(".git/HEAD", "a", "d/b", "rules"));
        tree_put("rules", "*\n");
        assert_int_equal(symlink("rules", ".gitignore"), 0);
        assert_int_equal(mkfifo("d/.gitignore", 0644), 0);
        assert_int_equal(mkdir("d/.ignore", 0755), 0);
        tree_check(".", &plain, PATHS("a", "d/b", "rules"));
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void test_wide_folder(void **state)
{
        (void)state;
        char name[64];
        for (int i = 0; i < 4000; i++) {
                snprintf(name, sizeof(name), "file-with-a-long-name-%d", i);
                tree_put(name, "");
                if (i % 2)
                        continue;
                snprintf(name, sizeof(name), "folder-%d/%s", i, i % 4 ? "out" : "in");
                tree_put(name, "");
        }
        tree_put(".ignore", "out\n");
        for (unsigned threads = 1; threads <= 8; threads *= 2) {
                struct cf_walk_options options = {.threads = threads};
                struct seen seen = {0};
                assert_int_equal(tree_walk(&seen, PATHS("."), 1, &options), 0);
                assert_int_equal(seen.count, 5000);
                assert_int_equal(seen.stats.folders, 2001);
                for (size_t i = 1; i < seen.count; i++)
                        assert_string_not_equal(seen.paths[i - 1], seen.paths[i]);
                tree_forget(&seen);
        }
}

#define LEVELS 1500

/* A chain of folders, longer than any path may be, with side folders that make the walk come
 * back to each level when its descriptor has long been closed. */
static void make_deep(void)
{
        int at = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < LEVELS; i++) {
                assert_int_equal(mkdirat(at, "down", 0755), 0);
                assert_int_equal(mkdirat(at, "side", 0755), 0);
                assert_int_equal(mkdirat(at, "a-side", 0755), 0);
                int file = openat(at, "side/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
                assert_true(file >= 0);
                close(file);
                file = openat(at, "a-side/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
                assert_true(file >= 0);
                close(file);
                int next = openat(at, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close(at);
                at = next;
        }
        close(at);
}

static void test_deep_tree_with_few_descriptors(void **state)
{
        (void)state;
        struct rlimit old, few = {64, 64};
        make_deep();
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        few.rlim_max = old.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        struct cf_walk_options options = {.threads = 4};
        struct seen seen = {0};
        int r = tree_walk(&seen, PATHS("."), 1, &options);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(r, 0);
        assert_int_equal(seen.troubles, 0);
        assert_int_equal(seen.count, 2 * LEVELS);
        assert_int_equal(seen.stats.folders, 3 * LEVELS + 1);
        for (size_t i = 0; i < seen.count; i++)
                assert_int_not_equal(seen.paths[i][0], '!');
        tree_forget(&seen);
}

static void test_no_descriptors_left(void **state)
{
        (void)state;
        struct rlimit old, few;
        tree_put_all(PATHS("a", "b/c/d"));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        int next = dup(0); /* the lowest free number */
        close(next);
        few = (struct rlimit){(rlim_t)next + 1, old.rlim_max}; /* enough for the root alone */
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        struct cf_walk_options options = {.threads = 1};
        struct seen seen = {0};
        int r = tree_walk(&seen, PATHS("."), 1, &options);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(r, 0);
        tree_expect(&seen, PATHS("a"));
        assert_int_equal(seen.troubles, 1);
        assert_string_equal(seen.trouble, "b: cannot be opened: Too many open files");
        tree_forget(&seen);
}

/* A chain of folders with large files of rules: those at the top hold everywhere, those beyond the
 * memory for rules are not read, and leave nothing out. */
static void test_memory_for_rules(void **state)
{
        (void)state;
        enum { FOLDERS = 60, SIZE = 512 << 10 };
        char *rules = malloc(SIZE + 1), deepest[1024] = "", ignore[1100], top[1100], end[1100];
        assert_non_null(rules);
        memset(rules, 'x', SIZE);
        rules[SIZE] = '\0';
        for (int i = 0; i < FOLDERS; i++) {
                memcpy(rules, i == 0 ? "top\n" : i == FOLDERS - 1 ? "end\n" : "mid\n", 4);
                strcat(deepest, i == 0 ? "" : i == 1 ? "d" : "/d");
                snprintf(ignore, sizeof(ignore), "%s%s.ignore", deepest, i ? "/" : "");
                tree_put(ignore, rules);
        }
        free(rules);
        snprintf(top, sizeof(top), "%s/top", deepest);
        snprintf(end, sizeof(end), "%s/end", deepest);
        tree_put(top, "");
        tree_put(end, "");
        tree_check(".", &plain, PATHS(end));
        tree_check(deepest, &plain, PATHS(top)); /* alone there is memory for its rules */
}

static void test_stops(void **state)
{
        (void)state;
        char name[64];
        for (int i = 0; i < 300; i++) {
                snprintf(name, sizeof(name), "%d/%d", i % 60, i);
                tree_put(name, "");
        }
        for (unsigned threads = 1; threads <= 4; threads *= 2) {
                struct cf_walk_options options = {.threads = threads};
                struct seen seen = {.stop_after = 10};
                assert_int_equal(tree_walk(&seen, PATHS("."), 1, &options), -ECANCELED);
                assert_in_range(seen.count, 10, 10 + threads);
                tree_forget(&seen);
        }
}

static void test_too_many_excludes(void **state)
{
        (void)state;
        char pattern[4001];
        const char *patterns[20];
        struct cf_error err = {0};
        memset(pattern, '?', sizeof(pattern));
        pattern[sizeof(pattern) - 1] = '\0';
        for (size_t i = 0; i < CF_COUNT(patterns); i++)
                patterns[i] = pattern;
        struct cf_walk_options options = {.exclude = patterns, .exclude_count = CF_COUNT(patterns)};
        assert_int_equal(
                cf_walk(PATHS("."), 1, &options, tree_visit, tree_trouble, NULL, NULL, &err),
                -EFBIG);
        assert_non_null(strstr(err.frames[0].message, "patterns to exclude are too many"));
}

static void test_kernel_files_only_when_given(void **state)
{
        (void)state;
        struct seen seen = {0};
        if (access("/proc/self/attr/current", F_OK) < 0)
                skip();
        assert_int_equal(tree_walk(&seen, PATHS("/proc/self/attr"), 1, &plain), 0);
        assert_true(seen.count > 0);
        tree_forget(&seen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_names_of_roots),
                TEST(test_hidden),
                TEST(test_only_regular_files),
                TEST(test_bad_roots),
                TEST(test_unreadable_folder),
                TEST(test_strange_names),
                TEST(test_each_file_once),
                TEST(test_rules_need_a_repository),
                TEST(test_precedence),
                TEST(test_excludes_of_the_user),
                TEST(test_rules_above_a_root),
                TEST(test_given_whatever_the_rules),
                TEST(test_nested_repositories),
                TEST(test_linked_work_trees),
                TEST(test_rules_that_are_no_files),
                TEST(test_wide_folder),
                TEST(test_deep_tree_with_few_descriptors),
                TEST(test_no_descriptors_left),
                TEST(test_memory_for_rules),
                TEST(test_stops),
                TEST(test_too_many_excludes),
                TEST(test_kernel_files_only_when_given),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
