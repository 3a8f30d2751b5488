/* SPDX-License-Identifier: Apache-2.0 */
#include "fix/fix.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "fix/path.h"

/* One file that is edited. */
struct edited {
        const char *path; /* as it was first shown */
        const char *resolved;
        struct cf_file_id id;
        struct cf_span before;
        struct cf_text after;
        size_t edits;
        unsigned round; /* that changed it last */
        CF_VEC(const char *) roots;
};

struct cf_fix {
        struct cf_arena *arena;
        struct cf_files *files;
        const char *profile;
        bool notes;                 /* as in cf_fix_options */
        CF_VEC(const char *) roots; /* resolved */
        bool anywhere;              /* no roots were given */
        struct cf_map *by_resolved; /* resolved path → struct edited */
        struct cf_map *reported;    /* what was told to `trouble` */
        unsigned rounds;
        struct cf_fix_file *view; /* of all edited files, by path */
        size_t view_count;
};

/* One round. */
struct round {
        struct cf_fix *fix;
        struct cf_arena *arena;
        void (*trouble)(const struct cf_error *err, void *context);
        void *context;
        size_t applied;
};

/* A finding whose edit is to be made, and the file that it is in. */
struct wanted {
        const struct cf_finding *finding;
        const char *resolved; /* NULL: there is no such file */
        size_t order;
};

static int add_roots(struct cf_arena *arena, struct cf_fix *fix,
                     const struct cf_fix_options *options)
{
        fix->anywhere = !options || options->root_count == 0;
        for (size_t i = 0; options && i < options->root_count; i++) {
                CF_FREE char *resolved = realpath(options->roots[i], NULL);
                const char *copy = resolved ? cf_arena_string(arena, resolved) : NULL;
                if (resolved && (!copy || cf_vec_push(arena, &fix->roots, copy) < 0))
                        return -ENOMEM;
        }
        return 0;
}

struct cf_fix *cf_fix_new(struct cf_files *files, const struct cf_fix_options *options)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_fix *fix = arena ? cf_arena_one(arena, struct cf_fix) : NULL;
        if (!fix)
                return NULL;
        fix->files = files;
        fix->by_resolved = cf_map_new(arena);
        fix->reported = cf_map_new(arena);
        if (!fix->by_resolved || !fix->reported)
                return NULL;
        if (options && options->profile) {
                fix->profile = cf_arena_string(arena, options->profile);
                if (!fix->profile)
                        return NULL;
        }
        if (add_roots(arena, fix, options) < 0)
                return NULL;
        fix->notes = options && options->notes;
        fix->arena = cf_steal(arena);
        return fix;
}

struct cf_fix *cf_fix_free(struct cf_fix *fix)
{
        if (!fix)
                return NULL;
        for (size_t i = 0; i < cf_map_count(fix->by_resolved); i++) {
                struct edited *edited = cf_map_at(fix->by_resolved, i, NULL);
                cf_text_done(&edited->after);
        }
        cf_arena_free(fix->arena); /* holds *fix as well */
        return NULL;
}

/* ---- one round ------------------------------------------------------------------------------- */

static bool is_wanted(const struct cf_fix *fix, const struct cf_finding *finding)
{
        return (finding->verdict > CF_NOTE || fix->notes) && finding->remedy.editable &&
               !finding->suppressed_by && !finding->in_baseline && finding->place.path;
}

static int compare_wanted(const void *left, const void *right)
{
        const struct wanted *a = left, *b = right;
        int r = strcmp(a->resolved ? a->resolved : "", b->resolved ? b->resolved : "");
        return r ? r : (a->order > b->order) - (a->order < b->order);
}

/* The findings that ask for an edit, those of one file side by side. */
static int collect(struct round *round, struct cf_finding *const *findings, size_t count,
                   struct wanted **ret_wanted, size_t *ret_count)
{
        CF_VEC(struct wanted) wanted = {0};
        struct cf_map *resolved = cf_map_new(round->arena);
        if (!resolved)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                if (!is_wanted(round->fix, findings[i]))
                        continue;
                struct cf_span path = cf_span_of(findings[i]->place.path);
                char *known = cf_map_get(resolved, path);
                if (!known) {
                        CF_FREE char *real = realpath(path.data, NULL);
                        known = cf_arena_string(round->arena, real ? real : "");
                        if (!known || cf_map_put(resolved, path, known) < 0)
                                return -ENOMEM;
                }
                struct wanted one = {findings[i], *known ? known : NULL, i};
                if (cf_vec_push(round->arena, &wanted, one) < 0)
                        return -ENOMEM;
        }
        if (wanted.count)
                qsort(wanted.items, wanted.count, sizeof(*wanted.items), compare_wanted);
        *ret_wanted = wanted.items;
        *ret_count = wanted.count;
        return 0;
}

/* Tells once that something was left alone. */
static int report(struct round *round, const struct cf_error *err)
{
        const struct cf_error_frame *frame = &err->frames[0];
        char *key = cf_arena_printf(round->fix->arena, "%s:%zu:%s",
                                    frame->place.path ? frame->place.path : "", frame->place.offset,
                                    frame->message);
        if (!key)
                return -ENOMEM;
        if (cf_map_get(round->fix->reported, cf_span_of(key)))
                return 0;
        if (cf_map_put(round->fix->reported, cf_span_of(key), key) < 0)
                return -ENOMEM;
        if (round->trouble)
                round->trouble(err, round->context);
        return 0;
}

static int left_alone(struct round *round, const struct cf_place *place, const char *why)
{
        struct cf_error err = {0};
        cf_error_set(&err, -ECANCELED, place, "left alone: %s", why);
        return report(round, &err);
}

/* The file is one of the roots, or below one. */
static bool is_inside(const struct cf_fix *fix, const char *resolved)
{
        for (size_t i = 0; i < fix->roots.count; i++) {
                size_t size = strlen(fix->roots.items[i]);
                bool is_top = size == 1; /* "/" */
                if (strncmp(resolved, fix->roots.items[i], size) == 0 &&
                    (is_top || !resolved[size] || resolved[size] == '/'))
                        return true;
        }
        return fix->anywhere;
}

/* The text of a file as it is by now, or a reason why it cannot be edited. */
static int open_source(struct round *round, const struct wanted *wanted,
                       struct cf_source **ret_source)
{
        static const struct cf_file_id none = {0};
        struct cf_place whole = {.path = wanted->finding->place.path};
        struct cf_error err = {0};
        struct cf_source *source = NULL;
        *ret_source = NULL;
        if (cf_file_id_equal(&wanted->finding->file_id, &none))
                return left_alone(round, &whole, "it was not read from a file");
        if (wanted->resolved && !is_inside(round->fix, wanted->resolved))
                return left_alone(round, &wanted->finding->place,
                                  "the file is not below a path that was given; name it to edit "
                                  "it");
        int r = cf_files_read(round->fix->files, round->arena, whole.path, &source, &err);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                cf_error_doing(&err, r, &whole, "editing the file");
                return report(round, &err);
        }
        if (!cf_file_id_equal(&wanted->finding->file_id, &source->id) || !wanted->resolved)
                return left_alone(round, &whole, "it changed while it was looked at; run again");
        *ret_source = source;
        return 0;
}

static int make_requests(struct round *round, const struct wanted *wanted, size_t count,
                         struct cf_edit_request **ret_requests)
{
        struct cf_edit_request *requests =
                cf_arena_many(round->arena, count, struct cf_edit_request);
        if (!requests)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct cf_edit *edit = &wanted[i].finding->edit;
                requests[i].edit = edit;
                if (!round->fix->profile || edit->value.length == 0)
                        continue;
                requests[i].profile = path_from(round->arena, edit->base_dir, round->fix->profile);
                if (!requests[i].profile)
                        return -ENOMEM;
        }
        *ret_requests = requests;
        return 0;
}

/* The record of a file. Its first edit makes it, with the bytes that are on disk. */
static int find_edited(struct round *round, const struct wanted *wanted,
                       const struct cf_source *source, struct cf_span before,
                       struct edited **ret_edited)
{
        struct cf_fix *fix = round->fix;
        struct edited *edited = cf_map_get(fix->by_resolved, cf_span_of(wanted->resolved));
        if (!edited) {
                edited = cf_arena_one(fix->arena, struct edited);
                if (!edited)
                        return -ENOMEM;
                edited->path = cf_arena_string(fix->arena, source->path);
                edited->resolved = cf_arena_string(fix->arena, wanted->resolved);
                edited->id = source->id;
                edited->before = (struct cf_span){cf_arena_copy(fix->arena, before), before.size};
                if (!edited->path || !edited->resolved || !edited->before.data ||
                    cf_map_put(fix->by_resolved, cf_span_of(edited->resolved), edited) < 0)
                        return -ENOMEM;
        }
        *ret_edited = edited;
        return 0;
}

static int add_root(struct cf_fix *fix, struct edited *edited, const char *root)
{
        if (!root)
                return 0;
        for (size_t i = 0; i < edited->roots.count; i++)
                if (strcmp(edited->roots.items[i], root) == 0)
                        return 0;
        const char *copy = cf_arena_string(fix->arena, root);
        return copy ? cf_vec_push(fix->arena, &edited->roots, copy) : -ENOMEM;
}

/* Lays the changed bytes over the file, and notes what was done. */
static int take_bytes(struct round *round, const struct wanted *wanted, size_t count,
                      const struct cf_edit_request *requests, const struct cf_source *source,
                      struct cf_span before, struct cf_text *after)
{
        struct cf_fix *fix = round->fix;
        struct edited *edited = NULL;
        struct cf_place whole = {.path = source->path};
        int r = cf_files_overlay(fix->files, source->path, cf_text_span(after), &source->id);
        if (r < 0 && r != -ENOMEM)
                return left_alone(round, &whole, strerror(-r));
        if (r == 0)
                r = find_edited(round, wanted, source, before, &edited);
        if (r < 0)
                return r;
        cf_text_done(&edited->after);
        edited->after = *after;
        edited->round = fix->rounds;
        *after = (struct cf_text){0};
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (requests[i].refusal)
                        continue;
                edited->edits++;
                round->applied++;
                r = add_root(fix, edited, wanted[i].finding->root);
        }
        return r;
}

/* Back to the file's encoding. */
static int take_text(struct round *round, const struct wanted *wanted, size_t count,
                     const struct cf_edit_request *requests, const struct cf_source *source,
                     const struct cf_text *text)
{
        CF_TEXT struct cf_text before = {0}, after = {0};
        struct cf_place whole = {.path = source->path};
        int r = text->failed ? -ENOMEM : cf_source_encode(source, source->text, &before);
        if (r == 0)
                r = cf_source_encode(source, cf_text_span(text), &after);
        if (r < 0)
                return r == -ENOMEM ? r : left_alone(round, &whole, "its encoding is broken");
        bool first = !cf_map_get(round->fix->by_resolved, cf_span_of(wanted->resolved));
        if (first && before.size != (size_t)source->id.size)
                return left_alone(round, &whole, "it changed while it was read; run again");
        return take_bytes(round, wanted, count, requests, source, cf_text_span(&before), &after);
}

/* Makes the edits of one file. */
static int edit_file(struct round *round, const struct wanted *wanted, size_t count)
{
        struct cf_source *source = NULL;
        struct cf_edit_request *requests = NULL;
        struct cf_replacement *replacements = NULL;
        size_t made = 0;
        CF_TEXT struct cf_text text = {0};
        int r = open_source(round, wanted, &source);
        if (r < 0 || !source)
                return r;
        r = make_requests(round, wanted, count, &requests);
        if (r == 0)
                r = cf_edits_resolve(round->arena, source->text, requests, count, &replacements,
                                     &made);
        if (r < 0)
                return r;
        cf_edits_apply(source->text, replacements, made, &text);
        if (text.failed || !cf_span_equal(cf_text_span(&text), source->text))
                r = take_text(round, wanted, count, requests, source, &text);
        /* What only met another edit comes again in the next round. */
        for (size_t i = 0; r == 0 && i < count; i++)
                if (requests[i].refusal && made == 0)
                        r = left_alone(round, &wanted[i].finding->place, requests[i].refusal);
        return r;
}

static int compare_files(const void *left, const void *right)
{
        const struct cf_fix_file *a = left, *b = right;
        return strcmp(a->path, b->path);
}

static int make_view(struct cf_fix *fix)
{
        size_t count = cf_map_count(fix->by_resolved);
        struct cf_fix_file *view = cf_arena_many(fix->arena, count, struct cf_fix_file);
        if (!view)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct edited *edited = cf_map_at(fix->by_resolved, i, NULL);
                view[i] = (struct cf_fix_file){
                        .path = edited->path,
                        .id = edited->id,
                        .before = edited->before,
                        .after = cf_text_span(&edited->after),
                        .edits = edited->edits,
                        .changed = edited->round == fix->rounds,
                        .roots = edited->roots.items,
                        .root_count = edited->roots.count,
                };
        }
        if (count)
                qsort(view, count, sizeof(*view), compare_files);
        fix->view = view;
        fix->view_count = count;
        return 0;
}

int cf_fix_apply(struct cf_fix *fix, struct cf_finding *const *findings, size_t count,
                 size_t *ret_applied, void (*trouble)(const struct cf_error *err, void *context),
                 void *context)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct round round = {fix, arena, trouble, context, 0};
        struct wanted *wanted = NULL;
        size_t wanted_count = 0;
        fix->rounds++;
        int r = arena ? collect(&round, findings, count, &wanted, &wanted_count) : -ENOMEM;
        for (size_t i = 0, next; r == 0 && i < wanted_count; i = next) {
                for (next = i + 1; next < wanted_count && wanted[i].resolved &&
                                   wanted[next].resolved &&
                                   strcmp(wanted[i].resolved, wanted[next].resolved) == 0;)
                        next++;
                r = edit_file(&round, &wanted[i], next - i);
        }
        if (r == 0)
                r = make_view(fix);
        if (r == 0)
                *ret_applied = round.applied;
        return r;
}

/* ---- results ----------------------------------------------------------------------------------
 */

const struct cf_fix_file *cf_fix_files(const struct cf_fix *fix, size_t *ret_count)
{
        *ret_count = fix->view_count;
        return fix->view;
}

int cf_fix_diff(const struct cf_fix *fix, struct cf_text *out)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        int r = arena ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < fix->view_count; i++) {
                const struct cf_fix_file *file = &fix->view[i];
                CF_FREE char *resolved = realpath(file->path, NULL);
                const char *name = path_in_patch(arena, resolved ? resolved : file->path);
                r = name ? cf_diff_unified(name, file->before, file->after, out) : -ENOMEM;
        }
        return r;
}

int cf_fix_write(const struct cf_fix *fix, size_t *ret_written,
                 void (*trouble)(const struct cf_error *err, void *context), void *context)
{
        size_t written = 0;
        for (size_t i = 0; i < fix->view_count; i++) {
                const struct cf_fix_file *file = &fix->view[i];
                struct cf_error err = {0};
                if (cf_span_equal(file->before, file->after))
                        continue;
                if (cf_file_replace(file->path, file->after, &file->id, &err) == 0)
                        written++;
                else if (trouble)
                        trouble(&err, context);
        }
        *ret_written = written;
        return 0;
}
