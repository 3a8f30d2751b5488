/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/defaults.h"

#include <string.h>

#include "base/vec.h"

/* ---- versions ---------------------------------------------------------------------------------
 */

#define VERSION_PARTS 3
#define PART_MAX 99999u /* as no engine's version has it; stands for "the newest" */

/* Reads as many numbers of a version as there are, three at most; the rest is left to the
 * distribution that wrote it. How many there were. */
static unsigned read_version(const char *text, unsigned version[VERSION_PARTS])
{
        unsigned count = 0;
        if (*text == 'v')
                text++;
        while (count < VERSION_PARTS && *text >= '0' && *text <= '9') {
                unsigned part = 0;
                for (; *text >= '0' && *text <= '9'; text++)
                        part = part < PART_MAX / 10 ? 10 * part + (unsigned)(*text - '0')
                                                    : PART_MAX - 1;
                version[count++] = part;
                if (*text != '.')
                        break;
                text++;
        }
        return count;
}

/* Of the first `count` numbers. */
static int compare(const unsigned *a, const unsigned *b, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                if (a[i] != b[i])
                        return a[i] < b[i] ? -1 : 1;
        return 0;
}

/* The profile that a version has; of one that gives `count` numbers, the newest such. */
static const struct cf_profile_default *of_version(struct cf_span engine,
                                                   const unsigned version[VERSION_PARTS],
                                                   unsigned count, bool *ret_newer)
{
        const struct cf_profile_default *profile = NULL;
        for (size_t i = 0; i < cf_profile_release_count; i++) {
                const struct cf_profile_release *release = &cf_profile_releases[i];
                if (!cf_span_equal_nocase(engine, cf_span_of(release->engine)))
                        continue;
                int order = compare(release->version, version, count);
                if (!release->profile)
                        *ret_newer = order < 0;
                else if (order <= 0)
                        profile = release->profile;
        }
        return profile;
}

const struct cf_profile_default *cf_profile_default_of(const char *engine, const char *version,
                                                       bool *ret_newer)
{
        unsigned numbers[VERSION_PARTS] = {0};
        bool newer = false;
        /* "20.10" alone would leave open which of them. */
        if (!version || read_version(version, numbers) < 2)
                return NULL;
        const struct cf_profile_default *profile =
                of_version(cf_span_of(engine), numbers, VERSION_PARTS, &newer);
        if (profile && ret_newer)
                *ret_newer = newer;
        return profile;
}

/* ---- names ------------------------------------------------------------------------------------
 */

static bool is_called(const struct cf_profile_default *profile, const char *name)
{
        if (strcmp(profile->name, name) == 0)
                return true;
        for (size_t i = 0; i < CF_PROFILE_SHORT_NAMES && profile->short_names[i]; i++)
                if (strcmp(profile->short_names[i], name) == 0)
                        return true;
        return false;
}

/* "docker-20.10": what the last release of that line has. A version that is newer than all that
 * were looked at has no name here. */
static const struct cf_profile_default *by_version(const char *name)
{
        const char *dash = strchr(name, '-');
        unsigned version[VERSION_PARTS];
        bool newer = false;
        if (!dash || dash[1] < '0' || dash[1] > '9' ||
            dash[1 + strspn(dash + 1, "0123456789.")] != 0)
                return NULL;
        unsigned count = read_version(dash + 1, version);
        const struct cf_profile_default *profile =
                of_version((struct cf_span){name, (size_t)(dash - name)}, version, count, &newer);
        return newer ? NULL : profile;
}

const struct cf_profile_default *cf_profile_default(const char *name)
{
        for (size_t i = 0; i < cf_profile_default_count; i++)
                if (is_called(&cf_profile_defaults[i], name))
                        return &cf_profile_defaults[i];
        const struct cf_profile_default *newest = NULL;
        for (size_t i = 0; i < cf_profile_release_count; i++)
                if (strcmp(cf_profile_releases[i].engine, name) == 0 &&
                    cf_profile_releases[i].profile)
                        newest = cf_profile_releases[i].profile;
        return newest ? newest : by_version(name);
}

/* ---- text -------------------------------------------------------------------------------------
 */

typedef CF_VEC(struct cf_span) span_vec;

static int compare_spans(const void *left, const void *right)
{
        const struct cf_span *a = left, *b = right;
        int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
        return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int add_calls(struct cf_arena *arena, span_vec *calls, const char *words)
{
        while (*words) {
                size_t size = strcspn(words, " ");
                struct cf_span call = {words, size};
                if (cf_vec_push(arena, calls, call) < 0)
                        return -ENOMEM;
                words += size + (words[size] == ' ');
        }
        return 0;
}

static void add_rule(struct cf_text *text, const span_vec *calls, const char *rule, bool first)
{
        cf_text_puts(text, first ? "\n\t\t{\n" : ",\n\t\t{\n");
        cf_text_puts(text, "\t\t\t\"names\": [\n");
        for (size_t i = 0; i < calls->count; i++)
                cf_text_printf(text, "\t\t\t\t\"%.*s\"%s\n", (int)calls->items[i].size,
                               calls->items[i].data, i + 1 < calls->count ? "," : "");
        cf_text_printf(text, "\t\t\t],\n\t\t\t%s\n\t\t}", rule);
}

static int compose(struct cf_arena *arena, const struct cf_profile_default *profile,
                   struct cf_text *text)
{
        const struct cf_profile_history *history = profile->history;
        bool first = true;
        cf_text_printf(text, "{\n%s,\n\t\"syscalls\": [", profile->head);
        for (size_t i = 0; i < history->part_count;) {
                const char *rule = history->parts[i].rule;
                span_vec calls = {0};
                for (; i < history->part_count && strcmp(history->parts[i].rule, rule) == 0; i++)
                        if (history->parts[i].in >> profile->bit & 1 &&
                            add_calls(arena, &calls, history->parts[i].calls) < 0)
                                return -ENOMEM;
                if (!calls.count)
                        continue;
                qsort(calls.items, calls.count, sizeof(*calls.items), compare_spans);
                add_rule(text, &calls, rule, first);
                first = false;
        }
        cf_text_puts(text, "\n\t]\n}\n");
        return text->failed ? -ENOMEM : 0;
}

int cf_profile_default_text(struct cf_arena *arena, const struct cf_profile_default *profile,
                            struct cf_span *ret_text)
{
        CF_TEXT struct cf_text text = {0};
        if (!profile->history) {
                *ret_text = profile->verbatim;
                return 0;
        }
        if (compose(arena, profile, &text) < 0)
                return -ENOMEM;
        const char *copy = cf_arena_copy(arena, cf_text_span(&text));
        if (!copy)
                return -ENOMEM;
        *ret_text = (struct cf_span){copy, text.size};
        return 0;
}
