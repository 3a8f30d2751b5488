/* SPDX-License-Identifier: Apache-2.0 */
/* The search looks for a pair of bytes, four apart, that is rare in code and prose: one pair a
 * word, all pairs for many positions at once, and only where a pair stands for the word itself.
 * Distance and bytes were chosen by counting all pairs of the words in 63 MB of headers, scripts,
 * documentation and configuration: these stand at 1.3 in 1,000 positions. */
#include "manifest/words.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

#define DISTANCE 4 /* from the first byte of a pair to the second */

static unsigned char lower(char c)
{
        return (unsigned char)c | 0x20; /* right for letters, and makes nothing else one */
}

static bool equals(const char *bytes, const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (lower(bytes[i]) != (unsigned char)text[i])
                        return false;
        return true;
}

/* Is the "security" at `at` a part of an option's name? */
static bool is_security_option(struct cf_span bytes, size_t at)
{
        struct cf_span rest = cf_span_part(bytes, at + 8, SIZE_MAX);
        if (cf_span_starts(rest, "="))
                return at >= 2 && bytes.data[at - 1] == '-' && bytes.data[at - 2] == '-';
        if (rest.size && (rest.data[0] == '-' || rest.data[0] == '_'))
                rest = cf_span_part(rest, 1, SIZE_MAX);
        return rest.size >= 3 && equals(rest.data, "opt", 3);
}

static const struct word {
        const char *text; /* small letters */
        size_t size;
        size_t pair;                                    /* where its pair starts */
        bool (*check)(struct cf_span bytes, size_t at); /* what else must hold; NULL: nothing */
} words[] = {
        {"seccomp", 7, 2, NULL},                /* c…p */
        {"unconfined", 10, 5, NULL},            /* f…d */
        {"privileged", 10, 3, NULL},            /* v…g */
        {"security", 8, 3, is_security_option}, /* u…y */
};

/* Does a word have its pair at `at`? */
static bool word_at(struct cf_span bytes, size_t at)
{
        for (size_t i = 0; i < CF_COUNT(words); i++) {
                const struct word *word = &words[i];
                if (at < word->pair || bytes.size - (at - word->pair) < word->size ||
                    !equals(bytes.data + (at - word->pair), word->text, word->size))
                        continue;
                if (!word->check || word->check(bytes, at - word->pair))
                        return true;
        }
        return false;
}

/* ---- one byte at a time ---------------------------------------------------------------------- */

static bool found_from(struct cf_span bytes, size_t start)
{
        for (size_t i = start; i + DISTANCE < bytes.size; i++) {
                unsigned char first = lower(bytes.data[i]);
                if ((first == 'c' || first == 'f' || first == 'v' || first == 'u') &&
                    word_at(bytes, i))
                        return true;
        }
        return false;
}

static bool found_plain(struct cf_span bytes)
{
        return found_from(bytes, 0);
}

static bool always(void)
{
        return true;
}

/* ---- many at a time -------------------------------------------------------------------------- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* `mask`: bytes that are not 0 where a pair starts, for `size` positions from `at`. */
static bool word_in_mask(struct cf_span bytes, size_t at, const void *mask, size_t size)
{
        for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
                uint64_t part;
                memcpy(&part, (const char *)mask + i, sizeof(part));
                while (part) {
                        size_t byte = (size_t)__builtin_ctzll(part) / 8;
                        if (word_at(bytes, at + i + byte))
                                return true;
                        part &= ~(UINT64_C(0xff) << (byte * 8));
                }
        }
        return false;
}

/* The compiler makes SSE2, NEON or AVX2 code of this: one body for vectors of any size. */
#define DEFINE_SEARCH(name, vector, attribute)                                      \
        attribute static inline vector name##_pairs(const char *at)                 \
        {                                                                           \
                vector one, two, none = {0};                                        \
                memcpy(&one, at, sizeof(one));                                      \
                memcpy(&two, at + DISTANCE, sizeof(two));                           \
                one |= none + 0x20;                                                 \
                two |= none + 0x20;                                                 \
                return (vector)(((one == none + 'c') & (two == none + 'p')) |       \
                                ((one == none + 'f') & (two == none + 'd')) |       \
                                ((one == none + 'v') & (two == none + 'g')) |       \
                                ((one == none + 'u') & (two == none + 'y')));       \
        }                                                                           \
                                                                                    \
        attribute static bool name(struct cf_span bytes)                            \
        {                                                                           \
                enum { WIDTH = sizeof(vector), STEP = 4 * WIDTH };                  \
                size_t i = 0;                                                       \
                for (; bytes.size >= i + STEP + DISTANCE; i += STEP) {              \
                        vector mask[4], any;                                        \
                        for (size_t k = 0; k < 4; k++)                              \
                                mask[k] = name##_pairs(bytes.data + i + k * WIDTH); \
                        any = mask[0] | mask[1] | mask[2] | mask[3];                \
                        uint64_t parts[WIDTH / 8], sum = 0;                         \
                        memcpy(parts, &any, sizeof(any));                           \
                        for (size_t k = 0; k < WIDTH / 8; k++)                      \
                                sum |= parts[k];                                    \
                        if (__builtin_expect(sum != 0, 0) &&                        \
                            word_in_mask(bytes, i, mask, sizeof(mask)))             \
                                return true;                                        \
                }                                                                   \
                for (; bytes.size >= i + WIDTH + DISTANCE; i += WIDTH) {            \
                        vector mask = name##_pairs(bytes.data + i);                 \
                        if (word_in_mask(bytes, i, &mask, sizeof(mask)))            \
                                return true;                                        \
                }                                                                   \
                return found_from(bytes, i);                                        \
        }

typedef uint8_t vector16 __attribute__((vector_size(16)));
DEFINE_SEARCH(found_16, vector16, )

#if defined(__x86_64__) || defined(__i386__)
#define HAVE_AVX2 1
typedef uint8_t vector32 __attribute__((vector_size(32)));
DEFINE_SEARCH(found_avx2, vector32, __attribute__((target("avx2"))))

static bool has_avx2(void)
{
        return __builtin_cpu_supports("avx2");
}
#endif
#endif

/* The best first. */
const struct cf_words_way cf_words_ways[] = {
#ifdef HAVE_AVX2
        {"avx2", has_avx2, found_avx2},
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        {"16 bytes", always, found_16},
#endif
        {"plain", always, found_plain},
};
const size_t cf_words_way_count = CF_COUNT(cf_words_ways);

bool cf_words_found(struct cf_span bytes)
{
        size_t best = 0;
        while (!cf_words_ways[best].usable())
                best++;
        return cf_words_ways[best].found(bytes);
}
