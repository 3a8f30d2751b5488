/* SPDX-License-Identifier: Apache-2.0 */
/* .confined.yaml and the baseline file. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "judge/baseline.h"

/* Reads a configuration from text, in the folder of this test. */
static int read_text(struct cf_arena *arena, const char *text, struct cf_config **ret_config,
                     struct cf_error *err)
{
        struct cf_files *files = cf_files_new();
        assert_int_equal(cf_file_write("project/.confined.yaml", cf_span_of(text), NULL), 0);
        int r = cf_config_read(arena, files, "project/.confined.yaml", ret_config, err);
        cf_files_free(files);
        return r;
}

static char folder[] = "/tmp/confined-test-XXXXXX";

static int enter(void **state)
{
        (void)state;
        return !mkdtemp(folder) || chdir(folder) < 0 || mkdir("project", 0755) < 0;
}

static int leave(void **state)
{
        (void)state;
        unlink("project/.confined.yaml");
        unlink("project/b.json");
        return rmdir("project") < 0 || chdir("/") < 0 || rmdir(folder) < 0;
}

static void whole(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_config *config = NULL;
        struct cf_error err = {0};
        int r = read_text(arena,
                          "version: 1\n"
                          "rules:\n"
                          "  privileged: high\n"
                          "  seccomp-misspelled: off\n"
                          "  profile-missing: on\n"
                          "  profile-default-allow: {enabled: no, severity: critical}\n"
                          "exclude:\n"
                          "  - vendor/\n"
                          "  - '*.generated.yaml'\n"
                          "profile: profiles/web.json\n"
                          "fail-on: fail\n"
                          "baseline: /var/lib/base.json\n",
                          &config, &err);
        if (r < 0)
                fail_msg("%s", err.frames[0].message);
        assert_int_equal(config->rule_count, 4);
        assert_string_equal(config->rules[0].rule->id, "privileged");
        assert_true(config->rules[0].has_severity && config->rules[0].severity == CF_HIGH);
        assert_false(config->rules[0].off);
        assert_true(config->rules[1].off);
        assert_false(config->rules[2].off || config->rules[2].has_severity);
        assert_true(config->rules[3].off && config->rules[3].severity == CF_CRITICAL);
        assert_int_equal(config->exclude_count, 2);
        assert_string_equal(config->exclude[1], "*.generated.yaml");
        assert_string_equal(config->profile, "project/profiles/web.json");
        assert_string_equal(config->baseline, "/var/lib/base.json");
        assert_true(config->has_fail_on && config->fail_on == CF_FAIL);
}

static void empty_is_fine(void **state)
{
        (void)state;
        static const char *const texts[] = {"",     "# nothing yet\n", "---\n",
                                            "{}\n", "rules: {}\n",     "exclude: []\n"};
        for (size_t i = 0; i < CF_COUNT(texts); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_config *config = NULL;
                assert_int_equal(read_text(arena, texts[i], &config, NULL), 0);
                assert_int_equal(config->rule_count + config->exclude_count, 0);
                assert_false(config->has_fail_on);
                assert_null(config->profile);
        }
}

static void refused(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                unsigned line, column;
                const char *message;
        } rows[] = {
                {"rules:\n  seccomp-unconfind: off\n", 2, 3,
                 "unknown rule 'seccomp-unconfind' (did you mean seccomp-unconfined?)"},
                {"rule:\n  privileged: off\n", 1, 1,
                 "unknown key 'rule' in the configuration (did you mean rules?)"},
                {"fail_on: warn\n", 1, 1,
                 "unknown key 'fail_on' in the configuration (did you mean fail-on?)"},
                {"colour: red\n", 1, 1, "unknown key 'colour' in the configuration"},
                {"[a]: red\n", 1, 1, "unknown key '?' in the configuration"},
                {"fail-on: warning\n", 1, 10,
                 "unknown verdict 'warning': write note, warn, unknown, fail or never"},
                {"fail-on: pass\n", 1, 10,
                 "unknown verdict 'pass': write note, warn, unknown, fail or never"},
                {"rules: off\n", 1, 8, "'rules' must be a mapping of rules"},
                {"rules:\n  privileged: maybe\n", 2, 15, "write on or off"},
                {"rules:\n  privileged: [off]\n", 2, 15, "write on or off"},
                {"rules:\n  privileged: {severity: bad}\n", 2, 26,
                 "unknown severity 'bad': write low, medium, high or critical"},
                {"rules:\n  privileged: {sevirity: low}\n", 2, 16,
                 "unknown key 'sevirity' in privileged (did you mean severity?)"},
                {"rules:\n  privileged: off\n  privileged: on\n", 3, 3,
                 "the rule 'privileged' is there twice"},
                {"exclude: a\nexclude: b\n", 2, 1, "the key 'exclude' is there twice"},
                {"exclude: vendor\n", 1, 10, "'exclude' must be a list of patterns"},
                {"exclude:\n  - [a]\n", 2, 5, "a pattern must be a text"},
                {"exclude:\n  -\n", 2, 4, "a pattern must be a text"},
                {"profile: [a]\n", 1, 10, "'profile' must be a text"},
                {"baseline: \"a\\0b\"\n", 1, 11, "'baseline' must be a text"},
                {"version: 2\n", 1, 10, "only version 1 is known"},
                {"- rules\n", 1, 1, "the configuration must be a mapping"},
                {"{}\n---\nrules: {}\n", 3, 1,
                 "a configuration is one document: this is a second one"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_config *config = NULL;
                struct cf_error err = {0};
                assert_int_equal(read_text(arena, rows[i].text, &config, &err), -EINVAL);
                assert_null(config);
                if (strcmp(err.frames[0].message, rows[i].message) != 0 ||
                    err.frames[0].place.line != rows[i].line ||
                    err.frames[0].place.column != rows[i].column)
                        fail_msg("%s\n  got:  %u:%u %s\n  want: %u:%u %s", rows[i].text,
                                 err.frames[0].place.line, err.frames[0].place.column,
                                 err.frames[0].message, rows[i].line, rows[i].column,
                                 rows[i].message);
                assert_string_equal(err.frames[0].path, "project/.confined.yaml");
        }
}

static void anchors_are_followed(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_config *config = NULL;
        struct cf_error err = {0};
        if (read_text(arena,
                      "rules:\n  privileged: &low {severity: low}\n  profile-missing: *low\n",
                      &config, &err) < 0)
                fail_msg("%s", err.frames[0].message);
        assert_int_equal(config->rules[1].severity, CF_LOW);
        assert_true(config->rules[1].has_severity);
}

static void nearest_file(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *found = NULL;
        assert_int_equal(mkdir("project/a", 0755), 0);
        assert_int_equal(mkdir("project/a/.confined.yaml", 0755), 0); /* a folder is none */
        assert_int_equal(cf_file_write("project/.confined.yaml", CF_SPAN("{}\n"), NULL), 0);
        assert_int_equal(cf_config_find(arena, "project/a", &found), 0);
        assert_string_equal(found, cf_arena_printf(arena, "%s/project/.confined.yaml", folder));
        assert_int_equal(unlink("project/.confined.yaml"), 0);
        assert_int_equal(cf_config_find(arena, "project/a", &found), 0);
        assert_true(!found || strncmp(found, folder, strlen(folder)) != 0);
        assert_int_equal(rmdir("project/a/.confined.yaml") + rmdir("project/a"), 0);
}

/* ---- baseline ---------------------------------------------------------------------------------
 */

#define PRINT_A "0123456789abcdef0123456789abcdef"
#define PRINT_B "fedcba9876543210fedcba9876543210"

static int baseline_of(struct cf_arena *arena, const char *text, struct cf_baseline **ret_baseline,
                       struct cf_error *err)
{
        struct cf_files *files = cf_files_new();
        assert_int_equal(cf_file_write("project/b.json", cf_span_of(text), NULL), 0);
        int r = cf_baseline_read(arena, files, "project/b.json", ret_baseline, err);
        cf_files_free(files);
        return r;
}

static void baseline_read(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_baseline *baseline = NULL;
        assert_int_equal(baseline_of(arena,
                                     "{\"version\": 1, \"findings\": ["
                                     "{\"fingerprint\": \"" PRINT_A "\", \"later\": {}},"
                                     "{\"fingerprint\": \"" PRINT_B "\", \"count\": 3},"
                                     "{\"fingerprint\": \"" PRINT_A "\"}]}",
                                     &baseline, NULL),
                         0);
        assert_int_equal(cf_baseline_count(baseline, PRINT_A), 2);
        assert_int_equal(cf_baseline_count(baseline, PRINT_B), 3);
        assert_int_equal(cf_baseline_count(baseline, "x"), 0);
        assert_int_equal(cf_baseline_count(NULL, PRINT_A), 0);
}

static void baseline_refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *message;
                unsigned column;
        } rows[] = {
                {"[]", "this is no baseline: 'version' is not a number", 1},
                {"{\"findings\": []}", "this is no baseline: 'version' is not a number", 1},
                {"{\"version\": \"1\"}", "this is no baseline: 'version' is not a number", 13},
                {"{\"version\": 2, \"findings\": []}",
                 "baselines of version 2 are not known: write it anew with --write-baseline", 13},
                {"{\"version\": 1}", "'findings' must be a list", 1},
                {"{\"version\": 1, \"findings\": {}}", "'findings' must be a list", 28},
                {"{\"version\": 1, \"findings\": [1]}", "a known finding is an object", 29},
                {"{\"version\": 1, \"findings\": [{\"fingerprint\": \"xyz\"}]}",
                 "'fingerprint' must be 32 hexadecimal digits in lower case", 45},
                {"{\"version\": 1, \"findings\": [{\"fingerprint\": \"" PRINT_A
                 "\", \"count\": 0}]}",
                 "'count' must be a number from 1 to 1000000", 90},
                {"{\"version\": 1, \"findings\": [{\"fingerprint\": \"" PRINT_A
                 "\", \"count\": 1e9}]}",
                 "'count' must be a number from 1 to 1000000", 90},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_baseline *baseline = NULL;
                struct cf_error err = {0};
                assert_int_equal(baseline_of(arena, rows[i].text, &baseline, &err), -EINVAL);
                assert_null(baseline);
                assert_string_equal(err.frames[0].message, rows[i].message);
                assert_int_equal(err.frames[0].place.column, rows[i].column);
        }
}

/* One finding in a file that is judged, and its baseline. */
static struct cf_judge *judge_two(const struct cf_baseline *baseline, unsigned first_line,
                                  struct cf_finding ***ret_findings, size_t *ret_count)
{
        struct cf_judge_options options = {.baseline = baseline, .root = "/srv"};
        struct cf_judge *judge = cf_judge_new(&options);
        for (unsigned i = 0; i < 2; i++) {
                unsigned line = first_line + i;
                struct cf_setting setting = {
                        .kind = CF_SETTING_SECURITY_OPT,
                        .value = "seccomp=unconfined",
                        .place = {i ? "b.yaml" : "a.yaml", (size_t)line * 20, 4, line, 1, line, 5}};
                struct cf_subject subject = {.kind = CF_SUBJECT_SERVICE,
                                             .name = i ? "db" : "web",
                                             .settings = &setting,
                                             .setting_count = 1};
                assert_int_equal(cf_judge_subject(judge, &subject), 0);
        }
        assert_int_equal(cf_judge_finish(judge, ret_findings, ret_count), 0);
        assert_int_equal(*ret_count, 2);
        return judge;
}

static void baseline_round_trip(void **state)
{
        (void)state;
        const char *path = "project/b.json";
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_finding **findings = NULL, *turned[2];
        size_t count = 0;
        struct cf_judge *judge = judge_two(NULL, 7, &findings, &count);
        assert_false(findings[0]->in_baseline);
        turned[0] = findings[1]; /* written in order, whatever order they come in */
        turned[1] = findings[0];
        turned[0]->suppressed_by = "known"; /* and without those that are suppressed */
        assert_int_equal(cf_baseline_write(path, turned, count, NULL), 0);
        const char *want = cf_arena_printf(arena,
                                           "{\n"
                                           "  \"version\": 1,\n"
                                           "  \"findings\": [\n"
                                           "    {\n"
                                           "      \"fingerprint\": \"%s\",\n"
                                           "      \"rule\": \"seccomp-unconfined\",\n"
                                           "      \"path\": \"a.yaml\",\n"
                                           "      \"line\": 7,\n"
                                           "      \"subjects\": [\n"
                                           "        \"web\"\n"
                                           "      ]\n"
                                           "    }\n"
                                           "  ]\n"
                                           "}\n",
                                           findings[0]->fingerprint);
        struct cf_files *files = cf_files_new();
        struct cf_source *source = NULL;
        assert_int_equal(cf_files_read(files, arena, path, &source, NULL), 0);
        assert_string_equal(source->text.data, want);
        cf_judge_free(judge);

        struct cf_baseline *baseline = NULL;
        assert_int_equal(cf_baseline_read(arena, files, path, &baseline, NULL), 0);
        judge = judge_two(baseline, 70, &findings, &count); /* lines moved */
        assert_true(findings[0]->in_baseline);
        assert_false(findings[1]->in_baseline);
        cf_judge_free(judge);
        cf_files_free(files);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole),
                cmocka_unit_test(empty_is_fine),
                cmocka_unit_test(refused),
                cmocka_unit_test(anchors_are_followed),
                cmocka_unit_test(nearest_file),
                cmocka_unit_test(baseline_read),
                cmocka_unit_test(baseline_refused),
                cmocka_unit_test(baseline_round_trip),
        };
        return cmocka_run_group_tests(tests, enter, leave);
}
