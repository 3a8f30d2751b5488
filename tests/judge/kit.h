/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects to judge, written as rows. */
#pragma once

#include "unit.h"

#include "judge/judge.h"

#define ROW_SETTINGS 5

/* One setting in a row: place and excerpt are made from its position in the row. */
struct row_setting {
        enum cf_setting_kind kind;
        enum cf_certainty certainty;
        const char *value, *because, *problem, *json;
};
#define OPT(text)                                                           \
        {                                                                   \
                CF_SETTING_SECURITY_OPT, CF_CERTAIN, text, NULL, NULL, NULL \
        }
#define OPT_ASSUMED(text, why)                                             \
        {                                                                  \
                CF_SETTING_SECURITY_OPT, CF_ASSUMED, text, why, NULL, NULL \
        }
#define OPT_ANYTHING(why)                                                  \
        {                                                                  \
                CF_SETTING_SECURITY_OPT, CF_UNKNOWN, NULL, why, NULL, NULL \
        }
#define OPT_SOME_PATH(text)                                                             \
        {                                                                               \
                CF_SETTING_SECURITY_OPT, CF_UNKNOWN, text, "DIR is not set", NULL, NULL \
        }
#define OPT_PROBLEM(why)                                                   \
        {                                                                  \
                CF_SETTING_SECURITY_OPT, CF_CERTAIN, NULL, NULL, why, NULL \
        }
#define OPT_JSON(text)                                                                 \
        {                                                                              \
                CF_SETTING_SECURITY_OPT, CF_CERTAIN, "seccomp=" text, NULL, NULL, text \
        }
#define PRIV(text)                                                        \
        {                                                                 \
                CF_SETTING_PRIVILEGED, CF_CERTAIN, text, NULL, NULL, NULL \
        }
#define PRIV_ASSUMED(why)                                                  \
        {                                                                  \
                CF_SETTING_PRIVILEGED, CF_ASSUMED, "true", why, NULL, NULL \
        }
#define PRIV_ANYTHING(why)                                               \
        {                                                                \
                CF_SETTING_PRIVILEGED, CF_UNKNOWN, NULL, why, NULL, NULL \
        }
#define DAEMON(text)                                                          \
        {                                                                     \
                CF_SETTING_DAEMON_PROFILE, CF_CERTAIN, text, NULL, NULL, NULL \
        }
#define DAEMON_ANYTHING(why)                                                 \
        {                                                                    \
                CF_SETTING_DAEMON_PROFILE, CF_UNKNOWN, NULL, why, NULL, NULL \
        }

struct row {
        const char *what;
        enum cf_subject_kind kind;
        const char *engine_word; /* NULL: "compose" for services, else "docker" */
        struct row_setting settings[ROW_SETTINGS];
        const char *want; /* "VERDICT RULE: MESSAGE", one a line, in order of place; "" for none */
        const char *engine_version;
};

static struct cf_setting *kit_settings(struct cf_arena *arena, const struct row_setting *from,
                                       size_t *ret_count)
{
        struct cf_setting *settings = cf_arena_many(arena, ROW_SETTINGS, struct cf_setting);
        size_t count = 0;
        for (; count < ROW_SETTINGS &&
               (from[count].value || from[count].because || from[count].problem);
             count++) {
                unsigned line = (unsigned)count + 5;
                settings[count] = (struct cf_setting){
                        .kind = from[count].kind,
                        .certainty = from[count].certainty,
                        .value = from[count].value,
                        .because = from[count].because,
                        .problem = from[count].problem,
                        .profile_json = from[count].json,
                        .base_dir = "tests/judge/data",
                        .place = {"compose.yaml", count * 100 + 50, 10, line, 9, line, 19},
                        .edit = {.replaces = true, .text = ""},
                };
        }
        *ret_count = count;
        return settings;
}

static struct cf_subject kit_subject(struct cf_arena *arena, const struct row *row)
{
        struct cf_subject subject = {
                .kind = row->kind,
                .evidence = CF_DECLARED,
                .name = row->kind == CF_SUBJECT_COMMAND || row->kind == CF_SUBJECT_DAEMON ? NULL
                                                                                          : "web",
                .image = row->kind == CF_SUBJECT_DAEMON ? NULL : "nginx:latest",
                .engine_word = row->engine_word                  ? row->engine_word
                               : row->kind == CF_SUBJECT_SERVICE ? "compose"
                               : row->kind == CF_SUBJECT_DAEMON  ? "dockerd"
                                                                 : "docker",
                .action = "run",
                .root = "compose.yaml",
                .place = {"compose.yaml", 0, 5, 2, 3, 2, 8},
        };
        subject.settings = kit_settings(arena, row->settings, &subject.setting_count);
        return subject;
}

/* The findings as text, one a line. */
static char *kit_print(struct cf_arena *arena, struct cf_finding *const *findings, size_t count)
{
        char *text = cf_arena_string(arena, "");
        for (size_t i = 0; i < count; i++)
                text = cf_arena_printf(arena, "%s%s%s %s: %s", text, i ? "\n" : "",
                                       cf_verdict_name(findings[i]->verdict), findings[i]->rule->id,
                                       findings[i]->message);
        return text;
}

static CF_UNUSED void kit_check_row(const struct row *row)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_files *files = cf_files_new();
        struct cf_judge_options options = {
                .files = files, .engine_version = row->engine_version, .kernel = "6.1.0"};
        struct cf_judge *judge = cf_judge_new(&options);
        struct cf_subject subject = kit_subject(arena, row);
        struct cf_finding **findings = NULL;
        size_t count = 0;
        assert_int_equal(cf_judge_subject(judge, &subject), 0);
        assert_int_equal(cf_judge_finish(judge, &findings, &count), 0);
        const char *got = kit_print(arena, findings, count);
        if (strcmp(got, row->want) != 0)
                fail_msg("%s:\n  got:  %s\n  want: %s", row->what, got, row->want);
        cf_judge_free(judge);
        cf_files_free(files);
}
