/* SPDX-License-Identifier: Apache-2.0 */
/* Generated trees with generated rules: the walk must visit exactly what git lists. Names and
 * patterns are made of few letters, so that rules meet, negate each other and match in odd ways. */
#include "tree.h"

#define TREES 80

static unsigned seed = 7;

static unsigned below(unsigned limit)
{
        return (unsigned)rand_r(&seed) % limit;
}

static bool chance(unsigned percent)
{
        return below(100) < percent;
}

#define PICK(table) (table)[below((unsigned)CF_COUNT(table))]

static const char *const names[] = {"a",    "b",   "ab",       "ba", "aab", "a.c",  "b.c", ".a",
                                    ".b.c", "x",   "a b",      "a ", "#a",  "!a",   "a*",  "[a]",
                                    "a\\",  "a?b", "\xc3\xa9", "-",  "A",   "a\tb", "1",   "c"};

/* Pieces of patterns; most patterns are a few of them. */
static const char *const pieces[] = {
        "a",   "b",   "ab",   "x",    ".c",       "c",           "/",
        "/",   "*",   "*",    "**",   "**/",      "/**",         "/**/",
        "?",   ".",   "[ab]", "[!a]", "[^b]",     "[a-c]",       "[]a]",
        "[a",  "\\a", "\\*",  "\\ ",  " ",        "[[:alpha:]]", "[[:punct:]x]",
        "***", "\\",  "!",    "#",    "[\\]a]",   "[.-b]",       "\xc3\xa9",
        "\t",  "[a-", "a**/", "x**",  "a**/**/b", "*.c",         "-",
        "1",
};

static void add_pattern(char *rules)
{
        char *at = rules + strlen(rules);
        if (chance(25))
                *at++ = '!';
        if (chance(20))
                *at++ = '/';
        *at = '\0';
        for (unsigned i = 1 + below(4); i > 0; i--)
                at = stpcpy(at, PICK(pieces));
        if (chance(20))
                at = stpcpy(at, "/");
        if (chance(5))
                at = stpcpy(at, " ");
        if (chance(5))
                at = stpcpy(at, "\r");
        strcpy(at, chance(3) ? "\n\n" : "\n");
}

static void put_rules(const char *path)
{
        char rules[4096];
        rules[0] = '\0';
        if (chance(5))
                strcpy(rules, "\xef\xbb\xbf");
        for (unsigned i = 1 + below(6); i > 0; i--)
                add_pattern(rules);
        if (chance(10))
                rules[strlen(rules) - 1] = '\0'; /* no line end at the end */
        tree_put(path, rules);
}

static void fill_folder(const char *path, unsigned depth)
{
        char child[512];
        if (chance(depth == 0 ? 90 : 25)) {
                snprintf(child, sizeof(child), "%s.gitignore", path);
                put_rules(child);
        }
        for (unsigned i = 2 + below(6); i > 0; i--) {
                struct stat st;
                bool folder = depth < 4 && chance(40);
                snprintf(child, sizeof(child), "%s%s", path, PICK(names));
                if (lstat(child, &st) == 0)
                        continue;
                if (folder)
                        strcat(child, "/");
                tree_put(child, "");
                if (folder)
                        fill_folder(child, depth + 1);
        }
}

/* What git lists below `root`, sorted: paths as the walk shows them. */
static char **ask_git(size_t *ret_count)
{
        FILE *git = popen("git ls-files -z --others --exclude-standard", "re");
        char **paths = NULL, *path = NULL;
        size_t count = 0, room = 0;
        assert_non_null(git);
        while (getdelim(&path, &room, '\0', git) > 0) {
                paths = reallocarray(paths, count + 2, sizeof(*paths));
                paths[count++] = path;
                path = NULL;
                room = 0;
        }
        free(path);
        assert_int_equal(pclose(git), 0);
        if (count)
                qsort(paths, count, sizeof(*paths), tree_compare);
        *ret_count = count;
        return paths;
}

static void complain(unsigned tree, const char *what, const char *path)
{
        fprintf(stderr, "tree %u is left in %s\n", tree, tree_home);
        fail_msg("tree %u: %s '%s'", tree, what, path);
}

/* Walks `root` and compares with those of git's paths that are in it. */
static void compare(unsigned tree, const char *root, char *const *paths, size_t count)
{
        struct cf_walk_options options = {.hidden = true, .threads = 1 + tree % 3};
        struct seen seen = {0};
        size_t at = 0, size = strcmp(root, ".") == 0 ? 0 : strlen(root);
        assert_int_equal(tree_walk(&seen, &root, 1, &options), 0);
        for (size_t i = 0; i < count; i++) {
                if (strncmp(paths[i], root, size) != 0)
                        continue;
                if (at == seen.count || strcmp(seen.paths[at], paths[i]) > 0)
                        complain(tree, "not visited:", paths[i]);
                if (strcmp(seen.paths[at], paths[i]) < 0)
                        complain(tree, "visited though excluded:", seen.paths[at]);
                at++;
        }
        if (at < seen.count)
                complain(tree, "visited though excluded:", seen.paths[at]);
        tree_forget(&seen);
}

static void test_same_as_git(void **state)
{
        (void)state;
        size_t listed = 0;
        for (unsigned tree = 0; tree < TREES; tree++) {
                tree_enter();
                FILE *git = popen("git init -q . 2>&1", "re");
                if (!git || pclose(git) != 0)
                        skip();
                fill_folder("", 0);
                if (chance(30))
                        put_rules(".git/info/exclude");
                if (chance(30))
                        put_rules("../.config/git/ignore");
                size_t count;
                char **paths = ask_git(&count);
                compare(tree, ".", paths, count);
                /* A folder that git lists something of is not excluded itself: as a root of its
                 * own it must give the same, by the rules above it. */
                for (size_t i = 0; i < count; i += 5) {
                        char *slash = strrchr(paths[i], '/');
                        if (!slash)
                                continue;
                        char *root = strndup(paths[i], (size_t)(slash + 1 - paths[i]));
                        compare(tree, root, paths, count);
                        free(root);
                }
                listed += count;
                for (size_t i = 0; i < count; i++)
                        free(paths[i]);
                free(paths);
                tree_leave();
        }
        assert_true(listed > 5 * TREES);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_as_git),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
