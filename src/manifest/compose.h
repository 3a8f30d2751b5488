/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the Compose reader: what its parts (compose*.c) know of each other.
 *
 *   compose-value.c    variables and interpolation
 *   compose-env.c      .env files
 *   compose-layer.c    one document → the services as it writes them
 *   compose-project.c  layers → services as Compose sees them: override files, extends
 *   compose-include.c  include
 *   compose-subject.c  services → subjects and settings
 *   compose-edit.c     a setting → the edit that ends it
 *   compose.c          which files make a project; the row of the table of formats
 *
 * The semantics are those of compose-go; tests/manifest/compose/README.md says which were checked
 * and how. Everything lives in the arena of the reader. */
#pragma once

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "base/yaml.h"
#include "manifest/manifest.h"

#define CF_COMPOSE_FILES 256                /* most files that one project may read */
#define CF_COMPOSE_DEPTH 64                 /* longest chain of extends, or of include */
#define CF_COMPOSE_INCLUDES 1000            /* most different includes of one project */
#define CF_COMPOSE_OPTIONS 1000             /* most security_opt entries of one service */
#define CF_COMPOSE_NESTING 32               /* deepest ${A:-${B:-…}} */
#define CF_COMPOSE_VALUE ((size_t)64 << 10) /* longest value after interpolation, bytes */
#define CF_COMPOSE_VARIABLES 20000          /* most variables of one project's .env files */

/* ---- values -------------------------------------------------------------------------- */

/* Text after interpolation. A part that cannot be known stands as one NUL byte, a "hole": YAML
 * text and .env files hold none of their own. */
struct cf_value {
        struct cf_span text; /* NUL-ended */
        enum cf_certainty certainty;
        const char *because;  /* not CF_CERTAIN: which variable, and where its value is from */
        const char *problem;  /* not NULL: Compose refuses the template, and why */
        const char *variable; /* the first variable that it uses; NULL: none */
};
#define CF_HOLE '\0'

/* What a project's files may refer to. The outer ones win, as Compose has it. */
struct cf_variables {
        const struct cf_variables *outer; /* NULL: none */
        struct cf_map *own;               /* name → struct cf_variable */
};
struct cf_variable {
        struct cf_span value; /* may hold holes */
        const char *origin;   /* "in .env", "in the environment" */
        const char *because;  /* why the value has holes */
};
const struct cf_variable *cf_variable_find(const struct cf_variables *variables,
                                           struct cf_span name);

/* Sets a variable; name and value are copied or live in the arena. 0 or -ENOMEM. */
int cf_variable_put(struct cf_arena *arena, struct cf_variables *variables, struct cf_span name,
                    struct cf_variable variable);

/* Variables from "NAME=value" texts. 0 or -ENOMEM. */
int cf_variables_from(struct cf_arena *arena, const char *const *assignments,
                      struct cf_variables *ret_variables);

/* Adds a .env file's variables (compose-env.c); a later one replaces an earlier one of that name.
 * -EINVAL with the place for what Compose refuses; what was read up to there is kept. -ENOMEM. */
int cf_variables_read(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_variables *variables, struct cf_error *err);

/* Puts variables into a template. What is wrong with the template itself is ret_value->problem.
 * 0 or -ENOMEM. */
int cf_interpolate(struct cf_arena *arena, struct cf_span template,
                   const struct cf_variables *variables, struct cf_value *ret_value);

/* The text could be exactly `word`, whatever its holes are. */
bool cf_value_may_be(struct cf_span text, const char *word);
bool cf_value_has_hole(struct cf_span text);

/* ---- files and projects -------------------------------------------------------------- */

struct cf_compose_file {
        const char *path; /* as shown */
        const struct cf_source *source;
        struct cf_yaml_file *yaml;
        const struct cf_error *error; /* not NULL: it could not be read */
        bool is_template;             /* it was read with its tags cleared: nothing is edited */
        bool surveyed;                /* notes are made, see compose-edit.c */
        bool is_json;
};

/* An edit that is to be verified, and what it is expected to do. */
struct cf_pending {
        struct cf_edit *edit;
        struct cf_compose_file *file;
        struct cf_yaml *node;       /* the item, key or value that goes or changes */
        struct cf_yaml *collection; /* that it is cut from; NULL: it becomes `false` */
        struct cf_yaml *key;        /* of the pair that goes when all of the collection does; */
        struct cf_yaml *owner;      /* and the mapping of that pair; NULL: the collection stays */
};

struct cf_compose {
        const struct cf_reader *reader;
        struct cf_arena *arena;
        bool dotted;                       /* paths are shown with "./" in front */
        bool named;                        /* the name of the file says Compose */
        const struct cf_source *source;    /* the file that the reader was given */
        struct cf_map *files;              /* path → struct cf_compose_file */
        struct cf_map *bases;              /* extended file and variables → struct cf_layer */
        struct cf_map *included;           /* an include and its variables → struct cf_layer */
        struct cf_map *refused;            /* places that were reported */
        CF_VEC(struct cf_pending) pending; /* edits to be verified */
        uint64_t rounds;                   /* of verifying */
};

/* A (sub)project: files that are merged in order, its folder, its variables. */
struct cf_project {
        const char *const *paths;
        size_t path_count;
        const char *dir; /* extends and include start from it */
        const struct cf_variables *variables;
        const struct cf_project *parent; /* the project that includes it; NULL: none */
};

/* The parts of a service that an override file may reset (`!reset`, `!override`). */
enum cf_part {
        CF_PART_SECURITY_OPT = 1 << 0,
        CF_PART_PRIVILEGED = 1 << 1,
        CF_PART_BUILD = 1 << 2,
        CF_PART_BUILD_PRIVILEGED = 1 << 3,
        CF_PART_PRE_START = 1 << 4,
        CF_PART_IMAGE = 1 << 5,
};

/* One thing that a file writes: where, and what it is after interpolation. */
struct cf_entry {
        struct cf_compose_file *file;
        struct cf_yaml *node;  /* the list item or the value of the key, as written */
        struct cf_yaml *key;   /* the key of the pair */
        struct cf_yaml *pair;  /* the value of the pair, as written */
        struct cf_yaml *owner; /* the mapping that holds the pair */
        struct cf_yaml *list;  /* the sequence that holds the item, followed; NULL: a pair */
        size_t index;          /* of the item */
        bool is_string;        /* Compose reads a string, and makes a truth value of it */
        struct cf_value value;
};
struct cf_entries {
        struct cf_entry **items;
        size_t count, capacity;
};

enum cf_section { CF_SERVICES, CF_JOBS, CF_SECTIONS };

struct cf_service {
        const char *name;
        struct cf_compose_file *file; /* where it is defined */
        struct cf_yaml *key;          /* its name there */
        const char *image;            /* NULL: none, or not known */
        struct cf_entries options;    /* security_opt */
        bool options_given;           /* there is such a list, if empty */
        struct cf_entry *privileged;  /* NULL: not given */
        struct cf_entry *build_privileged;
        struct cf_service **hooks; /* pre_start: containers of their own */
        size_t hook_count;
        unsigned resets;         /* cf_part bits */
        unsigned nulls;          /* cf_part bits: given, but null, which keeps what is beneath */
        struct cf_yaml *extends; /* NULL: none, or resolved */
        struct cf_compose_file *extends_file; /* where `extends` is written */
        const char *dir;                      /* extends.file starts from it */
        const struct cf_variables *variables; /* for its extends */
        enum { CF_EXTENDS_OPEN, CF_EXTENDS_BUSY, CF_EXTENDS_DONE } state;
};

/* The services that one document, or all documents merged so far, define. */
struct cf_layer {
        struct cf_map *services[CF_SECTIONS]; /* name → struct cf_service */
        bool reset_all[CF_SECTIONS];
        struct cf_map *reset[CF_SECTIONS]; /* names of services that are reset whole */
        struct cf_yaml *include;           /* NULL: none */
};

/* Reads a file of the project once; (*ret_file)->error says when it cannot be read. 0 or -ENOMEM.
 */
int cf_compose_open(struct cf_compose *compose, const char *path,
                    struct cf_compose_file **ret_file);

/* The path of a file that is named in folder `dir`, as it is shown. NULL: no memory. */
char *cf_compose_path(const struct cf_compose *compose, const char *dir, const char *path);

/* Reports what is wrong at a node, or that the file `why` could not be read there (NULL: nothing
 * beneath). The same words at the same place are said once. */
void cf_compose_refuse(struct cf_compose *compose, struct cf_compose_file *file,
                       const struct cf_yaml *node, const char *format, ...) CF_PRINTF(4, 5);
void cf_compose_unreadable(struct cf_compose *compose, struct cf_compose_file *file,
                           const struct cf_yaml *node, const struct cf_error *why,
                           const char *format, ...) CF_PRINTF(5, 6);

/* ---- layers -------------------------------------------------------------------------- */

/* The document could be Compose's: a mapping with a mapping `services` (or `jobs`) of mappings;
 * with `named` also one that only includes, and the legacy form without `services`. */
bool cf_compose_shape(struct cf_yaml *root, bool named);

/* The value of a collection that was read as a layer is taken away by `!reset`. */
bool cf_compose_is_reset(const struct cf_yaml *collection, const struct cf_yaml *value);

int cf_layer_new(struct cf_arena *arena, struct cf_layer *ret_layer);

/* What one document writes. `dir`, `variables` are those of its project. 0 or -ENOMEM. */
int cf_layer_read(struct cf_compose *compose, struct cf_compose_file *file, struct cf_yaml *root,
                  const char *dir, const struct cf_variables *variables,
                  struct cf_layer *ret_layer);

/* The text of a scalar after interpolation; text.data NULL: it is no scalar. 0 or -ENOMEM. */
int cf_compose_value(struct cf_compose *compose, const struct cf_variables *variables,
                     struct cf_yaml *node, struct cf_value *ret_value);

/* What Compose makes of a value of `privileged`. */
enum cf_truth { CF_FALSE, CF_TRUE, CF_TRUTH_UNKNOWN, CF_TRUTH_REFUSED };
enum cf_truth cf_entry_truth(const struct cf_entry *entry);

/* ---- projects ------------------------------------------------------------------------ */

/* A service over another: the one it extends, that of an earlier file, an included one. */
int cf_service_merge(struct cf_compose *compose, const struct cf_service *base,
                     const struct cf_service *over, struct cf_service **ret_merged);

/* Reads what a document includes and puts it under the document's own services. */
int cf_compose_include(struct cf_compose *compose, const struct cf_project *project,
                       struct cf_compose_file *file, struct cf_layer *layer);

/* The name is an address (Git, OCI, HTTP), which Compose would fetch. */
bool cf_compose_is_remote(const char *path);

/* Adds the variables of the .env file `path`; one that is missing is fine unless `required`. */
int cf_compose_env(struct cf_compose *compose, const char *path, bool required,
                   struct cf_variables *variables);

/* Reads and merges a project. 0 or -ENOMEM; all else is reported. */
int cf_project_read(struct cf_compose *compose, const struct cf_project *project,
                    struct cf_layer *ret_layer);

/* Hands out the subjects of a merged project. 0, -ENOMEM, or what the callback returned. */
int cf_compose_subjects(struct cf_compose *compose, const struct cf_project *project,
                        const struct cf_layer *layer);

/* ---- templates ----------------------------------------------------------------------- */

/* The text holds tags of a template engine: what is no YAML in it may become YAML. */
bool cf_compose_is_template(struct cf_span text);
/* A copy with every tag that is no value cleared, offsets as they were. 0 or -ENOMEM. */
int cf_compose_unfold(struct cf_arena *arena, const struct cf_source *source,
                      struct cf_source **ret_unfolded);

/* ---- edits --------------------------------------------------------------------------- */

/* Notes that without this entry another value would come to bear: it is turned off where it
 * stands rather than taken out. 0 or -ENOMEM. */
int cf_entry_set_hiding(struct cf_compose *compose, struct cf_entry *entry);

/* How an entry can be ended in its file: one edit a place, however many services it reaches. It
 * becomes final with cf_compose_verify. 0 or -ENOMEM. */
int cf_compose_edit(struct cf_compose *compose, const struct cf_entry *entry, const char *base_dir,
                    struct cf_edit **ret_edit);

/* Makes each edit on a copy of its file and reads that again: an edit that would change anything
 * else is refused. 0 or -ENOMEM. */
int cf_compose_verify(struct cf_compose *compose);
