/* SPDX-License-Identifier: Apache-2.0 */
/* Container command lines: finding them among shell commands, reading their options as the real
 * programs do, and handing over what decides about seccomp. Private to manifest/.
 *
 * A host format (a script, a Makefile, a unit …) makes one cf_script a file, gives it shell code,
 * words and variables as it meets them, and finishes it: only then is every variable known. */
#pragma once

#include "base/map.h"
#include "manifest/embedded.h"
#include "manifest/manifest.h"
#include "manifest/shell.h"

#define CF_COMMAND_NESTED 4       /* strings within strings that shells are given */
#define CF_COMMAND_ARGUMENTS 4096 /* most words of a command after its variables are put in */
#define CF_COMMAND_SETTINGS 64    /* most settings of one command */
#define CF_COMMAND_EDIT ((size_t)64 << 10) /* longest command that is edited, bytes */
#define CF_SCRIPT_ASSIGNMENTS 65536        /* most assignments of one file */
#define CF_SCRIPT_COMMANDS 65536           /* most commands of one file that use variables */
#define CF_SCRIPT_SUBJECTS 16384           /* most commands of one file that have a setting */
#define CF_SCRIPT_STEPS 20000000 /* most assignments that are looked at for the commands */
#define CF_SCRIPT_MEMORY ((size_t)192 << 20) /* most memory for one file, bytes */
/* Most bytes of the lines of all settings of one file: showing one takes time that grows with its
 * line. */
#define CF_SCRIPT_SHOWN ((size_t)256 << 20)
#define CF_SCRIPT_WAYS 16 /* most values of its variables that a command is looked at with */

/* ---- option tables (data/cli-options.tsv) ------------------------------------------------- */

struct cf_cli_option {
        const char *name;
        char letter; /* 0: none */
        bool value;  /* takes the next word when there is no '=' */
};

struct cf_cli_table {
        const char *program;
        const char *scope;
        const struct cf_cli_option *options; /* by name */
        size_t count;
};
extern const struct cf_cli_table cf_cli_tables[];
extern const size_t cf_cli_table_count;

const struct cf_cli_table *cf_cli_table(const char *program, const char *scope);
const struct cf_cli_option *cf_cli_long(const struct cf_cli_table *table, struct cf_span name);
const struct cf_cli_option *cf_cli_short(const struct cf_cli_table *table, char letter);

/* "docker", "podman" or "nerdctl" for a word that starts one ("/usr/bin/docker"); else NULL. */
const char *cf_engine_name(struct cf_span word);
/* The word names a daemon ("dockerd"). */
bool cf_is_daemon(struct cf_span word);

/* ---- words -------------------------------------------------------------------------------- */

enum cf_list_kind {
        CF_LIST_COMMAND, /* of a shell command line */
        CF_LIST_STRING,  /* in the value of a variable */
        CF_LIST_ARRAY,   /* in NAME=( … ) */
        CF_LIST_JSON,    /* ["a", "b"] */
        CF_LIST_UNIT,    /* a systemd command line */
};

/* Words that stand together in the file, each of which may be cut. */
struct cf_list {
        enum cf_list_kind kind;
        const struct cf_shell_code *code;
        const struct cf_shell_word *words;
        size_t count;
        struct cf_range inner; /* in the code's text: what becomes "" when every word is cut */
        /* How text of this kind is cut into words; NULL: as a shell does. */
        int (*split)(struct cf_arena *arena, const struct cf_shell_code *code,
                     const struct cf_shell_word **ret_words, size_t *ret_count);
        enum cf_quoting quoting; /* of a value in STRING and UNIT lists */
};

struct cf_assignment;

/* A word as a command sees it, and where it came from. */
struct cf_argument {
        const struct cf_list *list;
        size_t index;                     /* in list->words */
        const struct cf_shell_word *word; /* list->words[index] */
        struct cf_assignment *from;       /* the variable that it was kept in; NULL: none */
        const struct cf_list *used_list; /* the outermost variable that it came through: its word */
        size_t used_index;               /* there; NULL: none */
        enum cf_certainty certainty;     /* that it is there at all */
        const char *because;             /* not CF_CERTAIN: why */
};

struct cf_arguments {
        struct cf_argument *items;
        size_t count, capacity;
};

/* ---- reading options ---------------------------------------------------------------------- */

enum cf_hit_kind {
        CF_HIT_SECURITY_OPT,
        CF_HIT_PRIVILEGED,
        CF_HIT_DAEMON_PROFILE,
        CF_HIT_CAP_ADD, /* these two stand apart, in cf_parsed.capabilities */
        CF_HIT_CAP_DROP,
};

/* An option that decides about seccomp. */
struct cf_hit {
        enum cf_hit_kind kind;
        size_t first, last; /* arguments */
        size_t value;       /* the argument that holds the value */
        size_t at;          /* where the value starts in that argument's word's value */
        bool implied;       /* `--privileged` alone: there is no value to look at */
        bool uncertain;     /* stands within something computed: {{ if x }}--privileged{{ end }} */
};

struct cf_parsed {
        const char *engine;
        const char *action; /* "run", "create", "exec"; "dockerd" has none */
        CF_VEC(struct cf_hit) hits;
        CF_VEC(struct cf_hit) capabilities;
        bool detached;  /* -d: the command ends when the container has started */
        bool removed;   /* --rm: the container is gone when it has ended */
        bool id_file;   /* --cidfile */
        bool terminal;  /* -t: it has one of its own, on ours */
        size_t options; /* argument behind the action's word */
        size_t end;     /* argument that ends the options: "--", or the image; SIZE_MAX: none */
        size_t image;   /* argument; SIZE_MAX: none */
        size_t name;    /* argument that holds the value of --name; SIZE_MAX: none */
        size_t name_at;
        size_t guess; /* argument that is a variable and was taken for options; SIZE_MAX: none */
};

/* Reads arguments from the program's word at `at` on. False: no run, create or exec. */
bool cf_command_read(struct cf_arena *arena, const struct cf_argument *arguments, size_t count,
                     size_t at, const char *engine, struct cf_parsed *ret_parsed, int *ret_error);
/* Options alone, of a daemon or (engine NULL) of no known command, where any other word ends them:
 * a sentence speaks of an option, it does not give it. */
int cf_options_read(struct cf_arena *arena, const struct cf_argument *arguments, size_t count,
                    bool daemon, struct cf_parsed *ret_parsed);

/* strconv.ParseBool; false: none. */
bool cf_parse_bool(struct cf_span text, bool *ret_value);

/* ---- what stands before the program ------------------------------------------------------- */

enum cf_prefix_kind {
        CF_PREFIX_COMMAND, /* the program is words[at] */
        CF_PREFIX_STRING,  /* words[at] … words[end - 1], joined by blanks, are shell text */
        CF_PREFIX_SHELL,   /* a shell that reads its commands from standard input */
        CF_PREFIX_NONE,    /* nothing is run that is seen here */
};

struct cf_prefix {
        enum cf_prefix_kind kind;
        size_t at, end;
};

/* Looks through `sudo -u x env A=b timeout 5 …`. */
struct cf_prefix cf_command_prefix(const struct cf_shell_word *words, size_t count);

/* ---- scripts ------------------------------------------------------------------------------ */

struct cf_assignment {
        struct cf_span name;
        const struct cf_shell_code *code; /* where it stands */
        const struct cf_shell_word *word; /* NULL: the value is not known (read, for, …) */
        size_t value_at;                  /* where the value starts in word->value */
        size_t at;                        /* in the file */
        size_t block;                     /* of the lexer */
        bool append, array, local, weak;  /* weak: ?= */
        bool everywhere; /* known to all commands of the file, wherever they stand */
        bool one_of;     /* a word of `for NAME in …`: one value among several */
        bool alone;      /* `NAME=value command`: for that command only */
        bool interesting;
        bool joined; /* some command uses it */
        bool dead;   /* every command that comes after sees another value */
        bool is_split;
        struct cf_list list;        /* the words of the value, once split */
        struct cf_assignment *next; /* of the same name */
};

struct cf_script_variable {
        struct cf_assignment *first, *last;
        size_t count;
};

/* A command that can be read only when all variables are known. */
struct cf_held {
        struct cf_list list;
        size_t program;                   /* word */
        size_t at;                        /* in the file */
        size_t function;                  /* block of the function that it stands in; 0: none */
        bool documentation, prose, whole; /* of the script when it was read */
        struct cf_held *next;             /* in a function of the same name, with "$@" too */
};

struct cf_script {
        const struct cf_reader *reader;
        const struct cf_source *source;
        const char *format;
        bool documentation; /* what is read now is for readers to type */
        bool prose; /* what is read now may be a sentence: only what is clearly a command counts */
        bool whole; /* what is read now is a whole command, with its image, or none */
        struct cf_shell_lexer lexer;
        struct cf_shell_events events;
        CF_VEC(struct cf_assignment *) assignments;
        CF_VEC(struct cf_held *) held;
        struct cf_map *variables; /* of struct cf_script_variable */
        size_t subjects;
        size_t shown; /* see CF_SCRIPT_SHOWN */
        size_t steps; /* of putting variables in, see CF_SCRIPT_STEPS */
        unsigned nested;
        bool mentions_engine;
        size_t used;           /* of the arena before the file */
        size_t embedded;       /* bytes copied of files within the file, see embedded.h */
        const char *exhausted; /* which limit ended the reading; NULL: none */
};

void cf_script_init(struct cf_script *script, const struct cf_reader *reader,
                    const struct cf_source *source, const char *format);
/* 0, or -E2BIG once the file has used up what is allowed for one. */
int cf_script_budget(struct cf_script *script);
int cf_script_exhaust(struct cf_script *script, const char *what);
/* Reads a file that stands within this one, see cf_embedded_read. */
int cf_script_embedded(struct cf_script *script, const char *name, const struct cf_range *lines,
                       size_t count);
/* The whole file as shell code (no copy). */
struct cf_shell_code cf_script_source_code(const struct cf_script *script);

/* Reads shell code. `code` must live as long as the arena. */
int cf_script_code(struct cf_script *script, const struct cf_shell_code *code,
                   struct cf_error *err);
/* A command whose words the host knows already. */
int cf_script_words(struct cf_script *script, const struct cf_list *list, struct cf_error *err);
/* Words in a variable of the host: those of `part` in `code`. `flags` of struct cf_assignment. */
int cf_script_assign(struct cf_script *script, const struct cf_assignment *assignment);
/* Reads what waits for variables and hands over what is left. `error`: what reading ended with. */
int cf_script_finish(struct cf_script *script, int error);

/* RUN --security=insecure: a subject whose only setting is a flag, `flag`, of `command` (ranges of
 * the file). `name` may be NULL. */
int cf_script_flag(struct cf_script *script, const char *action, const char *name,
                   struct cf_range command, struct cf_range flag);

/* ---- within command*.c --------------------------------------------------------------------- */

/* Names what is before a program in `words` in a way that fits no variable. */
bool cf_word_is_variable(const struct cf_shell_word *word, struct cf_span *ret_name);

/* Keeps a command until all variables are known. */
int cf_script_hold(struct cf_script *script, const struct cf_list *list, size_t program);
/* Reads a command that needs no variables. */
int cf_script_command(struct cf_script *script, const struct cf_list *list);

/* Where a command stands, for the question which assignments it sees. */
struct cf_site {
        size_t at;                 /* in the file */
        size_t function;           /* block; 0: none */
        struct cf_assignment *way; /* taken though it is not certain to be made; NULL: none */
        const struct cf_arguments *positional; /* "$@", when a call gives them; NULL: not known */
};

/* The words of a command with its variables put in. */
struct cf_expansion {
        struct cf_arguments arguments;
        struct cf_assignment *ways[CF_SCRIPT_WAYS]; /* not certain, and not taken */
        size_t way_count;
};
int cf_script_expand(struct cf_script *script, const struct cf_list *list,
                     const struct cf_site *site, struct cf_expansion *ret_expansion);
int cf_script_split(struct cf_script *script, struct cf_assignment *assignment);
struct cf_script_variable *cf_script_variable(const struct cf_script *script, struct cf_span name);

/* The text of a word from `from` on, known variables put in. */
struct cf_script_value {
        enum cf_certainty certainty;
        struct cf_span text; /* CF_SHELL_MARK for each unknown part */
        const char *because;
};
int cf_script_value(struct cf_script *script, const struct cf_shell_code *code,
                    const struct cf_shell_word *word, size_t from, const struct cf_site *site,
                    struct cf_script_value *ret_value);

/* What a subject is made of. */
struct cf_finding_place {
        enum cf_subject_kind kind;
        const char *name;        /* NULL: --name or the image */
        struct cf_range command; /* in the file */
        const struct cf_site *site;
};
int cf_subject_give(struct cf_script *script, const struct cf_argument *arguments,
                    const struct cf_parsed *parsed, const struct cf_finding_place *where);

/* Makes the edits of the hits of one command: one for each. */
int cf_edit_make(struct cf_script *script, const struct cf_argument *arguments,
                 const struct cf_parsed *parsed, struct cf_edit *edits);
