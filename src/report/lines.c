/* SPDX-License-Identifier: Apache-2.0 */
/* PATH:LINE:COLUMN: VERDICT RULE: MESSAGE, one line a finding, for editors and grep. */
#include "report/write.h"

static int write_lines(const struct cf_report *report, const struct cf_report_options *options,
                       struct cf_text *out)
{
        for (size_t i = 0; i < report->finding_count; i++) {
                const struct cf_finding *finding = report->findings[i];
                bool counts = cf_finding_counts(finding);
                if (!options->all && (!counts || finding->verdict == CF_PASS))
                        continue;
                cf_report_where(out, finding);
                if (finding->place.path && finding->place.line == 0)
                        cf_text_puts(out, ":1:1"); /* the whole file: editors want a line */
                cf_text_printf(out, ": %s %s: ", cf_verdict_name(finding->verdict),
                               finding->rule->id);
                cf_text_add_visible(out, cf_span_of(finding->message));
                if (finding->suppressed_by) {
                        cf_text_puts(out, " (suppressed: ");
                        cf_text_add_visible(out, cf_span_of(finding->suppressed_by));
                        cf_text_putc(out, ')');
                } else if (finding->in_baseline) {
                        cf_text_puts(out, " (in the baseline)");
                }
                cf_text_putc(out, '\n');
        }
        return cf_report_done(out);
}

const struct cf_output cf_output_lines = {
        .name = "lines",
        .summary = "PATH:LINE:COLUMN: VERDICT RULE: MESSAGE, for editors and grep",
        .write = write_lines,
};
