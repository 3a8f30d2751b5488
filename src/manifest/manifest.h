/* SPDX-License-Identifier: Apache-2.0 */
/* Files → subjects. One file a format, one table that lists them all (formats.c). */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "model/model.h"

/* What a format hands its subjects and troubles to. All memory it needs during one file comes
 * from `arena`, which the caller clears after the file. */
struct cf_reader {
        struct cf_files *files; /* how other files (extends, .env) are read */
        struct cf_arena *arena;
        const char *const *environment; /* "NAME=value" …, NULL-ended: what interpolation sees
                                         * besides .env files; scan gives none unless asked */
        int (*subject)(const struct cf_subject *subject, void *context);
        /* Something could not be read: the file itself, or one that it names. Not fatal. */
        void (*trouble)(const struct cf_error *err, void *context);
        void *context;
};

enum cf_claim {
        CF_CLAIM_NONE,
        CF_CLAIM_CONTENT, /* the content has the shape */
        CF_CLAIM_NAME,    /* the name says so: errors in it are worth reporting */
};

/* One row a format. */
struct cf_format {
        const char *name;    /* "compose" */
        const char *summary; /* "Compose files: every name and shape, extends, include, …" */
        enum cf_claim (*claim)(const struct cf_source *source);
        /* Reads one file and hands over its subjects. 0, or negative errno when the file itself
         * is broken (err filled; reported by the caller when the claim was by name). */
        int (*read)(const struct cf_reader *reader, const struct cf_source *source,
                    struct cf_error *err);
};

/* All formats, ended by NULL, in the order in which they are asked: several may claim a file. */
extern const struct cf_format *const cf_formats[];

/* Fast first look at raw bytes: false only when no format can find anything in this file.
 * `name` is the last part of the path. Call it on the first bytes (UTF-16 is recognised by its
 * mark) or on the whole; `whole` says which. */
bool cf_manifest_may_hold(const char *name, struct cf_span bytes);

/* Reads one file by every format that claims it. Troubles of the file itself go to
 * reader->trouble. 0 or -ENOMEM, or what the callback returned. */
int cf_manifest_read(const struct cf_reader *reader, const struct cf_source *source);
