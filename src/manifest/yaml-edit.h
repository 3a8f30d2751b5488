/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this room: cutting items and pairs out of YAML, whatever the format, and checking that
 * nothing else changed. */
#pragma once

#include "base/yaml.h"
#include "model/model.h"

/* What is known of a node; node->note of a tree that is edited. */
struct cf_yaml_note {
        struct cf_group *group; /* of a collection: its items or pairs */
        bool *stuck;            /* by part: it cannot be cut by itself */
        struct cf_yaml *key;    /* of a collection: the key that it is the value of; NULL: none */
        struct cf_edit *edit;   /* for whoever makes edits: one a place */
        bool hiding;            /* of a key: without this pair another value comes to bear */
        /* What an edit is expected to do: */
        bool dropped; /* of an item or key: it (and the value) goes */
        bool emptied; /* of a collection: it becomes [] or {} */
        bool off;     /* of a value: it becomes `false` */
        /* While comparing: */
        const struct cf_yaml *twin;
        uint64_t round;
};

/* The note of a node, made when there is none. NULL: no memory. */
struct cf_yaml_note *cf_yaml_note(struct cf_arena *arena, struct cf_yaml *node);

/* The parts of a collection, one an item or pair: in block style whole lines from the one where it
 * starts to the one where it ends, comment behind it included; in flow style the item or pair
 * itself. Made once, without parent and `whole`. A part that shares its first line with something
 * else ("- - a", "- a: b", "? a") is stuck. 0 or -ENOMEM. */
int cf_yaml_group(struct cf_arena *arena, const struct cf_source *source, struct cf_yaml *node,
                  struct cf_yaml_note **ret_note);

/* The range that an empty collection takes when all parts of this one go, and its text. A block
 * collection on the lines below its key (in its note) moves up behind it, unless a comment is in
 * the way. 0 or -ENOMEM. */
int cf_yaml_whole(struct cf_arena *arena, const struct cf_source *source,
                  const struct cf_yaml *node, struct cf_range *ret_range, const char **ret_text);

/* The file after an edit is the file before it, apart from what the notes of `before` expect:
 * types, styles, tags, anchors, values, order, and what aliases refer to. `round` is a number that
 * was not used before on this tree. */
bool cf_yaml_same_but(const struct cf_yaml_file *before, const struct cf_yaml_file *after,
                      uint64_t round);
