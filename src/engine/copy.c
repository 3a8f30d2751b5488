/* SPDX-License-Identifier: Apache-2.0 */
/* From what an engine says of a container to the request that makes one like it. */
#include <string.h>

#include "base/json.h"
#include "engine/answer.h"
#include "engine/engine.h"

#define ID_SHOWN 12 /* digits of its id that are a container's host name when it has no other */
#define SHARED_MAX 64u
#define NETWORKS_MAX 32u
#define NAME_MAX_BYTES 128

struct copy {
        struct cf_arena *arena;
        const struct cf_engine_copy *wanted;
        const struct cf_json *root, *config, *host;
        struct cf_json_writer json;
        struct cf_engine_copied copied;
};

static bool is_one_of(struct cf_span key, const char *const *names)
{
        for (; *names; names++)
                if (cf_span_is(key, *names))
                        return true;
        return false;
}

/* It is put into the path of a request. */
static bool is_fit(const char *name)
{
        static const char fit[] =
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
        size_t length = name ? strlen(name) : 0;
        return length > 0 && length <= NAME_MAX_BYTES && strspn(name, fit) == length &&
               strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool is_null(const struct cf_json *value)
{
        return !value || value->type == CF_JSON_NULL;
}

/* ---- what it consists of ----------------------------------------------------------------------
 */

static void put_labels(struct copy *copy)
{
        const struct cf_json *labels = cf_json_get(copy->config, "Labels");
        const char *label = copy->wanted->label;
        size_t size = strcspn(label, "=");
        cf_json_key(&copy->json, "Labels");
        cf_json_open(&copy->json, '{');
        for (const struct cf_json *one = labels ? labels->first : NULL; one; one = one->next) {
                if (cf_span_starts(one->key, "com.docker.compose."))
                        continue;
                cf_json_key_span(&copy->json, one->key);
                cf_json_put_value(&copy->json, one);
        }
        cf_json_key_span(&copy->json, (struct cf_span){label, size});
        cf_json_put_string(&copy->json, label[size] ? label + size + 1 : "");
        cf_json_close(&copy->json, '}');
}

/* The members of Config stand in the request itself. */
static void put_config(struct copy *copy)
{
        static const char *const own[] = {"Labels", "Image", "MacAddress", NULL};
        const char *host_name = cf_json_string(cf_json_get(copy->config, "Hostname"));
        const char *mode = cf_json_string(cf_json_get(copy->host, "NetworkMode"));
        const char *image = cf_json_string(cf_json_get(copy->root, "Image")); /* by its id */
        const char *name = cf_json_string(cf_json_get(copy->config, "Image"));
        bool own_name = host_name && strncmp(copy->copied.id, host_name, ID_SHOWN) != 0 &&
                        !(mode && (strncmp(mode, "container:", strlen("container:")) == 0 ||
                                   strcmp(mode, "host") == 0));
        for (const struct cf_json *one = copy->config->first; one; one = one->next) {
                if (is_one_of(one->key, own) || (cf_span_is(one->key, "Hostname") && !own_name))
                        continue;
                cf_json_key_span(&copy->json, one->key);
                cf_json_put_value(&copy->json, one);
        }
        cf_json_key(&copy->json, "Image");
        cf_json_put_string(&copy->json, image ? image : name);
        put_labels(copy);
}

static bool is_seccomp(const char *option)
{
        return strncmp(option, "seccomp=", 8) == 0 || strncmp(option, "seccomp:", 8) == 0;
}

static int put_security(struct copy *copy)
{
        const struct cf_json *list = cf_json_get(copy->host, "SecurityOpt");
        CF_TEXT struct cf_text profile = {0};
        cf_json_key(&copy->json, "SecurityOpt");
        cf_json_open(&copy->json, '[');
        for (const struct cf_json *one = list ? list->first : NULL; one; one = one->next)
                if (cf_json_string(one) && !is_seccomp(cf_json_string(one)))
                        cf_json_put_value(&copy->json, one);
        if (copy->wanted->unprivileged) {
                cf_json_put_string(&copy->json, "apparmor=unconfined");
                cf_json_put_string(&copy->json, "label=disable");
        }
        cf_text_puts(&profile, "seccomp=");
        cf_text_puts(&profile, copy->wanted->profile);
        cf_json_put_string(&copy->json, profile.data);
        cf_json_close(&copy->json, ']');
        return profile.failed ? -ENOMEM : 0;
}

/* What --privileged means besides. */
static void put_privileges(struct copy *copy)
{
        struct cf_json_writer *json = &copy->json;
        cf_json_key(json, "Privileged");
        cf_json_put_bool(json, false);
        cf_json_key(json, "CapAdd");
        cf_json_open(json, '[');
        cf_json_put_string(json, "ALL");
        cf_json_close(json, ']');
        cf_json_key(json, "DeviceCgroupRules");
        cf_json_open(json, '[');
        cf_json_put_string(json, "a *:* rwm");
        cf_json_close(json, ']');
        cf_json_key(json, "Devices");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        cf_json_key(json, "PathOnHost");
        cf_json_put_string(json, "/dev");
        cf_json_key(json, "PathInContainer");
        cf_json_put_string(json, "/dev");
        cf_json_key(json, "CgroupPermissions");
        cf_json_put_string(json, "rwm");
        cf_json_close(json, '}');
        cf_json_close(json, ']');
        cf_json_key(json, "MaskedPaths");
        cf_json_open(json, '[');
        cf_json_close(json, ']');
        cf_json_key(json, "ReadonlyPaths");
        cf_json_open(json, '[');
        cf_json_close(json, ']');
}

static int put_host(struct copy *copy)
{
        static const char *const left[] = {"SecurityOpt",
                                           "PortBindings",
                                           "PublishAllPorts",
                                           "RestartPolicy",
                                           "AutoRemove",
                                           "ContainerIDFile",
                                           NULL};
        static const char *const privileged[] = {"Privileged",        "CapAdd",  "CapDrop",
                                                 "DeviceCgroupRules", "Devices", "MaskedPaths",
                                                 "ReadonlyPaths",     NULL};
        const struct cf_json *ports = cf_json_get(copy->host, "PortBindings");
        copy->copied.ports = ports ? ports->count : 0;
        cf_json_key(&copy->json, "HostConfig");
        cf_json_open(&copy->json, '{');
        for (const struct cf_json *one = copy->host->first; one; one = one->next) {
                if (is_one_of(one->key, left) ||
                    (copy->wanted->unprivileged && is_one_of(one->key, privileged)))
                        continue;
                cf_json_key_span(&copy->json, one->key);
                cf_json_put_value(&copy->json, one);
        }
        if (copy->wanted->unprivileged)
                put_privileges(copy);
        int r = put_security(copy);
        cf_json_close(&copy->json, '}');
        return r;
}

/* ---- what it shares ---------------------------------------------------------------------------
 */

/* A volume that nobody gave a name has one of 64 hexadecimal digits. */
static bool is_anonymous(const struct cf_json *mount)
{
        const char *type = cf_json_string(cf_json_get(mount, "Type"));
        const char *name = cf_json_string(cf_json_get(mount, "Name"));
        return type && strcmp(type, "volume") == 0 && name && strlen(name) == 64 &&
               strspn(name, "0123456789abcdef") == 64;
}

static int list_mounts(struct copy *copy)
{
        const struct cf_json *list = cf_json_get(copy->root, "Mounts");
        const char **shared = cf_arena_many(copy->arena, SHARED_MAX, const char *);
        if (!shared)
                return -ENOMEM;
        for (const struct cf_json *one = list ? list->first : NULL; one; one = one->next) {
                const char *place = cf_json_string(cf_json_get(one, "Destination"));
                const char *type = cf_json_string(cf_json_get(one, "Type"));
                if (is_anonymous(one))
                        copy->copied.volumes++;
                else if (place && cf_json_true(cf_json_get(one, "RW")) &&
                         !(type && strcmp(type, "tmpfs") == 0) &&
                         copy->copied.shared_count < SHARED_MAX)
                        shared[copy->copied.shared_count++] = place;
        }
        copy->copied.shared = shared;
        return 0;
}

/* The first one comes with HostConfig.NetworkMode. */
static int list_networks(struct copy *copy)
{
        const struct cf_json *settings = cf_json_get(copy->root, "NetworkSettings");
        const struct cf_json *list = settings ? cf_json_get(settings, "Networks") : NULL;
        const char *mode = cf_json_string(cf_json_get(copy->host, "NetworkMode"));
        const char **names = cf_arena_many(copy->arena, NETWORKS_MAX, const char *);
        if (!names)
                return -ENOMEM;
        for (const struct cf_json *one = list && list->count > 1 ? list->first : NULL; one;
             one = one->next) {
                const char *name = cf_arena_copy(copy->arena, one->key);
                if (!name)
                        return -ENOMEM;
                bool first = mode && (strcmp(mode, name) == 0 || (strcmp(mode, "default") == 0 &&
                                                                  strcmp(name, "bridge") == 0));
                if (!first && is_fit(name) && copy->copied.network_count < NETWORKS_MAX)
                        names[copy->copied.network_count++] = name;
        }
        copy->copied.networks = names;
        return 0;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static int read_parts(struct copy *copy, const struct cf_source *source, struct cf_error *err)
{
        const struct cf_json *state = cf_json_get(copy->root, "State");
        const char *name = cf_json_string(cf_json_get(copy->root, "Name"));
        struct cf_place place = cf_source_place(source, 0, 0);
        copy->config = cf_json_get(copy->root, "Config");
        copy->host = cf_json_get(copy->root, "HostConfig");
        copy->copied.id = cf_json_string(cf_json_get(copy->root, "Id"));
        copy->copied.name = name && *name == '/' ? name + 1 : name;
        if (!is_fit(copy->copied.id) || !is_fit(copy->copied.name) ||
            strlen(copy->copied.id) < ID_SHOWN || is_null(copy->config) ||
            copy->config->type != CF_JSON_OBJECT || is_null(copy->host) ||
            copy->host->type != CF_JSON_OBJECT)
                return cf_error_set(err, -EINVAL, &place, "not what an engine says of a container");
        copy->copied.running = state && cf_json_true(cf_json_get(state, "Running"));
        return 0;
}

int cf_engine_copy(struct cf_arena *arena, struct cf_span inspected,
                   const struct cf_engine_copy *wanted, struct cf_text *body,
                   struct cf_engine_copied *ret_copied, struct cf_error *err)
{
        CF_TEXT struct cf_text text = {0};
        struct copy copy = {.arena = arena, .wanted = wanted, .json = {.out = &text}};
        struct cf_source *source;
        struct cf_json *root;
        int r = cf_source_from(arena, "the container", inspected, &source, err);
        if (r == 0)
                r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return r;
        copy.root = root;
        r = read_parts(&copy, source, err);
        if (r < 0)
                return r;
        cf_json_open(&copy.json, '{');
        put_config(&copy);
        r = put_host(&copy);
        cf_json_close(&copy.json, '}');
        if (r == 0)
                r = list_mounts(&copy);
        if (r == 0)
                r = list_networks(&copy);
        if (r == 0 && !text.failed)
                cf_text_add(body, cf_text_span(&text));
        if (r < 0 || text.failed || body->failed)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory to copy a container");
        *ret_copied = copy.copied;
        return 0;
}
