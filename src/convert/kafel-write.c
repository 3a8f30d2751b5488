/* SPDX-License-Identifier: Apache-2.0 */
/* Writes policies of kafel, see kafel.h.
 *
 * Arguments are declared wherever they are used: then all 64 bits are compared, whatever the
 * tables of a release of kafel say. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "convert/kafel.h"

#define NUMBERS_MAX 512u /* calls in a row that are written one by one */
#define DEFAULT_SHARE 4u
#define CLAUSES_MAX 64u /* of one rule; a call may have several */

/* A rule: what the call gets when a condition holds, or when no other rule of it fitted. */
struct rule {
        uint32_t value, number;
        const char *name;                 /* kafel's; NULL: it has none */
        const struct cf_kafel_call *call; /* NULL as well */
        const struct cf_clauses *clauses; /* NULL: it always holds */
        bool last;                        /* behind those with conditions */
        bool named;                       /* its arguments have kafel's names */
};

struct writer {
        const struct cf_writing *writing;
        struct cf_text *out;
        struct cf_error *err;
        const struct cf_arch *arch;
        int column;
        uint32_t default_value;
        CF_VEC(struct rule) rules;
};

static int push(struct writer *w, const struct rule *rule)
{
        return cf_vec_push(w->writing->arena, &w->rules, *rule) < 0 ? cf_convert_no_memory(w->err)
                                                                    : 0;
}

/* ---- which rules there are ------------------------------------------------------------------- */

/* The conditions under which a call gets each of the values. */
static int describe(struct writer *w, const struct rule *rule, cf_policy answer,
                    const uint32_t *values, size_t count, struct cf_clauses *ret_clauses)
{
        struct cf_policies *all = w->writing->all;
        int e = 0;
        for (size_t i = 0; e == 0 && i < count; i++) {
                e = cf_policy_describe(all, cf_policy_where_value(all, answer, values[i]),
                                       CF_STYLE_WORDS, w->writing->arena, &ret_clauses[i], w->err);
                for (size_t k = 0; e == 0 && k < ret_clauses[i].count; k++)
                        for (size_t c = 0; c < ret_clauses[i].clauses[k].count; c++)
                                if (ret_clauses[i].clauses[k].conditions[c].arg == CF_POLICY_ARGS)
                                        return cf_error_set(
                                                w->err, -ENOTSUP, NULL,
                                                "what %s gets depends on where it is made from, "
                                                "and kafel does not know that",
                                                rule->name ? rule->name : "a call");
        }
        return e;
}

/* How much is saved when a value is what is left. People look for what a call may do beyond the
 * default: that is left unless it is much shorter to say. */
static size_t shares(const struct writer *w, uint32_t value, const struct cf_clauses *clauses)
{
        size_t weight = 1;
        for (size_t i = 0; i < clauses->count; i++)
                weight += 1 + clauses->clauses[i].count;
        return value == w->default_value ? DEFAULT_SHARE * weight : weight;
}

/* A rule with conditions for each value but the one that takes the most words: that is for what is
 * left. */
static int add_answer(struct writer *w, struct rule rule, cf_policy answer)
{
        struct cf_arena *arena = w->writing->arena;
        struct cf_clauses *clauses;
        uint32_t *values;
        size_t count, rest = 0;
        int e = cf_policy_values(w->writing->all, answer, arena, &values, &count, w->err);
        if (e < 0)
                return e;
        clauses = cf_arena_many(arena, count, struct cf_clauses);
        if (!clauses)
                return cf_convert_no_memory(w->err);
        if (count > 1)
                e = describe(w, &rule, answer, values, count, clauses);
        for (size_t i = 1; e == 0 && i < count; i++)
                if (shares(w, values[i], &clauses[i]) > shares(w, values[rest], &clauses[rest]))
                        rest = i;
        for (size_t i = 0; e == 0 && i < count; i++) {
                rule.value = values[i];
                rule.last = count > 1 && i == rest;
                rule.clauses = i == rest ? NULL : &clauses[i];
                if (i != rest || values[i] != w->default_value)
                        e = push(w, &rule);
        }
        return e;
}

static int add_number(struct writer *w, uint32_t number, cf_policy answer)
{
        const struct cf_syscall *call = cf_syscall_by_number(w->arch, number);
        struct rule rule = {.number = number};
        rule.call = cf_kafel_call_numbered(w->column, number, call ? call->name : "");
        rule.name =
                rule.call && cf_kafel_is_name(cf_span_of(rule.call->name)) ? rule.call->name : NULL;
        return add_answer(w, rule, answer);
}

/* The numbers of x32 belong to another architecture of ours. */
static uint32_t largest_own(const struct writer *w)
{
        return w->arch->token == cf_arch_by_name("x32")->token ? CF_X32_BIT - 1 : UINT32_MAX;
}

/* What most numbers get, so that only the others need a rule. */
static int find_default(struct writer *w, const struct cf_piece *pieces, size_t count)
{
        uint64_t widest = 0;
        for (size_t i = 0; i < count && pieces[i].first <= largest_own(w); i++) {
                uint64_t last = pieces[i].last < largest_own(w) ? pieces[i].last : largest_own(w);
                uint32_t value;
                if (!cf_policy_is_constant(w->writing->all, pieces[i].policy, &value) ||
                    last - pieces[i].first + 1 <= widest)
                        continue;
                widest = last - pieces[i].first + 1;
                w->default_value = value;
        }
        if (widest)
                return 0;
        return cf_error_set(w->err, -ENOTSUP, NULL,
                            "no answer is for calls without a rule, and kafel has one for them");
}

static int find_rules(struct writer *w)
{
        struct cf_policies *all = w->writing->all;
        struct cf_piece *pieces;
        size_t count;
        cf_policy own =
                cf_policy_fix(all, w->writing->policy, CF_SLICE_ARCH, UINT32_MAX, w->arch->token);
        int e = cf_policies_check(all, own, w->err);
        if (e == 0)
                e = cf_policy_pieces(all, own, CF_SLICE_NR, w->writing->arena, &pieces, &count,
                                     w->err);
        if (e == 0)
                e = find_default(w, pieces, count);
        for (size_t i = 0; e == 0 && i < count; i++) {
                uint32_t value, last = (uint32_t)pieces[i].last;
                if (w->writing->within && pieces[i].first > largest_own(w))
                        break;
                if (cf_policy_is_constant(all, pieces[i].policy, &value) &&
                    value == w->default_value)
                        continue;
                /* More is left to the proof, which says what is missing. */
                if (last - pieces[i].first >= NUMBERS_MAX)
                        continue;
                for (uint64_t nr = pieces[i].first; e == 0 && nr <= last; nr++)
                        e = add_number(w, (uint32_t)nr, pieces[i].policy);
        }
        return e;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void put_action(struct cf_text *out, uint32_t value)
{
        static const struct {
                uint32_t value;
                const char *name;
        } names[] = {
                {CF_ALLOW, "ALLOW"},
                {CF_LOG, "LOG"},
                {CF_TRACE, "TRACE"},
                {CF_USER_NOTIF, "USER_NOTIF"},
                {CF_ERRNO, "ERRNO"},
                {CF_TRAP, "TRAP"},
                {CF_KILL_THREAD, "KILL_THREAD"},
                {CF_KILL_PROCESS, "KILL_PROCESS"},
        };
        uint32_t action = value & CF_ACTION_MASK;
        for (size_t i = 0; i < CF_COUNT(names); i++)
                if (names[i].value == action)
                        cf_text_puts(out, names[i].name);
        if (action == CF_ERRNO || action == CF_TRACE || action == CF_TRAP)
                cf_text_printf(out, "(%" PRIu32 ")", cf_action_data(value));
}

/* Whether kafel has names for so many arguments that its own language can say: in its tables are
 * such as '_type'. */
static bool has_names(const struct rule *rule, unsigned count)
{
        struct cf_span name;
        unsigned bytes;
        for (unsigned i = 0; i < count; i++)
                if (!rule->call || !cf_kafel_argument(rule->call, i, &name, &bytes) ||
                    !cf_kafel_is_name(name))
                        return false;
        return true;
}

/* An argument's name in a rule: kafel's, or arg0 to arg5. */
static void put_argument(struct cf_text *out, const struct rule *rule, unsigned arg)
{
        struct cf_span name;
        unsigned bytes;
        if (rule->named && cf_kafel_argument(rule->call, arg, &name, &bytes))
                cf_text_add(out, name);
        else
                cf_text_printf(out, "arg%u", arg);
}

static void put_condition(struct cf_text *out, const struct rule *rule,
                          const struct cf_condition *c)
{
        static const char *const operators[] = {
                [CF_NE] = "!=", [CF_LT] = "<", [CF_LE] = "<=",        [CF_EQ] = "==",
                [CF_GE] = ">=", [CF_GT] = ">", [CF_MASKED_EQ] = "==",
        };
        bool masked = c->mask != UINT64_MAX;
        cf_text_puts(out, masked ? "(" : "");
        put_argument(out, rule, c->arg);
        if (masked)
                cf_text_printf(out, " & 0x%" PRIx64 ")", c->mask);
        cf_text_printf(out, c->value < 10 ? " %s %" PRIu64 : " %s 0x%" PRIx64, operators[c->op],
                       c->value);
}

/* Arguments up to the last that a condition looks at. */
static void put_declared(struct cf_text *out, struct rule *rule)
{
        unsigned count = 0;
        for (size_t i = 0; i < rule->clauses->count; i++)
                for (size_t k = 0; k < rule->clauses->clauses[i].count; k++)
                        if (rule->clauses->clauses[i].conditions[k].arg >= count)
                                count = rule->clauses->clauses[i].conditions[k].arg + 1u;
        rule->named = has_names(rule, count);
        for (unsigned i = 0; i < count; i++) {
                cf_text_puts(out, i ? ", " : "(");
                put_argument(out, rule, i);
        }
        cf_text_putc(out, ')');
}

static void put_call(struct cf_text *out, const struct rule *rule)
{
        cf_text_puts(out, "\n                ");
        if (rule->name)
                cf_text_puts(out, rule->name);
        else
                cf_text_printf(out, "SYSCALL[%" PRIu32 "]", rule->number);
}

static void put_rule(struct cf_text *out, struct rule *rule)
{
        if (!rule->clauses)
                put_call(out, rule);
        for (size_t i = 0; rule->clauses && i < rule->clauses->count; i++) {
                const struct cf_clause *clause = &rule->clauses->clauses[i];
                if (i % CLAUSES_MAX == 0) {
                        cf_text_puts(out, i ? "\n                }," : "");
                        put_call(out, rule);
                        put_declared(out, rule);
                        cf_text_puts(out, " {");
                }
                cf_text_printf(out, "\n                        %s", i % CLAUSES_MAX ? "|| " : "");
                for (size_t k = 0; k < clause->count; k++) {
                        cf_text_puts(out, k ? " && " : "");
                        put_condition(out, rule, &clause->conditions[k]);
                }
                cf_text_puts(out, i + 1 == rule->clauses->count ? "\n                }" : "");
        }
}

/* Blocks with what is left stand behind all others; else the looser action goes first. */
static int compare_rules(const void *left, const void *right)
{
        const struct rule *a = left, *b = right;
        int32_t rank_a = cf_action_rank(a->value), rank_b = cf_action_rank(b->value);
        if (a->last != b->last)
                return a->last ? 1 : -1;
        if (rank_a != rank_b)
                return rank_a > rank_b ? -1 : 1;
        if (a->value != b->value)
                return a->value < b->value ? -1 : 1;
        if (!a->name != !b->name)
                return a->name ? -1 : 1;
        int order = a->name ? strcmp(a->name, b->name) : 0;
        return order ? order : (a->number > b->number) - (a->number < b->number);
}

static void put_text(struct writer *w, const char *name)
{
        const struct rule *before = NULL;
        cf_text_printf(w->out, "// For %s.\nPOLICY %s {", w->arch->name, name);
        for (size_t i = 0; i < w->rules.count; i++) {
                struct rule *rule = &w->rules.items[i];
                bool same = before && before->value == rule->value && before->last == rule->last;
                if (same) {
                        cf_text_putc(w->out, ',');
                } else {
                        cf_text_puts(w->out, before ? "\n        },\n        " : "\n        ");
                        put_action(w->out, rule->value);
                        cf_text_puts(w->out, " {");
                }
                put_rule(w->out, rule);
                before = rule;
        }
        cf_text_printf(w->out, "%s}\n\nUSE %s\nDEFAULT ", before ? "\n        }\n" : "", name);
        put_action(w->out, w->default_value);
        cf_text_putc(w->out, '\n');
}

int cf_kafel_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        char *name = cf_arena_string(writing->arena, writing->name ? writing->name : "confined");
        struct writer w = {.writing = writing,
                           .out = out,
                           .err = err,
                           .arch = writing->arches[0],
                           .column = cf_kafel_column(writing->arches[0])};
        if (w.column < 0)
                return cf_error_set(err, -ENOTSUP, NULL, "what kafel does on %s is not known here",
                                    w.arch->name);
        if (!name)
                return cf_convert_no_memory(err);
        for (char *c = name; *c; c++)
                *c = *c == '-' ? '_' : *c;
        if (!cf_kafel_is_name(cf_span_of(name)))
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "'%.60s' is no name for a policy of kafel: letters, digits and "
                                    "'_' from a letter on, and no word of the language",
                                    name);
        int e = find_rules(&w);
        if (e < 0)
                return e;
        if (w.rules.count)
                qsort(w.rules.items, w.rules.count, sizeof(*w.rules.items), compare_rules);
        put_text(&w, name);
        return 0;
}
