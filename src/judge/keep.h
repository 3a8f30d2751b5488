/* SPDX-License-Identifier: Apache-2.0 */
/* The findings that the judge keeps: copied out of a subject's arena, merged by place. */
#pragma once

#include "base/map.h"
#include "judge/rule.h"

/* A set of shared texts, in order of arrival. One place may be reached by as many subjects as a
 * file can hold, so beyond a few it has an index. */
struct cf_texts {
        CF_VEC(const char *) list;
        struct cf_map *index; /* NULL while the list is short */
};

/* A kept finding. The parts of its message stay apart until all subjects that its place reaches
 * are known. */
struct cf_kept {
        struct cf_finding finding;
        const char *before, *after, *after_many;
        const char *label;
        bool label_names_image;
        const char *key;
        CF_VEC(struct cf_who) whos;
        struct cf_texts who_texts; /* tells whether a subject is among `whos` */
        struct cf_texts names;
        struct cf_texts images;
};

struct cf_keeper {
        struct cf_arena *arena;
        struct cf_map *texts;  /* each text once */
        struct cf_map *groups; /* edit groups, each once: a list of many findings is shared */
        struct cf_map *containers;
        struct cf_map *by_place;
        CF_VEC(struct cf_kept *) kept;
};

/* 0 or -ENOMEM. Everything lives in `arena`. */
int cf_keeper_begin(struct cf_keeper *keeper, struct cf_arena *arena);

/* Copies a draft, or merges it into the finding of the same rule and place. 0 or -ENOMEM. */
int cf_keeper_take(struct cf_keeper *keeper, const struct cf_draft *draft, const char *name);

/* Words messages and labels for all subjects, and sorts. 0 or -ENOMEM. */
int cf_keeper_finish(struct cf_keeper *keeper);
