/* SPDX-License-Identifier: Apache-2.0 */
/* .env files, as Compose reads them (compose-go's dotenv package). */
#include <string.h>

#include "base/text.h"
#include "manifest/compose.h"

struct env_reader {
        struct cf_arena *arena;
        const struct cf_source *source;
        struct cf_span text;
        size_t at;
        struct cf_variables *variables;
        struct cf_error *err;
};

static int refuse(struct env_reader *reader, size_t offset, const char *message)
{
        struct cf_place place = cf_source_place(reader->source, offset, 0);
        return cf_error_set(reader->err, -EINVAL, &place, "%s", message);
}

static bool is_space(uint32_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
               (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
               c == 0x205f || c == 0x3000;
}

static size_t next_char(const struct env_reader *reader, size_t at, uint32_t *ret_char)
{
        return cf_utf8_next(cf_span_part(reader->text, at, 4), ret_char);
}

/* Skips spaces; with `lines` also line breaks. */
static void skip_space(struct env_reader *reader, bool lines)
{
        uint32_t c;
        for (size_t size; (size = next_char(reader, reader->at, &c)) > 0; reader->at += size)
                if (!is_space(c) || (c == '\n' && !lines))
                        return;
}

static void skip_line(struct env_reader *reader)
{
        while (reader->at < reader->text.size && reader->text.data[reader->at] != '\n')
                reader->at++;
}

static struct cf_span trim_right(struct cf_span text)
{
        while (text.size) {
                size_t size = 1;
                while (size < text.size && size < 4 &&
                       ((unsigned char)text.data[text.size - size] & 0xc0) == 0x80)
                        size++;
                uint32_t c;
                cf_utf8_next(cf_span_part(text, text.size - size, size), &c);
                if (!is_space(c))
                        break;
                text.size -= size;
        }
        return text;
}

/* Moves to the next statement; false at the end. */
static bool find_statement(struct env_reader *reader)
{
        for (;;) {
                skip_space(reader, true);
                if (reader->at >= reader->text.size)
                        return false;
                if (reader->text.data[reader->at] != '#')
                        return true;
                skip_line(reader);
        }
}

/* `export` before a name is for the shell. */
static void skip_export(struct env_reader *reader)
{
        struct cf_span rest = cf_span_part(reader->text, reader->at, SIZE_MAX);
        uint32_t c = 0;
        if (!cf_span_starts(rest, "export"))
                return;
        cf_utf8_next(cf_span_part(rest, strlen("export"), 4), &c);
        if (!is_space(c))
                return;
        reader->at += strlen("export");
        skip_space(reader, false);
}

/* The name up to '=', ':' or the end of its line, which makes it a name alone. */
static int read_name(struct env_reader *reader, struct cf_span *ret_name, bool *ret_alone)
{
        skip_export(reader);
        size_t start = reader->at, end = start;
        uint32_t c = 0;
        for (size_t size; (size = next_char(reader, end, &c)) > 0; end += size) {
                if (c == '=' || c == ':' || c == '\n')
                        break;
                bool allowed = is_space(c) || c == '_' || c == '.' || c == '-' || c == '[' ||
                               c == ']' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                               (c >= 'A' && c <= 'Z') || (c >= 0xaa && c != 0xfffd);
                if (!allowed)
                        return refuse(reader, end,
                                      "this character is not allowed in the name of a variable: "
                                      "Compose refuses the .env file");
        }
        *ret_name = trim_right(cf_span_part(reader->text, start, end - start));
        *ret_alone = end >= reader->text.size || c == '\n';
        if (memchr(ret_name->data, ' ', ret_name->size))
                return refuse(reader, start,
                              "the name of a variable cannot contain a space: Compose refuses the "
                              ".env file");
        reader->at = end < reader->text.size ? end + 1 : end;
        if (!*ret_alone)
                skip_space(reader, false);
        return 0;
}

/* \0 and three octal digits are a character. With fewer, or others, Compose drops the 0. */
static size_t unescape_octal(struct cf_span rest, struct cf_text *out)
{
        unsigned code = 0;
        size_t digits = 0;
        bool octal = true;
        for (; digits < 3 && 2 + digits < rest.size; digits++) {
                char c = rest.data[2 + digits];
                if (c < '0' || c > '9')
                        break;
                octal &= c < '8';
                code = code * 8 + (unsigned)(c - '0');
        }
        if (digits < 3 || !octal || code > 0xff) {
                cf_text_putc(out, '\\');
                cf_text_add(out, cf_span_part(rest, 2, digits));
        } else if (code == 0) {
                cf_text_puts(out, "\xef\xbf\xbd"); /* no value holds a NUL */
        } else if (code < 0x80) {
                cf_text_putc(out, (char)code);
        } else {
                cf_text_putc(out, (char)(0xc0 | (code >> 6)));
                cf_text_putc(out, (char)(0x80 | (code & 0x3f)));
        }
        return 2 + digits;
}

/* The escapes of a double-quoted value. Returns the bytes taken; 0: it is none, and stays. */
static size_t unescape(struct cf_span rest, struct cf_text *out)
{
        static const char letters[] = "abfnrtv\"\\", meanings[] = "\a\b\f\n\r\t\v\"\\";
        if (rest.size < 2)
                return 0;
        if (rest.data[1] == '$') {
                cf_text_puts(out, "$$");
                return 2;
        }
        const char *letter = strchr(letters, rest.data[1]);
        if (letter && *letter) {
                cf_text_putc(out, meanings[letter - letters]);
                return 2;
        }
        return rest.data[1] == '0' ? unescape_octal(rest, out) : 0;
}

static void unescape_all(struct cf_span text, struct cf_text *out)
{
        for (size_t i = 0; i < text.size;) {
                size_t size =
                        text.data[i] == '\\' ? unescape(cf_span_part(text, i, SIZE_MAX), out) : 0;
                if (size == 0)
                        cf_text_putc(out, text.data[i]);
                i += size ? size : 1;
        }
}

/* What stands between quotes; a quote behind a backslash does not end it. */
static int read_quoted(struct env_reader *reader, struct cf_text *out)
{
        size_t start = reader->at;
        char quote = reader->text.data[reader->at++];
        for (bool escaped = false; reader->at < reader->text.size; reader->at++) {
                char c = reader->text.data[reader->at];
                if (c == quote && !escaped) {
                        reader->at++;
                        return 0;
                }
                if (c == '\\' && !escaped) {
                        escaped = true;
                        continue;
                }
                if (escaped && c != quote)
                        cf_text_putc(out, '\\');
                escaped = false;
                cf_text_putc(out, c);
        }
        return refuse(reader, start, "the quote does not end: Compose refuses the .env file");
}

static int expand(struct env_reader *reader, struct cf_span text, size_t start,
                  struct cf_variable *ret_variable)
{
        struct cf_value value;
        char *copy = cf_arena_copy(reader->arena, text);
        if (!copy || cf_interpolate(reader->arena, (struct cf_span){copy, text.size},
                                    reader->variables, &value) < 0)
                return -ENOMEM;
        if (value.problem)
                return refuse(reader, start, value.problem);
        ret_variable->value = value.text;
        ret_variable->because = value.because;
        return 0;
}

static int read_value(struct env_reader *reader, struct cf_variable *ret_variable)
{
        size_t start = reader->at;
        struct cf_span rest = cf_span_part(reader->text, start, SIZE_MAX);
        if (!cf_span_starts(rest, "\"") && !cf_span_starts(rest, "'")) {
                struct cf_span line = cf_span_part(rest, 0, cf_span_find_byte(rest, '\n'));
                size_t comment = cf_span_find(line, CF_SPAN(" #"));
                reader->at += line.size < rest.size ? line.size + 1 : line.size;
                return expand(reader, trim_right(cf_span_part(line, 0, comment)), start,
                              ret_variable);
        }
        CF_TEXT struct cf_text raw = {0}, plain = {0};
        bool is_double = rest.data[0] == '"';
        int r = read_quoted(reader, &raw);
        if (r < 0)
                return r;
        if (is_double)
                unescape_all(cf_text_span(&raw), &plain);
        if (raw.failed || plain.failed)
                return -ENOMEM;
        if (is_double)
                return expand(reader, cf_text_span(&plain), start, ret_variable);
        ret_variable->value =
                (struct cf_span){cf_arena_copy(reader->arena, cf_text_span(&raw)), raw.size};
        return ret_variable->value.data ? 0 : -ENOMEM;
}

static int read_statement(struct env_reader *reader)
{
        struct cf_span name;
        bool alone = false;
        unsigned line = cf_source_line_of(reader->source, reader->at);
        int r = read_name(reader, &name, &alone);
        if (r < 0 || alone)
                return r; /* a name alone takes its value from the environment, which wins anyway */
        struct cf_variable variable = {
                .origin = cf_arena_printf(reader->arena, "in %s:%u", reader->source->path, line)};
        if (!variable.origin)
                return -ENOMEM;
        r = read_value(reader, &variable);
        return r < 0 ? r : cf_variable_put(reader->arena, reader->variables, name, variable);
}

int cf_variables_read(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_variables *variables, struct cf_error *err)
{
        struct env_reader reader = {.arena = arena,
                                    .source = source,
                                    .text = source->text,
                                    .variables = variables,
                                    .err = err};
        if (source->text.size && memchr(source->text.data, '\0', source->text.size))
                return refuse(&reader, cf_span_find_byte(source->text, '\0'),
                              "a NUL byte in a .env file: not read");
        int r = 0;
        while (r == 0 && find_statement(&reader)) {
                r = read_statement(&reader);
                if (r == 0 && cf_map_count(variables->own) > CF_COMPOSE_VARIABLES)
                        r = refuse(&reader, reader.at,
                                   "more variables than are read from one file");
        }
        if (r == -ENOMEM) {
                struct cf_place whole = {.path = source->path};
                return cf_error_set(err, r, &whole, "not enough memory to read the .env file");
        }
        return r;
}
