/* SPDX-License-Identifier: Apache-2.0 */
/* Options as pflag reads them, with the tables of data/cli-options.tsv. */
#include "manifest/command.h"

#include <stdint.h>

/* ---- tables ------------------------------------------------------------------------------- */

const struct cf_cli_table *cf_cli_table(const char *program, const char *scope)
{
        for (size_t i = 0; i < cf_cli_table_count; i++)
                if (strcmp(cf_cli_tables[i].program, program) == 0 &&
                    strcmp(cf_cli_tables[i].scope, scope) == 0)
                        return &cf_cli_tables[i];
        return NULL;
}

static int compare(struct cf_span a, const char *b)
{
        size_t size = strlen(b);
        int order = memcmp(a.data, b, a.size < size ? a.size : size);
        if (order != 0)
                return order;
        return a.size < size ? -1 : a.size > size;
}

const struct cf_cli_option *cf_cli_long(const struct cf_cli_table *table, struct cf_span name)
{
        size_t low = 0, high = table && name.size ? table->count : 0;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare(name, table->options[middle].name);
                if (order == 0)
                        return &table->options[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

const struct cf_cli_option *cf_cli_short(const struct cf_cli_table *table, char letter)
{
        for (size_t i = 0; table && letter && i < table->count; i++)
                if (table->options[i].letter == letter)
                        return &table->options[i];
        return NULL;
}

static struct cf_span base_name(struct cf_span word)
{
        for (size_t i = word.size; i > 0; i--)
                if (word.data[i - 1] == '/')
                        return cf_span_part(word, i, word.size);
        return word;
}

const char *cf_engine_name(struct cf_span word)
{
        static const struct {
                const char *word, *engine;
        } table[] = {
                {"docker", "docker"},        {"podman", "podman"},
                {"nerdctl", "nerdctl"},      {"docker.exe", "docker"},
                {"docker.io", "docker"},     {"nvidia-docker", "docker"},
                {"podman-remote", "podman"}, {"podman.exe", "podman"},
                {"nerdctl.lima", "nerdctl"}, {"docker.lima", "docker"},
                {"podman.lima", "podman"},   {"microk8s.docker", "docker"},
                {"finch", "nerdctl"},
        };
        word = base_name(word);
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (cf_span_is(word, table[i].word))
                        return table[i].engine;
        return NULL;
}

bool cf_is_daemon(struct cf_span word)
{
        word = base_name(word);
        return cf_span_is(word, "dockerd") || cf_span_is(word, "dockerd-rootless.sh") ||
               cf_span_is(word, "dockerd-entrypoint.sh") || cf_span_is(word, "dockerd-current");
}

bool cf_parse_bool(struct cf_span text, bool *ret_value)
{
        static const struct {
                const char *text;
                bool value;
        } table[] = {
                {"1", true},    {"t", true},      {"T", true},      {"TRUE", true},
                {"true", true}, {"True", true},   {"0", false},     {"f", false},
                {"F", false},   {"FALSE", false}, {"false", false}, {"False", false},
        };
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (cf_span_is(text, table[i].text)) {
                        *ret_value = table[i].value;
                        return true;
                }
        return false;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct options {
        struct cf_arena *arena;
        const struct cf_argument *arguments;
        size_t count;
        const struct cf_cli_table *tables[4]; /* asked in this order; NULL ends */
        struct cf_parsed *parsed;
        bool decides; /* the options may be of interest: not those before the subcommand */
};

static struct cf_span value_of(const struct options *options, size_t i)
{
        return options->arguments[i].word->value;
}

static const struct cf_cli_option *find_long(const struct options *options, struct cf_span name)
{
        const struct cf_cli_option *option = NULL;
        for (size_t i = 0; !option && i < CF_COUNT(options->tables) && options->tables[i]; i++)
                option = cf_cli_long(options->tables[i], name);
        return option;
}

static const struct cf_cli_option *find_short(const struct options *options, char letter)
{
        const struct cf_cli_option *option = NULL;
        for (size_t i = 0; !option && i < CF_COUNT(options->tables) && options->tables[i]; i++)
                option = cf_cli_short(options->tables[i], letter);
        return option;
}

static bool is_option(struct cf_span word)
{
        return word.size > 1 && word.data[0] == '-';
}

/* An option that no table has, without '=': does it take the next word? Nobody can know; what is
 * newer than the tables is a flag more often than not. It is read as one unless the word after the
 * next is an option of the tables: an image is seldom followed by those. */
static bool unknown_takes_value(const struct options *options, size_t i)
{
        if (i + 2 >= options->count || is_option(value_of(options, i + 1)))
                return false;
        struct cf_span after = value_of(options, i + 2);
        if (!is_option(after))
                return false;
        if (after.data[1] != '-')
                return find_short(options, after.data[1]) != NULL;
        struct cf_span name = cf_span_part(after, 2, after.size);
        size_t equals = cf_span_find_byte(name, '=');
        return find_long(options, cf_span_part(name, 0, equals)) != NULL;
}

static int add_hit(struct options *options, struct cf_hit hit)
{
        struct cf_parsed *parsed = options->parsed;
        if (parsed->hits.count == CF_COMMAND_SETTINGS) { /* the last ones count */
                memmove(parsed->hits.items, parsed->hits.items + 1,
                        (CF_COMMAND_SETTINGS - 1) * sizeof(hit));
                parsed->hits.count--;
        }
        return cf_vec_push(options->arena, &parsed->hits, hit);
}

/* A value that is none counts as given. */
static void note_flag(const struct options *options, size_t value, size_t at, bool implied,
                      bool *ret_flag)
{
        struct cf_span text = cf_span_part(value_of(options, value), at, SIZE_MAX);
        if (implied || !cf_parse_bool(text, ret_flag))
                *ret_flag = true;
}

/* An option with its value: the argument that holds it and where it starts there. */
static int note(struct options *options, struct cf_span name, size_t first, size_t value, size_t at,
                bool implied)
{
        struct cf_hit hit = {.first = first,
                             .last = value > first ? value : first,
                             .value = value,
                             .at = at,
                             .implied = implied};
        if (!options->decides || value >= options->count)
                return 0;
        if (cf_span_is(name, "security-opt") && !implied)
                hit.kind = CF_HIT_SECURITY_OPT;
        else if (cf_span_is(name, "privileged"))
                hit.kind = CF_HIT_PRIVILEGED;
        else if (cf_span_is(name, "seccomp-profile") && !implied)
                hit.kind = CF_HIT_DAEMON_PROFILE;
        else if ((cf_span_is(name, "cap-add") || cf_span_is(name, "cap-drop")) && !implied) {
                if (options->parsed->capabilities.count == CF_COMMAND_SETTINGS)
                        return 0;
                hit.kind = cf_span_is(name, "cap-add") ? CF_HIT_CAP_ADD : CF_HIT_CAP_DROP;
                return cf_vec_push(options->arena, &options->parsed->capabilities, hit);
        } else if (cf_span_is(name, "detach")) {
                note_flag(options, value, at, implied, &options->parsed->detached);
                return 0;
        } else if (cf_span_is(name, "tty")) {
                note_flag(options, value, at, implied, &options->parsed->terminal);
                return 0;
        } else if (cf_span_is(name, "rm")) {
                note_flag(options, value, at, implied, &options->parsed->removed);
                return 0;
        } else if (cf_span_is(name, "cidfile") && !implied) {
                options->parsed->id_file = true;
                return 0;
        } else if (cf_span_is(name, "name") && !implied) {
                options->parsed->name = value;
                options->parsed->name_at = at;
                return 0;
        } else
                return 0;
        return add_hit(options, hit);
}

static int read_long(struct options *options, size_t *i)
{
        size_t first = *i;
        struct cf_span body = cf_span_part(value_of(options, first), 2, SIZE_MAX);
        size_t equals = cf_span_find_byte(body, '=');
        struct cf_span name = cf_span_part(body, 0, equals);
        const struct cf_cli_option *option = find_long(options, name);
        *i = first + 1;
        if (equals != SIZE_MAX)
                return option ? note(options, name, first, first, 2 + equals + 1, false) : 0;
        if (option ? option->value : unknown_takes_value(options, first)) {
                *i = first + 2;
                return option ? note(options, name, first, first + 1, 0, false) : 0;
        }
        return option ? note(options, name, first, first, 0, true) : 0;
}

/* -it, -itv /a:/b, -p80:80, -e=A=b. None of interest has a letter but in a script's own words. */
static void read_short(const struct options *options, size_t *i)
{
        struct cf_span letters = cf_span_part(value_of(options, *i), 1, SIZE_MAX);
        size_t first = (*i)++;
        for (size_t at = 0; at < letters.size; at++) {
                const struct cf_cli_option *option = find_short(options, letters.data[at]);
                bool last = at + 1 == letters.size;
                if (!last && letters.data[at + 1] == '=')
                        return;
                if (option && options->decides && strcmp(option->name, "detach") == 0)
                        options->parsed->detached = true;
                if (option && options->decides && strcmp(option->name, "tty") == 0)
                        options->parsed->terminal = true;
                if (option && option->value) {
                        if (last)
                                *i = first + 2;
                        return;
                }
        }
}

/* ---- words that are unknown as a whole ------------------------------------------------------ */

static bool is_unknown(const struct cf_shell_word *word)
{
        return word->part_count == 1 && word->parts[0].kind != CF_SHELL_LITERAL;
}

/* An option of interest within something computed, which may leave it out. */
static int note_computed(struct options *options, size_t i)
{
        const struct cf_argument *argument = &options->arguments[i];
        struct cf_span text = cf_shell_word_text(argument->list->code, argument->word);
        struct cf_hit hit = {.first = i, .last = i, .value = i, .implied = true, .uncertain = true};
        if (argument->word->literal || argument->word->parts[0].kind == CF_SHELL_LITERAL ||
            argument->word->parts[0].kind == CF_SHELL_VARIABLE)
                return 0;
        if (cf_span_find(text, CF_SPAN("--privileged")) != SIZE_MAX)
                hit.kind = CF_HIT_PRIVILEGED;
        else if (cf_span_find(text, CF_SPAN("--security-opt")) == SIZE_MAX ||
                 cf_span_find(text, CF_SPAN("seccomp")) == SIZE_MAX)
                return 0;
        return add_hit(options, hit);
}

static bool text_has(struct cf_span text, const char *const *words)
{
        for (; *words; words++) {
                size_t size = strlen(*words);
                for (size_t i = 0; i + size <= text.size; i++)
                        if (cf_span_equal_nocase(cf_span_part(text, i, size), cf_span_of(*words)))
                                return true;
        }
        return false;
}

enum guess { GUESS_OPTIONS, GUESS_MAYBE_OPTIONS, GUESS_IMAGE };

/* What a variable among the options stands for: its name tells, or its quotes. */
static enum guess guess(const struct cf_argument *argument)
{
        static const char *const options[] = {"opt",  "arg",   "flag", "param", "extra", "env",
                                              "vol",  "mount", "port", "net",   "gpu",   "tty",
                                              "priv", "secu",  "user", "label", NULL};
        static const char *const images[] = {"image",     "img",  "tag", "repo",
                                             "container", "name", NULL};
        const struct cf_shell_part *part = &argument->word->parts[0];
        struct cf_span text = part->kind == CF_SHELL_VARIABLE
                                      ? part->name
                                      : cf_shell_part_text(argument->list->code, part);
        if (part->all || text_has(text, options))
                return GUESS_OPTIONS;
        if (text_has(text, images) || (part->quote && part->kind != CF_SHELL_OPAQUE))
                return GUESS_IMAGE;
        return GUESS_MAYBE_OPTIONS;
}

/* ---- commands ----------------------------------------------------------------------------- */

static void use_tables(struct options *options, const char *engine, const char *scope)
{
        size_t count = 0;
        memset(options->tables, 0, sizeof(options->tables));
        if (scope)
                options->tables[count++] = cf_cli_table(engine, scope);
        /* podman and nerdctl take theirs anywhere; docker before the subcommand alone. */
        if (!scope || strcmp(engine, "docker") != 0)
                options->tables[count++] = cf_cli_table(engine, "global");
}

/* One option, or false at a word that is none. `--` is consumed and ends them. */
static bool read_option(struct options *options, size_t *i, bool *ret_ended, int *ret_error)
{
        struct cf_span word = value_of(options, *i);
        *ret_ended = false;
        if (!is_option(word))
                return false;
        if (cf_span_is(word, "--")) {
                ++*i;
                *ret_ended = true;
        } else if (word.data[1] == '-') {
                *ret_error = read_long(options, i);
        } else {
                read_short(options, i);
        }
        return true;
}

/* The subcommand: "run", "create", "exec", or NULL. *i is the argument after it. */
static const char *read_action(struct options *options, size_t *i, int *ret_error)
{
        static const char *const actions[] = {"run", "create", "exec"};
        bool container = false, ended;
        while (*i < options->count && *ret_error == 0) {
                if (is_unknown(options->arguments[*i].word)) {
                        ++*i; /* docker $DOCKER_OPTS run */
                        continue;
                }
                if (read_option(options, i, &ended, ret_error))
                        continue;
                struct cf_span word = value_of(options, *i);
                for (size_t j = 0; j < CF_COUNT(actions); j++)
                        if (cf_span_is(word, actions[j])) {
                                ++*i;
                                return actions[j];
                        }
                if (container || !cf_span_is(word, "container"))
                        return NULL;
                container = true;
                ++*i;
        }
        return NULL;
}

static void drop_hits_after(struct cf_parsed *parsed, size_t argument)
{
        while (parsed->hits.count && parsed->hits.items[parsed->hits.count - 1].first > argument)
                parsed->hits.count--;
}

/* Options up to the image. */
static int read_options(struct options *options, size_t i)
{
        struct cf_parsed *parsed = options->parsed;
        bool ended = false;
        int r = 0;
        while (i < options->count && r == 0) {
                const struct cf_argument *argument = &options->arguments[i];
                size_t hits = parsed->hits.count;
                if (!ended && (r = note_computed(options, i)) < 0)
                        break;
                if (parsed->hits.count > hits) {
                        i++;
                        continue;
                }
                if (!ended && is_unknown(argument->word)) {
                        enum guess what = guess(argument);
                        if (what == GUESS_IMAGE)
                                break;
                        if (what == GUESS_MAYBE_OPTIONS && parsed->guess == SIZE_MAX)
                                parsed->guess = i;
                        i++;
                        continue;
                }
                if (ended || !read_option(options, &i, &ended, &r))
                        break;
        }
        if (r < 0)
                return r;
        if (i < options->count) {
                parsed->image = i;
                parsed->end = ended ? i - 1 : i;
                return 0;
        }
        /* What was taken for options must have been the image. */
        if (parsed->guess != SIZE_MAX) {
                parsed->image = parsed->end = parsed->guess;
                drop_hits_after(parsed, parsed->guess);
                parsed->guess = SIZE_MAX;
        }
        return 0;
}

static void clear(struct cf_parsed *parsed)
{
        *parsed = (struct cf_parsed){
                .end = SIZE_MAX, .image = SIZE_MAX, .name = SIZE_MAX, .guess = SIZE_MAX};
}

bool cf_command_read(struct cf_arena *arena, const struct cf_argument *arguments, size_t count,
                     size_t at, const char *engine, struct cf_parsed *ret_parsed, int *ret_error)
{
        struct options options = {
                .arena = arena, .arguments = arguments, .count = count, .parsed = ret_parsed};
        size_t i = at + 1;
        clear(ret_parsed);
        *ret_error = 0;
        use_tables(&options, engine, NULL);
        const char *action = read_action(&options, &i, ret_error);
        if (!action || *ret_error < 0)
                return false;
        ret_parsed->engine = engine;
        ret_parsed->action = action;
        ret_parsed->options = i;
        use_tables(&options, engine, strcmp(action, "exec") == 0 ? "exec" : "run");
        options.decides = true;
        *ret_error = read_options(&options, i);
        return *ret_error == 0;
}

/* A word that is no option and no value of one, where options alone should be: a sentence that
 * speaks of an option, or the command of another program. */
static bool is_stray(const struct options *options, size_t i)
{
        static const char *const fitting[] = {"run", "create", "container"};
        struct cf_span word = value_of(options, i);
        if (!options->arguments[i].word->literal || cf_engine_name(word))
                return false;
        for (size_t j = 0; j < CF_COUNT(fitting); j++)
                if (cf_span_is(word, fitting[j]))
                        return false;
        /* It may be the value of an option that nobody here knows. */
        return i == 0 || !is_option(value_of(options, i - 1));
}

int cf_options_read(struct cf_arena *arena, const struct cf_argument *arguments, size_t count,
                    bool daemon, struct cf_parsed *ret_parsed)
{
        struct options options = {.arena = arena,
                                  .arguments = arguments,
                                  .count = count,
                                  .parsed = ret_parsed,
                                  .decides = true};
        clear(ret_parsed);
        if (daemon) {
                options.tables[0] = cf_cli_table("dockerd", "daemon");
        } else {
                options.tables[0] = cf_cli_table("docker", "run");
                options.tables[1] = cf_cli_table("podman", "run");
                options.tables[2] = cf_cli_table("nerdctl", "run");
        }
        int r = 0;
        for (size_t i = 0; i < count && r == 0;) {
                bool ended;
                if (!daemon && cf_span_is(value_of(&options, i), "--help")) {
                        ret_parsed->hits.count = 0; /* names to choose from: a completion's */
                        return 0;
                }
                if (read_option(&options, &i, &ended, &r))
                        continue;
                if (!daemon && is_stray(&options, i))
                        break;
                i++;
        }
        /* A daemon has one profile: the last one. */
        if (daemon && ret_parsed->hits.count > 1) {
                ret_parsed->hits.items[0] = ret_parsed->hits.items[ret_parsed->hits.count - 1];
                ret_parsed->hits.count = 1;
        }
        return r;
}
