/* SPDX-License-Identifier: Apache-2.0 */
#include "model/quote.h"

#include <stdint.h>

/* Bytes that mean nothing to any shell, to YAML, JSON, systemd or a templating language. */
static bool is_harmless(unsigned char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c >= 0x80 || strchr("_./-+", (char)c);
}

static bool all_harmless(struct cf_span path)
{
        for (size_t i = 0; i < path.size; i++)
                if (!path.data[i] || !is_harmless((unsigned char)path.data[i]))
                        return false;
        return true;
}

/* Characters that end lines for some readers, or that nobody sees. */
static bool is_unprintable(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
               (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
               c == 0xfffe || c == 0xffff;
}

/* What no quoting that is known here makes safe: '$' is read by shells, make and Compose, '#' by
 * make, braces by templates, '%' by systemd, each with an escape of its own. */
static const char *refuse_path(struct cf_span path)
{
        uint32_t c, last = 0;
        if (path.size == 0)
                return "the profile's path is empty";
        if (path.size > PROFILE_PATH_MAX)
                return "the profile's path is too long to be put here";
        if (!cf_utf8_valid(path, NULL))
                return "the profile's path is not UTF-8: put it here by hand";
        for (size_t size; (size = cf_utf8_next(path, &c)) > 0; last = c) {
                path = cf_span_part(path, size, SIZE_MAX);
                if (is_unprintable(c))
                        return "the profile's path holds a control character: put it here by hand";
                if (c < 0x80 && strchr("$%#`", (char)c))
                        return "the profile's path holds one of $ % # `, which may mean something "
                               "here: put it here by hand";
                if ((c == '{' || c == '}') && last == c)
                        return "the profile's path looks like a template: put it here by hand";
        }
        return NULL;
}

/* The path with `escaped` bytes written as `prefix` + byte. */
static void put_escaped(struct cf_text *out, struct cf_span path, const char *escaped, char prefix)
{
        for (size_t i = 0; i < path.size; i++) {
                if (strchr(escaped, path.data[i]))
                        cf_text_putc(out, prefix);
                cf_text_putc(out, path.data[i]);
        }
}

static void put_shell_single(struct cf_text *out, struct cf_span path)
{
        for (size_t i = 0; i < path.size; i++) {
                if (path.data[i] == '\'')
                        cf_text_puts(out, "'\\''");
                else
                        cf_text_putc(out, path.data[i]);
        }
}

/* In front of a plain scalar stands nothing, a blank or a flow collection's sign. */
static bool starts_scalar(struct cf_span text, size_t at)
{
        return at == 0 || strchr(" \t\r\n[{,", text.data[at - 1]);
}

/* A plain scalar that stays one, or becomes one in double quotes: then the key in front of the
 * value ("seccomp=") must come into the quotes, too. */
static const char *put_yaml_plain(struct cf_text *out, struct cf_span text, struct cf_span path,
                                  struct cf_range *range)
{
        static const char *const keys[] = {"seccomp=", "seccomp:"};
        bool whole = starts_scalar(text, range->offset);
        /* Alone it must not read as a number or null. */
        bool tells =
                !whole || cf_span_find_byte(path, '/') != SIZE_MAX || cf_span_ends(path, ".json");
        if (all_harmless(path) && tells) {
                cf_text_add(out, path);
                return NULL;
        }
        struct cf_span key = {0};
        for (size_t i = 0; !whole && i < CF_COUNT(keys); i++) {
                size_t size = strlen(keys[i]);
                if (range->offset >= size && starts_scalar(text, range->offset - size) &&
                    cf_span_starts(cf_span_part(text, range->offset - size, size), keys[i]))
                        key = cf_span_part(text, range->offset - size, size);
        }
        if (!whole && key.size == 0)
                return "the profile's path needs quotes around the whole value: put it here by "
                       "hand";
        range->offset -= key.size;
        range->length += key.size;
        cf_text_putc(out, '"');
        cf_text_add(out, key);
        put_escaped(out, path, "\"\\", '\\');
        cf_text_putc(out, '"');
        return NULL;
}

static const char *put_path(struct cf_text *out, struct cf_span text, const struct cf_edit *edit,
                            struct cf_span path, struct cf_range *range)
{
        switch (edit->quoting) {
        case CF_QUOTE_SHELL:
                if (all_harmless(path)) {
                        cf_text_add(out, path);
                        return NULL;
                }
                cf_text_putc(out, '\'');
                put_shell_single(out, path);
                cf_text_putc(out, '\'');
                return NULL;
        case CF_QUOTE_SHELL_SINGLE:
                put_shell_single(out, path);
                return NULL;
        case CF_QUOTE_SHELL_DOUBLE:
                put_escaped(out, path, "\"\\", '\\');
                return NULL;
        case CF_QUOTE_YAML_PLAIN:
                return put_yaml_plain(out, text, path, range);
        case CF_QUOTE_YAML_SINGLE:
                put_escaped(out, path, "'", '\'');
                return NULL;
        case CF_QUOTE_YAML_DOUBLE:
                put_escaped(out, path, "\"\\", '\\');
                return NULL;
        case CF_QUOTE_NONE:
                break;
        }
        cf_text_add(out, path);
        return all_harmless(path) ? NULL
                                  : "the profile's path would need quotes, and none can be put "
                                    "here: put it here by hand";
}

int quote_path(struct cf_arena *arena, struct cf_span text, const struct cf_edit *edit,
               const char *path, struct cf_replacement *ret_replacement, const char **ret_refusal)
{
        CF_TEXT struct cf_text out = {.max = (size_t)16 * PROFILE_PATH_MAX};
        struct cf_range range = edit->value;
        struct cf_span span = cf_span_of(path);
        const char *refusal = refuse_path(span);
        if (!refusal)
                refusal = put_path(&out, text, edit, span, &range);
        *ret_refusal = refusal;
        if (refusal)
                return 0;
        char *copy = out.failed ? NULL : cf_arena_copy(arena, cf_text_span(&out));
        if (!copy)
                return -ENOMEM;
        *ret_replacement = (struct cf_replacement){range.offset, range.length, {copy, out.size}};
        return 0;
}
