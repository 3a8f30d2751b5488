/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their options as tables: parsing, --help, completions and the checks on the man
 * pages all read them. */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"

enum cf_exit { CF_EXIT_CLEAN = 0, CF_EXIT_FINDINGS = 1, CF_EXIT_TROUBLE = 2 };

/* What completes an option's or command's argument. */
enum cf_complete {
        CF_COMPLETE_NONE,
        CF_COMPLETE_FILE,
        CF_COMPLETE_FOLDER,
        CF_COMPLETE_WORDS,  /* cf_option.words */
        CF_COMPLETE_RULE,   /* a rule's id */
        CF_COMPLETE_FORMAT, /* an output format */
        CF_COMPLETE_READ,   /* a format that `profile convert` reads, one that it writes */
        CF_COMPLETE_WRITTEN,
        CF_COMPLETE_COMMAND,
};

struct cf_option {
        const char *name;     /* without "--"; NULL ends the table */
        char letter;          /* short form; 0: none */
        const char *argument; /* "FILE"; "NAME RULE": two words; NULL: a flag */
        const char *help;     /* one line, no full stop */
        enum cf_complete complete;
        const char *words; /* space separated, for CF_COMPLETE_WORDS */
};

struct cf_invocation;

/* A command's first argument, where that is a word of a list. */
struct cf_subcommand {
        const char *name;
        const char *usage;   /* what comes behind it: "A B" */
        const char *summary; /* one line, no full stop */
};

struct cf_command {
        const char *name;
        const char *summary; /* one line, no full stop */
        const char *usage;   /* what comes behind the options: "[PATH…]" */
        const char *details; /* a paragraph for --help */
        const struct cf_option *options;
        bool reports; /* takes the options that all reporting commands share, too */
        unsigned most_arguments;
        bool runs;   /* options end at the first argument: a command to run */
        int trouble; /* exit status when it cannot do what was asked; 0: CF_EXIT_TROUBLE */
        enum cf_complete complete;                              /* of its arguments */
        const struct cf_subcommand *(*subcommand_at)(size_t i); /* NULL: it has none */
        int (*run)(const struct cf_invocation *invocation);
};

/* One command line, taken apart. */
struct cf_invocation {
        const struct cf_command *command;
        struct cf_arena *arena;
        const char *const *arguments;
        size_t argument_count;
        bool separated;   /* "--" was there: … */
        size_t separator; /* … behind so many arguments */
        struct cf_given {
                const struct cf_option *option;
                const char *value; /* NULL for a flag */
        } * given;
        size_t given_count;
};

extern const struct cf_command *const cf_commands[]; /* ended by NULL */
extern const struct cf_option cf_report_options[];   /* those that all reporting commands share */
extern const struct cf_option cf_global_options[];   /* --help, --version */

extern const struct cf_command cf_command_scan, cf_command_audit, cf_command_explain,
        cf_command_profile, cf_command_prove, cf_command_run, cf_command_why, cf_command_record,
        cf_command_hook, cf_command_help, cf_command_completion, cf_command_version;

const struct cf_command *cf_command_find(const char *name);

/* Takes a command line apart (behind the command's name). -EINVAL: err says what is wrong with it
 * and what would be right. */
int cf_invocation_parse(struct cf_arena *arena, const struct cf_command *command, char **words,
                        size_t count, struct cf_invocation *ret_invocation, struct cf_error *err);

/* The last value given for an option, or NULL; whether a flag was given; all values, in order. */
const char *cf_given_value(const struct cf_invocation *invocation, const char *option);
bool cf_given(const struct cf_invocation *invocation, const char *option);
int cf_given_all(const struct cf_invocation *invocation, const char *option,
                 const char *const **ret_values, size_t *ret_count);
/* The file of an option that is written in the end can be: asked for before what takes long. 0 also
 * when the option is not given. */
int cf_given_output(const struct cf_invocation *invocation, const char *option,
                    struct cf_error *err);
/* The same of a path that goes by an option's name. */
int cf_output_check(struct cf_arena *arena, const char *option, const char *path,
                    struct cf_error *err);
/* Seconds of an option such as --for: "90", "1.5s", "10m", "2h", a year at most; 0: not given. */
int cf_given_time(const struct cf_invocation *invocation, const char *option, double *ret_seconds,
                  struct cf_error *err);

/* An option that means nothing without another one: `with` names those of which one has to be
 * given, separated by blanks. */
struct cf_option_need {
        const char *option, *with;
};
/* -EINVAL: an option is given without what it needs. */
int cf_given_needs(const struct cf_invocation *invocation, const struct cf_option_need *needs,
                   size_t count, struct cf_error *err);

/* The name in a NULL-ended list that is nearest to a misspelled one, or NULL. */
const char *cf_nearest(const char *name, const char *(*at)(size_t i, const void *context),
                       const void *context);

struct cf_text;
void cf_help_print(const struct cf_command *command, struct cf_text *out); /* NULL: the program */
int cf_completion_print(const char *shell, struct cf_text *out); /* -EINVAL: unknown shell */
