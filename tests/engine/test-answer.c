/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "engine/answer.h"
#include "engine/engine.h"
#include "unit.h"

#define ID "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3"

static int inspect(struct cf_arena *arena, const char *body, struct cf_inspected *inspected,
                   struct cf_error *err)
{
        CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
        return cf_answer_inspect(arena, scratch, cf_span_of(body), ID, inspected, err);
}

/* Right column: what docker inspect --format '{{ .HostConfig.SecurityOpt }}' printed for the same
 * answer of an engine (docker CLI 20.10.24 and 28.2.2, tests/engine/oracle.bats asks them again).
 */
static void cis_lines(void **state)
{
        (void)state;
        static const struct {
                const char *json, *line; /* line NULL: the CLI refuses it, too */
        } rows[] = {
                {"null", "<no value>"},
                {"[]", "[]"},
                {"[\"seccomp=unconfined\"]", "[seccomp=unconfined]"},
                {"[\"a b\",\"c\"]", "[a b c]"},
                {"[\"a\",null]", "[a <nil>]"},
                {"[null,null,null]", "[<nil> <nil> <nil>]"},
                {"[\"\"]", "[]"},
                {"[\"<&>\\u003c\"]", "[<&><]"},
                {"[\"a\\nb\\tc\"]", "[a\nb\tc]"},
                {"[\"\\u001b[31m\"]", "[\x1b[31m]"},
                {"[\"\\ud800x\"]", "[\xef\xbf\xbdx]"},
                {"[\"a\xff\"]", "[a\xef\xbf\xbd]"},
                {"[\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\"]",
                 "[seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}]"},
                {"[1]", NULL},
                {"[true]", NULL},
                {"[[\"a\"]]", NULL},
                {"[{}]", NULL},
                {"\"x\"", NULL},
                {"{\"a\":1}", NULL},
                {"7", NULL},
                {"[\"a\\u0000b\"]", NULL}, /* refused here alone: text ends at a NUL */
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_inspected inspected;
                struct cf_error err = {0};
                char *body = cf_arena_printf(
                        arena, "{\"Id\":\"" ID "\",\"HostConfig\":{\"SecurityOpt\":%s}}",
                        rows[i].json);
                int r = inspect(arena, body, &inspected, &err);
                if (!rows[i].line) {
                        assert_int_equal(r, -EINVAL);
                        assert_non_null(strstr(err.frames[0].message, "SecurityOpt"));
                } else if (r < 0 || strcmp(inspected.container.cis_line, rows[i].line) != 0) {
                        fail_msg("%s: %s", rows[i].json,
                                 r < 0 ? err.frames[0].message : inspected.container.cis_line);
                }
        }
}

static void everything_of_a_container(void **state)
{
        (void)state;
        static const char body[] =
                "{\"Id\":\"" ID "\",\"Created\":\"2026-11-24T07:28:08Z\",\"Path\":\"/bin/sh\","
                "\"Args\":[\"-c\",\"sleep 1\"],\"State\":{\"Status\":\"running\",\"Running\":true,"
                "\"Paused\":false,\"Pid\":7893},\"Name\":\"/web\",\"Image\":\"sha256:94\","
                "\"HostConfig\":{\"Privileged\":true,\"CapAdd\":[\"NET_ADMIN\",7,\"CAP_BPF\"],"
                "\"CapDrop\":null,\"SecurityOpt\":[\"label=disable\","
                "\"seccomp:unconfined\",\"apparmor=x\",\"Seccomp=p\",\" seccomp = q\","
                "\"label=level:seccomp\",\"seccomp= {\\\"a\\\":1}\",\"seccomp\"]},"
                "\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"com.docker.compose.project\":"
                "\"shop\",\"com.docker.compose.service\":\"db\","
                "\"com.docker.compose.project.working_dir\":\"/srv/shop\","
                "\"com.docker.compose.project.config_files\":\"/srv/shop/compose.yaml\"}}}";
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_inspected got;
        assert_int_equal(inspect(arena, body, &got, NULL), 0);
        const struct cf_container *container = &got.container;
        assert_string_equal(container->id, ID);
        assert_string_equal(container->name, "web");
        assert_string_equal(container->image, "nginx:1");
        assert_string_equal(container->command, "/bin/sh -c sleep 1");
        assert_string_equal(container->status, "running");
        assert_true(container->running && container->privileged);
        assert_int_equal(container->pid, 7893);
        assert_int_equal(container->cap_add_count, 2);
        assert_string_equal(container->cap_add[0], "NET_ADMIN");
        assert_string_equal(container->cap_add[1], "CAP_BPF");
        assert_int_equal(container->cap_drop_count, 0);
        assert_string_equal(container->compose_project, "shop");
        assert_string_equal(container->compose_service, "db");
        assert_string_equal(container->compose_dir, "/srv/shop");
        assert_string_equal(container->compose_files, "/srv/shop/compose.yaml");
        static const char *const values[] = {"seccomp:unconfined", "Seccomp=p", " seccomp = q",
                                             "seccomp= {\"a\":1}", "seccomp",   "true"};
        assert_int_equal(got.setting_count, CF_COUNT(values));
        for (size_t i = 0; i < CF_COUNT(values); i++) {
                assert_string_equal(got.settings[i].value, values[i]);
                assert_int_equal(got.settings[i].kind,
                                 i == 5 ? CF_SETTING_PRIVILEGED : CF_SETTING_SECURITY_OPT);
                assert_int_equal(got.settings[i].certainty, CF_CERTAIN);
                assert_true(!got.settings[i].profile_json == (i != 3));
        }
        assert_string_equal(got.settings[3].profile_json, " {\"a\":1}");
}

static void states(void **state)
{
        (void)state;
        static const struct {
                const char *json;
                bool running;
                int pid;
        } rows[] = {
                {"{\"Running\":true,\"Pid\":5}", true, 5},
                {"{\"Running\":true,\"Paused\":true,\"Pid\":5}", true, 5},
                {"{\"Running\":false,\"Paused\":true,\"Pid\":5}", true, 5}, /* Podman */
                {"{\"Running\":false,\"Pid\":5}", false, 0},
                {"{\"Running\":true,\"Pid\":0}", true, 0},
                {"{\"Running\":true,\"Pid\":-5}", true, 0},
                {"{\"Running\":true,\"Pid\":2147483648}", true, 0},
                {"{\"Running\":true,\"Pid\":1.5}", true, 0},
                {"{\"Running\":\"true\",\"Pid\":\"5\"}", false, 0},
                {"null", false, 0},
                {"[]", false, 0},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_inspected got;
                char *body = cf_arena_printf(arena,
                                             "{\"Id\":\"" ID "\",\"State\":%s,"
                                             "\"HostConfig\":{\"SecurityOpt\":null}}",
                                             rows[i].json);
                assert_int_equal(inspect(arena, body, &got, NULL), 0);
                assert_int_equal(got.container.running, rows[i].running);
                assert_int_equal(got.container.pid, rows[i].pid);
                assert_string_equal(got.container.name, ID);
                assert_int_equal(got.setting_count, 0);
        }
}

static void not_the_answer(void **state)
{
        (void)state;
        static const char *const bodies[] = {
                "",
                "<html>",
                "[]",
                "{}",
                "null",
                "{\"Id\":\"" ID "\"}",
                "{\"Id\":\"" ID "\",\"HostConfig\":null}",
                "{\"Id\":\"" ID "\",\"HostConfig\":{}}",
                "{\"Id\":7,\"HostConfig\":{\"SecurityOpt\":null}}",
                "{\"Id\":\"0" ID "\",\"HostConfig\":{\"SecurityOpt\":null}}",
                "{\"Id\":\"" ID "\",\"HostConfig\":{\"SecurityOpt\":null}",
        };
        for (size_t i = 0; i < CF_COUNT(bodies); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_inspected got = {.setting_count = 42};
                struct cf_error err = {0};
                assert_int_equal(inspect(arena, bodies[i], &got, &err), -EINVAL);
                assert_true(err.count > 0 && err.frames[0].message[0]);
                assert_int_equal(got.setting_count, 42);
        }
}

static void long_texts_are_cut(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text body = {0};
        cf_text_puts(&body, "{\"Id\":\"" ID "\",\"Name\":\"/");
        for (int i = 0; i < 3000; i++)
                cf_text_puts(&body, "\xc3\xa4");
        cf_text_puts(&body, "\",\"Path\":\"");
        cf_text_repeat(&body, 'x', 9000);
        cf_text_puts(&body, "\",\"HostConfig\":{\"SecurityOpt\":[\"seccomp=");
        cf_text_repeat(&body, 'y', 9000);
        cf_text_puts(&body, "\"]}}");
        struct cf_inspected got;
        assert_int_equal(inspect(arena, body.data, &got, NULL), 0);
        assert_int_equal(strlen(got.container.name), 4096);
        assert_true(cf_utf8_valid(cf_span_of(got.container.name), NULL));
        assert_int_equal(strlen(got.container.command), CF_ENGINE_COMMAND_MAX);
        /* What is judged is never cut. */
        assert_int_equal(strlen(got.settings[0].value), 9008);
        assert_int_equal(strlen(got.container.cis_line), 9010);
}

static void about_an_engine(void **state)
{
        (void)state;
        static const struct {
                const char *options;
                int result;
                bool seccomp;
                const char *profile;
        } rows[] = {
                {"[\"name=seccomp,profile=default\"]", 0, true, "default"},
                {"[\"name=apparmor\",\"name=seccomp,profile=builtin\",\"name=cgroupns\"]", 0, true,
                 "builtin"},
                {"[\"name=seccomp,profile=unconfined\"]", 0, true, "unconfined"},
                {"[\"name=seccomp,profile=/etc/docker/p.json\"]", 0, true, "/etc/docker/p.json"},
                {"[\"name=seccomp,profile=x,other=y\"]", 0, true, "x"},
                {"[\"name=seccomp\"]", 0, true, NULL},
                {"[\"name=seccomp,profile=\"]", 0, true, NULL},
                {"[\"seccomp\",\"apparmor\"]", 0, true, NULL}, /* API 1.24 */
                {"[\"name=apparmor\"]", 0, false, NULL},
                {"[\"name=seccompx\"]", 0, false, NULL},
                {"[]", 0, false, NULL},
                {"null", 0, false, NULL},
                {"[7]", 0, false, NULL},
                {"\"seccomp\"", -EINVAL, false, NULL},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
                struct cf_engine engine = {.name = "Docker"};
                char *body = cf_arena_printf(arena,
                                             "{\"SecurityOptions\":%s,\"ServerVersion\":\"28.5.2\","
                                             "\"KernelVersion\":\"6.12\"}",
                                             rows[i].options);
                const char *root = NULL;
                int r = cf_answer_info(arena, scratch, cf_span_of(body), &engine, &root, NULL);
                assert_int_equal(r, rows[i].result);
                assert_int_equal(engine.seccomp, rows[i].seccomp);
                if (r < 0)
                        continue;
                assert_string_equal(engine.version, "28.5.2");
                assert_string_equal(engine.kernel, "6.12");
                if (rows[i].profile)
                        assert_string_equal(engine.default_profile, rows[i].profile);
                else
                        assert_null(engine.default_profile);
        }
}

static void lists(void **state)
{
        (void)state;
        static const struct {
                const char *body;
                int result;
                size_t count;
        } rows[] = {
                {"[]", 0, 0},
                {"[{\"Id\":\"abc\",\"Names\":[\"/web\",\"/db/web\"]},{\"Id\":\"d.e-f_1\"}]", 0, 2},
                {"{}", -EINVAL, 0},
                {"null", -EINVAL, 0},
                {"[{}]", -EINVAL, 0},
                {"[7]", -EINVAL, 0},
                {"[{\"Id\":\"\"}]", -EINVAL, 0},
                /* Ids become part of a request. */
                {"[{\"Id\":\"../info\"}]", -EINVAL, 0},
                {"[{\"Id\":\"a/b\"}]", -EINVAL, 0},
                {"[{\"Id\":\"a?b\"}]", -EINVAL, 0},
                {"[{\"Id\":\"a b\"}]", -EINVAL, 0},
                {"[{\"Id\":\"a\\r\\nX: y\"}]", -EINVAL, 0},
                {"[{\"Id\":\"a\\u0000b\"}]", -EINVAL, 0},
                {"[{\"Id\":\"..\"}]", -EINVAL, 0},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
                struct cf_listed *listed;
                size_t count = 0;
                int r = cf_answer_list(arena, scratch, cf_span_of(rows[i].body), &listed, &count,
                                       NULL);
                assert_int_equal(r, rows[i].result);
                assert_int_equal(count, rows[i].count);
                if (i != 1)
                        continue;
                assert_string_equal(listed[0].id, "abc");
                assert_int_equal(listed[0].name_count, 2);
                assert_string_equal(listed[0].names[0], "web");
                assert_string_equal(listed[0].names[1], "db/web");
                assert_int_equal(listed[1].name_count, 0);
        }
}

static void ids_at_the_limit(void **state)
{
        (void)state;
        for (size_t size = 127; size <= 129; size++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
                CF_TEXT struct cf_text body = {0};
                struct cf_listed *listed;
                size_t count;
                cf_text_puts(&body, "[{\"Id\":\"");
                cf_text_repeat(&body, 'a', size);
                cf_text_puts(&body, "\"}]");
                assert_int_equal(
                        cf_answer_list(arena, scratch, cf_text_span(&body), &listed, &count, NULL),
                        size > 128 ? -EINVAL : 0);
        }
}

static void containers_at_the_limit(void **state)
{
        (void)state;
        CF_TEXT struct cf_text body = {0};
        cf_text_putc(&body, '[');
        for (size_t i = 0; i < CF_ENGINE_CONTAINERS_MAX; i++)
                cf_text_puts(&body, i ? ",{\"Id\":\"a\"}" : "{\"Id\":\"a\"}");
        for (int more = 0; more < 2; more++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
                struct cf_listed *listed;
                size_t count = 0;
                cf_text_putc(&body, ']');
                assert_int_equal(
                        cf_answer_list(arena, scratch, cf_text_span(&body), &listed, &count, NULL),
                        more ? -E2BIG : 0);
                assert_int_equal(count, more ? 0 : CF_ENGINE_CONTAINERS_MAX);
                body.size--;
                cf_text_puts(&body, ",{\"Id\":\"a\"}");
        }
}

static void versions_and_messages(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
        struct cf_version_answer version;
        assert_int_equal(cf_answer_version(arena, scratch,
                                           CF_SPAN("{\"ApiVersion\":\"1.44\",\"MinAPIVersion\":"
                                                   "\"1.24\",\"Version\":\"25.0\"}"),
                                           &version, NULL),
                         0);
        assert_string_equal(version.api, "1.44");
        assert_string_equal(version.min_api, "1.24");
        assert_int_equal(cf_answer_version(arena, scratch, CF_SPAN("{}"), &version, NULL), 0);
        assert_null(version.api);
        assert_int_equal(cf_answer_version(arena, scratch, CF_SPAN("x"), &version, NULL), -EINVAL);
        assert_string_equal(cf_answer_message(scratch, CF_SPAN("{\"message\":\"no\"}")), "no");
        assert_null(cf_answer_message(scratch, CF_SPAN("no")));
        assert_null(cf_answer_message(scratch, CF_SPAN("{\"message\":7}")));
}

static void out_of_memory(void **state)
{
        (void)state;
        static const char body[] = "{\"Id\":\"" ID "\",\"Path\":\"/bin/sh\",\"Args\":[\"-c\"],"
                                   "\"Name\":\"/web\",\"HostConfig\":{\"Privileged\":true,"
                                   "\"SecurityOpt\":[\"seccomp:unconfined\"]},"
                                   "\"Config\":{\"Image\":\"nginx:1\"}}";
        bool done = false;
        for (size_t limit = 16; limit < 1 << 20 && !done; limit += 16) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(limit);
                CF_ARENA struct cf_arena *scratch = cf_arena_new(limit * 8);
                struct cf_inspected got;
                struct cf_error err = {0};
                int r = cf_answer_inspect(arena, scratch, cf_span_of(body), ID, &got, &err);
                assert_true(r == 0 || (r == -ENOMEM && err.code == -ENOMEM));
                done = r == 0;
        }
        assert_true(done);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cis_lines),
                cmocka_unit_test(everything_of_a_container),
                cmocka_unit_test(states),
                cmocka_unit_test(not_the_answer),
                cmocka_unit_test(long_texts_are_cut),
                cmocka_unit_test(about_an_engine),
                cmocka_unit_test(lists),
                cmocka_unit_test(ids_at_the_limit),
                cmocka_unit_test(containers_at_the_limit),
                cmocka_unit_test(versions_and_messages),
                cmocka_unit_test(out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
