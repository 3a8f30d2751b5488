/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command. */
#include "cli/words.h"

#include <stdint.h>

#include "base/vec.h"

void cf_words_add(struct cf_words *words, const char *word)
{
        char *own = (char *)(uintptr_t)word; /* exec does not write to it */
        if (words->failed || cf_vec_push(words->arena, words, own) < 0)
                words->failed = true;
}

void cf_words_add_all(struct cf_words *words, const char *const *more, size_t count)
{
        for (size_t i = 0; i < count; i++)
                cf_words_add(words, more[i]);
}

void cf_words_add_made(struct cf_words *words, char *word)
{
        if (word)
                cf_words_add(words, word);
        else
                words->failed = true;
}
