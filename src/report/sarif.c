/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS standard, errata 01) for code scanning services. Section numbers below are
 * the standard's. */
#include "base/source.h"
#include "report/write.h"

#define SCHEMA                                                                \
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
        "sarif-schema-2.1.0.json"
#define BASE "%SRCROOT%"

/* ---- small parts ---------------------------------------------------------------------- */

/* {"text": …} of a message (§3.11): braces are doubled (§3.11.5), and what a viewer would take for
 * a link (§3.11.6) is broken up, since messages quote hostile files. */
static void put_message(struct cf_json_writer *json, const char *key, struct cf_span text)
{
        CF_TEXT struct cf_text escaped = {0};
        for (size_t i = 0; i < text.size; i++) {
                char c = text.data[i];
                cf_text_putc(&escaped, c);
                if (c == '{' || c == '}')
                        cf_text_putc(&escaped, c);
                else if (c == ']' && i + 1 < text.size && text.data[i + 1] == '(')
                        cf_text_putc(&escaped, ' ');
        }
        json->out->failed |= escaped.failed;
        cf_json_key(json, key);
        cf_json_open(json, '{');
        cf_json_key(json, "text");
        cf_json_put_span(json, cf_text_span(&escaped));
        cf_json_close(json, '}');
}

/* A path as a URI reference, byte by byte, so that every path survives. Relative ones have no
 * "./" in front and no ':' (a scheme) in them. */
static void put_uri(struct cf_json_writer *json, const char *path)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-._~/!$&'()*+,;=@";
        CF_TEXT struct cf_text uri = {0};
        if (path[0] == '/')
                cf_text_puts(&uri, "file://");
        for (const char *p = path[0] == '/' ? path : cf_report_from_root(path); *p; p++) {
                if (strchr(plain, *p))
                        cf_text_putc(&uri, *p);
                else
                        cf_text_printf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
        }
        json->out->failed |= uri.failed;
        cf_json_key(json, "uri");
        cf_json_put_span(json, cf_text_span(&uri));
}

static void put_artifact(struct cf_json_writer *json, const char *path)
{
        cf_json_key(json, "artifactLocation");
        cf_json_open(json, '{');
        put_uri(json, path);
        if (path[0] != '/')
                cf_report_member(json, "uriBaseId", BASE);
        cf_json_close(json, '}');
}

static void put_snippet(struct cf_json_writer *json, struct cf_span text)
{
        cf_json_key(json, "snippet");
        cf_json_open(json, '{');
        cf_json_key(json, "text");
        cf_json_put_span(json, text);
        cf_json_close(json, '}');
}

/* ---- places --------------------------------------------------------------------------- */

/* The text of a place on one line, when the excerpt holds all of it. */
static struct cf_span place_text(const struct cf_finding *finding)
{
        const struct cf_place *place = &finding->place;
        const struct cf_excerpt *excerpt = &finding->excerpt;
        unsigned first = excerpt->first_column ? excerpt->first_column : 1;
        struct cf_span none = {0};
        if (excerpt->first_line == 0 || place->line < excerpt->first_line ||
            place->line - excerpt->first_line >= excerpt->line_count ||
            place->end_line != place->line || place->column < first ||
            place->end_column <= place->column)
                return none;
        struct cf_span line = cf_span_of(excerpt->lines[place->line - excerpt->first_line]);
        size_t offset = 0, start = 0;
        for (unsigned column = first; column < place->end_column; column++) {
                uint32_t character;
                size_t size = cf_utf8_next(cf_span_part(line, offset, SIZE_MAX), &character);
                if (size == 0)
                        return none;
                if (column == place->column)
                        start = offset;
                offset += size;
        }
        return cf_span_part(line, start, offset - start);
}

static void put_region(struct cf_json_writer *json, const struct cf_finding *finding)
{
        const struct cf_place *place = &finding->place;
        struct cf_span text = place_text(finding);
        cf_json_key(json, "region");
        cf_json_open(json, '{');
        cf_report_member_uint(json, "startLine", place->line);
        cf_report_member_uint(json, "startColumn", place->column);
        cf_report_member_uint(json, "endLine", place->end_line);
        cf_report_member_uint(json, "endColumn", place->end_column);
        cf_report_member_uint(json, "byteOffset", place->offset);
        cf_report_member_uint(json, "byteLength", place->length);
        if (text.size > 0)
                put_snippet(json, text);
        cf_json_close(json, '}');
}

/* The excerpt; only whole lines, for a snippet must be the region's text (§3.30.13). */
static void put_context(struct cf_json_writer *json, const struct cf_excerpt *excerpt)
{
        CF_TEXT struct cf_text text = {0};
        if (excerpt->first_line == 0 || excerpt->first_column > 1)
                return;
        for (unsigned i = 0; i < excerpt->line_count; i++) {
                /* Cut lines are at least this long (a character has 4 bytes at most). */
                if (strlen(excerpt->lines[i]) > CF_EXCERPT_LINE - 4)
                        return;
                cf_text_puts(&text, excerpt->lines[i]);
                if (i + 1 < excerpt->line_count)
                        cf_text_putc(&text, '\n');
        }
        json->out->failed |= text.failed;
        cf_json_key(json, "contextRegion");
        cf_json_open(json, '{');
        cf_report_member_uint(json, "startLine", excerpt->first_line);
        cf_report_member_uint(json, "endLine", excerpt->first_line + excerpt->line_count - 1);
        put_snippet(json, cf_text_span(&text));
        cf_json_close(json, '}');
}

static void put_logical(struct cf_json_writer *json, const struct cf_finding *finding)
{
        CF_TEXT struct cf_text name = {0};
        cf_report_subject(&name, finding);
        json->out->failed |= name.failed;
        cf_json_key(json, "logicalLocations");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        cf_json_key(json, "fullyQualifiedName");
        cf_json_put_span(json, cf_text_span(&name));
        cf_report_member(json, "kind", cf_subject_kind_name(finding->subject_kind));
        cf_json_close(json, '}');
        cf_json_close(json, ']');
}

static void put_locations(struct cf_json_writer *json, const struct cf_finding *finding)
{
        cf_json_key(json, "locations");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        if (finding->place.path) {
                cf_json_key(json, "physicalLocation");
                cf_json_open(json, '{');
                put_artifact(json, finding->place.path);
                if (finding->place.line > 0) {
                        put_region(json, finding);
                        put_context(json, &finding->excerpt);
                }
                cf_json_close(json, '}');
        } else {
                put_logical(json, finding);
        }
        cf_json_close(json, '}');
        cf_json_close(json, ']');
}

/* ---- rules ---------------------------------------------------------------------------- */

static const struct {
        const char *level;
        const char *score; /* GitHub reads it: below 4 low, 7 medium, 9 high */
} severities[] = {
        [CF_LOW] = {"note", "3.0"},
        [CF_MEDIUM] = {"warning", "5.5"},
        [CF_HIGH] = {"error", "8.0"},
        [CF_CRITICAL] = {"error", "9.5"},
};

/* The first paragraph of a Markdown page that is no heading, on one line; else the title. */
static void put_first_paragraph(struct cf_json_writer *json, const struct cf_rule_info *rule)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_span rest = cf_span_of(rule->page), line;
        while (cf_span_next_line(&rest, &line)) {
                line = cf_span_trim(line);
                if (line.size > 0 && line.data[0] != '#') {
                        if (text.size > 0)
                                cf_text_putc(&text, ' ');
                        cf_text_add(&text, line);
                } else if (text.size > 0) {
                        break;
                }
        }
        if (text.size == 0)
                cf_text_puts(&text, rule->title);
        json->out->failed |= text.failed;
        cf_json_key(json, "fullDescription");
        cf_json_open(json, '{');
        cf_json_key(json, "text");
        cf_json_put_span(json, cf_text_span(&text));
        cf_json_close(json, '}');
}

static void put_rule(struct cf_json_writer *json, const struct cf_rule_info *rule)
{
        cf_json_open(json, '{');
        cf_report_member(json, "id", rule->id);
        cf_json_key(json, "shortDescription");
        cf_json_open(json, '{');
        cf_report_member(json, "text", rule->title);
        cf_json_close(json, '}');
        put_first_paragraph(json, rule);
        if (rule->page && *rule->page) {
                cf_json_key(json, "help");
                cf_json_open(json, '{');
                cf_report_member(json, "text", rule->page);
                cf_report_member(json, "markdown", rule->page);
                cf_json_close(json, '}');
        }
        cf_json_key(json, "defaultConfiguration");
        cf_json_open(json, '{');
        cf_report_member(json, "level", severities[rule->severity].level);
        cf_json_close(json, '}');
        cf_json_key(json, "properties");
        cf_json_open(json, '{');
        cf_report_member(json, "security-severity", severities[rule->severity].score);
        cf_report_member(json, "precision", "very-high");
        cf_json_key(json, "tags");
        cf_json_open(json, '[');
        cf_json_put_string(json, "security");
        cf_json_put_string(json, "containers");
        cf_json_put_string(json, "seccomp");
        if (rule->cis)
                cf_json_put_string(json, rule->cis);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        cf_json_close(json, '}');
}

static void put_tool(struct cf_json_writer *json, const struct cf_report *report,
                     const struct cf_report_rules *rules)
{
        cf_json_key(json, "tool");
        cf_json_open(json, '{');
        cf_json_key(json, "driver");
        cf_json_open(json, '{');
        cf_report_member(json, "name", "confined");
        cf_report_member(json, "version", report->tool_version);
        cf_report_member(json, "semanticVersion", report->tool_version);
        cf_json_key(json, "rules");
        cf_json_open(json, '[');
        for (size_t i = 0; i < rules->count; i++)
                put_rule(json, rules->items[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        cf_json_close(json, '}');
}

/* ---- results -------------------------------------------------------------------------- */

/* A level other than "none" goes with kind "fail" alone (§3.27.9); what could not be decided is
 * "open". */
static const struct {
        const char *kind, *level;
} verdicts[] = {
        [CF_PASS] = {"pass", "none"},    [CF_NOTE] = {"fail", "note"},
        [CF_WARN] = {"fail", "warning"}, [CF_UNDECIDED] = {"open", "none"},
        [CF_FAIL] = {"fail", "error"},
};

/* All results carry the array or none does (§3.27.23). */
static void put_suppressions(struct cf_json_writer *json, const struct cf_report *report,
                             const struct cf_finding *finding)
{
        cf_json_key(json, "suppressions");
        cf_json_open(json, '[');
        if (finding->suppressed_by || finding->in_baseline) {
                cf_json_open(json, '{');
                cf_report_member(json, "kind", finding->suppressed_by ? "inSource" : "external");
                cf_report_member(json, "status", "accepted");
                cf_report_member(json, "justification",
                                 finding->suppressed_by ? finding->suppressed_by
                                                        : "listed in the baseline");
                cf_json_close(json, '}');
        }
        cf_json_close(json, ']');
        if (report->baseline)
                cf_report_member(json, "baselineState", finding->in_baseline ? "unchanged" : "new");
}

static void put_replacement(struct cf_json_writer *json, const struct cf_replacement *made)
{
        cf_json_open(json, '{');
        cf_json_key(json, "deletedRegion");
        cf_json_open(json, '{');
        cf_report_member_uint(json, "byteOffset", made->offset);
        cf_report_member_uint(json, "byteLength", made->length);
        cf_json_close(json, '}');
        if (made->text.size > 0) {
                CF_TEXT struct cf_text encoded = {0};
                bool text = cf_utf8_valid(made->text, NULL);
                if (!text)
                        cf_report_base64(&encoded, made->text);
                json->out->failed |= encoded.failed;
                cf_json_key(json, "insertedContent");
                cf_json_open(json, '{');
                cf_json_key(json, text ? "text" : "binary");
                cf_json_put_span(json, text ? made->text : cf_text_span(&encoded));
                cf_json_close(json, '}');
        }
        cf_json_close(json, '}');
}

static int put_fixes(struct cf_json_writer *json, struct cf_report_editor *editor,
                     const struct cf_finding *finding)
{
        struct cf_report_edits edits = {0};
        int r = cf_report_edits_of(editor, finding, &edits);
        if (r < 0 || edits.refusal || edits.count == 0)
                return r;
        cf_json_key(json, "fixes");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        if (finding->remedy.text)
                put_message(json, "description", cf_span_of(finding->remedy.text));
        cf_json_key(json, "artifactChanges");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        put_artifact(json, finding->place.path);
        cf_json_key(json, "replacements");
        cf_json_open(json, '[');
        for (size_t i = 0; i < edits.count; i++)
                put_replacement(json, &edits.items[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        cf_json_close(json, ']');
        return 0;
}

static void put_properties(struct cf_json_writer *json, const struct cf_finding *finding)
{
        cf_json_key(json, "properties");
        cf_json_open(json, '{');
        cf_report_member(json, "verdict", cf_verdict_name(finding->verdict));
        cf_report_member(json, "severity", cf_severity_name(finding->severity));
        cf_report_member(json, "evidence", cf_evidence_name(finding->evidence));
        cf_json_key(json, "subjects");
        cf_json_open(json, '[');
        for (size_t i = 0; i < finding->subject_count; i++)
                cf_json_put_string(json, finding->subjects[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
}

static int put_result(struct cf_json_writer *json, const struct cf_report *report,
                      const struct cf_report_rules *rules, struct cf_report_editor *editor,
                      const struct cf_finding *finding)
{
        CF_TEXT struct cf_text prose = {0};
        size_t index = cf_report_rule_index(rules, finding->rule);
        cf_json_open(json, '{');
        cf_report_member(json, "ruleId", finding->rule->id);
        if (index != SIZE_MAX)
                cf_report_member_uint(json, "ruleIndex", index);
        cf_report_member(json, "kind", verdicts[finding->verdict].kind);
        cf_report_member(json, "level", verdicts[finding->verdict].level);
        cf_report_prose(&prose, finding);
        json->out->failed |= prose.failed;
        put_message(json, "message", cf_text_span(&prose));
        put_locations(json, finding);
        if (finding->fingerprint) {
                cf_json_key(json, "partialFingerprints");
                cf_json_open(json, '{');
                cf_report_member(json, "confined/v1", finding->fingerprint);
                cf_json_close(json, '}');
        }
        put_suppressions(json, report, finding);
        int r = put_fixes(json, editor, finding);
        put_properties(json, finding);
        cf_json_close(json, '}');
        return r;
}

static int put_results(struct cf_json_writer *json, const struct cf_report *report,
                       const struct cf_report_rules *rules)
{
        struct cf_report_editor editor;
        int r = cf_report_editor_open(&editor, report);
        cf_json_key(json, "results");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->finding_count && r == 0; i++)
                r = put_result(json, report, rules, &editor, report->findings[i]);
        cf_json_close(json, ']');
        cf_report_editor_close(&editor);
        return r;
}

/* ---- the run -------------------------------------------------------------------------- */

static void put_notification(struct cf_json_writer *json, const struct cf_error *err)
{
        CF_TEXT struct cf_text message = {0};
        const struct cf_place *place = err->count > 0 ? &err->frames[0].place : NULL;
        for (unsigned i = err->count; i-- > 0;) {
                cf_text_puts(&message, err->frames[i].message);
                if (i > 0)
                        cf_text_puts(&message, ": ");
        }
        json->out->failed |= message.failed;
        cf_json_open(json, '{');
        cf_report_member(json, "level", "error");
        put_message(json, "message", cf_text_span(&message));
        if (place && place->path) {
                cf_json_key(json, "locations");
                cf_json_open(json, '[');
                cf_json_open(json, '{');
                cf_json_key(json, "physicalLocation");
                cf_json_open(json, '{');
                put_artifact(json, place->path);
                if (place->line > 0) {
                        cf_json_key(json, "region");
                        cf_json_open(json, '{');
                        cf_report_member_uint(json, "startLine", place->line);
                        cf_report_member_uint(json, "startColumn", place->column);
                        cf_json_close(json, '}');
                }
                cf_json_close(json, '}');
                cf_json_close(json, '}');
                cf_json_close(json, ']');
        }
        cf_json_close(json, '}');
}

static void put_invocation(struct cf_json_writer *json, const struct cf_report *report)
{
        int status = cf_report_status(report);
        static const char *const meanings[] = {"nothing found", "findings",
                                               "something could not be done or read"};
        cf_json_key(json, "invocations");
        cf_json_open(json, '[');
        cf_json_open(json, '{');
        cf_report_member_bool(json, "executionSuccessful", status != 2);
        cf_json_key(json, "exitCode");
        cf_json_put_int(json, status);
        cf_report_member(json, "exitCodeDescription", meanings[status]);
        cf_json_key(json, "toolExecutionNotifications");
        cf_json_open(json, '[');
        for (size_t i = 0; i < report->trouble_count; i++)
                put_notification(json, report->troubles[i]);
        cf_json_close(json, ']');
        cf_json_close(json, '}');
        cf_json_close(json, ']');
}

static int put_run(struct cf_json_writer *json, const struct cf_report *report)
{
        struct cf_report_rules rules;
        cf_report_rules_of(report, &rules);
        cf_json_open(json, '{');
        put_tool(json, report, &rules);
        put_invocation(json, report);
        cf_report_member(json, "columnKind", "unicodeCodePoints");
        cf_json_key(json, "originalUriBaseIds");
        cf_json_open(json, '{');
        cf_json_key(json, BASE);
        cf_json_open(json, '{');
        put_message(json, "description", CF_SPAN("the folder that confined was started in"));
        cf_json_close(json, '}');
        cf_json_close(json, '}');
        int r = put_results(json, report, &rules);
        cf_json_close(json, '}');
        return r;
}

static int write_sarif(const struct cf_report *report, const struct cf_report_options *options,
                       struct cf_text *out)
{
        struct cf_json_writer json = {.out = out, .indent = 2};
        (void)options;
        cf_json_open(&json, '{');
        cf_report_member(&json, "$schema", SCHEMA);
        cf_report_member(&json, "version", "2.1.0");
        cf_json_key(&json, "runs");
        cf_json_open(&json, '[');
        int r = put_run(&json, report);
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
        cf_text_putc(out, '\n');
        return r < 0 ? r : cf_report_done(out);
}

const struct cf_output cf_output_sarif = {
        .name = "sarif",
        .summary = "SARIF 2.1.0, for code scanning services",
        .write = write_sarif,
};
