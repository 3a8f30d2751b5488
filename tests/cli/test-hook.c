/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "cli/hook.h"
#include "report/report.h"
#include "unit.h"

#define STATE(annotations) \
        "{\"id\":\"c1\",\"pid\":7,\"bundle\":\"/run/b\",\"annotations\":" annotations "}"

static int read_state(struct cf_arena *arena, const char *text, struct cf_hook_state *ret_state,
                      struct cf_error *err)
{
        struct cf_source *source;
        assert_int_equal(cf_source_from(arena, "<stdin>", cf_span_of(text), &source, err), 0);
        return cf_hook_read(arena, source, ret_state, err);
}

static void asked(void **unused)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
        struct cf_hook_state state;
        struct cf_error err = {0};
        (void)unused;
        assert_int_equal(
                read_state(
                        arena,
                        "{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":"
                        "7,\"bundle\":\"/run/b\",\"annotations\":{\"io.confined.record\":\"web\","
                        "\"io.confined.record.base\":\"docker\",\"io.confined.record.tighten\":"
                        "\"true\",\"io.confined.recordings\":\"of others\"}}",
                        &state, &err),
                0);
        assert_string_equal(state.id, "c1");
        assert_int_equal(state.pid, 7);
        assert_string_equal(state.bundle, "/run/b");
        assert_string_equal(state.name, "web");
        assert_string_equal(state.base, "docker");
        assert_true(state.tighten);
        assert_false(state.allow_refused);
        assert_false(state.no_arguments);
}

static void not_asked(void **unused)
{
        static const char *const texts[] = {
                "{\"id\":\"c1\",\"pid\":7,\"bundle\":\"/run/b\"}",
                STATE("null"),
                STATE("{}"),
                STATE("{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
                      "\"io.confined.record\":\"web\"}"),
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(texts); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
                struct cf_hook_state state;
                struct cf_error err = {0};
                assert_int_equal(read_state(arena, texts[i], &state, &err), 0);
                assert_null(state.name);
        }
}

static void refused(void **unused)
{
        static const struct {
                const char *text, *words;
        } rows[] = {
                {"", "1:1: "},
                {"[]", "expected an object"},
                {"{\"pid\":7,\"bundle\":\"/b\"}", "has an \"id\""},
                {"{\"id\":\"../c\",\"pid\":7,\"bundle\":\"/b\"}", "has an \"id\""},
                {"{\"id\":\"a/b\",\"pid\":7,\"bundle\":\"/b\"}", "has an \"id\""},
                {"{\"id\":\"c\",\"pid\":0,\"bundle\":\"/b\"}", "createRuntime"},
                {"{\"id\":\"c\",\"pid\":-1,\"bundle\":\"/b\"}", "createRuntime"},
                {"{\"id\":\"c\",\"pid\":4294967297,\"bundle\":\"/b\"}", "createRuntime"},
                {"{\"id\":\"c\",\"pid\":\"7\",\"bundle\":\"/b\"}", "createRuntime"},
                {"{\"id\":\"c\",\"pid\":7,\"bundle\":\"b\"}", "absolute path"},
                {"{\"id\":\"c\",\"pid\":7,\"bundle\":\"/b\\u0000c\"}", "absolute path"},
                {STATE("[]"), "annotations are an object"},
                {STATE("{\"io.confined.record\":\"\"}"), "letters, digits"},
                {STATE("{\"io.confined.record\":\"/etc/passwd\"}"), "letters, digits"},
                {STATE("{\"io.confined.record\":\"..\"}"), "letters, digits"},
                {STATE("{\"io.confined.record\":\"a\\u0000b\"}"), "a text"},
                {STATE("{\"io.confined.record\":\"a\\nb\"}"), "letters, digits"},
                {STATE("{\"io.confined.record\":1}"), "a text"},
                {STATE("{\"io.confined.record.base\":\"/etc/shadow\"}"), "engine's default"},
                {STATE("{\"io.confined.record.tighten\":\"true\"}"),
                 "needs io.confined.record.base"},
                {STATE("{\"io.confined.record.tighten\":\"yes\"}"), "\"true\" or \"false\""},
                {STATE("{\"io.confined.record.output\":\"/x\"}"), "no such annotation"},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
                CF_TEXT struct cf_text out = {0};
                struct cf_hook_state state = {.pid = 1234};
                struct cf_error err = {0};
                assert_int_equal(read_state(arena, rows[i].text, &state, &err), -EINVAL);
                assert_int_equal(state.pid, 1234);
                cf_error_render(&err, &out);
                assert_non_null(strstr(out.data, rows[i].words));
        }
}

static void filters(void **unused)
{
        static const struct {
                const char *text;
                bool filter;
        } rows[] = {
                {"{}", false},
                {"{\"linux\":{}}", false},
                {"{\"linux\":{\"seccomp\":null}}", false},
                {"{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}}}", true},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)1 << 20);
                struct cf_source *source;
                struct cf_error err = {0};
                bool filter = !rows[i].filter;
                assert_int_equal(
                        cf_source_from(arena, "c", cf_span_of(rows[i].text), &source, &err), 0);
                assert_int_equal(cf_hook_has_filter(arena, source, &filter, &err), 0);
                assert_int_equal(filter, rows[i].filter);
        }
}

static void groups(void **unused)
{
        static const struct {
                const char *theirs, *ours;
                bool own;
        } rows[] = {
                {"0::/c1\n", "0::/user\n", true},
                {"0::/user/c1\n", "0::/user\n", true},
                {"0::/user\n", "0::/user\n", false},
                {"0::/user\n", "0::/user/session\n", false},
                {"0::/use\n", "0::/user/session\n", true},
                {"0::/\n", "0::/user\n", false},
                {"", "", false},
                {"4:cpu,pids:/c1\n0::/\n", "4:cpu,pids:/\n0::/\n", true},
                {"4:memory:/m/c1\n3:pids:/\n0::/x\n", "4:memory:/m\n3:pids:/\n0::/x\n", true},
                {"4:memory:/m\n3:pids:/\n0::/x\n", "4:memory:/m/n\n3:pids:/\n0::/\n", false},
                {"3:cpu:/c1\n0::/x\n", "3:cpu:/\n0::/x\n", false},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++)
                assert_int_equal(
                        cf_hook_own_group(cf_span_of(rows[i].theirs), cf_span_of(rows[i].ours)),
                        rows[i].own);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(asked),   cmocka_unit_test(not_asked), cmocka_unit_test(refused),
                cmocka_unit_test(filters), cmocka_unit_test(groups),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
