/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259), read strictly and with the place of every value, and written.
 *
 * Strictness matters: Docker reads profiles and daemon.json with a strict parser, so what is only
 * nearly JSON must be an error here as well. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/source.h"
#include "base/text.h"

enum cf_json_type {
        CF_JSON_NULL,
        CF_JSON_BOOL,
        CF_JSON_NUMBER,
        CF_JSON_STRING,
        CF_JSON_ARRAY,
        CF_JSON_OBJECT
};

#define CF_JSON_DEPTH 128 /* deepest nesting that is read */

struct cf_json {
        enum cf_json_type type;
        bool boolean;
        struct cf_span text;   /* STRING: decoded, NUL-ended (may hold NULs); NUMBER: as written */
        size_t offset, length; /* text range of the value, quotes included */
        struct cf_json *first; /* ARRAY, OBJECT: children in order */
        struct cf_json *next;  /* the next sibling */
        size_t count;          /* children */
        /* In an object, each child also has its key: */
        struct cf_span key;
        size_t key_offset, key_length;
};

/* Reads one JSON text and nothing after it. -EINVAL with the place and what was expected;
 * -E2BIG: too deep; -ENOMEM. A duplicate key is kept as it stands (the last one counts, see
 * cf_json_get). */
int cf_json_parse(struct cf_arena *arena, const struct cf_source *source,
                  struct cf_json **ret_value, struct cf_error *err);

/* The last member of that name in an object; NULL when there is none or it is no object. */
const struct cf_json *cf_json_get(const struct cf_json *object, const char *key);
/* The same without regard to case when no exact name is there, as Go's encoding/json does. */
const struct cf_json *cf_json_get_nocase(const struct cf_json *object, const char *key);

/* The NUL-ended text of a string; NULL for everything else. */
const char *cf_json_string(const struct cf_json *value);
bool cf_json_true(const struct cf_json *value);
/* 0 and the value when it is a whole number that fits; else -ERANGE. */
int cf_json_int(const struct cf_json *value, int64_t *ret_number);
int cf_json_uint(const struct cf_json *value, uint64_t *ret_number);

const char *cf_json_type_name(enum cf_json_type type);

/* Writing. The writer puts commas, quotes and (with indent > 0) line breaks; text that is not
 * UTF-8 is written with U+FFFD in place of each bad byte. Misuse is an assert, not an error. */
struct cf_json_writer {
        struct cf_text *out;
        unsigned indent; /* spaces a level; 0: one line */
        bool tabs;       /* one tab a level in place of the spaces */
        unsigned depth;  /* private, as is what follows */
        bool filled[CF_JSON_DEPTH];
        bool after_key;
};
void cf_json_open(struct cf_json_writer *writer, char bracket);  /* '{' or '[' */
void cf_json_close(struct cf_json_writer *writer, char bracket); /* '}' or ']' */
void cf_json_key(struct cf_json_writer *writer, const char *key);
void cf_json_key_span(struct cf_json_writer *writer, struct cf_span key);
/* A value as it was read, numbers as they were written. */
void cf_json_put_value(struct cf_json_writer *writer, const struct cf_json *value);
void cf_json_put_string(struct cf_json_writer *writer, const char *text); /* NULL: null */
void cf_json_put_span(struct cf_json_writer *writer, struct cf_span text);
void cf_json_put_uint(struct cf_json_writer *writer, uint64_t number);
void cf_json_put_int(struct cf_json_writer *writer, int64_t number);
void cf_json_put_double(struct cf_json_writer *writer, double number);
void cf_json_put_bool(struct cf_json_writer *writer, bool value);
void cf_json_put_null(struct cf_json_writer *writer);
