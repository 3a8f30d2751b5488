/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/reasons.h"

#include "base/text.h"

#define WORDS_MAX 64   /* programs of a command that are looked at */
#define LOOKED_MAX 256 /* words of it that are read */
#define WORD_MAX 128   /* longer words are no program's name */
#define IMAGE_MAX 1024 /* longer image names are no names (a reference has at most 255 bytes) */

/* ---- what is asked about, taken apart once ----------------------------------------------------
 */

struct asked {
        char image[IMAGE_MAX]; /* lower case, without digest and tag; "": none */
        char tag[WORD_MAX];
        char programs[WORDS_MAX][WORD_MAX]; /* lower case, as written */
        size_t program_count;
};

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void copy_lower(char *to, size_t room, struct cf_span from)
{
        size_t size = from.size < room ? from.size : 0; /* too long: as if it were not there */
        for (size_t i = 0; i < size; i++)
                to[i] = lower(from.data[i]);
        to[size] = '\0';
}

/* registry:5000/folder/name:tag@sha256:… */
static void take_image(struct asked *asked, const char *image)
{
        struct cf_span name = cf_span_of(image), tag = {0};
        size_t digest = cf_span_find_byte(name, '@');
        name = cf_span_part(name, 0, digest);
        for (size_t i = name.size; i-- > 0 && name.data[i] != '/';) {
                if (name.data[i] != ':')
                        continue;
                tag = cf_span_part(name, i + 1, SIZE_MAX);
                name = cf_span_part(name, 0, i);
                break;
        }
        copy_lower(asked->image, sizeof(asked->image), name);
        copy_lower(asked->tag, sizeof(asked->tag), tag);
}

static struct cf_span base_of(struct cf_span path)
{
        for (size_t i = path.size; i-- > 0;)
                if (path.data[i] == '/')
                        return cf_span_part(path, i + 1, SIZE_MAX);
        return path;
}

static bool is_in(struct cf_span word, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (cf_span_is(word, words[i]))
                        return true;
        return false;
}

static bool next_word(struct cf_span *rest, struct cf_span *ret_word)
{
        static const char blanks[] = " \t\r\n'\"()";
        size_t start = 0;
        while (start < rest->size && rest->data[start] && strchr(blanks, rest->data[start]))
                start++;
        size_t end = start;
        while (end < rest->size && rest->data[end] && !strchr(blanks, rest->data[end]))
                end++;
        *ret_word = cf_span_part(*rest, start, end - start);
        *rest = cf_span_part(*rest, end, SIZE_MAX);
        return ret_word->size > 0;
}

/* A word behind which the next one is a program again: shells' -c, wrappers, entry points. */
static bool leads_to_program(struct cf_span word)
{
        static const char *const leads[] = {
                "&&",   "||",          ";",         "|",     "--",   "-c",     "-m",
                "sudo", "env",         "exec",      "nohup", "tini", "time",   "dumb-init",
                "init", "docker-init", "catatonit", "-lc",   "gosu", "su-exec"};
        struct cf_span base = base_of(word);
        return is_in(base, leads, CF_COUNT(leads)) || cf_span_ends(base, ".sh") ||
               cf_span_find(base, CF_SPAN("entrypoint")) != SIZE_MAX ||
               cf_span_find_byte(word, '=') != SIZE_MAX;
}

static void take_command(struct asked *asked, const char *command)
{
        struct cf_span rest = cf_span_of(command), word;
        bool program = true;
        for (size_t i = 0; i < LOOKED_MAX && next_word(&rest, &word); i++) {
                bool ends = word.data[word.size - 1] == ';' && word.size > 1;
                if (ends)
                        word.size--;
                if (program && word.data[0] != '-' && asked->program_count < WORDS_MAX)
                        copy_lower(asked->programs[asked->program_count++], WORD_MAX, word);
                program = ends || leads_to_program(word);
        }
}

/* ---- one word of the column "match" -----------------------------------------------------------
 */

/* The path has these last parts. */
static bool ends_with_parts(struct cf_span path, struct cf_span parts)
{
        if (path.size < parts.size)
                return false;
        size_t at = path.size - parts.size;
        return cf_span_equal(cf_span_part(path, at, SIZE_MAX), parts) &&
               (at == 0 || path.data[at - 1] == '/');
}

/* The path has this part, and more behind it. */
static bool is_below(struct cf_span path, struct cf_span folder_slash)
{
        for (size_t i = 0; i + folder_slash.size < path.size; i++)
                if ((i == 0 || path.data[i - 1] == '/') &&
                    cf_span_equal(cf_span_part(path, i, folder_slash.size), folder_slash))
                        return true;
        return false;
}

static bool tag_has(const char *tag, struct cf_span part)
{
        struct cf_span rest = cf_span_of(tag);
        while (rest.size > 0) {
                size_t end = 0;
                while (end < rest.size && !strchr("-_.", rest.data[end]))
                        end++;
                if (cf_span_equal(cf_span_part(rest, 0, end), part))
                        return true;
                rest = cf_span_part(rest, end + 1, SIZE_MAX);
        }
        return false;
}

static bool starts_program(const struct asked *asked, struct cf_span word, bool by_path)
{
        for (size_t i = 0; i < asked->program_count; i++) {
                struct cf_span program = cf_span_of(asked->programs[i]);
                if (!by_path) {
                        program = base_of(program);
                        /* python -m vllm.entrypoints.openai: the package is what counts */
                        struct cf_span package =
                                cf_span_part(program, 0, cf_span_find_byte(program, '.'));
                        if (cf_span_equal(package, word))
                                return true;
                }
                if (cf_span_equal(program, word))
                        return true;
        }
        return false;
}

static bool word_matches(const struct asked *asked, struct cf_span word)
{
        struct cf_span image = cf_span_of(asked->image);
        if (word.data[0] == '/')
                return starts_program(asked, word, true);
        if (word.data[word.size - 1] == '/')
                return is_below(image, word);
        size_t colon = cf_span_find_byte(word, ':');
        if (colon != SIZE_MAX)
                return ends_with_parts(image, cf_span_part(word, 0, colon)) &&
                       tag_has(asked->tag, cf_span_part(word, colon + 1, SIZE_MAX));
        if (ends_with_parts(image, word))
                return true;
        return cf_span_find_byte(word, '/') == SIZE_MAX && starts_program(asked, word, false);
}

static void take(struct asked *asked, const char *image, const char *command)
{
        asked->image[0] = asked->tag[0] = '\0';
        asked->program_count = 0;
        if (image)
                take_image(asked, image);
        if (command)
                take_command(asked, command);
}

static bool knows(const struct cf_reason *reason, const struct asked *asked)
{
        struct cf_span rest = cf_span_of(reason->match), word;
        while (next_word(&rest, &word))
                if (word_matches(asked, word))
                        return true;
        return false;
}

bool cf_reason_knows(const struct cf_reason *reason, const char *image, const char *command)
{
        struct asked asked;
        take(&asked, image, command);
        return knows(reason, &asked);
}

const struct cf_reason *cf_reason_find(const char *image, const char *command)
{
        struct asked asked;
        take(&asked, image, command);
        for (size_t i = 0; i < cf_reason_count; i++)
                if (knows(&cf_reasons[i], &asked))
                        return &cf_reasons[i];
        return NULL;
}

/* ---- the note ---------------------------------------------------------------------------------
 */

/* -1: older than needed, 1: new enough, 0: nobody knows. */
static int reaches(struct cf_version version, const char *since)
{
        if (!since[0])
                return 1;
        if (!cf_version_known(version))
                return 0;
        return cf_version_compare(version, cf_version_of(since)) >= 0 ? 1 : -1;
}

/* " since Docker 19.03 on kernels from 4.8" */
static const char *conditions(struct cf_arena *arena, const struct cf_reason *reason)
{
        if (reason->docker[0] && reason->kernel[0])
                return cf_arena_printf(arena, " since Docker %s on kernels from %s", reason->docker,
                                       reason->kernel);
        if (reason->docker[0])
                return cf_arena_printf(arena, " since Docker %s", reason->docker);
        if (reason->kernel[0])
                return cf_arena_printf(arena, " on kernels from %s", reason->kernel);
        return "";
}

static const char *note_of_nothing(struct cf_arena *arena, const struct cf_reason *reason,
                                   struct cf_version docker, struct cf_version kernel)
{
        int engine = reaches(docker, reason->docker), system = reaches(kernel, reason->kernel);
        const char *when = conditions(arena, reason);
        if (!when)
                return NULL;
        if (engine < 0)
                return cf_arena_printf(arena, "for %s this is not needed%s; this is Docker %s",
                                       reason->name, when, cf_version_text(arena, docker));
        if (system < 0)
                return cf_arena_printf(arena, "for %s this is not needed%s; this is kernel %s",
                                       reason->name, when, cf_version_text(arena, kernel));
        if (!when[0])
                return cf_arena_printf(arena, "for %s this is not needed: %s", reason->name,
                                       reason->remedy);
        return cf_arena_printf(arena, "for %s this is not needed%s", reason->name, when);
}

const char *cf_reason_note(struct cf_arena *arena, const struct cf_reason *reason,
                           struct cf_version docker, struct cf_version kernel)
{
        static const char *const phrases[] = {
                [CF_NEED_CAPABILITY] = " a capability is enough",
                [CF_NEED_ARGUMENT_RULE] = " a rule for single calls is enough",
                [CF_NEED_CALL] = "",
        };
        if (reason->need == CF_NEED_NOTHING)
                return note_of_nothing(arena, reason, docker, kernel);
        const char *when = "";
        if (reaches(docker, reason->docker) < 0)
                when = cf_arena_printf(arena, " (from Docker %s on; this is %s)", reason->docker,
                                       cf_version_text(arena, docker));
        return when ? cf_arena_printf(arena, "for %s%s%s: %s", reason->name, phrases[reason->need],
                                      when, reason->remedy)
                    : NULL;
}

int cf_reason_holds(const struct cf_reason *reason, const char *docker, const char *kernel)
{
        int engine = reaches(cf_version_of(docker), reason->docker);
        int system = reaches(cf_version_of(kernel), reason->kernel);
        return engine < system ? engine : system;
}

const char *cf_reason_sentence(struct cf_arena *arena, const struct cf_reason *reason,
                               const char *docker, const char *kernel)
{
        return cf_reason_note(arena, reason, cf_version_of(docker), cf_version_of(kernel));
}
