/* SPDX-License-Identifier: Apache-2.0 */
/* Commands with their variables put in → what they run → subjects. */
#include "manifest/command.h"
#include "manifest/ignore.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- the program ------------------------------------------------------------------------------
 */

static bool has_word(struct cf_span text, const char *word)
{
        size_t size = strlen(word);
        for (size_t i = 0; i + size <= text.size; i++)
                if (cf_span_equal_nocase(cf_span_part(text, i, size), cf_span_of(word)))
                        return true;
        return false;
}

/* A program that is not known whole: `$DOCKER`, `$(command -v podman)`, `$CONTAINER_ENGINE`. */
static const char *guess_engine(const struct cf_argument *argument)
{
        static const char *const names[] = {"docker",
                                            "container_engine",
                                            "container_runtime",
                                            "container_cmd",
                                            "container_tool",
                                            "container_bin",
                                            "engine",
                                            "runtime",
                                            "oci",
                                            "cri"};
        const struct cf_shell_word *word = argument->word;
        if (word->part_count != 1 || word->parts[0].kind == CF_SHELL_LITERAL)
                return NULL;
        const struct cf_shell_part *part = &word->parts[0];
        struct cf_span text = part->kind == CF_SHELL_VARIABLE
                                      ? part->name
                                      : cf_shell_part_text(argument->list->code, part);
        if (has_word(text, "podman") && !has_word(text, "docker"))
                return "podman";
        if (has_word(text, "nerdctl"))
                return "nerdctl";
        for (size_t i = 0; i < CF_COUNT(names); i++)
                if (has_word(text, names[i]))
                        return "docker";
        return NULL;
}

static bool is_unknown(const struct cf_argument *argument)
{
        const struct cf_shell_word *word = argument->word;
        return word->part_count == 1 && word->parts[0].kind != CF_SHELL_LITERAL;
}

/* `$SUDO docker …`: a variable before the program. */
static size_t skip_variables(const struct cf_arguments *arguments, size_t at)
{
        size_t next = at;
        while (next + 1 < arguments->count && is_unknown(&arguments->items[next]))
                next++;
        return cf_engine_name(arguments->items[next].word->value) ? next : at;
}

/* Where the program stands; SIZE_MAX: something else is run. */
static int find_program(struct cf_script *script, const struct cf_arguments *arguments,
                        size_t *ret_program)
{
        struct cf_shell_word *words =
                cf_arena_many(script->reader->arena, arguments->count, struct cf_shell_word);
        if (!words)
                return -ENOMEM;
        for (size_t i = 0; i < arguments->count; i++)
                words[i] = *arguments->items[i].word;
        struct cf_prefix prefix = cf_command_prefix(words, arguments->count);
        *ret_program = SIZE_MAX;
        if (prefix.kind != CF_PREFIX_COMMAND)
                return 0;
        size_t at = skip_variables(arguments, prefix.at);
        if (at != prefix.at) { /* $SUDO docker, or $SUDO env A=b docker */
                *ret_program = at;
                return 0;
        }
        *ret_program = prefix.at;
        return 0;
}

/* In a sentence what stands where the image would is a word of the language, or ends it. */
static bool is_image(const struct cf_argument *argument)
{
        static const char *const words[] = {
                "is",   "are",  "was",   "and",    "or",      "to",     "with", "without", "for",
                "in",   "on",   "of",    "the",    "a",       "an",     "this", "that",    "it",
                "flag", "mode", "flags", "option", "options", "will",   "can",  "could",   "may",
                "must", "if",   "when",  "then",   "but",     "not",    "as",   "from",    "by",
                "at",   "also", "only",  "should", "command", "allows", "does", "because", "so"};
        struct cf_span text = argument->word->value;
        for (size_t i = 0; i < CF_COUNT(words); i++)
                if (cf_span_equal_nocase(text, cf_span_of(words[i])))
                        return false;
        char last = text.size ? text.data[text.size - 1] : '\0';
        return last && !strchr(".,;:!?)\"'", last);
}

static bool is_convincing(const struct cf_script *script, const struct cf_arguments *arguments,
                          const struct cf_parsed *parsed)
{
        if (!script->prose && !script->whole)
                return true;
        if (parsed->image == SIZE_MAX)
                return false;
        return !script->prose || is_image(&arguments->items[parsed->image]);
}

static int read_arguments(struct cf_script *script, const struct cf_arguments *arguments,
                          const struct cf_site *site, struct cf_range command)
{
        struct cf_arena *arena = script->reader->arena;
        struct cf_finding_place where = {
                .kind = CF_SUBJECT_COMMAND, .command = command, .site = site};
        struct cf_parsed parsed;
        size_t program;
        int r = arguments->count ? find_program(script, arguments, &program) : 0;
        if (r < 0 || arguments->count == 0 || program == SIZE_MAX)
                return r;
        struct cf_span word = arguments->items[program].word->value;
        if (cf_is_daemon(word)) {
                r = cf_options_read(arena, arguments->items + program, arguments->count - program,
                                    true, &parsed);
                parsed.engine = "dockerd";
                where.kind = CF_SUBJECT_DAEMON;
                where.name = "dockerd";
                return r ? r : cf_subject_give(script, arguments->items + program, &parsed, &where);
        }
        const char *engine = cf_engine_name(word);
        if (!engine)
                engine = guess_engine(&arguments->items[program]);
        if (!engine ||
            !cf_command_read(arena, arguments->items, arguments->count, program, engine, &parsed,
                             &r) ||
            !is_convincing(script, arguments, &parsed))
                return r;
        if (strcmp(parsed.action, "exec") == 0)
                where.kind = CF_SUBJECT_EXEC;
        return cf_subject_give(script, arguments->items, &parsed, &where);
}

static int read_expanded(struct cf_script *script, const struct cf_list *list,
                         const struct cf_site *site, struct cf_range command)
{
        struct cf_expansion expansion, other;
        struct cf_site with = *site;
        int r = cf_script_expand(script, list, site, &expansion);
        if (r == 0)
                r = read_arguments(script, &expansion.arguments, site, command);
        for (size_t i = 0; i < expansion.way_count && r == 0; i++) {
                with.way = expansion.ways[i];
                r = cf_script_expand(script, list, &with, &other);
                if (r == 0)
                        r = read_arguments(script, &other.arguments, &with, command);
        }
        return r;
}

int cf_script_command(struct cf_script *script, const struct cf_list *list)
{
        struct cf_site site = {.at = cf_shell_source(list->code, list->inner.offset)};
        struct cf_list *copy = cf_arena_one(script->reader->arena, struct cf_list);
        struct cf_arguments arguments = {0};
        if (!copy)
                return -ENOMEM;
        *copy = *list;
        for (size_t i = 0; i < list->count; i++)
                if (cf_vec_push(script->reader->arena, &arguments,
                                (struct cf_argument){
                                        .list = copy, .index = i, .word = &list->words[i]}) < 0)
                        return -ENOMEM;
        struct cf_range command =
                cf_shell_source_range(list->code, list->inner.offset, list->inner.length);
        return read_arguments(script, &arguments, &site, command);
}

/* ---- what waits for variables ---------------------------------------------------------------- */

static int compare_assignments(const void *a, const void *b)
{
        const struct cf_assignment *const *left = a, *const *right = b;
        return (*left)->at < (*right)->at ? -1 : (*left)->at > (*right)->at;
}

/* Chains the assignments of each name in the order of the file. What was read twice, after an
 * open quote, counts once. */
static int chain_assignments(struct cf_script *script)
{
        struct cf_arena *arena = script->reader->arena;
        const struct cf_assignment *before = NULL;
        script->variables = cf_map_new(arena);
        if (!script->variables)
                return -ENOMEM;
        if (script->assignments.count)
                qsort(script->assignments.items, script->assignments.count,
                      sizeof(script->assignments.items[0]), compare_assignments);
        for (size_t i = 0; i < script->assignments.count; i++) {
                struct cf_assignment *a = script->assignments.items[i];
                if (before && before->at == a->at && cf_span_equal(before->name, a->name)) {
                        a->joined = true; /* the first one speaks for it */
                        continue;
                }
                before = a;
                struct cf_script_variable *variable = cf_map_get(script->variables, a->name);
                if (!variable) {
                        variable = cf_arena_one(arena, struct cf_script_variable);
                        if (!variable || cf_map_put(script->variables, a->name, variable) < 0)
                                return -ENOMEM;
                        variable->first = a;
                } else {
                        variable->last->next = a;
                }
                variable->last = a;
        }
        return 0;
}

static struct cf_range range_of(const struct cf_list *list)
{
        return cf_shell_source_range(list->code, list->inner.offset, list->inner.length);
}

static bool uses_positional(const struct cf_list *list)
{
        struct cf_span name;
        for (size_t i = 0; i < list->count; i++)
                if (cf_word_is_variable(&list->words[i], &name) &&
                    (cf_span_is(name, "@") || cf_span_is(name, "*")))
                        return true;
        return false;
}

/* Functions that hand their arguments on to a command: name → those commands. */
static int find_wrappers(struct cf_script *script, struct cf_map **ret_wrappers)
{
        struct cf_map *wrappers = cf_map_new(script->reader->arena);
        if (!wrappers)
                return -ENOMEM;
        for (size_t i = script->held.count; i > 0; i--) {
                struct cf_held *held = script->held.items[i - 1];
                if (!held->function || !uses_positional(&held->list))
                        continue;
                struct cf_span name = script->lexer.blocks.items[held->function].name;
                if (name.size == 0)
                        continue;
                held->next = cf_map_get(wrappers, name);
                if (cf_map_put(wrappers, name, held) < 0)
                        return -ENOMEM;
        }
        *ret_wrappers = wrappers;
        return 0;
}

/* `run_it --privileged image` where run_it is a function with `docker run "$@"`. */
static int read_call(struct cf_script *script, const struct cf_map *wrappers,
                     const struct cf_held *call)
{
        const struct cf_list *list = &call->list;
        const struct cf_held *held = cf_map_get(wrappers, list->words[call->program].value);
        struct cf_arguments positional = {0};
        int r = 0;
        if (!held || !list->words[call->program].literal)
                return 0;
        for (size_t i = call->program + 1; i < list->count; i++)
                if (cf_vec_push(script->reader->arena, &positional,
                                (struct cf_argument){
                                        .list = list, .index = i, .word = &list->words[i]}) < 0)
                        return -ENOMEM;
        for (unsigned i = 0; held && i < CF_SCRIPT_WAYS && r == 0; i++, held = held->next) {
                struct cf_site site = {
                        .at = held->at, .function = held->function, .positional = &positional};
                r = read_expanded(script, &held->list, &site, range_of(list));
        }
        return r;
}

static int read_held(struct cf_script *script)
{
        struct cf_map *wrappers;
        bool documentation = script->documentation;
        int r = find_wrappers(script, &wrappers);
        for (size_t i = 0; i < script->held.count && r == 0; i++) {
                const struct cf_held *held = script->held.items[i];
                struct cf_site site = {.at = held->at, .function = held->function};
                script->documentation = held->documentation;
                script->prose = held->prose;
                script->whole = held->whole;
                r = read_expanded(script, &held->list, &site, range_of(&held->list));
                if (r == 0 && cf_map_count(wrappers))
                        r = read_call(script, wrappers, held);
        }
        script->documentation = documentation;
        script->prose = script->whole = false;
        return r;
}

/* ---- options that no command was seen to use ----------------------------------------------------
 */

static int all_arguments(struct cf_script *script, struct cf_assignment *assignment,
                         struct cf_arguments *ret_arguments)
{
        const struct cf_list *list = &assignment->list;
        for (size_t i = 0; i < list->count; i++)
                if (cf_vec_push(script->reader->arena, ret_arguments,
                                (struct cf_argument){.list = list,
                                                     .index = i,
                                                     .word = &list->words[i],
                                                     .from = assignment}) < 0)
                        return -ENOMEM;
        return 0;
}

static bool has_kind(const struct cf_parsed *parsed, enum cf_hit_kind kind)
{
        for (size_t i = 0; i < parsed->hits.count; i++)
                if (parsed->hits.items[i].kind == kind)
                        return true;
        return false;
}

/* Options in a variable: a command of its own, a daemon's, or some command's. */
static int read_loose(struct cf_script *script, struct cf_assignment *assignment)
{
        struct cf_arena *arena = script->reader->arena;
        struct cf_arguments arguments = {0};
        struct cf_site site = {.at = assignment->at};
        struct cf_parsed parsed;
        size_t program = SIZE_MAX;
        int r = cf_script_split(script, assignment);
        if (r == 0)
                r = all_arguments(script, assignment, &arguments);
        if (r == 0 && arguments.count)
                r = find_program(script, &arguments, &program);
        if (r < 0 || arguments.count == 0)
                return r;
        const struct cf_list *list = &assignment->list;
        struct cf_range range =
                cf_shell_source_range(list->code, list->inner.offset, list->inner.length);
        if (program != SIZE_MAX && (cf_engine_name(arguments.items[program].word->value) ||
                                    cf_is_daemon(arguments.items[program].word->value)))
                return read_arguments(script, &arguments, &site, range);
        struct cf_finding_place where = {
                .kind = CF_SUBJECT_OPTIONS, .command = range, .site = &site};
        where.name = cf_arena_copy(arena, assignment->name);
        if (!where.name)
                return -ENOMEM;
        r = cf_options_read(arena, arguments.items, arguments.count, true, &parsed);
        if (r == 0 && has_kind(&parsed, CF_HIT_DAEMON_PROFILE)) {
                parsed.engine = "dockerd";
                where.kind = CF_SUBJECT_DAEMON;
                return cf_subject_give(script, arguments.items, &parsed, &where);
        }
        if (r == 0)
                r = cf_options_read(arena, arguments.items, arguments.count, false, &parsed);
        /* Many programs have an option --privileged: here one of them must be an engine. */
        if (r < 0 || (!has_kind(&parsed, CF_HIT_SECURITY_OPT) && !script->mentions_engine))
                return r;
        return cf_subject_give(script, arguments.items, &parsed, &where);
}

int cf_script_finish(struct cf_script *script, int error)
{
        if (error < 0 && error != -E2BIG)
                return error;
        int r = script->exhausted ? -E2BIG : chain_assignments(script);
        if (r == 0)
                r = read_held(script);
        for (size_t i = 0; i < script->assignments.count && r == 0; i++) {
                struct cf_assignment *assignment = script->assignments.items[i];
                if (assignment->interesting && !assignment->joined && !assignment->dead &&
                    !assignment->one_of)
                        r = read_loose(script, assignment);
        }
        if (!script->exhausted)
                return error < 0 ? error : r;
        /* Told here, whatever claimed the file: what was found so far stands. */
        struct cf_error told = {0};
        struct cf_place place = {.path = script->source->path};
        cf_error_set(&told, -E2BIG, &place, "read in part: %s", script->exhausted);
        if (script->reader->trouble)
                script->reader->trouble(&told, script->reader->context);
        return 0;
}
