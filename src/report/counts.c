/* SPDX-License-Identifier: Apache-2.0 */
/* What a report comes to: counted once, said the same by every format. */
#include "report/write.h"

int cf_report_done(const struct cf_text *out)
{
        return out->failed ? -ENOMEM : 0;
}

bool cf_finding_counts(const struct cf_finding *finding)
{
        return !finding->suppressed_by && !finding->in_baseline;
}

bool cf_report_same_file(const struct cf_finding *a, const struct cf_finding *b)
{
        if (!a->place.path || !b->place.path)
                return !a->place.path && !b->place.path;
        return strcmp(a->place.path, b->place.path) == 0;
}

static void count_finding(const struct cf_report *report, const struct cf_finding *finding,
                          struct cf_report_counts *counts)
{
        if (finding->suppressed_by) {
                counts->suppressed++;
                return;
        }
        if (finding->in_baseline) {
                counts->baseline++;
                return;
        }
        counts->verdicts[finding->verdict]++;
        if (finding->verdict == CF_PASS)
                return;
        counts->counted++;
        counts->gated += finding->verdict >= report->fail_on;
        counts->editable += finding->remedy.editable && finding->verdict > CF_NOTE;
}

static void count_rows(const struct cf_report *report, struct cf_report_counts *counts)
{
        for (size_t i = 0; i < report->row_count; i++) {
                const struct cf_report_row *row = &report->rows[i];
                if (row->subject->kind == CF_SUBJECT_PROCESS)
                        counts->processes[row->verdict]++;
                else
                        counts->containers[row->verdict]++;
        }
}

void cf_report_count(const struct cf_report *report, struct cf_report_counts *ret_counts)
{
        struct cf_report_counts counts = {.all_troubles_in_files = true};
        const struct cf_finding *last = NULL; /* the last counted one: files are sorted */
        for (size_t i = 0; i < report->finding_count; i++) {
                const struct cf_finding *finding = report->findings[i];
                count_finding(report, finding, &counts);
                if (!cf_finding_counts(finding) || finding->verdict == CF_PASS ||
                    !finding->place.path)
                        continue;
                counts.files += !last || !cf_report_same_file(last, finding);
                last = finding;
        }
        count_rows(report, &counts);
        for (size_t i = 0; i < report->trouble_count; i++)
                counts.all_troubles_in_files &= report->troubles[i]->count > 0 &&
                                                report->troubles[i]->frames[0].place.path != NULL;
        *ret_counts = counts;
}

int cf_report_status(const struct cf_report *report)
{
        struct cf_report_counts counts;
        if (report->trouble_count > 0 || report->more_troubles > 0 || report->interrupted)
                return 2;
        cf_report_count(report, &counts);
        return counts.gated > 0;
}

size_t cf_report_rule_index(const struct cf_report_rules *rules, const struct cf_rule_info *rule)
{
        for (size_t i = 0; i < rules->count; i++)
                if (rules->items[i] == rule)
                        return i;
        return SIZE_MAX;
}

static void add_rule(struct cf_report_rules *rules, const struct cf_rule_info *rule)
{
        if (rules->count < CF_REPORT_RULES && cf_report_rule_index(rules, rule) == SIZE_MAX)
                rules->items[rules->count++] = rule;
}

void cf_report_rules_of(const struct cf_report *report, struct cf_report_rules *ret_rules)
{
        ret_rules->count = 0;
        for (size_t i = 0; report->rules && report->rules[i]; i++)
                add_rule(ret_rules, report->rules[i]);
        for (size_t i = 0; i < report->finding_count; i++)
                add_rule(ret_rules, report->findings[i]->rule);
}

size_t cf_report_engine_index(const struct cf_report *report, const struct cf_report_row *row)
{
        for (size_t i = 0; row->engine && i < report->engine_count; i++)
                if (row->engine == &report->engines[i])
                        return i;
        return SIZE_MAX;
}
