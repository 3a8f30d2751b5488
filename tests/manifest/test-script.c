/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files of commands: what is handed over, and the limits of one file. */
#include "unit.h"

#include "base/text.h"
#include "manifest/command.h"
#include "manifest/formats.h"

struct got {
        size_t subjects, settings, troubles;
        struct cf_text last; /* the last subject and its settings */
        char trouble[CF_ERROR_TEXT];
        int answer; /* what the callback returns */
};

static int take_subject(const struct cf_subject *subject, void *context)
{
        struct got *got = context;
        got->subjects++;
        got->settings += subject->setting_count;
        cf_text_clear(&got->last);
        cf_text_printf(&got->last, "%s %s %s %s %u:%u-%u:%u",
                       subject->engine_word ? subject->engine_word : "-",
                       subject->action ? subject->action : "-",
                       subject->image ? subject->image : "-", subject->name ? subject->name : "-",
                       subject->place.line, subject->place.column, subject->place.end_line,
                       subject->place.end_column);
        for (size_t i = 0; i < subject->setting_count; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                cf_text_printf(&got->last, " %s@%u:%u-%u:%u", setting->value ? setting->value : "?",
                               setting->place.line, setting->place.column, setting->place.end_line,
                               setting->place.end_column);
        }
        return got->answer;
}

static void take_trouble(const struct cf_error *err, void *context)
{
        struct got *got = context;
        got->troubles++;
        snprintf(got->trouble, sizeof(got->trouble), "%s", err->frames[0].message);
}

static int read_file(const struct cf_format *format, const char *path, struct cf_span text,
                     size_t memory, struct got *got)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(memory);
        struct cf_source *source;
        struct cf_error err = {0};
        int r = cf_source_from(arena, path, text, &source, &err);
        if (r < 0)
                return r;
        struct cf_reader reader = {
                .arena = arena, .subject = take_subject, .trouble = take_trouble, .context = got};
        return format->read(&reader, source, &err);
}

static int read_shell(struct cf_span text, struct got *got)
{
        return read_file(&cf_format_shell, "run.sh", text, 0, got);
}

/* ---- subjects -------------------------------------------------------------------------------- */

static void hands_over_places_and_values(void **state)
{
        (void)state;
        static const struct {
                const char *text, *got;
        } rows[] = {
                {"docker run --privileged img", "docker run img img 1:1-1:28 true@1:12-1:24"},
                {"x; sudo docker create --name=web --security-opt seccomp=unconfined img y",
                 "docker create img web 1:4-1:73 seccomp=unconfined@1:34-1:67"},
                {"docker run \\\n  --security-opt \\\n  seccomp:unconfined img",
                 "docker run img img 1:1-3:25 seccomp:unconfined@2:3-3:21"},
                {"podman exec --privileged=false web sh",
                 "podman exec - web 1:1-1:38 false@1:13-1:31"},
                {"O='--privileged'\ndocker run $O img",
                 "docker run img img 2:1-2:18 true@1:4-1:16"},
                {"docker run --security-opt seccomp=$D/p.json img",
                 "docker run img img 1:1-1:48 seccomp=$D/p.json@1:12-1:44"},
                {"docker run --security-opt \"$X\" img", "docker run img img 1:1-1:35 ?@1:12-1:31"},
                {"dockerd --seccomp-profile unconfined",
                 "dockerd - - dockerd 1:1-1:37 unconfined@1:9-1:37"},
                {"O='--security-opt seccomp=unconfined'",
                 "- - - O 1:4-1:37 seccomp=unconfined@1:4-1:37"},
                {"docker run --security-opt seccomp=a --security-opt label=b --privileged img",
                 "docker run img img 1:1-1:76 seccomp=a@1:12-1:36 true@1:60-1:72"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct got got = {0};
                assert_int_equal(read_shell(cf_span_of(rows[i].text), &got), 0);
                assert_int_equal(got.subjects, 1);
                assert_int_equal(got.troubles, 0);
                assert_string_equal(got.last.data, rows[i].got);
                cf_text_done(&got.last);
        }
}

static void gives_back_what_the_callback_says(void **state)
{
        (void)state;
        struct got got = {.answer = -ECANCELED};
        assert_int_equal(read_shell(CF_SPAN("docker run --privileged a\n"
                                            "docker run --privileged b\n"),
                                    &got),
                         -ECANCELED);
        assert_int_equal(got.subjects, 1);
        cf_text_done(&got.last);
        got = (struct got){.answer = -ECANCELED};
        assert_int_equal(
                read_shell(CF_SPAN("O=--privileged\ndocker run $O a\ndocker run $O b\n"), &got),
                -ECANCELED);
        assert_int_equal(got.subjects, 1);
        cf_text_done(&got.last);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* `lines` times a line (with its number for %zu); what is handed over, and the trouble. */
static struct got repeat(const char *before, const char *line, size_t lines, const char *after)
{
        struct got got = {0};
        CF_TEXT struct cf_text text = {0};
        cf_text_puts(&text, before);
        for (size_t i = 0; i < lines; i++)
                cf_text_puts(&text, line);
        cf_text_puts(&text, after);
        assert_int_equal(read_shell(cf_text_span(&text), &got), 0);
        cf_text_done(&got.last);
        return got;
}

static void commands_with_settings_are_bounded(void **state)
{
        (void)state;
        static const char line[] = "docker run --privileged a\n";
        struct got got = repeat("", line, CF_SCRIPT_SUBJECTS, "");
        assert_int_equal(got.subjects, CF_SCRIPT_SUBJECTS);
        assert_int_equal(got.troubles, 0);
        got = repeat("", line, CF_SCRIPT_SUBJECTS + 1, "");
        assert_int_equal(got.subjects, CF_SCRIPT_SUBJECTS);
        assert_int_equal(got.troubles, 1);
        assert_string_equal(got.trouble, "read in part: too many commands");
}

static void variables_are_bounded(void **state)
{
        (void)state;
        static const char use[] = "docker run $b img\n";
        struct got got = repeat("b=--privileged\n", "a=b\n", CF_SCRIPT_ASSIGNMENTS - 2, use);
        assert_int_equal(got.troubles, 0);
        assert_int_equal(got.subjects, 1);
        got = repeat("b=--privileged\n", "a=b\n", CF_SCRIPT_ASSIGNMENTS, use);
        assert_int_equal(got.troubles, 1);
        assert_string_equal(got.trouble, "read in part: too many variables");
}

static void commands_with_variables_are_bounded(void **state)
{
        (void)state;
        static const char line[] = "docker run $a b\n";
        struct got got = repeat("", line, CF_SCRIPT_COMMANDS - 1, "");
        assert_int_equal(got.troubles, 0);
        got = repeat("", line, CF_SCRIPT_COMMANDS + 1, "");
        assert_int_equal(got.troubles, 1);
        assert_string_equal(got.trouble, "read in part: too many commands with variables");
}

static void long_lines_are_bounded(void **state)
{
        (void)state;
        struct got got = repeat("", "docker run --privileged a;", 1000, "");
        assert_int_equal(got.subjects, 1000);
        assert_int_equal(got.troubles, 0);
        got = repeat("", "docker run --privileged a;", 15000, "");
        assert_true(got.subjects > 500 && got.subjects < 15000);
        assert_string_equal(got.trouble, "read in part: too many settings on long lines");
}

static void settings_of_a_command_are_bounded(void **state)
{
        (void)state;
        struct got got = repeat("docker run", " --privileged", CF_COMMAND_SETTINGS, " a");
        assert_int_equal(got.settings, CF_COMMAND_SETTINGS);
        got = repeat("docker run", " --privileged", CF_COMMAND_SETTINGS + 1, " a");
        assert_int_equal(got.settings, CF_COMMAND_SETTINGS);
}

/* Values of values: 2^n words, but for the limit. */
static void values_are_bounded(void **state)
{
        (void)state;
        struct got got =
                repeat("a=\"--rm --rm\"\n", "a=\"$a $a\"\n", 40, "docker run $a --privileged b\n");
        assert_int_equal(got.troubles, 0);
        /* Ways that a variable may get its value: a few are followed, the others stand alone. */
        got = repeat("", "if x; then A=\"$A --privileged\"; fi\n", 300, "docker run $A b\n");
        assert_int_equal(got.troubles, 0);
        assert_int_equal(got.subjects, 300);
}

static void memory_can_run_out(void **state)
{
        (void)state;
        static const struct {
                const struct cf_format *format;
                const char *path, *text;
        } files[] = {
                {&cf_format_shell, "run.sh",
                 "O=\"--rm --privileged\"\nif x; then O+=\" --security-opt seccomp=$P\"; fi\n"
                 "a=(--privileged)\nf() { docker run $O \"${a[@]}\" \"$@\"; }\nf --privileged img\n"
                 "bash -c \"docker run \\\n --privileged \\\n img\"\n"},
                {&cf_format_make, "Makefile",
                 "O = --privileged\nx:\n\tdocker run $(O) $(shell docker run --privileged a) b\n"},
                {&cf_format_markdown, "README.md",
                 "`docker run --privileged a`\n```\n$ docker run \\\n> --privileged b\n```\n"
                 "<pre>docker run --privileged &lt;c&gt;</pre>\n"},
                {&cf_format_rest, "index.rst", "::\n\n  docker run --privileged a\n"},
                {&cf_format_dockerfile, "Dockerfile",
                 "FROM a AS b\nRUN --security=insecure x\nCMD [\"docker\",\"run\",\"--privileged\","
                 "\"a\"]\nENV O=--privileged\nRUN docker run $O \\\n a\n"},
                {&cf_format_systemd, "a.service",
                 "[Service]\nEnvironment=\"O=--privileged\"\nExecStart=docker run $O \\\n a\n"
                 "ExecStart=sh -c 'docker run --privileged b'\n"},
                {&cf_format_text, "notes.txt", "$ docker run --privileged a\n"},
        };
        for (size_t i = 0; i < CF_COUNT(files); i++) {
                int r = -ENOMEM;
                for (size_t limit = 256; r != 0; limit += 128) {
                        struct got got = {0};
                        r = read_file(files[i].format, files[i].path, cf_span_of(files[i].text),
                                      limit, &got);
                        cf_text_done(&got.last);
                        assert_true(r == 0 ? got.subjects > 0 : r == -ENOMEM);
                        assert_true(limit < (size_t)4 << 20);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hands_over_places_and_values),
                cmocka_unit_test(gives_back_what_the_callback_says),
                cmocka_unit_test(commands_with_settings_are_bounded),
                cmocka_unit_test(variables_are_bounded),
                cmocka_unit_test(commands_with_variables_are_bounded),
                cmocka_unit_test(long_lines_are_bounded),
                cmocka_unit_test(settings_of_a_command_are_bounded),
                cmocka_unit_test(values_are_bounded),
                cmocka_unit_test(memory_can_run_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
