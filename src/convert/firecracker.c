/* SPDX-License-Identifier: Apache-2.0 */
/* Firecracker's filters: the JSON of seccompiler, one filter a thread.
 *
 * Source: rust-vmm's seccompiler, src/frontend/json.rs and src/backend, 0.5. A filter is for one
 * architecture; calls of another kill the process, x32 numbers are numbers like any other. A rule
 * without conditions counts only when no rule of the same call has some. */
#include <inttypes.h>
#include <string.h>

#include "convert/formats.h"

struct reader {
        const struct cf_reading *reading;
        const struct cf_arch *arch;
        struct cf_error *err;
        struct cf_warnings warnings;
        uint32_t mismatch, match;
        CF_VEC(struct rule) rules;
};

/* What one call's rules come to. */
struct rule {
        uint32_t nr;
        cf_policy any; /* any rule with conditions holds; CF_POLICY_FALSE: there is none */
        const struct cf_json *plain; /* a rule without conditions; NULL: there is none */
};

static int refuse(struct reader *r, const struct cf_json *value, const char *what)
{
        bool nested = value->type == CF_JSON_ARRAY || value->type == CF_JSON_OBJECT;
        return cf_convert_refuse(r->reading, value->offset, nested ? 1 : value->length, r->err,
                                 "%s", what);
}

/* Nothing but the known members (ended by NULL), each once, and comments are text. */
static int check_members(struct reader *r, const struct cf_json *object, const char *what,
                         const char *const *known)
{
        if (object->type != CF_JSON_OBJECT)
                return cf_convert_refuse(r->reading, object->offset, object->length, r->err,
                                         "%s must be an object", what);
        for (const struct cf_json *member = object->first; member; member = member->next) {
                size_t i = 0;
                while (known[i] && !cf_span_is(member->key, known[i]))
                        i++;
                bool comment = cf_span_is(member->key, "comment");
                if (!known[i] || cf_json_get(object, known[i]) != member)
                        return cf_convert_refuse(
                                r->reading, member->key_offset, member->key_length, r->err,
                                known[i] ? "'%.40s' is given twice"
                                         : "'%.40s' is not known here: seccompiler refuses it",
                                member->key.data);
                if (comment && member->type != CF_JSON_STRING && member->type != CF_JSON_NULL)
                        return refuse(r, member, "a comment must be a string");
        }
        return 0;
}

static int need(struct reader *r, const struct cf_json *object, const char *key,
                enum cf_json_type type, const struct cf_json **ret_value)
{
        static const char *const types[] = {
                [CF_JSON_NUMBER] = "a number",
                [CF_JSON_STRING] = "a string",
                [CF_JSON_ARRAY] = "a list",
        };
        *ret_value = cf_json_get(object, key);
        if (*ret_value && (*ret_value)->type == type)
                return 0;
        const struct cf_json *at = *ret_value ? *ret_value : object;
        return cf_convert_refuse(r->reading, at->offset, *ret_value ? at->length : 1, r->err,
                                 "'%s' must be given, as %s", key, types[type]);
}

/* A word, or an object of one word with a number: {"errno": 1}. */
static int read_tagged(struct reader *r, const struct cf_json *value, struct cf_span *ret_word,
                       uint64_t *ret_number, bool *ret_has_number)
{
        *ret_number = 0;
        *ret_has_number = value->type == CF_JSON_OBJECT;
        if (value->type == CF_JSON_STRING) {
                *ret_word = value->text;
                return 0;
        }
        if (value->type != CF_JSON_OBJECT || value->count != 1)
                return refuse(r, value, "must be a word, or an object of one word with a number");
        *ret_word = value->first->key;
        if (cf_json_uint(value->first, ret_number) < 0)
                return refuse(r, value->first, "must be a whole number");
        return 0;
}

static const struct action {
        const char *name;
        uint32_t value;
        bool has_number;
} actions[] = {
        {"allow", CF_ALLOW, false},
        {"errno", CF_ERRNO, true},
        {"kill_thread", CF_KILL_THREAD, false},
        {"kill_process", CF_KILL_PROCESS, false},
        {"log", CF_LOG, false},
        {"trace", CF_TRACE, true},
        {"trap", CF_TRAP, false},
        {"user_notif", CF_USER_NOTIF, false},
};

static int read_action(struct reader *r, const struct cf_json *filter, const char *key,
                       const char *alias, uint32_t *ret_value)
{
        const struct cf_json *value = cf_json_get(filter, key);
        const struct cf_json *other = cf_json_get(filter, alias);
        struct cf_span word = {0};
        uint64_t number;
        bool has_number;
        if (value && other)
                return refuse(r, other, "the same action is given twice, by its two names");
        value = value ? value : other;
        if (!value)
                return cf_convert_refuse(r->reading, filter->offset, 1, r->err, "'%s' is missing",
                                         key);
        int e = read_tagged(r, value, &word, &number, &has_number);
        if (e < 0)
                return e;
        for (size_t i = 0; i < CF_COUNT(actions); i++)
                if (cf_span_is(word, actions[i].name) && actions[i].has_number == has_number) {
                        if (number > UINT32_MAX)
                                return refuse(r, value, "the number must fit in 32 bits");
                        *ret_value = actions[i].value | ((uint32_t)number & ~CF_ACTION_MASK);
                        return 0;
                }
        return refuse(r, value,
                      "no action: allow, log, trap, kill_thread, kill_process, "
                      "user_notif, {\"errno\": N} or {\"trace\": N}");
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* The condition, on the whole argument or on its lower half. */
static cf_policy build(struct cf_policies *all, unsigned arg, bool dword, enum cf_operator op,
                       uint64_t mask, uint64_t value)
{
        struct cf_slice slice = dword ? cf_slice_word(3 + 2 * arg) : cf_slice_arg(arg);
        uint64_t max = cf_slice_max(slice);
        value &= max;
        switch (op) {
        case CF_NE:
                return cf_policy_not(all, cf_policy_equal(all, slice, value));
        case CF_LT:
                return cf_policy_not(all, cf_policy_range(all, slice, value, max));
        case CF_LE:
                return cf_policy_range(all, slice, 0, value);
        case CF_GE:
                return cf_policy_range(all, slice, value, max);
        case CF_GT:
                return cf_policy_not(all, cf_policy_range(all, slice, 0, value));
        case CF_MASKED_EQ:
                return cf_policy_masked(all, slice, mask & max, value & mask & max);
        default:
                return cf_policy_equal(all, slice, value);
        }
}

static const char *const operators[] = {
        [CF_NE] = "ne",
        [CF_LT] = "lt",
        [CF_LE] = "le",
        [CF_EQ] = "eq",
        [CF_GE] = "ge",
        [CF_GT] = "gt",
        [CF_MASKED_EQ] = "masked_eq",
};

static int read_operator(struct reader *r, const struct cf_json *condition,
                         enum cf_operator *ret_op, uint64_t *ret_mask)
{
        const struct cf_json *value = cf_json_get(condition, "op");
        struct cf_span word = {0};
        bool has_mask;
        if (!value)
                return refuse(r, condition, "'op' is missing");
        int e = read_tagged(r, value, &word, ret_mask, &has_mask);
        if (e < 0)
                return e;
        for (size_t i = CF_NE; i < CF_COUNT(operators); i++)
                if (cf_span_is(word, operators[i]) && (i == CF_MASKED_EQ) == has_mask) {
                        *ret_op = (enum cf_operator)i;
                        return 0;
                }
        return refuse(r, value, "no operator: eq, ne, lt, le, gt, ge or {\"masked_eq\": MASK}");
}

static int read_condition(struct reader *r, const struct cf_json *condition,
                          cf_policy *ret_condition)
{
        static const char *const known[] = {"index", "type", "op", "val", "comment", NULL};
        const struct cf_json *index = NULL, *type = NULL, *val = NULL;
        enum cf_operator op = CF_EQ;
        uint64_t arg, value, mask = 0;
        int e = check_members(r, condition, "a condition", known);
        if (e == 0)
                e = need(r, condition, "index", CF_JSON_NUMBER, &index);
        if (e == 0)
                e = need(r, condition, "type", CF_JSON_STRING, &type);
        if (e == 0)
                e = need(r, condition, "val", CF_JSON_NUMBER, &val);
        if (e == 0)
                e = read_operator(r, condition, &op, &mask);
        if (e < 0)
                return e;
        bool dword = cf_span_is(type->text, "dword");
        if (!dword && !cf_span_is(type->text, "qword"))
                return refuse(r, type, "must be \"dword\" or \"qword\"");
        if (cf_json_uint(index, &arg) < 0 || arg >= CF_POLICY_ARGS)
                return refuse(r, index, "must be a whole number from 0 to 5");
        if (cf_json_uint(val, &value) < 0)
                return refuse(r, val, "must be a whole number that fits in 64 bits");
        if (dword && (value > UINT32_MAX || mask > UINT32_MAX))
                e = cf_convert_warn(r->reading, &r->warnings, val->offset, val->length, r->err,
                                    "only the lower 32 bits count: the type is dword");
        *ret_condition = build(r->reading->all, (unsigned)arg, dword, op, mask, value);
        return e;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int find_rule(struct reader *r, uint32_t nr, struct rule **ret_rule)
{
        for (size_t i = 0; i < r->rules.count; i++)
                if (r->rules.items[i].nr == nr) {
                        *ret_rule = &r->rules.items[i];
                        return 0;
                }
        struct rule fresh = {.nr = nr, .any = CF_POLICY_FALSE};
        if (cf_vec_push(r->reading->arena, &r->rules, fresh) < 0)
                return cf_convert_no_memory(r->err);
        *ret_rule = &r->rules.items[r->rules.count - 1];
        return 0;
}

static int read_rule(struct reader *r, const struct cf_json *entry)
{
        static const char *const known[] = {"syscall", "args", "comment", NULL};
        const struct cf_json *name = NULL, *args;
        struct cf_policies *all = r->reading->all;
        cf_policy both = CF_POLICY_TRUE, one = CF_POLICY_NONE;
        struct rule *rule = NULL;
        uint32_t nr;
        int e = check_members(r, entry, "a rule", known);
        if (e == 0)
                e = need(r, entry, "syscall", CF_JSON_STRING, &name);
        if (e < 0)
                return e;
        if (strlen(name->text.data) != name->text.size ||
            !cf_syscall_number(r->arch, name->text.data, &nr))
                return cf_convert_refuse(r->reading, name->offset, name->length, r->err,
                                         "%s has no system call '%.60s': seccompiler refuses it",
                                         r->arch->name, name->text.data);
        e = find_rule(r, nr, &rule);
        args = cf_json_get(entry, "args");
        if (e < 0 || !args || args->type == CF_JSON_NULL) {
                if (e == 0)
                        rule->plain = entry;
                return e;
        }
        if (args->type != CF_JSON_ARRAY || !args->count)
                return refuse(r, args, "must be a list of conditions, one at least");
        for (const struct cf_json *item = args->first; e == 0 && item; item = item->next) {
                e = read_condition(r, item, &one);
                if (e == 0)
                        both = cf_policy_and(all, both, one);
        }
        rule->any = cf_policy_or(all, rule->any, both);
        return e;
}

static int read_filter(struct reader *r, const struct cf_json *filter)
{
        static const char *const known[] = {"mismatch_action", "default_action", "match_action",
                                            "filter_action",   "filter",         NULL};
        const struct cf_json *rules = NULL;
        int e = check_members(r, filter, "a filter", known);
        if (e == 0)
                e = read_action(r, filter, "mismatch_action", "default_action", &r->mismatch);
        if (e == 0)
                e = read_action(r, filter, "match_action", "filter_action", &r->match);
        if (e == 0 && r->match == r->mismatch)
                e = refuse(r, filter, "both actions are the same: seccompiler refuses this");
        if (e == 0)
                e = need(r, filter, "filter", CF_JSON_ARRAY, &rules);
        for (const struct cf_json *item = e == 0 ? rules->first : NULL; e == 0 && item;
             item = item->next)
                e = read_rule(r, item);
        for (size_t i = 0; e == 0 && i < r->rules.count; i++) {
                const struct rule *rule = &r->rules.items[i];
                if (rule->plain && rule->any != CF_POLICY_FALSE)
                        e = cf_convert_warn(r->reading, &r->warnings, rule->plain->offset, 1,
                                            r->err,
                                            "this rule without conditions does not count: another "
                                            "one of the same call has some");
        }
        return e;
}

static cf_policy policy_of(const struct reader *r)
{
        struct cf_policies *all = r->reading->all;
        cf_policy match = cf_policy_constant(all, r->match);
        cf_policy mismatch = cf_policy_constant(all, r->mismatch), policy = mismatch;
        for (size_t i = 0; i < r->rules.count; i++) {
                const struct rule *rule = &r->rules.items[i];
                cf_policy holds = rule->any == CF_POLICY_FALSE ? CF_POLICY_TRUE : rule->any;
                policy = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_NR, rule->nr),
                                          cf_policy_choose(all, holds, match, mismatch), policy);
        }
        return policy;
}

/* ---- the file -------------------------------------------------------------------------------- */

bool cf_firecracker_claim(const struct cf_source *source)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(CF_CONVERT_MEMORY);
        struct cf_json *root;
        if (!arena || source->text.size > CF_CONVERT_MAX ||
            cf_span_find(source->text, CF_SPAN("\"filter\"")) == SIZE_MAX ||
            cf_json_parse(arena, source, &root, NULL) < 0 || !root->first)
                return false;
        const struct cf_json *filter = root->type == CF_JSON_OBJECT ? root->first : NULL;
        return filter && cf_json_get(filter, "filter") &&
               (cf_json_get(filter, "mismatch_action") || cf_json_get(filter, "default_action"));
}

/* The filter of the thread that was asked for, or the only one. */
static int choose(struct reader *r, const struct cf_json *root, const struct cf_json **ret_filter)
{
        const char *part = r->reading->part;
        CF_TEXT struct cf_text names = {0};
        if (root->type != CF_JSON_OBJECT || !root->first)
                return refuse(r, root, "must be an object of filters, one a thread");
        *ret_filter = part ? cf_json_get(root, part) : root->count == 1 ? root->first : NULL;
        for (const struct cf_json *filter = root->first; filter; filter = filter->next) {
                if (strlen(filter->key.data) != filter->key.size ||
                    cf_json_get(root, filter->key.data) != filter)
                        return cf_convert_refuse(r->reading, filter->key_offset, filter->key_length,
                                                 r->err, "a filter's name must be given once");
                cf_text_printf(&names, "%s%.40s", names.size ? ", " : "", filter->key.data);
        }
        if (*ret_filter)
                return 0;
        return cf_convert_refuse(r->reading, root->offset, 1, r->err,
                                 "choose one of the filters with --part: %.300s",
                                 names.data ? names.data : "");
}

static bool is_target(const struct cf_arch *arch)
{
        return strcmp(arch->name, "x86_64") == 0 || strcmp(arch->name, "aarch64") == 0 ||
               strcmp(arch->name, "riscv64") == 0;
}

int cf_firecracker_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                        struct cf_error *err)
{
        struct reader r = {.reading = reading, .arch = reading->circumstances->machine, .err = err};
        const struct cf_json *filter = NULL;
        struct cf_json *root = NULL;
        if (!is_target(r.arch))
                return cf_convert_refuse_code(reading, -ENOTSUP, 0, 0, err,
                                              "seccompiler has no filters for %s", r.arch->name);
        int e = cf_json_parse(reading->arena, reading->source, &root, err);
        if (e == 0)
                e = choose(&r, root, &filter);
        if (e == 0)
                e = read_filter(&r, filter);
        if (e < 0)
                return e;
        return cf_convert_of_one(reading, r.arch, policy_of(&r), CF_KILL_PROCESS, &r.warnings,
                                 ret_converted, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_action(struct cf_json_writer *json, const char *key, uint32_t value)
{
        cf_json_key(json, key);
        for (size_t i = 0; i < CF_COUNT(actions); i++) {
                if (actions[i].value != (value & CF_ACTION_MASK))
                        continue;
                if (!actions[i].has_number) {
                        cf_json_put_string(json, actions[i].name);
                        return;
                }
                cf_json_open(json, '{');
                cf_json_key(json, actions[i].name);
                cf_json_put_uint(json, cf_action_data(value));
                cf_json_close(json, '}');
                return;
        }
}

static void put_condition(struct cf_json_writer *json, const struct cf_condition *c)
{
        bool dword = c->op == CF_MASKED_EQ && c->mask <= UINT32_MAX;
        bool masked = c->op == CF_MASKED_EQ && c->mask != UINT32_MAX;
        cf_json_open(json, '{');
        cf_json_key(json, "index");
        cf_json_put_uint(json, c->arg);
        cf_json_key(json, "type");
        cf_json_put_string(json, dword ? "dword" : "qword");
        cf_json_key(json, "op");
        if (masked) {
                cf_json_open(json, '{');
                cf_json_key(json, "masked_eq");
                cf_json_put_uint(json, c->mask);
                cf_json_close(json, '}');
        } else {
                cf_json_put_string(json, operators[dword ? CF_EQ : c->op]);
        }
        cf_json_key(json, "val");
        cf_json_put_uint(json, c->value);
        cf_json_close(json, '}');
}

static void put_entry(struct cf_json_writer *json, const struct cf_profile_entry *entry)
{
        for (size_t i = 0; i < entry->call_count; i++) {
                cf_json_open(json, '{');
                cf_json_key(json, "syscall");
                cf_json_put_string(json, entry->calls[i]->name);
                if (entry->condition_count) {
                        cf_json_key(json, "args");
                        cf_json_open(json, '[');
                        for (size_t k = 0; k < entry->condition_count; k++)
                                put_condition(json, &entry->conditions[k]);
                        cf_json_close(json, ']');
                }
                cf_json_close(json, '}');
        }
}

/* All rules of a filter have one action. */
static int find_match(const struct cf_profile_entries *entries, uint32_t *ret_match,
                      struct cf_error *err)
{
        *ret_match = entries->default_value == CF_ALLOW ? CF_KILL_PROCESS : CF_ALLOW;
        for (size_t i = 0; i < entries->entry_count; i++) {
                const struct cf_profile_entry *first = &entries->entries[0];
                const struct cf_profile_entry *entry = &entries->entries[i];
                CF_TEXT struct cf_text one = {0}, other = {0};
                *ret_match = entry->value;
                if (entry->value == first->value)
                        continue;
                cf_say_value(&one, first->value);
                cf_say_value(&other, entry->value);
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "%s gets '%s' and %s gets '%s', and a filter of Firecracker "
                                    "has one action beside the default",
                                    first->calls[0]->name, one.data ? one.data : "",
                                    entry->calls[0]->name, other.data ? other.data : "");
        }
        return 0;
}

int cf_firecracker_write(const struct cf_writing *writing, struct cf_text *out,
                         struct cf_error *err)
{
        struct cf_json_writer json = {.out = out, .indent = 2};
        struct cf_writing own = *writing;
        struct cf_profile_entries entries;
        uint32_t match = 0;
        own.listener = "user_notif"; /* it is told elsewhere */
        if (!is_target(writing->arches[0]))
                return cf_error_set(err, -ENOTSUP, NULL, "seccompiler has no filters for %s",
                                    writing->arches[0]->name);
        int r = cf_convert_entries(&own, "firecracker", writing->arena, &entries, err);
        if (r == 0)
                r = find_match(&entries, &match, err);
        if (r < 0)
                return r;
        cf_json_open(&json, '{');
        cf_json_key(&json, writing->name ? writing->name : "confined");
        cf_json_open(&json, '{');
        put_action(&json, "mismatch_action", entries.default_value);
        put_action(&json, "match_action", match);
        cf_json_key(&json, "filter");
        cf_json_open(&json, '[');
        for (size_t i = 0; i < entries.entry_count; i++)
                put_entry(&json, &entries.entries[i]);
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return 0;
}
