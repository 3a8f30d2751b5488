/* SPDX-License-Identifier: Apache-2.0 */
/* The line on the terminal that tells how far a recording is:
 *
 *     recording: 74 calls, made 3.1 M times; 2 that docker refuses; the last new one, accept4,
 *     41 s ago   02:10
 *
 * and what of it finds room where the terminal is narrow. "New" is what was not seen before in this
 * run; what is refused is counted by the profile that the report will compare with. What a workload
 * prints on the same terminal overwrites the line; so it is never there where the workload has the
 * terminal for itself (-t), nor where standard error is none. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/record.h"

#define MEMORY ((size_t)32 << 20)
#define EVERY 1.0         /* seconds */
#define VALUES_EVERY 10.0 /* seconds: reading all values of arguments costs more than the calls */
#define WIDTH 80          /* of a terminal that does not say */

struct cf_record_line {
        struct cf_record *record;
        const char *what;
        bool again;    /* under its own profile: what that refuses is counted */
        double drawn;  /* when; seconds of the run */
        double valued; /* when the values were read last */
        double fresh;  /* when the last new call was seen */
        size_t kinds, open;
        uint64_t total;
        char last[64];             /* its name */
        struct cf_observation was; /* in memory[0] */
        struct cf_arena *memory[2];
};

struct cf_record_line *cf_record_line_new(struct cf_record *record, bool again)
{
        const char *terminal = getenv("TERM");
        if (!isatty(STDERR_FILENO) || !terminal || strcmp(terminal, "dumb") == 0 ||
            (record->engine && record->workload.line.terminal))
                return NULL;
        struct cf_record_line *line = cf_arena_one(record->job.arena, struct cf_record_line);
        if (line)
                *line = (struct cf_record_line){
                        .record = record,
                        .what = again ? "again, under the profile" : "recording",
                        .again = again,
                };
        return line;
}

/* ---- what is counted --------------------------------------------------------------------------
 */

static bool was_there(const struct cf_record_line *line, const struct cf_seen_call *seen)
{
        for (size_t i = 0; i < line->was.call_count; i++)
                if (line->was.calls[i].arch == seen->arch && line->was.calls[i].nr == seen->nr)
                        return line->was.calls[i].count[CF_SEEN_WORKLOAD] > 0;
        return false;
}

/* Whether a call is there that was not. */
static bool take(struct cf_record_line *line, const struct cf_observation *now, double seconds)
{
        struct cf_estimate estimate;
        bool more = false;
        for (size_t i = 0; i < now->call_count; i++) {
                const struct cf_seen_call *seen = &now->calls[i];
                if (!seen->count[CF_SEEN_WORKLOAD] || was_there(line, seen))
                        continue;
                struct cf_text name = {.max = sizeof(line->last) - 1};
                cf_record_say_call(&name, seen);
                snprintf(line->last, sizeof(line->last), "%s", name.data ? name.data : "?");
                cf_text_done(&name);
                line->fresh = seconds;
                more = true;
        }
        cf_observation_estimate(now, &estimate);
        line->kinds = estimate.kinds;
        line->total = estimate.total;
        line->was = *now;
        return more;
}

/* How many the profile that is compared with refuses, or this one just did. */
static int count_open(struct cf_record_line *line, struct cf_arena *arena,
                      const struct cf_observation *now, struct cf_error *err)
{
        const struct cf_record *record = line->record;
        cf_policy policy = record->check ? record->old.policy : record->base.policy;
        size_t *missing;
        if (!line->again)
                return cf_record_missing(record->job.all, arena, now, policy, &missing, &line->open,
                                         err);
        line->open = 0;
        for (size_t i = 0; i < now->call_count; i++)
                line->open += cf_record_is_missed(record, &now->calls[i]);
        return 0;
}

static int look(struct cf_record_line *line, struct cf_observer *observer, struct cf_arena *arena,
                double seconds, struct cf_error *err)
{
        struct cf_record_run run = {0};
        struct cf_observation now;
        int r = cf_observer_calls(observer, arena, &run.calls, &run.call_count, err);
        if (r == 0)
                r = cf_observer_totals(observer, arena, &run.totals, &run.total_count, err);
        if (r == 0)
                r = cf_record_seen(arena, &run, &now, err);
        if (r < 0)
                return r;
        bool more = take(line, &now, seconds);
        if (!line->again && !more && seconds - line->valued < VALUES_EVERY)
                return 0;
        if (!line->again) {
                line->valued = seconds;
                r = cf_observer_values(observer, arena, &run.values, &run.value_count, err);
                if (r == 0)
                        r = cf_record_seen(arena, &run, &now, err);
        }
        return r == 0 ? count_open(line, arena, &now, err) : r;
}

/* ---- what is drawn ----------------------------------------------------------------------------
 */

static void add_total(struct cf_text *out, uint64_t total)
{
        if (total < 1000000)
                cf_text_printf(out, "%" PRIu64, total);
        else if (total < 1000000000)
                cf_text_printf(out, "%.1f M", (double)total / 1e6);
        else
                cf_text_printf(out, "%.1f G", (double)total / 1e9);
}

static void add_open(const struct cf_record_line *line, struct cf_text *out)
{
        const struct cf_record *record = line->record;
        cf_text_printf(out, line->again ? "%zu refused" : "%zu that ", line->open);
        if (line->again)
                return;
        cf_text_add_visible(
                out, cf_span_of(cf_path_base(record->check ? record->check : record->base.name)));
        cf_text_puts(out, record->check ? " lacks" : " refuses");
}

static void add_age(const struct cf_record_line *line, struct cf_text *out)
{
        unsigned age = (unsigned)(line->drawn - line->fresh);
        if (age < 1000)
                cf_text_printf(out, "%u s ago", age);
        else
                cf_text_printf(out, "%u min ago", age / 60);
}

/* With all that there is to say, and each time with less. */
#define FORMS 6u

static void put_form(const struct cf_record_line *line, unsigned form, struct cf_text *out)
{
        unsigned whole = (unsigned)line->drawn;
        if (form < 4)
                cf_text_printf(out, "%s: ", line->what);
        cf_text_printf(out, "%zu call%s", line->kinds, line->kinds == 1 ? "" : "s");
        if (form < 5) {
                cf_text_puts(out, form < 3 ? ", made " : " of ");
                add_total(out, line->total);
                cf_text_puts(out, form >= 3 ? "" : line->total == 1 ? " time" : " times");
        }
        cf_text_puts(out, form < 3 ? "; " : ", ");
        if (form < 4)
                add_open(line, out);
        else
                cf_text_printf(out, "%zu %s", line->open, line->again ? "refused" : "lacking");
        if (line->kinds) {
                cf_text_puts(out, form < 3 ? "; " : ", ");
                if (form == 0)
                        cf_text_printf(out, "the last new one, %s, ", line->last);
                else
                        cf_text_puts(out, form < 3 ? "the last new one " : "last new ");
                add_age(line, out);
        }
        if (form < 2)
                cf_text_printf(out, "   %02u:%02u", whole / 60, whole % 60);
}

/* One line, whatever the width: a longer one could not be wiped. */
static void draw(const struct cf_record_line *line)
{
        struct winsize size = {0};
        size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col
                                                                                       : WIDTH;
        for (unsigned form = 0; form < FORMS; form++) {
                CF_TEXT struct cf_text text = {0};
                put_form(line, form, &text);
                if (text.failed || (text.size >= width && form + 1 < FORMS))
                        continue;
                fprintf(stderr, "\r\033[K%.*s", (int)(width - 1), text.data);
                return;
        }
}

int cf_record_line_tick(struct cf_record_line *line, struct cf_observer *observer, double seconds,
                        struct cf_error *err)
{
        if (!line || seconds - line->drawn < EVERY)
                return 0;
        struct cf_arena *now = cf_arena_new(MEMORY);
        int r = now ? look(line, observer, now, seconds, err)
                    : cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        if (r < 0) {
                cf_arena_free(now);
                return r;
        }
        cf_arena_free(line->memory[1]);
        line->memory[1] = line->memory[0];
        line->memory[0] = now;
        line->drawn = seconds;
        draw(line);
        return 0;
}

void cf_record_line_wipe(struct cf_record_line *line)
{
        if (!line)
                return;
        if (line->drawn > 0)
                fputs("\r\033[K", stderr);
        cf_arena_free(line->memory[0]);
        cf_arena_free(line->memory[1]);
}
