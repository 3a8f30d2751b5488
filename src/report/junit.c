/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML as CI services read it. A suite is a file, or the containers or processes of an audit;
 * a test case is a finding or a container that passes. What decides the exit status is a failure;
 * what does not (below the gate, suppressed, in the baseline) is skipped; what could not be read
 * is an error. */
#include "base/source.h"
#include "report/write.h"

/* XML 1.0 has no way to write most control characters, U+FFFE and U+FFFF: they come out as
 * U+FFFD, as do bytes that are not UTF-8. */
static void put_xml(struct cf_text *out, struct cf_span text, bool attribute)
{
        uint32_t c;
        size_t size;
        for (; (size = cf_utf8_next(text, &c)) > 0; text = cf_span_part(text, size, SIZE_MAX)) {
                const char *named = c == '&'                ? "&amp;"
                                    : c == '<'              ? "&lt;"
                                    : c == '>'              ? "&gt;"
                                    : c == '"' && attribute ? "&quot;"
                                                            : NULL;
                if (named)
                        cf_text_puts(out, named);
                else if ((c == '\n' || c == '\t') && !attribute)
                        cf_text_putc(out, (char)c);
                else if (c == '\n' || c == '\t' || c == '\r' || (c >= 0x7f && c < 0xa0))
                        cf_text_printf(out, "&#%u;", (unsigned)c);
                else if (c < 0x20 || c == 0xfffe || c == 0xffff || (c == 0xfffd && size == 1))
                        cf_text_puts(out, "\xef\xbf\xbd");
                else
                        cf_text_add(out, cf_span_part(text, 0, size));
        }
}

static void put_attribute(struct cf_text *out, const char *name, struct cf_span value)
{
        cf_text_printf(out, " %s=\"", name);
        put_xml(out, value, true);
        cf_text_putc(out, '"');
}

/* ---- test cases ----------------------------------------------------------------------- */

enum outcome { PASSED, FAILED, SKIPPED, ERRED };

static enum outcome outcome_of(const struct cf_report *report, const struct cf_finding *finding)
{
        if (finding->verdict == CF_PASS)
                return PASSED;
        return cf_finding_counts(finding) && finding->verdict >= report->fail_on ? FAILED : SKIPPED;
}

static void open_case(struct cf_text *out, struct cf_span suite, struct cf_span name)
{
        cf_text_puts(out, "    <testcase");
        put_attribute(out, "classname", suite);
        put_attribute(out, "name", name);
}

static void put_why_skipped(struct cf_text *out, const struct cf_finding *finding)
{
        CF_TEXT struct cf_text why = {0};
        if (finding->suppressed_by)
                cf_text_printf(&why, "suppressed: %s", finding->suppressed_by);
        else if (finding->in_baseline)
                cf_text_puts(&why, "in the baseline");
        else
                cf_text_printf(&why, "%s: %s", cf_verdict_name(finding->verdict), finding->message);
        out->failed |= why.failed;
        put_attribute(out, "message", cf_text_span(&why));
}

static void put_case(struct cf_text *out, const struct cf_report *report, struct cf_span suite,
                     const struct cf_finding *finding)
{
        static const struct cf_report_options plain = {0};
        static const struct cf_finding_form form = {.see = true};
        CF_TEXT struct cf_text name = {0}, body = {0};
        cf_text_puts(&name, finding->rule->id);
        if (finding->place.path) {
                if (finding->place.line > 0)
                        cf_text_printf(&name, " at %u:%u", finding->place.line,
                                       finding->place.column);
        } else {
                cf_text_puts(&name, ": ");
                cf_report_subject(&name, finding);
        }
        open_case(out, suite, cf_text_span(&name));
        switch (outcome_of(report, finding)) {
        case FAILED:
                cf_text_puts(out, ">\n      <failure");
                put_attribute(out, "type", cf_span_of(cf_verdict_name(finding->verdict)));
                put_attribute(out, "message", cf_span_of(finding->message));
                cf_text_putc(out, '>');
                cf_report_finding(&body, &plain, finding, &form);
                put_xml(out, cf_text_span(&body), false);
                cf_text_puts(out, "</failure>\n    </testcase>\n");
                break;
        case SKIPPED:
                cf_text_puts(out, ">\n      <skipped");
                put_why_skipped(out, finding);
                cf_text_puts(out, "/>\n    </testcase>\n");
                break;
        default:
                cf_text_puts(out, "/>\n");
        }
        out->failed |= name.failed || body.failed;
}

/* ---- suites --------------------------------------------------------------------------- */

struct tally {
        size_t tests, outcomes[ERRED + 1];
};

static void put_tally(struct cf_text *out, const struct tally *tally)
{
        cf_text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
                       tally->tests, tally->outcomes[FAILED], tally->outcomes[ERRED],
                       tally->outcomes[SKIPPED]);
}

static void tally_add(struct tally *tally, enum outcome outcome)
{
        tally->tests++;
        tally->outcomes[outcome]++;
}

static void open_suite(struct cf_text *out, struct cf_span name, const struct tally *tally)
{
        cf_text_puts(out, "  <testsuite");
        put_attribute(out, "name", name);
        put_tally(out, tally);
        cf_text_puts(out, ">\n");
}

/* Findings from `first` on that stand in one file. Returns the one behind the last. */
static size_t put_file(struct cf_text *out, const struct cf_report *report, size_t first)
{
        struct cf_span name = cf_span_of(report->findings[first]->place.path);
        struct tally tally = {0};
        size_t end = first;
        while (end < report->finding_count &&
               cf_report_same_file(report->findings[first], report->findings[end]))
                tally_add(&tally, outcome_of(report, report->findings[end++]));
        open_suite(out, name, &tally);
        for (size_t i = first; i < end; i++)
                put_case(out, report, name, report->findings[i]);
        cf_text_puts(out, "  </testsuite>\n");
        return end;
}

static bool row_passes(const struct cf_report_row *row, bool processes)
{
        return row->verdict == CF_PASS && (row->subject->kind == CF_SUBJECT_PROCESS) == processes;
}

static bool is_loose(const struct cf_finding *finding, bool processes)
{
        return !finding->place.path && (finding->subject_kind == CF_SUBJECT_PROCESS) == processes;
}

static void put_row_name(struct cf_text *out, const struct cf_subject *subject)
{
        if (subject->process && !subject->container)
                cf_text_printf(out, "process %jd", (intmax_t)subject->process->pid);
        else
                cf_text_printf(out, "%s %s", cf_subject_kind_name(subject->kind),
                               subject->container ? cf_report_container_name(subject->container)
                               : subject->name    ? subject->name
                                                  : "");
}

/* What an audit looked at: rows that pass, and findings that stand in no file. */
static void put_live(struct cf_text *out, const struct cf_report *report, bool processes)
{
        struct cf_span name = cf_span_of(processes ? "processes" : "containers");
        struct tally tally = {0};
        for (size_t i = 0; i < report->row_count; i++)
                if (row_passes(&report->rows[i], processes))
                        tally_add(&tally, PASSED);
        for (size_t i = 0; i < report->finding_count; i++)
                if (is_loose(report->findings[i], processes))
                        tally_add(&tally, outcome_of(report, report->findings[i]));
        if (tally.tests == 0)
                return;
        open_suite(out, name, &tally);
        for (size_t i = 0; i < report->row_count; i++) {
                CF_TEXT struct cf_text row = {0};
                if (!row_passes(&report->rows[i], processes))
                        continue;
                put_row_name(&row, report->rows[i].subject);
                out->failed |= row.failed;
                open_case(out, name, cf_text_span(&row));
                cf_text_puts(out, "/>\n");
        }
        for (size_t i = 0; i < report->finding_count; i++)
                if (is_loose(report->findings[i], processes))
                        put_case(out, report, name, report->findings[i]);
        cf_text_puts(out, "  </testsuite>\n");
}

/* The run itself: a case that passes, so that no report is empty, and one for each trouble. */
static void put_run(struct cf_text *out, const struct cf_report *report)
{
        struct cf_span name = CF_SPAN("confined");
        struct tally tally = {.tests = 1 + report->trouble_count,
                              .outcomes = {[PASSED] = 1, [ERRED] = report->trouble_count}};
        open_suite(out, name, &tally);
        open_case(out, name, cf_span_of(report->command));
        cf_text_puts(out, "/>\n");
        for (size_t i = 0; i < report->trouble_count; i++) {
                const struct cf_error *err = report->troubles[i];
                CF_TEXT struct cf_text message = {0};
                cf_error_render(err, &message);
                out->failed |= message.failed;
                const char *path = err->count > 0 ? err->frames[0].place.path : NULL;
                open_case(out, name, cf_span_of(path ? path : "trouble"));
                cf_text_puts(out, ">\n      <error");
                put_attribute(out, "message",
                              cf_span_of(err->count > 0 ? err->frames[0].message : "failed"));
                cf_text_putc(out, '>');
                put_xml(out, cf_text_span(&message), false);
                cf_text_puts(out, "</error>\n    </testcase>\n");
        }
        cf_text_puts(out, "  </testsuite>\n");
}

static void count_all(const struct cf_report *report, struct tally *tally)
{
        tally->tests = 1 + report->trouble_count;
        tally->outcomes[ERRED] = report->trouble_count;
        for (size_t i = 0; i < report->finding_count; i++)
                tally_add(tally, outcome_of(report, report->findings[i]));
        for (size_t i = 0; i < report->row_count; i++)
                tally->tests += report->rows[i].verdict == CF_PASS;
}

static int write_junit(const struct cf_report *report, const struct cf_report_options *options,
                       struct cf_text *out)
{
        struct tally all = {0};
        (void)options;
        count_all(report, &all);
        cf_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
        put_attribute(out, "name", CF_SPAN("confined"));
        put_tally(out, &all);
        cf_text_printf(out, " time=\"%.3f\">\n", report->seconds);
        put_run(out, report);
        for (size_t i = 0; i < report->finding_count;)
                i = report->findings[i]->place.path ? put_file(out, report, i) : i + 1;
        put_live(out, report, false);
        put_live(out, report, true);
        cf_text_puts(out, "</testsuites>\n");
        return cf_report_done(out);
}

const struct cf_output cf_output_junit = {
        .name = "junit",
        .summary = "JUnit XML, for CI services that read test reports",
        .write = write_junit,
};
