/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of Compose files: where they come from, and how they are put into values. */
#include <string.h>

#include "base/text.h"
#include "manifest/compose.h"

/* ---- variables ----------------------------------------------------------------------- */

const struct cf_variable *cf_variable_find(const struct cf_variables *variables,
                                           struct cf_span name)
{
        if (!variables)
                return NULL;
        const struct cf_variable *found = cf_variable_find(variables->outer, name);
        return found ? found : cf_map_get(variables->own, name);
}

int cf_variable_put(struct cf_arena *arena, struct cf_variables *variables, struct cf_span name,
                    struct cf_variable variable)
{
        struct cf_variable *kept = cf_map_get(variables->own, name);
        if (!kept) {
                char *key = cf_arena_copy(arena, name);
                kept = cf_arena_one(arena, struct cf_variable);
                if (!key || !kept ||
                    cf_map_put(variables->own, (struct cf_span){key, name.size}, kept) < 0)
                        return -ENOMEM;
        }
        *kept = variable;
        return 0;
}

int cf_variables_from(struct cf_arena *arena, const char *const *assignments,
                      struct cf_variables *ret_variables)
{
        struct cf_variables variables = {.own = cf_map_new(arena)};
        if (!variables.own)
                return -ENOMEM;
        for (size_t i = 0; assignments && assignments[i]; i++) {
                struct cf_span text = cf_span_of(assignments[i]);
                size_t name = cf_span_find_byte(text, '=');
                if (name == SIZE_MAX || name == 0)
                        continue;
                struct cf_variable variable = {.value = cf_span_part(text, name + 1, SIZE_MAX),
                                               .origin = "in the environment"};
                if (cf_variable_put(arena, &variables, cf_span_part(text, 0, name), variable) < 0)
                        return -ENOMEM;
        }
        *ret_variables = variables;
        return 0;
}

/* ---- interpolation ------------------------------------------------------------------- */

struct interpolation {
        struct cf_arena *arena;
        const struct cf_variables *variables;
        struct cf_text out;
        CF_VEC(const char *) reasons;
        enum cf_certainty certainty;
        const char *problem;
        const char *variable;
        unsigned depth;
};

static int substitute(struct interpolation *at, struct cf_span template);

static bool starts_name(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t name_size(struct cf_span text)
{
        size_t i = 0;
        while (i < text.size &&
               (starts_name(text.data[i]) || (i > 0 && text.data[i] >= '0' && text.data[i] <= '9')))
                i++;
        return i;
}

/* Notes once why the value is no plain constant. */
static int add_reason(struct interpolation *at, enum cf_certainty certainty, const char *reason)
{
        if (!reason)
                return -ENOMEM;
        if (certainty > at->certainty)
                at->certainty = certainty;
        for (size_t i = 0; i < at->reasons.count; i++)
                if (strcmp(at->reasons.items[i], reason) == 0)
                        return 0;
        return at->reasons.count < 4 ? cf_vec_push(at->arena, &at->reasons, reason) : 0;
}

static int add_hole(struct interpolation *at, const char *reason)
{
        cf_text_putc(&at->out, CF_HOLE);
        return add_reason(at, CF_UNKNOWN, reason);
}

static int add_variable(struct interpolation *at, const char *name,
                        const struct cf_variable *variable)
{
        cf_text_add(&at->out, variable->value);
        if (cf_value_has_hole(variable->value))
                return add_reason(at, CF_UNKNOWN, variable->because);
        return add_reason(
                at, CF_ASSUMED,
                cf_arena_printf(at->arena, "%s is '%.*s' %s", name,
                                (int)(variable->value.size < 80 ? variable->value.size : 80),
                                variable->value.data ? variable->value.data : "",
                                variable->origin));
}

/* What is behind the name in ${NAME…}. */
enum operator{ OPERATOR_NONE, OPERATOR_DEFAULT, OPERATOR_REQUIRED, OPERATOR_PRESENT };

struct expression {
        const char *name;
        enum operator operator;
        bool empty_counts_as_unset; /* the colon */
        struct cf_span word;        /* default, message or replacement */
};

static int substitute_default(struct interpolation *at, const struct expression *expression,
                              bool is_empty)
{
        size_t start = at->out.size;
        int r = substitute(at, expression->word);
        if (r < 0)
                return r;
        struct cf_span taken = cf_span_part(cf_text_span(&at->out), start, SIZE_MAX);
        if (cf_value_has_hole(taken))
                return 0; /* the hole has its own reason */
        return add_reason(at, CF_ASSUMED,
                          cf_arena_printf(at->arena, "%s is %s, its default is '%.*s'",
                                          expression->name, is_empty ? "empty" : "unset",
                                          (int)(taken.size < 80 ? taken.size : 80),
                                          taken.data ? taken.data : ""));
}

/* Nothing but holes: whether it is empty cannot be known. */
static bool may_be_empty(struct cf_span text)
{
        size_t i = 0;
        while (i < text.size && text.data[i] == CF_HOLE)
                i++;
        return i == text.size && i > 0;
}

static int substitute_expression(struct interpolation *at, const struct expression *expression)
{
        const char *name = expression->name;
        const struct cf_variable *variable = cf_variable_find(at->variables, cf_span_of(name));
        bool is_empty = variable && variable->value.size == 0;
        bool counts = variable && !(is_empty && expression->empty_counts_as_unset);
        if (!at->variable)
                at->variable = name;
        if (variable && expression->empty_counts_as_unset && may_be_empty(variable->value))
                return add_hole(at, variable->because);
        switch (expression->operator) {
        case OPERATOR_DEFAULT:
                return counts ? add_variable(at, name, variable)
                              : substitute_default(at, expression, is_empty);
        case OPERATOR_PRESENT:
                if (counts) {
                        int r = substitute(at, expression->word);
                        return r < 0 ? r
                                     : add_reason(at, CF_ASSUMED,
                                                  cf_arena_printf(at->arena, "%s is set %s", name,
                                                                  variable->origin));
                }
                if (variable)
                        return add_variable(at, name, variable);
                return add_hole(
                        at, cf_arena_printf(
                                    at->arena,
                                    "%s is not set here; when it is, the value is "
                                    "'%.*s'",
                                    name,
                                    (int)(expression->word.size < 80 ? expression->word.size : 80),
                                    expression->word.data));
        case OPERATOR_REQUIRED:
                if (counts)
                        return add_variable(at, name, variable);
                return add_hole(at, cf_arena_printf(at->arena,
                                                    "%s must be set when Compose runs, and is not "
                                                    "set here",
                                                    name));
        default:
                if (variable)
                        return add_variable(at, name, variable);
                return add_hole(at, cf_arena_printf(at->arena, "%s is not set here", name));
        }
}

/* Bytes of the "{…}" that starts `text`, by compose-go's way of counting braces: the byte behind an
 * opening one is never looked at. 0: it does not close. */
static size_t braced_size(struct cf_span text)
{
        size_t open = 0;
        for (size_t i = 0; i < text.size; i++) {
                if (text.data[i] == '}' && --open == 0)
                        return i + 1;
                if (text.data[i] == '{') {
                        open++;
                        i++;
                }
        }
        return 0;
}

/* The ${…} behind the dollar; *ret_size is 0 when it is none that Compose takes. */
static int parse_braced(struct interpolation *at, struct cf_span text,
                        struct expression *ret_expression, size_t *ret_size)
{
        *ret_size = 0;
        /* An expression ends on its line. */
        size_t line = cf_span_find_byte(text, '\n');
        text = cf_span_part(text, 0, line);
        size_t size = name_size(cf_span_part(text, 1, SIZE_MAX));
        if (size == 0)
                return 0;
        struct cf_span rest = cf_span_part(text, 1 + size, SIZE_MAX);
        struct expression expression = {
                .name = cf_arena_copy(at->arena, cf_span_part(text, 1, size))};
        if (!expression.name)
                return -ENOMEM;
        if (cf_span_starts(rest, "}")) {
                *ret_size = 1 + size + 1;
                *ret_expression = expression;
                return 0;
        }
        expression.empty_counts_as_unset = cf_span_starts(rest, ":");
        if (expression.empty_counts_as_unset)
                rest = cf_span_part(rest, 1, SIZE_MAX);
        static const char signs[] = "-?+";
        const char *sign = rest.size ? strchr(signs, rest.data[0]) : NULL;
        if (!sign || !*sign)
                return 0;
        expression.operator=(enum operator)(OPERATOR_DEFAULT + (sign - signs));
        size_t whole = braced_size(text);
        for (size_t i = text.size; whole == 0 && i > 0; i--)
                if (text.data[i - 1] == '}')
                        whole = i; /* braces that do not match: up to the last one */
        size_t start = (size_t)(rest.data + 1 - text.data);
        if (whole <= start)
                return 0;
        expression.word = cf_span_part(text, start, whole - 1 - start);
        *ret_size = whole;
        *ret_expression = expression;
        return 0;
}

/* What follows a dollar. *ret_size: the bytes it takes. */
static int substitute_dollar(struct interpolation *at, struct cf_span rest, size_t *ret_size)
{
        struct expression expression = {0};
        *ret_size = 0;
        if (cf_span_starts(rest, "$")) {
                cf_text_putc(&at->out, '$');
                *ret_size = 1;
                return 0;
        }
        if (cf_span_starts(rest, "{")) {
                int r = parse_braced(at, rest, &expression, ret_size);
                if (r < 0)
                        return r;
                if (*ret_size == 0) {
                        at->problem = "'${' starts no variable ('$$' is a plain '$'): Compose "
                                      "refuses the file";
                        return 0;
                }
        } else {
                *ret_size = name_size(rest);
                if (*ret_size == 0) { /* a dollar for itself */
                        cf_text_putc(&at->out, '$');
                        return 0;
                }
                expression.name = cf_arena_copy(at->arena, cf_span_part(rest, 0, *ret_size));
                if (!expression.name)
                        return -ENOMEM;
        }
        return substitute_expression(at, &expression);
}

static int substitute(struct interpolation *at, struct cf_span template)
{
        if (at->depth == CF_COMPOSE_NESTING)
                return add_hole(at, "its variables are nested too deeply");
        at->depth++;
        int r = 0;
        for (size_t i = 0; r == 0 && !at->problem && i < template.size;) {
                size_t size = 0;
                if (template.data[i] == '$')
                        r = substitute_dollar(at, cf_span_part(template, i + 1, SIZE_MAX), &size);
                else
                        cf_text_putc(&at->out, template.data[i]);
                i += 1 + size;
        }
        at->depth--;
        return r;
}

static char *join_reasons(struct interpolation *at)
{
        char *joined = NULL;
        for (size_t i = 0; i < at->reasons.count; i++)
                joined = joined ? cf_arena_printf(at->arena, "%s; %s", joined, at->reasons.items[i])
                                : cf_arena_string(at->arena, at->reasons.items[i]);
        return joined;
}

int cf_interpolate(struct cf_arena *arena, struct cf_span template,
                   const struct cf_variables *variables, struct cf_value *ret_value)
{
        if (!memchr(template.data ? template.data : "", '$', template.size)) {
                *ret_value = (struct cf_value){.text = template};
                return 0;
        }
        struct interpolation at = {
                .arena = arena, .variables = variables, .out = {.max = CF_COMPOSE_VALUE}};
        int r = substitute(&at, template);
        if (r == 0 && at.out.failed) {
                /* More than the limit (or no memory): nothing is known of it. */
                cf_text_done(&at.out);
                at.out = (struct cf_text){0};
                r = add_hole(&at, "its variables make it longer than 64 KiB");
        }
        struct cf_span text = cf_text_span(&at.out);
        char *copy = r == 0 ? cf_arena_copy(arena, text) : NULL;
        struct cf_value value = {
                .text = {copy, text.size},
                .certainty = at.certainty,
                .because = r == 0 && at.reasons.count ? join_reasons(&at) : NULL,
                .problem = at.problem,
                .variable = at.variable,
        };
        bool failed = at.out.failed;
        cf_text_done(&at.out);
        if (r < 0 || failed || !copy || (at.reasons.count && !value.because))
                return -ENOMEM;
        *ret_value = value;
        return 0;
}

bool cf_value_has_hole(struct cf_span text)
{
        return text.size && memchr(text.data, CF_HOLE, text.size);
}

/* A hole is any text, also none: the usual two-pointer match of a pattern with stars. */
bool cf_value_may_be(struct cf_span text, const char *word)
{
        size_t t = 0, w = 0, star = SIZE_MAX, from = 0, size = strlen(word);
        while (w < size) {
                if (t < text.size && text.data[t] == CF_HOLE) {
                        star = t++;
                        from = w;
                } else if (t < text.size && text.data[t] == word[w]) {
                        t++;
                        w++;
                } else if (star != SIZE_MAX) {
                        t = star + 1;
                        w = ++from;
                } else {
                        return false;
                }
        }
        while (t < text.size && text.data[t] == CF_HOLE)
                t++;
        return t == text.size;
}
