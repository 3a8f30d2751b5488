/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as they are typed: "personality(arg0 == 0x40000)". The grammar stands in profile.h. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/spelling.h"
#include "base/vec.h"
#include "profile/profile.h"

#define CONDITIONS_MAX 16 /* of one rule */
#define NEAR 2            /* letters that may be wrong, missing or too many */
#define WORD_MAX 80       /* bytes of a word in a message */

struct parser {
        struct cf_arena *arena;
        const char *what; /* "--allow"; NULL: the text is a part of … */
        const struct cf_source *source;
        struct cf_span text;
        size_t at;
        struct cf_error *err;
        const struct cf_syscall *call;
        CF_VEC(struct cf_condition) conditions;
};

/* Says what is wrong at byte `at`. -EINVAL. */
CF_PRINTF(3, 4)
static int refuse(struct parser *p, size_t at, const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        unsigned column = 1;
        CF_TEXT struct cf_text shown = {0};
        va_list list;
        va_start(list, format);
        vsnprintf(message, sizeof(message), format, list);
        va_end(list);
        for (size_t i = 0; i < at && i < p->text.size; i++)
                column += (p->text.data[i] & 0xc0) != 0x80;
        if (p->source) {
                size_t offset = (size_t)(p->text.data - p->source->text.data) + at;
                struct cf_place place = cf_source_place(p->source, offset, 0);
                return cf_error_set(p->err, -EINVAL, &place, "%s", message);
        }
        cf_text_add_visible(&shown, p->text);
        return cf_error_set(p->err, -EINVAL, NULL, "%s '%s': column %u: %s", p->what,
                            shown.data ? shown.data : "", column, message);
}

static int no_memory(struct parser *p)
{
        return cf_error_set(p->err, -ENOMEM, NULL, "not enough memory");
}

/* ---- words ----------------------------------------------------------------------------------
 */

static char byte_at(const struct parser *p, size_t at)
{
        return at < p->text.size ? p->text.data[at] : '\0';
}

static void skip_blanks(struct parser *p)
{
        while (byte_at(p, p->at) == ' ' || byte_at(p, p->at) == '\t' || byte_at(p, p->at) == '\n')
                p->at++;
}

/* Takes these bytes if they are next. */
static bool take(struct parser *p, const char *token)
{
        skip_blanks(p);
        struct cf_span rest = cf_span_part(p->text, p->at, SIZE_MAX);
        if (!cf_span_starts(rest, token))
                return false;
        p->at += strlen(token);
        return true;
}

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

/* Letters, digits and '_'; empty when something else is next. */
static struct cf_span take_word(struct parser *p)
{
        skip_blanks(p);
        size_t start = p->at;
        while (is_word(byte_at(p, p->at)))
                p->at++;
        return cf_span_part(p->text, start, p->at - start);
}

static int shown(struct cf_span word)
{
        return (int)(word.size < WORD_MAX ? word.size : WORD_MAX);
}

/* The nearest of several words so far. */
struct guess {
        struct cf_span word;
        const char *best;
        unsigned least;
};

static void look(struct guess *guess, const char *candidate)
{
        unsigned far = cf_spelling_distance(guess->word, cf_span_of(candidate), NEAR);
        if (far > NEAR || (guess->best && far >= guess->least) || far >= strlen(candidate))
                return;
        guess->best = candidate;
        guess->least = far;
}

static int refuse_word(struct parser *p, size_t at, const char *message, const struct guess *guess)
{
        char near[2 * WORD_MAX] = "";
        if (guess->best)
                snprintf(near, sizeof(near), " (did you mean %s?)", guess->best);
        return refuse(p, at, "%s '%.*s'%s", message, shown(guess->word), guess->word.data, near);
}

/* ---- values ---------------------------------------------------------------------------------
 */

static unsigned bits_of(const struct cf_syscall *call, unsigned arg)
{
        return cf_argument_bits(cf_arch_by_name("x86_64"), call, arg);
}

static uint64_t all_bits(unsigned bits)
{
        return UINT64_MAX >> (64 - bits);
}

static const char *argument_name(const struct cf_syscall *call, unsigned arg)
{
        static const char *const plain[] = {"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"};
        return call->argument_count > (int)arg ? call->arguments[arg].name : plain[arg];
}

/* 40, 0x28, 050, 0b101000 */
static bool read_number(struct cf_span word, uint64_t *ret_number)
{
        unsigned base = 10;
        uint64_t number = 0;
        if (word.size > 2 && word.data[0] == '0' && (word.data[1] | 0x20) == 'x')
                base = 16;
        else if (word.size > 2 && word.data[0] == '0' && (word.data[1] | 0x20) == 'b')
                base = 2;
        else if (word.size > 1 && word.data[0] == '0')
                base = 8;
        for (size_t i = base == 16 || base == 2 ? 2 : 0; i < word.size; i++) {
                char c = (char)(word.data[i] | 0x20);
                unsigned digit = isdigit((unsigned char)word.data[i])
                                         ? (unsigned)(word.data[i] - '0')
                                 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                        : 16;
                if (digit >= base || number > (UINT64_MAX - digit) / base)
                        return false;
                number = number * base + digit;
        }
        *ret_number = number;
        return word.size > 0;
}

/* A number or a constant, with - or ~ in front. */
static int parse_term(struct parser *p, unsigned arg, uint64_t *ret_value)
{
        bool minus = take(p, "-"), not = !minus && take(p, "~");
        struct guess guess = {.word = take_word(p)};
        size_t at = p->at - guess.word.size;
        const struct cf_constant *known;
        uint64_t value;
        if (!guess.word.size)
                return refuse(p, at, "a number or a constant is missing here");
        if (isdigit((unsigned char)guess.word.data[0])) {
                if (!read_number(guess.word, &value))
                        return refuse(p, at, "'%.*s' is no number of 64 bits", shown(guess.word),
                                      guess.word.data);
        } else if (!cf_constant_value(p->call, arg, guess.word, &value)) {
                for (size_t i = 0; (known = cf_argument_constant(p->call, arg, i, NULL)); i++)
                        look(&guess, known->name);
                char message[2 * WORD_MAX];
                snprintf(message, sizeof(message), "no constant of %s's %s is known as",
                         p->call->name, argument_name(p->call, arg));
                return refuse_word(p, at, message, &guess);
        }
        *ret_value = minus ? 0 - value : not ? ~value : value;
        return 0;
}

/* '|' or '&', but not twice */
static bool take_single(struct parser *p, const char *token)
{
        skip_blanks(p);
        return byte_at(p, p->at + 1) != token[0] && take(p, token);
}

/* Several terms, joined by '|': cut to the argument's width when they are negative. */
static int parse_value(struct parser *p, unsigned arg, uint64_t *ret_value)
{
        uint64_t value = 0, term = 0;
        bool braces = take(p, "(");
        skip_blanks(p);
        size_t at = p->at;
        do {
                int r = parse_term(p, arg, &term);
                if (r < 0)
                        return r;
                value |= term;
        } while (take_single(p, "|"));
        if (braces && !take(p, ")"))
                return refuse(p, p->at, "')' is missing here");
        unsigned bits = bits_of(p->call, arg);
        uint64_t all = all_bits(bits);
        if (value > all && (value | all) == UINT64_MAX && value >> (bits - 1) & 1)
                value &= all;
        if (value > all)
                return refuse(p, at, "%s is %u bits wide: it never is 0x%" PRIx64,
                              argument_name(p->call, arg), bits, value);
        *ret_value = value;
        return 0;
}

/* ---- conditions -----------------------------------------------------------------------------
 */

/* "clone_flags" is called "flags", too, where no other argument's name ends so. */
static bool is_tail(const char *name, struct cf_span word)
{
        size_t size = strlen(name);
        return size > word.size + 1 && name[size - word.size - 1] == '_' &&
               memcmp(name + size - word.size, word.data, word.size) == 0;
}

static int parse_argument(struct parser *p, unsigned *ret_arg)
{
        struct guess guess = {.word = take_word(p)};
        size_t at = p->at - guess.word.size;
        unsigned count =
                p->call->argument_count < 0 ? CF_POLICY_ARGS : (unsigned)p->call->argument_count;
        unsigned tails = 0;
        struct cf_span word = guess.word;
        if (!word.size)
                return refuse(p, at, "an argument of %s is missing here", p->call->name);
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++) {
                char number[8];
                snprintf(number, sizeof(number), "arg%u", i);
                if (cf_span_is(word, number) && i >= count)
                        return refuse(p, at, "%s has %u %s", p->call->name, count,
                                      count == 1 ? "argument" : "arguments");
                if (cf_span_is(word, number) || (p->call->argument_count > (int)i &&
                                                 cf_span_is(word, argument_name(p->call, i)))) {
                        *ret_arg = i;
                        return 0;
                }
        }
        for (unsigned i = 0; p->call->argument_count > 0 && i < count; i++) {
                look(&guess, argument_name(p->call, i));
                if (is_tail(argument_name(p->call, i), word)) {
                        *ret_arg = i;
                        tails++;
                }
        }
        if (tails == 1)
                return 0;
        char message[2 * WORD_MAX];
        snprintf(message, sizeof(message), "%s has no argument", p->call->name);
        return refuse_word(p, at, message, &guess);
}

static bool take_operator(struct parser *p, enum cf_operator *ret_op)
{
        static const struct {
                const char *token;
                enum cf_operator op;
        } operators[] = {{"==", CF_EQ}, {"!=", CF_NE}, {"<=", CF_LE},
                         {">=", CF_GE}, {"<", CF_LT},  {">", CF_GT}};
        for (size_t i = 0; i < CF_COUNT(operators); i++)
                if (take(p, operators[i].token)) {
                        *ret_op = operators[i].op;
                        return true;
                }
        return false;
}

/* ARGUMENT OP VALUE; (ARGUMENT & MASK) OP VALUE; ARGUMENT & MASK: some bit is set. */
static int parse_condition(struct parser *p)
{
        struct cf_condition c = {.op = CF_EQ, .mask = UINT64_MAX};
        bool braces = take(p, "("), masked;
        skip_blanks(p);
        size_t at = p->at;
        unsigned arg = 0;
        int r = parse_argument(p, &arg);
        c.arg = (uint8_t)arg;
        masked = r == 0 && take_single(p, "&");
        if (masked)
                r = parse_value(p, arg, &c.mask);
        if (r < 0)
                return r;
        if (braces && !take(p, ")"))
                return refuse(p, p->at, "')' is missing here");
        skip_blanks(p);
        size_t op_at = p->at;
        if (!take_operator(p, &c.op)) {
                if (!masked)
                        return refuse(p, p->at,
                                      byte_at(p, p->at) == '='
                                              ? "write == for 'equal'"
                                              : "a comparison is missing here: ==, !=, "
                                                "<, <=, > or >=");
                c.op = CF_NE;
                c.value = 0;
        } else if (masked && !braces) {
                return refuse(p, op_at, "write (%s & MASK) in parentheses: in C '&' comes last",
                              argument_name(p->call, arg));
        } else {
                r = parse_value(p, arg, &c.value);
                if (r < 0)
                        return r;
        }
        if ((c.op == CF_EQ || c.op == CF_NE) && c.value & ~c.mask)
                return refuse(p, at, "the value has bits that the mask takes away: this %s holds",
                              c.op == CF_EQ ? "never" : "always");
        if (p->conditions.count >= CONDITIONS_MAX)
                return refuse(p, at, "a rule has at most %d conditions", CONDITIONS_MAX);
        return cf_vec_push(p->arena, &p->conditions, c) < 0 ? no_memory(p) : 0;
}

static int parse_name(struct parser *p)
{
        struct guess guess = {.word = take_word(p)};
        size_t at = p->at - guess.word.size;
        const struct cf_syscall *known;
        char name[WORD_MAX];
        if (!guess.word.size)
                return refuse(p, at, "the name of a system call is missing here");
        snprintf(name, sizeof(name), "%.*s", shown(guess.word), guess.word.data);
        p->call = guess.word.size < WORD_MAX ? cf_syscall_by_name(name) : NULL;
        for (size_t i = 0; !p->call && (known = cf_syscall_at(i)); i++)
                look(&guess, known->name);
        return p->call ? 0 : refuse_word(p, at, "there is no system call", &guess);
}

static int parse_rule(struct parser *p, struct cf_call_rule *ret_rule)
{
        skip_blanks(p);
        size_t start = p->at;
        int r = parse_name(p);
        p->conditions.items = NULL;
        p->conditions.count = p->conditions.capacity = 0;
        if (r == 0 && take(p, "(") && !take(p, ")")) {
                do
                        r = parse_condition(p);
                while (r == 0 && take(p, "&&"));
                if (r == 0 && take(p, "||"))
                        r = refuse(p, p->at - 2, "'||' is no part of a rule: write a rule each");
                if (r == 0 && !take(p, ")"))
                        r = refuse(p, p->at, "'&&' or ')' is missing here");
        }
        if (r < 0)
                return r;
        *ret_rule = (struct cf_call_rule){
                .call = p->call,
                .conditions = p->conditions.items,
                .condition_count = p->conditions.count,
                .text = cf_span_trim(cf_span_part(p->text, start, p->at - start)),
        };
        return 0;
}

static int read_rules(struct parser p, const struct cf_call_rule **ret_rules, size_t *ret_count)
{
        CF_VEC(struct cf_call_rule) rules = {0};
        if (p.text.size > CF_CALL_RULES_TEXT_MAX)
                return cf_error_set(p.err, -E2BIG, NULL, "%s: more than %zu bytes of rules",
                                    p.source ? p.source->path : p.what, CF_CALL_RULES_TEXT_MAX);
        do {
                struct cf_call_rule rule;
                int r = parse_rule(&p, &rule);
                if (r < 0)
                        return r;
                if (cf_vec_push(p.arena, &rules, rule) < 0)
                        return no_memory(&p);
        } while (take(&p, ","));
        skip_blanks(&p);
        if (p.at < p.text.size)
                return refuse(&p, p.at, "',' and another rule, or the end, is missing here");
        *ret_rules = rules.items;
        *ret_count = rules.count;
        return 0;
}

int cf_call_rules_read(struct cf_arena *arena, const char *what, struct cf_span text,
                       const struct cf_call_rule **ret_rules, size_t *ret_count,
                       struct cf_error *err)
{
        return read_rules((struct parser){.arena = arena, .what = what, .text = text, .err = err},
                          ret_rules, ret_count);
}

int cf_call_rules_read_in(struct cf_arena *arena, const struct cf_source *source,
                          struct cf_span text, const struct cf_call_rule **ret_rules,
                          size_t *ret_count, struct cf_error *err)
{
        return read_rules(
                (struct parser){.arena = arena, .source = source, .text = text, .err = err},
                ret_rules, ret_count);
}

/* The comparison as the kernel means it, which drops the bits above the argument's own. One that
 * lets calls through may ask for all 64 where that leaves out only calls with bits that no honest
 * caller sets: then it can be said in one entry. */
static struct cf_condition as_kernel(const struct cf_call_rule *rule, struct cf_condition c,
                                     bool lets_through)
{
        unsigned bits = bits_of(rule->call, c.arg);
        bool safe = c.op == CF_EQ || c.op == CF_LT || c.op == CF_LE;
        bool positive = !(c.value >> (bits - 1));
        if (bits < 64 && !(lets_through && safe && positive))
                c.mask &= all_bits(bits);
        return c;
}

cf_policy cf_call_rule_condition(struct cf_policies *all, const struct cf_call_rule *rule,
                                 uint32_t value)
{
        cf_policy when = CF_POLICY_TRUE;
        bool lets_through = cf_action_rank(value) > cf_action_rank(CF_ERRNO);
        for (size_t i = 0; i < rule->condition_count; i++) {
                struct cf_condition c = as_kernel(rule, rule->conditions[i], lets_through);
                when = cf_policy_and(all, when, cf_policy_condition(all, &c));
        }
        return when;
}
