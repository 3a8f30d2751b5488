/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --log FILE: which of the failures in a log a profile made. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "cli/why.h"

#define KINDS_MAX ((size_t)1 << 16) /* of failures that are told apart; more: -E2BIG */

struct log {
        struct cf_why *why;
        const struct cf_source *source;
        struct cf_map *kinds;
        CF_VEC(struct cf_why_failure *) failures;
        size_t lines; /* of failures */
};

/* Lines that tell the same. */
static char *key_of(struct cf_arena *arena, const struct cf_logged *logged)
{
        CF_TEXT struct cf_text key = {0};
        cf_text_printf(&key, "%x:%x:%d:%d", logged->call.arch, logged->call.nr, logged->error,
                       logged->by_filter);
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                if (logged->known[i])
                        cf_text_printf(&key, " %u=%llx", i,
                                       (unsigned long long)logged->call.args[i]);
        return key.failed ? NULL : cf_arena_string(arena, key.data);
}

static int add(struct log *log, const struct cf_logged *logged, unsigned line, struct cf_error *err)
{
        struct cf_arena *arena = log->why->job.arena;
        char *key = key_of(arena, logged);
        struct cf_why_failure *failure = key ? cf_map_get(log->kinds, cf_span_of(key)) : NULL;
        log->lines++;
        if (failure) {
                failure->count++;
                return 0;
        }
        if (log->failures.count >= KINDS_MAX) {
                struct cf_place place = {.path = log->source->path, .line = line, .column = 1};
                return cf_error_set(err, -E2BIG, &place,
                                    "more than %zu kinds of failures: cut the log into parts",
                                    KINDS_MAX);
        }
        failure = key ? cf_arena_one(arena, struct cf_why_failure) : NULL;
        if (!failure)
                return -ENOMEM;
        *failure = (struct cf_why_failure){
                .call = logged->call,
                .error = logged->error,
                .by_filter = logged->by_filter,
                .count = 1,
                .pid = logged->pid,
                .program = logged->program.size ? cf_arena_copy(arena, logged->program) : NULL,
                .where = cf_arena_printf(arena, "%s:%u", log->source->path, line),
        };
        memcpy(failure->known, logged->known, sizeof(failure->known));
        if (!failure->where || cf_map_put(log->kinds, cf_span_of(key), failure) < 0 ||
            cf_vec_push(arena, &log->failures, failure) < 0)
                return -ENOMEM;
        return 0;
}

static int read_lines(struct log *log, struct cf_error *err)
{
        struct cf_span rest = log->source->text, line;
        struct cf_logged logged;
        int r = 0;
        for (unsigned number = 1; r == 0 && cf_span_next_line(&rest, &line); number++)
                if (cf_explain_log_line(line, log->why->job.circumstances.machine, &logged))
                        r = add(log, &logged, number, err);
        return r == -ENOMEM ? cf_error_set(err, r, NULL, "not enough memory") : r;
}

/* Most often first. */
static int compare_counts(const void *a, const void *b)
{
        const struct cf_why_failure *one = *(const struct cf_why_failure *const *)a,
                                    *other = *(const struct cf_why_failure *const *)b;
        if (one->count != other->count)
                return one->count > other->count ? -1 : 1;
        return one->call.nr < other->call.nr ? -1 : one->call.nr > other->call.nr;
}

static void put_summary(struct log *log)
{
        struct cf_text *out = &log->why->job.out;
        if (out->size)
                cf_text_putc(out, '\n');
        cf_text_printf(out, "%zu failed %s of %zu %s, ", log->lines,
                       log->lines == 1 ? "call" : "calls", log->failures.count,
                       log->failures.count == 1 ? "kind" : "kinds");
        if (log->why->refused == 0)
                cf_text_puts(out, "none of them seccomp's");
        else
                cf_text_printf(out, "%zu of them seccomp's", log->why->refused);
        if (!log->why->all_errors && log->why->refused < log->failures.count)
                cf_text_puts(out, " (--all-errors tells of the others)");
        cf_text_putc(out, '\n');
}

int cf_why_log(struct cf_why *why, const char *path, struct cf_error *err)
{
        struct log log = {.why = why, .kinds = cf_map_new(why->job.arena)};
        struct cf_source *source;
        if (!log.kinds)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        int r = cf_files_read(why->job.files, why->job.arena, path, &source, err);
        if (r < 0)
                return r;
        log.source = source;
        r = read_lines(&log, err);
        if (r == 0 && log.failures.count)
                qsort(log.failures.items, log.failures.count, sizeof(*log.failures.items),
                      compare_counts);
        for (size_t i = 0; r == 0 && i < log.failures.count; i++)
                r = cf_why_say(why, log.failures.items[i], err);
        if (r == 0 && !why->job.json)
                put_summary(&log);
        return r < 0 ? r : why->refused ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
