/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, born with its maximum. A failure sticks, so a writer checks once, at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/span.h"

struct cf_text {
        char *data;      /* NUL-ended once something was added; NULL when empty */
        size_t size;     /* bytes, without the NUL */
        size_t capacity; /* private */
        size_t max;      /* most bytes it may hold; 0: CF_TEXT_MAX */
        bool failed;     /* memory or the maximum was used up: the text is cut short */
};

#define CF_TEXT_MAX ((size_t)256 << 20)

void cf_text_add(struct cf_text *text, struct cf_span more);
void cf_text_puts(struct cf_text *text, const char *more);
void cf_text_putc(struct cf_text *text, char c);
void cf_text_repeat(struct cf_text *text, char c, size_t count);
void cf_text_printf(struct cf_text *text, const char *format, ...) CF_PRINTF(2, 3);

/* Adds untrusted text for a person's terminal: control characters (also C1 and the Unicode
 * ones that turn or hide text) and bytes that are not UTF-8 come out as visible escapes. */
void cf_text_add_visible(struct cf_text *text, struct cf_span more);

/* Empties it but keeps its memory. */
void cf_text_clear(struct cf_text *text);
/* Frees its memory. */
void cf_text_done(struct cf_text *text);

static inline struct cf_span cf_text_span(const struct cf_text *text)
{
        return (struct cf_span){text->data, text->size};
}
#define CF_TEXT CF_CLEANUP(cf_text_done)
