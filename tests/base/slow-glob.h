/* SPDX-License-Identifier: Apache-2.0 */
/* What a glob means, written down as plainly as possible: tries everything. For short inputs. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

#define SLOW_GLOB_MAX 128

struct slow_glob {
        struct cf_span pattern, text;
        signed char known[SLOW_GLOB_MAX + 1][SLOW_GLOB_MAX + 1]; /* 0: not yet; 1: yes; -1: no */
};

static inline int slow_at(struct cf_span text, size_t i)
{
        return i < text.size ? (unsigned char)text.data[i] : -1;
}

static inline bool slow_class(const char *name, size_t size, int c)
{
        static const struct {
                const char *name;
                const char *members; /* ranges, two bytes each */
        } classes[] = {
                {"alnum", "09AZaz"},   {"alpha", "AZaz"},
                {"blank", "  \t\t"},   {"cntrl", "\x01\x1f\x7f\x7f"},
                {"digit", "09"},       {"graph", "!~"},
                {"lower", "az"},       {"print", " ~"},
                {"punct", "!/:@[`{~"}, {"space", "  \t\n\r\r"},
                {"upper", "AZ"},       {"xdigit", "09AFaf"},
        };
        for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
                if (strlen(classes[i].name) != size || memcmp(classes[i].name, name, size) != 0)
                        continue;
                for (const char *m = classes[i].members; *m; m += 2)
                        if (c >= (unsigned char)m[0] && c <= (unsigned char)m[1])
                                return true;
                return false;
        }
        return false;
}

static inline bool slow_class_known(const char *name, size_t size)
{
        static const char *const names = " alnum alpha blank cntrl digit graph lower print punct "
                                         "space upper xdigit ";
        char wanted[16] = " ";
        if (size == 0 || size > 8 || memchr(name, ' ', size) || memchr(name, '\0', size))
                return false;
        memcpy(wanted + 1, name, size);
        wanted[1 + size] = ' ';
        return strstr(names, wanted) != NULL;
}

/* Members of the set whose '[' is at `i`; the offset behind its ']', or 0: broken. */
static inline size_t slow_set(struct cf_span p, size_t i, bool members[256])
{
        bool negated = false;
        int before = -1; /* the last single member: may be the start of a range */
        memset(members, 0, 256);
        i++;
        if (slow_at(p, i) == '!' || slow_at(p, i) == '^') {
                negated = true;
                i++;
        }
        for (size_t first = i; slow_at(p, i) != ']' || i == first;) {
                if (slow_at(p, i) < 0)
                        return 0;
                if (slow_at(p, i) == '[' && slow_at(p, i + 1) == ':') {
                        size_t end = i + 2;
                        while (slow_at(p, end) >= 0 && slow_at(p, end) != ']')
                                end++;
                        if (slow_at(p, end) < 0)
                                return 0;
                        if (end > i + 2 && slow_at(p, end - 1) == ':') {
                                const char *name = p.data + i + 2;
                                size_t size = end - 1 - (i + 2);
                                if (!slow_class_known(name, size))
                                        return 0;
                                for (int c = 1; c < 256; c++)
                                        members[c] |= slow_class(name, size, c);
                                before = -1;
                                i = end + 1;
                                continue;
                        }
                }
                int from = slow_at(p, i), to;
                bool range = from == '-' && before > 0 && slow_at(p, i + 1) >= 0 &&
                             slow_at(p, i + 1) != ']';
                if (range)
                        i++;
                if (slow_at(p, i) == '\\')
                        i++;
                to = slow_at(p, i++);
                if (to < 0)
                        return 0;
                from = range ? before : to;
                for (int c = from; c <= to; c++)
                        members[c] = true;
                before = range ? -1 : to;
        }
        for (int c = 0; c < 256; c++)
                members[c] = members[c] != negated;
        members['/'] = false;
        return i + 1;
}

static inline bool slow_match(struct slow_glob *g, size_t i, size_t t);

static inline bool slow_match_stars(struct slow_glob *g, size_t i, size_t t)
{
        struct cf_span p = g->pattern;
        size_t end = i;
        while (slow_at(p, end) == '*')
                end++;
        bool begins = i == 0 || slow_at(p, i - 1) == '/';
        bool two = end - i >= 2;
        if (two && begins && slow_at(p, end) == '/') {
                if (slow_match(g, end + 1, t))
                        return true;
                for (size_t k = t; k < g->text.size; k++)
                        if (g->text.data[k] == '/' && slow_match(g, end + 1, k + 1))
                                return true;
                return false;
        }
        bool deep =
                two && begins &&
                (slow_at(p, end) < 0 || (slow_at(p, end) == '\\' && slow_at(p, end + 1) == '/'));
        for (size_t k = t; k <= g->text.size; k++) {
                if (slow_match(g, end, k))
                        return true;
                if (slow_at(g->text, k) == '/' && !deep)
                        return false;
        }
        return false;
}

static inline bool slow_match_one(struct slow_glob *g, size_t i, size_t t)
{
        bool members[256];
        int c = slow_at(g->text, t);
        switch (slow_at(g->pattern, i)) {
        case -1:
                return c < 0;
        case '*':
                return slow_match_stars(g, i, t);
        case '?':
                return c >= 0 && c != '/' && slow_match(g, i + 1, t + 1);
        case '[': {
                size_t behind = slow_set(g->pattern, i, members);
                return behind && c >= 0 && members[c] && slow_match(g, behind, t + 1);
        }
        case '\\':
                i++;
                break;
        default:
                break;
        }
        return c >= 0 && slow_at(g->pattern, i) == c && slow_match(g, i + 1, t + 1);
}

static inline bool slow_match(struct slow_glob *g, size_t i, size_t t)
{
        if (!g->known[i][t])
                g->known[i][t] = slow_match_one(g, i, t) ? 1 : -1;
        return g->known[i][t] > 0;
}

/* Both at most SLOW_GLOB_MAX bytes. */
static inline bool slow_glob_match(struct cf_span pattern, struct cf_span text)
{
        static _Thread_local struct slow_glob g;
        assert(pattern.size <= SLOW_GLOB_MAX && text.size <= SLOW_GLOB_MAX);
        memset(&g, 0, sizeof(g));
        g.pattern = pattern;
        g.text = text;
        return slow_match(&g, 0, 0);
}
