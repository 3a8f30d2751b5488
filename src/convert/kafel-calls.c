/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that kafel knows by name, see kafel.h. The table is data/kafel/calls.tsv. */
#include <string.h>

#include "convert/kafel.h"

static const struct cf_kafel_call calls[] = {
#include "convert/kafel-calls.inc"
};

static const char *const columns[] = {"x86_64", "i386", "aarch64", "arm", "riscv64"};

/* Names behind ON. Those of one architecture have one number: its column, or one beyond. */
static const struct {
        const char *name;
        unsigned number;
} guards[] = {
        {"arm", 3},     {"aarch64", 2}, {"arm64", 2}, {"x86_64", 0},  {"amd64", 0},
        {"x86", 1},     {"i386", 1},    {"mips", 5},  {"mipso32", 5}, {"mips64", 6},
        {"riscv64", 4}, {"rv64", 4},    {"m68k", 7},
};

int cf_kafel_column(const struct cf_arch *arch)
{
        for (size_t i = 0; i < CF_COUNT(columns); i++)
                if (strcmp(columns[i], arch->name) == 0)
                        return (int)i;
        return -1;
}

int cf_kafel_guard(struct cf_span name)
{
        for (size_t i = 0; i < CF_COUNT(guards); i++)
                if (cf_span_equal_nocase(name, cf_span_of(guards[i].name)))
                        return (int)guards[i].number;
        return -1;
}

static int compare_name(struct cf_span name, const char *other)
{
        size_t length = strlen(other), shorter = name.size < length ? name.size : length;
        int order = shorter ? memcmp(name.data, other, shorter) : 0;
        return order ? order : (name.size > length) - (name.size < length);
}

const struct cf_kafel_call *cf_kafel_call_named(int column, struct cf_span name)
{
        size_t low = 0, high = CF_COUNT(calls);
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (compare_name(name, calls[middle].name) > 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        /* One that has other arguments elsewhere has a row for each. */
        for (; low < CF_COUNT(calls) && cf_span_is(name, calls[low].name); low++)
                if (calls[low].numbers[column] >= 0)
                        return &calls[low];
        return NULL;
}

const struct cf_kafel_call *cf_kafel_call_numbered(int column, uint32_t number,
                                                   const char *preferred)
{
        const struct cf_kafel_call *found = NULL;
        for (size_t i = 0; i < CF_COUNT(calls); i++)
                if (calls[i].numbers[column] >= 0 && (uint32_t)calls[i].numbers[column] == number &&
                    (!found || strcmp(calls[i].name, preferred) == 0))
                        found = &calls[i];
        return found;
}

bool cf_kafel_argument(const struct cf_kafel_call *call, unsigned i, struct cf_span *ret_name,
                       unsigned *ret_bytes)
{
        struct cf_span rest = cf_span_of(call->arguments);
        while (rest.size) {
                size_t colon = cf_span_find_byte(rest, ':');
                if (i-- == 0) {
                        *ret_name = cf_span_part(rest, 0, colon);
                        *ret_bytes = (unsigned)(rest.data[colon + 1] - '0');
                        return true;
                }
                rest = cf_span_part(rest, colon + 3, SIZE_MAX);
        }
        return false;
}
