/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the tokens and expressions of kafel, see kafel.h. */
#include "convert/kafel.h"

#define SHOWN_MAX 60  /* bytes of a text in a message */
#define DEPTH_MAX 200 /* of brackets and '!' */
#define STACK_MAX 14  /* words of a filter's memory that bits of arguments are sure to have */

static struct cf_span shown(struct cf_span text)
{
        return cf_span_part(text, 0, SHOWN_MAX);
}

int cf_kafel_refuse(struct cf_kafel_reader *r, int code, struct cf_span part, const char *what)
{
        const struct cf_source *source = r->reading->source;
        size_t offset = part.size ? cf_offset_of(r->reading, part) : source->text.size;
        return cf_convert_refuse_code(r->reading, code, offset, part.size, r->err, "%s%s%.*s%s",
                                      what, part.size ? ": '" : "", (int)shown(part).size,
                                      part.data ? part.data : "", part.size ? "'" : "");
}

/* ---- tokens ---------------------------------------------------------------------------------- */

int cf_kafel_advance(struct cf_kafel_reader *r)
{
        struct cf_kafel_token *t = &r->token;
        cf_kafel_next(&r->rest, t);
        if (t->kind == KAFEL_WRONG)
                return cf_kafel_refuse(r, -EINVAL, t->text, t->wrong);
        if (t->kind == KAFEL_INCLUDE)
                return cf_kafel_refuse(
                        r, -ENOTSUP, t->text,
                        "the program that uses kafel says in which folders such files are, "
                        "and nsjail in none; put the file's text here");
        if (t->kind == KAFEL_NUMBER && t->wrong)
                return cf_convert_warn(r->reading, &r->warnings, cf_offset_of(r->reading, t->text),
                                       t->text.size, r->err, "%s", t->wrong);
        return 0;
}

static int unexpected(struct cf_kafel_reader *r, const char *wanted)
{
        return cf_kafel_refuse(r, -EINVAL, r->token.text, wanted);
}

/* Takes a token that must be there. */
int cf_kafel_take(struct cf_kafel_reader *r, int kind, const char *wanted)
{
        return r->token.kind == kind ? cf_kafel_advance(r) : unexpected(r, wanted);
}

int cf_kafel_take_name(struct cf_kafel_reader *r, struct cf_span *ret_name, const char *wanted)
{
        *ret_name = r->token.text;
        return cf_kafel_take(r, KAFEL_NAME, wanted);
}

int cf_kafel_take_number(struct cf_kafel_reader *r, uint64_t *ret_number, const char *wanted)
{
        *ret_number = r->token.number;
        return cf_kafel_take(r, KAFEL_NUMBER, wanted);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static int read_or(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope, int mark,
                   struct cf_kafel_value *ret);

static bool find_argument(const struct cf_kafel_scope *scope, struct cf_span name,
                          unsigned *ret_arg, bool *ret_wide)
{
        struct cf_span known;
        unsigned bytes;
        *ret_wide = true; /* declared ones always are */
        for (unsigned i = 0; !scope->call && i < scope->declared_count; i++)
                if (cf_span_equal(scope->declared[i], name)) {
                        *ret_arg = i;
                        return true;
                }
        for (unsigned i = 0; scope->call && cf_kafel_argument(scope->call, i, &known, &bytes); i++)
                if (cf_span_equal(known, name)) {
                        *ret_arg = i;
                        *ret_wide = bytes == 8;
                        return true;
                }
        return false;
}

/* A constant's name goes before an argument's. */
static int read_named(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                      struct cf_kafel_value *ret)
{
        const struct cf_kafel_constant *constant = cf_map_get(r->constants, r->token.text);
        *ret = (struct cf_kafel_value){.mask = UINT64_MAX, .text = r->token.text};
        if (constant) {
                ret->number = true;
                ret->constant = constant->value;
        } else if (!scope->elsewhere &&
                   !find_argument(scope, r->token.text, &ret->arg, &ret->wide)) {
                CF_TEXT struct cf_text names = {0};
                struct cf_span known;
                unsigned bytes;
                for (unsigned i = 0;
                     scope->call && cf_kafel_argument(scope->call, i, &known, &bytes); i++)
                        cf_text_printf(&names, "%s%.*s", i ? ", " : "", (int)known.size,
                                       known.data);
                if (!names.size)
                        return cf_kafel_refuse(r, -EINVAL, r->token.text,
                                               "no argument that was declared, and no constant");
                return cf_convert_refuse(
                        r->reading, cf_offset_of(r->reading, r->token.text), r->token.text.size,
                        r->err, "no constant, and no argument of %s by kafel's names (%s): '%.*s'",
                        scope->call->name, names.data, (int)shown(r->token.text).size,
                        r->token.text.data);
        }
        return cf_kafel_advance(r);
}

/* The text from the start of one part to the end of another. */
static struct cf_span around(struct cf_span first, struct cf_span last)
{
        return (struct cf_span){first.data, (size_t)(last.data + last.size - first.data)};
}

/* A number, a name, or anything in brackets. */
static int read_operand(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                        struct cf_kafel_value *ret)
{
        struct cf_span start = r->token.text;
        if (r->token.kind == KAFEL_NAME)
                return read_named(r, scope, ret);
        if (r->token.kind == KAFEL_NUMBER) {
                *ret = (struct cf_kafel_value){
                        .number = true, .constant = r->token.number, .text = r->token.text};
                return cf_kafel_advance(r);
        }
        if (r->token.kind != '(')
                return unexpected(r, "a number, a name or '(' must stand here");
        if (++r->depth > DEPTH_MAX)
                return cf_kafel_refuse(r, -E2BIG, r->token.text, "too many brackets around this");
        int e = cf_kafel_advance(r);
        if (e == 0)
                e = read_or(r, scope, ',', ret);
        if (e == 0)
                ret->text = around(start, r->token.text);
        if (e == 0)
                e = cf_kafel_take(r, ')', "')' must stand here");
        r->depth--;
        return e;
}

static int check_depth(struct cf_kafel_reader *r, const struct cf_kafel_value *left,
                       const struct cf_kafel_value *right)
{
        if (left->depth < CF_KAFEL_EXPRESSION_MAX && right->depth < CF_KAFEL_EXPRESSION_MAX)
                return 0;
        return cf_kafel_refuse(r, -EINVAL, right->text,
                               "kafel takes no expression that is more than 200 operators deep");
}

static int must_be(struct cf_kafel_reader *r, const struct cf_kafel_value *value, bool condition)
{
        if (value->condition == condition)
                return 0;
        return cf_kafel_refuse(r, -EINVAL, value->text,
                               condition ? "must be compared with something"
                                         : "is a comparison, where a number must stand");
}

static int join_bits(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope, bool either,
                     const struct cf_kafel_value *right, struct cf_kafel_value *left)
{
        struct cf_span text = around(left->text, right->text);
        int e = must_be(r, left, false);
        if (e == 0)
                e = must_be(r, right, false);
        if (e == 0)
                e = check_depth(r, left, right);
        if (e < 0)
                return e;
        *left = cf_kafel_bits(left, right, either);
        left->text = text;
        if (!scope->elsewhere && left->stack > STACK_MAX)
                return cf_kafel_refuse(
                        r, -ENOTSUP, text,
                        "whether kafel's filter has room for this is not known; compare "
                        "fewer bits at once");
        return 0;
}

static int read_common_bits(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                            struct cf_kafel_value *ret)
{
        struct cf_kafel_value right;
        int e = read_operand(r, scope, ret);
        while (e == 0 && r->token.kind == '&') {
                e = cf_kafel_advance(r);
                if (e == 0)
                        e = read_operand(r, scope, &right);
                if (e == 0)
                        e = join_bits(r, scope, false, &right, ret);
        }
        return e;
}

static int read_bits(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                     struct cf_kafel_value *ret)
{
        struct cf_kafel_value right;
        int e = read_common_bits(r, scope, ret);
        while (e == 0 && r->token.kind == '|') {
                e = cf_kafel_advance(r);
                if (e == 0)
                        e = read_common_bits(r, scope, &right);
                if (e == 0)
                        e = join_bits(r, scope, true, &right, ret);
        }
        return e;
}

static bool is_comparison(int kind)
{
        return kind == '<' || kind == '>' || (kind >= KAFEL_EQ && kind <= KAFEL_GE);
}

static int compare(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope, int op,
                   const struct cf_kafel_value *right, struct cf_kafel_value *left)
{
        struct cf_span text = around(left->text, right->text);
        struct cf_kafel_value result = {.condition = true, .text = text};
        int e = must_be(r, left, false);
        if (e == 0)
                e = must_be(r, right, false);
        if (e == 0)
                e = check_depth(r, left, right);
        if (e < 0)
                return e;
        result.depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
        result.holds = CF_POLICY_FALSE;
        if (!scope->elsewhere) {
                if (left->mixed || right->mixed ||
                    (!left->number && !right->number && left->arg != right->arg))
                        return cf_kafel_refuse(
                                r, -ENOTSUP, text,
                                "compares arguments with each other, which no profile can "
                                "say");
                if (!r->compared.size && !(left->number && right->number))
                        r->compared = text;
                result.holds = cf_kafel_compare(r->reading->all, left, op, right);
        }
        *left = result;
        return 0;
}

/* '!', a comparison, or a condition in brackets; or, in brackets, a number. */
static int read_unary(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                      struct cf_kafel_value *ret)
{
        struct cf_kafel_value right;
        struct cf_span start = r->token.text;
        int e = 0, op;
        if (r->token.kind != '!') {
                e = read_bits(r, scope, ret);
                op = r->token.kind;
                if (e < 0 || !is_comparison(op))
                        return e;
                e = cf_kafel_advance(r);
                if (e == 0)
                        e = read_bits(r, scope, &right);
                return e < 0 ? e : compare(r, scope, op, &right, ret);
        }
        if (++r->depth > DEPTH_MAX)
                return cf_kafel_refuse(r, -E2BIG, r->token.text,
                                       "too many '!' and brackets around this");
        e = cf_kafel_advance(r);
        if (e == 0)
                e = read_unary(r, scope, ret);
        if (e == 0)
                e = must_be(r, ret, true);
        if (e == 0)
                e = check_depth(r, ret, ret);
        r->depth--;
        if (e < 0)
                return e;
        ret->holds = cf_policy_not(r->reading->all, ret->holds);
        ret->depth++;
        ret->text = around(start, ret->text);
        return 0;
}

/* Conditions joined; one alone may be a number, if it stands in brackets. */
static int join(struct cf_kafel_reader *r, bool either, const struct cf_kafel_value *right,
                struct cf_kafel_value *left)
{
        struct cf_policies *all = r->reading->all;
        int e = must_be(r, left, true);
        if (e == 0)
                e = must_be(r, right, true);
        if (e == 0)
                e = check_depth(r, left, right);
        if (e < 0)
                return e;
        left->holds = either ? cf_policy_or(all, left->holds, right->holds)
                             : cf_policy_and(all, left->holds, right->holds);
        left->depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
        left->text = around(left->text, right->text);
        return 0;
}

static int read_and(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                    struct cf_kafel_value *ret)
{
        struct cf_kafel_value right;
        int e = read_unary(r, scope, ret);
        while (e == 0 && r->token.kind == KAFEL_AND) {
                e = cf_kafel_advance(r);
                if (e == 0)
                        e = read_unary(r, scope, &right);
                if (e == 0)
                        e = join(r, false, &right, ret);
        }
        return e;
}

/* Joined by `mark`, which is '||' or, less closely, ','. */
static int read_or(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope, int mark,
                   struct cf_kafel_value *ret)
{
        struct cf_kafel_value right;
        int e = mark == ',' ? read_or(r, scope, KAFEL_OR, ret) : read_and(r, scope, ret);
        while (e == 0 && r->token.kind == mark) {
                e = cf_kafel_advance(r);
                if (e == 0)
                        e = mark == ',' ? read_or(r, scope, KAFEL_OR, &right)
                                        : read_and(r, scope, &right);
                if (e == 0)
                        e = join(r, true, &right, ret);
        }
        return e;
}

int cf_kafel_read_condition(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                            cf_policy *ret_holds)
{
        struct cf_kafel_value value = {0};
        int e = read_or(r, scope, ',', &value);
        if (e == 0)
                e = must_be(r, &value, true);
        *ret_holds = value.holds;
        return e;
}
