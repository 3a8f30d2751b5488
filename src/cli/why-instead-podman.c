/* SPDX-License-Identifier: Apache-2.0 */
/* confined why --instead of a container of Podman's: Podman keeps the words that it was made by, so
 * they can be given back. They are not run: paths in them may be relative to a folder that nobody
 * knows, and two containers cannot have one name or publish one port. */
#include <string.h>

#include "base/json.h"
#include "base/vec.h"
#include "cli/why-engine.h"
#include "cli/why-instead.h"

#define WORDS_MAX ((size_t)4096)

/* Options that two containers cannot both have, or that would end the command too soon. */
static const struct {
        const char *name;
        bool valued;
} dropped[] = {
        {"-d", false},
        {"--detach", false},
        {"--replace", false},
        {"-P", false},
        {"--publish-all", false},
        {"--name", true},
        {"-p", true},
        {"--publish", true},
        {"--ip", true},
        {"--ip6", true},
        {"--mac-address", true},
        {"--network-alias", true},
        {"--pod", true},
        {"--cidfile", true},
        {"--pidfile", true},
        {"--conmon-pidfile", true},
        {"--restart", true},
};

/* How many words go with this one; 0: it stays. */
static size_t goes(const char *word)
{
        for (size_t i = 0; i < CF_COUNT(dropped); i++) {
                size_t size = strlen(dropped[i].name);
                if (strcmp(word, dropped[i].name) == 0)
                        return dropped[i].valued ? 2 : 1;
                if (strncmp(word, dropped[i].name, size) == 0 && word[size] == '=')
                        return 1;
        }
        return 0;
}

/* "-dit" without what goes: "-it". NULL: no memory. */
static const char *without_flags(struct cf_arena *arena, const char *word)
{
        static const char flags[] = "ditPq";
        size_t size = strlen(word), at = 1;
        if (size < 3 || word[0] != '-' || strspn(word + 1, flags) != size - 1)
                return word;
        char *left = cf_arena_many(arena, size + 1, char);
        if (!left)
                return NULL;
        left[0] = '-';
        for (size_t i = 1; i < size; i++)
                if (word[i] != 'd' && word[i] != 'P')
                        left[at++] = word[i];
        return left;
}

/* The same container, made and run at once. 1; 0: the words make none. */
static int run_words(struct cf_arena *arena, const char *const *words, size_t count,
                     const char *const **ret_words, size_t *ret_count)
{
        CF_VEC(const char *) run = {0};
        struct cf_command_line line;
        int r = cf_command_line_read(arena, words, count, &line);
        if (r <= 0)
                return r;
        r = cf_vec_push(arena, &run, "podman"); /* whatever the first word was */
        for (size_t i = 1; r == 0 && i + 1 < line.options; i++)
                r = cf_vec_push(arena, &run, words[i]);
        if (r == 0)
                r = cf_vec_push(arena, &run, "run");
        if (r == 0 && !line.removed)
                r = cf_vec_push(arena, &run, "--rm");
        for (size_t i = line.options, gone; r == 0 && i < count; i += gone ? gone : 1) {
                gone = i < line.image ? goes(words[i]) : 0;
                const char *word = i < line.image ? without_flags(arena, words[i]) : words[i];
                if (!gone && (!word || (word[0] && strcmp(word, "-") != 0)))
                        r = word ? cf_vec_push(arena, &run, word) : -ENOMEM;
        }
        *ret_words = run.items;
        *ret_count = run.count;
        return r < 0 ? r : 1;
}

/* The words of Config.CreateCommand; none where it was made by the API. 0 or negative. */
static int read_words(struct cf_arena *arena, struct cf_span inspected,
                      const char *const **ret_words, size_t *ret_count, struct cf_error *err)
{
        CF_VEC(const char *) words = {0};
        struct cf_source *source;
        struct cf_json *root;
        int r = cf_source_from(arena, "the container", inspected, &source, err);
        if (r == 0)
                r = cf_json_parse(arena, source, &root, err);
        if (r < 0)
                return r;
        const struct cf_json *config = cf_json_get(root, "Config");
        const struct cf_json *list = config ? cf_json_get(config, "CreateCommand") : NULL;
        const struct cf_json *item = list && list->type == CF_JSON_ARRAY ? list->first : NULL;
        for (; item && words.count < WORDS_MAX; item = item->next) {
                const char *word = cf_json_string(item);
                if (word && cf_vec_push(arena, &words, word) < 0)
                        return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        }
        *ret_words = words.items;
        *ret_count = words.count;
        return 0;
}

int cf_why_instead_podman(struct cf_why *why, const char *name, struct cf_span inspected,
                          struct cf_error *err)
{
        struct cf_arena *arena = why->job.arena;
        CF_TEXT struct cf_text line = {0};
        struct cf_workload workload = {.arena = arena};
        const char *const *words = NULL;
        size_t count = 0;
        int r = read_words(arena, inspected, &words, &count, err);
        if (r < 0)
                return r;
        r = count ? run_words(arena, words, count, &workload.words, &workload.word_count) : 0;
        if (r > 0)
                r = cf_command_line_read(arena, workload.words, workload.word_count,
                                         &workload.line);
        if (r == 0)
                return cf_error_set(err, -ENOTSUP, NULL,
                                    "'%s' is Podman's, which does not tell the command that made "
                                    "it: confined why --instead -- podman run …",
                                    name);
        if (r < 0 || cf_why_words_all(&line, &workload) < 0)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        fprintf(stderr, "confined why --instead -- %s\n", line.data);
        return cf_error_set(err, -ENOTSUP, NULL,
                            "'%s' is Podman's, and is not made again: that is its own command, "
                            "without the name and ports that two cannot have; look it over (what "
                            "it writes to is shared, its relative paths may be of another folder) "
                            "and run it",
                            name);
}
