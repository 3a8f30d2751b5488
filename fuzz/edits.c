/* SPDX-License-Identifier: Apache-2.0 */
/* src/model/edit.c, quote.c: the input chooses a list of members in a text of our own, groups and
 * parts of them to cut, paths to put. The result is what a slow reference makes of the same wish;
 * edits at places chosen by the input alone are refused or made, never out of the text. */
#include <stdlib.h>

#include "base/text.h"
#include "model/model.h"

#define MEMBERS_MAX 12
#define LISTS_MAX 4
#define EDITS_MAX 24
#define MEMORY ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
        const uint8_t *data;
        size_t size;
};

static uint8_t take(struct input *input)
{
        if (input->size == 0)
                return 0;
        input->size--;
        return *input->data++;
}

static void check(bool holds)
{
        if (!holds)
                abort();
}

/* A list "[m0, m1, …]" (commas) or "m0m1…" (pieces) in a row of lists "{…;…}", the parent. */
struct list {
        enum cf_group_kind kind;
        size_t count;
        struct cf_range members[MEMBERS_MAX];
        bool cut[MEMBERS_MAX];
        struct cf_range whole;
};

struct world {
        struct cf_text text;
        struct list lists[LISTS_MAX];
        size_t list_count;
        struct cf_range parts[LISTS_MAX]; /* the lists as parts of the parent */
        bool has_parent;
        bool cut[LISTS_MAX]; /* by a direct wish */
        struct cf_group parent;
        struct cf_group groups[LISTS_MAX];
};

static void build(struct world *world, struct input *input)
{
        static const char *const gaps[] = {", ", ",", " , ", ",\n  "};
        world->list_count = 1 + take(input) % LISTS_MAX;
        world->has_parent = take(input) & 1;
        cf_text_putc(&world->text, '{');
        for (size_t i = 0; i < world->list_count; i++) {
                struct list *list = &world->lists[i];
                list->kind = take(input) & 1 ? CF_GROUP_COMMAS : CF_GROUP_PIECES;
                list->count = 1 + take(input) % MEMBERS_MAX;
                world->parts[i].offset = world->text.size;
                cf_text_printf(&world->text, "l%zu:", i);
                list->whole.offset = world->text.size;
                cf_text_putc(&world->text, '[');
                for (size_t j = 0; j < list->count; j++) {
                        if (j && list->kind == CF_GROUP_COMMAS)
                                cf_text_puts(&world->text, gaps[take(input) % CF_COUNT(gaps)]);
                        list->members[j].offset = world->text.size;
                        cf_text_printf(&world->text, "m%zu.%zu", i, j);
                        list->members[j].length = world->text.size - list->members[j].offset;
                }
                cf_text_putc(&world->text, ']');
                list->whole.length = world->text.size - list->whole.offset;
                world->parts[i].length = world->text.size - world->parts[i].offset;
                cf_text_putc(&world->text, ';');
        }
        cf_text_putc(&world->text, '}');
        world->parent = (struct cf_group){.kind = CF_GROUP_PIECES,
                                          .parts = world->parts,
                                          .count = world->list_count,
                                          .whole = {0, world->text.size},
                                          .whole_text = "nothing"};
        for (size_t i = 0; i < world->list_count; i++) {
                struct list *list = &world->lists[i];
                world->groups[i] = (struct cf_group){
                        .kind = list->kind,
                        .parts = list->members,
                        .count = list->count,
                        .parent = world->has_parent ? &world->parent : NULL,
                        .parent_part = i,
                        .whole = list->whole,
                        .whole_text = "[]",
                };
        }
}

/* The reference: writes what stays, byte by byte of the members that stay. */
static void expect_list(const struct world *world, const struct list *list, struct cf_text *out)
{
        struct cf_span text = cf_text_span(&world->text);
        size_t kept[MEMBERS_MAX], count = 0;
        for (size_t j = 0; j < list->count; j++)
                if (!list->cut[j])
                        kept[count++] = j;
        cf_text_putc(out, '[');
        for (size_t j = 0; j < count; j++) {
                const struct cf_range *member = &list->members[kept[j]];
                if (j && list->kind == CF_GROUP_COMMAS) {
                        /* The comma that stays is the one in front of the member that stays,
                         * unless everything before that was cut from the left end on. */
                        const struct cf_range *left = &list->members[kept[j] - 1];
                        size_t from = left->offset + left->length;
                        cf_text_add(out, cf_span_part(text, from, member->offset - from));
                }
                cf_text_add(out, cf_span_part(text, member->offset, member->length));
        }
        cf_text_putc(out, ']');
}

static bool is_empty(const struct list *list)
{
        for (size_t j = 0; j < list->count; j++)
                if (!list->cut[j])
                        return false;
        return true;
}

static void expect(const struct world *world, struct cf_text *out)
{
        size_t gone = 0;
        for (size_t i = 0; i < world->list_count; i++)
                gone += world->has_parent && (world->cut[i] || is_empty(&world->lists[i]));
        if (gone == world->list_count) {
                cf_text_puts(out, "nothing");
                return;
        }
        cf_text_putc(out, '{');
        for (size_t i = 0; i < world->list_count; i++) {
                const struct list *list = &world->lists[i];
                if (!world->has_parent || !(world->cut[i] || is_empty(list))) {
                        cf_text_printf(out, "l%zu:", i);
                        expect_list(world, list, out);
                }
                cf_text_putc(out, ';');
        }
        cf_text_putc(out, '}');
}

static void check_cuts(struct cf_arena *arena, struct input *input)
{
        struct world world = {0};
        struct cf_edit edits[EDITS_MAX] = {0};
        struct cf_edit_request requests[EDITS_MAX] = {0};
        struct cf_group copies[EDITS_MAX];
        struct cf_replacement *made = NULL;
        size_t count = 0, made_count = 0;
        CF_TEXT struct cf_text got = {0}, wanted = {0};
        build(&world, input);
        size_t wishes = 1 + take(input) % EDITS_MAX;
        for (; count < wishes; count++) {
                size_t i = take(input) % world.list_count;
                struct list *list = &world.lists[i];
                bool parent = world.has_parent && take(input) % 8 == 0;
                copies[count] = parent ? world.parent : world.groups[i];
                edits[count].group = &copies[count];
                edits[count].part = parent ? i : take(input) % list->count;
                requests[count].edit = &edits[count];
                *(parent ? &world.cut[i] : &list->cut[edits[count].part]) = true;
        }
        int r = cf_edits_resolve(arena, cf_text_span(&world.text), requests, count, &made,
                                 &made_count);
        check(r == 0);
        for (size_t i = 0; i < count; i++)
                check(!requests[i].refusal);
        cf_edits_apply(cf_text_span(&world.text), made, made_count, &got);
        expect(&world, &wanted);
        check(cf_span_equal(cf_text_span(&got), cf_text_span(&wanted)));
        cf_text_done(&world.text);
}

/* Any places at all, and the rest of the input as a path. */
static void check_wild(struct cf_arena *arena, struct input *input)
{
        static const char text[] = "  - seccomp:unconfined # a, b\n  - [x, y, z]\n";
        struct cf_range parts[4] = {0};
        struct cf_group groups[4] = {0};
        struct cf_edit edits[8] = {0};
        struct cf_edit_request requests[8] = {0};
        struct cf_replacement *made = NULL;
        size_t made_count = 0;
        for (size_t i = 0; i < 4; i++)
                parts[i] = (struct cf_range){take(input) % 64, take(input) % 32};
        for (size_t i = 0; i < 4; i++)
                groups[i] = (struct cf_group){
                        .kind = take(input) & 1 ? CF_GROUP_COMMAS : CF_GROUP_PIECES,
                        .parts = parts + i,
                        .count = take(input) % (5 - i),
                        .parent = take(input) & 1 ? &groups[take(input) % 4] : NULL,
                        .parent_part = take(input) % 4,
                        .whole = {take(input) % 64, take(input) % 64},
                        .whole_text = "w",
                };
        for (size_t i = 0; i < 8; i++) {
                uint8_t what = take(input);
                edits[i] = (struct cf_edit){
                        .group = what & 1 ? &groups[take(input) % 4] : NULL,
                        .part = take(input) % 4,
                        .replaces = what & 2,
                        .range = {take(input) % 64, take(input) % 64},
                        .text = "r",
                        .value = {take(input) % 64, take(input) % 64},
                        .quoting = take(input) % (CF_QUOTE_YAML_DOUBLE + 1),
                };
                requests[i].edit = &edits[i];
        }
        char *path = cf_arena_copy(arena, (struct cf_span){(const char *)input->data, input->size});
        check(path);
        for (size_t i = 0; i < 8; i += 2)
                requests[i].profile = path;
        int r = cf_edits_resolve(arena, cf_span_of(text), requests, 8, &made, &made_count);
        check(r == 0);
        size_t end = 0;
        for (size_t i = 0; i < made_count; i++) {
                check(made[i].offset >= end && made[i].length <= strlen(text) &&
                      made[i].offset + made[i].length <= strlen(text));
                end = made[i].offset + made[i].length;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        struct input input = {data, size};
        if (!arena || size > 4096)
                return 0;
        if (take(&input) & 1)
                check_wild(arena, &input);
        else
                check_cuts(arena, &input);
        return 0;
}
