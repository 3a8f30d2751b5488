/* SPDX-License-Identifier: Apache-2.0 */
/* Names, deep copies, excerpts. */
#include "unit.h"

#include "model/model.h"

/* Each value has a word of its own, and the word finds the value again. */
static void names(void **state)
{
        (void)state;
        for (unsigned i = CF_PASS; i <= CF_FAIL; i++) {
                enum cf_verdict verdict = CF_PASS;
                assert_true(cf_verdict_of(cf_verdict_name((enum cf_verdict)i), &verdict));
                assert_int_equal(verdict, i);
        }
        for (unsigned i = CF_LOW; i <= CF_CRITICAL; i++) {
                enum cf_severity severity = CF_LOW;
                assert_true(cf_severity_of(cf_severity_name((enum cf_severity)i), &severity));
                assert_int_equal(severity, i);
        }
        for (unsigned i = CF_SUBJECT_SERVICE; i <= CF_SUBJECT_PROCESS; i++)
                for (unsigned j = CF_SUBJECT_SERVICE; j < i; j++)
                        assert_string_not_equal(cf_subject_kind_name((enum cf_subject_kind)i),
                                                cf_subject_kind_name((enum cf_subject_kind)j));
        assert_string_equal(cf_verdict_name(CF_UNDECIDED), "unknown");
        assert_string_equal(cf_evidence_name(CF_ENFORCED), "enforced");
        enum cf_verdict verdict = CF_WARN;
        assert_false(cf_verdict_of("Fail", &verdict));
        assert_false(cf_verdict_of(NULL, &verdict));
        assert_int_equal(verdict, CF_WARN);
        assert_string_equal(cf_verdict_name((enum cf_verdict)99), "?");
}

/* A finding in an arena of its own, with something in every field that points. */
static struct cf_finding *full(struct cf_arena *arena)
{
        struct cf_finding *finding = cf_arena_one(arena, struct cf_finding);
        struct cf_group *inner = cf_arena_one(arena, struct cf_group);
        struct cf_group *outer = cf_arena_one(arena, struct cf_group);
        struct cf_range *parts = cf_arena_many(arena, 2, struct cf_range);
        struct cf_process *process = cf_arena_one(arena, struct cf_process);
        struct cf_container *container = cf_arena_one(arena, struct cf_container);
        const char **texts = cf_arena_many(arena, 2, const char *);
        parts[1] = (struct cf_range){7, 9};
        texts[0] = cf_arena_string(arena, "one");
        texts[1] = cf_arena_string(arena, "two");
        *outer = (struct cf_group){.parts = parts, .count = 1, .whole = {1, 2}};
        *inner = (struct cf_group){.kind = CF_GROUP_COMMAS,
                                   .parts = parts,
                                   .count = 2,
                                   .parent = outer,
                                   .whole_text = cf_arena_string(arena, "[]")};
        *process = (struct cf_process){.pid = 4, .name = cf_arena_string(arena, "sh")};
        *container = (struct cf_container){.id = cf_arena_string(arena, "abc"),
                                           .compose_dir = cf_arena_string(arena, "/srv"),
                                           .processes = process,
                                           .process_count = 1};
        *finding = (struct cf_finding){
                .verdict = CF_FAIL,
                .message = cf_arena_string(arena, "message"),
                .label = cf_arena_string(arena, "label"),
                .notes = texts,
                .note_count = 2,
                .place = {cf_arena_string(arena, "p.yaml"), 1, 2, 3, 4, 5, 6},
                .excerpt = {3, 1, {cf_arena_string(arena, "line")}, 1},
                .remedy = {cf_arena_string(arena, "do"), cf_arena_string(arena, "type"), true},
                .edit = {.group = inner, .part = 1, .base_dir = cf_arena_string(arena, "/b")},
                .root = cf_arena_string(arena, "root"),
                .subjects = texts,
                .subject_count = 2,
                .image = cf_arena_string(arena, "nginx"),
                .container = container,
                .process = process,
                .fingerprint = cf_arena_string(arena, "f"),
                .suppressed_by = cf_arena_string(arena, "why"),
                .context = cf_arena_string(arena, "c"),
        };
        return finding;
}

/* The copy stands alone: what it was made from is gone when it is read. */
static void copy_is_deep(void **state)
{
        (void)state;
        struct cf_arena *first = cf_arena_new(0);
        CF_ARENA struct cf_arena *second = cf_arena_new(0);
        struct cf_finding *copy = cf_finding_copy(second, full(first));
        assert_non_null(copy);
        cf_arena_free(first);
        assert_string_equal(copy->message, "message");
        assert_string_equal(copy->label, "label");
        assert_string_equal(copy->notes[1], "two");
        assert_string_equal(copy->place.path, "p.yaml");
        assert_int_equal(copy->place.end_column, 6);
        assert_string_equal(copy->excerpt.lines[0], "line");
        assert_string_equal(copy->remedy.command, "type");
        assert_true(copy->remedy.editable);
        assert_int_equal(copy->edit.group->kind, CF_GROUP_COMMAS);
        assert_int_equal(copy->edit.group->parts[1].offset, 7);
        assert_string_equal(copy->edit.group->whole_text, "[]");
        assert_int_equal(copy->edit.group->parent->whole.length, 2);
        assert_null(copy->edit.group->parent->parent);
        assert_string_equal(copy->edit.base_dir, "/b");
        assert_string_equal(copy->subjects[0], "one");
        assert_string_equal(copy->container->compose_dir, "/srv");
        assert_string_equal(copy->container->processes[0].name, "sh");
        assert_string_equal(copy->process->name, "sh");
        assert_string_equal(copy->suppressed_by, "why");
}

/* Whatever allocation fails, the copy is NULL and nothing else happens. */
static void copy_without_memory(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *first = cf_arena_new(0);
        struct cf_finding *finding = full(first);
        bool done = false;
        for (size_t limit = 1; !done; limit += 16) {
                CF_ARENA struct cf_arena *small = cf_arena_new(limit);
                done = cf_finding_copy(small, finding);
                assert_true(limit < 65536);
        }
}

static struct cf_source *source_of(struct cf_arena *arena, const char *text)
{
        struct cf_source *source = NULL;
        assert_int_equal(cf_source_from(arena, "f", cf_span_of(text), &source, NULL), 0);
        return source;
}

static struct cf_excerpt take(struct cf_arena *arena, const char *text, const char *what)
{
        struct cf_source *source = source_of(arena, text);
        struct cf_excerpt excerpt = {0};
        size_t offset = cf_span_find(source->text, cf_span_of(what));
        struct cf_place place = cf_source_place(source, offset, strlen(what));
        assert_int_equal(cf_excerpt_take(arena, source, &place, &excerpt), 0);
        return excerpt;
}

static void excerpts(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_excerpt excerpt = take(arena, "a: 1\r\nb: 2\r\nc: 3\r\n", "b: 2");
        assert_int_equal(excerpt.first_line, 1);
        assert_int_equal(excerpt.line_count, 2);
        assert_int_equal(excerpt.first_column, 1);
        assert_string_equal(excerpt.lines[0], "a: 1");
        assert_string_equal(excerpt.lines[1], "b: 2");

        excerpt = take(arena, "a: 1\n", "a");
        assert_int_equal(excerpt.first_line, 1);
        assert_int_equal(excerpt.line_count, 1);

        excerpt = take(arena, "0\n1\n2\n3\n4\n5\n6\n", "2\n3\n4\n5\n");
        assert_int_equal(excerpt.first_line, 2);
        assert_int_equal(excerpt.line_count, 4);
        assert_string_equal(excerpt.lines[3], "4");

        excerpt = take(arena, "0\n1\n2\n3\n", "1\n");
        assert_int_equal(excerpt.line_count, 2); /* the end of its line is not the next line */

        struct cf_place whole = {.path = "f"};
        assert_int_equal(cf_excerpt_take(arena, source_of(arena, "x"), &whole, &excerpt), 0);
        assert_int_equal(excerpt.first_line, 0);
}

static void excerpts_of_long_lines(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char text[2001];
        /* Two bytes a character: a cut must not fall into one. */
        for (size_t i = 0; i + 1 < sizeof(text); i += 2)
                memcpy(text + i, "\xc3\xa9", 2);
        text[2000] = '\0';
        memcpy(text, "ab", 2);
        struct cf_excerpt excerpt = take(arena, text, "ab");
        assert_int_equal(excerpt.first_column, 1);
        assert_int_equal(strlen(excerpt.lines[0]), CF_EXCERPT_LINE);
        assert_true(cf_utf8_valid(cf_span_of(excerpt.lines[0]), NULL));

        memcpy(text + 1000, "here", 4);
        excerpt = take(arena, text, "here");
        assert_int_equal(excerpt.line_count, 1);
        assert_int_equal(excerpt.first_line, 1);
        assert_int_equal(excerpt.first_column, 462); /* 40 before its column, 502 */
        assert_true(strlen(excerpt.lines[0]) <= CF_EXCERPT_LINE);
        size_t at = cf_span_find(cf_span_of(excerpt.lines[0]), CF_SPAN("here"));
        assert_int_equal(at, 80);
        assert_true(cf_utf8_valid(cf_span_of(excerpt.lines[0]), NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names),
                cmocka_unit_test(copy_is_deep),
                cmocka_unit_test(copy_without_memory),
                cmocka_unit_test(excerpts),
                cmocka_unit_test(excerpts_of_long_lines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
