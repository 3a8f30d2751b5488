/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of commands: operators, reserved words, compound commands. */
#include "manifest/shell-state.h"

#include <stdint.h>

#define RESTARTS_WHOLE 8 /* so often the whole rest is read again; then line by line */

static int read_list(struct cf_shell_lexer *lexer, size_t base, char close);

/* ---- the ends of commands ------------------------------------------------------------------ */

/* A separator that is no pipe: what was joined by && and || ends with it. */
static void end_command(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        if (cf_shell_top_scope(state, base) == SCOPE_AND_OR)
                cf_shell_pop_scopes(lexer, state->scopes.count - 1);
        state->piped = false;
        state->pipeline_document = state->documents.count;
}

/* ; & | && || ;; and their kin at state->pos. */
static int read_operator(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        char c = cf_shell_peek(state, 0), next = cf_shell_peek(state, 1);
        state->pos++;
        if (c == next && c != ';') { /* && || */
                state->pos++;
                state->piped = false;
                state->pipeline_document = state->documents.count;
                if (cf_shell_top_scope(state, base) != SCOPE_AND_OR)
                        return cf_shell_push_scope(lexer, SCOPE_AND_OR);
                return 0;
        }
        if (c == '|') {
                if (next == '&')
                        state->pos++;
                state->piped = true;
                return 0;
        }
        end_command(lexer, base);
        if (c == ';' && (next == ';' || next == '&' || next == '|')) {
                state->pos++;
                if (cf_shell_peek(state, 0) == '&')
                        state->pos++;
                if (cf_shell_top_scope(state, base) == SCOPE_ARM) {
                        cf_shell_pop_scopes(lexer, state->scopes.count - 1);
                        return cf_shell_pattern(lexer, base);
                }
        }
        return 0;
}

/* ---- simple commands ----------------------------------------------------------------------- */

static int give_command(struct cf_shell_lexer *lexer, size_t first, bool piped, size_t start,
                        size_t end, struct cf_span output)
{
        struct cf_shell_state *state = lexer->state;
        cf_shell_settle(state, first);
        struct cf_shell_command command = {.code = state->code,
                                           .words = state->words.items + first,
                                           .count = state->words.count - first,
                                           .offset = start,
                                           .end = end,
                                           .piped = piped,
                                           .output = output};
        while (command.assignments < command.count &&
               command.words[command.assignments].name_length)
                command.assignments++;
        return command.count && lexer->events->command ? lexer->events->command(lexer, &command)
                                                       : 0;
}

static bool ends_simple(struct cf_shell_state *state)
{
        char c = cf_shell_peek(state, 0);
        return state->pos >= state->end || c == '\n' || c == ';' || c == '|' || c == ')' ||
               (c == '&' && !cf_shell_starts_redirection(state));
}

/* Words and redirections up to an operator, or a reserved word alone. */
static int read_simple(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        size_t first = state->words.count, outer_first = state->first_word;
        size_t start = state->pos, end = start;
        bool piped = state->piped;
        struct cf_span output = {0};
        int r = 0;
        state->piped = false;
        state->first_word = first;
        for (;;) {
                cf_shell_skip_blanks(state);
                if (ends_simple(state))
                        break;
                size_t before = state->pos, count = state->words.count;
                if (cf_shell_starts_redirection(state)) {
                        r = cf_shell_redirection(lexer, &output);
                } else if (cf_shell_peek(state, 0) == '#') {
                        cf_shell_skip_line(state);
                        continue;
                } else if (cf_shell_peek(state, 0) == '(') {
                        if (count == first + 1 && state->words.items[first].part_count == 0) {
                                cf_shell_settle(state, first);
                                struct cf_span name = state->words.items[first].value;
                                cf_shell_drop_words(state, first);
                                cf_shell_function_follows(lexer, name);
                                break;
                        }
                        state->pos++;
                        r = cf_shell_list(lexer, ')'); /* no grammar has it; read on */
                } else {
                        r = cf_shell_lex_word(lexer);
                }
                if (r != 0)
                        break;
                if (state->words.count > count) {
                        end = state->words.items[count].offset + state->words.items[count].length;
                        if (cf_shell_is_descriptor(state) ||
                            state->words.count - first > CF_SHELL_WORDS)
                                cf_shell_drop_words(state, count);
                } else {
                        end = state->pos;
                }
                if (count == first && state->words.count == first + 1 &&
                    state->words.items[first].part_count == 0) {
                        cf_shell_settle(state, first);
                        enum reserved reserved =
                                cf_shell_reserved_word(state->words.items[first].value);
                        if (reserved) {
                                cf_shell_drop_words(state, first);
                                state->first_word = outer_first;
                                state->piped = piped && reserved == R_BANG;
                                return cf_shell_reserved(lexer, base, reserved);
                        }
                }
                if (state->pos == before)
                        state->pos++;
        }
        if (r == 0 && state->words.count > first) {
                if (state->function_next)
                        state->function_next = false;
                r = give_command(lexer, first, piped, start, end, output);
        }
        cf_shell_drop_words(state, first);
        state->first_word = outer_first;
        return r;
}

/* ---- lists --------------------------------------------------------------------------------- */

static int read_subshell(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        size_t base = state->scopes.count, open = state->pos;
        if (cf_shell_skip_arithmetic(state))
                return 0;
        int r = cf_shell_push_scope(lexer, state->function_next ? SCOPE_FUNCTION : SCOPE_SUBSHELL);
        state->function_next = false;
        state->piped = false;
        state->pos++;
        if (r == 0)
                r = cf_shell_list(lexer, ')');
        if (r == CF_SHELL_OPEN && state->pos >= state->end)
                state->open_at = open;
        cf_shell_pop_scopes(lexer, base);
        return r;
}

static int read_list(struct cf_shell_lexer *lexer, size_t base, char close)
{
        struct cf_shell_state *state = lexer->state;
        for (;;) {
                int r = 0;
                cf_shell_skip_blanks(state);
                if (state->pos >= state->end)
                        return close ? CF_SHELL_OPEN : 0;
                char c = cf_shell_peek(state, 0);
                if (c == '\n') {
                        end_command(lexer, base);
                        r = cf_shell_newline(lexer);
                } else if (c == '#') {
                        cf_shell_skip_line(state);
                } else if (c == ';' || c == '|' ||
                           (c == '&' && !cf_shell_starts_redirection(state))) {
                        r = read_operator(lexer, base);
                } else if (c == '(') {
                        r = read_subshell(lexer);
                } else if (c == ')') {
                        state->pos++;
                        if (close)
                                return 0;
                } else {
                        r = read_simple(lexer, base);
                }
                if (r != 0)
                        return r;
        }
}

int cf_shell_list(struct cf_shell_lexer *lexer, char close)
{
        struct cf_shell_state *state = lexer->state;
        int r = cf_shell_enter(state);
        if (r < 0)
                return r;
        bool piped = state->piped, function_next = state->function_next;
        size_t pipeline = state->pipeline_document, base = state->scopes.count;
        state->piped = false;
        state->function_next = false;
        state->pipeline_document = state->documents.count;
        r = close ? cf_shell_push_scope(lexer, SCOPE_SUBSHELL) : 0;
        if (r == 0)
                r = read_list(lexer, base + (close ? 1 : 0), close);
        cf_shell_pop_scopes(lexer, base);
        state->depth--;
        state->piped = piped;
        state->function_next = function_next;
        state->pipeline_document =
                pipeline < state->documents.count ? pipeline : state->documents.count;
        return r;
}

/* The end of the line at `pos`, continuations included. */
static size_t line_end(const struct cf_shell_state *state, size_t pos, size_t end)
{
        while (pos < end) {
                const char *newline = memchr(state->text + pos, '\n', end - pos);
                if (!newline)
                        return end;
                size_t at = (size_t)(newline - state->text), back = at;
                if (back > pos && state->text[back - 1] == '\r')
                        back--;
                pos = at + 1;
                if (back == 0 || state->text[back - 1] != '\\')
                        return pos;
        }
        return end;
}

int cf_shell_region(struct cf_shell_lexer *lexer, size_t start, size_t end)
{
        struct cf_shell_state *state = lexer->state;
        size_t outer_pos = state->pos, outer_end = state->end, outer_depth = state->depth;
        size_t outer_document = state->first_document, words = state->words.count;
        size_t parts = state->parts.count, values = state->value_count;
        size_t scopes = state->scopes.count, pipeline = state->pipeline_document;
        size_t documents = state->documents.count;
        int r = 0;

        state->first_document = documents;
        for (state->pos = start; state->pos < end;) {
                size_t from = state->pos;
                bool by_line = state->restarts >= RESTARTS_WHOLE;
                state->end = by_line ? line_end(state, from, end) : end;
                state->first_word = words;
                r = cf_shell_list(lexer, 0);
                if (r < 0)
                        break;
                size_t next = state->end;
                if (r == CF_SHELL_OPEN && !by_line) {
                        state->restarts++;
                        next = line_end(state, state->open_at, end);
                        if (next <= from)
                                next = line_end(state, from, end);
                }
                r = 0;
                state->words.count = words;
                state->parts.count = parts;
                state->value_count = values;
                state->depth = (unsigned)outer_depth;
                state->documents.count = documents;
                state->piped = state->function_next = false;
                cf_shell_pop_scopes(lexer, scopes);
                state->pos = next;
        }
        state->pos = outer_pos;
        state->end = outer_end;
        state->depth = (unsigned)outer_depth;
        state->first_document = outer_document;
        state->pipeline_document = pipeline;
        return r;
}

static int prepare(struct cf_shell_lexer *lexer)
{
        if (!lexer->state) {
                lexer->state = cf_arena_one(lexer->arena, struct cf_shell_state);
                if (!lexer->state)
                        return -ENOMEM;
        }
        if (lexer->blocks.count)
                return 0;
        return cf_vec_push(lexer->arena, &lexer->blocks,
                           (struct cf_shell_block){.start = 0, .end = SIZE_MAX});
}

/* Other text for a while. */
struct turn {
        const struct cf_shell_code *code;
        size_t pos, end, first_word;
        unsigned restarts;
        bool piped, function_next;
};

static struct turn turn_to(struct cf_shell_state *state, const struct cf_shell_code *code)
{
        struct turn turn = {state->code,     state->pos,   state->end,          state->first_word,
                            state->restarts, state->piped, state->function_next};
        state->code = code;
        state->text = code->text.data;
        state->pos = 0;
        state->end = code->text.size;
        state->restarts = 0;
        state->piped = state->function_next = false;
        return turn;
}

static void turn_back(struct cf_shell_state *state, const struct turn *turn)
{
        state->code = turn->code;
        state->text = turn->code ? turn->code->text.data : NULL;
        state->pos = turn->pos;
        state->end = turn->end;
        state->first_word = turn->first_word;
        state->restarts = turn->restarts;
        state->piped = turn->piped;
        state->function_next = turn->function_next;
}

int cf_shell_parse(struct cf_shell_lexer *lexer, const struct cf_shell_code *code, size_t *ret_at)
{
        int r = prepare(lexer);
        if (r < 0)
                return r;
        struct cf_shell_state *state = lexer->state;
        struct turn turn = turn_to(state, code);
        size_t base = state->scopes.count;
        r = code->parent ? cf_shell_push_scope(lexer, SCOPE_SUBSHELL) : 0;
        if (r == 0)
                r = cf_shell_region(lexer, 0, code->text.size);
        state->pos = code->text.size;
        cf_shell_pop_scopes(lexer, base);
        turn_back(state, &turn);
        if (r == -E2BIG && ret_at)
                *ret_at = state->too_deep_at;
        return r;
}

int cf_shell_split(struct cf_shell_lexer *lexer, const struct cf_shell_code *code,
                   struct cf_range part, const struct cf_shell_word **ret_words, size_t *ret_count)
{
        int r = prepare(lexer);
        if (r < 0)
                return r;
        struct cf_shell_state *state = lexer->state;
        struct turn turn = turn_to(state, code);
        size_t first = state->words.count, depth = state->depth, scopes = state->scopes.count;
        struct cf_shell_word *words = NULL;
        state->pos = part.offset;
        state->end = part.offset + part.length;
        state->first_word = first;
        r = cf_shell_read_words(lexer, false);
        size_t count = state->words.count > first ? state->words.count - first : 0;
        if (r >= 0) {
                cf_shell_settle(state, first);
                r = cf_shell_words_keep(lexer->arena, state->words.items + first, count, &words);
        }
        cf_shell_drop_words(state, first);
        cf_shell_pop_scopes(lexer, scopes);
        state->depth = (unsigned)depth;
        turn_back(state, &turn);
        if (r < 0)
                return r;
        *ret_words = words;
        *ret_count = count;
        return 0;
}
