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

/* Characters that could move the cursor, change colours, turn the direction of text or hide. */
static bool is_invisible(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
               (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
               (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
               (c >= 0xe0000 && c <= 0xe007f);
}

void cf_text_add_visible(struct cf_text *text, struct cf_span more)
{
        while (more.size) {
                uint32_t c;
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
