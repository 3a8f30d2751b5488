/* SPDX-License-Identifier: Apache-2.0 */
/* A baseline: the findings that a project knows already, by fingerprint. */
#include "judge/baseline.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "judge/fingerprint.h"

#define BASELINE_VERSION 1
#define COUNT_MAX 1000000

struct cf_baseline {
        struct cf_map *counts; /* fingerprint → size_t */
};

size_t cf_baseline_count(const struct cf_baseline *baseline, const char *fingerprint)
{
        const size_t *count =
                baseline ? cf_map_get(baseline->counts, cf_span_of(fingerprint)) : NULL;
        return count ? *count : 0;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

CF_PRINTF(4, 5)
static int refuse(struct cf_error *err, const struct cf_source *source, const struct cf_json *value,
                  const char *format, ...)
{
        char message[CF_ERROR_TEXT];
        struct cf_place place = cf_source_place(source, value->offset, value->length);
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        return cf_error_set(err, -EINVAL, &place, "%s", message);
}

static bool is_fingerprint(const char *text)
{
        return text && strlen(text) == CF_FINGERPRINT_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == CF_FINGERPRINT_SIZE - 1;
}

static int read_entry(struct cf_arena *arena, const struct cf_source *source,
                      const struct cf_json *entry, struct cf_map *counts, struct cf_error *err)
{
        uint64_t count = 1;
        if (entry->type != CF_JSON_OBJECT)
                return refuse(err, source, entry, "a known finding is an object");
        const struct cf_json *fingerprint = cf_json_get(entry, "fingerprint");
        const struct cf_json *number = cf_json_get(entry, "count");
        if (!is_fingerprint(cf_json_string(fingerprint)))
                return refuse(err, source, fingerprint ? fingerprint : entry,
                              "'fingerprint' must be %d hexadecimal digits in lower case",
                              CF_FINGERPRINT_SIZE - 1);
        if (number && (cf_json_uint(number, &count) < 0 || count == 0 || count > COUNT_MAX))
                return refuse(err, source, number, "'count' must be a number from 1 to %d",
                              COUNT_MAX);
        size_t *slot = cf_map_get(counts, fingerprint->text);
        if (!slot) {
                slot = cf_arena_one(arena, size_t);
                if (!slot || cf_map_put(counts, fingerprint->text, slot) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "out of memory");
        }
        *slot += (size_t)count;
        return 0;
}

/* The list of findings, once the rest is known to be a baseline. */
static int find_list(const struct cf_source *source, const struct cf_json *root,
                     const struct cf_json **ret_list, struct cf_error *err)
{
        uint64_t version;
        const struct cf_json *number = cf_json_get(root, "version");
        const struct cf_json *findings = cf_json_get(root, "findings");
        if (!number || cf_json_uint(number, &version) < 0)
                return refuse(err, source, number ? number : root,
                              "this is no baseline: 'version' is not a number");
        if (version != BASELINE_VERSION)
                return refuse(err, source, number,
                              "baselines of version %llu are not known: write it anew with "
                              "--write-baseline",
                              (unsigned long long)version);
        if (!findings || findings->type != CF_JSON_ARRAY)
                return refuse(err, source, findings ? findings : root, "'findings' must be a list");
        *ret_list = findings;
        return 0;
}

int cf_baseline_parse(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_baseline **ret_baseline, struct cf_error *err)
{
        struct cf_json *root = NULL;
        const struct cf_json *list = NULL;
        int r = cf_json_parse(arena, source, &root, err);
        if (r == 0)
                r = find_list(source, root, &list, err);
        if (r < 0)
                return r;
        struct cf_baseline *baseline = cf_arena_one(arena, struct cf_baseline);
        struct cf_map *counts = cf_map_new(arena);
        if (!baseline || !counts)
                return cf_error_set(err, -ENOMEM, NULL, "out of memory");
        for (const struct cf_json *entry = list->first; entry; entry = entry->next) {
                r = read_entry(arena, source, entry, counts, err);
                if (r < 0)
                        return r;
        }
        baseline->counts = counts;
        *ret_baseline = baseline;
        return 0;
}

int cf_baseline_read(struct cf_arena *arena, struct cf_files *files, const char *path,
                     struct cf_baseline **ret_baseline, struct cf_error *err)
{
        struct cf_source *source = NULL;
        int r = cf_files_read(files, arena, path, &source, err);
        return r < 0 ? r : cf_baseline_parse(arena, source, ret_baseline, err);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static int compare_text(const char *a, const char *b)
{
        return strcmp(a ? a : "", b ? b : "");
}

/* By place, and without line numbers first, so that moving lines changes little of the file. */
static int compare(const void *a, const void *b)
{
        const struct cf_finding *x = *(struct cf_finding *const *)a;
        const struct cf_finding *y = *(struct cf_finding *const *)b;
        int order = compare_text(x->place.path, y->place.path);
        if (order == 0)
                order = compare_text(x->rule->id, y->rule->id);
        return order ? order : compare_text(x->fingerprint, y->fingerprint);
}

static void put_finding(struct cf_json_writer *writer, const struct cf_finding *finding)
{
        cf_json_open(writer, '{');
        cf_json_key(writer, "fingerprint");
        cf_json_put_string(writer, finding->fingerprint);
        cf_json_key(writer, "rule");
        cf_json_put_string(writer, finding->rule->id);
        if (finding->place.path) {
                cf_json_key(writer, "path");
                cf_json_put_string(writer, finding->place.path);
                cf_json_key(writer, "line");
                cf_json_put_uint(writer, finding->place.line);
        }
        cf_json_key(writer, "subjects");
        cf_json_open(writer, '[');
        for (size_t i = 0; i < finding->subject_count; i++)
                cf_json_put_string(writer, finding->subjects[i]);
        cf_json_close(writer, ']');
        cf_json_close(writer, '}');
}

int cf_baseline_write(const char *path, struct cf_finding *const *findings, size_t count,
                      struct cf_error *err)
{
        CF_TEXT struct cf_text text = {0};
        struct cf_json_writer writer = {.out = &text, .indent = 2};
        CF_FREE struct cf_finding **sorted = calloc(count ? count : 1, sizeof(struct cf_finding *));
        size_t kept = 0;
        if (!sorted)
                return cf_error_set(err, -ENOMEM, NULL, "out of memory");
        for (size_t i = 0; i < count; i++)
                if (!findings[i]->suppressed_by)
                        sorted[kept++] = findings[i];
        qsort(sorted, kept, sizeof(*sorted), compare);
        cf_json_open(&writer, '{');
        cf_json_key(&writer, "version");
        cf_json_put_uint(&writer, BASELINE_VERSION);
        cf_json_key(&writer, "findings");
        cf_json_open(&writer, '[');
        for (size_t i = 0; i < kept; i++)
                put_finding(&writer, sorted[i]);
        cf_json_close(&writer, ']');
        cf_json_close(&writer, '}');
        cf_text_putc(&text, '\n');
        if (text.failed)
                return cf_error_set(err, -ENOMEM, NULL, "out of memory");
        return cf_file_write(path, cf_text_span(&text), err);
}
