/* SPDX-License-Identifier: Apache-2.0 */
/* The CIS Docker Benchmark's own check of its control "Ensure that the default seccomp profile is
 * not disabled", one line a container: PASS or FAIL, two spaces, and then what
 *
 *     docker inspect --format '{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}' ID
 *
 * prints. The benchmark looks at SecurityOpt alone, so this does as well: what else switches a
 * filter off is in every other format. */
#include "report/write.h"

static bool is_unconfined(const struct cf_subject *subject)
{
        for (size_t i = 0; i < subject->setting_count; i++) {
                const struct cf_setting *setting = &subject->settings[i];
                if (setting->kind == CF_SETTING_SECURITY_OPT && setting->value &&
                    (strcmp(setting->value, "seccomp:unconfined") == 0 ||
                     strcmp(setting->value, "seccomp=unconfined") == 0))
                        return true;
        }
        return false;
}

static int write_cis(const struct cf_report *report, const struct cf_report_options *options,
                     struct cf_text *out)
{
        (void)options;
        for (size_t i = 0; i < report->row_count; i++) {
                const struct cf_subject *subject = report->rows[i].subject;
                const struct cf_container *container = subject->container;
                if (!container)
                        continue;
                cf_text_puts(out, is_unconfined(subject) ? "FAIL  " : "PASS  ");
                cf_text_add_visible(out, cf_span_of(container->id));
                cf_text_puts(out, ": SecurityOpt=");
                cf_text_add_visible(out, cf_span_of(container->cis_line));
                cf_text_putc(out, '\n');
        }
        return cf_report_done(out);
}

const struct cf_output cf_output_cis = {
        .name = "cis",
        .summary = "the CIS Docker Benchmark's line for each container, with PASS or FAIL",
        .commands = "audit",
        .write = write_cis,
};
