/* SPDX-License-Identifier: Apache-2.0 */
/* The first look at a file, fed with its bytes in pieces. Private to this room. */
#pragma once

#include <stdint.h>

#include "manifest/words.h"

/* What is told by a file's name. */
enum cf_look_name {
        CF_LOOK_STRUCTURED = 1, /* YAML or JSON: keys may be escaped, files may refer to others */
        CF_LOOK_COMPOSE = 2,    /* Compose reads a file of that name */
};
unsigned cf_look_name_kind(const char *name);

#define CF_LOOK_BINARY_SIZE ((size_t)8 << 10) /* a NUL within so many bytes: no text */
/* All of a word but its last byte, and a backslash that turns out to be none of the text. */
#define CF_LOOK_OVERLAP CF_WORDS_LONGEST
#define CF_LOOK_PIECE 1024 /* bytes of text that are decoded at a time */

/* Text in pieces; words may start in one piece and end in the next. */
struct cf_look_text {
        char tail[CF_LOOK_OVERLAP]; /* the last bytes of what came before */
        size_t tail_size;
        unsigned keys; /* bits, see look.c */
};

struct cf_look_state {
        unsigned name_kind;
        bool started;
        bool decided, may_hold; /* decided: no more bytes are needed */
        enum { CF_LOOK_BYTES, CF_LOOK_UTF16LE, CF_LOOK_UTF16BE } encoding;
        int unit; /* first byte of a UTF-16 unit that a piece was cut in; -1: none */
        struct cf_look_text raw;
        /* YAML and JSON with escapes that may hide letters: the text as they spell it. */
        struct cf_look_text spelled;
        bool spelling;
        bool backslash; /* before spelling: the piece ended in one that may start an escape */
        enum { CF_LOOK_PLAIN, CF_LOOK_ESCAPE, CF_LOOK_HEX, CF_LOOK_FOLD } state;
        unsigned digits; /* HEX: still to come */
        uint32_t code;
};

void cf_look_start(struct cf_look_state *look, const char *name);
/* Looks at the next bytes: true when the matter is decided. */
bool cf_look_feed(struct cf_look_state *look, struct cf_span bytes);
/* The answer, after the last bytes. */
bool cf_look_end(const struct cf_look_state *look);
