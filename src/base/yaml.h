/* SPDX-License-Identifier: Apache-2.0 */
/* YAML (and so JSON) as a tree in which every node knows its bytes, read through libyaml: the
 * scanner that Compose's own reader (go-yaml) is a port of, so that both see the same document.
 *
 * Aliases stay references (they are never copied out, so an alias bomb costs nothing); a merge
 * key is an ordinary pair of the mapping, looked through by cf_yaml_get. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/source.h"

enum cf_yaml_type { CF_YAML_SCALAR, CF_YAML_SEQUENCE, CF_YAML_MAPPING };
enum cf_yaml_style {
        CF_YAML_PLAIN,
        CF_YAML_SINGLE,
        CF_YAML_DOUBLE,
        CF_YAML_LITERAL,
        CF_YAML_FOLDED,
        CF_YAML_BLOCK,
        CF_YAML_FLOW
};

#define CF_YAML_DEPTH 256     /* deepest nesting that is read, also counted through aliases */
#define CF_YAML_NODES 1000000 /* most nodes of one file; Compose itself gives up at 100,000 */
#define CF_YAML_MERGES 256    /* most mappings that one mapping merges, directly or not */

struct cf_yaml {
        enum cf_yaml_type type;
        enum cf_yaml_style style;
        struct cf_span tag;    /* as written without resolving, "!reset"; empty: none */
        struct cf_span anchor; /* without '&'; empty: none */
        struct cf_span text;   /* SCALAR: its value, NUL-ended; of !!binary what it spells */
        /* Text range of the node itself: a scalar with its quotes; a flow collection with its
         * brackets; a block collection from its first entry to the end of its last entry's
         * content (no trailing blank or comment). An empty scalar has length 0. */
        size_t offset, length;
        size_t start; /* text offset where the node's properties (anchor, tag) start; else offset */
        struct cf_yaml **items; /* SEQUENCE: values; MAPPING: key, value, key, value … */
        size_t count;           /* SEQUENCE: values; MAPPING: pairs */
        struct cf_yaml *target; /* not NULL: this node is an alias; read through cf_yaml_follow */
        bool aliased;           /* some alias refers to this node */
        unsigned height;        /* levels of collections from here down, aliases followed: a walk
                                 * through aliases goes no deeper than CF_YAML_DEPTH */
        unsigned merges; /* mappings that its merge keys bring in, each as often as it is named */
        struct cf_map *index; /* private to lookups: of a large mapping, key → its slot in items */
        uint64_t mark;        /* private to lookups */
        bool seen;            /* for whoever walks the tree; false at first */
        void *note;           /* for whoever walks the tree; NULL at first */
};

struct cf_yaml_document {
        struct cf_yaml *root; /* NULL: an empty document */
        size_t index;         /* from 0, in the file */
};

struct cf_yaml_file {
        const struct cf_source *source;
        struct cf_yaml_document *documents;
        size_t count;
};

/* Reads every document of a file. -EINVAL: not YAML, err says where and what (also an alias
 * without anchor, or one inside its own anchor, so that trees with their aliases have no cycle);
 * -E2BIG: deeper or larger than the limits; -ENOMEM. Duplicate keys are kept; see
 * cf_yaml_duplicate. A file without documents gives a count of 0. */
int cf_yaml_parse(struct cf_arena *arena, const struct cf_source *source,
                  struct cf_yaml_file **ret_file, struct cf_error *err);

/* The node that an alias stands for (itself when it is none). NULL stays NULL. */
struct cf_yaml *cf_yaml_follow(struct cf_yaml *node);

/* The value of a key written in this very mapping (merge keys are none), the last one when there
 * are several; *ret_key (may be NULL) is the key's node. The value is not followed. */
struct cf_yaml *cf_yaml_own(struct cf_yaml *mapping, const char *key, struct cf_yaml **ret_key);

/* The same, and then by merge keys `<<` (YAML 1.1 merge: own keys first, then the merged mappings
 * in order; nested; cycles end). `mapping` may be an alias. *ret_owner (may be NULL) is the
 * mapping that holds the pair. */
struct cf_yaml *cf_yaml_get(struct cf_yaml *mapping, const char *key, struct cf_yaml **ret_key,
                            struct cf_yaml **ret_owner);

/* The same, but the first value in that order that `take` accepts (NULL: any). */
typedef bool (*cf_yaml_take)(struct cf_yaml *owner, struct cf_yaml *value, void *context);
struct cf_yaml *cf_yaml_seek(struct cf_yaml *mapping, const char *key, cf_yaml_take take,
                             void *context, struct cf_yaml **ret_key, struct cf_yaml **ret_owner);

/* Visits the pairs of a mapping (may be an alias), own ones first, then by merge keys, in the order
 * in which they take precedence; a key may come more than once: the first counts (in one mapping
 * the last). `visit` looks nothing up in the tree itself. What `visit` returns ends the walk when
 * it is not 0, and is returned. */
typedef int (*cf_yaml_visit)(struct cf_yaml *key, struct cf_yaml *value, struct cf_yaml *owner,
                             void *context);
int cf_yaml_each(struct cf_yaml *mapping, cf_yaml_visit visit, void *context);

/* The key is the merge key `<<` (plain, so that "<<" in quotes is none). */
bool cf_yaml_is_merge(struct cf_yaml *key);

/* The first key that stands twice in the mapping, or NULL. */
struct cf_yaml *cf_yaml_duplicate(struct cf_yaml *mapping);

/* The scalar's NUL-ended text when it is a scalar (followed), else NULL. */
const char *cf_yaml_string(struct cf_yaml *node);
/* Plain scalar that YAML 1.2 core schema (and go-yaml) reads as null: empty, ~, null, Null, NULL.
 */
bool cf_yaml_is_null(struct cf_yaml *node);
/* The node would be read as a string: quoted, tagged !!str, or plain and no null, bool, number. */
bool cf_yaml_is_string(struct cf_yaml *node);

/* The first byte of the text from `at` on that is no blank, line break or comment: where the next
 * token starts when `at` is the end of one. */
size_t cf_yaml_skip_space(struct cf_span text, size_t at);
