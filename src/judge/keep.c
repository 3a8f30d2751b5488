/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/keep.h"

#include "base/text.h"
#include "judge/fingerprint.h"

#define KEY_MAX ((size_t)64 << 10) /* of a place: a path is far shorter */
#define TEXTS_WITHOUT_INDEX 16     /* a set of so many texts is searched from end to end */
#define WHO_TEXT 512
#define CONTEXT_MAX 256 /* longer written text (a whole profile) is kept as its hash */

int cf_keeper_begin(struct cf_keeper *keeper, struct cf_arena *arena)
{
        *keeper = (struct cf_keeper){.arena = arena,
                                     .texts = cf_map_new(arena),
                                     .groups = cf_map_new(arena),
                                     .containers = cf_map_new(arena),
                                     .by_place = cf_map_new(arena)};
        return keeper->texts && keeper->groups && keeper->containers && keeper->by_place ? 0
                                                                                         : -ENOMEM;
}

/* ---- copies that are shared -------------------------------------------------------------------
 */

/* Copying needs many small steps; a failure sticks. */
struct copying {
        struct cf_keeper *keeper;
        bool failed;
};

static const char *share(struct copying *copying, const char *text)
{
        if (!text)
                return NULL;
        struct cf_keeper *keeper = copying->keeper;
        char *shared = cf_map_get(keeper->texts, cf_span_of(text));
        if (shared)
                return shared;
        shared = cf_arena_string(keeper->arena, text);
        if (!shared || cf_map_put(keeper->texts, cf_span_of(shared), shared) < 0) {
                copying->failed = true;
                return NULL;
        }
        return shared;
}

/* Groups are the same when kind, path, count and first part are. */
static const struct cf_group *share_group(struct copying *copying, const struct cf_group *group,
                                          const char *path)
{
        struct cf_keeper *keeper = copying->keeper;
        if (!group)
                return NULL;
        char key[64];
        int size = snprintf(key, sizeof(key), "%d %zu %zu %zu ", (int)group->kind, group->count,
                            group->count ? group->parts[0].offset : 0,
                            group->count ? group->parts[0].length : 0);
        char *whole = cf_arena_printf(keeper->arena, "%s%s", key, path ? path : "");
        if (size < 0 || !whole) {
                copying->failed = true;
                return NULL;
        }
        struct cf_group **slot = cf_map_get(keeper->groups, cf_span_of(whole));
        if (slot)
                return *slot;
        const struct cf_group *copy = cf_group_copy(keeper->arena, group);
        const struct cf_group **made = cf_arena_one(keeper->arena, const struct cf_group *);
        if (!copy || !made || cf_map_put(keeper->groups, cf_span_of(whole), made) < 0) {
                copying->failed = true;
                return NULL;
        }
        *made = copy;
        return copy;
}

static const struct cf_container *share_container(struct copying *copying,
                                                  const struct cf_container *container)
{
        struct cf_keeper *keeper = copying->keeper;
        if (!container)
                return NULL;
        const char *id = share(copying, container->id ? container->id : "");
        struct cf_container *copy = id ? cf_map_get(keeper->containers, cf_span_of(id)) : NULL;
        if (copy || !id)
                return copy;
        copy = cf_container_copy(keeper->arena, container);
        if (!copy || cf_map_put(keeper->containers, cf_span_of(id), copy) < 0) {
                copying->failed = true;
                return NULL;
        }
        return copy;
}

static const struct cf_process *copy_process(struct copying *copying,
                                             const struct cf_process *process)
{
        if (!process)
                return NULL;
        const struct cf_process *copy = cf_process_copy(copying->keeper->arena, process);
        copying->failed |= !copy;
        return copy;
}

static const char *share_context(struct copying *copying, const char *context)
{
        char digest[CF_FINGERPRINT_SIZE];
        if (!context || strlen(context) <= CONTEXT_MAX)
                return share(copying, context);
        cf_fingerprint_of_text(cf_span_of(context), digest);
        return share(copying, digest);
}

/* ---- one draft --------------------------------------------------------------------------------
 */

static void copy_notes(struct copying *copying, const struct cf_draft *draft,
                       struct cf_finding *finding)
{
        finding->notes = NULL;
        finding->note_count = 0;
        if (draft->note_count == 0)
                return;
        const char **notes = cf_arena_many(copying->keeper->arena, draft->note_count, const char *);
        copying->failed |= !notes;
        for (size_t i = 0; notes && i < draft->note_count; i++)
                notes[i] = share(copying, draft->notes[i]);
        finding->notes = notes;
        finding->note_count = notes ? draft->note_count : 0;
}

/* Everything but the lists of subjects. */
static void copy_draft(struct copying *copying, const struct cf_draft *draft, struct cf_kept *kept)
{
        struct cf_finding *finding = &kept->finding;
        *finding = draft->finding;
        finding->place.path = share(copying, draft->finding.place.path);
        for (unsigned i = 0; i < finding->excerpt.line_count; i++)
                finding->excerpt.lines[i] = share(copying, draft->finding.excerpt.lines[i]);
        finding->remedy.text = share(copying, draft->finding.remedy.text);
        finding->remedy.command = share(copying, draft->finding.remedy.command);
        finding->edit.refusal = share(copying, draft->finding.edit.refusal);
        finding->edit.text = share(copying, draft->finding.edit.text);
        finding->edit.base_dir = share(copying, draft->finding.edit.base_dir);
        finding->edit.group = share_group(copying, draft->finding.edit.group, finding->place.path);
        finding->root = share(copying, draft->finding.root);
        finding->image = share(copying, draft->finding.image);
        finding->suppressed_by = share(copying, draft->finding.suppressed_by);
        finding->context = share_context(copying, draft->finding.context);
        finding->container = share_container(copying, draft->finding.container);
        finding->process = copy_process(copying, draft->finding.process);
        copy_notes(copying, draft, finding);
        kept->before = share(copying, draft->before);
        kept->after = share(copying, draft->after);
        kept->after_many = share(copying, draft->after_many);
        kept->label = share(copying, draft->label);
        kept->label_names_image = draft->label_names_image;
        kept->key = share(copying, draft->key);
}

static int index_text(struct cf_texts *texts, const char *text)
{
        static char present;
        return cf_map_put(texts->index, cf_span_of(text), &present);
}

/* Adds a shared text; false when it is there already (or there is no memory). */
static bool add_text(struct copying *copying, struct cf_texts *texts, const char *text)
{
        struct cf_arena *arena = copying->keeper->arena;
        if (texts->index && cf_map_get(texts->index, cf_span_of(text)))
                return false;
        for (size_t i = 0; !texts->index && i < texts->list.count; i++)
                if (texts->list.items[i] == text) /* texts are shared, so the pointer tells */
                        return false;
        if (!texts->index && texts->list.count == TEXTS_WITHOUT_INDEX) {
                texts->index = cf_map_new(arena);
                copying->failed |= !texts->index;
                for (size_t i = 0; texts->index && i < texts->list.count; i++)
                        copying->failed |= index_text(texts, texts->list.items[i]) < 0;
        }
        if (texts->index)
                copying->failed |= index_text(texts, text) < 0;
        copying->failed |= cf_vec_push(arena, &texts->list, text) < 0;
        return !copying->failed;
}

static bool same_text(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* Adds the draft's subject to those that the place reaches. */
static void add_subject(struct copying *copying, struct cf_kept *kept, const struct cf_draft *draft,
                        const char *name)
{
        char text[WHO_TEXT]; /* a longer one is told apart by its hash */
        const char *noun = draft->who.noun ? draft->who.noun : "";
        size_t size = (size_t)snprintf(text, sizeof(text), "%s\n%s", draft->who.one, noun);
        if (size >= sizeof(text))
                cf_fingerprint_of_text(cf_span_of(noun), text);
        const char *whole = share(copying, text);
        if (whole && add_text(copying, &kept->who_texts, whole)) {
                struct cf_who who = {share(copying, draft->who.one),
                                     share(copying, draft->who.many),
                                     share(copying, draft->who.noun)};
                copying->failed |= cf_vec_push(copying->keeper->arena, &kept->whos, who) < 0;
        }
        const char *shared = share(copying, name), *image = share(copying, draft->finding.image);
        if (shared)
                add_text(copying, &kept->names, shared);
        if (image)
                add_text(copying, &kept->images, image);
}

static int order_texts(const char *a, const char *b)
{
        if (!a || !b)
                return (a != NULL) - (b != NULL);
        return strcmp(a, b);
}

/* Which of two findings of one place speaks for both: the heavier, else the first by text, so that
 * the order in which threads judge does not show. */
static bool speaks_before(const struct cf_draft *draft, const struct cf_kept *kept)
{
        if (draft->finding.verdict != kept->finding.verdict)
                return draft->finding.verdict > kept->finding.verdict;
        int order = order_texts(draft->finding.root, kept->finding.root);
        if (order == 0)
                order = order_texts(draft->before, kept->before);
        if (order == 0)
                order = order_texts(draft->after, kept->after);
        if (order == 0)
                order = order_texts(draft->finding.image, kept->finding.image);
        return order < 0;
}

/* Rule and place; what is suppressed stays apart from what is not. */
static char *place_key(struct cf_keeper *keeper, const struct cf_draft *draft)
{
        const struct cf_finding *finding = &draft->finding;
        const char *suppressed = finding->suppressed_by ? "suppressed" : "";
        if (finding->place.path && strlen(finding->place.path) < KEY_MAX)
                return cf_arena_printf(keeper->arena, "%s %s %zu %s%s%s", finding->rule->id,
                                       suppressed, finding->place.offset, finding->place.path,
                                       draft->apart ? "\n" : "", draft->apart ? draft->apart : "");
        return cf_arena_printf(keeper->arena, "%s %s %d %s", finding->rule->id, suppressed,
                               (int)finding->subject_kind, draft->key);
}

int cf_keeper_take(struct cf_keeper *keeper, const struct cf_draft *draft, const char *name)
{
        struct copying copying = {.keeper = keeper};
        char *key = place_key(keeper, draft);
        if (!key)
                return -ENOMEM;
        struct cf_kept *kept = cf_map_get(keeper->by_place, cf_span_of(key));
        if (!kept) {
                kept = cf_arena_one(keeper->arena, struct cf_kept);
                if (!kept || cf_vec_push(keeper->arena, &keeper->kept, kept) < 0 ||
                    cf_map_put(keeper->by_place, cf_span_of(key), kept) < 0)
                        return -ENOMEM;
                copy_draft(&copying, draft, kept);
        } else if (speaks_before(draft, kept)) {
                copy_draft(&copying, draft, kept);
        }
        add_subject(&copying, kept, draft, name);
        return copying.failed ? -ENOMEM : 0;
}

/* ---- words for all subjects -------------------------------------------------------------------
 */

#define WHOS_NAMED 6 /* most subjects that a message lists */

static int compare_whos(const void *a, const void *b)
{
        const struct cf_who *x = a, *y = b;
        int order = order_texts(x->one, y->one);
        return order ? order : order_texts(x->noun, y->noun);
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_texts(struct cf_texts *texts)
{
        if (texts->list.count > 1)
                qsort(texts->list.items, texts->list.count, sizeof(*texts->list.items),
                      compare_texts);
}

static size_t run_of(const struct cf_kept *kept, size_t from)
{
        size_t to = from + 1;
        while (to < kept->whos.count &&
               same_text(kept->whos.items[to].one, kept->whos.items[from].one))
                to++;
        return to - from;
}

/* "services 'a', 'b' and 'c' and the build of 'd'" */
static void put_whos(struct cf_text *out, const struct cf_kept *kept)
{
        for (size_t i = 0, run; i < kept->whos.count; i += run) {
                run = run_of(kept, i);
                const struct cf_who *who = &kept->whos.items[i];
                if (i > 0)
                        cf_text_puts(out, i + run < kept->whos.count ? ", " : " and ");
                cf_text_puts(out, run > 1 ? who->many : who->one);
                size_t named = run > WHOS_NAMED + 1 ? WHOS_NAMED : run;
                for (size_t j = 0; j < named && who[j].noun; j++) {
                        if (j > 0)
                                cf_text_puts(out, j + 1 < run ? ", " : " and ");
                        cf_text_printf(out, "'%s'", who[j].noun);
                }
                if (named < run)
                        cf_text_printf(out, " and %zu more", run - named);
        }
}

static const char *finished(struct cf_keeper *keeper, const struct cf_text *text)
{
        return text->failed ? NULL : cf_arena_copy(keeper->arena, cf_text_span(text));
}

static int word(struct cf_keeper *keeper, struct cf_kept *kept)
{
        struct cf_finding *finding = &kept->finding;
        CF_TEXT struct cf_text message = {0}, label = {0};
        if (kept->whos.count > 1)
                qsort(kept->whos.items, kept->whos.count, sizeof(*kept->whos.items), compare_whos);
        sort_texts(&kept->names);
        sort_texts(&kept->images);

        cf_text_puts(&message, kept->before ? kept->before : "");
        put_whos(&message, kept);
        const char *after = kept->whos.count > 1 ? kept->after_many : kept->after;
        cf_text_puts(&message, after ? after : "");
        finding->message = finished(keeper, &message);
        if (kept->label) {
                cf_text_puts(&label, kept->label);
                if (kept->label_names_image && kept->images.list.count == 1)
                        cf_text_printf(&label, " to %s", kept->images.list.items[0]);
                else if (kept->label_names_image && kept->images.list.count > 1)
                        cf_text_printf(&label, " to %zu images", kept->images.list.count);
                struct copying copying = {.keeper = keeper};
                finding->label = label.failed ? NULL : share(&copying, label.data);
        }
        finding->subjects = kept->names.list.items;
        finding->subject_count = kept->names.list.count;
        if (kept->images.list.count > 0)
                finding->image = kept->images.list.items[0];
        return finding->message && (finding->label || !kept->label) ? 0 : -ENOMEM;
}

/* By path and place; findings without a file come last, by kind and subject. */
static int compare_kept(const void *a, const void *b)
{
        const struct cf_kept *x = *(struct cf_kept *const *)a, *y = *(struct cf_kept *const *)b;
        const struct cf_finding *f = &x->finding, *g = &y->finding;
        if (!f->place.path != !g->place.path)
                return f->place.path ? -1 : 1;
        int order = order_texts(f->place.path, g->place.path);
        if (order == 0 && f->place.offset != g->place.offset)
                order = f->place.offset < g->place.offset ? -1 : 1;
        if (order == 0 && !f->place.path && f->subject_kind != g->subject_kind)
                order = f->subject_kind < g->subject_kind ? -1 : 1;
        if (order == 0)
                order = order_texts(x->names.list.count ? x->names.list.items[0] : NULL,
                                    y->names.list.count ? y->names.list.items[0] : NULL);
        if (order == 0 && f->process && g->process && f->process->pid != g->process->pid)
                order = f->process->pid < g->process->pid ? -1 : 1;
        if (order == 0)
                order = strcmp(f->rule->id, g->rule->id);
        if (order == 0)
                order = (f->suppressed_by != NULL) - (g->suppressed_by != NULL);
        return order ? order : order_texts(x->key, y->key);
}

int cf_keeper_finish(struct cf_keeper *keeper)
{
        for (size_t i = 0; i < keeper->kept.count; i++)
                if (word(keeper, keeper->kept.items[i]) < 0)
                        return -ENOMEM;
        if (keeper->kept.count > 1)
                qsort(keeper->kept.items, keeper->kept.count, sizeof(*keeper->kept.items),
                      compare_kept);
        return 0;
}
