/* SPDX-License-Identifier: Apache-2.0 */
/* Reserved words, and what they make of the words that follow. */
#include "manifest/shell-state.h"

/* Patterns of a case up to their bracket, or its esac. */
int cf_shell_pattern(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        bool first = true;
        for (;;) {
                cf_shell_skip_blanks(state);
                char c = cf_shell_peek(state, 0);
                size_t before = state->pos, count = state->words.count;
                if (state->pos >= state->end)
                        return 0;
                if (c == '\n' && !first)
                        return 0; /* no pattern after all */
                if (c == '\n' || c == '#') {
                        if (c == '#')
                                cf_shell_skip_line(state);
                        int r = state->pos < state->end ? cf_shell_newline(lexer) : 0;
                        if (r != 0)
                                return r;
                        continue;
                }
                if (c == ')') {
                        state->pos++;
                        return cf_shell_push_scope(lexer, SCOPE_ARM);
                }
                if (c == '|' || c == '(') {
                        first &= c != '('; /* (esac) is a pattern */
                        state->pos++;
                        continue;
                }
                int r = cf_shell_lex_word(lexer);
                if (r != 0)
                        return r;
                cf_shell_settle(state, count);
                bool esac = first && cf_span_is(state->words.items[count].value, "esac");
                cf_shell_drop_words(state, count);
                first = false;
                if (esac) {
                        cf_shell_end_scope(lexer, base, SCOPE_CASE);
                        return 0;
                }
                if (state->pos == before)
                        return 0;
        }
}

bool cf_shell_skip_arithmetic(struct cf_shell_state *state)
{
        if (cf_shell_peek(state, 0) != '(' || cf_shell_peek(state, 1) != '(')
                return false;
        size_t inner = cf_shell_balance(state, state->pos + 1);
        if (!inner || inner >= state->end || state->text[inner] != ')')
                return false;
        state->pos = inner + 1;
        return true;
}

/* [[ … ]]: operators in it are none of the list's. */
static int read_test(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count, open = state->pos;
        for (;;) {
                cf_shell_skip_blanks(state);
                size_t before = state->pos;
                if (state->pos >= state->end) {
                        state->open_at = open;
                        return CF_SHELL_OPEN;
                }
                int r = cf_shell_peek(state, 0) == '\n' ? cf_shell_newline(lexer)
                                                        : cf_shell_lex_word(lexer);
                if (r != 0)
                        return r;
                if (state->words.count > count) {
                        cf_shell_settle(state, count);
                        bool last = cf_span_is(state->words.items[count].value, "]]");
                        cf_shell_drop_words(state, count);
                        if (last)
                                return 0;
                }
                if (state->pos == before)
                        state->pos++;
        }
}

static int read_case(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count;
        for (unsigned i = 0; i < 2; i++) { /* WORD in */
                cf_shell_skip_blanks(state);
                while (cf_shell_peek(state, 0) == '\n') {
                        int r = cf_shell_newline(lexer);
                        if (r != 0)
                                return r;
                        cf_shell_skip_blanks(state);
                }
                int r = cf_shell_lex_word(lexer);
                if (r != 0)
                        return r;
                cf_shell_drop_words(state, count);
        }
        int r = cf_shell_push_scope(lexer, SCOPE_CASE);
        return r ? r : cf_shell_pattern(lexer, base);
}

/* for NAME in WORD …, without what follows `do`. */
static int read_for(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count, start = state->pos;
        int r = cf_shell_push_scope(lexer, SCOPE_LOOP);
        if (r < 0)
                return r;
        cf_shell_skip_blanks(state);
        cf_shell_skip_arithmetic(state);
        for (;;) {
                cf_shell_skip_blanks(state);
                size_t before = state->pos;
                if (before >= state->end || strchr("\n;&|()", cf_shell_peek(state, 0)))
                        break;
                if (cf_shell_starts_redirection(state))
                        break;
                if ((r = cf_shell_lex_word(lexer)) != 0)
                        return r;
                cf_shell_settle(state, state->words.count - 1);
                if (cf_span_is(state->words.items[state->words.count - 1].value, "do")) {
                        cf_shell_drop_words(state, state->words.count - 1);
                        state->pos = before;
                        break;
                }
                if (state->words.count - count > CF_SHELL_WORDS)
                        cf_shell_drop_words(state, state->words.count - 1);
                if (state->pos == before)
                        break;
        }
        cf_shell_settle(state, count);
        struct cf_shell_command command = {.kind = CF_SHELL_FOR,
                                           .code = state->code,
                                           .words = state->words.items + count,
                                           .count = state->words.count - count,
                                           .offset = start,
                                           .end = state->pos};
        if (command.count && lexer->events->command)
                r = lexer->events->command(lexer, &command);
        cf_shell_drop_words(state, count);
        return r;
}

void cf_shell_function_follows(struct cf_shell_lexer *lexer, struct cf_span name)
{
        struct cf_shell_state *state = lexer->state;
        cf_shell_skip_blanks(state);
        if (cf_shell_peek(state, 0) == '(') {
                state->pos++;
                cf_shell_skip_blanks(state);
                if (cf_shell_peek(state, 0) == ')')
                        state->pos++;
        }
        state->function_next = true;
        state->function_name = name;
}

enum reserved cf_shell_reserved_word(struct cf_span word)
{
        static const struct {
                const char *word;
                enum reserved reserved;
        } table[] = {
                {"!", R_BANG},     {"{", R_OPEN},    {"}", R_CLOSE},           {"[[", R_TEST},
                {"do", R_DO},      {"done", R_DONE}, {"elif", R_ELIF},         {"else", R_ELSE},
                {"esac", R_ESAC},  {"fi", R_FI},     {"for", R_FOR},           {"select", R_FOR},
                {"if", R_IF},      {"case", R_CASE}, {"function", R_FUNCTION}, {"while", R_LOOP},
                {"until", R_LOOP}, {"then", R_THEN}, {"coproc", R_BANG},
        };
        if (word.size == 0 || word.size > 8)
                return NOT_RESERVED;
        for (size_t i = 0; i < CF_COUNT(table); i++)
                if (table[i].word[0] == word.data[0] && cf_span_is(word, table[i].word))
                        return table[i].reserved;
        return NOT_RESERVED;
}

static int read_brace(struct cf_shell_lexer *lexer)
{
        enum scope_kind kind = lexer->state->function_next ? SCOPE_FUNCTION : SCOPE_BRACE;
        lexer->state->function_next = false;
        return cf_shell_push_scope(lexer, kind);
}

static void close_brace(struct cf_shell_lexer *lexer, size_t base)
{
        struct cf_shell_state *state = lexer->state;
        for (size_t i = state->scopes.count; i > base; i--)
                if (state->scopes.items[i - 1].kind == SCOPE_BRACE ||
                    state->scopes.items[i - 1].kind == SCOPE_FUNCTION) {
                        cf_shell_pop_scopes(lexer, i - 1);
                        return;
                }
}

/* `then`, `elif` and `else` end the branch before. */
static int read_branch(struct cf_shell_lexer *lexer, size_t base, enum reserved reserved)
{
        if (reserved != R_THEN)
                cf_shell_end_scope(lexer, base, SCOPE_BRANCH);
        return reserved == R_ELIF ? 0 : cf_shell_push_scope(lexer, SCOPE_BRANCH);
}

/* The reserved word was taken off the stack; a command may follow it. */
int cf_shell_reserved(struct cf_shell_lexer *lexer, size_t base, enum reserved reserved)
{
        struct cf_shell_state *state = lexer->state;
        size_t count = state->words.count;
        int r = 0;
        switch (reserved) {
        case R_OPEN:
                return read_brace(lexer);
        case R_CLOSE:
                close_brace(lexer, base);
                return 0;
        case R_TEST:
                return read_test(lexer);
        case R_IF:
                return cf_shell_push_scope(lexer, SCOPE_IF);
        case R_THEN:
        case R_ELIF:
        case R_ELSE:
                return read_branch(lexer, base, reserved);
        case R_FI:
                cf_shell_end_scope(lexer, base, SCOPE_IF);
                return 0;
        case R_LOOP:
                return cf_shell_push_scope(lexer, SCOPE_LOOP);
        case R_DO:
                return cf_shell_push_scope(lexer, SCOPE_BODY);
        case R_DONE:
                cf_shell_end_scope(lexer, base, SCOPE_LOOP);
                return 0;
        case R_FOR:
                return read_for(lexer);
        case R_CASE:
                return read_case(lexer, base);
        case R_ESAC:
                cf_shell_end_scope(lexer, base, SCOPE_CASE);
                return 0;
        case R_FUNCTION:
                cf_shell_skip_blanks(state);
                if ((r = cf_shell_lex_word(lexer)) != 0)
                        return r;
                cf_shell_settle(state, count);
                struct cf_span name = {0};
                if (state->words.items[count].part_count == 0)
                        name = state->words.items[count].value;
                cf_shell_drop_words(state, count);
                cf_shell_function_follows(lexer, name);
                return 0;
        default:
                return 0;
        }
}
