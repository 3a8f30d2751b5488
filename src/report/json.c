/* SPDX-License-Identifier: Apache-2.0 */
/* The whole report as one JSON document, for programs: docs/output-json.md and
 * docs/schema/confined-1.json describe it. Members are added within a version, never changed. */
#include <inttypes.h>

#include "report/write.h"

#define SCHEMA "confined-1"

static void put_texts(struct cf_json_writer *json, const char *key, const char *const *texts,
                      size_t count)
{
        cf_json_key(json, key);
        cf_json_open(json, '[');
        for (size_t i = 0; i < count; i++)
                cf_json_put_string(json, texts[i]);
        cf_json_close(json, ']');
}

static void put_place(struct cf_json_writer *json, const struct cf_place *place)
{
        cf_json_key(json, "place");
        if (!place->path) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        cf_report_member_bytes(json, "path", cf_span_of(place->path));
        cf_report_member_uint(json, "offset", place->offset);
        cf_report_member_uint(json, "length", place->length);
        cf_report_member_uint(json, "line", place->line);
        cf_report_member_uint(json, "column", place->column);
        cf_report_member_uint(json, "end_line", place->end_line);
        cf_report_member_uint(json, "end_column", place->end_column);
        cf_json_close(json, '}');
}

static void put_excerpt(struct cf_json_writer *json, const struct cf_excerpt *excerpt)
{
        cf_json_key(json, "excerpt");
        if (excerpt->first_line == 0) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        cf_report_member_uint(json, "first_line", excerpt->first_line);
        cf_report_member_uint(json, "first_column",
                              excerpt->first_column ? excerpt->first_column : 1);
        put_texts(json, "lines", excerpt->lines, excerpt->line_count);
        cf_json_close(json, '}');
}

static const char *mode_name(enum cf_seccomp_mode mode)
{
        switch (mode) {
        case CF_SECCOMP_OFF:
                return "off";
        case CF_SECCOMP_STRICT:
                return "strict";
        case CF_SECCOMP_FILTER:
                return "filter";
        case CF_SECCOMP_UNREADABLE:
                break;
        }
        return NULL;
}

static void put_process(struct cf_json_writer *json, const struct cf_process *process)
{
        char capabilities[20];
        cf_json_open(json, '{');
        cf_json_key(json, "pid");
        cf_json_put_int(json, process->pid);
        cf_json_key(json, "parent");
        cf_json_put_int(json, process->parent);
        cf_report_member(json, "name", process->name);
        cf_report_member(json, "command", process->command);
        cf_report_member(json, "seccomp", mode_name(process->mode));
        cf_json_key(json, "filters");
        if (process->filters_known)
                cf_json_put_uint(json, process->filters);
        else
                cf_json_put_null(json);
        cf_json_key(json, "no_new_privs");
        if (process->no_new_privs >= 0)
                cf_json_put_bool(json, process->no_new_privs != 0);
        else
                cf_json_put_null(json);
        cf_report_member_uint(json, "uid", process->uid);
        snprintf(capabilities, sizeof(capabilities), "%016" PRIx64, process->cap_effective);
        cf_report_member(json, "cap_effective", capabilities);
        cf_report_member(json, "cgroup", process->cgroup);
        cf_report_member(json, "container", process->container);
        cf_report_member(json, "engine", process->engine);
        cf_report_member_bool(json, "foreign", process->foreign);
        cf_report_member_bool(json, "by_exec", process->by_exec);
        cf_json_close(json, '}');
}

/* What names a container; its row, in "containers", tells the rest. */
static void put_subject_refs(struct cf_json_writer *json, const struct cf_finding *finding)
{
        cf_report_member(json, "subject_kind", cf_subject_kind_name(finding->subject_kind));
        put_texts(json, "subjects", finding->subjects, finding->subject_count);
        cf_report_member(json, "image", finding->image);
        cf_report_member(json, "container", finding->container ? finding->container->id : NULL);
        cf_json_key(json, "process");
        if (finding->process)
                cf_json_put_int(json, finding->process->pid);
        else
                cf_json_put_null(json);
}

static const char *state_of(const struct cf_finding *finding)
{
        return finding->suppressed_by ? "suppressed" : finding->in_baseline ? "baseline" : "open";
}

static int put_edits(struct cf_json_writer *json, struct cf_report_editor *editor,
                     const struct cf_finding *finding)
{
        struct cf_report_edits edits = {0};
        int r = cf_report_edits_of(editor, finding, &edits);
        if (r < 0)
                return r;
        cf_json_key(json, "edits");
        if (edits.refusal) {
                cf_json_put_null(json);
        } else {
                cf_json_open(json, '[');
                for (size_t i = 0; i < edits.count; i++) {
                        cf_json_open(json, '{');
                        cf_report_member_uint(json, "offset", edits.items[i].offset);
                        cf_report_member_uint(json, "length", edits.items[i].length);
                        cf_report_member_bytes(json, "text", edits.items[i].text);
                        cf_json_close(json, '}');
                }
                cf_json_close(json, ']');
        }
        cf_report_member(json, "edit_refused", edits.refusal);
        return 0;
}

static int put_finding(struct cf_json_writer *json, struct cf_report_editor *editor,
                       const struct cf_finding *finding)
{
        cf_json_open(json, '{');
        cf_report_member(json, "rule", finding->rule->id);
        cf_report_member(json, "verdict", cf_verdict_name(finding->verdict));
        cf_report_member(json, "severity", cf_severity_name(finding->severity));
        cf_report_member(json, "evidence", cf_evidence_name(finding->evidence));
        cf_report_member(json, "state", state_of(finding));
        cf_report_member(json, "suppressed_by", finding->suppressed_by);
        cf_report_member(json, "message", finding->message);
        cf_report_member(json, "label", finding->label);
        put_texts(json, "notes", finding->notes, finding->note_count);
        put_place(json, &finding->place);
        put_excerpt(json, &finding->excerpt);
        put_subject_refs(json, finding);
        cf_json_key(json, "remedy");
        cf_json_open(json, '{');
        cf_report_member(json, "text", finding->remedy.text);
        cf_report_member(json, "command", finding->remedy.command);
        cf_report_member_bool(json, "editable", finding->remedy.editable);
        cf_json_close(json, '}');
        int r = put_edits(json, editor, finding);
        cf_report_member(json, "fingerprint", finding->fingerprint);
        cf_json_close(json, '}');
        return r;
}

static void put_trouble(struct cf_json_writer *json, const struct cf_error *err)
{
        cf_json_open(json, '{');
        cf_report_member(json, "error", strerrorname_np(-err->code));
        cf_json_key(json, "chain");
        cf_json_open(json, '[');
        for (unsigned i = err->count; i-- > 0;) {
                cf_json_open(json, '{');
                cf_report_member(json, "message", err->frames[i].message);
                put_place(json, &err->frames[i].place);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
        cf_json_close(json, '}');
}

static void put_engine(struct cf_json_writer *json, const struct cf_engine *engine)
{
        cf_json_open(json, '{');
        cf_report_member(json, "name", engine->name);
        cf_report_member(json, "version", engine->version);
        cf_report_member(json, "api_version", engine->api_version);
        cf_report_member(json, "host", engine->host);
        cf_report_member(json, "kernel", engine->kernel);
        cf_report_member_bool(json, "local", engine->local);
        cf_report_member_bool(json, "seccomp", engine->seccomp);
        cf_report_member(json, "default_profile", engine->default_profile);
        cf_json_close(json, '}');
}

static void put_judged(struct cf_json_writer *json, const struct cf_report_row *row)
{
        cf_report_member(json, "declared", row->declared);
        cf_report_member(json, "enforced", row->enforced);
        cf_report_member(json, "verdict", cf_verdict_name(row->verdict));
        cf_report_member(json, "rule", row->rule);
}

static void put_compose(struct cf_json_writer *json, const struct cf_container *container)
{
        cf_json_key(json, "compose");
        if (!container->compose_project) {
                cf_json_put_null(json);
                return;
        }
        cf_json_open(json, '{');
        cf_report_member(json, "project", container->compose_project);
        cf_report_member(json, "service", container->compose_service);
        cf_report_member(json, "files", container->compose_files);
        cf_report_member(json, "dir", container->compose_dir);
        cf_json_close(json, '}');
}

static void put_container(struct cf_json_writer *json, const struct cf_report *report,
                          const struct cf_report_row *row)
{
        const struct cf_container *container = row->subject->container;
        size_t engine = cf_report_engine_index(report, row);
        cf_json_open(json, '{');
        cf_report_member(json, "id", container->id);
        cf_report_member(json, "name", container->name);
        cf_report_member(json, "image", container->image);
        cf_report_member(json, "command", container->command);
        cf_report_member(json, "status", container->status);
        cf_report_member_bool(json, "running", container->running);
        cf_report_member_bool(json, "privileged", container->privileged);
        cf_report_member(json, "security_opt", container->cis_line);
        cf_json_key(json, "engine");
        if (engine == SIZE_MAX)
                cf_json_put_null(json);
        else
                cf_json_put_uint(json, engine);
        put_judged(json, row);
        put_compose(json, container);
        cf_json_key(json, "processes");
        if (container->processes_known) {
                cf_json_open(json, '[');
                for (size_t i = 0; i < container->process_count; i++)
                        put_process(json, &container->processes[i]);
                cf_json_close(json, ']');
        } else {
                cf_json_put_null(json);
        }
        cf_json_close(json, '}');
}

static void put_rows(struct cf_json_writer *json, const struct cf_report *report)
{
        cf_json_key(json, "engines");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->engine_count; i++)
                put_engine(json, &report->engines[i]);
        cf_json_close(json, ']');
        cf_json_key(json, "containers");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->row_count; i++)
                if (report->rows[i].subject->container)
                        put_container(json, report, &report->rows[i]);
        cf_json_close(json, ']');
        cf_json_key(json, "processes");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->row_count; i++) {
                const struct cf_subject *subject = report->rows[i].subject;
                if (subject->container || !subject->process)
                        continue;
                cf_json_open(json, '{');
                put_judged(json, &report->rows[i]);
                cf_json_key(json, "process");
                put_process(json, subject->process);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void put_rules(struct cf_json_writer *json, const struct cf_report *report)
{
        struct cf_report_rules rules;
        cf_report_rules_of(report, &rules);
        cf_json_key(json, "rules");
        cf_json_open(json, '[');
        for (size_t i = 0; i < rules.count; i++) {
                cf_json_open(json, '{');
                cf_report_member(json, "id", rules.items[i]->id);
                cf_report_member(json, "title", rules.items[i]->title);
                cf_report_member(json, "severity", cf_severity_name(rules.items[i]->severity));
                cf_report_member(json, "cis", rules.items[i]->cis);
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
}

static void put_summary(struct cf_json_writer *json, const struct cf_report *report)
{
        struct cf_report_counts counts;
        cf_report_count(report, &counts);
        cf_json_key(json, "summary");
        cf_json_open(json, '{');
        for (unsigned verdict = CF_FAIL + 1; verdict-- > CF_PASS;)
                cf_report_member_uint(json, cf_verdict_name((enum cf_verdict)verdict),
                                      counts.verdicts[verdict]);
        cf_report_member_uint(json, "suppressed", counts.suppressed);
        cf_report_member_uint(json, "baseline", counts.baseline);
        cf_report_member_uint(json, "editable", counts.editable);
        cf_report_member_uint(json, "files", report->files);
        cf_report_member_uint(json, "files_with_findings", counts.files);
        cf_report_member_uint(json, "processes", report->processes);
        cf_report_member_uint(json, "troubles", report->trouble_count + report->more_troubles);
        cf_json_key(json, "seconds");
        cf_json_put_double(json, report->seconds);
        cf_json_close(json, '}');
}

static void put_head(struct cf_json_writer *json, const struct cf_report *report)
{
        cf_report_member(json, "schema", SCHEMA);
        cf_json_key(json, "tool");
        cf_json_open(json, '{');
        cf_report_member(json, "name", "confined");
        cf_report_member(json, "version", report->tool_version);
        cf_json_close(json, '}');
        cf_report_member(json, "command", report->command);
        cf_json_key(json, "exit_status");
        cf_json_put_int(json, cf_report_status(report));
        cf_report_member_bool(json, "interrupted", report->interrupted);
        put_summary(json, report);
}

static int put_findings(struct cf_json_writer *json, const struct cf_report *report)
{
        struct cf_report_editor editor;
        int r = cf_report_editor_open(&editor, report);
        cf_json_key(json, "findings");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->finding_count && r == 0; i++)
                r = put_finding(json, &editor, report->findings[i]);
        cf_json_close(json, ']');
        cf_report_editor_close(&editor);
        return r;
}

static int write_json(const struct cf_report *report, const struct cf_report_options *options,
                      struct cf_text *out)
{
        struct cf_json_writer json = {.out = out, .indent = 2};
        (void)options;
        cf_json_open(&json, '{');
        put_head(&json, report);
        int r = put_findings(&json, report);
        cf_json_key(&json, "troubles");
        cf_json_open(&json, '[');
        for (size_t i = 0; i < report->trouble_count; i++)
                put_trouble(&json, report->troubles[i]);
        cf_json_close(&json, ']');
        put_rules(&json, report);
        put_rows(&json, report);
        put_texts(&json, "hints", report->hints, report->hint_count);
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return r < 0 ? r : cf_report_done(out);
}

const struct cf_output cf_output_json = {
        .name = "json",
        .summary = "everything, for programs (schema confined-1)",
        .write = write_json,
};
