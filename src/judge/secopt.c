/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/secopt.h"

#include "base/spelling.h"

#define KEY "seccomp"

static const char *const reader_names[] = {
        [CF_READER_DOCKER] = "Docker",
        [CF_READER_COMPOSE] = "Compose",
        [CF_READER_PODMAN] = "Podman",
        [CF_READER_NERDCTL] = "nerdctl",
};

/* Words that people write where an engine wants `unconfined` or a path, and that no engine
 * knows. */
static const char *const foreign_words[] = {
        "default",         "disable",        "disabled", "docker/default", "false", "no",  "none",
        "runtime/default", "runtimedefault", "null",     "true",           "yes",   "off", "on",
};

/* Keys of security options that have nothing to do with seccomp though they may be spelled like
 * it to the edit distance below. */
static const char *const other_keys[] = {"apparmor",
                                         "label",
                                         "mask",
                                         "no-new-privileges",
                                         "privileged-without-host-devices",
                                         "proc-opts",
                                         "systempaths",
                                         "unmask",
                                         "writable-cgroups"};

enum cf_reader_kind cf_reader_kind_of(const struct cf_subject *subject)
{
        const char *word = subject->engine_word;
        if (!word && subject->engine)
                word = subject->engine->name;
        struct cf_span name = cf_span_of(word);
        if (cf_span_equal_nocase(name, CF_SPAN("podman")))
                return CF_READER_PODMAN;
        if (cf_span_equal_nocase(name, CF_SPAN("nerdctl")))
                return CF_READER_NERDCTL;
        if (cf_span_equal_nocase(name, CF_SPAN("compose")) && subject->kind != CF_SUBJECT_CONTAINER)
                return CF_READER_COMPOSE;
        return CF_READER_DOCKER;
}

const char *cf_reader_kind_name(enum cf_reader_kind kind)
{
        return reader_names[kind];
}

static bool is_one_of(struct cf_span text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (cf_span_equal_nocase(text, cf_span_of(words[i])))
                        return true;
        return false;
}

/* Without blanks and quotes at both ends. */
static struct cf_span strip(struct cf_span text)
{
        while (text.size > 0 && strchr(" \t\r\n'\"`", text.data[0]))
                text = cf_span_part(text, 1, SIZE_MAX);
        while (text.size > 0 && strchr(" \t\r\n'\"`", text.data[text.size - 1]))
                text.size--;
        return text;
}

static bool contains_key(struct cf_span text)
{
        for (size_t i = 0; i + sizeof(KEY) - 1 <= text.size; i++)
                if (cf_span_equal_nocase(cf_span_part(text, i, sizeof(KEY) - 1), CF_SPAN(KEY)))
                        return true;
        return false;
}

/* The writer surely meant a word and no file: another case, blanks, quotes, a slip of the
 * finger, a word of another tool, or more options behind a comma. */
static bool is_near_word(struct cf_span value)
{
        struct cf_span bare = strip(value);
        struct cf_span word = CF_SPAN("unconfined");
        if (is_one_of(bare, foreign_words, CF_COUNT(foreign_words)) ||
            cf_span_equal_nocase(bare, CF_SPAN("builtin")))
                return true;
        if (bare.size > word.size && cf_span_equal_nocase(cf_span_part(bare, 0, word.size), word) &&
            strchr(", \t:;=", bare.data[word.size]))
                return true;
        if (cf_span_find_byte(bare, '/') != SIZE_MAX || cf_span_find_byte(bare, '.') != SIZE_MAX)
                return false;
        return cf_spelling_distance(bare, word, 2) <= 2;
}

static struct cf_secopt read_value(struct cf_span value, enum cf_reader_kind reader)
{
        struct cf_secopt option = {.value = value};
        struct cf_span start = cf_span_trim(value);
        if (cf_span_is(value, "unconfined")) {
                option.kind = CF_SECOPT_UNCONFINED;
        } else if (cf_span_is(value, "builtin") && reader != CF_READER_PODMAN) {
                /* Compose passes the word on since 2.40; 1.29 to 2.29 read a file of that name and
                 * stopped, so neither switches the filter off. */
                option.kind = CF_SECOPT_BUILTIN;
        } else if (value.size == 0 && reader == CF_READER_PODMAN) {
                option.kind = CF_SECOPT_BUILTIN;
        } else if (value.size == 0) {
                option.kind = CF_SECOPT_NEARLY;
                option.why = "it needs a value";
        } else if (start.size > 0 && start.data[0] == '{') {
                option.kind = CF_SECOPT_INLINE;
        } else {
                option.kind = CF_SECOPT_PROFILE;
                option.near_word = is_near_word(value);
        }
        return option;
}

static bool key_is_near(struct cf_span key)
{
        struct cf_span bare = strip(key);
        if (contains_key(key))
                return true;
        return !is_one_of(bare, other_keys, CF_COUNT(other_keys)) &&
               cf_spelling_distance(bare, CF_SPAN(KEY), 2) <= 2;
}

struct cf_secopt cf_secopt_read(const char *entry, enum cf_reader_kind reader)
{
        struct cf_span text = cf_span_of(entry);
        struct cf_secopt other = {.kind = CF_SECOPT_OTHER};
        size_t at = cf_span_find_byte(text, '=');
        if (at == SIZE_MAX && reader != CF_READER_NERDCTL)
                at = cf_span_find_byte(text, ':');
        struct cf_span key = cf_span_part(text, 0, at);
        if (cf_span_is(key, KEY) && at != SIZE_MAX)
                return read_value(cf_span_part(text, at + 1, SIZE_MAX), reader);
        if (!key_is_near(key))
                return other;
        bool bare = at == SIZE_MAX && (reader != CF_READER_NERDCTL || cf_span_is(key, KEY));
        struct cf_secopt nearly = {.kind = CF_SECOPT_NEARLY,
                                   .ignored = !bare && reader == CF_READER_NERDCTL};
        if (nearly.ignored)
                nearly.why = "it knows no such option, so the default profile applies";
        else
                nearly.why = bare ? "it needs the form seccomp=VALUE"
                                  : "no security option has that name";
        return nearly;
}

struct cf_secopt cf_secopt_read_daemon(const char *value)
{
        struct cf_span text = cf_span_of(value);
        if (text.size == 0)
                return (struct cf_secopt){.kind = CF_SECOPT_BUILTIN, .value = text};
        return read_value(text, CF_READER_DOCKER);
}
