/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/vec.h"
#include "fix/fix.h"
#include "fix/path.h"
#include "unit.h"

/* A folder of its own for each test, which is the current one during it. */
struct world {
        char folder[32];
        char *back;
        struct cf_arena *arena;
        struct cf_files *files;
        size_t troubles;
        struct cf_error last;
};

static int enter(void **state)
{
        struct world *world = calloc(1, sizeof(*world));
        snprintf(world->folder, sizeof(world->folder), "/tmp/confined-fix-XXXXXX");
        world->back = getcwd(NULL, 0);
        world->arena = cf_arena_new(0);
        world->files = cf_files_new();
        *state = world;
        return mkdtemp(world->folder) && chdir(world->folder) == 0 && world->files ? 0 : -1;
}

static void remove_tree(const char *path)
{
        DIR *dir = opendir(path);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                char below[PATH_MAX];
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
                if (entry->d_type == DT_DIR)
                        remove_tree(below);
                else
                        unlink(below);
        }
        if (dir)
                closedir(dir);
        rmdir(path);
}

static int leave(void **state)
{
        struct world *world = *state;
        int r = chdir(world->back);
        remove_tree(world->folder);
        free(world->back);
        cf_arena_free(world->arena);
        cf_files_free(world->files);
        free(world);
        return r;
}

static void put_file(const char *path, struct cf_span bytes)
{
        CF_FCLOSE FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
}

static void check_file(const char *path, struct cf_span wanted)
{
        char buffer[4096];
        CF_FCLOSE FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(buffer, 1, sizeof(buffer), file);
        if (!cf_span_equal((struct cf_span){buffer, size}, wanted))
                fail_msg("%s is '%.*s'", path, (int)size, buffer);
}

static void take_trouble(const struct cf_error *err, void *context)
{
        struct world *world = context;
        world->troubles++;
        cf_error_copy(&world->last, err);
}

/* An editable finding whose edit cuts `what` (found in the file as it is by now) out of it. */
static struct cf_finding *finding_of(struct world *world, const char *path, const char *what)
{
        struct cf_source *source = NULL;
        struct cf_finding *finding = cf_arena_one(world->arena, struct cf_finding);
        struct cf_range *part = cf_arena_one(world->arena, struct cf_range);
        struct cf_group *group = cf_arena_one(world->arena, struct cf_group);
        assert_int_equal(cf_files_read(world->files, world->arena, path, &source, NULL), 0);
        size_t at = cf_span_find(source->text, cf_span_of(what));
        assert_true(at != SIZE_MAX);
        *part = (struct cf_range){at, strlen(what)};
        *group = (struct cf_group){.kind = CF_GROUP_PIECES, .parts = part, .count = 1};
        finding->verdict = CF_FAIL;
        finding->place = cf_source_place(source, at, strlen(what));
        finding->place.path = source->path;
        finding->file_id = source->id;
        finding->remedy.editable = true;
        finding->edit = (struct cf_edit){.group = group};
        finding->root = "root.yaml";
        return finding;
}

/* One round over these findings; what was applied. */
static size_t apply(struct world *world, struct cf_fix *fix, struct cf_finding *const *findings,
                    size_t count)
{
        size_t applied = 99;
        assert_int_equal(cf_fix_apply(fix, findings, count, &applied, take_trouble, world), 0);
        return applied;
}

static size_t written(struct world *world, struct cf_fix *fix)
{
        size_t count = 99;
        assert_int_equal(cf_fix_write(fix, &count, take_trouble, world), 0);
        return count;
}

static void rounds(void **state)
{
        struct world *world = *state;
        put_file("b.txt", CF_SPAN("one two three\n"));
        put_file("a.txt", CF_SPAN("x\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *first[] = {finding_of(world, "./b.txt", "one "),
                                      finding_of(world, "b.txt", " three"),
                                      finding_of(world, "a.txt", "x")};
        first[1]->root = "other.yaml";
        assert_int_equal(apply(world, fix, first, 3), 3);
        struct cf_finding *second[] = {finding_of(world, "b.txt", "two")};
        assert_int_equal(apply(world, fix, second, 1), 1);
        assert_int_equal(apply(world, fix, NULL, 0), 0);
        check_file("b.txt", CF_SPAN("one two three\n"));

        size_t count;
        const struct cf_fix_file *files = cf_fix_files(fix, &count);
        assert_int_equal(count, 2);
        assert_string_equal(files[0].path, "./b.txt");
        assert_string_equal(files[1].path, "a.txt");
        assert_int_equal(files[0].edits, 3);
        assert_int_equal(files[0].root_count, 2);
        assert_true(cf_span_is(files[0].before, "one two three\n"));
        assert_true(cf_span_is(files[0].after, "\n"));

        CF_TEXT struct cf_text diff = {0};
        assert_int_equal(cf_fix_diff(fix, &diff), 0);
        assert_string_equal(diff.data, "--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-one two three\n+\n"
                                       "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-x\n+\n");
        assert_int_equal(written(world, fix), 2);
        check_file("b.txt", CF_SPAN("\n"));
        assert_int_equal(world->troubles, 0);
        cf_fix_free(fix);
}

static void not_wanted(void **state)
{
        struct world *world = *state;
        put_file("a.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {
                finding_of(world, "a.txt", "one"), finding_of(world, "a.txt", "one"),
                finding_of(world, "a.txt", "one"), finding_of(world, "a.txt", "one")};
        findings[0]->suppressed_by = "known";
        findings[1]->in_baseline = true;
        findings[2]->remedy.editable = false;
        findings[3]->place.path = NULL;
        assert_int_equal(apply(world, fix, findings, 4), 0);
        assert_int_equal(world->troubles, 0);
        size_t count;
        cf_fix_files(fix, &count);
        assert_int_equal(count, 0);
        cf_fix_free(fix);
}

static void changed_meanwhile(void **state)
{
        struct world *world = *state;
        put_file("a.txt", CF_SPAN("one two\n"));
        put_file("b.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {finding_of(world, "a.txt", "one "),
                                         finding_of(world, "b.txt", "one ")};
        put_file("a.txt", CF_SPAN("longer than before\n"));
        assert_int_equal(apply(world, fix, findings, 2), 1);
        assert_int_equal(world->troubles, 1);
        assert_non_null(strstr(world->last.frames[0].message, "changed"));
        put_file("b.txt", CF_SPAN("somebody else's\n"));
        assert_int_equal(written(world, fix), 0);
        assert_int_equal(world->troubles, 2);
        assert_int_equal(world->last.code, -ESTALE);
        check_file("b.txt", CF_SPAN("somebody else's\n"));
        cf_fix_free(fix);
}

static void vanished(void **state)
{
        struct world *world = *state;
        put_file("a.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {finding_of(world, "a.txt", "one ")};
        unlink("a.txt");
        assert_int_equal(apply(world, fix, findings, 1), 0);
        assert_int_equal(world->troubles, 1);
        assert_int_equal(apply(world, fix, findings, 1), 0);
        assert_int_equal(world->troubles, 1); /* told once */
        cf_fix_free(fix);
}

static void not_from_a_file(void **state)
{
        struct world *world = *state;
        put_file("a.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {finding_of(world, "a.txt", "one ")};
        findings[0]->file_id = (struct cf_file_id){0}; /* as standard input has */
        assert_int_equal(apply(world, fix, findings, 1), 0);
        assert_int_equal(world->troubles, 1);
        cf_fix_free(fix);
}

static void refusals(void **state)
{
        struct world *world = *state;
        put_file("a.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {finding_of(world, "a.txt", "one "),
                                         finding_of(world, "a.txt", "two")};
        findings[1]->edit = (struct cf_edit){.refusal = "a template"};
        assert_int_equal(apply(world, fix, findings, 2), 1);
        assert_int_equal(world->troubles, 0); /* it comes again */
        struct cf_finding *again[] = {finding_of(world, "a.txt", "two")};
        again[0]->edit = findings[1]->edit;
        assert_int_equal(apply(world, fix, again, 1), 0);
        assert_int_equal(world->troubles, 1);
        assert_string_equal(world->last.frames[0].message, "left alone: a template");
        assert_int_equal(world->last.frames[0].place.line, 1);
        cf_fix_free(fix);
}

static void encodings(void **state)
{
        struct world *world = *state;
        static const struct {
                const char *path;
                struct cf_span before, after;
        } rows[] = {
                {"bom",
                 CF_SPAN("\xef\xbb\xbf"
                         "a\r\ncut\r\n\xc3\xa9"),
                 CF_SPAN("\xef\xbb\xbf"
                         "a\r\n\r\n\xc3\xa9")},
                {"le",
                 CF_SPAN("\xff\xfe"
                         "c\0u\0t\0\xe9\0"),
                 CF_SPAN("\xff\xfe"
                         "\xe9\0")},
                {"be",
                 CF_SPAN("\xfe\xff"
                         "\0c\0u\0t\xd8\x3d\xde\0"),
                 CF_SPAN("\xfe\xff"
                         "\xd8\x3d\xde\0")},
                {"bytes", CF_SPAN("\xff\xfftcut\0\x80"), CF_SPAN("\xff\xfft\0\x80")},
        };
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                put_file(rows[i].path, rows[i].before);
                struct cf_finding *findings[] = {finding_of(world, rows[i].path, "cut")};
                assert_int_equal(apply(world, fix, findings, 1), 1);
        }
        assert_int_equal(written(world, fix), CF_COUNT(rows));
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                check_file(rows[i].path, rows[i].after);
        cf_fix_free(fix);
}

/* What a file in the roots only refers to is not edited. */
static void outside_of_the_roots(void **state)
{
        struct world *world = *state;
        static const char *const roots[] = {"in", "./one.txt", "missing"};
        static const struct {
                const char *path;
                bool edited;
        } rows[] = {
                {"in/a.txt", true},      {"in/deep/a.txt", true}, {"one.txt", true},
                {"in-not/a.txt", false}, {"two.txt", false},      {"in/link.txt", false},
        };
        struct cf_fix_options options = {.roots = roots, .root_count = CF_COUNT(roots)};
        assert_int_equal(mkdir("in", 0755) | mkdir("in/deep", 0755) | mkdir("in-not", 0755), 0);
        put_file("two.txt", CF_SPAN("one two\n"));
        assert_int_equal(symlink("../two.txt", "in/link.txt"), 0);
        put_file("one.txt", CF_SPAN("one two\n"));
        struct cf_fix *fix = cf_fix_new(world->files, &options);
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                world->troubles = 0;
                put_file(rows[i].path, CF_SPAN("one two\n"));
                struct cf_finding *findings[] = {finding_of(world, rows[i].path, "one ")};
                assert_int_equal(apply(world, fix, findings, 1), rows[i].edited);
                assert_int_equal(world->troubles, !rows[i].edited);
        }
        cf_fix_free(fix);
        options.root_count = 0;
        fix = cf_fix_new(world->files, &options);
        struct cf_finding *findings[] = {finding_of(world, "two.txt", "one ")};
        assert_int_equal(apply(world, fix, findings, 1), 1);
        cf_fix_free(fix);
}

static void with_a_profile(void **state)
{
        struct world *world = *state;
        assert_int_equal(mkdir("app", 0755), 0);
        assert_int_equal(mkdir("profiles", 0755), 0);
        put_file("profiles/web.json", CF_SPAN("{}\n"));
        put_file("app/compose.yaml", CF_SPAN("- seccomp:unconfined\nprivileged: true\n"));
        put_file("run.sh", CF_SPAN("run -s unconfined\n"));
        struct cf_fix_options options = {.profile = "profiles/web.json"};
        struct cf_fix *fix = cf_fix_new(world->files, &options);
        struct cf_finding *findings[] = {
                finding_of(world, "app/compose.yaml", "- seccomp:unconfined\n"),
                finding_of(world, "app/compose.yaml", "privileged: true\n"),
                finding_of(world, "run.sh", " -s unconfined")};
        findings[0]->edit.value = (struct cf_range){10, 10};
        findings[0]->edit.quoting = CF_QUOTE_YAML_PLAIN;
        findings[0]->edit.base_dir = "app";
        findings[2]->edit.value = (struct cf_range){7, 10};
        findings[2]->edit.quoting = CF_QUOTE_SHELL;
        assert_int_equal(apply(world, fix, findings, 3), 3);
        assert_int_equal(written(world, fix), 2);
        check_file("app/compose.yaml", CF_SPAN("- seccomp:../profiles/web.json\n"));
        check_file("run.sh", CF_SPAN("run -s profiles/web.json\n"));
        assert_int_equal(world->troubles, 0);
        cf_fix_free(fix);
}

static void links_and_folders(void **state)
{
        struct world *world = *state;
        CF_TEXT struct cf_text diff = {0};
        assert_int_equal(mkdir("real", 0755), 0);
        put_file("real/a.txt", CF_SPAN("one two\n"));
        assert_int_equal(symlink("real/a.txt", "link.txt"), 0);
        struct cf_fix *fix = cf_fix_new(world->files, NULL);
        struct cf_finding *findings[] = {finding_of(world, "link.txt", "one"),
                                         finding_of(world, "real/a.txt", "two")};
        assert_int_equal(apply(world, fix, findings, 2), 2);
        assert_int_equal(cf_fix_diff(fix, &diff), 0);
        assert_true(cf_span_starts(cf_text_span(&diff), "--- a/real/a.txt\n+++ b/real/a.txt\n"));
        assert_int_equal(written(world, fix), 1);
        check_file("real/a.txt", CF_SPAN(" \n"));
        struct stat st;
        assert_int_equal(lstat("link.txt", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        cf_fix_free(fix);

        /* from below, the file is outside of the current folder */
        put_file("real/a.txt", CF_SPAN("one two\n"));
        cf_files_free(world->files);
        world->files = cf_files_new();
        assert_int_equal(mkdir("below", 0755), 0);
        assert_int_equal(chdir("below"), 0);
        fix = cf_fix_new(world->files, NULL);
        struct cf_finding *outside[] = {finding_of(world, "../real/a.txt", "one ")};
        assert_int_equal(apply(world, fix, outside, 1), 1);
        cf_text_clear(&diff);
        assert_int_equal(cf_fix_diff(fix, &diff), 0);
        const char *wanted = cf_arena_printf(world->arena, "--- a%s/real/a.txt\n", world->folder);
        assert_true(cf_span_starts(cf_text_span(&diff), wanted));
        cf_fix_free(fix);
        assert_int_equal(chdir(".."), 0);
}

static void paths(void **state)
{
        struct world *world = *state;
        static const struct {
                const char *base_dir, *profile, *expected; /* %: the folder of this test */
        } rows[] = {
                {NULL, "p/web.json", "p/web.json"},
                {NULL, "./p/web.json", "./p/web.json"},
                {".", "p/web.json", "./p/web.json"},
                {"", "p/web.json", "./p/web.json"},
                {".", "web.json", "./web.json"},
                {"p", "p/web.json", "./web.json"},
                {"app", "p/web.json", "../p/web.json"},
                {"app/deep", "web.json", "../../web.json"},
                {"app/deep/", "./app/../web.json", "../../web.json"},
                {"%/app", "p/web.json", "../p/web.json"},
                {"app", "/etc/web.json", "/etc/web.json"},
                {"/", "p/web.json", "%/p/web.json"},
                {"/etc", "p/web.json", "%/p/web.json"},
                {"app", "missing.json", "../missing.json"},
                {"far", "web.json", "%/web.json"}, /* a link: ../web.json is read as two things */
        };
        assert_int_equal(mkdir("app", 0755), 0);
        assert_int_equal(mkdir("app/deep", 0755), 0);
        assert_int_equal(mkdir("p", 0755), 0);
        assert_int_equal(symlink("app/deep", "far"), 0);
        put_file("p/web.json", CF_SPAN("{}"));
        put_file("web.json", CF_SPAN("{}"));
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const char *base_dir = rows[i].base_dir, *wanted = rows[i].expected;
                if (base_dir && base_dir[0] == '%')
                        base_dir =
                                cf_arena_printf(world->arena, "%s%s", world->folder, base_dir + 1);
                if (wanted[0] == '%')
                        wanted = cf_arena_printf(world->arena, "%s%s", world->folder, wanted + 1);
                const char *got = path_from(world->arena, base_dir, rows[i].profile);
                if (strcmp(got, wanted) != 0)
                        fail_msg("row %zu: '%s', not '%s'", i, got, wanted);
        }
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                in_folder(rounds),
                in_folder(not_wanted),
                in_folder(changed_meanwhile),
                in_folder(vanished),
                in_folder(not_from_a_file),
                in_folder(refusals),
                in_folder(encodings),
                in_folder(with_a_profile),
                in_folder(outside_of_the_roots),
                in_folder(links_and_folders),
                in_folder(paths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
