/* SPDX-License-Identifier: Apache-2.0 */
/* .confined.yaml: what a project has decided about the rules. Whatever is not understood is an
 * error with its place: a misspelled key must not silently leave a rule off or on. */
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/spelling.h"
#include "base/yaml.h"
#include "judge/judge.h"
#include "judge/secopt.h"

#define CONFIG_NAME ".confined.yaml"
#define CONFIG_MAX ((size_t)1 << 20) /* bytes */
#define EXCLUDES_MAX 10000

struct reading {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_config *config;
        struct cf_error *err;
};

typedef int (*read_value)(struct reading *reading, struct cf_yaml *value);

/* One key of a mapping and what reads its value. */
struct key {
        const char *name;
        read_value read;
};

CF_PRINTF(3, 4)
static int refuse(struct reading *reading, const struct cf_yaml *node, const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        struct cf_place place = cf_source_place(reading->source, node->offset, node->length);
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        return cf_error_set(reading->err, -EINVAL, &place, "%s", message);
}

/* " (did you mean 'x'?)" for the nearest of some names, or nothing. */
static const char *suggestion(struct reading *reading, const char *near)
{
        const char *hint = near ? cf_arena_printf(reading->arena, " (did you mean %s?)", near) : "";
        return hint ? hint : "";
}

static const char *nearest_key(const struct key *keys, size_t count, const char *text)
{
        const char *nearest = NULL;
        unsigned best = 3;
        for (size_t i = 0; i < count; i++) {
                unsigned distance =
                        cf_spelling_distance(cf_span_of(text), cf_span_of(keys[i].name), 2);
                if (distance < best) {
                        best = distance;
                        nearest = keys[i].name;
                }
        }
        return nearest;
}

/* Reads a mapping whose keys are all known, each at most once. */
static int read_mapping(struct reading *reading, struct cf_yaml *node, const char *what,
                        const struct key *keys, size_t count)
{
        struct cf_yaml *mapping = cf_yaml_follow(node);
        if (mapping->type != CF_YAML_MAPPING)
                return refuse(reading, mapping, "%s must be a mapping", what);
        struct cf_yaml *twice = cf_yaml_duplicate(mapping);
        if (twice)
                return refuse(reading, twice, "the key '%s' is there twice", twice->text.data);
        for (size_t i = 0; i < mapping->count; i++) {
                struct cf_yaml *name = mapping->items[2 * i], *value = mapping->items[2 * i + 1];
                const char *text = cf_yaml_string(name);
                const struct key *key = NULL;
                for (size_t k = 0; text && k < count && !key; k++)
                        if (strcmp(keys[k].name, text) == 0)
                                key = &keys[k];
                if (!key)
                        return refuse(
                                reading, name, "unknown key '%s' in %s%s", text ? text : "?", what,
                                suggestion(reading, text ? nearest_key(keys, count, text) : NULL));
                int r = key->read(reading, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_text(struct reading *reading, struct cf_yaml *value, const char *what,
                     const char **ret_text)
{
        const char *text = cf_yaml_string(value);
        if (!text || !text[0] || cf_yaml_is_null(value) ||
            strlen(text) != cf_yaml_follow(value)->text.size)
                return refuse(reading, value, "%s must be a text", what);
        *ret_text = text;
        return 0;
}

/* A path in the file is relative to the file's folder. */
static int read_path(struct reading *reading, struct cf_yaml *value, const char *what,
                     const char **ret_path)
{
        const char *text = NULL;
        int r = read_text(reading, value, what, &text);
        if (r < 0)
                return r;
        char *dir = cf_path_dir(reading->arena, reading->source->path);
        char *path =
                dir ? cf_path_join(reading->arena, strcmp(dir, ".") == 0 ? NULL : dir, text) : NULL;
        if (!path)
                return cf_error_set(reading->err, -ENOMEM, NULL, "out of memory");
        *ret_path = path;
        return 0;
}

/* ---- rules ------------------------------------------------------------------------------------
 */

static bool is_word(const char *text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (cf_span_equal_nocase(cf_span_of(text), cf_span_of(words[i])))
                        return true;
        return false;
}

/* YAML 1.1 and 1.2 differ in which of these are booleans; people mean the same. */
static int read_switch(struct reading *reading, struct cf_yaml *value, bool *ret_off)
{
        static const char *const on[] = {"on", "true", "yes"}, *const off[] = {"off", "false",
                                                                               "no"};
        const char *text = cf_yaml_string(value);
        if (text && is_word(text, on, CF_COUNT(on)))
                *ret_off = false;
        else if (text && is_word(text, off, CF_COUNT(off)))
                *ret_off = true;
        else
                return refuse(reading, value, "write on or off");
        return 0;
}

static struct cf_rule_config *last_rule(struct reading *reading)
{
        return &reading->config->rules[reading->config->rule_count - 1];
}

static int read_enabled(struct reading *reading, struct cf_yaml *value)
{
        return read_switch(reading, value, &last_rule(reading)->off);
}

static int read_severity(struct reading *reading, struct cf_yaml *value)
{
        struct cf_rule_config *rule = last_rule(reading);
        const char *text = cf_yaml_string(value);
        if (!text || !cf_severity_of(text, &rule->severity))
                return refuse(reading, value,
                              "unknown severity '%s': write low, medium, high or critical",
                              text ? text : "?");
        rule->has_severity = true;
        return 0;
}

static int read_rule(struct reading *reading, struct cf_yaml *name, struct cf_yaml *value)
{
        static const struct key keys[] = {{"enabled", read_enabled}, {"severity", read_severity}};
        const char *id = cf_yaml_string(name);
        const struct cf_rule_info *rule = id ? cf_rule_find(id) : NULL;
        if (!rule)
                return refuse(reading, name, "unknown rule '%s'%s", id ? id : "?",
                              suggestion(reading, id ? cf_rule_nearest(id) : NULL));
        reading->config->rules[reading->config->rule_count++] =
                (struct cf_rule_config){.rule = rule};
        struct cf_yaml *node = cf_yaml_follow(value);
        if (node->type == CF_YAML_MAPPING)
                return read_mapping(reading, node, id, keys, CF_COUNT(keys));
        enum cf_severity severity;
        const char *text = cf_yaml_string(node);
        if (text && cf_severity_of(text, &severity))
                return read_severity(reading, node);
        return read_switch(reading, node, &last_rule(reading)->off);
}

static int read_rules(struct reading *reading, struct cf_yaml *value)
{
        struct cf_yaml *mapping = cf_yaml_follow(value);
        if (mapping->type != CF_YAML_MAPPING)
                return refuse(reading, mapping, "'rules' must be a mapping of rules");
        struct cf_yaml *twice = cf_yaml_duplicate(mapping);
        if (twice)
                return refuse(reading, twice, "the rule '%s' is there twice", twice->text.data);
        reading->config->rules =
                cf_arena_many(reading->arena, mapping->count, struct cf_rule_config);
        if (!reading->config->rules)
                return cf_error_set(reading->err, -ENOMEM, NULL, "out of memory");
        for (size_t i = 0; i < mapping->count; i++) {
                int r = read_rule(reading, mapping->items[2 * i], mapping->items[2 * i + 1]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the other keys ---------------------------------------------------------------------------
 */

static int read_exclude(struct reading *reading, struct cf_yaml *value)
{
        struct cf_yaml *list = cf_yaml_follow(value);
        if (list->type != CF_YAML_SEQUENCE)
                return refuse(reading, list, "'exclude' must be a list of patterns");
        if (list->count > EXCLUDES_MAX)
                return refuse(reading, list, "more than %d patterns", EXCLUDES_MAX);
        const char **patterns = cf_arena_many(reading->arena, list->count, const char *);
        if (!patterns)
                return cf_error_set(reading->err, -ENOMEM, NULL, "out of memory");
        for (size_t i = 0; i < list->count; i++) {
                int r = read_text(reading, list->items[i], "a pattern", &patterns[i]);
                if (r < 0)
                        return r;
        }
        reading->config->exclude = patterns;
        reading->config->exclude_count = list->count;
        return 0;
}

static int read_profile(struct reading *reading, struct cf_yaml *value)
{
        return read_path(reading, value, "'profile'", &reading->config->profile);
}

static int read_baseline(struct reading *reading, struct cf_yaml *value)
{
        return read_path(reading, value, "'baseline'", &reading->config->baseline);
}

static int read_fail_on(struct reading *reading, struct cf_yaml *value)
{
        const char *text = cf_yaml_string(value);
        enum cf_verdict verdict = (enum cf_verdict)(CF_FAIL + 1);
        if (!text || (strcmp(text, "never") != 0 && !cf_verdict_of(text, &verdict)) ||
            verdict == CF_PASS)
                return refuse(reading, value,
                              "unknown verdict '%s': write note, warn, unknown, fail or never",
                              text ? text : "?");
        reading->config->fail_on = verdict;
        reading->config->has_fail_on = true;
        return 0;
}

static int read_version(struct reading *reading, struct cf_yaml *value)
{
        const char *text = cf_yaml_string(value);
        if (!text || strcmp(text, "1") != 0)
                return refuse(reading, value, "only version 1 is known");
        return 0;
}

static const struct key keys[] = {
        {"version", read_version}, {"rules", read_rules},       {"exclude", read_exclude},
        {"profile", read_profile}, {"baseline", read_baseline}, {"fail-on", read_fail_on},
};

int cf_config_parse(struct cf_arena *arena, const struct cf_source *source,
                    struct cf_config **ret_config, struct cf_error *err)
{
        struct cf_yaml_file *file = NULL;
        struct cf_config *config = cf_arena_one(arena, struct cf_config);
        struct reading reading = {arena, source, config, err};
        if (!config)
                return cf_error_set(err, -ENOMEM, NULL, "out of memory");
        config->path = source->path;
        if (source->text.size > CONFIG_MAX)
                return cf_error_set(err, -EFBIG, &(struct cf_place){.path = source->path},
                                    "a configuration has at most %zu bytes", CONFIG_MAX);
        int r = cf_yaml_parse(arena, source, &file, err);
        if (r < 0)
                return r;
        if (file->count > 1 && file->documents[1].root)
                return refuse(&reading, file->documents[1].root,
                              "a configuration is one document: this is a second one");
        struct cf_yaml *root = file->count > 0 ? file->documents[0].root : NULL;
        if (root && !cf_yaml_is_null(root)) {
                r = read_mapping(&reading, root, "the configuration", keys, CF_COUNT(keys));
                if (r < 0)
                        return r;
        }
        *ret_config = config;
        return 0;
}

int cf_config_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                   struct cf_config **ret_config, struct cf_error *err)
{
        struct cf_source *source = NULL;
        int r = cf_files_read(files, arena, path, &source, err);
        return r < 0 ? r : cf_config_parse(arena, source, ret_config, err);
}

int cf_config_find(struct cf_arena *arena, const char *dir, char **ret_path)
{
        char current[PATH_MAX];
        if (!getcwd(current, sizeof(current)))
                return -errno;
        char *folder = cf_path_join(arena, current, dir ? dir : ".");
        while (folder) {
                struct stat st;
                char *path = cf_path_join(arena, folder, CONFIG_NAME);
                if (!path)
                        return -ENOMEM;
                if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
                        *ret_path = path;
                        return 0;
                }
                if (strcmp(folder, "/") == 0) {
                        *ret_path = NULL;
                        return 0;
                }
                folder = cf_path_dir(arena, folder);
        }
        return -ENOMEM;
}
