/* SPDX-License-Identifier: Apache-2.0 */
/* One word of a shell: quotes, escapes, variables, substitutions. */
#include "manifest/shell-state.h"

#include <stdint.h>

#define TEMPLATE_MAX 512 /* bytes of one {{ … }} */
#define NAME_MAX_BYTES 256

bool cf_shell_is_name_start(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool cf_shell_is_name(char c)
{
        return cf_shell_is_name_start(c) || (c >= '0' && c <= '9');
}

/* Bytes at which a run of ordinary ones stops. */
static const bool special[256] = {
        ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, [' '] = 1, [';'] = 1,  ['&'] = 1,  ['|'] = 1,
        ['<'] = 1,  ['>'] = 1,  ['('] = 1,  [')'] = 1, ['\\'] = 1, ['\''] = 1, ['"'] = 1,
        ['$'] = 1,  ['`'] = 1,  ['{'] = 1,  ['@'] = 1, [1] = 1,    [2] = 1,
};

/* ---- parts -------------------------------------------------------------------------------- */

static int add_value(struct cf_shell_lexer *lexer, const char *bytes, size_t size)
{
        struct cf_shell_state *state = lexer->state;
        if (size > state->value_capacity - state->value_count) {
                size_t capacity = state->value_capacity ? state->value_capacity : 4096;
                while (capacity - state->value_count < size) {
                        if (capacity > SIZE_MAX / 2)
                                return -ENOMEM;
                        capacity *= 2;
                }
                char *values = cf_arena_alloc(lexer->arena, capacity);
                if (!values)
                        return -ENOMEM;
                if (state->value_count)
                        memcpy(values, state->values, state->value_count);
                state->values = values;
                state->value_capacity = capacity;
        }
        if (size)
                memcpy(state->values + state->value_count, bytes, size);
        state->value_count += size;
        return 0;
}

int cf_shell_add_part(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                      struct cf_shell_part part)
{
        struct cf_shell_state *state = lexer->state;
        const char mark = CF_SHELL_MARK;
        size_t count = state->parts.count - word->parts_at;
        if (part.kind != CF_SHELL_LITERAL)
                word->literal = false;
        if (count >= CF_SHELL_PARTS) {
                word->literal = false;
                return 0;
        }
        part.at = state->value_count - word->value_at;
        if (part.kind == CF_SHELL_LITERAL) {
                if (add_value(lexer, state->text + part.offset, part.length) < 0)
                        return -ENOMEM;
                struct cf_shell_part *last =
                        count ? &state->parts.items[state->parts.count - 1] : NULL;
                if (last && last->kind == CF_SHELL_LITERAL && last->quote == part.quote &&
                    last->offset + last->length == part.offset) {
                        last->length += part.length;
                        return 0;
                }
        } else if (add_value(lexer, &mark, 1) < 0) {
                return -ENOMEM;
        }
        return cf_vec_push(lexer->arena, &state->parts, part);
}

int cf_shell_add_literal(struct cf_shell_lexer *lexer, struct cf_shell_word *word, size_t offset,
                         size_t end, char quote)
{
        /* An empty quoted text is a part too: it makes a word. */
        if (offset == end && !quote)
                return 0;
        return cf_shell_add_part(lexer, word,
                                 (struct cf_shell_part){.kind = CF_SHELL_LITERAL,
                                                        .quote = quote,
                                                        .offset = offset,
                                                        .length = end - offset});
}

int cf_shell_add_other(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                       enum cf_shell_part_kind kind, size_t offset, size_t end, char quote)
{
        return cf_shell_add_part(
                lexer, word,
                (struct cf_shell_part){
                        .kind = kind, .quote = quote, .offset = offset, .length = end - offset});
}

/* ---- templates and marks ------------------------------------------------------------------ */

static size_t find_close(struct cf_shell_state *state, size_t at, const char *close)
{
        if (state->lost_templates >= CF_SHELL_LOST_TEMPLATES)
                return 0;
        size_t limit = state->end - at < TEMPLATE_MAX ? state->end : at + TEMPLATE_MAX;
        for (; at + 1 < limit && state->text[at] != '\n'; at++)
                if (state->text[at] == close[0] && state->text[at + 1] == close[1])
                        return at + 2;
        state->lost_templates++;
        return 0;
}

/* The end of @NAME@ at `at`; 0: it is none. */
static size_t at_name(const struct cf_shell_state *state, size_t at)
{
        const char *text = state->text;
        size_t start = ++at;
        while (at < state->end && at - start < NAME_MAX_BYTES &&
               ((text[at] >= 'A' && text[at] <= 'Z') || text[at] == '_' ||
                (at > start && text[at] >= '0' && text[at] <= '9')))
                at++;
        return at > start && at < state->end && text[at] == '@' ? at + 1 : 0;
}

/* The end of the <placeholder> at `at`; 0: it is none. */
static size_t placeholder(const struct cf_shell_state *state, size_t at)
{
        const char *text = state->text;
        size_t start = ++at;
        if (at >= state->end || !cf_shell_is_name_start(text[at]))
                return 0;
        while (at < state->end && at - start < NAME_MAX_BYTES && !strchr("<>|&;\n", text[at]))
                at++;
        return at < state->end && text[at] == '>' && text[at - 1] != ' ' ? at + 1 : 0;
}

/* The end of a template or mark that starts at `at`, whatever the quotes around; 0: none does. */
size_t cf_shell_template_end(struct cf_shell_state *state, size_t at)
{
        const char *text = state->text;
        char next = at + 1 < state->end ? text[at + 1] : '\0';
        switch (text[at]) {
        case '{':
                return next == '{' || next == '%'
                               ? find_close(state, at + 2, next == '{' ? "}}" : "%}")
                               : 0;
        case '$':
                return next == '{' && at + 2 < state->end && text[at + 2] == '{'
                               ? find_close(state, at + 3, "}}")
                               : 0;
        case '<':
                if (next == '%')
                        return find_close(state, at + 2, "%>");
                return state->code->flags & CF_SHELL_PLACEHOLDERS ? placeholder(state, at) : 0;
        case '@':
                return at_name(state, at);
        default:
                return 0;
        }
}

static int add_template(struct cf_shell_lexer *lexer, struct cf_shell_word *word, size_t offset,
                        size_t end, char quote)
{
        const char *text = lexer->state->text + offset;
        bool chosen = text[0] == '<' && text[1] != '%';
        return cf_shell_add_other(lexer, word, chosen ? CF_SHELL_PLACEHOLDER : CF_SHELL_TEMPLATE,
                                  offset, end, quote);
}

/* A mark or host variable at `pos`. */
static int lex_mark(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos++;
        if (state->text[start] == CF_SHELL_MARK)
                return cf_shell_add_other(lexer, word, CF_SHELL_OPAQUE, start, state->pos, quote);
        size_t limit = state->end - start < NAME_MAX_BYTES ? state->end : start + NAME_MAX_BYTES;
        size_t at = start + 1;
        while (at < limit && state->text[at] != CF_SHELL_HOST_CLOSE && state->text[at] != '\n')
                at++;
        if (at >= limit || state->text[at] != CF_SHELL_HOST_CLOSE)
                return cf_shell_add_other(lexer, word, CF_SHELL_OPAQUE, start, state->pos, quote);
        state->pos = at + 1;
        return cf_shell_add_part(
                lexer, word,
                (struct cf_shell_part){.kind = CF_SHELL_VARIABLE,
                                       .quote = quote,
                                       .host = true,
                                       .offset = start,
                                       .length = state->pos - start,
                                       .name = {state->text + start + 1, at - start - 1}});
}

/* ---- quotes ------------------------------------------------------------------------------- */

int cf_shell_lex_single(struct cf_shell_lexer *lexer, struct cf_shell_word *word)
{
        struct cf_shell_state *state = lexer->state;
        size_t open = state->pos++;
        word->quoted = true;
        size_t run = state->pos;
        int r = 0;
        for (; state->pos < state->end && state->text[state->pos] != '\'';) {
                char c = state->text[state->pos];
                size_t end = c == '{' || c == '@' || c == '<'
                                     ? cf_shell_template_end(state, state->pos)
                                     : 0;
                if (!end && c != CF_SHELL_MARK && c != CF_SHELL_HOST_OPEN) {
                        state->pos++;
                        continue;
                }
                if ((r = cf_shell_add_literal(lexer, word, run, state->pos, '\'')) < 0)
                        return r;
                if (end) {
                        r = add_template(lexer, word, state->pos, end, '\'');
                        state->pos = end;
                } else {
                        r = lex_mark(lexer, word, '\'');
                }
                if (r < 0)
                        return r;
                run = state->pos;
        }
        if (state->pos >= state->end) {
                state->open_at = open;
                return CF_SHELL_OPEN;
        }
        return cf_shell_add_literal(lexer, word, run, state->pos++, '\'');
}

/* $'…': what an escape stands for matters little here, its place does. */
int cf_shell_lex_ansi(struct cf_shell_lexer *lexer, struct cf_shell_word *word)
{
        struct cf_shell_state *state = lexer->state;
        size_t open = state->pos;
        state->pos += 2;
        word->quoted = true;
        size_t run = state->pos;
        while (state->pos < state->end && state->text[state->pos] != '\'') {
                char c = state->text[state->pos];
                if (c != '\\' || state->pos + 1 >= state->end) {
                        state->pos++;
                        continue;
                }
                int r = cf_shell_add_literal(lexer, word, run, state->pos, '$');
                if (r < 0)
                        return r;
                char escaped = state->text[state->pos + 1];
                if (escaped == '\\' || escaped == '\'' || escaped == '"')
                        r = cf_shell_add_literal(lexer, word, state->pos + 1, state->pos + 2, '$');
                else /* a control character or a number: no option is spelled so */
                        r = cf_shell_add_other(lexer, word, CF_SHELL_OPAQUE, state->pos,
                                               state->pos + 2, '$');
                if (r < 0)
                        return r;
                state->pos += 2;
                run = state->pos;
        }
        if (state->pos >= state->end) {
                state->open_at = open;
                return CF_SHELL_OPEN;
        }
        return cf_shell_add_literal(lexer, word, run, state->pos++, '$');
}

static size_t newline_length(const struct cf_shell_state *state, size_t at)
{
        if (at < state->end && state->text[at] == '\n')
                return 1;
        return at + 1 < state->end && state->text[at] == '\r' && state->text[at + 1] == '\n' ? 2
                                                                                             : 0;
}

/* A backslash between double quotes. */
static int lex_double_escape(struct cf_shell_lexer *lexer, struct cf_shell_word *word)
{
        struct cf_shell_state *state = lexer->state;
        size_t skip = newline_length(state, state->pos + 1);
        if (skip) {
                state->pos += 1 + skip;
                return 0;
        }
        char next = state->pos + 1 < state->end ? state->text[state->pos + 1] : '\0';
        size_t start = state->pos;
        if (next && strchr("$`\"\\", next))
                start++;
        state->pos += state->pos + 1 < state->end ? 2 : 1;
        return cf_shell_add_literal(lexer, word, start, state->pos, '"');
}

int cf_shell_lex_double(struct cf_shell_lexer *lexer, struct cf_shell_word *word)
{
        struct cf_shell_state *state = lexer->state;
        int r = cf_shell_enter(state);
        if (r < 0)
                return r;
        size_t open = state->pos++;
        size_t run = state->pos, first = open;
        word->quoted = true;
        while (state->pos < state->end && state->text[state->pos] != '"') {
                char c = state->text[state->pos];
                if (!special[(unsigned char)c] || !strchr("\\$`{@<\x01\x02", c)) {
                        state->pos++;
                        continue;
                }
                size_t end = cf_shell_template_end(state, state->pos);
                if (!end && (c == '{' || c == '@' || c == '<')) {
                        state->pos++;
                        continue;
                }
                if (run < state->pos &&
                    (r = cf_shell_add_literal(lexer, word, run, state->pos, '"')) < 0)
                        return r;
                first = state->pos;
                if (end) {
                        r = add_template(lexer, word, state->pos, end, '"');
                        state->pos = end;
                } else if (c == '\\') {
                        r = lex_double_escape(lexer, word);
                } else if (c == '$') {
                        r = cf_shell_lex_dollar(lexer, word, '"');
                } else if (c == '`') {
                        r = cf_shell_lex_backtick(lexer, word, '"');
                } else {
                        r = lex_mark(lexer, word, '"');
                }
                if (r != 0)
                        return r;
                run = state->pos;
        }
        state->depth--;
        if (state->pos >= state->end) {
                state->open_at = open;
                return CF_SHELL_OPEN;
        }
        /* An empty string is a part when nothing else was. */
        if ((run < state->pos || first == open) &&
            (r = cf_shell_add_literal(lexer, word, run, state->pos, '"')) < 0)
                return r;
        state->pos++;
        return 0;
}

/* ---- the word ----------------------------------------------------------------------------- */

static void find_name(const struct cf_shell_state *state, struct cf_shell_word *word)
{
        const char *text = state->text + word->offset;
        size_t i = 0;
        if (!word->length || !cf_shell_is_name_start(text[0]))
                return;
        while (i < word->length && cf_shell_is_name(text[i]))
                i++;
        size_t name = i;
        bool append = i + 1 < word->length && text[i] == '+';
        if (append)
                i++;
        if (i < word->length && text[i] == '=') {
                word->name_length = name;
                word->append = append;
        }
}

/* A word while it is read. */
struct reading {
        struct cf_shell_word word;
        size_t run;  /* where the ordinary characters before state->pos start */
        size_t stop; /* end of the word's last character: a line continuation is none */
        bool ends;
};

static int flush(struct cf_shell_lexer *lexer, struct reading *reading)
{
        int r = cf_shell_add_literal(lexer, &reading->word, reading->run, lexer->state->pos, 0);
        if (reading->run < lexer->state->pos)
                reading->stop = lexer->state->pos;
        return r;
}

static int lex_escape(struct cf_shell_lexer *lexer, struct reading *reading)
{
        struct cf_shell_state *state = lexer->state;
        size_t start = state->pos, skip = newline_length(state, start + 1);
        if (skip) {
                state->pos += skip + 1;
                return 0;
        }
        reading->word.quoted = true;
        bool last = start + 1 >= state->end;
        state->pos += last ? 1 : 2;
        reading->stop = state->pos;
        return cf_shell_add_literal(lexer, &reading->word, last ? start : start + 1, state->pos, 0);
}

/* An opening bracket within a word: of an array, of an extended pattern, or the word's end. */
static int lex_bracket(struct cf_shell_lexer *lexer, struct reading *reading)
{
        struct cf_shell_state *state = lexer->state;
        struct cf_shell_word *word = &reading->word;
        size_t start = state->pos;
        char before = start > word->offset ? state->text[start - 1] : '\0';
        if (before == '=' && state->parts.count == word->parts_at) {
                word->length = start - word->offset;
                find_name(state, word);
                if (word->name_length &&
                    word->length == word->name_length + (word->append ? 2 : 1)) {
                        word->array = true;
                        reading->ends = true;
                        return cf_shell_array(lexer, word);
                }
        }
        size_t end = before && strchr("?*+@!", before) ? cf_shell_balance(state, start) : 0;
        if (!end) {
                reading->ends = true;
                return 0;
        }
        int r = flush(lexer, reading);
        state->pos = end;
        return r ? r : cf_shell_add_other(lexer, word, CF_SHELL_OPAQUE, start, end, 0);
}

/* A character that is not ordinary: sets reading->ends when the word ends before it, or leaves
 * state->pos alone when it is ordinary after all. */
static int lex_special(struct cf_shell_lexer *lexer, struct reading *reading)
{
        struct cf_shell_state *state = lexer->state;
        struct cf_shell_word *word = &reading->word;
        size_t start = state->pos, end = cf_shell_template_end(state, start);
        char c = state->text[start], next = start + 1 < state->end ? state->text[start + 1] : '\0';
        bool substitution = (c == '<' || c == '>') && next == '(';

        if (c == '(')
                return lex_bracket(lexer, reading);
        if (!end && (c == '{' || c == '@' || (c == '\r' && next != '\n')))
                return 0;
        if (!end && !substitution && !strchr("\\'\"$`\x01\x02", c)) {
                reading->ends = true;
                return 0;
        }
        int r = flush(lexer, reading);
        if (r < 0)
                return r;
        if (end) {
                state->pos = end;
                r = add_template(lexer, word, start, end, 0);
        } else if (c == '\\') {
                return lex_escape(lexer, reading);
        } else if (c == '\'') {
                r = cf_shell_lex_single(lexer, word);
        } else if (c == '"') {
                r = cf_shell_lex_double(lexer, word);
        } else if (c == '$') {
                r = cf_shell_lex_dollar(lexer, word, 0);
        } else if (c == '`') {
                r = cf_shell_lex_backtick(lexer, word, 0);
        } else if (substitution) {
                r = cf_shell_lex_substitution(lexer, word, start + 1, 0);
        } else {
                r = lex_mark(lexer, word, 0);
        }
        reading->stop = state->pos;
        return r;
}

int cf_shell_lex_word(struct cf_shell_lexer *lexer)
{
        struct cf_shell_state *state = lexer->state;
        struct reading reading = {.word = {.offset = state->pos,
                                           .literal = true,
                                           .parts_at = state->parts.count,
                                           .value_at = state->value_count},
                                  .run = state->pos,
                                  .stop = state->pos};
        struct cf_shell_word *word = &reading.word;
        int r = 0;
        while (!reading.ends) {
                while (state->pos < state->end && !special[(unsigned char)state->text[state->pos]])
                        state->pos++;
                size_t before = state->pos;
                if (before >= state->end)
                        break;
                if ((r = lex_special(lexer, &reading)) != 0)
                        return r;
                if (reading.ends)
                        break;
                if (state->pos == before)
                        state->pos++; /* ordinary after all: the run goes on */
                else
                        reading.run = state->pos;
        }
        if (word->array) {
                reading.stop = state->pos;
        } else if (state->parts.count > word->parts_at || word->quoted) {
                if ((r = flush(lexer, &reading)) < 0)
                        return r;
                if (state->parts.count == word->parts_at &&
                    (r = cf_shell_add_literal(lexer, word, reading.stop, reading.stop, '"')) < 0)
                        return r;
        } else {
                reading.stop = state->pos;
        }
        word->length = reading.stop - word->offset;
        word->part_count = state->parts.count - word->parts_at;
        word->value.size = word->part_count ? state->value_count - word->value_at : word->length;
        if (!word->array)
                find_name(state, word);
        return cf_vec_push(lexer->arena, &state->words, *word);
}

void cf_shell_settle(struct cf_shell_state *state, size_t first)
{
        for (size_t i = first; i < state->words.count; i++) {
                struct cf_shell_word *word = &state->words.items[i];
                word->parts = word->part_count ? &state->parts.items[word->parts_at] : NULL;
                word->value.data = word->part_count ? state->values + word->value_at
                                                    : state->text + word->offset;
        }
}

void cf_shell_drop_words(struct cf_shell_state *state, size_t count)
{
        if (count >= state->words.count)
                return;
        state->parts.count = state->words.items[count].parts_at;
        state->value_count = state->words.items[count].value_at;
        state->words.count = count;
}
