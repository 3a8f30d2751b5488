/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine is asked: the environment, contexts, sockets. */
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "engine/engine.h"
#include "unit.h"

static char top[] = "/tmp/confined-host-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

static int set_up(void **state)
{
        (void)state;
        static const char *const names[] = {"DOCKER_HOST", "DOCKER_CONTEXT",    "DOCKER_CONFIG",
                                            "DOCKER_TLS",  "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"};
        for (size_t i = 0; i < CF_COUNT(names); i++)
                unsetenv(names[i]);
        memcpy(top, "/tmp/confined-host-XXXXXX", sizeof(top));
        assert_non_null(mkdtemp(top));
        setenv("HOME", top, 1);
        setenv("XDG_RUNTIME_DIR", top, 1);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *below(struct cf_arena *arena, const char *name)
{
        return cf_arena_printf(arena, "%s/%s", top, name);
}

static void put(struct cf_arena *arena, const char *name, const char *text)
{
        char *path = cf_arena_string(arena, below(arena, name));
        for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                mkdir(path, 0755);
                *slash = '/';
        }
        CF_FCLOSE FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
}

static void put_socket(struct cf_arena *arena, const char *name)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        CF_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        put(arena, name, "");
        unlink(below(arena, name));
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", below(arena, name));
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

struct asked {
        struct cf_engine_host *hosts;
        size_t count;
        char trouble[CF_ERROR_TEXT];
        struct cf_error err;
};

static void keep_trouble(const struct cf_error *err, void *context)
{
        struct asked *asked = context;
        snprintf(asked->trouble, sizeof(asked->trouble), "%s", err->frames[0].message);
}

static int ask(struct cf_arena *arena, struct asked *asked)
{
        *asked = (struct asked){0};
        return cf_engine_hosts(arena, &asked->hosts, &asked->count, keep_trouble, asked,
                               &asked->err);
}

/* The index of a URL among the hosts, or -1: this machine may have engines of its own. */
static int find(const struct asked *asked, const char *url)
{
        for (size_t i = 0; i < asked->count; i++)
                if (strcmp(asked->hosts[i].url, url) == 0)
                        return (int)i;
        return -1;
}

static void urls(void **state)
{
        (void)state;
        static const struct {
                const char *url;
                int result;
                const char *becomes; /* or a part of the message */
        } rows[] = {
                {"unix:///var/run/docker.sock", 0, "unix:///var/run/docker.sock"},
                {"unix://relative.sock", -EINVAL, "unix:///PATH"},
                {"tcp://h:2375", 0, "tcp://h:2375"},
                {"tcp://h", 0, "tcp://h:2375"},
                {"tcp://h/base", 0, "tcp://h:2375/base"},
                {"tcp://h:1/base", 0, "tcp://h:1/base"},
                {"tcp://[::1]", 0, "tcp://[::1]:2375"},
                {"tcp://[::1]:7", 0, "tcp://[::1]:7"},
                {"tcp://", -EINVAL, "tcp://HOST:PORT"},
                {"ssh://me@h", -ENOTSUP, "ssh -nNT -L"},
                {"npipe:////./pipe/docker", -ENOTSUP, "Windows"},
                {"http://h", -EINVAL, "tcp://HOST:PORT"},
                {"/var/run/docker.sock", -EINVAL, "unix:///PATH"},
                {"", -EINVAL, "unix:///PATH"},
        };
        for (size_t i = 0; i < CF_COUNT(rows); i++) {
                CF_ARENA struct cf_arena *arena = cf_arena_new(0);
                struct cf_engine_host host = {0};
                struct cf_error err = {0};
                int r = cf_engine_host_of(arena, rows[i].url, &host, &err);
                assert_int_equal(r, rows[i].result);
                if (r == 0) {
                        assert_string_equal(host.url, rows[i].becomes);
                        assert_false(host.tls);
                } else if (!strstr(err.frames[0].message, rows[i].becomes)) {
                        fail_msg("%s", err.frames[0].message);
                }
        }
}

static void docker_host_alone(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct asked asked;
        put_socket(arena, "docker.sock");
        setenv("DOCKER_HOST", "unix:///mine.sock", 1);
        setenv("DOCKER_CONTEXT", "nosuch", 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_int_equal(asked.count, 1);
        assert_string_equal(asked.hosts[0].url, "unix:///mine.sock");
        assert_string_equal(asked.hosts[0].origin, "DOCKER_HOST");
        setenv("DOCKER_HOST", "ssh://h", 1);
        assert_int_equal(ask(arena, &asked), -ENOTSUP);
        setenv("DOCKER_HOST", "", 1);
        setenv("DOCKER_CONTEXT", "default", 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_true(find(&asked, below(arena, "x")) < 0);
}

static void tls_of_the_environment(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct asked asked;
        put(arena, "certs/ca.pem", "");
        put(arena, "certs/cert.pem", "");
        put(arena, ".docker/key.pem", "");
        setenv("DOCKER_HOST", "tcp://h", 1);
        setenv("DOCKER_TLS_VERIFY", "1", 1);
        setenv("DOCKER_CERT_PATH", below(arena, "certs"), 1);
        assert_int_equal(ask(arena, &asked), 0);
        const struct cf_engine_host *host = &asked.hosts[0];
        assert_string_equal(host->url, "tcp://h:2376");
        assert_true(host->tls && host->tls_verify);
        assert_string_equal(host->ca, below(arena, "certs/ca.pem"));
        assert_string_equal(host->cert, below(arena, "certs/cert.pem"));
        assert_null(host->key);
        /* Without a folder: the client's own. Without a wish to verify: none. */
        unsetenv("DOCKER_CERT_PATH");
        unsetenv("DOCKER_TLS_VERIFY");
        setenv("DOCKER_TLS", "1", 1);
        assert_int_equal(ask(arena, &asked), 0);
        host = &asked.hosts[0];
        assert_true(host->tls && !host->tls_verify && !host->ca);
        assert_string_equal(host->key, below(arena, ".docker/key.pem"));
        /* A socket speaks no TLS. */
        setenv("DOCKER_HOST", "unix:///x", 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_false(asked.hosts[0].tls);
}

#define META(name, endpoint) "{\"Name\":\"" name "\",\"Endpoints\":{\"docker\":" endpoint "}}"

static void contexts(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct asked asked;
        put(arena, ".docker/contexts/meta/aa/meta.json",
            META("one", "{\"Host\":\"unix:///one.sock\",\"SkipTLSVerify\":false}"));
        put(arena, ".docker/contexts/meta/bb/meta.json",
            META("two", "{\"Host\":\"tcp://two\",\"SkipTLSVerify\":true}"));
        put(arena, ".docker/contexts/meta/cc/meta.json",
            META("three", "{\"Host\":\"tcp://three\"}"));
        put(arena, ".docker/contexts/meta/dd/meta.json", META("four", "{}"));
        put(arena, ".docker/contexts/meta/ee/meta.json", "broken");
        put(arena, ".docker/contexts/meta/ff/meta.json", META("six", "{\"Host\":\"ssh://six\"}"));
        put(arena, ".docker/contexts/tls/bb/docker/ca.pem", "");
        put(arena, ".docker/config.json", "{\"currentContext\":\"one\"}");
        /* The environment's TLS is not for contexts. */
        setenv("DOCKER_TLS_VERIFY", "1", 1);

        assert_int_equal(ask(arena, &asked), 0);
        assert_int_equal(find(&asked, "unix:///one.sock"), 0);
        assert_string_equal(asked.hosts[0].origin, "Docker context 'one'");
        assert_string_equal(asked.trouble, "");

        setenv("DOCKER_CONTEXT", "two", 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_int_equal(find(&asked, "tcp://two:2376"), 0);
        assert_true(asked.hosts[0].tls && !asked.hosts[0].tls_verify);
        assert_string_equal(asked.hosts[0].ca,
                            below(arena, ".docker/contexts/tls/bb/docker/ca.pem"));

        setenv("DOCKER_CONTEXT", "three", 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_int_equal(find(&asked, "tcp://three:2375"), 0);
        assert_false(asked.hosts[0].tls);

        static const struct {
                const char *name, *trouble;
        } broken[] = {{"four", "names no host"}, {"nosuch", "not found"}, {"six", "ssh -nNT"}};
        put_socket(arena, "docker.sock");
        const char *socket_url = cf_arena_printf(arena, "unix://%s/docker.sock", top);
        for (size_t i = 0; i < CF_COUNT(broken); i++) {
                setenv("DOCKER_CONTEXT", broken[i].name, 1);
                assert_int_equal(ask(arena, &asked), 0);
                if (!strstr(asked.trouble, broken[i].trouble))
                        fail_msg("%s: %s", broken[i].name, asked.trouble);
                assert_true(find(&asked, socket_url) >= 0); /* the others are asked all the same */
        }
        unsetenv("DOCKER_CONTEXT");
        put(arena, ".docker/config.json", "{\"currentContext\":");
        assert_int_equal(ask(arena, &asked), 0);
        assert_non_null(strstr(asked.trouble, "not JSON"));
        put(arena, "elsewhere/config.json", "{\"currentContext\":\"x\"}");
        put(arena, "elsewhere/contexts/meta/aa/meta.json", META("x", "{\"Host\":\"unix:///x\"}"));
        setenv("DOCKER_CONFIG", below(arena, "elsewhere"), 1);
        assert_int_equal(ask(arena, &asked), 0);
        assert_int_equal(find(&asked, "unix:///x"), 0);
}

static void sockets_that_exist(void **state)
{
        (void)state;
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        struct asked asked;
        const char *docker = cf_arena_printf(arena, "unix://%s/docker.sock", top);
        const char *podman = cf_arena_printf(arena, "unix://%s/podman/podman.sock", top);
        assert_int_equal(ask(arena, &asked), 0);
        assert_true(find(&asked, docker) < 0 && find(&asked, podman) < 0);
        put(arena, "docker.sock", "no socket");
        assert_int_equal(ask(arena, &asked), 0);
        assert_true(find(&asked, docker) < 0);
        put_socket(arena, "docker.sock");
        put_socket(arena, "podman/podman.sock");
        assert_int_equal(ask(arena, &asked), 0);
        assert_true(find(&asked, docker) >= 0);
        assert_true(find(&asked, podman) > find(&asked, docker));
        assert_string_equal(asked.hosts[find(&asked, podman)].name, "Podman");
        /* podman-docker: one socket, two names. */
        unlink(below(arena, "docker.sock"));
        assert_int_equal(symlink(below(arena, "podman/podman.sock"), below(arena, "docker.sock")),
                         0);
        assert_int_equal(ask(arena, &asked), 0);
        assert_true(find(&asked, docker) >= 0 && find(&asked, podman) < 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(urls),     TEST(docker_host_alone),  TEST(tls_of_the_environment),
                TEST(contexts), TEST(sockets_that_exist),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
