/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's rows: one line for each engine, then its containers; then the processes that belong
 * to no container we were told of. Columns are as wide as their content, and give way, the widest
 * first, when the terminal is narrower. */
#include <inttypes.h>

#include "report/write.h"

#define COLUMNS 5
#define GAP 2         /* columns of the terminal between two of the table */
#define LEAST_CELL 10 /* a column that gives way keeps this much */
#define CELL_MAX 80   /* and is never wider than this */

struct column {
        const char *head;
        /* Raw text of a row's cell. */
        void (*put)(struct cf_text *out, const struct cf_report_row *row);
};

static void put_or_dash(struct cf_text *out, const char *text)
{
        cf_text_puts(out, text && *text ? text : "–");
}

static void put_name(struct cf_text *out, const struct cf_report_row *row)
{
        const struct cf_container *container = row->subject->container;
        put_or_dash(out, container ? cf_report_container_name(container) : row->subject->name);
}

static void put_image(struct cf_text *out, const struct cf_report_row *row)
{
        const struct cf_container *container = row->subject->container;
        put_or_dash(out, container ? container->image : row->subject->image);
}

static void put_declared(struct cf_text *out, const struct cf_report_row *row)
{
        put_or_dash(out, row->declared);
}

static void put_enforced(struct cf_text *out, const struct cf_report_row *row)
{
        put_or_dash(out, row->enforced);
}

static void put_verdict(struct cf_text *out, const struct cf_report_row *row)
{
        cf_text_puts(out, cf_verdict_name(row->verdict));
        if (row->rule)
                cf_text_printf(out, " %s", row->rule);
}

static void put_pid(struct cf_text *out, const struct cf_report_row *row)
{
        const struct cf_process *process = row->subject->process;
        if (process)
                cf_text_printf(out, "%jd", (intmax_t)process->pid);
        else
                put_or_dash(out, NULL);
}

static void put_command(struct cf_text *out, const struct cf_report_row *row)
{
        const struct cf_process *process = row->subject->process;
        put_or_dash(out, !process           ? row->subject->name
                         : process->command ? process->command
                                            : process->name);
}

/* Where the process lives: its container's engine and short id, or its cgroup. */
static void put_home(struct cf_text *out, const struct cf_report_row *row)
{
        const struct cf_process *process = row->subject->process;
        if (process && process->container)
                cf_text_printf(out, "%s %.12s", process->engine ? process->engine : "container",
                               process->container);
        else
                put_or_dash(out, process ? process->cgroup : NULL);
}

static const struct column container_columns[COLUMNS] = {
        {"CONTAINER", put_name},    {"IMAGE", put_image},     {"DECLARED", put_declared},
        {"ENFORCED", put_enforced}, {"VERDICT", put_verdict},
};
static const struct column process_columns[COLUMNS] = {
        {"PROCESS", put_pid},       {"COMMAND", put_command}, {"LIVES IN", put_home},
        {"ENFORCED", put_enforced}, {"VERDICT", put_verdict},
};

/* Rows of one table: those of an engine, or the processes. */
struct group {
        const struct cf_report *report;
        size_t engine; /* its position; SIZE_MAX: none of the report's */
        bool processes;
};

static bool holds(const struct group *group, const struct cf_report_row *row)
{
        bool process = row->subject->kind == CF_SUBJECT_PROCESS;
        return process == group->processes &&
               (process || cf_report_engine_index(group->report, row) == group->engine);
}

/* The cell's text, safe to show. */
static void make_cell(struct cf_text *cell, const struct column *column,
                      const struct cf_report_row *row)
{
        CF_TEXT struct cf_text raw = {0};
        column->put(&raw, row);
        cf_text_clear(cell);
        cf_text_add_visible(cell, cf_text_span(&raw));
        cell->failed |= raw.failed;
}

/* Takes from the widest column until the line fits; the first and the last stay. */
static void shrink(size_t widths[static COLUMNS], size_t room)
{
        size_t total = (size_t)(COLUMNS - 1) * GAP;
        for (size_t i = 0; i < COLUMNS; i++)
                total += widths[i];
        while (total > room) {
                size_t widest = 1;
                for (size_t i = 2; i < COLUMNS - 1; i++)
                        if (widths[i] > widths[widest])
                                widest = i;
                if (widths[widest] <= LEAST_CELL)
                        return;
                widths[widest]--;
                total--;
        }
}

/* The longest start of `cell` of at most `width` columns, an ellipsis at its end when cut. */
static void put_cut(struct cf_text *out, struct cf_span cell, size_t width)
{
        size_t whole = cf_report_width(cell), used = 0, size;
        uint32_t character;
        if (whole <= width) {
                cf_text_add(out, cell);
                cf_text_repeat(out, ' ', width - whole);
                return;
        }
        while ((size = cf_utf8_next(cell, &character)) > 0 &&
               used + cf_report_char_width(character) < width) {
                used += cf_report_char_width(character);
                cf_text_add(out, cf_span_part(cell, 0, size));
                cell = cf_span_part(cell, size, SIZE_MAX);
        }
        cf_text_puts(out, "…");
        cf_text_repeat(out, ' ', width - used - 1);
}

static void put_row(struct cf_text *out, const struct cf_report_options *options,
                    const struct column *columns, const size_t widths[static COLUMNS],
                    const struct cf_report_row *row, struct cf_text *cell)
{
        for (size_t i = 0; i < COLUMNS; i++) {
                if (row)
                        make_cell(cell, &columns[i], row);
                else
                        cf_text_clear(cell), cf_text_puts(cell, columns[i].head);
                out->failed |= cell->failed;
                bool last = i == COLUMNS - 1;
                enum cf_style style = !row   ? CF_STYLE_HEAD
                                      : last ? cf_style_of(row->verdict)
                                             : CF_STYLE_NONE;
                cf_style_on(out, options, style);
                if (last)
                        cf_text_add(out, cf_text_span(cell));
                else
                        put_cut(out, cf_text_span(cell), widths[i]);
                cf_style_off(out, options, style);
                if (!last)
                        cf_text_repeat(out, ' ', GAP);
        }
        cf_text_putc(out, '\n');
}

static bool put_group(struct cf_text *out, const struct cf_report_options *options,
                      const struct group *group)
{
        const struct column *columns = group->processes ? process_columns : container_columns;
        const struct cf_report *report = group->report;
        size_t widths[COLUMNS], rows = 0;
        CF_TEXT struct cf_text cell = {0};
        for (size_t i = 0; i < COLUMNS; i++)
                widths[i] = strlen(columns[i].head);
        for (size_t i = 0; i < report->row_count; i++) {
                if (!holds(group, &report->rows[i]))
                        continue;
                rows++;
                for (size_t j = 0; j < COLUMNS; j++) {
                        make_cell(&cell, &columns[j], &report->rows[i]);
                        size_t width = cf_report_width(cf_text_span(&cell));
                        if (width > CELL_MAX)
                                width = CELL_MAX;
                        if (width > widths[j])
                                widths[j] = width;
                }
        }
        if (rows == 0)
                return false;
        if (options->width > 0)
                shrink(widths, options->width);
        put_row(out, options, columns, widths, NULL, &cell);
        for (size_t i = 0; i < report->row_count; i++)
                if (holds(group, &report->rows[i]))
                        put_row(out, options, columns, widths, &report->rows[i], &cell);
        return true;
}

static void put_engine(struct cf_text *out, const struct cf_engine *engine)
{
        cf_text_add_visible(out, cf_span_of(engine->name ? engine->name : "engine"));
        if (engine->version) {
                cf_text_putc(out, ' ');
                cf_text_add_visible(out, cf_span_of(engine->version));
        }
        if (engine->host) {
                cf_text_puts(out, " at ");
                cf_text_add_visible(out, cf_span_of(engine->host));
        }
        if (!engine->seccomp) {
                cf_text_puts(out, " · no seccomp");
        } else if (engine->default_profile) {
                cf_text_puts(out, " · default profile: ");
                cf_text_add_visible(out, cf_span_of(engine->default_profile));
        }
        if (engine->kernel) {
                cf_text_puts(out, " · kernel ");
                cf_text_add_visible(out, cf_span_of(engine->kernel));
        }
        cf_text_putc(out, '\n');
}

void cf_report_table(struct cf_text *out, const struct cf_report_options *options,
                     const struct cf_report *report)
{
        bool filled = false;
        for (size_t i = 0; i < report->engine_count; i++) {
                struct group group = {.report = report, .engine = i};
                if (filled)
                        cf_text_putc(out, '\n');
                put_engine(out, &report->engines[i]);
                size_t before = out->size;
                cf_text_putc(out, '\n');
                if (!put_group(out, options, &group) && out->data)
                        out->data[out->size = before] = '\0';
                filled = true;
        }
        struct group loose[] = {{.report = report, .engine = SIZE_MAX},
                                {.report = report, .processes = true}};
        for (size_t i = 0; i < CF_COUNT(loose); i++) {
                size_t before = out->size;
                if (filled)
                        cf_text_putc(out, '\n');
                if (put_group(out, options, &loose[i]))
                        filled = true;
                else if (out->data)
                        out->data[out->size = before] = '\0';
        }
}
