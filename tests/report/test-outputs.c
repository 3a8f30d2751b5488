/* SPDX-License-Identifier: Apache-2.0 */
/* Every output of every fixture against its file in expected/. Run it with CONFINED_EXPECTED=write
 * to make the files anew, and read the difference before you commit it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/source.h"
#include "fixture.h"
#include "unit.h"

#define EXPECTED "tests/report/expected/"

static const struct {
        const char *name;
        struct fixture *(*make)(void);
} reports[] = {
        {"scan", fixture_scan},       {"clean", fixture_clean}, {"excerpts", fixture_excerpts},
        {"hostile", fixture_hostile}, {"audit", fixture_audit}, {"kernel", fixture_kernel},
};

/* What a report is written with, besides each format's plain form. */
static const struct {
        const char *name; /* added to the file's name */
        const char *output;
        struct cf_report_options options;
} variants[] = {
        {"-color", "terminal", {.color = true}}, {"-quiet", "terminal", {.quiet = true}},
        {"-all", "terminal", {.all = true}},     {"-60", "terminal", {.width = 60}},
        {"-all", "lines", {.all = true}},
};

static struct cf_span read_file(const char *path, char **ret_data)
{
        FILE *stream = fopen(path, "rb");
        size_t capacity = 1 << 20;
        char *data = malloc(capacity);
        assert_non_null(data);
        size_t size = stream ? fread(data, 1, capacity, stream) : 0;
        assert_true(size < capacity);
        if (stream)
                fclose(stream);
        *ret_data = data;
        return (struct cf_span){data, size};
}

static void compare(const char *path, struct cf_span written)
{
        const char *mode = getenv("CONFINED_EXPECTED");
        if (mode && strcmp(mode, "write") == 0) {
                FILE *stream = fopen(path, "wb");
                assert_non_null(stream);
                assert_true(written.size == 0 ||
                            fwrite(written.data, 1, written.size, stream) == written.size);
                assert_int_equal(fclose(stream), 0);
                return;
        }
        CF_FREE char *data = NULL;
        struct cf_span expected = read_file(path, &data);
        size_t same = 0;
        while (same < expected.size && same < written.size &&
               expected.data[same] == written.data[same])
                same++;
        if (!cf_span_equal(expected, written)) {
                size_t start = same > 200 ? same - 200 : 0;
                struct cf_span is = cf_span_part(written, start, 400);
                struct cf_span was = cf_span_part(expected, start, 400);
                fail_msg("%s differs at byte %zu:\n%.*s\n--- expected:\n%.*s", path, same,
                         (int)is.size, is.data, (int)was.size, was.data);
        }
}

static void write_one(const char *report_name, const struct cf_report *report, const char *variant,
                      const struct cf_output *output, const struct cf_report_options *options)
{
        CF_TEXT struct cf_text out = {0};
        char path[256];
        snprintf(path, sizeof(path), EXPECTED "%s%s.%s", report_name, variant, output->name);
        assert_int_equal(output->write(report, options, &out), 0);
        compare(path, cf_text_span(&out));
}

static void as_expected(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(reports); i++) {
                struct fixture *fixture = reports[i].make();
                const char *command = fixture->report.command;
                for (size_t j = 0; cf_outputs[j]; j++) {
                        static const struct cf_report_options plain = {0};
                        if (!cf_outputs[j]->commands || strstr(cf_outputs[j]->commands, command))
                                write_one(reports[i].name, &fixture->report, "", cf_outputs[j],
                                          &plain);
                }
                for (size_t j = 0; j < CF_COUNT(variants); j++)
                        write_one(reports[i].name, &fixture->report, variants[j].name,
                                  cf_output_find(variants[j].output), &variants[j].options);
                fixture_free(fixture);
        }
}

static void errors_as_expected(void **state)
{
        (void)state;
        CF_TEXT struct cf_text out = {0};
        for (size_t i = 0; i < CF_COUNT(reports); i++) {
                struct fixture *fixture = reports[i].make();
                for (size_t j = 0; j < fixture->report.trouble_count; j++)
                        cf_error_render(fixture->report.troubles[j], &out);
                fixture_free(fixture);
        }
        compare(EXPECTED "errors", cf_text_span(&out));
}

/* Without colour nothing but newlines controls the terminal; with it our own codes alone. */
static void terminal_is_safe(void **state)
{
        (void)state;
        static const char *const names[] = {"terminal", "lines", "github", "cis"};
        for (size_t i = 0; i < CF_COUNT(reports); i++) {
                struct fixture *fixture = reports[i].make();
                for (size_t j = 0; j < CF_COUNT(names); j++) {
                        CF_TEXT struct cf_text out = {0};
                        struct cf_report_options options = {.all = true};
                        cf_output_find(names[j])->write(&fixture->report, &options, &out);
                        assert_true(cf_utf8_valid(cf_text_span(&out), NULL));
                        for (size_t k = 0; k < out.size; k++)
                                if ((unsigned char)out.data[k] < 0x20 || out.data[k] == 0x7f)
                                        assert_int_equal(out.data[k], '\n');
                }
                fixture_free(fixture);
        }
}

/* A text that is full at any point ends every writer with -ENOMEM, never with less said. */
static void full_text_is_an_error(void **state)
{
        (void)state;
        for (size_t i = 0; i < CF_COUNT(reports); i++) {
                struct fixture *fixture = reports[i].make();
                for (size_t j = 0; cf_outputs[j]; j++) {
                        CF_TEXT struct cf_text whole = {0};
                        struct cf_report_options options = {.color = true, .width = 80};
                        assert_int_equal(cf_outputs[j]->write(&fixture->report, &options, &whole),
                                         0);
                        size_t step = whole.size / 40 + 1;
                        for (size_t max = 1; max < whole.size; max += step) {
                                CF_TEXT struct cf_text out = {.max = max};
                                assert_int_equal(
                                        cf_outputs[j]->write(&fixture->report, &options, &out),
                                        -ENOMEM);
                        }
                }
                fixture_free(fixture);
        }
}

static void status(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                struct fixture *(*make)(void);
                enum cf_verdict fail_on;
                bool troubles;
                int status;
        } rows[] = {
                {"troubles win", fixture_scan, CF_WARN, true, 2},
                {"findings", fixture_scan, CF_WARN, false, 1},
                {"failures only", fixture_scan, CF_FAIL, false, 1},
                {"never", fixture_scan, CF_FAIL + 1, false, 0},
                {"clean", fixture_clean, CF_NOTE, false, 0},
                {"interrupted", fixture_kernel, CF_FAIL, false, 2},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct fixture *fixture = rows[i].make();
                fixture->report.fail_on = rows[i].fail_on;
                if (!rows[i].troubles)
                        fixture->report.trouble_count = 0;
                if (cf_report_status(&fixture->report) != rows[i].status)
                        fail_msg("%s", rows[i].name);
                fixture_free(fixture);
        }
}

static void suppressed_alone_is_no_finding(void **state)
{
        (void)state;
        struct fixture *fixture = fixture_scan();
        fixture->report.trouble_count = 0;
        for (size_t i = 0; i < fixture->report.finding_count; i++)
                fixture->findings[i]->in_baseline = true;
        CF_TEXT struct cf_text out = {0};
        struct cf_report_options options = {0};
        assert_int_equal(cf_report_status(&fixture->report), 0);
        assert_int_equal(cf_output_find("terminal")->write(&fixture->report, &options, &out), 0);
        assert_string_equal(out.data, "no finding in 1,204 files (0.04 s); 1 suppressed, "
                                      "8 in the baseline (--all shows them)\n");
        fixture_free(fixture);
}

static void outputs_are_complete(void **state)
{
        (void)state;
        size_t count = 0;
        for (; cf_outputs[count]; count++) {
                assert_non_null(cf_outputs[count]->name);
                assert_non_null(cf_outputs[count]->summary);
                assert_non_null(cf_outputs[count]->write);
                assert_ptr_equal(cf_output_find(cf_outputs[count]->name), cf_outputs[count]);
        }
        assert_int_equal(count, 7);
        assert_null(cf_output_find("xml"));
        assert_null(cf_output_find(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(as_expected),
                cmocka_unit_test(errors_as_expected),
                cmocka_unit_test(terminal_is_safe),
                cmocka_unit_test(full_text_is_an_error),
                cmocka_unit_test(status),
                cmocka_unit_test(suppressed_alone_is_no_finding),
                cmocka_unit_test(outputs_are_complete),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
