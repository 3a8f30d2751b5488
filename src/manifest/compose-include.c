/* SPDX-License-Identifier: Apache-2.0 */
/* include: other projects, each with its folder and its .env, whose services come under ours. */
#include <string.h>

#include "manifest/compose.h"

struct names {
        const char **items;
        size_t count, capacity;
};

struct include {
        struct cf_compose *compose;
        const struct cf_project *project;
        struct cf_compose_file *file;
        struct cf_yaml *node; /* one item of the list */
        bool unknown;         /* a name in it is not known, and was reported */
        struct names paths, env_files;
        const char *dir; /* the included project's folder; NULL: that of its first file */
};

bool cf_compose_is_remote(const char *path)
{
        return strstr(path, "://") || strncmp(path, "git@", 4) == 0 ||
               strncmp(path, "github.com/", 11) == 0;
}

/* A name in an include, as a path. NULL in *ret_path: not known, and reported. */
static int read_name(struct include *include, struct cf_yaml *node, const char **ret_path)
{
        struct cf_compose *compose = include->compose;
        struct cf_value value;
        *ret_path = NULL;
        int r = cf_compose_value(compose, include->project->variables, node, &value);
        if (r < 0)
                return r;
        if (!value.text.data || value.problem || value.text.size == 0)
                cf_compose_refuse(compose, include->file, node,
                                  "'include' wants the name of a file here: Compose refuses the "
                                  "file");
        else if (cf_value_has_hole(value.text))
                cf_compose_refuse(compose, include->file, node,
                                  "what is included here cannot be known: %s; set it in .env, or "
                                  "scan with --environment",
                                  value.because);
        else if (cf_compose_is_remote(value.text.data))
                cf_compose_refuse(compose, include->file, node,
                                  "'%s' is no local file: not read; check it where it is kept",
                                  value.text.data);
        else if (!(*ret_path = cf_compose_path(compose, include->project->dir, value.text.data)))
                return -ENOMEM;
        include->unknown |= *ret_path == NULL;
        return 0;
}

/* One name or a list of names. */
static int read_names(struct include *include, struct cf_yaml *node, struct names *names)
{
        struct cf_yaml *list = cf_yaml_follow(node);
        bool is_list = list->type == CF_YAML_SEQUENCE;
        for (size_t i = 0; i < (is_list ? list->count : 1); i++) {
                const char *path;
                int r = read_name(include, is_list ? list->items[i] : node, &path);
                if (r == 0 && path)
                        r = cf_vec_push(include->compose->arena, names, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_item(struct include *include)
{
        struct cf_yaml *node = cf_yaml_follow(include->node);
        if (node->type != CF_YAML_MAPPING)
                return read_names(include, include->node, &include->paths);
        struct cf_yaml *paths = cf_yaml_get(node, "path", NULL, NULL);
        struct cf_yaml *dir = cf_yaml_get(node, "project_directory", NULL, NULL);
        struct cf_yaml *env_files = cf_yaml_get(node, "env_file", NULL, NULL);
        const char *dir_text = cf_yaml_string(dir);
        int r = read_names(include, paths ? paths : include->node, &include->paths);
        if (r == 0 && dir && !(dir_text && !*dir_text) && !cf_yaml_is_null(dir))
                r = read_name(include, dir, &include->dir);
        if (r == 0 && env_files && !cf_yaml_is_null(env_files))
                r = read_names(include, env_files, &include->env_files);
        return r;
}

/* The including project's variables win over those of the included one. */
static int read_variables(struct include *include, struct cf_variables **ret_variables)
{
        struct cf_compose *compose = include->compose;
        struct cf_variables *variables = cf_arena_one(compose->arena, struct cf_variables);
        if (!variables)
                return -ENOMEM;
        variables->outer = include->project->variables;
        variables->own = cf_map_new(compose->arena);
        if (!variables->own)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; r == 0 && i < include->env_files.count; i++)
                if (strcmp(include->env_files.items[i], "/dev/null") != 0)
                        r = cf_compose_env(compose, include->env_files.items[i], true, variables);
        if (r == 0 && include->env_files.count == 0) {
                char *path = cf_compose_path(compose, include->dir, ".env");
                r = path ? cf_compose_env(compose, path, false, variables) : -ENOMEM;
        }
        *ret_variables = variables;
        return r;
}

static bool stands_in_circle(const struct include *include)
{
        for (const struct cf_project *p = include->project; p; p = p->parent)
                for (size_t i = 0; i < p->path_count; i++)
                        if (strcmp(p->paths[i], include->paths.items[0]) == 0)
                                return true;
        return false;
}

static unsigned depth_of(const struct cf_project *project)
{
        unsigned depth = 0;
        for (; project->parent; project = project->parent)
                depth++;
        return depth;
}

/* The same include, seen from the same variables, is read once. */
static char *cache_key(const struct include *include)
{
        struct cf_arena *arena = include->compose->arena;
        char *key = cf_arena_printf(arena, "%p\n%s", (const void *)include->project->variables,
                                    include->dir);
        for (size_t i = 0; key && i < include->paths.count; i++)
                key = cf_arena_printf(arena, "%s\n%s", key, include->paths.items[i]);
        for (size_t i = 0; key && i < include->env_files.count; i++)
                key = cf_arena_printf(arena, "%s\n env %s", key, include->env_files.items[i]);
        return key;
}

/* The included project's first file names what is wrong, once. NULL in *ret_layer: reported. */
static int read_project(struct include *include, struct cf_layer **ret_layer)
{
        struct cf_compose *compose = include->compose;
        char *key = cache_key(include);
        *ret_layer = key ? cf_map_get(compose->included, cf_span_of(key)) : NULL;
        if (*ret_layer)
                return 0;
        struct cf_layer *layer = cf_arena_one(compose->arena, struct cf_layer);
        struct cf_project *project = cf_arena_one(compose->arena, struct cf_project);
        struct cf_variables *variables;
        if (!key || !layer || !project || read_variables(include, &variables) < 0)
                return -ENOMEM;
        if (cf_map_count(compose->included) >= CF_COMPOSE_INCLUDES) {
                cf_compose_refuse(compose, include->file, include->node,
                                  "more than %d includes in one project: not read",
                                  CF_COMPOSE_INCLUDES);
                return 0;
        }
        for (size_t i = 0; i < include->paths.count; i++) {
                struct cf_compose_file *file;
                if (cf_compose_open(compose, include->paths.items[i], &file) < 0)
                        return -ENOMEM;
                if (file->error)
                        cf_compose_unreadable(compose, include->file, include->node, file->error,
                                              "reading what is included here");
        }
        *project = (struct cf_project){
                .paths = include->paths.items,
                .path_count = include->paths.count,
                .dir = include->dir,
                .variables = variables,
                .parent = include->project,
        };
        int r = cf_project_read(compose, project, layer);
        if (r == 0)
                r = cf_map_put(compose->included, cf_span_of(key), layer);
        *ret_layer = layer;
        return r;
}

/* Included services come under those of the document that includes them; of two includes the
 * earlier one wins. A tag on a whole service does not keep the included one out. */
static int import(struct cf_compose *compose, const struct cf_layer *from, struct cf_layer *to)
{
        for (int section = 0; section < CF_SECTIONS; section++) {
                for (size_t i = 0; i < cf_map_count(from->services[section]); i++) {
                        struct cf_span name;
                        struct cf_service *base = cf_map_at(from->services[section], i, &name);
                        struct cf_service *over = cf_map_get(to->services[section], name);
                        struct cf_service *merged = base;
                        if (over == base)
                                continue;
                        if (over && cf_service_merge(compose, base, over, &merged) < 0)
                                return -ENOMEM;
                        if (cf_map_put(to->services[section], name, merged) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

static int include_one(struct include *include, struct cf_layer *layer)
{
        struct cf_compose *compose = include->compose;
        int r = read_item(include);
        if (r < 0 || include->unknown || include->paths.count == 0)
                return r;
        if (stands_in_circle(include) || depth_of(include->project) >= CF_COMPOSE_DEPTH) {
                cf_compose_refuse(compose, include->file, include->node,
                                  "'%s' includes itself, in a circle: Compose refuses the file",
                                  include->paths.items[0]);
                return 0;
        }
        if (!include->dir)
                include->dir = cf_path_dir(compose->arena, include->paths.items[0]);
        if (!include->dir)
                return -ENOMEM;
        struct cf_layer *included;
        r = read_project(include, &included);
        return r < 0 || !included ? r : import(compose, included, layer);
}

int cf_compose_include(struct cf_compose *compose, const struct cf_project *project,
                       struct cf_compose_file *file, struct cf_layer *layer)
{
        struct cf_yaml *list = cf_yaml_follow(layer->include);
        if (cf_yaml_is_null(list))
                return 0;
        if (list->type != CF_YAML_SEQUENCE) {
                cf_compose_refuse(compose, file, layer->include,
                                  "'include' must be a list: Compose refuses the file");
                return 0;
        }
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                struct include include = {.compose = compose,
                                          .project = project,
                                          .file = file,
                                          .node = list->items[i]};
                r = include_one(&include, layer);
        }
        return r;
}
