/* SPDX-License-Identifier: Apache-2.0 */
/* What shell-word.c and shell-parse.c share. Nothing else includes this. */
#pragma once

#include "manifest/shell.h"

/* Besides 0 and negative errors: a quote, bracket or substitution has no end. Where it starts is
 * in state->open_at. */
#define CF_SHELL_OPEN 1

enum scope_kind {
        SCOPE_IF,    /* conditions of if */
        SCOPE_LOOP,  /* conditions of while, until, for */
        SCOPE_CASE,  /* between patterns */
        SCOPE_BRACE, /* { … } */
        /* What stands in these may run or not, or has variables of its own. */
        SCOPE_BRANCH,
        SCOPE_BODY, /* of a loop */
        SCOPE_ARM,  /* of a case */
        SCOPE_AND_OR,
        SCOPE_SUBSHELL,
        SCOPE_FUNCTION,
};

struct scope {
        enum scope_kind kind;
        size_t start;        /* in the file */
        size_t block;        /* index into lexer->blocks; 0: none was asked for yet */
        struct cf_span name; /* of a function */
};

/* A here-document whose body comes after the next newline. */
struct document {
        struct cf_span delimiter;
        bool quoted;      /* nothing in the body is expanded */
        bool tabs;        /* <<-: leading tabs go */
        bool run;         /* the body is shell text */
        const char *name; /* of the file that it becomes; NULL: not asked for */
};

struct cf_shell_state {
        const struct cf_shell_code *code;
        const char *text; /* of the code */
        size_t pos, end;
        unsigned depth;
        size_t open_at;
        size_t too_deep_at; /* in the file */
        /* Stacks: a command's words stand on top while it is read; those of commands within its
         * substitutions come above and are gone before it goes on. */
        CF_VEC(struct cf_shell_word) words;
        CF_VEC(struct cf_shell_part) parts;
        char *values;
        size_t value_count, value_capacity;
        CF_VEC(struct document) documents;
        size_t first_document;    /* of this region */
        size_t pipeline_document; /* of this pipeline */
        CF_VEC(struct scope) scopes;
        unsigned restarts, lost_documents, lost_templates;
        size_t first_word; /* of the command that is being read */
        bool piped;
        bool function_next; /* the next compound command is a function's body */
        struct cf_span function_name;
};

bool cf_shell_is_name_start(char c);
bool cf_shell_is_name(char c);
/* Parts of the word that is read. */
int cf_shell_add_part(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                      struct cf_shell_part part);
int cf_shell_add_literal(struct cf_shell_lexer *lexer, struct cf_shell_word *word, size_t offset,
                         size_t end, char quote);
int cf_shell_add_other(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                       enum cf_shell_part_kind kind, size_t offset, size_t end, char quote);
/* Quoted text at state->pos: '…', $'…', "…". */
int cf_shell_lex_single(struct cf_shell_lexer *lexer, struct cf_shell_word *word);
int cf_shell_lex_ansi(struct cf_shell_lexer *lexer, struct cf_shell_word *word);
int cf_shell_lex_double(struct cf_shell_lexer *lexer, struct cf_shell_word *word);
/* $( … ) and <( … ): the bracket stands at `bracket`. */
int cf_shell_lex_substitution(struct cf_shell_lexer *lexer, struct cf_shell_word *word,
                              size_t bracket, char quote);
/* Reads the word at state->pos and puts it on the stack. */
int cf_shell_lex_word(struct cf_shell_lexer *lexer);
/* Reads the substitution at state->pos ('$' or '`'); its parts are the word's. */
int cf_shell_lex_dollar(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote);
int cf_shell_lex_backtick(struct cf_shell_lexer *lexer, struct cf_shell_word *word, char quote);
/* Takes words off the stack until `count` are left. */
void cf_shell_drop_words(struct cf_shell_state *state, size_t count);
/* Points the words from `first` on to their parts and values. */
void cf_shell_settle(struct cf_shell_state *state, size_t first);

int cf_shell_newline(struct cf_shell_lexer *lexer);
bool cf_shell_starts_redirection(struct cf_shell_state *state);
/* The end of a template, placeholder or mark that starts at `at`, whatever the quotes around; 0:
 * none does. */
size_t cf_shell_template_end(struct cf_shell_state *state, size_t at);
/* A redirection at state->pos; *output gets the value of an operand of > or >>. */
int cf_shell_redirection(struct cf_shell_lexer *lexer, struct cf_span *output);
/* The word on top of the stack is the number of a file before a redirection: no word at all. */
bool cf_shell_is_descriptor(struct cf_shell_state *state);
char cf_shell_peek(const struct cf_shell_state *state, size_t ahead);
void cf_shell_skip_line(struct cf_shell_state *state);

int cf_shell_push_scope(struct cf_shell_lexer *lexer, enum scope_kind kind);
void cf_shell_pop_scopes(struct cf_shell_lexer *lexer, size_t count);
/* The kind of the innermost scope above `base`; SCOPE_SUBSHELL when there is none. */
enum scope_kind cf_shell_top_scope(const struct cf_shell_state *state, size_t base);
/* Ends the innermost scope of a kind, and those within it, when one is open above `base`. */
void cf_shell_end_scope(struct cf_shell_lexer *lexer, size_t base, enum scope_kind kind);

enum reserved {
        NOT_RESERVED,
        R_BANG,
        R_OPEN,
        R_CLOSE,
        R_TEST,
        R_DO,
        R_DONE,
        R_ELIF,
        R_ELSE,
        R_ESAC,
        R_FI,
        R_FOR,
        R_IF,
        R_CASE,
        R_FUNCTION,
        R_LOOP,
        R_THEN,
};
enum reserved cf_shell_reserved_word(struct cf_span word);
/* Goes on behind a reserved word. `base`: the scopes of the list that it stands in start here. */
int cf_shell_reserved(struct cf_shell_lexer *lexer, size_t base, enum reserved reserved);
/* Patterns of a case up to their bracket, or its esac. */
int cf_shell_pattern(struct cf_shell_lexer *lexer, size_t base);
/* (( … )) at state->pos. */
bool cf_shell_skip_arithmetic(struct cf_shell_state *state);
/* A function's name was read: `()` may follow, then its body. */
void cf_shell_function_follows(struct cf_shell_lexer *lexer, struct cf_span name);

/* Reads commands until `close` (consumed) or, when that is 0, the end. */
int cf_shell_list(struct cf_shell_lexer *lexer, char close);
/* Reads [start, end) of the code as commands, going on after what has no end. */
int cf_shell_region(struct cf_shell_lexer *lexer, size_t start, size_t end);
/* NAME=( … ) with state->pos at the bracket. */
int cf_shell_array(struct cf_shell_lexer *lexer, struct cf_shell_word *name);
/* Words up to a closing bracket (consumed) or the end; newlines are blanks. */
int cf_shell_read_words(struct cf_shell_lexer *lexer, bool bracket);
/* The offset after the bracket that closes the one at `at`; 0: none. */
size_t cf_shell_balance(const struct cf_shell_state *state, size_t at);
void cf_shell_skip_blanks(struct cf_shell_state *state);
int cf_shell_enter(struct cf_shell_state *state);
