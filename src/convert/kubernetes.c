/* SPDX-License-Identifier: Apache-2.0 */
/* SeccompProfile resources of the Kubernetes Security Profiles Operator.
 *
 * Source: its api/seccompprofile (v1, v1beta1) and internal/pkg/daemon/seccompprofile: the operator
 * writes `spec` as JSON for the node's runtime, without what is zero. So errnoRet 0 is what
 * runtimes take when none is given, EPERM, and the default action has no other error. */
#include <inttypes.h>
#include <string.h>

#include "base/yaml.h"
#include "convert/formats.h"

#define GROUP "security-profiles-operator.x-k8s.io/"
#define NODES_MAX                                                                       \
        100000u /* of one resource, aliases followed; what Kubernetes' own reader takes \
                 */

struct resource {
        const struct cf_reading *reading;
        struct cf_error *err;
        struct cf_yaml *root;
        const char *name; /* metadata.name; "" */
        struct cf_json *spec;
        const char *base; /* baseProfileName; NULL: none */
        size_t nodes;
        bool united; /* as a base of the chosen one */
};

static bool is_resource(struct cf_yaml *root)
{
        const char *kind, *version;
        if (!root || cf_yaml_follow(root)->type != CF_YAML_MAPPING)
                return false;
        kind = cf_yaml_string(cf_yaml_get(root, "kind", NULL, NULL));
        version = cf_yaml_string(cf_yaml_get(root, "apiVersion", NULL, NULL));
        return kind && version && strcmp(kind, "SeccompProfile") == 0 &&
               strncmp(version, GROUP, strlen(GROUP)) == 0;
}

bool cf_kubernetes_claim(const struct cf_source *source)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_CONVERT_MEMORY);
        struct cf_yaml_file *file;
        if (!arena || source->text.size > CF_CONVERT_MAX ||
            cf_span_find(source->text, CF_SPAN("SeccompProfile")) == SIZE_MAX ||
            cf_span_find(source->text, CF_SPAN(GROUP)) == SIZE_MAX ||
            cf_yaml_parse(arena, source, &file, NULL) < 0)
                return false;
        for (size_t i = 0; i < file->count; i++)
                if (is_resource(file->documents[i].root))
                        return true;
        return false;
}

/* ---- YAML as the JSON that it stands for ------------------------------------------------------
 */

static int refuse_node(struct resource *r, const struct cf_yaml *node, const char *what)
{
        return cf_convert_refuse(r->reading, node->offset, node->length, r->err, "%s", what);
}

/* Kubernetes' numbers: decimal, or with a prefix as in C. */
static int read_number(struct resource *r, const struct cf_yaml *node, struct cf_json *json)
{
        char *end;
        errno = 0;
        unsigned long long number = strtoull(node->text.data, &end, 0);
        json->type = CF_JSON_NUMBER;
        json->text = node->text; /* no whole number: whoever takes it says so */
        if (errno || *end || node->text.data[0] == '-' || node->text.data[0] == '+')
                return 0;
        const char *decimal = cf_arena_printf(r->reading->arena, "%llu", number);
        json->text = cf_span_of(decimal);
        return decimal ? 0 : cf_convert_no_memory(r->err);
}

static int to_json(struct resource *r, struct cf_yaml *node, struct cf_json *json);

static int add_child(struct resource *r, struct cf_json *parent, struct cf_yaml *value,
                     const struct cf_yaml *key, struct cf_json ***tail)
{
        struct cf_json *child = cf_arena_one(r->reading->arena, struct cf_json);
        if (!child)
                return cf_convert_no_memory(r->err);
        int e = to_json(r, value, child);
        if (e < 0)
                return e;
        if (key) {
                child->key = key->text;
                child->key_offset = key->offset;
                child->key_length = key->length;
        }
        **tail = child;
        *tail = &child->next;
        parent->count++;
        return 0;
}

static int mapping_to_json(struct resource *r, struct cf_yaml *node, struct cf_json *json,
                           struct cf_json **tail)
{
        struct cf_yaml *twice = cf_yaml_duplicate(node);
        int e = twice ? refuse_node(r, twice, "this key is given twice: Kubernetes refuses it") : 0;
        for (size_t i = 0; e == 0 && i < node->count; i++) {
                struct cf_yaml *key = cf_yaml_follow(node->items[2 * i]);
                if (key->type != CF_YAML_SCALAR)
                        return refuse_node(r, key, "a key must be a word");
                if (cf_yaml_is_merge(node->items[2 * i]))
                        return cf_convert_refuse_code(r->reading, -ENOTSUP, key->offset,
                                                      key->length, r->err,
                                                      "merge keys are not read here: write out "
                                                      "what is merged");
                e = add_child(r, json, node->items[2 * i + 1], key, &tail);
        }
        return e;
}

static int to_json(struct resource *r, struct cf_yaml *node, struct cf_json *json)
{
        struct cf_yaml *at = cf_yaml_follow(node);
        struct cf_json **tail = &json->first;
        int e = 0;
        if (++r->nodes > NODES_MAX)
                return cf_convert_refuse_code(r->reading, -E2BIG, node->offset, node->length,
                                              r->err, "more values than %u, the most that is read",
                                              NODES_MAX);
        json->offset = node->offset;
        json->length = node->length;
        if (at->type == CF_YAML_MAPPING) {
                json->type = CF_JSON_OBJECT;
                return mapping_to_json(r, at, json, tail);
        }
        if (at->type == CF_YAML_SEQUENCE) {
                json->type = CF_JSON_ARRAY;
                for (size_t i = 0; e == 0 && i < at->count; i++)
                        e = add_child(r, json, at->items[i], NULL, &tail);
                return e;
        }
        if (cf_yaml_is_null(node)) {
                json->type = CF_JSON_NULL;
        } else if (cf_yaml_is_string(node)) {
                json->type = CF_JSON_STRING;
                json->text = at->text;
        } else if (strspn(at->text.data, "+-.0123456789") > 0) {
                return read_number(r, at, json);
        } else {
                json->type = CF_JSON_BOOL;
                json->boolean = at->text.data[0] == 't' || at->text.data[0] == 'T';
        }
        return 0;
}

/* ---- what the API server and the operator make of it ------------------------------------------
 */

/* Members that the resource does not have are dropped by the API server, silently. */
static int check_members(struct resource *r, const struct cf_json *object, const char *const *known)
{
        if (object->type != CF_JSON_OBJECT)
                return 0; /* whoever reads it says so */
        for (const struct cf_json *member = object->first; member; member = member->next) {
                size_t i = 0;
                while (known[i] && !cf_span_is(member->key, known[i]))
                        i++;
                if (!known[i])
                        return cf_convert_refuse(r->reading, member->key_offset, member->key_length,
                                                 r->err,
                                                 "'%.40s' is no field of a SeccompProfile: the API "
                                                 "server would drop it",
                                                 member->key.data);
        }
        return 0;
}

static int check_argument(struct resource *r, const struct cf_json *argument)
{
        static const char *const known[] = {"index", "value", "valueTwo", "op", NULL};
        static const char *const numbers[] = {"value", "valueTwo"};
        int e = check_members(r, argument, known);
        if (e == 0 && argument->type == CF_JSON_OBJECT && !cf_json_get(argument, "index"))
                e = cf_convert_refuse(r->reading, argument->offset, 1, r->err,
                                      "this argument has no 'index'");
        for (size_t i = 0; e == 0 && i < CF_COUNT(numbers); i++) {
                const struct cf_json *number = cf_json_get(argument, numbers[i]);
                uint64_t value;
                if (number && cf_json_uint(number, &value) == 0 && value > INT64_MAX)
                        e = cf_convert_refuse(r->reading, number->offset, number->length, r->err,
                                              "'%s' must be at most %" PRId64
                                              ": the resource's numbers are signed",
                                              numbers[i], INT64_MAX);
        }
        return e;
}

static int check_syscall(struct resource *r, struct cf_json *entry)
{
        static const char *const known[] = {"names", "action", "errnoRet", "args", NULL};
        const struct cf_json *names = cf_json_get(entry, "names");
        const struct cf_json *arguments = cf_json_get(entry, "args");
        uint64_t number;
        int e = check_members(r, entry, known);
        if (e == 0 && entry->type == CF_JSON_OBJECT && (!names || !names->count))
                e = cf_convert_refuse(r->reading, entry->offset, 1, r->err,
                                      "this entry has no 'names'");
        if (e == 0 && arguments && arguments->count > CF_POLICY_ARGS)
                e = cf_convert_refuse(r->reading, arguments->offset, 1, r->err,
                                      "more than %u arguments", CF_POLICY_ARGS);
        for (struct cf_json *member = entry->first; e == 0 && member; member = member->next)
                if (cf_span_is(member->key, "errnoRet") && cf_json_uint(member, &number) == 0 &&
                    number == 0)
                        member->type = CF_JSON_NULL; /* not handed on to the runtime */
        if (e == 0 && arguments && arguments->type == CF_JSON_ARRAY)
                for (const struct cf_json *item = arguments->first; e == 0 && item;
                     item = item->next)
                        e = check_argument(r, item);
        return e;
}

/* A member that may be changed; NULL: there is none. */
static struct cf_json *own_member(struct cf_json *object, const char *key)
{
        struct cf_json *found = NULL;
        for (struct cf_json *member = object->first; member; member = member->next)
                if (cf_span_is(member->key, key))
                        found = member;
        return found;
}

/* The words that the resource's schema takes, where they are not those of the runtimes. */
static int check_architectures(struct resource *r, struct cf_json *spec)
{
        static const char *const unknown[] = {"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
                                              "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"};
        struct cf_json *list = own_member(spec, "architectures");
        if (!list || list->type != CF_JSON_ARRAY)
                return 0;
        for (struct cf_json **item = &list->first; *item;) {
                for (size_t i = 0; i < CF_COUNT(unknown); i++)
                        if (cf_span_is((*item)->text, unknown[i]))
                                return cf_convert_refuse(
                                        r->reading, (*item)->offset, (*item)->length, r->err,
                                        "a SeccompProfile cannot name %s", unknown[i]);
                /* The machine's own is always covered. */
                if ((*item)->type == CF_JSON_STRING &&
                    cf_span_is((*item)->text, "SCMP_ARCH_NATIVE")) {
                        *item = (*item)->next;
                        list->count--;
                } else {
                        item = &(*item)->next;
                }
        }
        return 0;
}

static int check_spec(struct resource *r)
{
        static const char *const known[] = {
                "defaultAction", "architectures",   "listenerPath", "listenerMetadata", "syscalls",
                "flags",         "baseProfileName", "state",        "disabled",         NULL};
        struct cf_json *spec = r->spec;
        const char *state = cf_json_string(cf_json_get(spec, "state"));
        if (spec->type != CF_JSON_OBJECT)
                return cf_convert_refuse(r->reading, spec->offset, spec->length, r->err,
                                         "'spec' must be a mapping");
        int e = check_members(r, spec, known);
        if (e == 0 && !cf_json_string(cf_json_get(spec, "defaultAction")))
                e = cf_convert_refuse(r->reading, spec->offset, 1, r->err,
                                      "no default action: add 'defaultAction', for instance "
                                      "SCMP_ACT_ERRNO");
        if (e == 0 && (cf_json_true(cf_json_get(spec, "disabled")) ||
                       (state && strcmp(state, "Disabled") == 0)))
                e = cf_convert_refuse(r->reading, spec->offset, 1, r->err,
                                      "this profile is disabled: the operator does not install it");
        if (e == 0)
                e = check_architectures(r, spec);
        const struct cf_json *list = cf_json_get(spec, "syscalls");
        if (e == 0 && list && list->type == CF_JSON_ARRAY)
                for (struct cf_json *item = list->first; e == 0 && item; item = item->next)
                        e = check_syscall(r, item);
        return e;
}

static int read_resource(struct resource *r)
{
        struct cf_yaml *spec = cf_yaml_get(r->root, "spec", NULL, NULL);
        struct cf_yaml *metadata = cf_yaml_get(r->root, "metadata", NULL, NULL);
        const char *name = metadata && cf_yaml_follow(metadata)->type == CF_YAML_MAPPING
                                   ? cf_yaml_string(cf_yaml_get(metadata, "name", NULL, NULL))
                                   : NULL;
        r->name = name ? name : "";
        r->spec = cf_arena_one(r->reading->arena, struct cf_json);
        if (!r->spec)
                return cf_convert_no_memory(r->err);
        if (!spec)
                return refuse_node(r, r->root, "a SeccompProfile without 'spec'");
        int e = to_json(r, spec, r->spec);
        if (e == 0)
                e = check_spec(r);
        r->base = e == 0 ? cf_json_string(cf_json_get(r->spec, "baseProfileName")) : NULL;
        r->base = r->base && r->base[0] ? r->base : NULL;
        return e;
}

/* ---- base profiles ----------------------------------------------------------------------------
 */

#define RESOURCES_MAX 256u
#define BASES_MAX 15u /* as the operator */

static bool names_call(const struct cf_json *entry, struct cf_span name)
{
        const struct cf_json *names = cf_json_get(entry, "names");
        for (const struct cf_json *item = names ? names->first : NULL; item; item = item->next)
                if (cf_span_equal(item->text, name))
                        return true;
        return false;
}

/* A call that both name with another action or with arguments. */
static const struct cf_json *contested(const struct cf_json *mine, const struct cf_json *base)
{
        const struct cf_json *names = cf_json_get(mine, "names");
        for (const struct cf_json *name = names ? names->first : NULL; name; name = name->next)
                for (const struct cf_json *entry = base->first; entry; entry = entry->next) {
                        const char *a = cf_json_string(cf_json_get(mine, "action"));
                        const char *b = cf_json_string(cf_json_get(entry, "action"));
                        if (names_call(entry, name->text) &&
                            (!a || !b || strcmp(a, b) != 0 || cf_json_get(mine, "args") ||
                             cf_json_get(entry, "args") || cf_json_get(mine, "errnoRet") ||
                             cf_json_get(entry, "errnoRet")))
                                return name;
                }
        return NULL;
}

/* Puts the entries of the base in front; the rest of the base does not count. */
static int unite(struct resource *r, struct resource *base)
{
        struct cf_json *list = own_member(r->spec, "syscalls");
        const struct cf_json *other = cf_json_get(base->spec, "syscalls");
        base->united = true;
        if (!other || other->type != CF_JSON_ARRAY || !other->first)
                return 0;
        for (const struct cf_json *entry = list ? list->first : NULL; entry; entry = entry->next) {
                const struct cf_json *name = contested(entry, other);
                if (name)
                        return cf_convert_refuse_code(
                                r->reading, -ENOTSUP, name->offset, name->length, r->err,
                                "'%.40s' stands in the base profile '%s' too, in another way: what "
                                "the operator makes of both is not known here",
                                name->text.data, base->name);
        }
        if (!list) {
                list = cf_arena_one(r->reading->arena, struct cf_json);
                if (!list)
                        return cf_convert_no_memory(r->err);
                *list = *other;
                list->next = r->spec->first;
                r->spec->first = list;
                return 0;
        }
        list->type = CF_JSON_ARRAY;
        struct cf_json **tail = &list->first;
        while (*tail)
                tail = &(*tail)->next;
        *tail = other->first;
        list->count += other->count;
        return 0;
}

static struct resource *find(struct resource *all, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(all[i].name, name) == 0)
                        return &all[i];
        return NULL;
}

static int unite_bases(struct resource *r, struct resource *all, size_t count)
{
        const char *base = r->base;
        int e = 0;
        for (size_t level = 0; e == 0 && base; level++) {
                const struct cf_json *word = cf_json_get(r->spec, "baseProfileName");
                struct resource *other = find(all, count, base);
                if (!other || level == BASES_MAX || other == r || other->united)
                        return cf_convert_refuse_code(
                                r->reading, -ENOTSUP, word->offset, word->length, r->err,
                                other ? "the base profiles of '%s' never end"
                                      : "the base profile '%s' is not in this file: put its "
                                        "SeccompProfile into the same file",
                                base);
                e = unite(r, other);
                base = other->base;
        }
        return e;
}

/* The resource that was asked for, or the only one that is nobody's base. */
static int choose(struct resource *all, size_t count, struct resource **ret_chosen)
{
        const char *part = all[0].reading->part;
        struct resource *chosen = part ? find(all, count, part) : NULL;
        if (part && !chosen)
                return cf_convert_refuse(all[0].reading, 0, 0, all[0].err,
                                         "no SeccompProfile here is called '%.60s'", part);
        if (chosen) {
                *ret_chosen = chosen;
                return 0;
        }
        for (size_t i = 0; i < count; i++) {
                bool is_base = false;
                for (size_t k = 0; k < count; k++)
                        is_base |= k != i && all[k].base && strcmp(all[k].base, all[i].name) == 0;
                if (is_base)
                        continue;
                if (chosen)
                        return refuse_node(&all[i], all[i].root,
                                           "a second SeccompProfile: choose one with --part NAME");
                chosen = &all[i];
        }
        *ret_chosen = chosen ? chosen : &all[0];
        return 0;
}

int cf_kubernetes_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                       struct cf_error *err)
{
        struct cf_yaml_file *file;
        const struct cf_profile *profile;
        struct resource *chosen = NULL, *all;
        size_t count = 0;
        int e = cf_yaml_parse(reading->arena, reading->source, &file, err);
        if (e < 0)
                return e;
        all = cf_arena_many(reading->arena, RESOURCES_MAX, struct resource);
        if (!all)
                return cf_convert_no_memory(err);
        for (size_t i = 0; e == 0 && i < file->count; i++) {
                struct cf_yaml *root = file->documents[i].root;
                if (!is_resource(root))
                        continue;
                if (count == RESOURCES_MAX)
                        return cf_convert_refuse_code(reading, -E2BIG, root->offset, root->length,
                                                      err, "more than %u resources", RESOURCES_MAX);
                all[count] = (struct resource){.reading = reading, .err = err, .root = root};
                e = read_resource(&all[count++]);
        }
        if (e == 0 && !count)
                return cf_convert_refuse(reading, 0, 0, err,
                                         "holds no resource of kind SeccompProfile and apiVersion "
                                         "%s…",
                                         GROUP);
        if (e == 0)
                e = choose(all, count, &chosen);
        if (e == 0)
                e = unite_bases(chosen, all, count);
        if (e == 0)
                e = cf_profile_read_json(reading->arena, reading->source, chosen->spec, &profile,
                                         err);
        return e < 0 ? e : cf_convert_profile(reading, profile, ret_converted, err);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

/* "SCMP_ACT_ERRNO" */
static void put_action(struct cf_text *out, uint32_t value)
{
        bool notify = (value & CF_ACTION_MASK) == CF_USER_NOTIF;
        cf_text_printf(out, "SCMP_ACT_%s\n", notify ? "NOTIFY" : cf_action_name(value));
}

/* What is zero is not handed on, and what is not given is EPERM. */
static int check_data(uint32_t value, const char *what, bool is_default, struct cf_error *err)
{
        uint32_t action = value & CF_ACTION_MASK, data = cf_action_data(value);
        if (action != CF_ERRNO && action != CF_TRACE)
                return 0;
        if (is_default ? data == EPERM : data != 0)
                return 0;
        return cf_error_set(err, -ENOTSUP, NULL,
                            "%s gets error %" PRIu32 ", and a SeccompProfile cannot say that: %s",
                            what, data,
                            is_default ? "its default action has no error but EPERM"
                                       : "the operator drops an 'errnoRet' of 0");
}

static int put_arguments(struct cf_text *out, const struct cf_profile_entry *entry,
                         struct cf_error *err)
{
        static const char *const operators[] = {
                [CF_NE] = "NE",
                [CF_LT] = "LT",
                [CF_LE] = "LE",
                [CF_EQ] = "EQ",
                [CF_GE] = "GE",
                [CF_GT] = "GT",
                [CF_MASKED_EQ] = "MASKED_EQ",
        };
        cf_text_puts(out, entry->condition_count ? "      args:\n" : "");
        for (size_t i = 0; i < entry->condition_count; i++) {
                const struct cf_condition *c = &entry->conditions[i];
                bool masked = c->op == CF_MASKED_EQ;
                uint64_t value = masked ? c->mask : c->value;
                if (value > INT64_MAX)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "what %s gets depends on a value above %" PRId64
                                            ", and a SeccompProfile's numbers are signed",
                                            entry->calls[0]->name, INT64_MAX);
                cf_text_printf(out, "        - index: %u\n          value: %" PRIu64 "\n", c->arg,
                               value);
                if (masked)
                        cf_text_printf(out, "          valueTwo: %" PRIu64 "\n", c->value);
                cf_text_printf(out, "          op: SCMP_CMP_%s\n", operators[c->op]);
        }
        return 0;
}

static int put_entry(struct cf_text *out, const struct cf_profile_entry *entry,
                     struct cf_error *err)
{
        uint32_t action = entry->value & CF_ACTION_MASK;
        int r = check_data(entry->value, entry->calls[0]->name, false, err);
        cf_text_puts(out, "    - action: ");
        put_action(out, entry->value);
        if (action == CF_ERRNO || action == CF_TRACE)
                cf_text_printf(out, "      errnoRet: %" PRIu32 "\n", cf_action_data(entry->value));
        cf_text_puts(out, "      names:\n");
        for (size_t i = 0; i < entry->call_count; i++)
                cf_text_printf(out, "        - %s\n", entry->calls[i]->name);
        return r < 0 ? r : put_arguments(out, entry, err);
}

#define FREE_BITS_MAX 6 /* of a mask that is written as single values */

/* A mask with its uppermost bit is no number of the resource: what it leaves free is written value
 * by value. */
static int put_plain_entries(const struct cf_writing *writing, struct cf_text *out,
                             const struct cf_profile_entry *entry, struct cf_error *err)
{
        size_t i = 0;
        while (i < entry->condition_count &&
               (entry->conditions[i].op != CF_MASKED_EQ || entry->conditions[i].mask <= INT64_MAX))
                i++;
        if (i == entry->condition_count)
                return put_entry(out, entry, err);
        uint64_t left = ~entry->conditions[i].mask, subset = 0;
        if (__builtin_popcountll(left) > FREE_BITS_MAX)
                return put_entry(out, entry, err);
        int r = 0;
        do {
                struct cf_profile_entry one = *entry;
                struct cf_condition *conditions =
                        cf_arena_many(writing->arena, entry->condition_count, struct cf_condition);
                if (!conditions)
                        return cf_convert_no_memory(err);
                memcpy(conditions, entry->conditions, entry->condition_count * sizeof(*conditions));
                conditions[i].op = CF_EQ;
                conditions[i].mask = UINT64_MAX;
                conditions[i].value |= subset;
                one.conditions = conditions;
                r = put_plain_entries(writing, out, &one, err);
                subset = (subset - left) & left; /* the next larger one */
        } while (r == 0 && subset);
        return r;
}

int cf_kubernetes_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        struct cf_profile_entries entries;
        int r = cf_convert_entries(writing, "kubernetes", writing->arena, &entries, err);
        if (r == 0)
                r = check_data(entries.default_value, "what has no entry", true, err);
        if (r < 0)
                return r;
        cf_text_printf(out,
                       "apiVersion: " GROUP "v1beta1\nkind: SeccompProfile\nmetadata:\n"
                       "  name: %s\nspec:\n  defaultAction: ",
                       writing->name ? writing->name : "confined");
        put_action(out, entries.default_value);
        cf_text_puts(out, "  architectures:\n");
        for (size_t i = 0; i < entries.arch_count; i++)
                cf_text_printf(out, "    - %s\n", entries.arches[i]->profile);
        if (writing->listener) {
                struct cf_json_writer json = {.out = out}; /* its strings are YAML, too */
                cf_text_puts(out, "  listenerPath: ");
                cf_json_put_string(&json, writing->listener);
                cf_text_putc(out, '\n');
        }
        cf_text_puts(out, entries.entry_count ? "  syscalls:\n" : "");
        for (size_t i = 0; r == 0 && i < entries.entry_count; i++)
                r = put_plain_entries(writing, out, &entries.entries[i], err);
        return r;
}
