/* SPDX-License-Identifier: Apache-2.0 */
/* Layers → services as Compose sees them: documents and override files are merged in order, after
 * each one's include and extends are resolved. */
#include <string.h>

#include "manifest/compose.h"

/* ---- merging ------------------------------------------------------------------------- */

static bool has_equal(const struct cf_entries *entries, const struct cf_entry *entry)
{
        for (size_t i = 0; i < entries->count; i++)
                if (cf_span_equal(entries->items[i]->value.text, entry->value.text))
                        return true;
        return false;
}

/* An entry that the list before it has already is dropped, as Compose does; a list that is the
 * first of its service stays as it is. */
static int append_options(struct cf_compose *compose, const struct cf_service *base,
                          const struct cf_service *over, struct cf_service *merged)
{
        struct cf_entries options = {0};
        for (size_t i = 0; i < base->options.count; i++) {
                struct cf_entry *entry = base->options.items[i];
                if (cf_vec_push(compose->arena, &options, entry) < 0 ||
                    ((over->nulls & CF_PART_SECURITY_OPT) &&
                     cf_entry_set_hiding(compose, entry) < 0))
                        return -ENOMEM;
        }
        for (size_t i = 0; i < over->options.count; i++) {
                struct cf_entry *entry = over->options.items[i];
                if (options.count >= CF_COMPOSE_OPTIONS ||
                    (base->options_given && has_equal(&options, entry)))
                        continue;
                if (cf_vec_push(compose->arena, &options, entry) < 0)
                        return -ENOMEM;
        }
        merged->options = options;
        merged->options_given = base->options_given || over->options_given;
        return 0;
}

/* The value that counts. It must not simply vanish when it hides one that would switch the filter
 * off as well, or when a null stands over it, which Compose takes for nothing else. */
static int replace(struct cf_compose *compose, struct cf_entry *base, struct cf_entry *over,
                   bool is_null, struct cf_entry **ret_entry)
{
        *ret_entry = over ? over : base;
        if (base && over && cf_entry_truth(base) != CF_FALSE)
                return cf_entry_set_hiding(compose, over);
        return base && is_null ? cf_entry_set_hiding(compose, base) : 0;
}

static bool same_value(const struct cf_entry *a, const struct cf_entry *b)
{
        return a == b || (a && b && cf_span_equal(a->value.text, b->value.text));
}

/* The same lines, read with the same outcome (variables may differ). */
static bool same_hook(const struct cf_service *a, const struct cf_service *b)
{
        if (cf_yaml_follow(a->key) != cf_yaml_follow(b->key) ||
            a->options.count != b->options.count || !same_value(a->privileged, b->privileged))
                return false;
        for (size_t i = 0; i < a->options.count; i++)
                if (!same_value(a->options.items[i], b->options.items[i]))
                        return false;
        return true;
}

static int append_hooks(struct cf_compose *compose, const struct cf_service *base,
                        const struct cf_service *over, struct cf_service *merged)
{
        CF_VEC(struct cf_service *) hooks = {0};
        for (size_t i = 0; i < base->hook_count; i++)
                if (cf_vec_push(compose->arena, &hooks, base->hooks[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < over->hook_count; i++) {
                bool known = hooks.count >= CF_COMPOSE_OPTIONS;
                for (size_t j = 0; j < base->hook_count && !known; j++)
                        known = same_hook(base->hooks[j], over->hooks[i]);
                if (!known && cf_vec_push(compose->arena, &hooks, over->hooks[i]) < 0)
                        return -ENOMEM;
        }
        merged->hooks = hooks.items;
        merged->hook_count = hooks.count;
        return 0;
}

static void apply_resets(struct cf_service *base, unsigned resets)
{
        if (resets & CF_PART_SECURITY_OPT) {
                base->options = (struct cf_entries){0};
                base->options_given = false;
        }
        if (resets & CF_PART_PRIVILEGED)
                base->privileged = NULL;
        if (resets & (CF_PART_BUILD | CF_PART_BUILD_PRIVILEGED))
                base->build_privileged = NULL;
        if (resets & CF_PART_PRE_START)
                base->hook_count = 0;
        if (resets & CF_PART_IMAGE)
                base->image = NULL;
}

int cf_service_merge(struct cf_compose *compose, const struct cf_service *base,
                     const struct cf_service *over, struct cf_service **ret_merged)
{
        struct cf_service *merged = cf_arena_one(compose->arena, struct cf_service);
        struct cf_service *kept = cf_arena_one(compose->arena, struct cf_service);
        if (!merged || !kept)
                return -ENOMEM;
        *kept = *base;
        apply_resets(kept, over->resets);
        *merged = *over;
        merged->image = over->image ? over->image : kept->image;
        merged->nulls = over->nulls | kept->nulls;
        if (!merged->extends && kept->extends) {
                merged->extends = kept->extends;
                merged->extends_file = kept->extends_file;
                merged->state = kept->state;
        }
        if (replace(compose, kept->privileged, over->privileged, over->nulls & CF_PART_PRIVILEGED,
                    &merged->privileged) < 0 ||
            replace(compose, kept->build_privileged, over->build_privileged,
                    over->nulls & CF_PART_BUILD_PRIVILEGED, &merged->build_privileged) < 0 ||
            append_options(compose, kept, over, merged) < 0 ||
            append_hooks(compose, kept, over, merged) < 0)
                return -ENOMEM;
        merged->nulls &= ~((merged->privileged ? CF_PART_PRIVILEGED : 0u) |
                           (merged->build_privileged ? CF_PART_BUILD_PRIVILEGED : 0u) |
                           (merged->options_given ? CF_PART_SECURITY_OPT : 0u));
        *ret_merged = merged;
        return 0;
}

static int drop_reset(struct cf_compose *compose, const struct cf_layer *layer, int section,
                      struct cf_layer *all)
{
        if (!layer->reset_all[section] && cf_map_count(layer->reset[section]) == 0)
                return 0;
        struct cf_map *kept = cf_map_new(compose->arena);
        if (!kept)
                return -ENOMEM;
        for (size_t i = 0; !layer->reset_all[section] && i < cf_map_count(all->services[section]);
             i++) {
                struct cf_span name;
                void *service = cf_map_at(all->services[section], i, &name);
                if (!cf_map_get(layer->reset[section], name) && cf_map_put(kept, name, service) < 0)
                        return -ENOMEM;
        }
        all->services[section] = kept;
        return 0;
}

/* Puts a later document over what is merged so far. */
static int merge_layer(struct cf_compose *compose, struct cf_layer *all,
                       const struct cf_layer *layer)
{
        for (int section = 0; section < CF_SECTIONS; section++) {
                if (drop_reset(compose, layer, section, all) < 0)
                        return -ENOMEM;
                for (size_t i = 0; i < cf_map_count(layer->services[section]); i++) {
                        struct cf_span name;
                        struct cf_service *over = cf_map_at(layer->services[section], i, &name);
                        struct cf_service *base = cf_map_get(all->services[section], name);
                        struct cf_service *merged = over;
                        if (base) {
                                if (cf_service_merge(compose, base, over, &merged) < 0)
                                        return -ENOMEM;
                                merged->file = base->file; /* defined where it came first */
                                merged->key = base->key;
                        }
                        if (cf_map_put(all->services[section], name, merged) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

/* ---- extends ------------------------------------------------------------------------- */

/* All documents of an extended file, its own include and extends left as they are. */
static int read_base(struct cf_compose *compose, struct cf_compose_file *file,
                     const struct cf_variables *variables, struct cf_layer **ret_layer)
{
        char *key = cf_arena_printf(compose->arena, "%p %s", (const void *)variables, file->path);
        struct cf_layer *layer = key ? cf_map_get(compose->bases, cf_span_of(key)) : NULL;
        if (layer) {
                *ret_layer = layer;
                return 0;
        }
        layer = cf_arena_one(compose->arena, struct cf_layer);
        char *dir = cf_path_dir(compose->arena, file->path);
        if (!key || !layer || !dir || cf_layer_new(compose->arena, layer) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < file->yaml->count; i++) {
                struct cf_layer document;
                if (cf_layer_read(compose, file, file->yaml->documents[i].root, dir, variables,
                                  &document) < 0 ||
                    merge_layer(compose, layer, &document) < 0)
                        return -ENOMEM;
        }
        *ret_layer = layer;
        return cf_map_put(compose->bases, cf_span_of(key), layer);
}

/* What `extends` names: the text of a key that must be known. NULL in *ret_text: reported. */
static int extends_text(struct cf_compose *compose, const struct cf_service *service,
                        struct cf_yaml *node, const char **ret_text)
{
        struct cf_value value;
        *ret_text = NULL;
        int r = cf_compose_value(compose, service->variables, node, &value);
        if (r < 0)
                return r;
        if (!value.text.data || value.text.size == 0 || value.problem)
                cf_compose_refuse(compose, service->extends_file, service->extends,
                                  "'extends' of service '%s' names no service: Compose refuses the "
                                  "file",
                                  service->name);
        else if (cf_value_has_hole(value.text))
                cf_compose_refuse(compose, service->extends_file, node,
                                  "what service '%s' extends cannot be known: %s; set it in .env, "
                                  "or scan with --environment",
                                  service->name, value.because);
        else
                *ret_text = value.text.data;
        return 0;
}

static int resolve_extends(struct cf_compose *compose, struct cf_layer *layer, int section,
                           struct cf_service *service, unsigned depth,
                           struct cf_service **ret_service);

/* The layer that holds the extended service. NULL in *ret_layer: reported. */
static int find_base_layer(struct cf_compose *compose, struct cf_layer *layer,
                           const struct cf_service *service, const char *name, const char *path,
                           struct cf_layer **ret_layer)
{
        struct cf_compose_file *file;
        *ret_layer = NULL;
        if (!path) {
                *ret_layer = layer;
                return 0;
        }
        if (cf_compose_is_remote(path)) {
                cf_compose_refuse(compose, service->extends_file, service->extends,
                                  "service '%s' extends '%s', which is no local file: not read; "
                                  "check it where it is kept",
                                  service->name, path);
                return 0;
        }
        char *full = cf_compose_path(compose, service->dir, path);
        if (!full || cf_compose_open(compose, full, &file) < 0)
                return -ENOMEM;
        if (file->error) {
                cf_compose_unreadable(compose, service->extends_file, service->extends, file->error,
                                      "reading what service '%s' extends (service '%s' of '%s')",
                                      service->name, name, path);
                return 0;
        }
        return read_base(compose, file, service->variables, ret_layer);
}

static int find_base(struct cf_compose *compose, struct cf_layer *layer, int section,
                     struct cf_service *service, unsigned depth, struct cf_service **ret_base)
{
        const char *name = NULL, *path = NULL;
        struct cf_yaml *extends = cf_yaml_follow(service->extends);
        bool is_mapping = extends->type == CF_YAML_MAPPING;
        struct cf_yaml *file = is_mapping ? cf_yaml_get(extends, "file", NULL, NULL) : NULL;
        *ret_base = NULL;
        int r = extends_text(compose, service,
                             is_mapping ? cf_yaml_get(extends, "service", NULL, NULL) : extends,
                             &name);
        if (r == 0 && name && file && !cf_yaml_is_null(file)) {
                r = extends_text(compose, service, file, &path);
                if (!path)
                        return r;
        }
        struct cf_layer *from = NULL;
        if (r == 0 && name)
                r = find_base_layer(compose, layer, service, name, path, &from);
        if (r < 0 || !from)
                return r;
        struct cf_service *base = cf_map_get(from->services[section], cf_span_of(name));
        if (!base) {
                cf_compose_refuse(compose, service->extends_file, service->extends,
                                  "service '%s' extends '%s', which is not in %s%s%s: Compose "
                                  "refuses the file",
                                  service->name, name, path ? "'" : "this file", path ? path : "",
                                  path ? "'" : "");
                return 0;
        }
        return resolve_extends(compose, from, section, base, depth + 1, ret_base);
}

/* The service with all that it extends; kept in its layer for the next who asks. */
static int resolve_extends(struct cf_compose *compose, struct cf_layer *layer, int section,
                           struct cf_service *service, unsigned depth,
                           struct cf_service **ret_service)
{
        *ret_service = service;
        if (!service->extends || cf_yaml_is_null(service->extends))
                return 0;
        if (service->state == CF_EXTENDS_BUSY || depth > CF_COMPOSE_DEPTH) {
                cf_compose_refuse(compose, service->extends_file, service->extends,
                                  depth > CF_COMPOSE_DEPTH
                                          ? "service '%s' stands behind too long a chain of "
                                            "'extends': not followed"
                                          : "service '%s' extends itself, in a circle: Compose "
                                            "refuses the file",
                                  service->name);
                return 0;
        }
        service->state = CF_EXTENDS_BUSY;
        struct cf_service *base, *merged = service;
        int r = find_base(compose, layer, section, service, depth, &base);
        if (r == 0 && base)
                r = cf_service_merge(compose, base, service, &merged);
        service->state = CF_EXTENDS_OPEN;
        if (r < 0)
                return r;
        merged->extends = NULL;
        *ret_service = merged;
        return cf_map_put(layer->services[section], cf_span_of(service->name), merged);
}

static int resolve_layer(struct cf_compose *compose, struct cf_layer *layer)
{
        for (int section = 0; section < CF_SECTIONS; section++) {
                for (size_t i = 0; i < cf_map_count(layer->services[section]); i++) {
                        struct cf_service *service = cf_map_at(layer->services[section], i, NULL);
                        int r = resolve_extends(compose, layer, section, service, 0, &service);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* ---- projects ------------------------------------------------------------------------ */

static int read_document(struct cf_compose *compose, const struct cf_project *project,
                         struct cf_compose_file *file, struct cf_yaml *root, struct cf_layer *all)
{
        struct cf_layer layer;
        int r = cf_layer_read(compose, file, root, project->dir, project->variables, &layer);
        if (r == 0 && layer.include)
                r = cf_compose_include(compose, project, file, &layer);
        if (r == 0)
                r = resolve_layer(compose, &layer);
        return r < 0 ? r : merge_layer(compose, all, &layer);
}

int cf_project_read(struct cf_compose *compose, const struct cf_project *project,
                    struct cf_layer *ret_layer)
{
        int r = cf_layer_new(compose->arena, ret_layer);
        for (size_t i = 0; r == 0 && i < project->path_count; i++) {
                struct cf_compose_file *file;
                r = cf_compose_open(compose, project->paths[i], &file);
                if (r < 0)
                        return r;
                if (file->error) {
                        /* An include says so itself. */
                        if (!project->parent)
                                cf_compose_unreadable(compose, NULL, NULL, file->error, NULL);
                        continue;
                }
                for (size_t j = 0; r == 0 && j < file->yaml->count; j++)
                        r = read_document(compose, project, file, file->yaml->documents[j].root,
                                          ret_layer);
        }
        return r;
}
