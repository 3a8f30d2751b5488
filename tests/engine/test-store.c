/* SPDX-License-Identifier: Apache-2.0 */
/* What Docker keeps on disk is used when it is plainly the container's, and it is at rest. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "engine/store.h"
#include "unit.h"

#define ID "559c0a6175e18fbad143cf07bea7b7785f83d119584f11cbbb51a03fbf93f2a3"
#define CONFIG(id, running)                                                            \
        "{\"ID\":\"" id "\",\"Name\":\"/web\",\"Path\":\"/bin/sh\",\"Args\":[\"-c\"]," \
        "\"State\":{\"Running\":" running ",\"Pid\":7},\"Config\":{\"Image\":\"nginx:1\"}}"
#define HOST_CONFIG "{\"Privileged\":false,\"SecurityOpt\":[\"seccomp:unconfined\"]}"

static char top[] = "/tmp/confined-store-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static void put(const char *name, const char *text)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/containers/" ID "/%s", top, name);
        CF_FCLOSE FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
}

static int set_up(void **state)
{
        (void)state;
        char path[256];
        memcpy(top, "/tmp/confined-store-XXXXXX", sizeof(top));
        assert_non_null(mkdtemp(top));
        snprintf(path, sizeof(path), "%s/containers", top);
        assert_int_equal(mkdir(path, 0755), 0);
        snprintf(path, sizeof(path), "%s/containers/" ID, top);
        assert_int_equal(mkdir(path, 0755), 0);
        put("config.v2.json", CONFIG(ID, "false"));
        put("hostconfig.json", HOST_CONFIG);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int read_as(struct cf_arena *arena, const char *container_state,
                   struct cf_inspected *inspected)
{
        CF_ARENA struct cf_arena *scratch = cf_arena_new(0);
        CF_CLOSE int store = cf_store_open(top);
        struct cf_listed listed = {.id = ID, .state = container_state};
        assert_true(store >= 0);
        return cf_store_read(arena, scratch, store, &listed, inspected);
}

static void at_rest(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_inspected got;
        assert_int_equal(read_as(arena, "exited", &got), 0);
        assert_string_equal(got.container.id, ID);
        assert_string_equal(got.container.name, "web");
        assert_string_equal(got.container.image, "nginx:1");
        assert_string_equal(got.container.command, "/bin/sh -c");
        assert_string_equal(got.container.status, "exited");
        assert_string_equal(got.container.cis_line, "[seccomp:unconfined]");
        assert_false(got.container.running || got.container.pid);
        assert_int_equal(got.setting_count, 1);
        assert_int_equal(read_as(arena, "created", &got), 0);
}

static void the_engine_is_asked(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_inspected got = {.setting_count = 42};
        static const char *const live[] = {"running", "paused", "restarting", "removing",
                                           "dead",    "",       NULL};
        for (size_t i = 0; i < CF_COUNT(live); i++)
                assert_int_equal(read_as(arena, live[i], &got), -ESTALE);
        put("config.v2.json", CONFIG(ID, "true")); /* started since it was listed */
        assert_int_equal(read_as(arena, "exited", &got), -ESTALE);
        put("config.v2.json", CONFIG("0" ID, "false"));
        assert_int_equal(read_as(arena, "exited", &got), -EINVAL);
        put("config.v2.json", CONFIG(ID, "false"));
        put("hostconfig.json", "{\"Privileged\":false}");
        assert_int_equal(read_as(arena, "exited", &got), -EINVAL);
        put("hostconfig.json", "{\"SecurityOpt\":");
        assert_int_equal(read_as(arena, "exited", &got), -EINVAL);
        assert_int_equal(got.setting_count, 42);
}

static void links_are_not_followed(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct cf_inspected got;
        char from[256], to[256];
        snprintf(from, sizeof(from), "%s/containers/" ID "/hostconfig.json", top);
        snprintf(to, sizeof(to), "%s/elsewhere", top);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(read_as(arena, "exited", &got), -ENOENT);
        assert_int_equal(symlink(to, from), 0);
        assert_int_equal(read_as(arena, "exited", &got), -ELOOP);
        assert_int_equal(unlink(from), 0);
        assert_int_equal(mkfifo(from, 0600), 0); /* does not block */
        assert_int_equal(read_as(arena, "exited", &got), -ENOTSUP);
        snprintf(from, sizeof(from), "%s/containers/" ID, top);
        assert_int_equal(rename(from, to), -1);
        snprintf(to, sizeof(to), "%s/folder", top);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(symlink(to, from), 0);
        assert_int_equal(read_as(arena, "exited", &got), -ENOTDIR);
}

static void no_store(void **state)
{
        (void)state;
        static const char *const roots[] = {NULL, "", "relative", "/nonexistent", "/dev/null"};
        for (size_t i = 0; i < CF_COUNT(roots); i++)
                assert_int_equal(cf_store_open(roots[i]), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(at_rest),
                TEST(the_engine_is_asked),
                TEST(links_are_not_followed),
                cmocka_unit_test(no_store),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
