/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/source.h"

/* Room for `more` bytes and the NUL; false (and failed) when there is none. */
static bool reserve(struct cf_text *text, size_t more)
{
        size_t max = text->max ? text->max : CF_TEXT_MAX;
        if (text->failed || more > max || text->size > max - more) {
                text->failed = true;
                return false;
        }
        size_t needed = text->size + more + 1;
        if (needed <= text->capacity)
                return true;
        size_t capacity = text->capacity ? text->capacity : 128;
        while (capacity < needed)
                capacity *= 2;
        char *data = realloc(text->data, capacity);
        if (!data) {
                text->failed = true;
                return false;
        }
        text->data = data;
        text->capacity = capacity;
        return true;
}

void cf_text_add(struct cf_text *text, struct cf_span more)
{
        if (!reserve(text, more.size))
                return;
        if (more.size)
                memcpy(text->data + text->size, more.data, more.size);
        text->size += more.size;
        text->data[text->size] = '\0';
}

void cf_text_puts(struct cf_text *text, const char *more)
{
        cf_text_add(text, cf_span_of(more));
}

void cf_text_putc(struct cf_text *text, char c)
{
        cf_text_add(text, (struct cf_span){&c, 1});
}

void cf_text_repeat(struct cf_text *text, char c, size_t count)
{
        if (!reserve(text, count))
                return;
        memset(text->data + text->size, c, count);
        text->size += count;
        text->data[text->size] = '\0';
}

void cf_text_printf(struct cf_text *text, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int size = vsnprintf(NULL, 0, format, args);
        if (size < 0) {
                text->failed = true;
        } else if (reserve(text, (size_t)size)) {
                vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
                text->size += (size_t)size;
        }
        va_end(again);
        va_end(args);
}

/* Characters that could move the cursor, change colours, turn the direction of text, or hide (in
 * plain sight: blanks that are no blanks, variation selectors that carry smuggled text). */
static bool is_invisible(uint32_t c)
{
        static const uint32_t ranges[][2] = {
                {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
                {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
                {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
                {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
                {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
        };
        for (size_t i = 0; i < CF_COUNT(ranges); i++)
                if (c >= ranges[i][0] && c <= ranges[i][1])
                        return true;
        return false;
}

/* How many bytes at the start are printable ASCII: nearly all there is to show. */
static size_t printable_size(struct cf_span text)
{
        size_t size = 0;
        while (size < text.size && text.data[size] >= ' ' && text.data[size] <= '~')
                size++;
        return size;
}

void cf_text_add_visible(struct cf_text *text, struct cf_span more)
{
        while (more.size) {
                uint32_t c;
                size_t printable = printable_size(more);
                cf_text_add(text, cf_span_part(more, 0, printable));
                more = cf_span_part(more, printable, SIZE_MAX);
                if (!more.size)
                        break;
                size_t size = cf_utf8_next(more, &c);
                unsigned char byte = (unsigned char)more.data[0];
                if (c == 0xfffd && size == 1)
                        cf_text_printf(text, "\\x%02x", byte);
                else if (c == '\n')
                        cf_text_puts(text, "\\n");
                else if (c == '\t')
                        cf_text_puts(text, "\\t");
                else if (c == '\r')
                        cf_text_puts(text, "\\r");
                else if (c < 0x80 && is_invisible(c))
                        cf_text_printf(text, "\\x%02x", byte);
                else if (is_invisible(c))
                        cf_text_printf(text, "\\u{%x}", (unsigned)c);
                else
                        cf_text_add(text, cf_span_part(more, 0, size));
                more = cf_span_part(more, size, SIZE_MAX);
        }
}

void cf_text_clear(struct cf_text *text)
{
        text->size = 0;
        text->failed = false;
        if (text->data)
                text->data[0] = '\0';
}

void cf_text_done(struct cf_text *text)
{
        free(text->data);
        *text = (struct cf_text){.max = text->max};
}
