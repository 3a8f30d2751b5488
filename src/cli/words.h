/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command, as exec wants them, put together one by one. Private to cli/. */
#pragma once

#include "base/arena.h"
#include "base/text.h"

struct cf_words {
        struct cf_arena *arena;
        char **items; /* the strings stay their owner's */
        size_t count, capacity;
        bool failed; /* no memory: look once, in the end */
};

void cf_words_add(struct cf_words *words, const char *word); /* NULL ends them */
void cf_words_add_all(struct cf_words *words, const char *const *more, size_t count);
/* A word made by cf_arena_printf; NULL, there was no memory for it, is a failure. */
void cf_words_add_made(struct cf_words *words, char *word);

/* Adds a word as it is typed in a shell, behind a blank unless it is the first. */
void cf_words_type(struct cf_text *out, const char *word);

#define CF_WORDS_ADD(words, ...)                                      \
        cf_words_add_all((words), (const char *const[]){__VA_ARGS__}, \
                         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Whether a command has others start what it is about, elsewhere: `docker`, `kubectl`. */
bool cf_word_asks_an_engine(const char *word);
