/* SPDX-License-Identifier: Apache-2.0 */
/* Files → subjects. One file a format, one table that lists them all (formats.c). */
#pragma once

#include "base/error.h"
#include "base/source.h"
#include "base/walk.h"
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

/* First look at a whole file's bytes: false only when no format can find anything in it (see
 * look.c for what is asked). `name` is the last part of the path. */
bool cf_manifest_may_hold(const char *name, struct cf_span bytes);

/* The same for files that a walk visits, with memory that does not grow with the file: each worker
 * has its own cf_look. */
struct cf_look;
struct cf_look *cf_look_new(void); /* NULL: no memory */
struct cf_look *cf_look_free(struct cf_look *look);

/* 1: some format may find something; *ret_fd is the open file, for cf_source_from_fd, and the
 * caller's to close. 0: none can (or the file has gone since it was listed). Negative errno: it
 * could not be opened or read, err says why. */
int cf_look_file(struct cf_look *look, const struct cf_walk_file *file, int *ret_fd,
                 struct cf_error *err);

enum cf_command_option_kind {
        CF_COMMAND_SECURITY_OPT,
        CF_COMMAND_PRIVILEGED,
        CF_COMMAND_CAP_ADD,
        CF_COMMAND_CAP_DROP,
};

/* An option that decides about the filter: the words `first` to `last` and nothing else. */
struct cf_command_option {
        enum cf_command_option_kind kind;
        const char *value; /* NULL: --privileged alone */
        size_t first, last;
};

/* A command line that starts a container. */
struct cf_command_line {
        const char *engine; /* "docker", "podman", "nerdctl" */
        const char *action; /* "run", "create" */
        size_t options;     /* the word behind the action's own; before it stand options of all of
                             * the engine's commands */
        size_t end;         /* where one more option may be put in, as the last */
        size_t image;       /* the word that names it */
        const char *name;   /* --name; NULL: not given */
        bool detached;      /* the command ends when the container has started */
        bool removed;       /* --rm */
        bool id_file;       /* --cidfile */
        bool terminal;      /* --tty */
        bool privileged;
        const struct cf_command_option *option_list; /* by kind, those of one kind in order */
        size_t option_count;
};

/* Reads words as the engine's own command line does, global options included. 1; 0: it starts none,
 * or names no image; -ENOMEM. */
int cf_command_line_read(struct cf_arena *arena, const char *const *words, size_t count,
                         struct cf_command_line *ret_line);

/* Reads one file by every format that claims it. Troubles of the file itself go to reader->trouble,
 * also that it needs more memory than the arena has. 0, or what the callback returned. */
int cf_manifest_read(const struct cf_reader *reader, const struct cf_source *source);
