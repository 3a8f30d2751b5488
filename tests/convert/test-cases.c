/* SPDX-License-Identifier: Apache-2.0 */
/* tests/convert/cases/FORMAT/NAME and NAME.expected: a text, and rows of what it means:
 *
 *   ARCH CALL [ARGUMENT…] -> ACTION      what a call gets; arguments left out are 0; a number may
 *                                        stand in place of the call
 *   warning LINE:COLUMN TEXT             every warning, with a part of its message
 *   error LINE:COLUMN TEXT               it is refused there, the message holds the text
 *   machine ARCH                         the engine's; x86_64 if not said
 *
 * What is read without an error is also written in its own format, or refused with a reason. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/convert.h"
#include "unit.h"

#define CASES "tests/convert/cases"

struct text_case {
        const char *name; /* "lxc/allowlist" */
        const struct cf_conversion *format;
        struct cf_arena *arena;
        struct cf_policies *all;
        struct cf_converted converted;
        const struct cf_source *source;
        struct cf_error err;
        int result;
        size_t warnings;
        bool refused;
};

static void wrong(const struct text_case *c, const char *row, const char *what)
{
        fail_msg("%s: row '%s': %s", c->name, row, what);
}

static void check_place(const struct text_case *c, const char *row, const struct cf_place *place,
                        const char *message)
{
        unsigned line, column;
        int at = 0;
        if (sscanf(row, "%*s %u:%u %n", &line, &column, &at) != 2)
                wrong(c, row, "no place");
        if (place->line != line || place->column != column || !strstr(message, row + at)) {
                char found[CF_ERROR_TEXT + 40];
                snprintf(found, sizeof(found), "found %u:%u %s", place->line, place->column,
                         message);
                wrong(c, row, found);
        }
}

static void check_call(const struct text_case *c, const char *row)
{
        char words[256], *rest = NULL, *word;
        const char *arrow = strstr(row, " -> ");
        CF_TEXT struct cf_text value = {0};
        struct cf_call call = {0};
        if (!arrow)
                wrong(c, row, "no '->'");
        snprintf(words, sizeof(words), "%.*s", (int)(arrow - row), row);
        const struct cf_arch *arch = cf_arch_by_name(strtok_r(words, " ", &rest));
        word = strtok_r(NULL, " ", &rest);
        if (!arch || !word)
                wrong(c, row, "no architecture or call");
        call.arch = arch->token;
        char *end;
        call.nr = (uint32_t)strtoul(word, &end, 0);
        if (*end && !cf_syscall_number(arch, word, &call.nr))
                wrong(c, row, "no such call");
        for (size_t i = 0; i < CF_POLICY_ARGS && (word = strtok_r(NULL, " ", &rest)); i++)
                call.args[i] = strtoull(word, NULL, 0);
        cf_action_print(&value, cf_policy_value(c->all, c->converted.policy, &call));
        if (strcmp(arrow + 4, value.data) != 0)
                wrong(c, row, value.data);
}

static void check_row(struct text_case *c, const char *row)
{
        if (strncmp(row, "error ", 6) == 0) {
                c->refused = true;
                if (c->result == 0)
                        wrong(c, row, "it was read without an error");
                check_place(c, row, &c->err.frames[0].place, c->err.frames[0].message);
                return;
        }
        if (c->result < 0)
                wrong(c, row, c->err.frames[0].message);
        if (strncmp(row, "warning ", 8) == 0) {
                if (c->warnings >= c->converted.warning_count)
                        wrong(c, row, "there is no such warning");
                const struct cf_profile_warning *w = &c->converted.warnings[c->warnings++];
                struct cf_place place = cf_source_place(c->source, w->part.offset, w->part.length);
                check_place(c, row, &place, w->message);
                return;
        }
        check_call(c, row);
}

/* Written and read again it is the same; cf_convert_write compares, but does not say what with. */
static void check_writing(const struct text_case *c)
{
        struct cf_writing writing = {
                .all = c->all,
                .arena = c->arena,
                .policy = c->converted.policy,
                .arches = c->converted.arches,
                .arch_count = c->converted.arch_count,
                .listener = c->converted.profile ? c->converted.profile->listener : NULL,
        };
        struct cf_circumstances circumstances = {.machine = c->converted.arches[0]};
        CF_TEXT struct cf_text text = {0};
        struct cf_error err = {0};
        struct cf_source *source = NULL;
        struct cf_converted again;
        int r = cf_convert_write(&writing, c->format, &text, &err);
        if (r == -ENOTSUP)
                return;
        if (r < 0)
                wrong(c, "(written)", err.frames[0].message);
        assert_int_equal(cf_source_from(c->arena, "again", cf_text_span(&text), &source, NULL), 0);
        struct cf_reading reading = {.all = c->all,
                                     .arena = c->arena,
                                     .source = source,
                                     .circumstances = &circumstances};
        assert_int_equal(cf_convert_read(&reading, c->format, &again, NULL), 0);
        assert_int_equal(again.policy, c->converted.policy);
        assert_true(!c->format->claim || c->format->claim(source) ||
                    strcmp(c->format->name, "oci") == 0);
}

static void run_case(const struct cf_conversion *format, const char *name)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_POLICIES struct cf_policies *all = cf_policies_new(0);
        struct cf_files *files = cf_files_new();
        struct text_case c = {.format = format, .arena = arena, .all = all};
        struct cf_circumstances circumstances = {.machine = cf_arch_by_name("x86_64")};
        struct cf_source *source, *expected;
        c.name = cf_arena_printf(arena, "%s/%s", format->name, name);
        const char *path = cf_arena_printf(arena, CASES "/%s", c.name);
        assert_int_equal(cf_files_read(files, arena, path, &source, NULL), 0);
        assert_int_equal(cf_files_read(files, arena, cf_arena_printf(arena, "%s.expected", path),
                                       &expected, NULL),
                         0);
        struct cf_span rest = expected->text, line;
        if (cf_span_starts(rest, "machine ") && cf_span_next_line(&rest, &line))
                circumstances.machine =
                        cf_arch_by_name(cf_arena_copy(arena, cf_span_part(line, 8, SIZE_MAX)));
        assert_non_null(circumstances.machine);
        struct cf_reading reading = {.all = all,
                                     .arena = arena,
                                     .files = files,
                                     .source = source,
                                     .circumstances = &circumstances};
        c.source = source;
        c.result = cf_convert_read(&reading, format, &c.converted, &c.err);
        while (cf_span_next_line(&rest, &line))
                if (line.size && line.data[0] != '#')
                        check_row(&c, cf_arena_copy(arena, line));
        if (c.result < 0 && !c.refused)
                wrong(&c, "(none)", c.err.frames[0].message);
        if (c.result == 0 && c.warnings != c.converted.warning_count)
                wrong(&c, "(none)", c.converted.warnings[c.warnings].message);
        if (c.result == 0 && format->write)
                check_writing(&c);
        cf_files_free(files);
}

static void test_cases(void **state)
{
        size_t done = 0;
        (void)state;
        for (const struct cf_conversion *format = cf_conversions; format->name; format++) {
                char path[256];
                snprintf(path, sizeof(path), CASES "/%s", format->name);
                DIR *folder = opendir(path);
                if (!folder) {
                        if (format->read && strcmp(format->name, "docker") != 0 &&
                            strcmp(format->name, "raw") != 0)
                                fail_msg("%s: no cases", path);
                        continue;
                }
                for (struct dirent *entry; (entry = readdir(folder));) {
                        if (entry->d_name[0] == '.' || strstr(entry->d_name, ".expected"))
                                continue;
                        run_case(format, entry->d_name);
                        done++;
                }
                closedir(folder);
        }
        assert_true(done > 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
