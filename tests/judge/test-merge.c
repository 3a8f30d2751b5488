/* SPDX-License-Identifier: Apache-2.0 */
/* One finding a place, whatever reaches it and in whatever order; suppressions; fingerprints;
 * many findings in little memory; many threads. */
#include "kit.h"

#include <malloc.h>
#include <pthread.h>

/* A service with one unconfined entry at a byte of a file. */
struct service {
        const char *name, *image, *path;
        size_t offset;
        const char *value;
        const struct cf_ignore *ignore;
        enum cf_certainty certainty;
};

static void add(struct cf_judge *judge, const struct service *service)
{
        unsigned line = (unsigned)(service->offset / 10) + 1;
        struct cf_setting setting = {
                .kind = CF_SETTING_SECURITY_OPT,
                .certainty = service->certainty,
                .value = service->value ? service->value : "seccomp=unconfined",
                .because = service->certainty == CF_ASSUMED ? "S is unset" : NULL,
                .place = {service->path, service->offset, 18, line, 9, line, 27},
                .excerpt = {.first_line = line - 1,
                            .first_column = 1,
                            .lines = {"    security_opt:", "      - seccomp=unconfined"},
                            .line_count = 2},
                .edit = {.replaces = true, .text = ""},
                .ignores = service->ignore,
                .ignore_count = service->ignore ? 1 : 0,
        };
        struct cf_subject subject = {.kind = CF_SUBJECT_SERVICE,
                                     .name = service->name,
                                     .image = service->image,
                                     .engine_word = "compose",
                                     .format = "compose",
                                     .root = service->path,
                                     .settings = &setting,
                                     .setting_count = 1};
        assert_int_equal(cf_judge_subject(judge, &subject), 0);
}

static struct cf_judge *judge_of(const struct service *services, size_t count, const char *root)
{
        struct cf_judge_options options = {.root = root, .kernel = "6.1"};
        struct cf_judge *judge = cf_judge_new(&options);
        for (size_t i = 0; i < count; i++)
                add(judge, &services[i]);
        return judge;
}

static struct cf_finding **finish(struct cf_judge *judge, size_t *ret_count)
{
        struct cf_finding **findings = NULL;
        assert_int_equal(cf_judge_finish(judge, &findings, ret_count), 0);
        return findings;
}

static void one_place_many_services(void **state)
{
        (void)state;
        static const struct service services[] = {
                {"web", "nginx", "compose.yaml", 100, NULL, NULL, CF_CERTAIN},
                {"db", "postgres", "compose.yaml", 100, NULL, NULL, CF_CERTAIN},
                {"web", "nginx", "compose.yaml", 100, NULL, NULL, CF_CERTAIN},
                {"cache", "redis", "compose.yaml", 100, NULL, NULL, CF_CERTAIN},
                {"web", "nginx", "compose.yaml", 50, NULL, NULL, CF_CERTAIN},
                {"web", "nginx", "a/compose.yaml", 100, NULL, NULL, CF_CERTAIN},
        };
        size_t count;
        struct cf_judge *judge = judge_of(services, CF_COUNT(services), NULL);
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 3);
        assert_string_equal(findings[0]->place.path, "a/compose.yaml");
        assert_int_equal(findings[1]->place.offset, 50);
        assert_string_equal(findings[1]->label, "every kernel call is open to nginx");
        assert_string_equal(findings[2]->message,
                            "the system call filter of services 'cache', 'db' and 'web' is off");
        assert_string_equal(findings[2]->label, "every kernel call is open to 3 images");
        assert_int_equal(findings[2]->subject_count, 3);
        assert_string_equal(findings[2]->subjects[0], "cache");
        assert_string_equal(findings[2]->subjects[2], "web");
        assert_string_equal(findings[2]->remedy.command, "confined scan --fix compose.yaml");
        assert_string_equal(findings[2]->excerpt.lines[1], "      - seccomp=unconfined");
        assert_true(findings[2]->remedy.editable);
        cf_judge_free(judge);
}

static void many_are_counted(void **state)
{
        (void)state;
        char names[40][8];
        struct cf_judge *judge = judge_of(NULL, 0, NULL);
        for (unsigned i = 0; i < 40; i++) {
                snprintf(names[i], sizeof(names[i]), "s%02u", i);
                add(judge, &(struct service){names[i], NULL, "c.yaml", 30, NULL, NULL, CF_CERTAIN});
        }
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 1);
        assert_int_equal(findings[0]->subject_count, 40);
        assert_string_equal(findings[0]->message,
                            "the system call filter of services 's00', 's01', 's02', 's03', 's04', "
                            "'s05' and 34 more is off");
        cf_judge_free(judge);
}

/* A hostile file: one anchor that twenty thousand services use. */
static void an_anchor_for_everyone(void **state)
{
        (void)state;
        struct cf_judge *judge = judge_of(NULL, 0, NULL);
        for (unsigned i = 0; i < 20000; i++) {
                char name[16];
                snprintf(name, sizeof(name), "s%u", i);
                add(judge, &(struct service){name, name, "c.yaml", 30, NULL, NULL, CF_CERTAIN});
        }
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 1);
        assert_int_equal(findings[0]->subject_count, 20000);
        assert_string_equal(findings[0]->label, "every kernel call is open to 20000 images");
        cf_judge_free(judge);
}

/* A hostile file: a list of twenty thousand entries that are all wrong. */
static void a_list_without_end(void **state)
{
        (void)state;
        enum { ENTRIES = 20000 };
        struct cf_setting *settings = calloc(ENTRIES, sizeof(*settings));
        assert_non_null(settings);
        for (unsigned i = 0; i < ENTRIES; i++)
                settings[i] = (struct cf_setting){
                        .value = "Seccomp=unconfined",
                        .place = {"c.yaml", (size_t)i * 20, 18, i + 1, 1, i + 1, 19}};
        struct cf_subject subject = {.kind = CF_SUBJECT_SERVICE,
                                     .name = "web",
                                     .settings = settings,
                                     .setting_count = ENTRIES};
        struct cf_judge *judge = judge_of(NULL, 0, NULL);
        assert_int_equal(cf_judge_subject(judge, &subject), 0);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 10000);
        assert_string_equal(findings[count - 1]->notes[0],
                            "10000 more findings of the same subject are not listed");
        cf_judge_free(judge);
        free(settings);
}

/* Certain and assumed at one place: the same finding whichever thread came first. */
static void order_does_not_show(void **state)
{
        (void)state;
        static const struct service forth[] = {
                {"a", "x", "c.yaml", 10, NULL, NULL, CF_ASSUMED},
                {"b", "y", "c.yaml", 10, NULL, NULL, CF_CERTAIN},
                {"c", "z", "c.yaml", 10, NULL, NULL, CF_ASSUMED},
        };
        char *texts[2], *prints[2];
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        for (int way = 0; way < 2; way++) {
                struct cf_judge *judge = judge_of(NULL, 0, NULL);
                for (size_t i = 0; i < 3; i++)
                        add(judge, &forth[way ? 2 - i : i]);
                size_t count;
                struct cf_finding **findings = finish(judge, &count);
                assert_int_equal(count, 1);
                texts[way] = kit_print(arena, findings, count);
                prints[way] = cf_arena_string(arena, findings[0]->fingerprint);
                cf_judge_free(judge);
        }
        assert_string_equal(texts[0], texts[1]);
        assert_string_equal(prints[0], prints[1]);
}

/* ---- suppressions -----------------------------------------------------------------------------
 */

static void suppressions(void **state)
{
        (void)state;
        static const struct {
                const char *rules, *reason;
                const char *want; /* "" when it is honoured */
        } rows[] = {
                {"seccomp-unconfined", "measured", ""},
                {"privileged, seccomp-unconfined", "measured", ""},
                {"privileged,seccomp-unconfined", "measured", ""},
                {"seccomp-unconfined", NULL, "no reason is given"},
                {"seccomp-unconfined", "  ", "no reason is given"},
                {"", "why", "no rule is named"},
                {" , ", "why", "no rule is named"},
                {NULL, "why", "no rule is named"},
                {"seccomp-unconfind", "why",
                 "unknown rule 'seccomp-unconfind', did you mean seccomp-unconfined?"},
                {"seccomp-unconfined,all", "why", "unknown rule 'all'"},
                {"*", "why", "unknown rule '*'"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_ignore ignore = {
                        rows[i].rules, rows[i].reason, {"c.yaml", 5, 9, 1, 6, 1, 15}};
                struct service service = {"web", NULL, "c.yaml", 30, NULL, &ignore, CF_CERTAIN};
                struct cf_judge *judge = judge_of(&service, 1, NULL);
                size_t count;
                struct cf_finding **findings = finish(judge, &count);
                bool honoured = rows[i].want[0] == '\0';
                assert_int_equal(count, honoured ? 1 : 2);
                struct cf_finding *off = findings[count - 1];
                assert_string_equal(off->rule->id, "seccomp-unconfined");
                if (honoured) {
                        assert_string_equal(off->suppressed_by, "measured");
                } else {
                        char want[256];
                        snprintf(want, sizeof(want),
                                 "this suppression is not honoured (%s) for service 'web'",
                                 rows[i].want);
                        assert_null(off->suppressed_by);
                        assert_string_equal(findings[0]->rule->id, "suppression-invalid");
                        assert_string_equal(findings[0]->message, want);
                        assert_int_equal(findings[0]->place.offset, 5);
                        assert_int_equal(findings[0]->verdict, CF_WARN);
                        assert_false(findings[0]->remedy.editable);
                }
                cf_judge_free(judge);
        }
}

/* A suppression above one of two services that share an anchor lets the other's finding stay. */
static void suppression_of_one_of_two(void **state)
{
        (void)state;
        static const struct cf_ignore ignore = {"seccomp-unconfined", "known", {0}};
        static const struct service services[] = {
                {"a", NULL, "c.yaml", 30, NULL, &ignore, CF_CERTAIN},
                {"b", NULL, "c.yaml", 30, NULL, NULL, CF_CERTAIN},
        };
        struct cf_judge *judge = judge_of(services, 2, NULL);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 2);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(findings[i]->subject_count, 1);
                bool first = strcmp(findings[i]->subjects[0], "a") == 0;
                assert_int_equal(first, findings[i]->suppressed_by != NULL);
        }
        cf_judge_free(judge);
}

/* ---- decisions --------------------------------------------------------------------------------
 */

static void rules_off_and_severity(void **state)
{
        (void)state;
        struct cf_rule_config off = {.rule = cf_rule_find("seccomp-unconfined"), .off = true};
        struct cf_rule_config high = {.rule = cf_rule_find("seccomp-unconfined"),
                                      .has_severity = true,
                                      .severity = CF_HIGH};
        const char *only = "seccomp-unconfined", *other = "privileged";
        const struct {
                struct cf_rule_config *rule;
                const char *only;
                size_t count;
                enum cf_severity severity;
        } rows[] = {
                {NULL, NULL, 1, CF_MEDIUM}, {&off, NULL, 0, CF_MEDIUM},  {&high, NULL, 1, CF_HIGH},
                {&off, only, 1, CF_MEDIUM}, {NULL, other, 0, CF_MEDIUM},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                struct cf_config config = {.rules = rows[i].rule,
                                           .rule_count = rows[i].rule != NULL};
                struct cf_judge_options options = {.config = &config,
                                                   .only = &rows[i].only,
                                                   .only_count = rows[i].only != NULL};
                struct cf_judge *judge = cf_judge_new(&options);
                add(judge, &(struct service){"web", NULL, "c.yaml", 30, NULL, NULL, CF_CERTAIN});
                size_t count;
                struct cf_finding **findings = finish(judge, &count);
                assert_int_equal(count, rows[i].count);
                if (count)
                        assert_int_equal(findings[0]->severity, rows[i].severity);
                cf_judge_free(judge);
        }
}

static void documentation_is_a_note(void **state)
{
        (void)state;
        struct cf_setting setting = {.kind = CF_SETTING_PRIVILEGED,
                                     .value = "true",
                                     .place = {"README.md", 9, 12, 2, 1, 2, 13},
                                     .edit = {.refusal = "text that a template makes"}};
        struct cf_subject subject = {.kind = CF_SUBJECT_COMMAND,
                                     .image = "alpine",
                                     .documentation = true,
                                     .settings = &setting,
                                     .setting_count = 1};
        struct cf_judge *judge = cf_judge_new(&(struct cf_judge_options){0});
        assert_int_equal(cf_judge_subject(judge, &subject), 0);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 1);
        assert_int_equal(findings[0]->verdict, CF_NOTE);
        assert_false(findings[0]->remedy.editable);
        assert_string_equal(findings[0]->edit.refusal, "text that a template makes");
        assert_string_equal(findings[0]->remedy.text,
                            "remove the option (add the capabilities and devices that it needs)");
        cf_judge_free(judge);
}

/* ---- fingerprints -----------------------------------------------------------------------------
 */

static void print_of(const struct service *service, const char *root, char ret_print[33])
{
        struct cf_judge *judge = judge_of(service, 1, root);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 1);
        assert_int_equal(strlen(findings[0]->fingerprint), 32);
        memcpy(ret_print, findings[0]->fingerprint, 33);
        cf_judge_free(judge);
}

static void fingerprints(void **state)
{
        (void)state;
        const struct service base = {"web", "x", "a/c.yaml", 30, NULL, NULL, CF_CERTAIN};
        struct service moved = base, dotted = base, inside = base, named = base, renamed = base,
                       valued = base;
        char first[33], other[33];
        print_of(&base, "/srv", first);
        moved.offset = 300;
        print_of(&moved, "/srv", other);
        assert_string_equal(other, first);
        dotted.path = "./a//c.yaml";
        print_of(&dotted, "/srv", other);
        assert_string_equal(other, first);
        inside.path = "/srv/a/../a/c.yaml";
        print_of(&inside, "/srv", other);
        assert_string_equal(other, first);
        named.name = "db";
        print_of(&named, "/srv", other);
        assert_string_not_equal(other, first);
        renamed.path = "b/c.yaml";
        print_of(&renamed, "/srv", other);
        assert_string_not_equal(other, first);
        valued.value = "seccomp:unconfined";
        print_of(&valued, "/srv", other);
        assert_string_not_equal(other, first);
}

/* Alike but in two places: two fingerprints, the first the same as if it were alone. */
static void fingerprints_of_twins(void **state)
{
        (void)state;
        const struct service twins[] = {
                {"web", "x", "c.yaml", 30, NULL, NULL, CF_CERTAIN},
                {"web", "x", "c.yaml", 90, NULL, NULL, CF_CERTAIN},
        };
        char alone[33];
        print_of(&twins[0], NULL, alone);
        struct cf_judge *judge = judge_of(twins, 2, NULL);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 2);
        assert_string_equal(findings[0]->fingerprint, alone);
        assert_string_not_equal(findings[1]->fingerprint, alone);
        cf_judge_free(judge);
}

/* ---- size and threads -------------------------------------------------------------------------
 */

#define MANY 10000
#define MANY_BYTES ((size_t)25 << 20)

static void ten_thousand_findings(void **state)
{
        (void)state;
        struct mallinfo2 before = mallinfo2();
        struct cf_judge *judge = judge_of(NULL, 0, NULL);
        for (unsigned i = 0; i < MANY; i++) {
                char path[64], name[32];
                snprintf(path, sizeof(path), "folder/%u/compose.yaml", i / 3);
                snprintf(name, sizeof(name), "service-%u", i);
                add(judge, &(struct service){name, "registry.example/team/image:1", path,
                                             100 + i % 3 * 50, NULL, NULL, CF_CERTAIN});
        }
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        struct mallinfo2 after = mallinfo2();
        assert_int_equal(count, MANY);
        assert_non_null(findings[MANY - 1]->fingerprint);
        size_t used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
        print_message("%zu bytes for %d findings\n", used, MANY);
        assert_true(used < MANY_BYTES); /* 0 under the sanitizers, whose malloc does not tell */
        cf_judge_free(judge);
}

struct work {
        struct cf_judge *judge;
        unsigned from;
};

static void *judge_some(void *data)
{
        struct work *work = data;
        for (unsigned i = work->from; i < 2000; i += 4) {
                char path[32];
                snprintf(path, sizeof(path), "%u.yaml", i % 500);
                add(work->judge, &(struct service){"web", "x", path, 100, NULL, NULL, CF_CERTAIN});
        }
        return NULL;
}

static void threads(void **state)
{
        (void)state;
        pthread_t ids[4];
        struct work work[4];
        struct cf_judge *judge = judge_of(NULL, 0, NULL);
        for (unsigned i = 0; i < 4; i++) {
                work[i] = (struct work){judge, i};
                assert_int_equal(pthread_create(&ids[i], NULL, judge_some, &work[i]), 0);
        }
        for (unsigned i = 0; i < 4; i++)
                pthread_join(ids[i], NULL);
        size_t count;
        struct cf_finding **findings = finish(judge, &count);
        assert_int_equal(count, 500);
        for (size_t i = 1; i < count; i++)
                assert_true(strcmp(findings[i - 1]->place.path, findings[i]->place.path) < 0);
        cf_judge_free(judge);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_place_many_services),
                cmocka_unit_test(many_are_counted),
                cmocka_unit_test(an_anchor_for_everyone),
                cmocka_unit_test(a_list_without_end),
                cmocka_unit_test(order_does_not_show),
                cmocka_unit_test(suppressions),
                cmocka_unit_test(suppression_of_one_of_two),
                cmocka_unit_test(rules_off_and_severity),
                cmocka_unit_test(documentation_is_a_note),
                cmocka_unit_test(fingerprints),
                cmocka_unit_test(fingerprints_of_twins),
                cmocka_unit_test(ten_thousand_findings),
                cmocka_unit_test(threads),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
