/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that an error message names. Programs write the call's name in front of the error or
 * behind it; which of the words are calls is told by what stands around them. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

#define LINE_MAX_BYTES ((size_t)4096) /* of a line that are looked at */
#define NAME_MAX_BYTES 32             /* of a call's name */
#define ARGUMENTS_MAX 512             /* bytes of a call's arguments that are looked at */
#define ERRORS_MAX 134                /* errors of Linux are below */

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

/* ---- the error of a line --------------------------------------------------------------------- */

struct failure {
        int error; /* 0: none is told */
        bool killed, failed;
        size_t start, end; /* where it is told */
};

/* Where `words` stand in the line, as whole words and in any case; SIZE_MAX: nowhere. */
static size_t find_words(struct cf_span line, const char *words)
{
        size_t size = strlen(words);
        for (size_t at = 0; at + size <= line.size; at++) {
                if (tolower((unsigned char)line.data[at]) != tolower((unsigned char)words[0]))
                        continue;
                if (cf_span_equal_nocase(cf_span_part(line, at, size), cf_span_of(words)) &&
                    (at == 0 || !is_word(line.data[at - 1])) &&
                    (at + size == line.size || !is_word(line.data[at + size])))
                        return at;
        }
        return SIZE_MAX;
}

static void take_at(struct failure *failure, size_t at, size_t size, int error)
{
        if (at == SIZE_MAX || (failure->error && at <= failure->start))
                return; /* of several the last counts: what is in front are names and reasons */
        failure->error = error;
        failure->start = at;
        failure->end = at + size;
}

/* "errno 1", "errno = 1", "[Errno 1]", "os error 1". */
static void take_number(struct failure *failure, struct cf_span line, const char *words)
{
        size_t at = find_words(line, words), end;
        unsigned number = 0;
        if (at == SIZE_MAX)
                return;
        end = at + strlen(words);
        while (end < line.size && line.data[end] && strchr(" =:(", line.data[end]))
                end++;
        size_t digits = end;
        while (end < line.size && isdigit((unsigned char)line.data[end]) && number < ERRORS_MAX)
                number = 10 * number + (unsigned)(line.data[end++] - '0');
        if (end > digits && number > 0 && number < ERRORS_MAX && !failure->error)
                take_at(failure, at, end - at, (int)number);
}

static struct failure read_failure(struct cf_span line)
{
        struct failure failure = {0};
        for (int i = 1; i < ERRORS_MAX; i++) {
                const char *words = strerrordesc_np(i), *name = strerrorname_np(i);
                if (words)
                        take_at(&failure, find_words(line, words), strlen(words), i);
                if (name)
                        take_at(&failure, find_words(line, name), strlen(name), i);
        }
        take_number(&failure, line, "errno");
        take_number(&failure, line, "os error");
        size_t killed = find_words(line, "bad system call");
        failure.failed =
                find_words(line, "failed") != SIZE_MAX || find_words(line, "failure") != SIZE_MAX ||
                find_words(line, "cannot") != SIZE_MAX || find_words(line, "denied") != SIZE_MAX;
        if (killed != SIZE_MAX && !failure.error) {
                failure.killed = true;
                failure.start = killed;
                failure.end = killed + strlen("bad system call");
        }
        return failure;
}

/* ---- the calls of a line -------------------------------------------------------------------- */

struct line {
        struct cf_span text;
        bool read; /* its error was looked for */
        struct failure failure;
};

static const struct failure *failure_of(struct line *line)
{
        if (!line->read)
                line->failure = read_failure(line->text);
        line->read = true;
        return &line->failure;
}

static const struct cf_syscall *call_at(struct cf_span word)
{
        static const char *const prefixes[] = {"SYS_", "__NR_", "sys_", "__x64_sys_"};
        char name[NAME_MAX_BYTES];
        for (size_t i = 0; i < CF_COUNT(prefixes); i++)
                if (cf_span_starts(word, prefixes[i]))
                        word = cf_span_part(word, strlen(prefixes[i]), SIZE_MAX);
        if (word.size == 0 || word.size >= sizeof(name))
                return NULL;
        memcpy(name, word.data, word.size);
        name[word.size] = '\0';
        return cf_syscall_by_name(name);
}

/* What stands in brackets behind the name; "(2)" is a section of the manual. */
static struct cf_span arguments_at(struct cf_span text)
{
        unsigned depth = 0;
        bool quoted = false;
        for (size_t i = 0; i < text.size && i < ARGUMENTS_MAX; i++) {
                quoted ^= text.data[i] == '"';
                depth += !quoted && text.data[i] == '(';
                if (quoted || text.data[i] != ')' || --depth)
                        continue;
                struct cf_span inner = cf_span_part(text, 1, i - 1);
                return cf_span_is(inner, "2") ? (struct cf_span){0} : inner;
        }
        return (struct cf_span){0};
}

enum form {
        NOT_A_CALL,
        CALLED, /* by its brackets, by "failed" behind it, by a name that is nothing else */
        SPOKEN, /* "unshare: Operation not permitted": perhaps the program's name */
};

static bool follows(struct cf_span rest)
{
        static const char *const words[] = {" failed",   " failure", " error",
                                            " returned", " syscall", " system call"};
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_starts(rest, words[i]))
                        return true;
        return false;
}

static enum form form_of(struct line *line, size_t start, size_t end)
{
        struct cf_span text = line->text, rest = cf_span_part(text, end, SIZE_MAX);
        if (start > 0 && strchr("-/.@$%\\=~+", text.data[start - 1]))
                return NOT_A_CALL; /* a path's part, another object's */
        if (start > 1 && text.data[start - 1] == ':' && text.data[start - 2] == ':')
                return NOT_A_CALL;
        bool brackets = cf_span_starts(rest, "(");
        bool speaks = cf_span_starts(rest, ":") && !cf_span_starts(rest, "::");
        bool own_name = cf_span_find_byte(cf_span_part(text, start, end - start), '_') != SIZE_MAX;
        bool behind = start > 1 && text.data[start - 2] == ',' && text.data[start - 1] == ' ';
        if (!brackets && !speaks && !own_name && !behind && !follows(rest))
                return NOT_A_CALL;
        const struct failure *failure = failure_of(line);
        bool told = failure->error || failure->killed;
        if (brackets || follows(rest))
                return told || failure->failed ? CALLED : NOT_A_CALL;
        if (speaks)
                return told && failure->start >= end ? SPOKEN : NOT_A_CALL;
        if (behind && told && failure->end + 2 == start)
                return CALLED;
        return own_name && told ? CALLED : NOT_A_CALL;
}

/* Of a refusal mount(8) and BusyBox write words of their own, which are those of another error. */
static int error_of(const struct line *line, const struct cf_syscall *call)
{
        struct cf_span words = cf_span_part(line->text, line->failure.start, SIZE_MAX);
        bool own = line->failure.error == EACCES && strcmp(call->name, "mount") == 0 &&
                   (cf_span_starts(words, "permission denied.") ||
                    cf_span_starts(words, "permission denied (are you root?)"));
        return own ? EPERM : line->failure.error;
}

/* Reads the call as if strace had told it. */
static bool read_call(struct line *line, size_t start, size_t end, const struct cf_arch *arch,
                      const struct cf_syscall *call, struct cf_told *ret_told)
{
        const struct failure *failure = failure_of(line);
        struct cf_span rest = cf_span_part(line->text, end, SIZE_MAX);
        struct cf_span inner = cf_span_starts(rest, "(") ? arguments_at(rest) : (struct cf_span){0};
        char trace[NAME_MAX_BYTES + ARGUMENTS_MAX + 32];
        struct cf_told told = {.killed = failure->killed};
        int size = snprintf(trace, sizeof(trace), "%s(%.*s) = -1 EPERM (", call->name,
                            (int)inner.size, inner.size ? inner.data : "");
        if (size < 0 || (size_t)size >= sizeof(trace) ||
            !cf_explain_log_line((struct cf_span){trace, (size_t)size}, arch, &told.logged))
                return false;
        told.logged.error = error_of(line, call);
        told.logged.by_filter = failure->killed;
        told.logged.answer = failure->killed ? CF_KILL_THREAD : 0;
        bool behind = failure->end > end;
        size_t first = failure->end && failure->start < start ? failure->start : start;
        told.seen = cf_span_part(line->text, first, (behind ? failure->end : end) - first);
        *ret_told = told;
        return true;
}

static void add(struct cf_told *all, size_t *count, const struct cf_told *told)
{
        for (size_t i = 0; i < *count; i++)
                if (memcmp(&all[i].logged.call, &told->logged.call, sizeof(struct cf_call)) == 0 &&
                    memcmp(all[i].logged.known, told->logged.known, sizeof(told->logged.known)) ==
                            0)
                        return;
        if (*count < CF_TOLD_MAX)
                all[(*count)++] = *told;
}

static void read_line(struct cf_span text, const struct cf_arch *arch, struct cf_told *all,
                      size_t *count)
{
        struct line line = {.text = cf_span_part(text, 0, LINE_MAX_BYTES)};
        struct cf_told told = {.seen = line.text}, spoken;
        bool has_spoken = false;
        if (cf_explain_log_line(line.text, arch, &told.logged)) {
                add(all, count, &told);
                return;
        }
        for (size_t at = 0, end; at < line.text.size; at = end) {
                for (end = at; end < line.text.size && is_word(line.text.data[end]);)
                        end++;
                if (end == at) {
                        end++;
                        continue;
                }
                const struct cf_syscall *call = call_at(cf_span_part(line.text, at, end - at));
                enum form form = call ? form_of(&line, at, end) : NOT_A_CALL;
                if (form == NOT_A_CALL || !read_call(&line, at, end, arch, call, &told))
                        continue;
                /* "unshare: clone: …": the program speaks first. */
                has_spoken = form == SPOKEN;
                if (has_spoken)
                        spoken = told;
                else
                        add(all, count, &told);
        }
        if (has_spoken)
                add(all, count, &spoken);
}

size_t cf_explain_message(struct cf_span text, const struct cf_arch *arch,
                          struct cf_told ret_told[CF_TOLD_MAX])
{
        struct cf_span line;
        size_t count = 0;
        while (count < CF_TOLD_MAX && cf_span_next_line(&text, &line))
                read_line(line, arch, ret_told, &count);
        return count;
}
