/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command. */
#include "cli/words.h"

#include <stdint.h>
#include <string.h>

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

bool cf_word_asks_an_engine(const char *word)
{
        static const char *const engines[] = {"docker", "podman", "nerdctl", "docker-compose",
                                              "ctr",    "crictl", "kubectl"};
        const char *slash = strrchr(word, '/');
        for (size_t i = 0; i < CF_COUNT(engines); i++)
                if (strcmp(slash ? slash + 1 : word, engines[i]) == 0)
                        return true;
        return false;
}

void cf_words_type(struct cf_text *out, const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_@%+=:,./-";
        if (out->size)
                cf_text_putc(out, ' ');
        if (*word && strspn(word, plain) == strlen(word)) {
                cf_text_puts(out, word);
                return;
        }
        cf_text_putc(out, '\'');
        for (; *word; word++)
                if (*word == '\'')
                        cf_text_puts(out, "'\\''");
                else
                        cf_text_putc(out, *word);
        cf_text_putc(out, '\'');
}
