/* SPDX-License-Identifier: Apache-2.0 */
/* What the first look is to find, written down as plainly as possible (see src/manifest/look.c). */
#pragma once

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"

static inline bool slow_has(const char *text, size_t size, const char *word)
{
        size_t n = strlen(word);
        for (size_t i = 0; i + n <= size; i++)
                if (strncasecmp(text + i, word, n) == 0)
                        return true;
        return false;
}

/* Is the word there as a key may be written? */
static inline bool slow_has_key(const char *text, size_t size, const char *word)
{
        size_t n = strlen(word);
        for (size_t i = 0; i + n <= size; i++) {
                size_t end = i + n;
                if (memcmp(text + i, word, n) != 0)
                        continue;
                if (i > 0 && (isalnum((unsigned char)text[i - 1]) || text[i - 1] == '_' ||
                              text[i - 1] == '-' || text[i - 1] == 1))
                        continue;
                if (end < size && (text[end] == '"' || text[end] == '\''))
                        end++;
                while (end < size && (text[end] == ' ' || text[end] == '\t'))
                        end++;
                if (end == size || text[end] == ':' || text[end] == '\n' || text[end] == '\r' ||
                    text[end] == '#')
                        return true;
        }
        return false;
}

/* Is one of the words in the text? */
static inline bool slow_words(const char *text, size_t size)
{
        static const char *const words[] = {"seccomp",      "unconfined",   "privileged",
                                            "security-opt", "security_opt", "securityopt",
                                            "--security="};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (slow_has(text, size, words[i]))
                        return true;
        return false;
}

static inline bool slow_is_structured(const char *name)
{
        size_t n = strlen(name);
        return slow_has(name, n, ".yml") || slow_has(name, n, ".yaml") ||
               slow_has(name, n, ".json") || slow_has(name, n, "compose");
}

static inline bool slow_text(const char *name, const char *text, size_t size)
{
        bool services = slow_has_key(text, size, "services");
        bool extends = slow_has_key(text, size, "extends");
        bool include = slow_has_key(text, size, "include");
        if (slow_words(text, size))
                return true;
        if (!slow_is_structured(name))
                return false;
        return (services && (extends || include)) ||
               ((include || extends) && slow_has(name, strlen(name), "compose"));
}

/* Replaces escapes by what they spell; returns the size of `out`. */
static inline size_t slow_unescape(const char *text, size_t size, char *out)
{
        size_t n = 0;
        for (size_t i = 0; i < size;) {
                if (text[i] != '\\') {
                        out[n++] = text[i++];
                        continue;
                }
                if (++i == size) {
                        out[n++] = 1;
                        break;
                }
                if (text[i] == '\n' || text[i] == '\r') {
                        while (i < size && strchr(" \t\r\n", text[i]) && text[i])
                                i++;
                        continue;
                }
                size_t digits = text[i] == 'x' ? 2 : text[i] == 'u' ? 4 : text[i] == 'U' ? 8 : 0;
                unsigned long code = 0;
                size_t k = 0;
                i++;
                if (digits == 0) {
                        out[n++] = 1;
                        continue;
                }
                for (; k < digits && i < size && isxdigit((unsigned char)text[i]); k++, i++) {
                        char digit[] = {text[i], '\0'};
                        code = code * 16 + strtoul(digit, NULL, 16);
                }
                if (k == digits)
                        out[n++] = code < 0x80 ? (char)code : 1;
        }
        return n;
}

static inline bool slow_may_hold(const char *name, struct cf_span bytes)
{
        char *text = malloc(bytes.size + 1), *spelled = malloc(bytes.size + 1);
        size_t size = 0;
        bool found = false;
        bool little = cf_span_starts(bytes, "\xff\xfe"), big = cf_span_starts(bytes, "\xfe\xff");
        if (!text || !spelled)
                abort();
        if (little || big) {
                for (size_t i = 2; i + 1 < bytes.size; i += 2) {
                        unsigned char low = (unsigned char)bytes.data[i + (big ? 1 : 0)];
                        unsigned char high = (unsigned char)bytes.data[i + (big ? 0 : 1)];
                        text[size++] = high == 0 && low < 0x80 ? (char)low : 1;
                }
        } else {
                size_t early = bytes.size < 8192 ? bytes.size : 8192;
                bool compose = slow_has(name, strlen(name), "compose");
                if (bytes.size && !compose && memchr(bytes.data, '\0', early))
                        goto end;
                if (bytes.size)
                        memcpy(text, bytes.data, bytes.size);
                size = bytes.size;
        }
        found = slow_text(name, text, size) ||
                (slow_is_structured(name) &&
                 slow_text(name, spelled, slow_unescape(text, size, spelled)));
end:
        free(text);
        free(spelled);
        return found;
}
