/* SPDX-License-Identifier: Apache-2.0 */
/* Shell text → simple commands and their words, each byte of which knows where it stands in the
 * file. Private to manifest/.
 *
 * The language is what POSIX sh, bash, ksh and zsh scripts share, read for one purpose: to see
 * every simple command with its words as the shell would hand them over, wherever it stands
 * (lists, pipes, compound commands, functions, substitutions, subshells). Nothing is executed and
 * no grammar is enforced. Time is linear in the text; nesting, and so the stack, is bounded. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "base/vec.h"
#include "model/model.h"

#define CF_SHELL_DEPTH 100           /* deepest nesting of substitutions, subshells and quotes */
#define CF_SHELL_BLOCKS 1000         /* deepest nesting of if, for, case, { … */
#define CF_SHELL_WORDS 65536         /* most words of one command or array */
#define CF_SHELL_PARTS 4096          /* most parts of one word; with more it counts as unknown */
#define CF_SHELL_LOST_DOCUMENTS 64   /* most here-documents without an end that are searched for */
#define CF_SHELL_LOST_TEMPLATES 4096 /* most {{ without an end that are searched for */

/* Bytes that hosts put into shell text; elsewhere in a file they are ordinary (and unknown). */
#define CF_SHELL_MARK '\x01'       /* something that cannot be known */
#define CF_SHELL_HOST_OPEN '\x02'  /* NAME follows: a variable of the host, make's say */
#define CF_SHELL_HOST_CLOSE '\x03' /* ends NAME */

/* ---- text and its places ------------------------------------------------------------------ */

/* `length` bytes of code come from `source_length` bytes of the file. Equal lengths: byte by
 * byte; else they belong together. */
struct cf_shell_piece {
        size_t at;
        size_t length;
        size_t offset; /* in the file's text */
        size_t source_length;
};

enum cf_shell_flags {
        CF_SHELL_PLACEHOLDERS = 1, /* <image> is a word of a reader's choice, not a redirection */
        CF_SHELL_FOLDED = 2,       /* line ends are blanks by the host's rules, empty lines not */
};

struct cf_shell_code {
        struct cf_span text;
        const struct cf_shell_piece *pieces; /* ordered; none: text[0] stands at `base` */
        size_t piece_count;
        size_t base;
        struct cf_span file; /* the whole text that it comes from */
        unsigned flags;
        unsigned level;                     /* strings around it that a shell was given */
        const struct cf_shell_code *parent; /* whose command holds the string; NULL at level 0 */
        struct cf_range parent_command;     /* in the parent's text */
};

/* Offset in the file of the byte at `at`, and of the byte after the one before `at`. */
size_t cf_shell_source(const struct cf_shell_code *code, size_t at);
size_t cf_shell_source_end(const struct cf_shell_code *code, size_t at);
struct cf_range cf_shell_source_range(const struct cf_shell_code *code, size_t at, size_t length);

/* Collects code from pieces of other code. A failure sticks until cf_shell_build_done. */
struct cf_shell_builder {
        struct cf_arena *arena;
        const struct cf_shell_code *from;
        char *text;
        size_t size, capacity;
        CF_VEC(struct cf_shell_piece) pieces;
        bool failed;
};
void cf_shell_build_copy(struct cf_shell_builder *builder, size_t at, size_t length);
/* `bytes` stand for the `length` bytes at `at` of the text they come from. */
void cf_shell_build_put(struct cf_shell_builder *builder, struct cf_span bytes, size_t at,
                        size_t length);
/* 0 or -ENOMEM. */
int cf_shell_build_done(struct cf_shell_builder *builder, struct cf_shell_code *ret_code);

/* The code without the bytes that come from `removed` (a range of the file), cut to `part`.
 * 0 or -ENOMEM. */
int cf_shell_without(struct cf_arena *arena, const struct cf_shell_code *code, struct cf_range part,
                     struct cf_range removed, struct cf_span *ret_text);

/* ---- words -------------------------------------------------------------------------------- */

enum cf_shell_part_kind {
        CF_SHELL_LITERAL,
        CF_SHELL_VARIABLE,
        CF_SHELL_COMMAND,     /* output of a command */
        CF_SHELL_TEMPLATE,    /* {{ … }}, <% … %>, @NAME@, ${{ … }} */
        CF_SHELL_PLACEHOLDER, /* <image> in a document */
        CF_SHELL_OPAQUE,      /* arithmetic, a host's function, … */
};

struct cf_shell_part {
        enum cf_shell_part_kind kind;
        char quote; /* ', ", $ (as in $'…') around it, or 0 */
        size_t offset, length;
        size_t at;           /* in the word's value; everything but LITERAL is one CF_SHELL_MARK */
        struct cf_span name; /* VARIABLE */
        char op;             /* VARIABLE: 0, or - = + ? of ${name:-…}, or * for all others */
        bool host;           /* VARIABLE of the host: no quoting of the shell's applies */
        bool all;            /* VARIABLE: [@] or [*], $@, $* */
        struct cf_range argument; /* VARIABLE: what follows the operator */
};

struct cf_shell_word {
        size_t offset, length; /* in the code's text, quotes included */
        struct cf_span value;  /* without quotes */
        const struct cf_shell_part *parts;
        size_t part_count;         /* 0: plain, the value stands byte by byte at `offset` */
        bool literal;              /* nothing but literal parts */
        bool quoted;               /* some quote or backslash */
        bool array;                /* NAME=( … ): the elements were an event of their own */
        bool append;               /* NAME+=… */
        size_t name_length;        /* of NAME in NAME=… (unquoted); 0: no assignment */
        size_t parts_at, value_at; /* private */
};

/* The part that holds `length` bytes of the value from `at` on, when one literal part does. */
bool cf_shell_word_part(const struct cf_shell_word *word, size_t at, size_t length,
                        struct cf_range *ret_range, char *ret_quote);

/* What stands in the file for a part of a word. */
struct cf_span cf_shell_part_text(const struct cf_shell_code *code,
                                  const struct cf_shell_part *part);
/* The same for the whole word. */
struct cf_span cf_shell_word_text(const struct cf_shell_code *code,
                                  const struct cf_shell_word *word);

/* Adds a word's value to code under construction, its variables written as variables. */
void cf_shell_build_word(struct cf_shell_builder *builder, const struct cf_shell_word *word,
                         size_t from);

/* ---- commands ----------------------------------------------------------------------------- */

enum cf_shell_command_kind {
        CF_SHELL_SIMPLE,
        CF_SHELL_FOR, /* the words after `for` or `select` */
};

struct cf_shell_command {
        enum cf_shell_command_kind kind;
        const struct cf_shell_code *code;
        const struct cf_shell_word *words;
        size_t count;
        size_t assignments;    /* how many words in front are NAME=… */
        size_t offset, end;    /* in the code's text, redirections included */
        bool piped;            /* reads what the command before writes */
        struct cf_span output; /* value of the last > or >> word; empty: none */
};

/* A stretch of the file that may run or not, or has variables of its own. */
struct cf_shell_block {
        size_t start, end; /* in the file */
        bool function;
        bool subshell;
        struct cf_span name; /* of the function */
};

struct cf_shell_lexer;
struct cf_shell_events {
        int (*command)(struct cf_shell_lexer *lexer, const struct cf_shell_command *command);
        /* NAME=( … ), before the command that it is a word of; `command` is that command so far. */
        int (*array)(struct cf_shell_lexer *lexer, const struct cf_shell_command *command,
                     const struct cf_shell_word *name, const struct cf_shell_word *elements,
                     size_t count, struct cf_range inner);
        /* The body of a here-document that was given a name, see cf_shell_name_documents; without
         * the tabs that <<- takes away when `tabs`. */
        int (*document)(struct cf_shell_lexer *lexer, const struct cf_shell_code *code,
                        const char *name, struct cf_range body, bool tabs);
};

/* What is read between two events is forgotten after the event: copy what must stay
 * (cf_shell_word_keep). */
struct cf_shell_lexer {
        struct cf_arena *arena;
        const struct cf_shell_events *events;
        void *context;
        CF_VEC(struct cf_shell_block) blocks; /* [0]: everything */
        struct cf_shell_state *state;         /* private */
};

/* Reads all commands of `code`; may be called from within an event. 0; -E2BIG: nested too deep,
 * *ret_at (may be NULL) says where in the file; -ENOMEM; or what an event returned. */
int cf_shell_parse(struct cf_shell_lexer *lexer, const struct cf_shell_code *code, size_t *ret_at);

/* Splits code into words, newlines being blanks: what stands between the brackets of an array or
 * in a variable. The words are kept in the lexer's arena. Commands inside are events. */
int cf_shell_split(struct cf_shell_lexer *lexer, const struct cf_shell_code *code,
                   struct cf_range part, const struct cf_shell_word **ret_words, size_t *ret_count);

/* The innermost block that the command of this event stands in; an index into lexer->blocks. */
int cf_shell_block(struct cf_shell_lexer *lexer, size_t *ret_index);

/* The same of the innermost function; 0: the command stands in none. */
int cf_shell_function(struct cf_shell_lexer *lexer, size_t *ret_index);

/* The here-documents of this command's pipeline are shell text too: reads them as such. */
void cf_shell_run_documents(struct cf_shell_lexer *lexer);

/* The here-documents of this command's pipeline are events, with this name. 0 or -ENOMEM. */
int cf_shell_name_documents(struct cf_shell_lexer *lexer, struct cf_span name);

int cf_shell_words_keep(struct cf_arena *arena, const struct cf_shell_word *words, size_t count,
                        struct cf_shell_word **ret_words);
