/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of text that somebody else owns: bytes and their count, not ended by NUL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct cf_span {
        const char *data; /* may be NULL when size is 0 */
        size_t size;      /* bytes */
};

/* The span of a string literal, or of a NUL-ended string (NULL gives the empty span). */
#define CF_SPAN(literal) ((struct cf_span){"" literal, sizeof(literal) - 1})

static inline struct cf_span cf_span_of(const char *text)
{
        return (struct cf_span){text, text ? strlen(text) : 0};
}

static inline bool cf_span_equal(struct cf_span a, struct cf_span b)
{
        return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool cf_span_is(struct cf_span a, const char *text)
{
        return cf_span_equal(a, cf_span_of(text));
}

static inline bool cf_span_starts(struct cf_span a, const char *prefix)
{
        size_t n = strlen(prefix);
        return a.size >= n && memcmp(a.data, prefix, n) == 0;
}

static inline bool cf_span_ends(struct cf_span a, const char *suffix)
{
        size_t n = strlen(suffix);
        return a.size >= n && memcmp(a.data + (a.size - n), suffix, n) == 0;
}

/* The part from byte `from` on for `size` bytes, both cut to what is there. */
static inline struct cf_span cf_span_part(struct cf_span a, size_t from, size_t size)
{
        if (from > a.size)
                from = a.size;
        if (size > a.size - from)
                size = a.size - from;
        return (struct cf_span){a.data ? a.data + from : NULL, size};
}

/* Without spaces, tabs, CR and LF at both ends. */
struct cf_span cf_span_trim(struct cf_span a);

/* Byte offset of `needle` in `a`, or SIZE_MAX. An empty needle is found at 0. */
size_t cf_span_find(struct cf_span a, struct cf_span needle);
size_t cf_span_find_byte(struct cf_span a, char byte);

/* ASCII letters compare without case. */
bool cf_span_equal_nocase(struct cf_span a, struct cf_span b);

/* Cuts the first line off `*rest` (without its LF or CRLF); false when nothing is left. */
bool cf_span_next_line(struct cf_span *rest, struct cf_span *ret_line);
