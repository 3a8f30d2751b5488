/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spelling.h"

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

unsigned cf_spelling_distance(struct cf_span a, struct cf_span b, unsigned max)
{
        unsigned rows[3][CF_SPELLING_MAX + 1];
        if (a.size > CF_SPELLING_MAX || b.size > CF_SPELLING_MAX)
                return max + 1;
        for (size_t j = 0; j <= b.size; j++)
                rows[0][j] = (unsigned)j;
        for (size_t i = 1; i <= a.size; i++) {
                unsigned *row = rows[i % 3];
                const unsigned *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
                row[0] = (unsigned)i;
                for (size_t j = 1; j <= b.size; j++) {
                        char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
                        unsigned best = above[j - 1] + (x != y);
                        if (above[j] + 1 < best)
                                best = above[j] + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        if (i > 1 && j > 1 && x == lower(b.data[j - 2]) &&
                            y == lower(a.data[i - 2]) && two_above[j - 2] + 1 < best)
                                best = two_above[j - 2] + 1;
                        row[j] = best;
                }
        }
        unsigned distance = rows[a.size % 3][b.size];
        return distance > max ? max + 1 : distance;
}
