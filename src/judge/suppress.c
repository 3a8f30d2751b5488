/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/suppress.h"

#include "judge/judge.h"

#define ID_MAX 64 /* longer than any rule's id: longer words are no rules */

/* Cuts the next rule off a list that is separated by commas or blanks. */
static bool next_rule(struct cf_span *rest, struct cf_span *ret_rule)
{
        static const char separators[] = ", \t\r\n";
        size_t start = 0;
        while (start < rest->size && strchr(separators, rest->data[start]))
                start++;
        size_t end = start;
        while (end < rest->size && !strchr(separators, rest->data[end]))
                end++;
        *ret_rule = cf_span_part(*rest, start, end - start);
        *rest = cf_span_part(*rest, end, SIZE_MAX);
        return ret_rule->size > 0;
}

static bool is_rule(struct cf_span id)
{
        for (size_t i = 0; cf_rules[i]; i++)
                if (cf_span_is(id, cf_rules[i]->id))
                        return true;
        return false;
}

static const char *unknown_rule(struct cf_arena *arena, struct cf_span id)
{
        char name[ID_MAX];
        size_t size = id.size < sizeof(name) ? id.size : sizeof(name) - 1;
        memcpy(name, id.data, size);
        name[size] = '\0';
        const char *near = cf_rule_nearest(name);
        const char *text =
                near ? cf_arena_printf(arena, "unknown rule '%s', did you mean %s?", name, near)
                     : cf_arena_printf(arena, "unknown rule '%s'", name);
        return text ? text : "unknown rule";
}

const char *cf_ignore_problem(struct cf_arena *arena, const struct cf_ignore *ignore)
{
        struct cf_span rest = cf_span_of(ignore->rules), rule;
        size_t count = 0;
        for (; next_rule(&rest, &rule); count++)
                if (!is_rule(rule))
                        return unknown_rule(arena, rule);
        if (count == 0)
                return "no rule is named";
        if (cf_span_trim(cf_span_of(ignore->reason)).size == 0)
                return "no reason is given";
        return NULL;
}

bool cf_ignore_covers(const struct cf_ignore *ignore, const char *rule)
{
        struct cf_span rest = cf_span_of(ignore->rules), named;
        bool covers = false;
        while (next_rule(&rest, &named)) {
                if (!is_rule(named))
                        return false;
                covers |= cf_span_is(named, rule);
        }
        return covers && cf_span_trim(cf_span_of(ignore->reason)).size > 0;
}
