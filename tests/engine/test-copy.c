/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "engine/engine.h"
#include "unit.h"

#define ID "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3"
#define HEAD "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:1\","

static int copy(struct cf_arena *arena, const char *inspected, bool unprivileged,
                struct cf_text *body, struct cf_engine_copied *copied, struct cf_error *err)
{
        const struct cf_engine_copy wanted = {
                .profile = "{\"a\": 1}", .label = "l=v", .unprivileged = unprivileged};
        return cf_engine_copy(arena, cf_span_of(inspected), &wanted, body, copied, err);
}

static void what_stays_and_what_goes(void **state)
{
        (void)state;
#define END ",\"SecurityOpt\":[\"seccomp={\\\"a\\\": 1}\"]}}"
        static const struct {
                const char *config, *host, *body;
        } rows[] = {
                {"{\"Cmd\":[\"a\",null],\"Env\":null}", "{\"Memory\":7}",
                 "{\"Cmd\":[\"a\",null],\"Env\":null,\"Image\":\"sha256:1\",\"Labels\":{\"l\":"
                 "\"v\"},"
                 "\"HostConfig\":{\"Memory\":7" END},
                /* Two cannot have one port, address, name. */
                {"{\"Hostname\":\"559c0a6175e1\",\"MacAddress\":\"02:42:ac:11:00:02\"}",
                 "{\"PortBindings\":{\"80/tcp\":[]},\"PublishAllPorts\":true,\"Memory\":7,"
                 "\"AutoRemove\":true,\"RestartPolicy\":{\"Name\":\"always\"},"
                 "\"ContainerIDFile\":\"/id\"}",
                 "{\"Image\":\"sha256:1\",\"Labels\":{\"l\":\"v\"},\"HostConfig\":{\"Memory\":"
                 "7" END},
                /* A host name that was given stays, where engines let it. */
                {"{\"Hostname\":\"www\",\"Image\":\"web:1\"}", "{\"Memory\":7}",
                 "{\"Hostname\":\"www\",\"Image\":\"sha256:1\",\"Labels\":{\"l\":\"v\"},"
                 "\"HostConfig\":{\"Memory\":7" END},
                {"{\"Hostname\":\"www\"}", "{\"NetworkMode\":\"container:x\"}",
                 "{\"Image\":\"sha256:1\",\"Labels\":{\"l\":\"v\"},"
                 "\"HostConfig\":{\"NetworkMode\":\"container:x\"" END},
                /* Compose would take it for its own. */
                {"{\"Labels\":{\"com.docker.compose.project\":\"p\",\"keep\":\"1\"}}",
                 "{\"Memory\":7}",
                 "{\"Image\":\"sha256:1\",\"Labels\":{\"keep\":\"1\",\"l\":\"v\"},"
                 "\"HostConfig\":{\"Memory\":7" END},
                /* Of seccomp the new profile alone. */
                {"{}",
                 "{\"SecurityOpt\":[\"seccomp:unconfined\",\"label=disable\",\"seccomp=x\",null]}",
                 "{\"Image\":\"sha256:1\",\"Labels\":{\"l\":\"v\"},\"HostConfig\":{\"SecurityOpt\":"
                 "["
                 "\"label=disable\",\"seccomp={\\\"a\\\": 1}\"]}}"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text body = {0};
                struct cf_engine_copied copied;
                char *text = cf_arena_printf(arena, HEAD "\"Config\":%s,\"HostConfig\":%s}",
                                             rows[i].config, rows[i].host);
                assert_int_equal(copy(arena, text, false, &body, &copied, NULL), 0);
                assert_string_equal(body.data, rows[i].body);
                assert_string_equal(copied.name, "web");
        }
}

static void what_is_told(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        CF_TEXT struct cf_text body = {0};
        struct cf_engine_copied copied;
        static const char text[] = HEAD
                "\"State\":{\"Running\":true},\"Config\":{},"
                "\"HostConfig\":{\"NetworkMode\":\"front\",\"Privileged\":true,\"CapAdd\":null,"
                "\"PortBindings\":{\"80/tcp\":[],\"81/tcp\":[]}},"
                "\"NetworkSettings\":{\"Networks\":{\"back\":{},\"front\":{},\"../x\":{}}},"
                "\"Mounts\":[{\"Type\":\"bind\",\"Destination\":\"/ro\",\"RW\":false},"
                "{\"Type\":\"bind\",\"Destination\":\"/rw\",\"RW\":true},"
                "{\"Type\":\"tmpfs\",\"Destination\":\"/t\",\"RW\":true},"
                "{\"Type\":\"volume\",\"Name\":\"named\",\"Destination\":\"/n\",\"RW\":true},"
                "{\"Type\":\"volume\",\"Name\":\"" ID "\",\"Destination\":\"/v\",\"RW\":true}]}";
        assert_int_equal(copy(arena, text, true, &body, &copied, NULL), 0);
        assert_true(copied.running);
        assert_int_equal(copied.ports, 2);
        assert_int_equal(copied.volumes, 1);
        assert_int_equal(copied.shared_count, 2);
        assert_string_equal(copied.shared[0], "/rw");
        assert_string_equal(copied.shared[1], "/n");
        assert_int_equal(copied.network_count, 1);
        assert_string_equal(copied.networks[0], "back");
        /* --privileged is spelled out. */
        assert_non_null(strstr(body.data, "\"Privileged\":false,\"CapAdd\":[\"ALL\"]"));
        assert_null(strstr(body.data, "\"CapAdd\":null"));
}

static void what_is_none(void **state)
{
        (void)state;
        static const char *const rows[] = {
                "",
                "[]",
                "{}",
                "{\"message\":\"no such container\"}",
                "{\"Id\":\"1\",\"Name\":\"/web\",\"Config\":{},\"HostConfig\":{}}",
                "{\"Id\":\"" ID "\",\"Name\":\"/..\",\"Config\":{},\"HostConfig\":{}}",
                "{\"Id\":\"" ID "\",\"Name\":\"/a/b?c\",\"Config\":{},\"HostConfig\":{}}",
                "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":[],\"HostConfig\":{}}",
                "{\"Id\":\"" ID "\",\"Name\":\"/a\",\"Config\":{},\"HostConfig\":null}",
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                CF_TEXT struct cf_text body = {0};
                struct cf_engine_copied copied;
                struct cf_error err = {0};
                assert_int_equal(copy(arena, rows[i], false, &body, &copied, &err), -EINVAL);
                assert_int_equal(body.size, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_stays_and_what_goes),
                cmocka_unit_test(what_is_told),
                cmocka_unit_test(what_is_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
