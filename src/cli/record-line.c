/* SPDX-License-Identifier: Apache-2.0 */
/* The line on the terminal that tells how far a recording is:
 *
 *     recording: 74 calls; the last new one, accept4, 41 s ago   02:10
 *
 * What a workload prints on the same terminal overwrites it; so it is never there where the
 * workload has the terminal for itself (-t), nor where standard error is none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/record.h"

#define MEMORY ((size_t)16 << 20)
#define EVERY 1.0 /* seconds */

struct cf_record_line {
        const char *what;
        double drawn; /* when; seconds of the run */
        double fresh; /* when the last new call was seen */
        size_t kinds;
        char last[64]; /* its name */
        struct cf_observed_call *calls;
        size_t call_count;
        struct cf_arena *memory[2]; /* of the calls now, and before */
};

struct cf_record_line *cf_record_line_new(struct cf_record *record, const char *what)
{
        const char *terminal = getenv("TERM");
        if (!isatty(STDERR_FILENO) || !terminal || strcmp(terminal, "dumb") == 0 ||
            (record->engine && record->workload.line.terminal))
                return NULL;
        struct cf_record_line *line = cf_arena_one(record->job.arena, struct cf_record_line);
        if (line)
                *line = (struct cf_record_line){.what = what};
        return line;
}

static bool was_there(const struct cf_record_line *line, const struct cf_observed_call *call)
{
        for (size_t i = 0; i < line->call_count; i++)
                if (line->calls[i].arch == call->arch && line->calls[i].nr == call->nr)
                        return line->calls[i].count > 0;
        return false;
}

static void take(struct cf_record_line *line, struct cf_observed_call *calls, size_t count,
                 double seconds)
{
        size_t kinds = 0;
        for (size_t i = 0; i < count; i++) {
                if (!calls[i].count)
                        continue;
                kinds++;
                if (was_there(line, &calls[i]))
                        continue;
                struct cf_text name = {.max = sizeof(line->last) - 1};
                struct cf_seen_call seen = {.arch = cf_arch_of_call(calls[i].arch, calls[i].nr),
                                            .nr = calls[i].nr};
                if (seen.arch)
                        cf_record_say_call(&name, &seen);
                snprintf(line->last, sizeof(line->last), "%s", name.data ? name.data : "?");
                cf_text_done(&name);
                line->fresh = seconds;
        }
        line->calls = calls;
        line->call_count = count;
        line->kinds = kinds;
}

int cf_record_line_tick(struct cf_record_line *line, struct cf_observer *observer, double seconds,
                        struct cf_error *err)
{
        struct cf_observed_call *calls;
        size_t count;
        if (!line || seconds - line->drawn < EVERY)
                return 0;
        struct cf_arena *now = cf_arena_new(MEMORY);
        int r = now ? cf_observer_calls(observer, now, &calls, &count, err) : 0;
        if (!now || r < 0) {
                cf_arena_free(now);
                return r;
        }
        take(line, calls, count, seconds);
        cf_arena_free(line->memory[1]);
        line->memory[1] = line->memory[0];
        line->memory[0] = now;
        line->drawn = seconds;
        unsigned whole = (unsigned)seconds;
        fprintf(stderr, "\r\033[K%s: %zu calls", line->what, line->kinds);
        if (line->kinds)
                fprintf(stderr, "; the last new one, %s, %.0f s ago", line->last,
                        seconds - line->fresh);
        fprintf(stderr, "   %02u:%02u", whole / 60, whole % 60);
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
