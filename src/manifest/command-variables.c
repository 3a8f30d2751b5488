/* SPDX-License-Identifier: Apache-2.0 */
/* Which values a variable may have where a command uses it. */
#include "manifest/command.h"

#include <stdint.h>
#include <stdio.h>

#define DEPTH_MAX 8   /* variables within variables */
#define NAME_SHOWN 60 /* bytes of a name or value in a reason */

static const char *say_default(struct cf_script *script, struct cf_span name, struct cf_span text)
{
        int size = (int)(name.size < NAME_SHOWN ? name.size : NAME_SHOWN);
        int shown = (int)(text.size < NAME_SHOWN ? text.size : NAME_SHOWN);
        return cf_arena_printf(script->reader->arena, "%.*s is unset, its default is '%.*s'", size,
                               name.data, shown, text.data);
}

/* ---- which assignments a command sees ------------------------------------------------------- */

enum reach { REACH_NOT, REACH_MAYBE, REACH_SURE };

static bool holds(const struct cf_shell_block *block, size_t at)
{
        return block->start <= at && at < block->end;
}

static enum reach reaches(const struct cf_script *script, const struct cf_assignment *assignment,
                          const struct cf_site *site)
{
        const struct cf_shell_block *blocks = script->lexer.blocks.items;
        if (assignment == site->way)
                return REACH_SURE;
        if (assignment->alone)
                return REACH_NOT;
        if (assignment->one_of)
                return assignment->at < site->at ? REACH_MAYBE : REACH_NOT;
        if (assignment->everywhere)
                return assignment->local ? REACH_MAYBE : REACH_SURE;
        const struct cf_shell_block *block = &blocks[assignment->block];
        bool inside = holds(block, site->at);
        if (assignment->at < site->at) {
                if (inside)
                        return REACH_SURE;
                return block->subshell || assignment->local ? REACH_NOT : REACH_MAYBE;
        }
        /* What comes later is seen by a function that is called later still. */
        if (!site->function || holds(&blocks[site->function], assignment->at))
                return REACH_NOT;
        return block->subshell || assignment->local ? REACH_NOT : REACH_MAYBE;
}

static int step(struct cf_script *script)
{
        return ++script->steps > CF_SCRIPT_STEPS
                       ? cf_script_exhaust(script, "its variables have too many values")
                       : 0;
}

/* ---- words in values ------------------------------------------------------------------------- */

int cf_script_split(struct cf_script *script, struct cf_assignment *assignment)
{
        struct cf_arena *arena = script->reader->arena;
        if (assignment->is_split || !assignment->word)
                return 0;
        struct cf_shell_builder builder = {.arena = arena, .from = assignment->code};
        struct cf_shell_code *code = cf_arena_one(arena, struct cf_shell_code);
        cf_shell_build_word(&builder, assignment->word, assignment->value_at);
        if (!code || cf_shell_build_done(&builder, code) < 0)
                return -ENOMEM;
        code->level += assignment->word->quoted ? 1 : 0;
        code->parent = assignment->code;
        code->parent_command =
                (struct cf_range){assignment->word->offset, assignment->word->length};
        struct cf_range whole = {0, code->text.size};
        struct cf_list list = {.kind = CF_LIST_STRING,
                               .code = code,
                               .inner = whole,
                               /* the shell splits it after quotes were taken off: none can help */
                               .quoting = CF_QUOTE_NONE};
        int r = cf_shell_split(&script->lexer, code, whole, &list.words, &list.count);
        if (r == -E2BIG && !script->exhausted)
                r = 0; /* nested too deeply to be anybody's options */
        assignment->list = list;
        assignment->is_split = true;
        return r;
}

/* A command's words while their variables are put in. */
struct folding {
        struct cf_script *script;
        const struct cf_site *site;
        struct cf_expansion *expansion;
        unsigned depth;
        struct cf_span self;              /* the variable whose value is read */
        const struct cf_arguments *prior; /* and what it was before */
        bool used_prior;
};

static int add(const struct folding *folding, struct cf_arguments *out, struct cf_argument argument)
{
        if (out->count >= CF_COMMAND_ARGUMENTS)
                return 0;
        return cf_vec_push(folding->script->reader->arena, out, argument);
}

static int add_all(const struct folding *folding, struct cf_arguments *out,
                   const struct cf_arguments *more)
{
        int r = 0;
        for (size_t i = 0; i < more->count && r == 0; i++)
                r = add(folding, out, more->items[i]);
        return r;
}

static void note_way(struct folding *folding, struct cf_assignment *way)
{
        struct cf_expansion *expansion = folding->expansion;
        if (!way->interesting || expansion->way_count >= CF_SCRIPT_WAYS)
                return;
        for (size_t i = 0; i < expansion->way_count; i++)
                if (expansion->ways[i] == way)
                        return;
        expansion->ways[expansion->way_count++] = way;
}

static int expand_words(struct folding *folding, const struct cf_list *list,
                        struct cf_assignment *from, struct cf_arguments *out);

/* One assignment on the way to the value: *value is what it was before, and becomes what it is. */
static int fold_one(struct folding *outer, struct cf_assignment *assignment,
                    struct cf_arguments *value)
{
        struct cf_arguments prior = *value, next = {0};
        struct folding folding = *outer;
        folding.self = assignment->name;
        folding.prior = &prior;
        folding.used_prior = assignment->append;
        int r = cf_script_split(folding.script, assignment);
        if (r == 0 && assignment->append)
                r = add_all(&folding, &next, &prior);
        if (r == 0)
                r = expand_words(&folding, &assignment->list, assignment, &next);
        if (r < 0)
                return r;
        for (size_t i = 0; !folding.used_prior && i < prior.count; i++)
                if (prior.items[i].from)
                        prior.items[i].from->dead = true;
        *value = next;
        return 0;
}

/* The words of a variable's value. *ret_known is false when it has none that is known. */
static int fold(struct folding *folding, struct cf_span name, struct cf_arguments *ret_value,
                bool *ret_known)
{
        const struct cf_script_variable *variable = cf_script_variable(folding->script, name);
        int r = 0;
        *ret_known = false;
        if (!variable || folding->depth >= DEPTH_MAX)
                return 0;
        folding->depth++;
        for (struct cf_assignment *a = variable->first; a && r == 0; a = a->next) {
                if ((r = step(folding->script)) < 0)
                        break;
                enum reach reach = reaches(folding->script, a, folding->site);
                if (reach == REACH_MAYBE)
                        note_way(folding, a);
                if (reach != REACH_SURE || (a->weak && *ret_known))
                        continue;
                *ret_known = a->word || a->is_split;
                if (*ret_known)
                        r = fold_one(folding, a, ret_value);
                else
                        ret_value->count = 0;
        }
        folding->depth--;
        return r;
}

/* The words after the operator of ${NAME:-…} or ${NAME:+…}. */
static int add_argument(struct folding *folding, const struct cf_list *list,
                        const struct cf_shell_part *part, struct cf_arguments *out)
{
        struct cf_arena *arena = folding->script->reader->arena;
        struct cf_list *inner = cf_arena_one(arena, struct cf_list);
        struct cf_argument argument = {.list = inner, .certainty = CF_ASSUMED};
        if (!inner)
                return -ENOMEM;
        *inner = (struct cf_list){
                .kind = CF_LIST_STRING, .code = list->code, .inner = part->argument};
        int r = cf_shell_split(&folding->script->lexer, list->code, part->argument, &inner->words,
                               &inner->count);
        if (r < 0)
                return r == -E2BIG && !folding->script->exhausted ? 0 : r;
        int name = (int)(part->name.size < NAME_SHOWN ? part->name.size : NAME_SHOWN);
        if (part->op == '+') {
                argument.certainty = CF_UNKNOWN;
                argument.because = cf_arena_printf(arena, "it is there only when %.*s is set", name,
                                                   part->name.data);
        } else {
                argument.because = say_default(folding->script, part->name,
                                               cf_span_part(list->code->text, part->argument.offset,
                                                            part->argument.length));
        }
        if (!argument.because)
                return -ENOMEM;
        for (size_t i = 0; i < inner->count && r == 0; i++) {
                argument.index = i;
                argument.word = &inner->words[i];
                r = add(folding, out, argument);
        }
        return r;
}

/* Puts in the value of a word that is nothing but a variable. False: it stays as it is. */
static int expand_variable(struct folding *folding, const struct cf_list *list, size_t index,
                           struct cf_arguments *out, bool *ret_done)
{
        const struct cf_shell_part *part = &list->words[index].parts[0];
        struct cf_span name = cf_span_is(part->name, "*") ? CF_SPAN("@") : part->name;
        struct cf_arguments value = {0};
        bool known;
        *ret_done = true;
        if (folding->site->positional && cf_span_is(name, "@"))
                return add_all(folding, out, folding->site->positional);
        if (folding->prior && cf_span_equal(name, folding->self)) {
                folding->used_prior = true;
                return add_all(folding, out, folding->prior);
        }
        int r = part->op == '*' ? 0 : fold(folding, name, &value, &known);
        if (r < 0)
                return r;
        if (part->op == '+')
                return add_argument(folding, list, part, out);
        bool one_word = part->quote && !part->all;
        if (part->op != '*' && known && (!one_word || value.count == 1))
                return add_all(folding, out, &value);
        if (part->op != '*' && !known && (part->op == '-' || part->op == '='))
                return add_argument(folding, list, part, out);
        *ret_done = false;
        return 0;
}

static int expand_words(struct folding *folding, const struct cf_list *list,
                        struct cf_assignment *from, struct cf_arguments *out)
{
        struct cf_span name;
        int r = 0;
        for (size_t i = 0; i < list->count && r == 0; i++) {
                bool done = false;
                size_t first = out->count;
                if (cf_word_is_variable(&list->words[i], &name))
                        r = expand_variable(folding, list, i, out, &done);
                for (size_t j = first; j < out->count; j++) {
                        out->items[j].used_list = list;
                        out->items[j].used_index = i;
                }
                if (r == 0 && !done)
                        r = add(folding, out,
                                (struct cf_argument){.list = list,
                                                     .index = i,
                                                     .word = &list->words[i],
                                                     .from = from});
        }
        return r;
}

int cf_script_expand(struct cf_script *script, const struct cf_list *list,
                     const struct cf_site *site, struct cf_expansion *ret_expansion)
{
        struct folding folding = {.script = script, .site = site, .expansion = ret_expansion};
        *ret_expansion = (struct cf_expansion){0};
        return expand_words(&folding, list, NULL, &ret_expansion->arguments);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* A value while it is put together. */
struct writing {
        struct cf_script *script;
        const struct cf_site *site;
        unsigned depth;
        CF_VEC(char) text;
        enum cf_certainty certainty;
        const char *because;
        bool failed;
};

/* The least certain part counts, and the first reason. */
static void doubt(struct writing *writing, enum cf_certainty certainty, const char *because)
{
        if (!because)
                writing->failed = true;
        if (certainty <= writing->certainty)
                return;
        writing->certainty = certainty;
        writing->because = because;
}

static void put(struct writing *writing, struct cf_span bytes)
{
        for (size_t i = 0; i < bytes.size && !writing->failed; i++) {
                if (bytes.data[i] == CF_SHELL_MARK)
                        doubt(writing, CF_UNKNOWN, "it holds a control character");
                if (cf_vec_push(writing->script->reader->arena, &writing->text, bytes.data[i]) < 0)
                        writing->failed = true;
        }
}

static void put_unknown(struct writing *writing, const char *because)
{
        const char mark = CF_SHELL_MARK;
        doubt(writing, CF_UNKNOWN, because);
        put(writing, (struct cf_span){&mark, 1});
}

static int put_word(struct writing *writing, const struct cf_shell_code *code,
                    const struct cf_shell_word *word, size_t from);

/* The only assignment that a site may see; NULL with *ret_many set when there are several. */
static int only_assignment(struct writing *writing, struct cf_span name,
                           struct cf_assignment **ret_only, bool *ret_many)
{
        const struct cf_script_variable *variable = cf_script_variable(writing->script, name);
        struct cf_assignment *only = NULL;
        *ret_many = false;
        for (struct cf_assignment *a = variable ? variable->first : NULL; a; a = a->next) {
                if (step(writing->script) < 0)
                        return -E2BIG;
                enum reach reach = reaches(writing->script, a, writing->site);
                if (reach == REACH_NOT || (a->weak && only))
                        continue;
                *ret_many = only && (reach == REACH_MAYBE || a->append);
                if (*ret_many)
                        break;
                only = a;
        }
        *ret_only = *ret_many ? NULL : only;
        return 0;
}

/* `before` NAME `after`. */
static const char *say(const struct writing *writing, const char *before, struct cf_span name,
                       const char *after)
{
        int size = (int)(name.size < NAME_SHOWN ? name.size : NAME_SHOWN);
        return cf_arena_printf(writing->script->reader->arena, "%s%.*s%s", before, size, name.data,
                               after);
}

static const char *say_unknown(const struct writing *writing, struct cf_span name)
{
        return say(writing, "the value of ", name, " is not known");
}

static int put_assigned(struct writing *writing, struct cf_assignment *assignment)
{
        const struct cf_shell_word *word = assignment->word;
        const struct cf_shell_code *code = assignment->code;
        size_t from = assignment->value_at;
        if (!word && assignment->is_split && assignment->list.count == 1) {
                word = &assignment->list.words[0];
                code = assignment->list.code;
                from = 0;
        }
        if (!word || assignment->append || writing->depth >= DEPTH_MAX) {
                put_unknown(writing, say_unknown(writing, assignment->name));
                return 0;
        }
        /* What it refers to is what was known there. */
        struct cf_site there = {.at = assignment->at, .function = writing->site->function};
        const struct cf_site *site = writing->site;
        if (!assignment->everywhere)
                writing->site = &there;
        writing->depth++;
        int r = put_word(writing, code, word, from);
        writing->depth--;
        writing->site = site;
        char after[40];
        snprintf(after, sizeof(after), " is set in line %u",
                 cf_source_line_of(writing->script->source, assignment->at));
        doubt(writing, CF_ASSUMED, say(writing, "", assignment->name, after));
        return r;
}

static int put_variable(struct writing *writing, const struct cf_shell_code *code,
                        const struct cf_shell_part *part)
{
        struct cf_assignment *only = NULL;
        bool many = false;
        if (part->op == '*' || part->op == '+' || part->all) {
                put_unknown(writing, say(writing, "it is made from ", part->name, ""));
                return 0;
        }
        int r = only_assignment(writing, part->name, &only, &many);
        if (r < 0)
                return r;
        if (only)
                return put_assigned(writing, only);
        if (many) {
                put_unknown(writing, say(writing, "", part->name, " has several values here"));
                return 0;
        }
        if ((part->op != '-' && part->op != '=') || writing->depth >= DEPTH_MAX) {
                put_unknown(writing, say_unknown(writing, part->name));
                return 0;
        }
        struct cf_span text =
                cf_span_part(code->text, part->argument.offset, part->argument.length);
        doubt(writing, CF_ASSUMED, say_default(writing->script, part->name, text));
        const struct cf_shell_word *words;
        size_t count;
        r = cf_shell_split(&writing->script->lexer, code, part->argument, &words, &count);
        if ((r == -E2BIG && !writing->script->exhausted) || (r == 0 && count != 1)) {
                put_unknown(writing, say(writing, "the default of ", part->name, " is not known"));
                return 0;
        }
        writing->depth++;
        if (r == 0)
                r = put_word(writing, code, &words[0], 0);
        writing->depth--;
        return r;
}

static int put_word(struct writing *writing, const struct cf_shell_code *code,
                    const struct cf_shell_word *word, size_t from)
{
        int r = 0;
        if (word->part_count == 0)
                put(writing, cf_span_part(word->value, from, SIZE_MAX));
        for (size_t i = 0; i < word->part_count && r == 0; i++) {
                const struct cf_shell_part *part = &word->parts[i];
                size_t length = part->kind == CF_SHELL_LITERAL ? part->length : 1;
                if (part->at + length <= from)
                        continue;
                size_t skip = from > part->at ? from - part->at : 0;
                switch (part->kind) {
                case CF_SHELL_LITERAL:
                        put(writing, cf_span_part(word->value, part->at + skip, length - skip));
                        break;
                case CF_SHELL_VARIABLE:
                        r = put_variable(writing, code, part);
                        break;
                case CF_SHELL_COMMAND:
                        put_unknown(writing, "it is the output of a command");
                        break;
                case CF_SHELL_TEMPLATE:
                        put_unknown(writing, "a template fills it in");
                        break;
                case CF_SHELL_PLACEHOLDER: /* the reader is not asked to write unconfined there */
                        put(writing, cf_shell_part_text(code, part));
                        doubt(writing, CF_UNKNOWN, "the reader fills it in");
                        break;
                default:
                        put_unknown(writing, "it is computed");
                }
        }
        return r;
}

int cf_script_value(struct cf_script *script, const struct cf_shell_code *code,
                    const struct cf_shell_word *word, size_t from, const struct cf_site *site,
                    struct cf_script_value *ret_value)
{
        struct writing writing = {.script = script, .site = site, .certainty = CF_CERTAIN};
        int r = put_word(&writing, code, word, from);
        if (r < 0 || writing.failed)
                return r < 0 ? r : -ENOMEM;
        *ret_value = (struct cf_script_value){
                writing.certainty, {writing.text.items, writing.text.count}, writing.because};
        return 0;
}
