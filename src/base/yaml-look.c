/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in a YAML tree. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

/* ---- looking things up --------------------------------------------------------------- */

struct cf_yaml *cf_yaml_follow(struct cf_yaml *node)
{
        return node && node->target ? node->target : node;
}

static bool key_is(struct cf_yaml *key, const char *name)
{
        key = cf_yaml_follow(key);
        return key->type == CF_YAML_SCALAR && cf_span_is(key->text, name);
}

bool cf_yaml_is_merge(struct cf_yaml *key)
{
        return key->type == CF_YAML_SCALAR && !key->target && cf_span_is(key->text, "<<") &&
               (key->style == CF_YAML_PLAIN ? key->tag.size == 0 || cf_span_is(key->tag, "!!merge")
                                            : cf_span_is(key->tag, "!!merge"));
}

/* Where in `items` the last pair of that key starts; NULL: there is none. A merge key is no key. */
static struct cf_yaml **find_pair(struct cf_yaml *mapping, const char *key)
{
        if (mapping->index)
                return cf_map_get(mapping->index, cf_span_of(key));
        for (size_t i = mapping->count; i-- > 0;)
                if (key_is(mapping->items[2 * i], key) && !cf_yaml_is_merge(mapping->items[2 * i]))
                        return &mapping->items[2 * i];
        return NULL;
}

struct cf_yaml *cf_yaml_own(struct cf_yaml *mapping, const char *key, struct cf_yaml **ret_key)
{
        if (!mapping || mapping->type != CF_YAML_MAPPING)
                return NULL;
        struct cf_yaml **pair = find_pair(mapping, key);
        if (pair && ret_key)
                *ret_key = pair[0];
        return pair ? pair[1] : NULL;
}

/* One walk over a mapping and what it merges. */
struct lookup {
        uint64_t mark; /* mappings that were walked carry it */
        const char *key;
        cf_yaml_take take; /* NULL: the first pair of that key will do */
        cf_yaml_visit visit;
        void *context;
        struct cf_yaml *found, *found_key, *owner;
};

/* Own pairs first (the last of equal keys counts), then the merged mappings in order. A mapping
 * that several merges bring in needs one look: without the mark, merges of merges would be walked
 * exponentially often. Depth is bounded by the height of nodes. Not 0 ends the walk. */
static int look_own(struct lookup *lookup, struct cf_yaml *mapping)
{
        for (size_t i = 0; lookup->visit && i < mapping->count; i++) {
                struct cf_yaml *key = mapping->items[2 * i], *value = mapping->items[2 * i + 1];
                int r = cf_yaml_is_merge(key) ? 0
                                              : lookup->visit(key, value, mapping, lookup->context);
                if (r != 0)
                        return r;
        }
        struct cf_yaml **pair = lookup->visit ? NULL : find_pair(mapping, lookup->key);
        if (!pair || (lookup->take && !lookup->take(mapping, pair[1], lookup->context)))
                return 0;
        lookup->found = pair[1];
        lookup->found_key = pair[0];
        lookup->owner = mapping;
        return 1;
}

static int look_up(struct lookup *lookup, struct cf_yaml *mapping)
{
        if (mapping->type != CF_YAML_MAPPING || mapping->mark == lookup->mark)
                return 0;
        mapping->mark = lookup->mark;
        int r = look_own(lookup, mapping);
        for (size_t i = 0; r == 0 && mapping->merges > 0 && i < mapping->count; i++) {
                if (!cf_yaml_is_merge(mapping->items[2 * i]))
                        continue;
                /* A mapping, or mappings in order. Anything else is no merge, and whoever reads
                 * the file for real refuses it. */
                struct cf_yaml *value = cf_yaml_follow(mapping->items[2 * i + 1]);
                if (value->type == CF_YAML_MAPPING)
                        r = look_up(lookup, value);
                for (size_t j = 0; value->type == CF_YAML_SEQUENCE && r == 0 && j < value->count;
                     j++)
                        r = look_up(lookup, cf_yaml_follow(value->items[j]));
        }
        return r;
}

static int start_lookup(struct lookup *lookup, struct cf_yaml *mapping)
{
        /* Marks are unique in the process, so trees may be read by any thread in turn. */
        static _Atomic uint64_t lookups;
        lookup->mark = atomic_fetch_add(&lookups, 1) + 1;
        mapping = cf_yaml_follow(mapping);
        return mapping ? look_up(lookup, mapping) : 0;
}

struct cf_yaml *cf_yaml_seek(struct cf_yaml *mapping, const char *key, cf_yaml_take take,
                             void *context, struct cf_yaml **ret_key, struct cf_yaml **ret_owner)
{
        struct lookup lookup = {.key = key, .take = take, .context = context};
        start_lookup(&lookup, mapping);
        if (lookup.found && ret_key)
                *ret_key = lookup.found_key;
        if (lookup.found && ret_owner)
                *ret_owner = lookup.owner;
        return lookup.found;
}

struct cf_yaml *cf_yaml_get(struct cf_yaml *mapping, const char *key, struct cf_yaml **ret_key,
                            struct cf_yaml **ret_owner)
{
        return cf_yaml_seek(mapping, key, NULL, NULL, ret_key, ret_owner);
}

int cf_yaml_each(struct cf_yaml *mapping, cf_yaml_visit visit, void *context)
{
        struct lookup lookup = {.visit = visit, .context = context};
        return start_lookup(&lookup, mapping);
}

static int compare_keys(const void *left, const void *right)
{
        const struct cf_yaml *a = *(struct cf_yaml *const *)left;
        const struct cf_yaml *b = *(struct cf_yaml *const *)right;
        const struct cf_yaml *at = a->target ? a->target : a, *bt = b->target ? b->target : b;
        size_t size = at->text.size < bt->text.size ? at->text.size : bt->text.size;
        int order = size ? memcmp(at->text.data, bt->text.data, size) : 0;
        if (order == 0 && at->text.size != bt->text.size)
                order = at->text.size < bt->text.size ? -1 : 1;
        return order ? order : a->start < b->start ? -1 : a->start > b->start;
}

static bool same_key(const struct cf_yaml *a, const struct cf_yaml *b)
{
        return cf_span_equal((a->target ? a->target : a)->text, (b->target ? b->target : b)->text);
}

struct cf_yaml *cf_yaml_duplicate(struct cf_yaml *mapping)
{
        if (!mapping || mapping->type != CF_YAML_MAPPING || mapping->count < 2)
                return NULL;
        struct cf_yaml *few[32];
        CF_FREE struct cf_yaml **many = NULL;
        struct cf_yaml **keys = few;
        if (mapping->count > CF_COUNT(few))
                keys = many = calloc(mapping->count, sizeof(*many));
        size_t count = 0;
        for (size_t i = 0; keys && i < mapping->count; i++)
                if (cf_yaml_follow(mapping->items[2 * i])->type == CF_YAML_SCALAR)
                        keys[count++] = mapping->items[2 * i];
        if (count < 2)
                return NULL;
        qsort(keys, count, sizeof(*keys), compare_keys);
        struct cf_yaml *first = NULL;
        for (size_t i = 1; i < count; i++)
                if (same_key(keys[i - 1], keys[i]) && (!first || keys[i]->start < first->start))
                        first = keys[i];
        return first;
}

/* ---- scalars ------------------------------------------------------------------------- */

const char *cf_yaml_string(struct cf_yaml *node)
{
        node = cf_yaml_follow(node);
        return node && node->type == CF_YAML_SCALAR ? node->text.data : NULL;
}

static bool is_plain(const struct cf_yaml *node)
{
        return node && node->type == CF_YAML_SCALAR && node->style == CF_YAML_PLAIN &&
               node->tag.size == 0;
}

static bool is_one_of(struct cf_span text, const char *const *words)
{
        while (*words && !cf_span_is(text, *words))
                words++;
        return *words;
}

bool cf_yaml_is_null(struct cf_yaml *node)
{
        static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
        node = cf_yaml_follow(node);
        if (node && node->type == CF_YAML_SCALAR && cf_span_is(node->tag, "!!null"))
                return true;
        return is_plain(node) && is_one_of(node->text, nulls);
}

static bool all_digits(struct cf_span text, const char *digits)
{
        size_t i = 0;
        while (i < text.size && strchr(digits, text.data[i]) && text.data[i])
                i++;
        return i == text.size && i > 0;
}

/* Whole numbers as go-yaml reads them: decimal, 0x, 0o, 0b, underscores between digits. */
static bool is_integer(struct cf_span text)
{
        if (text.size && (text.data[0] == '-' || text.data[0] == '+'))
                text = cf_span_part(text, 1, SIZE_MAX);
        static const struct {
                const char *prefix, *digits;
        } bases[] = {{"0x", "0123456789abcdefABCDEF_"},
                     {"0o", "01234567_"},
                     {"0b", "01_"},
                     {"", "0123456789_"}};
        for (size_t i = 0; i < CF_COUNT(bases); i++)
                if (cf_span_starts(text, bases[i].prefix))
                        return text.size && text.data[0] != '_' &&
                               all_digits(cf_span_part(text, strlen(bases[i].prefix), SIZE_MAX),
                                          bases[i].digits);
        return false;
}

static size_t skip_digits(struct cf_span text, size_t at)
{
        while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
                at++;
        return at;
}

static bool is_float(struct cf_span text)
{
        static const char *const names[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
        size_t at = text.size && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
        if (is_one_of(cf_span_part(text, at, SIZE_MAX), names))
                return true;
        size_t start = at, digits;
        at = skip_digits(text, at);
        digits = at - start;
        if (at < text.size && text.data[at] == '.') {
                size_t fraction = skip_digits(text, at + 1);
                digits += fraction - (at + 1);
                at = fraction;
        }
        if (digits == 0)
                return false;
        if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
                at++;
                if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
                        at++;
                size_t exponent = skip_digits(text, at);
                if (exponent == at)
                        return false;
                at = exponent;
        }
        return at == text.size;
}

bool cf_yaml_is_string(struct cf_yaml *node)
{
        static const char *const truths[] = {"true",  "True",  "TRUE", "false",
                                             "False", "FALSE", NULL};
        static const char *const others[] = {"!!null",  "!!bool",      "!!int",
                                             "!!float", "!!timestamp", NULL};
        node = cf_yaml_follow(node);
        if (!node || node->type != CF_YAML_SCALAR || is_one_of(node->tag, others))
                return false;
        return !is_plain(node) || !(cf_yaml_is_null(node) || is_one_of(node->text, truths) ||
                                    is_integer(node->text) || is_float(node->text));
}
