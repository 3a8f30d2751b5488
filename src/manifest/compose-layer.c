/* SPDX-License-Identifier: Apache-2.0 */
/* One document of a Compose file → the services as it writes them: aliases, merge keys, tags and
 * variables are resolved, but nothing of other documents and files. */
#include <string.h>

#include "base/text.h"
#include "manifest/compose.h"

static const char *const section_keys[CF_SECTIONS] = {
        [CF_SERVICES] = "services", [CF_JOBS] = "jobs"};

/* ---- shape --------------------------------------------------------------------------- */

static bool is_mapping(struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        return node && node->type == CF_YAML_MAPPING;
}

/* The mapping has a key that only a service has, or it merges something. (A full look-up would
 * disturb the walk that asks this.) */
static bool is_service(struct cf_yaml *mapping)
{
        static const char *const keys[] = {"image",        "build",      "extends",
                                           "security_opt", "privileged", "provider"};
        for (size_t i = 0; i < CF_COUNT(keys); i++)
                if (cf_yaml_own(mapping, keys[i], NULL))
                        return true;
        return mapping->merges > 0;
}

struct census {
        size_t mappings, nulls, others, services;
};

static int count_pair(struct cf_yaml *key, struct cf_yaml *value, struct cf_yaml *owner,
                      void *context)
{
        (void)owner;
        struct census *census = context;
        const char *name = cf_yaml_string(key);
        if (!name || strncmp(name, "x-", 2) == 0)
                return 0;
        if (!is_mapping(value)) {
                if (cf_yaml_is_null(value))
                        census->nulls++;
                else
                        census->others++;
                return 0;
        }
        census->mappings++;
        if (is_service(cf_yaml_follow(value)))
                census->services++;
        return 0;
}

static struct census count_pairs(struct cf_yaml *mapping)
{
        struct census census = {0};
        cf_yaml_each(mapping, count_pair, &census);
        return census;
}

/* The form of before 2016: services stand at the top. Only docker-compose 1.x reads it. */
static bool is_legacy(struct cf_yaml *root)
{
        static const char *const newer[] = {"services", "version", "include", "jobs"};
        for (size_t i = 0; i < CF_COUNT(newer); i++)
                if (cf_yaml_get(root, newer[i], NULL, NULL))
                        return false;
        struct census census = count_pairs(root);
        return census.services > 0 && census.others == 0;
}

bool cf_compose_shape(struct cf_yaml *root, bool named)
{
        root = cf_yaml_follow(root);
        if (!root || root->type != CF_YAML_MAPPING)
                return false;
        struct cf_yaml *services = cf_yaml_get(root, "services", NULL, NULL);
        if (is_mapping(services)) {
                struct census census = count_pairs(services);
                return named || (census.services > 0 && census.others == 0);
        }
        return named && (cf_yaml_get(root, "include", NULL, NULL) ||
                         is_mapping(cf_yaml_get(root, "jobs", NULL, NULL)) || is_legacy(root));
}

/* ---- tags ---------------------------------------------------------------------------- */

/* `!reset` takes a value away, `!override` lets it replace what earlier files say. Below an
 * `!override` Compose looks for no further tags. */
struct tags {
        bool heeded;          /* tags here tell what becomes of earlier files' values */
        bool reset, override; /* what they tell */
        bool heeded_below;    /* tags in the value do, too */
};

static bool has_tag(const struct cf_yaml *node, const char *tag)
{
        return cf_span_is((node->target ? node->target : node)->tag, tag);
}

/* Marks the collections in which `!reset` takes effect: all but those that stand below an
 * `!override` and that no alias elsewhere refers to. */
static void see(struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        if (node->seen || has_tag(node, "!reset") || has_tag(node, "!override"))
                return;
        node->seen = true;
        bool is_mapping = node->type == CF_YAML_MAPPING;
        for (size_t i = 0; i < node->count; i++)
                see(node->items[is_mapping ? 2 * i + 1 : i]);
}

bool cf_compose_is_reset(const struct cf_yaml *collection, const struct cf_yaml *value)
{
        return collection->seen && has_tag(value, "!reset");
}

static void note_tag(const struct cf_yaml *value, struct tags *tags)
{
        tags->reset |= tags->heeded && has_tag(value, "!reset");
        tags->override |= tags->heeded && has_tag(value, "!override");
}

/* Tags of a key in the mapping and in what it merges, also where another value comes first. Compose
 * does not see those of mappings that are merged as a list. */
static void note_tags(struct cf_yaml *mapping, const char *name, struct tags *tags)
{
        struct cf_yaml *value = cf_yaml_own(mapping, name, NULL);
        if (value)
                note_tag(value, tags);
        for (size_t i = 0; mapping->merges > 0 && i < mapping->count; i++) {
                struct cf_yaml *merged = cf_yaml_follow(mapping->items[2 * i + 1]);
                if (cf_yaml_is_merge(mapping->items[2 * i]) && merged->type == CF_YAML_MAPPING)
                        note_tags(merged, name, tags);
        }
}

static bool take_value(struct cf_yaml *owner, struct cf_yaml *value, void *context)
{
        (void)context;
        return !cf_compose_is_reset(owner, value);
}

/* Looks a key up with tags and merge keys; NULL: not given, or taken away. */
static struct cf_yaml *find_part(struct cf_yaml *mapping, const char *name, struct tags *tags,
                                 struct cf_yaml **ret_key, struct cf_yaml **ret_owner)
{
        mapping = cf_yaml_follow(mapping);
        note_tags(mapping, name, tags);
        struct cf_yaml *value = cf_yaml_seek(mapping, name, take_value, NULL, ret_key, ret_owner);
        tags->heeded_below =
                tags->heeded && value && !cf_span_is(cf_yaml_follow(value)->tag, "!override");
        return value;
}

/* ---- values -------------------------------------------------------------------------- */

/* An escape can put a NUL into a value; it must not pass for a hole. */
static int without_nul(struct cf_compose *compose, struct cf_span *text)
{
        CF_TEXT struct cf_text out = {0};
        if (!text->size || !memchr(text->data, '\0', text->size))
                return 0;
        for (size_t i = 0; i < text->size; i++)
                if (text->data[i])
                        cf_text_putc(&out, text->data[i]);
                else
                        cf_text_puts(&out, "\xef\xbf\xbd");
        *text = (struct cf_span){cf_arena_copy(compose->arena, cf_text_span(&out)), out.size};
        return out.failed || !text->data ? -ENOMEM : 0;
}

int cf_compose_value(struct cf_compose *compose, const struct cf_variables *variables,
                     struct cf_yaml *node, struct cf_value *ret_value)
{
        *ret_value = (struct cf_value){0};
        node = cf_yaml_follow(node);
        if (!node || node->type != CF_YAML_SCALAR)
                return 0;
        struct cf_span text = node->text;
        if (without_nul(compose, &text) < 0)
                return -ENOMEM;
        if (cf_yaml_is_string(node))
                return cf_interpolate(compose->arena, text, variables, ret_value);
        ret_value->text = text;
        return 0;
}

struct reading {
        struct cf_compose *compose;
        struct cf_compose_file *file;
        const char *dir;
        const struct cf_variables *variables;
};

/* The same for a setting, where what a template engine will fill in ({{ … }}) is a hole. */
static int read_value(struct reading *at, struct cf_yaml *node, struct cf_value *ret_value)
{
        int r = cf_compose_value(at->compose, at->variables, node, ret_value);
        struct cf_span text = ret_value->text;
        size_t start = r == 0 ? cf_span_find(text, CF_SPAN("{{")) : SIZE_MAX;
        if (start == SIZE_MAX)
                return r;
        size_t end = text.size;
        while (end > start + 2 && text.data[end - 1] != '}')
                end--;
        char *copy = cf_arena_copy(at->compose->arena, text);
        if (!copy)
                return -ENOMEM;
        copy[start] = CF_HOLE;
        memmove(copy + start + 1, copy + end, text.size - end + 1);
        ret_value->text.data = copy;
        ret_value->text.size = start + 1 + (text.size - end);
        ret_value->certainty = CF_UNKNOWN;
        ret_value->because = "a template fills it in ('{{')";
        return 0;
}

/* `{{ … }}` without quotes: a mapping to YAML, some text to the engine. */
static bool read_template(const struct reading *at, const struct cf_yaml *node,
                          struct cf_value *ret_value)
{
        static const char hole[] = {CF_HOLE, '\0'};
        if (node->type != CF_YAML_MAPPING ||
            !cf_span_starts(cf_span_part(at->file->source->text, node->offset, node->length), "{{"))
                return false;
        *ret_value = (struct cf_value){.text = {hole, 1},
                                       .certainty = CF_UNKNOWN,
                                       .because = "a template fills it in ('{{')"};
        return true;
}

static struct cf_entry *new_entry(struct reading *at, struct cf_yaml *node, struct cf_yaml *pair,
                                  struct cf_yaml *key, struct cf_yaml *owner)
{
        struct cf_entry *entry = cf_arena_one(at->compose->arena, struct cf_entry);
        if (entry)
                *entry = (struct cf_entry){
                        .file = at->file, .node = node, .pair = pair, .key = key, .owner = owner};
        return entry;
}

/* What a collection in place of a string says, as one would have written it: "seccomp:unconfined"
 * for the mapping of one to the other. */
static int describe_collection(struct reading *at, struct cf_yaml *node, struct cf_value *ret_value)
{
        struct cf_value value = {0};
        const char *name = NULL;
        if (node->type == CF_YAML_MAPPING && node->count) {
                name = cf_yaml_string(node->items[0]);
                int r = cf_compose_value(at->compose, at->variables, node->items[1], &value);
                if (r < 0)
                        return r;
        } else if (node->count) {
                int r = cf_compose_value(at->compose, at->variables, node->items[0], &value);
                if (r < 0)
                        return r;
        }
        if (name && value.text.data && !cf_value_has_hole(value.text)) {
                char *text = cf_arena_printf(at->compose->arena, "%s:%s", name, value.text.data);
                if (!text)
                        return -ENOMEM;
                value.text = cf_span_of(text);
        }
        if (!value.text.data)
                value.text = CF_SPAN("");
        *ret_value = value;
        return 0;
}

/* ---- security_opt -------------------------------------------------------------------- */

static bool repeats(const struct cf_entries *entries, const struct cf_entry *entry)
{
        for (size_t i = 0; i < entries->count; i++)
                if (cf_span_equal(entries->items[i]->value.text, entry->value.text))
                        return true;
        return false;
}

static int read_option(struct reading *at, struct cf_entry *entry, struct cf_entries *entries)
{
        struct cf_yaml *node = cf_yaml_follow(entry->node);
        int r = 0;
        if (cf_yaml_is_null(node))
                return 0;
        if (node->type == CF_YAML_SCALAR) {
                r = read_value(at, node, &entry->value);
                if (!entry->list)
                        entry->value.problem = "a single value where Compose wants a list: it "
                                               "refuses the file";
                else if (repeats(entries, entry))
                        entry->value.problem = "the entry stands twice in this list: Compose "
                                               "refuses the file";
        } else if (!read_template(at, node, &entry->value)) {
                r = describe_collection(at, node, &entry->value);
                entry->value.problem =
                        !entry->list && node->type == CF_YAML_MAPPING
                                ? "a mapping where Compose wants a list of strings: it refuses the "
                                  "file"
                        : node->type == CF_YAML_MAPPING
                                ? "a mapping in a list of strings (a space behind the colon makes "
                                  "it one): Compose refuses the file"
                                : "a list in a list of strings: Compose refuses the file";
        }
        return r < 0 ? r : cf_vec_push(at->compose->arena, entries, entry);
}

static int read_options(struct reading *at, struct cf_yaml *mapping, struct tags *tags,
                        struct cf_service *service)
{
        struct cf_yaml *key, *owner;
        struct cf_yaml *pair = find_part(mapping, "security_opt", tags, &key, &owner);
        if (!pair)
                return 0;
        service->options_given = !cf_yaml_is_null(pair);
        if (!service->options_given)
                service->nulls |= CF_PART_SECURITY_OPT;
        struct cf_yaml *list = cf_yaml_follow(pair);
        bool is_list = list->type == CF_YAML_SEQUENCE;
        size_t count = is_list ? list->count : 1;
        int r = 0;
        if (count > CF_COMPOSE_OPTIONS) {
                cf_compose_refuse(at->compose, at->file, key,
                                  "more than %d entries in a list: the rest is not read",
                                  CF_COMPOSE_OPTIONS);
                count = CF_COMPOSE_OPTIONS;
        }
        for (size_t i = 0; r == 0 && i < count; i++) {
                struct cf_yaml *node = is_list ? list->items[i] : pair;
                if (is_list && cf_compose_is_reset(list, node))
                        continue;
                struct cf_entry *entry = new_entry(at, node, pair, key, owner);
                if (!entry)
                        return -ENOMEM;
                entry->list = is_list ? list : NULL;
                entry->index = i;
                r = read_option(at, entry, &service->options);
        }
        return r;
}

/* ---- privileged ---------------------------------------------------------------------- */

static int read_privileged(struct reading *at, struct cf_yaml *mapping, struct tags *tags,
                           struct cf_service *service, enum cf_part part)
{
        struct cf_yaml *key, *owner;
        struct cf_yaml *pair = find_part(mapping, "privileged", tags, &key, &owner);
        if (!pair || cf_yaml_is_null(pair)) {
                service->nulls |= pair ? (unsigned)part : 0;
                return 0;
        }
        struct cf_entry *entry = new_entry(at, pair, pair, key, owner);
        if (!entry)
                return -ENOMEM;
        struct cf_yaml *node = cf_yaml_follow(pair);
        if (node->type == CF_YAML_SCALAR) {
                int r = read_value(at, node, &entry->value);
                if (r < 0)
                        return r;
                entry->is_string = cf_yaml_is_string(node);
        } else if (!read_template(at, node, &entry->value)) {
                entry->value.text = CF_SPAN("");
                entry->value.problem = "neither true nor false: Compose refuses the file";
        }
        if (part == CF_PART_PRIVILEGED)
                service->privileged = entry;
        else
                service->build_privileged = entry;
        return 0;
}

/* ---- services ------------------------------------------------------------------------ */

static void note_part(struct cf_service *service, const struct tags *tags, enum cf_part part)
{
        if (tags->reset || tags->override)
                service->resets |= (unsigned)part;
}

/* What a service, a job and a pre_start hook have in common. */
static int read_container(struct reading *at, struct cf_yaml *mapping, bool heeded,
                          struct cf_service *service)
{
        struct tags options = {.heeded = heeded}, privileged = {.heeded = heeded},
                    image = {.heeded = heeded};
        int r = read_options(at, mapping, &options, service);
        if (r == 0)
                r = read_privileged(at, mapping, &privileged, service, CF_PART_PRIVILEGED);
        struct cf_yaml *name = find_part(mapping, "image", &image, NULL, NULL);
        struct cf_value value;
        if (r == 0)
                r = cf_compose_value(at->compose, at->variables, name, &value);
        if (r < 0)
                return r;
        const char *written = cf_yaml_string(name);
        bool known = value.text.data && !cf_value_has_hole(value.text);
        service->image = known ? value.text.data : written;
        if (service->image && !*service->image)
                service->image = NULL;
        note_part(service, &options, CF_PART_SECURITY_OPT);
        note_part(service, &privileged, CF_PART_PRIVILEGED);
        note_part(service, &image, CF_PART_IMAGE);
        return 0;
}

static int read_build(struct reading *at, struct cf_yaml *mapping, bool heeded,
                      struct cf_service *service)
{
        struct tags build = {.heeded = heeded};
        struct cf_yaml *value = find_part(mapping, "build", &build, NULL, NULL);
        note_part(service, &build, CF_PART_BUILD);
        if (!is_mapping(value))
                return 0;
        struct tags privileged = {.heeded = build.heeded_below};
        int r = read_privileged(at, value, &privileged, service, CF_PART_BUILD_PRIVILEGED);
        note_part(service, &privileged, CF_PART_BUILD_PRIVILEGED);
        return r;
}

/* Hooks of pre_start are containers; those of post_start and pre_stop are commands in the
 * service's own container, and what they may do changes no filter. */
static int read_hooks(struct reading *at, struct cf_yaml *mapping, bool heeded,
                      struct cf_service *service)
{
        struct tags tags = {.heeded = heeded};
        struct cf_yaml *key = NULL;
        struct cf_yaml *list = cf_yaml_follow(find_part(mapping, "pre_start", &tags, &key, NULL));
        CF_VEC(struct cf_service *) hooks = {0};
        note_part(service, &tags, CF_PART_PRE_START);
        for (size_t i = 0; list && list->type == CF_YAML_SEQUENCE && i < list->count; i++) {
                struct cf_service *hook = cf_arena_one(at->compose->arena, struct cf_service);
                if (!hook)
                        return -ENOMEM;
                if (!is_mapping(list->items[i]) || cf_compose_is_reset(list, list->items[i]))
                        continue;
                hook->file = at->file;
                hook->key = list->items[i];
                int r = read_container(at, list->items[i], false, hook);
                if (r < 0 || (r = cf_vec_push(at->compose->arena, &hooks, hook)) < 0)
                        return r;
        }
        service->hooks = hooks.items;
        service->hook_count = hooks.count;
        return 0;
}

static int read_service(struct reading *at, struct cf_yaml *key, struct cf_yaml *mapping,
                        bool heeded, struct cf_layer *layer, enum cf_section section)
{
        struct cf_service *service = cf_arena_one(at->compose->arena, struct cf_service);
        if (!service)
                return -ENOMEM;
        *service = (struct cf_service){
                .name = cf_yaml_string(key),
                .file = at->file,
                .key = key,
                .dir = at->dir,
                .variables = at->variables,
        };
        int r = read_container(at, mapping, heeded, service);
        if (r == 0)
                r = read_build(at, mapping, heeded, service);
        if (r == 0)
                r = read_hooks(at, mapping, heeded, service);
        if (r < 0)
                return r;
        struct tags extends = {.heeded = heeded};
        service->extends = find_part(mapping, "extends", &extends, NULL, NULL);
        service->extends_file = at->file;
        return cf_map_put(layer->services[section], cf_span_of(service->name), service);
}

/* ---- the document -------------------------------------------------------------------- */

int cf_layer_new(struct cf_arena *arena, struct cf_layer *ret_layer)
{
        *ret_layer = (struct cf_layer){0};
        for (int i = 0; i < CF_SECTIONS; i++) {
                ret_layer->services[i] = cf_map_new(arena);
                ret_layer->reset[i] = cf_map_new(arena);
                if (!ret_layer->services[i] || !ret_layer->reset[i])
                        return -ENOMEM;
        }
        return 0;
}

struct pair {
        struct cf_yaml *key, *value, *owner;
};

struct pairs {
        struct cf_arena *arena;
        struct cf_map *by_name; /* values are struct pair */
};

/* Keeps for each name the pair that counts. */
static int keep_pair(struct cf_yaml *key, struct cf_yaml *value, struct cf_yaml *owner,
                     void *context)
{
        struct pairs *pairs = context;
        const char *name = cf_yaml_string(key);
        if (!name)
                return 0;
        struct pair *pair = cf_map_get(pairs->by_name, cf_span_of(name));
        if (pair && pair->owner != owner)
                return 0;
        if (!pair) {
                pair = cf_arena_one(pairs->arena, struct pair);
                if (!pair || cf_map_put(pairs->by_name, cf_span_of(name), pair) < 0)
                        return -ENOMEM;
        }
        *pair = (struct pair){key, value, owner};
        return 0;
}

static int read_section(struct reading *at, struct cf_yaml *services, bool legacy, bool heeded,
                        struct cf_layer *layer, enum cf_section section)
{
        struct cf_compose *compose = at->compose;
        struct pairs pairs = {compose->arena, cf_map_new(compose->arena)};
        if (!pairs.by_name || cf_yaml_each(services, keep_pair, &pairs) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < cf_map_count(pairs.by_name); i++) {
                struct cf_span name;
                const struct pair *pair = cf_map_at(pairs.by_name, i, &name);
                struct tags tags = {.heeded = heeded};
                note_tag(pair->value, &tags);
                if ((tags.reset || tags.override) &&
                    cf_map_put(layer->reset[section], name, layer) < 0)
                        return -ENOMEM;
                if (cf_compose_is_reset(pair->owner, pair->value) || cf_yaml_is_null(pair->value) ||
                    (legacy && cf_span_starts(name, "x-")))
                        continue;
                if (!is_mapping(pair->value)) {
                        cf_compose_refuse(compose, at->file, pair->key,
                                          "'%s' is no mapping: Compose refuses the file",
                                          name.data);
                        continue;
                }
                int r = read_service(at, pair->key, pair->value, heeded && !tags.override, layer,
                                     section);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cf_layer_read(struct cf_compose *compose, struct cf_compose_file *file, struct cf_yaml *root,
                  const char *dir, const struct cf_variables *variables, struct cf_layer *ret_layer)
{
        struct reading at = {compose, file, dir, variables};
        int r = cf_layer_new(compose->arena, ret_layer);
        root = cf_yaml_follow(root);
        if (r < 0 || !root || root->type != CF_YAML_MAPPING)
                return r;
        see(root);
        if (is_legacy(root))
                return read_section(&at, root, true, true, ret_layer, CF_SERVICES);
        for (int i = 0; r == 0 && i < CF_SECTIONS; i++) {
                struct tags tags = {.heeded = true};
                struct cf_yaml *services = find_part(root, section_keys[i], &tags, NULL, NULL);
                ret_layer->reset_all[i] = tags.reset || tags.override;
                if (is_mapping(services))
                        r = read_section(&at, services, false, tags.heeded_below, ret_layer,
                                         (enum cf_section)i);
        }
        struct tags include = {.heeded = true};
        ret_layer->include = find_part(root, "include", &include, NULL, NULL);
        return r;
}
