/* SPDX-License-Identifier: Apache-2.0 */
/* A Compose configuration, changed so that one service of it runs apart. Sources: the Compose
 * specification; what docker-compose 1.29.2 prints as `config`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/compose-run.h"

static struct cf_yaml *root_of(struct cf_yaml_file *file)
{
        return file->count ? cf_yaml_follow(file->documents[0].root) : NULL;
}

static struct cf_yaml *get(struct cf_yaml *mapping, const char *key)
{
        mapping = cf_yaml_follow(mapping);
        if (!mapping || mapping->type != CF_YAML_MAPPING)
                return NULL;
        return cf_yaml_follow(cf_yaml_get(mapping, key, NULL, NULL));
}

struct cf_yaml *cf_service_mapping(struct cf_yaml_file *file, const char *name)
{
        struct cf_yaml *service = get(get(root_of(file), "services"), name);
        return service && service->type == CF_YAML_MAPPING ? service : NULL;
}

static bool is_true(struct cf_yaml *node)
{
        const char *text = cf_yaml_string(node);
        return text && strcmp(text, "true") == 0;
}

/* Where a security option's value starts; NULL: it is not about seccomp. */
static const char *seccomp_value(struct cf_yaml *option)
{
        const char *text = cf_yaml_string(option);
        size_t key = text ? strcspn(text, strchr(text, '=') ? "=" : ":") : 0;
        return key == 7 && strncmp(text, "seccomp", key) == 0 ? text + key + (text[key] != '\0')
                                                              : NULL;
}

bool cf_service_is_privileged(struct cf_yaml_file *file, const char *service)
{
        return is_true(get(cf_service_mapping(file, service), "privileged"));
}

const char *cf_service_seccomp(struct cf_yaml_file *file, const char *service)
{
        struct cf_yaml *options = get(cf_service_mapping(file, service), "security_opt");
        const char *last = NULL;
        for (size_t i = 0; options && options->type == CF_YAML_SEQUENCE && i < options->count;
             i++) {
                const char *value = seccomp_value(options->items[i]);
                last = value ? value : last;
        }
        return last;
}

bool cf_service_is_off(struct cf_yaml_file *file, const char *service)
{
        const char *seccomp = cf_service_seccomp(file, service);
        return cf_service_is_privileged(file, service) ||
               (seccomp && strcmp(seccomp, "unconfined") == 0);
}

/* ---- what is needed
 * ----------------------------------------------------------------------------- */

struct needed {
        struct cf_arena *arena;
        const char **items;
        size_t count, capacity;
        bool failed;
};

static void need(struct needed *needed, const char *name)
{
        for (size_t i = 0; i < needed->count; i++)
                if (!name || strcmp(needed->items[i], name) == 0)
                        return;
        if (!name || needed->count == CF_COMPOSE_SERVICES_MAX)
                return;
        if (cf_vec_push(needed->arena, needed, name) < 0)
                needed->failed = true;
}

int cf_service_needed(struct cf_arena *arena, struct cf_yaml_file *file, const char *service,
                      const char *const **ret_names, size_t *ret_count)
{
        struct needed needed = {.arena = arena};
        need(&needed, service);
        for (size_t i = 0; i < needed.count && !needed.failed; i++) {
                struct cf_yaml *mapping = cf_service_mapping(file, needed.items[i]);
                struct cf_yaml *depends = get(mapping, "depends_on");
                size_t step = depends && depends->type == CF_YAML_MAPPING ? 2 : 1;
                for (size_t k = 0; depends && depends->type != CF_YAML_SCALAR && k < depends->count;
                     k++)
                        need(&needed, cf_yaml_string(depends->items[k * step]));
        }
        *ret_names = needed.items;
        *ret_count = needed.count;
        return needed.failed ? -ENOMEM : 0;
}

/* ---- what is shared
 * ----------------------------------------------------------------------------- */

static bool is_external(struct cf_yaml_file *file, const char *volume)
{
        struct cf_yaml *external = get(get(get(root_of(file), "volumes"), volume), "external");
        return external && (external->type == CF_YAML_MAPPING || is_true(external));
}

/* Sockets and devices hold nothing that two could spoil. */
static bool holds_data(const char *path)
{
        struct stat st;
        return stat(path, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode));
}

static const char *shared_source(struct cf_yaml_file *file, const char *source)
{
        if (!source || !*source)
                return NULL;
        bool shared = *source == '/' ? holds_data(source) : is_external(file, source);
        return shared ? source : NULL;
}

/* "SOURCE:TARGET[:MODE]" or a mapping. */
static const char *shared_by(struct cf_arena *arena, struct cf_yaml_file *file,
                             struct cf_yaml *volume)
{
        volume = cf_yaml_follow(volume);
        if (volume->type == CF_YAML_MAPPING)
                return is_true(get(volume, "read_only"))
                               ? NULL
                               : shared_source(file, cf_yaml_string(get(volume, "source")));
        const char *text = cf_yaml_string(volume);
        const char *colon = text ? strchr(text, ':') : NULL;
        const char *mode = colon ? strchr(colon + 1, ':') : NULL;
        if (!colon)
                return NULL;
        for (const char *at = mode; at; at = strchr(at + 1, ','))
                if (strncmp(at + 1, "ro", 2) == 0 && (at[3] == ',' || at[3] == '\0'))
                        return NULL;
        return shared_source(file,
                             cf_arena_copy(arena, (struct cf_span){text, (size_t)(colon - text)}));
}

const char *cf_service_shared(struct cf_arena *arena, struct cf_yaml_file *file,
                              const char *service)
{
        struct cf_yaml *volumes = get(cf_service_mapping(file, service), "volumes");
        for (size_t i = 0; volumes && volumes->type == CF_YAML_SEQUENCE && i < volumes->count;
             i++) {
                const char *shared = shared_by(arena, file, volumes->items[i]);
                if (shared)
                        return shared;
        }
        return NULL;
}

/* ---- writing it anew
 * ---------------------------------------------------------------------------- */

static void put_scalar(struct cf_json_writer *json, struct cf_yaml *node)
{
        char *end;
        const char *text = node->text.data;
        if (cf_yaml_is_null(node)) {
                cf_json_put_null(json);
                return;
        }
        if (!cf_yaml_is_string(node)) {
                if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
                        cf_json_put_bool(json, *text == 't');
                        return;
                }
                errno = 0;
                long long number = strtoll(text, &end, 10);
                if (*text && !*end && errno == 0) {
                        cf_json_put_int(json, number);
                        return;
                }
                double real = strtod(text, &end);
                if (*text && !*end && real > -1e300 && real < 1e300) {
                        cf_json_put_double(json, real);
                        return;
                }
        }
        cf_json_put_span(json, node->text);
}

static void put_node(struct cf_json_writer *json, struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        if (!node) {
                cf_json_put_null(json);
        } else if (node->type == CF_YAML_SCALAR) {
                put_scalar(json, node);
        } else if (json->out->failed) {
                cf_json_put_null(json); /* too large already: aliases may make it ever larger */
        } else {
                bool mapping = node->type == CF_YAML_MAPPING;
                cf_json_open(json, mapping ? '{' : '[');
                for (size_t i = 0; i < node->count; i++) {
                        if (mapping)
                                cf_json_key_span(json, cf_yaml_follow(node->items[2 * i])->text);
                        put_node(json, node->items[mapping ? 2 * i + 1 : i]);
                }
                cf_json_close(json, mapping ? '}' : ']');
        }
}

/* Key and value of one of our words. */
static void put_options(struct cf_json_writer *json, struct cf_yaml *old, const char *seccomp)
{
        CF_TEXT struct cf_text ours = {0};
        cf_json_key(json, "security_opt");
        cf_json_open(json, '[');
        for (size_t i = 0; old && old->type == CF_YAML_SEQUENCE && i < old->count; i++) {
                const char *text = cf_yaml_string(old->items[i]);
                if (text && !seccomp_value(old->items[i]))
                        cf_json_put_string(json, text);
        }
        cf_text_printf(&ours, "seccomp:%s", seccomp);
        json->out->failed |= ours.failed;
        cf_json_put_string(json, ours.data ? ours.data : "");
        cf_json_close(json, ']');
}

static bool is_one_of(struct cf_span key, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (cf_span_is(key, words[i]))
                        return true;
        return false;
}

static void put_service(struct cf_json_writer *json, struct cf_yaml *service,
                        const struct cf_service_change *change, bool ours)
{
        static const char *const apart[] = {"container_name", "restart"};
        static const char *const replaced[] = {"security_opt", "privileged"};
        bool privileged = ours && is_true(get(service, "privileged"));
        cf_json_open(json, '{');
        for (size_t i = 0; i < service->count; i++) {
                struct cf_span key = cf_yaml_follow(service->items[2 * i])->text;
                if (is_one_of(key, apart, CF_COUNT(apart)) ||
                    (cf_span_is(key, "ports") && (!ours || change->hide_ports)) ||
                    (ours && is_one_of(key, replaced, CF_COUNT(replaced))) ||
                    (privileged && cf_span_is(key, "cap_add")))
                        continue;
                cf_json_key_span(json, key);
                put_node(json, service->items[2 * i + 1]);
        }
        if (ours)
                put_options(json, get(service, "security_opt"), change->seccomp);
        if (privileged) {
                cf_json_key(json, "cap_add");
                cf_json_open(json, '[');
                cf_json_put_string(json, "ALL");
                cf_json_close(json, ']');
        }
        cf_json_close(json, '}');
}

static void put_services(struct cf_json_writer *json, struct cf_yaml *services,
                         const struct cf_service_change *change)
{
        cf_json_open(json, '{');
        for (size_t i = 0; i < services->count; i++) {
                struct cf_span name = cf_yaml_follow(services->items[2 * i])->text;
                struct cf_yaml *service = cf_yaml_follow(services->items[2 * i + 1]);
                cf_json_key_span(json, name);
                if (service && service->type == CF_YAML_MAPPING)
                        put_service(json, service, change, cf_span_is(name, change->service));
                else
                        put_node(json, service);
        }
        cf_json_close(json, '}');
}

/* Networks or volumes: a name that is not the project's own goes, but of external ones. */
static void put_named(struct cf_json_writer *json, struct cf_yaml *all,
                      const struct cf_service_change *change)
{
        cf_json_open(json, '{');
        for (size_t i = 0; i < all->count; i++) {
                struct cf_yaml *one = cf_yaml_follow(all->items[2 * i + 1]);
                const char *name = cf_yaml_string(get(one, "name"));
                struct cf_yaml *external = get(one, "external");
                bool kept = !one || one->type != CF_YAML_MAPPING || !name ||
                            (external && (external->type == CF_YAML_MAPPING || is_true(external)));
                bool own = name && strncmp(name, change->project, strlen(change->project)) == 0;
                cf_json_key_span(json, cf_yaml_follow(all->items[2 * i])->text);
                if (kept || own) {
                        put_node(json, one);
                        continue;
                }
                cf_json_open(json, '{');
                for (size_t k = 0; k < one->count; k++) {
                        struct cf_span key = cf_yaml_follow(one->items[2 * k])->text;
                        if (cf_span_is(key, "name"))
                                continue;
                        cf_json_key_span(json, key);
                        put_node(json, one->items[2 * k + 1]);
                }
                cf_json_close(json, '}');
        }
        cf_json_close(json, '}');
}

/* Keys are texts everywhere: `config` prints no others, and a merge key is resolved in it. */
static bool has_plain_keys(struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        if (!node || node->type == CF_YAML_SCALAR || node->seen)
                return true;
        node->seen = true;
        bool mapping = node->type == CF_YAML_MAPPING;
        for (size_t i = 0; i < node->count; i++) {
                if (mapping &&
                    (!cf_yaml_string(node->items[2 * i]) || cf_yaml_is_merge(node->items[2 * i])))
                        return false;
                if (!has_plain_keys(node->items[mapping ? 2 * i + 1 : i]))
                        return false;
        }
        return true;
}

static void forget_seen(struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        if (!node || node->type == CF_YAML_SCALAR || !node->seen)
                return;
        node->seen = false;
        bool mapping = node->type == CF_YAML_MAPPING;
        for (size_t i = 0; i < node->count; i++)
                forget_seen(node->items[mapping ? 2 * i + 1 : i]);
}

int cf_service_change(struct cf_yaml_file *file, const struct cf_service_change *change,
                      struct cf_text *out, struct cf_error *err)
{
        struct cf_yaml *root = root_of(file), *services = get(root, "services");
        CF_TEXT struct cf_text text = {.max = CF_COMPOSE_CONFIG_MAX};
        struct cf_json_writer json = {.out = &text};
        bool plain = has_plain_keys(root);
        forget_seen(root);
        if (!services || services->type != CF_YAML_MAPPING || !plain)
                return cf_error_set(err, -EINVAL, NULL, "Compose printed no configuration");
        if (!cf_service_mapping(file, change->service))
                return cf_error_set(err, -EINVAL, NULL, "there is no service '%s'",
                                    change->service);
        if (root->height > CF_COMPOSE_HEIGHT)
                return cf_error_set(err, -E2BIG, NULL, "the configuration is nested too deep");
        cf_json_open(&json, '{');
        for (size_t i = 0; i < root->count; i++) {
                struct cf_span key = cf_yaml_follow(root->items[2 * i])->text;
                struct cf_yaml *value = cf_yaml_follow(root->items[2 * i + 1]);
                bool mapping = value && value->type == CF_YAML_MAPPING;
                cf_json_key_span(&json, key);
                if (value == services)
                        put_services(&json, services, change);
                else if (mapping && (cf_span_is(key, "networks") || cf_span_is(key, "volumes")))
                        put_named(&json, value, change);
                else
                        put_node(&json, value);
        }
        cf_json_close(&json, '}');
        cf_text_putc(&text, '\n');
        if (text.failed)
                return cf_error_set(err, -E2BIG, NULL, "the configuration is too large");
        cf_text_add(out, cf_text_span(&text));
        return out->failed ? cf_error_set(err, -ENOMEM, NULL, "not enough memory") : 0;
}
