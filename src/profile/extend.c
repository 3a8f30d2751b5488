/* SPDX-License-Identifier: Apache-2.0 */
/* A profile with a few calls answered otherwise: the base's own entries, and what was added.
 *
 * What a runtime does with two entries that answer one call differently depends on the runtime, so
 * no call is left to two: from the base's entries is taken what an addition decides. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "profile/entries.h"
#include "profile/extend.h"

struct extension {
        struct cf_policies *all;
        struct cf_arena *arena;
        struct cf_error *err;
        const struct cf_profile *base;
        const struct cf_profile_addition *additions;
        cf_policy *when; /* of each addition */
        bool *needed;    /* of each addition */
        size_t count;
        struct cf_json_writer *json;
};

static int no_memory(struct extension *x)
{
        return cf_error_set(x->err, -ENOMEM, NULL, "not enough memory to extend the profile");
}

static bool is_about(const struct cf_profile_addition *addition, struct cf_span name)
{
        return cf_span_is(name, addition->rule.call->name);
}

/* On s390, clone's first two arguments are swapped: a rule that looks at them is not for it. */
bool is_other_on_s390(const struct cf_profile_addition *addition)
{
        bool looks = false;
        for (size_t i = 0; i < addition->rule.condition_count; i++)
                looks |= addition->rule.conditions[i].arg < 2;
        return looks && strcmp(addition->rule.call->name, "clone") == 0;
}

/* Under which conditions additions answer a call otherwise than with `value`; FALSE: never. */
static cf_policy decided_otherwise(struct extension *x, struct cf_span name, uint32_t value)
{
        cf_policy any = CF_POLICY_FALSE;
        for (size_t i = 0; i < x->count; i++)
                if (is_about(&x->additions[i], name) && x->additions[i].value != value)
                        any = cf_policy_or(x->all, any, x->when[i]);
        return any;
}

static cf_policy conditions_of(struct extension *x, const struct cf_profile_rule *rule)
{
        cf_policy both = CF_POLICY_TRUE;
        for (size_t i = 0; i < rule->condition_count; i++)
                both = cf_policy_and(x->all, both,
                                     cf_policy_condition(x->all, &rule->conditions[i]));
        return both;
}

/* ---- what is asked for ----------------------------------------------------------------------
 */

static int check_pair(struct extension *x, size_t i, size_t k)
{
        const struct cf_profile_addition *a = &x->additions[k], *b = &x->additions[i];
        CF_TEXT struct cf_text first = {0}, second = {0};
        if (a->rule.call != b->rule.call || a->value == b->value)
                return 0;
        cf_policy both = cf_policy_and(x->all, x->when[i], x->when[k]);
        int r = cf_policies_check(x->all, both, x->err);
        if (r < 0 || both == CF_POLICY_FALSE)
                return r;
        cf_profile_addition_print(&first, a);
        cf_profile_addition_print(&second, b);
        return cf_error_set(x->err, -EINVAL, NULL, "'%s' and '%s' contradict each other",
                            first.data ? first.data : "", second.data ? second.data : "");
}

/* Whether entries of the base answer so in every case of the addition, whatever the
 * circumstances, and no entry answers otherwise. */
static bool is_there(struct extension *x, size_t at)
{
        const struct cf_profile_addition *addition = &x->additions[at];
        bool by_default = addition->value == x->base->default_value;
        cf_policy covered = by_default ? x->when[at] : CF_POLICY_FALSE;
        for (size_t i = 0; i < x->base->rule_count; i++) {
                const struct cf_profile_rule *rule = &x->base->rules[i];
                const struct cf_profile_when *in = &rule->includes, *out = &rule->excludes;
                bool always = !in->arches.count && !in->caps.count && !in->has_kernel &&
                              !out->arches.count && !out->caps.count && !out->has_kernel;
                for (size_t k = 0; k < rule->names.count; k++) {
                        if (!is_about(addition, rule->names.items[k].text))
                                continue;
                        cf_policy both = cf_policy_and(x->all, conditions_of(x, rule), x->when[at]);
                        if (rule->value != addition->value && both != CF_POLICY_FALSE)
                                return false;
                        if (rule->value == addition->value && always)
                                covered = cf_policy_or(x->all, covered, both);
                }
        }
        return covered == x->when[at];
}

static int prepare(struct extension *x)
{
        x->when = cf_arena_many(x->arena, x->count, cf_policy);
        if (!x->when)
                return no_memory(x);
        for (size_t i = 0; i < x->count; i++) {
                CF_TEXT struct cf_text words = {0};
                x->when[i] = cf_call_rule_condition(x->all, &x->additions[i].rule,
                                                    x->additions[i].value);
                int r = cf_policies_check(x->all, x->when[i], x->err);
                if (r < 0)
                        return r;
                cf_profile_addition_print(&words, &x->additions[i]);
                if (x->when[i] == CF_POLICY_FALSE)
                        return cf_error_set(x->err, -EINVAL, NULL,
                                            "'%s': its conditions never hold together",
                                            words.data ? words.data : "");
                for (size_t k = 0; r == 0 && k < i; k++)
                        r = check_pair(x, i, k);
                if (r < 0)
                        return r;
                x->needed[i] = !is_there(x, i);
        }
        return 0;
}

/* ---- the base's entries ---------------------------------------------------------------------
 */

static bool is_key(const struct cf_json *member, const char *key)
{
        return cf_span_equal_nocase(member->key, cf_span_of(key));
}

/* An entry of the base with other names, and other conditions if `clause` is given. */
static void put_changed(struct extension *x, const struct cf_json *item,
                        const struct cf_profile_word *names, size_t count,
                        const struct cf_clause *clause)
{
        cf_json_open(x->json, '{');
        cf_json_key(x->json, "names");
        cf_json_open(x->json, '[');
        for (size_t i = 0; i < count; i++)
                cf_json_put_span(x->json, names[i].text);
        cf_json_close(x->json, ']');
        for (const struct cf_json *member = item->first; member; member = member->next) {
                if (is_key(member, "names") || is_key(member, "name") ||
                    (clause && is_key(member, "args")))
                        continue;
                cf_json_key_span(x->json, member->key);
                cf_json_put_value(x->json, member);
        }
        if (clause && clause->count) {
                cf_json_key(x->json, "args");
                put_conditions(x->json, clause->conditions, clause->count);
        }
        cf_json_close(x->json, '}');
}

/* What is left of an entry for one call that additions decide in part. */
static int put_rest(struct extension *x, const struct cf_json *item,
                    const struct cf_profile_word *name, cf_policy rest)
{
        struct cf_clauses clauses;
        int r = cf_policies_check(x->all, rest, x->err);
        if (r == 0)
                r = cf_policy_describe(x->all, rest, CF_STYLE_PROFILE, x->arena, &clauses, x->err);
        if (r < 0)
                return cf_error_doing(x->err, r, NULL, "writing what is left of the entry of %s",
                                      name->text.data);
        for (size_t i = 0; i < clauses.count; i++)
                put_changed(x, item, name, 1, &clauses.clauses[i]);
        return 0;
}

static int put_base_entry(struct extension *x, const struct cf_json *item,
                          const struct cf_profile_rule *rule)
{
        CF_VEC(struct cf_profile_word) kept = {0}, cut = {0};
        cf_policy now = conditions_of(x, rule);
        int r = cf_policies_check(x->all, now, x->err);
        for (size_t i = 0; r == 0 && i < rule->names.count; i++) {
                const struct cf_profile_word *name = &rule->names.items[i];
                cf_policy taken =
                        cf_policy_and(x->all, now, decided_otherwise(x, name->text, rule->value));
                r = cf_policies_check(x->all, taken, x->err);
                if (r == 0 && (taken == CF_POLICY_FALSE ? cf_vec_push(x->arena, &kept, *name)
                                                        : cf_vec_push(x->arena, &cut, *name)) < 0)
                        r = no_memory(x);
        }
        if (r < 0)
                return r;
        if (!cut.count)
                cf_json_put_value(x->json, item);
        else if (kept.count)
                put_changed(x, item, kept.items, kept.count, NULL);
        for (size_t i = 0; r == 0 && i < cut.count; i++) {
                cf_policy other = decided_otherwise(x, cut.items[i].text, rule->value);
                r = put_rest(x, item, &cut.items[i],
                             cf_policy_and(x->all, now, cf_policy_not(x->all, other)));
        }
        return r;
}

static int put_base_entries(struct extension *x, const struct cf_json *list)
{
        size_t at = 0;
        int r = 0;
        for (const struct cf_json *item = list ? list->first : NULL; r == 0 && item;
             item = item->next) {
                /* `null` is no entry for engines */
                if (at < x->base->rule_count && x->base->rules[at].part.offset == item->offset)
                        r = put_base_entry(x, item, &x->base->rules[at++]);
                else
                        cf_json_put_value(x->json, item);
        }
        return r;
}

/* ---- added entries --------------------------------------------------------------------------
 */

static int put_added(struct extension *x)
{
        CF_VEC(struct entry_use) uses = {0};
        const struct cf_profile_entry *entries;
        size_t count;
        for (size_t i = 0; i < x->count; i++) {
                const struct cf_profile_addition *addition = &x->additions[i];
                struct cf_clauses clauses;
                if (!x->needed[i] || addition->value == x->base->default_value)
                        continue; /* runtimes pass over entries with the default action */
                int r = cf_policy_describe(x->all, x->when[i], CF_STYLE_PROFILE, x->arena, &clauses,
                                           x->err);
                if (r < 0)
                        return cf_error_doing(x->err, r, NULL, "writing the entry of %s",
                                              addition->rule.call->name);
                for (size_t k = 0; k < clauses.count; k++) {
                        struct entry_use use = {.call = addition->rule.call,
                                                .entry.value = addition->value,
                                                .entry.conditions = clauses.clauses[k].conditions,
                                                .entry.condition_count = clauses.clauses[k].count,
                                                .entry.not_on_s390 = is_other_on_s390(addition),
                                                .entry.comment = ""};
                        if (cf_vec_push(x->arena, &uses, use) < 0)
                                return no_memory(x);
                }
        }
        if (join_uses(x->arena, uses.items, uses.count, &entries, &count) < 0)
                return no_memory(x);
        for (size_t i = 0; i < count; i++)
                cf_profile_put_entry(x->json, &entries[i]);
        return 0;
}

static int put_document(struct extension *x, const struct cf_json *root, const struct cf_json *list)
{
        int r = 0;
        cf_json_open(x->json, '{');
        for (const struct cf_json *member = root->first; r == 0 && member; member = member->next) {
                if (cf_span_is(member->key, CF_ORIGIN_KEY) || is_key(member, "syscalls"))
                        continue;
                cf_json_key_span(x->json, member->key);
                cf_json_put_value(x->json, member);
        }
        cf_json_key(x->json, "syscalls");
        cf_json_open(x->json, '[');
        r = put_base_entries(x, list);
        if (r == 0)
                r = put_added(x);
        cf_json_close(x->json, ']');
        cf_json_close(x->json, '}');
        return r;
}

int cf_profile_extend(struct cf_policies *all, struct cf_arena *arena, const struct cf_source *base,
                      const char *base_name, const struct cf_profile_addition *additions,
                      size_t count, bool *ret_needed, struct cf_text *out, struct cf_error *err)
{
        CF_TEXT struct cf_text body = {.max = CF_PROFILE_MAX}, whole = {.max = CF_PROFILE_MAX};
        struct cf_json_writer json = {.out = &body, .tabs = true};
        struct extension x = {.all = all,
                              .arena = arena,
                              .err = err,
                              .additions = additions,
                              .count = count,
                              .needed = ret_needed,
                              .json = &json};
        struct cf_place place = {.path = base->path};
        struct cf_json *root;
        int r = cf_profile_read(arena, base, &x.base, err);
        if (r == 0)
                r = cf_json_parse(arena, base, &root, err);
        if (r < 0)
                return r;
        if (x.base->no_filter)
                return cf_error_set(err, -ENOTSUP, &place,
                                    "engines load no filter for this profile: there is nothing to "
                                    "extend");
        r = prepare(&x);
        if (r == 0)
                r = put_document(&x, root, cf_json_get_nocase(root, "syscalls"));
        if (r == 0)
                r = put_origin(arena, cf_text_span(&body), base, base_name, additions, count,
                               &whole, err);
        if (r == 0 && (body.failed || whole.failed))
                r = cf_error_set(err, -EFBIG, NULL, "the profile would be too large");
        if (r == 0)
                r = prove_extension(all, x.base, additions, x.when, count, cf_text_span(&whole),
                                    err);
        if (r == 0)
                cf_text_add(out, cf_text_span(&whole));
        return r;
}
