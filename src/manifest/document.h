/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: command lines that a text tells its readers to type. */
#pragma once

#include "manifest/command.h"

enum cf_block_kind {
        CF_BLOCK_NONE,    /* of another language */
        CF_BLOCK_SHELL,   /* a script; `# ` starts a comment */
        CF_BLOCK_SESSION, /* what stands on a terminal, or nobody says what it is */
        CF_BLOCK_WINDOWS, /* the same with ` or ^ at the end of a line that goes on */
        CF_BLOCK_PLAIN,   /* text: only what is clearly a command */
        CF_BLOCK_FILE,    /* what a file of another format holds: cf_document.file */
};

/* One file that documents. */
struct cf_document {
        struct cf_script script;
        struct cf_shell_code whole; /* the file */
        struct cf_error *err;
        CF_VEC(struct cf_range) lines; /* of the block that is being collected, without line ends */
        bool entities;                 /* &lt; and its kin stand for characters */
        const char *file; /* FILE: the name that such a file has, see cf_embedded_name */
};

void cf_document_init(struct cf_document *document, const struct cf_reader *reader,
                      const struct cf_source *source, const char *format, struct cf_error *err);
int cf_document_add(struct cf_document *document, size_t start, size_t length);
/* Reads the lines collected so far as a block, and forgets them. */
int cf_document_block(struct cf_document *document, enum cf_block_kind kind);
/* Reads a stretch of text that is one whole command or nothing. */
int cf_document_command(struct cf_document *document, size_t start, size_t length);
int cf_document_finish(struct cf_document *document, int error);

/* The kind of block that a language's name means ("bash", "{.console}", ""), and for FILE what goes
 * into cf_document.file. */
enum cf_block_kind cf_block_of(struct cf_span language, const char **ret_file);
