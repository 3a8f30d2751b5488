/* SPDX-License-Identifier: Apache-2.0 */
/* tests/profile/cases/NAME.json is a profile, NAME.expected what must come out, one line:
 *     KIND RULES NAMES DEFAULT-ACTION      KIND: filters, denylist, allows-all; action `-`: none
 *     error LINE:COLUMN MESSAGE            a part of the message
 * engine.bats tries the same files with a real engine. */
#include "profile/profile.h"

#include "base/text.h"
#include "unit.h"

#define CASES "tests/profile/cases"
#define CASES_LEAST 60 /* fewer means that the folder was not found */

static int read_case(struct cf_arena *arena, const char *path, struct cf_profile_summary *summary,
                     struct cf_error *err)
{
        struct cf_source *source = NULL;
        int r = cf_files_read(NULL, arena, path, &source, err);
        if (r < 0)
                fail_msg("%s: %s", path, err->frames[0].message);
        return cf_profile_summarize(arena, source, summary, err);
}

/* True when the outcome is what the line says; `got` tells what it is. */
static bool as_expected(const char *line, int r, const struct cf_profile_summary *summary,
                        const struct cf_error *err, struct cf_text *got)
{
        unsigned at_line, column;
        int read = 0;
        if (r < 0) {
                const struct cf_error_frame *frame = &err->frames[0];
                cf_text_printf(got, "error %u:%u %s", frame->place.line, frame->place.column,
                               frame->message);
                return sscanf(line, "error %u:%u %n", &at_line, &column, &read) == 2 && read > 0 &&
                       line[read] && at_line == frame->place.line &&
                       column == frame->place.column && strstr(frame->message, line + read);
        }
        cf_text_printf(got, "%s %zu %zu %s", cf_profile_kind_name(summary->kind), summary->rules,
                       summary->names, *summary->default_action ? summary->default_action : "-");
        return cf_span_is(cf_text_span(got), line);
}

static void cases(void **state)
{
        (void)state;
        unsigned count = 0, wrong = 0;
        CF_CLOSEDIR DIR *dir = opendir(CASES);
        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text got = {0};
                struct cf_span name = cf_span_of(entry->d_name);
                if (!cf_span_ends(name, ".json"))
                        continue;
                const char *path = cf_arena_printf(arena, CASES "/%s", entry->d_name);
                const char *beside = cf_arena_printf(arena, CASES "/%.*s.expected",
                                                     (int)(name.size - 5), name.data);
                CF_FCLOSE FILE *file = fopen(beside, "r");
                char line[512] = "";
                if (!file || !fgets(line, sizeof(line), file))
                        fail_msg("%s cannot be read", beside);
                line[strcspn(line, "\n")] = '\0';
                struct cf_profile_summary summary = {0};
                struct cf_error err = {0};
                int r = read_case(arena, path, &summary, &err);
                count++;
                if (!as_expected(line, r, &summary, &err, &got)) {
                        print_error("%s: expected: %s\n%*s  found: %s\n", path, line,
                                    (int)strlen(path), "", got.data);
                        wrong++;
                }
        }
        assert_int_equal(wrong, 0);
        assert_true(count >= CASES_LEAST);
}

static int summarize_text(struct cf_arena *arena, struct cf_span text,
                          struct cf_profile_summary *summary, struct cf_error *err)
{
        struct cf_source *source = NULL;
        assert_int_equal(cf_source_from(arena, "p.json", text, &source, err), 0);
        return cf_profile_summarize(arena, source, summary, err);
}

/* A list of `count` zeros as a member that nobody looks at. */
static void add_zeros(struct cf_text *text, size_t count)
{
        cf_text_puts(text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"x\": [0");
        for (size_t i = 1; i < count; i++)
                cf_text_puts(text, ",0");
        cf_text_puts(text, "]}");
}

static void limits(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_profile_summary summary = {.rules = 77};
        struct cf_error err = {0};
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\"}");
        cf_text_repeat(&text, ' ', CF_PROFILE_MAX - text.size);
        assert_int_equal(summarize_text(arena, cf_text_span(&text), &summary, &err), 0);
        cf_text_putc(&text, ' ');
        summary.rules = 77;
        assert_int_equal(summarize_text(arena, cf_text_span(&text), &summary, &err), -EFBIG);
        assert_non_null(strstr(err.frames[0].message, "larger than 4 MiB"));
        assert_int_equal(summary.rules, 77);

        cf_text_clear(&text);
        add_zeros(&text, 100000);
        assert_int_equal(summarize_text(arena, cf_text_span(&text), &summary, &err), 0);
        cf_text_clear(&text);
        add_zeros(&text, 2000000);
        assert_int_equal(summarize_text(arena, cf_text_span(&text), &summary, &err), -EFBIG);
        assert_non_null(strstr(err.frames[0].message, "more values than"));
}

static void encodings(void **state)
{
        (void)state;
        static const struct cf_span rows[] = {
                CF_SPAN("\xef\xbb\xbf{}"),
                CF_SPAN("\xff\xfe{\0}\0"),
                CF_SPAN("\xfe\xff\0{\0}"),
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_profile_summary summary;
                struct cf_error err = {0};
                assert_int_equal(summarize_text(arena, rows[i], &summary, &err), -EINVAL);
                assert_non_null(strstr(err.frames[0].message, "byte order mark"));
        }
}

/* The summary keeps its strings in the arena of the caller: none left there is an error. */
static void no_memory(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *sources = cf_arena_new(0);
        struct cf_source *source = NULL;
        assert_int_equal(cf_source_from(sources, "p.json", CF_SPAN("{}"), &source, NULL), 0);
        CF_ARENA struct cf_arena *arena = cf_arena_new(1);
        struct cf_profile_summary summary = {.rules = 77};
        struct cf_error err = {0};
        assert_int_equal(cf_profile_summarize(arena, source, &summary, &err), -ENOMEM);
        assert_int_equal(summary.rules, 77);
        assert_int_equal(err.count, 1);
}

static void place_of_the_default(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_profile_summary summary;
        struct cf_error err = {0};
        assert_int_equal(summarize_text(arena,
                                        CF_SPAN("{\n\t\"defaultAction\": \"SCMP_ACT_LOG\"\n}"),
                                        &summary, &err),
                         0);
        assert_int_equal(summary.default_place.line, 2);
        assert_int_equal(summary.default_place.column, 19);
        assert_int_equal(summary.default_place.length, 14);
        assert_int_equal(summary.kind, CF_PROFILE_ALLOWS_ALL);
        assert_int_equal(err.code, 0);
}

/* Every name that there is, but `without`, is allowed. */
static enum cf_profile_kind kind_of_all_names(const char *without)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text text = {0};
        struct cf_profile_summary summary;
        const struct cf_syscall *call;
        cf_text_puts(&text, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"action\": "
                            "\"SCMP_ACT_ALLOW\", \"names\": [\"read\"");
        for (size_t i = 0; (call = cf_syscall_at(i)); i++)
                if (strcmp(call->name, without) != 0)
                        cf_text_printf(&text, ", \"%s\"", call->name);
        cf_text_puts(&text, "]}]}");
        assert_int_equal(summarize_text(arena, cf_text_span(&text), &summary, NULL), 0);
        assert_false(summary.default_lets_through);
        return summary.kind;
}

static void every_name_allowed(void **state)
{
        (void)state;
        assert_int_equal(kind_of_all_names(""), CF_PROFILE_ALLOWS_ALL);
        assert_int_equal(kind_of_all_names("keyctl"), CF_PROFILE_FILTERS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cases),     cmocka_unit_test(limits),
                cmocka_unit_test(encodings), cmocka_unit_test(place_of_the_default),
                cmocka_unit_test(no_memory), cmocka_unit_test(every_name_allowed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
