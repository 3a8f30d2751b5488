/* SPDX-License-Identifier: Apache-2.0 */
/* Raw filters, and the same as C source and as text. */
#include <inttypes.h>
#include <string.h>

#include "convert/formats.h"

/* Every instruction of a filter holds a zero byte, and no text does. */
bool cf_raw_claim(const struct cf_source *source)
{
        return source->encoding == CF_UTF8 && source->text.size > 0 &&
               memchr(source->text.data, 0, source->text.size) != NULL;
}

int cf_raw_read(const struct cf_reading *reading, struct cf_converted *ret_converted,
                struct cf_error *err)
{
        struct cf_place whole = {.path = reading->source->path};
        struct cf_converted converted = {0};
        int r = cf_filter_from_bytes(reading->arena, reading->source->text, &converted.filter, err);
        if (r == 0)
                r = cf_filter_lift(reading->all, converted.filter, &converted.policy, err);
        if (r == 0)
                r = cf_convert_arches(reading->all, converted.policy,
                                      reading->circumstances->machine, reading->arena,
                                      &converted.arches, &converted.arch_count, err);
        if (r < 0)
                return cf_error_doing(err, r, &whole, "reading it as a raw filter");
        *ret_converted = converted;
        return 0;
}

/* A filter says what every call of every architecture gets, so `within` leaves nothing out. */
static int emit(const struct cf_writing *writing, struct cf_filter *ret_filter,
                struct cf_error *err)
{
        return cf_filter_emit(writing->all, writing->policy, NULL, writing->arena, ret_filter, err);
}

int cf_raw_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        struct cf_filter filter;
        int r = emit(writing, &filter, err);
        if (r == 0)
                cf_text_add(out, (struct cf_span){(const char *)filter.code,
                                                  filter.count * sizeof(*filter.code)});
        return r;
}

int cf_text_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        struct cf_filter filter;
        int r = emit(writing, &filter, err);
        if (r == 0)
                cf_filter_print(out, filter);
        return r;
}

/* ---- C --------------------------------------------------------------------------------------- */

/* The policy's name as a C identifier. */
static void put_identifier(struct cf_text *out, const char *name)
{
        if (name[0] >= '0' && name[0] <= '9')
                cf_text_putc(out, '_');
        for (; *name; name++) {
                char c = *name;
                bool letter =
                        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                cf_text_putc(out, letter ? c : '_');
        }
}

#define FIELDS 4 /* of an instruction */

/* The instructions that the text's initialisers give: what a compiler would see. */
static bool same_code(struct cf_span text, struct cf_filter filter)
{
        size_t at = 0;
        struct cf_span line;
        while (cf_span_next_line(&text, &line)) {
                unsigned long field[FIELDS] = {0};
                struct cf_span rest = cf_span_trim(line);
                if (!cf_span_starts(rest, "{ 0x"))
                        continue;
                const char *c = rest.data + 2; /* lines end before the text's NUL */
                for (size_t i = 0; i < FIELDS; i++) {
                        char *end;
                        field[i] = strtoul(c, &end, 0);
                        if (end == c || end[0] != (i + 1 < FIELDS ? ',' : ' '))
                                return false;
                        c = end + 1;
                }
                if (at >= filter.count || field[0] != filter.code[at].code ||
                    field[1] != filter.code[at].jt || field[2] != filter.code[at].jf ||
                    field[3] != filter.code[at].k)
                        return false;
                at++;
        }
        return at == filter.count;
}

int cf_c_write(const struct cf_writing *writing, struct cf_text *out, struct cf_error *err)
{
        const char *name = writing->name ? writing->name : "confined";
        CF_TEXT struct cf_text shown = {0};
        struct cf_filter filter;
        int r = emit(writing, &filter, err);
        if (r < 0)
                return r;
        cf_filter_print(&shown, filter);
        struct cf_span lines = cf_text_span(&shown), line;
        cf_text_printf(out, "/* A seccomp filter of %zu instructions, for", filter.count);
        for (size_t i = 0; i < writing->arch_count; i++)
                cf_text_printf(out, "%s %s", i ? "," : "", writing->arches[i]->name);
        cf_text_puts(out, ". */\n#include <linux/filter.h>\n\nstatic struct sock_filter ");
        put_identifier(out, name);
        cf_text_puts(out, "_code[] = {\n");
        for (size_t i = 0; i < filter.count; i++) {
                const struct sock_filter *code = &filter.code[i];
                cf_text_printf(out, "        { 0x%02x, %u, %u, 0x%08" PRIx32 " },", code->code,
                               code->jt, code->jf, code->k);
                if (cf_span_next_line(&lines, &line)) {
                        line = cf_span_trim(line);
                        cf_text_puts(out, " // ");
                        cf_text_add(out, line);
                }
                cf_text_putc(out, '\n');
        }
        cf_text_puts(out, "};\n");
        if (shown.failed || out->failed)
                return cf_convert_no_memory(err);
        return same_code(cf_text_span(out), filter)
                       ? 0
                       : cf_error_set(err, -EINVAL, NULL, "the C source is not the filter");
}
