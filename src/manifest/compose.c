/* SPDX-License-Identifier: Apache-2.0 */
/* Compose files: which files make a project, and the row of the table of formats. */
#include "manifest/compose.h"

#include <string.h>

#include "manifest/formats.h"
#include "manifest/names.h"

/* ---- names --------------------------------------------------------------------------- */

/* In the order in which Compose prefers them. */
static const char *const main_names[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                         "docker-compose.yaml"};
static const char *const override_names[] = {"compose.override.yml", "compose.override.yaml",
                                             "docker-compose.override.yml",
                                             "docker-compose.override.yaml"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

static bool has_extension(struct cf_span name)
{
        static const char *const extensions[] = {".yaml", ".yml", ".json"};
        for (size_t i = 0; i < CF_COUNT(extensions); i++)
                if (cf_span_ends(name, extensions[i]))
                        return true;
        return false;
}

/* compose.yaml, docker-compose.prod.yml, docker-compose-gpu.yaml, … */
static bool is_compose_name(const char *name)
{
        struct cf_span text = cf_span_of(name);
        return has_extension(text) &&
               (cf_span_starts(text, "docker-compose") || cf_span_starts(text, "compose."));
}

static enum cf_claim claim(const struct cf_source *source)
{
        const char *name = cf_path_base(source->path);
        if (is_compose_name(name))
                return CF_CLAIM_NAME;
        /* compose.yaml.j2, docker-compose.yml.dist: for somebody to copy or fill in. */
        if (!has_extension(cf_name_plain(source->path)) && strcmp(name, "<stdin>") != 0)
                return CF_CLAIM_NONE;
        return cf_span_find(source->text, CF_SPAN("services")) != SIZE_MAX ? CF_CLAIM_CONTENT
                                                                           : CF_CLAIM_NONE;
}

/* ---- files --------------------------------------------------------------------------- */

char *cf_compose_path(const struct cf_compose *compose, const char *dir, const char *path)
{
        char *joined = cf_path_join(compose->arena, dir, path);
        if (!joined || !compose->dotted || joined[0] == '/' || strncmp(joined, "..", 2) == 0 ||
            strncmp(joined, "./", 2) == 0)
                return joined;
        return cf_arena_printf(compose->arena, "./%s", joined);
}

static struct cf_error *keep_error(struct cf_compose *compose, const struct cf_error *err)
{
        struct cf_error *kept = cf_arena_one(compose->arena, struct cf_error);
        if (kept)
                cf_error_copy(kept, err);
        return kept;
}

/* A file that is YAML only once a template engine has run. When even its plain lines are none,
 * nothing is known of it: it is no broken Compose file either. */
static int open_template(struct cf_compose *compose, struct cf_compose_file *file)
{
        struct cf_source *unfolded;
        int r = cf_compose_unfold(compose->arena, file->source, &unfolded);
        if (r < 0)
                return r;
        file->is_template = true;
        r = cf_yaml_parse(compose->arena, unfolded, &file->yaml, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && !(file->yaml = cf_arena_one(compose->arena, struct cf_yaml_file)))
                return -ENOMEM;
        return 0;
}

static int open_file(struct cf_compose *compose, const char *path, const struct cf_source *source,
                     struct cf_compose_file **ret_file)
{
        struct cf_compose_file *file = cf_arena_one(compose->arena, struct cf_compose_file);
        struct cf_error err = {0};
        int r = 0;
        if (!file)
                return -ENOMEM;
        file->path = path;
        if (cf_map_count(compose->files) >= CF_COMPOSE_FILES) {
                struct cf_place whole = {.path = path};
                r = cf_error_set(&err, -E2BIG, &whole,
                                 "more than %d files in one project: not read", CF_COMPOSE_FILES);
        }
        struct cf_source *read = NULL;
        if (r == 0 && !source) {
                r = cf_files_read(compose->reader->files, compose->arena, path, &read, &err);
                source = read;
        }
        if (r == 0) {
                file->source = source;
                r = cf_yaml_parse(compose->arena, source, &file->yaml, &err);
                if (r == -EINVAL && cf_compose_is_template(source->text))
                        r = open_template(compose, file);
        }
        if (r == -ENOMEM)
                return r;
        if (r < 0 && !(file->error = keep_error(compose, &err)))
                return -ENOMEM;
        *ret_file = file;
        return cf_map_put(compose->files, cf_span_of(path), file);
}

int cf_compose_open(struct cf_compose *compose, const char *path, struct cf_compose_file **ret_file)
{
        struct cf_compose_file *file = cf_map_get(compose->files, cf_span_of(path));
        if (!file) {
                int r = open_file(compose, path, NULL, &file);
                if (r < 0)
                        return r;
        }
        *ret_file = file;
        return 0;
}

int cf_compose_env(struct cf_compose *compose, const char *path, bool required,
                   struct cf_variables *variables)
{
        struct cf_source *source;
        struct cf_error err = {0};
        int r = cf_files_read(compose->reader->files, compose->arena, path, &source, &err);
        if (!required && (r == -ENOENT || r == -ENOTDIR || r == -EISDIR))
                return 0;
        if (r == 0)
                r = cf_variables_read(compose->arena, source, variables, &err);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                cf_compose_unreadable(compose, NULL, NULL, &err, NULL);
        return 0;
}

/* ---- reporting ----------------------------------------------------------------------- */

/* False when the same was reported before (or when there is no memory to tell). */
static bool is_new(struct cf_compose *compose, const struct cf_error *err)
{
        char *key = NULL;
        for (unsigned i = 0; i < err->count; i++)
                key = cf_arena_printf(compose->arena, "%s%s:%zu:%s\n", key ? key : "",
                                      err->frames[i].path, err->frames[i].place.offset,
                                      err->frames[i].message);
        if (!key || cf_map_get(compose->refused, cf_span_of(key)))
                return !key;
        cf_map_put(compose->refused, cf_span_of(key), compose);
        return true;
}

static void report(struct cf_compose *compose, const struct cf_error *err)
{
        if (is_new(compose, err) && compose->reader->trouble)
                compose->reader->trouble(err, compose->reader->context);
}

void cf_compose_refuse(struct cf_compose *compose, struct cf_compose_file *file,
                       const struct cf_yaml *node, const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        struct cf_error err = {0};
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        struct cf_place place = cf_source_place(file->source, node->offset, node->length);
        cf_error_set(&err, -EINVAL, &place, "%s", message);
        report(compose, &err);
}

void cf_compose_unreadable(struct cf_compose *compose, struct cf_compose_file *file,
                           const struct cf_yaml *node, const struct cf_error *why,
                           const char *format, ...)
{
        struct cf_error err;
        /* A file that Compose finds by no name of its own may be meant for another folder's
         * project: what is missing from here need not be missing there. */
        if (file && !compose->named && file->source == compose->source && why->code == -ENOENT)
                return;
        cf_error_copy(&err, why);
        if (file) {
                char message[CF_ERROR_TEXT];
                va_list arguments;
                va_start(arguments, format);
                vsnprintf(message, sizeof(message), format, arguments);
                va_end(arguments);
                struct cf_place place = cf_source_place(file->source, node->offset, node->length);
                cf_error_doing(&err, err.code, &place, "%s", message);
        }
        report(compose, &err);
}

/* Compose refuses a file in which a key stands twice. */
static void check_duplicates(struct cf_compose *compose, struct cf_compose_file *file,
                             struct cf_yaml *node)
{
        if (node->target || node->type == CF_YAML_SCALAR)
                return;
        struct cf_yaml *twice = cf_yaml_duplicate(node);
        if (twice)
                cf_compose_refuse(compose, file, twice,
                                  "key '%s' stands twice in this mapping: Compose refuses the "
                                  "file; here the last one counts",
                                  cf_yaml_string(twice));
        size_t children = node->type == CF_YAML_MAPPING ? 2 * node->count : node->count;
        for (size_t i = 0; i < children; i++)
                check_duplicates(compose, file, node->items[i]);
}

/* ---- which files make a project ------------------------------------------------------ */

struct role {
        CF_VEC(const char *) paths; /* the first is the main file */
        const char *dir;
};

static int exists(struct cf_compose *compose, const char *dir, const char *name, char **ret_path)
{
        char *path = cf_compose_path(compose, dir, name);
        if (!path)
                return -ENOMEM;
        *ret_path = NULL;
        if (strcmp(path, compose->source->path) == 0 || access(path, F_OK) == 0)
                *ret_path = path;
        return 0;
}

/* The first of these names that is there; with `stem` only those that start with it. */
static int find_first(struct cf_compose *compose, const char *dir, const char *const *names,
                      size_t count, const char *stem, char **ret_path)
{
        *ret_path = NULL;
        for (size_t i = 0; i < count && !*ret_path; i++)
                if (strncmp(names[i], stem, strlen(stem)) == 0 &&
                    exists(compose, dir, names[i], ret_path) < 0)
                        return -ENOMEM;
        return 0;
}

/* The name up to its first dot: a main file and its override share it. */
static char *stem_of(struct cf_compose *compose, const char *name)
{
        return cf_arena_printf(compose->arena, "%.*s.", (int)strcspn(name, "."), name);
}

/* A main file that Compose would find by itself goes with the override that Compose would find;
 * one that it would not find goes with an override of its own name. */
static int main_role(struct cf_compose *compose, const char *name, struct role *role)
{
        char *first, *override;
        const char *stem = stem_of(compose, name);
        if (!stem ||
            find_first(compose, role->dir, main_names, CF_COUNT(main_names), "", &first) < 0)
                return -ENOMEM;
        if (strcmp(first, compose->source->path) == 0)
                stem = "";
        if (find_first(compose, role->dir, override_names, CF_COUNT(override_names), stem,
                       &override) < 0 ||
            cf_vec_push(compose->arena, &role->paths, compose->source->path) < 0)
                return -ENOMEM;
        return override ? cf_vec_push(compose->arena, &role->paths, override) : 0;
}

/* An override file is read on top of its main file, never alone when there is one. */
static int override_role(struct cf_compose *compose, const char *name, struct role *role)
{
        char *main = NULL;
        const char *stem = stem_of(compose, name);
        if (!stem)
                return -ENOMEM;
        char *own;
        if (find_first(compose, role->dir, main_names, CF_COUNT(main_names), "", &main) < 0 ||
            find_first(compose, role->dir, main_names, CF_COUNT(main_names), stem, &own) < 0)
                return -ENOMEM;
        char *first;
        if (find_first(compose, role->dir, override_names, CF_COUNT(override_names), "", &first) <
            0)
                return -ENOMEM;
        if (own && strcmp(first, compose->source->path) != 0)
                main = own;
        if (main && cf_vec_push(compose->arena, &role->paths, main) < 0)
                return -ENOMEM;
        return cf_vec_push(compose->arena, &role->paths, compose->source->path);
}

/* COMPOSE_FILE in the .env of a folder lists the files of its project. True in *ret_listed when
 * ours is one of them. */
static int listed_role(struct cf_compose *compose, const char *dir, struct role *role,
                       bool *ret_listed)
{
        struct cf_variables variables = {.own = cf_map_new(compose->arena)};
        char *env = cf_compose_path(compose, dir, ".env");
        *ret_listed = false;
        struct cf_source *source;
        if (!variables.own || !env)
                return -ENOMEM;
        /* What is wrong with it is said when it is read for its project. */
        if (cf_files_read(compose->reader->files, compose->arena, env, &source, NULL) < 0 ||
            cf_span_find(source->text, CF_SPAN("COMPOSE_FILE")) == SIZE_MAX)
                return 0;
        if (cf_variables_read(compose->arena, source, &variables, NULL) == -ENOMEM)
                return -ENOMEM;
        const struct cf_variable *list = cf_variable_find(&variables, CF_SPAN("COMPOSE_FILE"));
        const struct cf_variable *separator =
                cf_variable_find(&variables, CF_SPAN("COMPOSE_PATH_SEPARATOR"));
        if (!list || cf_value_has_hole(list->value) || list->value.size == 0)
                return 0;
        struct cf_span by = separator && separator->value.size ? separator->value : CF_SPAN(":");
        struct role listed = {0};
        for (struct cf_span rest = list->value; rest.data;) {
                size_t size = cf_span_find(rest, by);
                struct cf_span name = cf_span_part(rest, 0, size);
                rest = size == SIZE_MAX ? (struct cf_span){0}
                                        : cf_span_part(rest, size + by.size, SIZE_MAX);
                char *copy = cf_arena_copy(compose->arena, name);
                char *path = copy ? cf_compose_path(compose, dir, copy) : NULL;
                if (!path || cf_vec_push(compose->arena, &listed.paths, path) < 0)
                        return -ENOMEM;
                *ret_listed |= strcmp(path, compose->source->path) == 0;
        }
        if (!*ret_listed)
                return 0;
        listed.dir = cf_path_dir(compose->arena, listed.paths.items[0]);
        *role = listed;
        return listed.dir ? 0 : -ENOMEM;
}

static int find_role(struct cf_compose *compose, struct role *role)
{
        const char *name = cf_path_base(compose->source->path);
        role->dir = cf_path_dir(compose->arena, compose->source->path);
        if (!role->dir)
                return -ENOMEM;
        bool listed = false;
        /* The folder's own .env, and that of the folder above (COMPOSE_FILE=docker/compose.yaml).
         */
        int r = listed_role(compose, role->dir, role, &listed);
        char *above = cf_path_join(compose->arena, role->dir, "..");
        if (r == 0 && !listed)
                r = above ? listed_role(compose, above, role, &listed) : -ENOMEM;
        if (r < 0 || listed)
                return r;
        if (is_one_of(name, main_names, CF_COUNT(main_names)))
                return main_role(compose, name, role);
        if (is_one_of(name, override_names, CF_COUNT(override_names)))
                return override_role(compose, name, role);
        return cf_vec_push(compose->arena, &role->paths, compose->source->path);
}

/* ---- reading ------------------------------------------------------------------------- */

static int read_role(struct cf_compose *compose, const struct role *role)
{
        struct cf_variables outer, *variables = cf_arena_one(compose->arena, struct cf_variables);
        int r = cf_variables_from(compose->arena, compose->reader->environment, &outer);
        char *env = cf_compose_path(compose, role->dir, ".env");
        if (r < 0 || !variables || !env)
                return -ENOMEM;
        *variables = (struct cf_variables){.outer = &outer, .own = cf_map_new(compose->arena)};
        if (!variables->own)
                return -ENOMEM;
        r = cf_compose_env(compose, env, false, variables);
        struct cf_project project = {
                .paths = role->paths.items,
                .path_count = role->paths.count,
                .dir = role->dir,
                .variables = variables,
        };
        struct cf_layer layer;
        if (r == 0)
                r = cf_project_read(compose, &project, &layer);
        return r < 0 ? r : cf_compose_subjects(compose, &project, &layer);
}

static int make_maps(struct cf_compose *compose)
{
        compose->files = cf_map_new(compose->arena);
        compose->bases = cf_map_new(compose->arena);
        compose->included = cf_map_new(compose->arena);
        compose->refused = cf_map_new(compose->arena);
        return compose->files && compose->bases && compose->included && compose->refused ? 0
                                                                                         : -ENOMEM;
}

static int read_compose(const struct cf_reader *reader, const struct cf_source *source,
                        struct cf_error *err)
{
        struct cf_compose compose = {
                .reader = reader,
                .arena = reader->arena,
                .dotted = strncmp(source->path, "./", 2) == 0,
                .named = is_compose_name(cf_path_base(source->path)),
                .source = source,
        };
        struct cf_compose_file *file;
        if (make_maps(&compose) < 0 || open_file(&compose, source->path, source, &file) < 0)
                return -ENOMEM;
        if (file->error) {
                if (err)
                        cf_error_copy(err, file->error);
                return file->error->code;
        }
        bool shaped = false;
        for (size_t i = 0; i < file->yaml->count; i++) {
                struct cf_yaml *root = file->yaml->documents[i].root;
                shaped |= cf_compose_shape(root, compose.named);
                if (compose.named && root && !file->is_template)
                        check_duplicates(&compose, file, root);
        }
        struct role role = {0};
        if (!shaped)
                return 0;
        int r = find_role(&compose, &role);
        return r < 0 ? r : read_role(&compose, &role);
}

const struct cf_format cf_format_compose = {
        .name = "compose",
        .summary = "Compose files: every name and shape, override files, extends, include, .env",
        .claim = claim,
        .read = read_compose,
};
