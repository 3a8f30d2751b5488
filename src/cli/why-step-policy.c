/* SPDX-License-Identifier: Apache-2.0 */
/* Policy files of `confined why --step`: decisions that were made beforehand. */
#include <string.h>

#include "base/spelling.h"
#include "cli/why-step.h"

#define NEAR 2u /* letters that may be wrong in a word that is guessed */

struct reader {
        struct cf_policies *all;
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_stepping_rules *rules;
        struct cf_error *err;
};

static const char *const acts[] = {
        [CF_STEPPING_ASK] = "ask",       [CF_STEPPING_ALLOW] = "allow", [CF_STEPPING_ONCE] = "once",
        [CF_STEPPING_REFUSE] = "refuse", [CF_STEPPING_KILL] = "kill",
};

const char *cf_stepping_act_name(enum cf_stepping_act act)
{
        return acts[act];
}

/* What is wrong at this part of the file. -EINVAL. */
CF_PRINTF(3, 4)
static int refuse(struct reader *r, struct cf_span part, const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        va_list list;
        struct cf_place place =
                cf_source_place(r->source, (size_t)(part.data - r->source->text.data), part.size);
        va_start(list, format);
        vsnprintf(message, sizeof(message), format, list);
        va_end(list);
        return cf_error_set(r->err, -EINVAL, &place, "%s", message);
}

static int no_memory(struct reader *r)
{
        return cf_error_set(r->err, -ENOMEM, NULL, "not enough memory");
}

/* ---- what can be said ------------------------------------------------------------------------ */

/* Whether the kernel may take it for an address: a pointer, or a word without a name for what it
 * may be (of ioctl, prctl, keyctl, …). */
static bool may_point(const struct cf_syscall *call, unsigned arg)
{
        enum cf_argument_kind kind = call->arguments[arg].kind;
        if (kind == CF_ARGUMENT_PTR)
                return true;
        return (kind == CF_ARGUMENT_LONG || kind == CF_ARGUMENT_ULONG) &&
               !cf_argument_constant(call, arg, 0, NULL);
}

int cf_stepping_pointer_of(const struct cf_syscall *call)
{
        if (call->argument_count < 0)
                return -2;
        for (int arg = 0; arg < call->argument_count; arg++)
                if (may_point(call, (unsigned)arg))
                        return arg;
        return -1;
}

bool cf_stepping_overlap(struct cf_policies *all, const struct cf_stepping_rule *one,
                         const struct cf_stepping_rule *other)
{
        if (one->all || other->all || one->rule.call != other->rule.call)
                return false;
        return cf_policy_and(all, one->when, other->when) != CF_POLICY_FALSE;
}

/* A rule that compares a pointer with anything but NULL means nothing: only the address is told. */
static int check_pointers(struct reader *r, const struct cf_stepping_rule *row)
{
        const struct cf_call_rule *rule = &row->rule;
        for (size_t i = 0; i < rule->condition_count; i++) {
                const struct cf_condition *c = &rule->conditions[i];
                if ((int)c->arg >= rule->call->argument_count ||
                    rule->call->arguments[c->arg].kind != CF_ARGUMENT_PTR ||
                    ((c->op == CF_EQ || c->op == CF_NE) && c->value == 0 && c->mask == UINT64_MAX))
                        continue;
                return refuse(r, rule->text,
                              "'%s' of %s is a pointer: a rule sees the address, never what is "
                              "there, and can only ask whether it is NULL (== 0)",
                              rule->call->arguments[c->arg].name, rule->call->name);
        }
        return 0;
}

static int check_once(struct reader *r, const struct cf_stepping_rule *row)
{
        const struct cf_syscall *call = row->rule.call;
        int pointer = cf_stepping_pointer_of(call);
        if (row->act != CF_STEPPING_ONCE || pointer == -1)
                return 0;
        if (pointer == -2)
                return refuse(r, row->rule.text,
                              "what %s takes is not known: a single call of it cannot be decided; "
                              "decide about the call as a whole: allow or refuse",
                              call->name);
        return refuse(r, row->rule.text,
                      "'%s' of %s may point to memory, which another thread can change before the "
                      "kernel reads it: a single call of it cannot be decided; decide about the "
                      "call as a whole: allow or refuse",
                      call->arguments[pointer].name, call->name);
}

/* ---- against the lines before ---------------------------------------------------------------- */

/* Whether these decide every call that the row is about. */
static const struct cf_stepping_rule *find_above(struct reader *r,
                                                 const struct cf_stepping_rule *row)
{
        cf_policy left = row->when;
        for (size_t i = 0; i < r->rules->rows.count; i++) {
                const struct cf_stepping_rule *above = r->rules->rows.items[i];
                if (above->all)
                        return above;
                if (row->all || above->rule.call != row->rule.call)
                        continue;
                left = cf_policy_and(r->all, left, cf_policy_not(r->all, above->when));
                if (left == CF_POLICY_FALSE)
                        return above;
        }
        return NULL;
}

static int check_above(struct reader *r, const struct cf_stepping_rule *row, struct cf_span part)
{
        const struct cf_stepping_rule *above = find_above(r, row);
        if (above)
                return refuse(r, part,
                              "this decides nothing: line %u and those before it decide it all",
                              above->line);
        for (size_t i = 0; row->act == CF_STEPPING_ALLOW && i < r->rules->rows.count; i++) {
                above = r->rules->rows.items[i];
                if (above->act != CF_STEPPING_ALLOW && above->act != CF_STEPPING_ONCE &&
                    cf_stepping_overlap(r->all, above, row))
                        return refuse(r, part,
                                      "this allows calls that line %u is to %s, and so would the "
                                      "profile that results: leave them out by a condition",
                                      above->line, acts[above->act]);
        }
        return cf_policies_check(r->all, row->when, r->err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int add(struct reader *r, const struct cf_stepping_rule *rule, struct cf_span part)
{
        int code = check_above(r, rule, part);
        if (code < 0)
                return code;
        if (r->rules->rows.count >= CF_STEPPING_LINES_MAX) {
                refuse(r, part, "more than %zu rules", CF_STEPPING_LINES_MAX);
                if (r->err)
                        r->err->code = -E2BIG;
                return -E2BIG;
        }
        struct cf_stepping_rule *row = cf_arena_one(r->arena, struct cf_stepping_rule);
        if (!row || cf_vec_push(r->arena, &r->rules->rows, row) < 0)
                return no_memory(r);
        *row = *rule;
        return 0;
}

static int add_rules(struct reader *r, enum cf_stepping_act act, struct cf_span text)
{
        const struct cf_call_rule *rules;
        size_t count;
        int code = cf_call_rules_read_in(r->arena, r->source, text, &rules, &count, r->err);
        for (size_t i = 0; code == 0 && i < count; i++) {
                struct cf_place place = cf_source_place(
                        r->source, (size_t)(rules[i].text.data - r->source->text.data), 0);
                struct cf_stepping_rule row = {
                        .act = act,
                        .rule = rules[i],
                        .when = cf_call_rule_condition(r->all, &rules[i],
                                                       act == CF_STEPPING_ALLOW ||
                                                                       act == CF_STEPPING_ONCE
                                                               ? CF_ALLOW
                                                               : CF_ERRNO | EPERM),
                        .line = place.line,
                        .column = place.column,
                };
                code = cf_policies_check(r->all, row.when, r->err);
                if (code == 0 && row.when == CF_POLICY_FALSE)
                        code = refuse(r, rules[i].text, "these conditions never hold together");
                if (code == 0)
                        code = check_pointers(r, &row);
                if (code == 0)
                        code = check_once(r, &row);
                if (code == 0)
                        code = add(r, &row, rules[i].text);
        }
        return code;
}

static int add_all(struct reader *r, enum cf_stepping_act act, struct cf_span star)
{
        struct cf_place place =
                cf_source_place(r->source, (size_t)(star.data - r->source->text.data), 1);
        if (star.size > 1)
                return refuse(r, cf_span_part(star, 1, SIZE_MAX),
                              "'*' stands alone: it is every call that no line before decides");
        if (act == CF_STEPPING_ONCE)
                return refuse(r, star,
                              "'once' needs calls by name: not every call can be decided "
                              "for a single time");
        return add(r,
                   &(struct cf_stepping_rule){.act = act,
                                              .all = true,
                                              .when = CF_POLICY_TRUE,
                                              .line = place.line,
                                              .column = place.column},
                   star);
}

static int read_act(struct reader *r, struct cf_span word, enum cf_stepping_act *ret_act)
{
        const char *near = NULL;
        for (size_t i = 0; i < CF_COUNT(acts); i++) {
                if (cf_span_is(word, acts[i])) {
                        *ret_act = (enum cf_stepping_act)i;
                        return 0;
                }
                if (cf_spelling_distance(word, cf_span_of(acts[i]), NEAR) <= NEAR && !near)
                        near = acts[i];
        }
        return refuse(r, word, "a line begins with allow, once, refuse, kill or ask%s%s%s",
                      near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* A comment begins with '#' at the line's begin or behind a blank. */
static struct cf_span without_comment(struct cf_span line)
{
        for (size_t i = 0; i < line.size; i++)
                if (line.data[i] == '#' &&
                    (i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
                        return cf_span_part(line, 0, i);
        return line;
}

static int read_line(struct reader *r, struct cf_span line)
{
        enum cf_stepping_act act = CF_STEPPING_ASK;
        line = cf_span_trim(without_comment(line));
        if (line.size == 0)
                return 0;
        size_t size = 0;
        while (size < line.size && line.data[size] != ' ' && line.data[size] != '\t')
                size++;
        struct cf_span word = cf_span_part(line, 0, size);
        int code = read_act(r, word, &act);
        if (code < 0)
                return code;
        struct cf_span rest = cf_span_trim(cf_span_part(line, size, SIZE_MAX));
        if (rest.size == 0)
                return refuse(r, cf_span_part(line, size, 0),
                              "a rule is missing here: %s CALL, or %s *", acts[act], acts[act]);
        return rest.data[0] == '*' ? add_all(r, act, rest) : add_rules(r, act, rest);
}

int cf_stepping_policy_read(struct cf_policies *all, struct cf_arena *arena,
                            const struct cf_source *source, struct cf_stepping_rules *ret_rules,
                            struct cf_error *err)
{
        struct cf_stepping_rules rules = {0};
        struct reader r = {all, arena, source, &rules, err};
        struct cf_span rest = source->text, line;
        while (cf_span_next_line(&rest, &line)) {
                int code = read_line(&r, line);
                if (code < 0)
                        return code;
        }
        *ret_rules = rules;
        return 0;
}
