/* SPDX-License-Identifier: Apache-2.0 */
/* Workflow commands of GitHub Actions: annotations beside the lines of a change. */
#include "report/write.h"

static const char *const commands[] = {
        [CF_PASS] = NULL,           [CF_NOTE] = "notice", [CF_WARN] = "warning",
        [CF_UNDECIDED] = "warning", [CF_FAIL] = "error",
};

/* What would end a message or property is percent-encoded; other control characters, and bytes
 * that are not UTF-8, become visible escapes. */
static void put_escaped(struct cf_text *out, struct cf_span text, bool property)
{
        CF_TEXT struct cf_text line = {0};
        while (text.size > 0) {
                size_t end = cf_span_find_byte(text, '\n');
                cf_text_clear(&line);
                cf_text_add_visible(&line, cf_span_part(text, 0, end));
                out->failed |= line.failed;
                for (size_t i = 0; i < line.size; i++) {
                        char c = line.data[i];
                        if (c == '%' || (property && (c == ':' || c == ',')))
                                cf_text_printf(out, "%%%02X", (unsigned)(unsigned char)c);
                        else
                                cf_text_putc(out, c);
                }
                if (end == SIZE_MAX)
                        break;
                cf_text_puts(out, "%0A");
                text = cf_span_part(text, end + 1, SIZE_MAX);
        }
}

/* GitHub takes columns only when the place is on one line. */
static void put_place(struct cf_text *out, const struct cf_place *place)
{
        if (!place->path)
                return;
        cf_text_puts(out, "file=");
        put_escaped(out, cf_span_of(cf_report_from_root(place->path)), true);
        cf_text_putc(out, ',');
        if (place->line == 0)
                return;
        unsigned end = place->end_line > place->line ? place->end_line : place->line;
        cf_text_printf(out, "line=%u,endLine=%u,", place->line, end);
        if (end == place->line)
                cf_text_printf(out, "col=%u,", place->column);
        if (end == place->line && place->end_column > place->column)
                cf_text_printf(out, "endColumn=%u,", place->end_column);
}

static void put_finding(struct cf_text *out, const struct cf_finding *finding)
{
        CF_TEXT struct cf_text prose = {0};
        cf_text_printf(out, "::%s ", commands[finding->verdict]);
        put_place(out, &finding->place);
        cf_text_puts(out, "title=");
        put_escaped(out, cf_span_of(finding->rule->id), true);
        cf_text_puts(out, "::");
        if (!finding->place.path) {
                cf_report_subject(&prose, finding);
                cf_text_puts(&prose, ": ");
        }
        cf_report_prose(&prose, finding);
        out->failed |= prose.failed;
        put_escaped(out, cf_text_span(&prose), false);
        cf_text_putc(out, '\n');
}

static void put_trouble(struct cf_text *out, const struct cf_error *err)
{
        CF_TEXT struct cf_text message = {0};
        cf_text_puts(out, "::error ");
        if (err->count > 0)
                put_place(out, &err->frames[0].place);
        cf_text_puts(out, "title=confined::");
        for (unsigned i = err->count; i-- > 0;) {
                cf_text_puts(&message, err->frames[i].message);
                if (i > 0)
                        cf_text_puts(&message, ": ");
        }
        out->failed |= message.failed;
        put_escaped(out, cf_text_span(&message), false);
        cf_text_putc(out, '\n');
}

static int write_github(const struct cf_report *report, const struct cf_report_options *options,
                        struct cf_text *out)
{
        for (size_t i = 0; i < report->finding_count; i++) {
                const struct cf_finding *finding = report->findings[i];
                if (finding->verdict != CF_PASS && (options->all || cf_finding_counts(finding)))
                        put_finding(out, finding);
        }
        for (size_t i = 0; i < report->trouble_count; i++)
                put_trouble(out, report->troubles[i]);
        return cf_report_done(out);
}

const struct cf_output cf_output_github = {
        .name = "github",
        .summary = "workflow commands of GitHub Actions: annotations in a change",
        .write = write_github,
};
