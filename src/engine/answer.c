/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: Docker Engine API 1.24 to 1.51 (docs.docker.com), and answers of Docker 20.10 and
 * Podman 4.3 as measured. Podman tells the same fields through its compatible API. */
#include "engine/answer.h"

#include <limits.h>

#include "base/json.h"
#include "base/vec.h"
#include "engine/engine.h"

#define ID_MAX 128     /* characters of an id; engines use 64 */
#define NAMES_MAX 64   /* names (with links) of one container */
#define CAPS_MAX 128   /* capabilities added, or dropped, of one container */
#define TEXT_MAX 4096u /* bytes kept of a name, an image, a version */

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory for an engine's answer");
}

static int parse(struct cf_arena *scratch, struct cf_span body, struct cf_json **ret_value,
                 struct cf_error *err)
{
        struct cf_source *source;
        int r = cf_source_from(scratch, "answer", body, &source, err);
        return r < 0 ? r : cf_json_parse(scratch, source, ret_value, err);
}

/* A copy that is UTF-8: each bad byte becomes U+FFFD, as Go's JSON reader (and so Docker's own
 * client) makes it. `max` bytes are kept. */
static const char *keep(struct cf_arena *arena, struct cf_span text, size_t max)
{
        if (text.size > max) {
                text.size = max;
                while (text.size && ((unsigned char)text.data[text.size] & 0xc0) == 0x80)
                        text.size--;
        }
        if (cf_utf8_valid(text, NULL))
                return cf_arena_copy(arena, text);
        static const char replacement[] = {'\xef', '\xbf', '\xbd'};
        char *copy = cf_arena_array(arena, text.size + 1, sizeof(replacement));
        size_t size = 0;
        while (copy && text.size) {
                uint32_t c;
                size_t n = cf_utf8_next(text, &c);
                if (n == 1 && c == 0xfffd) {
                        memcpy(copy + size, replacement, sizeof(replacement));
                        size += sizeof(replacement);
                } else {
                        memcpy(copy + size, text.data, n);
                        size += n;
                }
                text = cf_span_part(text, n, text.size);
        }
        return copy;
}

/* A string member, NULL when it is none. Memory running out sets *failed. */
static const char *keep_member(struct cf_arena *arena, const struct cf_json *object,
                               const char *key, bool *failed)
{
        const struct cf_json *value = cf_json_get_nocase(object, key);
        if (!value || value->type != CF_JSON_STRING || value->text.size == 0)
                return NULL;
        const char *copy = keep(arena, value->text, TEXT_MAX);
        *failed |= !copy;
        return copy;
}

/* ---- version, errors --------------------------------------------------------------------------
 */

int cf_answer_version(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                      struct cf_version_answer *ret_version, struct cf_error *err)
{
        struct cf_json *value;
        bool failed = false;
        int r = parse(scratch, body, &value, err);
        if (r < 0)
                return r;
        struct cf_version_answer version = {
                .api = keep_member(arena, value, "ApiVersion", &failed),
                .min_api = keep_member(arena, value, "MinAPIVersion", &failed),
        };
        if (failed)
                return no_memory(err);
        *ret_version = version;
        return 0;
}

const char *cf_answer_message(struct cf_arena *scratch, struct cf_span body)
{
        struct cf_json *value;
        bool failed = false;
        if (parse(scratch, body, &value, NULL) < 0)
                return NULL;
        return keep_member(scratch, value, "message", &failed);
}

/* ---- info ---------------------------------------------------------------------------------------
 */

/* "name=seccomp,profile=builtin"; before API 1.25 just "seccomp". */
static int read_security_option(struct cf_arena *arena, struct cf_span option,
                                struct cf_engine *engine)
{
        if (!cf_span_is(option, "seccomp") && !cf_span_is(option, "name=seccomp") &&
            !cf_span_starts(option, "name=seccomp,"))
                return 0;
        engine->seccomp = true;
        size_t at = cf_span_find(option, CF_SPAN(",profile="));
        if (at == SIZE_MAX)
                return 0;
        struct cf_span profile = cf_span_part(option, at + strlen(",profile="), option.size);
        profile = cf_span_part(profile, 0, cf_span_find_byte(profile, ','));
        if (profile.size == 0)
                return 0;
        engine->default_profile = keep(arena, profile, TEXT_MAX);
        return engine->default_profile ? 0 : -ENOMEM;
}

int cf_answer_info(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                   struct cf_engine *engine, const char **ret_root, struct cf_error *err)
{
        struct cf_json *info;
        bool failed = false;
        int r = parse(scratch, body, &info, err);
        if (r < 0)
                return r;
        const struct cf_json *options = cf_json_get_nocase(info, "SecurityOptions");
        if (info->type != CF_JSON_OBJECT || !options ||
            (options->type != CF_JSON_ARRAY && options->type != CF_JSON_NULL))
                return cf_error_set(err, -EINVAL, NULL, "there is no list 'SecurityOptions' in it");
        struct cf_engine told = *engine;
        told.seccomp = false;
        told.default_profile = NULL;
        for (const struct cf_json *item = options->first; item; item = item->next) {
                if (item->type == CF_JSON_STRING &&
                    read_security_option(arena, item->text, &told) < 0)
                        return no_memory(err);
        }
        const char *version = keep_member(arena, info, "ServerVersion", &failed);
        told.version = version ? version : told.version;
        told.kernel = keep_member(arena, info, "KernelVersion", &failed);
        const char *root = keep_member(arena, info, "DockerRootDir", &failed);
        if (failed)
                return no_memory(err);
        *engine = told;
        *ret_root = root;
        return 0;
}

/* ---- list ---------------------------------------------------------------------------------------
 */

/* Ids go into the paths of requests, so they are nothing but letters, digits and ".-_". */
static bool is_id(struct cf_span id)
{
        if (id.size == 0 || id.size > ID_MAX || id.data[0] == '.')
                return false;
        for (size_t i = 0; i < id.size; i++) {
                char c = id.data[i];
                if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
                    c != '.' && c != '-' && c != '_')
                        return false;
        }
        return true;
}

static struct cf_span without_slash(struct cf_span name)
{
        return cf_span_starts(name, "/") ? cf_span_part(name, 1, name.size) : name;
}

static int read_names(struct cf_arena *arena, const struct cf_json *names, struct cf_listed *listed)
{
        CF_VEC(const char *) kept = {0};
        for (const struct cf_json *name = names ? names->first : NULL;
             name && kept.count < NAMES_MAX; name = name->next) {
                if (name->type != CF_JSON_STRING)
                        continue;
                const char *copy = keep(arena, without_slash(name->text), TEXT_MAX);
                if (!copy || cf_vec_push(arena, &kept, copy) < 0)
                        return -ENOMEM;
        }
        listed->names = kept.items;
        listed->name_count = kept.count;
        return 0;
}

int cf_answer_list(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                   struct cf_listed **ret_listed, size_t *ret_count, struct cf_error *err)
{
        struct cf_json *list;
        int r = parse(scratch, body, &list, err);
        if (r < 0)
                return r;
        if (list->type != CF_JSON_ARRAY)
                return cf_error_set(err, -EINVAL, NULL, "a list was expected, not %s",
                                    cf_json_type_name(list->type));
        if (list->count > CF_ENGINE_CONTAINERS_MAX)
                return cf_error_set(err, -E2BIG, NULL,
                                    "%zu containers are more than the %zu that are looked at",
                                    list->count, CF_ENGINE_CONTAINERS_MAX);
        struct cf_listed *listed = cf_arena_many(arena, list->count, struct cf_listed);
        if (!listed)
                return no_memory(err);
        size_t count = 0;
        for (const struct cf_json *item = list->first; item; item = item->next) {
                const struct cf_json *id = cf_json_get_nocase(item, "Id");
                if (!id || id->type != CF_JSON_STRING || !is_id(id->text))
                        return cf_error_set(err, -EINVAL, NULL,
                                            "container %zu of the list has no id", count + 1);
                bool failed = false;
                listed[count].id = cf_arena_copy(arena, id->text);
                listed[count].state = keep_member(arena, item, "State", &failed);
                if (!listed[count].id || failed ||
                    read_names(arena, cf_json_get_nocase(item, "Names"), &listed[count]) < 0)
                        return no_memory(err);
                count++;
        }
        *ret_listed = listed;
        *ret_count = count;
        return 0;
}

/* ---- inspect
 * -------------------------------------------------------------------------------------- */

/* What Go's template prints for a list of strings, null and the empty list (measured with the
 * docker CLI 20.10 and 28.2; anything else it refuses, and so does check_options). */
static const char *cis_line(struct cf_arena *arena, const struct cf_json *options, size_t max)
{
        if (options->type == CF_JSON_NULL)
                return cf_arena_string(arena, "<no value>");
        CF_TEXT struct cf_text line = {.max = max};
        cf_text_putc(&line, '[');
        for (const struct cf_json *item = options->first; item; item = item->next) {
                if (item != options->first)
                        cf_text_putc(&line, ' ');
                cf_text_add(&line, item->type == CF_JSON_NULL ? CF_SPAN("<nil>") : item->text);
        }
        cf_text_putc(&line, ']');
        return line.failed ? NULL : keep(arena, cf_text_span(&line), SIZE_MAX);
}

static int check_options(const struct cf_json *options, struct cf_error *err)
{
        if (!options)
                return cf_error_set(err, -EINVAL, NULL, "there is no HostConfig.SecurityOpt in it");
        if (options->type != CF_JSON_ARRAY && options->type != CF_JSON_NULL)
                return cf_error_set(err, -EINVAL, NULL, "HostConfig.SecurityOpt is no list but %s",
                                    cf_json_type_name(options->type));
        for (const struct cf_json *item = options->first; item; item = item->next) {
                if (item->type != CF_JSON_NULL && item->type != CF_JSON_STRING)
                        return cf_error_set(err, -EINVAL, NULL,
                                            "HostConfig.SecurityOpt holds something that is no "
                                            "string: %s",
                                            cf_json_type_name(item->type));
                if (item->type == CF_JSON_STRING && memchr(item->text.data, 0, item->text.size))
                        return cf_error_set(err, -EINVAL, NULL,
                                            "HostConfig.SecurityOpt holds a NUL byte");
        }
        return 0;
}

/* The entry is about seccomp, or nearly so: judge/ decides which. */
static bool may_be_seccomp(struct cf_span entry)
{
        static const struct cf_span word = {"seccomp", 7};
        size_t end = 0;
        while (end < entry.size && entry.data[end] != '=' && entry.data[end] != ':')
                end++;
        for (size_t i = 0; i + word.size <= end; i++) {
                if (cf_span_equal_nocase(cf_span_part(entry, i, word.size), word))
                        return true;
        }
        return false;
}

/* The profile of "seccomp={…}": Docker's client sends the file's text in place of its path. */
static const char *inline_profile(const char *entry)
{
        const char *value = strchr(entry, '=');
        if (!value)
                value = strchr(entry, ':');
        if (!value)
                return NULL;
        const char *start = ++value;
        while (*start == ' ' || *start == '\t' || *start == '\r' || *start == '\n')
                start++;
        return *start == '{' ? value : NULL;
}

typedef CF_VEC(struct cf_setting) setting_vec;

static int add_options(struct cf_arena *arena, const struct cf_json *options, setting_vec *settings)
{
        for (const struct cf_json *item = options->first; item; item = item->next) {
                if (item->type != CF_JSON_STRING || !may_be_seccomp(item->text))
                        continue;
                struct cf_setting setting = {.kind = CF_SETTING_SECURITY_OPT,
                                             .value = keep(arena, item->text, SIZE_MAX)};
                if (!setting.value)
                        return -ENOMEM;
                setting.profile_json = inline_profile(setting.value);
                if (cf_vec_push(arena, settings, setting) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Path and Args with spaces between, cut at CF_ENGINE_COMMAND_MAX. */
static const char *command_of(struct cf_arena *arena, const struct cf_json *inspect, bool *failed)
{
        CF_TEXT struct cf_text command = {0};
        const struct cf_json *path = cf_json_get_nocase(inspect, "Path");
        const struct cf_json *args = cf_json_get_nocase(inspect, "Args");
        if (path && path->type == CF_JSON_STRING)
                cf_text_add(&command, cf_span_part(path->text, 0, CF_ENGINE_COMMAND_MAX));
        for (const struct cf_json *arg = args ? args->first : NULL;
             arg && command.size < CF_ENGINE_COMMAND_MAX; arg = arg->next) {
                if (arg->type != CF_JSON_STRING)
                        continue;
                if (command.size)
                        cf_text_putc(&command, ' ');
                cf_text_add(&command, cf_span_part(arg->text, 0, CF_ENGINE_COMMAND_MAX));
        }
        if (command.size == 0 && !command.failed)
                return NULL;
        const char *copy =
                command.failed ? NULL : keep(arena, cf_text_span(&command), CF_ENGINE_COMMAND_MAX);
        *failed |= !copy;
        return copy;
}

static void read_labels(struct cf_arena *arena, const struct cf_json *labels,
                        struct cf_container *container, bool *failed)
{
        const struct {
                const char *label;
                const char **place;
        } wanted[] = {
                {"com.docker.compose.project", &container->compose_project},
                {"com.docker.compose.service", &container->compose_service},
                {"com.docker.compose.project.config_files", &container->compose_files},
                {"com.docker.compose.project.working_dir", &container->compose_dir},
        };
        for (size_t i = 0; i < CF_COUNT(wanted); i++) {
                const struct cf_json *value = cf_json_get(labels, wanted[i].label);
                if (!value || value->type != CF_JSON_STRING || value->text.size == 0)
                        continue;
                *wanted[i].place = keep(arena, value->text, TEXT_MAX);
                *failed |= !*wanted[i].place;
        }
}

static void read_state(struct cf_arena *arena, const struct cf_json *state,
                       struct cf_container *container, bool *failed)
{
        int64_t pid;
        if (cf_json_int(cf_json_get_nocase(state, "Pid"), &pid) == 0 && pid > 0 && pid <= INT_MAX)
                container->pid = (pid_t)pid;
        container->running = cf_json_true(cf_json_get_nocase(state, "Running")) ||
                             cf_json_true(cf_json_get_nocase(state, "Paused"));
        container->status = keep_member(arena, state, "Status", failed);
        if (!container->running)
                container->pid = 0;
}

/* A list of strings; anything else in it is passed over. */
static const char *const *read_strings(struct cf_arena *arena, const struct cf_json *list,
                                       size_t *ret_count, bool *failed)
{
        CF_VEC(const char *) strings = {0};
        for (const struct cf_json *item = list ? list->first : NULL;
             item && strings.count < CAPS_MAX; item = item->next) {
                if (item->type != CF_JSON_STRING)
                        continue;
                const char *copy = keep(arena, item->text, TEXT_MAX);
                *failed |= !copy || cf_vec_push(arena, &strings, copy) < 0;
        }
        *ret_count = strings.count;
        return strings.items;
}

/* `inspect` is what an engine answers, or its config.v2.json, which has the same members but for
 * HostConfig. */
static int fill(struct cf_arena *arena, const struct cf_json *inspect,
                const struct cf_json *host_config, const char *id,
                struct cf_inspected *ret_inspected, struct cf_error *err)
{
        struct cf_inspected inspected = {0};
        struct cf_container *container = &inspected.container;
        const struct cf_json *config = cf_json_get_nocase(inspect, "Config");
        const struct cf_json *options = cf_json_get_nocase(host_config, "SecurityOpt");
        const struct cf_json *name = cf_json_get_nocase(inspect, "Name");
        bool failed = false;
        int r = check_options(options, err);
        if (r < 0)
                return r;
        container->id = cf_arena_string(arena, id);
        read_state(arena, cf_json_get_nocase(inspect, "State"), container, &failed);
        read_labels(arena, cf_json_get_nocase(config, "Labels"), container, &failed);
        container->name = name && name->type == CF_JSON_STRING && name->text.size > 1
                                  ? keep(arena, without_slash(name->text), TEXT_MAX)
                                  : container->id;
        container->image = keep_member(arena, config, "Image", &failed);
        container->command = command_of(arena, inspect, &failed);
        container->privileged = cf_json_true(cf_json_get_nocase(host_config, "Privileged"));
        container->cap_add = read_strings(arena, cf_json_get_nocase(host_config, "CapAdd"),
                                          &container->cap_add_count, &failed);
        container->cap_drop = read_strings(arena, cf_json_get_nocase(host_config, "CapDrop"),
                                           &container->cap_drop_count, &failed);
        container->cis_line = cis_line(arena, options, 2 * options->length + 16);
        setting_vec settings = {0};
        struct cf_setting privileged = {.kind = CF_SETTING_PRIVILEGED, .value = "true"};
        if (failed || !container->id || !container->name || !container->cis_line ||
            add_options(arena, options, &settings) < 0 ||
            (container->privileged && cf_vec_push(arena, &settings, privileged) < 0))
                return no_memory(err);
        inspected.settings = settings.items;
        inspected.setting_count = settings.count;
        *ret_inspected = inspected;
        return 0;
}

static int check_id(const struct cf_json *value, const char *id, struct cf_error *err)
{
        const struct cf_json *told = cf_json_get_nocase(value, "Id");
        if (!told || told->type != CF_JSON_STRING || !cf_span_is(told->text, id))
                return cf_error_set(err, -EINVAL, NULL, "it is about another container");
        return 0;
}

int cf_answer_inspect(struct cf_arena *arena, struct cf_arena *scratch, struct cf_span body,
                      const char *id, struct cf_inspected *ret_inspected, struct cf_error *err)
{
        struct cf_json *inspect;
        int r = parse(scratch, body, &inspect, err);
        if (r == 0)
                r = check_id(inspect, id, err);
        return r < 0 ? r
                     : fill(arena, inspect, cf_json_get_nocase(inspect, "HostConfig"), id,
                            ret_inspected, err);
}

int cf_answer_stored(struct cf_arena *arena, struct cf_arena *scratch,
                     const struct cf_source *config, const struct cf_source *host_config,
                     const char *id, const char *state, struct cf_inspected *ret_inspected,
                     struct cf_error *err)
{
        struct cf_json *config_value, *host_value;
        struct cf_inspected inspected;
        int r = cf_json_parse(scratch, config, &config_value, err);
        if (r == 0)
                r = cf_json_parse(scratch, host_config, &host_value, err);
        if (r == 0)
                r = check_id(config_value, id, err);
        if (r == 0)
                r = fill(arena, config_value, host_value, id, &inspected, err);
        if (r < 0)
                return r;
        if (inspected.container.running)
                return cf_error_set(err, -ESTALE, NULL, "it has been started");
        inspected.container.status = state;
        *ret_inspected = inspected;
        return 0;
}
