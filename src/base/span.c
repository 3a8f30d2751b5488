/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <stdint.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct cf_span cf_span_trim(struct cf_span a)
{
        while (a.size && is_blank(a.data[0])) {
                a.data++;
                a.size--;
        }
        while (a.size && is_blank(a.data[a.size - 1]))
                a.size--;
        return a;
}

size_t cf_span_find(struct cf_span a, struct cf_span needle)
{
        if (needle.size == 0)
                return 0;
        const char *at = a.size ? memmem(a.data, a.size, needle.data, needle.size) : NULL;
        return at ? (size_t)(at - a.data) : SIZE_MAX;
}

size_t cf_span_find_byte(struct cf_span a, char byte)
{
        const char *at = a.size ? memchr(a.data, byte, a.size) : NULL;
        return at ? (size_t)(at - a.data) : SIZE_MAX;
}

static unsigned char lower(char c)
{
        return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool cf_span_equal_nocase(struct cf_span a, struct cf_span b)
{
        if (a.size != b.size)
                return false;
        for (size_t i = 0; i < a.size; i++)
                if (lower(a.data[i]) != lower(b.data[i]))
                        return false;
        return true;
}

bool cf_span_next_line(struct cf_span *rest, struct cf_span *ret_line)
{
        if (rest->size == 0)
                return false;
        size_t end = cf_span_find_byte(*rest, '\n');
        size_t taken = end == SIZE_MAX ? rest->size : end + 1;
        size_t size = end == SIZE_MAX ? rest->size : end;
        if (size && rest->data[size - 1] == '\r')
                size--;
        *ret_line = (struct cf_span){rest->data, size};
        rest->data += taken;
        rest->size -= taken;
        return true;
}
