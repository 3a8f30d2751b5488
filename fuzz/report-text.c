/* SPDX-License-Identifier: Apache-2.0 */
/* Every output of report/, fed a report made of hostile text: whatever a path, a message, a line of
 * source or a container's name holds, what goes to a terminal is safe there and valid UTF-8, a
 * line-wise format has one line a finding, our JSON and SARIF are read by our own strict parser,
 * and the JUnit file is well-formed XML 1.0. */
#include <assert.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/source.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FINDINGS 4
#define ROWS 3

/* ---- a report out of bytes ------------------------------------------------------------ */

struct feed {
        struct cf_arena *arena;
        struct cf_span rest;
};

static unsigned take_byte(struct feed *feed)
{
        if (feed->rest.size == 0)
                return 0;
        unsigned byte = (unsigned char)feed->rest.data[0];
        feed->rest = cf_span_part(feed->rest, 1, SIZE_MAX);
        return byte;
}

/* Text up to the next NUL. */
static const char *take_text(struct feed *feed)
{
        size_t end = cf_span_find_byte(feed->rest, '\0');
        const char *text = cf_arena_copy(feed->arena, cf_span_part(feed->rest, 0, end));
        feed->rest = cf_span_part(feed->rest, end == SIZE_MAX ? end : end + 1, SIZE_MAX);
        return text ? text : "";
}

static const char *take_optional(struct feed *feed)
{
        return take_byte(feed) & 1 ? take_text(feed) : NULL;
}

static const struct cf_rule_info rules[] = {
        {.id = "seccomp-unconfined", .title = "a", .severity = CF_MEDIUM, .cis = "CIS Docker 5.22"},
        {.id = "privileged", .title = "b", .severity = CF_HIGH, .page = "# b\n\ntext\n"},
};

static struct cf_place take_place(struct feed *feed)
{
        struct cf_place place = {.path = take_optional(feed)};
        if (!place.path || (take_byte(feed) & 3) == 0)
                return place.path ? (struct cf_place){.path = place.path} : (struct cf_place){0};
        place.line = 1 + take_byte(feed) % 5;
        place.column = 1 + take_byte(feed);
        place.end_line = place.line + take_byte(feed) % 4;
        place.end_column = 1 + take_byte(feed);
        if (place.end_line == place.line && place.end_column < place.column)
                place.end_column = place.column;
        place.offset = take_byte(feed);
        place.length = take_byte(feed);
        return place;
}

static struct cf_excerpt take_excerpt(struct feed *feed, const struct cf_place *place)
{
        struct cf_excerpt excerpt = {0};
        if (!place->path || place->line == 0 || (take_byte(feed) & 3) == 0)
                return excerpt;
        excerpt.first_line = place->line - (place->line > 1 ? take_byte(feed) % 2 : 0);
        excerpt.first_column = take_byte(feed) & 1 ? 1 : 1 + take_byte(feed) % 50;
        excerpt.line_count = excerpt.first_column > 1 ? 1 : 1 + take_byte(feed) % 4;
        for (unsigned i = 0; i < excerpt.line_count; i++)
                excerpt.lines[i] = take_text(feed);
        return excerpt;
}

static struct cf_finding *take_finding(struct feed *feed)
{
        struct cf_finding *finding = cf_arena_one(feed->arena, struct cf_finding);
        const char **texts = cf_arena_many(feed->arena, 2, const char *);
        assert(finding && texts);
        finding->rule = &rules[take_byte(feed) % CF_COUNT(rules)];
        finding->verdict = take_byte(feed) % (CF_FAIL + 1);
        finding->severity = take_byte(feed) % (CF_CRITICAL + 1);
        finding->evidence = take_byte(feed) % (CF_ENFORCED + 1);
        finding->subject_kind = take_byte(feed) % (CF_SUBJECT_PROCESS + 1);
        finding->message = take_text(feed);
        finding->label = take_optional(feed);
        finding->place = take_place(feed);
        finding->excerpt = take_excerpt(feed, &finding->place);
        texts[0] = take_text(feed);
        texts[1] = take_text(feed);
        finding->notes = finding->subjects = texts;
        finding->note_count = take_byte(feed) % 3;
        finding->subject_count = take_byte(feed) % 3;
        finding->image = take_optional(feed);
        finding->remedy.text = take_optional(feed);
        finding->remedy.command = take_optional(feed);
        finding->edit.refusal = take_optional(feed);
        finding->suppressed_by = take_optional(feed);
        finding->in_baseline = take_byte(feed) & 1;
        finding->fingerprint = take_optional(feed);
        return finding;
}

static const struct cf_subject *take_subject(struct feed *feed)
{
        struct cf_subject *subject = cf_arena_one(feed->arena, struct cf_subject);
        struct cf_container *container = cf_arena_one(feed->arena, struct cf_container);
        struct cf_process *process = cf_arena_one(feed->arena, struct cf_process);
        struct cf_setting *setting = cf_arena_one(feed->arena, struct cf_setting);
        assert(subject && container && process && setting);
        process->pid = (pid_t)take_byte(feed);
        process->name = take_text(feed);
        process->command = take_optional(feed);
        process->cgroup = take_optional(feed);
        process->container = take_optional(feed);
        process->engine = take_optional(feed);
        if (take_byte(feed) & 1) {
                subject->kind = CF_SUBJECT_PROCESS;
                subject->process = process;
                return subject;
        }
        setting->value = take_optional(feed);
        container->id = take_text(feed);
        container->name = take_optional(feed);
        container->image = take_optional(feed);
        container->cis_line = take_text(feed);
        container->compose_project = take_optional(feed);
        container->processes = process;
        container->process_count = 1;
        container->processes_known = take_byte(feed) & 1;
        subject->kind = CF_SUBJECT_CONTAINER;
        subject->container = container;
        subject->settings = setting;
        subject->setting_count = 1;
        return subject;
}

static void take_rows(struct feed *feed, struct cf_report *report)
{
        struct cf_report_row *rows = cf_arena_many(feed->arena, ROWS, struct cf_report_row);
        struct cf_engine *engine = cf_arena_one(feed->arena, struct cf_engine);
        assert(rows && engine);
        engine->name = take_optional(feed);
        engine->version = take_optional(feed);
        engine->host = take_optional(feed);
        engine->kernel = take_optional(feed);
        engine->default_profile = take_optional(feed);
        engine->seccomp = take_byte(feed) & 1;
        report->engines = engine;
        report->engine_count = take_byte(feed) & 1;
        report->rows = rows;
        report->row_count = take_byte(feed) % (ROWS + 1);
        for (size_t i = 0; i < report->row_count; i++)
                rows[i] = (struct cf_report_row){
                        .subject = take_subject(feed),
                        .engine = take_byte(feed) & 1 ? engine : NULL,
                        .declared = take_optional(feed),
                        .enforced = take_optional(feed),
                        .verdict = take_byte(feed) % (CF_FAIL + 1),
                        .rule = take_byte(feed) & 1 ? rules[0].id : NULL,
                };
}

static void take_report(struct feed *feed, struct cf_report *report)
{
        struct cf_finding **findings = cf_arena_many(feed->arena, FINDINGS, struct cf_finding *);
        struct cf_error *err = cf_arena_one(feed->arena, struct cf_error);
        const struct cf_error **errs = cf_arena_many(feed->arena, 1, const struct cf_error *);
        const char **hints = cf_arena_many(feed->arena, 1, const char *);
        assert(findings && err && errs && hints);
        bool audit = take_byte(feed) & 1;
        *report = (struct cf_report){
                .command = audit ? "audit" : "scan",
                .tool_version = "1",
                .fail_on = take_byte(feed) % (CF_FAIL + 2),
                .files = take_byte(feed),
                .baseline = take_byte(feed) & 1,
                .interrupted = take_byte(feed) & 1,
        };
        report->finding_count = take_byte(feed) % (FINDINGS + 1);
        for (size_t i = 0; i < report->finding_count; i++)
                findings[i] = take_finding(feed);
        report->findings = findings;
        struct cf_place place = take_place(feed);
        cf_error_set(err, -EINVAL, &place, "%s", take_text(feed));
        cf_error_doing(err, -EINVAL, &place, "%s", take_text(feed));
        errs[0] = err;
        report->troubles = errs;
        report->trouble_count = take_byte(feed) & 1;
        hints[0] = take_text(feed);
        report->hints = hints;
        report->hint_count = take_byte(feed) & 1;
        if (audit)
                take_rows(feed, report);
}

/* ---- what must hold ------------------------------------------------------------------- */

/* Newlines are the only control characters, and with colour our own codes; nothing turns text. */
static void check_safe(struct cf_span text, bool color)
{
        uint32_t c;
        size_t size;
        assert(cf_utf8_valid(text, NULL));
        while ((size = cf_utf8_next(text, &c)) > 0) {
                if (c == 0x1b) {
                        size_t end = cf_span_find_byte(text, 'm');
                        assert(color && end != SIZE_MAX && end >= 3 && end <= 6);
                        assert(text.data[1] == '[');
                        for (size_t i = 2; i < end; i++)
                                assert((text.data[i] >= '0' && text.data[i] <= '9') ||
                                       text.data[i] == ';');
                        size = end + 1;
                } else {
                        assert(c == '\n' || c >= 0x20);
                        assert(c < 0x7f || c >= 0xa0);
                        assert(c < 0x202a || c > 0x202e);
                        assert(c < 0x2066 || c > 0x2069);
                }
                text = cf_span_part(text, size, SIZE_MAX);
        }
}

static size_t count_lines(struct cf_span text)
{
        size_t count = 0;
        for (size_t i = 0; i < text.size; i++)
                count += text.data[i] == '\n';
        assert(text.size == 0 || text.data[text.size - 1] == '\n');
        return count;
}

static void check_json(struct cf_arena *arena, struct cf_span text)
{
        struct cf_source *source = NULL;
        struct cf_json *value = NULL;
        assert(cf_utf8_valid(text, NULL));
        assert(cf_source_from(arena, "report", text, &source, NULL) == 0);
        assert(cf_json_parse(arena, source, &value, NULL) == 0);
        assert(value->type == CF_JSON_OBJECT);
}

#define XML_DEPTH 8
static void check_xml(struct cf_span text)
{
        struct cf_span open[XML_DEPTH];
        size_t depth = 0;
        uint32_t c;
        size_t size;
        assert(cf_utf8_valid(text, NULL));
        for (struct cf_span rest = text; (size = cf_utf8_next(rest, &c)) > 0;
             rest = cf_span_part(rest, size, SIZE_MAX))
                assert(c == '\n' || c == '\t' || (c >= 0x20 && c != 0xfffe && c != 0xffff));
        size_t at = cf_span_find_byte(text, '\n') + 1; /* behind the declaration */
        while (at < text.size) {
                size_t start = cf_span_find_byte(cf_span_part(text, at, SIZE_MAX), '<');
                if (start == SIZE_MAX)
                        break;
                start += at + 1;
                size_t end = start; /* of the tag: a '>' outside quotes */
                bool quoted = false;
                for (; text.data[end] != '>' || quoted; end++) {
                        assert(end < text.size && text.data[end] != '<');
                        quoted ^= text.data[end] == '"';
                }
                struct cf_span tag = cf_span_part(text, start, end - start);
                struct cf_span name = cf_span_part(tag, 0, cf_span_find_byte(tag, ' '));
                if (tag.data[0] == '/') {
                        assert(depth > 0);
                        assert(cf_span_equal(open[--depth], cf_span_part(tag, 1, SIZE_MAX)));
                } else if (tag.data[tag.size - 1] != '/') {
                        assert(depth < XML_DEPTH);
                        open[depth++] = name;
                }
                at = end + 1;
        }
        assert(depth == 0);
}

static size_t count_shown(const struct cf_report *report, bool all, bool passes)
{
        size_t count = 0;
        for (size_t i = 0; i < report->finding_count; i++) {
                const struct cf_finding *finding = report->findings[i];
                bool pass = finding->verdict == CF_PASS;
                count += pass ? all && passes : all || cf_finding_counts(finding);
        }
        return count;
}

static void check(struct cf_arena *arena, const struct cf_report *report,
                  const struct cf_report_options *options, const char *name)
{
        CF_TEXT struct cf_text out = {0};
        size_t containers = 0;
        for (size_t i = 0; i < report->row_count; i++)
                containers += report->rows[i].subject->container != NULL;
        assert(cf_output_find(name)->write(report, options, &out) == 0);
        struct cf_span text = cf_text_span(&out);
        if (strcmp(name, "json") == 0 || strcmp(name, "sarif") == 0)
                check_json(arena, text);
        else if (strcmp(name, "junit") == 0)
                check_xml(text);
        else
                check_safe(text, options->color && strcmp(name, "terminal") == 0);
        if (strcmp(name, "lines") == 0)
                assert(count_lines(text) == count_shown(report, options->all, true));
        if (strcmp(name, "github") == 0)
                assert(count_lines(text) ==
                       count_shown(report, options->all, false) + report->trouble_count);
        if (strcmp(name, "cis") == 0)
                assert(count_lines(text) == containers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new((size_t)64 << 20);
        struct feed feed = {arena, {(const char *)data, size}};
        struct cf_report report;
        if (!arena || size > 65536)
                return 0;
        unsigned flags = take_byte(&feed);
        struct cf_report_options options = {
                .color = flags & 1,
                .quiet = flags & 2,
                .all = flags & 4,
                .width = flags & 8 ? take_byte(&feed) : 0,
        };
        take_report(&feed, &report);
        for (size_t i = 0; cf_outputs[i]; i++)
                check(arena, &report, &options, cf_outputs[i]->name);
        CF_TEXT struct cf_text error = {0};
        cf_error_render(report.troubles[0], &error);
        check_safe(cf_text_span(&error), false);
        return 0;
}
