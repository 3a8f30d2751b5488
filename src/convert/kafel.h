/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing policies of kafel share. Private to convert/kafel*.c.
 *
 * Source: kafel's lexer.l, parser.y, expression.c, range_rules.c, codegen.c and tables of
 * 2026-04-04, compiled for the machine's own architecture as nsjail does. */
#pragma once

#include "base/map.h"
#include "convert/formats.h"

#define CF_KAFEL_EXPRESSION_MAX 200 /* how deep an expression may be; brackets do not count */

/* ---- calls that kafel knows by name ---------------------------------------------------------- */

struct cf_kafel_call {
        const char *name;
        const char *arguments; /* "fd:4 buf:8 count:8": names, and bytes that are compared */
        int numbers[5];        /* by place in the table of architectures; -1: it has none */
};

/* The column of an architecture in `numbers`; -1: there is none. */
int cf_kafel_column(const struct cf_arch *arch);
/* By the name that kafel has for it, in any case: the column, or a larger number below
 * CF_KAFEL_ARCHES for one that is not read here; -1: it knows none. */
#define CF_KAFEL_ARCHES 8u
int cf_kafel_guard(struct cf_span name);

/* NULL: kafel has none of this name there. */
const struct cf_kafel_call *cf_kafel_call_named(int column, struct cf_span name);
/* The one of this number, that of the preferred name if there are several. */
const struct cf_kafel_call *cf_kafel_call_numbered(int column, uint32_t number,
                                                   const char *preferred);
/* The i-th argument's name, and how many bytes of it are compared. False: there is none. */
bool cf_kafel_argument(const struct cf_kafel_call *call, unsigned i, struct cf_span *ret_name,
                       unsigned *ret_bytes);

/* ---- tokens ---------------------------------------------------------------------------------- */

enum cf_kafel_kind {
        KAFEL_END,
        KAFEL_WRONG, /* kafel refuses it, see `wrong` */
        KAFEL_NAME,
        KAFEL_NUMBER,
        KAFEL_INCLUDE, /* of a file */
        /* Characters stand for themselves; what takes two of them: */
        KAFEL_OR = 256,
        KAFEL_AND,
        KAFEL_EQ,
        KAFEL_NE,
        KAFEL_LE,
        KAFEL_GE,
        /* Words of the language. */
        KAFEL_WORDS,
        KAFEL_SYSCALL = KAFEL_WORDS,
        KAFEL_USE,
        KAFEL_POLICY,
        KAFEL_DEFAULT,
        KAFEL_ON,
        KAFEL_DEFINE,
        KAFEL_ALLOW, /* actions from here on */
        KAFEL_LOG,
        KAFEL_USER_NOTIF,
        KAFEL_KILL_PROCESS,
        KAFEL_KILL_THREAD,
        KAFEL_KILL,
        KAFEL_DENY,
        KAFEL_ERRNO, /* with a number from here on */
        KAFEL_TRAP,
        KAFEL_TRACE,
};

struct cf_kafel_token {
        int kind;
        struct cf_span text; /* in the source */
        uint64_t number;
        const char *wrong; /* why it is refused; of a number: what is odd about it, or NULL */
};

/* Cuts the next token off *rest. */
void cf_kafel_next(struct cf_span *rest, struct cf_kafel_token *ret_token);

/* Whether it is a name in the language, and no word of it. */
bool cf_kafel_is_name(struct cf_span text);

/* ---- expressions ----------------------------------------------------------------------------- */

/* A number or a condition, as far as it is known. */
struct cf_kafel_value {
        bool condition, number; /* neither: it depends on arguments */
        cf_policy holds;        /* of a condition */
        uint64_t constant;      /* of a number */
        /* Else (argument & mask) | set. */
        uint64_t mask, set;
        unsigned arg;
        bool mixed; /* of several arguments */
        bool wide;  /* compared by all 64 bits */
        unsigned depth;
        unsigned stack; /* words of memory that kafel's filter may need for it */
        struct cf_span text;
};

/* `or`: the bits of both, else the common ones. */
struct cf_kafel_value cf_kafel_bits(const struct cf_kafel_value *left,
                                    const struct cf_kafel_value *right, bool either);

/* By one of < > = ! and KAFEL_LE, KAFEL_GE, KAFEL_EQ, KAFEL_NE. Neither may be mixed, nor may they
 * be of two arguments. */
cf_policy cf_kafel_compare(struct cf_policies *all, const struct cf_kafel_value *left, int op,
                           const struct cf_kafel_value *right);

/* ---- reading --------------------------------------------------------------------------------- */

/* A rule for a call, or the place where another policy's rules stand. */
struct cf_kafel_entry {
        struct cf_kafel_policy *use; /* NULL: a rule */
        uint32_t number, value;
        cf_policy holds;
        size_t order;
};

struct cf_kafel_policy {
        CF_VEC(struct cf_kafel_entry) entries;
        bool used;
};

struct cf_kafel_constant {
        uint64_t value;
};

/* What names in the braces behind a call mean. */
struct cf_kafel_scope {
        bool elsewhere;                   /* for other architectures: nothing is looked up */
        const struct cf_kafel_call *call; /* whose arguments count; NULL: the declared ones */
        struct cf_span declared[CF_POLICY_ARGS];
        unsigned declared_count;
};

struct cf_kafel_reader {
        const struct cf_reading *reading;
        struct cf_error *err;
        struct cf_warnings warnings;
        int column;
        struct cf_span rest;
        struct cf_kafel_token token;
        struct cf_map *constants, *policies;
        struct cf_kafel_policy top;
        struct cf_span compared; /* the first comparison of an argument */
        bool has_default;
        uint32_t default_value;
        unsigned depth;
};

/* -EINVAL, or another code, and the place in the text; empty: its end. */
int cf_kafel_refuse(struct cf_kafel_reader *r, int code, struct cf_span part, const char *what);
/* To the next token. */
int cf_kafel_advance(struct cf_kafel_reader *r);
/* Takes a token that must be there; `wanted` says what. */
int cf_kafel_take(struct cf_kafel_reader *r, int kind, const char *wanted);
int cf_kafel_take_name(struct cf_kafel_reader *r, struct cf_span *ret_name, const char *wanted);
int cf_kafel_take_number(struct cf_kafel_reader *r, uint64_t *ret_number, const char *wanted);
/* Conditions joined by ',', up to what cannot belong to them. */
int cf_kafel_read_condition(struct cf_kafel_reader *r, const struct cf_kafel_scope *scope,
                            cf_policy *ret_holds);
