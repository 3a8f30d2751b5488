/* SPDX-License-Identifier: Apache-2.0 */
/* Merged services → subjects and settings. */
#include <string.h>
#include <strings.h>

#include "manifest/compose.h"
#include "manifest/ignore.h"

/* ---- what a value means ------------------------------------------------------------------------
 */

enum cf_truth cf_entry_truth(const struct cf_entry *entry)
{
        static const struct {
                const char *word;
                enum cf_truth truth;
                bool only_string; /* YAML itself reads it as a string */
        } words[] = {
                {"true", CF_TRUE, false}, {"false", CF_FALSE, false}, {"y", CF_TRUE, true},
                {"yes", CF_TRUE, true},   {"on", CF_TRUE, true},      {"n", CF_FALSE, true},
                {"no", CF_FALSE, true},   {"off", CF_FALSE, true},
        };
        struct cf_span text = entry->value.text;
        if (entry->value.problem)
                return CF_TRUTH_REFUSED;
        if (cf_value_has_hole(text))
                return CF_TRUTH_UNKNOWN;
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if ((entry->is_string || !words[i].only_string) &&
                    cf_span_equal_nocase(text, cf_span_of(words[i].word)))
                        return words[i].truth;
        return CF_TRUTH_REFUSED;
}

/* Keys of security_opt entries that have nothing to do with seccomp. */
static bool is_other_key(struct cf_span key)
{
        static const char *const others[] = {"label",       "apparmor",       "no-new-privileges",
                                             "systempaths", "credentialspec", "mask",
                                             "unmask",      "proc-opts",      "writable-cgroups"};
        for (size_t i = 0; i < CF_COUNT(others); i++)
                if (cf_span_is(key, others[i]))
                        return true;
        return false;
}

/* Where an entry is split: at the first '=', at ':' only when there is none. */
static size_t split_at(struct cf_span text)
{
        size_t at = cf_span_find_byte(text, '=');
        return at != SIZE_MAX ? at : cf_span_find_byte(text, ':');
}

static bool is_about_seccomp(const struct cf_entry *entry)
{
        struct cf_span text = entry->value.text;
        size_t hole = cf_span_find_byte(text, CF_HOLE);
        struct cf_span known = cf_span_part(text, 0, hole);
        /* With a hole, an '=' in it or behind it could still move the split. */
        size_t at = hole == SIZE_MAX ? split_at(text) : cf_span_find_byte(known, '=');
        if (at == SIZE_MAX && hole != SIZE_MAX)
                at = cf_span_find_byte(known, ':');
        if (text.size == 0)
                return false;
        return !is_other_key(cf_span_part(known, 0, at));
}

/* ---- settings ----------------------------------------------------------------------------------
 */

struct output {
        struct cf_compose *compose;
        const char *base_dir;
        const struct cf_service *service; /* that suppressions above its name are for */
};

struct settings {
        struct cf_setting *items;
        size_t count, capacity;
};

/* What can be said of an option whose text has holes. */
static void set_unknown_option(const struct cf_entry *entry, struct cf_setting *setting)
{
        struct cf_span text = entry->value.text;
        bool could_be_off = cf_value_may_be(text, "seccomp=unconfined") ||
                            cf_value_may_be(text, "seccomp:unconfined");
        bool is_seccomp = cf_span_starts(text, "seccomp=") || cf_span_starts(text, "seccomp:");
        setting->certainty = CF_UNKNOWN;
        /* A profile whose path is not known, at any rate: shown as it is written. */
        setting->value = is_seccomp && !could_be_off ? cf_yaml_string(entry->node) : NULL;
}

static int set_privileged(struct output *output, const struct cf_entry *entry,
                          struct cf_setting *setting)
{
        switch (cf_entry_truth(entry)) {
        case CF_TRUE:
                setting->value = "true";
                return 0;
        case CF_FALSE:
                setting->value = "false";
                return 0;
        case CF_TRUTH_UNKNOWN:
                setting->certainty = CF_UNKNOWN;
                setting->value = NULL;
                return 0;
        default:
                setting->value = entry->value.text.data;
                if (!setting->problem)
                        setting->problem = cf_arena_printf(
                                output->compose->arena,
                                "'%s' is neither true nor false: Compose refuses the file",
                                entry->value.text.data);
                return setting->problem ? 0 : -ENOMEM;
        }
}

static struct cf_range range_of(const struct cf_entry *entry)
{
        if (entry->list || entry->node != entry->pair)
                return (struct cf_range){entry->node->offset, entry->node->length};
        size_t end = entry->pair->offset + entry->pair->length;
        return (struct cf_range){entry->key->offset, end - entry->key->offset};
}

static int add_ignores(struct output *output, const struct cf_entry *entry,
                       struct cf_setting *setting)
{
        struct cf_arena *arena = output->compose->arena;
        struct cf_ignores ignores = {0};
        int r = cf_ignores_beside(arena, entry->file->source, range_of(entry), &ignores);
        if (r == 0)
                r = cf_ignores_above(arena, output->service->file->source,
                                     output->service->key->start, false, &ignores);
        setting->ignores = ignores.items;
        setting->ignore_count = ignores.count;
        return r;
}

static int add_setting(struct output *output, enum cf_setting_kind kind,
                       const struct cf_entry *entry, struct settings *settings)
{
        struct cf_arena *arena = output->compose->arena;
        struct cf_range range = range_of(entry);
        struct cf_setting setting = {
                .kind = kind,
                .certainty = entry->value.certainty,
                .value = entry->value.text.data,
                .because = entry->value.because,
                .problem = entry->value.problem,
                .place = cf_source_place(entry->file->source, range.offset, range.length),
                .file_id = entry->file->source->id,
                .base_dir = output->base_dir,
        };
        int r = 0;
        if (kind == CF_SETTING_PRIVILEGED)
                r = set_privileged(output, entry, &setting);
        else if (cf_value_has_hole(entry->value.text))
                set_unknown_option(entry, &setting);
        if (r == 0)
                r = cf_excerpt_take(arena, entry->file->source, &setting.place, &setting.excerpt);
        if (r == 0)
                r = cf_compose_edit(output->compose, entry, output->base_dir, &setting.edit);
        if (r == 0)
                r = add_ignores(output, entry, &setting);
        return r < 0 ? r : cf_vec_push(arena, settings, setting);
}

/* ---- subjects ----------------------------------------------------------------------------------
 */

static int hand_out(struct output *output, enum cf_subject_kind kind, const char *name,
                    const struct cf_service *service, const struct settings *settings)
{
        const struct cf_yaml *key = service->key;
        const struct cf_subject subject = {
                .kind = kind,
                .evidence = CF_DECLARED,
                .name = name,
                .image = service->image,
                .engine_word = "compose",
                .format = "compose",
                .root = output->compose->source->path,
                .place = cf_source_place(service->file->source, key->offset, key->length),
                .settings = settings->items,
                .setting_count = settings->count,
        };
        return output->compose->reader->subject(&subject, output->compose->reader->context);
}

static int hand_out_container(struct output *output, const char *name,
                              const struct cf_service *service)
{
        struct settings settings = {0};
        int r = 0;
        output->service = service;
        for (size_t i = 0; r == 0 && i < service->options.count; i++)
                if (is_about_seccomp(service->options.items[i]))
                        r = add_setting(output, CF_SETTING_SECURITY_OPT, service->options.items[i],
                                        &settings);
        if (r == 0 && service->privileged)
                r = add_setting(output, CF_SETTING_PRIVILEGED, service->privileged, &settings);
        return r < 0 ? r : hand_out(output, CF_SUBJECT_SERVICE, name, service, &settings);
}

static int hand_out_service(struct output *output, const struct cf_service *service)
{
        struct cf_arena *arena = output->compose->arena;
        int r = hand_out_container(output, service->name, service);
        if (r == 0 && service->build_privileged) {
                struct settings settings = {0};
                r = add_setting(output, CF_SETTING_PRIVILEGED, service->build_privileged,
                                &settings);
                if (r == 0)
                        r = hand_out(output, CF_SUBJECT_BUILD, service->name, service, &settings);
        }
        for (size_t i = 0; r == 0 && i < service->hook_count; i++) {
                char *name = cf_arena_printf(arena, "%s.pre_start[%zu]", service->name, i);
                r = name ? hand_out_container(output, name, service->hooks[i]) : -ENOMEM;
        }
        return r;
}

/* A pre_start hook is a container that starts from what its service says. */
static int complete_hooks(struct cf_compose *compose, struct cf_service *service)
{
        struct cf_service base = *service;
        base.hook_count = 0;
        for (size_t i = 0; i < service->hook_count; i++) {
                struct cf_service *merged;
                if (cf_service_merge(compose, &base, service->hooks[i], &merged) < 0)
                        return -ENOMEM;
                service->hooks[i] = merged;
        }
        return 0;
}

int cf_compose_subjects(struct cf_compose *compose, const struct cf_project *project,
                        const struct cf_layer *layer)
{
        /* Compose looks for profiles from the folder of the outermost project, also for what an
         * include or an extends brings in. */
        struct output output = {.compose = compose, .base_dir = project->dir};
        /* Every merge comes before the first edit: a merge tells what an entry hides. */
        for (int section = 0; section < CF_SECTIONS; section++)
                for (size_t i = 0; i < cf_map_count(layer->services[section]); i++)
                        if (complete_hooks(compose, cf_map_at(layer->services[section], i, NULL)) <
                            0)
                                return -ENOMEM;
        for (int section = 0; section < CF_SECTIONS; section++) {
                for (size_t i = 0; i < cf_map_count(layer->services[section]); i++) {
                        int r = hand_out_service(&output,
                                                 cf_map_at(layer->services[section], i, NULL));
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
