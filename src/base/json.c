/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

struct parser {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_span text;
        size_t at;
        struct cf_error *err;
};

static int fail(struct parser *p, size_t offset, const char *what)
{
        struct cf_place place = cf_source_place(p->source, offset, offset < p->text.size);
        return cf_error_set(p->err, -EINVAL, &place, "not JSON: %s", what);
}

static int no_memory(struct parser *p)
{
        return cf_error_set(p->err, -ENOMEM, NULL, "not enough memory to read '%s'",
                            p->source->path);
}

static void skip_blank(struct parser *p)
{
        while (p->at < p->text.size) {
                char c = p->text.data[p->at];
                if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
                        return;
                p->at++;
        }
}

static char peek(const struct parser *p)
{
        return p->at < p->text.size ? p->text.data[p->at] : '\0';
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t hex4(struct cf_span text, size_t at)
{
        int32_t value = 0;
        if (text.size < 4 || at > text.size - 4)
                return -1;
        for (size_t i = at; i < at + 4; i++) {
                char c = text.data[i];
                int digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : -1;
                if (digit < 0)
                        return -1;
                value = value * 16 + digit;
        }
        return value;
}

static size_t put_char(char *out, uint32_t c)
{
        if (c < 0x80) {
                out[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                out[0] = (char)(0xc0 | (c >> 6));
                out[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                out[0] = (char)(0xe0 | (c >> 12));
                out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
                out[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        out[0] = (char)(0xf0 | (c >> 18));
        out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
        out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
        out[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

/* An escape behind its backslash: p->at is on the letter. Half a surrogate pair reads as U+FFFD,
 * as in Go's encoding/json. */
static int parse_escape(struct parser *p, char *out, size_t *size)
{
        static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        char c = peek(p);
        const char *known = c ? strchr(letters, c) : NULL;
        if (known) {
                out[(*size)++] = values[known - letters];
                p->at++;
                return 0;
        }
        if (c != 'u')
                return fail(p, p->at - 1, "unknown escape in a string");
        int32_t unit = hex4(p->text, p->at + 1);
        if (unit < 0)
                return fail(p, p->at - 1, "\\u needs four hexadecimal digits");
        p->at += 5;
        uint32_t value = (uint32_t)unit;
        if (value >= 0xd800 && value < 0xe000) {
                int32_t low = -1;
                if (value < 0xdc00 && p->at + 6 <= p->text.size && p->text.data[p->at] == '\\' &&
                    p->text.data[p->at + 1] == 'u')
                        low = hex4(p->text, p->at + 2);
                if (low >= 0xdc00 && low < 0xe000) {
                        value = 0x10000 + ((value - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
                        p->at += 6;
                } else {
                        value = 0xfffd;
                }
        }
        *size += put_char(out + *size, value);
        return 0;
}

/* A string, p->at on its opening quote. Its decoded text is never longer than what is written. */
static int parse_string(struct parser *p, struct cf_span *ret_text)
{
        size_t start = p->at++, end = p->at;
        while (end < p->text.size && p->text.data[end] != '"')
                end += p->text.data[end] == '\\' ? 2 : 1;
        if (end >= p->text.size)
                return fail(p, start, "this string does not end");
        char *out = cf_arena_alloc(p->arena, end - p->at + 4);
        if (!out)
                return no_memory(p);
        size_t size = 0;
        while (p->at < end) {
                char c = p->text.data[p->at];
                if ((unsigned char)c < 0x20)
                        return fail(p, p->at,
                                    "control character in a string; write it as an escape");
                p->at++;
                if (c != '\\') {
                        out[size++] = c;
                        continue;
                }
                int r = parse_escape(p, out, &size);
                if (r < 0)
                        return r;
        }
        if (p->at != end)
                return fail(p, start, "this string does not end");
        p->at++;
        *ret_text = (struct cf_span){out, size};
        out[size] = '\0';
        return 0;
}

static size_t skip_digits(struct parser *p)
{
        size_t start = p->at;
        while (peek(p) >= '0' && peek(p) <= '9')
                p->at++;
        return p->at - start;
}

static int parse_number(struct parser *p, struct cf_json *value)
{
        size_t start = p->at;
        if (peek(p) == '-')
                p->at++;
        char first = peek(p);
        size_t digits = skip_digits(p);
        if (digits == 0)
                return fail(p, start, "expected a value");
        if (first == '0' && digits > 1)
                return fail(p, start, "a number must not start with 0");
        if (peek(p) == '.') {
                p->at++;
                if (skip_digits(p) == 0)
                        return fail(p, p->at, "expected a digit behind the decimal point");
        }
        if (peek(p) == 'e' || peek(p) == 'E') {
                p->at++;
                if (peek(p) == '+' || peek(p) == '-')
                        p->at++;
                if (skip_digits(p) == 0)
                        return fail(p, p->at, "expected a digit in the exponent");
        }
        value->type = CF_JSON_NUMBER;
        value->text.size = p->at - start;
        value->text.data = cf_arena_copy(p->arena, cf_span_part(p->text, start, p->at - start));
        return value->text.data ? 0 : no_memory(p);
}

static int parse_word(struct parser *p, struct cf_json *value)
{
        static const struct {
                const char *word;
                enum cf_json_type type;
                bool boolean;
        } words[] = {{"true", CF_JSON_BOOL, true},
                     {"false", CF_JSON_BOOL, false},
                     {"null", CF_JSON_NULL, false}};
        struct cf_span rest = cf_span_part(p->text, p->at, SIZE_MAX);
        for (size_t i = 0; i < CF_COUNT(words); i++) {
                if (!cf_span_starts(rest, words[i].word))
                        continue;
                value->type = words[i].type;
                value->boolean = words[i].boolean;
                p->at += strlen(words[i].word);
                return 0;
        }
        return rest.size == 0 ? fail(p, p->at, "expected a value, but the text ends")
                              : fail(p, p->at, "expected a value");
}

static int parse_value(struct parser *p, unsigned depth, struct cf_json *value);

static int parse_key(struct parser *p, struct cf_json *child)
{
        if (peek(p) != '"')
                return fail(p, p->at,
                            peek(p) == '}' ? "a comma before '}'"
                                           : "expected a key in double quotes");
        child->key_offset = p->at;
        int r = parse_string(p, &child->key);
        if (r < 0)
                return r;
        child->key_length = p->at - child->key_offset;
        skip_blank(p);
        if (peek(p) != ':')
                return fail(p, p->at, "expected ':' behind the key");
        p->at++;
        skip_blank(p);
        return 0;
}

/* An array or object; p->at is on its opening bracket. */
static int parse_children(struct parser *p, unsigned depth, struct cf_json *value)
{
        bool object = peek(p) == '{';
        char closing = object ? '}' : ']';
        struct cf_json **end = &value->first;
        value->type = object ? CF_JSON_OBJECT : CF_JSON_ARRAY;
        size_t start = p->at++;
        skip_blank(p);
        while (peek(p) != closing || value->count > 0) {
                struct cf_json *child = cf_arena_one(p->arena, struct cf_json);
                if (!child)
                        return no_memory(p);
                int r = object ? parse_key(p, child) : 0;
                if (r == 0)
                        r = parse_value(p, depth + 1, child);
                if (r < 0)
                        return r;
                *end = child;
                end = &child->next;
                value->count++;
                skip_blank(p);
                if (peek(p) == closing)
                        break;
                if (p->at >= p->text.size)
                        return fail(p, start,
                                    object ? "this '{' is not closed" : "this '[' is not closed");
                if (peek(p) != ',')
                        return fail(p, p->at,
                                    object ? "expected ',' or '}'" : "expected ',' or ']'");
                p->at++;
                skip_blank(p);
        }
        p->at++;
        return 0;
}

static int parse_value(struct parser *p, unsigned depth, struct cf_json *value)
{
        value->offset = p->at;
        int r;
        if (depth > CF_JSON_DEPTH) {
                struct cf_place place = cf_source_place(p->source, p->at, 1);
                return cf_error_set(p->err, -E2BIG, &place, "nested deeper than %d levels",
                                    CF_JSON_DEPTH);
        }
        switch (peek(p)) {
        case '{':
        case '[':
                r = parse_children(p, depth, value);
                break;
        case '"':
                value->type = CF_JSON_STRING;
                r = parse_string(p, &value->text);
                break;
        case '-':
        case '0' ... '9':
                r = parse_number(p, value);
                break;
        default:
                r = parse_word(p, value);
        }
        value->length = p->at - value->offset;
        return r;
}

int cf_json_parse(struct cf_arena *arena, const struct cf_source *source,
                  struct cf_json **ret_value, struct cf_error *err)
{
        struct parser p = {arena, source, source->text, 0, err};
        struct cf_json *value = cf_arena_one(arena, struct cf_json);
        if (!value)
                return no_memory(&p);
        skip_blank(&p);
        int r = parse_value(&p, 1, value);
        if (r < 0)
                return r;
        skip_blank(&p);
        if (p.at < p.text.size)
                return fail(&p, p.at, "more text behind the value");
        *ret_value = value;
        return 0;
}

/* ---- looking things up -------------------------------------------------------------------- */

const struct cf_json *cf_json_get(const struct cf_json *object, const char *key)
{
        const struct cf_json *found = NULL;
        if (!object || object->type != CF_JSON_OBJECT)
                return NULL;
        for (const struct cf_json *child = object->first; child; child = child->next)
                if (cf_span_is(child->key, key))
                        found = child;
        return found;
}

const struct cf_json *cf_json_get_nocase(const struct cf_json *object, const char *key)
{
        const struct cf_json *found = cf_json_get(object, key);
        if (found || !object || object->type != CF_JSON_OBJECT)
                return found;
        for (const struct cf_json *child = object->first; child; child = child->next)
                if (cf_span_equal_nocase(child->key, cf_span_of(key)))
                        found = child;
        return found;
}

const char *cf_json_string(const struct cf_json *value)
{
        return value && value->type == CF_JSON_STRING ? value->text.data : NULL;
}

bool cf_json_true(const struct cf_json *value)
{
        return value && value->type == CF_JSON_BOOL && value->boolean;
}

int cf_json_uint(const struct cf_json *value, uint64_t *ret_number)
{
        uint64_t number = 0;
        if (!value || value->type != CF_JSON_NUMBER)
                return -ERANGE;
        for (size_t i = 0; i < value->text.size; i++) {
                char c = value->text.data[i];
                if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
                    __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
                        return -ERANGE;
        }
        *ret_number = number;
        return 0;
}

int cf_json_int(const struct cf_json *value, int64_t *ret_number)
{
        if (!value || value->type != CF_JSON_NUMBER)
                return -ERANGE;
        bool negative = value->text.data[0] == '-';
        struct cf_json magnitude = *value;
        magnitude.text = cf_span_part(value->text, negative, SIZE_MAX);
        uint64_t number;
        if (cf_json_uint(&magnitude, &number) < 0 || number > (uint64_t)INT64_MAX + negative)
                return -ERANGE;
        *ret_number = negative ? (int64_t)(0 - number) : (int64_t)number;
        return 0;
}

const char *cf_json_type_name(enum cf_json_type type)
{
        static const char *const names[] = {
                [CF_JSON_NULL] = "null",     [CF_JSON_BOOL] = "boolean",
                [CF_JSON_NUMBER] = "number", [CF_JSON_STRING] = "string",
                [CF_JSON_ARRAY] = "array",   [CF_JSON_OBJECT] = "object",
        };
        return names[type];
}

/* ---- writing ------------------------------------------------------------------------------ */

static void break_line(struct cf_json_writer *writer)
{
        if (writer->indent == 0 && !writer->tabs)
                return;
        cf_text_putc(writer->out, '\n');
        cf_text_repeat(writer->out, writer->tabs ? '\t' : ' ',
                       (size_t)(writer->tabs ? 1 : writer->indent) * writer->depth);
}

/* What comes before a value or key at this point. */
static void separate(struct cf_json_writer *writer)
{
        if (writer->after_key) {
                writer->after_key = false;
                return;
        }
        if (writer->depth == 0)
                return;
        if (writer->filled[writer->depth - 1])
                cf_text_putc(writer->out, ',');
        writer->filled[writer->depth - 1] = true;
        break_line(writer);
}

void cf_json_open(struct cf_json_writer *writer, char bracket)
{
        assert(writer->depth < CF_JSON_DEPTH);
        separate(writer);
        cf_text_putc(writer->out, bracket);
        writer->filled[writer->depth++] = false;
}

void cf_json_close(struct cf_json_writer *writer, char bracket)
{
        assert(writer->depth > 0);
        bool filled = writer->filled[--writer->depth];
        if (filled)
                break_line(writer);
        cf_text_putc(writer->out, bracket);
}

static void put_quoted(struct cf_text *out, struct cf_span text)
{
        cf_text_putc(out, '"');
        while (text.size) {
                uint32_t c;
                size_t size = cf_utf8_next(text, &c);
                if (c == '"' || c == '\\')
                        cf_text_printf(out, "\\%c", (char)c);
                else if (c == '\n')
                        cf_text_puts(out, "\\n");
                else if (c == '\t')
                        cf_text_puts(out, "\\t");
                else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
                        cf_text_printf(out, "\\u%04x", (unsigned)c);
                else if (c == 0xfffd && size == 1)
                        cf_text_puts(out, "\xef\xbf\xbd");
                else
                        cf_text_add(out, cf_span_part(text, 0, size));
                text = cf_span_part(text, size, SIZE_MAX);
        }
        cf_text_putc(out, '"');
}

void cf_json_key(struct cf_json_writer *writer, const char *key)
{
        cf_json_key_span(writer, cf_span_of(key));
}

void cf_json_key_span(struct cf_json_writer *writer, struct cf_span key)
{
        separate(writer);
        put_quoted(writer->out, key);
        cf_text_puts(writer->out, writer->indent || writer->tabs ? ": " : ":");
        writer->after_key = true;
}

void cf_json_put_span(struct cf_json_writer *writer, struct cf_span text)
{
        separate(writer);
        put_quoted(writer->out, text);
}

void cf_json_put_string(struct cf_json_writer *writer, const char *text)
{
        if (text)
                cf_json_put_span(writer, cf_span_of(text));
        else
                cf_json_put_null(writer);
}

void cf_json_put_uint(struct cf_json_writer *writer, uint64_t number)
{
        separate(writer);
        cf_text_printf(writer->out, "%" PRIu64, number);
}

void cf_json_put_int(struct cf_json_writer *writer, int64_t number)
{
        separate(writer);
        cf_text_printf(writer->out, "%" PRId64, number);
}

void cf_json_put_double(struct cf_json_writer *writer, double number)
{
        separate(writer);
        if (isfinite(number))
                cf_text_printf(writer->out, "%.6g", number);
        else
                cf_text_puts(writer->out, "null");
}

void cf_json_put_bool(struct cf_json_writer *writer, bool value)
{
        separate(writer);
        cf_text_puts(writer->out, value ? "true" : "false");
}

void cf_json_put_null(struct cf_json_writer *writer)
{
        separate(writer);
        cf_text_puts(writer->out, "null");
}

/* As deep as was read: CF_JSON_DEPTH. */
void cf_json_put_value(struct cf_json_writer *writer, const struct cf_json *value)
{
        bool object = value->type == CF_JSON_OBJECT;
        switch (value->type) {
        case CF_JSON_NULL:
                cf_json_put_null(writer);
                return;
        case CF_JSON_BOOL:
                cf_json_put_bool(writer, value->boolean);
                return;
        case CF_JSON_STRING:
                cf_json_put_span(writer, value->text);
                return;
        case CF_JSON_NUMBER:
                separate(writer);
                cf_text_add(writer->out, value->text);
                return;
        case CF_JSON_ARRAY:
        case CF_JSON_OBJECT:
                break;
        }
        cf_json_open(writer, object ? '{' : '[');
        for (const struct cf_json *item = value->first; item; item = item->next) {
                if (object)
                        cf_json_key_span(writer, item->key);
                cf_json_put_value(writer, item);
        }
        cf_json_close(writer, object ? '}' : ']');
}
