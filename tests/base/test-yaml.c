/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "base/yaml.h"

static struct cf_yaml_file *parse(struct cf_arena *arena, const char *text, size_t size,
                                  struct cf_error *err)
{
        struct cf_source *source;
        struct cf_yaml_file *file = NULL;
        assert_int_equal(
                cf_source_from(arena, "t.yaml", (struct cf_span){text, size}, &source, NULL), 0);
        int r = cf_yaml_parse(arena, source, &file, err);
        assert_true((r == 0) == (file != NULL));
        return file;
}

/* A step of a path is a key or, for a sequence, an index; "@" before it follows merge keys. */
static struct cf_yaml *walk(struct cf_yaml *node, const char *path)
{
        char copy[256], *rest = copy;
        snprintf(copy, sizeof(copy), "%s", path);
        for (char *step; node && (step = strsep(&rest, "/"));) {
                if (!*step)
                        continue;
                node = cf_yaml_follow(node);
                if (node->type == CF_YAML_SEQUENCE) {
                        size_t i = (size_t)atoi(step);
                        node = i < node->count ? node->items[i] : NULL;
                } else {
                        node = *step == '@' ? cf_yaml_get(node, step + 1, NULL, NULL)
                                            : cf_yaml_own(node, step, NULL);
                }
        }
        return node;
}

/* What a node's range, its properties' range and its value must be. */
static const struct row {
        const char *text, *path, *slice, *properties, *value;
} rows[] = {
        {"a: b", "", "a: b", "", NULL},
        {"a: b\n", "a", "b", "", "b"},
        {"a: 'b''c' # d\n", "a", "'b''c'", "", "b'c"},
        {"a: \"x\\ty\"  \n", "a", "\"x\\ty\"", "", "x\ty"},
        {"- a\n- b # c\n\n# end\n", "", "- a\n- b", "", NULL},
        {"a:\n- x\n- y\nb: 1\n", "a", "- x\n- y", "", NULL},
        {"a:\n  - x\n  - y # z\n\nb: 1\n", "a", "- x\n  - y", "", NULL},
        {"a:\n  b:\n    c: 1   # d\n  # e\nf: g\n", "a", "b:\n    c: 1", "", NULL},
        {"a: [x, 'y', {z: 1}] # c\n", "a", "[x, 'y', {z: 1}]", "", NULL},
        {"a: [x, 'y', {z: 1}] # c\n", "a/1", "'y'", "", "y"},
        {"a: [x, 'y', {z: 1}] # c\n", "a/2", "{z: 1}", "", NULL},
        {"a: [ x: 1 , y ]\n", "a/0", "x: 1", "", NULL},
        {"a: [ [x]: 1 , y ]\n", "a/0", "[x]: 1", "", NULL},
        {"a: [\n  x,\n  y,\n]\n", "a", "[\n  x,\n  y,\n]", "", NULL},
        {"a: &n [x]\n", "a", "[x]", "&n ", NULL},
        {"a: &n\n  - x\n", "a", "- x", "&n\n  ", NULL},
        {"a: &n # why\n  # more\n  b: c\n", "a", "b: c", "&n # why\n  # more\n  ", NULL},
        {"a: !reset\nb: 1\n", "a", "", "!reset", ""},
        {"a: !reset null\n", "a", "null", "!reset ", "null"},
        {"a: !override &n !x\n", "", NULL, NULL, NULL},
        {"a: &n !override\n  - x\n", "a", "- x", "&n !override\n  ", NULL},
        {"a: !<tag:yaml.org,2002:str> true\n", "a", "true", "!<tag:yaml.org,2002:str> ", "true"},
        {"&k a: b\n", "", "&k a: b", "", NULL},
        {"&k a: b\n", "a", "b", "", "b"},
        {"- &x a\n- *x\n", "1", "*x", "", ""},
        {"a:\nb: 1\n", "a", "", "", ""},
        {"a:   # c\nb: 1\n", "a", "", "", ""},
        {"a: {b, c: }\n", "a/b", "", "", ""},
        {"a: {b , c}\n", "a", "{b , c}", "", NULL},
        {"a: |\n  x\n  y\n\n\n# c\nb: 1\n", "a", "|\n  x\n  y", "", "x\ny\n"},
        {"a: >- # c\n  x\n  y\nb: 1\n", "a", ">- # c\n  x\n  y", "", "x y"},
        {"a: |+\n  x\n\nb: 1\n", "a", "|+\n  x", "", "x\n\n"},
        {"a: x\n  y\n  z # c\n", "a", "x\n  y\n  z", "", "x y z"},
        {"- \n- a\n", "0", "", "", ""},
        {"- - x\n  - y\n- z\n", "0", "- x\n  - y", "", NULL},
        {"- a: 1\n  b: 2\n- z\n", "0", "a: 1\n  b: 2", "", NULL},
        {"? a\n: b\n", "", "? a\n: b", "", NULL},
        {"? a\n# c\n? b\n", "", "? a\n# c\n? b", "", NULL},
        {"a: b\r\nc:\r\n  - d # e\r\n  - f\r\n\r\n", "c", "- d # e\r\n  - f", "", NULL},
        {"# äöü €\xf0\x9f\x98\x80\nä: [ü, 'ß']\n", "ä/1", "'ß'", "", "ß"},
        {"# \xe2\x80\xa8# c\na: ü\nb: é\n", "b", "é", "", "é"},
        {"a: \"x\xc2\x85y\"\nb: \"z\"\n", "b", "\"z\"", "", "z"},
        {"{\"a\": [\"b\",\n\t\"c\"]}\n", "a/1", "\"c\"", "", "c"},
        {"x: &a {k: 1, l: 2}\ny:\n  <<: *a\n  l: 3\n", "y/@k", "1", "", "1"},
        {"x: &a {k: 1, l: 2}\ny:\n  <<: *a\n  l: 3\n", "y/@l", "3", "", "3"},
        {"x: &a {k: 1}\ny: &b {k: 2, m: 4}\nz:\n  <<: [*a, *b]\n", "z/@k", "1", "", "1"},
        {"x: &a {k: 1}\ny: &b {k: 2, m: 4}\nz:\n  <<: [*a, *b]\n", "z/@m", "4", "", "4"},
        {"x: &a {k: 1}\ny: &b {<<: *a}\nz: {<<: {<<: *b}}\n", "z/@k", "1", "", "1"},
        {"x: &a {k: 1}\ny: {\"<<\": *a}\n", "y/@k", NULL, NULL, NULL},
        {"a: !!binary YWI=\n", "a", "YWI=", "!!binary ", "ab"},
        {"a: !!binary \"YWJj\"\n", "a", "\"YWJj\"", "!!binary ", "abc"},
        {"a: !!binary |\n  YW\n  Jj\n", "a", "|\n  YW\n  Jj", "!!binary ", "abc"},
        {"a: !!binary YW I=\n", "a", "YW I=", "!!binary ", "YW I="},
        {"a: !!binary YWI\n", "a", "YWI", "!!binary ", "YWI"},
        {"a: !!binary YW=I\n", "a", "YW=I", "!!binary ", "YW=I"},
        {"a: 1\na: 2\n", "a", "2", "", "2"},
        {"x: &k a\ny: {*k : 1}\n", "y/a", "1", "", "1"},
};

static void test_ranges(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                const struct row *row = &rows[i];
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_error err = {0};
                struct cf_yaml_file *file = parse(arena, row->text, strlen(row->text), &err);
                struct cf_yaml *node = file ? walk(file->documents[0].root, row->path) : NULL;
                if (!row->slice) {
                        assert_null(node);
                        continue;
                }
                if (!node)
                        fail_msg("row %zu: %s", i, file ? "no such node" : err.frames[0].message);
                struct cf_span text = file->source->text;
                struct cf_span slice = cf_span_part(text, node->offset, node->length);
                struct cf_span properties =
                        cf_span_part(text, node->start, node->offset - node->start);
                if (!cf_span_is(slice, row->slice) || !cf_span_is(properties, row->properties))
                        fail_msg("row %zu: [%.*s] after [%.*s]", i, (int)slice.size, slice.data,
                                 (int)properties.size, properties.data);
                if (row->value)
                        assert_string_equal(node->text.data, row->value);
        }
}

static const struct bad {
        const char *text;
        size_t size;
        unsigned line, column;
        const char *message;
} bads[] = {
#define TEXT(literal) literal, sizeof(literal) - 1
        {TEXT("a: b\n\tc: d\n"), 2, 1, "tab"},
        {TEXT("a: [b\n"), 2, 1, "not YAML"},
        {TEXT("a: *x\n"), 1, 4, "'*x' has no anchor"},
        {TEXT("a: &x [*x]\n"), 1, 8, "stands inside"},
        {TEXT("- &x a\n---\n- *x\n"), 3, 3, "'*x' has no anchor"},
        {TEXT("a: b\nc: \0d\n"), 2, 4, "U+0000"},
        {TEXT("a: b\nc: \xff\n"), 2, 4, "0xFF is not UTF-8"},
        {TEXT("a: \x07\n"), 1, 4, "U+0007"},
        {TEXT("%FOO bar\n---\na: b\n"), 1, 5, "unknown directive"},
        {TEXT("%YAML 3.0\n---\na: b\n"), 1, 1, "incompatible"},
        {TEXT("a: 'b\n"), 2, 1, "quoted scalar"},
        {TEXT("ä: \"ö\\q\"\n"), 1, 6, "unknown escape"},
        {TEXT("a: b: c\n"), 1, 5, "mapping values"},
        {TEXT("a: !x!y z\n"), 1, 4, "undefined tag handle"},
#undef TEXT
};

static void test_errors(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(bads); i++) {
                const struct bad *bad = &bads[i];
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_error err = {0};
                assert_null(parse(arena, bad->text, bad->size, &err));
                assert_int_equal(err.code, -EINVAL);
                const struct cf_place *place = &err.frames[0].place;
                if (!strstr(err.frames[0].message, bad->message) || place->line != bad->line ||
                    place->column != bad->column)
                        fail_msg("row %zu: %u:%u: %s", i, place->line, place->column,
                                 err.frames[0].message);
        }
}

static void test_documents(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                size_t count;
        } streams[] = {{"", 0},
                       {"# c\n", 0},
                       {"---\n", 1},
                       {"a: b\n", 1},
                       {"a: b\n---\nc: d", 2},
                       {"--- a\n--- b\n...\n", 2},
                       {"\n\n", 0},
                       {"%YAML 1.1\n---\na\n...\n%YAML 1.2\n---\nb\n", 2}};
        for (size_t i = 0; i < CF_COUNT(streams); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_error err = {0};
                struct cf_yaml_file *file =
                        parse(arena, streams[i].text, strlen(streams[i].text), &err);
                if (!file || file->count != streams[i].count)
                        fail_msg("row %zu: %zu documents %s", i, file ? file->count : 0,
                                 err.frames[0].message);
        }
}

static void test_limits(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        struct cf_error err = {0};
        static const struct {
                size_t depth;
                int code;
        } deep[] = {{CF_YAML_DEPTH, 0}, {CF_YAML_DEPTH + 1, -E2BIG}};
        for (size_t i = 0; i < CF_COUNT(deep); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                cf_text_clear(&text);
                cf_text_repeat(&text, '[', deep[i].depth);
                cf_text_repeat(&text, ']', deep[i].depth);
                assert_int_equal(parse(arena, text.data, text.size, &err) != NULL,
                                 deep[i].code == 0);
                assert_int_equal(err.code, deep[i].code);
        }
        /* The same depth through aliases: each list holds the one before. */
        for (size_t i = 0; i < CF_COUNT(deep); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                err = (struct cf_error){0};
                cf_text_clear(&text);
                cf_text_puts(&text, "a1: &a1 []\n");
                for (size_t j = 2; j < deep[i].depth; j++)
                        cf_text_printf(&text, "a%zu: &a%zu [*a%zu]\n", j, j, j - 1);
                assert_int_equal(parse(arena, text.data, text.size, &err) != NULL,
                                 deep[i].code == 0);
                assert_int_equal(err.code, deep[i].code);
        }
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        err = (struct cf_error){0};
        cf_text_clear(&text);
        cf_text_puts(&text, "[");
        for (size_t i = 0; i < CF_YAML_NODES; i++)
                cf_text_puts(&text, "a,");
        cf_text_puts(&text, "]");
        assert_null(parse(arena, text.data, text.size, &err));
        assert_int_equal(err.code, -E2BIG);
}

/* Merges of merges: as many as are allowed are looked through, more are refused. */
static void test_merges(void **state)
{
        (void)state;
        for (size_t count = CF_YAML_MERGES; count <= CF_YAML_MERGES + 1; count++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text text = {0};
                struct cf_error err = {0};
                cf_text_puts(&text, "a: &a {k: v}\nb: {<<: [*a");
                for (size_t i = 1; i < count; i++)
                        cf_text_puts(&text, ", *a");
                cf_text_puts(&text, "]}\n");
                struct cf_yaml_file *file = parse(arena, text.data, text.size, &err);
                if (count > CF_YAML_MERGES) {
                        assert_int_equal(err.code, -E2BIG);
                        continue;
                }
                assert_non_null(file);
                assert_non_null(walk(file->documents[0].root, "b/@k"));
                assert_null(walk(file->documents[0].root, "b/@absent"));
        }
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text bomb = {0};
        struct cf_error err = {0};
        cf_text_puts(&bomb, "m0: &m0 {k: v}\n");
        for (size_t i = 1; i < 100; i++)
                cf_text_printf(&bomb, "m%zu: &m%zu {<<: [*m%zu, *m%zu, *m%zu]}\n", i, i, i - 1,
                               i - 1, i - 1);
        assert_null(parse(arena, bomb.data, bomb.size, &err));
        assert_int_equal(err.code, -E2BIG);
}

/* A mapping of many pairs answers like one of few. */
static void test_large_mapping(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, "m: &m\n");
        for (size_t i = 0; i < 1000; i++)
                cf_text_printf(&text, "  k%zu: v%zu\n", i, i);
        cf_text_puts(&text, "  k7: last\nn:\n  <<: *m\n  k8: own\n");
        struct cf_yaml_file *file = parse(arena, text.data, text.size, NULL);
        struct cf_yaml *root = file->documents[0].root;
        assert_string_equal(cf_yaml_string(walk(root, "m/k999")), "v999");
        assert_string_equal(cf_yaml_string(walk(root, "n/@k7")), "last");
        assert_string_equal(cf_yaml_string(walk(root, "n/@k8")), "own");
        assert_null(walk(root, "n/k7"));
        assert_null(walk(root, "m/k1000"));
}

static void test_duplicates(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text text = {0};
        struct cf_yaml_file *file = parse(arena, "a: 1\nb: 2\n\"a\": 3\nb: 4\n", 22, NULL);
        struct cf_yaml *duplicate = cf_yaml_duplicate(file->documents[0].root);
        assert_non_null(duplicate);
        assert_int_equal(duplicate->offset, 10);
        for (size_t i = 0; i < 1000; i++)
                cf_text_printf(&text, "k%zu: 1\n", i);
        file = parse(arena, text.data, text.size, NULL);
        assert_null(cf_yaml_duplicate(file->documents[0].root));
        cf_text_puts(&text, "k500: 1\n");
        file = parse(arena, text.data, text.size, NULL);
        assert_non_null(cf_yaml_duplicate(file->documents[0].root));
}

static void test_scalars(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                bool string, null;
        } scalars[] = {
                {"a: x", true, false},          {"a: 'true'", true, false},
                {"a: true", false, false},      {"a: True", false, false},
                {"a: yes", true, false},        {"a: tRue", true, false},
                {"a: ~", false, true},          {"a:", false, true},
                {"a: null", false, true},       {"a: nULL", true, false},
                {"a: ''", true, false},         {"a: 12", false, false},
                {"a: 0x1F", false, false},      {"a: 0x", true, false},
                {"a: 1_000", false, false},     {"a: _1", true, false},
                {"a: 1.5e3", false, false},     {"a: .inf", false, false},
                {"a: 1.2.3", true, false},      {"a: !!str 1", true, false},
                {"a: !!int '1'", false, false}, {"a: [1]", false, false},
                {"a: .", true, false},          {"a: -", true, false},
                {"a: 1e", true, false},         {"a: !x 1", true, false},
        };
        for (size_t i = 0; i < CF_COUNT(scalars); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_yaml_file *file =
                        parse(arena, scalars[i].text, strlen(scalars[i].text), NULL);
                if (strcmp(scalars[i].text, "a: -") == 0) {
                        continue; /* a sequence with an empty item */
                }
                struct cf_yaml *node = walk(file->documents[0].root, "a");
                if (cf_yaml_is_string(node) != scalars[i].string ||
                    cf_yaml_is_null(node) != scalars[i].null)
                        fail_msg("%s", scalars[i].text);
        }
}

/* Every allocation may fail: an error then, never a crash, and nothing half done. */
static void test_memory(void **state)
{
        (void)state;
        const char text[] = "x: &a {k: [ä, !t 'b']}\ny:\n  <<: *a\n  l: |\n    c\n---\nd\n";
        bool done = false;
        for (size_t limit = 16; !done; limit += 16) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                struct cf_source *source;
                struct cf_yaml_file *file = NULL;
                struct cf_error err = {0};
                if (cf_source_from(arena, "t", cf_span_of(text), &source, NULL) < 0)
                        continue;
                int r = cf_yaml_parse(arena, source, &file, &err);
                done = r == 0;
                assert_true(done || (r == -ENOMEM && err.code == -ENOMEM && !file));
                assert_true(limit < 100000);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),     cmocka_unit_test(test_errors),
                cmocka_unit_test(test_documents),  cmocka_unit_test(test_limits),
                cmocka_unit_test(test_merges),     cmocka_unit_test(test_large_mapping),
                cmocka_unit_test(test_duplicates), cmocka_unit_test(test_scalars),
                cmocka_unit_test(test_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
