/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/fields.h"
#include "profile/profile.h"

#define ERRNO_MAX 4094  /* libseccomp takes errors below the kernel's MAX_ERRNO, 4095 */
#define TRACE_MAX 65535 /* the data of a filter's return value has 16 bits */
#define ARGUMENT_MAX 5  /* a system call has six arguments */
#define KERNEL_MAX 255  /* Moby keeps each part of a kernel version in 8 bits */

/* What the rules of one profile add up to. */
struct tally {
        size_t rules, names;
        bool refuses;
        const struct cf_json *notify; /* the first action that needs a listener */
};

/* A call goes through under these; SCMP_ACT_TRACE fails with ENOSYS when no tracer is there. */
static bool lets_through(struct cf_span action)
{
        return cf_span_is(action, "SCMP_ACT_ALLOW") || cf_span_is(action, "SCMP_ACT_LOG");
}

static int read_errno(struct reader *reader, const struct cf_json *object, const char *field,
                      struct cf_span action)
{
        uint64_t max = cf_span_is(action, "SCMP_ACT_ERRNO")   ? ERRNO_MAX
                       : cf_span_is(action, "SCMP_ACT_TRACE") ? TRACE_MAX
                                                              : UINT64_MAX;
        uint64_t number;
        return take_uint(reader, object, field, max, 0, &number);
}

/* One part of "MAJOR.MINOR": digits, and no more than fits. */
static bool is_version_part(struct cf_span part)
{
        unsigned number = 0;
        for (size_t i = 0; i < part.size; i++) {
                if (part.data[i] < '0' || part.data[i] > '9')
                        return false;
                number = number * 10 + (unsigned)(part.data[i] - '0');
                if (number > KERNEL_MAX)
                        return false;
        }
        return part.size > 0;
}

/* `includes` or `excludes`: on which architecture, with which capabilities and from which kernel
 * on a rule is kept or dropped. */
static int read_condition(struct reader *reader, const struct cf_json *rule, const char *field)
{
        const struct cf_json *condition = NULL, *list = NULL, *version = NULL;
        int r = take(reader, rule, field, CF_JSON_OBJECT, &condition);
        if (r < 0 || !condition)
                return r;
        r = take_strings(reader, condition, "arches", &list);
        if (r == 0)
                r = take_strings(reader, condition, "caps", &list);
        if (r == 0)
                r = take(reader, condition, "minKernel", CF_JSON_STRING, &version);
        if (r < 0 || !version || version->text.size == 0)
                return r;
        size_t dot = cf_span_find_byte(version->text, '.');
        if (dot == SIZE_MAX || !is_version_part(cf_span_part(version->text, 0, dot)) ||
            !is_version_part(cf_span_part(version->text, dot + 1, SIZE_MAX)))
                return refuse(reader, version,
                              "'minKernel' must be a version such as \"4.8\": two numbers of at "
                              "most %d with a dot between",
                              KERNEL_MAX);
        return 0;
}

static int read_argument(struct reader *reader, const struct cf_json *argument)
{
        static const char *const values[] = {"value", "valueTwo"};
        const struct cf_json *op = NULL;
        uint64_t number;
        int r = need_type(reader, argument, CF_JSON_OBJECT, "an item of 'args'");
        if (r == 0)
                r = take_uint(reader, argument, "index", ARGUMENT_MAX, 0, &number);
        for (size_t i = 0; r == 0 && i < CF_COUNT(values); i++)
                r = take_uint(reader, argument, values[i], UINT64_MAX, 0, &number);
        if (r == 0)
                r = take(reader, argument, "op", CF_JSON_STRING, &op);
        if (r < 0)
                return r;
        if (!op)
                return refuse(reader, argument, "this argument has no operator: add \"op\"");
        return need_word(reader, op, &operator_words);
}

static int read_arguments(struct reader *reader, const struct cf_json *rule)
{
        const struct cf_json *arguments = NULL;
        int r = take(reader, rule, "args", CF_JSON_ARRAY, &arguments);
        for (const struct cf_json *item = arguments ? arguments->first : NULL; r == 0 && item;
             item = item->next)
                r = read_argument(reader, item);
        return r;
}

/* The calls that a rule is about; *ret_writes: write(2) is among them. */
static int read_names(struct reader *reader, const struct cf_json *rule, size_t *ret_count,
                      bool *ret_writes)
{
        const struct cf_json *name = NULL, *names = NULL;
        int r = take(reader, rule, "name", CF_JSON_STRING, &name);
        if (r == 0)
                r = take_strings(reader, rule, "names", &names);
        if (r < 0)
                return r;
        bool alone = name && name->text.size > 0;
        if (alone && names && names->count > 0)
                return refuse_key(reader, name,
                                  "both 'name' and 'names' are given: engines refuse the profile; "
                                  "use 'names' alone");
        *ret_count = alone ? 1 : names ? names->count : 0;
        *ret_writes = alone && cf_span_is(name->text, "write");
        for (const struct cf_json *item = names ? names->first : NULL; item; item = item->next) {
                if (item->text.size == 0)
                        return refuse(reader, item, "an empty name is no system call");
                *ret_writes |= cf_span_is(item->text, "write");
        }
        return 0;
}

static int read_rule(struct reader *reader, const struct cf_json *rule, struct tally *tally)
{
        const struct cf_json *action = NULL, *comment = NULL;
        size_t count = 0;
        bool writes = false;
        int r = need_type(reader, rule, CF_JSON_OBJECT, "an item of 'syscalls'");
        if (r == 0)
                r = read_names(reader, rule, &count, &writes);
        if (r == 0)
                r = take(reader, rule, "action", CF_JSON_STRING, &action);
        if (r < 0)
                return r;
        if (!action)
                return refuse(reader, rule, "this rule has no action: add \"action\"");
        r = need_word(reader, action, &action_words);
        if (r == 0)
                r = read_errno(reader, rule, "errnoRet", action->text);
        if (r == 0)
                r = read_arguments(reader, rule);
        if (r == 0)
                r = take(reader, rule, "comment", CF_JSON_STRING, &comment);
        if (r == 0)
                r = read_condition(reader, rule, "includes");
        if (r == 0)
                r = read_condition(reader, rule, "excludes");
        if (r < 0)
                return r;
        if (cf_span_is(action->text, "SCMP_ACT_NOTIFY") && count > 0) {
                if (writes)
                        return refuse(reader, action,
                                      "runc refuses SCMP_ACT_NOTIFY for 'write': it needs that "
                                      "call itself to hand the listener over");
                if (!tally->notify)
                        tally->notify = action;
        }
        tally->rules++;
        tally->names += count;
        tally->refuses |= count > 0 && !lets_through(action->text);
        return 0;
}

/* An entry of archMap. Engines look up the machine's own architecture by name there, so a name
 * that nobody knows is passed over; only what belongs to a known one is handed on. */
static int read_mapped(struct reader *reader, const struct cf_json *entry)
{
        const struct cf_json *architecture = NULL, *others = NULL;
        if (entry->type == CF_JSON_NULL)
                return 0;
        int r = need_type(reader, entry, CF_JSON_OBJECT, "an item of 'archMap'");
        if (r == 0)
                r = take(reader, entry, "architecture", CF_JSON_STRING, &architecture);
        if (r == 0)
                r = take_strings(reader, entry, "subArchitectures", &others);
        if (r < 0 || !architecture || !word_known(&architecture_words, architecture->text))
                return r;
        for (const struct cf_json *item = others ? others->first : NULL; r == 0 && item;
             item = item->next)
                r = need_word(reader, item, &architecture_words);
        return r;
}

static int read_words(struct reader *reader, const struct cf_json *list, const struct words *words)
{
        int r = 0;
        for (const struct cf_json *item = list ? list->first : NULL; r == 0 && item;
             item = item->next)
                r = need_word(reader, item, words);
        return r;
}

static int read_architectures(struct reader *reader, const struct cf_json *root)
{
        const struct cf_json *list = NULL, *map = NULL, *flags = NULL;
        int r = take_strings(reader, root, "architectures", &list);
        if (r == 0)
                r = take(reader, root, "archMap", CF_JSON_ARRAY, &map);
        if (r == 0)
                r = take_strings(reader, root, "flags", &flags);
        if (r < 0)
                return r;
        if (list && list->count > 0 && map && map->count > 0)
                return refuse_key(reader, list,
                                  "both 'architectures' and 'archMap' are given: engines refuse "
                                  "the profile; use one of them");
        r = read_words(reader, list, &architecture_words);
        for (const struct cf_json *item = map ? map->first : NULL; r == 0 && item;
             item = item->next)
                r = read_mapped(reader, item);
        return r == 0 ? read_words(reader, flags, &flag_words) : r;
}

static int read_rules(struct reader *reader, const struct cf_json *root, struct tally *tally)
{
        const struct cf_json *rules = NULL, *listener = NULL, *metadata = NULL;
        int r = take(reader, root, "syscalls", CF_JSON_ARRAY, &rules);
        for (const struct cf_json *item = rules ? rules->first : NULL; r == 0 && item;
             item = item->next)
                r = read_rule(reader, item, tally);
        if (r == 0)
                r = take(reader, root, "listenerPath", CF_JSON_STRING, &listener);
        if (r == 0)
                r = take(reader, root, "listenerMetadata", CF_JSON_STRING, &metadata);
        if (r < 0)
                return r;
        if (tally->notify && (!listener || listener->text.size == 0))
                return refuse(reader, tally->notify,
                              "SCMP_ACT_NOTIFY needs someone who answers: add \"listenerPath\"");
        return 0;
}

static int read_profile(struct reader *reader, const struct cf_json *root,
                        const struct cf_json **ret_action, struct tally *ret_tally)
{
        const struct cf_json *action = NULL;
        if (root->type == CF_JSON_NULL)
                return 0;
        int r = need_type(reader, root, CF_JSON_OBJECT, "a profile");
        if (r == 0)
                r = take(reader, root, "defaultAction", CF_JSON_STRING, &action);
        if (r == 0)
                r = read_architectures(reader, root);
        if (r == 0)
                r = read_rules(reader, root, ret_tally);
        if (r < 0)
                return r;
        if (action && action->text.size == 0 && ret_tally->rules == 0)
                action = NULL;
        *ret_action = action;
        if (!action)
                return ret_tally->rules == 0
                               ? 0
                               : refuse(reader, root,
                                        "no default action: add \"defaultAction\", for instance "
                                        "\"SCMP_ACT_ERRNO\"");
        r = need_word(reader, action, &action_words);
        if (r == 0)
                r = read_errno(reader, root, "defaultErrnoRet", action->text);
        if (r == 0 && cf_span_is(action->text, "SCMP_ACT_NOTIFY"))
                r = refuse(reader, action, "SCMP_ACT_NOTIFY cannot be the default action");
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

int cf_profile_summarize(struct cf_arena *arena, const struct cf_source *source,
                         struct cf_profile_summary *ret_summary, struct cf_error *err)
{
        struct cf_place whole = {.path = source->path};
        CF_ARENA struct cf_arena *scratch = cf_arena_new(CF_PROFILE_MEMORY);
        struct reader reader = {scratch, source, err};
        struct cf_json *root = NULL;
        const struct cf_json *action = NULL;
        struct tally tally = {0};
        int r = check_bytes(source, err);
        if (r < 0)
                return r;
        if (!scratch)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the profile");
        r = cf_json_parse(scratch, source, &root, err);
        if (r == -ENOMEM && cf_arena_used(scratch) > CF_PROFILE_MEMORY / 2)
                return cf_error_set(err, -EFBIG, &whole,
                                    "holds more values than any seccomp profile: not read");
        if (r == 0)
                r = read_profile(&reader, root, &action, &tally);
        if (r < 0)
                return r;
        char *name = cf_arena_copy(arena, action ? action->text : CF_SPAN(""));
        if (!name)
                return cf_error_set(err, -ENOMEM, &whole, "not enough memory to read the profile");
        bool open = !action || lets_through(action->text);
        *ret_summary = (struct cf_profile_summary){
                .kind = !open           ? CF_PROFILE_FILTERS
                        : tally.refuses ? CF_PROFILE_DENYLIST
                                        : CF_PROFILE_ALLOWS_ALL,
                .default_action = name,
                .default_place = cf_source_place(source, action ? action->offset : root->offset,
                                                 action ? action->length : root->length),
                .rules = tally.rules,
                .names = tally.names,
        };
        return 0;
}

const char *cf_profile_kind_name(enum cf_profile_kind kind)
{
        static const char *const names[] = {
                [CF_PROFILE_FILTERS] = "filters",
                [CF_PROFILE_DENYLIST] = "denylist",
                [CF_PROFILE_ALLOWS_ALL] = "allows-all",
        };
        return names[kind];
}
