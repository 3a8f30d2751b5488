/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of kafel, see kafel.h. */
#include <string.h>

#include "convert/kafel.h"

static const struct {
        const char *name;
        int kind;
} words[] = {
        {"SYSCALL", KAFEL_SYSCALL},
        {"ALLOW", KAFEL_ALLOW},
        {"LOG", KAFEL_LOG},
        {"USER_NOTIF", KAFEL_USER_NOTIF},
        {"ERRNO", KAFEL_ERRNO},
        {"KILL_PROCESS", KAFEL_KILL_PROCESS},
        {"KILL_THREAD", KAFEL_KILL_THREAD},
        {"KILL", KAFEL_KILL},
        {"DENY", KAFEL_DENY},
        {"TRAP", KAFEL_TRAP},
        {"TRACE", KAFEL_TRACE},
        {"USE", KAFEL_USE},
        {"POLICY", KAFEL_POLICY},
        {"DEFAULT", KAFEL_DEFAULT},
        {"ON", KAFEL_ON},
        {"define", KAFEL_DEFINE},
};

static const struct {
        const char *text;
        int kind;
} pairs[] = {{"||", KAFEL_OR}, {"&&", KAFEL_AND}, {"==", KAFEL_EQ},
             {"!=", KAFEL_NE}, {"<=", KAFEL_LE},  {">=", KAFEL_GE}};

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* The digit's value; 16 and more: it is none. */
static unsigned digit_of(char c)
{
        if (is_digit(c))
                return (unsigned)(c - '0');
        if (c >= 'a' && c <= 'f')
                return (unsigned)(c - 'a') + 10;
        return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* The size of a comment; 0: it has no end. A '*' goes together with what follows it, so that of
 * two before '/' none ends the comment. */
static size_t comment_size(struct cf_span text)
{
        size_t at = 2;
        while (at + 1 < text.size) {
                if (text.data[at] != '*')
                        at++;
                else if (text.data[at + 1] == '/')
                        return at + 2;
                else
                        at += 2;
        }
        return 0;
}

/* The size of an "#include" that names no file, which does nothing; 0: it names one. */
static size_t empty_include_size(struct cf_span text)
{
        size_t end = sizeof("#include") - 1;
        while (end < text.size && (text.data[end] == ' ' || text.data[end] == '\t'))
                end++;
        return end < text.size && (text.data[end] == '\n' || text.data[end] == ';') ? end + 1 : 0;
}

/* Passes over blanks and comments. */
static void skip(struct cf_span *rest, struct cf_kafel_token *token)
{
        while (rest->size) {
                size_t size = 0;
                if (strchr(" \t\n", rest->data[0]) && rest->data[0])
                        size = 1;
                else if (cf_span_starts(*rest, "//"))
                        size = cf_span_find_byte(*rest, '\n');
                else if (cf_span_starts(*rest, "#include"))
                        size = empty_include_size(*rest);
                else if (cf_span_starts(*rest, "/*") && !(size = comment_size(*rest)))
                        *token = (struct cf_kafel_token){
                                .kind = KAFEL_WRONG,
                                .text = cf_span_part(*rest, 0, 2),
                                .wrong = "this comment has no end (for kafel '**/' is none)"};
                if (!size)
                        return;
                *rest = cf_span_part(*rest, size, SIZE_MAX);
        }
}

/* Digits of a base from *at on. False: too large a number. */
static bool read_digits(struct cf_span text, size_t *at, unsigned base, uint64_t *number)
{
        bool fits = true;
        for (; *at < text.size && digit_of(text.data[*at]) < base; ++*at)
                fits = fits && !__builtin_mul_overflow(*number, (uint64_t)base, number) &&
                       !__builtin_add_overflow(*number, (uint64_t)digit_of(text.data[*at]), number);
        return fits;
}

static void read_number(struct cf_span rest, struct cf_kafel_token *token)
{
        bool minus = rest.data[0] == '-', fits;
        char second = rest.size > 1 ? rest.data[1] : ' ';
        char third = rest.size > 2 ? rest.data[2] : ' ';
        size_t end = minus;
        token->kind = KAFEL_NUMBER;
        if (rest.data[0] == '0' && second == 'x' && digit_of(third) < 16) {
                end = 2;
                fits = read_digits(rest, &end, 16, &token->number);
        } else if (rest.data[0] == '0' && second == 'b' && digit_of(third) < 2) {
                end = 2;
                fits = read_digits(rest, &end, 2, &token->number);
        } else if (rest.data[0] == '0') {
                fits = read_digits(rest, &end, 8, &token->number);
                if (end < rest.size && is_digit(rest.data[end]))
                        token->wrong = "kafel reads octal digits up to here and drops the rest";
                while (end < rest.size && is_digit(rest.data[end]))
                        end++;
        } else {
                fits = read_digits(rest, &end, 10, &token->number);
        }
        token->text = cf_span_part(rest, 0, end);
        if (minus)
                token->number = 0 - token->number;
        if (!fits) {
                token->kind = KAFEL_WRONG;
                token->wrong = "a number that does not fit in 64 bits";
        }
}

static size_t name_size(struct cf_span text)
{
        size_t size = text.size && is_letter(text.data[0]);
        while (size && size < text.size &&
               (is_letter(text.data[size]) || is_digit(text.data[size]) || text.data[size] == '_'))
                size++;
        return size;
}

static int kind_of_name(struct cf_span text)
{
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_is(text, words[i].name))
                        return words[i].kind;
        return KAFEL_NAME;
}

bool cf_kafel_is_name(struct cf_span text)
{
        return text.size && name_size(text) == text.size && kind_of_name(text) == KAFEL_NAME;
}

static void read_mark(struct cf_span rest, struct cf_kafel_token *token)
{
        token->text = cf_span_part(rest, 0, 1);
        for (size_t i = 0; i < CF_COUNT(pairs); i++)
                if (cf_span_starts(rest, pairs[i].text)) {
                        token->kind = pairs[i].kind;
                        token->text = cf_span_part(rest, 0, 2);
                        return;
                }
        token->kind = (unsigned char)rest.data[0];
        if (rest.data[0] && strchr("|&<>[](){},!#", rest.data[0]))
                return;
        token->kind = KAFEL_WRONG;
        token->wrong = rest.data[0] == '\r' ? "kafel refuses carriage returns"
                                            : "kafel refuses this character";
}

void cf_kafel_next(struct cf_span *rest, struct cf_kafel_token *ret_token)
{
        struct cf_kafel_token token = {.kind = KAFEL_END};
        skip(rest, &token);
        if (token.kind != KAFEL_WRONG) {
                size_t size = name_size(*rest);
                bool minus = rest->size > 1 && rest->data[0] == '-' && rest->data[1] >= '1' &&
                             rest->data[1] <= '9';
                token.text = cf_span_part(*rest, 0, size);
                if (size) {
                        token.kind = kind_of_name(token.text);
                } else if (cf_span_starts(*rest, "#include")) {
                        token.kind = KAFEL_INCLUDE;
                        token.text = cf_span_part(*rest, 0, 8);
                } else if (rest->size && (minus || is_digit(rest->data[0]))) {
                        read_number(*rest, &token);
                } else if (rest->size) {
                        read_mark(*rest, &token);
                }
        }
        *rest = cf_span_part(*rest, token.text.size, SIZE_MAX);
        *ret_token = token;
}
