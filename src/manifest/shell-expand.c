/* SPDX-License-Identifier: Apache-2.0 */
/* Variables and substitutions: $NAME, ${NAME…}, $( … ), ` … `. */
#include "manifest/shell-state.h"

/* What follows the operator in ${name…}, up to its bracket; commands in it are read. */
static int skip_argument(struct cf_shell_lexer *lexer, char quote)
{
        struct cf_shell_state *state = lexer->state;
        struct cf_shell_word scratch = {.parts_at = state->parts.count,
                                        .value_at = state->value_count};
        int r = 0;
        while (r == 0 && state->pos < state->end && state->text[state->pos] != '}') {
                switch (state->text[state->pos]) {
                case '\\':
                        state->pos += state->pos + 1 < state->end ? 2 : 1;
                        break;
                case '\'':
                        if (quote)
                                state->pos++;
                        else
                                r = cf_shell_lex_single(lexer, &scratch);
                        break;
                case '"':
                        r = cf_shell_lex_double(lexer, &scratch);
                        break;
                case '$':
                        r = cf_shell_lex_dollar(lexer, &scratch, quote);
                        break;
                case '`':
                        r = cf_shell_lex_backtick(lexer, &scratch, quote);
                        break;
                default:
                        state->pos++;
                }
                state->parts.count = scratch.parts_at;
                state->value_count = scratch.value_at;
        }
        return r;
}

static int lex_parameter(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote)
{
        struct cf_shell_state *state = lexer->state;
        const char *text = state->text;
        struct cf_shell_part part = {
                .kind = CF_SHELL_VARIABLE, .quote = quote, .offset = state->pos};
        int r = cf_shell_enter(state);
        if (r < 0)
                return r;
        state->pos += 2;
        if (state->pos + 1 < state->end && (text[state->pos] == '#' || text[state->pos] == '!') &&
            text[state->pos + 1] != '}') {
                part.op = '*';
                state->pos++;
        }
        size_t name = state->pos;
        if (state->pos < state->end && strchr("@*?$!#-", text[state->pos]) && text[state->pos]) {
                part.all = text[state->pos] == '@' || text[state->pos] == '*';
                state->pos++;
        } else {
                while (state->pos < state->end && cf_shell_is_name(text[state->pos]))
                        state->pos++;
        }
        part.name = (struct cf_span){text + name, state->pos - name};
        if (state->end - state->pos > 2 && text[state->pos] == '[' &&
            (text[state->pos + 1] == '@' || text[state->pos + 1] == '*') &&
            text[state->pos + 2] == ']') {
                part.all = true;
                state->pos += 3;
        }
        if (state->pos < state->end && text[state->pos] != '}') {
                bool colon = text[state->pos] == ':';
                size_t at = state->pos + (colon ? 1 : 0);
                bool known = at < state->end && text[at] && strchr("-=+?", text[at]);
                part.op = part.op || !known ? '*' : text[at];
                state->pos = known ? at + 1 : state->pos;
        }
        part.argument.offset = state->pos;
        if ((r = skip_argument(lexer, quote)) != 0)
                return r;
        state->depth--;
        if (state->pos >= state->end) {
                state->open_at = part.offset;
                return CF_SHELL_OPEN;
        }
        part.argument.length = state->pos - part.argument.offset;
        part.length = ++state->pos - part.offset;
        return cf_shell_add_part(lexer, word, part);
}

/* $( … ) and <( … ): the bracket stands at `bracket`. */
int cf_shell_lex_substitution(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                              size_t bracket, char quote)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos;
        if (bracket + 1 < state->end && state->text[bracket + 1] == '(') {
                size_t inner = cf_shell_balance(state, bracket + 1);
                if (inner && inner < state->end && state->text[inner] == ')') {
                        state->pos = inner + 1;
                        return cf_shell_add_other(lexer, word, CF_SHELL_OPAQUE, start, state->pos,
                                                  quote);
                }
        }
        state->pos = bracket + 1;
        int r = cf_shell_list(lexer, ')');
        if (r == CF_SHELL_OPEN && state->pos >= state->end)
                state->open_at = start;
        return r ? r : cf_shell_add_other(lexer, word, CF_SHELL_COMMAND, start, state->pos, quote);
}

int cf_shell_lex_dollar(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos;
        char next = start + 1 < state->end ? state->text[start + 1] : '\0';
        struct cf_shell_part part = {.kind = CF_SHELL_VARIABLE, .quote = quote, .offset = start};
        switch (next) {
        case '(':
                return cf_shell_lex_substitution(lexer, word, start + 1, quote);
        case '{':
                return lex_parameter(lexer, word, quote);
        case '\'':
                if (!quote)
                        return cf_shell_lex_ansi(lexer, word);
                break;
        case '"':
                if (!quote) {
                        state->pos++;
                        return cf_shell_lex_double(lexer, word);
                }
                break;
        case '@':
        case '*':
                part.all = true;
                __attribute__((fallthrough));
        case '#':
        case '?':
        case '$':
        case '!':
        case '-':
                state->pos = start + 2;
                break;
        default:
                if (next >= '0' && next <= '9')
                        state->pos = start + 2;
                else if (cf_shell_is_name_start(next))
                        for (state->pos = start + 2;
                             state->pos < state->end && cf_shell_is_name(state->text[state->pos]);)
                                state->pos++;
        }
        if (state->pos == start)
                return cf_shell_add_literal(lexer, word, start, ++state->pos, quote);
        part.length = state->pos - start;
        part.name = (struct cf_span){state->text + start + 1, part.length - 1};
        return cf_shell_add_part(lexer, word, part);
}

int cf_shell_lex_backtick(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos, close = start + 1;
        bool escapes = false;
        while (close < state->end && state->text[close] != '`') {
                escapes |= state->text[close] == '\\';
                close += state->text[close] == '\\' && close + 1 < state->end ? 2 : 1;
        }
        if (close >= state->end) {
                state->open_at = start;
                return CF_SHELL_OPEN;
        }
        int r = 0;
        if (!escapes) {
                r = cf_shell_region(lexer, start + 1, close);
        } else {
                struct cf_shell_builder builder = {.arena = lexer->arena, .from = state->code};
                /* Whoever keeps a command of it keeps the code as well. */
                struct cf_shell_code *code = cf_arena_one(lexer->arena, struct cf_shell_code);
                for (size_t at = start + 1; at < close; at++) {
                        char next = state->text[at] == '\\' ? state->text[at + 1] : '\0';
                        if (next == '`' || next == '\\' || next == '$' || (next == '"' && quote)) {
                                struct cf_span plain = {&state->text[at + 1], 1};
                                cf_shell_build_put(&builder, plain, at, 2);
                                at++;
                        } else {
                                cf_shell_build_copy(&builder, at, 1);
                        }
                }
                r = code ? cf_shell_build_done(&builder, code) : -ENOMEM;
                if (r == 0)
                        r = cf_shell_parse(lexer, code, NULL);
        }
        state->pos = close + 1;
        return r ? r : cf_shell_add_other(lexer, word, CF_SHELL_COMMAND, start, state->pos, quote);
}
