/* SPDX-License-Identifier: Apache-2.0 */
/* A finding as a person reads it: what is wrong and where, why it matters here, what to type. */
#include "report/write.h"

static const char *const codes[] = {
        [CF_STYLE_NONE] = "",     [CF_STYLE_PATH] = "1",  [CF_STYLE_DIM] = "2",
        [CF_STYLE_HEAD] = "1",    [CF_STYLE_LABEL] = "1", [CF_STYLE_PASS] = "32",
        [CF_STYLE_NOTE] = "36",   [CF_STYLE_WARN] = "33", [CF_STYLE_UNKNOWN] = "35",
        [CF_STYLE_FAIL] = "1;31",
};

enum cf_style cf_style_of(enum cf_verdict verdict)
{
        static const enum cf_style styles[] = {
                [CF_PASS] = CF_STYLE_PASS, [CF_NOTE] = CF_STYLE_NOTE,
                [CF_WARN] = CF_STYLE_WARN, [CF_UNDECIDED] = CF_STYLE_UNKNOWN,
                [CF_FAIL] = CF_STYLE_FAIL,
        };
        return styles[verdict];
}

void cf_style_on(struct cf_text *out, const struct cf_report_options *options, enum cf_style style)
{
        if (options->color && style != CF_STYLE_NONE)
                cf_text_printf(out, "\033[%sm", codes[style]);
}

void cf_style_off(struct cf_text *out, const struct cf_report_options *options, enum cf_style style)
{
        if (options->color && style != CF_STYLE_NONE)
                cf_text_puts(out, "\033[0m");
}

void cf_style_puts(struct cf_text *out, const struct cf_report_options *options,
                   enum cf_style style, const char *text)
{
        cf_style_on(out, options, style);
        cf_text_puts(out, text);
        cf_style_off(out, options, style);
}

static void put_visible(struct cf_text *out, const char *text)
{
        cf_text_add_visible(out, cf_span_of(text));
}

void cf_report_path(struct cf_text *out, const char *path)
{
        /* "::" at the start of a line is a command to some CI services. */
        if (path[0] == ':' && path[1] == ':')
                cf_text_puts(out, "./");
        put_visible(out, path);
}

static void put_subject(struct cf_text *out, const struct cf_finding *finding)
{
        CF_TEXT struct cf_text subject = {0};
        cf_report_subject(&subject, finding);
        out->failed |= subject.failed;
        cf_text_add_visible(out, cf_text_span(&subject));
}

void cf_report_where(struct cf_text *out, const struct cf_finding *finding)
{
        if (!finding->place.path) {
                put_subject(out, finding);
                return;
        }
        cf_report_path(out, finding->place.path);
        if (finding->place.line > 0)
                cf_text_printf(out, ":%u:%u", finding->place.line, finding->place.column);
}

/* The row has the subject as well; it is named again only when the message does not do so. */
static void put_subject_of_row(struct cf_text *out, const struct cf_report_options *options,
                               const struct cf_finding *finding)
{
        CF_TEXT struct cf_text name = {0}, named = {0};
        if (finding->container) {
                cf_text_puts(&name, cf_report_container_name(finding->container));
                cf_text_printf(&named, "'%s'", name.data ? name.data : "");
        } else {
                cf_report_subject(&name, finding);
                cf_text_add(&named, cf_text_span(&name));
        }
        out->failed |= name.failed || named.failed;
        if (cf_span_find(cf_span_of(finding->message), cf_text_span(&named)) != SIZE_MAX)
                return;
        cf_style_on(out, options, CF_STYLE_PATH);
        cf_text_add_visible(out, cf_text_span(&name));
        cf_style_off(out, options, CF_STYLE_PATH);
        cf_text_puts(out, ": ");
}

static void put_first_line(struct cf_text *out, const struct cf_report_options *options,
                           const struct cf_finding *finding, bool in_row)
{
        if (in_row) {
                put_subject_of_row(out, options, finding);
        } else {
                cf_style_on(out, options, CF_STYLE_PATH);
                cf_report_where(out, finding);
                cf_style_off(out, options, CF_STYLE_PATH);
                cf_text_puts(out, ": ");
        }
        if (!in_row) {
                cf_style_puts(out, options, cf_style_of(finding->verdict),
                              cf_verdict_name(finding->verdict));
                cf_text_printf(out, " %s: ", finding->rule->id);
        }
        put_visible(out, finding->message);
        if (finding->suppressed_by) {
                cf_text_puts(out, " (suppressed: ");
                put_visible(out, finding->suppressed_by);
                cf_text_putc(out, ')');
        } else if (finding->in_baseline) {
                cf_text_puts(out, " (in the baseline)");
        }
        cf_text_putc(out, '\n');
}

static void put_line(struct cf_text *out, const struct cf_report_options *options,
                     const char *label, const char *text, const char *command)
{
        cf_text_puts(out, "   ");
        cf_style_puts(out, options, CF_STYLE_LABEL, label);
        cf_text_putc(out, ' ');
        if (text)
                put_visible(out, text);
        if (text && command)
                cf_text_puts(out, "; ");
        if (command)
                put_visible(out, command);
        cf_text_putc(out, '\n');
}

void cf_report_finding(struct cf_text *out, const struct cf_report_options *options,
                       const struct cf_finding *finding, const struct cf_finding_form *form)
{
        bool excerpt = finding->place.path && finding->excerpt.first_line > 0;
        put_first_line(out, options, finding, form->in_row);
        if (form->brief)
                return;
        if (excerpt)
                cf_report_excerpt(out, options, finding);
        else if (finding->label)
                put_line(out, options, "note:", finding->label, NULL);
        for (size_t i = 0; i < finding->note_count; i++)
                put_line(out, options, "note:", finding->notes[i], NULL);
        if (finding->place.path && finding->edit.refusal)
                put_line(out, options, "note: not edited in place:", finding->edit.refusal, NULL);
        if (finding->remedy.text || finding->remedy.command)
                put_line(out, options, "fix:", finding->remedy.text, finding->remedy.command);
        if (form->see) {
                cf_text_puts(out, "   ");
                cf_style_puts(out, options, CF_STYLE_LABEL, "see:");
                cf_text_putc(out, ' ');
                cf_report_see(out, finding);
                cf_text_putc(out, '\n');
        }
}
