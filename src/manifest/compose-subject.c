/* SPDX-License-Identifier: Apache-2.0 */
/* Merged services → subjects and settings. */
#include <string.h>
#include <strings.h>

#include "manifest/compose.h"
#include "manifest/ignore.h"

/* ---- what a value means -------------------------------------------------------------- */

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

/* ---- settings ------------------------------------------------------------------------ */

/* A subject that waits for its edits to be verified. */
struct draft {
        struct cf_subject subject;
        struct cf_setting *settings;
        struct cf_edit **edits; /* of the settings */
};

struct output {
        struct cf_compose *compose;
        const char *base_dir;
        CF_VEC(struct draft) drafts;
        /* The subject that is being drafted: */
        const struct cf_service *service;
        CF_VEC(struct cf_setting) settings;
        CF_VEC(struct cf_edit *) edits;
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
                       const struct cf_entry *entry)
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
        struct cf_edit *edit;
        int r = 0;
        if (kind == CF_SETTING_PRIVILEGED)
                r = set_privileged(output, entry, &setting);
        else if (cf_value_has_hole(entry->value.text))
                set_unknown_option(entry, &setting);
        if (r == 0)
                r = cf_excerpt_take(arena, entry->file->source, &setting.place, &setting.excerpt);
        if (r == 0)
                r = cf_compose_edit(output->compose, entry, output->base_dir, &edit);
        if (r == 0)
                r = add_ignores(output, entry, &setting);
        if (r == 0)
                r = cf_vec_push(arena, &output->settings, setting);
        return r < 0 ? r : cf_vec_push(arena, &output->edits, edit);
}

/* ---- subjects ------------------------------------------------------------------------ */

static void start_draft(struct output *output, const struct cf_service *service)
{
        output->service = service;
        output->settings.items = NULL;
        output->settings.count = output->settings.capacity = 0;
        output->edits.items = NULL;
        output->edits.count = output->edits.capacity = 0;
}

static int end_draft(struct output *output, enum cf_subject_kind kind, const char *name)
{
        const struct cf_service *service = output->service;
        const struct cf_yaml *key = service->key;
        struct draft draft = {
                .subject =
                        {
                                .kind = kind,
                                .evidence = CF_DECLARED,
                                .name = name,
                                .image = service->image,
                                .engine_word = "compose",
                                .format = "compose",
                                .root = output->compose->source->path,
                                .place = cf_source_place(service->file->source, key->offset,
                                                         key->length),
                                .settings = output->settings.items,
                                .setting_count = output->settings.count,
                        },
                .settings = output->settings.items,
                .edits = output->edits.items,
        };
        return cf_vec_push(output->compose->arena, &output->drafts, draft);
}

static int draft_container(struct output *output, const char *name,
                           const struct cf_service *service)
{
        int r = 0;
        start_draft(output, service);
        for (size_t i = 0; r == 0 && i < service->options.count; i++)
                if (is_about_seccomp(service->options.items[i]))
                        r = add_setting(output, CF_SETTING_SECURITY_OPT, service->options.items[i]);
        if (r == 0 && service->privileged)
                r = add_setting(output, CF_SETTING_PRIVILEGED, service->privileged);
        return r < 0 ? r : end_draft(output, CF_SUBJECT_SERVICE, name);
}

static int draft_service(struct output *output, const struct cf_service *service)
{
        int r = draft_container(output, service->name, service);
        if (r == 0 && service->build_privileged) {
                start_draft(output, service);
                r = add_setting(output, CF_SETTING_PRIVILEGED, service->build_privileged);
                if (r == 0)
                        r = end_draft(output, CF_SUBJECT_BUILD, service->name);
        }
        for (size_t i = 0; r == 0 && i < service->hook_count; i++) {
                char *name = cf_arena_printf(output->compose->arena, "%s.pre_start[%zu]",
                                             service->name, i);
                r = name ? draft_container(output, name, service->hooks[i]) : -ENOMEM;
        }
        return r;
}

static int hand_out(struct output *output)
{
        const struct cf_reader *reader = output->compose->reader;
        for (size_t i = 0; i < output->drafts.count; i++) {
                struct draft *draft = &output->drafts.items[i];
                for (size_t j = 0; j < draft->subject.setting_count; j++)
                        draft->settings[j].edit = *draft->edits[j];
                int r = reader->subject(&draft->subject, reader->context);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A pre_start hook is a container that starts from what its service says. Its tags are for what
 * earlier files say of the hook, not for that. */
static int complete_hooks(struct cf_compose *compose, struct cf_service *service)
{
        struct cf_service base = *service;
        base.hook_count = 0;
        for (size_t i = 0; i < service->hook_count; i++) {
                struct cf_service *merged, hook = *service->hooks[i];
                hook.resets = 0;
                if (cf_service_merge(compose, &base, &hook, &merged) < 0)
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
        int r = 0;
        for (int section = 0; section < CF_SECTIONS; section++)
                for (size_t i = 0; r == 0 && i < cf_map_count(layer->services[section]); i++)
                        r = draft_service(&output, cf_map_at(layer->services[section], i, NULL));
        if (r == 0)
                r = cf_compose_verify(compose);
        return r < 0 ? r : hand_out(&output);
}
