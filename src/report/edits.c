/* SPDX-License-Identifier: Apache-2.0 */
/* A finding's edit as plain replacements of bytes in its file. The file is read again for it:
 * what is cut along with a part (a comma, a key that would be left empty) depends on the text
 * around it. Findings are sorted by file, so each file is read once. */
#include "base/source.h"
#include "report/write.h"

#define FILE_MEMORY (8 * CF_FILE_MAX)  /* bytes: the text, UTF-16 decoded, line marks */
#define EDIT_MEMORY ((size_t)64 << 20) /* bytes: one finding's replacements */
#define BOM_SIZE 3                     /* bytes of a UTF-8 byte order mark */

int cf_report_editor_open(struct cf_report_editor *editor, const struct cf_report *report)
{
        *editor = (struct cf_report_editor){.files = report->sources};
        if (!report->sources)
                return 0;
        editor->file_arena = cf_arena_new(FILE_MEMORY);
        editor->edit_arena = cf_arena_new(EDIT_MEMORY);
        return editor->file_arena && editor->edit_arena ? 0 : -ENOMEM;
}

void cf_report_editor_close(struct cf_report_editor *editor)
{
        editor->file_arena = cf_arena_free(editor->file_arena);
        editor->edit_arena = cf_arena_free(editor->edit_arena);
}

/* Makes editor->source the finding's file; NULL in it when it cannot be read. */
static int open_file(struct cf_report_editor *editor, const char *path)
{
        if (editor->path && strcmp(editor->path, path) == 0)
                return 0;
        cf_arena_clear(editor->file_arena);
        editor->source = NULL;
        editor->path = cf_arena_string(editor->file_arena, path);
        if (!editor->path)
                return -ENOMEM;
        int r = cf_files_read(editor->files, editor->file_arena, path, &editor->source, NULL);
        return r == -ENOMEM ? r : 0;
}

/* Text offsets → file offsets. */
static int take(struct cf_report_editor *editor, const struct cf_replacement *replacements,
                size_t count, struct cf_report_edits *ret_edits)
{
        size_t shift = editor->source->encoding == CF_UTF8_BOM ? BOM_SIZE : 0;
        struct cf_replacement *items =
                cf_arena_many(editor->edit_arena, count, struct cf_replacement);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                items[i] = replacements[i];
                items[i].offset += shift;
        }
        *ret_edits = (struct cf_report_edits){.items = items, .count = count};
        return 0;
}

int cf_report_edits_of(struct cf_report_editor *editor, const struct cf_finding *finding,
                       struct cf_report_edits *ret_edits)
{
        struct cf_edit_request request = {.edit = &finding->edit};
        struct cf_replacement *replacements = NULL;
        size_t count = 0;
        const char *refusal = finding->edit.refusal;
        if (!refusal && (!finding->place.path || !finding->remedy.editable))
                refusal = "there is nothing to edit";
        if (!refusal && !editor->files)
                refusal = "the files are not at hand";
        if (refusal) {
                ret_edits->refusal = refusal;
                return 0;
        }
        int r = open_file(editor, finding->place.path);
        if (r < 0)
                return r;
        const struct cf_source *source = editor->source;
        if (!source)
                refusal = "the file cannot be read again";
        else if (!cf_file_id_equal(&source->id, &finding->file_id))
                refusal = "the file changed meanwhile: run again";
        else if (source->encoding != CF_UTF8 && source->encoding != CF_UTF8_BOM)
                refusal = "the file is UTF-16: --fix edits it";
        if (refusal) {
                ret_edits->refusal = refusal;
                return 0;
        }
        cf_arena_clear(editor->edit_arena);
        r = cf_edits_resolve(editor->edit_arena, source->text, &request, 1, &replacements, &count);
        if (r < 0)
                return r;
        if (!request.refusal)
                return take(editor, replacements, count, ret_edits);
        ret_edits->refusal = request.refusal;
        return 0;
}
