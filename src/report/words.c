/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "report/write.h"

void cf_report_number(struct cf_text *out, uint64_t number)
{
        char digits[24];
        int count = snprintf(digits, sizeof(digits), "%" PRIu64, number);
        for (int i = 0; i < count; i++) {
                if (i > 0 && (count - i) % 3 == 0)
                        cf_text_putc(out, ',');
                cf_text_putc(out, digits[i]);
        }
}

void cf_report_many(struct cf_text *out, uint64_t number, const char *one, const char *many)
{
        cf_report_number(out, number);
        cf_text_putc(out, ' ');
        cf_text_puts(out, number == 1 ? one : many);
}

void cf_report_seconds(struct cf_text *out, double seconds)
{
        if (!isfinite(seconds) || seconds < 0)
                seconds = 0;
        if (seconds >= 1e9)
                seconds = 1e9;
        if (seconds < 0.00995)
                cf_text_printf(out, "%.3f s", seconds);
        else if (seconds < 9.995)
                cf_text_printf(out, "%.2f s", seconds);
        else if (seconds < 59.95)
                cf_text_printf(out, "%.1f s", seconds);
        else
                cf_text_printf(out, "%" PRIu64 " min %" PRIu64 " s", (uint64_t)(seconds + 0.5) / 60,
                               (uint64_t)(seconds + 0.5) % 60);
}

const char *cf_report_container_name(const struct cf_container *container)
{
        return container->name ? container->name : container->id ? container->id : "?";
}

void cf_report_subject(struct cf_text *out, const struct cf_finding *finding)
{
        if (finding->process) {
                cf_text_printf(out, "process %jd", (intmax_t)finding->process->pid);
                return;
        }
        cf_text_puts(out, cf_subject_kind_name(finding->subject_kind));
        const char *name = finding->container ? cf_report_container_name(finding->container)
                           : finding->subject_count > 0 ? finding->subjects[0]
                                                        : NULL;
        if (!name)
                return;
        cf_text_putc(out, ' ');
        cf_text_puts(out, name);
}

static void add_line(struct cf_text *out, const char *label, const char *text)
{
        if (!text)
                return;
        cf_text_putc(out, '\n');
        cf_text_puts(out, label);
        cf_text_puts(out, text);
}

void cf_report_prose(struct cf_text *out, const struct cf_finding *finding)
{
        cf_text_puts(out, finding->message);
        add_line(out, "", finding->label);
        for (size_t i = 0; i < finding->note_count; i++)
                add_line(out, "note: ", finding->notes[i]);
        add_line(out, "fix: ", finding->remedy.text);
        if (finding->remedy.command) {
                cf_text_puts(out, finding->remedy.text ? "; " : "\nfix: ");
                cf_text_puts(out, finding->remedy.command);
        }
}

void cf_report_see(struct cf_text *out, const struct cf_finding *finding)
{
        cf_text_printf(out, "confined explain %s", finding->rule->id);
        if (finding->rule->cis)
                cf_text_printf(out, " · %s", finding->rule->cis);
        cf_text_printf(out, " (%s)", cf_severity_name(finding->severity));
}

const char *cf_report_from_root(const char *path)
{
        while (path[0] == '.' && path[1] == '/') {
                path += 2;
                while (*path == '/')
                        path++;
        }
        return path;
}
