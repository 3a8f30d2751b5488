/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp policies of minijail, as 'minijail0 -S' reads them.
 *
 * Source: minijail's syscall_filter.c, bpf.c and util.c of 2026-07, built as its Makefile does by
 * default. What is blocked kills the thread; with -L, or with threads synchronised by a program
 * that uses the library, it gets something else, which is no part of the text. The lists and
 * defaults of tools/compile_seccomp_policy.py are another language. */
#include <inttypes.h>
#include <string.h>

#include "convert/formats.h"

#define SHOWN_MAX 60          /* bytes of a text in a message */
#define DEPTH_MAX 32          /* of parentheses */
#define INSTRUCTIONS_MAX 4096 /* of the filter that minijail makes */
#define LABELS_MAX 512        /* in it */
#define HEAD_INSTRUCTIONS 5   /* architecture, number, and the end */

struct reader {
        const struct cf_reading *reading;
        struct cf_error *err;
        struct cf_warnings warnings;
        const struct cf_arch *arch;
        const char *text; /* the source's, lines joined where they are continued */
        bool *seen;       /* calls, by their place in the table */
        size_t instructions, labels;
        cf_policy policy; /* of the architecture's calls */
};

static int refuse(struct reader *r, int code, struct cf_span part, const char *what)
{
        return cf_convert_refuse_code(
                r->reading, code, (size_t)(part.data - r->text), part.size, r->err, "%s: '%.*s'",
                what, (int)(part.size < SHOWN_MAX ? part.size : SHOWN_MAX), part.data);
}

static int warn(struct reader *r, struct cf_span part, const char *what)
{
        return cf_convert_warn(r->reading, &r->warnings, (size_t)(part.data - r->text), part.size,
                               r->err, "%s", what);
}

/* Without blanks and tabs at both ends. */
static struct cf_span strip(struct cf_span text)
{
        while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
                text = cf_span_part(text, 1, SIZE_MAX);
        while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
                text.size--;
        return text;
}

/* The next piece of *rest up to a separator, empty or not. */
static struct cf_span cut(struct cf_span *rest, const char *separator)
{
        size_t at = cf_span_find(*rest, cf_span_of(separator));
        struct cf_span piece = cf_span_part(*rest, 0, at);
        *rest = at == SIZE_MAX ? (struct cf_span){NULL, 0}
                               : cf_span_part(*rest, at + strlen(separator), SIZE_MAX);
        return piece;
}

/* The next piece that is not empty, parted by one character. */
static struct cf_span word(struct cf_span *rest, char separator)
{
        struct cf_span piece;
        while (rest->size && rest->data[0] == separator)
                *rest = cf_span_part(*rest, 1, SIZE_MAX);
        piece = cf_span_part(*rest, 0, cf_span_find_byte(*rest, separator));
        *rest = cf_span_part(*rest, piece.size, SIZE_MAX);
        return piece;
}

/* ---- constants ------------------------------------------------------------------------------- */

/* Whose constants count: an argument of a call, or errors. */
struct about {
        const struct cf_syscall *call; /* NULL: errors */
        unsigned arg;
};

/* A name, or a number as strtol(3) reads it. */
static int read_single(struct reader *r, const struct about *about, struct cf_span text,
                       uint64_t *ret_value)
{
        struct cf_span digits = text;
        uint32_t error;
        bool minus = cf_span_starts(text, "-");
        if (!about->call && cf_errno_by_name(text, &error)) {
                *ret_value = error;
                return 0;
        }
        /* The tables of constants are those of x86_64. */
        if (about->call && strcmp(r->arch->name, "x86_64") == 0 &&
            cf_constant_value(about->call, about->arg, text, ret_value))
                return 0;
        if (text.size && ((text.data[0] >= 'A' && text.data[0] <= 'Z') || text.data[0] == '_'))
                return refuse(r, -ENOTSUP, text,
                              "what this constant is for this argument is not known here; write "
                              "its number");
        if (minus || cf_span_starts(text, "+"))
                digits = cf_span_part(text, 1, SIZE_MAX);
        if (!cf_convert_number(digits, ret_value) || (minus && *ret_value > (uint64_t)1 << 63))
                return refuse(r, -EINVAL, text, "no constant");
        if (minus)
                *ret_value = 0 - *ret_value;
        return 0;
}

/* Where the parenthesis that opens the text is closed; SIZE_MAX: nowhere. */
static size_t closing(struct cf_span text)
{
        size_t open = 0;
        for (size_t i = 0; i < text.size; i++) {
                open += text.data[i] == '(';
                if (text.data[i] == ')' && --open == 0)
                        return i;
        }
        return SIZE_MAX;
}

/* Constants joined by '|', each with '~' in front or not, or in parentheses. */
static int read_constant(struct reader *r, const struct about *about, struct cf_span text,
                         unsigned depth, uint64_t *ret_value)
{
        struct cf_span rest = text;
        uint64_t value = 0, one = 0;
        int e = 0;
        if (!text.size)
                return refuse(r, -EINVAL, text, "a constant is missing");
        if (depth > DEPTH_MAX)
                return refuse(r, -E2BIG, text, "too many parentheses");
        while (e == 0 && rest.size) {
                bool negate = rest.data[0] == '~';
                if (negate)
                        rest = cf_span_part(rest, 1, SIZE_MAX);
                if (rest.size && rest.data[0] == '(') {
                        size_t end = closing(rest);
                        if (end == SIZE_MAX)
                                return refuse(r, -EINVAL, rest, "a ')' is missing");
                        e = read_constant(r, about, cf_span_part(rest, 1, end - 1), depth + 1,
                                          &one);
                        rest = cf_span_part(rest, end + 1, SIZE_MAX);
                        if (e == 0 && rest.size && (rest.data[0] != '|' || rest.size == 1))
                                return refuse(r, -EINVAL, rest, "'|' and a constant must follow");
                        rest = cf_span_part(rest, 1, SIZE_MAX);
                } else {
                        struct cf_span single = cf_span_part(rest, 0, cf_span_find_byte(rest, '|'));
                        rest = cf_span_part(rest, single.size + 1, SIZE_MAX);
                        e = read_single(r, about, single, &one);
                }
                value |= negate ? ~one : one;
        }
        *ret_value = value;
        return e;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static int count_instructions(struct reader *r, size_t instructions, size_t labels,
                              struct cf_span part)
{
        r->instructions += instructions;
        r->labels += labels;
        if (r->instructions > INSTRUCTIONS_MAX || r->labels > LABELS_MAX)
                return refuse(r, -EINVAL, part, "too much from here on for minijail's filter");
        return 0;
}

/* "arg0 OP CONSTANT". */
static int read_atom(struct reader *r, const struct cf_syscall *call, struct cf_span text,
                     cf_policy *ret_condition)
{
        static const struct {
                const char *name;
                enum cf_operator op;
        } operators[] = {{"==", CF_EQ}, {"!=", CF_NE}, {"<", CF_LT},
                         {"<=", CF_LE}, {">", CF_GT},  {">=", CF_GE}};
        struct cf_policies *all = r->reading->all;
        struct cf_span rest = text, arg = word(&rest, ' '), op = word(&rest, ' ');
        struct cf_span constant = word(&rest, ' '), extra = word(&rest, ' ');
        struct cf_condition condition = {.mask = UINT64_MAX};
        uint64_t value = 0;
        if (!constant.size || extra.size)
                return refuse(r, -EINVAL, extra.size ? extra : text,
                              extra.size ? "nothing may follow a comparison"
                                         : "no comparison 'argN OPERATOR CONSTANT'");
        if (!cf_span_starts(arg, "arg") || arg.size != 4 || arg.data[3] < '0' || arg.data[3] > '5')
                return refuse(r, -EINVAL, arg, "must be arg0 to arg5");
        condition.arg = (uint8_t)(arg.data[3] - '0');
        int e = read_constant(r, &(struct about){call, condition.arg}, constant, 0, &value);
        if (e < 0)
                return e;
        size_t longer = 0;
        if (cf_span_is(op, "in") || cf_span_is(op, "&")) {
                condition.op = cf_span_is(op, "in") ? CF_EQ : CF_NE;
                condition.mask = cf_span_is(op, "in") ? ~value : value;
        } else {
                for (size_t i = 0; i < CF_COUNT(operators); i++)
                        if (cf_span_is(op, operators[i].name))
                                condition.op = operators[i].op;
                condition.value = value;
                longer = condition.op != CF_EQ && condition.op != CF_NE && value > UINT32_MAX;
        }
        if (!condition.op)
                return refuse(r, -EINVAL, op, "no operator (==, !=, <, <=, >, >=, &, in)");
        *ret_condition = cf_policy_condition(all, &condition);
        return count_instructions(r, 8 + longer, 0, text);
}

/* "return", "return ERROR". What stands behind is passed over. */
static int read_return(struct reader *r, struct cf_span text, uint32_t *ret_value)
{
        struct cf_span rest = text, name = word(&rest, ' '), error = word(&rest, ' ');
        uint64_t value = 0;
        if (!cf_span_starts(name, "return"))
                return refuse(r, -EINVAL, text, "must be 'return' or 'return ERROR'");
        *ret_value = CF_KILL_THREAD;
        if (!error.size)
                return 0;
        int e = read_constant(r, &(struct about){NULL, 0}, error, 0, &value);
        if (e == 0 && (uint32_t)value == UINT32_MAX)
                e = refuse(r, -EINVAL, error, "no error");
        *ret_value = CF_ERRNO | (uint32_t)(value & ~CF_ACTION_MASK);
        return e;
}

/* What a call gets: "1", "return …", or comparisons and perhaps "; return …". */
static int read_answer(struct reader *r, const struct cf_syscall *call, struct cf_span text,
                       cf_policy *ret_answer)
{
        struct cf_policies *all = r->reading->all;
        struct cf_span rest = text, any, otherwise;
        cf_policy holds = CF_POLICY_FALSE, one = CF_POLICY_NONE;
        uint32_t value = CF_KILL_THREAD;
        int e = 0;
        if (cf_span_is(text, "1")) {
                *ret_answer = cf_policy_constant(all, CF_ALLOW);
                return count_instructions(r, 2, 0, text);
        }
        if (cf_span_starts(text, "return")) {
                e = read_return(r, text, &value);
                *ret_answer = cf_policy_constant(all, value);
                return e < 0 ? e : count_instructions(r, 4, 1, text);
        }
        any = word(&rest, ';');
        otherwise = word(&rest, ';');
        size_t groups = 0;
        while (e == 0 && any.size + groups && any.data) {
                struct cf_span group = cut(&any, "||");
                cf_policy both = CF_POLICY_TRUE;
                while (e == 0 && group.data) {
                        e = read_atom(r, call, cut(&group, "&&"), &one);
                        both = cf_policy_and(all, both, one);
                }
                holds = cf_policy_or(all, holds, both);
                groups++;
        }
        if (e == 0 && otherwise.size)
                e = read_return(r, otherwise, &value);
        *ret_answer = cf_policy_choose(all, holds, cf_policy_constant(all, CF_ALLOW),
                                       cf_policy_constant(all, value));
        return e < 0 ? e : count_instructions(r, 6 + 2 * groups, 2 + groups, text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int read_statement(struct reader *r, struct cf_span line)
{
        if (cf_span_starts(line, "@frequency"))
                return warn(r, line, "minijail0 passes over this statement");
        if (cf_span_starts(line, "@include "))
                return refuse(r, -ENOTSUP, line,
                              "where minijail0 will look for this file is not known; put its lines "
                              "here");
        return refuse(r, -EINVAL, line, "minijail0 knows @include and @frequency alone");
}

static int read_line(struct reader *r, struct cf_span line)
{
        struct cf_policies *all = r->reading->all;
        size_t colon = cf_span_find_byte(line, ':');
        struct cf_span name = strip(cf_span_part(line, 0, colon));
        struct cf_span rest =
                strip(cf_span_part(line, colon == SIZE_MAX ? line.size : colon + 1, SIZE_MAX));
        cf_policy answer = CF_POLICY_NONE;
        char text[64];
        uint32_t nr;
        if (!line.size || line.data[0] == '#')
                return 0;
        if (line.data[0] == '@')
                return read_statement(r, line);
        if (colon == SIZE_MAX || !rest.size)
                return refuse(r, -EINVAL, line, "must be 'CALL: 1' or 'CALL: CONDITION'");
        if (name.size && name.data[0] == '{')
                return refuse(r, -EINVAL, name,
                              "one call a line for minijail0; lists are for "
                              "compile_seccomp_policy.py");
        snprintf(text, sizeof(text), "%.*s", (int)(name.size < 63 ? name.size : 63), name.data);
        if (name.size >= sizeof(text) || !cf_syscall_number(r->arch, text, &nr))
                return refuse(r, -EINVAL, name,
                              "the machine has no such call, which minijail0 refuses");
        const struct cf_syscall *call = cf_syscall_by_name(text);
        bool *seen = &r->seen[call - cf_syscall_at(0)];
        if (*seen)
                return refuse(r, -EINVAL, name, "minijail0 refuses a second line for one call");
        *seen = true;
        int e = read_answer(r, call, rest, &answer);
        if (e == 0)
                r->policy = cf_policy_choose(all, cf_policy_equal(all, CF_SLICE_NR, nr), answer,
                                             r->policy);
        return e;
}

/* Lines end at '\n' alone. One that is continued beyond the end is lost. */
static int read_lines(struct reader *r, struct cf_span text)
{
        struct cf_span rest = text;
        int e = 0;
        while (e == 0 && rest.size) {
                size_t end = cf_span_find_byte(rest, '\n');
                struct cf_span line = strip(cf_span_part(rest, 0, end));
                bool last = end == SIZE_MAX;
                if (last && line.size && line.data[line.size - 1] == '\\')
                        return warn(r, line, "is continued beyond the end: minijail0 loses it");
                rest = last ? (struct cf_span){0} : cf_span_part(rest, end + 1, SIZE_MAX);
                e = read_line(r, line);
        }
        return e;
}

/* A copy in which continued lines are one line, and everything stands where it stood. */
static char *join_lines(struct cf_arena *arena, struct cf_span text)
{
        char *copy = cf_arena_copy(arena, text);
        for (size_t i = 0; copy && i + 1 < text.size; i++)
                if (copy[i] == '\\' && copy[i + 1] == '\n') {
                        /* At the very end nothing follows, and the line is lost. */
                        bool more = i + 2 < text.size;
                        copy[i] = more ? ' ' : '\\';
                        copy[i + 1] = ' ';
                        i++;
                }
        return copy;
}

static size_t call_count(void)
{
        size_t count = 0;
        while (cf_syscall_at(count))
                count++;
        return count;
}

int cf_minijail_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                     struct cf_error *err)
{
        struct cf_policies *all = reading->all;
        struct cf_span text = reading->source->text;
        struct reader r = {.reading = reading,
                           .err = err,
                           .arch = reading->circumstances->machine,
                           .text = join_lines(reading->arena, text),
                           .seen = cf_arena_many(reading->arena, call_count(), bool),
                           .instructions = HEAD_INSTRUCTIONS,
                           .policy = cf_policy_constant(all, CF_KILL_THREAD)};
        if (!r.text || !r.seen)
                return cf_convert_no_memory(err);
        if (r.arch->bits != 64)
                return cf_convert_refuse_code(reading, -ENOTSUP, 0, 0, err,
                                              "what minijail does on %s is not known here",
                                              r.arch->name);
        size_t nul = cf_span_find_byte(text, '\0');
        if (nul != SIZE_MAX)
                return cf_convert_refuse(reading, nul, 1, err, "a NUL byte");
        memset(r.seen, 0, call_count() * sizeof(*r.seen));
        int e = read_lines(&r, (struct cf_span){r.text, text.size});
        if (e < 0)
                return e;
        return cf_convert_of_one(reading, r.arch, r.policy, CF_KILL_THREAD, &r.warnings,
                                 ret_converted, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A comparison of some bits: all that must be 0 at once, each that must be 1 alone. */
static void put_masked(struct cf_text *out, const struct cf_condition *c)
{
        const char *between = "";
        uint64_t zero = c->mask & ~c->value;
        if (zero) {
                cf_text_printf(out, "arg%u in 0x%" PRIx64, c->arg, ~zero);
                between = " && ";
        }
        for (unsigned bit = 0; bit < 64; bit++)
                if (c->value >> bit & 1) {
                        cf_text_printf(out, "%sarg%u & 0x%" PRIx64, between, c->arg,
                                       UINT64_C(1) << bit);
                        between = " && ";
                }
}

static void put_clause(struct cf_text *out, const struct cf_clause *clause)
{
        static const char *const operators[] = {
                [CF_NE] = "!=", [CF_LT] = "<",  [CF_LE] = "<=",
                [CF_EQ] = "==", [CF_GE] = ">=", [CF_GT] = ">",
        };
        for (size_t i = 0; i < clause->count; i++) {
                const struct cf_condition *c = &clause->conditions[i];
                cf_text_puts(out, i ? " && " : "");
                if (c->op == CF_MASKED_EQ && c->mask != UINT64_MAX)
                        put_masked(out, c);
                else
                        cf_text_printf(out, "arg%u %s 0x%" PRIx64, c->arg,
                                       operators[c->op == CF_MASKED_EQ ? CF_EQ : c->op], c->value);
        }
}

/* What the call gets when it is not allowed: the one other value of the answer. */
static int find_other(const struct cf_writing *writing, const char *name, cf_policy answer,
                      bool *ret_allows, uint32_t *ret_other, struct cf_error *err)
{
        uint32_t *values;
        size_t count, others = 0;
        int r = cf_policy_values(writing->all, answer, writing->arena, &values, &count, err);
        *ret_allows = false;
        *ret_other = CF_KILL_THREAD;
        for (size_t i = 0; r == 0 && i < count; i++) {
                CF_TEXT struct cf_text text = {0};
                uint32_t action = values[i] & CF_ACTION_MASK;
                if (values[i] == CF_ALLOW) {
                        *ret_allows = true;
                        continue;
                }
                cf_say_value(&text, values[i]);
                if (action != CF_KILL_THREAD && action != CF_ERRNO)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "%s gets '%s', and minijail knows only allowing, "
                                            "errors and killing the thread",
                                            name, text.data ? text.data : "");
                if (others++)
                        return cf_error_set(err, -ENOTSUP, NULL,
                                            "%s is refused in two ways, and minijail has one for a "
                                            "call",
                                            name);
                *ret_other = values[i];
        }
        return r;
}

static int put_call(const struct cf_writing *writing, const char *name, cf_policy answer,
                    struct cf_text *out, struct cf_error *err)
{
        struct cf_clauses clauses = {0};
        bool allows;
        uint32_t other;
        int r = find_other(writing, name, answer, &allows, &other, err);
        if (r < 0 || (!allows && other == CF_KILL_THREAD))
                return r;
        cf_policy allowed = cf_policy_where_value(writing->all, answer, CF_ALLOW);
        if (allowed != CF_POLICY_TRUE && allowed != CF_POLICY_FALSE)
                r = cf_policy_describe(writing->all, allowed, CF_STYLE_PROFILE, writing->arena,
                                       &clauses, err);
        if (r < 0)
                return r == -EINVAL
                               ? cf_error_set(err, -ENOTSUP, NULL,
                                              "what %s gets depends on more than arguments", name)
                               : r;
        cf_text_printf(out, "%s: %s", name, allowed == CF_POLICY_TRUE ? "1" : "");
        for (size_t i = 0; i < clauses.count; i++) {
                cf_text_puts(out, i ? " || " : "");
                put_clause(out, &clauses.clauses[i]);
        }
        if (other != CF_KILL_THREAD)
                cf_text_printf(out, "%sreturn %" PRIu32, allows ? "; " : "", cf_action_data(other));
        cf_text_putc(out, '\n');
        return 0;
}

int cf_minijail_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        const struct cf_arch *arch = writing->arches[0];
        cf_policy rest = cf_policy_of_call(writing->all, writing->policy, arch->token,
                                           cf_syscall_largest(arch) + 1);
        CF_TEXT struct cf_text text = {0};
        uint32_t nr, value;
        int r = 0;
        if (cf_policy_is_constant(writing->all, rest, &value) && value != CF_KILL_THREAD) {
                cf_say_value(&text, value);
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "calls without a rule get '%s', and minijail kills the thread",
                                    text.data ? text.data : "");
        }
        for (size_t i = 0; r == 0 && cf_syscall_of_arch(arch, i, &nr); i++)
                r = put_call(writing, cf_syscall_of_arch(arch, i, &nr)->name,
                             cf_policy_of_call(writing->all, writing->policy, arch->token, nr), out,
                             err);
        return r;
}
