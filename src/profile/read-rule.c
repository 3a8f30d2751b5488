/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of `syscalls`. */
#include "profile/fields.h"

#define ERRNO_MAX 4094    /* libseccomp takes errors below the kernel's MAX_ERRNO, 4095 */
#define DATA_MAX 65535    /* the data of a filter's return value has 16 bits */
#define ARGUMENT_MAX 5    /* a system call has six arguments */
#define KERNEL_MAX 255    /* Moby keeps each part of a kernel version in 8 bits */
#define ERRNO_DEFAULT 1   /* EPERM */
#define SHOWN_NAME_MAX 80 /* bytes of a name in a message */

int read_value(struct reader *reader, const struct cf_json *object, const char *errno_field,
               struct cf_span action, uint32_t *ret_value, bool *ret_given)
{
        const struct cf_json *given = NULL;
        uint32_t value = action_value(action);
        uint64_t max = value == CF_ERRNO ? ERRNO_MAX : value == CF_TRACE ? DATA_MAX : UINT64_MAX;
        uint64_t number;
        int r = take_uint(reader, object, errno_field, max, ERRNO_DEFAULT, &number);
        if (r == 0)
                r = take(reader, object, errno_field, CF_JSON_NUMBER, &given);
        if (r < 0)
                return r;
        /* Other actions carry no data: runc passes over the number, crun refuses it. */
        *ret_value = value == CF_ERRNO || value == CF_TRACE ? value | (uint32_t)number : value;
        *ret_given = given != NULL;
        return 0;
}

/* One part of "MAJOR.MINOR": digits, and no more than fits. */
static bool read_version_part(struct cf_span part, unsigned *ret_number)
{
        unsigned number = 0;
        for (size_t i = 0; i < part.size; i++) {
                if (part.data[i] < '0' || part.data[i] > '9')
                        return false;
                number = number * 10 + (unsigned)(part.data[i] - '0');
                if (number > KERNEL_MAX)
                        return false;
        }
        *ret_number = number;
        return part.size > 0;
}

static int read_kernel(struct reader *reader, const struct cf_json *condition,
                       struct cf_profile_when *when)
{
        const struct cf_json *version = NULL;
        int r = take(reader, condition, "minKernel", CF_JSON_STRING, &version);
        if (r < 0 || !version || version->text.size == 0)
                return r;
        size_t dot = cf_span_find_byte(version->text, '.');
        if (dot == SIZE_MAX ||
            !read_version_part(cf_span_part(version->text, 0, dot), &when->kernel_major) ||
            !read_version_part(cf_span_part(version->text, dot + 1, SIZE_MAX), &when->kernel_minor))
                return refuse(reader, version,
                              "'minKernel' must be a version such as \"4.8\": two numbers of at "
                              "most %d with a dot between",
                              KERNEL_MAX);
        when->has_kernel = true;
        return 0;
}

static bool is_go_architecture(struct cf_span name)
{
        const struct cf_arch *arch;
        for (size_t i = 0; (arch = cf_arch_at(i)); i++)
                if (arch->go && cf_span_is(name, arch->go))
                        return true;
        return false;
}

static int warn_word(struct reader *reader, const struct cf_profile_word *word, const char *what,
                     const char *effect)
{
        return warn(reader, word->part, "there is no %s '%.*s': %s", what,
                    (int)(word->text.size < SHOWN_NAME_MAX ? word->text.size : SHOWN_NAME_MAX),
                    word->text.data, effect);
}

/* `includes` or `excludes`: on which architecture, with which capabilities and from which kernel
 * on a rule is kept or dropped. */
static int read_when(struct reader *reader, const struct cf_json *rule, const char *field,
                     struct cf_profile_when *when)
{
        const char *effect = field[0] == 'i' ? "the entry never counts for it"
                                             : "nothing is ever excluded by it";
        const struct cf_json *condition = NULL;
        unsigned number;
        int r = take(reader, rule, field, CF_JSON_OBJECT, &condition);
        if (r < 0 || !condition)
                return r;
        r = take_strings(reader, condition, "arches", &when->arches);
        if (r == 0)
                r = take_strings(reader, condition, "caps", &when->caps);
        if (r == 0)
                r = read_kernel(reader, condition, when);
        for (size_t i = 0; r == 0 && i < when->arches.count; i++)
                if (!is_go_architecture(when->arches.items[i].text))
                        r = warn_word(reader, &when->arches.items[i], "architecture", effect);
        for (size_t i = 0; r == 0 && i < when->caps.count; i++)
                if (!cf_capability_number(when->caps.items[i].text, &number))
                        r = warn_word(reader, &when->caps.items[i], "capability", effect);
        return r;
}

static int read_argument(struct reader *reader, const struct cf_json *argument,
                         struct cf_condition *ret_condition, uint64_t *ret_second)
{
        const struct cf_json *op = NULL;
        uint64_t index = 0, value = 0, second = 0;
        int r = need_type(reader, argument, CF_JSON_OBJECT, "an item of 'args'");
        if (r == 0)
                r = take_uint(reader, argument, "index", ARGUMENT_MAX, 0, &index);
        if (r == 0)
                r = take_uint(reader, argument, "value", UINT64_MAX, 0, &value);
        if (r == 0)
                r = take_uint(reader, argument, "valueTwo", UINT64_MAX, 0, &second);
        if (r == 0)
                r = take(reader, argument, "op", CF_JSON_STRING, &op);
        if (r < 0)
                return r;
        if (!op)
                return refuse(reader, argument, "this argument has no operator: add \"op\"");
        r = need_word(reader, op->text, part_of(op), &operator_words);
        if (r < 0)
                return r;
        *ret_condition = (struct cf_condition){
                .arg = (uint8_t)index,
                .op = operator_of(op->text),
                .mask = UINT64_MAX,
                .value = value,
        };
        *ret_second = second;
        if (ret_condition->op != CF_MASKED_EQ)
                return 0;
        /* seccomp_rule_add(3): the masked argument equals the masked datum. */
        ret_condition->mask = value;
        ret_condition->value = second & value;
        if (second & ~value)
                return warn(reader, part_of(argument),
                            "'valueTwo' has bits that are not in the mask 'value': they do not "
                            "count");
        return 0;
}

static int read_arguments(struct reader *reader, const struct cf_json *entry,
                          struct cf_profile_rule *rule)
{
        const struct cf_json *arguments = NULL;
        int r = take(reader, entry, "args", CF_JSON_ARRAY, &arguments);
        if (r < 0 || !arguments || !arguments->count)
                return r;
        struct cf_condition *conditions =
                cf_arena_many(reader->arena, arguments->count, struct cf_condition);
        uint64_t *seconds = cf_arena_many(reader->arena, arguments->count, uint64_t);
        if (!conditions || !seconds)
                return no_memory(reader);
        for (const struct cf_json *item = arguments->first; r == 0 && item; item = item->next) {
                size_t at = rule->condition_count++;
                r = read_argument(reader, item, &conditions[at], &seconds[at]);
        }
        rule->conditions = conditions;
        rule->seconds = seconds;
        return r;
}

/* Engines pass over names that they do not know. */
static int check_name(struct reader *reader, const struct cf_profile_word *name)
{
        if (name->text.size == 0)
                return refuse_part(reader, name->part, "an empty name is no system call");
        if (strlen(name->text.data) == name->text.size && cf_syscall_by_name(name->text.data))
                return 0;
        return warn_word(reader, name, "system call",
                         "engines pass over this name, the default action answers");
}

/* The calls that a rule is about. */
static int read_names(struct reader *reader, const struct cf_json *entry,
                      struct cf_profile_rule *rule)
{
        const struct cf_json *name = NULL;
        int r = take(reader, entry, "name", CF_JSON_STRING, &name);
        if (r == 0)
                r = take_strings(reader, entry, "names", &rule->names);
        if (r < 0)
                return r;
        if (name && name->text.size > 0) {
                if (rule->names.count > 0)
                        return refuse_key(reader, name,
                                          "both 'name' and 'names' are given: engines refuse the "
                                          "profile; use 'names' alone");
                struct cf_profile_word *word = cf_arena_one(reader->arena, struct cf_profile_word);
                if (!word)
                        return no_memory(reader);
                *word = (struct cf_profile_word){name->text, part_of(name)};
                rule->names = (struct cf_profile_words){word, 1};
        }
        for (size_t i = 0; r == 0 && i < rule->names.count; i++)
                r = check_name(reader, &rule->names.items[i]);
        return r;
}

int read_rule(struct reader *reader, const struct cf_json *entry, struct cf_profile_rule *ret_rule)
{
        const struct cf_json *action = NULL, *comment = NULL;
        struct cf_profile_rule rule = {.part = part_of(entry)};
        int r = need_type(reader, entry, CF_JSON_OBJECT, "an item of 'syscalls'");
        if (r == 0)
                r = read_names(reader, entry, &rule);
        if (r == 0)
                r = take(reader, entry, "action", CF_JSON_STRING, &action);
        if (r < 0)
                return r;
        if (!action)
                return refuse(reader, entry, "this rule has no action: add \"action\"");
        rule.action = part_of(action);
        r = need_word(reader, action->text, rule.action, &action_words);
        if (r == 0)
                r = read_value(reader, entry, "errnoRet", action->text, &rule.value,
                               &rule.errno_given);
        if (r == 0)
                r = read_arguments(reader, entry, &rule);
        if (r == 0)
                r = take(reader, entry, "comment", CF_JSON_STRING, &comment);
        if (r == 0 && comment)
                rule.comment = cf_json_string(comment);
        if (r == 0)
                r = read_when(reader, entry, "includes", &rule.includes);
        if (r == 0)
                r = read_when(reader, entry, "excludes", &rule.excludes);
        if (r == 0)
                *ret_rule = rule;
        return r;
}
