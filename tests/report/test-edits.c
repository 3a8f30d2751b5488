/* SPDX-License-Identifier: Apache-2.0 */
/* Byte ranges of edits: in the file as it is on disk, whatever its encoding; none when the file is
 * not the one that was judged. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/source.h"
#include "report/write.h"
#include "unit.h"

struct folder {
        char path[64];
        struct cf_arena *arena;
        struct cf_files *files;
        struct cf_report report;
};

static int set_up(void **state)
{
        struct folder *folder = calloc(1, sizeof(*folder));
        assert_non_null(folder);
        snprintf(folder->path, sizeof(folder->path), "/tmp/confined-edits-XXXXXX");
        assert_non_null(mkdtemp(folder->path));
        folder->arena = cf_arena_new(0);
        folder->files = cf_files_new();
        folder->report.sources = folder->files;
        *state = folder;
        return 0;
}

static int tear_down(void **state)
{
        struct folder *folder = *state;
        char path[128];
        snprintf(path, sizeof(path), "%s/f", folder->path);
        unlink(path);
        rmdir(folder->path);
        cf_files_free(folder->files);
        cf_arena_free(folder->arena);
        free(folder);
        return 0;
}

static const char *put_file(struct folder *folder, struct cf_span bytes)
{
        const char *path = cf_arena_printf(folder->arena, "%s/f", folder->path);
        FILE *stream = fopen(path, "wb");
        assert_non_null(stream);
        assert_int_equal(fwrite(bytes.data, 1, bytes.size, stream), bytes.size);
        assert_int_equal(fclose(stream), 0);
        return path;
}

/* The finding "OLD in the file is to become NEW". */
static struct cf_finding make_finding(struct folder *folder, const char *path)
{
        struct cf_source *source = NULL;
        assert_int_equal(cf_files_read(folder->files, folder->arena, path, &source, NULL), 0);
        size_t offset = cf_span_find(source->text, CF_SPAN("OLD"));
        assert_true(offset != SIZE_MAX);
        return (struct cf_finding){
                .place = cf_source_place(source, offset, 3),
                .file_id = source->id,
                .remedy = {.editable = true},
                .edit = {.replaces = true, .range = {offset, 3}, .text = "NEW"},
        };
}

static void offsets_are_of_the_file(void **state)
{
        struct folder *folder = *state;
        static const struct {
                const char *name;
                struct cf_span before, after; /* after empty: refused */
        } rows[] = {
                {"utf-8", CF_SPAN("\xc3\xa9 OLD x"), CF_SPAN("\xc3\xa9 NEW x")},
                {"byte order mark", CF_SPAN("\xef\xbb\xbf\xc3\xa9 OLD x"),
                 CF_SPAN("\xef\xbb\xbf\xc3\xa9 NEW x")},
                {"not utf-8", CF_SPAN("\xff\r\nOLD\xff"), CF_SPAN("\xff\r\nNEW\xff")},
                {"utf-16", CF_SPAN("\xff\xfeO\0L\0D\0"), {NULL, 0}},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const char *path = put_file(folder, rows[i].before);
                struct cf_finding finding = make_finding(folder, path);
                struct cf_report_editor editor;
                struct cf_report_edits edits = {0};
                CF_TEXT struct cf_text after = {0};
                assert_int_equal(cf_report_editor_open(&editor, &folder->report), 0);
                assert_int_equal(cf_report_edits_of(&editor, &finding, &edits), 0);
                if (rows[i].after.size == 0) {
                        assert_non_null(edits.refusal);
                        assert_non_null(strstr(edits.refusal, "UTF-16"));
                } else {
                        assert_null(edits.refusal);
                        assert_int_equal(edits.count, 1);
                        assert_int_equal(edits.items[0].offset, finding.place.offset);
                        cf_edits_apply(rows[i].before, edits.items, edits.count, &after);
                        if (!cf_span_equal(cf_text_span(&after), rows[i].after))
                                fail_msg("%s: %s", rows[i].name, after.data);
                }
                cf_report_editor_close(&editor);
        }
}

static const char *refusal_of(struct folder *folder, const struct cf_finding *finding)
{
        struct cf_report_editor editor;
        struct cf_report_edits edits = {0};
        assert_int_equal(cf_report_editor_open(&editor, &folder->report), 0);
        assert_int_equal(cf_report_edits_of(&editor, finding, &edits), 0);
        cf_report_editor_close(&editor);
        assert_non_null(edits.refusal);
        assert_int_equal(edits.count, 0);
        return edits.refusal;
}

static void nothing_of_another_file(void **state)
{
        struct folder *folder = *state;
        const char *path = put_file(folder, CF_SPAN("OLD"));
        struct cf_finding finding = make_finding(folder, path);
        put_file(folder, CF_SPAN("OLD and more"));
        assert_non_null(strstr(refusal_of(folder, &finding), "changed meanwhile"));
        unlink(path);
        assert_non_null(strstr(refusal_of(folder, &finding), "cannot be read again"));
        finding.place.path = "<stdin>";
        assert_non_null(strstr(refusal_of(folder, &finding), "cannot be read again"));
}

static void refusals(void **state)
{
        struct folder *folder = *state;
        const char *path = put_file(folder, CF_SPAN("OLD"));
        struct cf_finding finding = make_finding(folder, path);
        finding.edit.refusal = "it is a template";
        assert_string_equal(refusal_of(folder, &finding), "it is a template");
        finding.edit.refusal = NULL;
        finding.edit.range = (struct cf_range){SIZE_MAX, SIZE_MAX};
        refusal_of(folder, &finding);
        finding.remedy.editable = false;
        refusal_of(folder, &finding);
        folder->report.sources = NULL;
        finding.remedy.editable = true;
        assert_non_null(strstr(refusal_of(folder, &finding), "not at hand"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(offsets_are_of_the_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_of_another_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
