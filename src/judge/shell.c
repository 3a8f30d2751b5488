/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/shell.h"

#include "base/text.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:@%,=-"

const char *cf_shell_word(struct cf_arena *arena, const char *word)
{
        CF_TEXT struct cf_text text = {.max = (size_t)1 << 20};
        if (word[0] == '-')
                cf_text_puts(&text, "./");
        if (word[0] && word[strspn(word, PLAIN)] == '\0') {
                cf_text_puts(&text, word);
        } else {
                cf_text_putc(&text, '\'');
                for (; *word; word++) {
                        if (*word == '\'')
                                cf_text_puts(&text, "'\\''");
                        else
                                cf_text_putc(&text, *word);
                }
                cf_text_putc(&text, '\'');
        }
        const char *copy = text.failed ? NULL : cf_arena_copy(arena, cf_text_span(&text));
        return copy ? copy : "";
}
