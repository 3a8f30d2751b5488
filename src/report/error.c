/* SPDX-License-Identifier: Apache-2.0 */
#include "report/write.h"

static void render_frame(const struct cf_error_frame *frame, struct cf_text *out)
{
        if (frame->place.path) {
                cf_text_add_visible(out, cf_span_of(frame->place.path));
                if (frame->place.line > 0)
                        cf_text_printf(out, ":%u:%u", frame->place.line, frame->place.column);
                cf_text_puts(out, ": ");
        }
        cf_text_add_visible(out, cf_span_of(frame->message));
}

void cf_error_render(const struct cf_error *err, struct cf_text *out)
{
        cf_text_puts(out, "confined: ");
        if (err->count == 0)
                cf_text_printf(out, "failed: %s", strerror(-err->code));
        for (unsigned i = err->count; i-- > 0;) {
                render_frame(&err->frames[i], out);
                if (i > 0)
                        cf_text_puts(out, ":\n  ");
        }
        cf_text_putc(out, '\n');
}
