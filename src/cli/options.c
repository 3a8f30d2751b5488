/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a command line apart by the command's table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source.h"
#include "base/span.h"
#include "base/spelling.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/command.h"

#define TIME_LEAST 0.001 /* seconds */
#define TIME_MOST 31536000.0

struct parser {
        struct cf_arena *arena;
        const struct cf_command *command;
        char **words;
        size_t count, at;
        CF_VEC(struct cf_given) given;
        CF_VEC(const char *) arguments;
        struct cf_error *err;
};

/* The i-th option that the command takes: its own, then the shared ones; NULL at the end. */
static const struct cf_option *option_at(const struct cf_command *command, size_t i)
{
        const struct cf_option *tables[] = {
                command->options, command->reports ? cf_report_options : NULL, cf_global_options};
        for (size_t t = 0; t < CF_COUNT(tables); t++) {
                for (const struct cf_option *option = tables[t]; option && option->name; option++)
                        if (i-- == 0)
                                return option;
        }
        return NULL;
}

static const char *option_name_at(size_t i, const void *command)
{
        const struct cf_option *option = option_at(command, i);
        return option ? option->name : NULL;
}

static const struct cf_option *find_long(const struct cf_command *command, struct cf_span name)
{
        const struct cf_option *option;
        for (size_t i = 0; (option = option_at(command, i)); i++)
                if (cf_span_is(name, option->name))
                        return option;
        return NULL;
}

static const struct cf_option *find_short(const struct cf_command *command, char letter)
{
        const struct cf_option *option;
        for (size_t i = 0; (option = option_at(command, i)); i++)
                if (option->letter == letter)
                        return option;
        return NULL;
}

static int unknown_option(struct parser *p, const char *word)
{
        CF_ARENA struct cf_arena *arena = cf_arena_new(0);
        char *name =
                arena ? cf_arena_copy(arena, cf_span_part(cf_span_of(word), 0, strcspn(word, "=")))
                      : NULL;
        const char *near = name && strncmp(name, "--", 2) == 0
                                   ? cf_nearest(name + 2, option_name_at, p->command)
                                   : NULL;
        if (near)
                return cf_error_set(p->err, -EINVAL, NULL,
                                    "'%s' has no option '%s' (did you mean --%s?)",
                                    p->command->name, name, near);
        return cf_error_set(p->err, -EINVAL, NULL,
                            "'%s' has no option '%s'; see: confined %s --help", p->command->name,
                            name ? name : word, p->command->name);
}

static int add_given(struct parser *p, const struct cf_option *option, const char *value)
{
        if (cf_vec_push(p->arena, &p->given, (struct cf_given){option, value}) < 0)
                return cf_error_set(p->err, -ENOMEM, NULL, "not enough memory");
        return 0;
}

/* The value in the next word; of an argument of two words ("NAME RULE") in the next two. */
static int next_value(struct parser *p, const struct cf_option *option, const char *word,
                      const char **ret_value)
{
        if (p->at + 1 >= p->count)
                return cf_error_set(p->err, -EINVAL, NULL, "'%s' needs a value: %s %s", word, word,
                                    option->argument);
        *ret_value = p->words[++p->at];
        if (!strchr(option->argument, ' ') || strchr(*ret_value, ' '))
                return 0;
        if (p->at + 1 >= p->count)
                return cf_error_set(p->err, -EINVAL, NULL, "'%s' needs two words: %s %s", word,
                                    word, option->argument);
        *ret_value = cf_arena_printf(p->arena, "%s %s", *ret_value, p->words[p->at + 1]);
        p->at++;
        return *ret_value ? 0 : cf_error_set(p->err, -ENOMEM, NULL, "not enough memory");
}

static int parse_long(struct parser *p, const char *word)
{
        const char *equals = strchr(word, '=');
        struct cf_span name = {word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word) - 2};
        const struct cf_option *option = find_long(p->command, name);
        if (!option)
                return unknown_option(p, word);
        const char *value = NULL;
        if (!option->argument && equals)
                return cf_error_set(p->err, -EINVAL, NULL, "'--%s' takes no value", option->name);
        if (option->argument && equals)
                value = equals + 1;
        else if (option->argument) {
                int r = next_value(p, option, word, &value);
                if (r < 0)
                        return r;
        }
        return add_given(p, option, value);
}

/* "-q", "-oFILE", "-o FILE", and flags in one word: "-qo FILE". */
static int parse_short(struct parser *p, const char *word)
{
        for (const char *letter = word + 1; *letter; letter++) {
                const struct cf_option *option = find_short(p->command, *letter);
                const char *value = NULL;
                int r = 0;
                if (!option)
                        return unknown_option(p, word);
                if (option->argument && letter[1])
                        value = letter + 1;
                else if (option->argument)
                        r = next_value(p, option, word, &value);
                if (r == 0)
                        r = add_given(p, option, value);
                if (r < 0 || option->argument)
                        return r;
        }
        return 0;
}

int cf_invocation_parse(struct cf_arena *arena, const struct cf_command *command, char **words,
                        size_t count, struct cf_invocation *ret_invocation, struct cf_error *err)
{
        struct parser p = {
                .arena = arena, .command = command, .words = words, .count = count, .err = err};
        bool options = true, separated = false;
        size_t separator = 0;
        for (; p.at < count; p.at++) {
                const char *word = words[p.at];
                int r;
                if (options && strcmp(word, "--") == 0) {
                        options = false;
                        separated = true;
                        separator = p.arguments.count;
                        continue;
                }
                if (options && word[0] == '-' && word[1] == '-')
                        r = parse_long(&p, word);
                else if (options && word[0] == '-' && word[1])
                        r = parse_short(&p, word);
                else if (p.arguments.count >= command->most_arguments)
                        r = cf_error_set(err, -EINVAL, NULL,
                                         "'%s' takes no argument '%s'; usage: confined %s %s",
                                         command->name, word, command->name, command->usage);
                else
                        r = cf_vec_push(arena, &p.arguments, word);
                if (p.arguments.count && command->runs)
                        options = false;
                if (r < 0)
                        return r;
        }
        *ret_invocation = (struct cf_invocation){
                .command = command,
                .arena = arena,
                .arguments = p.arguments.items,
                .argument_count = p.arguments.count,
                .separated = separated,
                .separator = separator,
                .given = p.given.items,
                .given_count = p.given.count,
        };
        return 0;
}

const char *cf_given_value(const struct cf_invocation *invocation, const char *option)
{
        for (size_t i = invocation->given_count; i > 0; i--)
                if (strcmp(invocation->given[i - 1].option->name, option) == 0)
                        return invocation->given[i - 1].value;
        return NULL;
}

bool cf_given(const struct cf_invocation *invocation, const char *option)
{
        for (size_t i = 0; i < invocation->given_count; i++)
                if (strcmp(invocation->given[i].option->name, option) == 0)
                        return true;
        return false;
}

int cf_given_all(const struct cf_invocation *invocation, const char *option,
                 const char *const **ret_values, size_t *ret_count)
{
        CF_VEC(const char *) values = {0};
        for (size_t i = 0; i < invocation->given_count; i++)
                if (strcmp(invocation->given[i].option->name, option) == 0 &&
                    cf_vec_push(invocation->arena, &values, invocation->given[i].value) < 0)
                        return -ENOMEM;
        *ret_values = values.items;
        *ret_count = values.count;
        return 0;
}

/* Whether one of these options is given; *ret_words: "--write or --instead". */
static bool is_one_given(const struct cf_invocation *invocation, const char *names,
                         struct cf_text *words)
{
        bool given = false;
        for (struct cf_span rest = cf_span_of(names), name; rest.size;) {
                name = cf_span_part(rest, 0, cf_span_find_byte(rest, ' '));
                rest = cf_span_part(rest, name.size + 1, SIZE_MAX);
                cf_text_printf(words, "%s--%.*s", words->size ? " or " : "", (int)name.size,
                               name.data);
                for (size_t i = 0; i < invocation->given_count; i++)
                        given |= cf_span_is(name, invocation->given[i].option->name);
        }
        return given;
}

int cf_given_needs(const struct cf_invocation *invocation, const struct cf_option_need *needs,
                   size_t count, struct cf_error *err)
{
        for (size_t i = 0; i < count; i++) {
                CF_TEXT struct cf_text words = {0};
                if (!cf_given(invocation, needs[i].option) ||
                    is_one_given(invocation, needs[i].with, &words))
                        continue;
                return cf_error_set(err, -EINVAL, NULL, "--%s is of use with %s alone",
                                    needs[i].option, words.data ? words.data : needs[i].with);
        }
        return 0;
}

int cf_output_check(struct cf_arena *arena, const char *option, const char *path,
                    struct cf_error *err)
{
        struct stat st;
        const char *folder = cf_path_dir(arena, path);
        if (!folder)
                return cf_error_set(err, -ENOMEM, NULL, "not enough memory");
        bool there = stat(path, &st) == 0;
        if (there && S_ISDIR(st.st_mode))
                return cf_error_set(err, -EISDIR, NULL, "--%s: %s is a folder: name a file in it",
                                    option, path);
        if (there && !S_ISREG(st.st_mode)) /* a device, a pipe: written to as it is */
                return 0;
        if (access(*folder ? folder : ".", W_OK | X_OK) < 0)
                return cf_error_set(err, -errno, NULL,
                                    "--%s: %s cannot be written in its folder: %s", option, path,
                                    strerrordesc_np(errno));
        return 0;
}

int cf_given_output(const struct cf_invocation *invocation, const char *option,
                    struct cf_error *err)
{
        const char *path = cf_given_value(invocation, option);
        return path ? cf_output_check(invocation->arena, option, path, err) : 0;
}

int cf_given_time(const struct cf_invocation *invocation, const char *option, double *ret_seconds,
                  struct cf_error *err)
{
        const char *text = cf_given_value(invocation, option);
        size_t digits = text ? strspn(text, "0123456789.") : 0;
        char *end = NULL;
        *ret_seconds = 0;
        if (!text)
                return 0;
        double number = digits ? strtod(text, &end) : 0;
        bool plain = digits && end == text + digits;
        const char *unit = text + digits;
        number *= strcmp(unit, "h") == 0 ? 3600 : strcmp(unit, "m") == 0 ? 60 : 1;
        if (!plain || (*unit && (!strchr("smh", *unit) || unit[1])) || number < TIME_LEAST ||
            number > TIME_MOST)
                return cf_error_set(err, -EINVAL, NULL,
                                    "--%s: '%s' is no time such as 90s, 10m or 2h", option, text);
        *ret_seconds = number;
        return 0;
}

const char *cf_nearest(const char *name, const char *(*at)(size_t i, const void *context),
                       const void *context)
{
        const char *best = NULL, *candidate;
        unsigned least = 3; /* farther than two edits is no misspelling */
        for (size_t i = 0; (candidate = at(i, context)); i++) {
                unsigned d = cf_spelling_distance(cf_span_of(name), cf_span_of(candidate), least);
                if (d < least && d < strlen(candidate)) {
                        least = d;
                        best = candidate;
                }
        }
        return best;
}
