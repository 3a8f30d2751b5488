/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine to ask: what Docker's own client would ask first, then the usual sockets.
 *
 * Sources: docs.docker.com, "Docker contexts" and the environment variables of the docker CLI;
 * containers.podman.io, podman-system-service(1). */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/vec.h"
#include "engine/engine.h"

#define CONTEXTS_MAX 256 /* folders of contexts that are looked at */

typedef CF_VEC(struct cf_engine_host) host_vec;

static const char *environment(const char *name)
{
        const char *value = getenv(name);
        return value && *value ? value : NULL;
}

/* ---- one host ------------------------------------------------------------------------------- */

static const char *guess_name(const char *url)
{
        return strstr(url, "podman") ? "Podman" : "Docker";
}

static const char *existing(const char *path)
{
        return path && access(path, F_OK) == 0 ? path : NULL;
}

static int take_tls_files(struct cf_arena *arena, const char *dir, struct cf_engine_host *host)
{
        const char *ca = cf_path_join(arena, dir, "ca.pem");
        const char *cert = cf_path_join(arena, dir, "cert.pem");
        const char *key = cf_path_join(arena, dir, "key.pem");
        if (!ca || !cert || !key)
                return -ENOMEM;
        host->ca = existing(ca);
        host->cert = existing(cert);
        host->key = existing(key);
        return 0;
}

static int check_scheme(const char *url, const char *origin, struct cf_error *err)
{
        struct cf_span text = cf_span_of(url);
        if (cf_span_starts(text, "unix:///") || (cf_span_starts(text, "tcp://") && text.size > 6))
                return 0;
        if (cf_span_starts(text, "ssh://"))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "%s: '%s': ssh is not supported; run confined audit on that "
                                    "machine, or forward its socket: ssh -nNT -L "
                                    "/tmp/docker.sock:/var/run/docker.sock HOST, and then "
                                    "--host unix:///tmp/docker.sock",
                                    origin, url);
        if (cf_span_starts(text, "npipe://"))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "%s: '%s': named pipes are of Windows; use unix:///PATH or "
                                    "tcp://HOST:PORT",
                                    origin, url);
        return cf_error_set(err, -EINVAL, NULL,
                            "%s: '%s' is no engine's address; use unix:///PATH or tcp://HOST:PORT",
                            origin, url);
}

/* Docker's ports when none is given. */
static const char *with_port(struct cf_arena *arena, const char *url, bool tls)
{
        struct cf_span address = cf_span_part(cf_span_of(url), strlen("tcp://"), SIZE_MAX);
        size_t slash = cf_span_find_byte(address, '/');
        struct cf_span host = cf_span_part(address, 0, slash);
        const char *colon = memrchr(host.data, ':', host.size);
        if (colon && !memchr(colon, ']', host.size - (size_t)(colon - host.data)))
                return url;
        struct cf_span path = cf_span_part(address, host.size, SIZE_MAX);
        return cf_arena_printf(arena, "tcp://%.*s:%s%.*s", (int)host.size, host.data,
                               tls ? "2376" : "2375", (int)path.size, path.data);
}

/* Like Docker's client, which wants DOCKER_TLS_VERIFY (or DOCKER_TLS) to be there and not empty. */
static int use_environment_tls(struct cf_arena *arena, struct cf_engine_host *host)
{
        const char *dir = environment("DOCKER_CERT_PATH"), *home = environment("HOME");
        host->tls_verify = environment("DOCKER_TLS_VERIFY") != NULL;
        host->tls = host->tls_verify || environment("DOCKER_TLS") != NULL;
        if (!host->tls)
                return 0;
        if (!dir)
                dir = cf_path_join(arena, home ? home : "/", ".docker");
        return dir ? take_tls_files(arena, dir, host) : -ENOMEM;
}

static int make_host(struct cf_arena *arena, const char *url, const char *origin,
                     struct cf_engine_host *ret_host, struct cf_error *err)
{
        struct cf_engine_host host = {.origin = origin, .name = guess_name(url)};
        int r = check_scheme(url, origin, err);
        if (r < 0)
                return r;
        host.url = cf_arena_string(arena, url);
        if (host.url && cf_span_starts(cf_span_of(url), "tcp://")) {
                r = use_environment_tls(arena, &host);
                host.url = with_port(arena, url, host.tls);
        }
        if (r < 0 || !host.url)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        *ret_host = host;
        return 0;
}

int cf_engine_host_of(struct cf_arena *arena, const char *url, struct cf_engine_host *ret_host,
                      struct cf_error *err)
{
        return make_host(arena, url, "--host", ret_host, err);
}

/* ---- Docker's contexts ------------------------------------------------------------------------
 */

static int read_json(struct cf_arena *arena, const char *path, struct cf_json **ret_value,
                     struct cf_error *err)
{
        struct cf_files *files = cf_files_new();
        struct cf_source *source;
        if (!files)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_files_read(files, arena, path, &source, err);
        cf_files_free(files);
        return r < 0 ? r : cf_json_parse(arena, source, ret_value, err);
}

/* The client's folder: DOCKER_CONFIG or ~/.docker; NULL in *ret_dir when there is no home. */
static int config_dir(struct cf_arena *arena, const char **ret_dir)
{
        const char *dir = environment("DOCKER_CONFIG"), *home = environment("HOME");
        if (!dir && home)
                dir = cf_path_join(arena, home, ".docker");
        *ret_dir = dir;
        return home && !dir ? -ENOMEM : 0;
}

/* The name of the context in use; NULL: the default one, which is no context at all. */
static int current_context(struct cf_arena *arena, const char *dir, const char **ret_name,
                           struct cf_error *err)
{
        const char *name = environment("DOCKER_CONTEXT");
        char *path = cf_path_join(arena, dir, "config.json");
        if (!path)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!name && existing(path)) {
                struct cf_json *config;
                int r = read_json(arena, path, &config, err);
                if (r < 0)
                        return cf_error_doing(err, r, NULL,
                                              "reading which Docker context is in use");
                name = cf_json_string(cf_json_get_nocase(config, "currentContext"));
        }
        *ret_name = name && *name && strcmp(name, "default") != 0 ? name : NULL;
        return 0;
}

static int host_of_meta(struct cf_arena *arena, const char *dir, const char *folder,
                        const struct cf_json *meta, struct cf_engine_host *ret_host,
                        struct cf_error *err)
{
        const char *name = cf_json_string(cf_json_get_nocase(meta, "Name"));
        const struct cf_json *endpoint =
                cf_json_get_nocase(cf_json_get_nocase(meta, "Endpoints"), "docker");
        const char *url = cf_json_string(cf_json_get_nocase(endpoint, "Host"));
        const char *origin = cf_arena_printf(arena, "Docker context '%s'", name);
        const char *tls_dir = cf_arena_printf(arena, "%s/contexts/tls/%s/docker", dir, folder);
        if (!origin || !tls_dir)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (!url || !*url)
                return cf_error_set(err, -EINVAL, NULL,
                                    "%s names no host; see docker context inspect, or use --host",
                                    origin);
        int r = make_host(arena, url, origin, ret_host, err);
        if (r < 0 || !cf_span_starts(cf_span_of(url), "tcp://"))
                return r;
        /* What the environment says of TLS is about DOCKER_HOST, a context has its own. */
        bool tls = existing(tls_dir) != NULL;
        *ret_host = (struct cf_engine_host){
                .url = with_port(arena, url, tls),
                .origin = origin,
                .name = ret_host->name,
                .tls = tls,
                .tls_verify = tls && !cf_json_true(cf_json_get_nocase(endpoint, "SkipTLSVerify")),
        };
        if (!ret_host->url || (tls && take_tls_files(arena, tls_dir, ret_host) < 0))
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        return 0;
}

/* Looks through contexts/meta/ for the context of that name. */
static int find_context(struct cf_arena *arena, const char *dir, const char *name,
                        struct cf_engine_host *ret_host, struct cf_error *err)
{
        const char *meta_dir = cf_path_join(arena, dir, "contexts/meta");
        CF_CLOSEDIR DIR *folders = meta_dir ? opendir(meta_dir) : NULL;
        struct dirent *entry;
        for (unsigned i = 0; folders && i < CONTEXTS_MAX && (entry = readdir(folders)); i++) {
                if (entry->d_name[0] == '.')
                        continue;
                char *path = cf_arena_printf(arena, "%s/%s/meta.json", meta_dir, entry->d_name);
                struct cf_json *meta;
                if (!path)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
                if (read_json(arena, path, &meta, NULL) < 0)
                        continue;
                const char *found = cf_json_string(cf_json_get_nocase(meta, "Name"));
                if (found && strcmp(found, name) == 0)
                        return host_of_meta(arena, dir, entry->d_name, meta, ret_host, err);
        }
        return cf_error_set(err, -ENOENT, NULL,
                            "Docker context '%s' is in use but not found in '%s'; see docker "
                            "context ls, or use --host",
                            name, meta_dir ? meta_dir : dir);
}

/* 0 and ret_host->url NULL: the default context. */
static int context_host(struct cf_arena *arena, struct cf_engine_host *ret_host,
                        struct cf_error *err)
{
        const char *dir, *name = NULL;
        int r = config_dir(arena, &dir);
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        *ret_host = (struct cf_engine_host){0};
        if (!dir)
                return 0;
        r = current_context(arena, dir, &name, err);
        return r < 0 || !name ? r : find_context(arena, dir, name, ret_host, err);
}

/* ---- the usual sockets --------------------------------------------------------------------------
 */

static const struct {
        const char *variable; /* its folder; NULL: the path is absolute */
        const char *path;
} sockets[] = {
        {NULL, "/var/run/docker.sock"},
        {"XDG_RUNTIME_DIR", "docker.sock"},
        {NULL, "/run/podman/podman.sock"},
        {"XDG_RUNTIME_DIR", "podman/podman.sock"},
};

static bool socket_id(const char *url, struct stat *ret_st)
{
        return cf_span_starts(cf_span_of(url), "unix://") &&
               stat(url + strlen("unix://"), ret_st) == 0;
}

/* The same socket may have several names (/var/run is /run, podman-docker makes links). */
static bool is_listed(const host_vec *hosts, const struct stat *st)
{
        for (size_t i = 0; i < hosts->count; i++) {
                struct stat other;
                if (socket_id(hosts->items[i].url, &other) && other.st_dev == st->st_dev &&
                    other.st_ino == st->st_ino)
                        return true;
        }
        return false;
}

static int add_sockets(struct cf_arena *arena, host_vec *hosts)
{
        for (size_t i = 0; i < CF_COUNT(sockets); i++) {
                const char *dir = sockets[i].variable ? environment(sockets[i].variable) : NULL;
                if (sockets[i].variable && !dir)
                        continue;
                const char *path = cf_path_join(arena, dir, sockets[i].path);
                const char *url = path ? cf_arena_printf(arena, "unix://%s", path) : NULL;
                struct stat st;
                if (!url)
                        return -ENOMEM;
                if (!socket_id(url, &st) || !S_ISSOCK(st.st_mode) || is_listed(hosts, &st))
                        continue;
                struct cf_engine_host host = {
                        .url = url, .origin = "usual socket", .name = guess_name(url)};
                if (cf_vec_push(arena, hosts, host) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int cf_engine_hosts(struct cf_arena *arena, struct cf_engine_host **ret_hosts, size_t *ret_count,
                    void (*trouble)(const struct cf_error *err, void *context), void *context,
                    struct cf_error *err)
{
        host_vec hosts = {0};
        struct cf_engine_host host = {0};
        const char *named = environment("DOCKER_HOST");
        int r = 0;
        if (named) {
                r = make_host(arena, named, "DOCKER_HOST", &host, err);
                if (r < 0)
                        return r;
        } else {
                struct cf_error broken = {0};
                if (context_host(arena, &host, &broken) < 0) {
                        trouble(&broken, context);
                        host.url = NULL;
                }
        }
        if (host.url)
                r = cf_vec_push(arena, &hosts, host);
        if (r == 0 && !named)
                r = add_sockets(arena, &hosts);
        if (r < 0)
                return cf_error_set(err, r, NULL, "not enough memory");
        *ret_hosts = hosts.items;
        *ret_count = hosts.count;
        return 0;
}
