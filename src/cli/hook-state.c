/* SPDX-License-Identifier: Apache-2.0 */
/* What a runtime tells its hooks, and what a container's annotations ask for.
 * Sources: OCI runtime specification 1.0 to 1.2, "State" and "POSIX-platform Hooks"; CRI-O,
 * pkg/annotations (a pod's sandbox bears the pod's annotations, too). */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/hook.h"
#include "profile/profile.h"

#define ANNOTATION "io.confined.record"

struct reading {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_hook_state *state;
        struct cf_error *err;
};

static int complain(const struct reading *reading, const struct cf_json *at, const char *words)
{
        struct cf_place place = cf_source_place(reading->source, at->offset, at->length);
        return cf_error_set(reading->err, -EINVAL, &place, "%s", words);
}

/* ---- annotations
 * -------------------------------------------------------------------------------- */

/* Becomes a part of file names that root writes. */
static bool is_safe_name(struct cf_span text)
{
        if (text.size == 0 || text.size > CF_HOOK_NAME_MAX || text.data[0] == '.' ||
            text.data[0] == '-')
                return false;
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (!letter && !(c >= '0' && c <= '9') && !(c && strchr("._-", c)))
                        return false;
        }
        return true;
}

static int take_name(const struct reading *reading, const struct cf_json *value)
{
        if (!is_safe_name(value->text))
                return complain(reading, value,
                                ANNOTATION " is the name of the recording: letters, digits, '.', "
                                           "'_' and '-', 64 at most; its folder is the hook's "
                                           "--output-folder");
        reading->state->name = cf_json_string(value);
        return 0;
}

static int take_base(const struct reading *reading, const struct cf_json *value)
{
        const char *text = cf_json_string(value);
        if (strcmp(text, "none") == 0) {
                reading->state->base = NULL;
                return 0;
        }
        /* A file's name would have root read it for whoever starts containers. */
        if (!cf_profile_default(text))
                return complain(reading, value,
                                ANNOTATION ".base is none or the name of an engine's default; "
                                           "see: confined profile default --list");
        reading->state->base = text;
        return 0;
}

static int take_flag(const struct reading *reading, const struct cf_json *value, bool *ret_flag)
{
        const char *text = cf_json_string(value);
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
                return complain(reading, value, "this annotation is \"true\" or \"false\"");
        *ret_flag = strcmp(text, "true") == 0;
        return 0;
}

static int take_annotation(const struct reading *reading, const struct cf_json *value)
{
        const struct cf_span prefix = cf_span_of(ANNOTATION);
        if (value->key.size < prefix.size ||
            memcmp(value->key.data, prefix.data, prefix.size) != 0 ||
            (value->key.size > prefix.size && value->key.data[prefix.size] != '.'))
                return 0;
        const char *text = cf_json_string(value);
        if (!text || strlen(text) != value->text.size)
                return complain(reading, value, "an annotation is a text");
        if (cf_span_is(value->key, ANNOTATION))
                return take_name(reading, value);
        if (cf_span_is(value->key, ANNOTATION ".base"))
                return take_base(reading, value);
        if (cf_span_is(value->key, ANNOTATION ".tighten"))
                return take_flag(reading, value, &reading->state->tighten);
        if (cf_span_is(value->key, ANNOTATION ".allow-refused"))
                return take_flag(reading, value, &reading->state->allow_refused);
        if (cf_span_is(value->key, ANNOTATION ".no-arguments"))
                return take_flag(reading, value, &reading->state->no_arguments);
        return complain(reading, value,
                        "there is no such annotation: " ANNOTATION
                        " has .base, .tighten, .allow-refused and .no-arguments");
}

static int read_annotations(const struct reading *reading, const struct cf_json *annotations)
{
        const struct cf_json *kind = cf_json_get(annotations, "io.kubernetes.cri-o.ContainerType");
        const char *text = cf_json_string(kind);
        if (!annotations || annotations->type == CF_JSON_NULL)
                return 0;
        if (annotations->type != CF_JSON_OBJECT)
                return complain(reading, annotations, "annotations are an object");
        if (text && strcmp(text, "sandbox") == 0) /* holds the pod's namespaces, runs nothing */
                return 0;
        for (const struct cf_json *value = annotations->first; value; value = value->next) {
                int r = take_annotation(reading, value);
                if (r < 0)
                        return r;
        }
        if (reading->state->tighten && !reading->state->base)
                return complain(reading, annotations,
                                ANNOTATION ".tighten needs " ANNOTATION ".base");
        return 0;
}

/* ---- the state
 * ---------------------------------------------------------------------------------- */

/* As runtimes check it: no slash, and no "." or "..". */
static bool is_id(struct cf_span text)
{
        if (text.size == 0 || text.size > CF_HOOK_ID_MAX || text.data[0] == '.')
                return false;
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                if (!letter && !(c >= '0' && c <= '9') && !(c && strchr("._-+", c)))
                        return false;
        }
        return true;
}

static int read_document(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_json **ret_json, struct cf_error *err)
{
        int r = cf_json_parse(arena, source, ret_json, err);
        if (r == 0 && (*ret_json)->type != CF_JSON_OBJECT) {
                struct cf_place place =
                        cf_source_place(source, (*ret_json)->offset, (*ret_json)->length);
                r = cf_error_set(err, -EINVAL, &place, "expected an object, not %s",
                                 cf_json_type_name((*ret_json)->type));
        }
        return r;
}

int cf_hook_read(struct cf_arena *arena, const struct cf_source *source,
                 struct cf_hook_state *ret_state, struct cf_error *err)
{
        struct cf_hook_state state = {0};
        struct reading reading = {arena, source, &state, err};
        struct cf_json *json;
        int64_t pid = 0;
        int r = read_document(arena, source, &json, err);
        if (r < 0)
                return r;
        const struct cf_json *id = cf_json_get(json, "id"), *number = cf_json_get(json, "pid"),
                             *bundle = cf_json_get(json, "bundle");
        if (!cf_json_string(id) || !is_id(id->text))
                return complain(&reading, id ? id : json,
                                "the state of a container has an \"id\": 'confined hook' is for "
                                "runtimes to start");
        if (!number || number->type != CF_JSON_NUMBER || cf_json_int(number, &pid) < 0 ||
            pid <= 0 || pid > INT_MAX)
                return complain(&reading, number ? number : json,
                                "the state says no process (\"pid\"): the hook is for the stages "
                                "createRuntime and prestart");
        if (!cf_json_string(bundle) || bundle->text.data[0] != '/' ||
            strlen(bundle->text.data) != bundle->text.size)
                return complain(&reading, bundle ? bundle : json,
                                "\"bundle\" is the absolute path of the container's folder");
        state.id = cf_json_string(id);
        state.pid = (pid_t)pid;
        state.bundle = cf_json_string(bundle);
        r = read_annotations(&reading, cf_json_get(json, "annotations"));
        if (r == 0)
                *ret_state = state;
        return r;
}

int cf_hook_has_filter(struct cf_arena *arena, const struct cf_source *source, bool *ret_filter,
                       struct cf_error *err)
{
        struct cf_json *json;
        int r = read_document(arena, source, &json, err);
        if (r < 0)
                return r;
        const struct cf_json *seccomp = cf_json_get(cf_json_get(json, "linux"), "seccomp");
        *ret_filter = seccomp && seccomp->type != CF_JSON_NULL;
        return 0;
}

/* ---- control groups
 * ----------------------------------------------------------------------------- */

/* The path behind ":CONTROLLERS:" of the line that has this controller ("": that of version 2). */
static struct cf_span group_path(struct cf_span text, const char *controller)
{
        for (const char *at = text.data, *end = text.data + text.size, *next; at < end; at = next) {
                const char *stop = memchr(at, '\n', (size_t)(end - at));
                stop = stop ? stop : end;
                next = stop < end ? stop + 1 : end;
                const char *names = memchr(at, ':', (size_t)(stop - at));
                const char *path =
                        names ? memchr(names + 1, ':', (size_t)(stop - names - 1)) : NULL;
                if (!path)
                        continue;
                size_t length = strlen(controller);
                for (const char *name = names + 1; name <= path;) {
                        const char *comma = memchr(name, ',', (size_t)(path - name));
                        const char *last = comma ? comma : path;
                        if ((size_t)(last - name) == length &&
                            memcmp(name, controller, length) == 0)
                                return (struct cf_span){path + 1, (size_t)(stop - path - 1)};
                        name = last + 1;
                }
        }
        return (struct cf_span){0};
}

static bool is_below(struct cf_span path, struct cf_span above)
{
        return path.size >= above.size && memcmp(path.data, above.data, above.size) == 0 &&
               (path.size == above.size || path.data[above.size] == '/');
}

/* The group that the observer takes: see kernel/observe.bpf.c, group_of. */
bool cf_hook_own_group(struct cf_span theirs, struct cf_span ours)
{
        static const char *const controllers[] = {"pids", "memory", ""};
        for (size_t i = 0; i < CF_COUNT(controllers); i++) {
                struct cf_span path = group_path(theirs, controllers[i]);
                if (path.size <= 1) /* the root */
                        continue;
                return !is_below(group_path(ours, controllers[i]), path);
        }
        return false;
}

#define GROUPS_MAX 8192 /* bytes of /proc/PID/cgroup that are looked at */

static struct cf_span read_groups(const char *path, char text[GROUPS_MAX])
{
        CF_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, GROUPS_MAX);
        return (struct cf_span){text, size > 0 ? (size_t)size : 0};
}

bool cf_hook_has_own_group(pid_t pid)
{
        char path[64], theirs[GROUPS_MAX], ours[GROUPS_MAX];
        snprintf(path, sizeof(path), "/proc/%ld/cgroup", (long)pid);
        return cf_hook_own_group(read_groups(path, theirs), read_groups("/proc/self/cgroup", ours));
}
