/* SPDX-License-Identifier: Apache-2.0 */
/* The commands and variables of one file. */
#include "manifest/command.h"

#include <stdint.h>

static struct cf_script *script_of(struct cf_shell_lexer *lexer)
{
        return lexer->context;
}

/* ---- variables ----------------------------------------------------------------------------- */

struct cf_script_variable *cf_script_variable(const struct cf_script *script, struct cf_span name)
{
        return cf_map_get(script->variables, name);
}

static bool holds_option(struct cf_span text)
{
        return cf_span_find(text, CF_SPAN("--security-opt")) != SIZE_MAX ||
               cf_span_find(text, CF_SPAN("--privileged")) != SIZE_MAX ||
               cf_span_find(text, CF_SPAN("--seccomp-profile")) != SIZE_MAX;
}

/* A command line in a variable: "docker run …". */
static bool holds_command(struct cf_span text)
{
        return cf_span_find(text, CF_SPAN("docker")) != SIZE_MAX ||
               cf_span_find(text, CF_SPAN("podman")) != SIZE_MAX ||
               cf_span_find(text, CF_SPAN("nerdctl")) != SIZE_MAX;
}

int cf_script_exhaust(struct cf_script *script, const char *what)
{
        if (!script->exhausted)
                script->exhausted = what;
        return -E2BIG;
}

int cf_script_budget(struct cf_script *script)
{
        if (cf_arena_used(script->reader->arena) - script->used > CF_SCRIPT_MEMORY)
                return cf_script_exhaust(script, "it needs too much memory");
        if (script->assignments.count >= CF_SCRIPT_ASSIGNMENTS)
                return cf_script_exhaust(script, "too many variables");
        if (script->held.count >= CF_SCRIPT_COMMANDS)
                return cf_script_exhaust(script, "too many commands with variables");
        return script->exhausted ? -E2BIG : 0;
}

int cf_script_assign(struct cf_script *script, const struct cf_assignment *assignment)
{
        if (cf_script_budget(script) < 0)
                return -E2BIG;
        struct cf_assignment *copy = cf_arena_one(script->reader->arena, struct cf_assignment);
        if (!copy)
                return -ENOMEM;
        *copy = *assignment;
        if (copy->is_split) {
                for (size_t i = 0; i < copy->list.count && !copy->interesting; i++)
                        copy->interesting = holds_option(copy->list.words[i].value);
        } else if (copy->word) {
                copy->interesting = holds_option(copy->word->value);
        }
        return cf_vec_push(script->reader->arena, &script->assignments, copy);
}

/* `NAME=value` at words[i] of a command. */
static int assign_word(struct cf_script *script, const struct cf_shell_command *command, size_t i,
                       bool local, bool alone)
{
        const struct cf_shell_word *word = &command->words[i];
        struct cf_shell_word *kept;
        if (word->array)
                return 0; /* an event of its own */
        int r = cf_shell_words_keep(script->reader->arena, word, 1, &kept);
        if (r < 0)
                return r;
        struct cf_assignment assignment = {
                .name = cf_span_part(command->code->text, word->offset, word->name_length),
                .code = command->code,
                .word = kept,
                .value_at = word->name_length + (word->append ? 2 : 1),
                .at = cf_shell_source(command->code, word->offset),
                .append = word->append,
                .local = local,
                .alone = alone,
        };
        if ((r = cf_shell_block(&script->lexer, &assignment.block)) < 0)
                return r;
        return cf_script_assign(script, &assignment);
}

/* A variable gets a value that is not known: read NAME, for NAME in … */
static int assign_unknown(struct cf_script *script, const struct cf_shell_command *command,
                          size_t i)
{
        const struct cf_shell_word *word = &command->words[i];
        struct cf_assignment assignment = {
                .name = cf_span_part(command->code->text, word->offset, word->length),
                .code = command->code,
                .at = cf_shell_source(command->code, word->offset),
        };
        int r = cf_shell_block(&script->lexer, &assignment.block);
        if (r < 0 || word->part_count)
                return r;
        return cf_script_assign(script, &assignment);
}

/* for NAME in WORD …: the name has no value that is known; words that are options are kept, for
 * commands in the loop. */
static int assign_loop(struct cf_script *script, const struct cf_shell_command *command)
{
        int r = assign_unknown(script, command, 0);
        for (size_t i = 2; i < command->count && r == 0; i++) {
                const struct cf_shell_word *name = &command->words[0];
                struct cf_shell_word *kept;
                if (name->part_count || !holds_option(command->words[i].value))
                        continue;
                if (cf_shell_words_keep(script->reader->arena, &command->words[i], 1, &kept) < 0)
                        return -ENOMEM;
                struct cf_assignment assignment = {
                        .name = cf_span_part(command->code->text, name->offset, name->length),
                        .code = command->code,
                        .word = kept,
                        .at = cf_shell_source(command->code, kept->offset),
                        .one_of = true,
                };
                r = cf_script_assign(script, &assignment);
        }
        return r;
}

static int on_array(struct cf_shell_lexer *lexer, const struct cf_shell_command *command,
                    const struct cf_shell_word *name, const struct cf_shell_word *elements,
                    size_t count, struct cf_range inner)
{
        struct cf_script *script = script_of(lexer);
        struct cf_shell_word *kept;
        int r = cf_script_budget(script);
        if (r == 0)
                r = cf_shell_words_keep(script->reader->arena, elements, count, &kept);
        if (r < 0)
                return r;
        struct cf_assignment assignment = {
                .name = cf_span_part(command->code->text, name->offset, name->name_length),
                .code = command->code,
                .at = cf_shell_source(command->code, name->offset),
                .append = name->append,
                .array = true,
                .local = command->count && cf_span_is(command->words[0].value, "local"),
                .is_split = true,
                .list = {.kind = CF_LIST_ARRAY,
                         .code = command->code,
                         .words = kept,
                         .count = count,
                         .inner = inner},
        };
        if ((r = cf_shell_block(lexer, &assignment.block)) < 0)
                return r;
        return cf_script_assign(script, &assignment);
}

/* set -- A B: the positional parameters. */
static int assign_positional(struct cf_script *script, const struct cf_shell_command *command)
{
        size_t first = 1;
        while (first < command->count && !cf_span_is(command->words[first].value, "--"))
                first++;
        if (first++ >= command->count)
                return 0;
        struct cf_shell_word *kept;
        size_t count = command->count - first;
        int r = cf_shell_words_keep(script->reader->arena, command->words + first, count, &kept);
        if (r < 0)
                return r;
        const struct cf_shell_word *before = &command->words[first - 1];
        size_t start = before->offset + before->length;
        struct cf_assignment assignment = {
                .name = CF_SPAN("@"),
                .code = command->code,
                .at = cf_shell_source(command->code, command->offset),
                .array = true,
                .is_split = true,
                .list = {.kind = CF_LIST_ARRAY,
                         .code = command->code,
                         .words = kept,
                         .count = count,
                         .inner = {start, command->end - start}},
        };
        if ((r = cf_shell_block(&script->lexer, &assignment.block)) < 0)
                return r;
        return cf_script_assign(script, &assignment);
}

/* : ${NAME:=value} */
static int assign_defaults(struct cf_script *script, const struct cf_shell_command *command)
{
        int r = 0;
        for (size_t i = 1; i < command->count; i++) {
                const struct cf_shell_word *word = &command->words[i];
                for (size_t j = 0; j < word->part_count && r == 0; j++) {
                        const struct cf_shell_part part = word->parts[j];
                        if (part.kind != CF_SHELL_VARIABLE || part.op != '=')
                                continue;
                        struct cf_assignment assignment = {
                                .name = part.name,
                                .code = command->code,
                                .at = cf_shell_source(command->code, part.offset),
                                .weak = true,
                                .is_split = true,
                                .list = {.kind = CF_LIST_STRING,
                                         .code = command->code,
                                         .inner = part.argument,
                                         .quoting = CF_QUOTE_SHELL},
                        };
                        r = cf_shell_split(&script->lexer, command->code, part.argument,
                                           &assignment.list.words, &assignment.list.count);
                        if (r == 0)
                                r = cf_shell_block(&script->lexer, &assignment.block);
                        if (r == 0)
                                r = cf_script_assign(script, &assignment);
                }
        }
        return r == -E2BIG && !script->exhausted ? 0 : r;
}

/* ---- shell text in words -------------------------------------------------------------------- */

/* The values of words[from … to), joined by blanks, are shell text of their own. */
static int read_string(struct cf_script *script, const struct cf_shell_command *command,
                       size_t from, size_t to, size_t skip)
{
        struct cf_arena *arena = script->reader->arena;
        bool may_hold = false;
        for (size_t i = from; i < to && !may_hold; i++)
                may_hold = !command->words[i].literal || holds_command(command->words[i].value) ||
                           holds_option(command->words[i].value);
        if (!may_hold || script->nested >= CF_COMMAND_NESTED)
                return 0;
        struct cf_shell_builder builder = {.arena = arena, .from = command->code};
        for (size_t i = from; i < to; i++) {
                const struct cf_shell_word *word = &command->words[i];
                if (i > from)
                        cf_shell_build_put(&builder, CF_SPAN(" "), word->offset, 0);
                cf_shell_build_word(&builder, word, i == from ? skip : 0);
        }
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        if (!code || cf_shell_build_done(&builder, code) < 0)
                return -ENOMEM;
        code->level = command->code->level + 1;
        code->parent = command->code;
        code->parent_command = (struct cf_range){command->offset, command->end - command->offset};
        script->nested++;
        size_t at;
        int r = cf_shell_parse(&script->lexer, code, &at);
        script->nested--;
        return r == -E2BIG && !script->exhausted ? 0 : r; /* too deep to be anybody's command */
}

/* ---- commands -------------------------------------------------------------------------------- */

bool cf_word_is_variable(const struct cf_shell_word *word, struct cf_span *ret_name)
{
        if (word->part_count != 1 || word->parts[0].kind != CF_SHELL_VARIABLE)
                return false;
        *ret_name = word->parts[0].name;
        return true;
}

int cf_script_hold(struct cf_script *script, const struct cf_list *list, size_t program)
{
        struct cf_arena *arena = script->reader->arena;
        struct cf_shell_word *kept;
        struct cf_held *held = cf_arena_one(arena, struct cf_held);
        if (!held || cf_shell_words_keep(arena, list->words, list->count, &kept) < 0)
                return -ENOMEM;
        *held = (struct cf_held){
                .list = *list,
                .program = program,
                .at = cf_shell_source(list->code, list->words[0].offset),
                .documentation = script->documentation,
                .prose = script->prose,
                .whole = script->whole,
        };
        held->list.words = kept;
        if (cf_shell_function(&script->lexer, &held->function) < 0)
                return -ENOMEM;
        return cf_vec_push(arena, &script->held, held);
}

/* A command with its program at words[program]: read now when no variable matters, else later. */
static int take_command(struct cf_script *script, const struct cf_list *list, size_t program)
{
        const struct cf_shell_word *word = &list->words[program];
        bool engine = cf_engine_name(word->value) || cf_is_daemon(word->value);
        bool interesting = false, variables = false;
        struct cf_span name;
        for (size_t i = program; i < list->count; i++) {
                variables |= !list->words[i].literal;
                interesting |= i > program && (list->words[i].value.size > 9 &&
                                               list->words[i].value.data[0] == '-' &&
                                               holds_option(list->words[i].value));
        }
        if (engine && !variables)
                return interesting ? cf_script_command(script, list) : 0;
        /* A variable as the program may be an engine or a whole command; any other word may be a
         * function of the script, which is known only at the end. */
        if (!engine && !cf_word_is_variable(word, &name) && !interesting)
                return 0;
        return cf_script_hold(script, list, program);
}

static bool is_one_of(struct cf_span word, const char *const *names)
{
        for (; *names; names++)
                if (cf_span_is(word, *names))
                        return true;
        return false;
}

/* Builtins that give variables their values. True: the command is nothing else. */
static int take_assignments(struct cf_script *script, const struct cf_shell_command *command,
                            bool *ret_done)
{
        static const char *const declare[] = {"declare", "typeset",  "local",
                                              "export",  "readonly", NULL};
        static const char *const unknown[] = {"read", "mapfile", "readarray", "getopts", NULL};
        size_t first = command->assignments;
        bool alone = first < command->count;
        int r = 0;
        for (size_t i = 0; i < first && r == 0; i++)
                r = assign_word(script, command, i, false, alone);
        *ret_done = !alone;
        if (r < 0 || !alone)
                return r;
        struct cf_span word = command->words[first].value;
        bool local = cf_span_is(word, "local");
        *ret_done = true;
        if (is_one_of(word, declare)) {
                for (size_t i = first + 1; i < command->count && r == 0; i++)
                        if (command->words[i].name_length)
                                r = assign_word(script, command, i, local, false);
        } else if (is_one_of(word, unknown)) {
                for (size_t i = first + 1; i < command->count && r == 0; i++)
                        r = assign_unknown(script, command, i);
        } else if (cf_span_is(word, "printf") && command->count > first + 2 &&
                   cf_span_is(command->words[first + 1].value, "-v")) {
                r = assign_unknown(script, command, first + 2);
        } else if (cf_span_is(word, ":")) {
                r = assign_defaults(script, command);
        } else if (cf_span_is(word, "set")) {
                r = assign_positional(script, command);
        } else if (cf_span_is(word, "alias")) {
                for (size_t i = first + 1; i < command->count && r == 0; i++)
                        if (command->words[i].name_length)
                                r = read_string(script, command, i, i + 1,
                                                command->words[i].name_length + 1);
        } else {
                *ret_done = false;
        }
        return r;
}

/* ---- here-documents that become files ---------------------------------------------------------
 */

int cf_script_embedded(struct cf_script *script, const char *name, const struct cf_range *lines,
                       size_t count)
{
        struct cf_embedded embedded = {.reader = script->reader,
                                       .source = script->source,
                                       .documentation = script->documentation,
                                       .copied = script->embedded};
        int r = cf_embedded_read(&embedded, name, lines, count);
        script->embedded = embedded.copied;
        return r == -E2BIG ? cf_script_exhaust(script, "too many files stand within it") : r;
}

static int on_document(struct cf_shell_lexer *lexer, const struct cf_shell_code *code,
                       const char *name, struct cf_range body, bool tabs)
{
        struct cf_span rest = cf_span_part(code->text, body.offset, body.length), line;
        CF_VEC(struct cf_range) lines = {0};
        while (cf_span_next_line(&rest, &line)) {
                while (tabs && cf_span_starts(line, "\t"))
                        line = cf_span_part(line, 1, SIZE_MAX);
                struct cf_range range = cf_shell_source_range(
                        code, (size_t)(line.data - code->text.data), line.size);
                if (range.length != line.size)
                        return 0; /* not in the file as it will be written */
                if (cf_vec_push(lexer->arena, &lines, range) < 0)
                        return -ENOMEM;
        }
        return cf_script_embedded(script_of(lexer), name, lines.items, lines.count);
}

/* The file that `cat` or `tee` writes; empty: none. */
static struct cf_span written_file(const struct cf_shell_command *command, size_t program)
{
        struct cf_span word = command->words[program].value;
        if (cf_span_is(word, "tee") && program + 1 < command->count)
                return command->words[command->count - 1].value;
        return cf_span_is(word, "cat") ? command->output : (struct cf_span){0};
}

/* What is written to a script is shell text; other files are read by their own formats. */
static int take_written(struct cf_script *script, const struct cf_shell_command *command,
                        size_t program)
{
        struct cf_span file = written_file(command, program);
        if (file.size == 0)
                return 0;
        if (!cf_span_ends(file, ".sh") && !cf_span_ends(file, ".bash"))
                return cf_shell_name_documents(&script->lexer, file);
        cf_shell_run_documents(&script->lexer);
        return 0;
}

static int on_command(struct cf_shell_lexer *lexer, const struct cf_shell_command *command)
{
        struct cf_script *script = script_of(lexer);
        bool done;
        int r = cf_script_budget(script);
        if (r < 0)
                return r;
        if (command->kind == CF_SHELL_FOR)
                return assign_loop(script, command);
        r = take_assignments(script, command, &done);
        if (r < 0 || done)
                return r;
        struct cf_prefix prefix = cf_command_prefix(command->words, command->count);
        if (prefix.kind == CF_PREFIX_SHELL) {
                cf_shell_run_documents(lexer);
                return 0;
        }
        if (prefix.kind == CF_PREFIX_STRING) {
                struct cf_prefix inner =
                        cf_command_prefix(command->words + prefix.at, prefix.end - prefix.at);
                if (inner.kind == CF_PREFIX_SHELL) /* ssh host sudo bash -s */
                        cf_shell_run_documents(lexer);
                return read_string(script, command, prefix.at, prefix.end, 0);
        }
        if (prefix.kind == CF_PREFIX_NONE)
                return 0;
        if ((r = take_written(script, command, prefix.at)) < 0)
                return r;
        struct cf_list list = {
                .kind = CF_LIST_COMMAND,
                .code = command->code,
                .words = command->words,
                .count = command->count,
                .inner = {command->offset, command->end - command->offset},
        };
        return take_command(script, &list, prefix.at);
}

int cf_script_words(struct cf_script *script, const struct cf_list *list, struct cf_error *err)
{
        struct cf_shell_command command = {.code = list->code,
                                           .words = list->words,
                                           .count = list->count,
                                           .offset = list->inner.offset,
                                           .end = list->inner.offset + list->inner.length};
        struct cf_prefix prefix = cf_command_prefix(list->words, list->count);
        int r = 0;
        (void)err;
        if (prefix.kind == CF_PREFIX_STRING)
                r = read_string(script, &command, prefix.at, prefix.end, 0);
        else if (prefix.kind == CF_PREFIX_COMMAND)
                r = take_command(script, list, prefix.at);
        return r;
}

/* ---- the file -------------------------------------------------------------------------------- */

void cf_script_init(struct cf_script *script, const struct cf_reader *reader,
                    const struct cf_source *source, const char *format)
{
        *script = (struct cf_script){
                .reader = reader,
                .source = source,
                .format = format,
                .events = {on_command, on_array, on_document},
                .lexer = {.arena = reader->arena},
                .mentions_engine = holds_command(source->text),
                .used = cf_arena_used(reader->arena),
        };
        script->lexer.context = script;
        script->lexer.events = &script->events;
}

struct cf_shell_code cf_script_source_code(const struct cf_script *script)
{
        return (struct cf_shell_code){.text = script->source->text, .file = script->source->text};
}

int cf_script_code(struct cf_script *script, const struct cf_shell_code *code, struct cf_error *err)
{
        size_t at = 0;
        int r = cf_script_budget(script);
        if (r == 0)
                r = cf_shell_parse(&script->lexer, code, &at);
        if (r == -E2BIG && !script->exhausted) {
                struct cf_place place = cf_source_place(script->source, at, 0);
                cf_error_set(err, r, &place,
                             "nested too deeply (more than %d levels): not read from here on",
                             CF_SHELL_DEPTH);
        }
        return r;
}
