/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --log FILE: which of the failures in a log a profile made. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/vec.h"
#include "cli/why.h"

#define KINDS_MAX ((size_t)1 << 16) /* of failures that are told apart; more: -E2BIG */

#define LINE_BYTES ((size_t)1 << 20) /* of a line that are looked at */

struct log {
        struct cf_why *why;
        const char *path;
        size_t line, cut; /* its number; lines that were longer than LINE_BYTES */
        struct cf_map *kinds;
        CF_VEC(struct cf_why_failure *) failures;
        size_t lines; /* of failures */
};

/* The same for lines that tell the same. */
static void put_key(struct cf_text *key, const struct cf_logged *logged)
{
        cf_text_printf(key, "%x:%x:%d:%d", logged->call.arch, logged->call.nr, logged->error,
                       logged->by_filter);
        for (unsigned i = 0; i < CF_POLICY_ARGS; i++)
                if (logged->known[i])
                        cf_text_printf(key, " %u=%llx", i,
                                       (unsigned long long)logged->call.args[i]);
        if (logged->clone_flags)
                cf_text_printf(key, " behind=%llx", (unsigned long long)logged->clone_flags);
}

static int add(struct log *log, const struct cf_logged *logged, struct cf_error *err)
{
        struct cf_arena *arena = log->why->job.arena;
        CF_TEXT struct cf_text text = {0};
        put_key(&text, logged);
        struct cf_why_failure *failure =
                text.failed ? NULL : cf_map_get(log->kinds, cf_text_span(&text));
        log->lines++;
        if (failure) {
                failure->count++;
                return 0;
        }
        if (log->failures.count >= KINDS_MAX) {
                return cf_error_set(
                        err, -E2BIG, NULL,
                        "%s:%zu: more than %zu kinds of failures: cut the log into parts",
                        log->path, log->line, KINDS_MAX);
        }
        const char *key = text.failed ? NULL : cf_arena_copy(arena, cf_text_span(&text));
        failure = key ? cf_arena_one(arena, struct cf_why_failure) : NULL;
        if (!failure)
                return -ENOMEM;
        *failure = (struct cf_why_failure){
                .call = logged->call,
                .error = logged->error,
                .source = logged->by_filter ? CF_WHY_LOGGED : CF_WHY_TRACED,
                .by_filter = logged->by_filter,
                .count = 1,
                .behind = {.clone_flags = logged->clone_flags},
                .pid = logged->pid,
                .program = logged->program.size ? cf_arena_copy(arena, logged->program) : NULL,
                .where = cf_arena_printf(arena, "%s:%zu", log->path, log->line),
        };
        memcpy(failure->known, logged->known, sizeof(failure->known));
        if (!failure->where || cf_map_put(log->kinds, cf_span_of(key), failure) < 0 ||
            cf_vec_push(arena, &log->failures, failure) < 0)
                return -ENOMEM;
        return 0;
}

static int no_memory(struct cf_error *err)
{
        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
}

static int take_line(struct log *log, struct cf_span line, struct cf_error *err)
{
        struct cf_logged logged;
        log->line++;
        if (!cf_explain_log_line(line, log->why->job.circumstances.machine, &logged))
                return 0;
        int r = add(log, &logged, err);
        return r == -ENOMEM ? no_memory(err) : r;
}

static int read_whole(struct log *log, struct cf_error *err)
{
        struct cf_source *source;
        struct cf_span rest, line;
        int r = cf_files_read(log->why->job.files, log->why->job.arena, log->path, &source, err);
        if (r < 0)
                return r;
        rest = source->text;
        while (r == 0 && cf_span_next_line(&rest, &line))
                r = take_line(log, line, err);
        return r;
}

/* ---- as a stream ------------------------------------------------------------------------------
 */

struct stream {
        int fd;
        size_t size;
        bool passing, ended; /* what is left of a line that was cut is passed over */
        char bytes[LINE_BYTES];
};

static int fill(struct log *log, struct stream *stream, struct cf_error *err)
{
        ssize_t got;
        do
                got = read(stream->fd, stream->bytes + stream->size, LINE_BYTES - stream->size);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return cf_error_set(err, -errno, NULL, "'%s' cannot be read: %s", log->path,
                                    strerror(errno));
        if (log->line == 0 && stream->size == 0 && got >= 2 &&
            (memcmp(stream->bytes, "\xff\xfe", 2) == 0 ||
             memcmp(stream->bytes, "\xfe\xff", 2) == 0))
                return cf_error_set(err, -EILSEQ, NULL,
                                    "%s: UTF-16 is not read as a stream: iconv -f UTF-16 -t UTF-8 "
                                    "%s | confined why --log -",
                                    log->path, log->path);
        stream->size += (size_t)got;
        stream->ended = got == 0;
        return 0;
}

/* The lines that are there whole; of one that fills the memory its first part. */
static int take_lines(struct log *log, struct stream *stream, struct cf_error *err)
{
        struct cf_span rest = {stream->bytes, stream->size};
        int r = 0;
        while (r == 0 && rest.size) {
                size_t end = cf_span_find_byte(rest, '\n');
                bool full = end == SIZE_MAX && rest.size == LINE_BYTES;
                if (end == SIZE_MAX && !full && !stream->ended)
                        break;
                struct cf_span line = cf_span_part(rest, 0, end);
                if (!stream->passing)
                        r = take_line(log, cf_span_trim(line), err);
                log->cut += full && !stream->passing;
                stream->passing = full || (stream->passing && end == SIZE_MAX);
                rest = end == SIZE_MAX ? (struct cf_span){0}
                                       : cf_span_part(rest, end + 1, SIZE_MAX);
        }
        if (rest.size)
                memmove(stream->bytes, rest.data, rest.size);
        stream->size = rest.size;
        return r;
}

/* Whatever its size, in the same memory. */
static int read_stream(struct log *log, int fd, struct cf_error *err)
{
        struct stream *stream = cf_arena_one(log->why->job.arena, struct stream);
        if (!stream)
                return no_memory(err);
        stream->fd = fd;
        int r = 0;
        while (r == 0 && !stream->ended) {
                r = fill(log, stream, err);
                if (r == 0)
                        r = take_lines(log, stream, err);
        }
        return r;
}

/* Small files are read whole, in any encoding; others, pipes and the standard input ("-") as a
 * stream. */
static int read_log(struct log *log, struct cf_error *err)
{
        struct stat st;
        if (strcmp(log->path, "-") == 0)
                return read_stream(log, STDIN_FILENO, err);
        if (stat(log->path, &st) < 0 || (S_ISREG(st.st_mode) && st.st_size <= (off_t)CF_FILE_MAX) ||
            (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)))
                return read_whole(log, err);
        CF_CLOSE int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return cf_error_set(err, -errno, NULL, "'%s' cannot be read: %s", log->path,
                                    strerror(errno));
        return read_stream(log, fd, err);
}

/* Whether the process asked clone for what it had asked clone3 for. */
static bool went_on(const struct log *log, const struct cf_why_failure *failure)
{
        struct cf_call clone;
        if (!cf_explain_clone_instead(&failure->call, failure->behind.clone_flags, &clone))
                return false;
        for (size_t i = 0; i < log->failures.count; i++)
                if (log->failures.items[i]->pid == failure->pid &&
                    cf_explain_is_instead(&log->failures.items[i]->call, &clone))
                        return true;
        return false;
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
        struct log log = {.why = why, .path = path, .kinds = cf_map_new(why->job.arena)};
        if (!log.kinds)
                return no_memory(err);
        int r = read_log(&log, err);
        if (r == 0 && log.failures.count)
                qsort(log.failures.items, log.failures.count, sizeof(*log.failures.items),
                      compare_counts);
        for (size_t i = 0; r == 0 && i < log.failures.count; i++) {
                struct cf_why_failure *failure = log.failures.items[i];
                failure->behind.went_on = went_on(&log, failure);
                r = cf_why_say(why, failure, err);
        }
        if (r == 0 && log.cut)
                fprintf(stderr,
                        "confined: warning: %s: %zu line%s longer than %zu bytes: what is behind "
                        "was "
                        "not looked at\n",
                        path, log.cut, log.cut == 1 ? " is" : "s are", LINE_BYTES);
        if (r == 0 && !why->job.json) {
                put_summary(&log);
                cf_why_write_advise(why);
        }
        return r < 0 ? r : why->refused ? CF_EXIT_FINDINGS : CF_EXIT_CLEAN;
}
