/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "cli/compose-run.h"
#include "unit.h"

#define MEMORY ((size_t)16 << 20)

static struct cf_yaml_file *read_config(struct cf_arena *arena, const char *text)
{
        struct cf_source *source;
        struct cf_yaml_file *file;
        struct cf_error err = {0};
        assert_int_equal(cf_source_from(arena, "compose.yaml", cf_span_of(text), &source, &err), 0);
        assert_int_equal(cf_yaml_parse(arena, source, &file, &err), 0);
        return file;
}

static void changes(void **unused)
{
        static const struct {
                const char *given, *made;
                bool hide_ports;
        } rows[] = {
                /* Lists are merged and the last entry counts: none of theirs stays. */
                {"services:\n  web:\n    image: a\n    security_opt:\n    - seccomp:unconfined\n"
                 "    - label:disable\n    - seccomp=./x.json\n    - no-new-privileges:true\n",
                 "{\"services\":{\"web\":{\"image\":\"a\",\"security_opt\":[\"label:disable\","
                 "\"no-new-privileges:true\",\"seccomp:/p\"]}}}\n",
                 false},
                /* An engine may put no filter on what is privileged. */
                {"services: {web: {image: a, privileged: true, cap_add: [NET_ADMIN]}}",
                 "{\"services\":{\"web\":{\"image\":\"a\",\"security_opt\":[\"seccomp:/p\"],"
                 "\"cap_add\":[\"ALL\"]}}}\n",
                 false},
                {"services: {web: {privileged: false, cap_add: [NET_ADMIN]}}",
                 "{\"services\":{\"web\":{\"cap_add\":[\"NET_ADMIN\"],\"security_opt\":["
                 "\"seccomp:/p\"]}}}\n",
                 false},
                /* What the user's project has is not ours. */
                {"services:\n  web: {container_name: x, restart: always, ports: ['80:80']}\n"
                 "  db: {container_name: y, restart: always, ports: ['5432:5432'], privileged: "
                 "true,"
                 " security_opt: ['seccomp:unconfined']}\n",
                 "{\"services\":{\"web\":{\"ports\":[\"80:80\"],\"security_opt\":[\"seccomp:/p\"]},"
                 "\"db\":{\"privileged\":true,\"security_opt\":[\"seccomp:unconfined\"]}}}\n",
                 false},
                {"services: {web: {ports: ['80:80']}}",
                 "{\"services\":{\"web\":{\"security_opt\":[\"seccomp:/p\"]}}}\n", true},
                {"services: {web: {}}\n"
                 "volumes: {a: {name: fixed}, b: {name: fixed, external: true}, c: null,"
                 " d: {name: ours_d}, e: {external: {name: x}, name: y}}\n"
                 "networks: {n: {name: fixed, driver: bridge}}\n",
                 "{\"services\":{\"web\":{\"security_opt\":[\"seccomp:/"
                 "p\"]}},\"volumes\":{\"a\":{},"
                 "\"b\":{\"name\":\"fixed\",\"external\":true},\"c\":null,\"d\":{\"name\":\"ours_"
                 "d\"}"
                 ",\"e\":{\"external\":{\"name\":\"x\"},\"name\":\"y\"}},\"networks\":{\"n\":{"
                 "\"driver\":\"bridge\"}}}\n",
                 false},
                /* Values stay what they are. */
                {"services: {web: {a: 1, b: '1', c: yes, d: 0.5, e: null, f: ~, g: 'null', h: true,"
                 " i: \"a\\nb$$c\", j: &x [1], k: *x}}\nversion: '3.9'\n",
                 "{\"services\":{\"web\":{\"a\":1,\"b\":\"1\",\"c\":\"yes\",\"d\":0.5,\"e\":null,"
                 "\"f\":null,\"g\":\"null\",\"h\":true,\"i\":\"a\\nb$$c\",\"j\":[1],\"k\":[1],"
                 "\"security_opt\":[\"seccomp:/p\"]}},\"version\":\"3.9\"}\n",
                 false},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
                CF_TEXT struct cf_text out = {0};
                struct cf_service_change change = {.project = "ours",
                                                   .service = "web",
                                                   .seccomp = "/p",
                                                   .hide_ports = rows[i].hide_ports};
                struct cf_yaml_file *file = read_config(arena, rows[i].given);
                struct cf_error err = {0};
                for (int twice = 0; twice < 2; twice++) { /* nothing of the first time stays */
                        cf_text_clear(&out);
                        assert_int_equal(cf_service_change(file, &change, &out, &err), 0);
                        assert_string_equal(out.data, rows[i].made);
                }
        }
}

static void no_configuration(void **unused)
{
        static const struct {
                const char *given;
                int error;
        } rows[] = {
                {"", -EINVAL},
                {"services: [web]", -EINVAL},
                {"services: {db: {}}", -EINVAL},
                {"services: {web: null}", -EINVAL},
                {"services: {web: {? [a] : b}}", -EINVAL},
                {"x: &x {}\nservices: {web: {<<: *x}}", -EINVAL},
                /* Aliases of aliases: 2^40 items. */
                {"services: {web: {}}\n"
                 "a: &a [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]\n"
                 "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                 "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
                 "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
                 "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
                 "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n"
                 "g: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n",
                 -E2BIG},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
                CF_TEXT struct cf_text out = {0};
                struct cf_service_change change = {
                        .project = "ours", .service = "web", .seccomp = "/p"};
                struct cf_error err = {0};
                assert_int_equal(
                        cf_service_change(read_config(arena, rows[i].given), &change, &out, &err),
                        rows[i].error);
                assert_int_equal(out.size, 0);
                assert_int_equal(err.code, rows[i].error);
        }
}

static void needed(void **unused)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
        const char *const *names;
        size_t count;
        (void)unused;
        struct cf_yaml_file *file = read_config(
                arena, "services:\n  web: {depends_on: [db, cache]}\n"
                       "  db: {depends_on: {disk: {condition: service_healthy}}}\n"
                       "  disk: {depends_on: [web]}\n  cache: {}\n  other: {depends_on: [web]}\n");
        assert_int_equal(cf_service_needed(arena, file, "web", &names, &count), 0);
        assert_int_equal(count, 4);
        assert_string_equal(names[0], "web");
        assert_string_equal(names[1], "db");
        assert_string_equal(names[2], "cache");
        assert_string_equal(names[3], "disk");
}

static void shared(void **unused)
{
        static const struct {
                const char *volume, *shared;
        } rows[] = {
                {"'/etc:/data:rw'", "/etc"},
                {"'/etc:/data'", "/etc"},
                {"'/etc:/data:ro'", NULL},
                {"'/etc:/data:z,ro'", NULL},
                {"'/etc:/data:rox'", "/etc"},
                {"'/dev/null:/data'", NULL}, /* holds nothing */
                {"'/no/such/folder:/data'", NULL},
                {"/data", NULL},
                {"'own:/data'", NULL},
                {"'theirs:/data'", "theirs"},
                {"{type: bind, source: /etc, target: /data}", "/etc"},
                {"{type: bind, source: /etc, target: /data, read_only: true}", NULL},
                {"{type: volume, source: theirs, target: /data}", "theirs"},
                {"{type: tmpfs, target: /data}", NULL},
        };
        (void)unused;
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(MEMORY);
                char *text = cf_arena_printf(arena,
                                             "services:\n  web:\n    volumes:\n    - %s\n"
                                             "volumes: {own: null, theirs: {external: true}}\n",
                                             rows[i].volume);
                const char *found = cf_service_shared(arena, read_config(arena, text), "web");
                assert_int_equal(found != NULL, rows[i].shared != NULL);
                if (found)
                        assert_string_equal(found, rows[i].shared);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(changes),
                cmocka_unit_test(no_configuration),
                cmocka_unit_test(needed),
                cmocka_unit_test(shared),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
