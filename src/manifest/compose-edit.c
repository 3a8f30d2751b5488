/* SPDX-License-Identifier: Apache-2.0 */
/* A setting → the edit that ends it, exact and verified, or the reason why there is none. */
#include <string.h>

#include "base/json.h"
#include "manifest/compose.h"
#include "manifest/yaml-edit.h"

/* So many bytes are parsed again to verify the edits of one project one by one; what is left over
 * then is verified together, file by file. */
#define VERIFY_EACH ((size_t)8 << 20)
/* So many bytes of its line are looked at around a value for the marks of a template. */
#define TEMPLATE_REACH 1000
/* What one copy of a file may need while it is verified. */
#define VERIFY_MEMORY ((size_t)256 << 20)

/* ---- would another value come in? ---------------------------------------------------------- */

/* Accepts what Compose would take, but not from the mapping `context` (NULL: none is left out). */
static bool takes(struct cf_yaml *owner, struct cf_yaml *value, void *context)
{
        return owner != context && !cf_compose_is_reset(owner, value);
}

/* A mapping that takes a pair and would take another one of that key if it were not there: the pair
 * is noted as hiding. */
static int note_hiding(struct cf_arena *arena, struct cf_yaml *mapping)
{
        static const char *const keys[] = {"security_opt", "privileged"};
        for (size_t i = 0; i < CF_COUNT(keys); i++) {
                struct cf_yaml *key, *owner;
                if (!cf_yaml_seek(mapping, keys[i], takes, NULL, &key, &owner) ||
                    !cf_yaml_seek(mapping, keys[i], takes, owner, NULL, NULL))
                        continue;
                struct cf_yaml_note *note = cf_yaml_note(arena, key);
                if (!note)
                        return -ENOMEM;
                note->hiding = true;
        }
        return 0;
}

/* ---- notes of a file ----------------------------------------------------------------------- */

static int survey_node(struct cf_arena *arena, struct cf_yaml *node);

static int survey_pair(struct cf_arena *arena, struct cf_yaml *key, struct cf_yaml *value)
{
        if (value->type != CF_YAML_SCALAR) {
                struct cf_yaml_note *note = cf_yaml_note(arena, value);
                if (!note)
                        return -ENOMEM;
                note->key = key;
        }
        int r = survey_node(arena, key);
        return r < 0 ? r : survey_node(arena, value);
}

/* Notes which pairs hide others, and gives notes to collections and to every node that aliases
 * refer to. */
static int survey_node(struct cf_arena *arena, struct cf_yaml *node)
{
        int r = 0;
        if (node->aliased && !cf_yaml_note(arena, node))
                return -ENOMEM;
        if (node->target)
                return 0;
        if (node->merges > 0)
                r = note_hiding(arena, node);
        for (size_t i = 0; r == 0 && i < node->count; i++)
                r = node->type == CF_YAML_MAPPING
                            ? survey_pair(arena, node->items[2 * i], node->items[2 * i + 1])
                            : survey_node(arena, node->items[i]);
        return r;
}

static int survey_file(struct cf_compose *compose, struct cf_compose_file *file)
{
        if (file->surveyed)
                return 0;
        for (size_t i = 0; i < file->yaml->count; i++)
                if (file->yaml->documents[i].root &&
                    survey_node(compose->arena, file->yaml->documents[i].root) < 0)
                        return -ENOMEM;
        file->surveyed = true;
        CF_ARENA struct cf_arena *scratch = cf_arena_new(VERIFY_MEMORY);
        struct cf_json *json;
        file->is_json = scratch && cf_json_parse(scratch, file->source, &json, NULL) == 0;
        return 0;
}

int cf_entry_set_hiding(struct cf_compose *compose, struct cf_entry *entry)
{
        struct cf_yaml_note *note = cf_yaml_note(compose->arena, entry->key);
        if (note)
                note->hiding = true;
        return note ? 0 : -ENOMEM;
}

/* The pair must stay, with a value that says nothing. */
static bool must_stay(const struct cf_entry *entry)
{
        const struct cf_yaml_note *note = entry->key->note;
        return (note && note->hiding) || cf_span_is(cf_yaml_follow(entry->pair)->tag, "!override");
}

static size_t pair_index(const struct cf_entry *entry)
{
        size_t i = 0;
        while (i < entry->owner->count && entry->owner->items[2 * i] != entry->key)
                i++;
        return i;
}

/* ---- refusals ------------------------------------------------------------------------ */

/* Text that a template engine fills in before Compose sees the file. */
static bool holds_template(struct cf_span text, struct cf_range range)
{
        size_t start = range.offset, end = range.offset + range.length;
        while (start > 0 && text.data[start - 1] != '\n' && range.offset - start < TEMPLATE_REACH)
                start--;
        while (end < text.size && text.data[end] != '\n' &&
               end - range.offset - range.length < TEMPLATE_REACH)
                end++;
        struct cf_span lines = cf_span_part(text, start, end - start);
        return cf_span_find(lines, CF_SPAN("{{")) != SIZE_MAX ||
               cf_span_find(lines, CF_SPAN("{%")) != SIZE_MAX;
}

static size_t count_key(const struct cf_entry *entry)
{
        size_t count = 0;
        for (size_t i = 0; i < entry->owner->count; i++) {
                const char *name = cf_yaml_string(entry->owner->items[2 * i]);
                count += name && strcmp(name, cf_yaml_string(entry->key)) == 0;
        }
        return count;
}

/* Why an entry must not be touched. NULL in *ret_refusal: it may. */
static int find_refusal(struct cf_compose *compose, const struct cf_entry *entry,
                        const char **ret_refusal)
{
        struct cf_range range = {entry->node->start,
                                 entry->node->offset + entry->node->length - entry->node->start};
        *ret_refusal = NULL;
        if (entry->value.variable) {
                *ret_refusal = cf_arena_printf(
                        compose->arena,
                        "the value is made from the variable '%s': change it where that is set",
                        entry->value.variable);
                return *ret_refusal ? 0 : -ENOMEM;
        }
        if (entry->file->is_template || holds_template(entry->file->source->text, range))
                *ret_refusal = "it stands in a template ('{{' or '{%'): change the template";
        else if (entry->node->aliased)
                *ret_refusal = "aliases elsewhere in the file repeat this value: edit those first";
        else if (count_key(entry) > 1)
                *ret_refusal = "its key stands twice in this mapping: remove one of them first";
        return 0;
}

/* ---- edits --------------------------------------------------------------------------- */

/* A group whose parts all go: the group above loses a part, or it becomes empty brackets. */
static int join_above(struct cf_compose *compose, const struct cf_entry *entry,
                      struct cf_yaml *node, struct cf_group *group,
                      const struct cf_yaml_note *above, size_t part)
{
        if (group->parent || group->whole_text)
                return 0;
        if (above && !above->stuck[part]) {
                group->parent = above->group;
                group->parent_part = part;
        }
        return cf_yaml_whole(compose->arena, entry->file->source, node, &group->whole,
                             &group->whole_text);
}

/* The group of the mapping that holds the pair. */
static int owner_group(struct cf_compose *compose, const struct cf_entry *entry,
                       struct cf_yaml_note **ret_note)
{
        int r = cf_yaml_group(compose->arena, entry->file->source, entry->owner, ret_note);
        return r < 0 ? r : join_above(compose, entry, entry->owner, (*ret_note)->group, NULL, 0);
}

static int cut(struct cf_compose *compose, const struct cf_entry *entry, struct cf_edit *edit,
               struct cf_yaml *collection, struct cf_yaml *node, size_t part)
{
        const struct cf_yaml_note *note = collection->note;
        if (note->stuck[part]) {
                edit->refusal = "it shares its line with something else: put it on a line of its "
                                "own first";
                return 0;
        }
        edit->group = note->group;
        edit->part = part;
        struct cf_pending pending = {.edit = edit,
                                     .file = entry->file,
                                     .node = node,
                                     .collection = collection,
                                     .key = note->group->parent ? entry->key : NULL,
                                     .owner = note->group->parent ? entry->owner : NULL};
        if (!cf_yaml_note(compose->arena, node) || !cf_yaml_note(compose->arena, entry->key))
                return -ENOMEM;
        return cf_vec_push(compose->arena, &compose->pending, pending);
}

static int turn_off(struct cf_compose *compose, const struct cf_entry *entry, struct cf_edit *edit)
{
        edit->replaces = true;
        edit->range = (struct cf_range){entry->pair->offset, entry->pair->length};
        edit->text = "false";
        struct cf_pending pending = {.edit = edit, .file = entry->file, .node = entry->pair};
        if (!cf_yaml_note(compose->arena, entry->pair))
                return -ENOMEM;
        return cf_vec_push(compose->arena, &compose->pending, pending);
}

/* Takes the pair out of its mapping, or leaves it with a value that says nothing. */
static int end_pair(struct cf_compose *compose, const struct cf_entry *entry, struct cf_edit *edit)
{
        struct cf_yaml_note *owner;
        size_t part = pair_index(entry);
        if (owner_group(compose, entry, &owner) < 0)
                return -ENOMEM;
        if (!must_stay(entry) && !owner->stuck[part])
                return cut(compose, entry, edit, entry->owner, entry->key, part);
        if (strcmp(cf_yaml_string(entry->key), "privileged") == 0 &&
            entry->pair->type == CF_YAML_SCALAR)
                return turn_off(compose, entry, edit);
        edit->refusal = "it hides another value, or shares its line: write it as a list first";
        return 0;
}

static int end_item(struct cf_compose *compose, const struct cf_entry *entry, struct cf_edit *edit)
{
        struct cf_yaml_note *owner = NULL, *list;
        if (cf_yaml_group(compose->arena, entry->file->source, entry->list, &list) < 0)
                return -ENOMEM;
        /* A list that others refer to stays, if empty; so does one that hides another. */
        bool stays = entry->pair->target || entry->list->aliased || must_stay(entry);
        if (!stays && owner_group(compose, entry, &owner) < 0)
                return -ENOMEM;
        if (join_above(compose, entry, entry->list, list->group, owner,
                       owner ? pair_index(entry) : 0) < 0)
                return -ENOMEM;
        return cut(compose, entry, edit, entry->list, entry->node, entry->index);
}

/* Where a profile's path can stand instead: behind the separator, when the source spells the value
 * letter by letter. */
static void find_value(const struct cf_entry *entry, const char *base_dir, struct cf_edit *edit)
{
        static const enum cf_quoting quotings[] = {[CF_YAML_PLAIN] = CF_QUOTE_YAML_PLAIN,
                                                   [CF_YAML_SINGLE] = CF_QUOTE_YAML_SINGLE,
                                                   [CF_YAML_DOUBLE] = CF_QUOTE_YAML_DOUBLE};
        const struct cf_yaml *node = entry->node;
        struct cf_span text = entry->value.text;
        if (!entry->list || node->target || node->type != CF_YAML_SCALAR ||
            node->style > CF_YAML_DOUBLE || entry->value.problem)
                return;
        size_t quote = node->style == CF_YAML_PLAIN ? 0 : 1;
        if (node->length != text.size + 2 * quote ||
            memcmp(entry->file->source->text.data + node->offset + quote, text.data, text.size) !=
                    0)
                return;
        size_t at = cf_span_find_byte(text, '=');
        if (at == SIZE_MAX)
                at = cf_span_find_byte(text, ':');
        if (at == SIZE_MAX || at + 1 >= text.size)
                return;
        edit->value = (struct cf_range){node->offset + quote + at + 1, text.size - at - 1};
        edit->quoting = quotings[node->style];
        edit->base_dir = base_dir;
}

int cf_compose_edit(struct cf_compose *compose, const struct cf_entry *entry, const char *base_dir,
                    struct cf_edit **ret_edit)
{
        /* The node that stands for the place: items and scalars carry the edit. */
        struct cf_yaml_note *note = cf_yaml_note(compose->arena, entry->node);
        if (!note)
                return -ENOMEM;
        *ret_edit = note->edit;
        if (note->edit)
                return 0;
        struct cf_edit *edit = cf_arena_one(compose->arena, struct cf_edit);
        if (!edit || survey_file(compose, entry->file) < 0)
                return -ENOMEM;
        note->edit = *ret_edit = edit;
        int r = find_refusal(compose, entry, &edit->refusal);
        if (r < 0 || edit->refusal)
                return r;
        find_value(entry, base_dir, edit);
        return entry->list ? end_item(compose, entry, edit) : end_pair(compose, entry, edit);
}

/* ---- verifying ----------------------------------------------------------------------- */

static bool all_dropped(const struct cf_yaml *collection)
{
        size_t step = collection->type == CF_YAML_MAPPING ? 2 : 1;
        for (size_t i = 0; i < collection->count; i++) {
                const struct cf_yaml_note *note = collection->items[step * i]->note;
                if (!note || !note->dropped)
                        return false;
        }
        return true;
}

/* Notes what an edit changes (or, with `on` false, forgets it). */
static void mark(const struct cf_pending *pending, bool on)
{
        struct cf_yaml_note *note = pending->node->note;
        if (pending->collection)
                note->dropped = on;
        else
                note->off = on;
}

/* What follows when nothing is left of a collection. */
static void mark_above(const struct cf_pending *pending, bool on)
{
        struct cf_yaml *collection = pending->collection;
        if (!collection || (on && !all_dropped(collection)))
                return;
        struct cf_yaml_note *note = collection->note;
        if (!pending->owner) {
                note->emptied = on;
                return;
        }
        ((struct cf_yaml_note *)pending->key->note)->dropped = on;
        if (!on || all_dropped(pending->owner))
                ((struct cf_yaml_note *)pending->owner->note)->emptied = on;
}

/* Reads the text that an edit left, and compares. */
static bool reads_the_same(struct cf_compose *compose, const struct cf_compose_file *file,
                           struct cf_arena *scratch, struct cf_span text)
{
        struct cf_source *source;
        struct cf_yaml_file *after;
        struct cf_json *json;
        if (cf_source_from(scratch, file->path, text, &source, NULL) < 0 ||
            cf_yaml_parse(scratch, source, &after, NULL) < 0 ||
            !cf_yaml_same_but(file->yaml, after, ++compose->rounds))
                return false;
        return !file->is_json || cf_json_parse(scratch, source, &json, NULL) == 0;
}

/* Makes some edits of one file at once on a copy. A refusal of theirs goes into the edits. */
static int try_edits(struct cf_compose *compose, struct cf_pending *const *pending, size_t count)
{
        CF_ARENA struct cf_arena *scratch = cf_arena_new(VERIFY_MEMORY);
        CF_TEXT struct cf_text text = {0};
        struct cf_compose_file *file = pending[0]->file;
        struct cf_edit_request *requests =
                scratch ? cf_arena_many(scratch, count, struct cf_edit_request) : NULL;
        struct cf_replacement *replacements;
        size_t replacement_count;
        if (!requests)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                requests[i].edit = pending[i]->edit;
        if (cf_edits_resolve(scratch, file->source->text, requests, count, &replacements,
                             &replacement_count) < 0)
                return -ENOMEM;
        cf_edits_apply(file->source->text, replacements, replacement_count, &text);
        if (text.failed)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (!requests[i].refusal)
                        mark(pending[i], true);
        for (size_t i = 0; i < count; i++)
                if (!requests[i].refusal)
                        mark_above(pending[i], true);
        bool good = reads_the_same(compose, file, scratch, cf_text_span(&text));
        for (size_t i = 0; i < count; i++) {
                mark(pending[i], false);
                mark_above(pending[i], false);
                if (requests[i].refusal)
                        pending[i]->edit->refusal =
                                cf_arena_string(compose->arena, requests[i].refusal);
                else if (!good)
                        pending[i]->edit->refusal = "taking it out would change more of the file "
                                                    "than this: edit it by hand";
        }
        return 0;
}

static int compare_pending(const void *left, const void *right)
{
        const struct cf_pending *a = *(struct cf_pending *const *)left;
        const struct cf_pending *b = *(struct cf_pending *const *)right;
        int r = strcmp(a->file->path, b->file->path);
        return r ? r : (a->node->offset > b->node->offset) - (a->node->offset < b->node->offset);
}

int cf_compose_verify(struct cf_compose *compose)
{
        size_t count = compose->pending.count, spent = 0, i = 0;
        struct cf_pending **sorted = cf_arena_many(compose->arena, count, struct cf_pending *);
        if (!sorted)
                return -ENOMEM;
        for (size_t j = 0; j < count; j++)
                sorted[j] = &compose->pending.items[j];
        if (count)
                qsort(sorted, count, sizeof(*sorted), compare_pending);
        for (size_t next; i < count; i = next) {
                next = i + 1;
                spent += sorted[i]->file->source->text.size;
                while (spent > VERIFY_EACH && next < count && sorted[next]->file == sorted[i]->file)
                        next++;
                if (try_edits(compose, &sorted[i], next - i) < 0)
                        return -ENOMEM;
        }
        return 0;
}
