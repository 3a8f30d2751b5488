/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/yaml-edit.h"

#include <string.h>

struct cf_yaml_note *cf_yaml_note(struct cf_arena *arena, struct cf_yaml *node)
{
        if (!node->note)
                node->note = cf_arena_one(arena, struct cf_yaml_note);
        return node->note;
}

/* ---- lines --------------------------------------------------------------------------------- */

static bool is_break(char c)
{
        return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static size_t line_start(struct cf_span text, size_t at)
{
        while (at > 0 && !is_break(text.data[at - 1]))
                at--;
        return at;
}

/* Behind the line break of the line that holds `at`. */
static size_t line_end(struct cf_span text, size_t at)
{
        while (at < text.size && !is_break(text.data[at]))
                at++;
        if (at < text.size && text.data[at] == '\r')
                at++;
        if (at < text.size && text.data[at] == '\n')
                at++;
        return at;
}

static bool is_first_on_line(struct cf_span text, size_t at)
{
        while (at > 0 && is_blank(text.data[at - 1]))
                at--;
        return at == 0 || is_break(text.data[at - 1]);
}

/* Only blanks, or blanks and a comment, stand behind `at` on its line. */
static bool is_last_on_line(struct cf_span text, size_t at)
{
        size_t from = at;
        while (at < text.size && is_blank(text.data[at]))
                at++;
        return at == text.size || is_break(text.data[at]) || (text.data[at] == '#' && at > from);
}

/* ---- parts --------------------------------------------------------------------------------- */

static size_t node_end(const struct cf_yaml *node)
{
        return node->offset + node->length;
}

/* The last node of an item or pair, and the first. */
static const struct cf_yaml *last_of(const struct cf_yaml *node, size_t i)
{
        return node->type == CF_YAML_MAPPING ? node->items[2 * i + 1] : node->items[i];
}

static const struct cf_yaml *first_of(const struct cf_yaml *node, size_t i)
{
        return node->type == CF_YAML_MAPPING ? node->items[2 * i] : node->items[i];
}

/* Where a block item's '-' or a pair's key starts. */
static size_t block_start(struct cf_span text, const struct cf_yaml *node, size_t i)
{
        return i == 0 ? node->offset : cf_yaml_skip_space(text, node_end(last_of(node, i - 1)));
}

static struct cf_range block_part(struct cf_span text, const struct cf_yaml *node, size_t i,
                                  bool *ret_stuck)
{
        size_t start = block_start(text, node, i), end = node_end(last_of(node, i));
        bool is_item = node->type == CF_YAML_SEQUENCE;
        bool plain = is_item ? start < text.size && text.data[start] == '-'
                             : start == first_of(node, i)->start;
        *ret_stuck = !plain || end < start || !is_first_on_line(text, start) ||
                     !is_last_on_line(text, end > start ? end : start);
        if (*ret_stuck)
                return (struct cf_range){start, end > start ? end - start : 0};
        start = line_start(text, start);
        return (struct cf_range){start, line_end(text, end) - start};
}

static struct cf_range flow_part(struct cf_span text, const struct cf_yaml *node, size_t i,
                                 bool *ret_stuck)
{
        size_t start = first_of(node, i)->start, end = node_end(last_of(node, i));
        char open = node->offset < text.size ? text.data[node->offset] : '\0';
        *ret_stuck = end < start || (open != '[' && open != '{');
        return (struct cf_range){start, end > start ? end - start : 0};
}

int cf_yaml_group(struct cf_arena *arena, const struct cf_source *source, struct cf_yaml *node,
                  struct cf_yaml_note **ret_note)
{
        struct cf_yaml_note *note = cf_yaml_note(arena, node);
        *ret_note = note;
        if (!note)
                return -ENOMEM;
        if (note->group)
                return 0;
        struct cf_group *group = cf_arena_one(arena, struct cf_group);
        struct cf_range *parts = cf_arena_many(arena, node->count, struct cf_range);
        bool *stuck = cf_arena_many(arena, node->count, bool);
        if (!group || !parts || !stuck)
                return -ENOMEM;
        bool is_flow = node->style == CF_YAML_FLOW;
        for (size_t i = 0; i < node->count; i++)
                parts[i] = is_flow ? flow_part(source->text, node, i, &stuck[i])
                                   : block_part(source->text, node, i, &stuck[i]);
        *group = (struct cf_group){
                .kind = is_flow ? CF_GROUP_COMMAS : CF_GROUP_PIECES,
                .parts = parts,
                .count = node->count,
        };
        note->group = group;
        note->stuck = stuck;
        return 0;
}

/* Where a block collection's key (or its properties) ends, when only blanks and line breaks stand
 * between; SIZE_MAX otherwise. */
static size_t end_of_key(struct cf_span text, const struct cf_yaml *node, const struct cf_yaml *key)
{
        size_t end = node->offset;
        while (end > 0 && (is_blank(text.data[end - 1]) || is_break(text.data[end - 1])))
                end--;
        bool has_properties = node->start < node->offset;
        if (has_properties) {
                struct cf_span properties = cf_span_part(text, node->start, end - node->start);
                return memchr(properties.data, '\n', properties.size) ||
                                       memchr(properties.data, '#', properties.size)
                               ? SIZE_MAX
                               : end;
        }
        if (!key || end <= node_end(key) || text.data[end - 1] != ':')
                return SIZE_MAX;
        for (size_t i = node_end(key); i < end - 1; i++)
                if (!is_blank(text.data[i]))
                        return SIZE_MAX;
        return end;
}

int cf_yaml_whole(struct cf_arena *arena, const struct cf_source *source,
                  const struct cf_yaml *node, struct cf_range *ret_range, const char **ret_text)
{
        const struct cf_yaml_note *note = node->note;
        const struct cf_yaml *key = note ? note->key : NULL;
        struct cf_span text = source->text;
        const char *empty = node->type == CF_YAML_MAPPING ? "{}" : "[]";
        size_t start = node->offset, indent = 0;
        if (node->style != CF_YAML_FLOW) {
                size_t up = end_of_key(text, node, key);
                if (up != SIZE_MAX) {
                        start = up;
                        indent = 1;
                } else if (key && start - line_start(text, start) <=
                                          key->start - line_start(text, key->start)) {
                        indent = 2; /* a list may stand below its key, brackets must not */
                }
        }
        *ret_range = (struct cf_range){start, node_end(node) - start};
        *ret_text = cf_arena_printf(arena, "%.*s%s", (int)indent, "  ", empty);
        return *ret_text ? 0 : -ENOMEM;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool same(const struct cf_yaml *a, const struct cf_yaml *b, uint64_t round);

static bool is_dropped(const struct cf_yaml *node)
{
        const struct cf_yaml_note *note = node->note;
        return note && note->dropped;
}

static bool is_named_alike(const struct cf_yaml *a, const struct cf_yaml *b)
{
        return cf_span_equal(a->tag, b->tag) && cf_span_equal(a->anchor, b->anchor);
}

static bool same_children(const struct cf_yaml *a, const struct cf_yaml *b, uint64_t round)
{
        size_t step = a->type == CF_YAML_MAPPING ? 2 : 1, j = 0;
        for (size_t i = 0; i < a->count; i++) {
                if (is_dropped(a->items[step * i]))
                        continue;
                if (j == b->count)
                        return false;
                for (size_t k = 0; k < step; k++)
                        if (!same(a->items[step * i + k], b->items[step * j + k], round))
                                return false;
                j++;
        }
        return j == b->count;
}

static bool same(const struct cf_yaml *a, const struct cf_yaml *b, uint64_t round)
{
        if (!a || !b)
                return a == b;
        struct cf_yaml_note *note = a->note;
        if (note && note->off)
                return b->type == CF_YAML_SCALAR && b->style == CF_YAML_PLAIN && !b->target &&
                       (a->target || is_named_alike(a, b)) && cf_span_is(b->text, "false");
        if (a->target || b->target) {
                const struct cf_yaml_note *target = a->target ? a->target->note : NULL;
                return a->target && b->target && target && target->round == round &&
                       target->twin == b->target;
        }
        if (note) {
                note->twin = b;
                note->round = round;
        }
        if (a->type != b->type || !is_named_alike(a, b))
                return false;
        if (note && note->emptied)
                return b->count == 0 && b->style == CF_YAML_FLOW;
        if (a->style != b->style)
                return false;
        return a->type == CF_YAML_SCALAR ? cf_span_equal(a->text, b->text)
                                         : same_children(a, b, round);
}

bool cf_yaml_same_but(const struct cf_yaml_file *before, const struct cf_yaml_file *after,
                      uint64_t round)
{
        if (before->count != after->count)
                return false;
        for (size_t i = 0; i < before->count; i++)
                if (!same(before->documents[i].root, after->documents[i].root, round))
                        return false;
        return true;
}
