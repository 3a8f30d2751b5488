/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around commands: blanks, blocks, redirections, here-documents, arrays. */
#include "manifest/shell-state.h"

#include <stdint.h>

#define BALANCE_MAX 4096 /* bytes of one arithmetic expression or pattern */

int cf_shell_enter(struct cf_shell_state *state)
{
        if (state->depth >= CF_SHELL_DEPTH) {
                state->too_deep_at = cf_shell_source(state->code, state->pos);
                return -E2BIG;
        }
        state->depth++;
        return 0;
}

char cf_shell_peek(const struct cf_shell_state *state, size_t ahead)
{
        return state->end - state->pos > ahead ? state->text[state->pos + ahead] : '\0';
}

void cf_shell_skip_blanks(struct cf_shell_state *state)
{
        for (;;) {
                char c = cf_shell_peek(state, 0);
                if (c == ' ' || c == '\t')
                        state->pos++;
                else if (c == '\\' && cf_shell_peek(state, 1) == '\n')
                        state->pos += 2;
                else if (c == '\\' && cf_shell_peek(state, 1) == '\r' &&
                         cf_shell_peek(state, 2) == '\n')
                        state->pos += 3;
                else if (c == '\r' && cf_shell_peek(state, 1) == '\n')
                        state->pos++;
                else
                        return;
        }
}

void cf_shell_skip_line(struct cf_shell_state *state)
{
        const char *newline = memchr(state->text + state->pos, '\n', state->end - state->pos);
        state->pos = newline ? (size_t)(newline - state->text) : state->end;
}

size_t cf_shell_balance(const struct cf_shell_state *state, size_t at)
{
        size_t limit = state->end - at < BALANCE_MAX ? state->end : at + BALANCE_MAX;
        for (unsigned depth = 0; at < limit; at++) {
                if (state->text[at] == '(')
                        depth++;
                else if (state->text[at] == ')' && --depth == 0)
                        return at + 1;
        }
        return 0;
}

/* ---- blocks ------------------------------------------------------------------------------- */

int cf_shell_push_scope(struct cf_shell_lexer *lexer, enum scope_kind kind)
{
        struct cf_shell_state *state = lexer->state;
        if (state->scopes.count >= CF_SHELL_BLOCKS) {
                state->too_deep_at = cf_shell_source(state->code, state->pos);
                return -E2BIG;
        }
        struct scope scope = {.kind = kind, .start = cf_shell_source(state->code, state->pos)};
        if (kind == SCOPE_FUNCTION)
                scope.name = state->function_name;
        return cf_vec_push(lexer->arena, &state->scopes, scope);
}

void cf_shell_pop_scopes(struct cf_shell_lexer *lexer, size_t count)
{
        struct cf_shell_state *state = lexer->state;
        while (state->scopes.count > count) {
                struct scope *scope = &state->scopes.items[--state->scopes.count];
                if (scope->block)
                        lexer->blocks.items[scope->block].end =
                                cf_shell_source(state->code, state->pos);
        }
}

enum scope_kind cf_shell_top_scope(const struct cf_shell_state *state, size_t base)
{
        return state->scopes.count > base ? state->scopes.items[state->scopes.count - 1].kind
                                          : SCOPE_SUBSHELL;
}

/* Ends the innermost scope of a kind, and those within it, when one is open above `base`. */
void cf_shell_end_scope(struct cf_shell_lexer *lexer, size_t base, enum scope_kind kind)
{
        struct cf_shell_state *state = lexer->state;
        for (size_t i = state->scopes.count; i > base; i--)
                if (state->scopes.items[i - 1].kind == kind) {
                        cf_shell_pop_scopes(lexer, i - 1);
                        return;
                }
}

static int block_of(struct cf_shell_lexer *lexer, struct scope *scope, size_t *ret_index)
{
        if (!scope->block) {
                struct cf_shell_block block = {.start = scope->start,
                                               .end = SIZE_MAX,
                                               .function = scope->kind == SCOPE_FUNCTION,
                                               .subshell = scope->kind == SCOPE_SUBSHELL,
                                               .name = scope->name};
                if (cf_vec_push(lexer->arena, &lexer->blocks, block) < 0)
                        return -ENOMEM;
                scope->block = lexer->blocks.count - 1;
        }
        *ret_index = scope->block;
        return 0;
}

int cf_shell_block(struct cf_shell_lexer *lexer, size_t *ret_index)
{
        struct cf_shell_state *state = lexer->state;
        *ret_index = 0;
        for (size_t i = state ? state->scopes.count : 0; i > 0; i--)
                if (state->scopes.items[i - 1].kind >= SCOPE_BRANCH)
                        return block_of(lexer, &state->scopes.items[i - 1], ret_index);
        return 0;
}

int cf_shell_function(struct cf_shell_lexer *lexer, size_t *ret_index)
{
        struct cf_shell_state *state = lexer->state;
        *ret_index = 0;
        for (size_t i = state ? state->scopes.count : 0; i > 0; i--)
                if (state->scopes.items[i - 1].kind == SCOPE_FUNCTION)
                        return block_of(lexer, &state->scopes.items[i - 1], ret_index);
        return 0;
}

/* ---- here-documents ----------------------------------------------------------------------- */

void cf_shell_run_documents(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        for (size_t i = state->pipeline_document; i < state->documents.count; i++)
                state->documents.items[i].run = true;
}

int cf_shell_name_documents(struct cf_shell_lexer *lexer, struct cf_span name)
{
        struct cf_shell_state *state = lexer->state;
        const char *copy = cf_arena_copy(lexer->arena, name);
        if (!copy)
                return -ENOMEM;
        for (size_t i = state->pipeline_document; i < state->documents.count; i++)
                state->documents.items[i].name = copy;
        return 0;
}

/* Finds the line that ends a document: its start, and where the next line starts. */
static bool find_delimiter(const struct cf_shell_state *state, const struct document *document,
                           size_t *ret_end, size_t *ret_next)
{
        struct cf_span rest = {state->text + state->pos, state->end - state->pos}, line;
        while (cf_span_next_line(&rest, &line)) {
                size_t start = (size_t)(line.data - state->text);
                size_t skip = 0;
                while (document->tabs && skip < line.size && line.data[skip] == '\t')
                        skip++;
                line = cf_span_part(line, skip, line.size);
                if (cf_span_equal(line, document->delimiter)) {
                        *ret_end = start;
                        *ret_next = rest.size ? (size_t)(rest.data - state->text) : state->end;
                        return true;
                }
        }
        return false;
}

/* Substitutions in a document that is no shell text are run all the same. */
static int read_expansions(struct cf_shell_lexer *lexer, size_t end)
{
        struct cf_shell_state *state = lexer->state;
        struct cf_shell_word scratch = {.parts_at = state->parts.count,
                                        .value_at = state->value_count};
        size_t outer_end = state->end;
        int r = 0;
        state->end = end;
        while (r == 0 && state->pos < end) {
                char c = state->text[state->pos];
                if (c == '\\')
                        state->pos += 2;
                else if (c == '$')
                        r = cf_shell_lex_dollar(lexer, &scratch, '"');
                else if (c == '`')
                        r = cf_shell_lex_backtick(lexer, &scratch, '"');
                else
                        state->pos++;
                state->parts.count = scratch.parts_at;
                state->value_count = scratch.value_at;
        }
        state->end = outer_end;
        return r == CF_SHELL_OPEN ? 0 : r;
}

static int read_document(struct cf_shell_lexer *lexer, const struct document *document)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos, end, next;
        if (state->lost_documents >= CF_SHELL_LOST_DOCUMENTS)
                return 0;
        if (!find_delimiter(state, document, &end, &next)) {
                state->lost_documents++; /* perhaps none at all: what follows is commands */
                return 0;
        }
        int r = 0;
        unsigned depth = state->depth;
        if (document->run)
                r = cf_shell_region(lexer, start, end);
        else if (!document->quoted)
                r = read_expansions(lexer, end);
        if (r == 0 && document->name && lexer->events->document)
                r = lexer->events->document(lexer, state->code, document->name,
                                            (struct cf_range){start, end - start}, document->tabs);
        state->depth = depth;
        state->pos = next;
        return r;
}

/* At the end of a line the documents that it announced follow. */
int cf_shell_newline(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        int r = 0;
        state->pos++;
        for (size_t i = state->first_document; r == 0 && i < state->documents.count; i++) {
                struct document document = state->documents.items[i];
                r = read_document(lexer, &document);
        }
        state->documents.count = state->first_document;
        state->pipeline_document = state->first_document;
        return r;
}

/* ---- redirections ------------------------------------------------------------------------- */

static int read_delimiter(struct cf_shell_lexer *lexer, bool tabs)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count;
        cf_shell_skip_blanks(state);
        int r = cf_shell_lex_word(lexer);
        if (r != 0)
                return r;
        cf_shell_settle(state, count);
        const struct cf_shell_word *word = &state->words.items[count];
        struct document document = {.quoted = word->quoted, .tabs = tabs};
        const char *text = cf_arena_copy(lexer->arena, word->value);
        document.delimiter = (struct cf_span){text, word->value.size};
        cf_shell_drop_words(state, count);
        if (!text)
                return -ENOMEM;
        if (document.delimiter.size == 0)
                return 0;
        return cf_vec_push(lexer->arena, &state->documents, document);
}

bool cf_shell_starts_redirection(struct cf_shell_state *state)
{
        char c = cf_shell_peek(state, 0), next = cf_shell_peek(state, 1);
        if (c == '<' && cf_shell_template_end(state, state->pos))
                return false;
        return ((c == '<' || c == '>') && next != '(') || (c == '&' && next == '>');
}

/* A redirection at state->pos; its operand is no word of the command. */
int cf_shell_redirection(struct cf_shell_lexer *lexer, struct cf_span *output)
{
        struct cf_shell_state *state = lexer->state;
        char c = cf_shell_peek(state, 0);
        if (c == '&')
                c = state->text[++state->pos];
        state->pos++;
        if (c == '<' && cf_shell_peek(state, 0) == '<' && cf_shell_peek(state, 1) != '<') {
                bool tabs = cf_shell_peek(state, 1) == '-';
                state->pos += tabs ? 2 : 1;
                return read_delimiter(lexer, tabs);
        }
        while (cf_shell_peek(state, 0) && strchr("<>&|", cf_shell_peek(state, 0)))
                state->pos++;
        cf_shell_skip_blanks(state);
        size_t count = state->words.count, start = state->pos;
        if (!cf_shell_peek(state, 0) || strchr("\n;&|()", cf_shell_peek(state, 0)))
                return 0;
        int r = cf_shell_lex_word(lexer);
        if (r != 0)
                return r;
        cf_shell_settle(state, count);
        if (c == '>' && state->words.items[count].part_count == 0)
                *output = (struct cf_span){state->text + start, state->pos - start};
        else if (c == '>') { /* CF_SHELL_MARK for what is not known */
                const char *text = cf_arena_copy(lexer->arena, state->words.items[count].value);
                if (!text)
                        return -ENOMEM;
                *output = cf_span_of(text);
        }
        cf_shell_drop_words(state, count);
        return 0;
}

/* The word on top of the stack is the number of a file before a redirection: no word at all. */
bool cf_shell_is_descriptor(struct cf_shell_state *state)
{
        const struct cf_shell_word *word = &state->words.items[state->words.count - 1];
        if (!cf_shell_starts_redirection(state) || word->part_count ||
            cf_shell_peek(state, 0) == '&' || word->offset + word->length != state->pos)
                return false;
        for (size_t i = 0; i < word->length; i++)
                if (state->text[word->offset + i] < '0' || state->text[word->offset + i] > '9')
                        return false;
        return word->length > 0;
}

/* ---- arrays ------------------------------------------------------------------------------- */

int cf_shell_read_words(struct cf_shell_lexer *lexer, bool bracket)
{
        struct cf_shell_state *state = lexer->state;
        size_t base = state->words.count;
        for (;;) {
                cf_shell_skip_blanks(state);
                size_t before = state->pos;
                char c = cf_shell_peek(state, 0);
                int r = 0;
                if (state->pos >= state->end)
                        return bracket ? CF_SHELL_OPEN : 0;
                if (c == ')' && bracket) {
                        state->pos++;
                        return 0;
                }
                if (c == '\n')
                        r = cf_shell_newline(lexer);
                else if (c == '#' && bracket)
                        cf_shell_skip_line(state);
                else if ((r = cf_shell_lex_word(lexer)) == 0 && state->pos == before) {
                        cf_shell_drop_words(state, state->words.count - 1);
                        state->pos++; /* an operator: not allowed here, and not of interest */
                }
                if (r != 0)
                        return r;
                if (state->words.count - base > CF_SHELL_WORDS)
                        cf_shell_drop_words(state, state->words.count - 1);
        }
}

int cf_shell_array(struct cf_shell_lexer *lexer, struct cf_shell_word *name)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count, open = state->pos;
        int r = cf_shell_enter(state);
        if (r < 0)
                return r;
        state->pos++;
        r = cf_shell_read_words(lexer, true);
        if (r == CF_SHELL_OPEN && state->pos >= state->end)
                state->open_at = open;
        if (r != 0)
                return r;
        state->depth--;
        size_t first = state->first_word < count ? state->first_word : count;
        cf_shell_settle(state, first);
        struct cf_shell_command command = {
                .code = state->code, .words = state->words.items + first, .count = count - first};
        if (lexer->events->array)
                r = lexer->events->array(lexer, &command, name, state->words.items + count,
                                         state->words.count - count,
                                         (struct cf_range){open + 1, state->pos - open - 2});
        cf_shell_drop_words(state, count);
        return r;
}
