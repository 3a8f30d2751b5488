/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of YAML collections, and the comparison that every edit must pass. */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "manifest/yaml-edit.h"

static struct cf_yaml_file *parse(struct cf_arena *arena, const char *text)
{
        struct cf_source *source;
        struct cf_yaml_file *file = NULL;
        struct cf_error err = {0};
        assert_int_equal(cf_source_from(arena, "t.yaml", cf_span_of(text), &source, NULL), 0);
        if (cf_yaml_parse(arena, source, &file, &err) < 0)
                fail_msg("%s: %s", text, err.frames[0].message);
        return file;
}

/* The node at a path of keys and indexes; of a pair its key with '?' in front. */
static struct cf_yaml *walk(struct cf_yaml *node, const char *path)
{
        char copy[128], *rest = copy;
        snprintf(copy, sizeof(copy), "%s", path);
        for (char *step; (step = strsep(&rest, "/"));) {
                struct cf_yaml *key = NULL;
                if (!*step)
                        continue;
                if (node->type == CF_YAML_SEQUENCE)
                        node = node->items[atoi(step)];
                else if (*step == '?')
                        cf_yaml_own(node, step + 1, &key);
                else
                        node = cf_yaml_own(node, step, NULL);
                node = key ? key : node;
                assert_non_null(node);
        }
        return node;
}

/* The parts of the collection at `path`, one after another with '|' between; '!' before one that
 * is stuck. */
static const struct {
        const char *text, *path, *parts;
} groups[] = {
        {"- a\n- b # c\n- c\n", "", "- a\n|- b # c\n|- c\n"},
        {"k:\n  - a\n  # c\n  - b\n\nl: x\n", "k", "  - a\n|  - b\n"},
        {"k:\n- a\n- b", "k", "- a\n|- b"},
        {"- a\r\n- b # c\r\n", "", "- a\r\n|- b # c\r\n"},
        {"-\n  a\n- # c\n  b\n-\n", "", "-\n  a\n|- # c\n  b\n|-\n"},
        {"- |\n  x\n\n- 'y\n  z'\n", "", "- |\n  x\n|- 'y\n  z'\n"},
        {"- - a\n  - b\n", "0", "!- a|  - b\n"},
        {"a: 1\nb:\n  c: 2 # d\n", "", "a: 1\n|b:\n  c: 2 # d\n"},
        {"a:\nb: &x\nc: !t\n", "", "a:\n|b: &x\n|c: !t\n"},
        {"- a: 1\n  b: 2\n", "0", "!a: 1|  b: 2\n"},
        {"? a\n: 1\nb: 2\n", "", "!? a\n: 1|b: 2\n"},
        {"&k a: 1\n&l b: 2\n", "", "&k a: 1\n|&l b: 2\n"},
        {"[a, 'b' , {c: d}]", "", "a|'b'|{c: d}"},
        {"[&x a, !t b]", "", "&x a|!t b"},
        {"{a: 1, b, \"c\": [x]}", "", "a: 1|b|\"c\": [x]"},
        {"[a: 1]", "0", "!a: 1"},
        {"{? a : b, c: d}", "", "a : b|c: d"},
};

static void test_groups(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(groups); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text out = {0};
                struct cf_yaml_file *file = parse(arena, groups[i].text);
                struct cf_yaml_note *note;
                struct cf_yaml *node = walk(file->documents[0].root, groups[i].path);
                assert_int_equal(cf_yaml_group(arena, file->source, node, &note), 0);
                for (size_t j = 0; j < note->group->count; j++) {
                        const struct cf_range *part = &note->group->parts[j];
                        cf_text_puts(&out, j ? "|" : "");
                        cf_text_puts(&out, note->stuck[j] ? "!" : "");
                        cf_text_add(&out,
                                    cf_span_part(file->source->text, part->offset, part->length));
                }
                if (!cf_span_is(cf_text_span(&out), groups[i].parts))
                        fail_msg("row %zu: %s", i, out.data);
        }
}

static const struct {
        const char *before, *after;
        const char *mark; /* d, e, o (dropped, emptied, off) and a path; "": nothing changes */
        bool same;
} pairs[] = {
        {"a: 1\n", "a: 1\n", "", true},
        {"a: 1\n", "a:   1 # c\n", "", true},
        {"a: 1\n", "a: 2\n", "", false},
        {"a: 1\n", "a: '1'\n", "", false},
        {"a: 1\n", "a: !!str 1\n", "", false},
        {"a: 1\n", "a: &x 1\n", "", false},
        {"a: 1\n", "{a: 1}\n", "", false},
        {"a: 1\nb: 2\n", "b: 2\na: 1\n", "", false},
        {"a: 1\n", "a: 1\n---\nb\n", "", false},
        {"a: [x, y]\n", "a: [x]\n", "da/1", true},
        {"a: [x, y]\n", "a: [y]\n", "da/1", false},
        {"a: [x, y]\n", "a: [x, y]\n", "da/1", false},
        {"a: [x, y]\n", "a: []\n", "da/1", false},
        {"a: 1\nb: 2\n", "a: 1\n", "d?b", true},
        {"a: 1\nb: 2\n", "a: 1\nb:\n", "d?b", false},
        {"a:\n  - x\n", "a: []\n", "ea", true},
        {"a:\n  - x\n", "a: {}\n", "ea", false},
        {"a:\n  - x\n", "a:\n", "ea", false},
        {"a: &n\n  - x\nb: *n\n", "a: &n []\nb: *n\n", "ea", true},
        {"a: &n\n  - x\nb: *n\n", "a: []\nb: 1\n", "ea", false},
        {"a: true\n", "a: false\n", "oa", true},
        {"a: true\n", "a: \"false\"\n", "oa", false},
        {"a: !t true\n", "a: !t false\n", "oa", true},
        {"a: !t true\n", "a: false\n", "oa", false},
        {"x: &x true\na: *x\n", "x: &x true\na: false\n", "oa", true},
        /* An alias must refer to what it referred to before. */
        {"a: &n 1\nb: &n 2\nc: *n\n", "a: &n 1\nc: *n\n", "d?b", false},
        {"a: &n 1\nb: &m 2\nc: *n\n", "a: &n 1\nc: *n\n", "d?b", true},
        {"a: &n 1\nb: &m 2\nc: *n\n", "a: &n 1\nb: &m 2\nc: *m\n", "", false},
        {"a: &n 1\nc: *n\n", "a: &n 1\nc: 1\n", "", false},
};

static void give_notes(struct cf_arena *arena, struct cf_yaml *node)
{
        assert_non_null(cf_yaml_note(arena, node));
        size_t children = node->type == CF_YAML_MAPPING ? 2 * node->count : node->count;
        for (size_t i = 0; i < children; i++)
                give_notes(arena, node->items[i]);
}

static void test_comparing(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(pairs); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_yaml_file *before = parse(arena, pairs[i].before);
                struct cf_yaml_file *after = parse(arena, pairs[i].after);
                const char *mark = pairs[i].mark;
                give_notes(arena, before->documents[0].root);
                if (*mark) {
                        struct cf_yaml_note *note = walk(before->documents[0].root, mark + 1)->note;
                        note->dropped = *mark == 'd';
                        note->emptied = *mark == 'e';
                        note->off = *mark == 'o';
                }
                for (uint64_t round = 1; round < 3; round++)
                        if (cf_yaml_same_but(before, after, round) != pairs[i].same)
                                fail_msg("row %zu: %s", i, pairs[i].after);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_groups),
                cmocka_unit_test(test_comparing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
