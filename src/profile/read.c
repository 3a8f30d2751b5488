/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/fields.h"

/* An entry of archMap. Engines look up the machine's own architecture by name there, so a name
 * that nobody knows is passed over; only what belongs to a known one is handed on. */
static int read_mapped(struct reader *reader, const struct cf_json *entry,
                       struct cf_profile_mapped *ret_mapped)
{
        const struct cf_json *architecture = NULL;
        struct cf_profile_words others = {0};
        if (entry->type == CF_JSON_NULL)
                return 0;
        int r = need_type(reader, entry, CF_JSON_OBJECT, "an item of 'archMap'");
        if (r == 0)
                r = take(reader, entry, "architecture", CF_JSON_STRING, &architecture);
        if (r == 0)
                r = take_strings(reader, entry, "subArchitectures", &others);
        if (r < 0 || !architecture || !word_known(&architecture_words, architecture->text))
                return r;
        *ret_mapped = (struct cf_profile_mapped){
                {architecture->text, part_of(architecture)},
                others,
        };
        return need_words(reader, &others, &architecture_words);
}

static int read_map(struct reader *reader, const struct cf_json *map, struct cf_profile *profile)
{
        int r = 0;
        if (!map || !map->count)
                return 0;
        struct cf_profile_mapped *mapped =
                cf_arena_many(reader->arena, map->count, struct cf_profile_mapped);
        if (!mapped)
                return no_memory(reader);
        for (const struct cf_json *item = map->first; r == 0 && item; item = item->next) {
                r = read_mapped(reader, item, &mapped[profile->map_count]);
                if (mapped[profile->map_count].machine.text.data)
                        profile->map_count++;
        }
        profile->map = mapped;
        return r;
}

static int read_architectures(struct reader *reader, const struct cf_json *root,
                              struct cf_profile *profile)
{
        const struct cf_json *list = NULL, *map = NULL;
        int r = take(reader, root, "architectures", CF_JSON_ARRAY, &list);
        if (r == 0)
                r = take_strings(reader, root, "architectures", &profile->architectures);
        if (r == 0)
                r = take(reader, root, "archMap", CF_JSON_ARRAY, &map);
        if (r == 0)
                r = take_strings(reader, root, "flags", &profile->flags);
        if (r < 0)
                return r;
        if (profile->architectures.count > 0 && map && map->count > 0)
                return refuse_key(reader, list,
                                  "both 'architectures' and 'archMap' are given: engines refuse "
                                  "the profile; use one of them");
        r = need_words(reader, &profile->architectures, &architecture_words);
        if (r == 0)
                r = read_map(reader, map, profile);
        return r == 0 ? need_words(reader, &profile->flags, &flag_words) : r;
}

static bool names_write(const struct cf_profile_rule *rule)
{
        for (size_t i = 0; i < rule->names.count; i++)
                if (cf_span_is(rule->names.items[i].text, "write"))
                        return true;
        return false;
}

/* What notifications ask of the whole profile. */
static int check_listener(struct reader *reader, const struct cf_json *root,
                          struct cf_profile *profile)
{
        const struct cf_json *listener = NULL, *metadata = NULL;
        int r = take(reader, root, "listenerPath", CF_JSON_STRING, &listener);
        if (r == 0)
                r = take(reader, root, "listenerMetadata", CF_JSON_STRING, &metadata);
        if (r < 0)
                return r;
        bool listens = listener && listener->text.size > 0;
        profile->listener = listens ? listener->text.data : NULL;
        for (size_t i = 0; i < profile->rule_count; i++) {
                const struct cf_profile_rule *rule = &profile->rules[i];
                if (rule->value != CF_USER_NOTIF || rule->names.count == 0)
                        continue;
                if (names_write(rule))
                        return refuse_part(reader, rule->action,
                                           "runc refuses SCMP_ACT_NOTIFY for 'write': it needs "
                                           "that call itself to hand the listener over");
                if (!listens)
                        return refuse_part(reader, rule->action,
                                           "SCMP_ACT_NOTIFY needs someone who answers: add "
                                           "\"listenerPath\"");
        }
        return 0;
}

static int read_rules(struct reader *reader, const struct cf_json *root, struct cf_profile *profile)
{
        const struct cf_json *list = NULL;
        int r = take(reader, root, "syscalls", CF_JSON_ARRAY, &list);
        if (r < 0)
                return r;
        if (list && list->count) {
                struct cf_profile_rule *rules =
                        cf_arena_many(reader->arena, list->count, struct cf_profile_rule);
                if (!rules)
                        return no_memory(reader);
                for (const struct cf_json *item = list->first; item; item = item->next) {
                        r = read_rule(reader, item, &rules[profile->rule_count++]);
                        if (r < 0)
                                return r;
                }
                profile->rules = rules;
        }
        return check_listener(reader, root, profile);
}

static int read_default(struct reader *reader, const struct cf_json *root,
                        struct cf_profile *profile)
{
        const struct cf_json *action = NULL;
        int r = take(reader, root, "defaultAction", CF_JSON_STRING, &action);
        if (r < 0)
                return r;
        if (action && action->text.size == 0 && profile->rule_count == 0)
                action = NULL;
        if (!action) {
                profile->no_filter = true;
                profile->default_value = CF_ALLOW;
                return profile->rule_count == 0
                               ? 0
                               : refuse(reader, root,
                                        "no default action: add \"defaultAction\", for instance "
                                        "\"SCMP_ACT_ERRNO\"");
        }
        profile->default_action = action->text.data;
        profile->default_part = part_of(action);
        r = need_word(reader, action->text, profile->default_part, &action_words);
        if (r == 0)
                r = read_value(reader, root, "defaultErrnoRet", action->text,
                               &profile->default_value, &profile->default_errno_given);
        if (r == 0 && profile->default_value == CF_USER_NOTIF)
                r = refuse(reader, action, "SCMP_ACT_NOTIFY cannot be the default action");
        return r;
}

static int read_profile(struct reader *reader, const struct cf_json *root,
                        struct cf_profile *profile)
{
        *profile = (struct cf_profile){
                .source = reader->source,
                .default_action = "",
                .default_part = {root->offset, root->length},
                .no_filter = true,
                .default_value = CF_ALLOW,
        };
        if (root->type == CF_JSON_NULL)
                return 0;
        profile->no_filter = false;
        int r = need_type(reader, root, CF_JSON_OBJECT, "a profile");
        if (r == 0)
                r = read_architectures(reader, root, profile);
        if (r == 0)
                r = read_rules(reader, root, profile);
        if (r == 0)
                r = read_default(reader, root, profile);
        return r;
}

/* What only the bytes tell. */
static int check_bytes(const struct cf_source *source, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        if (source->text.size > CF_PROFILE_MAX)
                return cf_error_set(err, -EFBIG, &whole,
                                    "is larger than %zu MiB: no seccomp profile; not read",
                                    CF_PROFILE_MAX >> 20);
        if (source->encoding != CF_UTF8) {
                struct cf_place first = cf_source_place(source, 0, 0);
                return cf_error_set(err, -EINVAL, &first,
                                    "starts with a byte order mark, which engines refuse: save it "
                                    "as UTF-8 without one");
        }
        return 0;
}

static int compare_warnings(const void *left, const void *right)
{
        const struct cf_profile_warning *a = left, *b = right;
        return (a->part.offset > b->part.offset) - (a->part.offset < b->part.offset);
}

int cf_profile_read_json(struct cf_arena *arena, const struct cf_source *source,
                         const struct cf_json *root, const struct cf_profile **ret_profile,
                         struct cf_error *err)
{
        struct reader reader = {.arena = arena, .source = source, .err = err};
        struct cf_profile *profile = cf_arena_one(arena, struct cf_profile);
        int r = profile ? read_profile(&reader, root, profile) : no_memory(&reader);
        if (r < 0)
                return r;
        if (reader.warnings.count > 1)
                qsort(reader.warnings.items, reader.warnings.count, sizeof(*reader.warnings.items),
                      compare_warnings);
        profile->warnings = reader.warnings.items;
        profile->warning_count = reader.warnings.count;
        profile->more_warnings = reader.more_warnings;
        *ret_profile = profile;
        return 0;
}

int cf_profile_read(struct cf_arena *arena, const struct cf_source *source,
                    const struct cf_profile **ret_profile, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        struct cf_json *root = NULL;
        int r = check_bytes(source, err);
        if (r < 0)
                return r;
        r = cf_json_parse(arena, source, &root, err);
        if (r == 0)
                r = cf_profile_read_json(arena, source, root, ret_profile, err);
        if (r == -ENOMEM && cf_arena_is_full(arena))
                return cf_error_set(err, -EFBIG, &whole,
                                    "holds more values than any seccomp profile: not read");
        return r;
}

struct cf_place cf_profile_place(const struct cf_profile *profile, struct cf_profile_part part)
{
        return cf_source_place(profile->source, part.offset, part.length);
}
