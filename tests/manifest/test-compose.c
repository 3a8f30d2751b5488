/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the Compose reader that case folders show only from outside: interpolation, .env files,
 * claims, limits, and memory that runs out at any allocation. */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "manifest/compose.h"
#include "manifest/formats.h"

/* A hole is written as '@' in the rows. */
static void show_holes(struct cf_span text, char *out, size_t room)
{
        size_t i = 0;
        for (; i < text.size && i + 1 < room; i++)
                out[i] = text.data[i] ? text.data[i] : '@';
        out[i] = '\0';
}

/* What compose-go 2.16.2 makes of the same with these variables, except for the holes: there it
 * puts nothing. */
static const struct interpolation {
        const char *template, *result;
        enum cf_certainty certainty;
        const char *because;
} interpolations[] = {
        {"", "", CF_CERTAIN, NULL},
        {"plain", "plain", CF_CERTAIN, NULL},
        {"a$", "a$", CF_CERTAIN, NULL},
        {"a$ b", "a$ b", CF_CERTAIN, NULL},
        {"$9", "$9", CF_CERTAIN, NULL},
        {"$$A", "$A", CF_CERTAIN, NULL},
        {"$$$A", "$one", CF_ASSUMED, "A is 'one' in the environment"},
        {"$A", "one", CF_ASSUMED, "A is 'one'"},
        {"$A-x", "one-x", CF_ASSUMED, "A is 'one'"},
        {"${A}x", "onex", CF_ASSUMED, "A is 'one'"},
        {"$a_1", "two", CF_ASSUMED, "a_1 is 'two'"},
        {"${A}${a_1}", "onetwo", CF_ASSUMED, "A is 'one' in the environment; a_1 is 'two'"},
        {"${E}", "", CF_ASSUMED, "E is ''"},
        {"${X}", "@", CF_UNKNOWN, "X is not set here"},
        {"$X", "@", CF_UNKNOWN, "X is not set here"},
        {"p/$X/q", "p/@/q", CF_UNKNOWN, "X is not set here"},
        {"${X:-d}", "d", CF_ASSUMED, "X is unset, its default is 'd'"},
        {"${X-d}", "d", CF_ASSUMED, "X is unset, its default is 'd'"},
        {"${E:-d}", "d", CF_ASSUMED, "E is empty, its default is 'd'"},
        {"${E-d}", "", CF_ASSUMED, "E is ''"},
        {"${A:-d}", "one", CF_ASSUMED, "A is 'one'"},
        {"${X:-}", "", CF_ASSUMED, "X is unset, its default is ''"},
        {"${X:-$A}", "one", CF_ASSUMED, "A is 'one'"},
        {"${X:-${Y:-z}}", "z", CF_ASSUMED, "Y is unset, its default is 'z'"},
        {"${X:-${Y}}", "@", CF_UNKNOWN, "Y is not set here"},
        {"${X:-a${Y:-b}c}d", "abcd", CF_ASSUMED, "Y is unset"},
        {"${X:-{}}", "{}", CF_ASSUMED, NULL},
        {"${X:-{\"a\":1}}", "{\"a\":1}", CF_ASSUMED, NULL},
        {"${X:-a}b}", "ab}", CF_ASSUMED, NULL},
        {"${X-a:-b}", "a:-b", CF_ASSUMED, NULL},
        {"${X:-a?b}", "a?b", CF_ASSUMED, NULL},
        {"${A:+r}", "r", CF_ASSUMED, "A is set in the environment"},
        {"${E:+r}", "", CF_ASSUMED, "E is ''"},
        {"${E+r}", "r", CF_ASSUMED, "E is set"},
        {"${X:+r}", "@", CF_UNKNOWN, "X is not set here; when it is, the value is 'r'"},
        {"${A:?m}", "one", CF_ASSUMED, NULL},
        {"${X:?m}", "@", CF_UNKNOWN, "X must be set"},
        {"${E:?m}", "@", CF_UNKNOWN, "E must be set"},
        {"${E?m}", "", CF_ASSUMED, NULL},
        {"${X?}", "@", CF_UNKNOWN, "X must be set"},
        {"${H}", "@", CF_UNKNOWN, "elsewhere"},
        {"${H:-d}", "@", CF_UNKNOWN, "elsewhere"},
        {"${H-d}", "@", CF_UNKNOWN, "elsewhere"},
        {"${H:+d}", "@", CF_UNKNOWN, "elsewhere"},
        {"${H+d}", "d", CF_ASSUMED, "H is set"},
};

static const char *const refused[] = {"${",     "${}",  "${-a}",  "${A",       "${A:-b", "${A b}",
                                      "${A:b}", "${9}", "x${A!}", "${A:-b\n}", "$$${"};

static struct cf_variables sample_variables(struct cf_arena *arena)
{
        static const char *const environment[] = {"A=one", "a_1=two", "E=", "=x", "none", NULL};
        struct cf_variables variables = {0};
        assert_int_equal(cf_variables_from(arena, environment, &variables), 0);
        struct cf_variable unknown = {
                .value = {"\0", 1}, .origin = "in .env:1", .because = "elsewhere"};
        assert_int_equal(cf_variable_put(arena, &variables, CF_SPAN("H"), unknown), 0);
        return variables;
}

static void test_interpolation(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_variables variables = sample_variables(arena);
        for (size_t i = 0; i < CF_COUNT(interpolations); i++) {
                const struct interpolation *row = &interpolations[i];
                struct cf_value value;
                char text[256];
                assert_int_equal(
                        cf_interpolate(arena, cf_span_of(row->template), &variables, &value), 0);
                show_holes(value.text, text, sizeof(text));
                if (strcmp(text, row->result) != 0 || value.certainty != row->certainty ||
                    value.problem || (value.certainty == CF_CERTAIN) != !value.because ||
                    (row->because && !strstr(value.because, row->because)))
                        fail_msg("%s: '%s' because %s, problem %s", row->template, text,
                                 value.because ? value.because : "-",
                                 value.problem ? value.problem : "-");
        }
        for (size_t i = 0; i < CF_COUNT(refused); i++) {
                struct cf_value value;
                assert_int_equal(cf_interpolate(arena, cf_span_of(refused[i]), &variables, &value),
                                 0);
                if (!value.problem)
                        fail_msg("%s is taken", refused[i]);
        }
}

static void test_interpolation_limits(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_variables variables = sample_variables(arena);
        for (size_t depth = CF_COMPOSE_NESTING - 1; depth <= CF_COMPOSE_NESTING; depth++) {
                CF_TEXT struct cf_text text = {0};
                struct cf_value value;
                for (size_t i = 0; i < depth; i++)
                        cf_text_puts(&text, "${X:-");
                cf_text_puts(&text, "z");
                cf_text_repeat(&text, '}', depth);
                assert_int_equal(cf_interpolate(arena, cf_text_span(&text), &variables, &value), 0);
                assert_int_equal(value.certainty,
                                 depth < CF_COMPOSE_NESTING ? CF_ASSUMED : CF_UNKNOWN);
        }
        for (size_t size = CF_COMPOSE_VALUE - 1; size <= CF_COMPOSE_VALUE + 1; size++) {
                CF_TEXT struct cf_text text = {0};
                struct cf_value value;
                cf_text_puts(&text, "$E");
                cf_text_repeat(&text, ' ', size);
                assert_int_equal(cf_interpolate(arena, cf_text_span(&text), &variables, &value), 0);
                assert_int_equal(value.text.size, size <= CF_COMPOSE_VALUE ? size : 1);
                assert_int_equal(value.certainty,
                                 size <= CF_COMPOSE_VALUE ? CF_ASSUMED : CF_UNKNOWN);
        }
}

static void test_holes(void **state)
{
        (void)state;
        static const struct {
                struct cf_span text;
                const char *word;
                bool may_be;
        } rows[] = {
#define HOLES(literal) {literal, sizeof(literal) - 1}
                {HOLES("a"), "a", true},         {HOLES("a"), "b", false},
                {HOLES("\0"), "", true},         {HOLES("\0"), "abc", true},
                {HOLES("a\0"), "abc", true},     {HOLES("b\0"), "abc", false},
                {HOLES("\0c"), "abc", true},     {HOLES("\0b"), "abc", false},
                {HOLES("a\0c\0"), "abcd", true}, {HOLES("a\0b\0b"), "ab", false},
                {HOLES("\0b\0b"), "abab", true}, {HOLES("\0\0"), "", true},
                {HOLES("abc\0"), "ab", false},   {HOLES("\0aab"), "aaaab", true},
#undef HOLES
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                if (cf_value_may_be(rows[i].text, rows[i].word) != rows[i].may_be)
                        fail_msg("row %zu", i);
}

/* The same lines that compose-go's dotenv package was asked about. */
static const struct {
        const char *text, *name, *value; /* value NULL: not set */
} env_rows[] = {
        {"A=b\n", "A", "b"},
        {"A=b", "A", "b"},
        {"\n\n  A = b \n", "A", "b"},
        {"A:b\n", "A", "b"},
        {"A: b\n", "A", "b"},
        {"export A=b\n", "A", "b"},
        {"export\tA=b\n", "A", "b"},
        {"exportA=b\n", "exportA", "b"},
        {"A=b # c\n", "A", "b"},
        {"A=b#c\n", "A", "b#c"},
        {"A= # c\n", "A", "# c"},
        {"A=\n", "A", ""},
        {"A\nB=c\n", "A", NULL},
        {"A\nB=c\n", "B", "c"},
        {"# A=b\n", "A", NULL},
        {"A='b' # c\n", "A", "b"},
        {"A='b\nc'\n", "A", "b\nc"},
        {"A='$B'\n", "A", "$B"},
        {"A='b\\'c'\n", "A", "b'c"},
        {"A='b\\nc'\n", "A", "b\\nc"},
        {"A=\"b\\nc\"\n", "A", "b\nc"},
        {"A=\"b\\tc\\\\d\\\"\"\n", "A", "b\tc\\d\""},
        {"A=\"b\\qc\"\n", "A", "b\\qc"},
        {"A=\"b\\0101\"\n", "A", "bA"},
        {"A=\"b\\012\"\n", "A", "b\\12"},
        {"A=\"b\\0\"\n", "A", "b\\"},
        {"A=\"b\\0891\"\n", "A", "b\\891"},
        {"A=\"b\\0777\"\n", "A", "b\\777"},
        {"A=\"b\\0351\"\n", "A", "b\xc3\xa9"},
        {"A=\"\\$B\"\n", "A", "$B"},
        {"B=x\nA=$B\n", "A", "x"},
        {"B=x\nA=${B}y\n", "A", "xy"},
        {"B=x\nA=\"${C:-$B}\"\n", "A", "x"},
        {"A=b\nA=c\n", "A", "c"},
        {"A=b\r\nC=d\r\n", "A", "b"},
        {"A=b\r\nC=\"d\"\r\n", "C", "d"},
        {"A.b-c[0]=d\n", "A.b-c[0]", "d"},
        {"1A=b\n", "1A", "b"},
        {"\xc2\xa0"
         "A=b\n",
         "A", "b"},
        {"A=b c\n", "A", "b c"},
        {"A=b=c\n", "A", "b=c"},
        {"A=$$B\n", "A", "$B"},
};

static void test_env_file(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(env_rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_variables variables = {.own = cf_map_new(arena)};
                struct cf_source *source;
                struct cf_error err = {0};
                assert_int_equal(
                        cf_source_from(arena, ".env", cf_span_of(env_rows[i].text), &source, NULL),
                        0);
                if (cf_variables_read(arena, source, &variables, &err) < 0)
                        fail_msg("row %zu: %s", i, err.frames[0].message);
                const struct cf_variable *found =
                        cf_variable_find(&variables, cf_span_of(env_rows[i].name));
                if (!found != !env_rows[i].value ||
                    (found && !cf_span_is(found->value, env_rows[i].value)))
                        fail_msg("row %zu: %.*s", i, found ? (int)found->value.size : 4,
                                 found ? found->value.data : "none");
        }
}

static const struct {
        const char *text;
        unsigned line, column;
        const char *message;
} env_bads[] = {
        {"A=b\nB C=d\n", 2, 1, "cannot contain a space"},
        {"A(b=c\n", 1, 2, "not allowed in the name"},
        {"A=b\n\nC=\"d\n", 3, 3, "does not end"},
        {"A=${\n", 1, 3, "starts no variable"},
};

static void test_env_file_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(env_bads); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_variables variables = {.own = cf_map_new(arena)};
                struct cf_source *source;
                struct cf_error err = {0};
                assert_int_equal(
                        cf_source_from(arena, ".env", cf_span_of(env_bads[i].text), &source, NULL),
                        0);
                assert_int_equal(cf_variables_read(arena, source, &variables, &err), -EINVAL);
                if (err.frames[0].place.line != env_bads[i].line ||
                    err.frames[0].place.column != env_bads[i].column ||
                    !strstr(err.frames[0].message, env_bads[i].message))
                        fail_msg("row %zu: %u:%u: %s", i, err.frames[0].place.line,
                                 err.frames[0].place.column, err.frames[0].message);
        }
}

/* ---- whole files --------------------------------------------------------------------------- */

struct seen {
        size_t subjects, settings, troubles;
        int answer; /* of the callback */
        const char *last_name;
        struct cf_error last_trouble;
};

static int see_subject(const struct cf_subject *subject, void *context)
{
        struct seen *seen = context;
        seen->subjects++;
        seen->settings += subject->setting_count;
        return seen->answer;
}

static void see_trouble(const struct cf_error *err, void *context)
{
        struct seen *seen = context;
        seen->troubles++;
        cf_error_copy(&seen->last_trouble, err);
}

static int read_as(struct cf_arena *arena, const char *path, struct cf_span text, struct seen *seen)
{
        struct cf_source *source;
        struct cf_reader reader = {
                .arena = arena, .subject = see_subject, .trouble = see_trouble, .context = seen};
        int r = cf_source_from(arena, path, text, &source, NULL);
        return r < 0 ? r : cf_manifest_read(&reader, source);
}

static void test_claims(void **state)
{
        (void)state;
        static const struct {
                const char *path, *text;
                enum cf_claim claim;
        } rows[] = {
                {"compose.yaml", "", CF_CLAIM_NAME},
                {"a/docker-compose.yml", "", CF_CLAIM_NAME},
                {"docker-compose.prod.yml", "", CF_CLAIM_NAME},
                {"docker-compose-gpu.yaml", "", CF_CLAIM_NAME},
                {"compose.gpu.yaml", "", CF_CLAIM_NAME},
                {"docker-compose.json", "", CF_CLAIM_NAME},
                {"compose.override.yml", "", CF_CLAIM_NAME},
                {"compose.txt", "services:", CF_CLAIM_NONE},
                {"my-compose.yaml", "", CF_CLAIM_NONE},
                {"my-compose.yaml", "services:", CF_CLAIM_CONTENT},
                {"stack.json", "{\"services\":", CF_CLAIM_CONTENT},
                {"stack.json", "{}", CF_CLAIM_NONE},
                {"<stdin>", "services:", CF_CLAIM_CONTENT},
                {"README.md", "services:", CF_CLAIM_NONE},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_source *source;
                assert_int_equal(cf_source_from(arena, rows[i].path, cf_span_of(rows[i].text),
                                                &source, NULL),
                                 0);
                if (cf_format_compose.claim(source) != rows[i].claim)
                        fail_msg("%s", rows[i].path);
        }
}

static const char sample[] =
        "x-a: &a\n  security_opt: &so\n    - seccomp:unconfined # c\n    - label=disable\n"
        "  privileged: ${P:-true}\nservices:\n  web:\n    <<: *a\n    image: x\n"
        "    # confined: ignore privileged -- why\n    privileged: true\n"
        "    build: {context: ., privileged: yes}\n"
        "    pre_start:\n      - security_opt: [\"seccomp=${X}\"]\n"
        "  db:\n    extends: web\n    security_opt: *so\n---\n"
        "services:\n  db:\n    security_opt: !override [seccomp=x.json]\n"
        "  q:\n    image: y\n    privileged: !reset null\n    extends: nothing\n";

static void test_callback_answer(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct seen seen = {.answer = -ECANCELED};
        assert_int_equal(read_as(arena, "/nonexistent/compose.yaml", cf_span_of(sample), &seen),
                         -ECANCELED);
        assert_int_equal(seen.subjects, 1);
}

/* Memory may run out at every allocation: said once, nothing crashes, no subject by halves. */
static void test_memory(void **state)
{
        (void)state;
        struct seen whole = {0};
        CF_ARENA struct cf_arena *all = cf_arena_new(0);
        assert_int_equal(read_as(all, "/nonexistent/compose.yaml", cf_span_of(sample), &whole), 0);
        assert_int_equal(whole.subjects, 7);
        assert_int_equal(whole.troubles, 1);
        bool done = false;
        for (size_t limit = 1024; !done; limit += 512) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                struct seen seen = {0};
                int r = read_as(arena, "/nonexistent/compose.yaml", cf_span_of(sample), &seen);
                if (r == -ENOMEM)
                        continue; /* not even the text */
                assert_int_equal(r, 0);
                done = seen.subjects == whole.subjects;
                assert_true(done || seen.subjects == 0);
                if (!done)
                        assert_int_equal(seen.last_trouble.code, -ENOMEM);
                assert_true(limit < ((size_t)1 << 20));
        }
}

static void test_limits(void **state)
{
        (void)state;
        CF_TEXT struct cf_text text = {0};
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct seen seen = {0};
        cf_text_puts(&text, "services:\n  web:\n    image: x\n    security_opt:\n");
        for (size_t i = 0; i < CF_COMPOSE_OPTIONS + 1; i++)
                cf_text_printf(&text, "      - seccomp=%zu\n", i);
        assert_int_equal(read_as(arena, "/nonexistent/compose.yaml", cf_text_span(&text), &seen),
                         0);
        assert_int_equal(seen.settings, CF_COMPOSE_OPTIONS);
        assert_int_equal(seen.troubles, 1);
        /* A chain of extends: as long as is followed, and longer. */
        for (size_t length = CF_COMPOSE_DEPTH + 1; length <= CF_COMPOSE_DEPTH + 2; length++) {
                seen = (struct seen){0};
                cf_text_clear(&text);
                cf_text_puts(&text, "services:\n");
                for (size_t i = 0; i < length; i++)
                        cf_text_printf(&text, "  s%zu: {extends: s%zu}\n", i, i + 1);
                cf_text_printf(&text, "  s%zu: {image: x, privileged: true}\n", length);
                assert_int_equal(
                        read_as(arena, "/nonexistent/compose.yaml", cf_text_span(&text), &seen), 0);
                assert_int_equal(seen.troubles, length <= CF_COMPOSE_DEPTH + 1 ? 0 : 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_interpolation),
                cmocka_unit_test(test_interpolation_limits),
                cmocka_unit_test(test_holes),
                cmocka_unit_test(test_env_file),
                cmocka_unit_test(test_env_file_refused),
                cmocka_unit_test(test_claims),
                cmocka_unit_test(test_callback_answer),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
