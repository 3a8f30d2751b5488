/* SPDX-License-Identifier: Apache-2.0 */
/* The default output: for a person at a terminal, and, without colour, in a pipe. */
#include <inttypes.h>

#include "base/map.h"
#include "report/write.h"

#define ROW_MAP_MAX ((size_t)64 << 20) /* bytes for finding rows by container or process */

static bool is_shown(const struct cf_finding *finding, const struct cf_report_options *options)
{
        return options->all || (cf_finding_counts(finding) && finding->verdict != CF_PASS);
}

/* ---- which row of the table has said it already --------------------------------------- */

/* The row's key: the container's id, or the process id in digits. */
static const char *row_key(const struct cf_container *container, const struct cf_process *process,
                           char number[static 24])
{
        if (container)
                return container->id;
        if (!process)
                return NULL;
        snprintf(number, 24, "%jd", (intmax_t)process->pid);
        return number;
}

struct said {
        enum cf_verdict verdict;
        const char *rule;
};

static int map_rows(struct cf_arena *arena, const struct cf_report *report,
                    struct cf_map **ret_rows)
{
        struct cf_map *rows = cf_map_new(arena);
        struct said *said = cf_arena_many(arena, report->row_count, struct said);
        char number[24];
        if (!rows || !said)
                return -ENOMEM;
        for (size_t i = 0; i < report->row_count; i++) {
                const struct cf_subject *subject = report->rows[i].subject;
                const char *key = row_key(subject->container, subject->process, number);
                if (!key)
                        continue;
                said[i] = (struct said){report->rows[i].verdict, report->rows[i].rule};
                char *kept = cf_arena_string(arena, key);
                if (!kept || cf_map_put(rows, cf_span_of(kept), &said[i]) < 0)
                        return -ENOMEM;
        }
        *ret_rows = rows;
        return 0;
}

static bool said_by_row(const struct cf_map *rows, const struct cf_finding *finding)
{
        char number[24];
        const char *key = row_key(finding->container, finding->process, number);
        const struct said *said = key ? cf_map_get(rows, cf_span_of(key)) : NULL;
        return said && said->verdict == finding->verdict && said->rule &&
               strcmp(said->rule, finding->rule->id) == 0;
}

/* ---- findings ------------------------------------------------------------------------- */

/* Documentation repeats itself: of the notes of one rule in one file the first is told in full. */
static bool is_repeated(const struct cf_finding *finding, const struct cf_finding *before,
                        const struct cf_report_options *options)
{
        return before && !options->all && finding->verdict == CF_NOTE &&
               before->verdict == CF_NOTE && before->rule == finding->rule && finding->place.path &&
               before->place.path && strcmp(finding->place.path, before->place.path) == 0;
}

static int put_findings(struct cf_text *out, const struct cf_report_options *options,
                        const struct cf_report *report, bool *ret_any)
{
        CF_ARENA struct cf_arena *arena = NULL;
        struct cf_map *rows = NULL;
        struct cf_report_rules seen = {.count = 0};
        const struct cf_finding *before = NULL;
        if (report->row_count > 0) {
                arena = cf_arena_new(ROW_MAP_MAX);
                if (!arena || map_rows(arena, report, &rows) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < report->finding_count; i++) {
                const struct cf_finding *finding = report->findings[i];
                if (!is_shown(finding, options))
                        continue;
                bool brief = is_repeated(finding, before, options);
                if (before && !brief)
                        cf_text_putc(out, '\n');
                before = finding;
                struct cf_finding_form form = {
                        .brief = brief,
                        /* A rule's page and control are the same for all its findings: once. */
                        .see = cf_report_rule_index(&seen, finding->rule) == SIZE_MAX,
                        .in_row = !options->quiet && said_by_row(rows, finding),
                };
                if (form.see && seen.count < CF_REPORT_RULES)
                        seen.items[seen.count++] = finding->rule;
                cf_report_finding(out, options, finding, &form);
        }
        *ret_any = before != NULL;
        return 0;
}

/* ---- the last lines ------------------------------------------------------------------- */

/* "3 failures, 1 unknown and 2 warnings" */
static void put_counts(struct cf_text *out, const struct cf_report_counts *counts)
{
        static const struct {
                enum cf_verdict verdict;
                const char *one, *many;
        } words[] = {
                {CF_FAIL, "failure", "failures"},
                {CF_UNDECIDED, "unknown", "unknown"},
                {CF_WARN, "warning", "warnings"},
                {CF_NOTE, "note", "notes"},
        };
        size_t kinds = 0, put = 0;
        for (size_t i = 0; i < CF_COUNT(words); i++)
                kinds += counts->verdicts[words[i].verdict] > 0;
        for (size_t i = 0; i < CF_COUNT(words); i++) {
                size_t count = counts->verdicts[words[i].verdict];
                if (count == 0)
                        continue;
                if (put > 0)
                        cf_text_puts(out, put + 1 == kinds ? " and " : ", ");
                cf_report_many(out, count, words[i].one, words[i].many);
                put++;
        }
}

static void put_left_out(struct cf_text *out, const struct cf_report_options *options,
                         const struct cf_report_counts *counts)
{
        if (counts->suppressed + counts->baseline == 0)
                return;
        cf_text_puts(out, "; ");
        if (counts->suppressed > 0) {
                cf_report_number(out, counts->suppressed);
                cf_text_puts(out, " suppressed");
        }
        if (counts->suppressed > 0 && counts->baseline > 0)
                cf_text_puts(out, ", ");
        if (counts->baseline > 0) {
                cf_report_number(out, counts->baseline);
                cf_text_puts(out, " in the baseline");
        }
        if (!options->all)
                cf_text_puts(out, " (--all shows them)");
}

static void put_scan_summary(struct cf_text *out, const struct cf_report_options *options,
                             const struct cf_report *report, const struct cf_report_counts *counts)
{
        if (counts->counted == 0)
                cf_text_puts(out, "no finding");
        else
                put_counts(out, counts);
        cf_text_puts(out, " in ");
        if (counts->counted > 0 && counts->files != report->files) {
                cf_report_number(out, counts->files);
                cf_text_puts(out, " of ");
        }
        cf_report_many(out, report->files, "file", "files");
        cf_text_puts(out, " (");
        cf_report_seconds(out, report->seconds);
        cf_text_putc(out, ')');
        put_left_out(out, options, counts);
        if (counts->editable > 0 && !(report->fix_command && !*report->fix_command)) {
                cf_text_puts(out, ". ");
                cf_report_number(out, counts->editable);
                cf_text_puts(out, " can be fixed in place: ");
                cf_text_add_visible(out, cf_span_of(report->fix_command ? report->fix_command
                                                                        : "confined scan --diff"));
        }
        cf_text_putc(out, '\n');
}

static size_t sum(const size_t verdicts[static CF_FAIL + 1])
{
        size_t total = 0;
        for (unsigned i = 0; i <= CF_FAIL; i++)
                total += verdicts[i];
        return total;
}

/* "4 of 5 containers fail, 1 unknown", "all 5 containers pass" */
static void put_row_counts(struct cf_text *out, const size_t verdicts[static CF_FAIL + 1],
                           const char *one, const char *many)
{
        static const struct {
                enum cf_verdict verdict;
                const char *word;
        } words[] = {
                {CF_UNDECIDED, "unknown"}, {CF_WARN, "with a warning"}, {CF_NOTE, "with a note"}};
        size_t total = sum(verdicts);
        if (verdicts[CF_PASS] == total) {
                cf_text_puts(out, total > 1 ? "all " : "");
                cf_report_many(out, total, one, many);
                cf_text_puts(out, total == 1 ? " passes" : " pass");
                return;
        }
        cf_report_number(out, verdicts[CF_FAIL]);
        cf_text_puts(out, " of ");
        cf_report_many(out, total, one, many);
        cf_text_puts(out, verdicts[CF_FAIL] == 1 ? " fails" : " fail");
        for (size_t i = 0; i < CF_COUNT(words); i++) {
                if (verdicts[words[i].verdict] == 0)
                        continue;
                cf_text_puts(out, ", ");
                cf_report_number(out, verdicts[words[i].verdict]);
                cf_text_putc(out, ' ');
                cf_text_puts(out, words[i].word);
        }
}

static void put_audit_summary(struct cf_text *out, const struct cf_report_options *options,
                              const struct cf_report *report, const struct cf_report_counts *counts)
{
        size_t containers = sum(counts->containers);
        if (containers > 0)
                put_row_counts(out, counts->containers, "container", "containers");
        else if (report->engine_count > 0)
                cf_text_puts(out, "no container");
        else if (sum(counts->processes) == 0)
                cf_text_puts(out, report->processes > 0 ? "no process of a container lacks a filter"
                                                        : "nothing was looked at");
        if (sum(counts->processes) > 0) {
                cf_text_puts(out, containers > 0 || report->engine_count > 0 ? "; " : "");
                if (containers > 0)
                        put_row_counts(out, counts->processes, "process outside them",
                                       "processes outside them");
                else
                        put_row_counts(out, counts->processes, "listed process",
                                       "listed processes");
        }
        cf_text_puts(out, " (");
        if (report->processes > 0) {
                cf_report_many(out, report->processes, "process", "processes");
                cf_text_puts(out, " looked at, ");
        }
        cf_report_seconds(out, report->seconds);
        if (containers > 1) {
                cf_text_printf(out, ", %.1f ms per container",
                               report->seconds * 1000 / (double)containers);
        }
        cf_text_putc(out, ')');
        put_left_out(out, options, counts);
        cf_text_putc(out, '\n');
}

static void put_troubles(struct cf_text *out, const struct cf_report *report,
                         const struct cf_report_counts *counts)
{
        size_t troubles = report->trouble_count + report->more_troubles;
        if (troubles > 0) {
                if (counts->all_troubles_in_files)
                        cf_report_many(out, troubles, "file could not be read",
                                       "files could not be read");
                else
                        cf_report_many(out, troubles, "thing could not be done",
                                       "things could not be done");
                cf_text_puts(out, " (listed above): exit status 2\n");
        }
        if (report->interrupted)
                cf_text_puts(out, "interrupted: only what was found until then is shown: "
                                  "exit status 2\n");
}

static int write_terminal(const struct cf_report *report, const struct cf_report_options *options,
                          struct cf_text *out)
{
        bool audit = strcmp(report->command, "audit") == 0, any = false;
        struct cf_report_counts counts;
        cf_report_count(report, &counts);
        size_t before = out->size;
        if (!options->quiet)
                cf_report_table(out, options, report);
        if (out->size > before && counts.counted > 0)
                cf_text_putc(out, '\n');
        int r = put_findings(out, options, report, &any);
        if (r < 0)
                return r;
        if (options->quiet)
                return cf_report_done(out);
        if (out->size > before)
                cf_text_putc(out, '\n');
        for (size_t i = 0; i < report->hint_count; i++) {
                cf_text_add_visible(out, cf_span_of(report->hints[i]));
                cf_text_putc(out, '\n');
        }
        if (audit)
                put_audit_summary(out, options, report, &counts);
        else
                put_scan_summary(out, options, report, &counts);
        put_troubles(out, report, &counts);
        return cf_report_done(out);
}

const struct cf_output cf_output_terminal = {
        .name = "terminal",
        .summary = "for people: source lines, notes, what to type next",
        .write = write_terminal,
};
