/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include <stdint.h>

#include "base/cleanup.h"

/* A pattern is run as the set of places in it that the text read so far may have led to: no
 * backtracking, so no pattern is slow. A place is a byte offset at which an element starts: a
 * byte, an escape, a set, a star or the folders element. Only the last of these needs two places,
 * and takes its second star for the other. */

/* ---- sets ------------------------------------------------------------------------------------ */

/* git's own classes: ASCII only, and its white space knows no vertical tab or form feed. */
static bool is_lower(unsigned char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_upper(unsigned char c)
{
        return c >= 'A' && c <= 'Z';
}

static bool is_digit(unsigned char c)
{
        return c >= '0' && c <= '9';
}

static bool is_alpha(unsigned char c)
{
        return is_lower(c) || is_upper(c);
}

static bool is_alnum(unsigned char c)
{
        return is_alpha(c) || is_digit(c);
}

static bool is_blank(unsigned char c)
{
        return c == ' ' || c == '\t';
}

static bool is_space(unsigned char c)
{
        return is_blank(c) || c == '\n' || c == '\r';
}

static bool is_cntrl(unsigned char c)
{
        return c < 0x20 || c == 0x7f;
}

static bool is_print(unsigned char c)
{
        return c >= 0x20 && c < 0x7f;
}

static bool is_graph(unsigned char c)
{
        return is_print(c) && c != ' ';
}

static bool is_punct(unsigned char c)
{
        return is_graph(c) && !is_alnum(c);
}

static bool is_xdigit(unsigned char c)
{
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const struct class
{
        const char *name;
        bool (*holds)(unsigned char c);
} classes[] = {
        {"alnum", is_alnum}, {"alpha", is_alpha}, {"blank", is_blank}, {"cntrl", is_cntrl},
        {"digit", is_digit}, {"graph", is_graph}, {"lower", is_lower}, {"print", is_print},
        {"punct", is_punct}, {"space", is_space}, {"upper", is_upper}, {"xdigit", is_xdigit},
};

static const struct class *find_class(struct cf_span name)
{
        for (size_t i = 0; i < CF_COUNT(classes); i++)
                if (cf_span_is(name, classes[i].name))
                        return &classes[i];
        return NULL;
}

/* A class "[:name:]" that starts at `at`. Returns the offset behind it and the class; 0 when no
 * ":]" ends it (then '[' stands for itself); SIZE_MAX when it is broken. */
static size_t read_class(struct cf_span pattern, size_t at, const struct class **ret_class)
{
        size_t start = at + 2, end = start;
        while (end < pattern.size && pattern.data[end] != ']')
                end++;
        if (end == pattern.size)
                return SIZE_MAX;
        if (end == start || pattern.data[end - 1] != ':')
                return 0;
        *ret_class = find_class(cf_span_part(pattern, start, end - 1 - start));
        return *ret_class ? end + 1 : SIZE_MAX;
}

/* The set that starts with '[' at `at`: returns the offset behind its ']' and whether it holds
 * `c`; SIZE_MAX when it is broken. No set holds '/'. */
static size_t read_set(struct cf_span pattern, size_t at, unsigned char c, bool *ret_holds)
{
        const unsigned char *p = (const unsigned char *)pattern.data;
        bool negated = false, holds = false, first = true;
        unsigned char previous = 0; /* may start a range; 0: nothing may */
        size_t i = at + 1;
        if (i < pattern.size && (p[i] == '!' || p[i] == '^')) {
                negated = true;
                i++;
        }
        for (;; first = false) {
                if (i >= pattern.size)
                        return SIZE_MAX;
                if (p[i] == ']' && !first)
                        break;
                const struct class *class = NULL;
                size_t behind = 0;
                if (p[i] == '[' && i + 1 < pattern.size && p[i + 1] == ':')
                        behind = read_class(pattern, i, &class);
                if (behind == SIZE_MAX)
                        return SIZE_MAX;
                if (class) {
                        holds |= class->holds(c);
                        previous = 0;
                        i = behind;
                        continue;
                }
                bool range = p[i] == '-' && previous && i + 1 < pattern.size && p[i + 1] != ']';
                i += range;
                if (p[i] == '\\' && ++i >= pattern.size)
                        return SIZE_MAX;
                holds |= range ? c >= previous && c <= p[i] : c == p[i];
                previous = range ? 0 : p[i];
                i++;
        }
        *ret_holds = holds != negated && c != '/';
        return i + 1;
}

/* ---- elements -------------------------------------------------------------------------------- */

enum element_kind {
        ELEMENT_BYTE,    /* this byte */
        ELEMENT_ANY,     /* any byte but '/' */
        ELEMENT_SET,     /* a byte of a set */
        ELEMENT_STAR,    /* bytes but '/' */
        ELEMENT_DEEP,    /* any bytes */
        ELEMENT_FOLDERS, /* nothing, or any bytes and '/' */
        ELEMENT_BROKEN,
};

struct element {
        enum element_kind kind;
        unsigned char byte; /* BYTE */
        bool holds;         /* SET: the byte that was asked for is in it */
        size_t next;        /* where the next element starts */
};

static struct element read_stars(struct cf_span pattern, size_t at)
{
        size_t end = at;
        while (end < pattern.size && pattern.data[end] == '*')
                end++;
        struct element element = {.kind = ELEMENT_STAR, .next = end};
        if (end - at < 2 || (at > 0 && pattern.data[at - 1] != '/'))
                return element;
        if (end < pattern.size && pattern.data[end] == '/')
                return (struct element){.kind = ELEMENT_FOLDERS, .next = end + 1};
        if (end == pattern.size || cf_span_starts(cf_span_part(pattern, end, 2), "\\/"))
                element.kind = ELEMENT_DEEP;
        return element;
}

/* The element at `at`, which is inside the pattern; `c` is the byte that it will be held against.
 */
static struct element read_element(struct cf_span pattern, size_t at, unsigned char c)
{
        struct element element = {.kind = ELEMENT_BYTE, .next = at + 1};
        element.byte = (unsigned char)pattern.data[at];
        switch (element.byte) {
        case '*':
                return read_stars(pattern, at);
        case '?':
                element.kind = ELEMENT_ANY;
                break;
        case '[':
                element.next = read_set(pattern, at, c, &element.holds);
                element.kind = element.next == SIZE_MAX ? ELEMENT_BROKEN : ELEMENT_SET;
                break;
        case '\\':
                element.next = at + 2;
                if (at + 1 < pattern.size)
                        element.byte = (unsigned char)pattern.data[at + 1];
                else
                        element.kind = ELEMENT_BROKEN;
                break;
        default:
                break;
        }
        return element;
}

bool cf_glob_valid(struct cf_span pattern)
{
        if (pattern.size > CF_GLOB_MAX)
                return false;
        for (size_t at = 0; at < pattern.size;) {
                struct element element = read_element(pattern, at, 0);
                if (element.kind == ELEMENT_BROKEN)
                        return false;
                at = element.next;
        }
        return true;
}

/* ---- matching -------------------------------------------------------------------------------- */

#define WORD_BITS 64
#define WORDS (CF_GLOB_MAX / WORD_BITS + 1)

struct places {
        uint64_t bits[WORDS];
        size_t words; /* of `bits` in use */
};

static bool has_place(const struct places *places, size_t at)
{
        return places->bits[at / WORD_BITS] >> (at % WORD_BITS) & 1;
}

static void set_place(struct places *places, size_t at)
{
        places->bits[at / WORD_BITS] |= UINT64_C(1) << (at % WORD_BITS);
}

/* Adds a place, and those that are reached from it without reading anything. */
static void add_place(struct places *places, struct cf_span pattern, size_t at)
{
        while (!has_place(places, at)) {
                set_place(places, at);
                if (at == pattern.size || pattern.data[at] != '*')
                        return;
                struct element element = read_stars(pattern, at);
                if (element.kind == ELEMENT_FOLDERS)
                        set_place(places, at + 1);
                at = element.next;
        }
}

/* The second star of a folders element: other elements never start between two stars, but for one
 * behind an escaped star. */
static bool inside_folders(struct cf_span pattern, size_t at)
{
        return at > 0 && pattern.data[at] == '*' && pattern.data[at - 1] == '*' &&
               (at == 1 || pattern.data[at - 2] == '/');
}

/* Moves one place over one byte. */
static void step(struct places *next, struct cf_span pattern, size_t at, unsigned char c)
{
        if (inside_folders(pattern, at)) {
                set_place(next, at);
                if (c == '/')
                        add_place(next, pattern, read_stars(pattern, at - 1).next);
                return;
        }
        struct element element = read_element(pattern, at, c);
        switch (element.kind) {
        case ELEMENT_BYTE:
                if (c == element.byte)
                        add_place(next, pattern, element.next);
                break;
        case ELEMENT_ANY:
                if (c != '/')
                        add_place(next, pattern, element.next);
                break;
        case ELEMENT_SET:
                if (element.holds)
                        add_place(next, pattern, element.next);
                break;
        case ELEMENT_STAR:
                if (c != '/')
                        add_place(next, pattern, at);
                break;
        case ELEMENT_DEEP:
                add_place(next, pattern, at);
                break;
        case ELEMENT_FOLDERS: /* its two ways were taken as it was added */
        case ELEMENT_BROKEN:
                break;
        }
}

/* Moves every place over one byte; false when none is left. */
static bool step_all(const struct places *now, struct places *next, struct cf_span pattern,
                     unsigned char c)
{
        uint64_t any = 0;
        memset(next->bits, 0, next->words * sizeof(next->bits[0]));
        for (size_t word = 0; word < now->words; word++) {
                for (uint64_t bits = now->bits[word]; bits; bits &= bits - 1) {
                        size_t at = word * WORD_BITS + (size_t)__builtin_ctzll(bits);
                        if (at < pattern.size)
                                step(next, pattern, at, c);
                }
        }
        for (size_t word = 0; word < next->words; word++)
                any |= next->bits[word];
        return any != 0;
}

bool cf_glob_match(struct cf_span pattern, struct cf_span path)
{
        if (!cf_glob_valid(pattern))
                return false;
        struct places places[2];
        for (size_t i = 0; i < 2; i++) {
                places[i].words = pattern.size / WORD_BITS + 1;
                memset(places[i].bits, 0, places[i].words * sizeof(places[i].bits[0]));
        }
        struct places *now = &places[0], *next = &places[1];
        add_place(now, pattern, 0);
        for (size_t i = 0; i < path.size; i++) {
                if (!step_all(now, next, pattern, (unsigned char)path.data[i]))
                        return false;
                struct places *old = now;
                now = next;
                next = old;
        }
        return has_place(now, pattern.size);
}
