/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <string.h>

/* Cuts a UTF-8 text that filled its buffer back to a whole character. */
static void cut_to_character(char *text, size_t size)
{
        size_t length = strnlen(text, size);
        if (length + 1 < size)
                return;
        size_t start = length;
        while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
                start--;
        if (start > 0 && (unsigned char)text[start - 1] >= 0xc0)
                text[start - 1] = '\0';
}

CF_PRINTF(3, 0)
static void add_frame(struct cf_error *err, const struct cf_place *place, const char *format,
                      va_list args)
{
        if (err->count >= CF_ERROR_FRAMES)
                return;
        struct cf_error_frame *frame = &err->frames[err->count++];
        vsnprintf(frame->message, sizeof(frame->message), format, args);
        cut_to_character(frame->message, sizeof(frame->message));
        frame->path[0] = '\0';
        frame->place = place ? *place : (struct cf_place){0};
        if (place && place->path) {
                snprintf(frame->path, sizeof(frame->path), "%s", place->path);
                cut_to_character(frame->path, sizeof(frame->path));
                frame->place.path = frame->path;
        }
}

int cf_error_set(struct cf_error *err, int code, const struct cf_place *place, const char *format,
                 ...)
{
        if (!err)
                return code;
        va_list args;
        va_start(args, format);
        err->code = code;
        err->count = 0;
        add_frame(err, place, format, args);
        va_end(args);
        return code;
}

int cf_error_doing(struct cf_error *err, int code, const struct cf_place *place, const char *format,
                   ...)
{
        if (!err)
                return code;
        va_list args;
        va_start(args, format);
        err->code = code;
        add_frame(err, place, format, args);
        va_end(args);
        return code;
}

void cf_error_copy(struct cf_error *to, const struct cf_error *from)
{
        *to = *from;
        for (unsigned i = 0; i < to->count; i++)
                if (to->frames[i].place.path)
                        to->frames[i].place.path = to->frames[i].path;
}
